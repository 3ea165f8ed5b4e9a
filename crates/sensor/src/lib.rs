//! The device's side.
#![no_std]

#[cfg(any(feature = "std", test))]
extern crate std;

mod admit;
mod content;
mod decide;
mod ended;
mod health;
pub mod kills;
mod policy;
mod record;
mod state;

pub use admit::{Admitted, Authority, Claim, Considered, Device, Distrust, Matched, Purpose, Refusal};
pub use content::{BootId, Content, Digest, Sequence};
pub use decide::{Act, Decision, Found, Observation, Reason, Reasons, Unusable, Usable};
pub use ended::{Blame, Ended};
pub use health::{Complaint, Health};
pub use kills::{Kills, NoKills};
pub use policy::{Ceilings, Policy};
pub use record::{NoState, RECORD};
pub use state::{Candidate, Conviction, Good, KillMark, QUARANTINED, Quarantined, Rung, Standing, State};
