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
mod corpus;
mod lost;
mod recognition;
mod seeded;
mod sees;
mod sensors;
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
        // That it is written otherwise is told: a kill list names it as it is written.
        assert_eq!(check(&of(before, ""), &of(now, "")), (vec![], usize::from(before != now), Some(200)));
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

/// The evidence as that of an earlier release than this one.
fn previous_evidence(evidence: &Evidence, built: &Built) -> Box<PreviousEvidence> {
    let mut evidence = evidence.clone();
    // The content of a release that is no other one.
    evidence.release.content_sha256 = "0".repeat(64);
    Box::new(PreviousEvidence::of(evidence, built, None).unwrap())
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
