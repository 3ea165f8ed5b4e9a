//! What the analysis says of public rules, held against events: a rule that is said never to fire fires on none of
//! them, and a part or value that is said to say nothing changes the outcome of none.
//!
//! Events are aimed: values are made of the literals of the rule itself, or are those of a witness.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;
use std::sync::Arc;

use contentcheck_analysis::{Analysis, Fires, RedundantKind, Witness};
use contentcheck_model::expression::Expr;
use contentcheck_model::field::FieldRef;
use contentcheck_model::predicate::{Pattern, Predicate, Test, WildcardPart};
use contentcheck_model::rule::Target;
use contentcheck_model::template::{Scalar, TemplateType};
use contentcheck_model::value::Value;
use contentcheck_parser::release::Checked;
use contentcheck_public::{checked, event};
use contentcheck_reference::{Event, Prepared, evaluate};

/// Events in all, however few claims there are.
const EVENTS: usize = 100_000;

/// Numbers that are the same on every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound.max(1)
    }

    fn one<'v, T>(&mut self, values: &'v [T]) -> Option<&'v T> {
        values.get(self.below(values.len()))
    }
}

/// The texts that a test is about.
fn texts(test: &Test, found: &mut Vec<String>) {
    match test {
        Test::Text { patterns, .. } => {
            for pattern in patterns {
                found.push(match &pattern.pattern {
                    Pattern::Equals(text)
                    | Pattern::Contains(text)
                    | Pattern::StartsWith(text)
                    | Pattern::EndsWith(text) => text.to_string(),
                    Pattern::Like(parts) => parts.iter().fold(String::new(), |text, part| match part {
                        WildcardPart::Literal(literal) => text + literal,
                        WildcardPart::AnyOne => text + "a",
                        WildcardPart::AnyRun => text,
                    }),
                    Pattern::Matches(regex) => regex.pattern.replace(['\\', '^', '$'], ""),
                });
            }
        }
        Test::Int(ranges) => {
            for range in ranges {
                found.extend([range.from, range.to, range.to.saturating_add(1)].map(|number| number.to_string()));
            }
        }
        Test::Elements { test, .. } => texts(test, found),
        _ => {}
    }
}

fn scalar(template: &TemplateType, field: &FieldRef) -> (Scalar, bool) {
    template.describe(field).map_or((Scalar::String, true), |info| (info.ty.scalar, info.ty.optional))
}

/// A value of the literals of a field, or none.
fn value(numbers: &mut Numbers, template: &TemplateType, field: &FieldRef, literals: &[String]) -> Option<Value> {
    let (scalar, optional) = scalar(template, field);
    if optional && numbers.below(8) == 0 {
        return None;
    }
    match scalar {
        Scalar::Int => {
            let number = numbers.one(literals).and_then(|text| text.parse().ok());
            Some(Value::Int(number.unwrap_or_default()))
        }
        Scalar::String => {
            let mut text = String::new();
            for _ in 0..=numbers.below(3) {
                text.push_str(numbers.one(literals).map_or("x", String::as_str));
                text.push_str(numbers.one(&["", "", " ", "x"]).copied().unwrap_or_default());
            }
            if numbers.below(4) == 0 {
                text = text.to_ascii_uppercase();
            }
            Some(Value::String(text))
        }
        _ => None,
    }
}

/// Without the part that has just these predicates, the widest that does.
fn without(expr: &Expr<Predicate>, part: &[usize], next: &mut usize) -> Option<Expr<Predicate>> {
    let first = *next;
    let mut count = 0;
    expr.each(&mut |_, _| count += 1);
    if part.first() == Some(&first) && part.len() == count {
        *next += count;
        return None;
    }
    Some(match expr {
        Expr::All(parts) => Expr::all(parts.iter().filter_map(|one| without(one, part, next)).collect::<Vec<_>>()),
        Expr::Any(parts) => Expr::any(parts.iter().filter_map(|one| without(one, part, next)).collect::<Vec<_>>()),
        Expr::Not(inner) => without(inner, part, next)?.negate(),
        other => {
            *next += count;
            other.clone()
        }
    })
}

/// Without one value of a list.
fn without_value(expr: &Expr<Predicate>, index: usize, value: usize) -> Expr<Predicate> {
    let mut next = 0;
    expr.substitute(&mut |predicate| {
        let mut predicate = predicate.clone();
        if next == index
            && let Test::Text { patterns, all } = &*predicate.test
        {
            let mut patterns = patterns.clone();
            patterns.remove(value);
            predicate.test = Arc::new(Test::Text { patterns, all: *all });
        }
        next += 1;
        Expr::Is(predicate)
    })
}

/// A claim: a rule, and another one that fires on the same events.
struct Claim<'c> {
    words: String,
    target: &'c Target,
    same: Target,
}

fn claims<'c>(content: &'c Checked, kinds: &mut BTreeMap<String, usize>) -> Vec<Claim<'c>> {
    let confirm = |target: &Target, witness: &Witness| evaluate(target, &event(target, witness)).ok();
    let mut analysis = Analysis::new(&confirm);
    let mut claims = Vec::new();
    for target in content.rules().iter().flat_map(|rule| &rule.targets) {
        let mut claim = |kind: &str, words: String, condition: Expr<Predicate>| {
            *kinds.entry(kind.to_owned()).or_default() += 1;
            claims.push(Claim { words, target, same: target.with_condition(condition) });
        };
        let fires = !matches!(analysis.fires(target), Fires::Never(_));
        if !fires {
            claim("never", "never fires".to_owned(), Expr::Const(false));
        }
        let filters = analysis.filters(target, fires).findings;
        for finding in analysis.redundant(target).findings.into_iter().chain(filters) {
            let condition = match &finding.kind {
                RedundantKind::CoveredValue { value, .. } | RedundantKind::DeadValue { value } => {
                    without_value(&target.condition, *finding.predicates.first().unwrap(), *value)
                }
                // Of these it is not said that they could be left out.
                RedundantKind::SwallowingFilter | RedundantKind::Known => continue,
                _ => without(&target.condition, &finding.predicates, &mut 0).unwrap(),
            };
            let kind = match finding.kind {
                RedundantKind::CoveredValue { .. } => "covered value".to_owned(),
                RedundantKind::DeadValue { .. } => "dead value".to_owned(),
                other => format!("{other:?}"),
            };
            claim(&kind, finding.words, condition);
        }
    }
    claims
}

#[test]
#[cfg_attr(
    not(public_corpus),
    ignore = "needs the public rules and recordings; CONTENTCHECK_SHARED names no folder with them"
)]
fn no_event_contradicts_what_is_said_of_public_rules() {
    let content = checked();
    let mut kinds = BTreeMap::new();
    let claims = claims(&content, &mut kinds);
    eprintln!("{} claims: {kinds:?}", claims.len());
    assert!(claims.len() > 300 && kinds["never"] > 0 && kinds["DeadFilter"] > 3);
    let confirm = |target: &Target, witness: &Witness| evaluate(target, &event(target, witness)).ok();
    let mut analysis = Analysis::new(&confirm);
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let (mut events, mut fired) = (0, 0);
    for claim in &claims {
        let template = &*claim.target.template;
        let (rule, same) = (Prepared::new(claim.target).unwrap(), Prepared::new(&claim.same).unwrap());
        let claimed =
            claim.target.claimed.as_ref().map(|claimed| claim.target.with_condition(claimed.condition.clone()));
        let claimed = claimed.as_ref().map(|claimed| Prepared::new(claimed).unwrap());
        let mut literals: Vec<(&FieldRef, Vec<String>)> = Vec::new();
        claim.target.condition.each(&mut |predicate, _| {
            let at = literals.iter().position(|(field, _)| *field == &predicate.field).unwrap_or_else(|| {
                literals.push((&predicate.field, Vec::new()));
                literals.len() - 1
            });
            texts(&predicate.test, &mut literals.get_mut(at).unwrap().1);
        });
        let base = match analysis.fires(claim.target) {
            Fires::Yes(witness) => Some(witness),
            _ => None,
        };
        for round in 0..EVENTS.div_ceil(claims.len()) {
            // Every other event is a firing one of which some fields are changed.
            let mut shown = match base.as_ref().filter(|_| round % 2 == 0) {
                Some(witness) => event(claim.target, witness),
                None => Event::empty(template),
            };
            let keep = shown != Event::empty(template);
            for (field, literals) in &literals {
                if !field.is_any() && (!keep || numbers.below(2) == 0) {
                    let value = value(&mut numbers, template, field, literals);
                    shown.set(field, value);
                }
            }
            // What a fixed template type claims is no event of this one.
            if claimed.as_ref().is_some_and(|claimed| claimed.evaluate(&shown)) {
                continue;
            }
            let outcome = rule.evaluate(&shown);
            assert_eq!(outcome, same.evaluate(&shown), "{}: {} on {shown:?}", template.name, claim.words);
            fired += usize::from(outcome);
            events += 1;
        }
    }
    eprintln!("{events} events, on {fired} of which a rule fired");
    assert!(events >= EVENTS && fired * 20 > events, "{fired} of {events}: the events are not aimed well");
}
