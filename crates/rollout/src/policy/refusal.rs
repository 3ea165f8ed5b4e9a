//! Why a policy is not taken.

use core::fmt;
use core::ops::Range;

use contentcheck_log::floors::Unsafe;

use super::{NAME_BYTES, POLICY_BYTES};
use crate::statistics::NoDesign;

/// Why a policy is not taken.
#[derive(Clone, Debug, PartialEq)]
pub enum NoPolicy {
    /// It is too large.
    Bytes,
    /// It is not of the form that a policy has.
    Form {
        /// The bytes where that shows.
        span: Option<Range<usize>>,
        /// What its reader says.
        why: String,
    },
    /// Its rings open too much at once.
    Unsafe(Unsafe),
    /// A value is out of its range.
    Value {
        /// Which one.
        what: String,
        /// What it may be.
        range: String,
    },
    /// A test cannot be made of these numbers.
    Design {
        /// Which one.
        what: String,
        /// Why.
        why: NoDesign,
    },
}

impl fmt::Display for NoPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes => write!(f, "a policy has {POLICY_BYTES} bytes at most"),
            Self::Form { why, .. } => f.write_str(why),
            Self::Unsafe(why) => write!(f, "no device takes such a plan: {why}"),
            Self::Value { what, range } => write!(f, "{what} must be {range}"),
            Self::Design { what, why } => write!(f, "{what}: {why}"),
        }
    }
}

impl core::error::Error for NoPolicy {}

pub(super) fn check_name(name: &str, what: &str) -> Result<(), NoPolicy> {
    // It stands in terminals, in logs of build machines and in the commands of other tools.
    let may_be = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'.' | b'_' | b'-');
    if name.is_empty() || name.len() > NAME_BYTES || !name.bytes().all(may_be) {
        return Err(value(what, &format!("1 to {NAME_BYTES} letters of English, digits, spaces, `.`, `_` and `-`")));
    }
    Ok(())
}

pub(super) fn value(what: impl Into<String>, range: &str) -> NoPolicy {
    NoPolicy::Value { what: what.into(), range: range.into() }
}
