//! `contentcheck replay`

use std::io::{self, Write};
use std::time::Instant;

use contentcheck_model::diagnostic::{json_words, visible};
use contentcheck_run::Plan;
use contentcheck_run::Recording;
use contentcheck_run::replay::{Counted, Watch, count};
use indicatif::ProgressBar;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::eval::{NotConverted, not_converted};
use super::{threads, written};
use crate::Streams;
use crate::args::{CountFormat, Replay};
use crate::as_sensor::{self, SensorReport};
use crate::blind_spots::{self, BlindSpots};
use crate::exit::{Exit, Failure, Outcome};
use crate::ready::{Ready, Wanted, ready};
use crate::recorded::{self, Sources, Totals, plural};
use crate::release::{talk, talk_of};
use crate::rule_name::RuleName;
use contentcheck_project::files;

/// Bytes of a file of ceilings.
const CEILINGS_BYTES: usize = 1 << 20;

/// What `replay --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayReport {
    /// Format of this report: 1.
    pub format: u32,
    /// Rules that match, those that match most first.
    pub rules: Vec<RuleMatches>,
    /// Template types that events belong to, by name.
    pub templates: Vec<TemplateEvents>,
    /// What became of the records.
    pub totals: Totals,
    /// Values that did not convert to the type of their field.
    pub not_converted: Vec<NotConverted>,
    /// What rules did not get to see.
    pub blind_spots: BlindSpots,
    /// The sensor that the events were evaluated as; absent without `--sensor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sensor: Option<SensorReport>,
}

/// How often a rule matches.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleMatches {
    /// The rule.
    pub rule: RuleName,
    /// How many events it matches.
    pub matches: u64,
    /// How often it may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<u64>,
    /// Whether it matches more often.
    pub exceeded: bool,
}

/// How many events belong to a template type.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateEvents {
    /// The template type.
    pub template: String,
    /// Its events.
    pub events: u64,
    /// Whether some rule looks at them.
    pub covered: bool,
    /// Whether the sensor supplies it; absent without `--sensor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supplied: Option<bool>,
}

/// Runs the command.
///
/// # Errors
/// When an input, the configuration or a ceiling is wrong, or the program is at fault.
pub fn run(arguments: &Replay, streams: &mut Streams<'_>) -> Outcome {
    let sources = recorded::sources(&arguments.recorded.events, &arguments.rules.named())?;
    let sensor = arguments.as_sensor.sensor()?;
    let (inputs, mut options) = arguments.rules.inputs();
    options.skip_unsupplied = arguments.as_sensor.skip_unsupplied;
    let wanted = Wanted { any_sensor: sensor.is_none(), ..Wanted::by_rules(&arguments.rules, &inputs, options) };
    let Some(ready) = ready(&wanted, streams)? else { return Ok(Exit::Findings) };
    let ceilings = ceilings(arguments, &ready)?;
    let plan = as_sensor::plan(&ready, sensor.as_ref(), wanted.image)?;
    replay(arguments, &ready, &plan, &sources, &ceilings, streams)
}

/// A JSON object, with names that come twice.
struct Pairs(Vec<(String, u64)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Pairs;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of rules and how often each may match")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// How often each rule may match, by its number.
fn ceilings(arguments: &Replay, ready: &Ready) -> Result<Vec<Option<u64>>, Failure> {
    let mut ceilings = vec![None; ready.names().len()];
    if let Some(path) = &arguments.ceilings {
        let name = files::name(path);
        let fail = |reason: String| Failure::usage(format!("{name}: {reason}"));
        let bytes = files::read_whole(path, CEILINGS_BYTES).map_err(fail)?;
        let Pairs(pairs) = serde_json::from_slice(&bytes).map_err(|error| fail(json_words(&error)))?;
        for (wanted, most) in pairs {
            let id = ready.find(&wanted).map_err(|reason| fail(reason.to_string()))?;
            if let Some(ceiling) = ceilings.get_mut(id.index())
                && ceiling.replace(most).is_some()
            {
                return Err(fail(format!("the rule `{wanted}` has two ceilings")));
            }
        }
    }
    ceilings.iter_mut().for_each(|ceiling| *ceiling = ceiling.or(arguments.ceiling));
    Ok(ceilings)
}

/// Shows how far the replay is.
struct Watcher<'w> {
    bar: &'w ProgressBar,
}

impl Watch for Watcher<'_> {
    fn done(&self, bytes: u64) {
        self.bar.inc(bytes);
    }
}

fn replay(
    arguments: &Replay,
    ready: &Ready,
    plan: &Plan,
    sources: &Sources,
    ceilings: &[Option<u64>],
    streams: &mut Streams<'_>,
) -> Outcome {
    let forced = recorded::forced(plan, arguments.recorded.template.as_deref())?;
    recorded::introduce(sources, streams);
    let start = Instant::now();
    let bar = recorded::progress(streams);
    let watcher = Watcher { bar: &bar };
    let files: Vec<Recording> = sources.files.iter().cloned().map(Recording::File).collect();
    let whole = count(plan, &files, forced, threads(arguments.rules.threads), &watcher);
    bar.finish_and_clear();
    if whole.lost {
        return Err(Failure::internal("a worker ended early; the counts would be wrong"));
    }
    let seconds = start.elapsed().as_secs_f64().max(1e-9);
    let totals = Totals {
        sources: sources.files.len(),
        events: whole.events,
        routed: whole.routed,
        evaluated: whole.evaluated,
        not_recognised: whole.events - whole.routed,
        unread: whole.unread + sources.problems.len() as u64,
        not_converted: whole.tally.total(),
        matches: whole.matches,
    };
    for (_, _, problem) in &whole.problems {
        talk_of(streams, problem);
    }
    let told = (whole.problems.len() + sources.problems.len()) as u64;
    if totals.unread > told {
        talk(streams, &format!("and {} that could not be read", plural(totals.unread - told, "more record")));
    }
    let source = |file: usize| sources.files.get(file).map_or_else(String::new, |path| recorded::source_name(path));
    let sensor = as_sensor::report(plan, &whole.faults, whole.unsupplied, source)?;
    let blind = blind_spots::find(plan, &whole.seen, &whole.unrecognised, source);
    let mut report = report(ready, plan, ceilings, &whole, totals, sensor);
    report.blind_spots.clone_from(&blind.report);
    match arguments.format {
        CountFormat::Human => written(human(&report, streams.out))?,
        CountFormat::Json => {
            let text = serde_json::to_string_pretty(&report).map_err(|error| Failure::internal(error.to_string()))?;
            written(writeln!(streams.out, "{text}"))?
        }
    };
    recorded::summary(&report.totals, &whole.tally, &arguments.recorded, whole.unsupplied, streams);
    blind.tell(streams);
    let found = as_sensor::summary(report.sensor.as_ref(), streams);
    talk(
        streams,
        &format!(
            "{:.2} s, {:.0} events/s, {:.1} MB/s unpacked",
            seconds,
            report.totals.events as f64 / seconds,
            whole.bytes as f64 / seconds / 1e6
        ),
    );
    let exceeded: Vec<&RuleMatches> = report.rules.iter().filter(|rule| rule.exceeded).collect();
    for RuleMatches { rule, matches, ceiling, .. } in &exceeded {
        let most = ceiling.unwrap_or_default();
        talk(streams, &format!("ceiling exceeded: {} matches {matches} times, at most {most} allowed", rule.shown()));
    }
    let unread = report.totals.unread > 0 && !arguments.recorded.lenient;
    Ok(if unread || found || !exceeded.is_empty() { Exit::Findings } else { Exit::Fine })
}

fn report(
    ready: &Ready,
    plan: &Plan,
    ceilings: &[Option<u64>],
    whole: &Counted,
    totals: Totals,
    sensor: Option<SensorReport>,
) -> ReplayReport {
    let counted = ready.names().into_owned().into_iter().zip(&whole.rules).zip(ceilings);
    let mut rules: Vec<RuleMatches> = counted
        .filter(|((_, matches), _)| **matches > 0)
        .map(|((rule, matches), ceiling)| RuleMatches {
            rule,
            matches: *matches,
            ceiling: *ceiling,
            exceeded: ceiling.is_some_and(|ceiling| *matches > ceiling),
        })
        .collect();
    rules.sort_by(|a, b| (b.matches, &a.rule).cmp(&(a.matches, &b.rule)));
    let mut templates: Vec<TemplateEvents> = plan
        .routes()
        .zip(&whole.templates)
        .filter(|(_, events)| **events > 0)
        .map(|((route, template), events)| TemplateEvents {
            template: template.name.clone(),
            events: *events,
            covered: plan.stop(route).is_some(),
            supplied: plan.sensor().map(|_| plan.supplies(route)),
        })
        .collect();
    templates.sort_by(|a, b| a.template.cmp(&b.template));
    let not_converted = not_converted(&whole.tally);
    ReplayReport { format: 1, rules, templates, totals, not_converted, blind_spots: BlindSpots::default(), sensor }
}

fn human(report: &ReplayReport, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{:>10}  template type", "events")?;
    for TemplateEvents { template, events, covered, supplied } in &report.templates {
        let note = match (supplied, covered) {
            (Some(false), _) => "  (the sensor does not supply it)",
            (_, false) => "  (no rule is on it)",
            (_, true) => "",
        };
        writeln!(out, "{events:>10}  {}{note}", visible(template))?;
    }
    writeln!(out, "\n{:>10}  {:<13}  rule", "matches", "level")?;
    for RuleMatches { rule, matches, ceiling, exceeded } in &report.rules {
        let level = rule.level.unwrap_or("no level");
        let over = ceiling.filter(|_| *exceeded).map_or_else(String::new, |most| format!("  EXCEEDS {most}"));
        writeln!(out, "{matches:>10}  {level:<13}  {}{over}", rule.shown())?;
    }
    Ok(())
}
