//! Approach: how values of an input are looked at for literals that stand anywhere in them.
//!
//! The more bytes lie between two looks, the less a value costs, but a literal must have a gram at each place where a look
//! may meet it. Where a few short literals alone stand in the way, needles tell the values in which they may stand.

use std::collections::BTreeMap;

use contentcheck_interpreter::format::{GRAM, LiteralKind};
use contentcheck_interpreter::hash;

use crate::factor::wide_gram;
use crate::frequency::{Factor, Fields, Likely};
use crate::needles::{Needles, covering};

/// Most bytes between two looks: beyond these a literal has more entries than its looks save.
const STRIDE: u8 = 5;
/// Literals that needles are looked for at most: more have hardly four pairs in common.
const COVERED: usize = 4_096;

/// How values of an input are looked at.
#[derive(Clone, Debug, Default)]
pub(crate) struct Approach {
    /// Bytes between two looks; 0: none.
    pub(crate) stride: u8,
    /// The same in a value with a needle; 0: there are none.
    pub(crate) close_stride: u8,
    /// As they are compared.
    pub(crate) needles: Vec<[u8; 2]>,
}

impl Approach {
    /// Where a needle stands in a literal that is found in texts with one alone; nothing where it is found in all.
    pub(crate) fn needle(&self, literal: &Factor) -> Option<u16> {
        if self.needles.is_empty() || grams(literal) >= self.stride && self.stride > 0 {
            return None;
        }
        let mut pairs = (0..=u16::MAX).zip(literal.bytes.windows(2));
        let is_needle =
            |pair: &[u8]| self.needles.iter().any(|needle| pair.iter().map(|byte| hash::blur(*byte)).eq(*needle));
        pairs.find(|(_, pair)| is_needle(pair)).map(|(at, _)| at)
    }

    /// What a value costs, in instructions, of a length that values have.
    fn cost(&self, share: f64) -> f64 {
        const BYTES: f64 = 64.0;
        let looks = |stride: u8| match stride {
            0 => 0.0,
            1 => 20.0 + 12.0 * BYTES,
            stride => 20.0 + 20.0 * BYTES / f64::from(stride),
        };
        let needled = if self.needles.is_empty() { 0.0 } else { 12.0 + 2.0 * BYTES };
        let share = share.min(1.0);
        needled + (1.0 - share) * looks(self.stride) + share * looks(self.close_stride)
    }
}

/// How many grams in a row a literal has, as far as strides go. One with bytes beyond ASCII is looked for at each byte.
fn grams(literal: &Factor) -> u8 {
    if wide_gram(&literal.bytes).is_some() {
        return 1;
    }
    u8::try_from((literal.bytes.len() + 1).saturating_sub(GRAM)).unwrap_or(u8::MAX).clamp(1, STRIDE)
}

/// For each input with literals that stand anywhere, the cheapest way to look at its values.
pub(crate) fn approaches<'l>(
    literals: impl Iterator<Item = &'l (u16, Factor)>,
    fields: Fields<'_>,
) -> BTreeMap<u16, Approach> {
    let mut by_input: BTreeMap<u16, Vec<&Factor>> = BTreeMap::new();
    for (input, factor) in literals.filter(|(_, factor)| factor.kind == LiteralKind::Contains) {
        by_input.entry(*input).or_default().push(factor);
    }
    by_input.into_iter().map(|(input, of)| (input, approach(&of, fields(input)))).collect()
}

fn approach(literals: &[&Factor], frequency: Likely<'_>) -> Approach {
    let least = literals.iter().map(|literal| grams(literal)).min().unwrap_or(1);
    let plain = Approach { stride: least, ..Approach::default() };
    let mut best = (plain.cost(0.0), plain);
    // Without any stride every literal needs a needle; with a longer one those that have less grams.
    for stride in (least + 1..=STRIDE).chain([0]) {
        let close: Vec<&Factor> =
            literals.iter().copied().filter(|literal| stride == 0 || grams(literal) < stride).collect();
        if close.len() > COVERED {
            break;
        }
        let Some(Needles { pairs, share }) = covering(&close, frequency) else {
            // More literals have no fewer needles.
            break;
        };
        let approach = Approach { stride, close_stride: least, needles: pairs };
        let cost = approach.cost(share);
        if cost < best.0 {
            best = (cost, approach);
        }
    }
    best.1
}
