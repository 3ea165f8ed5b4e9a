//! Recorded events that are no longer recognised as what they were: rules on that template type then see none of them, though nothing
//! about the rules changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use contentcheck_events::{Flattener, Router};
use contentcheck_model::diagnostic::{clip, codes};
use contentcheck_model::expression::Expr;
use contentcheck_model::predicate::Predicate;
use contentcheck_model::rule::{CheckedRule, Identity, Target};
use contentcheck_model::template::TemplateType;
use contentcheck_run::proof;
use serde_json::Value;

use super::between::{Between, View};
use super::kinds::{Said, as_record};
use super::taken::{Asking, Release, Spelling, Taken, claims};
use super::{by_identity, plain};
use crate::evidence::{Change, ChangeKind, Finding};
use crate::facts::place;
use crate::run::{Outcome, Subject};
use crate::subject::Built;

/// Predicates that are looked at for all of them, some seconds.
const WORK: u64 = 30_000_000;

/// Events of a template type that were none of it before, with which it is tried whether a rule gains some.
const COMING: usize = 64;

/// Routes what the previous release recognises by `reads` in both releases, and gives the rules that match more by that. `told` are the template types
/// of which it is told already that they have other `reads`.
pub(super) fn routed(
    run: &Subject<'_>,
    previous: &Built,
    between: &Between<'_>,
    told: &BTreeSet<&str>,
    outcome: &mut Outcome,
) -> Vec<Change> {
    if run.settings.allow_shrink {
        return Vec::new();
    }
    let Between { then, now: is_now, kinds, crossed, views } = between;
    let (was, is) = (&then.templates, &is_now.templates);
    let (changed, taken_now, taken_then) = (changed(was, is), claims(was, is), claims(is, was));
    if changed.is_empty() && taken_now.is_empty() && taken_then.is_empty() {
        return Vec::new();
    }
    // Rules of both releases: as they were, and the template types that they are on now.
    let rules = previous.rules();
    let old = by_identity(&rules);
    let both: Vec<Both<'_>> = run
        .rules
        .iter()
        .filter_map(|rule| {
            let on = rule.targets.iter().map(|target| target.template.name.as_str()).collect();
            Some((*rule, *old.get(&Identity::of(rule))?, on))
        })
        .collect();
    let mut work = WORK;
    let (before, now) = (&then.router, &is_now.router);
    let newest = run.built.content().catalogue().newest_sound();
    let mut lose = |name: &str, event: &str, (rule, on): (&CheckedRule, Option<&str>)| {
        let is = recognised(now, event);
        // Where the rule is on one of them all the same, what a sensor supplies decides.
        let is_on = is.iter().any(|is| rule.on(is).is_some());
        let is_seen = |view: &View<'_>| is.iter().any(|is| view.supplies(Release::Now, is));
        let mut unseen = views.iter().filter(|view| view.supplies(Release::Then, name) && !is_seen(view));
        let sensor = unseen.find_map(View::sensor).filter(|_| is_on);
        let not_supplied = sensor.map_or_else(String::new, |sensor| format!(", which {sensor} does not supply"));
        let is = if is.is_empty() {
            "none of any template type".to_owned()
        } else {
            format!("one of `{}`{not_supplied}", is.join("`, `"))
        };
        let message = format!(
            "`{}` was an event of `{name}` in the previous release, and now is {is}: rules such as `{}` no longer {}",
            clip(event),
            clip(&rule.title),
            on.filter(|_| not_supplied.is_empty())
                .map_or_else(|| "see such events".to_owned(), |on| format!("find such events on {on}"))
        );
        let declared = newest.iter().find(|now| now.name == name).map(|now| place(&now.source, now.span));
        let finding = Finding::new(&codes::TEMPLATE_CHANGED, message).with_help(
            "let `reads` recognise what it did, and let what is new ask for what nothing else asks for; where the events are meant to go: \
             --allow-shrink, for this one release",
        );
        outcome.findings.push(Finding { place: declared, ..finding });
    };
    let mut skipped: Vec<String> = Vec::new();
    let mut lost: BTreeSet<&str> = BTreeSet::new();
    for template in was.iter().filter(|template| !told.contains(template.name.as_str())) {
        let name = template.name.as_str();
        let stay = both.iter().filter(|(_, then, on)| on.contains(name) && then.on(name).is_some());
        let stay: Vec<(&CheckedRule, &CheckedRule)> = stay.map(|(rule, then, _)| (*rule, *then)).collect();
        if stay.is_empty() {
            continue;
        }
        let events = kinds.of(template, &changed).filter(|_| work > 0);
        let Some(events) = events else {
            skipped.push(format!(
                "which recorded events are still those of `{name}`: its `reads` have more values that others ask for than are tried"
            ));
            continue;
        };
        // The first rule that may have fired on an event, and no longer sees it.
        let loses = |said: &Said<'_>| {
            let event = json(said);
            if !recognised(before, &event).contains(&name) {
                return None;
            }
            // Where an open template type leaves events to a fixed one, its rules may be on that one too.
            let is = recognised(now, &event);
            let is_blind = |(rule, was): &&(&CheckedRule, &CheckedRule)| {
                let saw =
                    |view: &View<'_>| view.is_for((was, then), (rule, is_now)) && view.on(was, then, name).is_some();
                let sees = |view: &View<'_>| is.iter().any(|is| view.on(rule, is_now, is).is_some());
                views.iter().any(|view| saw(view) && !sees(view))
            };
            let mut blind = stay.iter().filter(is_blind);
            let mut may_fire = |was: &CheckedRule| was.on(name).is_some_and(|was| may_fire(was, said, &mut work));
            let rule = blind.find(|(_, was)| may_fire(was))?.0;
            Some((event, rule))
        };
        let Some((event, rule)) = events.iter().find_map(loses) else { continue };
        lose(name, &event, (rule, None));
        lost.insert(name);
    }
    // What events say beside these names decides whether a rule fires on them, and how values are spelled in them: so events are looked for
    // on which a rule fired.
    let mut asking = Asking::new();
    // What a rule no longer asks for, it gave up by itself.
    let still = |rule: &CheckedRule, target: &Target| crossed.still_asked(rule, target);
    let as_it_was = |_: &CheckedRule, target: &Target| target.clone();
    let mut gains: BTreeMap<String, (Value, &CheckedRule, &str)> = BTreeMap::new();
    for (open, taker) in each(&taken_now) {
        let asked = both.iter().filter(|(_, _, on)| on.contains(open)).map(|(rule, then, _)| (*then, *rule));
        let is_told = told.contains(open) || lost.contains(open);
        for taken in asking.taken((open, taker), asked, between.losses(), (&still, Spelling::AsWritten)) {
            match taken {
                Taken::Lost(event, rule, on) if !is_told => {
                    lose(open, &event.to_string(), (rule, on.as_deref()));
                    lost.insert(open);
                }
                Taken::Unknown(rule) if !is_told => skipped.push(format!(
                    "which recorded events are still those of `{open}`: whether others take some from rules such as `{}` could not be told",
                    clip(&rule.title)
                )),
                Taken::Gained(event, rule) => {
                    gains.entry(rule.key().to_owned()).or_insert((event, rule, taker));
                }
                Taken::Lost(..) | Taken::Unknown(_) => {}
            }
        }
    }
    // The other way round: events that somebody took and that now come to the open one.
    for (open, taker) in each(&taken_then) {
        let asked = both.iter().filter(|(_, _, on)| on.contains(open)).map(|(rule, then, _)| (*rule, *then));
        for taken in asking.taken((open, taker), asked, between.gains(), (as_it_was, Spelling::Any)) {
            match taken {
                Taken::Lost(event, rule, _) => {
                    gains.entry(rule.key().to_owned()).or_insert((event, rule, open));
                }
                Taken::Gained(event, rule) if !told.contains(open) && lost.insert(open) => {
                    lose(taker, &event.to_string(), (rule, None));
                }
                Taken::Gained(..) | Taken::Unknown(_) => {}
            }
        }
    }
    // And events that nobody recognised before, or that were of a template type that the rule was not on.
    let of_both = changed.iter().filter(|of| was.iter().chain(is).filter(|one| one.name == of.name).count() > 1);
    for template in of_both.filter(|of| is.iter().any(|one| Arc::ptr_eq(one, of))) {
        let name = template.name.as_str();
        let Some(events) = kinds.of(template, &changed) else { continue };
        let comes = |said: &&Said<'_>| {
            let event = json(said);
            recognised(now, &event).contains(&name) && !recognised(before, &event).contains(&name)
        };
        let come: Vec<&Said<'_>> = events.iter().filter(comes).take(COMING).collect();
        for (rule, was, _) in both.iter().filter(|(rule, ..)| rule.on(name).is_some()) {
            if !gains.contains_key(rule.key())
                && let Some(event) = asking.gained((rule, was), between.gains(), name, &come)
            {
                gains.insert(rule.key().to_owned(), (event, rule, name));
            }
        }
    }
    outcome.skipped.extend(skipped);
    let mut changes = Vec::new();
    for (event, rule, on) in gains.into_values() {
        let message = format!(
            "`{}` now matches events such as `{}`, of which it is told otherwise than before what they are",
            clip(&rule.title),
            clip(&event.to_string())
        );
        let finding = Finding::new(&codes::MATCHES_OTHERWISE, message).of_rule(rule);
        outcome.findings.push(finding.with_help(
            "`contentcheck eval` shows the event on both releases; look at the template types of the log source, and at how many such events there are",
        ));
        let of = rule.on(on).map(|target| target.template.to_string());
        changes.push(Change { template: of, gains: Some(event), ..plain(rule, ChangeKind::Wider) });
    }
    changes
}

/// Each open template type with each that takes events of it.
fn each(claims: &BTreeMap<String, BTreeSet<String>>) -> impl Iterator<Item = (&str, &str)> {
    claims.iter().flat_map(|(open, takers)| takers.iter().map(move |taker| (open.as_str(), taker.as_str())))
}

/// A rule as it is, as it was, and the template types that it is on now.
type Both<'r> = (&'r CheckedRule, &'r CheckedRule, BTreeSet<&'r str>);

/// Whether a rule may fire on an event that says this. Where the work is done, it may.
fn may_fire(target: &Target, said: &Said<'_>, work: &mut u64) -> bool {
    let known: Expr<()> = target.condition.substitute(&mut |predicate: &Predicate| {
        *work = work.saturating_sub(1);
        let name = target.template.describe(&predicate.field).map(|info| info.name);
        let passes = name.and_then(|name| said.get(name)).and_then(|value| value.passes(&predicate.test));
        passes.map_or(Expr::Is(()), Expr::Const)
    });
    known != Expr::Const(false) || *work == 0
}

/// The template types by which other events may be recognised than before: new ones, ones that are gone, and those that say otherwise how
/// events are recognised. Where there is none, every event goes where it went.
fn changed(was: &[Arc<TemplateType>], is: &[Arc<TemplateType>]) -> Vec<Arc<TemplateType>> {
    let by_name = |all: &[Arc<TemplateType>]| -> BTreeMap<String, Arc<TemplateType>> {
        all.iter().map(|of| (of.name.clone(), Arc::clone(of))).collect()
    };
    let (was, is) = (by_name(was), by_name(is));
    // An event that carries a name of the log's own is no event of the log by that name.
    let numbered = |of: &TemplateType| of.fields.iter().flatten().map(|field| field.name.clone()).collect::<Vec<_>>();
    let alike = |one: &TemplateType, other: &TemplateType| {
        (&one.reads, one.open, &one.serves) == (&other.reads, other.open, &other.serves)
            && numbered(one) == numbered(other)
    };
    let other =
        |of: &&Arc<TemplateType>| !was.get(&of.name).zip(is.get(&of.name)).is_some_and(|(was, is)| alike(was, is));
    was.values().filter(other).chain(is.values().filter(other)).cloned().collect()
}

/// The template types that an event is routed to.
pub(super) fn recognised<'r>(router: &'r Router, event: &str) -> Vec<&'r str> {
    Flattener::new().flatten(event.as_bytes()).map_or_else(|_| Vec::new(), |flat| proof::told(router, &flat).collect())
}

/// An event as a record.
fn json(said: &Said<'_>) -> String {
    Value::Object(as_record(said)).to_string()
}
