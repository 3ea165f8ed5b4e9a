//! One sensor with the image of one release: what rules are shown there of an event that somebody recorded.

use std::cell::RefCell;
use std::collections::HashMap;

use contentcheck_events::{Flat, Scratch};
use contentcheck_model::rule::{RuleId, Target};
use contentcheck_model::sensor::Sensor;
use contentcheck_model::template::{FieldType, Scalar, TemplateType};
use contentcheck_model::value::Value;
use contentcheck_reference::evaluate;
use contentcheck_run::Plan;

/// A sensor that has loaded a release.
pub(super) struct Seat<'p> {
    pub(super) sensor: &'p Sensor,
    plan: &'p Plan,
    scratch: RefCell<Scratch>,
    /// Whether a rule is loaded on a template type, for those that were asked about.
    loaded: RefCell<HashMap<(RuleId, usize), bool>>,
}

impl<'p> Seat<'p> {
    pub(super) fn new(sensor: &'p Sensor, plan: &'p Plan) -> Self {
        Self { sensor, plan, scratch: RefCell::default(), loaded: RefCell::default() }
    }

    /// Whether it loads a rule on a template type.
    pub(super) fn loads(&self, rule: RuleId, template: &TemplateType) -> bool {
        let key = (rule, std::ptr::from_ref(template).addr());
        *self.loaded.borrow_mut().entry(key).or_insert_with(|| self.plan.loads_on(rule, template))
    }

    /// Whether a target matches a recorded event, as the sensor supplies it: what always comes has some value, though it was not recorded. Nothing where the
    /// target cannot be evaluated.
    pub(super) fn matches(&self, target: &Target, flat: &Flat<'_>) -> Option<bool> {
        let template = &target.template;
        let route = self.plan.route_of(template)?;
        let mut event = self.plan.reference_event(route, template, flat, &mut self.scratch.borrow_mut())?;
        let layout = self.plan.stop(route)?.layout();
        for (name, ty) in layout.inputs().chain(layout.header()).filter(|(_, ty)| !ty.optional) {
            let field = template.named(name);
            if event.value(&field).is_none() {
                event.set(&field, some(ty));
            }
        }
        evaluate(target, &event).ok()
    }
}

/// A value of a type that says as little as there is.
fn some(ty: FieldType) -> Option<Value> {
    let value = match ty.scalar {
        Scalar::String => Value::String(String::new()),
        Scalar::Int => Value::Int(0),
        Scalar::Float => Value::Float(0.0),
        Scalar::Bool => Value::Bool(false),
        Scalar::Bytes => Value::Bytes(Vec::new()),
        Scalar::Ip => return None,
    };
    Some(if ty.list { Value::List(vec![value]) } else { value })
}
