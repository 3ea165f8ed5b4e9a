//! What a file declares beside rules: lists and tables, by name.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::ast::{Ast, Declaration, Values};
use crate::diagnostic::{Diagnostic, Sink, codes};
use crate::limits::{self, Budget};
use crate::source::Span;
use crate::table::{self, Data, Table};

/// What a name stands for.
#[derive(Clone, Debug)]
pub(super) enum Meaning {
    Values(Arc<Values>),
    /// `None` where the table could not be read; that was reported.
    Table(Option<Arc<Table>>),
}

#[derive(Debug)]
struct Entry {
    meaning: Meaning,
    span: Span,
    used: bool,
}

/// The lists and tables of one file.
#[derive(Debug, Default)]
pub(super) struct Scope {
    entries: HashMap<String, Entry>,
    /// What is left of the limits of the file.
    pub(super) budget: Budget,
}

impl Scope {
    /// Reads the lists and tables of a file, and gives the findings in the data of tables.
    pub(super) fn declare(
        &mut self,
        ast: &Ast,
        load: &dyn Fn(&str) -> Option<Arc<[u8]>>,
        sink: &mut Sink,
    ) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        let mut room = limits::TABLE_BYTES + 1;
        for declaration in ast.declarations() {
            let meaning = match declaration {
                Declaration::List(list) => {
                    alike(&list.values, sink);
                    Meaning::Values(Arc::new(list.values.clone()))
                }
                Declaration::Table(declared) => {
                    let path = match table::data_path(declared, ast.source()).transpose() {
                        Ok(path) => path,
                        Err(refused) => {
                            found.push(*refused);
                            self.insert(declaration, Meaning::Table(None), sink);
                            continue;
                        }
                    };
                    let bytes = path.as_deref().filter(|_| room > 0).and_then(load);
                    let length = bytes.as_ref().map_or(0, |bytes| bytes.len());
                    // Data that is too large on its own is told by the table.
                    if length <= limits::TABLE_BYTES && !limits::take(&mut room, length) || room == 0 {
                        room = 0;
                        let name = declaration.name();
                        let message =
                            format!("the tables of this file have more than {} MiB of data", limits::TABLE_BYTES >> 20);
                        let refused = sink.diagnostic(&codes::LIMIT_EXCEEDED, name.span, message);
                        sink.push(refused.with_help("declare tables in several files"));
                        self.insert(declaration, Meaning::Table(None), sink);
                        continue;
                    }
                    let data = path.as_deref().zip(bytes.as_deref()).map(|(name, bytes)| Data { name, bytes });
                    let (read, wrong) = table::read(declared, ast.source(), data);
                    found.extend(wrong);
                    Meaning::Table(read.map(Arc::new))
                }
                Declaration::Template(_) | Declaration::Rule(_) => continue,
            };
            self.insert(declaration, meaning, sink);
        }
        found
    }

    fn insert(&mut self, declaration: &Declaration, meaning: Meaning, sink: &mut Sink) {
        let name = declaration.name();
        if let Some(first) = self.entries.get(&name.value) {
            let message = format!("`{}` is declared twice in this file", name.value);
            let found = sink.diagnostic(&codes::DUPLICATE_NAME, name.span, message);
            sink.push(found.with_place(first.span, "the first is here").with_help("rename one of them"));
            return;
        }
        self.entries.insert(name.value.clone(), Entry { meaning, span: name.span, used: false });
    }

    /// What a name stands for. It then counts as used.
    pub(super) fn find(&mut self, name: &str) -> Option<Meaning> {
        let entry = self.entries.get_mut(name)?;
        entry.used = true;
        Some(entry.meaning.clone())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// Reports what no rule of the file uses, in the order of the file.
    pub(super) fn report_unused(&self, sink: &mut Sink) {
        let mut unused: Vec<(&String, &Entry)> = self.entries.iter().filter(|(_, entry)| !entry.used).collect();
        unused.sort_by_key(|(_, entry)| entry.span.start);
        for (name, entry) in unused {
            let kind = if matches!(entry.meaning, Meaning::Values(_)) { "list" } else { "table" };
            sink.report(&codes::UNUSED_SELECTION, entry.span, format!("no rule of this file uses {kind} `{name}`"));
        }
    }
}

/// Reports the first value of a list that is not of the kind of its first.
fn alike(values: &Values, sink: &mut Sink) {
    let Some(first) = values.values.first() else { return };
    let kind = std::mem::discriminant(&first.value);
    if let Some(other) = values.values.iter().find(|value| std::mem::discriminant(&value.value) != kind) {
        let message = format!("a list holds values of one kind, and this is a {} among others", other.value.kind());
        let found = sink.diagnostic(&codes::VALUE_TYPE, other.span, message);
        sink.push(found.with_place(first.span, format!("the first is a {}", first.value.kind())));
    }
}
