//! `rollout init` and `rollout key`.

use std::fs;
use std::path::Path;

use contentcheck_fleet::witness::{self, make_key};
use contentcheck_log::Algorithm;
use contentcheck_log::write::{Directory, SecretKey};
use contentcheck_project::{files, write};
use contentcheck_rollout::entry::{Keys, Role, Roles};
use contentcheck_rollout::{Body, Book, Entry, Policy};

use super::keys;
use super::site::{self, DEVICES, KEYS, LOG, POLICY, SETTINGS, UNFINISHED, WITNESSES};
use crate::Streams;
use crate::args::{RolloutInit, RolloutKey};
use crate::commands::written;
use crate::exit::{Exit, Failure, Outcome};
use crate::release::talk;

/// People for each role, where two must sign.
const PEOPLE: u8 = 3;
/// The witnesses that a new directory has.
const WITNESS_NAMES: [&str; 3] = ["one", "two", "three"];

/// What the list of devices begins with.
const DEVICES_TEXT: &str = "# One device a line: 64 digits of its public key, its stratum, its place in a redundancy group such as `group=db-7:1/2`, `behind=1`\n\
     # where it stays a release behind, and `held` where it does not take part.\n\
     # A stratum is a path such as windows/11/7.15: devices that are alike, and are judged on their own where there are enough.\n";

pub(super) fn key(arguments: &RolloutKey, streams: &mut Streams<'_>) -> Outcome {
    let algorithm = if arguments.witness { Algorithm::Cosignature } else { Algorithm::Note };
    let key = keys::make(&arguments.name, algorithm)?;
    // The directory of a witness has its key and what it saw: nothing yet. One that has lost even this does not sign.
    let home = arguments.output.parent().filter(|_| arguments.output.file_name().is_some_and(|name| name == "key"));
    let home = home.filter(|_| arguments.witness);
    if let Some(home) = home {
        fs::create_dir_all(home)
            .map_err(|error| Failure::usage(format!("{}: {}", files::name(home), files::reason(&error))))?;
    }
    keys::keep(&key, &arguments.output)?;
    if let Some(home) = home {
        witness::begin(home).map_err(|why| Failure::usage(why.to_string()))?;
    }
    written(writeln!(streams.out, "{}", key.verifier()))
}

pub(super) fn init(directory: &Path, arguments: &RolloutInit, now: u64, streams: &mut Streams<'_>) -> Outcome {
    if directory.join(SETTINGS).exists() {
        return Err(Failure::usage(format!(
            "{}: there are rollouts in this directory already",
            files::name(&directory.join(SETTINGS))
        )));
    }
    if site::is_unfinished(directory) {
        return Err(Failure::usage(format!("{}: {}", files::name(directory), site::there(directory, site::CUT_OFF))));
    }
    let names = [KEYS, WITNESSES, LOG, SETTINGS, POLICY, DEVICES];
    if let Some(there) = names.iter().map(|name| directory.join(name)).find(|path| path.exists()) {
        let name = files::name(&there);
        return Err(Failure::usage(format!(
            "{name} is there already, and `init` writes over nothing; name another directory by -C"
        )));
    }
    let is_new = !directory.exists();
    site::make_directory(directory)?;
    let unfinished = directory.join(UNFINISHED);
    fs::File::create_new(&unfinished)
        .map_err(|error| Failure::usage(format!("{}: {}", files::name(&unfinished), site::said(&error))))?;
    if let Err(failure) = make(directory, arguments, now) {
        // None of it was there before. What cannot be taken away is named by the failure that comes first.
        for path in names.iter().chain([&UNFINISHED]).map(|name| directory.join(name)) {
            let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        }
        if is_new {
            let _ = fs::remove_dir(directory);
        }
        return Err(failure);
    }
    let name = files::name(directory);
    talk(
        streams,
        &format!("{name}: a log, a policy and settings; {LOG}/ and tokens/ are what devices and witnesses read"),
    );
    talk(
        streams,
        &site::there(
            directory,
            &format!(
                "{KEYS}/ and {WITNESSES}/ have the keys of everybody, which is fit for a trial; for real, each person and each witness \
                 makes a key where it will be used (`contentcheck rollout key NAME -o FILE`, for a witness with --witness), and nobody \
                 keeps those of others"
            ),
        ),
    );
    talk(
        streams,
        &site::there(
            directory,
            &format!(
                "next: put the devices into {}, one line each, and run `contentcheck rollout plan IMAGE --dry-run`",
                files::name(&directory.join(DEVICES))
            ),
        ),
    );
    Ok(Exit::Fine)
}

/// Writes what a directory of rollouts has at first. Its settings have another name before all is there: whoever ends too early leaves that.
fn make(directory: &Path, arguments: &RolloutInit, now: u64) -> Result<(), Failure> {
    let (made, unfinished) = (directory.join(KEYS), directory.join(UNFINISHED));
    let log = keys::make(&arguments.log, Algorithm::Note)?;
    site::make_directory(&made)?;
    keys::keep(&log, &made.join("log.key"))?;
    let mut holders = Vec::new();
    for role in Role::ALL {
        let count = if role == Role::Collect { 1 } else { PEOPLE };
        for number in 1..=count {
            let key = keys::make(&format!("{}-{number}", role.name()), Algorithm::Note)?;
            keys::keep(&key, &made.join(format!("{}-{number}.key", role.name())))?;
            holders.push((role, key));
        }
    }
    let mut witnesses = Vec::new();
    for name in WITNESS_NAMES {
        let place = directory.join(WITNESSES).join(name);
        let key = make_key(&place, &format!("{}/witness-{name}", arguments.log))
            .map_err(|why| Failure::usage(why.to_string()))?;
        witnesses.push((name, key));
    }
    let entry = first_entry(&log, &holders, &witnesses, now)?;
    let settings = settings_text(&log, &witnesses);
    let place = directory.join(LOG);
    let storage = Directory::open(&place)
        .map_err(|error| Failure::usage(format!("{}: {}", files::name(&place), site::said(&error))))?;
    let mut book = Book::begin(storage, log).map_err(site::failed)?;
    book.append(&[&entry.to_bytes()]).map_err(site::failed)?;
    let policy = if arguments.small { Policy::SMALL } else { Policy::STANDARD };
    write::write(&directory.join(POLICY), policy.as_bytes())?;
    write::write(&directory.join(DEVICES), DEVICES_TEXT.as_bytes())?;
    write::write(&unfinished, settings.as_bytes())?;
    let settings = directory.join(SETTINGS);
    fs::rename(&unfinished, &settings)
        .map_err(|error| Failure::usage(format!("{}: {}", files::name(&settings), site::said(&error))))?;
    // As of other files: that its name outlives a crash is a matter of the file system.
    let _ = fs::File::open(directory).and_then(|directory| directory.sync_all());
    Ok(())
}

fn first_entry(
    log: &SecretKey,
    holders: &[(Role, SecretKey)],
    witnesses: &[(&str, String)],
    now: u64,
) -> Result<Entry, Failure> {
    let of = |role: Role| {
        let mut keys: Vec<[u8; 32]> =
            holders.iter().filter(|(held, _)| *held == role).map(|(_, key)| key.public()).collect();
        keys.sort_unstable();
        Roles { needed: role.needed().0, keys }
    };
    let keys = Keys { version: 1, roles: Role::ALL.map(of), trust: trust_text(log, witnesses) };
    let mut entry = Entry::new(None, now, Body::Keys(keys));
    for (_, key) in holders.iter().filter(|(role, _)| *role == Role::Root) {
        entry.sign(log.name(), key);
    }
    Ok(entry)
}

/// The policy of the log and its witnesses, as sensors have it built in.
fn trust_text(log: &SecretKey, witnesses: &[(&str, String)]) -> String {
    let mut text = format!("log {}\n", log.verifier());
    for (name, key) in witnesses {
        text += &format!("witness {name} {key}\n");
    }
    let names: Vec<&str> = witnesses.iter().map(|(name, _)| *name).collect();
    text + &format!("group quorum-of-them 2 {}\nquorum quorum-of-them\n", names.join(" "))
}

fn settings_text(log: &SecretKey, witnesses: &[(&str, String)]) -> String {
    let mut text = format!(
        "# Rollouts. Who holds which role is in the log; here is where things are.\n\n\
         # The public key of the log.\nlog = \"{}\"\n",
        log.verifier()
    );
    for (name, key) in witnesses {
        text += &format!(
            "\n[[witness]]\nname = \"{name}\"\nkey = \"{key}\"\n# A witness on this machine. For one of somebody else: url = \"http://...\"\n\
             directory = \"{WITNESSES}/{name}\"\n"
        );
    }
    text
}
