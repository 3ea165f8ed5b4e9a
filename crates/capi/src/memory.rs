//! Memory of the caller's: pointers to references where they can be, else to a status; and a region that is handed out
//! piece by piece.

use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::slice;

use contentcheck_interpreter::utf16;

use crate::status::{CC_E_ALIGNMENT, CC_E_LENGTH, CC_E_NULL, CC_E_SCRATCH, CC_E_UTF8, CcStatus};
use crate::types::{CC_ALIGN, CcBytes};

/// Bytes of a word.
pub(crate) const WORD: usize = size_of::<u64>();
const _: () = assert!(WORD == CC_ALIGN);

/// Whether so many elements may lie at a pointer, as far as the pointer tells. `false`: there are none.
fn check<T>(ptr: *const T, len: usize) -> Result<bool, CcStatus> {
    if len == 0 {
        return Ok(false);
    }
    if ptr.is_null() {
        return Err(CC_E_NULL);
    }
    match len.checked_mul(size_of::<T>()) {
        Some(bytes) if bytes <= isize::MAX as usize => {}
        _ => return Err(CC_E_LENGTH),
    }
    if ptr.is_aligned() { Ok(true) } else { Err(CC_E_ALIGNMENT) }
}

/// Elements that the caller lends to be read.
///
/// # Safety
/// Where `len` is not 0 and `ptr` is aligned and not NULL, `len` elements lie there, which nobody writes to within `'a`.
/// Every pattern of bits must be a `T`.
pub(crate) unsafe fn read<'a, T>(ptr: *const T, len: usize) -> Result<&'a [T], CcStatus> {
    if !check(ptr, len)? {
        return Ok(&[]);
    }
    // SAFETY: the pointer is aligned and not NULL, and the length is that of an object; the caller says that so many
    // elements lie there, unaltered within the lifetime.
    Ok(unsafe { slice::from_raw_parts(ptr, len) })
}

/// The bytes of a `cc_bytes_t`.
///
/// # Safety
/// As [`read`].
pub(crate) unsafe fn bytes<'a>(bytes: CcBytes) -> Result<&'a [u8], CcStatus> {
    // SAFETY: the caller's, and any byte is one.
    unsafe { read(bytes.ptr.cast(), bytes.len) }
}

/// A name.
///
/// # Safety
/// As [`read`].
pub(crate) unsafe fn name<'a>(name: CcBytes) -> Result<&'a str, CcStatus> {
    // SAFETY: the caller's.
    let bytes = unsafe { bytes(name) }?;
    core::str::from_utf8(bytes).map_err(|_| CC_E_UTF8)
}

/// One struct that the caller lends to be read.
///
/// # Safety
/// As [`read`], for one element.
pub(crate) unsafe fn one<'a, T>(ptr: *const T) -> Result<&'a T, CcStatus> {
    // SAFETY: the caller's.
    unsafe { read(ptr, 1) }?.first().ok_or(CC_E_NULL)
}

/// Slots that the caller lends to be written. What is in them is not read.
///
/// # Safety
/// Where `len` is not 0 and `ptr` is aligned and not NULL, memory for `len` elements lies there, which nothing else uses
/// within `'a`.
pub(crate) unsafe fn slots<'a, T>(ptr: *mut T, len: usize) -> Result<&'a mut [MaybeUninit<T>], CcStatus> {
    if !check(ptr, len)? {
        return Ok(&mut []);
    }
    // SAFETY: as in `read`; nothing else uses the memory, and what is in it need be nothing.
    Ok(unsafe { slice::from_raw_parts_mut(ptr.cast(), len) })
}

/// The place of one result.
///
/// # Safety
/// As [`slots`], for one element.
pub(crate) unsafe fn slot<'a, T>(ptr: *mut T) -> Result<&'a mut MaybeUninit<T>, CcStatus> {
    // SAFETY: the caller's.
    unsafe { slots(ptr, 1) }?.first_mut().ok_or(CC_E_NULL)
}

/// The place of a result that nobody need ask for.
///
/// # Safety
/// As [`slot`], where it is not NULL.
pub(crate) unsafe fn optional<'a, T>(ptr: *mut T) -> Result<Option<&'a mut MaybeUninit<T>>, CcStatus> {
    if ptr.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's.
    unsafe { slot(ptr) }.map(Some)
}

/// Memory to work in, as words. Bytes behind the last whole word are left alone.
///
/// # Safety
/// Where `size` is not 0 and `ptr` is aligned and not NULL, `size` bytes lie there, which nothing else uses within `'a`.
pub(crate) unsafe fn words<'a>(ptr: *mut c_void, size: usize) -> Result<&'a mut [u64], CcStatus> {
    let ptr: *mut u64 = ptr.cast();
    if size > 0 && ptr.is_null() {
        return Err(CC_E_NULL);
    }
    if !check(ptr, size / WORD)? {
        return Ok(&mut []);
    }
    // SAFETY: the pointer is aligned and not NULL, and nothing else uses the memory. C may never have written to it: its
    // bytes are whatever they are, and none is read before it is written.
    Ok(unsafe { slice::from_raw_parts_mut(ptr, size / WORD) })
}

/// Words as the half words that bindings are.
pub(crate) fn halves(words: &mut [u64]) -> &mut [u32] {
    // SAFETY: a word has two half words, which need less alignment, and any bits are one.
    unsafe { slice::from_raw_parts_mut(words.as_mut_ptr().cast(), words.len().wrapping_mul(2)) }
}

/// Bytes that `count` elements take of a [`Region`]; nothing where no memory has so many.
pub(crate) const fn taken<T>(count: usize) -> Option<usize> {
    match count.checked_mul(size_of::<T>()) {
        Some(bytes) => bytes.checked_next_multiple_of(WORD),
        None => None,
    }
}

/// Lent memory that is handed out from its beginning.
pub(crate) struct Region<'a> {
    left: &'a mut [u64],
}

impl<'a> Region<'a> {
    pub(crate) const fn new(left: &'a mut [u64]) -> Self {
        Self { left }
    }

    /// Memory for so many elements.
    fn take<T>(&mut self, count: usize) -> Result<&'a mut [MaybeUninit<T>], CcStatus> {
        const { assert!(align_of::<T>() <= WORD && size_of::<T>() > 0) };
        let words = taken::<T>(count).ok_or(CC_E_SCRATCH)? / WORD;
        let (taken, left) = core::mem::take(&mut self.left).split_at_mut_checked(words).ok_or(CC_E_SCRATCH)?;
        self.left = left;
        // SAFETY: the words have room for `count` elements, are aligned for them, and are nobody's but the result's.
        Ok(unsafe { slice::from_raw_parts_mut(taken.as_mut_ptr().cast(), count) })
    }

    /// A copy of some elements.
    pub(crate) fn copy<T: Copy>(&mut self, from: &[T]) -> Result<&'a [T], CcStatus> {
        let to = self.take(from.len())?;
        to.iter_mut().zip(from).for_each(|(slot, value)| {
            slot.write(*value);
        });
        // SAFETY: both have the same length, so every slot is written.
        Ok(unsafe { assume_written(to) })
    }

    /// A copy of a name.
    pub(crate) fn name(&mut self, from: &str) -> Result<&'a str, CcStatus> {
        core::str::from_utf8(self.copy(from.as_bytes())?).map_err(|_| CC_E_UTF8)
    }

    /// What `make` makes of each element, written where it is to be: a value that is copied there costs more than making
    /// it. `make` may take memory itself; that it returns the slot as written is what shows that it was.
    pub(crate) fn each<S, T: Copy, E: From<CcStatus>>(
        &mut self,
        from: &[S],
        mut make: impl for<'s> FnMut(&mut Self, usize, &S, &'s mut MaybeUninit<T>) -> Result<&'s mut T, E>,
    ) -> Result<&'a [T], E> {
        let to = self.take(from.len())?;
        for (index, (slot, value)) in (0..usize::MAX).zip(to.iter_mut().zip(from)) {
            make(self, index, value, slot)?;
        }
        // SAFETY: both have the same length, so every slot is written: where one was not, it was an error.
        Ok(unsafe { assume_written(to) })
    }

    /// The text of some UTF-16, which may lie anywhere.
    ///
    /// # Safety
    /// Where `len` is not 0 and `ptr` is not NULL, `2 * len` bytes lie there.
    pub(crate) unsafe fn text_of_utf16(&mut self, ptr: *const c_void, len: usize) -> Result<&'a [u8], CcStatus> {
        let units = if ptr.cast::<u16>().is_aligned() {
            // SAFETY: the caller's, and it is aligned.
            unsafe { read(ptr.cast::<u16>(), len) }?
        } else {
            // SAFETY: the caller's; bytes need no alignment.
            let pairs = unsafe { read(ptr.cast::<[u8; 2]>(), len) }?;
            self.each(pairs, |_, _, pair, slot| Ok::<_, CcStatus>(slot.write(u16::from_ne_bytes(*pair))))?
        };
        let left = core::mem::take(&mut self.left);
        let most = left.len().saturating_mul(WORD).min(isize::MAX as usize);
        // SAFETY: these are the words that are left, as bytes; the text is written to before it is read.
        let memory = unsafe { slice::from_raw_parts_mut(left.as_mut_ptr().cast::<u8>(), most) };
        let written = utf16::to_text(units, memory).map_err(|_| CC_E_SCRATCH)?.len();
        // The text was measured by writing it. Now it is taken, and what is behind it is left.
        let words = written.div_ceil(WORD);
        let (text, left) = left.split_at_mut_checked(words).ok_or(CC_E_SCRATCH)?;
        self.left = left;
        // SAFETY: these bytes were written above, and nobody else has them.
        Ok(unsafe { slice::from_raw_parts(text.as_ptr().cast::<u8>(), written) })
    }
}

/// Slots as what was written to them.
///
/// # Safety
/// Every one was written.
unsafe fn assume_written<T>(slots: &mut [MaybeUninit<T>]) -> &[T] {
    // SAFETY: a slot has the layout of what is in it, and the caller says that something is.
    unsafe { slice::from_raw_parts(slots.as_ptr().cast(), slots.len()) }
}
