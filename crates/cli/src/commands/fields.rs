//! `contentcheck fields`: which rule reads which input.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use contentcheck_parser::model::{CheckedRule, FieldRef, Target, Test};
use contentcheck_parser::release::Checking;
use contentcheck_parser::template::TemplateType;
use contentcheck_project::Project;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::written;
use crate::Streams;
use crate::args::{Fields, ListFormat};
use crate::exit::{Failure, Outcome};
use crate::release;

/// Which rules read which inputs of which template types.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldsReport {
    /// Version of this format; always 1.
    pub format: u32,
    /// The template types that some rule runs on, by name.
    pub templates: Vec<TemplateFields>,
}

/// One template type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateFields {
    /// Name.
    pub name: String,
    /// Version.
    pub version: u32,
    /// Number of positions.
    pub arity: usize,
    /// How many rules run on it.
    pub rules: usize,
    /// Its inputs.
    pub fields: Vec<FieldUse>,
}

/// One input and the rules that read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldUse {
    /// Name.
    pub name: String,
    /// Position, counted from 1; absent for header fields and for fields of open template types.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<usize>,
    /// Type; absent for fields that an open template type does not declare.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub ty: Option<String>,
    /// Names of the rules that read it, sorted.
    pub rules: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// When an input that was named is not there, or the template type is unknown.
pub fn run(arguments: &Fields, streams: &mut Streams<'_>) -> Outcome {
    let selection = release::selection(&arguments.inputs);
    let project = Project::open(&selection)?;
    release::introduce(&project, streams);
    let checked = project.gathered.check(&Checking::with_threads(selection.threads));
    let mut report = report(checked.rules(), arguments.unread);
    if let Some(name) = &arguments.template {
        report.templates.retain(|template| template.name == *name);
        if report.templates.is_empty() {
            let known = checked.catalogue().names().contains(&name.as_str());
            let message =
                if known { format!("no rule runs on `{name}`") } else { format!("there is no template type `{name}`") };
            return Err(Failure::usage(message));
        }
    }
    let text = match arguments.format {
        ListFormat::Json => {
            serde_json::to_string_pretty(&report).map_err(|error| Failure::internal(error.to_string()))? + "\n"
        }
        ListFormat::Human => human(&report),
        ListFormat::Markdown => markdown(&report),
    };
    written(streams.out.write_all(text.as_bytes()))
}

/// What rules read of one template type.
struct Uses<'a> {
    template: &'a TemplateType,
    /// Names of the rules that run on it.
    rules: BTreeSet<&'a str>,
    /// By position and name, the names of the rules that read the field.
    fields: BTreeMap<(usize, String), BTreeSet<&'a str>>,
}

/// Collects what rules read.
#[must_use]
pub fn report(rules: &[Arc<CheckedRule>], unread: bool) -> FieldsReport {
    let mut found: BTreeMap<(&str, u32), Uses<'_>> = BTreeMap::new();
    for rule in rules {
        for Target { template, condition } in &rule.targets {
            let fresh = || Uses { template, rules: BTreeSet::new(), fields: BTreeMap::new() };
            let uses = found.entry((&template.name, template.version)).or_insert_with(fresh);
            uses.rules.insert(&rule.name);
            let mut read = |field: &FieldRef| {
                if let Some(key) = key(template, field) {
                    uses.fields.entry(key).or_default().insert(rule.name.as_str());
                }
            };
            condition.each(&mut |predicate, _| {
                read(&predicate.field);
                if let Test::Field { other, .. } = &*predicate.test {
                    read(other);
                }
            });
        }
    }
    let templates = found.into_values().map(|Uses { template, rules, mut fields }| {
        if unread {
            for (position, field) in template.fields.iter().enumerate() {
                if let Some(field) = field {
                    fields.entry((position + 1, field.name.clone())).or_default();
                }
            }
        }
        TemplateFields {
            name: template.name.clone(),
            version: template.version,
            arity: template.arity(),
            rules: rules.len(),
            fields: fields
                .into_iter()
                .map(|((position, name), rules)| FieldUse {
                    ty: template
                        .field(&name)
                        .map(|(_, field)| field)
                        .or_else(|| template.header_field(&name).map(|(_, field)| field))
                        .map(|field| field.ty.to_string()),
                    position: (position != usize::MAX).then_some(position),
                    name,
                    rules: rules.into_iter().map(str::to_owned).collect(),
                })
                .collect(),
        }
    });
    FieldsReport { format: 1, templates: templates.collect() }
}

/// Position (the greatest number for what has none) and name.
fn key(template: &TemplateType, field: &FieldRef) -> Option<(usize, String)> {
    Some(match field {
        FieldRef::Input(at) => {
            let position = *at as usize + 1;
            (position, template.at(position)?.name.clone())
        }
        FieldRef::Header(at) => (usize::MAX, template.header.get(*at as usize)?.name.clone()),
        FieldRef::Fixed(at) => (usize::MAX, template.reads.get(*at as usize)?.name.clone()),
        FieldRef::Open(name) => (usize::MAX, name.to_string()),
        FieldRef::Keyword => (usize::MAX, "(any value)".to_owned()),
    })
}

fn human(report: &FieldsReport) -> String {
    let mut text = String::new();
    for template in &report.templates {
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "{} @ {}  ({} positions, {} rules)",
            template.name, template.version, template.arity, template.rules
        );
        for field in &template.fields {
            let position = field.position.map_or_else(|| "-".to_owned(), |position| position.to_string());
            let rules = match field.rules.as_slice() {
                [] => "no rule".to_owned(),
                [only] => only.clone(),
                [first, ..] => format!("{} rules, first {first}", field.rules.len()),
            };
            let _ = writeln!(
                text,
                "  {position:>3}  {:<28} {:<18} {rules}",
                field.name,
                field.ty.as_deref().unwrap_or("undeclared")
            );
        }
        text.push('\n');
    }
    text
}

fn markdown(report: &FieldsReport) -> String {
    let mut text = String::new();
    for template in &report.templates {
        let _ = writeln!(
            text,
            "## `{} @ {}`\n\n| position | field | type | rules |\n| --- | --- | --- | --- |",
            template.name, template.version
        );
        for field in &template.fields {
            let position = field.position.map_or_else(String::new, |position| position.to_string());
            let _ = writeln!(
                text,
                "| {position} | `{}` | {} | {} |",
                field.name,
                field.ty.as_deref().unwrap_or("undeclared"),
                field.rules.len()
            );
        }
        text.push('\n');
    }
    text
}
