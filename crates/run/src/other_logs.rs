//! Other logs: events of a log that rules do not look at, though they tell of what rules are about.
//!
//! Windows itself audits the creation of processes (4688), as Sysmon does (1). The fields have other names and are
//! fewer, so a rule on `process_creation` is a rule on Sysmon's event, and silent on the other.

use std::collections::BTreeSet;

use contentcheck_parser::template::LogSource;

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
    /// The category that the rules are on.
    pub category: &'static str,
    /// How many rules are on it.
    pub rules: usize,
    /// The template types that they look at.
    pub looked_at: Vec<String>,
}

impl OtherLog {
    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        let rules =
            if self.rules == 1 { "1 rule on it looks".to_owned() } else { format!("{} rules on it look", self.rules) };
        let events = if self.events == 1 { "1 event".to_owned() } else { format!("{} events", self.events) };
        format!(
            "{events} of `{}` tell of {}, but the {rules} at {} only: the fields are other ones",
            self.template,
            self.category,
            self.looked_at.join(", ")
        )
    }
}

/// What a plan's rules do not look at though it was there.
#[must_use]
pub fn other_logs(plan: &Plan, seen: &Seen) -> Vec<OtherLog> {
    let mut found = Vec::new();
    for (twin, categories) in TWINS {
        let Some(route) = plan.find(twin).filter(|route| seen.events(*route) > 0) else { continue };
        let own: BTreeSet<u32> = plan.loaded_on(route).collect();
        for category in categories {
            let asked = LogSource {
                product: Some("windows".to_owned()),
                category: Some((*category).to_owned()),
                service: None,
            };
            let (mut rules, mut looked_at) = (BTreeSet::new(), Vec::new());
            for (other, template) in plan.routes().filter(|(other, _)| *other != route) {
                if !template.serves.iter().any(|served| served.serves(&asked)) {
                    continue;
                }
                let before = rules.len();
                rules.extend(plan.loaded_on(other).filter(|rule| !own.contains(rule)));
                if rules.len() > before {
                    looked_at.push(template.name.clone());
                }
            }
            if !rules.is_empty() {
                let (events, rules) = (seen.events(route), rules.len());
                found.push(OtherLog { template: twin.to_owned(), events, category, rules, looked_at });
            }
        }
    }
    found
}
