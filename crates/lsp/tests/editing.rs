//! Whatever is done in an editor, what it shows is what a fresh check of the same files says.

use std::collections::BTreeMap;

use crate::common::{Client, Release, position, pulling};
use contentcheck_analysis::findings::Depth;
use contentcheck_compiler::WithCost;
use contentcheck_model::diagnostic::Severity;
use contentcheck_parser::release::Checking;
use contentcheck_project::{Project, Selection};
use proptest::prelude::*;
use serde_json::{Value, json};

const FILES: [&str; 4] = ["rules/shell.content", "rules/templates.content", "rules/curl.yml", "rules/many.yml"];

/// Parts that make rules, break them, and shift what is behind them.
const PARTS: [&str; 22] = [
    "",
    "\n",
    "\r\n",
    "    ",
    "\u{1f600}",
    "\u{e4}",
    "\"",
    "'",
    "}",
    "#",
    ": ",
    "image",
    "pid",
    " and image == \"a\"",
    "# contentcheck: allow CC0202 -- it is meant\n",
    "6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f51",
    "rule other {\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8a11\"\n    template: acme.process @ 1\n    severity: low\n    when pid == 1\n}\n",
    "---\ntitle: x\n",
    "level: low\n",
    "user",
    "\u{1}",
    "5 extra : string\n",
];

#[derive(Clone, Debug)]
enum Step {
    /// Replaces some bytes of a file, by a part.
    Edit(usize, usize, usize, usize),
    Close(usize),
    /// Gives a file the text that it had at first.
    Restore(usize),
    /// Writes another text on the disk, and says so.
    Disk(usize, usize),
    /// Asks, and compares.
    Compare,
}

fn step() -> impl Strategy<Value = Step> {
    let file = 0..FILES.len();
    prop_oneof![
        10 => (file.clone(), any::<usize>(), 0_usize..12, 0..PARTS.len()).prop_map(|(f, at, len, part)| Step::Edit(f, at, len, part)),
        1 => file.clone().prop_map(Step::Close),
        2 => file.clone().prop_map(Step::Restore),
        1 => (file, 0..PARTS.len()).prop_map(|(f, part)| Step::Disk(f, part)),
        2 => Just(Step::Compare),
    ]
}

/// What a fresh check says, by file: severity, code, place, message.
fn fresh(release: &Release) -> BTreeMap<String, Vec<Value>> {
    let project = Project::open(&Selection::of(vec![release.0.clone()])).map_err(|failure| failure.message).unwrap();
    let fleet = project.gathered.fleet.clone();
    let further = WithCost { further: &Depth::Quick, fleet: fleet.as_ref() };
    let judged = project.gathered.check(&Checking { further: Some(&further), ..Checking::default() }).judge();
    let mut found: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for one in judged.findings() {
        let severity = match one.severity {
            Severity::Error => 1,
            Severity::Warning => 2,
            _ => 3,
        };
        let text = one.source.text();
        let place = |offset: u32| position(text, (offset as usize).min(text.len()));
        let range = json!({"start": place(one.span.start), "end": place(one.span.end)});
        let help = one.help.as_ref().map_or(String::new(), |help| format!("\nhelp: {help}"));
        let message = format!("{}{help}", one.message);
        let shown = json!([severity, one.code.id, range, message]);
        found.entry(one.source.name().to_owned()).or_default().push(shown);
    }
    found
}

fn answered(client: &mut Client, uri: &str) -> Vec<Value> {
    let answer = client.ask("textDocument/diagnostic", json!({"textDocument": {"uri": uri}})).unwrap();
    // What a deep look adds comes when nobody edits: tests/proofs.rs is about that.
    let deeper = |item: &&Value| {
        Depth::Deep.codes().iter().any(|code| item["code"] == code.id)
            && Depth::Quick.codes().iter().all(|code| item["code"] != code.id)
    };
    let items = answer["items"].as_array().unwrap().iter().filter(|item| !deeper(item));
    items.map(|item| json!([item["severity"], item["code"], item["range"], item["message"]])).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn edits_come_to_what_a_fresh_check_says(steps in proptest::collection::vec(step(), 1..24)) {
        let release = Release::new();
        let mut client = Client::start(&release, pulling());
        let open = |client: &mut Client, file: usize| {
            let uri = release.uri(FILES[file]);
            if client.texts.contains_key(&uri) { uri } else { client.open(&release, FILES[file]) }
        };
        open(&mut client, 0);
        for step in steps.into_iter().chain([Step::Compare]) {
            match step {
                Step::Edit(file, at, len, part) => {
                    let uri = open(&mut client, file);
                    let text = &client.texts[&uri].0;
                    let near = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
                    // Between `\r` and `\n` there is no place.
                    let near = |at: usize| {
                        let at = near(at);
                        if text[..at].ends_with('\r') { at - 1 } else { at }
                    };
                    let start = near(at % (text.len() + 1));
                    let end = near(start + len).max(start);
                    client.edit(&uri, start..end, PARTS[part]);
                }
                Step::Close(file) => {
                    let uri = open(&mut client, file);
                    let text = client.texts[&uri].0.clone();
                    // As an editor does that saves what it closes.
                    release.write(FILES[file], &text);
                    client.close(&uri);
                }
                Step::Restore(file) => {
                    let uri = open(&mut client, file);
                    let all = client.texts[&uri].0.len();
                    let whole = Release::new().read(FILES[file]);
                    client.edit(&uri, 0..all, &whole);
                }
                Step::Disk(file, part) => {
                    let uri = release.uri(FILES[file]);
                    if !client.texts.contains_key(&uri) {
                        release.write(FILES[file], &format!("{}{}", release.read(FILES[file]), PARTS[part]));
                        client.tell("workspace/didChangeWatchedFiles", json!({"changes": [{"uri": uri, "type": 2}]}));
                    }
                }
                Step::Compare => {
                    if client.texts.is_empty() {
                        open(&mut client, 0);
                    }
                    for (uri, (text, _)) in &client.texts {
                        let file = FILES.iter().find(|file| release.uri(file) == *uri).unwrap();
                        release.write(file, text);
                    }
                    let mut expected = fresh(&release);
                    for uri in client.texts.keys().cloned().collect::<Vec<_>>() {
                        let file = FILES.iter().find(|file| release.uri(file) == uri).unwrap();
                        let name = release.path(file).to_string_lossy().into_owned();
                        let shown = answered(&mut client, &uri);
                        // Where a file cannot be taken in, the place is in what was read of it.
                        let wanted = expected.remove(&name).unwrap_or_default();
                        prop_assert_eq!(shown, wanted, "{}", file);
                    }
                }
            }
        }
        prop_assert_eq!(client.leave(), contentcheck_lsp::Ended::Orderly);
    }
}
