//! Check 0: a gate that passes what is known to be bad proves nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use contentcheck_analysis::{Analysis, steps_on_this_thread};
use contentcheck_model::diagnostic::codes;
use contentcheck_model::language::Language;
use contentcheck_model::predicate::{Pattern, Test};
use contentcheck_model::rule::CheckedRule;
use contentcheck_model::source::{Source, Span};
use contentcheck_model::template::TemplateType;
use contentcheck_parser::release::{Checking, Gathered, Policy};
use contentcheck_run::proof;

use crate::checks::change::ChangeGuard;
use crate::checks::differential::Differential;
use crate::checks::lint::Lint;
use crate::checks::sensors::Groups;
use crate::defects::{self, Defect, Seeded, Tamper, Victim};
use crate::evidence::{DefectClass, Finding, Status, Weight};
use crate::facts::plural;
use crate::run::{self, Ceiling, Check, Learned, Outcome, Settings, Subject};
use crate::subject::Built;
use crate::work;

/// Seeds defects into the release and runs the checks that must reject them.
pub struct SelfTest;

/// Releases of more files are represented by the file of one rule and what it needs.
const WHOLE: usize = 60;
/// Rules that are tried for a class that does not apply to the first ones.
const VICTIMS: usize = 24;
/// Template types of a rule that are tried.
const TARGETS: usize = 4;
/// Steps for what there is to prove of a release beyond which it is represented by the file of one rule, as a large one
/// is: checks of it would prove all of that for each defect anew.
const LOOK: u64 = 20_000_000;
/// Values that the rules look for, on all template types together, beyond which it is represented so too: each defect is
/// another compilation.
const VALUES: usize = 20_000;
/// Regexes of all rules beyond which it is represented so too.
const REGEXES: usize = 64;
/// Targets beyond which it is represented so too: each class makes as many events as there are targets, and all are asked.
const ASKED: usize = 256;
/// Attempts that were cut and are named.
const NAMED: usize = 8;
/// Events that a check makes of a seeded release: at least, and for each target.
const CASES: u64 = 256;
/// So many times less than for all events of check 6 is the work for those of a seeded release.
const FEWER: u64 = 64;
const CASES_EACH: u64 = 64;

impl Check for SelfTest {
    fn name(&self) -> &'static str {
        "self-test"
    }

    fn guards(&self) -> &'static str {
        "a broken gate: releases with seeded defects, one class after the other, must be rejected"
    }

    fn run(&self, run: &Subject<'_>, earlier: &Learned) -> Outcome {
        self.run_watched(run, earlier, &mut |_, _| {})
    }

    fn run_watched(&self, run: &Subject<'_>, _: &Learned, watch: &mut dyn FnMut(usize, usize)) -> Outcome {
        Self::over(run, defects::ALL, watch)
    }
}

impl SelfTest {
    /// The self-test with these classes.
    pub(crate) fn over(run: &Subject<'_>, defects: &'static [Defect], watch: &mut dyn FnMut(usize, usize)) -> Outcome {
        let mut outcome = Outcome::default();
        let mut classes: Vec<DefectClass> = defects.iter().map(class).collect();
        let attempts = attempts(run, defects, watch);
        let mut untried: BTreeSet<usize> = attempts.iter().flat_map(|of| &of.cut).copied().collect();
        for Attempt { number, seeded, .. } in &attempts {
            let Some(rule) = run.rules.get(*number) else { continue };
            for (at, rejected) in seeded {
                let (Some(class), Some(defect)) = (classes.get_mut(*at), defects.get(*at)) else { continue };
                class.seeded += 1;
                class.rejected += u64::from(*rejected);
                if *rejected {
                    continue;
                }
                let message = format!(
                    "a release with the defect `{}` ({}) passed the check `{}`; it was made from `{}`",
                    defect.class,
                    defect.what,
                    defect.check.name(),
                    rule.key()
                );
                outcome.findings.push(
                    Finding::new(&codes::GATE_BLIND, message)
                        .of_rule(rule)
                        .with_help("what this gate says of the release cannot be relied upon; report it"),
                );
            }
        }
        let tried = victims(run).len();
        let tried = if run.settings.every_rule { tried } else { tried.min(VICTIMS) };
        // One rule is enough for a class, unless every rule was asked for.
        let is_seeded = |at: &usize| classes.get(*at).is_some_and(|class| class.seeded > 0);
        if !run.settings.every_rule {
            untried.retain(|at| !is_seeded(at));
        }
        let cut = cut(run, &attempts, &untried, defects.len());
        outcome.fact("cases that were cut", cut.iter().map(|(_, cases)| cases).sum());
        outcome.skipped.extend(cut.iter().take(NAMED).map(|(words, _)| words.clone()));
        if let Some(more) = cut.len().checked_sub(NAMED).filter(|more| *more > 0) {
            outcome.skipped.push(format!("the self-test of {} more was cut", plural(more, "rule")));
        }
        if classes.iter().all(|class| class.seeded == 0) {
            outcome.idle = true;
            outcome.summary = "did not run".to_owned();
            if outcome.skipped.is_empty() {
                outcome.skipped.push("no rule of the release has what any class of defects applies to".to_owned());
            }
            return outcome;
        }
        let unseeded = classes.iter().enumerate().filter(|(at, class)| class.seeded == 0 && !untried.contains(at));
        for (_, class) in unseeded {
            let reason = format!(
                "the class `{}`: none of {} that were tried has what it applies to, the release has the defect itself, or the check says that it cannot judge it",
                class.class,
                plural(tried, "rule")
            );
            outcome.not_applicable.push(reason);
        }
        let seeded: u64 = classes.iter().map(|class| class.seeded).sum();
        let rejected: u64 = classes.iter().map(|class| class.rejected).sum();
        let applied = classes.iter().filter(|class| class.seeded > 0).count();
        outcome.fact("defects seeded", seeded);
        outcome.fact("defects rejected", rejected);
        outcome.fact("classes of seeded defects", applied as u64);
        let not_tried = untried.iter().filter(|at| classes.get(**at).is_some_and(|class| class.seeded == 0)).count();
        let other = classes.len() - applied - not_tried;
        outcome.fact("classes that do not apply", other as u64);
        outcome.summary = format!(
            "{rejected} of {seeded} seeded defects of {applied} classes rejected; {} not applicable{}",
            if other == 1 { "1 class".to_owned() } else { format!("{other} classes") },
            if not_tried > 0 { format!("; {not_tried} not tried") } else { String::new() }
        );
        outcome.learned.defects = classes;
        outcome
    }
}

fn class(defect: &Defect) -> DefectClass {
    DefectClass {
        class: defect.class.to_owned(),
        what: defect.what.to_owned(),
        check: defect.check.name().to_owned(),
        seeded: 0,
        rejected: 0,
    }
}

/// What became of one rule.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Attempt {
    /// Its number.
    number: usize,
    /// The classes that were seeded into it, and whether each was rejected.
    seeded: Vec<(usize, bool)>,
    /// The classes that were not tried, since the work was done.
    cut: Vec<usize>,
    /// Steps of analysis that it took.
    steps: u64,
    /// Steps to build what was seeded, as far as they can be told.
    builds: u64,
}

/// What was not tried for its work, in words and by count: the attempts that were cut and of which something is missing.
fn cut(run: &Subject<'_>, attempts: &[Attempt], untried: &BTreeSet<usize>, classes: usize) -> Vec<(String, u64)> {
    let missing = |of: &Attempt| of.cut.iter().filter(|at| untried.contains(at)).count();
    let of = |of: &Attempt| {
        let name = run.rules.get(of.number).map_or("", |rule| rule.key());
        let cases = missing(of) as u64;
        let words = format!(
            "the self-test of `{name}` ran {} of {classes} cases: the work that it may take was done",
            classes.saturating_sub(missing(of))
        );
        (words, cases)
    };
    attempts.iter().filter(|attempt| missing(attempt) > 0).map(of).collect()
}

/// Seeds each class into the first rule that it applies to, or into every rule.
fn attempts(run: &Subject<'_>, defects: &'static [Defect], watch: &mut dyn FnMut(usize, usize)) -> Vec<Attempt> {
    let victims = victims(run);
    let all: BTreeSet<usize> = (0..defects.len()).collect();
    let of_rule = run.settings.work / 2;
    if !run.settings.every_rule {
        let is_alone = run.built.files() > WHOLE || is_large(run) || is_hard(run);
        let (mut left, mut work, mut builds) = (all, run.settings.work, run.settings.builds);
        let mut found = Vec::new();
        for number in victims.into_iter().take(VICTIMS) {
            if left.is_empty() {
                break;
            }
            let done = defects.len() - left.len();
            let mut watch = |classes: usize| watch(done + classes, defects.len());
            let most = Most { steps: of_rule.min(work), builds };
            let made = attempt(run, number, defects, &left, (is_alone, most), &mut watch);
            for (at, _) in &made.seeded {
                left.remove(at);
            }
            work = work.saturating_sub(made.steps);
            builds = builds.saturating_sub(made.builds);
            found.push(made);
        }
        return found;
    }
    let next = AtomicUsize::new(0);
    let mut found: Vec<Attempt> = Vec::new();
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..run.settings.threads.max(1) {
            let sender = sender.clone();
            let (next, victims, all) = (&next, &victims, &all);
            scope.spawn(move || {
                while let Some(number) = victims.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let most = Most { steps: of_rule, builds: run.settings.builds };
                    let made = attempt(run, *number, defects, all, (true, most), &mut |_| {});
                    if sender.send(made).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        for made in receiver {
            found.push(made);
            watch(found.len(), victims.len());
        }
    });
    found.sort();
    found
}

/// Whether there is much to compile of a release.
fn is_large(run: &Subject<'_>) -> bool {
    let of_rule = |rule: &&CheckedRule| -> usize {
        let mut values = 0;
        // One condition on all of its template types, or nearly.
        if let Some(target) = rule.targets.first() {
            target.condition.each(&mut |predicate, _| values += predicate.test.values());
        }
        values * rule.targets.len()
    };
    let targets = run.rules.iter().map(|rule| rule.targets.len()).sum::<usize>();
    let regexes = run.rules.iter().map(|rule| regexes(rule)).sum::<usize>();
    targets > ASKED || regexes > REGEXES || run.rules.iter().map(of_rule).sum::<usize>() > VALUES
}

/// How many regexes a rule has, on one of its template types. What one of them takes to compile cannot be told from it.
fn regexes(rule: &CheckedRule) -> usize {
    let mut count = 0;
    if let Some(target) = rule.targets.first() {
        target.condition.each(&mut |predicate, _| {
            if let Test::Text { patterns, .. } = predicate.test.element() {
                count += patterns.iter().filter(|of| matches!(of.pattern, Pattern::Matches(_))).count();
            }
        });
    }
    count
}

/// Whether there is much to prove of a release.
fn is_hard(run: &Subject<'_>) -> bool {
    let mut analysis = Analysis::new(&proof::fires);
    analysis.allow(LOOK);
    run.rules.iter().flat_map(|rule| &rule.targets).any(|target| {
        drop(analysis.fires(target));
        drop(analysis.decisive(target));
        analysis.steps() >= LOOK
    })
}

/// Rules that defects are made of: spread over the release, so that each class finds one that it applies to.
fn victims(run: &Subject<'_>) -> Vec<usize> {
    let usable = |number: &usize| run.rules.get(*number).is_some_and(|rule| !rule.targets.is_empty());
    let all: Vec<usize> = (0..run.rules.len()).filter(usable).collect();
    if run.settings.every_rule {
        return all;
    }
    let start = usize::try_from(run.settings.seed).unwrap_or(0) % all.len().max(1);
    let step = (all.len() / VICTIMS).max(1);
    let spread = (0..all.len()).map(|at| (start + at * step) % all.len());
    let mut chosen: Vec<usize> = Vec::new();
    // Rules with tests first, their own or in a file beside them: some classes need them.
    let beside = run.built.beside();
    let is_tested = |number: &usize| {
        run.rules.get(*number).is_some_and(|rule| !rule.tests.is_empty())
            || beside.get(*number).is_some_and(|cases| !cases.is_empty())
    };
    let (tested, other): (Vec<usize>, Vec<usize>) = spread.filter_map(|at| all.get(at).copied()).partition(is_tested);
    for number in tested.into_iter().take(VICTIMS / 2).chain(other) {
        if !chosen.contains(&number) {
            chosen.push(number);
        }
    }
    chosen
}

/// Seeds classes of defects into one rule and runs the checks that must reject them, as far as the work goes: the classes
/// that apply to it, and whether each was rejected. All of it is done on this thread, so that its steps are known.
fn attempt(
    run: &Subject<'_>,
    number: usize,
    defects: &'static [Defect],
    classes: &BTreeSet<usize>,
    (is_alone, most): (bool, Most),
    watch: &mut dyn FnMut(usize),
) -> Attempt {
    let began = steps_on_this_thread();
    let steps = || steps_on_this_thread().saturating_sub(began);
    let mut found = Attempt { number, seeded: Vec::new(), cut: Vec::new(), steps: 0, builds: 0 };
    if most.steps == 0 || most.builds == 0 {
        found.cut.extend(classes);
        return found;
    }
    let Some(rule) = run.rules.get(number) else { return found };
    let mut release = run.built.regathered();
    release.policy = Policy::default();
    let declares = |text: &str| text.contains("template ");
    let faulty = run.built.judged().left_out();
    if !faulty.is_empty() {
        // Lint says what is wrong with the release. Seeded defects are shown without it: most of what a fleet does not
        // supply is no error without one, and what has other errors is left out here as it is from the image.
        release.fleet = None;
        release.sources.retain(|(source, _)| {
            source.is(&rule.source) || declares(source.text()) || !faulty.iter().any(|out| out.source.is(source))
        });
    }
    // Lint says that filters and correlations are not carried out. One that is for any rule would be for the seeded one too.
    let dependents: Vec<&Source> = run.built.judged().checked().dependents().collect();
    release
        .sources
        .retain(|(source, _)| source.is(&rule.source) || !dependents.iter().any(|dependent| dependent.is(source)));
    let alone = |mut release: Gathered| {
        release.sources.retain(|(source, language)| {
            source.is(&rule.source) || (*language == Language::Native && declares(source.text()))
        });
        let tried = || rule.targets.iter().take(TARGETS);
        let is_used = |of: &&Arc<TemplateType>| tried().any(|target| target.template.name == of.name);
        release.library = release.library.iter().filter(is_used).cloned().collect();
        release.fleet = None;
        release
    };
    let name = rule.key();
    if is_alone {
        release = alone(release);
        // Most of what is beside the rule in its file are other rules, which each defect would be built with.
        let own = run.rules.iter().filter(|other| other.source.is(&rule.source));
        if let Some(single) = single(rule, own, &release) {
            release = single;
        }
    }
    let Ok(built) = Built::seeded(release) else { return found };
    let Some(rule) = built.content().rules().iter().find(|own| own.key() == name) else { return found };
    let to_build = work::to_build(&built, cases(&built));
    let mut known = Known::new();
    for (done, at) in classes.iter().enumerate() {
        watch(done);
        let Some(defect) = defects.get(*at) else { continue };
        if steps() >= most.steps || found.builds >= most.builds {
            found.cut.push(*at);
            continue;
        }
        let mut targets = rule.targets.iter().take(TARGETS);
        let rejected = targets.find_map(|target| {
            let victim = Victim { built: &built, rule, target };
            let (rejected, is_built) = match (defect.seed)(&victim) {
                Some(seeded) => (rejects(run, &victim, defect, seeded, &mut known), true),
                None => (None, false),
            };
            found.builds = found.builds.saturating_add(if is_built { to_build } else { 0 });
            rejected
        });
        found.seeded.extend(rejected.map(|rejected| (*at, rejected)));
    }
    found.steps = steps();
    found
}

/// What an attempt may take.
#[derive(Clone, Copy)]
struct Most {
    /// Steps of analysis.
    steps: u64,
    /// Steps to build what is seeded.
    builds: u64,
}

/// Events that a check makes of a seeded release: as many for each rule, however many it has.
fn cases(built: &Built) -> u64 {
    let targets: usize = built.content().rules().iter().map(|rule| rule.targets.len()).sum();
    CASES.max(targets as u64 * CASES_EACH)
}

/// A release in which nothing is left of the other rules in the file of one rule, where that reads as before: what is beside
/// rules, such as template types and tables, stays.
fn single<'r>(
    rule: &CheckedRule,
    own: impl Iterator<Item = &'r &'r CheckedRule>,
    release: &Gathered,
) -> Option<Gathered> {
    let text = rule.source.text();
    let mut extents: Vec<Span> = own.map(|other| other.extent).filter(|extent| *extent != rule.extent).collect();
    if extents.is_empty() {
        return None;
    }
    extents.sort_unstable();
    let (mut kept, mut at) = (String::new(), 0);
    for extent in extents {
        let (start, end) = (extent.start as usize, extent.end as usize);
        // What lies in another one, or around this rule, is not taken apart.
        if start < at {
            continue;
        }
        kept.push_str(text.get(at..start)?);
        at = end;
    }
    kept.push_str(text.get(at..)?);
    let mut single = release.clone();
    let (source, _) = single.sources.iter_mut().find(|(source, _)| source.is(&rule.source))?;
    *source = Source::new(source.name(), kept);
    let found = single.clone().check(&Checking::with_threads(1)).judge();
    let rules = found.checked().rules();
    let is_there = rules.iter().any(|of| of.key() == rule.key() && of.targets.len() == rule.targets.len());
    (is_there && found.left_out().is_empty()).then_some(single)
}

/// What the checks say of the release in order, by the name of the check and whether it is held against itself.
type Known = BTreeMap<(&'static str, bool), Said>;

/// What a check says of a release.
struct Said {
    /// Codes and messages of its errors.
    errors: Vec<(String, String)>,
    /// What of it did not run.
    skipped: Vec<String>,
    /// Whether it ran at all.
    ran: bool,
}

/// Runs the check that must reject a seeded defect. Nothing where the class does not apply, or where the release as
/// it is has the defect itself or another error: nothing could show then that it was seen.
fn rejects(
    run: &Subject<'_>,
    victim: &Victim<'_>,
    defect: &'static Defect,
    seeded: Seeded,
    known: &mut Known,
) -> Option<bool> {
    let Seeded { release, against, tamper, recording, never_match, devices, before } = seeded;
    let mut before = before.map(Built::seeded).transpose().ok()?;
    // What the image meets then, it met before.
    if let Some(before) = before.as_mut().filter(|_| devices.is_some()) {
        before.devices.clone_from(&devices);
    }
    let previous = against.then_some(before.as_ref().unwrap_or(victim.built));
    let mut bad = Built::seeded(release).ok()?;
    tampered(&mut bad, tamper);
    let is_seeded_sensor = devices.is_some();
    if is_seeded_sensor {
        bad.devices = devices;
    }
    let cases = cases(&bad);
    // Nobody reads the events of its findings, and there are few.
    let events = run.settings.events / FEWER;
    let clean =
        Settings { seed: run.settings.seed, cases, events, shrinks: false, ..Settings::of(run.settings.version) };
    let mut settings = clean.clone();
    settings.never_match.extend(never_match);
    if let Some((recording, ceiling)) = recording {
        settings.recordings.push(recording);
        settings.ceilings = vec![Some(Ceiling::OfAll(ceiling)); bad.content().rules().len()];
    }
    let found = said(&bad, previous, &settings, defect.check);
    // What the release in order has against it already is no proof that the defect was seen.
    let known = known
        .entry((defect.check.name(), against))
        .or_insert_with(|| said(victim.built, against.then_some(victim.built), &clean, defect.check));
    let is_of_it = |error: &&(String, String)| defect.codes.iter().any(|code| code.id == error.0);
    let times = |said: &Said, error: &(String, String)| said.errors.iter().filter(|other| *other == error).count();
    let rejected = found.errors.iter().filter(is_of_it).any(|error| times(&found, error) > times(known, error));
    let has_it = known.errors.iter().any(|error| is_of_it(&error));
    // A check that does not run on the defect, or says that it cannot judge it, passes nothing: the verdict is no pass then.
    let is_open = !found.ran || found.skipped.iter().any(|reason| !known.skipped.contains(reason));
    // What lint finds in the release, such as a capacity that is full, can keep the seeded rule out of what others see.
    let left_out =
        |built: &Built| -> BTreeSet<String> { built.judged().left_out().iter().map(|out| out.name.clone()).collect() };
    let is_hidden = defect.check.name() != Lint.name() && !left_out(&bad).is_subset(&left_out(victim.built));
    // A sensor that refuses the image is shown no event and runs no rule: what else is wrong with it cannot be seen there.
    let on_sensors = [Differential.name(), ChangeGuard.name()].contains(&defect.check.name());
    let is_refused = || {
        let groups = bad.devices.as_ref().zip(bad.image.as_ref().ok());
        groups
            .is_some_and(|(fleet, image)| Groups::of(bad.content(), image, fleet).is_ok_and(|of| of.taking.is_empty()))
    };
    let is_hidden = is_hidden || (on_sensors && !rejected && is_seeded_sensor && is_refused());
    // A release with errors of its own does not pass, and shows less than one in order.
    let is_faulty = !victim.built.judged().left_out().is_empty();
    (rejected || !(has_it || is_hidden || is_faulty || is_open)).then_some(rejected)
}

/// What a check says of a release.
fn said(built: &Built, previous: Option<&Built>, settings: &Settings, check: &'static dyn Check) -> Said {
    let (results, _) = run::run(built, previous, settings, &[check], &mut |_, _, _| {});
    let mut said = Said { errors: Vec::new(), skipped: Vec::new(), ran: false };
    for result in results {
        said.ran |= result.status != Status::Skipped;
        said.skipped.extend(result.skipped);
        let errors = result.findings.into_iter().filter(|finding| finding.weight == Weight::Error);
        said.errors.extend(errors.map(|finding| (finding.code, finding.message)));
    }
    said
}

/// Does to the images what a defect says.
fn tampered(built: &mut Built, tamper: Tamper) {
    let Ok(image) = &built.image else { return };
    let mut image = image.clone();
    match tamper {
        Tamper::None => return,
        Tamper::Truncated => image.truncate(image.len() / 2),
        Tamper::Flipped => {
            let middle = image.len() / 2;
            if let Some(byte) = image.get_mut(middle) {
                *byte ^= 1;
            }
        }
        Tamper::Swapped(other) => image = other,
    }
    built.image = Ok(image.clone());
    built.all_rules = Ok(image);
}
