//! Recorded events and tests: `eval`, `test`, `replay` and `bench` as processes, on our own files.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use contentcheck::args::SchemaName;
use contentcheck::commands::schema::schema;
use serde_json::{Value, json};

use crate::as_sensor::of_two_sensors;

pub(crate) struct Run {
    pub(crate) exit: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/events")
}

/// A fresh directory.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("events").join(name);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    directory
}

pub(crate) fn run_with(arguments: &[&str], input: &[u8]) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_contentcheck"))
        .current_dir(here())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses its command line does not read.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { exit: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

pub(crate) fn run(arguments: &[&str]) -> Run {
    run_with(arguments, b"")
}

pub(crate) fn eval(more: &[&str], input: &[u8]) -> Run {
    run_with(&[&["eval", "--rules", "rules"], more].concat(), input)
}

pub(crate) fn valid(name: SchemaName, text: &str) -> Value {
    let schema = schema(name).unwrap_or_else(|failure| panic!("{}", failure.message));
    jsonschema::meta::validate(&schema).unwrap();
    let value: Value = serde_json::from_str(text).unwrap();
    let validator = jsonschema::options().build(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let mut more = value.clone();
    more.as_object_mut().unwrap().insert("more".to_owned(), json!(1));
    assert!(!validator.is_valid(&more), "the schema admits unknown members");
    value
}

#[test]
fn matches_are_shown_with_their_place_and_everything_else_is_told() {
    let Run { exit, out, err } = eval(&["acme.jsonl"], b"");
    assert_eq!(
        out,
        "high           acme.jsonl: line 1                acme.process                        Shell of the system account (0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8a11)
low            acme.jsonl: line 1                acme.process                        Process with a low number, told early (7c1b0f6e-5a0c-4a0e-9b7e-8d4b6ad1f8a2)
low            acme.jsonl: line 2                acme.process                        Process with a low number, told early (7c1b0f6e-5a0c-4a0e-9b7e-8d4b6ad1f8a2)
"
    );
    assert_eq!(
        err,
        "read 4 events from 1 source: 3 of a known template type, 1 not recognised; 3 matches
1 event was not recognised, and no rule looked at it: if they are all of one kind, say which with --template NAME; events otherwise need the names that their template type `reads`, such as Channel and EventID
1 value was not of the type of the field and counted as absent: pid of acme.process (1)
not recognised, by kind:
  1 event: it is of the channel `Other`, which no template type recognises (acme.jsonl: line 5)
"
    );
    assert_eq!(exit, 0);
}

#[test]
fn formats_hold_the_same_records() {
    let json = eval(&["acme.jsonl", "document.json", "--all", "--format", "json"], b"");
    let report = valid(SchemaName::Eval, &json.out);
    let lines = eval(&["acme.jsonl", "document.json", "--all", "--format", "ndjson"], b"");
    let lines: Vec<Value> = lines.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(report["records"], json!(lines));
    let outcomes: Vec<&str> = lines.iter().map(|line| line["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["match", "match", "match", "no_match", "not_recognised", "match", "no_match"]);
    assert_eq!(lines[6]["place"], "object 2, line 3");
    assert_eq!(
        report["totals"],
        json!({ "sources": 2, "events": 6, "routed": 5, "evaluated": 5, "not_recognised": 1, "unread": 0,
            "not_converted": 1, "matches": 4 })
    );
    assert_eq!(report["not_converted"], json!([{ "template": "acme.process", "field": "pid", "count": 1 }]));
    let csv = eval(&["acme.jsonl", "document.json", "--all", "--format", "csv"], b"").out;
    let rows: Vec<&str> = csv.lines().collect();
    assert_eq!(rows.len(), 1 + lines.len());
    assert_eq!(rows[0], "outcome,source,place,number,template,level,rule,id,title,file");
    let quoted = "early_process,7c1b0f6e-5a0c-4a0e-9b7e-8d4b6ad1f8a2,\"Process with a low number, told early\",rules/acme.content";
    assert_eq!(rows[2], format!("match,acme.jsonl,line 1,1,acme.process,low,{quoted}"));
    assert_eq!(rows[5], "not_recognised,acme.jsonl,line 5,5,,,,,,");
    let empty = eval(&["--format", "json"], b"");
    assert_eq!(valid(SchemaName::Eval, &empty.out)["records"], json!([]));
}

#[test]
fn standard_input_is_read_where_nothing_is_named() {
    let events = fs::read(here().join("acme.jsonl")).unwrap();
    let named = eval(&["-", "--format", "ndjson"], &events);
    assert_eq!(named.out.lines().count(), 3);
    assert!(named.out.contains("\"source\":\"stdin\""));
    assert_eq!(eval(&["--format", "ndjson"], &events).out, named.out);
    let both = run_with(&["eval", "-", "--rules", "-"], &events);
    assert_eq!((both.exit, both.out.as_str()), (2, ""));
    assert!(both.err.contains("events or rules, not both"), "{}", both.err);
}

#[test]
fn a_template_type_can_be_named_for_events_that_do_not_say_theirs() {
    let unknown = eval(&["bare.jsonl"], b"");
    assert_eq!((unknown.exit, unknown.out.as_str()), (0, ""));
    assert!(unknown.err.contains("--template NAME"), "{}", unknown.err);
    let known = eval(&["bare.jsonl", "--template", "acme.process"], b"");
    assert!(known.out.contains("Shell of the system account"), "{}", known.out);
    let nearly = eval(&[], br#"{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":999}"#);
    let said = "1 event: it is nearly one of `windows.sysmon.clipboard_capture`, but has no `Provider_Name` and has another `EventID` (stdin: line 1)";
    assert!(nearly.err.contains(said), "{}", nearly.err);
    let slip = eval(&["bare.jsonl", "--template", "acme.proces"], b"");
    assert_eq!(slip.exit, 2);
    assert!(slip.err.contains("did you mean `acme.process`?"), "{}", slip.err);
    let other = eval(&["acme.jsonl", "--template", "acme.process"], b"");
    assert!(other.err.contains("they say themselves that they are not of `acme.process`"), "{}", other.err);
}

#[test]
fn what_cannot_be_read_is_told_with_its_place_and_fails_the_run() {
    let directory = scratch("broken");
    let write = |name: &str, bytes: &[u8]| {
        fs::write(directory.join(name), bytes).unwrap();
        directory.join(name).display().to_string()
    };
    let many = fs::read_to_string(here().join("acme.jsonl")).unwrap().repeat(2_000);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(many.as_bytes()).unwrap();
    let gzip = encoder.finish().unwrap();
    let zstd = ruzstd::encoding::compress_to_vec(many.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest);
    for packed in [&gzip, &zstd] {
        let whole = eval(&[&write("whole.jsonl.packed", packed), "--format", "csv"], b"");
        assert_eq!((whole.exit, whole.out.lines().count()), (0, 6_001), "{}", whole.err);
        let cut = write("cut", &packed[..packed.len() / 2]);
        let cut = eval(&[&cut, "--format", "csv"], b"");
        assert_eq!(cut.exit, 1);
        assert!(cut.err.contains("cut: the compressed data is damaged or cut off"), "{}", cut.err);
        assert!(cut.err.contains("help: copy the file again"), "{}", cut.err);
    }
    let cases: [(&str, &[u8], &str); 6] = [
        ("xml", b"<Events><Event/></Events>", "the source is XML"),
        ("utf16", b"\xff\xfe{\0}\0", "the source is UTF-16"),
        ("bytes", b"\x00\x01\x02\xff\xfe\x80 nonsense\n", "the source is neither JSON nor an event log"),
        ("scalar", b"{\"a\":1}\n17\n", "line 2: the record is no JSON object"),
        ("cut-document", b"[\n{\"a\": 1},\n{\"a\": ", "the source ends within a record"),
        ("cut-log", b"ElfFile\0 and then nothing", "read 0 events"),
    ];
    for (name, bytes, message) in cases {
        let path = write(name, bytes);
        let strict = eval(&[&path], b"");
        assert!(strict.err.contains(message), "{name}: {}", strict.err);
        if name != "cut-log" {
            assert_eq!(strict.exit, 1, "{name}: {}", strict.err);
            assert!(strict.err.contains(&path), "{}", strict.err);
        }
        let lenient = eval(&[&path, "--lenient"], b"");
        assert_eq!(lenient.exit, 0, "{name}: {}", lenient.err);
        assert!(lenient.err.contains(message), "{}", lenient.err);
    }
    let mixed = eval(
        &["--format", "csv"],
        b"{\"Channel\":\"Acme/Process\",\"pid\":1}\n{oops\n{\"Channel\":\"Acme/Process\",\"pid\":2}\n",
    );
    assert_eq!((mixed.exit, mixed.out.lines().count()), (1, 3), "what stands around a bad record is evaluated");
    assert!(mixed.err.contains("stdin: line 2: not JSON"), "{}", mixed.err);
}

#[test]
fn wrong_command_lines_are_usage_errors() {
    let directory = scratch("nothing");
    fs::write(directory.join("notes.txt"), "no events").unwrap();
    let nothing = directory.display().to_string();
    let cases: [(&[&str], &str); 7] = [
        (&["eval", "gone.jsonl", "--rules", "rules"], "gone.jsonl: there is no such file or directory"),
        (&["eval", &nothing, "--rules", "rules"], "no recorded events; they are called *.evtx"),
        (&["eval", "acme.jsonl", "--rules", "gone"], "gone: there is no such file or directory"),
        (&["eval", "acme.jsonl", "--rules", "rules", "--explain", "early_proces"], "did you mean `early_process`?"),
        (&["eval", "acme.jsonl", "--rules", "rules", "--explain", "early_process", "--format", "csv"], "human or json"),
        (&["replay", "acme.jsonl", "--rules", "rules", "--ceilings", "gone.json"], "gone.json: there is no such file"),
        (&["bench", "bare.jsonl", "--rules", "rules"], "no event belongs to a template type that some rule is on"),
    ];
    for (arguments, message) in cases {
        let Run { exit, out, err } = run(arguments);
        assert_eq!((exit, out.as_str()), (2, ""), "{arguments:?}: {err}");
        assert!(err.contains(message), "{arguments:?}: {err}");
    }
}

#[test]
fn directories_give_what_is_named_like_events() {
    let directory = scratch("directory");
    fs::create_dir_all(directory.join("deep/er")).unwrap();
    fs::copy(here().join("acme.jsonl"), directory.join("deep/er/b.ndjson")).unwrap();
    fs::copy(here().join("document.json"), directory.join("a.JSON")).unwrap();
    fs::write(directory.join("README.md"), "# not events\n").unwrap();
    fs::write(directory.join("empty.jsonl"), "").unwrap();
    let found = eval(&[directory.to_str().unwrap(), "--format", "ndjson"], b"");
    assert_eq!(found.out.lines().count(), 4);
    assert!(found.err.contains("/README.md (recordings: not named like events)\n"), "{}", found.err);
    assert!(found.err.contains("read 6 events from 3 sources"), "{}", found.err);
}

/// Whatever a directory of recordings holds is read or named, but for what a version control system keeps of itself.
#[test]
fn what_a_directory_holds_and_is_not_read_is_named() {
    let directory = scratch("unread");
    for file in ["a.jsonl", ".b.jsonl", ".old/c.jsonl", ".git/d.jsonl", "e.txt"] {
        let path = directory.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::copy(here().join("acme.jsonl"), path).unwrap();
    }
    let named = |found: &Run| {
        let said = found.err.lines().find_map(|line| line.strip_prefix("not read: ")).unwrap_or_default();
        said.replace(&format!("{}/", directory.display()), "")
    };
    let path = directory.to_str().unwrap();
    let found = eval(&[path, "--lenient"], b"");
    assert_eq!(named(&found), ".b.jsonl, .old (recordings: hidden); e.txt (recordings: not named like events)");
    assert!(found.err.contains("from 1 source:"), "{}", found.err);
    // What is named is read.
    let found = eval(&[path, directory.join("e.txt").to_str().unwrap(), "--lenient"], b"");
    assert_eq!(named(&found), ".b.jsonl, .old (recordings: hidden)");
    #[cfg(unix)]
    {
        let _socket = std::os::unix::net::UnixListener::bind(directory.join("s.jsonl")).unwrap();
        let found = eval(&[path, "--lenient"], b"");
        assert!(
            found.err.contains("s.jsonl: it is named like recorded events and is no regular file"),
            "{}",
            found.err
        );
        assert_eq!(eval(&[path], b"").exit, 1, "events may be missing");
        fs::rename(directory.join("s.jsonl"), directory.join("s")).unwrap();
        let found = eval(&[path, "--lenient"], b"");
        assert!(named(&found).contains("; s (recordings: no regular file)"), "{}", found.err);
    }
    // Below the deepest directory there can be more.
    let deep: PathBuf = std::iter::repeat_n("d", contentcheck_model::limits::DIRECTORY_DEPTH + 1).collect();
    fs::create_dir_all(directory.join(deep)).unwrap();
    let found = eval(&[path], b"");
    assert_eq!(found.exit, 1, "{}", found.err);
    assert!(found.err.contains("/d: directories are nested deeper than "), "{}", found.err);
}

/// Events that were read twice would count twice.
#[test]
fn a_recording_that_is_reached_twice_is_read_once() {
    let directory = scratch("reached");
    let file = directory.join("x.jsonl");
    fs::copy(here().join("acme.jsonl"), &file).unwrap();
    let (path, file) = (directory.to_str().unwrap(), file.to_str().unwrap());
    let other = format!("{path}/../reached/./x.jsonl");
    for named in [vec![file, path], vec![path, file], vec![path, &other], vec![&other, path, file]] {
        let found = run(&[&["replay", "--rules", "rules", "--lenient"], named.as_slice()].concat());
        assert!(found.err.contains("from 1 source:"), "{named:?}: {}", found.err);
    }
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    let directory = scratch("closed");
    let events = fs::read_to_string(here().join("acme.jsonl")).unwrap().repeat(20_000);
    let path = directory.join("many.jsonl");
    fs::write(&path, events).unwrap();
    for arguments in [["eval", "--format", "csv"], ["replay", "--format", "human"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_contentcheck"))
            .current_dir(here())
            .args(arguments)
            .args(["--rules", "rules"])
            .arg(&path)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = [0; 16];
        let mut out = child.stdout.take().unwrap();
        out.read_exact(&mut first).unwrap();
        drop(out);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn an_explanation_says_which_predicate_held_on_which_bytes() {
    let shown = eval(&["acme.jsonl", "--explain", "shell_of_system"], b"");
    assert_eq!(
        shown.out,
        r#"Shell of the system account (0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8a11)

acme.jsonl: line 1 as acme.process: MATCH
  true   all of 2
    true   $1 image ends_with~ any of 2: bytes 19..27 of image, "\cmd.exe", by "\cmd.exe"
    true   $3 user == "SYSTEM": bytes 0..6 of user, "SYSTEM"

acme.jsonl: line 2 as acme.process: no match
  false  all of 2
    false  $1 image ends_with~ any of 2: image is "C:\Windows\explorer.exe"
    false  $3 user == "SYSTEM": user is "alice"

acme.jsonl: line 4 as acme.process: no match
  false  all of 2
    true   $1 image ends_with~ any of 2: bytes 19..27 of image, "\cmd.exe", by "\cmd.exe"
    false  $3 user == "SYSTEM": absent
"#
    );
    assert!(shown.err.starts_with("3 events looked at, 1 matched\n"), "{}", shown.err);
    let limited =
        eval(&["acme.jsonl", "--explain", "shell OF the system account", "--limit", "1", "--format", "json"], b"");
    let report = valid(SchemaName::EvalExplain, &limited.out);
    assert_eq!((&report["looked_at"], &report["matched"]), (&json!(3), &json!(1)));
    assert_eq!(report["events"].as_array().unwrap().len(), 1);
    assert_eq!(report["events"][0]["why"]["all"][0]["predicate"]["evidence"]["matches"][0]["range"]["start"], 19);
    assert!(limited.err.contains("1 shown (--limit)"), "{}", limited.err);
    let none = eval(&["acme.jsonl", "--explain", "Rundll32 From A Users Folder"], b"");
    assert!(none.err.contains("the rule looks at events of "), "{}", none.err);
    assert!(none.err.contains("windows.sysmon.process_creation"), "{}", none.err);
}

#[test]
fn replay_counts_the_same_whatever_the_threads() {
    let directory = scratch("replay");
    let events = fs::read_to_string(here().join("acme.jsonl")).unwrap();
    for file in 0..9 {
        let text = events.repeat(500 * (file + 1)) + if file == 4 { "{broken\n" } else { "" };
        fs::write(directory.join(format!("{file}.jsonl")), text).unwrap();
    }
    let path = directory.to_str().unwrap();
    let replay = |threads: &str| run(&["replay", path, "--rules", "rules", "--threads", threads, "--format", "json"]);
    let one = replay("1");
    assert_eq!(one.exit, 1);
    assert!(one.err.contains("4.jsonl: line 12501: not JSON"), "{}", one.err);
    let report = valid(SchemaName::Replay, &one.out);
    let repeats = 500 * 45;
    assert_eq!(report["totals"]["events"], 4 * repeats);
    assert_eq!(report["totals"]["matches"], 3 * repeats);
    assert_eq!(report["rules"][0]["rule"]["name"], "early_process");
    assert_eq!(report["rules"][0]["matches"], 2 * repeats);
    assert_eq!(report["rules"][1]["matches"], repeats);
    assert_eq!(report["templates"], json!([{ "template": "acme.process", "events": 3 * repeats, "covered": true }]));
    for threads in ["2", "7"] {
        let other = replay(threads);
        assert_eq!(other.out, one.out, "{threads} threads");
    }
}

#[test]
fn ceilings_fail_the_run_and_name_known_rules_once() {
    let directory = scratch("ceilings");
    let replay = |ceilings: &str, more: &[&str]| {
        let path = directory.join("ceilings.json");
        fs::write(&path, ceilings).unwrap();
        let arguments =
            ["replay", "acme.jsonl", "document.json", "--rules", "rules", "--ceilings", path.to_str().unwrap()];
        run(&[&arguments, more].concat())
    };
    assert_eq!(replay("{}", &[]).exit, 0);
    assert_eq!(replay(r#"{"early_process": 3}"#, &["--ceiling", "1"]).exit, 0);
    let over = replay(r#"{"7c1b0f6e-5a0c-4a0e-9b7e-8d4b6ad1f8a2": 2}"#, &[]);
    assert_eq!(over.exit, 1);
    assert!(over.out.contains("EXCEEDS 2"), "{}", over.out);
    assert!(over.err.contains("ceiling exceeded: Process with a low number"), "{}", over.err);
    assert_eq!(replay("{}", &["--ceiling", "2"]).exit, 1);
    for (ceilings, said) in [
        (r#"{"early_proces": 1}"#, "did you mean `early_process`?"),
        (r#"{"early_process": 1, "early_process": 2}"#, "has two ceilings"),
        (r#"{"early_process": -1}"#, "a whole number from 0, not the number `-1`"),
        ("[]", "an object of rules"),
    ] {
        let refused = replay(ceilings, &[]);
        assert_eq!(refused.exit, 2, "{ceilings}: {}", refused.err);
        assert!(refused.err.contains(said), "{ceilings}: {}", refused.err);
    }
}

#[test]
fn bench_measures_what_it_is_given() {
    let recorded = run(&["bench", "acme.jsonl", "--rules", "rules", "--rounds", "3", "--format", "json"]);
    let report = valid(SchemaName::Bench, &recorded.out);
    assert_eq!((&report["events"], &report["matches"], &report["rules"]), (&json!(3), &json!(3), &json!(3)));
    for measured in ["evaluate", "read", "verify"] {
        let of = |which: &str| report[measured][which].as_f64().unwrap();
        assert!(0.0 < of("least") && of("least") <= of("median") && of("median") <= of("most"), "{measured}");
    }
    let own = run(&["bench", "--rules", "rules", "--format", "json"]);
    let report = valid(SchemaName::Bench, &own.out);
    assert_eq!((&report["events_from"], &report["events"]), (&json!("tests"), &json!(5)));
    assert!(report.get("read").is_none());
}

/// An event of two template types, on both of which a rule matches.
#[test]
fn a_rule_that_matches_an_event_twice_is_one_match() {
    let directory = scratch("twice");
    let template = |name: &str| {
        format!(
            "template {name} @ 1 {{ serves {{ product: twice }} reads {{ Channel: \"Twice\" }} open 1 a : string? }}\n"
        )
    };
    fs::write(directory.join("t.content"), template("twice.a") + &template("twice.b")).unwrap();
    let rule = "title: Twice\nid: 5d1f4c1e-9a3b-4f0e-8a2c-2f6c1d0b7e56\nlogsource: {product: twice}\n\
        detection:\n  s: {a: x}\n  condition: s\nlevel: low\n";
    fs::write(directory.join("r.yml"), rule).unwrap();
    let (rules, event) = (directory.to_str().unwrap(), br#"{"Channel":"Twice","a":"x"}"#);
    let eval = run_with(&["eval", "--rules", rules, "--format", "json", "-"], event);
    let report = valid(SchemaName::Eval, &eval.out);
    assert_eq!(report["records"].as_array().unwrap().len(), 2, "{}\n{}", eval.out, eval.err);
    assert_eq!(report["totals"]["matches"], 1);
    assert!(eval.err.contains("0 not recognised; 1 match"), "{}", eval.err);
    let replay = run_with(&["replay", "--rules", rules, "--format", "json", "--ceiling", "1", "-"], event);
    let report = valid(SchemaName::Replay, &replay.out);
    assert_eq!((report["totals"]["matches"].as_u64(), report["rules"][0]["matches"].as_u64()), (Some(1), Some(1)));
    assert_eq!(replay.exit, 0, "{}", replay.err);
    let explain = run_with(&["eval", "--rules", rules, "--explain", "Twice", "--format", "json", "-"], event);
    let report = valid(SchemaName::EvalExplain, &explain.out);
    assert_eq!((report["matched"].as_u64(), report["totals"]["matches"].as_u64()), (Some(2), Some(1)));
}

#[test]
fn the_commonest_reason_of_events_that_nothing_recognises_is_told() {
    let events = b"{\"EventID\":1}\n{\"Image\":\"a\"}\n{\"Image\":\"b\"}\n{\"Channel\":\"No Such Channel\"}\n";
    let said = "  2 events: each has none of the names by which template types recognise events, such as `Channel`, ";
    let first = "(the first: stdin: line 2)";
    for command in ["eval", "replay"] {
        let run = run_with(&[command, "--rules", "rules", "-"], events);
        assert!(run.err.contains("4 not recognised"), "{}", run.err);
        assert!(run.err.contains(said) && run.err.contains(first), "{}", run.err);
        let channel =
            "  1 event: it is of the channel `No Such Channel`, which no template type recognises (stdin: line 4)";
        assert!(run.err.contains(channel), "{}", run.err);
        let run = run_with(&[command, "--rules", "rules", "--format", "json", "-"], events);
        let report: Value = serde_json::from_str(&run.out).unwrap();
        let kinds = report["blind_spots"]["not_recognised"].as_array().unwrap();
        assert_eq!(kinds.iter().map(|kind| kind["events"].as_u64().unwrap()).sum::<u64>(), 4, "{kinds:?}");
        assert_eq!((&kinds[0]["source"], &kinds[0]["place"]), (&json!("stdin"), &json!("line 2")));
    }
}

/// What rules do not get to see is told by eval, explain and replay, to people and in JSON.
#[test]
fn what_rules_do_not_get_to_see_is_told() {
    const RULE: &str = r"title: A shell
id: 6f0d2a5e-8d2b-4c58-9d0c-2f3f5a1d7e01
status: test
description: Finds a shell
logsource:
    product: windows
    category: process_creation
detection:
    selection:
        Image|endswith: '\cmd.exe'
        CommandLine|contains: whoami
    condition: selection
level: low
";
    let rule = scratch("blind").join("shell.yml");
    fs::write(&rule, RULE).unwrap();
    let rule = rule.to_str().unwrap();
    let log = json!({ "channel": "Microsoft-Windows-Sysmon/Operational", "provider_name": "Microsoft-Windows-Sysmon", "event_id": "1" });
    let ecs = json!({ "winlog": log, "event": { "code": "1" }, "process": { "executable": r"C:\Windows\System32\cmd.exe", "command_line": "cmd /c whoami" } });
    let audit = json!({ "Channel": "Security", "EventID": 4688, "NewProcessName": r"C:\Windows\System32\cmd.exe" });
    let defender = json!({ "ActionType": "ProcessCreated", "DeviceName": "d", "FileName": "cmd.exe" });
    let events = format!("{ecs}\n{ecs}\n{audit}\n{defender}\n{defender}\n{defender}\n");
    for command in [&["eval"][..], &["replay"], &["eval", "--explain", "A shell"]] {
        let arguments = [command, &["--no-config", "--rules", rule, "-"]].concat();
        let told = run_with(&arguments, events.as_bytes()).err;
        for said in [
            "  3 events: each looks like Microsoft Defender advanced hunting, whose names are not those of `windows.sysmon.process_creation`: rename them first (the first: stdin: line 4)",
            "  windows.sysmon.process_creation (2 events): all of its events lack all 2 inputs that rules read: `CommandLine` (read by 1 rule), `Image` (1); the events are in another shape: rename their fields before (docs/how-to/own-exports.md)",
            "1 event of `windows.security.event_4688` tells what process_creation is about, but the rule on it looks only at `windows.sysmon.process_creation`, whose fields have other names",
        ] {
            assert!(told.contains(said), "{command:?}: {said}\n{told}");
        }
        let json = run_with(&[&arguments[..], &["--format", "json"]].concat(), events.as_bytes()).out;
        let report: Value = serde_json::from_str(&json).unwrap();
        let spots = &report["blind_spots"];
        assert_eq!(spots["not_recognised"][0]["nearest"], "windows.sysmon.process_creation", "{spots}");
        let absent = json!([{ "template": "windows.sysmon.process_creation", "events": 2, "inputs_read": 2, "other_shape": true,
            "events_in_other_shape": 2, "inputs": [{ "input": "CommandLine", "rules": 1 }, { "input": "Image", "rules": 1 }] }]);
        assert_eq!(spots["inputs_absent"], absent);
        let other = json!([{ "template": "windows.security.event_4688", "events": 1, "categories": ["process_creation"],
            "rules": 1, "looked_at": ["windows.sysmon.process_creation"] }]);
        assert_eq!(spots["other_logs"], other);
    }
    // A sensor supplies inputs that no rule reads: they do not count.
    let bare = json!({ "Channel": log["channel"], "Provider_Name": log["provider_name"], "EventID": 1,
        "Image": r"C:\x.exe", "ProcessId": 4 });
    let sensor = ["replay", "--no-config", "--sensor", "builtin:sysmon/4.90", "--rules", rule, "-"];
    let told = run_with(&sensor, bare.to_string().as_bytes()).err;
    let said = "its only event lacks 1 of the 2 inputs that rules read: `CommandLine` (read by 1 rule)";
    assert!(told.contains(said), "{told}");
    // The same under the names of the log: nothing is left to tell.
    let named = json!({ "winlog": { "channel": log["channel"], "event_id": 1, "event_data": {
        "UtcTime": "t", "ProcessGuid": "g", "ProcessId": 4, "Image": r"C:\Windows\System32\cmd.exe", "CommandLine": "cmd /c whoami",
        "CurrentDirectory": "d", "User": "u" } } });
    let run =
        run_with(&["eval", "--no-config", "--rules", rule, "--format", "json", "-"], named.to_string().as_bytes());
    let report = valid(SchemaName::Eval, &run.out);
    assert_eq!(report["totals"]["matches"], 1, "{}", run.err);
    assert_eq!(report["blind_spots"], json!({ "not_recognised": [], "inputs_absent": [], "other_logs": [] }));
    // One event as it should be does not speak for others, wherever it stands among them.
    let lower = json!({ "Channel": log["channel"], "EventID": 1, "image": "x", "commandline": "y" });
    for place in 0..4 {
        let mut lines = vec![ecs.to_string(), lower.to_string(), ecs.to_string()];
        lines.insert(place, named.to_string());
        let told = run_with(&["replay", "--no-config", "--rules", rule, "-"], lines.join("\n").as_bytes()).err;
        let said = "(4 events): 3 of its 4 events have nothing of what rules read; these are in another shape";
        assert!(told.contains(said), "{place}: {told}");
    }
}

#[test]
fn a_short_event_log_fails_the_run() {
    let log = scratch("short").join("short.evtx");
    fs::write(&log, b"ElfFile\0 and no more").unwrap();
    let path = log.to_str().unwrap();
    for command in ["eval", "replay"] {
        let run = run(&[command, "--rules", "rules", path]);
        assert_eq!(run.exit, 1, "{}", run.err);
        assert!(run.err.contains("short.evtx: the event log is damaged: it ends within its header"), "{}", run.err);
    }
}

#[test]
fn a_rule_of_an_image_is_found_by_all_of_its_names() {
    let image = scratch("inspect").join("release.ccimage");
    let path = image.to_str().unwrap();
    let compiled = run(&["compile", "rules", "-o", path]);
    assert_eq!(compiled.exit, 0, "{}", compiled.err);
    let by = |name: &str| run(&["inspect", path, "--rule", name]);
    let names =
        ["early_process", "7c1b0f6e-5a0c-4a0e-9b7e-8d4b6ad1f8a2", "Process with a low number, told early"].map(by);
    assert!(names[0].out.contains("on acme.process @ 1"), "{}{}", names[0].out, names[0].err);
    assert!(names.iter().all(|found| found.exit == 0 && found.out == names[0].out));
    assert_eq!((by("late_process").exit, by("").exit), (2, 2));
}

/// Every command that takes a rule takes the same names for it, and says which are near.
#[test]
fn a_rule_is_meant_by_its_id_word_title_or_file() {
    let directory = of_two_sensors("names");
    let path = |name: &str| directory.join(name).to_str().unwrap().to_owned();
    let one = fs::read_to_string(directory.join("rules.content")).unwrap();
    let (templates, rules) = one.split_at(one.find("rule by_image").unwrap());
    let (first, rest) = rules.split_at(rules.find("rule by_session").unwrap());
    fs::remove_file(directory.join("rules.content")).unwrap();
    fs::create_dir(directory.join("rules")).unwrap();
    for (name, text) in
        [("rules/types.content", templates), ("rules/image.content", first), ("rules/rest.content", rest)]
    {
        fs::write(directory.join(name), text).unwrap();
    }
    let (rules, events, image) = (path("rules"), path("events.jsonl"), path("image.ccimage"));
    assert_eq!(run(&["compile", &rules, "--no-config", "-o", &image]).exit, 0);
    let ceilings = path("ceilings.json");
    let ask = |wanted: &str| -> Vec<(i32, String)> {
        fs::write(&ceilings, json!({ wanted: 100 }).to_string()).unwrap();
        let asked: [&[&str]; 5] = [
            &["eval", &events, "--rules", &rules, "--no-config", "--explain", wanted],
            &["prove", &rules, "--no-config", "--rule", wanted],
            &["witness", &rules, "--no-config", "--rule", wanted],
            &["replay", &events, "--rules", &rules, "--no-config", "--ceilings", &ceilings],
            &["inspect", &image, "--rule", wanted],
        ];
        asked.iter().map(|arguments| run(arguments)).map(|run| (run.exit, run.err)).collect()
    };
    for wanted in ["0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8a11", "by_image", "By image", "BY_IMAGE", "by IMAGE"] {
        for (exit, err) in ask(wanted) {
            assert_eq!(exit, 0, "{wanted}: {err}");
        }
    }
    // An image does not know files.
    for (exit, err) in &ask("image.content")[..4] {
        assert_eq!(*exit, 0, "{err}");
    }
    for (exit, err) in &ask("rest.content")[..4] {
        assert!(*exit == 2 && err.contains("`rest.content` means 2 rules: "), "{err}");
    }
    for (exit, err) in ask("by_imag") {
        assert!(exit == 2 && err.contains("there is no rule `by_imag`; did you mean `by_image`?"), "{err}");
    }
}
