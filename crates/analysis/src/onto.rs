//! A rule of an earlier release on a template type as it is now: then both versions of it are asked about the same events.

use std::sync::Arc;

use contentcheck_model::rule::Target;
use contentcheck_model::template::TemplateType;

/// Whether all that a target may read is in a template type as it was: then one event can be shown to rules on both.
#[must_use]
pub fn keeps(before: &Target, after: &TemplateType) -> bool {
    let was = &before.template;
    let mut is_same = was.recognises_alike(after);
    // What was not declared has no other value under a field of its own, and may have another type.
    before.condition.mentions(&mut |mention| {
        let name = was.describe(mention.field).map(|info| info.name);
        is_same &= mention.field.is_any() || name.is_some_and(|name| after.named(name) == *mention.field);
    });
    is_same
        && was.declared().all(|field| match (was.describe(&field), after.describe(&field)) {
            (Some(was), Some(is)) => was.name == is.name && was.ty == is.ty,
            _ => false,
        })
}

/// A target of an earlier release on a template type that grew since: one that has more fields asks the same of those that
/// it had. None where it is the same template type, or no event could be shown to both.
#[must_use]
pub fn onto(before: &Target, after: &Arc<TemplateType>) -> Option<Target> {
    let is_other = before.template.fields.len() != after.fields.len()
        || before.template.header.len() != after.header.len()
        || before.template.open != after.open;
    let template = Arc::clone(after);
    (is_other && keeps(before, after)).then(|| Target { template, ..before.clone() })
}
