//! A part of a release is checked beside the rest of it, and nothing is said but of that part.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::common::corpus;

/// Findings by file, code, place and message, each with the files that it is about besides.
type Findings = BTreeSet<One>;
type One = (String, String, u64, String, Vec<String>);

fn findings(paths: &[&Path], more: &[&str]) -> Findings {
    let paths = paths.iter().map(|path| path.to_str().unwrap());
    let arguments: Vec<&str> =
        ["lint", "--format", "json", "--show", "info"].into_iter().chain(more.iter().copied()).chain(paths).collect();
    let (_, out, err) = crate::common::run(&arguments);
    let report: Value = serde_json::from_slice(&out).unwrap_or_else(|error| panic!("{error}: {err}"));
    let file = |of: &Value| of["file"].as_str().unwrap().to_owned();
    let one = |finding: &Value| {
        let related = finding["related"].as_array().into_iter().flatten().map(file).collect();
        let line = finding["line"].as_u64().unwrap_or(0);
        let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        (file(finding), text("code"), line, text("message"), related)
    };
    report["findings"].as_array().unwrap().iter().map(one).collect()
}

/// A release whose files need each other, have mistakes of their own, and some together.
fn release(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("parts").join(name);
    let _ = fs::remove_dir_all(&directory);
    let write = |file: &str, text: &str| {
        let path = directory.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("contentcheck.toml", "exclude = [\"drafts\"]\n");
    write("templates.content", "template t.process @ 1 {\n    1 image: string nocase\n    2 user: string?\n}\n");
    let native = |name: &str, digit: u8, when: &str| {
        format!(
            "rule {name} {{\n    id: \"6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f6{digit}\"\n    template: t.process @ 1\n    severity: low\n    when {when}\n}}\n"
        )
    };
    write("native/a.content", &native("one", 1, "image == \"sh\""));
    write("native/b.content", &native("two", 1, "image like \"*\""));
    write("native/c.content", &native("three", 3, "image == \"a\" and image == \"b\""));
    let sigma = |title: &str, digit: u8, value: &str, more: &str| {
        format!(
            "title: {title}\nid: 7f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f6{digit}\nstatus: test\nlogsource:\n    product: windows\n    category: process_creation\ndetection:\n    s:\n        Image|endswith: '{value}'\n{more}    condition: s\nlevel: low\n"
        )
    };
    write("sigma/d.yml", &sigma("The same", 4, "\\d.exe", ""));
    write("sigma/e.yml", &sigma("The same", 5, "\\d.exe", "    forgotten:\n        Image|endswith: '\\x.exe'\n"));
    write("sigma/f.yml", "title: Cut off\ndetection:\n    s: [\n");
    write("drafts/g.yml", &sigma("The same", 4, "\\d.exe", ""));
    directory
}

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for path in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "content" || ending == "yml")
            && !path.to_string_lossy().ends_with(".test.yml")
        {
            found.push(path);
        }
    }
    found.sort();
}

/// Holds each part of a release to what is said of it in the whole, with what is said elsewhere and is about it.
fn hold(whole: &Path, more: &[&str]) {
    let of_whole = findings(&[whole], more);
    let mut parts = Vec::new();
    files(whole, &mut parts);
    parts.retain(|path| !path.starts_with(whole.join("drafts")));
    let directories: BTreeSet<PathBuf> = parts.iter().map(|path| path.parent().unwrap().to_path_buf()).collect();
    parts.extend(directories.into_iter().filter(|directory| directory != whole));
    let mut of_parts = Findings::new();
    for part in &parts {
        let is_in = |file: &String| Path::new(file).starts_with(part);
        let is_about = |(file, .., related): &&One| is_in(file) || related.iter().any(is_in);
        let expected: Findings = of_whole.iter().filter(is_about).cloned().collect();
        let found = findings(&[part], more);
        assert_eq!(found, expected, "{}", part.display());
        of_parts.extend(found);
    }
    assert_eq!(of_parts, of_whole, "nothing is said of nobody");
}

#[test]
fn a_part_is_told_what_the_whole_says_of_it() {
    hold(&corpus("releases/demo"), &[]);
    let own = release("whole");
    hold(&own, &[]);
    hold(&own, &["--deep"]);
    let all = findings(&[&own], &[]);
    let count = |code: &str| findings(&[&own], &[]).iter().filter(|(_, found, ..)| found == code).count();
    assert!(
        all.iter().any(|(.., related)| !related.is_empty()) && count("CC0606") > 0 && count("CC0702") > 0,
        "{all:?}"
    );
    // Whatever accepts a finding of the rest accepts it beside a part too: the configuration, a baseline, a comment.
    let configure = |more: &str| {
        fs::write(own.join("contentcheck.toml"), format!("exclude = [\"drafts\"]\n{more}")).unwrap();
    };
    for file in ["sigma/d.yml", "sigma/e.yml"] {
        configure(&format!("[per-file-ignores]\n\"{file}\" = [\"CC06\"]\n"));
        hold(&own, &[]);
    }
    configure("");
    let baseline = own.join("baseline.json");
    crate::common::run(&["lint", own.to_str().unwrap(), "--write-baseline", baseline.to_str().unwrap()]);
    configure("baseline = \"baseline.json\"\n");
    assert_eq!(count("CC0606"), 0);
    hold(&own, &[]);
    // Recording a part takes nothing away, and doubles nothing.
    let recorded = fs::read(&baseline).unwrap();
    for part in ["sigma/d.yml", "sigma/e.yml", "sigma", "native/b.content"] {
        let part = own.join(part);
        crate::common::run(&["lint", part.to_str().unwrap(), "--write-baseline", baseline.to_str().unwrap()]);
        assert!(fs::read(&baseline).unwrap() == recorded, "{}", part.display());
    }
    configure("");
    for file in ["sigma/d.yml", "sigma/e.yml"] {
        let text = fs::read_to_string(own.join(file)).unwrap();
        fs::write(own.join(file), format!("# contentcheck: allow-file CC0606 -- it is a copy on purpose\n{text}"))
            .unwrap();
        hold(&own, &[]);
    }
}

#[test]
fn errors_of_the_rest_are_told_by_their_number() {
    let directory = release("errors");
    let said = |path: &str, more: &[&str]| {
        let path = directory.join(path);
        let (exit, out, err) =
            crate::common::run(&[&["lint", path.to_str().unwrap(), "--format", "short"][..], more].concat());
        (exit.number(), String::from_utf8(out).unwrap(), err)
    };
    let (exit, out, err) = said("native/a.content", &[]);
    assert!(err.contains("2 other files of the release have errors"), "{err}");
    assert!(err.contains("checked 1 file with 1 rule:"), "{err}");
    assert!(exit == 1 && out.contains("CC0702") && !out.contains("CC0607"), "{out}");
    // Without settings what is named is all there is.
    let (_, out, err) = said("native/a.content", &["--no-config"]);
    assert!(out.contains("t.process") && !err.contains("other file"), "{out}{err}");
    // What is left out of the release is no part of it, and can be looked at all the same.
    let (_, _, err) = said("drafts/g.yml", &["--no-config"]);
    assert!(err.contains("checked 1 file with 1 rule:"), "{err}");
    // Nor is a directory with settings of its own, or the release before.
    fs::create_dir_all(directory.join("other")).unwrap();
    fs::create_dir_all(directory.join("before")).unwrap();
    fs::write(directory.join("other/contentcheck.toml"), "").unwrap();
    for copy in ["other", "before"] {
        fs::copy(directory.join("native/c.content"), directory.join(copy).join("c.content")).unwrap();
    }
    fs::write(directory.join("contentcheck.toml"), "exclude = [\"drafts\"]\n[gate]\nprevious = \"before\"\n").unwrap();
    let (_, out, _) = said("native/c.content", &[]);
    assert!(!out.contains("CC0702"), "{out}");
    // A part that is fixed changes no other file.
    let before = fs::read(directory.join("sigma/e.yml")).unwrap();
    said("sigma/d.yml", &["--fix"]);
    assert_eq!(fs::read(directory.join("sigma/e.yml")).unwrap(), before);
}

/// A file that is no part of the release takes the rest of it away from no file that is, and settings that do not count are told.
#[test]
fn files_from_elsewhere_change_nothing_of_a_part() {
    let (own, other) = (release("own"), release("other"));
    let loose = own.with_file_name("loose.content");
    fs::copy(own.join("templates.content"), &loose).unwrap();
    let text = fs::read_to_string(&loose).unwrap();
    fs::write(&loose, text.replace("t.process", "loose.process")).unwrap();
    for part in ["native/a.content", "sigma/d.yml", "sigma"] {
        let part = own.join(part);
        let alone = findings(&[&part], &[]);
        for elsewhere in [&loose, &other.join("native/c.content"), &other.join("sigma/f.yml")] {
            let found = findings(&[&part, elsewhere], &[]);
            assert!(found.is_superset(&alone), "{} beside {}: {found:#?}", part.display(), elsewhere.display());
            let named = [part.to_str().unwrap(), elsewhere.to_str().unwrap()];
            let (_, _, err) = crate::common::run(&[&["lint", "--format", "short"][..], &named].concat());
            assert_eq!(err.contains("other/contentcheck.toml does not count here"), elsewhere != &loose, "{err}");
        }
    }
}

/// Whoever runs or ships rules reads what is named alone: copies below one file of settings can be compiled and compared.
#[test]
fn what_runs_or_ships_is_what_was_named() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("parts/copies");
    let _ = fs::remove_dir_all(&directory);
    let rule = release("copied").join("sigma/d.yml");
    for copy in ["staging", "production"] {
        fs::create_dir_all(directory.join(copy)).unwrap();
        fs::copy(&rule, directory.join(copy).join("d.yml")).unwrap();
    }
    fs::write(directory.join("contentcheck.toml"), "").unwrap();
    let [one, other, image] =
        ["staging", "production", "x.ccimage"].map(|name| directory.join(name).display().to_string());
    let run = |arguments: &[&str]| {
        let (exit, out, err) = crate::common::run(arguments);
        (exit.number(), String::from_utf8(out).unwrap() + &err)
    };
    for arguments in [
        &["compile", &one, "-o", &image][..],
        &["diff", &one, &other],
        &["prove", &one],
        &["test", &one, "--allow-none"],
    ] {
        let (exit, said) = run(arguments);
        assert!(exit == 0 && !said.contains("CC0702"), "{arguments:?}: {said}");
    }
    // The whole release says what is wrong with it, and so does each part.
    assert!(run(&["lint", &one, "--format", "short"]).1.contains("CC0702"));
}

/// What comes by standard input stands for the file that it is named as.
#[test]
fn standard_input_stands_for_its_file() {
    let directory = release("standard-input");
    let lint = |text: &str| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_contentcheck"))
            .args(["lint", "-", "--stdin-name", "native/a.content", "--format", "short"])
            .current_dir(&directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let done = child.wait_with_output().unwrap();
        (String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap())
    };
    let text = fs::read_to_string(directory.join("native/a.content")).unwrap();
    let (out, err) = lint(&text);
    assert!(out.contains("CC0702") && out.lines().filter(|line| line.contains("CC0702")).count() == 1, "{out}{err}");
    let (out, err) = lint(&text.replace("e1f61", "e1f69"));
    assert!(out.is_empty(), "{out}{err}");
}
