//! Replay: recorded events through an image, on all cores.
//!
//! Readers unpack sources and hand batches over a bounded channel; workers decode and evaluate them. Everything
//! that is counted is a sum, so the result does not depend on who did what.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use contentcheck_events::{Batch, Field, Flat, Flattener, Place, Tally};
use contentcheck_model::rule::RuleId;
use contentcheck_parser::release::digest;

use crate::fault::EventFault;
use crate::other_logs::{OtherLog, other_logs};
use crate::plan::{Plan, Route};
use crate::recording::Recording;
use crate::seen::{Lacking, Seen};
use crate::unrecognised::Unrecognised;
use crate::worker::Worker;

/// Problems that are kept one by one; all are counted.
pub const SHOWN: usize = 20;

/// A record, or the rest of a source: the number of the source, the place in it, what is said of it.
pub type Noted = (usize, Place, String);

/// A fault, how many events met it, and the first of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Met {
    /// The fault.
    pub fault: EventFault,
    /// How many events it refused.
    pub events: u64,
    /// The first of them: source and place.
    pub first: (usize, Place),
}

/// The faults of a run. There are few, whatever the events.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    met: Vec<Met>,
}

impl Faults {
    /// Notes the fault of an event, with its source and place.
    pub fn note(&mut self, fault: EventFault, at: (usize, Place)) {
        self.add(Met { fault, events: 1, first: at });
    }

    /// How many events were refused.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.met.iter().map(|met| met.events).sum()
    }

    /// Each of them, by its first event.
    #[must_use]
    pub fn met(&self) -> &[Met] {
        &self.met
    }

    fn add(&mut self, met: Met) {
        match self.met.iter_mut().find(|known| known.fault == met.fault) {
            Some(known) => {
                known.events += met.events;
                known.first = known.first.min(met.first);
            }
            None => self.met.push(met),
        }
        // Their order must not depend on which thread came first.
        self.met.sort_by_key(|met| met.first);
    }
}

/// What a source held.
#[derive(Debug, Default)]
pub struct Held {
    /// Records that are events.
    pub events: u64,
    /// Events that belong to a template type.
    pub routed: u64,
    /// Events that belong to a template type which some rule is on.
    pub evaluated: u64,
    /// Of these, those that have anything that rules read besides what they are recognised by.
    pub shown: u64,
}

/// Events of a source whose lack is looked into: this takes longer than evaluating them.
const SAMPLED: u64 = 256;

/// Why the first events of a source belong to no template type: the reason that most of them share, and how many of how
/// many do. Nothing where it has no event that belongs to none.
#[must_use]
pub fn lack(plan: &Plan, recording: &Recording) -> Option<(String, u64, u64)> {
    let (mut reader, _) = recording.open().ok()?;
    let (mut flattener, mut worker) = (Flattener::new(), plan.worker());
    let (mut lacks, mut seen) = (Unrecognised::default(), 0);
    let mut batch = Batch::new();
    while seen < SAMPLED && reader.next_batch(&mut batch) {
        batch.each(|record| {
            let Some(record) = record.ok().filter(|_| seen < SAMPLED) else { return };
            let Ok(flat) = flattener.flatten(record.bytes) else { return };
            if worker.route(&flat, None).is_empty() {
                seen += 1;
                lacks.count(plan.router(), &flat, (0, record.place));
            }
        });
        batch = Batch::new();
    }
    lacks.commonest().map(|kind| (kind.reason.clone(), kind.events, seen))
}

/// What was counted.
pub struct Counted {
    /// Records that are events.
    pub events: u64,
    /// Events that belong to a template type.
    pub routed: u64,
    /// Events that belong to a template type which some rule is on.
    pub evaluated: u64,
    /// Of these, those that have anything that rules read besides what they are recognised by. Of the others no rule can
    /// say anything.
    pub shown: u64,
    /// Events that belong to template types none of which the sensor supplies.
    pub unsupplied: u64,
    /// Records, or rests of sources, that could not be read.
    pub unread: u64,
    /// Matches: a rule on an event, whatever number of template types it belongs to.
    pub matches: u64,
    /// Unpacked bytes.
    pub bytes: u64,
    /// Matches of each rule, by its number.
    pub rules: Vec<u64>,
    /// For each rule the first event that it matches: source and place.
    pub first: Vec<Option<(usize, Place)>>,
    /// Events of each template type, by its number in the router.
    pub templates: Vec<u64>,
    /// What each source held, by its number.
    pub sources: Vec<Held>,
    /// Values that did not convert.
    pub tally: Tally,
    /// What events had of what rules read.
    pub seen: Seen,
    /// Why events are not recognised; of the first plan of several alone.
    pub unrecognised: Unrecognised,
    /// The first records that could not be read.
    pub problems: Vec<Noted>,
    /// Each fault that was met: none, of an image that is right and a recorder.
    pub faults: Faults,
    /// Whether a thread ended early, so that the counts are wrong.
    pub lost: bool,
    /// The events that belong to a template type, each once, where they were told apart.
    distinct: Option<Distinct>,
}

/// Events, each once, by their digest: of equal ones one. For each whether it shows anything.
#[derive(Debug, Default)]
struct Distinct(HashMap<[u8; 32], bool>);

impl Distinct {
    /// Notes an event by what its template types know of it: under another name anything can be written that makes it
    /// look like another event and that no rule will ever see.
    fn note(&mut self, plan: &Plan, routes: &[Route], flat: &Flat<'_>, shows: bool) {
        let templates: Vec<_> = routes.iter().filter_map(|route| plan.template(*route)).collect();
        let is_known = |name: &str| templates.iter().any(|of| of.open || of.find(name).is_some());
        let mut pairs: Vec<String> =
            flat.iter().filter(|(name, _)| is_known(name)).filter_map(|(name, value)| written(name, value)).collect();
        pairs.sort_unstable();
        let mut bytes = Vec::new();
        for pair in pairs {
            bytes.extend_from_slice(&(pair.len() as u64).to_le_bytes());
            bytes.extend_from_slice(pair.as_bytes());
        }
        let shown = self.0.entry(digest(&bytes)).or_default();
        *shown |= shows;
    }

    fn merge(&mut self, other: Self) {
        for (event, shows) in other.0 {
            *self.0.entry(event).or_default() |= shows;
        }
    }
}

/// A name and its value, as one text that no other name and value has. Nothing where there is no value.
fn written(name: &str, value: Field<'_>) -> Option<String> {
    fn value_of(value: Field<'_>) -> Option<String> {
        Some(match value {
            Field::Null => return None,
            Field::Bool(value) => format!("b{value}"),
            Field::Number(text) => format!("n{text}"),
            Field::Text(text) => format!("t{}:{text}", text.len()),
            Field::List(elements) => {
                let all: Vec<String> = elements.map(|element| value_of(element).unwrap_or_default()).collect();
                format!("l{}:{}", all.len(), all.join(","))
            }
        })
    }
    value_of(value).map(|value| format!("{}:{name}{value}", name.len()))
}

impl Counted {
    fn new(plan: &Plan, sources: usize) -> Self {
        let rules = plan.rules();
        Self {
            events: 0,
            routed: 0,
            evaluated: 0,
            shown: 0,
            unsupplied: 0,
            unread: 0,
            matches: 0,
            bytes: 0,
            rules: vec![0; rules],
            first: vec![None; rules],
            templates: vec![0; plan.router().templates().len()],
            sources: (0..sources).map(|_| Held::default()).collect(),
            tally: Tally::new(),
            seen: Seen::new(plan),
            unrecognised: Unrecognised::default(),
            problems: Vec::new(),
            faults: Faults::default(),
            lost: false,
            distinct: None,
        }
    }

    /// How many events belong to a template type, equal ones counted once, and how many of these have anything that rules
    /// read. Nothing where events were not told apart.
    #[must_use]
    pub fn distinct(&self) -> Option<(u64, u64)> {
        let of = &self.distinct.as_ref()?.0;
        Some((of.len() as u64, of.values().filter(|shows| **shows).count() as u64))
    }

    /// Evaluates an event and counts what it gives.
    fn look(
        &mut self,
        worker: &mut Worker<'_>,
        at: (usize, Place),
        flat: &Flat<'_>,
        forced: Option<Route>,
        matched: &mut Vec<RuleId>,
    ) {
        matched.clear();
        let done = worker.evaluate(flat, forced, |_, rule| matched.push(rule));
        matched.sort_unstable();
        matched.dedup();
        self.matches += matched.len() as u64;
        for rule in matched.iter() {
            let rule = rule.index();
            if let (Some(count), Some(first)) = (self.rules.get_mut(rule), self.first.get_mut(rule)) {
                *count += 1;
                *first = Some(first.map_or(at, |known: (usize, Place)| known.min(at)));
            }
        }
        if let Err(fault) = done {
            self.faults.note(fault, at);
        }
        let plan = worker.plan();
        let routes = worker.routes();
        let is_evaluated = routes.iter().any(|route| plan.stop(*route).is_some());
        self.events += 1;
        self.routed += u64::from(!routes.is_empty());
        self.evaluated += u64::from(is_evaluated);
        self.shown += u64::from(worker.has_any());
        self.unsupplied += u64::from(!routes.is_empty() && !routes.iter().any(|route| plan.supplies(*route)));
        if let Some(held) = self.sources.get_mut(at.0) {
            held.events += 1;
            held.routed += u64::from(!routes.is_empty());
            held.evaluated += u64::from(is_evaluated);
            held.shown += u64::from(worker.has_any());
        }
        if let Some(distinct) = self.distinct.as_mut().filter(|_| !routes.is_empty()) {
            distinct.note(plan, routes, flat, worker.has_any());
        }
        for route in routes {
            if let Some(count) = self.templates.get_mut(route.index()) {
                *count += 1;
            }
        }
    }

    /// The inputs that rules read and that no event had.
    #[must_use]
    pub fn lacking(&self, plan: &Plan) -> Vec<Lacking> {
        self.seen.lacking(plan)
    }

    /// The template types that rules are on and of which no event shows anything: whatever those rules are, they match
    /// none of these events there.
    #[must_use]
    pub fn unmet(&self, plan: &Plan) -> Vec<Unmet> {
        let mut found: Vec<Unmet> = plan
            .routes()
            .filter(|(route, _)| self.seen.shown(*route) == 0)
            .filter_map(|(route, template)| {
                let rules = rules_on(plan, route);
                let recognisable = !template.reads.is_empty();
                let events = self.seen.events(route);
                (!rules.is_empty()).then(|| Unmet { template: template.name.clone(), events, rules, recognisable })
            })
            .collect();
        found.sort_by(|a, b| b.rules.len().cmp(&a.rules.len()).then_with(|| a.template.cmp(&b.template)));
        found
    }

    /// How many of these events each rule matches, by its number. Nothing of a rule that was shown no event: that it
    /// matches none says nothing of it.
    #[must_use]
    pub fn matches(&self, plan: &Plan) -> Vec<Option<u64>> {
        let mut looked = vec![false; self.rules.len()];
        for (route, _) in plan.routes().filter(|(route, _)| self.seen.shown(*route) > 0) {
            for rule in rules_on(plan, route) {
                if let Some(looked) = looked.get_mut(rule as usize) {
                    *looked = true;
                }
            }
        }
        let counts = self.rules.iter().copied();
        // What matches was looked at, whatever it has of what rules read.
        counts.zip(looked).map(|(count, looked)| (looked || count > 0).then_some(count)).collect()
    }

    /// The events that tell of what rules are about, and that these do not look at.
    #[must_use]
    pub fn other_logs(&self, plan: &Plan) -> Vec<OtherLog> {
        other_logs(plan, &self.seen)
    }

    fn merge(&mut self, other: Self) {
        self.events += other.events;
        self.routed += other.routed;
        self.evaluated += other.evaluated;
        self.shown += other.shown;
        self.unsupplied += other.unsupplied;
        self.unread += other.unread;
        self.matches += other.matches;
        self.bytes += other.bytes;
        self.rules.iter_mut().zip(other.rules).for_each(|(all, part)| *all += part);
        for (all, part) in self.first.iter_mut().zip(other.first) {
            *all = match (all.take(), part) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
        self.templates.iter_mut().zip(other.templates).for_each(|(all, part)| *all += part);
        for (all, part) in self.sources.iter_mut().zip(other.sources) {
            all.events += part.events;
            all.routed += part.routed;
            all.evaluated += part.evaluated;
            all.shown += part.shown;
        }
        self.tally.merge(other.tally);
        self.seen.merge(&other.seen);
        self.unrecognised.merge(other.unrecognised);
        self.problems.extend(other.problems);
        other.faults.met.into_iter().for_each(|met| self.faults.add(met));
        if let Some(other) = other.distinct {
            self.distinct.get_or_insert_default().merge(other);
        }
    }
}

/// A template type that rules are on and of which no event shows anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// Its name.
    pub template: String,
    /// Its events: each lacks all that rules read.
    pub events: u64,
    /// The rules that are on it, by number, rising.
    pub rules: Vec<u32>,
    /// Whether it says how its events are recognised. Of one that does not no recorded event ever is.
    pub recognisable: bool,
}

/// The rules on a template type, in any of its versions, by number.
fn rules_on(plan: &Plan, route: Route) -> Vec<u32> {
    let mut rules: Vec<u32> = plan.loaded_on(route).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

/// The first ones, so that a million of them take no memory.
fn first(found: &mut Vec<Noted>, most: usize) {
    found.sort();
    found.truncate(most);
}

/// Who is told of a replay as it goes on.
pub trait Watch: Sync {
    /// So many bytes more are done.
    fn done(&self, _bytes: u64) {}
}

/// Nobody.
impl Watch for () {}

/// Reads and evaluates all files. `forced` is the template type that events are taken for.
pub fn count(plan: &Plan, files: &[Recording], forced: Option<Route>, threads: usize, watch: &dyn Watch) -> Counted {
    let mut all = counted(&[plan], files, (forced, false), threads, watch);
    all.pop().unwrap_or_else(|| Counted::new(plan, files.len()))
}

/// The same for several plans of one release: each event is read once, and for the first plan equal events are told apart
/// from others. What was counted, for each plan in turn.
#[must_use]
pub fn count_all(plans: &[&Plan], files: &[Recording], threads: usize) -> Vec<Counted> {
    counted(plans, files, (None, true), threads, &())
}

fn counted(
    plans: &[&Plan],
    files: &[Recording],
    (forced, distinct): (Option<Route>, bool),
    threads: usize,
    watch: &dyn Watch,
) -> Vec<Counted> {
    let threads = threads.max(1);
    let mut whole: Vec<Counted> = plans.iter().map(|plan| Counted::new(plan, files.len())).collect();
    let (sender, receiver) = sync_channel::<(usize, Batch)>(threads * 2);
    let receiver = Mutex::new(receiver);
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let readers: Vec<_> = (0..threads.min(files.len()))
            .map(|_| {
                let sender = sender.clone();
                let next = &next;
                scope.spawn(move || hand_over(files, next, &sender))
            })
            .collect();
        drop(sender);
        let work = || work(plans, files.len(), &receiver, (forced, distinct), watch);
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for reader in readers {
            let read = reader.join();
            for whole in &mut whole {
                match &read {
                    Ok(problems) => {
                        whole.unread += problems.len() as u64;
                        whole.problems.extend(problems.iter().cloned());
                    }
                    Err(_) => whole.lost = true,
                }
            }
        }
        for worker in workers {
            match worker.join() {
                Ok(parts) => whole.iter_mut().zip(parts).for_each(|(whole, part)| whole.merge(part)),
                Err(_) => whole.iter_mut().for_each(|whole| whole.lost = true),
            }
        }
    });
    whole.iter_mut().for_each(|whole| first(&mut whole.problems, SHOWN));
    whole
}

/// Reads one file after the other. Returns those that could not be opened, or changed.
fn hand_over(files: &[Recording], next: &AtomicUsize, sender: &SyncSender<(usize, Batch)>) -> Vec<Noted> {
    let mut problems = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let Some(recording) = files.get(number) else { return problems };
        let (mut reader, pass) = match recording.open() {
            Ok(opened) => opened,
            Err(problem) => {
                problems.push((number, Place::Source, format!("{problem}\n  help: {}", problem.cause.help())));
                continue;
            }
        };
        loop {
            let mut batch = Batch::new();
            if !reader.next_batch(&mut batch) {
                break;
            }
            if sender.send((number, batch)).is_err() {
                return problems;
            }
        }
        drop(reader);
        if !pass.ends_whole() {
            let name = recording.name();
            problems.push((number, Place::Source, format!("{name}: it is not the file whose digest was taken")));
        }
    }
}

fn work(
    plans: &[&Plan],
    sources: usize,
    receiver: &Mutex<Receiver<(usize, Batch)>>,
    (forced, distinct): (Option<Route>, bool),
    watch: &dyn Watch,
) -> Vec<Counted> {
    let mut all: Vec<(Worker<'_>, Counted)> =
        plans.iter().map(|plan| (plan.worker(), Counted::new(plan, sources))).collect();
    if let Some((_, first)) = all.first_mut().filter(|_| distinct) {
        first.distinct = Some(Distinct::default());
    }
    let mut flattener = Flattener::new();
    let mut matched: Vec<RuleId> = Vec::new();
    loop {
        let received = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, batch)) = received else { break };
        batch.each(|record| {
            let read = record.and_then(|record| match flattener.flatten(record.bytes) {
                Ok(flat) => match flat.twice() {
                    Some(cause) => Err(batch.problem(record.place, cause)),
                    None => Ok((record.place, flat)),
                },
                Err(cause) => Err(batch.problem(record.place, cause)),
            });
            let (place, flat) = match read {
                Ok(read) => read,
                Err(problem) => {
                    let words = format!("{problem}\n  help: {}", problem.cause.help());
                    for (_, part) in &mut all {
                        part.unread += 1;
                        part.problems.push((number, problem.place, words.clone()));
                        if part.problems.len() > SHOWN * 50 {
                            first(&mut part.problems, SHOWN);
                        }
                    }
                    return;
                }
            };
            for (worker, part) in &mut all {
                part.look(worker, (number, place), &flat, forced, &mut matched);
            }
            if let Some((worker, part)) = all.first_mut().filter(|(worker, _)| worker.routes().is_empty()) {
                part.unrecognised.count(worker.plan().router(), &flat, (number, place));
            }
        });
        all.iter_mut().for_each(|(_, part)| part.bytes += batch.len() as u64);
        watch.done(batch.len() as u64);
    }
    let done = all.into_iter().map(|(worker, part)| {
        let (tally, seen) = worker.into_parts();
        Counted { tally, seen, ..part }
    });
    done.collect()
}
