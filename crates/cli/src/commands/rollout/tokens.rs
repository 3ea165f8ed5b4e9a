//! Tokens: the files that let devices into a ring. They are written here and nowhere else, and taken away here when a rollout is stopped.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use contentcheck_fleet::limits::CLOCKS_APART;
use contentcheck_log::floors::FRESH;
use contentcheck_log::limits::{BEHIND, TOKEN_BYTES};
use contentcheck_log::token::{NEWER, parts};
use contentcheck_log::write::{Directory, Fault, open_file, open_lock};
use contentcheck_log::{Hash, OPENING, Opening, Proof, Token, Trust, Unwitnessed, Witnessed};
use contentcheck_model::diagnostic::codes;
use contentcheck_project::files;
use contentcheck_rollout::state::{Opened, Rollout};
use contentcheck_rollout::time::utc;
use contentcheck_rollout::{Book, NoBook, State};

use super::show::ring_name;
use super::site::{LOCK, PROOFS, Site, TOKENS, coded, failed, make_directory, put, said};
use crate::Streams;
use crate::exit::{Exit, Failure, Outcome};

fn place(site: &Site, rollout: &Rollout) -> PathBuf {
    site.path(TOKENS).join(rollout.release().sequence.to_string())
}

/// What became of the tokens of the rings that are offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// All are there that are to be.
    All,
    /// Devices would refuse that of a ring: the proof of the ring before is not old enough.
    Early,
    /// None is: too few witnesses signed.
    Unsigned,
    /// None is: somebody stopped the rollout, also while it was written.
    Held,
    /// None is: devices say that the release failed.
    Failing,
}

impl Written {
    pub(super) const fn exit(self) -> Exit {
        match self {
            Self::All => Exit::Fine,
            Self::Early | Self::Unsigned | Self::Held | Self::Failing => Exit::Findings,
        }
    }

    /// Why a ring that is open in the log lets no device in, behind what is said of it.
    pub(super) const fn why_not(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Early => "; devices of a ring are let in later, as is said above",
            Self::Unsigned => "; no device is let in while too few witnesses sign",
            Self::Held => "; no device is let in while the rollout is held here, as is said above",
            Self::Failing => "; no further device is let in while most devices of a ring fail",
        }
    }
}

/// Writes the tokens of the rings that devices may be let into, under the newest checkpoint: devices take none that is older than a day. The
/// proof of an opening as it was first is kept, for the token of the ring after it: devices see by it for how long the ring was open. Without a
/// quorum of witnesses there is none, and that is a finding. A rollout that was stopped offers no ring, so it has no token.
pub(super) fn write(
    site: &Site,
    book: &Book<Directory>,
    signed: usize,
    streams: &mut Streams<'_>,
) -> Result<Written, Failure> {
    let Some(rollout) = book.state().newest().filter(|rollout| !rollout.offered().is_empty()) else {
        return Ok(Written::All);
    };
    if book.state().fails_elsewhere(rollout) {
        withdraw(site, book.state(), false, streams)?;
        return Ok(Written::Failing);
    }
    // Whoever halts waits for this one, so no token is written behind the back of a halt.
    let _one = alone(&site.path(TOKENS));
    if let Some(text) = site.held(book.state()) {
        return stopped(site, book.state(), &text, streams);
    }
    let keys = book.state().keys().ok_or_else(|| Failure::internal("a log without keys"))?;
    let trust = Trust::read(&keys.trust).map_err(|why| Failure::internal(why.to_string()))?;
    // Signatures of before may be enough for now; devices take none that are older than a day.
    let too_few = Unwitnessed::Quorum { found: u8::try_from(signed).unwrap_or(u8::MAX), needed: trust.quorum() };
    let missing = (signed < usize::from(trust.quorum())).then_some(too_few);
    let checked = missing.map_or_else(|| trust.check(book.log().checkpoint().as_bytes()), Err);
    let checkpoint = match checked {
        Ok(checkpoint) => checkpoint,
        Err(why) => {
            let message = format!(
                "no token was written: {why}; run `contentcheck rollout advance` again when the witnesses are back"
            );
            site.tell(streams, &coded(&codes::WITNESS_REFUSES, &message));
            return Ok(Written::Unsigned);
        }
    };
    let writer = Writer { site, book, rollout, trust: &trust, checkpoint: &checkpoint, place: place(site, rollout) };
    let written = writer.write(streams)?;
    let behind = (1..=BEHIND).try_for_each(|behind| write_behind(&writer, behind, streams));
    // Where the lock could not be had, somebody may have halted meanwhile: whoever does puts a hold before the tokens go.
    match site.held(book.state()) {
        None => behind.map(|()| written),
        Some(text) => stopped(site, book.state(), &text, streams),
    }
}

/// Somebody stopped the rollout: its tokens go, and why is said.
fn stopped(site: &Site, state: &State, text: &str, streams: &mut Streams<'_>) -> Result<Written, Failure> {
    site.tell(streams, &coded(&codes::OUT_OF_TURN, text));
    withdraw(site, state, true, streams)?;
    Ok(Written::Held)
}

/// Writes the tokens of a rollout under a checkpoint that a quorum signed.
struct Writer<'w> {
    site: &'w Site,
    book: &'w Book<Directory>,
    rollout: &'w Rollout,
    trust: &'w Trust<'w>,
    checkpoint: &'w Witnessed,
    place: PathBuf,
}

/// Writes what devices take that stay so many releases behind: of the releases that are everywhere, and of which nobody has found anything wrong, the
/// token of the one with so many newer ones; behind it those of the newer ones. Each of them is a token, so none is of what was stopped.
fn write_behind(newest: &Writer<'_>, behind: u8, streams: &mut Streams<'_>) -> Result<(), Failure> {
    let state = newest.book.state();
    let is_good = |rollout: &&Rollout| {
        let is_bad = rollout.is_stopped() || rollout.was_found_bad() || state.fails_elsewhere(rollout);
        rollout.is_everywhere() && !is_bad
    };
    let everywhere: Vec<&Rollout> = state.rollouts().iter().filter(is_good).collect();
    let Some(newer) = everywhere.len().checked_sub(behind.into()) else { return Ok(()) };
    let (before, newer) = everywhere.split_at(newer);
    let Some(target) = before.last() else { return Ok(()) };
    let of = |rollout| Writer { rollout, place: place(newest.site, rollout), ..*newest };
    let writers: Vec<Writer<'_>> = [*target].into_iter().chain(newer.iter().copied()).map(of).collect();
    let tokens = writers.iter().map(|writer| writer.last(streams)).collect::<Result<Vec<_>, _>>()?;
    let place = place(newest.site, target);
    make_directory(&place)?;
    let path = place.join(format!("behind-{behind}.token"));
    let let_in = |tokens: &[&[u8]]| {
        tokens.len() == writers.len() && writers.iter().zip(tokens).all(|(writer, token)| writer.last_lets_in(token))
    };
    // Where the proof of a ring was made again, devices would refuse what is new for a time, and take what is there.
    let is_due = let_in(&tokens.iter().map(String::as_bytes).collect::<Vec<_>>());
    if !is_due {
        let there = small(&path).unwrap_or_default();
        let (own, others) = parts(there.as_bytes());
        if let_in(&[own].into_iter().chain(others).collect::<Vec<_>>()) {
            return Ok(());
        }
    }
    put(&path, tokens.join(NEWER).as_bytes())
}

/// The proof that a ring was opened.
struct Proven {
    text: String,
    /// From when on devices take the ring after it.
    next_from: u64,
}

impl Writer<'_> {
    fn write(&self, streams: &mut Streams<'_>) -> Result<Written, Failure> {
        let place = &self.place;
        make_directory(place)?;
        let mut written = Written::All;
        let mut before: Option<Proven> = None;
        for (ring, opened) in (0_u8..).zip(self.rollout.offered()) {
            let path = self.path(ring, "token");
            let token = self.book.log().token(opened.index, before.as_ref().map(|before| before.text.as_str()));
            let token = token.map_err(|why| failed(NoBook::Log(why)))?;
            let shown = Token::read(token.as_bytes()).and_then(|token| token.check(self.trust));
            let shown =
                shown.map_err(|why| Failure::internal(format!("the token that was made opens nothing: {why}")))?;
            let is_due = shown.since_ring_before().is_none_or(|since| since >= shown.opening().class.bake());
            let proof = self.proof(ring, opened, streams)?;
            if is_due {
                put(&path, token.as_bytes())?;
            } else if !small(&path).is_ok_and(|there| self.lets_in(there.as_bytes(), shown.opening())) {
                written = Written::Early;
                // One that shows another proof, which is not believed any more, would be here without letting anybody in.
                match fs::remove_file(&path) {
                    Err(error) if error.kind() != ErrorKind::NotFound => {
                        return Err(Failure::usage(format!("{}: {}", files::name(&path), said(&error))));
                    }
                    _ => {}
                }
                let from = before.as_ref().map_or(0, |before| before.next_from);
                self.site.tell(
                    streams,
                    &format!(
                        "{} has no token before {} UTC: until then devices refuse it, since the proof that the ring before was opened is not old \
                         enough; `contentcheck rollout advance` writes it then",
                        ring_name(self.rollout, ring),
                        utc(from)
                    ),
                );
            }
            before = Some(proof);
        }
        Ok(written)
    }

    /// The token of the last ring, of a rollout that is everywhere.
    fn last(&self, streams: &mut Streams<'_>) -> Result<String, Failure> {
        let [.., before, last] = self.rollout.opened() else {
            return Err(Failure::internal("a rollout that is everywhere has two rings at least"));
        };
        let ring = self.rollout.ring_count().saturating_sub(2);
        let before = self.proof(ring, before, streams)?;
        self.book.log().token(last.index, Some(&before.text)).map_err(|why| failed(NoBook::Log(why)))
    }

    /// Whether devices take a token of the last ring.
    fn last_lets_in(&self, token: &[u8]) -> bool {
        let opening = self.rollout.ring_count().checked_sub(1).and_then(|ring| self.rollout.opening(ring));
        opening.is_some_and(|opening| self.lets_in(token, &opening))
    }

    /// Whether devices take a token.
    fn lets_in(&self, token: &[u8], opening: &Opening) -> bool {
        let shown = Token::read(token).and_then(|token| token.check(self.trust));
        shown.is_ok_and(|shown| {
            let is_due = shown.since_ring_before().is_none_or(|since| since >= opening.class.bake());
            let is_fresh = shown.checkpoint().seen_until().saturating_add(FRESH) > self.checkpoint.seen_until();
            shown.opening() == opening && is_due && is_fresh
        })
    }

    fn path(&self, ring: u8, kind: &str) -> PathBuf {
        self.place.join(format!("ring-{ring}.{kind}"))
    }

    /// The proof that a ring was opened, as it is kept. One that is gone, or that nobody believes any more, is taken from the token of the ring
    /// after it, which has it as well; else it is made again under the newest checkpoint, and the ring is open for devices from then on.
    fn proof(&self, ring: u8, opened: &Opened, streams: &mut Streams<'_>) -> Result<Proven, Failure> {
        let fault = |why: Fault| failed(NoBook::Log(why));
        let place = self.site.path(PROOFS).join(self.rollout.release().sequence.to_string());
        make_directory(&place)?;
        let path = place.join(format!("ring-{ring}.proof"));
        let entry = self.book.log().entry(opened.index).map_err(fault)?;
        let why = match small(&path) {
            Ok(text) => match self.proven(text, &entry) {
                Some(proven) => return Ok(proven),
                None => "is damaged, or too few of the witnesses that count now signed it".to_owned(),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => "is not there".to_owned(),
            Err(error) => said(&error),
        };
        let after = small(&self.path(ring.saturating_add(1), "token")).ok();
        let second = after.as_deref().and_then(Token::proof_before).map(str::to_owned);
        // Where earlier versions kept it, devices could fetch it.
        let earlier = self.path(ring, "proof");
        let known = [small(&earlier).ok(), second].into_iter().flatten();
        if let Some(proven) = known.filter_map(|text| self.proven(text, &entry)).next() {
            put(&path, proven.text.as_bytes())?;
            let _ = fs::remove_file(earlier);
            return Ok(proven);
        }
        let text = self.book.log().proof(opened.index).map_err(fault)?;
        let proven = self.proven(text, &entry);
        let proven = proven.ok_or_else(|| Failure::internal("the proof of an opening that was made shows nothing"))?;
        put(&path, proven.text.as_bytes())?;
        let bake = self.rollout.plan().class.bake();
        let is_last = ring.saturating_add(1) == self.rollout.ring_count();
        // Of a ring that has just opened it is made for the first time.
        if !is_last && proven.next_from > opened.at.saturating_add(bake).saturating_add(CLOCKS_APART) {
            self.site.tell(
                streams,
                &format!(
                    "{}, the proof that {} was opened, {why}; it was made again, and devices take the ring after that one from {} UTC on at the earliest",
                    files::name(&path),
                    ring_name(self.rollout, ring),
                    utc(proven.next_from)
                ),
            );
        }
        Ok(proven)
    }

    /// A proof that an entry is in the log, where those believe it who count now, and where it is of no later time than the newest checkpoint.
    fn proven(&self, text: String, entry: &[u8]) -> Option<Proven> {
        let proof = Proof::read(text.as_bytes()).ok()?;
        let mut room = [0; OPENING + 3];
        let shown = proof.includes(entry, self.trust).ok().filter(|_| proof.extra(&mut room) == Some(entry))?;
        let newest = self.checkpoint;
        let is_before =
            shown.size() < newest.size() || (shown.size() == newest.size() && shown.root() == newest.root());
        let is_past = shown.seen_by() <= newest.seen_until().saturating_add(CLOCKS_APART);
        let next_from = shown.seen_by().saturating_add(self.rollout.plan().class.bake());
        (is_before && is_past).then_some(Proven { text, next_from })
    }
}

/// The text of a file that is no larger than a token may be. What is no file is not waited for.
fn small(path: &Path) -> io::Result<String> {
    let file = open_file(path)?;
    let mut text = String::new();
    const MOST: usize = TOKEN_BYTES * (1 + BEHIND as usize);
    file.take(MOST as u64 + 1).read_to_string(&mut text)?;
    if text.len() > MOST { Err(io::Error::other("it is larger than a token may be")) } else { Ok(text) }
}

/// Locks the directory of tokens, for as long as what is given lives. Nothing where that is not to be had in a few seconds: whoever halts does
/// not wait for somebody who hangs.
pub(super) fn alone(tokens: &Path) -> Option<File> {
    const PATIENCE: Duration = Duration::from_secs(3);
    fs::create_dir_all(tokens).ok()?;
    let lock = open_lock(&tokens.join(LOCK)).ok()?;
    let began = Instant::now();
    while lock.try_lock().is_err() {
        if began.elapsed() > PATIENCE {
            return None;
        }
        thread::sleep(Duration::from_millis(20));
    }
    Some(lock)
}

/// Rollouts of which no device may fetch a token.
fn over(state: &State, newest_too: bool) -> impl Iterator<Item = &Rollout> {
    let newest = state.newest().filter(|_| newest_too).map(Rollout::id);
    state.rollouts().iter().filter(move |one| {
        one.is_stopped() || one.is_bad_behind() || state.fails_elsewhere(one) || newest == Some(one.id())
    })
}

/// A file by which devices may take a release: named as a token, or one whatever its name.
#[derive(Debug)]
struct Lying {
    path: PathBuf,
    /// The rollouts whose rings it says that it opens: several, where it shows newer releases. Nothing: it cannot be read as a token.
    rollouts: Vec<Hash>,
}

impl Lying {
    /// Reads a file, where it may be a token.
    ///
    /// # Errors
    /// Its path, where it is none.
    fn at(path: PathBuf) -> Result<Self, PathBuf> {
        let extension = path.extension().unwrap_or_default();
        let text = small(&path).unwrap_or_default();
        let (own, newer) = parts(text.as_bytes());
        let claimed = |token: &[u8]| Some(Token::read(token).ok()?.claimed()?.plan);
        let rollouts: Vec<Hash> = [own].into_iter().chain(newer).filter_map(claimed).collect();
        let is_token = !rollouts.is_empty() || extension == "token";
        if is_token { Ok(Self { path, rollouts }) } else { Err(path) }
    }

    /// Whether it is one of a rollout, by what it says, or by where it lies.
    fn is_of(&self, site: &Site, rollout: &Rollout) -> bool {
        if self.rollouts.is_empty() {
            self.path.starts_with(place(site, rollout))
        } else {
            self.rollouts.contains(&rollout.id())
        }
    }
}

/// What lies below the directory of tokens.
#[derive(Debug, Default)]
struct Below {
    /// Every token, however deep, whatever its name, and of whichever rollout.
    tokens: Vec<Lying>,
    /// Every other file that has something in it. One of them may be a token in another form, such as a packed one.
    others: Vec<PathBuf>,
    /// What could not be looked at, and why.
    unread: Vec<String>,
}

impl Below {
    /// Files that are no tokens as they are, and by which devices may take one of these rollouts all the same: those in its directory, but for what is
    /// handed out beside a token; and those in the directory of no release whose names have `token` in them.
    fn odd(&self, site: &Site, state: &State, stopped: &[&Rollout]) -> Vec<String> {
        let is_stopped = |rollout: &Rollout| stopped.iter().any(|stopped| stopped.id() == rollout.id());
        let places = state.rollouts().iter().map(|rollout| (place(site, rollout), is_stopped(rollout)));
        let places: Vec<(PathBuf, bool)> = places.collect();
        let is_odd = |path: &&PathBuf| match places.iter().find(|(place, _)| path.starts_with(place)) {
            Some((_, is_stopped)) => *is_stopped && !is_beside(path),
            None => is_token_by_name(path),
        };
        if stopped.is_empty() { Vec::new() } else { named(self.others.iter().filter(is_odd)) }
    }
}

/// Whether a file is called as what is handed out beside a token, and lets no device in by itself: an image, an attestation, what a web server hides.
fn is_beside(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".ccimage") || name.ends_with(".dsse.json") || name.starts_with('.') && !is_token_by_name(path)
}

fn is_token_by_name(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().to_ascii_lowercase().contains("token"))
}

/// Files by their names; of very many the first.
fn named<'p>(paths: impl Iterator<Item = &'p PathBuf>) -> Vec<String> {
    const NAMED: usize = 50;
    let mut names: Vec<String> = paths.map(|path| files::name(path)).collect();
    if let Some(more) = names.len().checked_sub(NAMED).filter(|more| *more > 0) {
        names.truncate(NAMED);
        names.push(format!("{more} more"));
    }
    names
}

/// That files were left, in a sentence.
fn left_there(names: &[String]) -> String {
    format!(
        "left there, since they are no tokens as they are: {}. One that is a token in another form, packed or encoded, or a copy of one, lets devices in \
         all the same, until a day after witnesses signed for it: look, and remove it by hand where it is",
        names.join(", ")
    )
}

/// Looks below the directory of tokens. One that is not there has nothing in it.
fn lying(tokens: &Path) -> Below {
    // Enough for whatever was put there on purpose.
    const DEPTH: usize = 16;
    const ENTRIES: usize = 100_000;
    let Below { tokens: mut found, mut others, mut unread } = Below::default();
    let lock = tokens.join(LOCK);
    let mut level = vec![tokens.to_owned()];
    let mut left = ENTRIES;
    let mut visited = BTreeSet::new();
    for depth in 0..=DEPTH {
        for directory in std::mem::take(&mut level) {
            // Several links may lead to one directory, and round.
            if fs::canonicalize(&directory).is_ok_and(|real| !visited.insert(real)) {
                continue;
            }
            let entries =
                fs::read_dir(&directory).and_then(|entries| entries.take(left).collect::<io::Result<Vec<_>>>());
            let entries = match entries {
                Ok(entries) => entries,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => {
                    unread.push(format!("{}: {}", files::name(&directory), said(&error)));
                    continue;
                }
            };
            left = left.saturating_sub(entries.len());
            for path in entries.into_iter().map(|entry| entry.path()) {
                if !path.is_dir() {
                    match Lying::at(path) {
                        Ok(token) => found.push(token),
                        Err(path) if path == lock || fs::metadata(&path).is_ok_and(|file| file.len() == 0) => {}
                        Err(path) => others.push(path),
                    }
                } else if depth < DEPTH {
                    level.push(path);
                } else {
                    unread.push(format!("{}: it is too deep below {}", files::name(&path), files::name(tokens)));
                }
            }
        }
    }
    if left == 0 {
        unread.push(format!("{} has {ENTRIES} files or more", files::name(tokens)));
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    others.sort();
    Below { tokens: found, others, unread }
}

/// That tokens of what is stopped lie where devices fetch them, in a sentence: somebody put them back. Beside it that files lie there of which nobody
/// can tell whether they are some.
pub(super) fn loose(site: &Site, state: &State, is_held: bool) -> (Option<String>, Option<String>) {
    let stopped: Vec<&Rollout> = over(state, is_held).collect();
    let below = lying(&site.path(TOKENS));
    let unread = &below.unread;
    let of_stopped = below.tokens.iter().filter(|token| stopped.iter().any(|rollout| token.is_of(site, rollout)));
    let names: Vec<String> = of_stopped.map(|token| files::name(&token.path)).collect();
    let loose = if !names.is_empty() {
        Some(format!(
            "devices can fetch {}, which let them in although that is stopped: `contentcheck rollout advance` takes them away",
            names.join(", ")
        ))
    } else if !stopped.is_empty() && !unread.is_empty() {
        Some(format!("nobody knows whether devices can fetch tokens of what is stopped: {}", unread.join("; ")))
    } else {
        None
    };
    let odd = below.odd(site, state, &stopped);
    let odd = (!odd.is_empty()).then(|| {
        format!(
            "nobody knows whether devices can take what is stopped by {}: no token as it is, and perhaps one in another form, packed or encoded; look, and \
             remove it by hand where it is",
            odd.join(", ")
        )
    });
    (loose, odd)
}

/// Takes away the tokens of rollouts that were stopped, and says until when those hold that devices may have fetched already. The proofs stay:
/// where people let the rollout go on, `advance` writes its tokens again.
///
/// `newest_too`: the newest one is among them, since of a halt of it only the log does not know.
pub(super) fn withdraw(site: &Site, state: &State, newest_too: bool, streams: &mut Streams<'_>) -> Outcome {
    let trust = state.trust();
    let by_hand = "remove the tokens of what was stopped by hand, so that no further device fetches one";
    let below = lying(&site.path(TOKENS));
    let stopped: Vec<&Rollout> = over(state, newest_too).collect();
    let odd = below.odd(site, state, &stopped);
    let mut left = below.unread;
    for rollout in &stopped {
        let of_it = below.tokens.iter().filter(|token| token.is_of(site, rollout));
        let paths: Vec<&Path> = of_it.map(|token| token.path.as_path()).collect();
        let until = paths.iter().filter_map(|path| holds_until(path, trust.as_ref()?)).max();
        let mut gone: Vec<String> = Vec::new();
        for path in paths {
            match fs::remove_file(path) {
                // One that cannot be removed keeps no other one here.
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    let why = format!("{}: {}", files::name(path), said(&error));
                    if !left.contains(&why) {
                        left.push(why);
                    }
                }
                // Where it is not there, it was taken away by another name: two links lead to it.
                _ => gone.push(files::name(path)),
            }
        }
        if gone.is_empty() {
            continue;
        }
        let names = gone.join(", ");
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
    if !odd.is_empty() {
        site.tell_once(streams, &left_there(&odd));
    }
    if left.is_empty() || stopped.is_empty() {
        return Ok(Exit::Fine);
    }
    Err(Failure::usage(format!("{}; {by_hand}", left.join("; "))))
}

/// Whether a token is there for devices to fetch.
pub(super) fn are_there(directory: &Path) -> bool {
    let Below { tokens, unread, .. } = lying(&directory.join(TOKENS));
    !tokens.is_empty() || !unread.is_empty()
}

/// That the token of the newest ring that is offered is not here, in a sentence; nothing where nobody writes tokens, such as a copy of the log.
pub(super) fn missing(site: &Site, state: &State) -> Option<String> {
    let rollout = state.newest().filter(|rollout| !state.fails_elsewhere(rollout) && site.is_writer())?;
    let ring = u8::try_from(rollout.offered().len()).ok()?.checked_sub(1)?;
    let path = place(site, rollout).join(format!("ring-{ring}.token"));
    let trust = state.trust()?;
    let opens = |text: &str| Token::read(text.as_bytes()).and_then(|token| token.check(&trust));
    let why = match small(&path)
        .map(|text| opens(&text).map(|opened| Some(opened.opening()) == rollout.opening(ring).as_ref()))
    {
        Ok(Ok(true)) => return None,
        Ok(Ok(false)) => "opens something else".to_owned(),
        Ok(Err(why)) => format!("opens nothing: {why}"),
        Err(error) if error.kind() == ErrorKind::NotFound => "is not there".to_owned(),
        Err(error) => format!("cannot be read: {}", said(&error)),
    };
    Some(format!(
        "no device can take {}: its token {} {why}; `contentcheck rollout advance` writes it, or says why not",
        ring_name(rollout, ring),
        files::name(&path)
    ))
}

/// Takes away every token, where nothing can be known of rollouts: of a log that cannot be read, or that is an older copy. Says what is gone. No
/// device is harmed by a token that is not there, and `advance` writes it again where it may.
pub(super) fn take_away_all(directory: &Path) -> String {
    let _one = alone(&directory.join(TOKENS));
    let (mut gone, mut left) = (Vec::new(), Vec::new());
    let Below { tokens, others, unread } = lying(&directory.join(TOKENS));
    left.extend(unread);
    for Lying { path, .. } in tokens {
        match fs::remove_file(&path) {
            Ok(()) => gone.push(files::name(&path)),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => left.push(format!("{}: {}", files::name(&path), said(&error))),
        }
    }
    // Of which releases they are nobody knows here.
    let is_of_release = |path: &&PathBuf| {
        let below = path.strip_prefix(directory.join(TOKENS)).ok().and_then(|path| path.iter().next());
        below.is_some_and(|name| name.to_string_lossy().bytes().all(|digit| digit.is_ascii_digit()))
    };
    let is_odd = |path: &&PathBuf| is_of_release(path) && !is_beside(path) || is_token_by_name(path);
    let odd = named(others.iter().filter(is_odd));
    let odd = if odd.is_empty() { String::new() } else { format!("\n  {}", left_there(&odd)) };
    let gone = match (gone.as_slice(), left.as_slice()) {
        ([], []) => "  no token is here, so no device fetches one".to_owned(),
        (gone, []) => format!(
            "  removed {}: no further device fetches one here; one that has it already takes the release by it for up to a day",
            gone.join(", ")
        ),
        (_, left) => format!("  remove by hand, so that no further device fetches it: {}", left.join("; ")),
    };
    gone + &odd
}

/// The time from which on no device takes a token any more.
fn holds_until(path: &Path, trust: &Trust<'_>) -> Option<u64> {
    let text = small(path).ok()?;
    let opened = Token::read(parts(text.as_bytes()).0).and_then(|token| token.check(trust)).ok()?;
    Some(opened.checkpoint().seen_until().saturating_add(FRESH))
}
