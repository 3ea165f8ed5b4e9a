//! Events that an analysis finds are events that `eval` reads: what would be another event once it is recorded is none.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop")]

use contentcheck_analysis::{Analysis, Fires, Witness};
use contentcheck_compiler::{Options, compile};
use contentcheck_model::language::Language;
use contentcheck_model::rule::Target;
use contentcheck_model::source::Source;
use contentcheck_parser::release::{Checking, Gathered, WithErrors};
use contentcheck_run::Plan;
use contentcheck_run::proof::{self, Confirmer};

const SIGMA: &str =
    "title: S\nid: 0d6f3c7e-1f57-4f62-9a4f-6d0c1f520001\nlogsource:\n    product: acme\n    category: a\ndetection:\n";

/// Whether a rule has an event on which it fires, and how many near misses.
fn found(fields: &str, detection: &str) -> (bool, usize) {
    let template =
        format!("template t.a @ 1 {{ serves {{ product: acme, category: a }} reads {{ Channel: \"A\" }} {fields} }}\n");
    let rule = format!("{SIGMA}{detection}level: low\n");
    let sources =
        vec![(Source::new("t.content", template), Language::Native), (Source::new("s.yml", rule), Language::Sigma)];
    let judged = Gathered::of(sources).check(&Checking::default()).judge();
    let content = judged.ship(WithErrors::LeaveOut).unwrap();
    let image = compile(&content, Options::default()).unwrap();
    let plan = Plan::for_recorder(&content, &image).unwrap();
    let confirmer = Confirmer::new(&content, &plan);
    let confirm = |target: &Target, event: &Witness| confirmer.fires(target, event);
    let mut analysis = Analysis::new(&confirm);
    let target = content.rules().first().and_then(|rule| rule.targets.first()).expect("a rule that can be read");
    (matches!(analysis.fires(target), Fires::Yes(_)), proof::near_misses(&mut analysis, target).len())
}

#[test]
fn what_is_recorded_as_another_event_is_no_witness() {
    // A keyword sees how a float and bytes were written.
    let and_not = "    k:\n        - '1.5'\n    s:\n        f: 1.5\n    condition: s and not k\n";
    assert_eq!(found("1 f: float? 2 r: string?", and_not), (false, 0));
    let bytes = "    k:\n        - '0'\n    s:\n        f|exists: true\n    condition: s and not k\n";
    assert!(found("1 f: bytes? 2 r: string?", bytes).1 <= 1);
    // Nothing that is recorded feeds a field that is named like an exporter's wrapper.
    for name in ["winlog.event_data.X", "EventData.X", "event_data.X", "data.win.eventdata.X", "AllFieldInfo.X"] {
        let detection = format!("    s:\n        {name}: a\n    condition: s\n");
        assert_eq!(found(&format!("1 `{name}`: string? 2 r: string?"), &detection), (false, 0), "{name}");
    }
    let plain = "    s:\n        r: a\n    condition: s\n";
    assert_eq!(found("1 f: float? 2 r: string?", plain), (true, 1));
    let keyword = "    k:\n        - 'ab'\n    s:\n        f: 1.5\n    condition: s and not k\n";
    assert_eq!(found("1 f: float? 2 r: string?", keyword), (true, 2));
}
