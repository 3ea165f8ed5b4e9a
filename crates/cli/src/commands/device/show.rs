//! `device status` and `device why`: what is on disk, with nothing changed.

use std::path::Path;

use contentcheck_model::diagnostic::{codes, visible};
use contentcheck_project::files;
use contentcheck_rollout::time::utc;
use contentcheck_sensor::{Condition, Files, Inspection, Kept, Keyring, Memory, Record};
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
    /// What the sensor would run if it started now and its last run ended well; null where no sensor has decided anything yet.
    pub next: Option<String>,
    /// The highest sequence that was confirmed; null: unknown, since the state cannot be read.
    pub floor: Option<u64>,
    /// The highest sequence that was given up; null: unknown.
    pub burnt: Option<u64>,
    /// Whether what the device knew was lost, and nothing has been confirmed since.
    pub forgotten: bool,
    /// Ends in a row that nobody explains.
    pub unexplained_ends: u8,
    /// The epoch of the kill list.
    pub kill_epoch: Option<u64>,
    /// How the kill list is found: `whole`, `missing`, `damaged` or `unreadable`.
    pub kill_list: Option<String>,
    /// Rules of what runs that it switches off; null: there is no list, or that cannot be told from the directory.
    pub rules_switched_off: Option<u32>,
    /// Hours for which nothing new is tried.
    pub hold_hours: u8,
    /// The id of the device.
    pub device: Option<String>,
    /// Its place in a redundancy group, such as `1/2`, as its configuration said at its last start.
    pub member: Option<String>,
    /// By how many releases it stays behind the newest one.
    pub behind: u8,
    /// Entries of the newest log that the device has seen.
    pub log_size: Option<u64>,
    /// When a signature last vouched for the time, in seconds since 1970; 0: never.
    pub vouched_time: u64,
    /// How the state is found: `fresh`, `whole`, `one copy`, `lost` or `unreadable`.
    pub memory: String,
    /// Whether files of the store can be written to, as far as whoever asks can tell.
    pub writable: bool,
    /// How the evidence is found: `whole`, `missing` (a sensor has decided something, and no line is left), `damaged` or `unreadable`.
    pub evidence: String,
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
    /// How the state is found: `fresh`, `whole`, `one copy`, `lost` or `unreadable`. Where it is lost or unreadable, only the evidence tells.
    pub state: String,
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
    Ok(Inspection::read(&mut Files::new(directory), &Keyring::has_form))
}

pub(super) fn status(arguments: &DeviceLook, streams: &mut Streams<'_>) -> Outcome {
    let found = inspect(&arguments.directory)?;
    let exit = exit(&found);
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

/// Whether all is well, or somebody should look: what is unknown is looked at too.
fn exit(found: &Inspection) -> Exit {
    if found.condition() == Condition::Well { Exit::Fine } else { Exit::Findings }
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
        next: (found.memory != Memory::Fresh).then(|| found.next().as_str().to_owned()),
        floor: (!found.is_unknown()).then_some(state.floor.0),
        burnt: (!found.is_unknown()).then_some(state.burnt.0),
        forgotten: state.forgotten,
        unexplained_ends: state.unexplained(),
        kill_epoch: state.kill.map(|kill| kill.epoch),
        kill_list: found.kills.map(|kept| kept.as_str().to_owned()),
        rules_switched_off: found.switched_off.map(|(off, _)| off),
        hold_hours: state.hold,
        device: state.identity.map(|identity| identity.id.to_string()),
        member: state.member.map(|member| format!("{}/{}", member.number(), member.of())),
        behind: state.behind,
        log_size: state.log.map(|log| log.size),
        vouched_time: state.time,
        memory: found.memory.as_str().to_owned(),
        writable: found.unwritable.is_none(),
        evidence: found.evidence.as_str().to_owned(),
        damaged_evidence: found.damaged_evidence,
    }
}

pub(super) fn why(arguments: &DeviceLook, streams: &mut Streams<'_>) -> Outcome {
    let found = inspect(&arguments.directory)?;
    let refusals = refusals(found.last_decision().iter().chain(found.since()));
    let exit = exit(&found);
    if arguments.format == DeviceFormat::Json {
        let decision = found.last_decision().iter().map(evidence).collect();
        let since = found.since().map(evidence).collect();
        json(&DeviceWhy { state: found.memory.as_str().to_owned(), decision, since, refusals }, streams)?;
        return Ok(exit);
    }
    let mut text = String::new();
    if found.is_unknown() {
        text += &format!(
            "the state is {}: what led to what runs is known from the evidence alone\n",
            found.memory.as_str()
        );
    }
    let (led, since): (Vec<&Record>, Vec<&Record>) = (found.last_decision().iter().collect(), found.since().collect());
    for (title, records) in [("what led to what runs", led), ("since then", since)] {
        if !records.is_empty() {
            text += &format!("{title}:\n");
        }
        for record in records {
            let time = record.wall.map_or_else(|| "-".to_owned(), utc);
            text += &format!("  {:>4}  {time}  {}\n", record.number, visible(&record.what));
        }
    }
    for ExplainedRefusal { code, cause, remedy } in &refusals {
        text += &format!("{code}: {cause}\n  remedy: {remedy}\n");
    }
    if text.is_empty() {
        talk(
            streams,
            match found.evidence {
                Kept::Missing => "the evidence is gone: what led to what runs is unknown",
                Kept::Unreadable => "the evidence cannot be read: what led to what runs is unknown",
                Kept::Whole | Kept::Damaged => "no decision is recorded here",
            },
        );
    }
    written(streams.out.write_all(text.as_bytes()))?;
    Ok(exit)
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
