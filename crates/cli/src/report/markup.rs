//! Markdown as GitHub and others show it: texts of content in it stay texts.

use contentcheck_model::diagnostic::{visible, visible_lines};

/// A text that nothing in it can turn into markup, a link or a mention, or end a row of a table.
pub(crate) fn escaped(text: &str) -> String {
    let text = visible(text);
    let mut escaped = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    // Letters `w` before the present one: renderers take `www.` for the beginning of a link.
    let mut run = 0;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '$' => escaped.extend(['\\', letter]),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '@' => escaped.push_str("&#64;"),
            ':' if letters.peek() == Some(&'/') => escaped.push_str("\\:"),
            '.' if run >= 3 => escaped.push_str("\\."),
            other => escaped.push(other),
        }
        run = if letter.eq_ignore_ascii_case(&'w') { run + 1 } else { 0 };
    }
    escaped
}

/// A text as code.
pub(crate) fn code(text: &str) -> String {
    let text = visible(text);
    let ticks = "`".repeat(longest(&text) + 1);
    format!("{ticks} {text} {ticks}")
}

/// A text as code in a row of a table.
pub(crate) fn cell(text: &str) -> String {
    code(text).replace('|', "\\|")
}

/// Lines as a block of code.
pub(crate) fn fenced(text: &str, indent: &str) -> String {
    let text = visible_lines(text);
    let fence = "`".repeat(longest(&text).max(2) + 1);
    format!("{indent}{fence}\n{indent}{}\n{indent}{fence}", text.replace('\n', &format!("\n{indent}")))
}

/// The longest run of backticks.
fn longest(text: &str) -> usize {
    text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_turns_into_markup() {
        assert_eq!(escaped("a|b\n<img> *x* ![y](z) @all"), "a\\|b\\\\n&lt;img&gt; \\*x\\* !\\[y\\](z) &#64;all");
        assert_eq!(escaped("1: https://x.example www.x.example"), "1: https\\://x.example www\\.x.example");
        assert_eq!(escaped("\u{202E}\x1b[2J&lt;"), "\\\\u{202e}\\\\u{1b}\\[2J&amp;lt;");
        assert_eq!(cell("a`|`b"), "`` a`\\|`b ``");
        assert_eq!(code("rules/`<b>`.yml\n# x"), "`` rules/`<b>`.yml\\n# x ``");
        assert_eq!(fenced("```x", ""), "````\n```x\n````");
    }
}
