#![expect(clippy::unreachable, reason = "a test names the expression that it stopped at")]

use proptest::prelude::*;
use regex_automata::dfa::Automaton as _;

use super::*;
use crate::regex::{Flags as Beside, inspect};

fn of(pattern: &str, ignore_case: bool) -> String {
    canonical(&Regex { pattern: pattern.into(), multi_line: false, dot_all: false }, ignore_case)
}

/// A search as the canonical form must be run: by characters, for whether there is a match.
fn found(canonical: &str, text: &str) -> bool {
    let expression = regex::RegexBuilder::new(canonical).size_limit(1 << 28).build();
    expression.unwrap_or_else(|error| unreachable!("{canonical}: {error}")).find(text).is_some()
}

fn automaton(canonical: &str) -> regex_automata::dfa::dense::DFA<Vec<u32>> {
    regex_automata::dfa::dense::Builder::new()
        .syntax(regex_automata::util::syntax::Config::new().utf8(false))
        .thompson(regex_automata::nfa::thompson::Config::new().utf8(false))
        .build(canonical)
        .unwrap_or_else(|error| unreachable!("{canonical}: {error}"))
}

#[test]
fn classes_and_boundaries_are_ascii() {
    for (pattern, expected) in [
        (r"\d\D", r"[0-9][^0-9]"),
        (r"\s\S", r"[\x09-\x0D ][^\x09-\x0D ]"),
        (r"\w\W", r"[0-9A-Z_a-z][^0-9A-Z_a-z]"),
        (r"[\d\W-]", r"[[:digit:][:^word:]\-]"),
        (r"[^\s,]", r"[^[:space:],]"),
        (r"\bx\B", r"(?-u:\b)x(?-u:\B)"),
        (r"[[:<:]]x[[:>:]]", r"(?-u:\b{start})x(?-u:\b{end})"),
        (r"(\b)+", r"((?-u:\b))+"),
    ] {
        assert_eq!(of(pattern, false), expected, "{pattern}");
    }
    assert!(!found(&of(r"^\d$", false), "\u{661}"));
    assert!(found(&of(r"^\D$", false), "\u{661}"));
    assert!(!found(&of(r"^\w$", false), "é"));
    assert!(!found(&of(r"\s", false), "\u{a0}"));
    assert!(found(&of(r"é\b", false), "éa"));
    assert!(!found(&of(r"\bé", false), " é"));
    assert!(found(&of(r"\B|[^a]", false), "a€a"));
}

#[test]
fn case_is_folded_where_it_is_ignored_and_nowhere_else() {
    for (pattern, ignore_case, expected) in [
        ("aé1", true, "[aA]é1"),
        ("(?i)a", false, "[aA]"),
        ("a(?i)b", false, "a[bB]"),
        ("(?i:a)b", false, "(?:[aA])b"),
        ("(?-i)a", true, "a"),
        ("a(?-i:b)c", true, "[aA](?:b)[cC]"),
        ("(a(?i)b)c", false, "(a[bB])c"),
        ("a(?i)b|c", false, "a[bB]|[cC]"),
        ("(?:a(?i)b|c)d", false, "(?:a[bB]|[cC])d"),
        ("(?i)a(?-i)b(?i)c", false, "[aA]b[cC]"),
        ("(?ims)a", false, "[aA]"),
        ("(?i-m)a", false, "[aA]"),
        ("(?m-i)a", true, "a"),
        ("(?i-u:a)", false, "(?:[aA])"),
        ("(?s-iu:a.)", true, "(?:a(?s:.))"),
        (r"(?i)\x41", false, "[Aa]"),
        ("[a-c]", true, "[a-cA-C]"),
        ("[^x]", true, "[^xX]"),
        ("[X-c]", true, "[X-cx-zA-C]"),
        ("[!-~]", true, r"[!-\~a-zA-Z]"),
        ("[0-9é-ü]", true, "[0-9é-ü]"),
        ("[a-z&&[^aeiou]]", true, r"[a-zA-Z\&\&\[\^aAeEiIoOuU]\]"),
        ("[[:lower:]]", true, "[[:alpha:]]"),
        ("[[:^upper:]]", true, "[[:^alpha:]]"),
        ("[[:lower:]]", false, "[[:lower:]]"),
    ] {
        assert_eq!(of(pattern, ignore_case), expected, "{pattern}");
    }
    // The sign of the kelvin and the long s fold to letters in Unicode, and not here.
    assert!(!found(&of("k", true), "\u{212a}"));
    assert!(!found(&of("[^s]$", true), "S"));
    assert!(found(&of("[^s]$", true), "\u{17f}"));
    assert!(!found(&of("ä", true), "Ä"));
}

#[test]
fn flags_become_parts_and_blanks_their_meaning() {
    let regex = |multi_line, dot_all| Regex { pattern: "^a.$".into(), multi_line, dot_all };
    assert_eq!(canonical(&regex(false, false), false), r"\Aa.(?:\x0A?\z)");
    assert_eq!(canonical(&regex(true, false), false), "(?m:^)a.(?m:$)");
    assert_eq!(canonical(&regex(false, true), false), r"\Aa(?s:.)(?:\x0A?\z)");
    assert_eq!(canonical(&regex(true, true), false), "(?m:^)a(?s:.)(?m:$)");
    assert_eq!(of("(?x) a b # a comment\n [ c ] \\  d", false), r"ab[ c ] d");
    assert_eq!(of("(?xx) a [ c ] d", false), r"a[c]d");
    assert_eq!(of("(?x: a\\#b )c d", false), r"(?:a\#b)c d");
    assert_eq!(of("(?x) (a+) ? b", false), "(a+)?b");
    assert_eq!(of("(?x) a+ ?", false), "a+?");
    assert_eq!(of("(?:a{2}){3}", false), "(?:a{2}){3}");
    assert_eq!(of("a+?b*?", false), "a+?b*?");
    assert_eq!(of(r"\.\-\]\~\n\a[\]\-^]", false), r"\.\-\]\~\x0A\x07[\]\-\^]");
}

#[test]
fn characters_are_matched_whole() {
    for (pattern, text, expected) in [
        ("^.$", "€", true),
        ("^..$", "€", false),
        ("^[^a]$", "😀", true),
        ("(?-u)^.$", "€", true),
        (r"(?-u)^\xE9$", "é", true),
        (r"\B", "é", true),
    ] {
        assert_eq!(found(&of(pattern, false), text), expected, "{pattern} on {text}");
    }
}

#[test]
fn what_is_not_accepted_stays() {
    assert_eq!(of("(a", true), "(a");
}

#[test]
fn named_classes_are_refused() {
    for pattern in [r"\p{Greek}", r"\pL", r"[\P{Lu}]", r"a[b\p{sc=Greek}]", r"\p{any}", r"\p{word}"] {
        let problem = inspect(pattern, Beside::default()).unwrap_err();
        assert_eq!(problem.code.id, "CC0501", "{pattern}");
        assert!(problem.message.contains("named Unicode class"), "{pattern}: {}", problem.message);
    }
}

/// Regexes of every kind of part that PCRE and the crate read alike, with flags anywhere.
fn expressions() -> impl Strategy<Value = String> {
    let set = prop_oneof![
        Just("a-d".to_owned()),
        Just("X-c".to_owned()),
        Just(r"\d".to_owned()),
        Just(r"\W".to_owned()),
        Just("[:upper:]".to_owned()),
        Just(r"\]k".to_owned()),
    ];
    let sets = (any::<bool>(), prop::collection::vec(set, 1..4))
        .prop_map(|(negated, items)| format!("[{}{}]", if negated { "^" } else { "" }, items.concat()));
    let part = prop_oneof![
        4 => "[a-eA-E]",
        2 => "[ _.\\-]".prop_map(|text| regex_syntax::escape(&text)),
        3 => prop::sample::select(vec![r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", ".", r"\x41"]).prop_map(str::to_owned),
        2 => prop::sample::select(vec![r"\b", r"\B", "^", "$", r"\A", r"\z"]).prop_map(str::to_owned),
        2 => sets,
    ];
    part.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            (inner.clone(), prop::sample::select(vec!["i", "-i", "s", "m", "i-s", "ms-i", "x", "U"]))
                .prop_map(|(part, flags)| format!("(?{flags}:{part})")),
            (inner.clone(), inner.clone(), prop::sample::select(vec!["i", "-i", "s", "m", "x"]))
                .prop_map(|(a, b, flags)| format!("({a}(?{flags}){b}|a)")),
            (inner, prop::sample::select(vec!["?", "*?", "+", "{2}", "{0,2}"]))
                .prop_map(|(part, repeat)| format!("(?:{part}){repeat}")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// On ASCII texts, an engine that knows no Unicode agrees: byte by byte, its classes and its folding are ASCII. It
    /// does not know of line feeds that end a text, so there are none, and what is refused stays as it is.
    #[test]
    fn agrees_with_an_ascii_engine_on_ascii_texts(
        pattern in expressions(),
        ignore_case: bool,
        multi_line: bool,
        dot_all: bool,
        texts in prop::collection::vec("[a-fA-FK-Zk-z0-2 _.\\-\n\\]]{0,8}", 8),
    ) {
        let ascii = regex::bytes::RegexBuilder::new(&pattern)
            .unicode(false)
            .case_insensitive(ignore_case)
            .multi_line(multi_line)
            .dot_matches_new_line(dot_all)
            .build()
            .unwrap();
        let beside = Beside { ignore_case, multi_line, dot_all };
        prop_assume!(pcre::parse(&pattern, beside).is_ok());
        let canonical = canonical(&Regex { pattern: pattern.as_str().into(), multi_line, dot_all }, ignore_case);
        let characters = regex::Regex::new(&canonical).unwrap();
        let dense = automaton(&canonical);
        for text in texts {
            let text = text.trim_end_matches('\n');
            let expected = ascii.is_match(text.as_bytes());
            prop_assert_eq!(characters.find(text).is_some(), expected, "{} on {:?}", canonical, text);
            let end = dense.try_search_fwd(&regex_automata::Input::new(text)).unwrap();
            prop_assert_eq!(end.is_some(), expected, "{} on {:?}", canonical, text);
        }
    }

    /// Beyond ASCII nothing is folded, and a character counts as one.
    #[test]
    fn letters_beyond_ascii_are_no_letters(pattern in expressions(), ignore_case: bool, text in "[aAé€😀ſK1 ]{0,6}") {
        let plain: String = text.chars().map(|c| if c.is_ascii() { c } else { '%' }).collect();
        prop_assume!(pcre::parse(&pattern, Beside::default()).is_ok());
        let canonical = of(&pattern, ignore_case);
        // `%` is in none of the expressions, so that it stands for any character that is not named.
        let regex = regex::Regex::new(&canonical).unwrap();
        prop_assert_eq!(regex.find(&text).is_some(), regex.find(&plain).is_some(), "{} on {:?}", canonical, text);
    }
}
