//! The names of Windows events: what exporters call them, and what the library calls them.
//!
//! Three shapes are known. EVTX as JSON or as XML turned into JSON (`Event.System.…`,
//! `Event.EventData.…`, attributes under `#attributes`, `…_attributes` or `@`), Winlogbeat
//! (`winlog.event_data.…`), and flat events, which need nothing.

/// A name after normalisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name<'a> {
    /// As given.
    Same,
    /// The end of the given name, or a fixed one.
    Other(&'a str),
    /// An element and its attribute, joined by `_`.
    Attribute(&'a str, &'a str),
    /// The end of the given name, a name of event data with blanks in it, which do not count:
    /// Defender records `Threat Name` for what rules and other readers call `ThreatName`.
    Blanks(&'a str),
    /// Says nothing of the event: name spaces.
    Dropped,
}

/// A name of event data, the only ones that carry blanks.
fn data(name: &str) -> Name<'_> {
    if has_blanks(name) { Name::Blanks(name) } else { Name::Other(name) }
}

/// Whether a name of event data is another one without its blanks.
pub(crate) fn has_blanks(name: &str) -> bool {
    name.contains(' ') && name.bytes().any(|byte| byte != b' ')
}

/// Whether [`normalise`] may change a name that begins so.
pub(crate) fn is_special(name: &str) -> bool {
    // The first byte settles it for nearly all names.
    matches!(name.as_bytes().first(), Some(b'E' | b'w'))
        && (name.starts_with("Event.") || name.starts_with("winlog.") || name.starts_with("Event_attributes."))
}

/// What the library calls a name.
pub(crate) fn normalise(name: &str) -> Name<'_> {
    if let Some(rest) = name.strip_prefix("Event.") {
        windows(rest)
    } else if let Some(rest) = name.strip_prefix("winlog.") {
        winlogbeat(rest)
    } else if name.starts_with("Event_attributes.") {
        Name::Dropped
    } else {
        Name::Same
    }
}

/// The object in which elements with a `Name` stand for named values.
pub(crate) fn holds_named_data(path: &str) -> bool {
    path == "Event.EventData.Data"
}

fn windows(rest: &str) -> Name<'_> {
    let rest_of = |prefix: &str| rest.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.'));
    if let Some(rest) = rest_of("System") {
        return system(rest);
    }
    if let Some(rest) = rest_of("EventData") {
        return match attribute(rest) {
            Some((_, name)) if name.starts_with("xmlns") => Name::Dropped,
            Some(("", name)) => Name::Attribute("EventData", name),
            _ => data(rest.strip_suffix(".#text").unwrap_or(rest)),
        };
    }
    if let Some(rest) = rest_of("UserData") {
        if attribute(rest).is_some_and(|(_, name)| name.starts_with("xmlns")) {
            return Name::Dropped;
        }
        // One element, named after the provider's own type, holds the values.
        let rest = rest.split_once('.').map_or(rest, |(_, rest)| rest);
        return Name::Other(rest.strip_suffix(".#text").unwrap_or(rest));
    }
    match attribute(rest) {
        Some((_, name)) if name.starts_with("xmlns") => Name::Dropped,
        _ => Name::Same,
    }
}

fn system(rest: &str) -> Name<'_> {
    match attribute(rest) {
        Some(("TimeCreated", "SystemTime")) => Name::Other("SystemTime"),
        Some((element, attribute)) if !element.is_empty() => Name::Attribute(element, attribute),
        _ => Name::Other(rest.strip_suffix(".#text").unwrap_or(rest)),
    }
}

/// Element and attribute of `Element.#attributes.Name`, `Element_attributes.Name`, `Element.@Name`.
fn attribute(name: &str) -> Option<(&str, &str)> {
    if let Some(name) = name.strip_prefix("#attributes.").or_else(|| name.strip_prefix('@')) {
        return Some(("", name));
    }
    name.split_once(".#attributes.").or_else(|| name.split_once("_attributes.")).or_else(|| name.split_once(".@"))
}

/// Winlogbeat words some parts of an event in its own way (`winlog.task` is a text); these keep
/// their names.
fn winlogbeat(rest: &str) -> Name<'_> {
    if let Some(name) = rest.strip_prefix("event_data.") {
        return data(name);
    }
    if let Some(name) = rest.strip_prefix("user_data.") {
        return Name::Other(name);
    }
    Name::Other(match rest {
        "channel" => "Channel",
        "event_id" => "EventID",
        "provider_name" => "Provider_Name",
        "provider_guid" => "Provider_Guid",
        "computer_name" => "Computer",
        "record_id" => "EventRecordID",
        "version" => "Version",
        "time_created" => "SystemTime",
        "activity_id" => "Correlation_ActivityID",
        "related_activity_id" => "Correlation_RelatedActivityID",
        "user.identifier" => "Security_UserID",
        "process.pid" => "Execution_ProcessID",
        "process.thread.id" => "Execution_ThreadID",
        _ => return Name::Same,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_windows_events_get_the_names_of_the_library() {
        let cases = [
            ("Event.System.Provider.#attributes.Name", Name::Attribute("Provider", "Name")),
            ("Event.System.Provider_attributes.Name", Name::Attribute("Provider", "Name")),
            ("Event.System.Provider.@Name", Name::Attribute("Provider", "Name")),
            ("Event.System.Security.#attributes.UserID", Name::Attribute("Security", "UserID")),
            ("Event.System.TimeCreated.#attributes.SystemTime", Name::Other("SystemTime")),
            ("Event.System.EventID.#text", Name::Other("EventID")),
            ("Event.System.EventID", Name::Other("EventID")),
            ("Event.System.EventID.#attributes.Qualifiers", Name::Attribute("EventID", "Qualifiers")),
            ("Event.EventData.Image", Name::Other("Image")),
            ("Event.EventData.Source Name", Name::Blanks("Source Name")),
            ("Event.EventData. ", Name::Other(" ")),
            ("Event.UserData.Log Cleared.Source Name", Name::Other("Source Name")),
            ("winlog.event_data.Source Name", Name::Blanks("Source Name")),
            ("Event.EventData.Data.#text", Name::Other("Data")),
            ("Event.EventData.#attributes.Name", Name::Attribute("EventData", "Name")),
            ("Event.UserData.LogFileCleared.SubjectUserName", Name::Other("SubjectUserName")),
            ("Event.UserData.LogFileCleared.#attributes.xmlns", Name::Dropped),
            ("Event.#attributes.xmlns", Name::Dropped),
            ("Event.@xmlns", Name::Dropped),
            ("Event_attributes.xmlns", Name::Dropped),
            ("Event.RenderingInfo.Message", Name::Same),
            ("winlog.event_data.param1", Name::Other("param1")),
            ("winlog.channel", Name::Other("Channel")),
            ("winlog.task", Name::Same),
            ("userIdentity.type", Name::Same),
            ("Events.System.Level", Name::Same),
        ];
        for (name, expected) in cases {
            assert_eq!(normalise(name), expected, "{name}");
            assert!(is_special(name) || expected == Name::Same, "{name}");
        }
    }
}
