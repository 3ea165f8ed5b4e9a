//! What a deep look says of the rules in open files, each by itself: worked out while nobody types, and given up when somebody does.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use contentcheck_analysis::findings::deeper;
use contentcheck_model::diagnostic::Diagnostic;
use contentcheck_model::rule::CheckedRule;
use contentcheck_model::source::Source;
use crossbeam_channel::{Receiver, Sender};

use crate::checker::Told;

/// How long proofs take before the client is told that they go on.
const SHOWN_AFTER: Duration = Duration::from_millis(if cfg!(test) { 0 } else { 300 });

/// The rules of a file of which nothing was proven yet, and what is known of that file.
#[derive(Clone, Debug)]
pub(crate) struct Unproven {
    pub(crate) source: Source,
    pub(crate) rules: Vec<CheckedRule>,
    pub(crate) known: Vec<Diagnostic>,
}

/// What is to be proven of a project.
#[derive(Debug)]
pub(crate) struct Proof {
    pub(crate) root: PathBuf,
    pub(crate) files: Vec<Unproven>,
    /// Set when nobody wants it any more.
    pub(crate) stop: Arc<AtomicBool>,
}

/// What was proven of a text, whatever became of it meanwhile.
#[derive(Debug)]
pub(crate) struct Proven {
    pub(crate) root: PathBuf,
    pub(crate) source: Source,
    pub(crate) found: Vec<Diagnostic>,
}

/// Proves until nobody asks for it any more. The client is told where that takes time, and that it ended.
pub(crate) fn run(asked: &Receiver<Proof>, proven: &Sender<Proven>, told: &Sender<Told>) {
    for Proof { root, files, stop } in asked {
        let (begun, count) = (Instant::now(), files.len());
        let mut is_shown = false;
        for (at, file) in files.into_iter().enumerate() {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            // Where nobody listens any more, nobody asks either.
            if begun.elapsed() >= SHOWN_AFTER {
                let _ = told.send(Told::Proving { done: at, of: count, stop: Arc::clone(&stop) });
                is_shown = true;
            }
            // A fault proves nothing.
            let found = catch_unwind(AssertUnwindSafe(|| one(&file, &stop))).unwrap_or_default();
            if let Some(found) = found {
                let _ = proven.send(Proven { root: root.clone(), source: file.source, found });
            }
        }
        if is_shown {
            let _ = told.send(Told::Proved);
        }
    }
}

fn one(file: &Unproven, stop: &Arc<AtomicBool>) -> Option<Vec<Diagnostic>> {
    let rules: Vec<&CheckedRule> = file.rules.iter().collect();
    let known: Vec<&Diagnostic> = file.known.iter().collect();
    deeper(&rules, &known, stop)
}
