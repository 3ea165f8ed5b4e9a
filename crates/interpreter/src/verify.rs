//! Verify: [`Image`] and a sensor's manifest to [`VerifiedImage`]. One pass over the records, in
//! time linear in the image, without memory of its own.
//!
//! Sections are partitioned: the ranges that records state follow each other without gap or
//! overlap, so that no record is looked at twice, and none is looked at by nobody. Literals may
//! share their bytes, so of a literal only so many bytes are read as a hash takes.

mod index;

use crate::bits::{is_marked, mark};
use crate::fault::{Rejection, Resource};
use crate::format::{
    self, ACCEPT, Assertion, Atom, CODE_MAX, Comparator, GRAM, IGNORE_CASE, INPUTS_MAX, Input, InputKind, Instruction,
    KEYWORD, Key, MATCHED, NFA_STATES_MAX, Network, NfaKind, NfaState, Opcode, PARTS_MAX, PLACES_MAX, Part, Pattern,
    PatternKind, Predicate, Program, REJECT, Regex, Rule, SENSOR_NAME_MAX, SET_TABLE, Section, Set, TEMPLATE_NAME_MAX,
    Template, feature, input_flags, predicate_flags,
};
use crate::image::{Image, numbered};
use crate::load::{VerifiedImage, Workspace};
use crate::manifest::{Manifest, Scalar};

/// A place in a section that ranges must begin at.
struct Cursor {
    section: Section,
    at: u32,
    end: u32,
}

impl Cursor {
    const fn new(section: Section, end: u32) -> Self {
        Self { section, at: 0, end }
    }

    /// Takes a range that begins where the last one ended.
    fn take(&mut self, first: u32, count: u32) -> Result<(), Rejection> {
        let end = first.checked_add(count).filter(|end| first == self.at && *end <= self.end);
        self.at = end.ok_or(Rejection::Record { section: self.section, index: self.at })?;
        Ok(())
    }

    /// Whether nothing is left over.
    fn finish(&self) -> Result<(), Rejection> {
        if self.at == self.end { Ok(()) } else { Err(Rejection::Record { section: self.section, index: self.at }) }
    }
}

/// Whether numbers, which rise, hold one: by halves.
fn holds(numbers: &[[u8; 4]], number: u32) -> bool {
    let at = numbers.partition_point(|each| u32::from_le_bytes(*each) < number);
    numbers.get(at).is_some_and(|found| u32::from_le_bytes(*found) == number)
}

/// Whether the inputs that a program mentions, which rise, hold one.
fn mentions_input(mentions: &[[u8; 2]], input: u32) -> bool {
    let at = mentions.partition_point(|each| u32::from(u16::from_le_bytes(*each)) < input);
    mentions.get(at).is_some_and(|found| u32::from(u16::from_le_bytes(*found)) == input)
}

/// Whether a key of a set is written as the format says.
fn is_key(scalar: Scalar, folds: bool, bytes: &[u8]) -> bool {
    match scalar {
        Scalar::String => core::str::from_utf8(bytes).is_ok() && !(folds && bytes.iter().any(u8::is_ascii_uppercase)),
        Scalar::Int => bytes.len() == 8,
        Scalar::Bool => matches!(bytes, [0 | 1]),
        Scalar::Ip => matches!((bytes.first(), bytes.len()), (Some(4), 5) | (Some(6), 17)),
        Scalar::Bytes => true,
        Scalar::Float => false,
    }
}

/// A check of one record.
fn must(holds: bool, section: Section, index: u32) -> Result<(), Rejection> {
    if holds { Ok(()) } else { Err(Rejection::Record { section, index }) }
}

const fn within(first: u32, count: u32, end: u32) -> bool {
    match first.checked_add(count) {
        Some(last) => last <= end,
        None => false,
    }
}

impl<'i> Image<'i> {
    /// Checks every record once, and maps what the rules read to where this sensor supplies it.
    ///
    /// # Errors
    /// When a record is not as the compiler writes it, the sensor lacks an input that a rule
    /// which it loads mentions, or has less capacity than the image needs.
    pub fn verify<'w>(
        &'w self,
        manifest: &Manifest<'_>,
        workspace: Workspace<'w>,
    ) -> Result<VerifiedImage<'w>, Rejection> {
        // Of an image that the sensor cannot hold no record is looked at: the time is bounded by what it can.
        let needed = self.bytes().len() as u64;
        if let Some(capacity) = manifest.capacity.image_bytes.filter(|most| needed > *most) {
            return Err(Rejection::Capacity { what: Resource::ImageBytes, needed, capacity });
        }
        let words = self.active_words();
        let marks = workspace.active.get_mut(..words).ok_or(Rejection::Workspace { needed: words })?;
        self.check_records(marks)?;
        self.bound(manifest, workspace)
    }

    fn text_fits(&self, offset: u32, len: u32) -> bool {
        within(offset, len, self.text.len() as u32)
    }

    /// `marks` is memory for the time of the check alone.
    fn check_records(&self, marks: &mut [u64]) -> Result<(), Rejection> {
        if self.rules.count() == 0 && !self.is_meant_empty() {
            return Err(Rejection::Empty);
        }
        // Behind it no text has a capital letter, and none must be read to know that it is lower case.
        let lower = self.text.iter().rposition(u8::is_ascii_uppercase).map_or(0, |at| at.wrapping_add(1) as u32);
        self.check_rules()?;
        self.check_patterns(lower)?;
        self.check_sets()?;
        let automata = self.check_regexes()?;
        let opcodes = self.check_templates(lower, marks)?;
        self.check_reach(marks)?;
        // What a reader must know is what is there: no more, so that no reader refuses what it could run.
        must(self.features() == automata | opcodes, Section::Predicates, 0)
    }

    /// Every rule has a program: one without would never be asked, on any sensor.
    fn check_reach(&self, marks: &mut [u64]) -> Result<(), Rejection> {
        marks.fill(0);
        for record in self.programs.all() {
            mark(marks, Program::decode(record).rule);
        }
        for (index, _) in numbered(self.rules.all()) {
            must(is_marked(marks, index), Section::Rules, index)?;
        }
        Ok(())
    }

    fn check_rules(&self) -> Result<(), Rejection> {
        let mut comparators = Cursor::new(Section::Comparators, self.comparators.count());
        for (index, record) in numbered(self.rules.all()) {
            let rule = Rule::decode(record);
            let named = self.name_fits(rule.name, rule.name_len)
                && self.name_fits(rule.title, rule.title_len)
                && self.name_fits(rule.word, rule.word_len)
                && self.name_fits(rule.tags, rule.tags_len)
                && self.name_fits(rule.revision, rule.revision_len);
            must(named && rule.level <= 5, Section::Rules, index)?;
            comparators.take(rule.comparators, rule.comparator_count)?;
        }
        comparators.finish()?;
        for (index, record) in numbered(self.comparators.all()) {
            let of = Comparator::decode(record);
            let named = self.name_fits(of.sensor, of.sensor_len) && self.name_fits(of.version, of.version_len);
            let short = of.sensor_len <= SENSOR_NAME_MAX && of.version_len <= SENSOR_NAME_MAX;
            must(named && short && of.operator <= 6, Section::Comparators, index)?;
        }
        Ok(())
    }

    fn check_patterns(&self, lower: u32) -> Result<(), Rejection> {
        let mut parts = Cursor::new(Section::Parts, self.parts.count());
        for (index, record) in numbered(self.patterns.all()) {
            let pattern = Pattern::decode(record);
            let kind = PatternKind::from_number(pattern.kind);
            let cased = |parts: &[[u8; Part::SIZE]]| {
                parts.iter().all(|record| {
                    let part = Part::decode(record);
                    part.kind != 0 || part.text >= lower
                })
            };
            let literal_cased = pattern.flags == 0 || pattern.a >= lower;
            let fits = match kind {
                Some(PatternKind::Equals | PatternKind::Prefix | PatternKind::Suffix) => {
                    pattern.at == 0 && literal_cased && self.text_fits(pattern.a, pattern.b)
                }
                Some(PatternKind::Contains) => {
                    let gram = u32::from(pattern.at).checked_add(GRAM as u32);
                    (gram.is_some_and(|end| end <= pattern.b) || pattern.at == 0)
                        && literal_cased
                        && self.text_fits(pattern.a, pattern.b)
                }
                Some(PatternKind::Like) => {
                    parts.take(pattern.a, pattern.b)?;
                    let parts = self.parts.range(pattern.a, pattern.b).unwrap_or(&[]);
                    pattern.at == 0 && pattern.b > 0 && pattern.b <= PARTS_MAX && (pattern.flags == 0 || cased(parts))
                }
                Some(PatternKind::Matches) => {
                    parts.take(pattern.c, pattern.b)?;
                    let gates = self.parts.range(pattern.c, pattern.b).unwrap_or(&[]);
                    let literal = gates.iter().all(|record| Part::decode(record).kind == 0);
                    literal
                        && cased(gates)
                        && pattern.b <= PARTS_MAX
                        && pattern.at == 0
                        && pattern.flags == 0
                        && pattern.a < self.regexes.count()
                }
                None => false,
            };
            let gated = kind == Some(PatternKind::Matches) || pattern.c == 0;
            must(fits && gated && pattern.flags <= IGNORE_CASE, Section::Patterns, index)?;
        }
        parts.finish()?;
        for (index, record) in numbered(self.parts.all()) {
            let part = Part::decode(record);
            let fits = match part.kind {
                0 => part.len > 0 && self.text_fits(part.text, part.len),
                1 | 2 => part.len == 0 && part.text == 0,
                _ => false,
            };
            must(fits, Section::Parts, index)?;
        }
        for (index, record) in numbered(self.networks.all()) {
            let network = Network::decode(record);
            let fits = match network.family {
                4 => network.prefix <= 32 && network.w1 == 0 && network.w2 == 0 && network.w3 == 0,
                6 => network.prefix <= 128,
                _ => false,
            };
            must(fits, Section::Networks, index)?;
        }
        Ok(())
    }

    fn check_sets(&self) -> Result<(), Rejection> {
        let mut keys = Cursor::new(Section::Keys, self.keys.count());
        // Keys are read in full, so no two of them share a byte.
        let mut texts = Cursor::new(Section::Text, self.text.len() as u32);
        for (index, record) in numbered(self.sets.all()) {
            let set = Set::decode(record);
            keys.take(set.keys, set.count)?;
            let scalar = Scalar::from_number(set.scalar).filter(|scalar| *scalar != Scalar::Float);
            let folds = set.flags & IGNORE_CASE != 0;
            let cased = !folds || scalar == Some(Scalar::String);
            must(scalar.is_some() && cased && set.flags <= (IGNORE_CASE | SET_TABLE), Section::Sets, index)?;
            let mut last: Option<&[u8]> = None;
            for (at, record) in (set.keys..u32::MAX).zip(self.keys.range(set.keys, set.count).unwrap_or(&[])) {
                let key = Key::decode(record);
                let own = texts.take(key.text, key.len).is_ok();
                let bytes = self.text(key.text, key.len).ok();
                // A sorted set is searched by halves, so the order matters.
                let rises = own && (last.is_none() || last < bytes);
                let encoded = bytes.zip(scalar).is_some_and(|(bytes, scalar)| is_key(scalar, folds, bytes));
                must(rises && encoded, Section::Keys, at)?;
                last = bytes;
            }
        }
        keys.finish()
    }

    /// The features that the automata ask for.
    fn check_regexes(&self) -> Result<u64, Rejection> {
        let mut features = 0;
        let mut tables = Cursor::new(Section::Automata, self.automata.len() as u32);
        for (index, record) in numbered(self.regexes.all()) {
            let regex = Regex::decode(record);
            tables.take(regex.table, regex.len)?;
            let end = regex.table.wrapping_add(regex.len);
            let table = self.automata.get(regex.table as usize..end as usize).unwrap_or(&[]);
            let fits = match regex.kind {
                0 => deterministic_fits(&regex, table),
                1 => nondeterministic_fits(&regex, table),
                _ => false,
            };
            must(fits, Section::Regexes, index)?;
            if regex.kind == 1 {
                features |= feature::NONDETERMINISTIC;
            }
        }
        tables.finish()?;
        Ok(features)
    }

    /// The features that the predicates ask for.
    fn check_templates(&self, lower: u32, marks: &mut [u64]) -> Result<u64, Rejection> {
        let mut cursors = Cursors {
            keywords: Cursor::new(Section::Keywords, self.keywords.count()),
            inputs: Cursor::new(Section::Inputs, self.inputs.count()),
            looks: Cursor::new(Section::Looks, self.looks.count()),
            probes: Cursor::new(Section::Probes, self.probes.count()),
            programs: Cursor::new(Section::Programs, self.programs.count()),
            mentions: Cursor::new(Section::Mentions, self.mentions.count()),
            code: Cursor::new(Section::Code, self.code.count()),
            predicates: Cursor::new(Section::Predicates, self.predicates.count()),
            patterns: Cursor::new(Section::Patterns, self.patterns.count()),
            numbers: Cursor::new(Section::Numbers, self.numbers.count()),
            networks: Cursor::new(Section::Networks, self.networks.count()),
            filters: Cursor::new(Section::Filters, self.filters.count()),
            bitmaps: Cursor::new(Section::Bitmaps, self.bitmaps.count()),
            buckets: Cursor::new(Section::Buckets, self.buckets.count()),
            entries: Cursor::new(Section::Entries, self.entries.count()),
            literals: Cursor::new(Section::Literals, self.literals.count()),
            actions: Cursor::new(Section::Actions, self.actions.count()),
            atoms: Cursor::new(Section::Atoms, self.atoms.count()),
            witnesses: Cursor::new(Section::Witnesses, self.witnesses.count()),
            lower,
            features: 0,
        };
        let mut last: Option<(&str, u32)> = None;
        for (index, record) in numbered(self.templates.all()) {
            let template = Template::decode(record);
            let named = self.name_fits(template.name, template.name_len);
            // Names may share their bytes, so of each only so many are read.
            let short = template.name_len > 0 && template.name_len <= TEMPLATE_NAME_MAX;
            must(named && short && template.input_count <= INPUTS_MAX, Section::Templates, index)?;
            let key = (self.name(template.name, template.name_len), template.version);
            must(last.is_none_or(|last| last < key), Section::Templates, index)?;
            last = Some(key);
            self.check_inputs(&template, &mut cursors)?;
            self.check_programs(&template, &mut cursors)?;
            self.check_predicates(&template, &mut cursors)?;
            self.check_atoms(index, &template, &mut cursors, marks)?;
            self.check_conditions(&template, marks)?;
        }
        cursors.finish()?;
        Ok(cursors.features)
    }

    /// What follows from the code of each program: it mentions what it reads, and accepts no event of which it has no
    /// witness, so that what the scan leaves out would not have matched.
    fn check_conditions(&self, template: &Template, marks: &mut [u64]) -> Result<(), Rejection> {
        let records = self.programs.range(template.programs, template.program_count).unwrap_or(&[]);
        let always = self.witnesses.range(template.always, template.always_count).unwrap_or(&[]);
        for (number, (index, record)) in (0..u32::MAX).zip((template.programs..u32::MAX).zip(records)) {
            let program = Program::decode(record);
            let mentions = self.mentions.range(program.mentions, program.mention_count).unwrap_or(&[]);
            let code = self.code.range(program.code, program.code_len).unwrap_or(&[]);
            let runs_always = holds(always, number);
            // The places that are reached while every witness is false. Jumps go forward, so one pass finds them all.
            let reached = marks.get_mut(..code.len().div_ceil(64)).unwrap_or(&mut []);
            reached.fill(0);
            mark(reached, 0);
            for (at, record) in numbered(code) {
                let instruction = Instruction::decode(record);
                let refused = Rejection::Record { section: Section::Code, index: program.code.wrapping_add(at) };
                let predicate = self.predicates.get(template.predicates.wrapping_add(instruction.predicate));
                let predicate = Predicate::decode(predicate.ok_or(refused)?);
                let opcode = Opcode::from_number(predicate.opcode).ok_or(refused)?;
                let other = if opcode == Opcode::Field { Some(predicate.a) } else { None };
                for input in [Some(u32::from(predicate.input)), other].into_iter().flatten() {
                    let mentioned = input == u32::from(KEYWORD) || mentions_input(mentions, input);
                    must(mentioned, Section::Mentions, program.mentions)?;
                }
                if runs_always || !is_marked(reached, at) {
                    continue;
                }
                let is_witness = opcode == Opcode::Atom && {
                    let atom = self.atoms.get(template.atoms.wrapping_add(predicate.a)).map(Atom::decode);
                    let of = atom.and_then(|atom| self.witnesses.range(atom.witnesses, atom.count));
                    holds(of.unwrap_or(&[]), number)
                };
                let targets = [if is_witness { REJECT } else { instruction.yes }, instruction.no];
                for target in targets {
                    must(target != ACCEPT, Section::Programs, index)?;
                    if target != REJECT {
                        mark(reached, u32::from(target));
                    }
                }
            }
        }
        Ok(())
    }

    fn check_inputs(&self, template: &Template, cursors: &mut Cursors) -> Result<(), Rejection> {
        cursors.inputs.take(template.inputs, template.input_count)?;
        let records = self.inputs.range(template.inputs, template.input_count).unwrap_or(&[]);
        for (index, record) in (template.inputs..u32::MAX).zip(records) {
            let input = Input::decode(record);
            let kind = InputKind::from_number(input.kind);
            let known = input_flags::LIST | input_flags::OPTIONAL | input_flags::BY_NUMBER;
            let numbered = kind == Some(InputKind::Numbered);
            let fits = self.name_fits(input.name, input.name_len)
                && kind.is_some()
                && Scalar::from_number(input.scalar).is_some()
                && input.flags & !known == 0
                && numbered == (input.position > 0)
                && (numbered || input.flags & input_flags::BY_NUMBER == 0);
            must(fits, Section::Inputs, index)?;
            self.check_look(input.look, cursors)?;
        }
        Ok(())
    }

    fn check_programs(&self, template: &Template, cursors: &mut Cursors) -> Result<(), Rejection> {
        cursors.programs.take(template.programs, template.program_count)?;
        let records = self.programs.range(template.programs, template.program_count).unwrap_or(&[]);
        let mut last = None;
        for (index, record) in (template.programs..u32::MAX).zip(records) {
            let program = Program::decode(record);
            // Programs stand in the order of their rules, which is the order of reports.
            let rises = last < Some(program.rule) && program.rule < self.rules.count();
            let long = (1..=CODE_MAX).contains(&program.code_len);
            must(rises && long, Section::Programs, index)?;
            last = Some(program.rule);
            cursors.mentions.take(program.mentions, program.mention_count)?;
            let mentions = self.mentions.range(program.mentions, program.mention_count).unwrap_or(&[]);
            let mut before = None;
            for (at, mention) in (program.mentions..u32::MAX).zip(mentions) {
                let mention = u32::from(u16::from_le_bytes(*mention));
                must(before < Some(mention) && mention < template.input_count, Section::Mentions, at)?;
                before = Some(mention);
            }
            cursors.code.take(program.code, program.code_len)?;
            let code = self.code.range(program.code, program.code_len).unwrap_or(&[]);
            for (at, record) in numbered(code) {
                let instruction = Instruction::decode(record);
                let forward = |target: u16| {
                    target == ACCEPT
                        || target == REJECT
                        || (u32::from(target) > at && u32::from(target) < program.code_len)
                };
                let fits = instruction.predicate < template.predicate_count
                    && forward(instruction.yes)
                    && forward(instruction.no);
                must(fits, Section::Code, program.code.wrapping_add(at))?;
            }
        }
        Ok(())
    }

    fn check_predicates(&self, template: &Template, cursors: &mut Cursors) -> Result<(), Rejection> {
        cursors.predicates.take(template.predicates, template.predicate_count)?;
        let records = self.predicates.range(template.predicates, template.predicate_count).unwrap_or(&[]);
        for (index, record) in (template.predicates..u32::MAX).zip(records) {
            let predicate = Predicate::decode(record);
            let refused = Rejection::Record { section: Section::Predicates, index };
            let opcode = Opcode::from_number(predicate.opcode).ok_or(refused)?;
            let operands = [predicate.a, predicate.b, predicate.c];
            let spare = operands.iter().skip(opcode.operands()).all(|operand| *operand == 0);
            let quantifier = predicate.flags & predicate_flags::QUANTIFIER;
            let variant = predicate.flags >> predicate_flags::VARIANT;
            let input = u32::from(predicate.input);
            cursors.features |= opcode.feature();
            let scalar = |input: u32| {
                let found = template.inputs.checked_add(input).and_then(|at| self.input(at));
                found.map_or(0, |input| 1_u8.wrapping_shl(u32::from(input.scalar)))
            };
            let typed = predicate.input == KEYWORD || opcode.takes() & scalar(input) != 0;
            let read = typed
                && if predicate.input == KEYWORD {
                    quantifier == 0
                } else {
                    let found = template.inputs.checked_add(input).and_then(|at| self.input(at));
                    let list = found.is_some_and(|input| input.flags & input_flags::LIST != 0);
                    input < template.input_count && (quantifier == 0 || list)
                };
            must(spare && read && quantifier <= predicate_flags::ALL, Section::Predicates, index)?;
            let fits = match opcode {
                Opcode::Atom => {
                    let atom = template.atoms.checked_add(predicate.a).and_then(|at| self.atoms.get(at));
                    // What an atom reads is what the program must mention.
                    let reads = atom.is_some_and(|atom| Atom::decode(atom).input == predicate.input);
                    predicate.a < template.atom_count && reads && variant == 0
                }
                Opcode::Exists | Opcode::Null => quantifier == 0 && variant == 0,
                Opcode::AnyText | Opcode::AllTexts => {
                    cursors.patterns.take(predicate.a, predicate.b)?;
                    predicate.b > 0 && variant == 0
                }
                Opcode::Int | Opcode::Time => {
                    cursors.numbers.take(predicate.a, predicate.b.checked_mul(2).ok_or(refused)?)?;
                    let ranges = self.numbers.range(predicate.a, predicate.b.wrapping_mul(2)).unwrap_or(&[]);
                    let part = if opcode == Opcode::Time { variant < crate::time::PARTS } else { variant == 0 };
                    part && predicate.b > 0 && ranges_rise(ranges)
                }
                Opcode::Float => {
                    cursors.numbers.take(predicate.a, 1)?;
                    variant <= format::comparison::AT_LEAST
                }
                Opcode::Mask => {
                    cursors.numbers.take(predicate.a, 2)?;
                    variant <= format::comparison::AT_LEAST
                }
                Opcode::Bool => variant <= 1,
                Opcode::InSet => {
                    let set = self
                        .sets
                        .get(predicate.a)
                        .map(|record| 1_u8.wrapping_shl(u32::from(Set::decode(record).scalar)));
                    let typed = predicate.input == KEYWORD || set == Some(scalar(input));
                    // A list all of whose elements are asked for nothing is so only if it is empty.
                    let none = quantifier == predicate_flags::ALL
                        && self.sets.get(predicate.a).is_some_and(|record| Set::decode(record).count == 0);
                    set.is_some() && (typed || none) && variant == 0
                }
                Opcode::Cidr => {
                    cursors.networks.take(predicate.a, predicate.b)?;
                    predicate.b > 0 && variant == 0
                }
                Opcode::Field => {
                    let bytes = 1 << Scalar::Bytes as u8;
                    predicate.input != KEYWORD
                        && predicate.a < template.input_count
                        && (scalar(input) == bytes) == (scalar(predicate.a) == bytes)
                        && variant <= format::comparison::ENDS_WITH
                }
            };
            must(fits && predicate.flags & 8 == 0, Section::Predicates, index)?;
        }
        Ok(())
    }
}

struct Cursors {
    keywords: Cursor,
    inputs: Cursor,
    looks: Cursor,
    probes: Cursor,
    programs: Cursor,
    mentions: Cursor,
    code: Cursor,
    predicates: Cursor,
    patterns: Cursor,
    numbers: Cursor,
    networks: Cursor,
    filters: Cursor,
    bitmaps: Cursor,
    buckets: Cursor,
    entries: Cursor,
    literals: Cursor,
    actions: Cursor,
    atoms: Cursor,
    witnesses: Cursor,
    /// Where the strings without capital letters begin.
    lower: u32,
    /// The features that predicates ask for.
    features: u64,
}

impl Cursors {
    fn finish(&self) -> Result<(), Rejection> {
        for cursor in [
            &self.keywords,
            &self.inputs,
            &self.looks,
            &self.probes,
            &self.programs,
            &self.mentions,
            &self.code,
            &self.predicates,
            &self.patterns,
            &self.numbers,
            &self.networks,
            &self.filters,
            &self.bitmaps,
            &self.buckets,
            &self.entries,
            &self.literals,
            &self.actions,
            &self.atoms,
            &self.witnesses,
        ] {
            cursor.finish()?;
        }
        Ok(())
    }
}

fn ranges_rise(numbers: &[[u8; 8]]) -> bool {
    let (pairs, rest) = numbers.as_chunks::<2>();
    let mut last: Option<i64> = None;
    let rising = pairs.iter().all(|[from, to]| {
        let (from, to) = (i64::from_le_bytes(*from), i64::from_le_bytes(*to));
        let rises = from <= to && last.is_none_or(|last| last < from);
        last = Some(to);
        rises
    });
    rest.is_empty() && rising
}

fn deterministic_fits(regex: &Regex, table: &[u8]) -> bool {
    let Some((classes, rest)) = table.split_first_chunk::<256>() else { return false };
    let (moves, odd) = rest.as_chunks::<2>();
    let stride = usize::from(regex.classes).wrapping_add(1);
    if regex.classes == 0 || regex.classes > 256 || regex.states < 2 || !odd.is_empty() {
        return false;
    }
    let rows = (regex.states as usize).wrapping_sub(2);
    let places = moves.len().wrapping_add(2);
    if rows.checked_mul(stride) != Some(moves.len()) || places > PLACES_MAX as usize {
        return false;
    }
    // Two states without a row, and the rows behind one another.
    let is_state = |state: usize| {
        state <= usize::from(MATCHED) || state < places && state.wrapping_sub(2).checked_rem(stride) == Some(0)
    };
    is_state(regex.start as usize)
        && classes.iter().all(|class| u16::from(*class) < regex.classes)
        && moves.chunks_exact(stride).all(|row| {
            let end = row.last().map(|state| u16::from_le_bytes(*state));
            // At the end of the text a search is decided.
            row.iter().all(|state| is_state(usize::from(u16::from_le_bytes(*state))))
                && end.is_some_and(|end| end <= MATCHED)
        })
}

fn nondeterministic_fits(regex: &Regex, table: &[u8]) -> bool {
    let (states, odd) = table.as_chunks::<{ NfaState::SIZE }>();
    let sized = odd.is_empty()
        && states.len() == regex.states as usize
        && regex.start < regex.states
        && regex.states <= NFA_STATES_MAX
        && regex.classes == 0;
    sized
        && states.iter().all(|record| {
            let state = NfaState::decode(record);
            match NfaKind::from_number(state.kind) {
                Some(NfaKind::Range) => state.next < regex.states && state.low <= state.high,
                Some(NfaKind::Fork) => state.next < regex.states && state.low < regex.states && state.high == 0,
                Some(NfaKind::Assert) => {
                    let known = u8::try_from(state.low).ok().and_then(Assertion::from_number).is_some();
                    state.next < regex.states && known && state.high == 0
                }
                Some(NfaKind::Match) => state.next == 0 && state.low == 0 && state.high == 0,
                None => false,
            }
        })
}
