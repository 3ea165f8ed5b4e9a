//! Selecting sensors: manifest files, fleet files and what ships.

use std::path::{Path, PathBuf};

use contentcheck_model::diagnostic::{Code, Diagnostic, closest, codes};
use contentcheck_model::limits;
use contentcheck_model::sensor::{Fleet, FleetFile, Manifest, Sensor, SensorRef};
use contentcheck_model::source::{Source, Span};
use contentcheck_parser::release::{Input, InputKind, SHIPPED};

use crate::failure::Failure;
use crate::files;

/// What selectors mean: sensors, and the files that say what these supply.
#[derive(Clone, Debug, Default)]
pub struct Selected {
    /// The sensors.
    pub sensors: Vec<Sensor>,
    /// Manifests and fleet files, by what they hold.
    pub inputs: Vec<Input>,
    /// Where they are; those that ship are nowhere.
    pub paths: Vec<PathBuf>,
}

/// The sensors that selectors mean. Paths are relative to `root`.
///
/// # Errors
/// When a selector means nothing, or a manifest is wrong; with all that is wrong in it.
pub fn sensors(selectors: &[String], root: &Path) -> Result<Vec<Sensor>, Failure> {
    Ok(selected(selectors, root)?.sensors)
}

/// As [`sensors`], with the files.
///
/// # Errors
/// The same.
pub fn selected(selectors: &[String], root: &Path) -> Result<Selected, Failure> {
    let mut all = Selected::default();
    let found = &mut all.sensors;
    let mut files = Selected::default();
    for selector in selectors {
        for sensor in select(selector, root, &mut files)? {
            let known = |other: &Sensor| other.is_build_of(&sensor);
            // The same shipped manifest may be named twice; two manifests of one build may not.
            if !(selector.starts_with("builtin:") && found.iter().any(known)) {
                found.push(sensor);
            }
        }
    }
    all.inputs = files.inputs;
    all.paths = files.paths;
    Ok(all)
}

/// The fleet of these sensors; none where there are none.
///
/// # Errors
/// When two manifests describe the same build.
pub fn fleet(sensors: Vec<Sensor>) -> Result<Option<Fleet>, Failure> {
    if sensors.is_empty() {
        return Ok(None);
    }
    Fleet::new(sensors).map(Some).map_err(|error| Failure::usage(error.to_string()))
}

fn select(selector: &str, root: &Path, files: &mut Selected) -> Result<Vec<Sensor>, Failure> {
    match SensorRef::parse(selector).map_err(|problem| Failure::usage(format!("`{selector}`: {problem}")))? {
        SensorRef::Builtin { sensor, version } => builtin(&sensor, version.as_deref(), files),
        SensorRef::Path(path) => {
            let there = root.join(&path);
            if !there.exists()
                && let Some(shipped) = shipped(&path)
            {
                let name = files::name(&there);
                return Err(Failure::usage(format!(
                    "{name}: there is no such file; did you mean `builtin:{shipped}`?"
                )));
            }
            file(&there, files)
        }
    }
}

/// The sensor that ships under what was taken for the name of a file, with its version.
fn shipped(written: &str) -> Option<&str> {
    let name = written.split_once('/').map_or(written, |(name, _)| name);
    contentcheck_library::sensor_names().any(|known| known == name).then_some(written)
}

fn builtin(sensor: &str, version: Option<&str>, files: &mut Selected) -> Result<Vec<Sensor>, Failure> {
    let selector = version.map_or_else(|| sensor.to_owned(), |version| format!("{sensor}/{version}"));
    let mut found: Vec<Sensor> = Vec::new();
    let mut shipped: Vec<_> = contentcheck_library::sensors(&selector).collect();
    if let (true, Some(version)) = (shipped.is_empty(), version) {
        // Versions that are equal are written in several ways: 4.9 is 4.90.
        for file in contentcheck_library::sensors(sensor) {
            let is_it = file.parse().is_ok_and(|parsed| parsed.version().compare(version).is_eq());
            shipped.extend(is_it.then_some(file));
        }
    }
    for file in shipped {
        found.push(file.parse().map_err(|problems| problems_in(&problems))?);
        let name = format!("{SHIPPED}{}/{}", file.sensor, file.version);
        files.inputs.push(Input::new(InputKind::Manifest, name, file.json.as_bytes()));
    }
    if !found.is_empty() {
        return Ok(found);
    }
    let versions: Vec<&str> = contentcheck_library::sensors(sensor).map(|file| file.version).collect();
    let message = if versions.is_empty() {
        let names: Vec<&str> = contentcheck_library::sensor_names().collect();
        match closest(sensor, names.iter().copied()) {
            Some(near) => format!("no sensor `{sensor}` ships; did you mean `builtin:{near}`?"),
            None => format!("no sensor `{sensor}` ships; there are {}", names.join(", ")),
        }
    } else {
        let of_schema = if sensor == "sysmon" { ": versions of Sysmon's schema, which `sysmon -s` prints" } else { "" };
        format!("no manifest of {sensor} {} ships; there are {}{of_schema}", version.unwrap_or(""), versions.join(", "))
    };
    Err(Failure::usage(message))
}

fn file(path: &Path, files: &mut Selected) -> Result<Vec<Sensor>, Failure> {
    let source = noted(path, files)?;
    if is_fleet(source.text()) {
        let members = FleetFile::parse(&source).map_err(|problems| problems_in(&problems))?;
        let root = path.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        let mut found = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for member in members {
            // What ships may be named twice.
            if let SensorRef::Builtin { sensor, version } = &member.value
                && !seen.insert((sensor.clone(), version.clone()))
            {
                continue;
            }
            match member.value {
                SensorRef::Builtin { sensor, version } => found.extend(builtin(&sensor, version.as_deref(), files)?),
                SensorRef::Path(path) => {
                    let source = noted(&root.join(path), files)?;
                    found.push(Manifest::parse(&source).map_err(|problems| problems_in(&problems))?);
                }
            }
        }
        return Ok(found);
    }
    Ok(vec![Manifest::parse(&source).map_err(|problems| problems_in(&problems))?])
}

/// Reads a manifest or fleet file that has an influence.
fn noted(path: &Path, files: &mut Selected) -> Result<Source, Failure> {
    let source = read(path)?;
    // A file whose own name looks like that of a manifest that ships is not taken for one.
    let here = if source.name().starts_with(SHIPPED) { "./" } else { "" };
    let name = format!("{here}{}", source.name());
    files.inputs.push(Input::new(InputKind::Manifest, name, source.text().as_bytes()));
    files.paths.push(path.to_path_buf());
    Ok(source)
}

/// Whether a JSON text is a fleet file: it lists `sensors`, which a manifest does not.
fn is_fleet(text: &str) -> bool {
    let read: Result<std::collections::BTreeMap<String, serde::de::IgnoredAny>, _> = serde_json::from_str(text);
    read.is_ok_and(|members| members.contains_key("sensors") && !members.contains_key("templates"))
}

/// Reads a manifest, fleet file or schema.
///
/// # Errors
/// When it cannot be read or is not UTF-8.
pub fn read(path: &Path) -> Result<Source, Failure> {
    let name = files::name(path);
    let refused = |code: &'static Code, message: String| {
        problems_in(&[Diagnostic::new(code, &Source::new(name.as_str(), ""), Span::default(), message)])
    };
    let bytes = files::read_bytes(path, limits::MANIFEST_BYTES)
        .map_err(|problem| refused(&codes::UNREADABLE, format!("the file cannot be read: {problem}")))?;
    if bytes.len() > limits::MANIFEST_BYTES {
        let message = format!("the file is larger than {} bytes", limits::MANIFEST_BYTES);
        return Err(refused(&codes::FILE_TOO_LARGE, message));
    }
    let text = String::from_utf8(bytes).map_err(|_| refused(&codes::NOT_UTF8, "the file is not UTF-8".to_owned()))?;
    Ok(Source::new(name, text))
}

/// All that is wrong with an input that is not content, one line each.
#[must_use]
pub fn problems_in(problems: &[Diagnostic]) -> Failure {
    let lines: Vec<String> = problems
        .iter()
        .map(|problem| match &problem.help {
            Some(help) => format!("{problem}\n  help: {help}"),
            None => problem.to_string(),
        })
        .collect();
    Failure::usage(lines.join("\n"))
}
