//! Which words accept a finding, and which do not.

use proptest::prelude::*;

use super::*;

fn run_in(language: Language, text: &str, code: &'static Code, at: usize) -> Vec<&'static str> {
    let source = Source::new("x", text);
    let finding = Diagnostic::new(code, &source, Span::at(at), "m");
    let comments = comments(&source, language);
    let applied = apply(&source, language, || &comments, vec![Arc::new(finding)], codes::BY_ANALYSIS);
    assert!(applied.accepted.iter().all(|accepted| !accepted.reason.is_empty()));
    applied.kept.iter().map(|diagnostic| diagnostic.code.id).collect()
}

fn run(text: &str, at: usize) -> Vec<&'static str> {
    run_in(Language::Sigma, text, &codes::WILDCARD_ONLY, at)
}

#[test]
fn accepts_on_the_line_or_the_next() {
    assert_eq!(run("a: '*' # contentcheck: allow CC0607 -- presence is meant\n", 3), [""; 0]);
    assert_eq!(run("# contentcheck: allow wildcard-only -- presence is meant\n# more\na: '*'\n", 70), [""; 0]);
    assert_eq!(run("# contentcheck: allow-file CC0607 -- x\nb:\na: '*'\n", 43), [""; 0]);
    // A line of a block that looks like a comment is content.
    assert_eq!(run("a: |\n  x\n# contentcheck: allow CC0607 -- x\nb: |\n  # no comment\n", 44), [""; 0]);
}

#[test]
fn a_reason_a_code_and_a_finding_are_needed() {
    assert_eq!(run("a: '*' # contentcheck: allow CC0607\n", 3), ["CC0607", "CC0720"]);
    assert_eq!(run("a: '*' # contentcheck: allow CC9999 -- x\n", 3), ["CC0607", "CC0720"]);
    assert_eq!(run("a: '*'\nb: # contentcheck: allow CC0607 -- x\n", 3), ["CC0607", "CC0719"]);
    // Of several codes each is told that accepts nothing.
    assert_eq!(run("a: '*' # contentcheck: allow CC0607, CC0718 -- x\n", 3), ["CC0719"]);
    assert_eq!(run("# contentcheck: allow-file CC0718 CC0607 CC0607 -- x\na: '*'\n", 52), ["CC0719"]);
    assert_eq!(run("a: '*' # contentcheck: allow CC0607, CC0613 -- x\n", 3), [""; 0]);
    // Nothing looked for a dead filter, so nobody knows whether this accepts one.
    assert_eq!(run("a: '*'\nb: # contentcheck: allow CC0613 -- x\n", 3), ["CC0607"]);
}

#[test]
fn the_reason_is_told() {
    let source = Source::new("x", "a: '*' # contentcheck: allow CC0607 -- presence -- really \n");
    let finding = Diagnostic::new(&codes::WILDCARD_ONLY, &source, Span::at(3), "m");
    let comments = comments(&source, Language::Sigma);
    let applied = apply(&source, Language::Sigma, || &comments, vec![Arc::new(finding)], &[]);
    let [accepted] = applied.accepted.as_slice() else { panic!("{applied:?}") };
    assert_eq!(accepted.reason, "presence -- really");
    assert_eq!(accepted.finding.code.id, "CC0607");
}

/// Signs that are no comments, thousands on one line: where each looked for its line anew, this took minutes.
#[test]
fn a_line_full_of_signs_takes_no_longer_than_others() {
    for sign in ["&a# x, ", "&a######## x, "] {
        let text = format!("a: [{}]\n# contentcheck: allow CC0607 -- x\n", sign.repeat(60_000));
        assert_eq!(comments(&Source::new("x", text), Language::Sigma).len(), 1);
    }
    let text = format!("a: &a{} x\n# contentcheck: allow CC0607 -- x\n", "#".repeat(400_000));
    assert_eq!(comments(&Source::new("x", text), Language::Sigma).len(), 1);
}

/// The line that a comment of its own covers, behind other comments, blank lines and either line ending.
#[test]
fn a_comment_covers_the_next_line_with_content() {
    for ending in ["\n", "\r\n"] {
        for between in [&[][..], &["", "  ", "# x", "  # y", ""]] {
            let lines = [&["# contentcheck: allow CC0607 -- x"][..], between, &["a: '*'", ""]].concat();
            let text = lines.join(ending);
            let source = Source::new("x", text.as_str());
            let finding =
                Diagnostic::new(&codes::WILDCARD_ONLY, &source, Span::at(text.rfind("a: ").unwrap_or(0)), "m");
            let comments = comments(&source, Language::Sigma);
            let applied = apply(&source, Language::Sigma, || &comments, vec![Arc::new(finding)], &[]);
            assert_eq!((applied.kept.len(), applied.accepted.len()), (0, 1), "{text:?}");
        }
    }
}

#[test]
fn what_breaks_a_sensor_is_not_accepted() {
    for code in codes::all().filter(|code| !code.is_acceptable()) {
        for word in [code.id, code.name] {
            for action in ["allow", "allow-file"] {
                let text = format!("a: '*' # contentcheck: {action} {word} -- nobody looks here\n");
                for language in [Language::Sigma, Language::Native] {
                    assert_eq!(run_in(language, &text, code, 0), [code.id, "CC0720"], "{text}");
                }
            }
            // The others that the comment names are accepted all the same.
            let text = format!("a: '*' # contentcheck: allow CC0607, {word} -- presence is meant\n");
            assert_eq!(run(&text, 0), ["CC0720"], "{text}");
        }
    }
}

/// Without a blank after the colon, so that they can be part of a plain YAML scalar.
const WORDS: &str = "# contentcheck:allow-file CC0604 -- reason";

/// Whether a finding in the file is accepted.
fn accepts(language: Language, text: &str) -> bool {
    let source = Source::new("x", text);
    let finding = Diagnostic::new(&codes::UNUSED_SELECTION, &source, Span::at(0), "m");
    let comments = comments(&source, language);
    !apply(&source, language, || &comments, vec![Arc::new(finding)], &[]).accepted.is_empty()
}

/// Pieces of a YAML mapping in which the words are no comment. `KEY` is a name of its own, `W` the words.
const YAML_VALUES: [&str; 34] = [
    "KEY: 'a W'\n",
    "KEY: \"a W\"\n",
    "KEY: 'it''s W'\n",
    "KEY: \"\\\" W\"\n",
    "KEY: \"\\\\\\\" W\"\n",
    "KEY: 'a\n  W\n  b'\n",
    "KEY: \"a\n  W\n\n  b\"\n",
    "KEY: \"a \\\n  W\"\n",
    "KEY: |\n  W\n",
    "KEY: |\n  a\n  W\n",
    "KEY: |\n  a\n\n  W\n\n",
    "KEY: |\n  a\n    W\n",
    "KEY: |-\n  W\n  b\n",
    "KEY: |+\n  b\n  W\n\n",
    "KEY: >\n  b\n  W\n",
    "KEY: >-\n\n  W\n",
    "KEY: >2\n    W\n",
    "KEY: |1\n W\n",
    "KEY: | # a comment\n  W\n",
    "KEY:\n  - |\n    W\n  - b\n",
    "KEY:\n  - >+\n    a\n     W\n  - b\n",
    "KEY: a#W\n",
    "KEY: a:W\n",
    "'KEY W': b\n",
    "\"KEY W\": b\n",
    "? |\n  KEY\n  W\n: b\n",
    "KEY: ['a W', \"b W\"]\n",
    "KEY: {a: 'b W', 'c W': d}\n",
    "KEY: [a, 'b\n  W\n  c']\n",
    "KEY: 'a' # note W\n",
    "KEY: b # W\n",
    "KEY: é'W\n",
    "KEY: 'é W'\n",
    "KEY: \"é\n  W\"\n",
];

/// Pieces in which the words are a comment.
const YAML_COMMENTS: [&str; 18] = [
    "W\n",
    "KEY: a\n    W\n",
    "KEY: a W\n",
    "KEY: 'a' W\n",
    "KEY: \"a\" W\n",
    "KEY: W\n  b\n",
    "KEY: | W\n  a\n",
    "KEY: >-   W\n  a\n",
    "KEY: |\n  a\nW\n",
    "KEY: |\n   a\n W\n",
    "KEY:\n  - a\n  W\n  - b\n",
    "KEY: [a, W\n  b]\n",
    "KEY: [a, b] W\n",
    "KEY: {a: b} W\n",
    "KEY: &KEY W\n  b\n",
    "KEY: !!str W\n  b\n",
    "KEY: é W\n",
    "KEY: 'é' W\n",
];

/// Native declarations in which the words are no comment.
const NATIVE_VALUES: [&str; 10] = [
    "list KEY = [\"a W\"]\n",
    "list KEY = [\"\\\" W\"]\n",
    "list KEY = [\"\\\\\\\" W\"]\n",
    "list KEY = [r\"a\\\", r\"W\"]\n",
    "list KEY = [r#\"a\" W\"#]\n",
    "list KEY = [r##\"a\"# W\"##]\n",
    "list KEY = ['a W']\n",
    "rule KEY { description: \"W\" }\n",
    "rule KEY { when `a W` == 1 }\n",
    "list KEY = [1] # note W\n",
];

const NATIVE_COMMENTS: [&str; 6] = [
    "W\n",
    "list KEY = [\"a\"] W\n",
    "list KEY = [ W\n 1]\n",
    "list KEY = [r#\"a\"#] W\n",
    "list KEY = ['a'] W\n",
    "list KEY = [1]W\n",
];

fn fill(pieces: &[&str], words: &str) -> String {
    let named = pieces.iter().enumerate().map(|(at, piece)| piece.replace("KEY", &format!("k{at}")));
    named.map(|piece| piece.replace('W', words)).collect()
}

fn pieces(of: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(of.to_vec()), 0..6)
}

#[test]
fn each_place_is_read_as_it_is() {
    let cases: [(Language, &[&str], bool); 4] = [
        (Language::Sigma, &YAML_VALUES, false),
        (Language::Sigma, &YAML_COMMENTS, true),
        (Language::Native, &NATIVE_VALUES, false),
        (Language::Native, &NATIVE_COMMENTS, true),
    ];
    for (language, pieces, accepted) in cases {
        for piece in pieces {
            for text in [
                fill(&[piece], WORDS),
                fill(&[piece], WORDS).trim_end().to_owned(),
                fill(&[piece], WORDS).replace('\n', "\r\n"),
            ] {
                assert_eq!(accepts(language, &text), accepted, "{text}");
            }
        }
    }
}

#[test]
fn after_what_cannot_be_read_nothing_is_accepted() {
    let comment = format!("{WORDS}\n");
    for open in
        ["a: 'b\n", "a: \"b\n", "a: [b\n", "a: b\n  c: d\n", "a: \"\\q\"\n", "- a\nb: c\n", "a: b: c\n", "a: *b\n"]
    {
        assert!(!accepts(Language::Sigma, &format!("{open}{comment}")), "{open}");
        assert!(!accepts(Language::Sigma, &format!("{open}{comment}b: c\n")), "{open}");
    }
    for open in ["list a = [\"b\n", "list a = ['b\n", "list a = [r#\"b\"\n", "list a = [hex\"00\n", "rule `b\n"] {
        assert!(!accepts(Language::Native, &format!("{open}{comment}")), "{open}");
        assert!(accepts(Language::Native, &format!("{comment}{open}")), "{open}");
    }
}

proptest! {
    #[test]
    fn words_in_values_accept_nothing(yaml in pieces(&YAML_VALUES), native in pieces(&NATIVE_VALUES)) {
        for (language, pieces) in [(Language::Sigma, yaml), (Language::Native, native)] {
            let text = fill(&pieces, WORDS);
            prop_assert!(!accepts(language, &text), "{}", text);
        }
    }

    #[test]
    fn comments_among_such_values_do(
        before in pieces(&YAML_VALUES),
        comment in prop::sample::select(YAML_COMMENTS.to_vec()),
        after in pieces(&YAML_VALUES),
        native_before in pieces(&NATIVE_VALUES),
        native_comment in prop::sample::select(NATIVE_COMMENTS.to_vec()),
        native_after in pieces(&NATIVE_VALUES),
    ) {
        for (language, pieces) in [
            (Language::Sigma, [before, vec![comment], after].concat()),
            (Language::Native, [native_before, vec![native_comment], native_after].concat()),
        ] {
            let text = fill(&pieces, WORDS);
            prop_assert!(accepts(language, &text), "{}", text);
        }
    }

    /// Whatever a file holds, a comment is on one line, follows a blank and lies in no value.
    #[test]
    fn comments_of_any_text_lie_outside_its_values(text in "([ \n#'\"\\[\\]{}:,|>&!*%-]|a|b: |- |\\\\|é|# c\n){0,40}") {
        let source = Source::new("x", text.as_str());
        for span in comments(&source, Language::Sigma) {
            let comment = source.slice(span);
            prop_assert!(comment.starts_with('#') && !comment.contains('\n'), "{text:?}");
            // Another comment in its place changes no value.
            let other: String = comment.chars().map(|sign| if sign == '#' { '#' } else { 'z' }).collect();
            let mut changed = text.clone();
            changed.replace_range(span.range(), &other);
            prop_assert_eq!(values(&text), values(&changed), "{:?}", text);
        }
    }
}

/// The values of a YAML file up to the first thing that cannot be read, by the parser alone.
fn values(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for next in saphyr_parser::Parser::new_from_str(text) {
        match next {
            Ok((saphyr_parser::Event::Scalar(value, style, ..), _)) => found.push(format!("{style:?} {value}")),
            Ok((event, _)) => found.push(format!("{event:?}")),
            Err(_) => break,
        }
    }
    found
}
