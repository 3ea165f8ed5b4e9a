//! Failures: why something that was asked for cannot be done.

use std::fmt;

/// Whose fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The content has findings that stand in the way.
    Findings,
    /// The command line, the configuration or an input that was named is wrong.
    Usage,
    /// This program or the machine is at fault.
    Internal,
}

/// Why something cannot be done.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Whose fault it is.
    pub kind: Kind,
    /// One line or more for people.
    pub message: String,
}

impl Failure {
    /// The content has findings that stand in the way.
    pub fn findings(message: impl Into<String>) -> Self {
        Self { kind: Kind::Findings, message: message.into() }
    }

    /// The command line or configuration is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { kind: Kind::Usage, message: message.into() }
    }

    /// This program or the machine is at fault.
    pub fn internal(message: impl Into<String>) -> Self {
        Self { kind: Kind::Internal, message: message.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
