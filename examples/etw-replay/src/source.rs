//! Where events come from: process creations that were recorded as lines of JSON, each with the time at which it was recorded. They come
//! as far apart as they were, or faster by a factor, and begin again at the end.

use std::io;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Deserialize;

/// A process creation.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Creation {
    utc_time: String,
    pub(crate) image: String,
    pub(crate) command_line: String,
    pub(crate) parent_image: Option<String>,
    pub(crate) user: Option<String>,
}

/// A recording on its way.
#[derive(Debug)]
pub(crate) struct Recording {
    /// Each event, and when after the first one it was recorded.
    events: Vec<(Duration, Creation)>,
    began: Instant,
    next: usize,
    speed: u32,
}

/// Bytes of the largest recording.
const BYTES: u64 = 64 << 20;

/// Milliseconds since the day began, of `2026-01-15 08:00:00.250`.
fn of_day(time: &str) -> Option<u64> {
    let (_, clock) = time.split_once(' ')?;
    let (seconds, millis) = clock.split_once('.')?;
    let mut parts = seconds.split(':').map(|part| part.parse::<u64>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    hours
        .checked_mul(3_600)?
        .checked_add(minutes.checked_mul(60)?)?
        .checked_add(seconds)?
        .checked_mul(1_000)?
        .checked_add(millis.parse().ok()?)
}

impl Recording {
    pub(crate) fn open(path: &Path, speed: u32) -> io::Result<Self> {
        let wrong = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
        if std::fs::metadata(path)?.len() > BYTES {
            return Err(wrong(format!("a recording has {BYTES} bytes at most")));
        }
        let mut events = Vec::new();
        let mut first = None;
        for (at, line) in std::fs::read_to_string(path)?.lines().enumerate() {
            let event: Creation =
                serde_json::from_str(line).map_err(|error| wrong(format!("line {}: {error}", at + 1)))?;
            let time = of_day(&event.utc_time).ok_or_else(|| wrong(format!("line {}: no time", at + 1)))?;
            let since = Duration::from_millis(time.saturating_sub(*first.get_or_insert(time)));
            events.push((since, event));
        }
        if events.is_empty() || speed == 0 {
            return Err(wrong("a recording has an event, and a speed from 1 on".to_owned()));
        }
        Ok(Self { events, began: Instant::now(), next: 0, speed })
    }

    /// The next event until a moment; nothing, if there is none.
    pub(crate) fn next(&mut self, until: Instant) -> Option<Creation> {
        if self.next >= self.events.len() {
            (self.next, self.began) = (0, Instant::now());
        }
        let (since, event) = self.events.get(self.next)?;
        let due = self.began + *since / self.speed;
        sleep(due.min(until).saturating_duration_since(Instant::now()));
        if due > until {
            return None;
        }
        self.next += 1;
        Some(event.clone())
    }
}
