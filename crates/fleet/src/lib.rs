//! The daemons of a fleet. None of them holds a key that opens a ring: what decides is in the log, and devices check it by themselves.
pub mod clock;
mod client;
pub mod collect;
mod daemon;
pub mod follow;
pub mod limits;
pub mod place;
pub mod roll;
pub mod recount;
pub mod segment;
pub mod source;
pub mod status;
pub mod store;
pub mod witness;

pub use collect::Collector;
pub use daemon::Daemon;
pub use follow::{Follower, NoLog};
pub use place::Place;
pub use recount::{NoCount, Recounter, recount};
pub use roll::Rolls;
pub use source::Source;
pub use status::{Seen, Status};
pub use store::Shard;
pub use witness::{Cosign, Keeper, NoCosign, Remote};
