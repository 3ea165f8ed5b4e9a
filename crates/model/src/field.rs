//! What a field of a template type is.

use std::sync::Arc;

use crate::template::TemplateType;

/// Which value of an event a predicate looks at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FieldRef {
    /// A numbered field: index into [`TemplateType::fields`], so position less one.
    Input(u32),
    /// A header field: index into [`TemplateType::header`].
    Header(u32),
    /// A name that the template type fixes to one of several values: index into [`TemplateType::reads`].
    Fixed(u32),
    /// A field that an open template type does not declare, by name.
    Open(Arc<str>),
    /// Any value of the event (Sigma keywords).
    Keyword,
}

impl FieldRef {
    /// The field that content means by a name: a numbered one, else one of the header, else one that
    /// the template type fixes, else one that it does not declare.
    #[must_use]
    pub fn named(template: &TemplateType, name: &str) -> Self {
        let index = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        if let Some((position, _)) = template.field(name) {
            return Self::Input(index(position - 1));
        }
        if let Some((at, _)) = template.header_field(name) {
            return Self::Header(index(at));
        }
        match template.reads.iter().position(|recognition| recognition.name == name) {
            Some(at) => Self::Fixed(index(at)),
            None => Self::Open(name.into()),
        }
    }
}
