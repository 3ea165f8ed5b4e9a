//! Navigation: where a name is declared, where it is used, and another name for it everywhere.

use std::collections::BTreeMap;

use contentcheck_model::diagnostic::visible;
use contentcheck_model::language::Language;
use contentcheck_model::mention::{Events, Mention, Named, is_among};
use contentcheck_model::source::{Source, Span};
use contentcheck_parser::mentions::mentions;
use contentcheck_parser::native;

use crate::names::{self, Found, Texts, templates};

/// Where what is named at a byte is declared, in files and in what ships with the program.
pub(crate) fn definition(texts: &Texts<'_>, source: &Source, language: Language, offset: usize) -> Vec<(Source, Span)> {
    let Some(mention) = names::at(source, language, offset) else { return Vec::new() };
    let catalogue = &texts.snapshot.catalogue;
    let declared = match &mention.named {
        Named::Field(name, events) => fields(templates(events, catalogue), name),
        Named::Position(position, events) => {
            let of = templates(events, catalogue);
            let name =
                of.first().and_then(|template| Some(template.describe(&template.at(*position)?)?.name.to_owned()));
            name.map_or_else(Vec::new, |name| fields(of, &name))
        }
        Named::Template(name, version) => {
            let version = version.or_else(|| catalogue.versions(name).last().copied());
            let template = version.and_then(|version| catalogue.find(name, version));
            template.map(|template| (template.source.clone(), template.span)).into_iter().collect()
        }
        Named::LogSource(asked) => {
            catalogue.serving(asked).into_iter().map(|template| (template.source.clone(), template.span)).collect()
        }
        Named::Modifier(_) | Named::Tag(_) => Vec::new(),
        named => {
            let mut declared = texts.places(source, language, named);
            declared.retain(|found| found.mention.declares);
            // Of the id and the name of a rule the one that is written.
            if declared.iter().any(|found| found.mention.named == *named) {
                declared.retain(|found| found.mention.named == *named);
            }
            declared.into_iter().map(|found| (found.source, found.mention.span)).collect()
        }
    };
    // A template type was read from the text that was checked; an edit since then may have moved it.
    declared.into_iter().map(|(of, span)| moved(texts, of, span)).collect()
}

fn fields(templates: Vec<&contentcheck_model::template::TemplateType>, name: &str) -> Vec<(Source, Span)> {
    let declared = templates.into_iter().filter_map(|template| {
        let numbered = template.fields.iter().flatten().chain(&template.header).find(|field| field.name == name);
        let span = numbered
            .map(|field| field.span)
            .or_else(|| template.reads.iter().any(|of| of.name == name).then_some(template.span))?;
        Some((template.source.clone(), span))
    });
    declared.collect()
}

/// The same place in the text that the editor has now, if it has another one and the name is still declared in it.
fn moved(texts: &Texts<'_>, source: Source, span: Span) -> (Source, Span) {
    let Some(language) = Language::of(source.name()) else { return (source, span) };
    let open = texts.documents.values().find(|document| texts.snapshot.name(&document.path) == source.name());
    let Some(now) = open.map(|document| texts.of(document)).filter(|now| now.text() != source.text()) else {
        return (source, span);
    };
    let declared =
        |of: &Source| mentions(of, language).into_iter().filter(|mention| mention.declares).collect::<Vec<Mention>>();
    let was = declared(&source).into_iter().find(|mention| mention.span == span);
    let is = was.and_then(|was| declared(&now).into_iter().find(|mention| mention.named == was.named));
    is.map_or((source, span), |is| (now, is.span))
}

/// Where what is named at a byte is named, with its declaration or without.
pub(crate) fn references(
    texts: &Texts<'_>,
    source: &Source,
    language: Language,
    offset: usize,
    with_declaration: bool,
) -> Vec<Found> {
    let Some(mention) = names::at(source, language, offset) else { return Vec::new() };
    let mut found = texts.places(source, language, &mention.named);
    found.retain(|found| with_declaration || !found.mention.declares);
    found
}

/// The name at a byte, if it can be another.
///
/// # Errors
/// Why it cannot.
pub(crate) fn renamable(
    texts: &Texts<'_>,
    source: &Source,
    language: Language,
    offset: usize,
) -> Result<Mention, String> {
    let mention = names::at(source, language, offset).ok_or("there is no name here")?;
    match &mention.named {
        Named::Let(..) | Named::Selection(..) | Named::List(_) | Named::Table(_) => Ok(mention),
        Named::Rule(name) if contentcheck_model::metadata::is_uuid(name) => {
            Err("the id of a rule stays what it is: logs and other rules refer to it".to_owned())
        }
        Named::Rule(_) => Ok(mention),
        Named::Field(name, events) => {
            let catalogue = &texts.snapshot.catalogue;
            let own = templates(events, catalogue);
            let is_supplied = |template: &&&contentcheck_model::template::TemplateType| {
                let sensors = texts.snapshot.fleet.iter().flat_map(|fleet| fleet.suppliers(&template.name));
                sensors.into_iter().any(|(sensor, _)| sensor.supplied(&template.name, name).is_some())
            };
            if own.iter().any(|template| !texts.snapshot.sources.contains_key(template.source.name())) {
                Err("this release does not declare the field: the library does".to_owned())
            } else if let Some(template) = own.iter().find(is_supplied) {
                Err(format!("sensors supply `{}` of `{template}` under this name", visible(name)))
            } else if own.is_empty() || matches!(events, Events::LogSource(_)) && own.len() > 1 {
                Err("which template types declare the field is not clear here".to_owned())
            } else {
                Ok(mention)
            }
        }
        _ => Err("this has no name of its own that could be another".to_owned()),
    }
}

/// Edits that give what is named at a byte another name, by file. Nothing else changes what it names.
///
/// # Errors
/// Why that cannot be.
pub(crate) fn rename(
    texts: &Texts<'_>,
    source: &Source,
    language: Language,
    offset: usize,
    name: &str,
) -> Result<Vec<(Source, Vec<Span>)>, String> {
    let mention = renamable(texts, source, language, offset)?;
    let old = source.slice(mention.span).to_owned();
    if name == old {
        return Ok(Vec::new());
    }
    let mut places = texts.places(source, language, &mention.named);
    if let Named::Rule(_) = mention.named {
        // Those that use the id go on using it.
        places.retain(|found| found.source.slice(found.mention.span) == old);
    }
    let patterns = places.iter().filter_map(|found| match &found.mention.named {
        Named::Selections(pattern, _) => Some(pattern.as_str()),
        _ => None,
    });
    for pattern in patterns {
        if !is_among(name, pattern) {
            return Err(format!("the condition means it by `{pattern}`, and would not mean `{}`", visible(name)));
        }
    }
    places.retain(|found| !matches!(found.mention.named, Named::Selections(..)));
    // A rule that reads several template types would lose the field of those that keep it.
    let catalogue = &texts.snapshot.catalogue;
    for found in &places {
        if let Named::Field(field, events) = &found.mention.named {
            let of = templates(events, catalogue).into_iter().filter(|template| template.find(field).is_some());
            let mut of: Vec<&str> = of.map(|template| template.name.as_str()).collect();
            of.dedup();
            if of.len() > 1 {
                return Err(format!(
                    "`{}` reads the field of {} template types",
                    visible(found.source.name()),
                    of.len()
                ));
            }
        }
    }
    let mut by_file: BTreeMap<String, (Source, Vec<Span>)> = BTreeMap::new();
    for Found { source, mention } in places {
        let entry = by_file.entry(source.name().to_owned()).or_insert_with(|| (source, Vec::new()));
        entry.1.push(mention.span);
    }
    let edited: Vec<(Source, Vec<Span>)> = by_file.into_values().collect();
    for (source, spans) in &edited {
        is_same_but_for_name(source, spans, name)?;
    }
    Ok(edited)
}

/// Whether a file with another name at some places names the same otherwise: the name can be read as one, is not taken,
/// and no pattern of a condition means it that did not mean the old one.
fn is_same_but_for_name(source: &Source, spans: &[Span], name: &str) -> Result<(), String> {
    let refused = || format!("`{}` cannot be a name here", visible(name));
    let language = Language::of(source.name()).ok_or_else(refused)?;
    let is_word = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '_' | '-' | '.');
    if name.is_empty() || !name.chars().all(is_word) {
        return Err(refused());
    }
    if language == Language::Native {
        let source = Source::new("name.content", format!("list {name} = [1]\n"));
        if !native::parse(&source).diagnostics.is_empty() {
            return Err(refused());
        }
    }
    let mut text = source.text().to_owned();
    let mut sorted = spans.to_vec();
    sorted.sort_by_key(|span| std::cmp::Reverse(span.start));
    for span in &sorted {
        text.replace_range(span.range(), name);
    }
    let (before, after) = (mentions(source, language), mentions(&Source::new(source.name(), text), language));
    let is_renamed = |mention: &Mention| spans.contains(&mention.span);
    let is_kept = before.len() == after.len()
        && before.iter().zip(&after).all(|(before, after)| {
            std::mem::discriminant(&before.named) == std::mem::discriminant(&after.named)
                && before.declares == after.declares
        });
    if !is_kept {
        return Err(refused());
    }
    // Two things with one name would be one afterwards.
    let is_scoped = |a: &Mention, b: &Mention| match (&a.named, &b.named) {
        (Named::Let(..) | Named::Selection(..), Named::Let(..) | Named::Selection(..)) => a.within == b.within,
        (Named::Rule(_), Named::Rule(_)) | (Named::List(_) | Named::Table(_), Named::List(_) | Named::Table(_)) => true,
        (Named::Let(..), Named::List(_) | Named::Table(_)) | (Named::List(_) | Named::Table(_), Named::Let(..)) => true,
        (Named::Let(..), Named::Field(..)) => a.within == b.within,
        (Named::List(_) | Named::Table(_), Named::Field(..)) => true,
        (Named::Field(_, a), Named::Field(_, b)) => a == b,
        _ => false,
    };
    for renamed in before.iter().filter(|mention| is_renamed(mention)) {
        // Engines that compare names of selections without case keep one of two that are alike.
        let is_alike = |other: &str| match renamed.named {
            Named::Selection(..) => other.eq_ignore_ascii_case(name),
            _ => other == name,
        };
        let clashes =
            |other: &&Mention| !is_renamed(other) && is_alike(source.slice(other.span)) && is_scoped(renamed, other);
        if before.iter().any(|other| clashes(&other)) {
            return Err(format!("`{}` is the name of something else here", visible(name)));
        }
        if let Named::Selection(old, document) = &renamed.named {
            let changed = before.iter().find(|other| match &other.named {
                Named::Selections(pattern, of) => of == document && is_among(name, pattern) != is_among(old, pattern),
                _ => false,
            });
            if let Some(changed) = changed {
                let pattern = source.slice(changed.span);
                return Err(format!("`{pattern}` of the condition would mean something else"));
            }
        }
    }
    Ok(())
}
