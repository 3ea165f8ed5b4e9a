//! Fixes keep what rules mean and every comment, in generated rules with mistakes. All fixes are applied; each rule that
//! could be read before fires on the same events after, which is proven where the condition is not the same to the letter.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;

use crate::fixing::{Done, Library, fix_all};
use contentcheck_model::diagnostic::FixKind;
use contentcheck_model::language::Language;
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checking, Gathered};
use proptest::prelude::*;

// --- generated Sigma ----------------------------------------------------------------------

fn item() -> impl Strategy<Value = String> {
    let field =
        prop::sample::select(vec!["Image", "CommandLine", "User", "ProcessId", "ParentImage", "LogonId", "Hosts"]);
    let modifiers = prop::sample::select(vec![
        "",
        "",
        "|contains",
        "|endswith",
        "|startswith",
        "|contains|all",
        "|all",
        "|cased",
        "|endswith|all",
        "|re",
        "|contains|cased",
        "|windash|contains|all",
        "|base64offset|contains|all",
        "|gte",
        "|re|all",
    ]);
    let value = prop::sample::select(vec![
        "'*'", "\"*\"", "*a", "'a'", "a", "A", "'A'", "\"a\"", "yes", "No", "on", "010", "'010'", "10:30", "7", "'7'",
        "0x10", "\\x\\", "'\\y\\'", "'b*c'", "''", "null", "true", "y", "07", "1_0", "' -a'", "é", "'%x%'",
    ]);
    let note = prop::sample::select(vec!["", "", " # note", " # contentcheck: allow CC0607 -- meant", "  #"]);
    (field, modifiers, prop::collection::vec((value, note), 1..5), 0..4u8).prop_map(
        |(field, modifiers, values, form)| {
            let indent = "            ";
            let (first, note) = *values.first().unwrap();
            match form {
                0 => format!("        {field}{modifiers}: {first}{note}\n"),
                1 => {
                    let all: Vec<&str> = values.iter().map(|(value, _)| *value).collect();
                    format!("        {field}{modifiers}: [{}]{note}\n", all.join(", "))
                }
                _ => {
                    let all: String = values
                        .iter()
                        .enumerate()
                        .map(|(at, (value, note))| {
                            let above =
                                if at % 3 == 2 && form == 3 { format!("{indent}# above\n") } else { String::new() };
                            format!("{above}{indent}- {value}{note}\n")
                        })
                        .collect();
                    format!("        {field}{modifiers}:{note}\n{all}")
                }
            }
        },
    )
}

fn sigma() -> impl Strategy<Value = String> {
    let word = |of: &[&'static str]| prop::sample::select(of.to_vec());
    let head = (
        word(&["title: T", "title: 'T' # note", "Title: T"]),
        word(&["level: High # note", "level: 'LOW'", "level: high", "Level: high", "levle: low"]),
        word(&["status: Test", "status: test # note", "status: 'Stable'  # note"]),
        word(&[
            "date: 2023/01/02 # note",
            "date: '2023/1/2' # note",
            "date: 2023-01-02",
            "date: 2023.01.02",
            "Date: x",
        ]),
        word(&[
            "tags:\n    - Attack.T1059 # note\n    - 'attack.T1059'\n    - attack.t1059 # note",
            "tags: # note\n    - attack.t1059\n    - attack.t1059\n    # note\n    - attack.t1059",
            "tags: [Attack.T1059, \"attack.T1059\"] # note",
            "references:\n    - &a 'https://a.b/#c'\n    - *a\n    - 'https://a.b/#c' # note",
        ]),
        word(&["product: Windows # note", "product: 'Windows' # note", "product: windows", "product: acme"]),
    );
    let selections = prop::collection::vec(prop::collection::vec(item(), 1..4), 1..4);
    let condition = word(&["1 of s*", "all of s*", "s0 and not 1 of s*", "s0"]);
    (head, selections, condition).prop_map(|((title, level, status, date, tags, product), selections, condition)| {
        let selections: String = selections
            .iter()
            .enumerate()
            .map(|(at, items)| {
                // Keys of a mapping are unique.
                let mut keys = BTreeSet::new();
                let items: String = items
                    .iter()
                    .filter(|item| keys.insert(item.split(':').next().unwrap().to_owned()))
                    .map(String::as_str)
                    .collect();
                format!("    s{at}: # note\n{items}")
            })
            .collect();
        format!(
            "# note\n{title}\nid: 0e95725d-7320-415d-80f7-004da920fc11 # note\n{level}\n{status}\n{date}\n{tags}\nlogsource:\n    \
             {product}\n    category: Process_Creation # note\ndetection:\n{selections}    condition: {condition} # note\n# end"
        )
    })
}

// --- generated native -----------------------------------------------------------------------

const TEMPLATE: &str = "template t.process @ 1 { # note\n    1 image: string nocase\n    2 line: string?\n    3 pid: int\n    4 groups: list<string>?\n}\n";

fn predicate() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "image == \"a\"",
        "image == 'a'",
        "image == \"C:\\Windows\"",
        "image == \"C:\\\\a\\Windows\"",
        "pid == 1",
        "image == \"a\\tb\\W\"",
        "pid <> 1",
        "pid in (1, 2)",
        "pid in ( # note\n 1, 2) # note",
        "exists line",
        "exists # note\n line",
        "line exists",
        "image = \"a\"",
        "line endswith \"x\"",
        "1 < pid < 5",
        "pid == \"5\"",
        "groups contains \"x\"",
        "image in [\"a\" # note\n \"b\"]",
        "line starts_with \"a\" # note\n",
        "image nand line",
        "image like \"*\"",
        "image == 'C:\\x'",
        "image == \"\\q\" # note\n",
    ])
    .prop_map(str::to_owned)
}

fn condition() -> impl Strategy<Value = String> {
    predicate().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| parts.join(" and ")),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| parts.join(" or # note\n ")),
            inner.clone().prop_map(|part| format!("( # note\n {part})")),
            inner.prop_map(|part| format!("not ({part})")),
        ]
    })
}

fn native() -> impl Strategy<Value = String> {
    let head = prop::sample::select(vec![
        "severity: Low # note\n",
        "severity: \"HIGH\" # note\n",
        "severity: low date: 2026-01-31 # note\n",
        "severity: low date: \"2026/1/31\" # note\n",
        "severity: low tags: [Attack.T1059, # note\n \"attack.T1059\"]\n",
        "severity = low\n",
    ]);
    let test = prop::sample::select(vec![
        "",
        "test fires { image = \"x\", pid: 1 } # note\n",
        "test silent { image: \"x\" pid: 1 }\n",
    ]);
    prop::collection::vec((head, condition(), test), 1..4).prop_map(|rules| {
        let rules: String = rules
            .iter()
            .enumerate()
            .map(|(at, (head, condition, test))| {
                format!(
                    "# above\nrule r{at} {{ # note\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f{at:04x}\"\n    template: t.process @ 1\n    {head}    when {condition}\n    {test}}}\n"
                )
            })
            .collect();
        format!("# top\n{TEMPLATE}list l : [1 # note\n, 2]\n{rules}# end")
    })
}

thread_local! {
    static LIBRARY: Library = contentcheck_library::templates()
        .unwrap()
        .iter()
        .filter(|template| template.to_string().contains("process_creation") || template.to_string().contains("process.creat"))
        .cloned()
        .chain(Gathered::of(vec![(Source::new("t.content", LISTS), Language::Native)]).check(&Checking::default()).catalogue().newest().into_iter().cloned())
        .collect();
}

/// Process creation with a list, which the library has none of.
const LISTS: &str = "template acme.process @ 1 {
    serves { product: \"acme\", category: \"process_creation\" }
    1 Image: string nocase
    2 CommandLine: string? nocase
    3 User: string?
    4 ProcessId: int
    5 ParentImage: string? nocase
    6 LogonId: int?
    7 Hosts: list<string>?
}
";

proptest! {
    #[test]
    fn sigma_rules_mean_the_same_and_keep_their_comments(text in sigma()) {
        LIBRARY.with(|library| fix_all(&text, Language::Sigma, library, &mut Done::default())).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn native_rules_mean_the_same_and_keep_their_comments(text in native()) {
        fix_all(&text, Language::Native, &Library::default(), &mut Done::default()).map_err(TestCaseError::fail)?;
    }
}

/// The generated files have each kind of fix, so that the properties above are about all of them.
#[test]
fn every_kind_of_fix_is_tried() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut done = Done::default();
    // Most of them have an error that keeps them from being rules, so there is nothing to compare.
    for _ in 0..2_000 {
        let text = sigma().new_tree(&mut runner).unwrap().current();
        LIBRARY.with(|library| fix_all(&text, Language::Sigma, library, &mut done)).unwrap();
        let text = native().new_tree(&mut runner).unwrap().current();
        fix_all(&text, Language::Native, &Library::default(), &mut done).unwrap();
    }
    // A byte order mark is taken off before a file is parsed, where it comes from a disk.
    fix_all(&format!("\u{FEFF}{TEMPLATE}"), Language::Native, &Library::default(), &mut done).unwrap();
    let missing: Vec<FixKind> =
        FixKind::ALL.into_iter().filter(|kind| !done.fixed.contains_key(&format!("{kind:?}"))).collect();
    assert!(missing.is_empty(), "{missing:?} of {:?}", done.fixed);
    assert!(done.compared > 100 && done.proven > 0, "{} compared, {} proven", done.compared, done.proven);
}
