//! What stops a rollout, and what that does to the files that let devices in.

use std::fs;
use std::net::TcpListener;
use std::sync::Arc;

use contentcheck_fleet::{Daemon, Keeper, Place, Recounter, Rolls, Source};
use contentcheck_log::{Token, Trust};
use contentcheck_rollout::report::What;

use crate::world::{HOUR, MINUTE, START, World, copy, ring, strs};

/// The tokens of a sequence that anybody can fetch.
fn tokens(world: &World, sequence: u32) -> Vec<String> {
    let Ok(files) = fs::read_dir(world.root.join(format!("fleet/tokens/{sequence}"))) else { return Vec::new() };
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".token")).collect();
    names.sort();
    names
}

/// A rollout whose first ring is open, in a hurry.
fn started(name: &str) -> World {
    let world = World::new(name);
    world.begin();
    let first = world.gate(12);
    world.must(0, START, &[&["plan", "--urgent"], &strs(&first)[..]].concat());
    world.must(0, START, &["start"]);
    world
}

#[test]
fn what_is_halted_has_no_token_until_it_goes_on() {
    let mut world = started("halted-tokens");
    let at = ring(&mut world, START, 30 * MINUTE);
    assert_eq!(tokens(&world, 12), ["ring-0.token", "ring-1.token"]);
    let halted = world.must(0, at + 60, &["halt", "--reason", "a customer called"]);
    assert!(tokens(&world, 12).is_empty(), "{}", halted.err);
    // The last one that a device may have was signed when the ring opened.
    assert!(
        halted.err.contains("ring-0.token")
            && halted.err.contains("ring-1.token")
            && halted.err.contains("2027-01-05 08:30"),
        "{}",
        halted.err
    );
    for later in [5 * MINUTE, HOUR, 30 * HOUR] {
        let stays = world.must(1, at + later, &["advance"]);
        assert!(stays.out.contains("halted: a customer called"), "{}", stays.out);
        assert!(tokens(&world, 12).is_empty(), "{}", stays.err);
    }
    world.must(0, at + 31 * HOUR, &["resume", "--reason", "another cause"]);
    assert_eq!(tokens(&world, 12), ["ring-0.token", "ring-1.token"]);
    let state = world.state();
    let trust = Trust::read(&state.keys().unwrap().trust).unwrap();
    for (number, name) in tokens(&world, 12).iter().enumerate() {
        let token = fs::read(world.root.join("fleet/tokens/12").join(name)).unwrap();
        let opened = Token::read(&token).unwrap().check(&trust).unwrap();
        assert_eq!(usize::from(opened.opening().ring), number);
        assert_eq!(opened.checkpoint().seen_until(), at + 31 * HOUR);
    }
}

#[test]
fn what_evidence_rejects_has_no_token_for_ever() {
    let mut world = started("rejected-tokens");
    let devices = world.let_in();
    let fails = |device: &usize| [(START + 60, *device, What::Receipt), (START + 90, *device, What::Failed)];
    world.report(devices.iter().flat_map(fails).collect());
    assert_eq!(tokens(&world, 12), ["ring-0.token"]);
    let stopped = world.must(1, START + 120, &["advance"]);
    assert!(stopped.out.contains("CC0906") && stopped.err.contains("removed"), "{}\n{}", stopped.out, stopped.err);
    assert!(tokens(&world, 12).is_empty());
    for later in [HOUR, 32 * HOUR] {
        assert!(world.must(1, START + later, &["advance"]).out.contains("CC0906"));
        assert!(tokens(&world, 12).is_empty());
    }
    // One that was put there by another hand, or left by a command that ended too early.
    fs::write(world.root.join("fleet/tokens/12/ring-0.token"), "left").unwrap();
    world.must(1, START + 33 * HOUR, &["advance"]);
    assert!(tokens(&world, 12).is_empty());
}

/// Devices of a ring that say, an hour after it opened, that they failed; nobody is a partner.
fn fail(world: &mut World, opened: u64) {
    let devices = world.let_in();
    let reports = |device: &usize| [(opened + 60, *device, What::Receipt), (opened + HOUR, *device, What::Failed)];
    world.report(devices.iter().flat_map(reports).collect());
}

#[test]
fn a_ring_whose_devices_fail_is_rejected_long_before_its_bake_is_over() {
    let mut world = started("failing");
    let at = ring(&mut world, START, 30 * MINUTE);
    fail(&mut world, at);
    // The bake of the second ring is two hours.
    let status = world.must(1, at + HOUR, &["status"]);
    assert!(status.out.contains("say that the release is bad"), "{}", status.out);
    let stopped = world.must(1, at + HOUR, &["advance"]);
    assert!(stopped.out.contains("CC0906"), "{}", stopped.out);
    let why = world.must(1, at + HOUR, &["explain"]);
    assert!(why.out.contains("failed already"), "{}", why.out);
}

/// Behind the last ring no test waits for anything, and without partners none decides.
#[test]
fn most_devices_that_fail_are_told_where_no_test_decides() {
    let mut world = started("loud");
    let mut at = START;
    for bake in [30 * MINUTE, 2 * HOUR, 4 * HOUR] {
        at = ring(&mut world, at, bake);
    }
    fail(&mut world, at);
    let status = world.must(1, at + HOUR, &["status"]);
    assert!(status.out.contains("report that the release FAILED"), "{}", status.out);
    let advance = world.must(1, at + HOUR, &["advance"]);
    assert!(advance.err.contains("report that the release FAILED"), "{}\n{}", advance.out, advance.err);
    // Reports that are gone are not the same as none.
    fs::rename(world.root.join("fleet/reports"), world.root.join("away")).unwrap();
    for command in ["status", "advance"] {
        let gone = world.run(at + HOUR, &[command]);
        assert!(gone.exit != 0, "{}", gone.out);
        assert!(format!("{}{}", gone.out, gone.err).contains("are gone"), "{}\n{}", gone.out, gone.err);
    }
}

/// Files that are called keys and are none.
#[cfg(unix)]
#[test]
fn an_odd_file_beside_the_keys_stops_no_halt() {
    let world = started("odd-keys");
    let keys = world.root.join("fleet/keys");
    fs::write(keys.join("a-empty.key"), "").unwrap();
    fs::create_dir(keys.join("a-directory.key")).unwrap();
    std::os::unix::fs::symlink("nothing", keys.join("a-link.key")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(keys.join("a-pipe.key")).status().unwrap().success());
    let halted = world.must(0, START + 60, &["halt", "--reason", "a customer called"]);
    assert_eq!(halted.out, "halted\n");
    for name in ["a-empty", "a-directory", "a-link", "a-pipe"] {
        let warned = halted.err.lines().any(|line| line.contains("warning") && line.contains(&format!("{name}.key")));
        assert!(warned, "{name}: {}", halted.err);
    }
}

/// The witnesses of a site as daemons, which is how others run them.
fn elsewhere(world: &World, now: u64) -> Vec<Daemon> {
    let fleet = world.root.join("fleet");
    let settings = fs::read_to_string(fleet.join("rollout.toml")).unwrap();
    let table: toml::Table = toml::from_str(&settings).unwrap();
    let log = table["log"].as_str().unwrap();
    let mut text = settings.clone();
    let mut daemons = Vec::new();
    for name in ["one", "two", "three"] {
        let reports =
            Recounter::new(Rolls::beside(&fleet.join("rolls")).unwrap(), Source::directory(fleet.join("reports")));
        let place = Place::of(fleet.join("log").to_str().unwrap());
        let keeper = Keeper::open(&fleet.join("witnesses").join(name), (place, log), reports, Arc::new(move || now));
        let daemon = keeper.unwrap().start(TcpListener::bind("127.0.0.1:0").unwrap()).unwrap();
        let directory = format!("directory = \"witnesses/{name}\"");
        assert!(text.contains(&directory), "{text}");
        text = text.replace(&directory, &format!("url = \"http://{}\"", daemon.address()));
        daemons.push(daemon);
    }
    fs::write(fleet.join("rollout.toml"), text).unwrap();
    daemons
}

#[test]
fn a_log_that_was_put_back_is_told_by_witnesses_elsewhere_before_it_is_written() {
    let world = started("put-back");
    let (log, before) = (world.root.join("fleet/log"), world.root.join("before"));
    copy(&log, &before);
    world.must(0, START + 60, &["halt", "--reason", "a look first"]);
    world.must(0, START + 60, &["resume", "--reason", "looked"]);
    let daemons = elsewhere(&world, START + 120);
    fs::remove_dir_all(&log).unwrap();
    copy(&before, &log);
    let size = world.state().size();
    let refused = world.must(2, START + 120, &["halt", "--reason", "a customer called"]);
    assert!(refused.err.contains("NOT halted") && refused.err.contains("older copy"), "{}", refused.err);
    assert!(!refused.out.contains("halted"), "{}", refused.out);
    assert_eq!(world.state().size(), size, "it is no fork");
    drop(daemons);
    // Witnesses that cannot be asked keep nobody from writing a halt, and it is told that nobody knows of it.
    let halted = world.must(1, START + 180, &["halt", "--reason", "a customer called"]);
    assert!(halted.out.contains("halted, in this log"), "{}", halted.out);
    assert!(halted.err.contains("0 of 3 witnesses signed") && halted.err.contains("CC0907"), "{}", halted.err);
    assert!(tokens(&world, 12).is_empty());
}

#[test]
fn a_draft_is_shown_before_it_is_signed_and_no_key_of_nobody_gets_a_role() {
    let world = World::new("shown");
    world.begin();
    let nobody = "0".repeat(64);
    let refused = world.must(2, START, &["keys", "--add", &format!("plan={nobody}")]);
    assert!(refused.err.contains("anybody could sign"), "{}", refused.err);
    let away = world.root.join("away");
    fs::create_dir_all(&away).unwrap();
    for name in ["plan-2", "plan-3", "release-2", "release-3"] {
        let name = format!("{name}.key");
        fs::rename(world.root.join("fleet/keys").join(&name), away.join(&name)).unwrap();
    }
    let arguments = world.gate(12);
    let plan = [&["plan", "--urgent"], &strs(&arguments)[..]].concat();
    let mut shown = String::new();
    for role in ["plan", "release", "plan"] {
        world.must(1, START, &plan);
        let draft = fs::read_dir(world.root.join("fleet/drafts")).unwrap().next().unwrap().unwrap().path();
        let key = away.join(format!("{role}-2.key"));
        shown += &world.must(0, START, &["sign", draft.to_str().unwrap(), "--key", key.to_str().unwrap()]).err;
    }
    for part in [
        "a census: 1200 devices take part",
        "windows/11: 800",
        "sequence 12\n  image ",
        "urgent, 1200 devices, policy `small`, rings of 1 %",
        "2027-01-04 08:00",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    // Who plans another release gives up the one that was planned.
    for name in ["plan-2", "release-2"] {
        fs::copy(away.join(format!("{name}.key")), world.root.join(format!("fleet/keys/{name}.key"))).unwrap();
    }
    let next = world.gate(13);
    let planned = world.must(0, START + 60, &[&["plan", "--urgent"], &strs(&next)[..]].concat());
    assert!(planned.err.contains("gives up the plan") && planned.err.contains("sequence 12"), "{}", planned.err);
}
