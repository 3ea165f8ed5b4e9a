//! The store for C: which content a sensor takes, tries, keeps and goes back to. `include/contentcheck_store.h` declares and explains it.
//!
//! Unlike the rest of the library this allocates, and writes to a directory.

use core::ffi::c_char;
use core::fmt::Write as _;
use core::mem::{MaybeUninit, offset_of};
use core::ptr::NonNull;
use std::boxed::Box;
use std::path::PathBuf;
use std::string::{String, ToString as _};
use std::sync::Arc;
use std::vec;

use contentcheck_interpreter::{Manifest, Rejection};
use contentcheck_sensor::{
    Advice, BEHIND, Condition, Config, Digest, Files, Keyring, KillRefusal, Member, NoRoot, Role, Root, Rung,
    SoundPolicy, Store, System,
};

use crate::load::{Handle, handle, key, told};
use crate::manifest::grown;
use crate::memory::{self, Region, WORD};
use crate::refusal::{Refused, of_root};
use crate::report::{status_of, words};
use crate::status::{
    self, CC_E_ALIGNMENT, CC_E_ENUM, CC_E_GROUP, CC_E_KILLS, CC_E_LOG, CC_E_NULL, CC_E_NUMBER, CC_E_OFFER_DISTRUSTED,
    CC_E_OFFER_KNOWN, CC_E_OFFER_TAKEN, CC_OK, CcStatus,
};
use crate::types::*;

/// `cc_store_t`: a store, and what it said last.
#[derive(Debug)]
#[repr(C)]
pub struct CcStore {
    key: u64,
    pub(crate) store: Store<Files, System, Keyring>,
    /// Why the last call that offers something was refused; empty: it was not, or the call was wrong.
    said: String,
    /// Behind what refers to it.
    pub(crate) own: Arc<Own>,
}

/// A box that is referred to for longer than the compiler can see.
#[derive(Debug)]
struct Kept<T: ?Sized>(NonNull<T>);

impl<T: ?Sized> Kept<T> {
    fn new(boxed: Box<T>) -> Self {
        Self(NonNull::from(Box::leak(boxed)))
    }

    /// # Safety
    /// What is returned is not used for longer than this lives.
    const unsafe fn get(&self) -> &'static T {
        // SAFETY: it came from a box, which this is.
        unsafe { self.0.as_ref() }
    }
}

impl<T: ?Sized> Drop for Kept<T> {
    fn drop(&mut self) {
        // SAFETY: it came from a box; nobody uses it any more, by `get`.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

/// What a store was opened with. A store and its readers refer to it as if it were there for ever, and each of them keeps it.
#[derive(Debug)]
pub(crate) struct Own {
    manifest: Kept<Manifest<'static>>,
    factory: Kept<[u8]>,
    log: Kept<str>,
    /// What the manifest borrows.
    _words: Kept<[u64]>,
}

// SAFETY: nobody writes to it once it is made.
unsafe impl Send for Own {}
// SAFETY: the same.
unsafe impl Sync for Own {}

impl Own {
    /// Manifest, factory content and the policy of the log.
    ///
    /// # Safety
    /// As [`Kept::get`].
    const unsafe fn all(&self) -> (&'static Manifest<'static>, &'static [u8], &'static str) {
        // SAFETY: the caller's, here and below.
        let manifest = unsafe { self.manifest.get() };
        // SAFETY: the same.
        let factory = unsafe { self.factory.get() };
        // SAFETY: the same.
        let log = unsafe { self.log.get() };
        (manifest, factory, log)
    }

    /// # Safety
    /// As [`Kept::get`].
    pub(crate) const unsafe fn manifest(&self) -> &'static Manifest<'static> {
        // SAFETY: the caller's.
        unsafe { self.manifest.get() }
    }
}

impl Handle for CcStore {
    const KIND: u64 = 0x6363_5F73_746F_7265;
}

/// A handle that a caller gives back to be changed.
///
/// # Safety
/// As [`handle`]; nothing else uses what lies there within `'a`.
pub(crate) unsafe fn handle_mut<'a, H: Handle>(ptr: *mut H) -> Result<&'a mut H, CcStatus> {
    // SAFETY: the caller's.
    unsafe { handle(ptr.cast_const()) }?;
    // SAFETY: it was found to be whole; the caller says that nothing else uses it.
    unsafe { ptr.as_mut() }.ok_or(CC_E_NULL)
}

/// Takes back what [`Box::into_raw`] gave away. Its key is spoilt, so that a second call that finds the memory unused finds no handle.
///
/// # Safety
/// As [`handle_mut`], of something that lies in a box of its own.
pub(crate) unsafe fn taken_back<H: Handle>(ptr: *mut H) -> Result<Box<H>, CcStatus> {
    // SAFETY: the caller's.
    unsafe { handle(ptr.cast_const()) }?;
    // SAFETY: the key stands first in each handle.
    unsafe { ptr.cast::<u64>().write(0) };
    // SAFETY: it was made by a box, and nobody has taken it back: its key was whole.
    Ok(unsafe { Box::from_raw(ptr) })
}

fn text(bytes: &[u8]) -> Result<&str, CcStatus> {
    core::str::from_utf8(bytes).map_err(|_| status::CC_E_UTF8)
}

#[cfg(unix)]
fn path(bytes: &[u8]) -> Result<PathBuf, CcStatus> {
    use std::os::unix::ffi::OsStrExt as _;
    Ok(PathBuf::from(std::ffi::OsStr::from_bytes(bytes)))
}

#[cfg(not(unix))]
fn path(bytes: &[u8]) -> Result<PathBuf, CcStatus> {
    text(bytes).map(PathBuf::from)
}

/// A manifest that contradicts itself nowhere, and the memory that it borrows.
///
/// # Safety
/// As the header says of manifests.
unsafe fn manifest(given: *const CcManifest) -> Result<(Kept<Manifest<'static>>, Kept<[u64]>), Refused> {
    // SAFETY: the caller's.
    let size = unsafe { crate::manifest::size(given) }?;
    let mut words = Kept::new(vec![0_u64; size.div_ceil(WORD)].into_boxed_slice());
    // SAFETY: nothing else refers to it yet, and the manifest that does goes before it.
    let memory: &'static mut [u64] = unsafe { words.0.as_mut() };
    // SAFETY: the caller's.
    let manifest = unsafe { crate::manifest::copy(given, &mut Region::new(memory)) }?;
    manifest.check().map_err(|why| Refused::from(Rejection::Manifest(why)))?;
    Ok((Kept::new(Box::new(manifest)), words))
}

/// `cc_store_open`: a store in a directory.
///
/// # Safety
/// As the header says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_store_open(
    config: *const CcStoreConfig,
    out: *mut *mut CcStore,
    why: *mut CcRefusal,
) -> CcStatus {
    // SAFETY: the caller's.
    let why = match unsafe { memory::optional(why) } {
        Ok(why) => why,
        Err(status) => return status,
    };
    let opened = || {
        // SAFETY: the caller's.
        let out = unsafe { memory::slot(out) }?.write(core::ptr::null_mut());
        // SAFETY: the caller's.
        *out = Box::into_raw(unsafe { open(config) }?);
        Ok(())
    };
    told(why, opened())
}

/// As [`grown`], for a struct that got members behind its first `least` bytes: a caller with the header of that time has none of them.
///
/// # Safety
/// As [`grown`]; and zeros are a `T`.
unsafe fn since<T: Copy>(ptr: *const T, least: usize) -> Result<T, CcStatus> {
    // SAFETY: the caller's.
    let stated = *unsafe { memory::one(ptr.cast::<usize>()) }?;
    if stated != least {
        // SAFETY: the caller's.
        return unsafe { grown(ptr) }.copied();
    }
    if !ptr.is_aligned() {
        return Err(CC_E_ALIGNMENT);
    }
    let mut whole = MaybeUninit::<T>::zeroed();
    // SAFETY: the caller says that so many bytes lie there. They are fewer than those of a struct, whose memory is this function's own.
    unsafe { ptr.cast::<u8>().copy_to_nonoverlapping(whole.as_mut_ptr().cast::<u8>(), least.min(size_of::<T>())) };
    // SAFETY: each byte is one of the caller's or zero, and the caller says that zeros are a struct.
    Ok(unsafe { whole.assume_init() })
}

/// # Safety
/// As the header says of the struct.
unsafe fn open(given: *const CcStoreConfig) -> Result<Box<CcStore>, Refused> {
    // SAFETY: the caller's.
    let given = unsafe { since(given, offset_of!(CcStoreConfig, group)) }?;
    // SAFETY: the header says that each of them has so many bytes, here and below.
    let directory = path(unsafe { memory::bytes(given.directory) }?)?;
    if directory.as_os_str().is_empty() {
        return Err(CC_E_NULL.into());
    }
    // SAFETY: the same.
    let root = Root::read(text(unsafe { memory::bytes(given.root) }?)?).map_err(|why: NoRoot| of_root(&why))?;
    // SAFETY: the same.
    let build = Digest::of(unsafe { memory::bytes(given.build) }?);
    // SAFETY: the same.
    let factory = unsafe { memory::bytes(given.factory) }?;
    // SAFETY: the same.
    let log = text(unsafe { memory::bytes(given.log) }?)?;
    if !log.is_empty() {
        Config::check_log(log).map_err(|_| CC_E_LOG)?;
    }
    // SAFETY: the same.
    let group = text(unsafe { memory::bytes(given.group) }?)?;
    let member = (!group.is_empty()).then(|| Member::read(group)).transpose().map_err(|_| CC_E_GROUP)?;
    let behind = u8::try_from(given.behind).ok().filter(|behind| *behind <= BEHIND).ok_or(CC_E_NUMBER)?;
    // SAFETY: the caller's.
    let (manifest, words) = unsafe { self::manifest(given.manifest) }?;
    let own = Own { manifest, factory: Kept::new(factory.into()), log: Kept::new(log.into()), _words: words };
    // SAFETY: the store keeps `own` for as long as it has these, and so does each reader; it is the last of its members.
    let (manifest, factory, log) = unsafe { own.all() };
    let policy = match (given.watch_seconds, given.watch_events) {
        (0, 0) => SoundPolicy::DEFAULT,
        (seconds, events) => SoundPolicy::to_watch(seconds, events),
    };
    let config = Config {
        manifest,
        build,
        built: given.built,
        factory: Some(factory).filter(|factory| !factory.is_empty()),
        policy,
        log: Some(log).filter(|log| !log.is_empty()),
        member,
        behind,
    };
    let store = Store::in_directory(config, directory, Keyring::new(root, manifest));
    let mut store = Box::new(CcStore { key: 0, store, said: String::new(), own: Arc::new(own) });
    store.key = key(&raw const *store);
    Ok(store)
}

/// What a call that offers something answers: its words are kept.
fn refused<T, E: core::fmt::Display>(
    said: &mut String,
    result: Result<T, E>,
    status: impl FnOnce(&E) -> CcStatus,
) -> Result<T, CcStatus> {
    result.map_err(|why| {
        // Writing to a string does not fail.
        let _ = write!(said, "{why}");
        status(&why)
    })
}

/// `cc_store_offer`: new content.
///
/// # Safety
/// As the header says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_store_offer(
    store: *mut CcStore,
    image: CcBytes,
    envelope: CcBytes,
    token: CcBytes,
) -> CcStatus {
    status_of(|| {
        // SAFETY: the caller's.
        let CcStore { store, said, .. } = unsafe { handle_mut(store) }?;
        said.clear();
        // SAFETY: the caller's.
        let image = unsafe { memory::bytes(image) }?;
        // SAFETY: the caller's.
        let envelope = unsafe { memory::bytes(envelope) }?;
        // SAFETY: the caller's.
        let token = unsafe { memory::bytes(token) }?;
        let taken = match token {
            [] => store.offer(image, envelope),
            token => store.offer_opened(image, envelope, token),
        };
        refused(said, taken, |why| status::number(why.code()))?;
        Ok(CC_OK)
    })
}

/// `cc_store_kill`: a kill list.
///
/// # Safety
/// As the header says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_store_kill(
    store: *mut CcStore,
    list: CcBytes,
    envelope: CcBytes,
    is_kept: *mut u32,
) -> CcStatus {
    status_of(|| {
        // SAFETY: the caller's.
        let is_kept = unsafe { memory::optional(is_kept) }?;
        // SAFETY: the caller's.
        let CcStore { store, said, .. } = unsafe { handle_mut(store) }?;
        said.clear();
        // SAFETY: the caller's.
        let list = unsafe { memory::bytes(list) }?;
        // SAFETY: the caller's.
        let envelope = unsafe { memory::bytes(envelope) }?;
        let killed = refused(said, store.kill(list, envelope), |why| match why {
            KillRefusal::Distrusted(_) => CC_E_OFFER_DISTRUSTED,
            KillRefusal::Unreadable(_) => CC_E_KILLS,
            KillRefusal::Old { .. } => CC_E_OFFER_KNOWN,
            KillRefusal::Taken => CC_E_OFFER_TAKEN,
        })?;
        if let Some(slot) = is_kept {
            slot.write(u32::from(killed.is_kept));
        }
        Ok(CC_OK)
    })
}

/// `cc_store_hear`: the newest checkpoint of the log.
///
/// # Safety
/// As the header says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_store_hear(store: *mut CcStore, checkpoint: CcBytes) -> CcStatus {
    status_of(|| {
        // SAFETY: the caller's.
        let CcStore { store, said, .. } = unsafe { handle_mut(store) }?;
        said.clear();
        // SAFETY: the caller's.
        let checkpoint = unsafe { memory::bytes(checkpoint) }?;
        refused(said, store.hear(checkpoint), |why| status::number(why.code()))?;
        Ok(CC_OK)
    })
}

/// `cc_store_said`: why something was refused, in words.
///
/// # Safety
/// As the header says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_store_said(
    store: *const CcStore,
    buffer: *mut c_char,
    size: usize,
    length: *mut usize,
) -> CcStatus {
    status_of(|| {
        // SAFETY: the caller's.
        let said = &unsafe { handle(store) }?.said;
        // SAFETY: the caller's.
        unsafe { words(buffer, size, length, format_args!("{said}")) }
    })
}

/// `cc_store_check`: how the content that runs is doing.
///
/// # Safety
/// As the header says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_store_check(store: *mut CcStore, advice: *mut u32) -> CcStatus {
    status_of(|| {
        // SAFETY: the caller's.
        let advice = unsafe { memory::slot(advice) }?;
        // SAFETY: the caller's.
        let advised = unsafe { handle_mut(store) }?.store.check();
        advice.write(match advised {
            Advice::GoOn => CC_ADVICE_GO_ON,
            Advice::Restart => CC_ADVICE_RESTART,
        });
        Ok(CC_OK)
    })
}

/// `cc_store_standing`: what runs, in numbers.
///
/// # Safety
/// As the header says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_store_standing(store: *mut CcStore, standing: *mut CcStanding) -> CcStatus {
    status_of(|| {
        // SAFETY: the caller's.
        let slot = unsafe { memory::slot(standing) }?;
        // SAFETY: the caller's.
        let found = unsafe { handle_mut(store) }?.store.status();
        let (loaded_rules, rule_count) = found.rules.unwrap_or_default();
        let health = found.health;
        slot.write(CcStanding {
            condition: match found.condition() {
                Condition::Well => CC_CONDITION_WELL,
                Condition::Attention => CC_CONDITION_ATTENTION,
                Condition::Degraded => CC_CONDITION_DEGRADED,
                Condition::Blind => CC_CONDITION_BLIND,
            },
            rung: match found.rung {
                Rung::Candidate => CC_RUNG_CANDIDATE,
                Rung::Good => CC_RUNG_GOOD,
                Rung::Earlier => CC_RUNG_EARLIER,
                Rung::Factory => CC_RUNG_FACTORY,
                Rung::Nothing => CC_RUNG_NOTHING,
            },
            image: found.running.as_ref().map_or([0; 32], |running| *running.digest.bytes()),
            sequence: found.running.as_ref().map_or(0, |running| running.sequence),
            rule_count,
            loaded_rules,
            switched_off: found.switched_off,
            is_owner: u32::from(found.role == Role::Owner),
            seconds: health.seconds,
            events: health.events,
            matches: health.matches,
            exhausted: health.exhausted,
            faults: health.faults,
            mistyped: health.mistyped,
        });
        Ok(CC_OK)
    })
}

/// `cc_store_status`: what runs and what the device knows, in words or as JSON.
///
/// # Safety
/// As the header says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_store_status(
    store: *mut CcStore,
    form: u32,
    buffer: *mut c_char,
    size: usize,
    length: *mut usize,
) -> CcStatus {
    status_of(|| {
        // SAFETY: the caller's.
        let status = unsafe { handle_mut(store) }?.store.status();
        let said = match form {
            CC_FORM_TEXT => status.to_string(),
            // Numbers and words: nothing of it can fail to be JSON.
            CC_FORM_JSON => serde_json::to_string(&status).unwrap_or_default(),
            _ => return Err(CC_E_ENUM),
        };
        // SAFETY: the caller's.
        unsafe { words(buffer, size, length, format_args!("{said}")) }
    })
}

/// `cc_store_stop`: the sensor stops in an orderly way.
///
/// # Safety
/// As the header says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_store_stop(store: *mut CcStore) -> CcStatus {
    status_of(|| {
        // SAFETY: the caller's; a store lies in a box.
        let store = *unsafe { taken_back(store) }?;
        store.store.stop();
        Ok(CC_OK)
    })
}
