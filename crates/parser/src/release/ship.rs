//! Ship: the rules that may run, and nothing else.

use std::collections::HashSet;
use std::sync::Arc;

use super::Finding;
use super::gathered::{ReleaseInfo, content_digest};
use super::judge::{Judged, LeftOut};
use contentcheck_model::catalogue::Catalogue;
use contentcheck_model::rule::CheckedRule;
use contentcheck_model::source::{Source, Span};

/// What becomes of rules that cannot ship.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WithErrors {
    /// Nothing ships as long as there is one.
    #[default]
    Refuse,
    /// The others ship; [`Shippable::left_out`] names those that do not, with the reasons.
    LeaveOut,
}

/// Why nothing ships.
#[derive(Clone, Debug)]
pub struct Unshippable {
    /// What stands in the way, by file and place.
    pub errors: Vec<Finding>,
}

/// All that can be compiled, evaluated and proven: rules that were read whole and have no error, of the files that were asked of, in the order of an
/// image. Made by [`Judged::ship`] alone.
#[derive(Clone, Debug)]
pub struct Shippable {
    rules: Vec<Arc<CheckedRule>>,
    catalogue: Arc<Catalogue>,
    left_out: Vec<LeftOut>,
    release: ReleaseInfo,
    /// What was written: the content files, of which the digest is made when somebody asks.
    sources: Vec<Source>,
}

impl Judged {
    /// The rules that may run and ship.
    ///
    /// # Errors
    /// When something stands in the way, and that is not to be left out.
    pub fn ship(&self, errors: WithErrors) -> Result<Shippable, Unshippable> {
        Shippable::of(self, errors)
    }
}

impl Shippable {
    fn of(judged: &Judged, errors: WithErrors) -> Result<Self, Unshippable> {
        let left_out = judged.left_out();
        if errors == WithErrors::Refuse && (judged.errors().next().is_some() || !left_out.is_empty()) {
            return Err(Unshippable { errors: judged.errors().cloned().collect() });
        }
        let checked = judged.checked();
        let left: HashSet<(&str, Span)> = left_out.iter().map(|out| (out.source.name(), out.extent)).collect();
        let ships = |rule: &&Arc<CheckedRule>| !left.contains(&(rule.source.name(), rule.extent));
        let mut rules: Vec<_> = checked.asked_rules().filter(ships).cloned().collect();
        // By names and not by files, so that the order of an image does not depend on how content is split.
        rules.sort_by(|a, b| {
            (&a.name, &a.title, a.source.name(), a.span).cmp(&(&b.name, &b.title, b.source.name(), b.span))
        });
        Ok(Self {
            rules,
            catalogue: Arc::clone(checked.catalogue()),
            left_out: left_out.to_vec(),
            release: judged.gathered().release.clone(),
            sources: checked.sources().map(|(source, _)| source.clone()).collect(),
        })
    }

    /// Name and sequence number of the release.
    #[must_use]
    pub const fn release(&self) -> &ReleaseInfo {
        &self.release
    }

    /// The digest of the content, as [`Judged::content_sha256`] has it in hexadecimal digits.
    #[must_use]
    pub fn content_digest(&self) -> [u8; 32] {
        content_digest(self.sources.iter())
    }

    /// The rules. The number of a rule in an image is its place here.
    #[must_use]
    pub fn rules(&self) -> &[Arc<CheckedRule>] {
        &self.rules
    }

    /// The template types in force.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The rules that are not among them, with the reasons.
    #[must_use]
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }
}
