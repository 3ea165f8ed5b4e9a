//! Check 5: each predicate seen true and seen false, each rule seen firing.

mod keywords;

use std::collections::BTreeMap;

use contentcheck_analysis::{Analysis, Decisive, Fires, Unknown, Witness};
use contentcheck_model::diagnostic::codes;
use contentcheck_model::predicate::{Pattern, Predicate, Test, WildcardPart};
use contentcheck_model::rule::RuleId;
use contentcheck_reference::{Event, Prepared};
use contentcheck_run::proof::{self, Confirmer};
use contentcheck_run::testing::Tester;

use crate::evidence::{Covered, FieldFacts, Finding};
use crate::facts::plural;
use crate::run::{Check, Learned, Outcome, Subject};

/// One predicate in so many may stay undecided; with more the check has not seen the release.
const UNDECIDED: u64 = 100;

/// Criterion coverage: by the rules' own tests, and by events that analysis makes where these lack.
pub struct Coverage;

/// What was seen of the predicates of a target.
struct Seen {
    /// For each predicate whether it was seen false, and seen true.
    outcomes: Vec<[bool; 2]>,
    fires: bool,
}

impl Seen {
    fn look(&mut self, prepared: &Prepared<'_>, event: &Event) {
        for (seen, outcome) in self.outcomes.iter_mut().zip(prepared.outcomes(event)) {
            let [no, yes] = seen;
            *(if outcome { yes } else { no }) = true;
        }
        self.fires |= prepared.evaluate(event);
    }

    fn is_whole(&self) -> bool {
        self.fires && self.outcomes.iter().all(|seen| *seen == [true, true])
    }
}

/// What is known of a predicate. The rule's line, the matrix of fields and the counts of the check come from it, and
/// from nothing else.
#[derive(Clone, Copy)]
enum Standing {
    /// It was seen true and seen false.
    Covered,
    /// Analysis proves that it decides nothing.
    Redundant,
    /// Neither.
    Undecided,
}

impl Covered {
    fn note(&mut self, standing: Standing) {
        self.predicates += 1;
        match standing {
            Standing::Covered => self.covered += 1,
            Standing::Redundant => self.redundant += 1,
            Standing::Undecided => self.undecided += 1,
        }
    }

    fn and(mut self, other: &Self) -> Self {
        self.predicates += other.predicates;
        self.covered += other.covered;
        self.redundant += other.redundant;
        self.undecided += other.undecided;
        self
    }
}

/// Why a predicate or a rule is not covered.
enum Lack {
    /// Analysis proves that it cannot be.
    Proven(String),
    /// Analysis does not know.
    Unknown(Unknown),
}

impl Check for Coverage {
    fn name(&self) -> &'static str {
        "coverage"
    }

    fn guards(&self) -> &'static str {
        "criteria that nobody ever saw at work: each predicate is seen true and seen false, each rule is seen firing; a wildcard that matches everything counts as a test for presence"
    }

    fn run(&self, run: &Subject<'_>, earlier: &Learned) -> Outcome {
        self.run_watched(run, earlier, &mut |_, _| {})
    }

    fn run_watched(&self, run: &Subject<'_>, _: &Learned, watch: &mut dyn FnMut(usize, usize)) -> Outcome {
        let Some(plan) = run.plan else { return Outcome::skipped("there is no image to evaluate events with") };
        let mut outcome = Outcome::default();
        let confirmer = Confirmer::new(run.built.content(), plan);
        let confirm = |target: &contentcheck_model::rule::Target, witness: &Witness| confirmer.fires(target, witness);
        let mut analysis = Analysis::new(&confirm);
        let mut fields: BTreeMap<(String, String), BTreeMap<String, Covered>> = BTreeMap::new();
        let mut by_tests = 0_u64;
        let mut tester = Tester::new(plan);
        let beside = run.built.beside();
        // Whether each rule fires is asked first: what else is asked of one must not take the work that another one needs.
        let mut firing: Vec<Vec<Fires>> = Vec::new();
        for (rule, prepared) in run.rules.iter().zip(&run.reference) {
            analysis.about(&rule.source);
            firing.push(prepared.targets.iter().map(|target| analysis.fires(target.target())).collect());
        }
        let mut firing = firing.into_iter();
        let rules = RuleId::count(run.rules.clone()).zip(beside);
        for (((id, rule), beside), prepared) in rules.zip(run.reference.clone()) {
            watch(id.index(), run.rules.len());
            analysis.about(&rule.source);
            let (mut fires, mut never) = (false, None);
            let mut tally = Covered::default();
            let mut firing = firing.next().unwrap_or_default().into_iter();
            for (place, target) in prepared.targets.iter().enumerate() {
                let mut asked: Vec<&Predicate> = Vec::new();
                target.target().condition.each(&mut |predicate, _| asked.push(predicate));
                let mut seen = Seen { outcomes: vec![[false; 2]; asked.len()], fires: false };
                let own = rule.tests.iter().map(|test| Event::from_test(&target.target().template, test));
                let mut events: Vec<Event> =
                    own.filter(|event| proof::is_own(target.target(), &proof::witness(event))).collect();
                events.extend(beside.iter().filter_map(|case| tester.event(target.target(), case)));
                for event in &events {
                    seen.look(target, event);
                }
                by_tests += seen.outcomes.iter().filter(|seen| **seen == [true, true]).count() as u64;
                let Some(fires_there) = firing.next() else { continue };
                let lacks = complete(&mut analysis, target, fires_there, &mut seen, &mut events);
                outcome.learned.made.insert((id, place), events);
                fires |= seen.fires;
                let target = target.target();
                if let Some(lack) = lacks.fires {
                    never = never.or(Some(lack));
                }
                for (index, (predicate, seen)) in asked.iter().zip(&seen.outcomes).enumerate() {
                    let lack = lacks.predicates.get(&index);
                    let standing = match (seen, lack) {
                        ([true, true], _) => Standing::Covered,
                        (_, Some(Lack::Proven(_))) => Standing::Redundant,
                        _ => Standing::Undecided,
                    };
                    tally.note(standing);
                    let name =
                        proof::name(&target.template, &predicate.field).unwrap_or_else(|| "any value".to_owned());
                    let class = fields.entry((target.template.to_string(), name)).or_default();
                    class.entry(class_of(&predicate.test).to_owned()).or_default().note(standing);
                    if let Standing::Undecided = standing {
                        let seen = if *seen == [false, true] { "false" } else { "true" };
                        let why = match lack {
                            Some(Lack::Unknown(reason)) => format!(": {reason}"),
                            _ => String::new(),
                        };
                        let message = format!("a predicate of `{}` was never seen {seen}{why}", rule.title);
                        let finding = Finding::new(&codes::PREDICATE_UNCOVERED, message).of_rule(rule);
                        outcome.findings.push(Finding {
                            place: Some(crate::facts::place(&rule.source, predicate.span)),
                            ..finding.with_help("give the rule a test in which it is")
                        });
                    }
                }
            }
            outcome.learned.coverage.push((tally, fires));
            if !fires {
                let (why, can) = match never {
                    _ if prepared.targets.is_empty() => (
                        format!("no event can make `{}` fire: no template type has what it asks for", rule.title),
                        false,
                    ),
                    Some(Lack::Proven(words)) => (format!("no event can make `{}` fire: {words}", rule.title), false),
                    Some(Lack::Unknown(reason)) => (format!("`{}` was never seen firing: {reason}", rule.title), true),
                    None => (format!("`{}` was never seen firing", rule.title), true),
                };
                let help =
                    if can { "fix the condition, or give the rule a test that fires" } else { "fix the condition" };
                outcome.findings.push(Finding::new(&codes::NEVER_SEEN_FIRING, why).of_rule(rule).with_help(help));
            }
        }
        let seen_firing: Vec<bool> = outcome.learned.coverage.iter().map(|(_, fires)| *fires).collect();
        keywords::blind(run, &seen_firing, &mut analysis, &mut outcome);
        let fields: Vec<FieldFacts> =
            fields.into_iter().map(|((template, field), classes)| FieldFacts { template, field, classes }).collect();
        let all = fields.iter().flat_map(|field| field.classes.values()).fold(Covered::default(), Covered::and);
        let Covered { predicates, covered, redundant, undecided } = all;
        outcome.fact("predicates", predicates);
        outcome.fact("covered", covered);
        outcome.fact("covered by the rules' own tests", by_tests);
        outcome.fact("redundant", redundant);
        outcome.fact("undecided", undecided);
        outcome.learned.fields = fields;
        if undecided > predicates / UNDECIDED {
            outcome.skipped.push(format!(
                "whether {undecided} of {predicates} predicates decide anything: too many could not be proven or shown"
            ));
        }
        let firing = outcome.learned.coverage.iter().filter(|(_, fires)| *fires).count();
        outcome.fact("rules seen firing", firing as u64);
        outcome.summary = format!(
            "{firing} of {} seen firing; of {predicates} predicates {covered} seen true and false ({by_tests} by the rules' own tests), {redundant} proven to decide nothing, {undecided} undecided",
            plural(run.rules.len(), "rule")
        );
        outcome
    }
}

/// What analysis could not bring about.
#[derive(Default)]
struct Lacks {
    fires: Option<Lack>,
    predicates: BTreeMap<usize, Lack>,
}

/// Makes the events that the tests of a target lack.
fn complete(
    analysis: &mut Analysis<'_>,
    prepared: &Prepared<'_>,
    fires: Fires,
    seen: &mut Seen,
    events: &mut Vec<Event>,
) -> Lacks {
    let target = prepared.target();
    let mut lacks = Lacks::default();
    let mut show = |witness: &Witness, seen: &mut Seen| {
        let event = proof::event(&target.template, witness);
        seen.look(prepared, &event);
        events.push(event);
    };
    match fires {
        Fires::Yes(witness) => show(&witness, seen),
        Fires::Never(why) => {
            let words: Vec<&str> = why.conflicts.iter().map(|conflict| conflict.words.as_str()).collect();
            let words = if words.is_empty() { "it contradicts itself".to_owned() } else { words.join("; ") };
            lacks.fires = Some(Lack::Proven(words));
        }
        Fires::Unknown(reason) => lacks.fires = Some(Lack::Unknown(reason)),
    }
    if seen.is_whole() {
        return lacks;
    }
    for (index, decisive) in analysis.decisive(target).into_iter().enumerate() {
        match decisive {
            Decisive::Pair(pair) => {
                show(&pair.fires, seen);
                show(&pair.silent, seen);
            }
            Decisive::Never => {
                lacks.predicates.insert(index, Lack::Proven(String::new()));
            }
            Decisive::Unknown(reason) => {
                lacks.predicates.insert(index, Lack::Unknown(reason));
            }
        }
    }
    lacks
}

/// Whether a test says nothing of a value that is there.
fn matches_everything(test: &Test) -> bool {
    let pattern = |pattern: &Pattern| match pattern {
        Pattern::Contains(text) | Pattern::StartsWith(text) | Pattern::EndsWith(text) => text.is_empty(),
        Pattern::Like(parts) => parts.iter().all(|part| *part == WildcardPart::AnyRun) && !parts.is_empty(),
        Pattern::Equals(_) | Pattern::Matches(_) => false,
    };
    match test {
        Test::Text { patterns, all: false } => patterns.iter().any(|one| pattern(&one.pattern)),
        Test::Text { patterns, all: true } => patterns.iter().all(|one| pattern(&one.pattern)),
        Test::Elements { test, .. } => matches_everything(test),
        _ => false,
    }
}

/// The class of operators that a test belongs to.
fn class_of(test: &Test) -> &'static str {
    match test {
        // What every value satisfies asks only whether there is one.
        test if matches_everything(test) => "presence",
        Test::Exists | Test::Null => "presence",
        Test::Text { patterns, .. } => match patterns.first().map(|one| &one.pattern) {
            Some(Pattern::Equals(_)) => "equality",
            Some(Pattern::Contains(_) | Pattern::StartsWith(_) | Pattern::EndsWith(_)) => "substring",
            _ => "pattern",
        },
        Test::Bool(_) | Test::Bytes(_) | Test::InTable(_) => "equality",
        Test::Int(_) | Test::Float(..) | Test::Mask { .. } | Test::Time(..) => "number",
        Test::Cidr(_) => "network",
        Test::Elements { test, .. } => class_of(test),
        Test::Field { .. } | Test::Unexpanded => "other",
    }
}
