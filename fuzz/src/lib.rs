//! What the fuzz targets do. Stable tests replay every file under `corpus/regressions/TARGET/` through
//! the same bodies: those of `bodies` in `crates/parser`, those of `machine` in `crates/compiler`. `capi` has none
//! yet: `crates/capi` runs it on seeds.
//!
//! What drives them makes `contentcheck-generators`, for a fuzzer and for proptest alike.

pub mod bodies;
pub mod capi;
pub mod differential;
pub mod images;
pub mod machine;
