//! E-values: evidence against "new content is no worse" that anybody may look at whenever they like. Where that holds, one
//! reaches `1 / alpha` at any time with a chance of `alpha` at most.

/// The natural logarithm of the e-value against "at most the share `theta` of events is with new content", when `new` of `all`
/// events were. `theta` is the share of hours at risk that devices with new content had, known before the events: nobody
/// needs to know how often there are events anyway.
///
/// The alternative is uniform over the shares above `theta`. More of `new` than of `all` counts as all of them; without a
/// share between 0 and 1 nothing is known, and the answer is 0.
#[must_use]
pub fn e_value(new: u64, all: u64, theta: f64) -> f64 {
    if !(theta > 0.0 && theta < 1.0) {
        return 0.0;
    }
    let new = new.min(all);
    let odds = (1.0 - theta) / theta;
    // E = sum over i of C(all + 1, new - i) / ((all + 1) C(all, new)) odds^i: no term is negative, and each comes of the one
    // before. The sum is scaled where it grows beyond what a number holds.
    const SCALE: f64 = 1e200;
    let mut term = 1.0 / (all - new + 1) as f64;
    let (mut sum, mut scaled) = (term, 0.0);
    for i in 0..new {
        term *= (new - i) as f64 / ((all - new) as f64 + 2.0 + i as f64) * odds;
        sum += term;
        if sum > SCALE {
            (sum, term) = (sum / SCALE, term / SCALE);
            scaled += libm::log(SCALE);
        }
    }
    libm::log(sum) + scaled
}

/// The natural logarithm of the e-value against "just the share `theta` of events is with new content", so that less counts
/// against it too. The alternative is uniform over all shares.
#[must_use]
pub fn e_value_two_sided(new: u64, all: u64, theta: f64) -> f64 {
    if !(theta > 0.0 && theta < 1.0) {
        return 0.0;
    }
    let new = new.min(all);
    let (n, k) = (all as f64, new as f64);
    libm::lgamma(1.0 + k) + libm::lgamma(1.0 + n - k)
        - libm::lgamma(2.0 + n)
        - k * libm::log(theta)
        - (n - k) * libm::log(1.0 - theta)
}

/// The natural logarithm of the e-value against "events are no more frequent than expected", where so many came and so many were expected of
/// good content in the time for which devices ran.
///
/// The alternative is spread over rates above the expected one, by an exponential distribution with a mean of 250 times that rate: content that
/// breaks something does so much more often than content which does not.
#[must_use]
pub fn rate_e_value(events: u64, expected: f64) -> f64 {
    const MEAN: f64 = 250.0;
    if expected.is_nan() {
        return 0.0;
    }
    let decay = 1.0 / MEAN + expected.max(0.0);
    // E = sum over k of events! / (events - k)! / (MEAN decay^(k + 1)), as in `e_value`.
    const SCALE: f64 = 1e200;
    let mut term = 1.0 / (MEAN * decay);
    let (mut sum, mut scaled) = (term, 0.0);
    for k in 0..events {
        term *= (events - k) as f64 / decay;
        sum += term;
        if sum > SCALE {
            (sum, term) = (sum / SCALE, term / SCALE);
            scaled += libm::log(SCALE);
        }
    }
    libm::log(sum) + scaled
}

/// The natural logarithm of an e-value at which a rollout halts: with so many metrics in so many strata a good release halts
/// with a chance of `alpha` at most, whatever they have to do with each other.
#[must_use]
pub fn halt_at(metrics: u32, strata: u32, alpha: f64) -> f64 {
    let tests = f64::from(metrics.max(1)) * f64::from(strata.max(1));
    libm::log(tests / alpha.clamp(f64::MIN_POSITIVE, 1.0))
}

/// The natural logarithm of the mean of e-values, which is one whatever they have to do with each other; nothing of none.
#[must_use]
pub fn mean(logarithms: &[f64]) -> Option<f64> {
    let most = logarithms.iter().copied().reduce(f64::max)?;
    if !most.is_finite() {
        return Some(most);
    }
    let sum: f64 = logarithms.iter().map(|one| libm::exp(one - most)).sum();
    Some(most + libm::log(sum / logarithms.len() as f64))
}
