//! Rows: from a declaration, from CSV, from JSON lines.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use super::cell::{self, KeyValue};
use super::{Column, Data, Format, Table};
use crate::diagnostic::text::is_hidden;
use crate::diagnostic::{Code, Diagnostic, Sink, clip, closest, codes};
use crate::limits;
use crate::slip::{Compared, Sought};
use crate::source::{Source, Span};
use crate::value::Value;
use crate::{characters, decode};

type Row = Box<[Option<Value>]>;

/// A table that is being filled.
pub struct Filling<'a> {
    columns: &'a [Column],
    key: usize,
    capacity: Option<u64>,
    rows: Vec<Row>,
    index: HashMap<KeyValue, usize>,
    /// Rows seen, good or bad.
    seen: usize,
    /// Whether they come from a file of data: what nobody sees in content is told where content is read.
    of_data: bool,
    /// The kinds of slips in keys that were told, each once.
    told: Vec<&'static str>,
    /// Whether a key with a doubtful character was told.
    has_doubt: bool,
}

impl<'a> Filling<'a> {
    /// A table without rows.
    #[must_use]
    pub fn new(columns: &'a [Column], key: usize, capacity: Option<u64>) -> Self {
        Self {
            columns,
            key,
            capacity,
            rows: Vec::new(),
            index: HashMap::new(),
            seen: 0,
            of_data: false,
            told: Vec::new(),
            has_doubt: false,
        }
    }

    /// The table, once every row is in it. Only where nothing was reported is it one.
    #[must_use]
    pub fn finish(self, name: String, version: u32) -> Table {
        let Self { columns, key, capacity, rows, index, .. } = self;
        Table { name, version, columns: columns.to_vec(), key, capacity, rows, index: Arc::new(index) }
    }

    /// Rows of a file.
    pub fn data(&mut self, format: Format, data: Data<'_>) -> Vec<Diagnostic> {
        self.of_data = true;
        let bytes = data.bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(data.bytes);
        if bytes.len() > limits::TABLE_BYTES {
            let source = Source::new(data.name, "");
            let message = format!("the data has {} bytes; the limit is {}", bytes.len(), limits::TABLE_BYTES);
            return vec![Diagnostic::new(&codes::FILE_TOO_LARGE, &source, Span::at(0), message)];
        }
        if let Some(row) = bytes.split(|byte| *byte == b'\n').position(|line| line.len() > limits::TABLE_LINE_BYTES) {
            // The line is not shown: it would fill the screen.
            let source = Source::new(data.name, "");
            let message = format!("line {} has more than {} bytes", row + 1, limits::TABLE_LINE_BYTES);
            let found = Diagnostic::new(&codes::TABLE_ROW, &source, Span::at(0), message);
            return vec![found.with_help("write one row on each line, with the declared columns")];
        }
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => return vec![self.not_utf8(format, data.name, bytes, error.valid_up_to())],
        };
        let source = Source::new(data.name, text);
        let mut sink = Sink::new(&source);
        if let Some((span, mark)) = decode::conflict(text) {
            let message = format!("an unresolved merge conflict: `{}`", clip(mark));
            sink.push(sink.diagnostic(&codes::TABLE_ROW, span, message).with_help(decode::CONFLICT_HELP));
            return sink.finish();
        }
        match format {
            Format::Csv => {
                // Of rows that cannot be told apart nothing else can be said.
                if !super::quotes::check(text, &mut sink) {
                    return sink.finish();
                }
                self.csv(text, &mut sink);
            }
            Format::JsonLines => self.json_lines(text, &mut sink),
        }
        self.close(Span::at(0), &mut sink);
        if format == Format::Csv {
            open_end(text, &mut sink);
        }
        sink.finish()
    }

    fn not_utf8(&self, format: Format, name: &str, bytes: &[u8], good: usize) -> Diagnostic {
        let before = bytes.get(..good).unwrap_or_default();
        let source = Source::new(name, String::from_utf8_lossy(before));
        let lines = before.iter().filter(|byte| **byte == b'\n').count();
        let line = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let at = match format {
            Format::Csv => {
                let column = line.iter().filter(|byte| **byte == b',').count();
                let named = self.columns.get(column).map_or_else(String::new, |_| format!(", column {}", column + 1));
                format!("row {lines}{named}")
            }
            Format::JsonLines => format!("row {}", lines + 1),
        };
        Diagnostic::new(&codes::NOT_UTF8, &source, Span::at(good), format!("{at}: the text is not UTF-8"))
            .with_help("save the data as UTF-8")
    }

    fn csv(&mut self, text: &str, sink: &mut Sink) {
        let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(text.as_bytes());
        let mut record = csv::StringRecord::new();
        let mut order: Option<Vec<usize>> = None;
        let mut start = 0;
        loop {
            match reader.read_record(&mut record) {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    sink.report(&codes::TABLE_ROW, Span::at(start), format!("row {}: {error}", self.seen + 1));
                    return;
                }
            }
            let end = usize::try_from(reader.position().byte()).unwrap_or(text.len());
            let raw = text.get(start..end).unwrap_or("");
            let begin = start + (raw.len() - raw.trim_start().len());
            let span = Span::new(begin, begin + raw.trim().len());
            start = end;
            let Some(order) = &order else {
                match self.header(record.iter(), span, sink) {
                    Some(found) => order = Some(found),
                    None => return,
                }
                continue;
            };
            self.seen += 1;
            if self.seen > limits::TABLE_ROWS {
                return;
            }
            if self.columns.iter().zip(order).all(|(column, at)| record.get(*at).map(str::trim) == Some(&column.name)) {
                let message = format!("row {} names the columns again", self.seen);
                let found = sink.diagnostic(&codes::TABLE_ROW, span, message);
                sink.push(found.with_help("remove it: two tables were joined with their headers"));
                continue;
            }
            if record.len() != order.len() {
                self.miscounted(record.len(), span, sink);
                continue;
            }
            let columns = self.columns;
            let cells = columns
                .iter()
                .zip(order)
                .map(|(column, at)| (cell::from_text(record.get(*at).unwrap_or(""), column.ty), span));
            self.row(cells, span, sink);
        }
    }

    /// What separates the names of columns in a header that is one cell, other than a comma.
    fn separator(&self, header: &str) -> Option<char> {
        let is_column = |name: &str| self.columns.iter().any(|column| column.name == name.trim().trim_matches('"'));
        [';', '\t', '|', ':'].into_iter().find(|sign| header.contains(*sign) && header.split(*sign).any(is_column))
    }

    /// For each column of the table its place in the data.
    fn header<'t>(&self, names: impl Iterator<Item = &'t str>, span: Span, sink: &mut Sink) -> Option<Vec<usize>> {
        let names: Vec<&str> = names.map(str::trim).collect();
        let before = sink.len();
        if let [line] = names.as_slice()
            && let Some(sign) = self.separator(line)
        {
            let message = format!("header: columns are separated by {}, and CSV has commas", separator_name(sign));
            let found = sink.diagnostic(&codes::TABLE_ROW, span, message);
            sink.push(found.with_help("save the data with commas; a cell that has one goes in double quotes"));
            return None;
        }
        for (at, name) in names.iter().enumerate() {
            if names.iter().take(at).any(|other| other == name) {
                sink.report(&codes::TABLE_ROW, span, format!("header: column `{}` is named twice", clip(name)));
            } else if !self.columns.iter().any(|column| column.name == *name) {
                let message = format!("header: the table declares no column `{}`", clip(name));
                let found = sink.diagnostic(&codes::TABLE_ROW, span, message);
                let near = closest(name, self.columns.iter().map(|column| column.name.as_str()));
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if names.len() == 1 && name.contains([';', '\t', '|']) => {
                        "separate columns with commas: this row is one cell".to_owned()
                    }
                    None => "the first row names the columns".to_owned(),
                };
                sink.push(found.with_help(help));
            }
        }
        let place = |column: &Column| names.iter().position(|name| *name == column.name);
        for column in self.columns.iter().filter(|column| place(column).is_none()) {
            sink.report(&codes::TABLE_ROW, span, format!("header: column `{}` is missing", column.name));
        }
        if sink.len() > before {
            return None;
        }
        self.columns.iter().map(place).collect()
    }

    fn json_lines(&mut self, text: &str, sink: &mut Sink) {
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let span = Span::new(start, start + line.trim_end().len());
            start += line.len();
            if line.trim().is_empty() {
                continue;
            }
            self.seen += 1;
            if self.seen > limits::TABLE_ROWS {
                return;
            }
            let pairs = match serde_json::from_str::<Pairs>(line) {
                Ok(Pairs(pairs)) => pairs,
                Err(error) => {
                    sink.report(&codes::TABLE_ROW, span, format!("row {}: {error}", self.seen));
                    continue;
                }
            };
            let before = sink.len();
            for (at, (name, _)) in pairs.iter().enumerate() {
                let problem = if pairs.iter().take(at).any(|(other, _)| other == name) {
                    "is given twice"
                } else if self.columns.iter().any(|column| column.name == *name) {
                    continue;
                } else {
                    "is not declared"
                };
                sink.report(&codes::TABLE_ROW, span, format!("row {}: column `{}` {problem}", self.seen, clip(name)));
            }
            if sink.len() > before {
                continue;
            }
            let columns = self.columns;
            let cells = columns.iter().map(|column| {
                let value = pairs.iter().find(|(name, _)| *name == column.name).map(|(_, value)| value);
                (cell::from_json(value.unwrap_or(&serde_json::Value::Null), column.ty), span)
            });
            self.row(cells, span, sink);
        }
    }

    /// Takes one row of a declaration, which has `count` cells, or reports what is wrong with it.
    pub fn declared(
        &mut self,
        count: usize,
        cells: impl Iterator<Item = (Result<Option<Value>, String>, Span)>,
        span: Span,
        sink: &mut Sink,
    ) {
        self.seen += 1;
        if count == self.columns.len() {
            self.row(cells, span, sink);
        } else {
            self.miscounted(count, span, sink);
        }
    }

    /// Takes one row of the right length, or reports each of its bad cells.
    fn row(&mut self, cells: impl Iterator<Item = (Result<Option<Value>, String>, Span)>, span: Span, sink: &mut Sink) {
        let mut row = Vec::with_capacity(self.columns.len());
        let mut good = true;
        for (place, (column, (cell, at))) in self.columns.iter().zip(cells).enumerate() {
            let unseen = match &cell {
                Ok(Some(Value::String(text))) if place == self.key => unseen(text, self.of_data),
                _ => None,
            };
            let cell = unseen.map_or(cell, Err);
            match cell {
                Ok(value) => row.push(value),
                Err(problem) => {
                    good = false;
                    let message = format!("row {}, column `{}` {problem}", self.seen, column.name);
                    let found = sink.diagnostic(&codes::TABLE_ROW, at, message);
                    sink.push(if problem == "is blank" {
                        found.with_help("fill the cell; where blank is right, declare the column optional with `?`")
                    } else {
                        found
                    });
                }
            }
        }
        if !good || self.seen > limits::TABLE_ROWS {
            return;
        }
        let Some(column) = self.columns.get(self.key) else { return };
        let value = row.get(self.key).and_then(Option::as_ref);
        if let Some(Value::String(text)) = value
            && self.of_data
            && !self.has_doubt
            && let Some((code, doubt)) = characters::doubt(text)
        {
            self.has_doubt = true;
            let message = format!("row {}, column `{}` {doubt}", self.seen, column.name);
            let found = sink.diagnostic(code, span, message);
            sink.push(found.with_help(
                "type it again; where events have just that, accept this finding where the table is declared",
            ));
        }
        if let Some(Value::String(text)) = value
            && let Some((kind, code, said, help)) = slipped(text, &column.name)
            && !self.told.contains(&kind)
        {
            self.told.push(kind);
            let message = format!("row {}, column `{}`: `{}` {said}", self.seen, column.name, clip(text));
            sink.push(sink.diagnostic(code, span, message).with_help(help));
        }
        let Some(key) = value.and_then(|value| KeyValue::of(value, column.ty.nocase)) else { return };
        let number = self.seen - 1;
        if let Some(first) = self.index.insert(key, number) {
            let message = format!("row {}, column `{}` has the same key as row {}", self.seen, column.name, first + 1);
            sink.report(&codes::TABLE_DUPLICATE_KEY, span, message);
            return;
        }
        self.rows.push(row.into_boxed_slice());
    }

    fn miscounted(&self, cells: usize, span: Span, sink: &mut Sink) {
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let columns = self.columns.len();
        let message = format!(
            "row {} has {cells} cell{}; the table has {columns} column{}",
            self.seen,
            plural(cells),
            plural(columns)
        );
        sink.report(&codes::TABLE_ROW, span, message);
    }

    /// Holds the number of rows to the limits.
    pub fn close(&self, span: Span, sink: &mut Sink) {
        if self.seen == 0 && sink.is_empty() {
            sink.report(&codes::TABLE_EMPTY, span, "the table has no rows");
        }
        if let Some(capacity) =
            self.capacity.filter(|capacity| u64::try_from(self.seen).unwrap_or(u64::MAX) > *capacity)
        {
            let message = format!("the table has {} rows; its capacity is {capacity}", self.seen);
            sink.report(&codes::TABLE_OVER_CAPACITY, span, message);
        }
        if self.seen > limits::TABLE_ROWS {
            let message = format!("the table has more than {} rows", limits::TABLE_ROWS);
            sink.report(&codes::LIMIT_EXCEEDED, span, message);
        }
    }
}

/// A last row that does not end as the others do. What is left of a row that was cut off can be a whole one to all
/// appearance: of JSON lines it cannot.
fn open_end(text: &str, sink: &mut Sink) {
    let ends = ['\n', '\r'];
    let Some(start) = text.rfind(ends).map(|at| at + 1).filter(|start| *start < text.len()) else { return };
    let found = sink.diagnostic(
        &codes::TABLE_OPEN_END,
        Span::new(start, text.len()),
        "the last row has no line end, and those before it have one: the data may be cut off",
    );
    sink.push(found.with_help("hold it against its source; where it is whole, end the last row with a line break"));
}

/// A JSON object with its repeated names, which a map would drop.
struct Pairs(Vec<(String, serde_json::Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object on a line of its own")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                    if pairs.len() > limits::TABLE_COLUMNS {
                        return Err(serde::de::Error::custom("more names than a table may have columns"));
                    }
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// What a sign is called.
const fn separator_name(sign: char) -> &'static str {
    match sign {
        ';' => "semicolons",
        '\t' => "tabs",
        '|' => "bars",
        _ => "colons",
    }
}

/// A key that looks like a slip: of which kind it is, its code, what is said of it, and the remedy.
fn slipped(text: &str, column: &str) -> Option<(&'static str, &'static Code, String, &'static str)> {
    let sought = Sought { text, compared: Compared::Whole, field: Some(column), is_quoted: true };
    let as_written = || "is compared as it is written".to_owned();
    if sought.foreign().is_some() {
        let help = "a table has no regexes: write what values are, or ask for it in a rule with `matches`";
        return Some(("regex", &codes::FOREIGN_PATTERN, as_written(), help));
    }
    if text.contains('*') {
        let help = "a table has no wildcards: write what values are, or look for it in a rule";
        return Some(("star", &codes::FOREIGN_PATTERN, as_written(), help));
    }
    if let Some((mark, edge)) = sought.mark() {
        let said = format!("{edge} with `{mark}`, which is compared as a part of the value");
        let help =
            "remove it here and in other rows; if values have it, accept this finding where the table is declared";
        return Some((if mark == ',' { "comma" } else { "quote" }, &codes::STRAY_CHARACTER, said, help));
    }
    sought.several()?;
    let said = "looks like several values and is compared as one string".to_owned();
    Some(("several", &codes::VALUES_IN_STRING, said, "write a row for each of them"))
}

/// What nobody sees in a key and what keeps it from being that of any event. A line break within a cell has its own code,
/// and words of some scripts are written with joiners.
fn unseen(text: &str, of_data: bool) -> Option<String> {
    if of_data
        && let Some(letter) =
            text.chars().find(|letter| is_hidden(*letter) && !matches!(letter, '\n' | '\r' | '\u{200C}' | '\u{200D}'))
    {
        return Some(format!("has the hidden character U+{:04X}", u32::from(letter)));
    }
    (text.trim() != text).then(|| "begins or ends with a space".to_owned())
}
