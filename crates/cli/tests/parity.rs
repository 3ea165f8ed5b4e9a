//! docs/parity.md: what other tools see in a Sigma rule is seen here, under the code that the table names.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use contentcheck::Streams;
use contentcheck::args::Cli;
use contentcheck_model::diagnostic::codes;

/// How many names the catalogue of the other tool has.
const CHECKS: usize = 88;

/// A row of the first table.
struct Row {
    name: String,
    /// The code, or nothing where the check is not made.
    code: Option<String>,
    reason: String,
    fixed: bool,
}

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/parity.md")).unwrap()
}

fn cells(line: &str) -> Vec<String> {
    line.trim().trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
}

fn rows() -> Vec<Row> {
    let page = page();
    let (_, section) = page.split_once("## rsigma-parser").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `")).map(cells);
    rows.map(|cells| match cells.as_slice() {
        [name, reason, code, fixed] => Row {
            name: name.trim_matches('`').to_owned(),
            code: (code != "-").then(|| code.clone()),
            reason: reason.clone(),
            fixed: fixed == "yes",
        },
        other => panic!("a row with other cells: {other:?}"),
    })
    .collect()
}

/// The files by the name of their check. `LONG` stands for a text beyond the limit of a description.
fn files() -> BTreeMap<String, Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity");
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let bytes = fs::read(path).unwrap();
        let bytes = match String::from_utf8(bytes) {
            Ok(text) => text.replace("description: LONG", &format!("description: {}", "a".repeat(65_536))).into_bytes(),
            Err(other) => other.into_bytes(),
        };
        (name, bytes)
    };
    fs::read_dir(directory).unwrap().map(|entry| read(entry.unwrap().path())).collect()
}

fn lint(file: &Path, more: &[&str]) -> BTreeSet<String> {
    let path = file.to_str().unwrap();
    let fixed = ["contentcheck", "lint", path, "--format", "short", "--show", "info", "--no-config", "--threads", "1"];
    let cli = Cli::try_parse_from(fixed.iter().chain(more)).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    contentcheck::run(&cli, &mut Streams { out: &mut out, err: &mut err, color: false, interactive: false });
    let text = String::from_utf8(out).unwrap();
    let code = |line: &str| line.split_once("[CC").map(|(_, rest)| format!("CC{}", rest.get(..4).unwrap()));
    text.lines().filter(|line| !line.starts_with(' ')).filter_map(code).collect()
}

#[test]
fn the_table_and_the_files_agree() {
    let rows = rows();
    let names: BTreeSet<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!((rows.len(), names.len()), (CHECKS, CHECKS), "each check has one row");
    let with_code: BTreeSet<&str> = rows.iter().filter(|row| row.code.is_some()).map(|row| row.name.as_str()).collect();
    let files = files();
    assert_eq!(with_code, files.keys().map(String::as_str).collect(), "each row with a code has a file");
    for row in &rows {
        match &row.code {
            Some(code) => assert!(codes::find(code).is_some(), "{}: {code} is no code", row.name),
            None => assert!(
                row.reason.starts_with("not Sigma") || row.reason.starts_with("reserved"),
                "{}: no reason",
                row.name
            ),
        }
    }
}

#[test]
fn every_file_is_reported_and_fixed_as_the_table_says() {
    let directory = std::env::temp_dir().join(format!("contentcheck-{}-parity", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let files = files();
    let mut problems = Vec::new();
    for row in rows() {
        let Some(code) = row.code else { continue };
        let file = directory.join(format!("{}.yml", row.name));
        fs::write(&file, &files[&row.name]).unwrap();
        let found = lint(&file, &[]);
        if !found.contains(&code) {
            problems.push(format!("{}: {code} is expected, found are {found:?}", row.name));
        }
        let after = lint(&file, &["--fix"]);
        if row.fixed == after.contains(&code) {
            problems.push(format!("{}: fixed should be {}, after it there are {after:?}", row.name, row.fixed));
        }
        let new: Vec<&String> = after.difference(&found).collect();
        if !new.is_empty() {
            problems.push(format!("{}: the fix brings {new:?}", row.name));
        }
    }
    fs::remove_dir_all(&directory).unwrap();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_code_that_the_page_names_exists() {
    let page = page();
    for (at, _) in page.match_indices("CC0") {
        let id = page.get(at..at + 6).unwrap();
        assert!(codes::find(id).is_some(), "{id} is no code");
    }
}
