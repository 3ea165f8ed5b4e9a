//! Factors: literals of which one must stand in a text where a pattern matches it. They are what
//! the scan looks for; the pattern itself is tested only where one was found.

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::frequency::{Factor, Likely};
use crate::text::{Piece, Text, Texted};
use contentcheck_interpreter::format::{GRAM, LiteralKind, WIDE_GRAM};
use contentcheck_interpreter::hash;

/// More literals than these are no useful factor of one pattern.
const ALTERNATIVES: usize = 64;

/// The factors of a text: one of them stands wherever it matches. `exact`: and it matches
/// wherever one of them stands.
pub(crate) struct Factors {
    pub(crate) literals: Vec<Factor>,
    pub(crate) exact: bool,
}

/// Whether the scan finds a literal wherever it stands: it has a gram.
pub(crate) fn has_gram(bytes: &[u8]) -> bool {
    bytes.len() >= GRAM || wide_gram(bytes).is_some()
}

/// The first gram of a literal with a byte beyond ASCII, and where it stands.
pub(crate) fn wide_gram(bytes: &[u8]) -> Option<(usize, u32)> {
    let grams = bytes.windows(WIDE_GRAM).enumerate().take(usize::from(u16::MAX));
    grams.filter_map(|(at, window)| Some((at, hash::wide_gram_at(window)?))).find(|(_, gram)| hash::is_wide(*gram))
}

/// Factors of a pattern; nothing where it has none that the scan can look for.
pub(crate) fn factors(text: &Texted, frequency: Likely<'_>) -> Option<Factors> {
    let ignore_case = text.ignore_case;
    let one = |kind, bytes: &[u8]| Factor { kind, ignore_case, bytes: bytes.into() };
    let exact = |literal| Some(Factors { literals: vec![literal], exact: true });
    match &text.text {
        Text::Equals(bytes) => exact(one(LiteralKind::Equals, bytes)),
        Text::Prefix(bytes) if !bytes.is_empty() => exact(one(LiteralKind::Prefix, bytes)),
        Text::Suffix(bytes) if !bytes.is_empty() => exact(one(LiteralKind::Suffix, bytes)),
        Text::Contains(bytes) if has_gram(bytes) => exact(one(LiteralKind::Contains, bytes)),
        Text::Prefix(_) | Text::Suffix(_) | Text::Contains(_) => None,
        Text::Like(pieces) => {
            let last = pieces.len().checked_sub(1)?;
            let candidates = pieces.iter().enumerate().filter_map(|(at, piece)| {
                let Piece::Literal(bytes) = piece else { return None };
                if at == 0 {
                    Some(one(LiteralKind::Prefix, bytes))
                } else if at == last {
                    Some(one(LiteralKind::Suffix, bytes))
                } else {
                    has_gram(bytes).then(|| one(LiteralKind::Contains, bytes))
                }
            });
            let best = candidates.min_by(|a, b| frequency.of(a).total_cmp(&frequency.of(b)).then_with(|| a.cmp(b)))?;
            Some(Factors { literals: vec![best], exact: false })
        }
        Text::Matches(pattern) => {
            let hir = crate::regex::hir(pattern).ok()?;
            let mut best = best(&hir, frequency, GRAM)?;
            best.sort();
            Some(Factors { literals: best, exact: false })
        }
    }
}

fn cost(literals: &[Factor], frequency: Likely<'_>) -> f64 {
    literals.iter().map(|literal| frequency.of(literal)).sum()
}

/// Literals, in lower case, of which one stands in whatever an expression matches. Nothing where
/// it has none.
pub(crate) fn gates(pattern: &str, frequency: Likely<'_>) -> Vec<Box<[u8]>> {
    let Ok(hir) = crate::regex::hir(pattern) else { return Vec::new() };
    let found = best(&hir, frequency, 1).unwrap_or_default();
    found.into_iter().map(|factor| factor.bytes).collect()
}

fn contains(bytes: &[u8], least: usize) -> Option<Vec<Factor>> {
    let bytes = bytes.to_ascii_lowercase();
    (bytes.len() >= least).then(|| vec![Factor { kind: LiteralKind::Contains, ignore_case: true, bytes: bytes.into() }])
}

/// The rarest set of literals of which one stands in whatever the expression matches.
fn best(hir: &Hir, frequency: Likely<'_>, least: usize) -> Option<Vec<Factor>> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => None,
        HirKind::Class(_) if least > 1 => None,
        HirKind::Class(_) => {
            let mut each: Vec<Factor> =
                edge(hir, true)?.into_iter().filter_map(|byte| contains(&[byte], 1)).flatten().collect();
            each.sort();
            each.dedup();
            Some(each)
        }
        HirKind::Literal(literal) => contains(&literal.0, least),
        HirKind::Capture(capture) => best(&capture.sub, frequency, least),
        HirKind::Repetition(repetition) if repetition.min > 0 => best(&repetition.sub, frequency, least),
        HirKind::Repetition(_) => None,
        HirKind::Alternation(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(best(part, frequency, least)?);
                if all.len() > ALTERNATIVES {
                    return None;
                }
            }
            all.sort();
            all.dedup();
            Some(all)
        }
        HirKind::Concat(parts) => {
            let mut flat = Vec::new();
            flatten(parts, &mut flat);
            let mut candidates: Vec<Vec<Factor>> = Vec::new();
            let mut run: Vec<u8> = Vec::new();
            if least < GRAM {
                candidates.extend(flat.iter().zip(flat.iter().skip(1)).filter_map(|(a, b)| pairs(a, b)));
            }
            for part in flat {
                match letters(part) {
                    Some(bytes) => run.extend(bytes),
                    None => {
                        candidates.extend(contains(&std::mem::take(&mut run), least));
                        candidates.extend(best(part, frequency, least));
                    }
                }
            }
            candidates.extend(contains(&run, least));
            candidates
                .into_iter()
                .min_by(|a, b| cost(a, frequency).total_cmp(&cost(b, frequency)).then_with(|| a.cmp(b)))
        }
    }
}

fn flatten<'h>(parts: &'h [Hir], flat: &mut Vec<&'h Hir>) {
    for part in parts {
        match part.kind() {
            HirKind::Concat(inner) => flatten(inner, flat),
            HirKind::Capture(capture) => flatten(std::slice::from_ref(&capture.sub), flat),
            _ => flat.push(part),
        }
    }
}

/// The pairs of bytes with which two parts meet, where these are few.
fn pairs(first: &Hir, second: &Hir) -> Option<Vec<Factor>> {
    let (ends, begins) = (edge(first, true)?, edge(second, false)?);
    let mut found = Vec::new();
    for end in &ends {
        for begin in &begins {
            found.extend(contains(&[*end, *begin], 2)?);
        }
    }
    found.sort();
    found.dedup();
    Some(found)
}

/// The few ASCII bytes that a part begins or ends with, if it always matches something.
fn edge(hir: &Hir, last: bool) -> Option<Vec<u8>> {
    let few = |ranges: &mut dyn Iterator<Item = u32>| -> Option<Vec<u8>> {
        let bytes: Vec<u32> = ranges.take(9).collect();
        (bytes.len() <= 8 && bytes.iter().all(|byte| *byte < 0x80))
            .then(|| bytes.iter().map(|byte| *byte as u8).collect())
    };
    match hir.kind() {
        HirKind::Literal(literal) => {
            let byte = if last { literal.0.last() } else { literal.0.first() };
            byte.filter(|byte| byte.is_ascii()).map(|byte| vec![*byte])
        }
        HirKind::Class(Class::Unicode(class)) => {
            few(&mut class.ranges().iter().flat_map(|range| u32::from(range.start())..=u32::from(range.end())))
        }
        HirKind::Class(Class::Bytes(class)) => {
            few(&mut class.ranges().iter().flat_map(|range| u32::from(range.start())..=u32::from(range.end())))
        }
        HirKind::Capture(capture) => edge(&capture.sub, last),
        HirKind::Repetition(repetition) if repetition.min > 0 => edge(&repetition.sub, last),
        _ => None,
    }
}

/// The one text that an expression matches, but for the case of ASCII letters.
fn letters(hir: &Hir) -> Option<Vec<u8>> {
    match hir.kind() {
        HirKind::Literal(literal) => Some(literal.0.to_vec()),
        HirKind::Class(Class::Unicode(class)) => {
            let mut bytes = class.ranges().iter().flat_map(|range| (range.start()..=range.end()).take(3));
            let (first, second) = (bytes.next()?, bytes.next()?);
            let pair = first.is_ascii_alphabetic() && first.eq_ignore_ascii_case(&second) && bytes.next().is_none();
            pair.then(|| vec![second as u8])
        }
        HirKind::Class(Class::Bytes(class)) => {
            let mut bytes = class.ranges().iter().flat_map(|range| (range.start()..=range.end()).take(3));
            let (first, second) = (bytes.next()?, bytes.next()?);
            let pair = first.is_ascii_alphabetic() && first.eq_ignore_ascii_case(&second) && bytes.next().is_none();
            pair.then(|| vec![second])
        }
        _ => None,
    }
}
