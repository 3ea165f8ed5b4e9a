//! Files of tests beside Sigma rules: `rule.test.yml` beside `rule.yml`. See [`contentcheck_gate::testing`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use contentcheck_gate::testing::{Beside, Case};
use serde_json::Value;

use crate::args::Inputs;
use crate::commands::lint;
use crate::exit::Failure;
use crate::{walk, yaml};

/// Tests in one file.
const MOST: usize = 10_000;

/// The files of tests that directories hold, and those beside files that were named; `sources` are the
/// names of the files that were read.
///
/// # Errors
/// When an input or the configuration is wrong. What is wrong with a file of tests is told where it is run.
pub fn beside<'n>(inputs: &Inputs, sources: impl Iterator<Item = &'n str>) -> Result<Vec<Beside>, Failure> {
    let loaded = lint::configuration(inputs)?;
    let mut exclude = loaded.config.exclude.clone();
    exclude.extend(inputs.exclude.iter().cloned());
    let paths: Vec<PathBuf> = inputs.paths.iter().filter(|path| path.as_os_str() != "-").cloned().collect();
    let walked = walk::walk(&paths, &exclude, &loaded.root())?;
    let mut found: BTreeMap<PathBuf, String> = BTreeMap::new();
    for sidecar in walked.sidecars {
        let stem = walk::sidecar_of(&sidecar.name).unwrap_or_default().to_owned();
        let known = ["yml", "yaml"].map(|ending| format!("{stem}.{ending}"));
        let rules = known.iter().find(|name| walked.files.iter().any(|file| file.name == **name));
        found.insert(sidecar.path, rules.cloned().unwrap_or_else(|| format!("{stem}.yml")));
    }
    for name in sources {
        let Some(stem) = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml")) else { continue };
        for ending in walk::SIDECARS {
            let beside = PathBuf::from(format!("{stem}{ending}"));
            if beside.is_file() {
                found.entry(beside).or_insert_with(|| name.to_owned());
            }
        }
    }
    let read = |(path, rules): (PathBuf, String)| Beside {
        file: walk::name(&path),
        is_orphan: !Path::new(&rules).is_file(),
        cases: load(&path),
        rules,
    };
    Ok(found.into_iter().map(read).collect())
}

/// The tests of a file.
fn load(path: &Path) -> Result<Vec<Case>, String> {
    let name = walk::name(path);
    let Value::Array(items) = yaml::load(path)? else {
        return Err(format!("{name}: a file of tests is a list; begin each test with `- name: ...`"));
    };
    if items.len() > MOST {
        return Err(format!("{name}: {} tests; one file holds at most {MOST}", items.len()));
    }
    let case = |(at, item): (usize, Value)| {
        serde_json::from_value(item).map_err(|error| {
            format!(
                "{name}: test {}: {error}; a test has `name`, `expect: fires` or `expect: silent`, and `event`",
                at + 1
            )
        })
    };
    items.into_iter().enumerate().map(case).collect()
}
