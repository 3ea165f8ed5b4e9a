//! Generate: choices to content and events. What is made is mostly accepted; what is not, the
//! check leaves out, as it does with a user's.

use std::fmt::Write as _;

use contentcheck_model::field::{FieldRef, Place};
use contentcheck_model::language::Language;
use contentcheck_model::source::Source;
use contentcheck_model::template::{FieldType, Fixed, Scalar, TemplateType};
use contentcheck_model::value::Value;
use contentcheck_reference::Event;

use crate::choices::Choices;
use crate::values::Pool;

const SCALARS: [Scalar; 6] = [Scalar::String, Scalar::Int, Scalar::Float, Scalar::Bool, Scalar::Ip, Scalar::Bytes];
/// Names that no template type declares; open ones have them all the same.
const OPEN: [&str; 3] = ["Undeclared", "Event.Data 1", "other"];

/// Content and the literals in it.
#[derive(Debug)]
pub struct World {
    /// The files.
    pub sources: Vec<(Source, Language)>,
    /// What events are made from.
    pub pool: Pool,
}

#[derive(Clone, Debug)]
struct Declared {
    name: String,
    version: u32,
    /// Nothing where a position is retired.
    fields: Vec<Option<(String, FieldType)>>,
    header: Vec<(String, FieldType)>,
    /// Values in the words of the language; several, or one.
    reads: Vec<(&'static str, Scalar, Vec<String>)>,
    open: bool,
}

impl Declared {
    fn text(&self, serves: &str) -> String {
        let mut text = format!("template {} @ {} {{\n    serves {{ {serves} }}\n", self.name, self.version);
        for (name, _, values) in &self.reads {
            let _ = writeln!(text, "    reads {{ {name}: [{}] }}", values.join(", "));
        }
        for (name, ty) in &self.header {
            let _ = writeln!(text, "    header {{ {name}: {ty} }}");
        }
        if self.open {
            text += "    open\n";
        }
        for (position, field) in (1..).zip(&self.fields) {
            let _ = match field {
                Some((name, ty)) => writeln!(text, "    {position} {name} : {ty}"),
                None => writeln!(text, "    retired {position}"),
            };
        }
        text + "}\n"
    }

    /// Everything that a rule may read, as it is written.
    fn readable(&self) -> Vec<(String, FieldType)> {
        let mut all: Vec<(String, FieldType)> = Vec::new();
        for (position, field) in (1..).zip(&self.fields) {
            if let Some((name, ty)) = field {
                all.push((name.clone(), *ty));
                if position % 3 == 0 {
                    all.push((format!("${position}"), *ty));
                }
            }
        }
        all.extend(self.header.iter().cloned());
        all.extend(self.reads.iter().map(|(name, scalar, _)| ((*name).to_owned(), FieldType::new(*scalar))));
        if self.open {
            all.extend(OPEN.iter().map(|name| (format!("`{name}`"), FieldType::OPEN)));
        }
        all
    }
}

/// A text of the native language.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for sign in text.chars() {
        match sign {
            '"' | '\\' => out.extend(['\\', sign]),
            ' '..='~' => out.push(sign),
            _ => drop(write!(out, "\\u{{{:x}}}", u32::from(sign))),
        }
    }
    out + "\""
}

/// A text in YAML.
fn yaml(text: &str) -> String {
    let mut out = String::from("\"");
    for sign in text.chars() {
        match sign {
            '"' | '\\' => out.extend(['\\', sign]),
            ' '..='~' => out.push(sign),
            _ => drop(write!(out, "\\U{:08x}", u32::from(sign))),
        }
    }
    out + "\""
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::from("hex\""), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    }) + "\""
}

/// An id for the rule with a number.
fn id(number: usize) -> String {
    format!("{number:08x}-5d1f-4c1e-9a3b-{number:012x}")
}

struct Generator<'g, 'c> {
    choices: &'g mut Choices<'c>,
    pool: Pool,
    templates: Vec<Declared>,
    rules: usize,
}

impl World {
    /// Template types, native rules and Sigma rules.
    #[must_use]
    pub fn new(choices: &mut Choices<'_>) -> Self {
        let pool = Pool::new(choices);
        let mut generator = Generator { choices, pool, templates: Vec::new(), rules: 0 };
        let mut sources = vec![generator.templates()];
        for _ in 0..=generator.choices.below(3) {
            sources.push(generator.native());
        }
        for _ in 0..generator.choices.below(6) {
            sources.push(generator.sigma());
        }
        Self { sources, pool: generator.pool }
    }

    /// An event of a template type of the checked content.
    #[must_use]
    pub fn event(&self, template: &TemplateType, choices: &mut Choices<'_>) -> Event {
        let pool = &self.pool;
        let mut event = Event::empty(template);
        for field in template.declared() {
            let Some(info) = template.describe(&field) else { continue };
            let value = match info.place {
                Place::Reads([_]) => continue,
                Place::Reads(_) if choices.once_in(12) => None,
                Place::Reads(values) => Some(match choices.pick(values) {
                    Fixed::Text(text) if choices.once_in(3) => Value::String(text.to_ascii_uppercase()),
                    fixed => fixed.value(),
                }),
                _ => value(pool, info.ty, choices),
            };
            event.set(&field, value);
        }
        if template.open {
            for name in OPEN {
                if choices.below(2) == 0 {
                    event.set(&template.named(name), Some(Value::String(pool.text(choices))));
                }
            }
        }
        for _ in 0..choices.below(3) {
            let scalar = *choices.pick(&SCALARS);
            let one = pool.value(scalar, choices);
            let list = choices.once_in(4);
            event.set(&FieldRef::ANY, Some(if list { Value::List(vec![one.clone(), one]) } else { one }));
        }
        event
    }
}

/// A value of a type, or none, or now and then one of another type.
fn value(pool: &Pool, ty: FieldType, choices: &mut Choices<'_>) -> Option<Value> {
    if choices.once_in(if ty.optional { 3 } else { 12 }) {
        return None;
    }
    let scalar = if choices.once_in(150) { *choices.pick(&SCALARS) } else { ty.scalar };
    let one = |choices: &mut Choices<'_>| pool.value(scalar, choices);
    // A recorder writes a list of one without brackets.
    if ty.list && !choices.once_in(5) {
        return Some(Value::List((0..choices.below(4)).map(|_| one(choices)).collect()));
    }
    Some(one(choices))
}

impl Generator<'_, '_> {
    fn ty(&mut self, scalar: Scalar) -> FieldType {
        let choices = &mut *self.choices;
        FieldType {
            scalar,
            list: choices.once_in(5),
            optional: choices.below(2) == 1,
            nocase: scalar == Scalar::String && choices.below(2) == 1,
        }
    }

    fn templates(&mut self) -> (Source, Language) {
        let mut text = String::new();
        // Texts are most of what events hold.
        let mut types = vec![FieldType::new(Scalar::String)];
        types.extend(SCALARS.map(|scalar| self.ty(scalar)));
        types.extend([Scalar::String, Scalar::String, Scalar::Int].map(|scalar| self.ty(scalar)));
        let types: Vec<(String, FieldType)> =
            types.into_iter().enumerate().map(|(at, ty)| (format!("{}_{at}", ty.scalar.as_str()), ty)).collect();
        for number in 0..=self.choices.below(3) {
            let offset = self.choices.below(types.len());
            let count = 1 + self.choices.below(types.len());
            let mut fields: Vec<_> = types.iter().cycle().skip(offset).take(count).cloned().map(Some).collect();
            if self.choices.once_in(5) {
                let at = self.choices.below(fields.len());
                fields.iter_mut().skip(at).take(1).for_each(|field| *field = None);
            }
            let mut header = Vec::new();
            if self.choices.below(2) == 1 {
                header.push(("Computer".to_owned(), FieldType { nocase: true, ..FieldType::new(Scalar::String) }));
            }
            if self.choices.once_in(3) {
                header.push(("Level".to_owned(), FieldType { optional: true, ..FieldType::new(Scalar::Int) }));
            }
            let mut reads = vec![("EventID", Scalar::Int, vec![(number + 1).to_string()])];
            if self.choices.below(2) == 1 {
                reads = vec![("EventID", Scalar::Int, vec!["5".to_owned(), "7".to_owned(), (number + 40).to_string()])];
            }
            if self.choices.once_in(3) {
                let values = ["\"Alpha\"", "\"Alpha/Beta\"", "\"omega\""];
                reads.push((
                    "Channel",
                    Scalar::String,
                    values.iter().take(1 + self.choices.below(3)).map(|text| (*text).to_owned()).collect(),
                ));
            }
            let open = self.choices.once_in(4);
            let declared = Declared { name: format!("acme.t{number}"), version: 1, fields, header, reads, open };
            let category = self.choices.below(2);
            let serves = format!("product: acme, category: c{category}");
            text += &declared.text(&serves);
            if self.choices.once_in(5) {
                let mut grown = Declared { version: 2, ..declared.clone() };
                grown
                    .fields
                    .push(Some(("grown".to_owned(), FieldType { optional: true, ..FieldType::new(Scalar::String) })));
                text += &grown.text(&serves);
                self.templates.push(grown);
            }
            self.templates.push(declared);
        }
        (Source::new("templates.content", text), Language::Native)
    }

    /// A literal of a kind, as the native language writes it.
    fn literal(&mut self, scalar: Scalar) -> String {
        match scalar {
            Scalar::String => quoted(&self.pool.literal(self.choices)),
            Scalar::Int => self.pool.integer(self.choices).to_string(),
            Scalar::Float => format!("{:?}", self.pool.float(self.choices)),
            Scalar::Bool => (*self.choices.pick(&["true", "false"])).to_owned(),
            Scalar::Ip => quoted(self.pool.address(self.choices)),
            Scalar::Bytes => hex(&self.pool.bytes(self.choices)),
        }
    }

    fn literals(&mut self, most: usize, mut one: impl FnMut(&mut Self) -> String) -> String {
        // Long lists are asked another way than short ones.
        let count = if self.choices.once_in(12) { most * 6 } else { 1 + self.choices.below(most) };
        let all: Vec<String> = (0..count).map(|_| one(self)).collect();
        format!("[{}]", all.join(", "))
    }

    fn native(&mut self) -> (Source, Language) {
        let mut text = String::new();
        let mut tables = Vec::new();
        for (number, scalar) in
            [Scalar::String, Scalar::Int, Scalar::Ip, Scalar::Bytes, Scalar::Bool].into_iter().enumerate()
        {
            if self.choices.once_in(4) {
                let nocase = if scalar == Scalar::String && self.choices.below(2) == 1 { " nocase" } else { "" };
                let name = format!("table_{number}");
                let mut keys: Vec<String> = (0..1 + self.choices.below(12)).map(|_| self.literal(scalar)).collect();
                keys.sort_unstable_by_key(|key| key.to_ascii_lowercase());
                keys.dedup_by_key(|key| key.to_ascii_lowercase());
                let rows: Vec<String> = keys.iter().map(|key| format!("[{key}]")).collect();
                let _ = writeln!(
                    text,
                    "table {name} @ 1 {{ k: {}{nocase} key }} rows [{}]",
                    scalar.as_str(),
                    rows.join(", ")
                );
                tables.push((name, scalar));
            }
        }
        let named = self.choices.below(2) == 1;
        if named {
            let values = self.literals(5, |this| this.literal(Scalar::String));
            let _ = writeln!(text, "list shared = {values}");
        }
        for _ in 0..=self.choices.below(4) {
            self.rules += 1;
            let number = self.rules;
            let template = self.choices.pick(&self.templates).clone();
            let readable = template.readable();
            let _ = write!(
                text,
                "rule r{number} {{\n    id: \"{}\"\n    template: {} @ {}\n    severity: {}\n",
                id(number),
                template.name,
                template.version,
                self.choices.pick(&["informational", "low", "medium", "high", "critical"]),
            );
            if self.choices.once_in(6) {
                text += "    sensors: \">=1\"\n";
            }
            let with_let = self.choices.once_in(3);
            if with_let {
                let bound = self.condition(2, &readable, &tables, named);
                let _ = writeln!(text, "    let bound = {bound}");
            }
            let mut when = self.condition(3, &readable, &tables, named);
            if with_let {
                when =
                    format!("({when}) {} {}bound", self.choices.pick(&["and", "or"]), self.choices.pick(&["", "not "]));
            }
            let _ = writeln!(text, "    when {when}\n}}");
        }
        (Source::new(format!("rules_{:03}.content", self.rules), text), Language::Native)
    }

    fn condition(
        &mut self,
        depth: usize,
        readable: &[(String, FieldType)],
        tables: &[(String, Scalar)],
        named: bool,
    ) -> String {
        let next = depth.saturating_sub(1);
        let shape = if depth == 0 { 0 } else { self.choices.below(6) };
        let word = match shape {
            2 | 3 => " and ",
            4 => " or ",
            5 => return format!("not ({})", self.condition(next, readable, tables, named)),
            _ => return self.predicate(readable, tables, named),
        };
        let count = 2 + self.choices.below(3);
        let parts: Vec<String> =
            (0..count).map(|_| format!("({})", self.condition(next, readable, tables, named))).collect();
        parts.join(word)
    }

    fn predicate(&mut self, readable: &[(String, FieldType)], tables: &[(String, Scalar)], named: bool) -> String {
        let (name, ty) = self.choices.pick(readable).clone();
        if self.choices.once_in(12) {
            return format!("{name} exists");
        }
        let quantifier = if ty.list { *self.choices.pick(&["any ", "all "]) } else { "" };
        let subject = format!("{quantifier}{name}");
        if self.choices.once_in(8) {
            let alike: Vec<&(String, FieldType)> =
                readable.iter().filter(|(other, of)| of.scalar == ty.scalar && !of.list && *other != name).collect();
            if let Some((other, _)) = self.choices.maybe(&alike).copied() {
                let operators: &[&str] = match ty.scalar {
                    Scalar::String => {
                        &["==", "!=", "==~", "contains", "contains~", "starts_with", "ends_with~", "starts_with~"]
                    }
                    Scalar::Int | Scalar::Float => &["==", "!=", "<", "<=", ">", ">="],
                    _ => &["==", "!="],
                };
                return format!("{subject} {} {other}", self.choices.pick(operators));
            }
        }
        let tables: Vec<&(String, Scalar)> = tables.iter().filter(|(_, scalar)| *scalar == ty.scalar).collect();
        if self.choices.once_in(6)
            && let Some((table, _)) = self.choices.maybe(&tables).copied()
        {
            return format!("{subject} in {table}");
        }
        match ty.scalar {
            Scalar::String => self.text_predicate(&subject, named),
            Scalar::Int => match self.choices.below(4) {
                0 => format!("{subject} in {}", self.literals(6, |this| this.literal(Scalar::Int))),
                1 if !ty.list => {
                    let (mask, value) = (self.pool.integer(self.choices), self.pool.integer(self.choices));
                    format!("{name} & {mask} {} {value}", self.choices.pick(&["==", "!=", "<", ">=", ">", "<="]))
                }
                _ => format!(
                    "{subject} {} {}",
                    self.choices.pick(&["==", "!=", "<", "<=", ">", ">="]),
                    self.literal(ty.scalar)
                ),
            },
            Scalar::Float => {
                format!(
                    "{subject} {} {}",
                    self.choices.pick(&["==", "!=", "<", "<=", ">", ">="]),
                    self.literal(ty.scalar)
                )
            }
            Scalar::Bool => format!("{subject} {} {}", self.choices.pick(&["==", "!="]), self.literal(ty.scalar)),
            Scalar::Ip => match self.choices.below(3) {
                0 => format!("{subject} cidr {}", self.literals(3, |this| quoted(this.pool.network(this.choices)))),
                1 => format!("{subject} in {}", self.literals(4, |this| this.literal(Scalar::Ip))),
                _ => format!("{subject} {} {}", self.choices.pick(&["==", "!="]), self.literal(ty.scalar)),
            },
            Scalar::Bytes => match self.choices.below(2) {
                0 => format!("{subject} in {}", self.literals(4, |this| this.literal(Scalar::Bytes))),
                _ => format!("{subject} {} {}", self.choices.pick(&["==", "!="]), self.literal(ty.scalar)),
            },
        }
    }

    fn text_predicate(&mut self, subject: &str, named: bool) -> String {
        let tilde = *self.choices.pick(&["", "~"]);
        match self.choices.below(8) {
            0 => format!("{subject} {}{tilde} {}", self.choices.pick(&["==", "!="]), self.literal(Scalar::String)),
            1 => format!("{subject} in{tilde} {}", self.literals(5, |this| this.literal(Scalar::String))),
            2 => {
                let pattern = self.literals(3, |this| quoted(&this.wildcards()));
                format!("{subject} like{tilde} {}{pattern}", self.choices.pick(&["", "", "all "]))
            }
            3 => {
                let expression = self.literals(2, |this| quoted(&this.expression(2)));
                format!("{subject} matches{tilde} {}{expression}", self.choices.pick(&["", "", "all "]))
            }
            _ => {
                let operator = *self.choices.pick(&["contains", "starts_with", "ends_with"]);
                if named && self.choices.once_in(3) {
                    return format!("{subject} {operator}{tilde} shared");
                }
                let all = *self.choices.pick(&["", "", "all "]);
                format!("{subject} {operator}{tilde} {all}{}", self.literals(4, |this| this.literal(Scalar::String)))
            }
        }
    }

    /// A wildcard pattern around literals.
    fn wildcards(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..=self.choices.below(4) {
            text += *self.choices.pick(&["*", "?", "", "*", "??", "?*", r"\*", r"\\"]);
            let literal = self.pool.literal(self.choices);
            let kept = self.choices.below(12);
            text.extend(literal.chars().filter(|sign| !matches!(sign, '*' | '?' | '\\')).take(kept));
        }
        text + *self.choices.pick(&["*", "", "?"])
    }

    /// A regular expression.
    fn expression(&mut self, depth: usize) -> String {
        let next = depth.saturating_sub(1);
        match if depth == 0 { self.choices.below(3) } else { self.choices.below(11) } {
            0 | 1 => {
                let literal = self.pool.literal(self.choices);
                let kept = 1 + self.choices.below(9);
                literal.chars().take(kept).fold(String::new(), |mut out, sign| {
                    if sign.is_ascii_punctuation() {
                        out.push('\\');
                    }
                    out.push(sign);
                    out
                })
            }
            2 => {
                let classes = [
                    ".",
                    r"\d",
                    r"\w",
                    r"\s",
                    r"\W",
                    r"\D",
                    "[a-f]",
                    "[^a]",
                    "[ä-ü]",
                    "[[:alpha:]]",
                    "[A-Z\\d]",
                    "[^\\x00-\\x7f]",
                ];
                (*self.choices.pick(&classes)).to_owned()
            }
            3 => format!("({}|{})", self.expression(next), self.expression(next)),
            4 => format!("(?:{})?{}", self.expression(next), self.expression(next)),
            5 => format!("{}{}", self.expression(0), self.choices.pick(&["*", "+", "?", "{2}", "{1,3}", "{2,}", "*?"])),
            6 => format!("^{}", self.expression(next)),
            7 => format!("{}$", self.expression(next)),
            8 => format!("(?{}:{})", self.choices.pick(&["i", "-i", "s", "m"]), self.expression(next)),
            9 => format!(r"\b{}\B{}", self.expression(next), self.expression(0)),
            _ => format!(
                "{}{}{}",
                self.expression(next),
                self.choices.pick(&["", ".*", ".", r"\n"]),
                self.expression(next)
            ),
        }
    }

    fn sigma(&mut self) -> (Source, Language) {
        self.rules += 1;
        let number = self.rules;
        let template = self.choices.pick(&self.templates).clone();
        let fields: Vec<(String, FieldType)> = template
            .readable()
            .into_iter()
            .filter(|(name, _)| !name.starts_with('$'))
            .map(|(name, ty)| (name.trim_matches('`').to_owned(), ty))
            .collect();
        let category = ["category: c0", "category: c1", "product: acme"];
        let mut text = format!(
            "title: rule number {number}\nid: {}\nlogsource: {{product: acme, {}}}\ndetection:\n",
            id(number),
            if self.choices.once_in(4) { "" } else { *self.choices.pick(&category[..2]) },
        );
        let count = 1 + self.choices.below(3);
        for selection in 0..count {
            let _ = writeln!(text, "  s{selection}:");
            if self.choices.once_in(6) {
                for _ in 0..=self.choices.below(2) {
                    let _ = writeln!(text, "    - {}", yaml(&self.sigma_text()));
                }
                continue;
            }
            let several = self.choices.once_in(4);
            let mut written = Vec::new();
            for _ in 0..=self.choices.below(3) {
                let (name, ty) = self.choices.pick(&fields).clone();
                let (modifiers, values) = self.item(ty, &fields);
                let key = format!("{name}{modifiers}");
                if !several && written.contains(&key) {
                    continue;
                }
                let _ = writeln!(text, "    {}{}: {values}", if several { "- " } else { "" }, yaml(&key));
                written.push(key);
            }
        }
        let conditions: &[&str] = match count {
            1 => &["s0", "not s0"],
            2 => &["s0 and s1", "s0 or s1", "s0 and not s1", "1 of s*", "all of them", "not 1 of them"],
            _ => &[
                "s0 and (s1 or s2)",
                "s0 and not 1 of s*",
                "(s0 or s1) and not s2",
                "all of s*",
                "1 of them",
                "s0 or (not s1 and not s2)",
            ],
        };
        let _ = writeln!(
            text,
            "  condition: {}\nlevel: {}",
            self.choices.pick(conditions),
            self.choices.pick(&["low", "high"])
        );
        (Source::new(format!("sigma_{number:03}.yml"), text), Language::Sigma)
    }

    fn sigma_text(&mut self) -> String {
        if self.choices.once_in(3) { self.wildcards() } else { self.pool.literal(self.choices) }
    }

    /// Modifiers of a Sigma item, and its values.
    fn item(&mut self, ty: FieldType, fields: &[(String, FieldType)]) -> (String, String) {
        if self.choices.once_in(12) {
            return match self.choices.below(3) {
                0 => ("|exists".to_owned(), (*self.choices.pick(&["true", "false"])).to_owned()),
                1 => (String::new(), "null".to_owned()),
                _ => {
                    let (other, _) = self.choices.pick(fields).clone();
                    let part = *self.choices.pick(&["", "|startswith", "|endswith", "|contains", "|neq"]);
                    (format!("|fieldref{part}"), yaml(&other))
                }
            };
        }
        match ty.scalar {
            Scalar::Ip => {
                if self.choices.below(2) == 0 {
                    ("|cidr".to_owned(), self.literals(3, |this| yaml(this.pool.network(this.choices))))
                } else {
                    (String::new(), self.literals(3, |this| yaml(this.pool.address(this.choices))))
                }
            }
            Scalar::Int | Scalar::Float => {
                if self.choices.below(2) == 0 {
                    (format!("|{}", self.choices.pick(&["lt", "lte", "gt", "gte"])), self.literal(ty.scalar))
                } else {
                    (String::new(), self.literals(4, |this| this.literal(ty.scalar)))
                }
            }
            Scalar::Bool => (String::new(), self.literal(Scalar::Bool)),
            Scalar::Bytes | Scalar::String => match self.choices.below(14) {
                0 => {
                    let flags = *self.choices.pick(&["", "|i", "|m", "|s", "|i|s"]);
                    (format!("|re{flags}"), self.literals(2, |this| yaml(&this.expression(2))))
                }
                1 => {
                    // Times and numbers as texts.
                    let part = *self.choices.pick(&["minute", "hour", "day", "week", "month", "year", "gt", "lte"]);
                    (
                        format!("|{part}"),
                        self.choices.pick(&["0", "1", "2", "12", "29", "34", "53", "2020", "2024"]).to_string(),
                    )
                }
                2 => ("|cidr".to_owned(), yaml(self.pool.network(self.choices))),
                3 => (
                    format!("|{}base64offset|contains", self.choices.pick(&["", "wide|", "utf16be|"])),
                    self.literals(2, |this| yaml(&this.pool.literal(this.choices))),
                ),
                4..=6 => {
                    let modifiers = ["", "|cased", "|neq", "|windash", "|all", "|windash|cased"];
                    ((*self.choices.pick(&modifiers)).to_owned(), self.literals(4, |this| yaml(&this.sigma_text())))
                }
                _ => {
                    let part = *self.choices.pick(&["|contains", "|startswith", "|endswith"]);
                    let more = *self.choices.pick(&["", "|cased", "|all", "|windash", "|all|cased", "|windash|all"]);
                    // `windash` stands before the part that it belongs to in no tool's rules, and behind in all.
                    (format!("{part}{more}"), self.literals(5, |this| yaml(&this.sigma_text())))
                }
            },
        }
    }
}
