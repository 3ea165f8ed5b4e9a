//! Findings: what an analysis of rules has to say to their authors, as diagnostics.
//!
//! Only proofs become findings, so there is nothing that an event could confirm, and what is not known is not
//! said. What the checks of the parser report already is not said again.

mod across;
mod rule;

use contentcheck_parser::check::parallel;
use contentcheck_parser::diagnostic::{Code, Diagnostic, codes};
use contentcheck_parser::model::CheckedRule;
use contentcheck_parser::source::{Source, Span};
use rustc_hash::FxHashMap;

use crate::analysis::Analysis;

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
        static QUICK: &[&Code] =
            &[&codes::CONTRADICTION, &codes::TAUTOLOGY, &codes::DEAD_FILTER, &codes::SWALLOWING_FILTER];
        match self {
            Self::Quick => QUICK,
            Self::Deep => codes::BY_ANALYSIS,
        }
    }
}

/// Rules that share one analysis. What is found does not depend on it, and so not on the number of threads.
const TOGETHER: usize = 16;

/// What there is to say of rules, in their order; first of each alone, then of each beside the others. `known` is what
/// other checks found in them.
#[must_use]
pub fn findings(rules: &[&CheckedRule], known: &[&Diagnostic], depth: Depth, threads: usize) -> Vec<Diagnostic> {
    let known = Known::new(known);
    let chunks: Vec<&[&CheckedRule]> = rules.chunks(TOGETHER).collect();
    let of_rules = parallel::map(&chunks, threads, |chunk| {
        let mut analysis = Analysis::of_proofs();
        chunk.iter().flat_map(|rule| rule::findings(&mut analysis, rule, depth, &known)).collect::<Vec<_>>()
    });
    let mut found: Vec<Diagnostic> = of_rules.into_iter().flatten().collect();
    if depth == Depth::Deep {
        found.extend(across::findings(rules, threads, &known));
    }
    found
}

/// What other checks found, by the name of the file.
struct Known<'d>(FxHashMap<&'d str, Vec<&'d Diagnostic>>);

impl<'d> Known<'d> {
    fn new(all: &[&'d Diagnostic]) -> Self {
        let related: [&Code; 9] = [
            &codes::UNEXPANDED_PLACEHOLDER,
            &codes::NEVER_FIRES,
            &codes::ALWAYS_FIRES,
            &codes::DEAD_BRANCH,
            &codes::DUPLICATE_PREDICATE,
            &codes::DUPLICATE_RULE,
            &codes::WILDCARD_ONLY,
            &codes::IMPOSSIBLE_VALUE,
            &codes::ALL_OF_EQUALS,
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

    /// Whether something else was found in a place.
    fn says(&self, source: &Source, place: Span) -> bool {
        self.of(source).any(|known| known.span.start < place.end && place.start < known.span.end)
    }

    /// Whether a code was found in a file.
    fn has(&self, source: &Source, code: &Code) -> bool {
        self.of(source).any(|known| known.code.id == code.id)
    }
}
