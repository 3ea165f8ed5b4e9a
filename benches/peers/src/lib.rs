//! What the measurements share: rules and events, clocks, comparison with the reference evaluator,
//! and the engines that need more than a call.

pub mod clock;
pub mod compare;
pub mod events;
pub mod literals;
pub mod load;
pub mod sigma_rust;
pub mod tau;
