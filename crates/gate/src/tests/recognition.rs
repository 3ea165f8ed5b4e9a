//! What recorded events are recognised as, and which field a rule reads.

use super::*;

/// Recorded events are recognised by `reads`: with other ones, replay and never-match see other events, or none.
#[test]
fn what_events_are_recognised_by_is_part_of_a_template_type() {
    let of = |reads: &str| {
        let text = format!(
            "template acme.process @ 1 {{\n    {reads}1 image: string nocase\n}}\nrule r {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8150\"\n    template: acme.process @ 1\n    severity: low\n    when image ends_with \"a\"\n}}\n"
        );
        Built::new(Gathered::of(vec![(Source::new("r.content", text), Language::Native)]), false, 1).unwrap()
    };
    let all = [
        "",
        "reads { kind: \"process\" }\n    ",
        "reads { kind: \"proces\" }\n    ",
        "reads { kind: 7 }\n    ",
        "reads { kin: \"process\" }\n    ",
        "reads { kind: \"process\", id: 1 }\n    ",
    ];
    for before in all {
        for now in all {
            let found = checked(&of(now), Some(&of(before)), settings(), &["change"]);
            let said = errors(&found).iter().filter(|(code, _)| *code == "CC0210").count();
            assert_eq!(said, usize::from(before != now), "{before}, then {now}: {found:?}");
        }
    }
}

/// Rules see no event that goes elsewhere, whatever takes it from them.
#[test]
fn what_takes_recorded_events_from_rules_is_told() {
    let template =
        |name: &str, reads: &str| format!("template {name} {{\n    {reads}\n    1 image: string nocase\n}}\n");
    let rule = "rule r {\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8150\"\n    template: acme.process @ 1\n    severity: low\n    when image ends_with \"a\"\n}\n";
    let of = |more: &[String], rule: &str| {
        let own = template("acme.process @ 1", "reads { Channel: \"Acme/Process\", EventID: [1, 2] }");
        let text = format!("{own}{}{rule}", more.concat());
        Built::new(Gathered::of(vec![(Source::new("r.content", text), Language::Native)]), false, 1).unwrap()
    };
    let before = of(&[], rule);
    let later = rule.replace("process @ 1", "process @ 2");
    let second = |reads: &str| template("acme.process @ 2", reads);
    let other = |reads: &str| template("acme.other @ 1", reads);
    let cases = [
        (vec![], rule, false),
        (vec![second("reads { Channel: \"Acme/Process\", EventID: [1, 2] }")], rule, false),
        (vec![second("reads { channel: \"Acme/Process\", EventID: [1, 2] }")], rule, true),
        (vec![second("reads { EventID: [2, 1], Channel: \"Acme/Process\" }")], rule, false),
        // Rules see the value as `reads` spells it.
        (vec![second("reads { Channel: \"acme/process\", EventID: [1, 2] }")], rule, true),
        (vec![second("reads { Channel: \"Acme/Process\", EventID: [1, 2, 3] }")], &later, true),
        (vec![second("reads { Channel: \"Acme/Process\" }")], rule, true),
        (vec![second("reads { Channel: \"Acme/Process\", EventID: 1 }")], rule, true),
        (vec![second("reads { Channel: \"Acme/Process\", EventID: [1, 3] }")], &later, true),
        (vec![second("reads { Channel: \"Acme/Processes\", EventID: [1, 2] }")], rule, true),
        (vec![second("reads { Channel: \"Acme/Process\", EventID: [1, 2], Level: 4 }")], &later, true),
        (vec![second("")], rule, true),
        (vec![other("reads { Channel: \"Acme/Other\", EventID: [1, 2] }")], rule, false),
        (vec![other("reads { Channel: \"Acme/Process\", EventID: 3 }")], rule, false),
        (vec![other("reads { Channel: \"Acme/Process\", EventID: 2, Level: 4 }")], rule, false),
        // Which of the two it is, is not known of an event without a provider.
        (vec![other("reads { Channel: \"Acme/Process\", EventID: 1, Provider_Name: \"Other\" }")], rule, false),
    ];
    for (more, rule, is_told) in cases {
        let found = checked(&of(&more, rule), Some(&before), settings(), &["lint", "change"]);
        let said = errors(&found);
        assert_eq!(said.iter().any(|(code, _)| *code == "CC0210"), is_told, "{more:?}: {said:?}");
    }
    // The release as it was on its newest version alone: there is nothing earlier that lint could compare it with.
    let alone = |reads: &str| {
        let text = template("acme.process @ 2", reads) + &later;
        Built::new(Gathered::of(vec![(Source::new("r.content", text), Language::Native)]), false, 1).unwrap()
    };
    for (reads, is_told) in [
        ("reads { Channel: \"Acme/Process\", EventID: [1, 2] }", false),
        ("reads { Channel: \"Acme/Process\", EventID: 1 }", true),
        ("reads { log: \"Acme/Process\" }", true),
        ("", true),
    ] {
        let found = checked(&alone(reads), Some(&before), settings(), &["lint", "change"]);
        let said = errors(&found);
        assert_eq!(said.iter().any(|(code, _)| *code == "CC0210"), is_told, "{reads}: {said:?}");
    }
}

/// A place is no field: where a declaration gives it to another one, a rule that was edited to read that one asks for something else.
#[test]
fn the_same_place_under_another_name_is_another_field() {
    let of = |header: &str, reads: &str, condition: &str| {
        let text = format!(
            "template acme.process @ 1 {{\n    reads {{ {reads} }}\n    header {{ {header} }}\n    1 image: string nocase\n}}\nrule r {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8395\"\n    template: acme.process @ 1\n    severity: low\n    when {condition}\n}}\n"
        );
        Built::new(Gathered::of(vec![(Source::new("r.content", text), Language::Native)]), false, 1).unwrap()
    };
    let (ab, ba) = ("host: string, user: string", "user: string, host: string");
    let (kl, lk) = ("kind: [\"a\", \"b\"], log: [\"a\", \"b\"]", "log: [\"a\", \"b\"], kind: [\"a\", \"b\"]");
    let before = of(ab, kl, "host == \"x\" and kind == \"a\"");
    let told = |now: &Built| {
        let found = checked(now, Some(&before), settings(), &["lint", "change"]);
        !found.changes.is_empty() || !errors(&found).is_empty()
    };
    assert!(!told(&before));
    for now in [
        of(ba, kl, "user == \"x\" and kind == \"a\""),
        of(ab, lk, "host == \"x\" and log == \"a\""),
        of(ba, lk, "user == \"x\" and log == \"a\""),
        of("user: string", kl, "user == \"x\" and kind == \"a\""),
    ] {
        assert!(told(&now));
    }
}

/// However many values there are: a new template type takes events of one of them from rules.
#[test]
fn a_template_type_that_takes_one_of_many_values_is_told() {
    let numbers = |from: u32, to: u32| (from..to).map(|number| number.to_string()).collect::<Vec<_>>().join(", ");
    let of = |more: &str| {
        let reads = format!(
            "reads {{ Channel: [\"A\", \"B\", \"C\"], EventID: [{}], Provider_Name: [\"p\", \"q\"] }}",
            numbers(1, 900)
        );
        let text = format!(
            "template acme.process @ 1 {{\n    {reads}\n    1 image: string nocase\n}}\n{more}rule r {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8396\"\n    template: acme.process @ 1\n    severity: low\n    when image ends_with \"a\"\n}}\n"
        );
        Built::new(Gathered::of(vec![(Source::new("r.content", text), Language::Native)]), false, 1).unwrap()
    };
    let before = of("");
    let other =
        |reads: &str| format!("template acme.other @ 1 {{\n    reads {{ {reads} }}\n    1 image: string nocase\n}}\n");
    for (reads, is_told) in [
        ("Channel: \"C\", EventID: 899, Provider_Name: \"r\"".to_owned(), true),
        ("Channel: \"D\", EventID: 899, Provider_Name: \"q\"".to_owned(), true),
        ("Channel: \"D\", EventID: 899, Provider_Name: \"r\"".to_owned(), false),
        ("Channel: \"C\", EventID: 901, Provider_Name: \"q\"".to_owned(), false),
    ] {
        let found = checked(&of(&other(&reads)), Some(&before), settings(), &["lint", "change"]);
        let said = errors(&found);
        assert_eq!(said.iter().any(|(code, _)| *code == "CC0210"), is_told, "{reads}: {said:?}");
    }
}

/// A rule that is written as it was, on a template type that is recognised by more: what it matches is not what it matched.
#[test]
fn a_rule_on_other_events_is_not_unchanged() {
    let of = |version: u32, reads: &str| {
        let text = format!(
            "template acme.process @ {version} {{\n    reads {{ {reads} }}\n    1 image: string nocase\n}}\nrule r {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8397\"\n    template: acme.process @ {version}\n    severity: low\n    when image ends_with \"a\"\n}}\n"
        );
        Built::new(Gathered::of(vec![(Source::new("r.content", text), Language::Native)]), false, 1).unwrap()
    };
    let found = checked(&of(2, "src: [\"a\", \"b\"]"), Some(&of(1, "src: \"a\"")), settings(), &["lint", "change"]);
    let change = found.checks.iter().find(|check| check.name == "change").unwrap();
    // What it now sees of others is known, and what it asks of what it saw is not.
    let kinds: Vec<ChangeKind> = found.changes.iter().map(|change| change.kind).collect();
    assert_eq!(kinds, [ChangeKind::Wider, ChangeKind::Unknown], "{found:?}");
    assert!(change.skipped.iter().any(|of| of.contains("the template type itself changed")), "{:?}", change.skipped);
}

/// An open template type leaves events to a fixed one of its log source, and Sigma rules of that source are on both; native ones are not.
#[test]
fn what_an_open_template_type_leaves_to_a_fixed_one_is_lost_to_its_own_rules_alone() {
    let open = "template acme.log @ 1 {\n    serves { product: acme, service: log }\n    reads { Channel: \"L\" }\n    open\n    1 image: string? nocase\n}\n";
    let fixed = |name: &str, numbers: &str| {
        format!(
            "template {name} @ 1 {{\n    serves {{ product: acme, service: log }}\n    reads {{ Channel: \"L\", EventID: {numbers} }}\n    1 image: string? nocase\n}}\n"
        )
    };
    let native = "rule r {\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8398\"\n    template: acme.log @ 1\n    severity: low\n    when image ends_with \"a\"\n}\n";
    let sigma = "title: R\nid: 0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8399\nlogsource:\n    product: acme\n    service: log\ndetection:\n    s:\n        image|endswith: 'a'\n    condition: s\nlevel: low\n";
    let of = |more: &[String], is_native: bool| {
        let text = format!("{open}{}{}", more.concat(), if is_native { native } else { "" });
        let mut sources = vec![(Source::new("t.content", text), Language::Native)];
        if !is_native {
            sources.push((Source::new("r.yml", sigma), Language::Sigma));
        }
        Built::new(Gathered::of(sources), false, 1).unwrap()
    };
    for is_native in [false, true] {
        for (before, now) in [
            (vec![], vec![fixed("acme.one", "7")]),
            // The first of its values went to another fixed one before.
            (vec![fixed("acme.one", "1")], vec![fixed("acme.one", "1"), fixed("acme.two", "[1, 99]")]),
        ] {
            let found = checked(&of(&now, is_native), Some(&of(&before, is_native)), settings(), &["lint", "change"]);
            let said = errors(&found);
            assert_eq!(said.iter().any(|(code, _)| *code == "CC0210"), is_native, "{is_native} {now:?}: {said:?}");
        }
    }
    // A rule that asks for another number loses nothing by it; and what is meant can be said.
    for (condition, allow_shrink, is_told) in
        [("EventID == \"7\"", false, true), ("EventID == \"8\"", false, false), ("EventID == \"7\"", true, false)]
    {
        let of = |more: &str| {
            let rule = native.replace("image ends_with \"a\"", condition);
            let text = format!("{open}{more}{rule}");
            Built::new(Gathered::of(vec![(Source::new("t.content", text), Language::Native)]), false, 1).unwrap()
        };
        let settings = Settings { allow_shrink, ..settings() };
        let found = checked(&of(&fixed("acme.one", "7")), Some(&of("")), settings, &["lint", "change"]);
        let said = errors(&found);
        assert_eq!(said.iter().any(|(code, _)| *code == "CC0210"), is_told, "{condition}: {said:?}");
    }
}

/// A rule that is shown none of its events any more is named, as one that is shown fewer, and so is one that is shown events for the first time.
#[test]
fn a_rule_that_lost_or_gained_all_of_its_recorded_events_is_named() {
    let open = "template acme.log @ 1 {\n    serves { product: acme, service: log }\n    reads { Channel: \"L\" }\n    open\n    1 image: string? nocase\n}\nrule r {\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8400\"\n    template: acme.log @ 1\n    severity: low\n    when image ends_with \"a\"\n}\n";
    let fixed = "template acme.one @ 1 {\n    serves { product: acme, service: log }\n    reads { Channel: \"L\", EventID: 7 }\n    1 image: string? nocase\n}\n";
    let of = |more: &str| {
        let text = format!("{open}{more}");
        Built::new(Gathered::of(vec![(Source::new("r.content", text), Language::Native)]), false, 1).unwrap()
    };
    let events = "{\"Channel\": \"L\", \"EventID\": 7, \"image\": \"a\"}\n".repeat(5);
    let settings = || Settings {
        recordings: vec![Recording::lines("day", events.clone().into_bytes())],
        allow_shrink: true,
        ..settings()
    };
    let found = checked(&of(fixed), Some(&of("")), settings(), &["lint", "change"]);
    let change = found.checks.iter().find(|check| check.name == "change").unwrap();
    let said: Vec<&str> = change.findings.iter().map(|of| of.code.as_str()).collect();
    assert_eq!((said, found.changes.len()), (vec!["CC0812"], 1), "{:?}", change.findings);
    let found = checked(&of(""), Some(&of(fixed)), settings(), &["lint", "change"]);
    let change = found.checks.iter().find(|check| check.name == "change").unwrap();
    let said: Vec<&str> = change.findings.iter().map(|of| of.code.as_str()).collect();
    assert_eq!((said, found.changes.len()), (vec!["CC0812"], 1), "{:?}", change.findings);
}

/// The order of `reads` says nothing: what a rule asks on them is the same. In another spelling they are other values.
#[test]
fn reads_in_another_order_are_the_same() {
    let of = |version: u32, reads: &str| {
        let text = format!(
            "template acme.process @ {version} {{\n    reads {{ {reads} }}\n    1 image: string nocase\n}}\nrule r {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8401\"\n    template: acme.process @ {version}\n    severity: low\n    when image ends_with \"a\"\n}}\n"
        );
        Built::new(Gathered::of(vec![(Source::new("r.content", text), Language::Native)]), false, 1).unwrap()
    };
    let before = of(1, "Channel: \"Acme\", EventID: [1, 2]");
    for now in [of(1, "Channel: \"Acme\", EventID: [2, 1]"), of(2, "EventID: [1, 2], Channel: \"Acme\"")] {
        let found = checked(&now, Some(&before), settings(), &["lint", "change"]);
        assert!(errors(&found).is_empty() && found.changes.is_empty(), "{:?} {:?}", errors(&found), found.changes);
    }
    for now in [of(1, "Channel: \"ACME\", EventID: [1, 2]"), of(2, "Channel: \"acme\", EventID: [1, 2]")] {
        let found = checked(&now, Some(&before), settings(), &["lint", "change"]);
        assert!(!errors(&found).is_empty() || !found.changes.is_empty(), "{:?}", found.changes);
    }
}

/// What a template type takes depends on what events say beside what is read, on how they spell it, and on which events others leave to it.
#[test]
fn events_on_which_a_rule_fired_are_looked_for_among_those_that_are_taken() {
    let rule = |when: &str| {
        format!(
            "rule n {{ id: \"1f0d6f3c-7e57-4f62-9a4f-6d0c1f5f8150\" template: t.o @ 1 severity: low when Foo == \"evil\"{when} }}\n"
        )
    };
    let built = |templates: &str, when: &str| {
        let text = format!("{templates}\n{}", rule(when));
        Built::new(Gathered::of(vec![(Source::new("r.content", text), Language::Native)]), false, 1).unwrap()
    };
    let open = |serves: &str, reads: &str, open: &str| {
        format!("template t.o @ 1 {{ serves {{ {serves} }} reads {{ {reads} }} {open} 1 Foo: string? }}\n")
    };
    let acme = "product: windows, service: acme";
    let own = open(acme, "src: \"a\"", "open");
    let taker = |reads: &str| {
        format!("template t.f @ 1 {{ serves {{ {acme} }} reads {{ src: \"a\", {reads} }} 1 Baz: string? }}\n")
    };
    let two = format!("{acme} }} serves {{ product: windows, service: security");
    let security = open(acme, "Channel: \"Security\"", "open");
    let logon = "template t.f @ 1 { serves { product: windows, service: security } reads { Channel: \"Security\", EventID: 7 } 1 Baz: string? }\n";
    let kind = taker("kind: 1");
    let pairs = taker("k0: [\"x0\", \"x1\"], k1: [\"x0\", \"x1\"]");
    // Before, now, the condition, whether events are lost.
    let cases = [
        (own.clone(), format!("{own}{kind}"), " and (kind == \"0x1\" or kind == \"zz\")", true),
        (own.clone(), format!("{own}{kind}"), " and (kind == \"01\" or kind == \"zz\")", true),
        (own.clone(), format!("{own}{kind}"), " and (kind starts_with \"0x\" or kind == \"zz\")", true),
        (own.clone(), format!("{own}{kind}"), " and not kind == \"1\"", true),
        (own.clone(), format!("{own}{kind}"), " and (kind == \"2\" or kind == \"zz\")", false),
        (own.clone(), format!("{own}{pairs}"), " and ((k0 == \"x1\" and k1 == \"x1\") or k0 == \"y\")", true),
        (own.clone(), format!("{own}{pairs}"), " and ((k0 == \"x1\" and k1 == \"x2\") or k0 == \"y\")", false),
        (format!("{own}{kind}"), format!("{own}{kind}"), "", false),
        // One that did not change takes events, since what it takes them from did.
        (format!("{security}{logon}"), format!("{}{logon}", open(&two, "Channel: \"Security\"", "open")), "", true),
        (format!("{}{kind}", open(acme, "src: \"a\"", "")), format!("{own}{kind}"), "", true),
        (format!("{own}{kind}"), format!("{}{kind}", open(acme, "src: \"a\"", "")), "", false),
        (
            format!("{security}{logon}"),
            format!("{security}{logon}{}", open(&two, "Channel: \"Security\"", "open").replace("@ 1", "@ 2")),
            "",
            true,
        ),
    ];
    for (before, now, when, is_lost) in cases {
        let found = checked(&built(&now, when), Some(&built(&before, when)), settings(), &["change"]);
        let said = errors(&found);
        assert_eq!(said.iter().any(|(code, _)| *code == "CC0210"), is_lost, "{before}{now}{when}: {said:?}");
    }
}

/// A test block that shows its rule what is no event of the template type shows nothing.
#[test]
fn coverage_counts_no_test_of_an_event_that_is_of_another_template_type() {
    let of = |kind: &str| {
        let text = format!(
            "template t.o @ 1 {{ serves {{ product: acme }} reads {{ src: \"a\" }} open 1 Foo: string? }}\n\
             template t.f @ 1 {{ serves {{ product: acme }} reads {{ src: \"a\", kind: 1 }} 1 Baz: string? }}\n\
             rule n {{ id: \"1f0d6f3c-7e57-4f62-9a4f-6d0c1f5f8151\" template: t.o @ 1 severity: low\n\
             when Foo == \"evil\" and kind == \"{kind}\" test fires {{ Foo: \"evil\", kind: \"{kind}\" }} }}\n"
        );
        Built::new(Gathered::of(vec![(Source::new("r.content", text), Language::Native)]), false, 1).unwrap()
    };
    for (kind, is_seen) in [("2", true), ("1", false), ("0x1", false)] {
        let found = checked(&of(kind), None, settings(), &["compile", "coverage"]);
        let said = errors(&found);
        assert_eq!(said.iter().any(|(code, _)| *code == "CC1005"), !is_seen, "{kind}: {said:?}");
    }
}

/// A Sigma rule on an open template type that is on the fixed one too, by some of its fields: what it matched by another field is lost, and what a
/// filter kept away is gained. What it matches by the fields of both is neither, whichever template type it is of.
#[test]
fn what_a_rule_loses_and_gains_by_a_template_type_that_has_some_of_its_fields() {
    let open = "template t.o @ 1 { serves { product: acme } reads { Channel: \"Acme/A\" } open 1 Foo: string? }\n";
    let fixed = |fields: &str| {
        format!(
            "template t.f @ 1 {{ serves {{ product: acme }} reads {{ Channel: \"Acme/A\", EventID: 5 }} {fields} }}\n"
        )
    };
    let of = |templates: &str, detection: &str| {
        let rule = format!(
            "title: R\nid: 0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8402\nlogsource:\n    product: acme\ndetection:\n{detection}\nlevel: low\n"
        );
        let text = templates.to_owned();
        let sources =
            vec![(Source::new("t.content", text), Language::Native), (Source::new("r.yml", rule), Language::Sigma)];
        Built::new(Gathered::of(sources), false, 1).unwrap()
    };
    let either = "    s:\n        Foo: evil\n    o:\n        Bar: evil\n    condition: s or o";
    let filtered = "    s:\n        Foo: evil\n    o:\n        Bar: ok\n    condition: s and not o";
    let lacking = "    s:\n        Foo: evil\n        Bar: null\n    condition: s";
    let alike = "    s:\n        Foo: evil\n    condition: s";
    let number = "    s:\n        Foo: 17\n    condition: s";
    let (foo, int) = ("1 Foo: string? nocase", "1 Foo: int?");
    for (fields, detection, is_lost, is_gained) in [
        (foo, either, true, false),
        (foo, filtered, false, true),
        (foo, lacking, false, true),
        (foo, alike, false, false),
        // A text that is the number in another spelling is it for an integer alone.
        (int, number, false, true),
    ] {
        let (before, now) = (of(open, detection), of(&format!("{open}{}", fixed(fields)), detection));
        for (first, second, is_lost, is_gained) in
            [(&before, &now, is_lost, is_gained), (&now, &before, is_gained, is_lost)]
        {
            let found = checked(second, Some(first), settings(), &["change"]);
            let change = found.checks.iter().find(|check| check.name == "change").unwrap();
            let has = |code: &str| change.findings.iter().any(|found| found.code == code);
            assert_eq!(
                (has("CC0210"), has("CC0812")),
                (is_lost, is_gained),
                "{fields} {detection}: {:?}",
                change.findings
            );
            let gains = found.changes.iter().filter(|change| change.gains.is_some()).count();
            assert_eq!(gains, usize::from(is_gained), "{fields} {detection}: {:?}", found.changes);
            assert!(!change.skipped.iter().any(|of| of.contains("could not be told")), "{:?}", change.skipped);
        }
    }
    // What a rule gives up by itself in the same release is not lost.
    let other = "    s:\n        Foo: evil2\n    condition: s";
    let more =
        "    s:\n        Foo: evil\n    o:\n        Bar: evil\n    m:\n        Foo: more\n    condition: s or o or m";
    let narrowed = "    s:\n        Foo: evil\n    o:\n        Bar: evil\n    n:\n        Foo: good\n    condition: (s or o) and not n";
    for (was, is, is_lost) in [
        (alike, other, false),
        (either, alike, false),
        (alike, either, false),
        (either, more, true),
        (either, narrowed, true),
    ] {
        let (before, now) = (of(open, was), of(&format!("{open}{}", fixed(foo)), is));
        let found = checked(&now, Some(&before), settings(), &["change"]);
        let change = found.checks.iter().find(|check| check.name == "change").unwrap();
        let has = change.findings.iter().any(|found| found.code == "CC0210");
        assert_eq!(has, is_lost, "{was} {is}: {:?}", change.findings);
    }
}

/// A fixed template type reads a number in any spelling, and an open one does not: what nobody writes is no gain, though it would be a loss.
#[test]
fn a_number_in_a_spelling_that_nobody_writes_is_no_gain() {
    let open = "template t.o @ 1 { serves { product: acme } reads { Channel: \"Acme/A\" } open 1 Foo: string? }\n";
    let fixed = "template t.f @ 1 { serves { product: acme } reads { Channel: \"Acme/A\", Provider_Name: \"P\", EventID: 5 } 1 Foo: string? nocase }\n";
    let of = |templates: &str, asks: &str| {
        let rule = format!(
            "title: R\nid: 0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8404\nlogsource:\n    product: acme\ndetection:\n    s:\n        Foo: evil\n{asks}    condition: s\nlevel: low\n"
        );
        let text = templates.to_owned();
        let sources =
            vec![(Source::new("t.content", text), Language::Native), (Source::new("r.yml", rule), Language::Sigma)];
        Built::new(Gathered::of(sources), false, 1).unwrap()
    };
    let both = format!("{open}{fixed}");
    for asks in ["        EventID: 5\n", "        EventID: [4, 5]\n", "        EventID|gte: 5\n"] {
        for (before, now, is_lost) in [(open, &*both, false), (&*both, open, true)] {
            let found = checked(&of(now, asks), Some(&of(before, asks)), settings(), &["change"]);
            let change = found.checks.iter().find(|check| check.name == "change").unwrap();
            let has = |code: &str| change.findings.iter().any(|found| found.code == code);
            assert!(!has("CC0812"), "{asks}: {:?}", change.findings);
            assert!(!is_lost || has("CC0210") || asks.contains("gte"), "{asks}: {:?}", change.findings);
        }
    }
}

/// An event without a provider is told by its number, where that leaves no doubt; that another number of the same template type would leave one says
/// nothing of it.
#[test]
fn each_number_is_told_without_a_provider_by_itself() {
    let open = "template t.o @ 1 { serves { product: acme } reads { Channel: \"Acme/A\" } open 1 Foo: string? }\n";
    let other = "template t.g @ 1 { serves { product: acme } reads { Channel: \"Acme/A\", Provider_Name: \"Q\", EventID: 2 } 1 Baz: string? }\n";
    let taker = |numbers: &str| {
        format!(
            "template t.f @ 1 {{ serves {{ product: acme }} reads {{ Channel: \"Acme/A\", Provider_Name: \"P\", EventID: {numbers} }} 1 Baz: string? }}\n"
        )
    };
    let rule = "rule n { id: \"1f0d6f3c-7e57-4f62-9a4f-6d0c1f5f8152\" template: t.o @ 1 severity: low when Foo == \"evil\" and not Provider_Name exists }\n";
    let of = |more: &str| {
        let text = format!("{open}{other}{more}{rule}");
        Built::new(Gathered::of(vec![(Source::new("r.content", text), Language::Native)]), false, 1).unwrap()
    };
    for (numbers, is_lost) in [("[1, 2]", true), ("1", true), ("[2, 3]", true), ("2", false)] {
        let found = checked(&of(&taker(numbers)), Some(&of("")), settings(), &["change"]);
        let said = errors(&found);
        assert_eq!(said.iter().any(|(code, _)| *code == "CC0210"), is_lost, "{numbers}: {said:?}");
    }
}

/// What a template type claims may change though it does not: another one that leaves no doubt any more, or a new one that takes nothing. And what is
/// shown as matched by one release alone is matched by that one alone.
#[test]
fn what_surroundings_do_to_rules_is_told_with_events_that_show_it() {
    let acme = "serves { product: acme }";
    let of = |templates: &str, items: &str| {
        let rule = format!(
            "title: R\nid: 0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8403\nlogsource:\n    product: acme\ndetection:\n    s:\n{items}\n    condition: s\nlevel: low\n"
        );
        let text = templates.to_owned();
        let sources =
            vec![(Source::new("t.content", text), Language::Native), (Source::new("r.yml", rule), Language::Sigma)];
        Built::new(Gathered::of(sources), false, 1).unwrap()
    };
    let open = format!("template t.o @ 1 {{ {acme} reads {{ Channel: \"Acme/A\" }} open 1 Foo: string? }}\n");
    let fixed = |name: &str, provider: &str, numbers: &str, field: &str| {
        format!(
            "template {name} @ 1 {{ {acme} reads {{ Channel: \"Acme/A\", Provider_Name: \"{provider}\", EventID: {numbers} }} 1 {field}: string? nocase }}\n"
        )
    };
    let (f, n) = (fixed("t.f", "P", "[2, 3]", "Baz"), fixed("t.n", "Q", "2", "Qux"));
    let elsewhere = |serves: &str| {
        format!("template t.e @ 1 {{ {serves} reads {{ Channel: \"Acme/B\" }} 1 Foo: string? nocase }}\n")
    };
    let several = |open: &str| {
        format!(
            "template t.s @ 1 {{ {acme} reads {{ Channel: [\"A\", \"B\"], Provider_Name: \"P\", EventID: 1 }} {open} 1 Foo: string? nocase }}\n"
        )
    };
    let typed = |ty: &str| {
        format!(
            "template t.t @ 1 {{ {acme} reads {{ Channel: \"Acme/A\", Provider_Name: \"P\", EventID: 5 }} 1 Foo: {ty} }}\n"
        )
    };
    let evil = "        Foo: evil";
    for (before, now, items, is_lost, is_gained) in [
        (format!("{open}{f}{n}"), format!("{open}{f}"), "        Foo: evil\n        Provider_Name: null", true, false),
        (format!("{open}{f}"), format!("{open}{f}{n}"), "        Foo: evil\n        Provider_Name: null", false, true),
        (format!("{open}{}", elsewhere("")), format!("{open}{}", elsewhere(acme)), evil, false, true),
        (several("open"), several(""), evil, false, true),
        // An event of both open ones was matched before.
        (open.clone(), format!("{open}{}", open.replace("t.o", "t.p")), evil, false, false),
        (open.clone(), format!("{open}{}", typed("list<string nocase>?")), evil, false, false),
        (open.clone(), format!("{open}{}", typed("bool?")), "        Foo: true", false, false),
    ] {
        let found = checked(&of(&now, items), Some(&of(&before, items)), settings(), &["change"]);
        let change = found.checks.iter().find(|check| check.name == "change").unwrap();
        let lost = change.findings.iter().any(|found| found.code == "CC0210");
        let gained = found.changes.iter().any(|change| change.gains.is_some());
        assert_eq!(
            (lost, gained),
            (is_lost, is_gained),
            "{before}\n{now}\n{items}: {:?} {:?}",
            change.findings,
            found.changes
        );
        assert!(found.changes.iter().all(|change| change.loses.is_none()), "{:?}", found.changes);
    }
}

/// What a template type serves decides which Sigma rules are on it. Rules that it no longer serves lose its events though nobody touched them, and one
/// that was rewritten to leave it does not.
#[test]
fn rules_that_template_types_take_from_where_they_were_are_told() {
    let template = |name: &str, version: u32, serves: &str| {
        format!(
            "template acme.{name} @ {version} {{\n    {serves}\n    reads {{ Channel: \"{name}\" }}\n    1 image: string? nocase\n}}\n"
        )
    };
    let log = "serves { product: acme, category: log }";
    let spelt = |templates: &[String], category: &str, spell: &dyn Fn(String) -> String| {
        let rules = (1..=3).map(|at| {
            let text = format!(
                "title: R{at}\nid: 0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f840{at}\nlogsource:\n    product: acme\n{category}detection:\n    s:\n        image|endswith: 'a{at}'\n    condition: s\nlevel: low\n"
            );
            (Source::new(format!("r{at}.yml"), spell(text)), Language::Sigma)
        });
        let templates = (Source::new("t.content", templates.concat()), Language::Native);
        Built::new(Gathered::of(rules.chain([templates]).collect()), false, 1).unwrap()
    };
    let of = |templates: &[String], category: &str| spelt(templates, category, &|text| text);
    let (own, any) = ("    category: log\n", "");
    let before = [template("one", 1, log), template("two", 1, log)];
    let served = |serves: &str| vec![before[0].clone(), template("two", 1, serves)];
    let also = format!("{log}\n    serves {{ product: acme, category: other }}");
    for (now, category, is_told) in [
        (served("serves { product: acme, category: logx }"), own, true),
        (served("serves { product: other, category: log }"), own, true),
        (served("serves { product: acme, category: log, service: a }"), own, false),
        (vec![before[0].clone(), template("two", 2, "serves { product: acme, category: other }")], own, true),
        (vec![before[0].clone()], own, true),
        (served(&also), own, false),
        (served("serves { product: acme, category: other }"), any, false),
        (before.to_vec(), own, false),
    ] {
        for (then, allow_shrink) in [(category, false), (category, true), ("    service: a\n", false)] {
            let settings = Settings { allow_shrink, ..settings() };
            let found = checked(&of(&now, category), Some(&of(&before, then)), settings, &["lint", "change"]);
            let said: Vec<_> = errors(&found).into_iter().filter(|(code, _)| *code == "CC0210").collect();
            let expected = is_told && !allow_shrink && then == category;
            assert_eq!(said.len(), usize::from(expected), "{now:?} {category}: {said:?}");
            assert!(
                said.iter().all(|(_, said)| said.contains(
                    "and 2 other rules are no longer on acme.two @ 1; with the template types of the previous"
                )),
                "{said:?}"
            );
        }
    }
    // Whatever else is another one in the document, and whatever the rules ask for now, unless they ask for nothing there.
    let now = served("serves { product: acme, category: other }");
    let image = "image|endswith: 'a";
    let spellings: [&dyn Fn(String) -> String; 11] = [
        &|text| text.replace('\n', "\r\n"),
        &|text| format!("# of 2026\n{text}"),
        &|text| text.replace("condition: s", "condition:  s"),
        &|text| format!("{text}modified: 2026-01-15\n"),
        &|text| text.replace("level: low", "level: high"),
        &|text| text.replace("category: log", "category: LOG"),
        &|text| text.replace(image, "image|re: '(?i)a"),
        &|text| text.replace(image, "image|contains: 'a"),
        &|text| text.replace("condition: s", "f:\n        image|startswith: 'b'\n    condition: s and not f"),
        &|text| text.replace("condition: s", "f:\n        image|startswith: 'b'\n    condition: s or f"),
        &|text| text.replace("condition: s", "f:\n        Channel: 'three'\n    condition: s and not f"),
    ];
    for (at, spell) in spellings.into_iter().enumerate() {
        let found = checked(&spelt(&now, own, spell), Some(&of(&before, own)), settings(), &["lint", "change"]);
        assert!(errors(&found).iter().any(|(code, _)| *code == "CC0210"), "{at}: {:?}", errors(&found));
        let found = checked(&spelt(&before, own, spell), Some(&of(&before, own)), settings(), &["lint", "change"]);
        assert!(errors(&found).iter().all(|(code, _)| *code != "CC0210"), "{at}: {:?}", errors(&found));
    }
    // A rule that reads what the template types as they were lack: it is asked where it was.
    let with_host = |templates: &[String]| -> Vec<String> {
        templates.iter().map(|text| text.replace("nocase\n}", "nocase\n    2 host: string? nocase\n}")).collect()
    };
    let host: [&dyn Fn(String) -> String; 3] = [
        &|text| text.replace("condition: s", "f:\n        host: 'b'\n    condition: s or f"),
        &|text| text.replace("condition: s", "f:\n        host: 'b'\n    condition: s and not f"),
        &|text| text.replace("condition: s", "f:\n        image|fieldref: host\n    condition: s or (s and f)"),
    ];
    for (at, spell) in host.into_iter().enumerate() {
        for (templates, is_told) in [(with_host(&now), true), (with_host(&before), false)] {
            let found =
                checked(&spelt(&templates, own, spell), Some(&of(&before, own)), settings(), &["lint", "change"]);
            assert_eq!(errors(&found).iter().any(|(code, _)| *code == "CC0210"), is_told, "{at}: {:?}", errors(&found));
        }
    }
    // Under another id it is the same rule.
    let found = checked(
        &spelt(&now, own, &|text| text.replace("id: 0d6f3c7e", "id: 0d6f3c7f")),
        Some(&of(&before, own)),
        settings(),
        &["lint", "change"],
    );
    assert!(errors(&found).iter().any(|(code, _)| *code == "CC0210"), "{:?}", errors(&found));
    let leave: [&dyn Fn(String) -> String; 2] =
        [&|text| text.replace("condition: s", "f:\n        Channel: 'two'\n    condition: s and not f"), &|text| {
            text.replace("condition: s", "f:\n        Channel: 'one'\n    condition: s and f")
        }];
    for (at, spell) in leave.into_iter().enumerate() {
        for templates in [&before[..], &now] {
            let found =
                checked(&spelt(templates, own, spell), Some(&of(&before, own)), settings(), &["lint", "change"]);
            assert!(errors(&found).iter().all(|(code, _)| *code != "CC0210"), "{at}: {:?}", errors(&found));
        }
    }
}

/// A log source that goes to a template type with the same `reads`: what is recorded is found as before, and sensors that know the former one alone
/// do not find it.
#[test]
fn a_sensor_that_supplies_what_a_rule_is_no_longer_on_is_told() {
    let template = |name: &str, serves: &str, channel: &str| {
        format!(
            "template acme.{name} @ 1 {{\n serves {{ product: acme, category: {serves} }}\n reads {{ Channel: \"{channel}\" }}\n 1 image: string? nocase\n}}\n"
        )
    };
    let manifest = |sensor: &str, supplied: &[&str]| {
        let of: Vec<String> = supplied
            .iter()
            .map(|name| format!("\"acme.{name}\":{{\"inputs\":[{{\"name\":\"image\",\"type\":\"string?\"}}]}}"))
            .collect();
        let of = of.join(",");
        let json = format!("{{\"format\":1,\"sensor\":\"{sensor}\",\"version\":\"1\",\"templates\":{{{of}}}}}");
        Manifest::parse(&Source::new("m.json", json)).unwrap()
    };
    let built = |templates: &[String], sensors: &[(&str, &[&str])]| {
        let rule = "title: R\nid: 0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8401\nlogsource: {product: acme, category: log}\ndetection:\n    s:\n        image: 'a'\n    condition: s\nlevel: low\n";
        let sources = vec![
            (Source::new("r.yml", rule), Language::Sigma),
            (Source::new("t.content", templates.concat()), Language::Native),
        ];
        let all = sensors.iter().map(|(name, supplied)| manifest(name, supplied)).collect();
        let fleet = (!sensors.is_empty()).then(|| Fleet::new(all).unwrap());
        Built::new(Gathered { fleet, ..Gathered::of(sources) }, false, 1).unwrap()
    };
    let one = template("one", "log", "one");
    let before = [one.clone(), template("two", "log", "two")];
    let after = [one, template("two", "other", "two"), template("three", "log", "two")];
    let (all, two): (&[&str], &[&str]) = (&["one", "two", "three"], &["two"]);
    for (then, now, is_told) in [
        (&[("acme", &["one", "two"][..])][..], &[("acme", &["one", "two"][..])][..], true),
        (&[("acme", two)], &[("acme", two)], true),
        (&[("acme", all)], &[("acme", all)], false),
        (&[("acme", &["one"])], &[("acme", &["one"])], false),
        (&[], &[], false),
        (&[("acme", all), ("other", two)], &[("acme", all), ("other", two)], true),
        // A product that is new in the fleet never had the events.
        (&[("acme", all)], &[("acme", all), ("other", two)], false),
    ] {
        let found = checked(&built(&after, now), Some(&built(&before, then)), settings(), &["lint", "change"]);
        let said = errors(&found);
        assert_eq!(said.iter().any(|(code, _)| *code == "CC0210"), is_told, "{then:?} {now:?}: {said:?}");
    }
}
