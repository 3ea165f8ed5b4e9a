//! Evaluation and explanation are of one mind, and what an explanation points at is there.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

use std::fmt::Write as _;

use contentcheck_model::language::Language;
use contentcheck_model::source::Source;
use contentcheck_model::template::TemplateType;
use contentcheck_model::value::Value;
use contentcheck_parser::release::{Checking, Gathered, Shippable, WithErrors};
use contentcheck_reference::{Event, Evidence, Explanation, Match, Node, Prepared};
use proptest::prelude::*;
use proptest::strategy::Union;

const TEMPLATE: &str = r#"
template conf.random @ 1 {
    1 a     : string?
    2 b     : string? nocase
    3 n     : int?
    4 r     : float?
    5 f     : bool?
    6 x     : ip?
    7 raw   : bytes?
    8 names : list<string>?
    9 ports : list<int>?
}
table words @ 1 { word: string key } rows [["ab"], ["Ba"]]
"#;

/// Short texts over few letters, so that patterns often stand in them.
fn text() -> impl Strategy<Value = String> {
    "[abAB1é\n*]{0,5}"
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\n', "\\n"))
}

fn predicate() -> impl Strategy<Value = String> {
    let operator = prop::sample::select(vec![
        "==",
        "!=",
        "contains",
        "starts_with",
        "ends_with",
        "like",
        "==~",
        "contains~",
        "starts_with~",
        "ends_with~",
        "like~",
    ]);
    let many = prop::sample::select(vec!["in", "contains", "ends_with~", "like", "contains all", "starts_with all"]);
    let expression = prop::sample::select(vec!["a+b", "^[ab]*$", r"(?i)b\b", r".\s", "(?s)a.", "é|^$", r"\d", "[^a]$"]);
    let field = || prop::sample::select(vec!["a", "b"]);
    let list = || prop::sample::select(vec!["any names", "all names"]);
    let left = || prop_oneof![3 => field().boxed(), 1 => list().boxed()];
    let order = prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]);
    Union::new_weighted(vec![
        (4, (left(), operator, text()).prop_map(|(f, o, t)| format!("{f} {o} {}", quoted(&t))).boxed()),
        (
            3,
            (left(), many, prop::collection::vec(text(), 1..4))
                .prop_map(|(f, o, texts)| {
                    let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
                    format!("{f} {o} [{}]", texts.join(", "))
                })
                .boxed(),
        ),
        (2, (left(), expression).prop_map(|(f, e)| format!("{f} matches r\"{e}\"")).boxed()),
        (2, (order, -2_i64..3).prop_map(|(o, n)| format!("n {o} {n}")).boxed()),
        (1, (-2_i64..3).prop_map(|n| format!("any ports != {n}")).boxed()),
        (1, (-4_i64..5).prop_map(|n| format!("r < {n}.5")).boxed()),
        (
            1,
            prop::sample::select(vec![
                "a exists",
                "f == true",
                "x cidr \"10.0.0.0/8\"",
                "raw == hex\"61\"",
                "a == b",
                "a contains b",
                "n & 1 == 1",
                "a in words",
                "names exists",
                "all names in words",
            ])
            .prop_map(str::to_owned)
            .boxed(),
        ),
    ])
}

fn condition() -> impl Strategy<Value = String> {
    predicate().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|part| format!("(not ({part}))")),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" and "))),
            prop::collection::vec(inner, 2..4).prop_map(|parts| format!("({})", parts.join(" or "))),
        ]
    })
}

fn value() -> impl Strategy<Value = Value> {
    let scalar = || {
        prop_oneof![
            4 => text().prop_map(Value::String),
            2 => (-3_i64..4).prop_map(Value::Int),
            1 => prop::sample::select(vec![0.0, -0.5, 1.0, f64::NAN, f64::INFINITY]).prop_map(Value::Float),
            1 => any::<bool>().prop_map(Value::Bool),
            1 => prop::sample::select(vec!["10.1.1.1", "::1"]).prop_map(|ip| Value::Ip(ip.parse().unwrap())),
            1 => Just(Value::Bytes(b"a".to_vec())),
        ]
    };
    prop_oneof![4 => scalar(), 1 => prop::collection::vec(scalar(), 0..4).prop_map(Value::List)]
}

fn content(conditions: &[String]) -> Shippable {
    let mut text = TEMPLATE.to_owned();
    for (at, condition) in conditions.iter().enumerate() {
        writeln!(
            text,
            "rule r{at} {{ id: \"00000000-0000-4000-8000-{at:012}\" template: conf.random @ 1 severity: low when {condition} }}"
        )
        .unwrap();
    }
    let gathered = Gathered::of(vec![(Source::new("random.content", text), Language::Native)]);
    gathered.check(&Checking::default()).judge().ship(WithErrors::LeaveOut).unwrap()
}

/// What the answers of the parts say of the whole.
fn agrees(explanation: &Explanation) -> bool {
    let expected = match &explanation.node {
        Node::Constant | Node::Predicate(_) => explanation.holds,
        Node::Not(inner) => !inner.holds,
        Node::All(parts) => parts.iter().all(|part| part.holds),
        Node::Any(parts) => parts.iter().any(|part| part.holds),
    };
    let parts_agree = match &explanation.node {
        Node::Constant | Node::Predicate(_) => true,
        Node::Not(inner) => agrees(inner),
        Node::All(parts) | Node::Any(parts) => parts.iter().all(agrees),
    };
    expected == explanation.holds && parts_agree
}

fn matches<'e>(explanation: &'e Explanation, found: &mut Vec<(&'e str, &'e Match)>) {
    match &explanation.node {
        Node::Constant => {}
        Node::Not(inner) => matches(inner, found),
        Node::All(parts) | Node::Any(parts) => parts.iter().for_each(|part| matches(part, found)),
        Node::Predicate(predicate) => {
            if let Evidence::Matches(shown) = &predicate.evidence {
                assert!(explanation.holds, "{}", predicate.words);
                found.extend(shown.iter().map(|one| (predicate.words.as_str(), one)));
            }
        }
    }
}

/// The text that a match speaks of.
fn text_of(template: &TemplateType, event: &Event, name: &str) -> String {
    let (field, element) =
        name.split_once('[').map_or((name, None), |(field, at)| (field, Some(at.trim_end_matches(']'))));
    let value = event.value(&template.named(field)).unwrap();
    let value = match (value, element) {
        (Value::List(elements), Some(at)) => &elements[at.parse::<usize>().unwrap()],
        (scalar, None) => scalar,
        (scalar, Some(_)) => panic!("{scalar:?} has no elements"),
    };
    match value {
        Value::String(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Ip(address) => address.to_string(),
        other => panic!("{other:?} has no text"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn explanations_agree_with_evaluation(
        conditions in prop::collection::vec(condition(), 1..6),
        events in prop::collection::vec(prop::collection::vec(prop::option::weighted(0.8, value()), 9), 6),
    ) {
        let content = content(&conditions);
        for rule in content.rules() {
            for target in &rule.targets {
                let prepared = Prepared::new(target).unwrap();
                for values in &events {
                    let mut event = Event::empty(&target.template);
                    for (position, value) in (1..).zip(values) {
                        event.set(&target.template.at(position).unwrap(), value.clone());
                    }
                    let explanation = prepared.explain(&event);
                    prop_assert_eq!(explanation.holds, prepared.evaluate(&event));
                    prop_assert!(agrees(&explanation), "{}", explanation);
                    let mut found = Vec::new();
                    matches(&explanation, &mut found);
                    for (words, one) in found {
                        let text = text_of(&target.template, &event, &one.value);
                        let part = text.get(one.range.start..one.range.end);
                        prop_assert!(part.is_some(), "{}: {:?} in {:?}", words, one, text);
                        let part = part.unwrap();
                        let shown = format!("\"{}\"", part.replace('\n', "\\n"));
                        prop_assert_eq!(&one.excerpt, &shown);
                        let (whole, wanted) = (part == text, one.written.trim_matches('"').replace("\\n", "\n"));
                        let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
                        // The words say the operator where all patterns share it.
                        if words.contains(" contains") {
                            prop_assert!(same(part, &wanted), "{}: {:?}", words, one);
                        } else if words.contains(" starts_with") {
                            prop_assert!(one.range.start == 0 && same(part, &wanted), "{}: {:?}", words, one);
                        } else if words.contains(" ends_with") {
                            prop_assert!(one.range.end == text.len() && same(part, &wanted), "{}: {:?}", words, one);
                        } else if words.contains(" like") || words.contains(" ==") {
                            prop_assert!(whole, "{}: {:?}", words, one);
                        }
                    }
                    prop_assert_eq!(explanation.to_string().lines().count(), lines(&explanation));
                }
            }
        }
    }
}

/// One for each part.
fn lines(explanation: &Explanation) -> usize {
    1 + match &explanation.node {
        Node::Constant | Node::Predicate(_) => 0,
        Node::Not(inner) => lines(inner),
        Node::All(parts) | Node::Any(parts) => parts.iter().map(lines).sum(),
    }
}

#[test]
fn most_random_conditions_are_rules() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let conditions: Vec<String> = (0..200).map(|_| condition().new_tree(&mut runner).unwrap().current()).collect();
    let content = content(&conditions);
    assert!(content.rules().len() > 120, "{} of 200 conditions can be run", content.rules().len());
}
