//! Whatever template types do to where a rule is, events that it no longer finds are told: held to each event that there may be.

use contentcheck_events::Flattener;
use contentcheck_model::rule::RuleId;
use contentcheck_run::{Plan, proof, templates};
use proptest::prelude::*;

use super::*;
use contentcheck_model::sensor::Sensor;

/// Of template types `a` and `b`: what they read, serve, and how they declare a field. A third one stays as it is.
#[derive(Clone, Debug)]
struct Declared {
    sources: Vec<&'static str>,
    kinds: Vec<&'static str>,
    serves: bool,
    /// The type of `f`.
    of: &'static str,
    open: bool,
}

fn declared() -> impl Strategy<Value = Declared> {
    let sources = prop::sample::subsequence(vec!["s", "t", "u"], 1..=3).prop_shuffle();
    let kinds = prop::sample::subsequence(vec!["x", "y"], 0..=2).prop_shuffle();
    let of = prop::sample::select(vec!["string?", "string?", "string? nocase", "int?", "list<string>?", "bool?", ""]);
    (sources, kinds, prop::bool::weighted(0.7), of, prop::bool::weighted(0.15))
        .prop_map(|(sources, kinds, serves, of, open)| Declared { sources, kinds, serves, of, open })
}

impl Declared {
    fn text(&self, name: &str) -> String {
        let list = |of: &[&str]| of.iter().map(|of| format!("\"{of}\"")).collect::<Vec<_>>().join(", ");
        let kinds = if self.kinds.is_empty() { String::new() } else { format!(", kind: [{}]", list(&self.kinds)) };
        format!(
            "template acme.{name} @ 1 {{\n{}    reads {{ source: [{}]{kinds} }}\n{}    1 {}\n}}\n",
            if self.serves { "    serves { product: acme, category: log }\n" } else { "" },
            list(&self.sources),
            if self.open { "    open\n" } else { "" },
            if self.of.is_empty() { "g: string?".to_owned() } else { format!("f: {}", self.of) }
        )
    }
}

/// What a sensor supplies for a template type that it supplies.
#[derive(Clone, Copy, Debug)]
enum Supply {
    AsDeclared,
    /// Nothing but a field that nobody asks for.
    Less,
    /// The field that rules ask for in another type, which may be one that nobody declared.
    Otherwise(&'static str),
}

fn supply() -> impl Strategy<Value = Supply> {
    let ty = prop::sample::select(vec!["string", "string?", "int?", "list<string>?", "bool?"]);
    prop_oneof![4 => Just(Supply::AsDeclared), 2 => Just(Supply::Less), 3 => ty.prop_map(Supply::Otherwise)]
}

impl Supply {
    /// The inputs of a template type that declares `f` so, or `g` where that is empty.
    fn inputs(self, name: &str, of: &str) -> String {
        let input = |name: &str, ty: &str| format!("{{\"name\":\"{name}\",\"type\":\"{ty}\"}}");
        let inputs = match self {
            Self::AsDeclared if of.is_empty() => input("g", "string?"),
            Self::AsDeclared => input("f", of.trim_end_matches(" nocase")),
            Self::Less => input("other", "string?"),
            Self::Otherwise(ty) if of.is_empty() => format!("{},{}", input("g", "string?"), input("f", ty)),
            Self::Otherwise(ty) => input("f", ty),
        };
        format!("\"acme.{name}\":{{\"inputs\":[{inputs}]}}")
    }
}

/// A release of these template types, for a sensor that supplies some of them.
fn release(all: &[(&str, &Declared)], selection: &str, inputs: &[String]) -> Built {
    let own = "template acme.own @ 1 {\n    serves { product: acme, category: log }\n    reads { source: \"own\" }\n    1 f: string?\n}\n";
    let text: String = all.iter().map(|(name, of)| of.text(name)).chain([own.to_owned()]).collect();
    let rule = format!(
        "title: R\nid: 0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8401\nlogsource: {{product: acme, category: log}}\ndetection:\n    s:\n        {selection}\n    condition: s\nlevel: low\n"
    );
    let files = vec![(Source::new("t.content", text), Language::Native), (Source::new("r.yml", rule), Language::Sigma)];
    let mut gathered = Gathered::of(files);
    let json = format!(
        "{{\"format\":1,\"sensor\":\"acme\",\"version\":\"1\",\"header\":[{{\"name\":\"source\",\"type\":\"string\"}},{{\"name\":\"kind\",\"type\":\"string?\"}}],\"templates\":{{{}}}}}",
        inputs.join(",")
    );
    gathered.fleet =
        (!inputs.is_empty()).then(|| Fleet::new(vec![Manifest::parse(&Source::new("s.json", json)).unwrap()]).unwrap());
    Built::new(gathered, true, 1).unwrap()
}

/// Events of each source and kind with each of some values.
fn events() -> impl Iterator<Item = String> {
    const VALUES: [&str; 11] = [
        "",
        "\"evil\"",
        "\"EVIL\"",
        "\"an evil one\"",
        "\"7\"",
        "7",
        "\"a7b\"",
        "\"true\"",
        "[\"evil\"]",
        "[\"x\", \"evil\"]",
        "[\"7\", \"evil\", \"true\"]",
    ];
    let of = |source: &'static str| {
        ["", ",\"kind\":\"x\"", ",\"kind\":\"y\""].into_iter().flat_map(move |kind| {
            VALUES.into_iter().map(move |value| {
                let value = if value.is_empty() { String::new() } else { format!(",\"f\":{value}") };
                format!("{{\"source\":\"{source}\"{kind}{value}}}")
            })
        })
    };
    let other = |event: String| [event.clone(), event.replace('}', ",\"other\":\"evil\"}")];
    ["s", "t", "u", "own"].into_iter().flat_map(of).flat_map(other)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(800) })]

    #[test]
    fn events_that_a_rule_no_longer_finds_are_told(
        a in declared(), b in declared(), next in declared(), what in 0..3_usize, is_twin in any::<bool>(),
        selection in prop::sample::select(vec![
            "f: evil", "f|contains: evil", "f: 7", "f|contains: '7'", "f: 'true'", "f|cased: evil", "'*evil*'", "source: [s, t]", "f: null", "'*evil*'", "other: evil",
        ]),
        supplied in prop_oneof![
            prop::sample::subsequence(vec!["a", "b", "own"], 0..=3),
            Just(vec!["a", "b", "c", "own"]),
        ], how in prop::collection::vec(supply(), 4),
        was_otherwise in prop::option::weighted(0.2, prop::collection::vec(supply(), 4)),
    ) {
        // Often both take the same events, and what the sensor supplies for each decides.
        let twin = Declared { sources: a.sources.clone(), kinds: a.kinds.clone(), serves: true, ..b.clone() };
        let (a, b) = if is_twin { (Declared { serves: true, ..a }, twin) } else { (a, b) };
        let was = [("a", &a), ("b", &b)];
        // What becomes of `a`: it serves nothing or something, is gone, or another one comes.
        let other = Declared { serves: !a.serves, ..a.clone() };
        let is: Vec<(&str, &Declared)> = match what {
            0 => vec![("a", &other), ("b", &b)],
            1 => vec![("b", &b)],
            _ => vec![("a", &a), ("b", &b), ("c", &next)],
        };
        let selection = if selection.starts_with('\'') { format!("- {selection}") } else { selection.to_owned() };
        // A sensor does not know of releases; its manifest may have been corrected.
        let all = [("a", &a), ("b", &b), ("c", &next)];
        let inputs = |how: &[Supply]| -> Vec<String> {
            let input = |(name, how): (&&str, &Supply)| {
                let declared = all.iter().find(|(of, _)| of == name).map(|(_, declared)| declared.of);
                how.inputs(name, declared.unwrap_or("string?"))
            };
            supplied.iter().zip(how).map(input).collect()
        };
        let was_supplied = inputs(was_otherwise.as_ref().unwrap_or(&how));
        let inputs = inputs(&how);
        let (old, new) = (release(&was, &selection, &was_supplied), release(&is, &selection, &inputs));
        let (Some(then), Some(now)) = (old.rules().first().copied(), new.rules().first().copied()) else {
            return Ok(());
        };
        let router = |built: &Built| contentcheck_events::Router::new(templates(built.content()));
        let (then_by, now_by) = (router(&old), router(&new));
        let plan = |built: &Built| {
            let sensor = built.devices.as_ref().and_then(|fleet| fleet.sensors().first())?;
            Plan::for_sensor(built.content(), built.image.as_ref().ok()?, sensor).ok()
        };
        let plans = plan(&old).zip(plan(&new));
        // What always comes is in each event of a sensor.
        let is_whole = |event: &str| event.contains("\"f\"") || !inputs.iter().chain(&was_supplied).any(|of| of.contains("\"f\",\"type\":\"string\""));
        let on = |plan: &Plan, event: &str| {
            let (mut flattener, mut matches) = (Flattener::new(), false);
            let flat = flattener.flatten(event.as_bytes()).unwrap();
            plan.worker().evaluate(&flat, None, |_, rule: RuleId| matches |= rule.number() == 0).unwrap();
            matches
        };
        let seen = |event: &str| plans.as_ref().is_some_and(|(then, now)| is_whole(event) && on(then, event) && !on(now, event));
        let recorded = |event: &str| proof::matches(then, &then_by, event) == Some(true) && proof::matches(now, &now_by, event) == Some(false);
        let lost = events().find(|event| recorded(event) || seen(event));
        let found = checked(&new, Some(&old), settings(), &["change"]);
        let skipped: Vec<_> = found.checks.iter().flat_map(|check| &check.skipped).collect();
        let is_told = !errors(&found).is_empty() || skipped.iter().any(|said| said.contains("no longer finds") || said.contains("are still those of"));
        // A number may be lost in a spelling that is not among the events, and of what is no text a rule may be told to lose what it never finds.
        let is_text = was.iter().chain(&is).all(|(_, of)| of.of.starts_with("string")) && how.iter().chain(was_otherwise.iter().flatten()).all(|how| matches!(how, Supply::AsDeclared | Supply::Less));
        if lost.is_none() && is_text && !selection.contains('7') {
            let refused = errors(&found).iter().any(|(code, _)| *code == "CC0210");
            prop_assert!(!refused, "{selection}, supplied {was_supplied:?}, then {inputs:?}\n{was:#?}\n{is:#?}\n{:#?}", errors(&found));
        }
        if let Some(event) = lost {
            prop_assert!(is_told, "{event} of {selection}, supplied {was_supplied:?}, then {inputs:?}\n{was:#?}\n{is:#?}\n{found:#?}");
        }
    }
}

/// A log source that goes from `acme.one` to `acme.two`, which read and declare the same: what a sensor supplies of each decides what a rule finds there.
#[test]
fn a_sensor_that_supplies_less_where_a_rule_is_now_is_told() {
    let template = |name: &str, serves: bool, body: &str| {
        let serves = if serves { "    serves { product: acme, category: log }\n" } else { "" };
        format!("template acme.{name} @ 1 {{\n{serves}    reads {{ source: \"s\" }}\n{body}}}\n")
    };
    let sensor = |version: &str, supplied: &[(&str, &str)]| {
        let input = |of: &str| {
            let (name, ty) = of.split_once(':').unwrap();
            format!("{{\"name\":\"{name}\",\"type\":\"{ty}\"}}")
        };
        let of = |(name, inputs): &(&str, &str)| {
            let inputs: Vec<String> = inputs.split_whitespace().map(input).collect();
            format!("\"acme.{name}\":{{\"inputs\":[{}]}}", inputs.join(","))
        };
        let templates: Vec<String> = supplied.iter().map(of).collect();
        let (name, version) = version.split_once(' ').unwrap();
        let json = format!(
            "{{\"format\":1,\"sensor\":\"{name}\",\"version\":\"{version}\",\"templates\":{{{}}}}}",
            templates.join(",")
        );
        Manifest::parse(&Source::new("s.json", json)).unwrap()
    };
    let built = |one: bool, body: &str, selection: &str, fleet: &[Sensor]| {
        let rule = format!(
            "title: R\nid: 0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8401\nlogsource: {{product: acme, category: log}}\ndetection:\n    s:\n{selection}    condition: s\nlevel: low\n"
        );
        let sources = vec![
            (Source::new("r.yml", rule), Language::Sigma),
            (Source::new("t.content", template("one", one, body) + &template("two", true, body)), Language::Native),
        ];
        let fleet = Some(Fleet::new(fleet.to_vec()).unwrap());
        Built::new(Gathered { fleet, ..Gathered::of(sources) }, false, 1).unwrap()
    };
    let (fixed, open) = ("    1 f: string?\n    2 g: string?\n", "    open\n    1 f: string?\n");
    let (keyword, field, absent) = ("        - evil\n", "        g: evil\n", "        f: evil\n        g: null\n");
    let both = "f:string? g:string?";
    for (body, selection, was, is, is_told) in [
        (fixed, keyword, both, both, false),
        (fixed, keyword, both, "f:string?", true),
        (fixed, keyword, both, "f:string? g:int?", true),
        (fixed, keyword, both, "f:string? h:string?", true),
        (fixed, keyword, "f:string?", "f:string?", false),
        (fixed, keyword, "f:string? h:string?", "f:string?", true),
        (fixed, absent, both, both, false),
        (fixed, absent, both, "f:string? g:string", true),
        (open, field, both, both, false),
        (open, field, both, "f:string?", true),
        (open, field, "f:string?", "f:string?", false),
        (open, keyword, both, "f:string?", true),
        (open, absent, both, "f:string?", false),
    ] {
        for (then, now) in [("acme 1", "acme 1"), ("acme 1", "acme 2"), ("acme 1", "other 1")] {
            let then = sensor(then, &[("one", was), ("two", is)]);
            let new = sensor(now, &[("one", was), ("two", is)]);
            let (old, fleet) = (built(true, body, selection, std::slice::from_ref(&then)), [new]);
            let found = checked(&built(false, body, selection, &fleet), Some(&old), settings(), &["change"]);
            let told = errors(&found).into_iter().filter(|(code, _)| *code == "CC0210").count();
            // One of another product has nothing to lose, and that the former is gone is told as that.
            let expected = usize::from(is_told && !now.starts_with("other"));
            assert_eq!(told, expected, "{body} {selection} {was} to {is}, on {now}: {found:#?}");
        }
    }
    // Nor does one of another product run less than it did: it did not run.
    let acme = sensor("acme 1", &[("one", both), ("two", both)]);
    let other = sensor("other 1", &[("one", both)]);
    let old = built(true, fixed, field, std::slice::from_ref(&acme));
    let found = checked(&built(false, fixed, field, &[acme, other]), Some(&old), settings(), &["change"]);
    assert_eq!(errors(&found), []);
    let other = found.sensors.iter().find(|of| of.sensor == "other").unwrap();
    assert_eq!((other.loads, other.previously), (Some(0), None));
}

/// A Windows event is known without its provider or channel by who reads all three, and not by who reads two.
#[test]
fn events_without_a_name_that_exporters_leave_out_are_told() {
    let all = "Provider_Name: \"Acme\", Channel: \"Acme/Log\", EventID: 1";
    for (reads, is_told) in [
        (all, false),
        ("Provider_Name: \"Acme\", EventID: 1", true),
        ("Channel: \"Acme/Log\", EventID: 1", true),
        ("EventID: 1", false),
    ] {
        let built = |one: &str| {
            let template = |name: &str, serves: &str, reads: &str| {
                format!("template acme.{name} @ 1 {{\n{serves}    reads {{ {reads} }}\n    1 f: string?\n}}\n")
            };
            let serves = "    serves { product: acme, category: log }\n";
            let rule = "title: R\nid: 0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8401\nlogsource: {product: acme, category: log}\ndetection:\n    s:\n        f: evil\n    condition: s\nlevel: low\n";
            let sources = vec![
                (Source::new("r.yml", rule), Language::Sigma),
                (
                    Source::new("t.content", template("one", one, all) + &template("two", serves, reads)),
                    Language::Native,
                ),
            ];
            Built::new(Gathered::of(sources), false, 1).unwrap()
        };
        let old = built("    serves { product: acme, category: log }\n");
        let found = checked(&built(""), Some(&old), settings(), &["change"]);
        let told = errors(&found).iter().any(|(code, _)| *code == "CC0210");
        assert_eq!(told, is_told, "{reads}: {found:#?}");
    }
}
