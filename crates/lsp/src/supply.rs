//! Who supplies a field: words for completion and hover.

use contentcheck_model::field::{FieldInfo, Place};
use contentcheck_model::sensor::Fleet;
use contentcheck_model::template::TemplateType;

/// Whether every sensor that supplies a template type supplies this field of it. True where nothing is known.
pub(crate) fn is_everywhere(fleet: Option<&Fleet>, template: &TemplateType, field: &str) -> bool {
    fleet.is_none_or(|fleet| {
        fleet.suppliers(&template.name).all(|(sensor, _)| sensor.supplied(&template.name, field).is_some())
    })
}

/// The sensors that supply a field, or that none does.
pub(crate) fn supplied(fleet: Option<&Fleet>, template: &TemplateType, field: &str) -> Option<String> {
    let fleet = fleet.filter(|fleet| fleet.suppliers(&template.name).next().is_some())?;
    let of: std::collections::BTreeSet<&str> =
        fleet.suppliers(&template.name).map(|(sensor, _)| sensor.name()).collect();
    let runs = fleet.availability(&template.name, field);
    let said: Vec<String> = runs.iter().filter(|run| of.contains(run.sensor())).map(ToString::to_string).collect();
    Some(if said.is_empty() { "no sensor supplies it".to_owned() } else { said.join(", ") })
}

/// Type and place of a field, in a few words.
pub(crate) fn kind(info: &FieldInfo<'_>) -> String {
    let ty = info.ty;
    match info.place {
        Place::Position(position) => format!("{ty}, field {position}"),
        Place::Header => format!("{ty}, header"),
        Place::Reads(values) => {
            let shown: Vec<String> = values.iter().take(3).map(ToString::to_string).collect();
            let more = if values.len() > 3 { ", ..." } else { "" };
            format!("{ty}, always {}{more}", shown.join(" or "))
        }
        Place::Undeclared => format!("{ty}, not declared"),
    }
}
