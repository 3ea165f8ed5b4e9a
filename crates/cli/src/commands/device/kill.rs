//! `device kill`: a kill list is handed to a device whose sensor does not run, since it crashes or is cut off from its fleet.

use std::collections::BTreeSet;

use contentcheck_model::diagnostic::visible;
use contentcheck_project::files;
use contentcheck_sensor::{ENVELOPE_BYTES, Files, Inspection, Kept, Keyring, Kills, Memory};
use schemars::JsonSchema;
use serde::Serialize;

use super::act::As;
use super::{json, written};
use crate::Streams;
use crate::args::{DeviceFormat, DeviceKill};
use crate::commands::read_whole;
use crate::exit::{Exit, Failure, Outcome};
use crate::release::talk;

/// Bytes of the largest kill list that a device takes.
const LIST_BYTES: usize = 256 << 10;

/// What `device kill --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KillReport {
    /// Whether the device took it, and will find it at its next start.
    pub taken: bool,
    /// Its epoch, where it is a kill list.
    pub epoch: Option<u64>,
    /// Why it was not taken.
    pub why: Option<String>,
    /// How many different rules it names; null: every rule, or it is no kill list.
    pub named: Option<u64>,
    /// The sequence of what the sensor would run now.
    pub sequence: Option<u64>,
    /// Rules of that.
    pub rules: Option<u32>,
    /// Those of them that are switched off now, by the list that counts.
    pub switched_off: u32,
}

/// How many of the images and lists that are kept are whole.
fn whole(found: &Inspection) -> usize {
    let contents = found.contents.iter().map(|(_, _, kept)| Some(*kept));
    contents.chain([found.kills]).filter(|kept| *kept == Some(Kept::Whole)).count()
}

pub(super) fn kill(arguments: &DeviceKill, streams: &mut Streams<'_>) -> Outcome {
    let name = files::name(&arguments.directory);
    if !arguments.directory.is_dir() {
        return Err(Failure::usage(format!("{name}: this is not a directory")));
    }
    let list = read_whole(&arguments.list, LIST_BYTES)?;
    let signatures = read_whole(&arguments.signatures, ENVELOPE_BYTES)?;
    let found = Inspection::read(&mut Files::new(&arguments.directory), &Keyring::has_form);
    if matches!(found.memory, Memory::Fresh) {
        return Err(Failure::usage(format!(
            "{name}: no sensor has decided anything here yet, so this may be the wrong directory; nothing was written"
        )));
    }
    let sensor = As::read(&arguments.sensor, &arguments.directory, streams)?;
    let signed = Inspection::read(&mut Files::new(&arguments.directory), &|part, envelope, digest| {
        sensor.signs(&arguments.directory, part, envelope, digest)
    });
    // By another root the list that counts is none, and what is taken here would be none for the sensor.
    if whole(&found) > 0 && whole(&signed) == 0 {
        return Err(Failure::usage(format!(
            "{}: no key of this root signed anything that {name} keeps, so it is not the root of its sensor; nothing was written",
            files::name(&arguments.sensor.root)
        )));
    }
    let mut store = sensor.open(&arguments.directory);
    let outcome = store.kill(&list, &signatures);
    let status = store.status();
    // It was not run here, so its try is given back.
    store.stop();
    let kills = Kills::read(&list).ok();
    let why = match outcome {
        Ok(killed) if killed.is_kept => None,
        Ok(_) => Some(format!("{name}: it cannot be written to, so the sensor will not find the list")),
        Err(refusal) => Some(refusal.to_string()),
    };
    let report = KillReport {
        taken: why.is_none(),
        epoch: kills.map(|kills| kills.epoch),
        why,
        named: kills.filter(|kills| !kills.all).map(|kills| kills.rules().collect::<BTreeSet<_>>().len() as u64),
        sequence: status.running.as_ref().map(|content| content.sequence),
        rules: status.rules.map(|(_, all)| all),
        switched_off: status.switched_off,
    };
    let exit = if report.taken { Exit::Fine } else { Exit::Findings };
    if arguments.format == DeviceFormat::Json {
        json(&report, streams)?;
        return Ok(exit);
    }
    if let Some(why) = &report.why {
        written(writeln!(streams.out, "refused: {}", visible(why)))?;
        return Ok(exit);
    }
    let epoch = report.epoch.unwrap_or_default();
    let off = u64::from(report.switched_off);
    let said = match (report.sequence, report.rules) {
        (Some(sequence), Some(1)) => format!("it switches off {off} of the 1 rule of sequence {sequence}"),
        (Some(sequence), Some(rules)) => format!("it switches off {off} of the {rules} rules of sequence {sequence}"),
        _ => "nothing is evaluated here, so it switches off nothing yet".to_owned(),
    };
    written(writeln!(streams.out, "taken: kill list {epoch}; {said}"))?;
    // An id in other case, or a title, switches off nothing: whoever sends that should not believe otherwise.
    if let Some(named) = report.named.filter(|named| *named > off && report.rules.is_some()) {
        talk(
            streams,
            &format!(
                "note: no rule of what would run now has {} of the {named} ids in the list; an id counts to the byte",
                named - off
            ),
        );
    }
    Ok(exit)
}
