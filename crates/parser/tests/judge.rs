//! What a policy, comments and a baseline can change of a release, and what they cannot.
#![expect(clippy::unwrap_used, clippy::string_slice, reason = "a test stops at the first surprise")]

use contentcheck_model::diagnostic::{Code, Diagnostic, Severity, codes};
use contentcheck_model::language::Language;
use contentcheck_model::rule::CheckedRule;
use contentcheck_model::sensor::{Fleet, Manifest};
use contentcheck_model::source::{Source, Span};
use contentcheck_parser::release::{
    AcceptedBy, Baseline, Checking, Expected, Finding, Further, Gathered, Judged, Level, Names, Policy, Recorded,
    WithErrors,
};

const TEMPLATE: &str =
    "template t.one @ 1 {\n    serves { product: acme }\n    1 image: string nocase\n    2 pid: int\n}\n";

fn rule(name: &str, id: u32, when: &str) -> String {
    format!(
        "rule {name} {{\n    id: \"0d6f3c7e-1f57-4f62-9a4f-{id:012}\"\n    template: t.one @ 1\n    severity: low\n    when {when}\n}}\n"
    )
}

fn gathered(files: &[(&str, String)]) -> Gathered {
    let source = |(name, text): &(&str, String)| (Source::new(*name, text.as_str()), Language::of(name).unwrap());
    Gathered::of(files.iter().map(source).collect())
}

fn judged(gathered: Gathered) -> Judged {
    gathered.check(&Checking::default()).judge()
}

fn ships(judged: &Judged) -> Vec<String> {
    let ships = judged.ship(WithErrors::LeaveOut).unwrap();
    ships.rules().iter().map(|rule| rule.title.clone()).collect()
}

const fn recorded(baseline: Baseline) -> Recorded {
    Recorded { baseline, names: Names::AS_GIVEN }
}

/// Everything off that can be.
fn silent() -> Policy {
    let mut policy = Policy::default();
    for code in codes::all().filter(|code| code.is_acceptable()) {
        policy.set(code.id, Level::Off).unwrap();
    }
    policy
}

/// A declaration that the parser could not make sense of may have been a rule.
#[test]
fn what_is_broken_beside_a_rule_is_not_left_out_without_a_word() {
    let good = rule("good", 1, "pid == 4");
    let broken = [
        "rule bad {\n    id: \"0d6f3c7e-1f57-4f62-9a4f-000000000002\"\n    when pid ==\n}\n".to_owned(),
        "rule\n".to_owned(),
        "nonsense { }\n".to_owned(),
        "rule bad { when pid == \"4 }\n".to_owned(),
        "rule bad {\n".to_owned(),
        "template t.two @ 1 {\n    1 image\n}\n".to_owned(),
        "list l = [1, \n".to_owned(),
    ];
    for broken in broken {
        for text in [
            format!("{TEMPLATE}{good}{broken}"),
            format!("# contentcheck: allow-file CC0130, CC0131 -- it is meant\n{TEMPLATE}{good}{broken}"),
        ] {
            for policy in [Policy::default(), silent()] {
                let judged = judged(Gathered { policy, ..gathered(&[("a.content", text.clone())]) });
                assert!(judged.ship(WithErrors::Refuse).is_err(), "it ships as if it were whole\n{text}");
                assert!(judged.errors().next().is_some(), "nothing says why\n{text}");
                assert!(!judged.left_out().is_empty(), "{text}");
                assert!(ships(&judged) == ["good"] || ships(&judged).is_empty(), "{text}");
            }
        }
    }
}

#[test]
fn a_rule_with_an_error_is_left_out_whatever_lowers_it_and_what_is_raised_too() {
    let text = format!(
        "{TEMPLATE}{}{}",
        rule("one", 1, "image matches r\"^(([a-z])+.)+[A-Z]([a-z])+$\""),
        rule("two", 2, "pid == 4")
    );
    let files = [("a.content", text)];
    assert_eq!(ships(&judged(gathered(&files))), ["two"]);
    let mut policy = Policy::default();
    policy.set("CC0502", Level::Warning).unwrap();
    let lowered = judged(Gathered { policy, ..gathered(&files) });
    assert_eq!(ships(&lowered), ["two"]);
    assert!(lowered.blockers().iter().any(|found| found.code.id == "CC0808"));
    // And what is raised keeps a rule out.
    let text = format!("{TEMPLATE}{}", rule("one", 1, "image like \"*\""));
    let found = judged(gathered(&[("a.content", text.clone())]));
    let raised = found.findings().iter().find(|found| found.severity == Severity::Warning).unwrap().code.id;
    let mut policy = Policy::default();
    policy.set(raised, Level::Error).unwrap();
    assert_eq!(ships(&judged(Gathered { policy, ..gathered(&[("a.content", text)]) })), [""; 0]);
}

fn fleet(versions: &[&str]) -> Fleet {
    let sensor = |version: &&str| {
        let json = format!(
            "{{\"format\":1,\"sensor\":\"acme\",\"version\":\"{version}\",\"templates\":{{\"t.one\":{{\"inputs\":[{{\"name\":\"image\",\"type\":\"string\"}}]}}}}}}"
        );
        Manifest::parse(&Source::new("m", json)).unwrap()
    };
    Fleet::new(versions.iter().map(sensor).collect()).unwrap()
}

#[test]
fn nothing_accepts_what_can_break_a_device() {
    let head = "# contentcheck: allow-file CC0401, CC0402, CC0403, CC0404 -- it is meant\n";
    let text = format!("{head}{TEMPLATE}{}{}", rule("by_name", 1, "pid == 4"), rule("by_number", 2, "$2 == 4"));
    let release = |policy| Gathered { fleet: Some(fleet(&["1"])), policy, ..gathered(&[("a.content", text.clone())]) };
    let first = judged(release(Policy::default()));
    let of_fleet =
        |judged: &Judged| judged.findings().iter().filter(|found| found.code.id.starts_with("CC040")).count();
    assert_eq!(of_fleet(&first), 2);
    let mut policy = silent();
    policy.baseline = Some(recorded(Baseline::listing(first.findings(), &Names::AS_GIVEN)));
    let accepted = judged(release(policy));
    assert_eq!(of_fleet(&accepted), 2, "{:?}", accepted.findings());
    assert!(ships(&accepted).is_empty());
    assert!(accepted.ship(WithErrors::Refuse).is_err());
    // A baseline that is written has none of them either.
    assert!(
        Baseline::of(first.findings(), &Names::AS_GIVEN)
            .findings
            .iter()
            .all(|of| !["CC0401", "CC0402"].contains(&of.code.as_str()))
    );
}

/// The same words about one more sensor are another finding.
#[test]
fn a_further_sensor_is_another_finding() {
    let text = format!(
        "{TEMPLATE}{}",
        rule("late", 1, "image == \"a\"").replace("    when", "    sensors: \">=9\"\n    when")
    );
    let release = |versions: &[&str], baseline| {
        let mut policy = Policy::default();
        policy.baseline = baseline;
        judged(Gathered { fleet: Some(fleet(versions)), policy, ..gathered(&[("a.content", text.clone())]) })
    };
    let first = release(&["1"], None);
    let said = |judged: &Judged| judged.findings().iter().filter(|found| found.code.id == "CC0406").count();
    assert_eq!(said(&first), 1);
    let baseline = Baseline::of(first.findings(), &Names::AS_GIVEN);
    let again = release(&["1"], Some(recorded(baseline.clone())));
    assert_eq!(said(&again), 0);
    assert!(again.accepted().iter().all(|one| one.by == AcceptedBy::Baseline) && !again.accepted().is_empty());
    assert_eq!(said(&release(&["1", "2"], Some(recorded(baseline)))), 1);
}

/// An entry of a baseline accepts what it says to those who read it: not another file, code or message by its fingerprint, and no more than there is by
/// its number.
#[test]
fn an_entry_of_a_baseline_accepts_what_it_says() {
    let text = format!("{TEMPLATE}{}", rule("any", 1, "image like \"*\""));
    let release = |baseline| {
        let mut policy = Policy::default();
        policy.baseline = Some(recorded(baseline));
        judged(Gathered { policy, ..gathered(&[("a.content", text.clone())]) })
    };
    let first = judged(gathered(&[("a.content", text.clone())]));
    let whole = Baseline::of(first.findings(), &Names::AS_GIVEN);
    assert!(!whole.findings.is_empty() && release(whole.clone()).findings().len() < first.findings().len());
    let forge: [&dyn Fn(&mut Expected); 3] =
        [&|entry| entry.file = "b.content".to_owned(), &|entry| entry.code = "CC0704".to_owned(), &|entry| {
            entry.message = "the rule has no `author`".to_owned()
        }];
    for forge in forge {
        let mut forged = whole.clone();
        forged.findings.iter_mut().for_each(forge);
        let judged = release(forged);
        assert_eq!((judged.findings().len(), judged.accepted().len()), (first.findings().len(), 0));
        assert_eq!(judged.gone(), whole.findings.len());
    }
    let mut many = whole.clone();
    many.findings.extend(whole.findings.clone());
    many.findings.iter_mut().for_each(|entry| entry.count = usize::MAX);
    assert!(release(many).gone() == usize::MAX);
}

/// Messages cut long values short: one that begins as a recorded one is another one.
#[test]
fn what_begins_alike_is_another_finding() {
    for length in [1, 59, 60, 61, 200] {
        let rule = |one: &str, two: &str| {
            let begin = "a".repeat(length);
            format!(
                "title: R\nid: 0d6f3c7e-1f57-4f62-9a4f-000000000009\nlogsource: {{product: acme}}\ndetection:\n    s:\n        image:\n            - '{begin}{one}'\n            - '{begin}{two}'\n    condition: s\nlevel: low\n"
            )
        };
        let release = |text: String, baseline| {
            let mut policy = Policy::default();
            policy.baseline = baseline;
            judged(Gathered { policy, ..gathered(&[("t.content", TEMPLATE.to_owned()), ("r.yml", text)]) })
        };
        let tabs = |judged: &Judged| judged.findings().iter().filter(|found| found.code.id == "CC0127").count();
        let first = release(rule("one\t", "two"), None);
        assert_eq!(tabs(&first), 1);
        let baseline = Baseline::of(first.findings(), &Names::AS_GIVEN);
        assert_eq!(tabs(&release(rule("one\t", "2"), Some(recorded(baseline.clone())))), 0);
        let other = release(rule("one", "two\t"), Some(recorded(baseline)));
        assert_eq!((tabs(&other), other.gone()), (1, 1), "{length}");
    }
}

/// Filters and correlations are not carried out: whoever runs rules is told, and what they would change is left out.
#[test]
fn documents_that_change_rules_keep_them_out() {
    let sigma = |id: u32, name: &str| {
        format!(
            "title: {name}\nid: 0d6f3c7e-1f57-4f62-9a4f-{id:012}\nname: {name}\nstatus: test\nlogsource: {{product: acme}}\ndetection:\n    s: {{image: {name}}}\n    condition: s\nlevel: low\n"
        )
    };
    let rules = [("t.content", TEMPLATE.to_owned()), ("one.yml", sigma(1, "one")), ("two.yml", sigma(2, "two"))];
    let filter = |rules: &str| {
        format!(
            "title: F\nid: 0d6f3c7e-1f57-4f62-9a4f-000000000009\nlogsource: {{product: acme}}\nfilter:\n    rules: {rules}\n    s: {{image: x}}\n    condition: not s\n"
        )
    };
    let correlation = |rules: &str, generate: &str| {
        format!(
            "title: C\nid: 0d6f3c7e-1f57-4f62-9a4f-000000000009\nstatus: test\ncorrelation:\n    type: event_count\n    rules: {rules}\n    group-by: [image]\n    timespan: 1h\n    condition: {{gte: 5}}\n{generate}level: low\n"
        )
    };
    let cases = [
        (filter("[one]"), vec!["two"]),
        (filter("[0d6f3c7e-1f57-4f62-9a4f-000000000002]"), vec!["one"]),
        (filter("[0D6F3C7E-1F57-4F62-9A4F-000000000002]"), vec!["one"]),
        (filter("any"), vec![]),
        (filter("{}"), vec![]),
        (correlation("[one]", ""), vec!["two"]),
        (correlation("[one, two]", ""), vec![]),
        (correlation("[one, two]", "generate: false\n"), vec![]),
        (correlation("[one, two]", "generate: true\n"), vec!["one", "two"]),
    ];
    for (document, expected) in cases {
        let mut files = rules.to_vec();
        files.push(("document.yml", document.clone()));
        for policy in [Policy::default(), silent()] {
            let judged = judged(Gathered { policy, ..gathered(&files) });
            assert_eq!(ships(&judged), expected, "{document}\n{:?}", judged.left_out());
            assert!(
                judged.blockers().iter().any(|found| found.code.id == "CC0119" && found.severity == Severity::Error)
            );
            assert!(judged.ship(WithErrors::Refuse).is_err(), "{document}");
        }
    }
}

/// Of a filter or a correlation that could not be read nobody knows which rules it is for, nor, where it is cut off or
/// spoilt, that it is one: with what may be one out, no rule ships. What surely is a rule changes no other.
#[test]
fn what_may_be_a_filter_that_cannot_be_read_keeps_all_rules_out() {
    let sigma = |id: u32, name: &str, more: &str| {
        format!(
            "title: {name}\nid: 0d6f3c7e-1f57-4f62-9a4f-{id:012}\nname: {name}\nstatus: test\nlogsource: {{product: acme}}\ndetection:\n    s: {{image: {name}}}\n    filter: {{image: x}}\n    condition: s and not filter\nlevel: low\n{more}"
        )
    };
    let native = format!("{TEMPLATE}{}", rule("native", 3, "pid == 4"));
    // How many rules ship, where that of the filter and the correlation does not, as has to be told.
    let shipped = |text: &str| {
        let files = [("t.content", native.clone()), ("one.yml", sigma(1, "one", "")), ("other.yml", text.to_owned())];
        let judged = judged(gathered(&files));
        let told = judged.errors().any(|found| found.code.id == "CC0119" && found.source.name() == "other.yml");
        let ships = ships(&judged);
        assert!(
            ships.contains(&"native".to_owned()),
            "no filter is for a native rule: {text}\n{:?}",
            judged.left_out()
        );
        assert_eq!(ships.contains(&"one".to_owned()), !told, "{text}");
        if told { 0 } else { ships.len() }
    };
    let filter = "title: F\nid: 0d6f3c7e-1f57-4f62-9a4f-000000000009\ndescription: 'not theirs'\nlogsource: {product: acme}\nfilter:\n    rules: [one]\n    s:\n        image: x\n    condition: not s\n";
    let correlation = "title: C\nid: 0d6f3c7e-1f57-4f62-9a4f-000000000009\nstatus: test\ncorrelation:\n    type: event_count\n    rules: [one]\n    group-by: [image]\n    timespan: 1h\n    condition: {gte: 5}\nlevel: low\n";
    for whole in [filter, correlation] {
        let first = sigma(4, "first", "---\n");
        for cut in 1..=whole.len() {
            assert_eq!(shipped(&whole[..cut]), 0, "{}", &whole[..cut]);
            assert_eq!(shipped(&format!("{first}{}", &whole[..cut])), 0, "{first}{}", &whole[..cut]);
        }
        let lines: Vec<&str> = whole.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let bare = line.trim_start();
            let spoilt = [
                format!("\t{line}"),
                format!(" {line}"),
                format!("{line} [x"),
                format!("{line} \"x"),
                format!("{line}: : x"),
                line.replacen(':', "", 1),
                line.replacen(':', ":x", 1),
                format!("{line}\n@"),
                format!("&a {bare}\n{line}\n*b"),
                format!("{bare}\n{line}"),
                line.replace("filter", "fliter").replace("correlation", "corelation"),
                line.replace("filter", "Filters").replace("correlation", "Correlation"),
            ];
            for one in spoilt {
                let text = [&lines[..at], &[one.as_str()], &lines[at + 1..]].concat().join("\n");
                assert_eq!(shipped(&text), 0, "{text}");
            }
        }
        let flow = format!("{{title: F, logsource: {{product: acme}}, {}", "\"filter\" : {rules: any, s: {image: x}");
        assert_eq!(shipped(&flow), 0, "{flow}");
    }
    // Cut off where it has an attribute of somebody's own, below a key or in a list that does not belong there, or behind a mapping that is to be merged.
    let head = &filter[..filter.find("filter:").unwrap()];
    for more in
        ["x_owner: team\n", "notes:\n    - a\n", "auther: me\n", "f:\n", "fil:\n", "exclusion:\n    s: {image: x}\n"]
    {
        for text in [format!("{head}{more}"), format!("{more}{head}")] {
            assert_eq!(shipped(&text), 0, "{text}");
            assert_eq!(shipped(&format!("{text}---\n{}", sigma(2, "two", ""))), 0, "{text}");
            assert_eq!(shipped(&format!("action: global\n{text}")), 0, "{text}");
        }
    }
    for whole in [head, filter, correlation] {
        let indented = whole.lines().map(|line| format!("    {line}\n")).collect::<String>();
        for outer in ["sigma:", "rules:\n  -", "version: 1\nsigma:", "-", "- -", "- 5\n-"] {
            let text = format!("{outer}\n{indented}");
            assert_eq!(shipped(&text), 0, "{text}");
        }
    }
    let merged = format!("{{{}}}", "filter: {rules: any, s: {image: x}, condition: not s}");
    let tagged = ["!!merge x", "!!merge &b x", "!<tag:yaml.org,2002:m%65rge> x", "? !!binary ZmlsdGVy\n"];
    for key in ["<<", "<< ", "\"<<\"", "? <<\n", "!!merge <<"].into_iter().chain(tagged) {
        for value in [merged.clone(), format!("[{merged}]"), format!("\n  - {merged}")] {
            assert_eq!(shipped(&format!("{key}: {value}\n{}", sigma(2, "two", ""))), 0, "{key}: {value}");
            assert_eq!(shipped(&format!("{head}{key}: {value}\n")), 0, "{key}: {value}");
        }
    }
    // Nothing of it is left.
    for text in ["---\n", "---\n...\n", "\n--- \n---\n"] {
        assert_eq!(shipped(text), 0, "{text:?}");
    }
    // A filter that stands in a rule, and one in a global document that nothing follows.
    assert_eq!(shipped(&sigma(2, "two", "filter:\n    rules: [one]\n    s: {image: x}\n    condition: not s\n")), 0);
    assert_eq!(shipped(&format!("action: global\n{filter}")), 0);
    // Rules that cannot be read, and what is nothing of Sigma.
    let two = sigma(2, "two", "");
    for (text, count) in [
        (two.clone(), 3),
        (two.replace("title: two", "!!str title: two"), 3),
        (two.replace("level: low", "level: [low"), 2),
        (two.replace("condition: s and not filter", "condition: s and ("), 2),
        (two.replace("    filter: {", "    filter: {["), 2),
        (two.replace("title: two", "title: 'two"), 2),
        (two.replace("detection:", "detections:"), 2),
        // A selection that was not indented.
        (format!("{two}filter:\n    image: x\n"), 2),
        ("services:\n    web:\n        image: x\n".to_owned(), 2),
        ("name: CI\non: [push]\njobs:\n    test:\n        steps:\n            - run: x\n".to_owned(), 2),
        ("# title: a rule that was made a comment\n".to_owned(), 2),
        // Files of other tools, some with keys that filters have.
        ("stages: [a]\n.base: &base {image: x}\njob:\n    <<: *base\n    rules:\n        - if: $CI\n".to_owned(), 2),
        ("apiVersion: v1\nkind: Role\nrules:\n    - verbs: [get]\n".to_owned(), 2),
        ("groups:\n    - name: g\n      rules:\n          - alert: a\n            expr: up\n".to_owned(), 2),
        ("extends: default\nrules:\n    line-length: {max: 120}\n".to_owned(), 2),
        ("roles:\n    - name: x\n".to_owned(), 2),
        ("coverage:\n    status: {project: true}\n".to_owned(), 2),
        ("processors:\n    filter: {metrics: [a]}\nservice: {}\n".to_owned(), 2),
        ("id: x\ninfo: {severity: high}\nhttp: [a]\n".to_owned(), 2),
        ("name: n\nid: x\nversion: 1\nsearch: a\n".to_owned(), 2),
        ("- a\n- b\n".to_owned(), 2),
    ] {
        assert_eq!(shipped(&text), count, "{text}");
    }
}

/// Of a file that could not be read at all nobody knows what it held.
#[test]
fn what_may_be_a_filter_in_a_file_that_is_no_text_keeps_all_rules_out() {
    let native = format!("{TEMPLATE}{}", rule("native", 3, "pid == 4"));
    let one = "title: one\nid: 0d6f3c7e-1f57-4f62-9a4f-000000000001\nstatus: test\nlogsource: {product: acme}\ndetection:\n    s: {image: x}\n    condition: s\nlevel: low\n";
    for (code, name, count) in [
        (&codes::NOT_UTF8, "filter.yml", 1),
        (&codes::UNREADABLE, "filter.yaml", 1),
        (&codes::FILE_TOO_LARGE, "filter.yml", 1),
        (&codes::UNWALKABLE, "filters", 1),
        (&codes::NOT_UTF8, "more.content", 2),
        (&codes::EMPTY_FILE, "filter.yml", 1),
        (&codes::UNREADABLE, ".contentcheckignore", 2),
    ] {
        let mut gathered = gathered(&[("t.content", native.clone()), ("one.yml", one.to_owned())]);
        gathered.problems.push(Diagnostic::new(code, &Source::new(name, ""), Span::default(), "it cannot be read"));
        assert_eq!(ships(&judged(gathered)).len(), count, "{} {name}", code.id);
    }
}

/// What stands in a global document is said of each rule that the document is merged into, and of no other.
#[test]
fn an_error_in_a_global_document_keeps_its_rules_out() {
    let own = |id: u32, name: &str, more: &str| {
        format!(
            "title: {name}\nid: 0d6f3c7e-1f57-4f62-9a4f-{id:012}\nstatus: test\n{more}detection:\n    s: {{image: {name}}}\n    condition: s\nlevel: low\n"
        )
    };
    let before = own(1, "before", "logsource: {product: acme}\n");
    let rest = format!("{}---\n{}", own(2, "two", ""), own(3, "three", ""));
    let file = |global: &str| {
        let next = "action: global\nlogsource: {product: acme}\n";
        let text = format!(
            "{before}---\naction: global\nlogsource: {{product: acme}}\n{global}---\n{rest}---\n{next}---\n{}",
            own(4, "four", "")
        );
        [("t.content", TEMPLATE.to_owned()), ("r.yml", text)]
    };
    assert_eq!(ships(&judged(gathered(&file("odd: x\n")))).len(), 4);
    let mut policy = Policy::default();
    policy.set("key-case", Level::Error).unwrap();
    let raised = judged(Gathered { policy, ..gathered(&file("Odd: x\n")) });
    assert_eq!(ships(&raised), ["before", "four"]);
    assert!(raised.left_out().iter().all(|out| out.reasons.iter().any(|why| why.code.name == "key-case")));
    // A field that sensors do not have, in a selection that the rules share.
    let mut shared = file("detection: {other: {pid: 4}}\n");
    for name in ["two", "three"] {
        let selection = format!("s: {{image: {name}}}\n    condition: s");
        shared[1].1 = shared[1].1.replace(&selection, &format!("{selection} or other"));
    }
    assert_eq!(ships(&judged(gathered(&shared))).len(), 4);
    let narrow = judged(Gathered { fleet: Some(fleet(&["1"])), ..gathered(&shared) });
    assert_eq!(ships(&narrow), ["before", "four"], "{:?}", narrow.findings());
    // Nothing is proven with them.
    let further = Seen::default();
    let checking = Checking { further: Some(&further), ..Checking::default() };
    drop(Gathered { fleet: Some(fleet(&["1"])), ..gathered(&shared) }.check(&checking));
    assert_eq!(*further.0.lock().unwrap(), ["before", "four"]);
}

/// However the findings come together, the last one counts those that are not shown, and the errors among them.
#[test]
fn findings_that_are_not_shown_are_counted() {
    let mut text = format!("{TEMPLATE}list l = [\"a\"]\n");
    for at in 0..500 {
        text += &rule(&format!("r{at}"), at, "pid == 4 and image == \"x\"")
            .replace("    severity: low\n", "    odd: \"x\"\n");
    }
    let files = [("a.content", text)];
    let gathered = Gathered { fleet: Some(fleet(&["1"])), ..gathered(&files) };
    let judged = judged(gathered);
    let last: Vec<&Finding> = judged.findings().iter().filter(|found| found.code.id == "CC0106").collect();
    assert!(!last.is_empty());
    for closing in last {
        assert!(closing.message.contains("more findings in this file are not shown"), "{closing}");
        assert_eq!(closing.help.as_deref(), Some("fix findings of this file and run again"));
    }
    assert!(
        judged.findings().iter().any(|found| found.message.contains("of them errors: ")),
        "{:#?}",
        judged.findings().last()
    );
}

/// More warnings than are shown leave no rule out; what they would be under a policy, what stands for them is.
#[test]
fn a_flood_of_warnings_leaves_no_rule_out() {
    let mut text = TEMPLATE.to_owned();
    for at in 0..260 {
        text += &rule(&format!("r{at}"), at, &format!("not not pid == {at}"));
    }
    let files = [("a.content", text)];
    let told = |set: &[(&str, Level)]| {
        let mut policy = Policy::default();
        for (code, level) in set {
            policy.set(code, *level).unwrap();
        }
        let judged = judged(Gathered { policy, ..gathered(&files) });
        let closing = judged.findings().iter().find(|found| found.code.id == "CC0106").map(|found| found.severity);
        (closing, judged.left_out().len())
    };
    assert_eq!(told(&[]), (Some(Severity::Warning), 0));
    assert_eq!(told(&[("CC0624", Level::Off)]), (None, 0));
    // Of those that are errors now, one is any rule's.
    assert_eq!(told(&[("CC0624", Level::Error)]), (Some(Severity::Error), 260));
}

/// Notes the rules that something could be proven of.
#[derive(Default)]
struct Seen(std::sync::Mutex<Vec<String>>);

impl Further for Seen {
    fn codes(&self) -> &'static [&'static Code] {
        codes::BY_ANALYSIS
    }

    fn of_rules(&self, rules: &[&CheckedRule], _: &[&Diagnostic], _: usize) -> Vec<Diagnostic> {
        *self.0.lock().unwrap() = rules.iter().map(|rule| rule.title.clone()).collect();
        Vec::new()
    }

    fn across(&self, _: &[&CheckedRule], _: &[&Diagnostic], _: usize) -> Vec<Diagnostic> {
        Vec::new()
    }
}
