//! Worker: the memory of one thread, and what evaluates events with it.

use std::collections::HashSet;
use std::ops::ControlFlow;

use contentcheck_compiler::event::with_event;
use contentcheck_events::{Flat, Flattener, Layout, Scratch, Tally, own};
use contentcheck_interpreter::{Done, Event, Fault, Input, KillList, OpenImage, VerifiedImage};
use contentcheck_model::field::{FieldInfo, FieldRef, Place};
use contentcheck_model::rule::RuleId;
use contentcheck_model::template::{FieldType, TemplateType};
use contentcheck_model::value::Value;
use contentcheck_reference as reference;

use crate::fault::EventFault;
use crate::json::json;
use crate::plan::{Plan, Route, Stop};
use crate::seen::Seen;

/// What evaluates events on the image of a plan. Each thread has its own.
pub struct Worker<'p> {
    plan: &'p Plan,
    image: OpenImage<'p>,
    /// Memory for typing.
    scratch: Scratch,
    words: Vec<u64>,
    numbers: Vec<usize>,
    routes: Vec<Route>,
    tally: Tally,
    has_any: bool,
    seen: Seen,
    flattener: Flattener,
}

impl Plan {
    /// Memory for one thread, and what evaluates with it.
    #[must_use]
    pub fn worker(&self) -> Worker<'_> {
        Worker::new(self)
    }
}

impl<'p> Worker<'p> {
    pub(crate) fn new(plan: &'p Plan) -> Self {
        let image = plan.view();
        Self {
            plan,
            words: vec![0; image.verified().scratch_words()],
            image,
            scratch: Scratch::default(),
            numbers: Vec::new(),
            routes: Vec::new(),
            tally: Tally::new(),
            has_any: false,
            seen: Seen::new(plan),
            flattener: Flattener::new(),
        }
    }

    /// The plan that it was made of.
    #[must_use]
    pub const fn plan(&self) -> &'p Plan {
        self.plan
    }

    /// The template types of the last event.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// Whether the last event that was evaluated has anything that rules read besides what it is recognised by.
    #[must_use]
    pub const fn has_any(&self) -> bool {
        self.has_any
    }

    /// Values that did not convert, of all events so far.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// What the events so far had of what rules read.
    #[must_use]
    pub const fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Its tally and what it saw, when it is done.
    #[must_use]
    pub fn into_parts(self) -> (Tally, Seen) {
        (self.tally, self.seen)
    }

    /// Finds the template types that an event belongs to. `forced` is the only one that it may belong to.
    pub fn route(&mut self, flat: &Flat<'_>, forced: Option<Route>) -> &[Route] {
        self.plan.router().route(flat, forced.map(Route::index), &mut self.numbers);
        self.routes.clear();
        self.routes.extend(self.numbers.iter().copied().map(Route));
        &self.routes
    }

    /// Lends a recorded event as it is supplied for a template type.
    pub fn present<R>(&mut self, stop: &Stop, flat: &Flat<'_>, with: impl FnOnce(Event<'_>) -> R) -> R {
        stop.layout().present(flat, &mut self.scratch, stop.shows_others(), with)
    }

    /// Routes and evaluates one recorded event. `sink` is given the template types, and the rules that match there.
    ///
    /// # Errors
    /// The first fault: none is known.
    pub fn evaluate(
        &mut self,
        flat: &Flat<'_>,
        forced: Option<Route>,
        mut sink: impl FnMut(Route, RuleId),
    ) -> Result<(), EventFault> {
        self.route(flat, forced);
        let mut result = Ok(());
        let Self { plan, image, scratch, words, routes, tally, seen, has_any, .. } = self;
        *has_any = false;
        for route in routes.iter() {
            seen.count(*route);
            let Some(stop) = plan.stop(*route) else { continue };
            let done = stop.layout().present(flat, scratch, stop.shows_others(), |event: Event<'_>| {
                *has_any |= stop.has_any(&event);
                evaluate(stop, &image.verified(), event, words, |_| true, |rule| sink(*route, rule))
            });
            tally.add(stop.layout(), scratch);
            seen.note(*route, flat, scratch);
            result = result.and(done);
        }
        result
    }

    /// A recorded event as the reference evaluator sees it: what the image is shown, under the names of `template`,
    /// which is the one of a target or another version of it.
    #[must_use]
    pub fn reference_event(
        &mut self,
        route: Route,
        template: &TemplateType,
        flat: &Flat<'_>,
    ) -> Option<reference::Event> {
        self.plan.reference_event(route, template, flat, &mut self.scratch)
    }

    /// An event of owned values as the sensor supplies it: without what it does not supply, and with values in its
    /// types where these differ from those that the template type declares. A recorder supplies it as it is.
    #[must_use]
    pub fn as_supplied(&mut self, template: &TemplateType, event: &reference::Event) -> reference::Event {
        if self.plan.sensor().is_none() {
            return event.clone();
        }
        let mut supplied = self.plan.unfilled(template);
        let plan = self.plan;
        let Some(stop) = plan.route_of(template).and_then(|route| plan.stop(route)) else { return supplied };
        for (name, ty) in stop.layout().inputs().chain(stop.layout().header()) {
            let field = template.named(name);
            let Some(value) = event.value(&field) else { continue };
            // What is not of its field's own type stays as it is: it is absent for whatever reads it.
            let value = if fits(value, ty) || !declared(template, &field).is_none_or(|own| fits(value, own)) {
                Some(value.clone())
            } else {
                self.convert(value, ty)
            };
            supplied.set(&field, value);
        }
        supplied
    }

    /// Shows an event of owned values to the image, as an event of one template type.
    ///
    /// # Errors
    /// The first fault: none is known.
    pub fn evaluate_owned(
        &mut self,
        template: &TemplateType,
        event: &reference::Event,
        sink: impl FnMut(RuleId),
    ) -> Result<(), EventFault> {
        let plan = self.plan;
        let Some(stop) = plan.route_of(template).and_then(|route| plan.stop(route)) else { return Ok(()) };
        let converted = plan.sensor().is_some().then(|| self.as_supplied(template, event));
        let event = converted.as_ref().unwrap_or(event);
        let (inputs, header) = (stop.inputs(), stop.header());
        let others = match plan.sensor() {
            Some(_) => Vec::new(),
            None => others(template, event, &inputs),
        };
        let value = |name: &str| event.value(&template.named(name));
        let Self { image, words, .. } = self;
        with_event(&inputs, &header, value, &others, |event| {
            evaluate(stop, &image.verified(), event, words, |version| version == template.version, sink)
        })
    }

    /// A value in another type, as it is converted where a recording has it.
    fn convert(&mut self, value: &Value, ty: FieldType) -> Option<Value> {
        const NAME: &str = "value";
        let record = serde_json::json!({ NAME: json(value) }).to_string();
        let layout = Layout::new("", vec![(NAME.to_owned(), ty)], Vec::new());
        let flat = self.flattener.flatten(record.as_bytes()).ok()?;
        layout.present(&flat, &mut self.scratch, false, |event| event.inputs.first().and_then(own))
    }
}

/// Evaluates an event on the template types of a stop whose version is asked for: the first fault ends none of the
/// others.
fn evaluate(
    stop: &Stop,
    image: &VerifiedImage<'_>,
    event: Event<'_>,
    words: &mut [u64],
    version: impl Fn(u32) -> bool,
    mut sink: impl FnMut(RuleId),
) -> Result<(), EventFault> {
    let mut result = Ok(());
    for template in stop.templates() {
        let number = template.number();
        if !image.image().template(number).is_some_and(|of| version(of.version)) {
            continue;
        }
        let bound = image.bind(number, event);
        let done: Result<Done, Fault> = bound.and_then(|bound| {
            bound.evaluate(&KillList::NONE, words, u64::MAX, |rule| {
                sink(RuleId::new(rule));
                ControlFlow::Continue(())
            })
        });
        result = result.and(done.map(|_| ()).map_err(|fault| EventFault { fault, template: *template }));
    }
    result
}

/// The type that a template type declares for a field; nothing where it declares none.
fn declared(template: &TemplateType, field: &FieldRef) -> Option<FieldType> {
    match template.describe(field)? {
        FieldInfo { place: Place::Position(_) | Place::Header, ty, .. } => Some(ty),
        _ => None,
    }
}

/// Whether a value is of a type. A single value stands for a list of one, as `with_event` lends it.
fn fits(value: &Value, ty: FieldType) -> bool {
    match value {
        Value::List(elements) => ty.list && elements.iter().all(|value| value.is(ty.scalar)),
        value => value.is(ty.scalar),
    }
}

/// The values that no input takes: only keywords look at them.
#[must_use]
pub fn others<'e>(template: &TemplateType, event: &'e reference::Event, inputs: &[Input<'_>]) -> Vec<&'e Value> {
    let names: HashSet<&str> = inputs.iter().map(|input| input.name).collect();
    let is_named = |field: &FieldRef| template.describe(field).is_some_and(|info| names.contains(info.name));
    event.others.iter().chain(event.values().filter(|(field, _)| !is_named(field)).map(|(_, value)| value)).collect()
}
