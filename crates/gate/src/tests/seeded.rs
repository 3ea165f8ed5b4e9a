//! The gate held against itself, and releases that are no fault of it.

use super::*;

/// A self-test of one class whose release has no defect at all: stands for a check that does not see one.
struct Blind;

impl Check for Blind {
    fn name(&self) -> &'static str {
        "self-test"
    }
    fn guards(&self) -> &'static str {
        ""
    }
    fn run(&self, run: &Subject<'_>, _: &Learned) -> Outcome {
        static HARMLESS: [Defect; 1] = [Defect {
            class: "harmless",
            what: "nothing is wrong",
            check: &Lint,
            codes: &[&codes::VALUE_TYPE],
            seed: |victim| Some(victim.plain()),
        }];
        SelfTest::over(run, &HARMLESS, &mut |_, _| {})
    }
}

#[test]
fn a_check_that_sees_no_defect_is_no_finding_about_the_release() {
    let (results, learned) = run::run(&built("pid > 4", 2), None, &settings(), &[&Blind], &mut |_, _, _| {});
    let said: Vec<&str> = results[0].findings.iter().map(|of| of.code.as_str()).collect();
    assert_eq!(said, ["CC1001"]);
    assert_eq!((learned.defects[0].seeded, learned.defects[0].rejected), (1, 0));
}

/// A filter for any rule of its log source is for a seeded one too: the release is at fault, and not the gate.
#[test]
fn a_filter_for_any_rule_is_no_fault_of_the_gate() {
    let native = "template t.x @ 1 { reads { source: \"acme\" } 1 a: string }\nrule n { id: \"11111111-1111-4111-8111-111111111112\" template: t.x @ 1 severity: low when a == \"x\" }\n";
    for logsource in ["product: windows", "product: windows\n    category: process_kreation", "category: dns_query", ""]
    {
        for rules in ["any", "ANY", "[]", "{}"] {
            let logsource = if logsource.is_empty() { String::new() } else { format!("logsource:\n    {logsource}\n") };
            let filter = format!(
                "title: Filter x\nid: 11111111-2222-4333-8444-555555555555\n{logsource}filter:\n    rules: {rules}\n    selection:\n        Image: x\n    condition: not selection\n"
            );
            let sources = vec![
                (Source::new("n.content", native), Language::Native),
                (Source::new("f.yml", filter.clone()), Language::Sigma),
            ];
            let built = Built::new(Gathered::of(sources), false, 1).unwrap();
            let found = checked(&built, None, settings(), &["self-test", "lint"]);
            let said = errors(&found);
            assert!(said.iter().all(|(code, _)| *code != "CC1001"), "{filter}: {said:?}");
            assert!(!said.is_empty(), "{filter}");
        }
    }
}

/// A sensor that is full keeps out of the image what a class adds: the release is at fault, or nothing is, but not the gate.
#[test]
fn a_full_sensor_is_no_fault_of_the_gate() {
    let text = |rules: usize| {
        let mut text = "template acme.process @ 1 {\n    1 image: string nocase\n}\n".to_owned();
        for number in 0..rules {
            let _ = writeln!(
                text,
                "rule r{number} {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8{number:03}\"\n    template: acme.process @ 1\n    severity: low\n    when image ends_with \"a{number}\"\n}}"
            );
        }
        text
    };
    for capacity in 0..4 {
        let manifest = format!(
            r#"{{"format":1,"sensor":"acme","version":"7","capacity":{{"rules":{capacity}}},"templates":{{"acme.process":{{"inputs":[{{"name":"image","type":"string"}}]}}}}}}"#
        );
        let sensor = Manifest::parse(&Source::new("m.json", manifest)).unwrap();
        let mut gathered = Gathered::of(vec![(Source::new("r.content", text(2)), Language::Native)]);
        gathered.fleet = Some(Fleet::new(vec![sensor]).unwrap());
        let found = checked(&Built::new(gathered, false, 1).unwrap(), None, settings(), &["self-test"]);
        assert_eq!(errors(&found), [], "{capacity} of 2");
        assert!(found.defects.iter().map(|class| class.rejected).sum::<u64>() > 5 || capacity < 2, "{capacity}");
    }
}

/// What is wrong with one rule of a release is no reason to call the gate blind, whichever sensors lack the input and in
/// however many files the rules are.
#[test]
fn a_rule_with_an_error_is_no_fault_of_the_gate() {
    let faulty = [
        // Reads an input that the older sensor does not supply, and is not restricted to the newer one.
        ("when session == 4", "CC0401"),
        ("when imag ends_with \"a\"", "CC0202"),
        ("when session == \"x\"", "CC0302"),
    ];
    let old = ("7", "image:string");
    for (condition, code) in faulty {
        for sensors in [&[old, NEW][..], &[old], &[("7", "image:string"), ("7.1", "image:string"), NEW]] {
            for is_apart in [true, false] {
                let rule = format!(
                    "rule faulty {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8190\"\n    template: acme.process @ 1\n    severity: low\n    {condition}\n}}\n"
                );
                let mut sources = vec![(Source::new("r.content", A7.to_owned()), Language::Native)];
                if is_apart {
                    sources.push((Source::new("faulty.content", rule), Language::Native));
                } else {
                    sources[0].0 = Source::new("r.content", format!("{A7}{rule}"));
                }
                let mut gathered = Gathered::of(sources);
                let fleet = sensors.iter().map(|(version, inputs)| sensor(version, inputs)).collect();
                gathered.fleet = Some(Fleet::new(fleet).unwrap());
                let built = Built::new(gathered, false, 1).unwrap();
                let found = checked(&built, None, settings(), &["self-test", "lint", "compile", "verify"]);
                let said = errors(&found);
                assert!(
                    !said.is_empty() && said.iter().all(|(of, _)| *of == code),
                    "{condition} {sensors:?}: {said:?}"
                );
                let rejected = found.defects.iter().map(|class| class.rejected).sum::<u64>();
                assert!(rejected > 15 || !is_apart, "{condition}: {rejected}");
            }
        }
    }
}

/// Where the input that is taken away is read by its position, another one may have moved up: that is told by another code, and is no
/// fault of the gate either.
#[test]
fn a_rule_that_reads_by_position_is_no_fault_of_the_gate() {
    for condition in ["$2 == 99", "$2 exists", "not $2 exists", "9 == $2", "$2 & 3 == 1", "$2 == 9 and image == \"a\""]
    {
        let text = A7.replace("when image ends_with \"a\"", &format!("when {condition}"));
        assert_ne!(text, A7);
        let found = checked(&on_fleet(&text, &[NEW]), None, settings(), &["self-test"]);
        assert_eq!(errors(&found), [], "{condition}");
        let classes = ["arity-by-one", "arity-accepted", "arity-in-baseline"];
        let short = found.defects.iter().filter(|class| classes.contains(&class.class.as_str()) && class.rejected > 0);
        assert_eq!(short.count(), classes.len(), "{condition}");
    }
}

/// Whatever number a release has, the class of stale numbers is seeded and seen.
#[test]
fn a_stale_sequence_is_seeded_into_any_release() {
    for sequence in [None, Some(0), Some(7), Some(8), Some(u64::MAX)] {
        let mut gathered = built("pid > 4", 2).regathered();
        gathered.release.sequence = sequence;
        let found = checked(&Built::new(gathered, false, 1).unwrap(), None, settings(), &["self-test"]);
        let class = found.defects.iter().find(|class| class.class == "sequence-stale").unwrap();
        assert_eq!((class.seeded, class.rejected), (1, 1), "{sequence:?}");
    }
}

/// Where analysis' findings are errors, both compilations leave out the same rules.
#[test]
fn a_rule_that_analysis_refuses_is_no_fault_of_the_compiler() {
    for (code, condition) in [("CC0611", "pid > 4 and pid < 2"), ("CC0612", "pid > 4 or pid < 6")] {
        let mut gathered = built(condition, 2).regathered();
        gathered.policy.set(codes::find(code).unwrap().id, Level::Error).unwrap();
        let built = Built::new(gathered, false, 1).unwrap();
        assert_eq!(built.judged().left_out().len(), 2, "{code}");
        let found = checked(&built, None, settings(), &["lint", "compile"]);
        assert!(found.errors().all(|(_, of)| of.code == code), "{:?}", errors(&found));
    }
}

/// Whichever rule comes first, a seeded sensor supplies what rules on every version of a template type read: a release
/// with several versions and no `sensors` anywhere is no fault of the gate.
#[test]
fn a_seeded_sensor_supplies_every_version_of_what_rules_read() {
    let template = |version: u32, more: &str| {
        format!(
            "template acme.process @ {version} {{\n    reads {{ kind: \"process\" }}\n    1 image: string nocase\n{more}}}\n"
        )
    };
    let rule = |number: u32, version: u32, condition: &str| {
        format!(
            "rule r{number} {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f831{number}\"\n    template: acme.process @ {version}\n    severity: low\n    when {condition}\n}}\n"
        )
    };
    let (second, third) = ("    2 session: int\n", "    2 session: int\n    3 user: string?\n");
    let templates = template(1, "") + &template(2, second) + &template(3, third);
    let rules = [
        rule(1, 1, "image ends_with \"a\""),
        rule(2, 2, "image ends_with \"b\" and session == 4"),
        rule(3, 3, "image ends_with \"c\" and user == \"x\" and session > 1"),
    ];
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]] {
        let text = templates.clone() + &order.map(|at: usize| rules[at].as_str()).concat();
        for fleet in [&[][..], &[("7", "image:string session:int user:string?")]] {
            let built = if fleet.is_empty() {
                let one = Gathered::of(vec![(Source::new("r.content", text.as_str()), Language::Native)]);
                Built::new(one, false, 1).unwrap()
            } else {
                on_fleet(&text, fleet)
            };
            let found = checked(&built, None, settings(), &["self-test"]);
            assert_eq!(errors(&found), [], "{order:?} {fleet:?}");
            let of = found.defects.iter().find(|of| of.class == "sensor-loads-less").unwrap();
            assert_eq!((of.seeded, of.rejected), (1, 1), "{order:?} {fleet:?}");
        }
    }
}

/// The work of the self-test is counted: hard rules end it early, the same on every machine, and what was not tried is
/// named and makes the check one in part.
#[test]
fn the_self_test_of_hard_rules_ends_and_says_what_it_left() {
    let run = |built: &Built, work: u64| {
        let found = checked(built, None, Settings { work, ..settings() }, &["self-test"]);
        assert_eq!(errors(&found), []);
        let check = found.checks.into_iter().find(|check| check.name == "self-test").unwrap();
        (check, found.defects)
    };
    // An easy one is tried whole.
    let (easy, _) = run(&hard_rules(1, 2), 100_000_000);
    assert_eq!((easy.facts["cases that were cut"], easy.skipped.len()), (0, 0), "{easy:?}");
    let built = hard_rules(3, 60);
    let (first, defects) = run(&built, 100_000_000);
    assert_eq!(run(&built, 100_000_000), (first.clone(), defects.clone()));
    let cut = first.facts["cases that were cut"];
    assert!(cut > 0, "{first:?}");
    assert!(first.skipped.iter().any(|of| of.contains("cases: the work that it may take was done")), "{first:?}");
    // What was not tried is not said to be inapplicable.
    let seeded = defects.iter().filter(|class| class.seeded > 0).count() as u64;
    let inapplicable = first.facts["classes that do not apply"];
    assert!(seeded + inapplicable <= defects.len() as u64);
    assert!(seeded + inapplicable < defects.len() as u64, "{first:?}");
    // With the work that it has by itself nothing is cut.
    let (whole, _) = run(&built, settings().work);
    assert_eq!((whole.facts["cases that were cut"], whole.skipped.len()), (0, 0), "{whole:?}");
}
