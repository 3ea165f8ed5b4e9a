//! Characters that no content file may hold, wherever they stand.

use crate::diagnostic::{FixKind, Sink, codes};
use crate::source::Span;

/// Reports control characters and characters that disguise text. A run of them is one finding.
pub fn check(text: &str, sink: &mut Sink) {
    let suspicious = |byte: u8| (byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r')) || byte >= 0x7F;
    if !text.bytes().any(suspicious) {
        return;
    }
    let mut open: Option<(usize, usize, char)> = None;
    for (at, sign) in text.char_indices() {
        let wrong = is_disguise(sign) || (sign.is_control() && !matches!(sign, '\t' | '\n' | '\r'));
        match (&mut open, wrong) {
            (Some((_, end, _)), true) => *end = at + sign.len_utf8(),
            (None, true) => open = Some((at, at + sign.len_utf8(), sign)),
            (Some(_), false) => {
                report(open.take(), sink);
                if sink.len() > crate::limits::DIAGNOSTICS {
                    return;
                }
            }
            (None, false) => {}
        }
    }
    report(open, sink);
}

fn report(run: Option<(usize, usize, char)>, sink: &mut Sink) {
    let Some((start, end, sign)) = run else { return };
    let span = Span::new(start, end);
    let code = u32::from(sign);
    let found = if start == 0 && sign == '\u{FEFF}' {
        sink.diagnostic(&codes::CONTROL_CHARACTER, span, "the file begins with a byte order mark")
            .with_help("save it as UTF-8 without the mark")
            .with_fix(FixKind::ByteOrderMark, "remove the mark", Span::new(0, sign.len_utf8()), "")
    } else if is_disguise(sign) {
        sink.diagnostic(&codes::CONTROL_CHARACTER, span, format!("the invisible character U+{code:04X}"))
            .with_help(format!("it makes text look like other text; write \\u{{{code:X}}} where a value needs it"))
    } else {
        sink.diagnostic(&codes::CONTROL_CHARACTER, span, format!("the control character U+{code:04X}"))
            .with_help(format!("remove it, or write \\u{{{code:X}}} where a value needs it"))
    };
    sink.push(found);
}

/// Characters that make text look like other text: direction marks, separators of lines and the byte order mark.
pub const fn is_disguise(sign: char) -> bool {
    matches!(
        sign,
        '\u{202A}'..='\u{202E}'
            | '\u{2066}'..='\u{2069}'
            | '\u{200E}'
            | '\u{200F}'
            | '\u{061C}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{FEFF}'
    )
}
