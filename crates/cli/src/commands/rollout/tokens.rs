//! Tokens: the files that let devices into a ring. They are written here and nowhere else, and taken away here when a rollout is stopped.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use contentcheck_log::floors::FRESH;
use contentcheck_log::write::Directory;
use contentcheck_log::{Token, Trust, Unwitnessed};
use contentcheck_model::diagnostic::codes;
use contentcheck_project::{files, write};
use contentcheck_rollout::state::Rollout;
use contentcheck_rollout::time::utc;
use contentcheck_rollout::{Book, NoBook, State};

use super::site::{Site, TOKENS, coded, failed, said};
use crate::Streams;
use crate::exit::{Exit, Failure, Outcome};

/// Bytes of the longest token that is read to see until when it holds.
const TOKEN_BYTES: u64 = 256 << 10;

fn place(site: &Site, rollout: &Rollout) -> PathBuf {
    site.path(TOKENS).join(rollout.release().sequence.to_string())
}

/// Writes the tokens of the rings that devices may be let into, under the newest checkpoint: devices take none that is older than a day. The
/// proof of an opening as it was first is kept, for the token of the ring after it. Without a quorum of witnesses there is none, and that is
/// a finding. A rollout that was stopped offers no ring, so it has no token.
pub(super) fn write(site: &Site, book: &Book<Directory>, signed: usize, streams: &mut Streams<'_>) -> Outcome {
    let Some(rollout) = book.state().newest().filter(|rollout| !rollout.offered().is_empty()) else {
        return Ok(Exit::Fine);
    };
    if book.state().fails_elsewhere(rollout) {
        withdraw(site, book.state(), false, streams)?;
        return Ok(Exit::Findings);
    }
    // Whoever halts waits for this one, so no token is written behind the back of a halt.
    let _one = alone(&site.path(TOKENS));
    if let Some(text) = site.held(book.state()) {
        site.tell(streams, &coded(&codes::OUT_OF_TURN, &text));
        withdraw(site, book.state(), true, streams)?;
        return Ok(Exit::Findings);
    }
    let keys = book.state().keys().ok_or_else(|| Failure::internal("a log without keys"))?;
    let trust = Trust::read(&keys.trust).map_err(|why| Failure::internal(why.to_string()))?;
    // Signatures of before may be enough for now; devices take none that are older than a day.
    let too_few = Unwitnessed::Quorum { found: u8::try_from(signed).unwrap_or(u8::MAX), needed: trust.quorum() };
    let missing = (signed < usize::from(trust.quorum())).then_some(too_few);
    if let Some(why) = trust.check(book.log().checkpoint().as_bytes()).err().or(missing) {
        let message = format!(
            "no token was written: {why}; run `contentcheck rollout advance` again when the witnesses are back"
        );
        site.tell(streams, &coded(&codes::WITNESS_REFUSES, &message));
        return Ok(Exit::Findings);
    }
    let place = place(site, rollout);
    fs::create_dir_all(&place).map_err(|error| Failure::usage(format!("{}: {}", files::name(&place), said(&error))))?;
    let fault = |why: contentcheck_log::write::Fault| failed(NoBook::Log(why));
    let newest = rollout.offered().len().saturating_sub(1);
    let proof_of = |ring: usize| place.join(format!("ring-{ring}.proof"));
    let mut before: Option<String> = None;
    for (ring, opened) in rollout.offered().iter().enumerate() {
        let path = proof_of(ring);
        if ring == newest && !path.exists() {
            let proof = book.log().proof(opened.index).map_err(fault)?;
            write::write(&path, proof.as_bytes())?;
        }
        let is_begun = ring == 0 || before.is_some();
        let proof = match fs::read_to_string(&path) {
            Ok(proof) => Some(proof),
            // Of rings long open the newest token is enough.
            Err(_) if ring.saturating_add(1) < newest => None,
            Err(error) => {
                return Err(Failure::usage(format!(
                    "{}: {}; it is the proof that the ring was opened",
                    files::name(&path),
                    said(&error)
                )));
            }
        };
        if ring == newest || (is_begun && proof.is_some()) {
            let token = book.log().token(opened.index, before.as_deref()).map_err(fault)?;
            let checked = Token::read(token.as_bytes()).and_then(|token| token.check(&trust));
            checked.map_err(|why| Failure::internal(format!("the token that was made opens nothing: {why}")))?;
            write::write(&place.join(format!("ring-{ring}.token")), token.as_bytes())?;
        }
        before = proof;
    }
    // Where the lock could not be had, somebody may have halted meanwhile: whoever does puts a hold before the tokens go.
    if site.held(book.state()).is_none() {
        return Ok(Exit::Fine);
    }
    withdraw(site, book.state(), true, streams)?;
    Ok(Exit::Findings)
}

/// Locks the directory of tokens, for as long as what is given lives. Nothing where that is not to be had in a few seconds: whoever halts does
/// not wait for somebody who hangs.
pub(super) fn alone(tokens: &Path) -> Option<File> {
    const PATIENCE: Duration = Duration::from_secs(3);
    fs::create_dir_all(tokens).ok()?;
    let lock = File::options().create(true).truncate(false).write(true).open(tokens.join(".lock")).ok()?;
    let began = Instant::now();
    while lock.try_lock().is_err() {
        if began.elapsed() > PATIENCE {
            return None;
        }
        thread::sleep(Duration::from_millis(20));
    }
    Some(lock)
}

/// Takes away the tokens of rollouts that were stopped, and says until when those hold that devices may have fetched already. The proofs stay:
/// where people let the rollout go on, `advance` writes its tokens again.
///
/// `newest_too`: the newest one is among them, since of a halt of it only the log does not know.
pub(super) fn withdraw(site: &Site, state: &State, newest_too: bool, streams: &mut Streams<'_>) -> Outcome {
    let trust = state.trust();
    let newest = state.newest().filter(|_| newest_too).map(Rollout::id);
    let is_over = |one: &&Rollout| {
        one.is_stopped() || one.is_bad_behind() || state.fails_elsewhere(one) || newest == Some(one.id())
    };
    for rollout in state.rollouts().iter().filter(is_over) {
        let place = place(site, rollout);
        let failed = |path: &Path, error: &std::io::Error| {
            Failure::usage(format!(
                "{}: {}; remove the tokens of this rollout by hand, so that no further device fetches one",
                files::name(path),
                said(error)
            ))
        };
        let entries = match fs::read_dir(&place) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(&place, &error)),
        };
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let mut paths: Vec<PathBuf> =
            paths.filter(|path| path.extension().is_some_and(|extension| extension == "token")).collect();
        paths.sort();
        let until = paths.iter().filter_map(|path| holds_until(path, trust.as_ref()?)).max();
        for path in &paths {
            fs::remove_file(path).map_err(|error| failed(path, &error))?;
        }
        if paths.is_empty() {
            continue;
        }
        let names = paths.iter().map(|path| files::name(path)).collect::<Vec<_>>().join(", ");
        let until = until.map_or_else(
            || "for a day".to_owned(),
            |until| format!("until {} UTC, a day after witnesses signed for the newest of them", utc(until)),
        );
        site.tell(
            streams,
            &format!(
                "removed {names}: no further device fetches one here; a device that has one already, or fetches a copy of it elsewhere, can \
                 still take sequence {} by it {until}",
                rollout.release().sequence
            ),
        );
    }
    Ok(Exit::Fine)
}

/// Whether a token is there for devices to fetch.
pub(super) fn are_there(directory: &Path) -> bool {
    !all(directory).is_empty()
}

/// Every token, whatever the log says of its rollout.
fn all(directory: &Path) -> Vec<PathBuf> {
    let rollouts = fs::read_dir(directory.join(TOKENS)).into_iter().flatten().flatten();
    let files = rollouts.flat_map(|rollout| fs::read_dir(rollout.path()).into_iter().flatten().flatten());
    let paths = files.map(|file| file.path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "token")).collect();
    paths.sort();
    paths
}

/// Takes away every token, where nothing can be known of rollouts: of a log that cannot be read, or that is an older copy. Says what is gone. No
/// device is harmed by a token that is not there, and `advance` writes it again where it may.
pub(super) fn take_away_all(directory: &Path) -> String {
    let _one = alone(&directory.join(TOKENS));
    let (mut gone, mut left) = (Vec::new(), Vec::new());
    for path in all(directory) {
        match fs::remove_file(&path) {
            Ok(()) => gone.push(files::name(&path)),
            Err(error) => left.push(format!("{}: {}", files::name(&path), said(&error))),
        }
    }
    match (gone.as_slice(), left.as_slice()) {
        ([], []) => "  no token is here, so no device fetches one".to_owned(),
        (gone, []) => format!(
            "  removed {}: no further device fetches one here; one that has it already takes the release by it for up to a day",
            gone.join(", ")
        ),
        (_, left) => format!("  remove by hand, so that no further device fetches it: {}", left.join("; ")),
    }
}

/// The time from which on no device takes a token any more.
fn holds_until(path: &Path, trust: &Trust<'_>) -> Option<u64> {
    let is_small = fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() <= TOKEN_BYTES);
    let bytes = fs::read(path).ok().filter(|_| is_small)?;
    let opened = Token::read(&bytes).and_then(|token| token.check(trust)).ok()?;
    Some(opened.checkpoint().seen_until().saturating_add(FRESH))
}
