//! What the rules look for.

use std::collections::BTreeSet;

use contentcheck::release::Release;
use contentcheck_model::predicate::{Pattern, Test, WildcardPart};

/// Every literal that the rules compare texts with, lower case, for the bare pass.
#[must_use]
pub fn literals(release: &Release, only: &str) -> BTreeSet<Vec<u8>> {
    let mut found = BTreeSet::new();
    let targets = release.content.rules().iter().flat_map(|rule| &rule.targets);
    for target in targets.filter(|target| target.template.name.contains(only)) {
        target.condition.each(&mut |predicate, _| {
            let Test::Text { patterns, .. } = &*predicate.test else { return };
            for pattern in patterns {
                match &pattern.pattern {
                    Pattern::Equals(text)
                    | Pattern::Contains(text)
                    | Pattern::StartsWith(text)
                    | Pattern::EndsWith(text) => {
                        found.insert(text.to_ascii_lowercase().into_bytes());
                    }
                    Pattern::Like(parts) => found.extend(parts.iter().filter_map(|part| match part {
                        WildcardPart::Literal(text) => Some(text.to_ascii_lowercase().into_bytes()),
                        _ => None,
                    })),
                    Pattern::Matches(_) => {}
                }
            }
        });
    }
    found.remove(&Vec::new());
    found
}
