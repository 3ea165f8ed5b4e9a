//! Reads detection content and checks it.

pub mod catalogue;
pub mod check;
pub mod decode;
pub mod diagnostic;
pub mod limits;
mod metadata;
pub mod model;
pub mod native;
mod regex;
pub mod sensor;
pub mod sigma;
pub mod source;
pub mod table;
pub mod template;
pub mod value;
