//! `eval`, `replay`, `bench` and `test` on an image: what they say is what a run of the content says, and an image that is
//! wrong is evaluated by none of them.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{corpus, run};
use contentcheck::exit::Exit;
use serde_json::Value;

/// A fresh directory.
fn scratch(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("images").join(name);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    directory
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// Compiles content into a directory.
fn compiled(directory: &Path, arguments: &[&str]) -> String {
    let image = text(&directory.join("release.ccimage"));
    let (exit, _, said) = run(&[&["compile", "-o", &image], arguments].concat());
    assert_eq!(exit, Exit::Fine, "{said}");
    image
}

fn demo() -> String {
    text(&corpus("releases/demo"))
}

/// What a run says, but for what it measures.
fn said(arguments: &[&str]) -> (Exit, String, String) {
    let (exit, out, err) = run(arguments);
    let is_measured = |line: &&str| line.contains(" events/s, ");
    let err = err.lines().filter(|line| !is_measured(line)).collect::<Vec<_>>().join("\n");
    (exit, String::from_utf8(out).unwrap(), err)
}

/// The same without the file of each rule, which an image does not have.
fn without_files(format: &str, out: &str) -> String {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(of) => {
                if let Some(Value::Object(rule)) = of.get_mut("rule") {
                    rule.remove("file");
                }
                of.values_mut().for_each(strip);
            }
            Value::Array(of) => of.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let stripped = |text: &str| {
        let mut value: Value = serde_json::from_str(text).unwrap();
        strip(&mut value);
        value.to_string()
    };
    match format {
        "json" => stripped(out),
        "ndjson" => out.lines().map(stripped).collect::<Vec<_>>().join("\n"),
        "csv" => out.lines().map(|line| line.rsplit_once(',').unwrap().0.to_owned()).collect::<Vec<_>>().join("\n"),
        _ => out.to_owned(),
    }
}

/// Every format of every command, on the content and on the image that was compiled from it.
const RUNS: [&[&str]; 12] = [
    &["eval", "--format", "human"],
    &["eval", "--format", "human", "--all"],
    &["eval", "--format", "json"],
    &["eval", "--format", "json", "--all"],
    &["eval", "--format", "ndjson"],
    &["eval", "--format", "ndjson", "--all"],
    &["eval", "--format", "csv"],
    &["eval", "--format", "csv", "--all"],
    &["replay", "--format", "human"],
    &["replay", "--format", "json"],
    &["replay", "--format", "json", "--ceiling", "0"],
    &["eval", "--explain", "beacon_pipe", "--format", "json"],
];

#[test]
fn with_the_content_beside_it_an_image_says_what_the_content_says() {
    let (demo, image) = (demo(), compiled(&scratch("beside"), &[&demo()]));
    let events = [format!("{demo}/recordings"), format!("{demo}/never-match")];
    let sensor = format!("{demo}/sensors/acme-7.15.json");
    for run in RUNS {
        for sensor in [&[][..], &["--sensor", &sensor]] {
            let arguments = [run, &[&events[0], &events[1], "--rules", &demo], sensor].concat();
            let content = said(&arguments);
            assert!(!content.1.is_empty(), "{arguments:?}: {}", content.2);
            assert_eq!(said(&[&arguments[..], &["--image", &image]].concat()), content, "{arguments:?}");
        }
    }
    for format in ["human", "json", "junit"] {
        let arguments = ["test", &demo, "--format", format];
        let content = said(&arguments);
        assert_eq!(content.0, Exit::Fine, "{}", content.2);
        assert_eq!(said(&[&arguments[..], &["--image", &image]].concat()), content, "{format}");
    }
}

#[test]
fn alone_an_image_says_the_same_but_for_files() {
    let (demo, directory) = (demo(), scratch("alone"));
    let (events, rules) = (format!("{demo}/recordings"), format!("{demo}/sigma"));
    let image = compiled(&directory, &[&rules, "--no-config"]);
    for arguments in RUNS.iter().filter(|run| !run.contains(&"--explain")) {
        for sensor in [&[][..], &["--sensor", "builtin:sysmon/4.90"]] {
            let arguments = [arguments, &[events.as_str()][..], sensor].concat();
            let content = said(&[&arguments[..], &["--rules", &rules, "--no-config"]].concat());
            let own = said(&[&arguments[..], &["--image", &image]].concat());
            assert!(content.1.contains("Certificate Tool") || !sensor.is_empty(), "{arguments:?}: {}", content.1);
            let format = arguments[2];
            assert_eq!(
                (own.0, without_files(format, &own.1), own.2),
                (content.0, without_files(format, &content.1), content.2),
                "{arguments:?}"
            );
            assert!(!own.1.contains(".yml"), "{}", own.1);
        }
    }
    let bench = |more: &[&str]| {
        let (exit, out, err) = said(&[&["bench", &events, "--rounds", "1", "--format", "json"], more].concat());
        assert_eq!(exit, Exit::Fine, "{err}");
        let mut value: Value = serde_json::from_str(&out).unwrap();
        for measured in ["evaluate", "read", "verify"] {
            value[measured] = Value::Null;
        }
        value
    };
    assert_eq!(bench(&["--image", &image]), bench(&["--rules", &rules, "--no-config"]));
}

/// An image does not say how events of the content's own template types are recognised; a name of one is enough. Rules for
/// some sensors are run as they are without an image.
#[test]
fn events_of_template_types_that_only_the_content_knows_are_named() {
    let (demo, directory) = (demo(), scratch("own"));
    let image = compiled(&directory, &[&demo]);
    let all = fs::read_to_string(corpus("releases/demo/recordings/agent-workday.jsonl")).unwrap();
    let pipes: Vec<&str> = all.lines().filter(|line| line.contains("\"named_pipe\"")).collect();
    let events = text(&directory.join("pipes.jsonl"));
    // One that the rule for new sensors fires on.
    let remote = r#"{"source":"acme-endpoint","event":"named_pipe","image":"C:\\a.exe","pipe_name":"\\svcctl","process_id":9,"session_id":0,"remote":true,"client_address":"203.0.113.9","access_mask":2}"#;
    fs::write(&events, [&pipes[..], &[remote]].concat().join("\n")).unwrap();
    let as_pipes = ["eval", &events, "--format", "json", "--template", "endpoint.named_pipe"];
    let (_, content, _) = said(&[&as_pipes[..], &["--rules", &demo]].concat());
    let (exit, own, err) = said(&[&as_pipes[..], &["--image", &image]].concat());
    let records = |out: &str| serde_json::from_str::<Value>(&without_files("json", out)).unwrap()["records"].clone();
    assert_eq!((exit, records(&own)), (Exit::Fine, records(&content)), "{err}");
    assert!(own.contains("Service control from another network"), "{own}");
    assert!(err.contains("how events of `endpoint.driver_load`, `endpoint.named_pipe` are recognised"), "{err}");
    let (exit, own, err) = said(&["eval", &events, "--format", "json", "--image", &image]);
    assert_eq!(exit, Exit::Fine);
    assert_eq!(records(&own), Value::Array(Vec::new()));
    assert!(err.contains("not recognised"), "{err}");
}

#[test]
fn an_image_that_is_rejected_is_evaluated_by_nothing() {
    use contentcheck_interpreter::hash::checksum;

    let (demo, directory) = (demo(), scratch("rejected"));
    let events = format!("{demo}/recordings");
    let sound = fs::read(compiled(&directory, &[&demo])).unwrap();
    let damaged = |how: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = sound.clone();
        how(&mut bytes);
        bytes
    };
    let sealed = |how: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = damaged(how);
        let sum = checksum(&bytes).to_le_bytes();
        bytes[24..32].copy_from_slice(&sum);
        bytes
    };
    let last = sound.len() - 1;
    let cases: [(&str, Vec<u8>, &str); 7] = [
        ("empty", Vec::new(), "CC0520"),
        ("no image", b"rule a {}".to_vec(), "CC0520"),
        ("another format", damaged(&|bytes| bytes[8] = 9), "CC0521"),
        ("a feature that is not known", damaged(&|bytes| bytes[39] = 0x80), "CC0527"),
        ("cut off", sound[..last].to_vec(), "CC0522"),
        ("altered", damaged(&|bytes| bytes[last] ^= 1), "CC0523"),
        ("a record that is wrong, and sealed", sealed(&|bytes| bytes[last - 4096..last].fill(0xff)), "CC0524"),
    ];
    let file = text(&directory.join("wrong.ccimage"));
    for (name, bytes, code) in cases {
        fs::write(&file, bytes).unwrap();
        for arguments in [
            &["eval", &events, "--image", &file][..],
            &["eval", &events, "--image", &file, "--rules", &demo],
            &["replay", &events, "--image", &file, "--sensor", "builtin:sysmon/4.90"],
            &["bench", &events, "--image", &file],
            &["test", &demo, "--image", &file],
        ] {
            let (exit, out, err) = said(arguments);
            assert_eq!((exit, out.as_str()), (Exit::Usage, ""), "{name}: {err}");
            assert!(err.contains(code) && err.contains("help: "), "{name}: {err}");
        }
    }
    let (exit, _, err) = said(&["eval", &events, "--image", &text(&directory.join("none.ccimage"))]);
    assert_eq!(exit, Exit::Usage, "{err}");
}

/// An image that costs more than sensors take comes from somewhere else: it is refused, while the content that it would be
/// compiled from can be evaluated.
#[test]
fn an_image_that_is_too_dear_is_refused() {
    use contentcheck::Streams;
    use contentcheck::args::{CompileOptions, Inputs};

    let directory = scratch("dear");
    let values: String = (0..256).map(|number| format!("        - 'k{number}*e{number}*y'\n")).collect();
    let rule = directory.join("rule.yml");
    fs::write(
        &rule,
        format!("title: Probe\nid: f6fc8db6-571a-47b1-adbf-841bca27f516\nstatus: test\nlevel: low\nlogsource:\n    product: windows\n    service: security\ndetection:\n    selection:\n{values}    condition: selection\n"),
    )
    .unwrap();
    let inputs =
        Inputs { paths: vec![rule], config: None, no_config: true, fleet: Vec::new(), exclude: Vec::new(), threads: 1 };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut streams = Streams { out: &mut out, err: &mut err, color: false, interactive: false };
    let release = contentcheck::release::load(&inputs, &CompileOptions::default(), true, &mut streams);
    let release = release.unwrap().unwrap();
    let image = text(&directory.join("dear.ccimage"));
    fs::write(&image, release.image).unwrap();
    let (exit, out, err) = said(&["eval", "/dev/null", "--image", &image]);
    assert_eq!((exit, out.as_str()), (Exit::Usage, ""), "{err}");
    assert!(err.contains("CC0408"), "{err}");
}

#[test]
fn an_image_of_other_content_is_refused() {
    let directory = scratch("other");
    let release = directory.join("release");
    let copy = |from: &str| {
        let to = release.join(from);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(corpus("releases/demo").join(from), to).unwrap();
    };
    for file in ["templates.content", "drivers.content", "tables/vulnerable_drivers.csv", "rules/pipes.content"] {
        copy(file);
    }
    let content = text(&release);
    let image = compiled(&directory, &[&content, "--no-config"]);
    let test = |more: &[&str]| said(&[&["test", &content, "--no-config", "--image", &image], more].concat());
    assert_eq!(test(&[]).0, Exit::Fine, "{}", test(&[]).2);

    // The digest of the content does not cover a table: its tests do.
    let table = release.join("tables/vulnerable_drivers.csv");
    let rows = fs::read_to_string(&table).unwrap();
    let other: String = rows.lines().filter(|row| !row.contains("b705e9eb")).map(|row| format!("{row}\n")).collect();
    assert_ne!(rows, other);
    fs::write(&table, other).unwrap();
    let (exit, _, err) = test(&[]);
    assert_eq!(exit, Exit::Findings, "{err}");
    assert!(err.contains("the image does not do what the rules say"), "{err}");
    fs::write(&table, rows).unwrap();

    // A rule that cannot run is in no image of the rest.
    let pipes = release.join("rules/pipes.content");
    let whole = fs::read_to_string(&pipes).unwrap();
    fs::write(&pipes, whole.replace("Pipe of a known implant", "Pipe of another implant")).unwrap();
    for arguments in [&["test", &content][..], &["eval", "/dev/null", "--rules", &content]] {
        let (exit, out, err) = said(&[arguments, &["--no-config", "--image", &image]].concat());
        assert_eq!((exit, out.as_str()), (Exit::Usage, ""), "{err}");
        assert!(err.contains("other content"), "{err}");
    }
    fs::write(&pipes, whole).unwrap();
    let only = directory.join("only.json");
    fs::copy(corpus("releases/demo/sensors/acme-7.13.json"), &only).unwrap();
    let trimmed = compiled(&directory, &[&content, "--no-config", "--for", &text(&only)]);
    let (exit, _, err) = said(&["test", &content, "--no-config", "--image", &trimmed]);
    assert_eq!(exit, Exit::Usage, "{err}");
    assert!(err.contains("it lacks "), "{err}");
}

#[test]
fn what_an_image_does_not_have_is_asked_for() {
    let (demo, directory) = (demo(), scratch("lacks"));
    let image = compiled(&directory, &[&demo]);
    let events = format!("{demo}/recordings");
    for (arguments, words) in [
        (&["eval", &events, "--explain", "beacon_pipe"][..], "--explain shows rules as they are written"),
        (&["bench"], "the events of the rules' own tests"),
        (&["eval", &events, "--skip-errors"], "--skip-errors are about content"),
        (&["replay", &events, "--exclude", "a"], "are about content"),
    ] {
        let (exit, out, err) = said(&[arguments, &["--image", &image]].concat());
        assert_eq!((exit, out.as_str()), (Exit::Usage, ""), "{err}");
        assert!(err.contains(words), "{err}");
    }
    // A sensor that lacks what the image reads refuses it, as it refuses the content.
    let (exit, out, err) = said(&["eval", &events, "--image", &image, "--sensor", "builtin:sysmon/4.0"]);
    assert_eq!((exit, out.as_str()), (Exit::Findings, ""), "{err}");
    assert!(err.contains("refuses the image"), "{err}");
    // Rules are found by every name that an image has.
    let ceilings = text(&directory.join("ceilings.json"));
    for (name, is_known) in [("beacon_pipe", true), ("Pipe of a known implant", true), ("pipes.content", false)] {
        fs::write(&ceilings, format!("{{\"{name}\": 0}}")).unwrap();
        let (exit, _, err) = said(&["replay", &events, "--image", &image, "--ceilings", &ceilings]);
        assert_eq!(exit == Exit::Usage, !is_known, "{name}: {err}");
    }
}
