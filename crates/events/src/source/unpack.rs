//! Compressed sources, unpacked as they are read.

use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use crate::limits;

/// What the first bytes of a source say of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    None,
    Gzip,
    Zstd,
}

impl Packing {
    pub(crate) fn of(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, 8, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            // A skippable frame, with which a zstd file may begin.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            _ => Self::None,
        }
    }
}

/// The text of an error of the kind that says that the input grew too much.
pub(crate) const EXPANDS: &str = "expands beyond the limit";

/// The reader for a packing.
pub(crate) fn unpack(packing: Packing, packed: Box<dyn Read + Send>) -> Box<dyn Read + Send> {
    let taken = Arc::new(AtomicU64::new(0));
    let counted = Counted { inner: packed, taken: Arc::clone(&taken) };
    let inner: Box<dyn Read + Send> = match packing {
        Packing::None => return counted.inner,
        Packing::Gzip => Box::new(MultiGzDecoder::new(io::BufReader::with_capacity(64 * 1024, counted))),
        Packing::Zstd => Box::new(Zstd::new(counted)),
    };
    Box::new(Bounded { inner, taken, given: 0 })
}

/// Counts what the decoder takes.
struct Counted {
    inner: Box<dyn Read + Send>,
    taken: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(out)?;
        self.taken.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Refuses to unpack a bomb, and lets no panic of a decoder through.
struct Bounded {
    inner: Box<dyn Read + Send>,
    taken: Arc<AtomicU64>,
    given: u64,
}

impl Read for Bounded {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        // After a panic the decoder is not touched again: the reader stops at the first error.
        let read = catch_unwind(AssertUnwindSafe(|| self.inner.read(out)))
            .unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::InvalidData, "the decoder gave up")))?;
        self.given += read as u64;
        let taken = self.taken.load(Ordering::Relaxed).max(1);
        if self.given > limits::EXPANSION_FROM && self.given / taken > limits::EXPANSION {
            return Err(io::Error::other(EXPANDS));
        }
        Ok(read)
    }
}

/// Zstandard frames, one after another.
struct Zstd {
    packed: io::BufReader<Counted>,
    decoder: Box<FrameDecoder>,
    state: State,
}

enum State {
    /// Before a frame.
    Between,
    /// In a frame.
    Within,
    /// What was whole before the input ended or broke is still to be given out.
    Broken(Option<io::Error>),
}

impl Zstd {
    fn new(packed: Counted) -> Self {
        let mut decoder = Box::new(FrameDecoder::new());
        decoder.set_max_window_size(limits::ZSTD_WINDOW);
        Self { packed: io::BufReader::with_capacity(64 * 1024, packed), decoder, state: State::Between }
    }

    /// Enters the next frame; false at the end of the input.
    fn enter(&mut self) -> io::Result<bool> {
        loop {
            if io::BufRead::fill_buf(&mut self.packed)?.is_empty() {
                return Ok(false);
            }
            match self.decoder.reset(&mut self.packed) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    let length = u64::from(length);
                    if io::copy(&mut (&mut self.packed).take(length), &mut io::sink())? < length {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(io::Error::new(io::ErrorKind::InvalidData, error.to_string())),
            }
        }
    }

    /// Ends the frame with an empty block of our own. The decoder keeps back a window of what it
    /// has unpacked until the frame ends; without this, up to that much that is whole would be lost.
    fn give_up(&mut self, error: io::Error) {
        const LAST_BLOCK_AND_CHECKSUM: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];
        let end = self.decoder.decode_blocks(&LAST_BLOCK_AND_CHECKSUM[..], BlockDecodingStrategy::UptoBlocks(1));
        // Whatever comes of it, the error that is reported is the first one.
        drop(end);
        self.state = State::Broken(Some(error));
    }

    fn checksum(&self) -> io::Result<()> {
        match (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum()) {
            (Some(stated), Some(found)) if stated != found => {
                Err(io::Error::new(io::ErrorKind::InvalidData, "the checksum of the frame does not agree"))
            }
            _ => Ok(()),
        }
    }
}

impl Read for Zstd {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            match &mut self.state {
                State::Between => {
                    if !self.enter()? {
                        return Ok(0);
                    }
                    self.state = State::Within;
                }
                State::Within if self.decoder.can_collect() > 0 => return self.decoder.read(out),
                State::Within if self.decoder.is_finished() => {
                    self.checksum()?;
                    self.state = State::Between;
                }
                State::Within => {
                    if let Err(error) =
                        self.decoder.decode_blocks(&mut self.packed, BlockDecodingStrategy::UptoBlocks(1))
                    {
                        self.give_up(io::Error::new(io::ErrorKind::InvalidData, error.to_string()));
                    }
                }
                State::Broken(error) => {
                    if self.decoder.is_finished() && self.decoder.can_collect() > 0 {
                        return self.decoder.read(out);
                    }
                    return Err(error.take().unwrap_or_else(|| io::ErrorKind::InvalidData.into()));
                }
            }
        }
    }
}
