//! The configuration file `contentcheck.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use contentcheck_model::diagnostic::{closest, codes, reader_words};
use contentcheck_parser::release::{Input, Level, Policy, SeverityError, canonical_code};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::files;

mod extend;

/// The name that is looked for.
pub const FILE_NAME: &str = "contentcheck.toml";
const LONGEST: usize = 1 << 20;

/// `contentcheck.toml`: how a release is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// A configuration that this one goes on from, relative to this file: what is said here counts, and the rest is as it is said there.
    pub extend: Option<String>,
    /// Sensors that the content is for: manifests and fleet files relative to this file,
    /// `builtin:sysmon`, `builtin:sysmon/4.90`.
    pub fleet: Vec<String>,
    /// What directories leave out, in gitignore syntax, relative to this file.
    pub exclude: Vec<String>,
    /// Whether warnings fail the run.
    pub deny_warnings: bool,
    /// A baseline, relative to this file: findings recorded there are accepted.
    pub baseline: Option<String>,
    /// Severity of codes, by code (`CC0604`) or name (`unused-selection`).
    pub severity: BTreeMap<String, Level>,
    /// Codes, names of codes or beginnings of codes that are off in some files, by a pattern in gitignore syntax, relative to this file.
    pub per_file_ignores: BTreeMap<String, Vec<String>>,
    /// Recorded events that tell `compile` and `gate` what is rare in values, so that the image is fast on such events: files
    /// and directories, relative to this file.
    pub profile: Vec<String>,
    /// What the release is called, and its place among others.
    pub release: ReleaseConfig,
    /// How `contentcheck gate` runs.
    pub gate: GateConfig,
}

/// `[release]`: what a release says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ReleaseConfig {
    /// Its name.
    pub name: Option<String>,
    /// Its sequence number: a later release has a higher one, a revert too.
    pub sequence: Option<u64>,
}

/// `[gate]`: how `contentcheck gate` runs. Paths are relative to the configuration file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct GateConfig {
    /// The release before: a file or directory of content. Its own `contentcheck.toml` counts for it.
    pub previous: Option<String>,
    /// The `evidence.json` that the gate left of it: what is replayed must not have shrunk.
    pub previous_evidence: Option<String>,
    /// The attestation of that evidence; by default the `attestation.dsse.json` beside it.
    pub previous_attestation: Option<String>,
    /// The public key that the attestation must be signed with. Without one nobody knows whether the evidence was edited.
    pub previous_key: Option<String>,
    /// Recorded events that are replayed: files and directories.
    pub recordings: Vec<String>,
    /// Recorded events that no rule may match: files and directories.
    pub never_match: Vec<String>,
    /// How often a rule may match the recorded events, unless it has a ceiling of its own.
    pub ceiling: Option<u64>,
    /// How often a rule may match them; rules by id, name, title or file.
    pub ceilings: BTreeMap<String, u64>,
    /// The seed of everything that is random; 1 by default.
    pub seed: Option<u64>,
    /// Events that differential fuzzing makes; 20,000 by default.
    pub cases: Option<u64>,
    /// Whether a check that did not run fails the gate.
    pub require_all: bool,
}

impl GateConfig {
    /// The files that are named for the evidence of the release before.
    pub fn of_evidence(&self) -> impl Iterator<Item = &String> {
        [&self.previous_evidence, &self.previous_attestation, &self.previous_key].into_iter().flatten()
    }
}

/// A configuration and where it was found.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// The file, where there is one.
    pub path: Option<PathBuf>,
    /// The files that it extends, the nearest first.
    pub extended: Vec<PathBuf>,
    /// All of them by what they hold.
    pub inputs: Vec<Input>,
}

impl Loaded {
    /// The directory that paths in the configuration are relative to.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        let parent = self.path.as_deref().and_then(Path::parent).filter(|parent| !parent.as_os_str().is_empty());
        parent.map_or_else(|| PathBuf::from("."), Path::to_path_buf)
    }
}

/// Reads the configuration that was named, or the nearest `contentcheck.toml` upward of `start`.
///
/// # Errors
/// When a file that was named is not there, or a file is not a valid configuration.
pub fn load(named: Option<&Path>, start: &Path) -> Result<Loaded, Failure> {
    let path = match named {
        Some(path) => Some(path.to_path_buf()),
        None => {
            let found = find(start);
            if let Some(misnamed) = misnamed(start, found.as_deref()) {
                return Err(misnamed);
            }
            found
        }
    };
    let Some(path) = path else { return Ok(Loaded::default()) };
    extend::read(path)
}

/// The text of a configuration.
fn text_of(path: &Path) -> Result<String, Failure> {
    let fail = |problem: String| Failure::usage(format!("{}: {problem}", files::name(path)));
    let bytes = files::read_whole(path, LONGEST).map_err(fail)?;
    String::from_utf8(bytes).map_err(|_| fail("the file is not UTF-8".to_owned()))
}

/// The configuration that is in the directory of a path, or nearest above it.
pub(crate) fn find(start: &Path) -> Option<PathBuf> {
    let above = |file: &'_ Path| file.parent().filter(|above| !above.as_os_str().is_empty()).map(Path::to_path_buf);
    let start = if start.is_dir() { start.to_path_buf() } else { above(start).unwrap_or_else(|| PathBuf::from(".")) };
    let directory = files::plain(&start);
    let (up, found) = directory
        .ancestors()
        .map(|directory| directory.join(FILE_NAME))
        .enumerate()
        .find(|(_, path)| is_there(path))?;
    // Where the way up is a part of what was named, the file is named like that: then what is said of a release, and its
    // evidence, does not depend on where the checkout is.
    let is_part = start.components().rev().take(up).all(|part| matches!(part, Component::Normal(_)));
    let named = start.ancestors().nth(up).filter(|_| is_part).map(|above| above.join(FILE_NAME));
    Some(files::short(named.and_then(|named| std::path::absolute(named).ok()).unwrap_or(found)))
}

/// What looks like a configuration where content is, and is not the one that counts: whoever wrote it means it to.
fn misnamed(start: &Path, found: Option<&Path>) -> Option<Failure> {
    let directory =
        if start.is_dir() { start } else { start.parent().filter(|above| !above.as_os_str().is_empty())? };
    if found.is_some_and(|found| found.parent() == Some(directory)) || is_there(&directory.join(FILE_NAME)) {
        return None;
    }
    let meant = |name: &str| {
        let name = name.to_ascii_lowercase();
        let bare = name.trim_start_matches('.');
        let bare = bare.strip_suffix(".txt").unwrap_or(bare);
        let (stem, ending) = bare.rsplit_once('.').unwrap_or((bare, ""));
        let is_config = ["toml", "tml", "tom", "tmol", "conf", "config", "cfg", "ini"].contains(&ending);
        is_config && closest(stem, ["contentcheck"]).is_some()
    };
    let mut names: Vec<String> = fs::read_dir(directory)
        .ok()?
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_dir()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| meant(name))
        .collect();
    names.sort();
    let name = files::name(&directory.join(names.first()?));
    Some(Failure::usage(format!(
        "{name} is not read: the configuration is called `{FILE_NAME}`; rename it, or name it with --config"
    )))
}

/// Whether a configuration is there, of whatever kind: a pipe or a directory of that name is no configuration that could
/// be passed over, and reading it says so.
#[must_use]
pub fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn parse(text: &str, name: &str) -> Result<Config, Failure> {
    let config: Config = toml::from_str(text).map_err(|error| {
        let message = error.message().trim().replace('\n', " ");
        Failure::usage(format!("{name}{}{}", fault(text, error.span(), &message), near(&message)))
    })?;
    let mut policy = Policy::default();
    // TOML has no higher number.
    const HIGHEST: u64 = i64::MAX as u64;
    if let Some(sequence) = config.release.sequence.filter(|sequence| *sequence >= HIGHEST) {
        return Err(Failure::usage(format!(
            "{name}: [release] sequence {sequence} is too high: it must be below {HIGHEST}, so that a later release can have a higher one"
        )));
    }
    let fail = |table: &str, problem: SeverityError| Failure::usage(format!("{name}: [{table}] {problem}"));
    let mut known: BTreeMap<String, &str> = BTreeMap::new();
    for (key, level) in &config.severity {
        policy.set(key, *level).map_err(|problem| fail("severity", problem))?;
        let code = canonical_code(key).map_err(|problem| fail("severity", problem))?;
        if let Some(other) = known.insert(code, key) {
            return Err(Failure::usage(format!(
                "{name}: [severity] `{other}` and `{key}` are one code: keep one of them"
            )));
        }
    }
    for (files, codes) in &config.per_file_ignores {
        policy.ignore_in(files, codes, BTreeSet::new()).map_err(|problem| fail("per-file-ignores", problem))?;
    }
    Ok(config)
}

/// Where in a text of TOML its reader met a fault, and what it is, in the words of who wrote it: `:3:7: ...`, for behind the
/// file's name.
#[must_use]
pub fn fault(text: &str, span: Option<Range<usize>>, message: &str) -> String {
    let place = span.map_or_else(String::new, |span| {
        let before = text.get(..span.start).unwrap_or("");
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        format!(":{line}:{column}")
    });
    format!("{place}: {}", reader_words(&message.trim().replace('\n', " ")))
}

/// What is said on the command line alone: in a file it would hold for every release after this one.
const ONE_RUN: [&str; 3] = ["allow-shrink", "allow-growth", "skip-unsupplied"];

/// Where the unknown key that a message of the TOML reader names belongs, or a near one of another table.
fn near(message: &str) -> String {
    const KEYS: [(&str, &[&str]); 3] = [
        (
            "at the top of the file, before the first table",
            &[
                "extend",
                "fleet",
                "exclude",
                "deny-warnings",
                "baseline",
                "severity",
                "per-file-ignores",
                "profile",
                "release",
                "gate",
            ],
        ),
        ("under [release]", &["name", "sequence"]),
        (
            "under [gate]",
            &[
                "previous",
                "previous-evidence",
                "previous-attestation",
                "previous-key",
                "recordings",
                "never-match",
                "ceiling",
                "ceilings",
                "seed",
                "cases",
                "require-all",
            ],
        ),
    ];
    let Some(key) = message.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next()) else {
        return String::new();
    };
    if ONE_RUN.contains(&key) {
        return format!("\n  help: this is for one run and its reviewer: give the gate --{key} instead");
    }
    // A key that there is, is unknown only where it does not belong.
    if let Some((place, _)) = KEYS.iter().find(|(_, keys)| keys.contains(&key)) {
        return format!("\n  help: `{key}` belongs {place}");
    }
    if reader_words(message).contains("did you mean") {
        return String::new();
    }
    closest(key, KEYS.iter().flat_map(|(_, keys)| keys.iter().copied()))
        .and_then(|near| KEYS.iter().find(|(_, keys)| keys.contains(&near)).map(|(place, _)| (near, place)))
        .map_or_else(String::new, |(near, place)| format!("\n  help: `{near}` belongs {place}"))
}

/// Codes that a command line names, over what the configuration says of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Codes {
    /// `CODE=LEVEL`.
    pub severity: Vec<String>,
    /// Codes that are off.
    pub ignore: Vec<String>,
    /// The only codes that are looked at, beside those that nothing silences; all where none is named.
    pub select: Vec<String>,
}

/// Which findings fail: by the configuration, then by what a command line says of codes.
///
/// # Errors
/// When one names no code or no level, or a code whose findings cannot be silenced.
pub fn policy(loaded: &Loaded, codes: &Codes) -> Result<Policy, Failure> {
    let mut policy = Policy::default();
    policy.deny_warnings = loaded.config.deny_warnings;
    let file = loaded.path.as_deref().map_or_else(String::new, files::name);
    for (key, level) in &loaded.config.severity {
        policy.set(key, *level).map_err(|problem| Failure::usage(format!("{file}: [severity] {problem}")))?;
    }
    codes.set(&mut policy)?;
    Ok(policy)
}

impl Codes {
    fn set(&self, policy: &mut Policy) -> Result<(), Failure> {
        for argument in &self.severity {
            let fail = |problem: String| Failure::usage(format!("`--severity {argument}`: {problem}"));
            let (key, word) =
                argument.split_once('=').ok_or_else(|| fail("write CODE=LEVEL, such as CC0604=error".to_owned()))?;
            let level = Level::from_word(word)
                .ok_or_else(|| fail(format!("`{word}` is not one of {}", Level::WORDS.join(", "))))?;
            policy.set(key, level).map_err(|problem| fail(problem.to_string()))?;
        }
        for code in &self.ignore {
            policy.set(code, Level::Off).map_err(|problem| Failure::usage(format!("`--ignore {code}`: {problem}")))?;
        }
        for code in &self.select {
            policy.select(code).map_err(|problem| Failure::usage(format!("`--select {code}`: {problem}")))?;
        }
        Ok(())
    }

    /// Whether this command line does not look for a code, by its id.
    ///
    /// # Errors
    /// As [`policy`].
    pub fn passes_over(&self) -> Result<impl Fn(&str) -> bool, Failure> {
        let mut policy = Policy::default();
        self.set(&mut policy)?;
        Ok(move |id: &str| codes::find(id).is_some_and(|code| policy.severity(code).is_none()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_under_nearly_its_name_is_not_passed_over() {
        let directory = std::env::temp_dir().join(format!("contentcheck-misnamed-{}", std::process::id()));
        let content = directory.join("content");
        std::fs::create_dir_all(&content).expect("a directory");
        let load = || load(None, &content).map(|loaded| loaded.path.is_some()).map_err(|failure| failure.message);
        let nearly =
            ["contentchek.toml", "contencheck.toml", "Content_Check.toml", "contentcheck.tml", "contentcheck.conf"];
        let nearly = nearly.into_iter().chain([".contentcheck.toml", "content-check.toml", "contentcheck.toml.txt"]);
        for name in nearly.chain(["ContentCheck.toml", "contentcheck.ini"]) {
            std::fs::write(content.join(name), "").expect("a file");
            let said = load().expect_err(name);
            assert!(said.contains(&format!("{name} is not read")), "{said}");
            // Not where the configuration is, and not below another one either.
            std::fs::write(directory.join(FILE_NAME), "").expect("a file");
            assert!(load().is_err(), "{name}");
            std::fs::write(content.join(FILE_NAME), "").expect("a file");
            assert_eq!(load(), Ok(true), "{name}");
            for gone in [content.join(name), content.join(FILE_NAME), directory.join(FILE_NAME)] {
                std::fs::remove_file(gone).expect("the file");
            }
        }
        for name in [
            "contentcheck",
            "contentcheck.txt",
            "contentcheck.toml.bak",
            "contentcheck.json",
            "other.toml",
            "content.toml",
            "check.toml",
        ] {
            std::fs::write(content.join(name), "").expect("a file");
            assert!(load().is_ok(), "{name}");
        }
        std::fs::remove_dir_all(directory).expect("the directory");
    }

    #[test]
    fn unknown_keys_and_codes_are_errors_with_a_suggestion() {
        let failure = parse("fleat = []\n", "c.toml").expect_err("unknown key");
        assert!(failure.message.starts_with("c.toml:1:1: there is no `fleat` here"), "{}", failure.message);
        assert!(failure.message.contains("did you mean `fleet`?"), "{}", failure.message);
        let failure = parse("[severity]\nCC0640 = \"off\"\n", "c.toml").expect_err("unknown code");
        assert!(failure.message.contains("did you mean"), "{}", failure.message);
        assert!(parse("[severity]\nunused-selection = \"error\"\n", "c.toml").is_ok());
        for (one, other) in [("CC0604", "unused-selection"), ("CC06", "cc06"), ("CC0604", "cc0604")] {
            let text = format!("[severity]\n{one} = \"error\"\n{other} = \"off\"\n");
            let failure = parse(&text, "c.toml").expect_err("one code twice");
            assert!(failure.message.contains("are one code"), "{}", failure.message);
        }
        assert!(parse("[severity]\nCC06 = \"off\"\nCC0604 = \"error\"\n", "c.toml").is_ok());
        for key in ONE_RUN {
            let failure = parse(&format!("[gate]\n{key} = true\n"), "c.toml").expect_err("for one run");
            assert!(failure.message.contains(&format!("give the gate --{key}")), "{}", failure.message);
        }
        for (text, place) in [
            ("[gate]\ndeny-warnings = true\n", "belongs at the top of the file"),
            ("[release]\nfleet = []\n", "belongs at the top of the file"),
            ("ceiling = 3\n", "belongs under [gate]"),
            ("[release]\nrequire-all = true\n", "belongs under [gate]"),
            ("[gate]\nsequence = 3\n", "belongs under [release]"),
        ] {
            let failure = parse(text, "c.toml").expect_err("misplaced");
            assert!(failure.message.contains(place), "{}", failure.message);
        }
        assert!(parse("[release]\nsequence = 9223372036854775806\n", "c.toml").is_ok());
        for highest in [i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX] {
            let text = format!("[release]\nsequence = {highest}\n");
            let failure = parse(&text, "c.toml").expect_err("nothing follows");
            assert!(failure.message.contains("so that a later release can have a higher one"), "{}", failure.message);
        }
        for key in ["CC0401", "unsupplied-input", "CC0808"] {
            for level in ["off", "info", "warning"] {
                let failure = parse(&format!("[severity]\n{key} = \"{level}\"\n"), "c.toml").expect_err("fixed");
                assert!(failure.message.contains("stays an error"), "{}", failure.message);
            }
        }
        assert!(parse("[severity]\nCC0604 = \"loud\"\n", "c.toml").is_err());
    }
}
