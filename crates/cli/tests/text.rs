//! Text of content, through every command and format: no title, name of a file or field, and no message is a line of its
//! own, acts on a terminal, or is a command for the machine that reads the log.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What a title holds: ESC, a line with a command, direction, separators, NUL, the ends of CDATA and HTML, a formula.
const HOSTILE: [&str; 8] = [
    "a\u{1b}[2Jb",
    "a\n::error file=x::HIJACK\nb",
    "a\u{202e}b",
    "a\u{2028}::error::HIJACK\u{85}::error::HIJACK",
    "a\u{0}\u{7f}\u{200b}b",
    "]]><script>alert(1)</script>",
    "=HIJACK()",
    "##vso[task.setvariable variable=x]HIJACK ##[error]HIJACK",
];

fn scratch(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("text").join(name);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    directory
}

/// A string as YAML has it in double quotes.
fn yaml(text: &str) -> String {
    let each = text.chars().map(|letter| match letter {
        '"' | '\\' => format!("\\{letter}"),
        letter if letter == '\u{0}' || letter.is_control() || !letter.is_ascii() => {
            format!("\\U{:08X}", u32::from(letter))
        }
        letter => letter.to_string(),
    });
    format!("\"{}\"", each.collect::<String>())
}

fn rule(at: usize, title: &str, field: &str) -> String {
    format!(
        "title: {}\nid: 6d28c4b3-6a5c-4c41-9f1f-0d0c7a3d5a{at:02}\nstatus: test\nlevel: high\nlogsource:\n    product: \
         windows\n    service: system\ndetection:\n    selection:\n        Channel: System\n        {}: {}\n    \
         condition: selection\n",
        yaml(title),
        yaml(&format!("{field}|contains")),
        yaml(title),
    )
}

/// Files whose names, titles, fields and values are hostile.
fn release(directory: &Path) {
    for (at, text) in HOSTILE.iter().enumerate() {
        let name: String = text.chars().filter(|letter| !matches!(letter, '/' | '\0')).collect();
        fs::write(directory.join(format!("{name}.yml")), rule(at, text, &format!("Data{at}"))).unwrap();
        // The name begins a line where names do.
        fs::write(directory.join(format!("::error file=x,{at}::HIJACK.yml")), rule(at + 20, text, text)).unwrap();
        fs::write(
            directory.join(format!("{name}.test.yml")),
            format!(
                "- name: {}\n  expect: fires\n  event: {{ Channel: System, Data{at}: {} }}\n",
                yaml(text),
                yaml(text)
            ),
        )
        .unwrap();
    }
}

fn run(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_contentcheck")).args(arguments).current_dir(directory).output().unwrap()
}

/// What nothing that is printed may hold, but for what the format itself means.
fn check(what: &str, bytes: &[u8], github: bool) {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    for letter in text.chars() {
        let acts = (letter.is_control() && !matches!(letter, '\n' | '\t'))
            || matches!(letter, '\u{200b}' | '\u{202e}' | '\u{2028}' | '\u{2029}' | '\u{feff}');
        assert!(!acts, "{what}: U+{:04X} in\n{text:?}", u32::from(letter));
    }
    for line in text.lines() {
        let begins = line.trim_start();
        assert!(github || !begins.starts_with("::"), "{what}: {line:?}");
        assert!(!begins.starts_with("HIJACK"), "{what}: {line:?}");
        for command in ["##[", "##vso["] {
            assert!(!line.contains(command), "{what}: {line:?}");
        }
        if github {
            let (_, rest) = line.split_at_checked(2).unwrap();
            let command = rest.split([' ', ':']).next().unwrap();
            assert!(["error", "warning", "notice"].contains(&command), "{what}: {line:?}");
            // One command in a line, as `::` in a property is escaped.
            let (properties, _) = rest.split_once("::").unwrap();
            assert!(
                !properties.contains("file=x") || properties.contains("%3A%3A") || properties.contains("u{3a}"),
                "{what}: {line:?}"
            );
        }
    }
}

fn all(directory: &Path, arguments: &[&str]) {
    let output = run(directory, arguments);
    let what = arguments.join(" ");
    let github = arguments.contains(&"github");
    let json = arguments.iter().any(|word| ["json", "ndjson", "sarif", "gitlab"].contains(word));
    assert!(output.status.code().is_some_and(|code| code < 3), "{what}: {}", String::from_utf8_lossy(&output.stderr));
    if json {
        // Data for machines: line breaks and controls are escapes of JSON, and the rest is theirs to read.
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            !text.contains('\u{1b}') && !text.lines().any(|line| line.trim_start().starts_with("::")),
            "{what}: {text}"
        );
    } else {
        check(&what, &output.stdout, github);
    }
    check(&format!("standard error of {what}"), &output.stderr, false);
    if arguments.contains(&"html") {
        let text = String::from_utf8(run(directory, arguments).stdout).unwrap();
        assert!(!text.contains("<script>alert"), "{what}");
    }
}

#[test]
fn nothing_of_content_acts_on_who_reads_what_is_printed() {
    let root = scratch("all");
    let content = root.join("content");
    fs::create_dir_all(&content).unwrap();
    release(&content);
    let events: String = HOSTILE
        .iter()
        .enumerate()
        .map(|(at, text)| {
            serde_json::json!({ "Channel": "System", format!("Data{at}"): text, *text: text }).to_string() + "\n"
        })
        .collect();
    fs::write(
        root.join("events.jsonl"),
        events + "{\"Channel\": \u{1b}\n{\"Channel\":\"Nobody\",\"\u{202e}\":\"\\u001b\"}\n",
    )
    .unwrap();
    fs::create_dir_all(root.join("::error::HIJACK")).unwrap();
    fs::copy(root.join("events.jsonl"), root.join("::error::HIJACK/\u{1b}[2J\n::error::HIJACK.jsonl")).unwrap();
    let skip = ["--no-config", "--skip-errors"];
    for format in ["human", "short", "json", "sarif", "github", "junit", "gitlab"] {
        all(&root, &["lint", "content", "--no-config", "--show", "info", "--format", format]);
    }
    all(&root, &["lint", "content", "--no-config", "--deep", "--diff"]);
    for format in ["human", "json", "ndjson", "csv"] {
        for recorded in ["events.jsonl", "::error::HIJACK"] {
            all(&root, &[&["eval", "--rules", "content", recorded, "--all", "--format", format], &skip[..]].concat());
        }
    }
    for format in ["human", "json"] {
        all(
            &root,
            &[&["eval", "--rules", "content", "events.jsonl", "--explain", HOSTILE[0], "--format", format], &skip[..]]
                .concat(),
        );
        all(
            &root,
            &[&["replay", "--rules", "content", "events.jsonl", "::error::HIJACK", "--format", format], &skip[..]]
                .concat(),
        );
        all(&root, &[&["test", "content", "--format", format], &skip[..]].concat());
        all(
            &root,
            &[&["bench", "--rules", "content", "events.jsonl", "--rounds", "1", "--format", format], &skip[..]]
                .concat(),
        );
    }
    all(&root, &[&["test", "content", "--format", "junit"], &skip[..]].concat());
    for format in ["human", "json", "ndjson"] {
        all(&root, &[&["prove", "content", "--format", format], &skip[..]].concat());
        all(&root, &[&["prove", "content", "--rule", HOSTILE[1], "--format", format], &skip[..]].concat());
    }
    for format in ["native", "ndjson"] {
        all(&root, &[&["witness", "content", "--rule", HOSTILE[1], "--format", format], &skip[..]].concat());
    }
    let newer = root.join("newer");
    fs::create_dir_all(&newer).unwrap();
    for (at, text) in HOSTILE.iter().enumerate() {
        fs::write(newer.join(format!("{at}.yml")), rule(at, &format!("{text}!"), &format!("Data{at}"))).unwrap();
    }
    for format in ["human", "json", "ndjson"] {
        all(&root, &[&["diff", "content", "newer", "--semantic", "--format", format], &skip[..]].concat());
    }
    for format in ["human", "json", "markdown"] {
        all(&root, &["fields", "content", "--no-config", "--format", format]);
        all(&root, &["fields", "content", "--no-config", "--template", HOSTILE[1], "--format", format]);
        all(
            &root,
            &["fields", "content", "--no-config", "--logsource", "product=windows,service=system", "--format", format],
        );
    }
    all(&root, &[&["compile", "content", "-o", "image"], &skip[..]].concat());
    all(&root, &["verify", "image", "--sensor", "builtin:windows"]);
    all(&root, &["inspect", "image"]);
    for format in ["human", "json", "markdown"] {
        all(&root, &["inspect", "image", "--template", "windows.system.other", "--format", format]);
    }
    all(&root, &["inspect", "image", "--rule", HOSTILE[0]]);
    all(&root, &["inspect", "image", "--rule", HOSTILE[1]]);
    for format in ["human", "json", "sarif", "junit", "markdown", "github", "html"] {
        all(
            &root,
            &[
                "gate",
                "content",
                "--no-config",
                "--only",
                "lint,compile,verify,tests,coverage,replay",
                "--recordings",
                "events.jsonl",
                "--never-match",
                "::error::HIJACK",
                "--previous",
                "newer",
                "--format",
                format,
            ],
        );
    }
}

/// Names of files and of what is asked for, in messages of what cannot be done.
#[test]
fn failures_name_things_without_doing_what_they_say() {
    let root = scratch("failures");
    for text in HOSTILE.iter().filter(|text| !text.contains('\0')) {
        for arguments in [
            &["lint", text][..],
            &["lint", ".", "--config", text],
            &["lint", ".", "--fleet", text],
            &["compile", text, "-o", "x"],
            &["verify", text],
            &["inspect", text],
            &["eval", "--rules", ".", text],
            &["sensor", "show", text],
            &["sensor", "import", text],
            &["fields", "--template", text],
            &["fields", "--logsource", text],
            &["explain", text],
            &["gate", ".", "--only", text],
            &["attest", "verify", text, "--key", text, "--image", text],
        ] {
            let output = run(&root, arguments);
            assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
            check(&format!("{arguments:?}"), &output.stderr, false);
        }
    }
}

/// A sensor calls itself and its inputs what it likes, within what a manifest may say.
#[test]
fn manifests_are_shown_without_doing_what_they_say() {
    let root = scratch("manifests");
    for (at, text) in HOSTILE.iter().enumerate() {
        let manifest = serde_json::json!({
            "format": 1, "sensor": "acme", "version": "1", "origin": text,
            "templates": { "acme.x": { "inputs": [{ "name": text, "type": "string" }] } },
        });
        let file = root.join(format!("{at}.json"));
        fs::write(&file, manifest.to_string()).unwrap();
        let name = format!("{at}.json");
        for format in ["human", "json", "markdown"] {
            all(&root, &["sensor", "show", &name, "--format", format]);
            all(&root, &["sensor", "list", &name, "--format", format]);
            all(&root, &["sensor", "diff", &name, "builtin:sysmon/4.90", "--format", format]);
        }
    }
}

/// A spreadsheet takes no cell for a formula.
#[test]
fn cells_are_no_formulas() {
    let root = scratch("cells");
    let formulas = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "a,=b", "\"=1", "\n=1", "plain"];
    for (at, title) in formulas.iter().enumerate() {
        fs::write(root.join(format!("{at}.yml")), rule(at, title, "Data")).unwrap();
    }
    fs::write(root.join("=events.jsonl"), serde_json::json!({ "Channel": "System", "Data": formulas }).to_string())
        .unwrap();
    let output =
        run(&root, &["eval", "--rules", ".", "=events.jsonl", "--format", "csv", "--no-config", "--skip-errors"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.lines().count() > 5, "{text}{}", String::from_utf8_lossy(&output.stderr));
    for line in text.lines().skip(1) {
        // Cells, with quoted commas put together again.
        let mut quoted = false;
        let cells = line.split(|letter: char| {
            quoted ^= letter == '"';
            letter == ',' && !quoted
        });
        for cell in cells {
            let shown = cell.strip_prefix('"').unwrap_or(cell).trim_start();
            assert!(!shown.starts_with(['=', '+', '-', '@', '\t', '\r']), "{line}");
        }
    }
    assert!(text.contains(",'=1+1,") && text.contains(",plain,") && text.contains("'=events.jsonl"), "{text}");
}
