//! Answers against the reference evaluator, on random conditions over a template type with a field of every kind, and on
//! events that are aimed at the literals of the conditions.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use contentcheck_analysis::{Always, Analysis, Decisive, Example, Fires, Redundant, RedundantKind, Witness};
use contentcheck_model::expression::Expr;
use contentcheck_model::field::{FieldInfo, FieldRef, Place};
use contentcheck_model::language::Language;
use contentcheck_model::predicate::{
    Comparison, FieldComparison, IntRange, Network, Pattern, Predicate, Regex, Test, TextPattern, TimePart,
    WildcardPart,
};
use contentcheck_model::rule::Target;
use contentcheck_model::source::{Source, Span};
use contentcheck_model::template::TemplateType;
use contentcheck_model::value::Value;
use contentcheck_parser::release::{Checking, Gathered};
use contentcheck_reference::{Event, evaluate};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

/// The field at a position of the template type.
fn input(position: u32) -> FieldRef {
    static TEMPLATE: LazyLock<Arc<TemplateType>> = LazyLock::new(template);
    TEMPLATE.at(position).unwrap()
}

/// The field that a name means in the template type.
fn named(name: &str) -> FieldRef {
    static TEMPLATE: LazyLock<Arc<TemplateType>> = LazyLock::new(template);
    TEMPLATE.named(name)
}

fn template() -> Arc<TemplateType> {
    let content = r#"
        template t.all @ 1 {
            reads { Channel: "T", EventID: [1, 2] }
            header { Computer: string? nocase }
            open
            1 text: string
            2 maybe: string? nocase
            3 int: int
            4 maybe_int: int?
            5 float: float
            6 bool: bool
            7 ip: ip
            8 bytes: bytes?
            9 texts: list<string>?
            10 ints: list<int>
            11 other: string
        }
    "#;
    let gathered = Gathered::of(vec![(Source::new("t.content", content), Language::Native)]);
    let judged = gathered.check(&Checking::default()).judge();
    assert_eq!(judged.findings().len(), 0, "{:?}", judged.findings());
    Arc::clone(judged.checked().catalogue().find("t.all", 1).unwrap())
}

fn event(template: &TemplateType, witness: &Witness) -> Event {
    let mut event = Event::empty(template);
    for (field, value) in &witness.values {
        event.set(field, Some(value.clone()));
    }
    event
}

fn fires(target: &Target, witness: &Witness) -> bool {
    evaluate(target, &event(&target.template, witness)).unwrap()
}

fn confirm(target: &Target, witness: &Witness) -> Option<bool> {
    Some(fires(target, witness))
}

fn literal() -> impl Strategy<Value = String> {
    prop_oneof![
        "[abAB]{0,3}",
        proptest::sample::select(vec!["1", "12", "10.0.0.1", "true", "2024-07-19", "ab", "::1", "-7"])
            .prop_map(str::to_owned)
    ]
}

fn pattern() -> impl Strategy<Value = TextPattern> {
    let part = prop_oneof![
        "[ab1.]{1,2}".prop_map(|text| WildcardPart::Literal(text.into())),
        Just(WildcardPart::AnyRun),
        Just(WildcardPart::AnyOne)
    ];
    let expressions = vec!["a+", "^a", "b$", "^[ab]{2}$", r"\d", r"^-?\d+$", "(?i)AB", r"\bb"];
    let kinds = prop_oneof![
        literal().prop_map(|text| Pattern::Equals(text.into())),
        literal().prop_map(|text| Pattern::Contains(text.into())),
        literal().prop_map(|text| Pattern::StartsWith(text.into())),
        literal().prop_map(|text| Pattern::EndsWith(text.into())),
        proptest::collection::vec(part, 1..4).prop_map(|parts| Pattern::Like(parts.into())),
        proptest::sample::select(expressions).prop_map(|text| Pattern::Matches(Regex {
            pattern: text.into(),
            multi_line: false,
            dot_all: false
        })),
    ];
    (kinds, any::<bool>()).prop_map(|(pattern, ignore_case)| TextPattern { pattern, ignore_case })
}

fn ranges() -> impl Strategy<Value = Vec<IntRange>> {
    let range = (-8_i64..14, 0_i64..6).prop_map(|(from, length)| IntRange { from, to: from + length });
    let open = (-8_i64..14, any::<bool>()).prop_map(|(at, up)| {
        if up { IntRange { from: at, to: i64::MAX } } else { IntRange { from: i64::MIN, to: at } }
    });
    proptest::collection::vec(prop_oneof![range, open], 1..3)
}

fn comparison() -> impl Strategy<Value = Comparison> {
    proptest::sample::select(vec![
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Less,
        Comparison::LessOrEqual,
        Comparison::Greater,
        Comparison::GreaterOrEqual,
    ])
}

fn network() -> impl Strategy<Value = Network> {
    proptest::sample::select(vec![
        ("10.0.0.0", 8),
        ("10.0.0.0", 30),
        ("0.0.0.0", 0),
        ("::", 0),
        ("fe80::", 10),
        ("::1", 128),
        // Nothing comes after these.
        ("255.255.255.255", 32),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 128),
        ("fff0::", 12),
    ])
    .prop_map(|(address, prefix)| Network { address: address.parse().unwrap(), prefix })
}

fn scalar_test() -> impl Strategy<Value = Test> {
    let text = || {
        (proptest::collection::vec(pattern(), 1..4), any::<bool>())
            .prop_map(|(patterns, all)| Test::Text { patterns, all })
    };
    prop_oneof![
        6 => text(),
        2 => ranges().prop_map(Test::Int),
        1 => (comparison(), proptest::sample::select(vec![0.0, 1.0, 4.5, -2.0, 12.0])).prop_map(|(comparison, constant)| Test::Float(comparison, constant)),
        1 => any::<bool>().prop_map(Test::Bool),
        1 => proptest::collection::vec(proptest::collection::vec(0_u8..3, 0..2).prop_map(Into::into), 1..3).prop_map(Test::Bytes),
        1 => proptest::collection::vec(network(), 1..3).prop_map(Test::Cidr),
        1 => (1_i64..16, comparison(), -2_i64..16).prop_map(|(mask, comparison, value)| Test::Mask { mask, comparison, value }),
        1 => (proptest::sample::select(vec![TimePart::Hour, TimePart::Day, TimePart::Week, TimePart::Month, TimePart::Year]), ranges()).prop_map(|(part, ranges)| Test::Time(part, ranges)),
    ]
}

fn field() -> impl Strategy<Value = FieldRef> {
    prop_oneof![
        6 => Just(input(1)),
        8 => (1_u32..12).prop_map(input),
        1 => Just(named("Computer")),
        1 => Just(named("EventID")),
        1 => Just(named("extra")),
        2 => Just(FieldRef::ANY),
    ]
}

fn predicate() -> impl Strategy<Value = Predicate> {
    let compared = (
        proptest::sample::select(vec![
            FieldComparison::Contains,
            FieldComparison::StartsWith,
            FieldComparison::EndsWith,
        ]),
        comparison(),
        any::<bool>(),
        proptest::sample::select(vec![1_u32, 2, 3, 4, 5, 11]),
        any::<bool>(),
    )
        .prop_map(|(part, comparison, order, other, ignore_case)| {
            let comparison = if order { FieldComparison::Order(comparison) } else { part };
            Test::Field { comparison, other: input(other), ignore_case }
        });
    let test = prop_oneof![
        12 => scalar_test(),
        2 => (any::<bool>(), scalar_test()).prop_map(|(all, test)| Test::Elements { all, test: Box::new(test) }),
        1 => Just(Test::Exists),
        1 => Just(Test::Null),
        1 => Just(Test::Unexpanded),
        1 => compared,
    ];
    (field(), test).prop_map(|(field, test)| {
        // A comparison of any value with a field is nothing that the languages can say.
        let field = if field == FieldRef::ANY && matches!(test, Test::Field { .. }) { input(1) } else { field };
        Predicate { field, test: Arc::new(test), span: Span::default(), by_position: None, other_by_position: None }
    })
}

fn condition() -> impl Strategy<Value = Expr<Predicate>> {
    predicate().prop_map(Expr::Is).prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Expr::all),
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Expr::any),
            inner.prop_map(Expr::negate),
        ]
    })
}

/// A text near what conditions ask for.
fn text() -> impl Strategy<Value = Value> {
    prop_oneof![literal(), (literal(), literal()).prop_map(|(a, b)| a + &b)].prop_map(Value::String)
}

fn optional(value: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Option<Value>> {
    proptest::option::of(value).boxed()
}

fn required(value: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Option<Value>> {
    value.prop_map(Some).boxed()
}

/// An event that the template type allows.
fn witness() -> impl Strategy<Value = Witness> {
    let int = || (-9_i64..20).prop_map(Value::Int);
    let list = |value: BoxedStrategy<Value>| proptest::collection::vec(value, 0..3).prop_map(Value::List);
    let ip = proptest::sample::select(vec!["10.0.0.1", "10.9.9.9", "::1", "fe80::1", "1.2.3.4"])
        .prop_map(|text| Value::Ip(text.parse::<IpAddr>().unwrap()));
    let inputs = vec![
        required(text()),
        optional(text()),
        required(int()),
        optional(int()),
        required(proptest::sample::select(vec![0.0, 1.0, 4.5, -2.0, 12.0, f64::NAN]).prop_map(Value::Float)),
        required(any::<bool>().prop_map(Value::Bool)),
        required(ip),
        optional(proptest::collection::vec(0_u8..3, 0..2).prop_map(Value::Bytes)),
        optional(list(text().boxed())),
        required(list(int().boxed())),
        required(text()),
    ];
    let others = proptest::collection::vec(prop_oneof![text().boxed(), int().boxed()], 0..2);
    (inputs, optional(text()), 1_i64..3, optional(text()), others).prop_map(|(inputs, header, fixed, open, others)| {
        let inputs = (1..).zip(inputs).filter_map(|(at, value)| Some((input(at), value?)));
        let mut values: Vec<(FieldRef, Value)> = inputs.collect();
        values.extend(header.map(|value| (named("Computer"), value)));
        values.push((named("Channel"), Value::String("T".to_owned())));
        values.push((named("EventID"), Value::Int(fixed)));
        values.extend(open.map(|value| (named("extra"), value)));
        values.extend(others.into_iter().map(|value| (FieldRef::ANY, value)));
        Witness { values }
    })
}

/// Whether an event is one that the template type allows.
fn allowed(template: &TemplateType, witness: &Witness) -> bool {
    let kinds = |value: &Value, list: bool, scalar: &str| match value {
        Value::List(elements) => list && elements.iter().all(|element| kind(element) == scalar),
        value => !list && kind(value) == scalar,
    };
    template.declared().all(|field| match (template.describe(&field).unwrap(), witness.value(&field)) {
        (FieldInfo { place: Place::Reads(values), .. }, value) => {
            value.is_some_and(|value| values.iter().any(|fixed| fixed.value() == *value))
        }
        (FieldInfo { ty, .. }, Some(value)) => kinds(value, ty.list, ty.scalar.as_str()),
        (FieldInfo { ty, .. }, None) => ty.optional,
    })
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "string",
        Value::Int(_) => "int",
        Value::Float(_) => "float",
        Value::Bool(_) => "bool",
        Value::Ip(_) => "ip",
        Value::Bytes(_) => "bytes",
        Value::List(_) => "list",
    }
}

fn target(condition: Expr<Predicate>) -> Target {
    Target::new(template(), condition)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_witness_fires_and_never_is_never_contradicted(condition in condition(), events in proptest::collection::vec(witness(), 60)) {
        let target = target(condition);
        let mut analysis = Analysis::new(&confirm);
        match analysis.fires(&target) {
            Fires::Yes(witness) => {
                prop_assert!(fires(&target, &witness));
                prop_assert!(allowed(&target.template, &witness), "{:?}", witness);
            }
            Fires::Never(_) => for event in &events {
                prop_assert!(!fires(&target, event), "{:?}", event);
            },
            Fires::Unknown(_) => {}
        }
        match analysis.always_fires(&target) {
            Always::No(witness) => prop_assert!(!fires(&target, &witness) && allowed(&target.template, &witness)),
            Always::Yes => for event in &events {
                prop_assert!(fires(&target, event), "{:?}", event);
            },
            Always::Unknown(_) => {}
        }
    }

    #[test]
    fn implications_are_never_contradicted(a in condition(), b in condition(), events in proptest::collection::vec(witness(), 40)) {
        let (narrow, a, b) = (target(Expr::all([a.clone(), b.clone()])), target(a), target(b));
        let mut analysis = Analysis::new(&confirm);
        for (of, by) in [(&a, &b), (&b, &a), (&narrow, &a), (&a, &narrow)] {
            match analysis.implies(of, by) {
                Example::Found(witness) => prop_assert!(fires(of, &witness) && !fires(by, &witness)),
                Example::None => for event in &events {
                    prop_assert!(!fires(of, event) || fires(by, event), "{:?}", event);
                },
                Example::Unknown(_) => {}
            }
        }
        prop_assert_eq!(analysis.implies(&narrow, &a), Example::None);
        match analysis.disjoint(&a, &b) {
            Example::Found(witness) => prop_assert!(fires(&a, &witness) && fires(&b, &witness)),
            Example::None => for event in &events {
                prop_assert!(!(fires(&a, event) && fires(&b, event)), "{:?}", event);
            },
            Example::Unknown(_) => {}
        }
    }

    #[test]
    fn decisive_pairs_differ_in_one_value_and_flip(condition in condition(), events in proptest::collection::vec(witness(), 20)) {
        let target = target(condition);
        let mut predicates = Vec::new();
        target.condition.each(&mut |predicate, _| predicates.push(predicate.clone()));
        let mut analysis = Analysis::new(&confirm);
        let decisive = analysis.decisive(&target);
        prop_assert_eq!(decisive.len(), predicates.len());
        for (verdict, predicate) in decisive.iter().zip(&predicates) {
            match verdict {
                Decisive::Pair(pair) => {
                    prop_assert!(fires(&target, &pair.fires) && !fires(&target, &pair.silent));
                    let apart = |witness: &Witness| witness.with(&pair.field, None);
                    prop_assert_eq!(apart(&pair.fires), apart(&pair.silent));
                    let alone = target.with_condition(Expr::Is(predicate.clone()));
                    prop_assert_eq!(fires(&alone, &pair.fires), pair.holds);
                    prop_assert_eq!(fires(&alone, &pair.silent), !pair.holds);
                }
                // Then another value of the field alone, which turns only this predicate, must not change the outcome.
                Decisive::Never if !tied(predicate, &predicates) => for event in &events {
                    for other in &events {
                        let other = event.with(&predicate.field, other.value(&predicate.field).cloned());
                        prop_assert_eq!(fires(&target, event), fires(&target, &other), "{:?} {:?}", event, other);
                    }
                },
                Decisive::Never => {}
                Decisive::Unknown(_) => {}
            }
        }
    }

    #[test]
    fn what_is_redundant_can_be_left_out(condition in condition(), events in proptest::collection::vec(witness(), 30)) {
        let target = target(condition);
        let mut analysis = Analysis::new(&confirm);
        let findings = analysis.redundant(&target).findings;
        for finding in &findings {
            let without = match &finding.kind {
                RedundantKind::CoveredValue { value, .. } | RedundantKind::DeadValue { value } => drop_value(&target, finding.predicates[0], *value),
                RedundantKind::Implied | RedundantKind::DeadFilter | RedundantKind::CoveredFilter
                | RedundantKind::DeadBranch | RedundantKind::CoveredBranch => leave_out(&target, &finding.predicates),
                _ => continue,
            };
            for event in &events {
                prop_assert_eq!(fires(&target, event), fires(&without, event), "{:?} {:?}", finding, event);
            }
        }
        // Whoever follows all of the advice changes nothing either.
        let followed = follow(&target, &findings);
        for event in &events {
            prop_assert_eq!(fires(&target, event), fires(&followed, event), "{:?} {:?}", findings, event);
        }
    }

    #[test]
    fn dead_and_swallowing_filters_are_so(
        selection in proptest::collection::vec(predicate(), 1..3),
        filters in proptest::collection::vec(predicate(), 1..3),
        events in proptest::collection::vec(witness(), 60),
    ) {
        let of = |all: &[Predicate]| -> Vec<Expr<Predicate>> { all.iter().cloned().map(Expr::Is).collect() };
        let whole = target(Expr::all(of(&selection).into_iter().chain([Expr::any(of(&filters)).negate()])));
        let mut analysis = Analysis::new(&confirm);
        let never = matches!(analysis.fires(&whole), Fires::Never(_));
        for finding in analysis.filters(&whole, !never).findings {
            match finding.kind {
                RedundantKind::DeadFilter => {
                    let without = leave_out(&whole, &finding.predicates);
                    for event in &events {
                        prop_assert_eq!(fires(&whole, event), fires(&without, event), "{:?} {:?}", finding, event);
                    }
                }
                RedundantKind::SwallowingFilter => {
                    prop_assert!(never, "{:?}", finding);
                    for event in &events {
                        prop_assert!(!fires(&whole, event), "{:?} {:?}", finding, event);
                    }
                }
                other => panic!("{other:?} is not asked about"),
            }
        }
    }
}

#[test]
fn nearly_all_questions_are_answered() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut asked, mut open, mut decided, mut predicates) = (0, 0, 0, 0);
    for _ in 0..1_000 {
        let condition = condition().new_tree(&mut runner).unwrap().current();
        let target = target(condition);
        let mut analysis = Analysis::new(&confirm);
        asked += 1;
        open += usize::from(matches!(analysis.fires(&target), Fires::Unknown(_)));
        let decisive = analysis.decisive(&target);
        predicates += decisive.len();
        decided += decisive.iter().filter(|verdict| !matches!(verdict, Decisive::Unknown(_))).count();
    }
    eprintln!("{open} of {asked} rules open, {decided} of {predicates} predicates decided");
    assert!(open * 50 <= asked && decided * 10 >= predicates * 9);
}

/// Whether another predicate is about the same value, so that one of them seldom turns alone.
fn tied(predicate: &Predicate, all: &[Predicate]) -> bool {
    let about = |other: &&Predicate| {
        other.field == predicate.field
            || other.field == FieldRef::ANY
            || predicate.field == FieldRef::ANY
            || matches!(&*other.test, Test::Field { .. })
    };
    all.iter().filter(about).count() > 1 || matches!(&*predicate.test, Test::Field { .. })
}

/// The condition without anything that is said to be redundant: values first, since parts that go take their number along.
fn follow(target: &Target, findings: &[Redundant]) -> Target {
    let mut values: Vec<(usize, usize)> = Vec::new();
    let mut parts: Vec<&[usize]> = Vec::new();
    for finding in findings {
        match &finding.kind {
            RedundantKind::CoveredValue { value, .. } | RedundantKind::DeadValue { value } => {
                values.push((finding.predicates[0], *value));
            }
            RedundantKind::SwallowingFilter | RedundantKind::Known => {}
            _ => parts.push(&finding.predicates),
        }
    }
    values.sort_unstable();
    values.dedup();
    let mut left = target.clone();
    for (at, value) in values.iter().rev() {
        left = drop_value(&left, *at, *value);
    }
    // All at once: of a list of alternatives all may go, and then none of them holds.
    let condition = leave_out_all(&left.condition, &mut 0, &parts).unwrap();
    left.with_condition(condition)
}

fn leave_out_all(expr: &Expr<Predicate>, next: &mut usize, parts: &[&[usize]]) -> Option<Expr<Predicate>> {
    let first = *next;
    let mut count = 0;
    expr.each(&mut |_, _| count += 1);
    if parts.iter().any(|part| (first..first + count).eq(part.iter().copied())) {
        *next += count;
        return None;
    }
    Some(match expr {
        Expr::Const(value) => Expr::Const(*value),
        Expr::Not(inner) => leave_out_all(inner, next, parts)?.negate(),
        Expr::All(all) => Expr::all(all.iter().filter_map(|one| leave_out_all(one, next, parts)).collect::<Vec<_>>()),
        Expr::Any(all) => Expr::any(all.iter().filter_map(|one| leave_out_all(one, next, parts)).collect::<Vec<_>>()),
        Expr::Is(predicate) => {
            *next += 1;
            Expr::Is(predicate.clone())
        }
    })
}

/// The condition without the part that has just these predicates.
fn leave_out(target: &Target, predicates: &[usize]) -> Target {
    fn walk(expr: &Expr<Predicate>, next: &mut usize, out: &[usize]) -> Option<Expr<Predicate>> {
        let first = *next;
        let mut count = 0;
        expr.each(&mut |_, _| count += 1);
        if (first..first + count).eq(out.iter().copied()) {
            *next += count;
            return None;
        }
        Some(match expr {
            Expr::Const(value) => Expr::Const(*value),
            Expr::Not(inner) => match walk(inner, next, out) {
                Some(inner) => inner.negate(),
                None => return None,
            },
            Expr::All(parts) => Expr::all(parts.iter().filter_map(|part| walk(part, next, out)).collect::<Vec<_>>()),
            Expr::Any(parts) => Expr::any(parts.iter().filter_map(|part| walk(part, next, out)).collect::<Vec<_>>()),
            Expr::Is(predicate) => {
                *next += 1;
                Expr::Is(predicate.clone())
            }
        })
    }
    let condition = walk(&target.condition, &mut 0, predicates).unwrap_or_else(|| panic!("not all of it is redundant"));
    target.with_condition(condition)
}

fn drop_value(target: &Target, at: usize, value: usize) -> Target {
    fn without(test: &Test, value: usize) -> Test {
        match test {
            Test::Elements { all, test } => Test::Elements { all: *all, test: Box::new(without(test, value)) },
            Test::Text { patterns, all } => {
                let mut patterns = patterns.clone();
                patterns.remove(value);
                Test::Text { patterns, all: *all }
            }
            other => other.clone(),
        }
    }
    let mut next = 0;
    let condition = target.condition.substitute(&mut |predicate| {
        let own = next;
        next += 1;
        let test = if own == at { Arc::new(without(&predicate.test, value)) } else { Arc::clone(&predicate.test) };
        Expr::Is(Predicate { test, ..predicate.clone() })
    });
    target.with_condition(condition)
}
