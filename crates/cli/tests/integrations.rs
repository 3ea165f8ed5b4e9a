//! What is in integrations/ works as far as it can be tried without the services that it is for.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::CommandFactory as _;
use contentcheck::args::Cli;
use saphyr_parser::Parser;

const FILES: [&str; 5] = [
    "integrations/github/action.yml",
    "integrations/github/gate.sh",
    "integrations/gitlab/contentcheck.gitlab-ci.yml",
    ".pre-commit-hooks.yaml",
    "Dockerfile",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

#[test]
fn yaml_files_are_yaml() {
    for name in FILES.iter().filter(|name| name.ends_with("ml")) {
        let text = read(name);
        let events = Parser::new_from_str(&text).collect::<Result<Vec<_>, _>>();
        assert!(events.unwrap().len() > 10, "{name}");
    }
}

#[test]
fn every_option_is_one_of_the_command() {
    let command = Cli::command();
    let mut count = 0;
    for name in FILES {
        for line in read(name).lines().filter(|line| !line.trim_start().starts_with('#')) {
            let Some((_, called)) = line.split_once("contentcheck ").or_else(|| line.split_once("arguments")) else {
                continue;
            };
            let words: Vec<&str> = called.split([' ', '(', ')', '=', '"']).collect();
            let subcommands = if line.contains("arguments") { vec!["gate"] } else { words.clone() };
            let Some(sub) = subcommands.iter().find_map(|word| command.find_subcommand(word)) else { continue };
            let known: BTreeSet<String> = sub
                .get_arguments()
                .filter_map(|argument| argument.get_long().map(|long| format!("--{long}")))
                .collect();
            for word in words.iter().filter(|word| word.starts_with("--")) {
                assert!(known.contains(*word), "{name}: `{}` has no {word}", sub.get_name());
                count += 1;
            }
        }
    }
    assert!(count >= 6, "only {count} options were found");
}

/// Runs the script of the action as a runner does.
fn action(release: &str) -> (Option<i32>, String, String, String) {
    let scratch =
        std::env::temp_dir().join(format!("contentcheck-action-{}-{}", std::process::id(), release.replace('/', "-")));
    fs::create_dir_all(&scratch).unwrap();
    let (summary, output) = (scratch.join("summary.md"), scratch.join("output"));
    let binary = Path::new(env!("CARGO_BIN_EXE_contentcheck"));
    let path = format!("{}:{}", binary.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let done = Command::new("bash")
        .arg(root().join("integrations/github/gate.sh"))
        .env("PATH", path)
        .env("RELEASE", root().join("corpus").join(release))
        .env("PREVIOUS", "")
        .env("ARGUMENTS", "--cases 64 --skip self-test")
        .env("EVIDENCE", scratch.join("evidence"))
        .env("GITHUB_STEP_SUMMARY", &summary)
        .env("GITHUB_OUTPUT", &output)
        .output()
        .unwrap();
    let texts = (fs::read_to_string(&summary).unwrap(), fs::read_to_string(&output).unwrap());
    fs::remove_dir_all(&scratch).unwrap();
    (done.status.code(), String::from_utf8(done.stdout).unwrap(), texts.0, texts.1)
}

#[test]
fn the_script_of_the_action_ends_as_the_gate_ends() {
    let (code, out, summary, output) = action("reject/CC1011-never-match");
    assert_eq!(code, Some(1));
    assert!(out.contains("::error file=") && out.contains("CC1011"), "{out}");
    assert!(
        summary.starts_with("## FAILED: 7 of 10 checks ran") && output.starts_with("evidence="),
        "{summary}\n{output}"
    );
    let (code, out, summary, _) = action("reject/CC0802-rule-removed");
    assert_eq!(code, Some(0));
    assert!(
        out.contains("::warning") && summary.starts_with("## incomplete: ") && !summary.contains("passes"),
        "{out}\n{summary}"
    );
}
