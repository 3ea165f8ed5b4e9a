//! What is known of each rule and document of a file: its place, why it was not read, and what filters and
//! correlations refer to.
#![expect(clippy::string_slice, reason = "a test stops at the first surprise")]

use std::sync::Arc;

use contentcheck_model::catalogue::Catalogue;
use contentcheck_model::language::Language;
use contentcheck_model::outcome::{DependentKind, FileOutcome, Referred};
use contentcheck_model::source::Source;
use contentcheck_parser::native;
use contentcheck_parser::release::{Checking, Gathered};
use contentcheck_parser::sigma;
use proptest::prelude::*;

fn sigma(text: &str) -> FileOutcome {
    sigma::check(&Source::new("r.yml", text), &Catalogue::new([]))
}

const RULE: &str =
    "title: T\nlogsource: {category: x}\ndetection:\n    s: {a: b}\n    condition: s\n# the end of this rule\n";

/// The texts of the extents.
fn extents(text: &str) -> Vec<String> {
    sigma(text).facts.iter().map(|facts| text[facts.extent.range()].to_owned()).collect()
}

#[test]
fn a_document_reaches_from_its_separator_to_the_next() {
    assert_eq!(extents(RULE), [RULE]);
    let first = format!("# before\n---\n# also before\n{RULE}");
    assert_eq!(extents(&first), [first.as_str()]);
    let second = format!("--- # of the second\n# more\n{RULE}");
    let block = "---\ntitle: T\ndescription: |\n    a\n    ---\n    b\nlogsource: {category: x}\ndetection: {s: {a: b}, condition: s}\n";
    assert_eq!(extents(&format!("{RULE}{second}{block}...\n")), [RULE, &second, &format!("{block}...\n")]);
    // What is not a rule has a place too, and so has what was not read.
    let other = "---\ntitle: none\n---\nname\n---\ntitle: U\nlogsource: x\ndetection: []\n";
    assert_eq!(extents(&format!("{RULE}{other}")).concat(), format!("{RULE}{other}"));
}

#[test]
fn a_global_document_is_a_place_of_every_rule_after_it() {
    let global = "action: global\nlogsource: {category: x}\n";
    let text = format!("{RULE}---\n{global}---\n{RULE}---\n{RULE}");
    let outcome = sigma(&text);
    let places: Vec<_> = outcome.rules.iter().map(|rule| (rule.extent, rule.global)).collect();
    assert_eq!(places, outcome.facts.iter().map(|facts| (facts.extent, facts.global)).collect::<Vec<_>>());
    assert_eq!((places.len(), places[0].1), (3, None));
    for (_, shared) in &places[1..] {
        assert_eq!(&text[shared.unwrap().range()], format!("---\n{global}"));
    }
}

#[test]
fn a_native_rule_reaches_over_its_declaration() {
    let text = "template t @ 1 { 1 a : string }\nlist l = [\"a\", 1]\nrule r { id: \"0e95725d-7320-415d-80f7-000000000001\" \
        template: t @ 1 severity: low when a in l }\n";
    let source = Source::new("r.content", text);
    let mut sink = contentcheck_model::diagnostic::Sink::new(&source);
    let catalogue = Catalogue::new(native::templates(&native::parse(&source).ast, &mut sink).into_iter().map(Arc::new));
    let outcome = native::check(&source, &catalogue, &|_| None);
    assert!(outcome.rules.is_empty() && outcome.lacks_rules());
    let [facts] = outcome.facts.as_slice() else { panic!("{outcome:?}") };
    assert_eq!(&text[facts.extent.range()], text[text.find("rule r").unwrap()..].trim_end());
    // The reason lies outside of it, in the list.
    let unread = facts.unread.as_ref().unwrap();
    assert_eq!((unread.code.id, &text[unread.span.range()]), ("CC0302", "1"));
}

#[test]
fn the_rules_that_a_document_refers_to_are_known_or_unread() {
    let filter = |rules: &str| {
        format!("title: F\nlogsource: {{category: x}}\nfilter:\n    {rules}\n    s: {{a: b}}\n    condition: not s\n")
    };
    let correlation = |rules: &str| {
        format!(
            "title: C\ncorrelation:\n    type: event_count\n    {rules}\n    group-by: [a]\n    timespan: 1m\n    condition: {{gte: 2}}\n"
        )
    };
    let refers = |text: &str| {
        let outcome = sigma(text);
        let [document] = outcome.documents.as_slice() else { panic!("{text}") };
        assert!(outcome.rules.is_empty() && !outcome.facts[document.facts].is_rule);
        match &document.rules {
            Referred::Any => "any".to_owned(),
            Referred::Rules(rules) => rules.iter().map(|rule| rule.rule.as_str()).collect::<Vec<_>>().join(" "),
            Referred::Unread(_) => {
                assert!(outcome.facts[document.facts].unread.is_some(), "{text}");
                "unread".to_owned()
            }
        }
    };
    assert_eq!(refers(&filter("rules: any")), "any");
    assert_eq!(refers(&filter("rules: [one, two]")), "one two");
    assert_eq!(refers(&filter("rules: one")), "one");
    assert_eq!(refers(&correlation("rules: [one, two]")), "one two");
    for rules in ["rules: []", "rules: ~", "rules: {one: two}", "rules: [one, [two]]", "rules: [one, 7]", "rule: [one]"]
    {
        assert_eq!(refers(&filter(rules)), "unread", "{rules}");
        assert_eq!(refers(&correlation(rules)), "unread", "{rules}");
    }
    for whole in ["title: F\nfilter: []\n", "title: C\ncorrelation: [a]\n"] {
        assert_eq!(refers(whole), "unread", "{whole}");
    }
}

#[test]
fn only_a_plain_yes_makes_rules_under_a_correlation_alerts_of_their_own() {
    let generate = |root: &str, body: &str| {
        let text = format!(
            "title: C\n{root}correlation:\n    {body}type: event_count\n    rules: [one]\n    group-by: [a]\n    timespan: 1m\n    condition: {{gte: 2}}\n"
        );
        let outcome = sigma(&text);
        assert_eq!(outcome.documents[0].kind, DependentKind::Correlation);
        outcome.documents[0].generate
    };
    assert!(generate("", "generate: true\n    ") && generate("generate: true\n", ""));
    for (root, body) in [
        ("", ""),
        ("", "generate: false\n    "),
        ("", "generate: 'true'\n    "),
        ("", "generate: yes\n    "),
        ("", "generate: ~\n    "),
        ("generate: false\n", "generate: true\n    "),
        ("generate: true\n", "generate: [true]\n    "),
    ] {
        assert!(!generate(root, body), "{root}{body}");
    }
}

/// A field that a template type lacks is absent there, also for a comparison with another field.
#[test]
fn a_comparison_of_fields_is_false_where_one_is_not_there() {
    let templates = "template t.one @ 1 {\n    serves { category: \"x\" }\n    1 a : string\n    2 b : string\n}\n\
        template t.two @ 1 {\n    serves { category: \"x\" }\n    1 a : string\n}\n\
        template t.three @ 1 {\n    serves { category: \"x\" }\n    1 b : string\n    2 c : string\n}\n";
    let targets = |item: &str, condition: &str| {
        let text = format!(
            "title: T\nlogsource: {{category: x}}\ndetection:\n    s: {{{item}}}\n    o: {{c: o}}\n    condition: {condition}\n"
        );
        let sources = vec![
            (Source::new("t.content", templates), Language::Native),
            (Source::new("r.yml", text), Language::Sigma),
        ];
        let judged = Gathered::of(sources).check(&Checking::default()).judge();
        let [rule] = judged.checked().rules() else { panic!("{:?}", judged.findings()) };
        rule.targets.iter().map(|target| target.template.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(targets("'a|fieldref': b", "s"), ["t.one"]);
    assert_eq!(targets("'b|fieldref': a", "s"), ["t.one"]);
    assert_eq!(targets("'a|fieldref': b", "s or o"), ["t.one", "t.three"]);
    assert_eq!(targets("'a|fieldref': b", "o and not s"), ["t.three"]);
}

/// A filter for any rule is one for the rules of its log source, or of a part of it.
#[test]
fn a_filter_for_any_rule_keeps_those_of_its_log_source_back() {
    let templates = "template t.a @ 1 {\n    serves { product: \"p\", category: \"x\" }\n    1 a : string\n}\n\
        template t.b @ 1 {\n    serves { product: \"p\", category: \"y\" }\n    1 a : string\n}\n";
    let left = |filter: &str, rule: &str| {
        let filter = format!(
            "title: F\nid: 11111111-2222-4333-8444-555555555555\nlogsource: {{{filter}}}\nfilter:\n    rules: any\n    s: {{a: b}}\n    condition: not s\n"
        );
        let rule = format!("title: T\nlogsource: {{{rule}}}\ndetection:\n    s: {{a: c}}\n    condition: s\n");
        let sources = vec![
            (Source::new("t.content", templates), Language::Native),
            (Source::new("f.yml", filter), Language::Sigma),
            (Source::new("r.yml", rule), Language::Sigma),
        ];
        let judged = Gathered::of(sources).check(&Checking::default()).judge();
        !judged.left_out().is_empty()
    };
    for (filter, rule, is_left_out) in [
        ("product: p, category: x", "product: p, category: x", true),
        ("product: p", "product: p, category: x", true),
        ("product: p, category: x", "product: p, category: y", false),
        ("category: x", "product: p, category: y", false),
        ("product: q", "product: p, category: y", false),
        ("category: x", "product: p, category: x", true),
    ] {
        assert_eq!(left(filter, rule), is_left_out, "{filter} {rule}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Extents follow each other without a gap, and whatever is found in a file of several documents is about
    /// one of them.
    #[test]
    fn every_finding_is_about_a_document(parts in proptest::collection::vec(proptest::sample::select(&[
        RULE,
        "title: ''\nlogsource: {category: x}\ndetection:\n    s: {a: []}\n    condition: s\n",
        "# a comment\ntitle: T\ndetection: []\n\n\n",
        "title: F\nfilter: {rules: any}\n",
        "title: C\ncorrelation:\n    type: nothing\n",
        "name\n",
        "- a\n- b\n",
        "title: Ä\ndescription: |\n    ---\n    x\nlogsource: {category: Ö}\ndetection: {s: [ü, 'é'], condition: s and}\n",
    ][..]), 1..6)) {
        let text = parts.join("---\n");
        let outcome = sigma(&text);
        let extents: Vec<_> = outcome.facts.iter().map(|facts| facts.extent).collect();
        prop_assert_eq!(extents.len(), parts.len());
        let mut at = 0;
        for extent in &extents {
            prop_assert_eq!(extent.start, at);
            at = extent.end;
        }
        prop_assert_eq!(at as usize, text.len());
        for found in &outcome.diagnostics {
            prop_assert!(
                extents.iter().any(|extent| extent.start <= found.span.start && found.span.end <= extent.end),
                "{}", found
            );
        }
        for (facts, part) in outcome.facts.iter().zip(&parts) {
            prop_assert_eq!(facts.unread.is_none(), *part == RULE, "{}", part);
        }
    }
}

#[test]
fn a_key_that_a_global_document_gives_otherwise_is_told() {
    let told = |global: &str, own: &str| -> Vec<String> {
        let text = format!("action: global\n{global}\n---\ntitle: T\nlogsource: {{category: x}}\n{own}\n");
        let found = sigma(&text).diagnostics;
        let told = found.iter().filter(|found| found.code.id == "CC0146");
        told.map(|found| found.message.split('`').nth(1).unwrap_or_default().to_owned()).collect()
    };
    let body = "detection: {s: {a: b}, condition: s}";
    for (global, own, keys) in [
        ("level: high", "level: low", &["level"][..]),
        ("level: high", "level: high", &[]),
        ("level: high", "status: test", &[]),
        ("tags: [attack.t1059]", "tags: [attack.t1068]", &["tags"]),
        ("tags: [attack.t1059]", "tags: [attack.t1059]", &[]),
        ("detection: {s: {a: c}}", "", &["a"]),
        ("detection: {s: {a: b}}", "", &[]),
        ("detection: {s: [c]}", "", &["s"]),
        ("detection: {t: {a: c}, condition: t}", "", &["condition"]),
        ("detection: {s: {a: 'b'}}", "", &[]),
        ("title: U\nlevel: high\ndetection: {s: {a: c}}", "level: low", &["title", "level", "a"]),
    ] {
        assert_eq!(told(global, &format!("{own}\n{body}")), keys, "{global} and {own}");
    }
}

/// A selection that lost its indentation is none, and a condition with a pattern does not miss it.
#[test]
fn a_selection_beside_its_detection_is_told() {
    let told = |condition: &str, beside: &str| {
        let text = format!(
            "title: T\nlogsource: {{category: x}}\ndetection:\n    s: {{a: b}}\n    filter_main_a: {{a: c}}\n    skip_a: {{a: c}}\n    condition: {condition}\n{beside}\n"
        );
        let found = sigma(&text).diagnostics;
        found.iter().filter(|found| found.code.id == "CC0705").count()
    };
    for beside in
        ["filter_main_b: {a: d}", "filter_b:\n    a: d", "filter:\n    - a: d", "selection2: [x]", "filters: {a: b}"]
    {
        assert_eq!(told("s and not 1 of filter_main_*", beside), 1, "{beside}");
        assert_eq!(told("s", beside), 1, "{beside}");
    }
    for (condition, beside, expected) in [
        ("s and not 1 of skip_*", "skip_b: {a: d}", 1),
        ("s and not (1 of skip*)", "skip_b: {a: d}", 1),
        ("[s, s and not all of skip_*]", "skip_b: {a: d}", 1),
        ("s", "skip_b: {a: d}", 0),
        ("s or 1 of *", "other: {a: d}", 0),
        ("1 of them", "other: {a: d}", 0),
        ("s and not 1 of skip_*", "skip_b: text", 0),
        ("s", "filter_hint: text", 0),
        ("s", "custom: {a: d}", 0),
        // An error names it.
        ("s and not filter_main_b", "filter_main_b: {a: d}", 0),
        ("s", "custom_attributes: {filter_main_b: {a: d}}", 0),
    ] {
        assert_eq!(told(condition, beside), expected, "{condition} {beside}");
    }
}

/// Readers such as pySigma take a document for what its keys say, whatever stands there: a rule that has the key of a filter is no rule to them. Beside
/// a scalar, which may be an attribute of one's own, it is one here.
#[test]
fn a_rule_with_the_key_of_a_filter_is_told() {
    let told = |key: &str| -> Vec<&str> {
        let rule = "title: T\nlogsource: {category: x}\ndetection: {s: {a: b}, condition: s}";
        let outcome = sigma(&format!("{rule}\n{key}\n"));
        let codes = outcome.diagnostics.iter().map(|found| found.code.id);
        codes.filter(|code| ["CC0114", "CC0149"].contains(code)).collect()
    };
    for (value, code) in [
        ("", "CC0149"),
        (" null", "CC0149"),
        (" ~", "CC0149"),
        (" x", "CC0149"),
        (" 1", "CC0149"),
        (" ''", "CC0149"),
        (" {}", "CC0114"),
        (" []", "CC0114"),
        (" {rules: any}", "CC0114"),
        (" [x]", "CC0114"),
    ] {
        for key in ["filter", "correlation"] {
            assert_eq!(told(&format!("{key}:{value}")), [code], "{key}:{value}");
        }
    }
    assert_eq!(told("filters: x\nmy_filter: y"), [""; 0]);
}

/// A name that is no text in YAML is none to readers such as pySigma: null stands for every field there, and they refuse a number.
#[test]
fn names_that_are_no_text_are_told() {
    let told = |text: &str| -> Vec<&str> {
        let outcome = sigma(&format!("title: T\nlogsource: {{category: x}}\ndetection:\n{text}"));
        let codes = outcome.diagnostics.iter().map(|found| found.code.id);
        codes.filter(|code| ["CC0114", "CC0149"].contains(code)).collect()
    };
    for (name, code) in [
        ("null", Some("CC0114")),
        ("Null", Some("CC0114")),
        ("~", Some("CC0114")),
        ("'null'", None),
        ("\"~\"", None),
        ("1", Some("CC0149")),
        ("1.0", Some("CC0149")),
        ("0x10", Some("CC0149")),
        ("010", Some("CC0149")),
        ("true", Some("CC0149")),
        ("yes", Some("CC0149")),
        ("'yes'", None),
        ("y", None),
        ("a1", None),
    ] {
        let codes: Vec<&str> = code.into_iter().collect();
        assert_eq!(told(&format!("    s:\n        {name}: b\n    condition: s\n")), codes, "a field {name}");
        if code != Some("CC0114") {
            assert_eq!(
                told(&format!("    {name}:\n        a: b\n    condition: 1 of them\n")),
                codes,
                "a selection {name}"
            );
        }
    }
}
