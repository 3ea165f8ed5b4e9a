//! What there is to look at: recorded events, tests, and the evidence of the release before.

use super::*;
use crate::run::{Ceiling, Demands};

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
    // The same builds, written otherwise.
    let rewritten = on_fleet(A7, &[("7.0", NEW.1), (&format!("0{}.0", NEW.0), NEW.1)]);
    for (built, recordings, never, expected) in [
        (&old, vec![3, 4], vec![5, 6], vec![]),
        (&rewritten, vec![3, 4], vec![5, 6], vec![]),
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
        let settings = Settings {
            recordings: lines(recordings),
            never_match: lines(never_match),
            ceilings: vec![Some(Ceiling::OfAll(9)); built.content().rules().len()],
            require_all,
            ..settings()
        };
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
        let settings = Settings {
            recordings: lines(&events),
            never_match: lines(&events),
            ceilings: vec![Some(Ceiling::OfAll(99)); built.content().rules().len()],
            ..settings()
        };
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

/// With what stopped the previous release and stops this one no longer, no comparison with it is one.
#[test]
fn settings_that_were_stricter_are_told() {
    let on = |deny_warnings: bool| {
        let mut gathered = Gathered::of(vec![(Source::new("r.content", KINDS), Language::Native)]);
        gathered.policy.deny_warnings = deny_warnings;
        Built::new(gathered, false, 1).unwrap()
    };
    let told = |was: (bool, bool), is: (bool, bool), allow_shrink: bool| {
        // A release that shipped: everything ran.
        let before = on(was.0);
        let mut then = checked(&before, None, settings(), &["change"]);
        then.checks.iter_mut().for_each(|check| (check.status, check.skipped) = (Status::Passed, Vec::new()));
        then.settings.require_all = was.1;
        then.verdict = then.settings.verdict(&then.checks, &then.accepted);
        let built = on(is.0);
        let previous_evidence = Some(previous_evidence(&then, &built));
        let settings = Settings { require_all: is.1, previous_evidence, allow_shrink, ..settings() };
        let by_configuration = Settings {
            previous_evidence: None,
            previous_demands: Some(Demands::new(was.0, was.1, [])),
            ..settings.clone()
        };
        let [found, also] = [settings, by_configuration].map(|settings| {
            let found = checked(&built, Some(&before), settings, &["change"]);
            let said = errors(&found).into_iter().filter(|(code, said)| *code == "CC1016" && said.contains("is off"));
            said.map(|(_, said)| said.split('`').nth(1).unwrap().to_owned()).collect::<Vec<String>>()
        });
        assert_eq!(found, also);
        found
    };
    for (was, is, expected) in [
        ((true, true), (true, true), &[][..]),
        ((false, false), (true, true), &[]),
        ((true, false), (false, false), &["deny-warnings"]),
        ((false, true), (false, false), &["require-all"]),
        ((true, true), (false, false), &["deny-warnings", "require-all"]),
        ((true, false), (false, true), &["deny-warnings"]),
    ] {
        assert_eq!(told(was, is, false), expected, "{was:?} {is:?}");
        assert_eq!(told(was, is, true), [""; 0], "{was:?} {is:?}");
    }
}

/// Where nothing says how often a rule may match, recorded events say nothing of it.
#[test]
fn rules_without_a_ceiling_are_counted() {
    let built = Built::new(Gathered::of(vec![(Source::new("r.content", KINDS), Language::Native)]), false, 1).unwrap();
    let events = format!("{PROCESS}{DRIVER}");
    let (all, own) = (Some(Ceiling::OfAll(9)), Some(Ceiling::Own(0)));
    for (ceilings, told) in [
        (vec![], Some("3 rules have no ceiling")),
        (vec![None; 3], Some("3 rules have no ceiling")),
        (vec![all, own, None], Some("1 rule has no ceiling")),
        (vec![all, own, all], None),
    ] {
        for recordings in [lines(&events), Vec::new()] {
            let is_recorded = !recordings.is_empty();
            let settings =
                Settings { recordings, never_match: lines(&events), ceilings: ceilings.clone(), ..settings() };
            let found = checked(&built, None, settings, &["replay"]);
            let said: Vec<String> = not_looked_at(&found).into_iter().filter(|said| said.contains("ceiling")).collect();
            let is_told = told.filter(|_| is_recorded);
            assert_eq!(said.len(), usize::from(is_told.is_some()), "{ceilings:?}: {said:?}");
            assert!(said.iter().all(|said| is_told.is_some_and(|told| said.starts_with(told))), "{said:?}");
        }
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

/// Without its ceiling a rule may match whatever is recorded, and every check passes.
#[test]
fn a_ceiling_that_is_gone_or_higher_for_all_is_told() {
    let built = on_fleet(A7, &[NEW]);
    let rules = built.content().rules().len();
    let run = |ceiling: Option<Ceiling>, then: Option<&Evidence>, allow_shrink: bool| {
        let settings = Settings {
            ceilings: vec![ceiling; rules],
            previous_evidence: then.map(|then| previous_evidence(then, &built)),
            allow_shrink,
            ..settings()
        };
        checked(&built, None, settings, &["change"])
    };
    let (all, own) = (|most| Some(Ceiling::OfAll(most)), |most| Some(Ceiling::Own(most)));
    for (was, is, is_told) in [
        (all(3), all(3), false),
        (all(3), all(2), false),
        (all(3), None, true),
        (all(3), all(4), true),
        // Somebody looked at this one.
        (all(3), own(100), false),
        (own(5), own(100), false),
        (own(5), None, true),
        (own(5), all(5), false),
        (own(5), all(6), true),
        (None, None, false),
        (None, all(1), false),
    ] {
        let then = run(was, None, false);
        for allow_shrink in [false, true] {
            let found = run(is, Some(&then), allow_shrink);
            let said = errors(&found);
            let is_said = said.iter().any(|(code, message)| *code == "CC1016" && message.contains("ceiling"));
            assert_eq!(is_said, is_told && !allow_shrink, "{was:?} to {is:?}: {said:?}");
        }
    }
}
