//! Rules.

use super::super::ast::{AttributeValue, Let, LetValue, Name, Pair, Rule, RuleEntry, TemplateName, Test, When};
use super::super::lexer::Kind;
use super::{Failed, Parser, Read, advice};
use contentcheck_model::diagnostic::{FixKind, closest, codes};
use contentcheck_model::limits;
use contentcheck_model::metadata;
use contentcheck_model::source::Span;

/// What an attribute holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Text,
    List,
    Template,
}

/// The attributes that a rule may have. A rule must have those with `true`.
const ATTRIBUTES: [(&str, Shape, bool); 13] = [
    ("id", Shape::Text, true),
    ("template", Shape::Template, true),
    ("severity", Shape::Text, true),
    ("status", Shape::Text, false),
    ("title", Shape::Text, false),
    ("description", Shape::Text, false),
    ("author", Shape::Text, false),
    ("date", Shape::Text, false),
    ("modified", Shape::Text, false),
    ("references", Shape::List, false),
    ("tags", Shape::List, false),
    ("falsepositives", Shape::List, false),
    ("sensors", Shape::Text, false),
];

/// Attributes with a closed set of values.
const CHOICES: [(&str, &[&str]); 2] = [
    ("severity", &["informational", "low", "medium", "high", "critical"]),
    ("status", &["experimental", "test", "stable", "deprecated"]),
];

/// The attributes, each with its closed set of values, if it has one.
pub(in super::super) fn attributes() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    let choices = |key: &str| CHOICES.iter().find(|(of, _)| *of == key).map_or(&[][..], |(_, words)| *words);
    ATTRIBUTES.iter().map(move |(key, ..)| (*key, choices(key)))
}

impl Parser<'_> {
    /// `rule name { ... }`
    pub(super) fn rule(&mut self) -> Read<Rule> {
        let start = self.bump().start;
        let name = self.plain_name("the name of a rule")?;
        let open = self.need(Kind::LeftBrace, "`{`")?;
        let entries = self.block(open, "rule", Self::rule_entry, |parser| {
            parser.at_entry_word() || parser.word().is_some() && parser.lexer.sign_after(parser.token.end) == Some(b':')
        })?;
        let rule = Rule { name, entries, body: self.since(open.start), span: self.since(start) };
        self.check_rule(&rule);
        Ok(rule)
    }

    /// Every attribute once, exactly one condition, bounded numbers.
    fn check_rule(&mut self, rule: &Rule) {
        let mut seen: std::collections::HashMap<&str, Span> = std::collections::HashMap::new();
        let mut lets = 0;
        for entry in &rule.entries {
            let (key, span) = match entry {
                RuleEntry::Attribute(attribute) => (attribute.key.value.as_str(), attribute.key.span),
                RuleEntry::When(when) => ("when", Span { start: when.span.start, end: when.span.start + 4 }),
                RuleEntry::Let(_) => {
                    lets += 1;
                    continue;
                }
                RuleEntry::Test(_) => continue,
            };
            if let Some(before) = seen.insert(key, span) {
                let found = self
                    .sink
                    .diagnostic(&codes::DUPLICATE_KEY, span, format!("rule `{}` has a second `{key}`", rule.name.value))
                    .with_place(before, "the first is here");
                let help = if key == "when" { "join the two with `and` or `or`" } else { "keep one of them" };
                self.push(found.with_help(help).with_rule(&rule.name.value));
            }
        }
        if lets > limits::SELECTIONS {
            let message = format!("{lets} bindings in one rule; the limit is {}", limits::SELECTIONS);
            self.sink.report(&codes::LIMIT_EXCEEDED, rule.name.span, message);
        }
        if self.errors != self.sink.len() {
            // What seems to be missing may be in an entry that could not be read.
            return;
        }
        let needed = ATTRIBUTES.iter().filter(|(_, _, needed)| *needed).map(|(key, ..)| *key);
        for key in needed.chain(["when"]).filter(|key| !seen.contains_key(key)) {
            let message = format!("rule `{}` has no `{key}`", rule.name.value);
            let found = self.sink.diagnostic(&codes::MISSING_ATTRIBUTE, rule.name.span, message);
            let help = match key {
                "id" => "add `id: \"...\"` with a UUID of its own",
                "template" => "name the template type that it reads: `template: name @ version`",
                "severity" => "add `severity:` with informational, low, medium, high or critical",
                _ => "add `when` and a condition",
            };
            self.sink.push(found.with_help(help).with_rule(&rule.name.value));
        }
    }

    fn rule_entry(&mut self) -> Read<RuleEntry> {
        let followed = self.lexer.sign_after(self.token.end);
        match self.word() {
            Some(word) if followed == Some(b':') => self.attribute(word).map(RuleEntry::Attribute),
            Some("let") => self.binding().map(RuleEntry::Let),
            Some("when") => self.when().map(RuleEntry::When),
            Some("test") => self.test().map(RuleEntry::Test),
            Some(word) => {
                let found = self.unexpected("an attribute, `let`, `when` or `test`");
                let attribute = ATTRIBUTES.iter().find(|(key, ..)| *key == word);
                let near = closest(word, ["let", "when", "test"]);
                self.push(found.with_help(match (attribute, advice::entry(word), near) {
                    _ if !self.token.first && followed != Some(b':') => {
                        "a value of several words is written in double quotes".to_owned()
                    }
                    (Some(_), ..) => format!("write `{word}:` and the value"),
                    (None, ..) if followed == Some(b'=') => format!("write `let {word} = ...`"),
                    (None, Some(help), _) => help.to_owned(),
                    (None, None, Some(near)) => format!("did you mean `{near}`?"),
                    (None, None, None) => {
                        "a rule has attributes such as `title: \"...\"`, `let`, `when` and `test`".to_owned()
                    }
                }));
                Err(Failed)
            }
            None => {
                let found = self.unexpected("an attribute, `let`, `when` or `test`");
                let sign = self.text_of(self.token);
                self.push(match self.token.kind {
                    Kind::Comma => found.with_help("remove it: entries of a rule are separated by lines alone"),
                    Kind::Unknown if sign == ";" => {
                        found.with_help("remove it: entries of a rule are separated by lines alone")
                    }
                    _ if found.help.is_some() => found,
                    _ => found.with_help("a rule has attributes such as `title: \"...\"`, `let`, `when` and `test`"),
                });
                Err(Failed)
            }
        }
    }

    fn attribute(&mut self, word: &str) -> Read<Pair<AttributeValue>> {
        let Some((key, shape, _)) = ATTRIBUTES.iter().find(|(key, ..)| *key == word) else {
            let found =
                self.sink.diagnostic(&codes::UNKNOWN_KEY, self.token.span(), format!("`{word}` is not an attribute"));
            let near = match word {
                "level" | "priority" | "risk" => Some("severity"),
                "desc" | "summary" => Some("description"),
                "sensor" => Some("sensors"),
                "uuid" => Some("id"),
                "condition" | "when" | "let" | "test" => None,
                "input" | "logsource" => Some("template"),
                "name" => Some("title"),
                "false_positives" => Some("falsepositives"),
                _ => closest(word, ATTRIBUTES.iter().map(|(key, ..)| *key)),
            };
            self.push(match near {
                Some(near) => found.with_help(format!("did you mean `{near}`?")),
                None if ["when", "let", "test"].contains(&word) => {
                    found.with_help(format!("remove the `:` behind `{word}`"))
                }
                None if word == "condition" => found.with_help("the condition of a rule follows `when`"),
                None => found.with_help(advice::entry(word).map_or_else(
                    || {
                        let names: Vec<&str> = ATTRIBUTES.iter().map(|(key, ..)| *key).collect();
                        format!("the attributes of a rule are {}", names.join(", "))
                    },
                    str::to_owned,
                )),
            });
            return Err(Failed);
        };
        let choices = CHOICES.iter().find(|(attribute, _)| attribute == key).map(|(_, choices)| *choices);
        let pair = self.pair("an attribute", |parser| match shape {
            Shape::Text if let (Some(choices), Kind::Int | Kind::Float) = (choices, parser.token.kind) => {
                let found = parser.unexpected("a word");
                parser.push(found.with_help(format!("write one of {}", choices.join(", "))));
                Err(Failed)
            }
            Shape::Template => parser.template_name().map(AttributeValue::Template),
            Shape::List => parser.text_list().map(AttributeValue::List),
            Shape::Text => parser.text_value("a word or a string").map(AttributeValue::Text),
        })?;
        match &pair.value {
            AttributeValue::Text(text) => self.printable(key, text),
            AttributeValue::List(list) => list.items.iter().for_each(|text| self.printable(key, text)),
            AttributeValue::Template(_) => {}
        }
        let choices = CHOICES.iter().find(|(attribute, _)| attribute == key);
        if let (Some((_, choices)), AttributeValue::Text(text)) = (choices, &pair.value)
            && !choices.contains(&text.value.as_str())
        {
            let message = format!("`{}` is not a {key}", text.value);
            let lower = text.value.to_ascii_lowercase();
            let same = choices.iter().copied().find(|choice| *choice == lower);
            let found = self.sink.diagnostic(&codes::INVALID_ATTRIBUTE, text.span, message).with_help(match same {
                Some(same) => format!("write `{same}`"),
                None => format!("write one of {}", choices.join(", ")),
            });
            // What is meant by another word is for a person to say.
            let near = match lower.as_str() {
                "info" | "information" => Some("informational"),
                "moderate" | "warning" => Some("medium"),
                "severe" | "urgent" | "fatal" => Some("critical"),
                other => closest(other, choices.iter().copied()),
            };
            self.push(match (same, near) {
                (Some(same), _) => {
                    found.with_spelling(FixKind::LowerCase, format!("write `{same}`"), &text.value, same)
                }
                (None, Some(near)) => found.with_help(format!("did you mean `{near}`?")),
                (None, None) => found,
            });
        }
        Ok(pair)
    }

    /// Reports what a report cannot print, which comes in by an escape.
    fn printable(&mut self, key: &str, text: &Name) {
        if let Some(sign) = metadata::unprintable(key, &text.value) {
            let found = metadata::control(key, sign, text.span, &self.sink);
            self.push(found);
        }
    }

    /// `ipc.named_pipe @ 2`
    fn template_name(&mut self) -> Read<TemplateName> {
        if !self.at(Kind::Word) {
            let found = self.unexpected("the name of a template type");
            self.push(found.with_help("write its name and version without quotes, as in `acme.process @ 1`"));
            return Err(Failed);
        }
        let name = self.name("the name of a template type")?;
        let version = self.version()?;
        Ok(TemplateName { name, version })
    }

    /// `let name = ...`
    fn binding(&mut self) -> Read<Let> {
        let start = self.bump().start;
        let name = self.plain_name("the name of a binding")?;
        if self.at(Kind::Colon) {
            let found = self.unexpected("`=`");
            self.push(found.with_help("write `=` for the `:`"));
            return Err(Failed);
        }
        self.need(Kind::Assign, "`=`")?;
        let value = if self.at(Kind::LeftBracket) {
            LetValue::Values(self.bracketed()?)
        } else {
            LetValue::Condition(self.condition()?)
        };
        Ok(Let { name, value, span: self.since(start) })
    }

    /// `when ...`
    fn when(&mut self) -> Read<When> {
        let start = self.bump().start;
        let condition = self.condition()?;
        Ok(When { condition, span: self.since(start) })
    }

    /// `test fires "name" { field: value }`
    fn test(&mut self) -> Read<Test> {
        let start = self.bump().start;
        let fires = match self.word() {
            Some("fires") => true,
            Some("silent") => false,
            word => {
                let near = match word {
                    Some("match" | "matches" | "true" | "positive" | "hit") => Some("fires"),
                    Some("nomatch" | "quiet" | "false" | "negative" | "miss") => Some("silent"),
                    other => other.and_then(|word| closest(word, ["fires", "silent"])),
                };
                let found = self.unexpected("`fires` or `silent`");
                self.push(
                    found.with_help(match near {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "`test fires` holds an event that the rule matches, `test silent` one that it does not"
                            .to_owned(),
                    }),
                );
                return Err(Failed);
            }
        };
        self.bump();
        let named = matches!(self.token.kind, Kind::Text | Kind::Raw | Kind::SingleQuoted | Kind::Broken);
        let name = if named { Some(self.text_value("the name of the test")?) } else { None };
        name.iter().for_each(|name| self.printable("test", name));
        let open = self.need(Kind::LeftBrace, "`{`")?;
        let field = |parser: &mut Self| parser.pair("the name of a field", Self::event_value);
        let Ok(fields) = self.items(open, (Kind::RightBrace, "}"), "test", field) else {
            self.skip_block();
            return Err(Failed);
        };
        Ok(Test { fires, name, fields, body: self.since(open.start), span: self.since(start) })
    }
}
