//! Wildcard patterns: parts that cover a whole text.

use crate::cost::price;
use crate::fault::{Fault, Halt};
use crate::format::{Part, Pattern, Section};
use crate::image::Image;
use crate::meter::Meter;
use crate::{text, utf8};

/// Whether parts cover a text. What stands between two runs is looked for from the left: the
/// first place is as good as any, so nothing is ever tried again.
pub(crate) fn covers<M: Meter>(
    image: &Image<'_>,
    pattern: &Pattern,
    text: &[u8],
    ignore_case: bool,
    meter: &mut M,
) -> Result<bool, Halt> {
    const PARTS: Fault = Fault::Corrupt { section: Section::Parts };
    let mut parts = image.parts.range(pattern.a, pattern.b).ok_or(PARTS)?;
    let is_run = |record: &[u8; Part::SIZE]| Part::decode(record).kind == 1;
    let mut at = 0_usize;
    let mut floating = false;
    loop {
        let count = parts.iter().position(is_run);
        let (segment, rest) = parts.split_at_checked(count.unwrap_or(parts.len())).ok_or(PARTS)?;
        let last = count.is_none();
        match (floating, last) {
            (false, _) => match segment_at(image, segment, text, at, ignore_case, meter)? {
                Some(end) if !last || end == text.len() => at = end,
                _ => return Ok(false),
            },
            (true, true) => return segment_ends(image, segment, text, at, ignore_case, meter),
            (true, false) => match segment_from(image, segment, text, at, ignore_case, meter)? {
                Some(end) => at = end,
                None => return Ok(false),
            },
        }
        if last {
            return Ok(true);
        }
        floating = true;
        parts = rest.get(1..).ok_or(PARTS)?;
    }
}

/// Where a segment ends that begins at `at`.
fn segment_at<M: Meter>(
    image: &Image<'_>,
    segment: &[[u8; Part::SIZE]],
    text: &[u8],
    mut at: usize,
    ignore_case: bool,
    meter: &mut M,
) -> Result<Option<usize>, Halt> {
    for record in segment {
        let part = Part::decode(record);
        meter.spend(price::part(part.len as usize))?;
        let end = if part.kind == 2 {
            text::character_end(text, at)
        } else {
            let literal = image.text(part.text, part.len)?;
            text::stands_at(text, at, literal, ignore_case).then(|| at.wrapping_add(literal.len()))
        };
        let Some(end) = end else { return Ok(None) };
        at = end;
    }
    Ok(Some(at))
}

/// Where the first segment from `at` on ends.
fn segment_from<M: Meter>(
    image: &Image<'_>,
    segment: &[[u8; Part::SIZE]],
    text: &[u8],
    at: usize,
    ignore_case: bool,
    meter: &mut M,
) -> Result<Option<usize>, Halt> {
    let Some(first) = segment.first().map(Part::decode) else { return Ok(Some(at)) };
    let mut from = at;
    loop {
        // A segment that begins with a literal begins where that literal stands.
        let start = if first.kind == 0 {
            let literal = image.text(first.text, first.len)?;
            text::find(text, from, literal, 0, ignore_case, meter)?
        } else {
            (from <= text.len()).then_some(from)
        };
        let Some(start) = start else { return Ok(None) };
        if let Some(end) = segment_at(image, segment, text, start, ignore_case, meter)? {
            return Ok(Some(end));
        }
        match text::character_end(text, start) {
            Some(next) => from = next,
            None => return Ok(None),
        }
    }
}

/// Whether the text ends with a segment that begins at `at` or later.
fn segment_ends<M: Meter>(
    image: &Image<'_>,
    segment: &[[u8; Part::SIZE]],
    text: &[u8],
    at: usize,
    ignore_case: bool,
    meter: &mut M,
) -> Result<bool, Halt> {
    let mut end = text.len();
    for record in segment.iter().rev() {
        let part = Part::decode(record);
        meter.spend(price::part(part.len as usize))?;
        let start = if part.kind == 2 {
            utf8::start_of_last(text, end)
        } else {
            let literal = image.text(part.text, part.len)?;
            let start = end.checked_sub(literal.len());
            start.filter(|start| text::stands_at(text, *start, literal, ignore_case))
        };
        match start {
            Some(start) if start >= at => end = start,
            _ => return Ok(false),
        }
    }
    Ok(end >= at)
}
