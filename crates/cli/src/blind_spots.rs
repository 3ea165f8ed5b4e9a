//! What rules did not get to see of recorded events: kinds that no template type recognises, inputs that no event had,
//! and events of a log that no rule looks at though it tells of what rules are about.

use contentcheck_model::diagnostic::visible;
use contentcheck_run::{Absent, Kind, Lacking, OtherLog, Plan, Seen, Unrecognised, other_logs};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Streams;
use crate::recorded::plural;
use crate::release::talk;

/// Lines of each sort that people are shown; JSON has all.
const SHOWN: usize = 5;

/// What rules did not get to see.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BlindSpots {
    /// Events that no template type recognises, by kind, that of most events first.
    pub not_recognised: Vec<NotRecognised>,
    /// Inputs that rules read and that no event had, by template type.
    pub inputs_absent: Vec<InputsAbsent>,
    /// Events that tell of what rules are about, in a log that these rules do not look at.
    pub other_logs: Vec<OtherLogEvents>,
}

/// Events that are not recognised for one reason.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotRecognised {
    /// What they lack, said of one of them: `has no ...`.
    pub reason: String,
    /// The template type that they are nearest to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest: Option<String>,
    /// How many.
    pub events: u64,
    /// The file of the first of them.
    pub source: String,
    /// Where in it.
    pub place: String,
}

/// Inputs of a template type that no event had.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InputsAbsent {
    /// The template type.
    pub template: String,
    /// Its events.
    pub events: u64,
    /// How many inputs rules read.
    pub inputs_read: usize,
    /// Those that no event had; those that most rules read first.
    pub inputs: Vec<AbsentInput>,
    /// Whether the events lack most of what every event of the template type has: they are in another shape, and its
    /// names need a mapping.
    pub other_shape: bool,
    /// How many events are in another shape, each by itself: no rule sees anything in them.
    pub events_in_other_shape: u64,
}

/// An input that no event had.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AbsentInput {
    /// The input.
    pub input: String,
    /// How many rules read it.
    pub rules: usize,
}

/// Events of another log than the one that rules look at.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OtherLogEvents {
    /// Their template type.
    pub template: String,
    /// How many.
    pub events: u64,
    /// What they tell of: categories of log sources.
    pub categories: Vec<String>,
    /// Rules on these categories.
    pub rules: usize,
    /// The template types that these look at.
    pub looked_at: Vec<String>,
}

/// What was found, and its words.
#[derive(Debug, Default)]
pub struct Found {
    /// For JSON.
    pub report: BlindSpots,
    lines: Vec<String>,
}

/// What rules did not get to see. `source` names a file by its number.
#[must_use]
pub fn find(plan: &Plan, seen: &Seen, unrecognised: &Unrecognised, source: impl Fn(usize) -> String) -> Found {
    let (kinds, lacking, logs) = (unrecognised.kinds(), seen.lacking(plan), other_logs(plan, seen));
    let mut lines = Vec::new();
    let more = |all: usize, what: &str| match all.saturating_sub(SHOWN) {
        0 => None,
        more => Some(format!("  and {}", plural(more as u64, what))),
    };
    if !kinds.is_empty() {
        lines.push("not recognised, by kind:".to_owned());
        for Kind { reason, events, first: (file, place), .. } in kinds.iter().take(SHOWN) {
            let (each, first) = if *events == 1 { ("it", "") } else { ("each", "the first: ") };
            lines.push(format!("  {}: {each} {reason} ({first}{}: {place})", plural(*events, "event"), source(*file)));
        }
        lines.extend(more(kinds.len(), "more kind"));
    }
    if !lacking.is_empty() {
        lines.push("what rules read and events did not have:".to_owned());
        for lacking in lacking.iter().take(SHOWN) {
            let foreign = match (lacking.is_foreign, lacking.foreign < lacking.events && lacking.foreign > 0) {
                (true, false) => {
                    "; the events are in another shape: rename their fields before (docs/how-to/own-exports.md)"
                }
                (true, true) => "; these are in another shape: rename their fields before (docs/how-to/own-exports.md)",
                (false, _) => "",
            };
            lines.push(format!(
                "  {} ({}): {}{foreign}",
                lacking.template,
                plural(lacking.events, "event"),
                lacking.words()
            ));
        }
        lines.extend(more(lacking.len(), "more template type"));
    }
    lines.extend(logs.iter().map(OtherLog::words));
    let report = BlindSpots {
        not_recognised: kinds.into_iter().map(|kind| not_recognised(kind, &source)).collect(),
        inputs_absent: lacking.into_iter().map(inputs_absent).collect(),
        other_logs: logs.into_iter().map(other_log).collect(),
    };
    Found { report, lines }
}

impl Found {
    /// Says it to people.
    pub fn tell(&self, streams: &mut Streams<'_>) {
        self.lines.iter().for_each(|line| talk(streams, &visible(line)));
    }
}

fn not_recognised(kind: &Kind, source: &impl Fn(usize) -> String) -> NotRecognised {
    let Kind { reason, nearest, events, first: (file, place) } = kind;
    NotRecognised {
        reason: reason.clone(),
        nearest: nearest.clone(),
        events: *events,
        source: source(*file),
        place: place.to_string(),
    }
}

fn inputs_absent(lacking: Lacking) -> InputsAbsent {
    let Lacking { template, events, read, inputs, is_foreign, foreign } = lacking;
    let inputs = inputs.into_iter().map(|Absent { name, rules }| AbsentInput { input: name, rules }).collect();
    InputsAbsent {
        template,
        events,
        inputs_read: read,
        inputs,
        other_shape: is_foreign,
        events_in_other_shape: foreign,
    }
}

fn other_log(log: OtherLog) -> OtherLogEvents {
    let OtherLog { template, events, categories, rules, looked_at } = log;
    OtherLogEvents {
        template,
        events,
        categories: categories.into_iter().map(str::to_owned).collect(),
        rules,
        looked_at,
    }
}
