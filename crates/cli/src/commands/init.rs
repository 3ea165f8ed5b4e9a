//! `contentcheck init`

use std::fs;
use std::path::Path;

use super::written;
use crate::Streams;
use crate::args::Init;
use crate::exit::{Exit, Failure, Outcome};
use crate::release::talk;
use contentcheck_project::config::FILE_NAME;
use contentcheck_project::{files, write};

const CONFIG: &str = r#"# Settings of contentcheck. `contentcheck schema config` prints what there can be.

# The sensors that this content is for: manifest files, fleet files, or what ships with the tool. Name every version that
# is still deployed: a rule must not read what one of them does not supply.
fleet = ["builtin:sysmon/4.90"]

# What directories leave out, in gitignore syntax.
exclude = []

# Whether warnings fail the run.
deny-warnings = false

# Severities by code or name: off, info, warning, error.
[severity]
# unused-selection = "error"

# What the release is called, and its place among others: raise the sequence with every release, a revert too.
[release]
name = "NAME"
sequence = 1

[gate]
# A check that did not run fails the gate. For a first release, which has no previous one, say false.
require-all = true
# The release that devices have now, such as a worktree of its tag: what changed is compared with it.
# previous = "../released"
# Recorded events of your own machines, JSON lines or EVTX: the gate counts how often each rule matches them.
# recordings = ["recordings"]
# Recorded events of what must never be matched, such as an installation of the operating system or of the sensor.
# never-match = ["never-match"]
# How often a rule may match the recordings.
# ceiling = 100
"#;

const RULE: &str = r"# A first rule. `contentcheck lint` checks it, `contentcheck test` runs the tests in first.test.yml beside it.
# `contentcheck fields --logsource product=windows,category=process_creation` shows what it can read. Rules can also be
# written in a typed language of their own, in files that end in .content.
title: Office program starts a script host
id: ID
status: experimental
description: Finds script hosts that an Office program starts, which documents with macros do
tags:
    - attack.execution
    - attack.t1059
logsource:
    product: windows
    category: process_creation
detection:
    office:
        ParentImage|endswith:
            - '\winword.exe'
            - '\excel.exe'
            - '\powerpnt.exe'
            - '\outlook.exe'
    script_host:
        Image|endswith:
            - '\wscript.exe'
            - '\cscript.exe'
            - '\mshta.exe'
    condition: office and script_host
level: high
";

const TESTS: &str = r"# Events that the rule must match, and events that it must leave alone. `contentcheck witness . --rule ID` prints
# more: copy an event with its braces behind `event:`.
- name: a document with a macro
  expect: fires
  event:
    ParentImage: 'C:\Program Files\Microsoft Office\root\Office16\WINWORD.EXE'
    Image: 'C:\Windows\System32\wscript.exe'
- name: a document that is printed
  expect: silent
  event:
    ParentImage: 'C:\Program Files\Microsoft Office\root\Office16\WINWORD.EXE'
    Image: 'C:\Windows\splwow64.exe'
- name: a script that a person starts
  expect: silent
  event:
    ParentImage: 'C:\Windows\explorer.exe'
    Image: 'C:\Windows\System32\wscript.exe'
";

/// What can be done next, and how each ends.
const NEXT: [(&str, &str); 3] = [
    ("lint", "finds no error and no warning"),
    ("test", "runs the tests of the first rule"),
    ("gate", "finds nothing, and does not pass before contentcheck.toml names recordings and a previous release"),
];

/// Runs the command: writes a configuration and a first rule, and overwrites nothing.
///
/// # Errors
/// When a file is already there or cannot be written.
pub fn run(arguments: &Init, streams: &mut Streams<'_>) -> Outcome {
    let directory = &arguments.directory;
    let failed = |path: &Path, error: &std::io::Error| {
        Failure::usage(format!("{}: {}", files::name(path), files::reason(error)))
    };
    let rules = directory.join("rules");
    let id = uuid();
    let all = [
        (directory.join(FILE_NAME), CONFIG.replace("NAME", &release_name(directory))),
        (rules.join("first.yml"), RULE.replace("ID", &id)),
        (rules.join("first.test.yml"), TESTS.replace("ID", &id)),
    ];
    if let Some((path, _)) = all.iter().find(|(path, _)| path.exists()) {
        return Err(Failure::usage(format!("{}: the file is already there; nothing was written", files::name(path))));
    }
    fs::create_dir_all(&rules).map_err(|error| failed(&rules, &error))?;
    for (path, text) in &all {
        write::write(path, text.as_bytes())?;
        written(writeln!(streams.out, "{}", files::name(path)))?;
    }
    talk(streams, "next:");
    for (command, what) in NEXT {
        talk(streams, &format!("  contentcheck {command} {}   {what}", files::name(directory)));
    }
    Ok(Exit::Fine)
}

/// The name of the directory, as far as it can be written between quotes as it is.
fn release_name(directory: &Path) -> String {
    let own = fs::canonicalize(directory).or_else(|_| std::path::absolute(directory)).unwrap_or_default();
    let name = own.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let is_plain =
        |name: &str| !name.is_empty() && name.chars().all(|one| one.is_alphanumeric() || "._-".contains(one));
    if is_plain(&name) { name } else { "content".to_owned() }
}

/// A version 4 UUID. Uniqueness is all that is asked of it, so the seeds that the standard
/// library's hash maps draw from the system will do.
fn uuid() -> String {
    use std::hash::{BuildHasher, RandomState};
    let random = || RandomState::new().hash_one(std::time::SystemTime::now());
    let (high, low) = (random(), random());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xFFFF,
        high & 0xFFF,
        (low >> 48 & 0x3FFF) | 0x8000,
        low & 0xFFFF_FFFF_FFFF
    )
}
