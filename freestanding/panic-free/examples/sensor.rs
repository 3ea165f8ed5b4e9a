//! Everything that a sensor calls of the interpreter, as a library that exports it, over bytes, a manifest and values
//! that only the caller knows. A panic that could happen anywhere on the way is a symbol in this library.
//!
//! Everything comes by pointer, so that nothing is known to the optimiser that is not known on a device.
#![cfg_attr(not(feature = "attribute"), no_std)]

extern crate panic_free as _;

use core::hint::black_box;
use core::ops::ControlFlow;

use contentcheck_interpreter::{
    BoundEvent, Done, Event, Fault, Identity, Image, KillList, LeftOut, Manifest, Meter, Reason, Rejection, Sizes,
    Spent, VerifiedImage, Workspace, utf16,
};

/// What a device hands over to load an image.
pub struct Load<'l> {
    image: &'l Image<'l>,
    manifest: Manifest<'l>,
    bindings: &'l mut [u32],
    active: &'l mut [u64],
}

/// What a device hands over to evaluate an event.
pub struct Call<'c> {
    image: &'c VerifiedImage<'c>,
    template: &'c str,
    event: Event<'c>,
    kill: KillList<'c>,
    scratch: &'c mut [u64],
    matched: &'c mut [u64],
}

/// A meter of the device's own: it stops, and says on which rule steps are spent.
pub struct Device {
    left: u64,
    rule: u32,
    dearest: u32,
    steps: u64,
    most: u64,
}

impl Meter for Device {
    fn spend(&mut self, steps: u64) -> Result<(), Spent> {
        self.left = self.left.checked_sub(steps).ok_or(Spent)?;
        self.steps = self.steps.saturating_add(steps);
        Ok(())
    }

    fn rule(&mut self, rule: u32) {
        if self.steps > self.most {
            (self.most, self.dearest) = (self.steps, self.rule);
        }
        (self.steps, self.rule) = (0, rule);
    }
}

#[cfg_attr(feature = "attribute", no_panic::no_panic)]
fn sized(bytes: &[u8], out: &mut Option<Sizes>) -> Result<(), Rejection> {
    *out = Some(Image::sizes(bytes)?);
    Ok(())
}

#[cfg_attr(feature = "attribute", no_panic::no_panic)]
fn read<'i>(bytes: &'i [u8], out: &mut Option<Image<'i>>) -> Result<(), Rejection> {
    *out = Some(Image::read(bytes)?);
    Ok(())
}

#[cfg_attr(feature = "attribute", no_panic::no_panic)]
fn verified<'l>(load: &'l mut Load<'_>, out: &mut Option<VerifiedImage<'l>>) -> Result<(), Rejection> {
    let Load { image, manifest, bindings, active } = load;
    manifest.check().map_err(Rejection::Manifest)?;
    *out = Some(image.verify(manifest, Workspace { bindings, active })?);
    Ok(())
}

#[cfg_attr(feature = "attribute", no_panic::no_panic)]
fn bound<'e>(
    image: &'e VerifiedImage<'e>,
    template: &str,
    event: Event<'e>,
    out: &mut Option<BoundEvent<'e>>,
) -> Result<u32, Fault> {
    let number = image.templates_named(template).next().ok_or(Fault::UnsuppliedTemplate)?;
    let event = image.bind(number, event)?;
    for input in event.mistyped_inputs() {
        black_box(input);
    }
    black_box((event.template(), event.size()));
    let mistyped = event.mistyped();
    *out = Some(event);
    Ok(mistyped)
}

/// Notes a rule that matches; stops where there is no room.
fn note(matched: &mut [u64], rule: u32) -> ControlFlow<()> {
    match matched.get_mut((rule >> 6) as usize) {
        Some(word) => {
            *word |= 1 << (rule & 63);
            ControlFlow::Continue(())
        }
        None => ControlFlow::Break(()),
    }
}

#[cfg_attr(feature = "attribute", no_panic::no_panic)]
fn evaluated(call: &mut Call<'_>, budget: u64) -> Result<Option<Done>, Fault> {
    let Call { image, template, event, kill, scratch, matched } = call;
    let mut last = None;
    for number in image.templates_named(template) {
        let bound = image.bind(number, *event)?;
        last = Some(bound.evaluate(kill, scratch, budget, |rule| note(matched, rule))?);
    }
    Ok(last)
}

#[cfg_attr(feature = "attribute", no_panic::no_panic)]
fn metered<M: Meter>(call: &mut Call<'_>, meter: &mut M) -> Result<Option<u32>, Fault> {
    let Call { image, template, event, kill, scratch, matched } = call;
    let mut unasked = None;
    for number in image.templates_named(template) {
        let bound = image.bind(number, *event)?;
        unasked = bound.evaluate_metered(kill, scratch, meter, |rule| note(matched, rule))?.or(unasked);
    }
    Ok(unasked)
}

#[cfg_attr(feature = "attribute", no_panic::no_panic)]
fn explained(
    event: &BoundEvent<'_>,
    rule: u32,
    scratch: &mut [u64],
    out: &mut [Option<Reason>],
) -> Result<bool, Fault> {
    let mut slots = out.iter_mut();
    event.why(rule, scratch, |reason| {
        if let Some(slot) = slots.next() {
            *slot = Some(reason);
        }
    })
}

#[cfg_attr(feature = "attribute", no_panic::no_panic)]
fn killed<'k>(
    image: &VerifiedImage<'_>,
    names: &[&str],
    memory: &'k mut [u64],
    out: &mut Option<KillList<'k>>,
) -> Result<u32, usize> {
    let list = image.kill(names.iter().copied(), memory)?;
    *out = Some(list);
    Ok(list.unknown())
}

#[cfg_attr(feature = "attribute", no_panic::no_panic)]
fn left(image: &VerifiedImage<'_>, manifest: &Manifest<'_>, out: &mut [Option<LeftOut>]) -> usize {
    let mut slots = out.iter_mut();
    let mut count = 0_usize;
    for left in image.left_out(manifest) {
        count = count.wrapping_add(1);
        if let Some(slot) = slots.next() {
            *slot = Some(left);
        }
    }
    count
}

/// The bound on steps, and the names: what reports are made of.
#[cfg_attr(feature = "attribute", no_panic::no_panic)]
fn asked(image: &VerifiedImage<'_>, number: u32, manifest: &Manifest<'_>) -> u64 {
    let of = image.image();
    if let Some(rule) = of.rule(number) {
        black_box((rule.name, rule.title, rule.word, rule.level.as_str(), rule.revision));
        for tag in rule.tags() {
            black_box(tag);
        }
        for same in of.rules_named(rule.name) {
            black_box(same);
        }
    }
    black_box((of.input(number), of.template(number), image.loads(number), image.supplied_arity(number)));
    for idle in image.idle_supplies(manifest) {
        black_box(idle);
    }
    for number in image.unsupplied_templates().chain(image.loaded_on(number)).chain(image.readers_of(number, number)) {
        black_box(number);
    }
    let cost = of.cost(number);
    black_box((image.loaded_rules(), image.scratch_words(), of.is_meant_empty(), of.skips_unsupplied()));
    cost.at(u64::from(number))
}

/// 0, or -1 where something is refused.
fn status<T, E>(ended: Result<T, E>) -> i32 {
    match ended {
        Ok(_) => 0,
        Err(error) => {
            black_box(error);
            -1
        }
    }
}

fn rejected(ended: Result<(), Rejection>) -> i32 {
    if let Err(rejection) = &ended {
        black_box(rejection.code());
    }
    status(ended)
}

/// How much memory an image needs.
///
/// # Safety
/// The references are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sensor_sizes(bytes: &&[u8], out: &mut Option<Sizes>) -> i32 {
    rejected(sized(black_box(bytes), out))
}

/// What bytes say of themselves, refused or not.
///
/// # Safety
/// The references are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sensor_identity<'i>(bytes: &&'i [u8], out: &mut Option<Identity<'i>>, bit: u8) {
    *out = Identity::read(black_box(bytes));
    if let Some(identity) = out {
        black_box(identity.feature(bit));
    }
}

/// Reads the header, the sections and the checksum.
///
/// # Safety
/// The references are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sensor_read<'i>(bytes: &&'i [u8], out: &mut Option<Image<'i>>) -> i32 {
    rejected(read(black_box(bytes), out))
}

/// Checks the manifest, and verifies the image for it.
///
/// # Safety
/// The references are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sensor_verify<'l>(load: &'l mut Load<'_>, out: &mut Option<VerifiedImage<'l>>) -> i32 {
    rejected(verified(black_box(load), out))
}

/// Which rules this sensor does not run, and why.
///
/// # Safety
/// The references are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sensor_left_out(
    image: &VerifiedImage<'_>,
    manifest: &Manifest<'_>,
    out: &mut &mut [Option<LeftOut>],
) -> usize {
    left(black_box(image), manifest, out)
}

/// Switches rules off by their names.
///
/// # Safety
/// The references are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sensor_kill<'k>(
    image: &VerifiedImage<'_>,
    names: &&[&str],
    memory: &'k mut &mut [u64],
    out: &mut Option<KillList<'k>>,
) -> i32 {
    status(killed(black_box(image), names, memory, out))
}

/// Switches every rule off.
///
/// # Safety
/// The references are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sensor_kill_all<'k>(
    image: &VerifiedImage<'_>,
    memory: &'k mut &mut [u64],
    out: &mut Option<KillList<'k>>,
) -> i32 {
    status(black_box(image).kill_all(memory).map(|list| *out = Some(list)))
}

/// Switches every rule off but those with the names.
///
/// # Safety
/// The references are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sensor_kill_all_but<'k>(
    image: &VerifiedImage<'_>,
    names: &&[&str],
    memory: &'k mut &mut [u64],
    out: &mut Option<KillList<'k>>,
) -> i32 {
    status(black_box(image).kill_all_but(names.iter().copied(), memory).map(|list| *out = Some(list)))
}

/// What can be asked of an image beside evaluation.
///
/// # Safety
/// The references are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sensor_cost(image: &VerifiedImage<'_>, number: u32, manifest: &Manifest<'_>) -> u64 {
    asked(black_box(image), number, manifest)
}

/// Binds an event and keeps it.
///
/// # Safety
/// The references are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sensor_bind<'e>(call: &'e Call<'e>, out: &mut Option<BoundEvent<'e>>) -> i32 {
    let call = black_box(call);
    status(bound(call.image, call.template, call.event, out))
}

/// Binds and evaluates, whatever it takes: nobody counts.
///
/// # Safety
/// The reference is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sensor_evaluate(call: &mut Call<'_>) -> i32 {
    status(metered(black_box(call), &mut ()))
}

/// Binds and evaluates within a budget.
///
/// # Safety
/// The references are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sensor_evaluate_within(call: &mut Call<'_>, budget: u64, out: &mut Option<Done>) -> i32 {
    status(evaluated(black_box(call), budget).map(|done| *out = done.filter(|done| !done.is_whole())))
}

/// Binds and evaluates with the device's own meter.
///
/// # Safety
/// The references are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sensor_evaluate_metered(
    call: &mut Call<'_>,
    meter: &mut Device,
    out: &mut Option<u32>,
) -> i32 {
    status(metered(black_box(call), meter).map(|unasked| *out = unasked))
}

/// Why a rule matches.
///
/// # Safety
/// The references are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sensor_why(
    event: &BoundEvent<'_>,
    rule: u32,
    scratch: &mut &mut [u64],
    out: &mut &mut [Option<Reason>],
) -> i32 {
    status(explained(black_box(event), rule, scratch, out))
}

/// Text of UTF-16.
///
/// # Safety
/// The references are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sensor_utf16<'m>(units: &&[u16], memory: &'m mut &mut [u8], out: &mut &'m [u8]) -> i32 {
    status(utf16::to_text(black_box(units), memory).map(|text| *out = text))
}
