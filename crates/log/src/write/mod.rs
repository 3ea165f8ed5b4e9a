//! The writing half: a log in files that any web server can hand out, and those who sign it.
//!
//! ```text
//! Log::append(entries) -> tiles, entry bundles, then the checkpoint      C2SP tlog-tiles, tlog-checkpoint
//! Log::consistency(old) -> Witness::cosign(..) -> Log::cosigned(line)    tlog-cosignature; the witness keeps what it saw
//! View::open(storage, key) -> entries, proofs                            any reader, without a key that signs
//! Log::proof(index), Log::token(index, before) -> what a device checks   tlog-proof
//! ```
//!
//! An entry that [`Log::append`](log::Log::append) returned for is in the log whatever happens next: tiles are durable before
//! the checkpoint that names them, and a log that is opened again goes on behind its last checkpoint.

mod encode;
pub mod log;
pub mod sign;
pub mod storage;
mod tree;
pub mod view;
pub mod witness;

pub use log::{Fault, Log};
pub use sign::{NoSecret, SecretKey, is_key, is_of_nobody, is_signed};
pub use storage::{Directory, Kept, ReadOnly, Storage, open_file, open_lock, read_text};
pub use view::{Frontier, View};
pub use witness::{Refusal, Witness, proven, seen_by};
