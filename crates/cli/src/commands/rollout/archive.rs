//! Reports of devices, as a collector leaves them: for each rollout a directory with a file for each shard, of records of 8 bytes for the
//! time at which it came and 200 bytes of report.

use std::fs;
use std::path::PathBuf;

use contentcheck_project::files;
use contentcheck_rollout::entry::Evidence;
use contentcheck_rollout::report::REPORT;
use contentcheck_rollout::state::Rollout;
use contentcheck_rollout::witness::Reports;
use contentcheck_rollout::{Id, Received, Roll, State, Tally};

use super::site::Site;

const REPORTS: &str = "reports";

/// The reports of a directory of rollouts.
pub(super) struct Archive {
    directory: PathBuf,
    roll: Roll,
}

impl Archive {
    pub(super) fn new(site: &Site, roll: Roll) -> Self {
        Self { directory: site.path(REPORTS), roll }
    }

    /// What devices reported of a rollout by a time.
    pub(super) fn tally(&self, rollout: &Rollout, until: u64) -> Result<Tally, String> {
        let mut tally = Tally::new(rollout).ok_or("the rollout was not started")?;
        let place = self.directory.join(rollout.id().to_string());
        let said = |error: std::io::Error| format!("{}: {}", files::name(&place), files::reason(&error));
        let mut shards: Vec<PathBuf> = match fs::read_dir(&place) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            entries => entries
                .map_err(said)?
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<Result<_, _>>()
                .map_err(said)?,
        };
        shards.retain(|path| path.extension().is_some_and(|extension| extension == "reports"));
        shards.sort();
        let mut records = Vec::new();
        for (shard, path) in shards.iter().enumerate() {
            let bytes = fs::read(path).map_err(|error| format!("{}: {}", files::name(path), files::reason(&error)))?;
            for (place, record) in bytes.chunks_exact(8 + REPORT).enumerate() {
                let Some((at, report)) = record.split_first_chunk() else { continue };
                records.push((u64::from_le_bytes(*at), shard, place, report.to_vec()));
            }
        }
        records.sort();
        for (at, _, _, report) in records.into_iter().filter(|(at, ..)| *at <= until) {
            if let Some(received) = Received::read(&report, at) {
                tally.add(&self.roll, &report, &received);
            }
        }
        Ok(tally)
    }
}

impl Reports for Archive {
    fn vouch(&self, state: &State, rollout: &Id, evidence: &Evidence) -> Result<(), String> {
        let rollout = state.rollout(rollout).ok_or("the rollout is not known")?;
        if self.roll.census() != rollout.census() {
            return Err("the devices are not those of the census of the plan".to_owned());
        }
        let counted = self.tally(rollout, evidence.until)?.evidence(evidence.ring, evidence.until);
        if counted == *evidence { Ok(()) } else { Err("the reports give other counts".to_owned()) }
    }
}
