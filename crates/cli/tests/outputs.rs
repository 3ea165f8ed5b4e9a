//! Outputs: nothing that was there is lost, nothing is left behind, and what cannot be written says why with exit 2.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
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

/// A reader that goes away wants no more: every command that writes data ends as it does with a reader, and says the same.
#[test]
fn a_reader_that_goes_away_is_no_fault() {
    let directory = scratch("reader");
    fs::write(directory.join("events.jsonl"), "{\"Image\": \"C:\\\\good.exe\"}\n").unwrap();
    assert_eq!(run(&directory, &["compile", "rules", "-o"], "image").status.code(), Some(0));
    let to_stdout = COMMANDS.map(|command| [command, &["/dev/stdout"]].concat());
    let data: [&[&str]; 24] = [
        &["lint", "rules"],
        &["lint", "rules", "--format", "json"],
        &["lint", "rules", "--format", "sarif"],
        &["fmt", "--diff", "rules"],
        &["explain"],
        &["explain", "CC0101", "CC0102"],
        &["explain", "--format", "json"],
        &["schema", "config"],
        &["sensor", "list"],
        &["gate", "rules", "--only", "lint"],
        &["verify", "image"],
        &["inspect", "image"],
        &["inspect", "image", "--format", "json"],
        &["eval", "events.jsonl", "--rules", "rules", "--all"],
        &["replay", "events.jsonl", "--rules", "rules"],
        &["test", "rules", "--allow-none"],
        &["prove", "rules"],
        &["diff", "rules", "rules"],
        &["fields", "--list"],
        &["fields", "rules"],
        &["completions", "bash"],
        &["man"],
        &["--help"],
        &["--version"],
    ];
    for arguments in data.iter().map(|command| command.to_vec()).chain(to_stdout) {
        let run = |stdout: Stdio| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_contentcheck"));
            command.args(&arguments).current_dir(&directory).stdin(Stdio::null()).stdout(stdout);
            command.stderr(Stdio::piped()).output().unwrap()
        };
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let (gone, read) = (run(writer.into()), run(Stdio::piped()));
        assert_eq!(gone.status.code(), read.status.code(), "{arguments:?}: {}", said(&gone));
        assert!(gone.status.code().is_some_and(|code| code < 2), "{arguments:?}: {}", said(&gone));
        assert!(!said(&gone).contains("pipe"), "{arguments:?}: {}", said(&gone));
    }
}

/// What a gate that was killed left in its evidence is removed by the next one; a file of somebody else stays.
#[test]
fn a_gate_removes_what_a_killed_one_left() {
    let directory = scratch("killed");
    let gate = |directory: &Path| run(directory, &["gate", "rules", "--only", "lint", "--evidence"], "out");
    assert_eq!(gate(&directory).status.code(), Some(0));
    let whole: Vec<String> = tree(&directory.join("out")).into_keys().collect();
    // As `write::mark` makes it of `evidence.json` and 7.
    let mark = "evidence.json"
        .bytes()
        .chain(7_u32.to_le_bytes())
        .fold(0x811C_9DC5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let left = directory.join(format!("out/.evidence.json.00000007{mark:08x}.tmp"));
    let foreign = directory.join("out/.evidence.json.0000000700000000.tmp");
    fs::write(&left, "half").unwrap();
    fs::write(&foreign, "foreign").unwrap();
    let again = gate(&directory);
    assert!(said(&again).contains("removed 1 unfinished file of a run that was killed"), "{}", said(&again));
    assert!(!left.exists() && foreign.exists());
    fs::remove_file(&foreign).unwrap();
    assert_eq!(tree(&directory.join("out")).into_keys().collect::<Vec<_>>(), whole);
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
            ("nowhere/out", "nowhere/out: there is no directory `nowhere`; make it first"),
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

// Made for this test: `openssl genpkey -algorithm ed25519`.
const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIFwFkYxPbHARyDwisUzpT7BdfNsyMQFg5e3FNqFOgBds\n-----END PRIVATE KEY-----\n";
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAbN9JtNih/Tw8psY+UwyJKxKjxdRgYhbiMwmdvj7XrDk=\n-----END PUBLIC KEY-----\n";
const CONTENT: &str = "template acme.process @ 1 {\n    1 image: string nocase\n}\n\
table known @ 1 { image: string key } capacity 10 from \"tables/known.csv\"\n";
const TESTS: &str = "- name: good\n  expect: fires\n  event: { Image: 'C:\\good.exe' }\n";
const SETTINGS: &str = "fleet = [\"fleet.json\"]\nbaseline = \"baseline.json\"\n[release]\nname = \"outputs\"\nsequence = 2\n[gate]\n\
previous = \"old\"\nprevious-evidence = \"before.json\"\nrecordings = [\"recorded\"]\nnever-match = [\"never\"]\n";
/// Every kind of file that the gate reads, by one of the kind.
const INPUTS: [&str; 17] = [
    "rules/rule.yml",
    "rules/known.content",
    "rules/rule.test.yml",
    "rules/tables/known.csv",
    "rules/.contentcheckignore",
    "contentcheck.toml",
    "fleet.json",
    "manifest.json",
    "baseline.json",
    "recorded/events.jsonl",
    "never/events.jsonl",
    "before.json",
    "gate.pem",
    "old/rule.yml",
    "old/tables/known.csv",
    "old/contentcheck.toml",
    "old/.contentcheckignore",
];
/// Those of them that `lint` and `compile` read.
const OF_A_RELEASE: usize = 9;
/// Every file that the gate leaves in a directory of evidence.
const LEFT: [&str; 8] = [
    "evidence.json",
    "evidence.sarif",
    "junit.xml",
    "summary.md",
    "report.html",
    "summary.txt",
    "release.ccimage",
    "attestation.dsse.json",
];
const GATE: [&str; 10] =
    ["gate", "rules", "--only", "lint", "--format", "json", "--evidence", "left", "--sign", "gate.pem"];

/// A release that reads a file of each kind.
fn with_every_input(name: &str) -> PathBuf {
    let directory = scratch(name);
    let put = |path: &str, text: &str| {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    for release in ["rules", "old"] {
        put(&format!("{release}/rule.yml"), RULE);
        put(&format!("{release}/known.content"), CONTENT);
        put(&format!("{release}/tables/known.csv"), "image\ngood.exe\n");
        put(&format!("{release}/.contentcheckignore"), "drafts\n");
    }
    put("rules/rule.test.yml", TESTS);
    put("old/contentcheck.toml", "[release]\nname = \"outputs\"\nsequence = 1\n");
    put("gate.pem", PRIVATE);
    put("fleet.json", "{\"format\": 1, \"sensors\": [\"manifest.json\"]}\n");
    for recordings in ["recorded", "never"] {
        put(&format!("{recordings}/events.jsonl"), "{\"EventID\": 1}\n");
    }
    fine(&directory, &["sensor", "import", "sysmon.xml", "-o", "manifest.json"]);
    fine(&directory, &["lint", "rules", "--write-baseline", "baseline.json"]);
    fine(&directory, &["gate", "old", "--only", "lint", "--evidence", "before"]);
    fs::rename(directory.join("before/evidence.json"), directory.join("before.json")).unwrap();
    fs::remove_dir_all(directory.join("before")).unwrap();
    put("contentcheck.toml", SETTINGS);
    directory
}

fn start(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_contentcheck"));
    command.args(arguments).current_dir(directory).stdin(Stdio::null()).output().unwrap()
}

fn fine(directory: &Path, arguments: &[&str]) {
    let done = start(directory, arguments);
    assert_eq!(done.status.code(), Some(0), "{arguments:?}: {}", said(&done));
}

/// That a run ends with 2, names an input and changes nothing.
fn refused(directory: &Path, arguments: &[&str], input: &str, because: &str) {
    let before = tree(directory);
    let done = start(directory, arguments);
    assert_eq!(done.status.code(), Some(2), "{because}: {arguments:?}: {}", said(&done));
    assert!(said(&done).contains("would replace an input of this run"), "{because}: {}", said(&done));
    let file = input.rsplit('/').next().unwrap();
    assert!(said(&done).contains(file), "{because}: {input}: {}", said(&done));
    let after = tree(directory);
    assert!(after == before, "{because}: {arguments:?}: {:?}", after.keys().collect::<Vec<_>>());
}

#[test]
fn no_kind_of_input_is_replaced_by_any_writer() {
    let directory = with_every_input("every-input");
    let writers: [(&[&str], usize); 5] = [
        (&["lint", "rules", "-o"], OF_A_RELEASE),
        // A baseline may be recorded again.
        (&["lint", "rules", "--write-baseline"], OF_A_RELEASE - 1),
        (&["compile", "rules", "-o"], OF_A_RELEASE),
        (&["compile", "rules", "--no-config", "--sensor", "fleet.json", "-o"], 0),
        (&["gate", "rules", "--only", "lint", "--evidence", "left", "--sign", "gate.pem", "-o"], INPUTS.len()),
    ];
    for (writer, reads) in writers {
        let inputs = if reads == 0 { &["fleet.json", "manifest.json"] } else { &INPUTS[..reads] };
        for (number, input) in inputs.iter().enumerate() {
            let (link, hard) = (directory.join("link"), directory.join("hard"));
            symlink(input, &link).unwrap();
            fs::hard_link(directory.join(input), &hard).unwrap();
            let hop = format!("rules/../{input}");
            // Its own name, and one of the others in turn.
            let others = ["link", "hard", hop.as_str()];
            for output in [input, others[number % others.len()]] {
                refused(&directory, &[writer, &[output]].concat(), input, output);
            }
            fs::remove_file(link).unwrap();
            fs::remove_file(hard).unwrap();
        }
        if reads > 0 {
            fine(&directory, &[writer, &["plain"]].concat());
        }
    }
    fine(&directory, &["lint", "rules", "--write-baseline", "baseline.json"]);
}

#[test]
fn no_input_is_cleared_from_a_directory_of_evidence() {
    let directory = with_every_input("evidence");
    fine(&directory, &GATE);
    assert!(LEFT.iter().all(|name| directory.join("left").join(name).is_file()));
    for (number, input) in INPUTS.iter().enumerate() {
        let own = directory.join(input);
        // Each kind under two of the names, so that each name has several kinds.
        for name in [LEFT[number % LEFT.len()], LEFT[(number + 3) % LEFT.len()]] {
            let left = directory.join("left").join(name);
            fs::remove_file(&left).unwrap();
            // The input is elsewhere, and a link to it stands where the evidence goes.
            symlink(&own, &left).unwrap();
            refused(&directory, &GATE, input, name);
            fs::remove_file(&left).unwrap();
            // The input stands where the evidence goes, and is read through a link.
            fs::rename(&own, &left).unwrap();
            symlink(&left, &own).unwrap();
            refused(&directory, &GATE, input, name);
            fs::remove_file(&own).unwrap();
            fs::hard_link(&left, &own).unwrap();
            refused(&directory, &GATE, input, name);
            fs::remove_file(&own).unwrap();
            fs::copy(&left, &own).unwrap();
        }
    }
    // What no run wrote is not written over either; beside it evidence has no place.
    let done = start(&directory, &GATE);
    assert!(
        done.status.code() == Some(2) && said(&done).contains("no run of the gate wrote this file"),
        "{}",
        said(&done)
    );
    fs::remove_dir_all(directory.join("left")).unwrap();
    fine(&directory, &GATE);
    fine(&directory, &GATE);
}

/// Also where the run ends before it has read the input.
#[test]
fn a_run_that_ends_early_clears_no_input() {
    let directory = with_every_input("early");
    let gate: &[&str] = &["gate", "rules", "--only", "lint", "--evidence", "never"];
    let never = directory.join("never/evidence.json");
    fs::rename(directory.join("never/events.jsonl"), &never).unwrap();
    let settings = |text: &str| fs::write(directory.join("contentcheck.toml"), text).unwrap();
    refused(&directory, gate, "evidence.json", "configured");
    for wrong in ["baseline.json", "fleet.json", "recorded", "old", "before.json"] {
        settings(&SETTINGS.replace(wrong, "nowhere"));
        refused(&directory, gate, "evidence.json", wrong);
        settings("");
        let named = [gate, &["--never-match", "never", "--recordings", "nowhere"]].concat();
        refused(&directory, &named, "evidence.json", wrong);
    }
    // What a configuration names that cannot be read is told by what it holds.
    for wrong in ["[", "[gate]\nnever-mach = [\"never\"]\n", &format!("{SETTINGS}allow-shrink = true\n")] {
        settings(wrong);
        let before = tree(&directory);
        let done = start(&directory, gate);
        assert_eq!(done.status.code(), Some(2), "{}", said(&done));
        assert!(said(&done).contains("never/evidence.json: left as it is"), "{}", said(&done));
        assert!(tree(&directory) == before, "{wrong}");
    }
    // The evidence of the run before is no exception where it is in the directory itself.
    settings("");
    fs::copy(directory.join("before.json"), &never).unwrap();
    refused(&directory, &[gate, &["--previous-evidence", "never/evidence.json"]].concat(), "evidence.json", "previous");
}

#[test]
fn a_signing_key_that_is_none_is_no_wish_for_no_signature() {
    let directory = scratch("signing");
    let gate = |key: &OsStr, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_contentcheck"));
        command.args(["gate", "rules", "--only", "lint"]).args(more).current_dir(&directory).stdin(Stdio::null());
        command.env("CONTENTCHECK_SIGNING_KEY", key).output().unwrap()
    };
    let half = PRIVATE.get(..PRIVATE.len() / 2).unwrap();
    let wrong = ["", " ", "\n", "\t \r\n", "x", "gate.pem", PUBLIC, half].map(OsString::from);
    for key in wrong.into_iter().chain([OsString::from_vec(vec![0xff, 0xfe])]) {
        let done = gate(&key, &["--evidence", "left"]);
        assert_eq!(done.status.code(), Some(2), "{key:?}: {}", said(&done));
        for words in ["CONTENTCHECK_SIGNING_KEY", "ed25519 private key in PEM"] {
            assert!(said(&done).contains(words), "{key:?}: {}", said(&done));
        }
        assert!(!directory.join("left").exists(), "{key:?}");
        // A file is named as the variable is.
        fs::write(directory.join("wrong.pem"), key.as_encoded_bytes()).unwrap();
        let done = gate(OsStr::new(PRIVATE), &["--evidence", "left", "--sign", "wrong.pem"]);
        assert_eq!(done.status.code(), Some(2), "{key:?}: {}", said(&done));
        assert!(said(&done).contains("wrong.pem: ") && said(&done).contains("PEM"), "{key:?}: {}", said(&done));
        let done = gate(&key, &[]);
        assert_eq!(done.status.code(), Some(0), "{key:?}: {}", said(&done));
        assert!(said(&done).contains("CONTENTCHECK_SIGNING_KEY is set, and there is no --evidence"), "{}", said(&done));
    }
    let done = gate(OsStr::new(PRIVATE), &["--evidence", "left"]);
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    assert!(directory.join("left/attestation.dsse.json").is_file());
}

/// A gate that is at fault is told apart from a release that is bad: it is an error of the tool and no failure of the release.
#[test]
fn a_gate_that_is_at_fault_is_no_failure_of_the_release() {
    use contentcheck::args::GateFormat;
    use contentcheck::report::gate::write;
    use contentcheck_gate::evidence::{Evidence, Finding};

    let file =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/releases/demo-11/evidence/evidence.json");
    let mut evidence = Evidence::from_json(&std::fs::read(file).unwrap()).unwrap();
    let sarif = |evidence: &Evidence| write(GateFormat::Sarif, evidence, false).ok().unwrap();
    let junit = |evidence: &Evidence| write(GateFormat::Junit, evidence, false).ok().unwrap();
    assert!(sarif(&evidence).contains("\"executionSuccessful\": true"));
    assert!(!junit(&evidence).contains("<error "));
    let blind = Finding::new(&contentcheck_model::diagnostic::codes::GATE_BLIND, "it passed what it had to reject");
    evidence.checks.first_mut().unwrap().findings.push(blind);
    assert!(sarif(&evidence).contains("\"executionSuccessful\": false"));
    assert!(junit(&evidence).contains("errors=\"1\""));
}
