//! x
mod online;
mod random;
mod sensor;
mod tally;
mod road;
mod scenario;
