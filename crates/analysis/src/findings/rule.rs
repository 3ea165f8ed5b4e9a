//! What there is to say of one rule.

use contentcheck_model::diagnostic::{Code, Diagnostic, clip, codes};
use contentcheck_model::expression::Expr;
use contentcheck_model::predicate::{Pattern, Predicate, Test, TextPattern};
use contentcheck_model::rule::{CheckedRule, Target};
use contentcheck_model::source::Span;

use super::{Depth, Known};
use crate::analysis::Analysis;
use crate::decide::{Always, Fires, Impossible};
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
    let asked: Vec<Asked> = rule.targets.iter().map(|target| ask(analysis, target, depth)).collect();
    let parts = everywhere(rule, &asked);
    // A filter that leaves nothing is the reason why the rule does not fire.
    let swallowed = parts.iter().any(|(part, _)| part.kind == RedundantKind::SwallowingFilter);
    if !swallowed {
        found.extend(never(rule, &asked, known));
    }
    found.extend(always(analysis, rule, known));
    let mut values: Vec<(Span, Vec<&Redundant>)> = Vec::new();
    for (part, covers) in &parts {
        if let Some(code) = part_code(&part.kind) {
            if !known.says(&rule.source, part.span) {
                found.push(of_part(rule, part, code));
            }
        } else if let Some(same) = covers {
            // A value that stands twice is reported where it does; one that a modifier made has nothing of its own to fix.
            if !same && is_written(rule, part) {
                match values.iter_mut().find(|(span, _)| *span == part.span) {
                    Some((_, all)) => all.push(part),
                    None => values.push((part.span, vec![part])),
                }
            }
        }
    }
    found.extend(values.into_iter().map(|(span, parts)| covered(rule, span, &parts)));
    found.sort_by_key(|finding| (finding.span, finding.code.id));
    found
}

/// What was found out on one template type.
struct Asked {
    never: Option<Impossible>,
    parts: Vec<Redundant>,
}

fn ask(analysis: &mut Analysis<'_>, target: &Target, depth: Depth) -> Asked {
    let plain = analysis.can_hold(&target.template, std::iter::once(&target.condition));
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
            for part in analysis.redundant(target).findings {
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
    matches!(kind, RedundantKind::CoveredValue { .. })
}

/// The findings about parts that are true wherever the part stands: of a selection that the condition names twice, or that is
/// read on several template types, each occurrence must say nothing. For a value, whether it is the same as its cover.
fn everywhere<'a>(rule: &CheckedRule, asked: &'a [Asked]) -> Vec<(&'a Redundant, Option<bool>)> {
    let mut kept: Vec<(&Redundant, Option<bool>)> = Vec::new();
    for (target, own) in rule.targets.iter().zip(asked) {
        for part in &own.parts {
            let same = |other: &Redundant| other.kind == part.kind && other.span == part.span;
            if kept.iter().any(|(known, _)| same(known)) {
                continue;
            }
            let predicates = predicates(target);
            let of_part: Vec<&Predicate> =
                part.predicates.iter().filter_map(|index| predicates.get(*index).copied()).collect();
            let Some(first) = of_part.first() else { continue };
            // Placeholders are somebody's to expand, and "or empty, or absent" is what careful authors write by habit.
            if of_part.iter().all(|predicate| is_habit(&predicate.test)) {
                continue;
            }
            let places: Vec<Span> = of_part.iter().map(|predicate| predicate.span).collect();
            let here: usize = rule.targets.iter().map(|target| occurrences(target, &places)).sum();
            let said: usize = asked.iter().map(|asked| asked.parts.iter().filter(|other| same(other)).count()).sum();
            if is_value(&part.kind) || said >= here {
                kept.push((part, value_is_cover(first, &part.kind)));
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

/// Whether a covered value is written like the one that covers it; nothing for what is no value.
fn value_is_cover(predicate: &Predicate, kind: &RedundantKind) -> Option<bool> {
    let RedundantKind::CoveredValue { value, by } = kind else { return None };
    let patterns = patterns(predicate);
    let own = patterns.get(*value);
    Some(by.iter().any(|by| patterns.get(*by) == own))
}

/// Whether the value of a finding stands in the file in these words.
fn is_written(rule: &CheckedRule, part: &Redundant) -> bool {
    let RedundantKind::CoveredValue { value, .. } = part.kind else { return false };
    let text = rule.source.text();
    rule.targets.iter().any(|target| {
        let predicates = predicates(target);
        let of_part = part.predicates.iter().filter_map(|index| predicates.get(*index));
        of_part.filter(|predicate| predicate.span == part.span).any(|predicate| {
            let pattern = patterns(predicate).get(value);
            pattern.is_some_and(|pattern| match &pattern.pattern {
                Pattern::Equals(own) | Pattern::Contains(own) | Pattern::StartsWith(own) | Pattern::EndsWith(own) => {
                    text.contains(&**own) || text.contains(&own.replace('\\', "\\\\"))
                }
                Pattern::Like(_) | Pattern::Matches(_) => true,
            })
        })
    })
}

/// The patterns of a text test, also of one on the elements of a list.
fn patterns(predicate: &Predicate) -> &[TextPattern] {
    let mut test = &*predicate.test;
    while let Test::Elements { test: inner, .. } = test {
        test = inner;
    }
    match test {
        Test::Text { patterns, .. } => patterns,
        _ => &[],
    }
}

fn never(rule: &CheckedRule, asked: &[Asked], known: &Known<'_>) -> Option<Diagnostic> {
    let whys: Vec<&Impossible> = asked.iter().filter_map(|asked| asked.never.as_ref()).collect();
    // On the others it fires, or may.
    if whys.is_empty() || whys.len() < asked.len() || known.has(&rule.source, &codes::NEVER_FIRES) {
        return None;
    }
    let (why, target) = (whys.first()?, rule.targets.first()?);
    let predicates = predicates(target);
    let named: Vec<Span> =
        why.conflicts.iter().flat_map(|conflict| &conflict.predicates).map(|(_, _, at)| *at).collect();
    let doubtful = why.conflicts.iter().flat_map(|conflict| &conflict.predicates).any(|(index, _, _)| {
        // A placeholder is somebody's to expand, and a recorder may leave out what a template type requires.
        predicates.get(*index).is_none_or(|predicate| matches!(*predicate.test, Test::Unexpanded | Test::Null))
    });
    if doubtful || named.iter().any(|place| known.says(&rule.source, *place)) {
        return None;
    }
    let mut words: Vec<&str> = why.conflicts.iter().take(NAMED).map(|conflict| conflict.words.as_str()).collect();
    if words.is_empty() {
        words.push("the condition contradicts itself");
    }
    let message = format!("this rule can never fire: {}", words.join("; "));
    let at = named.first().copied().unwrap_or(rule.span);
    let mut finding = Diagnostic::new(&codes::CONTRADICTION, &rule.source, at, message).with_rule(&rule.name);
    let mut shown = vec![at];
    for place in named {
        if !shown.contains(&place) {
            shown.push(place);
            finding = finding.with_place(place, "and this");
        }
    }
    Some(finding)
}

fn always(analysis: &mut Analysis<'_>, rule: &CheckedRule, known: &Known<'_>) -> Option<Diagnostic> {
    // An event's id alone is what many rules are about, and then nothing is left of the condition.
    let selects = |target: &&Target| !matches!(target.condition, Expr::Const(_));
    let first = rule.targets.iter().find(selects)?;
    let mut expanded = true;
    first.condition.each(&mut |predicate, _| expanded &= *predicate.test != Test::Unexpanded);
    let does = |target: &Target, analysis: &mut Analysis<'_>| {
        !probe::can_fail(&target.template, &target.condition) && analysis.always_fires(target) == Always::Yes
    };
    if !expanded
        || known.has(&rule.source, &codes::ALWAYS_FIRES)
        || !rule.targets.iter().all(|target| does(target, analysis))
    {
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
        RedundantKind::Known | RedundantKind::CoveredValue { .. } => return None,
    })
}

fn of_part(rule: &CheckedRule, part: &Redundant, code: &'static Code) -> Diagnostic {
    Diagnostic::new(code, &rule.source, part.span, part.words.clone()).with_rule(&rule.name)
}

/// All values of one list that others cover, in one finding.
fn covered(rule: &CheckedRule, span: Span, parts: &[&Redundant]) -> Diagnostic {
    let words: Vec<&str> = parts.iter().take(NAMED).map(|part| part.words.as_str()).collect();
    let more = match parts.len().saturating_sub(NAMED) {
        0 => String::new(),
        1 => "; and 1 more value".to_owned(),
        more => format!("; and {more} more values"),
    };
    let message = format!("{}{more}", words.join("; "));
    Diagnostic::new(&codes::COVERED_VALUE, &rule.source, span, message).with_rule(clip(&rule.name))
}
