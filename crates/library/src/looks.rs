//! What values of fields look like, declared by the name of the field for all template types of a sensor.
//!
//! Sources: the manifest of Sysmon and recorded events. Sysmon writes the full path of each file, but for processes of
//! the kernel such as `System`, and takes `OriginalFileName` from the resources of a file.

use std::collections::BTreeMap;

use contentcheck_model::template::{Looks, TemplateType};

/// Beginning of the names of template types, field, and what it looks like.
static DECLARED: &[(&str, &str, Looks)] = &[
    ("windows.sysmon.", "Hashes", Looks::Hashes),
    ("windows.sysmon.", "Image", Looks::WindowsPath),
    ("windows.sysmon.", "ImageLoaded", Looks::WindowsPath),
    ("windows.sysmon.", "OriginalFileName", Looks::FileName),
    ("windows.sysmon.", "ParentImage", Looks::WindowsPath),
    ("windows.sysmon.", "SourceImage", Looks::WindowsPath),
    ("windows.sysmon.", "TargetFilename", Looks::WindowsPath),
    ("windows.sysmon.", "TargetImage", Looks::WindowsPath),
];

/// What the fields of a template type look like, by name.
pub(crate) fn of(template: &TemplateType) -> BTreeMap<String, Looks> {
    let own = DECLARED
        .iter()
        .filter(|(names, field, _)| template.name.starts_with(names) && template.names().any(|name| name == *field));
    own.map(|(_, field, looks)| ((*field).to_owned(), *looks)).collect()
}
