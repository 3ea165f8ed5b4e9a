//! What is counted and what is not: on full and read-only disks, of ends that nobody explains, of offers from outside.

use crate::cases::offer;
use crate::common::{Device, MATCHING, POLICY, Sim, World, envelope, evaluate, evaluate_by, image, runs, told};
use contentcheck_interpreter::{Event, Value};
use contentcheck_sensor::{Condition, Conviction, Ended, Memory, Refusal, Rung, Sequence};

/// A sensor whose service manager is not told how it ended, or that dies without a trace, is not left with content that
/// crashes: some ends in a row are forgiven, as those of a trial are.
#[test]
fn good_content_whose_ends_nobody_explains_is_left() {
    let world = World::new();
    let mut device = world.with_good(&[1, 2]);
    for end in 0..POLICY.unexplained {
        device = world.restart(device, Ended::Unexplained);
        assert_eq!(runs(&device), (Rung::Good, 2), "{end}");
    }
    for end in 1..POLICY.strikes {
        device = world.restart(device, Ended::Unexplained);
        assert_eq!(runs(&device), (Rung::Good, 2), "{end}");
        assert!(told(&device).contains("counted against last known good"), "{}", told(&device));
    }
    device = world.restart(device, Ended::Unexplained);
    assert_eq!(runs(&device), (Rung::Earlier, 1));
    assert_eq!(device.status().condition(), Condition::Attention);
    // After an explained end, and after a run that lasts, counting starts over.
    for explained in [true, false] {
        let world = World::new();
        let mut device = world.with_good(&[1, 2]);
        for _ in 0..20 {
            for _ in 0..POLICY.unexplained + POLICY.strikes - 1 {
                device = world.restart(device, Ended::Unexplained);
            }
            assert_eq!(runs(&device), (Rung::Good, 2));
            if explained {
                device = world.restart(device, Ended::Stopped);
            } else {
                world.bake(&mut device);
            }
        }
        // What others do to the process is no end of that kind.
        for ended in [Ended::Killed, Ended::OutOfMemory, Ended::CrashedElsewhere] {
            for _ in 0..30 {
                device = world.restart(device, ended);
            }
        }
        assert_eq!(runs(&device), (Rung::Good, 2));
    }
}

/// The state has its room already: a full disk stops no counting.
#[test]
fn crashes_are_counted_on_a_full_disk() {
    let world = World::new();
    let mut device = world.with_good(&[1, 2]);
    offer(&mut device, 3).unwrap();
    let used = world.platter().backup().iter().map(|(_, bytes)| bytes.len()).sum();
    world.platter().room = Some(used);
    for tries in (0..POLICY.tries).rev() {
        assert_eq!((runs(&device), device.state().candidate.unwrap().tries), ((Rung::Candidate, 3), tries));
        device = world.restart(device, Ended::Crashed);
    }
    assert_eq!(runs(&device), (Rung::Good, 2));
    // One crash after that, and the next older content shows whose fault it was.
    device = world.restart(device, Ended::Crashed);
    assert_eq!(runs(&device), (Rung::Earlier, 1));
    world.bake(&mut device);
    assert_eq!(offer(&mut device, 3), Err(Refusal::Quarantined(Conviction::Crashed)));
    let used = world.platter().backup().iter().map(|(_, bytes)| bytes.len()).sum();
    world.platter().room = Some(used);
    assert!(matches!(offer(&mut device, 4), Err(Refusal::Space { .. })), "new content needs room");
    let status = device.status();
    assert!(status.is_saved && status.both_copies, "{status}");
    world.platter().room = None;
    device = world.restart(device, Ended::Stopped);
    assert_eq!((runs(&device), device.state().floor), ((Rung::Good, 1), Sequence(2)));
}

/// Whatever a power cut makes of a write over a copy of the state, the other copy is whole; on a full disk as elsewhere.
#[test]
fn a_power_cut_while_a_copy_is_written_over_leaves_the_other() {
    for is_full in [false, true] {
        for (cut, seed) in (1..12).flat_map(|cut| (0..8).map(move |seed| (cut, seed))) {
            let mut world = World::new();
            world.dice.0 = seed;
            let device = world.with_good(&[1, 2]);
            let used = world.platter().backup().iter().map(|(_, bytes)| bytes.len()).sum();
            world.platter().room = is_full.then_some(used);
            drop(device);
            world.platter().restart();
            (world.machine().ended, world.platter().cut) = (Ended::Crashed, Some(cut));
            let device = world.open();
            let (is_saved, strikes) = (!world.platter().is_dead, device.state().good.unwrap().strikes);
            assert_eq!(strikes, 1);
            let device = world.power_cut(device);
            let what = format!("full {is_full}, cut {cut}, seed {seed}: {:?}", device.memory());
            assert!(matches!(device.memory(), Memory::Whole | Memory::OneCopy), "{what}");
            assert_eq!((runs(&device), device.state().floor), ((Rung::Good, 2), Sequence(2)), "{what}");
            let good = device.state().good.unwrap();
            assert!(good.strikes == 1 || (good.strikes == 0 && !is_saved), "{what}");
        }
    }
}

/// On a disk that is mounted read-only nothing can be counted: content whose last run did not end well does not run.
#[test]
fn what_crashed_does_not_run_where_nothing_can_be_counted() {
    let world = World::new();
    let device = world.with_good(&[1, 2]);
    world.platter().read_only = true;
    let mut device = world.restart(device, Ended::Stopped);
    assert_eq!(runs(&device), (Rung::Good, 2));
    for ended in [Ended::Crashed, Ended::Hung, Ended::SystemCrash, Ended::Unexplained, Ended::Power] {
        device = world.restart(device, ended);
        assert_eq!(runs(&device).0, Rung::Factory, "{ended:?}");
        assert_eq!(device.status().condition(), Condition::Degraded);
        assert!(told(&device).contains("crashes are not counted"), "{}", told(&device));
    }
    // Whoever stops it in an orderly way may try again, and what others did to it is held against nothing.
    for ended in [Ended::Stopped, Ended::Killed, Ended::OutOfMemory, Ended::CrashedElsewhere] {
        device = world.restart(device, ended);
        assert_eq!(runs(&device), (Rung::Good, 2), "{ended:?}");
    }
    world.platter().read_only = false;
    device = world.restart(device, Ended::Crashed);
    assert_eq!((runs(&device), device.state().good.unwrap().strikes), ((Rung::Good, 2), 1));
    // That it once stopped in order, before the disk became read-only, clears no crash since.
    device = world.restart(device, Ended::Stopped);
    device.stop();
    world.platter().read_only = true;
    world.machine().ended = Ended::Unexplained;
    device = world.open();
    assert_eq!(runs(&device), (Rung::Good, 2));
    for _ in 0..3 {
        device = world.restart(device, Ended::Crashed);
        assert_eq!(runs(&device).0, Rung::Factory);
    }
    world.platter().read_only = false;
    device = world.restart(device, Ended::Stopped);
    // A sealed image that nothing has run from yet runs what was confirmed, though nobody tells of a run before.
    drop(device);
    contentcheck_sensor::seal(&mut Sim::new(&world.platter), true).unwrap();
    world.platter().read_only = true;
    world.machine().ended = Ended::Unexplained;
    assert_eq!(runs(&world.open()), (Rung::Good, 2));
}

/// A candidate on trial when its disk becomes read-only is not run again, and what was confirmed is.
#[test]
fn a_trial_ends_where_the_disk_becomes_read_only() {
    let world = World::new();
    let mut device = world.with_good(&[1]);
    offer(&mut device, 2).unwrap();
    world.platter().read_only = true;
    for (ended, expected) in [
        (Ended::Stopped, (Rung::Good, 1)),
        (Ended::Crashed, (Rung::Factory, 0)),
        (Ended::Unexplained, (Rung::Factory, 0)),
        (Ended::Killed, (Rung::Good, 1)),
    ] {
        device = world.restart(device, ended);
        assert_eq!(runs(&device), expected, "{ended:?}");
    }
    world.platter().read_only = false;
    device = world.restart(device, Ended::Stopped);
    assert_eq!(runs(&device), (Rung::Candidate, 2));
}

/// Whoever opens the store to make an offer, and stops again, takes nothing of a trial and leaves no end that nobody explains.
#[test]
fn offers_from_outside_cost_a_trial_nothing() {
    for candidate in [false, true] {
        let world = World::new();
        let mut device = world.with_good(&[1]);
        if candidate {
            offer(&mut device, 2).unwrap();
        }
        device = world.restart(device, Ended::Stopped);
        evaluate(&mut device.reader(), 5);
        device.stop();
        // Nobody tells how these end, and no event is evaluated.
        world.machine().ended = Ended::Unexplained;
        let before = world.open();
        let before = (*before.state(), before.stop()).0;
        for _ in 0..u32::from(POLICY.starts) * 2 {
            let mut device = world.open();
            assert!(device.offer(&image(9), &envelope("thief", 9)).is_err());
            device.stop();
        }
        let device = world.open();
        assert_eq!(runs(&device), if candidate { (Rung::Candidate, 2) } else { (Rung::Good, 1) });
        let of = |state: &contentcheck_sensor::State| (state.candidate.map(|one| (one.starts, one.tries)), state.good);
        assert_eq!(of(device.state()), of(&before));
    }
    // It does not clear crashes either.
    let world = World::new();
    let device = world.restart(world.with_good(&[1, 2]), Ended::Crashed);
    let device = world.restart(device, Ended::Crashed);
    assert_eq!(device.state().good.unwrap().strikes, 2);
    device.stop();
    let device = world.open();
    assert_eq!(device.state().good.unwrap().strikes, 2);
    assert_eq!(runs(&world.restart(device, Ended::Crashed)), (Rung::Earlier, 1));
}

/// What was refused, or never came to its end, is no event that was evaluated.
#[test]
fn only_events_that_were_evaluated_are_counted() {
    let world = World::new();
    let mut device = world.with_good(&[1]);
    let mut reader = device.reader();
    let counted = |device: &mut Device| {
        let _ = device.check();
        let status = device.status().to_string();
        status.lines().find(|line| line.starts_with("run ")).unwrap().to_owned()
    };
    let before = counted(&mut device);
    evaluate(&mut reader, 7);
    let after = counted(&mut device);
    assert!(before.contains(" 0 events") && after.contains(" 7 events"), "{before}\n{after}");
    // Two inputs of five: a fault.
    for _ in 0..3 {
        let mut view = reader.view();
        let number = *view.templates_named("edr.process_start").first().unwrap();
        let few = Event { inputs: &[Value::Int(1), Value::from("x")], header: &[Value::from("host")], others: &[] };
        assert!(view.evaluate(number, few, 1_000, |_| ()).is_err());
    }
    // A sink that unwinds, and is caught.
    for _ in 0..2 {
        let unwinds =
            || evaluate_by(&mut reader.view(), MATCHING, 1_000_000, |_| std::panic::resume_unwind(Box::new(())));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(unwinds)).is_err());
    }
    evaluate(&mut reader, 4);
    let after = counted(&mut device);
    assert!(after.contains(" 11 events"), "{after}");
    // Other content begins at nothing, and keeps what a reader that is gone did with it.
    offer(&mut device, 2).unwrap();
    evaluate(&mut reader, 5);
    drop(reader);
    evaluate(&mut device.reader(), 3);
    let after = counted(&mut device);
    assert!(after.contains(" 8 events"), "{after}");
}
