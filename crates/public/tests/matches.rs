//! The interpreter against the reference evaluator: all live SigmaHQ rules on recorded Windows events.
//!
//! `CONTENTCHECK_SAMPLE=1` takes every event instead of every 97th; use a release build for that.

use std::collections::{BTreeSet, HashMap};

use contentcheck_events::{Batch, Flattener, Reader};
use contentcheck_model::rule::RuleId;
use contentcheck_public::{corpus, released};
use contentcheck_reference::Prepared;
use contentcheck_run::Route;

#[test]
#[cfg_attr(
    not(public_corpus),
    ignore = "needs the public rules and recordings; CONTENTCHECK_SHARED names no folder with them"
)]
fn every_event_matches_what_the_reference_evaluator_says() {
    let sample: usize = std::env::var("CONTENTCHECK_SAMPLE").map_or(97, |text| text.parse().unwrap());
    let release = released();
    let rules = release.rules();
    let mut targets: HashMap<&str, Vec<(RuleId, Prepared<'_>)>> = HashMap::new();
    for (number, rule) in RuleId::count(&rules) {
        for target in &rule.targets {
            let prepared = Prepared::new(target).unwrap();
            targets.entry(&target.template.name).or_default().push((number, prepared));
        }
    }
    let (mut seen, mut matches, mut wrong) = (0, 0, Vec::new());
    let plan = release.plan().unwrap_or_else(|failure| panic!("{}", failure.message));
    let (mut worker, mut flattener, mut batch) = (plan.worker(), Flattener::new(), Batch::new());
    for file in ["windows_otrf.jsonl.zst", "windows_evtx_to_mitre.jsonl.zst", "windows_sigma_regression.jsonl.zst"] {
        let mut reader = Reader::open(&corpus("events").join(file)).unwrap();
        let mut number = 0;
        while reader.next_batch(&mut batch) {
            batch.each(|record| {
                number += 1;
                // The smaller files have more matches an event.
                let step = if file.starts_with("windows_otrf") { sample } else { sample.div_ceil(10) };
                if number % step != 0 {
                    return;
                }
                let flat = flattener.flatten(record.unwrap().bytes).unwrap();
                let mut own: HashMap<Route, BTreeSet<RuleId>> = HashMap::new();
                worker
                    .evaluate(&flat, None, |route, rule| {
                        own.entry(route).or_default().insert(rule);
                    })
                    .unwrap();
                seen += 1;
                for route in worker.routes().to_vec() {
                    let template = plan.template(route).unwrap();
                    let Some(event) = worker.reference_event(route, template, &flat) else { continue };
                    let asked = targets.get(template.name.as_str()).into_iter().flatten();
                    let says: BTreeSet<RuleId> =
                        asked.filter(|(_, prepared)| prepared.evaluate(&event)).map(|(rule, _)| *rule).collect();
                    let own = own.remove(&route).unwrap_or_default();
                    matches += own.len();
                    for rule in own.symmetric_difference(&says) {
                        let who = if own.contains(rule) { "interpreter" } else { "reference evaluator" };
                        wrong.push(format!("{file} {number}: {}: only the {who}", rules[rule.index()].name));
                    }
                }
            });
        }
    }
    println!("{seen} events, {matches} matches");
    assert!(seen > 500 && matches > 100, "{seen} events, {matches} matches");
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}
