//! Tables: typed reference data, filled row by row from a declaration, or from the text of a data file.

pub mod cell;
mod quotes;
mod rows;

use std::collections::HashMap;
use std::sync::Arc;

use crate::template::{FieldType, Scalar};
use crate::value::Value;
use cell::KeyValue;

pub use rows::Filling;

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

/// A format of table data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The first row names the columns.
    Csv,
    /// One JSON object on each line.
    JsonLines,
}

impl Format {
    /// The format that the ending of a path means.
    #[must_use]
    pub fn of(path: &str) -> Option<Self> {
        let (_, ending) = path.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            _ => None,
        }
    }
}
