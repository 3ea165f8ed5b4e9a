//! Automata of expressions: deterministic ones read a byte a step, nondeterministic ones a
//! character, with all their states at once. Neither goes back in the text.

use crate::fault::Fault;
use crate::format::{Assertion, MATCHED, NfaKind, NfaState, Regex, Section};
use crate::image::Image;
use crate::meter::Meter;

/// Where the scratch of a nondeterministic automaton is too small, the image was not verified.
const CORRUPT: Fault = Fault::Corrupt { section: Section::Regexes };

/// Whether the expression matches somewhere in the text.
///
/// # Errors
/// When the automaton is not in order, or the scratch too small.
pub(crate) fn is_match<M: Meter>(
    image: &Image<'_>,
    regex: u32,
    text: &[u8],
    scratch: &mut [u64],
    meter: &mut M,
) -> Result<bool, Fault> {
    let regex = Regex::decode(image.regexes.get(regex).ok_or(CORRUPT)?);
    let end = regex.table.wrapping_add(regex.len);
    let table = image.automata.get(regex.table as usize..end as usize).ok_or(CORRUPT)?;
    if regex.kind == 0 {
        meter.spend(1 + text.len() as u64);
        deterministic(&regex, table, text)
    } else {
        nondeterministic(&regex, table, text, scratch, meter)
    }
}

fn deterministic(regex: &Regex, table: &[u8], text: &[u8]) -> Result<bool, Fault> {
    let (classes, _) = table.split_first_chunk::<256>().ok_or(CORRUPT)?;
    // A state is the place of its row, counted from two before the first row.
    let (moves, _) = table.get(252..).ok_or(CORRUPT)?.as_chunks::<2>();
    // INVARIANT: there are 256 classes, one for each byte.
    #[expect(clippy::indexing_slicing, reason = "a byte is less than the 256 of the array")]
    let class = |byte: u8| classes[usize::from(byte)];
    let next = |state: u16, class: u16| {
        let place = usize::from(state).wrapping_add(usize::from(class));
        moves.get(place).map(|next| u16::from_le_bytes(*next))
    };
    let mut state = regex.start as u16;
    let mut rest = text;
    while state > MATCHED {
        let Some((byte, behind)) = rest.split_first() else { break };
        let before = state;
        state = next(before, u16::from(class(*byte))).ok_or(CORRUPT)?;
        rest = behind;
        // A search that stays in its state often does so for long. Then where it leaves is found for
        // eight bytes at once: none of them waits for the one before it.
        while state == before
            && let Some(eight) = rest.first_chunk::<8>()
        {
            let mut leaves = 0_u32;
            for byte in eight.iter().rev() {
                let stays = next(before, u16::from(class(*byte))).ok_or(CORRUPT)? == before;
                leaves = leaves << 1 | u32::from(!stays);
            }
            let stays = (leaves | 1 << 8).trailing_zeros() as usize;
            rest = rest.get(stays..).unwrap_or(&[]);
            if stays < 8 {
                break;
            }
        }
    }
    if state > MATCHED {
        state = next(state, regex.classes).ok_or(CORRUPT)?;
    }
    Ok(state == MATCHED)
}

/// The character at the beginning of some UTF-8, and its bytes. What is not UTF-8 counts as a
/// character of one byte that is in no class.
fn decode(text: &[u8]) -> Option<(u32, usize)> {
    let tail = |byte: &u8| u32::from(*byte & 0x3F);
    Some(match text {
        [] => return None,
        [a @ 0..=0x7F, ..] => (u32::from(*a), 1),
        [a @ 0xC0..=0xDF, b, ..] => (u32::from(*a & 0x1F) << 6 | tail(b), 2),
        [a @ 0xE0..=0xEF, b, c, ..] => (u32::from(*a & 0x0F) << 12 | tail(b) << 6 | tail(c), 3),
        [a @ 0xF0..=0xF7, b, c, d, ..] => (u32::from(*a & 0x07) << 18 | tail(b) << 12 | tail(c) << 6 | tail(d), 4),
        _ => (u32::MAX, 1),
    })
}

const fn is_word(byte: Option<&u8>) -> bool {
    matches!(byte, Some(b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_'))
}

fn asserted(assertion: u32, text: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| text.get(before));
    let after = text.get(at);
    match u8::try_from(assertion).ok().and_then(Assertion::from_number) {
        Some(Assertion::Start) => before.is_none(),
        Some(Assertion::End) => after.is_none(),
        Some(Assertion::LineStart) => matches!(before, None | Some(b'\n')),
        Some(Assertion::LineEnd) => matches!(after, None | Some(b'\n')),
        Some(Assertion::Word) => is_word(before) != is_word(after),
        Some(Assertion::NotWord) => is_word(before) == is_word(after),
        None => false,
    }
}

/// Two states in a word.
struct Stack<'s> {
    words: &'s mut [u64],
    len: usize,
}

impl Stack<'_> {
    fn push(&mut self, state: u32) -> Result<(), Fault> {
        let word = self.words.get_mut(self.len >> 1).ok_or(CORRUPT)?;
        let shift = (self.len as u32 & 1) << 5;
        *word = *word & !(0xFFFF_FFFF_u64 << shift) | u64::from(state) << shift;
        self.len = self.len.wrapping_add(1);
        Ok(())
    }

    fn pop(&mut self) -> Option<u32> {
        self.len = self.len.checked_sub(1)?;
        let word = *self.words.get(self.len >> 1)?;
        Some((word >> ((self.len as u32 & 1) << 5)) as u32)
    }
}

/// Marks a state; whether it was not marked before.
fn mark(set: &mut [u64], state: u32) -> Result<bool, Fault> {
    let word = set.get_mut((state >> 6) as usize).ok_or(CORRUPT)?;
    let bit = 1_u64 << (state & 63);
    let fresh = *word & bit == 0;
    *word |= bit;
    Ok(fresh)
}

fn nondeterministic<M: Meter>(
    regex: &Regex,
    table: &[u8],
    text: &[u8],
    scratch: &mut [u64],
    meter: &mut M,
) -> Result<bool, Fault> {
    let (states, _) = table.as_chunks::<{ NfaState::SIZE }>();
    let set = regex.states.div_ceil(64) as usize;
    let (sets, stack) = scratch.split_at_mut_checked(set.wrapping_mul(2)).ok_or(CORRUPT)?;
    let (mut current, mut next) = sets.split_at_mut_checked(set).ok_or(CORRUPT)?;
    current.fill(0);
    let mut stack = Stack { words: stack, len: 0 };
    let mut at = 0_usize;
    loop {
        // The search may begin at every character.
        if mark(current, regex.start)? {
            stack.push(regex.start)?;
        }
        // What was entered by a step waits in the stack too.
        let mut left = (states.len() as u64).wrapping_mul(2).wrapping_add(2);
        while let Some(state) = stack.pop() {
            left = left.checked_sub(1).ok_or(CORRUPT)?;
            meter.spend(1);
            let record = NfaState::decode(states.get(state as usize).ok_or(CORRUPT)?);
            match NfaKind::from_number(record.kind).ok_or(CORRUPT)? {
                NfaKind::Match => return Ok(true),
                NfaKind::Range => {}
                NfaKind::Fork => {
                    for target in [record.next, record.low] {
                        if mark(current, target)? {
                            stack.push(target)?;
                        }
                    }
                }
                NfaKind::Assert => {
                    if asserted(record.low, text, at) && mark(current, record.next)? {
                        stack.push(record.next)?;
                    }
                }
            }
        }
        let Some((character, bytes)) = decode(text.get(at..).unwrap_or(&[])) else { return Ok(false) };
        next.fill(0);
        for (index, word) in current.iter().enumerate() {
            let mut bits = *word;
            while bits != 0 {
                let state = (index as u32) << 6 | bits.trailing_zeros();
                bits &= bits.wrapping_sub(1);
                meter.spend(1);
                let record = NfaState::decode(states.get(state as usize).ok_or(CORRUPT)?);
                if record.kind == NfaKind::Range as u8
                    && record.low <= character
                    && character <= record.high
                    && mark(next, record.next)?
                {
                    stack.push(record.next)?;
                }
            }
        }
        meter.spend(1 + set as u64);
        core::mem::swap(&mut current, &mut next);
        at = at.wrapping_add(bytes);
    }
}
