//! Single records: what is read, what it becomes, what is refused.
#![expect(clippy::unwrap_used, clippy::unreachable, reason = "a test may stop")]

use contentcheck_events::{Cause, Field, Flat, Flattener, limits};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// A flat record as text: `name=value` with lists in brackets.
fn shown(flat: &Flat<'_>) -> Vec<String> {
    fn value(field: Field<'_>) -> String {
        match field {
            Field::Null => "null".to_owned(),
            Field::Bool(value) => value.to_string(),
            Field::Number(text) => text.to_owned(),
            Field::Text(text) => format!("'{text}'"),
            Field::List(list) => format!("[{}]", list.map(value).collect::<Vec<_>>().join(",")),
        }
    }
    flat.iter().map(|(name, field)| format!("{name}={}", value(field))).collect()
}

fn flat(record: &str) -> Vec<String> {
    shown(&Flattener::new().flatten(record.as_bytes()).unwrap())
}

fn refused(record: &[u8]) -> Cause {
    match Flattener::new().flatten(record) {
        Err(cause) => cause,
        Ok(flat) => unreachable!("{:?}", shown(&flat)),
    }
}

#[test]
fn objects_become_dotted_names_and_arrays_lists() {
    assert_eq!(
        flat(r#"{"userIdentity":{"type":"Root","sessionContext":{"mfa":true}},"n":-1.50,"x":null,"a":[1,"b",[null]]}"#),
        ["userIdentity.type='Root'", "userIdentity.sessionContext.mfa=true", "n=-1.50", "x=null", "a=[1,'b',null]"]
    );
    assert_eq!(
        flat(r#"{"resources":[{"arn":"a","tags":["t"]},{"arn":"b"},"c"],"none":[],"nothing":{}}"#),
        ["resources.arn=['a','b']", "resources.tags=['t']", "resources=['c']", "none=[]"]
    );
}

#[test]
fn the_last_of_equal_names_counts() {
    let mut flattener = Flattener::new();
    let flat = flattener.flatten(br#"{"a":1,"b":{"c":1},"b.c":2,"a":[3]}"#).unwrap();
    assert_eq!(shown(&flat), ["a=[3]", "b.c=2"]);
    assert_eq!(flat.repeated(), 2);
    let flat = flattener.flatten(br#"{"a":[{"b":1}],"a":[{"b":2},{"b":3}]}"#).unwrap();
    assert_eq!(shown(&flat), ["a.b=[2,3]"]);
}

#[test]
fn event_logs_as_json_get_the_names_of_the_library() {
    let record = r##"{"Event":{"#attributes":{"xmlns":"x"},"System":{
        "Provider":{"#attributes":{"Name":"P","Guid":"G"}},
        "EventID":{"#attributes":{"Qualifiers":16384},"#text":7045},"Version":0,"Channel":"System","Computer":"C",
        "TimeCreated":{"#attributes":{"SystemTime":"T"}},"Security":{"#attributes":{"UserID":"S-1-5-18"}},"Correlation":null},
        "EventData":{"Image":"I","ProcessId":4}}}"##;
    assert_eq!(
        flat(record),
        [
            "Provider_Name='P'",
            "Provider_Guid='G'",
            "EventID_Qualifiers=16384",
            "EventID=7045",
            "Version=0",
            "Channel='System'",
            "Computer='C'",
            "SystemTime='T'",
            "Security_UserID='S-1-5-18'",
            "Correlation=null",
            "Image='I'",
            "ProcessId=4"
        ]
    );
}

#[test]
fn data_is_named_or_a_list() {
    let data = |data: &str| flat(&format!(r#"{{"Event":{{"EventData":{{"Data":{data}}}}}}}"#));
    assert_eq!(data(r#""x""#), ["Data='x'"]);
    assert_eq!(data(r##"{"#text":["a","b"]}"##), ["Data=['a','b']"]);
    assert_eq!(data(r#"["a",null,1]"#), ["Data=['a',null,1]"]);
    assert_eq!(
        data(
            r##"[{"@Name":"Image","#text":"I"},{"#attributes":{"Name":"Pid"},"#text":4},{"@Name":"Empty"},{"#text":"t"}]"##
        ),
        ["Image='I'", "Pid=4", "Empty=null", "Data=['t']"]
    );
    assert_eq!(data(r##"{"#attributes":{"Name":"Image"},"#text":"I"}"##), ["Image='I'"]);
    assert_eq!(data("[]"), Vec::<String>::new());
    assert_eq!(data("{}"), Vec::<String>::new());
    assert_eq!(
        flat(r##"{"Event":{"UserData":{"LogFileCleared":{"#attributes":{"xmlns":"u"},"SubjectUserName":"u"}}}}"##),
        ["SubjectUserName='u'"]
    );
}

/// Defender records `Threat Name` for what rules call `ThreatName`.
#[test]
fn blanks_in_names_of_event_data_do_not_count() {
    let data = |data: &str| flat(&format!(r#"{{"Event":{{"EventData":{data}}}}}"#));
    assert_eq!(
        data(r#"{"Source Name":"s","Threat  Name":"t","A B":["x"]}"#),
        ["SourceName='s'", "ThreatName='t'", "AB=['x']"]
    );
    assert_eq!(
        data(r##"{"Data":[{"@Name":"Source Name","#text":"s"},{"#attributes":{"Name":"Threat Name"},"#text":"t"}]}"##),
        ["SourceName='s'", "ThreatName='t'"]
    );
    // The name that is written just so counts, wherever it stands.
    for both in [r#"{"SourceName":"exact","Source Name":"b"}"#, r#"{"Source Name":"b","SourceName":"exact"}"#] {
        let mut read = data(both);
        read.sort();
        assert_eq!(read, ["Source Name='b'", "SourceName='exact'"]);
    }
    // A name without a value is not there.
    assert_eq!(data(r#"{"SourceName":null,"Source Name":"b"}"#), ["SourceName='b'", "Source Name=null"]);
    assert_eq!(data(r#"{"Source Name":null,"SourceName":"b"}"#), ["Source Name=null", "SourceName='b'"]);
    assert_eq!(data(r#"{"S ource":1,"So urce":2}"#), ["Source=1", "So urce=2"]);
    // Nowhere else.
    assert_eq!(flat(r#"{"Source Name":"s","a":{"b c":1}}"#), ["Source Name='s'", "a.b c=1"]);
    assert_eq!(flat(r#"{"system":{"Source Name":"s"}}"#), ["system.Source Name='s'"]);
    for data in ["winlog.event_data", "winlog.user_data", "EventData", "event_data", "UserData.X", "Event.UserData.X"] {
        let read = flat(&format!(r#"{{"Channel":"c","{data}.Source Name":"s"}}"#));
        assert_eq!(read, ["Channel='c'", "SourceName='s'"], "{data}");
    }
}

#[test]
fn winlogbeat_nested_and_dotted() {
    let nested = r#"{"@timestamp":"t","winlog":{"channel":"Security","event_id":"4624","provider_name":"P",
        "computer_name":"C","record_id":7,"task":"Logon","event_data":{"TargetUserName":"u"},
        "user":{"identifier":"S"},"process":{"pid":4,"thread":{"id":8}}},"event":{"code":"4624"}}"#;
    let expected = [
        "@timestamp='t'",
        "Channel='Security'",
        "EventID='4624'",
        "Provider_Name='P'",
        "Computer='C'",
        "EventRecordID=7",
        "winlog.task='Logon'",
        "TargetUserName='u'",
        "Security_UserID='S'",
        "Execution_ProcessID=4",
        "Execution_ThreadID=8",
        "event.code='4624'",
    ];
    assert_eq!(flat(nested), expected);
    let dotted = r#"{"winlog.channel":"Security","winlog.event_data.TargetUserName":"u"}"#;
    assert_eq!(flat(dotted), ["Channel='Security'", "TargetUserName='u'"]);
}

#[test]
fn escapes_and_halves_of_surrogate_pairs() {
    let record = "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\",\"b\":\"\\ud83dx\",\"c\":\"\\ud83d\\u0041\",\"\\u006b\":1}";
    assert_eq!(flat(record), ["a='\"\\/\u{8}\u{c}\n\r\té😀'", "b='\u{fffd}x'", "c='\u{fffd}A'", "k=1"]);
}

#[test]
fn numbers_keep_their_text() {
    assert_eq!(
        flat(r#"{"a":18446744073709551616,"b":1.10,"c":-9223372036854775808,"d":1E+2}"#),
        ["a=18446744073709551616", "b=1.10", "c=-9223372036854775808", "d=1E+2"]
    );
}

#[test]
fn what_is_no_object_is_refused() {
    for record in ["[]", "1", "\"x\"", "null", "[{}]", "-0.5e1", "true", "[[1],2,{\"a\":[]}]"] {
        assert_eq!(refused(record.as_bytes()), Cause::NotAnObject, "{record}");
    }
    for record in [
        "",
        "{",
        "{}x",
        "{}{}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{'a':1}",
        "{a:1}",
        "{\"a\":01}",
        "{\"a\":+1}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":1e}",
        "{\"a\":-}",
        "{\"a\":nul}",
        "{\"a\":True}",
        "{\"a\":NaN}",
        "{\"a\":\"\t\"}",
        "{\"a\":\"\0\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12\"}",
        "{\"a\":\"x",
        "{\"a\":[1",
        "{\"a\":[1,]}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1}\0",
        "\u{feff}{}",
        "{\"a\":\"\\",
        "{\"a\":\"\\ud83d\\u00\"}",
    ] {
        assert!(
            matches!(refused(record.as_bytes()), Cause::Syntax { .. }),
            "{record:?} {:?}",
            refused(record.as_bytes())
        );
    }
    assert_eq!(refused(b"{\"a\":\"\xff\"}"), Cause::NotUtf8(6));
    assert_eq!(refused(br#"{"a":1 "b":2}"#), Cause::Syntax { offset: 7, expected: "`,` or `}`" });
}

#[test]
fn bounds_are_exact() {
    let nested = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    assert_eq!(flat(&nested(limits::DEPTH as usize)).len(), 1);
    assert_eq!(refused(nested(limits::DEPTH as usize + 1).as_bytes()), Cause::TooDeep);
    let arrays = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(flat(&arrays(limits::DEPTH as usize - 1)), ["a=[]"]);
    assert_eq!(refused(arrays(limits::DEPTH as usize).as_bytes()), Cause::TooDeep);
    assert_eq!(refused(arrays(100_000).as_bytes()), Cause::TooDeep);
    assert_eq!(refused("[".repeat(100_000).as_bytes()), Cause::TooDeep);

    let names =
        |count: usize| format!("{{{}}}", (0..count).map(|at| format!("\"k{at}\":{at}")).collect::<Vec<_>>().join(","));
    assert_eq!(flat(&names(limits::NAMES)).len(), limits::NAMES);
    assert_eq!(refused(names(limits::NAMES + 1).as_bytes()), Cause::TooManyNames);
    let members = |count: usize| format!("{{\"a\":[{}]}}", vec!["{\"b\":1}"; count].join(","));
    assert_eq!(flat(&members(limits::MEMBERS - 1)).len(), 1);
    assert_eq!(refused(members(limits::MEMBERS).as_bytes()), Cause::TooManyNames);

    let name = |len: usize| format!("{{\"{}\":1}}", "k".repeat(len));
    assert_eq!(flat(&name(limits::NAME_BYTES)).len(), 1);
    assert_eq!(refused(name(limits::NAME_BYTES + 1).as_bytes()), Cause::NameTooLong);
    let path = format!("{{\"{}\":{{\"b\":[{{\"c\":1}}]}}}}", "k".repeat(limits::NAME_BYTES));
    assert_eq!(refused(path.as_bytes()), Cause::NameTooLong);
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(limits::RECORD_BYTES));
    assert_eq!(refused(long.as_bytes()), Cause::TooLong);
}

#[test]
fn many_names_are_each_found_once() {
    let mut flattener = Flattener::new();
    for count in [127, 128, 129, 130, 1_000, limits::NAMES, 3] {
        let members: Vec<String> = (0..count).map(|at| format!("\"k{at}\":{at}")).collect();
        let again: Vec<String> = (0..count).step_by(2).map(|at| format!("\"k{at}\":[{at}]")).collect();
        let record = format!("{{{},{}}}", members.join(","), again.join(","));
        let flat = flattener.flatten(record.as_bytes()).unwrap();
        assert_eq!((flat.len(), flat.repeated() as usize), (count, again.len()));
        for at in 0..count {
            let found = format!("{:?}", flat.get(&format!("k{at}")).map(|field| matches!(field, Field::List(_))));
            assert_eq!(found, format!("Some({})", at % 2 == 0), "{count} {at}");
        }
        assert!(flat.get(&format!("k{count}")).is_none());
    }
}

#[test]
fn a_flattener_forgets_the_record_before() {
    let mut flattener = Flattener::new();
    for _ in 0..3 {
        assert_eq!(shown(&flattener.flatten(br#"{"a\n":["\u0041"],"b":2}"#).unwrap()), ["a\n=['A']", "b=2"]);
        assert!(flattener.flatten(br#"{"c":{"d":["#).is_err());
        assert_eq!(shown(&flattener.flatten(br#"{"b":1}"#).unwrap()), ["b=1"]);
    }
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has no such number", |value| value.is_finite()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        r#"[A-Z]:(\\[a-z "]{1,9}){1,6}"#.prop_map(Value::from),
    ]
}

fn agrees(field: Field<'_>, value: &Value) -> bool {
    match (field, value) {
        (Field::Null, Value::Null) => true,
        (Field::Bool(a), Value::Bool(b)) => a == *b,
        (Field::Number(text), Value::Number(number)) => text == number.to_string(),
        (Field::Text(a), Value::String(b)) => a == b,
        (Field::List(list), Value::Array(array)) => {
            list.len() == array.len() && list.zip(array).all(|(field, value)| agrees(field, value))
        }
        _ => false,
    }
}

proptest! {
    #[test]
    fn a_flat_event_reads_back(
        event in prop::collection::hash_map("[^.]{0,12}", prop_oneof![
            4 => scalar(),
            1 => prop::collection::vec(scalar(), 0..5).prop_map(Value::from),
        ], 0..40),
        pretty in any::<bool>(),
    ) {
        let event: Map<String, Value> = event.into_iter().collect();
        let text = if pretty { serde_json::to_string_pretty(&event) } else { serde_json::to_string(&event) }.unwrap();
        let mut flattener = Flattener::new();
        let flat = flattener.flatten(text.as_bytes()).unwrap();
        prop_assert_eq!(flat.len(), event.len());
        prop_assert_eq!(flat.repeated(), 0);
        for (name, value) in &event {
            let field = flat.get(name).unwrap();
            prop_assert!(agrees(field, value), "{name:?} {field:?} {value:?}");
        }
    }

    #[test]
    fn it_accepts_what_serde_json_accepts(text in r#"[\{\}\[\]:,"\\ntrue0-9.eE+\- a]{0,40}"#) {
        let ours = Flattener::new().flatten(text.as_bytes()).map(|_| ()).err();
        // A number beyond f64 is JSON all the same; serde_json refuses it.
        let beyond = |error: &serde_json::Error| error.to_string().contains("number out of range");
        match serde_json::from_str::<Value>(&text) {
            Ok(Value::Object(_)) => prop_assert_eq!(ours, None),
            Ok(_) => prop_assert_eq!(ours, Some(Cause::NotAnObject)),
            Err(error) if beyond(&error) => {}
            Err(error) => prop_assert!(matches!(ours, Some(Cause::Syntax { .. })), "{ours:?} {error}"),
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(Flattener::new().flatten(&bytes).map(|flat| flat.len()));
    }

    #[test]
    fn a_changed_byte_does_no_harm(at in 0_usize..400, byte in any::<u8>()) {
        let event = json!({"Event": {"System": {"EventID": {"#text": 1}}, "EventData": {"Data": [{"@Name": "a", "#text": "\\\u{e9}"}, "b", 1.5, null, [true]]}},
            "winlog": {"event_data": {"x": "y"}}, "list": [{"a": {"b": [1, 2]}}, {"a": {}}]});
        let mut text = event.to_string().into_bytes();
        let len = text.len();
        text[at % len] = byte;
        let ours = Flattener::new().flatten(&text).is_ok();
        let theirs = serde_json::from_slice::<Value>(&text).is_ok();
        prop_assert_eq!(ours, theirs);
    }
}

/// What a record that is no event of Windows calls as an exporter of those does is a name of its own.
#[test]
fn records_of_others_keep_their_names() {
    let names = [
        "winlog.event_data",
        "Event.EventData",
        "Event.System",
        "data.win.eventdata",
        "event_data",
        "user_data",
        "EventData",
        "UserData",
        "AllFieldInfo",
        "ExtraFieldInfo",
    ];
    for name in names {
        let inner =
            name.rsplit('.').fold(r#"{"s1":"good"}"#.to_owned(), |inner, part| format!(r#"{{"{part}":{inner}}}"#));
        let object = inner.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')).unwrap();
        let dotted = format!("{name}.s1");
        for text in [
            format!(r#"{{"src":"acme","s1":"evil",{object}}}"#),
            format!(r#"{{{object},"src":"acme","s1":"evil"}}"#),
            format!(r#"{{"src":"acme","s1":"evil","{dotted}":"good"}}"#),
            format!(r#"{{"Channel":null,"src":"acme","s1":"evil",{object}}}"#),
            format!(r#"{{"EventID":"","src":"acme","s1":"evil",{object}}}"#),
            format!(r#"{{"EventID":[],"Channel":" ","Provider_Name":false,"src":"acme","s1":"evil",{object}}}"#),
        ] {
            let mut flattener = Flattener::new();
            let flat = flattener.flatten(text.as_bytes()).unwrap();
            assert!(matches!(flat.get("s1"), Some(Field::Text("evil"))), "{text}");
            assert!(matches!(flat.get(&dotted), Some(Field::Text("good"))), "{text}");
        }
        // With a word of the log's it is one.
        for known in
            [r#""Channel":"Security""#, r#""EventID":4624"#, r#""LogName":"Security""#, r#""Provider_Name":"P""#]
        {
            let text = format!(r#"{{{known},"s2":"evil",{object}}}"#);
            let mut flattener = Flattener::new();
            let flat = flattener.flatten(text.as_bytes()).unwrap();
            let is_read = |name: &str| matches!(flat.get(name), Some(Field::Text("good")));
            assert!(is_read("s1") || is_read("S1"), "{text}");
            assert!(flat.get(&dotted).is_none(), "{text}");
        }
    }
}

/// What says two things is said to: a name twice in one object, or two values of a name that is spelt both ways, whichever comes first. What says
/// one thing twice, and the elements of one list, say nothing else.
#[test]
fn a_name_has_one_value_however_it_is_spelt() {
    let says = |text: &str| {
        let mut flattener = Flattener::new();
        let flat = flattener.flatten(text.as_bytes()).expect("a record");
        flat.twice().map(|cause| cause.to_string())
    };
    let spelt = |name: &str| Some(format!("`{name}` has two values: as one name, and as names within each other"));
    for (text, expected) in [
        (r#"{"a.b": 1, "a": {"b": 2}}"#, spelt("a.b")),
        (r#"{"a": {"b": 2}, "a.b": 1}"#, spelt("a.b")),
        (r#"{"a": {"b.c": 2}, "a.b": {"c": "2"}}"#, spelt("a.b.c")),
        (r#"{"x": {"a.b": null, "a": {"b": true}}}"#, spelt("x.a.b")),
        (r#"{"a.b": [1, 2], "a": {"b": [1, 3]}}"#, spelt("a.b")),
        (r#"{"a.b": 1, "a": [{"b": 1}, {"b": 2}]}"#, spelt("a.b")),
        (r#"{"a": [{"b": 1}, {"b": 2}], "a.b": 1}"#, spelt("a.b")),
        (r#"{"a.b": 1, "a": {"b": 1}}"#, None),
        (r#"{"a.b": [1, 2], "a": {"b": [1, 2]}}"#, None),
        (r#"{"a": [{"b": 1}, {"b": 2}, {"b": [3, 4]}]}"#, None),
        (r#"{"a": [[1, 2], [3]], "a.b": [[1], [2]]}"#, None),
        (r#"{"a": {"b": 1}, "c": {"b": 2}, "b": 3}"#, None),
        (r#"{"event_data": {"user": "x"}, "user": "y"}"#, None),
        (r#"{"a": {"b": 1, "b": 2}}"#, Some("`b` appears twice in one object".to_owned())),
    ] {
        assert_eq!(says(text), expected, "{text}");
    }
}
