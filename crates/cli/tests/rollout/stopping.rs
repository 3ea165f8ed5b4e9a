//! What stops a rollout, and what that does to the files that let devices in.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use contentcheck_fleet::{Daemon, Keeper, Place, Recounter, Rolls, Source};
use contentcheck_log::{Token, Trust};
use contentcheck_rollout::report::What;

use super::elsewhere::Served;
use super::proofs::renew;
use super::world::{HOUR, MINUTE, START, World, copy, ring, strs};

/// The tokens of a sequence that anybody can fetch.
pub(crate) fn tokens(world: &World, sequence: u32) -> Vec<String> {
    let Ok(files) = fs::read_dir(world.root.join(format!("fleet/tokens/{sequence}"))) else { return Vec::new() };
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".token")).collect();
    names.sort();
    names
}

/// A rollout whose first ring is open, in a hurry.
pub(crate) fn started(name: &str) -> World {
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
    assert!(!tokens(&world, 12).is_empty());
    let advance = world.must(1, at + HOUR, &["advance"]);
    assert!(advance.err.contains("report that the release FAILED"), "{}\n{}", advance.out, advance.err);
    assert!(tokens(&world, 12).is_empty(), "{}", advance.err);
    // Reports that are gone are not the same as none.
    fs::rename(world.root.join("fleet/reports"), world.root.join("away")).unwrap();
    let served = Served::new(&world);
    let began = std::time::Instant::now();
    while !served.get("/v1/status").contains("are gone") {
        assert!(began.elapsed() < std::time::Duration::from_secs(60), "{}", served.get("/v1/status"));
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    drop(served);
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
pub(crate) fn elsewhere(world: &World, now: u64) -> Vec<Daemon> {
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
    fs::write(fleet.join("rollout.local.toml"), settings).unwrap();
    fs::write(fleet.join("rollout.toml"), text).unwrap();
    daemons
}

/// The same at another time.
pub(crate) fn elsewhere_again(world: &World, now: u64) -> Vec<Daemon> {
    let fleet = world.root.join("fleet");
    fs::copy(fleet.join("rollout.local.toml"), fleet.join("rollout.toml")).unwrap();
    elsewhere(world, now)
}

/// Puts the log back as it was, so that only witnesses know what became of it.
fn put_back(world: &World, before: &std::path::Path) {
    let log = world.root.join("fleet/log");
    fs::remove_dir_all(&log).unwrap();
    copy(before, &log);
}

/// Whichever witnesses can be asked, one that has seen more is enough: it shows a checkpoint that the log signed.
#[test]
fn a_log_that_was_put_back_is_told_by_one_witness_elsewhere_before_it_is_written() {
    let world = started("put-back");
    let (log, before) = (world.root.join("fleet/log"), world.root.join("before"));
    copy(&log, &before);
    let token = world.root.join("fleet/tokens/12/ring-0.token");
    let old = fs::read(&token).unwrap();
    world.must(0, START + 60, &["halt", "--reason", "a look first"]);
    let settings = world.root.join("fleet/rollout.toml");
    let local = fs::read_to_string(&settings).unwrap();
    let mut daemons = elsewhere(&world, START + 120);
    put_back(&world, &before);
    let size = world.state().size();
    while !daemons.is_empty() {
        for command in
            [&["advance"][..], &["start"], &["resume", "--reason", "x"], &["halt", "--reason", "x"], &["pin", "linux"]]
        {
            fs::write(&token, &old).unwrap();
            let refused = world.must(2, START + 120, command);
            assert!(
                refused.err.contains("CC0908") && refused.err.contains("older copy"),
                "{command:?} {}",
                refused.err
            );
            assert!(!refused.out.contains("halted"), "{}", refused.out);
            assert_eq!(world.state().size(), size, "{command:?} wrote a fork");
            // It may have been stopped in the log that went on.
            assert!(tokens(&world, 12).is_empty(), "{command:?}: {}", refused.err);
        }
        let status = world.must(2, START + 120, &["status"]);
        assert!(status.err.contains("older copy"), "{}\n{}", status.out, status.err);
        daemons.pop();
    }
    // Witnesses that cannot be asked keep nobody from writing a halt, and it is told that nobody knows of it.
    let halted = world.must(1, START + 180, &["halt", "--reason", "a customer called"]);
    assert!(halted.out.contains("halted, in this log"), "{}", halted.out);
    assert!(halted.err.contains("0 of 3 witnesses signed") && halted.err.contains("CC0907"), "{}", halted.err);
    assert!(tokens(&world, 12).is_empty());
    fs::write(&settings, local).unwrap();
}

/// Until as many witnesses have signed for a halt as must, a copy of the log can be put back that lacks it: so it holds beside the log.
#[test]
fn a_halt_that_no_witness_signed_holds_whatever_becomes_of_the_log() {
    let world = started("unsigned-halt");
    let (log, before) = (world.root.join("fleet/log"), world.root.join("before"));
    copy(&log, &before);
    drop(elsewhere(&world, START));
    let halted = world.must(1, START + 60, &["halt", "--reason", "a customer called"]);
    assert!(halted.out.contains("halted, in this log"), "{}", halted.out);
    let resumed = world.must(1, START + 90, &["resume", "--reason", "looked"]);
    assert!(resumed.err.contains("too few witnesses signed"), "{}", resumed.err);
    let written = world.root.join("written");
    copy(&log, &written);
    put_back(&world, &before);
    fs::copy(world.root.join("fleet/rollout.local.toml"), world.root.join("fleet/rollout.toml")).unwrap();
    for later in [2 * MINUTE, HOUR] {
        let advance = world.must(1, START + later, &["advance"]);
        assert!(advance.out.contains("held here") && tokens(&world, 12).is_empty(), "{}", advance.out);
        let status = world.must(1, START + later, &["status"]);
        assert!(status.out.contains("a customer called") && status.out.contains("HELD here"), "{}", status.out);
    }
    put_back(&world, &written);
    // The witnesses sign now, and the log alone holds from then on.
    let advance = world.must(1, START + 2 * HOUR, &["advance"]);
    assert!(advance.out.contains("halted: a customer called"), "{}\n{}", advance.out, advance.err);
    assert_eq!(fs::read_dir(world.root.join("fleet/stopped")).unwrap().count(), 0);
    world.must(0, START + 3 * HOUR, &["resume", "--reason", "looked"]);
    assert_eq!(tokens(&world, 12), ["ring-0.token"]);
}

/// Witnesses that make up what they saw show no checkpoint of the log, so they stop nobody.
#[test]
fn a_witness_cannot_make_up_what_it_has_seen() {
    use std::io::{Read as _, Write as _};
    let world = started("made-up");
    let settings = world.root.join("fleet/rollout.toml");
    let honest = fs::read_to_string(&settings).unwrap();
    let zero = "0".repeat(64);
    for answer in [
        format!("1000000 {zero}"),
        "example.com/content\n1000000\nAAAA\n\n\u{2014} x AAAA\n".into(),
        "{}".into(),
        "\u{1b}[2J".repeat(9000),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("url = \"http://{}\"", listener.local_addr().unwrap());
        let text = honest.replace("directory = \"witnesses/one\"", &url);
        assert_ne!(text, honest);
        fs::write(&settings, text).unwrap();
        let liar = std::thread::spawn(move || {
            for stream in listener.incoming().take(3) {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 4096]);
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", answer.len());
                let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(answer.as_bytes()));
            }
        });
        let halted = world.must(0, world.state().time() + 60, &["halt", "--reason", "x"]);
        assert_eq!(halted.out, "halted\n", "{}", halted.err);
        let resumed = world.run(world.state().time() + 60, &["status"]);
        assert!(!resumed.err.contains("CC0908"), "{}", resumed.err);
        fs::write(&settings, &honest).unwrap();
        world.must(0, world.state().time() + 60, &["resume", "--reason", "looked"]);
        drop(liar);
    }
}

/// Nobody knows what a witness was told whose memory of halts is damaged. That holds, whatever is halted and resumed after it, and what is said
/// leads on.
#[test]
fn a_witness_that_lost_its_halts_is_replaced() {
    type Damage = fn(&[u8]) -> Option<Vec<u8>>;
    let damages: [(&str, Damage); 4] = [
        ("empty", |_| Some(Vec::new())),
        ("cut", |bytes| Some(bytes[..bytes.len() / 2].to_vec())),
        ("flipped", |bytes| Some(bytes.iter().map(|byte| byte ^ 1).collect())),
        ("gone", |_| None),
    ];
    for (name, damage) in damages {
        let world = started(&format!("forgetful-{name}"));
        let homes = fs::read_dir(world.root.join("fleet/witnesses")).unwrap().map(|home| home.unwrap().path());
        let mut homes: Vec<_> = homes.filter(|home| home.is_dir()).collect();
        homes.sort();
        let home = &homes[1];
        let halts = home.join("halts");
        let kept = fs::read(&halts).unwrap();
        match damage(&kept) {
            Some(bytes) => fs::write(&halts, bytes).unwrap(),
            None => fs::remove_file(&halts).unwrap(),
        }
        let leads_on = |out: &str| {
            out.contains("nobody knows whether this witness was told") && out.contains("move that directory away")
        };
        let status = world.must(1, START + MINUTE, &["status"]);
        assert!(leads_on(&status.out), "{name}: {}", status.out);
        world.run(START + 2 * MINUTE, &["halt", "--reason", "a look"]);
        world.run(START + 3 * MINUTE, &["resume", "--reason", "all is well"]);
        let status = world.must(1, START + 4 * MINUTE, &["status"]);
        assert!(leads_on(&status.out) && tokens(&world, 12).is_empty(), "{name}: {}", status.out);
        fs::rename(home, world.root.join("away")).unwrap();
        world.run(START + 5 * MINUTE, &["resume", "--reason", "all is well"]);
        world.must(0, START + 5 * MINUTE, &["advance"]);
        assert_eq!(tokens(&world, 12), ["ring-0.token"], "{name}");
        world.must(0, START + 5 * MINUTE, &["status"]);
    }
}

/// Tokens that somebody puts back let devices in whatever the log says: whoever looks is told, until they are gone.
#[test]
fn tokens_of_what_is_halted_are_told_where_they_lie() {
    let world = started("loose");
    let (tokens_of, kept) = (world.root.join("fleet/tokens"), world.root.join("kept"));
    copy(&tokens_of, &kept);
    world.must(0, START + MINUTE, &["halt", "--reason", "a look"]);
    let told = |out: &str| out.contains("ring-0.token, which let them in although that is stopped");
    assert!(!told(&world.must(1, START + MINUTE, &["status"]).out));
    let _ = fs::remove_dir_all(&tokens_of);
    copy(&kept, &tokens_of);
    let status = world.must(1, START + 2 * MINUTE, &["status"]);
    assert!(told(&status.out), "{}", status.out);
    world.must(1, START + 3 * MINUTE, &["advance"]);
    assert!(tokens(&world, 12).is_empty());
    assert!(!told(&world.must(1, START + 3 * MINUTE, &["status"]).out));
    // Whatever the name, and wherever below the directory.
    let token = fs::read(kept.join("12/ring-0.token")).unwrap();
    let proof = world.root.join("fleet/proofs/12/ring-0.proof");
    for place in ["99/ring-0.token", "12/ring-0.token.bak", "12/old/x", "token", "a/b/c/d", "1/2/3/4/5/6/7/8/9/x"] {
        let path = world.root.join("fleet/tokens").join(place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &token).unwrap();
        fs::write(path.parent().unwrap().join("note.txt"), "none of it").unwrap();
        let status = world.must(1, START + 4 * MINUTE, &["status"]);
        assert!(status.out.contains(&format!("{place}, which let them in")), "{place}: {}", status.out);
        let advance = world.must(1, START + 5 * MINUTE, &["advance"]);
        assert!(advance.err.contains(&format!("{place}: no further device")), "{place}: {}", advance.err);
        assert!(!path.exists() && path.parent().unwrap().join("note.txt").exists() && proof.exists(), "{place}");
        let status = world.must(1, START + 6 * MINUTE, &["status"]);
        assert!(!status.out.contains("which let them in"), "{place}: {}", status.out);
    }
    // Two links lead to it: it is told, and gone, by both.
    #[cfg(unix)]
    {
        let elsewhere = world.root.join("elsewhere");
        fs::create_dir_all(&elsewhere).unwrap();
        fs::write(elsewhere.join("ring-0.token"), &token).unwrap();
        for name in ["one", "two"] {
            std::os::unix::fs::symlink(&elsewhere, world.root.join("fleet/tokens").join(name)).unwrap();
        }
        let advance = world.must(1, START + 7 * MINUTE, &["advance"]);
        assert!(advance.err.contains("no further device fetches one"), "{}", advance.err);
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    }
}

/// A token in another form may let devices in, and nobody can tell what is one: what lies with the tokens of what is stopped is named, and left. What
/// lies there of another release, and beside all of them, is nobody's worry.
#[test]
fn what_may_be_a_token_in_another_form_is_named() {
    let world = started("other-forms");
    let tokens_of = world.root.join("fleet/tokens");
    let token = fs::read(tokens_of.join("12/ring-0.token")).unwrap();
    let put = |place: &str, bytes: &[u8]| {
        let path = tokens_of.join(place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    // Packed, encoded, behind something, cut off: what is in them does not matter.
    let named = [
        "12/ring-0.token.gz",
        "12/all.tar",
        "12/b64.txt",
        "12/lf.txt",
        "12/old/part",
        "99/ring-0.token.br",
        "tokens.zip",
    ];
    let forms =
        [b"\x1F\x8B".to_vec(), [b"\n", &token[..]].concat(), [&b"x: "[..], &token].concat(), token[..40].to_vec()];
    for (place, form) in named.iter().zip(forms.iter().cycle()) {
        put(place, form);
    }
    let beside = [
        ".well-known/security.txt",
        "index.html",
        "12/release.ccimage",
        "12/attestation.dsse.json",
        "12/.htaccess",
        "11/all.tar",
    ];
    for place in beside {
        put(place, b"something");
    }
    put("12/empty", b"");
    let told = |said: &str, what: &str| {
        for place in named {
            assert!(said.contains(place), "{what}, {place}: {said}");
        }
        for place in beside.iter().chain(&["12/empty", ".lock"]) {
            assert!(!said.contains(place), "{what}, {place}: {said}");
        }
        assert_eq!(said.matches("12/all.tar").count(), 1, "{what}: {said}");
    };
    // As long as nothing is stopped they are nothing.
    assert!(!world.must(0, START + MINUTE, &["status"]).out.contains("all.tar"));
    let halted = world.must(0, START + MINUTE, &["halt", "--reason", "a look"]);
    told(&halted.err, "halt");
    assert!(halted.err.contains("remove it by hand"), "{}", halted.err);
    told(&world.must(1, START + MINUTE, &["status"]).out, "status");
    told(&world.must(1, START + MINUTE, &["advance"]).err, "advance");
    for place in named.iter().chain(&beside) {
        assert!(tokens_of.join(place).exists(), "{place}");
    }
    // Also where nobody can know what is stopped.
    fs::write(tokens_of.join("12/ring-0.token"), &token).unwrap();
    fs::write(world.root.join("fleet/rollout.toml"), "[").unwrap();
    let failed = world.must(2, START + 2 * MINUTE, &["halt", "--reason", "a look"]);
    assert!(failed.err.contains("12/ring-0.token.gz") && failed.err.contains("99/ring-0.token.br"), "{}", failed.err);
    assert!(!failed.err.contains("index.html") && !failed.err.contains("security.txt"), "{}", failed.err);
}

/// A token that cannot be removed keeps no other one where devices fetch them, and is named.
#[test]
#[cfg(target_os = "linux")]
fn a_token_that_cannot_be_removed_keeps_no_other_one() {
    let world = started("immutable");
    let tokens_of = world.root.join("fleet/tokens");
    let token = fs::read(tokens_of.join("12/ring-0.token")).unwrap();
    // The first of them, by name, and one in the middle.
    let places = ["12/a.token", "12/ring-0.token", "99/b", "99/c", "old/d"];
    for place in places {
        let path = tokens_of.join(place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &token).unwrap();
    }
    let change = |how: &str, place: &str| {
        let done = std::process::Command::new("chattr").arg(how).arg(tokens_of.join(place)).output();
        done.is_ok_and(|done| done.status.success())
    };
    let held = ["12/a.token", "99/c"];
    if !held.iter().all(|place| change("+i", place)) {
        held.iter().for_each(|place| {
            let _ = change("-i", place);
        });
        eprintln!("skipped: no file can be made immutable here");
        return;
    }
    let halt = world.must(1, START + MINUTE, &["halt", "--reason", "a look"]);
    let advance = world.must(2, START + 2 * MINUTE, &["advance"]);
    let left: Vec<&str> = places.into_iter().filter(|place| tokens_of.join(place).exists()).collect();
    held.iter().for_each(|place| assert!(change("-i", place), "{place}"));
    assert_eq!(left, held, "{}", halt.err);
    for said in [&halt.err, &advance.err] {
        assert!(held.iter().all(|place| said.contains(place)), "{said}");
        assert!(said.contains("by hand, so that no further device fetches one"), "{said}");
    }
    for gone in places.iter().filter(|place| !held.contains(place)) {
        assert!(halt.err.contains(gone) && !advance.err.contains(gone), "{gone}: {}", halt.err);
    }
    world.must(1, START + 3 * MINUTE, &["advance"]);
    assert!(held.iter().all(|place| !tokens_of.join(place).exists()));
}

/// A slip in the name of the directory halts nothing, says so, and makes nothing that looks as if something were held.
#[test]
fn a_halt_of_a_directory_that_is_not_there_makes_none() {
    let world = World::new("nowhere");
    let halted = world.must(2, START, &["halt", "--reason", "a customer called"]);
    assert!(halted.err.contains("NOT halted") && halted.err.contains("no such directory"), "{}", halted.err);
    assert!(!world.root.join("fleet").exists());
}

/// Whatever keeps a halt out of the log: the tokens go, no command here writes them again, and what to do is told.
#[test]
fn a_halt_that_cannot_be_logged_stops_this_directory_all_the_same() {
    let away = |world: &World, what: &str| {
        fs::rename(world.root.join("fleet").join(what), world.root.join("away")).unwrap();
    };
    let back = |world: &World, what: &str| {
        let place = world.root.join("fleet").join(what);
        let _ = fs::remove_dir_all(&place);
        let _ = fs::remove_file(&place);
        fs::rename(world.root.join("away"), place).unwrap();
    };
    // Nobody at hand may halt: it is pending, and that holds the rollout here.
    let world = started("unsigned");
    for key in 1..=3 {
        let _ = fs::remove_file(world.root.join(format!("fleet/keys/halt-{key}.key")));
    }
    let halted = world.must(1, START + 60, &["halt", "--reason", "a customer called"]);
    assert!(
        halted.out.contains("NOT halted in the log") && halted.err.contains("waits for signatures"),
        "{}",
        halted.err
    );
    assert!(tokens(&world, 12).is_empty(), "{}", halted.err);
    let status = world.must(1, START + 120, &["status"]);
    assert!(status.out.contains("and not in the log"), "{}", status.out);
    let advance = world.must(1, START + 40 * MINUTE, &["advance"]);
    assert!(advance.out.contains("held here") && tokens(&world, 12).is_empty(), "{}", advance.out);
    // A log or settings that cannot be read.
    for (at, what) in ["log/checkpoint", "log/tile", "rollout.toml", "log", "keys"].into_iter().enumerate() {
        let world = started(&format!("unreadable-{at}"));
        away(&world, what);
        let log = || super::world::files(&world.root.join("fleet/log"));
        let before = log();
        for more in [&[][..], &["--tell-witnesses"]] {
            let halted = world.run(START + 60, &[&["halt", "--reason", "a customer called"], more].concat());
            let said = format!("{}\n{}", halted.out, halted.err);
            assert!(halted.exit != 0 && said.contains("NOT halted"), "{what} {more:?}: {said}");
            assert!(tokens(&world, 12).is_empty(), "{what} {more:?}: {said}");
            // Where nothing is known, nobody is sent where nothing is known either.
            let leads = said.contains("--tell-witnesses` tells");
            assert!(!leads || (what == "keys" && more.is_empty()), "{what}: {said}");
        }
        assert_eq!(log(), before, "{what}");
        back(&world, what);
        if what == "keys" {
            let advance = world.must(1, START + 120, &["advance"]);
            assert!(advance.out.contains("held here") && tokens(&world, 12).is_empty(), "{}", advance.out);
        }
        // All is there again: the halt is logged, two let it go on, and the drafts of before hold nothing.
        world.must(0, START + 180, &["halt", "--reason", "a customer called"]);
        world.must(0, START + 240, &["resume", "--reason", "looked"]);
        assert_eq!(tokens(&world, 12), ["ring-0.token"], "{what}");
    }
    // Somebody else writes the log for longer than a halt waits.
    let world = started("locked");
    let lock = fs::File::options().write(true).open(world.root.join("fleet/log/.lock")).unwrap();
    lock.lock().unwrap();
    let halted = world.must(2, START + 60, &["halt", "--reason", "a customer called"]);
    assert!(halted.err.contains("NOT halted") && tokens(&world, 12).is_empty(), "{}", halted.err);
    drop(lock);
    let advance = world.must(1, START + 40 * MINUTE, &["advance"]);
    assert!(advance.out.contains("held here") && tokens(&world, 12).is_empty(), "{}", advance.out);
}

/// A halt that witnesses elsewhere were told of holds in the directory where somebody told them.
#[test]
fn a_halt_told_to_witnesses_elsewhere_holds_here() {
    let world = started("told-elsewhere");
    let daemons = elsewhere(&world, START + 60);
    let told = world.must(0, START + 60, &["halt", "--reason", "a customer called", "--tell-witnesses"]);
    assert!(told.out.starts_with("told: 3 of 3") && tokens(&world, 12).is_empty(), "{}\n{}", told.out, told.err);
    for later in [HOUR, 30 * HOUR] {
        let stays = world.must(1, START + later, &["advance"]);
        assert!(stays.out.contains("held here") && tokens(&world, 12).is_empty(), "{}", stays.out);
    }
    assert!(world.must(1, START + HOUR, &["status"]).out.contains("not in the log"));
    drop(daemons);
}

/// A command that is run again, since nobody knew whether it had ended, says what is so.
#[test]
fn what_is_run_again_says_that_it_is_done() {
    let world = World::new("again");
    world.begin();
    let first = world.gate(12);
    let plan = [&["plan", "--urgent"], &strs(&first)[..]].concat();
    world.must(0, START, &plan);
    let again = world.must(1, START + 5, &plan);
    assert!(again.err.contains("planned already") && again.err.contains("fleet start"), "{}", again.err);
    world.must(0, START + 10, &["start"]);
    let again = world.must(1, START + 15, &["start"]);
    assert!(again.err.contains("tokens that are missing"), "{}", again.err);
    let again = world.must(1, START + 15, &plan);
    assert!(again.err.contains("higher sequence"), "{}", again.err);
    world.must(0, START + 20, &["halt", "--reason", "x"]);
    world.must(0, START + 25, &["resume", "--reason", "x"]);
    let again = world.must(1, START + 30, &["resume", "--reason", "x"]);
    assert!(again.err.contains("goes on already"), "{}", again.err);
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
        "a census: 1800 devices take part",
        "windows/11: 1200",
        "sequence 12\n  image ",
        "\n  urgent\n",
        "1800 devices of 2 strata; policy `small`",
        "ring 0 (first): 1 % of the fleet",
        "every ring: devices report within",
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

/// What is in the file of a hold does not matter: that it is there does, for every command that opens a ring or writes a token.
#[test]
fn a_file_below_stopped_holds_whatever_is_in_it() {
    for (at, bytes) in [&b""[..], b"\xFF\x00", b"halted"].into_iter().enumerate() {
        let world = started(&format!("held-{at}"));
        let stopped = world.root.join("fleet/stopped");
        fs::create_dir(&stopped).unwrap();
        fs::write(stopped.join("anything"), bytes).unwrap();
        let size = world.state().size();
        let advance = world.must(1, START + 40 * MINUTE, &["advance"]);
        assert!(advance.out.contains("held here") && tokens(&world, 12).is_empty(), "{}", advance.out);
        assert!(world.must(1, START + 40 * MINUTE, &["status"]).out.contains("stopped/anything"));
        let out = world.root.join("plans");
        let exported =
            world.must(1, START + 40 * MINUTE, &["export", "--engine", "mender", "-o", out.to_str().unwrap()]);
        assert!(exported.err.contains("CC0904") && !out.exists(), "{}", exported.err);
        assert_eq!(world.state().size(), size);
        // The halt that is logged takes it away; two people let the rollout go on.
        world.must(0, START + 41 * MINUTE, &["halt", "--reason", "a look first"]);
        world.must(0, START + 42 * MINUTE, &["resume", "--reason", "looked"]);
        assert_eq!(tokens(&world, 12), ["ring-0.token"]);
    }
}

/// Nothing opens a ring past a halt that waits for signatures, not even for a moment: neither what was planned, nor what was halted before, nor
/// a resumption that others signed.
#[test]
fn nothing_is_logged_past_a_halt_that_waits() {
    let world = World::new("waits");
    world.begin();
    let first = world.gate(12);
    world.must(0, START, &[&["plan", "--urgent"], &strs(&first)[..]].concat());
    let keys = world.root.join("fleet/keys");
    let away = world.root.join("halt-keys");
    fs::create_dir(&away).unwrap();
    let take = |from: &std::path::Path, to: &std::path::Path| {
        for number in 1..=3 {
            let name = format!("halt-{number}.key");
            fs::rename(from.join(&name), to.join(&name)).unwrap();
        }
    };
    take(&keys, &away);
    world.must(1, START, &["halt", "--reason", "a customer called"]);
    let size = world.state().size();
    let refused = world.must(1, START + 60, &["start"]);
    assert!(refused.err.contains("CC0904") && refused.err.contains("not in the log"), "{}", refused.err);
    assert_eq!(world.state().size(), size);
    take(&away, &keys);
    world.must(0, START + 60, &["halt", "--reason", "a customer called"]);
    take(&keys, &away);
    // A hold that somebody puts by hand stops what follows as well.
    fs::create_dir_all(world.root.join("fleet/stopped")).unwrap();
    fs::write(world.root.join("fleet/stopped/by-hand"), "").unwrap();
    let size = world.state().size();
    let refused = world.must(1, START + 180, &["resume", "--reason", "looked"]);
    assert!(refused.err.contains("stopped/by-hand") && tokens(&world, 12).is_empty(), "{}", refused.err);
    assert_eq!(world.state().size(), size);
    fs::remove_file(world.root.join("fleet/stopped/by-hand")).unwrap();
    world.must(0, START + 180, &["resume", "--reason", "looked"]);
    world.must(0, START + 240, &["start"]);
    assert_eq!(tokens(&world, 12), ["ring-0.token"]);
}

/// A halt of the same second as one before it, or by a clock that is behind: what settles it is a halt behind it in the log, and not a time.
#[test]
fn a_halt_that_follows_a_resumption_holds_whatever_its_time_is() {
    for later in [0, 30] {
        let mut world = started(&format!("second-{later}"));
        let devices = world.let_in();
        // By a clock that is ahead of those of the others.
        world.must(0, START + later, &["halt", "--reason", "one"]);
        world.must(0, START + later, &["resume", "--reason", "looked"]);
        let daemons = elsewhere(&world, START + 60);
        let told = world.must(0, START, &["halt", "--reason", "two", "--tell-witnesses"]);
        assert!(told.out.starts_with("told: 3 of 3"), "{}", told.out);
        // Somebody else who writes the log knows nothing of it; the witnesses do.
        fs::remove_dir_all(world.root.join("fleet/stopped")).unwrap();
        world.well(&devices, START + later, START + 40 * MINUTE);
        drop(daemons);
        let daemons = elsewhere_again(&world, START + 40 * MINUTE);
        let on = world.run(START + 40 * MINUTE, &["advance"]);
        assert!(
            on.err.contains("were told of a halt at 2027-01-04 08:00 UTC that is not in this log"),
            "{}\n{}",
            on.out,
            on.err
        );
        assert!(!tokens(&world, 12).contains(&"ring-1.token".to_owned()), "{}", on.out);
        drop(daemons);
    }
}

/// Whoever tells the witnesses knows of the halt that is in the log: to resume after that one is not to resume after this one.
#[test]
fn a_halt_that_is_told_while_another_one_holds_is_not_forgotten() {
    let mut world = started("told-while-halted");
    let devices = world.let_in();
    world.must(0, START, &["halt", "--reason", "one"]);
    let daemons = elsewhere(&world, START + 60);
    let told = world.must(0, START + 60, &["halt", "--reason", "two", "--tell-witnesses"]);
    assert!(told.out.starts_with("told: 3 of 3"), "{}", told.out);
    drop(daemons);
    // Somebody else who writes the log knows nothing of it; the witnesses do, and say so to whoever looks, or would take others for them.
    fs::remove_dir_all(world.root.join("fleet/stopped")).unwrap();
    let daemons = elsewhere_again(&world, START + 60);
    world.run(START + 120, &["resume", "--reason", "looked"]);
    let status = world.must(1, START + 180, &["status"]);
    assert!(status.out.contains("were told of a halt at 2027-01-04 08:01 UTC"), "{}", status.out);
    let trust = world.root.join("trust.txt");
    fs::write(&trust, world.state().keys().unwrap().trust.clone() + "\n").unwrap();
    let size = world.state().size();
    let refused = world.must(1, START + 180, &["keys", "--trust", trust.to_str().unwrap()]);
    assert!(refused.err.contains("were told of a halt"), "{}", refused.err);
    assert_eq!(world.state().size(), size);
    world.well(&devices, START + 120, START + 60 * MINUTE);
    drop(daemons);
    let daemons = elsewhere_again(&world, START + 60 * MINUTE);
    let on = world.run(START + 60 * MINUTE, &["advance"]);
    assert!(!tokens(&world, 12).contains(&"ring-1.token".to_owned()), "{}\n{}", on.out, on.err);
    assert!(on.err.contains("were told of a halt at 2027-01-04 08:01 UTC"), "{}\n{}", on.out, on.err);
    drop(daemons);
}

/// Two halts of one second are two: what the log has of the first one takes nothing of the second away.
#[test]
fn a_halt_that_is_not_in_the_log_holds_beside_one_of_the_same_second() {
    let world = started("same-second");
    let stray = world.run(START, &["halt", "--reason", "no key", "--key", "nowhere.key"]);
    assert!(stray.exit != 0, "{}", stray.out);
    let stopped = || fs::read_dir(world.root.join("fleet/stopped")).unwrap().count();
    let again = world.run(START, &["halt", "--reason", "no key either", "--key", "nowhere.key"]);
    assert!(again.exit != 0 && stopped() == 2, "{}", again.err);
    world.must(0, START, &["halt", "--reason", "logged"]);
    assert_eq!(stopped(), 0, "all that stood before the halt in the log");
}

/// Reports that cannot be counted, or a log that cannot be written: whether the release is good nobody knows, and nobody is let in on.
#[test]
fn an_advance_that_fails_takes_the_tokens_away_until_it_does_not() {
    for what in ["reports", "keys/log.key", "rolls", "keys/collect-1.key"] {
        let mut world = started(&format!("fails-{}", what.replace('/', "-")));
        fail(&mut world, START);
        let (place, away) = (world.root.join("fleet").join(what), world.root.join("away"));
        if what == "reports" {
            // The file is there, and what it should have is not.
            let settled = place.join("0.settled");
            let text = fs::read_to_string(&settled).unwrap();
            fs::write(&settled, "until x\n").unwrap();
            let failed = world.run(START + HOUR, &["advance"]);
            assert!(failed.exit != 0 && tokens(&world, 12).is_empty(), "{}\n{}", failed.out, failed.err);
            fs::write(&settled, text).unwrap();
        } else {
            fs::rename(&place, &away).unwrap();
            let failed = world.run(START + HOUR, &["advance"]);
            assert!(failed.exit != 0 && tokens(&world, 12).is_empty(), "{what}: {}\n{}", failed.out, failed.err);
            fs::rename(&away, &place).unwrap();
        }
        let stopped = world.must(1, START + HOUR, &["advance"]);
        assert!(stopped.out.contains("CC0906") && tokens(&world, 12).is_empty(), "{what}: {}", stopped.out);
    }
    // Somebody else who writes the log is no failure: the token stays.
    let world = started("busy");
    let lock = fs::File::options().write(true).open(world.root.join("fleet/log/.lock")).unwrap();
    lock.lock().unwrap();
    world.must(2, START + HOUR, &["advance"]);
    assert_eq!(tokens(&world, 12), ["ring-0.token"]);
    drop(lock);
}

/// Devices that are shown another log are told of for as long as they say so: the log grows, and never was the one that they saw.
#[test]
fn a_log_that_never_was_is_told_however_long_this_one_gets() {
    let mut world = started("forked");
    let devices = world.let_in();
    world.well(&devices, START, START + 10 * MINUTE);
    let status = world.must(0, START + 10 * MINUTE, &["status"]);
    assert!(!status.out.contains("never was"), "{}", status.out);
    let sizes = [2, world.state().size()];
    for (from, seen) in (11..).step_by(8).zip(sizes) {
        (world.is_forked, world.seen) = (true, seen);
        world.report(vec![(START + from * MINUTE, devices[0], What::Well)]);
        (world.is_forked, world.seen) = (false, 1);
        world.report(vec![(START + (from + 1) * MINUTE, devices[1], What::Well)]);
        for minute in [from + 2, from + 4] {
            world.run(START + minute * MINUTE, &["advance"]);
            let status = world.run(START + minute * MINUTE, &["status"]);
            assert!(status.out.contains("reports a log of 2 entries, which this one"), "{seen}: {}", status.out);
        }
    }
}

/// Other witnesses know nothing of what those of before were told: they count only when those could be asked, wherever the settings name whom.
#[test]
fn other_witnesses_do_not_count_before_those_of_now_were_asked() {
    let world = started("renewed");
    let daemons = elsewhere(&world, START + 60);
    let told = world.must(0, START + 60, &["halt", "--reason", "a customer called", "--tell-witnesses"]);
    assert!(told.out.starts_with("told: 3 of 3"), "{}", told.out);
    // Somebody else who writes the log knows nothing of it.
    fs::remove_dir_all(world.root.join("fleet/stopped")).unwrap();
    let settings = world.root.join("fleet/rollout.toml");
    let named = fs::read_to_string(&settings).unwrap();
    let alone = named.split("\n[[witness]]").next().unwrap().to_owned();
    fs::write(&settings, &alone).unwrap();
    let status = world.must(1, START + 120, &["status"]);
    assert!(status.out.lines().nth(1).unwrap().contains("names 0 of the 3 witnesses"), "{}", status.out);
    let size = world.state().size();
    for (old, lost) in [(&["one", "two", "three"][..], &[][..]), (&["one", "two"], &["--lost", "three"])] {
        fs::write(&settings, &alone).unwrap();
        let refused = renew(&world, START + 120, old, lost);
        assert!(refused.exit == 1 && refused.err.contains("CC0904"), "{}", refused.err);
        assert!(refused.err.contains("cannot be asked") && refused.err.contains("--lost NAME"), "{}", refused.err);
        assert_eq!(world.state().size(), size);
        for name in old {
            fs::remove_dir_all(world.root.join(format!("fleet/witnesses/new-{name}"))).unwrap();
        }
    }
    // Beside the new ones the old ones are asked, and they know of it.
    fs::write(&settings, &named).unwrap();
    let refused = renew(&world, START + 120, &["one", "two", "three"], &[]);
    assert!(refused.exit == 1 && refused.err.contains("were told of a halt"), "{}", refused.err);
    assert_eq!(world.state().size(), size);
    drop(daemons);
}

/// Witnesses that the settings name and the log does not sign for nobody: a halt holds on until as many as must of those that count have signed.
#[test]
fn a_halt_holds_until_witnesses_that_count_signed_for_it() {
    let world = started("uncounted");
    let refused = renew(&world, START + 60, &["one", "two", "three"], &[]);
    assert_eq!(refused.exit, 1, "{}", refused.err);
    let settings = world.root.join("fleet/rollout.toml");
    let named = fs::read_to_string(&settings).unwrap();
    let mut parts = named.split("\n[[witness]]");
    let first = parts.next().unwrap().to_owned();
    let only_new = parts.filter(|part| part.contains("new-")).fold(first, |all, part| all + "\n[[witness]]" + part);
    fs::write(&settings, only_new).unwrap();
    let halted = world.run(START + 120, &["halt", "--reason", "a customer called"]);
    assert_eq!(halted.exit, 1, "{}\n{}", halted.out, halted.err);
    assert_eq!(fs::read_dir(world.root.join("fleet/stopped")).unwrap().count(), 1);
    assert!(tokens(&world, 12).is_empty());
    // With those that count it is signed for.
    fs::write(&settings, named).unwrap();
    let again = world.run(START + 180, &["halt", "--reason", "a customer called"]);
    assert_eq!(again.exit, 0, "{}\n{}", again.out, again.err);
    assert_eq!(fs::read_dir(world.root.join("fleet/stopped")).unwrap().count(), 0);
}

/// Witnesses that are lost for good are named, and that is said.
#[test]
fn witnesses_that_are_lost_are_named_one_by_one() {
    // Before a ring was opened; after that so many cannot be replaced.
    let world = World::new("lost-witnesses");
    world.begin();
    let first = world.gate(12);
    world.must(0, START, &[&["plan", "--urgent"], &strs(&first)[..]].concat());
    for name in ["two", "three"] {
        fs::remove_dir_all(world.root.join(format!("fleet/witnesses/{name}"))).unwrap();
    }
    let unknown = world.must(2, START + 60, &["keys", "--trust", "nowhere", "--lost", "two"]);
    assert!(unknown.err.contains("nowhere"), "{}", unknown.err);
    let refused = renew(&world, START + 60, &["two", "three"], &[]);
    assert!(refused.exit == 1 && refused.err.contains("`two`, `three` count until now"), "{}", refused.err);
    let trust = world.root.join("trust.txt");
    let trust = ["keys", "--trust", trust.to_str().unwrap()];
    let unknown = world.must(2, START + 60, &[&trust[..], &["--lost", "four"]].concat());
    assert!(unknown.err.contains("no such witness"), "{}", unknown.err);
    let done = world.must(0, START + 60, &[&trust[..], &["--lost", "two", "--lost", "three"]].concat());
    assert!(done.err.contains("`two`, `three` are said to be lost for good"), "{}", done.err);
}

/// A ring of which most devices died is as bad where they say nothing as where they say so: nobody is let in on, and whoever looks is told.
#[test]
fn most_devices_that_are_dead_are_told_where_no_test_decides() {
    let mut world = started("dead");
    let devices = world.let_in();
    let (well, dead) = devices.split_at(3);
    assert!(dead.len() > well.len(), "{} devices", devices.len());
    let mut reports: Vec<(u64, usize, What)> =
        devices.iter().map(|device| (START + 60, *device, What::Receipt)).collect();
    for at in (START + 10 * MINUTE..=START + 2 * HOUR).step_by(10 * 60) {
        reports.extend(well.iter().map(|device| (at, *device, What::Well)));
    }
    world.report(reports);
    let status = world.must(1, START + 2 * HOUR, &["status"]);
    assert!(status.out.contains("most devices of ring 0 (first) FAILED"), "{}", status.out);
    assert!(status.out.contains(&format!("{0} settled; {1} failed, 0 of them report it", devices.len(), dead.len())));
    let advance = world.must(1, START + 2 * HOUR, &["advance"]);
    assert!(advance.err.contains("its tokens are taken away") && advance.err.contains("no partner"), "{}", advance.err);
    assert!(tokens(&world, 12).is_empty(), "{}", advance.err);
}

/// Failures that are reported when the watch is over are failures where the counts are shown.
#[test]
fn what_failed_after_its_watch_is_counted_where_it_is_shown() {
    let mut world = started("failed-late");
    let mut at = START;
    for bake in [30 * MINUTE, 2 * HOUR, 4 * HOUR] {
        at = ring(&mut world, at, bake);
    }
    let devices = world.let_in();
    world.well(&devices, at, at + 26 * HOUR);
    world.report(devices.iter().map(|device| (at + 27 * HOUR, *device, What::Failed)).collect());
    let status = world.must(1, at + 27 * HOUR, &["status"]);
    let all = devices.len();
    assert!(status.out.contains(&format!("{all} settled; {all} failed, {all} of them report it")), "{}", status.out);
}

/// Whoever writes by a clock that is ahead writes nothing, where witnesses elsewhere say what time it is; a halt holds all the same.
#[test]
fn nothing_is_logged_by_a_clock_that_is_ahead() {
    let mut world = started("ahead");
    let devices = world.let_in();
    world.well(&devices, START, START + 30 * MINUTE);
    let mut daemons = elsewhere(&world, START + 30 * MINUTE);
    let size = world.state().size();
    let next = world.gate(13);
    let late = START + 72 * HOUR;
    let plan = [&["plan"], &strs(&next)[..]].concat();
    for command in [&["advance"][..], &["pin", "linux"], &plan] {
        let refused = world.must(1, late, command);
        assert!(!refused.out.contains("planned:"), "{}", refused.out);
        assert_eq!(world.state().size(), size, "{command:?}");
    }
    let refused = world.must(1, late, &["advance"]);
    assert!(
        refused.err.contains("CC0907") && refused.err.contains("clock is 2 d 23 h ahead of those of the witnesses"),
        "{}",
        refused.err
    );
    assert!(!fs::read_to_string(world.root.join("fleet/devices.roll")).unwrap().contains(" held\n"));
    // One of three clocks that is behind by itself is wrong by itself.
    drop(daemons.pop());
    drop(daemons.pop());
    let fine = world.run(START + 31 * MINUTE, &["advance"]);
    assert!(!fine.err.contains("ahead of those"), "{}", fine.err);
    let size = world.state().size();
    let halted = world.must(1, late, &["halt", "--reason", "a customer called"]);
    assert!(halted.err.contains("NOT halted in the log: [CC0907]") && halted.err.contains("held by"), "{}", halted.err);
    assert!(tokens(&world, 12).is_empty() && world.state().size() == size, "{}", halted.err);
    let advance = world.must(1, START + 32 * MINUTE, &["advance"]);
    assert!(advance.out.contains("held here"), "{}", advance.out);
    // By the right clock it is logged.
    let halted = world.run(START + 33 * MINUTE, &["halt", "--reason", "a customer called"]);
    assert!(halted.out.contains("halted") && world.state().size() == size + 1, "{}\n{}", halted.out, halted.err);
}

/// A resumption that waits for the log answers the halt that there was when somebody asked for it, and none that comes meanwhile.
#[test]
fn a_halt_that_comes_while_a_resumption_waits_holds() {
    // Which halt it answers is what it saw before it waited; on a machine that is busy it may come late, and then it saw both.
    let came_late = |wait: u64| {
        let world = started(&format!("meanwhile-{wait}"));
        let log = world.root.join("fleet/log");
        world.must(0, START + MINUTE, &["halt", "--reason", "one"]);
        let kept = world.root.join("kept");
        copy(&log, &kept);
        world.must(0, START + 2 * MINUTE, &["halt", "--reason", "another"]);
        let newer = world.root.join("newer");
        copy(&log, &newer);
        let put = |from: &Path| {
            for (name, bytes) in super::world::files(from) {
                let name = name.strip_prefix(from).unwrap();
                if !name.ends_with(".lock") {
                    fs::write(log.join(name), bytes).unwrap();
                }
            }
        };
        put(&kept);
        let lock = File::options().read(true).write(true).open(log.join(".lock")).unwrap();
        lock.lock().unwrap();
        let resumed = std::thread::scope(|scope| {
            let resumed = scope.spawn(|| world.run(START + 3 * MINUTE, &["resume", "--reason", "all is well"]));
            std::thread::sleep(std::time::Duration::from_millis(wait));
            put(&newer);
            lock.unlock().unwrap();
            resumed.join().unwrap()
        });
        if resumed.exit == 0 {
            return true;
        }
        assert!(resumed.exit == 1 && resumed.err.contains("halted while this waited"), "{}", resumed.err);
        let status = world.must(1, START + 4 * MINUTE, &["status"]);
        assert!(status.out.contains("another"), "{}", status.out);
        assert!(tokens(&world, 12).is_empty());
        world.must(0, START + 5 * MINUTE, &["resume", "--reason", "both were looked at"]);
        false
    };
    assert!([500, 2_000, 8_000].into_iter().any(|wait| !came_late(wait)));
}

/// Who signs a plan is shown all that its policy asks, and that it is another one than their own.
#[test]
fn who_signs_a_plan_sees_its_policy_whatever_it_is_called() {
    let is_other = |text: &str| text.contains("is NOT that of policy.toml here");
    for weaker in [false, true] {
        let world = World::new(&format!("weaker-{weaker}"));
        world.begin();
        let key = world.root.join("plan-2.key");
        fs::rename(world.root.join("fleet/keys/plan-2.key"), &key).unwrap();
        fs::remove_file(world.root.join("fleet/keys/plan-3.key")).unwrap();
        let policy = world.root.join("fleet/policy.toml");
        let own = fs::read_to_string(&policy).unwrap();
        let blackout = "[[blackout]]\nfrom = \"fri 16:00\"\nuntil = \"mon 06:00\"\n";
        let planned = if weaker { own.replace("every = 3", "every = 1") + "\n" + blackout } else { own.clone() };
        assert_eq!(planned != own, weaker);
        let arguments = world.gate(12);
        let mut shown = String::new();
        // The census is signed for first.
        while !shown.contains("a plan ") {
            fs::write(&policy, &planned).unwrap();
            world.must(1, START, &[&["plan"], &strs(&arguments)[..]].concat());
            fs::write(&policy, &own).unwrap();
            let draft = fs::read_dir(world.root.join("fleet/drafts")).unwrap().next().unwrap().unwrap().path();
            shown = world.must(0, START, &["sign", draft.to_str().unwrap(), "--key", key.to_str().unwrap()]).err;
        }
        let least = if weaker { "1 devices or more" } else { "3 devices or more" };
        let never = if weaker { "no ring opens fri 16:00 to mon 06:00 UTC" } else { "rings open at any time" };
        assert!(is_other(&shown) == weaker && shown.contains(least) && shown.contains(never), "{shown}");
        assert!(shown.contains("nor with 5 times the odds"), "{shown}");
    }
}
