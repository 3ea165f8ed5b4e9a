//! The arity rule: every input that a rule mentions is supplied, under the same name and
//! type, by every sensor of the fleet that would load the rule; and where it reads by number,
//! the number is within the supplied arity and means the same field there.

use std::collections::BTreeMap;

use contentcheck_model::catalogue::Catalogue;
use contentcheck_model::diagnostic::{
    Build, Code, Declared, Detail, Diagnostic, Supply, Versions, clip, closest, codes,
};
use contentcheck_model::field::{FieldInfo, Place};
use contentcheck_model::language::Language;
use contentcheck_model::rule::{CheckedRule, Target};
use contentcheck_model::sensor::{Availability, Comparator, Fleet, Sensor, SuppliedInput, SuppliedTemplate};
use contentcheck_model::source::Span;
use contentcheck_model::template::{FieldType, TemplateType};

use super::remedy::{Restriction, Supplies, availability, last_runs, restriction};

/// What one target mentions: the field, where, and whether it was read by its number.
#[derive(Clone)]
struct Mention<'a> {
    field: FieldInfo<'a>,
    by_position: bool,
    span: Span,
}

/// What is wrong with a mention on one sensor.
enum Fault {
    Unsupplied { arity: usize },
    Beyond { arity: usize },
    Shifted { there: String },
    Type { supplied: FieldType },
}

impl Fault {
    const fn code(&self) -> &'static Code {
        match self {
            Self::Unsupplied { .. } => &codes::UNSUPPLIED_INPUT,
            Self::Beyond { .. } => &codes::POSITION_BEYOND_ARITY,
            Self::Shifted { .. } => &codes::POSITION_SHIFTED,
            Self::Type { .. } => &codes::INPUT_TYPE_DIFFERS,
        }
    }
}

/// What sensors do not supply of a template type.
type Missing<'a> = (&'a TemplateType, Mention<'a>, Vec<(&'a Sensor, Fault)>);

/// What a rule is held against.
#[derive(Clone, Copy)]
pub(crate) struct Against<'a> {
    /// The sensors that are deployed.
    pub(crate) fleet: &'a Fleet,
    /// The sensors that ship with the program: they have versions that the fleet skips.
    pub(crate) known: Option<&'a Fleet>,
    /// The template types.
    pub(crate) catalogue: &'a Catalogue,
    /// What the fleet supplies and the catalogue does not have.
    pub(crate) strangers: &'a Strangers<'a>,
}

/// Template types that sensors supply and no content knows, with these sensors.
pub(crate) struct Strangers<'a>(BTreeMap<&'a str, Vec<&'a Sensor>>);

impl<'a> Strangers<'a> {
    pub(crate) fn of(fleet: &'a Fleet, catalogue: &Catalogue) -> Self {
        let mut found: BTreeMap<&str, Vec<&Sensor>> = BTreeMap::new();
        for name in fleet.templates().filter(|name| catalogue.versions(name).is_empty()) {
            found.insert(name, fleet.suppliers(name).map(|(sensor, _)| sensor).collect());
        }
        Self(found)
    }
}

/// Reports what a rule reads and some sensor of the fleet does not supply: one finding for
/// each field and kind of fault, which names every sensor concerned.
pub(crate) fn check(rule: &CheckedRule, language: Language, against: Against<'_>) -> Vec<Diagnostic> {
    let Against { fleet, catalogue, .. } = against;
    let mut found = Vec::new();
    if fleet.is_empty() || rule.targets.is_empty() {
        return found;
    }
    let loads = |sensor: &Sensor| rule.sensors.as_ref().is_none_or(|constraint| constraint.matches(sensor));
    if rule.sensors.is_some() && !fleet.sensors().iter().any(loads) {
        let message = "the rule's `sensors` selects no sensor of the fleet";
        let help = match misnamed(rule, fleet) {
            Some((name, near)) => format!("no sensor of the fleet is called `{}`; did you mean `{near}`?", clip(name)),
            None => "widen the constraint, or leave the rule out of this release".to_owned(),
        };
        found.push(
            Diagnostic::new(&codes::NO_SENSOR_SELECTED, &rule.source, rule.span, message)
                .with_help(help)
                .with_rule(&rule.name)
                .with_detail(alone(rule, fleet))
                .with_sensors(fleet.sensors()),
        );
        return found;
    }
    let mut supplied = false;
    let mut missing: Vec<Missing<'_>> = Vec::new();
    for target in &rule.targets {
        let template = &target.template;
        found.extend(misspelt(rule, template, against.strangers, loads));
        let mut suppliers = fleet.suppliers(&template.name).filter(|(sensor, _)| loads(sensor)).peekable();
        if suppliers.peek().is_none() {
            continue;
        }
        supplied = true;
        let suppliers: Vec<(&Sensor, &SuppliedTemplate)> = suppliers.collect();
        for mention in mentions(target) {
            let mut faults: BTreeMap<&'static str, Vec<(&Sensor, Fault)>> = BTreeMap::new();
            for (sensor, supply) in &suppliers {
                if let Some(fault) = fault(&mention, sensor, supply) {
                    faults.entry(fault.code().id).or_default().push((sensor, fault));
                }
            }
            found.extend(unknown(rule, template, &mention, fleet, catalogue));
            missing.extend(faults.into_values().map(|faults| (&**template, mention.clone(), faults)));
        }
    }
    // A restriction holds for the rule, so it has to do for all that the rule reads.
    let mut runs: Vec<Availability<'_>> = Vec::new();
    for (template, mention, faults) in &missing {
        if faults.last().is_some_and(|(_, fault)| matches!(fault, Fault::Unsupplied { .. } | Fault::Beyond { .. })) {
            runs.extend(last_runs(availability((against.fleet, against.known), &template.name, mention.field.name)));
        }
    }
    found.extend(missing.iter().filter_map(|(template, mention, faults)| {
        describe(rule, template, mention, faults, &runs, (language, against))
    }));
    if !supplied {
        let names: Vec<String> =
            rule.targets.iter().map(|target| format!("`{}`", target.template.name)).take(3).collect();
        let message = format!("no sensor of the fleet supplies {}", names.join(" or "));
        let help = "add the sensor to the fleet, or leave the rule out of this release";
        found.push(
            Diagnostic::new(&codes::UNSUPPLIED_TEMPLATE, &rule.source, rule.span, message)
                .with_help(help)
                .with_rule(&rule.name)
                .with_detail(alone(rule, fleet))
                .with_sensors(fleet.sensors()),
        );
    }
    found
}

/// A sensor that a rule's constraint names and no sensor of the fleet is called, with the nearest that one is.
fn misnamed<'a>(rule: &'a CheckedRule, fleet: &'a Fleet) -> Option<(&'a str, &'a str)> {
    let known = || fleet.sensors().iter().map(Sensor::name);
    let named = rule.sensors.iter().flat_map(|constraint| constraint.comparators()).filter_map(Comparator::sensor);
    let mut unknown = named.filter(|name| !known().any(|known| known == *name));
    unknown.find_map(|name| Some((name, closest(name, known())?)))
}

/// Reports the sensors that do not supply a template type, and supply one that no content knows under nearly the same
/// name: one finding for each such name.
fn misspelt(
    rule: &CheckedRule,
    template: &TemplateType,
    strangers: &Strangers<'_>,
    loads: impl Fn(&Sensor) -> bool,
) -> Vec<Diagnostic> {
    let describe = |(name, sensors): (&&str, &Vec<&Sensor>)| {
        closest(name, [template.name.as_str()])?;
        let lacks = |sensor: &&Sensor| loads(sensor) && sensor.template(&template.name).is_none();
        let sensors: Vec<&Sensor> = sensors.iter().copied().filter(lacks).collect();
        let first = sensors.first()?;
        let others = if sensors.len() > 1 { format!(" and {} more", sensors.len() - 1) } else { String::new() };
        let message = format!(
            "{first}{others} supplies `{}`, which no content knows, and not `{}`, which the rule needs",
            clip(name),
            template.name
        );
        let found = Diagnostic::new(&codes::MISSPELT_SUPPLY, &rule.source, rule.span, message)
            .with_help(format!(
                "one of the names is misspelt: correct `{}` in the manifest, or the content",
                clip(name)
            ))
            .with_rule(&rule.name)
            .with_detail(Detail::Rule {
                rule: rule.name.clone(),
                templates: vec![template.name.clone()],
                constraint: rule.sensors.as_ref().map(ToString::to_string),
                sensors: sensors.iter().map(|sensor| Build::of(sensor)).collect(),
            });
        Some(found.with_sensors(sensors))
    };
    strangers.0.iter().filter_map(describe).collect()
}

/// The facts of a rule that no sensor runs.
fn alone(rule: &CheckedRule, fleet: &Fleet) -> Detail {
    Detail::Rule {
        rule: rule.name.clone(),
        templates: rule.targets.iter().map(|target| target.template.name.clone()).collect(),
        constraint: rule.sensors.as_ref().map(ToString::to_string),
        sensors: fleet.sensors().iter().map(Build::of).collect(),
    }
}

/// The facts of an input that sensors do not supply as a rule takes it.
fn input<'s>(
    rule: &CheckedRule,
    template: &TemplateType,
    mention: &Mention<'_>,
    sensors: impl Iterator<Item = (&'s Sensor, Option<&'s Fault>)>,
    runs: &[Availability<'_>],
) -> Detail {
    let supply = |(sensor, fault): (&Sensor, Option<&Fault>)| {
        let Build { sensor: name, version } = Build::of(sensor);
        let (ty, at_position) = match fault {
            Some(Fault::Type { supplied }) => (Some(supplied.to_string()), None),
            Some(Fault::Shifted { there }) => (None, Some(there.clone())),
            _ => (None, None),
        };
        let arity = sensor.template(&template.name).map_or(0, SuppliedTemplate::arity);
        Supply { sensor: name, version, arity, ty, at_position }
    };
    Detail::Input {
        rule: rule.name.clone(),
        template: template.name.clone(),
        version: template.version,
        arity: template.arity(),
        input: mention.field.name.to_owned(),
        position: mention.field.position(),
        by_position: mention.by_position,
        ty: mention.field.ty.to_string(),
        sensors: sensors.map(supply).collect(),
        supplied_by: runs.iter().map(versions_of).collect(),
        declared: None,
    }
}

fn versions_of(run: &Availability<'_>) -> Versions {
    let to = (!run.to_newest()).then(|| run.last().to_string());
    Versions { sensor: run.sensor().to_owned(), from: run.first().to_string(), to }
}

/// Reports an undeclared field that no sensor of the fleet supplies and no version of the template type declares:
/// the name may be misspelt, and nothing would ever tell.
fn unknown(
    rule: &CheckedRule,
    template: &TemplateType,
    mention: &Mention<'_>,
    fleet: &Fleet,
    catalogue: &Catalogue,
) -> Option<Diagnostic> {
    if mention.field.place != Place::Undeclared {
        return None;
    }
    let supplies = |(sensor, _): (&Sensor, _)| sensor.supplied(&template.name, mention.field.name).is_some();
    let declares = |version: &u32| {
        let other = catalogue.find(&template.name, *version);
        other.is_some_and(|other| other.find(mention.field.name).is_some())
    };
    if fleet.suppliers(&template.name).any(supplies) || catalogue.versions(&template.name).iter().any(declares) {
        return None;
    }
    let field = clip(mention.field.name);
    let message = format!(
        "{} reads `{field}`, which `{template}` does not declare and no sensor of the fleet supplies",
        subject(rule)
    );
    let mut known: Vec<&str> = template.names().collect();
    if let Some((_, newest)) = fleet.suppliers(&template.name).last() {
        known.extend(newest.inputs().iter().map(SuppliedInput::name));
    }
    let help = match closest(mention.field.name, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "correct the name, or declare the field so that every sensor has to supply it".to_owned(),
    };
    Some(
        Diagnostic::new(&codes::UNKNOWN_INPUT, &rule.source, mention.span, message)
            .with_help(help)
            .with_rule(&rule.name)
            .with_detail(input(
                rule,
                template,
                mention,
                fleet.suppliers(&template.name).map(|(sensor, _)| (sensor, None)),
                &[],
            ))
            .with_sensors(fleet.suppliers(&template.name).map(|(sensor, _)| sensor)),
    )
}

/// Reports undeclared fields that another version of the template type declares as something else
/// than the text that the rule takes them for. What supplies a template type supplies all of its
/// versions under one name and type, so nothing could feed both.
pub(crate) fn versions(rule: &CheckedRule, catalogue: &Catalogue) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for target in rule.targets.iter().filter(|target| target.template.open) {
        let template = &target.template;
        let others: Vec<_> = catalogue
            .versions(&template.name)
            .into_iter()
            .filter(|version| *version != template.version)
            .filter_map(|version| catalogue.find(&template.name, version))
            .collect();
        if others.is_empty() {
            continue;
        }
        for mention in mentions(target).iter().filter(|mention| mention.field.place == Place::Undeclared) {
            let declared = |other: &TemplateType| other.find(mention.field.name).map(|info| info.ty);
            let differing = others.iter().rev().find_map(|other| {
                declared(other)
                    .filter(|declared| !mention.field.ty.is_fed_by(*declared))
                    .map(|declared| (other, declared))
            });
            let Some((other, declared)) = differing else { continue };
            let mut detail = input(rule, template, mention, std::iter::empty(), &[]);
            if let Detail::Input { declared: of_other, .. } = &mut detail {
                *of_other = Some(Declared { version: other.version, ty: declared.to_string() });
            }
            let field = clip(mention.field.name);
            let message = format!(
                "{} reads `{field}`, which `{template}` does not declare, as `{}`, but `{other}` declares it as `{declared}`",
                subject(rule),
                mention.field.ty
            );
            found.push(
                Diagnostic::new(&codes::INPUT_TYPE_DIFFERS, &rule.source, mention.span, message)
                    .with_help(format!("write the rule on `{other}`, and compare with values of that type"))
                    .with_rule(&rule.name)
                    .with_detail(detail),
            );
        }
    }
    found
}

fn mentions<'t>(target: &'t Target) -> Vec<Mention<'t>> {
    let mut found: Vec<Mention<'t>> = Vec::new();
    target.condition.mentions(&mut |mention| {
        // Of a name under `reads` one value is decided beforehand; which of several an event has, the sensor must say.
        // What is not declared the sensor need not supply. Where it does, it is found by its name like any other.
        let Some(field) = target.template.describe(mention.field) else { return };
        let known = |other: &Mention<'_>| other.field.name == field.name && other.by_position == mention.by_position;
        if !found.iter().any(known) {
            found.push(Mention { field, by_position: mention.by_position, span: mention.predicate.span });
        }
    });
    found
}

fn fault(mention: &Mention<'_>, sensor: &Sensor, supply: &SuppliedTemplate) -> Option<Fault> {
    if let (true, Some(position)) = (mention.by_position, mention.field.position()) {
        match supply.at(position as usize) {
            None => return Some(Fault::Beyond { arity: supply.arity() }),
            Some(there) if there.name() != mention.field.name => {
                return Some(Fault::Shifted { there: there.name().to_owned() });
            }
            Some(_) => {}
        }
    }
    let supplied = match supply.input(mention.field.name) {
        Some((_, ty)) => Some(ty),
        None => sensor.header(mention.field.name),
    };
    match supplied {
        None if mention.field.place == Place::Undeclared => None,
        None => Some(Fault::Unsupplied { arity: supply.arity() }),
        Some(supplied) if !mention.field.ty.is_fed_by(supplied) => Some(Fault::Type { supplied }),
        Some(_) => None,
    }
}

/// What a sensor supplies under nearly the name of a field, and the template type knows nothing of.
fn near<'s>(template: &TemplateType, mention: &Mention<'_>, sensor: &'s Sensor) -> Option<&'s str> {
    let supplied = sensor.template(&template.name)?.inputs().iter().map(SuppliedInput::name);
    closest(mention.field.name, supplied.filter(|name| template.find(name).is_none()))
}

/// What a sensor supplies of what a rule reads.
fn supplies(rule: &CheckedRule, sensor: &Sensor) -> Supplies {
    let mut found = Supplies::None;
    for target in &rule.targets {
        let Some(supply) = sensor.template(&target.template.name) else { continue };
        if mentions(target).iter().any(|mention| fault(mention, sensor, supply).is_some()) {
            return Supplies::Part;
        }
        found = Supplies::All;
    }
    found
}

/// One finding for the sensors on which a mention has the same kind of fault. The newest of
/// them is told in full, since it is the one that will be met most.
fn describe(
    rule: &CheckedRule,
    template: &TemplateType,
    mention: &Mention<'_>,
    faults: &[(&Sensor, Fault)],
    all: &[Availability<'_>],
    (language, against): (Language, Against<'_>),
) -> Option<Diagnostic> {
    let (sensor, fault) = faults.last()?;
    let runs = availability((against.fleet, against.known), &template.name, mention.field.name);
    let field = clip(mention.field.name);
    let place = match mention.field.place {
        Place::Position(position) => format!("field {position}"),
        Place::Reads(_) => "a name under `reads`".to_owned(),
        Place::Header => "a header field".to_owned(),
        Place::Undeclared => "an undeclared field".to_owned(),
    };
    let subject = subject(rule);
    let number = mention.field.position().unwrap_or(0);
    let message = match fault {
        Fault::Unsupplied { arity } => {
            format!(
                "{subject} reads `{field}` ({place} of `{template}`), which is not among the {arity} inputs that {sensor} supplies"
            )
        }
        Fault::Beyond { arity } => {
            format!(
                "{subject} reads `${number}` (`{field}` of `{template}`), but {sensor} supplies only {arity} inputs"
            )
        }
        Fault::Shifted { there } => format!(
            "{subject} reads `${number}`, which is `{field}` in `{template}`, but {sensor} supplies `{there}` at that position"
        ),
        Fault::Type { supplied } => format!(
            "{subject} reads `{field}` ({place} of `{template}`) as `{}`, but {sensor} supplies it as `{supplied}`",
            mention.field.ty
        ),
    };
    let label = match faults {
        [_] => None,
        _ => Some(format!("the same on {}", list(faults))),
    };
    let is_supplied_here =
        || against.fleet.sensors().iter().any(|sensor| sensor.supplied(&template.name, mention.field.name).is_some());
    let by_name = |(sensor, _): &(&Sensor, Fault)| sensor.supplied(&template.name, mention.field.name).is_some();
    let help = match fault {
        Fault::Type { supplied } if mention.field.place == Place::Undeclared => {
            format!("declare `{field}: {supplied}` in the template type, or restrict the rule to sensors that agree")
        }
        Fault::Type { .. } => {
            "align the template type with the sensor, or restrict the rule to sensors that agree".to_owned()
        }
        Fault::Shifted { .. } => {
            format!("read `{field}` by name: positions belong to the sensor, names to the content")
        }
        Fault::Beyond { .. } if faults.iter().all(by_name) => {
            format!("read `{field}` by name: these sensors supply it at another position")
        }
        Fault::Unsupplied { .. } if let Some(near) = near(template, mention, sensor) => format!(
            "{sensor} supplies `{}`, which `{template}` does not declare: one of the names is misspelt; correct it in the manifest or in the template type",
            clip(near)
        ),
        _ if runs.is_empty() => "no sensor of the fleet supplies it; do not read the field".to_owned(),
        Fault::Unsupplied { .. } if !is_supplied_here() => {
            let from: Vec<String> = runs.iter().map(ToString::to_string).collect();
            format!("no sensor of the fleet supplies it, {} does; do not read the field", from.join(", "))
        }
        _ => {
            let from: Vec<String> = runs.iter().map(ToString::to_string).collect();
            let from = from.join(", ");
            match restriction(against.fleet, &|sensor| supplies(rule, sensor), &runs, all, language) {
                Some(Restriction { written, is_more }) => {
                    let those = if is_more { "those that supply all that it reads" } else { "those sensors" };
                    format!("supplied by {from}; restrict the rule to {those} with {written}, or do not read the field")
                }
                None => format!(
                    "supplied by {from}, but no constraint parts a sensor of this fleet that supplies all that the rule reads from those that do not: do not read the field, or have the manifest corrected"
                ),
            }
        }
    };
    let faulty = faults.iter().map(|(sensor, fault)| (*sensor, Some(fault)));
    let mut found = Diagnostic::new(fault.code(), &rule.source, mention.span, message)
        .with_help(help)
        .with_rule(&rule.name)
        .with_detail(input(rule, template, mention, faulty, &runs));
    found = found.with_sensors(faults.iter().map(|(sensor, _)| sensor));
    found.label = label;
    Some(found)
}

fn subject(rule: &CheckedRule) -> String {
    format!("rule `{}`", clip(if rule.title.is_empty() { &rule.name } else { &rule.title }))
}

/// The sensors before the last, by name, versions together.
fn list(faults: &[(&Sensor, Fault)]) -> String {
    let mut text = String::new();
    let mut last = "";
    for (sensor, _) in faults.iter().rev().skip(1).rev() {
        if sensor.name() == last {
            text.push_str(", ");
        } else {
            if !text.is_empty() {
                text.push_str("; ");
            }
            text.push_str(sensor.name());
            text.push(' ');
            last = sensor.name();
        }
        text.push_str(&sensor.version().to_string());
    }
    text
}

#[cfg(test)]
mod tests {
    use crate::release::{Checking, Gathered};
    use contentcheck_model::language::Language;
    use contentcheck_model::sensor::{Fleet, Manifest};
    use contentcheck_model::source::Source;

    /// The findings about sensors of one native file on one sensor, whose manifest has these members.
    fn found(text: &str, members: &str) -> Vec<String> {
        let json = format!("{{\"format\":1,\"sensor\":\"acme\",\"version\":\"1\",{members}}}");
        let sensor = Manifest::parse(&Source::new("m", json)).expect("a manifest");
        let fleet = Fleet::new(vec![sensor]).expect("a fleet");
        let sources = vec![(Source::new("r.content", text), Language::Native)];
        let judged = Gathered { fleet: Some(fleet), ..Gathered::of(sources) }.check(&Checking::default()).judge();
        let fourth = judged.findings().iter().filter(|found| found.code.id.starts_with("CC04"));
        fourth.map(|found| format!("{}: {}", found.code.id, found.message)).collect()
    }

    /// Nobody has to supply what nobody declares. But the loader binds by name, so what a sensor
    /// supplies under the name must be the text that the rule takes it for.
    #[test]
    fn an_undeclared_field_may_be_missing_and_may_not_be_of_another_type() {
        let text = |declared: &str| {
            format!(
                "template t @ 1 {{\n    {declared}open\n    1 a : string\n}}\n\
                 rule r {{\n    id: \"0e95725d-7320-415d-80f7-000000000001\"\n    template: t @ 1\n    \
                 severity: low\n    when Level == \"2\" and a == Level\n}}\n"
            )
        };
        let templates = r#""templates":{"t":{"inputs":[{"name":"a","type":"string"}]}}"#;
        let with = |level: &str| format!(r#""header":[{{"name":"Level","type":"{level}"}}],{templates}"#);
        let undeclared = text("");
        assert_eq!(
            found(&undeclared, templates),
            ["CC0409: rule `r` reads `Level`, which `t @ 1` does not declare and no sensor of the fleet supplies"]
        );
        assert_eq!(found(&undeclared, &with("string?")), [""; 0]);
        assert_eq!(
            found(&undeclared, &with("int?")),
            [
                "CC0404: rule `r` reads `Level` (an undeclared field of `t @ 1`) as `string? nocase`, but acme 1 supplies it as `int?`"
            ]
        );
        let as_input = r#""templates":{"t":{"inputs":[{"name":"a","type":"string"},{"name":"Level","type":"int"}]}}"#;
        assert_eq!(found(&undeclared, as_input).len(), 1);
        assert_eq!(found(&text("header { Level: string }\n    "), &with("string")), [""; 0]);
    }

    /// Where it is read by number, on either side, the number must mean the same field there.
    #[test]
    fn a_position_is_held_to_each_sensor_on_either_side_of_a_comparison() {
        let text = |condition: &str| {
            format!(
                "template t @ 1 {{\n    1 a : string\n    2 b : string\n    3 c : string\n}}\n\
                 rule r {{\n    id: \"0e95725d-7320-415d-80f7-000000000001\"\n    template: t @ 1\n    \
                 severity: low\n    when {condition}\n}}\n"
            )
        };
        let inputs = |names: &[&str]| {
            let inputs: Vec<String> =
                names.iter().map(|name| format!("{{\"name\":\"{name}\",\"type\":\"string\"}}")).collect();
            format!("\"templates\":{{\"t\":{{\"inputs\":[{}]}}}}", inputs.join(","))
        };
        let shifted = inputs(&["a", "c", "b"]);
        let conditions =
            ["a == $3", "$3 == a", "a == c and not $3 starts_with a", "b != $3", "a == \"x\" or a ends_with $3"];
        for condition in conditions {
            let found = |inputs: &str| found(&text(condition), inputs);
            assert_eq!(found(&inputs(&["a", "b", "c"])), [""; 0], "{condition}");
            assert_eq!(
                found(&shifted),
                ["CC0403: rule `r` reads `$3`, which is `c` in `t @ 1`, but acme 1 supplies `b` at that position"],
                "{condition}"
            );
            let short = found(&inputs(&["c", "a"]));
            assert!(short.iter().any(|found| found.starts_with("CC0402: ")), "{condition}: {short:?}");
        }
        assert_eq!(found(&text("a == c"), &shifted), [""; 0]);
    }

    /// What one more sensor finds is another finding, though its words are the same.
    #[test]
    fn a_finding_names_the_sensors_that_it_is_about() {
        let text = "template t @ 1 {\n    1 a : string\n}\ntemplate u @ 1 {\n    1 a : string\n}\n\
            rule r {\n    id: \"0e95725d-7320-415d-80f7-000000000001\"\n    template: t @ 1\n    severity: low\n    \
            when a == \"x\"\n}\nrule s {\n    id: \"0e95725d-7320-415d-80f7-000000000002\"\n    \
            template: t @ 1\n    severity: low\n    sensors: \">=99\"\n    when a == \"y\"\n}\n\
            rule v {\n    id: \"0e95725d-7320-415d-80f7-000000000003\"\n    template: u @ 1\n    severity: low\n    \
            when a == \"z\"\n}\n";
        let sensor = |version: &str, name: &str| {
            let json = format!(
                "{{\"format\":1,\"sensor\":\"acme\",\"version\":\"{version}\",\"templates\":{{\"t\":{{\"inputs\":[{{\"name\":\
                 \"{name}\",\"type\":\"string\"}}]}}}}}}"
            );
            Manifest::parse(&Source::new("m", json)).expect("a manifest")
        };
        let fleet = Fleet::new(vec![sensor("10", "b"), sensor("9", "b"), sensor("8", "a")]).expect("a fleet");
        let sources = vec![(Source::new("r.content", text), Language::Native)];
        let judged = Gathered { fleet: Some(fleet), ..Gathered::of(sources) }.check(&Checking::default()).judge();
        let fourth = judged.findings().iter().filter(|found| found.code.id.starts_with("CC04"));
        let sensors: Vec<(&str, String)> = fourth.map(|found| (found.code.id, found.sensors.join(", "))).collect();
        let (two, all) = ("acme 10, acme 9".to_owned(), "acme 10, acme 8, acme 9".to_owned());
        assert_eq!(sensors, [("CC0401", two), ("CC0406", all.clone()), ("CC0405", all)]);
    }

    #[test]
    fn a_field_that_another_version_declares_is_of_that_type() {
        let text = |ty: &str| {
            format!(
                "template t @ 1 {{\n    open\n    1 a : string\n}}\n\
                 template t @ 2 {{\n    open\n    1 a : string\n    2 Level : {ty}\n}}\n\
                 rule r {{\n    id: \"0e95725d-7320-415d-80f7-000000000001\"\n    template: t @ 1\n    \
                 severity: low\n    when Level == \"2\"\n}}\n"
            )
        };
        let templates = r#""templates":{"t":{"inputs":[{"name":"a","type":"string"}]}}"#;
        assert_eq!(
            found(&text("int"), templates),
            [
                "CC0404: rule `r` reads `Level`, which `t @ 1` does not declare, as `string? nocase`, but `t @ 2` declares it as `int`"
            ]
        );
        assert_eq!(found(&text("string?"), templates), [""; 0]);
    }

    /// Which of several values under `reads` an event has, only the sensor can say.
    #[test]
    fn a_name_under_reads_with_several_values_is_supplied_or_reported() {
        let text = "template t @ 1 {\n    reads { EventID: [17, 18], Channel: \"Acme\" }\n    1 a : string\n}\n\
            rule r {\n    id: \"0e95725d-7320-415d-80f7-000000000001\"\n    template: t @ 1\n    severity: low\n    \
            when EventID == 17 and Channel == \"Acme\" and a == \"x\"\n}\n";
        let found = |header: &str| {
            found(text, &format!(r#"{header}"templates":{{"t":{{"inputs":[{{"name":"a","type":"string"}}]}}}}"#))
        };
        assert_eq!(
            found(""),
            [
                "CC0401: rule `r` reads `EventID` (a name under `reads` of `t @ 1`), which is not among the 1 inputs that acme 1 supplies"
            ]
        );
        assert_eq!(found("\"header\":[{\"name\":\"EventID\",\"type\":\"int\"}],"), [""; 0]);
        let other = found("\"header\":[{\"name\":\"EventID\",\"type\":\"string\"}],");
        assert!(other.len() == 1 && other[0].starts_with("CC0404: "), "{other:?}");
    }

    /// A rule has one restriction, so the one that a field alone needs leaves errors on the others.
    #[test]
    fn a_restriction_does_for_all_that_a_rule_reads() {
        let text = "template t @ 1 {\n    1 a : string\n    2 b : string\n    3 c : string\n}\n\
                    rule r {\n    id: \"0e95725d-7320-415d-80f7-000000000001\"\n    template: t @ 1\n    \
                    severity: low\n    when a == \"1\" and b == \"2\" and c == \"3\"\n}\n";
        let sensor = |version: &str, names: &[&str]| {
            let inputs: Vec<String> =
                names.iter().map(|name| format!("{{\"name\":\"{name}\",\"type\":\"string\"}}")).collect();
            let json = format!(
                "{{\"format\":1,\"sensor\":\"acme\",\"version\":\"{version}\",\"templates\":{{\"t\":{{\"inputs\":[{}]}}}}}}",
                inputs.join(",")
            );
            Manifest::parse(&Source::new("m", json)).expect("a manifest")
        };
        let sensors = vec![
            sensor("9", &["a"]),
            sensor("10", &["a", "b"]),
            sensor("11", &["a", "b", "c"]),
            sensor("12", &["a", "b", "c"]),
        ];
        let fleet = Some(Fleet::new(sensors).expect("a fleet"));
        let sources = vec![(Source::new("r.content", text), Language::Native)];
        let judged = Gathered { fleet, ..Gathered::of(sources) }.check(&Checking::default()).judge();
        let helps: Vec<&str> = judged
            .findings()
            .iter()
            .filter(|one| one.code.id == "CC0401")
            .filter_map(|one| one.help.as_deref())
            .collect();
        assert_eq!(helps.len(), 2);
        assert!(helps.iter().all(|help| help.contains("`sensors: \"acme >=11\"`")), "{helps:?}");
        assert!(helps.iter().any(|help| help.contains("those that supply all that it reads")), "{helps:?}");
    }
}
