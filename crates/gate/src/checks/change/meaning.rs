//! What rules of both releases mean, and how often they match.

use std::collections::BTreeMap;

use contentcheck_analysis::{Analysis, Difference, Example, Fires, Relation, Unknown, Witness, keeps, onto};
use contentcheck_model::diagnostic::{Detail, Measure, clip, codes};
use contentcheck_model::expression::Expr;
use contentcheck_model::rule::{CheckedRule, Identity, RuleId, Target};
use contentcheck_model::template::TemplateType;
use contentcheck_reference::Prepared;
use contentcheck_run::replay::{Counted, count};
use contentcheck_run::{Plan, proof};
use proptest::strategy::{Strategy, ValueTree};

use super::between::Between;
use super::displaced::Displaced;
use super::lost::Search;
use super::plain;
use crate::evidence::{Change, ChangeKind, Finding, Volume};
use crate::facts::plural;
use crate::generate::{Maker, runner};
use crate::run::{Learned, Outcome, Subject};
use crate::subject::Built;

/// Matches of recorded events, and how many times those of the previous release, that are worth stopping for.
const FLOOD: u64 = 100;
const MORE: u64 = 10;
/// Events that both versions of a changed rule are shown.
const EVENTS: u64 = 1_000;

/// A rule that the previous release did not have.
pub(super) fn added(run: &Subject<'_>, rule: &CheckedRule, outcome: &mut Outcome) -> Change {
    let mut change = plain(rule, ChangeKind::Added);
    for target in &rule.targets {
        // Of several the one that matches most.
        let volume = volume(run, None, target);
        if volume.map(|of| of.after) > change.volume.map(|of| of.after) {
            change.volume = volume;
            change.template = Some(target.template.to_string());
        }
        flooding(run, rule, target, volume, None, outcome);
    }
    change
}

/// A rule of both releases; given back where template types alone took it from one of them.
pub(super) fn changed<'r>(
    run: &Subject<'_>,
    (old, new): (&'r CheckedRule, &'r CheckedRule),
    (earlier, between): (&Learned, &Between<'_>),
    changes: &mut Vec<Change>,
    outcome: &mut Outcome,
) -> Option<Displaced<'r>> {
    let mut analysis = Analysis::new(&proof::fires);
    analysis.about(&new.source);
    let displaced = moved(run, (old, new), between, &mut analysis, changes, outcome);
    for target in &new.targets {
        let Some(before) = old.on(&target.template.name) else { continue };
        if before.asks_alike(target) {
            continue;
        }
        let moved = onto(before, &target.template);
        let before = moved.as_ref().unwrap_or(before);
        let difference = analysis.difference(before, target);
        let relation = difference.relation();
        let is_sampled = matches!(relation, Relation::Unknown(_)) && keeps(before, &target.template);
        let sampled = if is_sampled { sampled(run, before, target) } else { None };
        let mut change = plain(new, sampled.as_ref().and_then(Sampled::kind).unwrap_or(kind(relation)));
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
                .with_detail(on(&target.template))
                .with_help("a `not` was added to the condition or taken away; the event shows what it matches now");
            if let Some(witness) = gains {
                finding = finding.with_event(&target.template, witness, Some(false));
            }
            outcome.findings.push(finding);
        }
        if let Relation::Unknown(reason) = relation {
            unknown(new, target, reason, sampled.as_ref(), outcome);
        }
        let fires = analysis.fires(target);
        // Coverage has looked for an event that fires it, unless it was left out.
        let is_seen = || {
            let place = run.rules.iter().position(|rule| rule.key() == new.key());
            place.and_then(|at| earlier.coverage.get(at)).is_some_and(|(_, fires)| *fires)
        };
        if let Fires::Unknown(reason) = &fires
            && !is_seen()
        {
            outcome.skipped.push(format!("whether `{}` can still fire on {}: {reason}", new.title, target.template));
        }
        if let (Fires::Never(_), Fires::Yes(was)) = (fires, analysis.fires(before)) {
            let message = format!("`{}` can no longer fire on {}", new.title, target.template);
            let finding = Finding::new(&codes::RULE_EMPTIED, message)
                .of_rule(new)
                .with_detail(on(&target.template))
                .with_help("the event shows what it found before")
                .with_event(&target.template, &was, Some(true));
            outcome.findings.push(finding);
        }
        flooding(run, new, target, change.volume, gains, outcome);
        changes.push(change);
    }
    displaced
}

/// What generated events show of a change that the analysis cannot judge.
struct Sampled {
    events: u64,
    /// Events on which only the rule as it was matches, and only as it is.
    loses: u64,
    gains: u64,
}

impl Sampled {
    /// What is certain all the same.
    const fn kind(&self) -> Option<ChangeKind> {
        if self.loses > 0 && self.gains > 0 { Some(ChangeKind::Different) } else { None }
    }

    /// Whether the rule says the contrary of what it said of nearly all of them.
    const fn inverts(&self) -> bool {
        self.events > 0 && (self.loses + self.gains) * 10 >= self.events * 9
    }
}

/// Shows both versions of a rule events that are made of what they look for, and ordinary ones.
fn sampled(run: &Subject<'_>, before: &Target, after: &Target) -> Option<Sampled> {
    let (old, new) = (Prepared::new(before).ok()?, Prepared::new(after).ok()?);
    let maker = Maker::new(&after.template, &[(&old, &[]), (&new, &[])]);
    let strategy = maker.strategy();
    let mut runner = runner(run.settings.seed, 10);
    let mut sampled = Sampled { events: 0, loses: 0, gains: 0 };
    for number in 0..EVENTS {
        let Ok(tree) = strategy.new_tree(&mut runner) else { continue };
        let recipe = tree.current();
        let event = if number % 4 == 0 { maker.ordinary(&recipe) } else { maker.event(&recipe, &[]) };
        let (was, is) = (old.evaluate(&event), new.evaluate(&event));
        sampled.events += 1;
        sampled.loses += u64::from(was && !is);
        sampled.gains += u64::from(is && !was);
    }
    Some(sampled)
}

/// A rule of which the analysis cannot say what the change does.
fn unknown(rule: &CheckedRule, target: &Target, reason: Unknown, sampled: Option<&Sampled>, outcome: &mut Outcome) {
    let template = &target.template;
    let seen = sampled.map_or_else(String::new, |Sampled { events, loses, gains }| {
        format!("; of {events} generated events it no longer matches {loses}, and newly matches {gains}")
    });
    if sampled.is_some_and(Sampled::inverts) {
        let message = format!("`{}` says the contrary of what it said on {template}{seen}", rule.title);
        let finding = Finding::new(&codes::RULE_INVERTED, message).of_rule(rule).with_detail(on(template));
        outcome.findings.push(finding.with_help("a `not` was added to the condition or taken away"));
        return;
    }
    let words = match reason {
        Unknown::Templates => "the template type itself changed".to_owned(),
        reason => reason.to_string(),
    };
    // Nobody has seen what ships then.
    outcome.skipped.push(format!("what the change of `{}` on {template} does: {words}", rule.title));
    let message =
        format!("`{}` differs on {template}, and the effect could not be determined: {words}{seen}", rule.title);
    let finding = Finding::new(&codes::CHANGE_UNKNOWN, message).of_rule(rule);
    outcome.findings.push(finding.with_detail(on(template)));
}

/// That the condition on a template type is another one.
pub(super) fn on(template: &TemplateType) -> Detail {
    Detail::Change {
        counted: Measure::Condition,
        before: None,
        after: None,
        of: None,
        template: Some(template.to_string()),
        table: None,
        sensor: None,
    }
}

/// Whether a target is the opposite of the one before.
fn inverts(before: &Target, after: &Target, analysis: &mut Analysis<'_>) -> bool {
    let opposite = Expr::Not(Box::new(before.condition.clone()));
    let opposite = before.with_condition(opposite);
    analysis.difference(&opposite, after).relation() == Relation::Equal
}

/// Template types that a rule of both releases came to, and those that it left. An event id in a condition decides on
/// which it is, so that a condition that is negated can move a rule from one of them to all others.
fn moved<'r>(
    run: &Subject<'_>,
    (old, new): (&'r CheckedRule, &'r CheckedRule),
    between: &Between<'_>,
    analysis: &mut Analysis<'_>,
    changes: &mut Vec<Change>,
    outcome: &mut Outcome,
) -> Option<Displaced<'r>> {
    let (kinds, crossed) = (&between.kinds, &between.crossed);
    let gains = Search { seed: run.settings.seed, kinds, way: between.gains(), rules: (new, old) };
    let (mut came, mut floods) = (None, None);
    let (mut came_to, mut flooded) = (0_u64, 0_u64);
    for target in new.targets.iter().filter(|target| old.on(&target.template.name).is_none()) {
        // What it matched before on another template type is no gain.
        let Some(witness) = gains.search(target, analysis).event else { continue };
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
        outcome.findings.push(flood(new, target, message, Some(&witness)).with_detail(on(&target.template)));
    }
    let losses = Search { way: between.recorded_losses(), rules: (old, new), ..gains };
    // What it asks for on a template type that others took from it, sensors may supply to that one alone.
    let displacing = Search { way: between.losses(), ..losses };
    let (mut left, mut displaced) = (None, None);
    let (mut left_by, mut still_finds) = (0, false);
    for before in old.targets.iter().filter(|before| new.on(&before.template.name).is_none()) {
        let lost = losses.search(before, analysis);
        still_finds |= lost.still_finds;
        let mut unknown = lost.unknown;
        let mut taken = || {
            let found = displacing.search(&crossed.taken((old, new), before)?, analysis);
            unknown = unknown.take().or(found.unknown);
            let on = displacing.on(before, found.event.as_ref()?);
            Some((found.event?, on))
        };
        let taken = if displaced.is_none() { taken() } else { None };
        if let (Some(reason), false) = (unknown, run.settings.allow_shrink) {
            let title = clip(&new.title);
            outcome
                .skipped
                .push(format!("what `{title}` no longer finds on {}, which it left: {reason}", before.template));
        }
        let Some(witness) = lost.event.or_else(|| Some(taken.clone()?.0)) else { continue };
        left_by += 1;
        let of = |(event, on)| Displaced { rule: new, template: &before.template, event, on };
        displaced = displaced.or(taken.map(of));
        left = left.or(Some((before, witness)));
    }
    if let Some((before, witness)) = &left {
        let mut change = plain(new, ChangeKind::Narrower);
        change.template = Some(several(&before.template, left_by));
        change.loses = Some(serde_json::Value::Object(proof::json(&before.template, witness)));
        changes.push(change);
    }
    // On the template types that both are on, or elsewhere.
    still_finds |= new.targets.iter().any(|target| old.on(&target.template.name).is_some());
    let (before, was) = left.filter(|_| !run.settings.allow_shrink)?;
    if !still_finds {
        let message = format!(
            "`{}` no longer finds any of what it found: it is no longer on {}",
            new.title,
            several(&before.template, left_by)
        );
        let finding = Finding::new(&codes::RULE_EMPTIED, message)
            .of_rule(new)
            .with_detail(on(&before.template))
            .with_help("the event shows what it found before; where the rule is meant to move: --allow-shrink")
            .with_event(&before.template, &was, Some(true));
        outcome.findings.push(finding);
        return None;
    }
    displaced
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
    let has_ceiling = || RuleId::count(&run.rules).any(|(id, own)| own.key() == rule.key() && run.has_own_ceiling(id));
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
    let detail = matches(before, after, events, Some(&target.template));
    outcome.findings.push(flood(rule, target, message, gains).with_detail(detail));
}

/// How many of so many events a rule matched, and matches.
fn matches(before: u64, after: u64, events: u64, template: Option<&TemplateType>) -> Detail {
    Detail::Change {
        counted: Measure::Matches,
        before: Some(before),
        after: Some(after),
        of: Some(events),
        template: template.map(ToString::to_string),
        table: None,
        sensor: None,
    }
}

/// The finding of a rule that matches too much, with an event that it did not match before.
fn flood(rule: &CheckedRule, target: &Target, message: String, gains: Option<&Witness>) -> Finding {
    let finding = Finding::new(&codes::MATCH_VOLUME, message)
        .of_rule(rule)
        .with_help("where it is meant, give the rule its own ceiling under [gate.ceilings]");
    match gains {
        Some(witness) => finding.with_event(&target.template, witness, Some(false)),
        None => finding,
    }
}

/// Replays the recorded events with the previous release too: how often its rules match, and how often these do.
pub(super) fn recorded(
    run: &Subject<'_>,
    earlier: &Learned,
    previous: &Built,
    changes: &mut Vec<Change>,
    outcome: &mut Outcome,
) -> Option<(u64, u64)> {
    let settings = run.settings;
    if settings.recordings.is_empty() {
        outcome.skipped.push("volume on recorded events: none are named (`recordings` under [gate])".to_owned());
        return None;
    }
    let old = previous.rules();
    let replay = |plan: &Plan| {
        let counted = count(plan, &settings.recordings, None, settings.threads, &());
        let matches = counted.matches(plan);
        (counted, matches)
    };
    let before = previous.all_rules.as_ref().map_err(ToString::to_string);
    let before = before.and_then(|image| Plan::for_recorder(previous.content(), image)).map(|plan| replay(&plan));
    let (before, matched) = match before {
        Ok(before) => before,
        Err(reason) => {
            outcome.skipped.push(format!("volume on recorded events: the previous release does not load: {reason}"));
            return None;
        }
    };
    let counts = |of: &Counted| of.problems.is_empty() && !of.lost;
    // The check before this one has counted, unless it was left out.
    let now = match (earlier.matches.is_empty(), run.plan) {
        (false, _) => earlier.matches.clone(),
        (true, Some(plan)) => {
            let (now, matches) = replay(plan);
            if !counts(&now) {
                outcome.skipped.push("volume on recorded events: not all of them could be read".to_owned());
                return None;
            }
            matches
        }
        (true, None) => {
            outcome.skipped.push("volume on recorded events: there is no image to replay them with".to_owned());
            return None;
        }
    };
    if !counts(&before) {
        outcome.skipped.push("volume on recorded events: not all of them could be read".to_owned());
        return None;
    }
    let was: BTreeMap<Identity, Option<u64>> = old.iter().map(|rule| Identity::of(rule)).zip(matched).collect();
    let unseen = now.iter().filter(|matches| matches.is_none()).count();
    if unseen > 0 {
        outcome.skipped.push(format!(
            "volume on recorded events: {} of {}: no recorded event is of a template type that they are on",
            unseen,
            plural(now.len(), "rule")
        ));
    }
    // What is in one of a thousand events is no rare find.
    let many = FLOOD.max(before.events / 1_000);
    for ((id, rule), after) in RuleId::count(&run.rules).zip(&now) {
        let Some(after) = after else {
            outcome.learned.matches_before.push(None);
            // All of its events may have gone elsewhere.
            let earlier = was.get(&Identity::of(rule)).copied().flatten().unwrap_or(0);
            if earlier > 0 && !is_told(rule, changes) {
                changes.push(plain(rule, ChangeKind::Narrower));
                outcome.findings.push(otherwise(rule, earlier, 0, before.events));
            }
            continue;
        };
        // A rule that the previous release did not have matched nothing; one that was shown no event, nobody knows what.
        let known = was.get(&Identity::of(rule)).copied().unwrap_or(Some(0));
        outcome.learned.matches_before.push(known);
        let earlier = known.unwrap_or(0);
        // A rule that was shown none of them matched none of them.
        let is_of_both = was.contains_key(&Identity::of(rule));
        if is_of_both && earlier != *after && !is_told(rule, changes) {
            changes.push(plain(rule, if *after < earlier { ChangeKind::Narrower } else { ChangeKind::Wider }));
            outcome.findings.push(otherwise(rule, earlier, *after, before.events));
        }
        if *after < many || *after <= earlier.saturating_mul(MORE) || run.has_own_ceiling(id) {
            continue;
        }
        let message =
            format!("`{}` matches {after} of {} recorded events, and matched {earlier}", rule.title, before.events);
        let detail = matches(earlier, *after, before.events, None);
        let finding = Finding::new(&codes::MATCH_VOLUME, message).of_rule(rule).with_detail(detail);
        outcome.findings.push(finding.with_help(
            "`contentcheck eval` shows the events; where it is meant, give the rule its own ceiling under [gate.ceilings]",
        ));
    }
    outcome.fact("matches of recorded events before", before.matches);
    Some((before.matches, now.iter().flatten().sum()))
}

/// Whether a change of the rule is known that may make it match other events.
fn is_told(rule: &CheckedRule, changes: &[Change]) -> bool {
    // Recorded events are shown to every rule, whichever sensors it is for.
    let says_why = |kind| !matches!(kind, ChangeKind::Rewritten | ChangeKind::Relabelled | ChangeKind::OtherSensors);
    changes.iter().any(|change| change.rule == rule.key() && says_why(change.kind))
}

/// A rule that means the same and matches other events: its surroundings changed.
fn otherwise(rule: &CheckedRule, before: u64, after: u64, events: u64) -> Finding {
    let message = format!(
        "`{}` means what it did, and matches {after} of {events} recorded events; it matched {before} before",
        rule.title
    );
    Finding::new(&codes::MATCHES_OTHERWISE, message).of_rule(rule).with_detail(matches(before, after, events, None)).with_help(
        "`contentcheck eval` shows the events of both releases; look at what changed on the template types of the rule",
    )
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
