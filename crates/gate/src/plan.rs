//! Plan: how recorded events reach an image: routed to template types, typed in the order that
//! the image reads, bound and evaluated.

use std::sync::Arc;

use contentcheck_compiler::event::with_event;
use contentcheck_compiler::sensor::{Memory, Supplied, ty};
use contentcheck_events::{Flat, Layout, Router, Scratch, Tally};
use contentcheck_interpreter::format::Section;
use contentcheck_interpreter::format::{KEYWORD, Predicate};
use contentcheck_interpreter::{Event, Fault, Image, Input, KillMask, VerifiedImage};
use contentcheck_parser::check::CheckedContent;
use contentcheck_parser::model::{FieldRef, Value};
use contentcheck_parser::template::{FieldType, Scalar, TemplateType};
use contentcheck_reference as reference;

use crate::refusal::describe;

/// An image made ready for recorded events.
pub struct Plan<'p> {
    /// The image, verified for a recorder that has all it reads.
    pub verified: VerifiedImage<'p>,
    /// Which template types an event belongs to.
    pub router: Router,
    /// For each template type of the router, what the image has for it.
    stops: Vec<Option<Stop>>,
}

/// What an image has for one template type.
struct Stop {
    layout: Layout,
    /// The template types of the image: of each version one.
    templates: Vec<u32>,
    /// Whether rules look at all values.
    others: bool,
}

/// Memory of one thread.
pub struct Worker {
    /// Memory for typing.
    pub scratch: Scratch,
    words: Vec<u64>,
    /// The template types of the last event, by their numbers in the router.
    pub routes: Vec<usize>,
    /// Values that did not convert, of all events so far.
    pub tally: Tally,
}

impl Worker {
    /// As much as a plan needs.
    #[must_use]
    pub fn new(plan: &Plan<'_>) -> Self {
        Self {
            scratch: Scratch::default(),
            words: vec![0; plan.verified.scratch_words()],
            routes: Vec::new(),
            tally: Tally::new(),
        }
    }
}

/// Makes the plan of content and its image, and lends it.
///
/// # Errors
/// When the image is rejected, with the reason: for an image of this content that is a fault of the compiler's.
pub fn with_plan<R>(content: &CheckedContent, image: &[u8], then: impl FnOnce(&Plan<'_>) -> R) -> Result<R, String> {
    let image = Image::read(image).map_err(|rejection| rejection.to_string())?;
    let supplied = Supplied::of_recorder(&image, "recorder", "0");
    let supplies = supplied.supplies();
    let mut memory = Memory::of(&image);
    let verified = image
        .verify(&supplied.manifest(&supplies), memory.workspace())
        .map_err(|rejection| describe(&image, rejection))?;
    let catalogue = content.catalogue();
    let mut templates: Vec<Arc<TemplateType>> = catalogue.newest().into_iter().cloned().collect();
    // Rules may be on versions before the newest.
    for rule in content.rules() {
        for target in &rule.targets {
            if !templates.iter().any(|known| known.name == target.template.name) {
                templates.push(Arc::clone(&target.template));
            }
        }
    }
    let stops = templates.iter().map(|template| stop(template, &verified, &supplied)).collect();
    let router = Router::new(templates);
    Ok(then(&Plan { verified, router, stops }))
}

fn stop(template: &TemplateType, verified: &VerifiedImage<'_>, supplied: &Supplied<'_>) -> Option<Stop> {
    let image = verified.image();
    let templates: Vec<u32> = verified.templates_named(&template.name).collect();
    if templates.is_empty() {
        return None;
    }
    let (_, inputs) = supplied.templates().iter().find(|(name, _)| *name == template.name)?;
    let inputs = inputs.iter().map(|input| {
        let scalar = match input.ty.scalar {
            contentcheck_interpreter::Scalar::String => Scalar::String,
            contentcheck_interpreter::Scalar::Int => Scalar::Int,
            contentcheck_interpreter::Scalar::Float => Scalar::Float,
            contentcheck_interpreter::Scalar::Bool => Scalar::Bool,
            contentcheck_interpreter::Scalar::Ip => Scalar::Ip,
            contentcheck_interpreter::Scalar::Bytes => Scalar::Bytes,
        };
        let ty = FieldType { scalar, list: input.ty.list, optional: input.ty.optional, nocase: false };
        (input.name.to_owned(), ty)
    });
    let layout = Layout::new(&template.name, inputs.collect(), Vec::new());
    let others = templates.iter().any(|number| reads_keywords(image, *number));
    Some(Stop { layout, templates, others })
}

/// Whether some rule on a template type of an image looks at all values.
fn reads_keywords(image: &Image<'_>, template: u32) -> bool {
    let Some(template) = image.template(template) else { return false };
    let records = image.section_bytes(Section::Predicates).as_chunks::<{ Predicate::SIZE }>().0;
    let from = template.predicates as usize;
    let own = records.get(from..from + template.predicate_count as usize).unwrap_or(&[]);
    own.iter().any(|record| Predicate::decode(record).input == KEYWORD)
}

impl Plan<'_> {
    /// Routes and evaluates one event. `sink` is given the template types, by their numbers in the
    /// router, and the numbers of the rules that match there.
    ///
    /// # Errors
    /// A fault, which a typed event does not meet.
    pub fn evaluate(
        &self,
        flat: &Flat<'_>,
        forced: Option<usize>,
        worker: &mut Worker,
        mut sink: impl FnMut(usize, u32),
    ) -> Result<(), Fault> {
        let mut routes = std::mem::take(&mut worker.routes);
        self.router.route(flat, forced, &mut routes);
        let mut result = Ok(());
        for route in &routes {
            let Some(Some(stop)) = self.stops.get(*route) else { continue };
            let Worker { scratch, words, tally, .. } = worker;
            let done = stop.layout.present(flat, scratch, stop.others, |event: Event<'_>| {
                stop.templates.iter().try_for_each(|template| {
                    self.verified.bind(*template, event)?.evaluate(KillMask::NONE, words, |rule| sink(*route, rule))
                })
            });
            tally.add(&stop.layout, scratch);
            result = result.and(done);
        }
        worker.routes = routes;
        result
    }

    /// The layout and the image's template types for one of the router's, where rules are on it.
    #[must_use]
    pub fn stop(&self, route: usize) -> Option<(&Layout, &[u32], bool)> {
        let stop = self.stops.get(route)?.as_ref()?;
        Some((&stop.layout, &stop.templates, stop.others))
    }

    /// The template type that a rule's target is on, by its number in the router.
    #[must_use]
    pub fn route_of(&self, template: &TemplateType) -> Option<usize> {
        self.router.templates().iter().position(|known| known.name == template.name)
    }

    /// A recorded event as the reference evaluator sees it: what the image is shown, under the
    /// names of `template`, which is the one of a target or another version of it.
    #[must_use]
    pub fn reference_event(
        &self,
        route: usize,
        template: &TemplateType,
        flat: &Flat<'_>,
        worker: &mut Worker,
    ) -> Option<reference::Event> {
        let (layout, _, others) = self.stop(route)?;
        let owned = layout.owned(flat, template, others, &mut worker.scratch);
        let mut event = reference::Event::empty(template);
        for (field, value) in owned.values {
            event.set(&field, Some(value));
        }
        event.others = owned.others;
        Some(event)
    }

    /// Shows an event of owned values to the image, as an event of one template type.
    ///
    /// # Errors
    /// A fault, where a value has another type than its field.
    pub fn evaluate_owned(
        &self,
        template: &TemplateType,
        event: &reference::Event,
        worker: &mut Worker,
        mut sink: impl FnMut(u32),
    ) -> Result<(), Fault> {
        let Some((layout, numbers, _)) = self.route_of(template).and_then(|route| self.stop(route)) else {
            return Ok(());
        };
        let image = self.verified.image();
        let inputs = inputs(layout);
        let others = others(template, event, |name| inputs.iter().any(|input| input.name == name));
        let value = |name: &str| event.value(&FieldRef::named(template, name));
        let version = |number: &&u32| image.template(**number).is_some_and(|of| of.version == template.version);
        numbers.iter().filter(version).try_for_each(|number| {
            with_event(&inputs, &[], value, &others, |event| {
                self.verified.bind(*number, event)?.evaluate(KillMask::NONE, &mut worker.words, &mut sink)
            })
        })
    }
}

/// The inputs of a layout, as the interpreter writes them.
#[must_use]
pub fn inputs(layout: &Layout) -> Vec<Input<'_>> {
    layout.inputs().map(|(name, of)| Input { name, ty: ty(of) }).collect()
}

/// The values that no input takes: only keywords look at them.
#[must_use]
pub fn others<'e>(
    template: &TemplateType,
    event: &'e reference::Event,
    named: impl Fn(&str) -> bool,
) -> Vec<&'e Value> {
    let numbered = template.fields.iter().map(|field| field.as_ref().map_or("", |field| field.name.as_str()));
    let header = template.header.iter().map(|field| field.name.as_str());
    let fixed = template.reads.iter().map(|of| of.name.as_str());
    let placed = numbered.zip(&event.inputs).chain(header.zip(&event.header)).chain(fixed.zip(&event.fixed));
    let placed = placed.filter(|(name, _)| !named(name)).filter_map(|(_, value)| value.as_ref());
    let open = event.open.iter().filter(|(name, _)| !named(name)).map(|(_, value)| value);
    event.others.iter().chain(placed).chain(open).collect()
}
