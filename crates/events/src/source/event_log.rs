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
