//! A log of a million entries in a directory: how long it takes to write, and to prove entries of it.
//!
//! `cargo run --release -p contentcheck-log --features write --example million -- DIRECTORY`

use std::error::Error;
use std::time::Instant;

use contentcheck_log::write::{Directory, Log, SecretKey};
use contentcheck_log::{Algorithm, Hash, is_included};

const ENTRIES: u64 = 1_000_000;
const BATCH: u64 = 10_000;
const PROOFS: u64 = 1_000;

fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::args().nth(1).ok_or("usage: million DIRECTORY")?;
    let key = SecretKey::of_seed("example.com/million", Algorithm::Note, &[7; 32])?;
    let mut log = Log::begin(Directory::open(directory)?, key)?;
    let start = Instant::now();
    while log.size() < ENTRIES {
        let entries: Vec<Vec<u8>> = (log.size()..log.size() + BATCH).map(entry).collect();
        log.append(&entries.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
    }
    println!("{} entries, written in {:.1} s", log.size(), start.elapsed().as_secs_f64());
    let (mut times, root) = (Vec::new(), log.root());
    for number in 0..PROOFS {
        let index = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) % log.size();
        let start = Instant::now();
        let path = log.inclusion(index)?;
        times.push(start.elapsed());
        if !is_included(index, log.size(), Hash::of_leaf(&entry(index)), path.into_iter(), root) {
            return Err(format!("entry {index} is not proven").into());
        }
    }
    times.sort();
    let at = |part: usize| times.get(times.len() * part / 100).map_or(0.0, |time| time.as_secs_f64() * 1e3);
    println!("{PROOFS} proofs: median {:.3} ms, 95 of 100 within {:.3} ms", at(50), at(95));
    Ok(())
}

/// An entry of the length of an opening.
fn entry(number: u64) -> Vec<u8> {
    let mut entry = number.to_le_bytes().to_vec();
    entry.resize(176, 0);
    entry
}
