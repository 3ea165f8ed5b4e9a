//! The second line: no rule of a log holds any more, the server writes what it likes, and witnesses lie, fewer than must sign. Devices take
//! nothing of it. They ask what is asked here, by the same code, before a byte of an image is looked at.

use crate::common::{LOG, Memory, Outcome, START, key, keys, witness};
use contentcheck_log::write::Log;
use contentcheck_log::{Algorithm, Class, Hash, NoToken, Opening, Token, Trust, Unlogged, Unwitnessed, VerifierKey};

const HOUR: u64 = 60 * 60;

/// The rings of the standard policy.
const SHARES: [u32; 4] = [4_294_967, 42_949_670, 429_496_700, 2_147_483_648];

fn opening(ring: u8, shares: [u32; 4]) -> Opening {
    let mut all = [0; 15];
    all[..4].copy_from_slice(&shares);
    let (plan, image, salt) = (Hash([1; 32]), [2; 32], [3; 32]);
    Opening { plan, image, sequence: 7, salt, class: Class::Routine, ring, shares: all }
}

/// A log that has openings and nothing before them, and the times at which witnesses say that they saw it.
struct Forged(Log<Memory>);

impl Forged {
    fn new() -> Outcome<Self> {
        Ok(Self(Log::begin(Memory::default(), key(LOG, Algorithm::Note)?)?))
    }

    /// The token of a ring, with what is given of the one before it.
    fn opens(&mut self, opening: &Opening, before: &str, times: &[u64]) -> Outcome<String> {
        let index = self.0.append(&[&opening.to_bytes()])?;
        let checkpoint = self.0.checkpoint().to_owned();
        let text = checkpoint.split_once("\n\n").map(|(text, _)| format!("{text}\n")).ok_or("no note")?;
        for (number, time) in (1..).zip(times) {
            let witness = witness(number)?;
            let verifier = witness.verifier();
            self.0.cosigned(&VerifierKey::read(&verifier)?, witness.line(&text, *time).trim_end())?;
        }
        Ok(self.0.proof(index)? + before)
    }
}

/// What a device asks: whether the token opens a ring, whether the plan is within the floors, and whether the ring before was
/// open for long enough.
fn takes(token: &str) -> Outcome<Result<(), String>> {
    let trust = keys()?.trust;
    let trust = Trust::read(&trust)?;
    let opened = match Token::read(token.as_bytes())?.check(&trust) {
        Ok(opened) => opened,
        Err(NoToken::Unlogged(Unlogged::Checkpoint(Unwitnessed::Quorum { .. }))) => return Ok(Err("quorum".into())),
        Err(why) => return Ok(Err(why.to_string())),
    };
    if opened.opening().is_safe().is_err() {
        return Ok(Err("floors".into()));
    }
    let is_soon = opened.since_ring_before().is_some_and(|since| since < opened.opening().class.bake());
    Ok(if is_soon { Err("soon".into()) } else { Ok(()) })
}

#[test]
fn devices_refuse_what_no_rule_stopped() -> Outcome {
    let mut log = Forged::new()?;
    // An honest log is taken: four hours between two rings, by both witnesses.
    let first = log.opens(&opening(0, SHARES), "", &[START, START])?;
    assert_eq!(takes(&first)?, Ok(()));
    let later = START + 4 * HOUR;
    let second = log.opens(&opening(1, SHARES), &first, &[later, later + 5])?;
    assert_eq!(takes(&second)?, Ok(()));

    // One witness is below the quorum, whatever it says.
    let alone = Forged::new()?.opens(&opening(0, SHARES), "", &[START])?;
    assert_eq!(takes(&alone)?, Err("quorum".into()));

    // One lies about the times, the other one signs whatever it is shown, at the time that it is: no time has passed.
    let mut log = Forged::new()?;
    let first = log.opens(&opening(0, SHARES), "", &[START, START - 4 * HOUR])?;
    let early = log.opens(&opening(1, SHARES), &first, &[START + 60, START + 4 * HOUR])?;
    assert_eq!(takes(&early)?, Err("soon".into()));

    // Both sign for a plan that opens everything at once.
    let everybody = [4_000_000_000, 4_100_000_000, 4_200_000_000, 4_290_000_000];
    let at_once = Forged::new()?.opens(&opening(0, everybody), "", &[START, START])?;
    assert_eq!(takes(&at_once)?, Err("floors".into()));

    // The last ring, and the one before it was never open.
    let mut log = Forged::new()?;
    let third = log.opens(&opening(2, SHARES), "", &[START, START])?;
    let last = log.opens(&opening(4, SHARES), &third, &[later, later])?;
    assert_eq!(takes(&last)?, Err(NoToken::Before.to_string()));
    Ok(())
}
