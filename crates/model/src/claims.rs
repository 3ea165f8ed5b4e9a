//! What fixed template types claim of the events of an open one: where both recognise an event, it is an event of the fixed one alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::expression::Expr;
use crate::predicate::{IntRange, Pattern, Predicate, Test, TextPattern};
use crate::source::Span;
use crate::template::{CHANNEL, EVENT_ID, Fixed, PROVIDER, Recognition, TemplateType};

/// Event logs to which any program writes, under numbers of its own. Without the provider, the number leaves some doubt
/// there, so that open template types get the event as well.
const SHARED_LOGS: [&str; 2] = ["Application", "System"];

/// Whether a channel is of a log to which any program writes, under numbers of its own.
#[must_use]
pub fn is_shared(channel: &str) -> bool {
    SHARED_LOGS.iter().any(|shared| shared.eq_ignore_ascii_case(channel))
}

impl TemplateType {
    /// Whether a rule on a log source of an open template type addresses this fixed one too. Where both recognise an event,
    /// it is then an event of this one alone, which is what such a rule was specialised for.
    #[must_use]
    pub fn stands_before(&self, open: &Self) -> bool {
        let is_fixed = !self.open && !self.reads.is_empty();
        is_fixed
            && open.open
            && !open.reads.is_empty()
            && open.serves.iter().any(|asked| self.serves.iter().any(|served| served.serves(asked)))
    }

    /// Whether two template types that are known in part leave it open which of them an event is of that lacks its provider.
    fn is_in_doubt_with(&self, other: &Self) -> bool {
        let meet = |name: &str| match (values(self, name), values(other, name)) {
            (Some(own), Some(others)) => own.iter().any(|own| others.iter().any(|of| own.meets(of))),
            // One that names no channel may stand in any.
            _ => true,
        };
        let alike = || match (values(self, PROVIDER), values(other, PROVIDER)) {
            (Some(own), Some(others)) => Fixed::are_alike(own, others),
            _ => false,
        };
        meet(EVENT_ID) && meet(CHANNEL) && !alike()
    }
}

fn values<'t>(template: &'t TemplateType, name: &str) -> Option<&'t [Fixed]> {
    template.reads.iter().find(|of| of.name == name).map(|of| of.values.as_slice())
}

/// What events of an open template type are claimed by others: a condition that holds only on such events, though not on all of them. What
/// an exporter calls a provider, and lists of one value, are claimed too and are not in it. Nothing where none is.
#[must_use]
pub fn claimed(open: &TemplateType, all: &[&Arc<TemplateType>]) -> Option<Expr<Predicate>> {
    let fixed = all.iter().filter(|fixed| fixed.stands_before(open));
    // Numbers of one channel and one provider are asked for together.
    let mut groups: BTreeMap<String, (&TemplateType, bool, Vec<Fixed>)> = BTreeMap::new();
    for fixed in fixed {
        let is_sure = fixed.is_known_in_part()
            && values(fixed, CHANNEL)
                .is_some_and(|channels| !channels.iter().any(|channel| is_shared(&channel.text())))
            && !all.iter().any(|other| other.is_known_in_part() && fixed.is_in_doubt_with(other));
        let others: Vec<&Recognition> = fixed.reads.iter().filter(|of| of.name != EVENT_ID).collect();
        let numbers = values(fixed, EVENT_ID).unwrap_or_default();
        let group = groups.entry(format!("{is_sure} {} {others:?}", numbers.is_empty()));
        group.or_insert_with(|| (fixed, is_sure, Vec::new())).2.extend(numbers.iter().cloned());
    }
    let groups: Vec<Expr<Predicate>> = groups
        .into_values()
        .map(|(fixed, is_sure, numbers)| {
            let parts = fixed.reads.iter().filter_map(|of| {
                let values = if of.name == EVENT_ID { &numbers } else { &of.values };
                let known = self::values(open, &of.name);
                let always = known.is_some_and(|known| known.iter().all(|own| values.iter().any(|of| same(of, own))));
                (!always).then(|| is_one_of(open, &of.name, values, is_sure && of.name == PROVIDER))
            });
            Expr::All(parts.collect())
        })
        .collect();
    if groups.is_empty() { None } else { Some(Expr::Any(groups)) }
}

/// Whether every recorded value that is the one is the other.
fn same(one: &Fixed, other: &Fixed) -> bool {
    match (one, other) {
        (Fixed::Text(one), Fixed::Text(other)) => one.eq_ignore_ascii_case(other),
        (one, other) => one == other,
    }
}

fn is_one_of(open: &TemplateType, name: &str, values: &[Fixed], or_absent: bool) -> Expr<Predicate> {
    let field = open.named(name);
    let is = |test: Test| {
        let test = Arc::new(test);
        Expr::Is(Predicate {
            field: field.clone(),
            test,
            span: Span::default(),
            by_position: None,
            other_by_position: None,
        })
    };
    let (mut patterns, mut ranges): (Vec<TextPattern>, Vec<IntRange>) = (Vec::new(), Vec::new());
    for value in values {
        match value {
            Fixed::Text(text) => {
                patterns.push(TextPattern { pattern: Pattern::Equals(text.as_str().into()), ignore_case: true })
            }
            Fixed::Int(number) => ranges.push(IntRange { from: *number, to: *number }),
        }
    }
    ranges.sort_unstable_by_key(|range| range.from);
    ranges.dedup();
    let mut parts = Vec::new();
    if !patterns.is_empty() {
        parts.push(is(Test::Text { patterns, all: false }));
    }
    if !ranges.is_empty() {
        parts.push(is(Test::Int(ranges)));
    }
    if or_absent {
        parts.push(is(Test::Null));
    }
    Expr::Any(parts)
}
