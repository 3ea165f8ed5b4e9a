//! Reports: what is in an image, which rules are left out, and refusals in words.

use core::ffi::c_char;
use core::fmt::{self, Write};
use core::mem::MaybeUninit;

use contentcheck_interpreter::{Identity, Image, LeftOut, WhyLeftOut, describe};

use crate::load::{CcImage, image, kill_bytes};
use crate::memory::{self, WORD};
use crate::refusal::rejection;
use crate::status::{self, CC_E_ENUM, CC_E_NOT_AN_IMAGE, CC_E_NUMBER, CC_E_WORKSPACE, CC_MORE, CC_OK, CcStatus};
use crate::types::*;

/// An array that is filled, and the count of what there is.
pub(crate) struct Array<'a, T> {
    slots: &'a mut [MaybeUninit<T>],
    count: &'a mut usize,
}

impl<T> Array<'_, T> {
    /// Counts an element, and writes it where there is room.
    pub(crate) fn put(&mut self, element: T) {
        if let Some(slot) = self.slots.get_mut(*self.count) {
            slot.write(element);
        }
        *self.count = self.count.saturating_add(1);
    }

    /// Whether there was room for all.
    pub(crate) const fn status(&self) -> CcStatus {
        if *self.count > self.slots.len() { CC_MORE } else { CC_OK }
    }

    fn filled(mut self, elements: impl Iterator<Item = T>) -> CcStatus {
        elements.for_each(|element| self.put(element));
        self.status()
    }
}

/// An array of the caller's.
///
/// # Safety
/// As [`memory::slots`], for both.
pub(crate) unsafe fn array<'a, T>(ptr: *mut T, capacity: usize, count: *mut usize) -> Result<Array<'a, T>, CcStatus> {
    // SAFETY: the caller's.
    let count = unsafe { memory::slot(count) }?.write(0);
    // SAFETY: the caller's.
    let slots = unsafe { memory::slots(ptr, capacity) }?;
    Ok(Array { slots, count })
}

/// A string of the caller's, ended by a NUL and cut between characters.
struct Cut<'b> {
    buffer: &'b mut [MaybeUninit<u8>],
    /// Bytes that were written, and bytes of the whole.
    at: usize,
    length: usize,
    is_cut: bool,
}

impl Write for Cut<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.length = self.length.saturating_add(text.len());
        for character in text.chars() {
            let end = self.at.saturating_add(character.len_utf8());
            // One byte is kept for the NUL.
            self.is_cut |= end >= self.buffer.len();
            if self.is_cut {
                break;
            }
            let bytes = self.buffer.get_mut(self.at..end).unwrap_or(&mut []);
            let mut memory = [0; 4];
            bytes.iter_mut().zip(character.encode_utf8(&mut memory).bytes()).for_each(|(slot, byte)| {
                slot.write(byte);
            });
            self.at = end;
        }
        Ok(())
    }
}

/// Writes words to a buffer of the caller's.
///
/// # Safety
/// As [`memory::slots`], for both; `length` may be NULL.
pub(crate) unsafe fn words(
    buffer: *mut c_char,
    size: usize,
    length: *mut usize,
    words: fmt::Arguments<'_>,
) -> Result<CcStatus, CcStatus> {
    // SAFETY: the caller's.
    let length = unsafe { memory::optional(length) }?;
    // SAFETY: the caller's.
    let buffer = unsafe { memory::slots(buffer.cast::<u8>(), size) }?;
    let mut cut = Cut { buffer, at: 0, length: 0, is_cut: false };
    // It never refuses to be written to.
    let _ = cut.write_fmt(words);
    if let Some(slot) = cut.buffer.get_mut(cut.at) {
        slot.write(0);
    }
    if let Some(length) = length {
        length.write(cut.length);
    }
    Ok(if cut.is_cut || size == 0 { CC_MORE } else { CC_OK })
}

/// A result that is a status either way.
pub(crate) fn status_of(result: impl FnOnce() -> Result<CcStatus, CcStatus>) -> CcStatus {
    result().unwrap_or_else(|status| status)
}

/// `cc_describe`: a refusal in words.
///
/// # Safety
/// As the header says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_describe(
    image: CcBytes,
    why: *const CcRefusal,
    buffer: *mut c_char,
    size: usize,
    length: *mut usize,
) -> CcStatus {
    status_of(|| {
        // SAFETY: the caller's.
        let why = unsafe { memory::one(why) }?;
        // SAFETY: the caller's.
        let bytes = unsafe { memory::bytes(image) }?;
        let say = |said: fmt::Arguments<'_>| {
            // SAFETY: the caller's.
            unsafe { words(buffer, size, length, said) }
        };
        let Some(rejection) = rejection(why) else {
            let (meaning, needed, held) = (status::meaning(why.status), why.needed, why.held);
            return match (why.status, why.template_no, why.input) {
                (CC_E_WORKSPACE, ..) => say(format_args!("{meaning}: {needed} bytes are needed, and {held} are lent")),
                (_, CC_NONE, CC_NONE) => say(format_args!("{meaning}")),
                (_, CC_NONE, input) => say(format_args!("{meaning}: header field {input} of the manifest")),
                (_, template, CC_NONE) => say(format_args!("{meaning}: template type {template} of the manifest")),
                (_, template, input) => {
                    say(format_args!("{meaning}: input {input} of template type {template} of the manifest"))
                }
            };
        };
        // An image that could be read has the names.
        match Image::read(bytes) {
            Ok(image) => say(format_args!("{}", image.describe(rejection))),
            Err(_) => say(format_args!("{}", describe(bytes, rejection))),
        }
    })
}

/// `cc_identity`: what an image says of itself.
///
/// # Safety
/// As the header says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_identity(image: CcBytes, identity: *mut CcIdentity) -> CcStatus {
    status_of(|| {
        // SAFETY: the caller's.
        let slot = unsafe { memory::slot(identity) }?;
        // SAFETY: the caller's.
        let bytes = unsafe { memory::bytes(image) }?;
        let found = Identity::read(bytes).ok_or(CC_E_NOT_AN_IMAGE)?;
        slot.write(CcIdentity {
            release: CcBytes::of(found.release.as_bytes()),
            compiler: CcBytes::of(found.compiler.as_bytes()),
            content: found.content,
            sequence: found.sequence,
            features: found.features,
            format: found.format,
        });
        Ok(CC_OK)
    })
}

/// `cc_image_info`: what verification found.
///
/// # Safety
/// As the header says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_image_info(image: *const CcImage, info: *mut CcImageInfo) -> CcStatus {
    status_of(|| {
        // SAFETY: the caller's.
        let slot = unsafe { memory::slot(info) }?;
        // SAFETY: the caller's.
        let verified = unsafe { self::image(image) }?.verified;
        slot.write(CcImageInfo {
            rule_count: verified.image().rule_count(),
            loaded_rules: verified.loaded_rules(),
            template_count: verified.image().template_count(),
            scratch: verified.scratch_words().saturating_mul(WORD),
            kill: kill_bytes(verified.kill_words()),
        });
        Ok(CC_OK)
    })
}

/// `cc_templates`: the numbers of the template types with a name.
///
/// # Safety
/// As the header says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_templates(
    image: *const CcImage,
    name: CcBytes,
    numbers: *mut u32,
    capacity: usize,
    count: *mut usize,
) -> CcStatus {
    status_of(|| {
        // SAFETY: the caller's.
        let numbers = unsafe { array(numbers, capacity, count) }?;
        // SAFETY: the caller's.
        let image = unsafe { self::image(image) }?;
        // SAFETY: the caller's.
        let name = unsafe { memory::name(name) }?;
        Ok(numbers.filled(image.verified.templates_named(name)))
    })
}

/// `cc_template_info`: a template type of an image.
///
/// # Safety
/// As the header says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_template_info(
    image: *const CcImage,
    template_no: u32,
    info: *mut CcTemplateInfo,
) -> CcStatus {
    status_of(|| {
        // SAFETY: the caller's.
        let slot = unsafe { memory::slot(info) }?;
        // SAFETY: the caller's.
        let verified = unsafe { self::image(image) }?.verified;
        let found = verified.image().template(template_no).ok_or(CC_E_NUMBER)?;
        let supplied = verified.supplied_arity(template_no).and_then(|arity| u32::try_from(arity).ok());
        slot.write(CcTemplateInfo {
            name: CcBytes::of(verified.image().name(found.name, found.name_len).as_bytes()),
            version: found.version,
            supplied: supplied.unwrap_or(CC_NONE),
        });
        Ok(CC_OK)
    })
}

/// `cc_cost`: a bound on what evaluating costs.
///
/// # Safety
/// As the header says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_cost(image: *const CcImage, template_no: u32, cost: *mut CcCost) -> CcStatus {
    status_of(|| {
        // SAFETY: the caller's.
        let slot = unsafe { memory::slot(cost) }?;
        // SAFETY: the caller's.
        let image = unsafe { self::image(image) }?.verified.image();
        if template_no >= image.template_count() {
            return Err(CC_E_NUMBER);
        }
        let cost = image.cost(template_no);
        slot.write(CcCost { fixed: cost.fixed, per_unit: cost.per_unit });
        Ok(CC_OK)
    })
}

/// `cc_rule_info`: what an image says of a rule.
///
/// # Safety
/// As the header says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_rule_info(image: *const CcImage, rule: u32, info: *mut CcRule) -> CcStatus {
    status_of(|| {
        // SAFETY: the caller's.
        let slot = unsafe { memory::slot(info) }?;
        // SAFETY: the caller's.
        let verified = unsafe { self::image(image) }?.verified;
        let found = verified.image().rule(rule).ok_or(CC_E_NUMBER)?;
        slot.write(CcRule {
            id: CcBytes::of(found.name.as_bytes()),
            title: CcBytes::of(found.title.as_bytes()),
            word: CcBytes::of(found.word.as_bytes()),
            revision: CcBytes::of(found.revision.as_bytes()),
            level_name: CcBytes::of(found.level.as_str().as_bytes()),
            // The numbers are those of the image format, and of the header.
            level: found.level as u32,
            tag_count: found.tags().fold(0, |count, _| u32::wrapping_add(count, 1)),
            loaded: u32::from(verified.loads(rule)),
        });
        Ok(CC_OK)
    })
}

/// `cc_rule_tags`: the tags of a rule.
///
/// # Safety
/// As the header says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_rule_tags(
    image: *const CcImage,
    rule: u32,
    tags: *mut CcBytes,
    capacity: usize,
    count: *mut usize,
) -> CcStatus {
    status_of(|| {
        // SAFETY: the caller's.
        let tags = unsafe { array(tags, capacity, count) }?;
        // SAFETY: the caller's.
        let image = unsafe { self::image(image) }?.verified.image();
        let found = image.rule(rule).ok_or(CC_E_NUMBER)?;
        Ok(tags.filled(found.tags().map(|tag| CcBytes::of(tag.as_bytes()))))
    })
}

impl CcImage {
    /// The name of an input, counted over all template types.
    pub(crate) fn input_name(&self, input: u32) -> Option<&str> {
        let image = self.verified.image();
        image.input(input).map(|input| image.name(input.name, input.name_len))
    }
}

/// `cc_input_name`: the name of an input.
///
/// # Safety
/// As the header says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_input_name(image: *const CcImage, input: u32, name: *mut CcBytes) -> CcStatus {
    status_of(|| {
        // SAFETY: the caller's.
        let slot = unsafe { memory::slot(name) }?;
        // SAFETY: the caller's.
        let image = unsafe { self::image(image) }?;
        slot.write(CcBytes::of(image.input_name(input).ok_or(CC_E_NUMBER)?.as_bytes()));
        Ok(CC_OK)
    })
}

/// `cc_left_out`: the rules that the sensor does not run.
///
/// # Safety
/// As the header says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_left_out(
    image: *const CcImage,
    out: *mut CcLeftOut,
    capacity: usize,
    count: *mut usize,
) -> CcStatus {
    status_of(|| {
        // SAFETY: the caller's.
        let out = unsafe { array(out, capacity, count) }?;
        // SAFETY: the caller's.
        let image = unsafe { self::image(image) }?;
        Ok(out.filled(image.verified.left_out(&image.manifest).map(|of| {
            let (why, input) = match of.why {
                WhyLeftOut::Template => (CC_LEFT_OUT_TEMPLATE, CC_NONE),
                WhyLeftOut::Unsupplied { input } => (CC_LEFT_OUT_UNSUPPLIED, input),
                WhyLeftOut::Type { input } => (CC_LEFT_OUT_TYPE, input),
                WhyLeftOut::Position { input } => (CC_LEFT_OUT_POSITION, input),
                _ => (CC_LEFT_OUT_SENSOR, CC_NONE),
            };
            CcLeftOut { rule: of.rule, template_no: of.template, why, input }
        })))
    })
}

/// `cc_describe_left_out`: why a rule is left out, in words.
///
/// # Safety
/// As the header says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_describe_left_out(
    image: *const CcImage,
    out: *const CcLeftOut,
    buffer: *mut c_char,
    size: usize,
    length: *mut usize,
) -> CcStatus {
    status_of(|| {
        // SAFETY: the caller's.
        let image = unsafe { self::image(image) }?;
        // SAFETY: the caller's.
        let CcLeftOut { rule, template_no, why, input } = *unsafe { memory::one(out) }?;
        let why = match why {
            CC_LEFT_OUT_SENSOR => WhyLeftOut::Sensor,
            CC_LEFT_OUT_TEMPLATE => WhyLeftOut::Template,
            CC_LEFT_OUT_UNSUPPLIED => WhyLeftOut::Unsupplied { input },
            CC_LEFT_OUT_TYPE => WhyLeftOut::Type { input },
            CC_LEFT_OUT_POSITION => WhyLeftOut::Position { input },
            _ => return Err(CC_E_ENUM),
        };
        let out = LeftOut { rule, template: template_no, why };
        // SAFETY: the caller's.
        unsafe { words(buffer, size, length, format_args!("{}", image.verified.image().describe_left_out(out))) }
    })
}

/// `cc_idle_supplies`: what the manifest supplies and no rule is for.
///
/// # Safety
/// As the header says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_idle_supplies(
    image: *const CcImage,
    supplies: *mut u32,
    capacity: usize,
    count: *mut usize,
) -> CcStatus {
    status_of(|| {
        // SAFETY: the caller's.
        let supplies = unsafe { array(supplies, capacity, count) }?;
        // SAFETY: the caller's.
        let image = unsafe { self::image(image) }?;
        let idle = (0..u32::MAX)
            .zip(image.manifest.templates)
            .filter(|(_, supply)| image.verified.templates_named(supply.template).next().is_none());
        Ok(supplies.filled(idle.map(|(index, _)| index)))
    })
}
