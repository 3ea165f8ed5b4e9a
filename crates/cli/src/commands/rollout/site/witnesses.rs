//! The witnesses of a directory of rollouts: what they have seen, what they were told, and their signatures.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use contentcheck_fleet::clock::Clock;
use contentcheck_fleet::limits::CLOCKS_APART;
use contentcheck_fleet::status::duration;
use contentcheck_fleet::witness::{NoWitness, Shown, verifier};
use contentcheck_fleet::{Cosign as _, Keeper, Remote};
use contentcheck_log::write::{Directory, Fault, ReadOnly, View, seen_by};
use contentcheck_log::{Hash, Note, Trust, VerifierKey};
use contentcheck_model::diagnostic::codes;
use contentcheck_project::files;
use contentcheck_rollout::state::{Rollout, Told};
use contentcheck_rollout::time::utc;
use contentcheck_rollout::{Body, Book, Entry, NoBook, State, book};

use super::super::hold;
use super::{DRAFTS, LOG, SETTINGS, Site, WitnessSettings, coded, is_past};
use crate::Streams;
use crate::exit::Failure;
use crate::release::talk;

/// How many of the things that hold a directory are named.
const NAMED: usize = 5;

impl Site {
    /// Witnesses that are asked.
    pub(in crate::commands::rollout) const fn witnesses(&self) -> usize {
        self.settings.witness.len()
    }

    /// What the witnesses of this machine have seen of the log: its entries, and their root. Read before the log, so that nothing which
    /// is added meanwhile looks like what is gone.
    pub(in crate::commands::rollout) fn memories(&self) -> Vec<(String, u64, Hash)> {
        let of = self.settings.witness.iter().filter_map(|witness| {
            let storage = ReadOnly::new(self.directory.join(witness.directory.as_ref()?));
            let (size, root) = seen_by(&storage).ok()?;
            Some((witness.name.clone(), size, root))
        });
        of.collect()
    }

    /// What the witnesses elsewhere show that they have seen of the log. All are asked at once, and not for long: a halt does not wait for one
    /// that is down. They show checkpoints that the log signed, so one of them is enough to know that this log is an older copy.
    pub(in crate::commands::rollout) fn asked(&self) -> Vec<(String, u64, Hash)> {
        let shown = self.elsewhere(|remote| remote.seen(&self.log_key().ok()?).ok());
        let of = self.settings.witness.iter().zip(shown).filter(|(witness, _)| witness.directory.is_none());
        let shown: Vec<(&str, Shown)> =
            of.filter_map(|(witness, shown)| Some((witness.name.as_str(), shown?.ok()??))).collect();
        let clocks = shown.iter().filter_map(|(name, shown)| Some(((*name).to_owned(), shown.clock?)));
        *self.clocks.lock().unwrap_or_else(PoisonError::into_inner) = clocks.collect();
        let of = shown.iter().filter_map(|(name, shown)| {
            let (size, root) = shown.log?;
            Some(((*name).to_owned(), size, root))
        });
        of.collect()
    }

    /// Refuses to write where this machine's clock is ahead of those of most witnesses elsewhere that were asked: no witness signs for an entry of a time
    /// that has not come, and nothing takes one out of a log. Called when the log was opened to be written, which asks them.
    pub(in crate::commands::rollout) fn is_on_time(&self, now: u64) -> Result<(), Failure> {
        let clocks = self.clocks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let behind = clocks.iter().filter(|(_, clock)| clock.saturating_add(CLOCKS_APART) < now);
        let behind: Vec<&(String, u64)> = behind.collect();
        let Some(latest) = behind.iter().map(|(_, clock)| *clock).max() else { return Ok(()) };
        if behind.len().saturating_mul(2) <= clocks.len() {
            return Ok(());
        }
        let names: Vec<&str> = behind.iter().map(|(name, _)| name.as_str()).collect();
        let message = format!(
            "this machine's clock is {} ahead of those of the witnesses `{}`, so nothing was written to the log: no witness signs for an entry of a time that \
             has not come",
            duration(now.saturating_sub(latest)),
            names.join("`, `")
        );
        Err(Failure::findings(coded(&codes::WITNESS_REFUSES, &message)))
    }

    /// Asks every witness with an address, all at once: one that does not answer holds up nobody for longer than it does by itself. What each said, in
    /// their order; nothing of one without an address, and an error of one of which asking ended in a fault.
    fn elsewhere<T: Send>(&self, ask: impl Fn(Remote) -> T + Sync) -> Vec<Option<std::thread::Result<T>>> {
        let ask = &ask;
        std::thread::scope(|scope| {
            let asked = self.settings.witness.iter().map(|witness| {
                let remote = Remote::new(witness.url.as_ref()?, &witness.key);
                Some(scope.spawn(move || ask(remote)))
            });
            let asked: Vec<_> = asked.collect();
            asked.into_iter().map(|one| one.map(std::thread::ScopedJoinHandle::join)).collect()
        })
    }

    /// That witnesses elsewhere were told of a halt of the newest rollout that is not in the log, in a sentence. All are asked at once, and not for long.
    pub(in crate::commands::rollout) fn told_elsewhere(&self, state: &State) -> Option<String> {
        let newest = state.newest()?;
        let is_meant = |halt: &&Told| halt.id == newest.id() && state.keeps_back(halt);
        let asked = self.elsewhere(|remote| remote.halts().unwrap_or_default());
        let of = self.settings.witness.iter().zip(asked).filter(|(witness, _)| witness.directory.is_none());
        let told: Vec<(&str, u64)> = of
            .filter_map(|(witness, halts)| {
                let halts = halts?.unwrap_or_default();
                Some((witness.name.as_str(), halts.iter().filter(is_meant).map(|halt| halt.at).max()?))
            })
            .collect();
        let at = told.iter().map(|(_, at)| *at).max()?;
        let names: Vec<&str> = told.iter().map(|(name, _)| *name).collect();
        Some(format!(
            "the witnesses `{}` were told of a halt at {} UTC that is not in this log, and sign for no further ring: somebody halted this rollout elsewhere. \
             `contentcheck rollout halt --reason WORDS` writes it here, and two people let the rollout go on after that",
            names.join("`, `"),
            utc(at)
        ))
    }

    /// What keeps rings and tokens back here whatever the log says, in a sentence; nothing where nothing does.
    pub(in crate::commands::rollout) fn held(&self, state: &State) -> Option<String> {
        self.put_back().or_else(|| self.halted_here(state)).or_else(|| self.copies(state))
    }

    /// For each witness of the policy in the log, the place in the settings of the one with its key, where there is one.
    pub(super) fn counting(&self, state: &State) -> Vec<Option<usize>> {
        let place = |key: &VerifierKey<'_>| {
            let is_it = |known: &WitnessSettings| VerifierKey::read(&known.key).is_ok_and(|known| known == *key);
            self.settings.witness.iter().position(is_it)
        };
        state.trust().map_or_else(Vec::new, |trust| trust.witnesses().map(|(_, key)| place(&key)).collect())
    }

    /// Refuses to let other witnesses count where so few of those that count until now can be asked that a halt which the others were told of would be
    /// forgotten with them. Those that are lost for good are named.
    pub(in crate::commands::rollout) fn asked_enough(&self, state: &State, lost: &[String]) -> Result<(), Failure> {
        let Some(trust) = state.trust() else { return Ok(()) };
        if let Some(unknown) = lost.iter().find(|lost| trust.witnesses().all(|(name, _)| name != lost.as_str())) {
            let unknown = contentcheck_model::diagnostic::visible(unknown);
            return Err(Failure::usage(format!("--lost {unknown}: the policy in the log has no such witness")));
        }
        // Of what is not planned nobody was told.
        if state.newest().is_none() {
            return Ok(());
        }
        let mut answered = self.elsewhere(|remote| remote.halts().is_ok());
        let mut can_be_asked = |at: usize| match answered.get_mut(at).and_then(Option::take) {
            Some(answered) => answered.unwrap_or_default(),
            None => {
                let witness = self.settings.witness.get(at).and_then(|witness| witness.directory.as_ref());
                witness.is_some_and(|home| book::halts(&ReadOnly::new(self.directory.join(home))).is_ok())
            }
        };
        let unasked: Vec<&str> = trust
            .witnesses()
            .zip(self.counting(state))
            .filter(|((name, _), _)| lost.iter().all(|lost| lost != name))
            .filter_map(|((name, _), place)| (!place.is_some_and(&mut can_be_asked)).then_some(name))
            .collect();
        if unasked.len() < state.quorum() {
            return Ok(());
        }
        let message = format!(
            "the witnesses `{}` count until now and cannot be asked: a halt that they were told of would be forgotten. Name them in {SETTINGS} by their keys, \
             beside the new ones, until the change is logged, and see that they run; of one that is lost for good say so by `--lost NAME`",
            unasked.join("`, `")
        );
        Err(Failure::findings(coded(&codes::OUT_OF_TURN, &message)))
    }

    /// That the log was put back from a copy: what was stopped in the log that went on may be offered here.
    fn put_back(&self) -> Option<String> {
        // What witnesses saw is read before the log.
        let memories = self.memories();
        let log = View::open(ReadOnly::new(self.path(LOG)), &self.log_key().ok()?).ok()?;
        let gone = put_back(&memories, (log.size(), log.root()))?;
        Some(format!("{}: {gone}", files::name(&self.path(LOG))))
    }

    /// Halts that hold here: files below `stopped/`, whatever is in them, and halts of the newest rollout that are not in the log: those that witnesses
    /// of this machine were told of, and drafts.
    fn halted_here(&self, state: &State) -> Option<String> {
        let files = hold::standing(&self.directory);
        let halts = self.unlogged_halts(state);
        let forgetful = if state.newest().is_some() { self.forgetful() } else { Vec::new() };
        if files.is_empty() && halts.is_empty() && !forgetful.is_empty() {
            return Some(format!(
                "{}: the file `halts` is damaged or gone, so nobody knows whether this witness was told of a halt: no ring opens and no token is \
                 written here. Ask whoever may have halted. If nobody did, move that directory away: the other witnesses go on, and one with another \
                 key takes its place by `contentcheck rollout keys --trust FILE`",
                forgetful.join(", ")
            ));
        }
        let by_file = files.iter().map(|path| {
            let name = files::name(path);
            hold::words(path).map_or_else(|| name.clone(), |words| format!("{name} (\"{words}\")"))
        });
        let by: Vec<String> = by_file.chain(halts.iter().map(|(by, _)| by.clone())).collect();
        if by.is_empty() {
            return None;
        }
        let at = halts.iter().map(|(_, at)| *at).chain(files.iter().filter_map(|path| hold::time(path))).max();
        let at = at.filter(|at| *at > 0).map_or_else(String::new, |at| format!(" at {} UTC", utc(at)));
        let more = by.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let by = by.get(..NAMED).unwrap_or(&by).join(", ");
        if halts.is_empty() && files.iter().all(|path| is_logged(state, path)) {
            return Some(format!(
                "halted{at} by {by}{more}, in the log, and too few witnesses signed for that: a copy of the log could be put back that lacks it, so this \
                 holds. `contentcheck rollout advance` asks them again"
            ));
        }
        let by_hand = if files.is_empty() { "" } else { "; where it was a mistake, remove the file" };
        Some(format!(
            "halted{at} by {by}{more}, and not in the log: no ring opens and no token is written here. \
             `contentcheck rollout halt --reason WORDS` writes it, and two people let the rollout go on after that{by_hand}"
        ))
    }

    /// Witnesses of this machine whose files are not what they put there.
    fn not_original(&self) -> Vec<&str> {
        let of = self.settings.witness.iter().filter_map(|witness| Some((witness, witness.directory.as_ref()?)));
        // One whose directory is not there at all may be the original elsewhere, as one that is down.
        let is_copy = |directory: &PathBuf| {
            let directory = self.directory.join(directory);
            directory.is_dir() && !book::is_original(&ReadOnly::new(directory))
        };
        of.filter(|(_, directory)| is_copy(directory)).map(|(witness, _)| witness.name.as_str()).collect()
    }

    /// That witnesses of this machine sign nothing, in a sentence, where the others are enough.
    pub(in crate::commands::rollout) fn copied(&self) -> Option<String> {
        let (copies, away) = (self.not_original(), self.away());
        let copied = (!copies.is_empty()).then(|| {
            format!(
                "what the witnesses `{}` kept was put back from a copy, or is damaged or missing in part, so they sign nothing: `contentcheck rollout \
                 advance` says what to do",
                copies.join("`, `")
            )
        });
        copied.or_else(|| {
            (!away.is_empty()).then(|| {
                format!("the directories of the witnesses `{}` are not here, so they sign nothing", away.join("`, `"))
            })
        })
    }

    /// Witnesses that keep what they know on this machine, and whose directories are not here: gone, or of a disk that is not mounted.
    fn away(&self) -> Vec<&str> {
        let is_away = |witness: &&WitnessSettings| {
            let home = witness.directory.as_ref().filter(|_| witness.url.is_none());
            self.is_writer() && home.is_some_and(|home| !self.directory.join(home).is_dir())
        };
        self.settings.witness.iter().filter(is_away).map(|witness| witness.name.as_str()).collect()
    }

    /// That so many witnesses are away that a halt may have been made of which only they know, in a sentence.
    pub(in crate::commands::rollout) fn unasked(&self, state: &State) -> Option<String> {
        let away = self.away();
        let here = self.witnesses().saturating_sub(away.len());
        (!away.is_empty() && here < state.quorum() && state.newest().is_some()).then(|| {
            format!(
                "the directories of the witnesses `{}` are not here, and too few are left to sign: no ring opens, and whether they were told of a halt nobody \
                 can tell here. Mount them, or bring them back with all that they had; where somebody may have halted, halt here too",
                away.join("`, `")
            )
        })
    }

    /// That too many witnesses of this machine do not know what they were told: then a halt may have been made that nobody here knows of.
    fn copies(&self, state: &State) -> Option<String> {
        let copies = self.not_original();
        let originals = self.witnesses().saturating_sub(copies.len());
        if copies.is_empty() || originals >= state.quorum() || state.newest().is_none() {
            return None;
        }
        Some(format!(
            "what the witnesses `{}` kept was put back from a copy, or is damaged or missing in part: whether the rollout was halted since, nobody can tell here, so no \
             ring opens and no token is written. Where they were moved here with all that they had, `contentcheck rollout witness NAME --moved` says so \
             for each of them; else take them from where they were, or give the log other witnesses by `contentcheck rollout keys --trust FILE`",
            copies.join("`, `")
        ))
    }

    /// Takes holds away whose halt is in the log, where so many witnesses signed for it as must.
    pub(in crate::commands::rollout) fn settle(&self, state: &State, signed: usize) -> Result<(), Failure> {
        if signed >= state.quorum() { hold::lift(&self.logged_holds(state)) } else { Ok(()) }
    }

    /// Asks the witnesses again for halts that are in the log and hold on, where there are some.
    pub(in crate::commands::rollout) fn settle_again(
        &self,
        book: &mut Book<Directory>,
        now: u64,
        streams: &mut Streams<'_>,
    ) -> Result<(), Failure> {
        if self.logged_holds(book.state()).is_empty() {
            return Ok(());
        }
        let signed = self.cosign(book, now, streams)?;
        self.settle(book.state(), signed)
    }

    /// Holds whose halt is in the log.
    fn logged_holds(&self, state: &State) -> Vec<PathBuf> {
        hold::standing(&self.directory).into_iter().filter(|path| is_logged(state, path)).collect()
    }

    /// What keeps rings and tokens back here, or at witnesses elsewhere, in a sentence. They are asked: what is logged past a halt that they were told
    /// of is signed by none of them.
    pub(in crate::commands::rollout) fn held_anywhere(&self, state: &State) -> Option<String> {
        self.held(state).or_else(|| self.told_elsewhere(state))
    }

    /// Refuses to go on where something holds.
    pub(in crate::commands::rollout) fn goes_on(&self, state: &State) -> Result<(), Failure> {
        refused(self.held_anywhere(state))
    }

    /// The same for a resumption. Halts in the log for which too few witnesses signed do not keep it back where so many answer as must sign: those that
    /// were told of a halt before a ring was logged past it wait for nothing else than that.
    pub(in crate::commands::rollout) fn may_resume(&self, state: &State) -> Result<(), Failure> {
        let holds = hold::standing(&self.directory);
        let is_in_log = self.unlogged_halts(state).is_empty() && holds.iter().all(|path| is_logged(state, path));
        let is_answered = is_in_log && !holds.is_empty() && self.answering() >= state.quorum();
        let halted = if is_answered { None } else { self.halted_here(state) };
        refused(self.put_back().or(halted).or_else(|| self.copies(state)).or_else(|| self.told_elsewhere(state)))
    }

    /// How many witnesses say which halts they were told of.
    fn answering(&self) -> usize {
        let elsewhere = self.elsewhere(|remote| remote.halts().is_ok());
        let answers = self.settings.witness.iter().zip(elsewhere).filter(|(witness, remote)| match remote {
            Some(answered) => answered.as_ref().is_ok_and(|is_it| *is_it),
            None => {
                let home = witness.directory.as_ref().map(|directory| self.directory.join(directory));
                home.is_some_and(|home| book::halts(&ReadOnly::new(home)).is_ok())
            }
        });
        answers.count()
    }

    /// Asks the witnesses whether they would sign for the log with these entries. None goes into it before as many would as must: what no witness signs
    /// for stays in a log, and they sign for nothing behind it.
    ///
    /// # Errors
    /// Why too few would, in a sentence.
    pub(in crate::commands::rollout) fn would_sign(
        &self,
        book: &Book<Directory>,
        more: &[&[u8]],
        now: u64,
    ) -> Result<(), String> {
        /// Entries before the new ones that are sent too: a witness may read the log from a copy that is a little behind.
        const BEFORE: u64 = 16;
        let state = book.state();
        let from = state.size().saturating_sub(BEFORE);
        let before = (from..state.size()).map(|index| book.log().entry(index).map_err(|why| why.to_string()));
        let mut entries = before.collect::<Result<Vec<_>, _>>()?;
        entries.extend(more.iter().map(|entry| entry.to_vec()));
        let mut elsewhere = self.elsewhere(|mut remote| remote.rehearse(from, &entries).map_err(|why| why.to_string()));
        let counting = self.counting(state);
        let (mut would, mut others) = (0_usize, Vec::new());
        for (at, (witness, remote)) in self.settings.witness.iter().zip(elsewhere.iter_mut()).enumerate() {
            let outcome = match remote.take() {
                Some(outcome) => outcome.unwrap_or_else(|_| Err("asking it ended in a fault".to_owned())),
                None => self
                    .keeper(&witness.name, Arc::new(move || now))
                    .map_err(|failure| failure.message)
                    .and_then(|mut keeper| keeper.rehearse(from, &entries).map_err(|why| why.to_string())),
            };
            match outcome {
                Ok(()) => would += usize::from(counting.contains(&Some(at))),
                Err(why) => others.push(format!("witness `{}`: {why}", witness.name)),
            }
        }
        if would >= state.quorum() {
            return Ok(());
        }
        Err(format!(
            "{would} of {} witnesses would sign for the next ring, and {} must, so no ring was opened; {}",
            counting.len(),
            state.quorum(),
            others.join("; ")
        ))
    }

    /// Refuses a plan where too few witnesses sign for what the log has of a rollout: none of them would ever sign for a later one, since what they wait
    /// for, two people who let that one go on, could no longer be said.
    pub(in crate::commands::rollout) fn is_signed_for(
        &self,
        book: &mut Book<Directory>,
        now: u64,
        streams: &mut Streams<'_>,
    ) -> Result<(), Failure> {
        let has_opened = |rollout: &Rollout| rollout.salt().is_some();
        if !book.state().newest().is_some_and(has_opened) {
            return Ok(());
        }
        let (signed, quorum) = (self.cosign(book, now, streams)?, book.state().quorum());
        if signed >= quorum {
            return self.settle(book.state(), signed);
        }
        let message = format!(
            "{signed} of {} witnesses sign for this log as it is, and {quorum} must before another rollout is planned: see above what each waits for. Where it is \
             that two people let the newest rollout go on, which was halted before a ring of it was logged, do that first \
             (`contentcheck rollout halt --reason WORDS`, `contentcheck rollout resume --reason WORDS`), halt it again, and plan then",
            self.witnesses()
        );
        Err(Failure::findings(coded(&codes::WITNESS_REFUSES, &message)))
    }

    /// Witnesses of this machine of which nobody knows what they were told: their directories.
    fn forgetful(&self) -> Vec<String> {
        let homes = self.settings.witness.iter().filter_map(|witness| witness.directory.as_ref());
        let homes = homes.map(|home| self.directory.join(home));
        let is_damaged = |home: &PathBuf| home.is_dir() && book::halts(&ReadOnly::new(home)).is_err();
        homes.filter(is_damaged).map(|home| files::name(&home)).collect()
    }

    /// What waits for signatures here.
    fn drafts(&self) -> impl Iterator<Item = (PathBuf, Entry)> {
        let files = fs::read_dir(self.path(DRAFTS)).into_iter().flatten();
        files.filter_map(|file| {
            let path = file.ok()?.path();
            let entry = Self::draft(&path).ok()?;
            Some((path, entry))
        })
    }

    /// Whether people are signing here that a rollout goes on, behind its newest entry. They have a day.
    pub(in crate::commands::rollout) fn resumption_waits(&self, rollout: &Rollout, now: u64) -> bool {
        let follows = Some((rollout.id(), rollout.last()));
        self.drafts()
            .any(|(_, entry)| matches!(entry.body, Body::Resume(_)) && entry.of == follows && !is_past(&entry, now))
    }

    /// Halts of the newest rollout that are not in the log, by who has them, and when they were made.
    fn unlogged_halts(&self, state: &State) -> Vec<(String, u64)> {
        let Some(newest) = state.newest() else { return Vec::new() };
        let told = self.settings.witness.iter().filter_map(|witness| {
            let directory = self.directory.join(witness.directory.as_ref()?);
            let by = format!("witness `{}`", witness.name);
            let halts = book::halts(&ReadOnly::new(&directory)).ok()?;
            let is_meant = |halt: &&Told| halt.id == newest.id() && state.keeps_back(halt);
            Some((by, halts.iter().filter(is_meant).map(|halt| halt.at).max()?))
        });
        let drafts = self.drafts().filter_map(|(path, entry)| {
            if !matches!(entry.body, Body::Halt(_)) {
                return None;
            }
            let (id, after) = entry.of.filter(|(id, _)| *id == newest.id())?;
            let halt = Told { id, at: entry.time, after };
            state.keeps_back(&halt).then(|| (files::name(&path), entry.time))
        });
        let mut all: Vec<(String, u64)> = told.chain(drafts).collect();
        all.sort();
        all
    }

    /// Whether the log is as long as what its witnesses saw. A log that was put back from an older copy is a fork with the next entry: no
    /// witness and no device takes it.
    pub(in crate::commands::rollout) fn is_as_long(
        &self,
        memories: &[(String, u64, Hash)],
        log: (u64, Hash),
    ) -> Result<(), Failure> {
        let Some(gone) = put_back(memories, log) else { return Ok(()) };
        let message = format!("{}: {gone}", files::name(&self.path(LOG)));
        Err(Failure::usage(coded(&codes::LOG_BROKEN, &message)))
    }

    /// The directory of a witness of this machine, whoever's key is in it.
    fn any_home(&self, name: &str) -> Result<(&WitnessSettings, PathBuf), Failure> {
        let known = self.settings.witness.iter().find(|witness| witness.name == name);
        let home = known.and_then(|witness| Some((witness, self.directory.join(witness.directory.as_ref()?))));
        home.ok_or_else(|| {
            Failure::usage(format!("{SETTINGS}: there is no witness `{name}` with a `directory` on this machine"))
        })
    }

    /// The directory of a witness of this machine, with its key.
    fn home(&self, name: &str) -> Result<PathBuf, Failure> {
        let (witness, home) = self.any_home(name)?;
        self.other_key(witness).map_or(Ok(home), |why| Err(Failure::usage(why)))
    }

    /// That the key in the directory of a witness is another one than the settings name for it, in a sentence. Nothing where it cannot be read.
    fn other_key(&self, witness: &WitnessSettings) -> Option<String> {
        let home = self.directory.join(witness.directory.as_ref()?);
        let text = verifier(&home).ok()?;
        let found = VerifierKey::read(&text).ok()?;
        let is_of = |known: &&WitnessSettings| VerifierKey::read(&known.key).is_ok_and(|known| known == found);
        if is_of(&witness) {
            return None;
        }
        let of = self.settings.witness.iter().find(is_of);
        let of = of.map_or_else(|| format!("`{text}`"), |other| format!("the key of witness `{}`", other.name));
        Some(format!(
            "the key in {} is not the one that {SETTINGS} names for witness `{}`, but {of}, so that witness signs nothing here: set its `directory` in \
             {SETTINGS} right, or put the directory back that has its key",
            files::name(&home),
            witness.name
        ))
    }

    /// The same for each witness of this machine of which that is so.
    pub(super) fn other_keys(&self) -> impl Iterator<Item = String> {
        self.settings
            .witness
            .iter()
            .filter(|witness| witness.url.is_none())
            .filter_map(|witness| self.other_key(witness))
    }

    /// A person says that a witness was brought here with all that it had.
    pub(in crate::commands::rollout) fn moved(&self, name: &str) -> Result<(), Failure> {
        contentcheck_fleet::witness::moved(&self.home(name)?).map_err(|why| Failure::usage(why.to_string()))
    }

    /// A witness of this machine that signs, at a time.
    pub(in crate::commands::rollout) fn keeper(&self, name: &str, clock: Clock) -> Result<Keeper, Failure> {
        self.home(name)?;
        self.any_keeper(name, clock)
    }

    /// A witness of this machine, whoever's key it has: each that is told of a halt keeps it in mind.
    fn any_keeper(&self, name: &str, clock: Clock) -> Result<Keeper, Failure> {
        let (_, directory) = self.any_home(name)?;
        let log = (self.place(), self.settings.log.as_str());
        Keeper::open(&directory, log, self.recounter_of(&directory)?, clock).map_err(|why| match why {
            NoWitness::Runs(place) => Failure::usage(format!(
                "witness `{name}` runs already, and one process at a time signs with its key ({}); where it runs as a daemon, \
                 {SETTINGS} names its `url` instead of its `directory`",
                files::name(&place)
            )),
            why => Failure::usage(why.to_string()),
        })
    }

    /// Tells every witness of a halt. How many took it, and how many there are; why another did not is told.
    pub(in crate::commands::rollout) fn tell_witnesses(
        &self,
        halt: &[u8],
        told_of: &Told,
        now: u64,
        streams: &mut Streams<'_>,
    ) -> Result<(usize, usize), Failure> {
        let mut told = 0_usize;
        // Whatever answers at that address may say that all is well; a witness says which halts it was told of.
        let knows = |remote: &Remote| {
            let halts = remote.halts().map_err(|why| format!("it took the halt, and then {why}"))?;
            let has_it = halts.iter().any(|halt| halt.id == told_of.id && halt.after == told_of.after);
            if has_it { Ok(()) } else { Err("it took the halt, and does not say that it was told of it".to_owned()) }
        };
        let mut elsewhere =
            self.elsewhere(|mut remote| remote.tell(halt).map_err(|why| why.to_string()).and_then(|()| knows(&remote)));
        for (witness, remote) in self.settings.witness.iter().zip(elsewhere.iter_mut()) {
            let outcome = match remote.take() {
                Some(outcome) => outcome.unwrap_or_else(|_| Err("telling it ended in a fault".to_owned())),
                None => self
                    .any_keeper(&witness.name, Arc::new(move || now))
                    .map_err(|failure| failure.message)
                    .and_then(|mut keeper| keeper.tell(halt).map_err(|why| why.to_string())),
            };
            match outcome {
                Ok(()) => told = told.saturating_add(1),
                Err(why) => talk(streams, &format!("witness `{}` was not told: {why}", witness.name)),
            }
        }
        Ok((told, self.settings.witness.len()))
    }

    /// Asks every witness to sign for the log as it is. How many did; why another did not is told.
    pub(in crate::commands::rollout) fn cosign(
        &self,
        book: &mut Book<Directory>,
        now: u64,
        streams: &mut Streams<'_>,
    ) -> Result<usize, Failure> {
        let mut signed = 0;
        if let Some(trust) = book.state().trust() {
            let is_known = |key: &VerifierKey<'_>| {
                self.settings.witness.iter().any(|known| VerifierKey::read(&known.key).is_ok_and(|known| known == *key))
            };
            for (name, _) in trust.witnesses().filter(|(_, key)| !is_known(key)) {
                let text = format!(
                    "witness `{name}` is not asked: no [[witness]] of {SETTINGS} has its key, with a `url` or a `directory`"
                );
                talk(streams, &text);
            }
        }
        let mut elsewhere = self.elsewhere(|mut remote| remote.cosign().map_err(|why| why.to_string()));
        for (witness, remote) in self.settings.witness.iter().zip(elsewhere.iter_mut()) {
            let line = match remote.take() {
                Some(line) => line.unwrap_or_else(|_| Err("asking it ended in a fault".to_owned())),
                None => self
                    .keeper(&witness.name, Arc::new(move || now))
                    .map_err(|failure| failure.message)
                    .and_then(|mut keeper| keeper.cosign().map_err(|why| why.to_string())),
            };
            let key = VerifierKey::read(&witness.key)
                .map_err(|why| Failure::usage(format!("{SETTINGS}: the key of witness `{}`: {why}", witness.name)))?;
            let added = line.and_then(|line| {
                book.cosigned(&key, &line).map_err(|why| match why {
                    NoBook::Log(Fault::Cosignature) => match is_by(&key, &line) {
                        Some(true) => "what it signed is another log than this one: the one that it reads is older or newer".to_owned(),
                        Some(false) => format!(
                            "it signed with another key than {SETTINGS} names for it: set its `url` there right, or its `key` where it has a new one"
                        ),
                        None => why.to_string(),
                    },
                    why => why.to_string(),
                })
            });
            // Who is named in the settings alone signs for nobody.
            let counts = |trust: Trust<'_>| trust.witnesses().any(|(_, known)| known == key);
            match added {
                Ok(()) => signed += usize::from(book.state().trust().is_none_or(counts)),
                Err(why) => talk(streams, &format!("witness `{}` does not sign: {why}", witness.name)),
            }
        }
        self.keep_plan(book)?;
        Ok(signed)
    }
}

/// Whether a line says that it is a signature of a key. Nothing: it is none of any key.
fn is_by(key: &VerifierKey<'_>, line: &str) -> Option<bool> {
    let note = format!("of something\n\n{}\n", line.trim_end());
    let note = Note::read(note.as_bytes()).ok()?;
    Some(note.signatures().any(|signature| signature.is_of(key)))
}

fn refused(held: Option<String>) -> Result<(), Failure> {
    held.map_or(Ok(()), |text| Err(Failure::findings(coded(&codes::OUT_OF_TURN, &text))))
}

/// That a witness has seen entries that this log does not have, in a sentence.
fn put_back(memories: &[(String, u64, Hash)], log: (u64, Hash)) -> Option<String> {
    let is_gone =
        |(_, size, root): &&(String, u64, Hash)| *size > 0 && (*size > log.0 || (*size == log.0 && *root != log.1));
    let (name, size, _) = memories.iter().find(is_gone)?;
    Some(format!(
        "witness `{name}` has seen {size} entries, and this log has {}, or different ones: it was put back from an older copy; take one \
         that is as long, since no witness signs for this one and no device takes it",
        log.0
    ))
}

/// Whether the log has the halt of a hold, or one behind it.
fn is_logged(state: &State, hold: &Path) -> bool {
    let is_behind = |index: u64| state.rollouts().iter().filter_map(Rollout::halted_in).any(|at| at >= index);
    hold::entry(hold).is_some_and(is_behind)
}
