//! Metrics for a collector of OpenTelemetry: OTLP over HTTP with JSON, to `/v1/metrics` below the address that is given, as the protocol has it
//! (opentelemetry.io/docs/specs/otlp, "OTLP/HTTP"; the messages are those of opentelemetry-proto 1.x, whose 64-bit numbers are strings in JSON).
//!
//! What cannot be sent is not kept: the next one has all of it. A collector that does not answer is a reason to look until it does.

use std::io::Write as _;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Client, is_url};
use crate::hooks::{Unheard, host};
use crate::limits::ANSWER_BYTES;
use crate::metrics::{Family, Kind, Sample, families};
use crate::said::line;
use crate::status::{Light, Status};

/// How often metrics are sent where nothing changes.
const EVERY: Duration = Duration::from_secs(30);
/// Where they are sent below the address.
const PATH: &str = "/v1/metrics";

/// The body of a request.
#[must_use]
pub fn body(status: &Status) -> Value {
    let text = |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
    let metric = |Family { name, kind, help, samples }: Family| {
        let name = if kind == Kind::Info { format!("{name}_info") } else { name };
        let points = samples.into_iter().map(|Sample { labels, value }| {
            let attributes: Vec<Value> = labels.iter().map(|(key, value)| text(key, value)).collect();
            let time = u128::from(status.now) * 1_000_000_000;
            // It has a sign there.
            let value = value.min(i64::MAX.cast_unsigned());
            json!({ "attributes": attributes, "timeUnixNano": time.to_string(), "asInt": value.to_string() })
        });
        let points: Vec<Value> = points.collect();
        json!({ "name": name, "description": help, "gauge": { "dataPoints": points } })
    };
    let resource = [text("service.name", "contentcheck-rollout"), text("contentcheck.log", &status.log.name)];
    // A metric without a value is none.
    let metrics: Vec<Value> =
        families(status).into_iter().filter(|family| !family.samples.is_empty()).map(metric).collect();
    json!({ "resourceMetrics": [{
        "resource": { "attributes": resource },
        "scopeMetrics": [{
            "scope": { "name": "contentcheck", "version": env!("CARGO_PKG_VERSION") },
            "metrics": metrics,
        }],
    }] })
}

#[derive(Debug, Default)]
struct Next {
    body: Option<Vec<u8>>,
    ends: bool,
}

/// Sends metrics, on a thread that ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Otlp {
    next: Arc<(Mutex<Next>, Condvar)>,
    last: Option<(Instant, Light)>,
}

impl Otlp {
    /// The collector is told among the hooks that did not hear.
    pub(crate) fn new(url: &str, unheard: Unheard) -> std::io::Result<Self> {
        if !is_url(url) {
            return Err(std::io::Error::other(format!(
                "`{url}` is no address of a collector: it begins with http:// or https://"
            )));
        }
        let url = format!("{}{PATH}", url.trim_end_matches('/'));
        let next = Arc::<(Mutex<Next>, Condvar)>::default();
        let of_thread = Arc::clone(&next);
        std::thread::Builder::new().name("otlp".into()).spawn(move || send(&of_thread, &url, &unheard))?;
        Ok(Self { next, last: None })
    }

    /// Sends a status where the last one is old, or its light has changed.
    pub(crate) fn see(&mut self, status: &Status) {
        let is_known = |(at, light): (Instant, Light)| at.elapsed() < EVERY && light == status.light;
        if self.last.is_some_and(is_known) {
            return;
        }
        self.last = Some((Instant::now(), status.light));
        let (next, more) = &*self.next;
        next.lock().unwrap_or_else(PoisonError::into_inner).body = serde_json::to_vec(&body(status)).ok();
        more.notify_one();
    }
}

impl Drop for Otlp {
    fn drop(&mut self) {
        let (next, more) = &*self.next;
        next.lock().unwrap_or_else(PoisonError::into_inner).ends = true;
        more.notify_one();
    }
}

fn send((next, more): &(Mutex<Next>, Condvar), url: &str, unheard: &Unheard) {
    let (client, host) = (Client::new(), host(url));
    let mut failed = false;
    loop {
        let body = {
            let guard = next.lock().unwrap_or_else(PoisonError::into_inner);
            let waited = more.wait_while(guard, |next| next.body.is_none() && !next.ends);
            let mut next = waited.unwrap_or_else(PoisonError::into_inner);
            match next.body.take() {
                _ if next.ends => return,
                Some(body) => body,
                None => continue,
            }
        };
        let why = match client.post(url, "application/json", &body, ANSWER_BYTES) {
            Ok(answer) if (200..300).contains(&answer.status) => None,
            Ok(answer) => Some(format!("it was answered with status {}", answer.status)),
            Err(error) => Some(error.to_string().replace(url, &host)),
        };
        let what = why.map(|why| format!("the collector of metrics {host} did not take them: {why}"));
        if let Some(what) = what.as_ref().filter(|_| !failed) {
            // Said once until it is over; where nobody reads it, the page shows it all the same.
            let _ = writeln!(std::io::stderr(), "{}", line(what));
        }
        failed = what.is_some();
        unheard.set(usize::MAX, what);
    }
}
