//! Reads detection content and checks it.

pub mod diagnostic;
pub mod limits;
pub mod native;
pub mod sensor;
pub mod source;
pub mod template;
