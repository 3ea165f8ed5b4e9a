//! How reports name a rule.

use contentcheck_interpreter::RuleInfo;
use contentcheck_model::diagnostic::visible;
use contentcheck_model::lookup::Names;
use contentcheck_model::metadata::is_uuid;
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
    /// The file that it is in; absent where the rule comes from an image, which does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
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
            file: Some(rule.source.name().to_owned()),
        }
    }

    /// What an image says of a rule. It has one name for id, title and word: an id where it is neither of the others.
    #[must_use]
    pub fn in_image(rule: RuleInfo<'_>) -> Self {
        let is_id = is_uuid(rule.name) || rule.name != rule.title && rule.name != rule.word;
        Self {
            name: if rule.word.is_empty() { rule.name } else { rule.word }.to_owned(),
            id: is_id.then(|| rule.name.to_owned()),
            title: rule.title.to_owned(),
            level: Some(rule.level.as_str()).filter(|level| !level.is_empty()),
            file: None,
        }
    }

    /// The same, for a look-up.
    #[must_use]
    pub fn names(&self) -> Names<'_> {
        let id = self.id.as_deref().unwrap_or("");
        let file = self.file.as_deref().unwrap_or("");
        Names { id, word: "", name: &self.name, title: &self.title, file }
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
