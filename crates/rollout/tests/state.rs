//! The state machine: a rollout from its plan to everybody, and each rule that stops one.

use crate::common::{Book, LOG, Outcome, START, well};
use contentcheck_log::{Class, Hash};
use contentcheck_rollout::entry::{Evidence, Halt, Observed, Plan, Resume, Verdict};
use contentcheck_rollout::state::{Check, Phase};
use contentcheck_rollout::{Body, Entry, Logged, Policy, Refusal, State};

const HOUR: u64 = 60 * 60;

/// A rollout that was planned for 80,000 devices of two strata.
fn planned() -> Outcome<Book> {
    let mut book = Book::new(State::new(LOG))?;
    let census = book.census(&[("linux/6", 30_000), ("windows/11", 50_000)])?;
    let release = book.release(1)?;
    book.plan(release, census, Policy::read(Policy::STANDARD)?)??;
    Ok(book)
}

/// One whose first ring is open, and the time.
fn opened() -> Outcome<(Book, u64)> {
    let mut book = planned()?;
    book.start(START + 60)??;
    book.open()??;
    Ok((book, START + 60))
}

fn advance(book: &mut Book, from: u64) -> Outcome<u64> {
    let rollout = book.state.newest().ok_or("no rollout")?;
    let (open, baked) = (rollout.open_ring().ok_or("none is open")?, rollout.baked_at().ok_or("none is open")?);
    let time = baked.max(from);
    for ring in 0..=open {
        book.evidence(ring, time, well(6_000))??;
    }
    book.verdict(time)??;
    book.open()??;
    Ok(time)
}

#[test]
fn a_good_release_reaches_everybody_ring_by_ring() -> Outcome {
    let (mut book, mut time) = opened()?;
    for ring in 1..5 {
        time = advance(&mut book, time)?;
        assert_eq!(book.state.newest().map(|rollout| rollout.phase().clone()), Some(Phase::Open { ring }));
    }
    // 4 h, and three times 24 h: no sooner.
    assert_eq!(time, START + 60 + 76 * HOUR);
    assert!(book.state.newest().is_some_and(|rollout| rollout.is_everywhere()));
    // Whoever reads the log has the same state.
    let mut again = State::new(LOG);
    for entry in &book.entries {
        again.apply(entry)?;
    }
    assert_eq!((again.root(), again.time()), (book.state.root(), book.state.time()));
    assert_eq!(format!("{again:?}"), format!("{:?}", book.state));
    Ok(())
}

#[test]
fn a_ring_opens_neither_early_nor_without_evidence() -> Outcome {
    let (mut book, time) = opened()?;
    let baked = time + 4 * HOUR;
    assert_eq!(book.verdict(baked)?, Err(Refusal::Broken(Check::VerdictAccepts)), "no evidence");
    book.evidence(0, baked - 1, well(20))??;
    assert_eq!(book.verdict(baked - 1)?, Err(Refusal::Broken(Check::Bake)), "a second early");
    assert_eq!(book.verdict(baked)?, Err(Refusal::Broken(Check::Bake)), "evidence that ends a second early");
    assert_eq!(book.open()?, Err(Refusal::Broken(Check::Cleared)), "no verdict");
    book.evidence(0, baked, well(20))??;
    assert_eq!(book.verdict(baked + HOUR)?, Err(Refusal::Broken(Check::EvidenceFresh)));
    book.verdict(baked)??;
    book.open()??;
    assert_eq!(book.open()?, Err(Refusal::Broken(Check::Cleared)), "two rings by one verdict");
    Ok(())
}

/// Who is missing says nothing for a release: a ring waits for half of those that are due, and for those whose partners are there.
#[test]
fn a_ring_waits_for_devices_that_are_missing() -> Outcome {
    let (book, time) = opened()?;
    let baked = time + 4 * HOUR;
    let opens = |seen: Observed| -> Outcome<bool> {
        let mut book = book.clone();
        book.evidence(0, baked, seen)??;
        Ok(book.verdict(baked)?.is_ok())
    };
    let of = |due: u32, settled: u32| Observed { receipts: due, due, ..well(settled) };
    for (seen, is_open) in [
        (of(20, 20), true),
        (of(40, 20), true),
        (of(41, 20), false),
        (Observed { silent: 1, ..of(10, 9) }, false),
        (Observed { silent: 1, ..of(19, 18) }, false),
        (of(19, 18), true),
        (Observed { silent: 1, ..of(20, 19) }, true),
        (Observed { silent: 1, ..of(21, 20) }, true),
        (Observed { silent: 2, ..of(22, 20) }, false),
        (Observed { silent: 2, ..of(102, 100) }, true),
        (Observed { silent: 3, ..of(103, 100) }, false),
        (Observed { new_missing: 6, ..of(26, 20) }, true),
        (Observed { new_missing: 12, ..of(32, 20) }, false),
        (Observed { new_missing: 12, old_missing: 12, ..of(32, 20) }, true),
    ] {
        assert_eq!(opens(seen)?, is_open, "{seen:?}");
    }
    Ok(())
}

#[test]
fn what_evidence_rejects_never_goes_on() -> Outcome {
    let (mut book, time) = opened()?;
    book.evidence(0, time + 60, Observed { reported: 1, ..well(20) })??;
    assert_eq!(book.state.newest().map(|rollout| rollout.phase().clone()), Some(Phase::Rejected { ring: 0, of: 0 }));
    assert_eq!(book.resume(time + 60, 3)?, Err(Refusal::Broken(Check::Resumes)));
    book.evidence(0, time + 4 * HOUR, Observed { reported: 1, ..well(2_000) })??;
    assert_eq!(book.verdict(time + 4 * HOUR)?, Err(Refusal::Broken(Check::Live)));
    Ok(())
}

/// Devices that said that they failed are known to have failed; that the others are well is not known before the end of the bake.
#[test]
fn a_ring_whose_devices_fail_is_rejected_long_before_its_bake_is_over() -> Outcome {
    let (mut book, time) = opened()?;
    let time = advance(&mut book, time)?;
    let early = |receipts, reported| Observed { receipts, reported, minutes: 60, ..Observed::default() };
    // Of many thousands, one may.
    book.evidence(1, time + HOUR, early(6_000, 1))??;
    let rollout = book.state.newest().ok_or("no rollout")?;
    assert_eq!((rollout.phase(), rollout.offered().len()), (&Phase::Open { ring: 1 }, 2));
    book.evidence(1, time + 2 * HOUR, early(6_000, 600))??;
    let rollout = book.state.newest().ok_or("no rollout")?;
    // What is rejected offers no ring, so there is nothing to make a token of.
    assert_eq!((rollout.phase(), rollout.offered().len()), (&Phase::Rejected { ring: 1, of: 1 }, 0));
    assert_eq!(rollout.opened().len(), 2);
    Ok(())
}

/// A device that fails after its watch was settled as well; that says nothing of those that are watched.
#[test]
fn failures_after_the_watch_are_not_held_against_those_that_are_watched() {
    let late = Observed { receipts: 100, due: 90, settled: 90, failed: 0, reported: 5, ..Observed::default() };
    assert_eq!(late.failures_at_least(), 0);
    let mixed = Observed { reported: 97, failed: 4, ..late };
    assert_eq!(mixed.failures_at_least(), 11);
    assert_eq!(Observed { settled: 0, due: 0, ..late }.failures_at_least(), 5);
}

#[test]
fn one_halts_and_two_resume_and_the_clock_begins_again() -> Outcome {
    let (mut book, time) = opened()?;
    let baked = time + 4 * HOUR;
    book.halt(baked - 60)??;
    book.evidence(0, baked, well(20))??;
    assert_eq!(book.verdict(baked)?, Err(Refusal::Broken(Check::Live)));
    assert!(matches!(book.resume(baked, 1)?, Err(Refusal::Signatures { found: 1, needed: 2, .. })));
    book.resume(baked, 2)??;
    assert_eq!(book.verdict(baked)?, Err(Refusal::Broken(Check::Bake)));
    book.evidence(0, baked + 4 * HOUR, well(20))??;
    book.verdict(baked + 4 * HOUR)??;
    Ok(())
}

#[test]
fn what_could_follow_is_asked_before_it_is_signed_and_changes_nothing() -> Outcome {
    let (book, time) = opened()?;
    let unsigned = |body| -> Outcome<Vec<u8>> { Ok(Entry::new(Some(book.of()?), time, body).to_bytes()) };
    let resume = unsigned(Body::Resume(Resume { reason: "why not".into() }))?;
    assert!(matches!(book.state.rehearse(&[&resume]), Err(Refusal::Broken(Check::Resumes))));
    let halt = unsigned(Body::Halt(Halt { reason: "a look first".into() }))?;
    let halted = book.state.rehearse(&[&halt])?;
    assert!(matches!(halted.newest().map(|rollout| rollout.phase()), Some(Phase::Halted { .. })));
    assert!(matches!(book.state.newest().map(|rollout| rollout.phase()), Some(Phase::Open { .. })));
    assert!(matches!(book.state.clone().apply(&halt), Err(Refusal::Signatures { found: 0, .. })));
    Ok(())
}

#[test]
fn a_second_halt_voids_what_was_signed_after_the_first() -> Outcome {
    let (mut book, time) = opened()?;
    book.halt(time + 60)??;
    let after_first = Some(book.of()?);
    book.halt(time + 120)??;
    let resume = Body::Resume(Resume { reason: "looked at".into() });
    let late = book.signed(after_first, time + 180, resume, 2)?;
    assert_eq!(late, Err(Refusal::Broken(Check::Chain)), "of the second reason they knew nothing");
    book.resume(time + 240, 2)??;
    Ok(())
}

#[test]
fn what_takes_a_rollout_back_was_good_where_it_was() -> Outcome {
    let (mut book, mut time) = opened()?;
    for _ in 1..5 {
        time = advance(&mut book, time)?;
    }
    let census = book.state.newest().map(|rollout| rollout.plan().census).ok_or("none")?;
    // The content of the first release once more, after the second one: good, until its evidence says something else.
    let again = |book: &mut Book, sequence| -> Outcome<Result<Hash, Refusal>> {
        let reverts = book.state.newest().map(|rollout| rollout.id());
        let release = book.release_of(sequence, 1)?;
        let policy = Policy::read(Policy::STANDARD)?;
        let plan = Plan { release, census, class: Class::Routine, reverts, policy };
        book.signed(None, book.state.time(), Body::Plan(plan), 2)
    };
    let second = book.release(2)?;
    book.evidence(4, time + 4 * HOUR, well(6_000))??;
    book.plan(second, census, Policy::read(Policy::STANDARD)?)??;
    let mut bad = book.clone();
    again(&mut book, 3)??;
    let first = bad.state.rollouts().first().map(|rollout| (rollout.id(), rollout.last())).ok_or("none")?;
    let strata = vec![(0, Observed { reported: 10, ..well(6_000) }), (1, well(6_000))];
    let evidence = Evidence { ring: 0, until: time + 4 * HOUR, count: 2, reports: Hash([3; 32]), strata };
    bad.signed(Some(first), time + 4 * HOUR, Body::Evidence(evidence), 1)??;
    assert_eq!(again(&mut bad, 3)?, Err(Refusal::Broken(Check::Reverts)), "it was bad there");
    Ok(())
}

/// What needs no rule of its own: another one has it.
#[test]
fn what_other_rules_imply() -> Outcome {
    // A verdict on another ring than the newest one is not the one that the evidence of the newest gives.
    let (mut book, time) = opened()?;
    let time = advance(&mut book, time)?;
    let verdict = Verdict { ring: 0, ..book.computed()? };
    assert_eq!(book.unsigned(time, Body::Verdict(verdict))?, Err(Refusal::Broken(Check::VerdictComputed)));
    // An opening beyond the floors, of which the second ring has more than ten times the first, is not the one of its plan.
    let mut begun = planned()?;
    begun.start(START)??;
    let mut opening = begun.next_opening()?;
    opening.shares.iter_mut().take(1).for_each(|share| *share /= 2);
    assert!(opening.is_safe().is_err());
    assert_eq!(begun.append(&opening.to_bytes()), Err(Refusal::Broken(Check::OpeningOfPlan)));
    // And a plan beyond the floors cannot be read.
    let first = Policy::read(Policy::STANDARD)?.shares().first().copied().ok_or("no rings")?;
    let (least, most) = (first.to_le_bytes(), (first / 2).to_le_bytes());
    let plan = book
        .entries
        .iter()
        .find(|entry| matches!(Logged::read(entry), Ok(Logged::Entry(entry)) if matches!(entry.body, Body::Plan(_))));
    let mut plan = plan.cloned().ok_or("no plan")?;
    let at = plan.windows(4).position(|bytes| bytes == least).ok_or("no share")?;
    plan.get_mut(at..at + 4).ok_or("no share")?.copy_from_slice(&most);
    assert_eq!(book.append(&plan), Err(Refusal::Form));
    // No verdict is of the last ring: it would clear nothing.
    let mut time = time;
    for _ in 2..5 {
        time = advance(&mut book, time)?;
    }
    book.evidence(4, time + 4 * HOUR, well(6_000))??;
    assert_eq!(book.verdict(time + 4 * HOUR)?, Err(Refusal::Broken(Check::NextRing)));
    Ok(())
}

#[test]
fn a_stratum_that_shows_nothing_holds_everybody_back() -> Outcome {
    let (mut book, mut time) = opened()?;
    time = advance(&mut book, time)?;
    let baked = time + 24 * HOUR;
    book.evidence(0, baked, well(6_000))??;
    let of = book.of()?;
    // All of the one stratum is well, and of the other nobody has said anything.
    let evidence = contentcheck_rollout::entry::Evidence {
        ring: 1,
        until: baked,
        count: 1,
        reports: contentcheck_log::Hash([3; 32]),
        strata: vec![(1, well(5_000))],
    };
    book.signed(Some(of), baked, contentcheck_rollout::Body::Evidence(evidence), 1)??;
    assert_eq!(book.verdict(baked)?, Err(Refusal::Broken(Check::VerdictAccepts)));
    Ok(())
}

#[test]
fn a_release_is_planned_once_and_by_whom_it_must() -> Outcome {
    let mut book = planned()?;
    let (release, census) =
        book.state.newest().map(|rollout| (rollout.plan().release, rollout.plan().census)).ok_or("none")?;
    let again = book.plan(release, census, Policy::read(Policy::STANDARD)?)?;
    assert_eq!(again, Err(Refusal::Broken(Check::PlannedOnce)));
    book.start(START + 60)??;
    let next = book.release(2)?;
    let busy = book.plan(next, census, Policy::read(Policy::STANDARD)?)?;
    assert_eq!(busy, Err(Refusal::Broken(Check::OneAtATime)));
    Ok(())
}

#[test]
fn a_checkpoint_that_is_not_of_the_plan_starts_nothing() -> Outcome {
    let mut book = planned()?;
    let early = book.checkpoint(1, START)?;
    let start = |checkpoint: &str| {
        contentcheck_rollout::Body::Start(contentcheck_rollout::entry::Start { checkpoint: checkpoint.to_owned() })
    };
    assert!(matches!(book.unsigned(START, start(&early))?, Err(Refusal::Checkpoint(_))), "one witness");
    let own = book.checkpoint(2, START)?;
    book.release(2)?;
    let late = book.checkpoint(2, START)?;
    assert_eq!(book.unsigned(START, start(&late))?, Err(Refusal::Broken(Check::Salt)), "an entry behind the plan");
    // The checkpoint of the plan does, also when something else was logged meanwhile.
    book.unsigned(START, start(&own))??;
    Ok(())
}

#[test]
fn a_plan_for_a_fleet_that_shows_nothing_is_refused() -> Outcome {
    let mut book = Book::new(State::new(LOG))?;
    let census = book.census(&[("linux", 500)])?;
    let release = book.release(1)?;
    let refused = book.plan(release, census, Policy::read(Policy::STANDARD)?)?;
    assert!(matches!(refused, Err(Refusal::TooSmall(small)) if small.ring == 0), "{refused:?}");
    Ok(())
}

/// Whatever byte of a log is another one: the entry is refused, or it is another entry that is allowed at its place; nothing is
/// read in two ways.
#[test]
fn a_changed_byte_is_refused_or_read_as_it_is() -> Outcome {
    let (mut book, time) = opened()?;
    advance(&mut book, time)?;
    for entry in &book.entries {
        for at in 0..entry.len() {
            let mut damaged = entry.clone();
            if let Some(byte) = damaged.get_mut(at) {
                *byte ^= 1 << (at % 8);
            }
            if let Ok(Logged::Entry(read)) = Logged::read(&damaged) {
                assert_eq!(read.to_bytes(), damaged);
            }
        }
        for length in 0..entry.len() {
            assert!(Logged::read(entry.get(..length).unwrap_or(&[])).is_err());
        }
    }
    Ok(())
}
