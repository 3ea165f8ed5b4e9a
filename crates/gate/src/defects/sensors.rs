//! Seeds on sensors: manifests that are not what the rules were written for, and images that sensors are given.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use contentcheck_model::field::{FieldInfo, Place};
use contentcheck_model::rule::Target;
use contentcheck_model::sensor::{Fleet, Manifest, Sensor};
use contentcheck_model::source::Source;
use contentcheck_model::template::{FieldType, TemplateType};
use contentcheck_parser::release::{Baseline, Checking, Names, Recorded};

use super::{Seeded, Tamper, Victim};
use crate::subject::Built;

/// Steps for each byte that a seeded sensor takes: whatever the rules cost. One that refuses the release for that would refuse it
/// with any defect, and show none.
const STEPS_PER_BYTE: u64 = u64::MAX;
/// The template type of content that is seeded.
const SEEDED: &str = "seeded.defect";

/// The manifest of a sensor that supplies all that rules on some content may read, but for what `change` does to the
/// inputs of a template type.
fn sensor(built: &Built, capacity: &str, change: impl Fn(&str, &mut Vec<(String, String)>)) -> Option<Sensor> {
    sensor_with(built, capacity, &[], change)
}

/// The same, with inputs of a template type that is in the seeded content alone.
fn sensor_with(
    built: &Built,
    capacity: &str,
    more: &[(&str, &str)],
    change: impl Fn(&str, &mut Vec<(String, String)>),
) -> Option<Sensor> {
    let targets = || built.content().rules().iter().flat_map(|rule| &rule.targets);
    // Rules may be on several versions of a template type: the newest of them has what all of them read.
    let mut newest: BTreeMap<&str, &TemplateType> = BTreeMap::new();
    for target in targets() {
        let known = newest.entry(&target.template.name).or_insert(&target.template);
        if known.version < target.template.version {
            *known = &target.template;
        }
    }
    let mut templates: BTreeMap<&str, Vec<(String, String)>> =
        newest.into_iter().map(|(name, template)| (name, supplied(template))).collect();
    let mut header: BTreeMap<String, String> = BTreeMap::new();
    for target in targets() {
        let template = &target.template;
        let Some(inputs) = templates.get_mut(template.name.as_str()) else { continue };
        for field in &template.header {
            header.insert(field.name.clone(), written(field.ty));
        }
        target.condition.mentions(&mut |mention| {
            let Some(info) = template.describe(mention.field) else { return };
            if mention.field.is_undeclared() && !inputs.iter().any(|(known, _)| known == info.name) {
                inputs.push((info.name.to_owned(), written(info.ty)));
            }
        });
    }
    for (name, inputs) in &mut templates {
        change(name, inputs);
    }
    if !more.is_empty() {
        let more = more.iter().map(|(name, ty)| ((*name).to_owned(), (*ty).to_owned()));
        templates.insert(SEEDED, more.collect());
    }
    let input = |(name, ty): (&String, &String)| format!("{{\"name\":{},\"type\":\"{ty}\"}}", serde_json::json!(name));
    let more = if capacity.is_empty() { "" } else { "," };
    let mut text = format!(
        "{{\"format\":1,\"sensor\":\"seeded\",\"version\":\"1\",\"capacity\":{{\"steps_per_byte\":{STEPS_PER_BYTE}{more}{capacity}}},\"header\":[{}],\"templates\":{{",
        header.iter().map(input).collect::<Vec<_>>().join(",")
    );
    for (at, (name, inputs)) in templates.iter().enumerate() {
        let inputs: Vec<String> = inputs.iter().map(|(name, ty)| input((name, ty))).collect();
        // Writing to a string does not fail.
        let _ = write!(text, "{}\"{name}\":{{\"inputs\":[{}]}}", if at > 0 { "," } else { "" }, inputs.join(","));
    }
    text.push_str("}}");
    Manifest::parse(&Source::new("seeded.json", text)).ok()
}

/// What a sensor supplies that has all of a template type.
fn supplied(template: &TemplateType) -> Vec<(String, String)> {
    let numbered = template.fields.iter().enumerate().map(|(at, field)| match field {
        Some(field) => (field.name.clone(), written(field.ty)),
        None => (format!("retired {}", at + 1), "bytes?".to_owned()),
    });
    let mut inputs: Vec<(String, String)> = numbered.collect();
    for field in template.declared() {
        if let Some(FieldInfo { name, ty, place: Place::Reads(_) }) = template.describe(&field)
            && template.named(name) == field
        {
            inputs.push((name.to_owned(), written(ty)));
        }
    }
    inputs
}

fn written(ty: FieldType) -> String {
    FieldType { nocase: false, ..ty }.to_string()
}

/// The release for a fleet of one sensor.
fn on_sensor(victim: &Victim<'_>, capacity: &str, change: impl Fn(&str, &mut Vec<(String, String)>)) -> Option<Seeded> {
    let mut seeded = victim.plain();
    seeded.release.fleet = Fleet::new(vec![sensor(victim.built, capacity, change)?]).ok();
    Some(seeded)
}

/// The name of a numbered field that the target reads.
fn read_field(target: &Target) -> Option<&str> {
    let mut found = None;
    target.condition.mentions(&mut |mention| {
        let info = target.template.describe(mention.field).filter(|info| info.position().is_some());
        found = found.or(info.map(|info| info.name));
    });
    found
}

/// Whether the rule is for all sensors: one that is not would be left out rightly.
fn is_for_all(victim: &Victim<'_>) -> bool {
    victim.rule.sensors.is_none()
}

pub(super) fn short_arity(victim: &Victim<'_>) -> Option<Seeded> {
    let read = read_field(victim.target).filter(|_| is_for_all(victim))?;
    let of = &victim.target.template.name;
    on_sensor(victim, "", |name, inputs| {
        if name == of {
            inputs.retain(|(input, _)| input != read);
        }
    })
}

pub(super) fn type_swapped(victim: &Victim<'_>) -> Option<Seeded> {
    let read = read_field(victim.target).filter(|_| is_for_all(victim))?;
    let of = &victim.target.template.name;
    on_sensor(victim, "", |name, inputs| {
        for (_, ty) in inputs.iter_mut().filter(|(input, _)| name == of && input == read) {
            *ty = if ty.starts_with("bool") { "int".to_owned() } else { "bool".to_owned() };
        }
    })
}

pub(super) fn shifted(victim: &Victim<'_>) -> Option<Seeded> {
    let at = victim.target.template.fields.iter().position(Option::is_some)?;
    let of = victim.target.template.name.clone();
    let mut seeded = victim.with(victim.probe(&format!("${} exists or ${} exists", at + 1, at + 1)));
    let sensor = sensor(victim.built, "", |name, inputs| {
        if name == of {
            inputs.insert(0, ("inserted".to_owned(), "float?".to_owned()));
        }
    })?;
    seeded.release.fleet = None;
    seeded.devices = Some(Fleet::new(vec![sensor]).ok()?);
    Some(seeded)
}

pub(super) fn over_capacity(victim: &Victim<'_>) -> Option<Seeded> {
    let loaded =
        victim.built.content().rules().iter().filter(|rule| rule.sensors.is_none() && !rule.targets.is_empty());
    let most = loaded.count().checked_sub(1)?;
    on_sensor(victim, &format!("\"rules\":{most}"), |_, _| {})
}

pub(super) fn truncated(victim: &Victim<'_>) -> Option<Seeded> {
    let mut seeded = on_sensor(victim, "", |_, _| {})?;
    seeded.tamper = Tamper::Truncated;
    Some(seeded)
}

pub(super) fn flipped(victim: &Victim<'_>) -> Option<Seeded> {
    let mut seeded = on_sensor(victim, "", |_, _| {})?;
    seeded.tamper = Tamper::Flipped;
    Some(seeded)
}

pub(super) fn arity_accepted(victim: &Victim<'_>) -> Option<Seeded> {
    let mut seeded = short_arity(victim)?;
    let (source, _) = seeded.release.sources.iter_mut().find(|(source, _)| source.is(&victim.rule.source))?;
    let words = "# contentcheck: allow-file CC0401, CC0402 -- it is meant\n";
    *source = Source::new(source.name(), format!("{words}{}", source.text()));
    Some(seeded)
}

pub(super) fn runs_nothing(victim: &Victim<'_>) -> Option<Seeded> {
    // It must supply something to be a sensor at all.
    let text = format!(
        "{{\"format\":1,\"sensor\":\"seeded\",\"version\":\"1\",\"capacity\":{{\"steps_per_byte\":{STEPS_PER_BYTE}}},\"templates\":{{\"{SEEDED}\":{{\"inputs\":[]}}}}}}"
    );
    let sensor = Manifest::parse(&Source::new("seeded.json", text)).ok()?;
    let mut seeded = victim.plain();
    seeded.release.fleet = None;
    seeded.devices = Some(Fleet::new(vec![sensor]).ok()?);
    Some(seeded)
}

pub(super) fn arity_in_baseline(victim: &Victim<'_>) -> Option<Seeded> {
    let mut seeded = short_arity(victim)?;
    let judged = seeded.release.clone().check(&Checking::with_threads(1)).judge();
    // As it would be written if such findings could be accepted.
    let baseline = Baseline::listing(judged.errors(), &Names::AS_GIVEN);
    seeded.release.policy.baseline = Some(Recorded { baseline, names: Names::AS_GIVEN });
    Some(seeded)
}

pub(super) fn loads_less(victim: &Victim<'_>) -> Option<Seeded> {
    let field = victim.text_field()?;
    // More than a tenth of the rules that the sensor has then.
    let count = victim.built.content().rules().len() / 8 + 3;
    let rules = |more: &str| {
        let one = |number: usize| {
            victim
                .probe(&format!("{field} == \"seeded {number}\""))
                .replace("seeded_defect", &format!("seeded_defect_{number}"))
                .replace("0a3f2f0c9d11", &format!("0a3f2f0d{number:04x}"))
                .replace("    title:", &format!("{more}    title:"))
        };
        victim.with((0..count).map(one).collect())
    };
    let mut seeded = rules("    sensors: \">=99\"\n");
    seeded.before = Some(rules("").release);
    seeded.against = true;
    seeded.release.fleet = None;
    seeded.devices = Some(Fleet::new(vec![sensor(victim.built, "", |_, _| {})?]).ok()?);
    Some(seeded)
}
