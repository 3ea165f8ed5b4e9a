//! Words for people, by the standard formatting: it calls by address, so no call graph can be drawn of it.
#![cfg_attr(not(feature = "attribute"), no_std)]

extern crate panic_free as _;

use core::fmt::{self, Write};
use core::hint::black_box;

use contentcheck_interpreter::{Fault, Image, LeftOut, Rejection, describe};

/// A line of a fixed length: what does not fit is an error of the writer's.
pub struct Line<'l> {
    room: &'l mut [u8],
    len: usize,
}

impl Write for Line<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            *self.room.get_mut(self.len).ok_or(fmt::Error)? = byte;
            self.len = self.len.wrapping_add(1);
        }
        Ok(())
    }
}

/// Says why bytes or an image are refused, why a rule is left out, and what a fault is.
///
/// # Safety
/// The references are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sensor_describe(
    bytes: &&[u8],
    image: &Image<'_>,
    rejection: &Rejection,
    out: &LeftOut,
    fault: &Fault,
    line: &mut Line<'_>,
) -> i32 {
    match written(black_box(bytes), image, *rejection, *out, fault, line) {
        Ok(()) => 0,
        Err(_) => -1,
    }
}

fn written(
    bytes: &[u8],
    image: &Image<'_>,
    rejection: Rejection,
    out: LeftOut,
    fault: &Fault,
    line: &mut Line<'_>,
) -> fmt::Result {
    write!(line, "{}", describe(bytes, rejection))?;
    write!(line, "{}", image.describe(rejection))?;
    write!(line, "{}", image.describe_left_out(out))?;
    write!(line, "{fault}")
}
