//! Words that several formats use.

use contentcheck_gate::evidence::{ChangeKind, Evidence, Status, Verdict};

/// The word for a change.
pub(super) const fn kind(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "added",
        ChangeKind::Removed => "removed",
        ChangeKind::Rewritten => "rewritten, means the same",
        ChangeKind::Wider => "wider",
        ChangeKind::Narrower => "narrower",
        ChangeKind::Different => "different",
        ChangeKind::Unknown => "differs, not known in what",
    }
}

/// The word for how a check ended.
pub(super) const fn word(status: Status) -> &'static str {
    match status {
        Status::Passed => "passed",
        Status::Failed => "failed",
        Status::Skipped => "skipped",
    }
}

/// What the release is called, with its sequence number.
pub(super) fn title(evidence: &Evidence) -> String {
    let release = &evidence.release;
    let name = release.name.as_deref().unwrap_or("release");
    release.sequence.map_or_else(|| name.to_owned(), |sequence| format!("{name}, sequence {sequence}"))
}

/// One line: whether the release ships.
pub(super) fn verdict(evidence: &Evidence) -> String {
    let failed = evidence.checks.iter().filter(|check| check.status == Status::Failed).count();
    let skipped = evidence.skipped().count();
    match evidence.verdict {
        Verdict::Passed if skipped == 0 => "the release passes".to_owned(),
        Verdict::Passed => "the release passes what was checked".to_owned(),
        Verdict::Failed => {
            format!("the release does not ship: {failed} {} failed", if failed == 1 { "check" } else { "checks" })
        }
    }
}
