//! Records that are out of order, out of range or of a kind that there is not, each time in one respect. A reader searches
//! by halves, counts from the last one, or stops at the first: what does not rise is not found.

use contentcheck_interpreter::format::{
    Entry, Filter, IGNORE_CASE, KEYWORD, Keywords, Literal, Opcode, Predicate, SET_TABLE, Set,
};
use contentcheck_interpreter::{OwnedImage, hash};

use super::forged::{records, refused_for, with_records};
use super::*;

const TEMPLATES: &str = "template a.exec @ 1 { serves { product: acme, category: exec } 1 image: string 2 command: string 3 pid: int }\n\
    template b.exec @ 1 { serves { product: acme, category: dns } 1 image: string 2 command: string 3 pid: int }\n";

/// Rules of the native language, each a template type and a condition, and the keywords of Sigma rules, each with a category.
fn image(native: &[(&str, &str)], keywords: &[(&str, &str)]) -> Vec<u8> {
    let mut text = TEMPLATES.to_owned();
    for (at, (template, condition)) in native.iter().enumerate() {
        text += &format!(
            "rule r{at} {{ id: \"{at:08x}-5d1f-4c1e-9a3b-000000000001\" template: {template} @ 1 severity: low when {condition} }}\n"
        );
    }
    let mut sources = vec![(Source::new("a.content", text), Language::Native)];
    for (at, (category, keyword)) in keywords.iter().enumerate() {
        let rule = format!(
            "title: Words\nid: {at:08x}-5d1f-4c1e-9a3b-000000000002\nstatus: test\nlogsource: {{product: acme, category: {category}}}\n\
             detection:\n  keywords: ['{keyword}']\n  condition: keywords\nlevel: low\n"
        );
        sources.push((Source::new(format!("{at}.yml"), rule), Language::Sigma));
    }
    let judged = Gathered::of(sources).check(&Checking::default()).judge();
    let content = judged.ship(WithErrors::Refuse).unwrap_or_else(|_| panic!("{:?}", judged.findings()));
    compile(&content, Options::default()).unwrap()
}

/// Every sensor refuses it: the recorder, which supplies what the image reads, as one of them.
#[track_caller]
fn refused(image: &[u8], forged: &[u8], section: Section) {
    let recorder = Supplied::of_recorder(&Image::read(image).unwrap(), "recorder", "1");
    let supplies = recorder.supplies();
    refused_for(&recorder.manifest(&supplies), image, forged, section);
}

/// One record in place of another.
macro_rules! with {
    ($bytes:expr, $section:ident, $record:ident, $at:expr, $change:expr) => {
        with_records($bytes, Section::$section, |records| {
            let mut record = $record::decode(&records[$at]);
            let change: fn(&mut $record) = $change;
            change(&mut record);
            records[$at] = record.encode();
        })
    };
}

#[test]
fn a_set_is_of_a_kind_whose_keys_have_bytes() {
    let of = |table: &str, condition: &str| {
        let rule = format!(
            "rule r {{ id: \"00000009-5d1f-4c1e-9a3b-000000000001\" template: a.exec @ 1 severity: low when {condition} }}\n"
        );
        compile(&content(&[TEMPLATES, table, &rule].concat()), Options::default()).unwrap()
    };
    let text = of("table names @ 1 { k: string key } rows [[\"a\"], [\"b\"], [\"c\"]]\n", "image in names");
    let set = Set::decode(&records(&text, Section::Sets)[0]);
    assert_eq!(set.scalar, Scalar::String as u8);
    refused(&text, &with!(&text, Sets, Set, 0, |set| set.scalar = Scalar::Float as u8), Section::Sets);
    refused(&text, &with!(&text, Sets, Set, 0, |set| set.scalar = u8::MAX), Section::Sets);
    refused(&text, &with!(&text, Sets, Set, 0, |set| set.flags |= 2 * SET_TABLE), Section::Sets);
    let bytes = of("table ports @ 1 { k: int key } rows [[1], [2], [3]]\n", "pid in ports");
    assert_eq!(Set::decode(&records(&bytes, Section::Sets)[0]).scalar, Scalar::Int as u8);
    // Numbers have no letters that could be written otherwise.
    refused(&bytes, &with!(&bytes, Sets, Set, 0, |set| set.flags |= IGNORE_CASE), Section::Sets);
}

#[test]
fn template_types_stand_in_order_and_once() {
    let bytes = image(&[("a.exec", "image == \"aaaabbbb\""), ("b.exec", "image == \"ccccdddd\"")], &[]);
    let templates: Vec<Template> = records(&bytes, Section::Templates).iter().map(Template::decode).collect();
    let [first, second] = templates.as_slice() else { panic!("{templates:?}") };
    let named = |a: (u32, u32, u32), b: (u32, u32, u32)| {
        let with = |of: &Template, (name, name_len, version)| Template { name, name_len, version, ..*of }.encode();
        with_records(&bytes, Section::Templates, |records| *records = vec![with(first, a), with(second, b)])
    };
    let name = |of: &Template, version| (of.name, of.name_len, version);
    refused(&bytes, &named(name(second, 1), name(first, 1)), Section::Templates);
    refused(&bytes, &named(name(first, 1), name(first, 1)), Section::Templates);
    refused(&bytes, &named(name(first, 2), name(first, 1)), Section::Templates);
}

/// Rules are reported in their order, and what a budget left out is said by one number.
#[test]
fn programs_stand_in_the_order_of_their_rules() {
    let bytes = image(&[("a.exec", "pid == 1"), ("a.exec", "pid == 2")], &[]);
    let ruled = |first: u32, second: u32| {
        with_records(&bytes, Section::Programs, |records| {
            for (record, rule) in records.iter_mut().zip([first, second]) {
                *record = Program { rule, ..Program::decode(record) }.encode();
            }
        })
    };
    refused(&bytes, &ruled(1, 0), Section::Programs);
    refused(&bytes, &ruled(0, 0), Section::Programs);
    refused(&bytes, &ruled(0, 2), Section::Programs);
}

#[test]
fn mentions_rise_and_are_of_inputs_that_there_are() {
    let bytes = image(&[("a.exec", "pid == 1 and image == \"aaaabbbb\"")], &[]);
    let mentions: Vec<u16> = records(&bytes, Section::Mentions).into_iter().map(u16::from_le_bytes).collect();
    let [first, second] = mentions.as_slice() else { panic!("{mentions:?}") };
    let mentioning = |other: &[u16]| {
        rebuilt(&bytes, |section, bytes| match section {
            Section::Mentions => other.iter().flat_map(|of| of.to_le_bytes()).collect(),
            Section::Programs => {
                let program = Program::decode(bytes.first_chunk().unwrap());
                Program { mention_count: other.len() as u32, ..program }.encode().to_vec()
            }
            _ => bytes.to_vec(),
        })
    };
    let (first, second) = (*first, *second);
    for other in [&[second, first], &[first, first], &[first, second + 1], [first, first, second].as_slice()] {
        refused(&bytes, &mentioning(other), Section::Mentions);
    }
}

#[test]
fn witnesses_rise_and_are_programs_that_there_are() {
    // Of an atom, and of what runs for every event.
    for condition in ["image contains \"aaaabbbb\"", "pid >= 7"] {
        let bytes = image(&[("a.exec", condition), ("a.exec", condition)], &[]);
        let witnesses: Vec<u32> = records(&bytes, Section::Witnesses).into_iter().map(u32::from_le_bytes).collect();
        assert_eq!(witnesses, [0, 1], "{condition}");
        for other in [[1, 0], [0, 0], [0, 2]] {
            let forged = with_records::<4>(&bytes, Section::Witnesses, |records| {
                *records = other.map(u32::to_le_bytes).to_vec();
            });
            refused(&bytes, &forged, Section::Witnesses);
        }
    }
}

/// Which atoms are of keywords follows from where they stand, so one of a field cannot stand among them.
#[test]
fn atoms_of_keywords_are_the_last_ones() {
    let bytes = image(&[("a.exec", "image contains \"aaaabbbb\"")], &[("exec", "ccccdddd")]);
    let atoms: Vec<Atom> = records(&bytes, Section::Atoms).iter().map(Atom::decode).collect();
    assert_eq!(atoms.iter().map(|atom| atom.input == KEYWORD).collect::<Vec<_>>(), [false, true]);
    let inputs = |of: [u16; 2]| {
        // With the predicates that ask for them.
        rebuilt(&bytes, |section, bytes| match section {
            Section::Atoms => {
                let of = atoms.iter().zip(of).flat_map(|(atom, input)| Atom { input, ..*atom }.encode());
                of.collect()
            }
            Section::Predicates => {
                let predicate = |record: &[u8; Predicate::SIZE]| {
                    let mut predicate = Predicate::decode(record);
                    if predicate.opcode == Opcode::Atom as u8 {
                        predicate.input = of[predicate.a as usize];
                    }
                    predicate.encode()
                };
                bytes.as_chunks().0.iter().flat_map(predicate).collect()
            }
            _ => bytes.to_vec(),
        })
    };
    let own = atoms[0].input;
    refused(&bytes, &inputs([KEYWORD, own]), Section::Atoms);
    refused(&bytes, &inputs([KEYWORD, KEYWORD]), Section::Atoms);
}

/// Keywords are checked where the first template type asks for them, so none can be asked for before.
#[test]
fn keywords_are_asked_for_in_order() {
    let bytes = image(&[], &[("exec", "aaaabbbb"), ("dns", "ccccdddd")]);
    assert_eq!(records::<{ Keywords::SIZE }>(&bytes, Section::Keywords).len(), 2);
    let swapped = with_records(&bytes, Section::Templates, |records| {
        let templates: Vec<Template> = records.iter().map(Template::decode).collect();
        assert_eq!(templates.iter().map(|of| of.keywords).collect::<Vec<_>>(), [0, 1]);
        for (record, of) in records.iter_mut().zip(templates) {
            *record = Template { keywords: 1 - of.keywords, ..of }.encode();
        }
    });
    refused(&bytes, &swapped, Section::Templates);
    let none = with!(&bytes, Templates, Template, 1, |of| of.keywords = 2);
    refused(&bytes, &none, Section::Templates);
}

fn filters(bytes: &[u8]) -> [Filter; 3] {
    records(bytes, Section::Filters).iter().take(3).map(Filter::decode).collect::<Vec<_>>().try_into().unwrap()
}

/// One image is one row of bytes: what is not read is zero.
#[test]
fn a_filter_that_finds_nothing_says_nothing() {
    let bytes = image(&[("a.exec", "image == \"aaaabbbb\"")], &[]);
    assert_eq!(filters(&bytes).map(|of| of.entry_count), [1, 0, 0]);
    for change in [
        (|of| of.bitmap_log2 = 6) as fn(&mut Filter),
        |of| of.bucket_log2 = 1,
        |of| of.bitmap = 0,
        |of| of.buckets = 0,
        |of| of.entries = 0,
    ] {
        let forged = with_records(&bytes, Section::Filters, |records| {
            let mut filter = Filter::decode(&records[1]);
            change(&mut filter);
            records[1] = filter.encode();
        });
        refused(&bytes, &forged, Section::Filters);
    }
}

#[test]
fn a_filter_has_a_size_that_there_is() {
    let bytes = image(&[("a.exec", "image == \"aaaabbbb\"")], &[]);
    let [of, ..] = filters(&bytes);
    // The least: one word of bits, one bucket. What it says to be smaller is not.
    let least = rebuilt(&bytes, |section, bytes| match section {
        Section::Filters => {
            let less = |bytes: &[u8; Filter::SIZE]| {
                let filter = Filter::decode(bytes);
                Filter {
                    bitmap: filter.bitmap.min(1),
                    buckets: filter.buckets.min(2),
                    bitmap_log2: filter.bitmap_log2.min(6),
                    bucket_log2: 0,
                    ..filter
                }
                .encode()
            };
            bytes.as_chunks().0.iter().flat_map(less).collect()
        }
        Section::Bitmaps => vec![0xFF; 8],
        Section::Buckets => [0, of.entry_count].map(u32::to_le_bytes).concat(),
        _ => bytes.to_vec(),
    });
    refused(&least, &with!(&least, Filters, Filter, 0, |of| of.bitmap_log2 = 5), Section::Filters);
    refused(&least, &with!(&least, Filters, Filter, 0, |of| of.bitmap_log2 = 31), Section::Filters);
    refused(&least, &with!(&least, Filters, Filter, 0, |of| of.bucket_log2 = 25), Section::Filters);
}

/// Whole values that are looked for, as many as it takes for buckets to be so.
fn anchored(keep: impl Fn(&[u32]) -> bool) -> Vec<u8> {
    let of = |count: usize| {
        let conditions: Vec<String> = (0..count).map(|at| format!("image == \"value {count} {at}\"")).collect();
        let rules: Vec<(&str, &str)> = conditions.iter().map(|condition| ("a.exec", condition.as_str())).collect();
        image(&rules, &[])
    };
    let bounds =
        |bytes: &[u8]| -> Vec<u32> { records(bytes, Section::Buckets).into_iter().map(u32::from_le_bytes).collect() };
    (2..40).map(of).find(|bytes| keep(&bounds(bytes))).unwrap()
}

#[test]
fn every_entry_lies_in_a_bucket() {
    let bytes = anchored(|bounds| bounds.len() > 2 && bounds[bounds.len() - 1] > bounds[bounds.len() - 2]);
    let fewer = with_records::<4>(&bytes, Section::Buckets, |bounds| {
        let last = u32::from_le_bytes(*bounds.last().unwrap());
        *bounds.last_mut().unwrap() = (last - 1).to_le_bytes();
    });
    refused(&bytes, &fewer, Section::Buckets);
    // And the first begins with the first.
    let later = with_records::<4>(&bytes, Section::Buckets, |bounds| bounds[0] = 1_u32.to_le_bytes());
    refused(&bytes, &later, Section::Buckets);
}

/// The literals of the next template type lie behind those of this one: the very same bytes, and not its own.
#[test]
fn an_entry_is_of_a_literal_of_its_index() {
    let condition = "image == \"aaaabbbb\"";
    let bytes = image(&[("a.exec", condition), ("b.exec", condition)], &[]);
    assert_eq!(records::<{ Literal::SIZE }>(&bytes, Section::Literals).len(), 2);
    let forged = with_records(&bytes, Section::Entries, |records| {
        let entry = Entry::decode(&records[0]);
        assert_eq!(entry.number(), 0);
        records[0] = Entry::new(entry.check, 1, entry.gram(), (entry.place(), entry.near)).encode();
    });
    refused(&bytes, &forged, Section::Entries);
}

/// A gram with bytes beyond ASCII is looked for among such grams alone; among the others nobody finds it. And of a literal
/// there is one entry for each place that a value may be looked at, not one place twice.
#[test]
fn an_entry_is_of_a_gram_that_its_filter_is_asked_for() {
    let bytes = image(&[("a.exec", "image contains \"abcdefghi\"")], &[]);
    let literal = Literal::decode(&records(&bytes, Section::Literals)[0]);
    let looked = contentcheck_interpreter::format::Look::decode(&records(&bytes, Section::Looks)[0]);
    let count = usize::from(if literal.flags & 2 == 0 { looked.stride } else { looked.close_stride });
    assert!(count > 1, "{looked:?}");
    // The image with other bytes of the literal, its filter all bits and one bucket, and an entry for each of some grams.
    let with_grams = |text: &[u8], grams: &[usize]| {
        let entries = grams.iter().map(|gram| {
            let at = usize::from(literal.at) + gram;
            let found = hash::gram_at(&text[at..]).unwrap();
            let key = hash::gram(found, hash::gram_salt(literal.input));
            let (near, near_bytes) = hash::Near::in_literal(text, (at, at + 4));
            Entry::new(hash::check_of(key), 0, *gram as u32, (near as u32, near_bytes))
        });
        let mut entries: Vec<Entry> = entries.collect();
        entries.sort_by_key(|entry| (entry.check, entry.literal));
        rebuilt(&bytes, |section, bytes| match section {
            Section::Text => [text, &bytes[text.len()..]].concat(),
            Section::Filters => {
                let none = Filter::default();
                let of = Filter { entry_count: grams.len() as u32, bitmap_log2: 6, ..none };
                let behind = Filter { bitmap: 1, buckets: 2, entries: of.entry_count, ..none };
                [none, of, behind].iter().flat_map(Filter::encode).collect()
            }
            Section::Bitmaps => vec![0xFF; 8],
            Section::Buckets => [0, grams.len() as u32].map(u32::to_le_bytes).concat(),
            Section::Entries => entries.iter().flat_map(Entry::encode).collect(),
            _ => bytes.to_vec(),
        })
    };
    let all: Vec<usize> = (0..count).collect();
    let plain = with_grams(b"abcdefghi", &all);
    let from = usize::from(literal.at);
    let mut wide = b"abcdefghi".to_vec();
    // The first gram stays ASCII, the last looked at does not.
    wide[from + 4] = 0xC3;
    if let Some(next) = wide.get_mut(from + 5) {
        *next = 0xA4;
    }
    refused(&plain, &with_grams(&wide, &all), Section::Entries);
    let beyond: Vec<usize> = (1..=count).collect();
    refused(&plain, &with_grams(b"abcdefghi", &beyond), Section::Entries);
}

/// What storage and transport do to an image is found before a record is looked at, by both ways of loading.
#[test]
fn a_damaged_seal_is_refused_by_both_ways_of_loading() {
    let bytes = image(&[("a.exec", "image == \"aaaabbbb\"")], &[]);
    let recorder = Supplied::of_recorder(&Image::read(&bytes).unwrap(), "recorder", "1");
    let supplies = recorder.supplies();
    let manifest = recorder.manifest(&supplies);
    assert!(OwnedImage::load(bytes.as_slice(), &manifest).is_ok());
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        let read = Image::read(&damaged).map(|_| ()).unwrap_err();
        assert_eq!(OwnedImage::load(damaged.as_slice(), &manifest).map(|_| ()).unwrap_err(), read, "{at}");
        // The last bytes but one are text: only the checksum knows that they are others.
        if at + 1 == bytes.len() {
            assert_eq!(read, Rejection::Checksum);
        }
    }
}
