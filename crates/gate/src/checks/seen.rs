//! What a rule sees on one sensor, as a condition: a keyword names no input, and is looked for in what the sensor supplies alone.

use std::sync::Arc;

use contentcheck_model::expression::Expr;
use contentcheck_model::field::{FieldRef, Place};
use contentcheck_model::predicate::{Predicate, Test};
use contentcheck_model::rule::Target;
use contentcheck_model::sensor::Sensor;
use contentcheck_model::template::FieldType;

/// The condition of a target with each keyword looked for in what a sensor supplies. Nothing where an input may have a keyword in a way that cannot be
/// said of it.
pub(super) fn by(target: &Target, sensor: &Sensor) -> Option<Expr<Predicate>> {
    let template = &target.template;
    // What all events have, they have on every sensor; of several values an event has the one that the sensor says.
    let has = |field: &FieldRef| {
        let info = template.describe(field);
        info.is_some_and(|info| {
            matches!(info.place, Place::Reads([_])) || sensor.supplied(&template.name, info.name).is_some()
        })
    };
    let fields: Vec<FieldRef> = template.declared().filter(has).collect();
    // A keyword sees them too, and nothing is known of them but their type.
    let is_declared = |name: &str| template.names().any(|own| own == name);
    let undeclared: Vec<FieldType> = sensor
        .all_supplied(&template.name)
        .into_iter()
        .filter(|(name, _)| !is_declared(name))
        .map(|(_, ty)| ty)
        .collect();
    let mut is_said = true;
    let seen = target.condition.substitute(&mut |predicate: &Predicate| {
        if !predicate.field.is_any() {
            return Expr::Is(predicate.clone());
        }
        let in_some_field = |test: &Arc<Test>, is_said: &mut bool| {
            *is_said &= !undeclared.iter().any(|ty| test.may_be_keyword_in(ty.scalar));
            let parts = fields.iter().filter_map(|field| {
                let ty = template.describe(field)?.ty;
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
            Expr::any(parts)
        };
        match &*predicate.test {
            // Each of them may stand in another value.
            Test::Text { patterns, all: true } => {
                let each = patterns.iter().map(|pattern| {
                    let test = Arc::new(Test::Text { patterns: vec![pattern.clone()], all: false });
                    in_some_field(&test, &mut is_said)
                });
                Expr::all(each)
            }
            Test::Text { all: false, .. } | Test::Cidr(_) => in_some_field(&predicate.test, &mut is_said),
            _ => {
                is_said = false;
                Expr::Is(predicate.clone())
            }
        }
    });
    is_said.then_some(seen)
}
