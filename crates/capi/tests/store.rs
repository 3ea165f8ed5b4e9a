//! The store through its functions of C: what it takes, what it refuses, and calls that are wrong.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::multiple_unsafe_ops_per_block,
    reason = "a test stops at the first surprise, and calls functions of C one after the other"
)]

#[path = "support/given.rs"]
#[expect(dead_code, reason = "this file needs a part of it")]
mod given;

use std::ffi::CStr;
use std::path::PathBuf;
use std::ptr::{null, null_mut};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contentcheck_capi::*;
use contentcheck_interpreter::{Capacity, Input, Manifest, Scalar, Supply, Type, Versioning, format, hash};
use contentcheck_model::diagnostic::codes;
use contentcheck_sensor::Digest;
use ed25519_dalek::{Signer as _, SigningKey};
use given::{CManifest, NO_OUTCOME, NO_REFUSAL};
use serde_json::json;

include!("../../../corpus/images/first/manifest.rs");

const IMAGE: &[u8] = include_bytes!("../../../corpus/images/first/rules.ccimage");
/// Its key is the one of which all bytes are 7.
const ROOT: &[u8] = include_bytes!("../../../examples/linux-exec/root");
const SHELL: &str = "Download piped into a shell";

/// The image as that of another release.
fn image(sequence: u64) -> Vec<u8> {
    let mut image = IMAGE.to_vec();
    image[40..48].copy_from_slice(&sequence.to_le_bytes());
    let seal = hash::checksum(&image);
    image[24..32].copy_from_slice(&seal.to_le_bytes());
    image
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// What a gate attests of an image.
fn envelope(image: &[u8], sequence: u64, result: &str) -> Vec<u8> {
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "release.ccimage", "digest": {"sha256": Digest::of(image).to_string()}}],
        "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
        "predicate": {
            "result": result, "requiredAll": true, "configuration": [], "evidence": {}, "passedTests": [],
            "failedTests": [], "skippedTests": [], "missing": [], "allowed": [],
            "release": {"name": "demo", "sequence": sequence, "rules": 3, "leftOut": 0, "digest": {}},
            "tool": {}, "seed": 1, "cases": 1, "accepted": {},
            "sensors": [{"sensor": "edr", "version": "1.4.0", "loads": 2, "of": 3}],
        },
    });
    let (kind, payload) = ("application/vnd.in-toto+json", serde_json::to_vec(&statement).unwrap());
    let message = [format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes(), payload.clone()].concat();
    let signature = STANDARD.encode(key().sign(&message).to_bytes());
    let signatures = json!([{"sig": signature}]);
    serde_json::to_vec(&json!({"payloadType": kind, "payload": STANDARD.encode(payload), "signatures": signatures}))
        .unwrap()
}

fn signed_beside(list: &[u8]) -> Vec<u8> {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let signature = key().sign(&[b"contentcheck kill\0", list].concat());
    let key = hex(key().verifying_key().as_bytes());
    format!("contentcheck signatures 1\n{key} {}\n", hex(&signature.to_bytes())).into_bytes()
}

struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("store-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A store and a reader, as C holds them.
struct Sensor {
    store: *mut CcStore,
    reader: *mut CcReader,
}

/// Opens a store as C would, with all that it is given gone afterwards.
fn opened(directory: &Directory, change: impl FnOnce(&mut CcStoreConfig)) -> Result<Sensor, CcRefusal> {
    let lent = CManifest::of(&MANIFEST);
    let path = directory.0.to_str().unwrap().to_owned();
    let (root, factory) = (ROOT.to_vec(), IMAGE.to_vec());
    let mut config = CcStoreConfig {
        size_of_self: size_of::<CcStoreConfig>(),
        manifest: &raw const lent.manifest,
        directory: CcBytes::of(path.as_bytes()),
        root: CcBytes::of(&root),
        factory: CcBytes::of(&factory),
        build: CcBytes::of(b"edr 1.4.0"),
        built: 1_790_000_000,
        log: CcBytes::NONE,
        watch_seconds: 0,
        watch_events: 2,
        group: CcBytes::NONE,
        behind: 0,
    };
    change(&mut config);
    let (mut store, mut reader, mut why) = (null_mut(), null_mut(), NO_REFUSAL);
    // SAFETY: every pointer is to a value of this function.
    let status = unsafe { cc_store_open(&raw const config, &raw mut store, &raw mut why) };
    assert_eq!(status, why.status);
    if status != CC_OK {
        assert!(store.is_null());
        return Err(why);
    }
    // SAFETY: the same.
    assert_eq!(unsafe { cc_reader_open(store, &raw mut reader) }, CC_OK);
    Ok(Sensor { store, reader })
}

impl Sensor {
    fn offer(&self, image: &[u8], envelope: &[u8]) -> CcStatus {
        // SAFETY: the store is open, and the bytes are there.
        unsafe { cc_store_offer(self.store, CcBytes::of(image), CcBytes::of(envelope), CcBytes::NONE) }
    }

    fn kill(&self, list: &[u8], envelope: &[u8]) -> (CcStatus, u32) {
        let mut is_kept = 7;
        // SAFETY: the same.
        let status = unsafe { cc_store_kill(self.store, CcBytes::of(list), CcBytes::of(envelope), &raw mut is_kept) };
        (status, is_kept)
    }

    fn said(&self) -> String {
        let mut buffer = [0_u8; 512];
        // SAFETY: the same; the buffer has the size that is said.
        let status = unsafe { cc_store_said(self.store, buffer.as_mut_ptr().cast(), buffer.len(), null_mut()) };
        assert_eq!(status, CC_OK);
        CStr::from_bytes_until_nul(&buffer).unwrap().to_str().unwrap().to_owned()
    }

    fn status(&self, form: u32) -> String {
        let mut buffer = vec![0_u8; 8_192];
        // SAFETY: the same.
        let status = unsafe { cc_store_status(self.store, form, buffer.as_mut_ptr().cast(), buffer.len(), null_mut()) };
        assert_eq!(status, CC_OK);
        CStr::from_bytes_until_nul(&buffer).unwrap().to_str().unwrap().to_owned()
    }

    fn standing(&self) -> CcStanding {
        let mut standing = std::mem::MaybeUninit::uninit();
        // SAFETY: the same.
        assert_eq!(unsafe { cc_store_standing(self.store, standing.as_mut_ptr()) }, CC_OK);
        // SAFETY: it was written.
        unsafe { standing.assume_init() }
    }

    fn check(&self) -> u32 {
        let mut advice = 7;
        // SAFETY: the same.
        assert_eq!(unsafe { cc_store_check(self.store, &raw mut advice) }, CC_OK);
        advice
    }

    /// The titles of the rules that match a command line.
    fn matches(&self, command_line: &str) -> Vec<String> {
        let text = |text: &str| CcValue {
            tag: CC_TEXT,
            by: 0,
            len: text.len(),
            payload: CcPayload { ptr: text.as_ptr().cast() },
        };
        let inputs = [text("/bin/sh"), text("/bin/sh"), text(command_line), CcValue::ABSENT, CcValue::ABSENT];
        let header = [text("web-1")];
        let event = CcEvent {
            template_no: 0,
            inputs: inputs.as_ptr(),
            input_count: inputs.len(),
            header: header.as_ptr(),
            header_count: 1,
            others: null(),
            other_count: 0,
        };
        let (status, outcome, found) = self.evaluate("edr.process_start", &event, 8);
        assert_eq!((status, outcome.status), (CC_OK, CC_OK));
        found
    }

    fn evaluate(&self, template: &str, event: &CcEvent, capacity: usize) -> (CcStatus, CcOutcome, Vec<String>) {
        let (mut rules, mut outcome, mut image) = ([0_u32; 8], NO_OUTCOME, null());
        let (name, out) = (CcBytes::of(template.as_bytes()), &raw mut outcome);
        // SAFETY: the reader is open; every pointer is to a value of this function or of its caller.
        let status =
            unsafe { cc_reader_evaluate(self.reader, name, event, 1_000_000, rules.as_mut_ptr(), capacity, out) };
        // SAFETY: the same.
        assert_eq!(unsafe { cc_reader_image(self.reader, &raw mut image) }, CC_OK);
        let matched = rules.iter().take(outcome.match_count as usize);
        let titles = matched.map(|rule| {
            let mut info = std::mem::MaybeUninit::uninit();
            // SAFETY: the reader is not used before the image was.
            assert_eq!(unsafe { cc_rule_info(image, *rule, info.as_mut_ptr()) }, CC_OK);
            // SAFETY: it was written.
            let info: CcRule = unsafe { info.assume_init() };
            // SAFETY: it is a run of bytes of the image.
            let title = unsafe { std::slice::from_raw_parts(info.title.ptr.cast::<u8>(), info.title.len) };
            String::from_utf8(title.to_vec()).unwrap()
        });
        let titles = titles.collect();
        (status, outcome, titles)
    }

    fn stop(self) {
        // SAFETY: both are open, and not used afterwards.
        assert_eq!(unsafe { cc_store_stop(self.store) }, CC_OK);
        // The reader goes on without its store.
        assert_eq!(self.matches("curl x | sh").len(), 1);
        // SAFETY: the same.
        assert_eq!(unsafe { cc_reader_close(self.reader) }, CC_OK);
    }
}

#[test]
fn content_is_offered_tried_confirmed_switched_off_and_kept() {
    let directory = Directory::new("life");
    let sensor = opened(&directory, |_| ()).unwrap_or_else(|why| panic!("{why:?}"));
    assert_eq!(sensor.standing().rung, CC_RUNG_FACTORY);
    assert_eq!(sensor.matches("curl x | sh"), [SHELL]);

    let first = image(7);
    let signed = envelope(&first, 7, "PASSED");
    assert_eq!((sensor.offer(&first, &signed), sensor.said()), (CC_OK, String::new()));
    assert_eq!((sensor.matches("curl x | sh"), sensor.matches("true")), (vec![SHELL.to_owned()], vec![]));
    let standing = sensor.standing();
    assert_eq!((standing.rung, standing.events, standing.matches), (CC_RUNG_CANDIDATE, 2, 1));
    assert_eq!(sensor.check(), CC_ADVICE_GO_ON);
    let standing = sensor.standing();
    assert_eq!((standing.rung, standing.condition), (CC_RUNG_GOOD, CC_CONDITION_WELL));
    assert_eq!((standing.sequence, standing.loaded_rules, standing.rule_count), (7, 2, 3));
    assert_eq!((standing.image, standing.is_owner), (*Digest::of(&first).bytes(), 1));
    assert!(sensor.status(CC_FORM_TEXT).contains("last known good: sequence 7"), "{}", sensor.status(CC_FORM_TEXT));
    let status: serde_json::Value = serde_json::from_str(&sensor.status(CC_FORM_JSON)).unwrap();
    assert_eq!(status["running"]["sequence"], 7);

    // Another process only reads.
    let guest = opened(&directory, |_| ()).unwrap_or_else(|why| panic!("{why:?}"));
    assert_eq!(guest.standing().is_owner, 0);
    let next = image(8);
    assert_eq!(guest.offer(&next, &envelope(&next, 8, "PASSED")), CC_E_OFFER_TAKEN);
    guest.stop();

    let list = b"contentcheck kill list 1\nepoch 1\nall\n";
    // Two keys must sign for all, and one of them is nobody's here.
    assert_eq!(sensor.kill(list, &signed_beside(list)).0, CC_E_OFFER_DISTRUSTED);
    assert!(sensor.said().contains("1 of the keys that count"), "{}", sensor.said());
    let id = rule_id(&sensor);
    let list = format!("contentcheck kill list 1\nepoch 2\nrule {id}\n");
    assert_eq!(sensor.kill(list.as_bytes(), &signed_beside(list.as_bytes())), (CC_OK, 1));
    assert_eq!((sensor.matches("curl x | sh"), sensor.said()), (Vec::<String>::new(), String::new()));
    assert_eq!(sensor.standing().switched_off, 1);
    assert_eq!(sensor.kill(list.as_bytes(), &signed_beside(list.as_bytes())).0, CC_OK, "the same list again");
    let older = b"contentcheck kill list 1\nepoch 1\n";
    assert_eq!(sensor.kill(older, &signed_beside(older)).0, CC_E_OFFER_KNOWN);
    let none = b"no kill list";
    assert_eq!(sensor.kill(none, &signed_beside(none)).0, CC_E_OFFER_DISTRUSTED, "what is none is wide");
    let empty = b"contentcheck kill list 1\nepoch 3\n";
    assert_eq!(sensor.kill(empty, &signed_beside(empty)), (CC_OK, 1));
    sensor.stop();

    let again = opened(&directory, |_| ()).unwrap_or_else(|why| panic!("{why:?}"));
    assert_eq!((again.standing().rung, again.standing().sequence), (CC_RUNG_GOOD, 7));
    again.stop();
}

/// The id of the rule that a shell matches.
fn rule_id(sensor: &Sensor) -> String {
    let mut image = null();
    // SAFETY: the reader is open.
    assert_eq!(unsafe { cc_reader_image(sensor.reader, &raw mut image) }, CC_OK);
    (0..3)
        .find_map(|rule| {
            let mut info = std::mem::MaybeUninit::uninit();
            // SAFETY: the reader is not used before the image was.
            assert_eq!(unsafe { cc_rule_info(image, rule, info.as_mut_ptr()) }, CC_OK);
            // SAFETY: it was written.
            let CcRule { id, title, .. } = unsafe { info.assume_init() };
            // SAFETY: both are runs of bytes of the image.
            let text = |of: CcBytes| unsafe { std::slice::from_raw_parts(of.ptr.cast::<u8>(), of.len) };
            (text(title) == SHELL.as_bytes()).then(|| String::from_utf8(text(id).to_vec()).unwrap())
        })
        .unwrap()
}

#[test]
fn an_offer_that_is_refused_has_its_code_and_its_words() {
    let directory = Directory::new("refused");
    let sensor = opened(&directory, |_| ()).unwrap_or_else(|why| panic!("{why:?}"));
    let (first, signed) = (image(7), envelope(&image(7), 7, "PASSED"));
    let mut damaged = first.clone();
    damaged[100] ^= 1;
    let mut broken = first.clone();
    *broken.last_mut().unwrap() ^= 1;
    let far = 1 << 40;
    let long = vec![0; 65 << 20];
    for (offered, envelope, status) in [
        (first.clone(), b"{}".to_vec(), CC_E_OFFER_DISTRUSTED),
        (first.clone(), envelope(&first, 7, "FAILED"), CC_E_OFFER_DISTRUSTED),
        (damaged, signed.clone(), CC_E_OFFER_DIGEST),
        (broken.clone(), envelope(&broken, 7, "PASSED"), CC_E_CHECKSUM),
        (first.clone(), envelope(&first, 8, "PASSED"), CC_E_OFFER_MIXED),
        (image(far), envelope(&image(far), far, "PASSED"), CC_E_OFFER_AHEAD),
        (long.clone(), envelope(&long, 7, "PASSED"), CC_E_OFFER_LARGE),
    ] {
        assert_eq!(sensor.offer(&offered, &envelope), status, "{}", sensor.said());
        assert!(!sensor.said().is_empty());
    }
    assert_eq!(sensor.standing().rung, CC_RUNG_FACTORY);
    // SAFETY: the store is open.
    assert_eq!(unsafe { cc_store_hear(sensor.store, CcBytes::of(b"no checkpoint")) }, CC_E_OFFER_UNPROVEN);
    assert_eq!(sensor.offer(&first, &signed), CC_OK);
    assert_eq!(sensor.offer(&first, &signed), CC_E_OFFER_KNOWN);
    // A call that is wrong has no words of an earlier refusal.
    let wrong = CcBytes { ptr: null(), len: 1 };
    // SAFETY: the store is open, and NULL is an answer.
    assert_eq!(unsafe { cc_store_offer(sensor.store, wrong, CcBytes::NONE, CcBytes::NONE) }, CC_E_NULL);
    assert_eq!(sensor.said(), "");
    sensor.stop();
}

/// A path that is no directory is nobody else's.
#[test]
fn a_directory_that_is_none_is_not_another_sensors() {
    let directory = Directory::new("none");
    std::fs::create_dir_all(&directory.0).unwrap();
    let file = directory.0.join("file");
    std::fs::write(&file, "").unwrap();
    for path in [file.clone(), file.join("below")] {
        let path = path.to_str().unwrap().to_owned();
        let sensor = opened(&directory, |config| config.directory = CcBytes::of(path.as_bytes()))
            .unwrap_or_else(|why| panic!("{why:?}"));
        let first = image(7);
        assert_eq!(sensor.offer(&first, &envelope(&first, 7, "PASSED")), CC_E_OFFER_READ_ONLY, "{path}");
        assert_eq!(sensor.standing().rung, CC_RUNG_FACTORY);
        let said = sensor.status(CC_FORM_TEXT);
        assert!(said.contains("not saved") && !said.contains("another sensor"), "{said}");
        sensor.stop();
    }
}

#[test]
fn each_refusal_of_a_device_has_a_status() {
    let device = codes::all().filter(|code| code.id >= "CC1110" && code.id < "CC1200");
    let missing: Vec<_> = device
        .map(|code| code.id)
        .filter(|id| !STATUSES.iter().any(|(_, _, code, _)| code.to_str() == Ok(id)))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Where a caller's header knows fewer members, what lies behind its struct is not looked at.
#[test]
fn the_struct_of_an_earlier_header_is_taken() {
    let directory = Directory::new("earlier");
    let sensor = opened(&directory, |config| {
        config.size_of_self = core::mem::offset_of!(CcStoreConfig, group);
        config.group = CcBytes::of(b"no group");
    });
    assert!(!sensor.unwrap_or_else(|why| panic!("{why:?}")).status(CC_FORM_TEXT).contains("redundancy group"));
    let directory = Directory::new("grouped");
    let sensor = opened(&directory, |config| config.group = CcBytes::of(b"db-7:1/2"));
    let said = sensor.unwrap_or_else(|why| panic!("{why:?}")).status(CC_FORM_TEXT);
    assert!(said.contains("member      1 of 2 of its redundancy group"), "{said}");
}

#[test]
fn wrong_calls_are_told() {
    let directory = Directory::new("wrong");
    let status = |change: &dyn Fn(&mut CcStoreConfig)| opened(&directory, change).err().unwrap();
    assert_eq!(status(&|config| config.size_of_self -= 1).status, CC_E_SIZE);
    assert_eq!(status(&|config| config.manifest = null()).status, CC_E_NULL);
    assert_eq!(status(&|config| config.log = CcBytes::of(b"\xFF")).status, CC_E_UTF8);
    assert_eq!(status(&|config| config.log = CcBytes::of(b"junk")).status, CC_E_LOG);
    assert_eq!(status(&|config| config.group = CcBytes::of(b"db-7:3/2")).status, CC_E_GROUP);
    assert_eq!(status(&|config| config.behind = 3).status, CC_E_NUMBER);
    assert_eq!(status(&|config| config.directory = CcBytes::NONE).status, CC_E_NULL);
    let why = status(&|config| config.root = CcBytes::of(b"contentcheck root 1\nversion one\n"));
    assert_eq!((why.status, why.record), (CC_E_ROOT, 2));
    let twice = Manifest { header: &[], templates: &[MANIFEST.templates[0], MANIFEST.templates[0]], ..MANIFEST };
    let twice = CManifest::of(&twice);
    assert_eq!(status(&|config| config.manifest = &raw const twice.manifest).status, CC_E_MANIFEST);

    let sensor = opened(&directory, |_| ()).unwrap_or_else(|why| panic!("{why:?}"));
    let event = CcEvent {
        template_no: 0,
        inputs: null(),
        input_count: 0,
        header: null(),
        header_count: 0,
        others: null(),
        other_count: 0,
    };
    assert_eq!(sensor.evaluate("edr.process_stop", &event, 8).0, CC_E_TEMPLATE);
    assert_eq!(sensor.evaluate("edr.process_start", &event, 8).0, CC_E_ARITY);
    assert_eq!(sensor.standing().faults, 1);
    let values = [CcValue { tag: 99, ..CcValue::ABSENT }; 5];
    let wrong = CcEvent { inputs: values.as_ptr(), input_count: 5, ..event };
    let (status, outcome, _) = sensor.evaluate("edr.process_start", &wrong, 8);
    assert_eq!((status, outcome.index), (CC_E_ENUM, 0));

    // An address of five bytes is none: one input is mistyped, and the event is evaluated.
    let address = CcValue { tag: CC_IP, len: 5, payload: CcPayload { ptr: b"12345".as_ptr().cast() }, by: 0 };
    let values = [CcValue::ABSENT, address, CcValue::ABSENT, CcValue::ABSENT, CcValue::ABSENT];
    let wrong =
        CcEvent { inputs: values.as_ptr(), input_count: 5, header: &raw const address, header_count: 1, ..event };
    let (status, outcome, _) = sensor.evaluate("edr.process_start", &wrong, 8);
    assert!(status == CC_OK && outcome.mistyped >= 1, "{status} {outcome:?}");

    let mut buffer = [0_u8; 8];
    // SAFETY: the store is open.
    let status = unsafe { cc_store_status(sensor.store, 2, buffer.as_mut_ptr().cast(), 8, null_mut()) };
    assert_eq!(status, CC_E_ENUM);
    // SAFETY: NULL is an answer.
    unsafe {
        assert_eq!(cc_store_check(null_mut(), (&raw mut buffer).cast()), CC_E_NULL);
        assert_eq!(cc_store_stop(null_mut()), CC_E_NULL);
        assert_eq!(cc_reader_close(null_mut()), CC_E_NULL);
        assert_eq!(cc_reader_open(null(), (&raw mut buffer).cast()), CC_E_NULL);
        // A reader is no store, and a copy of a store is none.
        assert_eq!(cc_store_stop(sensor.reader.cast()), CC_E_HANDLE);
        assert_eq!(cc_reader_renew(sensor.store.cast()), CC_E_HANDLE);
    }
    // An image of a reader is none after the next call.
    let (mut image, mut info) = (null(), std::mem::MaybeUninit::uninit());
    // SAFETY: the reader is open, and the memory of its image is there as long as it is.
    unsafe {
        assert_eq!(cc_reader_image(sensor.reader, &raw mut image), CC_OK);
        assert_eq!(cc_image_info(image, info.as_mut_ptr()), CC_OK);
        assert_eq!(cc_reader_renew(sensor.reader), CC_OK);
        assert_eq!(cc_image_info(image, info.as_mut_ptr()), CC_E_HANDLE);
    }
    sensor.stop();
}

/// Threads evaluate while content is exchanged: each event is seen once, by one content or the other.
#[test]
fn content_is_exchanged_under_readers() {
    let directory = Directory::new("exchanged");
    let sensor = opened(&directory, |_| ()).unwrap_or_else(|why| panic!("{why:?}"));
    let stop = std::sync::atomic::AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let mut reader = null_mut();
                // SAFETY: the store is open.
                assert_eq!(unsafe { cc_reader_open(sensor.store, &raw mut reader) }, CC_OK);
                // A pointer that goes to its thread.
                let reader = reader.expose_provenance();
                let stop = &stop;
                scope.spawn(move || {
                    let reader = std::ptr::with_exposed_provenance_mut(reader);
                    let own = Sensor { store: null_mut(), reader };
                    let mut seen = 0_u64;
                    while !stop.load(std::sync::atomic::Ordering::Relaxed) || seen < 50 {
                        // A rule that matches every event would be held against the content.
                        let (first, rest) = (own.matches("curl x | sh"), [own.matches("true"), own.matches("ls")]);
                        assert_eq!((first, rest), (vec![SHELL.to_owned()], [vec![], vec![]]));
                        seen += 1;
                    }
                    // SAFETY: it is open, and this is its thread.
                    assert_eq!(unsafe { cc_reader_close(reader) }, CC_OK);
                    seen
                })
            })
            .collect();
        for sequence in 7..20 {
            let next = image(sequence);
            let envelope = envelope(&next, sequence, "PASSED");
            // While a thread still holds the one before, the next one waits.
            while sensor.offer(&next, &envelope) == CC_E_OFFER_MEMORY {
                std::thread::yield_now();
            }
            // SAFETY: the reader of this thread is open.
            assert_eq!(unsafe { cc_reader_renew(sensor.reader) }, CC_OK);
            assert_eq!((sensor.said(), sensor.standing().sequence), (String::new(), sequence));
            while sensor.standing().rung != CC_RUNG_GOOD {
                assert_eq!(sensor.matches("true"), Vec::<String>::new());
                assert_eq!(sensor.check(), CC_ADVICE_GO_ON);
            }
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        threads.into_iter().map(|thread| thread.join().unwrap()).sum::<u64>()
    });
    assert!(seen >= 100);
    sensor.stop();
}
