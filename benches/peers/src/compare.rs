//! Who matches what, and who is right: where engines differ the reference evaluator decides.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use contentcheck::release::Release;
use contentcheck_events::Flattener;
use contentcheck_reference::{Evaluator, PreparedRule};
use contentcheck_run::{Plan, Worker};

use crate::events::{Lent, Taken};

/// Of one rule, on how many events which of the two matches alone, and how often that is wrong.
#[derive(Default)]
struct Differing {
    own: usize,
    own_wrong: usize,
    peer: usize,
    peer_wrong: usize,
    first: usize,
}

/// Prints every rule on which a peer and contentcheck differ, how often, and who is right there.
/// `peer` gives the ids of the rules that match for it; only rules that `compared` names count.
///
/// # Errors
/// When an event cannot be evaluated.
pub fn differences(
    name: &str,
    plan: &Plan,
    release: &Release,
    events: (&[Taken], &[Lent<'_>]),
    compared: impl Fn(&str) -> bool,
    mut peer: impl FnMut(&Taken) -> BTreeSet<String>,
) -> Result<(), String> {
    let evaluator = Evaluator::new(&release.content).map_err(|error| error.to_string())?;
    let rules: HashMap<&str, &PreparedRule<'_>> =
        evaluator.rules().iter().map(|rule| (rule.rule.name.as_str(), rule)).collect();
    let (mut worker, mut flattener) = (plan.worker(), Flattener::new());
    let view = plan.view();
    let image = view.verified();
    let mut words = vec![0_u64; image.scratch_words()];
    let mut differing: BTreeMap<String, Differing> = BTreeMap::new();
    let (mut own_matches, mut peer_matches) = (0_usize, 0_usize);
    for (taken, lent) in events.0.iter().zip(events.1) {
        let mut own: BTreeSet<String> = BTreeSet::new();
        let rules_of = image.image();
        lent.evaluate(plan, &image, &mut words, |rule| {
            own.extend(rules_of.rule(rule).map(|rule| rule.name.to_owned()).filter(|name| compared(name)));
        })?;
        let mut found = peer(taken);
        found.retain(|name| compared(name));
        own_matches += own.len();
        peer_matches += found.len();
        for rule in own.symmetric_difference(&found) {
            let truth =
                rules.get(rule.as_str()).is_some_and(|rule| fires(plan, rule, taken, &mut flattener, &mut worker));
            let of = differing
                .entry(rule.clone())
                .or_insert_with(|| Differing { first: taken.number, ..Differing::default() });
            if own.contains(rule) {
                of.own += 1;
                of.own_wrong += usize::from(!truth);
            } else {
                of.peer += 1;
                of.peer_wrong += usize::from(!truth);
            }
        }
    }
    let sum = |of: fn(&Differing) -> usize| differing.values().map(of).sum::<usize>();
    println!("matches on the rules that both have: contentcheck {own_matches}, {name} {peer_matches}");
    println!(
        "{} rules differ: contentcheck alone matches {} times, {} of them wrong; {name} alone {} times, {} of them wrong",
        differing.len(),
        sum(|of| of.own),
        sum(|of| of.own_wrong),
        sum(|of| of.peer),
        sum(|of| of.peer_wrong)
    );
    for (rule, of) in &differing {
        let right = match (of.own_wrong, of.peer_wrong) {
            (0, wrong) if wrong == of.peer => "contentcheck is right",
            (wrong, 0) if wrong == of.own => "the peer is right",
            _ => "each is right at times",
        };
        println!(
            "  {rule}  contentcheck alone {}, {name} alone {}, first on event {}: {right}",
            of.own, of.peer, of.first
        );
    }
    Ok(())
}

/// Whether a rule fires on an event, by the reference evaluator.
fn fires(
    plan: &Plan,
    rule: &PreparedRule<'_>,
    taken: &Taken,
    flattener: &mut Flattener,
    worker: &mut Worker<'_>,
) -> bool {
    let Ok(flat) = flattener.flatten(&taken.record) else { return false };
    rule.targets.iter().any(|target| {
        let template = &target.target().template;
        plan.route_of(template) == Some(taken.route)
            && worker.reference_event(taken.route, template, &flat).is_some_and(|event| target.evaluate(&event))
    })
}
