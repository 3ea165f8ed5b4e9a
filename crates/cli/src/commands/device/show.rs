//! `device status` and `device why`: what is on disk, with nothing changed.

use std::path::Path;

use contentcheck_model::diagnostic::{codes, visible};
use contentcheck_project::files;
use contentcheck_sensor::{Condition, Files, Inspection, Memory, Record};
use schemars::JsonSchema;
use serde::Serialize;

use super::{json, written};
use crate::Streams;
use crate::args::{DeviceFormat, DeviceLook};
use crate::exit::{Exit, Failure, Outcome};
use crate::release::talk;

/// What `device status --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceStatus {
    /// `well`, `attention`, `degraded` or `blind`.
    pub condition: String,
    /// What runs by the last decision: `candidate`, `good`, `earlier`, `factory` or `nothing`; null where that is decided when the sensor starts.
    pub runs: Option<String>,
    /// The content that the device keeps, what is on trial first.
    pub contents: Vec<DeviceContent>,
    /// Content that the device has given up, the last first.
    pub given_up: Vec<DeviceContent>,
    /// The highest sequence that was confirmed.
    pub floor: u64,
    /// The highest sequence that was given up.
    pub burnt: u64,
    /// The epoch of the kill list.
    pub kill_epoch: Option<u64>,
    /// How the kill list is found: `whole`, `missing`, `damaged` or `unreadable`.
    pub kill_list: Option<String>,
    /// Hours for which nothing new is tried.
    pub hold_hours: u8,
    /// The id of the device.
    pub device: Option<String>,
    /// Entries of the newest log that the device has seen.
    pub log_size: Option<u64>,
    /// When a signature last vouched for the time, in seconds since 1970; 0: never.
    pub vouched_time: u64,
    /// How the state is found: `fresh`, `whole`, `one copy`, `lost` or `unreadable`.
    pub memory: String,
    /// Lines of evidence that could not be read.
    pub damaged_evidence: u64,
}

/// Content of a device.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceContent {
    /// `candidate`, `good`, `earlier`, or `given up`.
    pub place: String,
    /// The sequence of its release.
    pub sequence: u64,
    /// SHA-256 of its image.
    pub digest: String,
    /// How its image is found: `whole`, `missing`, `damaged` or `unreadable`; null: it is not kept.
    pub image: Option<String>,
    /// How far it has come, or why it was given up.
    pub standing: Option<String>,
    /// Tries that a candidate has left.
    pub tries: Option<u8>,
    /// Crashes in a row.
    pub crashes: Option<u8>,
}

/// What `device why --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceWhy {
    /// The lines that led to what runs, the last of which says what does.
    pub decision: Vec<DeviceEvidence>,
    /// What was noted since then.
    pub since: Vec<DeviceEvidence>,
    /// The refusals in it, explained.
    pub refusals: Vec<ExplainedRefusal>,
}

/// A line of evidence.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceEvidence {
    /// Its number.
    pub number: u64,
    /// Seconds since 1970 by the device's clock, which may be wrong.
    pub time: Option<u64>,
    /// What was decided, or noted.
    pub what: String,
}

/// A code that the device answered with.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainedRefusal {
    /// The code.
    pub code: String,
    /// What brings it about.
    pub cause: String,
    /// What to do.
    pub remedy: String,
}

fn inspect(directory: &Path) -> Result<Inspection, Failure> {
    if !directory.is_dir() {
        return Err(Failure::usage(format!("{}: this is not a directory", files::name(directory))));
    }
    Ok(Inspection::read(&mut Files::new(directory)))
}

pub(super) fn status(arguments: &DeviceLook, streams: &mut Streams<'_>) -> Outcome {
    let found = inspect(&arguments.directory)?;
    let exit = if found.condition() == Condition::Well { Exit::Fine } else { Exit::Findings };
    match arguments.format {
        DeviceFormat::Json => json(&report(&found), streams)?,
        DeviceFormat::Human => {
            let text = found.to_string();
            // What images and evidence say of themselves is in none of it but as numbers and digests.
            written(streams.out.write_all(text.as_bytes()))?
        }
    };
    if found.memory == Memory::Fresh {
        talk(streams, "there is no state here: is this the directory of the sensor?");
    }
    Ok(exit)
}

fn report(found: &Inspection) -> DeviceStatus {
    let state = &found.state;
    let contents = found.contents.iter().map(|(rung, content, kept)| {
        let candidate = state.candidate.filter(|candidate| candidate.content == *content);
        let good = [state.good, state.earlier].into_iter().flatten().find(|good| good.content == *content);
        let suspect = good.filter(|good| good.suspect).map(|_| "suspect");
        DeviceContent {
            place: rung.as_str().to_owned(),
            sequence: content.sequence.0,
            digest: content.digest.to_string(),
            image: Some(kept.as_str().to_owned()),
            standing: candidate.map(|candidate| candidate.standing.as_str()).or(suspect).map(str::to_owned),
            tries: candidate.map(|candidate| candidate.tries),
            crashes: good.map(|good| good.strikes),
        }
    });
    let given_up = state.quarantine.iter().flatten().map(|entry| DeviceContent {
        place: "given up".to_owned(),
        sequence: entry.content.sequence.0,
        digest: entry.content.digest.to_string(),
        image: None,
        standing: Some(entry.why.to_string()),
        tries: None,
        crashes: None,
    });
    DeviceStatus {
        condition: found.condition().as_str().to_owned(),
        runs: state.running.map(|rung| rung.as_str().to_owned()),
        contents: contents.collect(),
        given_up: given_up.collect(),
        floor: state.floor.0,
        burnt: state.burnt.0,
        kill_epoch: state.kill.map(|kill| kill.epoch),
        kill_list: found.kills.map(|kept| kept.as_str().to_owned()),
        hold_hours: state.hold,
        device: state.identity.map(|identity| identity.id.to_string()),
        log_size: state.log.map(|log| log.size),
        vouched_time: state.time,
        memory: found.memory.as_str().to_owned(),
        damaged_evidence: found.damaged_evidence,
    }
}

pub(super) fn why(arguments: &DeviceLook, streams: &mut Streams<'_>) -> Outcome {
    let found = inspect(&arguments.directory)?;
    let refusals = refusals(found.last_decision().iter().chain(found.since()));
    if arguments.format == DeviceFormat::Json {
        let lines = |records: &[Record]| records.iter().map(evidence).collect();
        let report = DeviceWhy { decision: lines(found.last_decision()), since: lines(found.since()), refusals };
        return json(&report, streams);
    }
    let mut text = String::new();
    for (title, records) in [("what led to what runs", found.last_decision()), ("since then", found.since())] {
        if !records.is_empty() {
            text += &format!("{title}:\n");
        }
        for record in records {
            let time = record.wall.map_or_else(|| "-".to_owned(), |wall| wall.to_string());
            text += &format!("  {:>4}  {time}  {}\n", record.number, visible(&record.what));
        }
    }
    for ExplainedRefusal { code, cause, remedy } in &refusals {
        text += &format!("{code}: {cause}\n  remedy: {remedy}\n");
    }
    if text.is_empty() {
        talk(streams, "no decision is recorded here");
    }
    written(streams.out.write_all(text.as_bytes()))
}

fn evidence(record: &Record) -> DeviceEvidence {
    DeviceEvidence { number: record.number, time: record.wall, what: record.what.clone() }
}

/// The codes in lines of evidence, each once, with what their pages say.
fn refusals<'r>(records: impl Iterator<Item = &'r Record>) -> Vec<ExplainedRefusal> {
    let mut found: Vec<ExplainedRefusal> = Vec::new();
    for record in records {
        let code = record.what.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(code, _)| code);
        let Some(code) = code.and_then(codes::find) else { continue };
        if found.iter().all(|known| known.code != code.id) {
            let (cause, remedy) = (code.cause.to_owned(), code.cure.to_owned());
            found.push(ExplainedRefusal { code: code.id.to_owned(), cause, remedy });
        }
    }
    found
}
