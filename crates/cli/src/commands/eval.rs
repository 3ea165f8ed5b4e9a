//! `contentcheck eval`

mod explain;

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::ops::ControlFlow;

use contentcheck_events::{Flattener, Place, Tally};
use contentcheck_model::diagnostic::{visible, visible_lines};
use contentcheck_model::rule::RuleId;
use contentcheck_run::replay::Faults;
use contentcheck_run::{Plan, Route, Unrecognised};
use schemars::JsonSchema;
use serde::Serialize;

use super::written;
use crate::Streams;
use crate::args::{Eval, EventFormat};
use crate::as_sensor::{self, SensorReport};
use crate::blind_spots::{self, BlindSpots};
use crate::exit::{Exit, Failure, Outcome};
use crate::ready::{Ready, Wanted, ready};
use crate::recorded::{self, Sources, Totals};
use crate::rule_name::RuleName;

pub use explain::ExplainReport;
pub(crate) use explain::odds;

/// What `eval --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EvalReport {
    /// Format of this report: 1.
    pub format: u32,
    /// One for each match; with `--all` also one for each event without a match. In the order of the sources.
    pub records: Vec<EvalRecord>,
    /// What became of the records.
    pub totals: Totals,
    /// Values that did not convert to the type of their field, by template type and field.
    pub not_converted: Vec<NotConverted>,
    /// What rules did not get to see.
    pub blind_spots: BlindSpots,
    /// The sensor that the events were evaluated as; absent without `--sensor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sensor: Option<SensorReport>,
}

/// A match, or an event without one. A line of `--format ndjson`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EvalRecord {
    /// What became of the event.
    pub outcome: Became,
    /// The file; `stdin` for standard input.
    pub source: String,
    /// Where in it, in words: `line 3`, `record 17`.
    pub place: String,
    /// The number of the line, of the object in a document, or the record id of an event log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// The template type; absent where none recognises the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// The rule that matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleName>,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Became {
    /// A rule matches.
    Match,
    /// No rule matches as this template type.
    NoMatch,
    /// No template type recognises it.
    NotRecognised,
}

impl Became {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::NoMatch => "no_match",
            Self::NotRecognised => "not_recognised",
        }
    }
}

/// How often values of a field did not convert.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotConverted {
    /// The template type.
    pub template: String,
    /// The field.
    pub field: String,
    /// How often.
    pub count: u64,
}

/// By template type and field.
#[must_use]
pub fn not_converted(tally: &Tally) -> Vec<NotConverted> {
    let each = tally.iter();
    each.map(|(template, field, count)| NotConverted { template: template.to_owned(), field: field.to_owned(), count })
        .collect()
}

/// The number of a place, where it has one.
#[must_use]
pub const fn number(place: Place) -> Option<u64> {
    match place {
        Place::Line(number) | Place::Logged(number) | Place::Object { number, .. } => Some(number),
        _ => None,
    }
}

/// Runs the command.
///
/// # Errors
/// When an input or the configuration is wrong, or the program is at fault.
pub fn run(arguments: &Eval, streams: &mut Streams<'_>) -> Outcome {
    if arguments.explain.is_some() && !matches!(arguments.format, EventFormat::Human | EventFormat::Json) {
        return Err(Failure::usage("--explain prints --format human or json"));
    }
    let sources = recorded::sources(&arguments.recorded.events, &arguments.rules.named())?;
    let sensor = arguments.as_sensor.sensor()?;
    let (inputs, mut options) = arguments.rules.inputs();
    options.skip_unsupplied = arguments.as_sensor.skip_unsupplied;
    let wanted = Wanted {
        any_sensor: sensor.is_none(),
        needs_content: arguments.explain.is_some().then_some("--explain shows rules as they are written"),
        ..Wanted::by_rules(&arguments.rules, &inputs, options)
    };
    let Some(ready) = ready(&wanted, streams)? else { return Ok(Exit::Findings) };
    let plan = as_sensor::plan(&ready, sensor.as_ref(), wanted.image)?;
    match &arguments.explain {
        Some(rule) => explain::run(arguments, rule, ready.checked()?, &plan, &sources, streams),
        None => evaluate(arguments, &ready, &plan, &sources, streams),
    }
}

fn evaluate(arguments: &Eval, ready: &Ready, plan: &Plan, sources: &Sources, streams: &mut Streams<'_>) -> Outcome {
    let forced = recorded::forced(plan, arguments.recorded.template.as_deref())?;
    let names = ready.names();
    recorded::introduce(sources, streams);
    let bar = recorded::progress(streams);
    let mut totals = Totals { unread: sources.problems.len() as u64, ..Totals::default() };
    let mut worker = plan.worker();
    let mut flattener = Flattener::new();
    let mut writer = Records { format: arguments.format, any: false };
    let mut pending = Vec::new();
    let mut matches = Vec::new();
    let (mut faults, mut unsupplied) = (Faults::default(), 0);
    let mut unrecognised = Unrecognised::default();
    let mut failed = writer.begin(&mut pending).err();
    for (file, path) in sources.files.iter().enumerate() {
        let source = recorded::source_name(path);
        totals.sources += 1;
        let Streams { out, err, .. } = streams;
        // Both closures write and count, one after the other.
        let shared = std::cell::RefCell::new((&mut pending, &mut totals, &mut failed));
        let went = recorded::read(
            path,
            &mut flattener,
            |record| {
                let mut shared = shared.borrow_mut();
                let (pending, totals, failed) = &mut *shared;
                let (place, flat) = match record {
                    Ok(read) => read,
                    Err(problem) => {
                        totals.unread += 1;
                        // Where standard error is gone, nobody listens.
                        let _ = bar.suspend(|| writeln!(err, "{}", visible_lines(&recorded::words(&problem))));
                        return;
                    }
                };
                matches.clear();
                if let Err(met) = worker.evaluate(flat, forced, |route, rule| matches.push((route, rule))) {
                    faults.note(met, (file, place));
                }
                let routes = worker.routes();
                totals.event(routes.len(), routes.iter().any(|route| plan.stop(*route).is_some()));
                unsupplied += u64::from(!routes.is_empty() && !routes.iter().any(|route| plan.supplies(*route)));
                let by_rule: BTreeSet<RuleId> = matches.iter().map(|(_, rule)| *rule).collect();
                totals.matches += by_rule.len() as u64;
                if routes.is_empty() {
                    unrecognised.count(plan.router(), flat, (file, place));
                }
                let record = |outcome, route: Option<Route>, rule: Option<RuleId>| EvalRecord {
                    outcome,
                    source: source.clone(),
                    place: place.to_string(),
                    number: number(place),
                    template: route.and_then(|route| plan.template(route)).map(|of| of.name.clone()),
                    rule: rule.and_then(|rule| names.get(rule.index())).cloned(),
                };
                let mut put = |record: EvalRecord| {
                    if let Err(error) = writer.record(&record, pending) {
                        failed.get_or_insert(error);
                    }
                };
                matches.sort_unstable();
                matches.iter().for_each(|(route, rule)| put(record(Became::Match, Some(*route), Some(*rule))));
                if arguments.all {
                    if routes.is_empty() {
                        put(record(Became::NotRecognised, None, None));
                    }
                    let idle = routes.iter().filter(|route| !matches.iter().any(|(of, _)| of == *route));
                    idle.for_each(|route| put(record(Became::NoMatch, Some(*route), None)));
                }
            },
            |bytes| {
                let mut shared = shared.borrow_mut();
                let (pending, totals, failed) = &mut *shared;
                bar.inc(bytes as u64);
                bar.set_message(format!("{} events, {} matches", totals.events, totals.matches));
                let wrote = bar.suspend(|| out.write_all(pending));
                pending.clear();
                if let Err(error) = wrote {
                    failed.get_or_insert(error);
                }
                if failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
        );
        if went.is_break() {
            break;
        }
    }
    bar.finish_and_clear();
    totals.not_converted = worker.tally().total();
    if let Some(error) = failed {
        // A reader that went away wants no more; there is no use in going on.
        return written(Err(error));
    }
    let source = |file: usize| sources.files.get(file).map_or_else(String::new, |path| recorded::source_name(path));
    let blind = blind_spots::find(plan, worker.seen(), &unrecognised, source);
    let sensor = as_sensor::report(plan, &faults, unsupplied, source);
    let shown = sensor.as_ref().ok().and_then(Option::as_ref);
    let end = writer.end(&totals, worker.tally(), &blind.report, shown, &mut pending);
    written(end.and_then(|()| streams.out.write_all(&pending)))?;
    recorded::summary(&totals, worker.tally(), &arguments.recorded, unsupplied, streams);
    blind.tell(streams);
    let found = as_sensor::summary(sensor?.as_ref(), streams);
    let unread = totals.unread > 0 && !arguments.recorded.lenient;
    Ok(if unread || found { Exit::Findings } else { Exit::Fine })
}

/// Writes records in a format, one after another.
struct Records {
    format: EventFormat,
    any: bool,
}

impl Records {
    fn begin(&self, out: &mut Vec<u8>) -> io::Result<()> {
        match self.format {
            EventFormat::Human | EventFormat::Ndjson => Ok(()),
            EventFormat::Json => out.write_all(b"{\n  \"format\": 1,\n  \"records\": ["),
            EventFormat::Csv => out.write_all(b"outcome,source,place,number,template,level,rule,id,title,file\n"),
        }
    }

    fn record(&mut self, record: &EvalRecord, out: &mut Vec<u8>) -> io::Result<()> {
        match self.format {
            EventFormat::Json => {
                out.write_all(if self.any { b",\n    " } else { b"\n    " })?;
                self.any = true;
                Ok(serde_json::to_writer(out, record)?)
            }
            EventFormat::Ndjson => {
                serde_json::to_writer(&mut *out, record)?;
                out.write_all(b"\n")
            }
            EventFormat::Csv => {
                let number = record.number.map_or_else(String::new, |number| number.to_string());
                let rule = record.rule.as_ref();
                let cells = [
                    record.outcome.as_str(),
                    &record.source,
                    &record.place,
                    &number,
                    record.template.as_deref().unwrap_or(""),
                    rule.and_then(|rule| rule.level).unwrap_or(""),
                    rule.map_or("", |rule| &rule.name),
                    rule.and_then(|rule| rule.id.as_deref()).unwrap_or(""),
                    rule.map_or("", |rule| &rule.title),
                    rule.and_then(|rule| rule.file.as_deref()).unwrap_or(""),
                ];
                let cells: Vec<String> = cells.into_iter().map(cell).collect();
                writeln!(out, "{}", cells.join(","))
            }
            EventFormat::Human => {
                let place = format!("{}: {}", record.source, record.place);
                let template = record.template.as_deref().unwrap_or("-");
                let (level, rule) = match (&record.rule, record.outcome) {
                    (Some(rule), _) => (rule.level.unwrap_or("no level"), rule.shown()),
                    (None, Became::NotRecognised) => ("-", "not recognised".to_owned()),
                    (None, _) => ("-", "no match".to_owned()),
                };
                let line = format!("{level:<13}  {place:<32}  {template:<34}  {rule}");
                writeln!(out, "{}", visible(&line))
            }
        }
    }

    fn end(
        &self,
        totals: &Totals,
        tally: &Tally,
        blind: &BlindSpots,
        sensor: Option<&SensorReport>,
        out: &mut Vec<u8>,
    ) -> io::Result<()> {
        if self.format != EventFormat::Json {
            return Ok(());
        }
        out.write_all(if self.any { b"\n  ],\n  \"totals\": " } else { b"],\n  \"totals\": " })?;
        serde_json::to_writer(&mut *out, totals)?;
        out.write_all(b",\n  \"not_converted\": ")?;
        serde_json::to_writer(&mut *out, &not_converted(tally))?;
        out.write_all(b",\n  \"blind_spots\": ")?;
        serde_json::to_writer(&mut *out, blind)?;
        if let Some(sensor) = sensor {
            out.write_all(b",\n  \"sensor\": ")?;
            serde_json::to_writer(&mut *out, sensor)?;
        }
        out.write_all(b"\n}\n")
    }
}

/// A cell of comma-separated values, as RFC 4180 has it, on one line in which every character is seen. A spreadsheet
/// takes what begins with one of `=+-@` for a formula, so such a cell begins with `'`, which makes it a text there.
fn cell(text: &str) -> String {
    let mut text = visible(text).into_owned();
    if text.trim_start().starts_with(['=', '+', '-', '@']) {
        text.insert(0, '\'');
    }
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}
