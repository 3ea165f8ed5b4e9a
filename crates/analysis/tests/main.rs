//! What analysis finds, fixes and proves, against what rules do. All of it is one test binary: each one more is linked with everything again.

#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod fixing;

mod findings;
mod fixes;
mod properties;
mod work;
