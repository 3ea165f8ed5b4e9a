//! Every bound on recorded events, on one page. What passes on one machine passes on every machine.

/// Bytes of one record: a line, an object of a document, a rendered EVTX record.
pub const RECORD_BYTES: usize = 16 * 1024 * 1024;

/// Objects and arrays within each other.
pub const DEPTH: u32 = 64;

/// Different names of one event, after flattening.
pub const NAMES: usize = 4_096;

/// Members of all objects of one record. More than [`NAMES`], since arrays of objects repeat theirs.
pub const MEMBERS: usize = 65_536;

/// Bytes of one name, after flattening.
pub const NAME_BYTES: usize = 4_096;

/// Bytes that the reader hands over at a time, unless a single record is larger.
pub const BATCH_BYTES: usize = 1024 * 1024;

/// Window that a zstd frame may ask for, which the decoder holds in memory.
pub const ZSTD_WINDOW: u64 = 128 * 1024 * 1024;

/// Bytes that a compressed input may unpack to before [`EXPANSION`] is looked at.
pub const EXPANSION_FROM: u64 = 64 * 1024 * 1024;

/// Bytes that one compressed byte may unpack to. Logs reach some 200, one short event over and over 410, a bomb of zstd 30,000,
/// and gzip never more than 1,032: a limit beyond that would never hold one back.
pub const EXPANSION: u64 = 600;

/// Combinations of values under which the router files one template type; one that has more is
/// tried on every event.
pub const ROUTES: usize = 4_096;
