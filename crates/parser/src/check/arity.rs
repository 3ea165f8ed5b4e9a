//! The arity rule: every input that a rule mentions is supplied, under the same name and
//! type, by every sensor of the fleet that would load the rule; and where it reads by number,
//! the number is within the supplied arity and means the same field there.

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostic, clip, codes};
use crate::model::{CheckedRule, FieldRef, Predicate, Target, Test};
use crate::sensor::{Fleet, Sensor, SuppliedTemplate};
use crate::source::Span;
use crate::template::{Field, FieldType, Fixed, Recognition, Scalar, TemplateType};

/// What one target mentions: the field, where, and by which position if it was read by number.
struct Mention<'a> {
    name: &'a str,
    ty: FieldType,
    /// Position in the template type; `None` for a header field and a name under `reads`.
    position: Option<usize>,
    /// Whether it is a name under `reads`.
    fixed: bool,
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

/// Reports what a rule reads and some sensor of the fleet does not supply: one finding for
/// each field and kind of fault, which names every sensor concerned.
pub(super) fn check(rule: &CheckedRule, fleet: &Fleet) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if fleet.is_empty() || rule.targets.is_empty() {
        return found;
    }
    let loads = |sensor: &Sensor| rule.sensors.as_ref().is_none_or(|constraint| constraint.matches(sensor));
    if rule.sensors.is_some() && !fleet.sensors().iter().any(loads) {
        let message = "the rule's `sensors` selects no sensor of the fleet";
        let help = "widen the constraint, or leave the rule out of this release";
        found.push(
            Diagnostic::new(&codes::NO_SENSOR_SELECTED, &rule.source, rule.span, message)
                .with_help(help)
                .with_rule(&rule.name),
        );
        return found;
    }
    let mut supplied = false;
    for target in &rule.targets {
        let template = &target.template;
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
            found.extend(faults.into_values().filter_map(|faults| describe(rule, template, &mention, &faults, fleet)));
        }
    }
    if !supplied {
        let names: Vec<String> =
            rule.targets.iter().map(|target| format!("`{}`", target.template.name)).take(3).collect();
        let message = format!("no sensor of the fleet supplies {}", names.join(" or "));
        let help = "add the sensor to the fleet, or leave the rule out of this release";
        found.push(
            Diagnostic::new(&codes::UNSUPPLIED_TEMPLATE, &rule.source, rule.span, message)
                .with_help(help)
                .with_rule(&rule.name),
        );
    }
    found
}

fn mentions(target: &Target) -> Vec<Mention<'_>> {
    fn others<'t>(test: &'t Test, found: &mut Vec<&'t FieldRef>) {
        match test {
            Test::Field { other, .. } => found.push(other),
            Test::Elements { test, .. } => others(test, found),
            _ => {}
        }
    }
    let template = &target.template;
    let mut found: Vec<Mention<'_>> = Vec::new();
    let mut note = |field: &FieldRef, predicate: &Predicate, by_position: bool| {
        let (declared, position) = match field {
            FieldRef::Input(index) => (template.at(*index as usize + 1).map(declared_field), Some(*index as usize + 1)),
            FieldRef::Header(index) => (template.header.get(*index as usize).map(declared_field), None),
            // One value is decided beforehand; which of several an event has, the sensor must say.
            FieldRef::Fixed(index) => (template.reads.get(*index as usize).map(recognised), None),
            FieldRef::Open(_) | FieldRef::Keyword => (None, None),
        };
        let Some((name, ty)) = declared else { return };
        if found.iter().any(|mention| mention.name == name && mention.by_position == by_position) {
            return;
        }
        let fixed = matches!(field, FieldRef::Fixed(_));
        found.push(Mention { name, ty, position, fixed, by_position, span: predicate.span });
    };
    target.condition.each(&mut |predicate, _| {
        note(&predicate.field, predicate, predicate.by_position.is_some());
        let mut further = Vec::new();
        others(&predicate.test, &mut further);
        for other in further {
            note(other, predicate, false);
        }
    });
    found
}

fn declared_field(field: &Field) -> (&str, FieldType) {
    (&field.name, field.ty)
}

/// Name and type of a name under `reads`.
fn recognised(of: &Recognition) -> (&str, FieldType) {
    let text = of.values.iter().any(|value| matches!(value, Fixed::Text(_)));
    (&of.name, FieldType::new(if text { Scalar::String } else { Scalar::Int }))
}

fn fault(mention: &Mention<'_>, sensor: &Sensor, supply: &SuppliedTemplate) -> Option<Fault> {
    if let (true, Some(position)) = (mention.by_position, mention.position) {
        match supply.at(position) {
            None => return Some(Fault::Beyond { arity: supply.arity() }),
            Some(there) if there.name() != mention.name => {
                return Some(Fault::Shifted { there: there.name().to_owned() });
            }
            Some(_) => {}
        }
    }
    let supplied = match supply.input(mention.name) {
        Some((_, ty)) => Some(ty),
        None => sensor.header(mention.name),
    };
    match supplied {
        None => Some(Fault::Unsupplied { arity: supply.arity() }),
        Some(supplied) if !mention.ty.is_fed_by(supplied) => Some(Fault::Type { supplied }),
        Some(_) => None,
    }
}

/// One finding for the sensors on which a mention has the same kind of fault. The newest of
/// them is told in full, since it is the one that will be met most.
fn describe(
    rule: &CheckedRule,
    template: &TemplateType,
    mention: &Mention<'_>,
    faults: &[(&Sensor, Fault)],
    fleet: &Fleet,
) -> Option<Diagnostic> {
    let (sensor, fault) = faults.last()?;
    let field = clip(mention.name);
    let place = match mention.position {
        Some(position) => format!("field {position}"),
        None if mention.fixed => "a name under `reads`".to_owned(),
        None => "a header field".to_owned(),
    };
    let subject = format!("rule `{}`", clip(if rule.title.is_empty() { &rule.name } else { &rule.title }));
    let number = mention.position.unwrap_or(0);
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
            mention.ty
        ),
    };
    let label = match faults {
        [_] => None,
        _ => Some(format!("the same on {}", list(faults))),
    };
    let help = match fault {
        Fault::Type { .. } => {
            "align the template type with the sensor, or restrict the rule to sensors that agree".to_owned()
        }
        Fault::Shifted { .. } => {
            format!("read `{field}` by name: positions belong to the sensor, names to the content")
        }
        _ => match fleet.describe(&template.name, mention.name) {
            Some(from) => format!("supplied by {from}; restrict the rule to those sensors, or do not read the field"),
            None => "no sensor of the fleet supplies it; do not read the field".to_owned(),
        },
    };
    let mut found =
        Diagnostic::new(fault.code(), &rule.source, mention.span, message).with_help(help).with_rule(&rule.name);
    found.label = label;
    Some(found)
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
    use crate::check::{Context, Language, check};
    use crate::sensor::{Fleet, Manifest};
    use crate::source::Source;

    /// Which of several values under `reads` an event has, only the sensor can say.
    #[test]
    fn a_name_under_reads_with_several_values_is_supplied_or_reported() {
        let text = "template t @ 1 {\n    reads { EventID: [17, 18], Channel: \"Acme\" }\n    1 a : string\n}\n\
            rule r {\n    id: \"0e95725d-7320-415d-80f7-000000000001\"\n    template: t @ 1\n    severity: low\n    \
            when EventID == 17 and Channel == \"Acme\" and a == \"x\"\n}\n";
        let found = |header: &str| -> Vec<String> {
            let json = format!(
                "{{\"format\":1,\"sensor\":\"acme\",\"version\":\"1\",{header}\
                 \"templates\":{{\"t\":{{\"inputs\":[{{\"name\":\"a\",\"type\":\"string\"}}]}}}}}}"
            );
            let sensor = Manifest::parse(&Source::new("m", json)).expect("a manifest");
            let fleet = Fleet::new(vec![sensor]).expect("a fleet");
            let context = Context { library: Vec::new(), fleet: Some(&fleet), threads: 1 };
            let (_, found) =
                check(&[(Source::new("r.content", text), Language::Native)], context, &|_, _| None, &|| {});
            let fourth = found.iter().filter(|found| found.code.id.starts_with("CC04"));
            fourth.map(|found| format!("{}: {}", found.code.id, found.message)).collect()
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
}
