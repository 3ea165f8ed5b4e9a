//! The log: what a device needs to know that an opening of a ring is in the one log that enough witnesses saw grow; no std, no
//! allocation, no files, no clock. With the feature `write`, what makes such a log.
//!
//! ```text
//! bytes -Note::read-> Note -Trust::check-> Witnessed                   a checkpoint that the log and a quorum of witnesses signed
//! bytes -Proof::read-> Proof -includes(entry)-> Witnessed              an entry that is in it
//! bytes -Token::read-> Token -check(trust)-> Opened                    a ring that was opened, and the one before it
//! ```
//!
//! The formats are those of C2SP: signed notes, checkpoints, cosignatures (`cosignature/v1`, ed25519), proofs (`tlog-proof`),
//! tiles, and of policies (`tlog-policy`) what one group of witnesses needs. Hashes are those of RFC 6962. What is here of our own is
//! one entry, [`Opening`], and the token: one proof, or two in a row.
//!
//! ```
//! use contentcheck_log::{Note, VerifierKey};
//!
//! let key = VerifierKey::read("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")?;
//! let note = Note::read("If you think cryptography is the answer to your problem,\n\
//!     then you don't know what your problem is.\n\n\
//!     — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n".as_bytes())?;
//! assert!(note.is_signed_by(&key));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! Everything read here comes from a network, so each size has a bound in [`limits`]. Nothing is believed of a text before its
//! signatures are found to be right.
#![no_std]

#[cfg(feature = "write")]
extern crate std;

mod base64;
mod checkpoint;
pub mod floors;
mod key;
pub mod limits;
mod lines;
pub mod member;
mod merkle;
mod note;
mod opening;
mod proof;
mod tile;
pub mod token;
mod trust;
#[cfg(feature = "write")]
pub mod write;

pub use checkpoint::{Checkpoint, NoCheckpoint};
pub use key::{Algorithm, NoKey, VerifierKey};
pub use member::{Member, NoMember};
pub use merkle::{Hash, is_consistent, is_included};
pub use note::{NoNote, Note, Signature};
pub use opening::{Class, NoOpening, OPENING, Opening};
pub use proof::{NoProof, Proof, Unlogged};
pub use tile::{NoTile, Tile};
pub use token::{NoToken, Opened, Token};
pub use trust::{NoLine, NoTrust, Trust, Unwitnessed, Witnessed};
