//! Rules, selections and values that no event fulfils, and rules that every event does.

use std::collections::HashSet;

use super::super::detection::Item;
use super::super::text;
use super::{Known, Leaf, Missing, Specialiser, body};
use contentcheck_model::catalogue::Entry;
use contentcheck_model::diagnostic::{Sink, clip, codes};
use contentcheck_model::expression::Expr;
use contentcheck_model::predicate::{Pattern, Test};
use contentcheck_model::template::{EVENT_ID, LogSource, PROVIDER, TemplateType};

impl Specialiser<'_, '_> {
    /// Values of a fixed name (`EventID`) for which there is no event, or whose events lack a
    /// field that the rule needs.
    pub(super) fn values_without_event(
        &self,
        entries: &[&Entry],
        addressed: &[&Entry],
        targets: &[&Entry],
        sink: &mut Sink,
    ) {
        let open = entries.iter().any(|entry| entry.template.open);
        let fixed: Vec<&TemplateType> =
            addressed.iter().filter(|of| !of.template.open).map(|of| &*of.template).collect();
        for (item, prepared) in self.detections.items.iter().zip(&self.prepared) {
            let (Some(field), Some(Expr::Is(test))) = (item.field, prepared.tests()) else { continue };
            let Test::Text { patterns, all: false } = &**test else { continue };
            if item.modifiers.not_equal
                || patterns.len() != item.values.len()
                || !entries.iter().any(|entry| !entry.values(field).is_empty())
            {
                continue;
            }
            let mut asked = HashSet::new();
            for (pattern, value) in patterns.iter().zip(&item.values) {
                // What is said of one is said of all that are written alike, and no more is kept than a file may have.
                if sink.is_full() {
                    return;
                }
                if !asked.insert(&*value.text) {
                    continue;
                }
                let alone = Test::Text { patterns: vec![pattern.clone()], all: false };
                let has = |entry: &&&Entry| match entry.values(field) {
                    [] => entry.declared(field).is_some(),
                    values => values.iter().any(|value| value.passes(&alone) != Some(false)),
                };
                if targets.iter().any(|entry| has(&entry)) {
                    continue;
                }
                let lacking: Vec<&&Entry> = addressed.iter().filter(has).collect();
                if let Some(entry) = lacking.first() {
                    // The rule as a whole is reported where it has no target at all.
                    if targets.is_empty() {
                        continue;
                    }
                    let why = lacks(entry, &self.missing_fields(entry));
                    let value_text = clip(&value.text);
                    let with = Some((field, &*value.text));
                    let is_left = targets.iter().any(|of| of.template.open && self.leaves(of, &fixed, with));
                    let found = match (is_left, entry.values(PROVIDER)) {
                        (false, _) => sink
                            .diagnostic(
                                &codes::DEAD_BRANCH,
                                value.span,
                                format!("the rule cannot fire for {field} {value_text}: {why}"),
                            )
                            .with_help("remove the value, or read a field that these events have"),
                        (true, [provider, ..]) if field == EVENT_ID && matches!(pattern.pattern, Pattern::Equals(_)) => sink
                            .diagnostic(
                                &codes::DEAD_BRANCH,
                                value.span,
                                format!("for {field} {value_text} the rule fires on no event of {provider}: {why}"),
                            )
                            .with_help(
                                "name the provider whose event is meant (`Provider_Name`), or read a field that these events have",
                            ),
                        (true, _) => continue,
                    };
                    sink.push(found);
                } else if !open && !entries.iter().any(|entry| has(&entry)) {
                    let found = sink
                        .diagnostic(
                            &codes::IMPOSSIBLE_VALUE,
                            value.span,
                            format!(
                                "no template type that serves `{}` has {field} {}",
                                self.logsource,
                                clip(&value.text)
                            ),
                        )
                        .with_help(source_help(field, entries, self.logsource));
                    sink.push(found);
                }
            }
        }
    }

    /// Fields of the rule that a template type lacks, in the order of the rule.
    fn missing_fields(&self, entry: &Entry) -> Vec<&str> {
        let mut fields: Vec<&str> = Vec::new();
        let mut note = |index: usize| {
            if let Some((Item { field: Some(field), .. }, _)) = self.item(index)
                && entry.declared(field).is_none()
                && !fields.contains(field)
            {
                fields.push(field);
            }
        };
        self.condition.each(&mut |leaf, negated| {
            if let (Leaf::Item(index), false) = (leaf, negated) {
                note(*index);
            }
        });
        fields
    }

    pub(super) fn never_fires(&self, entries: &[&Entry], addressed: &[&Entry], sink: &mut Sink) {
        let excluded = self.decided(entries).filter(|(_, value)| *value && addressed.is_empty());
        let excluded = excluded.and_then(|(item, _)| Some((item.field?, item.span)));
        let (message, help, span) = match (addressed.first(), excluded) {
            (Some(entry), _) => (
                format!("the rule can never fire: {}", lacks(entry, &self.missing_fields(entry))),
                "correct the log source, the event id or the field",
                self.logsource_span,
            ),
            (None, Some((field, span))) => (
                format!(
                    "the rule can never fire: this `{}` is that of every event of `{}`, and the condition excludes it",
                    clip(field),
                    self.logsource
                ),
                "remove the `not`, or the value",
                span,
            ),
            (None, None) => (
                format!("the rule can never fire: it addresses no event of `{}`", self.logsource),
                "correct the log source, the event id or the field",
                self.logsource_span,
            ),
        };
        sink.push(sink.diagnostic(&codes::NEVER_FIRES, span, message).with_help(help));
    }

    /// Selections that no addressed template type can feed, while others still can.
    pub(super) fn dead_selections(&self, addressed: &[&Entry], sink: &mut Sink) {
        if addressed.iter().any(|entry| entry.template.open) {
            return;
        }
        for selection in &self.detections.selections {
            let expr = body(&selection.body);
            let dead = addressed.iter().all(|entry| {
                Known::of(&expr, &mut |index| self.item_known(entry, index, Missing::Absent, &[])) == Known::False
            });
            let fed = |entry: &&&Entry| {
                Known::of(&expr, &mut |index| self.item_known(entry, index, Missing::Unknown, &[])) != Known::False
            };
            let Some(entry) = addressed.iter().find(fed).filter(|_| dead) else { continue };
            let mut fields: Vec<&str> = Vec::new();
            expr.each(&mut |leaf, _| {
                if let Leaf::Item(index) = leaf
                    && let Some((Item { field: Some(field), .. }, _)) = self.item(*index)
                    && entry.declared(field).is_none()
                    && !fields.contains(field)
                {
                    fields.push(field);
                }
            });
            // A field that no template type has was reported as unknown.
            if fields.iter().any(|field| addressed.iter().all(|entry| entry.declared(field).is_none())) {
                continue;
            }
            let found = sink
                .diagnostic(
                    &codes::DEAD_BRANCH,
                    selection.span,
                    format!("the selection `{}` is never true: {}", clip(selection.name), lacks(entry, &fields)),
                )
                .with_help("read a field that these events have, or remove the selection");
            sink.push(found);
        }
    }

    /// Whether the condition has a part that is not true of every event of these template types.
    pub(super) fn asks_for_more(&self, entries: &[&Entry]) -> bool {
        let mut found = false;
        self.condition.each(&mut |leaf, negated| {
            found |= negated
                || matches!(leaf, Leaf::Item(index) if entries
                    .iter()
                    .any(|entry| self.item_known(entry, *index, Missing::Absent, &[]) != Known::True));
        });
        found
    }

    /// A rule that what its template types fix or lack makes true.
    pub(super) fn always_on(&self, entries: &[&Entry], sink: &mut Sink) {
        let decided = self.decided(entries).and_then(|(item, value)| Some((item.field?, item.span, value)));
        let message = format!("the rule fires on every event of `{}`", self.logsource);
        let span = decided.map_or(self.logsource_span, |(_, span, _)| span);
        let found = sink.diagnostic(&codes::ALWAYS_FIRES, span, message);
        sink.push(found.with_help(match decided {
            Some((field, _, value)) => format!(
                "this `{}` is {} each of them: ask for something that differs between events",
                clip(field),
                if value { "that of" } else { "not that of" }
            ),
            None => "give it a value that selects something".to_owned(),
        }));
    }

    /// An item of the condition that has the same answer on every event of these template types, and the answer.
    pub(super) fn decided(&self, entries: &[&Entry]) -> Option<(&Item<'_>, bool)> {
        let mut found = None;
        self.condition.each(&mut |leaf, negated| {
            let Leaf::Item(index) = leaf else { return };
            let all = |known: Known| {
                entries.iter().all(|entry| self.item_known(entry, *index, Missing::Absent, &[]) == known)
            };
            // What the negation makes of it decides.
            if found.is_none() && negated && !entries.is_empty() {
                let value = if all(Known::True) { Some(true) } else { all(Known::False).then_some(false) };
                found = self.item(*index).zip(value).map(|((item, _), value)| (item, value));
            }
        });
        if found.is_none() {
            self.condition.each(&mut |leaf, _| {
                let Leaf::Item(index) = leaf else { return };
                let is_true = !entries.is_empty()
                    && entries.iter().all(|entry| self.item_known(entry, *index, Missing::Absent, &[]) == Known::True);
                if found.is_none() && is_true {
                    found = self.item(*index).map(|(item, _)| (item, true));
                }
            });
        }
        found
    }

    /// A rule that is true whatever the values are. Says whether it is one.
    pub(super) fn always_fires(&self, targets: &[&Entry], sink: &mut Sink) -> bool {
        let total = |entry: &&Entry| {
            Known::of(self.condition, &mut |index| {
                let Some((item, prepared)) = self.item(index) else { return Known::Open };
                let (Some(field), Some(Expr::Is(test))) = (item.field, prepared.tests()) else { return Known::Open };
                let lacks = |field| self.catalogue.suppliers().may_lack(&entry.template, field, None);
                // What takes longest is asked last: few tests accept everything.
                let is_list = entry.describe(field).is_some_and(|info| info.ty.list);
                let certain = accepts_everything(test, is_list)
                    && entry.values(field).is_empty()
                    && entry.declared(field).is_some_and(|field| !lacks(field));
                let known = if certain { Known::True } else { Known::Open };
                if item.modifiers.not_equal { known.negate() } else { known }
            }) == Known::True
        };
        if targets.iter().all(total) {
            let span = self.detections.selections.first().map_or(self.logsource_span, |selection| selection.span);
            let found = sink
                .diagnostic(
                    &codes::ALWAYS_FIRES,
                    span,
                    format!("the rule fires on every event of `{}`", self.logsource),
                )
                .with_help("give it a value that selects something");
            sink.push(found);
            return true;
        }
        false
    }

    /// A rule on events that have in common what its keywords ask for, or cannot have it.
    pub(super) fn decided_by_keywords(&self, sink: &mut Sink) {
        let mut keywords = None;
        self.condition.each(&mut |leaf, _| {
            let Leaf::Item(index) = leaf else { return };
            let item = self.item(*index).map(|(item, _)| item).filter(|item| item.field.is_none());
            keywords = keywords.or(item.map(|item| item.span));
        });
        let message = format!(
            "the rule can never fire: what every event of `{}` has, such as its channel, decides these keywords",
            self.logsource
        );
        let found = sink.diagnostic(&codes::NEVER_FIRES, keywords.unwrap_or(self.logsource_span), message);
        sink.push(found.with_help("look for them in the field that is meant, or look for longer ones"));
    }
}

/// What to do about a value that no event of a log source has, as far as the template types know.
fn source_help(field: &str, entries: &[&Entry], logsource: &LogSource) -> String {
    // Which provider reports an event is up to who records it; which numbers a provider has is not.
    if !["provider_name", "providername", "provider", "channel"].contains(&field.to_ascii_lowercase().as_str()) {
        return "correct the value or the log source".to_owned();
    }
    let values = entries.iter().flat_map(|entry| entry.values(field));
    let mut known: Vec<String> = values.map(|value| value.text().into_owned()).collect();
    known.sort_unstable();
    known.dedup();
    let more = if known.len() > 3 { " and others" } else { "" };
    let shown: Vec<String> = known.iter().take(3).map(|known| format!("`{}`", clip(known))).collect();
    format!(
        "the template types for `{logsource}` recognise events of {}{more} alone; where events of another one are recorded, declare a template type that `reads` it and `serves` the log source, else write what was meant",
        shown.join(", ")
    )
}

fn lacks(entry: &Entry, fields: &[&str]) -> String {
    let quoted: Vec<String> = fields.iter().map(|field| format!("`{}`", clip(field))).collect();
    match quoted.as_slice() {
        [] => format!("`{}` contradicts its condition", entry.template),
        _ => format!("`{}` has no field {}", entry.template, quoted.join(" and no field ")),
    }
}

/// Whether every value of a field passes. An element of a list may, and an empty list has none.
fn accepts_everything(test: &Test, is_list: bool) -> bool {
    match test {
        Test::Exists => true,
        Test::Text { patterns, all: false } => {
            !is_list && patterns.iter().any(|pattern| text::is_everything(&pattern.pattern))
        }
        _ => false,
    }
}
