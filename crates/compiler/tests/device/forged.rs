//! An index that is not of its literals, each time in one respect: a scan that believes it misses what rules look for, or
//! takes more than is promised.

use contentcheck_interpreter::format::{BUCKET_MAX, CLOSE, Entry, Filter, Literal, LiteralKind, Look};
use contentcheck_interpreter::{OwnedImage, Scalar};

use super::*;

const INPUT: Type = Type { scalar: Scalar::String, list: false, optional: false };
const MANIFEST: Manifest<'static> = Manifest {
    sensor: "acme",
    version: "7",
    versioning: Versioning::Parts,
    capacity: Capacity::NONE,
    header: &[],
    templates: &[Supply {
        template: "acme.exec",
        inputs: &[
            contentcheck_interpreter::Input { name: "image", ty: INPUT },
            contentcheck_interpreter::Input { name: "command", ty: INPUT },
        ],
    }],
};

/// A rule for each condition.
fn image<S: AsRef<str>>(conditions: impl IntoIterator<Item = S>) -> Vec<u8> {
    let rules = (0..).zip(conditions).map(|(at, condition): (u32, S)| {
        format!(
            "rule r{at} {{ id: \"{at:08x}-5d1f-4c1e-9a3b-000000000001\" template: acme.exec @ 1 severity: low when {} }}\n",
            condition.as_ref()
        )
    });
    let text = "template acme.exec @ 1 { 1 image: string 2 command: string }\n".to_owned() + &rules.collect::<String>();
    compile(&content(&text), Options::default()).unwrap()
}

pub(super) fn records<const N: usize>(bytes: &[u8], section: Section) -> Vec<[u8; N]> {
    Image::read(bytes).unwrap().section_bytes(section).as_chunks::<N>().0.to_vec()
}

/// An image with other records in some sections.
pub(super) fn with_records<const N: usize>(bytes: &[u8], of: Section, change: impl Fn(&mut Vec<[u8; N]>)) -> Vec<u8> {
    rebuilt(bytes, |section, bytes| {
        if section != of {
            return bytes.to_vec();
        }
        let mut records = bytes.as_chunks::<N>().0.to_vec();
        change(&mut records);
        records.concat()
    })
}

fn literal(bytes: &[u8], at: usize) -> Literal {
    Literal::decode(&records(bytes, Section::Literals)[at])
}

fn with_literal(bytes: &[u8], at: usize, literal: Literal) -> Vec<u8> {
    with_records(bytes, Section::Literals, |records| records[at] = literal.encode())
}

fn with_look(bytes: &[u8], change: impl Fn(&mut Look)) -> Vec<u8> {
    with_records(bytes, Section::Looks, |records| {
        let mut look = Look::decode(&records[0]);
        change(&mut look);
        records[0] = look.encode();
    })
}

/// Both ways to load an image refuse a record of a section, and say the same of it; the image itself they take.
#[track_caller]
pub(super) fn refused_for(manifest: &Manifest<'_>, image: &[u8], forged: &[u8], section: Section) {
    let load = |bytes: &[u8]| {
        let read = Image::read(bytes).unwrap();
        let mut memory = Memory::of(&read);
        let lent = read.verify(manifest, memory.workspace()).map(|_| ());
        let owned = OwnedImage::load(bytes, manifest).map(|_| ());
        assert_eq!(lent, owned);
        owned
    };
    assert_eq!(load(image), Ok(()));
    assert_ne!(image, forged);
    let found = load(forged);
    assert!(matches!(found, Err(Rejection::Record { section: of, .. }) if of == section), "{found:?}");
}

#[track_caller]
fn refused(image: &[u8], forged: &[u8], section: Section) {
    refused_for(&MANIFEST, image, forged, section);
}

/// Of two inputs, so that each literal has an atom of its own.
fn two() -> Vec<u8> {
    image(["image contains \"aaaabbbb\"", "command contains \"ccccdddd\""])
}

/// Many literals of one input, without needles.
fn many() -> Vec<u8> {
    let bytes = image((1..200_u64).map(|at| {
        let bits = at.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let letters = (0..8).map(|by| char::from(b'a' + (bits.rotate_left(by * 5) % 23) as u8));
        format!("image contains \"{}\"", letters.collect::<String>())
    }));
    let look = Look::decode(&records(&bytes, Section::Looks)[0]);
    assert!(look.needle_count == 0 && look.stride > 1, "{look:?}");
    bytes
}

#[test]
fn an_action_is_an_atom_of_the_input_of_its_literal() {
    let bytes = two();
    let forged = with_records::<4>(&bytes, Section::Actions, |actions| {
        assert_eq!(actions.len(), 2);
        actions.swap(0, 1);
    });
    refused(&bytes, &forged, Section::Actions);
}

#[test]
fn an_action_is_an_atom_that_there_is() {
    let bytes = two();
    let forged = with_records::<4>(&bytes, Section::Actions, |actions| actions[0] = 2_u32.to_le_bytes());
    refused(&bytes, &forged, Section::Actions);
}

/// An entry in a bucket that its hash does not lead to is never met.
#[test]
fn an_entry_lies_in_the_bucket_of_its_hash() {
    let bytes = many();
    let buckets: Vec<u32> = records(&bytes, Section::Buckets).into_iter().map(u32::from_le_bytes).collect();
    let moved = (1..buckets.len() - 1).find(|at| buckets[at - 1] < buckets[*at] && buckets[*at] == buckets[at + 1]);
    let forged = with_records::<4>(&bytes, Section::Buckets, |bounds| {
        bounds[moved.unwrap()] = (buckets[moved.unwrap()] - 1).to_le_bytes();
    });
    refused(&bytes, &forged, Section::Entries);
}

#[test]
fn an_entry_has_the_hash_of_its_literal_and_what_stands_near() {
    let bytes = many();
    let entry = Entry::decode(&records(&bytes, Section::Entries)[0]);
    assert_ne!(entry.place(), 0);
    let placed = |place: u32, near: u16| Entry::new(entry.check, entry.number(), entry.gram(), (place, near));
    for other in [
        Entry { check: entry.check ^ 1, ..entry },
        placed(entry.place(), entry.near ^ 1),
        placed(entry.place() ^ 3, entry.near),
        // It would be met, and found dearer than need be.
        placed(0, 0),
    ] {
        let forged = with_records(&bytes, Section::Entries, |entries| entries[0] = other.encode());
        refused(&bytes, &forged, Section::Entries);
    }
}

/// What is looked for at an end of a value is not found by a gram, and the other way round.
#[test]
fn an_entry_lies_in_the_filter_of_its_kind() {
    let bytes = image(["image == \"aaaabbbb\"", "command contains \"#%zq\""]);
    let filters: Vec<Filter> = records(&bytes, Section::Filters).iter().map(Filter::decode).collect();
    let [anchors, grams, _] = filters.as_slice() else { panic!("{filters:?}") };
    assert_eq!((anchors.entry_count, grams.entry_count), (1, 1));
    assert_eq!((anchors.bitmap_log2, anchors.bucket_log2), (grams.bitmap_log2, grams.bucket_log2));
    let swapped = |unit: usize| {
        move |bytes: &[u8]| {
            let (first, second) = bytes.split_at(bytes.len() / 2);
            assert!(first.len() == second.len() && first.len() % unit == 0);
            [second, first].concat()
        }
    };
    let forged = rebuilt(&bytes, |section, bytes| match section {
        Section::Bitmaps | Section::Buckets | Section::Entries => swapped(section.unit())(bytes),
        _ => bytes.to_vec(),
    });
    refused(&bytes, &forged, Section::Entries);
}

/// A bucket is what one look may cost.
#[test]
fn a_bucket_has_a_bounded_number_of_entries() {
    let bytes = many();
    let filters: Vec<Filter> = records(&bytes, Section::Filters).iter().map(Filter::decode).collect();
    let [none, grams, wide] = filters.as_slice() else { panic!("{filters:?}") };
    assert!(none.entry_count == 0 && wide.entry_count == 0 && grams.entry_count > BUCKET_MAX);
    let forged = rebuilt(&bytes, |section, bytes| match section {
        Section::Filters => {
            let one = Filter { bucket_log2: 0, ..*grams };
            [none.encode(), one.encode(), Filter { buckets: 2, ..*wide }.encode()].concat()
        }
        Section::Buckets => [0, grams.entry_count].map(u32::to_le_bytes).concat(),
        Section::Entries => {
            let mut entries: Vec<Entry> = bytes.as_chunks().0.iter().map(Entry::decode).collect();
            entries.sort_by_key(|entry| (entry.check, entry.literal));
            entries.iter().flat_map(Entry::encode).collect()
        }
        _ => bytes.to_vec(),
    });
    refused(&bytes, &forged, Section::Buckets);
}

/// A literal that is found only in values with a needle has one, at the place that it says.
#[test]
fn a_literal_has_the_needle_that_it_is_found_by() {
    let bytes = image(["image contains \"zq#x\""]);
    let found = literal(&bytes, 0);
    let look = Look::decode(&records(&bytes, Section::Looks)[0]);
    assert!(found.flags & CLOSE != 0 && look.needle_count == 1 && look.stride == 0, "{found:?} {look:?}");
    for needle in (0..5).filter(|at| *at != found.needle) {
        refused(&bytes, &with_literal(&bytes, 0, Literal { needle, ..found }), Section::Literals);
    }
    // The look has another needle, which no literal has; one that no byte is compared as; one more than it says.
    let other = with_look(&bytes, |look| look.needle_firsts ^= 1);
    refused(&bytes, &other, Section::Literals);
    let sharp = with_look(&bytes, |look| look.needle_firsts &= !0x20);
    refused(&bytes, &sharp, Section::Looks);
    let hidden = with_look(&bytes, |look| look.needle_seconds |= 0x7A00);
    refused(&bytes, &hidden, Section::Looks);
    // Without a needle no value is looked at closely.
    let plain = with_look(&bytes, |look| (look.needle_count, look.needle_firsts, look.needle_seconds) = (0, 0, 0));
    refused(&bytes, &plain, Section::Looks);
}

#[test]
fn a_literal_without_a_needle_says_so() {
    let bytes = many();
    let found = literal(&bytes, 0);
    assert_eq!(found.flags & CLOSE, 0);
    refused(&bytes, &with_literal(&bytes, 0, Literal { needle: 1, ..found }), Section::Literals);
    let bytes = image(["image == \"aaaabbbb\""]);
    let found = literal(&bytes, 0);
    assert_eq!(found.kind, LiteralKind::Equals as u8);
    for other in [
        Literal { flags: found.flags | CLOSE, ..found },
        Literal { needle: 1, ..found },
        Literal { at: found.at | 256, ..found },
        Literal { at: found.at - 1, ..found },
    ] {
        refused(&bytes, &with_literal(&bytes, 0, other), Section::Literals);
    }
}

/// A value of which no gram is looked at, or not every one, has literals that nobody finds.
#[test]
fn grams_are_looked_at_as_the_literal_asks() {
    // All literals of one input are there, and no value of that input is looked at.
    let bytes = image(["image contains \"zq#x\""]);
    let found = literal(&bytes, 0);
    let blind = rebuilt(&bytes, |section, bytes| match section {
        Section::Looks => vec![0; bytes.len()],
        Section::Literals => Literal { flags: found.flags & !CLOSE, needle: 0, ..found }.encode().to_vec(),
        Section::Filters => vec![0; bytes.len()],
        Section::Bitmaps | Section::Buckets | Section::Entries => Vec::new(),
        _ => bytes.to_vec(),
    });
    refused(&bytes, &blind, Section::Literals);
    // Bytes beyond ASCII are looked at where every gram is.
    let bytes = image(["image contains \"日本語\""]);
    let look = Look::decode(&records(&bytes, Section::Looks)[0]);
    let strided = with_look(&bytes, |of| {
        *(if look.needle_count > 0 { &mut of.close_stride } else { &mut of.stride }) = 2;
    });
    refused(&bytes, &strided, Section::Literals);
}
