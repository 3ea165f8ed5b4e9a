//! The log on the device: tokens, rings, floors that no plan can change, and what a device does not forget of the log.

use crate::common::{Device, World, content, envelope, image, runs, told};
use crate::log;
use contentcheck_log::token::NEWER;
use contentcheck_log::{Class, Hash, NoToken, Opening};
use contentcheck_sensor::rings::{BAKE_ROUTINE, BAKE_URGENT, FIRST_SHARE, FRESH, delay, ring_of};
use contentcheck_sensor::{Condition, DeviceId, Digest, Ended, Member, Refusal, Role, Rung, Unproven, Unsafe};

const NOW: u64 = 1_800_000_000;

/// A log with openings of rings, and who signs it.
struct Log {
    world: log::World,
    entries: Vec<Vec<u8>>,
}

fn opening(sequence: u64, ring: u8) -> Opening {
    let mut shares = [0; 15];
    shares[..3].copy_from_slice(&[FIRST_SHARE, 10 * FIRST_SHARE, 1 << 31]);
    let image = *content(sequence).digest.bytes();
    Opening { plan: Hash([1; 32]), image, sequence, salt: [sequence as u8; 32], class: Class::Routine, ring, shares }
}

impl Log {
    fn new() -> Self {
        Self { world: log::World::new(), entries: log::entries(5) }
    }

    fn open(&mut self, opening: Opening) -> usize {
        self.entries.push(opening.to_bytes().to_vec());
        self.entries.len() - 1
    }

    fn proof(&self, at: usize, size: usize, time: u64) -> String {
        self.world.proof(at, &self.entries[..size], [Some(time), Some(time), None])
    }

    /// Opens rings up to one, each as long after the one before as is asked for, the last one now.
    fn token_after(&mut self, opening: Opening, apart: u64) -> Vec<u8> {
        let mut rings = Vec::new();
        for ring in 0..=opening.ring {
            let at = self.open(Opening { ring, ..opening });
            rings.push((at, self.entries.len()));
        }
        let mut newest = rings.iter().rev();
        let (at, size) = *newest.next().unwrap();
        let mut token = self.proof(at, size, NOW);
        if let Some((at, size)) = newest.next() {
            token += &self.proof(*at, *size, NOW - apart);
        }
        token.into_bytes()
    }

    fn token(&mut self, opening: Opening) -> Vec<u8> {
        self.token_after(opening, BAKE_ROUTINE)
    }

    fn checkpoint(&self, size: usize, time: u64) -> Vec<u8> {
        self.world.note(&self.entries[..size], [Some(time), None, Some(time)]).into_bytes()
    }
}

/// An id that is in this ring for this opening.
fn id_in(ring: u8, opening: &Opening) -> Digest {
    (0_u32..)
        .map(|number| Digest::of(&number.to_le_bytes()))
        .find(|id| ring_of(DeviceId(*id), None, opening) == ring)
        .unwrap()
}

/// A world whose sensor asks for the log.
fn logged(log: &Log, nonce: Digest) -> World {
    let mut world = World::new();
    world.config.log = Some(log.world.policy().leak());
    world.machine().nonce = Some(nonce);
    world.machine().hardware = Some(Digest::of(b"hardware"));
    world
}

fn offer(device: &mut Device, sequence: u64, token: &[u8]) -> Result<(), Refusal> {
    device.offer_opened(&image(sequence), &envelope("release", sequence), token).map(drop)
}

#[test]
fn content_is_taken_when_the_ring_of_this_device_is_open() {
    let mut log = Log::new();
    let world = logged(&log, id_in(2, &opening(1, 0)));
    let mut device = world.open();
    let first = log.token(opening(1, 1));
    assert_eq!(offer(&mut device, 1, &first), Err(Refusal::Ring { own: 2, open: 1 }));
    assert!(Refusal::Ring { own: 2, open: 1 }.is_for_now());
    assert_eq!(runs(&device), (Rung::Factory, 0));
    let token = log.token(opening(1, 2));
    offer(&mut device, 1, &token).unwrap();
    assert_eq!(runs(&device), (Rung::Candidate, 1));
    let seen = device.state().log.unwrap();
    assert_eq!((seen.size, device.state().time), (log.entries.len() as u64, NOW), "what came with it is kept");
    // After a restart too, and what runs needs no token.
    let mut device = world.restart(device, Ended::Stopped);
    assert_eq!((runs(&device), device.state().log), ((Rung::Candidate, 1), Some(seen)));
    let status = device.status();
    assert_eq!((status.condition(), status.log_silence), (Condition::Well, Some(0)), "{status}");
    assert!(status.to_string().contains("log         10 entries, last heard of 0 h ago"), "{status}");
}

#[test]
fn an_offer_without_the_word_of_the_log_is_refused() {
    let mut log = Log::new();
    let world = logged(&log, id_in(0, &opening(1, 0)));
    let mut device = world.open();
    let unsigned = device.offer(&image(1), &envelope("release", 1));
    assert_eq!(unsigned, Err(Refusal::Unproven(Unproven::Missing)));
    assert!(told(&device).contains("[CC1123] an offer is refused: no token of the log"), "{}", told(&device));
    let malformed = offer(&mut device, 1, b"open it");
    assert!(matches!(malformed, Err(Refusal::Unproven(Unproven::Token(NoToken::Proof(_))))));
    let other = log.token(opening(2, 0));
    assert_eq!(offer(&mut device, 1, &other), Err(Refusal::Unproven(Unproven::Other)));
    let token = log.token(Opening { sequence: 3, ..opening(1, 0) });
    assert_eq!(offer(&mut device, 1, &token), Err(Refusal::Unproven(Unproven::Other)), "the sequence is opened too");
    // The keys of the release must have signed it all the same.
    let token = log.token(opening(1, 0));
    let stolen = device.offer_opened(&image(1), &envelope("thief", 1), &token);
    assert!(matches!(stolen, Err(Refusal::Distrusted(_))));
    // One witness is not enough, and nor is a policy that says that it is.
    let at = log.entries.len() - 1;
    let alone = log.world.proof(at, &log.entries, [Some(NOW), None, None]);
    assert!(matches!(offer(&mut device, 1, alone.as_bytes()), Err(Refusal::Unproven(Unproven::Token(_)))));
    drop(device);
    let mut lax = logged(&log, id_in(0, &opening(1, 0)));
    lax.config.log = Some(log.world.policy().replace("group g 2", "group g any").leak());
    assert_eq!(offer(&mut lax.open(), 1, alone.as_bytes()), Err(Refusal::Unproven(Unproven::Quorum)));
    lax.config.log = Some("quorum none\n");
    assert!(matches!(offer(&mut lax.open(), 1, &token), Err(Refusal::Unproven(Unproven::Policy(_)))));
    // A device that does not know who it is.
    let world = logged(&log, Digest::of(b""));
    world.machine().nonce = None;
    assert_eq!(offer(&mut world.open(), 1, &token), Err(Refusal::NoIdentity));
}

#[test]
fn no_plan_is_faster_than_the_floors() {
    let percent = |percent: u32| percent * FIRST_SHARE;
    let plans: [(&[u32], Option<Unsafe>); 7] = [
        (&[percent(1), percent(10), 1 << 31], None),
        (&[percent(1), percent(9), percent(58)], None),
        (&[percent(2), percent(20), percent(60)], Some(Unsafe::First)),
        (&[percent(60)], Some(Unsafe::First)),
        (&[percent(1), percent(11), percent(60)], Some(Unsafe::Growth)),
        (&[percent(1)], Some(Unsafe::Growth)),
        (&[percent(1), percent(10), percent(40)], Some(Unsafe::Step)),
    ];
    for (at, (given, expected)) in plans.iter().enumerate() {
        let mut log = Log::new();
        let mut one = Opening { shares: [0; 15], ..opening(1, 0) };
        one.shares[..given.len()].copy_from_slice(given);
        let world = logged(&log, id_in(0, &one));
        let token = log.token(one);
        let outcome = offer(&mut world.open(), 1, &token);
        assert_eq!(outcome, expected.map_or(Ok(()), |why| Err(Refusal::Unsafe(why))), "plan {at}");
    }
}

#[test]
fn a_ring_bakes_by_the_clocks_of_witnesses() {
    for (class, needed) in [(Class::Routine, BAKE_ROUTINE), (Class::Urgent, BAKE_URGENT)] {
        let mut log = Log::new();
        let one = Opening { class, ..opening(1, 1) };
        let world = logged(&log, id_in(1, &one));
        let mut device = world.open();
        let early = log.token_after(one, needed - 1);
        assert_eq!(offer(&mut device, 1, &early), Err(Refusal::Soon { found: needed - 1, needed }));
        let token = log.token_after(one, needed);
        offer(&mut device, 1, &token).unwrap();
    }
}

#[test]
fn freeze_attack() {
    let mut log = Log::new();
    let world = logged(&log, id_in(0, &opening(1, 0)));
    let mut device = world.open();
    let token = log.token(opening(1, 0));
    world.machine().wall = Some(NOW + FRESH + 1);
    assert_eq!(offer(&mut device, 1, &token), Err(Refusal::Stale { seen: NOW, now: NOW + FRESH + 1 }));
    world.machine().wall = Some(NOW + FRESH);
    offer(&mut device, 1, &token).unwrap();
    assert!(!device.status().is_stale());
    // Nothing is heard for days: it is told, and content goes on running.
    world.machine().wall = Some(NOW + 3 * FRESH);
    let mut device = world.restart(device, Ended::Stopped);
    let status = device.status();
    assert_eq!(
        (runs(&device), status.condition(), status.is_stale()),
        ((Rung::Candidate, 1), Condition::Attention, true)
    );
    assert!(status.to_string().contains("last heard of 72 h ago: nothing new is taken"), "{status}");
    // A word of witnesses that nothing is new ends it.
    assert_eq!(device.hear(&log.checkpoint(6, NOW + 3 * FRESH - 60)), Ok(true));
    assert_eq!(device.hear(&log.checkpoint(6, NOW + 3 * FRESH - 60)), Ok(false));
    assert_eq!(device.status().condition(), Condition::Well);
    // A clock that is unknown freezes nothing.
    world.machine().wall = None;
    assert_eq!(device.status().log_silence, None);
}

#[test]
fn a_device_never_goes_back_to_an_older_log() {
    let mut log = Log::new();
    let world = logged(&log, id_in(0, &opening(1, 0)));
    let mut device = world.open();
    let old = log.token(opening(1, 0));
    let size = log.entries.len();
    log.entries.extend(log::entries(9));
    assert_eq!(device.hear(&log.checkpoint(size + 9, NOW)), Ok(true));
    let mut device = world.restart(device, Ended::Stopped);
    let back = Refusal::LogBack { offered: size as u64, known: size as u64 + 9 };
    assert_eq!(offer(&mut device, 1, &old), Err(back));
    assert_eq!(device.hear(&log.checkpoint(size, NOW)), Err(back));
    // Another log of the same size, signed by the same: somebody shows different logs to different devices.
    let mut other = Log::new();
    let forked = other.token(opening(1, 0));
    other.entries.extend(std::iter::repeat_n(b"another".to_vec(), 9));
    assert_eq!(device.hear(&other.checkpoint(size + 9, NOW)), Err(Refusal::LogFork { size: size as u64 + 9 }));
    assert_eq!(offer(&mut device, 1, &forked), Err(back));
    assert!(told(&device).contains("[CC1125] a checkpoint is refused"), "{}", told(&device));
    assert!(device.hear(b"").is_err());
    // The same token, over the log as it is now.
    let token = log.proof(size - 1, size + 9, NOW);
    offer(&mut device, 1, token.as_bytes()).unwrap();
    let mut without = World::new().open();
    assert_eq!(without.hear(&log.checkpoint(size, NOW)), Err(Refusal::Unproven(Unproven::Missing)));
}

#[test]
fn the_checkpoint_of_the_ring_before_is_of_the_same_log() {
    let mut log = Log::new();
    let world = logged(&log, id_in(1, &opening(1, 1)));
    let mut device = world.open();
    // The device has seen the log as it was when ring 0 was opened, and the token shows another one of that size.
    let mut other = Log::new();
    other.entries[0] = b"another".to_vec();
    let token = log.token(opening(1, 1));
    let size = log.entries.len() - 1;
    other.open(opening(1, 0));
    assert_eq!(device.hear(&other.checkpoint(size, NOW)), Ok(true));
    assert_eq!(offer(&mut device, 1, &token), Err(Refusal::LogFork { size: size as u64 }));
}

#[test]
fn ring_token_replay() {
    let mut log = Log::new();
    let token = log.token(opening(1, 0));
    for (ring, outcome) in
        [(0, Ok(())), (1, Err(Refusal::Ring { own: 1, open: 0 })), (3, Err(Refusal::Ring { own: 3, open: 0 }))]
    {
        let world = logged(&log, id_in(ring, &opening(1, 0)));
        assert_eq!(offer(&mut world.open(), 1, &token), outcome, "whoever brings it, each device finds its own ring");
    }
}

/// The ring of a device in a redundancy group is that of its place there, whatever its id; and no plan by which two of the group would be in one
/// ring is taken.
#[test]
fn devices_of_a_redundancy_group_go_one_after_the_other() {
    let mut log = Log::new();
    let any = Digest::of(b"any id");
    let member = |number, of| Member::new("db-7", number, of).ok();
    let of = |number, of| ring_of(DeviceId(any), member(number, of).as_ref(), &opening(1, 0));
    let (spare, main) = (of(1, 2), of(2, 2));
    assert!(spare < main, "{spare} {main}");
    let token = log.token(opening(1, spare));
    for (number, outcome) in [(1, Ok(())), (2, Err(Refusal::Ring { own: main, open: spare }))] {
        let mut world = logged(&log, any);
        world.config.member = member(number, 2);
        assert_eq!(offer(&mut world.open(), 1, &token), outcome);
    }
    // It is kept beside the id, so that whoever looks at the directory alone knows it too; and configuration is what counts.
    let mut world = logged(&log, any);
    world.config.member = member(1, 2);
    let mut device = world.open();
    assert_eq!(device.state().member, member(1, 2));
    assert!(device.status().to_string().contains("member      1 of 2 of its redundancy group"), "{}", device.status());
    world.config.member = None;
    let device = world.restart(device, Ended::Stopped);
    assert_eq!(device.state().member, None);
    // Half of the fleet in one ring has room for two of three.
    for (opened, outcome) in [(3, Err(Refusal::Unsafe(Unsafe::Group(3)))), (1, Err(Refusal::Unsafe(Unsafe::Group(3))))]
    {
        let token = log.token(opening(1, opened));
        let mut world = logged(&log, any);
        world.config.member = member(1, 3);
        assert_eq!(offer(&mut world.open(), 1, &token), outcome);
    }
}

/// A device that stays behind takes a release when as many newer ones are everywhere, and what shows that is in the log.
#[test]
fn devices_that_stay_behind_wait_for_newer_releases_to_be_everywhere() {
    let mut log = Log::new();
    let mut token = |sequence, ring| log.token(opening(sequence, ring));
    let everywhere = [1, 2, 3].map(|sequence| token(sequence, 3));
    let half = [1, 2].map(|sequence| token(sequence, 2));
    let file = |parts: &[&[u8]]| parts.join(NEWER.as_bytes());
    let [first, second, third] = everywhere.each_ref().map(Vec::as_slice);
    let behind = |needed, shown| Err(Refusal::Behind { needed, shown });
    let cases = [
        (0, file(&[first]), Ok(())),
        (0, file(&[first, second]), Ok(())),
        (1, file(&[first]), behind(1, 0)),
        (1, file(&[first, second]), Ok(())),
        (1, file(&[first, third, second]), Ok(())),
        // Not everywhere yet, or not newer.
        (1, file(&[first, &half[1]]), behind(1, 0)),
        (1, file(&[first, first]), behind(1, 0)),
        (1, file(&[&half[0], second]), Err(Refusal::Ring { own: 3, open: 2 })),
        (2, file(&[first, second]), behind(2, 1)),
        (2, file(&[first, second, second]), behind(2, 1)),
        (2, file(&[first, third, second]), behind(2, 1)),
        (2, file(&[first, second, third]), Ok(())),
    ];
    // Another device's id, whose ring was open long before: by its class it is in none but the last.
    for id in [id_in(0, &opening(1, 0)), id_in(3, &opening(1, 0))] {
        for (number, (behind, token, outcome)) in cases.iter().enumerate() {
            let mut world = logged(&log, id);
            world.config.behind = *behind;
            assert_eq!(offer(&mut world.open(), 1, token), *outcome, "case {number}");
        }
        // A token that was kept for longer than a day is none beside fresh ones, also where the device knows no time.
        let size = log.entries.len();
        let at = log.entries.iter().position(|entry| **entry == opening(1, 3).to_bytes()).unwrap();
        let old = log.proof(at, size, NOW - FRESH - 1) + &log.proof(at - 1, size, NOW - FRESH - 1 - BAKE_ROUTINE);
        let mut world = logged(&log, id);
        world.config.behind = 1;
        let stale = offer(&mut world.open(), 1, &file(&[old.as_bytes(), second]));
        assert_eq!(stale, Err(Refusal::Stale { seen: NOW - FRESH - 1, now: NOW }));
        let mut world = logged(&log, id);
        world.config.behind = 2;
        let many = offer(&mut world.open(), 1, &file(&[first, second, third, third]));
        assert_eq!(many, Err(Refusal::Unproven(Unproven::Token(NoToken::Bytes))));
        let mut world = logged(&log, id);
        world.config.behind = 1;
        let mut device = world.open();
        assert!(matches!(offer(&mut device, 1, &file(&[first, b"junk"])), Err(Refusal::Unproven(Unproven::Token(_)))));
        let taken = file(&[first, second]);
        offer(&mut device, 1, &taken).unwrap();
        assert!(device.status().to_string().contains("behind      1 behind the newest release"), "{}", device.status());
    }
}

#[test]
fn ring_drift() {
    let devices: Vec<DeviceId> = (0_u32..20_000).map(|number| DeviceId(Digest::of(&number.to_le_bytes()))).collect();
    let rings =
        |sequence: u64| -> Vec<u8> { devices.iter().map(|id| ring_of(*id, None, &opening(sequence, 0))).collect() };
    let first = rings(1);
    assert_eq!(first, rings(1), "within a rollout, a device stays where it is");
    let share = |rings: &[u8], ring: u8| rings.iter().filter(|one| **one == ring).count();
    // 1, 9, 40 and 50 percent.
    assert!((140..260).contains(&share(&first, 0)), "{}", share(&first, 0));
    assert!((1_600..2_000).contains(&share(&first, 1)), "{}", share(&first, 1));
    assert!((7_700..8_300).contains(&share(&first, 2)) && (9_700..10_300).contains(&share(&first, 3)));
    let second = rings(2);
    let both = first.iter().zip(&second).filter(|(a, b)| (**a, **b) == (0, 0)).count();
    assert!(both < 12, "{both} devices are first twice in a row");
}

#[test]
fn thundering_herd() {
    let delays: Vec<u64> = (0_u32..10_000)
        .map(|number| delay(DeviceId(Digest::of(&number.to_le_bytes())), content(1).digest, 3_600))
        .collect();
    for minute in 0..60 {
        let count = delays.iter().filter(|delay| **delay / 60 == minute).count();
        assert!((100..240).contains(&count), "{count} devices come in minute {minute}");
    }
    let id = DeviceId(Digest::of(b"one"));
    assert_ne!(delay(id, content(1).digest, 1 << 40), delay(id, content(2).digest, 1 << 40), "not the same ones first");
    assert_eq!(delay(id, content(1).digest, 0), 0);
}

#[test]
fn cloned_machines() {
    let mut log = Log::new();
    let world = logged(&log, id_in(0, &opening(1, 0)));
    let mut device = world.open();
    let token = log.token(opening(1, 0));
    offer(&mut device, 1, &token).unwrap();
    let id = device.state().identity.unwrap().id;
    assert!(told(&device).contains("this device has the id"), "{}", told(&device));
    world.machine().nonce = Some(Digest::of(b"other randomness"));
    let device = world.restart(device, Ended::Stopped);
    assert_eq!(device.state().identity.unwrap().id, id, "an id is made once");
    world.machine().hardware = None;
    let device = world.restart(device, Ended::Stopped);
    assert_eq!(device.state().identity.unwrap().id, id, "a system that does not tell is no other machine");
    // A copy of the disk in another machine: an id of its own, and the content that is there.
    world.machine().hardware = Some(Digest::of(b"another machine"));
    let device = world.restart(device, Ended::Stopped);
    let clone = device.state().identity.unwrap().id;
    assert_ne!(clone, id);
    assert_eq!(runs(&device), (Rung::Candidate, 1));
    assert!(told(&device).contains("this machine was cloned"), "{}", told(&device));
    assert_eq!(world.restart(device, Ended::Stopped).state().identity.unwrap().id, clone);
    // One that only reads makes none.
    let fresh = World::new();
    fresh.machine().nonce = Some(Digest::of(b"x"));
    let owner = fresh.open();
    let guest = fresh.open();
    assert_eq!(guest.role(), Role::Guest);
    assert_eq!(guest.state().identity, owner.state().identity);
}

#[test]
fn root_key_compromised() {
    // The remedy is a sensor build with another root: what the old one signed neither comes in nor runs.
    let mut world = World::new();
    let device = world.with_good(&[1]);
    (world.keys.install, world.keys.run) = (vec!["new"], vec!["new"]);
    world.config.build = Digest::of(b"build 2");
    let mut device = world.restart(device, Ended::Stopped);
    assert_eq!(runs(&device), (Rung::Factory, 0));
    assert_eq!(device.status().condition(), Condition::Degraded);
    let stolen = device.offer(&image(2), &envelope("release", 2));
    assert!(matches!(stolen, Err(Refusal::Distrusted(_))));
    device.offer(&image(2), &envelope("new", 2)).unwrap();
    assert_eq!(runs(&device), (Rung::Candidate, 2));
    assert_eq!(device.state().floor, content(1).sequence, "what was confirmed is not forgotten");
}
