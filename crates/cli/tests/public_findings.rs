//! docs/findings-sigmahq.md: the rules that it says never fire, and those whose filters it says never apply, are
//! the ones of which `lint` says so.
//!
//! The rules are looked for in the folder that `CONTENTCHECK_SHARED` names (`../shared` beside the
//! workspace by default). Without them this test says so and passes.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use contentcheck::Streams;
use contentcheck::args::Cli;
use serde_json::Value;

/// The ids of a section of the page.
fn listed(page: &str, section: &str) -> BTreeSet<String> {
    let (_, rest) = page.split_once(&format!("\n## {section}\n")).unwrap();
    let section = rest.split("\n## ").next().unwrap();
    let is_id = |part: &&str| part.len() == 36 && part.bytes().filter(|byte| *byte == b'-').count() == 4;
    section.split('`').filter(is_id).map(str::to_owned).collect()
}

/// What `lint` finds in the live rules: codes and ids of rules.
fn reported(corpus: &Path, deep: bool) -> Vec<(String, String)> {
    let entries = fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<String> = entries
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("rules"))
        .map(|path| path.display().to_string())
        .collect();
    folders.sort();
    let mut arguments: Vec<&str> = vec!["contentcheck", "lint", "--no-config", "--show", "info", "--format", "json"];
    if deep {
        arguments.push("--deep");
    }
    arguments.extend(folders.iter().map(String::as_str));
    let cli = Cli::try_parse_from(arguments).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    contentcheck::run(&cli, &mut Streams { out: &mut out, err: &mut err, color: false, interactive: false });
    let report: Value = serde_json::from_slice(&out).unwrap();
    let findings = report.get("findings").and_then(Value::as_array).unwrap().iter();
    let text = |finding: &Value, key: &str| finding.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    findings.map(|finding| (text(finding, "code"), text(finding, "rule"))).collect()
}

#[test]
fn the_page_lists_what_is_reported() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let shared = std::env::var_os("CONTENTCHECK_SHARED").map_or_else(|| workspace.join("../shared"), PathBuf::from);
    let corpus = shared.join("corpus/sigma");
    if !corpus.is_dir() {
        eprintln!("skipped: {} is not there", corpus.display());
        return;
    }
    let page = fs::read_to_string(workspace.join("docs/findings-sigmahq.md")).unwrap();
    let found = reported(&corpus, true);
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
    let quick = reported(&corpus, false);
    for code in ["CC0611", "CC0612", "CC0613", "CC0614"] {
        let of = |found: &[(String, String)]| found.iter().filter(|(own, _)| own == code).cloned().collect::<Vec<_>>();
        assert_eq!(of(&quick), of(&found));
    }
}

/// The wider one of two rules: it is the narrower one that is reported.
const UNSIGNED: &str = "948a0953-f287-4806-bbcb-3b2e396df89f";
