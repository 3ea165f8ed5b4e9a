//! Needles: a few pairs of bytes of which each of some literals has one, and which ordinary values seldom have.

use std::collections::{BTreeMap, BTreeSet};

use contentcheck_interpreter::format::NEEDLES_MAX;

use crate::frequency::{Factor, Likely, pairs_of};

/// Choices that are tried before the best so far is taken.
const CHOICES: usize = 20_000;

/// Needles, and how they are expected to be met.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Needles {
    pub(crate) pairs: Vec<[u8; 2]>,
    /// The share of values in which one stands.
    pub(crate) share: f64,
}

/// The rarest needles that cover all literals; nothing where that takes more than a look can have.
pub(crate) fn covering(literals: &[&Factor], frequency: Likely<'_>) -> Option<Needles> {
    let mut known: BTreeMap<[u8; 2], Pair> = BTreeMap::new();
    let words = literals.len().div_ceil(64);
    let pairs: Vec<BTreeSet<[u8; 2]>> = literals.iter().map(|literal| pairs_of(&literal.bytes)).collect();
    for (number, pairs) in pairs.iter().enumerate() {
        for bytes in pairs {
            let new = || Pair { bytes: *bytes, share: frequency.pair(*bytes), covers: vec![0; words] };
            let pair = known.entry(*bytes).or_insert_with(new);
            if let Some(word) = pair.covers.get_mut(number / 64) {
                *word |= 1 << (number % 64);
            }
        }
    }
    let by_rarity = |pairs: &BTreeSet<[u8; 2]>| {
        let mut pairs: Vec<&Pair> = pairs.iter().filter_map(|bytes| known.get(bytes)).collect();
        pairs.sort_by(|a, b| a.share.total_cmp(&b.share).then_with(|| a.bytes.cmp(&b.bytes)));
        pairs
    };
    let of: Vec<Vec<&Pair>> = pairs.iter().map(by_rarity).collect();
    let most = known.values().map(|pair| count(&pair.covers)).max().unwrap_or(0);
    let mut search = Search { of: &of, most, best: None, left: CHOICES };
    let mut all = vec![u64::MAX; words];
    if let (Some(last), rest @ 1..) = (all.last_mut(), literals.len() % 64) {
        *last = (1 << rest) - 1;
    }
    search.cover(&all, &mut Vec::new(), 0.0);
    search.best
}

fn count(covered: &[u64]) -> u32 {
    covered.iter().map(|word| word.count_ones()).sum()
}

/// A pair of bytes that some literals have.
struct Pair {
    bytes: [u8; 2],
    /// The share of values in which it is expected.
    share: f64,
    /// The literals that have it, a bit each.
    covers: Vec<u64>,
}

struct Search<'s> {
    /// The pairs of each literal, the rarest first.
    of: &'s [Vec<&'s Pair>],
    /// The most literals that one pair covers.
    most: u32,
    best: Option<Needles>,
    left: usize,
}

impl Search<'_> {
    /// Covers the literals that are left, one more pair at a time: each that the hardest of them has.
    fn cover(&mut self, left: &[u64], chosen: &mut Vec<[u8; 2]>, share: f64) {
        if self.best.as_ref().is_some_and(|best| share >= best.share) {
            return;
        }
        let more = count(left);
        if more == 0 {
            self.best = Some(Needles { pairs: chosen.clone(), share });
            return;
        }
        let room = u32::from(NEEDLES_MAX).saturating_sub(chosen.len() as u32);
        let Some(choices) = self.left.checked_sub(1) else { return };
        self.left = choices;
        if more > room * self.most {
            return;
        }
        let is_left = |number: usize| left.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1);
        let hardest = self.of.iter().enumerate().filter(|(number, _)| is_left(*number)).min_by_key(|(_, of)| of.len());
        for pair in hardest.map_or(&[][..], |(_, pairs)| pairs) {
            let rest: Vec<u64> = left.iter().zip(&pair.covers).map(|(left, covered)| left & !covered).collect();
            chosen.push(pair.bytes);
            self.cover(&rest, chosen, share + pair.share);
            chosen.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frequency::Frequency;
    use contentcheck_interpreter::format::LiteralKind;

    fn literals(of: &[&str]) -> Vec<Factor> {
        let one =
            |text: &&str| Factor { kind: LiteralKind::Contains, ignore_case: true, bytes: text.as_bytes().into() };
        of.iter().map(one).collect()
    }

    fn found(of: &[&str]) -> Option<Needles> {
        let literals = literals(of);
        covering(&literals.iter().collect::<Vec<_>>(), Frequency::new(None).in_any())
    }

    #[test]
    fn every_literal_has_a_needle_and_rare_ones_are_taken() {
        let needles = found(&["sekurlsa::", "lsadump::", "kiwi and friends", "mimidrv.sys"]).expect("few will do");
        assert!(needles.pairs.contains(b"::"), "{needles:?}");
        for literal in ["sekurlsa::", "lsadump::", "kiwi and friends", "mimidrv.sys"] {
            assert!(pairs_of(literal.as_bytes()).iter().any(|pair| needles.pairs.contains(pair)), "{literal}");
        }
        assert!(needles.share < 0.2, "{needles:?}");
    }

    #[test]
    fn what_has_nothing_in_common_has_no_needles() {
        assert_eq!(found(&["abcd", "efgh", "ijkl", "mnop", "qrst"]), None);
        assert_eq!(found(&[]), Some(Needles { pairs: vec![], share: 0.0 }));
    }
}
