//! Ways back: what devices report of releases that another one has followed. Their rollouts are over, and devices run them still.

use contentcheck_fleet::Recounter;
use contentcheck_log::write::{Directory, SecretKey};
use contentcheck_model::diagnostic::visible;
use contentcheck_rollout::entry::{Evidence, Found, Observed, Statistic, Test};
use contentcheck_rollout::judge::judge;
use contentcheck_rollout::state::Rollout;
use contentcheck_rollout::{Body, Book, Entry, Id, State};

use super::show::ring_name;
use super::site::{Site, Submitted};
use crate::Streams;
use crate::exit::Failure;
use crate::release::talk;

/// How many of them a timer looks at: the two releases before the newest one.
pub(super) const LOOKED_AT: usize = 2;

/// What a look at ways back came to.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// Whether evidence is in the log now that was not.
    pub(super) is_logged: bool,
    /// Whether one is bad by what devices report.
    pub(super) is_bad: bool,
    /// Why one cannot be looked at.
    pub(super) unseen: Option<String>,
}

/// Looks at what devices report of these rollouts by now, and logs what is evidence against one. What cannot be read is told, and is no evidence.
pub(super) fn look(
    site: &Site,
    book: &mut Book<Directory>,
    of: Vec<Id>,
    now: u64,
    signers: &[SecretKey],
    streams: &mut Streams<'_>,
) -> Result<Looked, Failure> {
    let mut looked = Looked::default();
    if of.is_empty() {
        return Ok(looked);
    }
    let reports = site.recounter()?;
    for id in of {
        let Some(rollout) = book.state().rollout(&id).cloned() else { continue };
        let name = name(&rollout);
        let bad = match evidence(book.state(), &reports, &rollout, now) {
            Ok(bad) => bad,
            Err(why) => {
                let why = format!("what devices report of {name} cannot be looked at: {why}");
                talk(streams, &why);
                looked.unseen.get_or_insert(why);
                continue;
            }
        };
        let Some(bad) = bad else { continue };
        looked.is_bad = true;
        talk(streams, &failed(&rollout, &bad));
        let entry = Entry::new(Some((id, rollout.last())), now.max(book.state().time()), Body::Evidence(bad));
        looked.is_logged |= matches!(site.submit(book, entry, signers, now, streams)?, Submitted::Logged(_));
    }
    Ok(looked)
}

/// Ways back that are none by what devices report by now, by their sequences, with what they report. Nothing is said of what cannot be read.
pub(super) fn bad_now(site: &Site, state: &State, now: u64) -> Vec<(u64, String)> {
    let Ok(reports) = site.recounter() else { return Vec::new() };
    let of = state.ways_back().take(LOOKED_AT).filter_map(|rollout| {
        let bad = evidence(state, &reports, rollout, now).ok()??;
        let why = format!("{}; `contentcheck rollout advance` takes that in", failed(rollout, &bad));
        Some((rollout.release().sequence, why))
    });
    of.collect()
}

fn name(rollout: &Rollout) -> String {
    let release = rollout.release();
    format!("`{}` (sequence {})", visible(&release.name), release.sequence)
}

/// What devices report of a release, in a sentence.
fn failed(rollout: &Rollout, bad: &Evidence) -> String {
    let all = bad.strata.iter().fold(Observed::default(), |sum, (_, seen)| sum.and(seen));
    format!(
        "{} of {}: {} of {} devices report that it FAILED, so it is no way back any more",
        ring_name(rollout, bad.ring),
        name(rollout),
        all.reported,
        all.receipts
    )
}

/// Evidence of a ring that says what devices report, and says that the release is bad. Who takes the release that came after is silent, so silence
/// says nothing here.
fn evidence(state: &State, reports: &Recounter, rollout: &Rollout, now: u64) -> Result<Option<Evidence>, String> {
    let Some(until) = reports.settled_by(rollout, now).map_err(|why| why.to_string())? else { return Ok(None) };
    if !reports.may_have_failed(rollout, until).map_err(|why| why.to_string())? {
        return Ok(None);
    }
    for ring in (0_u8..).zip(rollout.opened()).map(|(ring, _)| ring) {
        let evidence = reports.evidence(state, rollout, ring, until).map_err(|why| why.to_string())?;
        let judged = judge(rollout.census(), &rollout.plan().policy, ring, Some(&evidence));
        let tests = judged.map_err(|why| why.to_string())?.verdict.groups.into_iter().flat_map(|(_, tests)| tests);
        let is_of_reports = |test: &Statistic| matches!(test.test, Test::Rate | Test::Failures);
        let mut rejecting = tests.filter(|test| is_of_reports(test) && test.found == Found::Reject);
        if evidence.is_mostly_failures() || rejecting.next().is_some() {
            return Ok(Some(evidence));
        }
    }
    Ok(None)
}
