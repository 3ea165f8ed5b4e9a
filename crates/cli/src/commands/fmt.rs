//! `contentcheck fmt`

use std::path::PathBuf;

use contentcheck_model::diagnostic::Diagnostic;
use contentcheck_model::language::Language;
use contentcheck_model::source::Source;
use contentcheck_parser::native;
use contentcheck_parser::release::Finding;

use super::{plural, written};
use crate::Streams;
use crate::args::{Fmt, Format};
use crate::exit::{Exit, Outcome};
use crate::fix;
use crate::release::talk;
use crate::report::{self, Report};
use contentcheck_project::{walk, write};

/// Runs the command.
///
/// # Errors
/// When a path that was named is not there or a file cannot be written.
pub fn run(arguments: &Fmt, streams: &mut Streams<'_>) -> Outcome {
    let (stdin, paths): (Vec<PathBuf>, Vec<PathBuf>) =
        arguments.paths.iter().cloned().partition(|path| path.as_os_str() == "-");
    let walked = walk::walk(&paths, &[], std::path::Path::new("."), false)?;
    let mut problems = walked.problems;
    let mut changed = 0;
    let mut exit = Exit::Fine;
    if !stdin.is_empty() {
        match walk::read_stdin("stdin.content")? {
            Err(problem) => problems.push(*problem),
            Ok((source, _)) => match formatted(&source) {
                Err(found) => problems.extend(found),
                Ok(text) if arguments.check || arguments.diff => {
                    if text != source.text() {
                        exit = Exit::Findings;
                        if arguments.diff {
                            written(
                                streams.out.write_all(fix::diff("stdin.content", source.text(), &text).as_bytes()),
                            )?;
                        }
                    }
                }
                Ok(text) => {
                    written(streams.out.write_all(text.as_bytes()))?;
                }
            },
        }
    }
    let files: Vec<_> =
        walked.files.into_iter().filter(|found| Language::of(&found.name) == Some(Language::Native)).collect();
    for (found, read) in files.iter().zip(walk::read(&files, 1)) {
        let source = match read {
            Ok((source, _)) => source,
            Err(problem) => {
                problems.push(*problem);
                continue;
            }
        };
        let text = match formatted(&source) {
            Ok(text) => text,
            Err(found) => {
                problems.extend(found);
                continue;
            }
        };
        if text == source.text() {
            continue;
        }
        changed += 1;
        if arguments.diff {
            written(streams.out.write_all(fix::diff(&found.name, source.text(), &text).as_bytes()))?;
        } else if arguments.check {
            written(writeln!(streams.out, "{}", found.name))?;
        } else {
            write::write(&found.path, text.as_bytes())?;
        }
    }
    let unread = problems.len();
    if !problems.is_empty() {
        let problems: Vec<Finding> = problems.into_iter().map(Finding::new).collect();
        let report =
            Report { findings: &problems, all: &problems, files: files.len(), rules: 0, skipped: &[], color: false };
        // Behind what was written before, where both go to one log.
        written(streams.out.flush())?;
        written(report::write(Format::Human, &report, streams.err))?;
        exit = Exit::Findings;
    }
    let all = plural(files.len(), "file");
    if arguments.check || arguments.diff {
        let unread = if unread > 0 { "; what has errors stays as it is" } else { "" };
        talk(streams, &format!("{changed} of {all} would change{unread}"));
    } else if files.is_empty() && stdin.is_empty() {
        talk(streams, "no `*.content` file here: only native content has a layout");
    } else if stdin.is_empty() {
        talk(streams, &format!("{changed} of {all} changed"));
    }
    if changed > 0 && (arguments.check || arguments.diff) {
        exit = Exit::Findings;
    }
    Ok(exit)
}

/// The text in the one layout of the language, or why it cannot be formatted.
fn formatted(source: &Source) -> Result<String, Vec<Diagnostic>> {
    let parsed = native::parse(source);
    native::format(&parsed.ast).map_err(|_| parsed.diagnostics)
}
