//! What no content brings about alone: images that are not those of their content, fleets that are made, and runs that
//! see less than the one before.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use contentcheck_model::diagnostic::codes;
use contentcheck_model::language::Language;
use contentcheck_model::sensor::{Fleet, Manifest};
use contentcheck_model::source::Source;
use contentcheck_parser::release::{self, Gathered, Level};
use contentcheck_run::Recording;

use crate::attest;
use crate::checks::{Lint, SelfTest};
use crate::defects::Defect;
use crate::evidence::{ChangeKind, Conclusion, Covered, Evidence, InputDigest, InputKind, Status, Weight};
use crate::previous::PreviousEvidence;
use crate::run::{self, Ceiling, Check, Learned, Outcome, Settings, Subject, examine};
use crate::subject::Built;

mod change;
mod work;

/// A release of so many rules that was built in memory.
fn built(condition: &str, rules: usize) -> Built {
    built_on("", condition, rules)
}

/// As `built`, with more in the template type.
fn built_on(more: &str, condition: &str, rules: usize) -> Built {
    let mut text = format!("template acme.process @ 1 {{\n    {more}1 image: string nocase\n    2 pid: int\n}}\n");
    for number in 0..rules {
        let _ = writeln!(
            text,
            "rule r{number:03} {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8{number:03}\"\n    template: acme.process @ 1\n    severity: low\n    when {condition}\n}}"
        );
    }
    Built::new(Gathered::of(vec![(Source::new("r.content", text), Language::Native)]), false, 1).unwrap()
}

fn settings() -> Settings {
    Settings { cases: 200, ..Settings::of("0") }
}

/// Checks of these names over a release.
fn checked(built: &Built, previous: Option<&Built>, settings: Settings, names: &[&str]) -> Evidence {
    let only = names.iter().map(|name| (*name).to_owned()).collect();
    examine(built, previous, &Settings { only, ..settings }, &mut |_, _, _| {})
}

/// The errors that were found: codes and messages.
fn errors(found: &Evidence) -> Vec<(&str, &str)> {
    found.errors().map(|(_, of)| (of.code.as_str(), of.message.as_str())).collect()
}

/// What checks say of a release whose image is that of other content: stands for a compiler that is wrong.
fn with_the_image_of(other: Built, names: &[&str]) -> Evidence {
    let mut wrong = built("image ends_with \"a\" and pid > 4", 1);
    (wrong.image, wrong.all_rules) = (other.image, other.all_rules);
    checked(&wrong, None, settings(), names)
}

#[test]
fn a_wrong_image_is_found_twice() {
    let found = with_the_image_of(built("image ends_with \"b\" or pid > 400", 1), &["compile", "differential"]);
    assert_eq!(found.verdict.outcome(), Conclusion::Failed);
    let codes: BTreeSet<&str> = found.errors().map(|(_, finding)| finding.code.as_str()).collect();
    assert_eq!(codes, BTreeSet::from(["CC1002", "CC1007"]));
    // The event is small: no field is there that the disagreement does not need.
    let (_, finding) = found.errors().find(|(_, finding)| finding.code == "CC1007").unwrap();
    let event = finding.event.as_ref().unwrap().as_object().unwrap();
    assert!(event.len() <= 2 && event.values().all(|value| value.to_string().len() < 24), "{event:?}");
    assert!(finding.test.as_ref().unwrap().starts_with("test "), "{finding:?}");
}

/// Rules that the release does not have are beyond its kill switch.
#[test]
fn an_image_with_more_rules_has_a_kill_switch_that_does_not_hold() {
    let more = built("image ends_with \"a\" and pid > 4", 70);
    let found = with_the_image_of(more, &["coverage", "hostile"]);
    let beyond =
        |(code, message): &(&str, &str)| *code == "CC1008" && message.contains("no name of the release switches off");
    assert!(errors(&found).iter().any(beyond), "{:?}", errors(&found));
}

/// A release without rules passes every check that looks at rules; it is refused all the same.
#[test]
fn an_empty_release_does_not_pass() {
    let found = checked(&built("", 0), None, settings(), &[]);
    let said: Vec<&str> = found.errors().map(|(_, of)| of.message.as_str()).collect();
    assert_eq!(
        (found.verdict.outcome(), said.as_slice()),
        (Conclusion::Failed, ["the release has no rules"].as_slice())
    );
    assert_eq!(found.checks.first().map(|check| check.status), Some(Status::Skipped));
    let allowed = Settings { allow_shrink: true, ..settings() };
    let found = checked(&built("", 0), None, allowed, &[]);
    // Most checks have nothing to look at: that is not a pass.
    assert_eq!(found.verdict.outcome(), Conclusion::Incomplete);
}

/// Where tests and events have no image to run on, the gate does not pass: most checks would say nothing.
#[test]
fn an_image_that_is_not_ready_is_a_finding() {
    let mut cut = built("image ends_with \"a\"", 1);
    cut.all_rules = cut.all_rules.map(|mut image| {
        image.truncate(image.len() / 2);
        image
    });
    let found = checked(&cut, None, settings(), &["compile", "coverage"]);
    assert_eq!(found.verdict.outcome(), Conclusion::Failed);
    let said: Vec<(&str, &str)> = found.errors().map(|(_, of)| (of.code.as_str(), of.message.as_str())).collect();
    assert!(matches!(said.as_slice(), [("CC1003", message)] if message.contains("is not ready")), "{said:?}");
}

/// A template type, a rule for all sensors, and one that reads `session` on newer ones.
const A7: &str = r#"
template acme.process @ 1 {
    reads { kind: "process" }
    1 image: string nocase
    2 session: int?
}
rule for_all {
    id: "0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8001"
    template: acme.process @ 1
    severity: low
    when image ends_with "a"
}
rule for_newer {
    id: "0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8002"
    template: acme.process @ 1
    severity: low
    sensors: ">=8"
    when image ends_with "b" and session == 4
}
"#;

/// The manifest of a sensor of a version, with inputs as `name:type`.
fn sensor(version: &str, inputs: &str) -> contentcheck_model::sensor::Sensor {
    let each = inputs.split_whitespace().map(|input| {
        let (name, ty) = input.split_once(':').unwrap();
        format!(r#"{{"name":"{name}","type":"{ty}"}}"#)
    });
    let inputs = each.collect::<Vec<String>>().join(",");
    let text = format!(
        r#"{{"format":1,"sensor":"acme","version":"{version}","templates":{{"acme.process":{{"inputs":[{inputs}]}}}}}}"#
    );
    Manifest::parse(&Source::new("m.json", text)).unwrap()
}

fn on_fleet(text: &str, sensors: &[(&str, &str)]) -> Built {
    let mut gathered = Gathered::of(vec![(Source::new("r.content", text), Language::Native)]);
    gathered.fleet =
        Some(Fleet::new(sensors.iter().map(|(version, inputs)| sensor(version, inputs)).collect()).unwrap());
    Built::new(gathered, false, 1).unwrap()
}

const NEW: (&str, &str) = ("8", "image:string session:int?");

/// An input that a sensor supplies in another type, and that only rules for other sensors read, is not looked at there.
#[test]
fn what_no_loaded_rule_reads_disturbs_no_sensor() {
    let lines = "{\"kind\": \"process\", \"image\": \"x\", \"session\": 7}\n".repeat(5);
    let settings = || Settings { recordings: vec![Recording::lines("day", lines.clone().into_bytes())], ..settings() };
    let all = ["lint", "verify", "differential", "hostile", "replay"];
    for old in [
        "session:string?",
        "session:float?",
        "session:bool?",
        "session:ip?",
        "session:bytes?",
        "session:list<int>?",
        "session:int?",
        "",
    ] {
        for old in [format!("image:string {old}"), format!("{old} image:string")] {
            let found = checked(&on_fleet(A7, &[("7", old.trim()), NEW]), None, settings(), &all);
            assert!(errors(&found).is_empty(), "{old}: {:?}", errors(&found));
            for name in ["differential", "hostile", "replay"] {
                let check = found.checks.iter().find(|check| check.name == name).unwrap();
                assert!(check.summary.contains("2 sensors in 2 groups"), "{}", check.summary);
            }
            assert!(found.checks[6].facts["events on sensors"] > 100, "{:?}", found.checks[6].facts);
        }
    }
}

/// Without a fleet, events were shown to no sensor: that is said, and is no pass.
#[test]
fn without_a_fleet_no_sensor_was_shown_events() {
    let lines = Recording::lines("day", b"{\"kind\": \"process\", \"image\": \"x\"}\n".to_vec());
    let one = Gathered::of(vec![(Source::new("r.content", A7), Language::Native)]);
    let one = Built::new(one, false, 1).unwrap();
    let found = checked(&one, None, Settings { recordings: vec![lines], ..settings() }, &[]);
    for name in ["differential", "hostile", "replay"] {
        let check = found.checks.iter().find(|check| check.name == name).unwrap();
        assert!(check.status == Status::Passed && check.skipped.iter().any(|of| of.contains("no fleet")), "{check:?}");
    }
}

/// Rules that a sensor ran and runs no more, whatever takes them away from it.
#[test]
fn a_sensor_that_runs_less_than_before_fails_the_gate() {
    let rules = |restricted: usize, sensors: &str| {
        let mut text = "template acme.process @ 1 {\n    1 image: string nocase\n}\n".to_owned();
        for number in 0..20 {
            let sensors = if number < restricted { format!("    sensors: \"{sensors}\"\n") } else { String::new() };
            let _ = writeln!(
                text,
                "rule r{number:03} {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8{number:03}\"\n    template: acme.process @ 1\n    severity: low\n{sensors}    when image ends_with \"a{number}\"\n}}"
            );
        }
        on_fleet(&text, &[("7", "image:string"), ("8", "image:string")])
    };
    let before = rules(0, "");
    let said = |now: &Built, allow_shrink: bool| {
        let found = checked(now, Some(&before), Settings { allow_shrink, ..settings() }, &["verify", "change"]);
        let loads: Vec<_> = found.sensors.iter().map(|of| (of.loads.unwrap(), of.previously)).collect();
        let said: Vec<_> = found.errors().map(|(_, of)| format!("{}: {}", of.code, of.message)).collect();
        (loads, said)
    };
    assert_eq!(said(&before, false), (vec![(20, Some(20)); 2], vec![]));
    // Each rule that a sensor loses is named, also where new ones keep the number up.
    let lost = |rule: &str| format!("CC0810: `{rule}` no longer runs on acme 7, and did in the previous release");
    let named = vec![lost("r000"), lost("r001")];
    assert_eq!(said(&rules(2, ">=8"), false), (vec![(18, Some(20)), (20, Some(20))], named.clone()));
    let filled = rules(2, ">=8");
    let mut gathered = filled.regathered();
    let filler = "rule filler {\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8900\"\n    template: acme.process @ 1\n    severity: low\n    when image ends_with \"filler\"\n}\n";
    gathered.sources.push((Source::new("filler.content", filler), Language::Native));
    assert_eq!(said(&Built::new(gathered, false, 1).unwrap(), false), (vec![(19, Some(20)), (21, Some(20))], named));
    // More than a tenth is said of the sensor.
    let less = "CC0810: acme 7 no longer runs 3 of 20 rules of the previous release".to_owned();
    assert_eq!(said(&rules(3, ">=8"), false), (vec![(17, Some(20)), (20, Some(20))], vec![less]));
    assert_eq!(said(&rules(3, ">=8"), true).1, [""; 0]);
    let (loads, found) = said(&rules(20, ">=99"), false);
    assert_eq!(loads, [(0, Some(20)), (0, Some(20))]);
    assert_eq!(found.iter().filter(|of| of.starts_with("CC0810")).count(), 2, "{found:?}");
    assert_eq!(found.iter().filter(|of| of.starts_with("CC1013")).count(), 2, "{found:?}");
    // New rules do not stand in for those that are gone from a sensor.
    let mut text = "template acme.process @ 1 {\n    1 image: string nocase\n}\n".to_owned();
    for number in 0..40 {
        let sensors = if number < 20 { "    sensors: \">=8\"\n" } else { "" };
        let _ = writeln!(
            text,
            "rule r{number:03} {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8{number:03}\"\n    template: acme.process @ 1\n    severity: low\n{sensors}    when image ends_with \"a{number}\"\n}}"
        );
    }
    let (loads, found) = said(&on_fleet(&text, &[("7", "image:string"), ("8", "image:string")]), false);
    assert_eq!(loads, [(20, Some(20)), (40, Some(20))]);
    assert_eq!(found, ["CC0810: acme 7 no longer runs 20 of 20 rules of the previous release"]);
    // A rule that no sensor runs any more is named, however few there are.
    let (_, found) = said(&rules(2, ">=99"), false);
    let nowhere = |rule: &str| format!("CC0810: `{rule}` no longer runs on any sensor of the fleet");
    assert_eq!(found, [nowhere("r000"), nowhere("r001")]);
    assert!(said(&rules(2, ">=99"), true).1.is_empty());
}

/// A version that is deployed and is taken out of the fleet is looked at by no check.
#[test]
fn a_sensor_that_left_the_fleet_is_named() {
    let (seven, eight, nine) = (("7", "image:string"), ("8", "image:string"), ("9", "image:string"));
    let text = "template acme.process @ 1 {\n    1 image: string nocase\n}\nrule r {\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8100\"\n    template: acme.process @ 1\n    severity: low\n    when image ends_with \"a\"\n}\n";
    let of = |sensors: &[(&str, &str)]| on_fleet(text, sensors);
    let before = of(&[seven, eight]);
    let said = |now: &Built, allow_shrink: bool| {
        let found = checked(now, Some(&before), Settings { allow_shrink, ..settings() }, &["change"]);
        found.errors().map(|(_, of)| format!("{}: {}", of.code, of.message)).collect::<Vec<_>>()
    };
    let lacks = |named: &str| {
        vec![format!("CC1016: the fleet of the previous release has sensors that this one lacks: {named}")]
    };
    assert_eq!(said(&of(&[seven, eight, nine]), false), [""; 0]);
    assert_eq!(said(&of(&[eight, nine]), false), lacks("acme 7"));
    assert_eq!(said(&of(&[nine]), false), lacks("acme 7, acme 8"));
    assert_eq!(said(&of(&[nine]), true), [""; 0]);
    let none = Gathered::of(vec![(Source::new("r.content", text), Language::Native)]);
    assert_eq!(said(&Built::new(none, false, 1).unwrap(), false), lacks("acme 7, acme 8"));
}

/// What is named as the previous release and shows less than one that passed did: that is no pass.
#[test]
fn a_previous_release_that_shows_less_is_no_pass() {
    let of = |text: &str, name: Option<&str>| {
        let mut gathered = Gathered::of(vec![(Source::new("r.content", text), Language::Native)]);
        gathered.release.name = name.map(str::to_owned);
        Built::new(gathered, false, 1).unwrap()
    };
    let template = "template acme.process @ 1 {\n    1 image: string nocase\n}\n";
    let rule = |name: &str, field: &str| {
        format!(
            "rule {name} {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f816{name}\"\n    template: acme.process @ 1\n    severity: low\n    when {field} ends_with \"a\"\n}}\n"
        )
    };
    let now = of(&format!("{template}{}", rule("a", "image")), Some("acme"));
    let said = |previous: &Built| {
        let found = checked(&now, Some(previous), settings(), &["change"]);
        let change = found.checks.iter().find(|check| check.name == "change").unwrap();
        // That it names no fleet, and that there is no evidence of it, are other matters.
        let other = |of: &&String| of.contains("fleet") || of.contains("evidence of the previous release");
        change.skipped.iter().filter(|of| of.contains("previous release") && !other(of)).count()
    };
    let whole = format!("{template}{}", rule("a", "image"));
    assert_eq!(said(&of(&whole, Some("acme"))), 0);
    // Without a name it may be any product's.
    assert_eq!(said(&of(&whole, None)), 1);
    assert_eq!(said(&of(&whole, Some("other"))), 1);
    assert_eq!(said(&of(template, Some("acme"))), 1);
    assert_eq!(said(&of(&format!("{whole}{}", rule("b", "imag")), Some("acme"))), 1);
    assert_eq!(said(&of(&format!("{template}{}", rule("b", "imag")), Some("other"))), 3);
}

/// What the previous release does not say is compared with nothing: that is no pass, and nothing that does not apply.
#[test]
fn a_previous_release_that_does_not_say_what_it_is_is_no_pass() {
    let of = |name: Option<&str>, sequence: Option<u64>, has_fleet: bool| {
        let mut gathered = if has_fleet { on_fleet(A7, &[NEW]).regathered() } else { built("pid > 4", 1).regathered() };
        gathered.release.name = name.map(str::to_owned);
        gathered.release.sequence = sequence;
        Built::new(gathered, false, 1).unwrap()
    };
    let now = of(Some("acme"), Some(12), true);
    let said = |previous: &Built| {
        let found = checked(&now, Some(previous), settings(), &["change"]);
        let change = found.checks.into_iter().find(|check| check.name == "change").unwrap();
        assert!(change.not_applicable.is_empty(), "{change:?}");
        change.skipped
    };
    let has = |skipped: &[String], words: &str| skipped.iter().any(|of| of.contains(words));
    for number in 0..8 {
        let (is_named, is_numbered, has_fleet) = (number & 1 > 0, number & 2 > 0, number & 4 > 0);
        let skipped = said(&of(is_named.then_some("acme"), is_numbered.then_some(11), has_fleet));
        assert_eq!(has(&skipped, "the previous release has no name"), !is_named, "{skipped:?}");
        assert_eq!(has(&skipped, "the sequence number: the previous release has none"), !is_numbered, "{skipped:?}");
        assert_eq!(has(&skipped, "the previous release names no fleet"), !has_fleet, "{skipped:?}");
    }
}

/// What the previous release's own exclusions hide is gone from both sides of the comparison: only its evidence tells
/// whether it ever was a part of it.
#[test]
fn what_is_left_out_of_the_previous_release_is_named() {
    for (reason, is_chosen) in [
        (release::EXCLUDE, true),
        (release::IGNORE_FILE, true),
        ("hidden", false),
        ("describes recorded samples", false),
    ] {
        let of = |left_out: &[&str]| {
            let mut gathered = built("pid > 4", 3).regathered();
            gathered.not_taken = left_out.iter().map(|name| ((*name).to_owned(), reason)).collect();
            Built::new(gathered, false, 1).unwrap()
        };
        let now = of(&["a.yml"]);
        let run = |previous: &Built, then: Option<&Evidence>| {
            let previous_evidence = then.map(|then| previous_evidence(then, &now));
            let found = checked(&now, Some(previous), Settings { previous_evidence, ..settings() }, &["change"]);
            let change = found.checks.iter().find(|check| check.name == "change").unwrap();
            let skipped: Vec<String> = change.skipped.iter().filter(|of| of.contains("exclusions")).cloned().collect();
            (skipped, found.files_left_out)
        };
        let hidden = of(&["sigma", "old.yml"]);
        let (skipped, left_out) = run(&hidden, None);
        assert_eq!(skipped.len(), usize::from(is_chosen), "{reason}: {skipped:?}");
        assert!(skipped.iter().all(|of| of.starts_with("2 names that") && of.contains("such as sigma")), "{skipped:?}");
        let named: Vec<(String, u64)> = left_out.into_iter().map(|of| (of.reason, of.count)).collect();
        assert_eq!(named, [(reason.to_owned(), 1), (format!("previous release: {reason}"), 2)]);
        assert!(run(&of(&[]), None).0.is_empty());
        // Evidence of that release has its content, without what is left out.
        assert!(run(&hidden, Some(&checked(&hidden, None, settings(), &["lint"]))).0.is_empty());
    }
}

/// An id is one in any case, for lint as for what is compared with the previous release.
#[test]
fn an_id_in_another_case_is_the_same_rule() {
    let of = |upper: bool, ending: &str| {
        let id = "0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8180";
        let id = if upper { id.to_ascii_uppercase() } else { id.to_owned() };
        let sensors = if ending.is_empty() { "" } else { "    sensors: \">=99\"\n" };
        let text = format!(
            "template acme.process @ 1 {{\n    reads {{ kind: \"process\" }}\n    1 image: string nocase\n}}\nrule r {{\n    id: \"{id}\"\n    template: acme.process @ 1\n    severity: low\n{sensors}    when image == \"a\"\n}}\n"
        );
        on_fleet(&text, &[("7", "image:string")])
    };
    let lines = b"{\"kind\": \"process\", \"image\": \"a\"}\n".repeat(200);
    let settings = || Settings { recordings: vec![Recording::lines("day", lines.clone())], ..settings() };
    let check = |before: &Built, now: &Built| {
        let found = checked(now, Some(before), settings(), &["change"]);
        let said = errors(&found).iter().map(|(code, message)| format!("{code}: {message}")).collect::<Vec<_>>();
        (said, found.changes.len(), found.rules.first().unwrap().matches_before)
    };
    for (before, now) in [(false, false), (false, true), (true, false), (true, true)] {
        assert_eq!(check(&of(before, ""), &of(now, "")), (vec![], 0, Some(200)));
        let (said, _, _) = check(&of(before, ""), &of(now, "none"));
        assert!(matches!(said.as_slice(), [one] if one.starts_with("CC0810")), "{said:?}");
    }
}

/// A rule under another id is one that is gone to whoever knows rules by their ids, and the finding says what happened.
#[test]
fn a_rule_whose_id_changed_is_named_with_both() {
    let of = |id: &str, title: &str, value: &str| {
        let text = format!(
            "template acme.process @ 1 {{\n    1 image: string nocase\n}}\nrule r {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f81{id}\"\n    template: acme.process @ 1\n    severity: low\n    title: \"{title}\"\n    when image == \"{value}\"\n}}\n"
        );
        on_fleet(&text, &[("7", "image:string")])
    };
    for (title, value, is_renamed) in [("One", "a", true), ("One", "b", true), ("Two", "a", true), ("Two", "b", false)]
    {
        let found = checked(&of("60", title, value), Some(&of("50", "One", "a")), settings(), &["change"]);
        let all = found.checks.iter().flat_map(|check| &check.findings);
        let said: Vec<&str> = all.filter(|of| of.code == "CC0802").map(|of| of.message.as_str()).collect();
        let [said] = said.as_slice() else { panic!("{said:?}") };
        assert_eq!(said.contains("the id of `One` changed"), is_renamed, "{said}");
        assert_eq!(said.contains("8150") && said.contains("8160"), is_renamed, "{said}");
    }
}

/// With `deny-warnings` a warning fails the run, whichever check it is of; what the policy lowers does not.
#[test]
fn warnings_of_the_gate_weigh_what_the_policy_says() {
    let before = built("pid > 4", 30);
    let run = |deny_warnings: bool, level: Option<Level>| {
        let mut gathered = built("pid > 4", 29).regathered();
        gathered.policy.deny_warnings = deny_warnings;
        if let Some(level) = level {
            gathered.policy.set("CC0802", level).unwrap();
        }
        let found = checked(&Built::new(gathered, false, 1).unwrap(), Some(&before), settings(), &["change"]);
        let gone = found.checks.iter().flat_map(|check| &check.findings).find(|of| of.code == "CC0802").unwrap();
        assert_eq!(found.verdict.outcome() == Conclusion::Failed, gone.weight == Weight::Error);
        gone.weight
    };
    assert_eq!(run(false, None), Weight::Warning);
    assert_eq!(run(true, None), Weight::Error);
    assert_eq!(run(false, Some(Level::Error)), Weight::Error);
    for level in [Level::Info, Level::Off] {
        assert_eq!((run(false, Some(level)), run(true, Some(level))), (Weight::Info, Weight::Info));
    }
}

/// Recorded events are recognised by `reads`: with other ones, replay and never-match see other events, or none.
#[test]
fn what_events_are_recognised_by_is_part_of_a_template_type() {
    let of = |reads: &str| {
        let text = format!(
            "template acme.process @ 1 {{\n    {reads}1 image: string nocase\n}}\nrule r {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8150\"\n    template: acme.process @ 1\n    severity: low\n    when image ends_with \"a\"\n}}\n"
        );
        Built::new(Gathered::of(vec![(Source::new("r.content", text), Language::Native)]), false, 1).unwrap()
    };
    let all = [
        "",
        "reads { kind: \"process\" }\n    ",
        "reads { kind: \"proces\" }\n    ",
        "reads { kind: 7 }\n    ",
        "reads { kin: \"process\" }\n    ",
        "reads { kind: \"process\", id: 1 }\n    ",
    ];
    for before in all {
        for now in all {
            let found = checked(&of(now), Some(&of(before)), settings(), &["change"]);
            let said = errors(&found).iter().filter(|(code, _)| *code == "CC0210").count();
            assert_eq!(said, usize::from(before != now), "{before}, then {now}: {found:?}");
        }
    }
}

/// Rules see no event that goes elsewhere, whatever takes it from them.
#[test]
fn what_takes_recorded_events_from_rules_is_told() {
    let template =
        |name: &str, reads: &str| format!("template {name} {{\n    {reads}\n    1 image: string nocase\n}}\n");
    let rule = "rule r {\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8150\"\n    template: acme.process @ 1\n    severity: low\n    when image ends_with \"a\"\n}\n";
    let of = |more: &[String], rule: &str| {
        let own = template("acme.process @ 1", "reads { Channel: \"Acme/Process\", EventID: [1, 2] }");
        let text = format!("{own}{}{rule}", more.concat());
        Built::new(Gathered::of(vec![(Source::new("r.content", text), Language::Native)]), false, 1).unwrap()
    };
    let before = of(&[], rule);
    let later = rule.replace("process @ 1", "process @ 2");
    let second = |reads: &str| template("acme.process @ 2", reads);
    let other = |reads: &str| template("acme.other @ 1", reads);
    let cases = [
        (vec![], rule, false),
        (vec![second("reads { Channel: \"Acme/Process\", EventID: [1, 2] }")], rule, false),
        (vec![second("reads { channel: \"Acme/Process\", EventID: [1, 2] }")], rule, true),
        (vec![second("reads { Channel: \"acme/process\", EventID: [2, 1] }")], rule, false),
        (vec![second("reads { Channel: \"Acme/Process\", EventID: [1, 2, 3] }")], &later, true),
        (vec![second("reads { Channel: \"Acme/Process\" }")], rule, true),
        (vec![second("reads { Channel: \"Acme/Process\", EventID: 1 }")], rule, true),
        (vec![second("reads { Channel: \"Acme/Process\", EventID: [1, 3] }")], &later, true),
        (vec![second("reads { Channel: \"Acme/Processes\", EventID: [1, 2] }")], rule, true),
        (vec![second("reads { Channel: \"Acme/Process\", EventID: [1, 2], Level: 4 }")], &later, true),
        (vec![second("")], rule, true),
        (vec![other("reads { Channel: \"Acme/Other\", EventID: [1, 2] }")], rule, false),
        (vec![other("reads { Channel: \"Acme/Process\", EventID: 3 }")], rule, false),
        (vec![other("reads { Channel: \"Acme/Process\", EventID: 2, Level: 4 }")], rule, false),
        // Which of the two it is, is not known of an event without a provider.
        (vec![other("reads { Channel: \"Acme/Process\", EventID: 1, Provider_Name: \"Other\" }")], rule, false),
    ];
    for (more, rule, is_told) in cases {
        let found = checked(&of(&more, rule), Some(&before), settings(), &["lint", "change"]);
        let said = errors(&found);
        assert_eq!(said.iter().any(|(code, _)| *code == "CC0210"), is_told, "{more:?}: {said:?}");
    }
    // The release as it was on its newest version alone: there is nothing earlier that lint could compare it with.
    let alone = |reads: &str| {
        let text = template("acme.process @ 2", reads) + &later;
        Built::new(Gathered::of(vec![(Source::new("r.content", text), Language::Native)]), false, 1).unwrap()
    };
    for (reads, is_told) in [
        ("reads { Channel: \"Acme/Process\", EventID: [1, 2] }", false),
        ("reads { Channel: \"Acme/Process\", EventID: 1 }", true),
        ("reads { log: \"Acme/Process\" }", true),
        ("", true),
    ] {
        let found = checked(&alone(reads), Some(&before), settings(), &["lint", "change"]);
        let said = errors(&found);
        assert_eq!(said.iter().any(|(code, _)| *code == "CC0210"), is_told, "{reads}: {said:?}");
    }
}

/// Rules with errors are lint's to report; where lint does not run, a release without them must not look whole.
#[test]
fn without_lint_a_rule_that_is_left_out_is_an_error_too() {
    let text = "template acme.process @ 1 {\n    1 image: string nocase\n}\nrule r {\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8101\"\n    template: acme.process @ 1\n    severity: low\n    when image ends_with \"a\"\n}\nrule s {\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8151\"\n    template: acme.process @ 1\n    severity: low\n    when imag ends_with \"a\"\n}\n";
    let built = Built::new(Gathered::of(vec![(Source::new("r.content", text), Language::Native)]), false, 1).unwrap();
    let said = |names: &[&str]| {
        let found = checked(&built, None, settings(), names);
        let of = found.errors().filter(|(result, _)| result.name == "compile");
        of.map(|(_, of)| format!("{}: {}", of.code, of.message)).collect::<Vec<_>>()
    };
    assert_eq!(said(&["lint", "compile"]), [""; 0]);
    let left_out = "CC0808: 1 rule is left out of the image because of errors, the first is `0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8151`";
    assert_eq!(said(&["compile"]), [left_out]);
    assert_eq!(said(&["compile", "verify"]), [left_out]);
}

/// A check that had nothing to look at did not pass.
#[test]
fn a_release_without_tests_is_not_judged_by_them() {
    let found = checked(&built("pid > 4", 2), None, settings(), &["tests"]);
    let tests = found.checks.iter().find(|check| check.name == "tests").unwrap();
    assert_eq!((tests.status, tests.skipped.as_slice()), (Status::Skipped, &["no rule has a test".to_owned()][..]));
    let required = checked(&built("pid > 4", 2), None, Settings { require_all: true, ..settings() }, &["tests"]);
    assert!(required.verdict.summary().contains("tests"), "{}", required.verdict.summary());
}

/// A file in which nothing is recognised did not show anything, whatever it is called and whatever else is there.
#[test]
fn a_file_in_which_nothing_is_recognised_is_an_error() {
    let good = || Recording::lines("good", b"{\"kind\": \"process\", \"image\": \"x\"}\n".to_vec());
    let built = on_fleet(A7, &[NEW]);
    for (bytes, words) in [
        ("", "bad has no event"),
        ("\n\n", "bad has no event"),
        ("{\"kind\": \"proces\", \"image\": \"x\"}\n", "bad: none of its 1 event belongs to a template type: it has "),
        (
            "{\"knid\": \"process\"}\n{\"a\": 1}\n",
            "bad: none of its 2 events belongs to a template type: each of 2 of the first 2 ",
        ),
    ] {
        let bad = || Recording::lines("bad", bytes.as_bytes().to_vec());
        for (recordings, never_match) in
            [(vec![good(), bad()], vec![]), (vec![bad()], vec![good()]), (vec![good()], vec![bad(), good()])]
        {
            let found = checked(&built, None, Settings { recordings, never_match, ..settings() }, &["replay"]);
            let said = errors(&found);
            assert!(
                matches!(said.as_slice(), [("CC1015", message)] if message.starts_with(words)),
                "{bytes:?}: {said:?}"
            );
        }
    }
    let found = checked(&built, None, Settings { recordings: vec![good()], ..settings() }, &["replay"]);
    assert!(errors(&found).is_empty());
}

/// Events that are recognised and have nothing of what rules read: whatever a rule is, it matches none of them.
#[test]
fn events_without_a_field_that_rules_read_show_nothing() {
    let text = A7.replace("    when image ends_with \"a\"", "    when kind == \"process\" and image ends_with \"a\"");
    let built = on_fleet(&text, &[NEW]);
    let recording = |lines: &str| Recording::lines("day", lines.as_bytes().to_vec());
    let run = |lines: &str, then: Option<&Evidence>| {
        let settings = Settings {
            recordings: vec![recording(lines)],
            never_match: vec![recording(lines), recording(WHOLE)],
            previous_evidence: then.map(|then| previous_evidence(then, &built)),
            ..settings()
        };
        checked(&built, None, settings, &["tests", "replay", "change"])
    };
    const WHOLE: &str = "{\"kind\": \"process\", \"image\": \"x\"}\n{\"kind\": \"process\", \"session\": 7}\n";
    let then = run(WHOLE, None);
    let bare = "{\"kind\": \"process\", \"pid\": 7}\n{\"kind\": \"process\", \"image\": null}\n";
    for (lines, shown) in [
        (WHOLE, 2),
        (bare, 0),
        (&format!("{WHOLE}{bare}"), 2),
        ("{\"kind\": \"process\"}\n{\"kind\": \"process\"}\n", 0),
    ] {
        let found = run(lines, None);
        let replay = found.checks.iter().find(|check| check.name == "replay").unwrap();
        assert_eq!(replay.facts["recorded events with a field that rules read"], shown, "{lines}");
        assert_eq!(replay.facts["never-match events with a field that rules read"], shown + 2, "{lines}");
        let none = replay.skipped.iter().filter(|of| of.contains("none of its")).count();
        assert_eq!(none, if shown == 0 { 2 } else { 0 }, "{:?}", replay.skipped);
        // As many events as before, and fewer that show anything: that is less to look at.
        let found = run(lines, Some(&then));
        let said = errors(&found);
        // Equal events are one, and what no field of the template type is called makes no other event of it.
        let fewer = said.iter().filter(|(code, _)| *code == "CC1016").count();
        // The second file of never-match events has all that the first one had.
        assert_eq!(fewer, usize::from(shown == 0), "{lines}: {said:?}");
    }
    // Evidence that does not say how many there were is no proof that there are not fewer now.
    let mut older = then;
    for check in &mut older.checks {
        check.facts.retain(|name, _| !name.ends_with("that rules read"));
    }
    let found = run(bare, Some(&older));
    let change = found.checks.iter().find(|check| check.name == "change").unwrap();
    assert_eq!(change.skipped.iter().filter(|of| of.contains("does not say how many")).count(), 2);
}

/// Each rule is aimed at in turn, and what no event was aimed at is said: no more are made than were asked for.
#[test]
fn too_few_events_or_too_little_time_is_no_pass() {
    let release = built("image ends_with \"a\" and pid > 4", 10);
    let check = |settings: Settings| {
        let found = checked(&release, None, settings, &["differential"]);
        found.checks.into_iter().find(|check| check.name == "differential").unwrap()
    };
    for cases in [1, 5, 9, 10, 64] {
        let found = check(Settings { cases, ..settings() });
        // Where there is one for each rule, there are some more.
        assert_eq!(found.facts["events"], if cases < 10 { cases } else { 64 });
        let lacking = 10_u64.saturating_sub(cases);
        assert_eq!(found.facts["rules that no event was aimed at"], lacking);
        let said = found.skipped.iter().any(|of| of.starts_with(&format!("{lacking} of 10 rules: no generated event")));
        assert_eq!(said, lacking > 0, "{:?}", found.skipped);
    }
    let found = check(Settings { seconds: Some(0), ..settings() });
    assert_eq!((found.status, found.facts["events"]), (Status::Skipped, 0));
    assert!(found.skipped.iter().any(|of| of.contains("200 generated events: time was up")), "{:?}", found.skipped);
    assert_eq!(check(Settings { cases: 0, ..settings() }).status, Status::Skipped);
}

/// The evidence as that of an earlier release than this one.
fn previous_evidence(evidence: &Evidence, built: &Built) -> Box<PreviousEvidence> {
    let mut evidence = evidence.clone();
    // The content of a release that is no other one.
    evidence.release.content_sha256 = "0".repeat(64);
    Box::new(PreviousEvidence::of(evidence, built, None).unwrap())
}

/// Evidence counts for the release that it is of, and for no other one: each of its marks alone tells.
#[test]
fn evidence_of_another_release_is_refused() {
    let of = |name: Option<&str>, sequence: Option<u64>, rules: usize| {
        let mut gathered = built("pid > 4", rules).regathered();
        gathered.release.name = name.map(str::to_owned);
        gathered.release.sequence = sequence;
        Built::new(gathered, false, 1).unwrap()
    };
    let evidence = |of: &Built| checked(of, None, settings(), &["lint"]);
    let now = of(Some("acme"), Some(12), 4);
    let before = of(Some("acme"), Some(11), 3);
    let taken = |evidence: &Evidence, previous: Option<&Built>| {
        PreviousEvidence::of(evidence.clone(), &now, previous).map(drop)
    };
    for previous in [Some(&before), None] {
        assert_eq!(taken(&evidence(&before), previous), Ok(()));
        for (other, words) in [
            (of(Some("other"), Some(11), 3), "it is of the release `other`"),
            (of(None, Some(11), 3), "it is of a release without a name"),
            (of(Some("acme"), Some(12), 4), "the sequence"),
            (of(Some("acme"), Some(13), 3), "the sequence"),
        ] {
            let refused = taken(&evidence(&other), previous).unwrap_err();
            assert!(refused.contains(words), "{refused}");
        }
    }
    for (other, words) in [
        (of(Some("acme"), Some(10), 3), "it is of a release that has the sequence 10, and the previous release has"),
        (of(Some("acme"), None, 3), "it is of a release that has no sequence"),
        (of(Some("acme"), Some(11), 2), "it is of other content than the previous release has: of 2 rules"),
        (of(Some("acme"), Some(11), 4), "it is of other content"),
    ] {
        let refused = taken(&evidence(&other), Some(&before)).unwrap_err();
        assert!(refused.contains(words), "{refused}");
    }
    let mut tables = evidence(&before);
    tables.inputs.push(InputDigest::new(InputKind::Table, "a.csv", b"a"));
    assert!(taken(&tables, Some(&before)).unwrap_err().contains("tables"));
    // The same content may ship again under a higher number; without numbers it is the release itself.
    assert_eq!(taken(&evidence(&of(Some("acme"), Some(11), 4)), None), Ok(()));
    let unnumbered = of(None, None, 4);
    let refused = PreviousEvidence::of(evidence(&unnumbered), &unnumbered, None).map(drop);
    assert!(refused.unwrap_err().contains("of the release itself"));
}

/// Whatever a run has less of than the one before it, with the evidence of that one at hand.
#[test]
fn what_there_is_to_look_at_may_not_shrink() {
    let lines = |(file, count): (usize, &usize)| {
        let line = |at: usize| format!("{{\"kind\": \"process\", \"image\": \"{file}-{at}\"}}\n");
        Recording::lines("f", (0..*count).map(line).collect::<String>().into_bytes())
    };
    let files = |counts: &[usize]| counts.iter().enumerate().map(lines).collect::<Vec<_>>();
    let names = ["verify", "tests", "replay", "change"];
    let old = on_fleet(A7, &[("7", NEW.1), NEW]);
    let run = |built: &Built, recordings: &[usize], never: &[usize], then: Option<&Evidence>, allow_shrink: bool| {
        let settings = Settings {
            recordings: files(recordings),
            never_match: files(never),
            previous_evidence: then.map(|then| previous_evidence(then, built)),
            allow_shrink,
            ..settings()
        };
        checked(built, None, settings, &names)
    };
    let then = run(&old, &[3, 4], &[5, 6], None, false);
    let new = on_fleet(A7, &[NEW]);
    for (built, recordings, never, expected) in [
        (&old, vec![3, 4], vec![5, 6], vec![]),
        (&old, vec![30, 4], vec![5, 60], vec![]),
        (&old, vec![3, 3], vec![5, 6], vec!["6 distinct recorded events, and the previous release had 7"]),
        (&old, vec![7], vec![5, 6], vec!["1 file of recorded events, and the previous release had 2"]),
        (
            &old,
            vec![],
            vec![5, 6],
            vec![
                "0 distinct recorded events, and the previous release had 7",
                "0 files of recorded events, and the previous release had 2",
            ],
        ),
        (
            &old,
            vec![3, 4],
            vec![5],
            vec![
                "5 distinct never-match events, and the previous release had 11",
                "1 file of never-match events, and the previous release had 2",
            ],
        ),
        (
            &new,
            vec![3, 4],
            vec![5, 6],
            vec!["the fleet of the previous release has sensors that this one lacks: acme 7"],
        ),
    ] {
        let found = run(built, &recordings, &never, Some(&then), false);
        let said = errors(&found);
        assert_eq!(said.len(), expected.len(), "{said:?}");
        for ((code, message), words) in said.iter().zip(&expected) {
            assert!(*code == "CC1016" && message.starts_with(words), "{said:?}");
        }
        assert!(errors(&run(built, &recordings, &never, Some(&then), true)).is_empty());
    }
    // What was not counted then, or is not counted now, is compared with nothing: that is no pass.
    let mut partial = then.clone();
    partial.settings.skip = vec!["replay".to_owned()];
    let skipped = |found: &Evidence| {
        let change = found.checks.iter().find(|check| check.name == "change").unwrap();
        change.skipped.iter().filter(|of| of.contains("`replay`")).count()
    };
    assert_eq!(skipped(&run(&old, &[3, 4], &[5, 6], Some(&then), false)), 0);
    assert_eq!(skipped(&run(&old, &[3, 4], &[5, 6], Some(&partial), false)), 6);
    let settings = Settings { previous_evidence: Some(previous_evidence(&then, &old)), ..settings() };
    assert_eq!(skipped(&checked(&old, None, settings, &["change"])), 6);
}

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

/// Holds the lines of rules, the matrix of fields and the counts of the check against each other.
fn one_count(evidence: &Evidence) -> Covered {
    let add = |a: Covered, b: Covered| Covered {
        predicates: a.predicates + b.predicates,
        covered: a.covered + b.covered,
        redundant: a.redundant + b.redundant,
        undecided: a.undecided + b.undecided,
    };
    let rules = evidence.rules.iter().map(|rule| Covered {
        predicates: rule.predicates,
        covered: rule.covered,
        redundant: rule.redundant,
        undecided: rule.undecided,
    });
    let rules = rules.fold(Covered::default(), add);
    let matrix = evidence.fields.iter().flat_map(|field| field.classes.values().copied());
    assert_eq!(matrix.fold(Covered::default(), add), rules);
    let facts = &evidence.checks.iter().find(|check| check.name == "coverage").unwrap().facts;
    let counted = ["predicates", "covered", "redundant", "undecided"].map(|name| facts[name]);
    assert_eq!(counted, [rules.predicates, rules.covered, rules.redundant, rules.undecided]);
    assert_eq!(rules.predicates, rules.covered + rules.redundant + rules.undecided);
    rules
}

/// What is proven to decide nothing is not covered, wherever it is counted.
#[test]
fn coverage_has_one_count() {
    for (condition, predicates, redundant, fires) in [
        ("image ends_with \"a\" and pid > 4", 2, 0, true),
        // A required field is always there: the rule always fires, and nothing decides.
        ("image like \"*\" or pid > 4", 2, 2, true),
        ("(image == \"a\" and pid > 4) or (image == \"a\" and pid > 4 and pid > 2)", 5, 1, true),
        ("pid > 4 and pid < 2", 2, 2, false),
    ] {
        let found = checked(&built(condition, 3), None, settings(), &["coverage"]);
        let all = one_count(&found);
        assert_eq!((all.predicates, all.undecided), (3 * predicates, 0), "{condition}");
        assert_eq!(all.redundant, 3 * redundant, "{condition}: {all:?}");
        assert!(found.rules.iter().all(|rule| rule.fires == fires), "{condition}");
    }
}

/// What the previous release matched on the recorded events is held against what this one matches.
#[test]
fn recorded_events_show_a_rule_that_matches_far_more() {
    let mut lines = String::new();
    for number in 0..400 {
        let image = if number % 100 == 0 { "x" } else { "y" };
        let _ = writeln!(lines, "{{\"kind\": \"process\", \"image\": \"{image}\", \"pid\": {number}}}");
    }
    let settings = Settings { recordings: vec![Recording::lines("day", lines.into_bytes())], ..settings() };
    let check = |before: &str, after: &str, settings: &Settings| {
        let built = |condition| built_on("reads { kind: \"process\" }\n    ", condition, 1);
        let found = checked(&built(after), Some(&built(before)), settings.clone(), &["change"]);
        let rule = found.rules.first().unwrap().clone();
        let said = found.errors().map(|(_, of)| format!("{}: {}", of.code, of.message)).collect::<Vec<_>>();
        (rule.matches_before, said)
    };
    let (before, said) = check("image == \"x\"", "image in [\"x\", \"y\"]", &settings);
    let expected = "CC0805: `r000` matches 400 of 400 recorded events, and matched 4";
    assert_eq!((before, said), (Some(4), vec![expected.to_owned()]));
    let (before, said) = check("image in [\"x\", \"y\"]", "image == \"x\"", &settings);
    assert_eq!((before, said.len()), (Some(400), 0));
    // Only the rule's own ceiling says that it is meant.
    for (ceiling, errors) in [(Ceiling::Own(1_000), 0), (Ceiling::OfAll(1_000), 1), (Ceiling::OfAll(u64::MAX), 1)] {
        let allowed = Settings { ceilings: vec![Some(ceiling)], ..settings.clone() };
        let (_, said) = check("image == \"x\"", "image in [\"x\", \"y\"]", &allowed);
        assert_eq!(said.len(), errors, "{ceiling:?}: {said:?}");
    }
}

/// A ceiling for all rules is a bound on matches, and no word that a rule may match far more than it did: whether the
/// rule is new, has another condition, or came to another template type.
#[test]
fn a_ceiling_for_all_rules_exempts_none_of_them() {
    let of = |kind: &str, condition: &str| {
        let template = |name: &str| format!("template acme.{name} @ 1 {{\n    1 image: string nocase\n}}\n");
        let rule = |number: u32, kind: &str, condition: &str| {
            format!(
                "rule r{number} {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f817{number}\"\n    template: acme.{kind} @ 1\n    severity: low\n    when {condition}\n}}\n"
            )
        };
        let stays = template("process") + &template("dns") + &rule(0, "process", "image == \"a\"");
        let text = if kind.is_empty() { stays } else { stays + &rule(1, kind, condition) };
        Built::new(Gathered::of(vec![(Source::new("r.content", text), Language::Native)]), false, 1).unwrap()
    };
    let flood = of("process", "not image == \"a\"");
    for before in [of("", ""), of("process", "image == \"b\""), of("dns", "image == \"b\"")] {
        let said = |ceilings: Vec<Option<Ceiling>>| {
            let found = checked(&flood, Some(&before), Settings { ceilings, ..settings() }, &["change"]);
            errors(&found).iter().filter(|(code, _)| *code == "CC0805").count()
        };
        assert_eq!(said(Vec::new()), 1);
        assert_eq!(said(vec![Some(Ceiling::OfAll(1_000)); 2]), 1);
        assert_eq!(said(vec![Some(Ceiling::Own(1_000)), Some(Ceiling::OfAll(u64::MAX))]), 1);
        assert_eq!(said(vec![Some(Ceiling::OfAll(1_000)), Some(Ceiling::Own(1_000))]), 0);
        assert_eq!(said(vec![None, Some(Ceiling::Own(0))]), 0);
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

/// Two template types, each with rules; a third that does not say how its events are recognised.
const KINDS: &str = r#"
template acme.process @ 1 {
    reads { kind: "process" }
    1 image: string nocase
    2 pid: int?
}
template acme.driver @ 1 {
    reads { kind: "driver" }
    1 path: string nocase
}
template acme.pipe @ 1 {
    1 name: string nocase
}
template acme.unused @ 1 {
    reads { kind: "unused" }
    1 name: string nocase
}
rule of_process {
    id: "0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8301"
    template: acme.process @ 1
    severity: low
    when image ends_with "a"
}
rule of_driver {
    id: "0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8302"
    template: acme.driver @ 1
    severity: low
    when path contains "."
}
rule of_driver_too {
    id: "0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8303"
    template: acme.driver @ 1
    severity: low
    when path contains "b"
}
"#;
const PROCESS: &str = "{\"kind\": \"process\", \"image\": \"x\"}\n";
const DRIVER: &str = "{\"kind\": \"driver\", \"path\": \"y\"}\n";
const UNUSED: &str = "{\"kind\": \"unused\", \"name\": \"z\"}\n";

fn lines(text: &str) -> Vec<Recording> {
    if text.is_empty() { Vec::new() } else { vec![Recording::lines("day", text.as_bytes().to_vec())] }
}

/// What of replay did not run, for recorded events and for never-match events, but for the sensors that nobody named.
fn not_looked_at(found: &Evidence) -> Vec<String> {
    let replay = found.checks.iter().find(|check| check.name == "replay").unwrap();
    replay.skipped.iter().filter(|of| !of.contains("no fleet is named")).cloned().collect()
}

/// A template type of which there is no event is named, whatever there is of others, in each set by itself; and of its
/// rules nobody says that they match nothing.
#[test]
fn a_template_type_without_events_is_named() {
    let pipe = "rule of_pipe {\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8304\"\n    template: acme.pipe @ 1\n    severity: low\n    when name contains \".\"\n}\n";
    let of = |text: &str| {
        Built::new(Gathered::of(vec![(Source::new("r.content", text), Language::Native)]), false, 1).unwrap()
    };
    let built = of(KINDS);
    let run = |built: &Built, recordings: &str, never_match: &str, require_all: bool| {
        let settings =
            Settings { recordings: lines(recordings), never_match: lines(never_match), require_all, ..settings() };
        checked(built, None, settings, &["replay"])
    };
    let both = format!("{PROCESS}{DRIVER}");
    let bare = "{\"kind\": \"driver\"}\n{\"kind\": \"driver\", \"pat\": \"y\"}\n";
    let none = |what: &str, of: &str, rules: &str| {
        format!("{what} events: {of}: nothing shows what {rules} on it would match")
    };
    for (recordings, never_match, expected) in [
        (both.as_str(), both.as_str(), vec![]),
        (&format!("{both}{UNUSED}"), &both, vec![]),
        (PROCESS, &both, vec![none("recorded", "none is of `acme.driver`", "2 rules")]),
        (&both, DRIVER, vec![none("never-match", "none is of `acme.process`", "1 rule")]),
        (
            UNUSED,
            &both,
            vec![
                none("recorded", "none is of `acme.driver`", "2 rules"),
                none("recorded", "none is of `acme.process`", "1 rule"),
            ],
        ),
        (
            &format!("{PROCESS}{bare}"),
            &both,
            vec![none("recorded", "2 events of `acme.driver` and nothing in them that rules read", "2 rules")],
        ),
    ] {
        let found = run(&built, recordings, never_match, true);
        assert_eq!(not_looked_at(&found), expected, "{recordings} {never_match}");
        assert!(expected.is_empty() || !found.verdict.ships());
        let shows = |what: &str| recordings.contains(what);
        let matches: Vec<Option<u64>> = found.rules.iter().map(|rule| rule.matches).collect();
        let drivers = shows("\"path\"").then_some(0);
        assert_eq!(matches, [shows("\"process\"").then_some(0), drivers, drivers], "{recordings}");
    }
    // No recorded event is ever of a template type that does not say how they are recognised.
    let found = run(&of(&format!("{KINDS}{pipe}")), &both, &both, true);
    let expected = |what: &str| {
        none(what, "none can be of `acme.pipe`, which does not say how its events are recognised (`reads`)", "1 rule")
    };
    assert_eq!(not_looked_at(&found), [expected("recorded"), expected("never-match")]);
    assert_eq!(found.rules[3].matches, None);
    // What the previous release matched of them is not known either, and the comparison says so.
    let settings = Settings { recordings: lines(PROCESS), ..settings() };
    let found = checked(&built, Some(&built), settings, &["change"]);
    let before: Vec<Option<u64>> = found.rules.iter().map(|rule| rule.matches_before).collect();
    assert_eq!(before, [Some(0), None, None]);
    let change = found.checks.iter().find(|check| check.name == "change").unwrap();
    assert!(change.skipped.iter().any(|of| of.starts_with("volume on recorded events: 2 of 3 rules")), "{change:?}");
}

/// Events that nothing recognises, and never-match events that have nothing of what rules read, are told however many
/// others of their file are looked at. Those of a known template type without rules are nothing to tell of.
#[test]
fn a_file_that_is_looked_at_in_part_is_no_whole_one() {
    let built = Built::new(Gathered::of(vec![(Source::new("r.content", KINDS), Language::Native)]), false, 1).unwrap();
    let whole = format!("{PROCESS}{DRIVER}{UNUSED}");
    let unknown = "{\"kid\": \"process\", \"image\": \"x\"}\n";
    let bare = "{\"kind\": \"process\"}\n";
    let part = |what: &str, of: &str| format!("{what} events: day: {of}");
    let lacks = "belong to no template type: ";
    for (more, unrecognised, expected) in [
        (String::new(), 0, [None, None]),
        (unknown.to_owned(), 1, [Some(format!("1 of 4 events {lacks}")), Some(format!("1 of 4 events {lacks}"))]),
        (unknown.repeat(40), 40, [Some(format!("40 of 43 events {lacks}")), Some(format!("40 of 43 events {lacks}"))]),
        (
            bare.repeat(5),
            0,
            [None, Some("5 of 7 events on template types with rules have nothing that rules read".to_owned())],
        ),
    ] {
        let events = format!("{whole}{more}");
        let settings = Settings { recordings: lines(&events), never_match: lines(&events), ..settings() };
        let found = checked(&built, None, settings, &["replay"]);
        let said = not_looked_at(&found);
        let expected: Vec<String> = ["recorded", "never-match"]
            .iter()
            .zip(&expected)
            .filter_map(|(what, of)| of.as_ref().map(|of| part(what, of)))
            .collect();
        assert_eq!(said.len(), expected.len(), "{said:?}");
        assert!(said.iter().zip(&expected).all(|(said, expected)| said.starts_with(expected.as_str())), "{said:?}");
        let replay = found.checks.iter().find(|check| check.name == "replay").unwrap();
        for set in ["recorded", "never-match"] {
            assert_eq!(replay.facts[&format!("{set} events of no template type")], unrecognised);
        }
        assert_eq!(replay.summary.contains("of no template type"), unrecognised > 0, "{}", replay.summary);
    }
}

/// The same event again, or with what nobody reads, is nothing more to look at; and neither is the same test.
#[test]
fn equal_events_and_equal_tests_count_once() {
    let test = "    test fires { image: \"a\" }\n";
    let of = |tests: usize| {
        let text = KINDS.replacen(
            "    when image ends_with \"a\"\n",
            &format!("    when image ends_with \"a\"\n{}", test.repeat(tests)),
            1,
        );
        Built::new(Gathered::of(vec![(Source::new("r.content", text.as_str()), Language::Native)]), false, 1).unwrap()
    };
    let facts = |built: &Built, events: &str| {
        let settings = Settings { recordings: lines(events), never_match: lines(events), ..settings() };
        let found = checked(built, None, settings, &["tests", "replay"]);
        let fact = |check: &str, name: &str| found.checks.iter().find(|of| of.name == check).unwrap().facts[name];
        (
            fact("replay", "recorded events"),
            fact("replay", "distinct recorded events"),
            fact("replay", "distinct never-match events with a field that rules read"),
            fact("tests", "distinct tests"),
        )
    };
    let built = of(1);
    assert_eq!(facts(&built, PROCESS), (1, 1, 1, 1));
    assert_eq!(facts(&built, &PROCESS.repeat(27)), (27, 1, 1, 1));
    let written_otherwise = "{\"image\":\"x\",\"kind\":\"process\"}\n";
    let padded = "{\"kind\": \"process\", \"image\": \"x\", \"nonce\": 1}\n{\"kind\": \"process\", \"image\": \"x\", \"nonce\": 2, \"pid\": null}\n";
    assert_eq!(facts(&built, &format!("{PROCESS}{written_otherwise}{padded}")), (4, 1, 1, 1));
    assert_eq!(facts(&built, &format!("{PROCESS}{}", PROCESS.replace("\"x\"", "\"w\""))), (2, 2, 2, 1));
    // What nothing recognises is no event of any kind.
    assert_eq!(facts(&built, &format!("{PROCESS}{{\"a\": 1}}\n{{\"a\": 2}}\n")), (3, 1, 1, 1));
    assert_eq!(facts(&of(9), PROCESS).3, 1);
}

/// Evidence that nobody signed may have been edited; with a key it is what the gate left, to the byte.
#[test]
fn evidence_of_the_previous_release_is_what_was_signed() {
    const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIFwFkYxPbHARyDwisUzpT7BdfNsyMQFg5e3FNqFOgBds\n-----END PRIVATE KEY-----\n";
    const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAbN9JtNih/Tw8psY+UwyJKxKjxdRgYhbiMwmdvj7XrDk=\n-----END PUBLIC KEY-----\n";
    let of = |sequence: u64| {
        let mut gathered = built("pid > 4", 3).regathered();
        gathered.release.sequence = Some(sequence);
        gathered.release.name = Some("acme".to_owned());
        Built::new(gathered, false, 1).unwrap()
    };
    let (before, now) = (of(11), of(12));
    let left = checked(&before, None, settings(), &["lint"]);
    let envelope = attest::sign(&attest::statement(&left).unwrap(), PRIVATE).unwrap();
    let envelope = serde_json::to_vec(&envelope).unwrap();
    let bytes = left.to_json().unwrap().into_bytes();
    let read = |bytes: &[u8]| {
        let evidence = Evidence::from_json(bytes).unwrap();
        PreviousEvidence::of(evidence, &now, Some(&before)).unwrap()
    };
    let attested = read(&bytes).attested(&bytes, &envelope, PUBLIC).unwrap();
    let skipped = |previous_evidence: Option<PreviousEvidence>| {
        let settings = Settings { previous_evidence: previous_evidence.map(Box::new), ..settings() };
        let found = checked(&now, Some(&before), settings, &["change"]);
        found.checks.into_iter().find(|check| check.name == "change").unwrap().skipped
    };
    let unsigned = |of: &String| of.contains("`previous-key`");
    let missing = |of: &String| of.contains("no evidence of the previous release is named");
    assert!(!skipped(Some(attested.clone())).iter().any(|of| unsigned(of) || missing(of)));
    assert!(skipped(Some(read(&bytes))).iter().any(unsigned));
    assert!(skipped(None).iter().any(missing));
    // One number of it is another one, and it is still evidence of that release.
    let text = String::from_utf8(bytes.clone()).unwrap();
    let edited = text.replacen("\"cases\": 200", "\"cases\": 201", 1).into_bytes();
    assert!(edited != bytes);
    assert!(read(&edited).attested(&edited, &envelope, PUBLIC).is_err());
    assert!(read(&edited).attested(&bytes, &envelope, PUBLIC).is_err());
    assert!(read(&bytes).attested(&bytes, b"{}", PUBLIC).is_err());
    let mut other = left;
    other.settings.cases += 1;
    let forged = attest::sign(&attest::statement(&other).unwrap(), PRIVATE).unwrap();
    assert!(read(&bytes).attested(&bytes, &serde_json::to_vec(&forged).unwrap(), PUBLIC).is_err());
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

/// A rule that is new and that no sensor runs finds nothing on any machine: it fails, unless it says that it waits.
#[test]
fn a_new_rule_that_runs_nowhere_fails_the_gate() {
    let template = "template acme.process @ 1 {\n    1 image: string nocase\n}\ntemplate acme.usb @ 1 {\n    1 name: string nocase\n}\n";
    let rule = |number: u32, kind: &str, more: &str| {
        let field = if kind == "usb" { "name" } else { "image" };
        format!(
            "rule r{number} {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f832{number}\"\n    template: acme.{kind} @ 1\n    severity: low\n    title: \"Rule {number}\"\n{more}    when {field} ends_with \"a{number}\"\n}}\n"
        )
    };
    let of = |rules: &str| on_fleet(&format!("{template}{rules}"), &[("7", "image:string"), ("8", "image:string")]);
    let first = rule(1, "process", "");
    let before = of(&first);
    let usb_before = of(&format!("{first}{}", rule(2, "usb", "")));
    let accepted = format!(
        "# contentcheck: allow-file CC0405 -- it waits for the next build\n{template}{first}{}",
        rule(2, "usb", "")
    );
    let said = |now: &Built, before: &Built| {
        let found = checked(now, Some(before), settings(), &["lint", "verify", "change"]);
        let of = found.errors().filter(|(_, of)| of.code == "CC0811").map(|(_, of)| of.message.clone());
        let nowhere = found.rules.iter().filter(|rule| rule.sensors == Some(0)).count();
        (of.collect::<Vec<_>>(), nowhere)
    };
    let new = vec!["`Rule 2` is new and runs on no sensor of the fleet".to_owned()];
    assert_eq!(said(&of(&first), &before), (vec![], 0));
    assert_eq!(said(&of(&format!("{first}{}", rule(2, "usb", ""))), &before), (new.clone(), 1));
    // `sensors` that some sensor of the fleet has does not say that it waits.
    assert_eq!(said(&of(&format!("{first}{}", rule(2, "usb", "    sensors: \">=7\"\n"))), &before), (new, 1));
    // It was there before, it waits for a sensor, or somebody says why.
    assert_eq!(said(&usb_before, &usb_before), (vec![], 1));
    assert_eq!(said(&of(&format!("{first}{}", rule(2, "usb", "    sensors: \">=9\"\n"))), &before), (vec![], 1));
    assert_eq!(said(&on_fleet(&accepted, &[("7", "image:string"), ("8", "image:string")]), &before), (vec![], 1));
}

/// What is asked of one hard rule takes no work from another one of its file: each is seen firing.
#[test]
fn hard_rules_of_one_file_are_all_seen_firing() {
    let found = checked(&hard_rules(3, 60), None, settings(), &["coverage"]);
    assert_eq!(errors(&found), []);
    assert!(found.rules.iter().all(|rule| rule.fires));
}

/// Rules of so many tests of bits, of which analysis can tell little.
fn hard_rules(rules: usize, predicates: u64) -> Built {
    let mut text =
        "template acme.flags @ 1 {\n    reads { kind: \"flags\" }\n    1 image: string nocase\n    2 flags: int\n}\n"
            .to_owned();
    for number in 0..rules {
        let mut bits = 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(number as u64 + 1);
        let mut next = || {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            bits >> 2
        };
        let parts: Vec<String> =
            (0..predicates).map(|_| format!("(flags & {:#x} != 0 or flags & {:#x} == 0)", next(), next())).collect();
        let _ = writeln!(
            text,
            "rule h{number} {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f84{number:02}\"\n    template: acme.flags @ 1\n    severity: low\n    when {}\n}}",
            parts.join(" and ")
        );
    }
    Built::new(Gathered::of(vec![(Source::new("h.content", text.as_str()), Language::Native)]), false, 1).unwrap()
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

/// Rules that are restricted to sensors of the fleet, and then a sensor that is not among them: each step is told.
#[test]
fn a_fleet_that_grows_by_a_blind_sensor_is_told() {
    let of = |constraint: &str, versions: &[&str]| {
        let rule = |number: usize| {
            format!(
                "rule r{number} {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f83{number:02}\"\n    template: acme.process @ 1\n    severity: low\n{constraint}    when image ends_with \"a{number}\"\n}}\n"
            )
        };
        let own: String = (0..6).map(rule).collect();
        let text = format!("template acme.process @ 1 {{\n    1 image: string nocase\n}}\n{own}");
        let sensors: Vec<(&str, &str)> = versions.iter().map(|version| (*version, "image:string")).collect();
        on_fleet(&text, &sensors)
    };
    let (all, restricted) = (of("", &["7"]), of("    sensors: \"acme <8\"\n", &["7"]));
    let run = |now: &Built, before: &Built, allow_shrink: bool| {
        let found = checked(now, Some(before), Settings { allow_shrink, ..settings() }, &["lint", "change"]);
        (errors(&found).into_iter().map(|(code, _)| code.to_owned()).collect::<Vec<_>>(), found.changes)
    };
    let (errors, changes) = run(&restricted, &all, false);
    assert_eq!(errors, [""; 0]);
    assert!(changes.iter().all(|change| change.kind == ChangeKind::OtherSensors) && changes.len() == 6, "{changes:?}");
    assert_eq!(changes[0].labels.as_deref(), Some("acme <8, was all"));
    let grown = of("    sensors: \"acme <8\"\n", &["7", "8"]);
    assert_eq!(run(&grown, &restricted, false).0, ["CC0810"]);
    assert_eq!(run(&grown, &restricted, true).0, [""; 0]);
    assert_eq!(run(&of("", &["7", "8"]), &all, false).0, [""; 0]);
}

/// A place is no field: where a declaration gives it to another one, a rule that was edited to read that one asks for something else.
#[test]
fn the_same_place_under_another_name_is_another_field() {
    let of = |header: &str, reads: &str, condition: &str| {
        let text = format!(
            "template acme.process @ 1 {{\n    reads {{ {reads} }}\n    header {{ {header} }}\n    1 image: string nocase\n}}\nrule r {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8395\"\n    template: acme.process @ 1\n    severity: low\n    when {condition}\n}}\n"
        );
        Built::new(Gathered::of(vec![(Source::new("r.content", text), Language::Native)]), false, 1).unwrap()
    };
    let (ab, ba) = ("host: string, user: string", "user: string, host: string");
    let (kl, lk) = ("kind: [\"a\", \"b\"], log: [\"a\", \"b\"]", "log: [\"a\", \"b\"], kind: [\"a\", \"b\"]");
    let before = of(ab, kl, "host == \"x\" and kind == \"a\"");
    let told = |now: &Built| {
        let found = checked(now, Some(&before), settings(), &["lint", "change"]);
        !found.changes.is_empty() || !errors(&found).is_empty()
    };
    assert!(!told(&before));
    for now in [
        of(ba, kl, "user == \"x\" and kind == \"a\""),
        of(ab, lk, "host == \"x\" and log == \"a\""),
        of(ba, lk, "user == \"x\" and log == \"a\""),
        of("user: string", kl, "user == \"x\" and kind == \"a\""),
    ] {
        assert!(told(&now));
    }
}

/// However many values there are: a new template type takes events of one of them from rules.
#[test]
fn a_template_type_that_takes_one_of_many_values_is_told() {
    let numbers = |from: u32, to: u32| (from..to).map(|number| number.to_string()).collect::<Vec<_>>().join(", ");
    let of = |more: &str| {
        let reads = format!(
            "reads {{ Channel: [\"A\", \"B\", \"C\"], EventID: [{}], Provider_Name: [\"p\", \"q\"] }}",
            numbers(1, 900)
        );
        let text = format!(
            "template acme.process @ 1 {{\n    {reads}\n    1 image: string nocase\n}}\n{more}rule r {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8396\"\n    template: acme.process @ 1\n    severity: low\n    when image ends_with \"a\"\n}}\n"
        );
        Built::new(Gathered::of(vec![(Source::new("r.content", text), Language::Native)]), false, 1).unwrap()
    };
    let before = of("");
    let other =
        |reads: &str| format!("template acme.other @ 1 {{\n    reads {{ {reads} }}\n    1 image: string nocase\n}}\n");
    for (reads, is_told) in [
        ("Channel: \"C\", EventID: 899, Provider_Name: \"r\"".to_owned(), true),
        ("Channel: \"D\", EventID: 899, Provider_Name: \"q\"".to_owned(), true),
        ("Channel: \"D\", EventID: 899, Provider_Name: \"r\"".to_owned(), false),
        ("Channel: \"C\", EventID: 901, Provider_Name: \"q\"".to_owned(), false),
    ] {
        let found = checked(&of(&other(&reads)), Some(&before), settings(), &["lint", "change"]);
        let said = errors(&found);
        assert_eq!(said.iter().any(|(code, _)| *code == "CC0210"), is_told, "{reads}: {said:?}");
    }
}

/// A rule that is written as it was, on a template type that is recognised by more: what it matches is not what it matched.
#[test]
fn a_rule_on_other_events_is_not_unchanged() {
    let of = |version: u32, reads: &str| {
        let text = format!(
            "template acme.process @ {version} {{\n    reads {{ {reads} }}\n    1 image: string nocase\n}}\nrule r {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8397\"\n    template: acme.process @ {version}\n    severity: low\n    when image ends_with \"a\"\n}}\n"
        );
        Built::new(Gathered::of(vec![(Source::new("r.content", text), Language::Native)]), false, 1).unwrap()
    };
    let found = checked(&of(2, "src: [\"a\", \"b\"]"), Some(&of(1, "src: \"a\"")), settings(), &["lint", "change"]);
    let change = found.checks.iter().find(|check| check.name == "change").unwrap();
    assert_eq!(found.changes.len(), 1, "{found:?}");
    assert!(change.skipped.iter().any(|of| of.contains("the template type itself changed")), "{:?}", change.skipped);
}
