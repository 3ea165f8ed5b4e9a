//! Factors: literals of which one must stand in a text where a pattern matches it. They are what
//! the scan looks for; the pattern itself is tested only where one was found.

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::frequency::Frequency;
use crate::lower::{Piece, Text, Texted};
use contentcheck_interpreter::format::{GRAM, LiteralKind};

/// More literals than these are no useful factor of one pattern.
const ALTERNATIVES: usize = 64;

/// A literal that the scan finds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Factor {
    pub(crate) kind: LiteralKind,
    pub(crate) ignore_case: bool,
    pub(crate) bytes: Box<[u8]>,
}

/// The factors of a text: one of them stands wherever it matches. `exact`: and it matches
/// wherever one of them stands.
pub(crate) struct Factors {
    pub(crate) literals: Vec<Factor>,
    pub(crate) exact: bool,
}

/// Factors of a pattern; nothing where it has none that the scan can look for.
pub(crate) fn factors(text: &Texted, frequency: &Frequency) -> Option<Factors> {
    let ignore_case = text.ignore_case;
    let one = |kind, bytes: &[u8]| Factor { kind, ignore_case, bytes: bytes.into() };
    let exact = |literal| Some(Factors { literals: vec![literal], exact: true });
    match &text.text {
        Text::Equals(bytes) => exact(one(LiteralKind::Equals, bytes)),
        Text::Prefix(bytes) if !bytes.is_empty() => exact(one(LiteralKind::Prefix, bytes)),
        Text::Suffix(bytes) if !bytes.is_empty() => exact(one(LiteralKind::Suffix, bytes)),
        Text::Contains(bytes) if bytes.len() >= GRAM => exact(one(LiteralKind::Contains, bytes)),
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
                    (bytes.len() >= GRAM).then(|| one(LiteralKind::Contains, bytes))
                }
            });
            let best = candidates.min_by(|a, b| frequency.of(a).total_cmp(&frequency.of(b)).then_with(|| a.cmp(b)))?;
            Some(Factors { literals: vec![best], exact: false })
        }
        Text::Matches(pattern) => {
            let hir = crate::regex::hir(pattern).ok()?;
            let best = best(&hir, frequency)?;
            Some(Factors { literals: best, exact: false })
        }
    }
}

fn cost(literals: &[Factor], frequency: &Frequency) -> f64 {
    literals.iter().map(|literal| frequency.of(literal)).sum()
}

fn contains(bytes: &[u8]) -> Option<Vec<Factor>> {
    let bytes = bytes.to_ascii_lowercase();
    (bytes.len() >= GRAM).then(|| vec![Factor { kind: LiteralKind::Contains, ignore_case: true, bytes: bytes.into() }])
}

/// The rarest set of literals of which one stands in whatever the expression matches.
fn best(hir: &Hir, frequency: &Frequency) -> Option<Vec<Factor>> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) | HirKind::Class(_) => None,
        HirKind::Literal(literal) => contains(&literal.0),
        HirKind::Capture(capture) => best(&capture.sub, frequency),
        HirKind::Repetition(repetition) if repetition.min > 0 => best(&repetition.sub, frequency),
        HirKind::Repetition(_) => None,
        HirKind::Alternation(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(best(part, frequency)?);
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
            for part in flat {
                match letters(part) {
                    Some(bytes) => run.extend(bytes),
                    None => {
                        candidates.extend(contains(&std::mem::take(&mut run)));
                        candidates.extend(best(part, frequency));
                    }
                }
            }
            candidates.extend(contains(&run));
            candidates.into_iter().min_by(|a, b| cost(a, frequency).total_cmp(&cost(b, frequency)).then_with(|| a.cmp(b)))
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
