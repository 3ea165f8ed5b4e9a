//! `contentcheck prove`: what can be proved about rules.

mod recorded;

use std::fmt::Write as _;

use contentcheck_analysis::findings::{self, Implied};
use contentcheck_analysis::{Always, Analysis, Decisive, Fires, RedundantKind, Witness, words};
use contentcheck_model::diagnostic::{visible, visible_json};
use contentcheck_model::predicate::Predicate;
use contentcheck_model::rule::{CheckedRule, RuleId, Target};
use contentcheck_model::source::{Source, Span};
use contentcheck_run::proof::{self, Confirmer};
use schemars::JsonSchema;
use serde::Serialize;

use super::{plural, written};
use crate::Streams;
use crate::args::{CompileOptions, ProofFormat, Prove};
use crate::exit::{Exit, Failure, Outcome};
use crate::release::{self, Release, talk};
use crate::rule_name::RuleName;

pub use recorded::RecordedReport;

/// An event: names to values.
pub type EventObject = serde_json::Map<String, serde_json::Value>;

/// What `prove --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProveReport {
    /// Format of this report: 1.
    pub format: u32,
    /// One for each rule, in the order of the image.
    pub rules: Vec<RuleProof>,
    /// Over all rules.
    pub totals: Proved,
}

/// What is known about one rule. A line of `--format ndjson`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleProof {
    /// The rule.
    pub rule: RuleName,
    /// On each of its template types.
    pub targets: Vec<TargetProof>,
}

/// What is known about a rule on one template type.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetProof {
    /// The template type, with its version.
    pub template: String,
    /// Whether the rule can fire.
    pub fires: Verdict,
    /// An event on which it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<EventObject>,
    /// Why it never fires.
    pub conflicts: Vec<Remark>,
    /// Whether it fires on every event.
    pub always: Verdict,
    /// Each predicate, in the order of the condition.
    pub predicates: Vec<PredicateProof>,
    /// Parts and values that say nothing.
    pub redundant: Vec<Part>,
    /// Why something is unknown.
    pub open: Vec<String>,
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Shown by an event, or proven.
    Yes,
    /// Proven not to be, or shown by an event.
    No,
    /// Not known.
    Unknown,
}

/// A place and what is said of it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Remark {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// In words.
    pub words: String,
}

/// Whether a predicate decides.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PredicateProof {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// In words.
    pub words: String,
    /// Whether there are two events that differ in one value, on one of which the predicate holds, and on one of which
    /// the rule fires.
    pub decides: Verdict,
    /// The event on which the rule fires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fires: Option<EventObject>,
    /// The event on which it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silent: Option<EventObject>,
}

/// A part that says nothing.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// In which way: `covered_value`, `implied`, `dead_filter`, `covered_filter`, `swallowing_filter`, `dead_branch`,
    /// `covered_branch`, `known`.
    pub kind: &'static str,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// In words.
    pub words: String,
}

/// Two rules of which the second fires on every event on which the first does. A line of `--implied --format ndjson`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImpliedPair {
    /// The narrower rule.
    pub rule: RuleName,
    /// The wider one, or one that fires on the same events.
    pub by: RuleName,
    /// Whether both fire on the same events.
    pub equivalent: bool,
}

/// What `prove --implied --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImpliedReport {
    /// Format of this report: 1.
    pub format: u32,
    /// All pairs, in the order of the rules.
    pub pairs: Vec<ImpliedPair>,
    /// Pairs of rules on a template type that were not held against each other, since the work that all may take was done.
    pub not_compared: u64,
}

/// Counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Proved {
    /// Rules on template types.
    pub targets: usize,
    /// Of these, how many can fire.
    pub fire: usize,
    /// How many never do.
    pub never: usize,
    /// How many are not known.
    pub unknown: usize,
    /// How many fire on every event.
    pub always: usize,
    /// Predicates.
    pub predicates: usize,
    /// Of these, how many decide.
    pub decisive: usize,
    /// How many do not: whatever they say, another part says the same.
    pub indecisive: usize,
    /// Parts and values that say nothing.
    pub redundant: usize,
}

/// Runs the command.
///
/// # Errors
/// When an input or the configuration is wrong, or there is no such rule.
pub fn run(arguments: &Prove, streams: &mut Streams<'_>) -> Outcome {
    let options = CompileOptions { skip_errors: arguments.skip_errors, skip_unsupplied: false };
    let Some(release) = release::load(&arguments.inputs, &options, true, streams)? else { return Ok(Exit::Findings) };
    let only = arguments
        .rule
        .as_deref()
        .map(|rule| release.find(rule))
        .transpose()
        .map_err(|reason| Failure::usage(reason.to_string()))?;
    if arguments.implied {
        return implied(arguments, &release, only, streams);
    }
    if !arguments.on.is_empty() {
        return recorded::run(arguments, &release, only, streams);
    }
    let plan = &release.plan()?;
    let confirmer = Confirmer::new(&release.content, plan);
    let confirm = |target: &Target, event: &Witness| confirmer.fires(target, event);
    let mut analysis = Analysis::new(&confirm);
    let mut report = ProveReport { format: 1, rules: Vec::new(), totals: Proved::default() };
    let mut dead = 0;
    for (id, rule) in RuleId::count(release.rules()) {
        if only.is_some_and(|only| only != id) {
            continue;
        }
        analysis.about(&rule.source);
        let proof = prove(&mut analysis, rule);
        report.totals.add(&proof);
        dead += usize::from(proof.targets.iter().all(|target| target.fires == Verdict::No));
        match arguments.format {
            ProofFormat::Human => {
                let text = human(&proof, only.is_some());
                written(streams.out.write_all(text.as_bytes()))?;
            }
            ProofFormat::Ndjson => {
                let line = serde_json::to_string(&proof).map_err(|error| Failure::internal(error.to_string()))?;
                written(writeln!(streams.out, "{line}"))?;
            }
            ProofFormat::Json => report.rules.push(proof),
        }
    }
    if arguments.format == ProofFormat::Json {
        let text = serde_json::to_string_pretty(&report).map_err(|error| Failure::internal(error.to_string()))?;
        written(writeln!(streams.out, "{text}"))?;
    }
    let Proved { targets, fire, never, unknown, always, predicates, decisive, indecisive, redundant } = report.totals;
    talk(
        streams,
        &format!(
            "{} on a template type: {fire} can match, {never} never, {unknown} unknown, {always} always; \
             {}: {decisive} with an effect, {indecisive} without; {} redundant",
            plural(targets, "rule"),
            plural(predicates, "predicate"),
            plural(redundant, "part")
        ),
    );
    Ok(if dead > 0 { Exit::Findings } else { Exit::Fine })
}

fn prove(analysis: &mut Analysis<'_>, rule: &CheckedRule) -> RuleProof {
    let targets = rule.targets.iter().map(|target| prove_target(analysis, rule, target)).collect();
    RuleProof { rule: RuleName::of(rule), targets }
}

fn prove_target(analysis: &mut Analysis<'_>, rule: &CheckedRule, target: &Target) -> TargetProof {
    let template = &*target.template;
    let mut open = Vec::new();
    let (mut event, mut conflicts) = (None, Vec::new());
    let fires = match analysis.fires(target) {
        Fires::Yes(found) => {
            event = Some(proof::json(template, &found));
            Verdict::Yes
        }
        Fires::Never(why) => {
            for conflict in why.conflicts {
                let span = conflict.predicates.first().map_or(rule.span, |(_, _, span)| *span);
                let (line, column) = at(&rule.source, span);
                conflicts.push(Remark { line, column, words: conflict.words });
            }
            Verdict::No
        }
        Fires::Unknown(reason) => {
            open.push(format!("whether it fires: {reason}"));
            Verdict::Unknown
        }
    };
    let always = match fires {
        // Also of a template type that has no event: on all of them says nothing.
        Verdict::No => Verdict::No,
        _ => match analysis.always_fires(target) {
            Always::Yes => Verdict::Yes,
            Always::No(_) => Verdict::No,
            Always::Unknown(reason) => {
                open.push(format!("whether it always fires: {reason}"));
                Verdict::Unknown
            }
        },
    };
    let mut written: Vec<&Predicate> = Vec::new();
    target.condition.each(&mut |predicate, _| written.push(predicate));
    let decisive = analysis.decisive(target);
    let predicates = decisive.iter().zip(written).map(|(verdict, predicate)| {
        let (line, column) = at(&rule.source, predicate.span);
        let words = format!(
            "{} {}",
            words::field(template, &predicate.field),
            words::predicate(template, &predicate.test, true)
        );
        let (decides, fires, silent) = match verdict {
            Decisive::Pair(pair) => (Verdict::Yes, Some(&pair.fires), Some(&pair.silent)),
            Decisive::Never => (Verdict::No, None, None),
            Decisive::Unknown(reason) => {
                open.push(format!("whether {words} decides: {reason}"));
                (Verdict::Unknown, None, None)
            }
        };
        let event = |event: Option<&Witness>| event.map(|event| proof::json(template, event));
        PredicateProof { line, column, words, decides, fires: event(fires), silent: event(silent) }
    });
    let predicates = predicates.collect();
    let redundancy = analysis.redundant_given(target, &decisive);
    if let Some((count, reason)) = redundancy.unknown {
        open.push(format!("{count} questions about parts: {reason}"));
    }
    let redundant = redundancy.findings.into_iter().map(|finding| {
        let (line, column) = at(&rule.source, finding.span);
        Part { kind: kind(&finding.kind), line, column, words: finding.words }
    });
    let redundant = redundant.collect();
    TargetProof { template: template.to_string(), fires, event, conflicts, always, predicates, redundant, open }
}

const fn kind(kind: &RedundantKind) -> &'static str {
    match kind {
        RedundantKind::CoveredValue { .. } => "covered_value",
        RedundantKind::DeadValue { .. } => "dead_value",
        RedundantKind::Known => "known",
        RedundantKind::Implied => "implied",
        RedundantKind::DeadFilter => "dead_filter",
        RedundantKind::CoveredFilter => "covered_filter",
        RedundantKind::SwallowingFilter => "swallowing_filter",
        RedundantKind::DeadBranch => "dead_branch",
        RedundantKind::CoveredBranch => "covered_branch",
        _ => "other",
    }
}

fn at(source: &Source, span: Span) -> (usize, usize) {
    let place = source.position(span.start);
    (place.line, place.column)
}

impl Proved {
    fn add(&mut self, proof: &RuleProof) {
        for target in &proof.targets {
            self.targets += 1;
            match target.fires {
                Verdict::Yes => self.fire += 1,
                Verdict::No => self.never += 1,
                Verdict::Unknown => self.unknown += 1,
            }
            self.always += usize::from(target.always == Verdict::Yes);
            self.predicates += target.predicates.len();
            let with = |verdict| target.predicates.iter().filter(|predicate| predicate.decides == verdict).count();
            self.decisive += with(Verdict::Yes);
            self.indecisive += with(Verdict::No);
            self.redundant += target.redundant.len();
        }
    }
}

/// An event on one line in which every character is seen.
pub(crate) fn event_line(event: &EventObject) -> String {
    visible_json(&serde_json::Value::Object(event.clone()).to_string()).into_owned()
}

/// Lines for people: of one rule everything, of many what is worth a look.
fn human(proof: &RuleProof, everything: bool) -> String {
    let mut text = String::new();
    for target in &proof.targets {
        let file = proof.rule.file.as_deref().unwrap_or("");
        let place = |line: usize, column: usize| format!("{file}:{line}:{column}");
        let title = format!("{} on {}", proof.rule.shown(), target.template);
        let mut say = |line: String| {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{}", visible(&line));
        };
        if everything {
            say(title.clone());
            if let Some(event) = &target.event {
                say(format!("  fires on {}", event_line(event)));
            }
            for predicate in &target.predicates {
                let decides = match predicate.decides {
                    Verdict::Yes => "decides",
                    Verdict::No => "does not decide",
                    Verdict::Unknown => "may decide",
                };
                let (at, words) = (place(predicate.line, predicate.column), &predicate.words);
                say(format!("  {at}: {words}: {decides}"));
                if let Some(silent) = &predicate.silent {
                    say(format!("    just misses {}", event_line(silent)));
                }
            }
        }
        if target.fires == Verdict::No {
            let first = target.conflicts.first().map_or((1, 1), |conflict| (conflict.line, conflict.column));
            say(format!("{}: {title} never fires", place(first.0, first.1)));
            for conflict in &target.conflicts {
                say(format!("  {}: {}", place(conflict.line, conflict.column), conflict.words));
            }
            if target.conflicts.is_empty() {
                say("  the condition contradicts itself".to_owned());
            }
        }
        if target.always == Verdict::Yes {
            say(format!("{}: {title} fires on every event", place(1, 1)));
        }
        for part in &target.redundant {
            let kind = part.kind.replace('_', " ");
            say(format!("{}: {title}: {kind}: {}", place(part.line, part.column), part.words));
        }
        target.open.iter().for_each(|open| say(format!("{title}: unknown {open}")));
    }
    text
}

/// All pairs of rules of which one fires on every event of the other.
fn implied(arguments: &Prove, release: &Release, only: Option<RuleId>, streams: &mut Streams<'_>) -> Outcome {
    let all: Vec<(RuleId, &CheckedRule)> = RuleId::count(release.rules()).collect();
    let rules: Vec<&CheckedRule> = all.iter().map(|(_, rule)| *rule).collect();
    let Implied { pairs: found, unasked } = findings::implied(&rules, arguments.inputs.threads);
    let concerns = |at: usize| all.get(at).is_some_and(|(id, _)| only.is_none_or(|only| only == *id));
    let mut report = ImpliedReport { format: 1, pairs: Vec::new(), not_compared: unasked };
    for (of, by) in found.iter().filter(|(of, by)| concerns(*of) || concerns(*by)) {
        let (Some(rule), Some(wider)) = (rules.get(*of), rules.get(*by)) else { continue };
        report.pairs.push(ImpliedPair {
            rule: RuleName::of(rule),
            by: RuleName::of(wider),
            equivalent: found.contains(&(*by, *of)),
        });
    }
    let mut text = String::new();
    match arguments.format {
        ProofFormat::Human => {
            for pair in &report.pairs {
                let shown = |rule: &RuleName| {
                    let level = rule.level.map_or(String::new(), |level| format!(", {level}"));
                    format!("{}{level}", rule.shown())
                };
                let how =
                    if pair.equivalent { "fires on the same events as" } else { "fires only where this one does:" };
                // Writing to a `String` does not fail.
                let _ = writeln!(text, "{}\n    {how} {}", shown(&pair.rule), shown(&pair.by));
            }
        }
        ProofFormat::Json => {
            text = serde_json::to_string_pretty(&report).map_err(|error| Failure::internal(error.to_string()))?;
            text.push('\n');
        }
        ProofFormat::Ndjson => {
            for pair in &report.pairs {
                let line = serde_json::to_string(pair).map_err(|error| Failure::internal(error.to_string()))?;
                let _ = writeln!(text, "{line}");
            }
        }
    }
    written(streams.out.write_all(text.as_bytes()))?;
    let pairs = plural(report.pairs.len(), "pair");
    talk(streams, &format!("{pairs} of rules of which one fires on every event of the other"));
    if unasked > 0 {
        talk(streams, &release::not_compared(unasked));
    }
    Ok(Exit::Fine)
}
