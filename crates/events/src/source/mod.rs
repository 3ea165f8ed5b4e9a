//! Sources: bytes to batches of records.
//!
//! One thread reads and unpacks; a [`Batch`] can be taken apart and decoded on any other.

mod event_log;
mod split;
mod unpack;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use crate::limits;
use crate::problem::{Cause, Place, Problem};
use split::{Cut, Splitter};
use unpack::Packing;

/// One record of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// The JSON object.
    pub bytes: &'a [u8],
    /// Where it stands.
    pub place: Place,
}

/// Some records of a source, in their order, not yet decoded.
#[derive(Debug, Default)]
pub struct Batch {
    source: Arc<str>,
    shape: Shape,
    bytes: Vec<u8>,
    /// Found by the reader itself; they stand behind the records.
    problems: Vec<(Place, Cause)>,
}

#[derive(Debug, Default)]
enum Shape {
    /// Lines; the number of the first one.
    Lines(u64),
    /// Objects of a document.
    Objects(Vec<Object>),
    /// A chunk of an event log; its number.
    Chunk(u64),
    /// The last chunk of an event log that is cut off; its number.
    CutChunk(u64),
    #[default]
    Nothing,
}

#[derive(Debug)]
struct Object {
    start: usize,
    end: usize,
    number: u64,
    line: u64,
}

impl Batch {
    /// An empty batch, to be filled by [`Reader::next_batch`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes of the records; for event logs, of the log.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether the batch holds no bytes of records. It may still hold a problem.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// A problem of this source.
    #[must_use]
    pub fn problem(&self, place: Place, cause: Cause) -> Problem {
        Problem { source: Arc::clone(&self.source), place, cause }
    }

    /// Visits each record and each problem, in the order of the source. Blank lines are none.
    pub fn each(&self, mut visit: impl FnMut(Result<Record<'_>, Problem>)) {
        match &self.shape {
            Shape::Nothing => {}
            Shape::Lines(first) => {
                for (number, line) in (*first..).zip(lines(&self.bytes)) {
                    let place = Place::Line(number);
                    let bytes = line.trim_ascii();
                    if bytes.len() > limits::RECORD_BYTES {
                        visit(Err(self.problem(place, Cause::TooLong)));
                    } else if !bytes.is_empty() {
                        visit(Ok(Record { bytes, place }));
                    }
                }
            }
            Shape::Objects(objects) => {
                for object in objects {
                    let place = Place::Object { number: object.number, line: object.line };
                    if let Some(bytes) = self.bytes.get(object.start..object.end) {
                        visit(Ok(Record { bytes, place }));
                    }
                }
            }
            Shape::Chunk(number) => event_log::records(&self.bytes, *number, |place, record| {
                visit(record.map(|bytes| Record { bytes, place }).map_err(|cause| self.problem(place, cause)));
            }),
            Shape::CutChunk(number) => event_log::records_before_cut(&self.bytes, *number, |place, record| {
                visit(record.map(|bytes| Record { bytes, place }).map_err(|cause| self.problem(place, cause)));
            }),
        }
        for (place, cause) in &self.problems {
            visit(Err(self.problem(*place, cause.clone())));
        }
    }
}

/// Lines without their ends. What follows the last line end is a line unless it is empty.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', rest);
        let (line, after) = rest.split_at_checked(end.map_or(rest.len(), |end| end + 1))?;
        rest = after;
        Some(line)
    })
}

/// Reads a source batch by batch.
///
/// What the source is shows in its first bytes, not in its name: gzip or zstd around anything,
/// an event log (`.evtx`), a JSON document (one object or several, an array of objects, or
/// `{"Records": […]}`), else JSON lines.
pub struct Reader {
    source: Arc<str>,
    input: Box<dyn Read + Send>,
    mode: Mode,
    /// Read and not yet handed over.
    pending: Vec<u8>,
    /// Number of the line at which `pending` begins.
    line: u64,
    /// No more input: the end was reached, or an error.
    ended: bool,
    /// The error at which the input ended.
    error: Option<Cause>,
}

#[derive(Debug)]
enum Mode {
    Start,
    Lines,
    /// Within a line that is too long, until it ends.
    LongLine,
    Objects(Objects),
    /// Chunks so far, and how many the header tells of.
    Chunks(u64, u64),
    Done,
}

#[derive(Debug, Default)]
struct Objects {
    /// Objects so far.
    number: u64,
    /// Within an object: how far it was followed, and on which line it begins.
    within: Option<(Splitter, usize, u64)>,
    /// The object is too long; its bytes are thrown away.
    long: bool,
    /// What stands between objects was complained about.
    complained: bool,
    /// Documents are objects that have a list of events, and nothing else.
    wrapped: bool,
    /// Behind the list of events of such an object, up to where it ends.
    behind: Option<Behind>,
    /// Within a list of events.
    list: Option<List>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    /// A document by itself.
    Array,
    /// Of an object.
    Records,
}

/// What stands behind a list of events in its object.
#[derive(Debug)]
struct Behind {
    splitter: Splitter,
    /// It was told that there is something.
    complained: bool,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("source", &self.source).field("mode", &self.mode).finish_non_exhaustive()
    }
}

/// Bytes that are asked of the input at a time.
const READ: usize = 256 * 1024;

impl Reader {
    /// Opens a file; `-` is standard input.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn open(path: &Path) -> Result<Self, Problem> {
        let name = path.display().to_string();
        if name == "-" {
            return Ok(Self::new("stdin", io::stdin()));
        }
        let failed = |error: &dyn std::fmt::Display| Problem {
            source: name.as_str().into(),
            place: Place::Source,
            cause: Cause::Io(error.to_string()),
        };
        let file = File::open(path).map_err(|error| failed(&error))?;
        if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
            return Err(failed(&"is a directory"));
        }
        Ok(Self::new(&name, file))
    }

    /// A reader over any bytes, under a name for problems.
    #[must_use]
    pub fn new(name: &str, input: impl Read + Send + 'static) -> Self {
        Self {
            source: name.into(),
            input: Box::new(input),
            mode: Mode::Start,
            pending: Vec::new(),
            line: 1,
            ended: false,
            error: None,
        }
    }

    /// Name of the source.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Fills a batch; false when the source is exhausted. Its memory is reused.
    pub fn next_batch(&mut self, batch: &mut Batch) -> bool {
        batch.source = Arc::clone(&self.source);
        batch.bytes.clear();
        batch.problems.clear();
        batch.shape = Shape::Nothing;
        if matches!(self.mode, Mode::Start)
            && let Err(cause) = self.start()
        {
            batch.problems.push((Place::Source, cause));
            self.mode = Mode::Done;
            return true;
        }
        match &mut self.mode {
            Mode::Start | Mode::Done => return false,
            Mode::Lines | Mode::LongLine => self.fill_lines(batch),
            Mode::Objects(_) => self.fill_objects(batch),
            Mode::Chunks(..) => self.fill_chunk(batch),
        }
        if matches!(self.mode, Mode::Done)
            && let Some(error) = self.error.take()
        {
            batch.problems.push((Place::Source, error));
        }
        !(matches!(self.mode, Mode::Done) && batch.is_empty() && batch.problems.is_empty())
    }

    /// Reads until `pending` has so many bytes, or the input ends.
    fn fill(&mut self, wanted: usize) {
        while self.pending.len() < wanted && !self.ended {
            let room = (wanted - self.pending.len()).max(READ) as u64;
            // What was read before an error stays in `pending`.
            match (&mut self.input).take(room).read_to_end(&mut self.pending) {
                Ok(read) => self.ended = (read as u64) < room,
                Err(error) => {
                    self.ended = true;
                    self.error = Some(self.cause(&error));
                }
            }
        }
    }

    fn cause(&self, error: &io::Error) -> Cause {
        let message = error.to_string();
        if message == unpack::EXPANDS {
            Cause::Expands
        } else if matches!(
            error.kind(),
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput
        ) {
            Cause::Compressed(message)
        } else {
            Cause::Io(message)
        }
    }

    /// Finds out what the source is.
    fn start(&mut self) -> Result<(), Cause> {
        const HEAD: usize = 16;
        self.fill(HEAD);
        let packing = Packing::of(&self.pending);
        if packing != Packing::None {
            let head = io::Cursor::new(std::mem::take(&mut self.pending));
            let input = std::mem::replace(&mut self.input, Box::new(io::empty()));
            self.input = unpack::unpack(packing, Box::new(head.chain(input)));
            self.ended = false;
            self.fill(HEAD);
            if Packing::of(&self.pending) != Packing::None {
                return Err(Cause::CompressedTwice);
            }
        }
        if self.pending.is_empty() && event_log::is_named(&self.source) {
            return Err(self.error.take().unwrap_or_else(|| Cause::EventLog("it is empty".to_owned())));
        }
        if self.pending.starts_with(event_log::MAGIC) {
            self.fill(event_log::HEADER);
            let read = self.pending.len();
            if read < event_log::HEADER {
                let short = || format!("it ends within its header, after {read} of {} bytes", event_log::HEADER);
                return Err(self.error.take().unwrap_or_else(|| Cause::EventLog(short())));
            }
            let told = event_log::chunks(&self.pending);
            self.pending.drain(..event_log::HEADER);
            self.mode = Mode::Chunks(0, told);
            return Ok(());
        }
        match self.pending.as_slice() {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Err(Cause::Utf16),
            [0xef, 0xbb, 0xbf, ..] => drop(self.pending.drain(..3)),
            _ => {}
        }
        // The first line that is not blank tells lines from documents.
        let mut wanted = READ;
        let line = loop {
            self.fill(wanted);
            self.pass(self.pending.len() - self.pending.trim_ascii_start().len());
            let end = memchr::memchr(b'\n', &self.pending);
            if end.is_some() || self.ended || self.pending.len() > limits::RECORD_BYTES {
                break self.pending.get(..end.unwrap_or(self.pending.len())).unwrap_or(&[]);
            }
            wanted = self.pending.len() + READ;
        };
        if line.starts_with(b"<") {
            return Err(Cause::Xml);
        }
        if !matches!(line.first(), None | Some(b'{' | b'[')) {
            if event_log::is_named(&self.source) {
                return Err(Cause::NotAnEventLog);
            }
            if line.contains(&0) {
                return Err(Cause::Binary);
            }
        }
        self.mode = if let Some(list) = split::opens_list(&self.pending) {
            let wrapped = self.pending.starts_with(b"{");
            self.pass(list);
            let list = if wrapped { List::Records } else { List::Array };
            Mode::Objects(Objects { wrapped, list: Some(list), ..Objects::default() })
        } else if split::goes_on(line) {
            Mode::Objects(Objects::default())
        } else {
            Mode::Lines
        };
        Ok(())
    }

    /// Leaves out the first bytes of `pending`, and counts their lines.
    fn pass(&mut self, bytes: usize) {
        let passed = self.pending.drain(..bytes.min(self.pending.len()));
        self.line += passed.as_slice().iter().filter(|byte| **byte == b'\n').count() as u64;
    }

    fn fill_lines(&mut self, batch: &mut Batch) {
        let mut wanted = limits::BATCH_BYTES;
        loop {
            self.fill(wanted);
            if matches!(self.mode, Mode::LongLine) {
                let end = memchr::memchr(b'\n', &self.pending);
                self.pass(end.map_or(usize::MAX, |end| end + 1));
                if end.is_some() {
                    self.mode = Mode::Lines;
                } else if self.ended {
                    self.mode = Mode::Done;
                    return;
                }
                continue;
            }
            if let Some(last) = memchr::memrchr(b'\n', &self.pending) {
                self.hand_over(last + 1, batch);
                return;
            }
            if self.ended {
                self.mode = Mode::Done;
                if self.error.is_none() {
                    self.hand_over(self.pending.len(), batch);
                } else if !self.pending.trim_ascii().is_empty() {
                    // The line is not whole; the error that cut it follows.
                    batch.problems.push((Place::Line(self.line), Cause::Unfinished));
                }
                return;
            }
            if self.pending.len() > limits::RECORD_BYTES {
                batch.problems.push((Place::Line(self.line), Cause::TooLong));
                self.pending.clear();
                self.mode = Mode::LongLine;
                return;
            }
            wanted = self.pending.len() + READ;
        }
    }

    /// Moves the first bytes of `pending` to the batch, without copying them where they are most.
    fn hand_over(&mut self, bytes: usize, batch: &mut Batch) {
        batch.shape = Shape::Lines(self.line);
        std::mem::swap(&mut batch.bytes, &mut self.pending);
        self.pending.clear();
        self.pending.extend_from_slice(batch.bytes.get(bytes..).unwrap_or(&[]));
        batch.bytes.truncate(bytes);
        self.line += memchr::memchr_iter(b'\n', &batch.bytes).count() as u64;
    }

    fn fill_chunk(&mut self, batch: &mut Batch) {
        loop {
            self.fill(event_log::CHUNK);
            let Mode::Chunks(number, told) = &mut self.mode else { return };
            let whole = self.pending.len() >= event_log::CHUNK;
            let bytes = self.pending.get(..event_log::CHUNK).unwrap_or(&self.pending);
            let blank = bytes.iter().all(|byte| *byte == 0);
            *number += 1;
            let (number, told) = (*number, *told);
            if !blank {
                batch.bytes.extend_from_slice(bytes);
                batch.shape = if whole { Shape::Chunk(number) } else { Shape::CutChunk(number) };
            } else if !whole && number <= told && self.error.is_none() {
                batch.problems.push((Place::Source, Cause::ChunksMissing { told, found: number - 1 }));
            } else if whole && number <= told {
                // Windows makes room for chunks before it counts them: one that is counted had records.
                batch.problems.push((Place::Chunk(number), Cause::EventLog("the chunk is empty".to_owned())));
            }
            if whole {
                self.pending.drain(..event_log::CHUNK);
            } else {
                self.mode = Mode::Done;
            }
            if !whole || !blank {
                return;
            }
        }
    }

    fn fill_objects(&mut self, batch: &mut Batch) {
        self.fill(limits::BATCH_BYTES);
        let Mode::Objects(mut state) = std::mem::replace(&mut self.mode, Mode::Done) else { return };
        let mut found = Vec::new();
        let mut at = 0;
        let mut line = self.line;
        while let Some(rest) = self.pending.get(at..).filter(|rest| !rest.is_empty()) {
            if let Some(Behind { splitter, complained }) = &mut state.behind {
                // Whatever else it has may be an event, or more of them, and nobody would see that it is not read.
                if let Some(at) = rest.iter().position(|byte| !byte.is_ascii_whitespace()).filter(|_| !*complained) {
                    *complained = true;
                    if rest.get(at) != Some(&b'}') {
                        let line = line + newlines(rest.get(..at).unwrap_or(&[]));
                        let place = Place::Object { number: state.number + 1, line };
                        batch.problems.push((place, Cause::BesideList));
                    }
                }
                let end = match splitter.follow(rest) {
                    Cut::End(end) => {
                        state.behind = None;
                        end
                    }
                    Cut::More => rest.len(),
                };
                line += newlines(rest.get(..end).unwrap_or(rest));
                at += end;
                continue;
            }
            let Some((splitter, followed, began)) = &mut state.within else {
                let (skipped, is_known) = state.between(rest, self.ended, &mut line, batch);
                at += skipped;
                if !is_known {
                    break;
                }
                continue;
            };
            let (splitter_rest, before) = (rest.get(*followed..).unwrap_or(&[]), *followed);
            match splitter.follow(splitter_rest) {
                Cut::End(end) => {
                    let end = before + end;
                    let place = Place::Object { number: state.number, line: *began };
                    if state.long || end > limits::RECORD_BYTES {
                        batch.problems.push((place, Cause::TooLong));
                    } else {
                        found.push(Object { start: at, end: at + end, number: state.number, line: *began });
                    }
                    line += newlines(rest.get(before..end).unwrap_or(&[]));
                    state.within = None;
                    state.long = false;
                    at += end;
                }
                Cut::More => {
                    line += newlines(splitter_rest);
                    *followed = rest.len();
                    break;
                }
            }
        }
        batch.bytes.extend_from_slice(self.pending.get(..at).unwrap_or(&[]));
        batch.shape = Shape::Objects(found);
        self.pending.drain(..at);
        self.line = line;
        if let Some((_, followed, _)) = &mut state.within
            && (state.long || *followed > limits::RECORD_BYTES)
        {
            state.long = true;
            *followed = 0;
            self.pending.clear();
        }
        if self.ended {
            if let Some((_, _, began)) = state.within {
                batch.problems.push((Place::Object { number: state.number, line: began }, Cause::Unfinished));
            } else if (state.list.is_some() || state.behind.is_some()) && self.error.is_none() {
                batch.problems.push((Place::Source, Cause::Unfinished));
            }
            return;
        }
        if !self.pending.is_empty() {
            // The next call must see more than this one did.
            self.fill(self.pending.len() + READ);
        }
        self.mode = Mode::Objects(state);
    }
}

impl Objects {
    /// Passes what stands between objects: how many bytes, and whether they are enough to tell what follows.
    fn between(&mut self, rest: &[u8], ended: bool, line: &mut u64, batch: &mut Batch) -> (usize, bool) {
        /// Bytes in which an object names its list of events.
        const NAMES: usize = 256;
        for (at, byte) in rest.iter().enumerate() {
            match byte {
                b'\n' => *line += 1,
                b'{' if self.wrapped && self.list.is_none() => {
                    let object = rest.get(at..).unwrap_or(&[]);
                    self.complained = false;
                    match split::opens_list(object) {
                        Some(list) => {
                            *line += newlines(object.get(..list).unwrap_or(object));
                            self.list = Some(List::Records);
                            return (at + list, true);
                        }
                        None if object.len() < NAMES && !ended => return (at, false),
                        None => {
                            self.number += 1;
                            self.within = Some((Splitter::default(), 0, *line));
                            return (at, true);
                        }
                    }
                }
                b'{' => {
                    self.number += 1;
                    self.within = Some((Splitter::default(), 0, *line));
                    self.complained = false;
                    return (at, true);
                }
                b'[' if self.list.is_none() => self.list = Some(List::Array),
                b']' if self.list.is_some() => {
                    if self.list.take() == Some(List::Records) {
                        self.behind = Some(Behind { splitter: Splitter::within(), complained: false });
                        return (at + 1, true);
                    }
                }
                b',' if self.list.is_some() => {}
                b' ' | b'\t' | b'\r' => {}
                _ if self.complained => {}
                _ => {
                    self.complained = true;
                    let place = Place::Object { number: self.number + 1, line: *line };
                    batch.problems.push((place, Cause::NotAnObject));
                }
            }
        }
        (rest.len(), true)
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}
