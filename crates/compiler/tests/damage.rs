//! Images that were cut off or altered: by accident, which the checksum tells, and by a forger, who
//! makes the checksum right again.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::fuzz::images::{Ends, Trust, forge, run, small};
use contentcheck_compiler::sensor::{Memory, Supplied};
use contentcheck_compiler::{Options, compile};
use contentcheck_generators::Choices;
use contentcheck_generators::sealed::{rebuilt, seal};
use contentcheck_interpreter::format::{Comparator, Key, Literal, LiteralKind, Look, Probe, Rule, Section, Set};
use contentcheck_interpreter::{Image, Rejection};
use contentcheck_model::language::Language;
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checking, Gathered, Tables, WithErrors};

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for path in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// The image of the release that ships.
fn demo() -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/releases/demo");
    let mut paths = Vec::new();
    files(&root, &mut paths);
    paths.sort();
    let sources: Vec<(Source, Language)> = paths
        .iter()
        .filter_map(|path| Some((path, Language::of(path.to_str()?)?)))
        .map(|(path, language)| (Source::new(path.to_str().unwrap(), fs::read_to_string(path).unwrap()), language))
        .collect();
    let library = contentcheck_library::templates().unwrap();
    let tables = Tables::new(|path| fs::read(path).ok());
    let judged = Gathered { library, tables, ..Gathered::of(sources) }.check(&Checking::with_threads(2)).judge();
    let content = judged.ship(WithErrors::LeaveOut).unwrap();
    assert!(content.rules().len() > 10, "{} rules, {:?}", content.rules().len(), judged.findings());
    compile(&content, Options::default()).unwrap()
}

#[test]
fn what_is_cut_off_is_refused() {
    for image in [small().to_vec(), demo()] {
        let mut ends = Ends::default();
        for len in 0..image.len() {
            let cut = image.get(..len).unwrap();
            assert!(Image::read(cut).is_err(), "{len} of {} bytes", image.len());
            // Where the sections would still be in order, the forger's copy goes all the way.
            let mut forged = cut.to_vec();
            if len >= 24 {
                forged[16..24].copy_from_slice(&(len as u64).to_le_bytes());
            }
            if Image::read_unverified(&forged).is_ok() {
                seal(&mut forged);
                run(&forged, Trust::Verified, &mut Choices::seeded(len as u64), &mut ends);
            } else {
                ends.unread += 1;
            }
            run(&forged, Trust::Nothing, &mut Choices::seeded(len as u64), &mut Ends::default());
        }
        println!("{} bytes, cut off everywhere: {ends:?}", image.len());
        assert_eq!(ends.verdicts, 0, "a part of an image is an image");
        assert!(ends.unread > 0);
    }
}

#[test]
fn bytes_behind_the_end_are_refused() {
    let mut longer = small().to_vec();
    longer.push(0);
    assert!(matches!(Image::read(&longer), Err(Rejection::Length { .. })));
    seal(&mut longer);
    assert!(matches!(Image::read(&longer), Err(Rejection::Layout { .. })));
}

/// Flips a bit: it is found, and with the checksum made right again the image is refused, or as safe as any.
fn flip(image: &mut [u8], bit: usize, verified: &mut Ends, trusted: &mut Ends) {
    let (at, mask) = (bit / 8, 1_u8 << (bit % 8));
    image[at] ^= mask;
    assert!(Image::read(image).is_err(), "bit {bit} is flipped and nobody finds it");
    run(image, Trust::Nothing, &mut Choices::seeded(bit as u64), trusted);
    let kept = [image[16..24].to_vec(), image[24..32].to_vec()].concat();
    seal(image);
    run(image, Trust::Verified, &mut Choices::seeded(bit as u64), verified);
    image[16..32].copy_from_slice(&kept);
    image[at] ^= mask;
}

#[test]
fn every_flipped_bit_of_a_small_image_is_found_or_harmless() {
    let mut image = small().to_vec();
    let (mut verified, mut trusted) = (Ends::default(), Ends::default());
    for bit in 0..image.len() * 8 {
        flip(&mut image, bit, &mut verified, &mut trusted);
    }
    assert_eq!(image, small());
    println!("{} bits; sealed again: {verified:?}; not verified at all: {trusted:?}", image.len() * 8);
    assert_eq!(verified.faults, 0);
    assert!(verified.unverified > 0 && verified.verdicts > 0 && trusted.faults > 0);
}

#[test]
fn flipped_bits_of_a_release_are_found_or_harmless() {
    let mut image = demo();
    let (mut verified, mut trusted) = (Ends::default(), Ends::default());
    let mut choices = Choices::seeded(291);
    for _ in 0..300 {
        let bit = choices.below(image.len() * 8);
        flip(&mut image, bit, &mut verified, &mut trusted);
    }
    println!("of {} bits 300; sealed again: {verified:?}; not verified at all: {trusted:?}", image.len() * 8);
    assert_eq!(verified.faults, 0);
    assert!(verified.unverified > 0 && verified.verdicts > 0);
}

/// By someone who knows every field of the format: refused, or as safe as any on many hostile events. `CONTENTCHECK_FORGED`
/// asks for another number of images than is usual.
#[test]
fn images_forged_field_by_field_are_refused_or_harmless() {
    let count: u64 = std::env::var("CONTENTCHECK_FORGED").map_or(3_000, |count| count.parse().unwrap());
    let mut ends = Ends::default();
    let (mut accepted, mut same) = (0, 0);
    for seed in 0..count {
        let mut choices = Choices::seeded(seed);
        let image = forge(small(), &mut choices);
        same += u64::from(image == small());
        let before = ends.verdicts;
        run(&image, Trust::Verified, &mut choices, &mut ends);
        if ends.verdicts > before {
            accepted += 1;
            // What is accepted is shown a hundred events in all.
            while ends.verdicts < before + 100 {
                run(&image, Trust::Verified, &mut choices, &mut ends);
            }
        }
    }
    println!("{count} forged images, {same} of them as they were: {accepted} accepted; {ends:?}");
    assert_eq!(ends.faults, 0);
    assert!(ends.unverified > count / 4 && accepted > count / 20, "{accepted} {ends:?}");
}

#[test]
fn names_that_lie_over_each_other_take_no_longer() {
    let same = rebuilt(small(), |_, bytes| bytes.to_vec());
    assert_eq!(same, small());
    const NAMES: usize = 4 << 20;
    let image = rebuilt(small(), |section, bytes| match section {
        Section::Names => [bytes, vec![b'n'; NAMES].as_slice()].concat(),
        // Each of many rules is called by all of the names.
        Section::Rules => {
            let (name_len, title_len) = (NAMES as u32, NAMES as u32);
            let rule = Rule { name_len, title_len, comparators: 1, ..Rule::default() };
            [bytes, &rule.encode().repeat(100_000)].concat()
        }
        _ => bytes.to_vec(),
    });
    let began = Instant::now();
    // The names are in order; that nobody asks the rules is found behind them.
    assert_eq!(rejection(&image), Some(Rejection::Record { section: Section::Rules, index: 8 }));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?} for {} bytes", began.elapsed(), image.len());
}

/// Why an image is refused by a sensor that supplies all that it reads.
fn rejection(image: &[u8]) -> Option<Rejection> {
    let image = Image::read(image).unwrap();
    let recorder = Supplied::of_recorder(&image, "recorder", "1");
    let mut memory = Memory::of(&image);
    image.verify(&recorder.manifest(&recorder.supplies()), memory.workspace()).err()
}

/// Runs a forged image, which must be done in far less than it would take to read a text at every record that names it.
fn quickly(image: &[u8]) -> Ends {
    let began = Instant::now();
    let mut ends = Ends::default();
    run(image, Trust::Verified, &mut Choices::seeded(0), &mut ends);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?} for {} bytes", began.elapsed(), image.len());
    ends
}

/// Bytes that many records name.
const LONG: usize = 16 << 20;

/// A set of keys of which each is the one before with a byte more would be compared in their full length.
#[test]
fn keys_that_lie_over_each_other_are_refused() {
    const KEYS: u32 = 20_000;
    let image = rebuilt(small(), |section, bytes| {
        let read = Image::read(small()).unwrap();
        let len = |of: Section| read.section_bytes(of).len() as u32;
        match section {
            Section::Text => [bytes, vec![b'a'; LONG].as_slice()].concat(),
            Section::Keys => {
                let key = |at: u32| Key { text: len(Section::Text), len: LONG as u32 - KEYS + at }.encode();
                bytes.iter().copied().chain((0..KEYS).flat_map(key)).collect()
            }
            Section::Sets => {
                let set = Set { keys: len(Section::Keys) / Key::SIZE as u32, count: KEYS, ..Set::default() };
                [bytes, &set.encode()].concat()
            }
            _ => bytes.to_vec(),
        }
    });
    let ends = quickly(&image);
    assert!(ends.unverified > 0 && ends.verdicts == 0, "{ends:?}");
}

/// An image that looks for many literals at the beginning of a value.
fn prefixes(count: usize) -> Vec<u8> {
    let literals: Vec<String> = (0..count).map(|number| format!("\"c:{number:05}/xyz\"")).collect();
    let text = format!(
        "template t @ 1 {{\n    1 a : string nocase\n}}\nrule r {{\n    id: \"00000001-5d1f-4c1e-9a3b-000000000001\"\n    \
         template: t @ 1\n    severity: low\n    when a starts_with [{}]\n}}\n",
        literals.join(", ")
    );
    let gathered = Gathered::of(vec![(Source::new("a.content", text), Language::Native)]);
    let judged = gathered.check(&Checking::default()).judge();
    let content = judged.ship(WithErrors::LeaveOut).unwrap();
    assert_eq!(content.rules().len(), 1, "{:?}", judged.findings());
    compile(&content, Options::default()).unwrap()
}

/// Literals may share their bytes. That they are in lower case is known without reading them.
#[test]
fn literals_that_lie_over_each_other_take_no_longer() {
    let image = prefixes(3_000);
    let texts = Image::read(&image).unwrap().section_bytes(Section::Text).len();
    let mut longer = 0;
    let forged = rebuilt(&image, |section, bytes| match section {
        Section::Text => [bytes, vec![b'a'; LONG].as_slice()].concat(),
        // Every prefix goes on to the end of all texts; the key of its first bytes is the same.
        Section::Literals => {
            let records = bytes.as_chunks::<{ Literal::SIZE }>().0.iter().map(Literal::decode);
            let stretched = records.map(|literal| match LiteralKind::from_number(literal.kind) {
                Some(LiteralKind::Prefix) => Literal { len: (texts + LONG) as u32 - literal.text, ..literal },
                _ => literal,
            });
            stretched.flat_map(|literal| literal.encode()).collect()
        }
        _ => bytes.to_vec(),
    });
    for record in Image::read(&forged).unwrap().section_bytes(Section::Literals).as_chunks::<{ Literal::SIZE }>().0 {
        longer += usize::from(Literal::decode(record).len as usize > LONG);
    }
    assert!(longer >= 3_000, "{longer} of the literals are long");
    let ends = quickly(&forged);
    assert!(ends.verdicts > 0, "{ends:?}");
}

/// A literal that ignores case and stands before a capital letter might hold it.
#[test]
fn a_capital_letter_behind_literals_in_lower_case_is_refused() {
    let image = prefixes(10);
    assert!(quickly(&rebuilt(&image, |_, bytes| bytes.to_vec())).verdicts > 0);
    let forged = rebuilt(&image, |section, bytes| match section {
        Section::Text => [bytes, b"A"].concat(),
        _ => bytes.to_vec(),
    });
    let ends = quickly(&forged);
    assert!(ends.unverified > 0 && ends.verdicts == 0, "{ends:?}");
}

/// Among the probes of an input each of its literals is looked for.
#[test]
fn probes_that_repeat_are_refused() {
    let image = prefixes(10);
    let forged = rebuilt(&image, |section, bytes| match section {
        Section::Probes => [bytes, &Probe { kind: LiteralKind::Prefix as u8, bytes: 8 }.encode().repeat(200)].concat(),
        Section::Looks => {
            let look = Look::decode(bytes.first_chunk().unwrap());
            assert_eq!((look.probe_count, bytes.len()), (1, Look::SIZE));
            Look { probe_count: 201, ..look }.encode().to_vec()
        }
        _ => bytes.to_vec(),
    });
    let ends = quickly(&forged);
    assert!(ends.unverified > 0 && ends.verdicts == 0, "{ends:?}");
}

/// Versions that lie over each other would be compared in their full length.
#[test]
fn versions_beyond_any_length_are_refused() {
    let read = Image::read(small()).unwrap();
    let names = read.section_bytes(Section::Names).len();
    let comparators = (read.section_bytes(Section::Comparators).len() / Comparator::SIZE) as u32;
    let forged = |len: u32| {
        rebuilt(small(), |section, bytes| match section {
            Section::Names => [bytes, b"0.".repeat(LONG / 2).as_slice()].concat(),
            Section::Rules => {
                let rule = Rule { comparators, comparator_count: 20_000, ..Rule::default() };
                [bytes, &rule.encode()].concat()
            }
            Section::Comparators => {
                let one = Comparator { version: names as u32, version_len: len, operator: 0, ..Comparator::default() };
                [bytes, &one.encode().repeat(20_000)].concat()
            }
            _ => bytes.to_vec(),
        })
    };
    // Versions of a length that may be are in order; that nobody asks the rule is found behind them.
    assert_eq!(rejection(&forged(128)), Some(Rejection::Record { section: Section::Rules, index: 8 }));
    let began = Instant::now();
    let refused = rejection(&forged(LONG as u32));
    assert_eq!(refused, Some(Rejection::Record { section: Section::Comparators, index: comparators }));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}
