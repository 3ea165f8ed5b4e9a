//! Proofs of rings: what devices see by them, and what becomes of the next ring where one is gone.

use std::fs;
use std::path::PathBuf;

use contentcheck_log::Token;
use contentcheck_rollout::report::What;

use super::stopping::{started, tokens};
use super::world::{HOUR, MINUTE, START, World, ring};

/// Gives the log other witnesses than those of these names, which are named in the settings beside them until the change is logged.
pub(crate) fn renew(world: &World, now: u64, old: &[&str], more: &[&str]) -> super::world::Run {
    let fleet = world.root.join("fleet");
    let settings = fleet.join("rollout.toml");
    let before = fs::read_to_string(&settings).unwrap();
    let mut trust = world.state().keys().unwrap().trust.clone();
    let mut text = before.clone();
    for name in old {
        let new = format!("new-{name}");
        let home = fleet.join(format!("witnesses/{new}"));
        let made = world.must(
            0,
            now,
            &[
                "key",
                &format!("example.com/content/witness-{new}"),
                "--witness",
                "-o",
                home.join("key").to_str().unwrap(),
            ],
        );
        let key = made.out.trim();
        let line = trust.lines().find(|line| line.starts_with(&format!("witness {name} "))).unwrap().to_owned();
        trust = trust.replace(&line, &format!("witness {new} {key}"));
        let group = trust.lines().find(|line| line.starts_with("group ")).unwrap().to_owned();
        let named: Vec<&str> = group.split(' ').map(|one| if one == *name { new.as_str() } else { one }).collect();
        trust = trust.replace(&group, &named.join(" "));
        text += &format!("\n[[witness]]\nname = \"{new}\"\nkey = \"{key}\"\ndirectory = \"witnesses/{new}\"\n");
    }
    fs::write(&settings, &text).unwrap();
    let path = world.root.join("trust.txt");
    fs::write(&path, trust).unwrap();
    world.run(now, &[&["keys", "--trust", path.to_str().unwrap()], more].concat())
}

fn proof(world: &World, ring: u8) -> PathBuf {
    world.root.join(format!("fleet/proofs/12/ring-{ring}.proof"))
}

/// Changes the bytes of the proof of ring 0.
fn change(world: &World, change: fn(Vec<u8>) -> Vec<u8>) {
    fs::write(proof(world, 0), change(fs::read(proof(world, 0)).unwrap())).unwrap();
}

/// The token of the ring that is open, held to all that devices hold it to.
fn lets_in(world: &World) {
    assert!(!world.let_in().is_empty());
}

/// A proof that nobody believes any more is made again, and the next ring waits for devices as long as they ask from then on.
#[test]
fn a_proof_that_nobody_believes_is_made_again() {
    type Damage = fn(&World);
    let damages: [(&str, Damage); 5] = [
        ("cut", |world| change(world, |bytes| bytes[..bytes.len() / 2].to_vec())),
        ("empty", |world| change(world, |_| Vec::new())),
        ("flipped", |world| {
            change(world, |mut bytes| {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                bytes
            });
        }),
        ("gone", |world| fs::remove_file(proof(world, 0)).unwrap()),
        ("all-gone", |world| {
            for directory in ["fleet/tokens", "fleet/proofs"] {
                fs::remove_dir_all(world.root.join(directory)).unwrap();
            }
        }),
    ];
    for (name, damage) in damages {
        let mut world = started(&format!("proof-{name}"));
        let devices = world.let_in();
        let opens = START + 30 * MINUTE;
        world.well(&devices, START, opens);
        damage(&world);
        let advance = world.must(1, opens, &["advance"]);
        assert!(advance.out.contains("in the log, and not open to devices yet: ring 1"), "{name}: {}", advance.out);
        assert!(
            advance.err.contains("was made again") && advance.err.contains("ring-0.proof"),
            "{name}: {}",
            advance.err
        );
        // Devices ask that the ring before was open for half an hour.
        assert!(advance.err.contains("no token before 2027-01-04 09:00 UTC"), "{name}: {}", advance.err);
        assert_eq!(tokens(&world, 12), ["ring-0.token"], "{name}");
        for early in [5, 29] {
            let waits = world.must(1, opens + early * MINUTE, &["advance"]);
            assert!(!waits.err.contains("was made again"), "{name}: {}", waits.err);
            assert_eq!(tokens(&world, 12), ["ring-0.token"], "{name}");
        }
        world.must(0, opens + 30 * MINUTE, &["advance"]);
        assert_eq!(tokens(&world, 12), ["ring-0.token", "ring-1.token"], "{name}");
        lets_in(&world);
    }
}

/// Where other witnesses count, none of those that signed for the opening of the ring before does.
#[test]
fn a_proof_of_witnesses_of_before_is_made_again() {
    for timer in [true, false] {
        let mut world = started(&format!("proof-witnesses-{timer}"));
        let devices = world.let_in();
        let say = |world: &mut World, at: u64, what: What| {
            world.report(devices.iter().map(|device| (at, *device, what)).collect());
        };
        say(&mut world, START, What::Receipt);
        // All at once, no new one could sign for the ring that they did not see opened.
        for many in [&["one", "two", "three"][..], &["one", "two"]] {
            let settings = world.root.join("fleet/rollout.toml");
            let named = fs::read_to_string(&settings).unwrap();
            let refused = renew(&world, START + 4 * MINUTE, many, &[]);
            assert!(refused.exit == 1 && refused.err.contains("Replace one at a time"), "{}", refused.err);
            fs::write(&settings, named).unwrap();
            for name in many {
                fs::remove_dir_all(world.root.join(format!("fleet/witnesses/new-{name}"))).unwrap();
            }
        }
        for (minute, name) in [(5, "one"), (10, "two")] {
            let renewed = renew(&world, START + minute * MINUTE, &[name], &[]);
            assert_eq!(renewed.exit, 0, "{}", renewed.err);
            if minute == 5 {
                say(&mut world, START + 6 * MINUTE, What::Well);
                world.must(0, START + 6 * MINUTE, &["advance"]);
            }
        }
        say(&mut world, START + 15 * MINUTE, What::Well);
        let mut from = START + 40 * MINUTE;
        if timer {
            let advance = world.must(0, START + 15 * MINUTE, &["advance"]);
            assert!(advance.err.contains("from 2027-01-04 08:45 UTC on at the earliest"), "{}", advance.err);
            from = START + 45 * MINUTE;
        }
        say(&mut world, from, What::Well);
        if !timer {
            let waits = world.must(1, from, &["advance"]);
            assert!(waits.err.contains("was made again"), "{}\n{}", waits.out, waits.err);
            assert_eq!(tokens(&world, 12), ["ring-0.token"]);
            from += 30 * MINUTE;
            say(&mut world, from, What::Well);
        }
        let advance = world.must(0, from, &["advance"]);
        assert_eq!(tokens(&world, 12), ["ring-0.token", "ring-1.token"], "{}", advance.err);
        lets_in(&world);
    }
}

/// The token of the next ring has the proof as well, so nothing waits where that token is there.
#[test]
fn a_proof_that_is_gone_is_taken_from_the_token_of_the_next_ring() {
    let mut world = started("proof-in-token");
    let at = ring(&mut world, START, 30 * MINUTE);
    let kept = fs::read(proof(&world, 0)).unwrap();
    fs::write(proof(&world, 0), "").unwrap();
    let advance = world.must(0, at + 10 * MINUTE, &["advance"]);
    assert!(!advance.err.contains("was made again"), "{}", advance.err);
    assert_eq!(fs::read(proof(&world, 0)).unwrap(), kept);
    lets_in(&world);
}

/// All of tokens/ can be lost when several rings are open: each comes back when devices take it, and none before.
#[test]
fn all_tokens_that_are_lost_come_back() {
    let mut world = started("tokens-lost");
    let mut at = ring(&mut world, START, 30 * MINUTE);
    at = ring(&mut world, at, 2 * HOUR);
    fs::remove_dir_all(world.root.join("fleet/tokens")).unwrap();
    // The proofs are elsewhere: with them nothing is lost.
    world.must(0, at + 5 * MINUTE, &["advance"]);
    assert_eq!(tokens(&world, 12), ["ring-0.token", "ring-1.token", "ring-2.token"]);
    fs::remove_dir_all(world.root.join("fleet/tokens")).unwrap();
    fs::remove_dir_all(world.root.join("fleet/proofs")).unwrap();
    let advance = world.must(1, at + 10 * MINUTE, &["advance"]);
    assert!(advance.err.contains("was made again"), "{}", advance.err);
    assert_eq!(tokens(&world, 12), ["ring-0.token"]);
    world.must(0, at + 40 * MINUTE, &["advance"]);
    assert_eq!(tokens(&world, 12), ["ring-0.token", "ring-1.token", "ring-2.token"]);
    lets_in(&world);
}

/// Nobody can take a ring whose token is not there, whatever the log says: whoever looks is told. A copy that writes no tokens has none, and is well.
#[test]
fn a_ring_without_its_token_is_not_well() {
    let world = started("no-token");
    let fleet = world.root.join("fleet");
    world.must(0, START + MINUTE, &["status"]);
    let key = fs::read(fleet.join("keys/log.key")).unwrap();
    fs::write(fleet.join("keys/log.key"), "damaged").unwrap();
    world.must(2, START + 2 * MINUTE, &["advance"]);
    assert!(tokens(&world, 12).is_empty());
    for command in ["status", "explain"] {
        let looked = world.must(1, START + 3 * MINUTE, &[command]);
        assert!(looked.out.contains("no device can take ring 0 (first)"), "{}", looked.out);
        assert!(looked.out.contains("advance` writes it, or says why not"), "{}", looked.out);
    }
    let json = world.must(1, START + 3 * MINUTE, &["status", "--format", "json"]);
    assert!(json.out.contains("\"light\": \"amber\"") && json.out.contains("\"blocked\""), "{}", json.out);
    let page = world.root.join("page.html");
    world.must(0, START + 3 * MINUTE, &["report", "-o", page.to_str().unwrap()]);
    assert!(fs::read_to_string(&page).unwrap().contains("no device can take ring 0 (first)"));
    fs::write(fleet.join("keys/log.key"), key).unwrap();
    world.must(0, START + 4 * MINUTE, &["advance"]);
    world.must(0, START + 4 * MINUTE, &["status"]);
    // Whatever is wrong with it: a part that is gone, any byte that counts, a token of something else.
    let path = fleet.join("tokens/12/ring-0.token");
    let token = fs::read(&path).unwrap();
    let other = started("no-token-other");
    let foreign = fs::read(other.root.join("fleet/tokens/12/ring-0.token")).unwrap();
    let mut odd = vec![Vec::new(), b"\xFF".to_vec(), b"nothing".to_vec(), foreign];
    odd.extend([4, 2].map(|part| token[..token.len() / part].to_vec()));
    odd.extend((0..token.len()).step_by(token.len() / 9).map(|at| {
        let mut flipped = token.clone();
        flipped[at] ^= 1;
        flipped
    }));
    for odd in odd {
        fs::write(&path, &odd).unwrap();
        let looked = world.run(START + 4 * MINUTE, &["status"]);
        // A signature that is not counted may be missing: two of three are enough.
        let opens = {
            let state = world.state();
            let text = String::from_utf8(odd.clone()).unwrap_or_default();
            Token::read(text.as_bytes()).is_ok_and(|token| token.check(&state.trust().unwrap()).is_ok())
        };
        let said = looked.out.contains("no device can take ring 0") && looked.out.contains("ring-0.token");
        assert_eq!(
            (looked.exit, said),
            (u8::from(!opens), !opens),
            "{}\n{}",
            String::from_utf8_lossy(&odd),
            looked.out
        );
    }
    // What is held says so, and that alone.
    world.must(0, START + 5 * MINUTE, &["halt", "--reason", "a look first"]);
    assert!(!world.must(1, START + 5 * MINUTE, &["status"]).out.contains("no device can take"));
    world.must(0, START + 6 * MINUTE, &["resume", "--reason", "looked"]);
    world.must(0, START + 6 * MINUTE, &["status"]);
    // A copy of the log that somebody else looks at.
    fs::remove_dir_all(fleet.join("tokens")).unwrap();
    fs::remove_dir_all(fleet.join("keys")).unwrap();
    let copied = world.must(0, START + 7 * MINUTE, &["status"]);
    assert!(!copied.out.contains("no device can take"), "{}", copied.out);
}

/// An opening that too few witnesses signed opens nothing, and the first line says so.
#[test]
fn a_ring_that_is_open_in_the_log_alone_is_told_as_that() {
    let mut world = started("logged-alone");
    let devices = world.let_in();
    world.well(&devices, START, START + 30 * MINUTE);
    assert!(world.must(0, START + 30 * MINUTE, &["status"]).out.contains("has been open to ring 0 (first) for 30 min"));
    fs::create_dir(world.root.join("away")).unwrap();
    for name in ["two", "three"] {
        fs::rename(world.root.join(format!("fleet/witnesses/{name}")), world.root.join("away").join(name)).unwrap();
    }
    let advance = world.must(1, START + 30 * MINUTE, &["advance"]);
    assert!(advance.err.contains("1 of 3 witnesses would sign"), "{}", advance.err);
    world.log_next_ring(START + 30 * MINUTE);
    let advance = world.must(1, START + 30 * MINUTE, &["advance"]);
    assert!(advance.out.contains("ring 1 (tenth) stays the last one in the log"), "{}", advance.out);
    let status = world.must(1, START + 31 * MINUTE, &["status"]);
    assert!(
        status.out.contains(
            "is open to ring 1 (tenth) in the log for 1 min, and 1 of 3 witnesses signed for its newest entry"
        ),
        "{}",
        status.out
    );
}

/// Where something else is in the place of a file, or of a directory, whoever runs into it is told to move it away, and then it goes on.
#[test]
fn what_is_in_the_place_of_a_file_is_told_with_what_to_do() {
    for (what, is_file) in [
        ("tokens/12/ring-0.token", true),
        ("tokens/12", false),
        ("proofs/12/ring-0.proof", true),
        ("proofs/12", false),
        ("proofs", false),
        ("log/.lock", true),
    ] {
        let world = started(&format!("in-place-{}", what.replace(['/', '.'], "-")));
        let (path, away) = (world.root.join("fleet").join(what), world.root.join("away"));
        let _ = fs::rename(&path, &away);
        if is_file {
            fs::create_dir_all(path.join("below")).unwrap();
        } else {
            fs::write(&path, "a file").unwrap();
        }
        let advance = world.must(2, START + MINUTE, &["advance"]);
        let help = format!("help: {} is ", path.display());
        assert!(advance.err.contains(&help) && advance.err.contains("move it away"), "{what}: {}", advance.err);
        fs::rename(&path, world.root.join("moved")).unwrap();
        world.must(0, START + MINUTE, &["advance"]);
        assert_eq!(tokens(&world, 12), ["ring-0.token"], "{what}");
    }
}

/// What is no file is refused at once, wherever it is: no command waits for somebody who writes to a pipe, and a halt halts.
#[cfg(unix)]
#[test]
fn a_pipe_in_place_of_a_file_holds_nobody_up() {
    use std::sync::{Arc, mpsc};
    use std::time::Duration;
    for what in [
        "tokens/12/ring-0.token",
        "proofs/12/ring-0.proof",
        "plans",
        "log/.lock",
        "log/.checkpoint.new",
        "tokens/.lock",
        "witnesses/one/.lock",
    ] {
        let world = Arc::new(started(&format!("pipe-{}", what.replace(['/', '.'], "-"))));
        let mut path = world.root.join("fleet").join(what);
        if what == "plans" {
            path = fs::read_dir(path).unwrap().next().unwrap().unwrap().path();
        }
        let _ = fs::remove_file(&path);
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let (done, ends) = mpsc::channel();
        let runs = Arc::clone(&world);
        std::thread::spawn(move || {
            let advance = runs.run(START + MINUTE, &["advance"]);
            let status = runs.run(START + MINUTE, &["status"]);
            let halted = runs.run(START + MINUTE, &["halt", "--reason", "a customer called"]);
            done.send((advance, status, halted)).unwrap();
        });
        let ended = ends.recv_timeout(Duration::from_secs(120));
        let (advance, status, halted) = ended.unwrap_or_else(|_| panic!("{what} is waited for"));
        assert!(advance.exit < 3, "{what}: {}\n{}", advance.out, advance.err);
        assert!(status.exit < 3, "{what}: {}\n{}", status.out, status.err);
        // What is said of a lock that is none is that.
        if what == "log/.lock" {
            assert!(
                halted.err.contains("NOT halted in the log") && halted.err.contains("not a regular file"),
                "{}",
                halted.err
            );
        } else {
            assert_eq!((halted.exit, halted.out.as_str()), (0, "halted\n"), "{what}: {}", halted.err);
        }
        assert!(tokens(&world, 12).is_empty(), "{what}: {}", halted.err);
    }
}
