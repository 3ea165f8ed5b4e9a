//! Template types.

use super::super::ast::{Block, NumberedField, Pair, Retired, Template, TemplateEntry};
use super::super::lexer::Kind;
use super::{Failed, Parser, Read};
use contentcheck_model::diagnostic::{clip, closest, codes};
use contentcheck_model::limits;
use contentcheck_model::source::Spanned;
use contentcheck_model::template::{FieldType, Scalar};

const ENTRIES: [&str; 5] = ["serves", "reads", "header", "retired", "open"];
const LOG_SOURCE: [&str; 3] = ["product", "category", "service"];
const TYPES: [&str; 7] = ["string", "int", "float", "bool", "ip", "bytes", "list"];

impl Parser<'_> {
    /// `template name @ 2 { ... }`
    pub(super) fn template(&mut self) -> Read<Template> {
        let start = self.bump().start;
        let what = "the name of a template type";
        if !self.at(Kind::Word) {
            let found = self.unexpected(what);
            self.push(found.with_help("write its name and version without quotes, as in `template acme.process @ 1`"));
            return Err(Failed);
        }
        let name = self.name(what)?;
        if name.value.contains('-') {
            let message = format!("`{}` cannot be {what}", name.value);
            let found = self
                .sink
                .diagnostic(&codes::SYNTAX, name.span, message)
                .with_help("its parts consist of letters, digits and `_`, with dots between them");
            self.push(found);
        }
        let version = self.version()?;
        let open = self.need(Kind::LeftBrace, "`{`")?;
        let entries = self.block(open, "template type", Self::template_entry, |parser| {
            parser.at(Kind::Int) || parser.word().is_some_and(|word| ENTRIES.contains(&word))
        })?;
        let numbered = entries.iter().filter(|entry| matches!(entry, TemplateEntry::Field(_))).count();
        if numbered > limits::TEMPLATE_FIELDS {
            let message = format!("{numbered} fields in one template type; the limit is {}", limits::TEMPLATE_FIELDS);
            self.sink.report(&codes::LIMIT_EXCEEDED, name.span, message);
        }
        Ok(Template { name, version, entries, body: self.since(open.start), span: self.since(start) })
    }

    fn template_entry(&mut self) -> Read<TemplateEntry> {
        if self.at(Kind::Int) {
            return self.numbered_field().map(TemplateEntry::Field);
        }
        let start = self.token.start;
        match self.word() {
            Some("serves") => self.pairs(Self::log_source_part).map(TemplateEntry::Serves),
            Some("reads") => self.pairs(|parser| parser.pair("a name", Self::values)).map(TemplateEntry::Reads),
            Some("header") => {
                let typed = |parser: &mut Self| parser.pair("the name of a field", Self::field_type);
                self.pairs(typed).map(TemplateEntry::Header)
            }
            Some("retired") => {
                self.bump();
                let mut positions = vec![self.number("a position")?];
                while self.take(Kind::Comma).is_some() {
                    positions.push(self.number("a position")?);
                }
                Ok(TemplateEntry::Retired(Retired { positions, span: self.since(start) }))
            }
            Some("open") => Ok(TemplateEntry::Open(self.bump().span())),
            word => {
                let near = word.and_then(|word| closest(word, ENTRIES));
                let found = self.unexpected("a numbered field, `serves`, `reads`, `header`, `retired` or `open`");
                let followed = self.lexer.sign_after(self.token.end);
                self.push(found.with_help(match (word, near) {
                    _ if self.at(Kind::Comma) => "remove it: fields are separated by lines alone".to_owned(),
                    _ if self.at(Kind::LeftBracket) => "a list is written `list<string>`".to_owned(),
                    (Some(word), _) if followed == Some(b':') && !ENTRIES.contains(&word) => {
                        format!("write its position before the name, as in `3 {word} : int`")
                    }
                    (Some(word), _) if !self.token.first => match word.to_ascii_lowercase().as_str() {
                        "nullable" | "optional" | "null" => {
                            "a field that may be absent has `?` behind its type, as in `string?`".to_owned()
                        }
                        _ => "behind a type there may be `?` (may be absent) and `nocase` (ignores case)".to_owned(),
                    },
                    (_, Some(near)) => format!("did you mean `{near}`?"),
                    _ => "a field is written `1 image : string`".to_owned(),
                }));
                Err(Failed)
            }
        }
    }

    /// A word and pairs in braces.
    fn pairs<T>(&mut self, pair: impl FnMut(&mut Self) -> Read<Pair<T>>) -> Read<Block<Pair<T>>> {
        let start = self.bump().start;
        if self.at(Kind::Colon) {
            let found = self.unexpected("`{`");
            self.push(found.with_help("remove the `:`"));
            return Err(Failed);
        }
        let open = self.need(Kind::LeftBrace, "`{`")?;
        let Ok(pairs) = self.items(open, (Kind::RightBrace, "}"), "block", pair) else {
            self.skip_block();
            return Err(Failed);
        };
        let (body, span) = (self.since(open.start), self.since(start));
        if pairs.is_empty() {
            self.sink.report(&codes::SYNTAX, body, "this block is empty");
        }
        Ok(Block { pairs, body, span })
    }

    fn log_source_part(&mut self) -> Read<Pair<super::Name>> {
        let pair = self.pair("`product`, `category` or `service`", |parser| parser.text_value("a word or a string"))?;
        if !LOG_SOURCE.contains(&pair.key.value.as_str()) {
            let message = format!("`{}` is not part of a log source", pair.key.value);
            let found = self.sink.diagnostic(&codes::UNKNOWN_KEY, pair.key.span, message);
            let found = match closest(&pair.key.value, LOG_SOURCE) {
                Some(near) => found.with_help(format!("did you mean `{near}`?")),
                None => found.with_help("the parts are `product`, `category` and `service`"),
            };
            self.push(found);
        }
        Ok(pair)
    }

    fn numbered_field(&mut self) -> Read<NumberedField> {
        let start = self.token.start;
        let position = self.number("a position")?;
        if self.text_of(self.token) == "." {
            let found = self.unexpected("the name of a field");
            self.push(found.with_help("write position and name without a dot, as in `3 process_id : int`"));
            return Err(Failed);
        }
        let name = self.name("the name of a field")?;
        if !self.at(Kind::Colon) {
            let found = self.unexpected("`:` and the type of the field");
            let name = clip(&name.value);
            self.push(found.with_help(if self.at(Kind::Question) {
                format!("write `?` behind the type: `{name} : string?`")
            } else {
                format!("write `:` between name and type: `{name} : string`")
            }));
            return Err(Failed);
        }
        self.bump();
        let ty = self.field_type()?;
        Ok(NumberedField { position, name, ty, span: self.since(start) })
    }

    /// `string? nocase`, `list<int>`
    pub(super) fn field_type(&mut self) -> Read<Spanned<FieldType>> {
        let start = self.token.start;
        let mut ty = FieldType::new(Scalar::String);
        match self.word() {
            Some("list") => {
                self.bump();
                if !self.at(Kind::Less) {
                    let found = self.unexpected("`<` and the type of the elements");
                    let found = self.behind(found);
                    self.push(found.with_help("write the type of its elements, as in `list<string>`"));
                    return Err(Failed);
                }
                self.bump();
                ty.scalar = self.scalar()?;
                ty.list = true;
                self.need(Kind::Greater, "`>`")?;
            }
            _ => ty.scalar = self.scalar()?,
        }
        ty.optional = self.take(Kind::Question).is_some();
        if let Some(token) = self.take_word("nocase") {
            ty.nocase = true;
            if ty.scalar != Scalar::String {
                let message = format!("`nocase` has no meaning for `{}`", ty.scalar.as_str());
                let found = self.sink.diagnostic(&codes::SYNTAX, token.span(), message);
                self.push(found.with_help("remove `nocase`, or declare a string"));
            }
            if let Some(question) = self.take(Kind::Question) {
                let found = self.sink.diagnostic(&codes::SYNTAX, question.span(), "`?` stands before `nocase`");
                self.push(found.with_help(format!("write `{}? nocase`", ty.scalar.as_str())));
            }
        }
        Ok(Spanned::new(ty, self.since(start)))
    }

    fn scalar(&mut self) -> Read<Scalar> {
        let Some(word) = self.word() else { return Err(self.expected("a type")) };
        if let Some(scalar) = Scalar::from_word(word) {
            self.bump();
            return Ok(scalar);
        }
        let lower = word.to_ascii_lowercase();
        if ["optional", "nullable", "option"].contains(&lower.as_str()) {
            let found = self.unexpected("a type");
            self.push(found.with_help("a field that may be absent has `?` behind its type, as in `string?`"));
            return Err(Failed);
        }
        let near = match lower.as_str() {
            "str" | "text" | "varchar" | "keyword" => Some("string"),
            "integer" | "long" | "i64" | "u64" | "i32" | "u32" | "uint" | "int32" | "int64" | "uint32" | "uint64"
            | "number" => Some("int"),
            "double" | "f64" | "real" => Some("float"),
            "boolean" => Some("bool"),
            "ipv4" | "ipv6" | "address" => Some("ip"),
            "hash" | "binary" | "blob" => Some("bytes"),
            _ => closest(word, TYPES),
        };
        let found = self
            .unexpected("a type")
            .with_help("the types are string, int, float, bool, ip, bytes and list<...> of one");
        self.push(match near {
            Some(near) => found.with_help(format!("did you mean `{near}`?")),
            None => found,
        });
        Err(Failed)
    }
}
