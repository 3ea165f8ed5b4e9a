//! Tables of native content: from a declaration, and the rows that it holds or points to, to a [`Table`].
//!
//! Nothing here opens a file. [`data_path`] says which file holds the rows of a declaration;
//! the caller reads it and passes its bytes to [`read`].

#[cfg(test)]
mod tests;

use contentcheck_model::diagnostic::{Diagnostic, Severity, Sink, clip, codes};
use contentcheck_model::source::Source;
use contentcheck_model::table::cell::{from_text, wrong};
use contentcheck_model::table::{Column, Data, Filling, Format, Table};
use contentcheck_model::template::{FieldType, Scalar};
use contentcheck_model::value::Value;

use super::ast::{self, Literal};

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
    if Format::of(path).is_none() {
        return refuse(
            format!("`{}` is of no known format", clip(path)),
            "the formats are CSV (`.csv`) and JSON lines (`.jsonl`, `.ndjson`)",
        );
    }
    let directory = declaring.name().rfind('/').and_then(|at| declaring.name().get(..=at)).unwrap_or("");
    Some(Ok(format!("{directory}{path}")))
}

/// Reads a table from its declaration in `declaring` and, where it says `from`, from its data.
///
/// Every mistake is reported, with its row and column. A table with an error is not given out.
#[must_use]
pub fn read(table: &ast::Table, declaring: &Source, data: Option<Data<'_>>) -> (Option<Table>, Vec<Diagnostic>) {
    let mut sink = Sink::new(declaring);
    let Some((columns, key)) = columns(table, &mut sink) else { return (None, sink.finish()) };
    let capacity = table.capacity.as_ref().map(|capacity| capacity.value);
    let mut filling = Filling::new(&columns, key, capacity);
    let found = match (&table.rows, data) {
        (ast::Rows::Inline(inline), _) => {
            rows(inline, &columns, &mut filling, &mut sink);
            filling.close(inline.span, &mut sink);
            sink.finish()
        }
        (ast::Rows::From(file), Some(data)) => {
            let mut found = sink.finish();
            found.extend(filling.data(Format::of(&file.value).unwrap_or(Format::Csv), data));
            found
        }
        (ast::Rows::From(file), None) => {
            let message = format!("the data of table `{}` was not found", table.name.value);
            sink.report(&codes::TABLE_MISSING, file.span, message);
            sink.finish()
        }
    };
    if found.iter().any(|found| found.severity == Severity::Error) {
        return (None, found);
    }
    (Some(filling.finish(table.name.value.clone(), table.version.value)), found)
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

/// The rows of a declaration.
fn rows(inline: &ast::InlineRows, columns: &[Column], filling: &mut Filling<'_>, sink: &mut Sink) {
    for row in &inline.rows {
        let cells = columns.iter().zip(&row.values);
        let cells = cells.map(|(column, value)| (from_literal(&value.value, column.ty), value.span));
        filling.declared(row.values.len(), cells, row.span, sink);
    }
}

/// A cell as declarations write it.
///
/// # Errors
/// What is wrong, to follow the name of the column.
fn from_literal(literal: &Literal, ty: FieldType) -> Result<Option<Value>, String> {
    match (literal, ty.scalar) {
        (Literal::Text(text), Scalar::String | Scalar::Ip | Scalar::Bytes) => from_text(text, ty),
        (Literal::Bytes(bytes), Scalar::Bytes) if bytes.is_empty() => from_text("", ty),
        (Literal::Bytes(bytes), Scalar::Bytes) => Ok(Some(Value::Bytes(bytes.clone()))),
        (Literal::Int(number), Scalar::Int) => Ok(Some(Value::Int(*number))),
        (Literal::Float(number), Scalar::Float) => Ok(Some(Value::Float(*number))),
        (Literal::Bool(truth), Scalar::Bool) => Ok(Some(Value::Bool(*truth))),
        (other, _) => Err(wrong(other.kind(), ty)),
    }
}
