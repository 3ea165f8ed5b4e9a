//! What is counted by whoever verified it before.

use std::fs;
use std::path::PathBuf;

use contentcheck_fleet::{Recounter, Shard, Source};
use contentcheck_log::Hash;
use contentcheck_rollout::entry::Evidence;
use contentcheck_rollout::report::What;

use crate::http::post;
use crate::world::{Outcome, START, World};

const RECORD: usize = 208;
const BLOCK: usize = 1_024;
const REPORTS: usize = 2 * BLOCK + 100;

struct Counting {
    world: World,
    file: PathBuf,
    index: PathBuf,
    until: u64,
}

impl Counting {
    fn new() -> Outcome<Self> {
        let mut world = World::new(25_000, START, None)?;
        let id = world.opened()?;
        let daemon = world.collect(Shard::default(), world.hands.clock())?;
        let of = |one: usize| world.report(one % 7, (one / 7 + 1) as u64, What::Well);
        let batch: Vec<u8> = (0..REPORTS).flat_map(of).collect();
        assert_eq!(post(daemon.address(), "/v1/reports", &batch)?.json()?.get("accepted"), Some(&REPORTS.into()));
        daemon.stop();
        world.hands.set(START + 100);
        world.collect(Shard::default(), world.hands.clock())?.stop();
        let reports = world.path("reports");
        let until = Source::directory(&reports).settled_until(&id)?.ok_or("nothing is settled")?;
        let file = reports.join(id.to_string()).join("0.reports");
        let index = world.path("verified");
        Ok(Self { world, file, index, until })
    }

    /// What another process counts, which knows what was verified before.
    fn count(&self) -> Result<Evidence, String> {
        let all = || -> Outcome<_> {
            let reports = Source::directory(self.world.path("reports"));
            Ok(Recounter::new(self.world.rolls()?, reports).remembering(self.index.clone()))
        };
        let state = self.world.book.state();
        let rollout = state.newest().ok_or("no rollout")?;
        let counted = all().map_err(|error| error.to_string())?;
        counted.evidence(state, rollout, 0, self.until).map_err(|error| error.to_string())
    }

    fn known(&self) -> Outcome<Vec<[u8; 32]>> {
        let bytes = fs::read(&self.index)?;
        Ok(bytes.strip_prefix(b"CCSEEN1\n").ok_or("another file")?.as_chunks().0.to_vec())
    }
}

#[test]
fn what_was_verified_once_is_counted_again_by_its_hash() -> Outcome {
    let counting = Counting::new()?;
    let first = counting.count()?;
    assert_eq!(first.count, REPORTS as u64);
    let bytes = fs::read(&counting.file)?;
    let mut blocks: Vec<_> = bytes.chunks_exact(BLOCK * RECORD).map(|block| Hash::of_leaf(block).0).collect();
    blocks.sort();
    assert_eq!((counting.known()?, blocks.len()), (blocks, 2), "whole blocks, and no part of one");
    assert_eq!(counting.count()?, first);
    fs::remove_file(&counting.index)?;
    assert_eq!(counting.count()?, first);
    assert_eq!(counting.known()?.len(), 2, "it is made again");
    Ok(())
}

/// A block that changed anywhere is verified: in a known block, in the part behind them, and in one that a damaged index names.
#[test]
fn what_changed_is_refused_whatever_was_verified_before() -> Outcome {
    let counting = Counting::new()?;
    let first = counting.count()?;
    let whole = fs::read(&counting.file)?;
    // The device, the number, what is reported, and the signature.
    let fields = [8 + 8, 8 + 72, 8 + 88, 8 + 199].into_iter().cycle();
    for (record, at) in [0, 500, BLOCK - 1, BLOCK, 2 * BLOCK - 1, 2 * BLOCK, REPORTS - 1, 1].into_iter().zip(fields) {
        let mut changed = whole.clone();
        changed[record * RECORD + at] ^= 1;
        fs::write(&counting.file, changed)?;
        let why = counting.count().err().ok_or("it was counted")?;
        assert!(why.contains(&format!("record {record} ")), "{record} {at}: {why}");
    }
    // Records in another order are in other blocks.
    let mut swapped = whole.clone();
    let (head, tail) = swapped.split_at_mut(BLOCK * RECORD);
    head[..RECORD].swap_with_slice(&mut tail[..RECORD]);
    fs::write(&counting.file, swapped)?;
    assert_ne!(counting.count()?.reports, first.reports);
    fs::write(&counting.file, &whole)?;
    assert_eq!(counting.count()?, first);
    let index = fs::read(&counting.index)?;
    let damages =
        [vec![], index[..7].to_vec(), index[..index.len() - 1].to_vec(), vec![0xFF; 4_000], b"CCSEEN2\n".to_vec()];
    for damaged in damages {
        fs::write(&counting.index, damaged)?;
        assert_eq!(counting.count()?, first);
    }
    // Whoever keeps it keeps it alone: what it names is believed. That is why it lies beside settings and keys, and not beside reports.
    let mut forged = whole.clone();
    forged[8 + 199] ^= 1;
    fs::write(&counting.file, &forged)?;
    let block = Hash::of_leaf(&forged[..BLOCK * RECORD]).0;
    fs::write(&counting.index, [&b"CCSEEN1\n"[..], &block].concat())?;
    assert_eq!(counting.count()?.count, REPORTS as u64);
    Ok(())
}

/// Where nothing can be kept everything is verified each time.
#[test]
fn a_place_where_nothing_can_be_written_is_no_fault() -> Outcome {
    let mut counting = Counting::new()?;
    counting.index = counting.world.path("no-directory").join("verified");
    let first = counting.count()?;
    assert_eq!(counting.count()?, first);
    assert!(!counting.index.exists());
    counting.index = counting.world.path("a-directory");
    fs::create_dir(&counting.index)?;
    assert_eq!(counting.count()?, first);
    let names: Vec<_> = fs::read_dir(counting.world.path("."))?
        .map(|file| file.map(|file| file.file_name()))
        .collect::<Result<_, _>>()?;
    assert!(!names.iter().any(|name| name.to_string_lossy().starts_with("a-directory.")), "{names:?}");
    Ok(())
}

/// A collector says a moment later that it has everything of a time of which the log has evidence, as one does that has just begun with a rollout: it is
/// waited for, and no report is gone. One that does not say so is told.
#[test]
fn who_says_a_moment_later_that_all_is_there_has_lost_nothing() -> Outcome {
    let mut counting = Counting::new()?;
    let evidence = counting.count()?;
    counting.world.evidence(evidence)?;
    let settled = counting.world.path("reports/0.settled");
    let whole = fs::read_to_string(&settled)?;
    let (_, lengths) = whole.split_once('\n').ok_or("no line")?;
    let earlier = format!("until {}\n{lengths}", counting.until - 1);
    let reports = Recounter::new(counting.world.rolls()?, Source::directory(counting.world.path("reports")));
    let state = counting.world.book.state();
    let rollout = state.newest().ok_or("no rollout")?;
    let now = counting.world.now();
    fs::write(&settled, &earlier)?;
    let says = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_secs(1));
        fs::write(&settled, whole).map(|()| settled)
    });
    assert_eq!(reports.settled_by(rollout, now)?, Some(counting.until));
    let settled = says.join().map_err(|_| "it panicked")??;
    assert_eq!(reports.live(state, now).1, None);
    fs::write(&settled, &earlier)?;
    let why = reports.settled_by(rollout, now).err().ok_or("it was counted")?.to_string();
    assert!(why.starts_with("reports that were counted are gone"), "{why}");
    assert_eq!(reports.live(state, now), (None, Some(why)));
    Ok(())
}
