//! What a device decides, by the code that runs on devices: each decision is one of `contentcheck_sensor::State`, kept once for each
//! state and each thing that a device can see. Millions of devices are in a few thousand states at most.

use std::collections::BTreeMap;
use std::sync::RwLock;

use contentcheck_sensor::{
    Act, Claim, Content, Device, Digest, Ended, Found, Health, Observation, Policy, RECORD, Rung, Sequence, State,
    Unusable, Usable,
};

/// A state of a device, by its number.
pub(crate) type Number = u16;

/// What a simulated device sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sees {
    /// The release is offered.
    Offer,
    /// The sensor starts after a run that ended in this way.
    Start(u8),
    /// The run has lasted as long as it must, with as many events.
    Healthy,
}

/// The ends of runs that a simulation brings about. The decision function knows more of them.
pub(crate) const ENDS: [Ended; 6] =
    [Ended::Stopped, Ended::Crashed, Ended::SystemCrash, Ended::Hung, Ended::Power, Ended::OutOfMemory];
/// What a device can see: the offer, health, ends.
const SEES: usize = 2 + ENDS.len();
/// States whose decisions are made before the simulation begins: those that take the fewest steps. The others are made when a
/// device first comes to them; how they are numbered shows in no result.
const EAGER: usize = 512;

impl Sees {
    fn all() -> [Self; SEES] {
        let mut all = [Self::Offer; SEES];
        for (to, sees) in all.iter_mut().skip(1).zip([Self::Healthy].into_iter().chain(ENDS.into_iter().map(start))) {
            *to = sees;
        }
        all
    }

    const fn at(self) -> usize {
        match self {
            Self::Offer => 0,
            Self::Healthy => 1,
            Self::Start(end) => 2 + end as usize,
        }
    }
}

/// How a run ended, for [`Sees::Start`].
pub(crate) fn start(ended: Ended) -> Sees {
    let at = ENDS.iter().position(|one| *one == ended).unwrap_or(0);
    // There are six.
    Sees::Start(at as u8)
}

/// What a device does from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Does {
    pub(crate) state: Number,
    /// The release runs, on trial or confirmed.
    pub(crate) runs_release: bool,
    /// The release is last known good.
    pub(crate) confirmed: bool,
    /// It ran as long as it must, and waits for a restart.
    pub(crate) waits: bool,
    /// The release was given up for good.
    pub(crate) gave_up: bool,
}

const RELEASE: Content = Content { digest: Digest::new([2; 32]), sequence: Sequence(2) };
const BEFORE: Content = Content { digest: Digest::new([1; 32]), sequence: Sequence(1) };
const BUILD: Digest = Digest::new([7; 32]);

/// The decisions that devices have made so far.
#[derive(Debug)]
pub(crate) struct Sensor {
    policy: Policy,
    first: Number,
    /// Of the first states, by their numbers: asked without a lock.
    kept: Vec<[Does; SEES]>,
    known: RwLock<Known>,
}

#[derive(Debug, Default)]
struct Known {
    states: Vec<State>,
    numbers: BTreeMap<[u8; RECORD], Number>,
    later: BTreeMap<(Number, Sees), Does>,
}

impl Known {
    fn number(&mut self, state: State) -> Number {
        let next = Number::try_from(self.states.len()).unwrap_or(Number::MAX);
        let states = &mut self.states;
        *self.numbers.entry(state.to_record()).or_insert_with(|| {
            states.push(state);
            next
        })
    }

    fn decide(&mut self, from: Number, sees: Sees, policy: &Policy) -> Does {
        let Some(state) = self.states.get(usize::from(from)).copied() else { return LOST };
        let to = next(&state, sees, policy);
        let number = self.number(to);
        does(&to, number)
    }
}

/// A device without a state. None is: every number was given to a state.
const LOST: Does = Does { state: 0, runs_release: false, confirmed: false, waits: false, gave_up: false };

impl Sensor {
    /// Devices whose last known good content is the release before, confirmed as devices confirm.
    pub(crate) fn new(policy: Policy) -> Self {
        let mut state = offered(&State::fresh(BUILD), BEFORE, &policy);
        for sees in [Sees::Healthy, start(Ended::Stopped), Sees::Healthy, start(Ended::Stopped), Sees::Healthy] {
            state = next(&state, sees, &policy);
        }
        let mut known = Known::default();
        let first = known.number(state);
        let mut kept = Vec::new();
        while kept.len() < EAGER.min(known.states.len()) {
            // Fewer than `EAGER`.
            let from = kept.len() as Number;
            kept.push(Sees::all().map(|sees| known.decide(from, sees, &policy)));
        }
        Self { policy, first, kept, known: RwLock::new(known) }
    }

    /// The state of a device that has not been offered the release.
    pub(crate) const fn first(&self) -> Number {
        self.first
    }

    /// What follows when a device in a state sees something.
    pub(crate) fn decide(&self, state: Number, sees: Sees) -> Does {
        if let Some(does) = self.kept.get(usize::from(state)).and_then(|all| all.get(sees.at())) {
            return *does;
        }
        if let Some(does) = self.known.read().ok().and_then(|known| known.later.get(&(state, sees)).copied()) {
            return does;
        }
        // A thread that panicked would have ended the simulation.
        let Ok(mut known) = self.known.write() else { return LOST };
        let does = known.decide(state, sees, &self.policy);
        known.later.insert((state, sees), does);
        does
    }

    /// How long a run must last before it counts as healthy, in minutes.
    pub(crate) const fn bake(&self) -> u32 {
        (self.policy.bake_seconds / 60) as u32
    }
}

fn does(state: &State, number: Number) -> Does {
    let is_release = |content: Option<Content>| content == Some(RELEASE);
    Does {
        state: number,
        runs_release: state.running.is_some_and(|rung| is_release(state.content(rung))),
        confirmed: is_release(state.content(Rung::Good)),
        waits: state.candidate.is_some_and(|candidate| candidate.standing == contentcheck_sensor::Standing::Baked),
        gave_up: state.burnt >= RELEASE.sequence,
    }
}

fn next(state: &State, sees: Sees, policy: &Policy) -> State {
    match sees {
        Sees::Offer => offered(state, RELEASE, policy),
        Sees::Start(at) => {
            let ended = ENDS.get(usize::from(at)).copied().unwrap_or(Ended::Never);
            let started = Observation::Started { ended, boot: None, build: BUILD, member: None, behind: 0 };
            looked(&state.decide(&started, policy).state, policy)
        }
        Sees::Healthy => {
            let health = Health {
                seconds: policy.bake_seconds,
                events: policy.bake_events.saturating_mul(10),
                ..Health::default()
            };
            let mut decision = state.decide(&Observation::Healthy(health), policy);
            if decision.act == Act::Confirm {
                decision = decision.state.decide(&Observation::Confirming(FOUND), policy);
            }
            if decision.act == Act::Choose { looked(&decision.state, policy) } else { decision.state }
        }
    }
}

/// What is found: content lies on disk wherever the state says so, and the sensor has none of its own.
const FOUND: Found =
    Found { candidate: Usable::Yes, good: Usable::Yes, earlier: Usable::Yes, factory: Usable::No(Unusable::Missing) };

/// What runs.
fn looked(state: &State, policy: &Policy) -> State {
    let looked = Observation::Looked { found: FOUND, writable: true, accounted: true, boot: None };
    state.decide(&looked, policy).state
}

/// Offers content as a store does: the claim, the bytes, the verified image, then the decision. Whether the ring of the device is open is
/// asked before, by the shard.
fn offered(state: &State, content: Content, policy: &Policy) -> State {
    let claim = Claim { content, issued: None, install_until: None };
    let device = Device { factory: None, built: 0, wall: None };
    let admitted = state
        .consider(claim, 4_096, &device, policy)
        .and_then(|considered| considered.without_log().matches(content.digest))
        .and_then(|matched| matched.verified(Ok(content.sequence)));
    match admitted {
        Ok(admitted) => looked(&state.decide(&Observation::Offered(admitted), policy).state, policy),
        Err(_) => *state,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(sees: &[Sees]) -> Does {
        let sensor = Sensor::new(Policy::DEFAULT);
        let mut does = does(&State::fresh(BUILD), sensor.first());
        for sees in sees {
            does = sensor.decide(does.state, *sees);
        }
        does
    }

    #[test]
    fn what_is_kept_is_what_is_decided() {
        let sensor = Sensor::new(Policy::DEFAULT);
        assert!(Sees::all().iter().enumerate().all(|(at, sees)| sees.at() == at));
        let mut state = offered(&State::fresh(BUILD), BEFORE, &Policy::DEFAULT);
        for sees in [Sees::Healthy, start(Ended::Stopped), Sees::Healthy, start(Ended::Stopped), Sees::Healthy] {
            state = next(&state, sees, &Policy::DEFAULT);
        }
        let mut number = sensor.first();
        // A long life, far beyond the states that are decided beforehand.
        for sees in (0..3_000_usize).map(|step| Sees::all()[step * step % 31 % 8]) {
            (state, number) = (next(&state, sees, &Policy::DEFAULT), sensor.decide(number, sees).state);
            assert_eq!(sensor.known.read().map(|known| known.states[usize::from(number)]).ok(), Some(state));
        }
        assert!(usize::from(number) >= EAGER);
    }

    #[test]
    fn three_crashes_lead_back_and_a_bake_convicts() {
        let crash = start(Ended::SystemCrash);
        assert!(run(&[Sees::Offer]).runs_release);
        assert!(run(&[Sees::Offer, crash, crash]).runs_release);
        let back = run(&[Sees::Offer, crash, crash, crash]);
        assert!(!back.runs_release && !back.gave_up);
        assert!(run(&[Sees::Offer, crash, crash, crash, Sees::Healthy]).gave_up);
    }

    #[test]
    fn a_restart_confirms_and_three_crashes_later_lead_back_all_the_same() {
        let stop = start(Ended::Stopped);
        assert!(run(&[Sees::Offer, Sees::Healthy]).waits);
        let confirmed = [Sees::Offer, Sees::Healthy, stop, Sees::Healthy];
        assert!(run(&confirmed).confirmed && run(&confirmed).runs_release);
        let crash = start(Ended::Crashed);
        let late: Vec<Sees> = confirmed.into_iter().chain([crash, crash, crash]).collect();
        assert!(!run(&late).runs_release);
    }
}
