//! What a sensor refuses when it loads an image, and what it refuses of an event.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use contentcheck_compiler::event::with_event;
use contentcheck_compiler::sensor::{Memory, Supplied};
use contentcheck_compiler::{Options, compile};
use contentcheck_generators::Choices;
use contentcheck_interpreter::{
    BoundEvent, Capacity, Event, Fault, Image, Input, KillList, Manifest, Rejection, Resource, Value, VerifiedImage,
    Versioning,
};
use contentcheck_model::language::Language;
use contentcheck_model::sensor::{self, Constraint, Sensor};
use contentcheck_model::source::Source;
use contentcheck_model::template::TemplateType;
use contentcheck_model::value::Value as Owned;
use contentcheck_parser::release::{Checking, Gathered, Shippable, Tables, WithErrors};

fn shippable(files: &[(&str, &str)], library: Arc<[Arc<TemplateType>]>, tables: Tables) -> Shippable {
    let sources: Vec<(Source, Language)> =
        files.iter().map(|(name, text)| (Source::new(*name, *text), Language::of(name).unwrap())).collect();
    let gathered = Gathered { library, tables, ..Gathered::of(sources) };
    gathered.check(&Checking::default()).judge().ship(WithErrors::LeaveOut).unwrap()
}

fn image_of(text: &str, options: Options) -> Vec<u8> {
    let content = shippable(&[("a.content", text)], Arc::default(), Tables::default());
    assert!(!content.rules().is_empty());
    compile(&content, options).unwrap()
}

fn incident(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus/incidents").join(name)
}

/// The content of an incident, as it would be without the lint's verdict on its sensors.
fn content_of(name: &str) -> Shippable {
    let directory = incident(name);
    let mut files: Vec<(String, String)> = Vec::new();
    for path in fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()) {
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        if Language::of(&file).is_some() {
            files.push((file, fs::read_to_string(&path).unwrap()));
        }
    }
    files.sort();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let tables = Tables::new(move |path| fs::read(directory.join(path)).ok());
    shippable(&files, contentcheck_library::templates().unwrap(), tables)
}

fn manifest_file(path: &Path) -> Sensor {
    sensor::Manifest::parse(&Source::new("m.json", fs::read_to_string(path).unwrap())).unwrap()
}

fn builtin(selector: &str) -> Sensor {
    contentcheck_library::sensors(selector).next().unwrap().parse().unwrap()
}

/// Loads an image on a sensor, and hands what is loaded to `then`.
fn load<R>(
    bytes: &[u8],
    sensor: &Sensor,
    then: impl FnOnce(Result<VerifiedImage<'_>, Rejection>, &Supplied<'_>) -> R,
) -> R {
    let image = Image::read(bytes).unwrap();
    let supplied = Supplied::of_sensor(sensor);
    let supplies = supplied.supplies();
    let mut memory = Memory::of(&image);
    then(image.verify(&supplied.manifest(&supplies), memory.workspace()), &supplied)
}

fn refusal(bytes: &[u8], sensor: &Sensor) -> Rejection {
    load(bytes, sensor, |loaded, _| loaded.err().unwrap())
}

/// The names of the rule and the input that a rejection speaks of.
fn named(bytes: &[u8], rule: u32, input: u32) -> (String, String) {
    let image = Image::read(bytes).unwrap();
    let record = image.input(input).unwrap();
    (image.rule(rule).unwrap().name.to_owned(), image.name(record.name, record.name_len).to_owned())
}

/// The names of the rules that match an event given by names.
fn matches(
    verified: &VerifiedImage<'_>,
    supplied: &Supplied<'_>,
    template: &str,
    event: &[(&str, Owned)],
) -> Vec<String> {
    let number = verified.templates_named(template).next().unwrap();
    let (_, inputs) = supplied.templates().iter().find(|(name, _)| *name == template).unwrap();
    let value = |name: &str| event.iter().find(|(other, _)| *other == name).map(|(_, value)| value);
    let mut scratch = vec![0; verified.scratch_words()];
    let mut found = Vec::new();
    with_event(inputs, supplied.header(), value, &[], |event| {
        let bound = verified.bind(number, event).unwrap();
        let numbers = rules_of(&bound, &KillList::NONE, &mut scratch);
        found.extend(numbers.into_iter().map(|rule| verified.image().rule(rule).unwrap().name.to_owned()));
    });
    found
}

/// The numbers of the rules that match.
fn rules_of(bound: &BoundEvent<'_>, kill: &KillList<'_>, scratch: &mut [u64]) -> Vec<u32> {
    let mut found = Vec::new();
    let done = bound.evaluate(kill, scratch, u64::MAX, |rule| {
        found.push(rule);
        ControlFlow::Continue(())
    });
    assert!(done.unwrap().is_whole());
    found
}

fn text(text: &str) -> Owned {
    Owned::String(text.to_owned())
}

#[test]
fn the_21st_input_is_refused_by_a_sensor_that_supplies_20() {
    let content = content_of("channel-file-291");
    assert_eq!(content.rules().len(), 2);
    let sensor = manifest_file(&incident("channel-file-291").join("manifests/falcon-like-7.11.json"));
    let bytes = compile(&content, Options::default()).unwrap();
    let Rejection::UnsuppliedInput { rule, input, .. } = refusal(&bytes, &sensor) else { panic!("it is loaded") };
    let (rule, input) = named(&bytes, rule, input);
    assert_eq!(input, "impersonation_token");
    assert!(content.rules().iter().any(|other| other.name == rule));
    // Where the release says so, just the rules that ask for it are left out, and 20 values are an event.
    let bytes = compile(&content, Options { skip_unsupplied: true, ..Options::default() }).unwrap();
    load(&bytes, &sensor, |loaded, supplied| {
        let verified = loaded.unwrap();
        assert_eq!(verified.loaded_rules(), 0);
        let event = [("pipe_name", text(r"\pipe\stage_1"))];
        assert!(matches(&verified, supplied, "ipc.named_pipe", &event).is_empty());
    });
}

#[test]
fn a_rule_that_reads_by_name_runs_where_an_input_was_inserted() {
    let content = content_of("sysmon-4.0-4.1");
    let (old, new) = (builtin("sysmon/4.0"), builtin("sysmon/4.1"));
    let bytes = compile(&content, Options::default()).unwrap();
    load(&bytes, &old, |loaded, _| assert_eq!(loaded.unwrap().loaded_rules(), 3));
    let Rejection::Position { rule, input, .. } = refusal(&bytes, &new) else { panic!("it is loaded") };
    let (rule, input) = named(&bytes, rule, input);
    assert!(["CommandLine", "ParentCommandLine"].contains(&input.as_str()), "{input}");
    assert_ne!(rule, "1e63fcb1-4536-472c-a2e6-13e4db04ddca");
    // The rule that reads by name sees the same at other places.
    let bytes = compile(&content, Options { skip_unsupplied: true, ..Options::default() }).unwrap();
    let event = |command: &str| [("Image", text(r"C:\Windows\certutil.exe")), ("CommandLine", text(command))];
    let mut places = Vec::new();
    for (sensor, rules) in [(&old, 3), (&new, 1)] {
        load(&bytes, sensor, |loaded, supplied| {
            let verified = loaded.unwrap();
            assert_eq!(verified.loaded_rules(), rules);
            let template = "windows.sysmon.process_creation";
            let found = matches(&verified, supplied, template, &event("certutil -urlcache http://x"));
            assert_eq!(found, ["1e63fcb1-4536-472c-a2e6-13e4db04ddca"]);
            assert!(matches(&verified, supplied, template, &event("certutil -dump")).is_empty());
            let (_, inputs) = supplied.templates().iter().find(|(name, _)| *name == template).unwrap();
            places.push(inputs.iter().position(|input| input.name == "CommandLine").unwrap());
        });
    }
    assert_eq!(places, [8, 9]);
}

#[test]
fn a_logon_event_that_grew_is_refused_where_it_had_not_grown() {
    let bytes = compile(&content_of("windows-4624"), Options::default()).unwrap();
    let Rejection::UnsuppliedInput { rule, input, .. } = refusal(&bytes, &builtin("windows/6.1.7600")) else {
        panic!("it is loaded")
    };
    assert_eq!(named(&bytes, rule, input).1, "ImpersonationLevel");
    load(&bytes, &builtin("windows/10.0.17134"), |loaded, _| assert_eq!(loaded.unwrap().loaded_rules(), 1));
}

/// What lint refuses for the rule's own sake is in no image; what runs after all is bounded or can be switched off.
#[test]
fn the_other_incidents_are_contained() {
    for name in ["blank-required-fields", "doubled-feature-file"] {
        assert!(content_of(name).rules().is_empty(), "{name}: what lint refuses is in the content");
    }
    // One rule that matches everything is switched off; the others go on.
    let content = content_of("matches-everything");
    let bytes = compile(&content, Options::default()).unwrap();
    let image = Image::read(&bytes).unwrap();
    let recorder = Supplied::of_recorder(&image, "recorder", "1");
    let supplies = recorder.supplies();
    let mut memory = Memory::of(&image);
    let verified = image.verify(&recorder.manifest(&supplies), memory.workspace()).unwrap();
    let number = verified.templates_named("web.result").next().unwrap();
    let mut scratch = vec![0; verified.scratch_words()];
    let values = [Value::from("https://harmless.example/")];
    let bound = verified.bind(number, Event { inputs: &values, header: &[], others: &[] }).unwrap();
    let found = rules_of(&bound, &KillList::NONE, &mut scratch);
    assert_eq!(found.len(), 1, "the list holds `*`");
    let name = image.rule(*found.first().unwrap()).unwrap().name;
    let mut words = vec![u64::MAX; verified.kill_words()];
    let kill = verified.kill([name], &mut words).unwrap();
    assert_eq!((kill.unknown(), rules_of(&bound, &kill, &mut scratch)), (0, vec![]));
    // A position that was given up and used again has another name, and a name is what is bound.
    let reused = content_of("reused-id");
    let titles: Vec<&str> = reused.rules().iter().map(|rule| rule.title.as_str()).collect();
    assert_eq!(titles, ["large_order"], "what the moved position means cannot be said");
    // Where the earlier version is not known, nothing is wrong with the later one, and the device is what stops it.
    let text = fs::read_to_string(incident("reused-id").join("orders.content")).unwrap();
    let at = |what: &str| text.find(what).unwrap();
    let (template, rule) =
        (at("template trading.order @ 2")..at("rule large_order"), at("rule retail_order")..text.len());
    let bytes = image_of(&[text.get(template).unwrap(), text.get(rule).unwrap()].concat(), Options::default());
    let json = r#"{"format":1,"sensor":"s","version":"1","templates":{"trading.order":{"inputs":[
        {"name":"symbol","type":"string"},{"name":"quantity","type":"int"},{"name":"power_peg","type":"bool"}]}}}"#;
    let sensor = sensor::Manifest::parse(&Source::new("m.json", json)).unwrap();
    let Rejection::UnsuppliedInput { rule, input, .. } = refusal(&bytes, &sensor) else { panic!("it is loaded") };
    assert_eq!(named(&bytes, rule, input).1, "retail");
}

/// An expression that other engines try again and again takes a step a byte. The worst of them are refused before.
#[test]
fn an_expression_that_backtracks_elsewhere_is_linear() {
    assert!(content_of("backtracking-regex").rules().is_empty());
    let text = "template web.request @ 1 { 1 query: string }\nrule r {\n    id: \"f251958f-9bca-478f-b397-bb3fe12d78ef\"\n    \
        template: web.request @ 1\n    severity: low\n    when query matches \"x.*=\"\n}\n";
    let bytes = image_of(text, Options::default());
    let image = Image::read(&bytes).unwrap();
    let recorder = Supplied::of_recorder(&image, "recorder", "1");
    let supplies = recorder.supplies();
    let mut memory = Memory::of(&image);
    let verified = image.verify(&recorder.manifest(&supplies), memory.workspace()).unwrap();
    let mut scratch = vec![0; verified.scratch_words()];
    let long = "x".repeat(1 << 20);
    for (value, fires) in [(long.clone(), 0), (long + "=", 1)] {
        let inputs: Vec<Value<'_>> =
            recorder.templates().first().unwrap().1.iter().map(|_| Value::from(value.as_str())).collect();
        let bound = verified.bind(0, Event { inputs: &inputs, header: &[], others: &[] }).unwrap();
        let mut found = 0;
        let sink = |_| {
            found += 1;
            ControlFlow::Continue(())
        };
        let done = bound.evaluate(&KillList::NONE, &mut scratch, u64::MAX, sink).unwrap();
        assert_eq!(found, fires);
        assert!(done.steps < (inputs.len() as u64) << 23, "{} steps", done.steps);
    }
}

const RULES: &str = r#"
template acme.t @ 1 { 1 name: string 2 size: int 3 tags: list<string> 4 unread: bool }
table known @ 1 { k: string key } rows [["a"], ["b"], ["c"]]
rule one { id: "00000001-5d1f-4c1e-9a3b-000000000001" template: acme.t @ 1 severity: low when name ends_with "needle" or size == 7 }
rule two { id: "00000002-5d1f-4c1e-9a3b-000000000002" template: acme.t @ 1 severity: low when any tags in known and name matches "a+b[0-9]" }
"#;

fn acme(inputs: &str, capacity: &str) -> Sensor {
    let json = format!(
        "{{\"format\":1,\"sensor\":\"acme\",\"version\":\"1\",\"capacity\":{{{capacity}}},\
         \"templates\":{{\"acme.t\":{{\"inputs\":[{inputs}]}}}}}}"
    );
    sensor::Manifest::parse(&Source::new("m.json", json)).unwrap()
}

const INPUTS: &str = r#"{"name":"unread","type":"bool"},{"name":"name","type":"string"},{"name":"size","type":"int"},{"name":"tags","type":"list<string>"}"#;

#[test]
fn another_type_is_refused() {
    let bytes = image_of(RULES, Options::default());
    for (wrong, right) in [
        (r#""size","type":"float""#, r#""size","type":"int""#),
        (r#""size","type":"int?""#, r#""size","type":"int""#),
        (r#""tags","type":"string""#, r#""tags","type":"list<string>""#),
    ] {
        let Rejection::InputType { input, .. } = refusal(&bytes, &acme(&INPUTS.replace(right, wrong), "")) else {
            panic!("{wrong} is loaded")
        };
        let name = named(&bytes, 0, input).1;
        assert!(wrong.contains(&name), "{name} is blamed for {wrong}");
    }
    // Nobody reads it, so its type does not matter.
    let odd = INPUTS.replace(r#""unread","type":"bool""#, r#""unread","type":"ip""#);
    load(&bytes, &acme(&odd, ""), |loaded, _| assert_eq!(loaded.unwrap().loaded_rules(), 2));
}

#[test]
fn just_the_rule_that_lacks_an_input_is_left_out() {
    let bytes = image_of(RULES, Options { skip_unsupplied: true, ..Options::default() });
    let inputs = r#"{"name":"name","type":"string"},{"name":"size","type":"int"}"#;
    load(&bytes, &acme(inputs, ""), |loaded, supplied| {
        let verified = loaded.unwrap();
        assert_eq!((verified.loaded_rules(), verified.loads(0), verified.loads(1)), (1, true, false));
        let event = [("name", text("aab7 needle")), ("size", Owned::Int(1))];
        let found = matches(&verified, supplied, "acme.t", &event);
        assert_eq!(found, ["00000001-5d1f-4c1e-9a3b-000000000001"]);
    });
    let bytes = image_of(RULES, Options::default());
    assert!(matches!(refusal(&bytes, &acme(inputs, "")), Rejection::UnsuppliedInput { rule: 1, .. }));
}

#[test]
fn what_is_beyond_a_capacity_is_refused() {
    let bytes = image_of(RULES, Options::default());
    let resources = [
        ("interpreter", Resource::Interpreter),
        ("image_bytes", Resource::ImageBytes),
        ("rules", Resource::Rules),
        ("table_rows", Resource::TableRows),
        ("automaton_states", Resource::AutomatonStates),
        ("steps", Resource::Steps),
        ("steps_per_byte", Resource::StepsPerByte),
        ("scratch_bytes", Resource::ScratchBytes),
    ];
    for (member, resource) in resources {
        let Rejection::Capacity { what, needed, capacity: 0 } =
            refusal(&bytes, &acme(INPUTS, &format!("\"{member}\":0")))
        else {
            panic!("{member} of 0 is enough")
        };
        assert!(what == resource && needed > 0, "{member}");
        let with = |most: u64| acme(INPUTS, &format!("\"{member}\":{most}"));
        load(&bytes, &with(needed), |loaded, _| assert_eq!(loaded.unwrap().loaded_rules(), 2));
        let refused = refusal(&bytes, &with(needed - 1));
        assert_eq!(refused, Rejection::Capacity { what: resource, needed, capacity: needed - 1 });
    }
    assert!(matches!(refusal(&bytes, &acme(INPUTS, "\"rules\":1")), Rejection::Capacity { needed: 2, .. }));
    assert!(matches!(refusal(&bytes, &acme(INPUTS, "\"table_rows\":2")), Rejection::Capacity { needed: 3, .. }));
}

#[test]
fn the_loader_obeys_the_versions_that_a_rule_is_for() {
    let mut choices = Choices::seeded(715);
    let version = |choices: &mut Choices<'_>| {
        let parts = ["0", "1", "2", "7", "07", "10", "15", "90", "17134", "100"];
        let mut version = (*choices.pick(&parts)).to_owned();
        for _ in 0..choices.below(4) {
            version = version + "." + choices.pick::<&str>(&parts);
        }
        version + choices.pick::<&str>(&["", "", "", "", "a", "-rc1", "b", "-a", "+5"])
    };
    let (mut loaded, mut left_out) = (0, 0);
    for _ in 0..250 {
        let parts: Vec<String> = (0..1 + choices.below(3))
            .map(|_| {
                let sensor = *choices.pick(&["", "", "acme ", "sysmon ", "other "]);
                let operator = *choices.pick(&["==", "!=", "<", "<=", ">", ">="]);
                format!("{sensor}{operator}{}", version(&mut choices))
            })
            .collect();
        let written = parts.join(", ");
        let Ok(constraint) = Constraint::parse(&written) else { continue };
        let bytes = image_of(
            &format!(
                "template acme.t @ 1 {{ 1 n: int }}\nrule r {{ id: \"00000001-5d1f-4c1e-9a3b-000000000001\" \
                 template: acme.t @ 1 severity: low sensors: \"{written}\" when n == 7 }}"
            ),
            Options::default(),
        );
        let image = Image::read(&bytes).unwrap();
        let inputs = [Input {
            name: "n",
            ty: contentcheck_compiler::sensor::ty(contentcheck_model::template::FieldType::parse("int").unwrap()),
        }];
        let templates = [contentcheck_interpreter::Supply { template: "acme.t", inputs: &inputs }];
        for _ in 0..60 {
            let sensor = *choices.pick(&["acme", "sysmon", "third"]);
            let own = version(&mut choices);
            let (versioning, theirs) = *choices.pick(&[
                (Versioning::Parts, sensor::Versioning::Parts),
                (Versioning::Decimal, sensor::Versioning::Decimal),
            ]);
            let manifest = Manifest {
                sensor,
                version: &own,
                versioning,
                capacity: Capacity::NONE,
                header: &[],
                templates: &templates,
            };
            let mut memory = Memory::of(&image);
            let verified = image.verify(&manifest, memory.workspace()).unwrap();
            let expected = constraint.matches_version(sensor, &own, theirs);
            assert_eq!(verified.loads(0), expected, "{written} on {sensor} {own} ({versioning:?})");
            if expected { loaded += 1 } else { left_out += 1 }
        }
    }
    println!("{loaded} sensors load the rule, {left_out} do not");
    assert!(loaded > 2_000 && left_out > 2_000);
}

#[test]
fn an_event_of_another_shape_is_a_fault() {
    let bytes = image_of(RULES, Options::default());
    load(&bytes, &acme(INPUTS, ""), |loaded, _| {
        let verified = loaded.unwrap();
        let number = verified.templates_named("acme.t").next().unwrap();
        let tags = [Value::from("a")];
        let right = [Value::Bool(true), Value::from("n"), Value::Int(7), Value::List(&tags)];
        let bind = |inputs: &[Value<'_>], header: &[Value<'_>]| {
            verified.bind(number, Event { inputs, header, others: &[] }).map(|_| ()).err()
        };
        assert_eq!(bind(&right, &[]), None);
        assert_eq!(bind(right.get(..3).unwrap(), &[]), Some(Fault::Arity { supplied: 4, found: 3 }));
        assert_eq!(bind(&[], &[]), Some(Fault::Arity { supplied: 4, found: 0 }));
        let more = [right.as_slice(), &[Value::Absent]].concat();
        assert_eq!(bind(&more, &[]), Some(Fault::Arity { supplied: 4, found: 5 }));
        assert_eq!(bind(&right, &[Value::Absent]), Some(Fault::Header { supplied: 0, found: 1 }));
        // A value of another type is absent for the rules that read it, is counted, and stops no other rule.
        let mut scratch = vec![u64::MAX; verified.scratch_words()];
        let mut with = |at: usize, value| {
            let mut inputs = right;
            *inputs.get_mut(at).unwrap() = value;
            let bound = verified.bind(number, Event { inputs: &inputs, header: &[], others: &[] }).unwrap();
            let named = bound.mistyped_inputs().map(|input| {
                let of = verified.image().input(input).unwrap();
                verified.image().name(of.name, of.name_len).to_owned()
            });
            let named: Vec<String> = named.collect();
            assert_eq!(named.len(), bound.mistyped() as usize);
            (named, rules_of(&bound, &KillList::NONE, &mut scratch))
        };
        let nested = [Value::List(&tags)];
        let mixed = [Value::from("a"), Value::Int(1)];
        let absent = [Value::Absent];
        assert_eq!(with(1, Value::from("aab7")), (vec![], vec![0, 1]));
        for (wrong, name, fires) in [
            ((1, Value::Int(7)), "name", vec![0]),
            ((1, Value::Bytes(b"n")), "name", vec![0]),
            ((1, Value::List(&tags)), "name", vec![0]),
            ((2, Value::from("7")), "size", vec![]),
            ((2, Value::Float(7.0)), "size", vec![]),
            ((3, Value::from("a")), "tags", vec![0]),
            ((3, Value::Ints(&[1])), "tags", vec![0]),
            ((3, Value::List(&nested)), "tags", vec![0]),
            ((3, Value::List(&mixed)), "tags", vec![0]),
        ] {
            assert_eq!(with(wrong.0, wrong.1), (vec![name.to_owned()], fires), "{wrong:?}");
        }
        // Absent is no fault, and what nobody reads may be anything.
        for at in 0..4 {
            assert!(with(at, Value::Absent).0.is_empty());
        }
        assert!(with(3, Value::List(&absent)).0.is_empty());
        assert_eq!(with(0, Value::from("no truth")), (vec![], vec![0]));
        assert_eq!(verified.bind(number + 1, Event::default()).map(|_| ()).err(), Some(Fault::UnsuppliedTemplate));
        let bound = verified.bind(number, Event { inputs: &right, header: &[], others: &[] }).unwrap();
        let mut small = vec![0; verified.scratch_words() - 1];
        assert_eq!(
            bound.evaluate(&KillList::NONE, &mut small, u64::MAX, |_| ControlFlow::Continue(())),
            Err(Fault::Scratch { needed: verified.scratch_words() })
        );
    });
}

#[test]
fn long_and_empty_values_are_ordinary() {
    let bytes = image_of(RULES, Options::default());
    load(&bytes, &acme(INPUTS, ""), |loaded, supplied| {
        let verified = loaded.unwrap();
        let first = ["00000001-5d1f-4c1e-9a3b-000000000001"].as_slice();
        let second = ["00000002-5d1f-4c1e-9a3b-000000000002"].as_slice();
        for (name, expected) in [
            ("x".repeat(1 << 20) + "needle", first),
            ("needle".repeat(1 << 18), first),
            ("needl".repeat(1 << 18), &[]),
            ("a".repeat(1 << 20), &[]),
            ("a".repeat(1 << 20) + "b7", second),
            ("\u{1F980}".repeat(1 << 18) + "ab7", second),
            (String::new(), &[]),
        ] {
            let tags = Owned::List(vec![text(&"b".repeat(1 << 20)), text("b")]);
            let event = [("name", text(&name)), ("size", Owned::Int(0)), ("tags", tags)];
            assert_eq!(matches(&verified, supplied, "acme.t", &event), expected);
        }
    });
}

/// The image remembers that a rule reads by number on either side of a comparison, and the device holds it to that.
#[test]
fn a_position_on_either_side_of_a_comparison_is_bound_as_one() {
    let json = |last: &str| {
        format!(
            r#"{{"format":1,"sensor":"s","version":"1","templates":{{"t":{{"inputs":[{{"name":"a","type":"string"}},{last}]}}}}}}"#
        )
    };
    let sensor = |last: &str| sensor::Manifest::parse(&Source::new("m.json", json(last))).unwrap();
    let same = sensor(r#"{"name":"b","type":"string"},{"name":"c","type":"string"}"#);
    let shifted = sensor(r#"{"name":"c","type":"string"},{"name":"b","type":"string"}"#);
    for (condition, by_number) in [("a == $3", true), ("$3 == a", true), ("a == c", false)] {
        let bytes = image_of(
            &format!(
                "template t @ 1 {{ 1 a: string 2 b: string 3 c: string }}\nrule r {{ id: \"f251958f-9bca-478f-b397-bb3fe12d78ef\" \
                 template: t @ 1 severity: low when {condition} }}\n"
            ),
            Options::default(),
        );
        assert!(load(&bytes, &same, |loaded, _| loaded.is_ok()), "{condition}");
        assert_eq!(load(&bytes, &shifted, |loaded, _| loaded.is_err()), by_number, "{condition}");
    }
}
