//! What is wrong with recorded events: where, what, and what to do.

use std::fmt;
use std::sync::Arc;

use contentcheck_model::diagnostic::{clip, visible};

use crate::limits;

/// Where in a source a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A line, from 1.
    Line(u64),
    /// An object of a document: its number, and the line on which it begins, both from 1.
    Object {
        /// Number in the document.
        number: u64,
        /// Line on which it begins.
        line: u64,
    },
    /// A record of an event log, by the id that the log gives it.
    Logged(u64),
    /// A chunk of an event log, from 1.
    Chunk(u64),
    /// The source as a whole.
    Source,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Object { number, line } => write!(f, "object {number}, line {line}"),
            Self::Logged(id) => write!(f, "record {id}"),
            Self::Chunk(number) => write!(f, "chunk {number}"),
            Self::Source => f.write_str("source"),
        }
    }
}

/// Why a record, or the rest of a source, was not read.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The operating system could not open or read it.
    Io(String),
    /// The record has more than [`limits::RECORD_BYTES`].
    TooLong,
    /// Not UTF-8, from this byte of the record on.
    NotUtf8(usize),
    /// Not JSON: what was expected at this byte of the record.
    Syntax {
        /// Byte offset in the record.
        offset: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// Deeper than [`limits::DEPTH`].
    TooDeep,
    /// More than [`limits::NAMES`] names or [`limits::MEMBERS`] members.
    TooManyNames,
    /// A name longer than [`limits::NAME_BYTES`] after flattening.
    NameTooLong,
    /// JSON, but no object.
    NotAnObject,
    /// A name appears twice in one object, which says two things.
    NamedTwice(String),
    /// A name with dots and the same names within each other have two values.
    SpeltTwice(String),
    /// Something stands beside the list of events in its object.
    BesideList,
    /// The source ends within a record.
    Unfinished,
    /// The compressed data ends early or is damaged.
    Compressed(String),
    /// The compressed data unpacks to more than [`limits::EXPANSION`] times its size.
    Expands,
    /// Compressed twice.
    CompressedTwice,
    /// UTF-16 text.
    Utf16,
    /// XML text.
    Xml,
    /// The event log is damaged.
    EventLog(String),
    /// The event log ends within a chunk.
    ChunkCut {
        /// How many of its records were read.
        read: usize,
    },
    /// The event log ends between chunks.
    ChunksMissing {
        /// How many its header tells of.
        told: u64,
        /// How many there are.
        found: u64,
    },
    /// Called an event log, and none.
    NotAnEventLog,
    /// Neither text nor anything else that is read.
    Binary,
}

impl Cause {
    /// What to do about it.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Io(_) => "check the path and the permissions",
            Self::TooLong => "split the record, or leave it out",
            Self::NotUtf8(_) | Self::Utf16 => "convert the file to UTF-8",
            Self::Syntax { .. } | Self::NotAnObject => "write one JSON object a line",
            Self::TooDeep | Self::TooManyNames | Self::NameTooLong => "flatten or shorten the record where it is made",
            Self::NamedTwice(_) | Self::SpeltTwice(_) => {
                "write each name once: which of two values counts depends on who reads them"
            }
            Self::BesideList => "give the events alone: as a list, or one JSON object a line",
            Self::Unfinished => "the recording was cut off: copy it again, or remove its last record",
            Self::Compressed(_) => "copy the file again, or compress it again",
            Self::Expands => "unpack the file yourself if you trust it",
            Self::CompressedTwice => "unpack the file once",
            Self::Xml => "export the events as JSON, or give the .evtx file itself",
            Self::EventLog(_) => "export the log again; records before and after were read",
            Self::ChunkCut { .. } | Self::ChunksMissing { .. } => "the log was cut off: copy it again",
            Self::NotAnEventLog => "name the event log that Windows wrote, or JSON",
            Self::Binary => "give the events as JSON or as .evtx, each also in gzip or zstd; unpack other archives",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "cannot be read: {error}"),
            Self::TooLong => write!(f, "the record has more than {} bytes", limits::RECORD_BYTES),
            Self::NotUtf8(offset) => write!(f, "not UTF-8 at byte {offset}"),
            Self::Syntax { offset, expected } => write!(f, "not JSON: expected {expected} at byte {offset}"),
            Self::TooDeep => write!(f, "more than {} objects and arrays within each other", limits::DEPTH),
            Self::TooManyNames => {
                write!(f, "more than {} names or {} members in one record", limits::NAMES, limits::MEMBERS)
            }
            Self::NameTooLong => write!(f, "a name has more than {} bytes", limits::NAME_BYTES),
            Self::NotAnObject => f.write_str("the record is no JSON object"),
            Self::NamedTwice(name) => write!(f, "`{}` appears twice in one object", clip(name)),
            Self::SpeltTwice(name) => {
                write!(f, "`{}` has two values: as one name, and as names within each other", clip(name))
            }
            Self::BesideList => {
                f.write_str("beside the list of events in `Records` the object has something else, which is not read")
            }
            Self::Unfinished => f.write_str("the source ends within a record"),
            Self::Compressed(error) => write!(f, "the compressed data is damaged or cut off: {error}"),
            Self::Expands => write!(f, "the compressed data unpacks to more than {} times its size", limits::EXPANSION),
            Self::CompressedTwice => f.write_str("the source is compressed twice"),
            Self::Utf16 => f.write_str("the source is UTF-16"),
            Self::Xml => f.write_str("the source is XML"),
            Self::EventLog(error) => write!(f, "the event log is damaged: {error}"),
            Self::ChunkCut { read: 0 } => f.write_str("the event log ends within this chunk, before its first record"),
            Self::ChunkCut { read } => {
                let records = if *read == 1 { "record" } else { "records" };
                write!(f, "the event log ends within this chunk: {read} {records} before the cut could be read")
            }
            Self::ChunksMissing { told, found } => {
                write!(f, "the event log is cut off: its header tells of {told} chunks, and {found} are there")
            }
            Self::NotAnEventLog => f.write_str("the source is called .evtx and is no event log"),
            Self::Binary => f.write_str("the source is neither JSON nor an event log"),
        }
    }
}

/// One thing that was not read. What stands before and after it was, unless the place is the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Name of the source.
    pub source: Arc<str>,
    /// Where in it.
    pub place: Place,
    /// What is wrong.
    pub cause: Cause,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Place::Source => write!(f, "{}: {}", visible(&self.source), visible(&self.cause.to_string())),
            place => write!(f, "{}: {place}: {}", visible(&self.source), visible(&self.cause.to_string())),
        }
    }
}

impl std::error::Error for Problem {}
