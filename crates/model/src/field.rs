//! What a field of a template type is: what it is called, where it stands, and of which type it is. Everything that
//! asks this of a predicate asks here.

use std::fmt;
use std::sync::Arc;

use crate::template::{FieldType, Fixed, Scalar, TemplateType};

/// Which value of an event a predicate looks at. Only a template type can say what it is: [`TemplateType::describe`].
///
/// They are in the order in which a template type declares its fields: numbered ones, header, `reads`, undeclared ones
/// by name.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldRef(Slot);

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Slot {
    /// Index into [`TemplateType::fields`].
    Input(u32),
    /// Index into [`TemplateType::header`].
    Header(u32),
    /// Index into [`TemplateType::reads`].
    Reads(u32),
    /// A name that the template type does not declare.
    Undeclared(Arc<str>),
    /// Any value of the event.
    Any,
}

impl fmt::Debug for FieldRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FieldRef {
    /// Any value of the event: what Sigma's keywords look at.
    pub const ANY: Self = Self(Slot::Any);

    /// Whether any value of the event is meant.
    #[must_use]
    pub const fn is_any(&self) -> bool {
        matches!(self.0, Slot::Any)
    }

    /// Whether the field is one that its template type does not declare.
    #[must_use]
    pub const fn is_undeclared(&self) -> bool {
        matches!(self.0, Slot::Undeclared(_))
    }
}

/// Where a template type declares a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'t> {
    /// At a position, from 1.
    Position(u32),
    /// In the header, which comes with every event.
    Header,
    /// Under `reads`: an event has one of these values, or it is none of the template type. Never empty.
    Reads(&'t [Fixed]),
    /// Nowhere: an open template type may have it all the same.
    Undeclared,
}

/// What a template type says of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FieldInfo<'t> {
    /// Its name, as content and events write it.
    pub name: &'t str,
    /// Its type, for rules of either language, for sensors and for recorded events alike.
    pub ty: FieldType,
    /// Where it is declared.
    pub place: Place<'t>,
}

impl FieldInfo<'_> {
    /// Its position, from 1, where it has one.
    #[must_use]
    pub const fn position(&self) -> Option<u32> {
        match self.place {
            Place::Position(position) => Some(position),
            _ => None,
        }
    }
}

/// The type of a name under `reads`: an integer where all of its values are, and otherwise a string whose case does not
/// count, since recorders differ in it.
fn type_of(values: &[Fixed]) -> FieldType {
    if values.iter().all(|value| matches!(value, Fixed::Int(_))) {
        FieldType::new(Scalar::Int)
    } else {
        FieldType { nocase: true, ..FieldType::new(Scalar::String) }
    }
}

fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl TemplateType {
    /// The field that content and events mean by a name: a numbered one, else one of the header, else one under
    /// `reads`, else one that is not declared.
    #[must_use]
    pub fn named(&self, name: &str) -> FieldRef {
        let numbered = self.fields.iter().position(|field| field.as_ref().is_some_and(|field| field.name == name));
        let header = || self.header.iter().position(|field| field.name == name);
        let reads = || self.reads.iter().position(|of| of.name == name);
        FieldRef(if let Some(at) = numbered {
            Slot::Input(index(at))
        } else if let Some(at) = header() {
            Slot::Header(index(at))
        } else if let Some(at) = reads() {
            Slot::Reads(index(at))
        } else {
            Slot::Undeclared(name.into())
        })
    }

    /// The field at a position, counted from 1; nothing for a retired position and beyond the last one.
    #[must_use]
    pub fn at(&self, position: u32) -> Option<FieldRef> {
        let at = position.checked_sub(1)?;
        self.fields.get(at as usize)?.as_ref().map(|_| FieldRef(Slot::Input(at)))
    }

    /// What the template type says of a field. Nothing for [`FieldRef::ANY`], which is no one field, and for a field of
    /// another template type.
    #[must_use]
    pub fn describe<'t>(&'t self, field: &'t FieldRef) -> Option<FieldInfo<'t>> {
        match &field.0 {
            Slot::Undeclared(name) => Some(FieldInfo { name, ty: FieldType::OPEN, place: Place::Undeclared }),
            declared => self.info(declared),
        }
    }

    /// What the template type says of the field that a name means, where it declares one.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<FieldInfo<'_>> {
        self.info(&self.named(name).0)
    }

    fn info(&self, declared: &Slot) -> Option<FieldInfo<'_>> {
        Some(match declared {
            Slot::Input(at) => {
                let field = self.fields.get(*at as usize)?.as_ref()?;
                FieldInfo { name: &field.name, ty: field.ty, place: Place::Position(at.saturating_add(1)) }
            }
            Slot::Header(at) => {
                let field = self.header.get(*at as usize)?;
                FieldInfo { name: &field.name, ty: field.ty, place: Place::Header }
            }
            Slot::Reads(at) => {
                let of = self.reads.get(*at as usize)?;
                FieldInfo { name: &of.name, ty: type_of(&of.values), place: Place::Reads(&of.values) }
            }
            Slot::Undeclared(_) | Slot::Any => return None,
        })
    }

    /// The fields that the template type declares, in order.
    pub fn declared(&self) -> impl Iterator<Item = FieldRef> + '_ {
        let numbered = self.fields.iter().enumerate().filter(|(_, field)| field.is_some());
        let numbered = numbered.map(|(at, _)| Slot::Input(index(at)));
        let header = (0..self.header.len()).map(|at| Slot::Header(index(at)));
        let reads = (0..self.reads.len()).map(|at| Slot::Reads(index(at)));
        numbered.chain(header).chain(reads).map(FieldRef)
    }

    /// All names that a rule may read, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let numbered = self.fields.iter().flatten().map(|field| field.name.as_str());
        let header = self.header.iter().map(|field| field.name.as_str());
        numbered.chain(header).chain(self.reads.iter().map(|of| of.name.as_str()))
    }
}
