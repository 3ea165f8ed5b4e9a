//! What a witness asks before it signs, by its own clock: what people and servers claim of times shortens nothing.

use crate::common::{Book, LOG, Outcome, START, well};
use contentcheck_log::{Algorithm, Hash};
use contentcheck_rollout::entry::{Evidence, Halt, Start};
use contentcheck_rollout::witness::{LATE, Reports};
use contentcheck_rollout::{Body, Checker, Entry, Policy, State, Unsigned};

const HOUR: u64 = 60 * 60;

/// Whatever it says, it is so.
struct Believed;

impl Reports for Believed {
    fn vouch(&self, _: &State, _: &Hash, _: &Evidence, _: u64) -> Result<(), String> {
        Ok(())
    }
}

/// A rollout that is started, and a witness that signed for it.
fn started() -> Outcome<(Book, Checker)> {
    let mut book = Book::new(State::new(LOG))?;
    let census = book.census(&[("linux/6", 30_000), ("windows/11", 50_000)])?;
    let release = book.release(1)?;
    book.plan(release, census, Policy::read(Policy::STANDARD)?)??;
    book.start(START)??;
    let checker = signed(&book, &Checker::new(State::new(LOG)), START)?;
    Ok((book, checker))
}

fn signed(book: &Book, by: &Checker, now: u64) -> Result<Checker, Unsigned> {
    let new = usize::try_from(by.state().size()).ok().and_then(|from| book.entries.get(from..)).unwrap_or(&[]);
    by.check(new, book.state.root(), now, &Believed)
}

/// The open ring is cleared and the next one opened, with the time that the entries claim.
fn advance(book: &mut Book, time: u64) -> Outcome {
    let open = book.state.newest().and_then(|rollout| rollout.open_ring()).ok_or("none is open")?;
    for ring in 0..=open {
        book.evidence(ring, time, well(6_000))??;
    }
    book.verdict(time)??;
    book.open()??;
    Ok(())
}

#[test]
fn a_ring_that_was_cleared_long_ago_is_not_opened() -> Outcome {
    let (mut book, checker) = started()?;
    book.open()??;
    assert!(signed(&book, &checker, START + LATE).is_ok());
    let late = signed(&book, &checker, START + LATE + 1);
    assert!(matches!(late, Err(Unsigned::Late { cleared: START, .. })), "{late:?}");
    // It is a matter of two people then.
    book.halt(START + 2 * HOUR)??;
    assert!(signed(&book, &checker, START + 2 * HOUR).is_err(), "devices would take it all the same");
    book.resume(START + 2 * HOUR, 2)??;
    assert!(signed(&book, &checker, START + 2 * HOUR).is_ok());
    Ok(())
}

#[test]
fn the_clock_begins_when_the_witness_sees_that_it_goes_on() -> Outcome {
    let (mut book, checker) = started()?;
    book.open()??;
    book.halt(START + 60)??;
    let checker = signed(&book, &checker, START + 60)?;
    // Two people sign at once, and the server keeps it back for four hours.
    book.resume(START + 120, 2)??;
    let shown = START + 120 + 4 * HOUR;
    let checker = signed(&book, &checker, shown)?;
    advance(&mut book, shown)?;
    assert!(matches!(signed(&book, &checker, shown), Err(Unsigned::Soon { from, .. }) if from == shown + 4 * HOUR));
    Ok(())
}

#[test]
fn a_witness_that_was_away_follows_a_quorum_of_the_others() -> Outcome {
    let (mut book, away) = started()?;
    book.open()??;
    let mut there = signed(&book, &away, START)?;
    advance(&mut book, START + 4 * HOUR)?;
    there = signed(&book, &there, START + 4 * HOUR)?;
    let now = START + 9 * HOUR;
    assert!(matches!(signed(&book, &away, now), Err(Unsigned::Soon { .. })), "it saw nothing");
    let back = signed(&book, &away.beside(book.state.size()), now)?;
    // From then on its own clock counts, later than that of those who were there.
    advance(&mut book, START + 28 * HOUR)?;
    assert!(signed(&book, &there, START + 28 * HOUR).is_ok());
    assert!(
        matches!(signed(&book, &back, START + 28 * HOUR), Err(Unsigned::Soon { from, .. }) if from == now + 24 * HOUR)
    );
    Ok(())
}

#[test]
fn a_halt_that_the_server_keeps_back_is_told_to_a_witness() -> Outcome {
    let (mut book, checker) = started()?;
    book.open()??;
    let checker = signed(&book, &checker, START)?;
    let (halt, other) = (halt_of(&book, START + 60, "halt-0")?, halt_of(&book, START + 60, "resume-0")?);
    assert!(checker.clone().told(&other, START + 60).is_err(), "a key that may not halt");
    assert!(checker.clone().told(&halt, START - 60).is_err(), "a time that has not come");
    let told = checker.clone().told(&halt, START + 60)?;
    // The server goes on as if nothing had been.
    let mut on = book.clone();
    advance(&mut on, START + 4 * HOUR)?;
    assert!(signed(&on, &checker, START + 4 * HOUR).is_ok());
    assert!(matches!(signed(&on, &told, START + 4 * HOUR), Err(Unsigned::Halted { at, .. }) if at == START + 60));
    // With the halt behind the opening devices would take it all the same: it needs two people, as always.
    on.halt(START + 4 * HOUR)??;
    assert!(matches!(signed(&on, &told, START + 4 * HOUR), Err(Unsigned::Halted { .. })));
    on.resume(START + 4 * HOUR, 2)??;
    assert!(signed(&on, &told, START + 4 * HOUR).is_ok());
    // Once it is in the log there is nothing to tell, and it holds nobody up twice.
    book.append(&halt)?;
    let told = signed(&book, &told, START + 120)?;
    assert_eq!(told.halts().count(), 0);
    assert_eq!(told.told(&halt, START + 180)?.halts().count(), 0);
    Ok(())
}

fn halt_of(book: &Book, time: u64, by: &str) -> Outcome<Vec<u8>> {
    let mut entry = Entry::new(Some(book.of()?), time, Body::Halt(Halt { reason: "stop".into() }));
    entry.sign(LOG, &crate::common::key(by, Algorithm::Note)?);
    Ok(entry.to_bytes())
}

/// Not defended: with three witnesses of which two must sign, one that lies signs two logs, each of them with another honest one.
/// Each of the two still asks for everything else.
#[test]
fn one_lying_witness_of_three_can_hide_a_halt_from_an_honest_one() -> Outcome {
    let (mut book, checker) = started()?;
    book.open()??;
    let (one, other) = (signed(&book, &checker, START)?, signed(&book, &checker, START)?);
    let mut halted = book.clone();
    halted.halt(START + 60)??;
    assert!(signed(&halted, &one, START + 60).is_ok());
    advance(&mut book, START + 4 * HOUR)?;
    assert!(signed(&book, &other, START + 4 * HOUR).is_ok(), "nobody showed it the halt");
    Ok(())
}

/// Not defended: whoever signs last knows what the others signed, and may sign in many ways. With the key of one witness the server draws
/// until it likes who goes first; the honest witness's signature is one, whatever it is asked.
#[test]
fn one_lying_witness_can_draw_again() -> Outcome {
    let mut book = Book::new(State::new(LOG))?;
    let census = book.census(&[("linux/6", 30_000), ("windows/11", 50_000)])?;
    let release = book.release(1)?;
    book.plan(release, census, Policy::read(Policy::STANDARD)?)??;
    let honest = book.checkpoint(1, START)?;
    let text = honest.split_once("\n\n").map(|(text, _)| format!("{text}\n")).ok_or("no note")?;
    let mut salts = std::collections::BTreeSet::new();
    for time in START..START + 4 {
        let mut again = book.clone();
        let checkpoint = format!("{honest}{}", crate::common::witness(2)?.line(&text, time));
        again.unsigned(START + 60, Body::Start(Start { checkpoint }))??;
        salts.extend(again.state.newest().and_then(|rollout| rollout.salt().copied()));
    }
    assert_eq!(salts.len(), 4);
    Ok(())
}
