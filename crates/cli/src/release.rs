//! From paths to an image: what `compile`, `eval`, `test`, `replay` and `bench` begin with.

use contentcheck_compiler::{Options, Problem, compile};
pub use contentcheck_gate::refusal::{describe, verify_for};
use contentcheck_parser::check::Language;
use contentcheck_parser::diagnostic::{Severity, closest};
use contentcheck_parser::model::CheckedRule;

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

    /// The number of the rule that an id, a name or a title means.
    ///
    /// # Errors
    /// When it means none or several, with the nearest or all of them.
    pub fn find(&self, wanted: &str) -> Result<usize, String> {
        let rules = self.rules();
        let says = |rule: &CheckedRule, how: fn(&str, &str) -> bool| {
            let names = [rule.id.as_deref(), Some(written_name(rule)), Some(&rule.name), Some(&rule.title)];
            names.into_iter().flatten().any(|own| how(own, wanted))
        };
        for how in [|own: &str, wanted: &str| own == wanted, |own: &str, wanted: &str| own.eq_ignore_ascii_case(wanted)]
        {
            let found: Vec<usize> =
                rules.iter().enumerate().filter(|(_, rule)| says(rule, how)).map(|(number, _)| number).collect();
            match found.as_slice() {
                [] => {}
                [only] => return Ok(*only),
                several => {
                    let names = several
                        .iter()
                        .filter_map(|number| rules.get(*number))
                        .map(|rule| format!("{} in {}", rule.id.as_deref().unwrap_or(&rule.name), rule.source.name()));
                    let names: Vec<String> = names.collect();
                    return Err(format!("`{wanted}` means {} rules: {}", several.len(), names.join(", ")));
                }
            }
        }
        let known = rules.iter().flat_map(|rule| [written_name(rule), rule.title.as_str()]);
        Err(match closest(wanted, known) {
            Some(near) => format!("there is no rule `{wanted}`; did you mean `{near}`?"),
            None => format!("there is no rule `{wanted}` among the {} that were compiled", rules.len()),
        })
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

/// The name of a rule as it is written: of a native rule the word behind `rule`, of a Sigma rule
/// what reports call it.
#[must_use]
pub fn written_name(rule: &CheckedRule) -> &str {
    match Language::of(rule.source.name()) {
        Some(Language::Native) => rule.source.slice(rule.span),
        _ => &rule.name,
    }
}

fn refused(problem: &Problem) -> Failure {
    Failure { exit: crate::exit::Exit::Findings, message: format!("{}: {problem}", problem.code()) }
}

/// Writes a line of talk.
pub fn talk(streams: &mut Streams<'_>, line: &str) {
    // Where standard error is gone, nobody listens.
    let _ = writeln!(streams.err, "{line}");
}
