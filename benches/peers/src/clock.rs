//! Clocks and what is made of their readings.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Time that this thread was on a processor: a busy machine does not count.
#[must_use]
pub fn cpu() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// Seconds on a processor since an earlier reading.
#[must_use]
pub fn since(start: Duration) -> f64 {
    cpu().saturating_sub(start).as_secs_f64()
}

/// The median; not a number where there is no value.
#[must_use]
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The least.
#[must_use]
pub fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

/// The median over the rounds of how many times `own` the other takes.
#[must_use]
pub fn ratio(other: &[f64], own: &[f64]) -> f64 {
    median(other.iter().zip(own).map(|(other, own)| other / own).collect())
}
