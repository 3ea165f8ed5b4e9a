//! What a sensor can rely on: each case was found by somebody who built one.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "a test stops at the first surprise"
)]

#[path = "device/charged.rs"]
mod charged;
#[path = "device/forged.rs"]
mod forged;
#[path = "device/held.rs"]
mod held;
#[path = "device/ordered.rs"]
mod ordered;

use std::ops::ControlFlow;

use contentcheck_compiler::sensor::{Memory, Supplied};
use contentcheck_compiler::{Options, compile};
use contentcheck_generators::sealed::{rebuilt, seal};
use contentcheck_interpreter::format::{Atom, Input, NfaKind, NfaState, Program, Regex, Section, Template, feature};
use contentcheck_interpreter::{
    BoundEvent, Capacity, Event, Fault, Identity, Image, KillList, Level, Manifest, ManifestError, Meter, Rejection,
    Resource, Scalar, Spent, Supply, Type, Value, VerifiedImage, Versioning, WhyLeftOut, describe,
};
use contentcheck_model::language::Language;
use contentcheck_model::sensor::{self, Sensor};
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checking, Gathered, ReleaseInfo, Shippable, WithErrors};

const RULES: &str = r#"
template acme.exec @ 1 { 1 image: string nocase 2 command: string nocase 3 parent: string? 4 pid: int 5 args: list<string>? }
template acme.dns @ 1 { 1 query: string nocase }
rule piped { id: "00000001-5d1f-4c1e-9a3b-000000000001" template: acme.exec @ 1 severity: high title: "Piped"
    tags: [attack.t1059.004, attack.execution] modified: "2026-02-01" date: "2026-01-01"
    when command contains "curl" and command contains "| sh" }
rule typed { id: "00000002-5d1f-4c1e-9a3b-000000000002" template: acme.exec @ 1 severity: low title: "Typed"
    when command matches "curl.*sh" and parent exists }
rule numbers { id: "00000003-5d1f-4c1e-9a3b-000000000003" template: acme.exec @ 1 severity: low title: "Numbers"
    when pid >= 4000 }
rule newer { id: "00000004-5d1f-4c1e-9a3b-000000000004" template: acme.exec @ 1 severity: low title: "Newer" sensors: ">=9"
    when any args ends_with "evil" }
rule names { id: "00000005-5d1f-4c1e-9a3b-000000000005" template: acme.dns @ 1 severity: low title: "Names"
    when query ends_with ".evil.example" }
"#;

fn content(text: &str) -> Shippable {
    let release = ReleaseInfo { name: Some("acme".to_owned()), sequence: Some(12) };
    let gathered = Gathered { release, ..Gathered::of(vec![(Source::new("a.content", text), Language::Native)]) };
    let judged = gathered.check(&Checking::default()).judge();
    judged.ship(WithErrors::Refuse).unwrap_or_else(|_| panic!("{:?}", judged.findings()))
}

fn sensor(inputs: &str, more: &str) -> Sensor {
    let json = format!(
        "{{\"format\":1,\"sensor\":\"acme\",\"version\":\"7\",{more}\"templates\":{{\"acme.exec\":{{\"inputs\":[{inputs}]}}}}}}"
    );
    sensor::Manifest::parse(&Source::new("m.json", json)).unwrap()
}

const INPUTS: &str = r#"{"name":"image","type":"string"},{"name":"command","type":"string"},{"name":"parent","type":"string?"},
    {"name":"pid","type":"int"},{"name":"args","type":"list<string>?"}"#;

fn with<R>(bytes: &[u8], sensor: &Sensor, then: impl FnOnce(&VerifiedImage<'_>, &Manifest<'_>) -> R) -> R {
    let image = Image::read(bytes).unwrap();
    let supplied = Supplied::of_sensor(sensor);
    let supplies = supplied.supplies();
    let manifest = supplied.manifest(&supplies);
    let mut memory = Memory::of(&image);
    let verified = image.verify(&manifest, memory.workspace());
    then(&verified.unwrap_or_else(|rejection| panic!("{}", image.describe(rejection))), &manifest)
}

fn rejection(bytes: &[u8], sensor: &Sensor) -> Option<Rejection> {
    let image = Image::read(bytes).unwrap();
    let supplied = Supplied::of_sensor(sensor);
    let supplies = supplied.supplies();
    let mut memory = Memory::of(&image);
    image.verify(&supplied.manifest(&supplies), memory.workspace()).err()
}

fn matches(bound: &BoundEvent<'_>, verified: &VerifiedImage<'_>) -> Vec<String> {
    let mut scratch = vec![u64::MAX; verified.scratch_words()];
    let mut found = Vec::new();
    let done = bound.evaluate(&KillList::NONE, &mut scratch, u64::MAX, |rule| {
        found.push(verified.image().rule(rule).unwrap().title.to_owned());
        ControlFlow::Continue(())
    });
    assert!(done.unwrap().is_whole());
    found
}

fn exec<'v>(command: Value<'v>, pid: Value<'v>) -> [Value<'v>; 5] {
    [Value::from("/bin/sh"), command, Value::from("p"), pid, Value::Absent]
}

fn of<'e>(verified: &'e VerifiedImage<'_>, inputs: &'e [Value<'e>]) -> BoundEvent<'e> {
    let number = verified.templates_named("acme.exec").next().unwrap();
    verified.bind(number, Event { inputs, header: &[], others: &[] }).unwrap()
}

#[test]
fn a_byte_that_is_no_utf8_hides_nothing() {
    let bytes = compile(&content(RULES), Options::default()).unwrap();
    with(&bytes, &sensor(INPUTS, ""), |verified, _| {
        for spoiled in [b"\xFF".as_slice(), b"\xC3", b"\xE2\x82", b"\xED\xA0\x80", b"\x80\x80\x80", b"\xF5"] {
            for command in [
                [b"curl x ".as_slice(), spoiled, b"| sh"].concat(),
                [spoiled, b"curl x | sh"].concat(),
                [b"curl x | sh".as_slice(), spoiled].concat(),
            ] {
                let event = exec(Value::Text(&command), Value::Int(1));
                assert_eq!(matches(&of(verified, &event), verified), ["Piped", "Typed"], "{command:X?}");
            }
        }
    });
}

#[test]
fn integers_without_a_sign_are_greater_than_what_content_names() {
    let bytes = compile(&content(RULES), Options::default()).unwrap();
    with(&bytes, &sensor(INPUTS, ""), |verified, _| {
        for (pid, fires) in
            [(0, false), (3_999, false), (4_000, true), (i64::MAX as u64, true), (1 << 63, true), (u64::MAX, true)]
        {
            let event = exec(Value::Absent, Value::UInt(pid));
            assert_eq!(matches(&of(verified, &event), verified) == ["Numbers"], fires, "{pid}");
        }
    });
}

#[test]
fn a_budget_ends_an_evaluation_and_says_what_was_not_asked() {
    let bytes = compile(&content(RULES), Options::default()).unwrap();
    with(&bytes, &sensor(INPUTS, ""), |verified, _| {
        let event = exec(Value::from("curl x | sh"), Value::Int(5_000));
        let bound = of(verified, &event);
        let mut scratch = vec![0; verified.scratch_words()];
        let all = bound.evaluate(&KillList::NONE, &mut scratch, u64::MAX, |_| ControlFlow::Continue(())).unwrap();
        assert!(all.is_whole() && all.steps <= verified.image().cost(bound.template()).at(bound.size()));
        for budget in 0..all.steps {
            let mut found = Vec::new();
            let done = bound.evaluate(&KillList::NONE, &mut scratch, budget, |rule| {
                found.push(rule);
                ControlFlow::Continue(())
            });
            let done = done.unwrap();
            let from = done.unasked_from.unwrap();
            assert!(done.steps <= budget && found.iter().all(|rule| *rule < from), "{budget}: {done:?} {found:?}");
        }
        assert_eq!(bound.evaluate(&KillList::NONE, &mut scratch, all.steps, |_| ControlFlow::Continue(())), Ok(all));
        // The sink stops it too: what lies behind is not asked.
        let done = bound.evaluate(&KillList::NONE, &mut scratch, u64::MAX, |_| ControlFlow::Break(())).unwrap();
        assert_eq!(done.unasked_from, Some(1));
    });
}

/// A meter of the sensor's own learns which rule its steps go to.
#[test]
fn steps_are_attributed_to_rules() {
    #[derive(Default)]
    struct ByRule {
        rule: Option<u32>,
        steps: std::collections::BTreeMap<Option<u32>, u64>,
    }
    impl Meter for ByRule {
        fn spend(&mut self, steps: u64) -> Result<(), Spent> {
            *self.steps.entry(self.rule).or_default() += steps;
            Ok(())
        }
        fn rule(&mut self, rule: u32) {
            self.rule = Some(rule);
        }
    }
    let bytes = compile(&content(RULES), Options::default()).unwrap();
    with(&bytes, &sensor(INPUTS, ""), |verified, _| {
        let long = ["curl ", &"x".repeat(10_000), "sh"].concat();
        let event = exec(Value::from(long.as_str()), Value::Int(1));
        let mut meter = ByRule::default();
        let mut scratch = vec![0; verified.scratch_words()];
        let sink = |_| ControlFlow::Continue(());
        assert_eq!(of(verified, &event).evaluate_metered(&KillList::NONE, &mut scratch, &mut meter, sink), Ok(None));
        let typed = verified.image().rules_named("00000002-5d1f-4c1e-9a3b-000000000002").next();
        assert!(meter.steps[&typed] > 10_000 && meter.steps[&None] > 5_000, "{:?}", meter.steps);
    });
}

/// The scratch memory is looked at first, whatever the event.
#[test]
fn too_little_scratch_is_a_fault_of_its_own() {
    let bytes = compile(&content(RULES), Options::default()).unwrap();
    with(&bytes, &sensor(INPUTS, ""), |verified, _| {
        let event = [Value::Absent; 5];
        for words in 0..verified.scratch_words() {
            let done = of(verified, &event)
                .evaluate(&KillList::NONE, &mut vec![0; words], u64::MAX, |_| ControlFlow::Continue(()));
            assert_eq!(done, Err(Fault::Scratch { needed: verified.scratch_words() }));
        }
    });
}

#[test]
fn an_image_says_what_it_is() {
    let shippable = content(RULES);
    let bytes = compile(&shippable, Options::default()).unwrap();
    let image = Image::read(&bytes).unwrap();
    let identity = image.identity();
    assert_eq!((identity.release, identity.sequence, identity.format), ("acme", 12, 2));
    assert!(identity.compiler.starts_with("contentcheck "), "{}", identity.compiler);
    assert_eq!(identity.content, shippable.content_digest());
    // The same content for another sensor, compiled in another way, is the same content.
    let only = sensor(INPUTS, "");
    let other =
        compile(&shippable, Options { sensor: Some(&only), skip_unsupplied: true, ..Options::default() }).unwrap();
    assert_eq!(Image::read(&other).unwrap().identity().content, identity.content);
    assert_ne!(content(&RULES.replace("curl", "wget")).content_digest(), identity.content);
    let rule = image.rule(image.rules_named("00000001-5d1f-4c1e-9a3b-000000000001").next().unwrap()).unwrap();
    assert_eq!(rule.tags().collect::<Vec<_>>(), ["attack.t1059.004", "attack.execution"]);
    assert_eq!(
        (rule.level, rule.level.as_str(), rule.revision, rule.word),
        (Level::High, "high", "2026-02-01", "piped")
    );
}

#[test]
fn a_feature_that_is_not_known_is_refused_by_name() {
    let mut bytes = compile(&content(RULES), Options::default()).unwrap();
    let known = Image::read(&bytes).unwrap().identity().features;
    // The name of the features lies in the names: the new one takes the name of another there.
    bytes[32..40].copy_from_slice(&(known | 1 << 40).to_le_bytes());
    let title =
        Image::read(&compile(&content(RULES), Options::default()).unwrap()).unwrap().section(Section::Names).0 as usize;
    let at = bytes[title..].windows(5).position(|part| part == b"Piped").unwrap() as u32;
    bytes[96..100].copy_from_slice(&at.to_le_bytes());
    bytes[100..104].copy_from_slice(&5_u32.to_le_bytes());
    let bytes = sealed(bytes);
    let refused = Image::read(&bytes).unwrap_err();
    assert_eq!(refused, Rejection::Feature { bit: 40 });
    let name = Identity::read(&bytes).unwrap().feature(40);
    let words = describe(&bytes, refused).to_string();
    assert!(known != 0 || (name == Some("Piped") && words.contains("feature `Piped`")), "{name:?} {words}");
}

/// A host can stand in for an older interpreter, and a release can be held to what that knows.
#[test]
fn features_are_those_of_what_is_there() {
    let features = |condition: &str| {
        let text = format!(
            "template t @ 1 {{ 1 a: string 2 b: string 3 n: int }}\nrule r {{ id: \"f251958f-9bca-478f-b397-bb3fe12d78ef\" template: t @ 1 severity: low when {condition} }}"
        );
        Image::read(&compile(&content(&text), Options::default()).unwrap()).unwrap().identity().features
    };
    assert_eq!(features("a == \"x\""), 0);
    assert_eq!(features("a == b"), feature::FIELD);
    assert_eq!(features("n & 4 != 0"), feature::MASK);
    assert_eq!(features("a matches \"a.{20}b.{20}c.{20}d\""), feature::NONDETERMINISTIC);
    let text = "template acme.exec @ 1 { 1 image: string 2 command: string }\nrule r { id: \"f251958f-9bca-478f-b397-bb3fe12d78ef\" template: acme.exec @ 1 severity: low when image == command }";
    let bytes = compile(&content(text), Options::default()).unwrap();
    let knows = |features: &str| sensor(INPUTS, &format!("\"capacity\":{{\"features\":[{features}]}},"));
    assert_eq!(rejection(&bytes, &knows("\"field\",\"a later one\"")), None);
    assert_eq!(rejection(&bytes, &knows("\"mask\"")), Some(Rejection::Feature { bit: 2 }));
}

#[test]
fn what_a_sensor_leaves_out_is_named_with_the_reason() {
    let inputs = INPUTS
        .replace(r#"{"name":"parent","type":"string?"},"#, "")
        .replace(r#""pid","type":"int""#, r#""pid","type":"string""#);
    let bytes = compile(&content(RULES), Options { skip_unsupplied: true, ..Options::default() }).unwrap();
    with(&bytes, &sensor(&inputs, ""), |verified, manifest| {
        let image = verified.image();
        let out: Vec<(String, WhyLeftOut)> =
            verified.left_out(manifest).map(|out| (image.rule(out.rule).unwrap().title.to_owned(), out.why)).collect();
        let input = |name: &str| {
            (0..20).find(|at| image.input(*at).is_some_and(|of| image.name(of.name, of.name_len) == name)).unwrap()
        };
        assert_eq!(
            out,
            [
                ("Names".to_owned(), WhyLeftOut::Template),
                ("Typed".to_owned(), WhyLeftOut::Unsupplied { input: input("parent") }),
                ("Numbers".to_owned(), WhyLeftOut::Type { input: input("pid") }),
                ("Newer".to_owned(), WhyLeftOut::Sensor),
            ]
        );
        assert_eq!(verified.loaded_rules() as usize + out.len(), image.rule_count() as usize);
        let words: Vec<String> =
            verified.left_out(manifest).map(|out| image.describe_left_out(out).to_string()).collect();
        assert!(
            words[1].contains("rule `Typed` reads `parent`") && words[3].contains("for other sensors"),
            "{words:?}"
        );
        assert_eq!(verified.idle_supplies(manifest).count(), 0);
        assert_eq!(verified.unsupplied_templates().count(), 1);
    });
}

#[test]
fn a_match_says_which_text_decided() {
    let bytes = compile(&content(RULES), Options::default()).unwrap();
    with(&bytes, &sensor(INPUTS, ""), |verified, _| {
        let command = "x; curl http://y | sh";
        let event = exec(Value::from(command), Value::Int(1));
        let bound = of(verified, &event);
        let mut scratch = vec![0; verified.scratch_words()];
        let mut parts = Vec::new();
        let piped = verified.image().rules_named("00000001-5d1f-4c1e-9a3b-000000000001").next().unwrap();
        let holds = bound.why(piped, &mut scratch, |reason| {
            assert!(reason.holds);
            let input = verified.image().input(reason.input.unwrap()).unwrap();
            assert_eq!(verified.image().name(input.name, input.name_len), "command");
            let found = reason.found.unwrap();
            assert_eq!((found.index, found.element), (1, None));
            parts.push(&command[found.offset..found.offset + found.len]);
        });
        parts.sort_unstable();
        parts.dedup();
        assert_eq!((holds, parts), (Ok(true), vec!["curl", "| sh"]));
        let numbers = verified.image().rules_named("00000003-5d1f-4c1e-9a3b-000000000003").next().unwrap();
        assert_eq!(
            bound.why(numbers, &mut scratch, |reason| assert!(!reason.holds && reason.found.is_none())),
            Ok(false)
        );
    });
}

/// An element of another type than the manifest states is not there: neither for the rule nor for what explains it.
#[test]
fn an_element_of_another_type_decides_nothing() {
    let rules =
        RULES.replace("any args ends_with \"evil\"", "any args contains \"2\"").replace(" sensors: \">=9\"", "");
    let bytes = compile(&content(&rules), Options::default()).unwrap();
    with(&bytes, &sensor(INPUTS, ""), |verified, _| {
        let mut event = exec(Value::from("x"), Value::Int(1));
        let elements = [Value::Int(12), Value::Bytes(b"2"), Value::from("no"), Value::from("x12")];
        event[4] = Value::List(&elements);
        let bound = of(verified, &event);
        let mut scratch = vec![0; verified.scratch_words()];
        let rule = verified.image().rules_named("00000004-5d1f-4c1e-9a3b-000000000004").next().unwrap();
        let mut found = Vec::new();
        assert_eq!(bound.why(rule, &mut scratch, |reason| found.extend(reason.found)), Ok(true));
        assert_eq!(found.iter().map(|of| (of.element, of.offset)).collect::<Vec<_>>(), [(Some(3), 2)]);
    });
}

#[test]
fn a_kill_list_is_for_one_image() {
    let (one, two) = (RULES, RULES.replace("rule piped", "rule added { id: \"00000000-5d1f-4c1e-9a3b-000000000000\" template: acme.exec @ 1 severity: low title: \"Added\" when pid == 1 }\nrule piped"));
    let (one, two) =
        (compile(&content(one), Options::default()).unwrap(), compile(&content(&two), Options::default()).unwrap());
    let event = exec(Value::from("curl x | sh"), Value::Int(1));
    let list = ["00000001-5d1f-4c1e-9a3b-000000000001", "no rule of today"];
    with(&one, &sensor(INPUTS, ""), |old, _| {
        let mut words = vec![u64::MAX; old.kill_words()];
        let kill = old.kill(list, &mut words).unwrap();
        assert_eq!(kill.unknown(), 1);
        let mut scratch = vec![0; old.scratch_words()];
        let mut found = Vec::new();
        let done = of(old, &event).evaluate(&kill, &mut scratch, u64::MAX, |rule| {
            found.push(old.image().rule(rule).unwrap().title);
            ControlFlow::Continue(())
        });
        assert!(done.is_ok() && found == ["Typed"], "{found:?}");
        let mut words = vec![u64::MAX; old.kill_words()];
        let rest = old.kill_all_but(list, &mut words).unwrap();
        let rules = 0..old.image().rule_count();
        assert!(rest.unknown() == 1 && rules.clone().all(|rule| kill.kills(rule) != rest.kills(rule)));
        assert_eq!(rules.filter(|rule| kill.kills(*rule)).count(), 1);
        assert_eq!(old.kill_all_but(list, &mut []).unwrap_err(), old.kill_words());
        with(&two, &sensor(INPUTS, ""), |new, _| {
            let mut scratch = vec![0; new.scratch_words()];
            let sink = |_| ControlFlow::Continue(());
            assert_eq!(of(new, &event).evaluate(&kill, &mut scratch, u64::MAX, sink), Err(Fault::Kill));
            let mut words = vec![0; new.kill_words()];
            let all = new.kill_all(&mut words).unwrap();
            let never = |rule| panic!("rule {rule} is switched off");
            assert!(of(new, &event).evaluate(&all, &mut scratch, u64::MAX, never).unwrap().is_whole());
        });
    });
}

/// What a sensor never runs is not in an image that is for it alone; what it lacks is still refused.
#[test]
fn an_image_can_be_for_one_sensor() {
    let shippable = content(RULES);
    let only = sensor(INPUTS, "");
    let all = compile(&shippable, Options::default()).unwrap();
    let bytes = compile(&shippable, Options { sensor: Some(&only), ..Options::default() }).unwrap();
    let image = Image::read(&bytes).unwrap();
    assert_eq!((image.template_count(), image.rule_count()), (1, 3));
    assert!(bytes.len() < all.len());
    with(&bytes, &only, |verified, manifest| {
        assert_eq!((verified.loaded_rules(), verified.left_out(manifest).count()), (3, 0));
    });
    let lacking = sensor(&INPUTS.replace(r#"{"name":"parent","type":"string?"},"#, ""), "");
    let bytes = compile(&shippable, Options { sensor: Some(&lacking), ..Options::default() }).unwrap();
    assert!(matches!(rejection(&bytes, &lacking), Some(Rejection::UnsuppliedInput { .. })));
}

/// With a checksum that is right.
fn sealed(mut image: Vec<u8>) -> Vec<u8> {
    seal(&mut image);
    image
}

/// One record of a section, changed.
fn changed<const N: usize>(bytes: &[u8], at: usize, change: impl Fn(&[u8; N]) -> [u8; N]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let record = bytes[at * N..].first_chunk_mut::<N>().unwrap();
    *record = change(record);
    bytes
}

/// `verify` believes nothing: what a program reads, what it may be found by, that it is asked at all.
#[test]
fn what_follows_from_the_code_is_derived() {
    let bytes = compile(&content(RULES), Options::default()).unwrap();
    let sensor = sensor(INPUTS, "");
    assert_eq!(rejection(&rebuilt(&bytes, |_, bytes| bytes.to_vec()), &sensor), None);
    let image = Image::read(&bytes).unwrap();
    let programs = image.section_bytes(Section::Programs).as_chunks::<{ Program::SIZE }>().0;
    let refused = |section: Section, forged: Vec<u8>, what: &str| {
        let found = rejection(&forged, &sensor);
        assert!(matches!(found, Some(Rejection::Record { section: of, .. }) if of == section), "{what}: {found:?}");
    };
    // Each program without the first input that it mentions: a sensor that lacks it would load the rule.
    for (at, program) in programs.iter().map(Program::decode).enumerate() {
        let forged = rebuilt(&bytes, |section, bytes| match section {
            Section::Mentions => {
                let mut bytes = bytes.to_vec();
                bytes.drain(program.mentions as usize * 2..program.mentions as usize * 2 + 2);
                bytes
            }
            Section::Programs => {
                let records = bytes.as_chunks::<{ Program::SIZE }>().0.iter().enumerate();
                let less = records.map(|(number, record)| {
                    let mut of = Program::decode(record);
                    if number == at {
                        of.mention_count -= 1;
                    }
                    of.mentions -= u32::from(number > at);
                    of.encode()
                });
                less.flatten().collect()
            }
            _ => bytes.to_vec(),
        });
        refused(Section::Mentions, forged, "a mention is dropped");
    }
    // No atom is a witness, and no program runs always: nothing would ever fire.
    let forged = rebuilt(&bytes, |section, bytes| match section {
        Section::Witnesses => Vec::new(),
        Section::Atoms => {
            let records = bytes.as_chunks::<{ Atom::SIZE }>().0;
            vec![0; records.len() * Atom::SIZE]
        }
        Section::Templates => {
            let records = bytes.as_chunks::<{ Template::SIZE }>().0;
            let none = |record| Template { always: 0, always_count: 0, ..Template::decode(record) }.encode();
            records.iter().flat_map(none).collect()
        }
        _ => bytes.to_vec(),
    });
    refused(Section::Programs, forged, "witnesses are dropped");
    // A rule that no program is for.
    let forged = rebuilt(&bytes, |section, bytes| match section {
        Section::Rules => [bytes, &bytes[bytes.len() - 52..]].concat(),
        _ => bytes.to_vec(),
    });
    refused(Section::Rules, forged, "a rule without a program");
    // An input of another scalar than its predicate asks for.
    let inputs = image.section_bytes(Section::Inputs).as_chunks::<{ Input::SIZE }>().0;
    let number = inputs.iter().position(|record| Input::decode(record).scalar == Scalar::Int as u8).unwrap();
    let forged = rebuilt(&bytes, |section, bytes| match section {
        Section::Inputs => {
            changed(bytes, number, |record| Input { scalar: Scalar::Ip as u8, ..Input::decode(record) }.encode())
        }
        _ => bytes.to_vec(),
    });
    refused(Section::Predicates, forged, "a number is asked of an address");
    // Fewer features than there are, and more.
    for features in [feature::MASK, feature::KNOWN] {
        let mut forged = bytes.clone();
        forged[32..40].copy_from_slice(&features.to_le_bytes());
        refused(Section::Predicates, sealed(forged), "features");
    }
    // An image of no rule.
    let empty =
        compile(&content("template t @ 1 { 1 a: string }"), Options { allow_empty: true, ..Options::default() })
            .unwrap();
    assert_eq!(rejection(&empty, &sensor), None);
    let mut forged = empty;
    forged[12] = 0;
    assert_eq!(rejection(&sealed(forged), &sensor), Some(Rejection::Empty));
}

/// A forged automaton of as many states as the format has numbers for is in order, and costs more than any sensor takes.
#[test]
fn an_automaton_that_costs_too_much_is_refused() {
    let text = "template acme.exec @ 1 { 1 image: string }\nrule r { id: \"f251958f-9bca-478f-b397-bb3fe12d78ef\" template: acme.exec @ 1 severity: low when image matches \"a.{20}b.{20}c.{20}d\" }";
    let bytes = compile(&content(text), Options::default()).unwrap();
    let states = 1_u32 << 18;
    let forged = rebuilt(&bytes, |section, bytes| match section {
        Section::Regexes => {
            let len = states * NfaState::SIZE as u32;
            changed(bytes, 0, |record| Regex { states, len, start: 0, ..Regex::decode(record) }.encode())
        }
        Section::Automata => {
            let state =
                |at: u32| NfaState { kind: NfaKind::Range as u8, next: (at + 1) % states, low: 0, high: 0x10_FFFF };
            (0..states).flat_map(|at| state(at).encode()).collect()
        }
        _ => bytes.to_vec(),
    });
    let image = sensor(INPUTS, "");
    assert_eq!(rejection(&bytes, &image), None);
    let found = rejection(&forged, &image);
    assert!(
        matches!(
            found,
            Some(Rejection::Capacity { what: Resource::StepsPerByte, capacity: Capacity::STEPS_PER_BYTE, .. })
        ),
        "{found:?}"
    );
    // A manifest can ask for less, and says so itself.
    let little = sensor(INPUTS, "\"capacity\":{\"steps_per_byte\":10},");
    assert!(matches!(
        rejection(&bytes, &little),
        Some(Rejection::Capacity { what: Resource::StepsPerByte, capacity: 10, .. })
    ));
}

/// A manifest that contradicts itself is refused, at compile time where it is a constant.
#[test]
fn a_manifest_is_checked() {
    const STRING: Type = Type { scalar: Scalar::String, list: false, optional: false };
    const fn input(name: &str) -> contentcheck_interpreter::Input<'_> {
        contentcheck_interpreter::Input { name, ty: STRING }
    }
    const RIGHT: Manifest<'static> = Manifest {
        sensor: "acme",
        version: "7.15.0-rc1+b",
        versioning: Versioning::Parts,
        capacity: Capacity::NONE,
        header: &[input("host")],
        templates: &[
            Supply { template: "acme.exec", inputs: &[input("image"), input(""), input("")] },
            Supply { template: "acme.dns", inputs: &[] },
        ],
    };
    const _: () = assert!(RIGHT.check().is_ok());
    let (a, b) = (input("a"), input("b"));
    for (wrong, error) in [
        (Manifest { sensor: "", ..RIGHT }, ManifestError::Sensor),
        (Manifest { sensor: "Acme", ..RIGHT }, ManifestError::Sensor),
        (Manifest { version: "", ..RIGHT }, ManifestError::Version),
        (Manifest { version: "v1", ..RIGHT }, ManifestError::Version),
        (Manifest { version: "1 2", ..RIGHT }, ManifestError::Version),
        (Manifest { header: &[a, b, a], ..RIGHT }, ManifestError::DuplicateHeader { input: 2 }),
        (Manifest { header: &[a, input("")], ..RIGHT }, ManifestError::HeaderName { input: 1 }),
        (
            Manifest { templates: &[Supply { template: "", inputs: &[] }], ..RIGHT },
            ManifestError::TemplateName { template: 0 },
        ),
        (
            Manifest {
                templates: &[Supply { template: "t", inputs: &[a] }, Supply { template: "t", inputs: &[b] }],
                ..RIGHT
            },
            ManifestError::DuplicateTemplate { template: 1 },
        ),
        (
            Manifest {
                templates: &[Supply { template: "s", inputs: &[a] }, Supply { template: "t", inputs: &[b, a, b] }],
                ..RIGHT
            },
            ManifestError::DuplicateInput { template: 1, input: 2 },
        ),
    ] {
        assert_eq!(wrong.check(), Err(error));
        let bytes = compile(&content(RULES), Options::default()).unwrap();
        let image = Image::read(&bytes).unwrap();
        let mut memory = Memory::of(&image);
        assert_eq!(image.verify(&wrong, memory.workspace()).err(), Some(Rejection::Manifest(error)));
    }
}
