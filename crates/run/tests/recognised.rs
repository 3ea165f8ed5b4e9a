//! What an event is recognised by is to all rules as the template type writes it, however it was recorded, and what is proved of rules
//! is true of it.

use contentcheck_analysis::findings::Depth;
use contentcheck_compiler::{Options, compile};
use contentcheck_events::Flattener;
use contentcheck_model::language::Language;
use contentcheck_model::rule::RuleId;
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checking, Gathered, WithErrors};
use contentcheck_run::testing::Tester;
use contentcheck_run::{Plan, Route};
use proptest::prelude::*;
use proptest::sample::select;

const KIND: &str = ", kind: [\"Proc\", \"17\", \"File\"]";
const TEMPLATE: &str = "template t.a @ 1 {
    serves { product: acme, category: a }
    reads { Channel: \"Acme/Log\", Provider_Name: \"Acme-Provider\", EventID: 7, kind: [\"Proc\", \"17\", \"File\"] }
    1 v: string?
    2 w: string? nocase
}
table names @ 1 { k: string key } rows [[\"Acme-Provider\"], [\"Proc\"]]
";

/// Words that a rule may ask of a name, spelled in several ways.
fn word() -> impl Strategy<Value = &'static str> {
    select(vec![
        "Acme-Provider",
        "acme-provider",
        "Acme/Log",
        "ACME/LOG",
        "Proc",
        "proc",
        "file",
        "17",
        "17.0",
        "7",
        "Acme",
        "acme",
        "r",
        "",
    ])
}

fn name() -> impl Strategy<Value = &'static str> {
    select(vec!["Channel", "Provider_Name", "EventID", "kind"])
}

/// What a Sigma rule asks of such names, and of keywords.
fn sigma() -> impl Strategy<Value = String> {
    let how = select(vec![
        "",
        "|cased",
        "|contains",
        "|contains|cased",
        "|startswith|cased",
        "|endswith",
        "|re",
        "|re|i",
        "|neq",
    ]);
    let asked = (name(), how, word()).prop_filter_map("no text of a number", |(name, how, word)| {
        let is_number = name == "EventID";
        (!is_number || (how.is_empty() && word.parse::<u32>().is_ok())).then(|| format!("{name}{how}: '{word}'"))
    });
    let there = (name(), any::<bool>()).prop_map(|(name, there)| format!("{name}|exists: {there}"));
    let other = (select(vec!["Channel", "Provider_Name", "kind"]), select(vec!["v", "w"]))
        .prop_map(|(name, of)| format!("{of}|fieldref: {name}"));
    let keyword = (select(vec!["", "|cased", "|re", "|startswith|cased"]), word())
        .prop_filter_map("an empty keyword", |(how, word)| (!word.is_empty()).then(|| format!("'{how}': '{word}'")));
    prop_oneof![4 => asked, 1 => there, 1 => other, 2 => keyword]
}

/// The same of a native rule.
fn native() -> impl Strategy<Value = String> {
    let name = || select(vec!["Channel", "Provider_Name", "kind"]);
    prop_oneof![
        name().prop_map(|name| format!("{name} exists")),
        name().prop_map(|name| format!("{name} in names")),
        (name(), select(vec!["v", "w"])).prop_map(|(name, of)| format!("{name} == {of}")),
        (name(), select(vec!["v", "w"])).prop_map(|(name, of)| format!("{of} contains {name}")),
        (name(), word()).prop_map(|(name, word)| format!("{name} == \"{word}\"")),
        (name(), word()).prop_map(|(name, word)| format!("{name} matches \"(?-i)^{}\"", word.replace('.', "\\\\."))),
        (name(), word()).prop_map(|(name, word)| format!("{name} starts_with \"{word}\"")),
    ]
}

/// How a recorder may say it: the channel, the provider, the number and the kind.
fn said() -> impl Strategy<Value = [&'static str; 4]> {
    let channel = select(vec![
        "\"Channel\":\"Acme/Log\",",
        "\"Channel\":\"ACME/log\",",
        "\"Channel\":[\"acme/log\"],",
        "\"LogName\":\"acme/LOG\",",
    ]);
    let provider = select(vec![
        "\"Provider_Name\":\"Acme-Provider\",",
        "\"Provider_Name\":\"acme-provider\",",
        "\"Provider_Name\":null,",
        "\"SourceName\":\"acme-PROVIDER\",",
    ]);
    let number = select(vec!["\"EventID\":7,", "\"EventID\":\"7\",", "\"EventID\":\"0x7\",", "\"EventCode\":7.0,"]);
    let kind = select(vec![
        "\"kind\":\"PROC\",",
        "\"kind\":[\"Proc\"],",
        "\"kind\":\"file\",",
        "\"kind\":17,",
        "\"kind\":\"17\",",
    ]);
    (channel, provider, number, kind).prop_map(|(channel, provider, number, kind)| [channel, provider, number, kind])
}

/// The same, as the template type writes it.
fn as_declared(kind: &str) -> String {
    let kind = if kind.is_empty() {
        String::new()
    } else if kind.to_ascii_lowercase().contains("proc") {
        "\"kind\":\"Proc\",".to_owned()
    } else if kind.contains("17") {
        "\"kind\":\"17\",".to_owned()
    } else {
        "\"kind\":\"File\",".to_owned()
    };
    format!("\"Channel\":\"Acme/Log\",\"Provider_Name\":\"Acme-Provider\",\"EventID\":7,{kind}")
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(192) })]

    #[test]
    fn how_a_recorder_spells_what_an_event_is_recognised_by_does_not_count(
        asked in proptest::collection::vec((sigma(), any::<bool>()), 1..5),
        own in proptest::collection::vec((native(), any::<bool>()), 1..4),
        // Of channel, provider and number alone an event may leave the provider out.
        in_part in any::<bool>(),
        said in proptest::collection::vec((said(), select(vec!["Acme-Provider", "acme-provider", "PROC", "17", "x"])), 1..5),
    ) {
        let id = |at: usize| format!("0d6f3c7e-1f57-4f62-9a4f-6d0c1f50{at:04x}");
        let mut text = if in_part { TEMPLATE.replace(KIND, "") } else { TEMPLATE.to_owned() };
        for (at, (condition, holds)) in own.iter().enumerate() {
            let condition = if *holds { condition.clone() } else { format!("not ({condition})") };
            text += &format!("rule n{at} {{ id: \"{}\" template: t.a @ 1 severity: low when {condition} }}\n", id(100 + at));
        }
        let mut sources = vec![(Source::new("t.content", text), Language::Native)];
        sources.extend(asked.iter().enumerate().map(|(at, (item, holds))| {
            let condition = if *holds { "s" } else { "not s" };
            let rule = format!(
                "title: S{at}\nid: {}\nlogsource:\n    product: acme\n    category: a\ndetection:\n    s:\n        {item}\n    condition: {condition}\nlevel: low\n",
                id(at)
            );
            (Source::new(format!("{at}.yml"), rule), Language::Sigma)
        }));
        let depth = Depth::Deep;
        let judged = Gathered::of(sources).check(&Checking { further: Some(&depth), ..Checking::default() }).judge();
        let content = judged.ship(WithErrors::LeaveOut).expect("rules that ship");
        if content.rules().is_empty() {
            return Ok(());
        }
        let never: Vec<&str> = judged.findings().iter().filter(|found| found.code.id == "CC0611").filter_map(|found| found.rule.as_deref()).collect();
        let image = compile(&content, Options::default()).unwrap();
        let plan = Plan::for_recorder(&content, &image).unwrap();
        let (mut worker, mut flattener) = (plan.worker(), Flattener::new());
        let mut fired_as = |record: &str, forced: Option<Route>| {
            let flat = flattener.flatten(record.as_bytes()).unwrap();
            let mut found = Vec::new();
            worker.evaluate(&flat, forced, |_, rule| found.extend(content.rules().get(rule.index()).map(|rule| rule.name.clone()))).unwrap();
            found.sort();
            found
        };
        let forced = plan.find("t.a");
        for (said, value) in &said {
            let [channel, provider, number, kind] = *said;
            let provider = if in_part || provider.contains("Provider_Name\":\"") { provider } else { "\"Provider_Name\":\"ACME-provider\"," };
            let kind = if in_part { "" } else { kind };
            let rest = format!("\"v\":\"{value}\",\"w\":\"{value}\"");
            let record = format!("{{{}{rest}}}", [channel, provider, number, kind].concat());
            let plain = format!("{{{}{rest}}}", as_declared(kind));
            let seen = fired_as(&record, None);
// Keywords also see what an exporter calls by its own names.
            if !["SourceName", "LogName", "EventCode"].iter().any(|name| record.contains(name)) {
                prop_assert_eq!(&seen, &fired_as(&plain, None), "{} and {}", record, plain);
            }
            for name in &seen {
                prop_assert!(!never.contains(&name.as_str()), "{} is proven never to fire, and fires on {}", name, record);
            }
            // Whoever says what events are need not say it in each of them.
            for lacking in 1..16 {
                let parts = [channel, provider, number, kind];
                let parts: String = (0..4).filter(|at| lacking >> at & 1 == 0).filter_map(|at| parts.get(at).copied()).collect();
                let record = format!("{{{parts}{rest}}}");
                for name in fired_as(&record, forced) {
                    prop_assert!(!never.contains(&name.as_str()), "{} is proven never to fire, and fires on {}", name, record);
                }
            }
        }
    }
}

/// What an event that says too little is taken for: the same by a test, by a record of which somebody says what it is, and by proofs.
#[test]
fn an_event_has_one_of_the_values_of_each_name() {
    let of = |reads: &str, conditions: &[&str]| {
        let rules: Vec<String> = conditions
            .iter()
            .enumerate()
            .map(|(at, condition)| {
                let id = format!("0d6f3c7e-1f57-4f62-9a4f-6d0c1f51{at:04x}");
                format!(
                    "rule r{at} {{ id: \"{id}\" template: t.a @ 1 severity: low when v == \"x\" and {condition} test fires {{ v: \"x\" }} }}\n"
                )
            })
            .collect();
        let text = format!("template t.a @ 1 {{ reads {{ {reads} }} 1 v: string }}\n{}", rules.concat());
        let judged = Gathered::of(vec![(Source::new("t.content", text), Language::Native)]).check(&Checking::default());
        judged.judge().ship(WithErrors::LeaveOut).unwrap()
    };
    let (channel, provider, number) = ("Channel: [\"A\", \"B\"]", "Provider_Name: [\"P\", \"Q\"]", "EventID: [7, 8]");
    let cases = [
        (
            vec!["kind: [\"a\", \"b\"]"],
            vec![("kind == \"a\"", true), ("not kind exists", false), ("kind == \"b\"", false)],
        ),
        (vec![number], vec![("EventID == 7", true), ("not EventID exists", false)]),
        // Of these three an exporter may leave one out.
        (
            vec![channel, provider, number],
            vec![
                ("Channel == \"A\"", true),
                ("not Provider_Name exists", true),
                ("not Channel exists", false),
                ("EventID == 7", true),
            ],
        ),
        // Without a channel it is known by its provider.
        (vec![provider, number], vec![("not Provider_Name exists", false), ("Provider_Name == \"P\"", true)]),
        (
            vec![channel, "Provider_Name: \"P\"", number],
            vec![("not Channel exists", true), ("Provider_Name == \"P\"", true)],
        ),
    ];
    for (reads, expected) in cases {
        let conditions: Vec<&str> = expected.iter().map(|(condition, _)| *condition).collect();
        let content = of(&reads.join(", "), &conditions);
        let image = compile(&content, Options::default()).unwrap();
        let plan = Plan::for_recorder(&content, &image).unwrap();
        let (mut worker, mut flattener) = (plan.worker(), Flattener::new());
        let flat = flattener.flatten(b"{\"v\":\"x\"}").unwrap();
        let mut fired = Vec::new();
        let found = |_, rule: RuleId| fired.push(rule.index());
        worker.evaluate(&flat, plan.find("t.a"), found).unwrap();
        let mut tester = Tester::new(&plan);
        for (id, rule) in RuleId::count(content.rules()) {
            let at: usize = rule.title.trim_start_matches('r').parse().unwrap();
            let (condition, fires) = expected[at];
            assert_eq!(fired.contains(&id.index()), fires, "{reads:?}: {condition}");
            let seen = tester.own(id, rule, &rule.tests[0]);
            assert_eq!((seen.fires, seen.odds), (fires, Vec::new()), "{reads:?}: {condition}");
        }
    }
}
