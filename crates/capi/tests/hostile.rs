//! Calls with wrong arguments and spoiled images end with a status.

#[path = "../../../fuzz/src/capi.rs"]
#[expect(
    unreachable_pub,
    clippy::expect_used,
    clippy::multiple_unsafe_ops_per_block,
    reason = "a file of the fuzz crate"
)]
mod capi;
#[path = "support/given.rs"]
#[expect(dead_code, clippy::unwrap_used, clippy::panic, reason = "this file needs a part of it")]
mod given;

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::ptr;

use contentcheck_capi::*;
use contentcheck_generators::Choices;
use contentcheck_interpreter::{Capacity, Manifest, Versioning};

/// Calls are wrong in every way that they can be, and enough of them are right.
#[test]
fn every_status_is_answered_and_every_call_ends() {
    let cases: u64 =
        std::env::var("CAPI_CASES").map_or(if cfg!(miri) { 60 } else { 20_000 }, |cases| cases.parse().unwrap());
    let mut seen: BTreeMap<CcStatus, usize> = BTreeMap::new();
    for seed in 0..cases {
        let mut bytes = vec![0; 2_000];
        let mut random = Choices::seeded(seed);
        bytes.iter_mut().for_each(|byte| *byte = random.below(256) as u8);
        for status in capi::capi(&bytes) {
            *seen.entry(status).or_default() += 1;
        }
    }
    if cfg!(miri) {
        return;
    }
    let missing: Vec<_> = STATUSES.iter().filter(|(_, status, ..)| !seen.contains_key(status)).collect();
    let rare = [
        // No seed of this image makes them: tests/answers.rs has them, and the interpreter's own tests.
        CC_E_POSITION,
        CC_E_EMPTY,
        CC_E_KILL,
        CC_E_CORRUPT,
    ];
    // What stores answer: tests/store.rs.
    let of_stores = |status: &CcStatus| {
        [CC_E_ROOT, CC_E_KILLS, CC_E_LOG, CC_E_GROUP].contains(status) || *status >= CC_E_OFFER_LARGE
    };
    let missing: Vec<_> =
        missing.iter().filter(|(_, status, ..)| !rare.contains(status) && !of_stores(status)).collect();
    assert!(missing.is_empty(), "never answered: {missing:?}; {seen:?}");
    assert!(seen[&CC_OK] > 10_000, "{seen:?}");
}

/// The same for bytes that are shrunk until they show what is wrong.
#[cfg(not(miri))]
mod any_bytes {
    use proptest::prelude::*;

    use super::capi;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

        #[test]
        fn no_call_ends_badly(bytes in proptest::collection::vec(any::<u8>(), 0..1_200)) {
            let _ = capi::capi(&bytes);
        }
    }
}

#[test]
fn a_number_that_is_no_status_has_no_words() {
    for status in [-1, 3, 100, 526, i32::MAX, i32::MIN] {
        for words in [cc_code(status), cc_meaning(status)] {
            // SAFETY: it is a string that lives as long as the library.
            assert_eq!(unsafe { CStr::from_ptr(words) }, c"");
        }
    }
}

const IMAGE: &[u8] = include_bytes!("../../../corpus/images/first/rules.ccimage");

/// No length is added up that nothing can have: what would be asked for is not memory that anybody has.
#[test]
fn impossible_lengths_are_refused_before_memory_is_asked_for() {
    let manifest = Manifest {
        sensor: "edr",
        version: "1.4.0",
        versioning: Versioning::Parts,
        capacity: Capacity::NONE,
        header: &[],
        templates: &[],
    };
    let lent = given::CManifest::of(&manifest);
    let longer = CcBytes { len: isize::MAX as usize + 1, ..CcBytes::of(b"edr") };
    for wrong in [
        CcManifest { sensor: longer, ..lent.manifest },
        CcManifest { header_count: usize::MAX / 24 + 1, header: ptr::dangling(), ..lent.manifest },
        CcManifest { template_count: usize::MAX, templates: ptr::dangling(), ..lent.manifest },
    ] {
        let why = given::load(IMAGE, &wrong).err();
        assert_eq!(why.map(|why| why.status), Some(CC_E_LENGTH));
    }

    let loaded = given::load(IMAGE, &lent.manifest).ok();
    let image = loaded.as_ref().map_or(ptr::null(), |loaded| loaded.image);
    let units =
        CcValue { tag: CC_UTF16, len: usize::MAX / 2, payload: CcPayload { ptr: IMAGE.as_ptr().cast() }, by: 0 };
    for tag in [CC_UTF16, CC_TEXTS, CC_LIST] {
        let others = [CcValue::ABSENT, CcValue { tag, ..units }];
        let event = CcEvent {
            template_no: 0,
            inputs: ptr::null(),
            input_count: 0,
            header: ptr::null(),
            header_count: 0,
            others: others.as_ptr(),
            other_count: 2,
        };
        let (mut scratch, mut outcome) = ([0_u64; 1], given::NO_OUTCOME);
        let lent = scratch.as_mut_ptr().cast();
        let out = &raw mut outcome;
        // SAFETY: every pointer is to a value of this function, but for one with a length that nothing has.
        let status = unsafe { cc_evaluate(image, &raw const event, ptr::null(), lent, 8, 9, ptr::null_mut(), 0, out) };
        assert_eq!((status, outcome.values, outcome.index), (CC_E_LENGTH, CC_VALUES_OTHERS, 1));
    }
}
