//! Images as hostile bytes: what is read, verified and evaluated ends, with a verdict or a fault.

use std::ops::ControlFlow;
use std::sync::OnceLock;

use contentcheck_compiler::sensor::{Memory, Supplied};
use contentcheck_compiler::{Options, compile};
use contentcheck_interpreter::format::{MAGIC, PREFIX, RECORDS, Section, VERSION};
use contentcheck_interpreter::{Budget, Event, Fault, Image, Input, KillList, Manifest, Scalar, Value, VerifiedImage};
use contentcheck_model::language::Language;
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checking, Gathered, WithErrors};

use contentcheck_generators::Choices;
use contentcheck_generators::sealed::{joined, seal};

/// Words of scratch that are lent at most: what an image that nobody verified asks for is no reason to lend it.
const SCRATCH_WORDS: usize = 1 << 20;

/// Content that uses every opcode, every kind of pattern and literal, and both kinds of automata.
pub const SMALL: &str = r#"
template acme.process @ 1 {
    serves { product: acme, category: process }
    reads { EventID: [1, 5] }
    header { Computer: string nocase }
    1 image : string nocase
    2 command : string
    3 pid : int
    4 ratio : float?
    5 admin : bool?
    6 address : ip?
    7 hash : bytes?
    8 names : list<string> nocase
    9 ports : list<int>?
    10 parent : string?
    11 at : int
}
template acme.open @ 1 { serves { product: acme, category: open } open 1 text : string }
table drivers @ 1 { k: string nocase key } rows [["evil.sys"], ["worse.sys"], ["c:\\a.sys"]]
rule literals { id: "00000001-5d1f-4c1e-9a3b-000000000001" template: acme.process @ 1 severity: low
    when image ends_with ["\\rundll32.exe", "\\m.exe"] and command contains ["-enc", "ab", "hidden window"] and not pid in [4, 8] }
rule shapes { id: "00000002-5d1f-4c1e-9a3b-000000000002" template: acme.process @ 1 severity: low
    when command like ["*down?oad*.exe", "a?c"] or command matches ["^a[0-9]{2,4}b$", "(?m)^x.*ß$"] or image == "c:\\a.exe" }
rule numbers { id: "00000003-5d1f-4c1e-9a3b-000000000003" template: acme.process @ 1 severity: high sensors: ">=1"
    when pid > 4000 and $11 & 0xF0 != 16 and (ratio > 1.5 or admin == true or address cidr ["10.0.0.0/8", "fd00::/8"]) }
rule fields { id: "00000004-5d1f-4c1e-9a3b-000000000004" template: acme.process @ 1 severity: critical
    when hash == hex"00ff17" or parent == image or command contains~ parent or image in drivers or not parent exists and EventID == 5 }
rule lists { id: "00000005-5d1f-4c1e-9a3b-000000000005" template: acme.process @ 1 severity: low
    when any names ends_with [".ru", "evil.example"] and not all names contains "a" or any ports in [80, 443] }
rule computer { id: "00000006-5d1f-4c1e-9a3b-000000000006" template: acme.process @ 1 severity: low
    when Computer starts_with "dc-" and (not command contains "x" or pid < at) }
rule wide { id: "00000007-5d1f-4c1e-9a3b-000000000007" template: acme.open @ 1 severity: low
    when text contains~ ["ä-schlüssel", "日本語"] or `Other Field` == "yes" }
"#;

/// Sigma rules beside it: keywords, parts of times, values without a type.
const SIGMA: &str = "title: Words\nid: 00000008-5d1f-4c1e-9a3b-000000000008\nlogsource: {product: acme, category: process}\n\
    detection:\n  words: [mimikatz, '*drop?table*']\n  at:\n    at|hour: 3\n    command|base64offset|contains: http\n  \
    condition: words or at\nlevel: low\n";

/// An image with one of everything, of a few thousand bytes.
///
/// # Panics
/// If the content of this file is refused.
pub fn small() -> &'static [u8] {
    static IMAGE: OnceLock<Vec<u8>> = OnceLock::new();
    IMAGE.get_or_init(|| {
        let sources =
            vec![(Source::new("a.content", SMALL), Language::Native), (Source::new("b.yml", SIGMA), Language::Sigma)];
        let judged = Gathered::of(sources).check(&Checking::default()).judge();
        let content = judged.ship(WithErrors::LeaveOut).expect("what has errors is left out");
        assert_eq!(content.rules().len(), 8, "{:?}", judged.findings());
        compile(&content, Options::default()).expect("the content is small")
    })
}

/// How hostile bytes ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    /// Refused when they were read.
    pub unread: u64,
    /// Refused when they were verified.
    pub unverified: u64,
    /// Evaluated to the end.
    pub verdicts: u64,
    /// Evaluated, and ended with a fault.
    pub faults: u64,
}

/// Whether what is evaluated was verified before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Read and verified, as a sensor does it.
    Verified,
    /// Neither the checksum nor any record was looked at.
    Nothing,
}

/// Takes bytes through read, verify, bind and evaluate, for a sensor that supplies what the bytes say that
/// they read. It returns for any bytes.
pub fn run(bytes: &[u8], trust: Trust, choices: &mut Choices<'_>, ends: &mut Ends) {
    let read = if trust == Trust::Verified { Image::read(bytes) } else { Image::read_unverified(bytes) };
    let Ok(image) = read else {
        ends.unread += 1;
        return;
    };
    let recorder = Supplied::of_recorder(&image, "recorder", "1");
    let supplies = recorder.supplies();
    let manifest = recorder.manifest(&supplies);
    let mut memory = Memory::of(&image);
    let verified = match trust {
        Trust::Verified => image.verify(&manifest, memory.workspace()),
        Trust::Nothing => image.assume_verified(&manifest, memory.workspace()),
    };
    match verified {
        Ok(verified) => evaluate(&verified, &manifest, trust, choices, ends),
        Err(_) => ends.unverified += 1,
    }
}

/// Evaluates hostile events.
fn evaluate(
    verified: &VerifiedImage<'_>,
    manifest: &Manifest<'_>,
    trust: Trust,
    choices: &mut Choices<'_>,
    ends: &mut Ends,
) {
    let image = verified.image();
    let mut scratch = vec![u64::MAX; verified.scratch_words().min(SCRATCH_WORDS)];
    let long = "\\rundll32.exe -enc aaaaaaaaaaaaaab a1234b\nx ß ä-schlüssel download.exe evil.example ".repeat(3);
    let texts: [&[u8]; 13] = [
        b"",
        b"a",
        b"\\rundll32.exe",
        b"a-enc",
        b"abc",
        "x\u{DF}".as_bytes(),
        "\u{1F980}".as_bytes(),
        b"mimikatz",
        b"c:\\a.exe",
        long.as_bytes(),
        b"a\xFF\xE2\x82-enc",
        b"\xF0\x9F\xA6",
        b"00000000000000000000000000000000000000000000000000000000000000000000000000001",
    ];
    for number in 0..image.template_count().min(64) {
        let Some(template) = image.template(number) else { continue };
        let name = image.name(template.name, template.name_len);
        let inputs: &[Input<'_>] =
            manifest.templates.iter().find(|supply| supply.template == name).map_or(&[], |supply| supply.inputs);
        for _ in 0..3 {
            // Elements first, so that lists can borrow them.
            let elements: Vec<Vec<Value<'_>>> = inputs
                .iter()
                .map(|input| (0..choices.below(4)).map(|_| value(input.ty.scalar, &texts, choices)).collect())
                .collect();
            let values: Vec<Value<'_>> = inputs
                .iter()
                .zip(&elements)
                .map(|(input, elements)| match choices.below(16) {
                    14 => Value::Absent,
                    // Of any type, whatever the manifest says.
                    15 => value(*choices.pick(&SCALARS), &texts, choices),
                    1 if input.ty.list => Value::Texts(&texts),
                    2 if input.ty.list => Value::Ints(&[80, -1]),
                    3 if input.ty.list => Value::Split(b"a\0evil.example\0\xFF", 0),
                    _ if input.ty.list => Value::List(elements),
                    _ => value(input.ty.scalar, &texts, choices),
                })
                .collect();
            let others: Vec<Value<'_>> =
                (0..choices.below(3)).map(|_| value(*choices.pick(&SCALARS), &texts, choices)).collect();
            let header = vec![Value::Absent; manifest.header.len()];
            let event = Event { inputs: &values, header: &header, others: &others };
            let bound = match verified.bind(number, event) {
                Ok(bound) => bound,
                Err(fault) => {
                    assert!(trust == Trust::Nothing, "an event of the manifest's shape is refused: {fault}");
                    ends.faults += 1;
                    continue;
                }
            };
            // The bound is one on images that were verified: others may run the same records twice.
            let promised = image.cost(number).at(bound.size());
            let most =
                if trust == Trust::Verified { promised } else { promised.saturating_mul(64).saturating_add(1 << 20) };
            let mut steps = Budget::new(most);
            let mut found = Vec::new();
            let ended = bound.evaluate_metered(&KillList::NONE, &mut scratch, &mut steps, |rule| {
                found.push(rule);
                ControlFlow::Continue(())
            });
            match ended {
                Ok(None) => {
                    ends.verdicts += 1;
                    assert!(trust == Trust::Nothing || found.is_sorted(), "rules are reported in their order");
                    if let Some(rule) = found.first() {
                        // What is asked for the reason says that there is one.
                        let why = bound.why(*rule, &mut scratch, |_| {});
                        assert!(trust == Trust::Nothing || why == Ok(true), "rule {rule} matched and {why:?}");
                    }
                    // A smaller budget ends within itself, and what it reports comes first.
                    let budget = choices.below(steps.taken().min(1 << 20) as usize + 1) as u64;
                    let mut some = Vec::new();
                    let sink = |rule| {
                        some.push(rule);
                        ControlFlow::Continue(())
                    };
                    if let Ok(done) = bound.evaluate(&KillList::NONE, &mut scratch, budget, sink)
                        && trust == Trust::Verified
                    {
                        assert!(done.steps <= budget && found.starts_with(&some), "{done:?} of {budget}");
                        let asked = |rule: &u32| done.unasked_from.is_none_or(|from| *rule < from);
                        let expected: Vec<u32> = found.iter().copied().filter(asked).collect();
                        assert_eq!(some, expected, "{done:?}");
                    }
                }
                Ok(Some(rule)) => {
                    assert_eq!(rule, u32::MAX, "the first that was not asked: {most} steps are promised ({trust:?})")
                }
                Err(Fault::Scratch { .. }) if verified.scratch_words() > SCRATCH_WORDS => ends.faults += 1,
                Err(fault) => {
                    assert!(trust == Trust::Nothing, "a verified image has a fault: {fault}");
                    ends.faults += 1;
                }
            }
        }
    }
}

const SCALARS: [Scalar; 6] = [Scalar::String, Scalar::Int, Scalar::Float, Scalar::Bool, Scalar::Ip, Scalar::Bytes];

fn value<'v>(scalar: Scalar, texts: &[&'v [u8]], choices: &mut Choices<'_>) -> Value<'v> {
    match scalar {
        Scalar::String => Value::Text(choices.pick::<&'v [u8]>(texts)),
        Scalar::Int if choices.once_in(8) => Value::UInt(*choices.pick(&[0, 80, 1 << 63, u64::MAX])),
        Scalar::Int => Value::Int(*choices.pick(&[0, 1, 4, 5, 80, 4001, i64::MIN, i64::MAX, -1])),
        Scalar::Float => Value::Float(*choices.pick(&[0.0, 1.5, 2.0, f64::NAN, f64::INFINITY])),
        Scalar::Bool => Value::Bool(choices.below(2) == 1),
        Scalar::Ip => Value::Ip(if choices.below(2) == 1 {
            [10, 1, 2, 3].into()
        } else {
            [0xfd00_u16, 0, 0, 0, 0, 0, 0, 1].into()
        }),
        Scalar::Bytes => Value::Bytes(choices.pick::<&[u8]>(&[b"", b"\x00\xff\x17", b"\x00"])),
    }
}

/// The records of sections, by the names that the format gives them.
const OF_SECTION: &[(Section, &str)] = &[
    (Section::Rules, "Rule"),
    (Section::Comparators, "Comparator"),
    (Section::Templates, "Template"),
    (Section::Keywords, "Keywords"),
    (Section::Inputs, "Input"),
    (Section::Looks, "Look"),
    (Section::Probes, "Probe"),
    (Section::Programs, "Program"),
    (Section::Code, "Instruction"),
    (Section::Predicates, "Predicate"),
    (Section::Patterns, "Pattern"),
    (Section::Parts, "Part"),
    (Section::Networks, "Network"),
    (Section::Sets, "Set"),
    (Section::Keys, "Key"),
    (Section::Regexes, "Regex"),
    (Section::Filters, "Filter"),
    (Section::Entries, "Entry"),
    (Section::Literals, "Literal"),
    (Section::Atoms, "Atom"),
];

/// A copy with its sections in other bytes, all in their places, and sealed: by someone who knows every field of the
/// format. One to three fields are set to what may be interesting there, or records are dropped, doubled or exchanged.
///
/// # Panics
/// If the image is none.
pub fn forge(image: &[u8], choices: &mut Choices<'_>) -> Vec<u8> {
    let read = Image::read(image).expect("the original is an image");
    let mut sections: Vec<Vec<u8>> = Section::ALL.iter().map(|of| read.section_bytes(*of).to_vec()).collect();
    let mut prefix = image.get(..PREFIX).unwrap_or(&[]).to_vec();
    for _ in 0..=choices.below(3) {
        match choices.below(12) {
            0 => {
                // Flags, features, sequence, names of the header.
                let at = *choices.pick(&[12, 32, 33, 40, 80, 84, 88, 92, 96, 100]);
                prefix.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << choices.below(8));
            }
            1 | 2 => {
                let at = choices.below(sections.len());
                let unit = Section::ALL.get(at).map_or(1, |section| section.unit());
                if let Some(bytes) = sections.get_mut(at) {
                    records_moved(bytes, unit, choices);
                }
            }
            3 => {
                // Sections without records of fields: numbers, witnesses, automata, text.
                let at = choices.below(sections.len());
                if let Some(bytes) = sections.get_mut(at).filter(|bytes| !bytes.is_empty()) {
                    let byte = choices.below(bytes.len());
                    bytes.iter_mut().skip(byte).take(1).for_each(|byte| *byte = choices.below(256) as u8);
                }
            }
            _ => {
                let (section, name) = *choices.pick(OF_SECTION);
                let counts: Vec<usize> =
                    sections.iter().zip(Section::ALL).map(|(bytes, of)| bytes.len() / of.unit()).collect();
                let Some((_, size, fields)) = RECORDS.iter().find(|(record, ..)| *record == name) else { continue };
                let Some(bytes) = sections.get_mut(section as usize).filter(|bytes| bytes.len() >= *size) else {
                    continue;
                };
                let record = choices.below(bytes.len() / size) * size;
                let (_, offset, ty) = *choices.pick(fields);
                let width = match ty {
                    "u8" => 1,
                    "u16" => 2,
                    _ => 4,
                };
                let field = record + offset..record + offset + width;
                let old = bytes
                    .get(field.clone())
                    .unwrap_or(&[])
                    .iter()
                    .rev()
                    .fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
                let other = choices.below(bytes.len() / size) * size + offset;
                let theirs = bytes
                    .get(other..other + width)
                    .unwrap_or(&[])
                    .iter()
                    .rev()
                    .fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
                let new = match choices.below(8) {
                    0 => 0,
                    1 => u64::MAX,
                    2 => old.wrapping_add(1),
                    3 => old.wrapping_sub(1),
                    4 => theirs,
                    5 => *choices.pick(&counts) as u64,
                    6 => choices.below(16) as u64,
                    _ => old ^ 1 << choices.below(width * 8),
                };
                bytes
                    .iter_mut()
                    .skip(field.start)
                    .zip(new.to_le_bytes())
                    .take(width)
                    .for_each(|(slot, byte)| *slot = byte);
            }
        }
    }
    let mut forged = joined(&prefix, sections.iter().map(Vec::as_slice));
    seal(&mut forged);
    forged
}

/// A record is dropped, doubled, or exchanged with another.
fn records_moved(bytes: &mut Vec<u8>, unit: usize, choices: &mut Choices<'_>) {
    let count = bytes.len() / unit.max(1);
    if count == 0 {
        return;
    }
    let (a, b) = (choices.below(count) * unit, choices.below(count) * unit);
    let one: Vec<u8> = bytes.iter().skip(a).take(unit).copied().collect();
    match choices.below(3) {
        0 => {
            bytes.drain(a..a + unit);
        }
        1 => {
            bytes.splice(b..b, one);
        }
        _ => {
            let other: Vec<u8> = bytes.iter().skip(b).take(unit).copied().collect();
            bytes.splice(b..b + unit, one);
            bytes.splice(a..a + unit, other);
        }
    }
}

/// Bytes that are likely to be read: an image with damage that the choices ask for, or any bytes
/// behind a header that is in order.
fn forged(choices: &mut Choices<'_>) -> Vec<u8> {
    if choices.once_in(2) {
        return forge(small(), choices);
    }
    let mut bytes = small().to_vec();
    if choices.once_in(8) {
        bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.resize(PREFIX, 0);
        let mut sections = Vec::new();
        for section in Section::ALL {
            let len = choices.below(4) * section.unit();
            sections.push((0..len).map(|_| (choices.below(256) & choices.below(256)) as u8).collect::<Vec<u8>>());
        }
        bytes = joined(&bytes, sections.iter().map(Vec::as_slice));
        seal(&mut bytes);
        return bytes;
    }
    for _ in 0..=choices.below(6) {
        let at = choices.below(bytes.len());
        let put = match choices.below(4) {
            0 => 1 << choices.below(8),
            1 => 0xFF,
            _ => choices.below(256) as u8,
        };
        bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= put);
    }
    seal(&mut bytes);
    bytes
}

/// Bytes as they are, and damaged images, are read and verified; what is accepted is evaluated.
pub fn image_read(data: &[u8]) {
    run(data, Trust::Verified, &mut Choices::of_bytes(&[]), &mut Ends::default());
    let mut sealed = data.to_vec();
    seal(&mut sealed);
    run(&sealed, Trust::Verified, &mut Choices::seeded(1), &mut Ends::default());
    let mut choices = Choices::of_bytes(data);
    let bytes = forged(&mut choices);
    run(&bytes, Trust::Verified, &mut choices, &mut Ends::default());
}

/// Damaged images are evaluated that nobody verified.
pub fn image_evaluate(data: &[u8]) {
    run(data, Trust::Nothing, &mut Choices::seeded(1), &mut Ends::default());
    let mut choices = Choices::of_bytes(data);
    let bytes = forged(&mut choices);
    run(&bytes, Trust::Nothing, &mut choices, &mut Ends::default());
}
