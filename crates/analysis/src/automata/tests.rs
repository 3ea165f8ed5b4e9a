//! The algebra of automata against every short text of a small alphabet.

use contentcheck_model::predicate::{Network, Pattern, Regex, TextPattern, TimePart, WildcardPart};
use proptest::prelude::*;

use super::*;

const NODES: usize = 100_000;
const STATES: usize = 100_000;

/// Every text of up to four characters of an alphabet that has both cases, a sign, a line break and a digit.
fn texts() -> Vec<String> {
    let mut all = vec![String::new()];
    let mut from = 0;
    for _ in 0..4 {
        let to = all.len();
        for at in from..to {
            for character in ['a', 'A', 'b', '.', '\n', '1'] {
                all.push(format!("{}{character}", all[at]));
            }
        }
        from = to;
    }
    all
}

fn pattern(pattern: Pattern, ignore_case: bool) -> TextPattern {
    TextPattern { pattern, ignore_case }
}

/// What a pattern means, said plainly.
fn matches(pattern: &TextPattern, text: &str) -> bool {
    let fold = |text: &str| if pattern.ignore_case { text.to_ascii_lowercase() } else { text.to_owned() };
    let folded = fold(text);
    match &pattern.pattern {
        Pattern::Equals(literal) => folded == fold(literal),
        Pattern::Contains(literal) => folded.contains(&fold(literal)),
        Pattern::StartsWith(literal) => folded.starts_with(&fold(literal)),
        Pattern::EndsWith(literal) => folded.ends_with(&fold(literal)),
        Pattern::Like(parts) => {
            fn covers(parts: &[WildcardPart], text: &str, fold: &dyn Fn(&str) -> String) -> bool {
                match parts.split_first() {
                    None => text.is_empty(),
                    Some((WildcardPart::Literal(literal), rest)) => {
                        text.strip_prefix(fold(literal).as_str()).is_some_and(|left| covers(rest, left, fold))
                    }
                    Some((WildcardPart::AnyOne, rest)) => {
                        let mut left = text.chars();
                        left.next().is_some() && covers(rest, left.as_str(), fold)
                    }
                    Some((WildcardPart::AnyRun, rest)) => {
                        (0..=text.len()).filter_map(|at| text.get(at..)).any(|left| covers(rest, left, fold))
                    }
                }
            }
            covers(parts, &folded, &fold)
        }
        Pattern::Matches(regex) => {
            let canonical = contentcheck_model::regex::canonical(regex, pattern.ignore_case);
            regex_of(&canonical).find(text).is_some()
        }
    }
}

fn regex_of(text: &str) -> regex::Regex {
    regex::Regex::new(text).unwrap()
}

fn literal() -> impl Strategy<Value = Box<str>> {
    "[aAb.1]{0,3}".prop_map(Into::into)
}

fn any_pattern() -> impl Strategy<Value = TextPattern> {
    let expressions = proptest::sample::select(vec![
        "a",
        "^a",
        "a$",
        "^$",
        r"\bA",
        r"b\b",
        r"\Bb",
        "(?m)^a$",
        "(?s)a.b",
        "a.b",
        "[^a]b",
        "(?i)A+b?",
        "(ab|b1){1,2}",
        "a*?b",
        r"\d",
        r"^\w{2,3}$",
        r"a|^b",
        r"(^|\.)a",
        r"x*",
        r"(?m)\.$",
        r"\W$",
        "(?i:a)A",
    ]);
    let part = prop_oneof![
        "[aAb.1]{1,2}".prop_map(|text| WildcardPart::Literal(text.into())),
        Just(WildcardPart::AnyRun),
        Just(WildcardPart::AnyOne)
    ];
    let kinds = prop_oneof![
        literal().prop_map(Pattern::Equals),
        literal().prop_map(Pattern::Contains),
        literal().prop_map(Pattern::StartsWith),
        literal().prop_map(Pattern::EndsWith),
        proptest::collection::vec(part, 0..4).prop_map(|parts| Pattern::Like(parts.into())),
        expressions.prop_map(|text| Pattern::Matches(Regex {
            pattern: text.into(),
            multi_line: false,
            dot_all: false
        })),
    ];
    (kinds, any::<bool>()).prop_map(|(kind, fold)| pattern(kind, fold))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_list_has_the_texts_of_its_patterns(patterns in proptest::collection::vec(any_pattern(), 1..4)) {
        let mut automata = Automata::default();
        let lang = automata.language(Language::Any(patterns.as_slice().into()), NODES).unwrap();
        for text in texts() {
            let expected = patterns.iter().any(|pattern| matches(pattern, &text));
            prop_assert_eq!(automata.is_match(lang, &text).unwrap(), expected, "{:?}", text);
        }
    }

    #[test]
    fn what_is_found_is_in_all_groups_and_what_is_empty_has_no_text(
        groups in proptest::collection::vec((proptest::collection::vec(any_pattern(), 1..3), any::<bool>()), 1..5),
    ) {
        let mut automata = Automata::default();
        let asked: Vec<Group> = groups
            .iter()
            .map(|(patterns, positive)| {
                let lang = |pattern: &TextPattern| automata.language(Language::Any([pattern.clone()].into()), NODES).unwrap();
                Group { members: patterns.iter().map(lang).collect(), positive: *positive }
            })
            .collect();
        let does = |text: &str| {
            groups.iter().all(|(patterns, positive)| patterns.iter().all(|one| matches(one, text)) == *positive)
        };
        match search(&mut automata, &asked, STATES) {
            Search::Found(text) => prop_assert!(does(&text), "{:?}", text),
            Search::Empty => {
                let found = texts().into_iter().find(|text| does(text));
                prop_assert_eq!(found, None);
            }
            Search::Spent => prop_assert!(false, "the budget is ample"),
        }
    }
}

#[test]
fn integers_are_those_between_the_bounds() {
    let mut automata = Automata::default();
    let bounds: [i64; 11] = [i64::MIN, -1000, -99, -10, -1, 0, 7, 10, 123, 1000, i64::MAX];
    let near: Vec<i64> =
        bounds.iter().flat_map(|bound| [bound.saturating_sub(1), *bound, bound.saturating_add(1), bound / 3]).collect();
    for from in bounds {
        for to in bounds {
            for written in [Written::Plain, Written::Any] {
                let lang = automata.language(Language::Integers([(from, to)].into(), written), NODES).unwrap();
                for number in &near {
                    let within = from <= *number && *number <= to;
                    assert_eq!(
                        automata.is_match(lang, &number.to_string()).unwrap(),
                        within,
                        "{number} in {from}..={to}"
                    );
                    let padded = format!("{}00{}", if *number < 0 { "-" } else { "+" }, number.unsigned_abs());
                    assert_eq!(
                        automata.is_match(lang, &padded).unwrap(),
                        within && written == Written::Any,
                        "{padded}"
                    );
                }
                for text in ["", "-", "+", "1x", "9223372036854775808", "-9223372036854775809", "--1"] {
                    assert!(!automata.is_match(lang, text).unwrap(), "{text}");
                }
            }
        }
    }
}

#[test]
fn networks_are_those_of_the_standard_library() {
    let mut automata = Automata::default();
    for (address, prefix) in [("10.0.0.0", 8), ("0.0.0.0", 0), ("192.168.4.0", 22), ("1.2.3.4", 32), ("224.0.0.0", 3)] {
        let network = Network { address: address.parse().unwrap(), prefix };
        let lang = automata.language(Language::V4([network].into()), NODES).unwrap();
        for text in [
            "10.0.0.1",
            "10.255.255.255",
            "9.255.255.255",
            "192.168.7.255",
            "192.168.8.0",
            "1.2.3.4",
            "1.2.3.40",
            "255.255.255.255",
            "01.2.3.4",
            "1.2.3",
            "1.2.3.4.5",
            "::1",
            "256.1.1.1",
            "10.0.0.00",
        ] {
            let parsed: Option<std::net::IpAddr> = text.parse().ok();
            let expected = parsed.is_some_and(|address| crate::holds::lies_in(&network, address));
            assert_eq!(automata.is_match(lang, text).unwrap(), expected, "{text} in {address}/{prefix}");
        }
    }
}

#[test]
fn dates_are_between_what_is_sure_and_what_is_possible() {
    let mut automata = Automata::default();
    let ranges = [IntRange { from: 5, to: 12 }];
    for part in [TimePart::Minute, TimePart::Hour, TimePart::Day, TimePart::Week, TimePart::Month, TimePart::Year] {
        let [sure, possible] =
            [true, false].map(|sure| automata.language(Language::Time(part, ranges.into(), sure), NODES).unwrap());
        for text in [
            "2024-07-09T08:07:00Z",
            "2024-02-30",
            "2024-07-19",
            "0007-12-31 23:10x",
            "2024-05-06T24:07",
            "",
            "x",
            "2024-01-31t05:61",
        ] {
            let value = contentcheck_model::value::Value::String(text.to_owned());
            let holds = crate::holds::time(&value, part).is_some_and(|number| (5..=12).contains(&number));
            assert!(!automata.is_match(sure, text).unwrap() || holds, "{text} for {part:?}");
            assert!(automata.is_match(possible, text).unwrap() || !holds, "{text} for {part:?}");
        }
    }
}

#[test]
fn what_is_too_large_is_refused() {
    let mut automata = Automata::default();
    let regex = Regex { pattern: "(a{50}){50}".into(), multi_line: false, dot_all: false };
    let language = Language::Any([pattern(Pattern::Matches(regex), false)].into());
    assert_eq!(automata.language(language, 1_000), Err(Unknown::Nodes));
}
