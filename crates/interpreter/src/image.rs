//! Read: bytes to [`Image`], whose sections lie where they must. What the records say is not
//! trusted yet; that is [`crate::verify`].

use crate::fault::{Fault, Rejection};
use crate::format::{
    self, ALIGN, Atom, CHECKSUM_AT, Comparator, Entry, Filter, HEADER, Input, Instruction, Key, Keywords, Literal,
    Look, MAGIC, Network, NfaState, PREFIX, Part, Pattern, Predicate, Probe, Program, Regex, Rule, Section, Set,
    Template, VERSION, feature,
};
use crate::hash::checksum;
use crate::signature;

/// The records of one section.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Records<'i, const N: usize>(&'i [[u8; N]]);

impl<'i, const N: usize> Records<'i, N> {
    fn new(bytes: &'i [u8]) -> Self {
        Self(bytes.as_chunks::<N>().0)
    }

    #[inline]
    pub(crate) fn get(self, index: u32) -> Option<&'i [u8; N]> {
        self.0.get(index as usize)
    }

    /// `count` records from `first`. Nothing where they are not all there.
    #[inline]
    pub(crate) fn range(self, first: u32, count: u32) -> Option<&'i [[u8; N]]> {
        let end = first.checked_add(count)?;
        self.0.get(first as usize..end as usize)
    }

    pub(crate) fn all(self) -> &'i [[u8; N]] {
        self.0
    }

    pub(crate) fn count(self) -> u32 {
        self.0.len() as u32
    }
}

/// Bytes whose header and sections are in order.
#[derive(Clone, Copy, Debug)]
pub struct Image<'i> {
    bytes: &'i [u8],
    flags: u32,
    /// UTF-8 as a whole, so that a name is one where it begins and ends between characters: names may
    /// overlap, and to look at the bytes of each would not be linear.
    pub(crate) names: &'i str,
    pub(crate) rules: Records<'i, { Rule::SIZE }>,
    pub(crate) comparators: Records<'i, { Comparator::SIZE }>,
    pub(crate) templates: Records<'i, { Template::SIZE }>,
    pub(crate) keywords: Records<'i, { Keywords::SIZE }>,
    pub(crate) inputs: Records<'i, { Input::SIZE }>,
    pub(crate) looks: Records<'i, { Look::SIZE }>,
    pub(crate) probes: Records<'i, { Probe::SIZE }>,
    pub(crate) programs: Records<'i, { Program::SIZE }>,
    pub(crate) mentions: Records<'i, 2>,
    pub(crate) code: Records<'i, { Instruction::SIZE }>,
    pub(crate) predicates: Records<'i, { Predicate::SIZE }>,
    pub(crate) patterns: Records<'i, { Pattern::SIZE }>,
    pub(crate) parts: Records<'i, { Part::SIZE }>,
    pub(crate) numbers: Records<'i, 8>,
    pub(crate) networks: Records<'i, { Network::SIZE }>,
    pub(crate) sets: Records<'i, { Set::SIZE }>,
    pub(crate) keys: Records<'i, { Key::SIZE }>,
    pub(crate) regexes: Records<'i, { Regex::SIZE }>,
    pub(crate) automata: &'i [u8],
    pub(crate) filters: Records<'i, { Filter::SIZE }>,
    pub(crate) bitmaps: Records<'i, 8>,
    pub(crate) buckets: Records<'i, 4>,
    pub(crate) entries: Records<'i, { Entry::SIZE }>,
    pub(crate) literals: Records<'i, { Literal::SIZE }>,
    pub(crate) actions: Records<'i, 4>,
    pub(crate) atoms: Records<'i, { Atom::SIZE }>,
    pub(crate) witnesses: Records<'i, 4>,
    pub(crate) text: &'i [u8],
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk::<4>().map(|word| u32::from_le_bytes(*word))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk::<8>().map(|word| u64::from_le_bytes(*word))
}

/// Where the flags stand, the features, the sequence number, the digest, and the three names.
const FLAGS_AT: usize = 12;
const FEATURES_AT: usize = 32;
const SEQUENCE_AT: usize = 40;
const CONTENT_AT: usize = 48;
const NAMES_AT: [usize; 3] = [80, 88, 96];

/// The bytes of a section, where the directory says that they are.
fn part(bytes: &[u8], section: Section) -> &[u8] {
    let at = (section as usize).wrapping_mul(8).wrapping_add(PREFIX);
    let (offset, len) = (u32_at(bytes, at).unwrap_or(0), u32_at(bytes, at.wrapping_add(4)).unwrap_or(0));
    bytes.get(offset as usize..offset.wrapping_add(len) as usize).unwrap_or(&[])
}

/// What an image says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity<'i> {
    /// SHA-256 of the content that was compiled: the same whoever compiles it, and for whichever sensor.
    pub content: [u8; 32],
    /// The name of the release; empty: it has none.
    pub release: &'i str,
    /// The sequence number of the release; 0: it has none.
    pub sequence: u64,
    /// Name and version of the compiler.
    pub compiler: &'i str,
    /// Format version.
    pub format: u32,
    /// Features that a reader must know, see [`format::feature`].
    pub features: u64,
    feature_names: &'i str,
}

impl<'i> Identity<'i> {
    /// Reads what is said in the header, which every format from the second on has in the same place. Nothing is
    /// checked, so an image can be named that is refused.
    #[must_use]
    pub fn read(bytes: &'i [u8]) -> Option<Self> {
        if bytes.get(..MAGIC.len()) != Some(MAGIC.as_slice()) || bytes.len() < HEADER {
            return None;
        }
        let names = part(bytes, Section::Names);
        let name = |at: usize| {
            let (offset, len) = (u32_at(bytes, at)? as usize, u32_at(bytes, at.wrapping_add(4))? as usize);
            core::str::from_utf8(names.get(offset..offset.checked_add(len)?)?).ok()
        };
        let [release, compiler, feature_names] = NAMES_AT;
        Some(Self {
            content: *bytes.get(CONTENT_AT..)?.first_chunk::<32>()?,
            release: name(release).unwrap_or(""),
            sequence: u64_at(bytes, SEQUENCE_AT)?,
            compiler: name(compiler).unwrap_or(""),
            format: u32_at(bytes, MAGIC.len())?,
            features: u64_at(bytes, FEATURES_AT)?,
            feature_names: name(feature_names).unwrap_or(""),
        })
    }

    /// The name that the image gives a feature that it asks for, also one that this interpreter does not know.
    #[must_use]
    pub fn feature(&self, bit: u8) -> Option<&'i str> {
        let below = 1_u64.checked_shl(u32::from(bit))?;
        if self.features & below == 0 {
            return None;
        }
        let before = (self.features & below.wrapping_sub(1)).count_ones() as usize;
        split(self.feature_names, b' ').nth(before).filter(|name| !name.is_empty())
    }
}

/// How much memory an image needs, from its header and the counts that it states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Slots of [`crate::Workspace::bindings`].
    pub bindings: usize,
    /// Words of [`crate::Workspace::active`].
    pub active: usize,
    /// Words of scratch memory, for each thread, as [`crate::VerifiedImage::scratch_words`] has them.
    pub scratch: usize,
    /// Words of a kill list, as [`crate::VerifiedImage::kill_words`] has them.
    pub kill: usize,
}

impl<'i> Image<'i> {
    /// Reads the header and finds the sections.
    ///
    /// # Errors
    /// When the bytes are no image of this format, are cut off, were altered, or the sections do
    /// not follow each other without gap to the last byte.
    pub fn read(bytes: &'i [u8]) -> Result<Self, Rejection> {
        let image = Self::sections(bytes)?;
        if u64_at(bytes, CHECKSUM_AT) != Some(checksum(bytes)) {
            return Err(Rejection::Checksum);
        }
        Ok(image)
    }

    /// Finds the sections, whatever the checksum says: fuzzing wants to get past it.
    pub(crate) fn sections(bytes: &'i [u8]) -> Result<Self, Rejection> {
        if bytes.get(..MAGIC.len()) != Some(MAGIC.as_slice()) {
            return Err(Rejection::NotAnImage);
        }
        let version = u32_at(bytes, 8).ok_or(Rejection::NotAnImage)?;
        if version != VERSION {
            return Err(Rejection::Version { found: version });
        }
        let features = u64_at(bytes, FEATURES_AT).ok_or(Rejection::NotAnImage)?;
        let unknown = features & !feature::KNOWN;
        if unknown != 0 {
            return Err(Rejection::Feature { bit: unknown.trailing_zeros() as u8 });
        }
        let flags = u32_at(bytes, FLAGS_AT).ok_or(Rejection::NotAnImage)?;
        let stated = u64_at(bytes, 16).ok_or(Rejection::NotAnImage)?;
        if stated != bytes.len() as u64 || bytes.len() < HEADER || bytes.len() > u32::MAX as usize {
            return Err(Rejection::Length { stated, found: bytes.len() as u64 });
        }
        if flags & !(format::FLAG_SKIP_UNSUPPLIED | format::FLAG_EMPTY) != 0 {
            return Err(Rejection::Record { section: Section::Names, index: 0 });
        }
        let mut expected = HEADER;
        let mut at = PREFIX;
        for section in Section::ALL {
            let fault = Rejection::Layout { section: *section };
            let offset = u32_at(bytes, at).ok_or(fault)? as usize;
            let length = u32_at(bytes, at.wrapping_add(4)).ok_or(fault)? as usize;
            at = at.wrapping_add(8);
            // Between sections there is nothing but the zeros that align the next.
            let aligned = expected.checked_next_multiple_of(ALIGN).ok_or(fault)?;
            let padding = bytes.get(expected..aligned).ok_or(fault)?;
            if offset != aligned || padding.iter().any(|byte| *byte != 0) {
                return Err(fault);
            }
            let end = offset.checked_add(length).ok_or(fault)?;
            let unit = section.unit().max(1);
            if length.checked_rem(unit) != Some(0) || end > bytes.len() {
                return Err(fault);
            }
            expected = end;
        }
        if expected != bytes.len() {
            return Err(Rejection::Layout { section: Section::Text });
        }
        let names = core::str::from_utf8(part(bytes, Section::Names))
            .map_err(|_| Rejection::Layout { section: Section::Names })?;
        let image = Self::open(bytes, flags, names);
        let named = NAMES_AT.iter().all(|at| {
            let place = (u32_at(bytes, *at).unwrap_or(0), u32_at(bytes, at.wrapping_add(4)).unwrap_or(0));
            image.name_fits(place.0, place.1)
        });
        if named { Ok(image) } else { Err(Rejection::Layout { section: Section::Names }) }
    }

    /// Whether a name lies in section `names`, from one character to another.
    pub(crate) fn name_fits(&self, offset: u32, len: u32) -> bool {
        offset.checked_add(len).is_some_and(|end| self.names.get(offset as usize..end as usize).is_some())
    }

    /// How much memory an image needs, before it is read as a whole: nothing is checked but that the sections lie
    /// where they must and that names are text. All of them are bounded by the length of the image, also of an altered one.
    ///
    /// # Errors
    /// As [`Image::read`], but for the checksum.
    pub fn sizes(bytes: &'i [u8]) -> Result<Sizes, Rejection> {
        let image = Self::sections(bytes)?;
        Ok(Sizes {
            bindings: image.binding_slots(),
            active: image.active_words(),
            scratch: image.scratch_words(),
            kill: image.kill_words(),
        })
    }

    /// What the image says of itself.
    #[must_use]
    pub fn identity(&self) -> Identity<'i> {
        let none = Identity {
            content: [0; 32],
            release: "",
            sequence: 0,
            compiler: "",
            format: VERSION,
            features: 0,
            feature_names: "",
        };
        Identity::read(self.bytes).unwrap_or(none)
    }

    /// What tells this image from others on one device: its checksum.
    pub(crate) fn seal(&self) -> u64 {
        u64_at(self.bytes, CHECKSUM_AT).unwrap_or(0)
    }

    /// The features that the header says a reader must know.
    pub(crate) fn features(&self) -> u64 {
        u64_at(self.bytes, FEATURES_AT).unwrap_or(0)
    }

    /// Whether that the image has no rule is meant.
    #[must_use]
    pub const fn is_meant_empty(&self) -> bool {
        self.flags & format::FLAG_EMPTY != 0
    }

    /// Finds the sections of bytes in which [`Image::sections`] found them before.
    fn open(bytes: &'i [u8], flags: u32, names: &'i str) -> Self {
        Self {
            bytes,
            flags,
            names,
            rules: Records::new(part(bytes, Section::Rules)),
            comparators: Records::new(part(bytes, Section::Comparators)),
            templates: Records::new(part(bytes, Section::Templates)),
            keywords: Records::new(part(bytes, Section::Keywords)),
            inputs: Records::new(part(bytes, Section::Inputs)),
            looks: Records::new(part(bytes, Section::Looks)),
            probes: Records::new(part(bytes, Section::Probes)),
            programs: Records::new(part(bytes, Section::Programs)),
            mentions: Records::new(part(bytes, Section::Mentions)),
            code: Records::new(part(bytes, Section::Code)),
            predicates: Records::new(part(bytes, Section::Predicates)),
            patterns: Records::new(part(bytes, Section::Patterns)),
            parts: Records::new(part(bytes, Section::Parts)),
            numbers: Records::new(part(bytes, Section::Numbers)),
            networks: Records::new(part(bytes, Section::Networks)),
            sets: Records::new(part(bytes, Section::Sets)),
            keys: Records::new(part(bytes, Section::Keys)),
            regexes: Records::new(part(bytes, Section::Regexes)),
            automata: part(bytes, Section::Automata),
            filters: Records::new(part(bytes, Section::Filters)),
            bitmaps: Records::new(part(bytes, Section::Bitmaps)),
            buckets: Records::new(part(bytes, Section::Buckets)),
            entries: Records::new(part(bytes, Section::Entries)),
            literals: Records::new(part(bytes, Section::Literals)),
            actions: Records::new(part(bytes, Section::Actions)),
            atoms: Records::new(part(bytes, Section::Atoms)),
            witnesses: Records::new(part(bytes, Section::Witnesses)),
            text: part(bytes, Section::Text),
        }
    }

    /// An image of bytes that were read before, whole and unaltered since: nothing is checked again, but that names
    /// are UTF-8, which no safe code can take on trust.
    #[cfg(feature = "alloc")]
    pub(crate) fn reopen(bytes: &'i [u8]) -> Self {
        let names = core::str::from_utf8(part(bytes, Section::Names)).unwrap_or("");
        Self::open(bytes, u32_at(bytes, FLAGS_AT).unwrap_or(0), names)
    }

    /// The bytes.
    #[must_use]
    pub const fn bytes(&self) -> &'i [u8] {
        self.bytes
    }

    /// Whether rules that read what a sensor does not supply are left out, instead of the
    /// whole image being rejected.
    #[must_use]
    pub const fn skips_unsupplied(&self) -> bool {
        self.flags & format::FLAG_SKIP_UNSUPPLIED != 0
    }

    /// Offset and bytes of a section.
    #[must_use]
    pub fn section(&self, section: Section) -> (u32, u32) {
        let at = (section as usize).wrapping_mul(8).wrapping_add(PREFIX);
        (u32_at(self.bytes, at).unwrap_or(0), u32_at(self.bytes, at.wrapping_add(4)).unwrap_or(0))
    }

    /// The name at an offset; empty where there is none.
    #[must_use]
    pub fn name(&self, offset: u32, len: u32) -> &'i str {
        offset.checked_add(len).and_then(|end| self.names.get(offset as usize..end as usize)).unwrap_or("")
    }

    /// A rule of the image.
    #[must_use]
    pub fn rule(&self, rule: u32) -> Option<RuleInfo<'i>> {
        let record = Rule::decode(self.rules.get(rule)?);
        Some(RuleInfo {
            name: self.name(record.name, record.name_len),
            title: self.name(record.title, record.title_len),
            word: self.name(record.word, record.word_len),
            tags: self.name(record.tags, record.tags_len),
            revision: self.name(record.revision, record.revision_len),
            level: Level::from_number(record.level),
        })
    }

    /// The rules that reports name so: an id stands for one rule, a title may stand for several.
    pub fn rules_named(&self, name: &str) -> impl Iterator<Item = u32> {
        let image = *self;
        numbered(self.rules.all())
            .filter(move |(_, record)| {
                let rule = Rule::decode(record);
                image.name(rule.name, rule.name_len) == name
            })
            .map(|(number, _)| number)
    }

    /// Number of rules.
    #[must_use]
    pub fn rule_count(&self) -> u32 {
        self.rules.count()
    }

    /// Number of template types.
    #[must_use]
    pub fn template_count(&self) -> u32 {
        self.templates.count()
    }

    /// A template type of the image.
    #[must_use]
    pub fn template(&self, template: u32) -> Option<Template> {
        self.templates.get(template).map(Template::decode)
    }

    /// An input, counted over all template types.
    #[must_use]
    pub fn input(&self, input: u32) -> Option<Input> {
        self.inputs.get(input).map(Input::decode)
    }

    /// Words of scratch that an evaluation needs, whatever the template type.
    #[must_use]
    pub fn scratch_words(&self) -> usize {
        // What an image states that was not verified is bounded by what it has.
        let most = (self.automata.len() / NfaState::SIZE) as u32;
        let states = self.regexes.all().iter().map(|record| {
            let regex = Regex::decode(record);
            if regex.kind == 0 { 0 } else { state_words(regex.states.min(most)) }
        });
        let states = states.max().unwrap_or(0);
        let bits = self.templates.all().iter().map(|record| {
            let stated = Template::decode(record);
            let template = Template {
                atom_count: stated.atom_count.min(self.atoms.count()),
                program_count: stated.program_count.min(self.programs.count()),
                predicate_count: stated.predicate_count.min(self.predicates.count()),
                input_count: stated.input_count.min(self.inputs.count()),
                ..stated
            };
            bit_words(&template).saturating_add(signature_words(&template))
        });
        bits.max().unwrap_or(0).saturating_add(states)
    }

    pub(crate) fn kill_words(&self) -> usize {
        self.rule_count().div_ceil(64) as usize
    }

    pub(crate) fn text(&self, offset: u32, len: u32) -> Result<&'i [u8], Fault> {
        let end = offset.wrapping_add(len);
        self.text.get(offset as usize..end as usize).ok_or(Fault::Corrupt { section: Section::Text })
    }
}

/// Words of the bit sets of a template type: atoms, programs, answers that are known, answers,
/// inputs that have a signature.
pub(crate) fn bit_words(template: &Template) -> usize {
    let words = |bits: u32| bits.div_ceil(64) as usize;
    words(template.atom_count)
        .saturating_add(words(template.program_count))
        .saturating_add(words(template.predicate_count).saturating_mul(2))
        .saturating_add(words(template.input_count))
}

/// Words of the signatures of a template type's inputs.
pub(crate) fn signature_words(template: &Template) -> usize {
    (template.input_count as usize).saturating_mul(signature::WORDS)
}

/// How much a match of a rule matters, as its author says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// Nothing is said.
    None = 0,
    /// `informational`
    Informational = 1,
    /// `low`
    Low = 2,
    /// `medium`
    Medium = 3,
    /// `high`
    High = 4,
    /// `critical`
    Critical = 5,
}

impl Level {
    /// The level with a number of the format.
    const fn from_number(number: u8) -> Self {
        match number {
            1 => Self::Informational,
            2 => Self::Low,
            3 => Self::Medium,
            4 => Self::High,
            5 => Self::Critical,
            _ => Self::None,
        }
    }

    /// The word, as rules have it; empty where nothing is said.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// What an image says of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleInfo<'i> {
    /// The name that reports use: id, title or name.
    pub name: &'i str,
    /// The title.
    pub title: &'i str,
    /// The word under which a native rule is written; empty for a Sigma rule.
    pub word: &'i str,
    /// When the rule was last changed, as its author wrote it; empty where that is not written.
    pub revision: &'i str,
    /// The level.
    pub level: Level,
    tags: &'i str,
}

impl<'i> RuleInfo<'i> {
    /// The tags, `attack.t1059.001` say, in the order of the rule.
    pub fn tags(&self) -> impl Iterator<Item = &'i str> {
        split(self.tags, b'\n').filter(|tag| !tag.is_empty())
    }
}

/// The parts of a text between an ASCII character. By hand: that of the standard library can panic as far as a linker
/// can tell.
fn split(text: &str, by: u8) -> impl Iterator<Item = &str> {
    let mut left = Some(text);
    core::iter::from_fn(move || {
        let rest = left?;
        let Some(at) = rest.as_bytes().iter().position(|byte| *byte == by) else { return left.take() };
        left = rest.get(at.wrapping_add(1)..);
        rest.get(..at)
    })
}

/// Counts records along with their numbers.
pub(crate) fn numbered<const N: usize>(records: &[[u8; N]]) -> impl Iterator<Item = (u32, &[u8; N])> {
    (0..u32::MAX).zip(records)
}

/// Words that a nondeterministic automaton of so many states needs: two sets of states, and a
/// stack of states that are still to be entered, two in a word.
fn state_words(states: u32) -> usize {
    let set = states.div_ceil(64) as usize;
    let stack = states.div_ceil(2) as usize;
    set.saturating_mul(2).saturating_add(stack)
}
