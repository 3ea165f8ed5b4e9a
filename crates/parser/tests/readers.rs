//! What an author sees in a Sigma file is what is read of it, or an error says that it is not: a file that other
//! readers and editors take for more or for other rules yields none.
#![expect(clippy::string_slice, reason = "a test stops at the first surprise")]

use contentcheck_model::catalogue::Catalogue;
use contentcheck_model::decode::{MARK, decode};
use contentcheck_model::diagnostic::{Diagnostic, Severity, codes};
use contentcheck_model::outcome::FileOutcome;
use contentcheck_model::source::Source;
use contentcheck_parser::{native, sigma};

fn read(text: &str) -> FileOutcome {
    sigma::check(&Source::new("r.yml", text), &Catalogue::new([]))
}

/// The errors of a code.
fn errors<'o>(outcome: &'o FileOutcome, code: &str) -> Vec<&'o Diagnostic> {
    let is_wanted = |found: &&Diagnostic| found.severity == Severity::Error && found.code.id == code;
    outcome.diagnostics.iter().filter(is_wanted).collect()
}

fn rule(title: &str) -> String {
    format!("title: {title}\nlogsource: {{category: x}}\ndetection:\n    s: {{a: b}}\n    condition: s\n")
}

/// What PyYAML 6.0 refuses of what YAML 1.2 allows, and what it reads that looks like it.
#[test]
fn what_readers_of_the_old_yaml_refuse_is_told() {
    let told = |text: &str| read(text).diagnostics.iter().filter(|found| found.code == &codes::OTHER_YAML).count();
    let with = |selection: &str| rule("T").replace("s: {a: b}", &format!("s: {selection}"));
    for selection in [
        "{a: &x b, c: &x d}",
        "{a: &x b, c: [&x d, *x]}",
        "{a: &é b, c: *é}",
        "{a: &x.y b, c: *x.y}",
        "{a\n     : b}",
        "{\"a\"\n     : b}",
        "{a: b, 'c' \n\n     : d}",
        "[{a\n     : b}]",
        "{a # b\n     : b}",
        "{a: b\u{9f}}",
        "{a: 'b\u{85}\u{90}'}",
        "{a: b} # \u{fffe}",
        "{a: b,\tc: d}",
        "{a: :8}",
        "{a: b?c}",
    ] {
        assert_eq!(told(&with(selection)), 1, "{selection}");
    }
    for selection in [
        "{a: &x b, c: *x}",
        "{a: &x-Y_9 b, c: *x-Y_9}",
        "{a: 'x &x y', c: &x b, d: *x} # &x &x",
        "{? a\n     : b}",
        "{a: b, c}\n    t: {x: y}",
        "{a: b, c\n     d, e: f}",
        "{a: b, c\n     }",
        "{a:\n     b,\n     c: d}",
        "{a: 'b\n     : c'}",
        "[a,\n     b]",
        "{a: 'b\tc'}",
        "{a: 'b\u{feff}c'}",
        "{a: b} # \u{feff}",
        "{a: b}\n    t:\n        x: &x :8\n        y: *x",
    ] {
        assert_eq!(told(&with(selection)), 0, "{selection}");
    }
    let twice = with("{a: &x b, c: *x}");
    for (text, findings) in [
        (format!("...\n{twice}"), 1),
        (format!("# all\n...\n---\n{twice}"), 1),
        (format!("# all\n\u{feff}---\n{twice}"), 1),
        (format!("{twice}\u{feff}"), 1),
        (format!("{twice}\u{feff}\n"), 1),
        (format!("%YAML 2.0\n---\n{twice}"), 1),
        (format!("{twice}...\n%YAML 3.1\n---\n{twice}"), 1),
        (format!("{twice}...\n{twice}"), 1),
        (format!("# ...\n%YAML 1.1\n---\n{twice}...\n"), 0),
        (format!("%YAML 1.2\n---\n{twice}...\n---\n{twice}"), 0),
        (format!("---\n{twice}---\n{twice}---\n"), 0),
        (format!("{twice}description: |\n    a\t\n    b\t\n"), 0),
        (format!("{twice}description: >-\n    a \t\nlevel: low\n"), 0),
        (format!("{twice}level: low\t\n"), 1),
    ] {
        assert_eq!(told(&text), findings, "{text}");
    }
}

#[test]
fn a_global_document_without_followers_is_a_rule_that_is_left_out() {
    let bodies =
        [rule("T"), "foo: bar\nwhatever: [1]\n".to_owned(), "logsource: {category: x}\n".to_owned(), String::new()];
    for body in &bodies {
        for global in [format!("action: global\n{body}"), format!("{body}action: 'global'\n")] {
            let before = format!("{}---\n", rule("before"));
            let after = format!("---\n{}", rule("after"));
            for (text, unused, rules) in [
                (global.clone(), 1, 0),
                (format!("{global}---\n"), 1, 0),
                (format!("{global}---\n~\n---\n# nothing\n"), 1, 0),
                (format!("{before}{global}"), 1, 1),
                (format!("{global}---\n{global}"), 2, 0),
                (format!("{global}---\n{global}{after}"), 1, 1),
                (format!("{global}{after}---\n{global}"), 1, 1),
                // Controls.
                (format!("{global}{after}"), 0, 1),
                (format!("{before}{global}{after}"), 0, 2),
            ] {
                let outcome = read(&text);
                let found = errors(&outcome, "CC0113");
                assert_eq!((found.len(), outcome.rules.len()), (unused, rules), "{text}\n{:#?}", outcome.diagnostics);
                assert_eq!(outcome.lacks_rules(), unused > 0, "{text}");
                assert_eq!(outcome.facts.iter().filter(|facts| facts.unread.is_some()).count(), unused, "{text}");
                for found in found {
                    assert!(text[found.span.range()].starts_with("action: "), "{text}");
                    assert!(found.message.contains("makes no rule"), "{found}");
                }
            }
        }
    }
}

/// What is said of an attribute of a rule is said of one that only a global document without followers has.
#[test]
fn attributes_of_a_global_document_without_followers_are_told_as_those_of_a_rule() {
    for line in [
        "statsu: test\n",
        "level: severe\n",
        "tags: attack.t1059\n",
        "id: not-a-uuid\n",
        "sensors: '>=8'\n",
        "? [a]\n: b\n",
        "filter: {a: b}\n",
    ] {
        let told = |text: &str| -> Vec<String> {
            let found = read(text).diagnostics.into_iter().map(|found| format!("{} {}", found.code.id, found.message));
            found.collect()
        };
        let plain = told(&rule("T"));
        let of_rule = told(&format!("{}{line}", rule("T")));
        let of_global = told(&format!("action: global\n{}{line}", rule("T")));
        let own: Vec<&String> = of_rule.iter().filter(|found| !plain.contains(found)).collect();
        assert!(!own.is_empty(), "{line}");
        assert!(own.iter().all(|found| of_global.contains(found)), "{line}{own:?}\n{of_global:?}");
    }
}

const SEPARATORS: [char; 3] = ['\u{85}', '\u{2028}', '\u{2029}'];

/// Where a separator may stand in a rule: `~` is its place.
const PLACES: &[&str] = &[
    "# ~ and not filter\ntitle: T\nlogsource: {category: x}\ndetection:\n    s: {a: b}\n    condition: s\n",
    "title: T\nlogsource: {category: x}\ndetection:\n    s: {a: b}\n    condition: s # ~    not s\n",
    "title: T\nlogsource: {category: x}\ndetection:\n    s: {a: b~c}\n    condition: s\n",
    "title: T\nlogsource: {category: x}\ndetection:\n    s: {a: 'b~c'}\n    condition: s\n",
    "title: T\nlogsource: {category: x}\ndetection:\n    s: {a: \"b~c\"}\n    condition: s\n",
    "title: T\nlogsource: {category: x}\ndetection:\n    s: {'a~b': c}\n    condition: s\n",
    "title: T\nlogsource: {category: x}\ndetection:\n    s: {a: b}\n    condition: |\n        s~        and s\n",
    "title: T\nlogsource: {category: x}\ndetection:\n    s: {a: b}\n    condition: >-\n        s ~\n",
    "title: T\ndescription: a~  b\nlogsource: {category: x}\ndetection:\n    s: {a: b}\n    condition: s\n",
    "title: T\nlogsource: {category: x}\ndetection:\n    s: {a: b}\n    condition: s\n# the end~",
];

#[test]
fn a_line_that_only_some_readers_see_is_an_error_wherever_it_begins() {
    for place in PLACES {
        let control = read(&place.replace('~', ""));
        assert!(control.rules.len() == 1 && !control.lacks_rules(), "{place}{:#?}", control.diagnostics);
        for sign in SEPARATORS {
            for run in [sign.to_string(), format!("{sign}{sign}")] {
                let text = place.replace('~', &run);
                let outcome = read(&text);
                let found = errors(&outcome, "CC0104");
                assert!(found.iter().any(|found| text[found.span.range()] == run), "{text:?}{found:#?}");
                assert!(outcome.rules.is_empty() && outcome.lacks_rules(), "{text:?}");
            }
        }
    }
    // A value may have them, where one sees that it does.
    for escape in ["\\N", "\\L", "\\P", "\\u0085", "\\u2028", "\\U00002029"] {
        let text = rule("T").replace("a: b", &format!("a: \"b{escape}c\""));
        let outcome = read(&text);
        assert!(outcome.rules.len() == 1 && errors(&outcome, "CC0104").is_empty(), "{text}{:#?}", outcome.diagnostics);
    }
}

const TAGS: &[&str] = &[
    "!",
    "!foo",
    "!foo-bar/1",
    "!!binary",
    "!!null",
    "!!int",
    "!!float",
    "!!bool",
    "!!timestamp",
    "!!merge",
    "!!value",
    "!!map",
    "!!seq",
    "!!set",
    "!!omap",
    "!!pairs",
    "!!python/name:os.system",
    "!!Str",
    "!!strs",
    "!<tag:yaml.org,2002:binary>",
    "!<x>",
];

/// Where a tag may stand in a rule, as what is replaced and by what: `~` is its place.
const TAGGED: &[(&str, &str)] = &[
    ("a: b", "a: ~ b"),
    ("a: b", "a: ~ 'b'"),
    ("a: b", "a: ~ \"b\""),
    ("a: b", "a: &x ~ 'b'"),
    ("a: b", "a: ~ &x 'b'"),
    ("a: b", "a: ~ [b, c]"),
    ("a: b", "a: [b, ~ c]"),
    ("a: b", "a: [b, ~ ]"),
    ("a: b", "~ a: b"),
    ("{a: b}", "~ {a: b}"),
    ("{a: b}", "~ [{a: b}]"),
    ("{a: b}", "~\n        a: b"),
    ("{a: b}", "~\n        - a: b\n        - c: d"),
    ("{a: b}", "\n        - ~\n          a: b"),
    ("{a: b}", "\n        a: ~ |\n            b"),
    ("{a: b}", "\n        a: ~ >-\n            b"),
    ("condition: s", "condition: ~ s"),
    ("condition: s", "condition: ~\n        s"),
    ("detection:", "detection: ~"),
    ("detection:", "~ detection:"),
    ("title: ", "title: ~ "),
    ("title: ", "odd: ~\ntitle: "),
    ("title: ", "odd: {a: [{b: ~ c}]}\ntitle: "),
    ("title: ", "--- ~\ntitle: "),
];

#[test]
fn a_tag_is_an_error_wherever_it_stands() {
    let whole = rule("T");
    for (from, to) in TAGGED {
        assert!(whole.contains(from), "{from}");
        let bare = whole.replacen(from, &to.replace("~ ", "").replace('~', ""), 1);
        let control = read(&bare);
        assert!(errors(&control, "CC0110").is_empty() && control.rules.len() == 1, "{bare}{:#?}", control.diagnostics);
        for tag in TAGS {
            let text = whole.replacen(from, &to.replace('~', tag), 1);
            let outcome = read(&text);
            let found = errors(&outcome, "CC0110");
            let [found] = found.as_slice() else { panic!("{text}{:#?}", outcome.diagnostics) };
            assert_eq!(&text[found.span.range()], *tag, "{text}{found}");
            assert!(found.message.contains(&format!("`{tag}`")), "{found}");
            assert!(outcome.rules.is_empty() && outcome.lacks_rules(), "{text}");
        }
        // The other documents of the file are none the worse for it, and a global one passes it on.
        if !to.starts_with("---") {
            let text = whole.replacen(from, &to.replace('~', "!!binary"), 1);
            let file = format!("{}---\n{text}---\n{}", rule("before"), rule("after"));
            assert_eq!(read(&file).rules.len(), 2, "{file}");
            let file = format!("{}---\naction: global\n{text}---\n{}", rule("before"), rule("after"));
            assert_eq!(read(&file).rules.len(), 1, "{file}");
        }
    }
    for nothing in ["!foo", "!!null", "!!null ~", "!!binary"] {
        let outcome = read(&format!("{whole}--- {nothing}\n"));
        assert!(errors(&outcome, "CC0110").len() == 1 && outcome.lacks_rules(), "{nothing}{outcome:#?}");
    }
}

#[test]
fn a_text_may_say_that_it_is_one() {
    for tag in ["!!str", "!<tag:yaml.org,2002:str>"] {
        for (value, is_text) in [
            ("b", true),
            ("'b'", true),
            ("\"b\"", true),
            ("'7'", true),
            ("\"null\"", true),
            ("''", true),
            ("7", false),
            ("0x1f", false),
            ("1.5", false),
            ("null", false),
            ("~", false),
            ("true", false),
            ("", false),
            ("[b]", false),
            ("{b: c}", false),
        ] {
            let text = rule("T").replace("{a: b}", &format!("\n        a: {tag} {value}"));
            let outcome = read(&text);
            assert_eq!(errors(&outcome, "CC0110").is_empty(), is_text, "{text}{:#?}", outcome.diagnostics);
            assert_eq!(outcome.rules.len(), usize::from(is_text), "{text}{:#?}", outcome.diagnostics);
        }
    }
}

#[test]
fn a_byte_order_mark_shifts_nothing() {
    for (name, text, place) in [
        ("a.content", "rule r {\n}\nlost\n", "a.content:3:1"),
        ("a.content", "lost\n", "a.content:1:1"),
        ("a.yml", "title: x\nstatus: bad\n", "a.yml:1:1"),
    ] {
        let first = |text: &str| {
            let source = decode(name, text.as_bytes().to_vec()).unwrap_or_else(|found| panic!("{found}"));
            let catalogue = Catalogue::default();
            let outcome = if name == "a.yml" {
                sigma::check(&source, &catalogue)
            } else {
                native::check(&source, &catalogue, &|_| None)
            };
            outcome.diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(first(&format!("{MARK}{text}")), first(text));
        assert!(first(text).iter().any(|found| found.starts_with(place)), "{:?}", first(text));
    }
}

#[test]
fn escapes_put_no_control_character_into_an_attribute() {
    let count = |name: &str, text: &str| {
        let detection = "logsource: {product: x}\ndetection: {s: {a: \"\\e\"}, condition: s}\n";
        let text = if name == "a.yml" { format!("{text}{detection}") } else { text.to_owned() };
        let source = Source::new(name, text);
        let catalogue = Catalogue::default();
        let found = match name {
            "a.yml" => sigma::check(&source, &catalogue).diagnostics,
            _ => native::check(&source, &catalogue, &|_| None).diagnostics,
        };
        found.iter().filter(|found| found.code.id == codes::CONTROL_CHARACTER.id).count()
    };
    for sign in [
        '\0', '\u{1B}', '\r', '\n', '\u{7F}', '\u{85}', '\u{9B}', '\u{AD}', '\u{200B}', '\u{202E}', '\u{2028}',
        '\u{2066}', '\u{FEFF}',
    ] {
        let hex = u32::from(sign);
        for key in ["title", "id", "name", "author", "level", "status", "tags", "description", "falsepositives", "odd"]
        {
            let lines = ["author", "description", "falsepositives"].contains(&key) && sign == '\n';
            let value = |escape: String| {
                if ["tags", "falsepositives"].contains(&key) {
                    format!("[\"a{escape}b\"]")
                } else {
                    format!("\"a{escape}b\"")
                }
            };
            assert_eq!(
                count("a.yml", &format!("{key}: {}\n", value(format!("\\u{hex:04X}")))),
                usize::from(!lines),
                "{key} {hex:X}"
            );
            if !["name", "level", "odd"].contains(&key) {
                let text = format!("rule a {{ {key}: {} }}", value(format!("\\u{{{hex:X}}}")));
                assert_eq!(count("a.content", &text), usize::from(!lines), "{text}");
            }
        }
    }
    assert_eq!(count("a.yml", "title: >\n  a\ndescription: |\n  a\n\n  b\tc\n"), 0);
}
