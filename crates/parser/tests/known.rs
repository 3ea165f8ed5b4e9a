//! Whatever compares, tunes or switches off rules knows each by its id, else by its name: no two that ship are known by the same.

use std::collections::BTreeSet;

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
";

const IDS: [&str; 3] = [
    "2d3ac8a5-6a0b-4c1d-8f51-0a3f2f0c0001",
    "2D3AC8A5-6A0B-4C1D-8F51-0A3F2F0C0001",
    "2d3ac8a5-6a0b-4c1d-8f51-0a3f2f0c0002",
];
const NAMES: [&str; 5] = ["Download", "download", "Other", IDS[0], IDS[1]];

/// A Sigma rule as people write it, with or without an id, a name and a title.
#[derive(Clone, Copy, Debug)]
struct Written {
    id: Option<&'static str>,
    name: Option<&'static str>,
    title: Option<&'static str>,
    accepts: bool,
}

impl Written {
    fn text(self, number: usize) -> String {
        let line = |key: &str, of: Option<&str>| of.map_or_else(String::new, |of| format!("{key}: {of}\n"));
        // As an attacker would: the words that would accept it.
        let accepts = if self.accepts { "# contentcheck: allow CC0702 -- two parts of one detection\n" } else { "" };
        format!(
            "{accepts}{}{}{}status: test\nlogsource:\n    product: windows\n    category: process_creation\n\
             detection:\n    sel:\n        CommandLine|contains: 'part{number}'\n    condition: sel\nlevel: low\n",
            line("id", self.id),
            line("name", self.name),
            line("title", self.title),
        )
    }
}

fn written() -> impl Strategy<Value = Written> {
    let one = |of: &'static [&'static str]| prop::option::of(prop::sample::select(of));
    (one(&IDS), one(&NAMES), one(&NAMES), any::<bool>()).prop_map(|(id, name, title, accepts)| Written {
        id,
        name,
        title,
        accepts,
    })
}

proptest! {
    #[test]
    fn no_two_rules_that_ship_are_known_by_the_same(rules in prop::collection::vec(written(), 1..6), off in any::<bool>()) {
        let mut sources = vec![(Source::new("a.content", TEMPLATES), Language::Native)];
        sources.extend(
            rules.iter().enumerate().map(|(at, rule)| (Source::new(format!("{at}.yml"), rule.text(at)), Language::Sigma)),
        );
        let mut policy = Policy::default();
        if off {
            for code in codes::all().filter(|code| code.is_acceptable()) {
                policy.set(code.id, Level::Off).unwrap();
            }
        }
        let judged = Gathered { policy, ..Gathered::of(sources) }.check(&Checking::default()).judge();
        let content = judged.ship(WithErrors::LeaveOut).unwrap();
        let keys: Vec<String> = content.rules().iter().map(|rule| rule.key().to_ascii_lowercase()).collect();
        let distinct: BTreeSet<&String> = keys.iter().collect();
        prop_assert_eq!(distinct.len(), keys.len(), "{:?} of {:?}", keys, rules);
        // What does not ship is an error, so a gate fails.
        if keys.len() < rules.len() {
            prop_assert!(judged.errors().next().is_some());
        }
    }
}
