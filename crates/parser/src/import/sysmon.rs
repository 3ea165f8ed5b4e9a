//! The schema that Sysmon prints of itself.

use std::collections::BTreeMap;

use roxmltree::Node;

use super::{Options, children, data, event_log_header, number, xml};
use contentcheck_model::diagnostic::Sink;
use contentcheck_model::diagnostic::codes::INVALID_MANIFEST;
use contentcheck_model::sensor::Versioning;
use contentcheck_model::sensor::{Capacity, Manifest, Supply};

/// Which Sysmon a schema is of. Both are built from one manifest, which Linux serves in part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Platform {
    /// Sysmon for Windows: all events but those that the schema marks as Linux only.
    #[default]
    Windows,
    /// Sysmon for Linux: the events that it writes.
    Linux,
}

/// Event id, name of the template type's last part, whether Sysmon for Linux writes it.
const EVENTS: &[(u32, &str, bool)] = &[
    (1, "process_creation", true),
    (2, "file_change", false),
    (3, "network_connection", true),
    (4, "service_state_change", true),
    (5, "process_termination", true),
    (6, "driver_load", false),
    (7, "image_load", false),
    (8, "create_remote_thread", false),
    (9, "raw_access_read", true),
    (10, "process_access", false),
    (11, "file_event", true),
    (12, "registry_key", false),
    (13, "registry_set", false),
    (14, "registry_rename", false),
    (15, "create_stream_hash", false),
    (16, "config_change", true),
    (17, "pipe_created", false),
    (18, "pipe_connected", false),
    (19, "wmi_filter", false),
    (20, "wmi_consumer", false),
    (21, "wmi_binding", false),
    (22, "dns_query", false),
    (23, "file_delete", true),
    (24, "clipboard_capture", false),
    (25, "process_tampering", false),
    (26, "file_delete_detected", false),
    (27, "file_block_executable", false),
    (28, "file_block_shredding", false),
    (29, "file_executable_detected", false),
    (100, "ebpf_event", true),
    (255, "error", true),
];

/// Name of the template type for a Sysmon event; an event that is not known yet is
/// `event_` and its number. `None` for an event that the platform does not write.
#[must_use]
pub fn sysmon_template(platform: Platform, event: u32, prefix: Option<&str>) -> Option<String> {
    let known = EVENTS.iter().find(|(id, _, _)| *id == event);
    let prefix = prefix.unwrap_or(match platform {
        Platform::Windows => "windows.sysmon",
        Platform::Linux => "linux.sysmon",
    });
    match (platform, known) {
        (Platform::Linux, Some((_, name, true))) | (Platform::Windows, Some((_, name, _))) => {
            Some(format!("{prefix}.{name}"))
        }
        (Platform::Linux, _) => None,
        (Platform::Windows, None) => Some(format!("{prefix}.event_{event}")),
    }
}

pub(super) fn read(sink: &mut Sink, manifests: &[Node<'_, '_>], options: &Options) -> Vec<Manifest> {
    manifests.iter().filter_map(|manifest| read_one(sink, *manifest, options)).collect()
}

fn read_one(sink: &mut Sink, node: Node<'_, '_>, options: &Options) -> Option<Manifest> {
    let source = sink.source().clone();
    let place = xml::open_tag(&source, node);
    let stated = node.attribute("schemaversion");
    let Some(version) = options.version.clone().or_else(|| stated.map(str::to_owned)) else {
        sink.report(&INVALID_MANIFEST, place, "the manifest has no `schemaversion`");
        return None;
    };
    let mut templates: BTreeMap<String, Supply> = BTreeMap::new();
    for event in children(node, "events").into_iter().flat_map(|events| children(events, "event")) {
        let place = xml::open_tag(&source, event);
        let Some(id) = event.attribute("value").and_then(number) else {
            sink.report(&INVALID_MANIFEST, place, "an `<event>` has no number in `value`");
            continue;
        };
        let linux_only = event.attribute("target") == Some("linux");
        let Some(name) = sysmon_template(options.platform, id, options.prefix.as_deref()) else { continue };
        if linux_only && options.platform == Platform::Windows {
            continue;
        }
        let inputs = data(sink, event, &format!("event {id}"), false);
        if templates.insert(name, Supply { inputs }).is_some() {
            sink.report(&INVALID_MANIFEST, place, format!("event {id} is described twice"));
        }
    }
    if templates.is_empty() {
        sink.report(&INVALID_MANIFEST, place, format!("schema {version} describes no event"));
        return None;
    }
    let (sensor, product) = match options.platform {
        Platform::Windows => ("sysmon", "Sysmon"),
        Platform::Linux => ("sysmon-linux", "Sysmon for Linux"),
    };
    let binary = node.attribute("binaryversion").map(|text| format!(", binary version {text}")).unwrap_or_default();
    Some(Manifest {
        format: 1,
        sensor: options.sensor.clone().unwrap_or_else(|| sensor.into()),
        origin: Some(format!("{product} schema version {version}{binary}, imported from its XML")),
        version,
        versioning: Versioning::Decimal,
        capacity: Capacity::default(),
        header: event_log_header(),
        templates,
    })
}
