//! What analysis finds, fixes and proves, against what rules do. All of it is one test binary: each one more is linked with everything again.

mod fixing;

mod findings;
mod fixes;
mod properties;
mod work;
