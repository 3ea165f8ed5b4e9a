//! The conformance corpus on the reference evaluator.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use contentcheck_reference::{Node, Prepared, conformance};

#[test]
fn every_case_has_its_answer() {
    let suites = conformance::load(&conformance::directory()).unwrap();
    let mut wrong = Vec::new();
    let mut count = 0;
    for suite in &suites {
        for case in suite.cases() {
            let (_, target) = suite.target(case).unwrap();
            let prepared = Prepared::new(target).unwrap();
            let explanation = prepared.explain(&case.event);
            assert_eq!(prepared.evaluate(&case.event), explanation.holds, "{}", case.name);
            if explanation.holds != case.expect {
                wrong.push(format!("{}: expected {}; {}\n{explanation}", case.name, case.expect, case.why));
            }
            count += 1;
        }
    }
    assert!(wrong.is_empty(), "{} of {count} cases:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 500, "{count} cases");
}

#[test]
fn every_rule_of_the_semantics_is_shown_and_no_other() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/semantics.md");
    let page = fs::read_to_string(page).unwrap();
    let mut stated = BTreeSet::new();
    for line in page.lines() {
        if let Some((id, _)) = line.strip_prefix("- **").and_then(|rest| rest.split_once("**")) {
            assert!(stated.insert(id.to_owned()), "{id} is stated twice");
        }
    }
    assert!(stated.len() > 50);
    let suites = conformance::load(&conformance::directory()).unwrap();
    let shown: BTreeSet<String> =
        suites.iter().flat_map(|suite| suite.cases()).flat_map(|case| case.shows.clone()).collect();
    assert_eq!(stated.difference(&shown).collect::<Vec<_>>(), Vec::<&String>::new(), "stated and not shown");
    assert_eq!(shown.difference(&stated).collect::<Vec<_>>(), Vec::<&String>::new(), "shown and not stated");
}

#[test]
fn every_rule_of_the_corpus_is_seen_true_and_false() {
    let suites = conformance::load(&conformance::directory()).unwrap();
    let mut poor = Vec::new();
    for suite in &suites {
        for (at, rule) in suite.content().rules().iter().enumerate() {
            let answers: BTreeSet<bool> =
                suite.cases().iter().filter(|case| case.place().0 == at).map(|case| case.expect).collect();
            if answers.len() < 2 {
                poor.push(format!("{}: {}", suite.name, rule.title));
            }
        }
    }
    assert!(poor.is_empty(), "{poor:#?}");
}

#[test]
fn explanations_serialise() {
    let suites = conformance::load(&conformance::directory()).unwrap();
    let suite = suites.iter().find(|suite| suite.name == "keyword.toml").unwrap();
    let case = suite.cases().iter().find(|case| case.expect).unwrap();
    let explanation = Prepared::new(suite.target(case).unwrap().1).unwrap().explain(&case.event);
    let Node::Predicate(_) = &explanation.node else { panic!("the rule is one predicate") };
    let json = serde_json::to_value(&explanation).unwrap();
    assert_eq!(json["holds"], true);
    assert_eq!(json["predicate"]["field"], "any value");
    assert_eq!(json["predicate"]["evidence"]["matches"][0]["value"], "text");
    assert_eq!(json["predicate"]["evidence"]["matches"][0]["range"]["start"], 5);
}

#[test]
fn a_bad_file_is_refused_with_the_reason() {
    let file = |rule: &str| {
        let text = format!(
            "template = \"t.a @ 1\"\ndeclarations = \"template t.a @ 1 {{ 1 a: int? }}\"\n[[rule]]\nname = \"r\"\n{rule}"
        );
        conformance::Suite::read("bad.toml", &text).expect_err("it is refused").to_string()
    };
    let case = "shows = [\"A\"]\ncase = [{ event = {}, expect = true }]";
    assert!(file(&format!("when = 'a == 1'\nwhat = 1\n{case}")).contains("what"));
    assert!(file(case).contains("one of `when`"));
    assert!(file(&format!("when = 'b == 1'\n{case}")).contains("CC0202"));
    assert!(file("when = 'a == 1'\ncase = [{ event = {}, expect = true }]").contains("no id"));
    assert!(file("when = 'a == 1'\nshows = [\"A\"]\ncase = [{ event = { b = 1 }, expect = true }]").contains("`b`"));
    assert!(
        file("when = 'a == 1'\nshows = [\"A\"]\ncase = [{ event = { a = { hex = \"0\" } }, expect = true }]")
            .contains("hexadecimal")
    );
}
