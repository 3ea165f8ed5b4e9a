//! The names of Windows events: what exporters call them, and what the library calls them.
//!
//! Read as they are: EVTX as JSON or as XML turned into JSON (`Event.System.…`, `Event.EventData.…`, attributes under
//! `#attributes`, `…_attributes` or `@`), the same without the outer `Event` (Velociraptor: `System.EventID.Value`,
//! `EventData.…`), Winlogbeat and Elastic Agent (`winlog.…`, in version 6 `event_data.…`), Wazuh (`data.win.…`),
//! hayabusa (`AllFieldInfo.…`, short names of channels), and flat events. What flat exports call the channel, the
//! number and the provider of an event are hints ([`HINTS`]): they count where the event has no value under the name
//! itself.
//!
//! A name tells where it comes from: what the log says of an event is never replaced by a value that the event carries under the same name.

/// A name after normalisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name<'a> {
    /// As given.
    Same,
    /// What the log says of the event.
    System(&'a str),
    /// The same, an element and its attribute, joined by `_`.
    Attribute(&'a str, &'a str),
    /// What the event carries. A name with blanks in it is that name without them: Defender records `Threat Name` for
    /// what rules and other readers call `ThreatName`.
    Data(&'a str),
    /// What the event carries, under a name whose first letter the exporter wrote in lower case, or which had one.
    Lowered(&'a str),
    /// Says nothing of the event: name spaces.
    Dropped,
}

/// In front of a name that both the log and the event itself have, for the event's own.
pub const OWN: &str = "EventData.";

/// Whether a name is one under which the log speaks of the event.
#[must_use]
pub fn is_system(name: &str) -> bool {
    matches!(
        name,
        "Channel"
            | "EventID"
            | "Provider_Name"
            | "Provider_Guid"
            | "Computer"
            | "EventRecordID"
            | "Version"
            | "Level"
            | "Task"
            | "Opcode"
            | "Keywords"
            | "SystemTime"
            | "Security_UserID"
    )
}

use crate::template::{CHANNEL, EVENT_ID, PROVIDER};

/// The name of an event's computer.
const COMPUTER: &str = "Computer";

/// What flat exports call these, the surest first: Splunk (`LogName`, `EventCode`, `ComputerName`), NXLog
/// (`SourceName`), PowerShell (`ProviderName`, `MachineName`), Sentinel (`EventSourceName`), Elastic Common Schema
/// (`event.code`, `event.provider`), Winlogbeat 6 (`log_name`, `source_name`), Velociraptor and hayabusa (`Provider`).
pub const HINTS: [(&str, &[&str]); 4] = [
    (CHANNEL, &["LogName", "log_name", "EventLog"]),
    (EVENT_ID, &["EventCode", "event_id", "event.code"]),
    (
        PROVIDER,
        &[
            "Provider",
            "ProviderName",
            "EventSourceName",
            "SourceName",
            "source_name",
            "event.provider",
            "Provider.Name",
        ],
    ),
    (COMPUTER, &["ComputerName", "computer_name", "MachineName"]),
];

/// Where Splunk names the channel: `XmlWinEventLog:Security`.
pub const SPLUNK_SOURCE: (&str, [&str; 2]) = ("source", ["XmlWinEventLog:", "WinEventLog:"]);

/// The name that hayabusa's records have and no event has.
pub const HAYABUSA: &str = "RuleTitle";

/// The channel that hayabusa writes so, where the short name means one.
#[must_use]
pub fn hayabusa_channel(short: &str) -> Option<&'static str> {
    Some(match short {
        "App" => "Application",
        "BitsCli" => "Microsoft-Windows-Bits-Client/Operational",
        "CodeInteg" => "Microsoft-Windows-CodeIntegrity/Operational",
        "Defender" => "Microsoft-Windows-Windows Defender/Operational",
        "Firewall" => "Microsoft-Windows-Windows Firewall With Advanced Security/Firewall",
        "NTLM" => "Microsoft-Windows-NTLM/Operational",
        "PwSh" => "Microsoft-Windows-PowerShell/Operational",
        "PwShClassic" => "Windows PowerShell",
        "Sec" => "Security",
        "Sys" => "System",
        "Sysmon" => "Microsoft-Windows-Sysmon/Operational",
        "TaskSch" => "Microsoft-Windows-TaskScheduler/Operational",
        "WMI" => "Microsoft-Windows-WMI-Activity/Operational",
        "WinRM" => "Microsoft-Windows-WinRM/Operational",
        _ => return None,
    })
}

/// What an export wraps each event in: the name of the object that is the event, and all names that may be beside it.
pub const WRAPPERS: [(&str, &[&str]); 2] = [
    // Kibana, and whoever reads Elasticsearch.
    (
        "_source",
        &[
            "_index",
            "_type",
            "_id",
            "_score",
            "_version",
            "_routing",
            "_seq_no",
            "_primary_term",
            "_ignored",
            "ignored_field_values",
            "fields",
            "highlight",
            "sort",
            "matched_queries",
        ],
    ),
    // Splunk: its search, and what it sends where a search found something.
    ("result", &["preview", "offset", "lastrow", "sid", "search_name", "app", "owner", "results_link", "results_file"]),
];

/// Whether a name of event data is another one without its blanks.
#[must_use]
pub fn has_blanks(name: &str) -> bool {
    name.contains(' ') && name.bytes().any(|byte| byte != b' ')
}

/// Prefixes of the names that [`normalise`] may change.
const PREFIXES: [&str; 13] = [
    "Event.",
    "Event_attributes.",
    "EventData.",
    "System.",
    "UserData.",
    "winlog.",
    "win.",
    "event_data.",
    "user_data.",
    "data.win.",
    "document.data.Event.",
    "AllFieldInfo.",
    "ExtraFieldInfo.",
];

/// Whether [`normalise`] may change a name that begins so.
#[must_use]
pub fn is_special(name: &str) -> bool {
    // The first byte settles it for nearly all names.
    matches!(name.as_bytes().first(), Some(b'A' | b'E' | b'S' | b'U' | b'd' | b'e' | b'u' | b'w'))
        && PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// What the library calls a name.
#[must_use]
pub fn normalise(name: &str) -> Name<'_> {
    let Some((root, rest)) = name.split_once('.') else { return Name::Same };
    match root {
        "Event" => windows(rest),
        "Event_attributes" => Name::Dropped,
        "System" => system(rest),
        "EventData" => event_data(rest),
        "UserData" => user_data(rest),
        "winlog" => winlogbeat(rest),
        "event_data" | "user_data" | "AllFieldInfo" | "ExtraFieldInfo" => Name::Data(rest),
        "win" => wazuh(rest),
        "data" => rest.strip_prefix("win.").map_or(Name::Same, wazuh),
        // Chainsaw hands the event on within what it found.
        "document" => rest.strip_prefix("data.Event.").map_or(Name::Same, windows),
        _ => Name::Same,
    }
}

/// Where records have what an exporter's name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// Under this name.
    Under(String),
    /// The exporter wrote the first letter in lower case: under the first of these, or under the second where the provider writes it so
    /// itself.
    Either(String, String),
    /// It says nothing of the event.
    Dropped,
}

impl Recorded {
    /// What to write for the name, in words that end a sentence.
    #[must_use]
    pub fn advice(&self, quote: impl Fn(&str) -> String) -> String {
        match self {
            Self::Under(name) => format!("write `{}`: records are read so, whichever exporter wrote them", quote(name)),
            Self::Either(upper, lower) => format!(
                "write `{}`, or `{}` where the provider has the small letter too: records are read so, whichever exporter wrote them",
                quote(upper),
                quote(lower)
            ),
            Self::Dropped => "remove it: it says nothing of the event, and is not read".to_owned(),
        }
    }
}

/// Where records have what an exporter's name stands for, where that is not under the name itself: a rule on the exporter's name reads what
/// no record has. `joins_blanks` is set where the records are events of Windows.
#[must_use]
pub fn recorded_as(name: &str, joins_blanks: bool) -> Option<Recorded> {
    // Of a name that the log has too, the event's own is called so.
    if name.strip_prefix(OWN).is_some_and(is_system) {
        return None;
    }
    let joined = |name: &str| if has_blanks(name) { name.replace(' ', "") } else { name.to_owned() };
    Some(match normalise(name) {
        Name::Same if joins_blanks && has_blanks(name) => Recorded::Under(joined(name)),
        Name::Same => return None,
        Name::Dropped => Recorded::Dropped,
        Name::System(name) => Recorded::Under(name.to_owned()),
        Name::Attribute(element, attribute) => Recorded::Under(format!("{element}_{attribute}")),
        Name::Data(name) => Recorded::Under(joined(name)),
        Name::Lowered(name) => {
            let name = joined(name);
            let mut letters = name.chars();
            match letters.next().filter(char::is_ascii_lowercase) {
                Some(first) => {
                    let upper = format!("{}{}", first.to_ascii_uppercase(), letters.as_str());
                    Recorded::Either(upper, name)
                }
                None => Recorded::Under(name),
            }
        }
    })
}

/// The object in which elements with a `Name` stand for named values.
#[must_use]
pub fn holds_named_data(path: &str) -> bool {
    matches!(path, "Event.EventData.Data" | "EventData.Data" | "document.data.Event.EventData.Data")
}

fn windows(rest: &str) -> Name<'_> {
    let rest_of = |prefix: &str| rest.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.'));
    if let Some(rest) = rest_of("System") {
        return match system(rest) {
            // Whatever is called so here is the log's.
            Name::Same => Name::System(rest.strip_suffix(".#text").unwrap_or(rest)),
            known => known,
        };
    }
    if let Some(rest) = rest_of("EventData") {
        return event_data(rest);
    }
    if let Some(rest) = rest_of("UserData") {
        return user_data(rest);
    }
    match attribute(rest) {
        Some((_, name)) if name.starts_with("xmlns") => Name::Dropped,
        _ => Name::Same,
    }
}

fn event_data(rest: &str) -> Name<'_> {
    match attribute(rest) {
        Some((_, name)) if name.starts_with("xmlns") => Name::Dropped,
        Some(("", name)) => Name::Attribute("EventData", name),
        _ => Name::Data(rest.strip_suffix(".#text").unwrap_or(rest)),
    }
}

fn user_data(rest: &str) -> Name<'_> {
    if attribute(rest).is_some_and(|(_, name)| name.starts_with("xmlns")) {
        return Name::Dropped;
    }
    // One element, named after the provider's own type, holds the values.
    let rest = rest.split_once('.').map_or(rest, |(_, rest)| rest);
    Name::Data(rest.strip_suffix(".#text").unwrap_or(rest))
}

/// What the log says of an event, in the words of its schema.
fn system(rest: &str) -> Name<'_> {
    match attribute(rest) {
        Some(("TimeCreated", "SystemTime")) => return Name::System("SystemTime"),
        Some((element, attribute)) if !element.is_empty() => return Name::Attribute(element, attribute),
        _ => {}
    }
    let plain = rest.strip_suffix(".#text").or_else(|| rest.strip_suffix(".Value")).unwrap_or(rest);
    if is_system(plain) {
        return Name::System(plain);
    }
    match rest {
        "TimeCreated.SystemTime" => Name::System("SystemTime"),
        "Provider.Name" => Name::System(PROVIDER),
        "Provider.Guid" => Name::Attribute("Provider", "Guid"),
        "EventID.Qualifiers" => Name::Attribute("EventID", "Qualifiers"),
        "Security.UserID" => Name::Attribute("Security", "UserID"),
        "Execution.ProcessID" => Name::Attribute("Execution", "ProcessID"),
        "Execution.ThreadID" => Name::Attribute("Execution", "ThreadID"),
        "Correlation.ActivityID" => Name::Attribute("Correlation", "ActivityID"),
        "Correlation.RelatedActivityID" => Name::Attribute("Correlation", "RelatedActivityID"),
        _ => Name::Same,
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
    if let Some(name) = rest.strip_prefix("event_data.").or_else(|| rest.strip_prefix("user_data.")) {
        return Name::Data(name);
    }
    Name::System(match rest {
        "channel" => CHANNEL,
        "event_id" => EVENT_ID,
        "provider_name" => PROVIDER,
        "provider_guid" => "Provider_Guid",
        "computer_name" => COMPUTER,
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

/// Wazuh writes the first letter of every name in lower case.
fn wazuh(rest: &str) -> Name<'_> {
    if let Some(name) = rest.strip_prefix("eventdata.") {
        return Name::Lowered(name);
    }
    let Some(rest) = rest.strip_prefix("system.") else { return Name::Same };
    Name::System(match rest {
        "channel" => CHANNEL,
        "eventID" => EVENT_ID,
        "providerName" => PROVIDER,
        "providerGuid" => "Provider_Guid",
        "computer" => COMPUTER,
        "eventRecordID" => "EventRecordID",
        "version" => "Version",
        "level" => "Level",
        "task" => "Task",
        "opcode" => "Opcode",
        "keywords" => "Keywords",
        "systemTime" => "SystemTime",
        "processID" => "Execution_ProcessID",
        "threadID" => "Execution_ThreadID",
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
            ("Event.System.TimeCreated.#attributes.SystemTime", Name::System("SystemTime")),
            ("Event.System.EventID.#text", Name::System("EventID")),
            ("Event.System.EventID", Name::System("EventID")),
            ("Event.System.EventID.#attributes.Qualifiers", Name::Attribute("EventID", "Qualifiers")),
            ("Event.EventData.Image", Name::Data("Image")),
            ("Event.EventData.Source Name", Name::Data("Source Name")),
            ("Event.EventData. ", Name::Data(" ")),
            ("Event.UserData.Log Cleared.Source Name", Name::Data("Source Name")),
            ("winlog.event_data.Source Name", Name::Data("Source Name")),
            ("Event.EventData.Data.#text", Name::Data("Data")),
            ("Event.EventData.#attributes.Name", Name::Attribute("EventData", "Name")),
            ("Event.UserData.LogFileCleared.SubjectUserName", Name::Data("SubjectUserName")),
            ("Event.UserData.LogFileCleared.#attributes.xmlns", Name::Dropped),
            ("Event.#attributes.xmlns", Name::Dropped),
            ("Event.@xmlns", Name::Dropped),
            ("Event_attributes.xmlns", Name::Dropped),
            ("Event.RenderingInfo.Message", Name::Same),
            ("winlog.event_data.param1", Name::Data("param1")),
            ("winlog.channel", Name::System("Channel")),
            ("winlog.task", Name::Same),
            ("System.EventID.Value", Name::System("EventID")),
            ("System.EventID", Name::System("EventID")),
            ("System.Provider.Name", Name::System("Provider_Name")),
            ("System.Provider.#attributes.Name", Name::Attribute("Provider", "Name")),
            ("System.TimeCreated.SystemTime", Name::System("SystemTime")),
            ("System.Execution.ProcessID", Name::Attribute("Execution", "ProcessID")),
            ("System.Uptime", Name::Same),
            ("Event.System.Uptime", Name::System("Uptime")),
            ("EventData.Threat Name", Name::Data("Threat Name")),
            ("UserData.LogFileCleared.Channel", Name::Data("Channel")),
            ("event_data.Image", Name::Data("Image")),
            ("AllFieldInfo.Image", Name::Data("Image")),
            ("data.win.system.eventID", Name::System("EventID")),
            ("data.win.eventdata.image", Name::Lowered("image")),
            ("win.system.channel", Name::System("Channel")),
            ("data.srcip", Name::Same),
            ("document.data.Event.System.Channel", Name::System("Channel")),
            ("document.data.id", Name::Same),
            ("userIdentity.type", Name::Same),
            ("event.code", Name::Same),
            ("Events.System.Level", Name::Same),
        ];
        for (name, expected) in cases {
            assert_eq!(normalise(name), expected, "{name}");
            assert!(is_special(name) || expected == Name::Same, "{name}");
        }
    }

    #[test]
    fn names_of_wrappers_are_recorded_as_what_they_wrap() {
        let cases = [
            ("winlog.event_data.Image", Some("`Image`")),
            ("winlog.channel", Some("`Channel`")),
            ("EventData.Threat Name", Some("`ThreatName`")),
            ("data.win.eventdata.image", Some("`Image`, or `image`")),
            ("data.win.eventdata.threat Name", Some("`ThreatName`, or `threatName`")),
            ("data.win.eventdata.Image", Some("`Image`")),
            ("Event.System.Provider.@Name", Some("`Provider_Name`")),
            ("Event_attributes.xmlns", Some("remove it")),
            ("Event.EventData.#attributes.xmlns", Some("remove it")),
            ("EventData.Channel", None),
            ("process.executable", None),
            ("Threat Name", None),
            ("Image", None),
        ];
        for (name, expected) in cases {
            let advice = recorded_as(name, false).map(|recorded| recorded.advice(str::to_owned));
            assert_eq!(advice.is_some(), expected.is_some(), "{name}");
            assert!(advice.unwrap_or_default().contains(expected.unwrap_or_default()), "{name}");
        }
        assert_eq!(recorded_as("Threat Name", true), Some(Recorded::Under("ThreatName".to_owned())));
    }
}
