//! The daemons of a fleet, and what they share with the command line. None of them holds a key that opens a ring: what decides is in the log, and
//! devices check it by themselves.
//!
//! ```text
//! device -report-> Collector -files of records-> Source           taken once, kept whatever happens
//! Source, Roll -recount-> Tally -evidence-> entry of the log      what devices reported, the same for everybody who counts
//! log, Source -Keeper::cosign-> cosignature                       a witness that counts again before it signs
//! log, Tally, time -Status::of-> Status -> page, metrics, JSON    what people are shown
//! ```
//!
//! Everything is plain files: a log in the layout of C2SP, reports as appended records, a witness's memory. There is no database: what a collector
//! has to look up is one number for each device of a roll, and made of the files in one pass when it begins.
//!
//! Everything read from a network or a file of somebody else is hostile; each size and time has a bound in [`limits`].

mod client;
pub mod clock;
pub mod collect;
mod daemon;
pub mod follow;
pub mod hooks;
pub mod interrupt;
pub mod limits;
pub mod metrics;
pub mod otlp;
pub mod page;
pub mod place;
pub mod recount;
pub mod reporter;
pub mod roll;
mod said;
pub mod segment;
pub mod serve;
pub mod source;
pub mod status;
pub mod store;
mod verified;
pub mod witness;

pub use collect::Collector;
pub use daemon::Daemon;
pub use follow::{Follower, NoLog};
pub use interrupt::Interrupt;
pub use place::Place;
pub use recount::{NoCount, Recounter, recount};
pub use reporter::{Reporter, Said};
pub use roll::Rolls;
pub use serve::{Dashboard, Stopped};
pub use source::Source;
pub use status::{Seen, Status};
pub use store::Shard;
pub use witness::{Cosign, Keeper, NoCosign, Remote};
