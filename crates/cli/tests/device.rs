//! A release from the gate to a device, by the binary alone: attested, offered, tried, crashed with, left; and what whoever looks
//! after the device is shown of it.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests fail as tests do"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contentcheck::args::SchemaName;
use contentcheck::commands::schema::schema;
use contentcheck_log::{Class, Hash, Opening};
use contentcheck_sensor::rings::{BAKE_ROUTINE, FIRST_SHARE};
use contentcheck_sensor::{Digest, Files, Good, State};
use serde_json::Value;

#[path = "../../log/tests/log/common.rs"]
#[expect(dead_code, reason = "the log of another crate's tests has more than is needed here")]
mod log;

// Made for this test: `openssl genpkey -algorithm ed25519`.
const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIFwFkYxPbHARyDwisUzpT7BdfNsyMQFg5e3FNqFOgBds\n-----END PRIVATE KEY-----\n";
const PUBLIC: &str = "MCowBQYDK2VwAyEAbN9JtNih/Tw8psY+UwyJKxKjxdRgYhbiMwmdvj7XrDk=";

struct Run {
    exit: i32,
    out: String,
    err: String,
}

struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Scratch {
    fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("contentcheck-device-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).unwrap();
        Self(root)
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let output =
            Command::new(env!("CARGO_BIN_EXE_contentcheck")).args(arguments).current_dir(&self.0).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Run { exit: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Runs `device` with JSON, and holds that to its schema.
    fn json(&self, name: SchemaName, arguments: &[&str]) -> (i32, Value) {
        let run = self.run(&[&["device"], arguments, &["--format", "json"]].concat());
        let schema = schema(name).unwrap_or_else(|failure| panic!("{}", failure.message));
        let value: Value = serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {}", run.err));
        let validator = jsonschema::options().build(&schema).unwrap();
        let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        (run.exit, value)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.0.join(name), bytes).unwrap();
    }
}

fn corpus(part: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus").join(part).to_str().unwrap().to_owned()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A root by which the key of the gate is the one that counts.
fn root() -> String {
    let spki = STANDARD.decode(PUBLIC).unwrap();
    let key = hex(&spki[spki.len() - 32..]);
    format!("contentcheck root 1\nversion 1\nroot 1 {key}\nrelease 1 {key}\nkill 1 {key}\n")
}

/// A token that opens every ring for an image, as of now.
fn token(world: &log::World, image: &[u8], sequence: u64) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let mut shares = [0; 15];
    shares[..3].copy_from_slice(&[FIRST_SHARE, 10 * FIRST_SHARE, 1 << 31]);
    let image = *Digest::of(image).bytes();
    let opening =
        |ring| Opening { plan: Hash([1; 32]), image, sequence, salt: [2; 32], class: Class::Routine, ring, shares };
    let mut entries = log::entries(3);
    entries.extend([2, 3].map(|ring| opening(ring).to_bytes().to_vec()));
    let times = |time| [Some(time), Some(time), None];
    world.proof(4, &entries, times(now)) + &world.proof(3, &entries[..4], times(now - BAKE_ROUTINE))
}

#[test]
fn a_release_goes_from_the_gate_to_a_device_and_back() {
    let scratch = Scratch::new("road");
    scratch.write("gate.pem", PRIVATE);
    scratch.write("root", root());
    let demo = corpus("releases/demo");
    let gate = scratch.run(&["gate", &demo, "--cases", "64", "--evidence", "evidence", "--sign", "gate.pem"]);
    assert_eq!(gate.exit, 0, "{}", gate.err);
    let image = fs::read(scratch.0.join("evidence/release.ccimage")).unwrap();
    let world = log::World::new();
    scratch.write("log", world.policy());
    scratch.write("token", token(&world, &image, 12));

    // The statement that the gate signed names the sensors that it is for.
    let fleet: Value = serde_json::from_slice(&fs::read(format!("{demo}/fleet.json")).unwrap()).unwrap();
    let manifest = fleet.to_string();
    let sensors: Vec<String> = fs::read_dir(format!("{demo}/sensors"))
        .unwrap()
        .map(|entry| entry.unwrap().path().to_str().unwrap().to_owned())
        .filter(|path| path.ends_with(".json"))
        .collect();
    let sensor = sensors.iter().max().unwrap_or_else(|| panic!("{manifest}"));
    let of = ["--sensor", sensor, "--root", "root", "--log", "log"];
    let offer = [
        "device",
        "offer",
        "store",
        "--image",
        "evidence/release.ccimage",
        "--envelope",
        "evidence/attestation.dsse.json",
    ];

    let untold = scratch.run(&[&offer[..], &of].concat());
    assert_eq!(
        (untold.exit, untold.out.starts_with("refused [CC1123]: no token of the log")),
        (1, true),
        "{}",
        untold.out
    );
    assert!(untold.err.contains("remedy: Offer it with the token"), "{}", untold.err);
    scratch.write("other-token", token(&world, &image, 13));
    let other = [&offer[1..], &of, &["--token", "other-token"]].concat();
    let (exit, refused) = scratch.json(SchemaName::DeviceOffer, &other);
    assert_eq!((exit, &refused["code"], &refused["taken"]), (1, &"CC1123".into(), &false.into()));
    let taken = scratch.run(&[&offer[..], &of, &["--token", "token"]].concat());
    assert_eq!((taken.exit, taken.out.starts_with("taken: sequence 12 (")), (0, true), "{}{}", taken.out, taken.err);

    // What the device shows.
    let status = scratch.run(&["device", "status", "store"]);
    assert!(status.exit == 0 && status.out.contains("on trial, 3 tries left"), "{}", status.out);
    let (_, status) = scratch.json(SchemaName::DeviceStatus, &["status", "store"]);
    assert_eq!((&status["runs"], &status["condition"]), (&"candidate".into(), &"well".into()));
    assert_eq!((&status["contents"][0]["sequence"], &status["contents"][0]["image"]), (&12.into(), &"whole".into()));
    assert_eq!((&status["log_size"], status["device"].as_str().map(str::len)), (&5.into(), Some(64)));
    let why = scratch.run(&["device", "why", "store"]);
    assert!(
        why.out.contains("sequence 12 was taken for a trial") && why.out.contains("the candidate runs"),
        "{}",
        why.out
    );
    let (_, why) = scratch.json(SchemaName::DeviceWhy, &["why", "store"]);
    assert!(why["decision"].as_array().unwrap().iter().any(|line| line["what"] == "the candidate runs"));

    switched_off_from_outside(&scratch, &of);

    // A drill: three crashes, and older content runs. The device is as it was.
    let before = fs::read(scratch.0.join("store/state.a")).unwrap();
    let crash = [&["simulate-crash", "store"], &of[..]].concat();
    let (exit, drill) = scratch.json(SchemaName::DeviceCrash, &crash);
    let runs: Vec<&str> =
        drill["starts"].as_array().unwrap().iter().map(|start| start["runs"].as_str().unwrap()).collect();
    assert_eq!((exit, runs), (0, vec!["candidate", "candidate", "candidate", "nothing", "nothing"]), "{drill:#}");
    assert_eq!(fs::read(scratch.0.join("store/state.a")).unwrap(), before);
    let first = drill["starts"][0]["decided"].to_string();
    assert!(!first.contains("was taken for a trial") && !first.contains("kill list"), "lines of before: {first}");
    let killed = scratch.run(&[&["device"], &crash[..], &["--end", "killed", "--times", "6"]].concat());
    assert_eq!(killed.out.matches(": candidate, sequence 12").count(), 7, "{}", killed.out);
    assert!(killed.err.contains("a drill on a copy"), "{}", killed.err);
    let in_place = scratch.run(&[&["device"], &crash[..], &["--times", "3", "--in-place"]].concat());
    assert_eq!(in_place.exit, 0, "{}", in_place.err);
    let status = scratch.run(&["device", "status", "store"]);
    assert!(status.exit == 1 && status.out.starts_with("blind ") && status.out.contains("suspect"), "{}", status.out);
    let again = scratch.run(&[&offer[..], &of, &["--token", "token"]].concat());
    assert!(again.out.starts_with("refused [CC1112]"), "{}", again.out);
    let why = scratch.run(&["device", "why", "store"]);
    assert!(why.out.contains("CC1112: ") && why.out.contains("  remedy: "), "{}", why.out);
}

/// Rules of a sensor that crashes at each start are switched off while it does not run. What is named and is no rule is said.
fn switched_off_from_outside(scratch: &Scratch, of: &[&str]) {
    const RULE: &str = "e5121482-3929-4d22-a255-accb1a466884";
    // The key of RFC 8032, 7.1, test 1.
    const OTHER: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let give = |epoch: u64, rules: &[&str], domain: &str| {
        let rules: String = rules.iter().map(|rule| format!("{rule}\n")).collect();
        let list = format!("contentcheck kill list 1\nepoch {epoch}\n{rules}");
        scratch.write("kills", &list);
        scratch.write("kills.sig", signatures(domain, &list));
        [&["kill", "store", "--list", "kills", "--signatures", "kills.sig"], of].concat()
    };
    let rule = format!("rule {RULE}");
    let forged = give(7, &[&rule], "contentcheck root");
    let (exit, report) = scratch.json(SchemaName::DeviceKill, &forged);
    assert_eq!((exit, &report["taken"], &report["switched_off"]), (1, &false.into(), &0.into()), "{report:#}");
    let (exit, report) = scratch.json(SchemaName::DeviceKill, &give(7, &[&rule], "contentcheck kill"));
    let said = [&report["taken"], &report["epoch"], &report["named"], &report["sequence"], &report["switched_off"]];
    assert_eq!((exit, said.map(Value::as_u64)), (0, [None, Some(7), Some(1), Some(12), Some(1)]), "{report:#}");
    let status = scratch.run(&["device", "status", "store"]);
    assert!(status.out.contains("on trial, 3 tries left"), "no try is used up: {}", status.out);

    let run = |arguments: &[&str]| scratch.run(&[&["device"], arguments].concat());
    let older = run(&give(6, &[], "contentcheck kill"));
    assert!(older.exit == 1 && older.out.starts_with("refused: kill list 6 is offered, and 7 counts"), "{}", older.out);
    let other_case = run(&give(8, &[&rule.to_uppercase().replace("RULE", "rule"), &rule], "contentcheck kill"));
    assert!(other_case.out.contains("switches off 1 of the") && other_case.exit == 0, "{}", other_case.out);
    assert!(other_case.err.contains("has 1 of the 2 ids in the list"), "{}", other_case.err);
    let all = run(&give(9, &["all"], "contentcheck kill"));
    assert!(all.out.starts_with("taken: kill list 9; it switches off ") && !all.err.contains("note:"), "{}", all.out);
    let none = run(&give(10, &[], "contentcheck kill"));
    assert!(none.out.contains("switches off 0 of the"), "{}", none.out);
    let nonsense = run(&give(11, &["everything"], "contentcheck kill"));
    assert!(nonsense.exit == 1 && nonsense.out.starts_with("refused: "), "{}", nonsense.out);
    // An id counts once, however often it is named.
    let twice = run(&give(11, &[&rule, &rule], "contentcheck kill"));
    assert!(!twice.err.contains("note: no rule"), "{}", twice.err);
    // Another root, and directories that are no sensor's: nothing is written.
    let before = fs::read(scratch.0.join("store/state.a")).unwrap();
    let mut other = give(12, &["all"], "contentcheck kill");
    let at = other.iter().position(|word| *word == "root").unwrap();
    other[at] = "other-root";
    let own = root();
    let roots = own.lines().map(|line| match line.split_once(' ') {
        Some((word @ ("root" | "release" | "kill"), _)) => format!("{word} 1 {OTHER}\n"),
        _ => format!("{line}\n"),
    });
    scratch.write("other-root", roots.collect::<String>());
    let foreign = run(&other);
    assert!(foreign.exit == 2 && foreign.err.contains("no key of this root signed anything"), "{}", foreign.err);
    fs::create_dir(scratch.0.join("bare")).unwrap();
    for wrong in ["bare", "store/images"] {
        let mut wrongly = give(12, &["all"], "contentcheck kill");
        wrongly[1] = wrong;
        let run = run(&wrongly);
        assert!(run.exit == 2 && run.err.contains("no sensor has decided anything here"), "{}{}", run.out, run.err);
        assert!(!scratch.0.join(wrong).join("state.a").exists());
    }
    assert_eq!(fs::read(scratch.0.join("store/state.a")).unwrap(), before);
    let absent = [&["kill", "absent", "--list", "kills", "--signatures", "kills.sig"], of].concat();
    assert!(run(&absent).exit == 2 && !scratch.0.join("absent").exists());
}

/// Signatures of the key that counts, beside a file.
fn signatures(domain: &str, file: &str) -> String {
    use ed25519_dalek::Signer as _;
    use ed25519_dalek::pkcs8::DecodePrivateKey as _;

    let key = ed25519_dalek::SigningKey::from_pkcs8_pem(PRIVATE).unwrap();
    let signed = key.sign(&[domain.as_bytes(), &[0], file.as_bytes()].concat());
    format!("contentcheck signatures 1\n{} {}\n", hex(key.verifying_key().as_bytes()), hex(&signed.to_bytes()))
}

/// What a gate says of an image, signed by nobody: whoever looks from outside has no keys.
fn envelope(digest: &Digest) -> String {
    let none: [u8; 0] = [];
    let statement = serde_json::json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "release.ccimage", "digest": { "sha256": digest.to_string() } }],
        "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
        "predicate": {
            "result": "PASSED", "requiredAll": true, "configuration": none, "evidence": {}, "passedTests": none,
            "failedTests": none, "skippedTests": none, "missing": none, "allowed": none,
            "release": { "name": "first", "sequence": 7, "rules": 1, "leftOut": 0, "digest": {} },
            "tool": {}, "seed": 1, "cases": 1, "accepted": {}, "sensors": none,
        },
    });
    let payload = STANDARD.encode(statement.to_string());
    let kind = "application/vnd.in-toto+json";
    serde_json::json!({ "payloadType": kind, "payload": payload, "signatures": [] }).to_string()
}

/// The store of corpus/images/first with content that was confirmed, an id and a candidate that is damaged.
fn kept(scratch: &Scratch) -> Digest {
    let image = fs::read(corpus("images/first/rules.ccimage")).unwrap();
    let digest = Digest::of(&image);
    for part in ["tmp", "images", "kills", "evidence"] {
        fs::create_dir_all(scratch.0.join("store").join(part)).unwrap();
    }
    scratch.write(&format!("store/images/{digest}"), &image);
    scratch.write(&format!("store/images/{digest}.env"), envelope(&digest));
    let content = contentcheck_sensor::Content { digest, sequence: contentcheck_sensor::Sequence(7) };
    let identity = contentcheck_sensor::Identity { id: contentcheck_sensor::DeviceId(digest), hardware: None };
    let state = State {
        generation: 4,
        good: Some(Good { content, strikes: 2, unexplained: 0, suspect: false }),
        floor: content.sequence,
        running: Some(contentcheck_sensor::Rung::Good),
        identity: Some(identity),
        ..State::fresh(digest)
    };
    for copy in ["state.a", "state.b"] {
        scratch.write(&format!("store/{copy}"), state.to_record());
    }
    let line = "1 - last known good runs";
    let sum = Digest::of(line.as_bytes()).to_string();
    scratch.write("store/evidence/0.log", format!("{} {line}\n", &sum[..8]));
    digest
}

#[test]
fn damage_is_shown_and_nothing_is_changed() {
    let scratch = Scratch::new("damage");
    let digest = kept(&scratch);
    let status = || scratch.run(&["device", "status", "store"]);
    assert_eq!(
        (status().exit, status().out.starts_with("well        last known good: sequence 7")),
        (0, true),
        "{}",
        status().out
    );
    // An envelope that is none, or is about another image, is not believed at the next start.
    let other = Digest::of(b"another image");
    for envelope in [String::new(), "{}".to_owned(), envelope(&other)] {
        scratch.write(&format!("store/images/{digest}.env"), envelope);
        assert!(status().exit == 1 && status().out.contains("is damaged"), "{}", status().out);
        assert!(status().out.contains("next start  factory content"), "{}", status().out);
    }
    scratch.write(&format!("store/images/{digest}.env"), envelope(&digest));
    let image = scratch.0.join(format!("store/images/{digest}"));
    let mut bytes = fs::read(&image).unwrap();
    bytes[70] ^= 1;
    fs::write(&image, &bytes).unwrap();
    assert!(status().exit == 1 && status().out.contains("the image of last known good, sequence 7, is damaged"));
    fs::remove_file(&image).unwrap();
    assert!(status().out.contains("is missing"), "{}", status().out);
    scratch.write("store/state.b", "torn");
    assert!(status().out.contains("state one copy"), "{}", status().out);
    scratch.write("store/state.a", vec![0; 640]);
    let (exit, lost) = scratch.json(SchemaName::DeviceStatus, &["status", "store"]);
    assert_eq!((exit, &lost["memory"], &lost["condition"]), (1, &"lost".into(), &"degraded".into()));
    assert_eq!((&lost["floor"], &lost["runs"], &lost["next"]), (&Value::Null, &Value::Null, &"factory".into()));
    let (exit, why) = scratch.json(SchemaName::DeviceWhy, &["why", "store"]);
    assert_eq!((exit, &why["state"]), (1, &"lost".into()));
    assert!(scratch.run(&["device", "why", "store"]).out.starts_with("the state is lost: "));
    assert!(!scratch.0.join("store/lock").exists(), "nothing is taken by who looks");
    // What is none at all.
    assert_eq!(scratch.run(&["device", "status", "absent"]).exit, 2);
    scratch.write("file", "");
    assert_eq!(scratch.run(&["device", "why", "file"]).exit, 2);
    fs::create_dir(scratch.0.join("empty")).unwrap();
    let empty = scratch.run(&["device", "status", "empty"]);
    assert!(empty.exit == 1 && empty.err.contains("is this the directory of the sensor?"), "{}", empty.err);
    assert!(empty.out.starts_with("attention   no sensor has decided anything here yet"), "{}", empty.out);
    assert!(scratch.run(&["device", "why", "empty"]).err.contains("no decision"));
    assert_eq!(scratch.run(&["device", "seal", "empty"]).exit, 2, "there is nothing to seal");
    assert_eq!(fs::read_dir(scratch.0.join("empty")).unwrap().count(), 0, "and nothing is left");
    assert_eq!(scratch.run(&["device", "seal", "absent"]).exit, 2);
}

#[test]
fn a_sealed_store_has_nothing_of_its_machine() {
    let scratch = Scratch::new("seal");
    kept(&scratch);
    scratch.write("store/evidence/0.log", "of this machine");
    scratch.write("store/ended", "core-dump dumped SEGV\n");
    let (exit, sealed) = scratch.json(SchemaName::DeviceSeal, &["seal", "store"]);
    assert_eq!((exit, &sealed["begins_with"], &sealed["floor"]), (0, &7.into(), &7.into()));
    let (_, status) = scratch.json(SchemaName::DeviceStatus, &["status", "store"]);
    assert_eq!((&status["device"], &status["runs"], &status["memory"]), (&Value::Null, &Value::Null, &"whole".into()));
    assert_eq!((&status["contents"][0]["crashes"], &status["contents"][0]["image"]), (&0.into(), &"whole".into()));
    assert!(!scratch.0.join("store/evidence/0.log").exists() && !scratch.0.join("store/ended").exists());
    let bare = scratch.run(&["device", "seal", "store", "--without-content"]);
    assert_eq!(bare.out, "sealed: machines begin with what is built into the sensor, and take what is above 7\n");
    let (_, status) = scratch.json(SchemaName::DeviceStatus, &["status", "store"]);
    assert_eq!((&status["contents"], &status["floor"]), (&serde_json::json!([]), &7.into()));
    assert_eq!(fs::read_dir(scratch.0.join("store/images")).unwrap().count(), 0);
    // Not while a sensor has it.
    let mut held = Files::new(scratch.0.join("store"));
    assert_eq!(contentcheck_sensor::Disk::lock(&mut held), Ok(true));
    let taken = scratch.run(&["device", "seal", "store"]);
    assert!(taken.exit == 2 && taken.err.contains("stop it first"), "{}", taken.err);
}

#[test]
fn what_is_named_wrongly_is_said_and_nothing_is_written() {
    let scratch = Scratch::new("usage");
    scratch.write("root", root());
    scratch.write("bad-root", "contentcheck root 1\n");
    scratch.write("dos-root", root().replace('\n', "\r\n"));
    scratch.write("cut-root", root().trim_end());
    scratch.write("image", "");
    let offer = |more: &[&str]| {
        scratch.run(&[&["device", "offer", "store", "--image", "image", "--envelope", "image"], more].concat())
    };
    for (more, words) in [
        (["--sensor", "builtin:sysmon", "--root", "root"], "does not mean exactly one sensor"),
        (["--sensor", "builtin:sysmon/4.90", "--root", "bad-root"], "this is not a root: line 2"),
        (["--sensor", "builtin:sysmon/4.90", "--root", "dos-root"], "end with a carriage return"),
        (["--sensor", "builtin:sysmon/4.90", "--root", "cut-root"], "its last line has no line feed"),
        (["--sensor", "builtin:sysmon/4.90", "--root", "absent"], "absent"),
    ] {
        let run = offer(&more);
        assert!(run.exit == 2 && run.err.contains(words), "{}", run.err);
        assert!(!scratch.0.join("store").exists());
    }
    let run = offer(&["--sensor", "builtin:sysmon/4.90", "--root", "root"]);
    assert!(run.exit == 1 && run.out.starts_with("refused [CC1111]"), "{}{}", run.out, run.err);
    let drill = ["device", "simulate-crash", "absent", "--sensor", "builtin:sysmon/4.90", "--root", "root"];
    assert_eq!(scratch.run(&drill).exit, 2);
}
