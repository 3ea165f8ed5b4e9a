//! The road of an image and an event through the interpreter, as a library that exports it: read,
//! verify, bind, evaluate, over bytes, a manifest and values that only the caller knows. A panic
//! that could happen anywhere on it is a symbol in this library.
//!
//! Everything comes by pointer, so that nothing is known to the optimiser that is not known on a device.
#![cfg_attr(not(feature = "attribute"), no_std)]

use core::hint::black_box;

use contentcheck_interpreter::{
    Event, Fault, Image, KillMask, Manifest, Meter, Rejection, Steps, VerifiedImage, Workspace,
};

#[cfg(not(feature = "attribute"))]
unsafe extern "C" {
    /// Nobody has it. Where a panic is left, the library asks for it, inlined or not.
    fn a_panic_is_left() -> !;
}

/// In this library nothing calls it; that is the proof.
#[cfg(not(feature = "attribute"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: it is never called, since it never exists.
    unsafe { a_panic_is_left() }
}

/// What a device hands over to load an image.
pub struct Load<'l> {
    image: &'l [u8],
    manifest: Manifest<'l>,
    bindings: &'l mut [u16],
    active: &'l mut [u64],
    /// How many there must be, where there are too few.
    needed: (usize, usize, usize),
}

/// What a device hands over to evaluate an event.
pub struct Call<'c> {
    image: VerifiedImage<'c>,
    template: &'c str,
    event: Event<'c>,
    kill: &'c [u64],
    scratch: &'c mut [u64],
    matched: &'c mut [u64],
}

/// Read and verify.
#[cfg_attr(feature = "attribute", no_panic::no_panic)]
fn loaded<'l>(load: &'l mut Load<'_>, out: &mut Option<VerifiedImage<'l>>) -> Result<(), Rejection> {
    let Load { image, manifest, bindings, active, needed } = load;
    let image = Image::read(image)?;
    *needed = (image.binding_slots(), image.active_words(), image.scratch_words());
    *out = Some(image.verify(manifest, Workspace { bindings, active })?);
    Ok(())
}

/// Bind and evaluate.
#[cfg_attr(feature = "attribute", no_panic::no_panic)]
fn evaluated<M: Meter>(call: &mut Call<'_>, meter: &mut M) -> Result<(), Fault> {
    let Call { image, template, event, kill, scratch, matched } = call;
    for number in image.templates_named(template) {
        let bound = image.bind(number, *event)?;
        let report = |rule: u32| {
            if let Some(word) = matched.get_mut((rule >> 6) as usize) {
                *word |= 1 << (rule & 63);
            }
        };
        bound.evaluate_metered(KillMask::new(kill), scratch, report, meter)?;
    }
    Ok(())
}

/// The bound on steps, and the names of rules: what reports are made of.
#[cfg_attr(feature = "attribute", no_panic::no_panic)]
fn described(call: &Call<'_>, number: u32) -> Option<u64> {
    let image = call.image.image();
    black_box(image.rule(number).map(|rule| (rule.name, rule.title, rule.level)));
    black_box((
        image.input(number),
        image.template(number),
        call.image.loads(number),
        call.image.supplied_arity(number),
    ));
    Some(image.cost(number).at(call.image.bind(number, call.event).ok()?.size()))
}

/// Reads and verifies. 0, or -1 where the image is refused.
///
/// # Safety
/// The references are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn load<'l>(load: &'l mut Load<'_>, out: &mut Option<VerifiedImage<'l>>) -> i32 {
    match loaded(black_box(load), out) {
        Ok(()) => 0,
        Err(rejection) => {
            black_box((rejection.code(), rejection));
            -1
        }
    }
}

/// Binds and evaluates, with nobody counting. 0, or -1 on a fault.
///
/// # Safety
/// The reference is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evaluate(call: &mut Call<'_>) -> i32 {
    match evaluated(black_box(call), &mut ()) {
        Ok(()) => 0,
        Err(fault) => {
            black_box(fault);
            -1
        }
    }
}

/// The same with steps counted.
///
/// # Safety
/// The references are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn evaluate_counted(call: &mut Call<'_>, steps: &mut u64) -> i32 {
    let mut meter = Steps(0);
    let ended = evaluated(black_box(call), &mut meter);
    *steps = meter.0;
    if ended.is_ok() { 0 } else { -1 }
}

/// What can be asked of an image beside evaluation.
///
/// # Safety
/// The references are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn describe(call: &Call<'_>, number: u32, steps: &mut u64) {
    *steps = described(black_box(call), number).unwrap_or(0);
}

/// Something that can panic: an index that nobody checked.
///
/// # Safety
/// The reference is valid.
#[cfg(feature = "control")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn control(call: &Call<'_>, at: usize) -> u64 {
    indexed(black_box(call), at)
}

#[cfg(feature = "control")]
#[cfg_attr(feature = "attribute", no_panic::no_panic)]
fn indexed(call: &Call<'_>, at: usize) -> u64 {
    call.kill[at]
}

/// Something that calls itself.
#[cfg(feature = "control-stack")]
#[unsafe(no_mangle)]
pub extern "C" fn recursive(depth: u64) -> u64 {
    descend(black_box(depth))
}

#[cfg(feature = "control-stack")]
#[inline(never)]
fn descend(depth: u64) -> u64 {
    if depth == 0 { 0 } else { black_box(descend(black_box(depth.wrapping_sub(1)))).wrapping_add(depth) }
}

/// Something that calls one of two functions by its address.
#[cfg(feature = "control-pointer")]
#[unsafe(no_mangle)]
pub extern "C" fn pointer(number: u64) -> u64 {
    let one: [fn(u64) -> u64; 2] = [odd, even];
    black_box(one)[usize::from(number % 2 == 0)](number)
}

#[cfg(feature = "control-pointer")]
#[inline(never)]
fn odd(number: u64) -> u64 {
    black_box(number).wrapping_mul(3)
}

#[cfg(feature = "control-pointer")]
#[inline(never)]
fn even(number: u64) -> u64 {
    black_box(number).wrapping_mul(5)
}

/// Something that takes more stack than is promised.
#[cfg(feature = "control-stack")]
#[unsafe(no_mangle)]
pub extern "C" fn deep(at: u8) -> u8 {
    let mut bytes = [at; 5 << 10];
    black_box(&mut bytes);
    bytes.iter().fold(0, |sum, byte| sum ^ *byte)
}
