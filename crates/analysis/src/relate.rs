//! Questions about two conditions over one template type.

use contentcheck_model::rule::Target;
use rustc_hash::FxHashMap;

use crate::analysis::{Analysis, Example, Lowered, alike};
use crate::budget::Unknown;
use crate::decide::Fires;
use crate::events::Events;
use crate::formula::AtomId;
use crate::witness::Witness;

/// How the events of one condition relate to those of another.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// An event that the old condition fires on and the new one does not.
    pub only_old: Example,
    /// An event that the new condition fires on and the old one does not.
    pub only_new: Example,
}

/// A [`Difference`] in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Both fire on the same events.
    Equal,
    /// The new one fires on all events of the old one, and on more.
    Wider,
    /// The old one fires on all events of the new one, and on more.
    Narrower,
    /// Each fires where the other does not.
    Different,
    /// Not known.
    Unknown(Unknown),
}

impl Difference {
    /// The difference in one word.
    #[must_use]
    pub const fn relation(&self) -> Relation {
        match (&self.only_old, &self.only_new) {
            (Example::Found(_), Example::Found(_)) => Relation::Different,
            (Example::None, Example::None) => Relation::Equal,
            (Example::None, Example::Found(_)) => Relation::Wider,
            (Example::Found(_), Example::None) => Relation::Narrower,
            (Example::Unknown(reason), _) | (_, Example::Unknown(reason)) => Relation::Unknown(*reason),
        }
    }
}

/// A rule that fires wherever another does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Implication {
    /// Index of the target whose events the other has too.
    pub of: usize,
    /// Index of the target that fires on all of them.
    pub by: usize,
}

/// What is known of the implications among several targets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Implications {
    /// Proven ones, sorted.
    pub proven: Vec<Implication>,
    /// Those that are not known, sorted, with the reason.
    pub unknown: Vec<(Implication, Unknown)>,
    /// Pairs that a sample event refuted.
    pub refuted_by_samples: usize,
    /// Pairs that a search refuted.
    pub refuted_by_search: usize,
    /// Pairs that were not asked about, since the work that all may take was done.
    pub unasked: usize,
}

/// Steps to look at a pair that a sample refutes.
const PAIR: usize = 256;
/// Steps to look for one value in a sample event.
const VALUE: usize = 16;

impl Analysis<'_> {
    /// An event that `a` fires on and `b` does not: the counterexample to "`a` implies `b`". [`Example::None`]
    /// means that the implication is proven.
    pub fn implies(&mut self, a: &Target, b: &Target) -> Example {
        if !alike(&a.template, &b.template) {
            return Example::Unknown(Unknown::Templates);
        }
        self.begin();
        let events = Events::of(a).with([b]);
        let (of, by) = (self.lower_among(&events, a, &[a, b]), self.lower_among(&events, b, &[a, b]));
        self.implies_lowered(&events, (a, &of), (b, &by))
    }

    fn implies_lowered(
        &mut self,
        events: &Events<'_>,
        (a, of): (&Target, &Lowered),
        (b, by): (&Target, &Lowered),
    ) -> Example {
        let silent = self.formulas.negate(by.root);
        let formula = self.formulas.cancel(&[of.root, silent]);
        self.example(events, formula, &[(a, true), (b, false)]).0
    }

    /// How two conditions differ, with an event for each side.
    pub fn difference(&mut self, old: &Target, new: &Target) -> Difference {
        Difference { only_old: self.implies(old, new), only_new: self.implies(new, old) }
    }

    /// Whether two conditions fire on the same events.
    pub fn equivalent(&mut self, a: &Target, b: &Target) -> Relation {
        self.difference(a, b).relation()
    }

    /// An event that both fire on. [`Example::None`] means that they are disjoint.
    pub fn disjoint(&mut self, a: &Target, b: &Target) -> Example {
        if !alike(&a.template, &b.template) {
            return Example::Unknown(Unknown::Templates);
        }
        self.begin();
        let events = Events::of(a).with([b]);
        let (first, second) = (self.lower_among(&events, a, &[a, b]), self.lower_among(&events, b, &[a, b]));
        let formula = self.formulas.cancel(&[first.root, second.root]);
        self.example(&events, formula, &[(a, true), (b, true)]).0
    }

    /// All implications among targets of one template type: refuted by sample events first, proven second. A
    /// target that never fires is left out, since it implies everything.
    pub fn implications(&mut self, targets: &[&Target]) -> Implications {
        let mut all = Implications::default();
        let Some((first, rest)) = targets.split_first() else { return all };
        let events = Events::of(first).with(rest.iter().copied());
        let lowered: Vec<Lowered> = targets.iter().map(|target| self.lower_among(&events, target, targets)).collect();
        // Each target's own event, and what it says of the atoms of the others.
        let mut samples: Vec<Option<Vec<Witness>>> = Vec::with_capacity(targets.len());
        for target in targets {
            samples.push(match self.fires(target) {
                Fires::Yes(event) => Some(vec![event]),
                Fires::Unknown(_) => Some(Vec::new()),
                Fires::Never(_) => None,
            });
        }
        for (of, (target, sample)) in targets.iter().zip(&samples).enumerate() {
            let (Some(sample), Some(own)) = (sample, lowered.get(of)) else { continue };
            let mut sample = sample.clone();
            let mut looked = 0_usize;
            let mut truths: Vec<FxHashMap<AtomId, bool>> = sample.iter().map(|_| FxHashMap::default()).collect();
            for (by, (other, formula)) in targets.iter().zip(&lowered).enumerate() {
                // Each pair is a question.
                self.begin();
                if !self.charge(std::mem::take(&mut looked).saturating_add(PAIR)) {
                    // A pair is of two different targets.
                    let count = targets.len();
                    let of_this = count.saturating_sub(by).saturating_sub(usize::from(of >= by));
                    let others = count.saturating_sub(of + 1).saturating_mul(count.saturating_sub(1));
                    all.unasked = of_this.saturating_add(others);
                    return all;
                }
                if of == by || samples.get(by).is_none_or(Option::is_none) || !alike(&target.template, &other.template)
                {
                    continue;
                }
                // Not confirmed, as no event is reported: a wrong refutation would only leave a pair unproven.
                let refuted = sample.iter().zip(&mut truths).any(|(event, truths)| {
                    let Self { formulas, space, .. } = self;
                    let mut doubtful = false;
                    let holds = formulas.evaluate(formula.root, &mut |atom| {
                        *truths.entry(atom).or_insert_with(|| {
                            looked = looked.saturating_add(space.size(atom).saturating_mul(VALUE));
                            // What cannot be evaluated must not refute.
                            space.truth(atom, event).unwrap_or_else(|_| {
                                doubtful = true;
                                false
                            })
                        })
                    });
                    !holds && !doubtful
                });
                if refuted {
                    all.refuted_by_samples += 1;
                    continue;
                }
                let pair = Implication { of, by };
                match self.implies_lowered(&events, (target, own), (other, formula)) {
                    Example::None => all.proven.push(pair),
                    Example::Found(event) => {
                        all.refuted_by_search += 1;
                        // It may refute others as well.
                        sample.push(event);
                        truths.push(FxHashMap::default());
                    }
                    Example::Unknown(reason) => all.unknown.push((pair, reason)),
                }
            }
        }
        all
    }
}
