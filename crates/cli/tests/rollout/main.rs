//! Rollouts by the command line, from a gate that passed to everybody: a good release goes from ring to ring, a bad one ends in the first,
//! and what was good before comes back on the same road.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests fail as tests do")]

mod copies;
mod elsewhere;
mod groups;
mod keys_and_exports;
mod offered;
mod proofs;
mod stopping;
mod unknown;
mod ways;
mod world;

use std::fs;

use contentcheck_log::Hash;
use contentcheck_log::write::SecretKey;
use contentcheck_rollout::entry::Start;
use contentcheck_rollout::report::What;
use contentcheck_rollout::{Body, Book, Entry};

use world::{DEVICES, HOUR, MINUTE, START, World, copy, files, ring, strs};

#[test]
fn a_release_goes_out_ring_by_ring_a_bad_one_stops_and_the_good_one_comes_back() {
    let mut world = World::new("road");
    world.begin();
    let first = world.gate(12);
    let dry = world.must(0, START, &["plan", &first[0], "--dry-run"]);
    assert!(dry.out.contains("would not see failures"), "{}", dry.out);
    world.must(0, START, &[&["plan", "--urgent"], &strs(&first)[..]].concat());
    assert!(world.run(START, &["status"]).out.contains("sequence 12, urgent; 1800 devices"));
    world.must(0, START + 60, &["start"]);
    let plans = world.root.join("plans");
    let said = world.must(0, START + 60, &["export", "--engine", "mender", "-o", plans.to_str().unwrap()]);
    assert!(said.err.contains("not enforced by this engine"), "{}", said.err);
    assert_eq!(fs::read_to_string(plans.join("groups.txt")).unwrap().lines().count(), usize::from(DEVICES));
    let mut at = START + 60;
    for bake in [30 * MINUTE, 2 * HOUR, 4 * HOUR] {
        at = ring(&mut world, at, bake);
    }
    assert!(world.state().newest().unwrap().is_everywhere(), "{}", world.run(at, &["status"]).out);

    // The next one crashes wherever it comes.
    at += HOUR;
    let second = world.gate(13);
    world.must(0, at, &[&["plan"], &strs(&second)[..]].concat());
    // Nothing is wrong before the start: what runs everywhere is offered on.
    let offered = files(&world.root.join("fleet/tokens"));
    let early = world.must(1, at, &["advance"]);
    assert!(early.err.contains("no ring is open"), "{}", early.err);
    assert!(!offered.is_empty() && files(&world.root.join("fleet/tokens")) == offered);
    world.must(0, at, &["start"]);
    let devices = world.let_in();
    assert!(devices.len() < 30, "{} devices in a ring of one percent", devices.len());
    world.report(
        devices
            .iter()
            .flat_map(|device| [(at + 60, *device, What::Receipt), (at + 90, *device, What::Failed)])
            .collect(),
    );
    let stopped = world.must(1, at + 120, &["advance"]);
    assert!(stopped.out.contains("CC0906"), "{}", stopped.out);
    assert_eq!(world.run(at + 120, &["status"]).exit, 1);
    let why = world.run(at + 120, &["explain"]);
    assert!(why.exit == 1 && why.out.contains("every: "), "{}", why.out);
    // A log that devices have seen and that is not here.
    world.seen = 999;
    world.report(vec![(at + 100, devices[0], What::Well)]);
    let told = world.run(at + 120, &["status"]);
    assert!(told.out.contains("reports a log of 999 entries, which this one"), "{}", told.out);
    // Reports that are gone are not the same as none.
    let rollout = world.state().newest().unwrap().id().to_string();
    let [place, away] = [&rollout, "away"].map(|name| world.root.join("fleet/reports").join(name));
    fs::rename(&place, &away).unwrap();
    let gone = world.must(2, at + 120, &["advance"]);
    assert!(gone.err.contains("0.reports is missing") && gone.err.contains("take it from a copy"), "{}", gone.err);
    assert!(world.run(at + 120, &["status"]).out.contains("this may be old: "));
    fs::rename(&away, &place).unwrap();
    let page = world.root.join("page.html");
    world.must(0, at + 120, &["report", "-o", page.to_str().unwrap()]);
    assert!(fs::read_to_string(&page).unwrap().contains("</html>"));
    let plans = world.root.join("plans");
    assert!(world.run(at, &["export", "--engine", "mender", "-o", plans.to_str().unwrap()]).exit == 1, "it is over");
    let refused = world.must(1, at + 120, &["resume", "--reason", "it will be fine"]);
    assert!(refused.err.contains("CC0904"), "{}", refused.err);
    assert!(world.run(at + 30 * HOUR, &["advance"]).out.contains("CC0906"));

    // What was on the whole fleet comes back, under a higher sequence, on the same road.
    at += 40 * HOUR;
    let third = world.gate(14);
    world.must(0, at, &[&["revert"], &strs(&third)[..]].concat());
    world.must(0, at, &["start"]);
    for bake in [30 * MINUTE, 2 * HOUR, 4 * HOUR] {
        at = ring(&mut world, at, bake);
    }
    assert!(world.state().newest().unwrap().is_everywhere(), "{}", world.run(at, &["status"]).out);
}

/// What was put back from an older copy, or lost, is told before anything is written that nobody would take.
#[test]
fn a_log_from_a_copy_a_witness_without_memory_and_a_roll_that_is_gone_are_told() {
    let world = World::new("restored");
    world.begin();
    let first = world.gate(12);
    world.must(0, START, &[&["plan", "--urgent"], &strs(&first)[..]].concat());
    let fleet = world.root.join("fleet");
    // The roll of the plan's census.
    let (rolls, away) = (fleet.join("rolls"), world.root.join("rolls"));
    fs::rename(&rolls, &away).unwrap();
    let size = world.state().size();
    let refused = world.must(2, START + 60, &["start"]);
    assert!(refused.err.contains("the roll of the census"), "{}", refused.err);
    assert_eq!(world.state().size(), size);
    fs::rename(&away, &rolls).unwrap();
    world.must(0, START + 60, &["start"]);
    world.must(0, START + 60, &["status"]);
    fs::rename(&rolls, &away).unwrap();
    let status = world.must(1, START + 60, &["status"]);
    assert!(
        status.out.contains("this may be old: ") && status.out.contains("the roll of the census"),
        "{}",
        status.out
    );
    fs::rename(&away, &rolls).unwrap();
    // A clock that is wrong.
    let status = world.run(START - HOUR, &["status"]);
    assert!(status.out.contains("1 h 1 min ahead of this machine's clock"), "{}", status.out);
    // The log as it was before a halt.
    let copy_of_log = world.root.join("log-copy");
    copy(&fleet.join("log"), &copy_of_log);
    world.must(0, START + 120, &["halt", "--reason", "machines crash"]);
    fs::remove_dir_all(fleet.join("log")).unwrap();
    copy(&copy_of_log, &fleet.join("log"));
    for command in [&["status"][..], &["advance"], &["pin", "linux"], &["halt", "--reason", "again"]] {
        let refused = world.must(2, START + 180, command);
        assert!(refused.err.contains("CC0908") && refused.err.contains("older copy"), "{command:?}: {}", refused.err);
    }
    assert_eq!(world.state().size(), size + 2);
    // A witness that lost all that it knew does not begin again.
    for name in ["one", "two", "three"] {
        for file in fs::read_dir(fleet.join("witnesses").join(name)).unwrap().map(|file| file.unwrap().path()) {
            match file.file_name().unwrap() == "key" {
                true => {}
                false if file.is_dir() => fs::remove_dir_all(file).unwrap(),
                false => fs::remove_file(file).unwrap(),
            }
        }
    }
    let halted = world.run(START + 180, &["halt", "--reason", "again"]);
    assert!(halted.err.contains("damaged or missing"), "{}\n{}", halted.out, halted.err);
}

#[test]
fn one_halts_two_resume_and_signatures_are_gathered() {
    let mut world = World::new("people");
    world.begin();
    let first = world.gate(12);
    // Only one holder of the role is at this machine.
    let away = world.root.join("away");
    fs::create_dir_all(&away).unwrap();
    for name in ["plan-2", "plan-3", "resume-2", "resume-3"] {
        let name = format!("{name}.key");
        fs::rename(world.root.join("fleet/keys").join(&name), away.join(&name)).unwrap();
    }
    let signed = |world: &World, at: u64, key: &str| {
        let draft = fs::read_dir(world.root.join("fleet/drafts")).unwrap().next().unwrap().unwrap().path();
        let key = away.join(format!("{key}.key"));
        world.must(0, at, &["sign", draft.to_str().unwrap(), "--key", key.to_str().unwrap()]);
    };
    let plan = [&["plan", "--urgent"], &strs(&first)[..]].concat();
    let waits = world.must(1, START, &plan);
    assert!(waits.err.contains("1 of 2"), "{}", waits.err);
    signed(&world, START + HOUR, "plan-2");
    world.must(1, START + HOUR, &plan);
    signed(&world, START + 2 * HOUR, "plan-3");
    let at = START + 3 * HOUR;
    world.must(0, at, &["start"]);
    world.must(0, at, &["halt", "--reason", "a look first"]);
    assert!(world.must(1, at, &["advance"]).out.contains("halted: a look first"));
    world.must(1, at, &["resume", "--reason", "looked"]);
    signed(&world, at + HOUR, "resume-3");
    assert_eq!(world.run(at + HOUR, &["status"]).exit, 0);
    let devices = world.let_in();
    world.well(&devices, at + HOUR, at + 90 * MINUTE);
    world.must(0, at + 90 * MINUTE, &["advance"]);
    assert_eq!(world.opening().ring, 1);
    // A stratum that is held back is in no further plan.
    world.must(1, at, &["pin", "windows/10"]);
    let missing = world.must(1, at + 2 * HOUR, &["pin", "linux"]);
    assert!(missing.err.contains("1 of 2"), "{}", missing.err);
}

#[test]
fn what_is_wrong_is_told_with_what_to_do() {
    let world = World::new("wrong");
    let nothing = world.must(2, START, &["status"]);
    assert!(nothing.err.contains("fleet init --log NAME"), "{}", nothing.err);
    world.begin();
    assert!(world.must(2, START, &["init", "--log", "x"]).err.contains("already"));
    assert!(world.must(1, START, &["start"]).err.contains("CC0904"));
    assert!(world.must(1, START, &["halt", "--reason", "x"]).err.contains("CC0904"));
    assert!(world.must(2, START, &["halt", "--reason", "two\nlines"]).err.contains("one line"));
    let policy = world.root.join("fleet/policy.toml");
    let text = fs::read_to_string(&policy).unwrap();
    fs::write(&policy, text.replace("\"1%\"", "\"2%\"")).unwrap();
    assert!(world.must(2, START, &["plan", "--dry-run"]).err.contains("CC0901"));
    fs::write(&policy, contentcheck_rollout::Policy::STANDARD).unwrap();
    assert!(world.must(1, START, &["plan", "--dry-run"]).err.contains("CC0902"));
    fs::write(&policy, &text).unwrap();
    // An image that is named is looked at; none need be.
    let (file, directory) = (world.root.join("image"), world.root.join("fleet"));
    for bytes in [&b""[..], b"hello", b"CCIMAGE\0"] {
        fs::write(&file, bytes).unwrap();
        let refused = world.must(2, START, &["plan", file.to_str().unwrap(), "--dry-run"]);
        assert!(refused.err.contains("CC052"), "{}", refused.err);
    }
    world.must(2, START, &["plan", directory.to_str().unwrap(), "--dry-run"]);
    world.must(2, START, &["plan", "absent", "--dry-run"]);
    assert!(world.must(0, START, &["plan", "--dry-run"]).err.contains("no image was named"));
    // Names stand in terminals and in logs of build machines.
    for name in ["ring\u{202E}", "::error::x", "a\tb", "früh", ""] {
        fs::write(&policy, text.replace("\"first\"", &serde_json::to_string(name).unwrap())).unwrap();
        let refused = world.must(2, START, &["plan", "--dry-run"]);
        assert!(refused.err.contains("letters of English, digits, spaces"), "{name:?}: {}", refused.err);
    }
    fs::write(&policy, &text).unwrap();
    // A file of devices that is cut off names other devices, or others as it seems; and a key of nobody reports nothing.
    let devices = world.root.join("fleet/devices.roll");
    let whole = fs::read_to_string(&devices).unwrap();
    for cut in [1, 2, 5, 40] {
        fs::write(&devices, whole.get(..whole.len() - cut).unwrap()).unwrap();
        let refused = world.must(2, START, &["plan", "--dry-run"]);
        assert!(refused.err.contains("the last line does not end"), "{cut}: {}", refused.err);
    }
    // Points of small order.
    for key in ["00", "01"].map(|first| format!("{first}{}", "0".repeat(62))) {
        fs::write(&devices, format!("{whole}{key} linux/6.12\n")).unwrap();
        let refused = world.must(2, START, &["plan", "--dry-run"]);
        assert!(refused.err.contains("is no device's key"), "{key}: {}", refused.err);
    }
    fs::write(&devices, &whole).unwrap();
    // A page is written over nothing of the rollout.
    for own in ["policy.toml", "rollout.toml", "devices.roll", "keys/log.key", "log/checkpoint"] {
        let path = world.root.join("fleet").join(own);
        let before = fs::read(&path).unwrap();
        let refused = world.must(2, START, &["report", "-o", path.to_str().unwrap()]);
        assert!(refused.err.contains("is the rollouts' own"), "{own}: {}", refused.err);
        assert_eq!(fs::read(&path).unwrap(), before, "{own}");
    }
    // What is no file is not waited for.
    #[cfg(unix)]
    for own in ["devices.roll", "log/checkpoint"] {
        let (path, kept) = (world.root.join("fleet").join(own), world.root.join("kept"));
        fs::rename(&path, &kept).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let refused = world.run(START, &["plan", "--dry-run"]);
        let looked = world.run(START, &["status"]);
        assert!(
            format!("{}{}", refused.err, looked.err).contains("not a regular file"),
            "{own}: {} {}",
            refused.err,
            looked.err
        );
        fs::remove_file(&path).unwrap();
        fs::rename(&kept, &path).unwrap();
    }
    // What the next entry and every token are made of is looked at by whoever reads.
    let tile = world.root.join("fleet/log/tile/0/000.p/1");
    let kept = fs::read(&tile).unwrap();
    for damage in [&[][..], &[0; 32]] {
        fs::write(&tile, damage).unwrap();
        let refused = world.must(2, START, &["status"]);
        assert!(refused.err.contains("CC0908") && refused.err.contains("tile/0/000.p/1"), "{}", refused.err);
    }
    fs::write(&tile, kept).unwrap();
    world.must(0, START, &["status"]);
    // A log that lost a file is not written to.
    let log = world.root.join("fleet/log/checkpoint");
    fs::write(&log, "nothing").unwrap();
    assert!(world.must(2, START, &["status"]).err.contains("CC0908"));
}

/// What a refused command leaves: the log, the drafts and the devices as they were.
fn kept(world: &World) -> (u64, String, bool) {
    let devices = fs::read_to_string(world.root.join("fleet/devices.roll")).unwrap();
    (world.state().size(), devices, world.root.join("fleet/drafts").exists())
}

/// Takes all witnesses but so many away, or brings them back.
fn witnesses(world: &World, left: usize) {
    for (number, name) in ["one", "two", "three"].iter().enumerate() {
        let [here, away] = ["fleet/witnesses", "away"].map(|place| world.root.join(place).join(name));
        fs::create_dir_all(world.root.join("away")).unwrap();
        match (number < left, here.exists()) {
            (true, false) => fs::rename(away, here).unwrap(),
            (false, true) => fs::rename(here, away).unwrap(),
            _ => {}
        }
    }
}

fn blackout(world: &World, from: &str, until: &str) {
    let path = world.root.join("fleet/policy.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(path, format!("{text}\n[[blackout]]\nfrom = \"{from}\"\nuntil = \"{until}\"\n")).unwrap();
}

/// A halted rollout leaves no room for the next one before its rings are old enough. A start that has to wait writes nothing and says until when.
#[test]
fn a_start_waits_for_the_rate_limit_over_all_rollouts() {
    let mut world = World::new("rate-limit");
    world.begin();
    let path = world.root.join("fleet/policy.toml");
    let policy = fs::read_to_string(&path).unwrap();
    // The largest ring of the small policy holds half of the fleet.
    let limited = |share: &str, within: &str| {
        fs::write(&path, format!("rate-limit = {{ share = \"{share}\", within = \"{within}\" }}\n{policy}")).unwrap();
    };
    limited("49%", "24h");
    let first = world.gate(12);
    let refused = world.must(2, START, &[&["plan", "--urgent"], &strs(&first)[..]].concat());
    assert!(refused.err.contains("CC0901") && refused.err.contains("`rate-limit.share`"), "{}", refused.err);
    limited("50%", "24h");
    let shown = world.must(0, START, &[&["plan", "--urgent", "--dry-run"], &strs(&first)[..]].concat());
    assert!(
        shown.out.contains("\nrings that open hold at most 50% of the fleet within 1d, over all rollouts"),
        "{}",
        shown.out
    );
    world.must(0, START, &[&["plan", "--urgent"], &strs(&first)[..]].concat());
    world.must(0, START, &["start"]);
    let tenth = ring(&mut world, START, 30 * MINUTE);
    let half = ring(&mut world, tenth, 2 * HOUR);
    // Half of the fleet was let in within these hours, and the limit of the same plan holds its last ring back too.
    let missing = world.must(0, half, &["status"]).out;
    assert!(missing.contains("the rate limit is 50% of the fleet within 1d"), "{missing}");
    world.must(0, half + MINUTE, &["halt", "--reason", "another one first"]);
    let next = world.gate(13);
    world.must(0, half + MINUTE, &[&["plan", "--urgent"], &strs(&next)[..]].concat());
    let before = kept(&world);
    let refused = world.must(1, half + 2 * MINUTE, &["start"]);
    for says in ["CC0905", "the policy has the rate limit of 50% of the fleet within 1d", "before 2027-01-05 08:00 UTC"]
    {
        assert!(refused.err.contains(says), "{}", refused.err);
    }
    assert_eq!(kept(&world), before);
    let waits = world.must(0, half + 2 * MINUTE, &["explain"]).out;
    assert!(waits.contains("missing: rings that opened before it to be older"), "{waits}");
    // A day after the first ring opened, its one percent leaves room for one.
    let day = START + 24 * HOUR;
    world.must(1, day - MINUTE, &["start"]);
    assert!(world.must(0, day, &["start"]).out.contains("ring 0 (first)"));
}

#[test]
fn a_start_in_a_blackout_is_refused_before_anything_is_written_and_no_start_is_a_dead_end() {
    let world = World::new("blackout");
    world.begin();
    blackout(&world, "mon 07:00", "mon 09:00");
    let first = world.gate(12);
    world.must(0, START, &[&["plan", "--urgent"], &strs(&first)[..]].concat());
    let before = kept(&world);
    let refused = world.must(1, START, &["start"]);
    assert!(refused.err.contains("CC0905") && refused.err.contains("2027-01-04 09:00 UTC"), "{}", refused.err);
    assert_eq!(kept(&world), before);
    // A start without its first ring, as after a crash, and one that was cleared in the blackout.
    let start = |at: u64| {
        let rollout = world.state().newest().unwrap().clone();
        let checkpoint = world.root.join(format!("fleet/plans/{}.checkpoint", rollout.id()));
        let body = Body::Start(Start { checkpoint: fs::read_to_string(checkpoint).unwrap() });
        let entry = Entry::new(Some((rollout.id(), rollout.last())), at, body);
        let key = SecretKey::read(&fs::read_to_string(world.root.join("fleet/keys/log.key")).unwrap()).unwrap();
        let storage = contentcheck_log::write::Directory::open(world.root.join("fleet/log")).unwrap();
        Book::open(storage, key).unwrap().append(&[&entry.to_bytes()]).unwrap();
    };
    start(START + 30 * MINUTE);
    let at = START + 70 * MINUTE;
    for command in ["start", "advance"] {
        let stuck = world.must(1, at, &[command]);
        assert!(stuck.err.contains("in a blackout") && stuck.err.contains("fleet resume"), "{}", stuck.err);
    }
    world.must(0, at, &["halt", "--reason", "it was cleared in a blackout"]);
    world.must(0, at, &["resume", "--reason", "the blackout is over"]);
    assert!(world.must(0, at + MINUTE, &["advance"]).out.contains("open: ring 0 (first)"));
    assert_eq!(world.opening().ring, 0);
    let again = world.must(1, at + MINUTE, &["start"]);
    assert!(again.err.contains("CC0904") && again.err.contains("advance"), "{}", again.err);
}

#[test]
fn an_entry_between_plan_and_start_burns_no_release() {
    let world = World::new("between");
    world.begin();
    let first = world.gate(12);
    witnesses(&world, 1);
    world.must(0, START, &[&["plan", "--urgent"], &strs(&first)[..]].concat());
    // Before the witnesses have signed for the plan nothing goes behind it.
    let before = kept(&world);
    let refused = world.must(1, START, &["pin", "linux"]);
    assert!(refused.err.contains("CC0907") && refused.err.contains("fleet start"), "{}", refused.err);
    assert_eq!(kept(&world), before);
    assert!(world.must(1, START, &["start"]).err.contains("1 witness signed"));
    // But a halt, which nobody must have to wait for; then the plan is over, and whoever looks is told.
    let copies = [world.root.join("fleet"), world.root.join("fleet-before")];
    copy(&copies[0], &copies[1]);
    world.run(START, &["halt", "--reason", "a look first"]);
    witnesses(&world, 3);
    assert!(world.run(START, &["start"]).err.contains("halted"));
    world.run(START, &["resume", "--reason", "looked"]);
    let status = world.run(START + MINUTE, &["status"]);
    assert!(status.out.contains("another entry followed the plan before"), "{}", status.out);
    assert!(world.must(1, START + MINUTE, &["start"]).err.contains("another entry followed the plan before"));
    witnesses(&world, 1);
    fs::remove_dir_all(&copies[0]).unwrap();
    fs::rename(&copies[1], &copies[0]).unwrap();
    // It is a copy with all that it had.
    world.must(0, START, &["witness", "one", "--moved"]);
    for name in ["two", "three"] {
        // What they saw since was of the other log.
        let away = world.root.join("away").join(name);
        fs::remove_dir_all(away.join("plan")).unwrap_or_default();
        for file in ["seen", "openings", "halts"] {
            fs::remove_file(away.join(file)).unwrap();
        }
        contentcheck_fleet::witness::begin(&away).unwrap();
    }
    // Then anything does.
    witnesses(&world, 3);
    world.must(0, START + MINUTE, &["pin", "linux"]);
    world.must(0, START + MINUTE, &["halt", "--reason", "a look first"]);
    assert!(world.must(1, START + MINUTE, &["start"]).err.contains("halted"));
    world.must(0, START + MINUTE, &["resume", "--reason", "looked"]);
    world.must(0, START + 2 * MINUTE, &["start"]);
    assert_eq!(world.opening().ring, 0);
    // Without a quorum a ring that is open gets no token, and that is a finding.
    witnesses(&world, 1);
    world.must(0, START + 2 * HOUR, &["pin", "linux", "--undo"]);
    let alone = world.must(1, START + 2 * HOUR, &["advance"]);
    assert!(alone.err.contains("1 witness signed the checkpoint, and 2 must"), "{}", alone.err);
    assert!(!alone.err.contains("\\n") && alone.err.contains("\n  remedy: "), "{}", alone.err);
    let status = world.must(1, START + 2 * HOUR, &["status"]);
    assert!(
        status.out.contains("2 of 3 witnesses have not signed for the newest entry: two, three; 2 must"),
        "{}",
        status.out
    );
    assert!(status.out.contains("no collector has run yet") && status.out.contains("fleet collect"), "{}", status.out);
}

#[test]
fn a_log_that_lost_its_checkpoint_is_replaced_by_nothing() {
    let world = World::new("lost");
    world.begin();
    let checkpoint = world.root.join("fleet/log/checkpoint");
    let text = fs::read_to_string(&checkpoint).unwrap();
    fs::remove_file(&checkpoint).unwrap();
    for command in
        [&["halt", "--reason", "x"][..], &["advance"], &["start"], &["pin", "linux"], &["status"], &["report"]]
    {
        assert!(world.must(2, START, command).err.contains("CC0908"), "{command:?}");
        assert!(!checkpoint.exists(), "{command:?}");
    }
    // One that an earlier version replaced by an empty log.
    let key = SecretKey::read(&fs::read_to_string(world.root.join("fleet/keys/log.key")).unwrap()).unwrap();
    let empty = "example.com/content\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
    fs::write(&checkpoint, format!("{empty}\n{}", key.line(empty, 0))).unwrap();
    assert!(world.must(2, START, &["halt", "--reason", "x"]).err.contains("CC0908"));
    let status = world.must(1, START, &["status"]);
    assert!(status.out.contains("EMPTY"), "{}", status.out);
    let page = world.must(0, START, &["report"]).out;
    assert!(page.contains("class=\"red\"") && !page.contains("1970-"), "{page}");
    fs::write(&checkpoint, text).unwrap();
    // Somebody halted meanwhile, so it is held; with a log that can be read, that there is nothing to halt takes the hold away.
    assert!(world.must(1, START, &["status"]).out.contains("stopped/halt-"));
    assert!(world.must(1, START, &["halt", "--reason", "x"]).err.contains("no rollout was planned yet"));
    assert!(world.must(0, START, &["status"]).out.contains("no rollout is in the log"));
}

#[test]
fn what_is_refused_is_not_half_written_and_a_first_rollout_has_no_way_back() {
    let world = World::new("refused");
    world.begin();
    let (first, second) = (world.gate(12), world.gate(13));
    let planned = world.must(0, START, &[&["plan", "--allow-missing", "change"], &strs(&first)[..]].concat());
    assert!(planned.err.contains("CC1111") && planned.err.contains("contentcheck rollout -C "), "{}", planned.err);
    world.must(0, START, &["start"]);
    let before = kept(&world);
    let refused = world.must(1, START + MINUTE, &[&["revert"], &strs(&second)[..]].concat());
    assert!(
        refused.err.contains("nothing to go back to") && refused.err.contains("last known good"),
        "{}",
        refused.err
    );
    let refused = world.must(1, START + MINUTE, &[&["plan"], &strs(&second)[..]].concat());
    assert!(refused.err.contains("another rollout is under way") && refused.out.is_empty(), "{}", refused.out);
    assert_eq!(kept(&world), before);
    // A witness that runs as a daemon is told from a log that somebody writes.
    let held = contentcheck_log::write::Directory::open(world.root.join("fleet/witnesses/one")).unwrap();
    let halted = world.must(0, START + HOUR, &["halt", "--reason", "a customer called"]);
    assert!(halted.err.contains("witness `one` runs already"), "{}", halted.err);
    drop(held);
    let status = world.must(1, START + HOUR, &["status"]).out;
    assert!(status.contains("halted at 2027-01-04 09:00 UTC by the key "), "{status}");
    assert!(status.contains(": a customer called") && status.contains("is `halt-1` in keys/"), "{status}");
    assert!(status.contains("HALTED with ring 0 (first) open") && status.contains("way back: none"), "{status}");
    assert!(status.contains("1 of 3 witnesses has not signed for the newest entry: one\n"), "{status}");
    world.must(0, START + 2 * HOUR, &["resume", "--reason", "another cause"]);
    let status = world.must(0, START + 2 * HOUR + MINUTE, &["status"]).out;
    assert!(status.contains("for 2 h 1 min, of which 1 min count since it was resumed"), "{status}");
    // What waits for a signature is shown with the command that adds one.
    for name in ["plan-2", "plan-3"] {
        fs::remove_file(world.root.join(format!("fleet/keys/{name}.key"))).unwrap();
    }
    world.must(1, START + 3 * HOUR, &["pin", "linux"]);
    let status = world.run(START + 3 * HOUR, &["status"]).out;
    assert!(status.contains("has 1 of 2 signatures of the role `plan`") && status.contains("fleet sign "), "{status}");
    let all = world.must(1, START + 3 * HOUR, &["pin", "windows"]);
    assert!(all.err.contains("that would hold back every device"), "{}", all.err);
}

#[test]
fn an_init_that_fails_leaves_nothing_and_names_are_names_of_one() {
    let world = World::new("init");
    world.must(2, START, &["init", "--log", "no name"]);
    assert!(!world.root.join("fleet").exists());
    fs::create_dir_all(world.root.join("fleet")).unwrap();
    fs::write(world.root.join("fleet/devices.roll"), "mine").unwrap();
    assert!(world.must(2, START, &["init", "--log", "x"]).err.contains("devices.roll is there already"));
    assert_eq!(fs::read_dir(world.root.join("fleet")).unwrap().count(), 1);
    fs::remove_file(world.root.join("fleet/devices.roll")).unwrap();
    let begun = world.must(0, START, &["init", "--log", "x"]);
    assert!(begun.err.contains("fleet plan IMAGE --dry-run"), "{}", begun.err);
    let settings = world.root.join("fleet/rollout.toml");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text.replace("name = \"two\"", "name = \"one\"")).unwrap();
    assert!(world.must(2, START, &["status"]).err.contains("two witnesses are called `one`"));
    fs::write(&settings, text).unwrap();
    let policy = world.root.join("fleet/policy.toml");
    let text = fs::read_to_string(&policy).unwrap();
    fs::write(&policy, text.replace("name = \"rest\"", "name = \"dogfood\"")).unwrap();
    assert!(world.must(2, START, &["plan", "--dry-run"]).err.contains("`dogfood`"));
}

/// A directory of rollouts is whole, or it is told that `init` was cut off; what to remove is named, and then it begins.
#[test]
fn an_init_that_is_cut_off_is_told_as_that() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};
    let world = World::new("cut-off");
    let fleet = world.root.join("fleet");
    let init = ["init", "--log", "example.com/content", "--small"];
    let begin = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_contentcheck"));
        command.args(["rollout", "-C", fleet.to_str().unwrap()]).args(init);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let began = Instant::now();
    assert!(begin().wait().unwrap().success());
    let (whole, parts) = (began.elapsed(), 24);
    let names = ["rollout.toml.init", "keys", "witnesses", "log", "policy.toml", "devices.roll"];
    let mut cut_off = 0;
    for part in 0..=parts {
        let _ = fs::remove_dir_all(&fleet);
        let mut process = begin();
        std::thread::sleep(whole.saturating_sub(Duration::from_millis(2)) * part / parts);
        let _ = process.kill();
        process.wait().unwrap();
        if fleet.join("rollout.toml").exists() {
            world.must(0, START, &["status"]);
            continue;
        }
        if fleet.exists() && fs::read_dir(&fleet).unwrap().next().is_some() {
            cut_off += 1;
            for command in [&["status"][..], &["advance"], &init] {
                let told = world.must(2, START, command);
                assert!(told.err.contains("init` was cut off"), "{part}: {}", told.err);
                assert!(names.iter().all(|name| told.err.contains(&format!("`{name}`"))), "{part}: {}", told.err);
            }
            for path in names.iter().map(|name| fleet.join(name)) {
                let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            }
        }
        world.must(0, START, &init);
        world.must(0, START, &["status"]);
    }
    assert!(cut_off > 0, "none was cut off in {whole:?}");
    // Of one that ended nothing is left, and settings that are lost since are.
    assert!(!fleet.join("rollout.toml.init").exists());
    fs::remove_file(fleet.join("rollout.toml")).unwrap();
    let lost = world.must(2, START, &["status"]);
    assert!(lost.err.contains("put it back from version control") && !lost.err.contains("cut off"), "{}", lost.err);
}

#[test]
fn a_simulation_is_the_same_with_any_threads() {
    let world = World::new("simulated");
    let small = ["simulate", "--devices", "30000", "--days", "2", "--seeds", "3"];
    let of = |threads: &str, format: &str| {
        let more = ["--scenario", "july-19", "--under", "ours", "--under", "mender", "--threads", threads];
        let run = world.must(0, START, &[&small[..], &more, &["--format", format]].concat());
        assert_eq!(run.err, "", "progress is for terminals");
        run.out
    };
    let [one, other] = ["1", "3"].map(|threads| of(threads, "json"));
    assert_eq!(one, other);
    let report: serde_json::Value = serde_json::from_str(&one).unwrap();
    let touched = |at: usize| report["outcomes"][at]["touched"]["middle"].as_f64().unwrap();
    assert!(touched(0) <= 60.0 && touched(1) > 1_000.0, "{one}");
    let schema = contentcheck::commands::schema::schema(contentcheck::args::SchemaName::RolloutSimulation);
    let schema = schema.unwrap_or_else(|failure| panic!("{}", failure.message));
    assert!(jsonschema::is_valid(&schema, &report));
    assert!(of("2", "html").ends_with("</html>\n"));
    assert_eq!(of("2", "human").lines().count(), 4);
    // What is wrong is told with what there is.
    let unknown = world.must(2, START, &["simulate", "--scenario", "july-20"]);
    assert!(unknown.err.contains("july-19"), "{}", unknown.err);
    assert!(world.must(2, START, &["simulate", "--under", "hope"]).err.contains("at-once"));
    // A policy of one's own, and a fleet that is too small for the one that ships.
    let page = world.root.join("page.html");
    let policy = world.root.join("policy.toml");
    fs::write(&policy, contentcheck_rollout::Policy::SMALL).unwrap();
    let (page, policy) = (page.to_str().unwrap(), policy.to_str().unwrap());
    let fleet = ["simulate", "--scenario", "good", "--devices", "2000", "--seeds", "1", "--days", "2"];
    world.must(0, START, &[&fleet[..], &["--policy", policy, "--format", "html", "-o", page]].concat());
    assert!(fs::read_to_string(page).unwrap().contains("2000 devices, 2 days, 1 seed"));
    assert!(world.must(1, START, &fleet).err.contains("CC0902"));
}

#[test]
fn keys_change_hands_by_roots_of_before_and_after() {
    let world = World::new("keys");
    world.begin();
    let public = |name: &str| {
        let text = fs::read_to_string(world.root.join("fleet/keys").join(format!("{name}.key"))).unwrap();
        Hash(SecretKey::read(&text).unwrap().public()).to_string()
    };
    let (leaves, root_1) = (public("plan-1"), public("root-1"));
    let key = |name: &str| world.root.join(name).to_str().unwrap().to_owned();
    let make = |name: &str| world.must(0, START, &["key", name, "-o", &key(name)]).out.trim().to_owned();
    let (dora, root) = (make("dora"), make("root-4"));
    let shown = world.must(0, START, &["keys"]).out;
    assert!(shown.starts_with("version 1\nroot: 2 of 3 must sign\n") && shown.contains(&leaves), "{shown}");
    // Where one root is not at this machine, its signature is gathered.
    let away = key("root-2.key");
    for name in ["root-2", "root-3"] {
        fs::rename(world.root.join(format!("fleet/keys/{name}.key")), key(&format!("{name}.key"))).unwrap();
    }
    let change = ["keys", "--add", &format!("plan={dora}"), "--remove", &format!("plan={leaves}")];
    let waits = world.must(1, START, &change);
    assert!(waits.err.contains("`root`: 1 of 2"), "{}", waits.err);
    let draft = |world: &World| {
        let mut drafts = fs::read_dir(world.root.join("fleet/drafts")).unwrap();
        drafts.next().unwrap().unwrap().path().to_str().unwrap().to_owned()
    };
    world.must(0, START, &["sign", &draft(&world), "--key", &away]);
    let shown = world.must(0, START, &["keys", "--key", &key("dora")]).out;
    assert!(shown.starts_with("version 2\n") && !shown.contains(&leaves) && shown.contains("`dora`"), "{shown}");
    // A root leaves, and another comes: two of those before sign, and two of those after.
    let change = ["keys", "--add", &format!("root={root}"), "--remove", &format!("root={root_1}"), "--key", &away];
    let waits = world.must(1, START + 1, &change);
    assert!(waits.err.contains("`root`: 1 of 2"), "{}", waits.err);
    world.must(0, START + 1, &["sign", &draft(&world), "--key", &key("root-4")]);
    assert!(world.must(0, START, &["keys"]).out.starts_with("version 3\n"));
    // What cannot be configured away, and what is none.
    let roots = ["--key", &away, "--key", &key("root-4")];
    let refused = world.must(1, START + 2, &[&["keys", "--needed", "plan=1"], &roots[..]].concat());
    assert!(refused.err.contains("CC0904"), "{}", refused.err);
    assert!(world.must(2, START, &["keys", "--add", "boss=1"]).err.contains("collect"));
    assert!(world.must(2, START, &["keys", "--remove", &format!("halt={leaves}")]).err.contains("no such role"));
}

#[test]
fn witnesses_that_are_told_of_a_halt_sign_for_no_further_ring() {
    let mut world = World::new("told");
    world.begin();
    let first = world.gate(12);
    world.must(0, START, &[&["plan", "--urgent"], &strs(&first)[..]].concat());
    world.must(0, START, &["start"]);
    let devices = world.let_in();
    let told = world.must(0, START + 60, &["halt", "--reason", "a customer called", "--tell-witnesses"]);
    assert!(told.out.starts_with("told: 3 of 3"), "{}", told.out);
    // The log does not have it, and whoever looks on this machine sees it all the same.
    let status = world.must(1, START + 60, &["status"]);
    assert!(status.out.contains("witness `one`, witness `three`, witness `two`, and not in the log"), "{}", status.out);
    world.well(&devices, START, START + 40 * MINUTE);
    let stays = world.must(1, START + 40 * MINUTE, &["advance"]);
    assert!(stays.out.contains("held here") && stays.err.contains("CC0904"), "{}\n{}", stays.out, stays.err);
    for ring in [0, 1] {
        assert!(!world.root.join(format!("fleet/tokens/12/ring-{ring}.token")).exists());
    }
    // The halt in the log, and two who let it go on: then all is as it was.
    let halted = world.must(0, START + 50 * MINUTE, &["halt", "--reason", "a customer called"]);
    assert!(halted.out == "halted\n" && !halted.err.contains("not in the log"), "{}\n{}", halted.out, halted.err);
    world.must(0, START + 55 * MINUTE, &["resume", "--reason", "another cause"]);
    world.must(0, START + 55 * MINUTE, &["status"]);
}

/// Values that no engine takes are faults of the command line, and plans are put among nothing that devices fetch.
#[test]
fn an_export_with_a_wrong_option_is_a_wrong_command() {
    let world = stopping::started("export");
    let out = world.root.join("plans");
    let out = out.to_str().unwrap();
    for (engine, option, value) in [
        ("aws-iot", "--account", "12"),
        ("argo", "--replicas", "0"),
        ("argo", "--status", "javascript:x"),
        ("argo", "--workload", "W W"),
    ] {
        let refused = world.must(2, START, &["export", "--engine", engine, "-o", out, option, value]);
        assert!(refused.err.contains(option.trim_start_matches('-')), "{}", refused.err);
    }
    let offered = files(&world.root.join("fleet/tokens"));
    for place in ["tokens", "tokens/12", "tokens/new/below", "keys/../tokens", "log"] {
        let place = world.root.join("fleet").join(place);
        let refused = world.must(2, START, &["export", "--engine", "argo", "-o", place.to_str().unwrap()]);
        assert!(refused.err.contains("name another place"), "{}", refused.err);
    }
    assert_eq!(files(&world.root.join("fleet/tokens")), offered);
    world.must(0, START, &["export", "--engine", "hawkbit", "--distribution-set", "6", "-o", out]);
}
