//! `contentcheck sensor`: list, show, compare and import sensor manifests.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read;
use std::path::Path;

use contentcheck_parser::limits;
use contentcheck_parser::sensor::import::{self, Options};
use contentcheck_parser::sensor::{Input, Manifest, Sensor};
use contentcheck_parser::source::Source;
use serde_json::json;

use super::written;
use crate::Streams;
use crate::args::{self, ListFormat, SensorCommand};
use crate::exit::{Exit, Failure, Outcome};
use crate::{fleet, walk};

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
    }
}

fn internal(error: serde_json::Error) -> Failure {
    Failure::internal(error.to_string())
}

fn list(selectors: &[String], format: ListFormat, streams: &mut Streams<'_>) -> Outcome {
    let all: Vec<String> = contentcheck_library::sensor_names().map(|name| format!("builtin:{name}")).collect();
    let selectors = if selectors.is_empty() { &all } else { selectors };
    let sensors = fleet::sensors(selectors, Path::new(""))?;
    let rows: Vec<(&str, String, usize, usize)> = sensors
        .iter()
        .map(|sensor| {
            let templates = &sensor.manifest().templates;
            (
                sensor.name(),
                sensor.version().to_string(),
                templates.len(),
                templates.values().map(|supply| supply.inputs.len()).sum(),
            )
        })
        .collect();
    let mut text = String::new();
    // Writing to a string does not fail.
    match format {
        ListFormat::Json => {
            let rows: Vec<_> = rows
                .iter()
                .map(|(sensor, version, templates, inputs)| json!({"sensor": sensor, "version": version, "templates": templates, "inputs": inputs}))
                .collect();
            text = serde_json::to_string_pretty(&rows).map_err(internal)? + "\n";
        }
        ListFormat::Human => {
            let _ = writeln!(text, "{:<16} {:<14} {:>14} {:>8}", "sensor", "version", "template types", "inputs");
            for (sensor, version, templates, inputs) in rows {
                let _ = writeln!(text, "{sensor:<16} {version:<14} {templates:>14} {inputs:>8}");
            }
        }
        ListFormat::Markdown => {
            text.push_str("| sensor | version | template types | inputs |\n| --- | --- | --- | --- |\n");
            for (sensor, version, templates, inputs) in rows {
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
        (Some(_), others) => Err(Failure::usage(format!(
            "`{selector}` means {} sensors; name one version, such as `{selector}/VERSION`",
            others + 1
        ))),
        (None, _) => Err(Failure::usage(format!("`{selector}` means no sensor"))),
    }
}

fn show(selector: &str, template: Option<&str>, format: ListFormat, streams: &mut Streams<'_>) -> Outcome {
    let sensor = one(selector)?;
    let manifest = sensor.manifest();
    if let Some(name) = template
        && !manifest.templates.contains_key(name)
    {
        let near = contentcheck_parser::diagnostic::closest(name, manifest.templates.keys().map(String::as_str));
        let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        return Err(Failure::usage(format!("{sensor} does not supply `{name}`{near}")));
    }
    let mut text = String::new();
    match format {
        ListFormat::Json => text = manifest.to_json(),
        ListFormat::Human | ListFormat::Markdown => {
            let chosen = manifest.templates.iter().filter(|(name, _)| template.is_none_or(|wanted| wanted == *name));
            let _ = writeln!(text, "{sensor}: {} template types", manifest.templates.len());
            if let Some(origin) = &manifest.origin {
                let _ = writeln!(text, "{origin}");
            }
            for (name, supply) in chosen {
                let _ = writeln!(text, "\n{name}  arity {}", supply.inputs.len());
                if template.is_some() || manifest.templates.len() <= 3 {
                    for (position, input) in supply.inputs.iter().enumerate() {
                        let _ = writeln!(text, "  {:>3}  {:<28} {}", position + 1, input.name, input.ty);
                    }
                } else {
                    let names: Vec<&str> = supply.inputs.iter().map(|input| input.name.as_str()).collect();
                    let _ = writeln!(text, "  {}", names.join(", "));
                }
            }
        }
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    written(streams.out.write_all(text.as_bytes()))
}

/// What happened to one input between two versions.
enum Change<'a> {
    Added(usize, &'a Input),
    Removed(usize, &'a Input),
    Moved(usize, usize, &'a str),
    Retyped(usize, &'a Input, &'a str),
}

fn changes<'a>(old: &'a [Input], new: &'a [Input]) -> Vec<Change<'a>> {
    let place = |inputs: &'a [Input], name: &str| inputs.iter().position(|input| input.name == name);
    let mut found = Vec::new();
    for (at, input) in old.iter().enumerate() {
        match place(new, &input.name).and_then(|there| new.get(there).map(|other| (there, other))) {
            None => found.push(Change::Removed(at + 1, input)),
            Some((there, _)) if there != at => found.push(Change::Moved(at + 1, there + 1, &input.name)),
            Some(_) => {}
        }
        if let Some(other) = new.iter().find(|other| other.name == input.name && other.ty != input.ty) {
            found.push(Change::Retyped(at + 1, other, &input.ty));
        }
    }
    for (at, input) in new.iter().enumerate() {
        if place(old, &input.name).is_none() {
            found.push(Change::Added(at + 1, input));
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
    let mut text = String::new();
    let mut entries = Vec::new();
    for (name, pair) in names {
        match pair {
            (Some(before), Some(after)) => {
                let changes = changes(before, after);
                if changes.is_empty() {
                    continue;
                }
                let _ = writeln!(text, "{name}  arity {} -> {}", before.len(), after.len());
                for change in &changes {
                    let line = match change {
                        Change::Added(at, input) => format!("+ {at:>3}  {} : {}", input.name, input.ty),
                        Change::Removed(at, input) => format!("- {at:>3}  {} : {}", input.name, input.ty),
                        Change::Moved(from, to, name) => format!("~ {from:>3}  {name} moved to {to}"),
                        Change::Retyped(at, input, before) => {
                            format!("! {at:>3}  {} : {before} -> {}", input.name, input.ty)
                        }
                    };
                    let _ = writeln!(text, "  {line}");
                }
                let rows: Vec<_> = changes
                    .iter()
                    .map(|change| match change {
                        Change::Added(at, input) => json!({"change": "added", "field": input.name, "to": at, "type": input.ty}),
                        Change::Removed(at, input) => json!({"change": "removed", "field": input.name, "from": at, "type": input.ty}),
                        Change::Moved(from, to, name) => json!({"change": "moved", "field": name, "from": from, "to": to}),
                        Change::Retyped(at, input, before) => json!({"change": "retyped", "field": input.name, "from": at, "was": before, "type": input.ty}),
                    })
                    .collect();
                entries.push(
                    json!({"template": name, "old_arity": before.len(), "new_arity": after.len(), "changes": rows}),
                );
            }
            (Some(before), None) => {
                let _ = writeln!(text, "{name}  no longer supplied (arity {})", before.len());
                entries.push(json!({"template": name, "old_arity": before.len(), "new_arity": null, "changes": []}));
            }
            (None, Some(after)) => {
                let _ = writeln!(text, "{name}  new (arity {})", after.len());
                entries.push(json!({"template": name, "old_arity": null, "new_arity": after.len(), "changes": []}));
            }
            (None, None) => {}
        }
    }
    let text = match format {
        ListFormat::Json => {
            let whole = json!({"old": old.to_string(), "new": new.to_string(), "templates": entries});
            serde_json::to_string_pretty(&whole).map_err(internal)? + "\n"
        }
        _ if text.is_empty() => format!("{old} and {new} supply the same\n"),
        _ => format!("{old} -> {new}\n\n{text}"),
    };
    written(streams.out.write_all(text.as_bytes()))
}

fn import(file: &Path, options: &Options, output: Option<&Path>, streams: &mut Streams<'_>) -> Outcome {
    let source = if file.as_os_str() == "-" {
        let mut text = String::new();
        let most = u64::try_from(limits::MANIFEST_BYTES).unwrap_or(u64::MAX).saturating_add(1);
        std::io::stdin()
            .take(most)
            .read_to_string(&mut text)
            .map_err(|error| Failure::usage(format!("standard input cannot be read: {}", walk::reason(&error))))?;
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
            walk::write(path, &text)
                .map_err(|error| Failure::usage(format!("{}: {}", walk::name(path), walk::reason(&error))))?;
            Ok(Exit::Fine)
        }
        None => written(streams.out.write_all(text.as_bytes())),
    }
}
