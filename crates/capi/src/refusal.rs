//! Refusals: why an image is refused, as the numbers of the header and back.

use contentcheck_interpreter::format::Section;
use contentcheck_interpreter::{ManifestError, Rejection, Resource};

use crate::status::{self, *};
use crate::types::*;

/// Why a call that loads does nothing.
pub(crate) struct Refused(pub(crate) CcRefusal);

const NOTHING: CcRefusal = CcRefusal {
    status: CC_OK,
    what: CC_NONE,
    rule: CC_NONE,
    template_no: CC_NONE,
    input: CC_NONE,
    record: CC_NONE,
    needed: 0,
    held: 0,
};

impl From<CcStatus> for Refused {
    fn from(status: CcStatus) -> Self {
        Self(CcRefusal { status, ..NOTHING })
    }
}

/// A mistake of the call, with the place in the manifest.
pub(crate) const fn at(status: CcStatus, template_no: u32, input: u32) -> Refused {
    Refused(CcRefusal { status, template_no, input, ..NOTHING })
}

/// A root of keys that cannot be read, with the number of its line.
#[cfg(feature = "store")]
pub(crate) fn of_root(why: &contentcheck_sensor::NoRoot) -> Refused {
    use contentcheck_sensor::NoRoot;
    let record = match why {
        NoRoot::Line { line } | NoRoot::Keys { line } => index(*line),
        NoRoot::Bytes | NoRoot::Version { .. } | NoRoot::Old(_) | NoRoot::New(_) => CC_NONE,
    };
    Refused(CcRefusal { status: CC_E_ROOT, record, ..NOTHING })
}

/// Memory that is too small.
pub(crate) fn too_small(needed: usize, held: usize) -> Refused {
    Refused(CcRefusal { status: CC_E_WORKSPACE, needed: needed as u64, held: held as u64, ..NOTHING })
}

fn index(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(CC_NONE)
}

impl From<Rejection> for Refused {
    fn from(rejection: Rejection) -> Self {
        let of = CcRefusal { status: status::of_rejection(&rejection), ..NOTHING };
        Self(match rejection {
            Rejection::Version { found } => CcRefusal { what: found, ..of },
            Rejection::Length { stated, found } => CcRefusal { needed: stated, held: found, ..of },
            Rejection::Layout { section } => CcRefusal { what: section as u32, ..of },
            Rejection::Record { section, index } => CcRefusal { what: section as u32, record: index, ..of },
            Rejection::Workspace { needed } => CcRefusal { needed: needed as u64, ..of },
            Rejection::Capacity { what, needed, capacity } => {
                CcRefusal { what: number_of(what), needed, held: capacity, ..of }
            }
            Rejection::UnsuppliedInput { rule, template, input }
            | Rejection::InputType { rule, template, input }
            | Rejection::Position { rule, template, input } => CcRefusal { rule, template_no: template, input, ..of },
            Rejection::Manifest(error) => match error {
                ManifestError::Sensor => CcRefusal { what: CC_MANIFEST_SENSOR, ..of },
                ManifestError::Version => CcRefusal { what: CC_MANIFEST_VERSION, ..of },
                ManifestError::TemplateName { template } => {
                    CcRefusal { what: CC_MANIFEST_TEMPLATE_NAME, template_no: index(template), ..of }
                }
                ManifestError::DuplicateTemplate { template } => {
                    CcRefusal { what: CC_MANIFEST_DUPLICATE_TEMPLATE, template_no: index(template), ..of }
                }
                ManifestError::DuplicateInput { template, input } => CcRefusal {
                    what: CC_MANIFEST_DUPLICATE_INPUT,
                    template_no: index(template),
                    input: index(input),
                    ..of
                },
                ManifestError::DuplicateHeader { input } => {
                    CcRefusal { what: CC_MANIFEST_DUPLICATE_HEADER, input: index(input), ..of }
                }
                ManifestError::HeaderName { input } => {
                    CcRefusal { what: CC_MANIFEST_HEADER_NAME, input: index(input), ..of }
                }
                ManifestError::TooMany => CcRefusal { what: CC_MANIFEST_TOO_MANY, ..of },
            },
            Rejection::Feature { bit } => CcRefusal { what: u32::from(bit), ..of },
            // The others have no numbers. A rejection that is new to this crate keeps its code.
            _ => of,
        })
    }
}

/// The rejection that a refusal was made of; nothing for mistakes of the call, and for numbers that no rejection has.
pub(crate) fn rejection(of: &CcRefusal) -> Option<Rejection> {
    let (rule, template, input) = (of.rule, of.template_no, of.input);
    let section = || Section::ALL.get(of.what as usize).copied();
    Some(match of.status {
        CC_E_NOT_AN_IMAGE => Rejection::NotAnImage,
        CC_E_VERSION => Rejection::Version { found: of.what },
        CC_E_IMAGE_LENGTH => Rejection::Length { stated: of.needed, found: of.held },
        CC_E_CHECKSUM => Rejection::Checksum,
        CC_E_CONTENT if of.record == CC_NONE => Rejection::Layout { section: section()? },
        CC_E_CONTENT => Rejection::Record { section: section()?, index: of.record },
        CC_E_CAPACITY => Rejection::Capacity { what: resource(of.what)?, needed: of.needed, capacity: of.held },
        CC_E_UNSUPPLIED_INPUT => Rejection::UnsuppliedInput { rule, template, input },
        CC_E_INPUT_TYPE => Rejection::InputType { rule, template, input },
        CC_E_POSITION => Rejection::Position { rule, template, input },
        CC_E_MANIFEST => Rejection::Manifest(manifest_error(of)?),
        CC_E_FEATURE => Rejection::Feature { bit: u8::try_from(of.what).ok()? },
        CC_E_EMPTY => Rejection::Empty,
        _ => return None,
    })
}

fn manifest_error(of: &CcRefusal) -> Option<ManifestError> {
    let (template, input) = (of.template_no as usize, of.input as usize);
    Some(match of.what {
        CC_MANIFEST_SENSOR => ManifestError::Sensor,
        CC_MANIFEST_VERSION => ManifestError::Version,
        CC_MANIFEST_TEMPLATE_NAME => ManifestError::TemplateName { template },
        CC_MANIFEST_DUPLICATE_TEMPLATE => ManifestError::DuplicateTemplate { template },
        CC_MANIFEST_DUPLICATE_INPUT => ManifestError::DuplicateInput { template, input },
        CC_MANIFEST_DUPLICATE_HEADER => ManifestError::DuplicateHeader { input },
        CC_MANIFEST_HEADER_NAME => ManifestError::HeaderName { input },
        CC_MANIFEST_TOO_MANY => ManifestError::TooMany,
        _ => return None,
    })
}

const fn number_of(resource: Resource) -> u32 {
    match resource {
        Resource::Interpreter => CC_RESOURCE_INTERPRETER,
        Resource::ImageBytes => CC_RESOURCE_IMAGE_BYTES,
        Resource::Rules => CC_RESOURCE_RULES,
        Resource::TableRows => CC_RESOURCE_TABLE_ROWS,
        Resource::AutomatonStates => CC_RESOURCE_AUTOMATON_STATES,
        Resource::Steps => CC_RESOURCE_STEPS,
        Resource::StepsPerByte => CC_RESOURCE_STEPS_PER_BYTE,
        Resource::ScratchBytes => CC_RESOURCE_SCRATCH_BYTES,
    }
}

const fn resource(number: u32) -> Option<Resource> {
    Some(match number {
        CC_RESOURCE_INTERPRETER => Resource::Interpreter,
        CC_RESOURCE_IMAGE_BYTES => Resource::ImageBytes,
        CC_RESOURCE_RULES => Resource::Rules,
        CC_RESOURCE_TABLE_ROWS => Resource::TableRows,
        CC_RESOURCE_AUTOMATON_STATES => Resource::AutomatonStates,
        CC_RESOURCE_STEPS => Resource::Steps,
        CC_RESOURCE_STEPS_PER_BYTE => Resource::StepsPerByte,
        CC_RESOURCE_SCRATCH_BYTES => Resource::ScratchBytes,
        _ => return None,
    })
}
