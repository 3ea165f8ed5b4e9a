//! The tutorials and how-to pages do what they show: each of their commands is run, in order, and prints what the page
//! says. With `BLESS=1` the output is written into the pages.
//!
//! A block of `console` has commands behind `$ ` and below each what it prints: `...` alone stands for any lines, `[..]`
//! for anything within one. A comment `<!-- file: NAME -->` before a block writes the block to that file,
//! `<!-- shows: PATH -->` holds it to a file of this repository, and `<!-- not run: REASON -->` leaves one out, with a
//! reason of the list below.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Parser as _;

/// Why commands of a page are not run.
const REASONS: &[&str] = &["it runs for minutes, and serves until it is stopped", "it is about your own repository"];

/// What is between the outputs of two commands: no command prints it.
const MARK: char = '\u{1}';

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A command of a page, and what the page says that it prints.
struct Step {
    command: String,
    /// Bytes of the page with the output.
    shown: std::ops::Range<usize>,
}

enum Part {
    File { name: String, text: String },
    Step(Step),
}

/// The steps of a page and the files that it has the reader write.
fn parts(name: &str, page: &str) -> Vec<Part> {
    let (mut parts, mut at, mut comment) = (Vec::new(), 0, String::new());
    let mut lines = page.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        at += line.len();
        if let Some(said) = line.trim().strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->")) {
            said.clone_into(&mut comment);
            continue;
        }
        let Some(language) = line.strip_prefix("```") else {
            if !line.trim().is_empty() {
                comment.clear();
            }
            continue;
        };
        let start = at;
        for line in lines.by_ref() {
            at += line.len();
            if line.starts_with("```") {
                break;
            }
        }
        let block = page
            .get(start..at)
            .and_then(|block| block.strip_suffix("```\n"))
            .unwrap_or_else(|| panic!("{name}: a block is not closed"));
        if let Some(file) = comment.strip_prefix("file: ") {
            parts.push(Part::File { name: file.to_owned(), text: block.to_owned() });
        } else if let Some(file) = comment.strip_prefix("shows: ") {
            let text = fs::read_to_string(root().join(file)).unwrap();
            assert!(text.contains(block), "{name} does not show {file} as it is");
        } else if let Some(reason) = comment.strip_prefix("not run: ") {
            assert!(
                REASONS.contains(&reason),
                "{name}: `{reason}` is not one of the reasons for not running a command"
            );
            let commands = block.lines().filter_map(|line| line.strip_prefix("$ contentcheck "));
            commands.for_each(|command| is_command(name, command));
        } else if language.trim() == "console" {
            steps(name, block, start, &mut parts);
        }
        comment.clear();
    }
    parts
}

/// Holds a command that is not run against the command line.
fn is_command(name: &str, command: &str) {
    let words = ["contentcheck"].into_iter().chain(command.split(" > ").next().unwrap_or_default().split_whitespace());
    let parsed = contentcheck::args::Cli::try_parse_from(words);
    assert!(parsed.is_ok(), "{name}: {command}\n{}", parsed.unwrap_err());
}

/// The steps of one block, which begins at a byte of the page.
fn steps(name: &str, block: &str, start: usize, parts: &mut Vec<Part>) {
    assert!(
        block.starts_with("$ "),
        "{name}: a block of `console` begins with `$ `, or says why it is not run:\n{block}"
    );
    let mut at = start;
    let mut is_continued = false;
    for line in block.split_inclusive('\n') {
        at += line.len();
        match (line.strip_prefix("$ "), parts.last_mut()) {
            (_, Some(Part::Step(step))) if is_continued => {
                step.command.push_str(line);
                step.shown = at..at;
            }
            (Some(command), _) => parts.push(Part::Step(Step { command: command.to_owned(), shown: at..at })),
            (None, Some(Part::Step(step))) => step.shown.end = at,
            (None, _) => panic!("{name}: output before the first command"),
        }
        is_continued = line.ends_with("\\\n") && (is_continued || line.starts_with("$ "));
    }
}

/// Whether a line is what a page shows, in which `[..]` stands for anything.
fn fits(shown: &str, line: &str) -> bool {
    let mut pieces = shown.split("[..]");
    let Some(mut rest) = pieces.next().and_then(|first| line.strip_prefix(first)) else { return false };
    let pieces: Vec<&str> = pieces.collect();
    let Some((last, middle)) = pieces.split_last() else { return rest.is_empty() };
    for piece in middle {
        let Some((_, after)) = rest.split_once(piece) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

/// Whether what was printed is what a page shows, in which `...` stands for any lines.
fn agrees(shown: &[&str], printed: &[&str]) -> bool {
    match (shown, printed) {
        ([], []) => true,
        (["...", shown @ ..], _) => {
            (0..=printed.len()).any(|at| printed.get(at..).is_some_and(|rest| agrees(shown, rest)))
        }
        ([shown, more @ ..], [line, rest @ ..]) => fits(shown, line) && agrees(more, rest),
        _ => false,
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// What each step prints, in a directory that has what the pages use of this repository.
fn printed(name: &str, parts: &[Part]) -> Vec<String> {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tutorials").join(name.replace('/', "-"));
    let _ = fs::remove_dir_all(&scratch);
    let home = scratch.join("contentcheck");
    for used in ["examples/sigma-rules", "examples/first-sensor", "corpus/releases"] {
        copy(&root().join(used), &home.join(used));
    }
    let programs = scratch.join("bin");
    fs::create_dir_all(&programs).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_contentcheck"), programs.join("contentcheck")).unwrap();
    // Where a page runs cargo, it is in a clone of the repository: here that is this one.
    let cargo = programs.join("cargo");
    let manifest = root().join("Cargo.toml");
    let real = env!("CARGO");
    let shim = format!(
        "#!/bin/sh\nfirst=$1; shift\nexec '{real}' \"$first\" --locked --manifest-path '{}' \"$@\"\n",
        manifest.display()
    );
    fs::write(&cargo, shim).unwrap();
    fs::set_permissions(&cargo, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut script = String::from("exec 2>&1\nstatus=0\n");
    for part in parts {
        match part {
            Part::File { name, text } => {
                let _ = writeln!(
                    script,
                    "mkdir -p \"$(dirname '{name}')\"; cat > '{name}' <<'END OF FILE'\n{text}END OF FILE"
                );
            }
            Part::Step(step) => {
                let _ = writeln!(script, "printf '{MARK}'; (exit $status)\n{}\nstatus=$?", step.command.trim_end());
            }
        }
    }
    let path = std::env::join_paths(
        std::iter::once(programs).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    );
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(&home)
        .env("PATH", path.unwrap())
        .env("CONTENTCHECK_NO_CACHE", "1")
        .env_remove("CONTENTCHECK_SIGNING_KEY")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split(MARK).skip(1).map(str::to_owned).collect()
}

/// Runs a page: what is not as it says.
fn differences(name: &str) -> Vec<String> {
    let path = root().join(name);
    let mut page = fs::read_to_string(&path).unwrap();
    let parts = parts(name, &page);
    let text: String = page.split("```").step_by(2).collect();
    let named = text.split('`').skip(1).step_by(2).filter_map(|code| code.strip_prefix("contentcheck "));
    named.for_each(|command| is_command(name, command));
    let printed = printed(name, &parts);
    let steps: Vec<&Step> =
        parts.iter().filter_map(|part| if let Part::Step(step) = part { Some(step) } else { None }).collect();
    assert_eq!(steps.len(), printed.len(), "{name}: {printed:#?}");
    let (bless, mut found) = (std::env::var_os("BLESS").is_some(), Vec::new());
    for (step, printed) in steps.iter().zip(&printed).rev() {
        let shown = page.get(step.shown.clone()).unwrap_or_default().to_owned();
        let lines = |text: &str| text.trim_end().lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
        let (expected, got) = (lines(&shown), lines(printed));
        let of = |lines: &'_ [String]| lines.iter().map(String::as_str).collect::<Vec<&str>>().join("\n");
        let is_same = agrees(
            &expected.iter().map(String::as_str).collect::<Vec<_>>(),
            &got.iter().map(String::as_str).collect::<Vec<_>>(),
        );
        if is_same {
            continue;
        }
        let is_partly = expected.iter().any(|line| line == "..." || line.contains("[..]"));
        if bless && !is_partly {
            // A blank line before the next command of the block stays.
            let end = if shown.ends_with("\n\n") { "\n\n" } else { "\n" };
            let new = if got.is_empty() { String::new() } else { of(&got) + end };
            page.replace_range(step.shown.clone(), &new);
        } else {
            found.push(format!("{name}: $ {}\n--- shown\n{}\n--- printed\n{}", step.command, of(&expected), of(&got)));
        }
    }
    if bless {
        fs::write(&path, page).unwrap();
    }
    found.reverse();
    found
}

/// The pages of a directory of docs.
fn pages(directory: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join("docs").join(directory)).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| format!("docs/{directory}/{}", entry.unwrap().file_name().to_string_lossy())).collect();
    names.retain(|name| name.ends_with(".md"));
    names.sort();
    names
}

fn run(directory: &str, least: usize) {
    let pages = pages(directory);
    assert!(pages.len() >= least, "{pages:?}");
    let is_there = Command::new("openssl").arg("version").output().is_ok();
    let of = |name: &String| {
        if !is_there && fs::read_to_string(root().join(name)).unwrap().contains("$ openssl") {
            println!("not run: {name} needs openssl, which is not installed");
            return Vec::new();
        }
        differences(name)
    };
    // These tests are the last ones to start: two pages at a time leave no core idle.
    let found: Vec<String> = std::thread::scope(|scope| {
        let (one, other) = pages.split_at(pages.len() / 2);
        let other = scope.spawn(|| other.iter().flat_map(of).collect::<Vec<_>>());
        let one: Vec<String> = one.iter().flat_map(of).collect();
        one.into_iter().chain(other.join().unwrap()).collect()
    });
    assert!(found.is_empty(), "{}\n\nrun again with BLESS=1 if the new output is right", found.join("\n\n"));
}

#[test]
fn the_tutorials_do_what_they_show() {
    run("tutorials", 4);
}

#[test]
fn the_how_to_pages_do_what_they_show() {
    run("how-to", 5);
}

#[test]
fn what_is_elided_is_any_lines_and_nothing_else() {
    assert!(agrees(&["a", "...", "d"], &["a", "b", "c", "d"]) && agrees(&["...", "d"], &["d"]));
    assert!(agrees(&["took [..] s, [..]"], &["took 1.5 s, 3"]) && agrees(&["..."], &[]));
    assert!(!agrees(&["a", "..."], &["b"]) && !agrees(&["a [..] c"], &["a b d"]) && !agrees(&["a"], &["a", "b"]));
}
