//! `contentcheck prove --on`: which rules can fire on events such as an exporter records. What none of the recorded events has is taken to be
//! absent from all that it will ever record.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use contentcheck_analysis::{Analysis, Fires, Witness};
use contentcheck_model::diagnostic::visible;
use contentcheck_model::expression::Expr;
use contentcheck_model::field::{FieldRef, Place};
use contentcheck_model::predicate::Predicate;
use contentcheck_model::presence::Lacking;
use contentcheck_model::rule::{CheckedRule, RuleId, Target};
use contentcheck_run::proof;
use contentcheck_run::replay::{Counted, count};
use contentcheck_run::{Plan, Recording};
use schemars::JsonSchema;
use serde::Serialize;

use super::super::{plural, threads, written};
use crate::Streams;
use crate::args::{ProofFormat, Prove};
use crate::blind_spots;
use crate::exit::{Exit, Failure, Outcome};
use crate::recorded;
use crate::release::{Release, talk, talk_of};
use crate::rule_name::RuleName;

/// What `prove --on EVENTS --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordedReport {
    /// Format of this report: 1.
    pub format: u32,
    /// Events that were read.
    pub events: u64,
    /// Rules that are proven never to fire on an event that lacks what all of the recorded ones lack.
    pub never: Vec<NeverFires>,
    /// Rules of whose template types there was no event.
    pub not_shown: Vec<NotShown>,
    /// Rules of which it is not known.
    pub unknown: Vec<RuleName>,
    /// How many rules can fire: they did on a recorded event, or it is proven.
    pub can_fire: usize,
}

/// A rule that never fires on such events. A line of `--format ndjson`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NeverFires {
    /// The rule.
    pub rule: RuleName,
    /// What it lacks, by template type. Those of which there was no event are not among them.
    pub lacks: Vec<Lacks>,
}

/// What a rule lacks on one template type.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lacks {
    /// The template type.
    pub template: String,
    /// The inputs that no event had and that it cannot do without: each of them alone where there are such, else all of them together. None: it
    /// never fires on any event.
    pub inputs: Vec<String>,
}

/// A rule that no recorded event could show anything of.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotShown {
    /// The rule.
    pub rule: RuleName,
    /// Its template types.
    pub templates: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// When the events cannot be found, or the template type that they are said to be of is none.
pub(super) fn run(arguments: &Prove, release: &Release, only: Option<RuleId>, streams: &mut Streams<'_>) -> Outcome {
    let sources = recorded::sources(&arguments.on, &arguments.inputs.paths)?;
    let plan = &release.plan()?;
    let forced = recorded::forced(plan, arguments.template.as_deref())?;
    recorded::introduce(&sources, streams);
    let files: Vec<Recording> = sources.files.iter().cloned().map(Recording::File).collect();
    let whole = count(plan, &files, forced, threads(arguments.inputs.threads), &());
    if whole.lost {
        return Err(Failure::internal("a worker ended early; the counts would be wrong"));
    }
    whole.problems.iter().for_each(|(_, _, problem)| talk_of(streams, problem));
    let report = report(release, plan, &whole, only);
    let text = match arguments.format {
        ProofFormat::Human => human(&report),
        ProofFormat::Json => serde_json::to_string_pretty(&report).map_err(fault)? + "\n",
        ProofFormat::Ndjson => {
            let lines = report.never.iter().map(|never| serde_json::to_string(never).map(|line| line + "\n"));
            lines.collect::<Result<String, _>>().map_err(fault)?
        }
    };
    written(streams.out.write_all(text.as_bytes()))?;
    let source = |file: usize| sources.files.get(file).map_or_else(String::new, |path| recorded::source_name(path));
    blind_spots::find(plan, &whole.seen, &whole.unrecognised, source).tell(streams);
    talk(
        streams,
        &format!(
            "{} read: on such events {} can fire, {} never; {} not known, {} shown no event",
            recorded::plural(report.events, "event"),
            plural(report.can_fire, "rule"),
            report.never.len(),
            report.unknown.len(),
            report.not_shown.len(),
        ),
    );
    let unread = whole.unread + sources.problems.len() as u64;
    if unread > 0 {
        talk(
            streams,
            &format!("{} could not be read, so what they have is missing here", recorded::plural(unread, "record")),
        );
    }
    let is_fine = report.never.is_empty() && report.not_shown.is_empty() && unread == 0;
    Ok(if is_fine { Exit::Fine } else { Exit::Findings })
}

fn fault(error: serde_json::Error) -> Failure {
    Failure::internal(error.to_string())
}

fn report(release: &Release, plan: &Plan, whole: &Counted, only: Option<RuleId>) -> RecordedReport {
    // What is asked about is no rule of the image: its events lack more.
    let confirm = |target: &Target, event: &Witness| proof::fires(target, event);
    let mut analysis = Analysis::new(&confirm);
    let (never, not_shown, unknown) = (Vec::new(), Vec::new(), Vec::new());
    let mut report = RecordedReport { format: 1, events: whole.events, never, not_shown, unknown, can_fire: 0 };
    for (id, rule) in RuleId::count(release.rules()) {
        if only.is_some_and(|only| only != id) {
            continue;
        }
        if whole.rules.get(id.index()).is_some_and(|matches| *matches > 0) {
            report.can_fire += 1;
            continue;
        }
        analysis.about(&rule.source);
        match judged(&mut analysis, plan, whole, rule) {
            Standing::CanFire => report.can_fire += 1,
            Standing::Never(lacks) => report.never.push(NeverFires { rule: RuleName::of(rule), lacks }),
            Standing::Unknown => report.unknown.push(RuleName::of(rule)),
            Standing::NotShown => {
                let templates = rule.targets.iter().map(|target| target.template.name.clone()).collect();
                report.not_shown.push(NotShown { rule: RuleName::of(rule), templates });
            }
        }
    }
    report
}

/// What is known of a rule that matched no recorded event.
enum Standing {
    CanFire,
    Never(Vec<Lacks>),
    Unknown,
    NotShown,
}

fn judged(analysis: &mut Analysis<'_>, plan: &Plan, whole: &Counted, rule: &CheckedRule) -> Standing {
    let mut lacks = Vec::new();
    let mut is_unknown = false;
    for target in &rule.targets {
        let Some(route) = plan.route_of(&target.template).filter(|route| whole.seen.events(*route) > 0) else {
            continue;
        };
        let never: BTreeSet<FieldRef> = whole.seen.never(plan, route).map(|name| target.template.named(name)).collect();
        let (mut read, mut any) = (BTreeSet::new(), false);
        target.condition.mentions(&mut |mention| {
            any |= mention.field.is_any();
            read.extend(never.get(mention.field).cloned());
        });
        let absent: Vec<FieldRef> = if any { never } else { read }.into_iter().collect();
        let mut fires = |absent: &[FieldRef]| analysis.fires(&without(target, absent));
        match fires(&absent) {
            Fires::Yes(_) => return Standing::CanFire,
            Fires::Unknown(_) => is_unknown = true,
            Fires::Never(_) => {
                let is_dead = matches!(fires(&[]), Fires::Never(_));
                let needs = |field: &&FieldRef| matches!(fires(std::slice::from_ref(*field)), Fires::Never(_));
                let alone: Vec<&FieldRef> = if is_dead { Vec::new() } else { absent.iter().filter(needs).collect() };
                let named: Vec<&FieldRef> = match (is_dead, alone.is_empty()) {
                    (true, _) => Vec::new(),
                    (false, true) => absent.iter().collect(),
                    (false, false) => alone,
                };
                let name = |field: &FieldRef| target.template.describe(field).map(|info| info.name.to_owned());
                let inputs = named.into_iter().filter_map(name).collect();
                lacks.push(Lacks { template: target.template.name.clone(), inputs });
            }
        }
    }
    match (is_unknown, lacks.is_empty()) {
        (true, _) => Standing::Unknown,
        (false, true) => Standing::NotShown,
        (false, false) => Standing::Never(lacks),
    }
}

/// The same rule on events that lack these fields. What is recorded may lack any other field too, whatever the template type requires.
fn without(target: &Target, absent: &[FieldRef]) -> Target {
    let template = &target.template;
    let is_recorded = |field: &FieldRef| {
        template.describe(field).is_some_and(|info| matches!(info.place, Place::Position(_) | Place::Header))
    };
    let parts = absent.iter().map(|field| Expr::Is(Predicate::absent(field.clone()))).chain([target.condition.clone()]);
    let lacking = Lacking::of(template, template.declared().filter(is_recorded));
    Target { condition: Expr::all(parts), lacking, ..target.clone() }
}

fn human(report: &RecordedReport) -> String {
    let mut text = String::new();
    for NeverFires { rule, lacks } in &report.never {
        let lacks: Vec<String> = lacks
            .iter()
            .map(|Lacks { template, inputs }| match inputs.as_slice() {
                [] => format!("it never fires on any event of {template}; `contentcheck prove --rule` says why"),
                inputs => {
                    let inputs: Vec<String> = inputs.iter().map(|input| format!("`{input}`")).collect();
                    format!("no event of {template} has {}", inputs.join(", "))
                }
            })
            .collect();
        let file = rule.file.as_deref().unwrap_or("");
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}", visible(&format!("{file}: {} never fires: {}", rule.shown(), lacks.join("; "))));
    }
    for NotShown { rule, templates } in &report.not_shown {
        let file = rule.file.as_deref().unwrap_or("");
        let line = format!("{file}: {} was shown nothing: no event of {}", rule.shown(), templates.join(", "));
        let _ = writeln!(text, "{}", visible(&line));
    }
    for rule in &report.unknown {
        let file = rule.file.as_deref().unwrap_or("");
        let _ = writeln!(text, "{}", visible(&format!("{file}: {}: not known", rule.shown())));
    }
    text
}
