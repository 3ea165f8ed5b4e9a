//! Readers of a store for C: each evaluates the events of one thread, by whatever content counts.

use core::ptr::NonNull;
use std::boxed::Box;
use std::sync::Arc;
use std::vec::Vec;

use contentcheck_interpreter::VerifiedImage;
use contentcheck_sensor::{Reader, View};

use crate::event;
use crate::load::{CcImage, Handle, handle, key};
use crate::memory::{self, Region, WORD};
use crate::report::status_of;
use crate::status::{CC_E_TEMPLATE, CC_MORE, CC_OK, CC_SPENT, CcStatus};
use crate::store::{CcStore, Own, handle_mut, taken_back};
use crate::types::*;

/// `cc_reader_t`: a reader, its view of the content, and memory for the values of an event.
#[derive(Debug)]
#[repr(C)]
pub struct CcReader {
    key: u64,
    /// Borrows the reader, so it goes first.
    view: Option<View<'static>>,
    /// In a box of its own.
    reader: NonNull<Reader>,
    /// Lent to the caller; borrows the view, so it is spoilt before that changes.
    image: Option<CcImage>,
    values: Vec<u64>,
    /// Behind what refers to it.
    own: Arc<Own>,
}

impl Handle for CcReader {
    const KIND: u64 = 0x6363_5F72_6561_6465;
}

impl CcReader {
    /// The newest content. What was lent of the one before is taken back.
    fn view(&mut self) -> &mut View<'static> {
        if let Some(image) = &mut self.image {
            image.key = 0;
        }
        let is_current = self.view.as_ref().is_some_and(View::is_current);
        if !is_current {
            self.view = None;
        }
        self.view.get_or_insert_with(|| {
            // SAFETY: the reader lies in a box of its own until this is dropped, and the one view that borrowed it is gone.
            unsafe { self.reader.as_mut() }.view()
        })
    }
}

impl Drop for CcReader {
    fn drop(&mut self) {
        self.view = None;
        // SAFETY: the reader came from a box, and nothing borrows it any more.
        drop(unsafe { Box::from_raw(self.reader.as_ptr()) });
    }
}

/// `cc_reader_open`: a reader for one thread.
///
/// # Safety
/// As the header says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_reader_open(store: *const CcStore, out: *mut *mut CcReader) -> CcStatus {
    status_of(|| {
        // SAFETY: the caller's.
        let out = unsafe { memory::slot(out) }?.write(core::ptr::null_mut());
        // SAFETY: the caller's.
        let store = unsafe { handle(store) }?;
        let reader = NonNull::from(Box::leak(Box::new(store.store.reader())));
        let (own, values) = (Arc::clone(&store.own), Vec::new());
        let mut reader = Box::new(CcReader { key: 0, view: None, reader, image: None, values, own });
        reader.key = key(&raw const *reader);
        *out = Box::into_raw(reader);
        Ok(CC_OK)
    })
}

/// `cc_reader_evaluate`: the rules that match an event, by the content that counts now.
///
/// # Safety
/// As the header says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_reader_evaluate(
    reader: *mut CcReader,
    template_name: CcBytes,
    event: *const CcEvent,
    budget: u64,
    rules: *mut u32,
    capacity: usize,
    outcome: *mut CcOutcome,
) -> CcStatus {
    // SAFETY: the caller's.
    let outcome = match unsafe { memory::slot(outcome) } {
        Ok(outcome) => outcome.write(CcOutcome::NOTHING),
        Err(status) => return status,
    };
    let evaluated = || {
        // SAFETY: the caller's.
        let reader = unsafe { handle_mut(reader) }?;
        // SAFETY: the caller's.
        let template = unsafe { memory::name(template_name) }?;
        // SAFETY: the caller's.
        let event = unsafe { memory::one(event) }?;
        // SAFETY: the caller's.
        let rules = unsafe { memory::slots(rules, capacity) }?;
        // SAFETY: it is used here and no longer.
        let manifest = unsafe { reader.own.manifest() };
        if !manifest.templates.iter().any(|supply| supply.template == template) {
            return Err(CcOutcome::from(CC_E_TEMPLATE));
        }
        let mut values = core::mem::take(&mut reader.values);
        // SAFETY: the caller's.
        let ended = unsafe { evaluate(reader.view(), template, event, &mut values, budget, rules) };
        reader.values = values;
        ended
    };
    *outcome = evaluated().unwrap_or_else(|ended| ended);
    outcome.status
}

/// # Safety
/// As the header says of events.
unsafe fn evaluate(
    view: &mut View<'static>,
    template: &str,
    given: &CcEvent,
    memory: &mut Vec<u64>,
    budget: u64,
    rules: &mut [core::mem::MaybeUninit<u32>],
) -> Result<CcOutcome, CcOutcome> {
    // SAFETY: the caller's.
    let needed = unsafe { event::size(given) }?.div_ceil(WORD);
    if memory.len() < needed {
        memory.resize(needed, 0);
    }
    // SAFETY: the caller's.
    let event = unsafe { event::converted(given, &mut Region::new(memory)) }?;
    let (mut room, mut match_count, mut is_full) = (rules.iter_mut(), 0_u32, false);
    let done = view.evaluate_numbered(template, event, budget, |rule| match room.next() {
        Some(slot) => {
            slot.write(rule);
            match_count = match_count.saturating_add(1);
        }
        None => is_full = true,
    });
    let Some(done) = done? else { return Ok(CcOutcome::NOTHING) };
    let status = match (is_full, done.unasked_from) {
        (true, _) => CC_MORE,
        (false, Some(_)) => CC_SPENT,
        (false, None) => CC_OK,
    };
    Ok(CcOutcome {
        match_count,
        unasked_from: done.unasked_from.unwrap_or(CC_NONE),
        mistyped: done.mistyped,
        steps: done.steps,
        ..CcOutcome::from(status)
    })
}

/// `cc_reader_image`: the image by which the last event was evaluated.
///
/// # Safety
/// As the header says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_reader_image(reader: *mut CcReader, out: *mut *const CcImage) -> CcStatus {
    status_of(|| {
        // SAFETY: the caller's.
        let out = unsafe { memory::slot(out) }?.write(core::ptr::null());
        // SAFETY: the caller's.
        let reader = unsafe { handle_mut(reader) }?;
        if reader.view.is_none() {
            reader.view();
        }
        let Some(verified) = reader.view.as_ref().and_then(View::verified) else { return Ok(CC_OK) };
        // SAFETY: it borrows the view, which stays in its place in the box of this reader; `view` spoils the image before it uses the view,
        // and the caller uses no image afterwards.
        let verified = unsafe { core::mem::transmute::<VerifiedImage<'_>, VerifiedImage<'static>>(verified) };
        // SAFETY: it goes with the reader.
        let manifest = *unsafe { reader.own.manifest() };
        let image = reader.image.insert(CcImage { key: 0, manifest, verified });
        image.key = key(&raw const *image);
        *out = &raw const *image;
        Ok(CC_OK)
    })
}

/// `cc_reader_renew`: lets go of content that counts no more.
///
/// # Safety
/// As the header says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_reader_renew(reader: *mut CcReader) -> CcStatus {
    status_of(|| {
        // SAFETY: the caller's.
        unsafe { handle_mut(reader) }?.view();
        Ok(CC_OK)
    })
}

/// `cc_reader_close`: the thread evaluates no more.
///
/// # Safety
/// As the header says of pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cc_reader_close(reader: *mut CcReader) -> CcStatus {
    status_of(|| {
        // SAFETY: the caller's; a reader lies in a box.
        drop(unsafe { taken_back(reader) }?);
        Ok(CC_OK)
    })
}
