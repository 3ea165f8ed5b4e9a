//! `contentcheck witness`: events that a rule fires on, and events that it just misses.

use contentcheck_analysis::{Analysis, Fires, Witness};
use contentcheck_model::diagnostic::{visible, visible_lines};
use contentcheck_model::rule::Target;
use contentcheck_project::write;
use contentcheck_run::proof::{self, Confirmer};
use contentcheck_run::sidecar::{self, Said};

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
    let Some(rule) = rules.get(id.index()) else { return Err(Failure::internal("a rule that was found is not there")) };
    let targets = &rule.targets;
    let is_sigma = [".yml", ".yaml"].iter().any(|ending| rule.source.name().ends_with(ending));
    if arguments.format == WitnessFormat::Sidecar && !is_sigma {
        return Err(Failure::usage(format!(
            "`{}` is a native rule, and its tests are blocks of it: write --format native",
            visible(&rule.title)
        )));
    }
    // In a file of one rule it need not be named.
    let of_file = rules.iter().filter(|other| other.source.is(&rule.source)).count();
    let shown = Shown { format: arguments.format, rule: (of_file > 1).then(|| rule.key()), of_one: targets.len() > 1 };
    let (mut text, mut fires, mut misses) = (String::new(), 0, 0);
    for target in targets {
        if target.template.reads.is_empty() && arguments.format == WitnessFormat::Ndjson {
            let name = &target.template.name;
            talk(streams, &format!("events of {name} do not say what they are: give `eval` --template {name}"));
        }
        match analysis.fires(target) {
            Fires::Yes(event) => {
                fires += 1;
                put(&mut text, target, &event, (true, None), shown, streams);
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
            put(&mut text, target, &miss.event, (false, Some(&miss.words)), shown, streams);
        }
    }
    let is_nothing = arguments.output.is_some() && text.is_empty();
    match &arguments.output {
        Some(_) if is_nothing => talk(streams, "nothing was written"),
        Some(path) => write::write_output(path, text.as_bytes(), &release.read)?,
        None => drop(written(streams.out.write_all(text.as_bytes()))?),
    }
    talk(streams, &format!("events on which the rule fires: {fires}; near misses behind them: {misses}"));
    Ok(if fires > 0 && !is_nothing { Exit::Fine } else { Exit::Findings })
}

/// How events are written.
#[derive(Clone, Copy)]
struct Shown<'s> {
    format: WitnessFormat,
    /// The rule, where the file has several.
    rule: Option<&'s str>,
    /// Whether an event is one of its template type only.
    of_one: bool,
}

fn put(
    text: &mut String,
    target: &Target,
    event: &Witness,
    (fires, label): (bool, Option<&str>),
    shown: Shown<'_>,
    streams: &mut Streams<'_>,
) {
    let template = &target.template;
    let written = match shown.format {
        WitnessFormat::Ndjson => Some(event_line(&proof::json(template, event)) + "\n"),
        WitnessFormat::Native => {
            proof::native(template, event, fires, label).map(|block| visible_lines(&block).into_owned() + "\n")
        }
        WitnessFormat::Sidecar => {
            let on = if shown.of_one { format!(" ({})", template.name) } else { String::new() };
            let name = label.map_or_else(|| format!("it fires{on}"), |label| format!("just misses: {label}{on}"));
            let said = Said { name: &name, fires, rule: shown.rule, of_one: shown.of_one };
            sidecar::case(template, event, said)
        }
    };
    match written {
        Some(written) => text.push_str(&written),
        None => {
            let which = label.unwrap_or("the event on which it fires");
            talk(streams, &format!("{template}: no test can say this: {which}"));
        }
    }
}
