//! `contentcheck init`

use std::fs;
use std::path::Path;

use super::written;
use crate::Streams;
use crate::args::Init;
use crate::exit::{Exit, Failure, Outcome};
use contentcheck_project::config::FILE_NAME;
use contentcheck_project::{files, write};

const CONFIG: &str = r#"# Settings of contentcheck; `contentcheck schema config` prints what may stand here.

# The sensors that this content is for: manifest files, fleet files or what ships.
fleet = ["builtin:sysmon/4.90"]

# What directories leave out, in gitignore syntax.
exclude = []

# Whether warnings fail the run.
deny-warnings = false

# Severities by code or name: off, info, warning, error.
[severity]
# unused-selection = "error"
"#;

const RULE: &str = r#"# A first rule. `contentcheck lint` checks it, `contentcheck fmt` lays it out,
# `contentcheck fields` shows what it reads; docs/language.md has the whole language.

list office = [r"\winword.exe", r"\excel.exe", r"\powerpnt.exe", r"\outlook.exe"]

rule office_starts_script_host {
    id: "ID"
    template: windows.sysmon.process_creation @ 1
    title: "Office program starts a script host"
    severity: high
    tags: [attack.execution, attack.t1059]

    when ParentImage ends_with office
        and Image ends_with [r"\wscript.exe", r"\cscript.exe", r"\mshta.exe"]
}
"#;

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
    let all =
        [(directory.join(FILE_NAME), CONFIG.to_owned()), (rules.join("first.content"), RULE.replace("ID", &uuid()))];
    if let Some((path, _)) = all.iter().find(|(path, _)| path.exists()) {
        return Err(Failure::usage(format!("{}: the file is already there; nothing was written", files::name(path))));
    }
    fs::create_dir_all(&rules).map_err(|error| failed(&rules, &error))?;
    for (path, text) in &all {
        write::write(path, text.as_bytes())?;
        written(writeln!(streams.out, "{}", files::name(path)))?;
    }
    // Talk: where nobody listens, the files are there all the same.
    let _ = writeln!(streams.err, "now run `contentcheck lint {}`", files::name(directory));
    Ok(Exit::Fine)
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

#[cfg(test)]
mod tests {
    use contentcheck_parser::native;
    use contentcheck_parser::source::Source;

    #[test]
    fn the_first_rule_is_in_the_layout_of_fmt() {
        let text = super::RULE.replace("ID", &super::uuid());
        let parsed = native::parse(&Source::new("first.content", text.as_str()));
        assert_eq!(native::format(&parsed.ast).ok(), Some(text));
    }
}
