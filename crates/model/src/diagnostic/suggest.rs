//! Words for messages: clipped user text and "did you mean".

/// Stands in messages where something was cut short.
pub const CUT: char = '…';

/// User text for a message: at most 60 characters, control characters escaped.
#[must_use]
pub fn clip(text: &str) -> String {
    let mut short = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == 60 {
            short.push(CUT);
            break;
        }
        if character.is_control() {
            short.extend(character.escape_default());
        } else {
            short.push(character);
        }
    }
    short
}

/// The first bytes of a text, for messages about what is near: a line may have megabytes, and may be asked about often.
#[must_use]
pub fn head(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.get(..end).unwrap_or("")
}

/// The last bytes of a text, see [`head`].
#[must_use]
pub fn tail(text: &str, most: usize) -> &str {
    let start = (text.len().saturating_sub(most)..=text.len()).find(|at| text.is_char_boundary(*at));
    start.and_then(|start| text.get(start..)).unwrap_or("")
}

/// A sentence in the form of messages: without a capital and a full stop.
pub(super) fn in_message(sentence: &str) -> String {
    let mut characters = sentence.trim_end_matches('.').chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}

/// What is wrong with a JSON text, in the words of who wrote it or moved it.
#[must_use]
pub fn json_words(error: &serde_json::Error) -> String {
    let place = format!("line {}, column {}", error.line(), error.column());
    match error.classify() {
        serde_json::error::Category::Eof => format!("the JSON does not end ({place}): the file may be cut off"),
        serde_json::error::Category::Syntax if error.to_string().starts_with("number out of range") => {
            format!("{place}: a number is too large")
        }
        serde_json::error::Category::Syntax => format!("this is not JSON ({place})"),
        serde_json::error::Category::Data => {
            let message = error.to_string();
            let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
            format!("{place}: {}", reader_words(message))
        }
        serde_json::error::Category::Io => error.to_string(),
    }
}

/// The message of a serde reader in the words of who wrote the file, who need not know Rust's.
#[must_use]
pub fn reader_words(message: &str) -> String {
    if let Some((written, known)) = message.strip_prefix("unknown variant `").and_then(|rest| rest.split_once('`')) {
        let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
        let near = closest(written, known.iter().copied());
        let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        return format!("`{}` is not one of `{}`{near}", clip(written), known.join("`, `"));
    }
    if let Some((written, known)) = message.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`')) {
        let known: Vec<&str> = known.split('`').skip(1).step_by(2).collect();
        let more = match (closest(written, known.iter().copied()), known.as_slice()) {
            (Some(near), _) => format!("; did you mean `{near}`?"),
            (None, []) => String::new(),
            (None, known) => format!("; there may be `{}`", known.join("`, `")),
        };
        return format!("there is no `{}` here{more}", clip(written));
    }
    if let Some(name) = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        return format!("`{name}` is missing");
    }
    let kinds = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "));
    if let Some((is, wanted)) = kinds.and_then(|rest| rest.rsplit_once(", expected ")) {
        return format!("this must be {}, not {}", kind(wanted), kind(is));
    }
    message.to_owned()
}

/// What serde calls a kind of value, in the words of files.
fn kind(of: &str) -> String {
    match of {
        "sequence" | "a sequence" => "a list".to_owned(),
        "map" | "a map" => "a table".to_owned(),
        "unit" | "unit value" | "null" => "empty".to_owned(),
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number from 0".to_owned(),
        "i8" | "i16" | "i32" | "i64" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        _ if of.starts_with("struct ") || of.starts_with("internally tagged enum ") => "a table".to_owned(),
        _ => {
            let text = of.replacen("string \"", "the text \"", 1);
            // Of a large number serde says how it was read.
            let text = ["as i128", "as u128"].iter().fold(text, |text, read| text.replace(&format!("` {read}"), "`"));
            let text = text.replacen("integer `", "the number `", 1).replacen("floating point `", "the number `", 1);
            text.replacen("boolean `", "the value `", 1)
        }
    }
}

/// The candidate nearest to `word`, if it is near enough to be a likely slip:
/// at most a third of the word's characters differ, compared without case.
/// A longer name of which the word is a part is likelier than one that needs more than one edit.
/// Of equally near candidates the alphabetically first is taken, so that the
/// answer does not depend on the order of the candidates.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = word.chars().take(64).flat_map(char::to_lowercase).collect();
    let budget = (wanted.len() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    let mut longer: Option<&str> = None;
    for candidate in candidates {
        if is_part(word, candidate) && longer.is_none_or(|known| (candidate.len(), candidate) < (known.len(), known)) {
            longer = Some(candidate);
        }
        if candidate.len().abs_diff(word.len()) > budget * 4 {
            continue;
        }
        let other: Vec<char> = candidate.chars().take(64).flat_map(char::to_lowercase).collect();
        // So many characters have to come or go in any case, and most candidates are strangers.
        if other.len().abs_diff(wanted.len()) > budget {
            continue;
        }
        let distance = distance(&wanted, &other);
        let better = best.is_none_or(|(least, name)| (distance, candidate) < (least, name));
        if distance <= budget && better {
            best = Some((distance, candidate));
        }
    }
    let (distance, candidate) = best?;
    Some(longer.filter(|_| distance > 1).unwrap_or(candidate))
}

/// Whether a word of at least four letters is the first or last part of a name, as in `parent_image`.
fn is_part(word: &str, name: &str) -> bool {
    const BETWEEN: [char; 3] = ['_', '.', '-'];
    let is = |part: Option<&str>| part.is_some_and(|part| part.eq_ignore_ascii_case(word));
    word.len() >= 4
        && (is(name.get(..word.len())) && name.get(word.len()..).is_some_and(|rest| rest.starts_with(BETWEEN))
            || name
                .len()
                .checked_sub(word.len())
                .is_some_and(|at| is(name.get(at..)) && name.get(..at).is_some_and(|rest| rest.ends_with(BETWEEN))))
}

/// Edits (insert, delete, replace, swap of neighbours) from `a` to `b`.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous: Option<char> = None;
    for (i, x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        let mut left = i + 1;
        let mut behind: Option<char> = None;
        for (j, y) in b.iter().enumerate() {
            let replaced = last.get(j).copied().unwrap_or(usize::MAX - 1) + usize::from(x != y);
            let deleted = last.get(j + 1).copied().unwrap_or(usize::MAX - 1) + 1;
            let mut least = replaced.min(deleted).min(left + 1);
            if j > 0 && previous == Some(*y) && behind == Some(*x) {
                least = least.min(before.get(j - 1).copied().unwrap_or(usize::MAX - 1) + 1);
            }
            row.push(least);
            left = least;
            behind = Some(*y);
        }
        before = std::mem::replace(&mut last, row);
        previous = Some(*x);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_leaves_strangers() {
        assert_eq!(closest("CommandLineX", ["Image", "CommandLine"]), Some("CommandLine"));
        assert_eq!(closest("categroy", ["category", "product"]), Some("category"));
        assert_eq!(closest("frobnicate", ["category", "product"]), None);
    }

    #[test]
    fn a_part_of_a_name_leads_to_it() {
        assert_eq!(closest("parent", ["agent", "parent_image"]), Some("parent_image"));
        assert_eq!(closest("image", ["imagf", "parent_image"]), Some("imagf"));
        assert_eq!(closest("parent", ["parents", "parent_image"]), Some("parents"));
    }

    #[test]
    fn what_a_reader_says_is_said_in_the_words_of_files() {
        for (said, words) in [
            ("unknown variant `err`, expected one of `off`, `error`", "`err` is not one of `off`, `error`"),
            (
                "unknown variant `errr`, expected `off` or `error`",
                "`errr` is not one of `off`, `error`; did you mean `error`?",
            ),
            ("invalid type: string \"a\", expected a sequence", "this must be a list, not the text \"a\""),
            ("invalid type: integer `3`, expected a string", "this must be a string, not the number `3`"),
            ("invalid type: map, expected u64", "this must be a whole number from 0, not a table"),
            ("invalid value: integer `-1`, expected u64", "this must be a whole number from 0, not the number `-1`"),
            (
                "invalid type: integer `99999999999999999999` as i128, expected u64",
                "this must be a whole number from 0, not the number `99999999999999999999`",
            ),
            ("missing field `name`", "`name` is missing"),
            ("unknown field `bakes`, expected `bake` or `every`", "there is no `bakes` here; did you mean `bake`?"),
            (
                "unknown field `x`, expected one of `bake`, `every`",
                "there is no `x` here; there may be `bake`, `every`",
            ),
        ] {
            assert_eq!(reader_words(said), words);
        }
    }

    #[test]
    fn what_is_no_json_is_said_by_kind() {
        for (text, words) in [
            ("{\"a\": 1e400}", "line 1, column 11: a number is too large"),
            ("{\"a\": ", "the JSON does not end (line 1, column 6): the file may be cut off"),
            ("{a}", "this is not JSON (line 1, column 2)"),
        ] {
            let error = serde_json::from_str::<serde_json::Value>(text).expect_err("it is no JSON");
            assert_eq!(json_words(&error), words);
        }
    }
}
