//! Lower: from the tree of a file to checked rules, one target each.
//!
//! Names are resolved, types are held to, bindings are put in place. Nothing is converted:
//! where a value is not of the type of its field, the message says how to write it.

mod condition;
mod event;
mod metadata;
mod scope;
#[cfg(test)]
mod tests;
mod twice;
mod typing;

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::ast::{Ast, AttributeValue, Declaration, Rule};
use contentcheck_model::catalogue::Catalogue;
use contentcheck_model::diagnostic::{Diagnostic, Severity, Sink, Unread, clip, closest, codes};
use contentcheck_model::expression::Expr;
use contentcheck_model::limits;
use contentcheck_model::outcome::{Facts, FileOutcome};
use contentcheck_model::predicate::Predicate;
use contentcheck_model::rule::{CheckedRule, Level, Target};
use contentcheck_model::sensor::Constraint;
use contentcheck_model::source::{Source, Span};
use contentcheck_model::template::TemplateType;
use scope::Scope;

/// Checks one native file: its syntax, its lists and tables, and its rules against the catalogue.
/// Template declarations are read when the catalogue is made, by [`super::templates`].
///
/// `load` gives the bytes of a table's data by its path, as [`crate::native::table::data_path`] makes it.
#[must_use]
pub fn check(source: &Source, catalogue: &Catalogue, load: &dyn Fn(&str) -> Option<Arc<[u8]>>) -> FileOutcome {
    let parsed = super::parse(source);
    let mut outcome = FileOutcome::new(source);
    outcome.is_intact = parsed.ast.is_intact();
    let mut sink = Sink::new(source);
    let mut scope = Scope::default();
    let form = Form::of(&parsed);
    super::characters::check(&parsed.ast, &mut sink);
    outcome.diagnostics.extend(scope.declare(&parsed.ast, &form, load, &mut sink));
    let mut cut = None;
    for declaration in parsed.ast.declarations() {
        if let Declaration::Rule(rule) = declaration {
            let mut facts = Facts {
                id: text(rule, "id").map(|(id, span)| (id.to_owned(), span)),
                name: Some((rule.name.value.clone(), rule.name.span)),
                title: None,
                logsource: None,
                logic: None,
                span: rule.name.span,
                extent: rule.span,
                global: None,
                is_rule: true,
                unread: None,
            };
            // A sink of its own: an error elsewhere in the file does not take this rule away.
            let mut own = Sink::part(&sink);
            if let Some(flaw) = form.flaw(rule.span) {
                own.inherit(flaw);
            }
            let lowered = lower(&parsed.ast, rule, catalogue, &mut scope, &mut facts, &mut own);
            match own.close(&mut sink) {
                Ok(_) => outcome.rules.extend(lowered.ok()),
                Err(first) => facts.unread = Some(first),
            }
            // What follows has no room left, and which rules had some should not depend on their order.
            if scope.budget.is_spent() {
                cut = cut.or_else(|| facts.unread.clone());
            }
            outcome.facts.push(facts);
        }
    }
    if let Some(flaw) = cut {
        outcome.cut(&flaw);
    }
    // What a rule uses that could not be read is not known.
    if parsed.ast.is_intact() && outcome.facts.iter().all(|facts| facts.unread.is_none()) {
        scope.report_unused(&mut sink);
    }
    outcome.diagnostics.splice(0..0, parsed.diagnostics);
    outcome.diagnostics.extend(sink.finish());
    outcome
}

/// The errors that were found before the declarations were looked into.
pub(super) struct Form<'p> {
    errors: Vec<&'p Diagnostic>,
    /// Why the file was not read to its end, or not all of them are known.
    cut: Option<&'p Diagnostic>,
}

impl<'p> Form<'p> {
    fn of(parsed: &'p super::Parsed) -> Self {
        let is_error = |found: &&Diagnostic| found.severity == Severity::Error;
        let errors: Vec<&Diagnostic> = parsed.diagnostics.iter().filter(is_error).collect();
        let full = parsed.ast.declarations().len() >= limits::DECLARATIONS;
        let ends = |found: &&&Diagnostic| {
            let limit = full && found.code.id == codes::LIMIT_EXCEEDED.id;
            limit || found.code.id == codes::TOO_MANY_FINDINGS.id
        };
        let cut = errors.iter().find(ends).copied();
        Self { errors, cut }
    }

    /// The first error, of which a declaration that is lost is a consequence.
    pub(super) fn first(&self) -> Option<&'p Diagnostic> {
        self.errors.first().copied()
    }

    /// Why what is declared in these bytes was not read, where it was not.
    pub(super) fn flaw(&self, extent: Span) -> Option<&'p Diagnostic> {
        let within = |found: &&&Diagnostic| extent.start <= found.span.start && found.span.start < extent.end;
        self.cut.or_else(|| self.errors.iter().find(within).copied())
    }
}

/// An attribute that is a text.
fn text<'r>(rule: &'r Rule, key: &str) -> Option<(&'r str, Span)> {
    match rule.attribute(key)? {
        AttributeValue::Text(text) => Some((&text.value, text.span)),
        AttributeValue::List(_) | AttributeValue::Template(_) => None,
    }
}

fn tags(rule: &Rule) -> Vec<String> {
    match rule.attribute("tags") {
        Some(AttributeValue::List(tags)) => tags.items.iter().map(|tag| tag.value.clone()).collect(),
        Some(AttributeValue::Text(tag)) => vec![tag.value.clone()],
        Some(AttributeValue::Template(_)) | None => Vec::new(),
    }
}

fn lower(
    ast: &Ast,
    rule: &Rule,
    catalogue: &Catalogue,
    scope: &mut Scope,
    facts: &mut Facts,
    sink: &mut Sink,
) -> Result<CheckedRule, Unread> {
    let id = text(rule, "id");
    if let Some((id, span)) = id
        && !contentcheck_model::metadata::is_uuid(id)
    {
        let found = sink.diagnostic(&codes::INVALID_ID, span, format!("`{}` is not a UUID", clip(id)));
        sink.push(found.with_help("give the rule a version 4 UUID, such as `uuidgen` prints"));
    }
    metadata::check(rule, sink);
    let sensors = sensors(rule, sink);
    let template = template(rule, ast, catalogue, scope, sink)?;
    if let Some(flaw) = &template.flaw {
        sink.inherit(flaw);
    }
    let condition = condition::lower(rule, &template, scope, sink);
    let tests = event::lower_all(rule, &template, condition.as_ref().ok(), sink);
    let condition = condition?;
    facts.logic = Some(logic(&template, &condition));
    crate::native::logic::check(&template, &condition, &rule.name.value, sink);
    let whole = sink.whole()?;
    let when = rule.when().map_or(rule.name.span, |when| when.span);
    let (code, message) = match &condition {
        Expr::Const(false) => (&codes::NEVER_FIRES, "is false for every event of its template type"),
        Expr::Const(true) => (&codes::ALWAYS_FIRES, "is true for every event of its template type"),
        _ => {
            return Ok(CheckedRule {
                name: id.map_or_else(|| rule.name.value.clone(), |(id, _)| id.to_owned()),
                id: id.map(|(id, _)| id.to_owned()),
                title: text(rule, "title").map_or(rule.name.value.as_str(), |(title, _)| title).to_owned(),
                level: text(rule, "severity").and_then(|(word, _)| Level::from_word(word)),
                tags: tags(rule),
                revision: text(rule, "modified").or_else(|| text(rule, "date")).map(|(day, _)| day.to_owned()),
                logsource: None,
                targets: vec![Target::new(template, condition)],
                sensors: sensors?,
                tests,
                source: ast.source().clone(),
                span: rule.name.span,
                extent: rule.span,
                global: None,
                whole,
            });
        }
    };
    let found = sink.diagnostic(code, when, format!("the condition of rule `{}` {message}", rule.name.value));
    let help = "the names under `reads` are fixed by the template type";
    Err(sink.refuse(found.with_rule(&rule.name.value).with_help(help)))
}

/// The sensors that may load the rule. A constraint that cannot be read is not the same as none.
fn sensors(rule: &Rule, sink: &mut Sink) -> Result<Option<Constraint>, Unread> {
    let Some((written, span)) = text(rule, "sensors") else { return Ok(None) };
    Constraint::parse(written).map(Some).map_err(|error| {
        let message = format!("`{}` does not say which sensors: {error}", clip(written));
        let found = sink.diagnostic(&codes::INVALID_ATTRIBUTE, span, message);
        let likely = Constraint::likely(written);
        sink.refuse(found.with_help(match likely {
            Some(likely) => format!("write \"{likely}\""),
            None => "write a constraint such as \">=7.15\"".to_owned(),
        }))
    })
}

fn template(
    rule: &Rule,
    ast: &Ast,
    catalogue: &Catalogue,
    scope: &mut Scope,
    sink: &mut Sink,
) -> Result<Arc<TemplateType>, Unread> {
    let Some(AttributeValue::Template(named)) = rule.attribute("template") else {
        let found = sink.diagnostic(&codes::MISSING_ATTRIBUTE, rule.name.span, "the rule names no template type");
        return Err(sink.refuse(found.with_rule(&rule.name.value).with_help("write `template: NAME @ VERSION`")));
    };
    let (name, version) = (named.name.value.as_str(), named.version.value);
    if let Some(found) = catalogue.find(name, version) {
        return Ok(Arc::clone(found));
    }
    let versions = catalogue.versions(name);
    // One that is declared in this file and was not read has a finding of its own.
    if ast.lost.iter().any(|lost| lost == name)
        && let Some(Err(unread)) = scope.find(name, sink)
    {
        return Err(unread);
    }
    let found = if versions.is_empty() {
        let message = format!("no template type is named `{}`", clip(name));
        let found = sink.diagnostic(&codes::UNKNOWN_TEMPLATE, named.name.span, message);
        match closest(name, if sink.is_full() { Vec::new() } else { catalogue.names() }) {
            Some(near) => found.with_help(format!("did you mean `{near}`?")),
            None => found.with_help("declare it, name one of those that `contentcheck fields --list` lists, or, if another file of the release declares it, check the files together"),
        }
    } else {
        let known: Vec<String> = versions.iter().map(u32::to_string).collect();
        let message = format!("template type `{name}` has no version {version}");
        let found = sink.diagnostic(&codes::UNKNOWN_TEMPLATE, named.version.span, message);
        found.with_help(match known.as_slice() {
            [only] => format!("write `{name} @ {only}`, or declare version {version}"),
            _ => format!("its versions are {}", known.join(", ")),
        })
    };
    Err(sink.refuse(found.with_rule(&rule.name.value)))
}

/// A number for what a rule detects, whatever the order of its operands.
fn logic(template: &TemplateType, condition: &Expr<Predicate>) -> u64 {
    fn number(expr: &Expr<Predicate>) -> u64 {
        let mut hasher = DefaultHasher::new();
        match expr {
            Expr::Const(value) => value.hash(&mut hasher),
            Expr::Not(inner) => (1u8, number(inner)).hash(&mut hasher),
            Expr::All(parts) | Expr::Any(parts) => {
                let mut numbers: Vec<u64> = parts.iter().map(number).collect();
                numbers.sort_unstable();
                numbers.dedup();
                (if matches!(expr, Expr::All(_)) { 2u8 } else { 3u8 }, numbers).hash(&mut hasher);
            }
            Expr::Is(predicate) => format!("{:?}{:?}", predicate.field, predicate.test).hash(&mut hasher),
        }
        hasher.finish()
    }
    let mut hasher = DefaultHasher::new();
    (&template.name, template.version, number(condition)).hash(&mut hasher);
    hasher.finish()
}
