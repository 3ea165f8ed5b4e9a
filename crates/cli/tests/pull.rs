//! A pull request: what the gate and `diff` say of a change before it is merged.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use contentcheck::Streams;
use contentcheck::args::Cli;
use contentcheck::exit::Exit;
use serde_json::Value;

fn corpus(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus").join(part)
}

fn run(arguments: &[&str]) -> (Exit, String, String) {
    let cli = Cli::try_parse_from(["contentcheck"].iter().chain(arguments)).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = contentcheck::run(&cli, &mut Streams { out: &mut out, err: &mut err, color: false, interactive: false });
    (exit, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()) {
        let target = to.join(entry.file_name().unwrap());
        if entry.is_dir() {
            copy(&entry, &target);
        } else {
            fs::copy(&entry, &target).unwrap();
        }
    }
}

/// The demo as it is, and as a change has it; its settings ask for all of a release.
fn change(name: &str, edit: impl FnOnce(&Path)) -> [PathBuf; 2] {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pull").join(name);
    let _ = fs::remove_dir_all(&scratch);
    copy(&corpus("releases/demo-11"), &scratch.join("demo-11"));
    let both = ["before", "after"].map(|which| scratch.join(which));
    both.iter().for_each(|place| copy(&corpus("releases/demo"), place));
    edit(&both[1]);
    both
}

const RULE: &str = "sigma/process/certutil_download.yml";

fn replaced(release: &Path, file: &str, from: &str, to: &str) {
    let path = release.join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

/// A change has no sequence of its own and no evidence of where it began, and that is no failure; what is wrong with it is.
#[test]
fn a_change_is_judged_as_one() {
    let [before, after] = change("judged", |after| replaced(after, RULE, "level: ", "level: "));
    let [before, after] = [&before, &after].map(|path| path.to_str().unwrap());
    let gate = |more: &[&str]| {
        run(&[&["gate", after, "--cases", "64", "--skip", "self-test", "--previous", before], more].concat())
    };
    // Held against the settings of a release, it is none.
    let (exit, _, err) = gate(&[]);
    assert_eq!(exit, Exit::Usage, "{err}");
    let (exit, out, err) = gate(&["--change"]);
    assert_eq!(exit, Exit::Fine, "{out}{err}");
    assert!(out.starts_with("incomplete: ") && out.contains("this is a change"), "{out}");
    assert!(!out.contains("CC0806"), "{out}");
    // It judges no release, so there is none to ship.
    let evidence = Path::new(after).join("../evidence");
    let (exit, _, err) = gate(&["--change", "--evidence", evidence.to_str().unwrap()]);
    assert!(exit == Exit::Fine && err.contains("no image was left"), "{err}");
    assert!(evidence.join("evidence.json").exists() && !evidence.join("release.ccimage").exists());
    // What it breaks, it breaks.
    replaced(Path::new(after), RULE, "condition: ", "condition: nothing and ");
    let (exit, out, _) = gate(&["--change"]);
    assert!(exit == Exit::Findings && out.contains("CC0203"), "{out}");
    // Where lint is left out, a rule with an error is not told as one that is gone, and not passed over.
    let (exit, out, _) = gate(&["--change", "--skip", "lint"]);
    assert!(exit == Exit::Findings && out.contains("has an error and is left out"), "{out}");
    assert!(!out.contains("is gone"), "{out}");
}

/// A change that lets more pass is told as one, by what the configuration of the release before demands.
#[test]
fn settings_that_a_change_loosens_are_told() {
    const CONFIG: &str = "contentcheck.toml";
    for (name, from, to, told) in [
        ("same", "ceiling = 3", "ceiling = 3", None),
        ("stricter", "ceiling = 3", "ceiling = 2", None),
        ("higher", "ceiling = 3", "ceiling = 1000000", Some("the ceiling 1000000, and had 3")),
        ("none", "ceiling = 3", "", Some("no ceiling, and had 3")),
        ("warnings", "deny-warnings = true", "deny-warnings = false", Some("`deny-warnings` is off")),
    ] {
        let [before, after] = change(name, |after| replaced(after, CONFIG, from, to));
        let [before, after] = [&before, &after].map(|path| path.to_str().unwrap());
        let asked = ["gate", after, "--change", "--previous", before, "--only", "change"];
        let (exit, out, err) = run(&asked);
        assert_eq!(exit, if told.is_some() { Exit::Findings } else { Exit::Fine }, "{name}: {out}{err}");
        assert!(told.is_none_or(|told| out.contains("CC1016") && out.contains(told)), "{name}: {out}");
        let (exit, out, err) = run(&[&asked[..], &["--allow-shrink"]].concat());
        assert!(exit == Exit::Fine && !out.contains("CC1016"), "{name}: {out}{err}");
    }
}

/// Both releases are shown the recordings of the change: that those of before are not there any more is said, however that came about.
#[test]
fn recordings_that_a_change_replaces_are_named() {
    type Edit = fn(&Path);
    const RECORDING: &str = "recordings/workday.jsonl";
    let gate = |name: &str, edit: Edit, more: &[&str]| {
        let [before, after] = change(name, edit);
        let [before, after] = [&before, &after].map(|path| path.to_str().unwrap());
        let asked = ["gate", after, "--change", "--previous", before, "--only", "change,replay"];
        let (exit, out, err) = run(&[&asked, more].concat());
        assert!(matches!(exit, Exit::Fine | Exit::Findings), "{out}{err}");
        let said = out.lines().filter(|line| line.contains("CC1021")).collect::<Vec<_>>().join("\n");
        (said, out)
    };
    let lines = |path: &Path| fs::read_to_string(path.join(RECORDING)).unwrap();
    let kept: [(&str, Edit); 6] = [
        ("kept", |_| {}),
        ("grown", |after| {
            let path = after.join(RECORDING);
            let text = fs::read_to_string(&path).unwrap();
            let first = text.lines().next().unwrap();
            fs::write(&path, format!("{text}{first}\n")).unwrap();
        }),
        ("moved-and-grown", |after| {
            let path = after.join(RECORDING);
            let text = fs::read_to_string(&path).unwrap();
            fs::remove_file(path).unwrap();
            fs::write(after.join("recordings/WorkDay.jsonl"), format!("{text}{text}")).unwrap();
        }),
        ("joined-with-another", |after| {
            let path = after.join(RECORDING);
            let text = fs::read_to_string(&path).unwrap()
                + &fs::read_to_string(after.join("recordings/agent-workday.jsonl")).unwrap();
            fs::remove_file(path).unwrap();
            fs::write(after.join("recordings/all.jsonl"), text).unwrap();
        }),
        ("moved", |after| fs::rename(after.join(RECORDING), after.join("recordings/monday.jsonl")).unwrap()),
        ("joined", |after| {
            fs::write(after.join("recordings/new.jsonl"), fs::read(after.join(RECORDING)).unwrap()).unwrap()
        }),
    ];
    for (name, edit) in kept {
        let (said, out) = gate(name, edit, &[]);
        assert_eq!(said, "", "{name}: {out}");
    }
    let replaced: [(&str, Edit, &str); 6] = [
        (
            "cut",
            |after| {
                let path = after.join(RECORDING);
                let text = fs::read_to_string(&path).unwrap();
                fs::write(&path, text.split_once('\n').unwrap().1).unwrap();
            },
            "workday.jsonl (changed)",
        ),
        (
            "removed",
            |after| {
                fs::rename(after.join(RECORDING), after.join("recordings/other.jsonl")).unwrap();
                replaced(after, "recordings/other.jsonl", "{", "{ ");
            },
            "workday.jsonl (gone)",
        ),
        // Under another setting it is not replayed as it was.
        (
            "profiled",
            |after| {
                fs::create_dir(after.join("old")).unwrap();
                fs::rename(after.join(RECORDING), after.join("old/workday.jsonl")).unwrap();
                replaced(after, "contentcheck.toml", "fleet = ", "profile = [\"old\"]\nfleet = ");
            },
            "workday.jsonl (gone)",
        ),
        (
            "never-to-match",
            |after| fs::rename(after.join(RECORDING), after.join("never-match/workday.jsonl")).unwrap(),
            "workday.jsonl (gone)",
        ),
        (
            "matched",
            |after| {
                let first = fs::read_dir(after.join("never-match")).unwrap().next().unwrap().unwrap().path();
                fs::rename(&first, after.join("recordings/allowed.jsonl")).unwrap();
                let other = fs::read_to_string(after.join("recordings/allowed.jsonl")).unwrap();
                fs::write(&first, other.replacen('e', "E", 1)).unwrap();
            },
            "(changed)",
        ),
        ("edited", |after| replaced(after, RECORDING, "e", "E"), "workday.jsonl (changed)"),
    ];
    for (name, edit, words) in replaced {
        let (said, out) = gate(name, edit, &[]);
        assert!(said.contains("1 file of ") && said.contains(words), "{name}: {out}");
        let (said, out) = gate(name, edit, &["--allow-shrink"]);
        assert_eq!(said, "", "{name}: {out}");
    }
    let [before, _] = change("there", |_| {});
    assert!(lines(&before).lines().count() > 1);
}

/// A copy of a rule: a reviewer sees both places, whichever of them is new.
#[test]
fn both_places_of_a_copy_are_named() {
    let [_, after] = change("copied", |after| {
        fs::copy(after.join(RULE), after.join("sigma/process/a_new.yml")).map(|_| ()).unwrap();
    });
    let release = after.to_str().unwrap();
    let gate = |format: &str| {
        let (_, out, _) = run(&["gate", release, "--only", "lint", "--format", format]);
        out
    };
    for format in ["human", "github", "markdown", "html"] {
        let text = gate(format);
        // Markdown escapes the underscore.
        assert!(text.contains("new.yml") && text.contains("certutil"), "{format}: {text}");
        assert!(text.contains("first used here"), "{format}: {text}");
    }
    let sarif: Value = serde_json::from_str(&gate("sarif")).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let copied = results.iter().find(|result| result["ruleId"] == "CC0702").unwrap();
    let uris = [&copied["locations"][0], &copied["relatedLocations"][0]]
        .map(|place| place["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap().to_owned());
    assert!(uris[0] != uris[1] && uris.iter().any(|uri| uri.ends_with("a_new.yml")), "{uris:?}");
}

/// What a comment says: what is gone and what means something else first, with events; no text of a rule is markup.
#[test]
fn a_comment_shows_what_changes_mean() {
    let [before, after] = change("comment", |after| {
        replaced(after, RULE, "title: ", "title: '[x](http://example.com) @all' # ");
        replaced(after, RULE, "condition: ", "condition: not ");
        fs::remove_file(after.join("sigma/dns/paste_sites.yml")).unwrap();
    });
    let diff = |format: &str, old: &Path, new: &Path| {
        let (exit, out, err) =
            run(&["diff", old.to_str().unwrap(), new.to_str().unwrap(), "--semantic", "--format", format]);
        assert_eq!(exit, Exit::Fine, "{err}");
        out
    };
    let text = diff("markdown", &before, &after);
    assert!(text.starts_with("### What this changes\n\n0 rules added, 1 removed, 1 changed, "), "{text}");
    let (removed, changed) = (text.find("- **removed** ").unwrap(), text.find("- **changed** ").unwrap());
    assert!(removed < changed && text.contains("newly matches") && text.contains("no longer matches"), "{text}");
    assert!(!text.contains("[x](http") && !text.contains("@all"), "{text}");
    let same = diff("markdown", &before, &before);
    assert!(same.contains("No rule and no template type is another one."), "{same}");
    // Longer than a comment may be.
    let many = "  - a\n".repeat(3);
    for number in 0..900 {
        let rule = format!(
            "title: {}{number}\nid: 0d6f3c7e-1f57-4f62-9a4f-{number:012}\nlogsource:\n    category: process_creation\n    product: windows\ndetection:\n    s:\n        Image|endswith: '{number}'\n    condition: s\nfalsepositives:\n{many}level: low\n",
            "a long title ".repeat(8)
        );
        fs::write(after.join(format!("sigma/many-{number}.yml")), rule).unwrap();
    }
    let text = diff("markdown", &before, &after);
    assert!(text.len() < 65_000 && text.contains(" more: `contentcheck diff` lists them"), "{}", text.len());
}

/// Evidence where recordings are looked for would be read as one by the next run; and who names a path in the settings is told which one.
#[test]
fn evidence_is_no_recording_and_settings_are_named() {
    let [_, after] = change("evidence", |_| {});
    let release = after.to_str().unwrap();
    for place in ["recordings", "recordings/evidence", "recordings/../never-match/new"] {
        let evidence = after.join(place);
        let (exit, _, err) = run(&["gate", release, "--only", "lint", "--evidence", evidence.to_str().unwrap()]);
        assert!(exit == Exit::Usage && err.contains("where recorded events are looked for"), "{place}: {err}");
        assert!(!evidence.join("evidence.json").exists());
    }
    let beside = after.join("recordings-of-the-gate");
    let (exit, _, err) = run(&["gate", release, "--only", "lint", "--evidence", beside.to_str().unwrap()]);
    assert_eq!(exit, Exit::Findings, "require-all: {err}");
    assert!(beside.join("evidence.json").exists());
    for (key, of) in [
        ("never-match = [\"never-match\"]", "never-match = [\"nowhere\"]"),
        ("previous = \"../demo-11\"", "previous = \"../nowhere\""),
    ] {
        let file = after.join("contentcheck.toml");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replace(key, of)).unwrap();
        let (exit, _, err) = run(&["gate", release, "--only", "lint"]);
        let setting = format!("`{}` under [gate]: ", of.split(' ').next().unwrap());
        assert!(exit == Exit::Usage && err.contains(&setting) && err.contains("nowhere"), "{err}");
        fs::write(&file, text).unwrap();
    }
}
