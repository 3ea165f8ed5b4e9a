//! Checked rules: what both languages lower to.
//!
//! Nothing in here tells which language a rule was written in. A rule is only
//! made where all of it was read.

use std::sync::Arc;

use crate::claims::Claims;
use crate::diagnostic::Whole;
use crate::expression::Expr;
use crate::field::FieldRef;
use crate::predicate::Predicate;
use crate::presence::Lacking;
use crate::source::{Source, Span};
use crate::template::{LogSource, TemplateType};
use crate::value::Value;

/// A rule, specialised for one template type.
#[derive(Clone, Debug)]
pub struct Target {
    /// The template type.
    pub template: Arc<TemplateType>,
    /// The condition. Never `Const(false)`.
    pub condition: Expr<Predicate>,
    /// Fields that the condition reads and that the template type requires, which events lack all the same on some
    /// sensor that loads the rule.
    pub lacking: Lacking,
    /// Which events that the template type describes are none of it, where recorded events are told by what they say.
    pub claimed: Option<Arc<Claims>>,
}

impl Target {
    /// A condition on a template type, of whose events nothing is known but what the template type says.
    #[must_use]
    pub fn new(template: Arc<TemplateType>, condition: Expr<Predicate>) -> Self {
        Self { template, condition, lacking: Lacking::default(), claimed: None }
    }

    /// The same events under another condition, which reads no other fields.
    #[must_use]
    pub fn with_condition(&self, condition: Expr<Predicate>) -> Self {
        Self {
            template: Arc::clone(&self.template),
            condition,
            lacking: self.lacking.clone(),
            claimed: self.claimed.clone(),
        }
    }

    /// Whether another target asks the same of the same fields. A place that two declarations of a template type give to different
    /// fields, as a header in another order does, is not the same field; keywords ask the same where both declare the same, and nothing is
    /// the same where events are recognised by other `reads`.
    #[must_use]
    pub fn asks_alike(&self, other: &Self) -> bool {
        let (one, another) = (&self.template, &other.template);
        // What is an event of them, or of which version, may be other ones.
        if one.name != another.name || !one.recognises_alike(another) {
            return false;
        }
        let is_declared_alike = || {
            one.declared().count() == another.declared().count()
                && one.declared().all(|field| one.describe(&field) == another.describe(&field))
        };
        let mut is_same = self.condition.asks_alike(&other.condition);
        self.condition.mentions(&mut |mention| {
            is_same = is_same
                && match mention.field.is_any() {
                    true => is_declared_alike(),
                    false => one.describe(mention.field) == another.describe(mention.field),
                };
        });
        is_same
    }
}

/// How severe a match is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Only of interest together with others.
    Informational,
    /// Notable.
    Low,
    /// To be looked at.
    Medium,
    /// To be looked at now.
    High,
    /// An incident.
    Critical,
}

impl Level {
    /// The five words, from the least to the most severe.
    pub const WORDS: [&'static str; 5] = ["informational", "low", "medium", "high", "critical"];

    /// The level that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let levels = [Self::Informational, Self::Low, Self::Medium, Self::High, Self::Critical];
        Self::WORDS.iter().zip(levels).find(|(name, _)| **name == word).map(|(_, level)| level)
    }

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        let [informational, low, medium, high, critical] = Self::WORDS;
        match self {
            Self::Informational => informational,
            Self::Low => low,
            Self::Medium => medium,
            Self::High => high,
            Self::Critical => critical,
        }
    }
}

/// One test event of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct TestCase {
    /// Name, where one was given.
    pub name: Option<String>,
    /// Whether the rule must fire.
    pub fires: bool,
    /// The values, by field; a field that is not listed is absent.
    pub values: Vec<(FieldRef, Value)>,
    /// Where it is written.
    pub span: Span,
}

/// What the rule of one release is known by in another: its id, in which case does not count, as for lint, or else its
/// name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity(String);

impl Identity {
    /// That of a rule.
    #[must_use]
    pub fn of(rule: &CheckedRule) -> Self {
        Self(rule.id.as_deref().map_or_else(|| rule.name.clone(), str::to_ascii_lowercase))
    }

    /// What it can be of something that is known by one word, which may be an id or a name.
    #[must_use]
    pub fn of_word(word: &str) -> [Self; 2] {
        [Self(word.to_owned()), Self(word.to_ascii_lowercase())]
    }
}

/// The number of a rule in an image, and among the rules of its content in the order of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(u32);

impl RuleId {
    /// The rule with a number of an image.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The rule at an index. An image numbers fewer rules than there are numbers.
    #[must_use]
    pub fn of_index(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// The number, as an image has it.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The index of the rule in the order of the image.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// Things that stand in the order of the image, each with its rule.
    pub fn count<T>(rules: impl IntoIterator<Item = T>) -> impl Iterator<Item = (Self, T)> {
        (0..u32::MAX).map(Self).zip(rules)
    }
}

/// A rule that passed resolution and typing, all of which was read.
#[derive(Clone, Debug)]
pub struct CheckedRule {
    /// The name that reports use: the id, else the title or name.
    pub name: String,
    /// Id, where the rule has one.
    pub id: Option<String>,
    /// Title.
    pub title: String,
    /// Severity of a match.
    pub level: Option<Level>,
    /// Tags, in the order in which they are written.
    pub tags: Vec<String>,
    /// The day of the last change, as it is written: `modified`, else `date`.
    pub revision: Option<String>,
    /// The log source that a Sigma rule asks for.
    pub logsource: Option<LogSource>,
    /// The template types that the rule runs on, with the condition for each.
    pub targets: Vec<Target>,
    /// Which sensors may load the rule.
    pub sensors: Option<crate::sensor::Constraint>,
    /// The rule's own tests.
    pub tests: Vec<TestCase>,
    /// The file that it was read from.
    pub source: Source,
    /// Where it stands in the file: its title or name.
    pub span: Span,
    /// The bytes of the whole declaration or document: a finding with a place in them is about it.
    pub extent: Span,
    /// The bytes of the global document that is merged into it: a finding there is about it too.
    pub global: Option<Span>,
    /// The proof that all of it was read: without one there is no such rule.
    pub whole: Whole,
}

impl CheckedRule {
    /// Its target on a template type, whatever the version.
    #[must_use]
    pub fn on(&self, template: &str) -> Option<&Target> {
        self.targets.iter().find(|target| target.template.name == template)
    }
}
