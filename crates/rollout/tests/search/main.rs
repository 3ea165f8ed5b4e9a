//! What one thief and one liar can do to a fleet: everything that they can write into the log is tried, and none of it does harm; without one of
//! the rules it does.
//!
//! The liar is the server. It writes the log, holds the key of the log and the collector's, decides what is written and when, what time an
//! entry claims, what is kept back and what is written again. The thief has one key of one role, or that of one witness. People sign
//! what they should, and what they may be talked into: keys that are too weak, a second plan of a release, that something rejected goes on.
//! The witness is honest, and is the real one: [`contentcheck_rollout::Checker`] over [`contentcheck_rollout::State`].
//!
//! What must not happen is told by [`ghost`], which asks neither of the two. A search begins at each point of a rollout that
//! [`explore`] lists, and goes on with every move of [`moves`], breadth first; worlds that can go on in the same ways only are one.

mod explore;
mod ghost;
mod moves;
mod people;
mod world;

#[path = "../common/mod.rs"]
mod common;

use std::fmt::Write as _;

use common::Outcome;
use contentcheck_rollout::state::Check;
use contentcheck_rollout::witness::Question;
use explore::{Found, POINTS, explore, root_count};
use ghost::Harm;
use world::Without;

/// Moves from each point: in every run of the tests, by night, and where a rule is taken out.
const DEPTH: usize = 4;
const DEPTH_BY_NIGHT: usize = 5;
const DEPTH_WITHOUT: usize = 3;

fn nothing_happens(depth: usize) -> Outcome {
    assert_eq!(root_count(), POINTS, "a point is not reached any more");
    let Found { worlds, tried, harm } = explore(Without::Nothing, None, depth, 2);
    println!("{POINTS} points, {depth} moves from each: {worlds} worlds, {tried} moves tried");
    harm.map_or(Ok(()), |(harm, trace)| Err(format!("{harm}:\n  {}", trace.join("\n  ")).into()))
}

#[test]
fn one_thief_and_one_liar_do_no_harm() -> Outcome {
    nothing_happens(DEPTH)
}

#[test]
#[ignore = "minutes"]
fn one_thief_and_one_liar_do_no_harm_in_five_moves() -> Outcome {
    nothing_happens(DEPTH_BY_NIGHT)
}

/// A list of all variants and what happens without each. A variant that is missing here does not compile.
macro_rules! attacks {
    ($name:ident of $kind:ident: $($variant:ident => $harm:ident,)*) => {
        fn $name() -> Vec<($kind, Harm)> {
            const fn is_listed(one: $kind) -> Harm {
                match one { $($kind::$variant => Harm::$harm,)* }
            }
            vec![$(($kind::$variant, is_listed($kind::$variant)),)*]
        }
    };
}

attacks! { checks of Check:
    KeysFirst => FewSigned,
    KeysVersion => KeysBack,
    KeysFloor => KeysWeak,
    Witnesses => KeysWeak,
    Signatures => FewSigned,
    Time => TimeBack,
    Sequence => DrawnTwice,
    Newest => OldPlanned,
    PlannedOnce => DrawnTwice,
    OneAtATime => TwoLive,
    Apart => Together,
    Reverts => FalseRevert,
    Chain => StaleResume,
    Starts => DrawnTwice,
    Salt => SaltChosen,
    Live => LastRing,
    Resumes => OverGoesOn,
    EvidenceOfOpenRing => ClosedEvidence,
    EvidenceTime => FutureEvidence,
    EvidenceOfCensus => TooManyDevices,
    EvidenceGrows => EvidenceDropped,
    VerdictComputed => FalseVerdict,
    VerdictAccepts => NotShown,
    Bake => Uncovered,
    EvidenceFresh => Stale,
    Blackout => Blackout,
    Rate => TooFast,
    NextRing => Skipped,
    Cleared => NoVerdict,
    ContentHolds => FailsElsewhere,
    OpeningOfPlan => NotOfPlan,
}

attacks! { questions of Question:
    Ahead => Future,
    Soon => Early,
    Late => Blackout,
    Reports => FalseEvidence,
    Told => HaltedGoesOn,
}

/// Every rule taken out in turn: the search finds what the rule is there for. The attacks are kept in `attacks.txt`; `BLESS=1`
/// writes it.
#[test]
fn without_a_rule_the_search_finds_the_attack() -> Outcome {
    let mut told = String::new();
    let checks = checks().into_iter().map(|(check, harm)| match check {
        // A witness that counts reports sees it in any case. Who reads the log without them has this rule alone.
        Check::EvidenceOfCensus => (format!("{check:?}, read without the reports"), Without::Unread(check), harm),
        check => (format!("{check:?}"), Without::Check(check), harm),
    });
    let questions = questions()
        .into_iter()
        .map(|(question, harm)| (format!("{question:?}, which the witness asks"), Without::Question(question), harm));
    for (name, without, expected) in checks.chain(questions) {
        let wanted = matches!(without, Without::Unread(_)).then_some(expected);
        let found = explore(without, wanted, DEPTH_WITHOUT, 2);
        let (harm, trace) = found.harm.ok_or_else(|| format!("without {name} nothing happens"))?;
        assert_eq!(harm, expected, "without {name}:\n  {}", trace.join("\n  "));
        write!(told, "without {name}\n  {}\n  => {harm}\n\n", trace.join("\n  "))?;
    }
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/search/attacks.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(file, &told)?;
    }
    assert_eq!(told, std::fs::read_to_string(file)?, "run again with BLESS=1 and read what changed");
    Ok(())
}

/// With the rule, and without the reports, nothing happens that the rule is there for.
#[test]
fn who_reads_the_log_without_the_reports_sees_more_devices_than_there_are() {
    let found = explore(Without::Question(Question::Reports), Some(Harm::TooManyDevices), 2, 2);
    assert!(found.harm.is_none());
}
