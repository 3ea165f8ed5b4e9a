//! Tests that are valid whenever they are looked at.
//!
//! | question | test |
//! | --- | --- |
//! | has one device in so many failed, settled in the order of their deadlines | [`Sprt`], Wald's sequential test of a share |
//! | are there too many crashes an hour, whatever the other devices do | [`Rate`], the same for events in time; [`rate_e_value`] |
//! | does a device with new content go silent sooner than one like it with the old | [`Pairs`], the same for pairs of which one fails |
//! | are there more events with new content than with the old, whose rate nobody knows | [`e_value`], [`e_value_two_sided`] |
//!
//! **Order.** Devices of a ring start together: failures report within minutes, health only at the end of the bake. Who adds
//! failures as they come and successes at the end rejects good content nearly always, in a ring of 8,500 devices with
//! 99.8 %. [`Sprt`] therefore takes outcomes in the order of their deadlines, and [`Rate`] takes hours at risk.
//!
//! **Several strata, several metrics.** A rollout halts where any e-value reaches [`halt_at`]; it goes on where every stratum
//! [accepts](Verdict::Accept), which needs no correction.
//!
//! Logarithms and gamma functions are those of `libm` in Rust, so that a verdict is the same on every machine.
//!
//! Sources: A. Wald, *Sequential Analysis* (1947); M. Lindon and A. Malek, *Anytime-Valid Inference for Multinomial Count Data*
//! (NeurIPS 2022).

mod evalue;
mod pairs;
mod rate;
mod sprt;

use core::fmt;

pub use evalue::{e_value, e_value_two_sided, halt_at, mean, rate_e_value};
pub use pairs::Pairs;
pub use rate::Rate;
pub use sprt::{Characteristics, Sprt};

/// What a sequential test says so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is as good as asked.
    Accept,
    /// It is as bad as feared.
    Reject,
    /// Nothing yet.
    Continue,
}

/// Why a test cannot be designed so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoDesign {
    /// What is good is not less than what is bad, or one of them is out of range.
    Values,
    /// An error is not between 0 and one half.
    Errors,
}

impl fmt::Display for NoDesign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Values => "what is good must be less than what is bad, and both within their range",
            Self::Errors => "an error must be more than 0 and less than one half",
        })
    }
}

impl core::error::Error for NoDesign {}

/// The bounds of a log likelihood ratio between which a test goes on.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Bounds {
    /// At or below this the content is accepted.
    accept: f64,
    /// At or above this it is rejected.
    reject: f64,
}

impl Bounds {
    /// `alpha`: how often good content may be rejected; `beta`: how often bad content may be accepted.
    fn new(alpha: f64, beta: f64) -> Result<Self, NoDesign> {
        let is_error = |error: f64| error > 0.0 && error < 0.5;
        if !is_error(alpha) || !is_error(beta) {
            return Err(NoDesign::Errors);
        }
        Ok(Self { accept: libm::log(beta / (1.0 - alpha)), reject: libm::log((1.0 - beta) / alpha) })
    }

    fn verdict(self, ratio: f64) -> Verdict {
        if ratio >= self.reject {
            Verdict::Reject
        } else if ratio <= self.accept {
            Verdict::Accept
        } else {
            Verdict::Continue
        }
    }
}

/// The highest share of failures that is left possible, with 95 % confidence, when none of so many devices failed: what a ring
/// of this size cannot see. Of 10 devices 26 %, of 1,000 devices 0.3 %.
#[must_use]
pub fn unseen(devices: u64) -> f64 {
    if devices == 0 { 1.0 } else { 1.0 - libm::pow(0.05, 1.0 / devices as f64) }
}
