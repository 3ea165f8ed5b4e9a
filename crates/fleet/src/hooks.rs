//! Telling others when the phase of a rollout changes: a POST with JSON to each configured address.
//!
//! ```json
//! {"event": "rollout", "log": "..", "rollout": "..", "release": "..", "sequence": 7, "phase": "halted", "ring": 1, "why": "..", "at": 1799049600}
//! ```
//!
//! A change is told at least once or not at all: tries are limited, an address that does not answer delays no other, and nothing is kept over a
//! restart. Each try that fails is said on standard error, and what was not heard is a reason to look until that address hears something. Whoever must not miss a change reads the log.

use std::collections::{BTreeMap, VecDeque};
use std::io::Write as _;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;

use crate::client::{Client, is_url};
use crate::limits::{ANSWER_BYTES, HOOK_QUEUE, HOOK_TRIES, HOOKS};
use crate::said::line;
use crate::status::{PhaseName, Status};

/// What is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    event: &'static str,
    log: String,
    rollout: String,
    release: String,
    sequence: u64,
    phase: PhaseName,
    /// The ring that was opened last, from 0.
    ring: Option<u8>,
    why: Option<String>,
    at: u64,
}

impl Change {
    /// What a status says of the newest rollout.
    #[must_use]
    pub fn of(status: &Status) -> Option<Self> {
        let rollout = status.rollout.as_ref()?;
        Some(Self {
            event: "rollout",
            log: status.log.name.clone(),
            rollout: rollout.id.clone(),
            release: rollout.release.name.clone(),
            sequence: rollout.release.sequence,
            phase: rollout.phase,
            ring: rollout.ring,
            why: rollout.why.clone(),
            at: status.now,
        })
    }

    fn is_same(&self, other: &Self) -> bool {
        self.rollout == other.rollout && self.phase == other.phase && self.ring == other.ring
    }
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<(VecDeque<Change>, bool)>,
    more: Condvar,
}

/// What each address did not hear last, in a sentence.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unheard(Arc<Mutex<BTreeMap<usize, String>>>);

impl Unheard {
    pub(crate) fn set(&self, hook: usize, what: Option<String>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match what {
            Some(what) => all.insert(hook, what),
            None => all.remove(&hook),
        };
    }

    /// All of them, in the order of the addresses.
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

/// An address without what may be secret in it: who knows the path of a hook can write to it.
pub(crate) fn host(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    format!("{scheme}://{}", host.rsplit('@').next().unwrap_or_default())
}

/// The addresses that are told. A thread for each, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Hooks {
    queues: Vec<Arc<Queue>>,
    last: Option<Change>,
    unheard: Unheard,
}

impl Hooks {
    pub(crate) fn new(urls: &[String]) -> std::io::Result<Self> {
        if urls.len() > HOOKS {
            return Err(std::io::Error::other(format!("{HOOKS} addresses at most are told")));
        }
        if let Some(url) = urls.iter().find(|url| !is_url(url)) {
            return Err(std::io::Error::other(format!(
                "`{url}` is no address of a hook: it begins with http:// or https://"
            )));
        }
        let (mut queues, unheard) = (Vec::new(), Unheard::default());
        for (number, url) in urls.iter().enumerate() {
            let queue = Arc::new(Queue::default());
            let (of_thread, url, unheard) = (Arc::clone(&queue), url.clone(), unheard.clone());
            let tell = move || tell(&of_thread, &url, |what| unheard.set(number, what));
            std::thread::Builder::new().name("hook".into()).spawn(tell)?;
            queues.push(queue);
        }
        Ok(Self { queues, last: None, unheard })
    }

    /// What was not heard.
    pub(crate) fn unheard(&self) -> Unheard {
        self.unheard.clone()
    }

    /// Tells what changed since the last time. The first status changes nothing.
    pub(crate) fn see(&mut self, status: &Status) {
        let Some(change) = Change::of(status) else { return };
        let is_new = self.last.as_ref().is_some_and(|last| !last.is_same(&change));
        if is_new {
            for queue in &self.queues {
                let (waiting, _) = &mut *queue.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                if waiting.len() >= HOOK_QUEUE {
                    waiting.pop_front();
                }
                waiting.push_back(change.clone());
                queue.more.notify_one();
            }
        }
        self.last = Some(change);
    }
}

impl Drop for Hooks {
    fn drop(&mut self) {
        for queue in &self.queues {
            queue.waiting.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
            queue.more.notify_one();
        }
    }
}

impl Queue {
    /// Waits, and says whether it ends.
    fn ends_within(&self, time: Duration) -> bool {
        let guard = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.more.wait_timeout_while(guard, time, |(_, ends)| !*ends);
        waited.unwrap_or_else(PoisonError::into_inner).0.1
    }

    fn next(&self) -> Option<Change> {
        let guard = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.more.wait_while(guard, |(waiting, ends)| waiting.is_empty() && !*ends);
        let (waiting, ends) = &mut *waited.unwrap_or_else(PoisonError::into_inner);
        if *ends { None } else { waiting.pop_front() }
    }
}

fn tell(queue: &Queue, url: &str, unheard: impl Fn(Option<String>)) {
    let (client, host) = (Client::new(), host(url));
    while let Some(change) = queue.next() {
        let body = serde_json::to_vec(&change).unwrap_or_default();
        for attempt in 1..=HOOK_TRIES {
            let why = match client.post(url, "application/json", &body, ANSWER_BYTES) {
                Ok(answer) if (200..300).contains(&answer.status) => {
                    unheard(None);
                    break;
                }
                Ok(answer) => format!("it was answered with status {}", answer.status),
                Err(error) => error.to_string().replace(url, &host),
            };
            let what =
                format!("the hook {host} was not told that {} is {}: {why}", change.release, change.phase.name());
            let left = if attempt == HOOK_TRIES { "given up" } else { "it is tried again" };
            // Where nobody reads it, the page shows it all the same.
            let _ = writeln!(std::io::stderr(), "{} (try {attempt} of {HOOK_TRIES}; {left})", line(&what));
            unheard(Some(what));
            if attempt == HOOK_TRIES || queue.ends_within(Duration::from_secs(1 << (attempt - 1))) {
                break;
            }
        }
    }
}
