//! The decisions alone: what follows from crashes, cuts and health, without a disk and without an image.

use contentcheck_sensor::{
    Act, Blame, BootId, Claim, Complaint, Content, Conviction, Device, Digest, Ended, Found, Health, Observation,
    Policy, Reason, Recent, Refusal, Rung, Sequence, Standing, State, Unusable, Usable,
};

const POLICY: Policy = Policy { bake_seconds: 100, bake_events: 10, ..Policy::DEFAULT };
const DEVICE: Device = Device { factory: None, built: 0, wall: None };
const ALL: Found = Found { candidate: Usable::Yes, good: Usable::Yes, earlier: Usable::Yes, factory: Usable::Yes };
const BAKED: Health = Health {
    seconds: 100,
    events: 10,
    exhausted: 0,
    matches: 0,
    recent: Recent { events: 0, exhausted: 0, matches: 0 },
    faults: 0,
    mistyped: 0,
    corrupt: false,
    stalled: false,
    silenced: false,
};

/// After many events that were fine, some that are judged.
fn judged(events: u64, exhausted: u64, matches: u64) -> Health {
    Health { events: u64::MAX, recent: Recent { events, exhausted, matches }, ..BAKED }
}

fn content(sequence: u64) -> Content {
    Content { digest: Digest::of(&sequence.to_le_bytes()), sequence: Sequence(sequence) }
}

fn boot(number: u8) -> Option<BootId> {
    Some(BootId([number; 16]))
}

fn build() -> Digest {
    Digest::of(b"build 1")
}

/// A device that writes every state.
struct One {
    state: State,
    found: Found,
    boot: u8,
    told: Vec<Reason>,
}

impl One {
    fn new() -> Self {
        let mut one = Self { state: State::fresh(build()), found: ALL, boot: 1, told: Vec::new() };
        one.start(Ended::Never);
        one
    }

    /// With this content as last known good.
    fn with_good(sequences: &[u64]) -> Self {
        let mut one = Self::new();
        for sequence in sequences {
            one.offer(*sequence).unwrap();
            one.see(&Observation::Healthy(BAKED));
            one.start(Ended::Stopped);
            one.see(&Observation::Healthy(BAKED));
            assert_eq!(one.running(), (Rung::Good, *sequence));
        }
        one
    }

    fn see(&mut self, seen: &Observation) -> Act {
        let decision = self.state.decide(seen, &POLICY);
        assert!(decision.state.is_consistent(), "{seen:?} makes {:?}", decision.state);
        self.state = decision.state;
        self.state.generation += 1;
        self.told.extend(decision.reasons.iter());
        match decision.act {
            Act::Choose => self.choose(),
            Act::Confirm => self.see(&Observation::Confirming(self.found)),
            act => act,
        }
    }

    fn choose(&mut self) -> Act {
        self.see(&Observation::Looked { found: self.found, writable: true, accounted: true, boot: boot(self.boot) })
    }

    fn start(&mut self, ended: Ended) -> Rung {
        self.told.clear();
        match self.see(&Observation::Started { ended, boot: boot(self.boot), build: build(), member: None, behind: 0 })
        {
            Act::Run(rung) => rung,
            act => panic!("{act:?}"),
        }
    }

    fn offer(&mut self, sequence: u64) -> Result<(), Refusal> {
        let claim = Claim { content: content(sequence), issued: None, install_until: None };
        let considered = self.state.consider(claim, 1, &DEVICE, &POLICY)?;
        let admitted = considered.without_log().matches(content(sequence).digest)?.verified(Ok(Sequence(sequence)))?;
        self.see(&Observation::Offered(admitted));
        Ok(())
    }

    fn running(&self) -> (Rung, u64) {
        let rung = self.state.running.unwrap();
        (rung, self.state.content(rung).map_or(0, |content| content.sequence.0))
    }
}

#[test]
fn content_is_trusted_after_it_baked_and_survived_a_restart() {
    let mut one = One::new();
    assert_eq!(one.running().0, Rung::Factory);
    one.offer(1).unwrap();
    assert_eq!(one.running(), (Rung::Candidate, 1));
    one.see(&Observation::Healthy(Health { events: 9, ..BAKED }));
    assert_eq!(one.state.candidate.unwrap().standing, Standing::Trial, "too few events");
    one.see(&Observation::Healthy(Health { seconds: 99, ..BAKED }));
    assert_eq!(one.state.candidate.unwrap().standing, Standing::Trial, "too little time");
    one.see(&Observation::Healthy(BAKED));
    assert_eq!(one.state.candidate.unwrap().standing, Standing::Baked);
    assert_eq!(one.state.good, None, "nobody knows that it can be loaded again");
    one.start(Ended::Stopped);
    one.see(&Observation::Healthy(BAKED));
    assert_eq!(one.running(), (Rung::Good, 1));
    assert_eq!((one.state.candidate, one.state.floor), (None, Sequence(1)));
}

#[test]
fn three_crashes_end_a_trial_and_content_that_lasts_convicts_it() {
    let mut one = One::with_good(&[1]);
    one.offer(2).unwrap();
    assert_eq!(one.start(Ended::Crashed), Rung::Candidate);
    assert_eq!(one.start(Ended::Hung), Rung::Candidate);
    assert_eq!(one.start(Ended::SystemCrash), Rung::Good);
    assert!(one.told.contains(&Reason::TriesSpent(content(2))));
    assert_eq!(one.state.quarantine[0], None, "older content has not shown anything yet");
    assert_eq!(one.offer(2), Err(Refusal::Known(Rung::Candidate)));
    one.see(&Observation::Healthy(BAKED));
    assert_eq!(one.state.quarantine[0].unwrap().why, Conviction::Crashed);
    assert_eq!(one.offer(2), Err(Refusal::Quarantined(Conviction::Crashed)));
    one.offer(3).unwrap();
    assert_eq!(one.running(), (Rung::Candidate, 3));
}

#[test]
fn what_others_do_costs_content_no_try() {
    for ended in Ended::ALL.into_iter().filter(|ended| ended.blame() == Blame::Nobody) {
        let mut one = One::with_good(&[1]);
        one.offer(2).unwrap();
        for _ in 0..20 {
            assert_eq!(one.start(ended), Rung::Candidate, "{ended:?}");
            assert_eq!(one.state.candidate.unwrap().tries, POLICY.tries - 1, "one is taken for the run that goes on");
        }
    }
}

#[test]
fn power_cuts_cost_no_try_until_there_are_too_many_in_a_row() {
    let mut one = One::with_good(&[1]);
    one.offer(2).unwrap();
    for _ in 0..POLICY.unexplained {
        one.boot += 1;
        assert_eq!(one.start(Ended::Unexplained), Rung::Candidate);
        assert!(one.told.contains(&Reason::GivenBack(Ended::Power)), "{:?}", one.told);
    }
    for _ in 0..2 {
        one.boot += 1;
        assert_eq!(one.start(Ended::Unexplained), Rung::Candidate);
        assert!(one.told.contains(&Reason::Counted(Rung::Candidate, Ended::Power)), "{:?}", one.told);
    }
    one.boot += 1;
    assert_eq!(one.start(Ended::Unexplained), Rung::Good);
}

#[test]
fn a_sensor_that_crashes_with_everything_clears_content_and_stops_flapping() {
    let mut one = One::with_good(&[1, 2]);
    one.offer(3).unwrap();
    let mut ran = Vec::new();
    for _ in 0..6 {
        ran.push(one.start(Ended::Crashed));
    }
    use Rung::{Candidate, Earlier, Factory, Good};
    assert_eq!(ran, [Candidate, Candidate, Good, Earlier, Factory, Good]);
    assert!(one.told.contains(&Reason::Cleared), "{:?}", one.told);
    assert_eq!(one.state.quarantine, [None; 4]);
    assert_eq!(one.state.candidate.unwrap().tries, POLICY.tries);
    for _ in 0..20 {
        assert_eq!(one.start(Ended::Crashed), Good, "it stays where it is");
    }
    for _ in 0..POLICY.hold_hours {
        one.see(&Observation::Hour);
    }
    assert_eq!(one.running(), (Candidate, 3), "and tries again once the sensor has lasted");
}

#[test]
fn another_build_of_the_sensor_begins_with_a_clean_sheet() {
    let mut one = One::with_good(&[1]);
    one.offer(2).unwrap();
    for _ in 0..5 {
        one.start(Ended::Crashed);
    }
    assert!(one.state.hold > 0);
    one.see(&Observation::Started {
        ended: Ended::Stopped,
        boot: boot(1),
        build: Digest::of(b"build 2"),
        member: None,
        behind: 0,
    });
    assert_eq!(one.state.hold, 0);
    assert_eq!(one.running(), (Rung::Candidate, 2));
}

#[test]
fn good_content_that_fails_later_gives_way_to_the_one_before() {
    let mut one = One::with_good(&[1, 2]);
    assert_eq!(one.start(Ended::Crashed), Rung::Good);
    assert_eq!(one.start(Ended::Crashed), Rung::Good);
    assert_eq!(one.start(Ended::Crashed), Rung::Earlier);
    one.see(&Observation::Healthy(BAKED));
    assert_eq!(one.running(), (Rung::Good, 1), "the one before is last known good now");
    assert_eq!(one.state.quarantine[0].unwrap().why, Conviction::CrashedLate);
    assert_eq!(one.offer(2), Err(Refusal::Quarantined(Conviction::CrashedLate)));
    assert_eq!(one.state.floor, Sequence(2), "the floor does not sink");

    let mut one = One::with_good(&[1, 2]);
    let costly = judged(1_000, 2, 0);
    assert_eq!(one.see(&Observation::Healthy(costly)), Act::Run(Rung::Good));
    assert_eq!(one.running(), (Rung::Good, 1));
    assert_eq!(one.state.quarantine[0].unwrap().why, Conviction::Complaint(Complaint::Exhausted));
}

#[test]
fn ceilings_are_of_content_and_faults_are_of_the_sensor() {
    let ceilings = POLICY.ceilings;
    let of = |health: Health| health.complaint(&ceilings);
    assert_eq!(of(judged(1_000, 0, 0)), None);
    assert_eq!(of(judged(1_000, 1, 0)), None);
    assert_eq!(of(judged(1_000, 2, 0)), Some(Complaint::Exhausted));
    assert_eq!(of(judged(1_000, 0, 100)), None);
    assert_eq!(of(judged(1_000, 0, 101)), Some(Complaint::Flooded));
    assert_eq!(of(judged(999, 999, 0)), None, "too few events to judge");
    assert_eq!(of(Health { faults: u64::MAX, mistyped: u64::MAX, ..judged(1_000, 0, 0) }), None);
    assert_eq!(of(judged(u64::MAX, u64::MAX, u64::MAX)), Some(Complaint::Exhausted));
}

#[test]
fn a_hang_counts_however_the_sensor_is_ended_then() {
    let mut one = One::with_good(&[1]);
    one.offer(2).unwrap();
    assert_eq!(one.see(&Observation::Healthy(Health { stalled: true, ..BAKED })), Act::Restart);
    one.start(Ended::Killed);
    assert!(one.told.contains(&Reason::Counted(Rung::Candidate, Ended::Hung)), "{:?}", one.told);
    assert_eq!(one.state.candidate.unwrap().tries, POLICY.tries - 2);
}

#[test]
fn a_candidate_that_never_comes_to_an_end_is_set_aside_and_may_come_back() {
    let mut one = One::with_good(&[1]);
    one.offer(2).unwrap();
    for _ in 1..POLICY.starts {
        assert_eq!(one.start(Ended::Killed), Rung::Candidate);
    }
    assert_eq!(one.start(Ended::Killed), Rung::Good);
    assert!(one.told.contains(&Reason::SetAside(content(2))), "{:?}", one.told);
    assert_eq!(one.offer(2), Ok(()), "nothing was held against it");
}

#[test]
fn what_cannot_be_used_is_passed_over_and_not_given_up() {
    let mut one = One::with_good(&[1, 2]);
    one.found.good = Usable::No(Unusable::Damaged);
    assert_eq!(one.start(Ended::Stopped), Rung::Earlier);
    assert!(one.told.contains(&Reason::Passed(Rung::Good, Unusable::Damaged)));
    one.found.earlier = Usable::No(Unusable::Missing);
    assert_eq!(one.start(Ended::Stopped), Rung::Factory);
    one.found.factory = Usable::No(Unusable::Missing);
    assert_eq!(one.start(Ended::Stopped), Rung::Nothing);
    one.found = ALL;
    assert_eq!(one.start(Ended::Stopped), Rung::Good);
    assert_eq!(one.state.quarantine, [None; 4]);
}

#[test]
fn sequences_rise_and_by_no_more_than_a_step() {
    let mut one = One::with_good(&[5]);
    assert_eq!(one.offer(4), Err(Refusal::Old { offered: Sequence(4), known: Sequence(5) }));
    assert_eq!(one.offer(5), Err(Refusal::Known(Rung::Good)));
    let most = Sequence(5 + POLICY.step);
    assert_eq!(one.offer(1 << 63), Err(Refusal::Ahead { offered: Sequence(1 << 63), most }));
    assert_eq!(one.offer(most.0), Ok(()));
    one.see(&Observation::Healthy(judged(1_000, 1_000, 0)));
    assert_eq!(one.state.floor, Sequence(5), "only what was confirmed raises the floor");
}

#[test]
fn an_admission_counts_for_the_state_that_gave_it() {
    let mut one = One::with_good(&[1]);
    let claim = Claim { content: content(2), issued: None, install_until: None };
    let considered = one.state.consider(claim, 1, &DEVICE, &POLICY).unwrap();
    let admitted = considered.without_log().matches(content(2).digest).unwrap().verified(Ok(Sequence(2))).unwrap();
    one.offer(3).unwrap();
    one.see(&Observation::Offered(admitted));
    assert_eq!(one.running(), (Rung::Candidate, 3));
    assert!(one.told.contains(&Reason::Stale));
}

#[test]
fn expiry_is_about_installing_and_the_clock_is_believed_forward_only() {
    let mut one = One::with_good(&[1]);
    let claim = |issued, until| Claim { content: content(2), issued, install_until: Some(until) };
    let ask = |state: &State, until, device: &Device| state.consider(claim(None, until), 1, device, &POLICY).map(drop);
    let expired = |until, now| Err(Refusal::Expired { until, now });
    assert_eq!(ask(&one.state, 99, &Device { wall: Some(100), ..DEVICE }), expired(99, 100));
    assert_eq!(ask(&one.state, 100, &Device { wall: Some(100), ..DEVICE }), Ok(()));
    assert_eq!(
        ask(&one.state, 99, &Device { wall: Some(0), built: 100, ..DEVICE }),
        expired(99, 100),
        "clock in the past"
    );
    assert_eq!(ask(&one.state, 99, &DEVICE), Ok(()), "no clock: sequences decide");
    // Clock far in the future, then right: nothing was learned from it.
    let _ = ask(&one.state, u64::MAX, &Device { wall: Some(u64::MAX), ..DEVICE });
    assert_eq!(one.state.time, 0);
    let considered = one.state.consider(claim(Some(500), 1_000), 1, &DEVICE, &POLICY).unwrap();
    let admitted = considered.without_log().matches(content(2).digest).unwrap().verified(Ok(Sequence(2))).unwrap();
    one.see(&Observation::Offered(admitted));
    assert_eq!(one.state.time, 500, "a signature vouched for it");
}

#[test]
fn systemd_words_are_what_they_mean() {
    for (result, code, status, ended) in [
        ("success", "exited", "0", Ended::Stopped),
        ("success", "killed", "TERM", Ended::Stopped),
        ("oom-kill", "killed", "KILL", Ended::OutOfMemory),
        ("signal", "killed", "KILL", Ended::Killed),
        ("signal", "killed", "SEGV", Ended::Crashed),
        ("core-dump", "dumped", "ABRT", Ended::Crashed),
        ("watchdog", "dumped", "ABRT", Ended::Hung),
        ("timeout", "killed", "KILL", Ended::Hung),
        ("exit-code", "exited", "101", Ended::Crashed),
        ("start-limit-hit", "", "", Ended::Stopped),
        ("", "", "", Ended::Unexplained),
    ] {
        assert_eq!(Ended::of_systemd(result, code, status), ended, "{result} {code} {status}");
    }
}
