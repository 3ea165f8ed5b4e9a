//! Redundancy groups by the commands: what a roll says, what `plan` makes of it, and where devices end up.

use std::collections::BTreeMap;
use std::fs;

use contentcheck_log::{Hash, Member};

use crate::world::{HOUR, MINUTE, START, World};

/// Writes the roll, with the place in a group that a device has by its number.
fn list(world: &World, group: impl Fn(usize) -> Option<String>) {
    let line = |(number, key): (usize, &contentcheck_log::write::SecretKey)| {
        let group = group(number).map_or_else(String::new, |place| format!(" group={place}"));
        format!("{} linux/6.12{group}\n", Hash(key.public()))
    };
    let lines: String = world.keys.iter().enumerate().map(line).collect();
    fs::write(world.root.join("fleet/devices.roll"), lines).unwrap();
}

#[test]
fn a_roll_of_broken_groups_is_told_and_a_policy_too_wide_for_them_is_refused() {
    let world = World::new("broken-groups");
    world.begin();
    let plan = |exit| world.must(exit, START, &["plan", "--dry-run"]);
    list(&world, |number| (number == 4).then(|| "db-7:1/2".to_owned()));
    let missing = plan(2).err;
    assert!(missing.contains("devices.roll: no device is db-7:2/2"), "{missing}");
    list(&world, |number| (number < 2).then(|| "db-7:1/2".to_owned()));
    let twice = plan(2).err;
    assert!(twice.contains("two devices are db-7:1/2, in one place"), "{twice}");
    list(&world, |number| (number < 2).then(|| format!("db-7:{}/9", number + 1)));
    let large = plan(2).err;
    assert!(large.contains("`db-7:1/9` is no place in a redundancy group") && large.contains("2 to 8"), "{large}");
    list(&world, |number| (number == 0).then(|| "db-7:one".to_owned()));
    assert!(plan(2).err.contains("devices.roll:1: a line is a key"));
    list(&world, |number| (number < 3).then(|| format!("db-7:{}/3", number + 1)));
    let wide = plan(1).err;
    assert!(wide.contains("CC0901") && wide.contains("none may add more than 1/3 of the fleet"), "{wide}");
}

#[test]
fn the_devices_of_a_group_get_a_release_ring_by_ring_and_the_spare_first() {
    let mut world = World::new("groups");
    world.begin();
    // Of ten devices two are a pair, the second one the spare.
    let place = |number: usize| match number % 10 {
        0 => Some((format!("pair-{}", number / 10), 2)),
        1 => Some((format!("pair-{}", number / 10), 1)),
        _ => None,
    };
    list(&world, |number| place(number).map(|(name, number)| format!("{name}:{number}/2")));
    let release = world.gate(12);
    let planned =
        world.must(0, START, &[&["plan"], &release.iter().map(String::as_str).collect::<Vec<_>>()[..]].concat());
    assert!(planned.out.contains(" devices are in redundancy groups, the largest of 2"), "{}", planned.out);
    world.must(0, START + 60, &["start"]);
    let opening = world.opening();
    let ring = |number: usize| {
        let member = place(number).and_then(|(name, number)| Member::new(&name, number, 2).ok());
        opening.ring_of(&world.keys[number].public(), member.as_ref())
    };
    let mut counts: BTreeMap<u8, usize> = BTreeMap::new();
    for number in 0..world.keys.len() {
        assert!(number % 10 != 1 || ring(number) < ring(number - 1), "the spare goes first");
        *counts.entry(ring(number)).or_default() += 1;
    }
    assert_eq!(counts.len(), 4, "{counts:?}");
    // Engines are told the same rings.
    let to = world.root.join("mender");
    let to = to.to_str().unwrap();
    world.must(0, START + 120, &["export", "--engine", "mender", "--artifact", "rules-1", "-o", to]);
    let groups = fs::read_to_string(world.root.join("mender/groups.txt")).unwrap();
    assert_eq!(groups.lines().count(), world.keys.len());
    for number in [0, 1, 2, 10, 11] {
        let key = Hash(world.keys[number].public()).to_string();
        let line = groups.lines().find(|line| line.starts_with(&key)).unwrap();
        assert!(line.contains(&format!("-{}-", ring(number))), "{line}");
    }
    // What devices of the first ring say is counted there, and opens the second one.
    let first: Vec<usize> = (0..world.keys.len()).filter(|number| ring(*number) == 0).collect();
    assert!(first.iter().any(|number| place(*number).is_some()));
    let baked = START + 5 * HOUR;
    world.well(&first, START + MINUTE, baked);
    world.must(0, baked, &["advance"]);
    assert_eq!(world.state().newest().unwrap().open_ring(), Some(1));
    // Who is held keeps the place.
    let pinned = world.must(1, baked, &["pin", "linux"]);
    assert!(pinned.err.contains("that would hold back every device"), "{}", pinned.err);
}
