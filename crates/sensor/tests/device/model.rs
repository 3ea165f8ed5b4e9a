//! Random lives of a device: offers, trials, crashes, cuts, full and failing disks, wrong clocks, damage, second agents. Beside
//! it a model that knows little: what was confirmed, what was given up, which states were written.

use std::collections::BTreeSet;

use contentcheck_sensor::{BootId, DiskError, Ended, Memory, Refusal, Rung, Sequence, State};
use proptest::prelude::*;

use crate::common::{Device, World, envelope, evaluate, image, runs};

#[derive(Clone, Copy, Debug)]
enum Step {
    /// A release that is so much ahead of the last one that was offered.
    Offer(i8),
    /// The wrong bytes, or the wrong key.
    Forge(bool),
    Bake,
    Exhaust,
    Kill(u8),
    Restart(Ended),
    Stop,
    /// The power goes at this call from now on, or at once.
    Cut(u8),
    /// One in so many calls fails until the next start.
    Fail(u8),
    /// One in so many calls fails from the next start on, whatever is started.
    Age(u8),
    Room(u16),
    ReadOnly(bool),
    Wall(u8),
    Elapsed(u8),
    Hours(u8),
    SecondAgent,
    /// The image that runs is damaged on disk.
    Rot,
    /// One copy of the state is damaged on disk.
    RotState(bool),
}

fn step() -> impl Strategy<Value = Step> {
    let ended = prop::sample::select(Ended::ALL.to_vec());
    prop_oneof![
        6 => (-2_i8..4).prop_map(Step::Offer),
        1 => any::<bool>().prop_map(Step::Forge),
        8 => Just(Step::Bake),
        1 => Just(Step::Exhaust),
        2 => any::<u8>().prop_map(Step::Kill),
        6 => ended.prop_map(Step::Restart),
        3 => Just(Step::Stop),
        5 => (0_u8..40).prop_map(Step::Cut),
        2 => (2_u8..20).prop_map(Step::Fail),
        1 => (1_u8..20).prop_map(Step::Age),
        1 => (0_u16..6_000).prop_map(Step::Room),
        1 => any::<bool>().prop_map(Step::ReadOnly),
        1 => any::<u8>().prop_map(Step::Wall),
        1 => any::<u8>().prop_map(Step::Elapsed),
        1 => (1_u8..30).prop_map(Step::Hours),
        1 => Just(Step::SecondAgent),
        1 => Just(Step::Rot),
        1 => any::<bool>().prop_map(Step::RotState),
    ]
}

struct Model {
    world: World,
    device: Option<Device>,
    last: u64,
    /// The state that was last known to be on disk.
    saved: Option<State>,
    given_up: BTreeSet<u64>,
    /// Content whose image was damaged on disk.
    rotten: BTreeSet<u64>,
    /// Whether calls have failed since the last start, so that an image could not be read.
    is_failing: bool,
    offers: u64,
    starts: u64,
    cuts: u64,
}

impl Model {
    fn new(seed: u64) -> Self {
        let mut world = World::new();
        world.dice.0 = seed;
        let device = world.open();
        let mut model = Self {
            world,
            device: Some(device),
            last: 0,
            saved: None,
            given_up: BTreeSet::new(),
            rotten: BTreeSet::new(),
            is_failing: false,
            offers: 0,
            starts: 1,
            cuts: 0,
        };
        model.look();
        model
    }

    fn take(&mut self, step: Step) {
        let Some(mut device) = self.device.take() else { return };
        match step {
            Step::Offer(ahead) => {
                let sequence = self.last.saturating_add_signed(ahead.into()).max(1);
                self.last = self.last.max(sequence);
                let offered = crate::common::content(sequence);
                let before = *device.state();
                let is_kept = Rung::LADDER.iter().any(|rung| before.content(*rung) == Some(offered));
                let outcome = device.offer(&image(sequence), &envelope("release", sequence));
                self.offers += 1;
                if outcome.is_ok() {
                    assert!(!self.given_up.contains(&sequence), "{sequence} was given up");
                }
                if outcome.is_ok() && is_kept {
                    // It repaired an image that could not be read, and nothing else.
                    assert!(self.rotten.remove(&sequence) || self.is_failing, "{sequence} was whole");
                    let after = device.state();
                    assert_eq!((before.good, before.earlier), (after.good, after.earlier));
                    assert_eq!((before.floor, before.burnt), (after.floor, after.burnt));
                } else if let Some(saved) = self.saved.filter(|saved| saved.floor >= Sequence(sequence)) {
                    assert!(outcome.is_err(), "{sequence} is not above the floor of {saved:?}");
                }
            }
            Step::Forge(key) => {
                let forged = self.last + 1;
                let outcome = if key {
                    device.offer(&image(forged), &envelope("thief", forged))
                } else {
                    device.offer(&image(forged + 1), &envelope("release", forged))
                };
                let is_refused = matches!(
                    outcome,
                    Err(Refusal::Distrusted(_)
                        | Refusal::Digest
                        | Refusal::ReadOnly
                        | Refusal::Memory
                        | Refusal::Space { .. }
                        | Refusal::Taken)
                );
                assert!(is_refused, "{outcome:?}");
            }
            Step::Bake => {
                evaluate(&mut device.reader(), 10);
                self.pass(101);
                let _ = device.check();
            }
            Step::Exhaust => {
                let mut reader = device.reader();
                for _ in 0..100 {
                    let _ = crate::common::evaluate_one(&mut reader, "/bin/true", 1);
                }
                let _ = device.check();
            }
            Step::Kill(epoch) => {
                let list = format!("contentcheck kill list 1\nepoch {}\nall\n", u64::from(epoch) + 1);
                let _ = device.kill(list.as_bytes(), b"release");
            }
            Step::Restart(ended) => {
                self.note(&mut device);
                drop(device);
                self.world.platter().restart();
                self.world.machine().ended = ended;
                self.world.machine().elapsed = Some(0);
                device = self.start();
            }
            Step::Stop => {
                self.note(&mut device);
                device.stop();
                self.saved = self.certain().or(self.saved);
                self.world.platter().restart();
                self.world.machine().ended = Ended::Unexplained;
                device = self.start();
            }
            Step::Cut(0) => device = self.cut(device),
            Step::Cut(calls) => {
                let mut platter = self.world.platter();
                platter.cut = Some(platter.calls + usize::from(calls));
            }
            Step::Fail(of) => {
                self.is_failing = true;
                let dice = self.world.dice.clone();
                self.world.platter().fails = Some((dice, of.into()));
            }
            Step::Age(of) => {
                let dice = self.world.dice.clone();
                self.world.platter().ages = (of < 15).then_some((dice, of.into()));
            }
            Step::Room(room) => {
                let used: usize = self.world.platter().backup().iter().map(|(_, bytes)| bytes.len()).sum();
                self.world.platter().room = (room < 3_000).then_some(used + usize::from(room));
                self.world.platter().fail_next = (room % 7 == 0).then_some(("sync", DiskError::Full));
            }
            Step::ReadOnly(read_only) => self.world.platter().read_only = read_only,
            Step::Wall(wall) => {
                self.world.machine().wall = [None, Some(0), Some(u64::MAX), Some(1_800_000_000)][usize::from(wall % 4)];
                self.world.machine().boot = [None, Some(BootId([wall; 16]))][usize::from(wall / 128)];
            }
            Step::Elapsed(elapsed) => {
                self.world.machine().elapsed = [None, Some(0), Some(u64::MAX), Some(7)][usize::from(elapsed % 4)];
                let _ = device.check();
            }
            Step::Hours(hours) => {
                self.pass(u64::from(hours) * 3_600);
                let _ = device.check();
            }
            Step::SecondAgent => {
                let second = self.world.open();
                assert!(!(device.is_writable() && second.is_writable()), "two sensors write");
            }
            Step::Rot => {
                let (rung, sequence) = runs(&device);
                if !matches!(rung, Rung::Factory | Rung::Nothing) {
                    let path = format!("images/{}", crate::common::content(sequence).digest);
                    if self.world.platter().file(&path).is_some() {
                        self.world.platter().rot(&path);
                        self.rotten.insert(sequence);
                    }
                }
            }
            Step::RotState(first) => {
                // One copy is damaged where there are two: a disk that damages both at once has lost them. A copy that could not be
                // synced is not on the disk yet, though a process that starts later reads it.
                let are_kept = ["state.a", "state.b"].iter().all(|copy| self.world.platter().is_kept(copy));
                if are_kept && device.status().both_copies {
                    let path = if first { "state.a" } else { "state.b" };
                    if self.world.platter().file(path).is_some() {
                        self.world.platter().rot(path);
                    }
                    self.note(&mut device);
                    drop(device);
                    self.world.platter().restart();
                    self.world.machine().ended = Ended::Stopped;
                    device = self.start();
                }
            }
        }
        if self.world.platter().is_dead {
            device = self.cut(device);
        }
        self.device = Some(device);
        self.look();
    }

    fn pass(&mut self, seconds: u64) {
        let mut machine = self.world.machine();
        machine.elapsed = machine.elapsed.map(|elapsed| elapsed.saturating_add(seconds));
    }

    /// The state of both copies, where they agree: the one that was written first is on disk then.
    fn certain(&self) -> Option<State> {
        let mut platter = self.world.platter();
        let read = |bytes: Option<&mut Vec<u8>>| bytes.and_then(|bytes| State::from_record(bytes).ok());
        let (a, b) = (read(platter.file("state.a")), read(platter.file("state.b")));
        a.filter(|_| a == b)
    }

    fn cut(&mut self, mut device: Device) -> Device {
        self.cuts += 1;
        self.note(&mut device);
        drop(device);
        self.world.come_back();
        self.start()
    }

    /// What the caller was told is written must be there from now on.
    fn note(&mut self, device: &mut Device) {
        if !device.status().is_saved {
            return;
        }
        // Only what a whole write made: what was kept in memory has the generation of the state before.
        let state = *device.state();
        if self.saved.is_none_or(|saved| state.generation > saved.generation) {
            self.saved = Some(state);
        }
    }

    fn start(&mut self) -> Device {
        self.starts += 1;
        self.is_failing = false;
        let before = self.saved;
        let on_disk = ["state.a", "state.b"]
            .map(|name| self.world.platter().file(name).and_then(|bytes| State::from_record(bytes).ok()));
        let written = self.world.platter().calls;
        let mut device = self.world.open();
        let gave = self.world.platter().gave;
        if gave != [true; 2] {
            self.not_given(&device, on_disk, gave, written);
        }
        // Where it could not be written how the last run ended, factory content runs until it can.
        self.is_failing = !device.status().is_saved || !device.is_writable() || self.world.platter().fails.is_some();
        // No state that was written is lost, where the disk gives both copies.
        if gave == [true; 2]
            && let Some(before) = before.filter(|before| before.generation > 0)
        {
            assert!(!matches!(device.memory(), Memory::Lost(_) | Memory::Fresh), "{before:?}");
            if !matches!(device.memory(), Memory::Unreadable(_)) {
                let state = device.state();
                assert!(state.generation >= before.generation, "{before:?}\n{state:?}");
                assert!(state.floor >= before.floor && state.burnt >= before.burnt, "{before:?}\n{state:?}");
                let epoch = |state: &State| state.kill.map_or(0, |kill| kill.epoch);
                assert!(epoch(state) >= epoch(&before), "{before:?}\n{state:?}");
            }
        }
        device
    }

    /// What holds where the disk did not give a copy of the state, however often it was asked: the device goes on from the one that it gave,
    /// which is one decision behind at most, and kill lists that it has on disk go on. If it gave none that is a state, the device
    /// writes nothing.
    fn not_given(&mut self, device: &Device, on_disk: [Option<State>; 2], gave: [bool; 2], written: usize) {
        let given = on_disk.iter().zip(gave).filter(|(_, given)| *given).filter_map(|(state, _)| *state);
        match given.max_by_key(|state| state.generation) {
            Some(given) => {
                assert_eq!(device.memory(), Memory::OneCopy);
                let (floor, burnt) = (device.state().floor, device.state().burnt);
                assert!(device.state().generation >= given.generation && floor >= given.floor && burnt >= given.burnt);
                self.saved = Some(given);
            }
            None => {
                let unread = matches!(device.memory(), Memory::Unreadable(_)) && !device.is_writable();
                assert!(unread, "{:?}", device.memory());
                let platter = self.world.platter();
                let is_evidence = |call: &String| call.contains("evidence/");
                assert!(platter.log.iter().skip(written).all(is_evidence), "{:?}", platter.log);
            }
        }
    }

    /// What holds at every moment.
    fn look(&mut self) {
        let Some(mut device) = self.device.take() else { return };
        let state = *device.state();
        assert!(state.is_consistent(), "{state:?}");
        let (rung, sequence) = runs(&device);
        // What is given up while nothing can be written is known until the next start.
        if device.status().is_saved {
            self.given_up.extend(state.quarantine.iter().flatten().map(|entry| entry.content.sequence.0));
        }
        let is_given_up_now = state.quarantine.iter().flatten().any(|entry| entry.content.sequence.0 == sequence);
        assert!(!is_given_up_now || rung == Rung::Factory, "{sequence} was given up, and runs");
        assert!(!self.given_up.contains(&sequence), "{sequence} was given up, and runs");
        // It runs last known good or newer, unless that is under suspicion, damaged, or not to be had from the disk.
        if let Some(good) = state.good.filter(|good| !good.suspect) {
            let good = good.content.sequence.0;
            let is_there = !self.rotten.contains(&good) && !matches!(device.memory(), Memory::Unreadable(_));
            if is_there && !self.is_failing {
                assert!(sequence >= good, "{rung:?} {sequence} runs, and {good} is good\n{}", device.status());
            }
        }
        // A candidate runs only where that is on disk.
        if rung == Rung::Candidate {
            assert!(state.candidate.is_some_and(|candidate| candidate.armed.is_some()), "{}", device.status());
        }
        assert_ne!(rung, Rung::Nothing, "factory content is always there");
        self.note(&mut device);
        self.device = Some(device);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("SENSOR_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(10_000),
        max_shrink_iters: 3_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_state_is_lost_and_the_device_comes_up_with_good_content(
        seed in any::<u64>(),
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let mut model = Model::new(seed);
        for step in steps {
            model.take(step);
        }
        TOTALS.add(&model);
    }
}

/// What all sequences together did, for whoever wants to know what a pass means.
struct Totals(std::sync::Mutex<[u64; 4]>);

static TOTALS: Totals = Totals(std::sync::Mutex::new([0; 4]));

impl Totals {
    fn add(&self, model: &Model) {
        let mut totals = self.0.lock().unwrap();
        let confirmed = model.saved.map_or(0, |saved| u64::from(saved.floor > Sequence(0)));
        for (total, more) in totals.iter_mut().zip([model.offers, model.starts, model.cuts, confirmed]) {
            *total += more;
        }
        let [offers, starts, cuts, confirmed] = *totals;
        if starts % 1_000 < model.starts {
            println!("{offers} offers, {starts} starts, {cuts} power cuts, {confirmed} lives with confirmed content");
        }
    }
}

/// A rename that was not synced may leave a file under both of its names. Whoever writes to the one then writes to the other,
/// which was the last whole copy of the state.
#[test]
fn what_is_left_in_tmp_is_not_written_to() {
    use Step::{Bake, Cut, Exhaust, Fail, Kill, Offer, Room, Rot, RotState, SecondAgent};
    let mut model = Model::new(2_555_431_436_553_759_665);
    for step in [
        Offer(0),
        Offer(1),
        Exhaust,
        Offer(1),
        Offer(1),
        RotState(false),
        Fail(7),
        Rot,
        Room(640),
        Bake,
        SecondAgent,
        Cut(28),
        Kill(0),
        Offer(0),
        Exhaust,
        Offer(1),
        RotState(true),
    ] {
        model.take(step);
    }
}

/// Damage to the copy that is on the disk, while the other one could never be synced, is damage to both.
#[test]
fn a_copy_that_was_never_synced_is_none() {
    let mut model = Model::new(10_726_079_686_122_119_733);
    for step in [
        Step::Age(3),
        Step::Restart(Ended::Never),
        Step::Restart(Ended::Crashed),
        Step::Restart(Ended::Killed),
        Step::ReadOnly(true),
        Step::RotState(false),
        Step::Cut(0),
    ] {
        model.take(step);
    }
}

/// A copy of the state that the disk gives when the store is tidied, and did not give when it was read, says nothing of what was read.
#[test]
fn a_copy_that_is_given_too_late_was_not_given() {
    let mut model = Model::new(4_406_537_512_002_554_180);
    for step in
        [Step::Offer(0), Step::Age(2), Step::Restart(Ended::Never), Step::Hours(16), Step::Restart(Ended::Never)]
    {
        model.take(step);
    }
}
