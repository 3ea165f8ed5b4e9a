//! Counting reports: what is sent twice counts once, counts only rise, and what becomes of a device is told as it is.

use crate::common::{Book, LOG, Outcome, START, key};
use contentcheck_log::write::SecretKey;
use contentcheck_log::{Algorithm, Class, Hash};
use contentcheck_rollout::census::Device;
use contentcheck_rollout::entry::{Evidence, Observed, Plan};
use contentcheck_rollout::report::What;
use contentcheck_rollout::{Body, Policy, Received, Report, Roll, State, Tally};
use proptest::prelude::*;

const MINUTE: u64 = 60;
/// What the standard policy lets a device be silent for, and for how long the first ring is watched.
const PATIENCE: u64 = 30 * MINUTE;
const WATCH: u64 = 4 * 60 * MINUTE;

struct Fleet {
    keys: Vec<SecretKey>,
    roll: Roll,
    book: Book,
}

/// Five devices with keys, among thirty thousand without.
fn fleet() -> Outcome<Fleet> {
    fleet_of(Class::Routine)
}

fn fleet_of(class: Class) -> Outcome<Fleet> {
    let keys = (0..5).map(|number| key(&format!("device-{number}"), Algorithm::Note)).collect::<Outcome<Vec<_>>>()?;
    let mut devices: Vec<Device> = keys
        .iter()
        .map(|key| Device { key: key.public(), stratum: "linux".into(), held: false, group: None, behind: 0 })
        .collect();
    for number in 0..30_000_u64 {
        let mut key = [0xEE; 32];
        key[..8].copy_from_slice(&number.to_le_bytes());
        devices.push(Device { key, stratum: "linux".into(), held: false, group: None, behind: 0 });
    }
    let roll = Roll::new(devices)?;
    let mut book = Book::new(State::new(LOG))?;
    let census = book.signed(None, START, Body::Census(roll.census().clone()), 2)??;
    let release = book.release(1)?;
    let plan = Plan { release, census, class, reverts: None, policy: Policy::read(Policy::STANDARD)? };
    book.signed(None, START, Body::Plan(plan), 2)??;
    book.start(START)??;
    book.open()??;
    Ok(Fleet { keys, roll, book })
}

impl Fleet {
    /// A tally in which every ring opened before anything is reported.
    fn tally(&self) -> Outcome<Tally> {
        let tally = self.book.state.newest().and_then(Tally::new).ok_or("not started")?;
        Ok(tally.with_openings(vec![0; 5]))
    }

    fn id(&self) -> Hash {
        self.book.state.newest().map_or_else(Hash::empty, |rollout| rollout.id())
    }

    /// The ring that a device is in.
    fn ring(&self, device: usize) -> u8 {
        let opening = self.book.state.newest().and_then(|rollout| rollout.opening(0));
        opening.zip(self.keys.get(device)).map_or(0, |(opening, key)| opening.ring_of(&key.public(), None))
    }

    fn report(&self, device: usize, number: u64, at: u64, what: What) -> Outcome<(Vec<u8>, Received)> {
        let key = self.keys.get(device).ok_or("no such device")?;
        let report =
            Report { device: key.public(), rollout: self.id(), number, clock: at, what, seen: (1, Hash([1; 32])) };
        let bytes = report.sign(key);
        let received = Received::read(&bytes, at).ok_or("no report")?;
        Ok((bytes, received))
    }

    fn add(&self, tally: &mut Tally, device: usize, number: u64, at: u64, what: What) -> Outcome {
        let (bytes, received) = self.report(device, number, at, what)?;
        tally.add(&self.roll, &bytes, &received);
        Ok(())
    }

    /// What all rings together show.
    fn all(&self, tally: &Tally, until: u64) -> Observed {
        let rings = (0..5).flat_map(|ring| tally.evidence(ring, until).strata);
        rings.fold(Observed::default(), |sum, (_, observed)| sum.and(&observed))
    }
}

#[test]
fn a_report_that_was_changed_is_none() -> Outcome {
    let fleet = fleet()?;
    let (bytes, _) = fleet.report(0, 1, START, What::Receipt)?;
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        if let Some(byte) = changed.get_mut(at) {
            *byte ^= 1;
        }
        assert_eq!(Received::read(&changed, START), None, "byte {at}");
        assert_eq!(Received::read(bytes.get(..at).unwrap_or(&[]), START), None);
    }
    Ok(())
}

/// What is said before a ring is open would be time of a watch that nobody kept.
#[test]
fn a_device_is_watched_from_when_its_ring_is_open() -> Outcome {
    let fleet = fleet()?;
    let opened = START + 360_000;
    let tally = || fleet.tally().map(|tally| tally.with_openings(vec![opened; 5]));
    let mut early = tally()?;
    for device in 0..5 {
        fleet.add(&mut early, device, 1, START, What::Receipt)?;
        fleet.add(&mut early, device, 2, START + 3_600, What::Failed)?;
        fleet.add(&mut early, device, 3, opened - 1, What::Well)?;
    }
    let seen = fleet.all(&early, opened + 60);
    assert_eq!((seen.receipts, seen.due, seen.settled, seen.reported), (0, 0, 0, 0), "{seen:?}");
    // From its first report after that on it is watched as one that gives its receipt then.
    let mut late = tally()?;
    for device in 0..5 {
        let first = if device == 0 { What::Failed } else { What::Well };
        fleet.add(&mut early, device, 4, opened + 60, first)?;
        fleet.add(&mut late, device, 1, opened + 60, What::Receipt)?;
    }
    fleet.add(&mut late, 0, 2, opened + 60, What::Failed)?;
    for until in [opened + 61, opened + 3_600, opened + 720_000] {
        let (one, other) = (fleet.all(&early, until), fleet.all(&late, until));
        assert_eq!(one, other, "{until}");
        assert_eq!((one.receipts, one.reported), (5, 1));
    }
    Ok(())
}

/// A partner that takes the release by another way is nobody's partner from then on, also before its ring is open.
#[test]
fn an_early_receipt_ends_a_partnership() -> Outcome {
    let fleet = fleet()?;
    let ring = fleet.ring(0);
    let other = (1..5).find(|device| fleet.ring(*device) != ring).ok_or("all are in one ring")?;
    let opened = (0..5).map(|one| if one == ring { 0 } else { u64::MAX }).collect();
    let mut tally = fleet.tally()?.with_openings(opened);
    fleet.add(&mut tally, 0, 1, START, What::Receipt)?;
    fleet.add(&mut tally, other, 1, START, What::PartnerReceipt)?;
    fleet.add(&mut tally, other, 2, START + 10 * MINUTE, What::Receipt)?;
    for minute in 1..=48 {
        fleet.add(&mut tally, 0, 1 + minute, START + minute * 10 * MINUTE, What::Well)?;
    }
    let seen = fleet.all(&tally, START + 480 * MINUTE);
    assert_eq!((seen.receipts, seen.old_silent, seen.old_missing), (1, 0, 0), "{seen:?}");
    Ok(())
}

#[test]
fn a_device_that_is_not_in_the_census_counts_for_nothing() -> Outcome {
    let fleet = fleet()?;
    let stranger = key("stranger", Algorithm::Note)?;
    let report = Report {
        device: stranger.public(),
        rollout: fleet.id(),
        number: 1,
        clock: 0,
        what: What::Receipt,
        seen: (0, Hash([0; 32])),
    };
    let bytes = report.sign(&stranger);
    let mut tally = fleet.tally()?;
    tally.add(&fleet.roll, &bytes, &Received::read(&bytes, START).ok_or("no report")?);
    assert_eq!(fleet.all(&tally, START + WATCH), Observed::default());
    Ok(())
}

/// A device that says every ten minutes that it is well, until a minute.
fn well_until(fleet: &Fleet, tally: &mut Tally, device: usize, minutes: u64, partner: bool) -> Outcome {
    let (receipt, well) = if partner { (What::PartnerReceipt, What::PartnerWell) } else { (What::Receipt, What::Well) };
    fleet.add(tally, device, 1, START, receipt)?;
    for number in 1..=minutes / 10 {
        fleet.add(tally, device, number + 1, START + number * 10 * MINUTE, well)?;
    }
    Ok(())
}

/// For how many minutes the ring of a device is watched.
fn longest(fleet: &Fleet, device: usize) -> u64 {
    [4, 24, 24, 24, 4].get(usize::from(fleet.ring(device))).copied().unwrap_or(4) * 60
}

fn settled(seen: &Observed) -> (u32, u32, u32) {
    (seen.due, seen.settled, seen.failed)
}

/// Somebody else is heard of all the time, so nobody is deaf: a partner that is not compared with device 0, since its receipt comes too late.
fn others(fleet: &Fleet, tally: &mut Tally, from: u64, until: u64) -> Outcome {
    for (number, minute) in (1..).zip((from..=until).step_by(10)) {
        let what = if number == 1 { What::PartnerReceipt } else { What::PartnerWell };
        fleet.add(tally, 4, number, START + minute * MINUTE + 1, what)?;
    }
    Ok(())
}

#[test]
fn a_device_without_a_partner_that_goes_silent_has_failed() -> Outcome {
    let fleet = fleet()?;
    let longest = longest(&fleet, 0);
    let end = START + longest * MINUTE;
    let mut tally = fleet.tally()?;
    well_until(&fleet, &mut tally, 0, longest - 10, false)?;
    assert_eq!(settled(&fleet.all(&tally, end - 1)), (0, 0, 0), "not before its time is over");
    fleet.add(&mut tally, 0, 999, end, What::Well)?;
    assert_eq!(settled(&fleet.all(&tally, end)), (1, 1, 0));
    assert_eq!(fleet.all(&tally, end).minutes, longest);

    let mut tally = fleet.tally()?;
    well_until(&fleet, &mut tally, 0, 60, false)?;
    others(&fleet, &mut tally, 70, longest)?;
    assert_eq!(settled(&fleet.all(&tally, end)), (1, 1, 1), "silent after an hour");
    assert_eq!(fleet.all(&tally, end).minutes, 60, "it is not known to have run longer");
    Ok(())
}

/// However short the watch is: who is heard once, with the receipt, is not well at its end, whether others are heard or nobody is.
#[test]
fn a_receipt_alone_makes_nobody_well() -> Outcome {
    for class in [Class::Routine, Class::Urgent] {
        let fleet = fleet_of(class)?;
        for device in 0..4 {
            let ring = Policy::read(Policy::STANDARD)?
                .rings()
                .get(usize::from(fleet.ring(device)))
                .map(|ring| ring.bake(class));
            let watch = ring.unwrap_or(class.bake()) / MINUTE;
            for (is_heard, alone) in [(true, false), (false, false), (true, true), (false, true)] {
                let mut tally = fleet.tally()?;
                fleet.add(&mut tally, device, 1, START, What::Receipt)?;
                if !alone {
                    fleet.add(&mut tally, (device + 1) % 4, 1, START, What::PartnerReceipt)?;
                }
                for minute in (10..=watch + 120).step_by(10) {
                    let seen = fleet.all(&tally, START + minute * MINUTE);
                    assert_eq!(seen.settled, seen.failed, "{class:?} {device} {is_heard} {alone} {minute}");
                    if is_heard {
                        let what = if minute == 10 { What::PartnerReceipt } else { What::PartnerWell };
                        fleet.add(&mut tally, 4, minute, START + minute * MINUTE + 1, what)?;
                    }
                }
            }
            let mut tally = fleet.tally()?;
            well_until(&fleet, &mut tally, device, watch, false)?;
            assert_eq!(settled(&fleet.all(&tally, START + watch * MINUTE)), (1, 1, 0), "{class:?} {device}");
        }
    }
    Ok(())
}

/// Nobody reports anything: the collector is down. No device is silent by that, and none is well.
#[test]
fn a_deaf_collector_makes_nobody_silent() -> Outcome {
    let fleet = fleet()?;
    let longest = longest(&fleet, 0);
    let end = START + longest * MINUTE;
    let mut tally = fleet.tally()?;
    well_until(&fleet, &mut tally, 0, 60, false)?;
    assert_eq!(settled(&fleet.all(&tally, end)), (1, 0, 0));
    // It is back, and so are the devices: each is watched on for a while.
    fleet.add(&mut tally, 0, 99, end + 60, What::Well)?;
    assert_eq!(settled(&fleet.all(&tally, end + 61)), (1, 0, 0));
    fleet.add(&mut tally, 0, 100, end + 20 * MINUTE, What::Well)?;
    fleet.add(&mut tally, 0, 101, end + 40 * MINUTE, What::Well)?;
    assert_eq!(settled(&fleet.all(&tally, end + 40 * MINUTE)), (1, 1, 0));
    Ok(())
}

/// A weekend is no failure, and no success either.
#[test]
fn a_device_that_is_switched_off_is_open_until_it_is_back() -> Outcome {
    let fleet = fleet()?;
    let longest = longest(&fleet, 0);
    let (end, monday) = (START + longest * MINUTE, START + 3 * 24 * 60 * MINUTE);
    for (well, back) in [(true, What::Well), (false, What::Failed)] {
        let mut tally = fleet.tally()?;
        well_until(&fleet, &mut tally, 0, 60, false)?;
        fleet.add(&mut tally, 0, 99, START + 65 * MINUTE, What::Stopped)?;
        others(&fleet, &mut tally, 70, 3 * 24 * 60 - 10)?;
        assert!(end < monday - 10 * MINUTE);
        assert_eq!(settled(&fleet.all(&tally, monday - 1)), (1, 0, 0));
        // What it does when it comes back counts, long after its ring was watched.
        fleet.add(&mut tally, 0, 100, monday, back)?;
        assert_eq!(settled(&fleet.all(&tally, monday)), (1, 0, 0), "it is watched on");
        fleet.add(&mut tally, 0, 101, monday + 20 * MINUTE, What::Well)?;
        fleet.add(&mut tally, 0, 102, monday + 40 * MINUTE, What::Well)?;
        assert_eq!(settled(&fleet.all(&tally, monday + 40 * MINUTE)), (1, 1, u32::from(!well)));
    }
    Ok(())
}

#[test]
fn what_was_told_of_a_device_that_stopped_stays_so() -> Outcome {
    let fleet = fleet()?;
    let longest = longest(&fleet, 0);
    let end = START + longest * MINUTE;
    // It was well all the time, and is switched off after that.
    let mut tally = fleet.tally()?;
    well_until(&fleet, &mut tally, 0, longest, false)?;
    assert_eq!(settled(&fleet.all(&tally, end)), (1, 1, 0));
    fleet.add(&mut tally, 0, 999, end + 60, What::Stopped)?;
    for until in [end + 60, end + longest * MINUTE, end + 3 * longest * MINUTE] {
        assert_eq!(settled(&fleet.all(&tally, until)), (1, 1, 0), "{until}");
    }
    Ok(())
}

/// A device and its partner are switched off in the evening. Of content that breaks the start only the partner comes back.
#[test]
fn a_device_that_does_not_come_back_is_missed_beside_its_partner() -> Outcome {
    let fleet = fleet()?;
    let (evening, morning) = (START + 65 * MINUTE, START + 15 * 60 * MINUTE);
    let mut tally = fleet.tally()?;
    for minute in 0..=6 {
        let (new, old) =
            if minute == 0 { (What::Receipt, What::PartnerReceipt) } else { (What::Well, What::PartnerWell) };
        fleet.add(&mut tally, 0, minute + 1, START + minute * 10 * MINUTE, new)?;
        fleet.add(&mut tally, 1, minute + 1, START + minute * 10 * MINUTE, old)?;
    }
    fleet.add(&mut tally, 0, 10, evening, What::Stopped)?;
    fleet.add(&mut tally, 1, 10, evening, What::PartnerStopped)?;
    others(&fleet, &mut tally, 70, 15 * 60 - 1)?;
    let night = fleet.all(&tally, morning - 1);
    assert_eq!((night.new_missing, night.old_missing, night.new_silent), (0, 0, 0), "both are off");
    for number in 0..=(6 * 24 * 6) {
        fleet.add(&mut tally, 1, 11 + number, morning + number * 10 * MINUTE, What::PartnerWell)?;
        let until = morning + number * 10 * MINUTE;
        let seen = fleet.all(&tally, until);
        assert_eq!((seen.new_missing, seen.old_missing), (1, 0), "its partner is back");
        // Four days after it stopped it is silent, and that stays so.
        assert_eq!(seen.new_silent, u32::from(until > evening + 4 * 24 * 60 * MINUTE), "{number}");
        assert_eq!((seen.old_silent, seen.settled, seen.failed), (0, 0, 0));
    }
    fleet.add(&mut tally, 0, 11, morning + 7 * 24 * 60 * MINUTE, What::Well)?;
    let seen = fleet.all(&tally, morning + 7 * 24 * 60 * MINUTE);
    assert_eq!((seen.new_missing, seen.new_silent), (0, 1));
    Ok(())
}

/// A partner that takes the release itself says nothing as a partner any more, and is not silent by that.
#[test]
fn a_partner_that_takes_the_release_is_none() -> Outcome {
    let fleet = fleet()?;
    let mut tally = fleet.tally()?;
    for minute in 0..=24 {
        let (new, old) =
            if minute == 0 { (What::Receipt, What::PartnerReceipt) } else { (What::Well, What::PartnerWell) };
        fleet.add(&mut tally, 0, minute + 1, START + minute * 10 * MINUTE, new)?;
        let old = match minute {
            0..3 => old,
            3 => What::Receipt,
            _ => What::Well,
        };
        fleet.add(&mut tally, 1, minute + 1, START + minute * 10 * MINUTE, old)?;
    }
    let seen = fleet.all(&tally, START + 240 * MINUTE);
    assert_eq!((seen.new_silent, seen.old_silent, seen.new_missing, seen.old_missing), (0, 0, 0, 0));
    assert_eq!((seen.new.minutes, seen.old.minutes), (30, 30));
    Ok(())
}

#[test]
fn a_pair_tells_who_went_silent_first() -> Outcome {
    let fleet = fleet()?;
    let mut tally = fleet.tally()?;
    let minutes = |tally: &mut Tally, minutes: core::ops::RangeInclusive<u64>| -> Outcome {
        for minute in minutes {
            let (number, at) = (minute + 1, START + minute * 10 * MINUTE);
            if minute < 4 {
                let what = if minute == 0 { What::Receipt } else { What::Well };
                fleet.add(tally, 0, number, at, what)?;
            }
            let what = if minute == 0 { What::PartnerReceipt } else { What::PartnerWell };
            fleet.add(tally, 1, number, at, what)?;
        }
        Ok(())
    };
    minutes(&mut tally, 0..=6)?;
    let before = fleet.all(&tally, START + 30 * MINUTE + PATIENCE);
    assert_eq!((before.new_silent, before.old_silent), (0, 0));
    let after = fleet.all(&tally, START + 30 * MINUTE + PATIENCE + 1);
    assert_eq!((after.new_silent, after.old_silent), (1, 0));
    minutes(&mut tally, 7..=24)?;
    let after = fleet.all(&tally, START + 240 * MINUTE);
    assert_eq!((after.new_silent, after.old_silent), (1, 0));
    assert_eq!(after.new.failures, 0);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever devices report, in whatever order, evidence only grows, and what is sent again changes nothing.
    #[test]
    fn evidence_only_grows(
        // Now and then nobody is heard for days.
        reports in prop::collection::vec(
            (0..5_usize, 1..9_u64, prop_oneof![20 => 0..90_u64, 1 => 4_000..25_000_u64], 0..8_usize),
            1..80,
        ),
    ) {
        let outcome = (|| -> Outcome<Result<(), TestCaseError>> {
            let fleet = fleet()?;
            let (mut tally, mut twice) = (fleet.tally()?, fleet.tally()?);
            let mut now = START;
            let mut last: Vec<Evidence> = (0..5).map(|ring| tally.evidence(ring, now)).collect();
            for (device, number, after, what) in reports {
                now += after * MINUTE / 4;
                let what = What::ALL.get(what).copied().unwrap_or(What::Well);
                let (bytes, received) = fleet.report(device, number, now, what)?;
                tally.add(&fleet.roll, &bytes, &received);
                for _ in 0..2 {
                    twice.add(&fleet.roll, &bytes, &received);
                }
                // All that came by now was counted: the next report is later.
                let evidence: Vec<Evidence> = (0..5).map(|ring| tally.evidence(ring, now)).collect();
                for (before, after) in last.iter().zip(&evidence) {
                    for (stratum, earlier) in &before.strata {
                        let later = after.strata.iter().find(|(one, _)| one == stratum);
                        let grew = later.is_some_and(|(_, later)| later.follows(earlier));
                        if !grew {
                            return Ok(Err(TestCaseError::fail(format!("{earlier:?} became {later:?}"))));
                        }
                    }
                }
                for (one, other) in evidence.iter().zip((0..5).map(|ring| twice.evidence(ring, now))) {
                    if one.strata != other.strata {
                        return Ok(Err(TestCaseError::fail("what is sent twice counts twice")));
                    }
                }
                last = evidence;
            }
            Ok(Ok(()))
        })();
        outcome.map_err(|error| TestCaseError::fail(error.to_string()))??;
    }
}
