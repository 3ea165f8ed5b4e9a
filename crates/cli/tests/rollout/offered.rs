//! What devices may fetch, and what is told where they may not.

use std::fs;

use contentcheck_rollout::report::What;

use super::elsewhere::half_resumed;
use super::stopping::{started, tokens};
use super::world::{HOUR, MINUTE, START, World, files, strs};

/// All files below `tokens/`, whatever their names.
fn handed_out(world: &World) -> Vec<String> {
    let tokens = world.root.join("fleet/tokens");
    let names = files(&tokens).into_keys().map(|path| path.strip_prefix(&tokens).unwrap().display().to_string());
    names.filter(|name| !name.ends_with(".lock")).collect()
}

/// All devices of the ring that is open say that the release failed.
fn fails(world: &mut World, devices: &[usize], from: u64) {
    let receipts = devices.iter().map(|device| (from, *device, What::Receipt));
    let failures = devices.iter().map(|device| (from + MINUTE, *device, What::Failed));
    let reports = receipts.chain(failures).collect();
    world.report(reports);
}

/// The proof of an opening is a token under another name for a day: it is nowhere among what is handed out, and what somebody put there under any name
/// goes with the tokens.
#[test]
fn the_proof_of_an_opening_is_not_handed_out() {
    let world = started("proofs-apart");
    assert_eq!(handed_out(&world), ["12/ring-0.token"]);
    let proof = world.root.join("fleet/proofs/12/ring-0.proof");
    let text = fs::read(&proof).unwrap();
    // As earlier versions kept it: it is moved, and is still the one by which the ring is open since then.
    let earlier = world.root.join("fleet/tokens/12/ring-0.proof");
    fs::rename(&proof, &earlier).unwrap();
    world.must(0, START + MINUTE, &["advance"]);
    assert_eq!((handed_out(&world), fs::read(&proof).unwrap()), (vec!["12/ring-0.token".to_owned()], text.clone()));
    for name in ["12/ring-0.proof", "12/evil.proof", "99/ring-7.proof", "a/b/c"] {
        let path = world.root.join("fleet/tokens").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &text).unwrap();
    }
    let halted = world.must(0, START + 2 * MINUTE, &["halt", "--reason", "a look"]);
    assert!(halted.err.contains("ring-7.proof"), "{}", halted.err);
    assert_eq!(handed_out(&world), [""; 0]);
}

/// What devices report while a rollout is halted is in no evidence yet. Who lets it go on writes no token for a release that they say is bad.
#[test]
fn what_failed_while_it_was_halted_is_not_handed_out_again() {
    for waits in [false, true] {
        let mut world = started(&format!("failed-halted-{waits}"));
        let devices = world.let_in();
        world.must(0, START + MINUTE, &["halt", "--reason", "a look"]);
        let signs = waits.then(|| half_resumed(&world, START + 2 * MINUTE));
        fails(&mut world, &devices, START + 3 * MINUTE);
        let resumed = match &signs {
            Some(signs) => world.must(1, START + 6 * MINUTE, &strs(signs)),
            None => world.must(1, START + 6 * MINUTE, &["resume", "--reason", "looked"]),
        };
        assert!(resumed.err.contains("say that the release is bad: no token is written"), "{}", resumed.err);
        assert_eq!(handed_out(&world), [""; 0]);
        let rejected = world.must(1, START + 10 * MINUTE, &["advance"]);
        assert!(rejected.out.contains("says that the release is bad"), "{}", rejected.out);
    }
}

/// One signature on a resumption keeps evidence waiting, so that it stays good; but not evidence that rejects, and no longer than people have to sign.
#[test]
fn a_resumption_that_waits_holds_no_rejection_back() {
    let mut world = started("rejected-waiting");
    let devices = world.let_in();
    world.must(0, START + MINUTE, &["halt", "--reason", "a look"]);
    half_resumed(&world, START + 2 * MINUTE);
    fails(&mut world, &devices, START + 3 * MINUTE);
    let rejected = world.must(1, START + 6 * MINUTE, &["advance"]);
    assert!(rejected.out.contains("says that the release is bad"), "{}\n{}", rejected.out, rejected.err);

    let mut world = started("old-draft");
    let devices = world.let_in();
    world.must(0, START + MINUTE, &["halt", "--reason", "a look"]);
    let signs = half_resumed(&world, START + 2 * MINUTE);
    let late = START + 25 * HOUR;
    let status = world.must(1, late, &["status"]);
    assert!(status.out.contains("was made more than a day ago"), "{}", status.out);
    let signed = world.must(1, late, &strs(&signs));
    assert!(signed.err.contains("people have a day to sign"), "{}", signed.err);
    assert_eq!(handed_out(&world), [""; 0]);
    let size = world.state().size();
    world.well(&devices, START, late);
    world.must(1, late, &["advance"]);
    assert!(world.state().size() > size, "evidence goes on");
}

/// What a collector acknowledged and has not settled is counted by nobody: one that was killed, or cannot write, leaves no ring to open and no token.
#[test]
fn what_is_acknowledged_and_not_settled_opens_nothing() {
    for is_due in [true, false] {
        let mut world = started(&format!("unsettled-{is_due}"));
        let devices = world.let_in();
        let baked = START + 30 * MINUTE;
        world.well(&devices, START, baked);
        let settled = world.root.join("fleet/reports/0.settled");
        let before = fs::read(&settled).unwrap();
        if !is_due {
            world.must(0, baked - MINUTE, &["halt", "--reason", "a look"]);
        }
        fails(&mut world, &devices, baked);
        let after = fs::read(&settled).unwrap();
        fs::write(&settled, &before).unwrap();
        let status = world.must(1, baked, &["status"]);
        assert!(status.out.contains("that a collector acknowledged are not settled"), "{}", status.out);
        if is_due {
            let advance = world.must(2, baked, &["advance"]);
            assert!(advance.err.contains("that a collector acknowledged are not settled"), "{}", advance.err);
            assert_eq!(world.state().newest().unwrap().open_ring(), Some(0));
        } else {
            let resumed = world.must(1, baked, &["resume", "--reason", "looked"]);
            assert!(resumed.err.contains("nobody can tell whether the release is good"), "{}", resumed.err);
            assert!(resumed.err.contains("CC0905"), "{}", resumed.err);
        }
        assert_eq!(handed_out(&world), [""; 0]);
        // The collector is back.
        fs::write(&settled, after).unwrap();
        let rejected = world.must(1, baked + 5 * MINUTE, &["advance"]);
        assert!(
            rejected.out.contains("says that the release is bad") || rejected.err.contains("FAILED"),
            "{}",
            rejected.out
        );
        assert_eq!(handed_out(&world), [""; 0]);
    }
}

/// What commands need and lack is told by whoever shows, also where it runs on by what it read before.
#[test]
fn what_is_gone_from_the_directory_is_told() {
    let mut world = started("gone");
    let devices = world.let_in();
    world.well(&devices, START, START + 10 * MINUTE);
    world.must(0, START + 10 * MINUTE, &["advance"]);
    let fleet = world.root.join("fleet");
    assert!(!world.must(0, START + 11 * MINUTE, &["status"]).out.contains("no report can be taken"));
    fs::rename(fleet.join("rolls"), world.root.join("rolls")).unwrap();
    let status = world.must(1, START + 11 * MINUTE, &["status"]);
    assert!(status.out.contains("no report can be taken or counted, and no ring opens"), "{}", status.out);
    assert_eq!(tokens(&world, 12), ["ring-0.token"]);
}
