//! Why something was refused. Codes and integers only: who renders them knows the words.

use core::fmt;

use crate::format::Section;
use crate::manifest::ManifestError;
use crate::meter::Spent;

/// Why bytes are not an image, or not one for this sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// The bytes do not begin as an image does.
    NotAnImage,
    /// The image has another format version.
    Version {
        /// Its version.
        found: u32,
    },
    /// The image says another length than there are bytes: it was cut off, or something was added.
    Length {
        /// What it says.
        stated: u64,
        /// Bytes at hand.
        found: u64,
    },
    /// The image was altered in storage or transport.
    Checksum,
    /// A section is not where it must be.
    Layout {
        /// The section.
        section: Section,
    },
    /// A record holds what no compiler writes.
    Record {
        /// The section.
        section: Section,
        /// Number of the record.
        index: u32,
    },
    /// The memory lent is too small.
    Workspace {
        /// Units that are needed.
        needed: usize,
    },
    /// The sensor cannot hold the image.
    Capacity {
        /// What of.
        what: Resource,
        /// How much the image needs.
        needed: u64,
        /// How much the sensor holds.
        capacity: u64,
    },
    /// The sensor does not supply an input under that name.
    UnsuppliedInput {
        /// A rule that mentions it.
        rule: u32,
        /// The template type.
        template: u32,
        /// The input, counted over all template types.
        input: u32,
    },
    /// The sensor supplies the input as another type.
    InputType {
        /// A rule that mentions it.
        rule: u32,
        /// The template type.
        template: u32,
        /// The input, counted over all template types.
        input: u32,
    },
    /// A rule reads by number, and there the sensor supplies another input, or none.
    Position {
        /// A rule that mentions it.
        rule: u32,
        /// The template type.
        template: u32,
        /// The input, counted over all template types.
        input: u32,
    },
    /// The manifest contradicts itself.
    Manifest(ManifestError),
    /// The image asks for what this interpreter does not know; [`crate::Identity::feature`] has its name.
    Feature {
        /// Number of the bit.
        bit: u8,
    },
    /// The image has no rule, and does not say that this is meant.
    Empty,
}

/// What a sensor has a bounded amount of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Image format.
    Interpreter,
    /// Bytes of the image.
    ImageBytes,
    /// Rules that this sensor loads.
    Rules,
    /// Rows of tables.
    TableRows,
    /// States of automata.
    AutomatonStates,
    /// Steps of an evaluation that do not depend on the event.
    Steps,
    /// Steps for each byte of an event.
    StepsPerByte,
    /// Bytes of scratch memory.
    ScratchBytes,
}

impl Resource {
    /// The word for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Interpreter => "image format",
            Self::ImageBytes => "image bytes",
            Self::Rules => "rules",
            Self::TableRows => "table rows",
            Self::AutomatonStates => "automaton states",
            Self::Steps => "steps an event",
            Self::StepsPerByte => "steps a byte",
            Self::ScratchBytes => "bytes of scratch memory",
        }
    }
}

impl Rejection {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotAnImage => "CC0520",
            Self::Version { .. } => "CC0521",
            Self::Length { .. } => "CC0522",
            Self::Checksum => "CC0523",
            Self::Layout { .. } | Self::Record { .. } => "CC0524",
            Self::Workspace { .. } => "CC0525",
            Self::Manifest(_) => "CC0407",
            Self::Feature { .. } => "CC0527",
            Self::Empty => "CC0528",
            Self::Capacity { .. } => "CC0408",
            Self::UnsuppliedInput { .. } => "CC0401",
            Self::InputType { .. } => "CC0404",
            Self::Position { .. } => "CC0403",
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnImage => f.write_str("these bytes do not begin as a content image does"),
            Self::Version { found } => write!(f, "the image has format version {found}"),
            Self::Length { stated, found } => {
                write!(f, "the image states {stated} bytes and has {found}: it was cut off, or something was added")
            }
            Self::Checksum => f.write_str("the checksum differs: the image was altered in storage or transport"),
            Self::Layout { section } => write!(f, "section `{}` is not where it must be", section.as_str()),
            Self::Record { section, index } => {
                write!(f, "record {index} of section `{}` holds what no compiler writes", section.as_str())
            }
            Self::Workspace { needed } => write!(f, "the memory lent is too small: {needed} units are needed"),
            Self::Capacity { what, needed, capacity } => {
                write!(f, "the image needs {needed} ({}), and the sensor holds {capacity}", what.as_str())
            }
            Self::UnsuppliedInput { rule, input, .. } => {
                write!(f, "rule {rule} reads input {input}, which the sensor does not supply")
            }
            Self::InputType { rule, input, .. } => {
                write!(f, "rule {rule} reads input {input}, which the sensor supplies as another type")
            }
            Self::Position { rule, input, .. } => {
                write!(f, "rule {rule} reads input {input} by number, and the sensor supplies another there")
            }
            Self::Manifest(error) => error.fmt(f),
            Self::Feature { bit } => {
                write!(f, "the image asks for feature {bit}, which this interpreter does not know")
            }
            Self::Empty => f.write_str("the image has no rule, and does not say that this is meant"),
        }
    }
}

impl core::error::Error for Rejection {}

/// Why an event was not evaluated. The sensor goes on with the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The sensor's manifest supplies nothing for this template type.
    UnsuppliedTemplate,
    /// The event has another number of inputs than the manifest states for the template type.
    Arity {
        /// What the manifest states.
        supplied: usize,
        /// What the event has.
        found: usize,
    },
    /// The event has another number of header fields than the manifest states.
    Header {
        /// What the manifest states.
        supplied: usize,
        /// What the event has.
        found: usize,
    },
    /// The scratch memory is too small.
    Scratch {
        /// Words that are needed.
        needed: usize,
    },
    /// The kill list was made for another image.
    Kill,
    /// The image holds what verification does not let pass. Never with a [`crate::VerifiedImage`].
    Corrupt {
        /// The section.
        section: Section,
    },
}

impl Fault {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnsuppliedTemplate => "CC1101",
            Self::Arity { .. } => "CC1102",
            Self::Header { .. } => "CC1103",
            Self::Scratch { .. } => "CC1104",
            Self::Kill => "CC1105",
            Self::Corrupt { .. } => "CC1106",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnsuppliedTemplate => f.write_str("the sensor supplies nothing for this template type"),
            Self::Arity { supplied, found } => {
                write!(f, "the event has {found} inputs where the manifest states {supplied}")
            }
            Self::Header { supplied, found } => {
                write!(f, "the event has {found} header fields where the manifest states {supplied}")
            }
            Self::Scratch { needed } => write!(f, "the scratch memory is too small: {needed} words are needed"),
            Self::Kill => f.write_str("the kill list was made for another image"),
            Self::Corrupt { section } => {
                write!(f, "section `{}` holds what verification does not let pass", section.as_str())
            }
        }
    }
}

impl core::error::Error for Fault {}

/// Why an evaluation stops before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    /// For a fault.
    Fault(Fault),
    /// The steps that there were have been taken.
    Spent,
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Spent> for Halt {
    fn from(_: Spent) -> Self {
        Self::Spent
    }
}
