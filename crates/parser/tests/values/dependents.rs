//! Filters and correlations, which are checked beside the rules that they are for.

use super::{PROCESS, read};

const RULE: &str = "title: A rule to be filtered\nid: 6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f51\nname: one\nlogsource: {category: \
                    process_creation, product: windows}\ndetection:\n    s: {Image: a}\n    condition: s\n";

/// What is found in a document beside a rule, but for notes on metadata and that it is not run.
fn beside(document: &str) -> Vec<&'static str> {
    let found = read(&[("r.yml", RULE.to_owned()), ("s.yml", document.to_owned())]);
    let found = found.iter().filter(|found| found.source.name() == "s.yml");
    found.map(|found| found.code.id).filter(|code| !["CC0119", "CC0704"].contains(code)).collect()
}

fn filter(logsource: &str, item: &str, rule: &str) -> Vec<&'static str> {
    beside(&format!(
        "title: A filter for this test\nlogsource: {{{logsource}}}\nfilter:\n    rules: [{rule}]\n    s: {{{item}}}\n    condition: not s\n"
    ))
}

#[test]
fn filters_are_checked_as_rules_are() {
    assert_eq!(filter(PROCESS, "User: x", "one"), [""; 0]);
    assert_eq!(filter("product: windows", "User: x", "one"), [""; 0], "a wider log source");
    for (item, code) in [
        ("'Address|cidr': 10.0.0.0/33", "CC0120"),
        ("'Address|cidr': nowhere", "CC0120"),
        ("'Image|re': '(?=a)'", "CC0501"),
        ("'Image|contians': x", "CC0117"),
        ("Usr: x", "CC0202"),
        ("Count: x", "CC0302"),
        ("'Count|gt': x", "CC0120"),
        ("'Image|fieldref': Imag", "CC0202"),
        ("User: '\u{200B}x'", "CC0127"),
    ] {
        assert_eq!(filter(PROCESS, item, "one"), [code], "{item}");
    }
    assert_eq!(filter("category: webserver", "User: x", "one"), ["CC0211"]);
    assert_eq!(filter("category: process_creation, product: linux", "User: x", "one"), ["CC0201", "CC0211"]);
    assert_eq!(filter(PROCESS, "User: x", "two"), ["CC0208"]);
}

fn correlation(rules: &str, group: &str, condition: &str, more: &str) -> Vec<&'static str> {
    beside(&format!(
        "title: A correlation for this test\nid: 6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f52\nname: two\ncorrelation:\n    type: event_count\n    \
         rules: [{rules}]\n    group-by: [{group}]\n    timespan: 5m\n    condition: {{{condition}}}\n{more}"
    ))
}

#[test]
fn correlations_are_checked_beside_their_rules() {
    assert_eq!(correlation("one", "User", "gte: 5", ""), [""; 0]);
    assert_eq!(correlation("6F0C8F1A-7D0B-4F0E-9A38-0D6F3C7E1F51", "User", "gte: 5", ""), [""; 0]);
    assert_eq!(correlation("oen", "User", "gte: 5", ""), ["CC0208"]);
    assert_eq!(correlation("one", "Usr", "gte: 5", ""), ["CC0202"]);
    assert_eq!(correlation("6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f51", "User, Nothing", "gte: 5", ""), ["CC0202"]);
    assert_eq!(correlation("one", "who", "gte: 5", "    aliases: {who: {one: User}}\n"), [""; 0]);
    assert_eq!(correlation("one", "who", "gte: 5", "    aliases: {who: {one: Usr}}\n"), ["CC0202"]);
    for rules in ["two", "one, two", "6f0c8f1a-7d0b-4f0e-9a38-0d6f3c7e1f52"] {
        assert_eq!(correlation(rules, "User", "gte: 5", ""), ["CC0706"], "{rules}");
    }
    for bounds in
        ["gte: 5, lte: 3", "gt: 5, lt: 6", "gt: 5, lte: 5", "eq: 5, gte: 6", "eq: 5, neq: 5", "gt: 4.5, lt: 5"]
    {
        assert_eq!(correlation("one", "User", bounds, ""), ["CC0706"], "{bounds}");
    }
    for bounds in ["gte: 5, lte: 5", "gt: 5, lt: 7", "gte: 3, lte: 5", "eq: 5", "gte: 5, neq: 6"] {
        assert_eq!(correlation("one", "User", bounds, ""), [""; 0], "{bounds}");
    }
    for timespan in ["5", "5 m", "0m", "1.5h", "5min", "m", "-5m", "PT5M"] {
        let text = format!(
            "title: A correlation for this test\ncorrelation:\n    type: event_count\n    rules: [one]\n    group-by: [User]\n    timespan: \
             {timespan}\n    condition: {{gte: 5}}\n"
        );
        assert_eq!(beside(&text), ["CC0706"], "{timespan}");
    }
}

/// Correlations that go round are found however many take part, and those that only lead to others are not.
#[test]
fn correlations_that_need_each_other() {
    let document = |name: &str, rules: &str| {
        format!(
            "title: Correlation {name}\nname: {name}\ncorrelation:\n    type: temporal\n    rules: [{rules}]\n    group-by: [User]\n    timespan: 5m\n"
        )
    };
    let found = |documents: &[(&str, &str)]| -> Vec<String> {
        let text: Vec<String> = documents.iter().map(|(name, rules)| document(name, rules)).collect();
        let found = read(&[("r.yml", RULE.to_owned()), ("s.yml", text.join("---\n"))]);
        let found = found.iter().filter(|found| found.code.id == "CC0706");
        found.map(|found| found.source.slice(found.span).to_owned()).collect()
    };
    assert_eq!(found(&[("b", "one"), ("c", "b"), ("d", "c, one")]), [""; 0]);
    assert_eq!(found(&[("b", "c"), ("c", "b")]), ["c", "b"]);
    assert_eq!(found(&[("b", "one, c"), ("c", "d"), ("d", "b"), ("e", "one")]), ["c", "d", "b"]);
}
