//! What a file declares beside rules: lists and tables, by name.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::super::ast::{self, Ast, Declaration, Values};
use super::Form;
use contentcheck_model::diagnostic::{Diagnostic, Severity, Sink, Unread, codes};
use contentcheck_model::limits::{self, Budget};
use contentcheck_model::source::Span;
use contentcheck_model::table::{Data, Table};

use crate::native::table;

/// What a name stands for.
#[derive(Clone, Debug)]
pub(super) enum Meaning {
    Values(Arc<Values>),
    Table(Arc<Table>),
}

#[derive(Debug)]
struct Entry {
    kind: &'static str,
    /// The first error in the declaration, where it could not be read.
    meaning: Result<Meaning, Box<Diagnostic>>,
    span: Span,
    used: bool,
}

/// The lists and tables of one file.
#[derive(Debug, Default)]
pub(super) struct Scope {
    entries: HashMap<String, Entry>,
    /// What is left of the limits of the file.
    pub(super) budget: Budget,
    /// The values that are told to be in their list before.
    pub(super) twice: HashSet<Span>,
}

impl Scope {
    /// Reads the lists and tables of a file, and gives the findings in the data of tables.
    pub(super) fn declare(
        &mut self,
        ast: &Ast,
        form: &Form<'_>,
        load: &dyn Fn(&str) -> Option<Arc<[u8]>>,
        sink: &mut Sink,
    ) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        let mut room = limits::TABLE_BYTES + 1;
        for declaration in ast.declarations() {
            let mut own = Sink::part(sink);
            let (kind, meaning) = match declaration {
                Declaration::List(list) => {
                    alike(&list.values, &mut own);
                    ("list", Ok(Meaning::Values(Arc::new(list.values.clone()))))
                }
                Declaration::Table(declared) => {
                    let read = table(declared, ast, load, &mut room, &mut own, &mut found);
                    ("table", read.map(|table| Meaning::Table(Arc::new(table))))
                }
                Declaration::Template(_) | Declaration::Rule(_) => continue,
            };
            let closed = own.close(sink);
            let whole = match form.flaw(declaration.span()) {
                Some(flaw) => Err(Box::new(flaw.clone())),
                None => closed.map(drop),
            };
            self.insert(declaration, kind, whole.and(meaning), sink);
        }
        // What uses a declaration that was not read needs no finding of its own.
        if let Some(flaw) = form.first() {
            for name in &ast.lost {
                let meaning = Err(Box::new(flaw.clone()));
                self.entries.entry(name.clone()).or_insert(Entry {
                    kind: "list",
                    meaning,
                    span: flaw.span,
                    used: true,
                });
            }
        }
        found
    }

    fn insert(
        &mut self,
        declaration: &Declaration,
        kind: &'static str,
        meaning: Result<Meaning, Box<Diagnostic>>,
        sink: &mut Sink,
    ) {
        let name = declaration.name();
        if let Some(first) = self.entries.get_mut(&name.value) {
            let message = format!("`{}` is declared twice in this file", name.value);
            let found = sink.diagnostic(&codes::DUPLICATE_NAME, name.span, message);
            let found = found.with_place(first.span, "the first is here").with_help("rename one of them");
            // Which of the two a rule means cannot be said.
            first.meaning = Err(Box::new(found.clone()));
            sink.push(found);
            return;
        }
        self.entries.insert(name.value.clone(), Entry { kind, meaning, span: name.span, used: false });
    }

    /// What a name stands for. It then counts as used, and what is wrong with it is wrong with who uses it.
    pub(super) fn find(&mut self, name: &str, sink: &mut Sink) -> Option<Result<Meaning, Unread>> {
        let entry = self.entries.get_mut(name)?;
        entry.used = true;
        Some(entry.meaning.clone().map_err(|flaw| sink.inherit(&flaw)))
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
            let message = format!("no rule of this file uses {} `{name}`", entry.kind);
            sink.report(&codes::UNUSED_SELECTION, entry.span, message);
        }
    }
}

/// Reads a table. What is wrong with its declaration goes to `sink`, with its data to `found`; the first of
/// it is why there is none.
fn table(
    declared: &ast::Table,
    ast: &Ast,
    load: &dyn Fn(&str) -> Option<Arc<[u8]>>,
    room: &mut usize,
    sink: &mut Sink,
    found: &mut Vec<Diagnostic>,
) -> Result<Table, Box<Diagnostic>> {
    let path = table::data_path(declared, ast.source()).transpose();
    let path = path.inspect_err(|refused| found.push((**refused).clone()))?;
    let bytes = path.as_deref().filter(|_| *room > 0).and_then(load);
    let length = bytes.as_ref().map_or(0, |bytes| bytes.len());
    // Data that is too large on its own is told by the table.
    if length <= limits::TABLE_BYTES && !limits::take(room, length) || *room == 0 {
        *room = 0;
        let message = format!("the tables of this file have more than {} MiB of data", limits::TABLE_BYTES >> 20);
        let refused = sink.diagnostic(&codes::LIMIT_EXCEEDED, declared.name.span, message);
        let refused = refused.with_help("declare tables in several files");
        sink.push(refused.clone());
        return Err(Box::new(refused));
    }
    let data = path.as_deref().zip(bytes.as_deref()).map(|(name, bytes)| Data { name, bytes });
    let (read, wrong) = table::read(declared, ast.source(), data);
    let first = wrong.iter().find(|wrong| wrong.severity == Severity::Error).cloned();
    found.extend(wrong);
    read.ok_or_else(|| {
        let unknown = || sink.diagnostic(&codes::TABLE_MISSING, declared.name.span, "the table could not be read");
        Box::new(first.unwrap_or_else(unknown))
    })
}

/// Reports the first value of a list that is not of the kind of its first.
fn alike(values: &Values, sink: &mut Sink) {
    let Some(first) = values.values.first() else { return };
    let kind = std::mem::discriminant(&first.value);
    if let Some(other) = values.values.iter().find(|value| std::mem::discriminant(&value.value) != kind) {
        let message = format!("a list holds values of one kind, and this one is different: {}", other.value.kind());
        let found = sink.diagnostic(&codes::VALUE_TYPE, other.span, message);
        let found =
            found.with_help("write all values of a list in one kind: strings in double quotes, numbers without");
        sink.push(found.with_place(first.span, format!("the first is {}", first.value.kind())));
    }
}
