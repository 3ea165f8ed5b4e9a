//! Readers: threads that evaluate, and never wait for the store.
//!
//! A reader holds the content that it evaluates with. Before each event it looks at one number, which tells whether there is
//! other content; if so, it takes it, unless the store is putting it there at this very moment, and then it takes it before
//! the next event. So no event waits, and each is evaluated by one piece of content, whole and once.

use std::ops::ControlFlow;
use std::string::String;
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::vec::Vec;

use contentcheck_interpreter::{Done, Event, Fault, Image, KillList, OpenImage, OwnedImage, RuleInfo, VerifiedImage};

use crate::content::Content;
use crate::health::Health;
use crate::state::Rung;

/// Rules that are switched off, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Switched {
    pub(crate) all: bool,
    pub(crate) rules: Vec<String>,
}

/// Content that runs, and the rules of it that do not.
#[derive(Debug)]
pub(crate) struct Running {
    /// Rises with each that is put in place.
    number: u64,
    pub(crate) rung: Rung,
    pub(crate) content: Option<Content>,
    pub(crate) image: Option<Arc<OwnedImage>>,
    pub(crate) switched: Arc<Switched>,
}

/// What the store and its readers share.
#[derive(Debug)]
pub(crate) struct Shared {
    number: AtomicU64,
    current: RwLock<Arc<Running>>,
    /// Those that a reader may still hold.
    older: Mutex<Vec<Weak<Running>>>,
    tallies: Mutex<Vec<Arc<Tally>>>,
    /// Counts of readers that are gone, and of which content.
    gone: Mutex<(u64, Counts)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    events: u64,
    exhausted: u64,
    matches: u64,
    faults: u64,
    mistyped: u64,
    corrupt: u64,
}

/// What one reader has done with the content that it holds. Only its reader writes to it. No two are in one line of a cache, which threads would take from
/// each other for each event.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Tally {
    number: AtomicU64,
    begun: AtomicU64,
    ended: AtomicU64,
    events: AtomicU64,
    exhausted: AtomicU64,
    matches: AtomicU64,
    faults: AtomicU64,
    mistyped: AtomicU64,
    corrupt: AtomicU64,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn add(count: &AtomicU64, more: u64) {
    if more == 0 {
        // As for most counts of most events.
        return;
    }
    // One thread writes, so this is no race; a `fetch_add` would lock the bus for each event.
    count.store(count.load(Ordering::Relaxed).saturating_add(more), Ordering::Relaxed);
}

impl Tally {
    fn counts(&self) -> Counts {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counts {
            events: of(&self.events),
            exhausted: of(&self.exhausted),
            matches: of(&self.matches),
            faults: of(&self.faults),
            mistyped: of(&self.mistyped),
            corrupt: of(&self.corrupt),
        }
    }

    fn begin(&self, number: u64) {
        self.number.store(0, Ordering::Relaxed);
        fence(Ordering::Release);
        for count in [&self.events, &self.exhausted, &self.matches, &self.faults, &self.mistyped, &self.corrupt] {
            count.store(0, Ordering::Relaxed);
        }
        self.number.store(number, Ordering::Release);
    }

    /// An event begins to be evaluated.
    fn start(&self) {
        self.begun.store(self.ended.load(Ordering::Relaxed).wrapping_add(1), Ordering::Release);
    }

    /// The event that is being evaluated, counted from the first; nothing: none is.
    pub(crate) fn busy(&self) -> Option<u64> {
        let ended = self.ended.load(Ordering::Acquire);
        let begun = self.begun.load(Ordering::Acquire);
        (begun > ended).then_some(begun)
    }
}

impl Counts {
    fn add(&mut self, other: Self) {
        let Self { events, exhausted, matches, faults, mistyped, corrupt } = other;
        self.events = self.events.saturating_add(events);
        self.exhausted = self.exhausted.saturating_add(exhausted);
        self.matches = self.matches.saturating_add(matches);
        self.faults = self.faults.saturating_add(faults);
        self.mistyped = self.mistyped.saturating_add(mistyped);
        self.corrupt = self.corrupt.saturating_add(corrupt);
    }
}

impl Shared {
    pub(crate) fn new() -> Arc<Self> {
        let nothing = Running { number: 1, rung: Rung::Nothing, content: None, image: None, switched: Arc::default() };
        Arc::new(Self {
            number: AtomicU64::new(1),
            current: RwLock::new(Arc::new(nothing)),
            older: Mutex::default(),
            tallies: Mutex::default(),
            gone: Mutex::default(),
        })
    }

    pub(crate) fn current(&self) -> Arc<Running> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts other content in place.
    pub(crate) fn swap(
        &self,
        rung: Rung,
        content: Option<Content>,
        image: Option<Arc<OwnedImage>>,
        switched: Arc<Switched>,
    ) {
        let number = self.number.load(Ordering::Acquire).saturating_add(1);
        let running = Arc::new(Running { number, rung, content, image, switched });
        let old = {
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            core::mem::replace(&mut *current, running)
        };
        self.number.store(number, Ordering::Release);
        let mut older = lock(&self.older);
        older.retain(|older| older.strong_count() > 0);
        older.push(Arc::downgrade(&old));
    }

    /// Whether an image beside the current one is in memory, since a reader has not let go of it.
    pub(crate) fn holds_older(&self) -> bool {
        let current = self.current();
        let mut older = lock(&self.older);
        older.retain(|older| older.strong_count() > 0);
        // The same image with another kill list takes no memory of its own.
        older.iter().filter_map(Weak::upgrade).any(|older| match (&older.image, &current.image) {
            (Some(older), Some(current)) => !Arc::ptr_eq(older, current),
            (Some(_), None) => true,
            (None, _) => false,
        })
    }

    pub(crate) fn tallies(&self) -> Vec<Arc<Tally>> {
        lock(&self.tallies).clone()
    }

    /// What has been done with the current content.
    pub(crate) fn health(&self) -> Health {
        let number = self.number.load(Ordering::Acquire);
        let mut counts = Counts::default();
        let (gone, of_gone) = *lock(&self.gone);
        if gone == number {
            counts.add(of_gone);
        }
        for tally in lock(&self.tallies).iter() {
            let before = tally.number.load(Ordering::Acquire);
            let of = tally.counts();
            fence(Ordering::Acquire);
            if before == number && tally.number.load(Ordering::Relaxed) == number {
                counts.add(of);
            }
        }
        let Counts { events, exhausted, matches, faults, mistyped, corrupt } = counts;
        Health { events, exhausted, matches, faults, mistyped, corrupt: corrupt > 0, ..Health::default() }
    }
}

/// Evaluates events of one thread. Made by [`crate::Store::reader`]; each thread has its own.
#[derive(Debug)]
pub struct Reader {
    shared: Arc<Shared>,
    running: Arc<Running>,
    tally: Arc<Tally>,
    scratch: Vec<u64>,
    kill: Vec<u64>,
}

impl Reader {
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        let running = shared.current();
        let tally = Arc::new(Tally::default());
        tally.begin(running.number);
        lock(&shared.tallies).push(Arc::clone(&tally));
        Self { shared: Arc::clone(shared), running, tally, scratch: Vec::new(), kill: Vec::new() }
    }

    /// Evaluates events as long as there are any: `next` waits for one, `each` evaluates it. Whatever is exchanged meanwhile, each
    /// event is handed over once, with the newest content that can be had without waiting.
    ///
    /// While `next` waits, the reader holds the image that it evaluates by, and a device holds two images at most: a second release that is
    /// offered meanwhile waits (CC1119). Where events may be far apart, let `next` wait no longer than some seconds, answer `None`, and
    /// run again.
    ///
    /// A thread that a panic ends is missed by [`crate::Store::check`] as one that hangs.
    ///
    /// ```
    /// # use contentcheck_sensor::Reader;
    /// # use contentcheck_interpreter::Event;
    /// fn work(mut reader: Reader, next: impl FnMut() -> Option<(&'static str, Event<'static>)>) {
    ///     reader.run(next, |view, (template, event)| {
    ///         // A fault is a bug of the sensor's. It is counted, and ends nothing.
    ///         let _ = view.evaluate_as(template, event, 1_000_000, |rule| println!("{}", rule.name));
    ///     });
    /// }
    /// ```
    pub fn run<E>(&mut self, mut next: impl FnMut() -> Option<E>, mut each: impl FnMut(&mut View<'_>, E)) {
        let mut event = next();
        while event.is_some() {
            let mut view = self.view();
            // At least one event for each view: where the store is writing just now, nobody waits for it.
            while let Some(one) = event.take() {
                each(&mut view, one);
                event = next();
                if !view.is_current() {
                    break;
                }
            }
        }
    }

    /// The newest content, opened. It takes some microseconds, so a thread keeps a view for as long as
    /// [`View::is_current`] says so. Its image stays in memory until the next view, or until the reader is dropped.
    pub fn view(&mut self) -> View<'_> {
        if self.shared.number.load(Ordering::Acquire) != self.running.number {
            // The store writes one pointer under this lock. If it does so just now, the next view has it.
            if let Ok(current) = self.shared.current.try_read() {
                self.running = Arc::clone(&current);
                self.tally.begin(self.running.number);
            }
        }
        let open = self.running.image.as_deref().map(OwnedImage::open);
        let mut words = 0;
        if let Some(open) = &open {
            let verified = open.verified();
            words = verified.kill_words();
            self.scratch.resize(verified.scratch_words(), 0);
        }
        self.kill.resize(words, 0);
        let kill = match &open {
            None => KillList::NONE,
            Some(open) => switched(&open.verified(), &self.running.switched, &mut self.kill),
        };
        View {
            open,
            kill,
            scratch: &mut self.scratch,
            running: &self.running,
            shared: &self.shared,
            tally: &self.tally,
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Its thread evaluates nothing any more, and only a restart brings it back: it is found as one that hangs.
            self.tally.start();
            return;
        }
        lock(&self.shared.tallies).retain(|tally| !Arc::ptr_eq(tally, &self.tally));
        let mut gone = lock(&self.shared.gone);
        if gone.0 != self.running.number {
            if gone.0 > self.running.number {
                return;
            }
            *gone = (self.running.number, Counts::default());
        }
        gone.1.add(self.tally.counts());
    }
}

/// Resolves a kill list for an image. With memory of the right size it cannot fail.
pub(crate) fn switched<'k>(verified: &VerifiedImage<'_>, switched: &Switched, memory: &'k mut [u64]) -> KillList<'k> {
    if !switched.all && switched.rules.is_empty() {
        return KillList::NONE;
    }
    let list = if switched.all {
        verified.kill_all(memory)
    } else {
        verified.kill(switched.rules.iter().map(String::as_str), memory)
    };
    list.unwrap_or(KillList::NONE)
}

/// Content of one reader, with its kill list and memory at hand.
#[derive(Debug)]
pub struct View<'r> {
    open: Option<OpenImage<'r>>,
    kill: KillList<'r>,
    scratch: &'r mut Vec<u64>,
    running: &'r Running,
    shared: &'r Shared,
    tally: &'r Tally,
}

/// Marks the evaluation of one event, also where the sink unwinds.
struct Busy<'t>(&'t Tally);

impl<'t> Busy<'t> {
    fn new(tally: &'t Tally) -> Self {
        tally.start();
        Self(tally)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.ended.store(self.0.begun.load(Ordering::Relaxed), Ordering::Release);
    }
}

impl View<'_> {
    /// Whether there is no newer content. One load of a number, asked before each event.
    #[must_use]
    #[inline]
    pub fn is_current(&self) -> bool {
        self.shared.number.load(Ordering::Acquire) == self.running.number
    }

    /// Where this content stands.
    #[must_use]
    pub const fn rung(&self) -> Rung {
        self.running.rung
    }

    /// What it is; nothing, where nothing is evaluated.
    #[must_use]
    pub const fn content(&self) -> Option<Content> {
        self.running.content
    }

    /// The image, for all that the interpreter offers. Nothing: there is no content, and nothing is evaluated.
    #[must_use]
    pub fn verified(&self) -> Option<VerifiedImage<'_>> {
        self.open.as_ref().map(OpenImage::verified)
    }

    /// The numbers of a template type in this image. They belong to this view.
    #[must_use]
    pub fn templates_named(&self, name: &str) -> Vec<u32> {
        self.verified().map_or_else(Vec::new, |verified| verified.templates_named(name).collect())
    }

    /// Evaluates one event as a template type, by its name, and reports each rule that matches and is not switched off: for content that
    /// has the type in several versions, by all of them: steps are those of all, and rules from `unasked_from` on those of the first version whose
    /// budget was spent. Nothing: no rule of this content is for it.
    ///
    /// # Errors
    /// When the event is not laid out as the manifest says.
    pub fn evaluate_as(
        &mut self,
        template: &str,
        event: Event<'_>,
        budget: u64,
        mut sink: impl FnMut(RuleInfo<'_>),
    ) -> Result<Option<Done>, Fault> {
        self.each_version(template, event, budget, |image, rule| {
            if let Some(rule) = image.rule(rule) {
                sink(rule);
            }
        })
    }

    /// As [`View::evaluate_as`], with the number that each rule has in this view's image.
    ///
    /// # Errors
    /// When the event is not laid out as the manifest says.
    pub fn evaluate_numbered(
        &mut self,
        template: &str,
        event: Event<'_>,
        budget: u64,
        mut sink: impl FnMut(u32),
    ) -> Result<Option<Done>, Fault> {
        self.each_version(template, event, budget, |_, rule| sink(rule))
    }

    fn each_version(
        &mut self,
        template: &str,
        event: Event<'_>,
        budget: u64,
        mut sink: impl FnMut(&Image<'_>, u32),
    ) -> Result<Option<Done>, Fault> {
        let Some(open) = &self.open else { return Ok(None) };
        let mut done: Option<Done> = None;
        for number in open.verified().templates_named(template) {
            let outcome = evaluate(open, &self.kill, self.scratch, self.tally, (number, event, budget), &mut sink)?;
            done = Some(match done {
                None => outcome,
                Some(before) => Done {
                    unasked_from: before.unasked_from.or(outcome.unasked_from),
                    steps: before.steps.saturating_add(outcome.steps),
                    mistyped: before.mistyped.max(outcome.mistyped),
                },
            });
        }
        Ok(done)
    }

    /// Evaluates one event, and reports each rule that matches and is not switched off.
    ///
    /// # Errors
    /// When the event is not laid out as the manifest says, or there is no content for this template type.
    pub fn evaluate(
        &mut self,
        template: u32,
        event: Event<'_>,
        budget: u64,
        mut sink: impl FnMut(RuleInfo<'_>),
    ) -> Result<Done, Fault> {
        let Some(open) = &self.open else { return Err(Fault::UnsuppliedTemplate) };
        evaluate(open, &self.kill, self.scratch, self.tally, (template, event, budget), &mut |image, rule| {
            if let Some(rule) = image.rule(rule) {
                sink(rule);
            }
        })
    }
}

#[inline]
fn evaluate(
    open: &OpenImage<'_>,
    kill: &KillList<'_>,
    scratch: &mut [u64],
    tally: &Tally,
    (template, event, budget): (u32, Event<'_>, u64),
    sink: &mut impl FnMut(&Image<'_>, u32),
) -> Result<Done, Fault> {
    let _busy = Busy::new(tally);
    let verified = open.verified();
    let image: &Image<'_> = verified.image();
    let mut matches = 0_u64;
    let outcome = verified.bind(template, event).and_then(|bound| {
        bound.evaluate(kill, scratch, budget, |rule| {
            matches = matches.saturating_add(1);
            sink(image, rule);
            ControlFlow::Continue(())
        })
    });
    match &outcome {
        Ok(done) => {
            add(&tally.events, 1);
            add(&tally.exhausted, u64::from(!done.is_whole()));
            add(&tally.mistyped, done.mistyped.into());
        }
        Err(fault) => {
            add(&tally.faults, 1);
            add(&tally.corrupt, u64::from(matches!(fault, Fault::Corrupt { .. })));
        }
    }
    add(&tally.matches, matches);
    outcome
}
