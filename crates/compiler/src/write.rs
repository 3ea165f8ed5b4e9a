//! Write: the sections of an image, and the image of them.

use std::collections::{BTreeSet, HashMap};

use contentcheck_interpreter::format::{
    ALIGN, Atom, CHECKSUM_AT, Comparator, Entry, Filter, HEADER, Input, Instruction, Key, Keywords, Literal, Look,
    MAGIC, Network, Opcode, PREFIX, Part, Pattern, PatternKind, Predicate, Probe, Program, Regex, Rule, Section, Set,
    Template, VERSION, feature,
};
use contentcheck_interpreter::hash::checksum;

/// Name and version of this compiler.
const COMPILER: &str = concat!("contentcheck ", env!("CARGO_PKG_VERSION"));

/// What an image says of itself, beside what follows from the rest of it.
pub(crate) struct Stamp<'s> {
    pub(crate) release: &'s str,
    pub(crate) sequence: u64,
    pub(crate) content: [u8; 32],
}

/// What an image will consist of.
#[derive(Default)]
pub(crate) struct Sections {
    names: Vec<u8>,
    name_at: HashMap<String, u32>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) comparators: Vec<Comparator>,
    pub(crate) templates: Vec<Template>,
    pub(crate) keywords: Vec<Keywords>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) looks: Vec<Look>,
    pub(crate) probes: Vec<Probe>,
    pub(crate) programs: Vec<Program>,
    pub(crate) mentions: Vec<u16>,
    pub(crate) code: Vec<Instruction>,
    pub(crate) predicates: Vec<Predicate>,
    pub(crate) patterns: Vec<Pattern>,
    pub(crate) parts: Vec<Part>,
    pub(crate) numbers: Vec<u64>,
    pub(crate) networks: Vec<Network>,
    pub(crate) sets: Vec<Set>,
    pub(crate) keys: Vec<Key>,
    pub(crate) regexes: Vec<Regex>,
    pub(crate) automata: Vec<u8>,
    pub(crate) filters: Vec<Filter>,
    pub(crate) bitmaps: Vec<u64>,
    pub(crate) buckets: Vec<u32>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) literals: Vec<Literal>,
    pub(crate) actions: Vec<u32>,
    pub(crate) atoms: Vec<Atom>,
    pub(crate) witnesses: Vec<u32>,
    /// Literals and keys in the order in which they came; in the image they stand in another.
    text: Vec<u8>,
    text_at: HashMap<Box<[u8]>, u32>,
}

/// Section `text`, and where in it stands what records name by its place in [`Sections::text`].
struct Laid {
    bytes: Vec<u8>,
    /// Of each key.
    keys: Vec<u32>,
    /// Of literals, by place and length.
    literals: HashMap<(u32, u32), u32>,
}

impl Laid {
    fn literal(&self, at: u32, len: u32) -> u32 {
        self.literals.get(&(at, len)).copied().unwrap_or(0)
    }
}

/// Whether the first operands of a pattern are a literal.
fn is_literal(pattern: &Pattern) -> bool {
    !matches!(PatternKind::from_number(pattern.kind), Some(PatternKind::Like | PatternKind::Matches) | None)
}

impl Sections {
    /// Offset and length of a name; equal names stand once.
    pub(crate) fn name(&mut self, name: &str) -> (u32, u32) {
        let len = name.len() as u32;
        if let Some(at) = self.name_at.get(name) {
            return (*at, len);
        }
        let at = self.names.len() as u32;
        self.names.extend(name.as_bytes());
        self.name_at.insert(name.to_owned(), at);
        (at, len)
    }

    /// Place and length of a literal or key, for a record; equal ones are kept once.
    pub(crate) fn text(&mut self, bytes: &[u8]) -> (u32, u32) {
        let len = bytes.len() as u32;
        if let Some(at) = self.text_at.get(bytes) {
            return (*at, len);
        }
        let at = self.text.len() as u32;
        self.text.extend(bytes);
        self.text_at.insert(bytes.into(), at);
        (at, len)
    }

    /// Lays the strings out so that a reader can check them without reading one twice: keys one behind
    /// the other, then literals with capital letters, then those without.
    fn laid(&self) -> Laid {
        let text = |at: u32, len: u32| self.text.get(at as usize..(at + len) as usize).unwrap_or(&[]);
        let mut bytes = Vec::with_capacity(self.text.len());
        let mut put = |at: u32, len: u32| {
            let place = bytes.len() as u32;
            bytes.extend(text(at, len));
            place
        };
        let keys = self.keys.iter().map(|key| put(key.text, key.len)).collect();
        let mut named: BTreeSet<(u32, u32)> = BTreeSet::new();
        named.extend(self.patterns.iter().filter(|of| is_literal(of)).map(|of| (of.a, of.b)));
        named.extend(self.parts.iter().filter(|of| of.kind == 0).map(|of| (of.text, of.len)));
        named.extend(self.literals.iter().map(|of| (of.text, of.len)));
        let mut literals = HashMap::with_capacity(named.len());
        for capital in [true, false] {
            for (at, len) in &named {
                if text(*at, *len).iter().any(u8::is_ascii_uppercase) == capital {
                    literals.insert((*at, *len), put(*at, *len));
                }
            }
        }
        Laid { bytes, keys, literals }
    }

    fn bytes(&self, section: Section, laid: &Laid) -> Vec<u8> {
        fn all<T, const N: usize>(records: &[T], encode: impl Fn(&T) -> [u8; N]) -> Vec<u8> {
            records.iter().flat_map(encode).collect()
        }
        match section {
            Section::Names => self.names.clone(),
            Section::Rules => all(&self.rules, Rule::encode),
            Section::Comparators => all(&self.comparators, Comparator::encode),
            Section::Templates => all(&self.templates, Template::encode),
            Section::Keywords => all(&self.keywords, Keywords::encode),
            Section::Inputs => all(&self.inputs, Input::encode),
            Section::Looks => all(&self.looks, Look::encode),
            Section::Probes => all(&self.probes, Probe::encode),
            Section::Programs => all(&self.programs, Program::encode),
            Section::Mentions => all(&self.mentions, |of| of.to_le_bytes()),
            Section::Code => all(&self.code, Instruction::encode),
            Section::Predicates => all(&self.predicates, Predicate::encode),
            Section::Patterns => all(&self.patterns, |of| {
                let a = if is_literal(of) { laid.literal(of.a, of.b) } else { of.a };
                Pattern { a, ..*of }.encode()
            }),
            Section::Parts => all(&self.parts, |of| {
                let text = if of.kind == 0 { laid.literal(of.text, of.len) } else { of.text };
                Part { text, ..*of }.encode()
            }),
            Section::Numbers => all(&self.numbers, |of| of.to_le_bytes()),
            Section::Networks => all(&self.networks, Network::encode),
            Section::Sets => all(&self.sets, Set::encode),
            Section::Keys => {
                let placed = self.keys.iter().zip(&laid.keys).map(|(key, text)| Key { text: *text, ..*key });
                all(&placed.collect::<Vec<_>>(), Key::encode)
            }
            Section::Regexes => all(&self.regexes, Regex::encode),
            Section::Automata => self.automata.clone(),
            Section::Filters => all(&self.filters, Filter::encode),
            Section::Bitmaps => all(&self.bitmaps, |of| of.to_le_bytes()),
            Section::Buckets => all(&self.buckets, |of| of.to_le_bytes()),
            Section::Entries => all(&self.entries, Entry::encode),
            Section::Literals => {
                all(&self.literals, |of| Literal { text: laid.literal(of.text, of.len), ..*of }.encode())
            }
            Section::Actions => all(&self.actions, |of| of.to_le_bytes()),
            Section::Atoms => all(&self.atoms, Atom::encode),
            Section::Witnesses => all(&self.witnesses, |of| of.to_le_bytes()),
            Section::Text => laid.bytes.clone(),
        }
    }

    /// The features that a reader must know: those of what is there.
    fn features(&self) -> u64 {
        let asks = |of: &Predicate| Opcode::from_number(of.opcode).map_or(0, Opcode::feature);
        let automata = if self.regexes.iter().any(|of| of.kind == 1) { feature::NONDETERMINISTIC } else { 0 };
        self.predicates.iter().map(asks).fold(automata, |all, one| all | one)
    }

    /// The image. Nothing where it would be larger than its offsets can say.
    pub(crate) fn image(&mut self, flags: u32, stamp: &Stamp<'_>) -> Option<Vec<u8>> {
        let features = self.features();
        let names: Vec<&str> = feature::names(features).collect();
        let identity = [stamp.release, COMPILER, &names.join(" ")].map(|name| self.name(name));
        let laid = self.laid();
        let mut directory = Vec::with_capacity(HEADER);
        let mut body: Vec<u8> = Vec::new();
        for section in Section::ALL {
            body.resize((HEADER + body.len()).next_multiple_of(ALIGN) - HEADER, 0);
            let bytes = self.bytes(*section, &laid);
            directory.extend(u32::try_from(HEADER + body.len()).ok()?.to_le_bytes());
            directory.extend(u32::try_from(bytes.len()).ok()?.to_le_bytes());
            body.extend(bytes);
        }
        let total = HEADER + body.len();
        u32::try_from(total).ok()?;
        let mut image = Vec::with_capacity(total);
        image.extend(MAGIC);
        image.extend(VERSION.to_le_bytes());
        image.extend(flags.to_le_bytes());
        image.extend((total as u64).to_le_bytes());
        image.extend([0; 8]);
        image.extend(features.to_le_bytes());
        image.extend(stamp.sequence.to_le_bytes());
        image.extend(stamp.content);
        for (offset, len) in identity {
            image.extend(offset.to_le_bytes());
            image.extend(len.to_le_bytes());
        }
        debug_assert_eq!(image.len(), PREFIX);
        image.extend(directory);
        image.extend(body);
        let sum = checksum(&image).to_le_bytes();
        for (slot, byte) in image.iter_mut().skip(CHECKSUM_AT).zip(sum) {
            *slot = byte;
        }
        Some(image)
    }
}
