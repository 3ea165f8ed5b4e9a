//! Files of tests beside rules, as data of a release: events, and what the rule must do with each.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use contentcheck_model::lookup;
use contentcheck_model::rule::{CheckedRule, RuleId};

/// A file of tests: a list of events, each with what the rule must do with it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Sidecar(pub Vec<Case>);

/// One event and what the rule must do with it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What the event is.
    pub name: String,
    /// What the rule must do.
    pub expect: Expect,
    /// The event, as a recorder writes it: field names and values.
    pub event: Map<String, Value>,
    /// The only template type that the event is of; by default each of the rule's that the event does
    /// not contradict.
    #[serde(default)]
    pub template: Option<String>,
    /// Id, name or title of the rule, where the file beside has several.
    #[serde(default)]
    pub rule: Option<String>,
}

impl Case {
    /// The event as a line of JSON.
    #[must_use]
    pub fn record(&self) -> String {
        Value::Object(self.event.clone()).to_string()
    }
}

/// What a rule must do with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Expect {
    /// Fire.
    Fires,
    /// Not fire.
    Silent,
}

/// A file of tests as it was read.
#[derive(Clone, Debug)]
pub struct Beside {
    /// The file.
    pub file: String,
    /// The file of the rules that it is about.
    pub rules: String,
    /// Whether there is no such file.
    pub is_orphan: bool,
    /// The tests, or what is wrong with the file.
    pub cases: Result<Vec<Case>, String>,
}

/// Why a test belongs to no rule.
#[derive(Clone, Debug)]
pub enum Missing {
    /// Nothing of the file of rules was compiled: whoever looks at the rules says why.
    NotCompiled(String),
    /// The test is wrong.
    Wrong(String),
}

impl Beside {
    /// The rules that its tests can be of, among `rules`.
    #[must_use]
    pub fn own<'r>(&'r self, rules: &[&'r CheckedRule]) -> Own<'r> {
        let numbered = RuleId::count(rules.iter().copied());
        Own { beside: self, rules: numbered.filter(|(_, rule)| rule.source.name() == self.rules).collect() }
    }
}

/// The rules that the tests of one file can be of, looked up once for all of them.
#[derive(Debug)]
pub struct Own<'r> {
    beside: &'r Beside,
    rules: Vec<(RuleId, &'r CheckedRule)>,
}

impl Own<'_> {
    /// The rule that a test is of, by its number among all rules.
    ///
    /// # Errors
    /// When there is none, or more than one.
    pub fn rule_of(&self, case: &Case) -> Result<RuleId, Missing> {
        let Self { beside, rules: own } = self;
        let own_id = |at: RuleId| own.get(at.index()).map(|(number, _)| *number);
        let wrong = |reason: String| Missing::Wrong(format!("`{}`: {reason}", beside.rules));
        match (own.as_slice(), &case.rule) {
            ([], _) if beside.is_orphan => {
                Err(Missing::Wrong(format!("there is no `{}` that these tests could be of", beside.rules)))
            }
            ([], _) => Err(Missing::NotCompiled(format!("no rule of `{}` was compiled", beside.rules))),
            ([(number, _)], None) => Ok(*number),
            (several, None) => Err(Missing::Wrong(format!(
                "`{}` has {} rules; say which with `rule: ID`",
                beside.rules,
                several.len()
            ))),
            (own, Some(wanted)) => {
                let found = lookup::find(own.iter().map(|(_, rule)| rule.names()), wanted);
                let found = found.map_err(|reason| wrong(reason.to_string()))?;
                own_id(found).ok_or_else(|| wrong(format!("there is no rule `{wanted}`")))
            }
        }
    }
}
