//! What fixed template types claim of an open one's events: what is proved of rules on open template types is about events that are
//! theirs once they are recorded.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop")]

use std::sync::LazyLock;

use contentcheck_analysis::{Analysis, Fires};
use contentcheck_compiler::{Options, compile};
use contentcheck_events::{Flattener, Layout, Router, Scratch};
use contentcheck_model::catalogue::Catalogue;
use contentcheck_model::language::Language;
use contentcheck_model::rule::{RuleId, Target};
use contentcheck_model::source::Source;
use contentcheck_model::template::{CHANNEL, EVENT_ID, Fixed, PROVIDER, TemplateType};
use contentcheck_parser::release::{Checking, Gathered, WithErrors};
use contentcheck_reference::{Event, evaluate};
use contentcheck_run::Plan;
use contentcheck_run::proof;
use contentcheck_run::testing::Tester;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value as Json, json};

const PRODUCT: &str = "product: windows";

static ROUTER: LazyLock<Router> = LazyLock::new(|| {
    let catalogue = Catalogue::new(contentcheck_library::templates().unwrap().iter().cloned());
    Router::new(catalogue.newest().into_iter().cloned())
});

fn values<'t>(template: &'t TemplateType, name: &str) -> &'t [Fixed] {
    template.reads.iter().find(|of| of.name == name).map_or(&[], |of| of.values.as_slice())
}

/// Open template types of the library, each with a fixed one that claims some of its events.
static CLAIMS: LazyLock<Vec<(usize, usize)>> = LazyLock::new(|| {
    let all = ROUTER.templates();
    let pairs = (0..all.len()).flat_map(|open| (0..all.len()).map(move |fixed| (open, fixed)));
    pairs
        .filter(|(open, fixed)| all[*fixed].stands_before(&all[*open]) && !values(&all[*fixed], EVENT_ID).is_empty())
        .collect()
});

/// A rule on the log source of an open template type, as it was checked against the library; its target on that type.
fn target(open: &TemplateType, detection: &str) -> Option<Target> {
    let source = open.serves.first()?;
    let service = source.service.as_ref().map(|service| format!("service: {service}"));
    let category = source.category.as_ref().map(|category| format!("category: {category}"));
    let source = [Some(PRODUCT.to_owned()), category, service].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let rule = format!(
        "title: S\nid: 0d6f3c7e-1f57-4f62-9a4f-6d0c1f520001\nlogsource: {{{source}}}\ndetection:\n  s:\n{detection}  condition: s\nlevel: low\n"
    );
    let mut gathered = Gathered::of(vec![(Source::new("s.yml", rule), Language::Sigma)]);
    gathered.library = contentcheck_library::templates().unwrap().iter().cloned().collect();
    let content = gathered.check(&Checking::default()).judge().ship(WithErrors::LeaveOut).ok()?;
    let rule = content.rules().first()?;
    rule.targets.iter().find(|target| target.template.name == open.name).cloned()
}

fn routes(record: &Json) -> Vec<usize> {
    let (mut flattener, mut found) = (Flattener::new(), Vec::new());
    let record = record.to_string();
    ROUTER.route(&flattener.flatten(record.as_bytes()).unwrap(), None, &mut found);
    found
}

#[test]
fn the_library_has_open_template_types_of_which_others_claim_events() {
    let mut open: Vec<usize> = CLAIMS.iter().map(|(open, _)| *open).collect();
    open.dedup();
    assert!(open.len() >= 5 && CLAIMS.len() > 300, "{} {}", open.len(), CLAIMS.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// An event that is shown for a rule on an open template type is recorded as one of it, whatever the rule asks of its number and its
    /// provider; where it can be none, the rule never fires.
    #[test]
    fn events_that_are_shown_are_of_the_open_template_type(
        pair in any::<Index>(), number in any::<Index>(),
        how in select(vec!["", "|contains", "|endswith", "|startswith", "|re", "|gte", "|lte"]),
        zeros in select(vec!["", "0", "00", "+", "0x", "0X00"]), other in any::<bool>(), upper in any::<bool>(),
        provider in select(vec!["", "own", "other", "null"]),
    ) {
        let (open, fixed) = CLAIMS[pair.index(CLAIMS.len())];
        let (open_type, fixed) = (&ROUTER.templates()[open], &ROUTER.templates()[fixed]);
        let Fixed::Int(number) = &values(fixed, EVENT_ID)[number.index(values(fixed, EVENT_ID).len())] else { return Ok(()) };
        let number = if zeros.starts_with(['0']) && zeros.contains(['x', 'X']) && !how.ends_with("te") {
            if upper { format!("{number:X}") } else { format!("{number:x}") }
        } else {
            number.to_string()
        };
        let asked = match how {
            "|gte" | "|lte" => number.clone(),
            "|re" => format!("'^{}{number}$'", zeros.replace('+', "\\+")),
            _ if other => format!("['{zeros}{number}', '999999']"),
            _ => format!("'{zeros}{number}'"),
        };
        let own = values(fixed, PROVIDER).first().map(|own| own.text().into_owned()).unwrap_or_default();
        let provider = match provider {
            "own" => format!("    Provider_Name: '{own}'\n"),
            "other" => "    Provider_Name: 'Somebody Else'\n".to_owned(),
            "null" => "    Provider_Name: null\n".to_owned(),
            _ => String::new(),
        };
        let detection = format!("    EventID{how}: {asked}\n    Foo|contains: 'evil'\n{provider}");
        let Some(target) = target(open_type, &detection) else { return Ok(()) };
        let mut analysis = Analysis::new(&proof::fires);
        let mut events = Vec::new();
        match analysis.fires(&target) {
            Fires::Yes(event) => events.push(event),
            Fires::Never(_) => prop_assert!(!asked.contains("999999") && !provider.contains("Else"), "{detection}"),
            Fires::Unknown(reason) => prop_assert!(false, "{detection}: {reason}"),
        }
        events.extend(proof::near_misses(&mut analysis, &target).into_iter().map(|near| near.event));
        for event in events {
            let record = Json::Object(proof::json(&target.template, &event));
            prop_assert!(routes(&record).contains(&open), "{detection}{record}");
        }
    }

    /// What is known to be claimed is claimed: no event of the open template type is proved away.
    #[test]
    fn what_is_known_to_be_claimed_is_no_event_of_the_open_template_type(
        pair in any::<Index>(), number in any::<Index>(), form in 0..8_usize, provider in 0..5_usize,
    ) {
        let (open, fixed) = CLAIMS[pair.index(CLAIMS.len())];
        let (open_type, fixed) = (&ROUTER.templates()[open], &ROUTER.templates()[fixed]);
        let Some(target) = target(open_type, "    EventID|gte: 0\n    Provider_Name|contains: 'x'\n") else { return Ok(()) };
        let numbers = values(fixed, EVENT_ID);
        let Fixed::Int(number) = numbers[number.index(numbers.len())] else { return Ok(()) };
        let number = match form {
            0 => json!(number),
            1 => json!(number.to_string()),
            2 => json!(format!("0{number}")),
            3 => json!(format!("0x{number:x}")),
            4 => json!(format!(" {number}")),
            5 => json!(format!("{number}.0")),
            6 => serde_json::from_str(&format!("{number}.0")).unwrap(),
            _ => json!(number + 1),
        };
        let own = values(fixed, PROVIDER).first().map(|own| own.text().into_owned());
        let own = own.unwrap_or_else(|| "Own".to_owned());
        let mut record = json!({EVENT_ID: number, "Foo": "evil"});
        let channel = values(open_type, CHANNEL).first().or(values(fixed, CHANNEL).first());
        record[CHANNEL] = json!(channel.map(|channel| channel.text().into_owned()));
        match provider {
            0 => record[PROVIDER] = json!(own),
            1 => record[PROVIDER] = json!(own.to_uppercase()),
            2 => record[PROVIDER] = json!("Somebody Else"),
            3 => record[PROVIDER] = json!(null),
            _ => {}
        }
        let mut event = Event::empty(open_type);
        let Json::Object(members) = &record else { return Ok(()) };
        for (name, value) in members {
            let value = match value {
                Json::String(text) => Some(contentcheck_model::value::Value::String(text.clone())),
                Json::Number(number) => Some(number.as_i64().map_or_else(
                    || contentcheck_model::value::Value::Float(number.as_f64().unwrap()),
                    contentcheck_model::value::Value::Int,
                )),
                _ => None,
            };
            event.set(&open_type.named(name), value);
        }
        let claimed = target.claimed.as_ref().unwrap();
        let is_claimed = evaluate(&target.with_condition(claimed.condition.clone()), &event).unwrap();
        prop_assert!(!is_claimed || !routes(&record).contains(&open), "{record}");
    }
}

/// A fixed template type and an open one of a release of its own, and a rule on the open one.
fn own_release(fixed: &str, open: &str, condition: &str) -> Option<(Router, Target)> {
    let serves = "serves { product: acme, service: s }";
    let text = format!(
        "template t.fixed @ 1 {{ {serves} reads {{ {fixed} }} 1 Bar: string? }}\n\
         template t.open @ 1 {{ {serves} reads {{ {open} }} open 1 Foo: string? }}\n\
         rule r {{ id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f520002\" template: t.open @ 1 severity: low when {condition} }}\n"
    );
    let gathered = Gathered::of(vec![(Source::new("a.content", text), Language::Native)]);
    let content = gathered.check(&Checking::default()).judge().ship(WithErrors::LeaveOut).ok()?;
    let target = content.rules().first()?.targets.first()?.clone();
    let router = Router::new(content.catalogue().newest().into_iter().cloned());
    Some((router, target))
}

/// Whether a record is of a template type and a rule on it matches, as events are recorded and read.
fn matches(router: &Router, target: &Target, record: &Json) -> bool {
    let (mut flattener, mut found) = (Flattener::new(), Vec::new());
    let record = record.to_string();
    let flat = flattener.flatten(record.as_bytes()).unwrap();
    router.route(&flat, None, &mut found);
    let template = &target.template;
    if !found.iter().any(|at| router.templates()[*at].name == template.name) {
        return false;
    }
    let names = ["src", "kind", EVENT_ID, CHANNEL, PROVIDER];
    let undeclared: Vec<&str> = names.into_iter().filter(|name| template.named(name).is_undeclared()).collect();
    let owned = Layout::of(template, &undeclared).owned(&flat, template, false, &mut Scratch::default());
    let mut event = Event::empty(template);
    for (field, value) in owned.values {
        event.set(&field, Some(value));
    }
    evaluate(target, &event).unwrap()
}

/// What a name may be recorded as, and what is fixed of it.
fn spellings(name: &str) -> (Vec<&'static str>, Vec<Json>) {
    match name {
        "src" => (vec!["\"a\"", "\"A\"", "\"b\"", "[\"a\", \"b\"]"], vec![json!("a"), json!("B"), json!("c")]),
        "kind" => (vec!["1", "\"1\"", "\"01\"", "[1, 2]"], vec![json!("0x1"), json!(1), json!("01"), json!("2")]),
        CHANNEL => (vec!["\"Log\"", "[\"Log\", \"Other\"]"], vec![json!("log"), json!("Other"), json!("Third")]),
        PROVIDER => (vec!["\"P\"", "[\"P\", \"Q\"]"], vec![json!("P"), json!("q"), json!("R")]),
        _ => (
            vec!["7", "[7, 8]", "\"7\"", "\"07\""],
            vec![json!(7), json!("7"), json!("0x7"), json!("07"), json!(8), json!(9)],
        ),
    }
}

const NAMES: [&str; 5] = ["src", "kind", CHANNEL, PROVIDER, EVENT_ID];

fn reads() -> impl Strategy<Value = Vec<String>> {
    proptest::sample::subsequence(NAMES.to_vec(), 1..=3).prop_flat_map(|names| {
        let each: Vec<_> = names
            .into_iter()
            .map(|name| select(spellings(name).0).prop_map(move |values| format!("{name}: {values}")))
            .collect();
        each
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(768))]

    /// Whatever two template types read: what is shown is an event of the open one on which the rule matches, and where the rule is said
    /// to match none there is none.
    #[test]
    fn what_is_proved_on_an_open_template_type_of_a_release_is_so(
        fixed in reads(), open in reads(), asked in select(vec![None, Some(0), Some(1), Some(2), Some(3), Some(4)]), which in any::<Index>(),
    ) {
        let condition = match asked {
            None => "Foo == \"evil\"".to_owned(),
            Some(at) => {
                let recorded = spellings(NAMES[at]).1;
                let value = recorded[which.index(recorded.len())].clone();
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                format!("Foo == \"evil\" and {} == \"{value}\"", NAMES[at])
            }
        };
        let (fixed, open) = (fixed.join(", "), open.join(", "));
        let Some((router, target)) = own_release(&fixed, &open, &condition) else { return Ok(()) };
        let mut analysis = Analysis::new(&proof::fires);
        let shown = analysis.fires(&target);
        if let Fires::Yes(event) = &shown {
            let record = Json::Object(proof::json(&target.template, event));
            prop_assert!(matches(&router, &target, &record), "{fixed} | {open} | {condition}: {record}");
            return Ok(());
        }
        // All records of these spellings, each name there or not.
        let mut records = vec![json!({"Foo": "evil"})];
        for name in NAMES {
            let with = |record: &Json, value: &Json| {
                let mut record = record.clone();
                record[name] = value.clone();
                record
            };
            let values = spellings(name).1;
            let more: Vec<Json> =
                records.iter().flat_map(|record| values.iter().map(|value| with(record, value))).collect();
            records.extend(more);
        }
        let found = records.iter().find(|record| matches(&router, &target, record));
        prop_assert!(found.is_none() || matches!(shown, Fires::Unknown(_)), "{shown:?}: {fixed} | {open} | {condition}: {found:?}");
        // A text of digits is recorded in one way, a number in several: which one is meant is not told apart.
        let told = ["\"1\"", "\"01\"", "\"7\"", "\"07\""].iter().all(|digits| !fixed.contains(digits));
        prop_assert!(matches!(shown, Fires::Never(_)) || !told, "{shown:?}: {fixed} | {open} | {condition}");
    }
}

/// A test of a native rule shows it an event that could be recorded, as one beside a Sigma rule does.
#[test]
fn a_test_block_shows_the_rule_no_event_that_is_claimed() {
    let seen = |fixed: &str, open: &str| {
        let serves = "serves { product: acme, service: s }";
        let text = format!(
            "template t.fixed @ 1 {{ {serves} reads {{ {fixed} }} 1 Bar: string? }}\n\
             template t.open @ 1 {{ {serves} reads {{ {open} }} open 1 Foo: string? }}\n\
             rule r {{ id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f520002\" template: t.open @ 1 severity: low when Foo == \"evil\"\n\
             test fires {{ Foo: \"evil\" }} }}\n"
        );
        let gathered = Gathered::of(vec![(Source::new("a.content", text), Language::Native)]);
        let content = gathered.check(&Checking::default()).judge().ship(WithErrors::LeaveOut).unwrap();
        let image = compile(&content, Options::default()).unwrap();
        let plan = Plan::for_recorder(&content, &image).unwrap();
        let (id, rule) = RuleId::count(content.rules()).next().unwrap();
        let seen = Tester::new(&plan).own(id, rule, &rule.tests[0]);
        (seen.shown, seen.fires)
    };
    assert_eq!(seen("src: \"a\", kind: 1", "src: \"a\""), (1, true));
    assert_eq!(seen("src: [\"A\", \"b\"]", "src: \"a\""), (0, false));
    assert_eq!(seen("EventID: 7", "EventID: \"0x7\""), (0, false));
}

/// A rule on an older version of a template type sees what the newest one recognises; and an event that may be of several template types is of
/// none, whatever its rules ask for. What is read with a space in its name is no name of an event of Windows.
#[test]
fn what_is_shown_is_recognised_by_the_newest_version_and_in_no_doubt() {
    let fires = |text: &str, when: &str| {
        let rule = format!(
            "rule r {{ id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f520003\" template: t.o @ 1 severity: low when {when} }}\n"
        );
        let gathered = Gathered::of(vec![(Source::new("a.content", format!("{text}{rule}")), Language::Native)]);
        let content = gathered.check(&Checking::default()).judge().ship(WithErrors::LeaveOut).unwrap();
        let target = &content.rules()[0].targets[0];
        match Analysis::new(&proof::fires).fires(target) {
            Fires::Yes(_) => "fires",
            Fires::Never(_) => "never",
            Fires::Unknown(_) => "unknown",
        }
    };
    let acme = "serves { product: acme }";
    let fixed = format!("template t.f @ 1 {{ {acme} reads {{ src: [\"a\", \"b\"] }} 1 Baz: string? }}\n");
    let first = "template t.o @ 1 { reads { src: \"a\" } open 1 Foo: string? }\n";
    let second = format!("template t.o @ 2 {{ {acme} reads {{ src: \"a\" }} open 1 Foo: string? 2 Goo: string? }}\n");
    assert_eq!(fires(&format!("{fixed}{first}"), "Foo == \"evil\""), "fires");
    assert_eq!(fires(&format!("{fixed}{first}{second}"), "Foo == \"evil\""), "never");
    let serves = "serves { product: windows, service: acme }";
    let of = |name: &str, channel: &str, provider: &str, number: u32| {
        format!(
            "template {name} @ 1 {{ {serves} reads {{ Channel: {channel}, Provider_Name: {provider}, EventID: {number} }} 1 Foo: string? }}\n"
        )
    };
    let own = of("t.o", "[\"Acme/A\", \"Acme/B\"]", "\"Acme\"", 1);
    let lacks_channel = "Foo == \"evil\" and not Channel exists";
    for (other, expected) in [
        (of("t.y", "\"Acme/C\"", "\"Acme\"", 1), "never"),
        (of("t.y", "\"Acme/C\"", "\"Acme\"", 2), "fires"),
        (of("t.y", "\"Acme/C\"", "\"Other\"", 1), "fires"),
        (of("t.y", "[\"Acme/A\", \"Acme/B\"]", "\"Acme\"", 1), "fires"),
    ] {
        assert_eq!(fires(&format!("{own}{other}"), lacks_channel), expected, "{other}");
        assert_eq!(fires(&format!("{own}{other}"), "Foo == \"evil\""), "fires", "{other}");
    }
    let spaced = format!(
        "template t.o @ 1 {{ {acme} reads {{ LogName: \"A\", `Threat Name`: \"b\" }} 1 Foo: string? 2 EventID: int? }}\n"
    );
    assert_eq!(fires(&spaced, "Foo == \"evil\""), "fires");
    assert_ne!(fires(&spaced, "Foo == \"evil\" and EventID == 5"), "fires");
}
