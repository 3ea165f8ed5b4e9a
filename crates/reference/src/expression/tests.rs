use contentcheck_model::predicate::Regex;
use contentcheck_model::regex::canonical;
use proptest::prelude::*;
use proptest::sample::select;

use super::Expression;

fn regex(pattern: &str, multi_line: bool, dot_all: bool) -> Regex {
    Regex { pattern: pattern.into(), multi_line, dot_all }
}

fn finds(pattern: &str, ignore_case: bool, text: &str) -> bool {
    Expression::new(&regex(pattern, false, false), ignore_case).unwrap().find(text).is_some()
}

#[test]
fn case_is_that_of_ascii_letters_and_of_what_is_asked_before_it_is_negated() {
    for (pattern, ignore_case, text, found) in [
        ("abc", true, "xABCx", true),
        ("abc", false, "ABC", false),
        ("(?i)k", false, "\u{212a}", false),
        ("(?i)s", false, "\u{17f}", false),
        ("ä", true, "Ä", false),
        ("^[^a]$", true, "A", false),
        ("^[^[^a]]$", true, "A", true),
        ("^[a-c&&[^b]]$", true, "B", false),
        ("^[a-c&&[^b]]$", true, "C", true),
        ("^[a-z--[b]]$", true, "B", false),
        ("^[@-C]$", true, "b", true),
        ("^[^[:upper:]]$", true, "a", false),
        (r"^\W$", true, "k", false),
        ("a(?i:b)c", false, "aBc", true),
        ("a(?i:b)c", false, "aBC", false),
        ("(?i)a(?-i)b", false, "Ab", true),
        ("(?i)a(?-i)b", false, "AB", false),
        ("(?-i)a", true, "A", false),
        // A flag holds to the end of its group, across alternatives.
        ("^(?:x(?i)a|b)$", false, "B", true),
        ("^(?:(?:x(?i)a)|b)$", false, "B", false),
    ] {
        assert_eq!(finds(pattern, ignore_case, text), found, "{pattern} on {text:?}");
    }
}

#[test]
fn what_does_not_parse_and_named_classes_are_refused() {
    for pattern in ["(", r"\p{Greek}", r"[\p{L}]", "a{2,1}"] {
        assert!(Expression::new(&regex(pattern, false, false), false).is_err(), "{pattern}");
    }
}

/// A part of an expression.
fn part() -> BoxedStrategy<String> {
    let item = || {
        prop_oneof![
            select(vec![
                "a",
                "B",
                "k",
                "S",
                "1",
                "_",
                " ",
                "ä",
                r"\n",
                r"\x41",
                r"\.",
                r"\d",
                r"\W",
                r"\s",
                "a-c",
                "A-z",
                "@-b",
                "[:upper:]",
                "[:^lower:]",
                "[:punct:]",
                "é-ö"
            ])
            .prop_map(str::to_owned),
            select(vec!["[ab]", "[^aB]", "[^[^k]]"]).prop_map(str::to_owned),
        ]
    };
    let items = || proptest::collection::vec(item(), 1..4).prop_map(|items| items.concat());
    let class = (any::<bool>(), items(), proptest::option::of((select(vec!["&&", "--", "~~"]), items()))).prop_map(
        |(negated, items, operation)| {
            let rest = operation.map_or_else(String::new, |(sign, items)| format!("{sign}{items}"));
            format!("[{}{items}{rest}]", if negated { "^" } else { "" })
        },
    );
    let leaf = prop_oneof![
        6 => select(vec!["a", "B", "k", "S", "s", "1", "ä", ".", r"\.", r"\x4b", r"\u212A", "ſ"]).prop_map(str::to_owned),
        2 => select(vec!["^", "$", r"\b", r"\B", r"\A", r"\z", r"\b{start}", r"\b{end-half}", r"\w", r"\D", r"\S"]).prop_map(str::to_owned),
        3 => class,
        1 => select(vec!["(?i)", "(?-i)", "(?s)", "(?m)", "(?-m)", "(?U)", "(?R)", "(?i-s)", "(?-u)"]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            3 => proptest::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
            2 => proptest::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            1 => (select(vec!["(?i:", "(?-i:", "(?x: ", "(", "(?P<n>"]), inner.clone()).prop_map(|(open, part)| format!("{open}{part})")),
            2 => (inner, select(vec!["*", "+", "?", "{2}", "{1,2}", "*?", "+?", "{0,1}?"])).prop_map(|(part, times)| format!("(?:{part}){times}")),
        ]
    })
    .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// The compiler writes case out before anything is compiled, the reference reads it where it stands.
    #[test]
    fn both_ways_to_read_an_expression_find_the_same(
        pattern in part(),
        flags in any::<[bool; 3]>(),
        texts in proptest::collection::vec("[aAbBkKsS1_ .äÄéſ\u{212a}\r\n-]{0,6}", 12),
    ) {
        let [ignore_case, multi_line, dot_all] = flags;
        let written = regex(&pattern, multi_line, dot_all);
        let Ok(own) = Expression::new(&written, ignore_case) else {
            prop_assert!(regex::Regex::new(&pattern).is_err(), "{}", pattern);
            return Ok(());
        };
        let other = regex::Regex::new(&canonical(&written, ignore_case)).unwrap();
        for text in &texts {
            prop_assert_eq!(own.find(text), other.find(text).map(|found| found.range()), "{} on {:?}", pattern, text);
        }
    }
}
