//! The interpreter against the reference evaluator, which shares no code with it: on random
//! content and random events both say the same, and what the image promises is kept.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::ControlFlow;

use contentcheck_compiler::event::with_event_of;
use contentcheck_compiler::sensor::{Memory, Supplied};
use contentcheck_compiler::{Options, compile};
use contentcheck_interpreter::format::{InputKind, input_flags};
use contentcheck_interpreter::utf8::ILL_FORMED;
use contentcheck_interpreter::{Budget, Capacity, Image, Input, KillList, Rejection, Resource, VerifiedImage};
use contentcheck_model::field::FieldRef;
use contentcheck_model::language::Language;
use contentcheck_model::sensor::{Fleet, Manifest, Sensor};
use contentcheck_model::source::Source;
use contentcheck_model::template::TemplateType;
use contentcheck_model::value::Value;
use contentcheck_parser::release::{Checking, Gathered, Shippable, WithErrors};
use contentcheck_reference::{Evaluator, Event};

use contentcheck_generators::Choices;
use contentcheck_generators::World;

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
    /// Events with text that is not UTF-8.
    pub ill_formed: u64,
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
    /// Sensors refused since the image costs more steps for each byte than a sensor takes that states no capacity.
    pub dear: u64,
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
    assert_eq!(verified.loaded_rules() as usize, content.rules().len());
    // Of any rules there may be together: each alone is lint's to judge, all of them the gate's.
    let costs = (0..image.template_count()).map(|number| image.cost(number).per_unit).max().unwrap_or_default();
    let device = sensor(&content, choices, tally);
    let findings = findings(&world.sources, &content, &device);
    let sensor = Supplied::of_sensor(&device);
    let sensor_supplies = sensor.supplies();
    let mut sensor_memory = Memory::of(&image);
    let on_sensor = match image.verify(&sensor.manifest(&sensor_supplies), sensor_memory.workspace()) {
        Ok(verified) => {
            assert_eq!(findings, [""; 0], "lint finds what the loader accepts");
            assert!(costs <= Capacity::STEPS_PER_BYTE, "an image of {costs} steps for each byte is accepted");
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
        Err(Rejection::Capacity { what: Resource::StepsPerByte, needed, capacity }) => {
            assert_eq!((needed, capacity), (costs, Capacity::STEPS_PER_BYTE));
            assert!(needed > capacity, "an image of {needed} steps for each byte is refused");
            tally.dear += 1;
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
            let mut event = world.event(template, choices);
            if choices.once_in(4) {
                tally.ill_formed += u64::from(spoil(&mut event, choices));
            }
            let texts = bytes_of(&event);
            let killed = choices.below(3);
            let case = Case {
                template,
                expected: &expected(&evaluator, template, &event),
                event: &event,
                texts: &texts,
                killed,
            };
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
                let expected = &expected(&evaluator, template, &event);
                let case = Case { template, expected, event: &event, texts: &texts, killed };
                case.holds(verified, &sensor, tally);
            }
        }
    }
}

/// Puts bytes that begin no well-formed sequence into some strings of an event: to the reference evaluator each is the
/// character that the interpreter takes it for. Whether any was put.
fn spoil(event: &mut Event, choices: &mut Choices<'_>) -> bool {
    // Of these none continues what another one begins.
    let bytes = *choices.pick(&[[0x80_u8, 0xBF, 0xC0, 0xFF], [0xC3, 0xE2, 0xF0, 0xFF]]);
    let mut any = false;
    let mut one = |text: &mut String, choices: &mut Choices<'_>| {
        if choices.below(3) == 0 {
            return;
        }
        for _ in 0..=choices.below(2) {
            let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let character = char::from_u32(ILL_FORMED | u32::from(*choices.pick(&bytes)));
            text.insert(*choices.pick(&ends), character.unwrap_or_default());
            any = true;
        }
    };
    let mut all = |value: &mut Value, choices: &mut Choices<'_>| match value {
        Value::String(text) => one(text, choices),
        Value::List(elements) => {
            for element in elements {
                if let Value::String(text) = element {
                    one(text, choices);
                }
            }
        }
        _ => {}
    };
    let fields: Vec<FieldRef> = event.values().map(|(field, _)| field.clone()).collect();
    for field in fields {
        if let Some(mut value) = event.value(&field).cloned() {
            all(&mut value, choices);
            event.set(&field, Some(value));
        }
    }
    for value in &mut event.others {
        all(value, choices);
    }
    any
}

/// The strings of an event as a sensor has them: characters that stand for a byte are that byte.
fn bytes_of(event: &Event) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut one = |value: &Value| {
        if let Value::String(text) = value {
            let mut bytes = Vec::with_capacity(text.len());
            for character in text.chars() {
                match u32::from(character).checked_sub(ILL_FORMED).and_then(|byte| u8::try_from(byte).ok()) {
                    Some(byte @ 0x80..) => bytes.push(byte),
                    _ => bytes.extend(character.encode_utf8(&mut [0; 4]).as_bytes()),
                }
            }
            found.insert(text.clone(), bytes);
        }
    };
    for value in event.values().map(|(_, value)| value).chain(&event.others) {
        match value {
            Value::List(elements) => elements.iter().for_each(&mut one),
            value => one(value),
        }
    }
    found
}

/// The event as rules see it: a value of another type than its field's, and such an element of a list, is absent there
/// and a value like any other. Whether there was one.
fn as_typed(template: &TemplateType, event: &Event) -> (Event, bool) {
    let mut typed = event.clone();
    let mut any = false;
    for (field, value) in event.values() {
        let Some(ty) = template.describe(field).map(|info| info.ty) else { continue };
        let is = |value: &Value| value.is(ty.scalar);
        match value {
            Value::List(elements) if ty.list => {
                let (right, wrong): (Vec<Value>, Vec<Value>) = elements.iter().cloned().partition(is);
                if !wrong.is_empty() {
                    any = true;
                    typed.set(field, Some(Value::List(right)));
                    typed.others.extend(wrong);
                }
            }
            // A single value stands for a list of one.
            value if ty.list => {
                if !is(value) {
                    any = true;
                    typed.set(field, Some(Value::List(Vec::new())));
                    typed.others.push(value.clone());
                }
            }
            value if is(value) => {}
            value => {
                any = true;
                typed.set(field, None);
                match value {
                    Value::List(elements) => typed.others.extend(elements.iter().cloned()),
                    value => typed.others.push(value.clone()),
                }
            }
        }
    }
    (typed, any)
}

/// The rules that the reference evaluator reports for an event.
fn expected<'c>(evaluator: &Evaluator<'c>, template: &TemplateType, event: &Event) -> BTreeSet<&'c str> {
    let (event, _) = as_typed(template, event);
    let event = &event;
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
    texts: &'c BTreeMap<String, Vec<u8>>,
    /// Rules that are switched off: every so many, none for 0.
    killed: usize,
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
        with_event_of(
            inputs,
            supplied.header(),
            |name| self.value(name),
            &others,
            &|text| self.texts.get(text).map_or(text.as_bytes(), Vec::as_slice),
            |event| {
                let bound = match verified.bind(number, event) {
                    Ok(bound) => bound,
                    Err(fault) => panic!("an event of the manifest's shape is refused: {fault}"),
                };
                if bound.mistyped() > 0 {
                    tally.mistyped += 1;
                    for input in bound.mistyped_inputs() {
                        assert!(self.is_mistyped(image, input), "input {input} has the type it should have");
                    }
                }
                let mut all: Vec<u32> = Vec::new();
                let mut steps = Budget::new(image.cost(number).at(bound.size()));
                let ended = bound.evaluate_metered(&KillList::NONE, &mut scratch, &mut steps, |rule| {
                    all.push(rule);
                    ControlFlow::Continue(())
                });
                assert_eq!(ended, Ok(None), "a verified image has a fault, or takes more steps than promised");
                assert!(all.is_sorted_by(|a, b| a < b), "rules are reported rising: {all:?}");
                let name = |rule: &u32| image.rule(*rule).map_or("", |rule| rule.name);
                let found: BTreeSet<&str> = all.iter().map(name).collect();
                assert_eq!(
                    found, *self.expected,
                    "interpreter against reference on {:?} of {}",
                    self.event, self.template
                );
                let mut words = vec![u64::MAX; verified.kill_words()];
                let every = |rule: &u32| self.killed > 0 && (*rule as usize).is_multiple_of(self.killed);
                let off = (0..image.rule_count()).filter(every);
                let off: Vec<&str> = off.filter_map(|rule| image.rule(rule)).map(|rule| rule.name).collect();
                let kill = verified.kill(off.iter().copied(), &mut words).expect("the memory is large enough");
                assert_eq!(kill.unknown(), 0);
                let mut rest: Vec<u32> = Vec::new();
                let done = bound.evaluate(&kill, &mut scratch, u64::MAX, |rule| {
                    rest.push(rule);
                    ControlFlow::Continue(())
                });
                assert!(done.is_ok_and(|done| done.is_whole()));
                for rule in &all {
                    assert_eq!(bound.why(*rule, &mut scratch, |_| {}), Ok(true), "why rule {rule} matches");
                }
                all.retain(|rule| !off.contains(&name(rule)));
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
