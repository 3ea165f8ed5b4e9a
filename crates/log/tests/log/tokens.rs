//! Tokens: the opening of a ring, in a log that is trusted, and of the ring before it.

use contentcheck_log::{Class, Hash, NoOpening, NoToken, OPENING, Opening, Proof, Token, Trust, Unlogged, Unwitnessed};

use crate::common::{World, entries};

const PERCENT: u32 = u32::MAX / 100;

fn opening(ring: u8) -> Opening {
    let mut shares = [0; 15];
    shares[..3].copy_from_slice(&[PERCENT, 10 * PERCENT, 50 * PERCENT]);
    Opening { plan: Hash([1; 32]), image: [2; 32], sequence: 7, salt: [3; 32], class: Class::Routine, ring, shares }
}

const TIMES: [Option<u64>; 3] = [Some(1_000), Some(1_010), None];
const LATER: [Option<u64>; 3] = [Some(20_000), None, Some(20_050)];

/// A log of nine entries, of which the last ones open rings.
fn log(openings: &[Opening]) -> Vec<Vec<u8>> {
    let mut all = entries(9);
    all.extend(openings.iter().map(|opening| opening.to_bytes().to_vec()));
    all
}

fn check(world: &World, token: &str) -> Result<(u8, Option<u64>), NoToken> {
    let policy = world.policy();
    let trust = Trust::read(&policy).unwrap();
    let opened = Token::read(token.as_bytes())?.check(&trust)?;
    Ok((opened.opening().ring, opened.since_ring_before()))
}

#[test]
fn a_token_opens_the_ring_that_the_log_says() {
    let world = World::new();
    let all = log(&[opening(0), opening(1)]);
    let first = world.proof(9, &all[..10], TIMES);
    assert_eq!(check(&world, &first), Ok((0, None)));
    let second = world.proof(10, &all, LATER);
    assert_eq!(check(&world, &format!("{second}{first}")), Ok((1, Some(20_000 - 1_010))));
    assert_eq!(check(&world, &second), Err(NoToken::Before), "when was the ring before opened?");
    assert_eq!(check(&world, &format!("{first}{second}")), Err(NoToken::Before));
    assert_eq!(check(&world, &format!("{second}{second}")), Err(NoToken::Before));
    assert!(check(&world, &format!("{second}{first}{first}")).is_err());
    // Both over one checkpoint: no time has passed.
    let both = format!("{}{}", world.proof(10, &all, LATER), world.proof(9, &all, LATER));
    assert_eq!(check(&world, &both), Ok((1, Some(0))));
}

#[test]
fn both_openings_are_of_one_rollout() {
    let world = World::new();
    let changes: [fn(&mut Opening); 6] = [
        |one| one.plan.0[0] ^= 1,
        |one| one.image[0] ^= 1,
        |one| one.sequence += 1,
        |one| one.salt[0] ^= 1,
        |one| one.class = Class::Urgent,
        |one| one.shares[0] += 1,
    ];
    for change in changes {
        let mut other = opening(0);
        change(&mut other);
        let all = log(&[other, opening(1)]);
        let token = format!("{}{}", world.proof(10, &all, LATER), world.proof(9, &all[..10], TIMES));
        assert_eq!(check(&world, &token), Err(NoToken::Before));
    }
    // Ring 2 after ring 0: ring 1 was never open.
    let all = log(&[opening(0), opening(2)]);
    let token = format!("{}{}", world.proof(10, &all, LATER), world.proof(9, &all[..10], TIMES));
    assert_eq!(check(&world, &token), Err(NoToken::Before));
}

#[test]
fn checkpoints_of_a_token_do_not_contradict_each_other() {
    let world = World::new();
    let all = log(&[opening(1), opening(0)]);
    // The ring before is shown by a larger tree than the ring itself.
    let token = format!("{}{}", world.proof(9, &all[..10], LATER), world.proof(10, &all, TIMES));
    assert_eq!(check(&world, &token), Err(NoToken::Order));
    // Two trees of one size.
    let others = log(&[opening(0), opening(0)]);
    let token = format!("{}{}", world.proof(9, &all, LATER), world.proof(10, &others, TIMES));
    assert_eq!(check(&world, &token), Err(NoToken::Order));
}

#[test]
fn an_entry_that_is_not_in_the_log_opens_nothing() {
    let world = World::new();
    let all = log(&[opening(0)]);
    let token = world.proof(9, &all, TIMES);
    let forged = log(&[Opening { sequence: 8, ..opening(0) }]);
    let other = world.proof(9, &forged, TIMES);
    // The entry of one log with the proof of the other.
    let (head, _) = other.split_once("index").unwrap();
    let (_, tail) = token.split_once("index").unwrap();
    assert_eq!(check(&world, &format!("{head}index{tail}")), Err(NoToken::Unlogged(Unlogged::Path)));
    let few = Unlogged::Checkpoint(Unwitnessed::Quorum { found: 1, needed: 2 });
    assert_eq!(check(&world, &world.proof(9, &all, [Some(1), None, None])), Err(NoToken::Unlogged(few)));
    assert_eq!(check(&world, &world.proof(3, &all, TIMES)), Err(NoToken::Opening(NoOpening::Form)));
    let without = token.replacen(token.lines().nth(1).unwrap(), "", 1).replacen("\n\n", "\n", 1);
    assert_eq!(check(&world, &without), Err(NoToken::Opening(NoOpening::Form)));
}

#[test]
fn no_bit_of_a_token_can_be_changed() {
    let world = World::new();
    let policy = world.policy();
    let trust = Trust::read(&policy).unwrap();
    let token = world.proof(9, &log(&[opening(0)]), TIMES).into_bytes();
    assert!(Token::read(&token).unwrap().check(&trust).is_ok());
    for bit in (0..token.len() * 8).step_by(3) {
        let mut other = token.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        assert!(Token::read(&other).and_then(|token| token.check(&trust).map(drop)).is_err(), "bit {bit}");
    }
    for end in 0..token.len() {
        assert!(Token::read(&token[..end]).and_then(|token| token.check(&trust).map(drop)).is_err(), "cut at {end}");
    }
}

#[test]
fn an_opening_is_read_as_it_was_written_or_not_at_all() {
    for ring in 0..4 {
        let one = Opening { class: Class::Urgent, ..opening(ring) };
        assert_eq!(Opening::read(&one.to_bytes()), Ok(one));
    }
    let mut full = opening(15);
    full.shares = core::array::from_fn(|at| at as u32 + 1);
    assert_eq!(Opening::read(&full.to_bytes()), Ok(full));
    let bytes = opening(0).to_bytes();
    for length in 0..OPENING {
        assert_eq!(Opening::read(&bytes[..length]), Err(NoOpening::Form));
    }
    let with = |at: usize, byte: u8| {
        let mut other = bytes;
        other[at] = byte;
        Opening::read(&other)
    };
    assert_eq!(with(112, 2), Err(NoOpening::Class(2)));
    assert_eq!(with(113, 4), Err(NoOpening::Rings), "a ring that there is not");
    assert_eq!(with(114, 5), Err(NoOpening::Rings));
    assert_eq!(with(115, 1), Err(NoOpening::Rings));
    assert_eq!(with(OPENING - 1, 1), Err(NoOpening::Rings), "a share after the last");
    let falling = Opening { shares: [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], ..opening(0) };
    assert_eq!(Opening::read(&falling.to_bytes()), Err(NoOpening::Rings));
    let alone = Opening { shares: [0; 15], ..opening(0) };
    assert_eq!(Opening::read(&alone.to_bytes()), Err(NoOpening::Rings), "one ring is everybody at once");
}

#[test]
fn any_entry_of_a_log_is_shown_to_be_in_it() {
    let world = World::new();
    let policy = world.policy();
    let trust = Trust::read(&policy).unwrap();
    let all = entries(21);
    for at in 0..21 {
        let text = world.proof(at, &all, TIMES);
        let proof = Proof::read(text.as_bytes()).unwrap();
        assert_eq!(proof.index(), at as u64);
        assert_eq!(proof.extra(&mut [0; 64]).unwrap(), all[at]);
        assert_eq!(proof.includes(&all[at], &trust).unwrap().size(), 21);
        assert_eq!(proof.includes(&all[(at + 1) % 21], &trust), Err(Unlogged::Path));
    }
}
