//! Words for messages: clipped user text and "did you mean".

/// User text for a message: at most 60 characters, control characters escaped.
#[must_use]
pub fn clip(text: &str) -> String {
    let mut short = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == 60 {
            short.push('…');
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

/// The candidate nearest to `word`, if it is near enough to be a likely slip:
/// at most a third of the word's characters differ, compared without case.
/// Of equally near candidates the alphabetically first is taken, so that the
/// answer does not depend on the order of the candidates.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = word.chars().take(64).flat_map(char::to_lowercase).collect();
    let budget = (wanted.len() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        if candidate.len().abs_diff(word.len()) > budget * 4 {
            continue;
        }
        let other: Vec<char> = candidate.chars().take(64).flat_map(char::to_lowercase).collect();
        let distance = distance(&wanted, &other);
        let better = best.is_none_or(|(least, name)| (distance, candidate) < (least, name));
        if distance <= budget && better {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
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
}
