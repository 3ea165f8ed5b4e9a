//! Typing and routing, on template types made for it.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop")]

use std::sync::Arc;

use contentcheck_events::{Flat, Flattener, Layout, Owned, Router, Scratch, Tally};
use contentcheck_interpreter::{Scalar, Value};
use contentcheck_model::diagnostic::Sink;
use contentcheck_model::source::Source;
use contentcheck_model::template::{FieldType, TemplateType};
use contentcheck_model::value::Value as OwnedValue;
use contentcheck_parser::native;
use proptest::prelude::*;

fn fields(fields: &[(&str, &str)]) -> Vec<(String, FieldType)> {
    fields.iter().map(|(name, ty)| ((*name).to_owned(), FieldType::parse(ty).unwrap())).collect()
}

fn templates(text: &str) -> Vec<Arc<TemplateType>> {
    let source = Source::new("test.content", text);
    let parsed = native::parse(&source);
    let mut sink = Sink::new(&source);
    let found = native::templates(&parsed.ast, &mut sink);
    let problems = [parsed.diagnostics, sink.finish()].concat();
    assert!(problems.is_empty(), "{problems:?}");
    found.into_iter().map(Arc::new).collect()
}

/// A value as a person reads it: its text as text.
fn shown(value: &Value<'_>) -> String {
    match value {
        Value::Text(bytes) => format!("Text({:?})", std::str::from_utf8(bytes).unwrap()),
        Value::List(items) => format!("List([{}])", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        value => format!("{value:?}"),
    }
}

/// The value of `v` in a type, as text, and whether it is a misfit.
fn typed(record: &str, ty: &str) -> (String, bool) {
    let layout = Layout::new("t", fields(&[("v", ty)]), vec![]);
    let (mut flattener, mut scratch) = (Flattener::new(), Scratch::default());
    let flat = flattener.flatten(record.as_bytes()).unwrap();
    let value = layout.present(&flat, &mut scratch, false, |event| shown(&event.inputs[0]));
    (value, !scratch.misfits().is_empty())
}

#[test]
fn values_convert() {
    let cases = [
        ("string", r#""x""#, r#"Text("x")"#),
        ("string", "1.50", r#"Text("1.50")"#),
        ("string", "18446744073709551616", r#"Text("18446744073709551616")"#),
        ("string", "true", r#"Text("true")"#),
        ("string", "false", r#"Text("false")"#),
        ("string", r#""""#, r#"Text("")"#),
        ("string", "[]", "Absent"),
        ("string", "[5]", r#"Text("5")"#),
        ("string", "[null]", "Absent"),
        ("string", r#"["a\"\\\n\u0001é", 1.0, null, true]"#, r#"Text("[\"a\\\"\\\\\\n\\u0001é\",1.0,null,true]")"#),
        ("int", "7", "Int(7)"),
        ("int", "7.0", "Int(7)"),
        ("int", r#""-7""#, "Int(-7)"),
        ("int", r#""0xff""#, "Int(255)"),
        ("int", "[3]", "Int(3)"),
        ("float", "7", "Float(7.0)"),
        ("float", r#""1e3""#, "Float(1000.0)"),
        ("bool", "true", "Bool(true)"),
        ("bool", r#""FALSE""#, "Bool(false)"),
        ("ip", r#""10.0.0.1""#, "Ip(10.0.0.1)"),
        ("ip", r#""::ffff:1.2.3.4""#, "Ip(::ffff:1.2.3.4)"),
        ("bytes", r#""00fF""#, "Bytes([0, 255])"),
        ("list<string>", r#"["a", 1, null, true]"#, r#"List([Text("a"), Text("1"), Text("true")])"#),
        ("list<string>", r#""a""#, r#"List([Text("a")])"#),
        ("list<string>", "[]", "List([])"),
        ("list<bytes>", r#"["01", "0x02"]"#, "List([Bytes([1]), Bytes([2])])"),
        ("list<int>", "4", "List([Int(4)])"),
    ];
    for (ty, value, expected) in cases {
        assert_eq!(typed(&format!("{{\"v\":{value}}}"), ty), (expected.to_owned(), false), "{value} as {ty}");
    }
    for ty in ["string", "int", "float", "bool", "ip", "bytes", "list<int>"] {
        assert_eq!(typed("{\"v\":null}", ty), ("Absent".to_owned(), false));
        assert_eq!(typed("{\"V\":1,\"v \":1,\"w.v\":1}", ty), ("Absent".to_owned(), false), "names match exactly");
    }
    let misfits = [
        ("int", "7.5"),
        ("int", "9223372036854775808"),
        ("int", r#""""#),
        ("int", r#""x""#),
        ("int", "true"),
        ("int", "[1,2]"),
        ("float", r#""nan""#),
        ("bool", "1"),
        ("bool", r#""yes""#),
        ("ip", r#""10.0.0""#),
        ("ip", "10"),
        ("bytes", r#""abc""#),
        ("bytes", "12"),
        ("list<int>", r#""x""#),
    ];
    for (ty, value) in misfits {
        assert_eq!(typed(&format!("{{\"v\":{value}}}"), ty), ("Absent".to_owned(), true), "{value} as {ty}");
    }
    assert_eq!(typed(r#"{"v":[1,"x",3]}"#, "list<int>"), ("List([Int(1), Int(3)])".to_owned(), true));
}

#[test]
fn inputs_header_and_others_keep_their_places() {
    let layout = Layout::new(
        "t",
        fields(&[("b", "list<bytes>"), ("a", "string"), ("absent", "int"), ("a", "list<string>")]),
        fields(&[("Level", "int"), ("a", "int")]),
    );
    let (mut flattener, mut scratch) = (Flattener::new(), Scratch::default());
    let mut tally = Tally::new();
    for _ in 0..2 {
        let flat =
            flattener.flatten(br#"{"x":[1,null,"y"],"Level":"4","a":"A","b":["01"],"z":true,"n":null}"#).unwrap();
        layout.present(&flat, &mut scratch, true, |event| {
            assert_eq!(
                event.inputs,
                [Value::List(&[Value::Bytes(&[1])]), Value::from("A"), Value::Absent, Value::List(&[Value::from("A")])]
            );
            assert_eq!(event.header, [Value::Int(4), Value::Absent]);
            let array = Value::from(r#"[1,null,"y"]"#);
            assert_eq!(
                event.others,
                [Value::from("01"), array, Value::from("1"), Value::from("y"), Value::from("true")]
            );
        });
        assert_eq!(scratch.misfits(), [5]);
        tally.add(&layout, &scratch);
        layout.present(&flat, &mut scratch, false, |event| assert_eq!(event.others, []));
    }
    let mut more = tally.clone();
    more.merge(tally);
    assert_eq!(more.iter().collect::<Vec<_>>(), [("t", "a", 4)]);
    assert_eq!(more.total(), 4);
    let names: Vec<&str> = layout.supplied_inputs().iter().map(|input| input.name).collect();
    assert_eq!(names, ["b", "a", "absent", "a"]);
    let first = layout.supplied_inputs()[0];
    assert_eq!((first.ty.scalar, first.ty.list, first.ty.optional), (Scalar::Bytes, true, false));
    assert_eq!(layout.supplied_header().iter().map(|input| input.ty.scalar).collect::<Vec<_>>(), [Scalar::Int; 2]);
    let empty = Layout::new("t", vec![], vec![]);
    let flat = flattener.flatten(br#"{"a":1}"#).unwrap();
    empty.present(&flat, &mut scratch, true, |event| {
        assert_eq!((event.inputs.len(), event.header.len(), event.others), (0, 0, &[Value::from("1")][..]));
    });
}

#[test]
fn owned_values_stand_under_the_fields_of_the_template_type() {
    let template = &templates(
        r#"template t.open @ 1 {
            serves { product: windows, service: t }
            reads { Channel: "T", EventID: [1, 2] }
            header { Level: int? }
            open
            1 a : list<string>? nocase
            retired 2
            3 pid : int?
        }"#,
    )[0];
    let layout = Layout::of(template, &["undeclared", "Channel"]);
    let (mut flattener, mut scratch) = (Flattener::new(), Scratch::default());
    let flat = flattener
        .flatten(br#"{"Channel":"t","EventID":2,"Level":4,"a":"x","pid":"0x10","undeclared":[1,2],"rest":{"y":5}}"#)
        .unwrap();
    let text = |text: &str| OwnedValue::String(text.to_owned());
    assert_eq!(
        layout.owned(&flat, template, true, &mut scratch),
        Owned {
            values: vec![
                (template.at(1).unwrap(), OwnedValue::List(vec![text("x")])),
                (template.at(3).unwrap(), OwnedValue::Int(16)),
                (template.named("Channel"), text("T")),
                (template.named("EventID"), OwnedValue::Int(2)),
                (template.named("undeclared"), text("[1,2]")),
                (template.named("Channel"), text("T")),
                (template.named("Level"), OwnedValue::Int(4)),
            ],
            // What was recorded of an integer, and the elements of an array that is one text.
            others: vec![text("0x10"), text("1"), text("2"), text("5")],
        }
    );
}

const ROUTES: &str = r#"
    template a.one @ 1 { serves { product: p, service: a } reads { Channel: "A", EventID: 1 } }
    template a.two @ 1 { serves { product: p, service: a } reads { EventID: [2, 3], Channel: ["A", "B"] } }
    template a.text @ 1 { serves { product: p, service: a } reads { Channel: "A", Kind: "0x10" } }
    template a.other @ 1 { serves { product: p, service: a } reads { Channel: "A" } open }
    template generic @ 1 { serves { product: p, category: g } reads { Channel: ["A", "B", "C"] } }
    template unrouted @ 1 { serves { product: q } open }
"#;

fn routes(router: &Router, flat: &Flat<'_>, forced: Option<usize>) -> Vec<String> {
    let mut routes = vec![99];
    router.route(flat, forced, &mut routes);
    routes.iter().map(|route| router.templates()[*route].name.clone()).collect()
}

#[test]
fn events_go_where_they_are_recognised() {
    let router = Router::new(templates(ROUTES));
    let cases: [(&str, &[&str]); 15] = [
        (r#"{"Channel":"A","EventID":1}"#, &["a.one", "generic"]),
        (r#"{"Channel":"a","EventID":"1"}"#, &["a.one", "generic"]),
        (r#"{"Channel":"A","EventID":1.0}"#, &["a.one", "generic"]),
        (r#"{"Channel":"A","EventID":"0x1"}"#, &["a.one", "generic"]),
        (r#"{"Channel":"A","EventID":[1]}"#, &["a.one", "generic"]),
        (r#"{"Channel":"A","EventID":[1,1]}"#, &["a.other", "generic"]),
        (r#"{"Channel":"B","EventID":3}"#, &["a.two", "generic"]),
        (r#"{"Channel":"B","EventID":1}"#, &["generic"]),
        (r#"{"Channel":"A","EventID":9}"#, &["a.other", "generic"]),
        (r#"{"Channel":"A"}"#, &["a.other", "generic"]),
        (r#"{"Channel":"A","EventID":null}"#, &["a.other", "generic"]),
        (r#"{"Channel":"A","Kind":"0X10"}"#, &["a.text", "generic"]),
        // Rules would see `16` there, which is none of the values.
        (r#"{"Channel":"A","Kind":16}"#, &["a.other", "generic"]),
        (r#"{"Channel":"D","EventID":1}"#, &[]),
        (r#"{"EventID":1}"#, &[]),
    ];
    let mut flattener = Flattener::new();
    for (record, expected) in cases {
        let flat = flattener.flatten(record.as_bytes()).unwrap();
        assert_eq!(routes(&router, &flat, None), expected, "{record}");
    }
}

#[test]
fn a_forced_template_type_takes_all_but_what_contradicts_it() {
    let router = Router::new(templates(ROUTES));
    let (one, unrouted) = (router.find("a.one"), router.find("unrouted"));
    assert_eq!(router.find("a.none"), None);
    let mut flattener = Flattener::new();
    let mut on = |record: &str, forced| routes(&router, &flattener.flatten(record.as_bytes()).unwrap(), forced);
    assert_eq!(on(r#"{"Channel":"A","EventID":2}"#, unrouted), ["unrouted"]);
    assert_eq!(on("{}", unrouted), ["unrouted"]);
    assert_eq!(on(r#"{"Image":"x"}"#, one), ["a.one"]);
    assert_eq!(on(r#"{"EventID":"1"}"#, one), ["a.one"]);
    assert_eq!(on(r#"{"EventID":null}"#, one), ["a.one"]);
    assert_eq!(on(r#"{"EventID":2}"#, one), Vec::<String>::new());
}

#[test]
fn more_values_than_are_filed_are_tried_one_by_one() {
    let list = |from: usize| (from..from + 80).map(|value| value.to_string()).collect::<Vec<_>>().join(", ");
    let text =
        format!("template many @ 1 {{ serves {{ product: p }} reads {{ a: [{}], b: [{}] }} }}", list(0), list(100));
    let router = Router::new(templates(&text));
    let mut flattener = Flattener::new();
    let mut on = |record: &str| routes(&router, &flattener.flatten(record.as_bytes()).unwrap(), None);
    assert_eq!(on(r#"{"a":79,"b":"100"}"#), ["many"]);
    assert_eq!(on(r#"{"a":80,"b":100}"#), Vec::<String>::new());
}

proptest! {
    /// The index finds what a walk over all template types finds.
    #[test]
    fn the_index_misses_nothing(
        channel in prop_oneof![Just("\"A\""), Just("\"b\""), Just("\"c\""), Just("\"D\""), Just("null"), Just("[\"A\"]"), Just("1")],
        id in prop_oneof![(0_i64..5).prop_map(|id| id.to_string()), (0_i64..5).prop_map(|id| format!("\"0x{id}\"")), (0_i64..5).prop_map(|id| format!("{id}e0")), Just("\"+1\"".to_owned())],
    ) {
        let all = templates(ROUTES);
        let whole = Router::new(all.clone());
        let mut flattener = Flattener::new();
        let record = format!("{{\"Channel\":{channel},\"EventID\":{id}}}");
        let flat = flattener.flatten(record.as_bytes()).unwrap();
        let found = routes(&whole, &flat, None);
        for template in all {
            // Alone and forced, a template type is tried without an index.
            let name = template.name.clone();
            let reads: Vec<String> = template.reads.iter().map(|recognition| recognition.name.clone()).collect();
            let complete = !reads.is_empty() && reads.iter().all(|name| flat.get(name).is_some_and(|field| !matches!(field, contentcheck_events::Field::Null)));
            let alone = Router::new([template]);
            let recognised = complete && !routes(&alone, &flat, Some(0)).is_empty();
            if name != "a.other" {
                prop_assert_eq!(found.contains(&name), recognised, "{} {}", record, name);
            }
        }
    }
}
