//! For hosts (feature `alloc`): an image that owns its bytes and what verification found, so that it can be kept,
//! moved and shared between threads. Verifying is the only way to one, as it is to what it lends.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use crate::fault::Rejection;
use crate::image::Image;
use crate::load::{Bound, VerifiedImage, Workspace};
use crate::manifest::Manifest;

/// An image that this sensor can evaluate without a fault of the image's, with the memory that it needs. Made by
/// [`OwnedImage::load`] alone.
#[derive(Clone)]
pub struct OwnedImage {
    // INVARIANT: the bytes are those that were verified; nothing lends them to be written.
    bytes: Vec<u8>,
    bindings: Vec<u16>,
    active: Vec<u64>,
    bound: Bound,
}

impl OwnedImage {
    /// Reads and verifies an image for a sensor.
    ///
    /// # Errors
    /// As [`Image::read`] and [`Image::verify`].
    pub fn load(bytes: Vec<u8>, manifest: &Manifest<'_>) -> Result<Self, Rejection> {
        let image = Image::read(&bytes)?;
        let (mut bindings, mut active) = (vec![0; image.binding_slots()], vec![0; image.active_words()]);
        let workspace = Workspace { bindings: &mut bindings, active: &mut active };
        let bound = image.verify(manifest, workspace)?.bound;
        Ok(Self { bytes, bindings, active, bound })
    }

    /// Lends what was verified, without verifying again. Names are looked at once more, so a worker takes it once and
    /// not for each event.
    #[must_use]
    pub fn view(&self) -> VerifiedImage<'_> {
        VerifiedImage {
            image: Image::reopen(&self.bytes),
            bindings: &self.bindings,
            active: &self.active,
            bound: self.bound,
        }
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Its numbers; images are megabytes.
impl fmt::Debug for OwnedImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedImage")
            .field("bytes", &self.bytes.len())
            .field("bound", &self.bound)
            .finish_non_exhaustive()
    }
}
