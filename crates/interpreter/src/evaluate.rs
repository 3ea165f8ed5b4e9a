//! Evaluate: [`BoundEvent`] to the rules that match it.
//!
//! An event is looked at in two steps. The scan (see [`crate::scan`]) passes over the values once
//! and finds every literal of every rule; what it finds makes atoms true and names the programs
//! that may match. Then these programs run, and only these.

use core::net::IpAddr;

use crate::bind::{BoundEvent, texted};
use crate::fault::Fault;
use crate::format::{
    ACCEPT, Instruction, KEYWORD, Network, Opcode, Part, Pattern, PatternKind, Predicate, Program, Section, Set,
    Template, predicate_flags,
};
use crate::image::{Image, bit_words, signature_words};
use crate::manifest::Scalar;
use crate::meter::Meter;
use crate::number::{compare_int_float, holds, parse_float, parse_int, parse_ip};
use crate::text;
use crate::time::Moment;
use crate::value::Value;
use crate::{compare, like, regex, scan, set, signature};

/// Rules that are switched off: bit `n & 63` of word `n >> 6` for rule `n`. Words that are not
/// there count as zero.
#[derive(Clone, Copy, Debug, Default)]
pub struct KillMask<'k>(&'k [u64]);

impl<'k> KillMask<'k> {
    /// No rule is switched off.
    pub const NONE: Self = Self(&[]);

    /// The rules whose bits are set are switched off.
    #[must_use]
    pub const fn new(words: &'k [u64]) -> Self {
        Self(words)
    }

    /// Whether a rule is switched off.
    #[must_use]
    #[inline]
    pub fn kills(&self, rule: u32) -> bool {
        self.0.get((rule >> 6) as usize).is_some_and(|word| word >> (rule & 63) & 1 == 1)
    }
}

impl<'e> BoundEvent<'e> {
    /// Reports the rules that match to `sink`, by number and rising.
    ///
    /// # Errors
    /// When the scratch memory is too small. An image that was verified has no other fault.
    pub fn evaluate(&self, kill: KillMask<'_>, scratch: &mut [u64], sink: impl FnMut(u32)) -> Result<(), Fault> {
        self.evaluate_metered(kill, scratch, sink, &mut ())
    }

    /// As [`BoundEvent::evaluate`], and counts steps.
    ///
    /// # Errors
    /// The same.
    pub fn evaluate_metered<M: Meter>(
        &self,
        kill: KillMask<'_>,
        scratch: &mut [u64],
        mut sink: impl FnMut(u32),
        meter: &mut M,
    ) -> Result<(), Fault> {
        let template = &self.template;
        let image = &self.image.image;
        let small = Fault::Scratch { needed: self.image.bound.scratch };
        let bits = bit_words(template);
        let (bits, states) = scratch.split_at_mut_checked(bits).ok_or(small)?;
        bits.fill(0);
        meter.spend(bits.len() as u64);
        let words = |count: u32| count.div_ceil(64) as usize;
        let (atoms, rest) = bits.split_at_mut_checked(words(template.atom_count)).ok_or(small)?;
        let (candidates, rest) = rest.split_at_mut_checked(words(template.program_count)).ok_or(small)?;
        let (known, rest) = rest.split_at_mut_checked(words(template.predicate_count)).ok_or(small)?;
        let (answers, signed) = rest.split_at_mut_checked(words(template.predicate_count)).ok_or(small)?;
        let (signatures, states) = states.split_at_mut_checked(signature_words(template)).ok_or(small)?;
        scan::scan(self, image, template, atoms, candidates, meter)?;
        let searches = 0;
        let mut run =
            Run { event: self, image, template, atoms, known, answers, signed, signatures, states, searches, meter };
        for (index, word) in candidates.iter().enumerate() {
            let mut left = *word;
            while left != 0 {
                let number = (index as u32) << 6 | left.trailing_zeros();
                left &= left.wrapping_sub(1);
                let at = template.programs.wrapping_add(number);
                let record = image.programs.get(at).ok_or(Fault::Corrupt { section: Section::Programs })?;
                let program = Program::decode(record);
                if self.image.is_active(at) && !kill.kills(program.rule) && run.program(&program)? {
                    sink(program.rule);
                }
            }
        }
        Ok(())
    }
}

struct Run<'r, 'e, M> {
    event: &'r BoundEvent<'e>,
    image: &'r Image<'e>,
    template: &'r Template,
    atoms: &'r [u64],
    known: &'r mut [u64],
    answers: &'r mut [u64],
    /// Inputs whose value has a signature.
    signed: &'r mut [u64],
    /// For each input the pairs of bytes that its value holds.
    signatures: &'r mut [u64],
    states: &'r mut [u64],
    /// How often a text was searched without a signature.
    searches: u32,
    meter: &'r mut M,
}

/// Bytes of a text that gets a signature when it is searched first.
const SHORT: usize = 512;
/// Searches of an event's longer strings without a signature: it costs about as much as so many of them.
pub(crate) const SEARCHES: u32 = 8;
/// Bytes of a literal that are looked for before an expression is run.
pub(crate) const GATE_MAX: usize = 16;

const CODE: Fault = Fault::Corrupt { section: Section::Code };
const PREDICATES: Fault = Fault::Corrupt { section: Section::Predicates };
const NUMBERS: Fault = Fault::Corrupt { section: Section::Numbers };

impl<'e, M: Meter> Run<'_, 'e, M> {
    /// Whether a program accepts. It only goes forward, so it takes each instruction once at most.
    fn program(&mut self, program: &Program) -> Result<bool, Fault> {
        let code = self.image.code.range(program.code, program.code_len).ok_or(CODE)?;
        let mut at = 0_u16;
        loop {
            let instruction = Instruction::decode(code.get(usize::from(at)).ok_or(CODE)?);
            self.meter.spend(1);
            let next = if self.answer(instruction.predicate)? { instruction.yes } else { instruction.no };
            if next > crate::format::CODE_MAX as u16 {
                return Ok(next == ACCEPT);
            }
            if next <= at {
                return Err(CODE);
            }
            at = next;
        }
    }

    fn answer(&mut self, predicate: u32) -> Result<bool, Fault> {
        let at = self.template.predicates.wrapping_add(predicate);
        let record = Predicate::decode(self.image.predicates.get(at).ok_or(PREDICATES)?);
        if record.opcode == Opcode::Atom as u8 {
            let word = self.atoms.get((record.a >> 6) as usize).ok_or(PREDICATES)?;
            return Ok(word >> (record.a & 63) & 1 == 1);
        }
        let opcode = Opcode::from_number(record.opcode).ok_or(PREDICATES)?;
        if !opcode.is_kept() {
            return self.test(opcode, &record);
        }
        let (word, bit) = ((predicate >> 6) as usize, 1_u64 << (predicate & 63));
        if self.known.get(word).ok_or(PREDICATES)? & bit != 0 {
            return Ok(self.answers.get(word).ok_or(PREDICATES)? & bit != 0);
        }
        let answer = self.test(opcode, &record)?;
        if let Some(known) = self.known.get_mut(word) {
            *known |= bit;
        }
        if answer && let Some(answers) = self.answers.get_mut(word) {
            *answers |= bit;
        }
        Ok(answer)
    }

    fn test(&mut self, opcode: Opcode, predicate: &Predicate) -> Result<bool, Fault> {
        if predicate.input == KEYWORD {
            let event = self.event;
            let any = |this: &mut Self| event.any_value(|value| this.keyword(opcode, predicate, value));
            return match opcode {
                Opcode::Null => Ok(!any(self)?),
                _ => any(self),
            };
        }
        let value = self.event.value(u32::from(predicate.input));
        match opcode {
            Opcode::Exists => return Ok(!matches!(value, Value::Absent)),
            Opcode::Null => return Ok(matches!(value, Value::Absent)),
            _ => {}
        }
        match (predicate.flags & predicate_flags::QUANTIFIER, value) {
            (_, Value::Absent) => Ok(false),
            (predicate_flags::ANY, Value::List(elements)) => {
                for element in elements {
                    if self.one(opcode, predicate, element)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            (predicate_flags::ALL, Value::List(elements)) => {
                for element in elements {
                    if !self.one(opcode, predicate, element)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            (_, value) => {
                if let (Opcode::AnyText | Opcode::AllTexts, Value::Text(text)) = (opcode, &value) {
                    return self.texts(opcode, predicate, text.as_bytes(), Some(predicate.input));
                }
                self.one(opcode, predicate, &value)
            }
        }
    }

    /// Whether the value of an input holds a literal, as far as its signature tells. The first few
    /// times a long text gets none, since it costs as much as several searches: nothing then.
    fn may_hold(&mut self, input: u16, text: &[u8], literal: &[u8]) -> Option<bool> {
        let bit = 1_u64 << (input & 63);
        let signed = self.signed.get_mut(usize::from(input >> 6))?;
        let from = usize::from(input).wrapping_mul(signature::WORDS);
        let signature = self.signatures.get_mut(from..).and_then(<[u64]>::first_chunk_mut)?;
        if *signed & bit == 0 {
            if text.len() > SHORT && self.searches < SEARCHES {
                self.searches = self.searches.wrapping_add(1);
                return None;
            }
            *signed |= bit;
            self.meter.spend(text.len() as u64);
            signature::sign(signature, text);
        }
        Some(signature::may_hold(signature, literal))
    }

    fn texts(
        &mut self,
        opcode: Opcode,
        predicate: &Predicate,
        text: &[u8],
        signed: Option<u16>,
    ) -> Result<bool, Fault> {
        let any = opcode == Opcode::AnyText;
        self.meter.spend(1);
        let patterns = self.image.patterns.range(predicate.a, predicate.b);
        for record in patterns.ok_or(Fault::Corrupt { section: Section::Patterns })? {
            if self.pattern(&Pattern::decode(record), text, signed)? == any {
                return Ok(any);
            }
        }
        Ok(!any)
    }

    fn keyword(&mut self, opcode: Opcode, predicate: &Predicate, value: &Value<'e>) -> Result<bool, Fault> {
        match opcode {
            Opcode::Exists | Opcode::Null => Ok(true),
            _ => self.one(opcode, predicate, value),
        }
    }

    /// One value that is there, against the test of a predicate.
    fn one(&mut self, opcode: Opcode, predicate: &Predicate, value: &Value<'e>) -> Result<bool, Fault> {
        let variant = predicate.flags >> predicate_flags::VARIANT;
        self.meter.spend(1);
        match opcode {
            Opcode::Atom | Opcode::Exists | Opcode::Null => Err(PREDICATES),
            Opcode::AnyText | Opcode::AllTexts => {
                let Some(texted) = texted(value) else { return Ok(false) };
                self.texts(opcode, predicate, texted.bytes(), None)
            }
            Opcode::Int => match value {
                Value::Int(number) => self.in_ranges(predicate, *number),
                Value::Text(text) => match parse_int(text.as_bytes()) {
                    Some(number) => self.in_ranges(predicate, number),
                    None => Ok(false),
                },
                Value::Float(number) => self.float_in_ranges(predicate, *number),
                _ => Ok(false),
            },
            Opcode::Float => {
                let constant = f64::from_bits(self.number(predicate.a)?);
                Ok(match value {
                    Value::Float(number) => holds(variant, number.partial_cmp(&constant)),
                    Value::Int(number) => holds(variant, compare_int_float(*number, constant)),
                    Value::Text(text) => match parse_float(text.as_bytes()) {
                        Some(number) => holds(variant, number.partial_cmp(&constant)),
                        None => false,
                    },
                    _ => false,
                })
            }
            Opcode::Bool => Ok(match value {
                Value::Bool(truth) => *truth == (variant == 1),
                Value::Text(text) => text.eq_ignore_ascii_case(if variant == 1 { "true" } else { "false" }),
                _ => false,
            }),
            Opcode::InSet => self.in_set(predicate, value),
            Opcode::Cidr => match value {
                Value::Ip(address) => self.in_networks(predicate, address),
                Value::Text(text) => match parse_ip(text.as_bytes()) {
                    Some(address) => self.in_networks(predicate, &address),
                    None => Ok(false),
                },
                _ => Ok(false),
            },
            Opcode::Mask => {
                let Value::Int(number) = value else { return Ok(false) };
                let mask = self.number(predicate.a)? as i64;
                let constant = self.number(predicate.a.wrapping_add(1))? as i64;
                Ok(holds(variant, Some((number & mask).cmp(&constant))))
            }
            Opcode::Time => {
                let moment = match value {
                    Value::Text(text) => Moment::of_text(text.as_bytes()),
                    Value::Int(seconds) => Moment::of_seconds(*seconds),
                    _ => None,
                };
                match moment.and_then(|moment| moment.part(variant)) {
                    Some(part) => self.in_ranges(predicate, part),
                    None => Ok(false),
                }
            }
            Opcode::Field => {
                let other = self.event.value(predicate.a);
                let ignore_case = predicate.flags & predicate_flags::IGNORE_CASE != 0;
                Ok(compare::values(variant, ignore_case, value, &other, self.meter))
            }
        }
    }

    fn number(&self, at: u32) -> Result<u64, Fault> {
        self.image.numbers.get(at).map(|number| u64::from_le_bytes(*number)).ok_or(NUMBERS)
    }

    fn ranges(&self, predicate: &Predicate) -> Result<&[[[u8; 8]; 2]], Fault> {
        let numbers = self.image.numbers.range(predicate.a, predicate.b.wrapping_mul(2)).ok_or(NUMBERS)?;
        Ok(numbers.as_chunks::<2>().0)
    }

    fn in_ranges(&self, predicate: &Predicate, number: i64) -> Result<bool, Fault> {
        let ranges = self.ranges(predicate)?;
        // Ranges rise, so the only one that can hold the number is the last that does not begin behind it.
        let (mut from, mut to) = (0_usize, ranges.len());
        while from < to {
            let middle = from.wrapping_add(to.wrapping_sub(from) >> 1);
            let [low, high] = ranges.get(middle).ok_or(NUMBERS)?;
            if number < i64::from_le_bytes(*low) {
                to = middle;
            } else if number > i64::from_le_bytes(*high) {
                from = middle.wrapping_add(1);
            } else {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn float_in_ranges(&self, predicate: &Predicate, number: f64) -> Result<bool, Fault> {
        let ranges = self.ranges(predicate)?;
        let (mut from, mut to) = (0_usize, ranges.len());
        while from < to && number.is_finite() {
            let middle = from.wrapping_add(to.wrapping_sub(from) >> 1);
            let [low, high] = ranges.get(middle).ok_or(NUMBERS)?;
            if compare_int_float(i64::from_le_bytes(*low), number).is_some_and(core::cmp::Ordering::is_gt) {
                to = middle;
            } else if compare_int_float(i64::from_le_bytes(*high), number).is_some_and(core::cmp::Ordering::is_lt) {
                from = middle.wrapping_add(1);
            } else {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn in_set(&mut self, predicate: &Predicate, value: &Value<'_>) -> Result<bool, Fault> {
        let set = Set::decode(self.image.sets.get(predicate.a).ok_or(Fault::Corrupt { section: Section::Sets })?);
        let int;
        let mut ip = [0_u8; 17];
        let key: &[u8] = match (value, Scalar::from_number(set.scalar)) {
            (Value::Text(text), Some(Scalar::String)) => text.as_bytes(),
            (Value::Bytes(bytes), Some(Scalar::Bytes)) => bytes,
            (Value::Int(number), Some(Scalar::Int)) => {
                int = set::int_key(*number);
                &int
            }
            (Value::Bool(true), Some(Scalar::Bool)) => &[1],
            (Value::Bool(false), Some(Scalar::Bool)) => &[0],
            (Value::Ip(address), Some(Scalar::Ip)) => set::ip_key(address, &mut ip),
            _ => return Ok(false),
        };
        self.meter.spend(u64::from(32_u32.wrapping_sub(set.count.leading_zeros())));
        Ok(set::holds(self.image, &set, key))
    }

    fn in_networks(&self, predicate: &Predicate, address: &IpAddr) -> Result<bool, Fault> {
        let networks = self.image.networks.range(predicate.a, predicate.b);
        let networks = networks.ok_or(Fault::Corrupt { section: Section::Networks })?;
        Ok(networks.iter().map(Network::decode).any(|network| match address {
            IpAddr::V4(address) => {
                let differ = address.to_bits() ^ network.w0;
                network.family == 4
                    && differ.checked_shr(32_u32.wrapping_sub(u32::from(network.prefix))).unwrap_or(0) == 0
            }
            IpAddr::V6(address) => {
                let of = [network.w0, network.w1, network.w2, network.w3];
                let of = of.into_iter().fold(0_u128, |bits, word| bits << 32 | u128::from(word));
                let differ = address.to_bits() ^ of;
                network.family == 6
                    && differ.checked_shr(128_u32.wrapping_sub(u32::from(network.prefix))).unwrap_or(0) == 0
            }
        }))
    }

    /// Whether a text matches a pattern.
    fn pattern(&mut self, pattern: &Pattern, text: &[u8], signed: Option<u16>) -> Result<bool, Fault> {
        let ignore_case = pattern.flags != 0;
        let kind = PatternKind::from_number(pattern.kind).ok_or(Fault::Corrupt { section: Section::Patterns })?;
        match kind {
            PatternKind::Matches => {
                self.meter.spend(u64::from(pattern.b));
                if let Some(input) = signed
                    && pattern.b > 0
                    && !self.gates(pattern.c, pattern.b, input, text, true)?
                {
                    return Ok(false);
                }
                return regex::is_match(self.image, pattern.a, text, self.states, self.meter);
            }
            PatternKind::Like => {
                self.meter.spend(u64::from(pattern.b));
                if let Some(input) = signed
                    && !self.gates(pattern.a, pattern.b, input, text, false)?
                {
                    return Ok(false);
                }
                return like::covers(self.image, pattern, text, ignore_case, self.meter);
            }
            _ => {}
        }
        let literal = self.image.text(pattern.a, pattern.b)?;
        self.meter.spend(1_u64.wrapping_add(literal.len() as u64 / 8));
        Ok(match kind {
            PatternKind::Equals => text::equal(text, literal, ignore_case),
            PatternKind::Prefix => text::starts_with(text, literal, ignore_case),
            PatternKind::Suffix => text::ends_with(text, literal, ignore_case),
            _ => {
                let rare = literal.get(usize::from(pattern.at)..).unwrap_or(&[]);
                signed.and_then(|input| self.may_hold(input, text, rare)) != Some(false)
                    && text::find(text, 0, literal, usize::from(pattern.at), ignore_case, self.meter).is_some()
            }
        })
    }

    /// Whether a text may hold any, or all, of the literals among some parts.
    fn gates(&mut self, first: u32, count: u32, input: u16, text: &[u8], any: bool) -> Result<bool, Fault> {
        let parts = self.image.parts.range(first, count).ok_or(Fault::Corrupt { section: Section::Parts })?;
        for part in parts.iter().map(Part::decode).filter(|part| part.kind == 0) {
            let literal = self.image.text(part.text, part.len)?;
            let literal = literal.get(..GATE_MAX).unwrap_or(literal);
            let holds = match self.may_hold(input, text, literal) {
                Some(holds) => holds,
                // The parts of a pattern are searched next; those before an expression are in lower case.
                None => !any || text::find(text, 0, literal, 0, true, self.meter).is_some(),
            };
            if holds == any {
                return Ok(any);
            }
        }
        Ok(!any)
    }
}
