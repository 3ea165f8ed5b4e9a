//! Images that are kept with events and answers, for readers in any language: corpus/images/README.md has the format.
//!
//! What is made of the content is held against what is kept; `BLESS=1` writes it. The answers are asked of the kept images
//! themselves, so that an image of an earlier compiler gives them too.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

#[path = "images/damage.rs"]
mod damage;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use contentcheck_compiler::sensor::{Memory, Supplied};
use contentcheck_compiler::{Options, compile};
use contentcheck_generators::Choices;
use contentcheck_interpreter::{self as interpreter, Image, KillList, Type, VerifiedImage, utf8};
use contentcheck_model::language::Language;
use contentcheck_model::sensor::{self, Sensor};
use contentcheck_model::source::Source;
use contentcheck_model::template::{self, TemplateType};
use contentcheck_model::value::Value as Owned;
use contentcheck_parser::release::{Checking, Gathered, Shippable, WithErrors};
use contentcheck_reference::{Evaluator, Event};
use serde_json::{Value as Json, json};

/// The directories, and whether an image leaves out what a sensor cannot feed.
const DIRECTORIES: [(&str, bool); 7] = [
    ("lists", false),
    ("numbers", false),
    ("opcodes", false),
    ("regexes", false),
    ("sensors", true),
    ("sigma", false),
    ("tables", false),
];

/// Events that are tried, and of these at most so many kept, for each directory.
const TRIED: usize = 600;
const KEPT: usize = 96;

fn root(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/images").join(name)
}

/// A value of an event as events.jsonl has it.
#[derive(Clone, Debug, PartialEq)]
enum Given {
    Absent,
    Text(Vec<u8>),
    Bytes(Vec<u8>),
    Int(i64),
    UInt(u64),
    /// By its bits, so that `-0.0` and what is no number are themselves.
    Float(u64),
    Bool(bool),
    Ip(IpAddr),
    List(Vec<Self>),
}

fn text(text: &str) -> Given {
    Given::Text(text.as_bytes().to_vec())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut all, byte| {
        write!(all, "{byte:02x}").unwrap();
        all
    })
}

fn unhex(text: &str) -> Vec<u8> {
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    assert!(odd.is_empty(), "{text}");
    pairs.iter().map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

impl Given {
    fn of(value: &Owned) -> Self {
        match value {
            Owned::String(value) => text(value),
            Owned::Int(number) => Self::Int(*number),
            Owned::Float(number) => Self::Float(number.to_bits()),
            Owned::Bool(truth) => Self::Bool(*truth),
            Owned::Ip(address) => Self::Ip(*address),
            Owned::Bytes(bytes) => Self::Bytes(bytes.clone()),
            Owned::List(elements) => Self::List(elements.iter().map(Self::of).collect()),
        }
    }

    fn json(&self) -> Json {
        match self {
            Self::Absent => Json::Null,
            Self::Text(bytes) => std::str::from_utf8(bytes)
                .map_or_else(|_| json!({"text_hex": hex(bytes)}), |text| json!({"text": text})),
            Self::Bytes(bytes) => json!({"bytes": hex(bytes)}),
            Self::Int(number) => json!({"int": number}),
            Self::UInt(number) => json!({"uint": number}),
            Self::Float(bits) => json!({"float": format!("{bits:016x}")}),
            Self::Bool(truth) => json!({"bool": truth}),
            Self::Ip(address) => json!({"ip": address.to_string()}),
            Self::List(elements) => json!({"list": elements.iter().map(Self::json).collect::<Vec<_>>()}),
        }
    }

    fn read(json: &Json) -> Self {
        if json.is_null() {
            return Self::Absent;
        }
        let (member, value) = json.as_object().unwrap().iter().next().unwrap();
        let word = || value.as_str().unwrap();
        match member.as_str() {
            "text" => text(word()),
            "text_hex" => Self::Text(unhex(word())),
            "bytes" => Self::Bytes(unhex(word())),
            "int" => Self::Int(value.as_i64().unwrap()),
            "uint" => Self::UInt(value.as_u64().unwrap()),
            "float" => Self::Float(u64::from_str_radix(word(), 16).unwrap()),
            "bool" => Self::Bool(value.as_bool().unwrap()),
            "ip" => Self::Ip(word().parse().unwrap()),
            "list" => Self::List(value.as_array().unwrap().iter().map(Self::read).collect()),
            other => panic!("{other} is no value"),
        }
    }

    /// The value as the interpreter borrows it; elements of lists are lent before.
    fn lent<'v>(&'v self, elements: &'v [interpreter::Value<'v>]) -> interpreter::Value<'v> {
        use interpreter::Value;
        match self {
            Self::Absent => Value::Absent,
            Self::Text(text) => Value::Text(text),
            Self::Bytes(bytes) => Value::Bytes(bytes),
            Self::Int(number) => Value::Int(*number),
            Self::UInt(number) => Value::UInt(*number),
            Self::Float(bits) => Value::Float(f64::from_bits(*bits)),
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Ip(address) => Value::Ip(*address),
            Self::List(_) => Value::List(elements),
        }
    }

    fn elements(&self) -> &[Self] {
        if let Self::List(elements) = self { elements } else { &[] }
    }

    /// The value as the reference evaluator has it: a byte that begins no well-formed sequence is the character that it
    /// counts for. Nothing where it has no such value.
    fn owned(&self) -> Option<Owned> {
        Some(match self {
            Self::Absent => return None,
            Self::Text(bytes) => {
                let (mut text, mut rest) = (String::new(), bytes.as_slice());
                while let Some((character, len)) = utf8::first(rest) {
                    text.push(char::from_u32(character).unwrap());
                    rest = &rest[len..];
                }
                Owned::String(text)
            }
            Self::Bytes(bytes) => Owned::Bytes(bytes.clone()),
            Self::Int(number) => Owned::Int(*number),
            Self::UInt(number) => Owned::Int(i64::try_from(*number).ok()?),
            Self::Float(bits) => Owned::Float(f64::from_bits(*bits)),
            Self::Bool(truth) => Owned::Bool(*truth),
            Self::Ip(address) => Owned::Ip(*address),
            Self::List(elements) => Owned::List(elements.iter().filter_map(Self::owned).collect()),
        })
    }

    /// Whether the reference evaluator has such a value.
    fn is_common(&self) -> bool {
        match self {
            Self::UInt(number) => i64::try_from(*number).is_ok(),
            Self::List(elements) => elements.iter().all(|one| one.is_common() && !matches!(one, Self::List(_))),
            _ => true,
        }
    }

    const fn is(&self, scalar: template::Scalar) -> bool {
        use template::Scalar;
        matches!(
            (self, scalar),
            (Self::Text(_), Scalar::String)
                | (Self::Int(_) | Self::UInt(_), Scalar::Int)
                | (Self::Float(_), Scalar::Float)
                | (Self::Bool(_), Scalar::Bool)
                | (Self::Ip(_), Scalar::Ip)
                | (Self::Bytes(_), Scalar::Bytes)
        )
    }
}

/// An event as events.jsonl has it, in the order of the manifest.
#[derive(Clone, Debug, PartialEq)]
struct Line {
    template: String,
    version: u32,
    inputs: Vec<Given>,
    header: Vec<Given>,
    others: Vec<Given>,
}

/// Rules that match, inputs of a wrong type.
type Answer = (Vec<String>, Vec<String>);

impl Line {
    fn json(&self, (matches, mistyped): &Answer) -> String {
        let values = |values: &[Given]| Json::Array(values.iter().map(Given::json).collect()).to_string();
        format!(
            "{{\"template\": {}, \"version\": {}, \"inputs\": {}, \"header\": {}, \"others\": {}, \"matches\": {}, \"mistyped\": {}}}",
            json!(self.template),
            self.version,
            values(&self.inputs),
            values(&self.header),
            values(&self.others),
            json!(matches),
            json!(mistyped)
        )
    }

    fn read(line: &str) -> (Self, Answer) {
        let json: Json = serde_json::from_str(line).unwrap();
        let values = |member: &str| json[member].as_array().unwrap().iter().map(Given::read).collect();
        let names = |member: &str| {
            json[member].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
        };
        let line = Self {
            template: json["template"].as_str().unwrap().to_owned(),
            version: u32::try_from(json["version"].as_u64().unwrap()).unwrap(),
            inputs: values("inputs"),
            header: values("header"),
            others: values("others"),
        };
        (line, (names("matches"), names("mistyped")))
    }

    /// What the interpreter answers.
    fn answer(&self, verified: &VerifiedImage<'_>) -> Answer {
        let image = verified.image();
        let number = self.number(verified);
        let all = [&self.inputs, &self.header, &self.others];
        // A list in a list is lent as an empty one: it is of a wrong type whatever it holds.
        let elements: Vec<Vec<Vec<interpreter::Value<'_>>>> = all
            .map(|values| {
                values.iter().map(|value| value.elements().iter().map(|one| one.lent(&[])).collect()).collect()
            })
            .into();
        let lent: Vec<Vec<interpreter::Value<'_>>> = all
            .iter()
            .zip(&elements)
            .map(|(values, elements)| values.iter().zip(elements).map(|(value, of)| value.lent(of)).collect())
            .collect();
        let event = interpreter::Event { inputs: &lent[0], header: &lent[1], others: &lent[2] };
        let bound = verified.bind(number, event).unwrap();
        let mut scratch = vec![u64::MAX; verified.scratch_words()];
        let mut matches = Vec::new();
        let done = bound.evaluate(&KillList::NONE, &mut scratch, u64::MAX, |rule| {
            matches.push(image.rule(rule).unwrap().name.to_owned());
            ControlFlow::Continue(())
        });
        assert!(done.unwrap().is_whole());
        let named = |input: u32| {
            let of = image.input(input).unwrap();
            image.name(of.name, of.name_len).to_owned()
        };
        (matches, bound.mistyped_inputs().map(named).collect())
    }

    fn number(&self, verified: &VerifiedImage<'_>) -> u32 {
        let image = verified.image();
        let is_version = |at: &u32| image.template(*at).unwrap().version == self.version;
        verified.templates_named(&self.template).find(is_version).unwrap()
    }

    /// What the reference evaluator answers: the rules that this sensor loads and that match. Nothing where the event has
    /// a value that the reference evaluator does not have. A value of a wrong type is one that no field names.
    fn expected(
        &self,
        release: &Release,
        verified: &VerifiedImage<'_>,
        supplied: &Supplied<'_>,
    ) -> Option<BTreeSet<String>> {
        let all = || self.inputs.iter().chain(&self.header).chain(&self.others);
        if !all().all(Given::is_common) {
            return None;
        }
        let template = release.template(&self.template, self.version);
        let mut event = Event::empty(template);
        let inputs = &supplied.templates().iter().find(|(name, _)| *name == self.template).unwrap().1;
        let mut seen = BTreeSet::new();
        let named = inputs.iter().zip(&self.inputs).chain(supplied.header().iter().zip(&self.header));
        for (input, value) in named {
            let field = template.named(input.name);
            let known = !field.is_undeclared() || template.open;
            if !seen.insert(input.name) || !known {
                event.others.extend(value.owned());
                continue;
            }
            let ty = template.describe(&field).unwrap().ty;
            match value {
                Given::List(elements) if ty.list => {
                    let right = |one: &&Given| one.is(ty.scalar);
                    event.set(
                        &field,
                        Some(Owned::List(elements.iter().filter(right).filter_map(Given::owned).collect())),
                    );
                    event.others.extend(elements.iter().filter(|one| !right(one)).filter_map(Given::owned));
                }
                value if !ty.list && value.is(ty.scalar) => event.set(&field, value.owned()),
                value => {
                    event.set(&field, None);
                    event.others.extend(value.owned());
                }
            }
        }
        event.others.extend(self.others.iter().filter_map(Given::owned));
        let evaluator = Evaluator::new(&release.content).unwrap();
        let loaded: BTreeSet<&str> =
            verified.loaded_on(self.number(verified)).map(|rule| verified.image().rule(rule).unwrap().name).collect();
        let fires = |rule: &&contentcheck_reference::PreparedRule<'_>| {
            loaded.contains(rule.rule.name.as_str())
                && rule.targets.iter().any(|target| {
                    let of = &target.target().template;
                    of.name == template.name && of.version == template.version && target.evaluate(&event)
                })
        };
        Some(evaluator.rules().iter().filter(fires).map(|rule| rule.rule.name.clone()).collect())
    }
}

/// The content of a directory, and the sensor that its image is verified for.
struct Release {
    content: Shippable,
    sources: Vec<String>,
    sensor: Sensor,
}

impl Release {
    fn open(name: &str) -> Self {
        let mut files = Vec::new();
        for path in fs::read_dir(root(name)).unwrap().map(|entry| entry.unwrap().path()) {
            let file = path.file_name().unwrap().to_str().unwrap().to_owned();
            if let Some(language) = Language::of(&file) {
                files.push((file, fs::read_to_string(&path).unwrap(), language));
            }
        }
        files.sort_by(|a, b| a.0.cmp(&b.0));
        let sources: Vec<String> = files.iter().map(|(_, text, _)| text.clone()).collect();
        let written: usize = sources
            .iter()
            .map(|text| text.lines().filter(|line| line.starts_with("rule ") || line.starts_with("title: ")).count())
            .sum();
        let library = contentcheck_library::templates().unwrap();
        let gathered = files.into_iter().map(|(file, text, language)| (Source::new(file, text), language)).collect();
        let judged = Gathered { library, ..Gathered::of(gathered) }.check(&Checking::default()).judge();
        let content = judged.ship(WithErrors::LeaveOut).unwrap();
        assert_eq!(content.rules().len(), written, "{name}: {:?}", judged.findings());
        let manifest = fs::read_to_string(root(name).join("manifest.json")).unwrap();
        let sensor = sensor::Manifest::parse(&Source::new("manifest.json", manifest)).unwrap();
        Self { content, sources, sensor }
    }

    fn template(&self, name: &str, version: u32) -> &TemplateType {
        let targets = self.content.rules().iter().flat_map(|rule| &rule.targets);
        targets.map(|target| &*target.template).find(|of| of.name == name && of.version == version).unwrap()
    }

    /// The events of the rules' own tests, and further ones that are written here.
    fn seeds(&self, name: &str, verified: &VerifiedImage<'_>, supplied: &Supplied<'_>) -> Vec<Line> {
        let mut seeds = Vec::new();
        let image = verified.image();
        let line = |number: u32, value: &dyn Fn(&str) -> Given, others: &[Given]| {
            let template = image.template(number).unwrap();
            let name = image.name(template.name, template.name_len);
            let inputs = &supplied.templates().iter().find(|(other, _)| *other == name)?.1;
            Some(Line {
                template: name.to_owned(),
                version: template.version,
                inputs: inputs.iter().map(|input| value(input.name)).collect(),
                header: supplied.header().iter().map(|input| value(input.name)).collect(),
                others: others.to_vec(),
            })
        };
        for number in 0..image.template_count() {
            seeds.extend(line(number, &|_| Given::Absent, &[]));
            for (values, others) in written(name) {
                let value = |name: &str| {
                    values.iter().find(|(other, _)| *other == name).map_or(Given::Absent, |(_, value)| value.clone())
                };
                seeds.extend(line(number, &value, &others));
            }
        }
        for rule in self.content.rules() {
            for (target, test) in
                rule.targets.iter().flat_map(|target| rule.tests.iter().map(move |test| (target, test)))
            {
                let template = &target.template;
                let number = (0..image.template_count()).find(|at| {
                    let of = image.template(*at).unwrap();
                    image.name(of.name, of.name_len) == template.name && of.version == template.version
                });
                let value = |name: &str| {
                    let field = template.named(name);
                    let found = test.values.iter().find(|(other, _)| *other == field);
                    found.map_or(Given::Absent, |(_, value)| Given::of(value))
                };
                seeds.extend(line(number.unwrap(), &value, &[]));
            }
        }
        seeds
    }
}

/// Values by name, and values without one.
type Written = (Vec<(&'static str, Given)>, Vec<Given>);

/// Events that no test of a rule can write.
fn written(directory: &str) -> Vec<Written> {
    let raw = |bytes: &[u8]| Given::Text(bytes.to_vec());
    let float = |number: f64| Given::Float(number.to_bits());
    let ip = |text: &str| Given::Ip(text.parse().unwrap());
    let list = |values: &[Given]| Given::List(values.to_vec());
    let long = |end: &str| raw([vec![b'a'; 10 << 10].as_slice(), end.as_bytes()].concat().as_slice());
    match directory {
        "opcodes" => vec![
            (vec![("command", text("an ä")), ("parent", raw(b"\xC3"))], vec![]),
            (vec![("command", text("an ä")), ("parent", raw(b"\xA4"))], vec![]),
            (vec![("command", raw(b"an \xC3\xC3\xA4")), ("parent", raw(b" \xC3"))], vec![]),
            (vec![("image", text("ä")), ("parent", raw(b"\xC3"))], vec![]),
            (vec![("command", raw(b"p\xFF-enc\xC3"))], vec![]),
            (
                vec![
                    ("image", raw(b"\xED\xA0\x80\\RUNDLL32.exe")),
                    ("command", raw(b"\xFFab")),
                    ("pid", Given::UInt(1 << 63)),
                ],
                vec![],
            ),
            (
                vec![
                    ("pid", Given::UInt(u64::MAX)),
                    ("at", Given::UInt(1 << 63 | 0x20)),
                    ("ratio", float(f64::INFINITY)),
                ],
                vec![],
            ),
            (
                vec![
                    ("pid", Given::Int(5000)),
                    ("at", Given::Int(0)),
                    ("ratio", float(f64::NAN)),
                    ("admin", text("true")),
                ],
                vec![],
            ),
            (vec![("pid", Given::Int(5000)), ("at", Given::Int(0)), ("address", ip("::ffff:10.0.0.1"))], vec![]),
            (vec![("pid", Given::Int(5000)), ("at", Given::Int(0)), ("address", ip("10.255.255.255"))], vec![]),
            (vec![("address", ip("::ffff:11.0.0.1"))], vec![]),
            (vec![("address", ip("::fffe:a00:1"))], vec![]),
            (
                vec![
                    ("names", list(&[raw(b"\xFF.ru"), Given::Int(1), text("b")])),
                    ("ports", list(&[Given::UInt(443), text("80")])),
                ],
                vec![],
            ),
            (vec![("command", long("-enc")), ("text", long("日本語"))], vec![]),
            (vec![("command", text("a\u{1F980}c"))], vec![]),
            (vec![("command", raw(b"a\xF0c"))], vec![]),
            (vec![("text", raw(b"\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E\xE6"))], vec![]),
            (vec![("text", raw(b"\xE6\x97\xE6\x97\xA5\xE6\x9C\xAC\xE8"))], vec![]),
            (vec![("at", Given::Int(3 * 3600 + 59)), ("command", text("x aHR0c y"))], vec![]),
            (vec![("at", Given::Int(86_400 - 1)), ("command", text("aHR0c"))], vec![]),
            (vec![("at", Given::Int(3 * 3600)), ("command", text("yBodHRwX"))], vec![]),
            (vec![], vec![text("a MimiKatz b")]),
            (vec![("pid", Given::Int(77))], vec![]),
            (vec![("pid", Given::UInt(77)), ("parent", Given::Int(1)), ("flags", list(&[]))], vec![]),
            (
                vec![
                    ("pid", Given::Int(77)),
                    ("parent", text("")),
                    ("flags", list(&[Given::Bool(true), text("true")])),
                ],
                vec![],
            ),
            (vec![], vec![raw(b"drop\xC3table")]),
            // No value at all: what a list in a list holds is none.
            (vec![], vec![list(&[])]),
            (vec![], vec![list(&[list(&[text("mimikatz")]), Given::Absent])]),
            (vec![], vec![text("")]),
            (vec![], vec![list(&[text("x"), raw(b"\xFFmimikatz\xED\xB0\x80")]), Given::Bytes(b"mimikatz".to_vec())]),
            (vec![("hash", text("mimikatz"))], vec![Given::Int(7)]),
            (vec![("hash", Given::Bytes(b"mimikatz".to_vec()))], vec![]),
        ],
        "numbers" => vec![
            (vec![("n", Given::UInt(u64::MAX)), ("m", Given::UInt(1 << 63))], vec![]),
            (vec![("n", Given::Int(i64::MAX)), ("m", Given::UInt(1 << 63))], vec![]),
            (vec![("n", Given::UInt(9)), ("m", Given::Int(6))], vec![]),
            // The highest bit alone, which a mask takes for the sign.
            (vec![("n", Given::Int(-1))], vec![]),
            (vec![("n", Given::UInt(u64::MAX))], vec![]),
            (vec![("n", Given::UInt(1 << 62)), ("m", Given::Int(0))], vec![]),
            (vec![("f", float(f64::NAN)), ("g", float(f64::NAN))], vec![]),
            (vec![("f", float(f64::NAN))], vec![]),
            (vec![("f", float(f64::NEG_INFINITY)), ("g", float(-0.0))], vec![]),
            (vec![("f", float(2.5)), ("g", float(f64::INFINITY))], vec![]),
            (vec![("f", Given::Int(0)), ("g", Given::Int(0)), ("n", float(4.0))], vec![]),
            (vec![("many", list(&[Given::UInt(u64::MAX), Given::Int(7)]))], vec![]),
            (vec![("many", list(&[Given::Int(101), float(7.0), Given::Absent]))], vec![]),
            (vec![("text", text("42"))], vec![]),
            (vec![("text", text("41"))], vec![]),
            (vec![("text", text("+0042"))], vec![]),
            (vec![("text", text("4.2e1"))], vec![]),
            (vec![("text", text("-2.50"))], vec![]),
            (vec![("text", text("-25.1e-1"))], vec![]),
            (vec![("text", text("9223372036854775808"))], vec![]),
            (vec![("text", text(" 42"))], vec![]),
            (vec![("text", raw(b"42\xFF"))], vec![]),
            (vec![("text", raw(b"\xFF42"))], vec![]),
            (vec![("text", raw(b"4\xC32")), ("n", Given::Int(i64::MIN))], vec![]),
            (vec![("text", text("-3"))], vec![]),
            // Bounds on what is taken for a number, on both sides of each.
            (vec![("text", text("-999999999999999"))], vec![]),
            (vec![("text", text("-9999999999999999"))], vec![]),
            (vec![("text", text("-00123456789012345"))], vec![]),
            (vec![("text", text("-1234567890123456.5"))], vec![]),
            (vec![("text", text("-1e22"))], vec![]),
            (vec![("text", text("-1e23"))], vec![]),
            (vec![("text", text("-9.5E+23"))], vec![]),
            (vec![("text", text("-3.e0"))], vec![]),
            (vec![("text", text("-3_0"))], vec![]),
            (vec![("text", text("-inf"))], vec![]),
            (vec![("text", text("-Infinity"))], vec![]),
            (vec![("text", text("-3\n"))], vec![]),
            (vec![("text", text(&format!("{}42", "0".repeat(62))))], vec![]),
            (vec![("text", text(&format!("{}42", "0".repeat(63))))], vec![]),
            (vec![("text", text(&format!("{}42", "0".repeat(10 << 10))))], vec![]),
            (vec![("text", text(&format!("42.{}", "0".repeat(10 << 10))))], vec![]),
            (vec![("when_", text("2024-02-29T02:00:00Z"))], vec![]),
            (vec![("when_", text("2024-02-29"))], vec![]),
            (vec![("when_", text("2023-02-29 02:00"))], vec![]),
            // A time that there is not leaves the date.
            (vec![("when_", text("2024-02-29T24:00:00Z"))], vec![]),
            (vec![("when_", text("2024-02-29T02:60:00Z"))], vec![]),
            (vec![("when_", text("2024-02-29T2:00"))], vec![]),
            (vec![("when_", text("2024-03-01T02:60:00Z"))], vec![]),
            (vec![("when_", text("2023-03-01t01:59"))], vec![]),
            (vec![("when_", raw(b"2024-02-29\xFF03:00"))], vec![]),
            (vec![("since", Given::Int(1_609_632_000))], vec![]),
            (vec![("since", Given::Int(1_704_067_199))], vec![]),
            (vec![("since", Given::Int(1_704_070_740))], vec![]),
            (vec![("since", Given::Int(i64::MIN))], vec![]),
            (vec![("since", Given::UInt(u64::MAX))], vec![]),
            (vec![("b", text("false"))], vec![]),
        ],
        "regexes" => vec![
            (vec![("text", raw(b"curl\xFF | sh"))], vec![]),
            (vec![("text", raw(b"curl -s\xFF http | sh"))], vec![]),
            (vec![("text", raw(b"\xFFnc\xED\xA0\x80"))], vec![]),
            (vec![("text", raw(b"\xC3nc\xC3"))], vec![]),
            (vec![("text", raw(b"\xFF\xFE"))], vec![]),
            (vec![("text", raw(b"<\xFF>"))], vec![]),
            (vec![("text", raw(b"\xED\xA0\x80"))], vec![]),
            (vec![("text", raw(b"1\xFF2"))], vec![]),
            (vec![("text", raw(b"1\xF0\x9F\xA62"))], vec![]),
            (vec![("text", raw(b"\xFFx*"))], vec![]),
            (vec![("folded", raw(b"kA\xC3\x9F"))], vec![]),
            (vec![("folded", raw(b"ka\xC3"))], vec![]),
            (vec![("text", text("")), ("folded", text("")), ("more", list(&[]))], vec![]),
            (vec![("text", text("\n"))], vec![]),
            (vec![("text", text("a\n"))], vec![]),
            (vec![("text", text("root:1234"))], vec![]),
            (vec![("text", long("bbbbbbbbbbbbbbbbbbbbbbbbbc | sh"))], vec![]),
            (vec![("more", list(&[text("-e"), raw(b"/\xFF.sh"), Given::Bytes(vec![0])]))], vec![]),
            (vec![("more", list(&[text("-e"), Given::Absent, text("-\u{1F980}")]))], vec![]),
            (vec![("more", text("-e")), ("text", Given::Int(5))], vec![]),
        ],
        "lists" => vec![
            (vec![("args", list(&[])), ("ports", list(&[])), ("Groups", list(&[]))], vec![]),
            (vec![("args", list(&[Given::Absent]))], vec![]),
            (
                vec![("args", list(&[Given::Int(1), text("/x")])), ("Groups", list(&[text("a"), Given::Bool(true)]))],
                vec![],
            ),
            (vec![("args", text("-c")), ("ports", Given::Int(22))], vec![]),
            (vec![("args", list(&[list(&[text("-c")])])), ("Groups", list(&[]))], vec![]),
            (vec![("args", list(&[raw(b"/\xFF"), raw(b"x-enc\xFF")])), ("Groups", list(&[raw(b"users\xFF")]))], vec![]),
            (vec![("ports", list(&[Given::UInt(u64::MAX)]))], vec![]),
            (vec![("ports", list(&[Given::UInt(22), Given::Float(0)]))], vec![]),
            (vec![("ports", list(&[text("22"), Given::Int(0x8000)]))], vec![]),
            (vec![("ratios", list(&[float(f64::NAN), float(-0.0)])), ("flags", list(&[]))], vec![]),
            (vec![("ratios", list(&[float(f64::INFINITY)])), ("flags", list(&[text("true")]))], vec![]),
            (vec![("peers", list(&[ip("::ffff:1.2.3.4")]))], vec![]),
            (vec![("peers", list(&[ip("11.0.0.0"), text("10.0.0.1")]))], vec![]),
            (vec![("digests", list(&[Given::Bytes(vec![]), Given::Bytes(vec![0, 255, 0])]))], vec![]),
            (
                vec![("args", list(&[text("a"), long("hidden window")])), ("one", text("")), ("ports", list(&[]))],
                vec![],
            ),
            (vec![("args", list(&[text("One")])), ("one", text("one")), ("ports", list(&[]))], vec![]),
        ],
        "sensors" => vec![
            (vec![("user", text("root")), ("other", text("1"))], vec![text("root")]),
            (vec![("user", raw(b"adm\xFF")), ("code", Given::UInt(u64::MAX))], vec![]),
            (vec![("code", Given::Int(0x13)), ("place", raw(b"\xFF/tmp/\xC3"))], vec![]),
            (vec![("place", raw(b"/tmp/\xC3\x28"))], vec![]),
            (vec![("method", raw(b"pass\xED\xA0\x80")), ("Host", raw(b"\xFF.EXAMPLE"))], vec![]),
            (vec![("method", text("token")), ("new", text("no float"))], vec![]),
            (vec![("user", Given::Int(1)), ("code", text("600")), ("Host", list(&[text("a.example")]))], vec![]),
            (vec![("method", long("pass"))], vec![]),
            // What only a rule reads that is not loaded, or by a number that does not hold.
            (vec![("spare", Given::Int(5)), ("user", text("root"))], vec![]),
            (vec![("spare", Given::Int(5)), ("place", Given::Int(5)), ("other", Given::Bool(true))], vec![]),
        ],
        "sigma" => {
            let base = |more: &[(&'static str, Given)]| -> Vec<(&'static str, Given)> {
                let mut values = more.to_vec();
                for (name, value) in [
                    ("Image", text(r"C:\Windows\System32\svchost.exe")),
                    ("User", text(r"CORP\alice")),
                    ("Initiated", Given::Bool(true)),
                    ("SourceIp", text("192.168.0.7")),
                    ("DestinationIp", text("203.0.113.9")),
                    ("DestinationPort", Given::Int(443)),
                    ("DestinationPortName", text("https")),
                    ("Computer", text("pc-7")),
                ] {
                    if !values.iter().any(|(other, _)| *other == name) {
                        values.push((name, value));
                    }
                }
                values
            };
            vec![
                (base(&[]), vec![]),
                (base(&[("DestinationIp", text("10.255.0.1"))]), vec![]),
                (base(&[("DestinationIp", text("10.1.2.3")), ("SourceIp", text("10.1.255.255"))]), vec![]),
                (base(&[("DestinationIp", text("FD12::1"))]), vec![]),
                (base(&[("DestinationIp", text("::ffff:10.0.0.1"))]), vec![]),
                (base(&[("DestinationIp", text("10.0.0.01"))]), vec![]),
                (base(&[("DestinationIp", raw(b"10.0.0.1\xFF"))]), vec![]),
                (base(&[("DestinationIp", ip("10.0.0.1"))]), vec![]),
                (base(&[("Image", text(r"C:\Users\abcdefgh.exe"))]), vec![]),
                (base(&[("Image", raw(b"\xFF\\abcdefgh.EXE\xFF"))]), vec![]),
                (base(&[("Image", raw(b"\xED\xA0\x80\\abcdefgh.exe"))]), vec![]),
                (base(&[("DestinationPort", Given::Int(4444)), ("DestinationHostname", text("a.TOP"))]), vec![]),
                (base(&[("DestinationPort", Given::UInt(8443)), ("DestinationHostname", raw(b"\xFF.onion"))]), vec![]),
                (base(&[("DestinationPort", Given::UInt(u64::MAX)), ("DestinationHostname", text(".top"))]), vec![]),
                (base(&[("User", text(""))]), vec![]),
                (base(&[("DestinationHostname", text("xaHR0cDovLy"))]), vec![]),
                (base(&[("DestinationHostname", text("xodHRwOi8vy"))]), vec![]),
                (base(&[("DestinationHostname", raw(b"\xFFh0dHA6Ly\xFF"))]), vec![]),
                (base(&[("Image", text("p.exe /ENC x"))]), vec![]),
                (base(&[("Image", text("p.exe \u{2013}enc x"))]), vec![]),
                (base(&[("SourceIp", text("203.0.113.9"))]), vec![]),
                (base(&[("Image", text(r"C:\CORP\Alice"))]), vec![]),
                (base(&[("Image", text(r"C:\CORP\Alice")), ("DestinationPortName", Given::Absent)]), vec![]),
                (base(&[("RuleName", text("Mimikatz"))]), vec![]),
                (base(&[("EventRecordID", Given::Int(31337))]), vec![]),
                (base(&[("Computer", text("x31337y"))]), vec![]),
                (base(&[]), vec![raw(b"drop\xFFtable")]),
                (base(&[]), vec![text("droptable"), Given::UInt(u64::MAX), float(31337.0)]),
                (base(&[]), vec![list(&[text("a"), text("MIMIKATZ")])]),
                // Integers go on beyond a range that ends with the last one, floats do not.
                (base(&[]), vec![Given::UInt(1 << 63)]),
                (base(&[]), vec![Given::UInt(18_000_000_000_000_000_000)]),
                (base(&[]), vec![Given::UInt(17_999_999_999_999_999_999), float(1.8e19_f64.next_down())]),
                (base(&[]), vec![Given::Int(1 << 62), float(9_223_372_036_854_775_808.0), float(1e30)]),
                (base(&[]), vec![float(9_223_372_036_854_774_784.0)]),
                (base(&[]), vec![float(f64::INFINITY), text("9223372036854775808")]),
                (base(&[]), vec![text("+9223372036854775807")]),
                (base(&[("SourceHostname", long("mimikatz"))]), vec![]),
                (base(&[("SourceHostname", long("mimikat"))]), vec![]),
                (base(&[("ProcessId", text("31337")), ("Initiated", text("true"))]), vec![]),
            ]
        }
        _ => vec![
            (vec![("name", raw(b"a.exe\xFF")), ("folded", raw(b"\xFFevil.sys"))], vec![]),
            (vec![("name", raw(b"\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA"))], vec![]),
            (vec![("size", Given::UInt(4096)), ("peer", ip("::1"))], vec![]),
            (vec![("size", Given::UInt(u64::MAX)), ("peer", ip("::ffff:10.0.0.1"))], vec![]),
            (vec![("size", Given::UInt(1 << 63))], vec![]),
            (vec![("size", Given::Float(0)), ("signed", text("true")), ("digest", text("\0"))], vec![]),
            (vec![("tags", list(&[text("z"), Given::Int(0)])), ("digest", Given::Bytes(vec![]))], vec![]),
            (vec![("tags", list(&[]))], vec![]),
            (vec![("tags", list(&[text("日本語"), raw(b"z\xFF")]))], vec![]),
            (vec![("name", long("")), ("folded", long("evil.sys"))], vec![]),
            (vec![("tags", text("z")), ("name", Given::Bytes(b"z".to_vec()))], vec![]),
        ],
    }
}

/// The literals of a directory: what its content has between quotes, and the words and numbers of its lines.
fn literals(sources: &[String]) -> (Vec<Vec<u8>>, Vec<i64>) {
    let mut texts: BTreeSet<Vec<u8>> = ["", "a", "7", "TRUE"].map(|text| text.as_bytes().to_vec()).into();
    let mut numbers = BTreeSet::from([0, 1, 443, i64::MAX]);
    for line in sources.iter().flat_map(|text| text.lines()).filter(|line| !line.trim_start().starts_with(['#', 'i'])) {
        for quote in ['"', '\''] {
            for literal in line.split(quote).skip(1).step_by(2).flat_map(|text| text.split('*')) {
                texts.insert(literal.as_bytes().to_vec());
            }
        }
        for word in line.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '-') {
            let digits = word.strip_prefix("0x");
            numbers
                .extend(digits.and_then(|digits| i64::from_str_radix(digits, 16).ok()).or_else(|| word.parse().ok()));
        }
    }
    (texts.into_iter().collect(), numbers.into_iter().collect())
}

/// Where values come from that are put into an event.
struct Pool {
    texts: Vec<Vec<u8>>,
    numbers: Vec<i64>,
}

impl Pool {
    fn text(&self, choices: &mut Choices<'_>) -> Vec<u8> {
        let mut text = choices.pick(&self.texts).clone();
        for _ in 0..choices.below(3) {
            text = self.near(text, choices);
        }
        text
    }

    fn near(&self, mut text: Vec<u8>, choices: &mut Choices<'_>) -> Vec<u8> {
        let put: &[&[u8]] = &[
            b"\xFF",
            b"\xC3",
            b"\xE2\x82",
            b"\xED\xA0\x80",
            b"\xF0\x9F\xA6",
            "\u{1F980}".as_bytes(),
            b"x",
            b"\n",
            b" ",
            b"\0",
        ];
        let at = choices.below(text.len() + 1);
        match choices.below(7) {
            0 => text = text.to_ascii_uppercase(),
            1 => drop(text.pop()),
            2 => text.truncate(at),
            3 => drop(text.splice(at..at, choices.pick(put).iter().copied())),
            4 => text = [choices.pick::<&[u8]>(put), text.as_slice()].concat(),
            5 => text.extend(*choices.pick(put)),
            _ => text.extend(choices.pick(&self.texts)),
        }
        text
    }

    fn one(&self, scalar: interpreter::Scalar, choices: &mut Choices<'_>) -> Given {
        use interpreter::Scalar;
        match scalar {
            Scalar::String => Given::Text(self.text(choices)),
            Scalar::Int if choices.once_in(8) => Given::UInt(*choices.pick(&[0, 443, 1 << 63, u64::MAX])),
            Scalar::Int => Given::Int(choices.pick(&self.numbers).wrapping_add(*choices.pick(&[0, 0, 1, -1]))),
            Scalar::Float => {
                let number =
                    *choices.pick(&[0.0, -0.0, 0.5, 1.0, 1.5, 1.75, 1e3, 1501.0, -2.25, f64::NAN, f64::INFINITY]);
                Given::Float(number.to_bits())
            }
            Scalar::Bool => Given::Bool(choices.below(2) == 1),
            Scalar::Ip => {
                let texts = ["10.0.0.1", "10.255.255.255", "11.0.0.0", "::1", "::ffff:10.0.0.2", "fd00::7", "0.0.0.0"];
                Given::Ip(choices.pick::<&str>(&texts).parse().unwrap())
            }
            Scalar::Bytes => {
                Given::Bytes(choices.pick::<&[u8]>(&[b"", b"\0", b"\0\xFF", b"\0\xFF\x17", b"\x01\x02"]).to_vec())
            }
        }
    }

    fn any(&self, choices: &mut Choices<'_>) -> Given {
        let scalar = interpreter::Scalar::from_number(choices.below(6) as u8).unwrap();
        self.one(scalar, choices)
    }

    fn value(&self, ty: Type, choices: &mut Choices<'_>) -> Given {
        match choices.below(16) {
            0 => Given::Absent,
            1 => self.any(choices),
            _ if !ty.list => self.one(ty.scalar, choices),
            _ => {
                let element = |choices: &mut Choices<'_>| match choices.below(24) {
                    0 => self.any(choices),
                    1 => Given::Absent,
                    _ => self.one(ty.scalar, choices),
                };
                Given::List((0..choices.below(4)).map(|_| element(choices)).collect())
            }
        }
    }

    /// An event that is like another one.
    fn changed(&self, mut line: Line, supplied: &Supplied<'_>, choices: &mut Choices<'_>) -> Line {
        let inputs = &supplied.templates().iter().find(|(name, _)| *name == line.template).unwrap().1;
        for _ in 0..=choices.below(3) {
            let at = choices.below(line.inputs.len() + line.header.len() + 1);
            let of = inputs.iter().chain(supplied.header()).nth(at);
            let slot = line.inputs.iter_mut().chain(&mut line.header).nth(at);
            match (slot, of) {
                (Some(Given::Text(text)), Some(_)) if text.len() < 100 && choices.below(2) == 0 => {
                    *text = self.near(text.clone(), choices);
                }
                (Some(slot), Some(input)) => *slot = self.value(input.ty, choices),
                _ => line.others.push(self.any(choices)),
            }
        }
        line
    }
}

/// Loads an image for a sensor, and hands what is loaded to `then`.
fn load<R>(bytes: &[u8], sensor: &Sensor, then: impl FnOnce(&VerifiedImage<'_>, &Supplied<'_>) -> R) -> R {
    let image = Image::read(bytes).unwrap();
    let supplied = Supplied::of_sensor(sensor);
    let supplies = supplied.supplies();
    let mut memory = Memory::of(&image);
    let verified = image.verify(&supplied.manifest(&supplies), memory.workspace());
    then(&verified.unwrap_or_else(|rejection| panic!("{rejection}: {rejection:?}")), &supplied)
}

/// The code with which bytes are refused.
fn refusal(bytes: &[u8], sensor: &Sensor) -> Option<&'static str> {
    let image = match Image::read(bytes) {
        Ok(image) => image,
        Err(rejection) => return Some(rejection.code()),
    };
    let supplied = Supplied::of_sensor(sensor);
    let supplies = supplied.supplies();
    let mut memory = Memory::of(&image);
    let verified = image.verify(&supplied.manifest(&supplies), memory.workspace());
    verified.err().map(interpreter::Rejection::code)
}

/// The events of a directory with what the interpreter answers.
fn events(name: &str, release: &Release, bytes: &[u8]) -> String {
    load(bytes, &release.sensor, |verified, supplied| {
        let seeds = release.seeds(name, verified, supplied);
        let (texts, numbers) = literals(&release.sources);
        let pool = Pool { texts, numbers };
        let mut choices = Choices::seeded(12);
        let mut kept: Vec<(Line, Answer)> = Vec::new();
        let mut seen: BTreeMap<Answer, usize> = BTreeMap::new();
        for at in 0..seeds.len() + TRIED {
            let line = match seeds.get(at) {
                Some(seed) => seed.clone(),
                None => pool.changed(choices.pick(&seeds).clone(), supplied, &mut choices),
            };
            let answer = line.answer(verified);
            agrees(&line, &answer, release, verified, supplied);
            // What is written is kept; of the others those that answer as few do.
            let is_written = at < seeds.len();
            let long = line.inputs.iter().any(|value| matches!(value, Given::Text(text) if text.len() > 1000));
            let count = seen.entry(answer.clone()).or_default();
            let is_new = *count < 2 && !long && kept.len() < seeds.len().max(KEPT);
            if (is_written || is_new) && !kept.iter().any(|(other, _)| *other == line) {
                *count += 1;
                kept.push((line, answer));
            }
        }
        kept.iter().map(|(line, answer)| line.json(answer) + "\n").collect()
    })
}

/// Holds an answer to that of the reference evaluator, where it has one. Whether it has.
fn agrees(
    line: &Line,
    (matches, _): &Answer,
    release: &Release,
    verified: &VerifiedImage<'_>,
    supplied: &Supplied<'_>,
) -> bool {
    let expected = line.expected(release, verified, supplied);
    if let Some(expected) = &expected {
        let found: BTreeSet<String> = matches.iter().cloned().collect();
        assert_eq!(found, *expected, "interpreter against reference on {line:?}");
    }
    expected.is_some()
}

/// Damaged images of a directory with the codes by which they are refused.
fn refused(release: &Release, bytes: &[u8]) -> String {
    let mut lines = String::new();
    for damage in damage::all(bytes, |damaged| refusal(damaged, &release.sensor).is_some()) {
        let mut damaged = damage.bytes.clone();
        if damage.seal {
            contentcheck_generators::sealed::seal(&mut damaged);
        }
        let code = refusal(&damaged, &release.sensor);
        let code = code.unwrap_or_else(|| panic!("it is loaded though {}", damage.why));
        let patch: Vec<String> =
            damage.patch(bytes).iter().map(|(at, put)| format!("[{at}, \"{}\"]", hex(put))).collect();
        let cut = if damage.bytes.len() < bytes.len() {
            format!("\"truncate\": {}, ", damage.bytes.len())
        } else {
            String::new()
        };
        writeln!(
            lines,
            "{{\"why\": {}, \"patch\": [{}], {cut}\"seal\": {}, \"code\": \"{code}\"}}",
            json!(damage.why),
            patch.join(", "),
            damage.seal
        )
        .unwrap();
    }
    lines
}

/// Holds a file to what is made, or writes it.
fn hold(path: &Path, made: &[u8]) {
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, made).unwrap();
    }
    let kept = fs::read(path).unwrap_or_default();
    let hint = "another compiler makes other images, and those that are kept stay: see corpus/images/README.md";
    assert!(kept == made, "{} is not what is made of the content; {hint}", path.display());
}

#[test]
fn what_is_kept_is_what_is_made() {
    for (name, skip_unsupplied) in DIRECTORIES {
        let release = Release::open(name);
        let bytes = compile(&release.content, Options { skip_unsupplied, ..Options::default() }).unwrap();
        assert!(bytes.len() < 32 << 10, "{name}: {} bytes", bytes.len());
        let events = events(name, &release, &bytes);
        let refused = refused(&release, &bytes);
        for (file, made) in [
            ("image.ccimage", bytes.as_slice()),
            ("events.jsonl", events.as_bytes()),
            ("refused.jsonl", refused.as_bytes()),
        ] {
            hold(&root(name).join(file), made);
        }
    }
}

#[test]
fn kept_images_give_the_kept_answers() {
    for (name, _) in DIRECTORIES {
        let release = Release::open(name);
        let bytes = fs::read(root(name).join("image.ccimage")).unwrap();
        load(&bytes, &release.sensor, |verified, supplied| {
            let image = verified.image();
            let loaded: Vec<&str> = (0..image.rule_count())
                .filter(|rule| verified.loads(*rule))
                .map(|rule| image.rule(rule).unwrap().name)
                .collect();
            let (mut events, mut held, mut ill_formed, mut mistyped) = (0, 0, 0, 0);
            let mut fires: BTreeMap<String, (usize, usize)> = BTreeMap::new();
            for line in fs::read_to_string(root(name).join("events.jsonl")).unwrap().lines() {
                let (line, answer) = Line::read(line);
                assert_eq!(line.answer(verified), answer, "{name}: {line:?}");
                events += 1;
                held += usize::from(agrees(&line, &answer, &release, verified, supplied));
                let texts = line.inputs.iter().chain(&line.header).chain(&line.others);
                let bad = |value: &Given| matches!(value, Given::Text(text) if std::str::from_utf8(text).is_err());
                ill_formed +=
                    usize::from(texts.into_iter().any(|value| bad(value) || value.elements().iter().any(bad)));
                mistyped += usize::from(!answer.1.is_empty());
                for rule in verified.loaded_on(line.number(verified)) {
                    let rule = image.rule(rule).unwrap().name;
                    let (yes, no) = fires.entry(rule.to_owned()).or_default();
                    *(if answer.0.iter().any(|name| name == rule) { yes } else { no }) += 1;
                }
            }
            println!(
                "{name}: {} bytes, {} rules, {} loaded, {events} events, {held} held to the reference evaluator, \
                 {ill_formed} with text that is not UTF-8, {mistyped} mistyped",
                bytes.len(),
                image.rule_count(),
                loaded.len()
            );
            assert!(events >= 40 && held * 10 >= events * 7, "{name}: {events} events, {held} held");
            assert!(ill_formed >= 4 && mistyped >= 4, "{name}: {ill_formed} ill-formed, {mistyped} mistyped");
            assert_eq!(fires.len(), loaded.len(), "{name}: no event for some rule");
            let one_sided: Vec<_> = fires.iter().filter(|(_, (yes, no))| *yes == 0 || *no == 0).collect();
            assert!(one_sided.is_empty(), "{name}: always one answer: {one_sided:?}");
        });
    }
}

/// The image of `opcodes` leaves nothing of the format out that a program may ask.
#[test]
fn every_opcode_and_pattern_is_kept() {
    use contentcheck_interpreter::format::{
        Literal, LiteralKind, Opcode, Pattern, PatternKind, Predicate, Regex, Section,
    };
    let bytes = fs::read(root("opcodes").join("image.ccimage")).unwrap();
    let image = Image::read(&bytes).unwrap();
    let predicates = image.section_bytes(Section::Predicates).as_chunks::<{ Predicate::SIZE }>().0;
    let patterns = image.section_bytes(Section::Patterns).as_chunks::<{ Pattern::SIZE }>().0;
    let literals = image.section_bytes(Section::Literals).as_chunks::<{ Literal::SIZE }>().0;
    let regexes = image.section_bytes(Section::Regexes).as_chunks::<{ Regex::SIZE }>().0;
    let numbers = |all: &mut dyn Iterator<Item = u8>| all.collect::<BTreeSet<u8>>().into_iter().collect::<Vec<u8>>();
    let opcodes = numbers(&mut predicates.iter().map(|record| Predicate::decode(record).opcode));
    assert_eq!(opcodes, Opcode::ALL.iter().map(|opcode| *opcode as u8).collect::<Vec<_>>());
    let kinds = numbers(&mut patterns.iter().map(|record| Pattern::decode(record).kind));
    assert_eq!(kinds, PatternKind::ALL.iter().map(|kind| *kind as u8).collect::<Vec<_>>());
    let kinds = numbers(&mut literals.iter().map(|record| Literal::decode(record).kind));
    assert_eq!(kinds, LiteralKind::ALL.iter().map(|kind| *kind as u8).collect::<Vec<_>>());
    assert_eq!(numbers(&mut regexes.iter().map(|record| Regex::decode(record).kind)), [0, 1]);
}

#[test]
fn damaged_images_are_refused_with_the_kept_codes() {
    for (name, _) in DIRECTORIES {
        let release = Release::open(name);
        let bytes = fs::read(root(name).join("image.ccimage")).unwrap();
        let mut codes: BTreeMap<String, usize> = BTreeMap::new();
        let mut count = 0;
        for line in fs::read_to_string(root(name).join("refused.jsonl")).unwrap().lines() {
            let json: Json = serde_json::from_str(line).unwrap();
            let mut damaged = bytes.clone();
            for patch in json["patch"].as_array().unwrap() {
                let put = unhex(patch[1].as_str().unwrap());
                let at = usize::try_from(patch[0].as_u64().unwrap()).unwrap();
                damaged[at..at + put.len()].copy_from_slice(&put);
            }
            if let Some(len) = json["truncate"].as_u64() {
                damaged.truncate(usize::try_from(len).unwrap());
            }
            if json["seal"].as_bool().unwrap() {
                contentcheck_generators::sealed::seal(&mut damaged);
            }
            let code = json["code"].as_str().unwrap();
            assert_eq!(refusal(&damaged, &release.sensor), Some(code), "{name}: {}", json["why"]);
            *codes.entry(code.to_owned()).or_default() += 1;
            count += 1;
        }
        println!("{name}: {count} damaged images, {codes:?}");
        assert!(count >= 20, "{name}: {count}");
        for code in ["CC0520", "CC0521", "CC0522", "CC0523", "CC0524", "CC0527", "CC0528"] {
            assert!(codes.contains_key(code), "{name}: no {code}");
        }
    }
}
