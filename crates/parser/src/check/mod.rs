//! Check: from sources to [`CheckedContent`].
//!
//! Files are checked one by one, in parallel, against a [`Catalogue`] and a [`Fleet`]; then
//! what can only be seen across files is checked. The order of the findings depends on the
//! names of the files alone.

mod across;
mod arity;
mod capacity;
pub mod parallel;
pub mod suppress;
mod templates;

use std::collections::HashSet;

use crate::catalogue::Catalogue;
use crate::diagnostic::{Code, Diagnostic, Severity, Sink, codes};
use crate::limits;
use crate::model::CheckedRule;
use crate::native;
use crate::sensor::Fleet;
use crate::sigma;
use crate::source::{Source, Span};
use crate::template::TemplateType;

/// The two languages of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `*.content`
    Native,
    /// `*.yml`, `*.yaml`
    Sigma,
}

impl Language {
    /// The language that a file name means.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let extension = name.rsplit_once('.')?.1;
        if extension.eq_ignore_ascii_case("content") {
            Some(Self::Native)
        } else if extension.eq_ignore_ascii_case("yml") || extension.eq_ignore_ascii_case("yaml") {
            Some(Self::Sigma)
        } else {
            None
        }
    }
}

/// What content is checked against, and how.
#[derive(Debug)]
pub struct Context<'a> {
    /// Template types that ship with the tool; the content's own come on top.
    pub library: Vec<TemplateType>,
    /// The sensors that the content is for. Without one the arity rule is not checked.
    pub fleet: Option<&'a Fleet>,
    /// How many threads to use, at least one.
    pub threads: usize,
}

/// Content that was read, resolved and typed. Made by [`check`] alone.
#[derive(Debug)]
pub struct CheckedContent {
    rules: Vec<CheckedRule>,
    catalogue: Catalogue,
    /// Of each file with rules that are not among these the first error.
    flaws: Vec<Diagnostic>,
}

impl CheckedContent {
    /// The rules, in the order of the files.
    #[must_use]
    pub fn rules(&self) -> &[CheckedRule] {
        &self.rules
    }

    /// The template types in force.
    #[must_use]
    pub const fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Files that could not be read may have had rules too.
    pub fn note_unread(&mut self, unread: &[Diagnostic]) {
        self.flaws.extend(unread.iter().filter(|problem| problem.code.severity == Severity::Error).cloned());
    }

    /// A finding for each file that has rules which are not among those of the content, while no error in `shown`
    /// says so: it was accepted by a comment or a baseline, or its code is off. Whoever makes something of
    /// the content must not be silent about them.
    #[must_use]
    pub fn left_out(&self, shown: &[Diagnostic]) -> Vec<Diagnostic> {
        let said: HashSet<&str> = shown
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .map(|finding| finding.source.name())
            .collect();
        let silent = self.flaws.iter().filter(|flaw| !said.contains(flaw.source.name()));
        let of = |flaw: &Diagnostic| {
            let message = format!(
                "rules of this file are not part of the content, and what is wrong is accepted or off: {} {}",
                flaw.code.id, flaw.message
            );
            let found = Diagnostic::new(&codes::RULE_LEFT_OUT, &flaw.source, flaw.span, message);
            found.with_help("mend it, or take the file out of the release: `exclude` in contentcheck.toml")
        };
        silent.map(of).collect()
    }
}

/// The bytes of the data file that a table names: given the source that declares the table and
/// the path as [`crate::table::data_path`] makes it. `None` where it cannot be read.
pub type LoadTable<'a> = dyn Fn(&Source, &str) -> Option<Vec<u8>> + Sync + 'a;

/// What another crate finds in rules that passed, reported like what is found here: in order, within the
/// limits of a file, and accepted by the same comments.
pub struct Further<'a> {
    /// The codes of [`codes::BY_ANALYSIS`] that it looks for.
    pub codes: &'a [&'static Code],
    /// Given all rules and what is known of them, what there is to add.
    pub find: &'a Find<'a>,
}

/// See [`Further::find`].
pub type Find<'a> = dyn Fn(&[&CheckedRule], &[&Diagnostic]) -> Vec<Diagnostic> + 'a;

/// Checks sources. Returns the content and every finding, sorted by file, place and code.
/// Rules with errors are not part of the content. `progress` is called once for each file.
pub fn check(
    sources: &[(Source, Language)],
    context: Context<'_>,
    load: &LoadTable<'_>,
    progress: &(dyn Fn() + Sync),
) -> (CheckedContent, Vec<Diagnostic>) {
    check_further(sources, context, load, progress, &Further { codes: &[], find: &|_, _| Vec::new() })
}

/// Like [`check`], and what something else finds.
pub fn check_further(
    sources: &[(Source, Language)],
    context: Context<'_>,
    load: &LoadTable<'_>,
    progress: &(dyn Fn() + Sync),
    further: &Further<'_>,
) -> (CheckedContent, Vec<Diagnostic>) {
    let Context { library, fleet, threads } = context;
    // Template types first: every rule is checked against all of them.
    let native: Vec<&Source> =
        sources.iter().filter(|(_, language)| *language == Language::Native).map(|(source, _)| source).collect();
    let declared = parallel::map(&native, threads, |source| {
        let mut sink = Sink::new(source);
        (native::templates(&native::parse(source).ast, &mut sink), sink.finish())
    });
    let mut across_files = Vec::new();
    let mut own = Vec::new();
    for (templates, diagnostics) in declared {
        own.extend(templates);
        across_files.extend(diagnostics);
    }
    across_files.extend(templates::check(&library, &own));
    let catalogue = Catalogue::new(library.into_iter().chain(own));
    let mut outcomes = parallel::map(sources, threads, |(source, language)| {
        let mut outcome = match language {
            Language::Sigma => sigma::check(source, &catalogue),
            Language::Native => native::check(source, &catalogue, &|path| load(source, path)),
        };
        // No sensor and no recording could feed such a rule and those on the other version.
        outcome.rules.retain(|rule| {
            let found = arity::versions(rule, &catalogue);
            let agrees = found.is_empty();
            outcome.diagnostics.extend(found);
            agrees
        });
        if let Some(fleet) = fleet {
            for rule in &outcome.rules {
                outcome.diagnostics.extend(arity::check(rule, fleet));
            }
        }
        progress();
        outcome
    });
    if let Some(fleet) = fleet {
        across_files.extend(capacity::check(outcomes.iter().flat_map(|outcome| &outcome.rules), fleet));
    }
    across_files.extend(across::check(&outcomes));
    for diagnostic in across_files {
        if let Some(outcome) = outcomes.iter_mut().find(|outcome| outcome.source.is(&diagnostic.source)) {
            outcome.diagnostics.push(diagnostic);
        }
    }
    let known: Vec<&Diagnostic> = outcomes.iter().flat_map(|outcome| &outcome.diagnostics).collect();
    let passed: Vec<&CheckedRule> = outcomes.iter().flat_map(|outcome| &outcome.rules).collect();
    let more = (further.find)(&passed, &known);
    for diagnostic in more {
        if let Some(outcome) = outcomes.iter_mut().find(|outcome| outcome.source.is(&diagnostic.source)) {
            outcome.diagnostics.push(diagnostic.or_cure());
        }
    }
    let asked = |code: &&'static Code| further.codes.iter().any(|asked| asked.id == code.id);
    let unasked: Vec<&'static Code> = codes::BY_ANALYSIS.iter().copied().filter(|code| !asked(code)).collect();
    let mut rules = Vec::new();
    let mut found = Vec::new();
    let mut flaws = Vec::new();
    for (outcome, (_, language)) in outcomes.into_iter().zip(sources) {
        if outcome.lacks_rules() {
            let errors = outcome.diagnostics.iter().filter(|found| found.code.severity == Severity::Error);
            flaws.extend(errors.min_by_key(|found| (found.span, found.code.id)).cloned());
        }
        let mut diagnostics = suppress::apply(&outcome.source, *language, outcome.diagnostics, &unasked).kept;
        diagnostics.sort_by_key(|diagnostic| (diagnostic.span, diagnostic.code.id));
        // Each stage closes on its own; what they find together is held to twice as much.
        let over = diagnostics.len().saturating_sub(2 * limits::DIAGNOSTICS);
        if over > 0 {
            diagnostics.truncate(2 * limits::DIAGNOSTICS);
            let span = diagnostics.last().map_or_else(Span::default, |last| last.span);
            let message = format!("{over} more findings in this file are not shown");
            let closing = Diagnostic::new(&codes::TOO_MANY_FINDINGS, &outcome.source, span, message);
            diagnostics.push(closing.with_help("mend the findings above and run again"));
        }
        found.extend(diagnostics);
        rules.extend(outcome.rules);
    }
    (CheckedContent { rules, catalogue, flaws }, found)
}
