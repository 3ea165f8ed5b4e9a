//! What `lint` looks for and how much it says: `--select`, `--ignore`, families of codes, `--statistics`, `--quiet`.
#![expect(clippy::unwrap_used, clippy::unreachable, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};

use contentcheck::args::SchemaName;
use contentcheck::commands::schema::schema;
use serde_json::Value;

struct Run {
    exit: u8,
    out: String,
    err: String,
}

fn run(arguments: &[&str]) -> Run {
    let (exit, out, err) = crate::common::run(arguments);
    Run { exit: exit.number(), out: String::from_utf8(out).unwrap(), err }
}

/// A rule with a wildcard alone (CC0607), a selection that no condition names (CC0604) and no description; and one that
/// cannot be read (CC0102).
fn rules(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("selecting").join(name);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    let rule = |digit: u8, more: &str| {
        format!(
            "title: Rule {digit}\nid: 6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f5{digit}\nstatus: test\nlevel: low\nlogsource:\n    product: windows\n    \
             category: process_creation\ndetection:\n    a:\n        Image: '*'\n        User: 'z{digit}'\n{more}    condition: a\n"
        )
    };
    fs::write(directory.join("a.yml"), rule(1, "    b:\n        Image: 'x.exe'\n")).unwrap();
    fs::write(directory.join("b.yml"), rule(2, "    b:\n        User: 'x'\n    c:\n        User: 'y'\n")).unwrap();
    directory
}

fn codes(found: &Run) -> Vec<String> {
    let code = |line: &str| line.split_once('[')?.1.split_once(']').map(|(code, _)| code.to_owned());
    let mut codes: Vec<String> = found.out.lines().filter_map(code).filter(|code| code.starts_with("CC")).collect();
    codes.sort();
    codes.dedup();
    codes
}

#[test]
fn codes_are_selected_and_ignored_one_by_one_and_by_how_they_begin() {
    let rules = rules("codes");
    let path = rules.to_str().unwrap();
    let lint = |more: &[&str]| run(&[&["lint", path, "--no-config", "--format", "short"], more].concat());
    assert_eq!(codes(&lint(&[])), ["CC0604", "CC0607"]);
    assert_eq!(codes(&lint(&["--select", "CC0604"])), ["CC0604"]);
    assert_eq!(codes(&lint(&["--select", "unused-selection,CC0607"])), ["CC0604", "CC0607"]);
    assert_eq!(codes(&lint(&["--select", "CC06", "--ignore", "CC0607"])), ["CC0604"]);
    assert_eq!(codes(&lint(&["--ignore", "cc06"])), [""; 0]);
    assert_eq!(codes(&lint(&["--select", "CC01"])), [""; 0]);
    let raised = lint(&["--severity", "CC06=error", "--severity", "CC0607=off"]);
    assert_eq!((codes(&raised), raised.exit), (vec!["CC0604".to_owned()], 1));
    for (wrong, words) in [
        (["--select", "CC0640"], "did you mean `CC"),
        (["--ignore", "CC10"], "no setting lowers it"),
        (["--ignore", "CC0401"], "no setting lowers it"),
        (["--severity", "CC9=off"], "is not a code"),
    ] {
        let found = lint(&wrong);
        assert!(found.exit == 2 && found.err.contains(words), "{wrong:?}: {}", found.err);
    }
    assert_eq!(run(&["check", path, "--no-config", "--output-format", "short"]).out, lint(&[]).out);
}

#[test]
fn a_configuration_names_families_too() {
    let rules = rules("families");
    fs::write(rules.join("contentcheck.toml"), "[severity]\nCC06 = \"off\"\nCC0604 = \"error\"\n").unwrap();
    let found = run(&["lint", rules.to_str().unwrap(), "--format", "short"]);
    assert_eq!((codes(&found), found.exit), (vec!["CC0604".to_owned()], 1), "{}", found.err);
    fs::write(rules.join("contentcheck.toml"), "[severity]\nCC06 = \"of\"\n").unwrap();
    let found = run(&["lint", rules.to_str().unwrap()]);
    assert!(found.exit == 2 && found.err.contains("`of` is not one of"), "{}", found.err);
}

#[test]
fn codes_are_off_in_some_files_and_a_configuration_goes_on_from_another_one() {
    let rules = rules("per-file");
    let path = rules.to_str().unwrap();
    let config = rules.join("contentcheck.toml");
    let lint = |text: &str| {
        fs::write(&config, text).unwrap();
        run(&["lint", path, "--format", "short"])
    };
    let in_file = |found: &Run, file: &str| found.out.lines().filter(|line| line.contains(file)).count();
    let all = lint("");
    for pattern in ["a.yml", "/a.yml", "a.*", "*.yml", "b.yml", "!a.yml", "c/a.yml"] {
        for codes in ["\"CC06\"", "\"unused-selection\", \"CC0607\"", "\"CC0604\""] {
            let found = lint(&format!("[per-file-ignores]\n\"{pattern}\" = [{codes}]\n"));
            for file in ["a.yml", "b.yml"] {
                let is_meant =
                    ["*.yml", file].contains(&pattern.trim_start_matches('/')) || (pattern, file) == ("a.*", "a.yml");
                let of_604 = all.out.lines().filter(|line| line.contains(file) && line.contains("CC0604")).count();
                let expected = match (is_meant, codes) {
                    (false, _) => in_file(&all, file),
                    (true, "\"CC0604\"") => in_file(&all, file) - of_604,
                    (true, _) => 0,
                };
                assert_eq!(in_file(&found, file), expected, "{file} {pattern} {codes}: {}{}", found.out, found.err);
            }
        }
    }
    assert!(lint("[per-file-ignores]\n\"c/\" = [\"CC06\"]\n").err.contains("`c/` under [per-file-ignores] is no file"));
    for (codes, words) in
        [("CC0640", "did you mean `CC"), ("CC0401", "no setting lowers it"), ("CC10", "no setting lowers it")]
    {
        let found = lint(&format!("[per-file-ignores]\n\"*\" = [\"{codes}\"]\n"));
        assert!(
            found.exit == 2 && found.err.contains(words) && found.err.contains("per-file-ignores"),
            "{}",
            found.err
        );
    }
    // What a file that is extended says is about the release that extends it.
    let base = rules.with_file_name("per-file-base.toml");
    fs::write(
        &base,
        "deny-warnings = true\n[per-file-ignores]\n\"a.yml\" = [\"CC06\"]\n[severity]\nCC0607 = \"off\"\n",
    )
    .unwrap();
    let found = lint("extend = \"../per-file-base.toml\"\n");
    assert_eq!((found.exit, in_file(&found, "a.yml")), (1, 0), "{}", found.out);
    assert_eq!(codes(&found), ["CC0604"]);
    let found = lint("extend = \"../per-file-base.toml\"\ndeny-warnings = false\n[severity]\nCC0607 = \"error\"\n");
    assert_eq!((found.exit, codes(&found)), (1, vec!["CC0604".to_owned(), "CC0607".to_owned()]));
    // It is an input, which no output replaces.
    let over = run(&["lint", path, "--format", "json", "--output", base.to_str().unwrap()]);
    assert_eq!(over.exit, 2, "{}", over.err);
}

#[test]
fn statistics_count_what_would_be_shown() {
    let rules = rules("statistics");
    let path = rules.to_str().unwrap();
    let table = run(&["lint", path, "--no-config", "--statistics"]);
    let lines: Vec<Vec<&str>> = table.out.lines().map(|line| line.split_whitespace().collect()).collect();
    let worst = format!("{path}/b.yml");
    assert_eq!(lines.len(), 3, "{}", table.out);
    assert_eq!(lines.get(1).unwrap(), &["3", "2", "0", "CC0604", "unused-selection", "warning", &*worst]);
    let (first, fixable) = (format!("{path}/a.yml"), lines.get(2).unwrap());
    assert_eq!(fixable, &["2", "2", "2", "CC0607", "wildcard-only", "warning", &*first]);
    let json = run(&["lint", path, "--no-config", "--statistics", "--format", "json"]);
    let document: Value = serde_json::from_str(&json.out).unwrap();
    let valid = jsonschema::validator_for(&schema(SchemaName::Statistics).unwrap_or_else(|_| unreachable!())).unwrap();
    assert!(valid.is_valid(&document), "{document}");
    assert_eq!((&document["codes"][0]["findings"], &document["codes"][1]["fixable"]), (&3.into(), &2.into()));
    let other = run(&["lint", path, "--no-config", "--statistics", "--format", "sarif"]);
    assert_eq!((other.exit, other.out.as_str()), (2, ""));
    let none = run(&["lint", path, "--no-config", "--statistics", "--ignore", "CC06"]);
    assert_eq!((none.exit, none.out.as_str()), (0, ""));
}

#[test]
fn quiet_is_findings_and_nothing_else_and_the_exit_code_can_be_waived() {
    let rules = rules("quiet");
    let path = rules.to_str().unwrap();
    let loud = run(&["lint", path, "--no-config", "--deny-warnings"]);
    let quiet = run(&["lint", path, "--no-config", "--deny-warnings", "-q"]);
    assert_eq!((quiet.exit, quiet.out.as_str(), quiet.err.as_str()), (1, loud.out.as_str(), ""));
    assert!(!loud.err.is_empty());
    let waived = run(&["lint", path, "--no-config", "--deny-warnings", "--exit-zero"]);
    assert_eq!((waived.exit, waived.out), (0, loud.out));
    // What is wrong with the run itself is said, and not waived.
    let wrong = run(&["lint", "gone", "--no-config", "-q", "--exit-zero"]);
    assert!(wrong.exit == 2 && wrong.err.contains("gone"), "{}", wrong.err);
}
