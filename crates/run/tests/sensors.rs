//! Events as sensors supply them: order, header, types and what is lacking are the sensor's; what rules find is not.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;

use contentcheck_compiler::sensor::Supplied;
use contentcheck_compiler::{Options, compile};
use contentcheck_events::Flattener;
use contentcheck_interpreter::{Image, OwnedImage};
use contentcheck_model::language::Language;
use contentcheck_model::rule::RuleId;
use contentcheck_model::sensor::{Fleet, Manifest, Sensor};
use contentcheck_model::source::Source;
use contentcheck_model::value::Value;
use contentcheck_parser::release::{Checking, Gathered, Shippable, WithErrors};
use contentcheck_reference::{Event, Prepared};
use contentcheck_run::{EventFault, Plan, Worker, classes};

const CONTENT: &str = r#"
template acme.process @ 1 {
    reads { Channel: "Acme/Process" }
    header { host: string? }

    1 image: string nocase
    2 pid:   int?
    3 user:  string?
    4 session: int?
}

template acme.file @ 1 {
    reads { Channel: "Acme/File" }

    1 path: string nocase
}

rule by_image {
    id: "0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8a11"
    template: acme.process @ 1
    severity: low
    when image ends_with "cmd.exe"
}

rule by_pid_and_host {
    id: "7c1b0f6e-5a0c-4a0e-9b7e-8d4b6ad1f8a2"
    template: acme.process @ 1
    severity: low
    when pid < 10 and host == "alpha"
}

rule nobody {
    id: "7c1b0f6e-5a0c-4a0e-9b7e-8d4b6ad1f8a3"
    template: acme.process @ 1
    severity: low
    sensors: ">=8"
    when session == 1 and not user == "alice"
}

rule by_path {
    id: "7c1b0f6e-5a0c-4a0e-9b7e-8d4b6ad1f8a4"
    template: acme.file @ 1
    severity: low
    when path contains "secret"
}
"#;

const EVENTS: [&str; 5] = [
    r#"{"Channel":"Acme/Process","image":"C:\\cmd.exe","pid":4,"user":"alice","session":1,"host":"alpha"}"#,
    r#"{"Channel":"Acme/Process","image":"C:\\x.exe","pid":"0x3","user":"bob","session":1,"host":"alpha"}"#,
    r#"{"Channel":"Acme/Process","image":"C:\\cmd.exe","session":2,"host":"beta"}"#,
    r#"{"Channel":"Acme/Process","image":"C:\\y.exe","pid":4,"session":1}"#,
    r#"{"Channel":"Acme/File","path":"C:\\secret.txt"}"#,
];

fn content() -> Shippable {
    let sources = vec![(Source::new("acme.content", CONTENT), Language::Native)];
    let content = Gathered::of(sources).check(&Checking::with_threads(1)).judge().ship(WithErrors::Refuse).unwrap();
    assert_eq!(content.rules().len(), 4);
    content
}

fn sensor(version: &str, header: &str, process: &str, file: bool) -> Sensor {
    let inputs = |text: &str| -> String {
        let each = text.split_whitespace().map(|input| {
            let (name, ty) = input.split_once(':').unwrap();
            format!(r#"{{"name":"{name}","type":"{ty}"}}"#)
        });
        each.collect::<Vec<String>>().join(",")
    };
    let file = if file { r#","acme.file":{"inputs":[{"name":"path","type":"string"}]}"# } else { "" };
    let text = format!(
        r#"{{"format":1,"sensor":"acme","version":"{version}","header":[{}],"templates":{{"acme.process":{{"inputs":[{}]}}{file}}}}}"#,
        inputs(header),
        inputs(process)
    );
    Manifest::parse(&Source::new("m.json", text)).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// What each event matches, by the names of rules, or the fault that it meets.
fn found(content: &Shippable, plan: &Plan) -> Vec<Result<BTreeSet<String>, EventFault>> {
    let rules = content.rules();
    let (mut worker, mut flattener) = (plan.worker(), Flattener::new());
    let each = EVENTS.iter().map(|event| {
        let flat = flattener.flatten(event.as_bytes()).unwrap();
        let mut found = BTreeSet::new();
        worker.evaluate(&flat, None, |_, rule: RuleId| found.extend([rules[rule.index()].word().to_owned()]))?;
        Ok(found)
    });
    each.collect()
}

fn names(names: &[&str]) -> Result<BTreeSet<String>, EventFault> {
    Ok(names.iter().map(|name| (*name).to_owned()).collect())
}

/// All orders of a few things.
fn orders(things: &[&str]) -> Vec<Vec<String>> {
    let Some((first, rest)) = things.split_first() else { return vec![Vec::new()] };
    let mut found = Vec::new();
    for order in orders(rest) {
        for at in 0..=order.len() {
            let mut order = order.clone();
            order.insert(at, (*first).to_owned());
            found.push(order);
        }
    }
    found
}

#[test]
fn a_plan_is_shared_by_threads_and_outlives_what_it_was_made_of() {
    fn shared<T: Send + Sync + 'static>(_: &T) {}
    fn sent<T: Send>(_: &T) {}
    let plan = {
        let content = content();
        Plan::for_recorder(&content, &compile(&content, Options::default()).unwrap()).unwrap()
    };
    // What it shows of itself is not megabytes.
    assert!(format!("{plan:?}").len() < 20_000);
    shared(&plan);
    sent(&plan.worker());
}

#[test]
fn order_and_header_are_the_sensors_and_change_nothing() {
    let content = content();
    let image = compile(&content, Options::default()).unwrap();
    let expected = [
        names(&["by_image", "by_pid_and_host"]),
        names(&["by_pid_and_host", "nobody"]),
        names(&["by_image"]),
        names(&["nobody"]),
        names(&["by_path"]),
    ];
    for order in orders(&["image:string", "pid:int?", "user:string?", "session:int?", "more:ip?"]) {
        for (header, more) in [("host:string?", ""), ("x:int? host:string? y:bool?", ""), ("", " host:string?")] {
            let sensor = sensor("8", header, &(order.join(" ") + more), true);
            let plan = Plan::for_sensor(&content, &image, &sensor).unwrap();
            assert_eq!(found(&content, &plan), expected, "{order:?} {header}");
            assert_eq!((plan.loaded_rules(), plan.rules()), (4, 4));
        }
    }
}

/// What a sensor does not supply is absent on it, whatever the recording has; rules that it does not load find nothing.
#[test]
fn what_is_not_supplied_is_absent_and_what_is_not_loaded_is_silent() {
    let content = content();
    let image = compile(&content, Options::default()).unwrap();
    let lacking = sensor("7", "", "pid:int? image:string", false);
    let refusal = Plan::for_sensor(&content, &image, &lacking).unwrap_err();
    let said = "CC0401: rule `by_pid_and_host` reads `host` (of `acme.process`), which this sensor does not supply";
    assert_eq!(refusal, said);
    let sensor = sensor("7", "host:string?", "pid:int? image:string", false);
    let image = compile(&content, Options { skip_unsupplied: true, ..Options::default() }).unwrap();
    let plan = Plan::for_sensor(&content, &image, &sensor).unwrap();
    let (rules, file) = (content.rules(), content.rules().iter().find(|rule| rule.word() == "by_path").unwrap());
    assert_eq!(
        found(&content, &plan),
        [
            names(&["by_image", "by_pid_and_host"]),
            names(&["by_pid_and_host"]),
            names(&["by_image"]),
            names(&[]),
            names(&[])
        ]
    );
    assert_eq!((plan.loaded_rules(), plan.sensor().unwrap().to_string()), (2, "acme 7".to_owned()));
    let route = plan.route_of(&file.targets[0].template).unwrap();
    assert!(!plan.supplies(route) && plan.stop(route).is_none());
    let loaded: Vec<&str> =
        RuleId::count(rules).filter(|(id, _)| plan.loads(*id)).map(|(_, rule)| rule.word()).collect();
    assert_eq!(loaded, ["by_image", "by_pid_and_host"]);
}

/// An event that has nothing but what no loaded rule reads shows rules nothing, though the sensor supplies it.
#[test]
fn what_no_loaded_rule_reads_shows_nothing() {
    let content = content();
    let image = compile(&content, Options::default()).unwrap();
    for (version, shows) in [("7", false), ("8", true)] {
        let sensor = sensor(version, "host:string?", "image:string session:int? pid:int? user:string?", true);
        let plan = Plan::for_sensor(&content, &image, &sensor).unwrap();
        let (mut worker, mut flattener) = (plan.worker(), Flattener::new());
        let flat = flattener.flatten(br#"{"Channel":"Acme/Process","session":1}"#).unwrap();
        worker.evaluate(&flat, None, |_, _| {}).unwrap();
        assert_eq!(worker.has_any(), shows, "{version}");
        let (route, _) = plan.routes().find(|(_, template)| template.name == "acme.process").unwrap();
        assert_eq!((worker.seen().events(route), worker.seen().shown(route)), (1, u64::from(shows)));
    }
}

/// The same event as it is recorded and as it is at hand, on sensors of all kinds: the same answers, and those of the
/// reference evaluator where the rule is loaded.
#[test]
fn recorded_and_owned_events_are_supplied_alike() {
    let content = content();
    let image = compile(&content, Options { skip_unsupplied: true, ..Options::default() }).unwrap();
    let rules = content.rules();
    let mut compared = 0;
    for ty in [
        "session:int?",
        "session:string?",
        "session:float?",
        "session:bool?",
        "session:list<int>?",
        "",
        "session:bytes?",
    ] {
        for user in ["user:string?", "user:int?", "user:list<string>?", ""] {
            for version in ["7", "8"] {
                let sensor = sensor(version, "host:string?", &format!("{user} image:string {ty} pid:int?"), true);
                let plan = Plan::for_sensor(&content, &image, &sensor).unwrap();
                let (mut worker, mut other) = (plan.worker(), plan.worker());
                let mut flattener = Flattener::new();
                for event in EVENTS {
                    let flat = flattener.flatten(event.as_bytes()).unwrap();
                    let mut recorded = BTreeSet::new();
                    let done = worker.evaluate(&flat, None, |_, rule| recorded.extend([rule]));
                    for (id, rule) in RuleId::count(rules) {
                        let target = &rule.targets[0];
                        let template = &target.template;
                        let route = plan.route_of(template).unwrap();
                        if !worker.routes().contains(&route) {
                            continue;
                        }
                        let owned = whole(event, template);
                        let mut found = BTreeSet::new();
                        let owned_done = other.evaluate_owned(template, &owned, |rule| found.extend([rule]));
                        assert_eq!((&owned_done, &found), (&done, &recorded), "{event} {ty} {user} {version}");
                        if done.is_ok() && plan.loads_on(id, template) {
                            compared += 1;
                            let prepared = Prepared::new(target).unwrap();
                            let seen = worker.reference_event(route, template, &flat).unwrap();
                            // An input that no loaded rule reads may be of any type, and then differs in its form.
                            let supplied = other.as_supplied(template, &owned);
                            assert_eq!(prepared.evaluate(&seen), prepared.evaluate(&supplied), "{event} {ty} {user}");
                            assert_eq!(prepared.evaluate(&seen), recorded.contains(&id), "{event} {ty} {user}");
                        }
                    }
                }
            }
        }
    }
    assert!(compared > 250, "{compared}");
}

/// A recorded event as the reference evaluator has it, in the types of the template type.
fn whole(event: &str, template: &contentcheck_model::template::TemplateType) -> Event {
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(event).unwrap();
    let mut whole = Event::empty(template);
    for (name, value) in object {
        let field = template.named(&name);
        let value = match (name.as_str(), value) {
            ("pid", serde_json::Value::String(_)) => Value::Int(3),
            (_, serde_json::Value::String(text)) => Value::String(text),
            (_, value) => Value::Int(value.as_i64().unwrap()),
        };
        whole.set(&field, Some(value));
    }
    whole
}

/// One rule is meant for later sensors and reads an input that earlier ones supply in another type: these do not look at
/// it, and run everything else as if it were not there.
#[test]
fn an_input_of_another_type_that_no_loaded_rule_reads_is_not_looked_at() {
    let content = content();
    let image = compile(&content, Options::default()).unwrap();
    let without = sensor("7", "host:string?", "image:string pid:int? user:string?", true);
    let expected = found(&content, &Plan::for_sensor(&content, &image, &without).unwrap());
    assert!(expected.iter().any(|rules| rules.as_ref().is_ok_and(|rules| !rules.is_empty())));
    for ty in ["string?", "float?", "list<int>?", "bytes?", "bool?", "ip?"] {
        let sensor = sensor("7", "host:string?", &format!("image:string session:{ty} pid:int? user:string?"), true);
        let plan = Plan::for_sensor(&content, &image, &sensor).unwrap();
        assert_eq!(found(&content, &plan), expected, "{ty}");
    }
}

#[test]
fn sensors_that_do_the_same_are_one_class() {
    let content = content();
    let image = compile(&content, Options { skip_unsupplied: true, ..Options::default() }).unwrap();
    let all = "image:string pid:int? user:string? session:int?";
    let fleet = || {
        vec![
            sensor("9", "host:string?", all, true),
            sensor("8", "host:string?", all, true),
            sensor("7", "host:string?", all, true),
            sensor("8.1", "host:string?", "pid:int? image:string user:string? session:int?", true),
            sensor("8.2", "host:string?", all, false),
            sensor("8.3", "host:string? other:int?", all, true),
            sensor("8.4", "host:string?", "image:string pid:int? user:string? session:string?", true),
        ]
    };
    let seen = |fleet: Fleet| -> Vec<(Vec<String>, Result<u32, String>)> {
        let found = classes(&fleet, &image).unwrap();
        found
            .into_iter()
            .map(|class| {
                assert_eq!(
                    class.representative().map(ToString::to_string),
                    class.sensors.first().map(ToString::to_string)
                );
                (class.sensors.iter().map(|sensor| sensor.version().to_string()).collect(), class.loaded)
            })
            .collect()
    };
    let versions = |versions: &[&str]| -> Vec<String> { versions.iter().map(|of| (*of).to_owned()).collect() };
    let expected = vec![
        (versions(&["7"]), Ok(3)),
        (versions(&["8", "9"]), Ok(4)),
        (versions(&["8.1"]), Ok(4)),
        (versions(&["8.2"]), Ok(3)),
        (versions(&["8.3"]), Ok(4)),
        (versions(&["8.4"]), Ok(3)),
    ];
    assert_eq!(seen(Fleet::new(fleet()).unwrap()), expected);
    assert_eq!(seen(Fleet::new(fleet().into_iter().rev().collect()).unwrap()), expected);
    // Those that refuse the image are classes by their reason.
    let strict = compile(&content, Options::default()).unwrap();
    let fleet = Fleet::new(fleet()).unwrap();
    let refusing: Vec<usize> = classes(&fleet, &strict)
        .unwrap()
        .iter()
        .filter(|class| class.loaded.is_err())
        .map(|class| class.sensors.len())
        .collect();
    assert_eq!(refusing, [1]);
    assert!(classes(&fleet, b"CCIMAGE\n").is_err());
}

/// There is no way to an owned image past verification, and what it lends is what verification made.
#[test]
fn an_owned_image_is_a_verified_one() {
    let content = content();
    let bytes = compile(&content, Options { any_sensor: true, ..Options::default() }).unwrap();
    let image = Image::read(&bytes).unwrap();
    let supplied = Supplied::of_recorder(&image, "recorder", "0");
    let supplies = supplied.supplies();
    let manifest = supplied.manifest(&supplies);
    let owned = OwnedImage::load(bytes.clone(), &manifest).unwrap();
    let moved = Box::new(owned.clone());
    drop(owned);
    let open = moved.open();
    let verified = open.verified();
    assert_eq!((moved.bytes(), verified.loaded_rules()), (bytes.as_slice(), 4));
    let loaded: Vec<u32> = (0..verified.image().template_count()).flat_map(|of| verified.loaded_on(of)).collect();
    assert_eq!(loaded.iter().collect::<BTreeSet<_>>().len(), 4);
    for at in 0..bytes.len() {
        let mut copy = bytes.clone();
        copy[at] ^= 1 << (at % 8);
        let expected = Image::read(&copy).map(drop).unwrap_err();
        assert_eq!(OwnedImage::load(copy, &manifest).unwrap_err(), expected, "byte {at}");
        assert!(OwnedImage::load(bytes[..at].to_vec(), &manifest).is_err(), "cut at {at}");
    }
}

#[test]
fn workers_of_one_plan_do_not_disturb_each_other() {
    let content = content();
    let plan = Plan::for_recorder(&content, &compile(&content, Options::default()).unwrap()).unwrap();
    let once = |worker: &mut Worker<'_>| {
        let mut flattener = Flattener::new();
        let mut count = 0;
        for event in EVENTS {
            worker.evaluate(&flattener.flatten(event.as_bytes()).unwrap(), None, |_, _| count += 1).unwrap();
        }
        count
    };
    let counts: Vec<i32> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| once(&mut plan.worker()))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(counts, [once(&mut plan.worker()); 4]);
}
