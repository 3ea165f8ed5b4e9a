//! Evaluate: events of the caller's to the rules that match them, and why they do.

use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ops::ControlFlow;

use contentcheck_interpreter::{BoundEvent, Event, Fault, Found, KillList, Reason, Value, Values};

use crate::event::{self, Wrong};
use crate::load::{CcImage, CcKillList, image, kill_list};
use crate::memory::{self, Region, WORD};
use crate::report::{Array, array};
use crate::status::{self, CC_E_LENGTH, CC_E_SCRATCH, CC_MORE, CC_OK, CC_SPENT, CcStatus};
use crate::types::*;

impl CcOutcome {
    pub(crate) const NOTHING: Self = Self {
        status: CC_OK,
        match_count: 0,
        unasked_from: CC_NONE,
        mistyped: 0,
        steps: 0,
        needed: 0,
        found: 0,
        values: CC_NONE,
        index: CC_NONE,
        element: CC_NONE64,
    };

    const fn of(status: CcStatus) -> Self {
        Self { status, ..Self::NOTHING }
    }
}

impl From<CcStatus> for CcOutcome {
    fn from(status: CcStatus) -> Self {
        Self::of(status)
    }
}

impl From<Wrong> for CcOutcome {
    fn from(Wrong { status, values, index, element }: Wrong) -> Self {
        Self { values, index, element, ..Self::of(status) }
    }
}

impl From<Fault> for CcOutcome {
    fn from(fault: Fault) -> Self {
        let of = Self::of(status::of_fault(&fault));
        match fault {
            Fault::Arity { supplied, found } | Fault::Header { supplied, found } => {
                Self { needed: supplied as u64, found: found as u64, ..of }
            }
            Fault::Scratch { needed } => Self { needed: (needed as u64).saturating_mul(WORD as u64), ..of },
            _ => of,
        }
    }
}

/// An event that is bound, its values, and the words that an evaluation takes.
struct Ready<'c> {
    bound: BoundEvent<'c>,
    event: Event<'c>,
    scratch: &'c mut [u64],
}

/// Converts an event and binds it.
///
/// # Safety
/// As the header says of events.
unsafe fn ready<'c>(
    image: &'c CcImage,
    given: &CcEvent,
    words: &'c mut [u64],
    size: usize,
) -> Result<Ready<'c>, CcOutcome> {
    let own = image.verified.scratch_words();
    let converted = match words.split_at_mut_checked(own) {
        None => Err(Wrong::from(CC_E_SCRATCH)),
        Some((scratch, rest)) => {
            // SAFETY: the caller's.
            unsafe { event::converted(given, &mut Region::new(rest)) }.map(|event| (scratch, event))
        }
    };
    match converted {
        Ok((scratch, event)) => {
            let bound = image.verified.bind(given.template_no, event)?;
            Ok(Ready { bound, event, scratch })
        }
        Err(wrong) if wrong.status == CC_E_SCRATCH => {
            // SAFETY: the caller's.
            let values = unsafe { event::size(given) }?;
            let needed = (own as u64).saturating_mul(WORD as u64).saturating_add(values as u64);
            Err(CcOutcome { needed, found: size as u64, ..CcOutcome::of(CC_E_SCRATCH) })
        }
        Err(wrong) => Err(wrong.into()),
    }
}

/// Evaluates an event. `put` says whether there was room for a rule that matches.
///
/// # Safety
/// As the header says of events.
unsafe fn evaluate(
    image: &CcImage,
    given: &CcEvent,
    kill: &KillList<'_>,
    (words, size): (&mut [u64], usize),
    budget: u64,
    mut put: impl FnMut(u32) -> bool,
) -> CcOutcome {
    // SAFETY: the caller's.
    let ready = match unsafe { ready(image, given, words, size) } {
        Ok(ready) => ready,
        Err(outcome) => return outcome,
    };
    let (mut match_count, mut without_room) = (0_u32, None);
    let done = ready.bound.evaluate(kill, ready.scratch, budget, |rule| {
        if put(rule) {
            match_count = match_count.wrapping_add(1);
            ControlFlow::Continue(())
        } else {
            without_room = Some(rule);
            ControlFlow::Break(())
        }
    });
    let done = match done {
        Ok(done) => done,
        Err(fault) => return fault.into(),
    };
    let status = match (without_room, done.unasked_from) {
        (Some(_), _) => CC_MORE,
        (None, Some(_)) => CC_SPENT,
        (None, None) => CC_OK,
    };
    CcOutcome {
        match_count,
        // The rule that there was no room for was asked, but the caller has not heard of it.
        unasked_from: without_room.or(done.unasked_from).unwrap_or(CC_NONE),
        mistyped: done.mistyped,
        steps: done.steps,
        ..CcOutcome::of(status)
    }
}

/// `cc_evaluate`: the rules that match an event.
///
/// # Safety
/// As the header says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_evaluate(
    image: *const CcImage,
    event: *const CcEvent,
    kill: *const CcKillList,
    scratch: *mut c_void,
    scratch_size: usize,
    budget: u64,
    rules: *mut u32,
    capacity: usize,
    outcome: *mut CcOutcome,
) -> CcStatus {
    // SAFETY: the caller's.
    let outcome = match unsafe { memory::slot(outcome) } {
        Ok(outcome) => outcome.write(CcOutcome::NOTHING),
        Err(status) => return status,
    };
    let evaluated = || {
        // SAFETY: the caller's.
        let image = unsafe { self::image(image) }?;
        // SAFETY: the caller's.
        let event = unsafe { memory::one(event) }?;
        // SAFETY: the caller's.
        let kill = unsafe { kill_list(kill) }?;
        // SAFETY: the caller's.
        let words = unsafe { memory::words(scratch, scratch_size) }?;
        // SAFETY: the caller's.
        let mut rules = unsafe { memory::slots(rules, capacity) }?.iter_mut();
        let put = |rule| rules.next().map(|slot| slot.write(rule)).is_some();
        // SAFETY: the caller's.
        Ok(unsafe { evaluate(image, event, &kill, (words, scratch_size), budget, put) })
    };
    *outcome = evaluated().unwrap_or_else(CcOutcome::of);
    outcome.status
}

/// `cc_evaluate_many`: the rules that match each of many events.
///
/// # Safety
/// As the header says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_evaluate_many(
    image: *const CcImage,
    events: *const CcEvent,
    event_count: usize,
    kill: *const CcKillList,
    scratch: *mut c_void,
    scratch_size: usize,
    budget: u64,
    matches: *mut CcMatch,
    capacity: usize,
    outcomes: *mut CcOutcome,
    evaluated: *mut usize,
    match_count: *mut usize,
) -> CcStatus {
    let all = || {
        // SAFETY: the caller's.
        let evaluated = unsafe { memory::slot(evaluated) }?.write(0);
        // SAFETY: the caller's.
        let match_count = unsafe { memory::slot(match_count) }?.write(0);
        // SAFETY: the caller's.
        let image = unsafe { self::image(image) }?;
        // SAFETY: the caller's.
        let events = unsafe { memory::read(events, event_count) }?;
        if u32::try_from(event_count).is_err() {
            return Err(CC_E_LENGTH);
        }
        // SAFETY: the caller's.
        let kill = unsafe { kill_list(kill) }?;
        // SAFETY: the caller's.
        let words = unsafe { memory::words(scratch, scratch_size) }?;
        // SAFETY: the caller's.
        let matches = unsafe { memory::slots(matches, capacity) }?;
        // SAFETY: the caller's.
        let outcomes = unsafe { memory::slots(outcomes, event_count) }?;
        for (number, (event, outcome)) in (0..u32::MAX).zip(events.iter().zip(outcomes)) {
            let mut room = matches.get_mut(*match_count..).unwrap_or(&mut []).iter_mut();
            let put = |rule| room.next().map(|slot| slot.write(CcMatch { event: number, rule })).is_some();
            // SAFETY: the caller's.
            let ended = unsafe { evaluate(image, event, &kill, (&mut *words, scratch_size), budget, put) };
            if ended.status == CC_MORE && number > 0 {
                return Ok(CC_MORE);
            }
            outcome.write(ended);
            *evaluated = evaluated.wrapping_add(1);
            *match_count = match_count.wrapping_add(ended.match_count as usize);
        }
        Ok(CC_OK)
    };
    all().unwrap_or_else(|status| status)
}

/// Writes how an event ended, where somebody asks.
fn told(outcome: Option<&mut MaybeUninit<CcOutcome>>, ended: CcOutcome) -> CcStatus {
    if let Some(outcome) = outcome {
        outcome.write(ended);
    }
    ended.status
}

/// `cc_why`: the tests on the way of an event through a rule.
///
/// # Safety
/// As the header says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_why(
    image: *const CcImage,
    event: *const CcEvent,
    rule: u32,
    scratch: *mut c_void,
    scratch_size: usize,
    reasons: *mut CcReason,
    capacity: usize,
    count: *mut usize,
    outcome: *mut CcOutcome,
) -> CcStatus {
    // SAFETY: the caller's.
    let outcome = match unsafe { memory::optional(outcome) } {
        Ok(outcome) => outcome,
        Err(status) => return status,
    };
    let explained = || -> Result<CcOutcome, CcOutcome> {
        // SAFETY: the caller's.
        let mut reasons = unsafe { array(reasons, capacity, count) }?;
        // SAFETY: the caller's.
        let image = unsafe { self::image(image) }?;
        // SAFETY: the caller's.
        let event = unsafe { memory::one(event) }?;
        // SAFETY: the caller's.
        let words = unsafe { memory::words(scratch, scratch_size) }?;
        // SAFETY: the caller's.
        let ready = unsafe { ready(image, event, words, scratch_size) }?;
        let matches =
            ready.bound.why(rule, ready.scratch, |reason| reasons.put(shown(image, &ready.event, &reason)))?;
        Ok(CcOutcome { match_count: u32::from(matches), ..CcOutcome::of(reasons.status()) })
    };
    told(outcome, explained().unwrap_or_else(|outcome| outcome))
}

/// A reason with its names and its text.
fn shown(image: &CcImage, event: &Event<'_>, reason: &Reason) -> CcReason {
    let name = reason.input.and_then(|input| image.input_name(input)).unwrap_or("");
    let none = CcReason {
        test: CcBytes::of(reason.opcode.as_str().as_bytes()),
        input_name: CcBytes::of(name.as_bytes()),
        text: CcBytes::NONE,
        input: reason.input.unwrap_or(CC_NONE),
        holds: u32::from(reason.holds),
        values: CC_NONE,
        index: CC_NONE,
        element: CC_NONE64,
        offset: 0,
        length: 0,
    };
    let Some(found) = reason.found else { return none };
    CcReason {
        text: text(event, &found).map_or(CcBytes::NONE, CcBytes::of),
        values: match found.values {
            Values::Inputs => CC_VALUES_INPUTS,
            Values::Header => CC_VALUES_HEADER,
            Values::Others => CC_VALUES_OTHERS,
        },
        index: u32::try_from(found.index).unwrap_or(CC_NONE),
        element: found.element.map_or(CC_NONE64, |element| element as u64),
        offset: found.offset as u64,
        length: found.len as u64,
        ..none
    }
}

/// The text that decided, where an event has it: that of a number is nowhere.
fn text<'e>(event: &Event<'e>, found: &Found) -> Option<&'e [u8]> {
    let values = match found.values {
        Values::Inputs => event.inputs,
        Values::Header => event.header,
        Values::Others => event.others,
    };
    let value = *values.get(found.index)?;
    let value = match found.element {
        Some(element) => value.elements().nth(element)?,
        None => value,
    };
    let Value::Text(text) = value else { return None };
    text.get(found.offset..found.offset.checked_add(found.len)?)
}

/// `cc_mistyped`: the inputs of an event whose value is of a wrong type.
///
/// # Safety
/// As the header says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_mistyped(
    image: *const CcImage,
    event: *const CcEvent,
    scratch: *mut c_void,
    scratch_size: usize,
    inputs: *mut u32,
    capacity: usize,
    count: *mut usize,
    outcome: *mut CcOutcome,
) -> CcStatus {
    // SAFETY: the caller's.
    let outcome = match unsafe { memory::optional(outcome) } {
        Ok(outcome) => outcome,
        Err(status) => return status,
    };
    let named = || -> Result<CcOutcome, CcOutcome> {
        // SAFETY: the caller's.
        let mut inputs: Array<'_, u32> = unsafe { array(inputs, capacity, count) }?;
        // SAFETY: the caller's.
        let image = unsafe { self::image(image) }?;
        // SAFETY: the caller's.
        let event = unsafe { memory::one(event) }?;
        // SAFETY: the caller's.
        let words = unsafe { memory::words(scratch, scratch_size) }?;
        // SAFETY: the caller's.
        let ready = unsafe { ready(image, event, words, scratch_size) }?;
        ready.bound.mistyped_inputs().for_each(|input| inputs.put(input));
        Ok(CcOutcome { mistyped: ready.bound.mistyped(), ..CcOutcome::of(inputs.status()) })
    };
    told(outcome, named().unwrap_or_else(|outcome| outcome))
}
