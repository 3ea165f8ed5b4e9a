//! Where the log keeps what: the paths of C2SP's `tlog-tiles`. A device reads none of them; whoever makes a token for it does.

use core::fmt;

/// Hashes of a full tile, by the logarithm: 256.
const HEIGHT: u32 = 8;

/// A tile of hashes, or a bundle of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// The level from 0 to 63; nothing for entries.
    level: Option<u8>,
    index: u64,
    /// Hashes or entries that it has, 1 to 256.
    width: u16,
}

/// Why there is no such tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoTile;

impl fmt::Display for NoTile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a log of this size has no such tile")
    }
}

impl core::error::Error for NoTile {}

/// Of `nodes` in a row, those of the tile at `index`.
fn width(nodes: u64, index: u64) -> Option<u16> {
    let first = index.checked_mul(1 << HEIGHT)?;
    let left = nodes.checked_sub(first).filter(|left| *left > 0)?;
    u16::try_from(left.min(1 << HEIGHT)).ok()
}

impl Tile {
    /// The tile at a level and an index, of a log of `size` entries.
    ///
    /// # Errors
    /// When such a log has none there.
    pub fn of_hashes(level: u8, index: u64, size: u64) -> Result<Self, NoTile> {
        let nodes = size.checked_shr(HEIGHT.saturating_mul(u32::from(level))).unwrap_or(0);
        Ok(Self { level: Some(level), index, width: width(nodes, index).ok_or(NoTile)? })
    }

    /// The bundle of entries at an index, of a log of `size` entries.
    ///
    /// # Errors
    /// When such a log has none there.
    pub fn of_entries(index: u64, size: u64) -> Result<Self, NoTile> {
        Ok(Self { level: None, index, width: width(size, index).ok_or(NoTile)? })
    }

    /// Hashes or entries that it has, 1 to 256.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.width
    }
}

/// The path below the address of the log.
impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level {
            Some(level) => write!(f, "tile/{level}/")?,
            None => f.write_str("tile/entries/")?,
        }
        // Groups of three digits, the highest first; 2^64 has seven of them.
        let mut power = 1_000_u64.pow(6);
        while power > 1 {
            if self.index >= power {
                write!(f, "x{:03}/", self.index / power % 1_000)?;
            }
            power /= 1_000;
        }
        write!(f, "{:03}", self.index % 1_000)?;
        if self.width < 1 << HEIGHT { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}
