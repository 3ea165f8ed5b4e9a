//! Keys on the device: thresholds, the gate's statements, and roots that change hands.
#![cfg(feature = "keys")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contentcheck_interpreter::{Capacity, Manifest, Versioning};
use contentcheck_sensor::{Authority, Digest, Distrust, Keyring, NoRoot, Purpose, Root, SIGNATURES_FIRST, Sequence};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};

const MANIFEST: Manifest<'static> = Manifest {
    sensor: "edr",
    version: "1.4.0",
    versioning: Versioning::Parts,
    capacity: Capacity::NONE,
    header: &[],
    templates: &[],
};

fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn names(numbers: &[u8]) -> String {
    numbers.iter().map(|number| format!(" {}", hex(key(*number).verifying_key().as_bytes()))).collect()
}

fn root_text(version: u64, root: &[u8], release: &[u8], retired: &[u8]) -> String {
    let retired = if retired.is_empty() { String::new() } else { format!("retired{}\n", names(retired)) };
    let (roots, releases, kill) = (names(root), names(release), names(&[30, 31]));
    format!("contentcheck root 1\nversion {version}\nroot 2{roots}\nrelease 2{releases}\nkill 1{kill}\n{retired}")
}

fn beside(domain: &str, file: &[u8], signers: &[u8]) -> Vec<u8> {
    let message = [domain.as_bytes(), &[0], file].concat();
    let mut list = format!("{SIGNATURES_FIRST}\n");
    for signer in signers {
        list +=
            &format!("{}\n", names(&[*signer]).trim().to_owned() + " " + &hex(&key(*signer).sign(&message).to_bytes()));
    }
    list.into_bytes()
}

/// What the gate writes of a release that passed.
fn statement() -> Value {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "release.ccimage", "digest": {"sha256": Digest::of(b"image").to_string()}}],
        "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
        "predicate": {
            "result": "PASSED", "requiredAll": true, "configuration": [],
            "evidence": {"name": "evidence.json", "digest": {"sha256": Digest::of(b"evidence").to_string()}},
            "passedTests": ["lint"], "failedTests": [], "skippedTests": [], "missing": [], "allowed": [],
            "release": {"name": "demo", "sequence": 7, "rules": 3, "leftOut": 0, "digest": {"sha256": "00"}},
            "tool": {"name": "contentcheck", "version": "0.1.0"}, "seed": 1, "cases": 1,
            "accepted": {"comment": 0, "baseline": 0, "severity": 0},
            "sensors": [{"sensor": "edr", "version": "1.4.0", "loads": 3, "of": 3}],
        },
    })
}

fn envelope(statement: &Value, signers: &[u8]) -> Vec<u8> {
    let (kind, payload) = ("application/vnd.in-toto+json", serde_json::to_vec(statement).unwrap());
    let message = [format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes(), payload.clone()].concat();
    let signatures: Vec<Value> = signers
        .iter()
        .map(|signer| json!({"keyid": "a hint", "sig": STANDARD.encode(key(*signer).sign(&message).to_bytes())}))
        .collect();
    serde_json::to_vec(&json!({"payloadType": kind, "payload": STANDARD.encode(payload), "signatures": signatures}))
        .unwrap()
}

fn keyring() -> Keyring {
    Keyring::new(Root::read(&root_text(1, &[1, 2, 3], &[10, 11, 12], &[])).unwrap(), &MANIFEST)
}

#[test]
fn as_many_release_keys_must_sign_as_the_root_says() {
    let keyring = keyring();
    let ask = |signers: &[u8]| keyring.claim(&envelope(&statement(), signers), Purpose::Install);
    let claim = ask(&[10, 12]).unwrap();
    assert_eq!((claim.content.digest, claim.content.sequence), (Digest::of(b"image"), Sequence(7)));
    let refused = |found| Err(Distrust::Signatures { found, needed: 2 });
    assert_eq!(ask(&[]), refused(0));
    assert_eq!(ask(&[10]), refused(1));
    assert_eq!(ask(&[10, 10, 10]), refused(1), "a key counts once");
    assert_eq!(ask(&[10, 99, 1, 30]), refused(1), "keys of other roles do not count");
    assert!(ask(&[99, 98, 10, 97, 11]).is_ok(), "unknown keys are passed over");
}

#[test]
fn no_byte_of_what_was_signed_can_be_altered() {
    let keyring = keyring();
    let whole = envelope(&statement(), &[10, 11]);
    let mut believed = 0;
    // A prime stride, so that each part of the envelope is met; all of it takes minutes without optimisation.
    for at in (0..whole.len()).step_by(17) {
        let mut altered = whole.clone();
        let Some(byte) = altered.get_mut(at) else { panic!("{at} is within") };
        *byte ^= 1;
        if let Ok(claim) = keyring.claim(&altered, Purpose::Install) {
            // A hint, such as the id of a key, is no part of what is signed.
            assert_eq!((claim.content.digest, claim.content.sequence), (Digest::of(b"image"), Sequence(7)));
            believed += 1;
        }
    }
    assert!(believed < 4, "{believed} of {}", whole.len());
}

#[test]
fn a_statement_says_that_the_gate_passed_content_for_this_sensor() {
    let keyring = keyring();
    let ask = |change: &dyn Fn(&mut Value), purpose| {
        let mut statement = statement();
        change(&mut statement);
        keyring.claim(&envelope(&statement, &[10, 11]), purpose)
    };
    let install = |change: &dyn Fn(&mut Value)| ask(change, Purpose::Install);
    let warned = install(&|all| all["predicate"]["result"] = "WARNED".into());
    assert_eq!(warned, Err(Distrust::Incomplete), "as that of a first release is");
    assert!(warned.unwrap_err().to_string().contains("the first release of a fleet"));
    for result in ["FAILED", "passed", ""] {
        assert_eq!(install(&|all| all["predicate"]["result"] = result.into()), Err(Distrust::NotPassed));
    }
    assert_eq!(install(&|all| all["predicate"]["failedTests"] = json!(["lint"])), Err(Distrust::NotPassed));
    let other = |all: &mut Value| all["predicate"]["sensors"][0]["version"] = "1.5.0".into();
    assert_eq!(install(&other), Err(Distrust::Audience));
    assert!(ask(&other, Purpose::Run).is_ok(), "a later build runs what an earlier one took");
    assert_eq!(install(&|all| all["predicate"]["sensors"][0]["loads"] = Value::Null), Err(Distrust::Audience));
    assert_eq!(install(&|all| all["predicate"]["release"]["sequence"] = Value::Null), Err(Distrust::NoSequence));
    assert_eq!(install(&|all| all["predicate"]["release"]["sequence"] = 0.into()), Err(Distrust::NoSequence));
    assert_eq!(install(&|all| all["predicate"]["but"] = "not really".into()), Err(Distrust::Subject));
    assert_eq!(install(&|all| all["_type"] = "another".into()), Err(Distrust::Subject));
    assert_eq!(install(&|all| all["subject"] = json!([])), Err(Distrust::Subject));
    assert_eq!(keyring.claim(b"{", Purpose::Install), Err(Distrust::Malformed));
}

#[test]
fn a_root_changes_hands_one_version_after_the_other() {
    let first = Root::read(&root_text(1, &[1, 2, 3], &[10, 11, 12], &[])).unwrap();
    let text = root_text(2, &[2, 3, 4], &[11, 12, 13], &[10]);
    let signed = |signers: &[u8]| beside("contentcheck root", text.as_bytes(), signers);
    let too_few = |found| Distrust::Signatures { found, needed: 2 };
    assert_eq!(first.next(&text, &signed(&[1, 4])), Err(NoRoot::Old(too_few(1))));
    assert_eq!(first.next(&text, &signed(&[1, 2])), Err(NoRoot::New(too_few(1))), "whoever takes over must be able to");
    assert_eq!(first.next(&text, &beside("contentcheck kill", text.as_bytes(), &[2, 3])), Err(NoRoot::Old(too_few(0))));
    let second = first.next(&text, &signed(&[2, 3])).unwrap();
    assert_eq!(second.version(), 2);
    // Nobody skips a version, and nobody goes back.
    let third = root_text(3, &[2, 3, 4], &[11, 12, 13], &[]);
    let of_third = beside("contentcheck root", third.as_bytes(), &[2, 3, 4]);
    assert_eq!(first.next(&third, &of_third), Err(NoRoot::Version { found: 3, next: 2 }));
    assert_eq!(second.next(&text, &signed(&[2, 3])), Err(NoRoot::Version { found: 2, next: 3 }));
    assert_eq!(first.next(&text, &signed(&[2, 3])).unwrap().next(&third, &of_third).unwrap().version(), 3);
    // A key that was taken back: content that is there runs on, nothing new is taken.
    let keyring = Keyring::new(second, &MANIFEST);
    let old = envelope(&statement(), &[10, 11]);
    assert_eq!(keyring.claim(&old, Purpose::Install), Err(Distrust::Signatures { found: 1, needed: 2 }));
    assert!(keyring.claim(&old, Purpose::Run).is_ok());
}

#[test]
fn a_kill_list_has_keys_of_its_own() {
    let keyring = keyring();
    let list = b"contentcheck kill list 1\nepoch 1\nrule a\n";
    let ask = |envelope: &[u8]| keyring.kill_list(list, envelope, Purpose::Install);
    assert_eq!(ask(&beside("contentcheck kill", list, &[31])), Ok(()));
    for signers in [&[10, 11][..], &[1, 2], &[]] {
        let refused = Err(Distrust::Signatures { found: 0, needed: 1 });
        assert_eq!(ask(&beside("contentcheck kill", list, signers)), refused);
    }
    assert_eq!(ask(b""), Err(Distrust::Malformed));
    assert!(ask(&beside("contentcheck kill", b"another list", &[31])).is_err());
    // An algorithm to come is passed over.
    let mut with_another = beside("contentcheck kill", list, &[31]);
    with_another.extend_from_slice(b"ml-dsa-44:00 0011\n");
    assert_eq!(ask(&with_another), Ok(()));
}

#[test]
fn a_wide_kill_list_needs_two() {
    let keyring = keyring();
    let rules = |count: usize| (0..count).map(|rule| format!("rule r{rule}\n")).collect::<String>();
    let ask = |lines: &str, signers: &[u8]| {
        let list = format!("contentcheck kill list 1\nepoch 1\n{lines}").into_bytes();
        keyring.kill_list(&list, &beside("contentcheck kill", &list, signers), Purpose::Install)
    };
    assert_eq!(ask(&rules(32), &[30]), Ok(()));
    for wide in [rules(33), "all\n".to_owned()] {
        assert_eq!(ask(&wide, &[30]), Err(Distrust::Signatures { found: 1, needed: 2 }));
        assert_eq!(ask(&wide, &[30, 30]), Err(Distrust::Signatures { found: 1, needed: 2 }));
        assert_eq!(ask(&wide, &[30, 31]), Ok(()));
    }
    // A root with one such key: whoever made it wanted that.
    let alone = root_text(1, &[1, 2, 3], &[10, 11, 12], &[]).replace(&names(&[30, 31]), &names(&[30]));
    let list = b"contentcheck kill list 1\nepoch 1\nall\n";
    let keyring = Keyring::new(Root::read(&alone).unwrap(), &MANIFEST);
    assert_eq!(keyring.kill_list(list, &beside("contentcheck kill", list, &[30]), Purpose::Install), Ok(()));
}

#[test]
fn a_root_is_read_whole_or_not_at_all() {
    let text = root_text(1, &[1, 2, 3], &[10, 11, 12], &[13]);
    assert!(Root::read(&text).is_ok());
    for end in 0..text.len() {
        let Some(cut) = text.get(..end) else { panic!("it is ASCII") };
        let is_whole = cut.ends_with('\n') && cut.lines().count() == 5;
        assert_eq!(Root::read(cut).is_ok(), is_whole, "{cut}");
    }
    let twice = text.replace(&names(&[2]), &names(&[1]));
    assert_eq!(Root::read(&twice), Err(NoRoot::Keys { line: 3 }));
    assert_eq!(Root::read(&text.replace("root 2", "root 4")), Err(NoRoot::Keys { line: 3 }));
    assert_eq!(Root::read(&text.replace("release 2", "release 0")), Err(NoRoot::Keys { line: 4 }));
    let weak = text.replace(&names(&[30]), &format!(" {}", "00".repeat(32)));
    assert_eq!(Root::read(&weak), Err(NoRoot::Keys { line: 5 }), "with it, anybody could sign");
    assert_eq!(Root::read(&format!("{text}more\n")), Err(NoRoot::Line { line: 7 }));
}

/// The formats as docs/keys.md shows them.
#[test]
fn the_page_of_formats_shows_what_is_read() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/keys.md")).unwrap();
    let block = |first: &str| {
        let begin = page.find(&format!("```text\n{first}\n")).unwrap_or_else(|| panic!("{first}")) + "```text\n".len();
        page.get(begin..).and_then(|rest| rest.split("```").next()).unwrap()
    };
    let root = Root::read(block("contentcheck root 1")).unwrap();
    assert_eq!(root.version(), 3);
    let keyring = Keyring::new(root, &MANIFEST);
    let (list, signatures) = (block("contentcheck kill list 1"), block("contentcheck signatures 1"));
    assert_eq!(keyring.kill_list(list.as_bytes(), signatures.as_bytes(), Purpose::Install), Ok(()));
    let altered = list.replace("epoch 7", "epoch 8");
    assert!(keyring.kill_list(altered.as_bytes(), signatures.as_bytes(), Purpose::Install).is_err());
}
