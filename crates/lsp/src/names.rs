//! Names: what a place of a file names, and where else that is named.

use std::collections::HashMap;

use contentcheck_model::catalogue::Catalogue;
use contentcheck_model::language::Language;
use contentcheck_model::mention::{Events, Mention, Named, is_among};
use contentcheck_model::source::Source;
use contentcheck_model::template::TemplateType;
use contentcheck_parser::mentions::mentions;

use crate::document::Document;
use crate::snapshot::Snapshot;

/// The texts of a project as they are: those of the editor, and of all other files those that were checked.
pub(crate) struct Texts<'s> {
    pub(crate) snapshot: &'s Snapshot,
    pub(crate) documents: &'s HashMap<String, Document>,
}

/// A mention and the file that it is in.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) source: Source,
    pub(crate) mention: Mention,
}

impl Texts<'_> {
    /// The text of a document, under the name that its project has for it.
    pub(crate) fn of(&self, document: &Document) -> Source {
        Source::new(self.snapshot.name(&document.path), document.source().text())
    }

    /// All files, by name, of which one language or both are asked for.
    fn all(&self, only: Option<Language>) -> impl Iterator<Item = (Source, Language)> {
        let open: HashMap<String, &Document> =
            self.documents.values().map(|document| (self.snapshot.name(&document.path), document)).collect();
        let of_snapshot =
            self.snapshot.sources.iter().filter(move |(_, (_, language))| only.is_none_or(|only| only == *language));
        of_snapshot.map(move |(name, (source, language))| match open.get(name) {
            Some(document) => (self.of(document), *language),
            None => (source.clone(), *language),
        })
    }

    /// Where what is named in a file is named, that place among them.
    pub(crate) fn places(&self, file: &Source, language: Language, named: &Named) -> Vec<Found> {
        let catalogue = &self.snapshot.catalogue;
        let is_local = matches!(
            named,
            Named::Let(..) | Named::Selection(..) | Named::Selections(..) | Named::List(_) | Named::Table(_)
        );
        let within = |source: Source, language: Language, keys: &[Named]| {
            let found = mentions(&source, language);
            let found =
                found.into_iter().filter(|mention| keys.iter().any(|key| is_same(key, &mention.named, catalogue)));
            found.map(|mention| Found { source: source.clone(), mention }).collect::<Vec<Found>>()
        };
        if is_local {
            return within(file.clone(), language, std::slice::from_ref(named));
        }
        let keys = if let Named::Rule(_) = named { self.names_of_rule(named) } else { vec![named.clone()] };
        let words: Vec<&str> = keys.iter().filter_map(word).collect();
        // Most files do not have the word, and are not read for it.
        let has = |source: &Source| words.iter().any(|word| has_word(source.text(), word));
        let files = self.all(None).filter(|(source, _)| has(source));
        files.flat_map(|(source, language)| within(source, language, &keys)).collect()
    }

    /// The id and the name of a rule, of which one is given.
    pub(crate) fn names_of_rule(&self, named: &Named) -> Vec<Named> {
        let mut keys = vec![named.clone()];
        let Some(word) = word(named) else { return keys };
        for (source, language) in self.all(None).filter(|(source, _)| has_word(source.text(), word)) {
            let all = mentions(&source, language);
            let is_rule = |mention: &&Mention| mention.declares && matches!(mention.named, Named::Rule(_));
            let Some(own) = all.iter().filter(is_rule).find(|mention| mention.named == *named) else { continue };
            let others = all.iter().filter(is_rule).filter(|other| other.within == own.within);
            keys.extend(others.map(|other| other.named.clone()));
        }
        keys.sort_by(|a, b| word_order(a).cmp(word_order(b)));
        keys.dedup();
        keys
    }
}

/// What is looked for in a file before it is read for mentions.
fn word(named: &Named) -> Option<&str> {
    match named {
        Named::Template(name, _) | Named::Field(name, _) | Named::Rule(name) | Named::Tag(name) => Some(name),
        _ => None,
    }
}

fn word_order(named: &Named) -> &str {
    word(named).unwrap_or("")
}

/// Ids are written in any case.
fn has_word(text: &str, word: &str) -> bool {
    text.contains(word) || (contentcheck_model::metadata::is_uuid(word) && text.contains(&word.to_ascii_uppercase()))
}

/// What is named at a byte of a file: a name that it is in, or right behind.
pub(crate) fn at(source: &Source, language: Language, offset: usize) -> Option<Mention> {
    let found = mentions(source, language);
    let holds = |mention: &&Mention| {
        let span = mention.span.range();
        span.start <= offset && offset <= span.end
    };
    found.iter().filter(holds).min_by_key(|mention| mention.span.len()).cloned()
}

/// The newest template types whose events are meant; of a template type the version that is named.
pub(crate) fn templates<'c>(events: &Events, catalogue: &'c Catalogue) -> Vec<&'c TemplateType> {
    match events {
        Events::Template(name, version) => catalogue.find(name, *version).map(|found| &**found).into_iter().collect(),
        Events::LogSource(asked) if asked.is_empty() => Vec::new(),
        Events::LogSource(asked) => catalogue.serving(asked).into_iter().map(|found| &**found).collect(),
    }
}

/// Whether two places name the same.
pub(crate) fn is_same(a: &Named, b: &Named, catalogue: &Catalogue) -> bool {
    match (a, b) {
        (Named::Template(a, _), Named::Template(b, _)) => a == b,
        (Named::Field(a, of_a), Named::Field(b, of_b)) => a == b && (of_a == of_b || meet(of_a, of_b, a, catalogue)),
        (Named::Selection(name, of_a), Named::Selections(pattern, of_b))
        | (Named::Selections(pattern, of_a), Named::Selection(name, of_b)) => of_a == of_b && is_among(name, pattern),
        (a, b) => a == b,
    }
}

/// Whether some template type that has a field is meant by both.
fn meet(a: &Events, b: &Events, field: &str, catalogue: &Catalogue) -> bool {
    let names = |events: &Events| -> Vec<String> {
        let with = templates(events, catalogue).into_iter().filter(|template| template.find(field).is_some());
        let mut names: Vec<String> = with.map(|template| template.name.clone()).collect();
        if let Events::Template(name, _) = events {
            names.push(name.clone());
        }
        names
    };
    let other = names(b);
    names(a).iter().any(|name| other.contains(name))
}
