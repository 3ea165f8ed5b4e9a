//! The rate limit: what opens within a time holds no more of the fleet than the policy says, whichever rollout it is of.

use crate::common::{Book, LOG, Outcome, START, well};
use contentcheck_rollout::policy::Rate;
use contentcheck_rollout::state::{Check, Hold};
use contentcheck_rollout::{NoPolicy, Policy, Refusal, State};
use proptest::prelude::*;

const HOUR: u64 = 60 * 60;

fn limited(share: &str, within: &str) -> Result<Policy, NoPolicy> {
    Policy::read(&format!("rate-limit = {{ share = \"{share}\", within = \"{within}\" }}\n{}", Policy::STANDARD))
}

#[test]
fn a_limit_leaves_room_for_the_largest_ring() {
    let says = |share, within| limited(share, within).map_or_else(|why| why.to_string(), |_| "taken".to_owned());
    for (share, within) in [("50%", "24h"), ("50%", "1h"), ("100%", "90d"), ("72.5%", "36h")] {
        assert_eq!(says(share, within), "taken");
    }
    for (share, within, why) in [
        ("49.9%", "24h", "the largest ring, which is 50%"),
        ("101%", "24h", "a share such as `50%`"),
        ("0%", "24h", "a share such as `50%`"),
        ("half", "24h", "a share such as `50%`"),
        ("50%", "59m", "one hour at least"),
        ("50%", "91d", "ninety days"),
        ("50%", "a day", "a time such as"),
    ] {
        assert!(says(share, within).contains(why), "{share} {within}: {}", says(share, within));
    }
    let shown = limited("62.5%", "36h").ok().and_then(|policy| policy.rate()).map(|rate| rate.to_string());
    assert_eq!(shown.as_deref(), Some("62.5% of the fleet within 36h"));
}

/// A limit as large as two rings together, however shares are rounded, has room for both.
#[test]
fn rounding_keeps_no_ring_closed() -> Outcome {
    for tenth in 501..1_000_u32 {
        // From one percent to nearly ten, to half of the fleet, and the rest.
        let percent = |hundredths: u32| format!("\"{}.{:02}%\"", hundredths / 100, hundredths % 100);
        let text = Policy::STANDARD.replacen("\"10%\"", &percent(tenth), 1);
        let both = percent(10_000 - tenth);
        let policy = Policy::read(&format!("rate-limit = {{ share = {both}, within = \"24h\" }}\n{text}"))?;
        let rate = policy.rate().ok_or("no limit")?;
        assert!(rate.allows(&[(0, policy.parts_of(3))], policy.parts_of(4), 1), "{tenth}");
        assert!(!rate.allows(&[(0, policy.parts_of(3)), (0, 1 << 32)], policy.parts_of(4), 1), "{tenth}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// The time that is given is the first one, and after it comes no other wait.
    #[test]
    fn a_ring_may_open_from_the_first_time_on_at_which_it_fits(
        opened in proptest::collection::vec((0_u64..60, 1_u64..40), 0..8), ring in 1_u64..40, at in 0_u64..90, within in 1_u32..40
    ) {
        let rate = Rate { share: 40, within };
        let first = rate.allows_from(&opened, ring, at);
        prop_assert!(first >= at && rate.allows(&opened, ring, first));
        for time in at..first {
            prop_assert!(!rate.allows(&opened, ring, time), "{time}");
        }
        // What counts at a time is what opened in the seconds before it, and no other.
        let counted = opened.iter().filter(|(opened, _)| opened + u64::from(within) > first).map(|(_, share)| share);
        prop_assert!(counted.sum::<u64>() + ring <= 40);
    }
}

/// A rollout of 80,000 devices whose ring of 40 percent has just opened, the time, and its census.
fn half_open(policy: Policy) -> Outcome<(Book, u64, contentcheck_log::Hash)> {
    let mut book = Book::new(State::new(LOG))?;
    let census = book.census(&[("linux/6", 30_000), ("windows/11", 50_000)])?;
    let release = book.release(1)?;
    book.plan(release, census, policy)??;
    let mut time = START + 60;
    book.start(time)??;
    book.open()??;
    for ring in 0..3 {
        time = book.state.newest().and_then(|rollout| rollout.baked_at()).ok_or("none is open")?;
        for ring in 0..=ring {
            book.evidence(ring, time, well(6_000))??;
        }
        book.verdict(time)??;
        book.open()??;
    }
    Ok((book, time, census))
}

#[test]
fn a_ring_waits_until_those_before_it_opened_long_enough_ago() -> Outcome {
    let (mut book, half, _) = half_open(limited("50%", "30h")?)?;
    let rollout = book.state.newest().ok_or("no rollout")?.clone();
    let baked = rollout.baked_at().ok_or("none is open")?;
    assert_eq!(baked, half + 24 * HOUR);
    let window = book.state.window(&rollout, baked).ok_or("never")?;
    assert_eq!((window.from, window.holds.len()), (half + 30 * HOUR, 1));
    assert!(matches!(window.holds.as_slice(), [Hold::Rate(_)]));
    let mut ready = |time: u64| -> Outcome<Result<(), Refusal>> {
        for ring in 0..4 {
            book.evidence(ring, time, well(6_000))??;
        }
        book.verdict(time)??;
        Ok(book.open()?.map(|_| ()))
    };
    assert_eq!(ready(window.from - 1)?, Err(Refusal::Broken(Check::Rate)));
    assert_eq!(ready(window.from)?, Ok(()));
    Ok(())
}

#[test]
fn a_halted_rollout_counts_for_the_next_one() -> Outcome {
    let (mut book, half, census) = half_open(limited("50%", "12h")?)?;
    book.halt(half + 60)??;
    let release = book.release(2)?;
    // This one may let in no more than its largest ring within two days: what the other one let in is 40 percent of that.
    book.plan(release, census, limited("50%", "2d")?)??;
    let start = half + 120;
    book.start(start)??;
    let rollout = book.state.newest().ok_or("no rollout")?.clone();
    let window = book.state.window(&rollout, start).ok_or("never")?;
    // The 9 percent opened a day before the 40: with them gone there is room for the first ring.
    assert_eq!((window.from, window.holds.as_slice()), (start, &[][..]));
    book.open()??;
    Ok(())
}

#[test]
fn a_limit_and_a_blackout_are_both_waited_for() -> Outcome {
    let blackout = "\n[[blackout]]\nfrom = \"thu 12:00\"\nuntil = \"fri 12:00\"\n";
    let text = format!("rate-limit = {{ share = \"50%\", within = \"30h\" }}\n{}{blackout}", Policy::STANDARD);
    let (book, half, _) = half_open(Policy::read(&text)?)?;
    let rollout = book.state.newest().ok_or("no rollout")?.clone();
    // Monday 08:01 and 52 h: the ring of 40 percent opens on Wednesday at 12:01, and the limit ends 30 h later, in the blackout.
    assert_eq!(half, START + 60 + 52 * HOUR);
    let window = book.state.window(&rollout, half + 20 * HOUR).ok_or("never")?;
    assert_eq!(window.from, START + 4 * 24 * HOUR + 4 * HOUR);
    assert_eq!(window.holds.len(), 2);
    assert!(policy_of(&book).is_some_and(|policy| !policy.is_blackout_at(window.from)));
    Ok(())
}

fn policy_of(book: &Book) -> Option<Policy> {
    book.state.newest().map(|rollout| rollout.plan().policy.clone())
}

/// A plan with a limit is a kind of its own in the log, and one without it is what it was.
#[test]
fn a_plan_is_read_as_it_was_written() -> Outcome {
    let kind = |policy: Policy| -> Outcome<(u8, Book)> {
        let mut book = Book::new(State::new(LOG))?;
        let census = book.census(&[("linux/6", 30_000)])?;
        let release = book.release(1)?;
        book.plan(release, census, policy)??;
        let entry = book.entries.last().ok_or("no entry")?;
        Ok((kind_of(entry)?, book))
    };
    let (plain, with) = (kind(Policy::read(Policy::STANDARD)?)?, kind(limited("60%", "24h")?)?);
    assert_eq!((plain.0, with.0), (4, 11));
    assert_eq!(policy_of(&with.1), Some(limited("60%", "24h")?));
    Ok(())
}

fn kind_of(entry: &[u8]) -> Outcome<u8> {
    use contentcheck_rollout::{Logged, entry::Body};
    let Logged::Entry(read) = Logged::read(entry)? else { return Err("an opening".into()) };
    assert!(matches!(read.body, Body::Plan(_)));
    assert_eq!(read.to_bytes(), entry);
    Ok(entry.get(8).copied().ok_or("short")?)
}
