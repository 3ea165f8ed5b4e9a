//! How long admission takes before a byte of an image is looked at: two release signatures, the log's policy, a token of two proofs in a
//! log of 262,146 entries, each signed by the log and three witnesses, ring, floors and clocks. Beside it, in turn with it, the ten
//! signatures alone that any such admission has to check. Each is timed some times in a row, and the least counts.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "a program that measures"
)]

use std::hint::black_box;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contentcheck_interpreter::{Capacity, Manifest, Versioning};
use contentcheck_log::{Class, Hash, Opening, Token, Trust};
use contentcheck_sensor::rings::{BAKE_ROUTINE, FIRST_SHARE};
use contentcheck_sensor::{Authority, Device, DeviceId, Digest, Identity, Keyring, Policy, Purpose, Root, State};
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};

#[path = "../../log/tests/log/common.rs"]
#[expect(dead_code, reason = "the log of another crate's tests has more than is needed here")]
mod log;

const ROUNDS: usize = 1_001;
const IN_A_ROW: usize = 5;
const NOW: u64 = 1_800_000_000;
const MANIFEST: Manifest<'static> = Manifest {
    sensor: "edr",
    version: "1.4.0",
    versioning: Versioning::Parts,
    capacity: Capacity::NONE,
    header: &[],
    templates: &[],
};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A statement as the gate makes it, signed by two release keys, and the root that names them.
fn signed(image: Digest) -> (String, Vec<u8>) {
    let keys: Vec<SigningKey> = (1..=8).map(|number| SigningKey::from_bytes(&[number; 32])).collect();
    let names = |keys: &[SigningKey]| -> String {
        keys.iter().map(|key| format!(" {}", hex(key.verifying_key().as_bytes()))).collect()
    };
    let (root, release, kill) = (names(&keys[..3]), names(&keys[3..6]), names(&keys[6..]));
    let root = format!("contentcheck root 1\nversion 1\nroot 2{root}\nrelease 2{release}\nkill 1{kill}\n");
    let payload = serde_json::to_vec(&serde_json::json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "release.ccimage", "digest": {"sha256": image.to_string()}}],
        "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
        "predicate": {
            "result": "PASSED", "requiredAll": true, "configuration": [], "evidence": {}, "passedTests": [],
            "failedTests": [], "skippedTests": [], "missing": [], "allowed": [],
            "release": {"name": "demo", "sequence": 7, "rules": 3, "leftOut": 0, "digest": {}},
            "tool": {}, "seed": 1, "cases": 1, "accepted": {},
            "sensors": [{"sensor": "edr", "version": "1.4.0", "loads": 3, "of": 3}],
        },
    }))
    .unwrap();
    let kind = "application/vnd.in-toto+json";
    let message = [format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes(), payload.clone()].concat();
    let signatures: Vec<_> = keys[3..5]
        .iter()
        .map(|key| serde_json::json!({"sig": STANDARD.encode(key.sign(&message).to_bytes())}))
        .collect();
    let envelope =
        serde_json::json!({"payloadType": kind, "payload": STANDARD.encode(payload), "signatures": signatures});
    (root, serde_json::to_vec(&envelope).unwrap())
}

fn main() {
    let image = Digest::of(b"image");
    let (root, envelope) = signed(image);
    let keyring = Keyring::new(Root::read(&root).unwrap(), &MANIFEST);
    let mut shares = [0; 15];
    shares[..3].copy_from_slice(&[FIRST_SHARE, 10 * FIRST_SHARE, 1 << 31]);
    let (plan, salt) = (Hash([1; 32]), [3; 32]);
    let opening =
        |ring| Opening { plan, image: *image.bytes(), sequence: 7, salt, class: Class::Routine, ring, shares };
    let world = log::World::new();
    let mut entries = log::entries(1 << 18);
    entries.extend([2, 3].map(|ring| opening(ring).to_bytes().to_vec()));
    let (before, size) = (entries.len() - 2, entries.len());
    let times = |at| [Some(at), Some(at), Some(at)];
    let token = format!(
        "{}{}",
        world.proof(before + 1, &entries, times(NOW)),
        world.proof(before, &entries[..size - 1], times(NOW - BAKE_ROUTINE)),
    );
    let policy = world.policy();
    let id = DeviceId(Digest::of(b"device"));
    let state = State { identity: Some(Identity { id, hardware: None }), ..State::fresh(Digest::of(b"build")) };
    let device = Device { factory: None, built: 0, wall: Some(NOW) };
    let admit = || {
        let claim = keyring.claim(black_box(&envelope), Purpose::Install).unwrap();
        let considered = state.consider(claim, 1_000_000, &device, &Policy::DEFAULT).unwrap();
        let trust = Trust::read(black_box(&policy)).unwrap();
        let opened = Token::read(black_box(token.as_bytes())).unwrap().check(&trust).unwrap();
        black_box(considered.granted(&opened, &[], &device).unwrap());
    };
    let signers: Vec<SigningKey> = (1..=10).map(|number| SigningKey::from_bytes(&[number; 32])).collect();
    let signed: Vec<_> = signers.iter().map(|key| (key.verifying_key().to_bytes(), key.sign(b"a message"))).collect();
    let signatures_alone = || {
        for (key, signature) in black_box(&signed) {
            VerifyingKey::from_bytes(key).unwrap().verify_strict(b"a message", signature).unwrap();
        }
    };
    // The least of some runs in a row: what other work of the machine takes is in few of them.
    let timed = |what: &dyn Fn()| {
        let once = |_| {
            let began = Instant::now();
            what();
            began.elapsed().as_nanos() as f64 / 1_000.0
        };
        (0..IN_A_ROW).map(once).fold(f64::MAX, f64::min)
    };
    let mut took = Vec::new();
    let mut ratios = Vec::new();
    let mut alone = Vec::new();
    for round in 0..ROUNDS {
        let (admission, signatures) = if round % 2 == 0 {
            let admission = timed(&admit);
            (admission, timed(&signatures_alone))
        } else {
            let signatures = timed(&signatures_alone);
            (timed(&admit), signatures)
        };
        took.push(admission);
        alone.push(signatures);
        ratios.push(admission / signatures);
    }
    for one in [&mut took, &mut alone, &mut ratios] {
        one.sort_by(f64::total_cmp);
    }
    let (median, high) = (ROUNDS / 2, ROUNDS * 95 / 100);
    println!("token of {} bytes, envelope of {} bytes", token.len(), envelope.len());
    println!(
        "admission before the image: least {:.0} us, median {:.0} us, 95 % {:.0} us",
        took[0], took[median], took[high]
    );
    println!(
        "ten signatures alone: least {:.0} us, median {:.0} us, 95 % {:.0} us",
        alone[0], alone[median], alone[high]
    );
    println!("admission beside them: median {:.2}, 95 % {:.2}; {ROUNDS} rounds", ratios[median], ratios[high]);
}
