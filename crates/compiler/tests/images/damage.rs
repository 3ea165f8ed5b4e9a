//! Damage to an image: what storage and transport do, and what a forger does who makes length and checksum right again.

use contentcheck_interpreter::Image;
use contentcheck_interpreter::format::{HEADER, Opcode, PREFIX, Predicate, RECORDS, Section, Set};

use contentcheck_generators::sealed::{joined, seal};

/// One damaged image.
pub(crate) struct Damage {
    /// What was done.
    pub(crate) why: &'static str,
    /// The bytes, before they are sealed.
    pub(crate) bytes: Vec<u8>,
    /// Whether length and checksum are made right.
    pub(crate) seal: bool,
}

impl Damage {
    /// Where the bytes differ from those of the image, as far as both go. Differences close to each other are one.
    pub(crate) fn patch(&self, image: &[u8]) -> Vec<(usize, &[u8])> {
        let differs: Vec<usize> = (0..self.bytes.len()).filter(|at| image[*at] != self.bytes[*at]).collect();
        let runs = differs.chunk_by(|a, b| b - a < 8);
        runs.map(|run| (run[0], &self.bytes[run[0]..=run[run.len() - 1]])).collect()
    }
}

/// An image taken apart into its sections.
#[derive(Clone)]
struct Parts {
    prefix: Vec<u8>,
    sections: Vec<Vec<u8>>,
}

impl Parts {
    fn of(image: &[u8]) -> Self {
        let read = Image::read(image).unwrap();
        let sections = Section::ALL.iter().map(|section| read.section_bytes(*section).to_vec()).collect();
        Self { prefix: image[..PREFIX].to_vec(), sections }
    }

    /// All sections in their places.
    fn bytes(&self) -> Vec<u8> {
        joined(&self.prefix, self.sections.iter().map(Vec::as_slice))
    }

    fn section(&mut self, section: Section) -> &mut Vec<u8> {
        &mut self.sections[section as usize]
    }

    fn count(&self, section: Section) -> usize {
        self.sections[section as usize].len() / section.unit()
    }

    /// The bytes of a field, by the names that the format gives.
    fn field(&mut self, section: Section, record: usize, name: &str) -> Option<&mut [u8]> {
        let words = |section: Section| format!("{section:?}").trim_end_matches('s').to_owned();
        let of = match section {
            Section::Entries => "Entry".to_owned(),
            Section::Regexes => "Regex".to_owned(),
            Section::Code => "Instruction".to_owned(),
            Section::Keywords => "Keywords".to_owned(),
            other => words(other),
        };
        let (_, size, fields) = RECORDS.iter().find(|(other, ..)| *other == of).unwrap();
        let (_, at, ty) = fields.iter().find(|(other, ..)| *other == name).unwrap();
        let width = match *ty {
            "u8" => 1,
            "u16" => 2,
            _ => 4,
        };
        self.section(section).get_mut(record * size + at..record * size + at + width)
    }

    fn get(&mut self, section: Section, record: usize, name: &str) -> u32 {
        let bytes = self.field(section, record, name).unwrap();
        bytes.iter().rev().fold(0, |all, byte| all << 8 | u32::from(*byte))
    }

    /// Sets a field; nothing where there is no such record.
    fn set(mut self, section: Section, record: usize, name: &str, value: u32) -> Option<Self> {
        let bytes = self.field(section, record, name)?;
        let len = bytes.len();
        bytes.copy_from_slice(&value.to_le_bytes()[..len]);
        Some(self)
    }

    /// The first predicate of an opcode.
    fn predicate(&self, opcode: Opcode) -> Option<(usize, Predicate)> {
        let records = self.sections[Section::Predicates as usize].as_chunks::<{ Predicate::SIZE }>().0;
        records.iter().map(Predicate::decode).enumerate().find(|(_, predicate)| predicate.opcode == opcode as u8)
    }

    /// Without a mention, and everything else as if it had never been there.
    fn without_mention(&self, mention: usize) -> Self {
        let mut parts = self.clone();
        parts.section(Section::Mentions).drain(mention * 2..mention * 2 + 2);
        for program in 0..self.count(Section::Programs) {
            let (first, count) = (
                parts.get(Section::Programs, program, "mentions") as usize,
                parts.get(Section::Programs, program, "mention_count") as usize,
            );
            if (first..first + count).contains(&mention) {
                parts = parts.set(Section::Programs, program, "mention_count", count as u32 - 1).unwrap();
            } else if first > mention {
                parts = parts.set(Section::Programs, program, "mentions", first as u32 - 1).unwrap();
            }
        }
        parts
    }

    /// Without a witness, and everything else as if it had never been there.
    fn without_witness(&self, witness: usize) -> Self {
        let mut parts = self.clone();
        parts.section(Section::Witnesses).drain(witness * 4..witness * 4 + 4);
        let fields = [(Section::Templates, "always", "always_count"), (Section::Atoms, "witnesses", "count")];
        for (section, first, count) in fields {
            for record in 0..self.count(section) {
                let (at, len) =
                    (parts.get(section, record, first) as usize, parts.get(section, record, count) as usize);
                if (at..at + len).contains(&witness) {
                    parts = parts.set(section, record, count, len as u32 - 1).unwrap();
                } else if at > witness {
                    parts = parts.set(section, record, first, at as u32 - 1).unwrap();
                }
            }
        }
        parts
    }

    /// Without an entry of a filter that has several, and everything else as if it had never been there.
    fn without_entry(&self) -> Option<Self> {
        let filters = 0..self.count(Section::Filters);
        let mut all = self.clone();
        let mut of = |filter: usize, name: &str| all.get(Section::Filters, filter, name);
        let filter = filters.clone().find(|filter| of(*filter, "entry_count") > 1)?;
        let (first, count) = (of(filter, "entries"), of(filter, "entry_count"));
        let (buckets, bounds) = (of(filter, "buckets") as usize, 1_usize << of(filter, "bucket_log2"));
        let later: Vec<(usize, u32)> =
            filters.map(|at| (at, of(at, "entries"))).filter(|(_, entries)| *entries > first).collect();
        let mut parts = self.clone();
        let last = (first + count - 1) as usize * 8;
        parts.section(Section::Entries).drain(last..last + 8);
        for bound in parts.section(Section::Buckets).as_chunks_mut::<4>().0.iter_mut().skip(buckets).take(bounds + 1) {
            *bound = u32::from_le_bytes(*bound).min(count - 1).to_le_bytes();
        }
        parts = parts.set(Section::Filters, filter, "entry_count", count - 1)?;
        for (at, entries) in later {
            parts = parts.set(Section::Filters, at, "entries", entries - 1)?;
        }
        Some(parts)
    }

    /// The first record of a section whose field is as asked.
    fn find(&self, section: Section, name: &str, holds: impl Fn(u32) -> bool) -> Option<(usize, u32)> {
        let mut parts = self.clone();
        (0..self.count(section)).map(|at| (at, parts.get(section, at, name))).find(|(_, value)| holds(*value))
    }
}

/// All damage that an image can have of these kinds. `is_refused` says whether some bytes are.
pub(crate) fn all(image: &[u8], is_refused: impl Fn(&[u8]) -> bool) -> Vec<Damage> {
    let mut found = Vec::new();
    plain(image, &mut found);
    let parts = Parts::of(image);
    let mut forged = |why: &'static str, forged: Option<Parts>| {
        if let Some(forged) = forged {
            let bytes = forged.bytes();
            assert!(bytes.len() <= image.len(), "{why}");
            found.push(Damage { why, bytes, seal: true });
        }
    };
    let sealed = |parts: &Parts| {
        let mut bytes = parts.bytes();
        seal(&mut bytes);
        bytes
    };
    let mut prefix = |why: &'static str, at: usize, put: &[u8]| {
        let mut parts = parts.clone();
        parts.prefix[at..at + put.len()].copy_from_slice(put);
        forged(why, Some(parts));
    };
    prefix("a flag that the format does not have, sealed", 12, &[4]);
    prefix("a feature that no reader of today knows, sealed", 39, &[0x80]);
    prefix("the first feature that is not assigned, sealed", 32, &[parts.prefix[32] | 0x10]);
    prefix(
        "a feature that nothing in the image asks for is set or one that is asked for is not, sealed",
        32,
        &[parts.prefix[32] ^ 2],
    );
    prefix("the name of the compiler lies beyond all names, sealed", 88, &[0xFF; 4]);
    forged("no record at all, which is not said to be meant, sealed", {
        let mut none = parts.clone();
        none.sections.iter_mut().skip(1).for_each(Vec::clear);
        none.prefix[32..40].fill(0);
        Some(none)
    });
    forged("a name that is not UTF-8, sealed", {
        let mut names = parts.clone();
        names.section(Section::Names)[0] = 0xFF;
        Some(names)
    });
    let set = |section: Section, record: usize, name: &str, value: u32| parts.clone().set(section, record, name, value);
    let last = |section: Section| parts.count(section).saturating_sub(1);
    forged("a rule of a level that there is not, sealed", set(Section::Rules, 0, "level", 6));
    forged("a title beyond all names, sealed", set(Section::Rules, 0, "title_len", u32::MAX));
    forged(
        "a program of a rule that there is not, sealed",
        set(Section::Programs, last(Section::Programs), "rule", 9999),
    );
    forged("a program of no instruction, sealed", set(Section::Programs, 0, "code_len", 0));
    forged("a template type without a name, sealed", set(Section::Templates, 0, "name_len", 0));
    forged("an input of a type that there is not, sealed", set(Section::Inputs, 0, "scalar", 6));
    forged("a numbered input without a number, sealed", {
        let mut found = None;
        for at in 0..parts.count(Section::Inputs) {
            if found.is_none() && parts.clone().get(Section::Inputs, at, "kind") == 0 {
                found = set(Section::Inputs, at, "position", 0);
            }
        }
        found
    });
    forged("an input under a name that the sensor does not supply, sealed", {
        // Where the image leaves such rules out it is none that is refused.
        let name_len = parts.clone().get(Section::Inputs, 0, "name_len");
        set(Section::Inputs, 0, "name_len", name_len - 1).filter(|parts| is_refused(&sealed(parts)))
    });
    forged("a probe of more bytes than an anchor has, sealed", set(Section::Probes, 0, "bytes", 9));
    forged("a jump backward, sealed", {
        let mut found = None;
        for at in 1..parts.count(Section::Code) {
            let within = (0..parts.count(Section::Programs))
                .all(|of| parts.clone().get(Section::Programs, of, "code") != at as u32);
            if found.is_none() && within {
                found = set(Section::Code, at, "no", 0);
            }
        }
        found
    });
    forged("a jump beyond the program, sealed", set(Section::Code, 0, "yes", 0xFFFD));
    forged("an instruction of a predicate that there is not, sealed", set(Section::Code, 0, "predicate", 0xFFFF));
    forged("an opcode that there is not, sealed", set(Section::Predicates, 0, "opcode", 13));
    forged("an operand that the opcode does not have, sealed", set(Section::Predicates, 0, "c", 1));
    forged("some and all elements at once, sealed", set(Section::Predicates, 0, "flags", 3));
    forged("a pattern of a kind that there is not, sealed", set(Section::Patterns, 0, "kind", 6));
    forged("a network of more bits than an address has, sealed", {
        let bits =
            if parts.count(Section::Networks) > 0 { parts.clone().get(Section::Networks, 0, "family") } else { 4 };
        set(Section::Networks, 0, "prefix", if bits == 4 { 33 } else { 129 })
    });
    forged("ranges of integers that fall, sealed", {
        parts.predicate(Opcode::Int).map(|(_, predicate)| {
            let mut parts = parts.clone();
            let at = predicate.a as usize * 8;
            parts.section(Section::Numbers)[at..at + 16]
                .copy_from_slice(&[2_u64.to_le_bytes(), 1_u64.to_le_bytes()].concat());
            parts
        })
    });
    forged("two keys of a set in the wrong order, sealed", {
        let sets = parts.sections[Section::Sets as usize].as_chunks::<{ Set::SIZE }>().0;
        sets.iter().map(Set::decode).find(|set| set.count > 1).map(|of| {
            let mut parts = parts.clone();
            let (first, second) = (of.keys as usize * 8, of.keys as usize * 8 + 8);
            let keys = parts.section(Section::Keys);
            for at in 0..8 {
                keys.swap(first + at, second + at);
            }
            parts
        })
    });
    forged("an automaton that begins in no state, sealed", set(Section::Regexes, 0, "start", 0xFFFF_FFFF));
    forged("an automaton of a kind that there is not, sealed", set(Section::Regexes, 0, "kind", 2));
    forged("an automaton of more states than its table has, sealed", {
        let at = last(Section::Regexes);
        let states =
            if parts.count(Section::Regexes) > 0 { parts.clone().get(Section::Regexes, at, "states") } else { 0 };
        set(Section::Regexes, at, "states", states + 1)
    });
    forged("a mention dropped of an input that is read, sealed", {
        let without = (0..parts.count(Section::Mentions)).map(|at| parts.without_mention(at));
        without.into_iter().find(|parts| is_refused(&sealed(parts)))
    });
    forged("a witness dropped without which an event would be missed, sealed", {
        let without = (0..parts.count(Section::Witnesses)).map(|at| parts.without_witness(at));
        without.into_iter().find(|parts| is_refused(&sealed(parts)))
    });
    forged("the bit of a literal missing in a filter, sealed", {
        let at = parts.sections[Section::Bitmaps as usize].iter().position(|byte| *byte != 0);
        at.map(|at| {
            let mut parts = parts.clone();
            let byte = &mut parts.section(Section::Bitmaps)[at];
            *byte &= *byte - 1;
            parts
        })
    });
    forged("an entry with the hash of no literal, sealed", {
        let check = if parts.count(Section::Entries) > 0 { parts.clone().get(Section::Entries, 0, "check") } else { 0 };
        set(Section::Entries, 0, "check", check ^ 1)
    });
    forged("an entry dropped without which a literal is found at some places only, sealed", parts.without_entry());
    forged("a literal beyond all text, sealed", set(Section::Literals, 0, "text", u32::MAX));
    forged("looks that pass over places at which literals are found, sealed", {
        let found = parts.find(Section::Looks, "stride", |stride| stride > 0);
        found.and_then(|(at, stride)| set(Section::Looks, at, "stride", stride + 1))
    });
    forged("a needle that stands in no literal, sealed", {
        let found = parts.find(Section::Looks, "needle_firsts", |firsts| firsts > 0);
        found.and_then(|(at, firsts)| set(Section::Looks, at, "needle_firsts", firsts ^ 0x81))
    });
    forged("needles without a look at what has one, sealed", {
        let found = parts.find(Section::Looks, "close_stride", |stride| stride > 0);
        found.and_then(|(at, _)| set(Section::Looks, at, "close_stride", 0))
    });
    forged("an atom that is said to read another input, sealed", {
        let found = parts.find(Section::Atoms, "input", |_| true);
        found.and_then(|(at, input)| set(Section::Atoms, at, "input", input ^ 0xFFFF))
    });
    forged("keywords that there are not, sealed", {
        set(Section::Templates, 0, "keywords", parts.count(Section::Keywords) as u32 + 1)
    });
    forged("a filter of more bits than there are, sealed", {
        let filters = 0..parts.count(Section::Filters);
        let mut used = filters.filter(|at| parts.clone().get(Section::Filters, *at, "entry_count") > 0);
        used.next().and_then(|at| set(Section::Filters, at, "bitmap_log2", 30))
    });
    found
}

/// What happens without intent, and what is found before any record is looked at.
fn plain(image: &[u8], found: &mut Vec<Damage>) {
    let mut damage = |why, seal, change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = image.to_vec();
        change(&mut bytes);
        found.push(Damage { why, bytes, seal });
    };
    damage("no byte at all", false, &|bytes| bytes.clear());
    damage("cut off within the magic", false, &|bytes| bytes.truncate(7));
    damage("cut off within the version", false, &|bytes| bytes.truncate(11));
    damage("another magic", false, &|bytes| bytes[0] = b'X');
    damage("a line feed that became a carriage return", false, &|bytes| bytes[7] = b'\r');
    damage("format version 1", false, &|bytes| bytes[8] = 1);
    damage("format version 3, sealed", true, &|bytes| bytes[8] = 3);
    damage("format version 258: all four bytes count", false, &|bytes| bytes[9] = 1);
    damage("cut off behind the header", false, &|bytes| bytes.truncate(HEADER));
    damage("cut off within the directory, sealed", true, &|bytes| bytes.truncate(HEADER - 1));
    damage("cut off in the middle", false, &|bytes| bytes.truncate(bytes.len() / 2));
    damage("the last byte cut off", false, &|bytes| bytes.truncate(bytes.len() - 1));
    damage("the last byte cut off, sealed", true, &|bytes| bytes.truncate(bytes.len() - 1));
    damage("a length of one more", false, &|bytes| bytes[16] = bytes[16].wrapping_add(1));
    damage("a bit of the last byte turned", false, &|bytes| *bytes.last_mut().unwrap() ^= 1);
    damage("a bit of the sequence number turned", false, &|bytes| bytes[40] ^= 1);
    damage("a bit of the content's digest turned", false, &|bytes| bytes[79] ^= 0x80);
    damage("a bit of the checksum turned", false, &|bytes| bytes[31] ^= 0x80);
    // Before the checksum is looked at, so sealed or not.
    damage("a name that is not UTF-8", false, &|bytes| bytes[HEADER] = 0xFF);
    for seal in [false, true] {
        damage("a byte between two sections that is not zero", seal, &|bytes| {
            let at = padding(bytes);
            bytes[at] = 1;
        });
    }
    damage("a section that begins eight bytes too far, sealed", true, &|bytes| bytes[PREFIX + 8] ^= 8);
    damage("a section that is no whole number of records, sealed", true, &|bytes| bytes[PREFIX + 12] ^= 1);
}

/// The first byte between two sections.
fn padding(image: &[u8]) -> usize {
    let directory = image[PREFIX..HEADER].as_chunks::<8>().0;
    let end = |[a, b, c, d, e, f, g, h]: &[u8; 8]| {
        u32::from_le_bytes([*a, *b, *c, *d]) as usize + u32::from_le_bytes([*e, *f, *g, *h]) as usize
    };
    directory.iter().map(end).find(|end| end % 8 != 0 && *end < image.len()).unwrap()
}
