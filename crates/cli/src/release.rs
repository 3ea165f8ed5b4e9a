//! From paths to an image: what `compile`, `eval`, `test`, `replay` and `bench` begin with.

use contentcheck_compiler::{Options, Problem, compile};
use contentcheck_parser::diagnostic::Severity;
use contentcheck_parser::lookup::{self, NotFound};
use contentcheck_parser::model::{CheckedRule, RuleId};
use contentcheck_run::Plan;
pub use contentcheck_run::refusal::{describe, verify_for};

use crate::Streams;
use crate::args::{CompileOptions, Inputs};
use crate::commands::lint::{self, Checked};
use crate::exit::Failure;

/// Content with its image.
pub struct Release {
    /// What was checked.
    pub checked: Checked,
    /// The image.
    pub image: Vec<u8>,
}

impl Release {
    /// The rules in the order of the image: the number of a rule is its index.
    #[must_use]
    pub fn rules(&self) -> Vec<&CheckedRule> {
        contentcheck_compiler::order(&self.checked.content)
    }

    /// The rule that an id, a name, a title or a file means.
    ///
    /// # Errors
    /// When it means none or several, with the nearest or all of them.
    pub fn find(&self, wanted: &str) -> Result<RuleId, NotFound> {
        lookup::find(self.rules().into_iter().map(CheckedRule::names), wanted)
    }

    /// The image made ready for recorded events.
    ///
    /// # Errors
    /// When the image is rejected, which is a fault of the compiler's.
    pub fn plan(&self) -> Result<Plan, Failure> {
        Plan::for_recorder(&self.checked.content, &self.image).map_err(Failure::internal)
    }
}

/// Checks and compiles. Errors of content go to standard error; where there are any, there is no
/// release, unless rules with errors were to be left out. With `any_sensor`, `sensors` of rules do
/// not count: for recorded events.
///
/// # Errors
/// When an input or the configuration is wrong, or the content is beyond what an image can hold.
pub fn load(
    inputs: &Inputs,
    options: &CompileOptions,
    any_sensor: bool,
    streams: &mut Streams<'_>,
) -> Result<Option<Release>, Failure> {
    let loaded = lint::configuration(inputs)?;
    let severities = crate::config::severities(&loaded.config, &[])?;
    let mut checked = lint::check(inputs, &loaded, "stdin.content", streams)?;
    checked.findings = crate::config::apply(&severities, std::mem::take(&mut checked.findings));
    let left_out = checked.content.left_out(&checked.findings);
    checked.findings.extend(left_out);
    let errors: Vec<_> = checked.findings.iter().filter(|finding| finding.severity == Severity::Error).collect();
    for finding in &errors {
        talk(streams, &finding.to_string());
        if let Some(help) = &finding.help {
            talk(streams, &format!("  help: {help}"));
        }
    }
    if !errors.is_empty() && !options.skip_errors {
        let count = errors.len();
        talk(
            streams,
            &format!(
                "{count} {}; nothing was compiled. Mend them, or leave the rules concerned out with --skip-errors",
                if count == 1 { "error" } else { "errors" }
            ),
        );
        return Ok(None);
    }
    if !errors.is_empty() {
        talk(streams, &format!("{} errors: the rules concerned are left out", errors.len()));
    }
    if checked.content.rules().is_empty() {
        return Err(Failure::usage("no rule is left to compile; an empty image is never what was meant"));
    }
    let options = Options { skip_unsupplied: options.skip_unsupplied, any_sensor };
    let image = compile(&checked.content, options).map_err(|problem| refused(&problem))?;
    Ok(Some(Release { checked, image }))
}

fn refused(problem: &Problem) -> Failure {
    Failure { exit: crate::exit::Exit::Findings, message: format!("{}: {problem}", problem.code()) }
}

/// Writes a line of talk.
pub fn talk(streams: &mut Streams<'_>, line: &str) {
    // Where standard error is gone, nobody listens.
    let _ = writeln!(streams.err, "{line}");
}
