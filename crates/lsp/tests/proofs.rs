//! What a deep look says of open files comes while nobody types, and goes with the text that it is about.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::common::{Client, Release, able, pulling};
use contentcheck_analysis::findings::Depth;
use contentcheck_parser::release::Checking;
use contentcheck_project::{Project, Selection};
use serde_json::{Value, json};

/// Codes that a deep look alone finds, in rules by themselves.
const DEEPER: [&str; 7] = ["CC0615", "CC0616", "CC0617", "CC0618", "CC0619", "CC0622", "CC0625"];

/// The shipped case of a code, as the only file of a release.
fn release_of(code: &str) -> (Release, String) {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/reject");
    let mut names = fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path());
    let case = names.find(|path| path.file_name().unwrap().to_string_lossy().starts_with(code)).unwrap();
    let mut files = fs::read_dir(case).unwrap().map(|entry| entry.unwrap().path());
    let rule = files.find(|path| path.extension().is_some_and(|ending| ending != "txt")).unwrap();
    let name = rule.file_name().unwrap().to_string_lossy().into_owned();
    let release = Release::empty();
    release.write("contentcheck.toml", "");
    release.write(&name, &fs::read_to_string(rule).unwrap());
    (release, name)
}

fn codes(findings: &Value) -> Vec<String> {
    let mut codes: Vec<String> =
        findings.as_array().unwrap().iter().map(|found| found["code"].as_str().unwrap().to_owned()).collect();
    codes.sort();
    codes
}

fn has(client: &Client, uri: &str, code: &str) -> bool {
    client.pushed.get(uri).is_some_and(|(found, _)| codes(found).iter().any(|found| found == code))
}

/// What `lint --deep` says of a release that is one file.
fn deep(release: &Release) -> Vec<String> {
    let project = Project::open(&Selection::of(vec![release.0.clone()])).map_err(|failure| failure.message).unwrap();
    let judged = project.gathered.check(&Checking { further: Some(&Depth::Deep), ..Checking::default() }).judge();
    let mut codes: Vec<String> = judged.findings().iter().map(|found| found.code.id.to_owned()).collect();
    codes.sort();
    codes
}

#[test]
fn open_files_come_to_what_a_deep_look_says() {
    for code in DEEPER {
        let (release, name) = release_of(code);
        let expected = deep(&release);
        assert!(expected.iter().any(|found| found == code), "{code}: {expected:?}");
        let mut client = Client::start(&release, able());
        let uri = client.open(&release, &name);
        client.until(|client| has(client, &uri, code));
        assert_eq!(codes(&client.pushed[&uri].0), expected, "{code}");
    }
}

#[test]
fn what_was_proven_goes_with_its_text_and_is_accepted_as_any_finding() {
    let (release, name) = release_of("CC0622");
    let mut client = Client::start(&release, able());
    let uri = client.open(&release, &name);
    let code = "CC0622";
    client.until(|client| has(client, &uri, code));
    // The value is gone, and so is what was said of it.
    client.replace(&uri, "            - 'PWCrack'\n", "            - 'PWSpray'\n");
    client.until(|client| !has(client, &uri, code));
    client.replace(&uri, "PWSpray", "PWCrack");
    client.until(|client| has(client, &uri, code));
    client.replace(&uri, "- 'PWCrack'\n", "- 'PWCrack' # contentcheck: allow dead-value -- another tool reads it\n");
    client.until(|client| !has(client, &uri, code));
    client.replace(&uri, "# contentcheck: allow dead-value -- another tool reads it", "");
    client.until(|client| has(client, &uri, code));
    // A rule that has an error is not proven anything of.
    client.replace(&uri, "condition: selection and not filter", "condition: selection and not filtre");
    client.until(|client| !has(client, &uri, code));
}

/// A client that does not want them gets none, however long it waits.
#[test]
fn proofs_can_be_left_out() {
    let (release, name) = release_of("CC0622");
    let mut client = Client::start_with(&release, pulling(), json!({"proofs": false}));
    let uri = client.open(&release, &name);
    let mut answered = || {
        let answer = client.ask("textDocument/diagnostic", json!({"textDocument": {"uri": uri}})).unwrap();
        codes(&answer["items"])
    };
    let first = answered();
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(answered(), first);
    assert!(!first.iter().any(|code| code == "CC0622"));
}
