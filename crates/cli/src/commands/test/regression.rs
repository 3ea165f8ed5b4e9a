//! Recorded samples in the layout of SigmaHQ: an `info.yml` says which rule must match which file
//! how often.

use std::ops::ControlFlow;
use std::path::{Component, Path, PathBuf};

use contentcheck_model::diagnostic::closest;
use contentcheck_model::limits;
use contentcheck_model::lookup::NotFound;
use ignore::WalkBuilder;
use serde_json::Value;

use super::{Ended, Kind, Runner, Seen};
use crate::exit::Failure;
use crate::recorded;
use contentcheck_project::{files, yaml};

/// The key that says how often a sample must match.
const MATCH_COUNT: &str = "match_count";

/// One sample, or why a description yields none.
pub(super) struct Sample {
    /// The description.
    file: String,
    /// The rule and the test.
    rule: String,
    name: String,
    what: Result<(PathBuf, Option<u64>), String>,
}

/// The samples that descriptions below these directories name.
///
/// # Errors
/// When a directory is not there, or holds no description.
pub(super) fn samples(directories: &[PathBuf]) -> Result<Vec<Sample>, Failure> {
    let mut found = Vec::new();
    for directory in directories {
        let name = files::name(directory);
        if !directory.is_dir() {
            return Err(Failure::usage(format!(
                "{name}: not a directory; --regression names one with info.yml files below"
            )));
        }
        let before = found.len();
        let mut builder = WalkBuilder::new(directory);
        builder.standard_filters(false).hidden(true).follow_links(true).max_depth(Some(limits::DIRECTORY_DEPTH));
        builder.sort_by_file_name(Ord::cmp);
        for entry in builder.build() {
            match entry {
                Ok(entry)
                    if entry.file_name() == "info.yml" && entry.file_type().is_some_and(|kind| kind.is_file()) =>
                {
                    described(entry.path(), &mut found);
                }
                Ok(_) => {}
                Err(error) => found.push(Sample {
                    file: name.clone(),
                    rule: String::new(),
                    name: "the directory".to_owned(),
                    what: Err(error.to_string()),
                }),
            }
        }
        if found.len() == before {
            return Err(Failure::usage(format!("{name}: no info.yml below it")));
        }
    }
    Ok(found)
}

/// The samples of a description.
fn described(path: &Path, found: &mut Vec<Sample>) {
    let file = files::name(path);
    let mut fail = |reason: String| {
        let (rule, name) = (String::new(), "the file".to_owned());
        found.push(Sample { file: file.clone(), rule, name, what: Err(reason) });
    };
    let info = match yaml::load(path) {
        Ok(info) => info,
        Err(reason) => return fail(reason),
    };
    let list = |key: &str| info.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let rules: Vec<String> = list("rule_metadata").iter().filter_map(|rule| text(rule, "id")).collect();
    let tests = list("regression_tests_info");
    // What else the description has may be written as a number.
    if let Some(key) = passed_over(&info, &["id", "date", "modified", "version"]) {
        return fail(format!(
            "`{key}` is not known there; how often a sample must match is the `{MATCH_COUNT}` of the sample"
        ));
    }
    if rules.is_empty() || tests.is_empty() {
        return fail(
            "it names no rule under `rule_metadata: - id`, or no sample under `regression_tests_info`".to_owned(),
        );
    }
    for rule in &rules {
        for test in tests {
            let name = text(test, "name").unwrap_or_else(|| "sample".to_owned());
            let what = match text(test, "path") {
                None => Err("the sample has no `path`".to_owned()),
                Some(sample) => match_count(test).and_then(|count| Ok((located(path, &sample)?, count))),
            };
            found.push(Sample { file: file.clone(), rule: rule.clone(), name, what });
        }
    }
}

/// What is known of a sample.
const KEYS: [&str; 5] = ["name", "type", "provider", MATCH_COUNT, "path"];

/// A key that asks for something and is passed over: one that is nearly `match_count`, or counts under another name. Other keys are other
/// tools' own.
fn passed_over(of: &Value, known: &[&str]) -> Option<String> {
    of.as_object()?
        .iter()
        .find(|(key, value)| {
            let counts = value.is_number() || value.as_str().is_some_and(|text| text.trim().parse::<f64>().is_ok());
            !known.contains(&key.as_str()) && (counts || closest(key, KEYS) == Some(MATCH_COUNT))
        })
        .map(|(key, _)| key.clone())
}

/// How often a sample must match; nothing where it does not say so, and then once is enough.
fn match_count(sample: &Value) -> Result<Option<u64>, String> {
    if let Some(key) = passed_over(sample, &KEYS) {
        return Err(format!("`{key}` of the sample is not known; how often it must match is its `{MATCH_COUNT}`"));
    }
    match sample.get(MATCH_COUNT) {
        None => Ok(None),
        Some(count) => match count.as_u64() {
            Some(count) => Ok(Some(count)),
            None => Err(format!("`{MATCH_COUNT}` is a whole number of matches, and this is {count}")),
        },
    }
}

/// The file that a description means: relative to a directory above it, whichever has it.
fn located(description: &Path, sample: &str) -> Result<PathBuf, String> {
    let relative = Path::new(sample);
    if relative.components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(format!("the path `{sample}` leads out of the directory"));
    }
    let from = std::path::absolute(description).map_err(|error| files::reason(&error))?;
    let found = from.ancestors().skip(1).map(|above| above.join(relative)).find(|path| path.is_file());
    let found = found.ok_or_else(|| format!("`{sample}` is not below any directory above this file"))?;
    // Below the current directory a relative path is shorter to read.
    let short = std::env::current_dir().ok().and_then(|here| found.strip_prefix(here).ok().map(Path::to_path_buf));
    Ok(short.unwrap_or(found))
}

impl Runner<'_, '_> {
    /// Runs one sample.
    pub(super) fn sample(&mut self, sample: Sample) {
        let Sample { file, rule: wanted, name, what } = sample;
        let (path, count) = match what {
            Ok(what) => what,
            Err(reason) => return self.other(&file, &wanted, &name, Kind::Sample, Ended::Failed, reason),
        };
        let id = match self.named(&wanted) {
            Ok(id) => id,
            Err(NotFound::Unknown { .. }) => {
                let reason = "the rule is not among those that were compiled".to_owned();
                return self.other(&file, &wanted, &name, Kind::Sample, Ended::Skipped, reason);
            }
            Err(several) => return self.other(&file, &wanted, &name, Kind::Sample, Ended::Failed, several.to_string()),
        };
        let Some(rule) = self.rules.get(id.index()).copied() else { return };
        self.tested(id);
        let mut flattener = std::mem::take(&mut self.tester.flattener);
        let (mut events, mut shown, mut fired) = (0_u64, 0_u64, 0_u64);
        let mut all = Seen::default();
        let mut problems = Vec::new();
        let went = recorded::read(
            &path,
            &mut flattener,
            |record| match record {
                Err(problem) => problems.push(problem.to_string()),
                Ok((place, flat)) => {
                    events += 1;
                    let seen = self.tester.recorded(id, rule, flat, None, true);
                    shown += u64::from(seen.shown > 0);
                    fired += u64::from(seen.fires);
                    all.odds.extend(seen.odds.into_iter().map(|odds| format!("{place}: {odds}")));
                    // One explanation tells why, a hundred do not.
                    if !seen.fires && all.why.len() < 3 {
                        all.why.extend(seen.why.into_iter().map(|why| format!("{place} {why}")));
                    }
                }
            },
            |_| ControlFlow::Continue(()),
        );
        debug_assert!(went.is_continue(), "nothing stops the reading");
        self.tester.flattener = flattener;
        // A sample that shows the rule nothing says nothing of it.
        let holds = shown > 0 && count.map_or(fired > 0, |count| fired == count);
        let expected = count.map_or_else(
            || "at least one match".to_owned(),
            |count| recorded::plural(count, "match").replace("matchs", "matches"),
        );
        let message = format!(
            "{}: {expected} expected, {fired} found; {events} events, {shown} of a template type of the rule",
            path.display()
        );
        let (outcome, message, why) = if !all.odds.is_empty() {
            (Ended::Fault, all.odds.join("; "), all.why)
        } else if !problems.is_empty() {
            (Ended::Failed, format!("{message}; {}", problems.join("; ")), all.why)
        } else if holds {
            return self.decide(
                &file,
                rule,
                name,
                Kind::Sample,
                true,
                Seen { shown: 1, fires: true, ..Seen::default() },
                Vec::new(),
            );
        } else {
            (Ended::Failed, message, all.why)
        };
        self.other(&file, &rule.name, &name, Kind::Sample, outcome, message);
        if let Some(last) = self.results.last_mut() {
            last.title.clone_from(&rule.title);
            last.why = why;
        }
    }
}
