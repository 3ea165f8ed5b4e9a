//! Log sources, channels and fields that no template type has.

use super::super::advice;
use super::super::detection::Raw;
use super::super::modifier::{Kind, Part};
use super::Specialiser;
use contentcheck_model::catalogue::Entry;
use contentcheck_model::diagnostic::{Sink, clip, closest, codes, head};
use contentcheck_model::expression::Expr;
use contentcheck_model::limits;
use contentcheck_model::source::Span;
use contentcheck_model::template::{LogSource, Recognition};

/// Names under which Windows events have their id.
const EVENT_IDS: &[&str] = &["EventID", "EventCode", "event_id", "winlog.event_id"];

impl Specialiser<'_, '_> {
    pub(super) fn unknown_log_source(&self, sink: &mut Sink) {
        let known = self.catalogue.log_sources();
        type Part = fn(&LogSource) -> Option<&String>;
        let parts: [Part; 3] =
            [|source| source.category.as_ref(), |source| source.service.as_ref(), |source| source.product.as_ref()];
        // The part that nothing serves; all of them where only their combination is unknown.
        let mut wrong = None;
        for part in parts {
            let Some(value) = part(self.logsource).map(String::as_str) else { continue };
            let all: Vec<&str> = known.iter().filter_map(|source| part(source)).map(String::as_str).collect();
            if !all.contains(&value) {
                let near = closest(value, all.iter().copied())
                    .or_else(|| all.iter().copied().find(|name| value.len() > 2 && name.starts_with(value)));
                wrong = wrong.filter(|(_, near): &(&str, Option<&str>)| near.is_some()).or(Some((value, near)));
            }
        }
        let span = wrong.and_then(|(value, _)| self.part_span(value, sink)).unwrap_or(self.logsource_span);
        let message = format!("no template type serves the log source `{}`", self.logsource);
        let found = sink.diagnostic(&codes::UNKNOWN_LOG_SOURCE, span, message);
        let channel = wrong.and_then(|(value, _)| self.service_of(value));
        let is_category = |name: &str| known.iter().any(|source| source.category.as_deref() == Some(name));
        let is_service = |name: &str| known.iter().any(|source| source.service.as_deref() == Some(name));
        let found = found.with_help(match wrong {
            Some((value, _)) if let Some(service) = channel => {
                format!("`{}` is a channel: its service is named `{service}`", clip(value))
            }
            Some((value, None)) if self.logsource.service.as_deref() == Some(value) && is_category(value) => {
                format!("`{value}` is a category: write `category: {value}`")
            }
            Some((value, None)) if self.logsource.category.as_deref() == Some(value) && is_service(value) => {
                format!("`{value}` is a service: write `service: {value}`")
            }
            Some(("sysmon", _)) => "Sysmon is a service of Windows: write `product: windows`".to_owned(),
            Some((value, Some(right))) => format!("did you mean `{right}` where you wrote `{}`?", clip(value)),
            _ => match nearest(self.logsource, &known) {
                Some(near) => format!(
                    "the nearest that is known is `{near}`; `contentcheck fields --list` lists all, and a template type of your own can serve another one"
                ),
                None => "correct it (`contentcheck fields --list` lists those that are known), or declare a template type that serves it; until then no field of this rule is checked".to_owned(),
            },
        });
        sink.push(found);
    }

    /// Where a part of the log source is written.
    fn part_span(&self, value: &str, sink: &Sink) -> Option<Span> {
        let text = head(sink.source().slice(self.logsource_span), 1_000);
        let at = text.to_ascii_lowercase().find(&format!(": {value}")).map(|at| at + 2)?;
        let start = self.logsource_span.start as usize + at;
        Some(Span::new(start, start + value.len()))
    }

    /// The service by which rules name a channel.
    fn service_of(&self, channel: &str) -> Option<&str> {
        let is = |of: &Recognition| {
            of.name == "Channel" && of.values.iter().any(|value| value.text().eq_ignore_ascii_case(channel))
        };
        let template = self.catalogue.newest().into_iter().find(|template| template.reads.iter().any(is))?;
        template.serves.iter().find_map(|source| source.service.as_deref())
    }

    /// Reports a channel that no template type has, which is an unknown service by another name: true where there is
    /// one. Nothing else can be said of the fields of such a rule.
    pub(super) fn unknown_channel(&self, entries: &[&Entry], sink: &mut Sink) -> bool {
        if self.logsource.service.is_some() || self.logsource.category.is_some() {
            return false;
        }
        let mut found = false;
        for (item, prepared) in self.detections.items.iter().zip(&self.prepared) {
            let (Some(field @ "Channel"), Some(Expr::Is(test))) = (item.field, prepared.tests()) else { continue };
            let has = |entry: &&Entry| match entry.values(field) {
                [] => entry.template.open || entry.declared(field).is_some(),
                values => values.iter().any(|value| value.passes(test) != Some(false)),
            };
            let Some(first) = item.values.first().filter(|_| !item.modifiers.not_equal && !entries.iter().any(has))
            else {
                continue;
            };
            let message = format!("no template type is for events of the channel `{}`", clip(&first.text));
            let diagnostic = sink.diagnostic(&codes::UNKNOWN_LOG_SOURCE, first.span, message);
            sink.push(diagnostic.with_help(
                "correct it, or declare a template type that `reads` the channel; until then no field of this rule is checked",
            ));
            found = true;
        }
        found
    }

    /// Fields that none of the addressed template types has.
    pub(super) fn unknown_fields(&self, addressed: &[&Entry], sink: &mut Sink) {
        if addressed.is_empty() || addressed.iter().any(|entry| entry.template.open) {
            return;
        }
        let mut reported: Vec<&str> = Vec::new();
        for item in &self.detections.items {
            let other = (item.modifiers.kind == Kind::FieldRef)
                .then(|| item.values.iter().map(|value| (&*value.text, value.span)));
            let names = item.field.map(|field| (field, item.field_span)).into_iter().chain(other.into_iter().flatten());
            for (field, span) in names {
                if reported.len() > limits::DIAGNOSTICS {
                    return;
                }
                if reported.contains(&field) || addressed.iter().any(|entry| entry.declared(field).is_some()) {
                    continue;
                }
                reported.push(field);
                let serving = match addressed {
                    [only] => format!("`{}` does not have", only.template),
                    many => format!("none of the {} template types that this rule addresses has", many.len()),
                };
                let mut found =
                    sink.diagnostic(&codes::UNKNOWN_FIELD, span, format!("{serving} the field `{}`", clip(field)));
                let names: Vec<&str> = addressed.iter().flat_map(|entry| entry.template.names()).collect();
                let twin = names.iter().find(|name| name.eq_ignore_ascii_case(field));
                let full = reported.len() > 50 || sink.is_full();
                let told = if full { None } else { advice::field(field, &names).or_else(|| self.elsewhere(field)) };
                found = match (twin, told, advice::slip(field, &names)) {
                    (Some(name), ..) => found.with_help(format!("names of fields differ by case: it is `{name}`")),
                    (_, Some(help), _) => found.with_help(help),
                    (.., Some(name)) => found.with_help(format!("did you mean `{name}`?")),
                    _ => found.with_help(format!(
                        "a predicate on it is never true; `contentcheck fields {}` lists what there is",
                        match addressed {
                            [only] => format!("--template {}", only.template.name),
                            _ => format!("--logsource {}", self.logsource.short()),
                        }
                    )),
                };
                sink.push(found);
            }
        }
    }

    /// The categories of the same product whose events have a field.
    fn elsewhere(&self, field: &str) -> Option<String> {
        let has = |source: &&LogSource| {
            let entries = self.catalogue.candidates(source);
            let mut entries = entries.iter().filter_map(|index| self.catalogue.entry(*index));
            entries
                .any(|entry| !entry.template.open && entry.declared(field).is_some() && entry.values(field).is_empty())
        };
        let sources = self.catalogue.log_sources().into_iter();
        let sources = sources.filter(|source| source.product == self.logsource.product);
        let mut names: Vec<&str> = sources.filter(has).filter_map(|source| source.category.as_deref()).collect();
        names.sort_unstable_by_key(|name| (name.len(), *name));
        names.dedup();
        let shown: Vec<String> = names.iter().take(5).map(|name| format!("`{name}`")).collect();
        (!shown.is_empty())
            .then(|| format!("it is a field of {}; a rule reads the events of its own log source", shown.join(", ")))
    }

    /// Values of an event id that are no numbers, where the events are of an open template type: others have a type
    /// that says so.
    pub(super) fn event_ids(&self, addressed: &[&Entry], sink: &mut Sink) {
        if !addressed.iter().any(|entry| entry.template.open) {
            return;
        }
        for item in &self.detections.items {
            let is_plain = item.modifiers.kind == Kind::Plain && item.modifiers.part == Part::Whole;
            let Some(field) = item.field.filter(|field| is_plain && EVENT_IDS.contains(field)) else { continue };
            if addressed.iter().any(|entry| !entry.values(field).is_empty()) {
                continue;
            }
            for value in &item.values {
                let Raw::Text(text) = value.raw else { continue };
                if text.is_empty() || text.contains(['*', '?', '%']) || text.bytes().any(|byte| byte.is_ascii_digit()) {
                    continue;
                }
                let message = format!("`{field}` is a number, and `{}` is none", clip(text));
                let found = sink.diagnostic(&codes::IMPOSSIBLE_VALUE, value.span, message);
                sink.push(found.with_help("write the number of the event"));
            }
        }
    }
}

/// The known log source that has the most in common with one that nothing serves, where that is a part at least.
fn nearest<'a>(wanted: &LogSource, known: &[&'a LogSource]) -> Option<&'a LogSource> {
    let shared = |other: &LogSource| {
        let parts = [
            (&wanted.category, &other.category, 4),
            (&wanted.service, &other.service, 4),
            (&wanted.product, &other.product, 2),
        ];
        let score = |(wanted, other, weight): (&Option<String>, &Option<String>, u32)| match (wanted, other) {
            (Some(wanted), Some(other)) if wanted == other => weight * 2,
            (Some(_), Some(_)) | (None, None) => 0,
            _ => 1,
        };
        let is_shared = parts.iter().any(|(wanted, other, weight)| *weight == 4 && wanted.is_some() && wanted == other);
        is_shared.then(|| parts.into_iter().map(score).sum::<u32>())
    };
    known
        .iter()
        .filter_map(|other| Some((shared(other)?, *other)))
        .max_by_key(|(score, _)| *score)
        .map(|(_, other)| other)
}
