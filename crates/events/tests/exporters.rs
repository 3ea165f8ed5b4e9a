//! The same Windows event as exporters write it: what is read is the same, and so is the template type.
#![expect(clippy::unwrap_used, reason = "a test may stop")]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use contentcheck_events::{Field, Flattener, Layout, Router, Scratch};
use contentcheck_interpreter::Value;
use contentcheck_model::catalogue::Catalogue;
use contentcheck_model::template::{FieldType, Fixed, TemplateType};
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

static ROUTER: LazyLock<Router> = LazyLock::new(|| {
    let catalogue = Catalogue::new(contentcheck_library::templates().unwrap().iter().cloned());
    Router::new(catalogue.newest().into_iter().cloned())
});

/// A Windows event: what the log says of it, and what it carries.
#[derive(Clone, Debug)]
struct Event {
    channel: String,
    provider: String,
    number: i64,
    data: Vec<(String, String)>,
}

fn first(template: &TemplateType, name: &str) -> Option<Fixed> {
    template.reads.iter().find(|of| of.name == name)?.values.first().cloned()
}

/// An event of a template type that asks for channel, provider and number.
fn event_of(template: &TemplateType) -> Option<Event> {
    let (Fixed::Text(channel), Fixed::Text(provider), Fixed::Int(number)) =
        (first(template, "Channel")?, first(template, "Provider_Name")?, first(template, "EventID")?)
    else {
        return None;
    };
    let data = template.fields.iter().flatten().take(4).enumerate();
    let data = data.map(|(at, field)| (field.name.clone(), (40 + at).to_string())).collect();
    Some(Event { channel, provider, number, data })
}

/// All events of the library that are known by channel, provider and number.
fn events() -> Vec<(usize, Event)> {
    let all = ROUTER.templates().iter().enumerate();
    all.filter_map(|(at, template)| Some((at, event_of(template)?))).collect()
}

fn object(pairs: impl IntoIterator<Item = (String, Json)>) -> Json {
    Json::Object(pairs.into_iter().collect::<Map<_, _>>())
}

impl Event {
    fn data(&self) -> Json {
        object(self.data.iter().map(|(name, value)| (name.clone(), json!(value))))
    }

    /// The event's own values beside these.
    fn flat(&self, system: Json) -> Json {
        let Json::Object(mut all) = system else { return system };
        all.extend(self.data.iter().map(|(name, value)| (name.clone(), json!(value))));
        Json::Object(all)
    }

    /// The same with blanks in the names of what it carries.
    fn spaced(&self) -> Self {
        let spaced = |name: &str| -> String {
            let mut letters = name.chars();
            let first = letters.next().into_iter();
            first
                .chain(letters.flat_map(|letter| letter.is_uppercase().then_some(' ').into_iter().chain([letter])))
                .collect()
        };
        let data = self.data.iter().map(|(name, value)| (spaced(name), value.clone())).collect();
        Self { data, ..self.clone() }
    }

    fn lowered(&self) -> Json {
        object(self.data.iter().map(|(name, value)| {
            let (head, rest) = name.split_at(1);
            (format!("{}{rest}", head.to_ascii_lowercase()), json!(value))
        }))
    }
}

type Export = fn(&Event) -> Json;

/// How exporters write an event. Each names channel and number at least.
const EXPORTS: &[(&str, Export)] = &[
    ("evtx as JSON", |of| {
        json!({"Event": {"System": {"Provider": {"#attributes": {"Name": of.provider}}, "EventID": of.number,
            "Channel": of.channel}, "EventData": of.data()}})
    }),
    ("evtx, data first", |of| {
        json!({"Event": {"EventData": of.data(), "System": {"Channel": of.channel,
            "EventID": {"#attributes": {"Qualifiers": 0}, "#text": of.number},
            "Provider_attributes": {"Name": of.provider}}}})
    }),
    (
        "evtx without provider",
        |of| json!({"Event": {"System": {"EventID": of.number, "Channel": of.channel}, "EventData": of.data()}}),
    ),
    ("Velociraptor", |of| {
        json!({"System": {"Provider": {"Name": of.provider, "Guid": "G"}, "EventID": {"Value": of.number},
            "Channel": of.channel, "TimeCreated": {"SystemTime": 1.5}}, "EventData": of.data(), "Message": "m"})
    }),
    (
        "Velociraptor's rows",
        |of| json!({"EventTime": "t", "Channel": of.channel, "Provider": of.provider, "EventID": of.number, "EventData": of.data()}),
    ),
    ("Winlogbeat", |of| {
        json!({"@timestamp": "t", "winlog": {"channel": of.channel, "provider_name": of.provider,
            "event_id": of.number.to_string(), "event_data": of.data()}, "event": {"code": of.number.to_string()}})
    }),
    ("Winlogbeat, dotted, without provider", |of| {
        let data = of.data.iter().map(|(name, value)| (format!("winlog.event_data.{name}"), json!(value)));
        let system = [("winlog.channel".to_owned(), json!(of.channel)), ("event.code".to_owned(), json!(of.number))];
        object(system.into_iter().chain(data))
    }),
    (
        "Winlogbeat 6",
        |of| json!({"log_name": of.channel, "source_name": of.provider, "event_id": of.number, "event_data": of.data()}),
    ),
    ("Kibana", |of| {
        json!({"_index": "i", "_id": "1", "_score": null, "_source": {"winlog": {"channel": of.channel,
            "provider_name": of.provider, "event_id": of.number, "event_data": of.data()}}, "sort": [1]})
    }),
    ("Splunk, XML", |of| {
        of.flat(json!({"source": format!("XmlWinEventLog:{}", of.channel), "EventCode": of.number.to_string()}))
    }),
    ("Splunk, classic", |of| {
        of.flat(json!({"LogName": of.channel, "SourceName": of.provider, "EventCode": of.number.to_string()}))
    }),
    (
        "Splunk's result",
        |of| json!({"preview": false, "offset": 0, "result": of.flat(json!({"Channel": of.channel, "EventCode": of.number}))}),
    ),
    (
        "Splunk's result alone",
        |of| json!({"result": of.flat(json!({"LogName": of.channel, "SourceName": of.provider, "EventCode": of.number}))}),
    ),
    ("NXLog", |of| of.flat(json!({"Channel": of.channel, "SourceName": of.provider, "EventID": of.number}))),
    ("flat", |of| of.flat(json!({"Channel": of.channel, "Provider_Name": of.provider, "EventID": of.number}))),
    ("flat, without provider", |of| of.flat(json!({"Channel": of.channel, "EventID": of.number}))),
    ("flat, provider is null", |of| {
        of.flat(json!({"Channel": of.channel, "EventID": of.number, "Provider_Name": null}))
    }),
    ("PowerShell", |of| of.flat(json!({"LogName": of.channel, "ProviderName": of.provider, "EventID": of.number}))),
    ("Sentinel", |of| of.flat(json!({"Channel": of.channel, "EventSourceName": of.provider, "EventID": of.number}))),
    ("Wazuh", |of| {
        json!({"agent": {"id": "1"}, "data": {"win": {"system": {"channel": of.channel, "providerName": of.provider,
            "eventID": of.number.to_string()}, "eventdata": of.lowered()}}})
    }),
    (
        "hayabusa",
        |of| json!({"RuleTitle": "t", "Channel": of.channel, "EventID": of.number, "AllFieldInfo": of.data()}),
    ),
    ("Chainsaw", |of| {
        json!({"group": "Sigma", "document": {"kind": "evtx", "data": {"Event": {"System": {
            "Provider_attributes": {"Name": of.provider}, "EventID": of.number, "Channel": of.channel},
            "EventData": of.data()}}}})
    }),
];

fn routes(flattener: &mut Flattener, record: &Json) -> Vec<usize> {
    let record = record.to_string();
    let flat = flattener.flatten(record.as_bytes()).unwrap();
    let mut routes = Vec::new();
    ROUTER.route(&flat, None, &mut routes);
    routes
}

/// Logs to which any program writes, and where the provider is asked for.
fn is_shared(event: &Event) -> bool {
    ["System", "Application"].contains(&event.channel.as_str())
}

#[test]
fn every_event_of_the_library_is_recognised_as_every_exporter_writes_it() {
    let mut flattener = Flattener::new();
    let events = events();
    assert!(events.len() > 500, "{}", events.len());
    // Without the provider these may be of another template type of the same channel and number.
    let twins = |event: &Event| {
        let same = |other: &&(usize, Event)| (&other.1.channel, other.1.number) == (&event.channel, event.number);
        events.iter().filter(same).map(|(_, other)| &other.provider).collect::<std::collections::BTreeSet<_>>().len()
    };
    for (template, event) in &events {
        for (exporter, export) in EXPORTS {
            let record = export(event);
            let found = routes(&mut flattener, &record);
            let name = &ROUTER.templates()[*template].name;
            let has_provider = record.to_string().contains(&event.provider);
            if twins(event) == 1 || has_provider {
                assert!(found.contains(template), "{name} by {exporter}: {found:?} {record}");
            }
            // Open template types get nothing that a fixed one recognises, but where the provider leaves a doubt.
            if !is_shared(event) || has_provider {
                let open = found.iter().filter(|at| ROUTER.templates()[**at].open).count();
                assert_eq!(open, 0, "{name} by {exporter}: {record}");
            }
        }
    }
}

#[test]
fn every_exporter_gives_the_same_values() {
    let mut flattener = Flattener::new();
    let mut scratch = Scratch::default();
    for (template, event) in events().iter().step_by(7) {
        let template = &ROUTER.templates()[*template];
        let layout = Layout::of(template, &[]);
        let mut values = |record: &Json| {
            let record = record.to_string();
            let flat = flattener.flatten(record.as_bytes()).unwrap();
            layout.present(&flat, &mut scratch, false, |shown| {
                let own = shown.inputs.iter().take(event.data.len());
                own.map(|value| format!("{value:?}")).collect::<Vec<_>>()
            })
        };
        let expected = values(&EXPORTS[0].1(event));
        assert!(expected.iter().filter(|value| **value != format!("{:?}", Value::Absent)).count() >= event.data.len());
        for (exporter, export) in EXPORTS {
            assert_eq!(values(&export(event)), expected, "{} by {exporter}", template.name);
            // Defender has names with blanks, which rules write without them.
            let record = export(&event.spaced());
            assert_eq!(values(&record), expected, "{} by {exporter}: {record}", template.name);
        }
    }
}

/// Of names that differ in blanks alone the first that has some loses them, unless the record has the shorter name too: the same for all
/// exporters.
#[test]
fn names_that_differ_in_blanks_alone_are_read_alike() {
    let (mut flattener, mut scratch) = (Flattener::new(), Scratch::default());
    let names = ["ThreatName", "Threat Name", "Threat  Name", "Th reatName", "Event ID", "EventID"];
    let mut drawn = 0;
    for (first, second) in names.iter().flat_map(|first| names.iter().map(move |second| (first, second))) {
        // A flat record has no room for an event's own number.
        if first == second || first == &"EventID" || second == &"EventID" {
            continue;
        }
        drawn += 1;
        let data = [(*first, "1st"), (*second, "2nd")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let event = Event {
            channel: "Microsoft-Windows-Windows Defender/Operational".to_owned(),
            provider: "Microsoft-Windows-Windows Defender".to_owned(),
            number: 1116,
            data: data.to_vec(),
        };
        let layout = Layout::new("t", names.map(|name| (name.to_owned(), FieldType::OPEN)).to_vec(), Vec::new());
        let mut values = |record: &Json| {
            let record = record.to_string();
            let flat = flattener.flatten(record.as_bytes()).unwrap();
            layout.present(&flat, &mut scratch, false, |shown| {
                // The number of the event is a number or a text.
                shown.inputs.iter().take(names.len() - 1).map(|value| format!("{value:?}")).collect::<Vec<_>>()
            })
        };
        let expected = values(&EXPORTS[0].1(&event));
        assert_eq!(expected.iter().filter(|value| **value != format!("{:?}", Value::Absent)).count(), 2);
        for (exporter, export) in EXPORTS {
            assert_eq!(values(&export(&event)), expected, "`{first}`, `{second}` by {exporter}");
        }
    }
    assert_eq!(drawn, 20);
}

/// A record that is no Windows event keeps its names, also where it has a number of events.
#[test]
fn names_with_spaces_of_other_records_stay() {
    let (mut flattener, mut scratch) = (Flattener::new(), Scratch::default());
    let layout = Layout::new("t", vec![("Threat Name".to_owned(), FieldType::OPEN)], Vec::new());
    for number in
        ["\"event.code\":\"7\",", "\"EventID\":7,", "\"EventCode\":\"7\",", "\"event_id\":7,", "\"Channel\":\"c\",", ""]
    {
        let record = format!("{{{number}\"Threat Name\":\"x\"}}");
        let flat = flattener.flatten(record.as_bytes()).unwrap();
        let value = layout.present(&flat, &mut scratch, false, |shown| format!("{:?}", shown.inputs.first()));
        assert_eq!(value, format!("{:?}", Some(Value::Text(b"x"))), "{record}");
    }
}

/// Events carry what they like, and the log says what they are.
#[test]
fn what_an_event_carries_under_names_of_the_log_routes_nothing() {
    let mut flattener = Flattener::new();
    let flat = ["Splunk", "NXLog", "flat", "PowerShell", "Sentinel"];
    let nested = || EXPORTS.iter().filter(|(name, _)| !flat.iter().any(|flat| name.starts_with(flat)));
    assert!(nested().count() >= 12);
    for (template, event) in events().iter().step_by(7) {
        for (exporter, export) in nested() {
            let expected = routes(&mut flattener, &export(event));
            for own in ["EventID", "Channel", "Provider_Name", "Computer", "Level"] {
                let mut event = event.clone();
                event.data.push((own.to_owned(), "7".to_owned()));
                let record = export(&event);
                let name = &ROUTER.templates()[*template].name;
                let has_provider = record.to_string().contains(&format!("\"{}\"", event.provider));
                // Who wrote an event of which the log does not say it is what the event says.
                if own != "Provider_Name" || has_provider {
                    assert_eq!(routes(&mut flattener, &record), expected, "{name} by {exporter}: {record}");
                }
            }
        }
    }
}

/// What Splunk shows of a provider is its display name; what event data calls so is no provider.
#[test]
fn a_hint_that_is_no_provider_does_no_harm() {
    let mut flattener = Flattener::new();
    let find = |name: &str| vec![ROUTER.find(name).unwrap()];
    let security =
        json!({"LogName": "Security", "EventCode": 4624, "SourceName": "Microsoft Windows security auditing."});
    assert_eq!(routes(&mut flattener, &security), find("windows.security.event_4624"));
    let data =
        json!({"Channel": "Security", "EventID": 5058, "ProviderName": "Microsoft Software Key Storage Provider"});
    assert_eq!(routes(&mut flattener, &data), find("windows.security.event_5058"));
    // In a log that is anybody's, who wrote the event counts.
    let system = json!({"LogName": "System", "EventCode": 7045, "SourceName": "Somebody Else"});
    assert_eq!(routes(&mut flattener, &system), find("windows.system.other"));
    let own = json!({"LogName": "System", "EventCode": 7045, "SourceName": "Service Control Manager"});
    assert_eq!(routes(&mut flattener, &own), find("windows.system.service_installed"));
    let another = json!({"Channel": "Security", "EventID": 4624, "Provider_Name": "Somebody Else"});
    assert_eq!(routes(&mut flattener, &another), find("windows.security.other"));
    let mut unsaid = [find("windows.system.service_installed"), find("windows.system.other")].concat();
    unsaid.sort_unstable();
    assert_eq!(routes(&mut flattener, &json!({"Channel": "System", "EventID": 7045})), unsaid);
    assert_eq!(routes(&mut flattener, &json!({"EventID": 4624})), Vec::<usize>::new());
    let by_provider = json!({"Provider_Name": "Microsoft-Windows-Sysmon", "EventID": 1});
    assert_eq!(routes(&mut flattener, &by_provider), find("windows.sysmon.process_creation"));
}

/// The clearing of a log lies in System and carries the channel that was cleared.
#[test]
fn what_the_log_says_outranks_what_the_event_carries() {
    let system = json!({"Provider": {"#attributes": {"Name": "Microsoft-Windows-Eventlog"}}, "EventID": 104, "Channel": "System"});
    let cleared =
        |channel: &str| json!({"LogFileCleared": {"SubjectUserName": "u", "Channel": channel, "Level": "own"}});
    let template = ROUTER.find("windows.system.log_cleared").unwrap();
    let layout = Layout::of(&ROUTER.templates()[template], &[]);
    let (mut flattener, mut scratch) = (Flattener::new(), Scratch::default());
    for channel in ["Application", "Security", "System", "Microsoft-Windows-Sysmon/Operational", "Windows PowerShell"] {
        let forms = [
            format!(r#"{{"Event":{{"System":{system},"UserData":{}}}}}"#, cleared(channel)),
            format!(r#"{{"Event":{{"UserData":{},"System":{system}}}}}"#, cleared(channel)),
            format!(r#"{{"UserData":{},"System":{system}}}"#, cleared(channel)),
            json!({"winlog": {"channel": "System", "provider_name": "Microsoft-Windows-Eventlog", "event_id": 104,
                "user_data": {"Channel": channel, "SubjectUserName": "u"}}})
            .to_string(),
            json!({"winlog": {"user_data": {"Channel": channel, "SubjectUserName": "u"}, "event_id": 104,
                "channel": "System", "provider_name": "Microsoft-Windows-Eventlog"}})
            .to_string(),
        ];
        for form in forms {
            let flat = flattener.flatten(form.as_bytes()).unwrap();
            assert!(matches!(flat.get("Channel"), Some(Field::Text("System"))), "{form}");
            let mut found = Vec::new();
            ROUTER.route(&flat, None, &mut found);
            assert_eq!(found, [template], "{form}");
            // Keywords look at both.
            let shown = layout.present(&flat, &mut scratch, true, |event| {
                assert!(event.others.contains(&Value::from("System")), "{form}");
                assert_eq!(
                    event.others.iter().filter(|other| **other == Value::from(channel)).count(),
                    usize::from(channel == "System")
                );
                event.inputs[2] == Value::from(channel) && event.inputs[0] == Value::from("u")
            });
            assert!(shown, "{form}");
        }
        // A flat record has room for one of the two, and it is the event's own.
        let flat = json!({"Channel": channel, "Provider_Name": "Microsoft-Windows-Eventlog", "EventID": 104});
        assert_eq!(routes(&mut flattener, &flat), [template]);
    }
}

/// Whatever event data is called, what the log says stays.
#[test]
fn no_name_of_event_data_hides_what_the_log_says() {
    let mut flattener = Flattener::new();
    let names =
        ["Channel", "EventID", "Provider_Name", "Computer", "Version", "Level", "Task", "Keywords", "SystemTime"];
    for name in names {
        let mut system = BTreeMap::from(names.map(|name| (name.to_owned(), json!("log"))));
        system.remove("Provider_Name");
        system.remove("SystemTime");
        system.insert("Provider".to_owned(), json!({"#attributes": {"Name": "log"}}));
        system.insert("TimeCreated".to_owned(), json!({"#attributes": {"SystemTime": "log"}}));
        for data in [json!({name: "own"}), json!({"Data": [{"@Name": name, "#text": "own"}]}), json!({name: ["own"]})] {
            for record in [
                format!(r#"{{"Event":{{"System":{},"EventData":{data}}}}}"#, json!(system)),
                format!(r#"{{"Event":{{"EventData":{data},"System":{}}}}}"#, json!(system)),
            ] {
                let flat = flattener.flatten(record.as_bytes()).unwrap();
                for name in names {
                    assert!(matches!(flat.get(name), Some(Field::Text("log"))), "{name} {record}");
                }
                assert!(flat.get(&format!("EventData.{name}")).is_some(), "{record}");
            }
        }
    }
}

#[test]
fn a_wrapper_is_one_only_where_everything_in_it_is_the_wrappers() {
    let mut flattener = Flattener::new();
    let mut names = |record: &str| {
        let flat = flattener.flatten(record.as_bytes()).unwrap();
        flat.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(r#"{"_index":"\"i","_source":{"a":{"b":1}},"_id":"x"}"#), ["a.b"]);
    assert_eq!(names(r#"{"result":{"a":1},"preview":false}"#), ["a"]);
    assert_eq!(names(r#"{"result":{"a":1},"user":"u"}"#), ["result.a", "user"]);
    assert_eq!(names(r#"{"_source":"file.json","a":1}"#), ["_source", "a"]);
    assert_eq!(names(r#"{"_source":"file.json"}"#), ["_source"]);
    assert_eq!(names(r#"{"result":{"a":1},"_index":"i"}"#), ["result.a", "_index"]);
    assert_eq!(names(r#"{"outcome":{"result":{"a":1}}}"#), ["outcome.result.a"]);
    assert_eq!(names(r#"{"result":[{"a":1}]}"#), ["result.a"]);
    assert!(names("{}").is_empty());
    for broken in
        [r#"{"_source":{"a":1}"#, r#"{"_source":{"a":}}"#, r#"{"_source":{"a":1},}"#, r#"{"_source":{"a":1}}x"#]
    {
        assert!(Flattener::new().flatten(broken.as_bytes()).is_err(), "{broken}");
    }
}

#[test]
fn short_names_of_channels_are_hayabusas_alone() {
    let mut flattener = Flattener::new();
    let record = json!({"RuleTitle": "t", "Channel": "Sec", "EventID": 4624, "AllFieldInfo": {"TargetUserName": "u"}});
    assert_eq!(routes(&mut flattener, &record), [ROUTER.find("windows.security.event_4624").unwrap()]);
    assert_eq!(routes(&mut flattener, &json!({"Channel": "Sec", "EventID": 4624})), Vec::<usize>::new());
}

proptest! {
    /// A true condition more never loses an event: saying the provider as well changes nothing for whoever it is of.
    #[test]
    fn saying_more_of_an_event_loses_no_template_type(at in 0_usize..500, exporter in 0..EXPORTS.len(), hint in 0_usize..4) {
        let events = events();
        let (template, event) = &events[at % events.len()];
        let mut flattener = Flattener::new();
        let record = EXPORTS[exporter].1(event);
        let before = routes(&mut flattener, &record);
        let Json::Object(mut more) = record else { return Ok(()) };
        // Beside what a wrapper has, another name would make it none.
        prop_assume!(!more.contains_key("_source") && !more.contains_key("result"));
        let name = ["Provider_Name", "ProviderName", "SourceName", "EventSourceName"][hint];
        more.insert(name.to_owned(), json!(event.provider));
        let after = routes(&mut flattener, &Json::Object(more));
        if before.contains(template) {
            prop_assert!(after.contains(template), "{before:?} {after:?}");
        }
    }
}
