//! Cost: how many steps an evaluation takes at most, from the image alone. A step is about a nanosecond of work. What a
//! piece of work costs stands once, in [`price`]; evaluating pays it, and the bound adds it up.

use crate::evaluate::{GATE_MAX, SEARCHES};
use crate::format::{
    Atom, Entry, Filter, Input, Instruction, KEYWORD, Keywords, Literal, Look, NfaState, Opcode, Part, Pattern,
    PatternKind, Predicate, Program, Regex, Section, Set, Template, input_flags, predicate_flags,
};
use crate::image::{Image, bit_words};

/// What pieces of work cost. Sizes are in bytes.
pub(crate) mod price {
    use crate::value::Value;

    /// An instruction of a program.
    pub(crate) const INSTRUCTION: u64 = 2;
    /// A test of a value, whose text or number may have to be spelled.
    pub(crate) const TEST: u64 = 16;
    /// A state of a nondeterministic automaton that is entered or left.
    pub(crate) const STATE: u64 = 3;
    /// A byte that begins no well-formed sequence, for a deterministic automaton.
    pub(crate) const ILL_FORMED: u64 = 16;

    const fn bytes(len: usize, a_step: u64) -> u64 {
        (len as u64 / a_step).wrapping_add(1)
    }

    /// Two runs of bytes are compared.
    pub(crate) const fn compare(len: usize) -> u64 {
        bytes(len, 8)
    }

    /// A literal is looked for in a text.
    pub(crate) const fn search(len: usize) -> u64 {
        bytes(len, 16)
    }

    /// An element of a list is taken, or a value of an event for keywords, and its type looked at.
    pub(crate) const ELEMENT: u64 = 4;
    /// An end of a text, or a number, is hashed, and looked up in a bit map.
    pub(crate) const PROBE: u64 = 4;
    /// A bucket is looked into.
    pub(crate) const BUCKET: u64 = 8;
    /// An entry of a bucket is looked at.
    pub(crate) const ENTRY: u64 = 2;

    /// The grams of a text are looked up.
    pub(crate) const fn scan(len: usize) -> u64 {
        bytes(len, 1)
    }

    /// Needles are looked for in a text.
    pub(crate) const fn needles(len: usize) -> u64 {
        bytes(len, 4)
    }

    /// The signature of a text is made.
    pub(crate) const fn sign(len: usize) -> u64 {
        bytes(len, 1).wrapping_add(16)
    }

    /// A part of a wildcard pattern is held against a place of a text.
    pub(crate) const fn part(len: usize) -> u64 {
        bytes(len, 8).wrapping_add(6)
    }

    /// A deterministic automaton reads a text. It takes longer where it goes from state to state than where it stays.
    pub(crate) const fn automaton(len: usize) -> u64 {
        bytes(len, 1).wrapping_add(len as u64 / 2)
    }

    /// A nondeterministic automaton goes on to the next character, with so many words of states.
    pub(crate) const fn character(words: u64) -> u64 {
        words.wrapping_mul(2).wrapping_add(4)
    }

    /// A key of a set is compared with a value, of which it has so many bytes at most.
    pub(crate) const fn key(len: usize) -> u64 {
        bytes(len, 2).wrapping_add(4)
    }

    /// An address is looked for among networks, of which each two take a step.
    pub(crate) const fn networks(count: u64) -> u64 {
        count.div_ceil(2)
    }

    /// The end of an element was looked for, in a list that lies in one run of bytes. In another list it is at hand.
    pub(crate) const fn walk(list: &Value<'_>, element: &Value<'_>) -> u64 {
        match (list, element) {
            (Value::Split(..), Value::Text(text)) => text.len() as u64 / 2,
            _ => 0,
        }
    }

    /// One text of an event is looked for in another.
    pub(crate) const fn contains_value(len: usize) -> u64 {
        bytes(len, 1).saturating_mul(4)
    }

    /// So many words of bits are cleared.
    pub(crate) const fn clear(words: u64) -> u64 {
        words / 4 + 1
    }
}

/// A bound on steps: `fixed`, and `per_unit` for each unit of the event's size, see
/// [`crate::BoundEvent::size`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Steps that do not depend on the event.
    pub fixed: u64,
    /// Steps for each unit of size.
    pub per_unit: u64,
}

impl Cost {
    const fn new(fixed: u64, per_unit: u64) -> Self {
        Self { fixed, per_unit }
    }

    const fn plus(self, other: Self) -> Self {
        Self { fixed: self.fixed.saturating_add(other.fixed), per_unit: self.per_unit.saturating_add(other.per_unit) }
    }

    /// The greater of each.
    pub(crate) fn max(self, other: Self) -> Self {
        Self { fixed: self.fixed.max(other.fixed), per_unit: self.per_unit.max(other.per_unit) }
    }

    /// What a test of one value costs where every value of a list, or of the event, is tested:
    /// there are no more of them than units.
    const fn for_each_value(self) -> Self {
        Self { fixed: 0, per_unit: self.fixed.saturating_add(self.per_unit).saturating_add(price::ELEMENT) }
    }

    /// The bound for an event of a size.
    #[must_use]
    pub const fn at(self, size: u64) -> u64 {
        self.fixed.saturating_add(self.per_unit.saturating_mul(size))
    }
}

/// What comparing a literal costs.
fn compared(len: u32) -> u64 {
    price::compare(len as usize)
}

/// What a look costs for a value, and for each of its bytes, by the dearest anchor and gram.
fn look_cost(look: &Look, (anchor, gram): (u64, u64)) -> (u64, u64) {
    let mut once = u64::from(look.probe_count).saturating_mul(anchor.saturating_add(price::PROBE));
    let mut a_byte = 0_u64;
    if look.stride != 0 || look.close_stride != 0 {
        once = once.saturating_add(price::scan(0));
        a_byte = gram.saturating_add(1);
    }
    if look.needle_count != 0 {
        once = once.saturating_add(price::needles(0));
        a_byte = a_byte.saturating_add(1);
    }
    (once, a_byte)
}

impl Image<'_> {
    /// What an evaluation on a template type costs at most.
    #[must_use]
    pub fn cost(&self, template: u32) -> Cost {
        let Some(template) = self.template(template) else { return Cost::default() };
        // A signature is made once for each input, two of which may read one value. Before that a few
        // searches look for what an expression needs, byte by byte at most.
        let inputs = u64::from(template.input_count);
        let signed = Cost::new(inputs.saturating_mul(price::sign(0)), 2);
        let gate = price::compare(GATE_MAX).saturating_add(price::search(64));
        let gates = Cost::new(u64::from(SEARCHES).saturating_mul(gate), u64::from(SEARCHES).saturating_mul(gate));
        let mut cost = self.scan_cost(&template).plus(signed).plus(gates);
        for number in 0..template.predicate_count {
            let at = template.predicates.wrapping_add(number);
            let Some(predicate) = self.predicates.get(at).map(Predicate::decode) else { break };
            if Opcode::from_number(predicate.opcode).is_some_and(Opcode::is_kept) {
                cost = cost.plus(self.predicate_cost(&predicate));
            }
        }
        for number in 0..template.program_count.min(self.programs.count()) {
            cost = cost.plus(self.program_cost(&template, number, false));
        }
        cost
    }

    /// What one program costs at most, its predicates included.
    #[must_use]
    pub fn program_cost(&self, template: &Template, number: u32, with_kept: bool) -> Cost {
        let at = template.programs.wrapping_add(number);
        let Some(program) = self.programs.get(at).map(Program::decode) else { return Cost::default() };
        let mut cost = Cost::default();
        for record in self.code.range(program.code, program.code_len).unwrap_or(&[]) {
            cost = cost.plus(Cost::new(price::INSTRUCTION, 0));
            let predicate = template.predicates.wrapping_add(Instruction::decode(record).predicate);
            let Some(predicate) = self.predicates.get(predicate).map(Predicate::decode) else { continue };
            let kept = Opcode::from_number(predicate.opcode).is_some_and(Opcode::is_kept);
            if with_kept || !kept {
                cost = cost.plus(self.predicate_cost(&predicate));
            }
        }
        cost
    }

    fn predicate_cost(&self, predicate: &Predicate) -> Cost {
        let one = match Opcode::from_number(predicate.opcode) {
            Some(Opcode::AnyText | Opcode::AllTexts) => {
                let patterns = self.patterns.range(predicate.a, predicate.b).unwrap_or(&[]);
                let each = patterns.iter().map(|record| self.pattern_cost(&Pattern::decode(record)));
                each.fold(Cost::new(1, 0), Cost::plus)
            }
            // As many looks as halves, each at no more bytes than the value has.
            Some(Opcode::InSet) => {
                let count = self.sets.get(predicate.a).map_or(0, |record| Set::decode(record).count);
                let looks = u64::from(32_u32.wrapping_sub(count.leading_zeros()));
                Cost::new(looks.saturating_mul(price::key(16)), looks)
            }
            Some(Opcode::Cidr) => Cost::new(price::networks(u64::from(predicate.b)), 0),
            Some(Opcode::Field) => Cost::new(price::contains_value(0), 4),
            _ => Cost::default(),
        };
        let one = one.plus(Cost::new(price::TEST, 0));
        let many = predicate.input == KEYWORD || predicate.flags & predicate_flags::QUANTIFIER != 0;
        if many { one.for_each_value() } else { one }
    }

    fn pattern_cost(&self, pattern: &Pattern) -> Cost {
        match PatternKind::from_number(pattern.kind) {
            Some(PatternKind::Contains) => {
                Cost::new(compared(pattern.b).saturating_add(price::search(64)), compared(pattern.b).saturating_add(1))
            }
            Some(PatternKind::Like) => {
                let parts = self.parts.range(pattern.a, pattern.b).unwrap_or(&[]);
                let part = |record: &[u8; Part::SIZE]| {
                    let len = Part::decode(record).len;
                    // Behind each byte a literal may be looked for anew.
                    let found =
                        price::part(len as usize).saturating_add(compared(len)).saturating_add(price::search(64));
                    let found = found.saturating_mul(2);
                    Cost::new(found, found)
                };
                parts.iter().map(part).fold(Cost::new(u64::from(pattern.b), 0), Cost::plus)
            }
            Some(PatternKind::Matches) => match self.regexes.get(pattern.a).map(Regex::decode) {
                Some(regex) if regex.kind == 0 => Cost::new(
                    u64::from(pattern.b).saturating_add(2),
                    price::automaton(2).saturating_add(price::ILL_FORMED),
                ),
                Some(regex) => {
                    let states = u64::from(regex.len) / NfaState::SIZE as u64;
                    let entered = states.saturating_mul(2).saturating_mul(price::STATE);
                    let step = entered.saturating_add(price::character(states.div_ceil(64)));
                    Cost::new(step.saturating_add(u64::from(pattern.b)), step)
                }
                None => Cost::default(),
            },
            _ => Cost::new(compared(pattern.b), 0),
        }
    }

    fn scan_cost(&self, template: &Template) -> Cost {
        let mut fixed = price::clear(bit_words(template) as u64).saturating_add(u64::from(template.always_count));
        for record in self.atoms.range(template.atoms, template.atom_count).unwrap_or(&[]) {
            fixed = fixed.saturating_add(u64::from(Atom::decode(record).count));
        }
        let own = self.index_cost(template.filters, (template.literals, template.literal_count));
        let mut cost = Cost::new(fixed, 0);
        let mut dearest = 0_u64;
        for record in self.inputs.range(template.inputs, template.input_count).unwrap_or(&[]) {
            let input = Input::decode(record);
            let look = self.looks.get(input.look).map(Look::decode).unwrap_or_default();
            let (once, a_byte) = look_cost(&look, own);
            let once = Cost::new(once, 0);
            cost = cost.plus(if input.flags & input_flags::LIST != 0 { once.for_each_value() } else { once });
            dearest = dearest.max(a_byte);
        }
        // A value may be read under two inputs: by name and by number.
        cost = cost.plus(Cost::new(0, dearest.saturating_mul(2)));
        let Some(keywords) = self.keywords.get(template.keywords).map(Keywords::decode) else { return cost };
        let of_keywords = self.index_cost(keywords.filters, (keywords.literals, keywords.literal_count));
        let look = self.looks.get(keywords.look).map(Look::decode).unwrap_or_default();
        let (once, a_byte) = look_cost(&look, of_keywords);
        cost.plus(Cost::new(once, 0).for_each_value()).plus(Cost::new(0, a_byte))
    }

    /// The dearest look at an anchor, and at a gram, of three filters.
    fn index_cost(&self, filters: u32, literals: (u32, u32)) -> (u64, u64) {
        let [anchors, grams, wide] = [0, 1, 2].map(|which| self.bucket_cost(filters.wrapping_add(which), literals));
        (anchors, grams.max(wide))
    }

    /// The dearest bucket of a filter.
    fn bucket_cost(&self, filter: u32, literals: (u32, u32)) -> u64 {
        let Some(filter) = self.filters.get(filter).map(Filter::decode) else { return 0 };
        if filter.entry_count == 0 {
            return 0;
        }
        let buckets = 1_u32.checked_shl(u32::from(filter.bucket_log2)).unwrap_or(0);
        let bounds = self.buckets.range(filter.buckets, buckets.saturating_add(1)).unwrap_or(&[]);
        let literals = self.literals.range(literals.0, literals.1).unwrap_or(&[]);
        let mut dearest = 0_u64;
        for (from, to) in bounds.iter().zip(bounds.iter().skip(1)) {
            let (from, to) = (u32::from_le_bytes(*from), u32::from_le_bytes(*to));
            let first = filter.entries.wrapping_add(from);
            let mut sum = 0_u64;
            for record in self.entries.range(first, to.wrapping_sub(from)).unwrap_or(&[]) {
                let number = Entry::decode(record).number();
                let literal = literals.get(number as usize).map(Literal::decode).unwrap_or_default();
                let one = compared(literal.len).saturating_add(u64::from(literal.action_count));
                let one = one.saturating_add(price::ENTRY);
                sum = sum.saturating_add(one);
            }
            dearest = dearest.max(sum);
        }
        dearest.saturating_add(price::BUCKET)
    }

    /// The bytes of a section: records as [`crate::format`] declares them.
    #[must_use]
    pub fn section_bytes(&self, section: Section) -> &[u8] {
        let (offset, len) = self.section(section);
        self.bytes().get(offset as usize..offset.wrapping_add(len) as usize).unwrap_or(&[])
    }
}
