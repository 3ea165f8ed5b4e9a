//! Proofs that take a while are shown as progress that can be cancelled.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::Server;

/// Proofs that the client is shown.
pub(super) struct Shown {
    token: String,
    stop: Arc<AtomicBool>,
}

impl Server<'_> {
    /// Proofs go on: so many files are done.
    pub(super) fn proving(&mut self, done: usize, of: usize, stop: Arc<AtomicBool>) {
        if !self.client.shows_progress {
            return;
        }
        let percentage = (done * 100).checked_div(of).unwrap_or(0);
        let message = format!("{done} of {of}");
        if let Some(shown) = &self.progress
            && Arc::ptr_eq(&shown.stop, &stop)
        {
            self.report(&shown.token, &json!({"kind": "report", "message": message, "percentage": percentage}));
            return;
        }
        self.proved();
        let token = format!("contentcheck/proofs/{}", self.asked + 1);
        self.ask("window/workDoneProgress/create", json!({"token": token}));
        let begin = json!({
            "kind": "begin", "title": "contentcheck: proving what rules say", "cancellable": true, "message": message, "percentage": percentage
        });
        self.report(&token, &begin);
        self.progress = Some(Shown { token, stop });
    }

    /// They ended.
    pub(super) fn proved(&mut self) {
        if let Some(Shown { token, .. }) = self.progress.take() {
            self.report(&token, &json!({"kind": "end"}));
        }
    }

    /// Somebody does not want to wait for what is shown.
    pub(super) fn progress_cancelled(&self, parameters: &Value) {
        if let Some(shown) = &self.progress
            && parameters.get("token").and_then(Value::as_str) == Some(&shown.token)
        {
            shown.stop.store(true, Ordering::Relaxed);
        }
    }

    fn report(&self, token: &str, value: &Value) {
        self.notify("$/progress", json!({"token": token, "value": value}));
    }
}
