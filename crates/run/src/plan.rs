//! Plan: how events reach an image: routed to template types, and typed in the order in which they are supplied.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, OnceLock};

use contentcheck_compiler::sensor::Supplied;
use contentcheck_events::{Flat, Layout, Router, Scratch};
use contentcheck_interpreter::format::{KEYWORD, Predicate, Section};
use contentcheck_interpreter::{self as interpreter, Event, Image, Input, OpenImage, OwnedImage, Value, VerifiedImage};
use contentcheck_model::rule::RuleId;
use contentcheck_model::sensor::Sensor;
use contentcheck_model::template::{FieldType, TemplateType};
use contentcheck_parser::release::Shippable;
use contentcheck_reference as reference;

use crate::image::{Most, RuleImage, recorder, scalar};
use crate::refusal::describe;

/// A template type that events are routed to, by its number in a plan and in the plan's router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Route(pub(crate) usize);

impl Route {
    /// Its place among [`Router::templates`].
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }
}

/// A template type of an image, by its number there. An image has one for each version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageTemplate(u32);

impl ImageTemplate {
    /// The number, as the image has it.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

/// A sensor build: its name and version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// The name of the sensor.
    pub name: String,
    /// The version.
    pub version: String,
}

impl Build {
    fn of(sensor: &Sensor) -> Self {
        Self { name: sensor.name().to_owned(), version: sensor.version().to_string() }
    }
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

/// An image made ready for events, as a recorder or as one sensor supplies them.
#[derive(Debug)]
pub struct Plan {
    image: OwnedImage,
    templates: Vec<Arc<TemplateType>>,
    /// Made where a record is first asked about: many plans only ever see events of which it is known what they are.
    router: OnceLock<Router>,
    /// For each template type.
    stops: Vec<Arrival>,
    /// For each rule whether it is loaded.
    loaded: Vec<bool>,
    sensor: Option<Build>,
}

/// What becomes of events of a template type.
#[derive(Debug)]
enum Arrival {
    /// The image has no rule on it.
    Unwanted,
    /// The sensor does not supply it.
    Unsupplied,
    /// Rules look at them.
    Stop(Box<Stop>),
}

/// What an image has for one template type, and in which order and types it is supplied.
#[derive(Debug)]
pub struct Stop {
    layout: Layout,
    templates: Vec<ImageTemplate>,
    others: bool,
    /// The inputs that loaded rules read, rising: a sensor supplies others besides.
    read: Vec<usize>,
    /// Of these, those that not every event of the template type has: it is not recognised by them.
    own: Vec<usize>,
}

impl Stop {
    /// Names and types, in the order in which they are supplied.
    #[must_use]
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The template types of the image: of each version one.
    #[must_use]
    pub fn templates(&self) -> &[ImageTemplate] {
        &self.templates
    }

    /// Whether values that no input takes are shown too: rules with keywords look at them.
    #[must_use]
    pub const fn shows_others(&self) -> bool {
        self.others
    }

    /// Positions in the layout of the inputs that loaded rules read, rising.
    pub(crate) fn read(&self) -> &[usize] {
        &self.read
    }

    /// Those of them that events are not recognised by.
    pub(crate) fn own(&self) -> &[usize] {
        &self.own
    }

    /// Whether an event has anything that rules read besides what it is recognised by. Where they read nothing else, every
    /// event has all of it.
    #[must_use]
    pub fn has_any(&self, event: &Event<'_>) -> bool {
        let has = |at: &usize| event.inputs.get(*at).is_some_and(|value| !matches!(value, Value::Absent));
        !event.others.is_empty() || self.own.iter().any(has) || (self.own.is_empty() && !self.others)
    }

    /// The inputs, as a manifest states them.
    #[must_use]
    pub fn inputs(&self) -> Vec<Input<'_>> {
        self.layout.supplied_inputs()
    }

    /// The header fields, as a manifest states them.
    #[must_use]
    pub fn header(&self) -> Vec<Input<'_>> {
        self.layout.supplied_header()
    }
}

impl Plan {
    /// For a recorder that supplies just what the image reads, under its names and types. `image` is compiled for any
    /// sensor: a recorder is none, and loads no rule that is restricted to some.
    ///
    /// # Errors
    /// When the image is rejected, with the reason: for an image of this content that is a fault of the compiler's.
    pub fn for_recorder(content: &Shippable, image: &[u8]) -> Result<Self, String> {
        RuleImage::new(image, Most::Anything)?.plan(templates(content), None)
    }

    /// For one sensor build: order, types and header are those of its own manifest, what it does not supply is absent,
    /// and only rules are loaded that it loads. `image` is the one that ships, which knows what sensors its rules are
    /// for.
    ///
    /// # Errors
    /// When the sensor refuses the image, with the reason.
    pub fn for_sensor(content: &Shippable, image: &[u8], sensor: &Sensor) -> Result<Self, String> {
        Self::on_sensor(templates(content), image, sensor)
    }

    /// For a recorder, with the template types that events are routed to.
    pub(crate) fn on_recorder(templates: Vec<Arc<TemplateType>>, image: OwnedImage) -> Self {
        let stops = {
            let view = image.open();
            let verified = view.verified();
            stops(&templates, &verified, &recorder(verified.image()), false)
        };
        Self::of(templates, image, stops, None)
    }

    /// For one sensor build, with the template types that events are routed to.
    pub(crate) fn on_sensor(templates: Vec<Arc<TemplateType>>, image: &[u8], sensor: &Sensor) -> Result<Self, String> {
        let read = Image::read(image).map_err(|rejection| format!("{}: {rejection}", rejection.code()))?;
        let supplied = Supplied::of_sensor(sensor);
        let owned = OwnedImage::load(read.bytes(), &supplied.manifest(&supplied.supplies()))
            .map_err(|rejection| describe(&read, rejection))?;
        let stops = stops(&templates, &owned.open().verified(), &supplied, true);
        Ok(Self::of(templates, owned, stops, Some(Build::of(sensor))))
    }

    fn of(templates: Vec<Arc<TemplateType>>, image: OwnedImage, stops: Vec<Arrival>, sensor: Option<Build>) -> Self {
        let loaded = {
            let view = image.open();
            let verified = view.verified();
            (0..verified.image().rule_count()).map(|rule| verified.loads(rule)).collect()
        };
        Self { stops, loaded, templates, router: OnceLock::new(), sensor, image }
    }

    /// The image as it was verified, with its sections at hand: taken once and not for each event.
    #[must_use]
    pub fn view(&self) -> OpenImage<'_> {
        self.image.open()
    }

    /// Which template types an event belongs to.
    #[must_use]
    pub fn router(&self) -> &Router {
        self.router.get_or_init(|| Router::new(self.templates.iter().cloned()))
    }

    /// The sensor that events are supplied by; nothing for a recorder.
    #[must_use]
    pub const fn sensor(&self) -> Option<&Build> {
        self.sensor.as_ref()
    }

    /// How many rules the image has.
    #[must_use]
    pub const fn rules(&self) -> usize {
        self.loaded.len()
    }

    /// How many of them are loaded.
    #[must_use]
    pub fn loaded_rules(&self) -> usize {
        self.loaded.iter().filter(|loaded| **loaded).count()
    }

    /// Whether a rule is loaded.
    #[must_use]
    pub fn loads(&self, rule: RuleId) -> bool {
        self.loaded.get(rule.index()).copied().unwrap_or(false)
    }

    /// Whether a rule is loaded on a template type. On another of its template types it may not be.
    #[must_use]
    pub fn loads_on(&self, rule: RuleId, template: &TemplateType) -> bool {
        let Some(stop) = self.route_of(template).and_then(|route| self.stop(route)) else { return false };
        let view = self.view();
        let view = view.verified();
        stop.templates().iter().map(|of| of.number()).any(|number| {
            view.image().template(number).is_some_and(|of| of.version == template.version)
                && view.loaded_on(number).any(|loaded| loaded == rule.number())
        })
    }

    /// The rules that are loaded on a template type, in any of its versions, by number.
    pub(crate) fn loaded_on(&self, route: Route) -> impl Iterator<Item = u32> {
        let view = self.view();
        let templates = self.stop(route).map_or(&[][..], Stop::templates);
        templates.iter().flat_map(move |of| view.verified().loaded_on(of.number()).collect::<Vec<_>>())
    }

    /// How many loaded rules read an input of a template type.
    pub(crate) fn readers(&self, route: Route, name: &str) -> usize {
        let view = self.view();
        let view = view.verified();
        let mut readers: Vec<u32> = Vec::new();
        for number in self.stop(route).map_or(&[][..], Stop::templates).iter().map(|of| of.number()) {
            let Some(of) = view.image().template(number) else { continue };
            let mut inputs = of.inputs..of.inputs.saturating_add(of.input_count);
            let named = |input: &u32| {
                view.image().input(*input).is_some_and(|of| view.image().name(of.name, of.name_len) == name)
            };
            let Some(input) = inputs.find(named) else { continue };
            let loaded: Vec<u32> = view.loaded_on(number).collect();
            readers.extend(view.readers_of(number, input).filter(|rule| loaded.contains(rule)));
        }
        readers.sort_unstable();
        readers.dedup();
        readers.len()
    }

    /// What the image has for a template type; nothing where no rule is on it, or it is not supplied.
    #[must_use]
    pub fn stop(&self, route: Route) -> Option<&Stop> {
        match self.stops.get(route.0)? {
            Arrival::Stop(stop) => Some(stop),
            Arrival::Unwanted | Arrival::Unsupplied => None,
        }
    }

    /// A recorded event as the reference evaluator sees it: what the image is shown, under the names of `template`, which is the one of a target or
    /// another version of it. Nothing where the image has nothing for it, or it is not supplied.
    #[must_use]
    pub fn reference_event(
        &self,
        route: Route,
        template: &TemplateType,
        flat: &Flat<'_>,
        scratch: &mut Scratch,
    ) -> Option<reference::Event> {
        let stop = self.stop(route)?;
        let owned = stop.layout().owned(flat, template, stop.shows_others(), scratch);
        let mut event = self.unfilled(template);
        for (field, value) in owned.values {
            event.set(&field, Some(value));
        }
        event.others = owned.others;
        Some(event)
    }

    /// An event without values, but for those that are the same in all events of a template type and seen as well.
    pub(crate) fn unfilled(&self, template: &TemplateType) -> reference::Event {
        if self.sensor.is_some() { reference::Event::default() } else { reference::Event::empty(template) }
    }

    /// Whether the sensor supplies a template type at all. A recorder supplies every one.
    #[must_use]
    pub fn supplies(&self, route: Route) -> bool {
        !matches!(self.stops.get(route.0), Some(Arrival::Unsupplied))
    }

    /// Every template type.
    pub fn routes(&self) -> impl Iterator<Item = (Route, &TemplateType)> {
        self.templates.iter().enumerate().map(|(number, template)| (Route(number), &**template))
    }

    /// The template type of a route.
    #[must_use]
    pub fn template(&self, route: Route) -> Option<&TemplateType> {
        self.templates.get(route.0).map(|template| &**template)
    }

    /// The template type of a name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Route> {
        self.router().find(name).map(Route)
    }

    /// The template type that a rule's target is on.
    #[must_use]
    pub fn route_of(&self, template: &TemplateType) -> Option<Route> {
        self.templates.iter().position(|known| known.name == template.name).map(Route)
    }
}

/// The template types that events are routed to.
#[must_use]
pub fn templates(content: &Shippable) -> Vec<Arc<TemplateType>> {
    let mut templates: Vec<Arc<TemplateType>> = content.catalogue().newest_sound().into_iter().cloned().collect();
    // Rules may be on versions before the newest.
    for target in content.rules().iter().flat_map(|rule| &rule.targets) {
        if !templates.iter().any(|known| known.name == target.template.name) {
            templates.push(Arc::clone(&target.template));
        }
    }
    templates
}

fn stops(
    templates: &[Arc<TemplateType>],
    verified: &VerifiedImage<'_>,
    supplied: &Supplied<'_>,
    is_sensor: bool,
) -> Vec<Arrival> {
    // There are hundreds of each, so none is looked for among all of the others.
    let mut has: HashMap<&str, Vec<ImageTemplate>> = HashMap::new();
    let image = verified.image();
    for number in 0..image.template_count() {
        let Some(of) = image.template(number) else { continue };
        has.entry(image.name(of.name, of.name_len)).or_default().push(ImageTemplate(number));
    }
    let own: HashMap<&str, &[Input<'_>]> =
        supplied.templates().iter().map(|(name, inputs)| (*name, inputs.as_slice())).collect();
    let stop = |template: &Arc<TemplateType>| {
        let name = template.name.as_str();
        let of_image = has.get(name).map_or(&[][..], Vec::as_slice);
        arrival(template, of_image, own.get(name).copied(), verified, supplied.header(), is_sensor)
    };
    templates.iter().map(stop).collect()
}

fn arrival(
    template: &TemplateType,
    templates: &[ImageTemplate],
    own: Option<&[Input<'_>]>,
    verified: &VerifiedImage<'_>,
    header: &[Input<'_>],
    is_sensor: bool,
) -> Arrival {
    if own.is_none() && is_sensor {
        return Arrival::Unsupplied;
    }
    let (false, Some(inputs)) = (templates.is_empty(), own) else { return Arrival::Unwanted };
    let named = |inputs: &[Input<'_>]| -> Vec<(String, FieldType)> {
        inputs.iter().map(|input| (input.name.to_owned(), field_type(input.ty))).collect()
    };
    // A sensor shows what its manifest names, and nothing else.
    let others = !is_sensor && templates.iter().any(|of| reads_keywords(verified.image(), *of));
    let names = names_read(verified, templates);
    let (mut read, mut own) = (Vec::new(), Vec::new());
    for (at, input) in inputs.iter().enumerate().filter(|(_, input)| names.contains(input.name)) {
        read.push(at);
        if template.reads.iter().all(|of| of.name != input.name) {
            own.push(at);
        }
    }
    Arrival::Stop(Box::new(Stop {
        read,
        own,
        layout: Layout::new(&template.name, named(inputs), named(header)).carried_by(template),
        templates: templates.to_vec(),
        others,
    }))
}

/// The names of what loaded rules read of template types of an image.
fn names_read<'i>(verified: &VerifiedImage<'i>, templates: &[ImageTemplate]) -> BTreeSet<&'i str> {
    let image = verified.image();
    let mut names = BTreeSet::new();
    for number in templates.iter().map(|of| of.number()) {
        let Some(of) = image.template(number) else { continue };
        let loaded: BTreeSet<u32> = verified.loaded_on(number).collect();
        for at in of.inputs..of.inputs.saturating_add(of.input_count) {
            if verified.readers_of(number, at).any(|rule| loaded.contains(&rule)) {
                names.extend(image.input(at).map(|input| image.name(input.name, input.name_len)));
            }
        }
    }
    names
}

/// A type of the interpreter as template types write it.
const fn field_type(ty: interpreter::Type) -> FieldType {
    FieldType { scalar: scalar(ty.scalar), list: ty.list, optional: ty.optional, nocase: false }
}

/// Whether some rule on a template type of an image looks at all values.
fn reads_keywords(image: &Image<'_>, template: ImageTemplate) -> bool {
    let Some(template) = image.template(template.number()) else { return false };
    let records = image.section_bytes(Section::Predicates).as_chunks::<{ Predicate::SIZE }>().0;
    let from = template.predicates as usize;
    let own = records.get(from..from + template.predicate_count as usize).unwrap_or(&[]);
    own.iter().any(|record| Predicate::decode(record).input == KEYWORD)
}
