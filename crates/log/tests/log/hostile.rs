//! Whatever bytes come, reading them ends, and nothing of them is believed.

use contentcheck_log::{Checkpoint, NoProof, NoToken, Note, Opening, Proof, Token, Trust, VerifierKey, limits};
use proptest::prelude::*;

use crate::common::{World, entries};

fn read_all(bytes: &[u8], trust: &Trust<'_>) -> bool {
    let mut believed = trust.check(bytes).is_ok();
    believed |= Token::read(bytes).and_then(|token| token.check(trust)).is_ok();
    believed |= Proof::read(bytes).is_ok_and(|proof| {
        let _ = proof.extra(&mut [0; 300]);
        proof.includes(b"entry 3", trust).is_ok()
    });
    let _ = Opening::read(bytes).map(|opening| opening.to_bytes());
    if let Ok(note) = Note::read(bytes) {
        let _ = note.signatures().count();
    }
    if let Ok(text) = core::str::from_utf8(bytes) {
        let _ = (Checkpoint::read(text).is_ok(), VerifierKey::read(text).is_ok(), Trust::read(text).is_ok());
    }
    believed
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn bytes_are_read_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let policy = World::new().policy();
        prop_assert!(!read_all(&bytes, &Trust::read(&policy).unwrap()));
    }

    #[test]
    fn lines_that_are_cut_and_mixed_are_read_to_an_end(
        lines in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..120), 0..30)) {
        let world = World::new();
        let policy = world.policy();
        let trust = Trust::read(&policy).unwrap();
        let source = format!("{policy}{}", world.proof(3, &entries(9), [Some(1), None, Some(u64::MAX)]));
        let all: Vec<&str> = source.split_inclusive('\n').collect();
        let mixed: String = lines.iter().map(|(line, end)| {
            let line = all[line.index(all.len())];
            line.get(..*end).unwrap_or(line)
        }).collect();
        prop_assert!(!read_all(mixed.as_bytes(), &trust));
        let _ = Trust::read(&mixed);
    }
}

#[test]
fn what_is_too_large_is_not_looked_at() {
    let policy = World::new().policy();
    let trust = Trust::read(&policy).unwrap();
    for byte in [b'\n', b'A', b' ', 0xE2, 0] {
        assert!(!read_all(&vec![byte; limits::NOTE_BYTES + 1], &trust));
        assert!(matches!(Token::read(&vec![byte; limits::TOKEN_BYTES + 1]), Err(NoToken::Bytes)));
        assert!(matches!(Proof::read(&vec![byte; limits::PROOF_BYTES + 1]), Err(NoProof::Bytes)));
    }
    let hash = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    let proof = |hashes: usize| format!("c2sp.org/tlog-proof@v1\nindex 0\n{}\nnote\n", hash.repeat(hashes));
    assert!(Proof::read(proof(limits::PATH).as_bytes()).is_ok());
    assert_eq!(Proof::read(proof(limits::PATH + 1).as_bytes()), Err(NoProof::Path));
    for (text, line) in [
        ("", 1),
        ("c2sp.org/tlog-proof@v2\nindex 0\n\n", 1),
        ("c2sp.org/tlog-proof@v1\nindex 01\n\n", 2),
        ("c2sp.org/tlog-proof@v1\nextra A\nindex 0\n\n", 2),
        ("c2sp.org/tlog-proof@v1\nextra AAAA\nindex -1\n\n", 3),
        ("c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\n", 3),
        ("c2sp.org/tlog-proof@v1\nindex 0\n", 3),
    ] {
        assert_eq!(Proof::read(text.as_bytes()), Err(NoProof::Line { line }), "{text:?}");
    }
}
