//! Public samples as truth: SigmaHQ records, for some 170 of its rules, events on which the rule
//! must fire, and says how often.

use contentcheck_public::{corpus, live, released, run};
use serde_json::Value;

/// Samples whose description counts fewer events than the sample holds. Each was looked at event by
/// event: every one of them has what the rule asks for.
const MISCOUNTED: [(&str, u64, &str); 4] = [
    (
        "0b9ad457-2554-44c1-82c2-d56a99c42377",
        3,
        "three of five events create AnyDesk\\user.conf or a name that begins so",
    ),
    ("8fbf3271-1ef6-4e94-8210-03c2317947f6", 3, "procdump64.exe, procdump64a.exe and procdump.exe, each once"),
    ("45e112d0-7759-4c2a-aa36-9f8fb79d3393", 3, "three zones are set to DWORD 2, which the rule does not except"),
    ("c7dcacd0-cc59-4004-b0a4-1d6cdebe6f3e", 2, "AutoShareServer and AutoShareWks are both set to 0"),
];

#[test]
#[cfg_attr(
    not(public_corpus),
    ignore = "needs the public rules and recordings; CONTENTCHECK_SHARED names no folder with them"
)]
fn every_sample_makes_its_rule_fire_as_often_as_is_stated() {
    let samples = corpus("sigma/regression_data").display().to_string();
    let folders: Vec<String> = live().iter().map(|path| path.display().to_string()).collect();
    let options = ["test", "--no-config", "--skip-errors", "--format", "json", "--regression", &samples];
    let (exit, out, err) = run(options.into_iter().chain(folders.iter().map(String::as_str)));
    assert_eq!(exit.number(), 1, "{err}");
    let report: Value = serde_json::from_slice(&out).unwrap();
    let tests = report["tests"].as_array().unwrap();
    assert!(tests.len() >= 170, "{} samples", tests.len());
    let mut wrong = Vec::new();
    for test in tests.iter().filter(|test| test["outcome"] != "passed") {
        let message = test["message"].as_str().unwrap();
        let known = MISCOUNTED.iter().find(|(rule, ..)| test["rule"] == *rule);
        let expected = known.map(|(_, found, _)| format!(": 1 match expected, {found} found; "));
        if !expected.is_some_and(|expected| message.contains(&expected)) {
            wrong.push(format!("{}: {}: {message}", test["file"], test["outcome"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let known = MISCOUNTED.len();
    assert_eq!(report["totals"]["failed"], known, "a sample is read or counted rightly now: take it off the list");
    assert_eq!((&report["totals"]["faults"], &report["totals"]["skipped"]), (&Value::from(0), &Value::from(0)));

    // The number of a rule in an image is its place in the release.
    let release = released();
    let rules = release.rules();
    let plan = release.plan().unwrap_or_else(|failure| panic!("{}", failure.message));
    let view = plan.view();
    let view = view.verified();
    assert_eq!(view.image().rule_count() as usize, rules.len());
    for (number, rule) in (0..).zip(&rules) {
        let info = view.image().rule(number).unwrap();
        assert_eq!((info.name, info.title), (rule.name.as_str(), rule.title.as_str()));
    }
}
