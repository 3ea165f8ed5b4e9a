//! Template declarations to template types.

use std::sync::Arc;

use super::ast::{Ast, Declaration, Literal, Template, TemplateEntry, Values};
use contentcheck_model::diagnostic::{Sink, clip, codes};
use contentcheck_model::exporters;
use contentcheck_model::limits;
use contentcheck_model::source::Span;
use contentcheck_model::template::{CHANNEL, EVENT_ID, Field, Fixed, LogSource, PROVIDER, Recognition, TemplateType};

/// The template types that a file declares. What contradicts itself is reported; the rest of
/// such a template type is kept with its flaw, so that rules on it are still checked, and none is read.
pub fn templates(ast: &Ast, sink: &mut Sink) -> Vec<TemplateType> {
    let declared = ast.declarations().iter().filter_map(|declaration| match declaration {
        Declaration::Template(template) => Some(template),
        _ => None,
    });
    let mut found = Vec::new();
    for template in declared {
        let mut own = Sink::part(sink);
        let mut lowered = lower(ast, template, &mut own);
        lowered.flaw = own.close(sink).err().map(Arc::from);
        found.push(lowered);
    }
    found
}

fn lower(ast: &Ast, template: &Template, sink: &mut Sink) -> TemplateType {
    let Template { name, version, .. } = template;
    let mut lowered = TemplateType::new(name.value.clone(), version.value, ast.source().clone(), name.span);
    if template.version.value == 0 {
        sink.report(&codes::BAD_POSITION, template.version.span, "versions are counted from 1");
    }
    let mut positions: Vec<(u32, Span, Option<Field>)> = Vec::new();
    let mut reads: Vec<(&str, Span)> = Vec::new();
    for entry in &template.entries {
        match entry {
            TemplateEntry::Open(_) => lowered.open = true,
            TemplateEntry::Retired(retired) => {
                positions.extend(retired.positions.iter().map(|position| (position.value, position.span, None)));
            }
            TemplateEntry::Field(field) => {
                let declared = Field { name: field.name.value.clone(), ty: field.ty.value, span: field.name.span };
                positions.push((field.position.value, field.position.span, Some(declared)));
            }
            TemplateEntry::Header(block) => lowered.header.extend(block.pairs.iter().map(|pair| Field {
                name: pair.key.value.clone(),
                ty: pair.value.value,
                span: pair.key.span,
            })),
            TemplateEntry::Serves(block) => {
                let mut served = LogSource::default();
                for pair in &block.pairs {
                    let slot = match pair.key.value.as_str() {
                        "product" => &mut served.product,
                        "category" => &mut served.category,
                        "service" => &mut served.service,
                        other => {
                            let found = sink.diagnostic(
                                &codes::INVALID_ATTRIBUTE,
                                pair.key.span,
                                format!("`{}` is not a part of a log source", clip(other)),
                            );
                            sink.push(found.with_help("a log source has `product`, `category` and `service`"));
                            continue;
                        }
                    };
                    *slot = Some(pair.value.value.to_lowercase());
                }
                lowered.serves.push(served);
            }
            TemplateEntry::Reads(block) => {
                for pair in &block.pairs {
                    reads.push((pair.key.value.as_str(), pair.key.span));
                    if let Some(values) = fixed(&pair.value, sink) {
                        lowered.reads.push(Recognition { name: pair.key.value.clone(), values });
                    }
                }
            }
        }
    }
    place(&mut lowered, positions, sink);
    names(&lowered, &reads, sink);
    lowered
}

fn fixed(values: &Values, sink: &mut Sink) -> Option<Vec<Fixed>> {
    if values.values.is_empty() {
        sink.report(&codes::EMPTY_VALUES, values.span, "a recognised event needs a value");
        return None;
    }
    let lowered = values.values.iter().map(|value| match &value.value {
        Literal::Text(text) => Some(Fixed::Text(text.clone())),
        Literal::Int(number) => Some(Fixed::Int(*number)),
        other => {
            let message = format!("an event is recognised by strings and integers, not by {}", other.kind());
            sink.report(&codes::VALUE_TYPE, value.span, message);
            None
        }
    });
    let lowered: Vec<Fixed> = lowered.collect::<Option<_>>()?;
    let span = |at: usize| values.values.get(at).map_or(values.span, |value| value.span);
    if let Some((first, second)) = Fixed::twice(&lowered) {
        let found = sink.diagnostic(&codes::DUPLICATE_KEY, span(second), "an event is recognised by this value twice");
        let help = "remove one of them: recorders write a text in any case, and a number also as text";
        sink.push(found.with_help(help).with_place(span(first), "the first is here"));
        return None;
    }
    Some(lowered)
}

/// Puts the fields at their positions, which must be 1, 2, 3 ... with every retired one named.
fn place(template: &mut TemplateType, mut positions: Vec<(u32, Span, Option<Field>)>, sink: &mut Sink) {
    if positions.len() > limits::TEMPLATE_FIELDS {
        let message =
            format!("`{template}` has {} positions; the limit is {}", positions.len(), limits::TEMPLATE_FIELDS);
        sink.report(&codes::LIMIT_EXCEEDED, template.span, message);
        return;
    }
    positions.sort_by_key(|(position, _, _)| *position);
    let mut reported = false;
    for (expected, (position, span, field)) in (1..).zip(positions) {
        if position != expected && !reported {
            let message = if position < expected {
                format!("position {position} is used twice in `{template}`")
            } else {
                format!("position {position} follows {} in `{template}`", expected - 1)
            };
            let found = sink.diagnostic(&codes::BAD_POSITION, span, message);
            sink.push(found.with_help("number the fields 1, 2, 3 ...; list removed positions under `retired`"));
            // The fields stay known by name, so that rules on them are still checked.
            reported = true;
        }
        template.fields.push(field);
    }
}

/// Whether each name means one value. One under `reads` has the values of the template type, so it is no field besides.
fn names(template: &TemplateType, reads: &[(&str, Span)], sink: &mut Sink) {
    let mut seen = std::collections::HashMap::new();
    for field in template.fields.iter().flatten().chain(&template.header) {
        if let Some(first) = seen.insert(field.name.as_str(), field.span) {
            let found = sink
                .diagnostic(
                    &codes::DUPLICATE_NAME,
                    field.span,
                    format!("the field `{}` appears twice", clip(&field.name)),
                )
                .with_place(first, "first here")
                .with_help("rename one of them");
            sink.push(found);
        }
    }
    let reads_of = |name: &str| reads.iter().any(|(read, _)| *read == name);
    let joins_blanks = reads_of(CHANNEL) && reads_of(EVENT_ID);
    // Only events of Windows are read by what exporters of them mean.
    let is_of_windows = reads.is_empty() || [CHANNEL, EVENT_ID, PROVIDER].into_iter().any(reads_of);
    let declared =
        template.fields.iter().flatten().chain(&template.header).map(|field| (field.name.as_str(), field.span));
    for (name, span) in declared.chain(reads.iter().copied()) {
        if let Some(recorded) = exporters::recorded_as(name, joins_blanks).filter(|_| is_of_windows) {
            let message = format!("no recorded event has a field `{}`", clip(name));
            let found = sink.diagnostic(&codes::ODD_FIELD_NAME, span, message);
            sink.push(found.with_help(recorded.advice(clip)));
        }
    }
    for (name, span) in reads {
        if let Some(field) = seen.get(name) {
            let message = format!("`{}` is a field, and under `reads` too", clip(name));
            let found = sink.diagnostic(&codes::DUPLICATE_NAME, *span, message).with_place(*field, "the field");
            sink.push(found.with_help(
                "remove the field: rules read a name under `reads` by its name, and it has one of these values",
            ));
        }
    }
}
