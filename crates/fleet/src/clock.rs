//! The time, in seconds since 1970, as a daemon is given it.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// What says how late it is.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The time of the system, in seconds since 1970.
#[must_use]
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The clock of the system.
#[must_use]
pub fn system() -> Clock {
    Arc::new(now)
}
