//! What nobody here can know decides nothing: reports by a clock that is ahead, and what witnesses were told that are not here.

use std::fs;

use contentcheck_rollout::report::What;

use super::stopping::{started, tokens};
use super::world::{HOUR, MINUTE, START, World, ring, strs};

/// A collector whose clock is ahead dates failures into the future, where nobody counts them yet. No ring opens, and what is open is offered no more.
#[test]
fn a_collector_whose_clock_is_ahead_opens_no_ring() {
    for ahead in [3 * MINUTE, 10 * MINUTE, HOUR, 5 * HOUR] {
        let mut world = started(&format!("ahead-{ahead}"));
        let devices = world.let_in();
        // All was well for most of the bake; then every device fails.
        let due = START + 30 * MINUTE;
        world.well(&devices, START, due - MINUTE);
        let failed = devices.iter().map(|device| (due - MINUTE + ahead, *device, What::Failed)).collect();
        world.report(failed);
        let advanced = world.must(2, due, &["advance"]);
        assert!(advanced.err.contains("the collector of shard 0 has a clock that is ahead"), "{}", advanced.err);
        assert!(advanced.err.contains("and it is 2027-01-04 08:30 UTC"), "{}", advanced.err);
        assert_eq!(world.opening().ring, 0, "{ahead}");
        assert_eq!(tokens(&world, 12), [""; 0], "{ahead}");
        // People see what devices say, and why it does not count yet.
        let status = world.must(1, due, &["status"]).out;
        assert!(status.contains("a clock that is ahead") && status.contains("say that the release is bad"), "{status}");
        assert!(status.contains("cannot take them in") && status.contains(" halt --reason WORDS"), "{status}");
        // When that time has come, it counts.
        let rejected = world.must(1, due + ahead, &["advance"]);
        assert!(rejected.out.contains("CC0906"), "{}", rejected.out);
    }
}

/// Also where the collector has nothing new to say: it would date what comes next.
#[test]
fn a_collector_that_says_it_has_everything_of_the_future_is_told() {
    let mut world = started("ahead-idle");
    let devices = world.let_in();
    world.well(&devices, START, START + 30 * MINUTE);
    let settled = world.root.join("fleet/reports/0.settled");
    let text = fs::read_to_string(&settled).unwrap();
    let (_, rest) = text.split_once('\n').unwrap();
    fs::write(&settled, format!("until {}\n{rest}", START + 2 * HOUR)).unwrap();
    let refused = world.must(2, START + 30 * MINUTE, &["advance"]);
    assert!(refused.err.contains("a clock that is ahead"), "{}", refused.err);
    fs::write(&settled, text).unwrap();
    world.must(0, START + 30 * MINUTE, &["advance"]);
    assert_eq!(world.opening().ring, 1);
}

/// A disk of witnesses that is not mounted has the halts that they were told of. One of three that is away is as one that is down.
#[test]
fn a_halt_that_witnesses_were_told_of_does_not_go_with_their_directories() {
    let mut world = started("away");
    let home = |name: &str| (world.root.join("fleet/witnesses").join(name), world.root.join("away").join(name));
    fs::create_dir_all(world.root.join("away")).unwrap();
    let move_away = |name: &str| fs::rename(home(name).0, home(name).1).unwrap();
    let bring_back = |name: &str| fs::rename(home(name).1, home(name).0).unwrap();
    move_away("two");
    let one = world.must(0, START + MINUTE, &["status"]).out;
    assert!(one.contains("the directories of the witnesses `two` are not here, so they sign nothing"), "{one}");
    assert_eq!(tokens(&world, 12), ["ring-0.token"]);
    move_away("one");
    let status = world.must(1, START + MINUTE, &["status"]).out;
    assert!(
        status.contains("`one`, `two` are not here") && status.contains("whether they were told of a halt"),
        "{status}"
    );
    assert!(world.must(1, START + MINUTE, &["advance"]).err.contains("CC0907"));
    bring_back("one");
    bring_back("two");
    for name in ["one", "two", "three"] {
        world.run(START + 2 * MINUTE, &["witness", name, "--moved"]);
    }
    world.must(0, START + 2 * MINUTE, &["advance"]);
    assert_eq!(tokens(&world, 12), ["ring-0.token"]);
    ring(&mut world, START, 30 * MINUTE);
}

/// What is held one by one stays held when its stratum is pinned and brought back.
#[test]
fn what_is_held_by_itself_stays_held_when_its_stratum_is_brought_back() {
    let world = World::new("pinned");
    world.begin();
    let path = world.root.join("fleet/devices.roll");
    let text = fs::read_to_string(&path).unwrap();
    let (first, rest) = text.split_once('\n').unwrap();
    let stratum = first.split(' ').nth(1).unwrap();
    let text = format!("# ward 3: not before the audit\n{first} held\n{rest}");
    fs::write(&path, &text).unwrap();
    let none = world.must(1, START, &["pin", stratum, "--undo"]);
    assert!(none.err.contains("what is held by itself takes part when `held` is gone from its line"), "{}", none.err);
    world.must(0, START, &["pin", stratum]);
    let pinned = fs::read_to_string(&path).unwrap();
    assert!(
        pinned.contains(&format!("{first} held\n")) && pinned.contains(&format!(" {stratum} pinned\n")),
        "{pinned}"
    );
    world.must(0, START, &["pin", stratum, "--undo"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    let release = world.gate(12);
    let planned = world.must(0, START, &[&["plan", "--urgent"], &strs(&release)[..]].concat());
    assert!(planned.out.contains(", 1 held back"), "{}", planned.out);
}

/// A file in `stopped/` holds every rollout, and whoever looks is told so where nothing else can be read.
#[test]
fn what_is_held_is_told_where_the_log_cannot_be_read() {
    let world = started("held-unread");
    let settings = world.root.join("fleet/rollout.toml");
    let text = fs::read(&settings).unwrap();
    fs::write(&settings, "[").unwrap();
    assert!(!world.must(2, START + MINUTE, &["status"]).err.contains("HELD"));
    world.run(START + MINUTE, &["halt", "--reason", "a customer called"]);
    for command in ["status", "explain", "report"] {
        let said = world.must(2, START + MINUTE, &[command]);
        assert!(said.err.contains("every rollout is HELD here by") && said.err.contains("stopped/"), "{}", said.err);
    }
    fs::write(&settings, text).unwrap();
    assert!(world.must(1, START + MINUTE, &["status"]).out.contains("HELD"));
}
