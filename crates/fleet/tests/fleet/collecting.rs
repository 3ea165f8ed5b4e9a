//! What a collector takes, and what it keeps.

use contentcheck_fleet::{Shard, Source, recount};
use contentcheck_log::Algorithm;
use contentcheck_rollout::report::What;

use crate::http::{ask, get, post};
use crate::world::{Outcome, START, World, key, report};

const REPORTS: &str = "/v1/reports";

#[test]
fn each_report_is_accepted_known_or_refused() -> Outcome {
    let mut world = World::new(25_000, START, None)?;
    let id = world.opened()?;
    let daemon = world.collect(Shard::default(), world.hands.clock())?;
    let address = daemon.address();
    let receipt = world.report(0, 1, What::Receipt);
    let answer = post(address, REPORTS, &receipt)?;
    assert_eq!((answer.status, answer.json()?["reports"][0].as_str()), (200, Some("accepted")));
    assert_eq!(post(address, REPORTS, &receipt)?.json()?["reports"][0], "known");
    // What is wrong has a status and a reason of its own.
    let mut changed = receipt.clone();
    changed[72] ^= 1;
    let stranger = report(&key("stranger", Algorithm::Note)?, id, 1, What::Receipt);
    let elsewhere = report(&world.devices[1], contentcheck_log::Hash([5; 32]), 1, What::Receipt);
    let held = world.report(7, 1, What::Receipt);
    let last = world.report(1, u64::MAX, What::Receipt);
    let wrong = [
        (&changed, 422, "signed"),
        (&stranger, 403, "census"),
        (&elsewhere, 404, "rollout"),
        (&held, 403, "take part"),
        (&last, 422, "no room"),
    ];
    for (bytes, status, says) in wrong {
        let answer = post(address, REPORTS, bytes)?;
        assert_eq!(answer.status, status, "{}", answer.text());
        assert!(answer.text().contains(says), "{}", answer.text());
    }
    for bytes in [&receipt[..199], &[], &[receipt.as_slice(), &[0]].concat()] {
        assert_eq!(post(address, REPORTS, bytes)?.status, 400);
    }
    // Many in one body, each with its answer.
    let two = world.report(2, 2, What::Well);
    let early = world.report(2, 1, What::Receipt);
    let answer = post(address, REPORTS, &[&receipt[..], &changed, &two, &early, &two].concat())?.json()?;
    let said: Vec<&str> =
        answer["reports"].as_array().ok_or("no list")?.iter().filter_map(|one| one.as_str()).collect();
    assert_eq!(
        said.iter().map(|said| said.get(..5).unwrap_or_default()).collect::<Vec<_>>(),
        ["known", "refus", "accep", "known", "known"]
    );
    assert_eq!((&answer["accepted"], &answer["known"], &answer["refused"]), (&1.into(), &3.into(), &1.into()));
    assert_eq!(get(address, "/healthz")?.text(), "ok\n");
    Ok(())
}

/// Devices may see that a rollout was started before the collector does, however shortly before it looked.
#[test]
fn a_report_of_what_was_started_a_moment_ago_is_taken() -> Outcome {
    let mut world = World::new(25_000, START, None)?;
    world.plan("content 7", 7)?;
    world.cosign()?;
    let daemon = world.collect(Shard::default(), world.hands.clock())?;
    let receipt = world.report(0, 1, What::Receipt);
    // It is not started, and whoever asks makes the collector look.
    assert_eq!(post(daemon.address(), REPORTS, &receipt)?.status, 404);
    world.start()?;
    let answer = post(daemon.address(), REPORTS, &receipt)?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    Ok(())
}

#[test]
fn what_was_taken_is_known_after_a_restart_and_counted_once() -> Outcome {
    let mut world = World::new(25_000, START, None)?;
    world.opened()?;
    let batch: Vec<u8> =
        (0..300).filter(|one| one % 1_000 != 7).flat_map(|one| world.report(one, 5, What::Receipt)).collect();
    for (round, expected) in [(0, "accepted"), (1, "known"), (2, "known")] {
        // A clock that goes back moves no record to a time that is settled.
        world.hands.set(START + 1_000 - round * 400);
        let daemon = world.collect(Shard::default(), world.hands.clock())?;
        let answer = post(daemon.address(), REPORTS, &batch)?.json()?;
        assert_eq!(answer[expected], 299, "round {round}: {answer}");
        assert_eq!(post(daemon.address(), REPORTS, &world.report(400 + round as usize, 1, What::Receipt))?.status, 200);
        daemon.stop();
    }
    world.hands.set(START + 2_000);
    world.collect(Shard::default(), world.hands.clock())?.stop();
    let source = Source::directory(world.path("reports"));
    let until = source.settled_until(&world.id())?.ok_or("nothing is settled")?;
    assert_eq!(until, START + 1_999);
    let rollout = world.book.state().newest().ok_or("no rollout")?;
    assert_eq!(recount(&world.roll, rollout, &source, until)?.reports(), 302);
    assert!(recount(&world.roll, rollout, &source, until + 1).is_err(), "it is not settled");
    Ok(())
}

#[test]
fn a_file_that_ends_within_a_record_is_cut_and_one_that_lost_records_is_not_gone_on_with() -> Outcome {
    let mut world = World::new(25_000, START, None)?;
    let id = world.opened()?;
    let clock = || world.hands.clock();
    let send = |from: usize| -> Outcome {
        let daemon = world.collect(Shard::default(), clock())?;
        let batch: Vec<u8> = (from..from + 5).flat_map(|one| world.report(one, 1, What::Receipt)).collect();
        assert_eq!(post(daemon.address(), REPORTS, &batch)?.json()?["accepted"], 5);
        Ok(())
    };
    send(0)?;
    let file = world.path("reports").join(id.to_string()).join("0.reports");
    let whole = std::fs::read(&file)?;
    assert_eq!(whole.len(), 5 * 208);
    // Records that were never acknowledged, cut or torn in any way.
    let record = [&START.to_le_bytes()[..], &world.report(90, 1, What::Receipt)].concat();
    let mut torn = record.clone();
    torn[100..].fill(0);
    for tail in [&record[..1], &record[..207], &torn, &[0; 208], &[&torn[..], &record].concat()] {
        std::fs::write(&file, [&whole[..], tail].concat())?;
        world.collect(Shard::default(), clock())?.stop();
        assert_eq!(std::fs::read(&file)?, whole);
    }
    // A whole one is kept: its device may have been told so, or tells again.
    std::fs::write(&file, [&whole[..], &record].concat())?;
    let daemon = world.collect(Shard::default(), clock())?;
    assert_eq!(post(daemon.address(), REPORTS, &world.report(90, 1, What::Receipt))?.json()?["known"], 1);
    daemon.stop();
    // What was settled is there, or the collector does not begin.
    world.hands.set(START + 10);
    world.collect(Shard::default(), clock())?.stop();
    let settled = std::fs::read(&file)?;
    for length in [settled.len() - 1, 208, 0] {
        std::fs::write(&file, &settled[..length])?;
        let refused = world.collect(Shard::default(), clock()).err().ok_or("it began")?.to_string();
        assert!(refused.contains("acknowledged"), "{refused}");
    }
    std::fs::write(&file, &settled)?;
    std::fs::write(world.path("reports/0.settled"), "until x\n")?;
    assert!(world.collect(Shard::default(), clock()).is_err());
    Ok(())
}

#[test]
fn two_collectors_share_a_fleet_and_one_shard_has_one_collector() -> Outcome {
    let mut world = World::new(25_000, START, None)?;
    let id = world.opened()?;
    let shards = [Shard::new(0, 2), Shard::new(1, 2)].map(|shard| shard.unwrap_or_default());
    let daemons = [world.collect(shards[0], world.hands.clock())?, world.collect(shards[1], world.hands.clock())?];
    assert!(world.collect(shards[0], world.hands.clock()).is_err(), "another process has it");
    let mut sent = [0; 2];
    for device in 10..60 {
        let of = usize::from(!shards[0].has(&world.devices[device].public()));
        let bytes = world.report(device, 1, What::Receipt);
        assert_eq!(post(daemons[1 - of].address(), REPORTS, &bytes)?.status, 421);
        world.hands.set(START + device as u64 / 10);
        assert_eq!(post(daemons[of].address(), REPORTS, &bytes)?.status, 200);
        sent[of] += 1;
    }
    assert!(sent[0] > 10 && sent[1] > 10, "{sent:?}");
    // The same by HTTP and from the directory.
    world.hands.set(START + 100);
    let urls = Source::of(&daemons.each_ref().map(|daemon| daemon.url()))?;
    let directory = Source::directory(world.path("reports"));
    let waited = std::time::Instant::now();
    while urls.settled_until(&id)? != Some(START + 99) {
        assert!(waited.elapsed().as_secs() < 10);
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let rollout = world.book.state().newest().ok_or("no rollout")?;
    let [one, other] = [&urls, &directory].map(|source| recount(&world.roll, rollout, source, START + 99));
    let (one, other) = (one?, other?);
    assert_eq!((one.reports(), one.evidence(0, START + 99)), (50, other.evidence(0, START + 99)));
    Ok(())
}

#[test]
fn ranges_are_as_http_has_them() -> Outcome {
    let mut world = World::new(25_000, START, None)?;
    let id = world.opened()?;
    let daemon = world.collect(Shard::default(), world.hands.clock())?;
    let batch: Vec<u8> = (0..5).flat_map(|one| world.report(one, 1, What::Receipt)).collect();
    post(daemon.address(), REPORTS, &batch)?;
    let path = format!("{REPORTS}/{id}/0");
    let all = get(daemon.address(), &path)?;
    assert_eq!((all.status, all.body.len()), (200, 5 * 208));
    assert_eq!(&all.body[8..208], &batch[..200]);
    assert_eq!(all.header("settled-bytes"), Some("1040"));
    let part = |range: &str| ask(daemon.address(), &format!("GET {path} HTTP/1.1\r\nrange: {range}"), b"");
    let some = part("bytes=208-415")?;
    assert_eq!((some.status, some.header("content-range")), (206, Some("bytes 208-415/1040")));
    assert_eq!(some.body, all.body[208..416]);
    assert_eq!(part("bytes=1000-")?.body, all.body[1000..]);
    assert_eq!(part("bytes=1039-99999999999")?.body, all.body[1039..]);
    assert_eq!(part("bytes=1040-")?.status, 416);
    for wrong in ["bytes=-5", "bytes=5-4", "bytes=0-1,3-4", "lines=0-1", "bytes=99999999999999999999-"] {
        assert_eq!(part(wrong)?.status, 400, "{wrong}");
    }
    Ok(())
}
