//! What the analysis reports to authors: each code where it is true, the same on any number of threads, accepted by the
//! same comments as other findings, and as the sensors of a fleet supply events.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fmt::Write as _;

use contentcheck_analysis::findings::Depth;
use contentcheck_analysis::{Analysis, Fires};
use contentcheck_model::language::Language;
use contentcheck_model::sensor::Fleet;
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checking, Gathered};

const TEMPLATE: &str =
    "template t.process @ 1 {\n    1 image: string nocase\n    2 line: string? nocase\n    3 pid: int\n}\n";

/// Native rules with these conditions, in one file.
fn rules(conditions: &[&str]) -> String {
    let mut text = TEMPLATE.to_owned();
    for (number, condition) in conditions.iter().enumerate() {
        write!(
            text,
            "rule r{number} {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f{number:04x}\"\n    template: t.process @ 1\n    severity: low\n    when {condition}\n}}\n"
        )
        .unwrap();
    }
    text
}

/// The findings of the analysis in some files: rule and code.
fn found(files: &[(&str, &str, Language)], depth: Depth, threads: usize) -> Vec<String> {
    let sources: Vec<(Source, Language)> =
        files.iter().map(|(name, text, language)| (Source::new(*name, *text), *language)).collect();
    let library = contentcheck_library::templates().unwrap();
    let checking = Checking { further: Some(&depth), ..Checking::with_threads(threads) };
    let judged = Gathered { library, ..Gathered::of(sources) }.check(&checking).judge();
    let of_analysis = |code: &str| ("CC0611"..="CC0622").contains(&code) || code == "CC0719";
    judged
        .findings()
        .iter()
        .filter(|finding| of_analysis(finding.code.id))
        .map(|finding| format!("{} {}", finding.rule.as_deref().unwrap_or_default(), finding.code.id))
        .collect()
}

/// Endings of the ids of rules, with the code.
fn short(found: &[String]) -> Vec<&str> {
    found.iter().map(|line| line.get(line.len().saturating_sub(8)..).unwrap()).collect()
}

#[test]
fn each_kind_is_found_where_it_is_and_nowhere_else() {
    let text = rules(&[
        r#"image ends_with "a.exe" and line contains "b""#,
        r#"image == "a" and image == "b""#,
        "pid < 10 or pid > 5",
        r#"image ends_with "a.exe" and not image ends_with "b.exe""#,
        r#"image ends_with "a.exe" and not image ends_with ".exe""#,
        r#"image ends_with "a.exe" and not (line == "x" or image ends_with "b.exe")"#,
        r#"pid == 4 and (line contains "ab" or line contains "xaby")"#,
        r#"pid == 4 and line contains ["ab", "xaby"] and not image == """#,
    ]);
    let files = [("a.content", text.as_str(), Language::Native)];
    let quick = ["1 CC0611", "2 CC0612", "3 CC0613", "4 CC0614", "5 CC0613"];
    assert_eq!(short(&found(&files, Depth::Quick, 1)), quick);
    let deep = found(&files, Depth::Deep, 1);
    for expected in quick.into_iter().chain(["6 CC0616", "7 CC0618"]) {
        assert!(short(&deep).contains(&expected), "{expected} in {deep:?}");
    }
    // The rule without a fault fires only where the one that always does fires too.
    let of_first: Vec<&String> = deep.iter().filter(|line| line.contains("5f0000 ")).collect();
    assert!(of_first.len() == 1 && of_first.iter().all(|line| line.ends_with("CC0620")), "{deep:?}");
}

#[test]
fn comments_accept_them_and_are_not_unused_where_nobody_looked() {
    let mut text = rules(&[r#"image == "a" and image == "b""#]);
    text = text.replace("    when", "    # contentcheck: allow CC0611, CC0618 -- on purpose\n    when");
    let files = [("a.content", text.as_str(), Language::Native)];
    assert_eq!(found(&files, Depth::Quick, 1), [""; 0]);
    let calm = rules(&[r#"image == "a""#]).replace("    when", "    # contentcheck: allow CC0618 -- x\n    when");
    let files = [("a.content", calm.as_str(), Language::Native)];
    assert_eq!(found(&files, Depth::Quick, 1), [""; 0]);
    assert_eq!(found(&files, Depth::Deep, 1), [" CC0719"]);
}

/// What one finding says may be accepted; what is proven of the rule is said all the same.
#[test]
fn other_findings_hide_no_proof() {
    let rule = |body: &str| {
        format!(
            "title: A rule\nid: 0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f0001\nstatus: test\nlogsource: {{product: windows, category: \
             process_creation}}\ndetection:\n{body}level: low\n"
        )
    };
    let files = |text: &str, expected: &[&str]| {
        let files = [("r.yml", text, Language::Sigma)];
        let mut all = found(&files, Depth::Quick, 1);
        // Not every rule has all of what the comments accept.
        all.retain(|line| !line.ends_with(" CC0719"));
        assert_eq!(short(&all), expected, "{text}");
    };
    let selection = "    s:\n        Image|endswith: '\\rare.exe'\n        User: '*'ACCEPT\n";
    let filter = "    f:\n        Image|endswith: '\\b.exe'\n        User: 'x'\n    condition: s and not f\n";
    for accept in ["", " # contentcheck: allow CC0607, CC0609, CC0610 -- meant"] {
        for (body, expected) in [
            ("    s:\n        CommandLine: '*'ACCEPT\n    condition: not s\n".to_owned(), "1 CC0611"),
            (format!("{selection}{filter}"), "1 CC0613"),
            (format!("{selection}{filter}").replace("User: 'x'", "User: '*'ACCEPT"), "1 CC0613"),
            (format!("{selection}{filter}").replace("User: 'x'", "User|re: '|x'ACCEPT"), "1 CC0613"),
            ("    s:\n        User|all: ['a', 'b']ACCEPT\n    condition: s\n".to_owned(), "1 CC0611"),
        ] {
            files(&rule(&body.replace("ACCEPT", accept)), &[expected]);
        }
    }
    // What was found in one rule says nothing of another one in its file.
    let never = rule("    s:\n        Nothing: 'x'\n    condition: s\n").replace("5f0001", "5f0002");
    let both = format!("{never}---\n{}", rule("    s:\n        CommandLine: '*'\n    condition: not s\n"));
    files(&both, &["1 CC0611"]);
}

#[test]
fn findings_do_not_depend_on_threads() {
    let conditions: Vec<String> = (0..40)
        .map(|at| format!(r#"line contains ["k{at}", "xk{at}"] and not (line == "q{at}" or image starts_with "z")"#))
        .collect();
    let files: Vec<(String, String)> =
        conditions.iter().enumerate().map(|(at, one)| (format!("{at}.content"), rules(&[one.as_str()]))).collect();
    let files: Vec<(&str, String)> = files
        .iter()
        .enumerate()
        .map(|(at, (name, text))| {
            let text = text.replace("1f5f0000", &format!("1f5f{at:04x}")).replace("rule r0", &format!("rule r{at}"));
            (name.as_str(), if at == 0 { text } else { text.replace(TEMPLATE, "") })
        })
        .collect();
    let files: Vec<(&str, &str, Language)> =
        files.iter().map(|(name, text)| (*name, text.as_str(), Language::Native)).collect();
    let one = found(&files, Depth::Deep, 1);
    assert!(one.len() >= 80, "{one:?}");
    assert_eq!(one, found(&files, Depth::Deep, 3));
}

/// What is found in a Sigma rule with this detection, by code.
fn codes_of(detection: &str, depth: Depth) -> Vec<String> {
    let rule = format!(
        "title: Drawn\nid: 2589b852-4652-4f9f-8f98-f7d602ad84d2\nlogsource:\n    category: process_creation\n    product: windows\ndetection:\n{detection}"
    );
    let found = found(&[("rule.yml", &rule, Language::Sigma)], depth, 1);
    found.iter().map(|line| line.get(line.len() - 6..).unwrap().to_owned()).collect()
}

#[test]
fn a_value_that_a_filter_excludes_and_one_that_excludes_nothing_are_found() {
    let list = |how: &str, values: &str| format!("    s:\n        Image{how}: [{values}]\n");
    for (detection, dead) in [
        (
            list("|contains", "'PWCrack', 'foo'")
                + "    f:\n        Image|contains: 'Crack'\n    condition: s and not f\n",
            true,
        ),
        (
            list("|contains", "'Crack', 'foo'")
                + "    f:\n        Image|contains: 'PWCrack'\n    condition: s and not f\n",
            false,
        ),
        (
            list("|endswith", r"'\\a.exe', '\\b.exe'")
                + "    f:\n        Image|startswith: 'C:'\n    condition: s and not f\n",
            false,
        ),
        (
            list("", r"'C:\\a.exe', 'C:\\b.exe'")
                + "    f:\n        Image|endswith: ['a.exe', 'c.exe']\n    condition: s and not f\n",
            true,
        ),
        (
            list("", r"'C:\\a.exe', 'C:\\b.exe'")
                + "    t:\n        Image|endswith: ['b.exe', 'd.exe']\n    condition: s and t\n",
            true,
        ),
        // On another branch the value is needed.
        (
            list("|contains", "'PWCrack', 'foo'")
                + "    f:\n        Image|contains: 'Crack'\n        User: x\n    condition: s and not f\n",
            false,
        ),
    ] {
        let found = codes_of(&detection, Depth::Deep);
        assert_eq!(found.contains(&"CC0622".to_owned()), dead, "{detection}{found:?}");
    }
}

#[test]
fn a_value_that_is_there_twice_is_said_to_be() {
    let text = rules(&[r#"image in ["net.exe", "NET.exe", "cmd.exe"]"#, r#"image in ["net.exe", "snet.exe"]"#]);
    let judged = Gathered::of(vec![(Source::new("a.content", text), Language::Native)])
        .check(&Checking { further: Some(&Depth::Deep), ..Checking::default() })
        .judge();
    let said: Vec<&str> = judged.findings().iter().map(|finding| finding.message.as_str()).collect();
    assert_eq!(said, ["the value `\"NET.exe\"` appears twice, first as `\"net.exe\"`"]);
    // It does not hide that the rule never fires.
    let text = rules(&[r#"image in ["net.exe", "net.exe"] and image == "cmd.exe""#]);
    let judged = Gathered::of(vec![(Source::new("a.content", text), Language::Native)])
        .check(&Checking { further: Some(&Depth::Quick), ..Checking::default() })
        .judge();
    let found: Vec<&str> = judged.findings().iter().map(|finding| finding.code.id).collect();
    assert_eq!(found, ["CC0611", "CC0605"]);
}

#[test]
fn of_two_parts_that_make_each_other_redundant_one_is_named() {
    // Each of them holds only where the other one does.
    let both = codes_of(
        "    a:\n        Image: 'x'\n    b:\n        Image|re: '^[xX]$'\n    c:\n        User: u\n    condition: a and b and c\n",
        Depth::Deep,
    );
    assert_eq!(both, ["CC0619"]);
    let filters = codes_of(
        "    a:\n        Image|contains: 'x'\n    f1:\n        User: u\n    f2:\n        User|re: '^[uU]$'\n    condition: a and not f1 and not f2\n",
        Depth::Deep,
    );
    assert_eq!(filters, ["CC0615"]);
}

/// What analysis says of a rule with such a condition, for these sensors and with these known.
fn fires(condition: &str, constraint: &str, fleet: Option<&[&str]>) -> Option<bool> {
    let rule = format!(
        "title: Absent\nid: 2589b852-4652-4f9f-8f98-f7d602ad84d2\nlogsource:\n    category: process_creation\n    product: windows\ndetection:\n    s:\n        {condition}\n    condition: s\n{constraint}"
    );
    let sensors = |versions: &[&str]| {
        let all = versions.iter().flat_map(|version| contentcheck_library::sensors(version));
        Fleet::new(all.map(|file| file.parse().unwrap()).collect()).unwrap()
    };
    let gathered = Gathered {
        library: contentcheck_library::templates().unwrap(),
        fleet: fleet.map(sensors),
        known_sensors: Some(contentcheck_library::known_sensors()),
        ..Gathered::of(vec![(Source::new("rule.yml", rule), Language::Sigma)])
    };
    let checked = gathered.check(&Checking::default());
    let target = &checked.rules().first()?.targets.first()?;
    let confirm = |_: &_, _: &_| Some(true);
    match Analysis::new(&confirm).fires(target) {
        Fires::Yes(_) => Some(true),
        Fires::Never(_) => Some(false),
        Fires::Unknown(_) => None,
    }
}

#[test]
fn what_a_sensor_may_not_supply_may_be_absent() {
    let only = "custom_attributes:\n    sensors: '>=4.21'\n";
    for (condition, constraint, fleet, expected) in [
        // Sysmon has it from 4.21 on.
        ("OriginalFileName: null", "", None, true),
        ("OriginalFileName|exists: false", "", None, true),
        ("OriginalFileName: null", only, None, false),
        ("OriginalFileName: null", "", Some(&["sysmon/4.90"][..]), false),
        ("OriginalFileName: null", "", Some(&["sysmon/4.0", "sysmon/4.90"]), true),
        ("OriginalFileName|exists: false", only, Some(&["sysmon/4.0", "sysmon/4.90"]), false),
        // A fleet without a supplier of it says nothing of it.
        ("OriginalFileName: null", "", Some(&["windows"]), true),
        // Every version has it.
        ("Image: null", "", None, false),
        ("Image|exists: false", "", None, false),
        ("ParentUser: null", "", None, true),
        // None has it, and it is optional.
        ("GrandParentImage: null", "", Some(&["sysmon/4.90"]), true),
    ] {
        assert_eq!(fires(condition, constraint, fleet), Some(expected), "{condition} {constraint} {fleet:?}");
    }
}

/// What somebody puts instead of a placeholder decides which events are left to all other parts.
#[test]
fn nothing_is_said_of_the_parts_of_a_rule_with_a_placeholder() {
    let operands = ["a", "b", "both", "not a", "not b", "not both", "1 of *", "all of *"];
    let mut conditions: Vec<String> = operands.iter().map(|&one| one.to_owned()).collect();
    for one in operands {
        for other in operands {
            conditions.extend(["and", "or"].map(|operator| format!("({one}) {operator} ({other})")));
            conditions.push(format!("not (({one}) and ({other}))"));
        }
    }
    for (first, second) in [
        ("Image|endswith: 'a.exe'", "CommandLine|expand: '%known%'"),
        ("Image|endswith: 'a.exe'", "Image|endswith|expand: '%known%'"),
        ("Image|expand: '%known%'", "Image|endswith: ['a.exe', 'b.exe']"),
    ] {
        // Of a condition that does not ask what has the placeholder something can be said.
        let with = if first.contains("expand") { "a" } else { "b" };
        let asks =
            |condition: &&String| condition.split(['(', ')', ' ']).any(|word| [with, "both", "*"].contains(&word));
        for condition in conditions.iter().filter(asks) {
            let detection = format!(
                "    a:\n        {first}\n    b:\n        {second}\n    both:\n        {}\n        {}\n    condition: {condition}\n",
                first.replacen("Image", "User", 1).replacen("a.exe", "c", 1),
                second
            );
            // Without the placeholder as well this is what the rule means.
            assert_eq!(codes_of(&detection, Depth::Deep), [""; 0], "{detection}");
        }
    }
    let alone = "    f:\n        User: '0'\n        CommandLine|contains|expand: '%known%'\n    condition: not f\n";
    assert_eq!(codes_of(alone, Depth::Deep), [""; 0]);
    let never =
        "    f:\n        User: a\n        Image|expand: '%known%'\n    g:\n        User: b\n    condition: f and g\n";
    assert_eq!(codes_of(never, Depth::Deep), [""; 0]);
    let list = "    s:\n        Image|contains: ['abc', 'b']\n        User|expand: '%known%'\n    condition: s\n";
    assert_eq!(codes_of(list, Depth::Deep), ["CC0618"]);
}

/// A template type may serve several log sources that nothing in its events tells apart.
#[test]
fn a_rule_on_another_log_source_covers_nothing() {
    let rule = |number: u8, logsource: &str, values: &str| {
        format!(
            "title: Rule {number}\nid: 2589b852-4652-4f9f-8f98-f7d602ad84d{number}\nlevel: low\nlogsource: {{product: paloalto, service: globalprotect{logsource}}}\ndetection:\n    s:\n        TargetFilename|contains: [{values}]\n    condition: s\n"
        )
    };
    let of = |wider: &str, narrower: &str| {
        let (wider, narrower) = (rule(1, wider, "'ab', 'cd'"), rule(2, narrower, "'ab'"));
        let files = [("w.yml", wider.as_str(), Language::Sigma), ("n.yml", narrower.as_str(), Language::Sigma)];
        found(&files, Depth::Deep, 1).iter().any(|line| line.ends_with("CC0620"))
    };
    let (file, appliance) = (", category: file_event", ", category: appliance");
    assert!(of(file, file) && of("", file) && of("", ""));
    assert!(!of(appliance, file) && !of(file, appliance) && !of(file, ""));
}

#[test]
fn a_value_of_another_kind_is_shown_with_its_wildcards() {
    let rule = "title: Drawn\nid: 2589b852-4652-4f9f-8f98-f7d602ad84d2\nlogsource:\n    category: process_creation\n    product: windows\ndetection:\n    s:\n        Image: ['*evil.exe', 'C:\\evil.exe']\n    condition: s\n";
    let library = contentcheck_library::templates().unwrap();
    let checking = Checking { further: Some(&Depth::Deep), ..Checking::with_threads(1) };
    let source = vec![(Source::new("r.yml", rule), Language::Sigma)];
    let judged = Gathered { library, ..Gathered::of(source) }.check(&checking).judge();
    let said: Vec<&str> =
        judged.findings().iter().filter(|one| one.code.id == "CC0618").map(|one| one.message.as_str()).collect();
    assert_eq!(said, [r#""Image": every string that matches "C:\evil.exe" matches "*evil.exe" of the same list"#]);
}
