//! tau-engine: its own rules over JSON. It reads no Sigma, so the checked conditions are written
//! down in its language: for each rule one of its rules on each template type, so that what a
//! template type fixes is decided before, as for contentcheck. Rules that ask what the language
//! cannot say are left out.

use std::collections::{BTreeMap, BTreeSet};

use contentcheck::release::Release;
use contentcheck_model::expression::Expr;
use contentcheck_model::predicate::{Comparison, IntRange, Pattern, Predicate, Regex, Test, TextPattern, WildcardPart};
use contentcheck_model::template::TemplateType;
use contentcheck_run::{Plan, Route};
use serde_json::{Map, Value, json};
use tau_engine::{Optimisations, Rule};

use crate::clock::{cpu, since};

/// Rules by template type.
pub struct Engine {
    rules: Vec<String>,
    /// For each of the router's template types, its rules with the number of their name.
    routes: Vec<Vec<(usize, Rule)>>,
}

impl Engine {
    /// Writes and loads the rules of a release, with all of the engine's optimisations.
    #[must_use]
    pub fn load(release: &Release, plan: &Plan) -> Self {
        let start = cpu();
        let (mut rules, mut routes) = (Vec::new(), Vec::new());
        routes.resize_with(plan.router().templates().len(), Vec::new);
        let mut reasons: BTreeMap<&'static str, usize> = BTreeMap::new();
        let mut refused = 0;
        for rule in release.content.rules() {
            let written: Result<Vec<(Route, String)>, &'static str> = rule
                .targets
                .iter()
                .filter_map(|target| Some((plan.route_of(&target.template)?, target)))
                .map(|(route, target)| Ok((route, write(&target.template, &target.condition)?)))
                .collect();
            let loaded = written.and_then(|written| {
                let load = |(route, text): (Route, String)| match Rule::from_str(&text) {
                    Ok(rule) => Ok((route, rule.optimise(Optimisations::default()))),
                    Err(_) => Err("the engine refuses what was written"),
                };
                written.into_iter().map(load).collect::<Result<Vec<_>, _>>()
            });
            match loaded {
                Ok(loaded) => {
                    for (route, own) in loaded {
                        if let Some(slot) = routes.get_mut(route.index()) {
                            slot.push((rules.len(), own));
                        }
                    }
                    rules.push(rule.name.clone());
                }
                Err(reason) => {
                    refused += 1;
                    *reasons.entry(reason).or_insert(0) += 1;
                }
            }
        }
        println!("tau-engine 1.16.0: {} rules, {refused} left out, load {:.2} s", rules.len(), since(start));
        for (reason, count) in reasons {
            println!("  left out: {count}, {reason}");
        }
        Self { rules, routes }
    }

    /// The names of the rules.
    #[must_use]
    pub fn names(&self) -> BTreeSet<String> {
        self.rules.iter().cloned().collect()
    }

    /// Calls `sink` with the name of every rule that matches an event of a template type.
    pub fn evaluate(&self, route: usize, event: &Value, mut sink: impl FnMut(&str)) {
        for (name, rule) in self.routes.get(route).into_iter().flatten() {
            if rule.matches(event)
                && let Some(name) = self.rules.get(*name)
            {
                sink(name);
            }
        }
    }
}

/// A condition as a rule of the engine, in JSON, which is YAML. Errors say what cannot be said.
fn write(template: &TemplateType, condition: &Expr<Predicate>) -> Result<String, &'static str> {
    let mut detection = Map::new();
    let condition = expression(template, condition, &mut detection)?;
    detection.insert("condition".to_owned(), Value::String(condition));
    Ok(json!({ "detection": detection, "true_positives": [], "true_negatives": [] }).to_string())
}

fn expression(
    template: &TemplateType,
    of: &Expr<Predicate>,
    to: &mut Map<String, Value>,
) -> Result<String, &'static str> {
    Ok(match of {
        Expr::Const(_) => return Err("it is constant on some template type"),
        // In the engine's language `or` binds tighter than `and`: every part stands in parentheses.
        Expr::Not(inner) => format!("not ({})", expression(template, inner, to)?),
        Expr::All(parts) => joined(template, parts, " and ", to)?,
        Expr::Any(parts) => joined(template, parts, " or ", to)?,
        Expr::Is(predicate) => self::predicate(template, predicate, to)?,
    })
}

fn joined(
    template: &TemplateType,
    parts: &[Expr<Predicate>],
    word: &str,
    to: &mut Map<String, Value>,
) -> Result<String, &'static str> {
    let parts: Result<Vec<String>, _> = parts.iter().map(|part| expression(template, part, to)).collect();
    Ok(format!("({})", parts?.join(word)))
}

/// A question under a name of its own.
fn ask(key: String, value: Value, to: &mut Map<String, Value>) -> String {
    let name = format!("P{}", to.len());
    to.insert(name.clone(), Value::Object(Map::from_iter([(key, value)])));
    name
}

fn predicate(template: &TemplateType, of: &Predicate, to: &mut Map<String, Value>) -> Result<String, &'static str> {
    let field = template.describe(&of.field).ok_or("it asks keywords")?.name;
    let spoken = field.starts_with(|first: char| first.is_ascii_alphabetic())
        && field.chars().all(|sign| sign.is_alphanumeric() || sign == '_');
    if !spoken {
        return Err("it reads a field whose name cannot be written");
    }
    let test = match &*of.test {
        Test::Elements { all: false, test } => test,
        test => test,
    };
    match test {
        Test::Exists => Ok(ask(field.to_owned(), json!("*"), to)),
        Test::Text { patterns, all } => {
            let patterns: Vec<Value> = patterns.iter().map(|pattern| Value::String(self::pattern(pattern))).collect();
            let key = if *all && patterns.len() > 1 { format!("all({field})") } else { field.to_owned() };
            Ok(ask(key, Value::Array(patterns), to))
        }
        Test::Int(ranges) => {
            let ranges: Vec<String> = ranges.iter().map(|range| integers(field, *range, to)).collect();
            Ok(format!("({})", ranges.join(" or ")))
        }
        Test::Float(comparison, value) if value.is_finite() => {
            let sign = match comparison {
                Comparison::Equal => "=",
                Comparison::Less => "<",
                Comparison::LessOrEqual => "<=",
                Comparison::Greater => ">",
                Comparison::GreaterOrEqual => ">=",
                Comparison::NotEqual => return Err("it compares floats by `!=`"),
            };
            Ok(ask(format!("flt({field})"), json!(format!("{sign}{value:?}")), to))
        }
        Test::Bool(truth) => Ok(ask(field.to_owned(), json!(truth), to)),
        Test::Null => Err("it asks for absence"),
        Test::Cidr(_) => Err("it asks for networks"),
        Test::Field { .. } => Err("it compares fields"),
        Test::Float(..) | Test::Mask { .. } | Test::Time(..) | Test::InTable(_) | Test::Bytes(_) => {
            Err("it asks for floats, bits, times, tables or bytes")
        }
        Test::Elements { .. } => Err("it asks for all elements of a list"),
        Test::Unexpanded => Err("it has placeholders"),
    }
}

fn integers(field: &str, range: IntRange, to: &mut Map<String, Value>) -> String {
    let key = format!("int({field})");
    if range.from == range.to {
        return ask(key, json!(format!("={}", range.from)), to);
    }
    let least = ask(key.clone(), json!(format!(">={}", range.from)), to);
    let most = ask(key, json!(format!("<={}", range.to)), to);
    format!("({least} and {most})")
}

/// A pattern in the engine's signs; as an expression where they would be misread.
fn pattern(of: &TextPattern) -> String {
    let case = if of.ignore_case { "i" } else { "" };
    // Without the sign for case a leading `i` would be taken for it.
    let misread = |text: &str| {
        text.starts_with(['*', '?', '<', '>', '=', '"', '\'']) || (!of.ignore_case && text.starts_with('i'))
    };
    let expression = |before: &str, parts: &[WildcardPart], after: &str| {
        let parts = parts.iter().map(|part| match part {
            WildcardPart::Literal(text) => escape(text),
            WildcardPart::AnyRun => "(?s:.*)".to_owned(),
            WildcardPart::AnyOne => "(?s:.)".to_owned(),
        });
        format!("{case}?{before}{}{after}", parts.collect::<String>())
    };
    let literal = |text: &str| [WildcardPart::Literal(text.into())];
    match &of.pattern {
        Pattern::Equals(text) => format!("{case}\"{text}\""),
        Pattern::Contains(text) if !text.is_empty() => format!("{case}*{text}*"),
        Pattern::Contains(text) => expression("", &literal(text), ""),
        Pattern::StartsWith(text) if misread(text) || text.is_empty() => expression("^", &literal(text), ""),
        Pattern::StartsWith(text) => format!("{case}{text}*"),
        Pattern::EndsWith(text) if text.ends_with('*') || text.is_empty() => expression("", &literal(text), "$"),
        Pattern::EndsWith(text) => format!("{case}*{text}"),
        // Anything before or behind needs no search.
        Pattern::Like(parts) => {
            let (before, parts) = match parts.split_first() {
                Some((WildcardPart::AnyRun, rest)) => ("", rest),
                _ => ("^", &**parts),
            };
            match parts.split_last() {
                Some((WildcardPart::AnyRun, rest)) => expression(before, rest, ""),
                _ => expression(before, parts, "$"),
            }
        }
        Pattern::Matches(Regex { pattern, multi_line, dot_all }) => {
            let flags = match (multi_line, dot_all) {
                (true, true) => "(?ms)",
                (true, false) => "(?m)",
                (false, true) => "(?s)",
                (false, false) => "",
            };
            format!("{case}?{flags}{pattern}")
        }
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() * 2);
    for sign in text.chars() {
        // Not `<` and `>`: with a backslash they are the ends of a word.
        if r"\.+*?()|[]{}^$#&-~".contains(sign) {
            escaped.push('\\');
        }
        escaped.push(sign);
    }
    escaped
}
