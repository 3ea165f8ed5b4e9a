//! Public rules: what is proved about thousands of rules that others wrote, each event confirmed by the
//! reference evaluator.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use contentcheck_analysis::{Always, Analysis, Budget, Decisive, Example, Fires, RedundantKind, Witness};
use contentcheck_model::rule::Target;
use contentcheck_parser::release::Checked;
use contentcheck_public::{checked, event};
use contentcheck_reference::Prepared;

/// The reference evaluator, each target prepared once.
#[derive(Default)]
struct Reference<'c>(RefCell<HashMap<usize, Prepared<'c>>>);

impl<'c> Reference<'c> {
    fn prepare(&self, content: &'c Checked) {
        for target in content.rules().iter().flat_map(|rule| &rule.targets) {
            self.0.borrow_mut().insert(std::ptr::from_ref(target).addr(), Prepared::new(target).unwrap());
        }
    }

    fn fires(&self, target: &Target, witness: &Witness) -> bool {
        let prepared = self.0.borrow();
        prepared.get(&std::ptr::from_ref(target).addr()).unwrap().evaluate(&event(target, witness))
    }
}

/// Seconds of the processor that this process has used.
fn cpu() -> f64 {
    #[cfg(target_os = "linux")]
    {
        let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_THREAD).unwrap();
        let time = usage.user_time();
        time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6
    }
    #[cfg(not(target_os = "linux"))]
    0.0
}

/// Holds a part of the work to its budget, where the build is one that says something about speed.
fn within(what: &str, begin: f64, seconds: f64) {
    let used = cpu() - begin;
    eprintln!("    {what}: {used:.2} s of processor time");
    assert!(cfg!(debug_assertions) || used <= seconds, "{what}: {used:.2} s; the budget is {seconds} s");
}

fn targets(content: &Checked) -> impl Iterator<Item = (&str, &Target)> {
    content.rules().iter().flat_map(|rule| rule.targets.iter().map(|target| (rule.title.as_str(), target)))
}

#[test]
#[cfg_attr(
    not(public_corpus),
    ignore = "needs the public rules and recordings; CONTENTCHECK_SHARED names no folder with them"
)]
fn nearly_all_public_rules_are_decided() {
    let content = checked();
    let reference = Reference::default();
    reference.prepare(&content);
    let confirm = |target: &Target, witness: &Witness| Some(reference.fires(target, witness));
    let mut analysis = Analysis::new(&confirm);

    let begin = cpu();
    let (mut yes, mut never, mut unknown) = (0, 0, 0);
    for (title, target) in targets(&content) {
        match analysis.fires(target) {
            Fires::Yes(witness) => {
                assert!(reference.fires(target, &witness), "{title}");
                yes += 1;
            }
            Fires::Never(why) => {
                let words: Vec<&str> = why.conflicts.iter().map(|conflict| conflict.words.as_str()).collect();
                eprintln!("never: {title} on {}: {}", target.template, words.join("; "));
                never += 1;
            }
            Fires::Unknown(reason) => {
                eprintln!("unknown: {title} on {}: {reason}", target.template);
                unknown += 1;
            }
        }
    }
    let all = yes + never + unknown;
    eprintln!("{} rules on {all} template types: {yes} fire, {never} never, {unknown} unknown", content.rules().len());
    eprintln!("    at most {} states, automata of {} nodes", analysis.peak_states(), analysis.automata_size());
    assert!((yes + never) * 1000 >= all * 998, "{unknown} of {all} are not decided");
    within("can it fire", begin, 3.0);

    let begin = cpu();
    let always: Vec<Always> = targets(&content).map(|(_, target)| analysis.always_fires(target)).collect();
    let yes = always.iter().filter(|always| **always == Always::Yes).count();
    let open = always.iter().filter(|always| matches!(always, Always::Unknown(_))).count();
    eprintln!("{yes} fire on every event, {open} unknown");
    assert!(open * 500 <= always.len());
    within("does it always fire", begin, 3.0);

    let begin = cpu();
    let (mut pairs, mut never, mut open) = (0, 0, 0);
    for (title, target) in content.rules().iter().filter_map(|rule| Some((&rule.title, rule.targets.first()?))) {
        for verdict in analysis.decisive(target) {
            match verdict {
                Decisive::Pair(pair) => {
                    assert!(reference.fires(target, &pair.fires) && !reference.fires(target, &pair.silent), "{title}");
                    pairs += 1;
                }
                Decisive::Never => never += 1,
                Decisive::Unknown(_) => open += 1,
            }
        }
    }
    eprintln!("predicates: {pairs} decide, {never} proven not to, {open} unknown");
    assert!(open * 100 <= pairs && pairs * 100 >= (pairs + never + open) * 98);
    within("what decides", begin, 5.0);
}

#[test]
#[cfg_attr(
    not(public_corpus),
    ignore = "needs the public rules and recordings; CONTENTCHECK_SHARED names no folder with them"
)]
fn public_rules_are_held_against_each_other() {
    let content = checked();
    let reference = Reference::default();
    reference.prepare(&content);
    let confirm = |target: &Target, witness: &Witness| Some(reference.fires(target, witness));
    let mut analysis = Analysis::new(&confirm);
    let mut groups: BTreeMap<String, Vec<&Target>> = BTreeMap::new();
    for (_, target) in targets(&content) {
        groups.entry(target.template.to_string()).or_default().push(target);
    }
    let begin = cpu();
    let (mut asked, mut proven, mut open, mut samples, mut searched) = (0, 0, 0, 0, 0);
    for group in groups.values() {
        let found = analysis.implications(group);
        asked += group.len() * group.len().saturating_sub(1);
        proven += found.proven.len();
        open += found.unknown.len();
        samples += found.refuted_by_samples;
        searched += found.refuted_by_search;
        for pair in found.proven {
            assert_eq!(analysis.implies(group[pair.of], group[pair.by]), Example::None);
        }
    }
    eprintln!("{asked} pairs: {samples} refuted by samples, {searched} by a search, {proven} proven, {open} unknown");
    assert!(proven >= 100 && open * 1000 <= asked);
    within("implications", begin, 10.0);
}

#[test]
#[cfg_attr(
    not(public_corpus),
    ignore = "needs the public rules and recordings; CONTENTCHECK_SHARED names no folder with them"
)]
fn parts_of_public_rules_that_say_nothing_are_found() {
    let content = checked();
    let reference = Reference::default();
    reference.prepare(&content);
    let confirm = |target: &Target, witness: &Witness| Some(reference.fires(target, witness));
    let mut analysis = Analysis::new(&confirm);
    let begin = cpu();
    let (mut asked, mut kinds, mut open) = (0, BTreeMap::new(), 0);
    for (title, target) in targets(&content) {
        let redundancy = analysis.redundant(target);
        asked += redundancy.asked;
        open += redundancy.unknown.map_or(0, |(count, _)| count);
        for finding in redundancy.findings {
            let kind = match finding.kind {
                RedundantKind::CoveredValue { .. } => "covered value".to_owned(),
                other => format!("{other:?}"),
            };
            println!("{kind}: {title} on {}: {}", target.template, finding.words);
            *kinds.entry(kind).or_insert(0) += 1;
        }
    }
    eprintln!("{asked} parts and values: {kinds:?}, {open} unknown");
    assert!(open * 1000 <= asked && kinds["DeadFilter"] > 0 && kinds["covered value"] > 100);
    within("redundancy", begin, 60.0);
}

/// All work is counted, and what one file may take is far more than any of these rules needs.
#[test]
#[cfg_attr(
    not(public_corpus),
    ignore = "needs the public rules and recordings; CONTENTCHECK_SHARED names no folder with them"
)]
fn no_public_rule_needs_more_than_its_work() {
    let content = checked();
    let confirm = |_: &_, _: &_| Some(true);
    let (mut most, mut which) = (0, String::new());
    for rule in content.rules() {
        let mut analysis = Analysis::new(&confirm);
        for target in &rule.targets {
            let decisive = analysis.decisive(target);
            analysis.fires(target);
            analysis.always_fires(target);
            analysis.redundant_given(target, &decisive);
        }
        if analysis.steps() > most {
            (most, which) = (analysis.steps(), rule.title.clone());
        }
    }
    let file = Budget::default().file;
    eprintln!("the most is {most} steps of {file}: {which}");
    assert!(most < file, "{most} steps: {which}");
}
