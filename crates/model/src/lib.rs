//! What both languages of content lower to, and everything below them: sources and their places, diagnostics, template
//! types, values, expressions, rules, tables and sensors.
//!
//! Nothing in here knows a grammar. A front end comes from a source to [`rule::CheckedRule`]s, and whatever comes after
//! it does not ask which language a rule was written in.

pub mod among;
pub mod catalogue;
pub mod characters;
pub mod claims;
pub mod decimal;
pub mod decode;
pub mod diagnostic;
pub mod exporters;
pub mod expression;
pub mod field;
mod fixed;
pub mod language;
pub mod limits;
pub mod lookup;
pub mod mention;
pub mod metadata;
pub mod outcome;
pub mod predicate;
pub mod presence;
pub mod regex;
pub mod rule;
pub mod sensor;
pub mod slip;
pub mod source;
pub mod table;
pub mod template;
pub mod value;
pub mod wildcard;
