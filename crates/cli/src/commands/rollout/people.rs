//! What people say: halts, resumptions, devices that are held back, signatures.

use std::path::Path;

use contentcheck_log::Trust;
use contentcheck_model::diagnostic::codes;
use contentcheck_project::{files, write};
use contentcheck_rollout::census::NoCensus;
use contentcheck_rollout::entry::{Halt, Resume};
use contentcheck_rollout::{Body, Entry, NoBook, Refusal, Roll};

use super::keys;
use super::site::{DEVICES, Site, Submitted, code_of, coded, failed, of_newest, sign as sign_with};
use crate::Streams;
use crate::args::{RolloutHalt, RolloutPin, RolloutReason, RolloutSign};
use crate::commands::{plural, written};
use crate::exit::{Exit, Failure, Outcome};
use crate::release::talk;

pub(super) fn halt(directory: &Path, arguments: &RolloutHalt, now: u64, streams: &mut Streams<'_>) -> Outcome {
    let body = Body::Halt(Halt { reason: arguments.why.reason.clone() });
    if arguments.tell_witnesses {
        return tell(directory, &arguments.why, body, now, streams);
    }
    say(directory, &arguments.why, body, "halted", now, streams)
}

/// Tells the witnesses of a halt beside the log.
fn tell(directory: &Path, arguments: &RolloutReason, body: Body, now: u64, streams: &mut Streams<'_>) -> Outcome {
    is_line(&arguments.reason)?;
    let site = Site::open(directory)?;
    let signers = site.keys(&arguments.keys)?;
    let state = site.state()?;
    let mut entry = of_newest(&state, now, body)?;
    sign_with(&state, &mut entry, &signers);
    if entry.signatures.is_empty() {
        return Err(Failure::findings(coded(&codes::SIGNATURES_MISSING, "no key at hand may halt")));
    }
    let (told, all) = site.tell_witnesses(&entry.to_bytes(), now, streams)?;
    let trust = state.keys().map(|keys| keys.trust.clone()).unwrap_or_default();
    let quorum = Trust::read(&trust).map_or(0, |trust| usize::from(trust.quorum()));
    let left = all.saturating_sub(told);
    written(writeln!(streams.out, "told: {told} of {all} {}", if all == 1 { "witness" } else { "witnesses" }))?;
    if left < quorum {
        talk(streams, "no further ring of this rollout is signed for, until a halt is in the log");
        return Ok(Exit::Fine);
    }
    talk(streams, &format!("{left} were not told, and {quorum} are enough to open a ring: tell more of them"));
    Ok(Exit::Findings)
}

fn is_line(reason: &str) -> Result<(), Failure> {
    if reason.trim().is_empty() || reason.len() > 1_024 || reason.chars().any(char::is_control) {
        return Err(Failure::usage("--reason: one line, of 1,024 bytes at most"));
    }
    Ok(())
}

pub(super) fn resume(directory: &Path, arguments: &RolloutReason, now: u64, streams: &mut Streams<'_>) -> Outcome {
    say(directory, arguments, Body::Resume(Resume { reason: arguments.reason.clone() }), "goes on", now, streams)
}

fn say(
    directory: &Path,
    arguments: &RolloutReason,
    body: Body,
    done: &str,
    now: u64,
    streams: &mut Streams<'_>,
) -> Outcome {
    is_line(&arguments.reason)?;
    let site = Site::open(directory)?;
    let signers = site.keys(&arguments.keys)?;
    let mut book = site.book()?;
    let entry = of_newest(book.state(), now, body)?;
    match site.submit(&mut book, entry, &signers, now, streams)? {
        Submitted::Logged(_) => {
            site.cosign(&mut book, now, streams)?;
            written(writeln!(streams.out, "{done}"))
        }
        Submitted::Waiting => Ok(Exit::Findings),
    }
}

pub(super) fn pin(directory: &Path, arguments: &RolloutPin, now: u64, streams: &mut Streams<'_>) -> Outcome {
    let site = Site::open(directory)?;
    let mut devices = site.roll()?.devices().to_vec();
    let is_meant =
        |name: &str| name.strip_prefix(&arguments.stratum).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let held = !arguments.undo;
    let mut changed = 0;
    for device in devices.iter_mut().filter(|device| is_meant(&device.stratum) && device.held != held) {
        device.held = held;
        changed += 1;
    }
    if changed == 0 {
        let state = if held { "held back" } else { "taking part" };
        return Err(Failure::findings(format!(
            "{DEVICES}: no device of the stratum `{}` would change: there is none, or all are {state} already",
            contentcheck_model::diagnostic::visible(&arguments.stratum)
        )));
    }
    let roll = Roll::new(devices).map_err(|why| match why {
        NoCensus::Nobody => Failure::findings(format!("{DEVICES}: that would hold back every device")),
        why => Failure::usage(format!("{DEVICES}: {why}")),
    })?;
    let signers = site.keys(&arguments.keys)?;
    let mut book = site.book()?;
    let body = Body::Census(roll.census().clone());
    let entry = Entry::new(None, now.max(book.state().time()), body.clone());
    book.state().rehearse(&[&entry.to_bytes()]).map_err(|why| failed(NoBook::Refused(why)))?;
    site.keeps_plan(&mut book, &body, now, streams)?;
    site.keep_devices(&roll)?;
    site.keep_roll(&roll)?;
    if matches!(site.submit(&mut book, entry, &signers, now, streams)?, Submitted::Waiting) {
        return Ok(Exit::Findings);
    }
    site.cosign(&mut book, now, streams)?;
    let done = if held { "held back" } else { "taking part" };
    written(writeln!(streams.out, "{} {done}, from the next plan on", plural(changed, "device")))
}

pub(super) fn sign(directory: &Path, arguments: &RolloutSign, now: u64, streams: &mut Streams<'_>) -> Outcome {
    let site = Site::open(directory)?;
    let mut entry = Site::draft(&arguments.draft)?;
    let name = files::name(&arguments.draft);
    let state = site.state()?;
    let before = entry.signatures.len();
    let mut signers = Vec::new();
    for path in &arguments.keys {
        signers.push(keys::read(path)?);
    }
    sign_with(&state, &mut entry, &signers);
    if entry.signatures.len() == before {
        let role = entry.body.role().map_or("none", |role| role.name());
        return Err(Failure::usage(format!(
            "{name}: none of these keys adds a signature: the entry is signed by the role `{role}`, and by each key once"
        )));
    }
    let bytes = entry.to_bytes();
    state.rehearse(&[&bytes]).map_err(|why| {
        let message =
            format!("{name}: this can no longer be logged: {why}; remove the file, and run again what asked for it");
        Failure::findings(coded(code_of(&why), &message))
    })?;
    write::write(&arguments.draft, &bytes)?;
    // Whoever signs elsewhere need not be able to write the log.
    if let Err(Refusal::Signatures { role, found, needed }) = state.clone().apply(&bytes) {
        written(writeln!(streams.out, "{name}: {found} of {needed} signatures of the role `{}`", role.name()))?;
        return Ok(Exit::Findings);
    }
    let found = entry.signatures.len();
    let mut book = site.book()?;
    site.keeps_plan(&mut book, &entry.body, now, streams)?;
    book.append(&[&bytes]).map_err(failed)?;
    site.cosign(&mut book, now, streams)?;
    write::remove(&arguments.draft)?;
    talk(streams, &format!("{name}: signed by {found}, and logged; what asked for it can go on"));
    Ok(Exit::Fine)
}
