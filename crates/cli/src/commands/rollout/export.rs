//! `rollout export`: plans for engines that fleets already run.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use contentcheck_model::diagnostic::{codes, visible};
use contentcheck_project::{files, write};
use contentcheck_rollout::export::{Engine, LOST, NoExport, Options, engine_of, export as plans, group_of};

use super::site::{Site, coded};
use crate::Streams;
use crate::args::{ExportEngine, RolloutExport};
use crate::commands::{read_whole, written};
use crate::exit::{Exit, Failure, Outcome};
use crate::release::talk;

/// The file that says which group of the engine each device is in.
const GROUPS: &str = "groups.txt";
/// Bytes of the longest page that says what is lost.
const LOST_BYTES: usize = 1 << 20;
/// How many files are named that are in the way.
const NAMED: usize = 5;

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

/// Refuses a directory with files that this export does not replace: whoever loads what is there would load them with it, and they are of
/// another engine, another rollout, or somebody's own.
fn is_free(output: &Path, engine: Engine, files: &[(String, String)]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::usage(format!("{}: {}", files::name(output), files::reason(&error)));
    let entries = match fs::read_dir(output) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(failed)?,
    };
    let page = read_whole(&output.join(LOST), LOST_BYTES).ok().and_then(|page| String::from_utf8(page).ok());
    let before = page.as_deref().and_then(engine_of);
    let is_replaced = |name: &OsString| before == Some(engine) && files.iter().any(|(file, _)| *name == **file);
    // No engine is given files whose names begin with a dot.
    let is_hidden = |name: &OsString| name.to_string_lossy().starts_with('.');
    let mut others = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        if !is_replaced(&name) && !is_hidden(&name) {
            others.push(visible(&name.to_string_lossy()).into_owned());
        }
    }
    if others.is_empty() {
        return Ok(());
    }
    others.sort();
    let more = others.len().saturating_sub(NAMED);
    let named: Vec<&str> = others.iter().take(NAMED).map(String::as_str).collect();
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let whose = before
        .filter(|before| *before != engine)
        .map_or_else(String::new, |before| format!(" It has a plan for {}.", before.title()));
    Err(Failure::usage(format!(
        "{}: this directory has what is not of this plan for {}: `{}`{more}.{whose} Whoever loads the plan would load that too, so nothing was written; name \
         another directory, or remove them",
        files::name(output),
        engine.title(),
        named.join("`, `")
    )))
}

pub(super) fn export(directory: &Path, arguments: &RolloutExport, streams: &mut Streams<'_>) -> Outcome {
    let site = Site::open(directory)?;
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
    let engine = arguments.engine.into();
    let mut made = plans(rollout, engine, &options).map_err(|why| match why {
        NoExport::Option { .. } | NoExport::Settings { .. } => Failure::usage(why.to_string()),
        NoExport::Over { .. } => Failure::findings(why.to_string()),
        NoExport::Form(_) => Failure::internal(why.to_string()),
    })?;
    if rollout.salt().is_some() {
        site.roll_of(rollout)?;
        let rolls = site.rolls()?;
        // The list of the plan: devices.roll may have changed since.
        let roll = rolls.of(rollout.census()).ok_or_else(|| Failure::internal("a roll that is here and is not"))?;
        let groups: String = roll
            .devices()
            .iter()
            .filter_map(|device| {
                let group = group_of(rollout, roll, &device.key)?;
                Some(format!("{} {group}\n", contentcheck_log::Hash(device.key)))
            })
            .collect();
        made.files.push((GROUPS.to_owned(), groups));
    }
    is_free(&arguments.output, engine, &made.files)?;
    fs::create_dir_all(&arguments.output)
        .map_err(|error| Failure::usage(format!("{}: {}", files::name(&arguments.output), files::reason(&error))))?;
    // The page that says of which engine the files are comes first: an export that ended halfway can be made again.
    let (page, plan): (Vec<_>, Vec<_>) = made.files.iter().partition(|(name, _)| name == LOST);
    for (name, text) in page.into_iter().chain(plan) {
        write::own(&arguments.output.join(name), text.as_bytes())?;
    }
    for (name, _) in &made.files {
        written(writeln!(streams.out, "{}", files::name(&arguments.output.join(name))))?;
    }
    if rollout.salt().is_none() {
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
