//! Places that are the rollouts' own: what commands put out goes to none of them.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Component, Path, PathBuf};

use contentcheck_project::files;

use super::hold::STOPPED;
use super::site::{
    DEVICES, DRAFTS, KEYS, LOG, PLANS, POLICY, PROOFS, REPORTS, ROLLS, SETTINGS, Site, TOKENS, WITNESSES,
};
use crate::args::RolloutCommand;
use crate::exit::Failure;

/// What a directory of rollouts has, and what becomes of a file that somebody puts there.
const OWN: [(&str, &str); 13] = [
    (SETTINGS, "it has their settings"),
    (POLICY, "plans follow it"),
    (DEVICES, "it lists the devices"),
    (LOG, "what is there is handed out to devices and witnesses"),
    (TOKENS, "what is there is handed out to devices"),
    (PROOFS, "it keeps the proofs that rings were opened"),
    (REPORTS, "what is there is counted as evidence"),
    (ROLLS, "what is there is read as lists of devices"),
    (KEYS, HAS_KEYS),
    (WITNESSES, HAS_KEYS),
    (DRAFTS, "what is there waits for signatures"),
    (PLANS, "it keeps what witnesses signed for each plan"),
    (STOPPED, "a file there holds every rollout"),
];
const HAS_KEYS: &str = "people and witnesses keep their keys there";
/// Links that are followed on the way to a file.
const LINKS: usize = 40;

/// Refuses a command that would put something among what is the rollouts' own: of the directory that it works in, or of any other one.
pub(super) fn is_apart(directory: &Path, command: &RolloutCommand) -> Result<(), Failure> {
    let (output, is_key) = match command {
        RolloutCommand::Export(arguments) => (Some(arguments.output.as_path()), false),
        RolloutCommand::Report(arguments) => (arguments.output.as_deref(), false),
        RolloutCommand::Simulate(arguments) => (arguments.output.as_deref(), false),
        RolloutCommand::Demo(arguments) => (arguments.stage.as_deref(), false),
        RolloutCommand::Init(_) => (Some(directory), false),
        RolloutCommand::Key(arguments) => (Some(arguments.output.as_path()), true),
        RolloutCommand::Plan(_)
        | RolloutCommand::Start
        | RolloutCommand::Advance(_)
        | RolloutCommand::Status(_)
        | RolloutCommand::Explain(_)
        | RolloutCommand::Halt(_)
        | RolloutCommand::Resume(_)
        | RolloutCommand::Revert(_)
        | RolloutCommand::Pin(_)
        | RolloutCommand::Sign(_)
        | RolloutCommand::Keys(_)
        | RolloutCommand::Collect(_)
        | RolloutCommand::Witness(_)
        | RolloutCommand::Serve(_)
        | RolloutCommand::Drill(_) => (None, false),
    };
    let Some(output) = output else { return Ok(()) };
    let walked = Walk::to(output);
    let here = has_rollouts(directory).then(|| Walk::to(directory).place);
    for home in walked.homes.iter().chain(&here) {
        let own = OWN.iter().map(|(name, why)| (home.join(name), *why));
        let of_witnesses = Site::homes(home).into_iter().map(|directory| (directory, HAS_KEYS));
        for (own, why) in own.chain(of_witnesses) {
            // A key is made where it will be used.
            if (is_key && why == HAS_KEYS) || !is_below(&walked.place, home, &own) {
                continue;
            }
            return Err(Failure::usage(format!(
                "{}: {} is the rollouts' own, and {why}; name another place",
                files::name(output),
                files::name(&files::short(own))
            )));
        }
    }
    Ok(())
}

/// Whether a directory has rollouts, whatever state they are in.
fn has_rollouts(directory: &Path) -> bool {
    fs::symlink_metadata(directory.join(SETTINGS)).is_ok()
}

/// Whether a place is in one of the rollouts' own. Some file systems have no cases: `Stopped` holds as `stopped` does there.
fn is_below(place: &Path, home: &Path, own: &Path) -> bool {
    let first = |path: &Path| path.strip_prefix(home).ok()?.components().next().map(|part| part.as_os_str().to_owned());
    let is_same = |(one, other): (OsString, OsString)| one.eq_ignore_ascii_case(&other);
    let is_named = own.parent() == Some(home) && first(place).zip(first(own)).is_some_and(is_same);
    // The place may be reached by another way than through the directory of the rollouts, where that has a link.
    is_named || place.starts_with(Walk::to(own).place)
}

/// The way to a place, from link to link: what is not there yet has no other one.
struct Walk {
    place: PathBuf,
    /// Directories of rollouts that it goes through.
    homes: Vec<PathBuf>,
}

impl Walk {
    fn to(path: &Path) -> Self {
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let mut walk = Self { place: PathBuf::new(), homes: Vec::new() };
        let mut ahead: VecDeque<OsString> = parts(&whole).collect();
        let mut links = 0;
        while let Some(part) = ahead.pop_front() {
            match Path::new(&part).components().next() {
                Some(Component::Normal(name)) => walk.enter(name, &mut ahead, &mut links),
                Some(Component::ParentDir) => drop(walk.place.pop()),
                Some(Component::CurDir) | None => {}
                // A root takes the place of all before it.
                Some(Component::RootDir | Component::Prefix(_)) => walk.place.push(part),
            }
        }
        walk
    }

    fn enter(&mut self, name: &OsStr, ahead: &mut VecDeque<OsString>, links: &mut usize) {
        if has_rollouts(&self.place) && !self.homes.contains(&self.place) {
            self.homes.push(self.place.clone());
        }
        let next = self.place.join(name);
        match fs::read_link(&next) {
            Ok(target) if *links < LINKS => {
                *links += 1;
                for part in parts(&target).rev() {
                    ahead.push_front(part);
                }
            }
            _ => self.place = next,
        }
    }
}

fn parts(path: &Path) -> impl DoubleEndedIterator<Item = OsString> {
    path.components().map(|part| part.as_os_str().to_owned())
}
