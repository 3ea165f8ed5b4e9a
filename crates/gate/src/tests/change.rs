//! What the release before may hide: a release that never shipped, a table under another name, a rule that is too hard to
//! be judged.

use super::*;
use crate::evidence::Finding;

fn of(name: &str, text: &str, sequence: u64) -> Built {
    let mut gathered = Gathered::of(vec![(Source::new(name, text), Language::Native)]);
    gathered.release.name = Some("acme".to_owned());
    gathered.release.sequence = Some(sequence);
    Built::new(gathered, false, 1).unwrap()
}

/// What was compared with a release that its gate stopped would hide what that one lost.
#[test]
fn a_release_that_its_gate_stopped_is_no_previous_one() {
    let release = |sequence: u64| {
        let mut gathered = built("pid > 4", 3).regathered();
        gathered.release.name = Some("acme".to_owned());
        gathered.release.sequence = Some(sequence);
        Built::new(gathered, false, 1).unwrap()
    };
    let (before, now) = (release(11), release(12));
    let left = |settings: Settings, names: &[&str]| checked(&before, None, settings, names);
    let taken = |evidence: &Evidence| PreviousEvidence::of(evidence.clone(), &now, Some(&before));
    // Incomplete is what a first release is, and it ships where not all checks are required.
    let first = left(settings(), &["lint"]);
    assert!(taken(&first).is_ok());
    let required = left(Settings { require_all: true, ..settings() }, &["lint"]);
    assert!(taken(&required).unwrap_err().contains("the gate stopped that release"));
    let mut failed = first.clone();
    failed.checks[1].findings.push(Finding { weight: Weight::Error, ..Finding::new(&codes::RELEASE_SHRUNK, "gone") });
    failed.verdict = failed.settings.verdict(&failed.checks, &failed.accepted);
    assert!(taken(&failed).unwrap_err().contains("1 of them found errors: lint"));
    // What its gate did not look at holds nothing, but for what came before it.
    let skipped = |evidence: &Evidence| {
        let then = taken(evidence).unwrap();
        let settings = Settings { previous_evidence: Some(Box::new(then)), ..settings() };
        let found = checked(&now, Some(&before), settings, &["change"]);
        let change = found.checks.into_iter().find(|check| check.name == "change").unwrap();
        change.skipped.into_iter().filter(|of| of.contains("the gate of the previous release did not see")).collect()
    };
    let said: Vec<String> = skipped(&first);
    assert!(said.len() == 1 && said[0].contains("replay") && !said[0].contains("change"), "{said:?}");
    let mut whole = first;
    for check in &mut whole.checks {
        if check.name != "change" {
            (check.status, check.skipped) = (Status::Passed, Vec::new());
        }
    }
    whole.verdict = whole.settings.verdict(&whole.checks, &whole.accepted);
    assert_eq!(skipped(&whole), [""; 0]);
}

/// A template type that grew asks the same of what it had: what a rule means is compared all the same. What it can no longer
/// be asked is said to be unknown, and the check ran in part.
#[test]
fn a_template_type_that_grew_hides_no_change() {
    let text = |more: &str, condition: &str| {
        format!(
            "template acme.process @ 1 {{\n    header {{ host: string nocase }}\n    1 image: string nocase\n    2 pid: int\n{more}}}\nrule r {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8150\"\n    template: acme.process @ 1\n    severity: low\n    when {condition}\n}}\n"
        )
    };
    let was = of("r.content", &text("", r#"image != "zz" and pid & 1 == 1 or image == "zz" and pid & 1 == 0"#), 1);
    let is = r#"image != "zz" and pid & 1 == 0 or image == "zz" and pid & 1 == 1"#;
    for more in
        ["", "    3 zz: string?\n", "    open\n", "    retired 3\n", "    3 zz: int?\n    4 more: list<string>?\n"]
    {
        let found = checked(&of("r.content", &text(more, is), 2), Some(&was), settings(), &["change"]);
        assert!(errors(&found).iter().any(|(code, _)| *code == "CC0809"), "{more}: {found:?}");
    }
    let all = |other: &str| of("r.content", &text("", is).replace("string nocase }", other), 2);
    for other in ["string }", "int }", "string? nocase }"] {
        let found = checked(&all(other), Some(&was), settings(), &["change"]);
        assert!(errors(&found).iter().any(|(code, _)| *code == "CC0210"), "{other}: {found:?}");
        let check = found.checks.iter().find(|check| check.name == "change").unwrap();
        assert!(check.skipped.iter().any(|of| of.contains("the template type itself changed")), "{other}: {check:?}");
    }
}

/// A table that is nearly empty is one under any name, and however it is divided.
#[test]
fn a_table_that_shrinks_under_another_name_is_found() {
    // Rows are numbered through all tables.
    let text = |first: usize, tables: &[(&str, usize)], condition: &str| {
        let mut text = "template acme.process @ 1 {\n    1 image: string nocase\n    2 pid: int\n}\n".to_owned();
        let mut first = first;
        for (name, count) in tables {
            let rows: Vec<String> = (first..first + count).map(|row| format!("[\"row-{row}\"]")).collect();
            first += count;
            let _ = writeln!(text, "table {name} @ 1 {{ image: string nocase key }} rows [{}]", rows.join(", "));
        }
        let _ = writeln!(
            text,
            "rule r {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8001\"\n    template: acme.process @ 1\n    severity: low\n    when {condition}\n}}"
        );
        text
    };
    let before = of("r.content", &text(0, &[("known", 8)], "image in known"), 1);
    assert_eq!(before.rules().len(), 1, "{:?}", before.findings().collect::<Vec<_>>());
    let shrunk_from = |first: usize, tables: &[(&str, usize)], condition: &str, allow_shrink: bool| {
        let now = of("r.content", &text(first, tables, condition), 2);
        let found = checked(&now, Some(&before), Settings { allow_shrink, ..settings() }, &["change"]);
        errors(&found).iter().filter(|(code, _)| *code == "CC0801").map(|(_, of)| (*of).to_owned()).collect::<Vec<_>>()
    };
    let shrunk = |tables: &[(&str, usize)], condition: &str, allow: bool| shrunk_from(0, tables, condition, allow);
    assert_eq!(shrunk(&[("known", 8)], "image in known", false), [""; 0]);
    assert_eq!(shrunk(&[("known", 3)], "image in known", false), ["the table `known` has 3 rows, and had 8"]);
    assert_eq!(shrunk(&[("known", 3)], "image in known", true), [""; 0]);
    let renamed = |rows: &str| format!("`r` looks into {rows}, and looked into `known` with 8");
    assert_eq!(shrunk(&[("other", 3)], "image in other", false), [renamed("`other` with 3 rows")]);
    assert_eq!(shrunk(&[("a", 1), ("b", 2)], "image in a or image in b", false), [renamed("`a`, `b` with 3 rows")]);
    assert_eq!(shrunk(&[("other", 8)], "image in other", false), [""; 0]);
    assert_eq!(shrunk(&[("a", 3), ("b", 3)], "image in a or image in b", false), [""; 0]);
    assert_eq!(shrunk(&[("other", 3)], "image in other", true), [""; 0]);
    // Other rows do not stand in for those that are gone.
    let exchanged = |first: usize, allow: bool| shrunk_from(first, &[("known", 8)], "image in known", allow);
    let told = |left: usize| format!("of the 8 rows that the table `known` had {left} are left; it has 8 now");
    assert_eq!(exchanged(4, false), [""; 0]);
    assert_eq!(exchanged(5, false), [told(3)]);
    assert_eq!(exchanged(100, false), [told(0)]);
    assert_eq!(exchanged(100, true), [""; 0]);
    let under_another_name = shrunk_from(7, &[("a", 4), ("b", 4)], "image in a or image in b", false);
    assert_eq!(under_another_name, [format!("{}, of which 1 left", renamed("`a`, `b` with 8 rows"))]);
    // A table that grows may have lost its rows all the same.
    assert_eq!(shrunk_from(100, &[("known", 12)], "image in known", false).len(), 1);
}

/// A name of a table is one of its file: another file may have a table of that name, whichever comes first.
#[test]
fn each_table_is_compared_with_its_own_where_files_share_a_name() {
    let release = |rows: [std::ops::Range<usize>; 3], sequence: u64| {
        let mut sources =
            vec![Source::new("t.content", "template acme.process @ 1 {\n    1 image: string nocase\n}\n")];
        for (file, rows) in rows.into_iter().enumerate() {
            let rows: Vec<String> = rows.map(|row| format!("[\"row-{row}\"]")).collect();
            sources.push(Source::new(
                format!("{file}.content"),
                format!(
                    "table known @ 1 {{ image: string nocase key }} rows [{}]\nrule r{file} {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f800{file}\"\n    template: acme.process @ 1\n    severity: low\n    when image in known\n}}\n",
                    rows.join(", ")
                ),
            ));
        }
        let mut gathered = Gathered::of(sources.into_iter().map(|source| (source, Language::Native)).collect());
        gathered.release.name = Some("acme".to_owned());
        gathered.release.sequence = Some(sequence);
        Built::new(gathered, false, 1).unwrap()
    };
    let whole = || [0..8, 10..18, 20..28];
    let before = release(whole(), 1);
    assert_eq!(before.rules().len(), 3, "{:?}", before.findings().collect::<Vec<_>>());
    let shrunk = |rows: [std::ops::Range<usize>; 3]| {
        let found = checked(&release(rows, 2), Some(&before), settings(), &["change"]);
        errors(&found).iter().filter(|(code, _)| *code == "CC0801").count()
    };
    assert_eq!(shrunk(whole()), 0);
    for file in 0..3 {
        for rows in [0..1, 100..108] {
            let mut changed = whole();
            changed[file] = rows;
            assert_eq!(shrunk(changed), 1, "file {file}");
        }
    }
}

/// A manifest that lacks something now does not make it never have been there.
#[test]
fn a_manifest_that_lacks_something_hides_no_rule() {
    let rule = |number: u32, template: &str, when: &str| {
        format!(
            "rule r{number} {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f80{number:02}\"\n    template: {template} @ 1\n    severity: low\n    when {when}\n}}\n"
        )
    };
    let text = format!(
        "template acme.process @ 1 {{\n    1 image: string nocase\n    2 pid: int\n}}\ntemplate acme.pipe @ 1 {{\n    1 name: string\n}}\n{}{}{}",
        rule(1, "acme.process", "image == \"a\""),
        rule(2, "acme.process", "pid == 4 and image == \"b\""),
        rule(3, "acme.pipe", "name == \"c\"")
    );
    let on = |templates: &str, skip: bool| {
        let json = format!("{{\"format\":1,\"sensor\":\"acme\",\"version\":\"7\",\"templates\":{{{templates}}}}}");
        let sensor = Manifest::parse(&Source::new("m.json", json)).unwrap();
        let gathered = Gathered::of(vec![(Source::new("r.content", text.as_str()), Language::Native)]);
        Built::new(Gathered { fleet: Some(Fleet::new(vec![sensor]).unwrap()), ..gathered }, skip, 1).unwrap()
    };
    let input = |name: &str, ty: &str| format!("{{\"name\":\"{name}\",\"type\":\"{ty}\"}}");
    let process = |inputs: &[String]| format!("\"acme.process\":{{\"inputs\":[{}]}}", inputs.join(","));
    let pipe = format!("\"acme.pipe\":{{\"inputs\":[{}]}}", input("name", "string"));
    let (image, pid) = (input("image", "string"), input("pid", "int"));
    let both = process(&[image.clone(), pid]);
    let whole = format!("{both},{pipe}");
    for skip in [false, true] {
        let before = on(&whole, skip);
        let lost = |templates: &str| {
            let found = checked(&on(templates, skip), Some(&before), settings(), &["change"]);
            errors(&found)
                .iter()
                .filter(|(code, _)| *code == "CC0810")
                .map(|(_, of)| (*of).to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(lost(&whole), [""; 0]);
        // A build that supplies something else than it did is another build, whatever rules read.
        let changed = |templates: &str| {
            let found = checked(&on(templates, skip), Some(&before), settings(), &["change"]);
            let said =
                |of: &(&str, &str)| of.0 == "CC1016" && of.1.starts_with("the manifest of acme 7 says something else");
            errors(&found).iter().filter(|of| said(of)).count()
        };
        let more = format!("{whole},\"acme.other\":{{\"inputs\":[]}}");
        assert_eq!([changed(&whole), changed(&both), changed(&more)], [0, 1, 1]);
        let gone = |rule: &str| format!("`{rule}` no longer runs on any sensor of the fleet");
        assert_eq!(lost(&both), [gone("r3")]);
        // An input that is missing is an error of lint, and the rule is left out for it.
        assert_eq!(lost(&format!("{},{pipe}", process(std::slice::from_ref(&image)))), [""; 0]);
    }
}

/// A release on sensors, by their manifests: as files, where a name is none of a manifest that ships.
fn on_manifests(manifests: &[(&str, String)], sequence: u64) -> Built {
    let text = "template acme.process @ 1 {\n    1 image: string nocase\n    2 pid: int\n}\nrule r {\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8001\"\n    template: acme.process @ 1\n    severity: low\n    when image == \"a\"\n}\n";
    let mut gathered = Gathered::of(vec![(Source::new("r.content", text), Language::Native)]);
    gathered.release.name = Some("acme".to_owned());
    gathered.release.sequence = Some(sequence);
    let read = |(name, json): &(&str, String)| Manifest::parse(&Source::new(*name, json.as_str())).unwrap();
    gathered.fleet = Some(manifests.iter().map(read).collect()).map(|all| Fleet::new(all).unwrap());
    let input =
        |(name, json): &(&str, String)| release::Input::new(release::InputKind::Manifest, *name, json.as_bytes());
    gathered.inputs = manifests.iter().map(input).collect();
    Built::new(Gathered { fleet: gathered.fleet.take().filter(|of| !of.is_empty()), ..gathered }, false, 1).unwrap()
}

/// A manifest of a build that states a capacity.
fn manifest(version: &str, bytes: u64, inputs: &[&str]) -> String {
    let inputs: Vec<String> = inputs
        .iter()
        .map(|of| format!("{{\"name\":\"{of}\",\"type\":\"{}\"}}", if *of == "pid" { "int" } else { "string" }))
        .collect();
    format!(
        "{{\"format\":1,\"sensor\":\"acme\",\"version\":\"{version}\",\"capacity\":{{\"image_bytes\":{bytes}}},\"templates\":{{\"acme.process\":{{\"inputs\":[{}]}}}}}}",
        inputs.join(",")
    )
}

/// All that a comparison reads of the previous release is that of its evidence: a manifest that was edited in the copy too
/// would hide what a sensor loses.
#[test]
fn the_manifests_of_the_previous_release_are_those_of_its_evidence() {
    let whole = [
        ("s/7.13.json", manifest("7.13", 14_000, &["image", "pid"])),
        ("s/7.14.json", manifest("7.14", 14_000, &["image", "pid"])),
        ("builtin:acme/8", manifest("8", 14_000, &["image"])),
    ];
    let (before, now) = (on_manifests(&whole, 1), on_manifests(&whole, 2));
    let evidence = checked(&before, None, settings(), &["lint", "verify"]);
    let taken = |copy: &[(&str, String)]| PreviousEvidence::of(evidence.clone(), &now, Some(&on_manifests(copy, 1)));
    assert!(taken(&whole).is_ok());
    // Where they lie and in which order does not matter, and what ships may be better known in a later version.
    let mut moved = whole.clone();
    moved.reverse();
    moved[1].0 = "elsewhere/a.json";
    moved[0].1 = manifest("8", 14_000, &["image", "pid"]);
    assert!(taken(&moved).is_ok());
    let mut copies: Vec<Vec<(&str, String)>> = Vec::new();
    for at in 0..whole.len() {
        let mut without = whole.to_vec();
        without.remove(at);
        copies.push(without);
        if whole[at].0.starts_with("builtin:") {
            continue;
        }
        let version = whole[at].0.trim_start_matches("s/").trim_end_matches(".json");
        for edited in [
            manifest(version, 14_000, &["image"]),
            manifest(version, 1, &["image", "pid"]),
            format!("{} ", whole[at].1),
        ] {
            let mut with = whole.to_vec();
            with[at].1 = edited;
            copies.push(with);
        }
    }
    copies.push([whole.to_vec(), vec![("s/9.json", manifest("9", 1, &["image"]))]].concat());
    // The file of one build under the name of one that ships, and the other way round.
    copies.push(vec![whole[0].clone(), ("builtin:acme/7.14", whole[1].1.clone()), whole[2].clone()]);
    copies.push(vec![whole[0].clone(), whole[1].clone(), ("s/8.json", whole[2].1.clone())]);
    for copy in &copies {
        let refused = taken(copy).map(drop).unwrap_err();
        assert!(
            refused.contains("the manifests of the previous release say something else now"),
            "{copy:?}: {refused}"
        );
    }
    // A gate that was told of sensors on the command line leaves a release without any: that is said, and is no pass.
    let none = on_manifests(&[], 1);
    let then = PreviousEvidence::of(evidence.clone(), &now, Some(&none)).unwrap();
    let settings = Settings { previous_evidence: Some(Box::new(then)), ..settings() };
    let found = checked(&now, Some(&none), settings, &["change"]);
    let change = found.checks.iter().find(|check| check.name == "change").unwrap();
    assert!(change.skipped.iter().any(|of| of.starts_with("what sensors supply")), "{:?}", change.skipped);
}

/// A build does not change, in nothing that decides what loads.
#[test]
fn a_capacity_that_is_another_one_at_the_same_version_is_an_error() {
    let release = |version: &str, bytes: u64, inputs: &[&str], sequence| {
        on_manifests(&[("s/acme.json", manifest(version, bytes, inputs))], sequence)
    };
    let before = release("7.13", 14_000, &["image", "pid"], 1);
    let said = |now: &Built, settings: Settings| -> Vec<String> {
        let found = checked(now, Some(&before), settings, &["change"]);
        let of = found.errors().filter(|(_, of)| of.message.starts_with("the manifest of acme"));
        of.map(|(_, of)| format!("{} {}", of.code, of.message)).collect()
    };
    assert_eq!(said(&release("7.13", 14_000, &["image", "pid"], 2), settings()), [""; 0]);
    for bytes in [1, 13_999, 1_000_000] {
        let message = format!(
            "CC1016 the manifest of acme 7.13 says something else of its `image_bytes` ({bytes} now, 14000 then) than in the previous release"
        );
        assert_eq!(said(&release("7.13", bytes, &["image", "pid"], 2), settings()), [message]);
        let allowed = Settings { allow_shrink: true, ..settings() };
        assert_eq!(said(&release("7.13", bytes, &["image", "pid"], 2), allowed), [""; 0]);
        // Another build may hold more.
        assert_eq!(said(&release("7.15", bytes, &["image", "pid"], 2), settings()), [""; 0]);
    }
    // The same version in other digits is the same build.
    assert_eq!(said(&release("7.13.0", 1, &["image", "pid"], 2), settings()).len(), 1);
    assert!(said(&release("7.13", 1, &["image"], 2), settings())[0].contains("`acme.process` and 1 other part than"));
}

/// A rule may match what it matched and call nobody any more.
#[test]
fn what_a_rule_says_of_a_match_is_compared() {
    let text = |severity: &str, title: &str, tags: &str| {
        format!(
            "template acme.process @ 1 {{\n    1 image: string nocase\n}}\nrule r {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8001\"\n    template: acme.process @ 1\n    severity: {severity}\n    title: \"{title}\"\n    tags: [{tags}]\n    when image == \"a\"\n}}\n"
        )
    };
    let before = of("r.content", &text("high", "A", "attack.t1059"), 1);
    let said = |severity: &str, title: &str, tags: &str| {
        let now = of("r.content", &text(severity, title, tags), 2);
        let found = checked(&now, Some(&before), settings(), &["change"]);
        let check = found.checks.iter().find(|check| check.name == "change").unwrap();
        let labels: Vec<String> = found.changes.iter().filter_map(|change| change.labels.clone()).collect();
        assert_eq!(check.facts["relabelled"], labels.len() as u64);
        assert_eq!(check.summary.contains("1 relabelled"), !labels.is_empty(), "{}", check.summary);
        labels
    };
    assert_eq!(said("high", "A", "attack.t1059"), [""; 0]);
    // The same id to whoever compares releases, and another one to a kill list.
    let now = text("high", "A", "attack.t1059").replace("0d6f3c7e-1f57", "0D6F3C7E-1F57");
    let found = checked(&of("r.content", &now, 2), Some(&before), settings(), &["change"]);
    let labels: Vec<&str> = found.changes.iter().filter_map(|change| change.labels.as_deref()).collect();
    assert_eq!(labels, ["id 0D6F3C7E-1F57-4f62-9a4f-6d0c1f5f8001, was 0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8001"]);
    assert_eq!(said("low", "A", "attack.t1059"), ["level low, was high"]);
    assert_eq!(
        said("informational", "B", "attack.t1003"),
        ["level informational, was high; title `B`, was `A`; tags attack.t1003, was attack.t1059"]
    );
}

/// Clauses of three of so many parts each, of which analysis can tell little.
fn clauses(parts: usize, count: usize, seed: u64) -> String {
    let mut state = seed;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let clause = |_| {
        let part = |_| {
            let (number, is_not) = (next(parts), next(2) == 0);
            format!("{}image contains \"p{number:02}x\"", if is_not { "not " } else { "" })
        };
        format!("({})", (0..3).map(part).collect::<Vec<_>>().join(" or "))
    };
    (0..count).map(clause).collect::<Vec<_>>().join(" and ")
}

fn hard(condition: &str, sequence: u64) -> Built {
    let text = format!(
        "template acme.process @ 1 {{\n    reads {{ kind: \"process\" }}\n    1 image: string nocase\n}}\nrule r {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8001\"\n    template: acme.process @ 1\n    severity: low\n    when {condition}\n}}\n"
    );
    of("r.content", &text, sequence)
}

/// Where analysis gives up, generated events still show that a rule says the contrary; and what nobody can judge makes the
/// check one in part.
#[test]
fn a_rule_that_is_too_hard_to_judge_is_not_passed() {
    for (parts, count) in [(40, 160), (50, 190), (60, 220)] {
        let before = clauses(parts, count, count as u64);
        let change = |now: &str| {
            let found = checked(&hard(now, 2), Some(&hard(&before, 1)), settings(), &["change"]);
            found.checks.into_iter().find(|check| check.name == "change").unwrap()
        };
        let is_unknown = |of: &String| of.contains("what the change of `r` on acme.process @ 1 does");
        let same = change(&before);
        assert!(same.findings.is_empty() && !same.skipped.iter().any(is_unknown), "{same:?}");
        let negated = change(&format!("not ({before})"));
        assert!(negated.findings.iter().any(|of| of.code == "CC0809" && of.weight == Weight::Error), "{negated:?}");
        let other = change(&clauses(parts, count, 7));
        assert!(
            !other.findings.is_empty() || other.skipped.iter().any(is_unknown) || other.summary.contains("different"),
            "{other:?}"
        );
    }
}

/// A rule that no analysis can judge is no fault of the gate, whatever defect is seeded into it.
#[test]
fn a_hard_rule_is_no_fault_of_the_gate() {
    for (parts, count) in [(40, 160), (60, 220)] {
        let found = checked(&hard(&clauses(parts, count, 3), 1), None, settings(), &["self-test"]);
        assert_eq!(errors(&found), []);
    }
}

/// Rules each of which a sensor takes, and which together cost more than any takes that states no capacity.
fn dear(rules: usize, fleet: Option<Fleet>) -> Built {
    const WILDCARDS: usize = 8;
    let mut text = "template acme.process @ 1 {\n    1 image: string nocase\n    2 args: list<string>?\n}\n".to_owned();
    for rule in 0..rules {
        let value = |number: usize| {
            let bits = (number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let letters = (0..58).map(|at| if bits >> at & 1 == 1 { "a" } else { "b" });
            format!("\"{}\"", letters.collect::<Vec<_>>().join("*"))
        };
        let values: Vec<String> = (0..WILDCARDS).map(|at| value(rule * WILDCARDS + at)).collect();
        let _ = writeln!(
            text,
            "rule r{rule} {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f80{rule:02}\"\n    template: acme.process @ 1\n    severity: low\n    when any args like [{}]\n}}",
            values.join(", ")
        );
    }
    let gathered = Gathered::of(vec![(Source::new("r.content", text), Language::Native)]);
    Built::new(Gathered { fleet, ..gathered }, false, 1).unwrap()
}

/// What costs too much together is an error of the release and no fault of the gate.
#[test]
fn rules_that_cost_too_much_together_are_the_fault_of_the_release() {
    let inputs = r#"{"name":"image","type":"string"},{"name":"args","type":"list<string>?"}"#;
    let fleet = |capacity: &str| {
        let json = format!(
            r#"{{"format":1,"sensor":"acme","version":"7","capacity":{{{capacity}}},"templates":{{"acme.process":{{"inputs":[{inputs}]}}}}}}"#
        );
        Some(Fleet::new(vec![Manifest::parse(&Source::new("m.json", json)).unwrap()]).unwrap())
    };
    let said = |built: &Built| {
        let found = checked(built, None, settings(), &["self-test", "compile", "verify"]);
        let of = found.errors().map(|(check, of)| {
            let names = ["`r0` ", "`r1` ", "`r2` "]
                .iter()
                .all(|rule| of.help.as_deref().is_some_and(|help| help.contains(rule)));
            format!("{} {} {names}", check.name, of.code)
        });
        of.collect::<Vec<_>>()
    };
    for (rules, is_over) in [(1, false), (4, true)] {
        let over = |said: &str| if is_over { vec![said.to_owned()] } else { Vec::new() };
        assert_eq!(said(&dear(rules, None)), over("compile CC0408 true"), "{rules}");
        assert_eq!(said(&dear(rules, fleet(""))), over("verify CC1003 true"), "{rules}");
        assert_eq!(said(&dear(rules, fleet("\"steps_per_byte\":100000000"))), [""; 0], "{rules}");
    }
}

/// Devices that take a new version of a sensor lose what it does not supply any more.
#[test]
fn a_new_version_of_a_sensor_that_supplies_less_is_told() {
    let text = |sensors: &str| {
        format!(
            "template acme.process @ 1 {{\n    1 image: string nocase\n}}\ntemplate acme.dns @ 1 {{\n    1 name: string nocase\n}}\n\
             rule p {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8001\"\n    template: acme.process @ 1\n    severity: low\n    when image ends_with \"a\"\n}}\n\
             rule d {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8002\"\n    template: acme.dns @ 1\n    severity: low\n{sensors}    when name ends_with \"a\"\n}}\n"
        )
    };
    let sensor = |name: &str, version: &str, templates: &[&str]| {
        let templates: Vec<String> = templates
            .iter()
            .map(|template| {
                let input = if *template == "process" { "image" } else { "name" };
                format!("\"acme.{template}\":{{\"inputs\":[{{\"name\":\"{input}\",\"type\":\"string\"}}]}}")
            })
            .collect();
        let json = format!(
            "{{\"format\":1,\"sensor\":\"{name}\",\"version\":\"{version}\",\"templates\":{{{}}}}}",
            templates.join(",")
        );
        Manifest::parse(&Source::new("m", json)).unwrap()
    };
    let release = |sensors: Vec<contentcheck_model::sensor::Sensor>, constraint: &str| {
        let mut gathered = Gathered::of(vec![(Source::new("r.content", text(constraint)), Language::Native)]);
        gathered.fleet = Some(Fleet::new(sensors).unwrap());
        Built::new(gathered, false, 1).unwrap()
    };
    let both = ["process", "dns"];
    let old = || vec![sensor("acme", "7.14", &both), sensor("acme", "7.15", &both)];
    let before = release(old(), "");
    let said = |new: (&str, &str, &[&str]), constraint: &str, allow_shrink: bool| -> Vec<String> {
        let mut sensors = old();
        sensors.push(sensor(new.0, new.1, new.2));
        let now = release(sensors, constraint);
        let found = checked(&now, Some(&before), Settings { allow_shrink, ..settings() }, &["verify", "change"]);
        let of = found.errors().filter(|(_, of)| of.message.contains("is new in the fleet"));
        of.map(|(_, of)| format!("{}: {}", of.code, of.message)).collect()
    };
    let told = "CC0810: acme 7.16 is new in the fleet and does not run a rule that acme 7.15 runs, such as `d`";
    assert_eq!(said(("acme", "7.16", &["process"]), "", false), [told]);
    // Where it is meant: the rule says so, or who releases it.
    assert_eq!(said(("acme", "7.16", &["process"]), "    sensors: \"<7.16\"\n", false), [""; 0]);
    assert_eq!(said(("acme", "7.16", &["process"]), "", true), [""; 0]);
    // A sensor with all of it, another product, and one older than all of them lose nothing.
    assert_eq!(said(("acme", "7.16", &both), "", false), [""; 0]);
    assert_eq!(said(("other", "7.16", &["process"]), "", false), [""; 0]);
    assert_eq!(said(("acme", "7.1", &["process"]), "", false), [""; 0]);
}
