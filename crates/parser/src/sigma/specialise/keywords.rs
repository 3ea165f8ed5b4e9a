//! Keywords in what all events of a template type have.

use contentcheck_model::predicate::{Test, TextPattern};
use contentcheck_model::template::{Fixed, TemplateType};

/// What is left of a keyword, once it was looked for in what all events of a template type have.
pub(super) enum Decided {
    Known(bool),
    Left(Test),
}

/// Looks for a keyword in the values that all events of a template type have: those of names for which there is one. They are there also
/// on a sensor that does not supply the name.
pub(super) fn decided(template: &TemplateType, test: &Test) -> Option<Decided> {
    let only = template.reads.iter().filter_map(|of| match of.values.as_slice() {
        [only] => Some(only),
        _ => None,
    });
    let only: Vec<&Fixed> = only.collect();
    let stands = |test: &Test| only.iter().any(|value| value.passes(test) == Some(true));
    match test {
        _ if only.is_empty() => None,
        Test::Exists => Some(Decided::Known(true)),
        Test::Null => Some(Decided::Known(false)),
        // Each of them may stand in another value.
        Test::Text { patterns, all: true } => {
            let alone = |pattern: &TextPattern| Test::Text { patterns: vec![pattern.clone()], all: false };
            let left: Vec<TextPattern> = patterns.iter().filter(|one| !stands(&alone(one))).cloned().collect();
            match left.len() {
                0 => Some(Decided::Known(true)),
                some if some == patterns.len() => None,
                some => Some(Decided::Left(Test::Text { patterns: left, all: some > 1 })),
            }
        }
        test => stands(test).then_some(Decided::Known(true)),
    }
}
