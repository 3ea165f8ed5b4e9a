//! `profile`: recordings tell the compiler what is rare. Bytes depend on them, matches do not, and the gate and `compile`
//! make the same image of the same ones.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::run;
use contentcheck::exit::Exit;

const RULES: &str = r#"template acme.process @ 1 {
    reads { source: "acme", event: "process" }
    1 path : string
    2 args : string
}

rule two_witnesses {
    id: "6d28c4b3-6a5c-4c41-9f1f-0d0c7a3d5a10"
    template: acme.process @ 1
    severity: low
    title: "Two witnesses to choose from"
    description: "Either may be rare"

    when path contains "common_part" and args contains "other_part"
}
"#;

/// A directory with rules and two recordings, in each of which the other text is common.
fn scratch(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("profile").join(name);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(directory.join("release")).unwrap();
    fs::write(directory.join("release/rules.content"), RULES).unwrap();
    let line = |path: &str, args: &str, number: usize| {
        format!(
            "{{\"source\":\"acme\",\"event\":\"process\",\"path\":\"/{number}/{path}\",\"args\":\"-a {args} {number}\"}}\n"
        )
    };
    let many = |path: &str, args: &str| (0..400).map(|number| line(path, args, number)).collect::<String>();
    fs::write(directory.join("paths.jsonl"), many("common_part", "none")).unwrap();
    fs::write(directory.join("args.jsonl"), many("none", "other_part")).unwrap();
    directory
}

fn text(directory: &Path, name: &str) -> String {
    directory.join(name).display().to_string()
}

/// Compiles with some recordings, and with what else is asked.
fn compile(directory: &Path, image: &str, more: &[&str]) -> (Exit, String, Vec<u8>) {
    let (image, rules) = (text(directory, image), text(directory, "release"));
    let (exit, _, err) = run(&[&["compile", &rules, "-o", &image], more].concat());
    (exit, err, fs::read(&image).unwrap_or_default())
}

#[test]
fn a_recording_decides_what_an_image_looks_for_and_no_match() {
    let directory = scratch("choice");
    let (paths, args) = (text(&directory, "paths.jsonl"), text(&directory, "args.jsonl"));
    let (exit, _, without) = compile(&directory, "without", &["--no-config"]);
    assert_eq!(exit, Exit::Fine);
    let (exit, err, by_paths) = compile(&directory, "paths", &["--no-config", "--profile", &paths]);
    assert_eq!(exit, Exit::Fine, "{err}");
    assert!(
        err.contains("compiled for events as in the profile: 400 events, 400 on template types with rules, 800 values"),
        "{err}"
    );
    let (_, _, by_args) = compile(&directory, "args", &["--no-config", "--profile", &args]);
    assert!(by_paths != by_args && !without.is_empty());
    assert!(by_paths == compile(&directory, "again", &["--no-config", "--threads", "1", "--profile", &paths]).2);
    // Each looks into the field in which its recording lacks the text.
    for (image, looked_for) in [("paths", "args"), ("args", "path")] {
        let (exit, out, _) = run(&["inspect", &text(&directory, image), "--rule", "two_witnesses"]);
        let out = String::from_utf8(out).unwrap();
        assert!(exit == Exit::Fine && out.contains(&format!("{looked_for} atom 0")), "{image}\n{out}");
    }
    let event = text(&directory, "one.jsonl");
    fs::write(
        &event,
        "{\"path\":\"/common_part\",\"args\":\"other_part\"}\n{\"path\":\"/common_part\",\"args\":\"-\"}\n",
    )
    .unwrap();
    let matches = ["without", "paths", "args"].map(|image| {
        let image = text(&directory, image);
        run(&["eval", &event, "--image", &image, "--template", "acme.process", "--format", "json", "--no-config"]).1
    });
    assert!(matches.iter().all(|found| *found == matches[0]) && !matches[0].is_empty());
}

#[test]
fn a_recording_that_cannot_be_read_compiles_nothing() {
    let directory = scratch("unread");
    let broken = text(&directory, "broken.jsonl");
    fs::write(&broken, "{\"path\":\"a\"}\n{\"path\":\n").unwrap();
    let (rules, image) = (text(&directory, "release"), text(&directory, "image"));
    let (exit, _, err) = run(&["compile", &rules, "-o", &image, "--profile", &broken]);
    assert_eq!(exit, Exit::Usage, "{err}");
    assert!(err.contains("broken.jsonl: line 2") && !directory.join("image").exists(), "{err}");
    let (exit, err, _) = compile(&directory, "image", &["--profile", &text(&directory, "nowhere.jsonl")]);
    assert_eq!(exit, Exit::Usage, "{err}");
    // What the configuration names is no place for an image.
    fs::write(directory.join("release/contentcheck.toml"), "profile = [\"../paths.jsonl\"]\n").unwrap();
    let (exit, err, bytes) = compile(&directory, "paths.jsonl", &[]);
    assert_eq!(exit, Exit::Usage, "{err}");
    assert!(bytes.starts_with(b"{"));
}

/// A recording in which nothing is recognised tells nothing of what is rare: whoever named it is told, by `compile` and by the gate.
#[test]
fn a_recording_in_which_nothing_is_recognised_compiles_nothing() {
    let directory = scratch("unrecognised");
    let (other, release) = (text(&directory, "other.jsonl"), text(&directory, "release"));
    for (lines, words) in [
        ("", "profile: "),
        ("{\"source\":\"acme\",\"event\":\"other\",\"path\":\"a\"}\n", "its event belongs to no template type"),
        ("{\"path\":\"a\"}\n{\"args\":\"b\"}\n", "none of its 2 events belongs to a template type"),
    ] {
        fs::write(&other, lines).unwrap();
        let (exit, err, bytes) = compile(&directory, "image", &["--no-config", "--profile", &other]);
        assert!(exit == Exit::Usage && err.contains(words) && bytes.is_empty(), "{exit:?}: {err}");
        let evidence = text(&directory, "evidence");
        let (exit, _, err) = run(&["gate", &release, "--no-config", "--profile", &other, "--evidence", &evidence]);
        assert!(exit == Exit::Usage && err.contains(words), "{exit:?}: {err}");
    }
    // What is of no template type is counted where others are.
    let some = fs::read_to_string(directory.join("paths.jsonl")).unwrap() + "{\"path\":\"a\"}\n";
    fs::write(&other, some).unwrap();
    let (exit, err, _) = compile(&directory, "image", &["--no-config", "--profile", &other]);
    assert!(
        exit == Exit::Fine && err.contains("401 events, 1 of no template type, 400 on template types with rules"),
        "{err}"
    );
}

/// The image that the gate leaves is the one that `compile` writes, of the same recordings.
#[test]
fn the_gate_and_compile_make_one_image() {
    let directory = scratch("gate");
    let release = text(&directory, "release");
    let mut images = Vec::new();
    for recording in ["paths.jsonl", "args.jsonl"] {
        let configuration = format!("profile = [\"../{recording}\"]\n[release]\nname = \"profile\"\nsequence = 1\n");
        fs::write(directory.join("release/contentcheck.toml"), configuration).unwrap();
        let (_, _, err) = run(&["gate", &release, "--evidence", &text(&directory, "evidence"), "--cases", "200"]);
        let gated = fs::read(directory.join("evidence/release.ccimage")).unwrap_or_else(|_| panic!("{err}"));
        let said = fs::read_to_string(directory.join("evidence/evidence.json")).unwrap();
        assert!(said.contains("\"profile\"") && said.contains(recording), "{said}");
        let (exit, err, compiled) = compile(&directory, "image", &[]);
        assert_eq!(exit, Exit::Fine, "{err}");
        assert!(compiled == gated, "{recording}");
        images.push(gated);
    }
    assert!(images.first() != images.last());
    // What is named on the command line counts instead of what the configuration names.
    let other = compile(&directory, "image", &["--profile", &text(&directory, "paths.jsonl")]).2;
    assert!(Some(&other) == images.first());
}
