//! Every rule that was written ships or is named with the reason: also one that nothing could ever feed, which is wrong
//! in no other way.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use contentcheck_model::diagnostic::codes;
use contentcheck_model::language::Language;
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checking, Gathered, Level, Policy, WithErrors};
use proptest::prelude::*;

const TEMPLATES: &str = "template acme.process @ 1 {
    serves { product: \"windows\", category: \"process_creation\" }
    reads { EventID: 1, Channel: \"Acme/Process\" }
    1 Image       : string nocase
    2 CommandLine : string nocase
}
template acme.dns @ 1 {
    serves { product: \"windows\", category: \"dns_query\", service: \"acme-dns\" }
    reads { EventID: 22, Channel: \"Acme/DNS\" }
    1 QueryName : string nocase
}
";

fn rule(number: usize, log_source: &[(&str, &str)], detection: &str) -> String {
    let parts: String = log_source.iter().map(|(part, name)| format!("    {part}: {name}\n")).collect();
    format!(
        "title: Number {number}\nid: 2d3ac8a5-6a0b-4c1d-8f51-0a3f2f0c{number:04}\nstatus: test\n\
         logsource:\n{parts}detection:\n{detection}level: low\n"
    )
}

/// Holds that each of some rules ships or is named, and that what is named stands in the way. Gives how many ship.
fn all_told(rules: &[String]) -> usize {
    let mut sources = vec![(Source::new("a.content", TEMPLATES), Language::Native)];
    let named =
        |(number, text): (usize, &String)| (Source::new(format!("{number}.yml"), text.clone()), Language::Sigma);
    sources.extend(rules.iter().enumerate().map(named));
    let mut policy = Policy::default();
    for code in codes::all().filter(|code| code.is_acceptable()) {
        policy.set(code.id, Level::Off).unwrap();
    }
    let mut ships = 0;
    for policy in [Policy::default(), policy] {
        let judged = Gathered { policy, ..Gathered::of(sources.clone()) }.check(&Checking::default()).judge();
        let content = judged.ship(WithErrors::LeaveOut).unwrap();
        let left: Vec<&str> = judged.left_out().iter().filter_map(|out| out.title.as_deref()).collect();
        for number in 0..rules.len() {
            let title = format!("Number {number}");
            let is_in = content.rules().iter().any(|rule| rule.title == title);
            assert!(is_in != left.contains(&title.as_str()), "{title}: in {is_in}, left out {left:?}");
        }
        assert!(content.rules().iter().all(|rule| !rule.targets.is_empty()), "a rule ships that nothing feeds");
        assert_eq!(content.left_out().len(), judged.left_out().len());
        assert!(judged.left_out().iter().all(|out| !out.reasons.is_empty()));
        assert_eq!(judged.errors().next().is_some(), !left.is_empty(), "{left:?}");
        assert_eq!(judged.ship(WithErrors::Refuse).is_err(), !left.is_empty());
        ships = content.rules().len();
    }
    ships
}

const PLAIN: &str = "    selection:\n        Image: 'a.exe'\n    condition: selection\n";

#[test]
fn a_rule_for_what_nothing_serves_is_named() {
    let served = [("product", "windows"), ("category", "process_creation")];
    assert_eq!(all_told(&[rule(0, &served, PLAIN)]), 1, "the control");
    for wrong in [
        &[("product", "windows"), ("category", "proces_creation")][..],
        &[("product", "windwos"), ("category", "process_creation")],
        &[("product", "linux"), ("category", "process_creation")],
        &[("service", "acme-dsn")],
        &[("product", "windows"), ("service", "sysmno")],
        &[("category", "process_creation"), ("service", "acme-dns")],
        &[("product", "zzz")],
    ] {
        assert_eq!(all_told(&[rule(0, wrong, PLAIN), rule(1, &served, PLAIN)]), 1, "{wrong:?}");
    }
    for never in [
        "    selection:\n        EventID: 4711\n    condition: selection\n",
        "    selection:\n        Channel: 'Nobody/Has'\n        Image: 'a'\n    condition: selection\n",
    ] {
        assert_eq!(all_told(&[rule(0, &served, never), rule(1, &served, PLAIN)]), 1, "{never}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn every_rule_ships_or_is_named(
        drawn in prop::collection::vec(
            (
                prop::option::of(prop::sample::select(vec!["windows", "windws", "linux", "Windows", "''", "~"])),
                prop::option::of(prop::sample::select(vec!["process_creation", "dns_query", "process-creation", "dns"])),
                prop::option::of(prop::sample::select(vec!["acme-dns", "acme_dns", "sysmon", "security"])),
                prop::sample::select(vec![
                    PLAIN,
                    "    selection:\n        QueryName|contains: x\n    condition: selection\n",
                    "    selection:\n        EventID: [1, 22]\n    condition: selection\n",
                    "    selection:\n        EventID: 5\n        Image: a\n    condition: not selection and selection\n",
                    "    selection:\n        Nowhere: 1\n    condition: selection\n",
                    "    selection:\n        Channel: X\n    condition: selection\n",
                    "    keywords:\n        - mimikatz\n    condition: keywords\n",
                ]),
            ),
            1..6,
        )
    ) {
        let rules: Vec<String> = drawn
            .iter()
            .enumerate()
            .map(|(number, (product, category, service, detection))| {
                let parts = [("product", product), ("category", category), ("service", service)];
                let log_source: Vec<(&str, &str)> =
                    parts.iter().filter_map(|(part, name)| name.map(|name| (*part, name))).collect();
                rule(number, &log_source, detection)
            })
            .collect();
        all_told(&rules);
    }
}
