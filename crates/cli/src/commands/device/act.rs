//! `device offer`, `simulate-crash` and `seal`: a store is opened as its sensor opens it, and what follows is shown.

use std::fs;
use std::path::{Path, PathBuf};

use contentcheck_compiler::sensor::Supplied;
use contentcheck_interpreter::Manifest;
use contentcheck_model::diagnostic::{codes, visible};
use contentcheck_project::{files, fleet};
use contentcheck_sensor::{
    Authority as _, Config, Digest, Directory, ENVELOPE_BYTES, Files, Inspection, Keyring, Memory, Purpose, Role, Root,
    Rung, Store, System, Unsealed,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{json, written};
use crate::Streams;
use crate::args::{DeviceCrash, DeviceEnd, DeviceFormat, DeviceOffer, DeviceSeal, DeviceSensor};
use crate::commands::{IMAGE_BYTES, read_whole};
use crate::exit::{Exit, Failure, Outcome};
use crate::release::talk;

/// Bytes of the largest root, policy or token that is read.
const SMALL_BYTES: usize = 1 << 20;
/// Where systemd leaves how the sensor ended, in the directory of the store.
const ENDED: &str = "ended";

/// What `device offer --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OfferReport {
    /// Whether the device took it.
    pub taken: bool,
    /// The sequence of its release, where it was taken.
    pub sequence: Option<u64>,
    /// The code of the refusal.
    pub code: Option<String>,
    /// Why it was refused.
    pub why: Option<String>,
    /// Whether the same offer may be taken later.
    pub may_be_taken_later: bool,
}

/// What `device simulate-crash --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DrillReport {
    /// Whether the directory itself was changed.
    pub in_place: bool,
    /// Each start of the sensor, the last of which is the one after the drill.
    pub starts: Vec<DrillStart>,
}

/// A start of the sensor in a drill.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DrillStart {
    /// What runs: `candidate`, `good`, `earlier`, `factory` or `nothing`.
    pub runs: String,
    /// The sequence of its release.
    pub sequence: Option<u64>,
    /// What was decided, and why.
    pub decided: Vec<String>,
}

/// What `device seal --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SealReport {
    /// The sequence that machines begin with; null: with what is built into the sensor.
    pub begins_with: Option<u64>,
    /// Machines take higher sequences only.
    pub floor: u64,
}

/// As which sensor a store is opened.
pub(super) struct As {
    config: Config,
    keyring: Keyring,
}

fn text(path: &Path) -> Result<String, Failure> {
    String::from_utf8(read_whole(path, SMALL_BYTES)?)
        .map_err(|_| Failure::usage(format!("{}: this is not UTF-8", files::name(path))))
}

/// What a sensor has built in for as long as it runs, and so has this process: each of it is made once.
pub(crate) fn built_in<T: ?Sized>(value: Box<T>) -> &'static T {
    Box::leak(value)
}

/// The manifest of a sensor, as the sensor has it built in.
pub(crate) fn manifest(selector: &str) -> Result<&'static Manifest<'static>, Failure> {
    let mut sensors = fleet::sensors(&[selector.to_owned()], Path::new(""))?;
    let (Some(sensor), true) = (sensors.pop(), sensors.is_empty()) else {
        return Err(Failure::usage(format!("--sensor {selector} does not mean exactly one sensor")));
    };
    let supplied = built_in(Box::new(Supplied::of_sensor(built_in(Box::new(sensor)))));
    let supplies = built_in(supplied.supplies().into_boxed_slice());
    Ok(built_in(Box::new(supplied.manifest(supplies))))
}

impl As {
    pub(super) fn read(arguments: &DeviceSensor, directory: &Path, streams: &mut Streams<'_>) -> Result<Self, Failure> {
        let manifest = manifest(&arguments.sensor)?;
        let root = text(&arguments.root)?;
        let root = Root::read(&root).map_err(|why| {
            let ends = match (root.contains('\r'), root.ends_with('\n')) {
                (true, _) => {
                    "; its lines end with a carriage return and a line feed, and those of a root with a line feed alone"
                }
                (false, false) => "; its last line has no line feed, and that of a root has one",
                (false, true) => "",
            };
            Failure::usage(format!("{}: this is not a root: {why}{ends}", files::name(&arguments.root)))
        })?;
        let log = arguments.log.as_deref().map(text).transpose()?;
        let factory = arguments.factory.as_deref().map(|path| read_whole(path, IMAGE_BYTES)).transpose()?;
        let found = Inspection::read(&mut Files::new(directory), &Keyring::has_form);
        match (&log, found.state.log) {
            (None, Some(seen)) => {
                return Err(Failure::usage(format!(
                    "{}: its sensor asks a log that has opened content, and knows {} entries of it: name its policy with --log",
                    files::name(directory),
                    seen.size
                )));
            }
            (None, None) => talk(streams, "no --log: content is taken here as by a sensor that asks no log"),
            (Some(_), _) => {}
        }
        // The build that is recorded: this program is no other build of the sensor, and clears no crash of it.
        let build = match found.memory {
            Memory::Whole | Memory::OneCopy => found.state.build,
            Memory::Fresh | Memory::Lost(_) | Memory::Unreadable(_) => Digest::of(manifest.version.as_bytes()),
        };
        let config = Config {
            factory: factory.map(|bytes| built_in(bytes.into_boxed_slice())),
            log: log.map(|log| built_in(log.into_boxed_str())),
            // This program is not the one that knows better which device this is.
            member: found.state.member,
            behind: found.state.behind,
            ..Config::new(manifest, build, 0)
        };
        Ok(Self { config, keyring: Keyring::new(root, manifest) })
    }

    /// Whether keys of the root signed an image or a kill list that is kept.
    pub(super) fn signs(&self, store: &Path, part: Directory, envelope: &[u8], digest: Digest) -> bool {
        match part {
            Directory::Kills => fs::read(store.join(part.path()).join(digest.to_string()))
                .is_ok_and(|list| self.keyring.kill_list(&list, envelope, Purpose::Run).is_ok()),
            _ => self.keyring.claim(envelope, Purpose::Run).is_ok_and(|claim| claim.content.digest == digest),
        }
    }

    pub(super) fn open(&self, directory: &Path) -> Store<Files, System, Keyring> {
        Store::open(self.config, Files::new(directory), System::new(directory.join(ENDED)), self.keyring.clone())
    }
}

pub(super) fn offer(arguments: &DeviceOffer, streams: &mut Streams<'_>) -> Outcome {
    let image = read_whole(&arguments.image, IMAGE_BYTES)?;
    let envelope = read_whole(&arguments.envelope, ENVELOPE_BYTES)?;
    let token = arguments.token.as_deref().map(|path| read_whole(path, SMALL_BYTES)).transpose()?;
    let sensor = As::read(&arguments.sensor, &arguments.directory, streams)?;
    let is_new = !arguments.directory.exists();
    let is_foreign =
        matches!(Inspection::read(&mut Files::new(&arguments.directory), &Keyring::has_form).memory, Memory::Fresh)
            && fs::read_dir(&arguments.directory).is_ok_and(|mut entries| entries.next().is_some());
    let mut store = sensor.open(&arguments.directory);
    let outcome = match &token {
        Some(token) => store.offer_opened(&image, &envelope, token),
        None => store.offer(&image, &envelope),
    };
    let hold = store.state().hold;
    // It was not run here, so its try is given back.
    store.stop();
    let name = files::name(&arguments.directory);
    if is_new {
        talk(streams, &format!("note: {name} was not there; it is made"));
    } else if is_foreign {
        talk(
            streams,
            &format!("note: {name} had other files and nothing of a sensor; what a sensor keeps is beside them now"),
        );
    }
    let exit = if outcome.is_ok() { Exit::Fine } else { Exit::Findings };
    if arguments.format == DeviceFormat::Json {
        let refusal = outcome.as_ref().err();
        json(
            &OfferReport {
                taken: outcome.is_ok(),
                sequence: outcome.as_ref().ok().map(|content| content.sequence.0),
                code: refusal.map(|refusal| refusal.code().to_owned()),
                why: refusal.map(ToString::to_string),
                may_be_taken_later: refusal.is_some_and(|refusal| refusal.is_for_now()),
            },
            streams,
        )?;
        return Ok(exit);
    }
    match outcome {
        Ok(content) => {
            written(writeln!(streams.out, "taken: sequence {} ({})", content.sequence, content.digest))?;
            let when = match hold {
                0 => "when it starts".to_owned(),
                hours => {
                    format!("once it has run for {hours} more hours, since it crashed with all content that it had")
                }
            };
            talk(streams, &format!("the sensor tries it {when}; `contentcheck device status` shows how that goes"));
        }
        Err(refusal) => {
            written(writeln!(streams.out, "refused [{}]: {}", refusal.code(), visible(&refusal.to_string())))?;
            if let Some(code) = codes::find(refusal.code()) {
                talk(streams, &format!("remedy: {}", code.cure));
            }
        }
    }
    Ok(exit)
}

impl DeviceEnd {
    /// What systemd would have left, as `ExecStopPost=` hands it over.
    const fn words(self) -> Option<&'static str> {
        match self {
            Self::Crashed => Some("core-dump dumped SEGV\n"),
            Self::Hung => Some("watchdog killed ABRT\n"),
            Self::Killed => Some("signal killed KILL\n"),
            Self::OutOfMemory => Some("oom-kill killed KILL\n"),
            Self::Unexplained => None,
        }
    }
}

/// A copy of a store that is gone when the drill is over.
struct Copy(PathBuf);

impl Drop for Copy {
    fn drop(&mut self) {
        // What is left is in the system's directory for such.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn copied(directory: &Path, place: PathBuf) -> Result<Copy, Failure> {
    let failed = |path: &Path, error: &std::io::Error| {
        Failure::usage(format!("{}: {}", files::name(path), files::reason(error)))
    };
    // One that is there is somebody else's: it is not a copy, and is not removed as one.
    fs::create_dir(&place).map_err(|error| failed(&place, &error))?;
    let copy = Copy(place);
    for part in Directory::ALL {
        let (from, to) = (directory.join(part.path()), copy.0.join(part.path()));
        if part != Directory::Root {
            fs::create_dir(&to).map_err(|error| failed(&to, &error))?;
        }
        let entries = match fs::read_dir(&from) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            entries => entries.map_err(|error| failed(&from, &error))?,
        };
        for entry in entries {
            let entry = entry.map_err(|error| failed(&from, &error))?;
            // Links and pipes are not the store's.
            if entry.file_type().is_ok_and(|kind| kind.is_file()) {
                fs::copy(entry.path(), to.join(entry.file_name())).map_err(|error| failed(&entry.path(), &error))?;
            }
        }
    }
    Ok(copy)
}

pub(super) fn simulate_crash(arguments: &DeviceCrash, streams: &mut Streams<'_>) -> Outcome {
    if !arguments.directory.is_dir() {
        return Err(Failure::usage(format!("{}: this is not a directory", files::name(&arguments.directory))));
    }
    let place = std::env::temp_dir().join(format!("contentcheck-drill-{}", std::process::id()));
    let copy = if arguments.in_place { None } else { Some(copied(&arguments.directory, place)?) };
    let directory = copy.as_ref().map_or(arguments.directory.as_path(), |copy| &copy.0);
    let sensor = As::read(&arguments.sensor, directory, streams)?;
    let mut starts = Vec::new();
    // Lines that were there before are not of this drill.
    let known = Inspection::read(&mut Files::new(directory), &Keyring::has_form);
    let mut known = known.records.last().map_or(0, |record| record.number);
    for run in 0..=arguments.times {
        let mut store = sensor.open(directory);
        if store.role() == Role::Guest {
            return Err(Failure::usage(format!(
                "{}: a sensor has this directory; stop it, or leave --in-place out",
                files::name(&arguments.directory)
            )));
        }
        let status = store.status();
        let sequence = status.running.map(|content| content.sequence);
        starts.push(DrillStart { runs: status.rung.as_str().to_owned(), sequence, decided: decided(&store, known) });
        known = store.evidence().last().map_or(known, |record| record.number);
        if run == arguments.times {
            store.stop();
        } else {
            drop(store);
            let ended = directory.join(ENDED);
            if let Some(words) = arguments.end.words() {
                contentcheck_project::write::write(&ended, words.as_bytes())?;
            }
        }
    }
    if arguments.format == DeviceFormat::Json {
        return json(&DrillReport { in_place: arguments.in_place, starts }, streams);
    }
    for (at, start) in starts.iter().enumerate() {
        let sequence = start.sequence.map(|sequence| format!(", sequence {sequence}")).unwrap_or_default();
        written(writeln!(streams.out, "start {}: {}{sequence}", at + 1, start.runs))?;
        for line in &start.decided {
            written(writeln!(streams.out, "  {}", visible(line)))?;
        }
    }
    if !arguments.in_place {
        talk(streams, "this was a drill on a copy; the device is as it was");
    }
    Ok(Exit::Fine)
}

/// What was decided when a store was opened: the lines behind those that were known, to the one that says what runs now. None where the same
/// goes on and nothing was decided.
fn decided(store: &Store<Files, System, Keyring>, known: u64) -> Vec<String> {
    let new = store.evidence().filter(|record| record.number > known);
    let mut lines: Vec<String> = new.map(|record| record.what.clone()).collect();
    if let Some(end) = lines.iter().rposition(|line| line.ends_with(" runs")) {
        lines.truncate(end.saturating_add(1));
    }
    lines
}

pub(super) fn seal(arguments: &DeviceSeal, streams: &mut Streams<'_>) -> Outcome {
    if !arguments.directory.is_dir() {
        return Err(Failure::usage(format!("{}: this is not a directory", files::name(&arguments.directory))));
    }
    // What is no directory of a sensor stays as it is: whoever seals makes a lock there first.
    let found = Inspection::read(&mut Files::new(&arguments.directory), &Keyring::has_form);
    if matches!(found.memory, Memory::Fresh) {
        let name = files::name(&arguments.directory);
        return Err(Failure::usage(format!("{name}: {}", Unsealed::Fresh)));
    }
    let sealed = contentcheck_sensor::seal(&mut Files::new(&arguments.directory), !arguments.without_content);
    let state = sealed.map_err(|why| {
        let message = format!("{}: {why}", files::name(&arguments.directory));
        if matches!(why, Unsealed::Disk(_)) { Failure::internal(message) } else { Failure::usage(message) }
    })?;
    // How a run of this machine ended is nobody else's.
    match fs::remove_file(arguments.directory.join(ENDED)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Failure::internal(format!("{ENDED}: {}", files::reason(&error))));
        }
        _ => {}
    }
    let begins_with = state.content(Rung::Good).map(|content| content.sequence.0);
    if arguments.format == DeviceFormat::Json {
        return json(&SealReport { begins_with, floor: state.floor.0 }, streams);
    }
    let begin = begins_with.map_or_else(|| "what is built into the sensor".to_owned(), |one| format!("sequence {one}"));
    written(writeln!(streams.out, "sealed: machines begin with {begin}, and take what is above {}", state.floor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_takes_and_removes_nothing_that_is_somebody_elses() {
        let root = std::env::temp_dir().join(format!("contentcheck-copied-{}", std::process::id()));
        let (store, place) = (root.join("store"), root.join("place"));
        fs::create_dir_all(store.join("images")).expect("a store");
        fs::write(store.join("images/x"), "image").expect("an image");
        fs::create_dir(&place).expect("a directory");
        fs::write(place.join("kept"), "").expect("a file");
        assert!(copied(&store, place.clone()).is_err());
        assert!(place.join("kept").exists(), "what was there is gone");
        fs::remove_dir_all(&place).expect("the directory");
        let Ok(copy) = copied(&store, place.clone()) else { panic!("no copy") };
        assert_eq!(fs::read(place.join("images/x")).ok().as_deref(), Some(&b"image"[..]));
        drop(copy);
        assert!(!place.exists() && store.join("images/x").exists());
        fs::remove_dir_all(root).expect("the directory");
    }
}
