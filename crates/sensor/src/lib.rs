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
pub use health::{Complaint, Health, Recent};
pub use kills::{Kills, NoKills};
pub use policy::{Ceilings, Policy};
pub use record::{NoState, RECORD};
pub use state::{Candidate, Conviction, Good, KillMark, QUARANTINED, Quarantined, Rung, Standing, State};

#[cfg(feature = "std")]
mod disk;
#[cfg(feature = "std")]
mod evidence;
#[cfg(feature = "std")]
mod platform;
#[cfg(feature = "std")]
mod reader;
#[cfg(feature = "std")]
mod status;
#[cfg(feature = "std")]
mod store;

#[cfg(feature = "std")]
pub use disk::{Directory, Disk, DiskError, Files, Place};
#[cfg(feature = "std")]
pub use evidence::Record;
#[cfg(feature = "std")]
pub use platform::{Platform, System};
#[cfg(feature = "std")]
pub use reader::{Reader, View};
#[cfg(feature = "std")]
pub use status::{Condition, Content as ContentStatus, Status};
#[cfg(feature = "std")]
pub use store::{Advice, Config, ENVELOPE_BYTES, KillRefusal, Killed, Memory, Role, Store};
