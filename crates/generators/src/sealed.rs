//! Images as a forger leaves them: altered, with a length and a checksum that are right again.

use contentcheck_interpreter::Image;
use contentcheck_interpreter::format::{CHECKSUM_AT, HEADER, PREFIX, Section};
use contentcheck_interpreter::hash::checksum;

/// Makes length and checksum those of the bytes, as far as there is room for them.
pub fn seal(bytes: &mut [u8]) {
    let len = (bytes.len() as u64).to_le_bytes();
    bytes.iter_mut().skip(16).zip(len).for_each(|(slot, byte)| *slot = byte);
    let sum = checksum(bytes).to_le_bytes();
    bytes.iter_mut().skip(CHECKSUM_AT).zip(sum).for_each(|(slot, byte)| *slot = byte);
}

/// The first bytes of an image, a directory and sections that lie where it says. Not sealed.
pub fn joined<'s>(prefix: &[u8], sections: impl IntoIterator<Item = &'s [u8]>) -> Vec<u8> {
    let (mut directory, mut body) = (Vec::new(), Vec::new());
    for bytes in sections {
        body.resize((HEADER + body.len()).next_multiple_of(8) - HEADER, 0);
        directory.extend(((HEADER + body.len()) as u32).to_le_bytes());
        directory.extend((bytes.len() as u32).to_le_bytes());
        body.extend_from_slice(bytes);
    }
    [prefix, &directory, &body].concat()
}

/// An image with other bytes in some sections, all in their places, and sealed.
///
/// # Panics
/// If the image cannot be read.
pub fn rebuilt(image: &[u8], section: impl Fn(Section, &[u8]) -> Vec<u8>) -> Vec<u8> {
    let read = Image::read(image).expect("the image is one");
    let sections: Vec<Vec<u8>> = Section::ALL.iter().map(|at| section(*at, read.section_bytes(*at))).collect();
    let mut forged = joined(image.get(..PREFIX).unwrap_or_default(), sections.iter().map(Vec::as_slice));
    seal(&mut forged);
    forged
}
