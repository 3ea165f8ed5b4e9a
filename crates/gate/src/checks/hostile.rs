//! Check 7: nothing that a sensor may be shown brings a fault, and the kill switch holds.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use contentcheck_compiler::event::with_event;
use contentcheck_compiler::sensor::{Memory, Supplied};
use contentcheck_interpreter::format::CHECKSUM_AT;
use contentcheck_interpreter::hash::checksum;
use contentcheck_interpreter::{Budget, Event, Fault, Image, Input, KillList, Scalar, Value, VerifiedImage};
use contentcheck_model::diagnostic::codes;
use contentcheck_run::{Stop, others};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

use crate::checks::sensors;
use crate::evidence::Finding;
use crate::facts::plural;
use crate::generate::runner;
use crate::run::{Check, Learned, Made, Outcome, Subject};

/// Hostile events, every rule switched off in turn, damaged and forged images.
pub struct Hostile;

/// Damaged copies of the image that are tried, and as many forged ones.
const COPIES: u32 = 96;
/// Bytes of the longest hostile value.
const HUGE: usize = 1 << 20;
/// Findings of one kind that are shown.
const SHOWN: usize = 8;

/// What was tried.
#[derive(Default)]
struct Tried {
    events: u64,
    faults: u64,
    kills: u64,
    findings: Vec<Finding>,
}

impl Check for Hostile {
    fn name(&self) -> &'static str {
        "hostile"
    }

    fn guards(&self) -> &'static str {
        "events and images that are short, long, of wrong types, huge or damaged, and rules that are switched off: each has a defined outcome"
    }

    fn run(&self, run: &Subject<'_>, earlier: &Learned) -> Outcome {
        let (Some(plan), Ok(bytes)) = (run.plan, &run.built.all_rules) else {
            return Outcome::skipped("there is no image to show hostile events to");
        };
        let mut outcome = Outcome::default();
        let mut tried = Tried::default();
        let view = plan.view();
        let verified = view.verified();
        for template in run.templates() {
            let Some(stop) = plan.route_of(template).and_then(|route| plan.stop(route)) else { continue };
            for of in stop.templates() {
                shapes(&verified, of.number(), stop, None, &mut tried);
            }
        }
        let groups = sensors::shown(run, &mut outcome);
        let before = (tried.events, tried.faults);
        for group in groups {
            let (view, names) = (group.plan.view(), group.names());
            for template in run.templates() {
                let Some(stop) = group.plan.route_of(template).and_then(|route| group.plan.stop(route)) else {
                    continue;
                };
                for of in stop.templates() {
                    shapes(&view.verified(), of.number(), stop, Some(&names), &mut tried);
                }
            }
        }
        let on_sensors = (tried.events - before.0, tried.faults - before.1);
        switched_off(run, &earlier.made, &mut tried);
        let damaged = damaged(run.settings.seed, bytes, &mut tried);
        let Tried { events, faults, kills, mut findings } = tried;
        let mut seen = BTreeSet::new();
        findings.retain(|finding| seen.insert(finding.message.clone()));
        outcome.findings = findings;
        outcome.fact("hostile events", events);
        outcome.fact("refused with a fault", faults);
        outcome.fact("evaluations with rules switched off", kills);
        outcome.fact("damaged images", damaged.0);
        outcome.fact("forged images", damaged.1);
        outcome.fact("forged images that were loaded", damaged.2);
        outcome.summary = format!(
            "{events} hostile events: {faults} refused with a clean fault, the others decided within the bound on steps; {kills} evaluations with rules switched off; {} damaged images and {} forged ones tried",
            damaged.0, damaged.1
        );
        if !groups.is_empty() {
            outcome.fact("hostile events on sensors", on_sensors.0);
            outcome.fact("refused on sensors with a fault", on_sensors.1);
            outcome.summary += &format!(
                "; {} of the events in the layouts of {} in {}",
                on_sensors.0,
                plural(groups.iter().map(|group| group.sensors.len()).sum(), "sensor"),
                plural(groups.len(), "group")
            );
        }
        outcome
    }
}

/// Events of wrong shapes and of extreme values, as one template type of the image; in the layout of sensors where
/// these are named.
fn shapes(verified: &VerifiedImage<'_>, template: u32, stop: &Stop, sensors: Option<&str>, tried: &mut Tried) {
    let image = verified.image();
    let (inputs, header) = (stop.inputs(), stop.header());
    let mut words = vec![u64::MAX; verified.scratch_words()];
    let (bytes, size) = if sensors.is_some() { (HUGE / 16, "64 KiB") } else { (HUGE, "one MiB") };
    let huge = "\\a ".repeat(bytes / 3);
    let no_header = vec![Value::Absent; header.len()];
    let named = |what: &str| {
        let name = image.template(template).map_or("", |of| image.name(of.name, of.name_len));
        sensors.map_or_else(|| what.to_owned(), |sensors| format!("{sensors}: {what} of {name}"))
    };
    let absent = vec![Value::Absent; inputs.len()];
    let of = |input: &Input<'_>, text: &'static str| match input.ty.scalar {
        _ if input.ty.list => Value::List(&[]),
        Scalar::String => text.into(),
        Scalar::Int => Value::Int(i64::MIN),
        Scalar::Float => Value::Float(f64::NAN),
        Scalar::Bool => Value::Bool(true),
        Scalar::Ip => Value::Ip([255, 255, 255, 255].into()),
        Scalar::Bytes => Value::Bytes(&[0xFF, 0xFE]),
    };
    let wrong = |input: &Input<'_>| match input.ty.scalar {
        Scalar::Int => "12".into(),
        // Bytes in the place of a text.
        _ if !input.ty.list => Value::Bytes(&[0xC3, 0x28, 0xFF]),
        _ => Value::Int(1),
    };
    let mut show = |values: &[Value<'_>], header: &[Value<'_>], expects: Option<bool>, what: &str| {
        tried.events += 1;
        let event = Event { inputs: values, header, others: &[] };
        let bound = match verified.bind(template, event) {
            Ok(bound) => bound,
            Err(fault) => {
                tried.faults += 1;
                if expects == Some(true) {
                    let message = format!("{} was refused: {fault}", named(what));
                    tried.findings.push(Finding::new(&codes::HOSTILE_EVENT, message));
                }
                return;
            }
        };
        if expects == Some(false) {
            tried.findings.push(Finding::new(&codes::HOSTILE_EVENT, format!("{} was not refused", named(what))));
        }
        let most = image.cost(template).at(bound.size());
        let mut steps = Budget::new(most);
        let ended = bound.evaluate_metered(&KillList::NONE, &mut words, &mut steps, |_| ControlFlow::Continue(()));
        if ended != Ok(None) {
            let message =
                format!("{}: {ended:?} after {} steps, of which {most} are promised", named(what), steps.taken());
            tried.findings.push(Finding::new(&codes::HOSTILE_EVENT, message));
        }
    };
    show(&absent, &no_header, Some(true), "an event without any value");
    if let Some(short) = absent.get(..absent.len().saturating_sub(1)).filter(|short| short.len() < absent.len()) {
        show(short, &no_header, Some(false), "an event that is one value short");
    }
    show(&[absent.as_slice(), &[Value::Absent]].concat(), &no_header, Some(false), "an event that is one value long");
    show(&[], &no_header, if inputs.is_empty() { Some(true) } else { Some(false) }, "an event of no values");
    for text in ["", "\0", "\u{1F980}\u{DF}", "*", "%s%n"] {
        let values: Vec<Value<'_>> = inputs.iter().map(|input| of(input, text)).collect();
        let header: Vec<Value<'_>> = header.iter().map(|input| of(input, text)).collect();
        show(&values, &header, Some(true), "an event of extreme values");
    }
    let values: Vec<Value<'_>> = inputs.iter().map(wrong).collect();
    let wrong_header: Vec<Value<'_>> = header.iter().map(wrong).collect();
    show(&values, &wrong_header, Some(true), "an event of wrong types");
    show(&absent, &wrong_header, Some(true), "an event with a header of wrong types");
    show(&absent, &[no_header.as_slice(), &[Value::Absent]].concat(), Some(false), "an event with a long header");
    if let Some(short) = no_header.get(1..) {
        show(&absent, short, Some(false), "an event with a short header");
    }
    for at in 0..inputs.len() {
        let mut values = absent.clone();
        let Some((slot, input)) = values.get_mut(at).zip(inputs.get(at)) else { continue };
        *slot = wrong(input);
        show(&values, &no_header, Some(true), "an event with one value of a wrong type");
    }
    if let Some(at) = inputs.iter().position(|input| input.ty.scalar == Scalar::String && !input.ty.list) {
        let mut values = absent.clone();
        if let Some(slot) = values.get_mut(at) {
            *slot = Value::from(huge.as_str());
        }
        show(&values, &no_header, Some(true), &format!("a value of {size}"));
    }
}

/// Each rule switched off on an event that it fires on, and all others switched off.
fn switched_off(run: &Subject<'_>, made: &Made, tried: &mut Tried) {
    let Some(plan) = run.plan else { return };
    let view = plan.view();
    let verified = view.verified();
    let (mut words, mut memory) = (vec![0; verified.scratch_words()], vec![0; verified.kill_words()]);
    let before = tried.findings.len();
    // The names are those of the release: what the image has besides is beyond its kill switch.
    let names = run.rules.iter().map(|rule| rule.name.as_str());
    if let Ok(kill) = verified.kill(names, &mut memory)
        && let Some(left) = (0..verified.image().rule_count()).find(|rule| !kill.kills(*rule))
    {
        let name = verified.image().rule(left).map_or("", |of| of.name);
        let message = format!("the image has rule `{name}`, which no name of the release switches off");
        tried.findings.push(Finding::new(&codes::HOSTILE_EVENT, message));
    }
    for ((id, place), events) in made {
        let number = id.number();
        let Some(target) = run.reference.get(id.index()).and_then(|rule| rule.targets.get(*place)) else {
            continue;
        };
        let template = &target.target().template;
        let Some(event) = events.iter().find(|event| target.evaluate(event)) else { continue };
        let Some(stop) = plan.route_of(template).and_then(|route| plan.stop(route)) else { continue };
        let inputs = stop.inputs();
        let rest = others(template, event, &inputs);
        let value = |name: &str| event.value(&template.named(name));
        let mut numbers = stop.templates().iter().map(|of| of.number());
        let version = |of: &u32| verified.image().template(*of).is_some_and(|of| of.version == template.version);
        let Some(of) = numbers.find(version) else { continue };
        let Some(own) = run.rules.get(id.index()).map(|rule| rule.name.as_str()) else { continue };
        // Rules that share a name are switched off together.
        let has_own = |rule: u32| verified.image().rule(rule).is_some_and(|of| of.name == own);
        let done = with_event(&inputs, &stop.header(), value, &rest, |event| -> Result<bool, Fault> {
            let bound = verified.bind(of, event)?;
            let mut evaluate = |kill: Result<KillList<'_>, usize>| -> Result<Vec<u32>, Fault> {
                let kill = kill.map_err(|needed| Fault::Scratch { needed })?;
                let mut found = Vec::new();
                let sink = |rule| {
                    found.push(rule);
                    ControlFlow::Continue(())
                };
                bound.evaluate(&kill, &mut words, u64::MAX, sink).map(|_| found)
            };
            let all = evaluate(verified.kill([], &mut memory))?;
            let without = evaluate(verified.kill([own], &mut memory))?;
            let alone = evaluate(verified.kill_all_but([own], &mut memory))?;
            let expected: Vec<u32> = all.iter().copied().filter(|rule| !has_own(*rule)).collect();
            let rest: Vec<u32> = all.into_iter().filter(|rule| has_own(*rule)).collect();
            Ok(without == expected && alone == rest && rest.contains(&number))
        });
        tried.kills += 3;
        if done != Ok(true)
            && tried.findings.len() < before + SHOWN
            && let Some(rule) = run.rules.get(id.index())
        {
            let message = format!("the kill switch of `{}` does not do what it says: {done:?}", rule.title);
            tried.findings.push(Finding::new(&codes::HOSTILE_EVENT, message).of_rule(rule));
        }
    }
}

/// Copies with damage must be refused; forged ones, whose checksum is right, may be loaded but meet no fault.
/// Returns how many were damaged, forged, and loaded.
fn damaged(seed: u64, bytes: &[u8], tried: &mut Tried) -> (u64, u64, u64) {
    let (mut damaged, mut forged, mut loaded) = (0, 0, 0);
    let before = tried.findings.len();
    let mut runner = runner(seed, u64::MAX);
    let strategy = (any::<prop::sample::Index>(), 0_u8..8, 0_u8..4);
    for _ in 0..COPIES {
        let Ok(tree) = strategy.new_tree(&mut runner) else { continue };
        let (index, bit, how) = tree.current();
        let at = index.index(bytes.len().max(1));
        let mut copy = bytes.to_vec();
        if how == 0 {
            copy.truncate(at);
        } else if let Some(byte) = copy.get_mut(at) {
            *byte ^= 1 << bit;
        }
        damaged += 1;
        if Image::read(&copy).is_ok() && tried.findings.len() < before + SHOWN {
            let what = if how == 0 { "cut off" } else { "with one bit turned" };
            tried.findings.push(Finding::new(&codes::HOSTILE_EVENT, format!("a copy {what} at byte {at} is read")));
        }
        if how == 0 {
            continue;
        }
        let sum = checksum(&copy).to_le_bytes();
        copy.iter_mut().skip(CHECKSUM_AT).zip(sum).for_each(|(slot, byte)| *slot = byte);
        forged += 1;
        match evaluate_forged(&copy) {
            Some(Ok(())) => loaded += 1,
            Some(Err(fault)) => {
                let message =
                    format!("a forged image, altered at byte {at}, passes verification and meets a fault: {fault}");
                tried.findings.push(Finding::new(&codes::HOSTILE_EVENT, message));
            }
            None => {}
        }
    }
    (damaged, forged, loaded)
}

/// Loads an image and evaluates an event on each of its template types. Nothing where it is refused.
fn evaluate_forged(bytes: &[u8]) -> Option<Result<(), Fault>> {
    let image = Image::read(bytes).ok()?;
    let supplied = Supplied::of_recorder(&image, "recorder", "0");
    let supplies = supplied.supplies();
    let manifest = supplied.manifest(&supplies);
    let mut memory = Memory::of(&image);
    let verified = image.verify(&manifest, memory.workspace()).ok()?;
    let mut words = vec![0; verified.scratch_words()];
    for number in 0..image.template_count() {
        let Some(template) = image.template(number) else { continue };
        let name = image.name(template.name, template.name_len);
        let inputs = manifest.templates.iter().find(|supply| supply.template == name).map_or(&[][..], |of| of.inputs);
        let values: Vec<Value<'_>> = inputs
            .iter()
            .map(|input| match input.ty.scalar {
                Scalar::String if !input.ty.list => r"C:\Windows\System32\rundll32.exe -enc a".into(),
                _ => Value::Absent,
            })
            .collect();
        let header = vec![Value::Absent; manifest.header.len()];
        let event = Event { inputs: &values, header: &header, others: &[] };
        let done = verified
            .bind(number, event)
            .and_then(|bound| bound.evaluate(&KillList::NONE, &mut words, u64::MAX, |_| ControlFlow::Continue(())));
        if let Err(fault) = done {
            return Some(Err(fault));
        }
    }
    Some(Ok(()))
}
