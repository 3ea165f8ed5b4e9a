//! Judge: what is reported, what was accepted and by what, and which rules cannot ship. The one place for
//! severities, suppressions, the baseline and the order of findings.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::Finding;
use super::gathered::{Gathered, Input};
use super::policy::Policy;
use super::workspace::{Checked, Extents, FileFound, Globals, Outcome};
use crate::check::suppress;
use contentcheck_model::diagnostic::{Detail, Diagnostic, Severity, codes};
use contentcheck_model::language::Language;
use contentcheck_model::limits;
use contentcheck_model::outcome::{Dependent, DependentKind, Facts, Referred};
use contentcheck_model::rule::CheckedRule;
use contentcheck_model::source::{Source, Span};
use contentcheck_model::template::LogSource;

/// What accepted a finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AcceptedBy {
    /// A comment beside it, with the reason that it gives.
    Comment(String),
    /// The baseline.
    Baseline,
    /// Its code is off.
    Severity,
}

/// A finding that was accepted.
#[derive(Clone, Debug)]
pub struct Acceptance {
    /// The finding.
    pub finding: Finding,
    /// What accepted it.
    pub by: AcceptedBy,
}

/// A rule that cannot ship, or a file or document that could hold some.
#[derive(Clone, Debug)]
pub struct LeftOut {
    /// Id, or else name or title; of a file its name.
    pub name: String,
    /// Title.
    pub title: Option<String>,
    /// The file.
    pub source: Source,
    /// Where in it it is shown.
    pub span: Span,
    /// All of it.
    pub extent: Span,
    /// Whether it is a rule that could be read whole, which is among those of [`Checked::rules`].
    pub is_read: bool,
    /// Why: at least one finding.
    pub reasons: Vec<Finding>,
}

/// Findings with the severity in force, and what follows for the rules.
#[derive(Debug)]
pub struct Judged {
    checked: Checked,
    findings: Vec<Finding>,
    accepted: Vec<Acceptance>,
    left_out: Vec<LeftOut>,
    /// Findings that only whoever runs or ships rules must be told.
    blockers: Vec<Finding>,
    gone: usize,
    errors_around: usize,
}

impl Checked {
    /// Gives each finding its severity, and takes out what is accepted.
    #[must_use]
    pub fn judge(self) -> Judged {
        Judged::of(self)
    }
}

impl Judged {
    fn of(checked: Checked) -> Self {
        let policy = &checked.gathered().policy;
        let mut baseline = policy.baseline.as_ref().map(super::Recorded::open);
        let mut accepted = Vec::new();
        let mut findings = Vec::new();
        let mut judge = |found: Vec<Finding>, accepted: &mut Vec<Acceptance>| -> Vec<Finding> {
            let mut kept = Vec::with_capacity(found.len());
            for mut finding in found {
                let Some(severity) = in_force(policy, &finding) else {
                    accepted.push(Acceptance { finding, by: AcceptedBy::Severity });
                    continue;
                };
                if severity != finding.severity {
                    Arc::make_mut(&mut finding).severity = severity;
                }
                if baseline.as_mut().is_some_and(|baseline| baseline.takes(&finding)) {
                    accepted.push(Acceptance { finding, by: AcceptedBy::Baseline });
                } else {
                    kept.push(finding);
                }
            }
            kept
        };
        let unasked = checked.unasked();
        let mut errors: Vec<Vec<Finding>> = Vec::new();
        let is_asked = |source: &Source| checked.gathered().is_asked(source.name());
        let mut errors_around = 0;
        for file in checked.files() {
            let FileFound { source, language, .. } = file;
            if !is_asked(source) {
                // What is said there may be about a file that is asked of.
                let about = |found: &Finding| found.related.iter().any(|place| is_asked(&place.source));
                if file.found.iter().any(about) {
                    let all = suppress::apply(source, language, || file.comments(), of_rules(&file), &unasked);
                    findings.extend(judge(all.kept.into_iter().filter(about).collect(), &mut accepted));
                }
                errors_around += usize::from(file.found.iter().any(|found| found.code.severity == Severity::Error));
                errors.push(Vec::new());
                continue;
            }
            let applied = suppress::apply(source, language, || file.comments(), of_rules(&file), &unasked);
            accepted.extend(
                applied
                    .accepted
                    .into_iter()
                    .map(|one| Acceptance { finding: one.finding, by: AcceptedBy::Comment(one.reason) }),
            );
            let mut kept = judge(applied.kept, &mut accepted);
            kept.sort_by(|a, b| (a.span, a.code.id).cmp(&(b.span, b.code.id)));
            let own = kept.iter().filter(|found| found.severity == Severity::Error).cloned();
            errors.push(own.collect());
            findings.extend(limited(source, kept));
        }
        let (problems, around): (Vec<&Diagnostic>, Vec<&Diagnostic>) =
            checked.problems().partition(|problem| is_asked(&problem.source));
        errors_around += around.len();
        let problems: Vec<Finding> = problems.into_iter().cloned().map(Arc::new).collect();
        let kept = judge(problems.clone(), &mut accepted);
        findings.extend(kept);
        sort(&mut findings);
        let mut left_out = left_out(&checked, &errors, &problems);
        left_out.retain(|left| is_asked(&left.source));
        let mut blockers = blockers(&checked, &left_out, &findings);
        blockers.retain(|blocker| is_asked(&blocker.source));
        let gone = baseline.map_or(0, |mut baseline| {
            // What something else accepts is still there. It comes last: what nothing else accepts needs the entry.
            for other in accepted.iter().filter(|one| one.by != AcceptedBy::Baseline) {
                baseline.takes(&other.finding);
            }
            baseline.gone(&unasked, &checked.gathered().around)
        });
        Self { checked, findings, accepted, left_out, blockers, gone, errors_around }
    }

    /// Everything that is reported, by file and place.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What fails whoever runs or ships rules, besides the errors among the findings: rules that are not part of the
    /// content while what is wrong with them is accepted or lowered, rules that nothing could feed, and documents that
    /// would change what rules do.
    #[must_use]
    pub fn blockers(&self) -> &[Finding] {
        &self.blockers
    }

    /// What stands in the way of running or shipping everything that was written.
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        let errors = self.findings.iter().filter(|finding| finding.severity == Severity::Error);
        errors.chain(&self.blockers)
    }

    /// What was accepted, and by what.
    #[must_use]
    pub fn accepted(&self) -> &[Acceptance] {
        &self.accepted
    }

    /// Rules that cannot ship, by file and place.
    #[must_use]
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// How many findings of the baseline are gone.
    #[must_use]
    pub const fn gone(&self) -> usize {
        self.gone
    }

    /// How many files have an error of which nothing is said, since they were not [asked of](Gathered::around).
    #[must_use]
    pub const fn errors_around(&self) -> usize {
        self.errors_around
    }

    /// What was checked.
    #[must_use]
    pub const fn checked(&self) -> &Checked {
        &self.checked
    }

    /// Gives what was checked back, for further edits.
    #[must_use]
    pub fn into_checked(self) -> Checked {
        self.checked
    }

    /// What was gathered, without its sources: those are [`Checked::sources`].
    #[must_use]
    pub fn gathered(&self) -> &Gathered {
        self.checked.gathered()
    }

    /// Every file that had an influence, by what it holds, sorted.
    #[must_use]
    pub fn inputs(&self) -> Vec<Input> {
        self.gathered().inputs_with(self.checked.sources().map(|(source, _)| source))
    }

    /// The digest of the content: names and bytes of all content files. It does not depend on where the release lies.
    #[must_use]
    pub fn content_sha256(&self) -> String {
        super::gathered::content_sha256(self.checked.sources().map(|(source, _)| source))
    }
}

/// What was found in a file. Each finding that stands within a rule says of which one it is, whoever made it: what is accepted of one rule is so of no
/// other.
fn of_rules(file: &FileFound<'_>) -> Vec<Finding> {
    let FileFound { outcome, found, .. } = file;
    let mut named = found.to_vec();
    if named.iter().all(|finding| finding.rule.is_some()) {
        return named;
    }
    let facts = &outcome.file.facts;
    let extents = Extents::new(facts.iter().map(|facts| facts.extent));
    let read: HashMap<Span, &CheckedRule> = outcome.rules.iter().map(|rule| (rule.extent, &**rule)).collect();
    for finding in named.iter_mut().filter(|finding| finding.rule.is_none()) {
        let Some(facts) = extents.at(finding.span).and_then(|at| facts.get(at)) else { continue };
        let read = read.get(&facts.extent).map(|rule| rule.name.clone());
        let name = read.or_else(|| name_of(facts)).filter(|name| !name.is_empty());
        if name.is_some() {
            Arc::make_mut(finding).rule = name;
        }
    }
    named
}

/// What a rule or document is called, as far as it could be read.
fn name_of(facts: &Facts) -> Option<String> {
    let first = |of: &Option<(String, Span)>| of.as_ref().map(|(text, _)| text.clone());
    first(&facts.id).or_else(|| first(&facts.name)).or_else(|| facts.title.clone())
}

/// The severity of a finding under a policy; none where it is off. A finding may be graver than its code is, which stays so
/// unless the code is set. What stands for findings that are not shown is what the gravest of them would be.
fn in_force(policy: &Policy, finding: &Diagnostic) -> Option<Severity> {
    match finding.detail.as_deref() {
        Some(Detail::NotShown { codes }) if finding.severity != Severity::Error => {
            let of_one = |code: &String| policy.severity_in(codes::find(code)?, finding.source.name());
            codes.iter().filter_map(of_one).max().map(|gravest| gravest.max(finding.severity))
        }
        _ => match policy.severity_in(finding.code, finding.source.name()) {
            Some(severity) if severity == finding.code.severity => Some(finding.severity),
            other => other,
        },
    }
}

/// By file and place.
fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| (a.source.name(), a.span, a.code.id).cmp(&(b.source.name(), b.span, b.code.id)));
}

/// Each stage closes on its own; what they find together is held to twice as much.
fn limited(source: &Source, mut found: Vec<Finding>) -> Vec<Finding> {
    let most = 2 * limits::DIAGNOSTICS;
    if found.len() <= most {
        return found;
    }
    let dropped = found.split_off(most);
    let mut errors = dropped.iter().filter(|one| one.severity == Severity::Error).map(|one| one.span);
    let count = errors.clone().count();
    let span = errors.next().or(found.last().map(|last| last.span)).unwrap_or_default();
    let of = dropped.iter().map(|one| one.code.id).collect();
    found.push(Arc::new(Diagnostic::closing(source, span, dropped.len(), count, &of)));
    found
}

/// Which rules cannot ship: those that could not be read whole, those with an error that is in force, those that a
/// document changes which is not carried out, and those that no template type feeds. The errors in force are given for each file, in their order.
fn left_out(checked: &Checked, errors: &[Vec<Finding>], problems: &[Finding]) -> Vec<LeftOut> {
    let changed = Changed::of(checked);
    let mut left_out = Vec::new();
    for (FileFound { source, language, outcome, found }, errors) in checked.files().zip(errors) {
        let facts = &outcome.file.facts;
        let extents = Extents::new(facts.iter().map(|facts| facts.extent));
        let mut of_globals = Globals::of(facts.iter().filter_map(|facts| facts.global));
        let mut own: Vec<Vec<&Finding>> = vec![Vec::new(); facts.len()];
        let unreadable = found.iter().filter(|found| found.code.severity == Severity::Error);
        let read: HashMap<Span, &CheckedRule> = outcome.rules.iter().map(|rule| (rule.extent, &**rule)).collect();
        // An error that is not shown may be of any rule of the file, whatever became of the finding that stands for it.
        let stands =
            |found: &&Finding| found.code.id == codes::TOO_MANY_FINDINGS.id && found.severity == Severity::Error;
        let hidden = errors.iter().chain(found).find(stands);
        let is_read = |at: usize| facts.get(at).is_some_and(|facts| read.contains_key(&facts.extent));
        for error in
            errors.iter().chain(unreadable.filter(|found| extents.at(found.span).is_some_and(|at| !is_read(at))))
        {
            if let Some(of) = extents.at(error.span).and_then(|at| own.get_mut(at)) {
                of.push(error);
            } else {
                of_globals.take(error);
            }
        }
        for (facts, own) in facts.iter().zip(own).filter(|(facts, _)| facts.is_rule) {
            let rule = read.get(&facts.extent);
            let shown = own.into_iter().chain(of_globals.of_rule(facts.global));
            let mut reasons: Vec<Finding> = shown.chain(hidden).cloned().collect();
            if rule.is_some() {
                reasons.extend(changed.by(facts, language).map(Arc::new));
                if reasons.is_empty() {
                    reasons
                        .extend(rule.filter(|rule| rule.targets.is_empty()).map(|rule| Arc::new(unfed(rule, found))));
                }
            } else {
                reasons.extend(facts.unread.as_deref().cloned().map(Arc::new));
                if reasons.is_empty() {
                    reasons.extend(first_error(found).cloned());
                }
            }
            if rule.is_none() && reasons.is_empty() {
                reasons.push(Arc::new(without_reason(facts, source)));
            }
            if !reasons.is_empty() {
                reasons.sort_by_key(|of| (of.span, of.code.id));
                reasons.dedup_by(|a, b| a.code.id == b.code.id && a.span == b.span && a.source.is(&b.source));
                left_out.push(named(facts, source, rule.is_some(), reasons));
            }
        }
        // What could not be read in a file, outside of all that could, may have been rules.
        if !outcome.file.is_intact {
            let errors = found.iter().filter(|found| found.code.severity == Severity::Error);
            let outside: Vec<&Finding> = errors.filter(|error| extents.at(error.span).is_none()).collect();
            let has_rules = facts.iter().any(|facts| facts.is_rule);
            let first = first_error(found).filter(|_| outside.is_empty() && !has_rules);
            left_out.extend(outside.into_iter().chain(first).map(|error| whole(source, error)));
        }
    }
    let unreadable = problems.iter().filter(|problem| problem.code.severity == Severity::Error);
    left_out.extend(unreadable.map(|problem| whole(&problem.source, problem)));
    left_out.sort_by(|a, b| (a.source.name(), a.span, &a.name).cmp(&(b.source.name(), b.span, &b.name)));
    left_out
}

fn first_error(found: &[Finding]) -> Option<&Finding> {
    found.iter().filter(|found| found.code.severity == Severity::Error).min_by_key(|found| (found.span, found.code.id))
}

fn named(facts: &Facts, source: &Source, is_read: bool, reasons: Vec<Finding>) -> LeftOut {
    let title = facts.title.clone();
    let name = name_of(facts).filter(|name| !name.is_empty()).unwrap_or_else(|| source.name().to_owned());
    LeftOut { name, title, source: source.clone(), span: facts.span, extent: facts.extent, is_read, reasons }
}

/// Why a rule that was read whole has nothing that could feed it. Nobody would ever ask it, so it does not ship.
fn unfed(rule: &CheckedRule, found: &[Finding]) -> Diagnostic {
    let within = |of: &&Finding| rule.extent.start <= of.span.start && of.span.end <= rule.extent.end;
    let unknown = found.iter().filter(within).find(|of| of.code.id == codes::UNKNOWN_LOG_SOURCE.id);
    match unknown {
        Some(unknown) => Diagnostic { severity: Severity::Error, ..Diagnostic::clone(unknown) },
        None => {
            let message = "no template type has what the rule asks for, so no sensor would ever ask it";
            Diagnostic::new(&codes::RULE_LEFT_OUT, &rule.source, rule.span, message)
                .with_detail(Detail::LeftOut { rules: vec![rule.name.clone()] })
                .with_help("`contentcheck lint` says what of it is unknown; correct it, or take its file out of the release with `exclude` in contentcheck.toml")
        }
    }
    .with_rule(&rule.name)
}

/// Nothing is left out without a reason; that a front end gives none is its fault.
fn without_reason(facts: &Facts, source: &Source) -> Diagnostic {
    let LeftOut { name, .. } = named(facts, source, false, Vec::new());
    Diagnostic::new(&codes::RULE_LEFT_OUT, source, facts.span, "the rule could not be read")
        .with_rule(&name)
        .with_detail(Detail::LeftOut { rules: vec![name] })
}

fn whole(source: &Source, reason: &Finding) -> LeftOut {
    LeftOut {
        name: source.name().to_owned(),
        title: None,
        source: source.clone(),
        span: reason.span,
        extent: reason.span,
        is_read: false,
        reasons: vec![Arc::clone(reason)],
    }
}

/// A filter or a correlation: its file, where it is shown, and what it is. Without that, what may be one and could not be read.
type Changer<'c> = (&'c Source, Span, Option<DependentKind>);

/// Rules that filters and correlations would change.
struct Changed<'c> {
    /// By id in lower case, name or title.
    named: HashMap<String, Changer<'c>>,
    /// Filters that are for every rule of their log source. Without one: for every rule, since it could not be read.
    any: Vec<(Option<&'c LogSource>, Changer<'c>)>,
}

impl<'c> Changed<'c> {
    fn of(checked: &'c Checked) -> Self {
        let mut changed = Self { named: HashMap::new(), any: Vec::new() };
        changed.any.extend(unknown(checked).map(|(source, span)| (None, (source, span, None))));
        let all = checked.files().flat_map(|file| &file.outcome.file.facts);
        let is_there: HashSet<String> = all.flat_map(names).map(|name| name.to_lowercase()).collect();
        for FileFound { source, outcome, .. } in checked.files() {
            for document in &outcome.file.documents {
                let of = (source, place(document, outcome), Some(document.kind));
                // With an error in it, what was read of it may not be what was meant.
                if outcome.file.facts.get(document.facts).is_some_and(|facts| facts.unread.is_some()) {
                    changed.any.push((None, of));
                    continue;
                }
                if document.kind == DependentKind::Correlation && document.generate {
                    continue;
                }
                match &document.rules {
                    Referred::Rules(rules) => {
                        for name in rules.iter().map(|reference| reference.rule.to_lowercase()) {
                            // A name that no rule has was to be that of one.
                            if !is_there.contains(&name) {
                                changed.any.push((None, of));
                            }
                            changed.named.entry(name).or_insert(of);
                        }
                    }
                    Referred::Any => {
                        let facts = outcome.file.facts.get(document.facts);
                        changed.any.push((facts.and_then(|facts| facts.logsource.as_ref()), of));
                    }
                    Referred::Unread(_) => changed.any.push((None, of)),
                }
            }
        }
        changed
    }

    /// What changes a rule.
    fn by(&self, facts: &Facts, language: Language) -> Option<Diagnostic> {
        let named = names(facts).find_map(|name| self.named.get(&name.to_lowercase()));
        // A rule whose own log source could not be read may be of any.
        let is_for = |asked: Option<&LogSource>| {
            asked.zip(facts.logsource.as_ref()).is_none_or(|(asked, own)| own.serves(asked))
        };
        let any = self.any.iter().find(|(asked, _)| language == Language::Sigma && is_for(*asked)).map(|(_, of)| of);
        named.or(any).map(|(source, span, kind)| runs_not(source, *span, *kind))
    }
}

/// What a rule is called.
fn names(facts: &Facts) -> impl Iterator<Item = &str> {
    let (id, name) = (facts.id.as_ref().map(|(id, _)| id), facts.name.as_ref().map(|(name, _)| name));
    [id, name, facts.title.as_ref()].into_iter().flatten().map(String::as_str)
}

/// Where a document is shown.
fn place(document: &Dependent, outcome: &Outcome) -> Span {
    outcome.file.facts.get(document.facts).map_or_else(Span::default, |facts| facts.span)
}

/// Where something that could not be read may be a filter or a correlation, which would be for any rule: files and
/// directories that could not be read at all, and parts of files.
fn unknown(checked: &Checked) -> impl Iterator<Item = (&Source, Span)> {
    let may_be_sigma = |problem: &&Diagnostic| {
        problem.code.id == codes::UNWALKABLE.id || Language::of(problem.source.name()) == Some(Language::Sigma)
    };
    let whole = checked.problems().filter(may_be_sigma).map(|problem| (&problem.source, problem.span));
    whole.chain(checked.files().filter_map(|file| Some((file.source, file.outcome.file.may_change?))))
}

/// A filter or a correlation is not carried out.
fn runs_not(source: &Source, span: Span, kind: Option<DependentKind>) -> Diagnostic {
    let message = match kind {
        Some(DependentKind::Filter) => {
            "this filter is not carried out, and without it the rules that it is for match more than they should"
        }
        Some(DependentKind::Correlation) => {
            "this correlation is not carried out, and without it the rules that it counts would alert one by one"
        }
        None => "what could not be read here may be a filter or a correlation, for any of the rules",
    };
    let mut found = Diagnostic::new(&codes::NOT_RUNNABLE, source, span, message);
    found.severity = Severity::Error;
    match kind {
        Some(kind) => found.with_help(kind.advice()),
        None => found.with_help("correct it, or take its file out of the release with `exclude`"),
    }
}

/// Findings for whoever runs or ships rules.
fn blockers(checked: &Checked, left_out: &[LeftOut], findings: &[Finding]) -> Vec<Finding> {
    let of_file = |file: FileFound<'_>| -> Vec<Finding> {
        let documents = file.outcome.file.documents.iter();
        documents
            .map(|document| Arc::new(runs_not(file.source, place(document, file.outcome), Some(document.kind))))
            .collect()
    };
    let mut found: Vec<Finding> = checked.files().flat_map(of_file).collect();
    found.extend(unknown(checked).map(|(source, span)| Arc::new(runs_not(source, span, None))));
    let mut shown: HashMap<&str, Vec<&Finding>> = HashMap::new();
    for finding in findings.iter().filter(|finding| finding.severity == Severity::Error) {
        shown.entry(finding.source.name()).or_default().push(finding);
    }
    let said = |reason: &Finding| {
        let shown = shown.get(reason.source.name()).map_or(&[][..], Vec::as_slice);
        reason.code.id == codes::NOT_RUNNABLE.id
            || shown.iter().any(|shown| {
                shown.code.id == codes::TOO_MANY_FINDINGS.id
                    || (shown.code.id == reason.code.id && shown.span == reason.span)
            })
    };
    for rule in left_out {
        if rule.reasons.iter().any(said) {
            continue;
        }
        let Some(first) = rule.reasons.first() else { continue };
        // Of what nothing feeds nothing was accepted or lowered: the reason is all there is to say.
        if rule.is_read && (first.code.id == codes::RULE_LEFT_OUT.id || first.code.id == codes::UNKNOWN_LOG_SOURCE.id) {
            found.push(first.clone());
            continue;
        }
        let what =
            if rule.name == rule.source.name() { "a part of this file".to_owned() } else { format!("`{}`", rule.name) };
        let message = format!(
            "{what} is not part of the content, and what is wrong with it is accepted or not an error: {} {}",
            first.code.id, first.message
        );
        let found_here = Diagnostic::new(&codes::RULE_LEFT_OUT, &rule.source, first.span, message)
            .with_detail(Detail::LeftOut { rules: vec![rule.name.clone()] });
        found.push(Arc::new(found_here.with_rule(&rule.name).with_help(
            "fix it, or take its file out of the release with `exclude` in contentcheck.toml: what could not be read never ships",
        )));
    }
    sort(&mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_is_left_out_without_a_reason_is_named() {
        let source = Source::new("r.yml", "title: x\n");
        let facts = Facts {
            id: None,
            name: Some(("shell".to_owned(), Span::default())),
            title: Some("Shell".to_owned()),
            logsource: None,
            logic: None,
            span: Span::new(0, 5),
            extent: Span::new(0, 8),
            global: None,
            is_rule: true,
            unread: None,
        };
        let found = without_reason(&facts, &source);
        assert_eq!((found.code.id, found.rule.as_deref()), ("CC0808", Some("shell")));
        assert_eq!(found.detail.as_deref(), Some(&Detail::LeftOut { rules: vec!["shell".to_owned()] }));
    }
}
