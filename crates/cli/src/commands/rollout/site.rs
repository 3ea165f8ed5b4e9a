//! The directory of rollouts: settings, the log, keys, and the witnesses that are asked.
//!
//! | what | who reads it |
//! | --- | --- |
//! | `rollout.toml`, `policy.toml`, `devices.jsonl` | whoever plans |
//! | `log/`, `tokens/` | everybody: devices, witnesses, auditors |
//! | `reports/` | who makes evidence, and witnesses |
//! | `keys/`, `witnesses/` | their owners |
//! | `drafts/` | whose signatures are missing |

use std::fs;
use std::path::{Path, PathBuf};

use contentcheck_log::write::{Directory, ReadOnly, SecretKey};
use contentcheck_log::{Hash, VerifierKey};
use contentcheck_model::diagnostic::codes::{self, Code};
use contentcheck_project::{files, write};
use contentcheck_rollout::census::Device;
use contentcheck_rollout::state::Check;
use contentcheck_rollout::witness::Reports;
use contentcheck_rollout::{Body, Book, Cosigner, Entry, Id, NoBook, Policy, Refusal, Roll, State};
use serde::Deserialize;

use super::keys;
use crate::Streams;
use crate::commands::read_whole;
use crate::exit::Failure;
use crate::release::talk;

pub(super) const SETTINGS: &str = "rollout.toml";
pub(super) const POLICY: &str = "policy.toml";
pub(super) const DEVICES: &str = "devices.jsonl";
pub(super) const LOG: &str = "log";
pub(super) const TOKENS: &str = "tokens";
pub(super) const KEYS: &str = "keys";
pub(super) const WITNESSES: &str = "witnesses";
pub(super) const DRAFTS: &str = "drafts";
pub(super) const WITNESS_KEY: &str = "witness.key";
const SETTINGS_BYTES: usize = 1 << 20;
/// Bytes of the largest list of devices: ten million lines.
const DEVICES_BYTES: usize = 2 << 30;
const DRAFT_BYTES: usize = 64 << 10;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The public key of the log.
    log: String,
    #[serde(default)]
    witness: Vec<WitnessSettings>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WitnessSettings {
    name: String,
    key: String,
    directory: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeviceLine {
    key: String,
    stratum: String,
    #[serde(default)]
    held: bool,
}

/// The directory of rollouts.
pub(super) struct Site {
    directory: PathBuf,
    settings: Settings,
}

/// What became of an entry.
pub(super) enum Submitted {
    /// It is in the log.
    Logged(Hash),
    /// It waits for signatures, in a file that people were told of.
    Waiting,
}

/// A refusal as people see it, with its code.
pub(super) fn failed(why: NoBook) -> Failure {
    let code = match &why {
        NoBook::Refused(refusal) => code_of(refusal),
        NoBook::Witness(_) | NoBook::Unsigned(_) => &codes::WITNESS_REFUSES,
        NoBook::Log(_) | NoBook::Key | NoBook::Broken { .. } => &codes::LOG_BROKEN,
    };
    let failure = if matches!(why, NoBook::Refused(_)) { Failure::findings } else { Failure::usage };
    failure(coded(code, &why.to_string()))
}

/// A message with its code and what to do about it.
pub(super) fn coded(code: &Code, message: &str) -> String {
    format!("[{}] {message}\n  remedy: {}", code.id, code.cure)
}

/// The code of a refusal.
pub(super) fn code_of(refusal: &Refusal) -> &'static Code {
    match refusal {
        Refusal::TooSmall(_) => &codes::RING_TOO_SMALL,
        Refusal::Signatures { .. } => &codes::SIGNATURES_MISSING,
        Refusal::Checkpoint(_) | Refusal::Broken(Check::Salt | Check::Witnesses) => &codes::WITNESS_REFUSES,
        Refusal::Broken(Check::VerdictAccepts | Check::Bake | Check::EvidenceFresh | Check::Blackout) => {
            &codes::RING_NOT_READY
        }
        Refusal::Form | Refusal::Unknown | Refusal::Broken(_) => &codes::OUT_OF_TURN,
    }
}

/// What an error of the file system says.
pub(super) fn said(error: &std::io::Error) -> String {
    files::reason(error)
}

/// Whoever plans or halts has no reports at hand; the witness asks for them where there is evidence.
pub(super) struct NoReports;

impl Reports for NoReports {
    fn vouch(&self, _: &State, _: &Id, _: &contentcheck_rollout::entry::Evidence) -> Result<(), String> {
        Ok(())
    }
}

impl Site {
    pub(super) fn open(directory: &Path) -> Result<Self, Failure> {
        let path = directory.join(SETTINGS);
        if !path.is_file() {
            return Err(Failure::usage(format!(
                "{}: there is no {SETTINGS} here; `contentcheck rollout init --log NAME` begins, and -C names another directory",
                files::name(directory)
            )));
        }
        let text = text(&path, SETTINGS_BYTES)?;
        let settings: Settings =
            toml::from_str(&text).map_err(|error| Failure::usage(format!("{}: {error}", files::name(&path))))?;
        let site = Self { directory: directory.to_owned(), settings };
        site.log_key()?;
        for witness in &site.settings.witness {
            VerifierKey::read(&witness.key)
                .map_err(|why| Failure::usage(format!("{SETTINGS}: the key of witness `{}`: {why}", witness.name)))?;
        }
        Ok(site)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn log_key(&self) -> Result<VerifierKey<'_>, Failure> {
        VerifierKey::read(&self.settings.log)
            .map_err(|why| Failure::usage(format!("{SETTINGS}: the key of the log: {why}")))
    }

    /// What follows from the log, for who only reads.
    pub(super) fn state(&self) -> Result<State, Failure> {
        contentcheck_rollout::book::read(ReadOnly::new(self.path(LOG)), &self.log_key()?).map_err(failed)
    }

    /// The log, to be written.
    pub(super) fn book(&self) -> Result<Book<Directory>, Failure> {
        let key = keys::read(&self.path(KEYS).join("log.key"))?;
        if key.verifier() != self.settings.log {
            return Err(Failure::usage(format!("{KEYS}/log.key is not the key of the log that {SETTINGS} names")));
        }
        let storage = Directory::open(self.path(LOG))
            .map_err(|error| Failure::usage(format!("{}: {}", files::name(&self.path(LOG)), said(&error))))?;
        Book::open(storage, key).map_err(failed)
    }

    pub(super) fn policy(&self) -> Result<Policy, Failure> {
        let path = self.path(POLICY);
        let text = text(&path, contentcheck_rollout::policy::POLICY_BYTES)?;
        Policy::read(&text)
            .map_err(|why| Failure::usage(coded(&codes::POLICY_REFUSED, &format!("{}: {why}", files::name(&path)))))
    }

    /// The devices, as the file names them.
    pub(super) fn devices(&self) -> Result<Vec<Device>, Failure> {
        let path = self.path(DEVICES);
        let name = files::name(&path);
        let text = text(&path, DEVICES_BYTES)?;
        let mut devices = Vec::new();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let wrong = |why: &dyn std::fmt::Display| Failure::usage(format!("{name}:{}: {why}", number + 1));
            let device: DeviceLine = serde_json::from_str(line).map_err(|error| wrong(&error))?;
            let key = hash(&device.key)
                .ok_or_else(|| wrong(&"`key` is the public key of the device, 64 hexadecimal digits in lower case"))?;
            devices.push(Device { key: key.0, stratum: device.stratum, held: device.held });
        }
        if devices.is_empty() {
            return Err(Failure::usage(format!(
                "{name}: there are no devices; a line is {{\"key\": \"<64 hexadecimal digits>\", \"stratum\": \"windows/11/7.15\"}}"
            )));
        }
        Ok(devices)
    }

    /// Writes the devices back.
    pub(super) fn keep_devices(&self, devices: &[Device]) -> Result<(), Failure> {
        let mut text = String::new();
        for Device { key, stratum, held } in devices {
            let held = if *held { ", \"held\": true" } else { "" };
            text += &format!("{{\"key\": \"{}\", \"stratum\": \"{stratum}\"{held}}}\n", Hash(*key));
        }
        write::write(&self.path(DEVICES), text.as_bytes())
    }

    pub(super) fn roll(&self) -> Result<Roll, Failure> {
        Roll::new(self.devices()?).map_err(|why| Failure::usage(format!("{}: {why}", files::name(&self.path(DEVICES)))))
    }

    /// The keys that are at hand: those in keys/, and those that are named.
    pub(super) fn keys(&self, also: &[PathBuf]) -> Result<Vec<SecretKey>, Failure> {
        let mut found = keys::all(&self.path(KEYS))?;
        for path in also {
            found.push(keys::read(path)?);
        }
        Ok(found)
    }

    /// Signs an entry with the keys at hand and logs it, or leaves it for others to sign.
    pub(super) fn submit(
        &self,
        book: &mut Book<Directory>,
        mut entry: Entry,
        signers: &[SecretKey],
        streams: &mut Streams<'_>,
    ) -> Result<Submitted, Failure> {
        sign(book.state(), &mut entry, signers);
        match book.append(&[&entry.to_bytes()]) {
            Ok(hash) => Ok(Submitted::Logged(hash)),
            Err(NoBook::Refused(Refusal::Signatures { role, found, needed })) => {
                let drafts = self.path(DRAFTS);
                fs::create_dir_all(&drafts)
                    .map_err(|error| Failure::usage(format!("{}: {}", files::name(&drafts), said(&error))))?;
                let path = drafts.join(format!("{}-{}.entry", entry.body.name(), entry.time));
                write::write(&path, &entry.to_bytes())?;
                talk(
                    streams,
                    &format!(
                        "{} waits for signatures of the role `{}`: {found} of {needed}; whoever holds one adds it by \
                         `contentcheck rollout sign {} --key FILE`",
                        files::name(&path),
                        role.name(),
                        files::name(&path)
                    ),
                );
                Ok(Submitted::Waiting)
            }
            Err(why) => Err(failed(why)),
        }
    }

    /// An entry that waits.
    pub(super) fn draft(path: &Path) -> Result<Entry, Failure> {
        let bytes = read_whole(path, DRAFT_BYTES)?;
        match contentcheck_rollout::Logged::read(&bytes) {
            Ok(contentcheck_rollout::Logged::Entry(entry)) => Ok(entry),
            _ => Err(Failure::usage(format!("{}: this is no entry that waits for signatures", files::name(path)))),
        }
    }

    /// Asks every witness to sign for the log as it is. How many did, and why the others did not.
    pub(super) fn cosign(
        &self,
        book: &mut Book<Directory>,
        now: u64,
        reports: &impl Reports,
    ) -> Result<(usize, Vec<String>), Failure> {
        let (mut signed, mut why) = (0, Vec::new());
        for witness in &self.settings.witness {
            let place = self.directory.join(&witness.directory);
            let line = (|| {
                let key = keys::read(&place.join(WITNESS_KEY))?;
                let storage = Directory::open(&place).map_err(|error| Failure::usage(said(&error)))?;
                let mut cosigner = Cosigner::new(&storage, key, &self.settings.log).map_err(failed)?;
                cosigner.cosign(ReadOnly::new(self.path(LOG)), now, reports).map_err(failed)
            })();
            match line {
                Ok(line) => {
                    let key = VerifierKey::read(&witness.key).map_err(|why| {
                        Failure::usage(format!("{SETTINGS}: the key of witness `{}`: {why}", witness.name))
                    })?;
                    book.cosigned(&key, &line).map_err(failed)?;
                    signed += 1;
                }
                Err(failure) => why.push(format!("witness `{}`: {}", witness.name, failure.message)),
            }
        }
        Ok((signed, why))
    }

    /// The same, told to people where a witness did not sign.
    pub(super) fn cosign_aloud(
        &self,
        book: &mut Book<Directory>,
        now: u64,
        reports: &impl Reports,
        streams: &mut Streams<'_>,
    ) -> Result<usize, Failure> {
        let (signed, why) = self.cosign(book, now, reports)?;
        for line in why {
            talk(streams, &line);
        }
        Ok(signed)
    }
}

/// Signs an entry with those keys that have its role, as many as it needs.
pub(super) fn sign(state: &State, entry: &mut Entry, signers: &[SecretKey]) {
    let (Some(role), Some(keys)) = (entry.body.role(), state.keys()) else { return };
    let of_role = keys.role(role);
    for key in signers.iter().filter(|key| of_role.keys.contains(&key.public())) {
        if entry.signatures.len() >= usize::from(of_role.needed) {
            break;
        }
        entry.sign(state.log(), key);
    }
}

/// An entry of the newest rollout.
pub(super) fn of_newest(state: &State, now: u64, body: Body) -> Result<Entry, Failure> {
    let rollout =
        state.newest().ok_or_else(|| Failure::findings(coded(&codes::OUT_OF_TURN, "no rollout was planned yet")))?;
    Ok(Entry::new(Some((rollout.id(), rollout.last())), now.max(state.time()), body))
}

fn text(path: &Path, most: usize) -> Result<String, Failure> {
    String::from_utf8(read_whole(path, most)?)
        .map_err(|_| Failure::usage(format!("{}: this is not UTF-8", files::name(path))))
}

/// 64 hexadecimal digits in lower case.
fn hash(text: &str) -> Option<Hash> {
    contentcheck_sensor::Digest::from_hex(text).map(|digest| Hash(*digest.bytes()))
}
