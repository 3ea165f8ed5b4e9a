//! What fixed template types leave of the events that a rule asks for: whether a rule is on an open template type too.

use std::collections::HashSet;
use std::sync::Arc;

use contentcheck_model::catalogue::Entry;
use contentcheck_model::expression::Expr;
use contentcheck_model::limits;
use contentcheck_model::predicate::{Pattern, Test, TextPattern};
use contentcheck_model::template::{Fixed, PROVIDER, TemplateType};

use super::super::typing::Prepared;
use super::{Known, Missing, Specialiser};

/// What an event says under a name by which template types claim events.
#[derive(Debug)]
pub(super) enum Said {
    /// A value that the rule asks for, or that all events of the template type have.
    Is(Fixed),
    /// A value that neither the rule nor a template type names.
    Other,
    /// It has none.
    Nothing,
}

impl Said {
    /// What is known of an item on it.
    pub(super) fn known(&self, prepared: &Prepared) -> Known {
        let of = |test: &Arc<Test>| match (self, &**test) {
            (Self::Is(value), _) => value.passes(test),
            (Self::Nothing, test) => Some(*test == Test::Null),
            (Self::Other, Test::Null) => Some(false),
            (Self::Other, Test::Exists) => Some(true),
            (Self::Other, Test::Text { patterns, .. }) => {
                let is_one = |pattern: &TextPattern| matches!(pattern.pattern, Pattern::Equals(_));
                patterns.iter().all(is_one).then_some(false)
            }
            (Self::Other, _) => None,
        };
        let Some(tests) = prepared.tests() else { return Known::Open };
        match tests.substitute(&mut |test: &Arc<Test>| of(test).map_or(Expr::Is(()), Expr::Const)) {
            Expr::Const(true) => Known::True,
            Expr::Const(false) => Known::False,
            _ => Known::Open,
        }
    }
}

impl Specialiser<'_, '_> {
    /// Whether the condition may hold on an event that none of these fixed template types claims of an open one. All is tried that the event may
    /// say under the names by which they claim events: what the rule asks for, something else, and nothing. `with`: the one value of a name that is tried.
    pub(super) fn leaves(&self, open: &Entry, fixed: &[&TemplateType], with: Option<(&str, &str)>) -> bool {
        let claims: Vec<&&TemplateType> = fixed.iter().filter(|fixed| fixed.stands_before(&open.template)).collect();
        let mut names: Vec<&str> = Vec::new();
        for of in claims.iter().flat_map(|fixed| &fixed.reads) {
            if !names.contains(&of.name.as_str()) {
                names.push(&of.name);
            }
        }
        let may_say = |name: &str| match with {
            Some((of, value)) if of == name => vec![Said::Is(Fixed::Text(value.to_owned()))],
            _ => self.may_say(open, name),
        };
        let axes: Vec<(&str, Vec<Said>)> = names.iter().map(|name| (*name, may_say(name))).collect();
        let ways = axes.iter().try_fold(1_usize, |ways, (_, said)| ways.checked_mul(said.len()));
        let Some(ways) = ways.filter(|ways| *ways <= limits::CLAIMED_WAYS) else {
            return self.known(open, Missing::Absent, &[]) != Known::False;
        };
        (0..ways).any(|way| {
            let mut rest = way;
            let of_way = axes.iter().filter_map(|(name, all)| {
                let said = all.get(rest % all.len())?;
                rest /= all.len();
                Some((*name, said))
            });
            let said: Vec<(&str, &Said)> = of_way.collect();
            !claims.iter().any(|fixed| claims_all(fixed, &said))
                && self.known(open, Missing::Absent, &said) != Known::False
        })
    }

    /// What an event of an open template type may say under a name, as far as the rule tells one from another.
    fn may_say(&self, open: &Entry, name: &str) -> Vec<Said> {
        let known = open.values(name);
        if !known.is_empty() {
            return known.iter().cloned().map(Said::Is).collect();
        }
        let mut said = vec![Said::Other, Said::Nothing];
        let mut texts: HashSet<&str> = HashSet::new();
        for (item, prepared) in self.detections.items.iter().zip(&self.prepared) {
            let Some(tests) = prepared.tests().filter(|_| item.field == Some(name)) else { continue };
            tests.each(&mut |test, _| {
                if let Test::Text { patterns, .. } = &**test {
                    texts.extend(patterns.iter().filter_map(|pattern| match &pattern.pattern {
                        Pattern::Equals(text) => Some(&**text),
                        _ => None,
                    }));
                }
            });
        }
        let mut texts: Vec<&str> = texts.into_iter().collect();
        texts.sort_unstable();
        said.extend(texts.into_iter().map(|text| Said::Is(Fixed::Text(text.to_owned()))));
        said
    }
}

/// Whether a fixed template type claims an event that says this. One that says no provider, or another one, is claimed by its number where that
/// is the provider's own channel: nobody else writes there.
fn claims_all(fixed: &TemplateType, said: &[(&str, &Said)]) -> bool {
    fixed.reads.iter().all(|of| match said.iter().find(|(name, _)| *name == of.name) {
        Some((_, Said::Is(value))) => of.values.iter().any(|own| own.meets(value)),
        Some((PROVIDER, Said::Other | Said::Nothing)) => fixed.is_of_own_channel(),
        _ => false,
    })
}
