//! Selections that are the same: whether the condition needs both.

use super::condition::{self, Condition, Quantity};
use super::detection::Detections;
use super::yaml::Node;
use contentcheck_model::diagnostic::Sink;
use contentcheck_model::mention::is_among;
use contentcheck_model::source::Source;

/// What a condition means with one of two equal selections left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaves {
    /// The same without either.
    Either,
    /// The same with this one alone.
    Only(usize),
    /// Something else without either: both stand for a pattern.
    Neither,
    /// Too large to be tried.
    Unknown,
}

/// Selections of which each combination is tried.
const TRIED: usize = 10;

/// Which of two equal selections a condition can do without.
pub(super) fn leaves(written: &Node<'_>, detections: &Detections<'_>, first: usize, second: usize) -> Leaves {
    let names: Vec<&str> = detections.selections.iter().map(|selection| selection.name).collect();
    let texts: Vec<&str> = match written.list() {
        Some(list) => list.iter().filter_map(Node::string).collect(),
        None => written.string().into_iter().collect(),
    };
    of_texts(&texts, &names, first, second)
}

fn of_texts(texts: &[&str], names: &[&str], first: usize, second: usize) -> Leaves {
    let mut sink = Sink::new(&Source::new("", ""));
    let parsed: Option<Vec<Condition<'_>>> =
        texts.iter().map(|text| condition::parse(text, Ok(0), &mut sink).ok()).collect();
    let Some(conditions) = parsed.filter(|_| names.len() <= TRIED) else { return Leaves::Unknown };
    let same_without = |gone: usize, kept: usize| {
        // One that the condition names is named by the other; of a pattern without any selection nothing is left.
        (0..1_u32 << names.len()).filter(|truth| (truth >> first) & 1 == (truth >> second) & 1).all(|truth| {
            let with = |gone: Option<usize>| -> Option<bool> {
                let mut any = false;
                for one in &conditions {
                    any |= holds(one, names, truth, gone, kept)?;
                }
                Some(any)
            };
            with(Some(gone)).is_some_and(|without| with(None) == Some(without))
        })
    };
    match (same_without(second, first), same_without(first, second)) {
        (true, true) => Leaves::Either,
        (true, false) => Leaves::Only(first),
        (false, true) => Leaves::Only(second),
        (false, false) => Leaves::Neither,
    }
}

/// Whether a condition holds where these selections do. Nothing where a pattern has no selection left.
fn holds(condition: &Condition<'_>, names: &[&str], truth: u32, gone: Option<usize>, kept: usize) -> Option<bool> {
    let is = |index: usize| (truth >> index) & 1 == 1;
    let list = |parts: &[Condition<'_>]| -> Option<Vec<bool>> {
        parts.iter().map(|part| holds(part, names, truth, gone, kept)).collect()
    };
    Some(match condition {
        Condition::And(parts) => list(parts)?.into_iter().all(|part| part),
        Condition::Or(parts) => list(parts)?.into_iter().any(|part| part),
        Condition::Not(inner) => !holds(inner, names, truth, gone, kept)?,
        Condition::Selection(name, _) => {
            let index = names.iter().position(|other| other == name)?;
            is(if gone == Some(index) { kept } else { index })
        }
        Condition::Of(quantity, pattern, _) => {
            let left: Vec<bool> = names
                .iter()
                .enumerate()
                .filter(|(index, name)| gone != Some(*index) && is_among(name, pattern))
                .map(|(index, _)| is(index))
                .collect();
            let count = left.iter().filter(|holds| **holds).count();
            match quantity {
                _ if left.is_empty() => return None,
                Quantity::All => count == left.len(),
                Quantity::AtLeast(wanted) => count >= *wanted as usize,
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_two_equal_selections_can_go_where_the_condition_stays_the_same() {
        let names = ["disabling_name", "disabling_option", "actions_name", "actions_option"];
        let of = |text: &str| of_texts(&[text], &names, 0, 2);
        assert_eq!(of("all of disabling_* or all of actions_*"), Leaves::Neither);
        assert_eq!(of("all of disabling_* and all of actions_*"), Leaves::Either);
        assert_eq!(of("1 of them"), Leaves::Either);
        assert_eq!(of("disabling_name and not actions_name"), Leaves::Either);
        assert_eq!(of("disabling_name and disabling_option or all of actions_*"), Leaves::Only(2));
        assert_eq!(of_texts(&["1 of a*", "1 of b*"], &["a", "b"], 0, 1), Leaves::Neither);
        let many: Vec<String> = (0..40).map(|number| format!("s{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(of_texts(&["1 of s*"], &many, 0, 1), Leaves::Unknown);
    }
}
