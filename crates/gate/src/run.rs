//! A run of checks over a release.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use contentcheck_analysis::Witness;
use contentcheck_model::diagnostic::{Code, Detail, Severity};
use contentcheck_model::rule::{CheckedRule, RuleId};
use contentcheck_model::template::TemplateType;
use contentcheck_parser::release::{self, sha256};
use contentcheck_reference::{Evaluator, Event, PreparedRule};
use contentcheck_run::Recording;
use contentcheck_run::{Plan, Worker, proof};

use crate::checks::{ALL, Groups};
use crate::evidence::{
    AcceptedBy, AcceptedFindings, Change, CheckResult, Covered, DefectClass, Evidence, FORMAT, FieldFacts,
    FilesLeftOut, Finding, InputDigest, InputKind, LeftOut, PreviousFacts, ReleaseFacts, RuleFacts, SensorFacts,
    SettingsFacts, Status, Tool, Weight,
};
use crate::facts::{self, place};
use crate::previous::PreviousEvidence;
use crate::subject::Built;
use crate::weigh::Weighed;
use crate::work;

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
    /// How often each rule may match them: in the order of the image.
    pub ceilings: Vec<Option<Ceiling>>,
    /// Recorded events that no rule may match.
    pub never_match: Vec<Recording>,
    /// Recorded events that told the compiler what is rare.
    pub profile: Vec<Recording>,
    /// Whether rules may disappear.
    pub allow_shrink: bool,
    /// Whether parts of the release may grow to more than twice their size.
    pub allow_growth: bool,
    /// When differential fuzzing ends at the latest, where that was asked for.
    pub seconds: Option<u64>,
    /// Whether the self-test seeds every class into every rule, instead of one rule for each class.
    pub every_rule: bool,
    /// Steps of analysis that the self-test may take, and one rule half of them; where every rule is seeded, each may. They
    /// are counted and not timed, so that what is cut is the same everywhere.
    pub work: u64,
    /// Steps that check 6 may take to evaluate as many events as it makes by default, and as many again for those on
    /// sensors. For each event beyond these, who asks for it gets its share besides.
    pub events: u64,
    /// Steps that the self-test may take to build releases with defects; where every rule is seeded, each may.
    pub builds: u64,
    /// Whether events that show a finding are made smaller for who reads them.
    pub shrinks: bool,
    /// Whether a check that did not run stops the release.
    pub require_all: bool,
    /// Whether this is a change that is to be merged, and no release: its sequence need not rise.
    pub is_change: bool,
    /// The only checks that run; all where it is empty.
    pub only: Vec<String>,
    /// Checks that do not run.
    pub skip: Vec<String>,
    /// What ceilings were asked for, as they were written.
    pub asked_ceilings: Ceilings,
    /// Files that the run reads besides the release, by what they hold.
    pub inputs: Vec<InputDigest>,
    /// What directories of recordings leave out, and why.
    pub not_taken: Vec<(String, &'static str)>,
    /// What of that may hold events all the same, among recordings and events that no rule may match.
    pub missed: Vec<String>,
    /// Content of the release that lies beside what was named, and so is not in it.
    pub apart: Vec<String>,
    /// The recordings that the previous release names itself, where there is no evidence that says which ones it was shown; or why they are
    /// not known.
    pub previous_recordings: Result<Vec<InputDigest>, String>,
    /// Evidence of the previous release.
    pub previous_evidence: Option<Box<PreviousEvidence>>,
    /// What the configuration of the previous release demands, where there is no evidence of what its run did.
    pub previous_demands: Option<Demands>,
    /// Version of the tool.
    pub version: &'static str,
}

/// How often a rule may match the recorded events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ceiling {
    /// The one of all rules.
    OfAll(u64),
    /// The rule's own, under `[gate.ceilings]`: somebody looked at this rule and says that it matches so much.
    Own(u64),
}

impl Ceiling {
    /// The number.
    #[must_use]
    pub const fn most(self) -> u64 {
        match self {
            Self::OfAll(most) | Self::Own(most) => most,
        }
    }
}

/// What a release demands of itself: settings that stop it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demands {
    /// Whether warnings were errors.
    pub deny_warnings: bool,
    /// Whether every check had to run.
    pub require_all: bool,
    /// How often each rule might match the recorded events, by its key, in which case does not count.
    ceilings: BTreeMap<String, u64>,
}

impl Demands {
    /// What a release demands, with the ceiling of each rule that has one, by its key.
    pub fn new(deny_warnings: bool, require_all: bool, ceilings: impl IntoIterator<Item = (String, u64)>) -> Self {
        let ceilings = ceilings.into_iter().map(|(key, most)| (key.to_ascii_lowercase(), most)).collect();
        Self { deny_warnings, require_all, ceilings }
    }

    /// What a release demanded, by its evidence.
    #[must_use]
    pub fn of(evidence: &Evidence) -> Self {
        let ceilings = evidence.rules.iter().filter_map(|rule| Some((rule.rule.clone(), rule.ceiling?)));
        Self::new(evidence.settings.deny_warnings, evidence.settings.require_all, ceilings)
    }

    /// The ceiling of a rule, by its key.
    #[must_use]
    pub fn ceiling(&self, key: &str) -> Option<u64> {
        self.ceilings.get(&key.to_ascii_lowercase()).copied()
    }
}

/// Ceilings as they were written.
#[derive(Clone, Debug, Default)]
pub struct Ceilings {
    /// For every rule.
    pub every: Option<u64>,
    /// For single rules, as the configuration names them.
    pub named: BTreeMap<String, u64>,
}

impl Settings {
    /// What a run is told where nothing is said.
    #[must_use]
    pub fn of(version: &'static str) -> Self {
        Self {
            seed: 1,
            cases: work::CASES,
            threads: 1,
            recordings: Vec::new(),
            ceilings: Vec::new(),
            never_match: Vec::new(),
            profile: Vec::new(),
            allow_shrink: false,
            allow_growth: false,
            seconds: None,
            every_rule: false,
            // Some seconds; of all public rules none needs a tenth.
            work: 2_000_000_000,
            events: work::EVENTS,
            builds: work::BUILDS,
            shrinks: true,
            require_all: false,
            is_change: false,
            only: Vec::new(),
            skip: Vec::new(),
            asked_ceilings: Ceilings::default(),
            inputs: Vec::new(),
            not_taken: Vec::new(),
            missed: Vec::new(),
            apart: Vec::new(),
            previous_recordings: Ok(Vec::new()),
            previous_evidence: None,
            previous_demands: None,
            version,
        }
    }

    pub(crate) fn wants(&self, name: &str) -> bool {
        let named = |names: &[String]| names.iter().any(|one| one == name);
        (self.only.is_empty() || named(&self.only)) && !named(&self.skip)
    }
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
    /// What it learned of the release, for the checks after it and for the evidence.
    pub learned: Learned,
}

/// Events by rule and the place of the rule's target.
pub type Made = BTreeMap<(RuleId, usize), Vec<Event>>;

/// What checks learned of a release. A check gets what those before it learned, and gives what it learns itself.
#[derive(Debug, Default)]
pub struct Learned {
    /// For each rule, what was exercised of it, and whether it was seen firing.
    pub coverage: Vec<(Covered, bool)>,
    /// What was exercised on fields.
    pub fields: Vec<FieldFacts>,
    /// Events of tests, and those that analysis made, by rule and the place of its target.
    pub made: Made,
    /// For each rule, how many recorded events it matches; nothing of a rule that was shown none.
    pub matches: Vec<Option<u64>>,
    /// For each rule, how many of them its version in the previous release matches.
    pub matches_before: Vec<Option<u64>>,
    /// What differs from the release before.
    pub changes: Vec<Change>,
    /// Seeded defects.
    pub defects: Vec<DefectClass>,
    /// What each sensor of the fleet loads.
    pub sensors: Vec<SensorFacts>,
    /// For each rule, how many sensors of the fleet run it.
    pub runs_on: Vec<u64>,
    /// Findings that weigh less than their code does, since a severity is set.
    pub lowered: Vec<AcceptedFindings>,
    /// What each check counted, by its name.
    pub facts: BTreeMap<&'static str, BTreeMap<String, u64>>,
}

impl Learned {
    fn take_in(&mut self, mut other: Self) {
        fn put<T>(all: &mut Vec<T>, new: Vec<T>) {
            if !new.is_empty() {
                *all = new;
            }
        }
        put(&mut self.coverage, other.coverage);
        put(&mut self.fields, other.fields);
        self.made.append(&mut other.made);
        put(&mut self.matches, other.matches);
        put(&mut self.matches_before, other.matches_before);
        put(&mut self.changes, other.changes);
        put(&mut self.defects, other.defects);
        put(&mut self.runs_on, other.runs_on);
        for sensor in other.sensors {
            match self.sensors.iter_mut().find(|of| (&of.sensor, &of.version) == (&sensor.sensor, &sensor.version)) {
                Some(known) => known.previously = sensor.previously.or(known.previously),
                None => self.sensors.push(sensor),
            }
        }
    }
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
            related: Vec::new(),
            message: message.into(),
            help: None,
            event: None,
            test: None,
            detail: None,
        }
    }

    /// Adds the facts.
    #[must_use]
    pub fn with_detail(mut self, detail: Detail) -> Self {
        self.detail = Some(detail);
        self
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

/// One check of the gate. Its number is its place in [`ALL`].
pub trait Check: Sync {
    /// Its name, in kebab case: what `--only` and `--skip` take.
    fn name(&self) -> &'static str;
    /// What it guards against, one sentence.
    fn guards(&self) -> &'static str;
    /// Runs it, given what the checks before it learned.
    fn run(&self, subject: &Subject<'_>, earlier: &Learned) -> Outcome;
    /// The same, and tells how far it is: so many of so many. Only a check that may take long does.
    fn run_watched(&self, subject: &Subject<'_>, earlier: &Learned, _: &mut dyn FnMut(usize, usize)) -> Outcome {
        self.run(subject, earlier)
    }
}

/// What every check looks at.
pub struct Subject<'g> {
    /// The release under test.
    pub built: &'g Built,
    /// The release before it.
    pub previous: Option<&'g Built>,
    /// What the run was told.
    pub settings: &'g Settings,
    /// The checks of the run.
    pub checks: &'g [&'static dyn Check],
    /// The rules in the order of the image.
    pub rules: Vec<&'g CheckedRule>,
    /// The image of all rules, made ready; nothing where there is none.
    pub plan: Option<&'g Plan>,
    /// Why there is no such image: a fault of the compiler's, or content that it does not take.
    pub unready: Vec<String>,
    /// The reference evaluator's rules, in the order of the image.
    pub reference: Vec<&'g PreparedRule<'g>>,
    /// The sensors of the fleet with the image that ships; made when the first check asks for them.
    groups: OnceLock<Result<Groups<'g>, String>>,
}

impl<'g> Subject<'g> {
    /// Whether a check is part of this run.
    #[must_use]
    pub fn runs(&self, name: &str) -> bool {
        self.settings.wants(name) && self.checks.iter().any(|check| check.name() == name)
    }

    /// The template types that rules are on, each once, by name and version.
    #[must_use]
    pub fn templates(&self) -> Vec<&'g TemplateType> {
        let mut found: BTreeMap<(&str, u32), &TemplateType> = BTreeMap::new();
        for target in self.rules.iter().flat_map(|rule| &rule.targets) {
            found.entry((target.template.name.as_str(), target.template.version)).or_insert(&target.template);
        }
        found.into_values().collect()
    }

    /// The sensors of the fleet, by what they do with the image that ships.
    ///
    /// # Errors
    /// The reason why no sensor can be shown an event.
    pub fn sensors(&self) -> Result<&Groups<'g>, &str> {
        let groups = self.groups.get_or_init(|| {
            let built: &'g Built = self.built;
            let Some(fleet) = &built.devices else { return Err("no fleet is named".to_owned()) };
            let image = built.image.as_ref().map_err(ToString::to_string)?;
            Groups::of(built.content(), image, fleet)
        });
        groups.as_ref().map_err(String::as_str)
    }

    /// How often a rule may match the recorded events.
    #[must_use]
    pub fn ceiling(&self, rule: RuleId) -> Option<u64> {
        self.settings.ceilings.get(rule.index()).copied().flatten().map(Ceiling::most)
    }

    /// Whether a rule has a ceiling of its own. One for all rules says of no rule that it may match more than before.
    #[must_use]
    pub fn has_own_ceiling(&self, rule: RuleId) -> bool {
        matches!(self.settings.ceilings.get(rule.index()), Some(Some(Ceiling::Own(_))))
    }

    /// The rules that the interpreter reports for an event of a template type, rising. Nothing where the event
    /// has a value of another type than a rule reads.
    pub fn interpret(&self, template: &TemplateType, event: &Event, worker: &mut Worker<'_>) -> Option<Vec<RuleId>> {
        let mut found = Vec::new();
        worker.evaluate_owned(template, event, |rule| found.push(rule)).ok()?;
        Some(found)
    }
}

/// How far a check is.
#[derive(Clone, Copy, Debug)]
pub enum Step<'r> {
    /// It begins.
    Begins,
    /// It has done so many of so many.
    Done(usize, usize),
    /// It ended with this result.
    Ended(&'r CheckResult),
}

/// Who is told of a run as it goes on: the number and name of a check, and how far it is.
pub type Progress<'p> = dyn FnMut(u32, &'static str, Step<'_>) + 'p;

/// Runs all checks over a release, in their order, except those that the settings leave out: these stay in the
/// evidence, as checks that did not run.
pub fn examine(built: &Built, previous: Option<&Built>, settings: &Settings, progress: &mut Progress<'_>) -> Evidence {
    let (checks, learned) = run(built, previous, settings, &ALL, progress);
    let told = settings_facts(built, settings);
    let accepted = accepted(built, &learned.lowered);
    Evidence {
        format: FORMAT,
        verdict: told.verdict(&checks, &accepted),
        tool: Tool { name: "contentcheck".to_owned(), version: settings.version.to_owned() },
        release: release_facts(built, previous),
        inputs: inputs(built, previous, settings),
        settings: told,
        accepted,
        left_out: left_out(built),
        files_left_out: files_left_out(built, previous, settings),
        sensors: learned.sensors.clone(),
        checks,
        rules: rule_facts(built, settings, &learned),
        fields: learned.fields,
        changes: learned.changes,
        defects: learned.defects,
    }
}

/// Runs some checks: their results, and what they learned.
pub(crate) fn run(
    built: &Built,
    previous: Option<&Built>,
    settings: &Settings,
    checks: &[&'static dyn Check],
    progress: &mut Progress<'_>,
) -> (Vec<CheckResult>, Learned) {
    // What evaluates rules is there as a whole or not at all, so that nothing is compared with nothing.
    let mut unready = Vec::new();
    let evaluator = Evaluator::new(built.content()).map_err(|error| unready.push(error.to_string())).ok();
    let image = built.all_rules.as_ref().map_err(|problem| unready.push(problem.to_string())).ok();
    let reference: Vec<&PreparedRule<'_>> = evaluator.iter().flat_map(Evaluator::rules).collect();
    let plan = image
        .filter(|_| evaluator.is_some())
        .and_then(|image| Plan::for_recorder(built.content(), image).map_err(|refusal| unready.push(refusal)).ok());
    let (rules, plan) = (built.rules(), plan.as_ref());
    let subject =
        Subject { built, previous, settings, checks, rules, plan, unready, reference, groups: OnceLock::new() };
    let mut learned = Learned::default();
    let mut results = Vec::new();
    for check in checks {
        let number = ALL.iter().position(|one| one.name() == check.name()).map_or(u32::MAX, |at| at as u32);
        progress(number, check.name(), Step::Begins);
        let mut outcome = if settings.wants(check.name()) {
            check.run_watched(&subject, &learned, &mut |done, of| progress(number, check.name(), Step::Done(done, of)))
        } else {
            Outcome::skipped("left out on request")
        };
        learned.take_in(std::mem::take(&mut outcome.learned));
        learned.facts.insert(check.name(), outcome.facts.clone());
        let raised = std::mem::take(&mut outcome.findings);
        let weighed = Weighed::of(&built.judged().gathered().policy, check.name(), raised);
        let (result, lowered) = result(number, *check, outcome, weighed);
        learned.lowered.extend(lowered);
        progress(number, check.name(), Step::Ended(&result));
        results.push(result);
    }
    (results, learned)
}

/// The result of a check, and which of its findings a severity accepts.
fn result(number: u32, check: &dyn Check, outcome: Outcome, weighed: Weighed) -> (CheckResult, Vec<AcceptedFindings>) {
    let status = if weighed.findings().iter().any(|finding| finding.weight == Weight::Error) {
        Status::Failed
    } else if outcome.idle {
        Status::Skipped
    } else {
        Status::Passed
    };
    let (findings, lowered) = weighed.into_parts();
    let result = CheckResult {
        number,
        name: check.name().to_owned(),
        guards: check.guards().to_owned(),
        status,
        summary: outcome.summary,
        facts: outcome.facts,
        findings,
        skipped: outcome.skipped,
        not_applicable: outcome.not_applicable,
    };
    (result, lowered)
}

fn rule_facts(built: &Built, settings: &Settings, learned: &Learned) -> Vec<RuleFacts> {
    let mut all: Vec<RuleFacts> = built.rules().into_iter().map(facts::of_rule).collect();
    if let Ok(image) = &built.all_rules {
        facts::sizes(image, &mut all);
    }
    for (at, (facts, beside)) in all.iter_mut().zip(built.beside()).enumerate() {
        facts.tests += beside.len() as u64;
        facts.ceiling = settings.ceilings.get(at).copied().flatten().map(Ceiling::most);
        facts.sensors = learned.runs_on.get(at).copied();
        facts.matches = learned.matches.get(at).copied().flatten();
        facts.matches_before = learned.matches_before.get(at).copied().flatten();
        if let Some((tally, fires)) = learned.coverage.get(at) {
            facts.fires = *fires;
            (facts.predicates, facts.covered) = (tally.predicates, tally.covered);
            (facts.redundant, facts.undecided) = (tally.redundant, tally.undecided);
        }
    }
    all
}

/// Everything that was read, by digest.
fn inputs(built: &Built, previous: Option<&Built>, settings: &Settings) -> Vec<InputDigest> {
    let of = |input: release::Input, kind: InputKind| InputDigest {
        kind,
        name: input.name,
        sha256: input.sha256,
        bytes: input.bytes,
    };
    let own = built.judged().inputs().into_iter().map(|input| {
        let kind = match input.kind {
            release::InputKind::Content => InputKind::Content,
            release::InputKind::Table => InputKind::Table,
            release::InputKind::Manifest => InputKind::Manifest,
            release::InputKind::Configuration => InputKind::Configuration,
            release::InputKind::Baseline => InputKind::Baseline,
            release::InputKind::Tests => InputKind::Tests,
        };
        of(input, kind)
    });
    // Nothing runs the tests of a previous release.
    let before = previous.into_iter().flat_map(|previous| previous.judged().inputs()).filter_map(|input| {
        let kind = match input.kind {
            release::InputKind::Content | release::InputKind::Table => InputKind::PreviousContent,
            release::InputKind::Configuration => InputKind::PreviousConfiguration,
            release::InputKind::Manifest => InputKind::PreviousManifest,
            release::InputKind::Baseline => InputKind::PreviousBaseline,
            release::InputKind::Tests => return None,
        };
        Some(of(input, kind))
    });
    let mut all: Vec<InputDigest> = own.chain(before).chain(settings.inputs.iter().cloned()).collect();
    all.sort();
    all.dedup();
    all
}

fn settings_facts(built: &Built, settings: &Settings) -> SettingsFacts {
    let policy = &built.judged().gathered().policy;
    SettingsFacts {
        seed: settings.seed,
        cases: settings.cases,
        seconds: settings.seconds,
        only: settings.only.clone(),
        skip: settings.skip.clone(),
        require_all: settings.require_all,
        deny_warnings: policy.deny_warnings,
        allow_shrink: settings.allow_shrink,
        allow_growth: settings.allow_growth,
        skip_unsupplied: built.skips_unsupplied(),
        every_rule: settings.every_rule,
        change: settings.is_change,
        severities: policy.changed().map(|(id, level)| (id.to_owned(), level.as_str().to_owned())).collect(),
        per_file_ignores: policy.per_file().iter().map(|one| (one.files.clone(), one.codes.clone())).collect(),
        ceiling: settings.asked_ceilings.every,
        ceilings: settings.asked_ceilings.named.clone(),
    }
}

/// What something accepts: of lint what does not appear among its findings, and of every check what a severity lowers.
fn accepted(built: &Built, lowered: &[AcceptedFindings]) -> Vec<AcceptedFindings> {
    let mut all: BTreeMap<(AcceptedBy, String, String, Option<String>), u64> = BTreeMap::new();
    for one in built.judged().accepted() {
        let (by, reason) = match &one.by {
            release::AcceptedBy::Comment(reason) => (AcceptedBy::Comment, Some(reason.clone())),
            release::AcceptedBy::Baseline => (AcceptedBy::Baseline, None),
            release::AcceptedBy::Severity => (AcceptedBy::Severity, None),
        };
        let key = (by, one.finding.code.id.to_owned(), one.finding.source.name().to_owned(), reason);
        *all.entry(key).or_default() += 1;
    }
    for one in lowered {
        let key = (one.by, one.code.clone(), one.file.clone(), one.reason.clone());
        *all.entry(key).or_default() += one.count;
    }
    let of = |((by, code, file, reason), count)| AcceptedFindings { by, code, file, count, reason };
    all.into_iter().map(of).collect()
}

fn left_out(built: &Built) -> Vec<LeftOut> {
    let of = |out: &release::LeftOut| {
        let mut codes: Vec<String> = out.reasons.iter().map(|reason| reason.code.id.to_owned()).collect();
        codes.sort();
        codes.dedup();
        let at = place(&out.source, out.span);
        LeftOut { rule: out.name.clone(), file: at.file, line: at.line, codes }
    };
    built.judged().left_out().iter().map(of).collect()
}

fn files_left_out(built: &Built, previous: Option<&Built>, settings: &Settings) -> Vec<FilesLeftOut> {
    // The data of a table that content names is read wherever it lies: what is left out there is content.
    let own = |built: &Built| -> Vec<(String, String)> {
        let inputs = built.judged().inputs();
        let tables: Vec<&release::Input> =
            inputs.iter().filter(|input| matches!(input.kind, release::InputKind::Table)).collect();
        let holds = |name: &str| {
            tables.iter().any(|table| table.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('/')))
        };
        let is_read = |name: &str| tables.iter().any(|table| table.name == name);
        let said = |(name, reason): &(String, &'static str)| {
            let but = if holds(name) { ", but for the data of tables" } else { "" };
            (name.clone(), format!("{reason}{but}"))
        };
        built.judged().gathered().not_taken.iter().filter(|(name, _)| !is_read(name)).map(said).collect()
    };
    let before = previous.map(own).unwrap_or_default();
    let before = before.into_iter().map(|(name, reason)| (name, format!("previous release: {reason}")));
    let recordings = settings.not_taken.iter().map(|(name, reason)| (name.clone(), (*reason).to_owned()));
    let mut all: BTreeMap<String, FilesLeftOut> = BTreeMap::new();
    for (name, reason) in own(built).into_iter().chain(recordings).chain(before) {
        all.entry(reason.clone()).or_insert_with(|| FilesLeftOut::new(reason)).note(name);
    }
    all.into_values().collect()
}

fn release_facts(built: &Built, previous: Option<&Built>) -> ReleaseFacts {
    let bytes = |built: &Built| built.image.as_ref().ok().map(|image| image.len() as u64);
    let sequence = |built: &Built| built.judged().gathered().release.sequence;
    let sensors = built.judged().gathered().fleet.iter().flat_map(|fleet| fleet.sensors());
    ReleaseFacts {
        name: built.judged().gathered().release.name.clone(),
        sequence: sequence(built),
        files: built.files(),
        rules: built.content().rules().len(),
        content_sha256: built.judged().content_sha256(),
        image_bytes: bytes(built),
        image_sha256: built.image.as_ref().ok().map(|image| sha256(image)),
        fleet: sensors.map(|sensor| format!("{} {}", sensor.name(), sensor.version())).collect(),
        previous: previous.map(|previous| PreviousFacts {
            sequence: sequence(previous),
            rules: previous.content().rules().len(),
            image_bytes: bytes(previous),
        }),
    }
}
