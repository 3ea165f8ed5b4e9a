//! Rollouts: what a release has to show in one ring before the next may open.
//!
//! The statistics are here: tests that may be looked at whenever somebody likes, as often as somebody likes, and keep their
//! error all the same. A rollout that is watched has no other kind.

pub mod statistics;
