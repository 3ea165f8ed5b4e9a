//! What sensors run, of this release and of the one before.

use super::*;

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
    // `10` is `10.0`.
    assert_eq!(said(&of(&[("7.0.0", seven.1), ("08.0", eight.1)]), false), [""; 0]);
    assert_eq!(said(&of(&[("7.0.0", seven.1), ("8.1", eight.1)]), false), lacks("acme 8"));
    assert_eq!(said(&of(&[eight, nine]), false), lacks("acme 7"));
    assert_eq!(said(&of(&[nine]), false), lacks("acme 7, acme 8"));
    assert_eq!(said(&of(&[nine]), true), [""; 0]);
    let none = Gathered::of(vec![(Source::new("r.content", text), Language::Native)]);
    assert_eq!(said(&Built::new(none, false, 1).unwrap(), false), lacks("acme 7, acme 8"));
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

/// A keyword names no input, so every sensor loads the rule. One that supplies nothing in which it can be is blind to it.
#[test]
fn a_sensor_that_supplies_nothing_with_a_keyword_is_named() {
    let template = "template t.o @ 1 { serves { product: acme } reads { Channel: \"Acme/A\" } 1 Foo: string? 2 Cmd: string? 3 Pid: int? 4 Args: list<string>? \
        5 Flag: bool? 6 Raw: bytes? 7 Rate: float? 8 From: ip? 9 Ids: list<int>? 10 Parts: list<bytes>? }\n";
    let sensor = |version: u32, inputs: &[(&str, &str)]| {
        let inputs: Vec<String> =
            inputs.iter().map(|(name, ty)| format!(r#"{{"name":"{name}","type":"{ty}"}}"#)).collect();
        let manifest = format!(
            r#"{{"format":1,"sensor":"acme","version":"{version}","templates":{{"t.o":{{"inputs":[{}]}}}}}}"#,
            inputs.join(",")
        );
        Manifest::parse(&Source::new(format!("m{version}.json"), manifest)).unwrap()
    };
    let (foo, cmd, pid, args) = (("Foo", "string?"), ("Cmd", "string?"), ("Pid", "int?"), ("Args", "list<string>?"));
    let (flag, raw, rate, from) = (("Flag", "bool?"), ("Raw", "bytes?"), ("Rate", "float?"), ("From", "ip?"));
    let (ids, parts) = (("Ids", "list<int>?"), ("Parts", "list<bytes>?"));
    for (keywords, inputs, is_blind) in [
        ("        - mimikatz\n", &[foo][..], true),
        ("        - mimikatz\n", &[foo, cmd], false),
        ("        - mimikatz\n", &[foo, args], false),
        ("        - mimikatz\n", &[foo, pid], true),
        // Of what the template type does not declare nothing is known.
        ("        - mimikatz\n", &[foo, ("Zed", "string?")], false),
        ("        - mimikatz\n", &[foo, ("Zed", "list<string>?")], false),
        ("        - mimikatz\n", &[foo, ("Zed", "int?")], true),
        ("        - '4711'\n", &[foo, ("Zed", "int?")], false),
        // It may be in a number.
        ("        - '4711'\n", &[foo, pid], false),
        ("        - vi\n", &[foo], false),
        ("        '|all':\n            - vi\n            - mimikatz\n", &[foo], true),
        ("        '|all':\n            - vi\n            - mimikatz\n", &[foo, cmd], false),
        // Each letter of it may be in some other number, or in `true`, and in none of a process id.
        ("        - secret\n        - rest\n", &[foo, pid], true),
        ("        - secret\n        - '4711'\n", &[foo, pid], false),
        ("        - 'a*f'\n", &[foo, ("Zed", "int?")], true),
        ("        - 'a*f'\n", &[foo, ("Zed", "ip?")], false),
        ("        - 'tru?'\n", &[foo, ("Zed", "bool?")], false),
        ("        - 'tru?'\n", &[foo, ("Zed", "float?")], true),
        ("        '|cidr': 10.0.0.0/8\n", &[foo, pid], true),
        ("        '|cidr': 10.0.0.0/8\n", &[foo, cmd], false),
        ("        '|cidr': 10.0.0.0/8\n", &[foo, ("Zed", "ip?")], false),
        ("        '|all':\n            - evil\n            - '10.0.0.1'\n", &[foo, pid], true),
        ("        '|re': '^4711$'\n", &[foo, pid], false),
        // Whatever is asked of them, no number has the one, and no text of a boolean the other.
        ("        '|re': secret\n", &[foo, pid], true),
        ("        '|re': secret\n", &[foo, ids], true),
        ("        '|re': '^[0-9]{3}$'\n", &[foo, ids], false),
        ("        '|re': '^0[0-9]+$'\n", &[foo, pid], true),
        ("        '|re': '^[0-9]+$'\n", &[foo, flag], true),
        ("        '|re': '^t.u'\n", &[foo, flag], false),
        ("        '|all':\n            - secret\n            - '4624'\n", &[foo, pid], true),
        ("        '|all':\n            - '11'\n            - '4624'\n", &[foo, pid], false),
        ("        - '46-24'\n", &[foo, pid], true),
        ("        - '99999999999999999999'\n", &[foo, pid], true),
        ("        '|cased': 'TRUE'\n", &[foo, flag], true),
        ("        - 'TRUE'\n", &[foo, flag], false),
        ("        - 10.0.0.1\n", &[foo, from], false),
        // Bytes have no text, and floats several.
        ("        - secret\n", &[foo, raw], true),
        ("        - secret\n", &[foo, parts], true),
        ("        - 4624\n", &[foo, rate], true),
        ("        - 4624\n", &[foo, pid], false),
        ("        - 4624\n", &[foo, ("Zed", "float?")], true),
        ("        - secret\n", &[foo, ("Zed", "bytes?")], true),
        // It is in the channel, which all events have.
        ("        - Acme\n", &[foo], false),
        ("        '|all':\n            - Acme\n            - vi\n", &[foo], false),
    ] {
        let rule = format!(
            "title: R\nid: 0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8405\nlogsource:\n    product: acme\ndetection:\n    s:\n        Foo: evil\n    k:\n{keywords}    condition: s and k\nlevel: low\n"
        );
        let sources = vec![
            (Source::new("t.content", template), Language::Native),
            (Source::new("r.yml", rule.clone()), Language::Sigma),
        ];
        let mut gathered = Gathered::of(sources);
        gathered.fleet = Some(
            Fleet::new(vec![sensor(1, &[foo, cmd, pid, args, flag, raw, rate, from, ids, parts]), sensor(2, inputs)])
                .unwrap(),
        );
        let found = checked(&Built::new(gathered, false, 1).unwrap(), None, settings(), &["compile", "coverage"]);
        let said = errors(&found);
        let blind = said.iter().filter(|(code, message)| *code == "CC1005" && message.contains("`acme 2`")).count();
        assert_eq!((blind, said.len()), (usize::from(is_blind), usize::from(is_blind)), "{rule} {inputs:?}: {said:?}");
    }
}

/// A value of which events have one of several is there on a sensor that says which.
#[test]
fn a_keyword_under_a_name_that_a_sensor_does_not_say_is_named() {
    let template = "template t.o @ 1 { serves { product: acme } reads { src: \"acme\", kind: [\"Pq\", \"Rs\"] } 1 Foo: string? }\n";
    let sensor = |version: u32, more: &str| {
        let manifest = format!(
            r#"{{"format":1,"sensor":"acme","version":"{version}"{more},"templates":{{"t.o":{{"inputs":[{{"name":"Foo","type":"string?"}}]}}}}}}"#
        );
        Manifest::parse(&Source::new(format!("m{version}.json"), manifest)).unwrap()
    };
    for (keyword, is_blind) in [("Pq", true), ("acme", false), ("'*q'", true), ("a?me", false), ("vi", false)] {
        let rule = format!(
            "title: R\nid: 0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8405\nlogsource:\n    product: acme\ndetection:\n    s:\n        Foo: evil\n    k:\n        - {keyword}\n    condition: s and k\nlevel: low\n"
        );
        let sources = vec![
            (Source::new("t.content", template), Language::Native),
            (Source::new("r.yml", rule.clone()), Language::Sigma),
        ];
        let mut gathered = Gathered::of(sources);
        let says = sensor(1, r#","header":[{"name":"kind","type":"string"}]"#);
        gathered.fleet = Some(Fleet::new(vec![says, sensor(2, ""), sensor(3, "")]).unwrap());
        let found = checked(&Built::new(gathered, false, 1).unwrap(), None, settings(), &["compile", "coverage"]);
        let said = errors(&found);
        let blind = said
            .iter()
            .any(|(code, message)| *code == "CC1005" && message.contains("no event of `acme 2` and `acme 3` can make"));
        assert_eq!((blind, said.len()), (is_blind, usize::from(is_blind)), "{rule}: {said:?}");
    }
}
