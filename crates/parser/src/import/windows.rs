//! Instrumentation manifests of Windows event providers.

use std::collections::{BTreeMap, HashMap};

use roxmltree::Node;

use super::{Options, children, data, event_log_header, number, xml};
use contentcheck_model::diagnostic::Sink;
use contentcheck_model::diagnostic::codes::INVALID_MANIFEST;
use contentcheck_model::sensor::Versioning;
use contentcheck_model::sensor::{Capacity, Manifest, Supply};

/// Providers whose template types have a name of their own: provider, prefix, and whether the
/// template types take every field for text, since recorders of these events do.
const PROVIDERS: &[(&str, &str, bool)] = &[("Microsoft-Windows-Security-Auditing", "windows.security", true)];

/// Prefix of the template types of a provider: `Microsoft-Windows-DNS-Client` gives
/// `microsoft_windows_dns_client`. To it comes `.event_` and the event's number.
#[must_use]
pub fn provider_prefix(provider: &str) -> String {
    if let Some((_, prefix, _)) = PROVIDERS.iter().find(|(name, _, _)| name.eq_ignore_ascii_case(provider)) {
        return (*prefix).to_owned();
    }
    let mut slug = String::new();
    for c in provider.chars().take(100) {
        match c {
            'a'..='z' | '0'..='9' => slug.push(c),
            'A'..='Z' => slug.push(c.to_ascii_lowercase()),
            _ if slug.ends_with('_') => {}
            _ => slug.push('_'),
        }
    }
    let slug = slug.trim_matches('_');
    if slug.starts_with(|c: char| c.is_ascii_lowercase()) { slug.to_owned() } else { format!("provider_{slug}") }
}

pub(super) fn read(sink: &mut Sink, root: Node<'_, '_>, options: &Options) -> Option<Manifest> {
    let source = sink.source().clone();
    let place = xml::open_tag(&source, root);
    let Some(version) = options.version.clone() else {
        let message = "an instrumentation manifest does not state the version of what emits its events";
        sink.push(sink.diagnostic(&INVALID_MANIFEST, place, message).with_help("state it with `--version`"));
        return None;
    };
    let mut templates: BTreeMap<String, Supply> = BTreeMap::new();
    let mut names: Vec<String> = Vec::new();
    let providers: Vec<Node<'_, '_>> = root
        .descendants()
        .filter(|node| node.is_element() && node.tag_name().name() == "provider" && node.has_attribute("name"))
        .collect();
    for provider in providers {
        let name = provider.attribute("name").unwrap_or("");
        let prefix = options.prefix.clone().unwrap_or_else(|| provider_prefix(name));
        let as_text = PROVIDERS.iter().any(|(known, _, text)| *text && known.eq_ignore_ascii_case(name));
        names.push(name.to_owned());
        read_provider(sink, provider, &prefix, as_text, &mut templates);
    }
    if templates.is_empty() {
        if !sink.has_error() {
            sink.report(&INVALID_MANIFEST, place, "the manifest describes no event");
        }
        return None;
    }
    let listed: String = names.join(", ").chars().take(300).collect();
    Some(Manifest {
        format: 1,
        sensor: options.sensor.clone().unwrap_or_else(|| "windows".into()),
        version,
        versioning: Versioning::Parts,
        origin: Some(format!("instrumentation manifest of {listed}; of several versions of one event the highest")),
        capacity: Capacity::default(),
        header: event_log_header(),
        templates,
    })
}

fn read_provider(
    sink: &mut Sink,
    provider: Node<'_, '_>,
    prefix: &str,
    as_text: bool,
    out: &mut BTreeMap<String, Supply>,
) {
    let source = sink.source().clone();
    let mut shapes: HashMap<&str, Node<'_, '_>> = HashMap::new();
    for template in children(provider, "templates").into_iter().flat_map(|all| children(all, "template")) {
        let place = xml::open_tag(&source, template);
        match template.attribute("tid") {
            Some(tid) => {
                if let Some(first) = shapes.insert(tid, template) {
                    let finding =
                        sink.diagnostic(&INVALID_MANIFEST, place, format!("two templates are called `{tid}`"));
                    sink.push(finding.with_place(xml::open_tag(&source, first), "the first"));
                }
            }
            None => sink.report(&INVALID_MANIFEST, place, "a `<template>` has no `tid`"),
        }
    }
    // Event id to its highest version.
    let mut newest: BTreeMap<u32, (u32, Node<'_, '_>)> = BTreeMap::new();
    for event in children(provider, "events").into_iter().flat_map(|all| children(all, "event")) {
        let place = xml::open_tag(&source, event);
        let Some(id) = event.attribute("value").and_then(number) else {
            sink.report(&INVALID_MANIFEST, place, "an `<event>` has no number in `value`");
            continue;
        };
        let Some(version) = event.attribute("version").map_or(Some(0), number) else {
            sink.report(&INVALID_MANIFEST, place, format!("event {id} has a `version` that is not a number"));
            continue;
        };
        match newest.get(&id) {
            Some((known, _)) if *known == version => {
                sink.report(&INVALID_MANIFEST, place, format!("event {id} version {version} is described twice"));
            }
            Some((known, _)) if *known > version => {}
            _ => drop(newest.insert(id, (version, event))),
        }
    }
    for (id, (_, event)) in newest {
        let what = format!("event {id}");
        let inputs = match event.attribute("template") {
            None => Vec::new(),
            Some(tid) => {
                let Some(template) = shapes.get(tid) else {
                    let tid: String = tid.chars().take(60).collect();
                    let place = xml::open_tag(&source, event);
                    sink.report(
                        &INVALID_MANIFEST,
                        place,
                        format!("{what} names the template `{tid}`, which is not there"),
                    );
                    continue;
                };
                data(sink, *template, &what, as_text)
            }
        };
        if out.insert(format!("{prefix}.event_{id}"), Supply { inputs }).is_some() {
            let message = format!("{what} of `{prefix}` is described by two providers");
            sink.report(&INVALID_MANIFEST, xml::open_tag(&source, event), message);
        }
    }
}
