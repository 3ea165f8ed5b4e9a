//! Sources: what they are, how they are cut into records, and what is said of damaged ones.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop")]

use std::io::{self, Read, Write};

use contentcheck_events::{Batch, Cause, Place, Reader, limits};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

/// Gives its bytes a few at a time, as a pipe does.
struct Drip(io::Cursor<Vec<u8>>, usize);

impl Read for Drip {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let len = out.len().min(self.1);
        self.0.read(&mut out[..len])
    }
}

type Found = (Vec<(String, Place)>, Vec<(Place, Cause)>);

fn read_from(mut reader: Reader) -> Found {
    let (mut records, mut problems) = (Vec::new(), Vec::new());
    let mut batch = Batch::new();
    while reader.next_batch(&mut batch) {
        batch.each(|record| match record {
            Ok(record) => records.push((String::from_utf8_lossy(record.bytes).into_owned(), record.place)),
            Err(problem) => {
                assert_eq!(&*problem.source, "test");
                assert!(!problem.cause.help().is_empty() && problem.to_string().starts_with("test: "));
                problems.push((problem.place, problem.cause));
            }
        });
    }
    assert!(!reader.next_batch(&mut batch));
    (records, problems)
}

fn read(bytes: impl Into<Vec<u8>>) -> Found {
    let bytes = bytes.into();
    let found = read_from(Reader::new("test", io::Cursor::new(bytes.clone())));
    // What a damaged stream still gives depends on how much of it is looked at at a time.
    if bytes.len() < 100_000 && !bytes.starts_with(&[0x1f, 0x8b]) {
        assert_eq!(read_from(Reader::new("test", Drip(io::Cursor::new(bytes), 3))), found);
    }
    found
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

fn some_lines(count: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut text = Vec::new();
    for at in 0..count {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        writeln!(text, "{{\"at\":{at},\"random\":\"{state:016x}\"}}").unwrap();
    }
    text
}

fn texts(found: &Found) -> Vec<&str> {
    found.0.iter().map(|(text, _)| text.as_str()).collect()
}

#[test]
fn lines_with_every_kind_of_end() {
    let found = read("\u{feff}{\"a\":1}\r\n\r\n  \n{\"b\":2}\nnonsense\n{\"c\":3}");
    assert_eq!(texts(&found), ["{\"a\":1}", "{\"b\":2}", "nonsense", "{\"c\":3}"]);
    let places: Vec<Place> = found.0.iter().map(|(_, place)| *place).collect();
    assert_eq!(places, [Place::Line(1), Place::Line(4), Place::Line(5), Place::Line(6)]);
    assert_eq!(found.1, []);
    assert_eq!(read(""), (vec![], vec![]));
    assert_eq!(read("\n\n \n"), (vec![], vec![]));
    assert_eq!(texts(&read("{\"a\":\0}\n{}")), ["{\"a\":\0}", "{}"]);
}

#[test]
fn documents() {
    let one = Place::Object { number: 1, line: 2 };
    let two = Place::Object { number: 2, line: 4 };
    let array = read("[\n{\"a\":\"]}\"},\n\n {\n\"b\":[{}]}\n]\n");
    assert_eq!(texts(&array), ["{\"a\":\"]}\"}", "{\n\"b\":[{}]}"]);
    assert_eq!(array.0.iter().map(|(_, place)| *place).collect::<Vec<_>>(), [one, two]);
    assert_eq!(array.1, []);
    let pretty = read("{\n  \"a\": 1\n}\n{\n  \"b\": 2\n}\n");
    assert_eq!(texts(&pretty), ["{\n  \"a\": 1\n}", "{\n  \"b\": 2\n}"]);
    let records = read(r#"{"Records":[{"a":1},{"b":2}],"more":{"c":3}}"#);
    assert_eq!(texts(&records), [r#"{"a":1}"#, r#"{"b":2}"#]);
    assert_eq!(records.1, [(Place::Object { number: 3, line: 1 }, Cause::BesideList)]);
    let array_behind = read("{\"Records\":[{\"a\":1}]}\n[{\"b\":2}]\n{\"c\":3}\n");
    assert_eq!((array_behind.0.len(), array_behind.1.as_slice()), (3, &[][..]));
    let mixed = read("[{\"a\":1}, 5, null, {\"b\":2}]");
    assert_eq!(texts(&mixed), [r#"{"a":1}"#, r#"{"b":2}"#]);
    assert_eq!(mixed.1, [(Place::Object { number: 2, line: 1 }, Cause::NotAnObject)]);
    assert_eq!(read("[]"), (vec![], vec![]));
}

/// Objects with lists of events one behind the other, as `cat *.json` makes them, with whatever stands between them: each event is read, and what is none
/// is told.
#[test]
fn nothing_behind_a_list_of_events_is_lost() {
    let long = "x".repeat(60_000);
    let far = format!(r#"{{"Records":[{{"a":1,"b":"{long}"}}],"NextToken":"]}}\"{long}"}}"#);
    // What stands there, the events in it, and whether it is to be told.
    let parts: [(&str, usize, bool); 13] = [
        (r#"{"Records":[{"a":1},{"b":2}]}"#, 2, false),
        ("{ \"records\" :\n [ {\"a\":1} ] , \"more\": [{\"c\":3}]\n}", 1, true),
        ("{\"Records\":[{\"a\":1}\n]\n\n}", 1, false),
        (r#"{"Records":[{"a":1}],"Records":[{"b":2}]}"#, 1, true),
        (r#"{"Records":[],"a":1}"#, 0, true),
        (r#"{"Records":[{"a":1}] {"b":2} oops }"#, 1, true),
        (r#"{"Records":[]}"#, 0, false),
        (r#"{"a":1}"#, 1, false),
        ("{\n\"a\": [1]\n}", 1, false),
        (r#"{"Records":{"a":1}}"#, 1, false),
        (&far, 1, true),
        ("garbage", 0, true),
        (r#"{"Records":[5]}"#, 0, true),
    ];
    for between in ["\n", "", "\r\n\r\n"] {
        for (second, third) in (0..parts.len()).flat_map(|second| (0..parts.len()).map(move |third| (second, third))) {
            for end in ["", "{\"cut\":", "{\"Records\":[{\"a\":1}", "{\"Records\":[],", "\n"] {
                let of = [parts[0], parts[second], parts[third]];
                let text = of.map(|(text, ..)| text).join(between) + between + end;
                let found = read(text.as_str());
                let events: usize = of.iter().map(|(_, events, _)| events).sum();
                let is_cut = end.starts_with('{');
                assert_eq!(
                    found.0.len(),
                    events + usize::from(end.ends_with("1}")),
                    "{between:?} {second} {third} {end}"
                );
                let is_told = is_cut || of.iter().any(|(.., told)| *told);
                assert_eq!(!found.1.is_empty(), is_told, "{between:?} {second} {third} {end}: {:?}", found.1);
            }
        }
    }
}

/// The same where what is told apart lies at the end of what was read so far.
#[test]
fn lists_of_events_are_told_apart_wherever_a_read_ends() {
    for spaces in (0..300).chain((255 * 1024..257 * 1024).step_by(1)).chain((1 << 20) - 300..(1 << 20) + 10) {
        let text = format!(
            "{{\"Records\":[{{\"a\":1}}]}}{}{{\"Records\":[{{\"b\":2}},{{\"c\":3}}]}}\n{{\"d\":4}}",
            " ".repeat(spaces)
        );
        let found = read(text);
        assert_eq!((found.0.len(), found.1.len()), (4, 0), "{spaces}");
    }
}

#[test]
fn documents_that_do_not_end() {
    let cut = read("[{\"a\":1},\n{\"b\":");
    assert_eq!(texts(&cut), [r#"{"a":1}"#]);
    assert_eq!(cut.1, [(Place::Object { number: 2, line: 2 }, Cause::Unfinished)]);
    let open = read("[{\"a\":1},");
    assert_eq!((texts(&open), open.1.as_slice()), (vec![r#"{"a":1}"#], &[(Place::Source, Cause::Unfinished)][..]));
}

#[test]
fn a_record_that_is_too_long_is_left_out() {
    let long = "x".repeat(limits::RECORD_BYTES + 1);
    let found = read(format!("{{}}\n{long}\n{{\"a\":1}}\n"));
    assert_eq!(texts(&found), ["{}", "{\"a\":1}"]);
    assert_eq!(found.1, [(Place::Line(2), Cause::TooLong)]);
    assert_eq!(found.0[1].1, Place::Line(3));
    let found = read(long.clone());
    assert_eq!(found, (vec![], vec![(Place::Line(1), Cause::TooLong)]));
    let found = read(format!("[{{\"a\":1}},{{\"b\":\"{long}{long}\"}},\n{{\"c\":3}}]"));
    assert_eq!(texts(&found), ["{\"a\":1}", "{\"c\":3}"]);
    assert_eq!(found.1, [(Place::Object { number: 2, line: 1 }, Cause::TooLong)]);
    assert_eq!(found.0[1].1, Place::Object { number: 3, line: 2 });
}

#[test]
fn packed_sources_are_known_by_their_bytes() {
    let lines = some_lines(20_000);
    let plain = read(lines.clone());
    assert_eq!(plain.0.len(), 20_000);
    assert_eq!(read(gzip(&lines)), plain);
    assert_eq!(read(zstd(&lines)), plain);
    let (head, tail) = lines.split_at(lines.len() / 3);
    assert_eq!(read([gzip(head), gzip(tail)].concat()), plain);
    let skippable = [&[0x51, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
    assert_eq!(read([skippable.clone(), zstd(head), skippable, zstd(tail)].concat()), plain);
    assert_eq!(read(gzip(b"[{\"a\":1}]")).0.len(), 1);
    assert_eq!(read(gzip(&zstd(b"{}"))), (vec![], vec![(Place::Source, Cause::CompressedTwice)]));
}

#[test]
fn what_is_whole_in_a_cut_file_is_delivered() {
    let lines = some_lines(20_000);
    let plain = read(lines.clone()).0;
    for packed in [gzip(&lines), zstd(&lines)] {
        for part in [2, 3, 10] {
            let cut = read(&packed[..packed.len() * (part - 1) / part]);
            assert!(cut.0.len() * part > plain.len() * (part - 1) * 9 / 10, "{} {part}", cut.0.len());
            assert_eq!(cut.0, plain[..cut.0.len()]);
            let last = cut.1.last().unwrap();
            assert!(matches!(last, (Place::Source, Cause::Compressed(_))), "{last:?}");
            assert!(cut.1.len() <= 2 && cut.1[..cut.1.len() - 1].iter().all(|(_, cause)| *cause == Cause::Unfinished));
        }
        let cut = read(&packed[..packed.len() - 1]);
        assert_eq!(cut.0.len(), plain.len());
        assert!(matches!(cut.1.as_slice(), [(Place::Source, Cause::Compressed(_))]), "{:?}", cut.1);
    }
}

#[test]
fn a_changed_byte_in_a_packed_file_is_never_silent() {
    let lines = some_lines(2_000);
    for packed in [gzip(&lines), zstd(&lines)] {
        for at in (packed.len() / 4..packed.len()).step_by(packed.len() / 40) {
            let mut damaged = packed.clone();
            damaged[at] ^= 0x10;
            let found = read_from(Reader::new("test", io::Cursor::new(damaged)));
            assert!(
                found.1.iter().any(|(_, cause)| matches!(cause, Cause::Compressed(_) | Cause::Expands)),
                "{at} {:?}",
                found.1
            );
        }
    }
}

#[test]
fn bombs_are_refused() {
    // A zstd frame of blocks that each repeat one byte 128 KiB long.
    let mut bomb = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58];
    for _ in 0..(limits::EXPANSION_FROM / (128 * 1024) + 200) {
        let header = (128 * 1024_u32) << 3 | 1 << 1;
        bomb.extend_from_slice(&header.to_le_bytes()[..3]);
        bomb.push(b'\n');
    }
    let found = read(bomb);
    assert_eq!(found, (vec![], vec![(Place::Source, Cause::Expands)]));
    // A frame that asks for a window of 2 GiB.
    let found = read([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 1, 0, 0]);
    assert!(matches!(found.1.as_slice(), [(Place::Source, Cause::Compressed(_))]), "{:?}", found.1);
}

/// Lines that are all alike pack to a thousandth, which is all that gzip can do: they are events, but no recording.
#[test]
fn a_bomb_of_gzip_is_refused_after_what_it_gave() {
    let most = limits::EXPANSION_FROM as usize;
    // One event over and over is a recording: it packs to a little more.
    for (line, is_bomb) in [("{}\n", true), ("\n", true), ("{\"EventID\":1,\"Image\":\"a.exe\"}\n", false)] {
        for (size, is_refused) in [(most / 8, false), (most + (4 << 20), is_bomb)] {
            let mut packed = GzEncoder::new(Vec::new(), Compression::best());
            let block = line.repeat((1 << 20) / line.len());
            for _ in 0..size / block.len() + 1 {
                packed.write_all(block.as_bytes()).unwrap();
            }
            let packed = packed.finish().unwrap();
            assert_eq!(size as u64 / packed.len() as u64 > limits::EXPANSION, is_bomb, "{line:?}: {}", packed.len());
            let mut reader = Reader::new("test", io::Cursor::new(packed));
            let (mut batch, mut events, mut problems) = (Batch::new(), 0_usize, Vec::new());
            while reader.next_batch(&mut batch) {
                batch.each(|record| match record {
                    Ok(_) => events += 1,
                    Err(problem) => problems.push(problem.cause),
                });
            }
            assert_eq!(problems.contains(&Cause::Expands), is_refused, "{line:?}: {problems:?}");
            // The line in which it ends is not whole.
            assert!(
                problems.iter().all(|of| matches!(of, Cause::Expands | Cause::Unfinished)),
                "{line:?}: {problems:?}"
            );
            assert!(line.trim().is_empty() || events > most / line.len() / 16, "{line:?}: {events}");
        }
    }
}

#[test]
fn what_is_no_recording_is_named() {
    assert_eq!(read("\u{feff}<Events/>").1, [(Place::Source, Cause::Xml)]);
    assert_eq!(read([0xff, 0xfe, b'{', 0]).1, [(Place::Source, Cause::Utf16)]);
    let missing = Reader::open(std::path::Path::new("no-such-file.jsonl")).unwrap_err();
    assert!(matches!((missing.place, &missing.cause), (Place::Source, Cause::Io(_))), "{missing}");
    let directory = Reader::open(std::path::Path::new(".")).unwrap_err();
    assert!(matches!(directory.cause, Cause::Io(_)), "{directory}");
}

#[test]
fn an_input_that_fails_is_reported_after_what_it_gave() {
    struct Failing(bool);
    impl Read for Failing {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            if std::mem::replace(&mut self.0, true) {
                return Err(io::Error::other("cable pulled"));
            }
            let given = b"{\"a\":1}\n{\"b\":";
            out[..given.len()].copy_from_slice(given);
            Ok(given.len())
        }
    }
    let found = read_from(Reader::new("test", Failing(false)));
    assert_eq!(texts(&found), ["{\"a\":1}"]);
    assert_eq!(found.1, [(Place::Line(2), Cause::Unfinished), (Place::Source, Cause::Io("cable pulled".to_owned()))]);
}

#[test]
fn damaged_event_logs() {
    let mut log = b"ElfFile\0".to_vec();
    log.resize(4096, 0);
    assert_eq!(read(log.clone()), (vec![], vec![]));
    let mut blank = log.clone();
    blank.resize(4096 + 65_536, 0);
    assert_eq!(read(blank), (vec![], vec![]));
    let mut garbage = log.clone();
    garbage.extend(vec![7; 65_536]);
    garbage.extend(b"ElfChnk\0");
    garbage.extend(vec![0xff; 65_528]);
    garbage.extend(vec![1; 100]);
    let found = read(garbage);
    assert_eq!(found.0, []);
    let places: Vec<Place> = found.1.iter().map(|(place, _)| *place).collect();
    assert!(places.contains(&Place::Chunk(1)) && places.contains(&Place::Chunk(2)), "{:?}", found.1);
    assert_eq!(found.1.last().unwrap(), &(Place::Chunk(3), Cause::ChunkCut { read: 0 }));
}

proptest! {
    #[test]
    fn a_document_has_the_objects_that_lines_have(objects in prop::collection::vec(r#"\{"[a-z\[\]\{\},\n]{0,9}":("\}"|\[\{\}\]|1)\}"#, 1..20)) {
        let array = format!("[{}]", objects.join(",\n"));
        let found = read(array);
        prop_assert_eq!(texts(&found), objects.iter().map(String::as_str).collect::<Vec<_>>());
        prop_assert_eq!(found.1, vec![]);
    }

    #[test]
    fn no_bytes_make_it_panic(
        head in prop_oneof![Just(vec![]), Just(vec![0x1f, 0x8b, 8]), Just(vec![0x28, 0xb5, 0x2f, 0xfd]), Just(b"ElfFile\0".to_vec()), Just(b"[{".to_vec())],
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        drop(read([head, bytes].concat()));
    }
}

#[test]
fn an_event_log_that_ends_within_its_header_is_damaged() {
    for len in [8, 9, 128, 4_095] {
        let mut log = b"ElfFile\0".to_vec();
        log.resize(len, 0);
        let cause = Cause::EventLog(format!("it ends within its header, after {len} of 4096 bytes"));
        assert_eq!(read(log.clone()), (vec![], vec![(Place::Source, cause)]));
        let found = read(gzip(&log));
        assert_eq!(found.1.len(), 1, "{found:?}");
    }
    let mut whole = b"ElfFile\0".to_vec();
    whole.resize(4_096, 0);
    assert_eq!(read(whole), (vec![], vec![]));
}

#[test]
fn an_empty_file_that_is_called_an_event_log_is_none() {
    for (name, problems) in [("a.evtx", 1), ("A.EVTX", 1), ("a.evtx.gz", 1), ("a.jsonl", 0)] {
        let mut reader = Reader::new(name, io::empty());
        let (mut batch, mut seen) = (Batch::new(), 0);
        while reader.next_batch(&mut batch) {
            batch.each(|record| seen += usize::from(matches!(record, Err(problem) if problem.place == Place::Source)));
        }
        assert_eq!(seen, problems, "{name}");
    }
}
