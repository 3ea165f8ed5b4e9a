//! Check 8: recorded events. Some may be matched so often and no more, some by nothing ever.

use contentcheck_model::diagnostic::codes;
use contentcheck_model::rule::RuleId;
use contentcheck_run::Plan;
use contentcheck_run::Recording;
use contentcheck_run::replay::{Counted, Met, Unmet, count_all, lack};

use crate::checks::corpus;
use crate::checks::sensors::{self, Group};
use crate::evidence::Finding;
use crate::facts::{matches, plural};
use crate::run::{Check, Learned, Outcome, Subject};

/// Replays recorded events and the never-match corpus.
pub struct Replay;

impl Check for Replay {
    fn name(&self) -> &'static str {
        "replay"
    }

    fn guards(&self) -> &'static str {
        "rules that drown people in matches, and rules that match the operating system, signed software or the sensor itself"
    }

    fn run(&self, run: &Subject<'_>, _: &Learned) -> Outcome {
        let Some(plan) = run.plan else { return Outcome::skipped("there is no image to replay events with") };
        let settings = run.settings;
        let mut outcome = Outcome::default();
        let groups = if settings.recordings.is_empty() && settings.never_match.is_empty() {
            &[]
        } else {
            sensors::shown(run, &mut outcome)
        };
        let plans: Vec<&Plan> = [plan].into_iter().chain(groups.iter().map(|group| &group.plan)).collect();
        let mut said = Vec::new();
        let mut own = OnSensors::default();
        // None is a count as well: a later run is held against it.
        for set in [&corpus::RECORDED, &corpus::NEVER_MATCH] {
            set.each(|name| outcome.fact(name, 0));
        }
        outcome.fact(corpus::RECORDED.files, settings.recordings.len() as u64);
        outcome.fact(corpus::NEVER_MATCH.files, settings.never_match.len() as u64);
        if settings.recordings.is_empty() {
            outcome.skipped.push("no recorded events are named (`recordings` under [gate])".to_owned());
        } else {
            let mut all = count_all(&plans, &settings.recordings, settings.threads).into_iter();
            let Some(counted) = all.next() else { return outcome };
            looked_at(plan, &counted, &settings.recordings, &corpus::RECORDED, &mut outcome);
            own.look(groups, all.as_slice(), &settings.recordings, &mut outcome);
            outcome.learned.matches = counted.matches(plan);
            let unlimited = RuleId::count(&run.rules).filter(|(id, _)| run.ceiling(*id).is_none()).count();
            if unlimited > 0 {
                outcome.skipped.push(format!(
                    "{} {} no ceiling (`ceiling` under [gate]): nothing says how many of the recorded events are too many",
                    plural(unlimited, "rule"),
                    if unlimited == 1 { "has" } else { "have" }
                ));
            }
            for ((id, rule), matches) in RuleId::count(&run.rules).zip(&counted.rules) {
                if let Some(most) = run.ceiling(id).filter(|most| matches > most) {
                    let message = format!(
                        "`{}` matches {matches} of the recorded events, at most {most} are allowed",
                        rule.title
                    );
                    outcome.findings.push(
                        Finding::new(&codes::CEILING_EXCEEDED, message)
                            .of_rule(rule)
                            .with_help("`contentcheck eval` shows the events"),
                    );
                }
            }
            outcome.fact("recorded events on template types with rules", counted.evaluated);
            outcome.fact("matches", counted.matches);
            said.push(format!(
                "{}{}, {}",
                plural(counted.events as usize, "recorded event"),
                not_recognised(&counted),
                matches(counted.matches)
            ));
        }
        if settings.never_match.is_empty() {
            outcome.skipped.push(
                "never-match: no events are named that no rule may match (`never-match` under [gate])".to_owned(),
            );
        } else {
            let mut all = count_all(&plans, &settings.never_match, settings.threads).into_iter();
            let Some(counted) = all.next() else { return outcome };
            looked_at(plan, &counted, &settings.never_match, &corpus::NEVER_MATCH, &mut outcome);
            own.look(groups, all.as_slice(), &settings.never_match, &mut outcome);
            never_match(run, &counted, None, &mut outcome);
            for (group, on) in groups.iter().zip(all.as_slice()) {
                never_match(run, on, Some((group, &counted)), &mut outcome);
            }
            outcome.fact("never-match events on no template type with rules", counted.events - counted.evaluated);
            let unknown = not_recognised(&counted);
            said.push(format!(
                "{} never-match events{unknown}, {} of them on template types with rules and {} with a field that rules read",
                counted.events, counted.evaluated, counted.shown
            ));
        }
        missed(&settings.missed, &mut outcome);
        outcome.idle = settings.recordings.is_empty() && settings.never_match.is_empty();
        if !groups.is_empty() {
            let sensors = plural(groups.iter().map(|group| group.sensors.len()).sum(), "sensor");
            outcome.fact("events refused on sensors", own.refused);
            outcome.fact("events of template types that sensors do not supply", own.unsupplied);
            outcome.fact("matches on sensors", own.matches);
            said.push(format!(
                "on {sensors} in {}: {} refused, {} of template types that they do not supply, {}",
                plural(groups.len(), "group"),
                own.refused,
                own.unsupplied,
                matches(own.matches)
            ));
        }
        outcome.summary = if said.is_empty() { "did not run".to_owned() } else { said.join("; ") };
        outcome
    }
}

/// How many files are named that were not read.
const NAMED: usize = 3;

/// Files beside the recordings that may hold events, and are not read.
fn missed(files: &[String], outcome: &mut Outcome) {
    let named: Vec<&str> = files.iter().take(NAMED).map(String::as_str).collect();
    if named.is_empty() {
        return;
    }
    let more = match files.len() - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    outcome.skipped.push(format!(
        "{}{more} may hold events and {} not read: call such a file *.jsonl, *.json or *.evtx, as what it is, name it itself, or keep it elsewhere",
        named.join(", "),
        if files.len() == 1 { "is" } else { "are" }
    ));
}

/// Matches of events that nothing may match: those of the recorder, or those that sensors of a group have besides.
fn never_match(run: &Subject<'_>, counted: &Counted, besides: Option<(&Group<'_>, &Counted)>, outcome: &mut Outcome) {
    for (at, rule) in run.rules.iter().enumerate() {
        let count = |of: &Counted| of.rules.get(at).copied().unwrap_or(0);
        let matches = count(counted);
        if matches == 0 || besides.is_some_and(|(_, known)| count(known) > 0) {
            continue;
        }
        let first = counted.first.get(at).copied().flatten().and_then(|(file, place)| {
            run.settings.never_match.get(file).map(|recording| format!("{}, {place}", recording.name()))
        });
        let on = besides.map_or_else(String::new, |(group, _)| format!(" on {}", group.names()));
        let message = format!(
            "`{}` matches {matches} of the events that nothing may match{on}, the first in {}",
            rule.title,
            first.unwrap_or_default()
        );
        outcome.findings.push(
            Finding::new(&codes::NEVER_MATCH, message)
                .of_rule(rule)
                .with_help("narrow the rule: no rule is excepted from this corpus"),
        );
    }
}

/// What recorded events gave as the sensors of the fleet supply them, over all groups.
#[derive(Default)]
struct OnSensors {
    refused: u64,
    unsupplied: u64,
    matches: u64,
}

impl OnSensors {
    fn look(&mut self, groups: &[Group<'_>], counted: &[Counted], files: &[Recording], outcome: &mut Outcome) {
        for (group, counted) in groups.iter().zip(counted) {
            self.refused += counted.faults.events();
            self.unsupplied += counted.unsupplied;
            self.matches += counted.matches;
            for Met { fault, events, first: (file, place) } in counted.faults.met() {
                let file = files.get(*file).map(Recording::name).unwrap_or_default();
                let what = format!(
                    "{} of {} recorded events are refused, the first in {file}, {place}",
                    events, counted.events
                );
                outcome.findings.push(sensors::fault(group, *fault, &what));
            }
        }
    }
}

/// Counts a set of events, and tells whatever of it no rule gets to see: each event is shown to rules, is of a template
/// type that has none, or is told here.
fn looked_at(plan: &Plan, counted: &Counted, files: &[Recording], set: &corpus::Set, outcome: &mut Outcome) {
    unread(plan, counted, files, outcome);
    unrecognised(plan, counted, files, set.events, outcome);
    unseen(plan, counted, set.events, outcome);
    unmet(plan, counted, set.events, outcome);
    if set.is_invariant {
        bare(counted, files, set.events, outcome);
    }
    let (distinct, distinct_shown) = counted.distinct().unwrap_or_default();
    outcome.fact(set.events, counted.events);
    outcome.fact(set.unrecognised, counted.events - counted.routed);
    outcome.fact(set.shown, counted.shown);
    outcome.fact(set.distinct, distinct);
    outcome.fact(set.distinct_shown, distinct_shown);
}

/// How many events belong to no template type, where there are any.
fn not_recognised(counted: &Counted) -> String {
    match counted.events - counted.routed {
        0 => String::new(),
        of => format!(" ({of} of no template type)"),
    }
}

/// Events that nothing may match and that lack all that rules read. Whatever a rule is, it matches none of them, and others
/// of their file do not stand for them.
fn bare(counted: &Counted, files: &[Recording], what: &str, outcome: &mut Outcome) {
    for (held, file) in counted.sources.iter().zip(files).filter(|(held, _)| held.shown > 0) {
        let bare = held.evaluated - held.shown;
        if bare > 0 {
            outcome.skipped.push(format!(
                "{what}: {}: {bare} of {} on template types with rules have nothing that rules read",
                file.name(),
                plural(held.evaluated as usize, "event")
            ));
        }
    }
}

/// Why events of a file belong to no template type, as a clause behind a colon.
fn why(plan: &Plan, file: &Recording) -> String {
    lack(plan, file).map_or_else(String::new, |(reason, count, of)| {
        if of == 1 { format!(": it {reason}") } else { format!(": each of {count} of the first {of} {reason}") }
    })
}

/// Events that nothing recognises: no rule looks at any of them, so they prove nothing. A file in which there is nothing
/// else is an error, and one with some was looked at in part.
fn unrecognised(plan: &Plan, counted: &Counted, files: &[Recording], what: &str, outcome: &mut Outcome) {
    for (at, (held, file)) in counted.sources.iter().zip(files).enumerate() {
        let is_unread = counted.problems.iter().any(|(number, ..)| *number == at);
        let unknown = held.events - held.routed;
        let message = match held.events {
            _ if held.routed > 0 && unknown == 0 => continue,
            _ if held.routed > 0 => {
                outcome.skipped.push(format!(
                    "{what}: {}: {unknown} of {} belong to no template type{}",
                    file.name(),
                    plural(held.events as usize, "event"),
                    why(plan, file)
                ));
                continue;
            }
            // What could not be read has a finding of its own.
            0 if is_unread => continue,
            0 => format!("{} has no event", file.name()),
            events => format!(
                "{}: none of its {} belongs to a template type{}",
                file.name(),
                plural(events as usize, "event"),
                why(plan, file)
            ),
        };
        outcome.findings.push(
            Finding::new(&codes::RECORDING_UNRECOGNISED, message)
                .with_help("record it again, or take it out of the configuration: nothing looks at it"),
        );
    }
    // Recognised, and empty otherwise: nothing that a rule asks for is there, so no rule can match.
    for (held, file) in counted.sources.iter().zip(files).filter(|(held, _)| held.evaluated > 0 && held.shown == 0) {
        let events = plural(held.evaluated as usize, "event");
        outcome.skipped.push(format!(
            "{what}: {}: none of its {events} on template types with rules has a field that rules read",
            file.name()
        ));
    }
}

/// Template types that rules are on and of which no event shows anything: a rule that matches everything there matches
/// nothing here. Each is named, so that one that has events does not stand for one that has none.
fn unmet(plan: &Plan, counted: &Counted, what: &str, outcome: &mut Outcome) {
    for Unmet { template, events, rules, recognisable } in counted.unmet(plan) {
        let none = match events {
            _ if !recognisable => {
                format!("none can be of `{template}`, which does not say how its events are recognised (`reads`)")
            }
            0 => format!("none is of `{template}`"),
            events => {
                format!("{} of `{template}` and nothing in them that rules read", plural(events as usize, "event"))
            }
        };
        outcome
            .skipped
            .push(format!("{what}: {none}: nothing shows what {} on it would match", plural(rules.len(), "rule")));
    }
}

/// What rules look at and events did not have: no rule could see anything there.
fn unseen(plan: &Plan, counted: &Counted, what: &str, outcome: &mut Outcome) {
    for lacking in counted.lacking(plan) {
        let code = if lacking.is_foreign { &codes::RECORDING_FOREIGN } else { &codes::INPUT_UNSEEN };
        let message = format!("{what}: `{}`: {}", lacking.template, lacking.words());
        let finding = Finding::new(code, message);
        outcome.findings.push(if lacking.is_foreign {
            finding.with_help(
                "the events are in another shape: record them under the names of the log, or rename the fields",
            )
        } else {
            finding
        });
    }
    for log in counted.other_logs(plan) {
        let finding = Finding::new(&codes::OTHER_LOG, format!("{what}: {}", log.words()));
        outcome.findings.push(finding.with_help(
            "write rules for that log, or leave its events out of the recordings: the next gate then has fewer to look at, and is told so once with --allow-shrink",
        ));
    }
}

/// What could not be read proves nothing.
fn unread(plan: &Plan, counted: &Counted, files: &[Recording], outcome: &mut Outcome) {
    let name = |file: usize| files.get(file).map(Recording::name).unwrap_or_default();
    for (file, _, words) in &counted.problems {
        let file = name(*file);
        let words = words.lines().next().unwrap_or_default();
        // They begin with the path by which the file was found, and the evidence has names alone.
        let words = words.split_once(&format!("{file}: ")).map_or(words, |(_, words)| words);
        outcome.findings.push(Finding::new(&codes::RECORDING_UNREAD, format!("{file}: {words}")));
    }
    for Met { fault, events, first: (file, place) } in counted.faults.met() {
        let message =
            format!("{}: {place}: the image met a fault, the first of {events}: {}", name(*file), fault.words(plan));
        outcome.findings.push(Finding::new(&codes::RECORDING_UNREAD, message));
    }
    if counted.lost {
        outcome.findings.push(Finding::new(&codes::RECORDING_UNREAD, "a worker ended early: the counts are wrong"));
    }
}
