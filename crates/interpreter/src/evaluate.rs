//! Evaluate: [`BoundEvent`] to the rules that match it.
//!
//! An event is looked at in two steps. The scan (see [`crate::scan`]) passes over the values once
//! and finds every literal of every rule; what it finds makes atoms true and names the programs
//! that may match. Then these programs run, and only these.

use core::cmp::Ordering;
use core::net::IpAddr;
use core::ops::ControlFlow;

use crate::bind::{BoundEvent, texted};
use crate::cost::price;
use crate::fault::{Fault, Halt};
use crate::format::{
    ACCEPT, Instruction, KEYWORD, Network, Opcode, Part, Pattern, PatternKind, Predicate, Program, Section, Set,
    Template, predicate_flags,
};
use crate::image::{Image, bit_words, signature_words};
use crate::kill::KillList;
use crate::manifest::Scalar;
use crate::meter::{Budget, Meter};
use crate::number::{Float, compare_int_float, holds, parse_float, parse_int, parse_ip};
use crate::text;
use crate::time::Moment;
use crate::value::Value;
use crate::{compare, like, regex, scan, set, signature};

/// How an evaluation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// Rules from this number on were not asked, since the steps were spent or the sink stopped; every rule below was.
    /// Nothing: all of them were asked.
    pub unasked_from: Option<u32>,
    /// Steps that were taken.
    pub steps: u64,
    /// Inputs whose value was of a wrong type and counted as absent, see [`BoundEvent::mistyped`].
    pub mistyped: u32,
}

impl Done {
    /// Whether every rule was asked.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.unasked_from.is_none()
    }
}

impl<'e> BoundEvent<'e> {
    /// Reports the rules that match to `sink`, by number and rising, in `budget` steps at most. The sink may stop it.
    ///
    /// A budget of the bound that [`crate::Image::cost`] states for the event's [`BoundEvent::size`] is never spent;
    /// `u64::MAX` asks for every rule, whatever that takes.
    ///
    /// # Errors
    /// When the scratch memory is too small, or the kill list was made for another image. An image that was verified
    /// has no other fault.
    pub fn evaluate(
        &self,
        kill: &KillList<'_>,
        scratch: &mut [u64],
        budget: u64,
        sink: impl FnMut(u32) -> ControlFlow<()>,
    ) -> Result<Done, Fault> {
        let mut meter = Budget::new(budget);
        let unasked_from = self.evaluate_metered(kill, scratch, &mut meter, sink)?;
        Ok(Done { unasked_from, steps: meter.taken(), mistyped: self.mistyped() })
    }

    /// As [`BoundEvent::evaluate`], with a meter of the caller's, which can stop the evaluation and is told which rule
    /// steps are spent on. The number from which on rules were not asked.
    ///
    /// # Errors
    /// The same.
    pub fn evaluate_metered<M: Meter>(
        &self,
        kill: &KillList<'_>,
        scratch: &mut [u64],
        meter: &mut M,
        mut sink: impl FnMut(u32) -> ControlFlow<()>,
    ) -> Result<Option<u32>, Fault> {
        if !kill.is_for(self.verified.image.seal()) {
            return Err(Fault::Kill);
        }
        let (mut run, candidates) = match self.scanned(scratch, meter) {
            Ok(scanned) => scanned,
            Err(Halt::Spent) => return Ok(Some(0)),
            Err(Halt::Fault(fault)) => return Err(fault),
        };
        for (index, word) in (0..usize::MAX).zip(candidates) {
            let mut left = *word;
            while left != 0 {
                let number = (index as u32) << 6 | left.trailing_zeros();
                left &= left.wrapping_sub(1);
                let at = run.template.programs.wrapping_add(number);
                let record = run.image.programs.get(at).ok_or(Fault::Corrupt { section: Section::Programs })?;
                let program = Program::decode(record);
                if !self.verified.is_active(at) || kill.kills(program.rule) {
                    continue;
                }
                run.meter.rule(program.rule);
                match run.program(&program) {
                    Ok(false) => {}
                    Ok(true) => {
                        if sink(program.rule).is_break() {
                            // Those behind it were not asked: where there are none, all were.
                            let more =
                                left != 0 || candidates.iter().skip(index.wrapping_add(1)).any(|word| *word != 0);
                            return Ok(more.then_some(program.rule.wrapping_add(1)));
                        }
                    }
                    Err(Halt::Spent) => return Ok(Some(program.rule)),
                    Err(Halt::Fault(fault)) => return Err(fault),
                }
            }
        }
        Ok(None)
    }

    /// Scans the event: what programs run with, and the programs that may match.
    pub(crate) fn scanned<'r, M: Meter>(
        &'r self,
        scratch: &'r mut [u64],
        meter: &'r mut M,
    ) -> Result<(Run<'r, 'e, M>, &'r [u64]), Halt> {
        let template = &self.template;
        let image = self.verified.image;
        let small = Fault::Scratch { needed: self.verified.bound.scratch };
        if scratch.len() < self.verified.bound.scratch {
            return Err(small.into());
        }
        let words = |count: u32| count.div_ceil(64) as usize;
        let (atoms, rest) = scratch.split_at_mut_checked(words(template.atom_count)).ok_or(small)?;
        let (candidates, rest) = rest.split_at_mut_checked(words(template.program_count)).ok_or(small)?;
        let (known, rest) = rest.split_at_mut_checked(words(template.predicate_count)).ok_or(small)?;
        let (signed, rest) = rest.split_at_mut_checked(words(template.input_count)).ok_or(small)?;
        // Of these nothing is read that was not written for this event, so they are not cleared.
        let (answers, rest) = rest.split_at_mut_checked(words(template.predicate_count)).ok_or(small)?;
        let (signatures, states) = rest.split_at_mut_checked(signature_words(template)).ok_or(small)?;
        meter.spend(price::clear(bit_words(template) as u64))?;
        atoms.fill(0);
        candidates.fill(0);
        known.fill(0);
        signed.fill(0);
        scan::scan(self, image, template, atoms, candidates, meter)?;
        let run =
            Run { event: self, image, template, atoms, known, answers, signed, signatures, states, searches: 0, meter };
        Ok((run, candidates))
    }
}

/// What programs run with.
pub(crate) struct Run<'r, 'e, M> {
    event: &'r BoundEvent<'e>,
    image: &'e Image<'e>,
    template: &'r Template,
    atoms: &'r [u64],
    known: &'r mut [u64],
    answers: &'r mut [u64],
    /// Inputs whose value has a signature.
    signed: &'r mut [u64],
    /// For each input the pairs of bytes that its value holds.
    signatures: &'r mut [u64],
    pub(crate) states: &'r mut [u64],
    /// How often a text was searched without a signature.
    searches: u32,
    meter: &'r mut M,
}

/// Bytes of a text that gets a signature when it is searched first.
const SHORT: usize = 512;
/// Searches of an event's longer strings without a signature: it costs about as much as so many of them.
pub(crate) const SEARCHES: u32 = 8;
/// Networks that are paid for together.
const NETWORKS: u32 = 64;
/// Bytes of a literal that are looked for before an expression is run.
pub(crate) const GATE_MAX: usize = 16;

const CODE: Fault = Fault::Corrupt { section: Section::Code };
const PREDICATES: Fault = Fault::Corrupt { section: Section::Predicates };
const NUMBERS: Fault = Fault::Corrupt { section: Section::Numbers };

impl<'e, M: Meter> Run<'_, 'e, M> {
    /// Whether a program accepts. It only goes forward, so it takes each instruction once at most.
    fn program(&mut self, program: &Program) -> Result<bool, Halt> {
        let code = self.image.code.range(program.code, program.code_len).ok_or(CODE)?;
        let mut at = 0_u16;
        loop {
            let instruction = Instruction::decode(code.get(usize::from(at)).ok_or(CODE)?);
            self.meter.spend(price::INSTRUCTION)?;
            let next = if self.answer(instruction.predicate)? { instruction.yes } else { instruction.no };
            if next > crate::format::CODE_MAX as u16 {
                return Ok(next == ACCEPT);
            }
            if next <= at {
                return Err(CODE.into());
            }
            at = next;
        }
    }

    pub(crate) fn answer(&mut self, predicate: u32) -> Result<bool, Halt> {
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
        if let Some(answers) = self.answers.get_mut(word) {
            *answers = if answer { *answers | bit } else { *answers & !bit };
        }
        Ok(answer)
    }

    fn test(&mut self, opcode: Opcode, predicate: &Predicate) -> Result<bool, Halt> {
        if predicate.input == KEYWORD {
            let event = self.event;
            let any =
                |this: &mut Self| event.any_value(|value, walked| this.keyword(opcode, predicate, &value, walked));
            return match opcode {
                Opcode::Null => Ok(!any(self)?),
                _ => any(self),
            };
        }
        let found = self.event.typed(u32::from(predicate.input));
        let (value, scalar) = found.unwrap_or((Value::Absent, Scalar::String));
        match opcode {
            Opcode::Exists => return Ok(!matches!(value, Value::Absent)),
            Opcode::Null => return Ok(matches!(value, Value::Absent)),
            _ => {}
        }
        match predicate.flags & predicate_flags::QUANTIFIER {
            _ if matches!(value, Value::Absent) => Ok(false),
            quantifier @ (predicate_flags::ANY | predicate_flags::ALL) => {
                let any = quantifier == predicate_flags::ANY;
                for element in value.elements() {
                    self.meter.spend(price::walk(&value, &element).wrapping_add(price::ELEMENT))?;
                    // One of another type is not there.
                    if element.is(scalar) && self.one(opcode, predicate, &element)? == any {
                        return Ok(any);
                    }
                }
                Ok(!any)
            }
            _ => {
                if let (Opcode::AnyText | Opcode::AllTexts, Value::Text(text)) = (opcode, &value) {
                    return self.texts(opcode, predicate, text, Some(predicate.input));
                }
                self.one(opcode, predicate, &value)
            }
        }
    }

    /// Whether the value of an input holds a literal, as far as its signature tells. The first few
    /// times a long text gets none, since it costs as much as several searches: nothing then.
    fn may_hold(&mut self, input: u16, text: &[u8], literal: &[u8]) -> Result<Option<bool>, Halt> {
        let bit = 1_u64 << (input & 63);
        let Some(signed) = self.signed.get_mut(usize::from(input >> 6)) else { return Ok(None) };
        let from = usize::from(input).wrapping_mul(signature::WORDS);
        let Some(signature) = self.signatures.get_mut(from..).and_then(<[u64]>::first_chunk_mut) else {
            return Ok(None);
        };
        if *signed & bit == 0 {
            if text.len() > SHORT && self.searches < SEARCHES {
                self.searches = self.searches.wrapping_add(1);
                return Ok(None);
            }
            self.meter.spend(price::sign(text.len()))?;
            *signed |= bit;
            signature::sign(signature, text);
        }
        Ok(Some(signature::may_hold(signature, literal)))
    }

    fn texts(&mut self, opcode: Opcode, predicate: &Predicate, text: &[u8], signed: Option<u16>) -> Result<bool, Halt> {
        let any = opcode == Opcode::AnyText;
        self.meter.spend(1)?;
        let patterns = self.image.patterns.range(predicate.a, predicate.b);
        for record in patterns.ok_or(Fault::Corrupt { section: Section::Patterns })? {
            if self.pattern(&Pattern::decode(record), text, signed)? == any {
                return Ok(any);
            }
        }
        Ok(!any)
    }

    fn keyword(&mut self, opcode: Opcode, predicate: &Predicate, value: &Value<'e>, walked: u64) -> Result<bool, Halt> {
        match opcode {
            Opcode::Exists | Opcode::Null => Ok(true),
            _ => {
                self.meter.spend(walked)?;
                self.one(opcode, predicate, value)
            }
        }
    }

    /// One value that is there, against the test of a predicate.
    fn one(&mut self, opcode: Opcode, predicate: &Predicate, value: &Value<'e>) -> Result<bool, Halt> {
        let variant = predicate.flags >> predicate_flags::VARIANT;
        self.meter.spend(price::TEST)?;
        match opcode {
            Opcode::Atom | Opcode::Exists | Opcode::Null => Err(PREDICATES.into()),
            Opcode::AnyText | Opcode::AllTexts => {
                let Some(texted) = texted(value) else { return Ok(false) };
                self.texts(opcode, predicate, texted.bytes(), None)
            }
            Opcode::Int => match value {
                Value::Int(number) => self.in_ranges(predicate, i128::from(*number)),
                Value::UInt(number) => self.in_ranges(predicate, i128::from(*number)),
                Value::Text(text) => match parse_int(text) {
                    Some(number) => self.in_ranges(predicate, i128::from(number)),
                    None => Ok(false),
                },
                Value::Float(number) => self.float_in_ranges(predicate, Float(number.to_bits())),
                _ => Ok(false),
            },
            Opcode::Float => {
                let constant = Float(self.number(predicate.a)?);
                Ok(match value {
                    Value::Float(number) => holds(variant, Float(number.to_bits()).compare(constant)),
                    Value::Int(number) => holds(variant, compare_int_float(i128::from(*number), constant)),
                    Value::UInt(number) => holds(variant, compare_int_float(i128::from(*number), constant)),
                    Value::Text(text) => match parse_float(text) {
                        Some(number) => holds(variant, number.compare(constant)),
                        None => false,
                    },
                    _ => false,
                })
            }
            Opcode::Bool => Ok(match value {
                Value::Bool(truth) => *truth == (variant == 1),
                Value::Text(text) => text::equal(text, if variant == 1 { b"true" } else { b"false" }, true),
                _ => false,
            }),
            Opcode::InSet => self.in_set(predicate, value),
            Opcode::Cidr => match value {
                Value::Ip(address) => self.in_networks(predicate, address),
                Value::Text(text) => match parse_ip(text) {
                    Some(address) => self.in_networks(predicate, &address),
                    None => Ok(false),
                },
                _ => Ok(false),
            },
            Opcode::Mask => {
                let number = match value {
                    Value::Int(number) => *number,
                    // The same bits.
                    Value::UInt(number) => *number as i64,
                    _ => return Ok(false),
                };
                let mask = self.number(predicate.a)? as i64;
                let constant = self.number(predicate.a.wrapping_add(1))? as i64;
                Ok(holds(variant, Some((number & mask).cmp(&constant))))
            }
            Opcode::Time => {
                let moment = match value {
                    Value::Text(text) => Moment::of_text(text),
                    Value::Int(seconds) => Moment::of_seconds(*seconds),
                    Value::UInt(seconds) => i64::try_from(*seconds).ok().and_then(Moment::of_seconds),
                    _ => None,
                };
                match moment.and_then(|moment| moment.part(variant)) {
                    Some(part) => self.in_ranges(predicate, i128::from(part)),
                    None => Ok(false),
                }
            }
            Opcode::Field => {
                let other = self.event.value(predicate.a);
                let ignore_case = predicate.flags & predicate_flags::IGNORE_CASE != 0;
                Ok(compare::values(variant, ignore_case, value, &other, self.meter)?)
            }
        }
    }

    fn number(&self, at: u32) -> Result<u64, Halt> {
        self.image.numbers.get(at).map(|number| u64::from_le_bytes(*number)).ok_or(NUMBERS.into())
    }

    fn ranges(&self, predicate: &Predicate) -> Result<&[[[u8; 8]; 2]], Halt> {
        let numbers = self.image.numbers.range(predicate.a, predicate.b.wrapping_mul(2)).ok_or(NUMBERS)?;
        Ok(numbers.as_chunks::<2>().0)
    }

    /// Whether a number lies in one of the ranges. One that goes on to the last number that content can name goes on
    /// beyond it, unless it is that number alone.
    fn in_ranges(&self, predicate: &Predicate, number: i128) -> Result<bool, Halt> {
        let to_last = |low: i64, high: i64| high == i64::MAX && low < high;
        self.search(predicate, |low, high| {
            if number < i128::from(low) {
                Ordering::Less
            } else if number > i128::from(high) && !to_last(low, high) {
                Ordering::Greater
            } else {
                Ordering::Equal
            }
        })
    }

    fn float_in_ranges(&self, predicate: &Predicate, number: Float) -> Result<bool, Halt> {
        if !number.is_finite() {
            return Ok(false);
        }
        self.search(predicate, |low, high| {
            if compare_int_float(i128::from(low), number).is_some_and(Ordering::is_gt) {
                Ordering::Less
            } else if compare_int_float(i128::from(high), number).is_some_and(Ordering::is_lt) {
                Ordering::Greater
            } else {
                Ordering::Equal
            }
        })
    }

    /// Searches ranges, which rise, by halves: `place` tells where what is looked for lies beside one.
    fn search(&self, predicate: &Predicate, place: impl Fn(i64, i64) -> Ordering) -> Result<bool, Halt> {
        let ranges = self.ranges(predicate)?;
        let (mut from, mut to) = (0_usize, ranges.len());
        while from < to {
            let middle = from.wrapping_add(to.wrapping_sub(from) >> 1);
            let [low, high] = ranges.get(middle).ok_or(NUMBERS)?;
            match place(i64::from_le_bytes(*low), i64::from_le_bytes(*high)) {
                Ordering::Less => to = middle,
                Ordering::Greater => from = middle.wrapping_add(1),
                Ordering::Equal => return Ok(true),
            }
        }
        Ok(false)
    }

    fn in_set(&mut self, predicate: &Predicate, value: &Value<'_>) -> Result<bool, Halt> {
        let set = Set::decode(self.image.sets.get(predicate.a).ok_or(Fault::Corrupt { section: Section::Sets })?);
        let int;
        let mut ip = [0_u8; 17];
        let key: &[u8] = match (value, Scalar::from_number(set.scalar)) {
            (Value::Text(text), Some(Scalar::String)) => text,
            (Value::Bytes(bytes), Some(Scalar::Bytes)) => bytes,
            (Value::Int(number), Some(Scalar::Int)) => {
                int = set::int_key(*number);
                &int
            }
            (Value::UInt(number), Some(Scalar::Int)) => match i64::try_from(*number) {
                Ok(number) => {
                    int = set::int_key(number);
                    &int
                }
                Err(_) => return Ok(false),
            },
            (Value::Bool(true), Some(Scalar::Bool)) => &[1],
            (Value::Bool(false), Some(Scalar::Bool)) => &[0],
            (Value::Ip(address), Some(Scalar::Ip)) => set::ip_key(address, &mut ip),
            _ => return Ok(false),
        };
        Ok(set::holds(self.image, &set, key, self.meter)?)
    }

    fn in_networks(&mut self, predicate: &Predicate, address: &IpAddr) -> Result<bool, Halt> {
        let is_in = |network: Network| match address {
            IpAddr::V4(address) => {
                let differ = address.to_bits() ^ network.w0;
                network.family == 4 && differ.leading_zeros() >= u32::from(network.prefix)
            }
            IpAddr::V6(address) => {
                let of = [network.w0, network.w1, network.w2, network.w3];
                let of = of.into_iter().fold(0_u128, |bits, word| bits << 32 | u128::from(word));
                let differ = address.to_bits() ^ of;
                network.family == 6 && differ.leading_zeros() >= u32::from(network.prefix)
            }
        };
        // They are paid for run by run: what is found early does not cost what is found late.
        let (mut first, mut left) = (predicate.a, predicate.b);
        while left > 0 {
            let run = left.min(NETWORKS);
            self.meter.spend(price::networks(u64::from(run)))?;
            let networks = self.image.networks.range(first, run);
            let networks = networks.ok_or(Fault::Corrupt { section: Section::Networks })?;
            if networks.iter().map(Network::decode).any(is_in) {
                return Ok(true);
            }
            (first, left) = (first.saturating_add(run), left.saturating_sub(run));
        }
        Ok(false)
    }

    /// Whether a text matches a pattern.
    pub(crate) fn pattern(&mut self, pattern: &Pattern, text: &[u8], signed: Option<u16>) -> Result<bool, Halt> {
        let ignore_case = pattern.flags != 0;
        let kind = PatternKind::from_number(pattern.kind).ok_or(Fault::Corrupt { section: Section::Patterns })?;
        match kind {
            PatternKind::Matches => {
                self.meter.spend(u64::from(pattern.b))?;
                if let Some(input) = signed
                    && pattern.b > 0
                    && !self.gates(pattern.c, pattern.b, input, text, true)?
                {
                    return Ok(false);
                }
                return Ok(regex::find_end(self.image, pattern.a, text, self.states, self.meter)?.is_some());
            }
            PatternKind::Like => {
                self.meter.spend(u64::from(pattern.b))?;
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
        self.meter.spend(price::compare(literal.len()))?;
        Ok(match kind {
            PatternKind::Equals => text::equal(text, literal, ignore_case),
            PatternKind::Prefix => text::starts_with(text, literal, ignore_case),
            PatternKind::Suffix => text::ends_with(text, literal, ignore_case),
            _ => {
                let rare = literal.get(usize::from(pattern.at)..).unwrap_or(&[]);
                let may_hold = match signed {
                    Some(input) => self.may_hold(input, text, rare)?,
                    None => None,
                };
                may_hold != Some(false)
                    && text::find(text, 0, literal, usize::from(pattern.at), ignore_case, self.meter)?.is_some()
            }
        })
    }

    /// Whether a text may hold any, or all, of the literals among some parts.
    fn gates(&mut self, first: u32, count: u32, input: u16, text: &[u8], any: bool) -> Result<bool, Halt> {
        let parts = self.image.parts.range(first, count).ok_or(Fault::Corrupt { section: Section::Parts })?;
        for part in parts.iter().map(Part::decode).filter(|part| part.kind == 0) {
            let literal = self.image.text(part.text, part.len)?;
            let literal = literal.get(..GATE_MAX).unwrap_or(literal);
            let holds = match self.may_hold(input, text, literal)? {
                Some(holds) => holds,
                // The parts of a pattern are searched next; those before an expression are in lower case.
                None => !any || text::find(text, 0, literal, 0, true, self.meter)?.is_some(),
            };
            if holds == any {
                return Ok(any);
            }
        }
        Ok(!any)
    }
}
