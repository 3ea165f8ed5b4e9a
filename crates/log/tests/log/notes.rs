//! Notes, policies, and who must have signed what.

use contentcheck_log::{
    Algorithm, Checkpoint, NoCheckpoint, NoLine, NoNote, NoTrust, Note, Trust, Unwitnessed, VerifierKey, limits,
};

use crate::common::{LOG, Signer, World, checkpoint, entries};
use crate::known::{GO_KEY, GO_NOTE};

#[test]
fn no_bit_of_a_note_can_be_changed() {
    let key = VerifierKey::read(GO_KEY).unwrap();
    for bit in 0..GO_NOTE.len() * 8 {
        let mut other = GO_NOTE.as_bytes().to_vec();
        other[bit / 8] ^= 1 << (bit % 8);
        assert!(!Note::read(&other).is_ok_and(|note| note.is_signed_by(&key)), "bit {bit}");
    }
    for end in 0..GO_NOTE.len() {
        assert!(Note::read(&GO_NOTE.as_bytes()[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn a_note_is_read_within_its_limits() {
    let line = GO_NOTE.rsplit_once("\n\n").unwrap().1;
    let with = |lines: usize| format!("text\n\n{}", line.repeat(lines));
    assert!(Note::read(with(limits::SIGNATURES).as_bytes()).is_ok());
    assert_eq!(Note::read(with(limits::SIGNATURES + 1).as_bytes()), Err(NoNote::Signatures));
    let long = format!("{}\n\n{line}", "x".repeat(limits::NOTE_BYTES));
    assert_eq!(Note::read(long.as_bytes()), Err(NoNote::Bytes));
    for (text, why) in [
        ("text\n", NoNote::Form),
        ("text\n\n", NoNote::Form),
        ("text\r\n\n\u{2014} a AAAAAAA=\n", NoNote::Characters),
        ("text\n\n\u{2014} a AAAAAAA=", NoNote::Form),
        ("text\n\n\u{2014} a AAAAAA==\n", NoNote::Signature { number: 1 }),
        ("text\n\n\u{2014} a+b AAAAAAA=\n", NoNote::Signature { number: 1 }),
        ("text\n\n\u{2014}  AAAAAAA=\n", NoNote::Signature { number: 1 }),
        ("text\n\n- a AAAAAAA=\n", NoNote::Signature { number: 1 }),
        ("text\n\n\u{2014} a AAAAAAA=\nmore\n", NoNote::Signature { number: 2 }),
    ] {
        assert_eq!(Note::read(text.as_bytes()), Err(why), "{text:?}");
    }
    // A signature of an algorithm to come is passed over, however long or short.
    for signature in ["AAAAAAA=".to_owned(), "AAAA".repeat(1_600)] {
        assert!(Note::read(format!("text\n\n\u{2014} a {signature}\n").as_bytes()).is_ok());
    }
}

#[test]
fn a_checkpoint_has_three_lines_and_each_in_one_way() {
    let whole = checkpoint(LOG, &entries(7));
    assert!(Checkpoint::read(&whole).is_ok());
    assert!(Checkpoint::read(&format!("{whole}more\n")).is_ok());
    assert_eq!(Checkpoint::read(&format!("{whole}\nmore\n")), Err(NoCheckpoint::Extension));
    for size in ["07", "+7", "-7", "", "7 ", "18446744073709551616"] {
        let other = whole.replace("\n7\n", &format!("\n{size}\n"));
        assert_eq!(Checkpoint::read(&other), Err(NoCheckpoint::Size), "{size:?}");
    }
    let hash = whole.lines().nth(2).unwrap();
    for other in [&hash[..40], &format!("{hash}A"), "", &hash.replace('=', "A")] {
        assert_eq!(Checkpoint::read(&whole.replace(hash, other)), Err(NoCheckpoint::Root), "{other}");
    }
    assert_eq!(Checkpoint::read("\n7\nAAAA\n"), Err(NoCheckpoint::Origin));
    let empty = checkpoint(LOG, &[]);
    assert_eq!(Checkpoint::read(&empty).unwrap().size, 0);
    assert_eq!(
        Checkpoint::read(&whole.replace("\n7\n", "\n0\n")),
        Err(NoCheckpoint::Root),
        "an empty tree has one root"
    );
    assert_eq!(Checkpoint::read(&format!("{whole}{}\n", "x".repeat(1_024))), Err(NoCheckpoint::Bytes));
}

#[test]
fn a_quorum_of_known_witnesses_must_sign() {
    let world = World::new();
    let policy = world.policy();
    let trust = Trust::read(&policy).unwrap();
    let check = |times| trust.check(world.note(&entries(5), times).as_bytes());
    let witnessed = check([Some(300), Some(100), Some(200)]).unwrap();
    assert_eq!((witnessed.size(), witnessed.seen_by(), witnessed.seen_until()), (5, 200, 200));
    let witnessed = check([Some(300), None, Some(200)]).unwrap();
    assert_eq!((witnessed.seen_by(), witnessed.seen_until()), (300, 200), "either may be the one who lies");
    assert_eq!(check([Some(1), None, None]), Err(Unwitnessed::Quorum { found: 1, needed: 2 }));
    assert_eq!(check([None; 3]), Err(Unwitnessed::Quorum { found: 0, needed: 2 }));
    assert_eq!(check([Some(1), Some(1 << 63), None]), Err(Unwitnessed::Cosignature), "no such time");

    let text = checkpoint(LOG, &entries(5));
    let signed = |lines: &[String]| trust.check(format!("{text}\n{}", lines.concat()).as_bytes());
    let [log, a, b] = [world.log.sign(&text), world.witnesses[0].cosign(&text, 7), world.witnesses[1].cosign(&text, 7)];
    let strange = Signer::witness("stranger.example").cosign(&text, 7);
    assert!(signed(&[strange.clone(), b.clone(), log.clone(), a.clone()]).is_ok(), "order and strangers are all one");
    assert_eq!(
        signed(&[log.clone(), a.clone(), a.clone(), a.clone()]),
        Err(Unwitnessed::Quorum { found: 1, needed: 2 })
    );
    assert_eq!(signed(&[a.clone(), b.clone()]), Err(Unwitnessed::Log));
    assert_eq!(signed(&[log.clone(), a.clone(), strange]), Err(Unwitnessed::Quorum { found: 1, needed: 2 }));
    // Signed by a known witness, and over something else.
    let other = world.witnesses[1].cosign(&checkpoint(LOG, &entries(6)), 7);
    assert_eq!(signed(&[log.clone(), a.clone(), other]), Err(Unwitnessed::Cosignature));
    // As a note, and not as a cosignature.
    assert_eq!(signed(&[log, a, world.witnesses[1].sign(&text)]), Err(Unwitnessed::Cosignature));

    let elsewhere = checkpoint("example.com/other", &entries(5));
    let note = format!("{elsewhere}\n{}", world.log.sign(&elsewhere));
    assert_eq!(trust.check(note.as_bytes()), Err(Unwitnessed::Origin));
}

#[test]
fn no_bit_of_a_checkpoint_can_be_changed() {
    let world = World::new();
    let policy = world.policy();
    let trust = Trust::read(&policy).unwrap();
    let note = world.note(&entries(3), [Some(1), Some(2), None]);
    let whole = trust.check(note.as_bytes()).unwrap();
    for bit in 0..note.len() * 8 {
        let mut other = note.clone().into_bytes();
        other[bit / 8] ^= 1 << (bit % 8);
        assert_ne!(trust.check(&other), Ok(whole), "bit {bit}");
        assert!(trust.check(&other).is_err(), "bit {bit}");
    }
}

#[test]
fn a_policy_is_one_log_and_one_quorum() {
    let world = World::new();
    let policy = world.policy();
    assert_eq!(Trust::read(&policy).unwrap().quorum(), 2);
    let [a, b, _] = world.witnesses.each_ref().map(Signer::vkey);
    let log = world.log.vkey();
    let read = |text: &str| Trust::read(text).map(|trust| trust.quorum());
    let line = |line, why| Err(NoTrust::Line { line, why });
    assert_eq!(read(&format!("# who\n\n log\t{log} https://log.example/\nwitness a {a}\nquorum a\n")), Ok(1));
    assert_eq!(read(&policy.replace("group g 2", "group g all")), Ok(3));
    assert_eq!(read(&policy.replace("group g 2", "group g any")), Ok(1));
    for needed in ["0", "4", "-1", "x"] {
        let why = NoLine::Needed { members: 3 };
        assert_eq!(read(&policy.replace("group g 2", &format!("group g {needed}"))), line(5, why), "{needed}");
    }
    assert_eq!(read(&policy.replace("g 2 a b c", "g 2")), line(5, NoLine::Needed { members: 0 }));
    assert_eq!(read(&policy.replace("quorum g", "quorum none")), line(6, NoLine::Group), "nobody would have to sign");
    assert_eq!(read(&policy.replace("quorum g\n", "")), Err(NoTrust::Quorum));
    assert_eq!(read(""), Err(NoTrust::Log));
    assert_eq!(read(&format!("{policy}quorum g\n")), line(7, NoLine::Again { what: "quorum" }));
    assert_eq!(read(&format!("{policy}log {log}\n")), line(7, NoLine::Again { what: "log" }));
    assert_eq!(read(&policy.replace("quorum g", "group h 1 a")), line(6, NoLine::Again { what: "group" }));
    assert_eq!(read(&policy.replace("group g 2 a b c", "group g 2 a a b")), line(5, NoLine::MemberTwice));
    assert_eq!(read(&policy.replace("group g 2 a b c", "group g 2 a b d")), line(5, NoLine::Member { number: 3 }));
    assert_eq!(read(&policy.replace("group g ", "group a ")), line(5, NoLine::NameTwice));
    assert_eq!(read(&policy.replace("group g ", "group none ")), line(5, NoLine::Nameless));
    assert_eq!(read(&format!("{policy}witness d {a}\n")), line(7, NoLine::Late));
    let twice = format!("log {log}\nwitness a {a}\nwitness b {a}\n");
    assert_eq!(read(&twice), line(3, NoLine::KeyTwice), "whoever has two names would be two witnesses");
    assert_eq!(read(&format!("log {log}\nwitness a {a}\nwitness a {b}\n")), line(3, NoLine::NameTwice));
    let note = NoLine::Algorithm { needed: Algorithm::Note };
    assert_eq!(read(&format!("log {a}\n")), line(1, note), "a witness signs no checkpoint as the log does");
    assert_eq!(read(&format!("witness a {log}\n")), line(1, NoLine::Algorithm { needed: Algorithm::Cosignature }));
    assert!(matches!(read("log example.com+00000000+AAAA\n"), Err(NoTrust::Key { line: 1, .. })));
    assert_eq!(read("log\n"), line(1, NoLine::Form { form: "log NAME+ID+KEY" }));
    assert_eq!(read(&policy.replace("quorum g", "quorum g h")), line(6, NoLine::Form { form: "quorum GROUP" }));
    assert_eq!(read(&policy.replace("group", "crowd")), line(5, NoLine::Word));
    // What editors of Windows write.
    assert_eq!(read(&policy.replace('\n', "\r\n")), line(1, NoLine::Return));
    assert_eq!(read(&format!("\u{FEFF}{policy}")), line(1, NoLine::Mark));
    assert_eq!(read(&policy.replace("group g", "group\u{0}g")), line(5, NoLine::Control));
    assert_eq!(read(&format!("{policy}{}", "#\n".repeat(10_000))), Err(NoTrust::Bytes));
}
