//! The targets that take content or images through compiler and interpreter.

use super::differential::{Tally, differential as one_world};
use super::images::{image_evaluate, image_read};
use contentcheck_generators::Choices;

/// A function that takes any input.
pub type Body = fn(&[u8]);

/// The targets by name.
pub const ALL: [(&str, Body); 3] =
    [("image_read", image_read), ("image_evaluate", image_evaluate), ("differential", differential)];

/// Content and events that the bytes decide: the interpreter says what the reference evaluator says.
pub fn differential(data: &[u8]) {
    one_world(&mut Choices::of_bytes(data), &mut Tally::default());
}
