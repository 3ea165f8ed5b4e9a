//! The events that are reasoned about: those of a template type, as the sensors that load a rule supply them.

use std::borrow::Cow;

use contentcheck_model::field::FieldRef;
use contentcheck_model::presence::Lacking;
use contentcheck_model::rule::Target;
use contentcheck_model::template::TemplateType;

/// The events of a template type. Every question is about some; only a target says which.
#[derive(Clone)]
pub(crate) struct Events<'t> {
    pub(crate) template: &'t TemplateType,
    lacking: Cow<'t, Lacking>,
}

impl<'t> Events<'t> {
    /// The events that a rule sees on a template type.
    pub(crate) fn of(target: &'t Target) -> Self {
        Self { template: &target.template, lacking: Cow::Borrowed(&target.lacking) }
    }

    /// Those of this target and of others on a template type that is alike.
    pub(crate) fn with<'o>(mut self, others: impl IntoIterator<Item = &'o Target>) -> Self {
        for other in others {
            if self.lacking.as_ref() != &other.lacking {
                self.lacking.to_mut().extend(&other.lacking);
            }
        }
        self
    }

    /// Whether some of them lack a field that the template type requires.
    pub(crate) fn lack(&self, field: &FieldRef) -> bool {
        self.lacking.has(field)
    }
}
