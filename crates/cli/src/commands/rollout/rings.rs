//! `rollout start` and `rollout advance`: rings open here, and nowhere else.

use std::fs;
use std::path::Path;

use contentcheck_fleet::Recounter;
use contentcheck_log::write::Directory;
use contentcheck_log::{Token, Trust};
use contentcheck_model::diagnostic::codes;
use contentcheck_project::{files, write};
use contentcheck_rollout::entry::Start;
use contentcheck_rollout::state::{Phase, Rollout};
use contentcheck_rollout::{Body, Book, NoBook, Refusal};

use super::show::ring_name;
use super::site::{Site, Submitted, TOKENS, coded, failed, of_newest, said};
use crate::Streams;
use crate::args::RolloutAdvance;
use crate::commands::written;
use crate::exit::{Exit, Failure, Outcome};
use crate::release::talk;

pub(super) fn start(directory: &Path, now: u64, streams: &mut Streams<'_>) -> Outcome {
    let site = Site::open(directory)?;
    let mut book = site.book()?;
    let rollout = newest(&book)?;
    if *rollout.phase() != Phase::Planned {
        let message = "the newest rollout was started before; `contentcheck rollout status` shows where it is";
        return Err(Failure::findings(coded(&codes::OUT_OF_TURN, message)));
    }
    site.cosign(&mut book, now, streams)?;
    let checkpoint = book.log().checkpoint().to_owned();
    let entry = of_newest(book.state(), now, Body::Start(Start { checkpoint }))?;
    book.append(&[&entry.to_bytes()]).map_err(failed)?;
    open(&mut book)?;
    site.cosign(&mut book, now, streams)?;
    let is_handed_out = token(&site, &book, streams)?;
    opened_or_logged(&ring_name(newest(&book)?, 0), is_handed_out, streams)
}

pub(super) fn advance(directory: &Path, arguments: &RolloutAdvance, now: u64, streams: &mut Streams<'_>) -> Outcome {
    let site = Site::open(directory)?;
    let signers = site.keys(&arguments.keys)?;
    let mut book = site.book()?;
    let rollout = newest(&book)?.clone();
    let Some(open_ring) = rollout.open_ring() else {
        return Err(Failure::findings(coded(
            &codes::OUT_OF_TURN,
            "no ring is open; `contentcheck rollout start` opens the first one",
        )));
    };
    let reports = site.recounter()?;
    let settled = reports
        .source()
        .settled_until(&rollout.id())
        .map_err(|error| Failure::usage(format!("the reports of devices cannot be read: {}", said(&error))))?;
    match settled {
        None => talk(streams, "no collector has reports of this rollout yet, so there is no evidence"),
        Some(until) => {
            for ring in 0..=open_ring {
                if !evidence(&site, &mut book, &reports, ring, (until.min(now), now), &signers, streams)? {
                    return Ok(Exit::Findings);
                }
            }
        }
    }
    site.cosign(&mut book, now, streams)?;
    let opened = next(&mut book, now)?;
    if opened.is_ok() {
        site.cosign(&mut book, now, streams)?;
    }
    let is_handed_out = token(&site, &book, streams)?;
    let rollout = newest(&book)?;
    match (rollout.phase(), opened) {
        (Phase::Open { ring }, Ok(())) => opened_or_logged(&ring_name(rollout, *ring), is_handed_out, streams),
        (Phase::Open { ring }, Err(_)) if rollout.is_everywhere() => {
            written(writeln!(streams.out, "everywhere: {} is open, and watched on", ring_name(rollout, *ring)))
        }
        (Phase::Open { ring }, Err(why)) => {
            written(writeln!(streams.out, "{} stays the last one that is open: {why}", ring_name(rollout, *ring)))?;
            talk(streams, "`contentcheck rollout explain` shows what is missing");
            Ok(Exit::Fine)
        }
        (Phase::Rejected { of, .. }, _) => {
            let message = format!(
                "the evidence of {} says that the release is bad; no further ring opens",
                ring_name(rollout, *of)
            );
            written(writeln!(streams.out, "{}", coded(&codes::RELEASE_REJECTED, &message)))?;
            Ok(Exit::Findings)
        }
        (Phase::Halted { reason, .. }, _) => {
            written(writeln!(streams.out, "halted: {}", contentcheck_model::diagnostic::visible(reason)))?;
            Ok(Exit::Findings)
        }
        (Phase::Planned | Phase::Started | Phase::Superseded { .. }, _) => Ok(Exit::Findings),
    }
}

/// Says that a ring is open to devices, or that it is so in the log alone: no device takes an opening that too few witnesses signed.
fn opened_or_logged(ring: &str, is_handed_out: bool, streams: &mut Streams<'_>) -> Outcome {
    if is_handed_out {
        return written(writeln!(streams.out, "open: {ring}"));
    }
    written(writeln!(streams.out, "in the log, and not open to devices yet: {ring}"))?;
    Ok(Exit::Findings)
}

fn newest(book: &Book<Directory>) -> Result<&Rollout, Failure> {
    let none = || {
        Failure::findings(coded(
            &codes::OUT_OF_TURN,
            "no rollout was planned yet; `contentcheck rollout plan` plans one",
        ))
    };
    book.state().newest().ok_or_else(none)
}

/// Logs what the devices of a ring reported by a time by which the reports are all there. Not done where signatures are missing.
fn evidence(
    site: &Site,
    book: &mut Book<Directory>,
    reports: &Recounter,
    ring: u8,
    (until, now): (u64, u64),
    signers: &[contentcheck_log::write::SecretKey],
    streams: &mut Streams<'_>,
) -> Result<bool, Failure> {
    let rollout = newest(book)?;
    if rollout.evidence(ring).is_some_and(|known| known.until >= until) {
        return Ok(true);
    }
    let evidence = reports
        .evidence(book.state(), rollout, ring, until)
        .map_err(|why| Failure::usage(format!("the reports of devices: {why}")))?;
    let entry = of_newest(book.state(), now, Body::Evidence(evidence))?;
    Ok(matches!(site.submit(book, entry, signers, streams)?, Submitted::Logged(_)))
}

/// Logs the verdict and opens the next ring, where that is allowed.
fn next(book: &mut Book<Directory>, now: u64) -> Result<Result<(), Refusal>, Failure> {
    let rollout = newest(book)?;
    let Some(ring) = rollout.open_ring().filter(|_| !rollout.is_everywhere()) else {
        return Ok(Err(Refusal::Broken(contentcheck_rollout::state::Check::NextRing)));
    };
    let verdict = rollout.judgement(ring).map_err(|why| Failure::internal(why.to_string()))?.verdict;
    let entry = of_newest(book.state(), now, Body::Verdict(verdict))?;
    match book.append(&[&entry.to_bytes()]) {
        Ok(_) => open(book).map(Ok),
        Err(NoBook::Refused(why)) => Ok(Err(why)),
        Err(why) => Err(failed(why)),
    }
}

fn open(book: &mut Book<Directory>) -> Result<(), Failure> {
    let rollout = newest(book)?;
    let opening = rollout.next_ring().and_then(|ring| rollout.opening(ring));
    let opening = opening.ok_or_else(|| Failure::internal("no ring is left to open"))?;
    book.append(&[&opening.to_bytes()]).map(|_| ()).map_err(failed)
}

/// Writes the token of the newest ring, under the newest checkpoint: devices take none that is older than a day. The proof of
/// an opening as it was first is kept, for the token of the ring after it. Not written where too few witnesses signed.
fn token(site: &Site, book: &Book<Directory>, streams: &mut Streams<'_>) -> Result<bool, Failure> {
    let rollout = newest(book)?;
    let (Some(ring), Some(opened)) = (rollout.open_ring(), rollout.opened().last()) else { return Ok(true) };
    let keys = book.state().keys().ok_or_else(|| Failure::internal("a log without keys"))?;
    let trust = Trust::read(&keys.trust).map_err(|why| Failure::internal(why.to_string()))?;
    if let Err(why) = trust.check(book.log().checkpoint().as_bytes()) {
        let message = format!("no token was written: {why}; run `contentcheck rollout advance` when they are back");
        talk(streams, &coded(&codes::WITNESS_REFUSES, &message));
        return Ok(false);
    }
    let place = site.path(TOKENS).join(rollout.release().sequence.to_string());
    fs::create_dir_all(&place).map_err(|error| Failure::usage(format!("{}: {}", files::name(&place), said(&error))))?;
    let proof_of = |ring: u8| place.join(format!("ring-{ring}.proof"));
    let fault = |why: contentcheck_log::write::Fault| failed(NoBook::Log(why));
    let own = proof_of(ring);
    if !own.exists() {
        let proof = book.log().proof(opened.index).map_err(fault)?;
        write::write(&own, proof.as_bytes())?;
    }
    let before = match ring.checked_sub(1).map(proof_of) {
        None => None,
        Some(path) => Some(fs::read_to_string(&path).map_err(|error| {
            Failure::usage(format!(
                "{}: {}; it is the proof that the ring before was opened",
                files::name(&path),
                said(&error)
            ))
        })?),
    };
    let token = book.log().token(opened.index, before.as_deref()).map_err(fault)?;
    let checked = Token::read(token.as_bytes()).and_then(|token| token.check(&trust));
    checked.map_err(|why| Failure::internal(format!("the token that was made opens nothing: {why}")))?;
    write::write(&place.join(format!("ring-{ring}.token")), token.as_bytes()).map(|()| true)
}
