//! What a device says of itself, and what its directory shows of it.

use crate::cases::{kills, offer};
use crate::common::{Device, MATCHING, POLICY, Sim, World, content, evaluate_one, runs};
use contentcheck_sensor::{Condition, Ended, Inspection, Kept, KillRefusal, Memory, Record, Rung, Sequence};

/// A device that lost its state does not look like a new one, and what was switched off stays so.
#[test]
fn a_state_that_is_gone_is_told_and_kills_stay() {
    for damage in 0..2 {
        let world = World::new();
        let mut device = world.with_good(&[1, 2]);
        device.kill(&kills(3, "rule a-rule-of-another-release\n"), b"release").unwrap();
        device.kill(&kills(4, "rule download_into_shell\n"), b"release").unwrap();
        let killed = evaluate_one(&mut device.reader(), MATCHING, 1_000_000).unwrap();
        for name in ["state.a", "state.b"] {
            if damage == 0 { world.platter().lose(name) } else { world.platter().rot(name) }
        }
        let mut device = world.restart(device, Ended::Stopped);
        assert!(matches!(device.memory(), Memory::Lost(_)), "{damage}: {:?}", device.memory());
        for start in 0..3 {
            assert_eq!(device.status().condition(), Condition::Degraded, "{damage}, start {start}");
            assert_eq!(device.state().kill.map(|kill| kill.epoch), Some(4), "{damage}, start {start}");
            assert_eq!(evaluate_one(&mut device.reader(), MATCHING, 1_000_000).unwrap(), killed);
            device = world.restart(device, Ended::Stopped);
        }
        // Until content is confirmed again.
        offer(&mut device, 5).unwrap();
        world.bake(&mut device);
        device = world.restart(device, Ended::Stopped);
        world.bake(&mut device);
        assert_eq!((runs(&device), device.status().condition()), ((Rung::Good, 5), Condition::Well));
    }
    // A device that is new is one.
    assert_eq!(World::new().open().status().condition(), Condition::Well);
}

/// Content of which no rule runs shows nothing, so it is not confirmed, and the device is blind.
#[test]
fn content_that_is_switched_off_is_not_confirmed() {
    let world = World::new();
    let mut device = world.with_good(&[1]);
    device.kill(&kills(1, "all\n"), b"release").unwrap();
    assert_eq!(device.status().condition(), Condition::Blind);
    offer(&mut device, 2).unwrap();
    for _ in 0..3 {
        world.bake(&mut device);
        device = world.restart(device, Ended::Stopped);
    }
    assert_eq!((runs(&device), device.state().floor), ((Rung::Candidate, 2), Sequence(1)));
    device.kill(&kills(2, ""), b"release").unwrap();
    world.bake(&mut device);
    device = world.restart(device, Ended::Stopped);
    world.bake(&mut device);
    assert_eq!((runs(&device), device.status().condition()), ((Rung::Good, 2), Condition::Well));
}

/// Whoever looks at the directory is told what the sensor would do, and what is unknown.
#[test]
fn who_looks_at_the_directory_sees_what_the_sensor_would_do() {
    let agrees = |world: &World, device: Device, ended: Ended| {
        drop(device);
        world.platter().restart();
        let found = Inspection::read(&mut Sim::new(&world.platter), &|_, _, _| true);
        let mut device = world.restart(world.open(), ended);
        assert_eq!(found.next(), runs(&device).0, "{found}\n{}", device.status());
        let (outside, inside) = (found.condition(), device.status().condition());
        assert!(outside <= inside && (outside == inside || inside == Condition::Well), "{found}\n{}", device.status());
        (device, found)
    };
    // All is well.
    let world = World::new();
    let (_, found) = agrees(&world, world.with_good(&[1, 2]), Ended::Stopped);
    assert_eq!((found.condition(), found.next()), (Condition::Well, Rung::Good), "{found}");
    // The image that runs is damaged, and the one before it.
    for (damage, rung) in [(2, Rung::Earlier), (1, Rung::Factory)] {
        let device = world.open();
        world.platter().rot(&format!("images/{}", content(damage).digest));
        let (_, found) = agrees(&world, device, Ended::Stopped);
        assert_eq!(found.next(), rung);
        assert!(found.to_string().contains(&format!("sequence {damage}, is damaged; offer it again")), "{found}");
    }
    // The disk cannot be written to: what is on trial is not run.
    let world = World::new();
    let mut device = world.with_good(&[1]);
    offer(&mut device, 2).unwrap();
    world.platter().read_only = true;
    let (_, found) = agrees(&world, device, Ended::Stopped);
    assert_eq!((found.condition(), found.next()), (Condition::Attention, Rung::Good));
    assert!(found.to_string().contains("disk        the disk cannot be written to: nothing new is taken"), "{found}");
    // The state cannot be read, or is lost.
    for lost in [false, true] {
        let world = World::new();
        let device = world.with_good(&[1]);
        drop(device);
        if lost {
            world.platter().rot("state.a");
            world.platter().rot("state.b");
        } else {
            world.platter().fails = Some((world.dice.clone(), 1));
        }
        let found = Inspection::read(&mut Sim::new(&world.platter), &|_, _, _| true);
        let mut device = world.open();
        assert_eq!((runs(&device).0, found.next()), (Rung::Factory, Rung::Factory));
        assert_eq!((found.condition(), device.status().condition()), (Condition::Degraded, Condition::Degraded));
        let text = found.to_string();
        assert!(text.starts_with("degraded    what runs is unknown\n"), "{found}");
        assert!(text.contains("state       unknown: what was confirmed") && !text.contains("confirmed 0"), "{found}");
    }
    // A lost state is told until content is confirmed again, and by both.
    let world = World::new();
    let device = world.with_good(&[1]);
    world.platter().lose("state.a");
    world.platter().lose("state.b");
    let device = world.restart(device, Ended::Stopped);
    let (mut device, found) = agrees(&world, device, Ended::Stopped);
    assert!(
        found.state.forgotten && device.status().to_string().contains("forgotten   what this device knew"),
        "{found}"
    );
    assert_eq!(found.condition(), Condition::Degraded);
    offer(&mut device, 2).unwrap();
    let (_, found) = agrees(&world, device, Ended::Stopped);
    assert_eq!(found.condition(), Condition::Attention, "{found}");
}

/// Where nothing is known, nobody is told that all is well: in a directory that is empty or another's, and where evidence is gone.
#[test]
fn what_is_gone_is_not_well() {
    let look = |world: &World| Inspection::read(&mut Sim::new(&world.platter), &|_, _, _| true);
    let world = World::new();
    drop(world.with_good(&[1, 2]));
    assert_eq!((look(&world).condition(), look(&world).evidence), (Condition::Well, Kept::Whole));
    world.platter().lose("evidence/0.log");
    world.platter().lose("evidence/1.log");
    let found = look(&world);
    assert_eq!((found.condition(), found.evidence), (Condition::Attention, Kept::Missing));
    assert!(found.to_string().ends_with(", evidence missing: nothing tells why this content runs\n"), "{found}");
    let device = world.restart(world.open(), Ended::Stopped);
    drop(device);
    assert_eq!(
        (look(&world).condition(), look(&world).evidence),
        (Condition::Well, Kept::Whole),
        "it is written again"
    );
    world.platter().restore(&[]);
    assert_eq!((look(&world).condition(), look(&world).memory), (Condition::Attention, Memory::Fresh));
}

/// A directory that was removed is told where the floor is remembered elsewhere.
#[test]
fn a_directory_that_was_removed_is_told_by_a_floor_elsewhere() {
    let world = World::new();
    drop(world.with_good(&[1]));
    world.platter().restore(&[]);
    world.machine().floor = Some(Sequence(1));
    let mut device = world.open();
    assert!(device.state().forgotten);
    assert_eq!(device.status().condition(), Condition::Degraded);
}

/// Ends that nobody explains are forgiven some times, and shown from the first.
#[test]
fn ends_that_nobody_explains_are_shown() {
    let world = World::new();
    let mut device = world.with_good(&[1]);
    for ends in 1..=3 {
        device = world.restart(device, Ended::Unexplained);
        let status = device.status();
        assert_eq!((status.condition(), status.state.unexplained()), (Condition::Attention, ends));
        let found = Inspection::read(&mut Sim::new(&world.platter), &|_, _, _| true);
        assert_eq!(found.condition(), Condition::Attention);
        for shown in [status.to_string(), found.to_string()] {
            assert!(shown.contains(&format!("ends        {ends} end")), "{shown}");
        }
    }
    world.bake(&mut device);
    assert_eq!(device.status().condition(), Condition::Well, "a run that lasts ends it");
}

/// A sensor that a kill list blinds says so, and how many rules it is.
#[test]
fn a_blind_sensor_says_by_how_many_rules() {
    for (lines, all) in [("all\n", true), ("rule download_into_shell\n", false)] {
        let world = World::new();
        let mut device = world.with_good(&[1]);
        device.kill(&kills(1, lines), b"release").unwrap();
        let status = device.status();
        let found = Inspection::read(&mut Sim::new(&world.platter), &|_, _, _| true);
        let rules = status.rules.unwrap().1;
        let off = if all { rules } else { status.switched_off };
        assert_eq!((status.switched_off, found.switched_off), (off, Some((off, rules))));
        assert_eq!(status.condition() == Condition::Blind, off == rules, "{status}");
        assert_eq!(found.condition(), status.condition());
        assert!(status.to_string().contains(&format!(", {off} switched off by the kill list")) || off == 0, "{status}");
        assert!(found.to_string().contains(&format!("whole: {off} of {rules} rules of what runs are switched off")));
    }
}

/// Why something runs is not forgotten at the next start, nor is what was refused.
#[test]
fn why_is_remembered_over_starts() {
    let world = World::new();
    let mut device = world.with_good(&[1]);
    offer(&mut device, 2).unwrap();
    for _ in 0..POLICY.tries {
        device = world.restart(device, Ended::Crashed);
    }
    world.bake(&mut device);
    assert!(matches!(device.kill(&kills(9, "all\n"), b"thief"), Err(KillRefusal::Distrusted(_))));
    assert!(matches!(device.kill(b"all\n", b"release"), Err(KillRefusal::Unreadable(_))));
    for _ in 0..5 {
        device = world.restart(device, Ended::Stopped);
    }
    assert_eq!(runs(&device), (Rung::Good, 1));
    let found = Inspection::read(&mut Sim::new(&world.platter), &|_, _, _| true);
    let what =
        |records: &mut dyn Iterator<Item = &Record>| records.map(|record| record.what.clone()).collect::<Vec<_>>();
    let decision = what(&mut found.last_decision().iter());
    assert_eq!(decision.last().map(String::as_str), Some("last known good runs"));
    assert!(decision.iter().any(|line| line.contains("sequence 2 has no try left")), "{decision:?}");
    let since = what(&mut found.since());
    assert!(since.iter().any(|line| line.starts_with("sequence 2 is given up")), "{since:?}");
    assert_eq!(since.iter().filter(|line| line.starts_with("a kill list is refused: ")).count(), 2, "{since:?}");
    assert!(!since.iter().any(|line| line == "last known good runs"), "{since:?}");
}
