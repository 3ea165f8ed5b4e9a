//! How reports name a rule.

use contentcheck_model::diagnostic::visible;
use contentcheck_model::rule::{CheckedRule, Level};
use schemars::JsonSchema;
use serde::Serialize;

/// A rule, by all that names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleName {
    /// Of a native rule the name that it is written under, of a Sigma rule its id or else its title.
    pub name: String,
    /// Id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Title.
    pub title: String,
    /// Level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<&'static str>,
    /// The file that it is in.
    pub file: String,
}

impl RuleName {
    /// All that names a rule.
    #[must_use]
    pub fn of(rule: &CheckedRule) -> Self {
        Self {
            name: rule.word().to_owned(),
            id: rule.id.clone(),
            title: rule.title.clone(),
            level: rule.level.map(level),
            file: rule.source.name().to_owned(),
        }
    }

    /// The title, with what else names the rule in parentheses: on one line in which every character is seen.
    #[must_use]
    pub fn shown(&self) -> String {
        let other = self.id.as_deref().filter(|id| *id != self.title).unwrap_or(&self.name);
        let other = visible(other);
        if self.title.is_empty() || self.title == other {
            other.into_owned()
        } else {
            format!("{} ({other})", visible(&self.title))
        }
    }
}

/// The word for a level.
#[must_use]
pub fn level(level: Level) -> &'static str {
    Level::WORDS.get(level as usize).copied().unwrap_or("")
}
