//! Whatever template types do to where a rule is, events that it no longer finds are told: held to each event that there may be.

use contentcheck_run::{proof, templates};
use proptest::prelude::*;

use super::*;

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
    ["s", "t", "u", "own"].into_iter().flat_map(of)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn events_that_a_rule_no_longer_finds_are_told(
        a in declared(), b in declared(), next in declared(), what in 0..3_usize,
        selection in prop::sample::select(vec![
            "f: evil", "f|contains: evil", "f: 7", "f|contains: '7'", "f: 'true'", "f|cased: evil", "'*evil*'", "source: [s, t]", "f: null",
        ]),
        supplied in prop::sample::subsequence(vec!["a", "b", "own"], 0..=3),
    ) {
        let was = [("a", &a), ("b", &b)];
        // What becomes of `a`: it serves nothing or something, is gone, or another one comes.
        let other = Declared { serves: !a.serves, ..a.clone() };
        let is: Vec<(&str, &Declared)> = match what {
            0 => vec![("a", &other), ("b", &b)],
            1 => vec![("b", &b)],
            _ => vec![("a", &a), ("b", &b), ("c", &next)],
        };
        let selection = if selection.starts_with('\'') { format!("- {selection}") } else { selection.to_owned() };
        let inputs: Vec<String> = supplied
            .iter()
            .map(|name| {
                let of = was.iter().find(|(of, _)| of == name).map_or("string?", |(_, declared)| declared.of);
                let (f, of) = if of.is_empty() { ("g", "string?") } else { ("f", of.trim_end_matches(" nocase")) };
                format!("\"acme.{name}\":{{\"inputs\":[{{\"name\":\"{f}\",\"type\":\"{of}\"}}]}}")
            })
            .collect();
        let (old, new) = (release(&was, &selection, &inputs), release(&is, &selection, &inputs));
        let (Some(then), Some(now)) = (old.rules().first().copied(), new.rules().first().copied()) else {
            return Ok(());
        };
        let router = |built: &Built| contentcheck_events::Router::new(templates(built.content()));
        let (then_by, now_by) = (router(&old), router(&new));
        let supplies = |name: &str| supplied.is_empty() || supplied.iter().any(|of| name.strip_prefix("acme.") == Some(of));
        let lost = events().find(|event| {
            let recorded = || proof::matches(then, &then_by, event) == Some(true) && proof::matches(now, &now_by, event) == Some(false);
            let seen = || {
                proof::matches_among(then, &then_by, event, supplies) == Some(true)
                    && proof::matches_among(now, &now_by, event, supplies) == Some(false)
            };
            recorded() || seen()
        });
        let found = checked(&new, Some(&old), settings(), &["change"]);
        let skipped: Vec<_> = found.checks.iter().flat_map(|check| &check.skipped).collect();
        let is_told = !errors(&found).is_empty() || skipped.iter().any(|said| said.contains("no longer finds") || said.contains("are still those of"));
        // A number may be lost in a spelling that is not among the events, and of what is no text a rule may be told to lose what it never finds.
        let is_text = was.iter().chain(&is).all(|(_, of)| of.of.starts_with("string"));
        if lost.is_none() && is_text && !selection.contains('7') {
            let refused = errors(&found).iter().any(|(code, _)| *code == "CC0210");
            prop_assert!(!refused, "{selection}, supplied {supplied:?}\n{was:#?}\n{is:#?}\n{:#?}", errors(&found));
        }
        if let Some(event) = lost {
            prop_assert!(is_told, "{event} of {selection}, supplied {supplied:?}\n{was:#?}\n{is:#?}\n{found:#?}");
        }
    }
}
