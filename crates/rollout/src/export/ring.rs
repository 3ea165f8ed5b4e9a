//! A ring, as engines have one: a name that each of them takes, how many devices, for how long, and what is too bad.

use crate::policy::Rule;
use crate::state::Rollout;

/// Letters of the part of a name that a person gave.
const SLUG: usize = 24;
/// Digits of the id of a rollout in names: 48 bits, enough to tell rollouts of one fleet apart.
const ID: usize = 12;
/// The bytes go out in one half of the bake of a ring, so its devices are watched for the other half at least.
const SENDING: u64 = 2;

/// One ring.
pub(super) struct Ring<'a> {
    /// Its number, from 0.
    pub(super) number: u8,
    /// What people call it.
    pub(super) name: &'a str,
    /// Its number and name: lower-case letters, digits and `-`.
    pub(super) slug: String,
    /// The group of its devices, in each engine: the rollout and the slug, since the rings of each rollout are drawn again.
    pub(super) group: String,
    /// The file of its token.
    pub(super) token: String,
    /// The share of the fleet in it and those before, of 2^32. The last one has none: it is what the others leave.
    pub(super) share: Option<u32>,
    /// Devices that it has on average: at least one.
    pub(super) devices: u64,
    /// Seconds for which it is open at least.
    pub(super) bake: u64,
    /// What it has to show. The last one shows nothing to anybody, so what counts there is what the one before had to show.
    pub(super) rule: Rule,
}

/// What a rollout is called in an engine.
pub(super) fn name(rollout: &Rollout) -> String {
    let id: String = rollout.id().to_string().chars().take(ID).collect();
    format!("contentcheck-{id}")
}

/// The rings of a rollout, the last one with them.
pub(super) fn of(rollout: &Rollout) -> Vec<Ring<'_>> {
    let plan = rollout.plan();
    let (policy, class) = (&plan.policy, plan.class);
    let of_number = |number: u8| {
        let ring = policy.rings().get(usize::from(number));
        // A policy has a ring that is not the last one.
        let rules = ring.or_else(|| policy.rings().last())?;
        let name = ring.map_or("rest", |ring| ring.name.as_str());
        let slug = format!("{number}-{}", slug(name));
        Some(Ring {
            number,
            name,
            group: format!("{}-{slug}", self::name(rollout)),
            slug,
            token: format!("ring-{number}.token"),
            share: ring.map(|ring| ring.share),
            devices: (libm::round(rollout.census().expected(policy, number)) as u64).max(1),
            bake: rules.bake(class),
            rule: rules.rule,
        })
    };
    (0..policy.ring_count()).filter_map(of_number).collect()
}

/// Lower-case letters, digits and `-` of a name, which may have none.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for sign in name.chars() {
        match sign.to_ascii_lowercase() {
            sign if sign.is_ascii_alphanumeric() => slug.push(sign),
            _ if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
        if slug.len() == SLUG {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "ring".to_owned() } else { slug.to_owned() }
}

impl Ring<'_> {
    /// The share of devices that fail that the policy calls bad, in hundredths of a percent, rounded down. Nothing where the policy
    /// goes by the hours that devices run: no engine counts them, so it stops at the first failure, which is sooner than the policy asks.
    pub(super) const fn bad(&self) -> Option<u32> {
        match self.rule {
            Rule::Every(_) => None,
            Rule::Share { bad, .. } => Some(bad.0 / 100_000),
        }
    }

    /// Whole percents of the fleet in this ring and those before, rounded down.
    pub(super) fn whole_percent(&self) -> u8 {
        let Some(share) = self.share else { return 100 };
        // Shares are rounded down, each by less than a millionth of it: `1%` is not to become 0.
        let share = u64::from(share) + u64::from(share) / 1_000_000 + 1;
        u8::try_from((share * 100) >> 32).map_or(100, |percent| percent.min(100))
    }

    /// The share of the fleet in this ring and those before, for people.
    pub(super) fn percent(&self) -> String {
        let share = self.share.map_or(1.0, |share| f64::from(share) / 4_294_967_296.0);
        let text = format!("{:.4}", share * 100.0);
        format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
    }

    /// Devices that are told of the release each minute, so that all of them are when half of the bake is over.
    pub(super) fn per_minute(&self) -> u64 {
        let minutes = (self.bake / 60 / SENDING).max(1);
        self.devices.div_ceil(minutes).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(share: Option<u32>) -> Ring<'static> {
        Ring {
            number: 0,
            name: "one",
            slug: String::new(),
            group: String::new(),
            token: String::new(),
            share,
            devices: 721,
            bake: 24 * 60 * 60,
            rule: Rule::Every(1),
        }
    }

    #[test]
    fn a_name_is_cut_down_to_what_every_engine_takes() {
        let cases = [
            ("dogfood", "dogfood"),
            ("Early adopters (EU)", "early-adopters-eu"),
            ("..", "ring"),
            ("Größe_1", "gr-e-1"),
            ("a234567890123456789012345", "a23456789012345678901234"),
        ];
        for (name, expected) in cases {
            assert_eq!(slug(name), expected, "{name}");
        }
    }

    #[test]
    fn percents_are_rounded_down_and_not_by_the_error_of_a_share() {
        // 0.1 %, 1 %, 10 % as a tenfold of 1 %, just below 2 %, half.
        let cases = [(4_294_967, 0), (42_949_672, 1), (429_496_720, 10), (85_800_000, 1), (1 << 31, 50)];
        for (share, percent) in cases {
            assert_eq!(ring(Some(share)).whole_percent(), percent, "{share}");
        }
        assert_eq!(ring(None).whole_percent(), 100);
        assert_eq!((ring(Some(4_294_967)).percent(), ring(None).percent()), ("0.1 %".to_owned(), "100 %".to_owned()));
    }

    #[test]
    fn bytes_go_out_in_half_of_the_bake() {
        assert_eq!(ring(None).per_minute(), 2);
    }
}
