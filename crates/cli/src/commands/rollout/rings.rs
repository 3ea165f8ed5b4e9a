//! `rollout start` and `rollout advance`: rings open here, and nowhere else.

use std::path::Path;

use contentcheck_fleet::{NoCount, Recounter};
use contentcheck_log::write::Directory;
use contentcheck_model::diagnostic::codes;
use contentcheck_rollout::entry::{Observed, Start};
use contentcheck_rollout::judge::judge;
use contentcheck_rollout::state::{Hold, Phase, Rollout, Window};
use contentcheck_rollout::time::utc;
use contentcheck_rollout::witness::LATE;
use contentcheck_rollout::{Body, Book, NoBook, Refusal, State};

use super::show::ring_name;
use super::site::{Site, Submitted, coded, failed, is_busy, of_newest, said, there};
use super::tokens::{self, Written};
use super::ways;
use crate::Streams;
use crate::args::RolloutAdvance;
use crate::commands::written;
use crate::exit::{Exit, Failure, Outcome};
use crate::release::talk;

/// Of a plan that witnesses had not signed for when another entry came.
pub(super) const UNSTARTABLE: &str = "another entry followed the plan before the witnesses had signed for it, so it cannot be started: gate its \
                                      release under a higher sequence, and plan that";

pub(super) fn start(directory: &Path, now: u64, streams: &mut Streams<'_>) -> Outcome {
    let site = Site::open(directory)?;
    let mut book = site.book()?;
    let rollout = newest(&book)?;
    if matches!(rollout.phase(), Phase::Planned | Phase::Started) {
        site.goes_on(book.state())?;
    }
    match rollout.phase() {
        Phase::Planned => begin(&site, &mut book, now, streams)?,
        Phase::Started => open_first(&site, &mut book, now)?,
        Phase::Halted { .. } => {
            return Err(out_of_turn(
                "the newest rollout is halted; `contentcheck rollout resume --reason WORDS` lets it go on",
            ));
        }
        Phase::Open { .. } => {
            return Err(out_of_turn(
                "the newest rollout was started before; `contentcheck rollout advance` opens its next rings, and writes tokens that are missing",
            ));
        }
        Phase::Rejected { .. } | Phase::Superseded { .. } => {
            return Err(out_of_turn(
                "the newest rollout is over; `contentcheck rollout plan IMAGE --attestation FILE --attestation-key PEM` plans another one",
            ));
        }
    }
    first_opened(&site, &mut book, now, streams)
}

fn out_of_turn(message: &str) -> Failure {
    Failure::findings(coded(&codes::OUT_OF_TURN, message))
}

/// Starts what was planned, and opens its first ring: both or neither.
fn begin(site: &Site, book: &mut Book<Directory>, now: u64, streams: &mut Streams<'_>) -> Result<(), Failure> {
    let rollout = newest(book)?.clone();
    site.roll_of(&rollout)?;
    site.is_on_time(now)?;
    let at = now.max(book.state().time());
    if let Some(Window { from, holds }) = book.state().window(&rollout, at).filter(|window| window.from > at) {
        let holds = holds.iter().map(|hold| format!("the policy has {hold}")).collect::<Vec<_>>().join(", and ");
        let message = format!("{holds}: no ring opens before {} UTC, and nothing was written", utc(from));
        return Err(Failure::findings(coded(&codes::RING_NOT_READY, &message)));
    }
    let is_last = rollout.index().saturating_add(1) == book.state().size();
    let checkpoint = match site.plan_checkpoint(book.state(), &rollout)? {
        Some(checkpoint) => checkpoint,
        None if is_last => {
            site.cosign(book, now, streams)?;
            book.log().checkpoint().to_owned()
        }
        None => return Err(out_of_turn(UNSTARTABLE)),
    };
    let start = of_newest(book.state(), now, Body::Start(Start { checkpoint }))?.to_bytes();
    let started = book.state().rehearse(&[&start]).map_err(|why| failed(NoBook::Refused(why)))?;
    let opening = started.newest().and_then(|rollout| rollout.opening(0)).map(|opening| opening.to_bytes());
    let opening = opening.ok_or_else(|| Failure::internal("no ring is left to open"))?;
    is_signed_for(site, book, &[&start, &opening], now)?;
    book.append(&[&start, &opening]).map(|_| ()).map_err(failed)
}

/// Opens the first ring of what was started and has none, as after a crash between the two.
fn open_first(site: &Site, book: &mut Book<Directory>, now: u64) -> Result<(), Failure> {
    site.is_on_time(now)?;
    let rollout = newest(book)?;
    let cleared = rollout.cleared_to_begin().unwrap_or(0);
    let is_late = cleared.saturating_add(LATE) < now;
    let window = book.state().window(rollout, cleared).filter(|window| window.from > cleared);
    if is_late || window.is_some() {
        let holds = window.map(|window| {
            window
                .holds
                .iter()
                .map(|hold| match hold {
                    Hold::Blackout => "in a blackout".to_owned(),
                    Hold::Rate(_) => format!("sooner than {hold} lets it"),
                })
                .collect::<Vec<_>>()
        });
        let why = holds.map_or_else(
            || "and witnesses sign for no ring that opens more than an hour later".to_owned(),
            |holds| holds.join(" and "),
        );
        let message = format!(
            "the rollout was cleared to open its first ring at {} UTC, {why}; halt it and let it go on at a time at which rings may open \
             (`contentcheck rollout halt --reason WORDS`, `contentcheck rollout resume --reason WORDS`), then run \
             `contentcheck rollout advance` within the hour",
            utc(cleared)
        );
        return Err(Failure::findings(coded(&codes::RING_NOT_READY, &message)));
    }
    open(site, book, now)
}

fn is_signed_for(site: &Site, book: &Book<Directory>, entries: &[&[u8]], now: u64) -> Result<(), Failure> {
    let failed = |why: String| Failure::findings(coded(&codes::WITNESS_REFUSES, &why));
    site.would_sign(book, entries, now).map_err(failed)
}

/// What follows when the first ring has opened.
fn first_opened(site: &Site, book: &mut Book<Directory>, now: u64, streams: &mut Streams<'_>) -> Outcome {
    let signed = site.cosign(book, now, streams)?;
    let ring = ring_name(newest(book)?, 0);
    let exit = tokens::write(site, book, signed, streams).map_err(|failure| {
        let open = format!("{ring} is open in the log, and no device can take it before `contentcheck rollout advance` writes its token");
        Failure { message: format!("{}\n  {open}", failure.message), ..failure }
    })?;
    let exit = exit.exit();
    opened_or_logged(&ring, exit == Exit::Fine, streams)?;
    Ok(exit)
}

/// Looks at what devices reported, and opens the next ring where that is good. Where it cannot be looked at, or the log cannot be written, what is
/// offered may be bad and nobody knows: no device is let in on until it can.
pub(super) fn advance(directory: &Path, arguments: &RolloutAdvance, now: u64, streams: &mut Streams<'_>) -> Outcome {
    advance_or_fail(directory, arguments, now, streams).map_err(|failure| {
        if is_busy(&failure) || !tokens::are_there(directory) {
            return failure;
        }
        let gone = tokens::take_away_all(directory);
        let message = format!(
            "{}\n{gone}\n  nobody can tell whether the release is good while this fails: `contentcheck rollout advance` writes tokens again when it does not",
            failure.message
        );
        Failure { message, ..failure }
    })
}

fn advance_or_fail(directory: &Path, arguments: &RolloutAdvance, now: u64, streams: &mut Streams<'_>) -> Outcome {
    let site = Site::open(directory)?;
    let signers = site.keys(&arguments.keys, streams)?;
    let mut book = site.book()?;
    site.settle_again(&mut book, now, streams)?;
    let rollout = newest(&book)?.clone();
    let held = site.held_anywhere(book.state());
    // Also where the command that stopped it ended too early for that.
    tokens::withdraw(&site, book.state(), held.is_some(), streams)?;
    if let Some(text) = held {
        site.tell(streams, &coded(&codes::OUT_OF_TURN, &text));
        written(writeln!(streams.out, "held here, whatever the log says: no ring opens, and no token is written"))?;
        return Ok(Exit::Findings);
    }
    // The releases before, and where the newest one has the content of an earlier one, that one.
    let is_of_content = |way: &&Rollout| way.release().content == rollout.release().content;
    let of_content = book.state().ways_back().skip(ways::LOOKED_AT).find(is_of_content);
    let before = book.state().ways_back().take(ways::LOOKED_AT).chain(of_content).map(Rollout::id).collect();
    if ways::look(&site, &mut book, before, now, &signers, streams)?.is_logged {
        tokens::withdraw(&site, book.state(), false, streams)?;
        site.cosign(&mut book, now, streams)?;
    }
    let Some(open_ring) = rollout.open_ring() else {
        return match rollout.phase() {
            Phase::Started => {
                open_first(&site, &mut book, now)?;
                first_opened(&site, &mut book, now, streams)
            }
            Phase::Halted { reason, .. } => halted(reason, streams),
            // Nothing is wrong: what was offered before goes on.
            _ => {
                let text = "no ring is open; `contentcheck rollout start` opens the first one";
                site.tell(streams, &coded(&codes::OUT_OF_TURN, text));
                Ok(Exit::Findings)
            }
        };
    };
    if let Phase::Halted { reason, .. } = rollout.phase()
        && site.resumption_waits(&rollout, now)
        && !matches!(reported(&site, book.state(), now), Reported::Bad(_))
    {
        // What is signed follows the newest entry, so evidence would void it. No ring opens before it is logged, and evidence can wait.
        site.cosign(&mut book, now, streams)?;
        site.tell(
            streams,
            "a resumption waits for signatures, so no evidence is logged until it is there, or its draft is removed",
        );
        return halted(reason, streams);
    }
    let reports = site.recounter()?;
    match reports.settled_by(&rollout, now).map_err(uncounted)? {
        None => talk(streams, "no collector has reports of this rollout yet, so there is no evidence"),
        Some(until) => {
            for ring in 0..=open_ring {
                if !evidence(&site, &mut book, &reports, ring, (until, now), &signers, streams)? {
                    // Nobody judges what is not in the log.
                    tokens::withdraw(&site, book.state(), true, streams)?;
                    return Ok(Exit::Findings);
                }
            }
        }
    }
    let mut signed = site.cosign(&mut book, now, streams)?;
    let opened = next(&site, &mut book, now)?;
    let refused = match &opened {
        Err(NotOpened::Unsigned(why)) => Some(why.clone()),
        Ok(()) | Err(NotOpened::NotYet(_)) => None,
    };
    if opened.is_ok() {
        signed = site.cosign(&mut book, now, streams)?;
    }
    if let Err(failure) = site.note_refusal(newest(&book)?, now, refused.as_deref()) {
        site.tell(streams, &failure.message);
    }
    let is_failing = failing(&site, book.state(), newest(&book)?, streams)?;
    let tokens = if is_failing {
        tokens::withdraw(&site, book.state(), true, streams)?;
        Written::Failing
    } else {
        tokens::write(&site, &book, signed, streams)?
    };
    tokens::withdraw(&site, book.state(), false, streams)?;
    let rollout = newest(&book)?;
    let (exit, is_open) = (tokens.exit(), tokens == Written::All);
    let no_token = tokens.why_not();
    match (rollout.phase(), opened) {
        (Phase::Open { ring }, Ok(())) => {
            opened_or_logged(&ring_name(rollout, *ring), is_open, streams)?;
            Ok(exit)
        }
        (Phase::Open { ring }, Err(_)) if rollout.is_everywhere() => {
            let ring = ring_name(rollout, *ring);
            let text = if is_open {
                format!("everywhere: {ring} is open, and watched on")
            } else {
                format!("everywhere in the log: {ring} is watched on{no_token}")
            };
            written(writeln!(streams.out, "{text}"))?;
            Ok(exit)
        }
        (Phase::Open { ring }, Err(NotOpened::Unsigned(why))) => {
            let ring = ring_name(rollout, *ring);
            written(writeln!(
                streams.out,
                "{ring} stays the last one{}",
                if is_open { " that is open" } else { no_token }
            ))?;
            site.tell(streams, &coded(&codes::WITNESS_REFUSES, &why));
            Ok(Exit::Findings)
        }
        (Phase::Open { ring }, Err(NotOpened::NotYet(why))) if !is_open => {
            let ring = ring_name(rollout, *ring);
            written(writeln!(streams.out, "{ring} stays the last one in the log: {why}{no_token}"))?;
            Ok(exit)
        }
        (Phase::Open { ring }, Err(NotOpened::NotYet(why))) => {
            written(writeln!(streams.out, "{} stays the last one that is open: {why}", ring_name(rollout, *ring)))?;
            site.tell(streams, "`contentcheck rollout explain` shows what is missing");
            Ok(exit)
        }
        (Phase::Rejected { of, .. }, _) => {
            let message = format!(
                "the evidence of {} says that the release is bad; no further ring opens",
                ring_name(rollout, *of)
            );
            let text = there(directory, &coded(&codes::RELEASE_REJECTED, &message));
            written(writeln!(streams.out, "{text}"))?;
            Ok(Exit::Findings)
        }
        (Phase::Halted { reason, .. }, _) => halted(reason, streams),
        (Phase::Planned | Phase::Started | Phase::Superseded { .. }, _) => Ok(Exit::Findings),
    }
}

/// Tells of open rings of which most devices report that the release failed. No further ring opens while a test waits for the end of a bake;
/// that there is nothing to see is another thing.
fn failing(site: &Site, state: &State, rollout: &Rollout, streams: &mut Streams<'_>) -> Result<bool, Failure> {
    let mut is_failing = state.fails_elsewhere(rollout);
    if is_failing {
        site.tell(
            streams,
            "devices that have this content from an earlier release say that it FAILED: its tokens are taken away",
        );
    }
    for ring in (0_u8..).zip(rollout.offered()).map(|(ring, _)| ring) {
        let judged = rollout.judgement(ring).map_err(|why| Failure::internal(why.to_string()))?;
        let all = judged.groups.iter().fold(Observed::default(), |sum, (_, seen)| sum.and(seen));
        if all.is_mostly_failures() || judged.groups.iter().any(|(_, seen)| seen.is_mostly_failures()) {
            is_failing = true;
            site.tell(
                streams,
                &format!(
                    "{}: {} of {} devices report that the release FAILED, and no test has decided: its tokens are taken away. `contentcheck rollout \
                     explain` shows the groups, and `contentcheck rollout halt --reason WORDS` stops it for good",
                    ring_name(rollout, ring),
                    all.reported,
                    all.receipts
                ),
            );
        } else if all.is_mostly_lost() || judged.groups.iter().any(|(_, seen)| seen.is_mostly_lost()) {
            is_failing = true;
            site.tell(
                streams,
                &format!(
                    "{}: {} of {} settled devices FAILED: they say so, or say nothing and have no partner. No test has decided: its tokens are taken \
                     away. `contentcheck rollout explain` shows the groups, and `contentcheck rollout halt --reason WORDS` stops it for good",
                    ring_name(rollout, ring),
                    all.failed,
                    all.settled
                ),
            );
        }
    }
    Ok(is_failing)
}

/// Says that a ring is open to devices, or that it is so in the log alone: no device takes an opening that too few witnesses signed.
fn opened_or_logged(ring: &str, is_open: bool, streams: &mut Streams<'_>) -> Outcome {
    let says = if is_open { "open" } else { "in the log, and not open to devices yet" };
    written(writeln!(streams.out, "{says}: {ring}"))
}

fn halted(reason: &str, streams: &mut Streams<'_>) -> Outcome {
    written(writeln!(streams.out, "halted: {}", contentcheck_model::diagnostic::visible(reason)))?;
    Ok(Exit::Findings)
}

fn newest(book: &Book<Directory>) -> Result<&Rollout, Failure> {
    let none = || {
        Failure::findings(coded(
            &codes::OUT_OF_TURN,
            "no rollout was planned yet; `contentcheck rollout plan IMAGE --attestation FILE --attestation-key PEM` plans one",
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
    // Also where nothing is new: reports may be gone of which the log has evidence.
    let evidence = reports.evidence(book.state(), rollout, ring, until).map_err(uncounted)?;
    if rollout.evidence(ring).is_some_and(|known| known.until >= until) {
        return Ok(true);
    }
    let entry = of_newest(book.state(), now, Body::Evidence(evidence))?;
    Ok(matches!(site.submit(book, entry, signers, now, streams)?, Submitted::Logged(_)))
}

/// Why reports cannot be counted, for who decides by them.
fn uncounted(why: NoCount) -> Failure {
    match why {
        NoCount::Source(error) => Failure::usage(format!("the reports of devices cannot be counted: {}", said(&error))),
        NoCount::Ahead(why) => Failure::usage(format!("the reports of devices cannot be counted: {why}")),
        NoCount::Fell | NoCount::Gone { settled: Some(_), .. } => {
            Failure::findings(coded(&codes::OUT_OF_TURN, &why.to_string()))
        }
        NoCount::Gone { .. } => Failure::usage(why.to_string()),
        why => Failure::usage(format!("the reports of devices: {why}")),
    }
}

/// Why no ring was opened.
enum NotOpened {
    /// It is not its time: by the clock, by the evidence, or no ring is left.
    NotYet(String),
    /// Too few witnesses would sign for it.
    Unsigned(String),
}

/// What the reports that are not in the log yet say of a release.
pub(super) enum Reported {
    /// Nothing against it.
    Well,
    /// That it is bad, or fails on most devices of some ring.
    Bad(String),
    /// They cannot be counted.
    Unknown(String),
}

/// Counts the reports of all rings that are open: what people say in the meantime knows nothing of them.
pub(super) fn reported(site: &Site, state: &State, now: u64) -> Reported {
    let Some((rollout, open)) = state.newest().and_then(|newest| Some((newest, newest.open_ring()?))) else {
        return Reported::Well;
    };
    match judged(site, state, (rollout, open), now) {
        Ok(None) => Reported::Well,
        Ok(Some(ring)) => Reported::Bad(format!(
            "the reports of {} say that the release is bad: no token is written, and `contentcheck rollout advance` takes them in",
            ring_name(rollout, ring)
        )),
        Err(why) => Reported::Unknown(format!("nobody can tell whether the release is good: {why}")),
    }
}

/// The first ring whose reports are bad.
fn judged(site: &Site, state: &State, (rollout, open): (&Rollout, u8), now: u64) -> Result<Option<u8>, String> {
    let reports = site.recounter().map_err(|failure| failure.message)?;
    let Some(until) = reports.settled_by(rollout, now).map_err(|why| why.to_string())? else { return Ok(None) };
    for ring in 0..=open {
        let evidence = reports.evidence(state, rollout, ring, until).map_err(|why| why.to_string())?;
        let judged = judge(rollout.census(), &rollout.plan().policy, ring, Some(&evidence));
        let judged = judged.map_err(|why| why.to_string())?;
        let all = judged.groups.iter().fold(Observed::default(), |sum, (_, seen)| sum.and(seen));
        let mut seen = judged.groups.iter().map(|(_, seen)| seen).chain([&all]);
        if judged.verdict.rejects() || seen.any(|seen| seen.is_mostly_failures() || seen.is_mostly_lost()) {
            return Ok(Some(ring));
        }
    }
    Ok(None)
}

/// Logs the verdict and opens the next ring, where that is allowed.
fn next(site: &Site, book: &mut Book<Directory>, now: u64) -> Result<Result<(), NotOpened>, Failure> {
    let rollout = newest(book)?;
    let Some(ring) = rollout.open_ring().filter(|_| !rollout.is_everywhere()) else {
        let why = Refusal::Broken(contentcheck_rollout::state::Check::NextRing).to_string();
        return Ok(Err(NotOpened::NotYet(why)));
    };
    let verdict = rollout.judgement(ring).map_err(|why| Failure::internal(why.to_string()))?.verdict;
    // Verdict and opening are written together or not at all: a verdict alone clears nothing in a blackout.
    let verdict = of_newest(book.state(), now, Body::Verdict(verdict))?.to_bytes();
    let cleared = match book.state().rehearse(&[&verdict]) {
        Ok(cleared) => cleared,
        Err(why) => return Ok(Err(NotOpened::NotYet(why.to_string()))),
    };
    let opening = cleared.newest().and_then(|rollout| rollout.opening(rollout.next_ring()?));
    let opening = opening.ok_or_else(|| Failure::internal("no ring is left to open"))?.to_bytes();
    site.is_on_time(now)?;
    if let Err(why) = site.would_sign(book, &[&verdict, &opening], now) {
        return Ok(Err(NotOpened::Unsigned(why)));
    }
    match book.append(&[&verdict, &opening]) {
        Ok(_) => Ok(Ok(())),
        Err(NoBook::Refused(why)) => Ok(Err(NotOpened::NotYet(why.to_string()))),
        Err(why) => Err(failed(why)),
    }
}

fn open(site: &Site, book: &mut Book<Directory>, now: u64) -> Result<(), Failure> {
    let rollout = newest(book)?;
    let opening = rollout.next_ring().and_then(|ring| rollout.opening(ring));
    let opening = opening.ok_or_else(|| Failure::internal("no ring is left to open"))?.to_bytes();
    is_signed_for(site, book, &[&opening], now)?;
    book.append(&[&opening]).map(|_| ()).map_err(failed)
}
