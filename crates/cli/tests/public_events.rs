//! Public samples as truth: SigmaHQ records, for some 170 of its rules, events on which the rule
//! must fire, and says how often.
//!
//! They are looked for in the folder that `CONTENTCHECK_SHARED` names (`../shared` beside the
//! workspace by default). Without them this test says so and passes.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use contentcheck::Streams;
use contentcheck::args::{Cli, Command, CompileOptions};
use contentcheck::release;
use serde_json::Value;

fn sigma() -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let shared = std::env::var_os("CONTENTCHECK_SHARED").map_or_else(|| workspace.join("../shared"), PathBuf::from);
    let folder = shared.join("corpus/sigma");
    if folder.join("regression_data").is_dir() {
        Some(folder)
    } else {
        eprintln!("skipped: {} is not there", folder.join("regression_data").display());
        None
    }
}

/// Samples whose description counts fewer events than the sample holds. Each was looked at event by
/// event: every one of them has what the rule asks for.
const MISCOUNTED: [(&str, u64, &str); 4] = [
    (
        "0b9ad457-2554-44c1-82c2-d56a99c42377",
        3,
        "three of five events create AnyDesk\\user.conf or a name that begins so",
    ),
    ("8fbf3271-1ef6-4e94-8210-03c2317947f6", 3, "procdump64.exe, procdump64a.exe and procdump.exe, each once"),
    ("45e112d0-7759-4c2a-aa36-9f8fb79d3393", 3, "three zones are set to DWORD 2, which the rule does not except"),
    ("c7dcacd0-cc59-4004-b0a4-1d6cdebe6f3e", 2, "AutoShareServer and AutoShareWks are both set to 0"),
];

#[test]
fn every_sample_makes_its_rule_fire_as_often_as_is_stated() {
    let Some(sigma) = sigma() else { return };
    let mut live: Vec<PathBuf> = fs::read_dir(&sigma).unwrap().map(|entry| entry.unwrap().path()).collect();
    live.retain(|path| path.file_name().unwrap().to_str().unwrap().starts_with("rules"));
    live.sort();
    let mut arguments = vec!["contentcheck".to_owned(), "test".to_owned(), "--no-config".to_owned()];
    arguments.extend(["--skip-errors", "--format", "json", "--regression"].map(str::to_owned));
    arguments.push(sigma.join("regression_data").display().to_string());
    arguments.extend(live.iter().map(|path| path.display().to_string()));
    let cli = Cli::try_parse_from(arguments).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut streams = Streams { out: &mut out, err: &mut err, color: false, interactive: false };
    let exit = contentcheck::run(&cli, &mut streams);
    assert_eq!(exit.number(), 1, "{}", String::from_utf8_lossy(&err));
    let mut streams =
        Streams { out: &mut std::io::sink(), err: &mut std::io::sink(), color: false, interactive: false };
    let report: Value = serde_json::from_slice(&out).unwrap();
    let tests = report["tests"].as_array().unwrap();
    assert!(tests.len() >= 170, "{} samples", tests.len());
    let mut wrong = Vec::new();
    for test in tests.iter().filter(|test| test["outcome"] != "passed") {
        let message = test["message"].as_str().unwrap();
        let known = MISCOUNTED.iter().find(|(rule, ..)| test["rule"] == *rule);
        let expected = known.map(|(_, found, _)| format!(": 1 match expected, {found} found; "));
        if !expected.is_some_and(|expected| message.contains(&expected)) {
            wrong.push(format!("{}: {}: {message}", test["file"], test["outcome"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let known = MISCOUNTED.len();
    assert_eq!(report["totals"]["failed"], known, "a sample is read or counted rightly now: take it off the list");
    assert_eq!((&report["totals"]["faults"], &report["totals"]["skipped"]), (&Value::from(0), &Value::from(0)));

    // The number of a rule in an image is its place in the release.
    let Command::Test(arguments) = &cli.command else { panic!("the command is test") };
    let options = CompileOptions { skip_errors: true, skip_unsupplied: false };
    let loaded = release::load(&arguments.inputs, &options, true, &mut streams);
    let release = loaded.unwrap_or_else(|failure| panic!("{}", failure.message)).unwrap();
    let rules = release.rules();
    let plan = release.plan().unwrap_or_else(|failure| panic!("{}", failure.message));
    let view = plan.view();
    let view = view.verified();
    assert_eq!(view.image().rule_count() as usize, rules.len());
    for (number, rule) in (0..).zip(&rules) {
        let info = view.image().rule(number).unwrap();
        assert_eq!((info.name, info.title), (rule.name.as_str(), rule.title.as_str()));
    }
}
