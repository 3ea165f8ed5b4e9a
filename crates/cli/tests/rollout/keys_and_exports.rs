//! Exports that are whole and lie by themselves, places where nothing is put, and keys and policies that say what is wrong with them.

use std::fs;
use std::path::Path;

use clap::Parser as _;
use contentcheck::Streams;
use contentcheck::args::Cli;
use contentcheck_log::write::SecretKey;
use contentcheck_log::{Algorithm, Hash};
use sha2::{Digest as _, Sha256};

use super::stopping::started;
use super::world::{DEVICES, MINUTE, START, World, files};

const HAWKBIT: [&str; 4] = ["--engine", "hawkbit", "--distribution-set", "6"];
const ARGO: [&str; 8] =
    ["--engine", "argo", "--workload", "edr-sensor", "--replicas", "200", "--status", "https://rollout.example.com"];
const AWS_IOT: [&str; 6] = ["--engine", "aws-iot", "--region", "eu-central-1", "--account", "123456789012"];

fn export(world: &World, exit: u8, options: &[&str], output: &Path) -> super::world::Run {
    world.must(exit, START, &[&["export", "-o", output.to_str().unwrap()], options].concat())
}

/// A plan with a placeholder would be loaded as it is, and what is said to another engine would do nothing.
#[test]
fn an_export_has_the_options_of_its_engine_and_no_others() {
    let world = started("export-options");
    let out = world.root.join("out");
    for (engine, missing) in [
        ("hawkbit", &["`--distribution-set 6`"][..]),
        ("aws-iot", &["`--region eu-central-1`", "`--account 123456789012`"]),
        ("argo", &["`--workload edr-sensor`", "`--replicas 200`", "`--status https://rollout.example.com`"]),
    ] {
        let refused = export(&world, 2, &["--engine", engine], &out);
        for option in missing {
            assert!(refused.err.contains(option), "{engine}: {}", refused.err);
        }
        assert!(refused.out.is_empty() && !out.exists(), "{engine}: {}", refused.out);
    }
    let refused = export(&world, 2, &["--engine", "argo", "--workload", "edr-sensor", "--replicas", "200"], &out);
    assert!(refused.err.contains("--status") && !refused.err.contains("--workload"), "{}", refused.err);

    let others = ["--engine", "mender", "--workload", "x", "--replicas", "200", "--status", "https://a"];
    let refused = export(&world, 2, &others, &out);
    for option in ["workload", "replicas", "status"] {
        let says = format!("`--{option}` is an option of `--engine argo`");
        assert!(refused.err.contains(&says), "{}", refused.err);
    }
    let refused = export(&world, 2, &[&HAWKBIT[..], &["--artifact", "x"]].concat(), &out);
    assert!(refused.err.contains("`--artifact` is an option of `--engine mender`"), "{}", refused.err);
    assert!(!out.exists());

    for (engine, options) in [("hawkbit", &HAWKBIT[..]), ("argo", &ARGO), ("aws-iot", &AWS_IOT)] {
        let out = world.root.join(engine);
        export(&world, 0, options, &out);
        for (path, bytes) in files(&out) {
            let text = String::from_utf8(bytes).unwrap();
            for placeholder in ["fill-in", "REGION", "ACCOUNT", "STATUS", "\"distributionSetId\": 0"] {
                assert!(!text.contains(placeholder), "{}: {placeholder}", path.display());
            }
        }
        let groups = fs::read_to_string(out.join("groups.txt")).unwrap();
        assert_eq!(groups.lines().count(), usize::from(DEVICES));
    }
}

/// Whoever loads a directory loads all that is in it.
#[test]
fn an_export_lies_beside_nothing_else() {
    let world = started("export-alone");
    let out = world.root.join("out");
    let mender = ["--engine", "mender"];
    export(&world, 0, &mender, &out);
    let made = files(&out);
    // Again, and after one that ended halfway.
    export(&world, 0, &mender, &out);
    fs::remove_file(out.join("groups.txt")).unwrap();
    export(&world, 0, &[&mender[..], &["--artifact", "other"]].concat(), &out);
    export(&world, 0, &mender, &out);
    assert_eq!(files(&out), made);
    // Another engine, with files of other names or of the same.
    for options in [&ARGO[..], &HAWKBIT, &AWS_IOT] {
        let refused = export(&world, 2, options, &out);
        assert!(refused.err.contains("`0-") && refused.err.contains("a plan for Mender"), "{}", refused.err);
        assert!(refused.err.contains("name another directory, or remove them"), "{}", refused.err);
        assert_eq!(files(&out), made);
    }
    // A ring of another policy, and files that nobody knows.
    for name in ["9-old.json", "notes.txt", "old/1-early.json"] {
        let path = out.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "{}").unwrap();
        let refused = export(&world, 2, &mender, &out);
        let first = name.split('/').next().unwrap();
        assert!(refused.err.contains(&format!("`{first}`")) && !refused.err.contains("`0-"), "{}", refused.err);
        fs::remove_file(&path).unwrap();
    }
    fs::remove_dir(out.join("old")).unwrap();
    // What no engine is given.
    fs::write(out.join(".gitignore"), "*").unwrap();
    export(&world, 0, &mender, &out);
    // A file of somebody else, with the name of one of ours.
    let own = world.root.join("own");
    fs::create_dir(&own).unwrap();
    fs::write(own.join("rollout.json"), "{}").unwrap();
    let refused = export(&world, 2, &HAWKBIT, &own);
    assert!(refused.err.contains("`rollout.json`"), "{}", refused.err);
    assert_eq!(fs::read(own.join("rollout.json")).unwrap(), b"{}");
    fs::write(world.root.join("file"), "x").unwrap();
    export(&world, 2, &mender, &world.root.join("file"));
}

/// A file below `stopped/` holds every rollout, and one below `tokens/` is handed out.
#[test]
fn nothing_is_put_among_what_is_the_rollouts_own() {
    let mut world = started("own-places");
    let devices = world.let_in();
    world.well(&devices, START, START + MINUTE);
    world.must(0, START + MINUTE, &["halt", "--reason", "a look first"]);
    world.must(0, START + MINUTE, &["resume", "--reason", "looked"]);
    let fleet = world.root.join("fleet");
    let before = files(&fleet);
    let refused = |output: &Path| {
        let output = output.to_str().unwrap();
        for arguments in [&["export", "--engine", "mender", "-o", output][..], &["report", "-o", output]] {
            let refused = world.must(2, START + MINUTE, arguments);
            assert!(refused.err.contains("is the rollouts' own"), "{output}: {}", refused.err);
        }
    };
    // Each of them that there is, and those that come with time.
    let there = fs::read_dir(&fleet).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = there.collect();
    assert!(["stopped", "plans", "reports"].iter().all(|name| names.iter().any(|there| there == name)), "{names:?}");
    names.extend(
        ["drafts", "rolls", "Stopped", "new/../stopped", "keys/../tokens", "./witnesses/one"].map(str::to_owned),
    );
    for name in &names {
        refused(&fleet.join(name));
        refused(&fleet.join(name).join("x.html"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        let at = |name: &str| world.root.join(name);
        symlink("fleet", at("link")).unwrap();
        symlink("link/stopped", at("hop")).unwrap();
        // To what is not there yet.
        symlink("link/stopped/new", at("dangling")).unwrap();
        for place in ["link/stopped", "hop/x", "hop/../stopped/x", "dangling", "dangling/x"] {
            refused(&at(place));
        }
        // Where what is handed out is on another disk.
        fs::rename(fleet.join("tokens"), at("served")).unwrap();
        symlink("../served", fleet.join("tokens")).unwrap();
        refused(&at("served"));
        refused(&at("link/tokens/12"));
        fs::remove_file(fleet.join("tokens")).unwrap();
        fs::rename(at("served"), fleet.join("tokens")).unwrap();
    }
    // The other commands that put something out.
    let place = |name: &str| fleet.join(name).to_str().unwrap().to_owned();
    for arguments in [
        &["key", "alice", "-o", &place("stopped/alice.key")][..],
        &["key", "alice", "-o", &place("tokens/alice.key")],
        &["key", "w", "--witness", "-o", &place("stopped/key")],
        &["simulate", "--scenario", "good", "-o", &place("stopped/page")],
        &["demo", &place("stopped/demo")],
    ] {
        let refused = world.must(2, START, arguments);
        assert!(refused.err.contains("is the rollouts' own"), "{arguments:?}: {}", refused.err);
    }
    let directory = place("stopped/new");
    let all = ["contentcheck", "rollout", "-C", &directory, "init", "--log", "example.com/other"];
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut streams = Streams { out: &mut out, err: &mut err, color: false, interactive: false };
    assert_eq!(contentcheck::run(&Cli::try_parse_from(all).unwrap(), &mut streams).number(), 2);
    assert!(files(&fleet) == before, "something was put there");
    // Where keys are used, and beside what is the rollouts' own.
    world.must(0, START, &["key", "alice", "-o", &place("keys/alice.key")]);
    world.must(0, START, &["key", "w", "--witness", "-o", &place("witnesses/four/key")]);
    world.must(0, START + MINUTE, &["report", "-o", &place("page.html")]);
    export(&world, 0, &HAWKBIT, &fleet.join("hawkbit"));
}

/// The text of a key as others check with it, whatever its bytes are.
fn verifier(name: &str, kind: u8, key: [u8; 32]) -> String {
    let id = Sha256::new().chain_update(name).chain_update([b'\n', kind]).chain_update(key).finalize();
    let id = u32::from_be_bytes(*id.first_chunk().unwrap());
    let encoded = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, [&[kind], &key[..]].concat());
    format!("{name}+{id:08x}+{encoded}")
}

#[test]
fn a_policy_of_witnesses_is_refused_by_its_line() {
    let world = World::new("trust-lines");
    world.begin();
    let policy = world.state().keys().unwrap().trust.clone();
    let lines: Vec<&str> = policy.lines().collect();
    let [log, one, two, _, group, quorum] = lines[..] else { panic!("{policy}") };
    let other = SecretKey::of_seed("example.com/content", Algorithm::Note, &[9; 32]).unwrap().verifier();
    let private = SecretKey::of_seed("w", Algorithm::Cosignature, &[9; 32]).unwrap();
    let key_of = |line: &str| line.rsplit(' ').next().unwrap().to_owned();
    let point = verifier("w", 4, [0xFF; 32]);
    let cases = [
        (policy.replace('\n', "\r\n"), "line 1: it ends with a carriage return"),
        (policy.replacen(&format!("{two}\n"), &format!("{two}\r\n"), 1), "line 3: it ends with a carriage return"),
        (format!("\u{FEFF}{policy}"), "line 1: a byte order mark"),
        (String::new(), "no line names the log; add `log NAME+ID+KEY`"),
        (policy.replace(&format!("{quorum}\n"), ""), "add `quorum GROUP`"),
        (policy.replace(two, one), "line 3: a line before it has this key"),
        (policy.replace("witness two", "witness one"), "line 3: a line before it has this name"),
        (policy.replace("one two three", "one two two"), "line 5: the group has a witness twice"),
        (policy.replace("one two three", "one two four"), "line 5: name 3 of the group"),
        (policy.replace("quorum-of-them 2", "quorum-of-them 0"), "line 5: of these witnesses a number from 1 to 3"),
        (policy.replace("quorum-of-them 2", "quorum-of-them 4"), "line 5: of these witnesses a number from 1 to 3"),
        (policy.replace("quorum-of-them 2", "quorum-of-them 1"), "line 5: one signature of a witness"),
        (policy.replace(&format!("{group}\n{quorum}"), "quorum one"), "line 5: one signature of a witness"),
        (policy.replace(quorum, "quorum others"), "line 6: this is neither the group nor a witness"),
        (policy.replace(group, "groups"), "line 5: it begins with none of"),
        (policy.replace(&key_of(log), &other), "line 1: this is not the key of this log"),
        (policy.replace(&key_of(one), &other), "line 2: the key is not that of a witness"),
        (policy.replace(&key_of(one), &point), "line 2: this is no key of ed25519"),
        (policy.replace(&key_of(one), &private.to_secret_text()), "line 2: this is the private half"),
    ];
    let path = world.root.join("trust.txt");
    let size = world.state().size();
    for (text, says) in cases {
        assert_ne!(text, policy, "{says}");
        fs::write(&path, text).unwrap();
        let refused = world.must(2, START, &["keys", "--trust", path.to_str().unwrap()]);
        assert!(refused.err.contains(says), "{says}: {}", refused.err);
        assert!(!refused.err.contains("CC0907") && !refused.err.contains("clock"), "{says}: {}", refused.err);
        assert!(!refused.err.contains(private.to_secret_text().rsplit('+').next().unwrap()), "{}", refused.err);
    }
    assert_eq!(world.state().size(), size);
    assert!(!world.root.join("fleet/drafts").exists());
    fs::write(&path, &policy).unwrap();
    world.must(0, START, &["keys", "--trust", path.to_str().unwrap()]);
}

/// A key with which nobody can sign would be counted among those that are left.
#[test]
fn keys_with_which_nobody_or_anybody_could_sign_get_no_role() {
    let world = World::new("odd-keys");
    world.begin();
    let mut two = [0; 32];
    two[0] = 2;
    let mut one = [0; 32];
    one[0] = 1;
    for (key, says) in [
        ([0xFF; 32], "nobody could ever sign"),
        (two, "nobody could ever sign"),
        ([0; 32], "anybody could sign"),
        (one, "anybody could sign"),
    ] {
        let refused = world.must(2, START, &["keys", "--add", &format!("plan={}", Hash(key))]);
        assert!(refused.err.contains("--add plan: ") && refused.err.contains(says), "{}", refused.err);
        let refused = world.must(2, START, &["keys", "--add", &format!("plan={}", verifier("x", 1, key))]);
        assert!(refused.err.contains("--add plan: ") && refused.err.contains("no key of ed25519"), "{}", refused.err);
    }
    let good = SecretKey::of_seed("x", Algorithm::Note, &[9; 32]).unwrap();
    assert_eq!(verifier("x", 1, good.public()), good.verifier());
    world.must(0, START, &["keys", "--add", &format!("plan={}", good.verifier())]);
}

/// Terminals and build machines keep what is said.
#[test]
fn the_private_half_of_a_key_is_never_shown() {
    let world = World::new("private-half");
    world.begin();
    let path = world.root.join("alice.key");
    let public = world.must(0, START, &["key", "alice", "-o", path.to_str().unwrap()]).out.trim().to_owned();
    let private = fs::read_to_string(&path).unwrap().trim().to_owned();
    let secret = private.splitn(5, '+').nth(4).unwrap().to_owned();
    let role = format!("plan={private}");
    for arguments in [
        &["keys", "--add", &role][..],
        &["keys", "--add", &private],
        &["keys", "--remove", &role],
        &["keys", "--needed", &role],
        &["keys", "--key", &private],
        &["keys", "--trust", &private],
        &["keys", "--trust", "trust.txt", "--lost", &private],
        &["sign", "draft", "--key", &private],
        &["key", &private, "-o", "new.key"],
    ] {
        let refused = world.must(2, START, arguments);
        let err = &refused.err;
        if arguments[0] != "sign" {
            assert!(err.contains("private half") && err.contains(&public), "{err}");
        }
        assert!(!err.contains(&secret) && !refused.out.contains(&secret), "{err}");
    }
    // Cut, so that it looks like another thing.
    let cut = private.trim_start_matches("PRIVATE+KEY+");
    for said in [cut.to_owned(), format!("plan={cut}"), format!("plan={secret}"), format!("plan=PRIVATE+KEY+{secret}")]
    {
        for option in ["--add", "--remove", "--needed"] {
            let refused = world.must(2, START, &["keys", option, &said]);
            assert!(!refused.err.contains(&secret), "{}", refused.err);
        }
    }
    assert!(!Path::new("new.key").exists());
}
