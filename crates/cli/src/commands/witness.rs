//! `contentcheck witness`: events that a rule fires on, and events that it just misses.

use contentcheck_analysis::{Analysis, Fires, Witness};
use contentcheck_model::diagnostic::visible_lines;
use contentcheck_model::rule::Target;
use contentcheck_run::proof::{self, Confirmer};

use super::prove::event_line;
use super::written;
use crate::Streams;
use crate::args::{self, CompileOptions, WitnessFormat};
use crate::exit::{Exit, Failure, Outcome};
use crate::release::{self, talk};

/// Runs the command.
///
/// # Errors
/// When an input or the configuration is wrong, or there is no such rule.
pub fn run(arguments: &args::Witness, streams: &mut Streams<'_>) -> Outcome {
    let options = CompileOptions { skip_errors: arguments.skip_errors, skip_unsupplied: false };
    let Some(release) = release::load(&arguments.inputs, &options, true, streams)? else { return Ok(Exit::Findings) };
    let id = release.find(&arguments.rule).map_err(|reason| Failure::usage(reason.to_string()))?;
    let plan = &release.plan()?;
    let confirmer = Confirmer::new(&release.content, plan);
    let confirm = |target: &Target, event: &Witness| confirmer.fires(target, event);
    let mut analysis = Analysis::new(&confirm);
    let rules = release.rules();
    let targets = rules.get(id.index()).map_or(&[][..], |rule| &rule.targets);
    let (mut text, mut fires, mut misses) = (String::new(), 0, 0);
    for target in targets {
        if target.template.reads.is_empty() && arguments.format == WitnessFormat::Ndjson {
            let name = &target.template.name;
            talk(streams, &format!("events of {name} do not say what they are: give `eval` --template {name}"));
        }
        match analysis.fires(target) {
            Fires::Yes(event) => {
                fires += 1;
                put(&mut text, target, &event, true, None, arguments.format, streams);
            }
            Fires::Never(why) => {
                talk(streams, &format!("{}: the rule never fires", target.template));
                why.conflicts.iter().for_each(|conflict| talk(streams, &format!("  {}", conflict.words)));
            }
            Fires::Unknown(reason) => {
                talk(streams, &format!("{}: not known whether the rule fires: {reason}", target.template));
            }
        }
        for miss in proof::near_misses(&mut analysis, target) {
            misses += 1;
            put(&mut text, target, &miss.event, false, Some(&miss.words), arguments.format, streams);
        }
    }
    written(streams.out.write_all(text.as_bytes()))?;
    talk(streams, &format!("events on which the rule fires: {fires}; near misses behind them: {misses}"));
    Ok(if fires > 0 { Exit::Fine } else { Exit::Findings })
}

fn put(
    text: &mut String,
    target: &Target,
    event: &Witness,
    fires: bool,
    label: Option<&str>,
    format: WitnessFormat,
    streams: &mut Streams<'_>,
) {
    match format {
        WitnessFormat::Ndjson => {
            text.push_str(&event_line(&proof::json(&target.template, event)));
        }
        WitnessFormat::Native => match proof::native(&target.template, event, fires, label) {
            Some(block) => text.push_str(&visible_lines(&block)),
            None => {
                let which = label.unwrap_or("the event on which it fires");
                talk(streams, &format!("{}: no test block can say this: {which}", target.template));
                return;
            }
        },
    }
    text.push('\n');
}
