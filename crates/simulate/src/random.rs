//! Random numbers that are a function of a seed, a device and a draw. There is no generator whose state would depend on the order of
//! events, so neither threads nor shards change what comes out.

/// What a number is drawn for. Each draw of a device has a number of its own, so none is used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Draw {
    Stratum = 1,
    Zone,
    Shift,
    Place,
    Poll,
    Affected,
    Fault,
    Watchdog,
    Cycle,
    Hand,
    Restart,
    Failure,
    Silence,
    PartnerFailure,
    PartnerSilence,
    Redraw,
    Leak,
    Remedy,
    Scenario,
}

/// The numbers of one run: a seed, mixed once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Random(u64);

const fn mixed(mut word: u64) -> u64 {
    // The finaliser of SplitMix64 (Steele, Lea, Flood 2014), a bijection.
    word ^= word >> 30;
    word = word.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word ^= word >> 27;
    word = word.wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(mixed(seed.wrapping_add(0x9E37_79B9_7F4A_7C15)))
    }

    /// 64 bits for a draw of a device, of which `again` tells apart several of one kind.
    pub(crate) const fn bits(self, device: u32, draw: Draw, again: u8) -> u64 {
        let which = (device as u64) << 16 | (draw as u64) << 8 | again as u64;
        mixed(self.0 ^ mixed(which.wrapping_mul(0xD129_0D2E_6D91_B1A5).wrapping_add(1)))
    }

    /// A number between 0 and 1, neither of them included.
    pub(crate) fn unit(self, device: u32, draw: Draw, again: u8) -> f64 {
        ((self.bits(device, draw, again) >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0
    }

    /// A whole number below `limit`; 0 where the limit is 0.
    pub(crate) const fn below(self, device: u32, draw: Draw, again: u8, limit: u32) -> u32 {
        // The upper half of a product of 32 bits each: below the limit.
        (((self.bits(device, draw, again) >> 32) * limit as u64) >> 32) as u32
    }

    /// An exponential time with this mean.
    pub(crate) fn exponential(self, device: u32, draw: Draw, again: u8, mean: f64) -> f64 {
        -libm::log(self.unit(device, draw, again)) * mean
    }

    /// When something that happens so often an hour first happens, in minutes, if that is within the horizon.
    pub(crate) fn first(self, device: u32, draw: Draw, per_hour: f64, horizon: f64) -> Option<u32> {
        if per_hour <= 0.0 {
            return None;
        }
        let unit = self.unit(device, draw, 0);
        // 1 - exp(-x) <= x: what is above this happens after the horizon. Most draws end here, without a logarithm.
        if 1.0 - unit > per_hour * horizon / 60.0 {
            return None;
        }
        let minutes = -libm::log(unit) / per_hour * 60.0;
        (minutes < horizon).then_some(minutes as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_spread_and_independent() {
        let random = Random::new(7);
        let count = 200_000_u32;
        let (mut sum, mut product) = (0.0, 0.0);
        for device in 0..count {
            let (one, other) = (random.unit(device, Draw::Place, 0), random.unit(device, Draw::Poll, 0));
            sum += one;
            product += (one - 0.5) * (other - 0.5);
        }
        let count = f64::from(count);
        // Four standard errors of a mean of uniforms, and of a covariance of two independent ones.
        assert!((sum / count - 0.5).abs() < 4.0 * (1.0 / 12.0 / count).sqrt());
        assert!((product / count).abs() < 4.0 * (1.0 / 144.0 / count).sqrt());
    }

    #[test]
    fn the_short_cut_of_rare_events_changes_no_draw() {
        let random = Random::new(3);
        for device in 0..20_000 {
            let minutes = random.exponential(device, Draw::Failure, 0, 60.0 / 0.01);
            let found = random.first(device, Draw::Failure, 0.01, 600.0);
            assert_eq!(found, (minutes < 600.0).then_some(minutes as u32), "{device}");
        }
    }
}
