//! Automata of expressions: deterministic ones read a byte a step, nondeterministic ones a
//! character, with all their states at once. Neither goes back in the text. A byte that begins no well-formed
//! sequence of UTF-8 both read as the character of [`crate::utf8`].

use crate::cost::price;
use crate::fault::{Fault, Halt};
use crate::format::{Assertion, MATCHED, NfaKind, NfaState, Regex, Section};
use crate::image::Image;
use crate::meter::Meter;
use crate::text::BLOCK;
use crate::utf8;

/// Where the scratch of a nondeterministic automaton is too small, the image was not verified.
const CORRUPT: Fault = Fault::Corrupt { section: Section::Regexes };

/// Whether the expression matches somewhere in the text: then, behind which byte that was decided.
///
/// # Errors
/// When the automaton is not in order, the scratch too small, or the steps are spent.
pub(crate) fn find_end<M: Meter>(
    image: &Image<'_>,
    regex: u32,
    text: &[u8],
    scratch: &mut [u64],
    meter: &mut M,
) -> Result<Option<usize>, Halt> {
    let regex = Regex::decode(image.regexes.get(regex).ok_or(CORRUPT)?);
    let end = regex.table.wrapping_add(regex.len);
    let table = image.automata.get(regex.table as usize..end as usize).ok_or(CORRUPT)?;
    if regex.kind == 0 {
        deterministic(&regex, table, text, meter)
    } else {
        nondeterministic(&regex, table, text, scratch, meter)
    }
}

/// A deterministic automaton on its way through a text.
struct Walk<'t> {
    classes: &'t [u8; 256],
    moves: &'t [[u8; 2]],
    state: u16,
}

impl Walk<'_> {
    #[inline(always)]
    fn next(&self, state: u16, class: u16) -> Option<u16> {
        let place = usize::from(state).wrapping_add(usize::from(class));
        self.moves.get(place).map(|next| u16::from_le_bytes(*next))
    }

    // INVARIANT: there are 256 classes, one for each byte.
    #[expect(clippy::indexing_slicing, reason = "a byte is less than the 256 of the array")]
    #[inline(always)]
    fn class(&self, byte: u8) -> u16 {
        u16::from(self.classes[usize::from(byte)])
    }

    /// Reads bytes until the search is decided; how many it read.
    fn read(&mut self, bytes: &[u8]) -> Result<usize, Fault> {
        let mut rest = bytes;
        while self.state > MATCHED {
            let Some((byte, behind)) = rest.split_first() else { break };
            let before = self.state;
            self.state = self.next(before, self.class(*byte)).ok_or(CORRUPT)?;
            rest = behind;
            // A search that stays in its state often does so for long. Then where it leaves is found for
            // eight bytes at once: none of them waits for the one before it.
            while self.state == before
                && let Some(eight) = rest.first_chunk::<8>()
            {
                let mut leaves = 0_u32;
                for byte in eight.iter().rev() {
                    let stays = self.next(before, self.class(*byte)).ok_or(CORRUPT)? == before;
                    leaves = leaves << 1 | u32::from(!stays);
                }
                let stays = (leaves | 1 << 8).trailing_zeros() as usize;
                rest = rest.get(stays..).unwrap_or(&[]);
                if stays < 8 {
                    break;
                }
            }
        }
        Ok(bytes.len().wrapping_sub(rest.len()))
    }
}

fn deterministic<M: Meter>(regex: &Regex, table: &[u8], text: &[u8], meter: &mut M) -> Result<Option<usize>, Halt> {
    let (classes, _) = table.split_first_chunk::<256>().ok_or(CORRUPT)?;
    // A state is the place of its row, counted from two before the first row.
    let (moves, _) = table.get(252..).ok_or(CORRUPT)?.as_chunks::<2>();
    let mut walk = Walk { classes, moves, state: regex.start as u16 };
    let mut at = 0_usize;
    meter.spend(1)?;
    while walk.state > MATCHED && at < text.len() {
        let rest = text.get(at..).unwrap_or(&[]);
        let block = rest.get(..BLOCK).unwrap_or(rest);
        let read = match core::str::from_utf8(block) {
            Ok(_) => {
                meter.spend(price::automaton(block.len()))?;
                walk.read(block)?
            }
            Err(error) => {
                let valid = error.valid_up_to();
                meter.spend(price::automaton(valid))?;
                let mut read = walk.read(block.get(..valid).unwrap_or(&[]))?;
                // The end of a block may lie within a character: what is left is read with the next one.
                let rest = rest.get(valid..).unwrap_or(&[]);
                if walk.state > MATCHED
                    && let Some((character, bytes)) = utf8::first(rest)
                {
                    meter.spend(price::ILL_FORMED)?;
                    read = read.wrapping_add(if character >= utf8::ILL_FORMED && bytes == 1 {
                        walk.read(&utf8::as_read(character as u8))?;
                        1
                    } else {
                        walk.read(rest.get(..bytes).unwrap_or(&[]))?
                    });
                }
                read
            }
        };
        at = at.wrapping_add(read);
    }
    if walk.state > MATCHED {
        walk.state = walk.next(walk.state, regex.classes).ok_or(CORRUPT)?;
    }
    Ok((walk.state == MATCHED).then_some(at))
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
) -> Result<Option<usize>, Halt> {
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
            meter.spend(price::STATE)?;
            let record = NfaState::decode(states.get(state as usize).ok_or(CORRUPT)?);
            match NfaKind::from_number(record.kind).ok_or(CORRUPT)? {
                NfaKind::Match => return Ok(Some(at)),
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
        let Some((character, bytes)) = utf8::first(text.get(at..).unwrap_or(&[])) else { return Ok(None) };
        next.fill(0);
        for (index, word) in (0..u32::MAX).zip(current.iter()) {
            let mut bits = *word;
            while bits != 0 {
                let state = index << 6 | bits.trailing_zeros();
                bits &= bits.wrapping_sub(1);
                meter.spend(price::STATE)?;
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
        meter.spend(price::character(set as u64))?;
        core::mem::swap(&mut current, &mut next);
        at = at.wrapping_add(bytes);
    }
}
