//! What there is to be read, whether rules read it or not: template types, their inputs, and the sensors that supply
//! each.

use std::collections::BTreeMap;
use std::path::Path;

use contentcheck_model::catalogue::Catalogue;
use contentcheck_model::diagnostic::{closest, visible};
use contentcheck_model::field::Place;
use contentcheck_model::sensor::{Fleet, Sensor};
use contentcheck_model::template::{LogSource, TemplateType};
use contentcheck_project::{Failure, fleet};

use super::{FieldUse, SuppliedBy, TemplateFields};

/// The sensors of a release's fleet; without one, those that the library knows.
///
/// # Errors
/// When a manifest of the library is wrong, which is a fault of this program.
pub(super) fn sensors(named: Option<&Fleet>) -> Result<Vec<Sensor>, Failure> {
    if let Some(named) = named {
        return Ok(named.sensors().to_vec());
    }
    let all: Vec<String> = contentcheck_library::sensor_names().map(|name| format!("builtin:{name}")).collect();
    let known = fleet::fleet(fleet::sensors(&all, Path::new(""))?)?;
    Ok(known.map(|known| known.sensors().to_vec()).unwrap_or_default())
}

/// A template type of a name, with or without its version.
///
/// # Errors
/// When there is none, with the nearest.
pub(super) fn named<'c>(catalogue: &'c Catalogue, wanted: &str) -> Result<&'c TemplateType, Failure> {
    let (name, version) = match wanted.split_once('@') {
        Some((name, version)) => (name.trim(), version.trim().parse::<u32>().ok()),
        None => (wanted.trim(), catalogue.versions(wanted.trim()).last().copied()),
    };
    if let Some(found) = version.and_then(|version| catalogue.find(name, version)) {
        return Ok(found);
    }
    let versions: Vec<String> = catalogue.versions(name).iter().map(u32::to_string).collect();
    let help = match (versions.as_slice(), closest(name, catalogue.names())) {
        ([_, ..], _) => format!("its versions are {}", versions.join(", ")),
        (_, Some(near)) => format!("did you mean `{near}`?"),
        (_, None) => "`contentcheck fields --list` lists all".to_owned(),
    };
    Err(Failure::usage(format!("there is no template type `{}`\n  help: {help}", visible(wanted))))
}

/// A log source as the command line names it: `product=windows,category=process_creation`.
///
/// # Errors
/// When a part is none.
fn log_source(text: &str) -> Result<LogSource, Failure> {
    let mut found = LogSource::default();
    for part in text.split(',') {
        let (key, value) = part.split_once(['=', ':']).unwrap_or((part, ""));
        let value = value.trim().to_ascii_lowercase();
        let slot = match key.trim() {
            "product" => &mut found.product,
            "category" => &mut found.category,
            "service" => &mut found.service,
            _ => &mut None,
        };
        let is_known = ["product", "category", "service"].contains(&key.trim());
        if !is_known || value.is_empty() || slot.replace(value).is_some() {
            return Err(Failure::usage(format!(
                "`{}` is no part of a log source\n  help: write it as product=windows,category=process_creation, with each of product, category and service at most once",
                visible(part)
            )));
        }
    }
    Ok(found)
}

/// The newest versions of the template types that serve a log source.
///
/// # Errors
/// When none does, with the nearest.
pub(super) fn serving<'c>(catalogue: &'c Catalogue, text: &str) -> Result<Vec<&'c TemplateType>, Failure> {
    let asked = log_source(text)?;
    let found: Vec<&TemplateType> = catalogue.serving(&asked).into_iter().map(|template| &**template).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let known = catalogue.log_sources();
    let parts: [fn(&LogSource) -> &Option<String>; 3] =
        [|source| &source.category, |source| &source.service, |source| &source.product];
    let near = parts.into_iter().find_map(|of| {
        let value = of(&asked).as_deref()?;
        let all: Vec<&str> = known.iter().filter_map(|source| of(source).as_deref()).collect();
        if all.contains(&value) { None } else { Some((value.to_owned(), closest(value, all)?.to_owned())) }
    });
    let help = match near {
        Some((wrong, right)) => format!("did you mean `{right}` where you wrote `{}`?", visible(&wrong)),
        None => "`contentcheck fields --list` lists the log sources".to_owned(),
    };
    Err(Failure::usage(format!("no template type serves the log source `{}`\n  help: {help}", visible(text))))
}

/// A template type without its inputs.
pub(super) fn outline(template: &TemplateType, rules: usize) -> TemplateFields {
    TemplateFields {
        name: template.name.clone(),
        version: template.version,
        arity: template.arity(),
        rules,
        open: template.open,
        serves: template.serves.iter().map(LogSource::short).collect(),
        fields: Vec::new(),
    }
}

/// Everything that a rule can read of a template type. `read` has the fields that rules read.
pub(super) fn whole(template: &TemplateType, read: Option<TemplateFields>, sensors: &[Sensor]) -> TemplateFields {
    let (rules, used) = read.map_or((0, Vec::new()), |read| (read.rules, read.fields));
    let mut used: BTreeMap<String, FieldUse> = used.into_iter().map(|field| (field.name.clone(), field)).collect();
    let mut field = |name: &str, position: Option<usize>, ty: Option<String>, always: Vec<String>| FieldUse {
        name: name.to_owned(),
        position,
        ty,
        always,
        supplied: supplied(template, name, sensors),
        rules: used.remove(name).map(|field| field.rules).unwrap_or_default(),
    };
    let mut fields = Vec::new();
    for declared in template.declared() {
        let Some(info) = template.describe(&declared).filter(|info| template.named(info.name) == declared) else {
            continue;
        };
        let always = match info.place {
            Place::Reads(values) => values.iter().map(ToString::to_string).collect(),
            _ => Vec::new(),
        };
        let position = info.position().map(|position| position as usize);
        fields.push(field(info.name, position, Some(info.ty.to_string()), always));
    }
    // What an open template type does not declare and rules read.
    fields.extend(used.into_values());
    TemplateFields { fields, ..outline(template, rules) }
}

/// Which sensors supply an input, and since which version. Of a version between two that do, it is said that it does not.
fn supplied(template: &TemplateType, name: &str, sensors: &[Sensor]) -> Vec<SuppliedBy> {
    let mut found: Vec<SuppliedBy> = Vec::new();
    for versions in sensors.chunk_by(|a, b| a.name() == b.name()) {
        let mut open = false;
        for sensor in versions {
            let supplies = sensor.manifest().templates.get(&template.name).is_some_and(|supply| {
                supply.inputs.iter().chain(&sensor.manifest().header).any(|input| input.name == name)
            });
            let version = sensor.version().to_string();
            match (supplies, open, found.last_mut()) {
                (true, false, _) => {
                    found.push(SuppliedBy {
                        sensor: sensor.name().to_owned(),
                        since: version.clone(),
                        until: Some(version),
                    });
                }
                (true, true, Some(last)) => last.until = Some(version),
                _ => {}
            }
            open = supplies;
        }
        if let (true, Some(last)) = (open, found.last_mut()) {
            last.until = None;
        }
    }
    found
}
