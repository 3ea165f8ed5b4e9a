//! A configuration that goes on from another one: `extend = "../base.toml"`.
//!
//! Files are merged as tables, before anything has a default: what the file itself says counts, key by key, and a list replaces a list. Paths
//! are relative to the file that names them; patterns of files are about the release, so they are relative to the file that extends.

use std::path::{Path, PathBuf};

use contentcheck_parser::release::{Input, InputKind, canonical_code};
use toml::{Table, Value};

use super::{Config, Loaded, parse, text_of};
use crate::failure::Failure;
use crate::files;

/// How many files one may go on from.
const MOST: usize = 8;

/// Keys whose values are paths, or lists of them.
const PATHS: [&[&str]; 9] = [
    &["fleet"],
    &["baseline"],
    &["profile"],
    &["gate", "previous"],
    &["gate", "previous-evidence"],
    &["gate", "previous-attestation"],
    &["gate", "previous-key"],
    &["gate", "recordings"],
    &["gate", "never-match"],
];

/// Sensors that ship with the tool are no paths.
const BUILTIN: &str = "builtin:";

/// Reads a configuration and what it goes on from.
///
/// # Errors
/// When one of the files is not there or is no valid configuration, or they lead back to themselves.
pub(super) fn read(path: PathBuf) -> Result<Loaded, Failure> {
    let mut read: Vec<PathBuf> = Vec::new();
    let mut inputs = Vec::new();
    let mut merged = Table::new();
    let mut next = Some(path.clone());
    while let Some(of) = next {
        let name = files::name(&of);
        let met = |known: &PathBuf| files::plain(known) == files::plain(&of) || same(known, &of);
        if let Some(last) = read.last() {
            let by = files::name(last);
            if read.iter().any(met) {
                return Err(Failure::usage(format!("{by}: `extend` leads back to {name}")));
            }
            if read.len() > MOST {
                return Err(Failure::usage(format!("{by}: `extend` leads through more than {MOST} files")));
            }
        }
        let text = text_of(&of).map_err(|failure| match read.last() {
            Some(last) => Failure::usage(format!("{}: `extend`: {}", files::name(last), failure.message)),
            None => failure,
        })?;
        let extend = parse(&text, &name)?.extend;
        let mut table: Table = toml::from_str(&text)
            .map_err(|error| Failure::usage(format!("{name}{}", super::fault(&text, error.span(), error.message()))))?;
        table.remove("extend");
        let directory = of.parent().map(Path::to_path_buf).unwrap_or_default();
        let root = path.parent().map(Path::to_path_buf).unwrap_or_default();
        if directory != root {
            PATHS.iter().for_each(|keys| rebase(&mut table, keys, &directory, &root));
        }
        spell(&mut table);
        merge(&mut merged, table);
        inputs.push(Input::new(InputKind::Configuration, name, text.as_bytes()));
        next = extend.map(|extend| directory.join(extend));
        read.push(of);
    }
    // Each of them is a configuration, so that together they are one.
    let config: Config = merged.try_into().map_err(|error: toml::de::Error| {
        Failure::usage(format!("{}: with what it extends: {}", files::name(&path), error.message()))
    })?;
    read.remove(0);
    Ok(Loaded { config, path: Some(path), extended: read, inputs })
}

fn same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    real(one).is_some_and(|one| Some(one) == real(other))
}

/// Codes have a number and a name, and what a file says of one counts over what it extends says of it.
fn spell(table: &mut Table) {
    if let Some(Value::Table(severity)) = table.get_mut("severity") {
        let said = std::mem::take(severity).into_iter();
        // What is no code was refused.
        *severity = said.map(|(key, level)| (canonical_code(&key).unwrap_or(key), level)).collect();
    }
}

/// Adds what is not said yet.
fn merge(said: &mut Table, more: Table) {
    for (key, value) in more {
        match (said.get_mut(&key), value) {
            (Some(Value::Table(said)), Value::Table(more)) => merge(said, more),
            (Some(_), _) => {}
            (None, value) => drop(said.insert(key, value)),
        }
    }
}

/// Makes what is relative to one directory relative to another one.
fn rebase(table: &mut Table, keys: &[&str], from: &Path, to: &Path) {
    let Some((first, rest)) = keys.split_first() else { return };
    match table.get_mut(*first) {
        Some(Value::Table(inner)) => rebase(inner, rest, from, to),
        Some(Value::Array(all)) if rest.is_empty() => all.iter_mut().for_each(|one| rebase_one(one, from, to)),
        Some(one) if rest.is_empty() => rebase_one(one, from, to),
        _ => {}
    }
}

fn rebase_one(value: &mut Value, from: &Path, to: &Path) {
    let Value::String(path) = value else { return };
    if path.starts_with(BUILTIN) || Path::new(&*path).is_absolute() {
        return;
    }
    let place = from.join(&*path);
    // Below the release the path stays as short as it is written, so that evidence does not say where a checkout is.
    let moved = match place.strip_prefix(to) {
        Ok(below) => below.to_path_buf(),
        Err(_) if to.as_os_str().is_empty() => place,
        Err(_) => up(to).join(place),
    };
    *path = moved.to_string_lossy().into_owned();
}

/// The way from a directory to where its path begins.
fn up(directory: &Path) -> PathBuf {
    if directory.is_absolute() { PathBuf::new() } else { directory.components().map(|_| "..").collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let root = std::env::temp_dir().join(format!("contentcheck-extend-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&root);
            fs::create_dir_all(root.join("content")).expect("a directory");
            fs::create_dir_all(root.join("base")).expect("a directory");
            Self(root)
        }

        fn write(&self, file: &str, text: &str) -> PathBuf {
            fs::write(self.0.join(file), text).expect("a file");
            self.0.join(file)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn what_the_file_says_counts_and_the_rest_is_from_what_it_extends() {
        let scratch = Scratch::new("merge");
        let own = scratch.write(
            "content/contentcheck.toml",
            "extend = \"../base/team.toml\"\nfleet = [\"fleet.json\"]\n[severity]\nCC0604 = \"off\"\n[gate]\nceiling = 5\n",
        );
        scratch.write(
            "base/team.toml",
            "extend = \"all.toml\"\nfleet = [\"other.json\"]\nbaseline = \"b.json\"\n[severity]\nunused-selection = \"error\"\nCC0605 = \"error\"\n",
        );
        scratch.write(
            "base/all.toml",
            "deny-warnings = true\nprofile = [\"day.jsonl\", \"/abs.jsonl\"]\n[gate]\nceiling = 9\nrecordings = [\"r\"]\n[gate.ceilings]\nx = 1\n[per-file-ignores]\n\"old/\" = [\"CC06\"]\n",
        );
        let loaded = read(own.clone()).expect("a configuration");
        let config = &loaded.config;
        assert_eq!(config.fleet, ["fleet.json"]);
        assert!(config.deny_warnings && config.extend.is_none());
        assert_eq!((config.gate.ceiling, config.gate.ceilings.len()), (Some(5), 1));
        let level = |code: &str| config.severity.get(code).map(|level| level.as_str());
        assert_eq!((level("CC0604"), level("CC0605")), (Some("off"), Some("error")));
        assert_eq!(config.per_file_ignores.keys().collect::<Vec<_>>(), ["old/"]);
        let at = |path: &str| files::plain(&loaded.root().join(path));
        let base = files::plain(&scratch.0.join("base"));
        assert_eq!(at(config.baseline.as_deref().expect("a baseline")), base.join("b.json"));
        assert_eq!(
            config.profile.iter().map(|path| at(path)).collect::<Vec<_>>(),
            [base.join("day.jsonl"), PathBuf::from("/abs.jsonl")]
        );
        assert_eq!(at(&config.gate.recordings[0]), base.join("r"));
        assert_eq!((loaded.inputs.len(), loaded.extended.len()), (3, 2));
        assert_eq!(loaded.path, Some(own));
    }

    #[test]
    fn what_leads_nowhere_or_back_is_an_error() {
        let scratch = Scratch::new("errors");
        let own = "content/contentcheck.toml";
        let said = |text: &str| read(scratch.write(own, text)).expect_err(text).message;
        assert!(said("extend = \"gone.toml\"").contains("contentcheck.toml: `extend`: "), "a file that is not there");
        assert!(said("extend = \"contentcheck.toml\"").contains("leads back to"));
        scratch.write("base/a.toml", "extend = \"b.toml\"");
        scratch.write("base/b.toml", "extend = \"../base/a.toml\"");
        assert!(said("extend = \"../base/a.toml\"").contains("b.toml: `extend` leads back to"));
        scratch.write("base/c.toml", "fleat = []");
        assert!(said("extend = \"../base/c.toml\"").contains("c.toml:1:1: there is no `fleat` here"));
        for at in 0..20 {
            scratch.write(&format!("base/{at}.toml"), &format!("extend = \"{}.toml\"", at + 1));
        }
        assert!(said("extend = \"../base/0.toml\"").contains("more than 8 files"));
        assert!(said("extend = \"../base\"").contains("`extend`: "), "a directory");
    }

    /// Whatever is a path in a configuration is one in a file that is extended.
    #[test]
    fn every_path_is_known() {
        let schema = serde_json::to_value(schemars::schema_for!(Config)).expect("a schema");
        let mut keys: Vec<(String, String)> = Vec::new();
        let tables = [("", &schema["properties"]), ("gate", &schema["$defs"]["GateConfig"]["properties"])];
        for (table, properties) in tables {
            for (key, of) in properties.as_object().expect("properties") {
                let said = of["description"].as_str().unwrap_or_default().to_owned();
                keys.push((format!("{table} {key}").trim().to_owned(), said));
            }
        }
        assert!(keys.len() > 15, "{keys:?}");
        const NO_PATHS: [&str; 13] = [
            "extend",
            "exclude",
            "deny-warnings",
            "severity",
            "per-file-ignores",
            "release",
            "gate",
            "gate ceiling",
            "gate ceilings",
            "gate seed",
            "gate cases",
            "gate require-all",
            "gate seconds",
        ];
        for (key, said) in keys {
            let is_path = PATHS.iter().any(|keys| keys.join(" ") == key);
            assert!(is_path != NO_PATHS.contains(&key.as_str()), "{key} is either a path or none: {said}");
        }
    }
}
