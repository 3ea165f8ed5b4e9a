//! Files that are put back from copies, however they were copied: nobody knows by them what was stopped since.

use std::fs;
use std::path::Path;

use super::stopping::{started, tokens};
use super::world::{HOUR, START, World, copy};

/// Gives every file below a directory a second name below another one.
fn link(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()) {
        let target = to.join(entry.file_name().unwrap());
        if entry.is_dir() {
            link(&entry, &target);
        } else {
            fs::hard_link(&entry, &target).unwrap();
        }
    }
}

/// The directory as it was before a halt that its log had, where the copy was made by `how`.
fn before_a_halt(name: &str, how: fn(&Path, &Path)) -> World {
    let world = started(name);
    let (fleet, copied) = (world.root.join("fleet"), world.root.join("copied"));
    how(&fleet, &copied);
    world.must(0, START + 60, &["halt", "--reason", "machines crash"]);
    fs::remove_dir_all(&fleet).unwrap();
    fs::rename(&copied, &fleet).unwrap();
    assert_eq!(tokens(&world, 12), ["ring-0.token"], "the copy offers what was halted");
    world
}

/// No command goes on from a copy of everything, and none says that all is well.
#[test]
fn a_copy_of_the_whole_directory_offers_nothing() {
    for (name, how) in [("copied", copy as fn(&Path, &Path)), ("linked", link)] {
        let world = before_a_halt(name, how);
        let status = world.must(1, START + HOUR, &["status"]);
        assert!(status.out.contains("HELD here") && status.out.contains("put back from a copy"), "{}", status.out);
        let out = world.root.join("plans");
        let exported = world.must(1, START + HOUR, &["export", "--engine", "argo", "-o", out.to_str().unwrap()]);
        assert!(exported.err.contains("CC0904") && !out.exists(), "{}", exported.err);
        let advance = world.must(1, START + HOUR, &["advance"]);
        assert!(tokens(&world, 12).is_empty(), "{}\n{}", advance.out, advance.err);
    }
}

/// A person says that the directory was moved with all that it had, and then it goes on. Not where something of it is missing.
#[test]
fn a_witness_that_was_moved_goes_on_with_all_that_it_had() {
    let world = started("moved");
    let (fleet, copied) = (world.root.join("fleet"), world.root.join("copied"));
    copy(&fleet, &copied);
    fs::remove_dir_all(&fleet).unwrap();
    fs::rename(&copied, &fleet).unwrap();
    world.must(1, START + 60, &["advance"]);
    for part in ["seen", "openings", "halts"] {
        let (path, away) = (fleet.join("witnesses/one").join(part), world.root.join("away"));
        fs::rename(&path, &away).unwrap();
        let refused = world.must(2, START + 60, &["witness", "one", "--moved"]);
        assert!(refused.err.contains("damaged or missing"), "{part}: {}", refused.err);
        fs::rename(&away, &path).unwrap();
    }
    for name in ["one", "two"] {
        world.must(0, START + 60, &["witness", name, "--moved"]);
    }
    world.must(0, START + 60, &["advance"]);
    assert_eq!(tokens(&world, 12), ["ring-0.token"]);
}

/// A link to what is gone holds as what it was linked to may have.
#[cfg(unix)]
#[test]
fn a_hold_that_cannot_be_looked_at_holds() {
    let world = started("dangling");
    std::os::unix::fs::symlink("/nowhere/stopped", world.root.join("fleet/stopped")).unwrap();
    let advance = world.must(1, START + 60, &["advance"]);
    assert!(advance.out.contains("held here") && tokens(&world, 12).is_empty(), "{}", advance.out);
}

/// Whoever forgets to say why has halted all the same; and what holds is told in a few names.
#[test]
fn a_halt_without_a_reason_holds() {
    let world = started("no-reason");
    let halted = world.must(2, START + 60, &["halt"]);
    assert!(halted.err.contains("--reason") && tokens(&world, 12).is_empty(), "{}", halted.err);
    for number in 0..3_000 {
        fs::write(world.root.join(format!("fleet/stopped/by-hand-{number}")), "").unwrap();
    }
    let status = world.must(1, START + 120, &["status"]);
    assert!(status.out.contains("and 2996 more") && status.out.len() < 4_000, "{}", status.out);
}

/// A directory with the key of another witness than the settings name is told as that, wherever somebody looks, and no log is blamed for it.
#[test]
fn a_witness_with_the_key_of_another_one_is_told_as_that() {
    let world = started("other-key");
    let (fleet, kept) = (world.root.join("fleet"), world.root.join("kept"));
    let key = |name: &str| fleet.join("witnesses").join(name).join("key");
    let text = fs::read_to_string(fleet.join("rollout.toml")).unwrap();
    let directory = |name: &str| format!("directory = \"witnesses/{name}\"");
    let swapped = text.replace(&directory("one"), "?").replace(&directory("two"), &directory("one"));
    let swapped = swapped.replace("?", &directory("two"));
    fs::copy(key("one"), &kept).unwrap();
    let fresh = world.root.join("fresh/key");
    world.must(0, START, &["key", "example.com/content/witness-one", "--witness", "-o", fresh.to_str().unwrap()]);
    let whose = "the key in ";
    // Its settings, what lies as its key, the witnesses that do not sign, and how many are left.
    for (name, settings, own, wrong) in [
        ("swapped", &swapped, &kept, &["one", "two"][..]),
        ("copied over", &text, &key("two"), &["one"]),
        ("made again", &text, &fresh, &["one"]),
    ] {
        fs::write(fleet.join("rollout.toml"), settings).unwrap();
        let bytes = fs::read(own).unwrap();
        fs::write(key("one"), bytes).unwrap();
        let status = world.must(1, START + 60, &["status"]);
        let json = world.must(1, START + 60, &["status", "--format", "json"]);
        assert!(json.out.contains("\"light\": \"amber\""), "{name}: {}", json.out);
        let advance = world.must(u8::from(wrong.len() > 1), START + 60, &["advance"]);
        for witness in ["one", "two", "three"] {
            let is_wrong = wrong.contains(&witness);
            let told = format!("is not the one that rollout.toml names for witness `{witness}`");
            for said in [&status.out, &advance.err] {
                assert_eq!(said.contains(&told), is_wrong, "{name}: {said}");
                assert!(said.contains(whose) && !said.contains("another log"), "{name}: {said}");
            }
            if is_wrong {
                for more in [&["--moved"][..], &["--listen", "127.0.0.1:0"]] {
                    let refused = world.must(2, START + 60, &[&["witness", witness], more].concat());
                    assert!(refused.err.contains(&told), "{name}: {}", refused.err);
                }
            }
        }
        fs::copy(&kept, key("one")).unwrap();
        fs::write(fleet.join("rollout.toml"), &text).unwrap();
        world.must(0, START + 60, &["advance"]);
        world.must(0, START + 60, &["status"]);
    }
    // Whoever halts tells all of them all the same.
    fs::write(fleet.join("rollout.toml"), &swapped).unwrap();
    let told = world.must(0, START + 90, &["halt", "--reason", "burning", "--tell-witnesses"]);
    assert!(told.out.contains("told: 3 of 3"), "{}\n{}", told.out, told.err);
}
