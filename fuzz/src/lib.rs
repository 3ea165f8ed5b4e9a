//! What the fuzz targets do. The stable tests of `crates/parser` replay every file under
//! `corpus/regressions/TARGET/` through the same bodies.

pub mod bodies;
