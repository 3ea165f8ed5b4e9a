//! The decisions: a state and what was seen give the next state, what is to be done, and why. Pure, without allocation and
//! without I/O, so that a test, a simulation and a device make the same ones.

use contentcheck_log::limits::BEHIND;

use crate::admit::Admitted;
use crate::content::{BootId, Content, DeviceId, Digest, Sequence};
use crate::ended::{Blame, Ended};
use crate::health::{Complaint, Health};
use crate::observation::{Act, Found, Observation, Usable};
use crate::policy::Policy;
use crate::reason::{Reason, Reasons, Unusable};
use crate::rings::Heard;
use crate::state::{Candidate, Conviction, Good, Identity, KillMark, QUARANTINED, Quarantined, Rung, Standing, State};

/// What follows from a state and an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The state from now on. Written before anything is done, where it differs from the one before.
    pub state: State,
    /// What is to be done.
    pub act: Act,
    /// Why.
    pub reasons: Reasons,
}

impl State {
    /// The one way from a state to the next.
    #[must_use]
    pub fn decide(&self, seen: &Observation, policy: &Policy) -> Decision {
        let mut next = Next { state: *self, reasons: Reasons::default(), policy };
        let act = match seen {
            Observation::Started { ended, boot, build, member, behind } => {
                (next.state.member, next.state.behind) = (*member, (*behind).min(BEHIND));
                next.started(*ended, *boot, *build)
            }
            Observation::Looked { found, writable, accounted, boot } => {
                next.looked(found, (*writable, *accounted), *boot)
            }
            Observation::Identified { hardware, nonce } => next.identified(*hardware, *nonce),
            Observation::Heard(heard) => next.heard(heard),
            Observation::Offered(admitted) => next.offered(admitted),
            Observation::Healthy(health) => next.healthy(health),
            Observation::Confirming(found) => next.confirming(found),
            Observation::Hour => next.hour(),
            Observation::Killing(mark) => next.killing(*mark),
            Observation::Stopping { events } => next.stopping(*events),
        };
        Decision { state: next.state, act, reasons: next.reasons }
    }
}

/// A state that is being worked out.
struct Next<'p> {
    state: State,
    reasons: Reasons,
    policy: &'p Policy,
}

impl Next<'_> {
    fn started(&mut self, ended: Ended, boot: Option<BootId>, build: Digest) -> Act {
        if self.state.build != build {
            // Crashes of another build are no evidence about this one.
            self.state.build = build;
            self.state.hold = 0;
            self.state.strikes = 0;
            for good in [&mut self.state.good, &mut self.state.earlier].into_iter().flatten() {
                (good.strikes, good.unexplained) = (0, 0);
            }
            self.reasons.add(Reason::NewBuild);
        }
        let then = self.state.candidate.and_then(|candidate| candidate.armed).flatten();
        let ended = match core::mem::take(&mut self.state.hung) {
            // It was found hanging before whatever ended it did so.
            true => Ended::Hung,
            false if self.state.stopped => Ended::Never,
            false => ended.since(then, boot),
        };
        match self.state.running {
            None => {}
            Some(Rung::Candidate) => self.candidate_ended(ended),
            Some(rung @ (Rung::Good | Rung::Earlier)) => self.good_ended(rung, ended),
            Some(rung @ (Rung::Factory | Rung::Nothing)) => self.last_ended(rung, ended),
        }
        Act::Choose
    }

    /// A run of the candidate has ended. Its try was taken when it began.
    fn candidate_ended(&mut self, ended: Ended) {
        let Some(candidate) = self.state.candidate.as_mut() else { return };
        if candidate.armed.take().is_none() {
            return;
        }
        let is_counted = match ended.blame() {
            Blame::Nobody => false,
            Blame::Content => true,
            Blame::Unexplained => {
                candidate.unexplained = candidate.unexplained.saturating_add(1);
                candidate.unexplained > self.policy.unexplained
            }
        };
        if is_counted {
            self.reasons.add(Reason::Counted(Rung::Candidate, ended));
        } else {
            candidate.tries = candidate.tries.saturating_add(1).min(self.policy.tries.max(1));
            self.reasons.add(Reason::GivenBack(ended));
        }
        let content = candidate.content;
        if candidate.tries == 0 {
            candidate.standing = Standing::Suspect;
            self.reasons.add(Reason::TriesSpent(content));
        } else if candidate.starts >= self.policy.starts {
            self.state.candidate = None;
            self.no_longer(Rung::Candidate);
            self.reasons.add(Reason::SetAside(content));
        }
    }

    /// Good content is given up after some crashes in a row; after one, where newer content is a suspect: either it shares the
    /// fault, or the fault is the sensor's, and the next rung tells.
    fn good_ended(&mut self, rung: Rung, ended: Ended) {
        let has_suspect = self.state.has_suspect();
        let held = self.state.hold > 0;
        let good = if rung == Rung::Good { &mut self.state.good } else { &mut self.state.earlier };
        let Some(good) = good else { return };
        let is_counted = match ended.blame() {
            Blame::Content => true,
            Blame::Nobody => {
                if matches!(ended, Ended::Clean | Ended::Stopped) {
                    (good.strikes, good.unexplained) = (0, 0);
                }
                false
            }
            Blame::Unexplained => {
                // A sensor whose end nobody tells looks like this, whatever its content does.
                good.unexplained = good.unexplained.saturating_add(1);
                good.unexplained > self.policy.unexplained
            }
        };
        if !is_counted {
            return;
        }
        self.reasons.add(Reason::Counted(rung, ended));
        if held {
            // The sensor is known to crash whatever it runs: going down once more would be flapping.
            return;
        }
        good.strikes = good.strikes.saturating_add(1);
        if has_suspect || good.strikes >= self.policy.strikes {
            good.suspect = true;
            let content = good.content;
            self.reasons.add(Reason::Struck(content));
        }
    }

    /// The last rung. If the sensor crashes here too, it is not content that makes it crash.
    fn last_ended(&mut self, rung: Rung, ended: Ended) {
        match ended.blame() {
            Blame::Unexplained => {}
            Blame::Nobody => {
                if matches!(ended, Ended::Clean | Ended::Stopped) {
                    self.state.strikes = 0;
                }
            }
            Blame::Content => {
                self.reasons.add(Reason::Counted(rung, ended));
                if self.state.has_suspect() {
                    self.clear();
                } else {
                    self.state.strikes = self.state.strikes.saturating_add(1);
                }
            }
        }
    }

    fn clear(&mut self) {
        self.state.strikes = 0;
        self.state.hold = self.policy.hold_hours;
        for good in [&mut self.state.good, &mut self.state.earlier].into_iter().flatten() {
            (good.strikes, good.unexplained, good.suspect) = (0, 0, false);
        }
        if let Some(candidate) = self.state.candidate.as_mut() {
            if candidate.standing == Standing::Suspect {
                candidate.standing = Standing::Trial;
            }
            candidate.tries = self.policy.tries.max(1);
            candidate.unexplained = 0;
        }
        self.reasons.add(Reason::Cleared);
    }

    fn looked(&mut self, found: &Found, (writable, accounted): (bool, bool), boot: Option<BootId>) -> Act {
        for rung in Rung::LADDER {
            if !self.may_run(rung, writable) {
                continue;
            }
            if !accounted && matches!(rung, Rung::Good | Rung::Earlier) {
                // Every start would run it again, since none can tell the next how it ended.
                self.reasons.add(Reason::CannotCount(rung));
                continue;
            }
            match found.on(rung) {
                Usable::Unseen => return Act::Look(rung),
                Usable::No(why) => self.passed(rung, why),
                Usable::Yes => {
                    self.run(rung, boot);
                    return Act::Run(rung);
                }
            }
        }
        self.run(Rung::Nothing, boot);
        Act::Run(Rung::Nothing)
    }

    fn may_run(&mut self, rung: Rung, writable: bool) -> bool {
        let is_sound = |good: Option<Good>| good.is_some_and(|good| !good.suspect);
        match rung {
            Rung::Good => is_sound(self.state.good),
            Rung::Earlier => is_sound(self.state.earlier),
            Rung::Factory | Rung::Nothing => true,
            Rung::Candidate => {
                let Some(candidate) = self.state.candidate else { return false };
                if candidate.armed.is_some() {
                    // It runs already, and is only read again.
                    return true;
                }
                if candidate.standing == Standing::Suspect || candidate.tries == 0 {
                    return false;
                }
                let hours = self.state.hold;
                let why = if hours > 0 {
                    Reason::Held { hours }
                } else if !writable {
                    Reason::CannotArm
                } else {
                    return true;
                };
                self.reasons.add(why);
                false
            }
        }
    }

    fn passed(&mut self, rung: Rung, why: Unusable) {
        // Whoever built the sensor without factory content knows.
        if !(rung == Rung::Factory && why == Unusable::Missing) {
            self.reasons.add(Reason::Passed(rung, why));
        }
        if rung != Rung::Candidate || !matches!(why, Unusable::Damaged | Unusable::Missing) {
            return;
        }
        // Its bytes are gone, and it has proved nothing yet: another copy is as good.
        if let Some(candidate) = self.state.candidate.take() {
            self.no_longer(Rung::Candidate);
            self.reasons.add(Reason::Dropped(candidate.content));
        }
    }

    fn run(&mut self, rung: Rung, boot: Option<BootId>) {
        if let Some(candidate) = self.state.candidate.as_mut() {
            if rung != Rung::Candidate {
                candidate.armed = None;
            } else if candidate.armed.is_none() {
                candidate.armed = Some(boot);
                candidate.tries = candidate.tries.saturating_sub(1);
                candidate.starts = candidate.starts.saturating_add(1);
            }
        }
        self.state.stopped = false;
        self.state.running = Some(rung);
        self.reasons.add(Reason::Runs(rung));
    }

    fn offered(&mut self, admitted: &Admitted) -> Act {
        if !admitted.is_of(&self.state) {
            self.reasons.add(Reason::Stale);
            return Act::Keep;
        }
        let claim = admitted.claim();
        if let Some(old) = self.state.candidate.take() {
            self.reasons.add(Reason::Superseded(old.content));
            if old.standing == Standing::Suspect {
                // Nobody knows whether it was its fault. It had its tries all the same, and does not come back.
                self.state.burnt = self.state.burnt.max(old.content.sequence);
            }
            self.no_longer(Rung::Candidate);
        }
        self.state.candidate = Some(Candidate {
            content: claim.content,
            standing: Standing::Trial,
            tries: self.policy.tries.max(1),
            unexplained: 0,
            starts: 0,
            armed: None,
        });
        self.state.time = self.state.time.max(claim.issued.unwrap_or(0));
        if let Some(heard) = admitted.heard() {
            let _ = self.heard(heard);
        }
        self.reasons.add(Reason::Taken(claim.content));
        Act::Choose
    }

    fn heard(&mut self, heard: &Heard) -> Act {
        // Heard of beside something newer, it says nothing.
        if self.state.log.is_none_or(|known| known.size <= heard.seen.size) {
            self.state.log = Some(heard.seen);
        }
        self.state.time = self.state.time.max(heard.time);
        Act::Keep
    }

    fn identified(&mut self, hardware: Option<Digest>, nonce: Option<Digest>) -> Act {
        let is_cloned = |then: &Identity| hardware.is_some() && then.hardware.is_some() && then.hardware != hardware;
        let Some(nonce) = nonce else { return Act::Keep };
        let id = DeviceId(nonce);
        match self.state.identity {
            Some(then) if is_cloned(&then) => self.reasons.add(Reason::Cloned(id)),
            Some(_) => return Act::Keep,
            None => self.reasons.add(Reason::Named(id)),
        }
        self.state.identity = Some(Identity { id, hardware });
        Act::Keep
    }

    fn healthy(&mut self, health: &Health) -> Act {
        if health.stalled {
            self.reasons.add(Reason::Stalled);
            self.state.hung = true;
            return Act::Restart;
        }
        if health.corrupt {
            // Whoever writes to this memory, the content did not: it is read again, and nothing is counted.
            self.reasons.add(Reason::Corrupt);
            return Act::Choose;
        }
        if let Some(complaint) = health.complaint(&self.policy.ceilings)
            && self.complain(complaint)
        {
            return Act::Choose;
        }
        // Without content there are no events that could be counted.
        let is_baked = match self.state.running {
            Some(Rung::Nothing) => health.seconds >= self.policy.bake_seconds,
            _ => health.is_baked(self.policy),
        };
        if is_baked { self.baked() } else { Act::Keep }
    }

    /// Content that passes a ceiling did so by itself: no other content has to show that. What is last is kept.
    fn complain(&mut self, complaint: Complaint) -> bool {
        let why = Conviction::Complaint(complaint);
        match self.state.running {
            Some(Rung::Candidate) => self.convict_candidate(why),
            Some(rung @ (Rung::Good | Rung::Earlier)) => self.convict_good(rung, why),
            Some(Rung::Factory | Rung::Nothing) | None => return false,
        }
        true
    }

    fn baked(&mut self) -> Act {
        match self.state.running {
            Some(Rung::Candidate) => return self.candidate_baked(),
            Some(running) => self.lasted(running),
            None => {}
        }
        Act::Keep
    }

    fn lasted(&mut self, running: Rung) {
        // It lasts where newer content crashed: that settles whose fault it was.
        if self.state.candidate.is_some_and(|candidate| candidate.standing == Standing::Suspect) {
            self.convict_candidate(Conviction::Crashed);
        }
        if running != Rung::Good && self.state.good.is_some_and(|good| good.suspect) {
            self.convict_good(Rung::Good, Conviction::CrashedLate);
        }
        let is_last = matches!(running, Rung::Factory | Rung::Nothing);
        // What was `earlier` moved up if `good` has just been convicted.
        if is_last && self.state.good.is_some_and(|good| good.suspect) {
            self.convict_good(Rung::Good, Conviction::CrashedLate);
        }
        if is_last && self.state.earlier.is_some_and(|good| good.suspect) {
            self.convict_good(Rung::Earlier, Conviction::CrashedLate);
        }
        match self.state.running {
            Some(Rung::Good) => self.state.good.iter_mut().for_each(Good::lasted),
            Some(Rung::Earlier) => self.state.earlier.iter_mut().for_each(Good::lasted),
            Some(Rung::Candidate | Rung::Factory | Rung::Nothing) | None => self.state.strikes = 0,
        }
    }

    fn candidate_baked(&mut self) -> Act {
        let Some(candidate) = self.state.candidate.as_mut() else { return Act::Keep };
        let content = candidate.content;
        if candidate.starts > self.policy.restarts {
            return Act::Confirm;
        }
        if candidate.standing != Standing::Baked {
            candidate.standing = Standing::Baked;
            // It has shown that it runs: crashes before that count no more. The try of this run is given back when it ends.
            candidate.tries = self.policy.tries.saturating_sub(1);
            candidate.unexplained = 0;
            self.reasons.add(Reason::Baked(content));
        }
        Act::Keep
    }

    fn confirming(&mut self, found: &Found) -> Act {
        let runs = self.state.running == Some(Rung::Candidate);
        let survived = |candidate: &Candidate| candidate.starts > self.policy.restarts;
        let Some(Candidate { content, .. }) = self.state.candidate.filter(survived).filter(|_| runs) else {
            return Act::Keep;
        };
        self.state.candidate = None;
        self.state.earlier = self.fallback(found);
        self.state.good = Some(Good { content, strikes: 0, unexplained: 0, suspect: false });
        self.state.floor = self.state.floor.max(content.sequence);
        self.state.forgotten = false;
        self.state.running = Some(Rung::Good);
        self.reasons.add(Reason::Confirmed(content));
        Act::Keep
    }

    /// What a device falls back to from newly confirmed content: what was last known good, and where that cannot be run what can.
    fn fallback(&mut self, found: &Found) -> Option<Good> {
        let Some(good) = self.state.good.filter(|good| !good.suspect) else { return self.state.earlier };
        let earlier = self.state.earlier.filter(|good| !good.suspect);
        match (found.good, found.earlier) {
            (Usable::No(_), Usable::Yes) if earlier.is_some() => {
                self.reasons.add(Reason::Unrunnable(good.content));
                earlier
            }
            (Usable::No(why), _) => {
                // Nothing better is there, and the same image can be offered again.
                self.reasons.add(Reason::Wanted(good.content, why));
                Some(good)
            }
            (Usable::Yes | Usable::Unseen, _) => Some(good),
        }
    }

    fn convict_candidate(&mut self, why: Conviction) {
        let Some(candidate) = self.state.candidate.take() else { return };
        self.no_longer(Rung::Candidate);
        self.convict(candidate.content, why);
    }

    fn convict_good(&mut self, rung: Rung, why: Conviction) {
        self.no_longer(rung);
        let gone = match rung {
            Rung::Good => {
                if self.state.running == Some(Rung::Earlier) {
                    self.state.running = Some(Rung::Good);
                }
                core::mem::replace(&mut self.state.good, self.state.earlier.take())
            }
            Rung::Earlier => self.state.earlier.take(),
            Rung::Candidate | Rung::Factory | Rung::Nothing => None,
        };
        if let Some(gone) = gone {
            self.convict(gone.content, why);
        }
    }

    /// What still runs until something else does is held against nothing.
    fn no_longer(&mut self, rung: Rung) {
        if self.state.running == Some(rung) {
            self.state.running = None;
        }
    }

    fn convict(&mut self, content: Content, why: Conviction) {
        let entry = Quarantined { content, why };
        self.state.burnt = self.state.burnt.max(content.sequence);
        let mut pushed = Some(entry);
        for slot in self.state.quarantine.iter_mut().take(QUARANTINED) {
            core::mem::swap(slot, &mut pushed);
        }
        self.reasons.add(Reason::Convicted(entry));
    }

    fn hour(&mut self) -> Act {
        self.state.hold = self.state.hold.saturating_sub(1);
        // One that waited, since the sensor crashed or since its trial could not be written down.
        let waits = |candidate: Candidate| candidate.armed.is_none() && candidate.standing != Standing::Suspect;
        if self.state.hold == 0 && self.state.candidate.is_some_and(waits) { Act::Choose } else { Act::Keep }
    }

    fn killing(&mut self, mark: KillMark) -> Act {
        if self.state.kill.is_some_and(|kill| kill.epoch >= mark.epoch && kill != mark) {
            self.reasons.add(Reason::OldKills { epoch: mark.epoch });
        } else {
            self.state.kill = Some(mark);
            self.reasons.add(Reason::Kills { epoch: mark.epoch });
        }
        Act::Keep
    }

    fn stopping(&mut self, events: u64) -> Act {
        match self.state.running {
            Some(Rung::Candidate) => {
                if events == 0
                    && let Some(candidate) = self.state.candidate.as_mut().filter(|candidate| candidate.armed.is_some())
                {
                    candidate.starts = candidate.starts.saturating_sub(1);
                }
                self.candidate_ended(Ended::Clean);
            }
            Some(rung @ (Rung::Good | Rung::Earlier)) if events > 0 => self.good_ended(rung, Ended::Clean),
            Some(rung @ (Rung::Factory | Rung::Nothing)) if events > 0 => self.last_ended(rung, Ended::Clean),
            Some(_) | None => {}
        }
        self.state.stopped = true;
        self.reasons.add(Reason::Stopping);
        Act::Keep
    }
}

impl Good {
    /// It ran as long as healthy content does.
    const fn lasted(&mut self) {
        (self.strikes, self.unexplained) = (0, 0);
    }
}

impl State {
    /// Whether an end need not be counted: nobody is to blame, or nothing is known to have run.
    #[must_use]
    pub fn is_innocent(&self, ended: Ended) -> bool {
        let is_blameless = match ended.blame() {
            Blame::Nobody => true,
            // Also where the state says that the sensor stopped: it may have started since, and could not write that.
            Blame::Content => false,
            Blame::Unexplained => self.stopped || self.running.is_none(),
        };
        is_blameless && !self.hung
    }

    /// Raises the floor to one that is remembered elsewhere. Never lowers it.
    #[must_use]
    pub fn with_floor(mut self, floor: Sequence) -> Self {
        // A device that has never run has confirmed nothing: its directory was removed.
        self.forgotten |= self.generation == 0 && floor > Sequence(0);
        self.floor = self.floor.max(floor);
        if self.candidate.is_some_and(|candidate| candidate.content.sequence <= self.floor) {
            return self.without_candidate();
        }
        self
    }

    /// Without what is on trial.
    #[must_use]
    pub fn without_candidate(mut self) -> Self {
        self.candidate = None;
        if self.running == Some(Rung::Candidate) {
            self.running = None;
        }
        self
    }
}
