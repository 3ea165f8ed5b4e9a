//! Why: the path of an event through the program of a rule that matched, with the part of a value that decided.

use core::ops::ControlFlow;

use crate::bind::{BoundEvent, texted};
use crate::evaluate::Run;
use crate::fault::{Fault, Halt};
use crate::format::{
    ACCEPT, CODE_MAX, IGNORE_CASE, Instruction, KEYWORD, Literal, LiteralKind, Opcode, Pattern, PatternKind, Predicate,
    Program, Section,
};
use crate::index::{Index, keywords_of};
use crate::manifest::Scalar;
use crate::regex;
use crate::text::{find, stands_at};
use crate::value::Value;

/// Which values of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// [`crate::Event::inputs`]
    Inputs,
    /// [`crate::Event::header`]
    Header,
    /// [`crate::Event::others`]
    Others,
}

/// Where in an event something was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Among which values.
    pub values: Values,
    /// The number of the value there.
    pub index: usize,
    /// The number of the element, where the value is a list.
    pub element: Option<usize>,
    /// First byte of the text that decided. The text of a number or an address is counted as it is written.
    pub offset: usize,
    /// Bytes of it. For a regular expression it begins with the value, and ends where the match was decided.
    pub len: usize,
}

/// A test on the way of an event through the program of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The predicate, counted over all template types: [`crate::Image::section_bytes`] has its record.
    pub predicate: u32,
    /// What it asks.
    pub opcode: Opcode,
    /// The input, counted over all template types; nothing for a keyword, which asks every value.
    pub input: Option<u32>,
    /// Whether it holds.
    pub holds: bool,
    /// The text that made a test of text hold.
    pub found: Option<Found>,
}

impl<'e> BoundEvent<'e> {
    /// Reports each test on the way of the event through the program of a rule, in order. Whether the rule matches;
    /// false too where it is not loaded here. It takes as long as evaluating the event: for rules that matched.
    ///
    /// # Errors
    /// When the scratch memory is too small.
    pub fn why(&self, rule: u32, scratch: &mut [u64], mut sink: impl FnMut(Reason)) -> Result<bool, Fault> {
        let template = &self.template;
        let image = self.verified.image;
        let records = image.programs.range(template.programs, template.program_count).unwrap_or(&[]);
        let numbered = (template.programs..u32::MAX).zip(records);
        let mut programs = numbered.map(|(at, record)| (at, Program::decode(record)));
        let Some((at, program)) = programs.find(|(_, program)| program.rule == rule) else { return Ok(false) };
        if !self.verified.is_active(at) {
            return Ok(false);
        }
        let mut meter = ();
        match self.walk(&program, scratch, &mut meter, &mut sink) {
            Ok(accepts) => Ok(accepts),
            Err(Halt::Fault(fault)) => Err(fault),
            // Nobody counts.
            Err(Halt::Spent) => Ok(false),
        }
    }

    fn walk(
        &self,
        program: &Program,
        scratch: &mut [u64],
        meter: &mut (),
        sink: &mut impl FnMut(Reason),
    ) -> Result<bool, Halt> {
        const CODE: Fault = Fault::Corrupt { section: Section::Code };
        let image = self.verified.image;
        let code = image.code.range(program.code, program.code_len).ok_or(CODE)?;
        let (mut run, _) = self.scanned(scratch, meter)?;
        let mut at = 0_u16;
        loop {
            let instruction = Instruction::decode(code.get(usize::from(at)).ok_or(CODE)?);
            let number = self.template.predicates.wrapping_add(instruction.predicate);
            let predicate = Predicate::decode(image.predicates.get(number).ok_or(CODE)?);
            let opcode = Opcode::from_number(predicate.opcode).ok_or(CODE)?;
            let holds = run.answer(instruction.predicate)?;
            let input = u32::from(predicate.input);
            let found = if holds { self.found(&mut run, opcode, &predicate)? } else { None };
            sink(Reason {
                predicate: number,
                opcode,
                input: (predicate.input != KEYWORD).then(|| self.template.inputs.wrapping_add(input)),
                holds,
                found,
            });
            let next = if holds { instruction.yes } else { instruction.no };
            if next > CODE_MAX as u16 {
                return Ok(next == ACCEPT);
            }
            if next <= at {
                return Err(CODE.into());
            }
            at = next;
        }
    }

    /// The first text of the event, in the order of its values, that makes a test of text hold.
    fn found(&self, run: &mut Run<'_, 'e, ()>, opcode: Opcode, predicate: &Predicate) -> Result<Option<Found>, Halt> {
        if !matches!(opcode, Opcode::Atom | Opcode::AnyText | Opcode::AllTexts) {
            return Ok(None);
        }
        let mut found = None;
        // All elements of a list pass, or are asked for one by one: the first that does is shown.
        let _ = self.each_text(predicate.input, &mut |values, index, element, text| {
            let part = match opcode {
                Opcode::Atom => self.literal_part(predicate, text),
                _ => self.pattern_part(run, predicate, text),
            };
            match part {
                Ok(Some((offset, len))) => {
                    found = Some(Ok(Found { values, index, element, offset, len }));
                    ControlFlow::Break(())
                }
                Ok(None) => ControlFlow::Continue(()),
                Err(halt) => {
                    found = Some(Err(halt));
                    ControlFlow::Break(())
                }
            }
        });
        found.transpose()
    }

    /// Calls `visit` with the text of each value that an input has, or of all values for a keyword.
    fn each_text(
        &self,
        input: u16,
        visit: &mut impl FnMut(Values, usize, Option<usize>, &[u8]) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        // Evaluation skips elements of another type than the sensor's manifest states, and so does this.
        let mut one = |values: Values, index: usize, value: Value<'e>, of: Option<Scalar>| -> ControlFlow<()> {
            if !value.is_list() {
                return texted(&value)
                    .map_or(ControlFlow::Continue(()), |text| visit(values, index, None, text.bytes()));
            }
            for (number, element) in (0..usize::MAX).zip(value.elements()) {
                if of.is_some_and(|scalar| !element.is(scalar)) {
                    continue;
                }
                if let Some(text) = texted(&element) {
                    visit(values, index, Some(number), text.bytes())?;
                }
            }
            ControlFlow::Continue(())
        };
        let event = self.event();
        if input != KEYWORD {
            let (place, typed) = (self.place(u32::from(input)), self.typed(u32::from(input)));
            let (Some((place, header)), Some((value, scalar))) = (place, typed) else {
                return ControlFlow::Continue(());
            };
            let values = if header { Values::Header } else { Values::Inputs };
            return one(values, place, value, Some(scalar));
        }
        for (values, all) in
            [(Values::Inputs, event.inputs), (Values::Header, event.header), (Values::Others, event.others)]
        {
            for (index, value) in (0..usize::MAX).zip(all) {
                one(values, index, *value, None)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Where a literal that makes an atom true lies in a text.
    fn literal_part(&self, predicate: &Predicate, text: &[u8]) -> Result<Option<(usize, usize)>, Halt> {
        let image = self.verified.image;
        let index = if predicate.input == KEYWORD {
            let Some(keywords) = keywords_of(image, &self.template)? else { return Ok(None) };
            Index::of_keywords(image, &self.template, &keywords)?
        } else {
            Index::of_template(image, &self.template)?
        };
        for record in index.literals {
            let literal = Literal::decode(record);
            let actions = image.actions.range(literal.actions, literal.action_count).unwrap_or(&[]);
            let makes = |action: &[u8; 4]| u32::from_le_bytes(*action).wrapping_add(index.first_atom) == predicate.a;
            if literal.input != predicate.input || !actions.iter().any(makes) {
                continue;
            }
            let bytes = image.text(literal.text, literal.len)?;
            let ignore_case = literal.flags & IGNORE_CASE != 0;
            let offset = match LiteralKind::from_number(literal.kind) {
                Some(LiteralKind::Equals) => (text.len() == bytes.len()).then_some(0),
                Some(LiteralKind::Prefix) => Some(0),
                Some(LiteralKind::Suffix) => text.len().checked_sub(bytes.len()),
                Some(LiteralKind::Contains) => find(text, 0, bytes, 0, ignore_case, &mut ())?,
                _ => None,
            };
            if let Some(offset) = offset.filter(|at| stands_at(text, *at, bytes, ignore_case)) {
                return Ok(Some((offset, bytes.len())));
            }
        }
        Ok(None)
    }

    /// What of a text the first pattern of a predicate that it matches takes.
    fn pattern_part(
        &self,
        run: &mut Run<'_, 'e, ()>,
        predicate: &Predicate,
        text: &[u8],
    ) -> Result<Option<(usize, usize)>, Halt> {
        let image = self.verified.image;
        for record in image.patterns.range(predicate.a, predicate.b).unwrap_or(&[]) {
            let pattern = Pattern::decode(record);
            if !run.pattern(&pattern, text, None)? {
                continue;
            }
            let len = pattern.b as usize;
            let kind = PatternKind::from_number(pattern.kind);
            return Ok(Some(match kind {
                Some(PatternKind::Prefix) => (0, len),
                Some(PatternKind::Suffix) => (text.len().saturating_sub(len), len),
                Some(PatternKind::Contains) => {
                    let literal = image.text(pattern.a, pattern.b)?;
                    let ignore_case = pattern.flags & IGNORE_CASE != 0;
                    (find(text, 0, literal, usize::from(pattern.at), ignore_case, &mut ())?.unwrap_or(0), len)
                }
                Some(PatternKind::Matches) => {
                    (0, regex::find_end(image, pattern.a, text, run.states, &mut ())?.unwrap_or(text.len()))
                }
                _ => (0, text.len()),
            }));
        }
        Ok(None)
    }
}
