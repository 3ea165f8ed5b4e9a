//! What there is to say of one rule.

use std::sync::Arc;

use contentcheck_model::claims::Claims;
use contentcheck_model::diagnostic::{Code, Diagnostic, Severity, clip, codes};
use contentcheck_model::expression::Expr;
use contentcheck_model::field::FieldRef;
use contentcheck_model::predicate::{Pattern, Predicate, Test, TextPattern};
use contentcheck_model::rule::{CheckedRule, Target};
use contentcheck_model::source::Span;

use super::{Depth, Known};
use crate::analysis::Analysis;
use crate::decide::{Always, Fires, Impossible};
use crate::events::Events;
use crate::probe;
use crate::redundant::{Redundant, RedundantKind};

/// Conflicts, and covered values of one list, that a message names; the others are counted.
const NAMED: usize = 3;

/// The findings, by place.
pub(super) fn findings(
    analysis: &mut Analysis<'_>,
    rule: &CheckedRule,
    depth: Depth,
    known: &Known<'_>,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut asked: Vec<Asked> = rule.targets.iter().map(|target| ask(analysis, target, depth)).collect();
    // What somebody puts instead of a placeholder changes which events are left to all parts, wherever they stand. Which
    // values of one list cover each other does not depend on it.
    let open = rule.targets.iter().any(super::is_unexpanded);
    if open {
        for asked in &mut asked {
            asked.never = None;
            asked.parts.retain(|part| matches!(part.kind, RedundantKind::CoveredValue { .. }));
        }
    }
    let parts = everywhere(analysis, rule, &asked);
    let parts = together(analysis, rule, &asked, parts);
    // A filter that leaves nothing is the reason why the rule does not fire.
    let swallowed = parts.iter().any(|(part, _)| part.kind == RedundantKind::SwallowingFilter);
    if !swallowed {
        found.extend(never(rule, &asked));
    }
    if !open {
        found.extend(always(analysis, rule));
    }
    let mut values: Vec<(Span, &'static Code, Vec<&Redundant>)> = Vec::new();
    for (part, cover) in &parts {
        let code = match (&part.kind, cover) {
            (RedundantKind::DeadValue { .. }, _) => &codes::DEAD_VALUE,
            (_, Some(Cover::Other)) => &codes::COVERED_VALUE,
            // Each language tells of what a list has twice.
            (_, Some(Cover::Same)) => continue,
            (kind, None) => {
                if let Some(code) = part_code(kind)
                    && !known.says(&rule.source, part.span, code)
                {
                    found.push(of_part(rule, part, code));
                }
                continue;
            }
        };
        // One that a modifier made has nothing of its own to fix.
        if is_written(analysis, rule, part) {
            match values.iter_mut().find(|(span, known, _)| *span == part.span && known.id == code.id) {
                Some((_, _, all)) => all.push(part),
                None => values.push((part.span, code, vec![part])),
            }
        }
    }
    found.extend(values.into_iter().map(|(span, code, parts)| of_values(rule, span, code, &parts)));
    found.sort_by_key(|finding| (finding.span, finding.code.id));
    found.dedup_by(|a, b| a.span == b.span && a.code.id == b.code.id && a.message == b.message);
    found
}

/// What covers a value of a list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cover {
    /// The same value once more.
    Same,
    /// Another one.
    Other,
}

/// What was found out on one template type.
struct Asked {
    never: Option<Impossible>,
    parts: Vec<Redundant>,
}

fn ask(analysis: &mut Analysis<'_>, target: &Target, depth: Depth) -> Asked {
    let is_free = |claims: &Arc<Claims>| !claims.bear_on(&target.template, &target.condition);
    let plain = target.claimed.as_ref().is_none_or(is_free)
        && analysis.can_hold(&Events::of(target), std::iter::once(&target.condition));
    let (fires, never) = match plain {
        true => (true, None),
        false => match analysis.fires(target) {
            Fires::Yes(_) => (true, None),
            Fires::Never(why) => (false, Some(why)),
            Fires::Unknown(_) => (false, None),
        },
    };
    let parts = match depth {
        Depth::Quick => analysis.filters(target, fires).findings,
        Depth::Deep => {
            // Filters are asked about in the same way on every depth, so that a deep look finds all of a quick one.
            let mut parts = analysis.filters(target, fires).findings;
            let quick = parts.len();
            let redundant = analysis.redundant(target).findings;
            // Of a value that can go anyway it is not said that another one covers it.
            let dead: Vec<(Span, Option<usize>)> = redundant
                .iter()
                .filter(|part| matches!(part.kind, RedundantKind::DeadValue { .. }))
                .map(|part| (part.span, value_index(&part.kind)))
                .collect();
            for part in redundant {
                if matches!(part.kind, RedundantKind::CoveredValue { .. })
                    && dead.contains(&(part.span, value_index(&part.kind)))
                {
                    continue;
                }
                let told = parts.iter().take(quick).any(|known| {
                    let inside = known.predicates.iter().all(|index| part.predicates.contains(index));
                    inside && (known.predicates == part.predicates || known.kind == part.kind)
                });
                if !told || is_value(&part.kind) {
                    parts.push(part);
                }
            }
            parts
        }
    };
    Asked { never, parts }
}

const fn is_value(kind: &RedundantKind) -> bool {
    matches!(kind, RedundantKind::CoveredValue { .. } | RedundantKind::DeadValue { .. })
}

/// Of parts that are redundant those that can be left out together, in all places and on all template types: who follows
/// one advice must not find that another is no longer true.
fn together<'a>(
    analysis: &mut Analysis<'_>,
    rule: &CheckedRule,
    asked: &'a [Asked],
    parts: Vec<(&'a Redundant, Option<Cover>)>,
) -> Vec<(&'a Redundant, Option<Cover>)> {
    let goes = |part: &Redundant| {
        !is_value(&part.kind) && part_code(&part.kind).is_some() && part.kind != RedundantKind::SwallowingFilter
    };
    let mut gone: Vec<Vec<&[usize]>> = vec![Vec::new(); asked.len()];
    let mut kept = Vec::with_capacity(parts.len());
    for (part, covers) in parts {
        if !goes(part) {
            kept.push((part, covers));
            continue;
        }
        let mut all = true;
        let mut with = gone.clone();
        for ((target, asked), with) in rule.targets.iter().zip(asked).zip(&mut with) {
            let same = asked.parts.iter().filter(|other| other.kind == part.kind && other.span == part.span);
            let before = with.len();
            with.extend(same.map(|other| other.predicates.as_slice()));
            with.sort_unstable();
            with.dedup();
            // One alone was proven already.
            all &= with.len() == before || with.len() == 1 || analysis.can_go_together(target, with);
        }
        if all {
            gone = with;
            kept.push((part, covers));
        }
    }
    kept
}

/// The findings about parts that are true wherever the part stands: of a selection that the condition names twice, or that is
/// read on several template types, each occurrence must say nothing. For a value, whether it is the same as its cover.
fn everywhere<'a>(
    analysis: &mut Analysis<'_>,
    rule: &CheckedRule,
    asked: &'a [Asked],
) -> Vec<(&'a Redundant, Option<Cover>)> {
    let mut kept: Vec<(&Redundant, Option<Cover>)> = Vec::new();
    // What one template type has no use for another one may need.
    let dead = |asked: &Asked| -> Vec<(Span, Option<usize>)> {
        let dead = asked.parts.iter().filter(|part| matches!(part.kind, RedundantKind::DeadValue { .. }));
        dead.map(|part| (part.span, value_index(&part.kind))).collect()
    };
    let of_all = asked.windows(2).all(|pair| matches!(pair, [a, b] if dead(a) == dead(b)));
    for (target, own) in rule.targets.iter().zip(asked) {
        for part in &own.parts {
            let same = |other: &Redundant| other.kind == part.kind && other.span == part.span;
            let all: usize = asked.iter().map(|asked| asked.parts.len()).sum();
            if !analysis.charge(all.saturating_add(kept.len())) {
                return kept;
            }
            if kept.iter().any(|(known, _)| same(known)) {
                continue;
            }
            let predicates = predicates(target);
            if !analysis.charge(rule.targets.len().saturating_mul(predicates.len())) {
                return kept;
            }
            let of_part: Vec<&Predicate> =
                part.predicates.iter().filter_map(|index| predicates.get(*index).copied()).collect();
            let Some(first) = of_part.first() else { continue };
            // "Or empty, or absent" is what careful authors write by habit.
            if of_part.iter().all(|predicate| is_habit(&predicate.test)) {
                continue;
            }
            let places: Vec<Span> = of_part.iter().map(|predicate| predicate.span).collect();
            let everywhere = || {
                let here: usize = rule.targets.iter().map(|target| occurrences(target, &places)).sum();
                let said: usize =
                    asked.iter().map(|asked| asked.parts.iter().filter(|other| same(other)).count()).sum();
                said >= here
            };
            let is_told = match &part.kind {
                // Of one list of values this is true wherever the list stands.
                RedundantKind::CoveredValue { .. } => true,
                RedundantKind::DeadValue { .. } => of_all,
                _ => everywhere(),
            };
            if is_told {
                kept.push((part, cover_of(first, &part.kind)));
            }
        }
    }
    kept
}

/// How often predicates that are written in these places follow each other in a condition.
fn occurrences(target: &Target, places: &[Span]) -> usize {
    let all: Vec<Span> = predicates(target).into_iter().map(|predicate| predicate.span).collect();
    all.windows(places.len().max(1)).filter(|window| *window == places).count()
}

/// Whether a test is one that says little where it says nothing.
fn is_habit(test: &Test) -> bool {
    match test {
        Test::Unexpanded | Test::Null => true,
        Test::Text { patterns, .. } => {
            patterns.iter().all(|one| matches!(&one.pattern, Pattern::Equals(text) if text.is_empty()))
        }
        _ => false,
    }
}

fn predicates(target: &Target) -> Vec<&Predicate> {
    let mut all = Vec::new();
    target.condition.each(&mut |predicate, _| all.push(predicate));
    all
}

/// What covers a value; nothing for what is no covered value.
fn cover_of(predicate: &Predicate, kind: &RedundantKind) -> Option<Cover> {
    let RedundantKind::CoveredValue { value, by } = kind else { return None };
    let patterns = patterns(predicate);
    let own = patterns.get(*value)?;
    let same = |other: &TextPattern| {
        let alike = match (literal(own), literal(other)) {
            (Some(a), Some(b)) if own.ignore_case => a.eq_ignore_ascii_case(b),
            (a, b) => a == b,
        };
        own == other
            || (own.ignore_case == other.ignore_case
                && std::mem::discriminant(&own.pattern) == std::mem::discriminant(&other.pattern)
                && literal(own).is_some()
                && alike)
    };
    Some(if by.iter().filter_map(|by| patterns.get(*by)).any(same) { Cover::Same } else { Cover::Other })
}

/// The value of a list that a finding is about.
const fn value_index(kind: &RedundantKind) -> Option<usize> {
    match kind {
        RedundantKind::CoveredValue { value, .. } | RedundantKind::DeadValue { value } => Some(*value),
        _ => None,
    }
}

/// What a pattern is written with, where it is a literal.
fn literal(pattern: &TextPattern) -> Option<&str> {
    match &pattern.pattern {
        Pattern::Equals(own) | Pattern::Contains(own) | Pattern::StartsWith(own) | Pattern::EndsWith(own) => Some(own),
        Pattern::Like(_) | Pattern::Matches(_) => None,
    }
}

/// Whether the value of a finding stands in the file in these words. An empty one is what careful authors write by habit.
fn is_written(analysis: &mut Analysis<'_>, rule: &CheckedRule, part: &Redundant) -> bool {
    let Some(value) = value_index(&part.kind) else { return false };
    let text = rule.source.text();
    // Where a file is nothing but values, each is looked for in all of it.
    if !analysis.charge(text.len() / 8) {
        return false;
    }
    rule.targets.iter().any(|target| {
        let predicates = predicates(target);
        let of_part = part.predicates.iter().filter_map(|index| predicates.get(*index));
        of_part.filter(|predicate| predicate.span == part.span).any(|predicate| {
            let pattern = patterns(predicate).get(value);
            pattern.is_some_and(|pattern| match literal(pattern) {
                Some(own) => !own.is_empty() && (text.contains(own) || text.contains(&own.replace('\\', "\\\\"))),
                None => true,
            })
        })
    })
}

/// The patterns of a string test, also of one on the elements of a list.
pub(super) fn patterns(predicate: &Predicate) -> &[TextPattern] {
    match predicate.test.element() {
        Test::Text { patterns, .. } => patterns,
        _ => &[],
    }
}

fn never(rule: &CheckedRule, asked: &[Asked]) -> Option<Diagnostic> {
    let whys: Vec<&Impossible> = asked.iter().filter_map(|asked| asked.never.as_ref()).collect();
    // On the others it fires, or may.
    if whys.is_empty() || whys.len() < asked.len() {
        return None;
    }
    let (why, target) = (whys.first()?, rule.targets.first()?);
    let predicates = predicates(target);
    let named: Vec<Span> =
        why.conflicts.iter().flat_map(|conflict| &conflict.predicates).map(|(_, _, at)| *at).collect();
    let of_values = why.conflicts.iter().filter(|conflict| !conflict.claimed);
    let doubtful = of_values.flat_map(|conflict| &conflict.predicates).any(|(index, _, _)| {
        // A recorder may leave out what a template type requires.
        predicates
            .get(*index)
            .is_none_or(|predicate| *predicate.test == Test::Null && may_fire_without(target, &predicate.field))
    });
    let mut words: Vec<&str> = why.conflicts.iter().take(NAMED).map(|conflict| conflict.words.as_str()).collect();
    if words.is_empty() {
        words.push("the condition contradicts itself");
    }
    let message = format!("this rule can never fire: {}", words.join("; "));
    let at = named.first().copied().unwrap_or(rule.span);
    let mut finding = Diagnostic::new(&codes::CONTRADICTION, &rule.source, at, message).with_rule(&rule.name);
    if doubtful {
        finding.severity = Severity::Info;
        finding = finding.with_help("a sensor supplies the field with every event, so its absence is never met");
    }
    let mut shown = vec![at];
    for place in named {
        if !shown.contains(&place) {
            shown.push(place);
            finding = finding.with_place(place, "and this");
        }
    }
    Some(finding)
}

/// Whether a condition may be true of an event that lacks a field: all that is asked of it is false there but that it is absent.
fn may_fire_without(target: &Target, field: &FieldRef) -> bool {
    let left = target.condition.substitute(&mut |predicate: &Predicate| match &*predicate.test {
        test if predicate.field == *field => Expr::Const(*test == Test::Null),
        Test::Field { other, .. } if other == field => Expr::Const(false),
        _ => Expr::Is(()),
    });
    left != Expr::Const(false)
}

fn always(analysis: &mut Analysis<'_>, rule: &CheckedRule) -> Option<Diagnostic> {
    // An event's id alone is what many rules are about, and then nothing is left of the condition.
    let selects = |target: &&Target| !matches!(target.condition, Expr::Const(_));
    let first = rule.targets.iter().find(selects)?;
    let does = |target: &Target, analysis: &mut Analysis<'_>| {
        !probe::can_fail(&Events::of(target), &target.condition) && analysis.always_fires(target) == Always::Yes
    };
    if !rule.targets.iter().all(|target| does(target, analysis)) {
        return None;
    }
    let message = format!("this rule fires on every event of `{}`", first.template.name);
    Some(Diagnostic::new(&codes::TAUTOLOGY, &rule.source, rule.span, message).with_rule(&rule.name))
}

/// The code of a part that is no value.
fn part_code(kind: &RedundantKind) -> Option<&'static Code> {
    Some(match kind {
        RedundantKind::DeadFilter => &codes::DEAD_FILTER,
        RedundantKind::SwallowingFilter => &codes::SWALLOWING_FILTER,
        RedundantKind::CoveredFilter => &codes::COVERED_FILTER,
        RedundantKind::CoveredBranch => &codes::COVERED_BRANCH,
        RedundantKind::DeadBranch => &codes::IMPOSSIBLE_BRANCH,
        RedundantKind::Implied => &codes::IMPLIED_PART,
        // What is known before any event is a placeholder, or the absence of what a recorder may well leave out.
        RedundantKind::Known | RedundantKind::CoveredValue { .. } | RedundantKind::DeadValue { .. } => return None,
    })
}

fn of_part(rule: &CheckedRule, part: &Redundant, code: &'static Code) -> Diagnostic {
    Diagnostic::new(code, &rule.source, part.span, part.words.clone()).with_rule(&rule.name)
}

/// All values of one list of which the same is said, in one finding.
fn of_values(rule: &CheckedRule, span: Span, code: &'static Code, parts: &[&Redundant]) -> Diagnostic {
    let words: Vec<&str> = parts.iter().take(NAMED).map(|part| part.words.as_str()).collect();
    let more = match parts.len().saturating_sub(NAMED) {
        0 => String::new(),
        1 => "; and 1 more value".to_owned(),
        more => format!("; and {more} more values"),
    };
    let message = format!("{}{more}", words.join("; "));
    Diagnostic::new(code, &rule.source, span, message).with_rule(clip(&rule.name))
}
