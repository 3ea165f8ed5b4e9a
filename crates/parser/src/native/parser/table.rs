//! Tables.

use super::super::ast::{Column, InlineRows, Rows, Table};
use super::super::lexer::Kind;
use super::super::literal;
use super::{Failed, Parser, Read};
use contentcheck_model::diagnostic::codes;
use contentcheck_model::limits;
use contentcheck_model::source::Spanned;

impl Parser<'_> {
    /// `table name @ 3 { sha256: bytes key } capacity 10 from "file.csv"`
    pub(super) fn table(&mut self) -> Read<Table> {
        let start = self.bump().start;
        let name = self.plain_name("the name of a table")?;
        let version = self.version()?;
        let open = self.need(Kind::LeftBrace, "`{`")?;
        let columns = self.items(open, (Kind::RightBrace, "}"), "table", Self::column)?;
        let body = self.since(open.start);
        if columns.is_empty() {
            self.sink.report(&codes::SYNTAX, body, "this table has no columns");
        }
        if columns.len() > limits::TABLE_COLUMNS {
            let message = format!("{} columns in one table; the limit is {}", columns.len(), limits::TABLE_COLUMNS);
            self.sink.report(&codes::LIMIT_EXCEEDED, body, message);
        }
        let mut capacity = None;
        if self.take_word("capacity").is_some() {
            capacity = Some(self.capacity()?);
        }
        let rows = match self.word() {
            Some("from") => {
                self.bump();
                if !matches!(self.token.kind, Kind::Text | Kind::Raw | Kind::SingleQuoted | Kind::Broken) {
                    return Err(self.expected("the name of a file in double quotes"));
                }
                Rows::From(self.text_value("the name of a file")?)
            }
            Some("rows") => {
                self.bump();
                Rows::Inline(self.rows()?)
            }
            _ if capacity.is_none() => return Err(self.expected("`capacity`, `from` or `rows`")),
            _ => return Err(self.expected("`from` or `rows`")),
        };
        Ok(Table { name, version, columns, body, capacity, rows, span: self.since(start) })
    }

    fn column(&mut self) -> Read<Column> {
        let start = self.token.start;
        let pair = self.pair("the name of a column", Self::field_type)?;
        let key = self.take_word("key").map(super::Token::span);
        Ok(Column { name: pair.key, ty: pair.value, key, span: self.since(start) })
    }

    fn capacity(&mut self) -> Read<Spanned<u64>> {
        if !self.at(Kind::Int) {
            return Err(self.expected("a number of rows"));
        }
        let token = self.bump();
        let value = literal::int(self.text_of(token), token.span(), &mut self.sink).ok_or(Failed)?;
        let limit = u64::try_from(limits::TABLE_ROWS).unwrap_or(u64::MAX);
        match u64::try_from(value) {
            Ok(rows) if (1..=limit).contains(&rows) => Ok(Spanned::new(rows, token.span())),
            _ => {
                let message = format!("a capacity is between 1 and {limit} rows");
                self.sink.report(&codes::LIMIT_EXCEEDED, token.span(), message);
                Err(Failed)
            }
        }
    }

    fn rows(&mut self) -> Read<InlineRows> {
        let open = self.need(Kind::LeftBracket, "`[`")?;
        let rows = self.items(open, (Kind::RightBracket, "]"), "list of rows", Self::bracketed)?;
        Ok(InlineRows { rows, span: self.since(open.start) })
    }
}
