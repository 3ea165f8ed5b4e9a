//! Redundancy groups by the commands: what a roll says, what `plan` makes of it, and where devices end up.

use std::collections::BTreeMap;
use std::fs;

use contentcheck_log::token::parts;
use contentcheck_log::{Hash, Member, Token, Trust};
use contentcheck_rollout::report::What;

use super::world::{HOUR, MINUTE, START, World, strs};

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
    // Of ten devices eight are in pairs, the second one of each the spare: by lot some of them are in the first ring, but once in ten thousand times.
    let place = |number: usize| match number % 10 {
        8 | 9 => None,
        even if even % 2 == 0 => Some((format!("pair-{}", number / 2), 2)),
        _ => Some((format!("pair-{}", number / 2), 1)),
    };
    list(&world, |number| place(number).map(|(name, number)| format!("{name}:{number}/2")));
    let release = world.gate(12);
    let planned =
        world.must(0, START, &[&["plan"], &release.iter().map(String::as_str).collect::<Vec<_>>()[..]].concat());
    assert!(planned.out.contains(" of them in redundancy groups, the largest of 2"), "{}", planned.out);
    world.must(0, START + 60, &["start"]);
    let opening = world.opening();
    let ring = |number: usize| {
        let member = place(number).and_then(|(name, number)| Member::new(&name, number, 2).ok());
        opening.ring_of(&world.keys[number].public(), member.as_ref())
    };
    let mut counts: BTreeMap<u8, usize> = BTreeMap::new();
    for number in 0..world.keys.len() {
        let is_spare = place(number).is_some_and(|(_, place)| place == 1);
        assert!(!is_spare || ring(number) < ring(number - 1), "the spare goes first");
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
    // They are those of the plan, whatever the list says by now.
    let listed = fs::read(world.root.join("fleet/devices.roll")).unwrap();
    list(&world, |number| place(number).map(|(name, number)| format!("{name}:{}/2", 3 - number)));
    world.must(0, START + 150, &["export", "--engine", "mender", "--artifact", "rules-1", "-o", to]);
    assert_eq!(fs::read_to_string(world.root.join("mender/groups.txt")).unwrap(), groups);
    fs::write(world.root.join("fleet/devices.roll"), listed).unwrap();
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

/// Devices that stay behind are offered a release when newer ones are everywhere, by a file of its own; of one that was found bad there is none.
#[test]
fn devices_that_stay_behind_are_offered_what_newer_releases_have_left() {
    let mut world = World::new("behind");
    world.begin();
    // Of a pair the second one stays behind: the two never run one release.
    list(&world, |number| match number {
        0 => Some("db:1/2".to_owned()),
        1 => Some("db:2/2 behind=1".to_owned()),
        2 => Some("db-2:1/2 behind=2".to_owned()),
        3 => Some("db-2:2/2 held".to_owned()),
        _ => None,
    });
    let dry = world.must(0, START, &["plan", "--dry-run"]);
    assert!(dry.out.starts_with("1797 devices of 1 stratum, 3 held back"), "{}", dry.out);
    let mut at = START;
    let taking_part: Vec<usize> = (0..world.keys.len()).filter(|number| !(1..4).contains(number)).collect();
    let file = |world: &World, sequence: u32, behind: u8| {
        let path = world.root.join(format!("fleet/tokens/{sequence}/behind-{behind}.token"));
        let text = fs::read(path).ok()?;
        let trust = world.state().keys().unwrap().trust.clone();
        let trust = Trust::read(&trust).unwrap();
        let opened = |token: &[u8]| {
            let opened = Token::read(token).unwrap().check(&trust).unwrap();
            assert!(opened.is_everywhere());
            opened.opening().sequence
        };
        let (own, newer) = parts(&text);
        Some([vec![opened(own)], newer.map(opened).collect()].concat())
    };
    for sequence in [12, 13, 14] {
        let release = world.gate(sequence);
        world.must(0, at, &[&["plan", "--urgent"], &strs(&release)[..]].concat());
        world.must(0, at, &["start"]);
        for bake in [30 * MINUTE, 2 * HOUR, 4 * HOUR] {
            let opening = world.opening();
            let member = |number: usize| (number == 0).then(|| Member::new("db", 1, 2).unwrap());
            let is_in = |number: &&usize| {
                opening.ring_of(&world.keys[**number].public(), member(**number).as_ref()) == opening.ring
            };
            let devices: Vec<usize> = taking_part.iter().filter(is_in).copied().collect();
            world.well(&devices, at, at + bake);
            at += bake;
            world.must(0, at, &["advance"]);
        }
        at += HOUR;
        let found = [(12, 1), (13, 1), (12, 2)].map(|(sequence, behind)| file(&world, sequence, behind));
        let expected = match sequence {
            12 => [None, None, None],
            13 => [Some(vec![12, 13]), None, None],
            _ => [Some(vec![12, 13]), Some(vec![13, 14]), Some(vec![12, 13, 14])],
        };
        assert_eq!(found, expected, "after {sequence}");
    }
    // What shows that the newest one is everywhere is a token of its last ring: it goes when that is halted, and comes back with it.
    world.must(0, at, &["halt", "--reason", "a look"]);
    assert_eq!((file(&world, 12, 1).is_some(), file(&world, 13, 1), file(&world, 12, 2)), (true, None, None));
    world.must(0, at + MINUTE, &["resume", "--reason", "looked"]);
    assert_eq!(file(&world, 13, 1), Some(vec![13, 14]));
    // A proof that was made again is too young for devices: what they take is not replaced by what they would refuse.
    let path = world.root.join("fleet/tokens/13/behind-1.token");
    let there = fs::read(&path).unwrap();
    fs::remove_dir_all(world.root.join("fleet/proofs/14")).unwrap();
    fs::remove_file(world.root.join("fleet/tokens/14/ring-3.token")).unwrap();
    let renewed = world.run(at + 2 * MINUTE, &["advance"]);
    assert!(renewed.err.contains("it was made again"), "{}", renewed.err);
    assert_eq!(fs::read(&path).unwrap(), there);
    at += 3 * MINUTE;
    // What they are offered goes when it is found bad, also by those that run it; what they are offered then is not behind it.
    let rollout = world.state().rollouts()[1].id();
    let last: Vec<usize> = taking_part.iter().skip(100).take(100).copied().collect();
    let failures = last.iter().flat_map(|device| [(at, *device, What::Receipt), (at + MINUTE, *device, What::Failed)]);
    world.report_of(rollout, failures.collect());
    world.run(at + 2 * MINUTE, &["advance"]);
    assert_eq!((file(&world, 13, 1), file(&world, 12, 1)), (None, Some(vec![12, 14])));
}
