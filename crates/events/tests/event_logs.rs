//! Event logs that end too early: what is before the cut is read, and the cut is told.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop")]

use std::io;

use contentcheck_events::{Batch, Cause, Field, Flattener, Place, Reader};
use proptest::prelude::*;

const HEADER: usize = 4_096;
const CHUNK: usize = 65_536;

/// An element of binary XML that stands in a record itself, with its name in place.
fn element(bytes: &mut Vec<u8>, at: usize, name: &str, inner: impl FnOnce(&mut Vec<u8>)) {
    bytes.extend([0x01, 0, 0, 0, 0]);
    let name_at = u32::try_from(at + bytes.len() + 4).unwrap();
    bytes.extend(name_at.to_le_bytes());
    bytes.extend([0; 6]);
    bytes.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
    bytes.extend(name.encode_utf16().flat_map(u16::to_le_bytes));
    bytes.extend([0, 0, 0x02]);
    inner(bytes);
    bytes.push(0x04);
}

fn value(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend([0x05, 0x01]);
    bytes.extend(u16::try_from(text.len()).unwrap().to_le_bytes());
    bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
}

/// A record that begins at `at` of its chunk.
fn record(id: u64, at: usize, text: &str) -> Vec<u8> {
    let mut bytes = vec![0x2a, 0x2a, 0, 0, 0, 0, 0, 0];
    bytes.extend(id.to_le_bytes());
    bytes.extend(132_000_000_000_000_000_u64.to_le_bytes());
    bytes.extend([0x0f, 1, 1, 0]);
    element(&mut bytes, at, "Event", |bytes| {
        element(bytes, at, "System", |bytes| {
            element(bytes, at, "EventRecordID", |bytes| value(bytes, &id.to_string()));
        });
        element(bytes, at, "EventData", |bytes| element(bytes, at, "Image", |bytes| value(bytes, text)));
    });
    bytes.push(0);
    let size = u32::try_from(bytes.len() + 4).unwrap().to_le_bytes();
    bytes.extend(size);
    bytes[4..8].copy_from_slice(&size);
    bytes
}

/// A chunk, and where each of its records ends.
fn chunk(first: u64, records: u64) -> (Vec<u8>, Vec<usize>) {
    let mut bytes = b"ElfChnk\0".to_vec();
    bytes.resize(512, 0);
    let (mut ends, mut last) = (Vec::new(), 512);
    for id in first..first + records {
        last = bytes.len();
        let text = format!("C:\\{}.exe", "x".repeat(usize::try_from(id).unwrap() % 40));
        let record = record(id, last, &text);
        bytes.extend(record);
        ends.push(bytes.len());
    }
    let free = bytes.len();
    for (at, number) in [(8, first), (16, first + records - 1), (24, first), (32, first + records - 1)] {
        bytes[at..at + 8].copy_from_slice(&number.to_le_bytes());
    }
    for (at, number) in [(40, 128), (44, last), (48, free)] {
        bytes[at..at + 4].copy_from_slice(&u32::try_from(number).unwrap().to_le_bytes());
    }
    bytes.resize(CHUNK, 0);
    (bytes, ends)
}

/// A log of two chunks, and where each record ends in the file.
fn log(records: u64) -> (Vec<u8>, Vec<usize>) {
    let mut bytes = b"ElfFile\0".to_vec();
    bytes.resize(HEADER, 0);
    bytes[42] = 2;
    let mut all = Vec::new();
    for number in 0..2 {
        let (chunk, ends) = chunk(1 + number * records, records);
        all.extend(ends.iter().map(|end| bytes.len() + end));
        bytes.extend(chunk);
    }
    (bytes, all)
}

/// The ids of the events that are read, and the problems.
fn read(bytes: &[u8]) -> (Vec<u64>, Vec<(Place, Cause)>) {
    let mut reader = Reader::new("log.evtx", io::Cursor::new(bytes.to_vec()));
    let (mut batch, mut flattener) = (Batch::new(), Flattener::new());
    let (mut ids, mut problems) = (Vec::new(), Vec::new());
    while reader.next_batch(&mut batch) {
        batch.each(|record| match record {
            Ok(record) => {
                let flat = flattener.flatten(record.bytes).unwrap();
                let text = |name: &str| match flat.get(name) {
                    Some(Field::Text(text)) => text.to_owned(),
                    _ => String::new(),
                };
                let id: u64 = text("EventRecordID").parse().unwrap();
                assert_eq!(record.place, Place::Logged(id));
                // A record that is only partly there would have another one.
                assert_eq!(text("Image"), format!("C:\\{}.exe", "x".repeat(usize::try_from(id).unwrap() % 40)));
                ids.push(id);
            }
            Err(problem) => problems.push((problem.place, problem.cause)),
        });
    }
    (ids, problems)
}

#[test]
fn a_whole_log_is_read_without_a_problem() {
    let (bytes, ends) = log(9);
    assert_eq!(ends.len(), 18);
    assert_eq!(read(&bytes), ((1..=18).collect(), vec![]));
}

/// A log that is copied while Windows writes it has a header that is behind.
#[test]
fn a_header_that_tells_of_fewer_chunks_is_no_problem() {
    let (mut bytes, _) = log(3);
    for told in [0, 1] {
        bytes[42] = told;
        assert_eq!(read(&bytes), ((1..=6).collect(), vec![]));
    }
    bytes.extend(vec![0; CHUNK]);
    bytes[42] = 2;
    assert_eq!(read(&bytes), ((1..=6).collect(), vec![]), "room that is not used yet");
}

/// A header that says that free space begins early hides records, and says by their numbers that they were there.
#[test]
fn records_that_the_header_of_a_chunk_hides_are_told() {
    let (whole, ends) = log(5);
    for shown in 0..5 {
        let mut bytes = whole.clone();
        let free = if shown == 0 { 512 } else { ends[shown - 1] - HEADER };
        bytes[HEADER + 48..HEADER + 52].copy_from_slice(&u32::try_from(free).unwrap().to_le_bytes());
        let (ids, problems) = read(&bytes);
        assert!(ids.ends_with(&[6, 7, 8, 9, 10]) && ids.len() == shown + 5, "{shown}: {ids:?}");
        let hidden = |(place, cause): &(Place, Cause)| {
            let words = format!("tells of 5 records, and {shown} were found");
            *place == Place::Chunk(1) && matches!(cause, Cause::EventLog(why) if why.contains(&words))
        };
        assert!(problems.len() == 1 && hidden(&problems[0]), "{shown}: {problems:?}");
    }
}

/// Windows makes room for chunks before it counts them, so one that is counted had records.
#[test]
fn a_chunk_of_zeros_that_the_header_counts_is_told() {
    let (whole, _) = log(3);
    for (empty, ids) in [(0_usize, [4, 5, 6]), (1, [1, 2, 3])] {
        let mut bytes = whole.clone();
        let at = HEADER + empty * CHUNK;
        bytes[at..at + CHUNK].fill(0);
        let told = (Place::Chunk(empty as u64 + 1), Cause::EventLog("the chunk is empty".to_owned()));
        assert_eq!(read(&bytes), (ids.to_vec(), vec![told]));
        bytes[42] = u8::try_from(empty).unwrap();
        assert_eq!(read(&bytes), (ids.to_vec(), vec![]), "room that is not used yet");
    }
}

#[test]
fn a_log_that_lacks_whole_chunks_is_told() {
    let (bytes, _) = log(3);
    let missing = |found| vec![(Place::Source, Cause::ChunksMissing { told: 2, found })];
    assert_eq!(read(&bytes[..HEADER + CHUNK]), ((1..=3).collect(), missing(1)));
    assert_eq!(read(&bytes[..HEADER]), (vec![], missing(0)));
}

proptest! {
    #[test]
    fn records_before_a_cut_are_read_and_the_cut_is_told(records in 1_u64..40, cut in 0_usize..2 * CHUNK) {
        let (bytes, ends) = log(records);
        let cut = HEADER + cut;
        // Half of the cuts fall among the records, not into free space.
        let cut = if cut.is_multiple_of(2) { cut } else { HEADER + CHUNK + 400 + cut % (ends[ends.len() - 1] - HEADER - CHUNK) };
        let (ids, problems) = read(&bytes[..cut]);
        let whole = u64::try_from(ends.iter().filter(|end| **end <= cut).count()).unwrap();
        prop_assert_eq!(ids, (1..=whole).collect::<Vec<_>>(), "cut at {}", cut);
        prop_assert_eq!(problems.len(), 1, "{:?}", problems);
        let read = usize::try_from(if cut > HEADER + CHUNK { whole - records } else { whole }).unwrap();
        let expected = match (cut - HEADER) % CHUNK {
            0 => Cause::ChunksMissing { told: 2, found: ((cut - HEADER) / CHUNK) as u64 },
            _ => Cause::ChunkCut { read },
        };
        prop_assert_eq!(&problems[0].1, &expected);
    }
}

#[test]
fn what_is_called_an_event_log_and_is_none_is_one_problem() {
    let problems = |name: &str, bytes: &[u8]| {
        let mut reader = Reader::new(name, io::Cursor::new(bytes.to_vec()));
        let (mut batch, mut causes) = (Batch::new(), Vec::new());
        let mut flattener = Flattener::new();
        while reader.next_batch(&mut batch) {
            batch.each(|record| match record {
                Ok(record) => causes.extend(flattener.flatten(record.bytes).err()),
                Err(problem) => causes.push(problem.cause),
            });
        }
        causes
    };
    let text = b"Level,Date and Time,Source\nInformation,1,a\nInformation,2,b\n";
    for name in ["a.evtx", "A.EVTX", "dir/a.evtx"] {
        assert_eq!(problems(name, text), [Cause::NotAnEventLog]);
        assert_eq!(problems(name, b"\n\nPK\x03\x04\0\0\n\n\0"), [Cause::NotAnEventLog]);
        assert_eq!(problems(name, b"<Events/>"), [Cause::Xml]);
        // What a source is shows in its bytes, not in its name.
        assert_eq!(problems(name, b"{\"a\":1}\n{\"a\":2}\n"), []);
        assert_eq!(problems(name, b"[{\"a\":1}]"), []);
    }
    assert_eq!(problems("a.zip", b"PK\x03\x04\0\0\n\n\0\n\n\0"), [Cause::Binary]);
}
