//! sigma-rust: one rule at a time over an event of its own, without an index. It is given the
//! rules of the log sources that an event belongs to.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use contentcheck_model::template::LogSource;
use contentcheck_project::walk;
use contentcheck_run::Plan;
use sigma_rust::{Event, Rule, rule_from_yaml};

use crate::clock::{cpu, since};
use crate::events::Taken;

/// Rules by the template types that they look at.
pub struct Engine {
    rules: Vec<Rule>,
    /// For each of the router's template types, the rules of the log sources that it serves.
    routes: Vec<Vec<usize>>,
}

impl Engine {
    /// Reads the rules.
    ///
    /// # Errors
    /// When a path is wrong.
    pub fn load(paths: &[PathBuf], plan: &Plan) -> Result<Self, String> {
        let start = cpu();
        let found = walk::walk(paths, &[], std::path::Path::new("."), false).map_err(|failure| failure.message)?;
        let (mut rules, mut refused, mut first) = (Vec::new(), 0, None);
        for file in &found.files {
            let text = fs::read_to_string(&file.path).map_err(|error| error.to_string())?;
            match rule_from_yaml(&text) {
                Ok(rule) => rules.push(rule),
                Err(error) => {
                    refused += 1;
                    first.get_or_insert(error.to_string());
                }
            }
        }
        let asks = |rule: &Rule| LogSource {
            product: rule.logsource.product.clone(),
            category: rule.logsource.category.clone(),
            service: rule.logsource.service.clone(),
        };
        let asked: Vec<LogSource> = rules.iter().map(asks).collect();
        let routes = plan.router().templates().iter().map(|template| {
            let serves = |asked: &LogSource| template.serves.iter().any(|served| served.serves(asked));
            (0..rules.len()).filter(|at| asked.get(*at).is_some_and(serves)).collect()
        });
        let routes = routes.collect();
        println!(
            "sigma-rust 0.7.0: {} rules, {refused} files refused, load {:.2} s{}",
            rules.len(),
            since(start),
            first.map_or_else(String::new, |reason| format!("; the first refusal: {reason}"))
        );
        Ok(Self { rules, routes })
    }

    /// The ids of the rules.
    #[must_use]
    pub fn ids(&self) -> BTreeSet<String> {
        self.rules.iter().filter_map(|rule| rule.id.clone()).collect()
    }

    /// An event as the engine takes it.
    #[must_use]
    pub fn event(taken: &Taken) -> Event {
        Event::try_from(taken.json.clone()).unwrap_or_default()
    }

    /// Calls `sink` with every rule that matches an event of a template type.
    pub fn evaluate(&self, route: usize, event: &Event, mut sink: impl FnMut(&Rule)) {
        for rule in self.routes.get(route).into_iter().flatten().filter_map(|at| self.rules.get(*at)) {
            if rule.is_match(event) {
                sink(rule);
            }
        }
    }
}
