//! Redundancy groups: no two devices of one are ever in one ring, and the spares go first.

use crate::common::{Book, LOG, Outcome, START, key};
use contentcheck_log::floors::{Unsafe, keep_apart};
use contentcheck_log::limits::{GROUP, RINGS};
use contentcheck_log::{Algorithm, Class, Hash, Member, Opening};
use contentcheck_rollout::census::{Census, Device, NoCensus, Place};
use contentcheck_rollout::entry::{Body, Entry, Logged};
use contentcheck_rollout::report::What;
use contentcheck_rollout::state::Check;
use contentcheck_rollout::{Policy, Received, Refusal, Report, Roll, State, Tally};
use proptest::prelude::*;

fn opening(shares: &[u32], salt: [u8; 32]) -> Opening {
    let mut all = [0; RINGS - 1];
    all.iter_mut().zip(shares).for_each(|(to, share)| *to = *share);
    let (plan, image) = (Hash([1; 32]), [2; 32]);
    Opening { plan, image, sequence: 1, salt, class: Class::Routine, ring: 0, shares: all }
}

/// Rising shares of rings, often as wide as the part of a member or nearly so.
fn shares() -> impl Strategy<Value = (Vec<u32>, u8)> {
    (2..=GROUP).prop_flat_map(|of| {
        let part = (1_u64 << 32) / u64::from(of);
        let width = prop_oneof![Just(part), Just(part + 1), part - 3..part + 4, 1..part, 1_u64..1 << 32];
        (proptest::collection::vec(width, 1..RINGS), Just(of)).prop_map(|(widths, of)| {
            let ends = widths.iter().scan(0_u64, |end, width| {
                *end += width;
                u32::try_from(*end).ok()
            });
            (ends.collect(), of)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Where the floor says that a group is kept apart, it is, wherever the group stands; and the spare is the first to go.
    #[test]
    fn no_two_devices_of_a_group_are_in_one_ring((shares, of) in shares(), salt: [u8; 32], group in "[a-z]{1,8}") {
        let opening = opening(&shares, salt);
        let members: Vec<Member> = (1..=of).filter_map(|number| Member::new(&group, number, of).ok()).collect();
        prop_assert_eq!(members.len(), usize::from(of));
        let rings: Vec<u8> = members.iter().map(|member| opening.ring_of(&[7; 32], Some(member))).collect();
        if keep_apart(opening.shares(), of).is_ok() {
            prop_assert!(rings.is_sorted_by(|spare, other| spare < other), "{:?}", rings);
        } else {
            // There is a place in the order at which two are in one ring, unless they stand at the very ends of it.
            let part = u64::from(u32::MAX / u32::from(of));
            let ends = [0].into_iter().chain(opening.shares().map(u64::from)).chain([1 << 32]).collect::<Vec<_>>();
            prop_assert!(ends.windows(2).any(|ends| ends[1] - ends[0] > part), "{:?}", ends);
        }
    }
}

fn id(number: u32) -> [u8; 32] {
    let mut key = [0xEE; 32];
    key[..4].copy_from_slice(&number.to_be_bytes());
    key
}

fn place(name: &str, number: u8, of: u8) -> Place {
    Place { name: name.to_owned(), number, of }
}

fn device(number: u32, stratum: &str, group: Option<Place>) -> Device {
    Device { key: id(number), stratum: stratum.to_owned(), held: false, group, behind: 0 }
}

/// Of three devices of `db` two are a pair whose spare is in a stratum of its own.
fn fleet(count: u32) -> Vec<Device> {
    let one = |number: u32| match number % 3 {
        0 => device(number, "db/spare", Some(place(&format!("db-{}", number / 3), 1, 2))),
        1 => device(number, "db/main", Some(place(&format!("db-{}", number / 3), 2, 2))),
        _ => device(number, "web", None),
    };
    (0..count).map(one).collect()
}

#[test]
fn a_ring_has_as_many_devices_of_a_stratum_as_its_census_expects() -> Outcome {
    const COUNT: u32 = 3_000;
    let policy = Policy::read(Policy::STANDARD)?;
    let roll = Roll::new(fleet(COUNT))?;
    let drawn = 20_u8;
    for (at, stratum) in roll.census().strata.iter().enumerate() {
        let all: f64 = (0..policy.ring_count()).map(|ring| stratum.expected(&policy, ring)).sum();
        assert!((all - f64::from(stratum.devices)).abs() < 1e-6, "{all}");
        for ring in 0..policy.ring_count() {
            let expected = stratum.expected(&policy, ring);
            let mut found = 0_u32;
            for salt in 0..drawn {
                let opening = opening(&policy.shares(), [salt; 32]);
                let of_stratum = roll.devices().iter().filter(|device| device.stratum == stratum.name);
                let in_ring = of_stratum.filter(|device| roll.ring_of(&device.key, &opening) == Some(ring));
                found += u32::try_from(in_ring.count())?;
            }
            let expected = expected * f64::from(drawn);
            let off = (f64::from(found) - expected).abs();
            assert!(off <= 5.0 * expected.sqrt(), "stratum {at}, ring {ring}: {found} of {expected}");
        }
    }
    // The spares are in all rings of the first half, and the others behind them.
    let [main, spare, web] = &roll.census().strata[..] else { return Err("three strata".into()) };
    assert_eq!((main.expected(&policy, 0), main.expected(&policy, 4)), (0.0, 1_000.0));
    assert!((spare.expected(&policy, 0) - 2.0 * web.expected(&policy, 0)).abs() < 1e-9);
    assert_eq!(spare.expected(&policy, 4), 0.0);
    Ok(())
}

#[test]
fn a_census_with_groups_is_an_entry_of_its_own_kind() -> Outcome {
    let kind = |census: &Census| {
        let bytes = Entry::new(None, START, Body::Census(census.clone())).to_bytes();
        assert_eq!(
            Logged::read(&bytes),
            Ok(Logged::Entry(Entry::new(None, START, Body::Census(census.clone())))),
            "it is read as it was written"
        );
        // Under the other kind it is no entry, so each census has one spelling.
        let mut other = bytes.clone();
        other[8] = if bytes[8] == 2 { 10 } else { 2 };
        assert!(Logged::read(&other).is_err());
        bytes[8]
    };
    let with = Roll::new(fleet(30))?;
    assert_eq!((kind(with.census()), with.census().largest_group(), with.census().in_groups()), (10, Some(2), 20));
    let alone = fleet(30).into_iter().map(|device| Device { group: None, ..device }).collect();
    let without = Roll::new(alone)?;
    assert_eq!((kind(without.census()), without.census().largest_group()), (2, None));
    assert_ne!(with.census().devices, without.census().devices, "the root is over the groups too");
    // Nobody moves a device within its group, or to another group, under the same root.
    let roots = [("db-0", 1), ("db-0", 2), ("db-1", 1)].map(|(name, number)| {
        let other = place(name, 3 - number, 2);
        let pair = vec![device(0, "db", Some(place(name, number, 2))), device(1, "db", Some(other))];
        Roll::new(pair).map(|roll| roll.census().devices)
    });
    let [first, second, third] = roots;
    let (first, second, third) = (first?, second?, third?);
    assert!(first != second && second != third && first != third);
    Ok(())
}

#[test]
fn a_group_that_is_not_whole_makes_no_census() {
    let why = |places: &[Place]| {
        let devices = (0..).zip(places).map(|(number, place)| device(number, "db", Some(place.clone())));
        Roll::new(devices.collect()).map(drop)
    };
    let cases = [
        (vec![place("a", 1, 2), place("a", 2, 2)], Ok(())),
        (vec![place("a", 1, 2), place("b", 2, 2)], Err(NoCensus::NobodysPlace(place("a", 2, 2)))),
        (vec![place("a", 2, 2)], Err(NoCensus::NobodysPlace(place("a", 1, 2)))),
        (vec![place("a", 1, 3), place("a", 3, 3)], Err(NoCensus::NobodysPlace(place("a", 2, 3)))),
        (vec![place("a", 1, 2), place("a", 1, 2), place("a", 2, 2)], Err(NoCensus::PlaceTwice(place("a", 1, 2)))),
        (vec![place("a", 1, 2), place("a", 2, 3)], Err(NoCensus::Sizes(place("a", 1, 2), place("a", 2, 3)))),
        (vec![place("a", 1, 1)], Err(NoCensus::Place(place("a", 1, 1)))),
        (vec![place("a", 1, 9)], Err(NoCensus::Place(place("a", 1, 9)))),
        (vec![place("a b", 1, 2)], Err(NoCensus::Place(place("a b", 1, 2)))),
    ];
    for (places, outcome) in cases {
        assert_eq!(why(&places), outcome, "{places:?}");
    }
    // Two that stay behind together would take a release together.
    let behind = |places: [(u8, u8); 3]| {
        let devices = (0..)
            .zip(places)
            .map(|(at, (number, behind))| Device { behind, ..device(at, "db", Some(place("a", number, 3))) });
        Roll::new(devices.collect()).map(drop)
    };
    assert_eq!(behind([(1, 0), (2, 1), (3, 2)]), Ok(()));
    assert_eq!(behind([(1, 0), (2, 1), (3, 1)]), Err(NoCensus::Together(place("a", 2, 3), place("a", 3, 3))));
    // Who is held keeps the place.
    let held = Device { held: true, ..device(1, "db", Some(place("a", 2, 2))) };
    let roll = Roll::new(vec![device(0, "db", Some(place("a", 1, 2))), held]);
    assert_eq!(roll.map(|roll| roll.census().in_groups()), Ok(1));
    // All strata with long names and groups of all sizes are more than an entry holds: that is said before anything is signed.
    let mut devices = Vec::new();
    for stratum in 0..256 {
        let name = format!("{stratum:0>128}");
        for of in 2..=GROUP {
            let group = |number| Some(place(&format!("{stratum}-{of}"), number, of));
            let numbered = |number: u8| device(devices.len() as u32 + u32::from(number), &name, group(number));
            let more: Vec<Device> = (1..=of).map(numbered).collect();
            devices.extend(more);
        }
    }
    assert_eq!(Roll::new(devices).map(drop), Err(NoCensus::Large));
}

/// Half of the fleet at once is too much for groups of three: no plan of it is taken, whoever signs it.
#[test]
fn a_plan_with_a_ring_wider_than_the_part_of_a_member_is_refused() -> Outcome {
    let triple = |number: u32| {
        let of_group = u8::try_from(number % 3)? + 1;
        Ok::<_, Box<dyn std::error::Error>>(device(
            number,
            "db",
            Some(place(&format!("db-{}", number / 3), of_group, 3)),
        ))
    };
    let devices = (0..30_000).map(triple).collect::<Result<Vec<_>, _>>()?;
    let mut book = Book::new(State::new(LOG))?;
    let census = book.census_of(devices)?;
    let release = book.release(1)?;
    let wide = book.plan(release, census, Policy::read(Policy::STANDARD)?)?;
    assert_eq!(wide, Err(Refusal::Broken(Check::Apart)));
    let thirds = Policy::STANDARD.replacen("share = \"50%\"", "share = \"40%\"", 1).replacen(
        "[[ring]]\nname = \"rest\"",
        "[[ring]]\nname = \"more\"\nshare = \"70%\"\nbake = \"24h\"\nbake-urgent = \"4h\"\n\
         accept = { good = 0.0001, bad = 0.001, error = 0.01 }\n\n[[ring]]\nname = \"rest\"",
        1,
    );
    let policy = Policy::read(&thirds)?;
    assert_eq!(keep_apart(policy.shares().into_iter(), 3), Ok(()));
    assert_eq!(keep_apart(policy.shares().into_iter(), 4), Err(Unsafe::Group(4)));
    book.plan(release, census, policy)??;
    Ok(())
}

/// What a device reports counts in the ring of its group's place, as the device finds it.
#[test]
fn reports_count_in_the_ring_of_the_place_in_the_group() -> Outcome {
    let keys = [key("spare", Algorithm::Note)?, key("main", Algorithm::Note)?];
    let mut devices = fleet(90_000);
    devices.retain(|device| device.stratum == "web");
    for (at, number) in [(0, 1), (1, 2)] {
        let group = Some(place("db", number, 2));
        devices.push(Device { key: keys[at].public(), stratum: "web".into(), held: false, group, behind: 0 });
    }
    let roll = Roll::new(devices.clone())?;
    let mut book = Book::new(State::new(LOG))?;
    let census = book.census_of(devices)?;
    let release = book.release(1)?;
    let plan = book.plan(release, census, Policy::read(Policy::STANDARD)?)??;
    book.start(START + 60)??;
    book.open()??;
    let rollout = book.state.rollout(&plan).ok_or("no rollout")?;
    let opening = rollout.opening(0).ok_or("not drawn")?;
    let mut tally = Tally::new(rollout).ok_or("not started")?.with_openings(vec![0; 5]);
    let mut rings = Vec::new();
    for (number, key) in (1..).zip(&keys) {
        let report = Report {
            device: key.public(),
            rollout: plan,
            number: 1,
            clock: START,
            what: What::Receipt,
            seen: (1, Hash([1; 32])),
        };
        let bytes = report.sign(key);
        let received = Received::read(&bytes, START + 3_600).ok_or("no report")?;
        tally.add(&roll, &bytes, &received);
        let ring = opening.ring_of(&key.public(), Some(&Member::new("db", number, 2)?));
        assert_eq!(roll.ring_of(&key.public(), &opening), Some(ring));
        let counted: u32 = tally.evidence(ring, START + 3_600).strata.iter().map(|(_, seen)| seen.receipts).sum();
        assert_eq!(counted, 1, "ring {ring}");
        rings.push(ring);
    }
    assert!(rings[0] < rings[1], "{rings:?}");
    Ok(())
}
