//! corpus/incidents, played through a device's store with every check before it switched off: which layer holds. docs/incidents.md has the
//! same table, and a test holds the two together.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use contentcheck_compiler::event::with_event;
use contentcheck_compiler::sensor::Supplied;
use contentcheck_compiler::{Options, compile};
use contentcheck_interpreter::{Image, Manifest, hash};
use contentcheck_model::diagnostic::codes;
use contentcheck_model::language::Language;
use contentcheck_model::sensor::{self, Sensor};
use contentcheck_model::source::Source;
use contentcheck_model::value::Value as Owned;
use contentcheck_parser::release::{Checking, Gathered, Level, Policy as Severities, Shippable, Tables, WithErrors};
use contentcheck_sensor::{
    Authority, Ceilings, Claim, Config, Content, Digest, Distrust, Files, Policy, Purpose, Reader, Rung, Sequence,
    Store, System,
};

/// What keeps an incident from being one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    /// Nothing compiles it, whatever is switched off: there is no image.
    NoImage,
    /// The device does not take it, with this code.
    Refused(&'static str),
    /// It is taken, matches nearly everything, and is given up within seconds; older content runs.
    GivenUp,
    /// It is taken and matches what it should not. One rule is switched off, and what is left goes on.
    SwitchedOff,
    /// Nothing on one device: it is valid content that says too little. Rings and the gate are what holds.
    Nothing,
}

use Holds::{GivenUp, NoImage, Nothing, Refused, SwitchedOff};

/// Each incident, a sensor of its fleet (nothing: one that supplies all that is read), and what holds there.
const PLAYED: &[(&str, Option<&str>, Holds)] = &[
    ("backtracking-regex", None, NoImage),
    ("blank-required-fields", None, NoImage),
    ("channel-file-291", Some("manifests/falcon-like-7.11.json"), Refused("CC0401")),
    ("defender-hive-zy", None, SwitchedOff),
    ("defender-shortcuts", None, GivenUp),
    ("doubled-feature-file", None, NoImage),
    ("dynamodb-stale-plan", None, Refused("CC1112")),
    ("front-door-two-producers", None, Nothing),
    ("linux-kernel-combination", Some("acme-5.14.json"), Refused("CC0404")),
    ("matches-everything", None, GivenUp),
    ("mcafee-dat-5958", None, SwitchedOff),
    ("reused-id", None, Nothing),
    ("s3-removed-too-much", None, Nothing),
    ("sentinelone-empty-routes", None, NoImage),
    ("sophos-own-updater", None, SwitchedOff),
    ("stack-overflow-trim", None, NoImage),
    ("symantec-netapi32", None, SwitchedOff),
    ("sysmon-4.0-4.1", Some("builtin:sysmon/4.1"), Refused("CC0403")),
    ("webroot-signed-files", None, SwitchedOff),
    ("windows-4624", Some("builtin:windows/6.1.7600"), Refused("CC0401")),
];

/// Not of a device: the gate itself was broken.
const NOT_PLAYED: &[&str] = &["meta-broken-audit"];

fn corpus(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/incidents").join(name)
}

/// What ships of it where nothing but the compiler itself objects.
fn shippable(directory: &Path) -> Option<Shippable> {
    let mut files: Vec<(Source, Language)> = Vec::new();
    let mut paths: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths.iter().filter(|path| path.is_file()) {
        let name = path.file_name().unwrap().to_str().unwrap();
        if let Some(language) = Language::of(name) {
            files.push((Source::new(name, fs::read_to_string(path).unwrap()), language));
        }
    }
    let within = directory.to_owned();
    let tables = Tables::new(move |path| fs::read(within.join(path)).ok());
    let library = contentcheck_library::templates().unwrap();
    let mut policy = Severities::default();
    for code in codes::all() {
        // What can break a device cannot be switched off; of that, what no fleet is asked about is not found here either.
        let _ = policy.set(code.id, Level::Off);
    }
    let gathered = Gathered { library, tables, policy, ..Gathered::of(files) };
    gathered.check(&Checking::default()).judge().ship(WithErrors::LeaveOut).ok()
}

/// The image, of a release with this sequence.
fn image(shippable: &Shippable, sequence: u64) -> Option<Vec<u8>> {
    let mut image = compile(shippable, Options::default()).ok()?;
    image[40..48].copy_from_slice(&sequence.to_le_bytes());
    let seal = hash::checksum(&image);
    image[24..32].copy_from_slice(&seal.to_le_bytes());
    Some(image)
}

/// The sequence that the release itself states.
fn sequence(directory: &Path) -> u64 {
    let text = fs::read_to_string(directory.join("contentcheck.toml")).unwrap_or_default();
    text.lines().find_map(|line| line.strip_prefix("sequence = ")?.parse().ok()).unwrap_or(100)
}

fn sensor_of(directory: &Path, selector: &str) -> Sensor {
    match selector.strip_prefix("builtin:") {
        Some(builtin) => contentcheck_library::sensors(builtin).next().unwrap().parse().unwrap(),
        None => {
            let text = fs::read_to_string(directory.join(selector)).unwrap();
            sensor::Manifest::parse(&Source::new("m.json", text)).unwrap()
        }
    }
}

/// Whoever signs here signs everything: keys are one of the checks that are switched off.
#[derive(Clone)]
struct Everything;

impl Authority for Everything {
    fn claim(&self, envelope: &[u8], _: Purpose) -> Result<Claim, Distrust> {
        let text = std::str::from_utf8(envelope).unwrap();
        let (digest, sequence) = text.split_once(' ').unwrap();
        let content =
            Content { digest: Digest::from_hex(digest).unwrap(), sequence: Sequence(sequence.parse().unwrap()) };
        Ok(Claim { content, issued: None, install_until: None })
    }

    fn kill_list(&self, _: &[u8], _: &[u8], _: Purpose) -> Result<(), Distrust> {
        Ok(())
    }
}

fn built_in<T: ?Sized>(value: Box<T>) -> &'static T {
    Box::leak(value)
}

struct Device {
    root: PathBuf,
    supplied: &'static Supplied<'static>,
    store: Store<Files, System, Everything>,
}

impl Drop for Device {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

impl Device {
    fn new(name: &str, supplied: Supplied<'static>) -> Self {
        let root = std::env::temp_dir().join(format!("contentcheck-incident-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        let supplied = built_in(Box::new(supplied));
        let manifest: &'static Manifest<'static> =
            built_in(Box::new(supplied.manifest(built_in(supplied.supplies().into_boxed_slice()))));
        let policy = Policy {
            bake_seconds: 0,
            bake_events: 2_000,
            restarts: 0,
            ceilings: Ceilings { least_events: 1_000, ..Policy::DEFAULT.ceilings },
            ..Policy::DEFAULT
        };
        let policy = policy.sound().unwrap();
        let config = Config { policy, ..Config::new(manifest, Digest::of(b"build"), 0) };
        let store = Store::open(config, Files::new(&root), System::new(root.join("ended")), Everything);
        Self { root, supplied, store }
    }

    fn offer(&mut self, image: &[u8], sequence: u64) -> Result<(), &'static str> {
        let envelope = format!("{} {sequence}", Digest::of(image));
        self.store.offer(image, envelope.as_bytes()).map(drop).map_err(|refusal| refusal.code())
    }

    /// Evaluates an event as every template type of the image that the sensor supplies; the ids of what matches.
    fn evaluate(&self, reader: &mut Reader, event: &BTreeMap<String, Owned>) -> Vec<String> {
        let mut found = Vec::new();
        let mut view = reader.view();
        for (template, inputs) in self.supplied.templates() {
            for number in view.templates_named(template) {
                let value = |name: &str| event.get(name);
                with_event(inputs, self.supplied.header(), value, &[], |event| {
                    view.evaluate(number, event, 10_000_000, |rule| found.push(rule.name.to_owned())).unwrap();
                });
            }
        }
        found
    }
}

fn owned(value: &serde_json::Value) -> Option<Owned> {
    Some(match value {
        serde_json::Value::String(text) => Owned::String(text.clone()),
        serde_json::Value::Number(number) => Owned::Int(number.as_i64()?),
        serde_json::Value::Bool(truth) => Owned::Bool(*truth),
        serde_json::Value::Array(all) => Owned::List(all.iter().filter_map(owned).collect()),
        serde_json::Value::Null | serde_json::Value::Object(_) => return None,
    })
}

/// What was recorded of it: what it should not have matched, or an ordinary day.
fn recorded(directory: &Path) -> Vec<BTreeMap<String, Owned>> {
    let mut events = Vec::new();
    for part in ["recordings", "never-match"] {
        let Ok(entries) = fs::read_dir(directory.join(part)) else { continue };
        for entry in entries {
            for line in fs::read_to_string(entry.unwrap().path()).unwrap().lines() {
                let event: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).unwrap();
                events.push(event.iter().filter_map(|(name, value)| Some((name.clone(), owned(value)?))).collect());
            }
        }
    }
    events
}

/// An ordinary event that does its worst to a regex: every string is long, and nearly what is looked for.
fn worst(supplied: &Supplied<'_>) -> BTreeMap<String, Owned> {
    let hostile = format!("https://www.example/?x{}{}x", "=".repeat(4_000), " ".repeat(20_000));
    let inputs = supplied.templates().iter().flat_map(|(_, inputs)| inputs).chain(supplied.header());
    inputs.map(|input| (input.name.to_owned(), Owned::String(hostile.clone()))).collect()
}

fn play(name: &str, selector: Option<&str>) -> Holds {
    let directory = corpus(name);
    let Some(shippable) = shippable(&directory) else { return NoImage };
    let own = sequence(&directory);
    let Some(image) = image(&shippable, own) else { return NoImage };
    let supplied = match selector {
        Some(selector) => Supplied::of_sensor(built_in(Box::new(sensor_of(&directory, selector)))),
        None => Supplied::of_recorder(
            built_in(Box::new(Image::read(built_in(image.clone().into_boxed_slice())).unwrap())),
            "any",
            "1",
        ),
    };
    let mut device = Device::new(name, supplied);
    // Older content of the same kind that is known to be good, or the release before.
    let before = directory.join("previous");
    let older = if before.exists() { self::shippable(&before) } else { None };
    let rungs = older.and_then(|older| {
        let sequence = sequence(&before);
        device.offer(&self::image(&older, sequence)?, sequence).ok()
    });
    if rungs.is_some() {
        let mut reader = device.store.reader();
        for _ in 0..2_000 {
            device.evaluate(&mut reader, &BTreeMap::new());
        }
        let _ = device.store.check();
        assert_eq!(device.store.status().rung, Rung::Good, "{name}");
    }
    if let Err(code) = device.offer(&image, own) {
        return Refused(built_in(code.to_owned().into_boxed_str()));
    }
    assert_eq!(device.store.status().rung, Rung::Candidate, "{name}");
    let mut events = recorded(&directory);
    let is_recorded = !events.is_empty();
    if !is_recorded {
        events.push(worst(device.supplied));
    } else if directory.join("never-match").exists() {
        // Each is one file of many on a machine.
        let others = 19 * events.len();
        events.resize_with(events.len() + others, BTreeMap::new);
    }
    let mut reader = device.store.reader();
    let mut matched: Vec<String> = Vec::new();
    let rounds = if is_recorded { 2_000 / events.len() + 1 } else { 1_000 };
    for _ in 0..rounds {
        for event in &events {
            matched.extend(device.evaluate(&mut reader, event));
        }
    }
    let _ = device.store.check();
    let status = device.store.status();
    assert_eq!((status.health.faults, status.health.exhausted), (0, 0), "{name}: nothing faults, no budget is spent");
    if status.rung == Rung::Nothing {
        assert!(status.to_string().contains("given up"), "{status}");
        return GivenUp;
    }
    assert!(matches!(status.rung, Rung::Candidate | Rung::Good), "{name}: {status}");
    matched.sort();
    matched.dedup();
    if matched.is_empty() {
        return Nothing;
    }
    let rules: String = matched.iter().map(|id| format!("rule {id}\n")).collect();
    device.store.kill(format!("contentcheck kill list 1\nepoch 1\n{rules}").as_bytes(), b"").unwrap();
    for event in &events {
        assert_eq!(device.evaluate(&mut reader, event), [""; 0], "{name}");
    }
    SwitchedOff
}

#[test]
fn every_incident_is_held_by_the_layer_that_the_page_names() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/incidents.md")).unwrap();
    let table = page.split_once("## Through a device's store").unwrap().1;
    let mut known: Vec<&str> = PLAYED.iter().map(|(name, ..)| *name).chain(NOT_PLAYED.iter().copied()).collect();
    known.sort_unstable();
    let mut there: Vec<String> =
        fs::read_dir(corpus("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    there.sort();
    assert_eq!(known, there, "an incident is played on the device, or is named with a reason");
    let mut problems = Vec::new();
    let rings = table.split_once("## In rings").unwrap().1.split_once("## Sources").unwrap().0;
    for (name, selector, expected) in PLAYED {
        let rows: Vec<&str> = rings.lines().filter(|row| row.contains(&format!("`{name}`"))).collect();
        let row = rows.first().copied().unwrap_or_default();
        let fits = match expected {
            GivenUp => row.starts_with("| matches most of"),
            SwitchedOff => row.starts_with("| matches what it should not"),
            Refused("CC1112") => row.starts_with("| is older"),
            Refused(_) => row.starts_with("| crashes"),
            NoImage | Nothing => true,
        };
        if rows.len() != 1 || !fits {
            problems.push(format!("{name} is not in the row of its kind, under \"In rings\": {rows:?}"));
        }
        let found = play(name, *selector);
        if found != *expected {
            problems.push(format!("{name}: {expected:?} is expected, and {found:?} holds"));
        }
        let said = match expected {
            NoImage => "no image".to_owned(),
            Refused(code) => format!("refused, {code}"),
            GivenUp => "given up".to_owned(),
            SwitchedOff => "switched off".to_owned(),
            Nothing => "nothing on one device".to_owned(),
        };
        let row = table.lines().find(|line| line.starts_with(&format!("| `{name}` |"))).unwrap_or("");
        if !row.contains(&format!("| {said} |")) {
            problems.push(format!("docs/incidents.md does not say of {name}: {said}"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
