//! What can only be seen across template types: two declarations of one version, and a later
//! version that is not an earlier one grown at its end.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use contentcheck_model::diagnostic::{Diagnostic, codes};
use contentcheck_model::source::Source;
use contentcheck_model::template::TemplateType;

/// Reports what is wrong among the template types that the content declares. `library` are
/// those that ship; the content may grow them, and may not change them. Those concerned are flawed:
/// what a rule on them means cannot be said.
pub(crate) fn check(library: &[Arc<TemplateType>], own: &mut [Arc<TemplateType>]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (at, finding) in contradictions(library, own) {
        if let Some(template) = own.get_mut(at) {
            Arc::make_mut(template).flaw.get_or_insert_with(|| Arc::new(finding.clone()));
        }
        found.push(finding);
    }
    found
}

/// What is wrong, each with the index of the template type that it is about.
fn contradictions(library: &[Arc<TemplateType>], own: &[Arc<TemplateType>]) -> Vec<(usize, Diagnostic)> {
    let mut found = Vec::new();
    // By name and version; of two with the same version the one that is declared first.
    let mut all: HashMap<&str, BTreeMap<u32, &TemplateType>> = HashMap::new();
    for template in library.iter().chain(own) {
        all.entry(&template.name).or_default().entry(template.version).or_insert(template);
    }
    let mut declared: HashMap<(&str, u32), &TemplateType> = HashMap::new();
    for (at, template) in own.iter().enumerate() {
        let before = *declared.entry((&template.name, template.version)).or_insert(template);
        if !std::ptr::eq(before, &**template) {
            let message = format!("`{template}` is declared twice");
            let duplicate = Diagnostic::new(&codes::DUPLICATE_NAME, &template.source, template.span, message);
            let duplicate = place(duplicate, &before.source, before.span, "first declared here");
            found.push((at, duplicate.with_help("remove one, or give it the next version")));
            continue;
        }
        let earlier =
            all.get(template.name.as_str()).and_then(|versions| versions.range(..template.version).next_back());
        if let Some((_, earlier)) = earlier {
            let changed = grown(earlier, template)
                .or_else(|| other_header(earlier, template))
                .or_else(|| other_reads(earlier, template))
                .or_else(|| otherwise_open(earlier, template));
            found.extend(changed.map(|changed| (at, changed)));
        }
    }
    found
}

/// Every position of the earlier version must mean the same in the later one, or be retired.
fn grown(earlier: &TemplateType, later: &TemplateType) -> Option<Diagnostic> {
    for (index, before) in earlier.fields.iter().enumerate() {
        let position = index + 1;
        let (span, problem) = match (before, later.fields.get(index)) {
            (_, None) => (
                later.span,
                format!("`{later}` has {} positions, and `{earlier}` had {}", later.arity(), earlier.arity()),
            ),
            (_, Some(None)) => continue,
            (None, Some(Some(now))) => (
                now.span,
                format!("position {position} was retired in `{earlier}` and is used again for `{}`", now.name),
            ),
            (Some(before), Some(Some(now))) if before.name != now.name => {
                (now.span, format!("position {position} is `{}`; in `{earlier}` it was `{}`", now.name, before.name))
            }
            (Some(before), Some(Some(now))) if before.ty.scalar != now.ty.scalar || before.ty.list != now.ty.list => {
                (now.span, format!("`{}` is `{}`; in `{earlier}` it was `{}`", now.name, now.ty, before.ty))
            }
            _ => continue,
        };
        let help = "append new fields at the end; give a removed position to `retired` and never use it again";
        let changed = Diagnostic::new(&codes::TEMPLATE_CHANGED, &later.source, span, problem).with_help(help);
        let at = before.as_ref().map_or(earlier.span, |before| before.span);
        return Some(place(changed, &earlier.source, at, "in the earlier version"));
    }
    None
}

/// A header field is supplied with every event, whichever version of a template type a rule is on, so it has one type.
fn other_header(earlier: &TemplateType, later: &TemplateType) -> Option<Diagnostic> {
    for before in &earlier.header {
        let now = later.header.iter().find(|now| now.name == before.name);
        let Some(now) = now.filter(|now| (now.ty.scalar, now.ty.list) != (before.ty.scalar, before.ty.list)) else {
            continue;
        };
        let problem = format!("the header field `{}` is `{}`; in `{earlier}` it was `{}`", now.name, now.ty, before.ty);
        let help = "keep its type; a sensor supplies one header with all events";
        let changed = Diagnostic::new(&codes::TEMPLATE_CHANGED, &later.source, now.span, problem).with_help(help);
        return Some(place(changed, &earlier.source, before.span, "in the earlier version"));
    }
    None
}

/// Recorded events are recognised as a template type and not as a version of it, and a predicate on what it reads is decided by these
/// values: with other ones a rule on the earlier version would be wrong about events of the later one.
fn other_reads(earlier: &TemplateType, later: &TemplateType) -> Option<Diagnostic> {
    if earlier.recognises_alike(later) {
        return None;
    }
    let problem = format!("`{later}` has other `reads` than `{earlier}`");
    let help = "give every version the same `reads`, or declare a template type of another name";
    let changed = Diagnostic::new(&codes::TEMPLATE_CHANGED, &later.source, later.span, problem).with_help(help);
    Some(place(changed, &earlier.source, earlier.span, "the earlier version"))
}

/// What an event is is told by the newest version, and an open template type leaves events to fixed ones: a rule on an earlier version that is open, and
/// one that is not, would each be shown events that are none of it, or not be shown what is.
fn otherwise_open(earlier: &TemplateType, later: &TemplateType) -> Option<Diagnostic> {
    let problem = match (earlier.open, later.open) {
        (true, false) => format!("`{later}` is not open, and `{earlier}` is"),
        (false, true) => format!("`{later}` is open, and `{earlier}` is not"),
        _ => return None,
    };
    let help = "make every version open or none, or declare a template type of another name";
    let changed = Diagnostic::new(&codes::TEMPLATE_CHANGED, &later.source, later.span, problem).with_help(help);
    Some(place(changed, &earlier.source, earlier.span, "the earlier version"))
}

fn place(diagnostic: Diagnostic, source: &Source, span: contentcheck_model::source::Span, text: &str) -> Diagnostic {
    if source.is(&diagnostic.source) {
        diagnostic.with_place(span, text)
    } else {
        diagnostic.with_related(source, span, text)
    }
}
