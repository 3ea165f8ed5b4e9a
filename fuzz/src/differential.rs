//! The interpreter against the reference evaluator, which shares no code with it: on random
//! content and random events both say the same, and what the image promises is kept.

use std::collections::{BTreeSet, HashSet};

use contentcheck_compiler::event::with_event;
use contentcheck_compiler::sensor::{Memory, Supplied};
use contentcheck_compiler::{Options, compile};
use contentcheck_interpreter::format::{InputKind, input_flags};
use contentcheck_interpreter::{Fault, Image, Input, KillMask, Rejection, Steps, VerifiedImage};
use contentcheck_model::field::FieldRef;
use contentcheck_model::language::Language;
use contentcheck_model::sensor::{Fleet, Manifest, Sensor};
use contentcheck_model::source::Source;
use contentcheck_model::template::TemplateType;
use contentcheck_model::value::Value;
use contentcheck_parser::release::{Checking, Gathered, Shippable, WithErrors};
use contentcheck_reference::{Evaluator, Event};

use super::choices::Choices;
use super::generate::World;

/// The one field of open template types that sensors name.
const SUPPLIED_OPEN: &str = "Undeclared";
/// Events of each template type.
const EVENTS: usize = 4;

/// How much was held against the property: a test looks at it, lest it hold on nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Rules that were written.
    pub written: u64,
    /// Rules that were accepted.
    pub rules: u64,
    /// Events that were evaluated.
    pub events: u64,
    /// Events with a value of another type than some rule reads.
    pub mistyped: u64,
    /// Rules decided, over all events.
    pub decisions: u64,
    /// How many of these fired.
    pub fired: u64,
    /// Sensors with another order of inputs.
    pub shifted: u64,
    /// Sensors refused since a rule reads by number.
    pub by_number: u64,
    /// Sensors refused since they supply an undeclared field as another type.
    pub retyped: u64,
}

fn shippable(sources: &[(Source, Language)], threads: usize) -> Shippable {
    let judged = Gathered::of(sources.to_vec()).check(&Checking::with_threads(threads)).judge();
    judged.ship(WithErrors::LeaveOut).expect("what has errors is left out")
}

/// Holds one world against the property.
pub fn differential(choices: &mut Choices<'_>, tally: &mut Tally) {
    let world = World::new(choices);
    let content = shippable(&world.sources, 1);
    let count =
        |word: &str| world.sources.iter().map(|(source, _)| source.text().matches(word).count() as u64).sum::<u64>();
    tally.written += count("\nrule ") + count("title: ");
    tally.rules += content.rules().len() as u64;
    // Content beyond what an image holds is refused, and that is all that is asked of it.
    let Ok(bytes) = compile(&content, Options::default()) else { return };
    is_canonical(&world, &bytes, choices);
    let image = Image::read(&bytes).expect("what was compiled can be read");
    let recorder = Supplied::of_recorder(&image, "recorder", "1");
    let mut memory = Memory::of(&image);
    let supplies = recorder.supplies();
    let verified = image.verify(&recorder.manifest(&supplies), memory.workspace());
    let verified = verified.unwrap_or_else(|rejection| panic!("what was compiled is refused: {rejection}"));
    // A rule that no template type can feed is in the image, and no sensor loads it.
    let live = content.rules().iter().filter(|rule| !rule.targets.is_empty()).count();
    assert_eq!(verified.loaded_rules() as usize, live);
    let device = sensor(&content, choices, tally);
    let findings = findings(&world.sources, &content, &device);
    let sensor = Supplied::of_sensor(&device);
    let sensor_supplies = sensor.supplies();
    let mut sensor_memory = Memory::of(&image);
    let on_sensor = match image.verify(&sensor.manifest(&sensor_supplies), sensor_memory.workspace()) {
        Ok(verified) => {
            assert_eq!(findings, [""; 0], "lint finds what the loader accepts");
            Some(verified)
        }
        Err(Rejection::Position { template, input, .. }) => {
            is_justified(&image, &sensor, template, input);
            let found = findings.contains(&"CC0403") || findings.contains(&"CC0402");
            assert!(found, "lint does not find that a number means another field: {findings:?}");
            tally.by_number += 1;
            None
        }
        // A field that the template type does not declare has the name of one that the sensor supplies as no text.
        Err(Rejection::InputType { input, .. }) => {
            assert_eq!(image.input(input).map(|input| input.kind), Some(InputKind::Open as u8));
            assert!(findings.contains(&"CC0404"), "lint does not find a type: {findings:?}");
            tally.retyped += 1;
            None
        }
        Err(rejection) => panic!("a sensor that supplies everything is refused: {rejection}"),
    };
    let evaluator = Evaluator::new(&content).expect("accepted content can be evaluated");
    let mut templates: Vec<&TemplateType> = Vec::new();
    for target in content.rules().iter().flat_map(|rule| &rule.targets) {
        if !templates
            .iter()
            .any(|other| (&other.name, other.version) == (&target.template.name, target.template.version))
        {
            templates.push(&target.template);
        }
    }
    for template in templates {
        for _ in 0..EVENTS {
            let event = world.event(template, choices);
            let mask: Vec<u64> = (0..choices.below(3)).map(|_| choices.word()).collect();
            let case = Case { template, expected: &expected(&evaluator, template, &event), event: &event, mask: &mask };
            case.holds(&verified, &recorder, tally);
            if let Some(verified) = &on_sensor {
                // To this sensor a field that it does not name is a value like any other.
                let mut event = event.clone();
                let supplied = template.named(SUPPLIED_OPEN);
                let hidden: Vec<FieldRef> = event.values().map(|(field, _)| field.clone()).collect();
                for field in hidden.into_iter().filter(|field| field.is_undeclared() && *field != supplied) {
                    let value = event.value(&field).cloned();
                    event.set(&field, None);
                    event.others.extend(value);
                }
                let case =
                    Case { template, expected: &expected(&evaluator, template, &event), event: &event, mask: &mask };
                case.holds(verified, &sensor, tally);
            }
        }
    }
}

/// The rules that the reference evaluator reports for an event.
fn expected<'c>(evaluator: &Evaluator<'c>, template: &TemplateType, event: &Event) -> BTreeSet<&'c str> {
    let fires = |rule: &&contentcheck_reference::PreparedRule<'_>| {
        rule.targets.iter().any(|target| {
            let of = &target.target().template;
            of.name == template.name && of.version == template.version && target.evaluate(event)
        })
    };
    evaluator.rules().iter().filter(fires).map(|rule| rule.rule.name.as_str()).collect()
}

/// The codes of what lint finds for one sensor in rules that ship, but for what is no error.
fn findings(sources: &[(Source, Language)], content: &Shippable, sensor: &Sensor) -> Vec<&'static str> {
    let fleet = Fleet::new(vec![sensor.clone()]).expect("one sensor is a fleet");
    let gathered = Gathered { fleet: Some(fleet), ..Gathered::of(sources.to_vec()) };
    let judged = gathered.check(&Checking::default()).judge();
    let of_sensors = |id: &&str| ["CC0401", "CC0402", "CC0403", "CC0404"].contains(id);
    // A rule that another error keeps from shipping is in no image.
    let ships: HashSet<&str> = content.rules().iter().map(|rule| rule.name.as_str()).collect();
    let found = judged.findings().iter().filter(|found| found.rule.as_deref().is_some_and(|rule| ships.contains(rule)));
    found.map(|found| found.code.id).filter(of_sensors).collect()
}

/// Other orders of files and other numbers of threads make the same bytes.
fn is_canonical(world: &World, bytes: &[u8], choices: &mut Choices<'_>) {
    let mut sources = world.sources.clone();
    let mut shuffled = Vec::with_capacity(sources.len());
    while !sources.is_empty() {
        shuffled.push(sources.swap_remove(choices.below(sources.len())));
    }
    let content = shippable(&shuffled, 1 + choices.below(4));
    let again = compile(&content, Options::default()).expect("it was compiled before");
    assert!(again == bytes, "the order of files or the number of threads shows in the image");
}

/// The manifest of a sensor that supplies everything, perhaps in another order than declared.
fn sensor(content: &Shippable, choices: &mut Choices<'_>, tally: &mut Tally) -> Sensor {
    let input = |name: &str, ty: &str| serde_input(name, ty);
    let mut templates = Vec::new();
    let mut header: Vec<String> = Vec::new();
    let shift = choices.below(3) == 0;
    tally.shifted += u64::from(shift);
    for template in content.catalogue().newest() {
        let mut inputs: Vec<String> = Vec::new();
        for (at, field) in template.fields.iter().enumerate() {
            inputs.push(match field {
                Some(field) => input(&field.name, field.ty.to_string().trim_end_matches(" nocase")),
                None => input(&format!("retired {at}"), "bytes?"),
            });
        }
        for reads in &template.reads {
            let number = matches!(reads.values.first(), Some(contentcheck_model::template::Fixed::Int(_)));
            inputs.push(input(&reads.name, if number { "int" } else { "string" }));
        }
        if template.open {
            inputs.push(input(SUPPLIED_OPEN, "string?"));
        }
        if shift {
            let at = choices.below(inputs.len());
            inputs.rotate_left(at);
            inputs.insert(0, input("inserted", "float?"));
        }
        for field in &template.header {
            let one = input(&field.name, field.ty.to_string().trim_end_matches(" nocase"));
            if !header.contains(&one) {
                header.push(one);
            }
        }
        templates.push(format!("\"{}\":{{\"inputs\":[{}]}}", template.name, inputs.join(",")));
    }
    let json = format!(
        "{{\"format\":1,\"sensor\":\"acme\",\"version\":\"{}\",\"header\":[{}],\"templates\":{{{}}}}}",
        1 + choices.below(3),
        header.join(","),
        templates.join(",")
    );
    Manifest::parse(&Source::new("sensor.json", json)).expect("the manifest is written rightly")
}

fn serde_input(name: &str, ty: &str) -> String {
    format!("{{\"name\":\"{name}\",\"type\":\"{ty}\"}}")
}

/// A rejection by position is right only where the position is another.
fn is_justified(image: &Image<'_>, sensor: &Supplied<'_>, template: u32, input: u32) {
    let record = image.input(input).expect("a rejection names an input");
    assert!(record.flags & input_flags::BY_NUMBER != 0);
    let template = image.template(template).expect("a rejection names a template type");
    let name = image.name(template.name, template.name_len);
    let (_, inputs) = sensor.templates().iter().find(|(other, _)| *other == name).expect("it is supplied");
    let asked = image.name(record.name, record.name_len);
    assert_ne!(inputs.iter().position(|input| input.name == asked), Some(usize::from(record.position) - 1));
}

struct Case<'c> {
    template: &'c TemplateType,
    event: &'c Event,
    expected: &'c BTreeSet<&'c str>,
    mask: &'c [u64],
}

impl Case<'_> {
    fn value(&self, name: &str) -> Option<&Value> {
        self.event.value(&self.template.named(name))
    }

    /// Values that no input of the manifest names.
    fn others(&self, named: impl Fn(&str) -> bool) -> Vec<&Value> {
        let (template, event) = (self.template, self.event);
        let mut others: Vec<&Value> = event.others.iter().collect();
        let is_named = |field: &FieldRef| template.describe(field).is_some_and(|info| named(info.name));
        others.extend(event.values().filter(|(field, _)| !is_named(field)).map(|(_, value)| value));
        others
    }

    /// Evaluates the event, and holds what comes out against what is expected.
    fn holds(&self, verified: &VerifiedImage<'_>, supplied: &Supplied<'_>, tally: &mut Tally) {
        let image = verified.image();
        let number = verified
            .templates_named(&self.template.name)
            .find(|at| image.template(*at).is_some_and(|found| found.version == self.template.version));
        let number = number.expect("the template type is in the image");
        let none: &[Input<'_>] = &[];
        let inputs = supplied.templates().iter().find(|(name, _)| *name == self.template.name);
        let inputs = inputs.map_or(none, |(_, inputs)| inputs.as_slice());
        let named = |name: &str| inputs.iter().chain(supplied.header()).any(|input| input.name == name);
        let others = self.others(named);
        let mut scratch = vec![u64::MAX; verified.scratch_words()];
        with_event(
            inputs,
            supplied.header(),
            |name| self.value(name),
            &others,
            |event| {
                let bound = match verified.bind(number, event) {
                    Ok(bound) => bound,
                    Err(Fault::Type { input }) => {
                        tally.mistyped += 1;
                        assert!(self.is_mistyped(image, input), "input {input} has the type it should have");
                        return;
                    }
                    Err(fault) => panic!("an event of the manifest's shape is refused: {fault}"),
                };
                let mut all: Vec<u32> = Vec::new();
                let mut steps = Steps::default();
                let ended = bound.evaluate_metered(KillMask::NONE, &mut scratch, |rule| all.push(rule), &mut steps);
                assert_eq!(ended, Ok(()), "a verified image has a fault");
                assert!(all.is_sorted_by(|a, b| a < b), "rules are reported rising: {all:?}");
                let bound_on_steps = image.cost(number).at(bound.size());
                assert!(steps.0 <= bound_on_steps, "{} steps where {bound_on_steps} are promised", steps.0);
                let name = |rule: &u32| image.rule(*rule).map_or("", |rule| rule.name);
                let found: BTreeSet<&str> = all.iter().map(name).collect();
                assert_eq!(
                    found, *self.expected,
                    "interpreter against reference on {:?} of {}",
                    self.event, self.template
                );
                let mask = KillMask::new(self.mask);
                let mut rest: Vec<u32> = Vec::new();
                assert_eq!(bound.evaluate(mask, &mut scratch, |rule| rest.push(rule)), Ok(()));
                all.retain(|rule| !mask.kills(*rule));
                assert_eq!(rest, all, "switching rules off changes others");
                tally.events += 1;
                tally.decisions += u64::from(image.rule_count());
                tally.fired += self.expected.len() as u64;
            },
        )
    }

    fn is_mistyped(&self, image: &Image<'_>, input: u32) -> bool {
        let record = image.input(input).expect("a fault names an input");
        let fits = |value: &Value| {
            let scalar = match value {
                Value::String(_) => 0,
                Value::Int(_) => 1,
                Value::Float(_) => 2,
                Value::Bool(_) => 3,
                Value::Ip(_) => 4,
                Value::Bytes(_) => 5,
                Value::List(_) => u8::MAX,
            };
            scalar == record.scalar
        };
        match self.value(image.name(record.name, record.name_len)) {
            Some(Value::List(elements)) if record.flags & input_flags::LIST != 0 => !elements.iter().all(fits),
            Some(value) => !fits(value),
            None => false,
        }
    }
}
