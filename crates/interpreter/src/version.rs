//! Which sensors load a rule: the comparators of a rule against a sensor's name and version. The
//! same reading of versions as the checker's, held together by a test.

use core::cmp::Ordering;

use crate::format::Comparator;
use crate::image::Image;
use crate::manifest::{Manifest, Versioning};
use crate::number::holds;

/// Which build of a sensor it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Build<'m> {
    sensor: &'m str,
    version: &'m str,
    versioning: Versioning,
}

impl<'m> Build<'m> {
    pub(crate) const fn of(manifest: &Manifest<'m>) -> Self {
        Self { sensor: manifest.sensor, version: manifest.version, versioning: manifest.versioning }
    }
}

/// Whether the sensor loads a rule with these comparators. A sensor that none of the named ones
/// is, where any is named, does not.
pub(crate) fn selects(image: &Image<'_>, comparators: &[[u8; Comparator::SIZE]], build: Build<'_>) -> bool {
    let names = |of: &Comparator| of.sensor_len > 0;
    let mut meant = !comparators.iter().any(|record| names(&Comparator::decode(record)));
    for record in comparators {
        let of = Comparator::decode(record);
        if names(&of) {
            if image.name(of.sensor, of.sensor_len) != build.sensor {
                continue;
            }
            meant = true;
        }
        let version = image.name(of.version, of.version_len);
        if of.operator < 6 && !holds(of.operator, Some(compare(build.versioning, build.version, version))) {
            return false;
        }
    }
    meant
}

/// Orders two versions. Missing parts count as 0; text behind a number orders after it, but
/// before it where it begins with `-`.
pub(crate) fn compare(versioning: Versioning, a: &str, b: &str) -> Ordering {
    let dot = |byte: &u8| *byte == b'.';
    let (mut left, mut right) = (a.as_bytes().split(dot), b.as_bytes().split(dot));
    let mut second = false;
    let mut first = true;
    loop {
        let (x, y) = (left.next(), right.next());
        if x.is_none() && y.is_none() {
            return Ordering::Equal;
        }
        let (x, y) = (digits(x.unwrap_or(b"0")), digits(y.unwrap_or(b"0")));
        let numbers = if versioning == Versioning::Decimal && second {
            trim_end(x.0).cmp(trim_end(y.0))
        } else {
            let (a, b) = (trim_start(x.0), trim_start(y.0));
            a.len().cmp(&b.len()).then_with(|| a.cmp(b))
        };
        let ordered = numbers.then_with(|| rank(x.1).cmp(&rank(y.1))).then_with(|| x.1.cmp(y.1));
        if ordered != Ordering::Equal {
            return ordered;
        }
        second = first;
        first = false;
    }
}

/// The leading digits of a part and the text after them.
fn digits(part: &[u8]) -> (&[u8], &[u8]) {
    let count = part.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(part.len());
    part.split_at_checked(count).unwrap_or((part, &[]))
}

fn trim_start(mut digits: &[u8]) -> &[u8] {
    while let [b'0', rest @ ..] = digits {
        digits = rest;
    }
    digits
}

fn trim_end(mut digits: &[u8]) -> &[u8] {
    while let [rest @ .., b'0'] = digits {
        digits = rest;
    }
    digits
}

/// Preview, plain, text.
const fn rank(text: &[u8]) -> u8 {
    match text {
        [b'-', ..] => 0,
        [] => 1,
        _ => 2,
    }
}
