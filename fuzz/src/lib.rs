//! What the fuzz targets do. Stable tests replay every file under `corpus/regressions/TARGET/` through
//! the same bodies: those of `bodies` in `crates/parser`, those of `machine` in `crates/compiler`. `capi` has none
//! yet: `crates/capi` runs it on seeds.
//!
//! The generators are typed: `choices` decides, `values` and `generate` make content and events of its
//! decisions, and proptest drives them as well as a fuzzer does.

pub mod bodies;
pub mod capi;
pub mod choices;
pub mod differential;
pub mod generate;
pub mod images;
pub mod machine;
pub mod sealed;
pub mod values;
