//! All work is counted: on rules that are made to be hard the count stays within what a file may take, whatever is asked,
//! and what could not be answered within it is said to be unknown. Nothing here looks at a clock.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fmt::Write as _;

use contentcheck_analysis::findings::{Counted, Depth, Left};
use contentcheck_analysis::{Always, Analysis, Budget, Decisive, Fires, Witness};
use contentcheck_model::diagnostic::codes;
use contentcheck_model::language::Language;
use contentcheck_model::rule::Target;
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checked, Checking, Gathered};

const HEAD: &str = "title: Hard\nid: 2589b852-4652-4f9f-8f98-f7d602ad84d2\nlogsource:\n    category: process_creation\n    product: windows\ndetection:\n";

fn checked(detection: &str) -> Checked {
    let library = contentcheck_library::templates().unwrap();
    let source = Source::new("hard.yml", format!("{HEAD}{detection}"));
    Gathered { library, ..Gathered::of(vec![(source, Language::Sigma)]) }.check(&Checking::default())
}

/// Each selection on one field, with a condition in which each is or is not what two others are.
fn parity(selections: usize) -> String {
    let mut text = String::new();
    (0..selections).for_each(|at| write!(text, "    a{at}:\n        CommandLine|contains: 'x{at}'\n").unwrap());
    let part = |at: usize| {
        let (other, third) = ((at * 7 + 3) % selections, (at * 11 + 5) % selections);
        format!("((a{at} and not a{other}) or (not a{at} and a{other}) or a{third})")
    };
    let parts: Vec<String> = (0..selections).map(part).collect();
    writeln!(text, "    condition: {}", parts.join(" and ")).unwrap();
    text
}

/// A selection with these values of a field.
fn values(field: &str, values: impl Iterator<Item = String>) -> String {
    let mut text = format!("    selection:\n        {field}:\n");
    values.for_each(|value| writeln!(text, "            - '{value}'").unwrap());
    text.push_str("    condition: selection\n");
    text
}

/// Many patterns that must all hold on one value, and filters with wildcards.
fn conjunction() -> String {
    let mut text = String::new();
    for at in 0..100 {
        write!(text, "    sel_{at}:\n        CommandLine|contains|all:\n").unwrap();
        (0..12).for_each(|part| writeln!(text, "            - 'x{at}y{part}'").unwrap());
        writeln!(text, "    filter_{at}:\n        CommandLine: '*a{at}*b{at}*c{at}*d?e'").unwrap();
    }
    text.push_str("    condition: all of sel_* and not 1 of filter_*\n");
    text
}

fn hostile() -> Vec<(&'static str, String)> {
    let wild = |at: usize| format!("*a{at}*b*c*d*e*f*g*h*i*j*k*l*m*n*o*");
    vec![
        ("parity of 20", parity(20)),
        ("parity of 60", parity(60)),
        ("conjunction", conjunction()),
        ("wildcards", values("CommandLine", (0..2_000).map(wild))),
        ("literals", values("CommandLine|contains", (0..10_000).map(|at| format!("value-{at}-{}", at * 7)))),
        ("lengths", values("CommandLine|contains", (1..400).map(|at| "ab".repeat(at)))),
        ("one letter", values("CommandLine|contains", std::iter::once("q".repeat(4_096)))),
        ("one letter at the end", values("CommandLine|endswith", std::iter::once("q".repeat(4_096)))),
        ("one letter, counted", values("CommandLine|re", std::iter::once("q{16000}".to_owned()))),
        ("two letters, counted", values("CommandLine|re", std::iter::once("(qw?){8000}".to_owned()))),
        ("regex", values("CommandLine|re", std::iter::once("(.*a){12}[^b]{0,200}(x.*y){9}".to_owned()))),
        ("regexes", values("CommandLine|re", (0..40).map(|at| format!("{at}[^b]{{0,90}}(x.*y){{4}}")))),
        (
            "networks",
            values("DestinationIp|cidr", (0..4_000).map(|at| format!("10.{}.{}.0/24", at / 250, at % 250)))
                .replace("DestinationIp", "CommandLine"),
        ),
        ("keywords", {
            let mut text = "    selection:\n".to_owned();
            (0..2_000).for_each(|at| writeln!(text, "        - 'word{at}*x'").unwrap());
            text + "    condition: not selection\n"
        }),
        ("other fields", {
            let mut text = "    selection:\n        CommandLine|fieldref:\n".to_owned();
            for field in ["Image", "User", "Company", "Product", "Description", "ParentImage", "CurrentDirectory"] {
                (0..40).for_each(|_| writeln!(text, "            - {field}").unwrap());
            }
            text + "    condition: selection\n"
        }),
    ]
}

/// Asks all that there is to ask, and tells the steps.
fn ask_all(content: &Checked, budget: Budget) -> (u64, usize) {
    let confirm = |_: &_, _: &_| Some(true);
    let mut analysis = Analysis::with_budget(budget, &confirm);
    let mut unknown = 0;
    for rule in content.rules() {
        analysis.about(&rule.source);
        for target in &rule.targets {
            let fires = analysis.fires(target);
            unknown += usize::from(matches!(fires, Fires::Unknown(_)));
            unknown += usize::from(matches!(analysis.always_fires(target), Always::Unknown(_)));
            let decisive = analysis.decisive(target);
            unknown += decisive.iter().filter(|verdict| matches!(verdict, Decisive::Unknown(_))).count();
            unknown += analysis.redundant_given(target, &decisive).unknown.map_or(0, |(count, _)| count);
            unknown += analysis.filters(target, matches!(fires, Fires::Yes(_))).unknown.map_or(0, |(count, _)| count);
        }
    }
    (analysis.steps(), unknown)
}

#[test]
fn hard_rules_stay_within_their_work() {
    let mut cut_short = 0;
    for (name, detection) in hostile() {
        let content = checked(&detection);
        assert_eq!(content.rules().len(), 1, "{name}");
        for part in [1, 20] {
            let mut budget = Budget::default();
            budget.work /= part;
            budget.file /= part;
            let file = budget.file;
            let (steps, unknown) = ask_all(&content, budget);
            eprintln!("{name}: {steps} steps of {file}, {unknown} unknown");
            // What is under way when it is spent comes to its end, and every question still reads the condition.
            assert!(steps <= file + file / 2 + 10_000_000, "{name}: {steps} steps of {file}");
            cut_short += usize::from(unknown > 0);
        }
    }
    assert!(cut_short > 3, "the rules are not hard");
}

/// The rules of a file share its work. Those behind hard ones of which nothing is known any more are counted, so that silence is no proof.
#[test]
fn rules_behind_hard_ones_are_counted() {
    let rule = |at: usize, detection: &str| HEAD.replace("2589b852", &format!("{at:08}")) + detection;
    let never = "    a:\n        CommandLine: x\n    b:\n        CommandLine: y\n    condition: a and b\n";
    let hard: Vec<String> = (0..8).map(|at| rule(at, &conjunction())).collect();
    let with = |hard: &[String], depth: Depth| {
        let text = hard.iter().cloned().chain([rule(100, never), rule(101, never)]).collect::<Vec<_>>().join("---\n");
        let sources = [("hard.yml", text), ("easy.yml", rule(102, never))];
        let sources = sources.map(|(name, text)| (Source::new(name, text), Language::Sigma));
        let library = contentcheck_library::templates().unwrap();
        let further = Counted::new(depth);
        let checking = Checking { further: Some(&further), ..Checking::default() };
        let checked = Gathered { library, ..Gathered::of(sources.to_vec()) }.check(&checking);
        let judged = checked.judge();
        let never = judged.findings().iter().filter(|found| found.code.id == codes::CONTRADICTION.id).count();
        (never, further.left())
    };
    for depth in [Depth::Quick, Depth::Deep] {
        assert_eq!(with(&[], depth), (3, Vec::new()));
        let (found, left) = with(&hard, depth);
        let [Left { file, rules }] = left.as_slice() else { panic!("{left:?}") };
        assert!(file == "hard.yml" && *rules >= 2, "{left:?}");
        assert_eq!(found, 1, "nothing is known of the last rules");
    }
}

#[test]
fn less_work_makes_no_other_answers_but_unknown() {
    let content = checked(&parity(12));
    let target = &content.rules()[0].targets[0];
    let confirm = |_: &_, _: &_| Some(true);
    let mut known = 0;
    for work in [1_000, 10_000, 100_000, 1_000_000, 10_000_000] {
        let mut budget = Budget::default();
        budget.work = work;
        let mut analysis = Analysis::with_budget(budget, &confirm);
        match analysis.fires(target) {
            Fires::Yes(_) => known += 1,
            Fires::Unknown(_) => assert_eq!(known, 0, "with {work}"),
            Fires::Never(why) => panic!("{why:?}"),
        }
    }
    assert!(known > 0);
}

/// Pairs of rules grow with the square of the rules: what was not looked at is counted, and is no proof.
#[test]
fn pairs_of_many_rules_end_with_their_work() {
    let rule = |number: usize| {
        let values: Vec<String> = (1..60).map(|value| format!("\"x{}\"", number * value)).collect();
        let id = format!("0d6f3c7e-1f57-4f62-9a4f-6d0c1f5f{number:04}");
        format!(
            "rule r{number} {{\n    id: \"{id}\"\n    template: acme.process @ 1\n    severity: low\n    when image contains [{}]\n}}\n",
            values.join(", ")
        )
    };
    let text = |rules: usize| {
        let rules: String = (1..=rules).map(rule).collect();
        format!("template acme.process @ 1 {{\n    1 image: string nocase\n}}\n{rules}")
    };
    let checked = |rules: usize| {
        let sources = vec![(Source::new("r.content", text(rules)), Language::Native)];
        Gathered::of(sources).check(&Checking::with_threads(1))
    };
    let asked = |rules: usize, work: u64| {
        let checked = checked(rules);
        let targets: Vec<&Target> = checked.rules().iter().flat_map(|rule| &rule.targets).collect();
        assert_eq!(targets.len(), rules);
        let confirm = |_: &Target, _: &Witness| Some(true);
        let mut analysis = Analysis::new(&confirm);
        analysis.allow(work);
        let found = analysis.implications(&targets);
        let told = found.proven.len() + found.unknown.len() + found.refuted_by_samples + found.refuted_by_search;
        assert_eq!(told + found.unasked, rules * (rules - 1), "every pair is told or counted: {found:?}");
        found.unasked
    };
    assert_eq!(asked(12, u64::MAX / 2), 0);
    for work in [0, 10_000, 200_000] {
        assert!(asked(60, work) > 0, "{work}");
    }
}
