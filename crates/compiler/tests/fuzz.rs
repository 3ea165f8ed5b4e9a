//! The bodies of the fuzz targets that take content or images through compiler and interpreter.

#[path = "../../../fuzz/src/differential.rs"]
#[expect(clippy::expect_used, clippy::panic, unreachable_pub, reason = "a file of the fuzz crate")]
pub(crate) mod differential;
#[path = "../../../fuzz/src/images.rs"]
#[expect(clippy::expect_used, unreachable_pub, reason = "a file of the fuzz crate")]
pub(crate) mod images;
#[path = "../../../fuzz/src/machine.rs"]
#[expect(unreachable_pub, reason = "a file of the fuzz crate")]
pub(crate) mod machine;
