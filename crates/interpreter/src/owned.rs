//! For hosts (feature `alloc`): an image that owns its bytes and what verification found, so that it can be kept,
//! moved and shared between threads. Verifying is the only way to one, as it is to what it lends.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec;
use core::fmt;

use crate::fault::Rejection;
use crate::image::Image;
use crate::load::{Bound, VerifiedImage, Workspace};
use crate::manifest::Manifest;

/// An image that this sensor can evaluate without a fault of the image's, with the memory that it needs. Made by
/// [`OwnedImage::load`] alone. It is `'static`, `Send` and `Sync`: a sensor keeps it in an `Arc` and puts another one in
/// its place.
///
/// ```
/// # use contentcheck_interpreter::OwnedImage;
/// fn is_shared<T: Send + Sync + 'static>() {}
/// is_shared::<OwnedImage>();
/// ```
#[derive(Clone)]
pub struct OwnedImage {
    // INVARIANT: the bytes are those that were verified; nothing lends them to be written.
    bytes: Arc<[u8]>,
    bindings: Box<[u32]>,
    active: Box<[u64]>,
    bound: Bound,
}

impl OwnedImage {
    /// Reads and verifies an image for a sensor. Its checksum is made once.
    ///
    /// # Errors
    /// As [`Image::read`] and [`Image::verify`].
    pub fn load(bytes: impl Into<Arc<[u8]>>, manifest: &Manifest<'_>) -> Result<Self, Rejection> {
        let bytes = bytes.into();
        let image = Image::read(&bytes)?;
        let mut bindings = vec![0; image.binding_slots()].into_boxed_slice();
        let mut active = vec![0; image.active_words()].into_boxed_slice();
        let workspace = Workspace { bindings: &mut bindings, active: &mut active };
        let bound = image.verify(manifest, workspace)?.bound;
        Ok(Self { bytes, bindings, active, bound })
    }

    /// Finds the sections again, without checking anything again. A thread takes it once and not for each event.
    #[must_use]
    pub fn open(&self) -> OpenImage<'_> {
        OpenImage { image: Image::reopen(&self.bytes), owned: self }
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

/// An owned image with its sections at hand.
#[derive(Clone, Debug)]
pub struct OpenImage<'o> {
    image: Image<'o>,
    owned: &'o OwnedImage,
}

impl OpenImage<'_> {
    /// Lends what was verified.
    #[must_use]
    pub const fn verified(&self) -> VerifiedImage<'_> {
        VerifiedImage {
            image: &self.image,
            bindings: &self.owned.bindings,
            active: &self.owned.active,
            bound: self.owned.bound,
        }
    }
}
