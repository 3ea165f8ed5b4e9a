//! What the inside of a literal means.

use super::ast::Literal;
use super::lexer::Kind;
use contentcheck_model::diagnostic::{Edit, FixKind, Sink, codes};
use contentcheck_model::limits;
use contentcheck_model::source::Span;

/// The value of a literal token. `None` if it was reported as broken, here or by the lexer.
pub(super) fn read(kind: Kind, text: &str, span: Span, sink: &mut Sink) -> Option<Literal> {
    if text.len() > limits::LITERAL_BYTES {
        let message = format!("this value has {} bytes; the limit is {}", text.len(), limits::LITERAL_BYTES);
        sink.report(&codes::LIMIT_EXCEEDED, span, message);
        return None;
    }
    match kind {
        Kind::Text => plain(text, span, sink).map(Literal::Text),
        Kind::Raw => Some(Literal::Text(raw(text).to_owned())),
        Kind::Hex => hex(text, span, sink).map(Literal::Bytes),
        Kind::Int => int(text, span, sink).map(Literal::Int),
        Kind::Float => float(text, span, sink).map(Literal::Float),
        _ => None,
    }
}

fn raw(text: &str) -> &str {
    let inner = text.strip_prefix('r').unwrap_or(text);
    let marks = inner.len() - inner.trim_start_matches('#').len();
    // The lexer saw the same marks on both sides.
    inner.get(marks + 1..inner.len().saturating_sub(marks + 1)).unwrap_or("")
}

/// The value of an integer token.
pub(super) fn int(text: &str, span: Span, sink: &mut Sink) -> Option<i64> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let hex = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
    let (radix, digits) = hex.map_or((10, digits), |digits| (16, digits));
    let mut value: Option<i128> = if digits.bytes().any(|byte| byte != b'_') { Some(0) } else { None };
    for digit in digits.chars().filter(|digit| *digit != '_') {
        let digit = digit.to_digit(radix).map(i128::from);
        value = value.zip(digit).map(|(value, digit)| (value * i128::from(radix) + digit).min(1 << 100));
    }
    let signed = value.map(|value| if negative { -value } else { value });
    let Some(number) = signed else {
        sink.report(&codes::INVALID_NUMBER, span, "a number without digits");
        return None;
    };
    let Ok(number) = i64::try_from(number) else {
        let found = sink
            .diagnostic(&codes::INVALID_NUMBER, span, "this number does not fit into 64 bits")
            .with_help("integers go from -9223372036854775808 to 9223372036854775807");
        sink.push(found);
        return None;
    };
    Some(number)
}

fn float(text: &str, span: Span, sink: &mut Sink) -> Option<f64> {
    let digits: String = text.chars().filter(|sign| *sign != '_').collect();
    let value = digits.parse::<f64>().ok().filter(|value| value.is_finite());
    if value.is_none() {
        sink.report(&codes::INVALID_NUMBER, span, "this number cannot be represented as a 64-bit float");
    }
    value
}

fn hex(text: &str, span: Span, sink: &mut Sink) -> Option<Vec<u8>> {
    let inner = text.strip_prefix("hex\"").and_then(|inner| inner.strip_suffix('"')).unwrap_or("");
    let bytes = contentcheck_model::table::cell::hex_digits(inner);
    if bytes.is_none() {
        let found = sink
            .diagnostic(&codes::INVALID_NUMBER, span, "these are not whole bytes in hexadecimal")
            .with_help("two digits of 0-9 a-f for each byte; spaces may stand between bytes");
        sink.push(found);
    }
    bytes
}

/// One escape that the language does not have.
struct Strange {
    at: usize,
    length: usize,
}

fn plain(text: &str, span: Span, sink: &mut Sink) -> Option<String> {
    let inner = text.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or("");
    if !inner.contains('\\') {
        return Some(inner.to_owned());
    }
    let mut value = String::with_capacity(inner.len());
    let mut strange: Vec<Strange> = Vec::new();
    // Escapes that stand for a backslash or a quote, and others.
    let (mut guarded, mut escaped) = (false, false);
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at_checked(at).unwrap_or((rest, ""));
        value.push_str(before);
        let length = match unescape(escape) {
            Some((sign, length)) => {
                let itself = matches!(sign, '\\' | '"') && length == 2;
                guarded |= itself;
                escaped |= !itself;
                value.push(sign);
                length
            }
            None => {
                let length = 1 + escape.chars().nth(1).map_or(0, char::len_utf8);
                strange.push(Strange { at: inner.len() - escape.len(), length });
                length
            }
        };
        rest = escape.get(length..).unwrap_or("");
    }
    value.push_str(rest);
    let Some(first) = strange.first() else { return Some(value) };
    let start = span.start as usize + 1;
    let place = Span::new(start + first.at, start + first.at + first.length);
    let shown = inner.get(first.at..first.at + first.length).unwrap_or("\\");
    let found = sink.diagnostic(&codes::INVALID_ESCAPE, place, format!("`{shown}` is not an escape")).with_help(
        if inner.len() < 60 && !inner.contains('"') && !escaped {
            format!("in a raw string a backslash is itself: write r\"{inner}\"")
        } else {
            "the escapes are \\n \\r \\t \\0 \\\\ \\\" \\xHH (up to 7F) and \\u{HEX}; a raw string r\"...\" has none"
                .to_owned()
        },
    );
    // Where an escape has a meaning here or in other languages, who can say which backslash stands for itself?
    let known = |strange: &Strange| {
        let sign = inner.get(strange.at + 1..).and_then(|rest| rest.chars().next());
        sign.is_none_or(|sign| "abefvNuUxLP_/'\n\r".contains(sign) || sign.is_ascii_digit())
    };
    sink.push(if escaped || strange.iter().any(known) {
        found
    } else if guarded {
        let double = |strange: &Strange| Edit { span: Span::at(start + strange.at), text: "\\".to_owned() };
        found.with_edits(FixKind::Backslash, "double the backslash", strange.iter().map(double).collect())
    } else {
        // Without a single guarded sign the author meant every backslash as it stands.
        found.with_fix(FixKind::RawString, "write a raw string", span, format!("r{text}"))
    });
    None
}

/// The character that an escape stands for, and its length. The text begins with the backslash.
fn unescape(text: &str) -> Option<(char, usize)> {
    let mut signs = text.chars().skip(1);
    let simple = |sign| Some((sign, 2));
    match signs.next()? {
        'n' => simple('\n'),
        'r' => simple('\r'),
        't' => simple('\t'),
        '0' => simple('\0'),
        '\\' => simple('\\'),
        '"' => simple('"'),
        'x' => {
            let code = signs.next()?.to_digit(16)? * 16 + signs.next()?.to_digit(16)?;
            (code < 0x80).then(|| char::from_u32(code).map(|sign| (sign, 4)))?
        }
        'u' => {
            let inner = text.get(2..)?.strip_prefix('{')?;
            let digits = inner.get(..inner.bytes().take(7).position(|byte| byte == b'}')?)?;
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            let code = plain.then(|| u32::from_str_radix(digits, 16).ok())??;
            char::from_u32(code).map(|sign| (sign, digits.len() + 4))
        }
        _ => None,
    }
}

/// Writes a text as the formatter does: raw where backslashes would have to be doubled.
pub(super) fn write_text(out: &mut String, value: &str) {
    let special = |sign: char| sign.is_control() || contentcheck_model::characters::is_disguise(sign);
    if value.contains('\\') && !value.contains(special) {
        let mut marks = 0;
        let mut run = None;
        for sign in value.chars() {
            run = match (sign, run) {
                ('"', _) => Some(0),
                ('#', Some(count)) => Some(count + 1),
                _ => None,
            };
            marks = run.map_or(marks, |count: usize| marks.max(count + 1));
        }
        let marks = "#".repeat(marks);
        for part in ["r", &marks, "\"", value, "\"", &marks] {
            out.push_str(part);
        }
        return;
    }
    out.push('"');
    for sign in value.chars() {
        match sign {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            sign if sign.is_ascii_control() => out.push_str(&format!("\\x{:02X}", u32::from(sign))),
            sign if special(sign) => out.push_str(&format!("\\u{{{:X}}}", u32::from(sign))),
            sign => out.push(sign),
        }
    }
    out.push('"');
}
