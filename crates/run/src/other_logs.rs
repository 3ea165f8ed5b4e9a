//! Other logs: events of a log that rules do not look at, though they tell of what rules are about.
//!
//! Windows itself audits the creation of processes (4688), as Sysmon does (1). The fields have other names and are
//! fewer, so a rule on `process_creation` is a rule on Sysmon's event, and silent on the other.

use std::collections::BTreeSet;

use contentcheck_model::template::LogSource;

use crate::plan::Plan;
use crate::seen::Seen;

/// Template types of the Security log, and the categories that Sigma has for what they tell.
const TWINS: [(&str, &[&str]); 4] = [
    ("windows.security.event_4688", &["process_creation"]),
    ("windows.security.event_4689", &["process_termination"]),
    ("windows.security.event_4657", &["registry_add", "registry_delete", "registry_event", "registry_set"]),
    ("windows.security.event_5156", &["network_connection"]),
];

/// Events that tell of what rules are about, and that these rules do not look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherLog {
    /// The template type of the events.
    pub template: String,
    /// The events.
    pub events: u64,
    /// The categories that the rules are on.
    pub categories: Vec<&'static str>,
    /// How many rules are on them.
    pub rules: usize,
    /// The template types that they look at.
    pub looked_at: Vec<String>,
}

impl OtherLog {
    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        let (events, tell) = if self.events == 1 {
            ("1 event".to_owned(), "tells")
        } else {
            (format!("{} events", self.events), "tell")
        };
        let rules = if self.rules == 1 {
            "the rule on it looks".to_owned()
        } else {
            format!("the {} rules on it look", self.rules)
        };
        let looked_at: Vec<String> = self.looked_at.iter().map(|name| format!("`{name}`")).collect();
        format!(
            "{events} of `{}` {tell} what {} is about, but {rules} only at {}, whose fields have other names",
            self.template,
            self.categories.join(", "),
            looked_at.join(", ")
        )
    }
}

/// What a plan's rules do not look at though it was there.
#[must_use]
pub fn other_logs(plan: &Plan, seen: &Seen) -> Vec<OtherLog> {
    let mut found = Vec::new();
    for (twin, all) in TWINS {
        let Some(route) = plan.find(twin).filter(|route| seen.events(*route) > 0) else { continue };
        let own: BTreeSet<u32> = plan.loaded_on(route).collect();
        let (mut rules, mut categories, mut looked_at) = (BTreeSet::new(), Vec::new(), BTreeSet::new());
        for category in all {
            let asked = LogSource {
                product: Some("windows".to_owned()),
                category: Some((*category).to_owned()),
                service: None,
            };
            for (other, template) in plan.routes().filter(|(other, _)| *other != route) {
                if !template.serves.iter().any(|served| served.serves(&asked)) {
                    continue;
                }
                let on: Vec<u32> = plan.loaded_on(other).filter(|rule| !own.contains(rule)).collect();
                if !on.is_empty() {
                    rules.extend(on);
                    categories.push(*category);
                    looked_at.insert(template.name.clone());
                }
            }
        }
        categories.dedup();
        if !rules.is_empty() {
            let (events, rules) = (seen.events(route), rules.len());
            let looked_at = looked_at.into_iter().collect();
            found.push(OtherLog { template: twin.to_owned(), events, categories, rules, looked_at });
        }
    }
    found
}
