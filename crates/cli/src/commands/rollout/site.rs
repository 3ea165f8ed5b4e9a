//! The directory of rollouts: settings, the log, keys, and the witnesses that are asked.
//!
//! | what | who reads it |
//! | --- | --- |
//! | `rollout.toml`, `policy.toml`, `devices.roll` | whoever plans |
//! | `log/`, `tokens/` | everybody: devices, witnesses, auditors |
//! | `reports/`, `rolls/` | who makes evidence, and witnesses |
//! | `keys/`, `witnesses/` | their owners |
//! | `drafts/` | whose signatures are missing |
//! | `stopped/` | every command: a file there holds every rollout, whatever the log says |
//! | `plans/` | whoever starts: the checkpoint of each plan, as witnesses signed it |

mod here;
mod witnesses;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use contentcheck_fleet::{Follower, Place, Recounter, Rolls, Source, roll};
use contentcheck_log::write::{Directory, Fault, ReadOnly, SecretKey};
use contentcheck_log::{Hash, Trust, VerifierKey};
use contentcheck_model::diagnostic::codes::{self, Code};
use contentcheck_project::{config, files, write};
use contentcheck_rollout::state::{Check, Phase, Rollout};
use contentcheck_rollout::{Body, Book, Entry, NoBook, NoPolicy, Policy, Refusal, Roll, State};
use serde::Deserialize;

use super::{keys, tokens};
use crate::Streams;
use crate::commands::read_whole;
use crate::exit::Failure;
use crate::release::{talk, talk_of};

pub(super) const SETTINGS: &str = "rollout.toml";
/// What whoever writes a log, or tokens, has locked.
pub(super) const LOCK: &str = ".lock";
/// The settings as long as `init` makes what they name: it was cut off where they are left under this name.
pub(super) const UNFINISHED: &str = "rollout.toml.init";
pub(super) const POLICY: &str = "policy.toml";
pub(super) const DEVICES: &str = "devices.roll";
pub(super) const ROLLS: &str = "rolls";
pub(super) const REPORTS: &str = "reports";
pub(super) const LOG: &str = "log";
pub(super) const TOKENS: &str = "tokens";
/// Proofs that rings were opened, as they were first. Each is a token for a day, so they are not among what is handed out.
pub(super) const PROOFS: &str = "proofs";
pub(super) const KEYS: &str = "keys";
pub(super) const WITNESSES: &str = "witnesses";
pub(super) const DRAFTS: &str = "drafts";
pub(super) const PLANS: &str = "plans";
/// Which reports were verified before.
pub(super) const VERIFIED: &str = ".verified-reports";
/// Seconds for which people may sign.
const DAY: u64 = 24 * 60 * 60;
const CHECKPOINT_BYTES: usize = 64 << 10;
const SETTINGS_BYTES: usize = 1 << 20;
const DRAFT_BYTES: usize = 64 << 10;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The public key of the log.
    log: String,
    #[serde(default)]
    witness: Vec<WitnessSettings>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WitnessSettings {
    name: String,
    key: String,
    /// A witness of this machine: where it keeps its key and what it saw.
    directory: Option<PathBuf>,
    /// One of somebody else.
    url: Option<String>,
}

/// The directory of rollouts.
pub(super) struct Site {
    directory: PathBuf,
    settings: Settings,
    /// The clocks of the witnesses elsewhere that answered when they were asked last, by their names.
    clocks: Mutex<Vec<(String, u64)>>,
    /// What came of reading the rolls.
    rolls_read: Mutex<Option<here::RollsRead>>,
    /// What was told already.
    told: Mutex<Vec<String>>,
}

/// What became of an entry.
pub(super) enum Submitted {
    /// It is in the log.
    Logged(Hash),
    /// It waits for signatures, in a file that people were told of.
    Waiting,
}

/// What is told where `init` has not ended.
pub(super) const CUT_OFF: &str = "`contentcheck rollout init` was cut off before all was made, or still runs, and nothing was started with what it made: \
                                  remove `rollout.toml.init`, `keys`, `witnesses`, `log`, `policy.toml` and `devices.roll`, and run it again";

/// Whether an `init` of a directory has not ended.
pub(super) fn is_unfinished(directory: &Path) -> bool {
    directory.join(UNFINISHED).exists()
}

/// A refusal as people see it, with its code.
pub(super) fn failed(why: NoBook) -> Failure {
    let code = match &why {
        NoBook::Refused(refusal) => code_of(refusal),
        NoBook::Witness(_) | NoBook::Unsigned(_) => &codes::WITNESS_REFUSES,
        NoBook::Log(_) | NoBook::Key | NoBook::Broken { .. } => &codes::LOG_BROKEN,
    };
    if let NoBook::Log(Fault::Storage(error)) = &why
        && let Some(what) = no_room(error)
    {
        return Failure::usage(format!(
            "the log cannot be written: {what}; nothing was added to it\n  remedy: make room, and run this again"
        ));
    }
    let failure = if matches!(why, NoBook::Refused(_)) { Failure::findings } else { Failure::usage };
    failure(coded(code, &why.to_string()))
}

/// Why nothing can be written, where that has to do with the disk and not with what is on it.
fn no_room(error: &std::io::Error) -> Option<&'static str> {
    match error.kind() {
        ErrorKind::StorageFull => Some("no space is left on the disk"),
        ErrorKind::QuotaExceeded => Some("the quota of this user is used up"),
        ErrorKind::ReadOnlyFilesystem => Some("the disk is mounted read-only"),
        _ => None,
    }
}

/// A message with its code and what to do about it.
pub(super) fn coded(code: &Code, message: &str) -> String {
    format!("[{}] {message}\n  remedy: {}", code.id, code.cure)
}

/// A text whose commands work from the current directory: each names the directory of the rollouts, as this command was told it.
pub(super) fn there(directory: &Path, text: &str) -> String {
    const COMMAND: &str = "contentcheck rollout ";
    let name = files::name(directory);
    if matches!(name.as_str(), "." | "" | "./") {
        return text.to_owned();
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'_' | b'-' | b'+' | b':');
    let name = if name.bytes().all(is_plain) { name } else { format!("'{}'", name.replace('\'', "'\\''")) };
    let mut parts = text.split(COMMAND);
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        whole += COMMAND;
        // A key belongs to no directory, and a policy of `init` is found in another one.
        if !["-C ", "key ", "init`", "init --small`"].iter().any(|begins| part.starts_with(begins)) {
            whole += &format!("-C {name} ");
        }
        whole += part;
    }
    whole
}

/// The code of a refusal.
#[must_use]
pub fn code_of(refusal: &Refusal) -> &'static Code {
    match refusal {
        Refusal::TooSmall(_) => &codes::RING_TOO_SMALL,
        Refusal::Broken(Check::Apart) => &codes::POLICY_REFUSED,
        Refusal::Signatures { .. } => &codes::SIGNATURES_MISSING,
        Refusal::Checkpoint(_) | Refusal::Broken(Check::Witnesses) => &codes::WITNESS_REFUSES,
        Refusal::Broken(Check::VerdictAccepts | Check::Bake | Check::EvidenceFresh | Check::Blackout | Check::Rate) => {
            &codes::RING_NOT_READY
        }
        Refusal::Broken(Check::ContentHolds) => &codes::RELEASE_REJECTED,
        Refusal::Form | Refusal::Unknown | Refusal::Broken(_) => &codes::OUT_OF_TURN,
    }
}

/// Puts a file of this directory in its place.
pub(super) fn put(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write::own(path, bytes)
        .map_err(|failure| Failure { message: failure.message.clone() + &in_the_way(path, true), ..failure })
}

/// Makes a directory where it is not there.
pub(super) fn make_directory(path: &Path) -> Result<(), Failure> {
    fs::create_dir_all(path)
        .map_err(|error| Failure::usage(format!("{}: {}{}", files::name(path), said(&error), in_the_way(path, false))))
}

/// What to do where a directory is in the place of a file, or a file in that of a directory, behind the message of an error.
fn in_the_way(path: &Path, is_file: bool) -> String {
    let Some((at, found)) = path.ancestors().find_map(|at| Some((at, fs::metadata(at).ok()?))) else {
        return String::new();
    };
    let (is, belongs) = match (is_file && at == path, found.is_file(), found.is_dir()) {
        (true, false, true) => ("a directory", "a file"),
        (true, false, false) => ("no regular file", "a file"),
        (false, _, false) => ("no directory", "a directory"),
        _ => return String::new(),
    };
    format!("\n  help: {} is {is}, and {belongs} belongs there: move it away, and run this again", files::name(at))
}

/// What an error of the file system says.
pub(super) fn said(error: &std::io::Error) -> String {
    files::reason(error)
}

/// What a failure says where somebody else writes the log.
const WAITED: &str = "and has not ended after";

/// Whether nothing else is wrong than that somebody else writes the log.
pub(super) fn is_busy(failure: &Failure) -> bool {
    failure.message.contains(WAITED)
}

/// How long whoever writes the log already is waited for: a halt is not refused since an `advance` runs.
const PATIENCE: Duration = Duration::from_secs(20);

impl Site {
    pub(super) fn open(directory: &Path) -> Result<Self, Failure> {
        let path = directory.join(SETTINGS);
        if !path.is_file() {
            let next = if is_unfinished(directory) {
                CUT_OFF
            } else if directory.join(LOG).exists() || directory.join(KEYS).exists() {
                "a log or its keys are, so it was lost: put it back from version control or a copy"
            } else {
                "`contentcheck rollout init --log NAME` begins, and -C names another directory"
            };
            return Err(Failure::usage(format!("{}: there is no {SETTINGS} here; {next}", files::name(directory))));
        }
        let text = text(&path, SETTINGS_BYTES)?;
        let settings: Settings = toml::from_str(&text).map_err(|error| {
            let said = config::fault(&text, error.span(), error.message());
            Failure::usage(format!("{}{said}", files::name(&path)))
        })?;
        let (clocks, rolls_read, told) = (Mutex::default(), Mutex::default(), Mutex::default());
        let site = Self { directory: directory.to_owned(), settings, clocks, rolls_read, told };
        site.log_key()?;
        for (at, witness) in site.settings.witness.iter().enumerate() {
            if site.settings.witness.iter().take(at).any(|before| before.name == witness.name) {
                return Err(Failure::usage(format!(
                    "{}: two witnesses are called `{}`; each has a name of its own",
                    files::name(&path),
                    witness.name
                )));
            }
            VerifierKey::read(&witness.key)
                .map_err(|why| Failure::usage(format!("{SETTINGS}: the key of witness `{}`: {why}", witness.name)))?;
        }
        Ok(site)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Where the witnesses that a directory's settings name keep what is theirs. Settings that cannot be read name none.
    pub(super) fn homes(directory: &Path) -> Vec<PathBuf> {
        let settings = text(&directory.join(SETTINGS), SETTINGS_BYTES).ok();
        let settings = settings.and_then(|text| toml::from_str::<Settings>(&text).ok());
        let witnesses = settings.into_iter().flat_map(|settings| settings.witness);
        witnesses.filter_map(|witness| Some(directory.join(witness.directory?))).collect()
    }

    /// Tells a person something, with commands that work from the current directory.
    pub(super) fn tell(&self, streams: &mut Streams<'_>, text: &str) {
        talk_of(streams, &there(&self.directory, text));
    }

    /// The same, once: one command may look at the same thing several times.
    pub(super) fn tell_once(&self, streams: &mut Streams<'_>, text: &str) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if !told.iter().any(|before| before == text) {
            told.push(text.to_owned());
            self.tell(streams, text);
        }
    }

    /// Whether tokens are written here. A copy of the log, such as that of a witness, has neither.
    pub(super) fn is_writer(&self) -> bool {
        self.path(TOKENS).is_dir() || self.path(KEYS).join("log.key").exists()
    }

    fn log_key(&self) -> Result<VerifierKey<'_>, Failure> {
        VerifierKey::read(&self.settings.log)
            .map_err(|why| Failure::usage(format!("{SETTINGS}: the key of the log: {why}")))
    }

    /// What follows from the log, for who only reads.
    pub(super) fn state(&self) -> Result<State, Failure> {
        let state =
            contentcheck_rollout::book::read(ReadOnly::new(self.path(LOG)), &self.log_key()?).map_err(failed)?;
        self.has_begun(&state)?;
        Ok(state)
    }

    /// A log without an entry lost them.
    fn has_begun(&self, state: &State) -> Result<(), Failure> {
        if state.keys().is_some() {
            return Ok(());
        }
        let message = format!("{}: the log has no entry, and `init` wrote the first one", files::name(&self.path(LOG)));
        Err(Failure::usage(coded(&codes::LOG_BROKEN, &message)))
    }

    /// The log, to be written.
    pub(super) fn book(&self) -> Result<Book<Directory>, Failure> {
        let key = keys::read(&self.path(KEYS).join("log.key"))?;
        if key.verifier() != self.settings.log {
            return Err(Failure::usage(format!("{KEYS}/log.key is not the key of the log that {SETTINGS} names")));
        }
        let storage = Directory::open_within(self.path(LOG), PATIENCE).map_err(|error| {
            let waited = match error.kind() {
                ErrorKind::WouldBlock => {
                    format!(", {WAITED} {} s\n  help: end it, or wait for it, and run this again", PATIENCE.as_secs())
                }
                _ => in_the_way(&self.path(LOG).join(LOCK), true),
            };
            Failure::usage(format!("{}: {}{waited}", files::name(&self.path(LOG)), said(&error)))
        })?;
        let book = Book::open(storage, key).map_err(failed)?;
        let log = (book.state().size(), book.state().root());
        self.is_as_long(&[self.memories(), self.asked()].concat(), log).map_err(|failure| {
            // What was stopped in the log that went on may be offered here.
            let gone = tokens::take_away_all(&self.directory);
            Failure { message: format!("{}\n{gone}", failure.message), ..failure }
        })?;
        self.has_begun(book.state())?;
        Ok(book)
    }

    pub(super) fn policy(&self) -> Result<Policy, Failure> {
        policy_of(&self.path(POLICY))
    }

    /// The devices, for a plan: from then on their keys are those of the fleet.
    pub(super) fn roll_of_plan(&self) -> Result<Roll, Failure> {
        roll::read_new(&self.path(DEVICES)).map_err(|why| Failure::usage(why.to_string()))
    }

    /// Keeps the devices of a census beside the log: whoever counts reports needs them.
    pub(super) fn keep_roll(&self, roll: &Roll) -> Result<(), Failure> {
        let place = self.path(ROLLS);
        make_directory(&place)?;
        let path = place.join(format!("{}.roll", roll.census().devices));
        if path.exists() { Ok(()) } else { write::write(&path, roll::print(roll).as_bytes()) }
    }

    /// The devices of every census that was planned with.
    pub(super) fn rolls(&self) -> Result<Rolls, Failure> {
        Rolls::beside(&self.path(ROLLS)).map_err(|why| Failure::usage(why.to_string()))
    }

    /// Whether the devices of a rollout's census are known here: without them no report is taken, and none is counted.
    pub(super) fn roll_of(&self, rollout: &Rollout) -> Result<(), Failure> {
        let rolls = self.rolls()?;
        rolls.of(rollout.census()).map(|_| ()).ok_or_else(|| {
            Failure::usage(format!(
                "{}: the roll of the census of this rollout is not here, so no report of it can be taken or counted; take it from a copy",
                files::name(&self.path(ROLLS))
            ))
        })
    }

    /// What counts the reports in this directory, and remembers beside the settings which it verified.
    pub(super) fn recounter(&self) -> Result<Recounter, Failure> {
        self.recounter_of(&self.path(""))
    }

    /// As [`Site::recounter`], for whoever remembers in a directory of its own, and believes no other.
    pub(super) fn recounter_of(&self, memory: &Path) -> Result<Recounter, Failure> {
        let reports = Source::directory(self.path(REPORTS));
        Ok(Recounter::new(self.rolls()?, reports).remembering(memory.join(VERIFIED)))
    }

    /// The log, as whoever only reads follows it.
    pub(super) fn follower(&self) -> Result<Follower, Failure> {
        Follower::open(self.place(), &self.settings.log)
            .map_err(|why| Failure::usage(coded(&codes::LOG_BROKEN, &why.to_string())))
    }

    /// The public key of the log.
    pub(super) fn log(&self) -> &str {
        &self.settings.log
    }

    fn place(&self) -> Place {
        Place::of(&self.path(LOG).to_string_lossy())
    }

    /// The keys that are at hand: those in keys/, and those that are named.
    pub(super) fn keys(&self, also: &[PathBuf], streams: &mut Streams<'_>) -> Result<Vec<SecretKey>, Failure> {
        let (mut found, odd) = keys::all(&self.path(KEYS))?;
        for why in odd {
            talk(streams, &format!("warning: {why}; it signs nothing here"));
        }
        for path in also {
            found.push(keys::read(path)?);
        }
        Ok(found)
    }

    /// Signs an entry with the keys at hand and logs it, or leaves it for others to sign.
    pub(super) fn submit(
        &self,
        book: &mut Book<Directory>,
        mut entry: Entry,
        signers: &[SecretKey],
        now: u64,
        streams: &mut Streams<'_>,
    ) -> Result<Submitted, Failure> {
        sign(book.state(), &mut entry, signers);
        let bytes = entry.to_bytes();
        match book.state().clone().apply(&bytes) {
            Ok(()) => {
                self.keeps_plan(book, &entry.body, now, streams)?;
                book.append(&[&bytes]).map(Submitted::Logged).map_err(failed)
            }
            Err(Refusal::Signatures { role, found, needed }) => {
                let path = self.keep_draft(&entry)?;
                self.tell(
                    streams,
                    &format!(
                        "{} waits for signatures of the role `{}`: {found} of {needed}; whoever holds a key of it adds one by \
                         `contentcheck rollout sign {} --key FILE`",
                        files::name(&path),
                        role.name(),
                        files::name(&path)
                    ),
                );
                Ok(Submitted::Waiting)
            }
            Err(why) => Err(failed(NoBook::Refused(why))),
        }
    }

    /// Sees to it that a plan can still be started when another entry is behind it. Devices are spread over rings by the checkpoint that
    /// has the plan as its last entry, so witnesses sign for that one before anything follows; what they signed is kept.
    pub(super) fn keeps_plan(
        &self,
        book: &mut Book<Directory>,
        body: &Body,
        now: u64,
        streams: &mut Streams<'_>,
    ) -> Result<(), Failure> {
        self.is_on_time(now)?;
        let Some(plan) = book.state().newest().filter(|plan| is_last(book.state(), plan)).cloned() else {
            return Ok(());
        };
        if self.plan_checkpoint(book.state(), &plan)?.is_none() {
            self.cosign(book, now, streams)?;
        }
        if self.plan_checkpoint(book.state(), &plan)?.is_some() {
            return Ok(());
        }
        match body {
            Body::Census(_) => {
                let message = "the witnesses have not signed for the newest plan yet, and it could not be started with another entry \
                               behind it, so nothing was written; run `contentcheck rollout start` when they are back, then this again";
                Err(Failure::findings(coded(&codes::WITNESS_REFUSES, message)))
            }
            Body::Halt(_) | Body::Keys(_) => {
                self.tell(
                    streams,
                    "the witnesses have not signed for the newest plan yet, so it can no longer be started: gate its release under a \
                     higher sequence, and plan that",
                );
                Ok(())
            }
            // Whoever plans another release gives this plan up.
            _ => Ok(()),
        }
    }

    fn plan_path(&self, plan: &Rollout) -> PathBuf {
        self.path(PLANS).join(format!("{}.checkpoint", plan.id()))
    }

    /// The checkpoint that has a plan as its last entry, with the signatures of the first quorum that signed it.
    pub(super) fn plan_checkpoint(&self, state: &State, plan: &Rollout) -> Result<Option<String>, Failure> {
        let path = self.plan_path(plan);
        if !path.is_file() {
            return Ok(None);
        }
        let checkpoint = text(&path, CHECKPOINT_BYTES)?;
        Ok(Some(checkpoint).filter(|checkpoint| is_witnessed_plan(state, plan, checkpoint)))
    }

    /// Keeps it, where the newest entry of the log is a plan, and a quorum signed for it.
    fn keep_plan(&self, book: &Book<Directory>) -> Result<(), Failure> {
        let Some(plan) = book.state().newest().filter(|plan| is_last(book.state(), plan)) else { return Ok(()) };
        let checkpoint = book.log().checkpoint();
        if self.plan_checkpoint(book.state(), plan)?.is_some() || !is_witnessed_plan(book.state(), plan, checkpoint) {
            return Ok(());
        }
        let place = self.path(PLANS);
        make_directory(&place)?;
        put(&self.plan_path(plan), checkpoint.as_bytes())
    }

    /// Keeps an entry that waits: for signatures, or for a log that can be written.
    pub(super) fn keep_draft(&self, entry: &Entry) -> Result<PathBuf, Failure> {
        let drafts = self.path(DRAFTS);
        make_directory(&drafts)?;
        let path = drafts.join(format!("{}-{}.entry", entry.body.name(), entry.time));
        write::write(&path, &entry.to_bytes())?;
        Ok(path)
    }

    /// An entry that waits.
    pub(super) fn draft(path: &Path) -> Result<Entry, Failure> {
        let bytes = read_whole(path, DRAFT_BYTES)?;
        match contentcheck_rollout::Logged::read(&bytes) {
            Ok(contentcheck_rollout::Logged::Entry(entry)) => Ok(entry),
            _ => Err(Failure::usage(format!("{}: this is no entry that waits for signatures", files::name(path)))),
        }
    }
}

/// Whether a plan waits to be started, and is the newest entry of the log.
fn is_last(state: &State, plan: &Rollout) -> bool {
    *plan.phase() == Phase::Planned && plan.index().saturating_add(1) == state.size()
}

/// Whether a checkpoint has a plan as its last entry, and a quorum of the witnesses signed it.
fn is_witnessed_plan(state: &State, plan: &Rollout, checkpoint: &str) -> bool {
    let trust = state.keys().and_then(|keys| Trust::read(&keys.trust).ok());
    let witnessed = trust.and_then(|trust| trust.check(checkpoint.as_bytes()).ok());
    witnessed
        .is_some_and(|witnessed| witnessed.size() == plan.index().saturating_add(1) && witnessed.root() == plan.root())
}

/// Signs an entry with those keys that have its role, as many as it needs. Of new keys the roots before and the roots after sign.
pub(super) fn sign(state: &State, entry: &mut Entry, signers: &[SecretKey]) {
    let (Some(role), Some(keys)) = (entry.body.role(), state.keys()) else { return };
    let mut asked = vec![keys.role(role).clone()];
    if let Body::Keys(next) = &entry.body {
        asked.push(next.role(role).clone());
    }
    for of in asked {
        for key in signers.iter().filter(|key| of.keys.contains(&key.public())) {
            let found = entry.signatures.iter().filter(|signed| of.keys.contains(&signed.key)).count();
            if found >= usize::from(of.needed) {
                break;
            }
            entry.sign(state.log(), key);
        }
    }
}

/// An entry of the newest rollout.
pub(super) fn of_newest(state: &State, now: u64, body: Body) -> Result<Entry, Failure> {
    let rollout =
        state.newest().ok_or_else(|| Failure::findings(coded(&codes::OUT_OF_TURN, "no rollout was planned yet")))?;
    Ok(Entry::new(Some((rollout.id(), rollout.last())), now.max(state.time()), body))
}

/// The policy of a file.
pub(super) fn policy_of(path: &Path) -> Result<Policy, Failure> {
    let text = text(path, contentcheck_rollout::policy::POLICY_BYTES)?;
    Policy::read(&text).map_err(|why| {
        let said = match why {
            NoPolicy::Form { span, why } => config::fault(&text, span, &why),
            why => format!(": {why}"),
        };
        Failure::usage(coded(&codes::POLICY_REFUSED, &format!("{}{said}", files::name(path))))
    })
}

fn text(path: &Path, most: usize) -> Result<String, Failure> {
    String::from_utf8(read_whole(path, most)?)
        .map_err(|_| Failure::usage(format!("{}: this is not UTF-8", files::name(path))))
}

/// Whether the day is over in which people sign an entry. A halt is never late.
pub(super) fn is_past(entry: &Entry, now: u64) -> bool {
    !matches!(entry.body, Body::Halt(_)) && entry.time.saturating_add(DAY) < now
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    /// A disk without room is no damaged log, and no copy helps.
    #[test]
    fn a_disk_without_room_is_told_as_what_it_is() {
        for (kind, says) in [
            (ErrorKind::StorageFull, "no space"),
            (ErrorKind::QuotaExceeded, "quota"),
            (ErrorKind::ReadOnlyFilesystem, "read-only"),
        ] {
            let failure = failed(NoBook::Log(Fault::Storage(io::Error::new(kind, "log/checkpoint: os error"))));
            assert!(failure.message.contains(says) && failure.message.contains("make room"), "{}", failure.message);
            assert!(!failure.message.contains("CC0908") && !failure.message.contains("copy"), "{}", failure.message);
        }
        let failure = failed(NoBook::Log(Fault::Storage(io::Error::other("bad sector"))));
        assert!(failure.message.contains("CC0908"), "{}", failure.message);
    }
}
