//! Tests beside a Sigma rule: `rule.test.yml` beside `rule.yml`.

use std::path::Path;

use contentcheck_parser::diagnostic::closest;
use contentcheck_parser::model::CheckedRule;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Ended, Kind, Runner};
use crate::args::Inputs;
use crate::exit::Failure;
use crate::release::Release;
use crate::{walk, yaml};

/// Tests in one file.
const MOST: usize = 10_000;

/// A file of tests: a list of events, each with what the rule must do with it.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Sidecar(pub(crate) Vec<Case>);

/// One event and what the rule must do with it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// What the event is.
    pub(crate) name: String,
    /// What the rule must do.
    pub(crate) expect: Expect,
    /// The event, as a recorder writes it: field names and values.
    pub(crate) event: Map<String, Value>,
    /// The only template type that the event is of; by default each of the rule's that the event does
    /// not contradict.
    #[serde(default)]
    pub(crate) template: Option<String>,
    /// Id or title of the rule, where the file beside has several.
    #[serde(default)]
    pub(crate) rule: Option<String>,
}

/// What a rule must do with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Expect {
    /// Fire.
    Fires,
    /// Not fire.
    Silent,
}

/// The tests of a file.
fn load(path: &Path) -> Result<Sidecar, String> {
    let name = walk::name(path);
    let Value::Array(items) = yaml::load(path)? else {
        return Err(format!("{name}: a file of tests is a list; begin each test with `- name: ...`"));
    };
    if items.len() > MOST {
        return Err(format!("{name}: {} tests; one file holds at most {MOST}", items.len()));
    }
    let case = |(at, item): (usize, Value)| {
        serde_json::from_value(item).map_err(|error| {
            format!(
                "{name}: test {}: {error}; a test has `name`, `expect: fires` or `expect: silent`, and `event`",
                at + 1
            )
        })
    };
    items.into_iter().enumerate().map(case).collect::<Result<_, _>>().map(Sidecar)
}

/// The events of all files of tests of a release, as records, each with the file of its rules. What
/// is wrong with a file is told by `test`.
///
/// # Errors
/// When an input or the configuration is wrong.
pub(crate) fn events(inputs: &Inputs, release: &Release) -> Result<Vec<(String, String)>, Failure> {
    let mut found = Vec::new();
    for (path, rules) in super::sidecars(inputs, release)? {
        let Sidecar(cases) = load(&path).map_err(Failure::usage)?;
        found.extend(cases.into_iter().map(|case| (rules.clone(), Value::Object(case.event).to_string())));
    }
    Ok(found)
}

impl Runner<'_, '_> {
    /// Runs the tests of a file beside `rules`.
    pub(super) fn sidecar(&mut self, path: &Path, rules: &str) {
        let file = walk::name(path);
        let cases = match load(path) {
            Ok(Sidecar(cases)) => cases,
            Err(reason) => return self.other(&file, rules, "the file", Kind::Sidecar, Ended::Failed, reason),
        };
        let numbers: Vec<usize> = self
            .rules
            .iter()
            .enumerate()
            .filter(|(_, rule)| rule.source.name() == rules)
            .map(|(number, _)| number)
            .collect();
        for case in cases {
            let named = |number: &&usize| {
                self.rules.get(**number).is_some_and(|rule| {
                    case.rule.as_deref().is_none_or(|named| {
                        named == rule.name || named == rule.title || rule.id.as_deref() == Some(named)
                    })
                })
            };
            let meant: Vec<usize> = numbers.iter().filter(named).copied().collect();
            let mut other =
                |outcome, reason: String| self.other(&file, rules, &case.name, Kind::Sidecar, outcome, reason);
            match meant.as_slice() {
                [number] => self.case(&file, *number, &case),
                [] if !std::path::Path::new(rules).is_file() => {
                    other(Ended::Failed, format!("there is no `{rules}` that these tests could be of"));
                }
                [] if numbers.is_empty() => {
                    other(Ended::Skipped, format!("no rule of `{rules}` was compiled"));
                }
                [] => other(
                    Ended::Failed,
                    format!("`{rules}` has no rule `{}`", case.rule.as_deref().unwrap_or_default()),
                ),
                _ => other(Ended::Failed, format!("`{rules}` has {} rules; say which with `rule: ID`", meant.len())),
            }
        }
    }

    fn case(&mut self, file: &str, number: usize, case: &Case) {
        let Some(rule) = self.rules.get(number).copied() else { return };
        self.tested(number);
        if let Some(template) = &case.template
            && !rule.targets.iter().any(|target| target.template.name == *template)
        {
            let known: Vec<&str> = rule.targets.iter().map(|target| target.template.name.as_str()).collect();
            let reason = format!("the rule is not on `{template}`; it is on {}", known.join(", "));
            return self.other(file, &rule.name, &case.name, Kind::Sidecar, Ended::Failed, reason);
        }
        let record = Value::Object(case.event.clone()).to_string();
        let mut flattener = std::mem::take(&mut self.flattener);
        match flattener.flatten(record.as_bytes()) {
            Ok(flat) => {
                let before = self.worker.tally.total();
                let seen = self.recorded(number, &flat, case.template.as_deref(), false);
                let mut notes: Vec<String> = flat.iter().filter_map(|(name, _)| unknown(rule, name)).collect();
                if self.worker.tally.total() > before {
                    notes.push("a value is not of the type of its field, and counts as absent".to_owned());
                }
                self.decide(file, rule, case.name.clone(), Kind::Sidecar, case.expect == Expect::Fires, seen, notes);
            }
            Err(cause) => {
                let reason = format!("the event cannot be read: {cause}");
                self.other(file, &rule.name, &case.name, Kind::Sidecar, Ended::Failed, reason);
            }
        }
        self.flattener = flattener;
    }
}

/// A note on a name that none of the rule's template types has.
fn unknown(rule: &CheckedRule, name: &str) -> Option<String> {
    let known = |target: &contentcheck_parser::model::Target| {
        let template = &target.template;
        template.open
            || template.field(name).is_some()
            || template.header_field(name).is_some()
            || template.reads.iter().any(|of| of.name == name)
    };
    if rule.targets.iter().any(known) {
        return None;
    }
    let names = rule.targets.iter().flat_map(|target| target.template.fields.iter().flatten());
    let near = closest(name, names.map(|field| field.name.as_str()));
    let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    Some(format!("no template type of the rule has a field `{name}`{near}"))
}
