//! The functions of C under wrong arguments: each call answers with a status, and touches no memory but what it was lent.
//! What a call cannot see, memory that is not where the caller says that it is, is not tried.

use std::ffi::{c_char, c_void};
use std::ptr::{null, null_mut};

use contentcheck_capi::*;

use contentcheck_generators::Choices;
use contentcheck_generators::sealed::seal;

/// The image of docs/embedding-c.md.
const IMAGE: &[u8] = include_bytes!("../../corpus/images/first/rules.ccimage");
const TYPES: [u32; 5] = [CC_TYPE_INT, CC_TYPE_STRING, CC_TYPE_STRING, CC_TYPE_STRING, CC_TYPE_STRING | CC_TYPE_LIST];
const NAMES: [&[u8]; 7] = [b"pid", b"image", b"command_line", b"user", b"arguments", b"", b"\xFF"];
const TEXTS: [&[u8]; 6] =
    [b"/bin/sh", b"sh -c curl x | sh\xff", b"LD_PRELOAD=/tmp/x\0a\0", b"", b"root", b"\0\xD8x\0y\0"];
/// What lies behind lent memory, and stays.
const CANARY: u64 = 0xC0DE_C0DE_C0DE_C0DE;

/// Arguments that a caller got wrong, now and then.
struct Caller<'c> {
    choices: Choices<'c>,
    /// One argument in so many is wrong; 0: none is.
    wrong: usize,
    seen: Vec<CcStatus>,
}

impl Caller<'_> {
    /// A status is one of those that the header has.
    fn said(&mut self, status: CcStatus) -> CcStatus {
        assert!(STATUSES.iter().any(|(_, known, ..)| *known == status), "{status}");
        self.seen.push(status);
        status
    }

    fn errs(&mut self) -> bool {
        self.wrong > 0 && self.choices.once_in(self.wrong)
    }

    /// Where some elements are, or where none can be.
    fn array<T>(&mut self, elements: &[T]) -> (*const T, usize) {
        let (ptr, len) = (elements.as_ptr(), elements.len());
        if !self.errs() {
            return (ptr, len);
        }
        match self.choices.below(4) {
            0 => (null(), len),
            1 if align_of::<T>() > 1 => (ptr.wrapping_byte_add(1), len),
            2 => (ptr, usize::MAX),
            _ => (ptr, isize::MAX as usize / size_of::<T>() + 1),
        }
    }

    /// The same for memory to write to.
    fn room<T>(&mut self, elements: &mut [T]) -> (*mut T, usize) {
        let (ptr, len) = (elements.as_mut_ptr(), elements.len());
        let (wrong, wrong_len) = self.array::<T>(&*elements);
        if wrong_len == len && wrong == ptr.cast_const() { (ptr, len) } else { (wrong.cast_mut(), wrong_len) }
    }

    /// Memory of so many bytes, of which fewer may be lent; what is behind it is not.
    fn lent(&mut self, memory: &mut [u64]) -> (*mut c_void, usize) {
        let words = memory.len() - 1;
        if let Some(last) = memory.last_mut() {
            *last = CANARY;
        }
        let ptr: *mut c_void = memory.as_mut_ptr().cast();
        if !self.errs() {
            return (ptr, words * 8);
        }
        match self.choices.below(4) {
            0 => (null_mut(), words * 8),
            1 => (ptr.wrapping_byte_add(1), words.saturating_sub(1) * 8),
            2 => (ptr, isize::MAX as usize + 8),
            _ => (ptr, self.choices.below(words * 8 + 1)),
        }
    }

    fn one<T>(&mut self, of: &T) -> *const T {
        let ptr: *const T = of;
        match self.errs().then(|| self.choices.below(2)) {
            None => ptr,
            Some(0) => null(),
            Some(_) => ptr.wrapping_byte_add(1),
        }
    }

    fn number(&mut self, right: u32) -> u32 {
        match self.errs().then(|| self.choices.below(3)) {
            None => right,
            Some(0) => self.choices.word() as u32,
            Some(_) => self.choices.below(300) as u32,
        }
    }

    fn bytes(&mut self, of: &[u8]) -> CcBytes {
        let (ptr, len) = self.array(of);
        CcBytes { ptr: ptr.cast(), len }
    }

    fn size(&mut self, right: usize) -> usize {
        if self.errs() { self.choices.below(right) } else { right }
    }

    /// A value with any tag, that points to as much as it says.
    fn value(&mut self, pools: &Pools, depth: usize) -> CcValue {
        let tag = match self.choices.below(24) {
            at @ 0..13 => at as u32,
            13..18 => CC_TEXT,
            18..20 => CC_SPLIT,
            20..22 => CC_UTF16,
            22 => CC_LIST,
            _ => self.choices.word() as u32,
        };
        let text = *self.choices.pick(&TEXTS);
        let (ptr, len): (*const c_void, usize) = match tag {
            CC_INTS => {
                let (ptr, len) = self.array(&pools.ints);
                (ptr.cast(), len)
            }
            CC_TEXTS => {
                let (ptr, len) = self.array(&pools.texts);
                (ptr.cast(), len)
            }
            CC_LIST if depth > 0 => {
                let (ptr, len) = self.array(&pools.values);
                (ptr.cast(), len)
            }
            CC_LIST => (null(), 0),
            CC_UTF16 => (text.as_ptr().cast(), self.choices.below(text.len() / 2 + 1)),
            CC_IP => (TEXTS[1].as_ptr().cast(), *self.choices.pick(&[4, 16, 0, 5, 17])),
            CC_INT | CC_UINT | CC_FLOAT | CC_BOOL | CC_ABSENT => {
                return CcValue { tag, by: 0, len: 0, payload: CcPayload { u: self.choices.word() } };
            }
            _ => {
                let bytes = self.bytes(text);
                (bytes.ptr, bytes.len)
            }
        };
        let by = self.number(0);
        CcValue { tag, by, len, payload: CcPayload { ptr } }
    }

    fn values(&mut self, pools: &Pools, count: usize) -> Vec<CcValue> {
        let count = if self.errs() { self.choices.below(9) } else { count };
        (0..count).map(|_| self.value(pools, 1)).collect()
    }
}

/// What values point to.
struct Pools {
    ints: Vec<i64>,
    texts: Vec<CcBytes>,
    values: Vec<CcValue>,
}

fn is_untouched(memory: &[u64]) -> bool {
    memory.last() == Some(&CANARY)
}

/// Calls every function with arguments that the bytes decide on. The statuses that they answered.
///
/// # Panics
/// If a function answers what it must not.
pub fn capi(data: &[u8]) -> Vec<CcStatus> {
    let mut choices = Choices::of_bytes(data);
    let wrong = *choices.pick(&[0, 200, 40, 8]);
    let mut caller = Caller { choices, wrong, seen: Vec::new() };
    let mut image = IMAGE.to_vec();
    if caller.choices.once_in(4) {
        for _ in 0..=caller.choices.below(4) {
            let at = caller.choices.below(image.len());
            image.iter_mut().skip(at).take(1).for_each(|byte| *byte = caller.choices.below(256) as u8);
        }
        match caller.choices.below(8) {
            0 => image.truncate(caller.choices.below(image.len())),
            1 => {}
            _ => seal(&mut image),
        }
    }
    load(&mut caller, &image);
    caller.seen
}

fn load(caller: &mut Caller<'_>, image: &[u8]) {
    let inputs: Vec<CcInput> = std::iter::zip(NAMES, TYPES)
        .map(|(name, ty)| {
            let name = if caller.errs() { *caller.choices.pick(&NAMES) } else { name };
            CcInput { name: caller.bytes(name), ty: caller.number(ty) }
        })
        .collect();
    let host = [CcInput { name: caller.bytes(b"host"), ty: caller.number(CC_TYPE_STRING) }];
    let (ptr, input_count) = caller.array(&inputs);
    let supplies = [CcSupply { template_name: caller.bytes(b"edr.process_start"), inputs: ptr, input_count }];
    let (header, header_count) = caller.array(&host);
    let (templates, template_count) = caller.array(&supplies);
    // What is behind the struct is what a later header may have there.
    let capacity = [CcCapacity {
        size_of_self: caller.size(size_of::<CcCapacity>()),
        interpreter: u64::from(caller.number(2)),
        image_bytes: u64::from(caller.number(0)),
        rules: 0,
        table_rows: 0,
        automaton_states: 0,
        steps: u64::from(caller.number(0)),
        steps_per_byte: 0,
        scratch_bytes: 0,
    }; 2];
    let manifest = CcManifest {
        size_of_self: caller.size(size_of::<CcManifest>()),
        sensor: caller.bytes(b"edr"),
        version: caller.bytes(b"1.4.0"),
        versioning: caller.number(CC_VERSIONING_PARTS),
        header,
        header_count,
        templates,
        template_count,
        capacity: caller.one(&capacity[0]),
    };
    let (bytes, manifest) = (caller.bytes(image), caller.one(&manifest));
    let mut sizes = CcSizes { image: 64, scratch: 64, kill: 64 };
    let mut why = CcRefusal { status: 0, what: 0, rule: 0, template_no: 0, input: 0, record: 0, needed: 0, held: 0 };
    let (sizes_out, why_out) = (caller.one(&sizes).cast_mut(), caller.one(&why).cast_mut());
    // The pointers are made of exclusive places again, since what is written is read here.
    let (sizes_out, why_out) = (place(&mut sizes, sizes_out), place(&mut why, why_out));
    // SAFETY: every pointer is right, or one that the library can see is wrong.
    caller.said(unsafe { cc_sizes(bytes, manifest, sizes_out, why_out) });
    assert!(sizes.image < 1 << 20 && sizes.scratch < 1 << 20 && sizes.kill < 1 << 20, "{sizes:?}");

    let mut memory = vec![CANARY; sizes.image / 8 + 1];
    let (lent, size) = caller.lent(&mut memory);
    let mut verified: *const CcImage = null();
    // SAFETY: the same.
    let status = caller.said(unsafe { cc_verify(bytes, manifest, lent, size, &raw mut verified, why_out) });
    assert!(is_untouched(&memory));
    assert_eq!(status == CC_OK, !verified.is_null());
    let mut words: [c_char; 64] = [1; 64];
    let (text, text_size) = caller.room(&mut words);
    let asked = caller.one(&why);
    // SAFETY: the same.
    caller.said(unsafe { cc_describe(bytes, asked, text, text_size, null_mut()) });

    // Something else, or a copy, is no image.
    let copy = memory.clone();
    let image = match caller.errs().then(|| caller.choices.below(3)) {
        None => verified,
        Some(0) => null(),
        Some(1) => memory.as_ptr().wrapping_byte_add(4).cast(),
        Some(_) => copy.as_ptr().cast(),
    };
    evaluate(caller, image, sizes);
    report(caller, image);
}

/// A place to write to, or what a caller took for one.
fn place<T>(of: &mut T, given: *mut T) -> *mut T {
    if std::ptr::eq(given, of) { of } else { given }
}

fn evaluate(caller: &mut Caller<'_>, image: *const CcImage, sizes: CcSizes) {
    let mut pools = Pools { ints: vec![1, -1, i64::MAX], texts: Vec::new(), values: Vec::new() };
    pools.texts = TEXTS.iter().map(|text| caller.bytes(text)).collect();
    pools.values = (0..3).map(|_| caller.value(&pools, 0)).collect();
    let (mut template, mut count) = ([0_u32; 2], 0);
    let name = caller.bytes(b"edr.process_start");
    let (numbers, capacity) = caller.room(&mut template);
    // SAFETY: every pointer is right, or one that the library can see is wrong.
    caller.said(unsafe { cc_templates(image, name, numbers, capacity, &raw mut count) });
    let arrays = [5, 1, 2].map(|count| caller.values(&pools, count));
    let [inputs, header, others] = arrays.each_ref().map(|values| caller.array(values));
    let event = CcEvent {
        template_no: caller.number(template[0]),
        inputs: inputs.0,
        input_count: inputs.1,
        header: header.0,
        header_count: header.1,
        others: others.0,
        other_count: others.1,
    };

    let ids: Vec<CcBytes> = (0..2).map(|_| caller.bytes(b"0e9a2a64-6f0e-4f5c-9d6e-5b1a0c1f7a01")).collect();
    let mut kill_memory = vec![CANARY; sizes.kill / 8 + 1];
    let (lent, size) = caller.lent(&mut kill_memory);
    let ((ids, id_count), mode) = (caller.array(&ids), caller.number(CC_KILL_NAMED));
    let mut kill: *const CcKillList = null();
    // SAFETY: the same.
    caller.said(unsafe { cc_kill(image, ids, id_count, mode, lent, size, &raw mut kill, null_mut()) });
    assert!(is_untouched(&kill_memory));
    let kill = if caller.choices.once_in(4) { kill } else { null() };

    let mut scratch = vec![CANARY; sizes.scratch / 8 + 1 + 3 * caller.choices.below(64)];
    // Few steps are spent by the shortest event, more by a long one.
    let most = *caller.choices.pick(&[32, 4096]);
    let budget = if caller.choices.once_in(4) { caller.choices.below(most) as u64 } else { u64::MAX };
    let mut outcome = CcOutcome {
        status: 0,
        match_count: 0,
        unasked_from: 0,
        mistyped: 0,
        steps: 0,
        needed: 0,
        found: 0,
        values: 0,
        index: 0,
        element: 0,
    };
    let mut rules = [CC_NONE; 3];
    // Where scratch was too small, as much as the call says is enough.
    for _ in 0..2 {
        let (lent, size) = caller.lent(&mut scratch);
        let ((rules_out, capacity), event) = (caller.room(&mut rules), caller.one(&event));
        // SAFETY: the same.
        let status =
            unsafe { cc_evaluate(image, event, kill, lent, size, budget, rules_out, capacity, &raw mut outcome) };
        assert_eq!(caller.said(status), outcome.status);
        assert!(is_untouched(&scratch));
        assert!(outcome.match_count as usize <= rules.len());
        if status != CC_E_SCRATCH {
            break;
        }
        scratch.resize(usize::try_from(outcome.needed).expect("an event takes what it takes") / 8 + 1, 0);
    }
    let (lent, size) = caller.lent(&mut scratch);
    let ((numbers, capacity), rule) = (caller.room(&mut rules), caller.number(0));
    let (event_ptr, mut count) = (caller.one(&event), 0);
    // SAFETY: the same.
    caller.said(unsafe { cc_mistyped(image, event_ptr, lent, size, numbers, capacity, &raw mut count, null_mut()) });
    let mut reasons: Vec<std::mem::MaybeUninit<CcReason>> = vec![const { std::mem::MaybeUninit::uninit() }; 2];
    let (reasons, capacity) = caller.room(&mut reasons);
    // SAFETY: the same.
    let status = unsafe {
        cc_why(image, event_ptr, rule, lent, size, reasons.cast(), capacity, &raw mut count, &raw mut outcome)
    };
    caller.said(status);
    let events = [event, CcEvent { input_count: 0, ..event }, event];
    let (mut matches, mut outcomes) = ([CcMatch { event: 0, rule: 0 }; 3], [outcome; 3]);
    let ((events, event_count), (matches, capacity)) = (caller.array(&events), caller.room(&mut matches));
    let (mut evaluated, mut matched) = (0, 0);
    // SAFETY: the same.
    let status = unsafe {
        cc_evaluate_many(
            image,
            events,
            event_count,
            kill,
            lent,
            size,
            budget,
            matches,
            capacity,
            outcomes.as_mut_ptr(),
            &raw mut evaluated,
            &raw mut matched,
        )
    };
    caller.said(status);
    assert!(evaluated <= 3 && matched <= 3 && is_untouched(&scratch));
}

fn report(caller: &mut Caller<'_>, image: *const CcImage) {
    let mut room = [0_u64; 64];
    let number = caller.number(0);
    let mut out = || -> *mut c_void { if caller.errs() { null_mut() } else { room.as_mut_ptr().cast() } };
    // SAFETY: every pointer is right, or one that the library can see is wrong; the room is larger than any result.
    let mut seen = unsafe {
        vec![
            cc_image_info(image, out().cast()),
            cc_template_info(image, number, out().cast()),
            cc_cost(image, number, out().cast()),
            cc_rule_info(image, number, out().cast()),
            cc_input_name(image, number, out().cast()),
        ]
    };
    let (mut count, mut tags, mut idle) = (0, [CcBytes::NONE; 1], [0_u32; 1]);
    let mut left = [CcLeftOut { rule: number, template_no: number, why: number % 6, input: number }];
    let (tags, tag_room) = caller.room(&mut tags);
    // SAFETY: the same.
    seen.push(unsafe { cc_rule_tags(image, number, tags, tag_room, &raw mut count) });
    let (idle, idle_room) = caller.room(&mut idle);
    // SAFETY: the same.
    seen.push(unsafe { cc_idle_supplies(image, idle, idle_room, &raw mut count) });
    let mut words: [c_char; 16] = [1; 16];
    let (text, size) = caller.room(&mut words);
    // SAFETY: the same.
    seen.push(unsafe { cc_describe_left_out(image, left.as_ptr(), text, size, &raw mut count) });
    let (out, out_room) = caller.room(&mut left);
    // SAFETY: the same.
    seen.push(unsafe { cc_left_out(image, out, out_room, &raw mut count) });
    for status in seen {
        caller.said(status);
    }
}
