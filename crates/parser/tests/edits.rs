//! Any sequence of edits comes to what a fresh check of the same files comes to.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;

use contentcheck_model::diagnostic::{Code, Diagnostic, codes};
use contentcheck_model::language::Language;
use contentcheck_model::rule::CheckedRule;
use contentcheck_model::sensor::{Fleet, Manifest};
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checked, Checking, Finding, Further, Gathered, Tables, WithErrors, Workspace};
use proptest::prelude::*;

/// Names of files, and what may be in them. Rules refer to template types, tables and rules of other files, share ids,
/// have errors and suppressions, so that each stage depends on what other files hold.
const FILES: &[(&str, &[&str])] = &[
    (
        "a.content",
        &[
            "template t.one @ 1 {\n    1 image: string nocase\n    2 pid: int\n}\n",
            "template t.one @ 1 {\n    1 image: string nocase\n    2 pid: string\n}\n",
            "# a comment above\n\ntemplate t.one @ 1 {\n    1 image: string nocase\n    2 pid: int\n}\n",
            "template t.one @ 1 {\n    1 image: string nocase\n    2 pid: int\n}\ntemplate t.one @ 2 {\n    1 pid: int\n}\n",
            "template t.one @ 1 {\n    1 image: string nocase\n    2\n}\n",
        ],
    ),
    (
        "b.content",
        &[
            "rule one {\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8a11\"\n    template: t.one @ 1\n    severity: low\n    when pid == 4\n}\n",
            "rule one {\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8a12\"\n    template: t.one @ 1\n    severity: low\n    when image == \"a\" and image == \"b\"\n}\n",
            "rule one {\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8a11\"\n    template: t.one @ 1\n    severity: low\n    when imag == \"a\" # contentcheck: allow CC0202 -- it is meant\n}\n",
            "template t.other @ 1 {\n    serves { product: acme }\n    1 image: string\n}\n",
        ],
    ),
    (
        "c.content",
        &[
            "table d @ 1 { name: string nocase key } capacity 10 file \"d.csv\"\nrule two {\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8a11\"\n    template: t.one @ 1\n    severity: low\n    when image in d\n}\n",
            "rule two {\n    id: \"0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8a13\"\n    template: t.one @ 1\n    severity: low\n    when pid == 4\n}\n",
        ],
    ),
    (
        "d.yml",
        &[
            "title: Sigma one\nid: 0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8a21\nstatus: test\nlogsource: {product: acme}\ndetection:\n  s:\n    image: a\n  condition: s\nlevel: low\n",
            "title: Sigma one\nid: 0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8a11\nstatus: test\nrelated:\n  - id: 0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8a12\n    type: derived\nlogsource: {product: acme}\ndetection:\n  s:\n    image|re: '('\n  condition: s\nlevel: low\n",
            "title: A filter\nid: 0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8a31\nlogsource: {product: acme}\nfilter:\n  rules: [0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f8a11]\n  s: {image: b}\n  condition: not s\n",
            "title: [\n",
        ],
    ),
];

/// What is proven of a rule and of pairs; made to depend on the rule and on what is known in its file.
struct Counting;

impl Further for Counting {
    fn codes(&self) -> &'static [&'static Code] {
        static CODES: &[&Code] = &[&codes::CONTRADICTION, &codes::EQUIVALENT_RULES];
        CODES
    }

    fn of_rules(&self, rules: &[&CheckedRule], known: &[&Diagnostic], _: usize) -> Vec<Diagnostic> {
        let said = |rule: &CheckedRule| known.iter().filter(|known| known.source.name() == rule.source.name()).count();
        let found = |rule: &&CheckedRule| {
            let message = format!("{} with {} known: {:?}", rule.name, said(rule), rule.targets.len());
            Diagnostic::new(&codes::CONTRADICTION, &rule.source, rule.span, message)
        };
        rules.iter().map(found).collect()
    }

    fn across(&self, rules: &[&CheckedRule], _: &[&Diagnostic], _: usize) -> Vec<Diagnostic> {
        let of = |rule: &&CheckedRule| {
            let message = format!("one of {}", rules.len());
            Diagnostic::new(&codes::EQUIVALENT_RULES, &rule.source, rule.span, message)
        };
        rules.iter().map(of).collect()
    }
}

#[derive(Clone, Debug)]
enum Step {
    Set(usize, usize),
    Remove(usize),
    Fleet(bool),
    Table(bool),
    /// Ask, with or without proofs.
    Check(bool),
}

fn step() -> impl Strategy<Value = Step> {
    let file = 0..FILES.len();
    prop_oneof![
        6 => (file.clone(), 0_usize..8).prop_map(|(file, text)| Step::Set(file, text)),
        2 => file.prop_map(Step::Remove),
        1 => any::<bool>().prop_map(Step::Fleet),
        1 => any::<bool>().prop_map(Step::Table),
        4 => any::<bool>().prop_map(Step::Check),
    ]
}

fn fleet(wide: bool) -> Fleet {
    let second = if wide { ",{\"name\":\"pid\",\"type\":\"int\"}" } else { "" };
    let json = format!(
        "{{\"format\":1,\"sensor\":\"acme\",\"version\":\"1\",\"templates\":{{\"t.one\":{{\"inputs\":[{{\"name\":\"image\",\"type\":\"string\"}}{second}]}}}}}}"
    );
    Fleet::new(vec![Manifest::parse(&Source::new("m", json)).unwrap()]).unwrap()
}

fn tables(there: bool) -> Tables {
    Tables::new(move |_| there.then(|| b"name\na.exe\n".to_vec()))
}

/// All that can be seen of a check, in words.
fn seen(checked: Checked) -> (String, Checked) {
    let judged = checked.judge();
    let said = |found: &Finding| {
        let labels: Vec<_> = found.labels.iter().map(|label| (label.span, &label.text)).collect();
        let related: Vec<_> = found.related.iter().map(|of| (of.source.name(), of.span, &of.text)).collect();
        format!("{found} {:?} {labels:?} {related:?} {:?} {:?}", found.span, found.help, found.rule)
    };
    let findings: Vec<String> = judged.findings().iter().map(said).collect();
    let blockers: Vec<String> = judged.blockers().iter().map(said).collect();
    let accepted: Vec<String> = judged.accepted().iter().map(|one| format!("{} {:?}", one.finding, one.by)).collect();
    let out: Vec<String> = judged.left_out().iter().map(|out| format!("{} {:?}", out.name, out.span)).collect();
    let ships = judged.ship(WithErrors::LeaveOut).unwrap();
    let rules: Vec<String> = ships.rules().iter().map(|rule| format!("{:?} {:?}", rule.name, rule.targets)).collect();
    let all = format!("{findings:#?}\n{blockers:#?}\n{accepted:#?}\n{out:#?}\n{rules:#?}");
    (all, judged.into_checked())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn edits_come_to_what_a_fresh_check_comes_to(steps in proptest::collection::vec(step(), 1..24), threads in 1_usize..4) {
        let mut files: BTreeMap<&str, &str> = BTreeMap::new();
        let (mut wide, mut there) = (true, false);
        let mut workspace =
            Workspace::new(Gathered { fleet: Some(fleet(wide)), tables: tables(there), ..Gathered::default() });
        for step in steps.into_iter().chain([Step::Check(true), Step::Check(false)]) {
            match step {
                Step::Set(file, text) => {
                    let (name, texts) = FILES[file];
                    let text = texts[text % texts.len()];
                    files.insert(name, text);
                    workspace.set(Source::new(name, text), Language::of(name).unwrap());
                }
                Step::Remove(file) => {
                    files.remove(FILES[file].0);
                    workspace.remove(FILES[file].0);
                }
                Step::Fleet(new) => {
                    wide = new;
                    workspace.set_fleet(Some(fleet(wide)));
                }
                Step::Table(new) => {
                    there = new;
                    workspace.set_tables(tables(there));
                }
                Step::Check(proofs) => {
                    let further: Option<&dyn Further> = proofs.then_some(&Counting);
                    let checking = Checking { further, ..Checking::with_threads(threads) };
                    let (edited, checked) = seen(workspace.check(&checking));
                    workspace = checked.edit();
                    let sources = files.iter().rev();
                    let sources = sources.map(|(name, text)| (Source::new(*name, *text), Language::of(name).unwrap()));
                    let fresh = Gathered {
                        fleet: Some(fleet(wide)),
                        tables: tables(there),
                        ..Gathered::of(sources.collect())
                    };
                    let (fresh, _) = seen(fresh.check(&Checking { further, ..Checking::with_threads(1) }));
                    prop_assert_eq!(edited, fresh);
                }
            }
        }
    }
}
