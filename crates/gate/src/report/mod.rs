//! Reports: the same evidence for people and for machines.

mod human;

pub use human::human;
