//! `contentcheck fields`: which rule reads which input, and which inputs there are.

mod known;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::sync::Arc;

use contentcheck_model::diagnostic::visible;
use contentcheck_model::field::FieldRef;
use contentcheck_model::rule::{CheckedRule, Target};
use contentcheck_model::template::{LogSource, TemplateType};
use contentcheck_parser::release::Checking;
use contentcheck_project::{Project, Selection};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{plural, written};
use crate::Streams;
use crate::args::{Fields, ListFormat};
use crate::exit::{Exit, Failure, Outcome};
use crate::release;

/// Which rules read which inputs of which template types, or which inputs there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldsReport {
    /// Version of this format; always 1.
    pub format: u32,
    /// By name: the template types that some rule runs on, or those that were asked for.
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
    /// Whether events may have further fields that nobody declared.
    #[serde(default)]
    pub open: bool,
    /// The log sources that resolve to it, as `product=windows,category=process_creation`.
    #[serde(default)]
    pub serves: Vec<String>,
    /// Its inputs: those that rules read, all of them where the template type or its log source was asked for, none in
    /// a list.
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
    /// The values of which every event of the template type has one, where it is recognised by them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub always: Vec<String>,
    /// The sensors that supply it, of the fleet or else of those that the library knows; only where the template type
    /// or its log source was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub supplied: Vec<SuppliedBy>,
    /// Names of the rules that read it, sorted.
    pub rules: Vec<String>,
}

/// Versions of a sensor that supply an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuppliedBy {
    /// The sensor.
    pub sensor: String,
    /// The first version, of those that are known.
    pub since: String,
    /// The last version; absent where the newest one that is known supplies it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

impl fmt::Display for SuppliedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sensor, since, until } = self;
        match until {
            None => write!(f, "{sensor} since {since}"),
            Some(until) if until == since => write!(f, "{sensor} {since} only"),
            Some(until) => write!(f, "{sensor} {since} to {until}"),
        }
    }
}

/// Runs the command.
///
/// # Errors
/// When an input that was named is not there, or the template type or log source is unknown.
pub fn run(arguments: &Fields, streams: &mut Streams<'_>) -> Outcome {
    let asks_what_there_is = arguments.list || arguments.template.is_some() || arguments.logsource.is_some();
    // What there is does not depend on rules.
    let selection = Selection { may_be_empty: asks_what_there_is, ..release::selection(&arguments.inputs) };
    let project = Project::open(&selection)?;
    release::introduce(&project, &project.gathered, streams);
    let fleet = project.gathered.fleet.clone();
    let judged = project.gathered.check(&Checking::with_threads(selection.threads)).judge();
    // What cannot be read is in no answer about rules, so the answer is not whole.
    let has_errors =
        if asks_what_there_is { judged.errors().next().is_some() } else { release::say_errors(&judged, streams) };
    let checked = judged.checked();
    let mut report = report(checked.rules(), arguments.unread);
    let catalogue = checked.catalogue();
    let asked = match (&arguments.template, &arguments.logsource) {
        (Some(name), _) => vec![known::named(catalogue, name)?],
        (None, Some(text)) => known::serving(catalogue, text)?,
        (None, None) => Vec::new(),
    };
    if asks_what_there_is {
        let mut read: BTreeMap<(String, u32), TemplateFields> =
            report.templates.drain(..).map(|read| ((read.name.clone(), read.version), read)).collect();
        let mut of = |template: &TemplateType| read.remove(&(template.name.clone(), template.version));
        report.templates = if arguments.list {
            let newest = catalogue.newest().into_iter();
            newest.map(|template| known::outline(template, of(template).map_or(0, |read| read.rules))).collect()
        } else {
            let sensors = known::sensors(fleet.as_ref())?;
            asked.iter().map(|template| known::whole(template, of(template), &sensors)).collect()
        };
    }
    let text = match arguments.format {
        ListFormat::Json => {
            serde_json::to_string_pretty(&report).map_err(|error| Failure::internal(error.to_string()))? + "\n"
        }
        ListFormat::Human if arguments.list => list(&report),
        ListFormat::Human if asked.len() > SHOWN_WHOLE => together(&report),
        ListFormat::Human => human(&report),
        ListFormat::Markdown => markdown(&report),
    };
    let exit = written(streams.out.write_all(text.as_bytes()))?;
    if has_errors && asks_what_there_is {
        // What there is does not depend on them; how many rules read it does.
        release::talk(
            streams,
            "rules with errors are not counted here; `contentcheck lint` shows what is wrong with them",
        );
    }
    Ok(if has_errors && !asks_what_there_is { Exit::Findings } else { exit })
}

/// Template types of a log source of which each is shown with its inputs.
const SHOWN_WHOLE: usize = 4;

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
        for Target { template, condition, .. } in &rule.targets {
            let fresh = || Uses { template, rules: BTreeSet::new(), fields: BTreeMap::new() };
            let uses = found.entry((&template.name, template.version)).or_insert_with(fresh);
            uses.rules.insert(&rule.name);
            condition.mentions(&mut |mention| {
                let key = key(template, mention.field);
                uses.fields.entry(key).or_default().insert(rule.name.as_str());
            });
        }
    }
    let templates = found.into_values().map(|Uses { template, rules, mut fields }| {
        if unread {
            for field in template.declared() {
                if template.describe(&field).is_some_and(|info| info.position().is_some()) {
                    fields.entry(key(template, &field)).or_default();
                }
            }
        }
        TemplateFields {
            name: template.name.clone(),
            version: template.version,
            arity: template.arity(),
            rules: rules.len(),
            open: template.open,
            serves: template.serves.iter().map(LogSource::short).collect(),
            fields: fields
                .into_iter()
                .map(|((position, name), rules)| FieldUse {
                    ty: declared_type(template, &name),
                    position: (position != usize::MAX).then_some(position),
                    always: Vec::new(),
                    supplied: Vec::new(),
                    name,
                    rules: rules.into_iter().map(str::to_owned).collect(),
                })
                .collect(),
        }
    });
    FieldsReport { format: 1, templates: templates.collect() }
}

/// The type that a template type declares for a name.
fn declared_type(template: &TemplateType, name: &str) -> Option<String> {
    template.find(name).map(|info| info.ty.to_string())
}

/// Position (the greatest number for what has none) and name.
fn key(template: &TemplateType, field: &FieldRef) -> (usize, String) {
    match template.describe(field) {
        Some(info) => {
            let position = info.position().map_or(usize::MAX, |position| position as usize);
            (position, info.name.to_owned())
        }
        None => (usize::MAX, "(any value)".to_owned()),
    }
}

/// What stands for the type of an input.
fn typed(field: &FieldUse) -> String {
    match (&field.ty, field.always.as_slice()) {
        (Some(ty), _) => ty.clone(),
        (None, []) => "undeclared".to_owned(),
        (None, [only]) => format!("always {only}"),
        (None, many) => format!("one of {}", many.join(", ")),
    }
}

fn named(names: &[String]) -> String {
    match names {
        [] => "no rule".to_owned(),
        [only] => only.clone(),
        [first, ..] => format!("{}, first {first}", plural(names.len(), "rule")),
    }
}

/// Lines in each of which every character is seen.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn say(&mut self, line: &str) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "{}", visible(line.trim_end()));
    }
}

fn head(template: &TemplateFields, text: &mut Lines) {
    let open = if template.open { ", and what else events have" } else { "" };
    let (positions, rules) = (plural(template.arity, "position"), plural(template.rules, "rule"));
    text.say(&format!("{} @ {}  ({positions}{open}; {rules})", template.name, template.version));
}

fn human(report: &FieldsReport) -> String {
    let mut text = Lines::default();
    for template in &report.templates {
        head(template, &mut text);
        for field in &template.fields {
            let position = field.position.map_or_else(|| "-".to_owned(), |position| position.to_string());
            let supplied: Vec<String> = field.supplied.iter().map(ToString::to_string).collect();
            text.say(&format!(
                "  {position:>3}  {:<28} {:<18} {:<24} {}",
                field.name,
                typed(field),
                named(&field.rules),
                supplied.join(", ")
            ));
        }
        text.say("");
    }
    text.0
}

/// The inputs of many template types together.
fn together(report: &FieldsReport) -> String {
    let mut text = Lines::default();
    report.templates.iter().for_each(|template| head(template, &mut text));
    let of = report.templates.len();
    let mut all: BTreeMap<&str, (usize, BTreeSet<String>)> = BTreeMap::new();
    for field in report.templates.iter().flat_map(|template| &template.fields) {
        let (count, types) = all.entry(&field.name).or_default();
        *count += 1;
        // Which value a template type is recognised by is no type.
        types.insert(if field.always.is_empty() { typed(field) } else { "always the same".to_owned() });
    }
    text.say("");
    text.say(&format!("{of} template types; --template NAME shows one. Inputs, and how many have each:"));
    for (name, (count, types)) in all {
        let types: Vec<String> = types.into_iter().collect();
        text.say(&format!("  {count:>5}  {name:<34} {}", types.join(" or ")));
    }
    text.0
}

/// The template types and log sources that there are.
fn list(report: &FieldsReport) -> String {
    let mut text = Lines::default();
    let mut sources: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for template in &report.templates {
        template.serves.iter().for_each(|source| sources.entry(source).or_default().push(&template.name));
    }
    text.say("template types (--template NAME)");
    report.templates.iter().for_each(|template| {
        head(template, &mut text);
    });
    text.say("");
    text.say("log sources (--logsource PARTS)");
    for (source, templates) in sources {
        let shown = match templates.as_slice() {
            [only] => (*only).to_owned(),
            many => format!("{} template types", many.len()),
        };
        text.say(&format!("{source:<52} {shown}"));
    }
    text.0
}

fn markdown(report: &FieldsReport) -> String {
    let mut text = Lines::default();
    for template in &report.templates {
        text.say(&format!("## `{} @ {}`", template.name, template.version));
        text.say("");
        if template.fields.is_empty() {
            text.say(&format!("{}; {}", plural(template.arity, "position"), template.serves.join("; ")));
        } else {
            text.say("| position | field | type | rules | supplied by |");
            text.say("| --- | --- | --- | --- | --- |");
        }
        for field in &template.fields {
            let position = field.position.map_or_else(String::new, |position| position.to_string());
            let supplied: Vec<String> = field.supplied.iter().map(ToString::to_string).collect();
            let name = field.name.replace('|', "\\|");
            let (ty, rules) = (typed(field), field.rules.len());
            text.say(&format!("| {position} | `{name}` | {ty} | {rules} | {} |", supplied.join(", ")));
        }
        text.say("");
    }
    text.0
}
