//! The device's side: which content a sensor takes, tries, keeps and goes back to.
//!
//! ```text
//! offer --consider, matches, verified--> Admitted --trial--> Candidate --bake, restart, bake--> last known good
//!                                                     \--crashes, and older content lasts----> given up
//! ```
//!
//! **Admission.** An offer is an image and an envelope. What was signed is looked at first: by keys that count, above every
//! sequence that this device has confirmed or given up, not too far ahead, not expired. Then the bytes are held to the digest
//! that was signed, and only then are they parsed, verified for this sensor, and shown to obey a kill list of all rules.
//!
//! **Trial.** A try is taken, and written, before the first event. It is given back if the run ends in anything that is not
//! about content: a stop, a kill, a lack of memory, a crash elsewhere, a power cut. A candidate is last known good when one run
//! was long and busy enough and within its ceilings, the sensor has started with it again, and that run was so too.
//!
//! **Return.** The order is: candidate, last known good, the good one before it, factory content, nothing. A candidate whose tries are
//! spent is a suspect, and older content runs. If that lasts, the suspect is given up for good. If the sensor crashes all the
//! way down, it is not content that makes it crash: all of it is cleared, last known good runs, and nothing new is tried
//! for a day.
//!
//! ```
//! use contentcheck_sensor::{Authority, Claim, Config, Content, Digest, Distrust, Purpose, Rung, Sequence, SoundPolicy};
//! use contentcheck_sensor::{Advice, Store};
//! # use contentcheck_interpreter::{
//! #     Capacity, Event, Input, Manifest, Scalar, Supply, Type, Value, Versioning, format, hash,
//! # };
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus/images/first/manifest.rs"));
//! # static SENSOR: Manifest<'static> = MANIFEST;
//! # fn main() -> Result<(), Box<dyn core::error::Error>> {
//! # let directory = std::env::temp_dir().join(format!("contentcheck-sensor-doc-{}", std::process::id()));
//! # let mut image = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus/images/first/rules.ccimage")).to_vec();
//! # image[40..48].copy_from_slice(&7_u64.to_le_bytes());
//! # let seal = hash::checksum(&image);
//! # image[24..32].copy_from_slice(&seal.to_le_bytes());
//! // Who says which content is for this device. Here, a list of digests that the sensor was built with.
//! struct Listed(Vec<Content>);
//!
//! impl Authority for Listed {
//!     fn claim(&self, envelope: &[u8], _: Purpose) -> Result<Claim, Distrust> {
//!         let listed = self.0.iter().find(|content| content.digest.bytes() == envelope);
//!         let content = *listed.ok_or(Distrust::Subject)?;
//!         Ok(Claim { content, issued: None, install_until: None })
//!     }
//!
//!     fn kill_list(&self, _: &[u8], _: &[u8], _: Purpose) -> Result<(), Distrust> {
//!         Err(Distrust::Signatures { found: 0, needed: 1 })
//!     }
//! }
//!
//! let digest = Digest::of(&image);
//! let authority = || Listed(vec![Content { digest, sequence: Sequence(7) }]);
//! // A trial that one can watch. Devices keep what `new` says, `SoundPolicy::DEFAULT`.
//! let policy = SoundPolicy::to_watch(0, 2);
//! let config = Config { policy, ..Config::new(&SENSOR, Digest::of(b"edr 1.4.0"), 1_790_000_000) };
//! let open = || Store::in_directory(config, &directory, authority());
//!
//! // A start never fails: the store says what runs, and why it is not something better.
//! let mut store = open();
//! assert_eq!(store.status().rung, Rung::Nothing);
//!
//! // New content is tried at once.
//! store.offer(&image, digest.bytes())?;
//! assert_eq!(store.status().rung, Rung::Candidate);
//!
//! // A thread evaluates, and waits for nobody.
//! let mut reader = store.reader();
//! let mut events = vec![("edr.process_start", "curl x | sh"), ("edr.process_start", "true")];
//! let mut found = Vec::new();
//! reader.run(|| events.pop(), |view, (template, command_line)| {
//!     let values = [
//!         Value::Int(4711), Value::from("/bin/sh"), Value::from(command_line), Value::Absent, Value::Split(b"sh\0", 0),
//!     ];
//!     let event = Event { inputs: &values, header: &[Value::from("web-1")], others: &[] };
//!     view.evaluate_as(template, event, 1_000_000, |rule| found.push(rule.title.to_owned())).ok();
//! });
//! assert_eq!(found, ["Download piped into a shell"]);
//!
//! // Every few seconds the store looks at how it goes. With this policy, two events are enough.
//! assert_eq!(store.check(), Advice::GoOn);
//! assert_eq!(store.status().rung, Rung::Good);
//! store.stop();
//! assert_eq!(open().status().rung, Rung::Good);
//! # std::fs::remove_dir_all(&directory)?;
//! # Ok(())
//! # }
//! ```
//!
//! The decisions ([`State::decide`], [`State::consider`]) are pure, and need neither std nor allocation: a kernel, a test and
//! a simulation make the same ones. With the feature `std`, which is on by default, [`Store`] carries them out on a
//! directory, and [`Reader`]s evaluate. The feature `serde` makes [`Status`] and [`Record`] JSON.
//!
//! The feature `keys` adds
//! `Keyring`, an authority by ed25519 that takes the statements of the gate.
//!
//! **The log.** With [`Config::log`], what keys signed is not enough: a token of the log must show that the ring of this very
//! device was opened, by a plan that [`rings`] allows, long enough after the ring before. The device makes its own id, finds its
//! ring by itself, and never takes an older log than it has seen.
//!
//! Not here yet, and for the crate that rolls releases out: halts, receipts, strata, a device key in place of
//! the random id, and the plan itself, of which a device sees the shares in each opening. Nor fetching, and the arming of a kernel
//! driver.
#![no_std]

#[cfg(any(feature = "std", test))]
extern crate std;

mod admit;
mod content;
mod decide;
mod ended;
mod health;
#[cfg(feature = "keys")]
mod keys;
pub mod kills;
mod observation;
mod policy;
mod reason;
mod record;
pub mod rings;
mod state;

pub use contentcheck_log::limits::BEHIND;
pub use contentcheck_log::{Member, NoMember};

pub use admit::{Admitted, Authority, Claim, Considered, Device, Distrust, Granted, Matched, Purpose, Refusal};
pub use content::{BootId, Content, DeviceId, Digest, Sequence};
pub use decide::Decision;
pub use ended::{Blame, Ended};
pub use health::{Complaint, Health, Recent};
#[cfg(feature = "keys")]
pub use keys::{Keyring, NoRoot, Root, SIGNATURES_FIRST};
pub use kills::{Kills, NoKills};
pub use observation::{Act, Found, Observation, Usable};
pub use policy::{Ceilings, HastyPolicy, Policy, SoundPolicy};
pub use reason::{Reason, Reasons, Unusable};
pub use record::{NoState, RECORD};
pub use rings::{Heard, Seen, Unproven, Unsafe};
pub use state::{Candidate, Conviction, Good, Identity, KillMark, QUARANTINED, Quarantined, Rung, Standing, State};

#[cfg(feature = "std")]
mod disk;
#[cfg(feature = "std")]
mod evidence;
#[cfg(feature = "std")]
mod inspect;
#[cfg(feature = "std")]
mod platform;
#[cfg(feature = "std")]
mod reader;
#[cfg(feature = "std")]
mod seal;
#[cfg(feature = "std")]
mod status;
#[cfg(feature = "std")]
mod store;

#[cfg(feature = "std")]
pub use disk::{Directory, Disk, DiskError, Files, Place};
#[cfg(feature = "std")]
pub use evidence::Record;
#[cfg(feature = "std")]
pub use inspect::{Form, Inspection, Kept};
#[cfg(feature = "std")]
pub use platform::{Platform, System};
#[cfg(feature = "std")]
pub use reader::{Reader, View};
#[cfg(feature = "std")]
pub use seal::{Unsealed, seal};
#[cfg(feature = "std")]
pub use status::{Condition, Content as ContentStatus, Status};
#[cfg(feature = "std")]
pub use store::copies::Memory;
#[cfg(feature = "std")]
pub use store::{Advice, Config, ENVELOPE_BYTES, KillRefusal, Killed, Role, Store};
