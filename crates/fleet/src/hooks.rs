//! Telling others when the phase of a rollout changes: a POST with JSON to each configured address.
//!
//! ```json
//! {"event": "rollout", "log": "..", "rollout": "..", "release": "..", "sequence": 7, "phase": "halted", "ring": 1, "why": "..", "at": 1799049600}
//! ```
//!
//! A change is told at least once or not at all: tries are limited, an address that does not answer delays no other, and nothing is kept over a
//! restart. Whoever must not miss a change reads the log.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;

use crate::client::Client;
use crate::limits::{ANSWER_BYTES, HOOK_QUEUE, HOOK_TRIES, HOOKS};
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

/// The addresses that are told. A thread for each, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Hooks {
    queues: Vec<Arc<Queue>>,
    last: Option<Change>,
}

impl Hooks {
    pub(crate) fn new(urls: &[String]) -> std::io::Result<Self> {
        if urls.len() > HOOKS {
            return Err(std::io::Error::other(format!("{HOOKS} addresses at most are told")));
        }
        let mut queues = Vec::new();
        for url in urls {
            let queue = Arc::new(Queue::default());
            let (of_thread, url) = (Arc::clone(&queue), url.clone());
            std::thread::Builder::new().name("hook".into()).spawn(move || tell(&of_thread, &url))?;
            queues.push(queue);
        }
        Ok(Self { queues, last: None })
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

fn tell(queue: &Queue, url: &str) {
    let client = Client::new();
    while let Some(change) = queue.next() {
        let body = serde_json::to_vec(&change).unwrap_or_default();
        for attempt in 0..HOOK_TRIES {
            let answer = client.post(url, "application/json", &body, ANSWER_BYTES);
            if answer.is_ok_and(|answer| (200..300).contains(&answer.status)) {
                break;
            }
            let last = attempt + 1 == HOOK_TRIES;
            if last || queue.ends_within(Duration::from_secs(1 << attempt)) {
                break;
            }
        }
    }
}
