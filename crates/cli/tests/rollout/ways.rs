//! What a rollout is taken back to: content that was good everywhere, and is still.

use contentcheck_rollout::report::What;

use super::stopping::tokens;
use super::world::{DEVICES, HOUR, MINUTE, START, World, ring, strs};

/// A rollout that is good everywhere, and another one whose plan is in the log.
fn followed(name: &str) -> (World, u64) {
    let mut world = World::new(name);
    world.begin();
    let first = world.gate(12);
    world.must(0, START, &[&["plan", "--urgent"], &strs(&first)[..]].concat());
    world.must(0, START, &["start"]);
    let mut at = START;
    for bake in [30 * MINUTE, 2 * HOUR, 4 * HOUR] {
        at = ring(&mut world, at, bake);
    }
    at += HOUR;
    let second = world.gate(13);
    world.must(0, at, &[&["plan"], &strs(&second)[..]].concat());
    (world, at)
}

/// What some share of the devices of the first rollout's last ring say of it.
fn say(world: &mut World, at: u64, of: usize, what: What) {
    let state = world.state();
    let rollout = state.rollouts().first().unwrap();
    let opening = rollout.opening(rollout.open_ring().unwrap()).unwrap();
    let ring = opening.ring;
    let in_ring = |number: &usize| opening.ring_of(&world.keys[*number].public(), None) == ring;
    let devices: Vec<usize> = (0..usize::from(DEVICES)).filter(in_ring).collect();
    let reports = devices.iter().enumerate().flat_map(|(number, device)| {
        let end = if number % of == 0 { what } else { What::Well };
        [(at, *device, What::Receipt), (at + 60, *device, end)]
    });
    world.report_of(rollout.id(), reports.collect());
}

/// Devices run a release for as long as the next one has not come to them, and what they say of it in that time counts.
#[test]
fn what_fails_after_the_next_plan_is_no_way_back() {
    for asked in ["advance", "revert"] {
        let (mut world, at) = followed(&format!("late-{asked}"));
        let status = world.run(at, &["status"]);
        assert!(!status.out.contains("way back: none"), "{}", status.out);
        say(&mut world, at + 60, 1, What::Failed);
        if asked == "advance" {
            // The timer sees it without being asked.
            let advance = world.must(1, at + 5 * MINUTE, &["advance"]);
            assert!(advance.err.contains("it is no way back any more"), "{}", advance.err);
            let entries = world.state().size();
            // Nobody is let in by it any more, and whoever looks is told for as long as devices run it.
            assert!(tokens(&world, 12).is_empty(), "{}", advance.err);
            let status = world.must(1, at + 6 * MINUTE, &["status"]);
            assert!(status.out.contains("(sequence 12), which devices run"), "{}", status.out);
            let again = world.must(1, at + 6 * MINUTE, &["advance"]);
            assert!(!again.err.contains("no way back"), "{}", again.err);
            assert_eq!(world.state().size(), entries);
        }
        world.must(0, at + 10 * MINUTE, &["start"]);
        world.must(0, at + 20 * MINUTE, &["halt", "--reason", "machines crash"]);
        let third = world.gate(14);
        let size = world.state().size();
        let refused = world.must(1, at + HOUR, &[&["revert"], &strs(&third)[..]].concat());
        let why = if asked == "advance" { "nothing was good on the whole fleet" } else { "nobody goes back to it" };
        assert!(refused.err.contains(why), "{}", refused.err);
        // The evidence is in the log, and nothing else.
        assert_eq!(world.state().size(), size + u64::from(asked == "revert"));
        assert!(world.run(at + HOUR, &["status"]).out.contains("way back: none"));
        world.must(1, at + HOUR, &[&["revert"], &strs(&third)[..]].concat());
    }
}

/// A few that fail, and many that say nothing since they have the next release, make nothing bad.
#[test]
fn what_is_well_with_most_devices_stays_a_way_back() {
    let (mut world, at) = followed("late-few");
    say(&mut world, at + 60, 4, What::Failed);
    let advance = world.must(1, at + 5 * MINUTE, &["advance"]);
    assert!(!advance.err.contains("no way back"), "{}", advance.err);
    world.must(0, at + 10 * MINUTE, &["start"]);
    world.must(0, at + 20 * MINUTE, &["halt", "--reason", "machines crash"]);
    let third = world.gate(14);
    world.must(0, at + 40 * HOUR, &[&["revert"], &strs(&third)[..]].concat());
}

/// Content that was good, and was bad when it was rolled out again, is no way back by what it was first.
#[test]
fn what_failed_when_it_came_again_is_no_way_back() {
    let (mut world, mut at) = followed("again-bad");
    // The bad one is halted, and the good one comes back and fails.
    world.must(0, at, &["start"]);
    world.must(0, at + MINUTE, &["halt", "--reason", "machines crash"]);
    let third = world.gate(14);
    at += 40 * HOUR;
    world.must(0, at, &[&["revert"], &strs(&third)[..]].concat());
    world.must(0, at, &["start"]);
    let devices = world.let_in();
    let fails = |device: &usize| [(at + 60, *device, What::Receipt), (at + 90, *device, What::Failed)];
    world.report(devices.iter().flat_map(fails).collect());
    let stopped = world.must(1, at + 120, &["advance"]);
    assert!(stopped.out.contains("CC0906"), "{}", stopped.out);
    let status = world.run(at + 180, &["status"]);
    assert!(status.out.contains("way back: none"), "{}", status.out);
    let fourth = world.gate(15);
    let refused = world.must(1, at + HOUR, &[&["revert"], &strs(&fourth)[..]].concat());
    assert!(refused.err.contains("nothing was good on the whole fleet"), "{}", refused.err);
}

/// Devices that say nothing more after their receipt have failed, and a few that are well do not open the next ring beside them; nobody is a partner.
#[test]
fn a_few_that_are_well_open_no_ring_beside_more_that_are_gone() {
    for class in [&["plan", "--urgent"][..], &["plan"]] {
        for gone in [1, 2, 3] {
            let mut world = World::new(&format!("gone-{}-{gone}", class.len()));
            world.begin();
            let first = world.gate(12);
            world.must(0, START, &[class, &strs(&first)[..]].concat());
            world.must(0, START, &["start"]);
            let devices = world.let_in();
            // One of four, two of four, three of four is never heard again.
            let is_dead = |at: usize| at % 4 < gone;
            let of = |dead: bool| devices.iter().enumerate().filter(move |(at, _)| is_dead(*at) == dead);
            let (dead, well): (Vec<usize>, Vec<usize>) =
                (of(true).map(|(_, device)| *device).collect(), of(false).map(|(_, device)| *device).collect());
            let until = START + 26 * HOUR;
            let mut reports: Vec<(u64, usize, What)> =
                devices.iter().map(|device| (START + 60, *device, What::Receipt)).collect();
            for at in (START + 10 * MINUTE..=until).step_by(10 * 60) {
                reports.extend(well.iter().map(|device| (at, *device, What::Well)));
            }
            world.report(reports);
            assert!(dead.len() >= 2 && !well.is_empty(), "{} {}", dead.len(), well.len());
            for at in [30 * MINUTE, HOUR, 4 * HOUR, 5 * HOUR, 26 * HOUR] {
                let advance = world.run(START + at, &["advance"]);
                assert!(!advance.out.starts_with("open: ring 1"), "{class:?} {gone} {at}: {}", advance.out);
            }
            let why = world.run(until, &["explain"]);
            assert!(why.out.contains("silent"), "{}", why.out);
        }
    }
}

/// A way back that is under way ends where devices that have its content from before say that it failed; and nobody goes back to what cannot be looked at.
#[test]
fn a_way_back_ends_where_its_content_fails_on_those_that_have_it() {
    let (mut world, mut at) = followed("under-way");
    world.must(0, at, &["start"]);
    world.must(0, at + MINUTE, &["halt", "--reason", "machines crash"]);
    let third = world.gate(14);
    at += HOUR;
    let revert = [&["revert"], &strs(&third)[..]].concat();
    // Without the reports nobody knows.
    let [reports, away] = ["fleet/reports", "away"].map(|place| world.root.join(place));
    std::fs::rename(&reports, &away).unwrap();
    let refused = world.must(1, at, &revert);
    assert!(refused.err.contains("cannot be looked at"), "{}", refused.err);
    std::fs::rename(&away, &reports).unwrap();
    world.must(0, at, &revert);
    world.must(0, at, &["start"]);
    assert_eq!(tokens(&world, 14), ["ring-0.token"]);
    say(&mut world, at + 60, 1, What::Failed);
    let status = world.must(1, at + 3 * MINUTE, &["status"]);
    assert!(status.out.contains("report that it FAILED") && status.out.contains("way back: none"), "{}", status.out);
    let advance = world.must(1, at + 5 * MINUTE, &["advance"]);
    assert!(tokens(&world, 14).is_empty(), "{}\n{}", advance.out, advance.err);
    let devices = world.let_in_by(14);
    world.well(&devices, at + 10 * MINUTE, at + 2 * HOUR);
    let later = world.must(1, at + 2 * HOUR, &["advance"]);
    assert!(!later.out.starts_with("open: ") && tokens(&world, 14).is_empty(), "{}", later.out);
    let status = world.must(1, at + 2 * HOUR, &["status"]);
    assert!(status.out.contains("from an earlier release say that it FAILED"), "{}", status.out);
}
