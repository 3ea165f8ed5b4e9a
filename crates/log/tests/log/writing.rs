//! The writing half: what it writes is what the definition says and what other implementations read, and nothing that was
//! acknowledged is lost, wherever it stops.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;

use contentcheck_log::write::{Directory, Fault, Log, Refusal, SecretKey, Storage, Witness};
use contentcheck_log::{Algorithm, Class, Hash, Note, Opening, Token, Trust, VerifierKey, is_consistent};
use proptest::prelude::*;

use crate::common::{consistency, entries, path, root};

const NAME: &str = "example.com/content";

fn key() -> SecretKey {
    SecretKey::of_seed(NAME, Algorithm::Note, &[7; 32]).unwrap()
}

/// Files in memory, of which the write after so many fails: before it is done, or after.
#[derive(Default)]
struct Memory {
    files: RefCell<BTreeMap<String, Vec<u8>>>,
    left: Cell<Option<usize>>,
    is_done: Cell<bool>,
    writes: Cell<usize>,
}

impl Storage for Memory {
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(self.files.borrow().get(path).cloned())
    }

    fn write(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        self.writes.set(self.writes.get() + 1);
        let stops = self.left.get() == Some(0);
        self.left.set(self.left.get().map(|left| left.saturating_sub(1)));
        if !stops || self.is_done.get() {
            self.files.borrow_mut().insert(path.to_owned(), bytes.to_vec());
        }
        if stops { Err(io::Error::other("stopped")) } else { Ok(()) }
    }
}

fn append(log: &mut Log<&Memory>, entries: &[Vec<u8>]) -> Result<u64, Fault> {
    log.append(&entries.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// The tree, its files and its proofs are those of the definition, whatever the batches.
#[test]
fn what_is_written_is_what_the_definition_says() {
    let all = entries(700);
    for batches in [vec![1; 700], vec![700], vec![255, 1, 1, 256, 187], vec![3, 250, 300, 3, 144]] {
        let memory = Memory::default();
        let mut log = Log::begin(&memory, key()).unwrap();
        let mut size = 0;
        for count in batches {
            assert_eq!(append(&mut log, &all[size..size + count]).unwrap(), size as u64);
            size += count;
            if size % 50 == 0 || count > 1 {
                assert_eq!(log.root(), Hash(root(&all[..size])));
                // Opened again it is the same log.
                let again = Log::open(&memory, key()).unwrap();
                assert_eq!(
                    (again.size(), again.root(), again.checkpoint()),
                    (log.size(), log.root(), log.checkpoint())
                );
                for at in (0..size).step_by(size / 9 + 1) {
                    let expected: Vec<Hash> = path(at, &all[..size]).into_iter().map(Hash).collect();
                    assert_eq!(log.inclusion(at as u64).unwrap(), expected, "{at} of {size}");
                    assert_eq!(log.entry(at as u64).unwrap(), all[at]);
                    let expected: Vec<Hash> = consistency(at, &all[..size]).into_iter().map(Hash).collect();
                    assert_eq!(log.consistency(at as u64).unwrap(), expected, "{at} to {size}");
                }
            }
        }
        let files = memory.files.borrow();
        for name in ["checkpoint", "tile/0/000", "tile/0/001", "tile/0/002.p/188", "tile/1/000.p/2", "tile/entries/001"]
        {
            assert!(files.contains_key(name), "{name}");
        }
        assert_eq!(files["tile/0/001"].len(), 256 * 32);
        assert_eq!(files["tile/entries/000"][..9], [&[0, 7][..], b"entry 0"].concat());
        assert!(matches!(log.inclusion(700), Err(Fault::Range)) && matches!(log.consistency(701), Err(Fault::Range)));
    }
}

/// Tiles as `tlog_tiles` asks for them.
struct Tiles<'m>(&'m Memory);

impl tlog_tiles::TileReader for Tiles<'_> {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[tlog_tiles::Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let path = |tile: &tlog_tiles::Tile| tile.path().replacen("tile/8/", "tile/", 1);
        Ok(tiles.iter().map(|tile| self.0.read(&path(tile)).unwrap().unwrap()).collect())
    }

    fn save_tiles(&self, _: &[tlog_tiles::Tile], _: &[Vec<u8>]) {}
}

/// Checkpoints are notes to `signed_note`, and tiles are a tree to `tlog_tiles`, which finds the same proofs in them.
#[test]
fn others_read_the_log() {
    for size in [1, 2, 255, 256, 257, 600] {
        let memory = Memory::default();
        let mut log = Log::begin(&memory, key()).unwrap();
        append(&mut log, &entries(size)).unwrap();
        let note = signed_note::Note::from_bytes(log.checkpoint().as_bytes()).unwrap();
        let verifier = signed_note::StandardVerifier::new(&key().verifier()).unwrap();
        let (signed, unknown) = note.verify(&signed_note::VerifierList::new(vec![Box::new(verifier)])).unwrap();
        assert_eq!((signed.len(), unknown.len()), (1, 0));
        let theirs = tlog_tiles::Checkpoint::from_bytes(note.text()).unwrap();
        assert_eq!((theirs.origin(), theirs.size(), theirs.hash().0), (NAME, size as u64, log.root().0));
        let tiles = Tiles(&memory);
        let reader = tlog_tiles::TileHashReader::new(size as u64, tlog_tiles::Hash(log.root().0), &tiles);
        for at in (0..size as u64).step_by(size / 7 + 1) {
            let own: Vec<[u8; 32]> = log.inclusion(at).unwrap().iter().map(|hash| hash.0).collect();
            let found = tlog_tiles::prove_record(size as u64, at, &reader).unwrap();
            assert_eq!(found.iter().map(|hash| hash.0).collect::<Vec<_>>(), own, "{at} of {size}");
            if (1..size as u64).contains(&at) {
                let own: Vec<[u8; 32]> = log.consistency(at).unwrap().iter().map(|hash| hash.0).collect();
                let found = tlog_tiles::prove_tree(size as u64, at, &reader).unwrap();
                assert_eq!(found.iter().map(|hash| hash.0).collect::<Vec<_>>(), own, "{at} to {size}");
            }
        }
    }
}

/// Wherever the storage stops, a log that is opened again has all that was acknowledged, in its place, and goes on.
#[test]
fn nothing_that_was_acknowledged_is_lost() {
    let all = entries(560);
    let batches = [1_usize, 254, 1, 3, 253, 40, 8];
    for is_done in [false, true] {
        for stop in 0..30 {
            let memory = Memory { left: Cell::new(Some(stop)), is_done: Cell::new(is_done), ..Memory::default() };
            let mut acknowledged = 0;
            if let Ok(mut log) = Log::begin(&memory, key()) {
                for count in batches {
                    if append(&mut log, &all[acknowledged..acknowledged + count]).is_err() {
                        break;
                    }
                    acknowledged += count;
                }
            }
            memory.left.set(None);
            // A log of which not even the first checkpoint was written has yet to begin.
            let has_begun = memory.files.borrow().contains_key("checkpoint");
            let open = if has_begun { Log::open } else { Log::begin };
            let mut log = open(&memory, key()).unwrap();
            let size = log.size() as usize;
            assert!(size >= acknowledged && log.root() == Hash(root(&all[..size])), "{stop}: {size} of {acknowledged}");
            // Others come behind, in place of what was not acknowledged.
            let others: Vec<Vec<u8>> = (0..300).map(|at| format!("other {at}").into_bytes()).collect();
            append(&mut log, &others).unwrap();
            let whole: Vec<Vec<u8>> = all[..size].iter().chain(&others).cloned().collect();
            assert_eq!(log.root(), Hash(root(&whole)), "{stop}");
            for (at, entry) in whole.iter().enumerate().step_by(37) {
                assert_eq!(log.entry(at as u64).unwrap(), *entry);
            }
        }
    }
}

#[test]
fn a_log_that_is_damaged_is_told_and_not_written_to() {
    let memory = Memory::default();
    append(&mut Log::begin(&memory, key()).unwrap(), &entries(300)).unwrap();
    let whole = memory.files.borrow().clone();
    for name in whole.keys().filter(|name| !name.ends_with("000")) {
        for damage in 0..3 {
            let mut files = whole.clone();
            let bytes = files.get_mut(name).unwrap();
            let last = bytes.len() - 5;
            match damage {
                0 => bytes[last] ^= 1,
                1 => bytes.truncate(last),
                _ => drop(files.remove(name)),
            }
            let memory = Memory { files: RefCell::new(files), ..Memory::default() };
            match Log::open(&memory, key()) {
                Ok(_) => panic!("{name} {damage}: it is opened"),
                Err(Fault::Damaged(_) | Fault::Key) => assert_eq!(memory.writes.get(), 0),
                Err(other) => panic!("{name} {damage}: {other}"),
            }
        }
    }
    // A checkpoint that is gone is not one that was never there: no log begins over another one.
    assert!(matches!(Log::begin(&memory, key()), Err(Fault::Exists)));
    let one = Memory::default();
    append(&mut Log::begin(&one, key()).unwrap(), &entries(1)).unwrap();
    one.files.borrow_mut().remove("checkpoint");
    let written = one.writes.get();
    assert!(matches!(Log::open(&one, key()), Err(Fault::Damaged(_))));
    assert!(matches!(Log::begin(&one, key()), Err(Fault::Damaged(_))));
    assert_eq!(one.writes.get(), written);
    let another = SecretKey::of_seed("example.com/other", Algorithm::Note, &[7; 32]).unwrap();
    assert!(matches!(Log::open(&memory, another), Err(Fault::Key)));
}

#[test]
fn a_directory_has_one_writer() {
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("log");
    let _ = std::fs::remove_dir_all(&directory);
    let first = Directory::open(&directory).unwrap();
    assert_eq!(Directory::open(&directory).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    // Whoever writes it is waited for, and no longer than that.
    let waited = std::time::Duration::from_millis(120);
    assert_eq!(Directory::open_within(&directory, waited).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    let writing = std::thread::spawn(move || {
        std::thread::sleep(waited);
        drop(first);
    });
    let first = Directory::open_within(&directory, std::time::Duration::from_secs(60)).unwrap();
    writing.join().unwrap();
    let mut log = Log::begin(first, key()).unwrap();
    let all = entries(260);
    log.append(&all.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
    drop(log);
    let log = Log::open(Directory::open(&directory).unwrap(), key()).unwrap();
    assert_eq!((log.size(), log.root()), (260, Hash(root(&all))));
    let left: Vec<_> =
        std::fs::read_dir(directory.join("tile/0")).unwrap().map(|one| one.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with('.')), "{left:?}");
}

/// A key is read back as it is kept, and what it says of itself is not the key.
#[test]
fn keys_are_kept_and_not_shown() {
    for algorithm in [Algorithm::Note, Algorithm::Cosignature] {
        let key = SecretKey::of_seed(NAME, algorithm, &[9; 32]).unwrap();
        let text = key.to_secret_text();
        assert_eq!(SecretKey::read(&text).unwrap().verifier(), key.verifier());
        assert!(VerifierKey::read(&key.verifier()).is_ok_and(|read| read.algorithm() == algorithm));
        assert!(!format!("{key:?}").contains(text.rsplit('+').next().unwrap()));
        assert!(SecretKey::read(&text.replace(NAME, "example.com/contenu")).is_err());
    }
    // As Go's note package writes one, in its documentation.
    let go = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    assert_eq!(
        SecretKey::read(go).unwrap().verifier(),
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    );
}

fn opening(ring: u8) -> Opening {
    let mut shares = [0; 15];
    shares[..2].copy_from_slice(&[1 << 24, 1 << 28]);
    Opening { plan: Hash([1; 32]), image: [2; 32], sequence: 7, salt: [3; 32], class: Class::Routine, ring, shares }
}

/// From the log and its witnesses to the token that a device takes.
#[test]
fn a_token_is_made_that_a_device_takes() {
    let (memory, seen) = (Memory::default(), [Memory::default(), Memory::default(), Memory::default()]);
    let mut log = Log::begin(&memory, key()).unwrap();
    let secret = |name: &str| SecretKey::of_seed(name, Algorithm::Cosignature, &[name.len() as u8; 32]).unwrap();
    let names = ["w.example/a", "w.example/bb", "w.example/ccc"];
    let keys = names.map(|name| secret(name).verifier());
    let mut witnesses: Vec<Witness<&Memory>> = names
        .iter()
        .zip(&seen)
        .map(|(name, seen)| Witness::new(seen, secret(name), &key().verifier()).unwrap())
        .collect();
    let mut cosign = |log: &mut Log<&Memory>, time: u64| {
        for (witness, key) in witnesses.iter_mut().zip(&keys).take(2) {
            let old = witness.seen().unwrap().0;
            let proof = log.consistency(old).unwrap();
            let line = witness.cosign(log.checkpoint().as_bytes(), (old, &proof), time, |_| Ok(())).unwrap();
            log.cosigned(&VerifierKey::read(key).unwrap(), &line).unwrap();
        }
    };
    append(&mut log, &entries(40)).unwrap();
    let first = log.append(&[&opening(0).to_bytes()]).unwrap();
    cosign(&mut log, 1_000);
    let before = log.proof(first).unwrap();
    append(&mut log, &entries(300)).unwrap();
    let second = log.append(&[&opening(1).to_bytes()]).unwrap();
    cosign(&mut log, 90_000);
    // Signed again, it has each signature once.
    cosign(&mut log, 90_001);
    assert_eq!(Note::read(log.checkpoint().as_bytes()).unwrap().signatures().count(), 3);

    let policy = format!(
        "log {}\nwitness a {}\nwitness b {}\nwitness c {}\ngroup g 2 a b c\nquorum g\n",
        key().verifier(),
        keys[0],
        keys[1],
        keys[2]
    );
    let trust = Trust::read(&policy).unwrap();
    let token = log.token(second, Some(&before)).unwrap();
    let opened = Token::read(token.as_bytes()).unwrap().check(&trust).unwrap();
    assert_eq!((opened.opening().ring, opened.since_ring_before()), (1, Some(89_001)));
    assert!(
        log.token(second, None).is_err() && log.token(first, Some(&before)).is_err() && log.token(3, None).is_err()
    );
    // A witness that is called as the log is takes nothing away.
    let namesake = SecretKey::of_seed(NAME, Algorithm::Cosignature, &[9; 32]).unwrap();
    let (verifier, kept) = (namesake.verifier(), Memory::default());
    let mut namesake = Witness::new(&kept, namesake, &key().verifier()).unwrap();
    for signatures in [4, 4] {
        let old = namesake.seen().unwrap().0;
        let proof = log.consistency(old).unwrap();
        let line = namesake.cosign(log.checkpoint().as_bytes(), (old, &proof), 90_002, |_| Ok(())).unwrap();
        log.cosigned(&VerifierKey::read(&verifier).unwrap(), &line).unwrap();
        let note = Note::read(log.checkpoint().as_bytes()).unwrap();
        assert_eq!(note.signatures().count(), signatures);
        assert!(note.is_signed_by(&VerifierKey::read(&key().verifier()).unwrap()));
    }
    // A signature of somebody else, or over something else, is not taken.
    let other = VerifierKey::read(&keys[2]).unwrap();
    let line = log.checkpoint().lines().rfind(|line| line.contains(names[1])).unwrap().to_owned();
    assert!(matches!(log.cosigned(&other, &line), Err(Fault::Cosignature)));
    let own = VerifierKey::read(&keys[1]).unwrap();
    append(&mut log, &entries(1)).unwrap();
    assert!(matches!(log.cosigned(&own, &line), Err(Fault::Cosignature)));
}

#[test]
fn a_witness_signs_only_what_grew_from_what_it_saw() {
    let (memory, forked, seen) = (Memory::default(), Memory::default(), Memory::default());
    let witness_key = || SecretKey::of_seed("w.example/a", Algorithm::Cosignature, &[3; 32]).unwrap();
    let mut witness = Witness::new(&seen, witness_key(), &key().verifier()).unwrap();
    let mut log = Log::begin(&memory, key()).unwrap();
    append(&mut log, &entries(9)).unwrap();
    let ask = |witness: &mut Witness<&Memory>, log: &Log<&Memory>, old: u64| {
        let proof = log.consistency(old.min(log.size())).unwrap();
        witness.cosign(log.checkpoint().as_bytes(), (old, &proof), 5, |_| Ok(()))
    };
    // What it could not keep it does not sign.
    seen.left.set(Some(0));
    assert!(matches!(ask(&mut witness, &log, 0), Err(Refusal::Storage(_))));
    seen.left.set(None);
    assert!(ask(&mut witness, &log, 0).is_ok());
    assert_eq!(witness.seen().unwrap(), (9, log.root()));
    assert!(matches!(ask(&mut witness, &log, 0), Err(Refusal::From { seen: 9 })));
    let mut fork = Log::begin(&forked, key()).unwrap();
    append(&mut fork, &entries(12)[1..]).unwrap();
    assert!(matches!(ask(&mut witness, &fork, 9), Err(Refusal::Forked)));
    append(&mut log, &entries(30)).unwrap();
    let proof = log.consistency(9).unwrap();
    let refused =
        witness.cosign(log.checkpoint().as_bytes(), (9, &proof), 5, |new| Err(format!("{} entries", new.size)));
    assert!(matches!(refused, Err(Refusal::Rule(why)) if why == "39 entries"));
    assert!(is_consistent((9, Hash(root(&entries(9)))), (39, log.root()), proof.iter().copied()));
    // A witness that is started again knows what it saw; one whose memory is damaged signs nothing.
    let mut again = Witness::new(&seen, witness_key(), &key().verifier()).unwrap();
    assert!(ask(&mut again, &log, 9).is_ok());
    seen.files.borrow_mut().insert("seen".to_owned(), b"nothing".to_vec());
    assert!(matches!(ask(&mut again, &log, 39), Err(Refusal::Forgotten)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Entries of any length, in any batches.
    #[test]
    fn any_entries_in_any_batches_are_read_back(
        lengths in proptest::collection::vec(prop_oneof![0_usize..40, Just(65_535)], 1..60),
        batch in 1_usize..20,
    ) {
        let all: Vec<Vec<u8>> = lengths.iter().enumerate().map(|(at, length)| vec![at as u8; *length]).collect();
        let memory = Memory::default();
        let mut log = Log::begin(&memory, key()).unwrap();
        for entries in all.chunks(batch) {
            append(&mut log, entries).unwrap();
        }
        let log = Log::open(&memory, key()).unwrap();
        prop_assert_eq!(log.root(), Hash(root(&all)));
        for (at, entry) in all.iter().enumerate() {
            prop_assert_eq!(&log.entry(at as u64).unwrap(), entry);
        }
    }
}

#[test]
fn an_entry_that_is_too_large_leaves_the_log_as_it_was() {
    let memory = Memory::default();
    let mut log = Log::begin(&memory, key()).unwrap();
    let writes = memory.writes.get();
    let large = vec![0; 65_536];
    assert!(matches!(log.append(&[b"small", &large]), Err(Fault::Entry { number: 1 })));
    assert_eq!((log.size(), memory.writes.get()), (0, writes));
}
