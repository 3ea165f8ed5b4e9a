//! Counting reports: what is sent twice counts once, counts only rise, and what becomes of a device is told as it is.

mod common;

use common::{Book, LOG, Outcome, START, key};
use contentcheck_log::write::SecretKey;
use contentcheck_log::{Algorithm, Hash};
use contentcheck_rollout::census::Device;
use contentcheck_rollout::entry::{Evidence, Observed};
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
    let keys = (0..5).map(|number| key(&format!("device-{number}"), Algorithm::Note)).collect::<Outcome<Vec<_>>>()?;
    let mut devices: Vec<Device> =
        keys.iter().map(|key| Device { key: key.public(), stratum: "linux".into(), held: false }).collect();
    for number in 0..30_000_u64 {
        let mut key = [0xEE; 32];
        key[..8].copy_from_slice(&number.to_le_bytes());
        devices.push(Device { key, stratum: "linux".into(), held: false });
    }
    let roll = Roll::new(devices)?;
    let mut book = Book::new(State::new(LOG))?;
    let census = book.signed(None, START, Body::Census(roll.census().clone()), 2)??;
    let release = book.release(1)?;
    book.plan(release, census, Policy::read(Policy::STANDARD)?)??;
    book.start(START)??;
    book.open()??;
    Ok(Fleet { keys, roll, book })
}

impl Fleet {
    fn tally(&self) -> Outcome<Tally> {
        Ok(self.book.state.newest().and_then(Tally::new).ok_or("not started")?)
    }

    fn id(&self) -> Hash {
        self.book.state.newest().map_or_else(Hash::empty, |rollout| rollout.id())
    }

    /// The ring that a device is in.
    fn ring(&self, device: usize) -> u8 {
        let opening = self.book.state.newest().and_then(|rollout| rollout.opening(0));
        opening.zip(self.keys.get(device)).map_or(0, |(opening, key)| opening.ring_of(&key.public()))
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

#[test]
fn silence_is_failure_and_a_stop_is_waited_for() -> Outcome {
    let fleet = fleet()?;
    let bake = |device| -> u64 { [4, 24, 24, 24, 4].get(usize::from(fleet.ring(device))).copied().unwrap_or(4) * 60 };
    let longest = bake(0);
    let end = START + longest * MINUTE;

    let mut tally = fleet.tally()?;
    well_until(&fleet, &mut tally, 0, longest, false)?;
    assert_eq!(fleet.all(&tally, end - 1).settled, 0, "not before its time is over");
    let seen = fleet.all(&tally, end);
    assert_eq!((seen.receipts, seen.settled, seen.failed), (1, 1, 0));

    let mut tally = fleet.tally()?;
    well_until(&fleet, &mut tally, 0, 60, false)?;
    assert_eq!((fleet.all(&tally, end).settled, fleet.all(&tally, end).failed), (1, 1), "silent after an hour");

    let mut tally = fleet.tally()?;
    well_until(&fleet, &mut tally, 0, 60, false)?;
    fleet.add(&mut tally, 0, 99, START + 65 * MINUTE, What::Stopped)?;
    assert_eq!(fleet.all(&tally, end).settled, 0, "it is waited for");
    assert_eq!(fleet.all(&tally, end + 65 * MINUTE + 1).failed, 1, "for as long as it is watched, and no longer");
    fleet.add(&mut tally, 0, 100, end + 10, What::Well)?;
    assert_eq!((fleet.all(&tally, end + 20).settled, fleet.all(&tally, end + 20).failed), (1, 0), "it came back");
    Ok(())
}

#[test]
fn what_was_told_of_a_device_that_stopped_stays_so() -> Outcome {
    let fleet = fleet()?;
    let longest = [4, 24, 24, 24, 4].get(usize::from(fleet.ring(0))).copied().unwrap_or(4) * 60;
    let end = START + longest * MINUTE;
    // It was well all the time, and is switched off after that.
    let mut tally = fleet.tally()?;
    well_until(&fleet, &mut tally, 0, longest, false)?;
    assert_eq!((fleet.all(&tally, end).settled, fleet.all(&tally, end).failed), (1, 0));
    fleet.add(&mut tally, 0, 999, end + 60, What::Stopped)?;
    for until in [end + 60, end + longest * MINUTE, end + 3 * longest * MINUTE] {
        assert_eq!((fleet.all(&tally, until).settled, fleet.all(&tally, until).failed), (1, 0), "{until}");
    }
    // It stopped while it was watched, and came back when nobody waited any more.
    let mut tally = fleet.tally()?;
    fleet.add(&mut tally, 0, 1, START, What::Receipt)?;
    fleet.add(&mut tally, 0, 2, START + 60, What::Stopped)?;
    assert_eq!(fleet.all(&tally, end + 61).failed, 1);
    fleet.add(&mut tally, 0, 3, end + 120, What::Well)?;
    assert_eq!(fleet.all(&tally, end + 120).failed, 1);
    Ok(())
}

#[test]
fn a_pair_tells_who_went_silent_first() -> Outcome {
    let fleet = fleet()?;
    let mut tally = fleet.tally()?;
    for minute in 0..=24 {
        let (device, number, at) = (0, minute + 1, START + minute * 10 * MINUTE);
        let what = if minute == 0 { What::Receipt } else { What::Well };
        if minute < 4 {
            fleet.add(&mut tally, device, number, at, what)?;
        }
        let what = if minute == 0 { What::PartnerReceipt } else { What::PartnerWell };
        fleet.add(&mut tally, 1, number, at + 1, what)?;
    }
    let before = fleet.all(&tally, START + 30 * MINUTE + PATIENCE);
    assert_eq!((before.new_silent, before.old_silent), (0, 0));
    let after = fleet.all(&tally, START + 30 * MINUTE + PATIENCE + 1);
    assert_eq!((after.new_silent, after.old_silent), (1, 0));
    assert_eq!(after.new.failures, 0);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever devices report, in whatever order, evidence only grows, and what is sent again changes nothing.
    #[test]
    fn evidence_only_grows(
        reports in prop::collection::vec((0..5_usize, 1..9_u64, 0..90_u64, 0..8_usize), 1..80),
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
