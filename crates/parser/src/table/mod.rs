//! Tables: typed reference data, read from a declaration and the rows it points to.
//!
//! Nothing here opens a file. [`data_path`] says which file holds the rows of a declaration;
//! the caller reads it and passes its bytes to [`read`].

mod cell;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Sink, clip, codes};
use crate::native::ast;
use crate::source::Source;
use crate::template::{FieldType, Scalar};
use crate::value::Value;
use cell::KeyValue;

/// Typed reference data: every row complete, every key there once, no more rows than declared.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    name: String,
    version: u32,
    columns: Vec<Column>,
    key: usize,
    capacity: Option<u64>,
    rows: Vec<Box<[Option<Value>]>>,
    index: Arc<HashMap<KeyValue, usize>>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Name.
    pub name: String,
    /// Type: a scalar. An optional one may be blank.
    pub ty: FieldType,
}

impl Table {
    /// Name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Version, from 1.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// The columns.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Index of the column that rules look up.
    #[must_use]
    pub const fn key(&self) -> usize {
        self.key
    }

    /// Type of the key.
    #[must_use]
    pub fn key_type(&self) -> FieldType {
        self.columns.get(self.key).map_or(FieldType::new(Scalar::String), |column| column.ty)
    }

    /// The most rows that the table may ever have, where it is declared.
    #[must_use]
    pub const fn capacity(&self) -> Option<u64> {
        self.capacity
    }

    /// The rows in the order of the data, one cell for each column. Only cells of
    /// optional columns can be `None`.
    #[must_use]
    pub fn rows(&self) -> &[Box<[Option<Value>]>] {
        &self.rows
    }

    /// The row with this key. A key declared `nocase` is found without regard to ASCII case.
    #[must_use]
    pub fn find(&self, key: &Value) -> Option<&[Option<Value>]> {
        let key = KeyValue::of(key, self.key_type().nocase)?;
        self.rows.get(*self.index.get(&key)?).map(AsRef::as_ref)
    }
}

/// The rows of a table that are not in its declaration.
#[derive(Clone, Copy, Debug)]
pub struct Data<'a> {
    /// The name that diagnostics show.
    pub name: &'a str,
    /// The content of the file.
    pub bytes: &'a [u8],
}

/// Where the rows of a declaration are, as a path with `/` from the same root as the name of
/// `declaring`. `None` if they are in the declaration itself.
///
/// # Errors
/// A finding if the path leads out of the release or cannot name a file.
pub fn data_path(table: &ast::Table, declaring: &Source) -> Option<Result<String, Box<Diagnostic>>> {
    let ast::Rows::From(file) = &table.rows else { return None };
    let refuse = |message: String, help: &str| {
        let found = Diagnostic::new(&codes::TABLE_MISSING, declaring, file.span, message);
        Some(Err(Box::new(found.with_help(help.to_owned()))))
    };
    let path = file.value.as_str();
    let relative = "name a file below the directory of the declaring file, with `/` between its parts";
    let drive = path.as_bytes().get(1) == Some(&b':');
    if path.starts_with('/') || drive || path.contains(['\\', '\0']) {
        return refuse(format!("`{}` is not a relative path", clip(path)), relative);
    }
    if path.split('/').any(|part| matches!(part, ".." | "." | "")) {
        return refuse(format!("`{}` leads out of the directory or names no file", clip(path)), relative);
    }
    if format_of(path).is_none() {
        return refuse(
            format!("`{}` is of no known format", clip(path)),
            "the formats are CSV (`.csv`) and JSON lines (`.jsonl`, `.ndjson`)",
        );
    }
    let directory = declaring.name().rfind('/').and_then(|at| declaring.name().get(..=at)).unwrap_or("");
    Some(Ok(format!("{directory}{path}")))
}

/// A format of table data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Csv,
    JsonLines,
}

fn format_of(path: &str) -> Option<Format> {
    let (_, ending) = path.rsplit_once('.')?;
    match ending.to_ascii_lowercase().as_str() {
        "csv" => Some(Format::Csv),
        "jsonl" | "ndjson" => Some(Format::JsonLines),
        _ => None,
    }
}

/// Reads a table from its declaration in `declaring` and, where it says `from`, from its data.
///
/// Every mistake is reported, with its row and column. A table with a mistake is not given out.
#[must_use]
pub fn read(table: &ast::Table, declaring: &Source, data: Option<Data<'_>>) -> (Option<Table>, Vec<Diagnostic>) {
    let mut sink = Sink::new(declaring);
    let Some((columns, key)) = columns(table, &mut sink) else { return (None, sink.finish()) };
    let capacity = table.capacity.as_ref().map(|capacity| capacity.value);
    let mut filling = rows::Filling::new(&columns, key, capacity);
    let found = match (&table.rows, data) {
        (ast::Rows::Inline(inline), _) => {
            filling.inline(inline, &mut sink);
            filling.close(inline.span, &mut sink);
            sink.finish()
        }
        (ast::Rows::From(file), Some(data)) => {
            let mut found = sink.finish();
            found.extend(filling.data(format_of(&file.value).unwrap_or(Format::Csv), data));
            found
        }
        (ast::Rows::From(file), None) => {
            let message = format!("the data of table `{}` was not found", table.name.value);
            sink.report(&codes::TABLE_MISSING, file.span, message);
            sink.finish()
        }
    };
    if !found.is_empty() {
        return (None, found);
    }
    let (rows, index) = filling.finish();
    let (name, version) = (table.name.value.clone(), table.version.value);
    (Some(Table { name, version, columns, key, capacity, rows, index: Arc::new(index) }), found)
}

/// The columns of a declaration and the index of the key.
fn columns(table: &ast::Table, sink: &mut Sink) -> Option<(Vec<Column>, usize)> {
    let before = sink.len();
    let mut columns: Vec<Column> = Vec::new();
    let mut key = None;
    for (index, column) in table.columns.iter().enumerate() {
        let name = &column.name.value;
        if columns.iter().any(|other| other.name == *name) {
            sink.report(&codes::DUPLICATE_NAME, column.name.span, format!("column `{name}` is declared twice"));
        }
        let ty = column.ty.value;
        if ty.list {
            let message = format!("column `{name}` is a list; a cell holds one value");
            sink.report(&codes::TABLE_COLUMN, column.ty.span, message);
        }
        if let Some(span) = column.key {
            if key.replace(index).is_some() {
                sink.report(&codes::TABLE_COLUMN, span, "a table has one key, and another column is it already");
            }
            if ty.optional || ty.scalar == Scalar::Float {
                let message = format!("a key is always there and compares exactly, so it cannot be `{ty}`");
                sink.report(&codes::TABLE_COLUMN, column.ty.span, message);
            }
        }
        columns.push(Column { name: name.clone(), ty });
    }
    if key.is_none() {
        let found = sink
            .diagnostic(&codes::TABLE_COLUMN, table.body, format!("table `{}` has no key", table.name.value))
            .with_help("write `key` after the type of the column that rules look up");
        sink.push(found);
    }
    (sink.len() == before).then_some((columns, key?))
}
