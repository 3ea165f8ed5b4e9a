//! Check 9: what differs from the previous release.

use std::collections::{BTreeMap, BTreeSet};

use contentcheck_analysis::{Analysis, Difference, Example, Fires, Relation, Unknown, Witness};
use contentcheck_parser::diagnostic::codes;
use contentcheck_parser::model::{CheckedRule, Expr, RuleId, Target, Test};
use contentcheck_parser::sensor::Sensor;
use contentcheck_parser::template::{FieldType, TemplateType};

use crate::facts::{place, plural};
use contentcheck_reference::{Prepared, evaluate};
use contentcheck_run::replay::count;
use contentcheck_run::{Plan, proof};
use proptest::strategy::{Strategy, ValueTree};

use crate::checks::corpus;
use crate::checks::sensors::Groups;
use crate::evidence::{Change, ChangeKind, Finding, SensorFacts, Volume};
use crate::generate::{Maker, runner};
use crate::run::{Check, Learned, Outcome, Subject};
use crate::subject::Built;

/// Size, rules, meaning and volume against the previous release.
pub struct ChangeGuard;

/// Of ten rules of the previous release, so many may go without a word.
const GONE_PER_TEN: usize = 1;
/// Bytes below which growth of an image is no jump.
const SMALL: usize = 64 * 1024;
/// Matches of recorded events, and how many times those of the previous release, that are worth stopping for.
const FLOOD: u64 = 100;
const MORE: u64 = 10;
/// Events that both versions of a changed rule are shown.
const EVENTS: u64 = 1_000;

impl Check for ChangeGuard {
    fn name(&self) -> &'static str {
        "change"
    }

    fn guards(&self) -> &'static str {
        "a release that is emptied, shrunken, doubled, stale, or whose rules mean something else than before without anybody having seen it"
    }

    fn run(&self, run: &Subject<'_>, earlier: &Learned) -> Outcome {
        let mut outcome = Outcome::default();
        let then = run.settings.previous_evidence.as_deref();
        if let Some(then) = then.filter(|_| !run.settings.allow_shrink) {
            outcome.findings.extend(corpus::shrunk(then, earlier, run.settings));
        }
        let Some(previous) = run.previous else {
            let reason = "no previous release is named (`previous` under [gate], or --previous)";
            if then.is_none() {
                return Outcome::skipped(reason);
            }
            outcome.skipped.push(format!("size, rules, meaning and volume: {reason}"));
            outcome.summary = "what there is to look at was held against the previous evidence".to_owned();
            return outcome;
        };
        let sequence = |built: &Built| built.judged().gathered().release.sequence;
        let (old_sequence, sequence) = (sequence(previous), sequence(run.built));
        match (old_sequence, sequence) {
            (Some(old), Some(new)) if new <= old => {
                let message = format!("the sequence number is {new}, and that of the previous release {old}");
                outcome.findings.push(Finding::new(&codes::STALE_SEQUENCE, message));
            }
            (Some(old), None) => {
                let message = format!("the release has no sequence number, and the previous one has {old}");
                outcome.findings.push(Finding::new(&codes::STALE_SEQUENCE, message));
            }
            _ => {}
        }
        outcome.skipped.extend(unlike(run, previous));
        let old = previous.rules();
        let before = by_name(&old);
        let after = by_name(&run.rules);
        // What has an error is not gone: lint says what is wrong with it. Where lint does not run, nothing else does.
        let left = run.built.judged().left_out().iter().filter(|_| run.settings.wants("lint"));
        let left: BTreeSet<&str> = left.map(|out| out.name.as_str()).collect();
        let gone: Vec<&CheckedRule> = before
            .iter()
            .filter(|(name, _)| !after.contains_key(*name) && !left.contains(*name))
            .map(|(_, rule)| *rule)
            .collect();
        shrunk(run, &before, &gone, &mut outcome);
        sensors(run, previous, &left, &mut outcome);
        fleets(run, previous, &mut outcome);
        templates(run, previous, &mut outcome);
        grown(run, &mut outcome);
        let mut changes: Vec<Change> = Vec::new();
        changes.extend(gone.iter().map(|rule| plain(rule, ChangeKind::Removed)));
        for (name, rule) in &after {
            match before.get(name) {
                None => {
                    let mut change = plain(rule, ChangeKind::Added);
                    for target in &rule.targets {
                        // Of several the one that matches most.
                        let volume = volume(run, None, target);
                        if volume.map(|of| of.after) > change.volume.map(|of| of.after) {
                            change.volume = volume;
                            change.template = Some(target.template.to_string());
                        }
                        flooding(run, rule, target, volume, None, &mut outcome);
                    }
                    changes.push(change);
                }
                Some(old) => changed(run, old, rule, &mut changes, &mut outcome),
            }
        }
        let recorded = recorded(run, earlier, previous, &mut outcome);
        changes.sort_by(|a, b| (&a.rule, &a.template).cmp(&(&b.rule, &b.template)));
        let of = |kind: ChangeKind| changes.iter().filter(|change| change.kind == kind).count() as u64;
        let kinds = [
            ("added", ChangeKind::Added),
            ("removed", ChangeKind::Removed),
            ("wider", ChangeKind::Wider),
            ("narrower", ChangeKind::Narrower),
            ("different", ChangeKind::Different),
            ("rewritten", ChangeKind::Rewritten),
            ("unknown", ChangeKind::Unknown),
        ];
        for (name, kind) in kinds {
            outcome.fact(name, of(kind));
        }
        let said: Vec<String> = kinds
            .iter()
            .filter(|(_, kind)| of(*kind) > 0)
            .map(|(name, kind)| format!("{} {name}", of(*kind)))
            .collect();
        outcome.summary = format!(
            "{} rules before, {} now: {}{}",
            before.len(),
            after.len(),
            if said.is_empty() { "none changed".to_owned() } else { said.join(", ") },
            recorded.map_or_else(String::new, |(then, now)| format!(
                "; of the recorded events they matched {then}, and match {now}"
            ))
        );
        outcome.learned.changes = changes;
        outcome
    }
}

/// Why what is named as the previous release shows less than it should, or nothing. A release that passed has none of
/// these, so that one that has cannot hide what is gone.
fn unlike(run: &Subject<'_>, previous: &Built) -> Vec<String> {
    let mut reasons = Vec::new();
    let left_out = previous.judged().left_out().len();
    if left_out > 0 {
        let left_out = plural(left_out, "rule");
        reasons.push(format!("{left_out} of the previous release with errors: they are compared with nothing"));
    }
    if previous.rules().is_empty() {
        reasons.push("the previous release has no rules: nothing was compared".to_owned());
    }
    let name = |built: &Built| built.judged().gathered().release.name.clone();
    let (old, new) = (name(previous), name(run.built));
    if old.is_some() && old != new {
        let called =
            |name: Option<String>| name.map_or_else(|| "has no name".to_owned(), |name| format!("is `{name}`"));
        reasons.push(format!(
            "the previous release {}, and this one {}: they are not the same product",
            called(old),
            called(new)
        ));
    }
    reasons
}

fn by_name<'r>(rules: &[&'r CheckedRule]) -> BTreeMap<&'r str, &'r CheckedRule> {
    rules.iter().map(|rule| (rule.key(), *rule)).collect()
}

fn plain(rule: &CheckedRule, kind: ChangeKind) -> Change {
    Change {
        rule: rule.key().to_owned(),
        title: rule.title.clone(),
        kind,
        template: None,
        gains: None,
        loses: None,
        volume: None,
    }
}

/// Rules that are gone.
fn shrunk(run: &Subject<'_>, before: &BTreeMap<&str, &CheckedRule>, gone: &[&CheckedRule], outcome: &mut Outcome) {
    if run.settings.allow_shrink {
        return;
    }
    let left = run.rules.len();
    let help = "restore them, or say that they are meant to go: --allow-shrink, for this one release";
    // One rule of a small release is more than a tenth, and is named by itself.
    if (left == 0 && !before.is_empty()) || (gone.len() > 1 && gone.len() * 10 > before.len() * GONE_PER_TEN) {
        let message =
            format!("{} of the {} rules of the previous release are gone; {left} are left", gone.len(), before.len());
        outcome.findings.push(Finding::new(&codes::RELEASE_SHRUNK, message).with_help(help));
    }
    for rule in gone.iter().take(20) {
        let message = format!("`{}` of the previous release is gone", rule.title);
        let finding = Finding { rule: Some(rule.key().to_owned()), ..Finding::new(&codes::RULE_REMOVED, message) };
        outcome.findings.push(finding.with_help("bring it back, or say that it is meant to go: --allow-shrink"));
    }
}

/// What each sensor of the fleet loads of this release and of the previous one. A release that is as large as before
/// may leave one sensor with less. `left` are rules with errors, which lint reports.
fn sensors(run: &Subject<'_>, previous: &Built, left: &BTreeSet<&str>, outcome: &mut Outcome) {
    let (Some(fleet), Ok(groups)) = (&run.built.devices, run.sensors()) else { return };
    let before = previous.image.as_ref().map_err(ToString::to_string);
    let before = match before.and_then(|image| Groups::of(previous.content(), image, fleet)) {
        Ok(before) => before,
        Err(reason) => {
            outcome.skipped.push(format!("rules that each sensor loads: the previous release has no image: {reason}"));
            return;
        }
    };
    for was in &before.taking {
        let loaded_before = was.loaded(previous.content());
        let still = loaded_before.iter().filter(|name| !left.contains(*name)).count();
        for sensor in &was.sensors {
            let is_it = |other: &&Sensor| std::ptr::eq(*other, *sensor);
            // One that refuses the image has its finding.
            let Some(now) = groups.taking.iter().find(|group| group.sensors.iter().any(is_it)) else { continue };
            let loads = now.plan.loaded_rules();
            outcome.learned.sensors.push(SensorFacts {
                sensor: sensor.name().to_owned(),
                version: sensor.version().to_string(),
                loads: Some(loads as u64),
                of: run.rules.len() as u64,
                previously: Some(loaded_before.len() as u64),
            });
            let lost = still.saturating_sub(loads);
            let is_less = lost > 1 && lost * 10 > still * GONE_PER_TEN;
            if run.settings.allow_shrink || !(is_less || (loads == 0 && still > 0)) {
                continue;
            }
            let message = format!(
                "{sensor} runs {} of the release, and ran {} of the previous one",
                plural(loads, "rule"),
                plural(loaded_before.len(), "rule")
            );
            outcome.findings.push(Finding::new(&codes::SENSOR_RUNS_LESS, message).with_help(
                "widen `sensors` of the rules, or say that it is meant: --allow-shrink, for this one release",
            ));
        }
    }
    // Where a sensor runs less as a whole, its rules are not named one by one.
    if run.settings.allow_shrink || outcome.findings.iter().any(|of| of.code == codes::SENSOR_RUNS_LESS.id) {
        return;
    }
    let ran: BTreeSet<&str> = before.taking.iter().flat_map(|group| group.loaded(previous.content())).collect();
    let runs: BTreeSet<&str> = groups.taking.iter().flat_map(|group| group.loaded(run.built.content())).collect();
    for rule in run.rules.iter().filter(|rule| ran.contains(rule.key()) && !runs.contains(rule.key())).take(20) {
        let message = format!("`{}` runs on no sensor of the fleet any more", rule.title);
        outcome.findings.push(
            Finding::new(&codes::SENSOR_RUNS_LESS, message)
                .of_rule(rule)
                .with_help("widen its `sensors`, or say that it is meant: --allow-shrink, for this one release"),
        );
    }
}

/// Sensors of the previous release's fleet that are in this one's no more: nothing looks at what they do with the release,
/// and they may still be deployed.
fn fleets(run: &Subject<'_>, previous: &Built, outcome: &mut Outcome) {
    let Some(before) = previous.devices.as_ref().filter(|_| !run.settings.allow_shrink) else { return };
    let now = run.built.devices.as_ref().map_or(&[][..], |fleet| fleet.sensors());
    let is_there =
        |sensor: &Sensor| now.iter().any(|other| other.name() == sensor.name() && other.version() == sensor.version());
    let gone: Vec<String> = before.sensors().iter().filter(|of| !is_there(of)).map(ToString::to_string).collect();
    if gone.is_empty() {
        return;
    }
    /// The most that are named.
    const NAMED: usize = 5;
    let more = gone.len().saturating_sub(NAMED);
    let named: Vec<String> = gone.into_iter().take(NAMED).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let message =
        format!("the fleet of the previous release has sensors that this one lacks: {}{more}", named.join(", "));
    outcome.findings.push(Finding::new(&codes::CORPUS_SHRUNK, message).with_help(
        "name every version that is still deployed; where none of these is: --allow-shrink, for this one release",
    ));
}

/// Template types that differ though their version is the same.
fn templates(run: &Subject<'_>, previous: &Built, outcome: &mut Outcome) {
    moved_fields(run, previous, outcome);
    let (old, new) = (previous.content().catalogue(), run.built.content().catalogue());
    for name in new.names() {
        for version in new.versions(name) {
            let (Some(before), Some(now)) = (old.find(name, version), new.find(name, version)) else { continue };
            // What no event is recognised as, no recording can show to be wrong.
            if before.reads == now.reads {
                continue;
            }
            let message = format!(
                "events are recognised as `{now}` by other `reads` than in the previous release, at the same version"
            );
            outcome.findings.push(Finding {
                place: Some(place(&now.source, now.span)),
                ..Finding::new(&codes::TEMPLATE_CHANGED, message).with_help("keep `reads`, or declare the next version")
            });
        }
    }
}

/// Template types whose fields moved though their version is the same. Sensors supply by name, rules may read by
/// number: which of both versions of the declaration is meant cannot be told any more.
fn moved_fields(run: &Subject<'_>, previous: &Built, outcome: &mut Outcome) {
    let (old, new) = (previous.content().catalogue(), run.built.content().catalogue());
    for name in new.names() {
        for version in new.versions(name) {
            let (Some(before), Some(now)) = (old.find(name, version), new.find(name, version)) else { continue };
            let field = |at: usize, of: &TemplateType| {
                of.fields.get(at).map(|field| field.as_ref().map(|field| (field.name.clone(), field.ty)))
            };
            let differs = (0..before.fields.len()).find(|at| field(*at, before) != field(*at, now));
            let Some(at) = differs else { continue };
            let words = |of: Option<Option<(String, FieldType)>>| match of {
                Some(Some((name, ty))) => format!("`{name}: {ty}`"),
                Some(None) => "retired".to_owned(),
                None => "missing".to_owned(),
            };
            let message = format!(
                "position {} of `{now}` is {}, and was {} in the previous release, at the same version",
                at + 1,
                words(field(at, now)),
                words(field(at, before))
            );
            outcome.findings.push(Finding {
                place: Some(place(&now.source, now.span)),
                ..Finding::new(&codes::TEMPLATE_CHANGED, message)
                    .with_help("declare the next version, with new fields at the end")
            });
        }
    }
}

/// Parts that are more than twice as large.
fn grown(run: &Subject<'_>, outcome: &mut Outcome) {
    let Some(previous) = run.previous.filter(|_| !run.settings.allow_growth) else { return };
    let help = "find out why it grew; where it is meant: --allow-growth, for this one release";
    if let (Ok(old), Ok(new)) = (&previous.image, &run.built.image)
        && new.len() > 2 * old.len()
        && new.len() > SMALL
    {
        let message = format!("the image has {} bytes, and that of the previous release {}", new.len(), old.len());
        outcome.findings.push(Finding::new(&codes::SIZE_JUMP, message).with_help(help));
    }
    let (old, new) = (tables(&previous.rules()), tables(&run.rules));
    for (name, (rows, rule)) in &new {
        let Some((before, _)) = old.get(name) else { continue };
        if *rows > 2 * before && *rows > 16 {
            let message = format!("the table `{name}` has {rows} rows, and had {before}");
            outcome.findings.push(Finding::new(&codes::SIZE_JUMP, message).of_rule(rule).with_help(help));
        } else if *rows * 2 < *before && !run.settings.allow_shrink {
            let message = format!("the table `{name}` has {rows} rows, and had {before}");
            outcome.findings.push(
                Finding::new(&codes::RELEASE_SHRUNK, message)
                    .of_rule(rule)
                    .with_help("--allow-shrink says that it is meant"),
            );
        }
    }
}

/// Rows of the tables that rules look into.
fn tables<'r>(rules: &[&'r CheckedRule]) -> BTreeMap<String, (usize, &'r CheckedRule)> {
    fn look<'r>(test: &Test, rule: &'r CheckedRule, found: &mut BTreeMap<String, (usize, &'r CheckedRule)>) {
        match test {
            Test::InTable(table) => drop(found.insert(table.name().to_owned(), (table.rows().len(), rule))),
            Test::Elements { test, .. } => look(test, rule, found),
            _ => {}
        }
    }
    let mut found = BTreeMap::new();
    for rule in rules {
        for target in &rule.targets {
            target.condition.each(&mut |predicate, _| look(&predicate.test, rule, &mut found));
        }
    }
    found
}

/// A rule of both releases.
fn changed(run: &Subject<'_>, old: &CheckedRule, new: &CheckedRule, changes: &mut Vec<Change>, outcome: &mut Outcome) {
    let confirm =
        |target: &Target, witness: &Witness| evaluate(target, &proof::event(&target.template, witness)) == Ok(true);
    let mut analysis = Analysis::new(&confirm);
    moved(run, old, new, &mut analysis, changes, outcome);
    for target in &new.targets {
        let Some(before) = on(old, target) else { continue };
        if before.condition.asks_alike(&target.condition) {
            continue;
        }
        let difference = analysis.difference(before, target);
        let relation = difference.relation();
        let mut change = plain(new, kind(relation));
        change.template = Some(target.template.to_string());
        let Difference { only_old, only_new } = &difference;
        change.gains = shown(&target.template, only_new);
        change.loses = shown(&before.template, only_old);
        change.volume = volume(run, Some(before), target);
        let gains = match only_new {
            Example::Found(witness) => Some(witness),
            _ => None,
        };
        if relation == Relation::Different && inverts(before, target, &mut analysis) {
            let message =
                format!("`{}` matches exactly the events of {} that it did not match", new.title, target.template);
            let mut finding = Finding::new(&codes::RULE_INVERTED, message)
                .of_rule(new)
                .with_help("a `not` was added to the condition or taken away; the event shows what it matches now");
            if let Some(witness) = gains {
                finding = finding.with_event(&target.template, witness, Some(false));
            }
            outcome.findings.push(finding);
        }
        if let Relation::Unknown(reason) = relation {
            let words = match reason {
                Unknown::Templates => "the template type itself changed".to_owned(),
                reason => reason.to_string(),
            };
            let message =
                format!("`{}` differs on {}, and nobody can tell in what: {words}", new.title, target.template);
            outcome.findings.push(Finding::new(&codes::CHANGE_UNKNOWN, message).of_rule(new));
        }
        if let (Fires::Never(_), Fires::Yes(was)) = (analysis.fires(target), analysis.fires(before)) {
            let message = format!("`{}` can fire no more on {}", new.title, target.template);
            let finding = Finding::new(&codes::RULE_EMPTIED, message)
                .of_rule(new)
                .with_help("the event shows what it found before")
                .with_event(&target.template, &was, Some(true));
            outcome.findings.push(finding);
        }
        flooding(run, new, target, change.volume, gains, outcome);
        changes.push(change);
    }
}

/// Whether a target is the opposite of the one before.
fn inverts(before: &Target, after: &Target, analysis: &mut Analysis<'_>) -> bool {
    let opposite = Expr::Not(Box::new(before.condition.clone()));
    let opposite = Target { template: before.template.clone(), condition: opposite };
    analysis.difference(&opposite, after).relation() == Relation::Equal
}

/// The target of a rule on the template type of another target.
fn on<'r>(rule: &'r CheckedRule, target: &Target) -> Option<&'r Target> {
    rule.targets.iter().find(|other| other.template.name == target.template.name)
}

/// Template types that a rule of both releases came to, and those that it left. An event id in a condition decides on
/// which it is, so that a condition that is negated can move a rule from one of them to all others.
fn moved(
    run: &Subject<'_>,
    old: &CheckedRule,
    new: &CheckedRule,
    analysis: &mut Analysis<'_>,
    changes: &mut Vec<Change>,
    outcome: &mut Outcome,
) {
    let (mut came, mut floods) = (None, None);
    let (mut came_to, mut flooded) = (0_u64, 0_u64);
    for target in new.targets.iter().filter(|target| on(old, target).is_none()) {
        let Fires::Yes(witness) = analysis.fires(target) else { continue };
        let volume = volume(run, None, target);
        came_to += 1;
        if is_flood(run, new, volume) {
            flooded += 1;
            floods = floods.or_else(|| Some((target, volume, witness.clone())));
        }
        came = came.or(Some((target, volume, witness)));
    }
    if let Some((target, volume, witness)) = floods.clone().or(came) {
        let mut change = plain(new, ChangeKind::Wider);
        change.template = Some(several(&target.template, came_to));
        change.gains = Some(serde_json::Value::Object(proof::json(&target.template, &witness)));
        change.volume = volume;
        changes.push(change);
    }
    if let Some((target, _, witness)) = floods {
        let message = format!(
            "`{}` matches most ordinary events of {}, and was not on it",
            new.title,
            several(&target.template, flooded)
        );
        outcome.findings.push(flood(new, target, message, Some(&witness)));
    }
    let mut left = None;
    let mut left_by = 0;
    for before in old.targets.iter().filter(|before| on(new, before).is_none()) {
        let Fires::Yes(witness) = analysis.fires(before) else { continue };
        left_by += 1;
        left = left.or(Some((before, witness)));
    }
    if let Some((before, witness)) = &left {
        let mut change = plain(new, ChangeKind::Narrower);
        change.template = Some(several(&before.template, left_by));
        change.loses = Some(serde_json::Value::Object(proof::json(&before.template, witness)));
        changes.push(change);
    }
    let stays = new.targets.iter().any(|target| on(old, target).is_some());
    if let Some((before, was)) = left.filter(|_| !stays && !run.settings.allow_shrink) {
        let message = format!(
            "`{}` finds nothing any more of what it found: it is no longer on {}",
            new.title,
            several(&before.template, left_by)
        );
        let finding = Finding::new(&codes::RULE_EMPTIED, message)
            .of_rule(new)
            .with_help("the event shows what it found before; where the rule is meant to move: --allow-shrink")
            .with_event(&before.template, &was, Some(true));
        outcome.findings.push(finding);
    }
}

/// A template type, and how many others there are.
fn several(template: &TemplateType, count: u64) -> String {
    match count {
        0 | 1 => template.to_string(),
        2 => format!("{template} and one other template type"),
        _ => format!("{template} and {} other template types", count - 1),
    }
}

/// Whether a rule matches most ordinary events, and did not before.
fn is_flood(run: &Subject<'_>, rule: &CheckedRule, volume: Option<Volume>) -> bool {
    let Some(Volume { events, before, after }) = volume else { return false };
    let has_ceiling =
        || RuleId::count(&run.rules).any(|(id, own)| own.key() == rule.key() && run.ceiling(id).is_some());
    after > 2 * before && after * 2 > events && !has_ceiling()
}

/// A rule that matches most ordinary events of its template type, and did not before.
fn flooding(
    run: &Subject<'_>,
    rule: &CheckedRule,
    target: &Target,
    volume: Option<Volume>,
    gains: Option<&Witness>,
    outcome: &mut Outcome,
) {
    let Some(Volume { events, before, after }) = volume.filter(|_| is_flood(run, rule, volume)) else { return };
    let message = format!(
        "`{}` matches {after} of {events} ordinary events of {}, and matched {before}",
        rule.title, target.template
    );
    outcome.findings.push(flood(rule, target, message, gains));
}

/// The finding of a rule that matches too much, with an event that it did not match before.
fn flood(rule: &CheckedRule, target: &Target, message: String, gains: Option<&Witness>) -> Finding {
    let finding = Finding::new(&codes::MATCH_VOLUME, message)
        .of_rule(rule)
        .with_help("where it is meant, give the rule a ceiling under [gate.ceilings]");
    match gains {
        Some(witness) => finding.with_event(&target.template, witness, Some(false)),
        None => finding,
    }
}

/// Replays the recorded events with the previous release too: how often its rules match, and how often these do.
fn recorded(run: &Subject<'_>, earlier: &Learned, previous: &Built, outcome: &mut Outcome) -> Option<(u64, u64)> {
    let settings = run.settings;
    if settings.recordings.is_empty() {
        outcome.skipped.push("volume on recorded events: none are named (`recordings` under [gate])".to_owned());
        return None;
    }
    let old = previous.rules();
    let replay = |plan: &Plan| count(plan, &settings.recordings, None, settings.threads, &());
    let before = previous.all_rules.as_ref().map_err(ToString::to_string);
    let before = before.and_then(|image| Plan::for_recorder(previous.content(), image)).map(|plan| replay(&plan));
    let before = match before {
        Ok(before) => before,
        Err(reason) => {
            outcome.skipped.push(format!("volume on recorded events: the previous release does not load: {reason}"));
            return None;
        }
    };
    // The check before this one has counted, unless it was left out.
    let now = if earlier.matches.is_empty() { replay(run.plan?).rules } else { earlier.matches.clone() };
    let was: BTreeMap<&str, u64> = old.iter().map(|rule| rule.key()).zip(before.rules.iter().copied()).collect();
    // What is in one of a thousand events is no rare find.
    let many = FLOOD.max(before.events / 1_000);
    for ((id, rule), after) in RuleId::count(&run.rules).zip(&now) {
        let earlier = was.get(rule.key()).copied().unwrap_or(0);
        outcome.learned.matches_before.push(earlier);
        if *after < many || *after <= earlier.saturating_mul(MORE) || run.ceiling(id).is_some() {
            continue;
        }
        let message =
            format!("`{}` matches {after} of {} recorded events, and matched {earlier}", rule.title, before.events);
        outcome.findings.push(Finding::new(&codes::MATCH_VOLUME, message).of_rule(rule).with_help(
            "`contentcheck eval` shows the events; where it is meant, give the rule a ceiling under [gate.ceilings]",
        ));
    }
    outcome.fact("matches of recorded events before", before.matches);
    Some((before.rules.iter().sum(), now.iter().sum()))
}

const fn kind(relation: Relation) -> ChangeKind {
    match relation {
        Relation::Equal => ChangeKind::Rewritten,
        Relation::Wider => ChangeKind::Wider,
        Relation::Narrower => ChangeKind::Narrower,
        Relation::Different => ChangeKind::Different,
        Relation::Unknown(_) => ChangeKind::Unknown,
    }
}

fn shown(template: &TemplateType, example: &Example) -> Option<serde_json::Value> {
    match example {
        Example::Found(witness) => Some(serde_json::Value::Object(proof::json(template, witness))),
        Example::None | Example::Unknown(_) => None,
    }
}

/// How often the versions of a rule match events as machines have them by the million.
fn volume(run: &Subject<'_>, before: Option<&Target>, after: &Target) -> Option<Volume> {
    let template = &after.template;
    let old = before.map(Prepared::new).transpose().ok()?;
    let new = Prepared::new(after).ok()?;
    let maker = Maker::new(template, &[(&new, &[])]);
    let strategy = maker.strategy();
    let mut runner = runner(run.settings.seed, 9);
    let mut volume = Volume { events: 0, before: 0, after: 0 };
    for _ in 0..EVENTS {
        let Ok(tree) = strategy.new_tree(&mut runner) else { continue };
        let event = maker.ordinary(&tree.current());
        volume.events += 1;
        volume.before += u64::from(old.as_ref().is_some_and(|old| old.evaluate(&event)));
        volume.after += u64::from(new.evaluate(&event));
    }
    Some(volume)
}
