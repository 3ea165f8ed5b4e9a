//! Outputs: nothing that was there is lost, nothing is left behind, and what cannot be written says why with exit 2.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const RULE: &str = "\
title: A rule with an output
id: 6d28c4b3-6a5c-4c41-9f1f-0d0c7a3d5a10
status: test
level: high
logsource:
    product: windows
    category: process_creation
detection:
    selection:
        Image|endswith: '\\good.exe'
    condition: selection
";

const MANIFEST: &str = "<manifest schemaversion=\"4.90\" binaryversion=\"15.0\"><configuration/><events><event \
                        name=\"SYSMONEVENT_CREATE_PROCESS\" value=\"1\" level=\"Informational\" template=\"Process Create\" \
                        rulename=\"ProcessCreate\" version=\"5\"><data name=\"Image\" inType=\"win:UnicodeString\" \
                        outType=\"xs:string\"/></event></events></manifest>";

fn scratch(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("outputs").join(name);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(directory.join("rules")).unwrap();
    fs::write(directory.join("rules/rule.yml"), RULE).unwrap();
    fs::write(directory.join("contentcheck.toml"), "[release]\nname = \"outputs\"\n").unwrap();
    fs::write(directory.join("sysmon.xml"), MANIFEST).unwrap();
    directory
}

/// Every command that writes a file, but for the file.
const COMMANDS: [&[&str]; 4] = [
    &["lint", "rules", "--format", "json", "-o"],
    &["compile", "rules", "-o"],
    &["gate", "rules", "--only", "lint", "--format", "json", "-o"],
    &["sensor", "import", "sysmon.xml", "-o"],
];

fn run(directory: &Path, arguments: &[&str], output: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_contentcheck"))
        .args(arguments)
        .arg(output)
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Every file by what it holds.
fn tree(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(tree(&path));
        } else if path.is_file() {
            found.insert(path.display().to_string(), fs::read(&path).unwrap());
        }
    }
    found
}

/// What a command writes to a file that was not there.
fn plain(directory: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = run(directory, arguments, "plain");
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", said(&output));
    let bytes = fs::read(directory.join("plain")).unwrap();
    assert!(!bytes.is_empty(), "{arguments:?}");
    fs::remove_file(directory.join("plain")).unwrap();
    bytes
}

/// Without what differs from run to run.
fn alike(arguments: &[&str], one: &[u8], other: &[u8]) {
    if arguments.first() == Some(&"gate") {
        assert!(serde_json::from_slice::<serde_json::Value>(other).is_ok(), "{}", String::from_utf8_lossy(other));
    } else {
        assert!(one == other, "{arguments:?}");
    }
}

#[test]
fn pipes_and_devices_are_written_and_stay_what_they_are() {
    let directory = scratch("devices");
    let fifo = directory.join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    for arguments in COMMANDS {
        let expected = plain(&directory, arguments);
        let reader = {
            let fifo = fifo.clone();
            std::thread::spawn(move || fs::read(fifo).unwrap())
        };
        let output = run(&directory, arguments, "fifo");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", said(&output));
        alike(arguments, &expected, &reader.join().unwrap());
        assert!(fs::metadata(&fifo).unwrap().file_type().is_fifo(), "{arguments:?}");
        assert_eq!(run(&directory, arguments, "/dev/null").status.code(), Some(0), "{arguments:?}");
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
        for name in ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
            let output = run(&directory, arguments, name);
            assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", said(&output));
            alike(arguments, &expected, &output.stdout);
            // Where the shell sends it to the end of a file, what was there stays.
            let log = directory.join("log");
            fs::write(&log, "before\n").unwrap();
            let opened = fs::OpenOptions::new().append(true).open(&log).unwrap();
            let done = Command::new(env!("CARGO_BIN_EXE_contentcheck"))
                .args(arguments)
                .arg(name)
                .current_dir(&directory)
                .stdout(opened)
                .output()
                .unwrap();
            assert_eq!(done.status.code(), Some(0), "{arguments:?}: {}", said(&done));
            let log = fs::read(&log).unwrap();
            alike(arguments, &expected, log.strip_prefix(b"before\n").unwrap());
        }
    }
}

#[test]
fn what_cannot_be_written_is_left_alone_and_said() {
    let directory = scratch("refused");
    symlink("round", directory.join("round")).unwrap();
    let before = tree(&directory);
    for arguments in COMMANDS {
        for (output, reason) in [
            ("rules", "rules: it is a directory"),
            ("nowhere/out", "nowhere/out: there is no such file or directory"),
            ("round", "round: "),
            ("contentcheck.toml/out", "contentcheck.toml/out: "),
            ("/proc/out", "/proc/out: "),
            ("/dev/full", "/dev/full: no space left on device"),
        ] {
            let done = run(&directory, arguments, output);
            assert_eq!(done.status.code(), Some(2), "{arguments:?} {output}: {}", said(&done));
            assert!(said(&done).contains(&format!("error: {reason}")), "{arguments:?} {output}: {}", said(&done));
            assert!(tree(&directory) == before, "{arguments:?} {output}");
        }
    }
}

#[test]
fn no_input_is_replaced_under_whatever_name() {
    let directory = scratch("inputs");
    symlink("rules/rule.yml", directory.join("link")).unwrap();
    symlink("contentcheck.toml", directory.join("settings")).unwrap();
    symlink("sysmon.xml", directory.join("manifest")).unwrap();
    let before = tree(&directory);
    for arguments in COMMANDS {
        let inputs: &[&str] = if arguments.first() == Some(&"sensor") {
            &["sysmon.xml", "./sysmon.xml", "manifest", "rules/../sysmon.xml"]
        } else {
            &["rules/rule.yml", "rules/../rules/rule.yml", "link", "contentcheck.toml", "settings"]
        };
        for input in inputs {
            let done = run(&directory, arguments, input);
            assert_eq!(done.status.code(), Some(2), "{arguments:?} {input}: {}", said(&done));
            assert!(said(&done).contains("would replace an input of this run"), "{arguments:?}: {}", said(&done));
            assert!(tree(&directory) == before, "{arguments:?} {input}");
        }
    }
}

#[test]
fn links_are_followed_and_files_of_others_stay() {
    let directory = scratch("links");
    for arguments in COMMANDS {
        let expected = plain(&directory, arguments);
        let link = directory.join("dangling");
        symlink("made", &link).unwrap();
        // What others left beside it, under names that a careless program would take.
        for foreign in [".made.1.tmp", ".made.tmp", "made.tmp", ".dangling.1.tmp"] {
            fs::write(directory.join(foreign), "foreign").unwrap();
        }
        for _ in 0..2 {
            let output = run(&directory, arguments, "dangling");
            assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", said(&output));
            alike(arguments, &expected, &fs::read(directory.join("made")).unwrap());
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        }
        for foreign in [".made.1.tmp", ".made.tmp", "made.tmp", ".dangling.1.tmp"] {
            assert_eq!(fs::read(directory.join(foreign)).unwrap(), b"foreign");
            fs::remove_file(directory.join(foreign)).unwrap();
        }
        fs::remove_file(link).unwrap();
        fs::remove_file(directory.join("made")).unwrap();
        let left: Vec<String> = tree(&directory).into_keys().filter(|name| name.contains(".tmp")).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}
