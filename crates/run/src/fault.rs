//! Faults of events, with what is known of their cause.

use contentcheck_interpreter::Fault;

use crate::plan::{ImageTemplate, Plan};

/// An event that the interpreter did not evaluate: why, and as which template type of the image. Events are laid out
/// as the manifest says, so every one is a fault of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventFault {
    /// Why.
    pub fault: Fault,
    /// The template type.
    pub template: ImageTemplate,
}

impl EventFault {
    /// What happened, with the name of the template type.
    #[must_use]
    pub fn words(self, plan: &Plan) -> String {
        let view = plan.view();
        let image = view.verified().image();
        let template = image.template(self.template.number());
        let template =
            template.map_or_else(String::new, |of| format!("{} @ {}", image.name(of.name, of.name_len), of.version));
        format!("`{template}`: {}: {}", self.fault.code(), self.fault)
    }
}
