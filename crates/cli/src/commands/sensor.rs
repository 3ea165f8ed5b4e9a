//! `contentcheck sensor`: list, show, compare and import sensor manifests, and generate source text from them.

mod codegen;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read;
use std::path::Path;

use contentcheck_model::diagnostic::visible;
use contentcheck_model::limits;
use contentcheck_model::sensor::{Input, Manifest, Sensor};
use contentcheck_model::source::Source;
use contentcheck_parser::import::{self, Options};
use schemars::JsonSchema;
use serde::Serialize;

use super::{plural, written};
use crate::Streams;
use crate::args::{self, ListFormat, SensorCommand};
use crate::exit::{Exit, Failure, Outcome};
use contentcheck_project::{files, fleet, write};

/// Runs the command.
///
/// # Errors
/// When a sensor that was named is not there or its manifest is wrong.
pub fn run(arguments: &args::Sensor, streams: &mut Streams<'_>) -> Outcome {
    match &arguments.command {
        SensorCommand::List { selectors, format } => list(selectors, *format, streams),
        SensorCommand::Show { sensor, template, format } => show(sensor, template.as_deref(), *format, streams),
        SensorCommand::Diff { old, new, format } => diff(old, new, *format, streams),
        SensorCommand::Import { file, name, version, output } => {
            let options = Options { sensor: name.clone(), version: version.clone(), ..Options::default() };
            import(file, &options, output.as_deref(), streams)
        }
        SensorCommand::Codegen(arguments) => codegen::run(arguments, streams),
    }
}

/// A sensor in what `sensor list --format json` prints, which is an array of these.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListedSensor {
    /// The sensor.
    pub sensor: String,
    /// Its version.
    pub version: String,
    /// How many template types it supplies.
    pub templates: usize,
    /// How many inputs, of all of them.
    pub inputs: usize,
}

/// What `sensor diff --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SensorDiff {
    /// The old sensor.
    pub old: String,
    /// The new one.
    pub new: String,
    /// Template types that are not the same, by name.
    pub templates: Vec<TemplateDiff>,
}

/// What is not the same of a template type.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateDiff {
    /// The template type.
    pub template: String,
    /// How many inputs the old sensor supplies; null where it does not supply the template type.
    pub old_arity: Option<usize>,
    /// How many the new one supplies; null where it does not.
    pub new_arity: Option<usize>,
    /// What happened to inputs, where both supply the template type.
    pub changes: Vec<InputChange>,
}

/// What happened to an input. Positions count from 1.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "change", rename_all = "snake_case", deny_unknown_fields)]
pub enum InputChange {
    /// The old sensor does not supply it.
    Added {
        /// Its name.
        field: String,
        /// Its position.
        to: usize,
        /// Its type.
        r#type: String,
    },
    /// The new sensor does not supply it.
    Removed {
        /// Its name.
        field: String,
        /// Its position.
        from: usize,
        /// Its type.
        r#type: String,
    },
    /// It is at another position.
    Moved {
        /// Its name.
        field: String,
        /// Its position in the old sensor.
        from: usize,
        /// Its position in the new sensor.
        to: usize,
    },
    /// It is of another type.
    Retyped {
        /// Its name.
        field: String,
        /// Its position in the old sensor.
        from: usize,
        /// Its type in the old sensor.
        was: String,
        /// Its type in the new sensor.
        r#type: String,
    },
}

impl InputChange {
    /// A line for people.
    fn line(&self) -> String {
        match self {
            Self::Added { field, to, r#type } => format!("+ {to:>3}  {field} : {type}"),
            Self::Removed { field, from, r#type } => format!("- {from:>3}  {field} : {type}"),
            Self::Moved { field, from, to } => format!("~ {from:>3}  {field} moved to {to}"),
            Self::Retyped { field, from, was, r#type } => format!("! {from:>3}  {field} : {was} -> {type}"),
        }
    }
}

fn internal(error: serde_json::Error) -> Failure {
    Failure::internal(error.to_string())
}

fn list(selectors: &[String], format: ListFormat, streams: &mut Streams<'_>) -> Outcome {
    let all: Vec<String> = contentcheck_library::sensor_names().map(|name| format!("builtin:{name}")).collect();
    let selectors = if selectors.is_empty() { &all } else { selectors };
    let sensors = fleet::sensors(selectors, Path::new(""))?;
    let rows: Vec<ListedSensor> = sensors
        .iter()
        .map(|sensor| {
            let templates = &sensor.manifest().templates;
            ListedSensor {
                sensor: sensor.name().to_owned(),
                version: sensor.version().to_string(),
                templates: templates.len(),
                inputs: templates.values().map(|supply| supply.inputs.len()).sum(),
            }
        })
        .collect();
    let mut text = String::new();
    // Writing to a string does not fail.
    match format {
        ListFormat::Json => text = serde_json::to_string_pretty(&rows).map_err(internal)? + "\n",
        ListFormat::Human => {
            let _ = writeln!(text, "{:<16} {:<14} {:>14} {:>8}", "sensor", "version", "template types", "inputs");
            for ListedSensor { sensor, version, templates, inputs } in rows {
                let _ = writeln!(text, "{sensor:<16} {version:<14} {templates:>14} {inputs:>8}");
            }
        }
        ListFormat::Markdown => {
            text.push_str("| sensor | version | template types | inputs |\n| --- | --- | --- | --- |\n");
            for ListedSensor { sensor, version, templates, inputs } in rows {
                let _ = writeln!(text, "| {sensor} | {version} | {templates} | {inputs} |");
            }
        }
    }
    written(streams.out.write_all(text.as_bytes()))
}

fn one(selector: &str) -> Result<Sensor, Failure> {
    let mut found = fleet::sensors(&[selector.to_owned()], Path::new(""))?;
    match (found.pop(), found.len()) {
        (Some(only), 0) => Ok(only),
        (Some(last), others) => {
            found.push(last);
            let names: Vec<String> = found.iter().map(ToString::to_string).collect();
            let how = match selector.starts_with("builtin:") {
                true => format!(
                    "name one version, such as `{selector}/{}`",
                    found.last().map_or("", |last| last.version().as_str())
                ),
                false => "name the manifest of one of them".to_owned(),
            };
            Err(Failure::usage(format!("`{selector}` means {} sensors: {}; {how}", others + 1, names.join(", "))))
        }
        (None, _) => Err(Failure::usage(format!("`{selector}` means no sensor"))),
    }
}

fn show(selector: &str, template: Option<&str>, format: ListFormat, streams: &mut Streams<'_>) -> Outcome {
    let sensor = one(selector)?;
    let manifest = sensor.manifest();
    if let Some(name) = template
        && !manifest.templates.contains_key(name)
    {
        let near = contentcheck_model::diagnostic::closest(name, manifest.templates.keys().map(String::as_str));
        let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        return Err(Failure::usage(format!("{sensor} does not supply `{name}`{near}")));
    }
    let mut text = String::new();
    match format {
        ListFormat::Json => text = manifest.to_json(),
        ListFormat::Human | ListFormat::Markdown => {
            let chosen = manifest.templates.iter().filter(|(name, _)| template.is_none_or(|wanted| wanted == *name));
            let _ = writeln!(text, "{sensor}: {}", plural(manifest.templates.len(), "template type"));
            if let Some(origin) = &manifest.origin {
                let _ = writeln!(text, "{}", visible(origin));
            }
            for (name, supply) in chosen {
                let _ = writeln!(text, "\n{}  arity {}", visible(name), supply.inputs.len());
                if template.is_some() || manifest.templates.len() <= 3 {
                    for (position, input) in supply.inputs.iter().enumerate() {
                        let _ = writeln!(
                            text,
                            "  {:>3}  {:<28} {}",
                            position + 1,
                            visible(&input.name),
                            visible(&input.ty)
                        );
                    }
                } else {
                    let names: Vec<&str> = supply.inputs.iter().map(|input| input.name.as_str()).collect();
                    let _ = writeln!(text, "  {}", visible(&names.join(", ")));
                }
            }
        }
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    written(streams.out.write_all(text.as_bytes()))
}

/// What happened to the inputs of one template type between two versions.
fn changes(old: &[Input], new: &[Input]) -> Vec<InputChange> {
    let place = |inputs: &[Input], name: &str| inputs.iter().position(|input| input.name == name);
    let mut found = Vec::new();
    for (at, input) in old.iter().enumerate() {
        let (field, from) = (input.name.clone(), at + 1);
        match place(new, &input.name) {
            None => found.push(InputChange::Removed { field, from, r#type: input.ty.clone() }),
            Some(there) if there != at => found.push(InputChange::Moved { field, from, to: there + 1 }),
            Some(_) => {}
        }
        if let Some(other) = new.iter().find(|other| other.name == input.name && other.ty != input.ty) {
            let (field, was) = (input.name.clone(), input.ty.clone());
            found.push(InputChange::Retyped { field, from, was, r#type: other.ty.clone() });
        }
    }
    for (at, input) in new.iter().enumerate() {
        if place(old, &input.name).is_none() {
            let (field, to) = (input.name.clone(), at + 1);
            found.push(InputChange::Added { field, to, r#type: input.ty.clone() });
        }
    }
    found
}

/// What the old and the new version supply for a template type.
type Pair<'a> = (Option<&'a [Input]>, Option<&'a [Input]>);

fn diff(old: &str, new: &str, format: ListFormat, streams: &mut Streams<'_>) -> Outcome {
    let (old, new) = (one(old)?, one(new)?);
    let mut names: BTreeMap<&str, Pair<'_>> = BTreeMap::new();
    for (name, supply) in &old.manifest().templates {
        names.entry(name).or_default().0 = Some(&supply.inputs);
    }
    for (name, supply) in &new.manifest().templates {
        names.entry(name).or_default().1 = Some(&supply.inputs);
    }
    let mut templates = Vec::new();
    for (name, (before, after)) in names {
        let changes = match (before, after) {
            (Some(before), Some(after)) => changes(before, after),
            _ => Vec::new(),
        };
        if before.is_some() && after.is_some() && changes.is_empty() {
            continue;
        }
        let (old_arity, new_arity) = (before.map(<[Input]>::len), after.map(<[Input]>::len));
        templates.push(TemplateDiff { template: name.to_owned(), old_arity, new_arity, changes });
    }
    let report = SensorDiff { old: old.to_string(), new: new.to_string(), templates };
    let text = match format {
        ListFormat::Json => serde_json::to_string_pretty(&report).map_err(internal)? + "\n",
        _ if report.templates.is_empty() => format!("{old} and {new} supply the same\n"),
        _ => format!("{old} -> {new}\n\n{}", shown(&report)),
    };
    written(streams.out.write_all(text.as_bytes()))
}

fn shown(report: &SensorDiff) -> String {
    let mut text = String::new();
    for TemplateDiff { template, old_arity, new_arity, changes } in &report.templates {
        let template = visible(template);
        let _ = match (old_arity, new_arity) {
            (Some(before), Some(after)) => writeln!(text, "{template}  arity {before} -> {after}"),
            (Some(before), None) => writeln!(text, "{template}  no longer supplied (arity {before})"),
            (None, Some(after)) => writeln!(text, "{template}  new (arity {after})"),
            (None, None) => Ok(()),
        };
        for change in changes {
            let _ = writeln!(text, "  {}", visible(&change.line()));
        }
    }
    text
}

fn import(file: &Path, options: &Options, output: Option<&Path>, streams: &mut Streams<'_>) -> Outcome {
    let source = if file.as_os_str() == "-" {
        let mut text = String::new();
        let most = u64::try_from(limits::MANIFEST_BYTES).unwrap_or(u64::MAX).saturating_add(1);
        std::io::stdin()
            .take(most)
            .read_to_string(&mut text)
            .map_err(|error| Failure::usage(format!("standard input cannot be read: {}", files::reason(&error))))?;
        if text.len() > limits::MANIFEST_BYTES {
            return Err(Failure::usage(format!("standard input is larger than {} bytes", limits::MANIFEST_BYTES)));
        }
        Source::new("stdin.xml", text)
    } else {
        fleet::read(file)?
    };
    let imported =
        |options: &Options| import::import(&source, options).map_err(|problems| fleet::problems_in(&problems));
    // Of a file that has several versions `--version` chooses one; of a file that has one it names it.
    let bare = Options { version: None, ..options.clone() };
    let text = match (imported(&bare), &options.version) {
        (Ok(many), asked) if many.len() > 1 => {
            let chosen = many.iter().find(|manifest| Some(&manifest.version) == asked.as_ref());
            chosen.map(Manifest::to_json).ok_or_else(|| {
                let versions: Vec<&str> = many.iter().map(|manifest| manifest.version.as_str()).collect();
                Failure::usage(format!(
                    "the file has several versions; choose one with --version: {}",
                    versions.join(", ")
                ))
            })?
        }
        _ => imported(options)?.first().map(Manifest::to_json).unwrap_or_default(),
    };
    match output {
        Some(path) => {
            let read = write::InputFiles::default();
            read.add(file);
            write::write_output(path, text.as_bytes(), &read)?;
            Ok(Exit::Fine)
        }
        None => written(streams.out.write_all(text.as_bytes())),
    }
}
