//! A log of rollouts on a storage, and a witness that keeps what it knows on one of its own.

use crate::common::{Book as People, LOG, Memory, Outcome, START, key, well, witness};
use contentcheck_log::Algorithm;
use contentcheck_rollout::entry::{Evidence, Halt};
use contentcheck_rollout::state::Check;
use contentcheck_rollout::witness::Reports;
use contentcheck_rollout::{Body, Book, Cosigner, Entry, NoBook, Policy, Refusal, State, Unsigned};

const HOUR: u64 = 60 * 60;

struct Believed;

impl Reports for Believed {
    fn vouch(&self, _: &State, _: &contentcheck_log::Hash, _: &Evidence, _: u64) -> Result<(), String> {
        Ok(())
    }
}

/// Writes what people made since.
fn write(book: &mut Book<Memory>, people: &People) -> Outcome {
    let from = usize::try_from(book.state().size())?;
    let new: Vec<&[u8]> = people.entries.iter().skip(from).map(Vec::as_slice).collect();
    book.append(&new)?;
    Ok(())
}

#[test]
fn a_witness_keeps_what_it_was_told_and_signs_a_plan_once() -> Outcome {
    let (log, kept) = (Memory::default(), Memory::default());
    let log_key = key(LOG, Algorithm::Note)?.verifier();
    Cosigner::begin(&kept)?;
    // As after a restart each time.
    let cosigner = || -> Outcome<_> { Ok(Cosigner::new(kept.clone(), witness(1)?, &log_key)?) };
    let mut people = People::new(State::new(LOG))?;
    let census = people.census(&[("linux/6", 30_000), ("windows/11", 50_000)])?;
    let release = people.release(1)?;
    people.plan(release, census, Policy::read(Policy::STANDARD)?)??;
    let mut book = Book::begin(log.clone(), key(LOG, Algorithm::Note)?)?;
    write(&mut book, &people)?;
    // Asked again at another time it gives the same signature: nobody draws by asking.
    let first = cosigner()?.cosign(log.clone(), START, &Believed)?;
    assert_eq!(cosigner()?.cosign(log.clone(), START + 60, &Believed)?, first);

    people.start(START + 60)??;
    people.open()??;
    write(&mut book, &people)?;
    cosigner()?.cosign(log.clone(), START + 60, &Believed)?;
    let mut halt = Entry::new(Some(people.of()?), START + 90, Body::Halt(Halt { reason: "stop".into() }));
    assert!(matches!(
        cosigner()?.told(log.clone(), &halt.to_bytes(), START + 90),
        Err(NoBook::Refused(Refusal::Signatures { found: 0, .. }))
    ));
    halt.sign(LOG, &key("halt-1", Algorithm::Note)?);
    assert!(matches!(
        cosigner()?.told(log.clone(), &halt.to_bytes(), START),
        Err(NoBook::Refused(Refusal::Broken(Check::Time)))
    ));
    cosigner()?.told(log.clone(), &halt.to_bytes(), START + 90)?;

    // The server goes on.
    let baked = START + 60 + 4 * HOUR;
    people.evidence(0, baked, well(6_000))??;
    write(&mut book, &people)?;
    cosigner()?.cosign(log.clone(), baked, &Believed)?;
    people.verdict(baked)??;
    people.open()??;
    write(&mut book, &people)?;
    let refused = cosigner()?.cosign(log, baked, &Believed);
    assert!(matches!(refused, Err(NoBook::Unsigned(Unsigned::Halted { at, .. })) if at == START + 90), "{refused:?}");
    Ok(())
}
