//! Events: from values of the caller's to those of the interpreter, in scratch.
//!
//! A value of the interpreter is an enum of Rust's, whose layout C cannot know. So each value is written once, 24 bytes, into
//! scratch behind the words that the evaluation takes. What it points to stays where it is, but for UTF-16.

use core::mem::MaybeUninit;
use core::net::IpAddr;

use contentcheck_interpreter::{Event, Value};

use crate::memory::{self, Region, taken};
use crate::status::{CC_E_ENUM, CC_E_LENGTH, CcStatus};
use crate::types::*;

const _: () = assert!(size_of::<Value<'_>>() <= CC_VALUE_BYTES && size_of::<&[u8]>() <= CC_VALUE_BYTES);

/// What is wrong with an event, and where.
pub(crate) struct Wrong {
    pub(crate) status: CcStatus,
    pub(crate) values: u32,
    pub(crate) index: u32,
    pub(crate) element: u64,
}

impl From<CcStatus> for Wrong {
    fn from(status: CcStatus) -> Self {
        Self { status, values: CC_NONE, index: CC_NONE, element: CC_NONE64 }
    }
}

/// The arrays of an event, with the number that the header has for each.
///
/// # Safety
/// As the header says of events.
unsafe fn arrays<'c>(event: &CcEvent) -> Result<[(u32, &'c [CcValue]); 3], Wrong> {
    let given = [
        (CC_VALUES_INPUTS, event.inputs, event.input_count),
        (CC_VALUES_HEADER, event.header, event.header_count),
        (CC_VALUES_OTHERS, event.others, event.other_count),
    ];
    let mut arrays: [(u32, &[CcValue]); 3] = [(0, &[]); 3];
    for (array, (values, ptr, count)) in arrays.iter_mut().zip(given) {
        // SAFETY: the header says that each array has as many values as the count says.
        let read = unsafe { memory::read(ptr, count) };
        *array = (values, read.map_err(|status| Wrong { values, ..Wrong::from(status) })?);
    }
    Ok(arrays)
}

/// An event whose values are in scratch.
///
/// # Safety
/// As the header says of events.
pub(crate) unsafe fn converted<'c>(event: &CcEvent, region: &mut Region<'c>) -> Result<Event<'c>, Wrong> {
    // SAFETY: the caller's.
    let arrays = unsafe { arrays(event) }?;
    let mut made: [&[Value<'c>]; 3] = [&[]; 3];
    for (made, (values, given)) in made.iter_mut().zip(arrays) {
        *made = region.each(given, |region, index, value, slot| {
            let here = |wrong| Wrong { values, index: u32::try_from(index).unwrap_or(CC_NONE), ..wrong };
            if matches!(value.tag, CC_LIST | CC_TEXTS) {
                // SAFETY: the caller's.
                return unsafe { list(value, region) }.map(|list| slot.write(list)).map_err(here);
            }
            // SAFETY: the caller's.
            unsafe { scalar(value, region, slot) }.map_err(|status| here(Wrong::from(status)))
        })?;
    }
    let [inputs, header, others] = made;
    Ok(Event { inputs, header, others })
}

/// A list whose elements are converted.
///
/// # Safety
/// As the header says of values.
unsafe fn list<'c>(given: &CcValue, region: &mut Region<'c>) -> Result<Value<'c>, Wrong> {
    let in_element = |index: usize| move |status| Wrong { element: index as u64, ..Wrong::from(status) };
    match given.tag {
        CC_LIST => {
            // SAFETY: the caller's; a list is an array of values.
            let elements = unsafe { elements::<CcValue>(given) }?;
            let converted = region.each(elements, |region, index, element, slot| {
                if is_list(element.tag) {
                    // It is of a wrong type, whatever is in it, and is not looked at.
                    return Ok(slot.write(Value::List(&[])));
                }
                // SAFETY: the caller's.
                unsafe { scalar(element, region, slot) }.map_err(in_element(index))
            });
            converted.map(Value::List)
        }
        _ => {
            // SAFETY: the caller's; it is an array of runs of bytes.
            let elements = unsafe { elements::<CcBytes>(given) }?;
            let converted = region.each(elements, |_, index, element, slot| {
                // SAFETY: the caller's.
                unsafe { memory::bytes(*element) }.map(|text| slot.write(text)).map_err(in_element(index))
            });
            converted.map(Value::Texts)
        }
    }
}

const fn is_list(tag: u32) -> bool {
    matches!(tag, CC_LIST | CC_TEXTS | CC_INTS | CC_SPLIT)
}

/// What a value points to.
///
/// # Safety
/// The value has a tag for which `ptr` points to `len` of `T`.
unsafe fn elements<'c, T>(given: &CcValue) -> Result<&'c [T], CcStatus> {
    // SAFETY: the caller's; any bits are a pointer.
    let ptr = unsafe { given.payload.ptr };
    // SAFETY: the caller's.
    unsafe { memory::read(ptr.cast(), given.len) }
}

/// A value that is one, or a list that is lent as it is.
///
/// # Safety
/// As the header says of values.
#[inline]
unsafe fn scalar<'c, 's>(
    given: &CcValue,
    region: &mut Region<'c>,
    slot: &'s mut MaybeUninit<Value<'c>>,
) -> Result<&'s mut Value<'c>, CcStatus> {
    // SAFETY: the members of the union are of 8 bytes, of which any are a number. Of a pointer of 4 bytes the others are
    // not looked at.
    let number = || unsafe { given.payload.u };
    Ok(match given.tag {
        CC_ABSENT => slot.write(Value::Absent),
        // SAFETY: the caller's, as for all that follow.
        CC_TEXT => slot.write(Value::Text(unsafe { elements(given) }?)),
        // SAFETY: the same.
        CC_BYTES => slot.write(Value::Bytes(unsafe { elements(given) }?)),
        CC_UTF16 => {
            // SAFETY: the same; any bits are a pointer.
            let ptr = unsafe { given.payload.ptr };
            // SAFETY: the same.
            slot.write(Value::Text(unsafe { region.text_of_utf16(ptr, given.len) }?))
        }
        CC_INT => slot.write(Value::Int(number().cast_signed())),
        CC_UINT => slot.write(Value::UInt(number())),
        CC_FLOAT => slot.write(Value::Float(f64::from_bits(number()))),
        CC_BOOL => slot.write(Value::Bool(number() != 0)),
        CC_IP => {
            // SAFETY: the same.
            let octets: &[u8] = unsafe { elements(given) }?;
            slot.write(match (octets.first_chunk::<4>(), octets.first_chunk::<16>(), octets.len()) {
                (Some(v4), _, 4) => Value::Ip(IpAddr::from(*v4)),
                (_, Some(v6), 16) => Value::Ip(IpAddr::from(*v6)),
                // No address, so of a wrong type where one is asked for: that silences one input and no event.
                _ => Value::Bytes(octets),
            })
        }
        // SAFETY: the same.
        CC_INTS => slot.write(Value::Ints(unsafe { elements(given) }?)),
        CC_SPLIT => {
            let by = u8::try_from(given.by).map_err(|_| CC_E_ENUM)?;
            // SAFETY: the same.
            slot.write(Value::Split(unsafe { elements(given) }?, by))
        }
        _ => return Err(CC_E_ENUM),
    })
}

/// Bytes of scratch that the values of an event take, where converting them found too few. No length is believed that no
/// value can have: it is what is wrong with the event.
///
/// # Safety
/// As the header says of events.
pub(crate) unsafe fn size(event: &CcEvent) -> Result<usize, Wrong> {
    // SAFETY: the caller's.
    let arrays = unsafe { arrays(event) }?;
    let mut size = 0_usize;
    for (values, given) in arrays {
        size = size.saturating_add(taken::<Value<'_>>(given.len()).ok_or(CC_E_LENGTH)?);
        for (index, value) in (0..CC_NONE).zip(given) {
            // SAFETY: the caller's.
            let own = unsafe { value_size(value) };
            size = size.saturating_add(own.map_err(|status| Wrong { values, index, ..Wrong::from(status) })?);
        }
    }
    Ok(size)
}

/// What a value takes beside itself.
///
/// # Safety
/// As the header says of values.
unsafe fn value_size(given: &CcValue) -> Result<usize, CcStatus> {
    match given.tag {
        CC_LIST => {
            // SAFETY: the caller's; a list is an array of values.
            let elements = unsafe { elements::<CcValue>(given) }?;
            let mut size = taken::<Value<'_>>(elements.len()).ok_or(CC_E_LENGTH)?;
            for text in elements.iter().filter(|element| element.tag == CC_UTF16) {
                // SAFETY: the caller's.
                size = size.saturating_add(unsafe { utf16_size(text) }?);
            }
            Ok(size)
        }
        CC_TEXTS => {
            // SAFETY: the caller's; it is an array of runs of bytes.
            let elements = unsafe { elements::<CcBytes>(given) }?;
            taken::<&[u8]>(elements.len()).ok_or(CC_E_LENGTH)
        }
        // SAFETY: the caller's.
        CC_UTF16 => unsafe { utf16_size(given) },
        _ => Ok(0),
    }
}

/// The most that the text of some UTF-16 takes, with a copy of it.
///
/// # Safety
/// The value is UTF-16, as the header says of it.
unsafe fn utf16_size(given: &CcValue) -> Result<usize, CcStatus> {
    // SAFETY: the caller's; two bytes are a unit, and need no alignment.
    let units = unsafe { elements::<[u8; 2]>(given) }?.len();
    let (copy, text) = (taken::<u16>(units), taken::<u8>(contentcheck_interpreter::utf16::most_bytes(units)));
    let size = copy.and_then(|copy| copy.checked_add(text?));
    size.ok_or(CC_E_LENGTH)
}
