//! One function for each target: it must return for every input.

use std::sync::Arc;

use contentcheck_model::decode::decode;
use contentcheck_model::diagnostic::{Diagnostic, Sink};
use contentcheck_model::language::Language;
use contentcheck_model::sensor::{Fleet, FleetFile, Manifest};
use contentcheck_model::source::Source;
use contentcheck_model::template::TemplateType;
use contentcheck_parser::import::{Options, Platform, import};
use contentcheck_parser::native;
use contentcheck_parser::release::{Checking, Gathered, Tables, WithErrors};

/// A function that takes any input.
pub type Body = fn(&[u8]);

/// The targets by name.
pub const ALL: [(&str, Body); 7] = [
    ("sigma", sigma),
    ("native", native),
    ("fmt_round_trip", fmt_round_trip),
    ("manifest", manifest),
    ("import_xml", import_xml),
    ("table", table),
    ("regex", regex),
];

/// Template types of every kind of field, served to the log sources that inputs are likely to name.
const TEMPLATES: &str = "template windows.sysmon.process_creation @ 1 {
    serves { product: windows, category: process_creation }
    reads { EventID: [1, 5], Channel: \"Sysmon\" }
    header { Computer: string nocase }
    1 Image : string nocase
    2 CommandLine : string
    3 ProcessId : int
    4 User : string?
    5 Address : ip?
    6 Names : list<string>?
    7 Hash : bytes?
    8 Ratio : float?
    9 Admin : bool?
}
template open.other @ 1 { serves { product: windows } open }
";

fn library() -> Arc<[Arc<TemplateType>]> {
    let source = Source::new("library", TEMPLATES);
    native::templates(&native::parse(&source).ast, &mut Sink::new(&source)).into_iter().map(Arc::new).collect()
}

/// Whether every finding lies in its text, and can be shown.
fn shown<'d>(found: impl IntoIterator<Item = &'d Diagnostic>) {
    for diagnostic in found {
        assert!(diagnostic.span.start <= diagnostic.span.end);
        assert!(diagnostic.span.end as usize <= diagnostic.source.text().len(), "{diagnostic}");
        for edit in diagnostic.fix.iter().flat_map(|fix| &fix.edits) {
            assert!(diagnostic.source.text().get(edit.span.range()).is_some(), "{diagnostic}");
        }
        assert!(!diagnostic.to_string().is_empty());
    }
}

fn content(name: &str, data: &[u8], table: &[u8]) {
    let source = match decode(name, data.to_vec()) {
        Ok(source) => source,
        Err(problem) => return shown([&*problem]),
    };
    let json = "{\"format\":1,\"sensor\":\"s\",\"version\":\"1\",\"capacity\":{\"rules\":1},\"templates\":\
                {\"windows.sysmon.process_creation\":{\"inputs\":[{\"name\":\"Image\",\"type\":\"string\"}]}}}";
    let sensor = Manifest::parse(&Source::new("m", json)).expect("a manifest");
    let fleet = Fleet::new(vec![sensor]).expect("a fleet");
    let language = Language::of(name).expect("a language");
    let table = table.to_vec();
    let gathered = Gathered {
        library: library(),
        fleet: Some(fleet),
        tables: Tables::new(move |_| Some(table.clone())),
        ..Gathered::of(vec![(source, language)])
    };
    let judged = gathered.check(&Checking::default()).judge();
    shown(judged.findings().iter().map(|found| &**found));
    shown(judged.blockers().iter().map(|found| &**found));
    // What ships was read whole, and what was not read whole is named.
    let shippable = judged.ship(WithErrors::LeaveOut).expect("what has errors is left out");
    assert!(shippable.left_out().iter().all(|out| !out.reasons.is_empty()));
    assert!(shippable.left_out().is_empty() || judged.ship(WithErrors::Refuse).is_err());
}

/// A Sigma file, whole.
pub fn sigma(data: &[u8]) {
    content("fuzz.yml", data, b"");
}

/// A native file, whole.
pub fn native(data: &[u8]) {
    content("fuzz.content", data, b"k\na\n");
}

/// What is formatted means the same and is formatted.
pub fn fmt_round_trip(data: &[u8]) {
    let Ok(source) = decode("fuzz.content", data.to_vec()) else { return };
    let Ok(once) = native::format(&native::parse(&source).ast) else { return };
    let again = native::parse(&Source::new("fuzz.content", once.as_str()));
    assert!(again.ast.is_intact(), "what was formatted cannot be read: {:?}", again.diagnostics);
    let twice = native::format(&again.ast);
    assert_eq!(twice.ok().as_deref(), Some(once.as_str()), "formatting twice changes the text");
}

/// A sensor manifest or fleet file; what is read is written and read again the same.
pub fn manifest(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let source = Source::new("m.json", text);
    if let Err(problems) = FleetFile::parse(&source) {
        shown(&problems);
    }
    match Manifest::parse(&source) {
        Ok(sensor) => {
            let json = sensor.manifest().to_json();
            let again = Manifest::parse(&Source::new("m.json", json)).expect("what was written can be read");
            assert_eq!(again.manifest(), sensor.manifest());
        }
        Err(problems) => shown(&problems),
    }
}

/// A Sysmon schema or Windows event manifest.
pub fn import_xml(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let source = Source::new("schema.xml", text);
    for platform in [Platform::Windows, Platform::Linux] {
        let options = Options { version: Some("1".to_owned()), platform, ..Options::default() };
        if let Err(problems) = import(&source, &options) {
            shown(&problems);
        }
    }
}

/// The rows of a table: JSON lines if the first byte is a brace, else CSV.
pub fn table(data: &[u8]) {
    let ending = if data.first() == Some(&b'{') { "jsonl" } else { "csv" };
    let declared = format!(
        "table t @ 1 {{ k: string key, i: int?, f: float?, b: bool?, a: ip?, h: bytes? }} capacity 9 from \"d.{ending}\"\n"
    );
    content("fuzz.content", declared.as_bytes(), data);
}

/// A regular expression.
pub fn regex(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let quoted: String = text
        .chars()
        .flat_map(|character| match character {
            '"' | '\\' => vec!['\\', character],
            character if character.is_control() => vec![' '],
            character => vec![character],
        })
        .collect();
    for flags in ["", "|i|m|s"] {
        let rule = format!(
            "title: t\nlogsource: {{product: windows, category: process_creation}}\n\
             detection: {{s: {{CommandLine|re{flags}: \"{quoted}\"}}, condition: s}}\n"
        );
        content("fuzz.yml", rule.as_bytes(), b"");
    }
}
