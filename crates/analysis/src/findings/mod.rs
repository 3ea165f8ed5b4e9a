//! Findings: what an analysis of rules has to say to their authors, as diagnostics.
//!
//! Only proofs become findings, so there is nothing that an event could confirm, and what is not known is not
//! said. What the checks of the parser report already is not said again.

mod across;
mod looks;
mod rule;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use contentcheck_model::diagnostic::{Code, Diagnostic, codes};
use contentcheck_model::predicate::Test;
use contentcheck_model::rule::{CheckedRule, Target};
use contentcheck_model::source::{Source, Span};
use contentcheck_parser::check::parallel;
use contentcheck_parser::release::Further;
use rustc_hash::FxHashMap;

use crate::analysis::Analysis;

pub use across::{Implied, implied};

/// How much is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Whether each rule can fire, whether it always does, and whether its filters do anything: on every save.
    Quick,
    /// Besides, which parts and values say nothing, and which rules say the same or less than another.
    Deep,
}

impl Depth {
    /// The codes that are looked for.
    #[must_use]
    pub fn codes(self) -> &'static [&'static Code] {
        static QUICK: &[&Code] = &[
            &codes::CONTRADICTION,
            &codes::TAUTOLOGY,
            &codes::DEAD_FILTER,
            &codes::SWALLOWING_FILTER,
            &codes::UNLIKELY_VALUE,
        ];
        match self {
            Self::Quick => QUICK,
            Self::Deep => codes::BY_ANALYSIS,
        }
    }

    /// Steps that may be taken for the rules of one file: well below a second for a quick look on a small machine, and a
    /// second or two for a deep one.
    const fn work(self) -> u64 {
        match self {
            Self::Quick => 50_000_000,
            Self::Deep => 150_000_000,
        }
    }
}

/// Rules that share one analysis, unless one file has more. What is found does not depend on it, and so not on the
/// number of threads.
const TOGETHER: usize = 16;

impl Further for Depth {
    fn codes(&self) -> &'static [&'static Code] {
        Self::codes(*self)
    }

    fn of_rules(&self, rules: &[&CheckedRule], known: &[&Diagnostic], threads: usize) -> Vec<Diagnostic> {
        of_rules(rules, &Known::new(known), *self, threads, None).0
    }

    fn across(&self, rules: &[&CheckedRule], known: &[&Diagnostic], threads: usize) -> Vec<Diagnostic> {
        match self {
            Self::Quick => Vec::new(),
            Self::Deep => across::findings(rules, threads, &Known::new(known)).0,
        }
    }
}

/// A look that also counts what it left.
#[derive(Debug)]
pub struct Counted {
    depth: Depth,
    unasked: AtomicU64,
    left: Mutex<Vec<Left>>,
}

/// A file whose last rules were not looked at to the end: what one file may take was spent on those before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The name of the file.
    pub file: String,
    /// How many rules.
    pub rules: usize,
}

impl Counted {
    /// A look of this depth.
    #[must_use]
    pub const fn new(depth: Depth) -> Self {
        Self { depth, unasked: AtomicU64::new(0), left: Mutex::new(Vec::new()) }
    }

    /// Files with rules that were not looked at to the end, in their order.
    #[must_use]
    pub fn left(&self) -> Vec<Left> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Pairs of rules that were not held against each other, since the work that all may take was done.
    #[must_use]
    pub fn unasked(&self) -> u64 {
        self.unasked.load(Ordering::Relaxed)
    }
}

impl Further for Counted {
    fn codes(&self) -> &'static [&'static Code] {
        self.depth.codes()
    }

    fn of_rules(&self, rules: &[&CheckedRule], known: &[&Diagnostic], threads: usize) -> Vec<Diagnostic> {
        let (found, left) = of_rules(rules, &Known::new(known), self.depth, threads, None);
        self.left.lock().unwrap_or_else(PoisonError::into_inner).extend(left);
        found
    }

    fn across(&self, rules: &[&CheckedRule], known: &[&Diagnostic], threads: usize) -> Vec<Diagnostic> {
        if self.depth == Depth::Quick {
            return Vec::new();
        }
        let (found, unasked) = across::findings(rules, threads, &Known::new(known));
        self.unasked.fetch_add(unasked, Ordering::Relaxed);
        found
    }
}

/// What a deep look says of each rule alone that a quick one does not, where it is not stopped meanwhile: in an editor, that is worked out while
/// nobody types.
#[must_use]
pub fn deeper(rules: &[&CheckedRule], known: &[&Diagnostic], stop: &Arc<AtomicBool>) -> Option<Vec<Diagnostic>> {
    let (mut found, _) = of_rules(rules, &Known::new(known), Depth::Deep, 1, Some(stop));
    found.retain(|found| Depth::Quick.codes().iter().all(|code| code.id != found.code.id));
    (!stop.load(Ordering::Relaxed)).then_some(found)
}

/// What there is to say of each rule alone, in their order, and which files took more work than one may. Once it is to stop, what is found is of no use.
fn of_rules(
    rules: &[&CheckedRule],
    known: &Known<'_>,
    depth: Depth,
    threads: usize,
    stop: Option<&Arc<AtomicBool>>,
) -> (Vec<Diagnostic>, Vec<Left>) {
    let of_rules = parallel::map(&chunks(rules), threads, |chunk| {
        let mut analysis = Analysis::of_proofs();
        if let Some(stop) = stop {
            analysis.stop_at(Arc::clone(stop));
        }
        let (mut found, mut left) = (Vec::new(), Vec::<Left>::new());
        let mut last: Option<&Source> = None;
        for rule in *chunk {
            if stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
                break;
            }
            // What one file may take, however many rules it has.
            if last.is_none_or(|last| !last.is(&rule.source)) {
                analysis.allow(depth.work());
                last = Some(&rule.source);
            }
            found.extend(rule::findings(&mut analysis, rule, depth, known));
            found.extend(looks::findings(rule, known));
            if analysis.is_done() {
                match left.last_mut().filter(|left| left.file == rule.source.name()) {
                    Some(left) => left.rules += 1,
                    None => left.push(Left { file: rule.source.name().to_owned(), rules: 1 }),
                }
            }
        }
        (found, left)
    });
    let (found, left): (Vec<_>, Vec<_>) = of_rules.into_iter().unzip();
    (found.into_iter().flatten().collect(), left.into_iter().flatten().collect())
}

/// The rules in parts of some size, those of one file together.
fn chunks<'r, 'c>(rules: &'r [&'c CheckedRule]) -> Vec<&'r [&'c CheckedRule]> {
    let mut chunks = Vec::new();
    let mut begin = 0;
    for (at, rule) in rules.iter().enumerate() {
        let goes_on = rules.get(at + 1).is_some_and(|next| next.source.is(&rule.source));
        if !goes_on && at + 1 - begin >= TOGETHER {
            chunks.extend(rules.get(begin..=at));
            begin = at + 1;
        }
    }
    chunks.extend(rules.get(begin..).filter(|rest| !rest.is_empty()));
    chunks
}

/// What other checks found, by the name of the file.
struct Known<'d>(FxHashMap<&'d str, Vec<&'d Diagnostic>>);

impl<'d> Known<'d> {
    fn new(all: &[&'d Diagnostic]) -> Self {
        // Those that say what a proof would say of the same place, and no others: what one finding is may be accepted, and then
        // nothing would say any more what the other one is. A rule with an error is not proven anything of.
        let related: [&Code; 6] = [
            &codes::UNEXPANDED_PLACEHOLDER,
            &codes::DEAD_BRANCH,
            &codes::DUPLICATE_PREDICATE,
            &codes::DUPLICATE_RULE,
            &codes::ALL_OF_EQUALS,
            &codes::WILDCARD_ONLY,
        ];
        let mut by_name: FxHashMap<&str, Vec<&Diagnostic>> = FxHashMap::default();
        for diagnostic in all.iter().filter(|diagnostic| related.iter().any(|code| code.id == diagnostic.code.id)) {
            by_name.entry(diagnostic.source.name()).or_default().push(diagnostic);
        }
        Self(by_name)
    }

    fn of(&self, source: &Source) -> impl Iterator<Item = &'d Diagnostic> {
        self.0.get(source.name()).into_iter().flatten().copied().filter(|diagnostic| diagnostic.source.is(source))
    }

    /// Whether what a proof says of a place, under its code, was found in another way. What a list has twice says nothing about
    /// the predicate around it, and that a value matches everything no more than that its predicate can go.
    fn says(&self, source: &Source, place: Span, code: &Code) -> bool {
        self.of(source).any(|known| {
            let (from, to) = (known.span.start, known.span.end);
            let is_value = known.code.id == codes::DUPLICATE_PREDICATE.id && (place.start < from || to < place.end);
            let is_other = known.code.id == codes::WILDCARD_ONLY.id && code.id != codes::IMPLIED_PART.id;
            from < place.end && place.start < to && !is_value && !is_other
        })
    }

    /// Whether a code was found in a rule.
    fn has(&self, rule: &CheckedRule, code: &Code) -> bool {
        let (from, to) = (rule.extent.start, rule.extent.end);
        self.of(&rule.source).any(|known| known.code.id == code.id && from <= known.span.start && known.span.start < to)
    }
}

/// Whether a condition has a placeholder that nothing expanded.
fn is_unexpanded(target: &Target) -> bool {
    let mut found = false;
    target.condition.each(&mut |predicate, _| found |= *predicate.test == Test::Unexpanded);
    found
}
