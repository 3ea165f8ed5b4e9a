//! Sending reports to a collector, as whoever passes them on for devices does.

use std::io;

use contentcheck_rollout::report::REPORT;
use serde::Deserialize;

use crate::client::Client;
use crate::limits::{ANSWER_BYTES, REPORTS};

/// Bytes of an answer for each report of a request.
const ANSWER_EACH: u64 = 256;

/// Whoever sends reports to a collector.
#[derive(Clone, Debug)]
pub struct Reporter {
    url: String,
    client: Client,
}

/// What a collector said of one report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It is on disk, now or already.
    Kept,
    /// It is not taken, and why.
    Refused(String),
}

#[derive(Deserialize)]
struct Answer {
    reports: Vec<String>,
}

impl Reporter {
    /// For the collector at an address.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self { url: format!("{}/v1/reports", url.trim_end_matches('/')), client: Client::new() }
    }

    /// Sends reports behind each other, and gives what became of each. None may be forgotten before it was kept.
    ///
    /// # Errors
    /// When the collector cannot be asked, is busy, or answers something else. Then nothing is known of any: they are sent again.
    pub fn send(&self, reports: &[u8]) -> io::Result<Vec<Said>> {
        let count = reports.len() / REPORT;
        if count == 0 || count > REPORTS || !reports.len().is_multiple_of(REPORT) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "these are no reports, or too many"));
        }
        let limit = ANSWER_BYTES.saturating_add(ANSWER_EACH.saturating_mul(count as u64));
        let answer = self.client.post(&self.url, "application/octet-stream", reports, limit)?;
        let wrong = || io::Error::other(format!("{} was answered with status {}", self.url, answer.status));
        // Where all are refused the status is that of the first, and the answer the same.
        let said: Answer = serde_json::from_slice(&answer.body).map_err(|_| wrong())?;
        if said.reports.len() != count {
            return Err(wrong());
        }
        let kept = |said: String| match said.as_str() {
            "accepted" | "known" => Said::Kept,
            _ => Said::Refused(said),
        };
        Ok(said.reports.into_iter().map(kept).collect())
    }
}
