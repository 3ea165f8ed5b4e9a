//! `contentcheck eval --explain`: why a rule matches an event, or does not.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::ops::ControlFlow;

use contentcheck_events::Flattener;
use contentcheck_model::diagnostic::visible;
use contentcheck_reference::{Explanation, Prepared};
use contentcheck_run::replay::Faults;
use contentcheck_run::{Plan, Route, Unrecognised};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Streams;
use crate::args::{Eval, EventFormat};
use crate::as_sensor::{self, SensorReport};
use crate::blind_spots::{self, BlindSpots};
use crate::commands::written;
use crate::exit::{Exit, Failure, Outcome};
use crate::recorded::{self, Sources, Totals, plural};
use crate::release::{Release, talk, talk_of};
use crate::rule_name::RuleName;

/// What `eval --explain RULE --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainReport {
    /// Format of this report: 1.
    pub format: u32,
    /// The rule.
    pub rule: RuleName,
    /// Events that the rule looked at, as many as `--limit` says: the first that match, and the first of the others where
    /// fewer match.
    pub events: Vec<Explained>,
    /// How many the rule looked at. An event of several of its template types counts for each.
    pub looked_at: u64,
    /// How many of them match.
    pub matched: u64,
    /// What became of all records.
    pub totals: Totals,
    /// What rules did not get to see.
    pub blind_spots: BlindSpots,
    /// The sensor that the events were evaluated as; absent without `--sensor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sensor: Option<SensorReport>,
}

/// One event as one of a template type, and why the rule matches or not.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Explained {
    /// The file.
    pub source: String,
    /// Where in it.
    pub place: String,
    /// The template type.
    pub template: String,
    /// Whether the rule matches.
    pub matched: bool,
    /// The condition as a tree: each part has `holds` and one of `not`, `all`, `any`, `predicate`;
    /// a predicate has `words` and `evidence`, with the bytes of the values that decided.
    #[schemars(with = "serde_json::Value")]
    pub why: Explanation,
}

pub(super) fn run(
    arguments: &Eval,
    wanted: &str,
    release: &Release,
    plan: &Plan,
    sources: &Sources,
    streams: &mut Streams<'_>,
) -> Outcome {
    let id = release.find(wanted).map_err(|reason| Failure::usage(reason.to_string()))?;
    let rules = release.rules();
    let Some(rule) = rules.get(id.index()) else { return Err(Failure::internal("a rule has no number")) };
    let forced = recorded::forced(plan, arguments.recorded.template.as_deref())?;
    let targets: Vec<(Route, Prepared<'_>)> = rule
        .targets
        .iter()
        .filter(|target| plan.loads_on(id, &target.template))
        .filter_map(|target| Some((plan.route_of(&target.template)?, target)))
        .map(|(route, target)| {
            Ok((route, Prepared::new(target).map_err(|error| Failure::internal(error.to_string()))?))
        })
        .collect::<Result<_, Failure>>()?;
    recorded::introduce(sources, streams);
    let mut report = ExplainReport {
        format: 1,
        rule: RuleName::of(rule),
        events: Vec::new(),
        looked_at: 0,
        matched: 0,
        totals: Totals { unread: sources.problems.len() as u64, ..Totals::default() },
        blind_spots: BlindSpots::default(),
        sensor: None,
    };
    let mut worker = plan.worker();
    let mut flattener = Flattener::new();
    let mut at_odds = Vec::new();
    let (mut faults, mut unsupplied) = (Faults::default(), 0);
    let mut unrecognised = Unrecognised::default();
    for (file, path) in sources.files.iter().enumerate() {
        let source = recorded::source_name(path);
        report.totals.sources += 1;
        let went = recorded::read(
            path,
            &mut flattener,
            |record| {
                let (place, flat) = match record {
                    Ok(read) => read,
                    Err(problem) => {
                        report.totals.unread += 1;
                        talk_of(streams, &recorded::words(&problem));
                        return;
                    }
                };
                let mut matched = Vec::new();
                let mut by_rule = BTreeSet::new();
                let done = worker.evaluate(flat, forced, |route, found| {
                    by_rule.insert(found);
                    if found == id {
                        matched.push(route);
                    }
                });
                let is_refused = done.is_err();
                if let Err(fault) = done {
                    faults.note(fault, (file, place));
                }
                report.totals.matches += by_rule.len() as u64;
                let routes = worker.routes().to_vec();
                unsupplied += u64::from(!routes.is_empty() && !routes.iter().any(|route| plan.supplies(*route)));
                report.totals.event(routes.len(), routes.iter().any(|route| plan.stop(*route).is_some()));
                if routes.is_empty() {
                    unrecognised.count(plan.router(), flat, (file, place));
                }
                for (route, target) in targets.iter().filter(|(route, _)| routes.contains(route)) {
                    let template = &target.target().template;
                    let Some(event) = worker.reference_event(*route, template, flat) else { continue };
                    let matched = matched.contains(route);
                    report.looked_at += 1;
                    report.matched += u64::from(matched);
                    if !is_refused && target.evaluate(&event) != matched {
                        at_odds.push(format!(
                            "{source}: {place}: as {}, the interpreter says {} and the reference evaluator {}",
                            template.name,
                            says(matched),
                            says(!matched)
                        ));
                    }
                    // A match is what is asked for first: it takes the place of the last event without one.
                    let is_full = report.events.len() >= arguments.limit;
                    let last = || report.events.iter().rposition(|shown| !shown.matched);
                    let replaced = if is_full && matched { last() } else { None };
                    if let Some(at) = replaced {
                        report.events.remove(at);
                    }
                    if !is_full || replaced.is_some() {
                        let why = target.explain(&event);
                        let (source, place) = (source.clone(), place.to_string());
                        report.events.push(Explained { source, place, template: template.name.clone(), matched, why });
                    }
                }
            },
            |_| ControlFlow::Continue(()),
        );
        if went.is_break() {
            break;
        }
    }
    report.totals.not_converted = worker.tally().total();
    let named = |file: usize| sources.files.get(file).map_or_else(String::new, |path| recorded::source_name(path));
    let blind = blind_spots::find(plan, worker.seen(), &unrecognised, named);
    report.blind_spots.clone_from(&blind.report);
    report.sensor = as_sensor::report(plan, &faults, unsupplied, named)?;
    match arguments.format {
        EventFormat::Json => {
            let text = serde_json::to_string_pretty(&report).map_err(|error| Failure::internal(error.to_string()))?;
            written(writeln!(streams.out, "{text}"))?;
        }
        _ => {
            written(human(&report, streams.out))?;
        }
    }
    let mut line = format!("{} looked at, {} matched", plural(report.looked_at, "event"), report.matched);
    if report.looked_at > report.events.len() as u64 {
        line.push_str(&format!("; {} shown (--limit)", report.events.len()));
    }
    if let Some(sensor) = plan.sensor().filter(|_| targets.is_empty() && !rule.targets.is_empty()) {
        line.push_str(&format!("; {sensor} does not load the rule"));
    } else if report.looked_at == 0 {
        let templates: Vec<&str> = rule.targets.iter().map(|target| target.template.name.as_str()).collect();
        line.push_str(&format!("; the rule looks at events of {} only", templates.join(", ")));
    }
    talk(streams, &line);
    recorded::summary(&report.totals, worker.tally(), &arguments.recorded, unsupplied, streams);
    blind.tell(streams);
    let found = as_sensor::summary(report.sensor.as_ref(), streams);
    if !at_odds.is_empty() {
        return Err(odds(&at_odds));
    }
    let unread = report.totals.unread > 0 && !arguments.recorded.lenient;
    Ok(if unread || found { Exit::Findings } else { Exit::Fine })
}

const fn says(matched: bool) -> &'static str {
    if matched { "match" } else { "no match" }
}

/// Two evaluators that share no code do not agree: one of them is wrong, and nobody knows which.
pub(crate) fn odds(places: &[String]) -> Failure {
    let shown: Vec<&str> = places.iter().take(20).map(String::as_str).collect();
    let more = if places.len() > 20 { format!("\n  and {} more", places.len() - 20) } else { String::new() };
    Failure::internal(format!(
        "INTERNAL FAULT: the interpreter and the reference evaluator do not agree. Do not rely on these answers; report it with rule and event\n  {}{more}",
        shown.join("\n  ")
    ))
}

fn human(report: &ExplainReport, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", report.rule.shown())?;
    for event in &report.events {
        let answer = if event.matched { "MATCH" } else { "no match" };
        let head = format!("{}: {} as {}: {answer}", event.source, event.place, event.template);
        writeln!(out, "\n{}", visible(&head))?;
        for line in event.why.to_string().lines() {
            writeln!(out, "  {}", visible(line))?;
        }
    }
    Ok(())
}
