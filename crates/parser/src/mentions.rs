//! Mentions: what a file names and where, for editors.

use crate::{native, sigma};
use contentcheck_model::language::Language;
use contentcheck_model::mention::Mention;
use contentcheck_model::source::Source;

/// What a file names, as far as it can be read: of a native file each declaration without a mistake, of a Sigma file
/// the documents before the first place that is no YAML.
#[must_use]
pub fn mentions(source: &Source, language: Language) -> Vec<Mention> {
    match language {
        Language::Native => native::mentions::mentions(source),
        Language::Sigma => sigma::mentions::mentions(source),
    }
}
