//! Faults of events, with what is known of their cause.

use contentcheck_interpreter::{Fault, Scalar, Type};
use contentcheck_model::rule::RuleId;

use crate::plan::{ImageTemplate, Plan};

/// An event that the interpreter did not evaluate: why, and as which template type of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventFault {
    /// Why.
    pub fault: Fault,
    /// The template type.
    pub template: ImageTemplate,
}

impl EventFault {
    /// Whether a sensor's manifest brings it about: it supplies an input in another type than the image reads, and loads
    /// none of the rules that read it. Every other fault is one of ours.
    #[must_use]
    pub const fn is_of_manifest(self) -> bool {
        matches!(self.fault, Fault::Type { .. })
    }

    /// The number of the input that it is about, counted over all template types of the image.
    const fn input(self) -> Option<u32> {
        match self.fault {
            Fault::Type { input } => Some(input),
            _ => None,
        }
    }

    /// The name of the input that it is about, where it is about one.
    #[must_use]
    pub fn input_name(self, plan: &Plan) -> Option<String> {
        let image = plan.view();
        let of = image.image().input(self.input()?)?;
        Some(image.image().name(of.name, of.name_len).to_owned())
    }

    /// The rules that read the input that it is about: whoever wrote one of them can do something about it.
    #[must_use]
    pub fn rules(self, plan: &Plan) -> Vec<RuleId> {
        let image = plan.view();
        let of = self.input().map(|input| image.readers_of(self.template.number(), input));
        of.into_iter().flatten().map(RuleId::new).collect()
    }

    /// The name of the template type, with its version.
    #[must_use]
    pub fn template_name(self, plan: &Plan) -> String {
        let image = plan.view();
        image
            .image()
            .template(self.template.number())
            .map_or_else(String::new, |of| format!("{} @ {}", image.image().name(of.name, of.name_len), of.version))
    }

    /// What happened, with the names that its numbers stand for.
    #[must_use]
    pub fn words(self, plan: &Plan) -> String {
        let template = self.template_name(plan);
        let (Some(name), Some(input)) = (self.input_name(plan), self.input()) else {
            return format!("`{template}`: {}", self.fault);
        };
        let image = plan.view();
        let asked = image.image().input(input).and_then(|of| Scalar::from_number(of.scalar).map(|scalar| (scalar, of)));
        let asked = asked.map_or("", |(scalar, _)| word(scalar));
        let rules = self.rules(plan);
        let reader = rules.first().and_then(|rule| image.image().rule(rule.number()));
        let reader = reader.map_or_else(String::new, |rule| {
            let name = if rule.title.is_empty() { rule.name } else { rule.title };
            let others = match rules.len() {
                0 | 1 => String::new(),
                several => format!(" and {} more", several - 1),
            };
            format!(", which rule `{name}`{others} reads as {asked}")
        });
        let supplied = supplied(plan, self.template, &name).map_or_else(String::new, |ty| {
            format!(" and is supplied as {}{}", if ty.list { "a list of " } else { "" }, word(ty.scalar))
        });
        format!("`{name}` of `{template}`{reader}{supplied}: the whole event is refused, for every rule")
    }
}

/// The type under which an input is supplied.
fn supplied(plan: &Plan, template: ImageTemplate, name: &str) -> Option<Type> {
    let stop =
        plan.routes().filter_map(|(route, _)| plan.stop(route)).find(|stop| stop.templates().contains(&template));
    let (inputs, header) = stop.map(|stop| (stop.inputs(), stop.header()))?;
    inputs.iter().chain(&header).find(|input| input.name == name).map(|input| input.ty)
}

const fn word(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::String => "string",
        Scalar::Int => "int",
        Scalar::Float => "float",
        Scalar::Bool => "bool",
        Scalar::Ip => "ip",
        Scalar::Bytes => "bytes",
    }
}
