//! What nobody here can know decides nothing: reports by a clock that is ahead, and what witnesses were told that are not here.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::rc::Rc;

use contentcheck_rollout::report::What;

use super::stopping::{started, tokens};
use super::world::{HOUR, MINUTE, START, World, copy, files, ring, strs};

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

/// What is done to reports that the log has evidence of, by its name.
type Lost<'l> = (&'l str, Box<dyn Fn()>);

/// Ways in which counted reports go: back to what was there by `until`, a round of them that later ones cover up, and all of them.
fn losses(world: &World, older: &Path, until: u64) -> Vec<Lost<'static>> {
    let reports = world.root.join("fleet/reports");
    let rollout = world.state().newest().unwrap().id().to_string();
    let (file, settled) = (reports.join(&rollout).join("0.reports"), reports.join("0.settled"));
    let say = move |bytes: Vec<u8>, until: u64| {
        fs::write(&settled, format!("until {until}\n{rollout} {}\n", bytes.len())).unwrap();
        fs::write(&file, bytes).unwrap();
    };
    let say = Rc::new(say);
    let then = fs::read(older.join(world.state().newest().unwrap().id().to_string()).join("0.reports")).unwrap();
    let whole = fs::read(reports.join(world.state().newest().unwrap().id().to_string()).join("0.reports")).unwrap();
    let times: Vec<u64> = whole.chunks(208).map(|record| u64::from_le_bytes(record[..8].try_into().unwrap())).collect();
    let rounds: BTreeSet<u64> = times.iter().copied().collect();
    let second = *rounds.iter().nth(1).unwrap();
    let covered: Vec<u8> = whole
        .chunks(208)
        .zip(&times)
        .filter(|(_, at)| **at != second)
        .flat_map(|(record, _)| record.to_vec())
        .collect();
    let last = *rounds.last().unwrap();
    let with = |bytes: Vec<u8>, until: u64| {
        let say = Rc::clone(&say);
        Box::new(move || say(bytes.clone(), until))
    };
    let (older, reports) = (older.to_owned(), reports.clone());
    let gone = reports.clone();
    vec![
        ("an older copy", Box::new(move || copy(&older, &reports))),
        ("an older copy, and a collector that ran on", with(then, until)),
        ("the time alone", with(whole, last - MINUTE)),
        ("one round that later ones cover up", with(covered, last)),
        ("everything in the file", with(Vec::new(), until)),
        ("everything in the file, at the time of the evidence", with(Vec::new(), last)),
        ("the directory", Box::new(move || fs::remove_dir_all(&gone).unwrap())),
    ]
}

/// Reports that the log has evidence of and that are gone are told by whoever looks, and nobody decides without them, however they went.
#[test]
fn reports_that_were_counted_and_are_gone_are_told_by_whoever_looks() {
    let mut world = started("counts-fall");
    let devices = world.let_in();
    let reports = world.root.join("fleet/reports");
    world.well(&devices, START, START + 10 * MINUTE);
    let (older, whole) = (world.root.join("older"), world.root.join("whole"));
    copy(&reports, &older);
    let rounds = [11, 15, 20].map(|minute| START + minute * MINUTE);
    let of = |at: &u64| devices.iter().map(|device| (*at, *device, What::Well)).collect::<Vec<_>>();
    world.report(rounds.iter().flat_map(of).collect());
    world.must(0, START + 20 * MINUTE, &["advance"]);
    copy(&reports, &whole);
    let now = START + 25 * MINUTE;
    let page = world.root.join("page.html");
    for (number, (what, lose)) in losses(&world, &older, now).into_iter().enumerate() {
        world.must(0, now, &["status"]);
        lose();
        let size = world.state().size();
        let told = |out: &str| out.contains("this may be old: ") && out.contains(" gone");
        let status = world.must(1, now, &["status"]);
        assert!(told(&status.out), "{what}: {}", status.out);
        // All of them look at one thing.
        if number == 1 {
            assert!(told(&world.must(1, now, &["explain"]).out), "{what}");
            let json = world.must(1, now, &["status", "--format", "json"]).out;
            assert!(json.contains("\"light\": \"amber\"") && json.contains("\"trouble\""), "{what}: {json}");
            world.must(0, now, &["report", "-o", page.to_str().unwrap()]);
            assert!(fs::read_to_string(&page).unwrap().contains("counts of evidence only rise"), "{what}");
        }
        let advance = world.run(now, &["advance"]);
        assert!(advance.exit != 0 && advance.err.contains(" gone"), "{what}: {}\n{}", advance.out, advance.err);
        assert!(what == "the directory" || advance.err.contains("CC0904"), "{what}: {}", advance.err);
        assert_eq!((world.state().size(), tokens(&world, 12)), (size, Vec::new()), "{what}");
        let status = world.must(1, now, &["status"]);
        assert!(told(&status.out) && status.out.contains("no device can take ring 0"), "{what}: {}", status.out);
        // Nor does a person let it go on by what is left.
        world.must(0, now, &["halt", "--reason", "reports are gone"]);
        let resumed = world.must(1, now, &["resume", "--reason", "looked"]);
        assert!(resumed.err.contains("nobody can tell whether the release is good"), "{what}: {}", resumed.err);
        assert_eq!(tokens(&world, 12), [""; 0], "{what}");
        let _ = fs::remove_dir_all(&reports);
        copy(&whole, &reports);
        world.must(0, now, &["advance"]);
        assert_eq!(tokens(&world, 12), ["ring-0.token"], "{what}");
    }
    // What is left may say that the release is bad: that is told as well.
    copy(&older, &reports);
    world.report(devices.iter().map(|device| (now, *device, What::Failed)).collect());
    let status = world.must(1, now, &["status"]).out;
    assert!(status.contains("only rise") && status.contains("say that the release is bad"), "{status}");
    assert!(status.contains("cannot take them in"), "{status}");
}

/// A clock of this machine that went back takes no report away.
#[test]
fn a_clock_that_went_back_loses_no_reports() {
    let mut world = started("clock-back");
    let devices = world.let_in();
    world.well(&devices, START, START + 20 * MINUTE);
    world.must(0, START + 20 * MINUTE, &["advance"]);
    let advance = world.must(0, START + 20 * MINUTE - 50, &["advance"]);
    assert!(!advance.err.contains(" gone"), "{}", advance.err);
    assert_eq!(tokens(&world, 12), ["ring-0.token"]);
}

/// That reports cannot be counted does not say that none came.
#[test]
fn where_the_count_fails_nobody_says_that_no_collector_runs() {
    let mut world = started("count-fails");
    let late = START + 3 * HOUR;
    let none = "no collector has run yet";
    // Nothing was counted, and nothing went wrong.
    assert!(world.must(0, late, &["status"]).out.contains(none));
    let devices = world.let_in();
    world.well(&devices, START, late - MINUTE);
    assert!(!world.must(0, late, &["status"]).out.contains(none));
    let fleet = world.root.join("fleet");
    let rollout = world.state().newest().unwrap().id().to_string();
    let (file, settled) = (fleet.join("reports").join(&rollout).join("0.reports"), fleet.join("reports/0.settled"));
    let [roll] = &files(&fleet.join("rolls")).into_keys().collect::<Vec<_>>()[..] else { panic!("one roll") };
    let flip = |bytes: &[u8], at: usize| {
        let mut changed = bytes.to_vec();
        changed[at] ^= 1;
        changed
    };
    for path in [&file, &settled, roll] {
        let bytes = fs::read(path).unwrap();
        let odd = [
            None,
            Some(Vec::new()),
            Some(bytes[..bytes.len() / 3].to_vec()),
            Some(flip(&bytes, bytes.len() / 2)),
            Some(b"\xFF".to_vec()),
        ];
        for (number, odd) in odd.into_iter().enumerate() {
            match odd {
                None => fs::remove_file(path).unwrap(),
                Some(odd) => fs::write(path, odd).unwrap(),
            }
            let status = world.run(late, &["status"]);
            let said = format!("{} {number}: {}", path.display(), status.out);
            // What is left of a file that says what is settled may be whole.
            if status.out.contains("this may be old: ") {
                assert_eq!(status.exit, 1, "{said}");
                for wrong in [none, "no report was taken in for", "run from a timer?"] {
                    assert!(!status.out.contains(wrong), "{said}");
                }
            } else {
                assert!(path == &settled && number > 1, "{said}");
            }
            fs::write(path, &bytes).unwrap();
        }
    }
}
