//! Random content and events: the interpreter says what the reference evaluator says.
//!
//! `CONTENTCHECK_CASES` asks for another number of cases than is usual.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use crate::fuzz::differential::{Tally, differential};
use contentcheck_generators::Choices;
use proptest::prelude::*;

/// How many worlds a test run looks at.
fn cases(usual: u64) -> u64 {
    std::env::var("CONTENTCHECK_CASES").map_or(usual, |cases| cases.parse().unwrap())
}

#[test]
fn the_interpreter_says_what_the_reference_says() {
    let cases = cases(1_400);
    let from: u64 = std::env::var("CONTENTCHECK_SEED").map_or(0, |seed| seed.parse().unwrap());
    let threads = thread::available_parallelism().map_or(1, usize::from) as u64;
    let part = |thread: u64| {
        let mut tally = Tally::default();
        for seed in (from..from + cases).filter(|seed| seed % threads == thread) {
            let ended = catch_unwind(AssertUnwindSafe(|| differential(&mut Choices::seeded(seed), &mut tally)));
            if ended.is_err() {
                for (source, _) in contentcheck_generators::World::new(&mut Choices::seeded(seed)).sources {
                    println!("==== {}\n{}", source.name(), source.text());
                }
                panic!("CONTENTCHECK_SEED={seed} CONTENTCHECK_CASES=1 shows it");
            }
        }
        tally
    };
    let tallies: Vec<Tally> = thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|thread| scope.spawn(move || part(thread))).collect();
        running.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let sum = |of: fn(&Tally) -> u64| tallies.iter().map(of).sum::<u64>();
    let (written, rules, events, fired) =
        (sum(|of| of.written), sum(|of| of.rules), sum(|of| of.events), sum(|of| of.fired));
    println!(
        "{cases} worlds: {rules} of {written} rules accepted, {events} events, {} decisions of which {fired} fire, {} events with \
         a value of another type, {} sensors with another order of which {} are refused by position, {} refused by type, {} refused by \
         cost",
        sum(|of| of.decisions),
        sum(|of| of.mistyped),
        sum(|of| of.shifted),
        sum(|of| of.by_number),
        sum(|of| of.retyped),
        sum(|of| of.dear),
    );
    // The property is not held on nothing.
    assert!(rules * 2 > written && events > 4 * cases && fired > events / 4, "the generator makes too little");
    let rare = [sum(|of| of.mistyped), sum(|of| of.by_number), sum(|of| of.retyped)];
    assert!(cases < 1_000 || rare.iter().all(|seen| *seen > 0), "the generator makes none of some case: {rare:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(300) as u32, max_shrink_iters: 4_000, ..ProptestConfig::default() })]

    /// The same by bytes, which proptest makes smaller where it finds something.
    #[test]
    fn the_same_by_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..1_500)) {
        differential(&mut Choices::of_bytes(&bytes), &mut Tally::default());
    }
}
