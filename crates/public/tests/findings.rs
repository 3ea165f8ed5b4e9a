//! docs/findings-sigmahq.md: the rules that it says never fire, and those whose filters it says never apply, are
//! the ones of which `lint` says so.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use contentcheck_public::{live, run};
use serde_json::Value;

/// The ids of a section of the page.
fn listed(page: &str, section: &str) -> BTreeSet<String> {
    let (_, rest) = page.split_once(&format!("\n## {section}\n")).unwrap();
    let section = rest.split("\n## ").next().unwrap();
    let is_id = |part: &&str| part.len() == 36 && part.bytes().filter(|byte| *byte == b'-').count() == 4;
    section.split('`').filter(is_id).map(str::to_owned).collect()
}

/// What `lint` finds in the live rules: codes and ids of rules.
fn reported(deep: bool) -> Vec<(String, String)> {
    let folders: Vec<String> = live().iter().map(|path| path.display().to_string()).collect();
    let mut arguments = vec!["lint", "--no-config", "--show", "info", "--format", "json"];
    if deep {
        arguments.push("--deep");
    }
    arguments.extend(folders.iter().map(String::as_str));
    let (_, out, _) = run(arguments);
    let report: Value = serde_json::from_slice(&out).unwrap();
    let findings = report.get("findings").and_then(Value::as_array).unwrap().iter();
    let text = |finding: &Value, key: &str| finding.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    findings.map(|finding| (text(finding, "code"), text(finding, "rule"))).collect()
}

#[test]
#[cfg_attr(
    not(public_corpus),
    ignore = "needs the public rules and recordings; CONTENTCHECK_SHARED names no folder with them"
)]
fn the_page_lists_what_is_reported() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/findings-sigmahq.md");
    let page = fs::read_to_string(page).unwrap();
    let found = reported(true);
    let with = |codes: &[&str]| -> BTreeSet<String> {
        found.iter().filter(|(code, _)| codes.contains(&code.as_str())).map(|(_, rule)| rule.clone()).collect()
    };
    assert_eq!(listed(&page, "Can never fire"), with(&["CC0611", "CC0614"]));
    assert_eq!(listed(&page, "Filters that never apply"), with(&["CC0613"]));
    // What the other sections list is reported, with other things that are not worth a line.
    let any = with(&["CC0615", "CC0616", "CC0617", "CC0618", "CC0619", "CC0620"]);
    for section in [
        "Filters that exclude more than they say",
        "Branches and restrictions without effect",
        "Values that a shorter one covers",
    ] {
        let listed = listed(&page, section);
        let unknown: Vec<&String> = listed.iter().filter(|id| !any.contains(*id) && **id != UNSIGNED).collect();
        assert!(!listed.is_empty() && unknown.is_empty(), "{section}: {unknown:?}");
    }
    // A quick look finds the first two kinds as well.
    let quick = reported(false);
    for code in ["CC0611", "CC0612", "CC0613", "CC0614"] {
        let of = |found: &[(String, String)]| found.iter().filter(|(own, _)| own == code).cloned().collect::<Vec<_>>();
        assert_eq!(of(&quick), of(&found));
    }
}

/// The wider one of two rules: it is the narrower one that is reported.
const UNSIGNED: &str = "948a0953-f287-4806-bbcb-3b2e396df89f";
