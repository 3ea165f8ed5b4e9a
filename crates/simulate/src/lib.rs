//! x
mod online;
mod random;
mod sensor;
