//! Check 2: the same content makes the same bytes.

use contentcheck_compiler::{Options, compile};
use contentcheck_interpreter::Capacity;
use contentcheck_model::diagnostic::{Detail, Measure, codes};

use crate::checks::lint::Lint;
use crate::evidence::Finding;
use crate::facts::{dearest, place, plural, steps_a_byte};
use crate::run::{Check, Learned, Outcome, Subject};
use crate::subject::check;
use contentcheck_parser::release::{WithErrors, sha256};

/// Compiles once more, from files in another order and on another number of threads.
pub struct Canonical;

impl Check for Canonical {
    fn name(&self) -> &'static str {
        "compile"
    }

    fn guards(&self) -> &'static str {
        "an image that nobody can rebuild: compiled twice, from files in another order, it has the same bytes"
    }

    fn run(&self, run: &Subject<'_>, _: &Learned) -> Outcome {
        let mut outcome = Outcome::default();
        let built = run.built;
        let image = match &built.image {
            Ok(image) => image,
            Err(problem) => {
                outcome.findings.push(Finding::new(
                    codes::find(problem.code()).unwrap_or(&codes::NOT_CANONICAL),
                    problem.to_string(),
                ));
                outcome.summary = "the release does not compile".to_owned();
                return outcome;
            }
        };
        // `compile` refuses it too: an empty image is never what was meant. Rules with errors have their own findings.
        let has_errors = built.judged().errors().next().is_some();
        if run.rules.is_empty() && !has_errors && !run.settings.allow_shrink {
            outcome.findings.push(
                Finding::new(&codes::RELEASE_SHRUNK, "the release has no rules")
                    .with_detail(Detail::change(Measure::Rules, None, Some(0)))
                    .with_help("where none are meant to be there, say so: --allow-shrink, for this one release"),
            );
        }
        // Lint says of each why it is left out. Where lint does not run, the release must not look whole.
        let left_out = built.judged().left_out();
        if let Some(first) = left_out.first().filter(|_| !run.runs(Lint.name())) {
            let message = format!(
                "{} left out of the image because of errors, the first is `{}`",
                are(left_out.len()),
                first.name
            );
            let finding = Finding::new(&codes::RULE_LEFT_OUT, message).with_help("`contentcheck lint` says why");
            let finding =
                finding.with_detail(Detail::LeftOut { rules: left_out.iter().map(|out| out.name.clone()).collect() });
            outcome.findings.push(Finding { place: Some(place(&first.source, first.span)), ..finding });
        }
        outcome.findings.extend(over(run, image));
        for reason in &run.unready {
            let message = format!("the image of all rules, which tests and events are run on, is not ready: {reason}");
            outcome.findings.push(Finding::new(&codes::IMAGE_REFUSED, message));
        }
        let mut gathered = built.regathered();
        gathered.sources.reverse();
        // Neither order nor number of threads may show.
        let threads = if run.settings.threads > 1 { 1 } else { 2 };
        let again = check(gathered, threads).ship(WithErrors::LeaveOut);
        let skip_unsupplied = built.skips_unsupplied();
        let profile = built.profile();
        let options = Options { skip_unsupplied, allow_empty: true, threads, profile, ..Options::default() };
        let again = again.map(|again| compile(&again, options));
        let again = again.as_ref().ok().map(Result::as_ref);
        if again != Some(Ok(image)) {
            let again = again.and_then(Result::ok);
            let at = again.and_then(|again| image.iter().zip(again).position(|(a, b)| a != b));
            let at = at.map_or_else(|| "in length".to_owned(), |at| format!("from byte {at} on"));
            outcome.findings.push(Finding::new(&codes::NOT_CANONICAL, format!("a second compilation differs {at}")));
        }
        outcome.fact("image bytes", image.len() as u64);
        outcome.summary = format!(
            "{}, {}, byte-identical when rebuilt: SHA-256 {}",
            plural(run.rules.len(), "rule"),
            plural(image.len(), "byte"),
            sha256(image)
        );
        outcome
    }
}

/// An image that no sensor takes which states no capacity, though each of its rules may. Where there is a fleet, `verify` says of each
/// sensor whether it takes it.
fn over(run: &Subject<'_>, image: &[u8]) -> Option<Finding> {
    let (needed, most) = (steps_a_byte(image), Capacity::STEPS_PER_BYTE);
    if needed <= most || run.built.devices.is_some() {
        return None;
    }
    let message = format!(
        "the rules together can cost {needed} steps for each byte of an event, and a sensor that states no capacity takes {most}"
    );
    let help = format!("most of it is of {}; name the sensors that take more: `fleet`", dearest(image, &run.rules));
    let detail = Detail::Capacity { counted: "steps a byte".to_owned(), sensors: Vec::new() };
    Some(Finding::new(&codes::OVER_CAPACITY, message).with_help(help).with_detail(detail))
}

/// So many rules, with their verb.
fn are(rules: usize) -> String {
    format!("{} {}", plural(rules, "rule"), if rules == 1 { "is" } else { "are" })
}
