//! Tables.

/// Typed reference data.
#[derive(Clone, Debug, PartialEq)]
pub struct Table;
