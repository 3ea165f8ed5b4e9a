//! What a rule sees on one sensor, as a condition: a keyword names no input, and is looked for in what the sensor supplies alone, and a field that
//! nobody declares may not come at all.

use std::sync::Arc;

use contentcheck_model::expression::Expr;
use contentcheck_model::field::{FieldRef, Place};
use contentcheck_model::predicate::{Predicate, Test};
use contentcheck_model::rule::Target;
use contentcheck_model::sensor::Sensor;
use contentcheck_model::template::FieldType;

/// What it is taken for where it cannot be said whether a keyword is in an input.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Doubt {
    /// The rule fires: where the condition never holds, it never fires on that sensor.
    Fires,
    /// It does not: where the condition holds, it does.
    Silent,
}

/// The condition of a target as it is decided on a sensor.
pub(super) fn by(target: &Target, sensor: &Sensor, doubt: Doubt) -> Expr<Predicate> {
    let sight = Sight::of(target, sensor);
    sight.of_condition(&target.condition, doubt == Doubt::Silent)
}

/// What a target would see besides on a sensor that supplied these inputs too, as another one does, in its keywords alone: where this condition never
/// holds, it loses nothing without them.
pub(super) fn besides(target: &Target, sensor: &Sensor, (other, inputs): (&Sensor, &[String])) -> Expr<Predicate> {
    let sight = Sight::of(target, sensor);
    // A doubt is one of both: taken to be what makes a difference.
    let without = sight.of_condition(&target.condition, true);
    let with = inputs.iter().fold(sight, |sight, input| sight.and(other, input)).of_condition(&target.condition, false);
    Expr::all([with, without.negate()])
}

/// The inputs of a sensor in which a target looks for keywords.
struct Sight<'t> {
    target: &'t Target,
    /// Fields of the template type that come in the type which it declares: a test of them can be said.
    declared: Vec<FieldRef>,
    /// The types of all others.
    others: Vec<FieldType>,
    sensor: &'t Sensor,
}

impl<'t> Sight<'t> {
    fn of(target: &'t Target, sensor: &'t Sensor) -> Self {
        let template = &target.template;
        let supplied = |name: &str| sensor.supplied(&template.name, name);
        // What all events have, they have on every sensor; of several values an event has the one that the sensor says.
        let comes = |field: &FieldRef| {
            template.describe(field).is_some_and(|info| {
                let is_alike = |ty: FieldType| (ty.scalar, ty.list) == (info.ty.scalar, info.ty.list);
                supplied(info.name).map_or(matches!(info.place, Place::Reads([_])), is_alike)
            })
        };
        let declared: Vec<FieldRef> = template.declared().filter(comes).collect();
        let is_said =
            |name: &str| declared.iter().any(|field| template.describe(field).is_some_and(|info| info.name == name));
        let others = sensor.all_supplied(&template.name).into_iter().filter(|(name, _)| !is_said(name));
        let others = others.map(|(_, ty)| ty).collect();
        Self { target, declared, others, sensor }
    }

    /// With an input that another sensor supplies.
    fn and(mut self, other: &Sensor, input: &str) -> Self {
        let template = &self.target.template;
        let is_it = |field: &FieldRef| template.describe(field).is_some_and(|info| info.name == input);
        match Sight::of(self.target, other).declared.into_iter().find(is_it) {
            Some(field) => self.declared.push(field),
            None => self.others.extend(other.supplied(&template.name, input)),
        }
        self
    }

    fn of_condition(&self, condition: &Expr<Predicate>, negated: bool) -> Expr<Predicate> {
        // INVARIANT: conditions are as deep as `limits::NESTING` lets what is written be.
        match condition {
            Expr::Const(value) => Expr::Const(*value),
            Expr::Not(inner) => self.of_condition(inner, !negated).negate(),
            Expr::All(parts) => Expr::all(parts.iter().map(|part| self.of_condition(part, negated))),
            Expr::Any(parts) => Expr::any(parts.iter().map(|part| self.of_condition(part, negated))),
            Expr::Is(predicate) if predicate.field.is_any() => self.of_keyword(predicate, negated),
            Expr::Is(predicate) => self.of_field(predicate),
        }
    }

    /// What never comes is absent, and what always comes is not.
    fn of_field(&self, predicate: &Predicate) -> Expr<Predicate> {
        let comes = |field: &FieldRef| {
            let info = self.target.template.describe(field)?;
            match self.sensor.supplied(&self.target.template.name, info.name) {
                Some(supplied) if supplied.optional => None,
                Some(_) => Some(true),
                None => (!matches!(info.place, Place::Reads([_]))).then_some(false),
            }
        };
        let comes_of = |field: Option<&FieldRef>| field.and_then(comes);
        match (&*predicate.test, comes(&predicate.field)) {
            (Test::Null, Some(comes)) => Expr::Const(!comes),
            (Test::Exists, Some(comes)) => Expr::Const(comes),
            (_, Some(false)) => Expr::Const(false),
            (test, _) if comes_of(test.other()) == Some(false) => Expr::Const(false),
            _ => Expr::Is(predicate.clone()),
        }
    }

    fn of_keyword(&self, predicate: &Predicate, negated: bool) -> Expr<Predicate> {
        match &*predicate.test {
            // Each of them may stand in another value.
            Test::Text { patterns, all: true } => Expr::all(patterns.iter().map(|pattern| {
                let test = Arc::new(Test::Text { patterns: vec![pattern.clone()], all: false });
                self.in_some_input(&test, predicate, negated)
            })),
            Test::Text { all: false, .. } | Test::Cidr(_) => self.in_some_input(&predicate.test, predicate, negated),
            _ => Expr::Const(!negated),
        }
    }

    fn in_some_input(&self, test: &Arc<Test>, predicate: &Predicate, negated: bool) -> Expr<Predicate> {
        let may_be_elsewhere = self.others.iter().any(|ty| test.may_be_keyword_in(ty.scalar));
        let parts = self.declared.iter().filter_map(|field| {
            let ty = self.target.template.describe(field)?.ty;
            if !test.is_keyword_in(ty.scalar) {
                return None;
            }
            let test = if ty.list {
                Arc::new(Test::Elements { all: false, test: Box::new(Test::clone(test)) })
            } else {
                Arc::clone(test)
            };
            Some(Expr::Is(Predicate::new(field.clone(), test, predicate.span)))
        });
        Expr::any(parts.chain([Expr::Const(may_be_elsewhere && !negated)]))
    }
}
