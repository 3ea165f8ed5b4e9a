//! A run of checks over a release.

use std::collections::{BTreeMap, HashMap};

use contentcheck_analysis::Witness;
use contentcheck_compiler::order;
use contentcheck_parser::diagnostic::{Code, Severity};
use contentcheck_parser::model::{CheckedRule, RuleId};
use contentcheck_parser::template::TemplateType;
use contentcheck_reference::{Evaluator, Event, PreparedRule};
use contentcheck_run::replay::Recording;
use contentcheck_run::{Plan, Worker, proof};

use crate::evidence::{
    Change, CheckResult, DefectClass, Evidence, FORMAT, FieldFacts, Finding, InputDigest, InputKind, PreviousFacts,
    ReleaseFacts, RuleFacts, SettingsFacts, Status, Tool, Verdict, Weight,
};
use crate::facts::{self, place};
use crate::subject::{Built, sha256};

/// What a run is told besides the release.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The seed of everything that is random.
    pub seed: u64,
    /// Events that differential fuzzing makes.
    pub cases: u64,
    /// How many threads to use, at least one. Evidence does not depend on it.
    pub threads: usize,
    /// Recorded events that are replayed.
    pub recordings: Vec<Recording>,
    /// How often each rule may match them: by the rule's number, see [`contentcheck_compiler::order`].
    pub ceilings: Vec<Option<u64>>,
    /// Recorded events that no rule may match.
    pub never_match: Vec<Recording>,
    /// Whether rules may disappear.
    pub allow_shrink: bool,
    /// Whether parts of the release may grow to more than twice their size.
    pub allow_growth: bool,
    /// When differential fuzzing ends at the latest, where that was asked for.
    pub seconds: Option<u64>,
    /// Whether the self-test seeds every class into every rule, in place of one rule for each class.
    pub every_rule: bool,
    /// Whether a check that did not run stops the release.
    pub require_all: bool,
    /// Version of the tool.
    pub version: &'static str,
}

/// What a check has found so far.
#[derive(Debug, Default)]
pub struct Outcome {
    /// One line: what it did.
    pub summary: String,
    /// Counts and sizes.
    pub facts: BTreeMap<String, u64>,
    /// Findings.
    pub findings: Vec<Finding>,
    /// What did not run, with the reason.
    pub skipped: Vec<String>,
    /// What nothing in the release can show.
    pub not_applicable: Vec<String>,
    /// Whether nothing of it ran.
    pub idle: bool,
}

impl Outcome {
    /// A check that could not run.
    #[must_use]
    pub fn skipped(reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self { summary: "did not run".to_owned(), skipped: vec![reason], idle: true, ..Self::default() }
    }

    /// Notes a count.
    pub fn fact(&mut self, name: &str, count: u64) {
        self.facts.insert(name.to_owned(), count);
    }
}

impl Finding {
    /// A finding with the severity of its code.
    #[must_use]
    pub fn new(code: &'static Code, message: impl Into<String>) -> Self {
        let weight = match code.severity {
            Severity::Info => Weight::Info,
            Severity::Warning => Weight::Warning,
            _ => Weight::Error,
        };
        Self {
            code: code.id.to_owned(),
            weight,
            rule: None,
            place: None,
            message: message.into(),
            help: None,
            event: None,
            test: None,
        }
    }

    /// Says which rule it is about.
    #[must_use]
    pub fn of_rule(mut self, rule: &CheckedRule) -> Self {
        self.rule = Some(rule.key().to_owned());
        self.place = Some(place(&rule.source, rule.span));
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Shows the event that it is about, and as a test block that says what the rule must do on it.
    #[must_use]
    pub fn with_event(mut self, template: &TemplateType, witness: &Witness, fires: Option<bool>) -> Self {
        self.event = Some(serde_json::Value::Object(proof::json(template, witness)));
        self.test = fires.and_then(|fires| proof::native(template, witness, fires, Some("found by the gate")));
        self
    }
}

/// One check of the gate.
pub trait Check: Sync {
    /// Its place in the order.
    fn number(&self) -> u32;
    /// Its name, in kebab case: what `--only` and `--skip` take.
    fn name(&self) -> &'static str;
    /// What it guards against, one sentence.
    fn guards(&self) -> &'static str;
    /// Runs it.
    fn run(&self, run: &mut Run<'_>) -> Outcome;
}

/// What the checks of one run share.
pub struct Run<'g> {
    /// The release under test.
    pub built: &'g Built<'g>,
    /// The release before it.
    pub previous: Option<&'g Built<'g>>,
    /// What the run was told.
    pub settings: &'g Settings,
    /// The rules in the order of the image.
    pub rules: Vec<&'g CheckedRule>,
    /// The image of all rules, made ready; nothing where there is none.
    pub plan: Option<&'g Plan>,
    /// Why there is no such image: a fault of the compiler's, or content that it does not take.
    pub unready: Vec<String>,
    /// The reference evaluator's rules, in the order of the image.
    pub reference: Vec<&'g PreparedRule<'g>>,
    /// What is known of each rule, in the order of the image.
    pub facts: Vec<RuleFacts>,
    /// What was exercised on fields.
    pub fields: Vec<FieldFacts>,
    /// What differs from the release before.
    pub changes: Vec<Change>,
    /// Seeded defects.
    pub defects: Vec<DefectClass>,
    /// Events that analysis made, by the number of the rule and the place of its target.
    pub made: BTreeMap<(RuleId, usize), Vec<Event>>,
}

impl<'g> Run<'g> {
    /// The template types that rules are on, each once, by name and version.
    #[must_use]
    pub fn templates(&self) -> Vec<&'g TemplateType> {
        let mut found: BTreeMap<(&str, u32), &TemplateType> = BTreeMap::new();
        for target in self.rules.iter().flat_map(|rule| &rule.targets) {
            found.entry((target.template.name.as_str(), target.template.version)).or_insert(&target.template);
        }
        found.into_values().collect()
    }

    /// The rules that the interpreter reports for an event of a template type, rising. Nothing where the event
    /// has a value of another type than a rule reads.
    pub fn interpret(&self, template: &TemplateType, event: &Event, worker: &mut Worker<'_>) -> Option<Vec<RuleId>> {
        let mut found = Vec::new();
        worker.evaluate_owned(template, event, |rule| found.push(rule)).ok()?;
        Some(found)
    }
}

/// Runs checks over a release, in their order. `progress` is told the name of each as it begins, and after it
/// its result.
pub fn examine(
    built: &Built<'_>,
    previous: Option<&Built<'_>>,
    settings: &Settings,
    checks: &[&dyn Check],
    progress: &mut dyn FnMut(&dyn Check, Option<&CheckResult>),
) -> Evidence {
    let rules = order(&built.content);
    let mut facts: Vec<RuleFacts> = rules.iter().map(|rule| facts::of_rule(rule)).collect();
    if let Ok(image) = &built.all_rules {
        facts::sizes(image, &mut facts);
    }
    for (fact, ceiling) in facts.iter_mut().zip(&settings.ceilings) {
        fact.ceiling = *ceiling;
    }
    for (fact, beside) in facts.iter_mut().zip(built.beside(&rules)) {
        fact.tests += beside.len() as u64;
    }
    // What evaluates rules is there as a whole or not at all, so that nothing is compared with nothing.
    let mut unready = Vec::new();
    let evaluator = Evaluator::new(&built.content).map_err(|error| unready.push(error.to_string())).ok();
    let image = built.all_rules.as_ref().map_err(|problem| unready.push(problem.to_string())).ok();
    let by_rule: HashMap<usize, &PreparedRule<'_>> = evaluator
        .iter()
        .flat_map(Evaluator::rules)
        .map(|rule| (std::ptr::from_ref(rule.rule) as usize, rule))
        .collect();
    let reference: Vec<&PreparedRule<'_>> =
        rules.iter().filter_map(|rule| by_rule.get(&(std::ptr::from_ref(*rule) as usize)).copied()).collect();
    let mut go = |plan: Option<&Plan<'_>>, unready: Vec<String>| {
        let mut run = Run {
            built,
            previous,
            settings,
            rules: rules.clone(),
            plan,
            unready,
            reference: reference.clone(),
            facts: facts.clone(),
            fields: Vec::new(),
            changes: Vec::new(),
            defects: Vec::new(),
            made: BTreeMap::new(),
        };
        let mut results = Vec::new();
        for check in checks {
            progress(*check, None);
            let result = result(*check, check.run(&mut run));
            progress(*check, Some(&result));
            results.push(result);
        }
        Evidence {
            format: FORMAT,
            verdict: Verdict::of(&results, settings.require_all),
            tool: Tool { name: "contentcheck".to_owned(), version: settings.version.to_owned() },
            release: release_facts(built, previous),
            inputs: inputs(built),
            settings: settings_facts(built, settings),
            accepted: Vec::new(),
            left_out: Vec::new(),
            files_left_out: Vec::new(),
            sensors: Vec::new(),
            checks: results,
            rules: run.facts,
            fields: run.fields,
            changes: run.changes,
            defects: run.defects,
        }
    };
    let mut results = Vec::new();
    for check in checks {
        progress(*check, None);
        let result = result(*check, check.run(&mut run));
        progress(*check, Some(&result));
        results.push(result);
    }
    let failed = results.iter().any(|result| result.status == Status::Failed);
    Evidence {
        format: 1,
        tool: Tool { name: "contentcheck".to_owned(), version: settings.version.to_owned() },
        release: release_facts(built, previous),
        seed: settings.seed,
        verdict: if failed { Verdict::Failed } else { Verdict::Passed },
        checks: results,
        rules: run.facts,
        fields: run.fields,
        changes: run.changes,
        defects: run.defects,
    }
}

fn result(check: &dyn Check, outcome: Outcome) -> CheckResult {
    let status = if outcome.findings.iter().any(|finding| finding.weight == Weight::Error) {
        Status::Failed
    } else if outcome.idle {
        Status::Skipped
    } else {
        Status::Passed
    };
    CheckResult {
        number: check.number(),
        name: check.name().to_owned(),
        guards: check.guards().to_owned(),
        status,
        summary: outcome.summary,
        facts: outcome.facts,
        findings: outcome.findings,
        skipped: outcome.skipped,
        not_applicable: outcome.not_applicable,
    }
}

fn inputs(built: &Built<'_>) -> Vec<InputDigest> {
    let of = |(source, _): &(contentcheck_parser::source::Source, _)| {
        InputDigest::new(InputKind::Content, source.name(), source.text().as_bytes())
    };
    let mut inputs: Vec<InputDigest> = built.release.sources.iter().map(of).collect();
    inputs.sort();
    inputs
}

fn settings_facts(built: &Built<'_>, settings: &Settings) -> SettingsFacts {
    SettingsFacts {
        seed: settings.seed,
        cases: settings.cases,
        seconds: settings.seconds,
        require_all: settings.require_all,
        deny_warnings: built.release.least < Severity::Error,
        allow_shrink: settings.allow_shrink,
        allow_growth: settings.allow_growth,
        skip_unsupplied: built.release.skip_unsupplied,
        every_rule: settings.every_rule,
        ..SettingsFacts::default()
    }
}

fn release_facts(built: &Built<'_>, previous: Option<&Built<'_>>) -> ReleaseFacts {
    let bytes = |built: &Built<'_>| built.image.as_ref().ok().map(|image| image.len() as u64);
    let sensors = built.release.fleet.iter().flat_map(|fleet| fleet.sensors());
    ReleaseFacts {
        name: built.release.name.clone(),
        sequence: built.release.sequence,
        files: built.release.sources.len(),
        rules: built.content.rules().len(),
        content_sha256: built.content_sha256(),
        image_bytes: bytes(built),
        image_sha256: built.image.as_ref().ok().map(|image| sha256(image)),
        fleet: sensors.map(|sensor| format!("{} {}", sensor.name(), sensor.version())).collect(),
        previous: previous.map(|previous| PreviousFacts {
            sequence: previous.release.sequence,
            rules: previous.content.rules().len(),
            image_bytes: bytes(previous),
        }),
    }
}
