//! Recorded events of every source. All of it is one test binary: each one more is linked with everything again.

mod event_logs;
mod exporters;
mod records;
mod sources;
mod typing;
