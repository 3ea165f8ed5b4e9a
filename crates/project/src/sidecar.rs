//! Files of tests beside Sigma rules: `rule.test.yml` beside `rule.yml`. See [`contentcheck_parser::sidecar`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use contentcheck_model::diagnostic::{Diagnostic, codes, reader_words};
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Input, InputKind};
use contentcheck_parser::sidecar::{Beside, Case};
use contentcheck_parser::sigma::in_file;
use serde_json::Value;

use crate::walk::Found;
use crate::write::InputFiles;
use crate::{files, walk, yaml};

/// What is said of a file that holds nothing.
const NO_TEST: &str = "there is no test in it; begin each test with `- name: ...`, or remove the file";

/// Tests in one file.
const MOST: usize = 10_000;

/// Reads the files of tests that a walk found, which knows what is left out. What is wrong with one is told where it is
/// run, but for a file that holds no tests: it may be a rule or a filter that would be in no release.
pub(crate) fn beside(
    walked: &[Found],
    sources: &BTreeMap<String, PathBuf>,
    inputs: &mut Vec<Input>,
    paths: &InputFiles,
    problems: &mut Vec<Diagnostic>,
) -> Vec<Beside> {
    let mut found: BTreeMap<PathBuf, String> = BTreeMap::new();
    for sidecar in walked {
        let stem = walk::sidecar_of(&sidecar.name).unwrap_or_default();
        let known = ["yml", "yaml"].map(|ending| format!("{stem}.{ending}"));
        // A rule that is checked comes before one that lies there.
        let rules = known.iter().find(|name| sources.contains_key(*name));
        let rules = rules.or_else(|| known.iter().find(|name| Path::new(name).is_file()));
        found.insert(sidecar.path.clone(), rules.cloned().unwrap_or_else(|| format!("{stem}.yml")));
    }
    let read = |(path, rules): (PathBuf, String)| {
        let file = files::name(&path);
        let is_orphan = !Path::new(&rules).is_file();
        let cases = match yaml::read(&path) {
            Ok(source) => {
                inputs.push(Input::new(InputKind::Tests, file.as_str(), source.text().as_bytes()));
                let cases = cases(&source);
                // A list of tests is no Sigma document, whatever the fields of their events are called.
                problems.extend(cases.as_ref().err().and_then(|_| no_tests(&source)));
                cases
            }
            // One that is blank holds no filter: it is as one without a test.
            Err(problem) if problem.code.id == codes::EMPTY_FILE.id => Err(format!("{file}: {NO_TEST}")),
            Err(problem) => {
                let help = "restore it, or remove it: what it holds may be a rule or a filter";
                let reason = problem.to_string();
                let found = Diagnostic::new(&codes::UNREADABLE, &problem.source, problem.span, problem.message);
                problems.push(found.with_help(help));
                Err(reason)
            }
        };
        paths.add(path);
        Beside { file, is_orphan, cases, rules }
    };
    found.into_iter().map(read).collect()
}

/// What is to be said of a file that is called as files of tests are, and holds a Sigma document, or may.
fn no_tests(source: &Source) -> Option<Diagnostic> {
    let message = "files of this name hold tests, and here is something of Sigma: it is in no release";
    let found = Diagnostic::new(&codes::NOT_A_RULE, source, in_file(source)?, message);
    Some(found.with_help(
        "call a rule or a filter otherwise; a file of tests is a list, each of which begins with `- name: ...`",
    ))
}

/// The tests of a file.
fn cases(source: &Source) -> Result<Vec<Case>, String> {
    let name = source.name();
    let Value::Array(items) = yaml::value(source)? else {
        return Err(format!("{name}: a file of tests is a list; begin each test with `- name: ...`"));
    };
    if items.is_empty() {
        return Err(format!("{name}: {NO_TEST}"));
    }
    if items.len() > MOST {
        return Err(format!("{name}: {} tests; one file holds at most {MOST}", items.len()));
    }
    let case = |(at, item): (usize, Value)| {
        serde_json::from_value(item).map_err(|error| {
            format!(
                "{name}: test {}: {}; a test has `name`, `expect: fires` or `expect: silent`, and `event`",
                at + 1,
                reader_words(&error.to_string())
            )
        })
    };
    items.into_iter().enumerate().map(case).collect()
}
