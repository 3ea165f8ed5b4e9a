//! Images that are kept with events and answers, for readers in any language: corpus/images/README.md has the format.
//!
//! What is made of the content is held against what is kept; `BLESS=1` writes it. The answers are asked of the kept images
//! themselves, so that an image of an earlier compiler gives them too.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

#[path = "images/damage.rs"]
mod damage;
#[path = "images/given.rs"]
mod given;
#[path = "images/pool.rs"]
mod pool;
#[path = "images/written.rs"]
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use contentcheck_compiler::sensor::{Memory, Supplied};
use contentcheck_compiler::{Options, compile};
use contentcheck_generators::Choices;
use contentcheck_interpreter::{self as interpreter, Image, KillList, VerifiedImage};
use contentcheck_model::language::Language;
use contentcheck_model::sensor::{self, Sensor};
use contentcheck_model::source::Source;
use contentcheck_model::template::TemplateType;
use contentcheck_model::value::Value as Owned;
use contentcheck_parser::release::{Checking, Gathered, Shippable, WithErrors};
use contentcheck_reference::{Evaluator, Event};
use serde_json::{Value as Json, json};

use given::{Given, hex, unhex};
use pool::Pool;
use written::written;

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
        let pool = Pool::of(&release.sources);
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
