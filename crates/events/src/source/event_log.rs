//! Windows event logs: chunks of 64 KiB, each read on its own, so that all cores can share in it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use evtx::{EvtxChunkData, ParserSettings};

use crate::problem::{Cause, Place};

/// First bytes of an event log.
pub(crate) const MAGIC: &[u8] = b"ElfFile\0";
/// Bytes before the first chunk.
pub(crate) const HEADER: usize = 4096;
/// Bytes of a chunk.
pub(crate) const CHUNK: usize = 65_536;

/// The number of chunks that the header of a log tells of; it may tell of fewer than there are where the log was copied
/// while Windows had it open.
pub(crate) fn chunks(header: &[u8]) -> u64 {
    const AT: usize = 42;
    header.get(AT..).and_then(<[u8]>::first_chunk::<2>).map_or(0, |bytes| u64::from(u16::from_le_bytes(*bytes)))
}

/// Whether a source is called like an event log, packed or not.
pub(crate) fn is_named(source: &str) -> bool {
    let name = source.to_ascii_lowercase();
    let plain = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
    plain.ends_with(".evtx")
}

/// Renders the records of a chunk as JSON, one after another.
pub(crate) fn records(chunk: &[u8], number: u64, mut each: impl FnMut(Place, Result<&[u8], Cause>)) {
    // The reader of event logs is used within its contract, but what it is fed is hostile.
    let rendered = catch_unwind(AssertUnwindSafe(|| render(chunk)));
    match rendered {
        Ok(Ok(records)) => {
            // Where free space begins is said in the same header: one that says less hides records, and evidence with them.
            let (told, read) = (told(chunk), records.len() as u64);
            if read < told {
                let why = format!("the header of the chunk tells of {told} records, and {read} were found");
                each(Place::Chunk(number), Err(Cause::EventLog(why)));
            }
            for record in records {
                match record {
                    Ok((id, json)) => each(Place::Logged(id), Ok(&json)),
                    Err(cause) => each(Place::Chunk(number), Err(cause)),
                }
            }
        }
        Ok(Err(cause)) => each(Place::Chunk(number), Err(cause)),
        Err(_) => each(Place::Chunk(number), Err(Cause::EventLog("its reader gave up on the chunk".to_owned()))),
    }
}

/// How many records the header of a chunk tells of, by the numbers of the first and the last one. None of a chunk that has not been written to.
fn told(chunk: &[u8]) -> u64 {
    /// More than a chunk has room for: the numbers are none.
    const MOST: u64 = CHUNK as u64;
    let number = |at: usize| chunk.get(at..).and_then(<[u8]>::first_chunk::<8>).map(|bytes| u64::from_le_bytes(*bytes));
    let (Some(first), Some(last)) = (number(8), number(16)) else { return 0 };
    last.checked_sub(first).and_then(|more| more.checked_add(1)).filter(|told| *told <= MOST && first > 0).unwrap_or(0)
}

/// The same for a chunk that is cut off: its records up to the cut, and how many these are.
pub(crate) fn records_before_cut(chunk: &[u8], number: u64, mut each: impl FnMut(Place, Result<&[u8], Cause>)) {
    let mut read = 0;
    if let Some(whole) = up_to_cut(chunk) {
        records(&whole, number, |place, record| {
            read += usize::from(record.is_ok());
            each(place, record);
        });
    }
    each(Place::Chunk(number), Err(Cause::ChunkCut { read }));
}

/// A chunk of the whole records of one that is cut off. A record whose end is missing must not be read: it would be
/// taken for one with zeros in it.
fn up_to_cut(chunk: &[u8]) -> Option<Vec<u8>> {
    /// Bytes of the header of a chunk, and of the fixed parts of a record.
    const HEADER: usize = 512;
    const RECORD: usize = 28;
    /// Offsets in the header of a chunk: the last record by number and by id, where it is, where free space begins, and
    /// where strings and templates are.
    const LAST_NUMBER: usize = 16;
    const LAST_ID: usize = 32;
    const LAST_AT: usize = 44;
    const FREE_AT: usize = 48;
    const TABLES: std::ops::Range<usize> = 128..HEADER;
    let word = |at: usize| chunk.get(at..)?.first_chunk::<4>().map(|bytes| u32::from_le_bytes(*bytes));
    let id = |at: usize| chunk.get(at..)?.first_chunk::<8>();
    let free = word(FREE_AT)? as usize;
    let (mut end, mut last, mut count) = (HEADER, None, 0_u64);
    while end < free && chunk.get(end..).is_some_and(|rest| rest.starts_with(b"\x2a\x2a\0\0")) {
        let Some(size) = word(end + 4).map(|size| size as usize) else { break };
        if size < RECORD || end.checked_add(size).is_none_or(|next| next > chunk.len()) {
            break;
        }
        last = Some(end);
        count += 1;
        end += size;
    }
    let last = last?;
    let mut whole = chunk.get(..end)?.to_vec();
    let first = u64::from_le_bytes(*id(8)?);
    let mut put = |at: usize, bytes: &[u8]| {
        if let Some(place) = whole.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    };
    put(LAST_NUMBER, &first.wrapping_add(count - 1).to_le_bytes());
    put(LAST_ID, id(last + 8)?);
    put(LAST_AT, &u32::try_from(last).ok()?.to_le_bytes());
    put(FREE_AT, &u32::try_from(end).ok()?.to_le_bytes());
    for at in TABLES.step_by(4) {
        if word(at)? as usize >= end {
            put(at, &[0; 4]);
        }
    }
    whole.resize(CHUNK, 0);
    Some(whole)
}

type Rendered = Result<(u64, Vec<u8>), Cause>;

fn render(chunk: &[u8]) -> Result<Vec<Rendered>, Cause> {
    let damaged = |error: &dyn std::fmt::Display| Cause::EventLog(one_line(&error.to_string()));
    let settings = Arc::new(ParserSettings::default().indent(false));
    let mut data = EvtxChunkData::new(chunk.to_vec(), false).map_err(|error| damaged(&error))?;
    let mut chunk = data.parse(settings).map_err(|error| damaged(&error))?;
    let record = |record: evtx::err::Result<evtx::EvtxRecord<'_>>| {
        let json = record.and_then(evtx::EvtxRecord::into_json_bytes).map_err(|error| damaged(&error))?;
        Ok((json.event_record_id, json.data))
    };
    Ok(chunk.iter().map(record).collect())
}

/// Messages of the reader may have several lines; ours have one.
fn one_line(text: &str) -> String {
    const LONGEST: usize = 300;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        None => line,
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or("")),
    }
}
