//! `rollout export`: plans for engines that fleets already run.

use std::path::Path;

use contentcheck_model::diagnostic::codes;
use contentcheck_project::{files, write};
use contentcheck_rollout::export::{Engine, LOST, NoExport, Options, export as plans, group_of};

use super::site::{LOG, Site, TOKENS, coded};
use crate::Streams;
use crate::args::{ExportEngine, RolloutExport};
use crate::commands::written;
use crate::exit::{Exit, Failure, Outcome};
use crate::release::talk;

/// The file that says which group of the engine each device is in.
const GROUPS: &str = "groups.txt";

impl From<ExportEngine> for Engine {
    fn from(engine: ExportEngine) -> Self {
        match engine {
            ExportEngine::Mender => Self::Mender,
            ExportEngine::Hawkbit => Self::Hawkbit,
            ExportEngine::AwsIot => Self::AwsIot,
            ExportEngine::Argo => Self::Argo,
        }
    }
}

/// Refuses a directory for the files among what devices and witnesses fetch: they would be handed out with it.
fn is_apart(site: &Site, output: &Path) -> Result<(), Failure> {
    let path = files::plain(output);
    // Of what is not there yet, where it will be.
    let found = path.ancestors().find_map(|above| {
        let there = if above.as_os_str().is_empty() { Path::new(".") } else { above };
        Some((std::fs::canonicalize(there).ok()?, path.strip_prefix(above).ok()?))
    });
    let path = found.map_or_else(|| path.clone(), |(above, rest)| above.join(rest));
    for name in [TOKENS, LOG] {
        if std::fs::canonicalize(site.path(name)).is_ok_and(|place| path.starts_with(place)) {
            return Err(Failure::usage(format!(
                "{}: what is in {} is handed out to devices and witnesses; name another directory",
                files::name(output),
                files::name(&site.path(name))
            )));
        }
    }
    Ok(())
}

pub(super) fn export(directory: &Path, arguments: &RolloutExport, streams: &mut Streams<'_>) -> Outcome {
    let site = Site::open(directory)?;
    is_apart(&site, &arguments.output)?;
    let state = site.state()?;
    let rollout =
        state.newest().ok_or_else(|| Failure::findings(coded(&codes::OUT_OF_TURN, "no rollout was planned yet")))?;
    site.goes_on(&state)?;
    let options = Options {
        artifact: arguments.artifact.clone(),
        distribution_set: arguments.distribution_set,
        region: arguments.region.clone(),
        account: arguments.account.clone(),
        workload: arguments.workload.clone(),
        replicas: arguments.replicas,
        status: arguments.status.clone(),
    };
    let made = plans(rollout, arguments.engine.into(), &options).map_err(|why| match why {
        NoExport::Option { .. } => Failure::usage(why.to_string()),
        NoExport::Over { .. } => Failure::findings(why.to_string()),
        NoExport::Form(_) => Failure::internal(why.to_string()),
    })?;
    std::fs::create_dir_all(&arguments.output)
        .map_err(|error| Failure::usage(format!("{}: {}", files::name(&arguments.output), files::reason(&error))))?;
    for (name, text) in &made.files {
        let path = arguments.output.join(name);
        write::write(&path, text.as_bytes())?;
        written(writeln!(streams.out, "{}", files::name(&path)))?;
    }
    if rollout.salt().is_some() {
        let groups: String = site
            .roll()?
            .devices()
            .iter()
            .filter(|device| !device.held)
            .filter_map(|device| {
                let group = group_of(rollout, &device.key)?;
                Some(format!("{} {group}\n", contentcheck_log::Hash(device.key)))
            })
            .collect();
        let path = arguments.output.join(GROUPS);
        write::write(&path, groups.as_bytes())?;
        written(writeln!(streams.out, "{}", files::name(&path)))?;
    } else {
        talk(streams, "devices are in no ring before the start; export again after it for the groups of devices");
    }
    for missing in &made.missing {
        talk(streams, &format!("to be filled in: {missing}"));
    }
    let lost: Vec<&str> = made.lost.iter().filter_map(|lost| Some(lost.split_once(':')?.0)).collect();
    talk(
        streams,
        &format!(
            "not enforced by this engine: {}; {} says what each means",
            lost.join(", ").to_lowercase(),
            files::name(&arguments.output.join(LOST))
        ),
    );
    Ok(Exit::Fine)
}
