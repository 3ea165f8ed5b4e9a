//! Load: the memory that an image needs, and a verified image in it.

use core::ffi::c_void;
use core::mem::{MaybeUninit, offset_of};

use contentcheck_interpreter::{Image, KillList, Manifest, Sizes, VerifiedImage, Workspace};

use crate::memory::{self, Region, WORD};
use crate::refusal::{Refused, too_small};
use crate::status::{CC_E_ENUM, CC_E_HANDLE, CC_E_LENGTH, CC_E_MEMORY, CC_OK, CcStatus};
use crate::types::{CC_KILL_ALL_BUT, CC_KILL_NAMED, CcBytes, CcManifest, CcRefusal, CcSizes};

/// `cc_image_t`: a verified image, at the beginning of the memory that was lent for it, or in a reader of a store.
///
/// The lifetimes are the caller's promise: what is borrowed stays where it is for as long as the image is used. `key` says where it was
/// made.
#[derive(Debug)]
#[repr(C)]
pub struct CcImage {
    pub(crate) key: u64,
    pub(crate) manifest: Manifest<'static>,
    pub(crate) verified: VerifiedImage<'static>,
}

/// A [`CcImage`] before its key is written, with the image that it borrows behind it, so that neither can move.
#[repr(C)]
struct Lent {
    key: u64,
    manifest: MaybeUninit<Manifest<'static>>,
    verified: MaybeUninit<VerifiedImage<'static>>,
    image: MaybeUninit<Image<'static>>,
}

const _: () = assert!(
    offset_of!(Lent, manifest) == offset_of!(CcImage, manifest)
        && offset_of!(Lent, verified) == offset_of!(CcImage, verified)
        && size_of::<Lent>() >= size_of::<CcImage>()
);

/// `cc_kill_list_t`: a kill list, at the beginning of the memory that was lent for it.
#[derive(Debug)]
#[repr(C)]
pub struct CcKillList {
    key: u64,
    list: KillList<'static>,
}

/// What tells memory with an image or a kill list in it from other memory, and from a copy.
pub(crate) trait Handle {
    const KIND: u64;
}

impl Handle for CcImage {
    const KIND: u64 = 0x6363_5F69_6D61_6765;
}

impl Handle for CcKillList {
    const KIND: u64 = 0x6363_5F6B_696C_6C73;
}

pub(crate) fn key<H: Handle>(handle: *const H) -> u64 {
    H::KIND ^ handle.addr() as u64
}

/// The words that a handle takes.
const fn words_of<H>() -> usize {
    size_of::<H>().div_ceil(WORD)
}

const _: () = assert!(align_of::<Lent>() <= WORD && align_of::<CcKillList>() <= WORD);

/// A handle that a caller gives back.
///
/// # Safety
/// Where the pointer is aligned and not NULL, 8 bytes lie there; where they are the key, the handle does.
pub(crate) unsafe fn handle<'a, H: Handle>(ptr: *const H) -> Result<&'a H, CcStatus> {
    // SAFETY: the caller's.
    let found = *unsafe { memory::one(ptr.cast::<u64>()) }?;
    if found != key(ptr) {
        return Err(CC_E_HANDLE);
    }
    // SAFETY: the key is written last, to a handle that is whole; nobody writes to one.
    unsafe { memory::one(ptr) }
}

/// An image that a caller gives back.
///
/// # Safety
/// As the header says of images.
pub(crate) unsafe fn image<'a>(ptr: *const CcImage) -> Result<&'a CcImage, CcStatus> {
    // SAFETY: the caller's.
    unsafe { handle(ptr) }
}

/// A kill list that a caller gives back; NULL is one that is empty.
///
/// # Safety
/// As the header says of kill lists.
pub(crate) unsafe fn kill_list<'a>(ptr: *const CcKillList) -> Result<KillList<'a>, CcStatus> {
    if ptr.is_null() {
        return Ok(KillList::NONE);
    }
    // SAFETY: the caller's.
    unsafe { handle(ptr) }.map(|handle| handle.list)
}

/// Bytes of the memory for an image and for a kill list.
fn image_bytes(sizes: &Sizes, manifest: usize) -> Option<usize> {
    let bindings = memory::taken::<u32>(sizes.bindings)?;
    let active = memory::taken::<u64>(sizes.active)?;
    words_of::<Lent>().checked_mul(WORD)?.checked_add(bindings)?.checked_add(active)?.checked_add(manifest)
}

/// Bytes of a kill list of so many words.
pub(crate) const fn kill_bytes(words: usize) -> usize {
    words_of::<CcKillList>().saturating_add(words).saturating_mul(WORD)
}

/// # Safety
/// As the header says of manifests.
unsafe fn sizes(bytes: &[u8], manifest: *const CcManifest) -> Result<(Sizes, CcSizes), Refused> {
    // SAFETY: the caller's.
    let manifest = unsafe { crate::manifest::size(manifest) }?;
    let sizes = Image::sizes(bytes)?;
    let image = image_bytes(&sizes, manifest).ok_or(CC_E_LENGTH)?;
    let scratch = sizes.scratch.checked_mul(WORD).ok_or(CC_E_LENGTH)?;
    Ok((sizes, CcSizes { image, scratch, kill: kill_bytes(sizes.kill) }))
}

/// Writes why something is refused, where somebody asks.
pub(crate) fn told(why: Option<&mut MaybeUninit<CcRefusal>>, result: Result<(), Refused>) -> CcStatus {
    let refusal = match result {
        Ok(()) => Refused::from(CC_OK).0,
        Err(refused) => refused.0,
    };
    if let Some(why) = why {
        why.write(refusal);
    }
    refusal.status
}

/// `cc_sizes`: how much memory to lend.
///
/// # Safety
/// As the header says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_sizes(
    image: CcBytes,
    manifest: *const CcManifest,
    out: *mut CcSizes,
    why: *mut CcRefusal,
) -> CcStatus {
    // SAFETY: the caller's.
    let why = match unsafe { memory::optional(why) } {
        Ok(why) => why,
        Err(status) => return status,
    };
    let found = || {
        // SAFETY: the caller's.
        let out = unsafe { memory::slot(out) }?;
        // SAFETY: the caller's.
        let bytes = unsafe { memory::bytes(image) }?;
        // SAFETY: the caller's.
        out.write(unsafe { sizes(bytes, manifest) }?.1);
        Ok(())
    };
    told(why, found())
}

/// `cc_verify`: an image for this sensor, in lent memory.
///
/// # Safety
/// As the header says of pointers; image and memory stay as they are for as long as the result is used.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_verify(
    image: CcBytes,
    manifest: *const CcManifest,
    memory: *mut c_void,
    size: usize,
    out: *mut *const CcImage,
    why: *mut CcRefusal,
) -> CcStatus {
    // SAFETY: the caller's.
    let why = match unsafe { memory::optional(why) } {
        Ok(why) => why,
        Err(status) => return status,
    };
    let verified = || {
        // SAFETY: the caller's.
        let out = unsafe { memory::slot(out) }?.write(core::ptr::null());
        // SAFETY: the caller's; the bytes stay as they are for as long as the image is used.
        let bytes = unsafe { memory::bytes(image) }?;
        // SAFETY: the caller's; so does the memory, which is the image's own.
        let words = unsafe { memory::words(memory, size) }?;
        // SAFETY: the caller's.
        *out = unsafe { verify(bytes, manifest, words, size) }?;
        Ok(())
    };
    told(why, verified())
}

/// # Safety
/// As the header says of manifests.
unsafe fn verify(
    bytes: &'static [u8],
    manifest: *const CcManifest,
    words: &'static mut [u64],
    size: usize,
) -> Result<*const CcImage, Refused> {
    // SAFETY: the caller's.
    let (sizes, lent) = unsafe { sizes(bytes, manifest) }?;
    let small = || too_small(lent.image, size);
    let (head, rest) = words.split_at_mut_checked(words_of::<Lent>()).ok_or_else(small)?;
    let (active, rest) = rest.split_at_mut_checked(sizes.active).ok_or_else(small)?;
    let (bindings, rest) = rest.split_at_mut_checked(sizes.bindings.div_ceil(2)).ok_or_else(small)?;
    if rest.len() < lent.image.saturating_sub(image_bytes(&sizes, 0).unwrap_or(0)) / WORD {
        return Err(small());
    }
    // What was made here before is gone, whatever comes of this.
    head.fill(0);
    let handle: *mut CcImage = head.as_mut_ptr().cast();
    // SAFETY: the head is aligned, large enough and nobody else's; an unfinished image may hold any bits, and begins as one
    // that is finished.
    let unfinished = unsafe { &mut *handle.cast::<Lent>() };
    // SAFETY: the caller's.
    let manifest = unsafe { crate::manifest::copy(manifest, &mut Region::new(rest)) }?;
    let image: &'static Image<'static> = unfinished.image.write(Image::read(bytes)?);
    let workspace = Workspace { bindings: memory::halves(bindings), active };
    unfinished.verified.write(image.verify(&manifest, workspace)?);
    unfinished.manifest.write(manifest);
    unfinished.key = key(handle);
    Ok(handle)
}

/// `cc_kill`: a kill list of rules by their ids, in lent memory.
///
/// # Safety
/// As the header says of pointers; the memory stays as it is for as long as the result is used.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_kill(
    image: *const CcImage,
    ids: *const CcBytes,
    id_count: usize,
    mode: u32,
    memory: *mut c_void,
    size: usize,
    out: *mut *const CcKillList,
    unknown: *mut usize,
) -> CcStatus {
    let made = || {
        // SAFETY: the caller's.
        let out = unsafe { memory::slot(out) }?.write(core::ptr::null());
        // SAFETY: the caller's.
        let unknown = unsafe { memory::optional(unknown) }?;
        // SAFETY: the caller's.
        let image = unsafe { self::image(image) }?;
        // SAFETY: the caller's.
        let ids = unsafe { memory::read(ids, id_count) }?;
        // Before anything is resolved, so that a list never lacks an id that could not be read.
        for id in ids {
            // SAFETY: the header says that each id has so many bytes.
            unsafe { memory::bytes(*id) }?;
        }
        // SAFETY: the caller's; the memory is the list's own.
        let words = unsafe { memory::words(memory, size) }?;
        let (handle, count) = kill(image, ids, mode, words)?;
        if let Some(unknown) = unknown {
            unknown.write(count);
        }
        *out = handle;
        Ok(())
    };
    made().map_or_else(|status: CcStatus| status, |()| CC_OK)
}

fn kill(
    image: &CcImage,
    ids: &[CcBytes],
    mode: u32,
    words: &'static mut [u64],
) -> Result<(*const CcKillList, usize), CcStatus> {
    let (head, words) = words.split_at_mut_checked(words_of::<CcKillList>()).ok_or(CC_E_MEMORY)?;
    head.fill(0);
    // An id that is not UTF-8 is that of no rule: it must not keep the others from being switched off.
    // SAFETY: each was read before.
    let named = |id: &CcBytes| unsafe { memory::name(*id) }.ok();
    // `count` could panic, as far as a linker can tell.
    let nameless = ids.iter().filter(|id| named(id).is_none()).fold(0, |count, _| usize::wrapping_add(count, 1));
    let names = ids.iter().filter_map(named);
    let list = match mode {
        CC_KILL_NAMED => image.verified.kill(names, words),
        CC_KILL_ALL_BUT => image.verified.kill_all_but(names, words),
        _ => return Err(CC_E_ENUM),
    };
    let list = list.map_err(|_| CC_E_MEMORY)?;
    let handle: *mut CcKillList = head.as_mut_ptr().cast();
    // SAFETY: the head is aligned, large enough, and nobody else's.
    unsafe { handle.write(CcKillList { key: key(handle), list }) };
    Ok((handle, (list.unknown() as usize).saturating_add(nameless)))
}
