use std::sync::Arc;

use contentcheck_model::predicate::{Comparison, IntRange, Network, Pattern, Regex, Test, TextPattern, TimePart};
use contentcheck_model::template::Scalar;
use contentcheck_model::value::Value;

use super::*;

fn text(pattern: Pattern) -> Test {
    Test::Text { patterns: vec![TextPattern { pattern, ignore_case: true }], all: false }
}

fn matches(pattern: &str) -> Test {
    text(Pattern::Matches(Regex { pattern: pattern.into(), multi_line: false, dot_all: false }))
}

fn range(from: i64, to: i64) -> Test {
    Test::Int(vec![IntRange { from, to }])
}

fn cidr(address: &str, prefix: u8) -> Test {
    Test::Cidr(vec![Network { address: address.parse().unwrap(), prefix }])
}

fn solve(domain: &Domain, asks: &[(Test, bool)]) -> Answer {
    let mut values = Values::new(Budget::default());
    let asks: Vec<Ask> =
        asks.iter().map(|(test, positive)| (values.intern(&Arc::new(test.clone())), *positive)).collect();
    let answer = values.solve(domain, &asks);
    if let Answer::Found(Some(value)) = &*answer
        && *domain != Domain::Others
    {
        assert_eq!(values.does(value, &asks), Ok(true), "{value:?}");
    }
    (*answer).clone()
}

const TEXT: Domain = Domain::Scalar(Scalar::String, Presence::Always);
const INT: Domain = Domain::Scalar(Scalar::Int, Presence::Always);
const IP: Domain = Domain::Scalar(Scalar::Ip, Presence::Always);

fn found(text: &str) -> Answer {
    Answer::Found(Some(Value::String(text.to_owned())))
}

#[test]
fn texts_read_well() {
    let cmd = text(Pattern::EndsWith(r"\cmd.exe".into()));
    assert_eq!(solve(&TEXT, &[(cmd.clone(), true)]), found(r"C:\cmd.exe"));
    assert_eq!(solve(&TEXT, &[(cmd.clone(), false)]), found("x"));
    let system = text(Pattern::Contains(r"\System32\".into()));
    assert_eq!(solve(&TEXT, &[(cmd.clone(), true), (system.clone(), true)]), found(r"\System32\cmd.exe"));
    let other = text(Pattern::Equals(r"\x.exe".into()));
    assert_eq!(solve(&TEXT, &[(cmd, true), (other, true)]), Answer::Nothing);
    assert_eq!(solve(&TEXT, &[(matches(r"^\d{3}$"), true), (range(500, 700), true)]), found("500"));
    assert_eq!(solve(&TEXT, &[(matches(r"^\d{2}$"), true), (range(500, 700), true)]), Answer::Nothing);
}

#[test]
fn absent_is_a_value_of_its_own() {
    let optional = Domain::Scalar(Scalar::String, Presence::Maybe);
    assert_eq!(solve(&optional, &[(text(Pattern::Contains("a".into())), false)]), Answer::Found(None));
    assert_eq!(solve(&optional, &[(Test::Exists, true), (text(Pattern::Contains("x".into())), false)]), found(""));
    assert_eq!(solve(&TEXT, &[(Test::Null, true)]), Answer::Nothing);
    assert_eq!(solve(&TEXT, &[(Test::Exists, false)]), Answer::Nothing);
    assert_eq!(solve(&Domain::Absent, &[(Test::Exists, true)]), Answer::Nothing);
}

#[test]
fn integers_are_ranges_masks_and_texts() {
    let one = |number| Answer::Found(Some(Value::Int(number)));
    assert_eq!(solve(&INT, &[(range(5, 9), true), (range(5, 7), false)]), one(8));
    assert_eq!(solve(&INT, &[(range(5, 9), true), (range(0, 20), false)]), Answer::Nothing);
    assert_eq!(solve(&INT, &[(text(Pattern::Equals("12".into())), true)]), one(12));
    assert_eq!(solve(&INT, &[(text(Pattern::Equals("012".into())), true)]), Answer::Nothing);
    assert_eq!(
        solve(&INT, &[(text(Pattern::StartsWith("12".into())), true), (range(0, 99), true), (range(12, 12), false)]),
        Answer::Nothing
    );
    let mask = |value| Test::Mask { mask: 6, comparison: Comparison::Equal, value };
    assert_eq!(solve(&INT, &[(mask(4), true), (range(5, 100), true)]), one(5));
    assert_eq!(solve(&INT, &[(mask(1), true)]), Answer::Nothing);
    assert_eq!(
        solve(&INT, &[(Test::Float(Comparison::Greater, 4.5), true), (Test::Float(Comparison::Less, 5.5), true)]),
        one(5)
    );
    let float = Domain::Scalar(Scalar::Float, Presence::Always);
    let between =
        [(Test::Float(Comparison::Greater, 1.0), true), (Test::Float(Comparison::Less, 1.0f64.next_up()), true)];
    assert_eq!(solve(&float, &between), Answer::Nothing);
    assert!(matches!(
        solve(&float, &[(Test::Float(Comparison::Equal, 1.0), false), (Test::Float(Comparison::NotEqual, 1.0), false)]),
        Answer::Nothing
    ));
}

#[test]
fn addresses_are_stretches_and_texts() {
    assert_eq!(solve(&IP, &[(cidr("10.0.0.0", 8), true)]), Answer::Found(Some(Value::Ip("10.0.0.1".parse().unwrap()))));
    assert_eq!(solve(&IP, &[(cidr("10.0.0.0", 8), true), (cidr("10.0.0.0", 7), false)]), Answer::Nothing);
    assert_eq!(solve(&IP, &[(cidr("0.0.0.0", 0), false), (cidr("::", 0), false)]), Answer::Nothing);
    let starts = |text_| (text(Pattern::StartsWith(String::from(text_).into())), true);
    assert!(matches!(solve(&IP, &[starts("10.2"), (cidr("10.0.0.0", 8), true)]), Answer::Found(_)));
    assert_eq!(solve(&IP, &[starts("11."), (cidr("10.0.0.0", 8), true)]), Answer::Nothing);
    assert_eq!(solve(&IP, &[starts("x")]), Answer::Nothing);
    assert!(matches!(
        solve(&TEXT, &[(cidr("10.0.0.0", 8), true), (text(Pattern::EndsWith(".77".into())), true)]),
        Answer::Found(_)
    ));
    assert_eq!(
        solve(&TEXT, &[(cidr("10.0.0.0", 8), true), (text(Pattern::StartsWith("9".into())), true)]),
        Answer::Nothing
    );
    assert_eq!(
        solve(&TEXT, &[(cidr("fe80::", 10), true), (text(Pattern::Contains("x".into())), true)]),
        Answer::Nothing
    );
    assert!(matches!(solve(&TEXT, &[(cidr("fe80::", 10), true)]), Answer::Found(_)));
}

#[test]
fn times_on_texts_and_integers() {
    for (part, number) in
        [(TimePart::Hour, 23), (TimePart::Week, 53), (TimePart::Month, 2), (TimePart::Year, 1), (TimePart::Day, 31)]
    {
        let test = Test::Time(part, vec![IntRange { from: number, to: number }]);
        assert!(matches!(solve(&TEXT, &[(test.clone(), true)]), Answer::Found(Some(_))), "{part:?}");
        assert!(matches!(solve(&INT, &[(test.clone(), true)]), Answer::Found(Some(_))), "{part:?}");
        assert!(matches!(solve(&TEXT, &[(test, false)]), Answer::Found(Some(_))), "{part:?}");
    }
    let never = Test::Time(TimePart::Month, vec![IntRange { from: 13, to: 99 }]);
    assert_eq!(solve(&TEXT, &[(never, true)]), Answer::Nothing);
}

#[test]
fn lists_have_an_element_for_each_demand() {
    let list = Domain::List(Scalar::String, Presence::Maybe);
    let any = |pattern| Test::Elements { all: false, test: Box::new(text(pattern)) };
    let (a, b) = (any(Pattern::Equals("a".into())), any(Pattern::Equals("b".into())));
    let both = Answer::Found(Some(Value::List(vec![Value::String("a".into()), Value::String("b".into())])));
    assert_eq!(solve(&list, &[(a.clone(), true), (b, true)]), both);
    assert_eq!(solve(&list, &[(a.clone(), true), (any(Pattern::Contains("A".into())), false)]), Answer::Nothing);
    assert_eq!(solve(&list, &[(a, false)]), Answer::Found(None));
    assert_eq!(solve(&list, &[(text(Pattern::Contains(String::new().into())), true)]), Answer::Nothing);
}

#[test]
fn a_spent_budget_is_told() {
    let mut values = Values::new(Budget { states: 3, nodes: 40, ..Budget::default() });
    let hard = values.intern(&Arc::new(matches("^[ab]*a[ab]{4}$")));
    let not = values.intern(&Arc::new(matches("^a")));
    assert_eq!(*values.solve(&TEXT, &[(hard, true), (not, false)]), Answer::Unknown(Unknown::States));
    let large = values.intern(&Arc::new(matches("^[ab]{60}$")));
    assert_eq!(*values.solve(&TEXT, &[(large, true)]), Answer::Unknown(Unknown::Nodes));
}
