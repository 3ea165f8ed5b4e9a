//! Strings: wildcards, escapes, dashes and encodings, to patterns.

use super::modifier::{Encoding, Modifiers, Part};
use contentcheck_model::limits::{self, Budget};
use contentcheck_model::predicate::{Pattern, TextPattern, WildcardPart};
use contentcheck_model::regex::{self, Flags};
use contentcheck_model::wildcard::{self, simplify};

/// Why a value gives no pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The value holds a wildcard where its modifiers allow none.
    Wildcard,
    /// The values expand beyond a limit of the rule or the file.
    Expansion,
    /// More wildcards than a pattern may have.
    Wildcards(usize),
    /// The value is longer than one may be: so many bytes.
    Long(usize),
}

fn surround(mut parts: Vec<WildcardPart>, part: Part) -> Vec<WildcardPart> {
    let any = WildcardPart::AnyRun;
    if matches!(part, Part::Contains | Part::EndsWith) && parts.first() != Some(&any) {
        parts.insert(0, any.clone());
    }
    if matches!(part, Part::Contains | Part::StartsWith) && parts.last() != Some(&any) {
        parts.push(any);
    }
    parts
}

/// Adds the patterns of one value to `found`.
///
/// # Errors
/// When the value cannot be encoded, or `found` would exceed `limit`.
pub(crate) fn patterns(
    value: &str,
    modifiers: &Modifiers,
    limit: usize,
    budget: &mut Budget,
    found: &mut Vec<TextPattern>,
) -> Result<(), Refused> {
    let ignore_case = !modifiers.cased;
    let room = budget.value_bytes;
    if budget.values == 0 || room == 0 {
        return Err(Refused::Expansion);
    }
    let mut push = |parts: Vec<WildcardPart>| -> Result<(), Refused> {
        let literals = parts.iter().map(|part| if let WildcardPart::Literal(text) = part { text.len() } else { 0 });
        let bytes: usize = literals.sum();
        if found.len() >= limit || !limits::take(&mut budget.values, 1) || !limits::take(&mut budget.value_bytes, bytes)
        {
            return Err(Refused::Expansion);
        }
        if bytes > limits::VALUE_BYTES {
            return Err(Refused::Long(bytes));
        }
        let wildcards = parts.iter().filter(|part| !matches!(part, WildcardPart::Literal(_))).count();
        if wildcards > limits::PATTERN_WILDCARDS + 2 {
            return Err(Refused::Wildcards(wildcards));
        }
        found.push(TextPattern { pattern: simplify(surround(parts, modifiers.part)), ignore_case });
        Ok(())
    };
    let parsed = wildcard::parts(value);
    if modifiers.encodings.is_empty() {
        return push(parsed);
    }
    let mut variants = vec![parsed];
    let mut wide = None;
    for encoding in &modifiers.encodings {
        match encoding {
            Encoding::Windash => variants = windash(variants, limit, room)?,
            Encoding::Utf16 | Encoding::Utf16Le | Encoding::Utf16Be => wide = Some(*encoding),
            Encoding::Base64 | Encoding::Base64Offset => {
                let mut encoded = Vec::with_capacity(variants.len());
                for variant in &variants {
                    let bytes = bytes(variant, wide)?;
                    let texts =
                        if *encoding == Encoding::Base64 { vec![base64(&bytes)] } else { base64_offsets(&bytes) };
                    encoded.extend(texts.into_iter().map(|text| vec![WildcardPart::Literal(text.into())]));
                }
                variants = encoded;
            }
        }
    }
    variants.into_iter().try_for_each(push)
}

/// Whether a pattern matches every text.
pub(crate) fn is_everything(pattern: &Pattern) -> bool {
    match pattern {
        Pattern::Contains(text) | Pattern::StartsWith(text) | Pattern::EndsWith(text) => text.is_empty(),
        Pattern::Like(parts) => wildcard::matches_all(parts),
        Pattern::Matches(regex) => {
            let flags = Flags { ignore_case: false, multi_line: regex.multi_line, dot_all: regex.dot_all };
            regex::matches_everything(&regex.pattern, flags)
        }
        Pattern::Equals(_) => false,
    }
}

/// Whether one of the forms that a value is encoded to matches every text: of a single letter no digit of base64 is certain.
pub(crate) fn encodes_to_nothing(value: &str, modifiers: &Modifiers) -> bool {
    /// Of a longer value each form has something.
    const BYTES: usize = 4;
    let mut found = Vec::new();
    value.len() <= BYTES
        && patterns(value, modifiers, limits::RULE_VALUES, &mut Budget::default(), &mut found).is_ok()
        && found.iter().any(|form| is_everything(&form.pattern))
}

/// The characters that Windows programs take for the dash of an option.
const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];

/// All permutations of the dashes that begin an option: `-` or `/` between something that
/// is no word character and something that is.
/// Neither more than `limit` values nor more than `room` bytes.
fn windash(values: Vec<Vec<WildcardPart>>, limit: usize, room: usize) -> Result<Vec<Vec<WildcardPart>>, Refused> {
    let mut found: Vec<Vec<WildcardPart>> = Vec::new();
    for value in values {
        let mut variants: Vec<Vec<WildcardPart>> = vec![Vec::new()];
        for part in value {
            let WildcardPart::Literal(text) = &part else {
                variants.iter_mut().for_each(|variant| variant.push(part.clone()));
                continue;
            };
            let mut texts: Vec<String> = vec![String::with_capacity(text.len())];
            let mut before: Option<char> = None;
            let mut rest = text.chars().peekable();
            while let Some(character) = rest.next() {
                let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
                if matches!(character, '-' | '/') && !word(before) && word(rest.peek().copied()) {
                    let count = texts.len() * DASHES.len() * variants.len();
                    if count > limit || count.saturating_mul(text.len()) > room {
                        return Err(Refused::Expansion);
                    }
                    texts =
                        DASHES.iter().flat_map(|dash| texts.iter().map(move |text| format!("{text}{dash}"))).collect();
                } else {
                    texts.iter_mut().for_each(|text| text.push(character));
                }
                before = Some(character);
            }
            if texts.len() * variants.len() > limit {
                return Err(Refused::Expansion);
            }
            variants = texts
                .iter()
                .flat_map(|text| {
                    variants.iter().map(move |variant| {
                        let mut longer = variant.clone();
                        longer.push(WildcardPart::Literal(text.as_str().into()));
                        longer
                    })
                })
                .collect();
        }
        found.extend(variants);
        if found.len() > limit {
            return Err(Refused::Expansion);
        }
    }
    Ok(found)
}

/// The bytes of a value without wildcards, as UTF-16 where that is asked for.
fn bytes(value: &[WildcardPart], wide: Option<Encoding>) -> Result<Vec<u8>, Refused> {
    let text: &str = match value {
        [] => "",
        [WildcardPart::Literal(text)] => text,
        _ => return Err(Refused::Wildcard),
    };
    Ok(match wide {
        Some(Encoding::Utf16Le) => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Some(Encoding::Utf16Be) => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        Some(_) => [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect(),
        None => text.as_bytes().to_vec(),
    })
}

/// What a value looks like inside base64 text when it starts at byte 0, 1 or 2 of a group of
/// three. The first characters depend on what stands before, the last on what follows.
fn base64_offsets(bytes: &[u8]) -> Vec<String> {
    (0..3)
        .map(|shift| {
            let mut padded = vec![b' '; shift];
            padded.extend_from_slice(bytes);
            let encoded = base64(&padded);
            let skip = [0, 2, 3].get(shift).copied().unwrap_or(0);
            let drop = [0, 3, 2].get(padded.len() % 3).copied().unwrap_or(0);
            encoded.get(skip..encoded.len().saturating_sub(drop)).unwrap_or("").to_owned()
        })
        .collect()
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |value: u32| ALPHABET.get((value & 63) as usize).copied().map_or('=', char::from);
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        text.push(digit(group >> 18));
        text.push(digit(group >> 12));
        text.push(if chunk.len() > 1 { digit(group >> 6) } else { '=' });
        text.push(if chunk.len() > 2 { digit(group) } else { '=' });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(value: &str, modifiers: &Modifiers) -> Vec<String> {
        let mut found = Vec::new();
        patterns(value, modifiers, 1000, &mut Budget::default(), &mut found).expect("patterns");
        found.iter().map(|pattern| format!("{:?}", pattern.pattern)).collect()
    }

    fn with(part: Part, encodings: &[Encoding]) -> Modifiers {
        Modifiers { part, encodings: encodings.to_vec(), ..Modifiers::default() }
    }

    #[test]
    fn escapes_follow_the_specification() {
        let plain = Modifiers::default();
        assert_eq!(show(r"C:\Windows\*", &plain), [r#"Equals("C:\\Windows*")"#]);
        assert_eq!(show(r"C:\Windows\\*", &plain), [r#"StartsWith("C:\\Windows\\")"#]);
        assert_eq!(show(r"*\cmd.exe", &plain), [r#"EndsWith("\\cmd.exe")"#]);
        assert_eq!(show("**a**", &plain), [r#"Contains("a")"#]);
        assert_eq!(show("a?c", &plain), [r#"Like([Literal("a"), AnyOne, Literal("c")])"#]);
    }

    #[test]
    fn dashes_and_base64_expand() {
        assert_eq!(show(" -f", &with(Part::Contains, &[Encoding::Windash])).len(), 5);
        assert_eq!(show("a-b", &with(Part::Contains, &[Encoding::Windash])).len(), 1);
        assert_eq!(show("foo", &with(Part::Whole, &[Encoding::Base64])), [r#"Equals("Zm9v")"#]);
        // The example of the Sigma documentation for base64offset.
        assert_eq!(
            show("http://", &with(Part::Contains, &[Encoding::Base64Offset])),
            [r#"Contains("aHR0cDovL")"#, r#"Contains("h0dHA6Ly")"#, r#"Contains("odHRwOi8v")"#]
        );
        assert_eq!(show("ab", &with(Part::Whole, &[Encoding::Utf16Le, Encoding::Base64])), [r#"Equals("YQBiAA==")"#]);
    }

    #[test]
    fn bombs_are_refused() {
        let mut found = Vec::new();
        let bomb = " -a".repeat(30);
        let modifiers = with(Part::Contains, &[Encoding::Windash, Encoding::Base64Offset]);
        assert_eq!(patterns(&bomb, &modifiers, 50_000, &mut Budget::default(), &mut found), Err(Refused::Expansion));
        let long = format!("{}{}", " -a".repeat(6), "a".repeat(60_000));
        assert_eq!(patterns(&long, &modifiers, 50_000, &mut Budget::default(), &mut found), Err(Refused::Expansion));
        let stars = "*a".repeat(2000);
        assert_eq!(
            patterns(&stars, &Modifiers::default(), 50_000, &mut Budget::default(), &mut found),
            Err(Refused::Wildcards(2000))
        );
    }
}
