//! For fuzzing alone (feature `unverified`): the ways past the checksum and past verification, so
//! that a test can show that what lies behind them holds on its own.

use crate::fault::Rejection;
use crate::image::Image;
use crate::load::{VerifiedImage, Workspace};
use crate::manifest::Manifest;

impl<'i> Image<'i> {
    /// Finds the sections, and takes whatever checksum there is.
    ///
    /// # Errors
    /// As [`Image::read`], but for the checksum.
    pub fn read_unverified(bytes: &'i [u8]) -> Result<Self, Rejection> {
        Self::sections(bytes)
    }

    /// Binds inputs and finds what this sensor loads, as [`Image::verify`] does, and checks no record.
    /// Evaluation then may end in [`crate::Fault::Corrupt`]; it still ends, and never panics.
    ///
    /// # Errors
    /// As [`Image::verify`], but for the records and the size of the image.
    pub fn assume_verified<'w>(
        &'w self,
        manifest: &Manifest<'_>,
        workspace: Workspace<'w>,
    ) -> Result<VerifiedImage<'w>, Rejection> {
        self.bound(manifest, workspace)
    }
}
