//! `contentcheck compile`, `verify` and `inspect`.

use std::path::Path;

use contentcheck_compiler::{Options, dearest, runs};
use contentcheck_interpreter::format::feature;
use contentcheck_interpreter::{Capacity, Image, describe};
use contentcheck_model::diagnostic::{visible, visible_lines};
use contentcheck_model::rule::CheckedRule;
use contentcheck_model::sensor::Sensor;

use super::{plural, read_image, written};
use crate::Streams;
use crate::args::{Compile, Inspect, ListFormat, Verify};
use crate::disassembly;
use crate::disassembly::InspectReport;
use crate::exit::{Exit, Failure, Outcome};
use crate::release::{self, Loaded, Release, talk};
use contentcheck_project::{files, fleet, write};

/// Compiles a release to an image.
///
/// # Errors
/// When an input or the configuration is wrong, or the image cannot be written.
pub fn run(arguments: &Compile, streams: &mut Streams<'_>) -> Outcome {
    let only = match &arguments.for_sensor {
        Some(selector) => Some(one_sensor(selector)?),
        None => None,
    };
    let options = Options {
        skip_unsupplied: arguments.options.skip_unsupplied,
        allow_empty: arguments.allow_empty,
        sensor: only.as_ref(),
        ..Options::default()
    };
    let profile = Some(arguments.profile.as_slice());
    let loaded = release::load_as(&arguments.inputs, arguments.options.skip_errors, options, profile, streams)?;
    let Some(release) = loaded else { return Ok(Exit::Findings) };
    let image = Image::read(&release.image).map_err(|rejection| Failure::internal(rejection.to_string()))?;
    let mut fits = true;
    let named = fleet::selected(&arguments.sensor, Path::new(""))?;
    release.read.extend(named.paths);
    let mut asked: Vec<Sensor> = Vec::new();
    if let Some(only) = &only {
        trimmed(only, &release, streams);
        needs_more(only, &image, streams);
        asked.push(only.clone());
    } else {
        // What the release is for must take it, and whoever is named besides.
        let fleet = release.judged.gathered().fleet.iter().flat_map(|fleet| fleet.sensors()).cloned();
        for sensor in named.sensors.into_iter().chain(fleet) {
            if !asked.iter().any(|known| (known.name(), known.version()) == (sensor.name(), sensor.version())) {
                asked.push(sensor);
            }
        }
    }
    if asked.is_empty() {
        talk(streams, &format!("not checked: {}", release::NO_FLEET));
        // Nobody has looked at it as a sensor does.
        release::verify_alone(&image)
            .map_err(|rejection| Failure::internal(format!("sensors refuse what was compiled: {rejection}")))?;
        let costs = (0..image.template_count()).map(|number| image.cost(number).per_unit).max().unwrap_or(0);
        if costs > Capacity::STEPS_PER_BYTE {
            let most = Capacity::STEPS_PER_BYTE;
            talk(
                streams,
                &format!(
                    "CC0408: the image can cost {costs} steps for each byte of an event, and a sensor that states no capacity takes {most}; name the sensors that take more: --sensor"
                ),
            );
            fits = false;
        }
    }
    for sensor in asked {
        match release::verify_for(&image, &sensor) {
            Ok(loaded) => {
                let of = plural(image.rule_count() as usize, "rule");
                match loaded.rules {
                    0 if image.rule_count() > 0 => {
                        talk(streams, &format!("{sensor} loads none of {of}"));
                        fits = false;
                    }
                    rules => talk(streams, &format!("{sensor} loads {rules} of {of}")),
                }
                for line in besides(&sensor, &loaded) {
                    talk(streams, &line);
                }
                fits &= loaded.misspelt.is_empty();
            }
            Err(reason) => {
                talk(streams, &format!("{sensor} rejects the image: {reason}"));
                fits = false;
            }
        }
    }
    if !fits {
        if let Some((rule, cost)) = dearest(&image).filter(|(_, cost)| cost.per_unit > DEAR) {
            let line =
                format!("the dearest rule is `{}`: {} steps for each byte of an event", rule.title, cost.per_unit);
            talk(streams, &line);
        }
        talk(streams, "nothing was written");
        return Ok(Exit::Findings);
    }
    if arguments.output.as_os_str() == "-" {
        written(streams.out.write_all(&release.image))?;
    } else {
        write::write_output(&arguments.output, &release.image, &release.read)?;
    }
    let mut line = format!(
        "{} on {}, {}",
        plural(image.rule_count() as usize, "rule"),
        plural(image.template_count() as usize, "template type"),
        plural(release.image.len(), "byte")
    );
    if arguments.output.as_os_str() != "-" {
        line.push_str(&format!(", in {}", files::name(&arguments.output)));
    }
    talk(streams, &line);
    Ok(Exit::Fine)
}

/// Steps for each byte of an event from which on the dearest rule is worth a word: an eighth of what sensors take.
const DEAR: u64 = Capacity::STEPS_PER_BYTE / 8;

/// The sensor that `--for` names.
fn one_sensor(selector: &str) -> Result<Sensor, Failure> {
    let mut sensors = fleet::sensors(std::slice::from_ref(&selector.to_owned()), Path::new(""))?;
    match (sensors.pop(), sensors.len()) {
        (Some(only), 0) => Ok(only),
        (Some(last), others) => Err(Failure::usage(format!(
            "--for {selector} means {} sensors; an image for each of them is one compilation each: name one, such as {last}",
            others + 1
        ))),
        (None, _) => Err(Failure::usage(format!("--for {selector} means no sensor"))),
    }
}

/// What is to be said of a sensor that takes an image, beside how many rules it loads.
fn besides(sensor: &Sensor, loaded: &Loaded) -> Vec<String> {
    let mut lines: Vec<String> = loaded.left_out.iter().take(NAMED).map(|out| format!("  left out: {out}")).collect();
    if loaded.left_out.len() > NAMED {
        lines.push(format!("  left out: {} more", loaded.left_out.len() - NAMED));
    }
    for (there, meant) in &loaded.misspelt {
        lines.push(format!(
            "{sensor} supplies `{there}`, which no rule is for, and not `{meant}`: one is misspelt (CC0410)"
        ));
    }
    lines
}

/// Rules of which each is named; of more the number is said.
const NAMED: usize = 10;

fn some(names: &[&str]) -> String {
    let shown = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let more = names.len().saturating_sub(NAMED);
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

/// Says which rules are not in an image that is for one sensor.
fn trimmed(sensor: &Sensor, release: &Release, streams: &mut Streams<'_>) {
    let rules = release.content.rules();
    let is_out = |rule: &&std::sync::Arc<CheckedRule>| !rule.targets.iter().any(|target| runs(rule, target, sensor));
    let out: Vec<&str> = rules.iter().filter(is_out).map(|rule| rule.title.as_str()).collect();
    if !out.is_empty() {
        let of = plural(rules.len(), "rule");
        talk(streams, &format!("not for {sensor}: {} of {of}: {}", out.len(), some(&out)));
    }
}

/// Says which rules ask more of an interpreter than a sensor's manifest says that it knows.
fn needs_more(sensor: &Sensor, image: &Image<'_>, streams: &mut Streams<'_>) {
    let Some(known) = &sensor.manifest().capacity.features else { return };
    for (bit, feature) in feature::NAMES.iter().enumerate() {
        if known.iter().any(|name| name == feature) || image.identity().features >> bit & 1 == 0 {
            continue;
        }
        let rules = disassembly::rules_that_need(image, 1 << bit);
        talk(
            streams,
            &format!("{sensor} does not know the feature `{feature}`, which is asked for by {}", some(&rules)),
        );
    }
}

/// A line of the answer, in which every character is seen.
fn say(streams: &mut Streams<'_>, line: &str) -> Outcome {
    written(writeln!(streams.out, "{}", visible(line)))
}

/// Verifies an image as a sensor does before it loads it.
///
/// # Errors
/// When the image or a manifest cannot be read.
pub fn verify(arguments: &Verify, streams: &mut Streams<'_>) -> Outcome {
    let bytes = read_image(&arguments.image)?;
    let name = files::name(&arguments.image);
    let image = match Image::read(&bytes) {
        Ok(image) => image,
        Err(rejection) => {
            say(streams, &format!("{name}: rejected: {}: {}", rejection.code(), describe(&bytes, rejection)))?;
            return Ok(Exit::Findings);
        }
    };
    let sensors = fleet::sensors(&arguments.sensor, Path::new(""))?;
    let mut fits = true;
    if sensors.is_empty() {
        match release::verify_alone(&image) {
            Ok(()) => say(
                streams,
                &format!("{name}: valid; whether a sensor supplies its inputs was not checked (--sensor)"),
            )?,
            Err(rejection) => {
                fits = false;
                say(streams, &format!("{name}: rejected: {rejection}"))?
            }
        };
    }
    for sensor in sensors {
        match release::verify_for(&image, &sensor) {
            Ok(loaded) => {
                // A sensor that runs no rule is blind, and looks as if all were well.
                fits &= loaded.rules > 0 && loaded.misspelt.is_empty();
                let none = if loaded.rules == 0 { ": it would run nothing" } else { "" };
                let of = plural(image.rule_count() as usize, "rule");
                say(streams, &format!("{name}: {sensor} loads {} of {of}{none}", loaded.rules))?;
                for line in besides(&sensor, &loaded) {
                    say(streams, &format!("{name}: {line}"))?;
                }
            }
            Err(reason) => {
                fits = false;
                say(streams, &format!("{name}: {sensor} rejects it: {reason}"))?;
            }
        }
    }
    Ok(if fits { Exit::Fine } else { Exit::Findings })
}

/// Shows what is in an image.
///
/// # Errors
/// When the image cannot be read.
pub fn inspect(arguments: &Inspect, streams: &mut Streams<'_>) -> Outcome {
    let bytes = read_image(&arguments.image)?;
    let name = files::name(&arguments.image);
    let image = Image::read(&bytes).map_err(|rejection| {
        Failure::findings(format!("{name}: {}: {}", rejection.code(), describe(&bytes, rejection)))
    })?;
    if let Some(rule) = &arguments.rule {
        let text = disassembly::rule(&image, rule).map_err(|reason| Failure::usage(format!("{name}: {reason}")))?;
        return written(streams.out.write_all(visible_lines(&text).as_bytes()));
    }
    let report = disassembly::report(&image, arguments.template.as_deref());
    if let (Some(template), true) = (&arguments.template, report.templates.is_empty()) {
        return Err(Failure::usage(format!("{name} has no template type `{}`", visible(template))));
    }
    // What an image calls its parts is the word of whoever made it.
    let text = match arguments.format {
        ListFormat::Json => serde_json::to_string_pretty(&report)
            .map(|text| text + "\n")
            .map_err(|error| Failure::internal(error.to_string()))?,
        ListFormat::Human => human(&report, arguments.template.is_some()),
        ListFormat::Markdown => markdown(&report),
    };
    written(streams.out.write_all(text.as_bytes()))
}

fn human(report: &InspectReport, rules: bool) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    // Writing to a string does not fail.
    let identity = &report.identity;
    let sequence = identity.sequence.map_or_else(String::new, |number| format!(", sequence {number}"));
    let release =
        identity.release.as_deref().map_or_else(|| "no name".to_owned(), |name| format!("`{}`", visible(name)));
    let _ = writeln!(
        text,
        "release {release}{sequence}, format {}, made by {}",
        identity.format,
        visible(&identity.compiler)
    );
    let _ = writeln!(text, "content {}", identity.content_sha256);
    if !identity.features.is_empty() {
        let _ = writeln!(text, "asks for {}", visible(&identity.features.join(", ")));
    }
    let _ = writeln!(text, "{} bytes, {} words of scratch\n", report.bytes, report.scratch_words);
    let _ = writeln!(text, "{:<12} {:>10} {:>10} {:>9}", "section", "offset", "bytes", "records");
    for section in report.sections.iter().filter(|section| section.bytes > 0) {
        let _ =
            writeln!(text, "{:<12} {:>10} {:>10} {:>9}", section.name, section.offset, section.bytes, section.records);
    }
    let _ = writeln!(
        text,
        "\n{:>5} {:>6} {:>6} {:>12} {:>10}  template type",
        "rules", "always", "inputs", "fixed steps", "per unit"
    );
    for template in &report.templates {
        let _ = writeln!(
            text,
            "{:>5} {:>6} {:>6} {:>12} {:>10}  {} @ {}",
            template.rules.len(),
            template.always,
            template.inputs.len(),
            template.fixed_steps,
            template.steps_per_unit,
            visible(&template.name),
            template.version
        );
        if !rules {
            continue;
        }
        for input in &template.inputs {
            let position = input.position.map_or_else(|| input.kind.to_owned(), |position| format!("${position}"));
            let _ = writeln!(text, "      {position:>8}  {:<28} {}", visible(&input.name), input.ty);
        }
        let _ = writeln!(
            text,
            "\n      {:>12} {:>12} {:>10} {:>8}  rule",
            "instructions", "fixed steps", "per unit", "bytes"
        );
        for rule in &template.rules {
            let title = visible(if rule.title.is_empty() { &rule.name } else { &rule.title });
            let _ = writeln!(
                text,
                "      {:>12} {:>12} {:>10} {:>8}  {title}{}",
                rule.instructions,
                rule.fixed_steps,
                rule.steps_per_unit,
                rule.bytes,
                if rule.always { "  (runs for every event)" } else { "" }
            );
        }
    }
    text
}

fn markdown(report: &InspectReport) -> String {
    use std::fmt::Write as _;
    let mut text = String::from(
        "| template type | rules | always | inputs | fixed steps | per unit |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for template in &report.templates {
        let _ = writeln!(
            text,
            "| `{} @ {}` | {} | {} | {} | {} | {} |",
            visible(&template.name),
            template.version,
            template.rules.len(),
            template.always,
            template.inputs.len(),
            template.fixed_steps,
            template.steps_per_unit
        );
    }
    text
}
