//! Presence: which values an event has. A template type says what its events should have, the sensors what they do
//! have: one of an older version may not supply a field that the template type requires.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::expression::Expr;
use crate::field::{FieldRef, Place};
use crate::predicate::Predicate;
use crate::sensor::{Constraint, Fleet, Sensor};
use crate::template::TemplateType;

/// The sensors whose events rules see: those of the fleet, and all that are known of template types for which no sensor
/// of the fleet loads a rule.
#[derive(Clone, Debug, Default)]
pub struct Suppliers {
    fleet: Option<Arc<Fleet>>,
    known: Option<Arc<Fleet>>,
}

impl Suppliers {
    /// The sensors of a fleet, and others that are known.
    #[must_use]
    pub const fn new(fleet: Option<Arc<Fleet>>, known: Option<Arc<Fleet>>) -> Self {
        Self { fleet, known }
    }

    /// Whether events may lack a field, on some sensor that loads a rule with such a constraint: a sensor does not
    /// supply it, or not always.
    #[must_use]
    pub fn may_lack(&self, template: &TemplateType, field: &FieldRef, constraint: Option<&Constraint>) -> bool {
        let Some(info) = template.describe(field) else { return false };
        let known = match info.place {
            Place::Undeclared => return true,
            // A recording is an event of the template type for what it has under these names; a sensor need not say.
            Place::Reads(_) => None,
            Place::Position(_) | Place::Header if info.ty.optional => return true,
            Place::Position(_) | Place::Header => self.known.as_ref(),
        };
        let loads = |sensor: &Sensor| constraint.is_none_or(|constraint| constraint.matches(sensor));
        for fleet in [self.fleet.as_ref(), known].into_iter().flatten() {
            let mut some = false;
            for (sensor, _) in fleet.suppliers(&template.name).filter(|(sensor, _)| loads(sensor)) {
                some = true;
                // A value of another type is none that the template type promises.
                if sensor.supplied(&template.name, info.name).is_none_or(|ty| !info.ty.is_fed_by(ty)) {
                    return true;
                }
            }
            if some {
                return false;
            }
        }
        false
    }

    /// The fields that events may lack although the template type requires them.
    #[must_use]
    pub fn lacking(&self, template: &TemplateType, constraint: Option<&Constraint>) -> Lacking {
        if self.fleet.is_none() && self.known.is_none() {
            return Lacking::default();
        }
        Lacking::of(template, template.declared().filter(|field| self.may_lack(template, field, constraint)))
    }
}

/// Fields of a template type that it requires and that some events lack all the same. Most rules have none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lacking(BTreeSet<FieldRef>);

impl Lacking {
    /// These fields of a template type, as far as it requires them: it says itself of others that events may lack them.
    #[must_use]
    pub fn of(template: &TemplateType, fields: impl IntoIterator<Item = FieldRef>) -> Self {
        let required = |field: &FieldRef| template.describe(field).is_some_and(|info| !info.ty.optional);
        Self(fields.into_iter().filter(required).collect())
    }

    /// Those of them that a condition reads: all where it looks at any value.
    #[must_use]
    pub fn read_by(&self, condition: &Expr<Predicate>) -> Self {
        if self.0.is_empty() {
            return Self::default();
        }
        let (mut read, mut any) = (BTreeSet::new(), false);
        condition.mentions(&mut |mention| {
            any |= mention.field.is_any();
            if self.has(mention.field) {
                read.insert(mention.field.clone());
            }
        });
        if any { self.clone() } else { Self(read) }
    }

    /// Whether some events lack a field.
    #[must_use]
    pub fn has(&self, field: &FieldRef) -> bool {
        self.0.contains(field)
    }

    /// The fields, in order.
    pub fn fields(&self) -> impl Iterator<Item = &FieldRef> {
        self.0.iter()
    }

    /// Adds what others lack.
    pub fn extend(&mut self, other: &Self) {
        self.0.extend(other.0.iter().cloned());
    }
}
