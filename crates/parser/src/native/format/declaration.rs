//! Layout of declarations and their entries.

use super::super::ast::{
    Ast, AttributeValue, Block, Column, Declaration, LetValue, List, Name, NumberedField, Pair, Rows, Rule, RuleEntry,
    Table, Template, TemplateEntry, Test, Values,
};
use super::super::lexer::is_bare;
use super::super::literal::write_text;
use super::condition::anchor;
use super::{Printer, STEP, flat_name, flat_values, values_anchor};
use contentcheck_model::source::{Span, Spanned};
use contentcheck_model::template::FieldType;

/// Names of fields are aligned up to this length; longer ones push their type to the right.
const ALIGNED: usize = 32;

/// Attributes whose values are words, written without quotes.
const WORDS: [&str; 3] = ["severity", "status", "tags"];

impl Printer<'_> {
    pub(super) fn file(&mut self, ast: &Ast) {
        let mut after_block = false;
        for declaration in ast.declarations() {
            let block = !matches!(declaration, Declaration::List(_));
            if (after_block || block) && !self.out.is_empty() {
                self.blank();
            }
            after_block = block;
            match declaration {
                Declaration::Template(template) => self.template(template),
                Declaration::Table(table) => self.table(table),
                Declaration::List(list) => self.list(list),
                Declaration::Rule(rule) => self.rule(rule),
            }
            self.finish_line(declaration.span().end);
        }
        self.leading(u32::MAX);
    }

    /// Comments, a blank line if there was one, and the indentation of a new line.
    fn start(&mut self, anchor: u32, start: u32) {
        self.leading(anchor);
        self.keep_blank(start);
        self.begin_line();
    }

    fn template(&mut self, template: &Template) {
        self.start(template.body.start, template.span.start);
        self.out.push_str(&format!("template {} @ {} {{", template.name.value, template.version.value));
        self.finish_line(template.body.start + 1);
        self.indent += STEP;
        let fields = || {
            template.entries.iter().filter_map(|entry| match entry {
                TemplateEntry::Field(field) => Some(field),
                _ => None,
            })
        };
        let digits = fields().map(|field| field.position.value.to_string().len()).max().unwrap_or(0);
        let names = fields().map(|field| shown_name(&field.name).chars().count()).filter(|length| *length <= ALIGNED);
        let width = names.max().unwrap_or(0);
        for entry in &template.entries {
            let span = entry.span();
            match entry {
                TemplateEntry::Serves(block) => self.word_block(
                    "serves",
                    block,
                    |name| name.span.end,
                    |out, _, name| {
                        flat_text(out, &name.value, true);
                    },
                ),
                TemplateEntry::Reads(block) => self.word_block("reads", block, |values| values.span.end, flat_values),
                TemplateEntry::Header(block) => {
                    self.word_block(
                        "header",
                        block,
                        |ty: &Spanned<FieldType>| ty.span.end,
                        |out, _, ty| {
                            out.push_str(&ty.value.to_string());
                        },
                    );
                }
                TemplateEntry::Retired(retired) => {
                    self.start(span.end, span.start);
                    let positions: Vec<String> =
                        retired.positions.iter().map(|position| position.value.to_string()).collect();
                    self.out.push_str("retired ");
                    self.out.push_str(&positions.join(", "));
                }
                TemplateEntry::Open(_) => {
                    self.start(span.end, span.start);
                    self.out.push_str("open");
                }
                TemplateEntry::Field(field) => self.field(field, digits, width),
            }
            self.finish_line(span.end);
        }
        self.close(template.body);
    }

    fn field(&mut self, field: &NumberedField, digits: usize, width: usize) {
        self.start(field.span.end, field.span.start);
        let name = shown_name(&field.name);
        let padding = width.saturating_sub(name.chars().count());
        let position = field.position.value;
        self.out.push_str(&format!("{position:<digits$} {name}{:padding$} : {}", "", field.ty.value));
    }

    /// The `}` of a block whose entries end with a line break.
    fn close(&mut self, body: Span) {
        self.leading(body.end);
        self.indent -= STEP;
        self.begin_line();
        self.out.push('}');
    }

    /// A word and pairs in braces, of values that never break.
    fn word_block<T>(
        &mut self,
        word: &str,
        block: &Block<Pair<T>>,
        end: impl Fn(&T) -> u32,
        flat: impl Fn(&mut String, &str, &T),
    ) {
        self.start(block.body.start, block.span.start);
        self.out.push_str(word);
        self.out.push(' ');
        let text = self.text;
        let pair = |out: &mut String, pair: &Pair<T>| {
            flat_name(out, &pair.key);
            out.push_str(": ");
            flat(out, text, &pair.value);
        };
        self.braces(&block.pairs, block.body, |pair| pair.key.span.start..end(&pair.value), pair);
    }

    /// Items in braces, on one line if they fit.
    fn braces<T>(
        &mut self,
        items: &[T],
        body: Span,
        range: impl Fn(&T) -> std::ops::Range<u32>,
        flat: impl Fn(&mut String, &T),
    ) {
        let mut line = String::from("{ ");
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                line.push_str(", ");
            }
            flat(&mut line, item);
        }
        line.push_str(if items.is_empty() { "}" } else { " }" });
        if !self.comment_before(body.end) && self.fits(&line, 0) {
            self.out.push_str(&line);
            return;
        }
        self.out.push('{');
        let span = |item: &T| Span { start: range(item).start, end: range(item).end };
        self.broken(body, '}', items, |item| range(item).end, span, |printer, item| flat(&mut printer.out, item));
    }

    fn table(&mut self, table: &Table) {
        self.start(table.body.start, table.span.start);
        self.out.push_str(&format!("table {} @ {} ", table.name.value, table.version.value));
        let column = |out: &mut String, column: &Column| {
            flat_name(out, &column.name);
            out.push_str(": ");
            out.push_str(&column.ty.value.to_string());
            if column.key.is_some() {
                out.push_str(" key");
            }
        };
        self.braces(&table.columns, table.body, |column| column.span.start..column.span.end, column);
        if let Some(capacity) = &table.capacity {
            let capacity = self.slice(capacity.span).to_owned();
            self.out.push_str(" capacity ");
            self.out.push_str(&capacity);
        }
        match &table.rows {
            Rows::From(file) => {
                self.out.push_str(" from ");
                write_text(&mut self.out, &file.value);
            }
            Rows::Inline(rows) => {
                self.out.push_str(" rows [");
                let text = self.text;
                let end = |row: &Values| row.span.end;
                self.broken(
                    rows.span,
                    ']',
                    &rows.rows,
                    end,
                    |row| row.span,
                    |printer, row| {
                        flat_values(&mut printer.out, text, row);
                    },
                );
            }
        }
    }

    fn list(&mut self, list: &List) {
        self.start(list.values.span.start, list.span.start);
        self.out.push_str(&format!("list {} = ", list.name.value));
        self.values(&list.values, 0);
    }

    fn rule(&mut self, rule: &Rule) {
        self.start(rule.body.start, rule.span.start);
        self.out.push_str(&format!("rule {} {{", rule.name.value));
        self.finish_line(rule.body.start + 1);
        self.indent += STEP;
        for entry in &rule.entries {
            let span = entry.span();
            match entry {
                RuleEntry::Attribute(attribute) => self.attribute(attribute),
                RuleEntry::Let(binding) => {
                    let place = match &binding.value {
                        LetValue::Condition(condition) => anchor(condition),
                        LetValue::Values(values) => values_anchor(values),
                    };
                    self.start(place, span.start);
                    self.out.push_str(&format!("let {} = ", binding.name.value));
                    match &binding.value {
                        LetValue::Condition(condition) => self.condition(condition),
                        LetValue::Values(values) => self.values(values, 0),
                    }
                }
                RuleEntry::When(when) => {
                    self.start(anchor(&when.condition), span.start);
                    self.out.push_str("when ");
                    self.condition(&when.condition);
                }
                RuleEntry::Test(test) => self.test(test),
            }
            self.finish_line(span.end);
        }
        self.close(rule.body);
    }

    fn attribute(&mut self, attribute: &Pair<AttributeValue>) {
        let key = attribute.key.value.as_str();
        let words = WORDS.contains(&key);
        let place = match &attribute.value {
            AttributeValue::List(list) => list.span.start,
            other => other.span().end,
        };
        self.start(place, attribute.key.span.start);
        self.out.push_str(key);
        self.out.push_str(": ");
        match &attribute.value {
            AttributeValue::Text(text) => flat_text(&mut self.out, &text.value, words),
            AttributeValue::Template(template) => {
                self.out.push_str(&format!("{} @ {}", template.name.value, template.version.value));
            }
            AttributeValue::List(list) => {
                let mut flat = String::from("[");
                for (index, item) in list.items.iter().enumerate() {
                    if index > 0 {
                        flat.push_str(", ");
                    }
                    flat_text(&mut flat, &item.value, words);
                }
                flat.push(']');
                if !self.comment_before(list.span.end) && self.fits(&flat, 0) {
                    self.out.push_str(&flat);
                } else {
                    self.out.push('[');
                    let end = |item: &Name| item.span.end;
                    self.broken(
                        list.span,
                        ']',
                        &list.items,
                        end,
                        |item| item.span,
                        |printer, item| {
                            flat_text(&mut printer.out, &item.value, words);
                        },
                    );
                }
            }
        }
    }

    fn test(&mut self, test: &Test) {
        self.start(test.body.start, test.span.start);
        self.out.push_str(if test.fires { "test fires " } else { "test silent " });
        if let Some(name) = &test.name {
            write_text(&mut self.out, &name.value);
            self.out.push(' ');
        }
        let text = self.text;
        let field = |out: &mut String, field: &Pair<Values>| {
            flat_name(out, &field.key);
            out.push_str(": ");
            flat_values(out, text, &field.value);
        };
        self.braces(&test.fields, test.body, |field| field.key.span.start..field.value.span.end, field);
    }
}

fn shown_name(name: &Name) -> String {
    let mut shown = String::new();
    flat_name(&mut shown, name);
    shown
}

/// A text, as a word where that is the custom and possible.
fn flat_text(out: &mut String, text: &str, word: bool) {
    if word && is_bare(text) {
        out.push_str(text);
    } else {
        write_text(out, text);
    }
}
