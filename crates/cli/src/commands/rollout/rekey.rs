//! `rollout keys`: who holds which role, and how that changes.

use std::collections::BTreeMap;
use std::path::Path;

use contentcheck_log::write::{SecretKey, is_of_nobody};
use contentcheck_log::{Algorithm, Hash, Trust, VerifierKey};
use contentcheck_model::diagnostic::{codes, visible};
use contentcheck_project::files;
use contentcheck_rollout::entry::{Keys, Role, Roles};
use contentcheck_rollout::{Body, Entry, State};
use contentcheck_sensor::Digest;

use super::site::{KEYS, SETTINGS, Site, Submitted, coded};
use crate::Streams;
use crate::args::RolloutKeys;
use crate::commands::{read_whole, written};
use crate::exit::{Exit, Failure, Outcome};
use crate::release::talk;

/// Bytes of the longest policy of witnesses.
const TRUST_BYTES: usize = 16 << 10;

pub(super) fn keys(directory: &Path, arguments: &RolloutKeys, now: u64, streams: &mut Streams<'_>) -> Outcome {
    let site = Site::open(directory)?;
    let signers = site.keys(&arguments.keys, streams)?;
    let state = site.state()?;
    let before = state.keys().ok_or_else(|| Failure::internal("a log without keys"))?;
    let mut next = before.clone();
    for change in &arguments.add {
        let (role, key) = of_role("--add", change)?;
        let key = public(key)?;
        let Some(roles) = held(&mut next, role) else { continue };
        match roles.keys.binary_search(&key) {
            Ok(_) => return Err(Failure::usage(format!("--add {}: it has this role already", visible(change)))),
            Err(at) => roles.keys.insert(at, key),
        }
    }
    for change in &arguments.remove {
        let (role, key) = of_role("--remove", change)?;
        let key = Digest::from_hex(key).map_or_else(|| public(key), |digest| Ok(*digest.bytes()))?;
        let Some(roles) = held(&mut next, role) else { continue };
        match roles.keys.binary_search(&key) {
            Ok(at) => drop(roles.keys.remove(at)),
            Err(_) => return Err(Failure::usage(format!("--remove {}: it has no such role", visible(change)))),
        }
    }
    for change in &arguments.needed {
        let (role, number) = of_role("--needed", change)?;
        let number = number.parse().map_err(|_| Failure::usage(format!("--needed {}: no number", visible(change))))?;
        if let Some(roles) = held(&mut next, role) {
            roles.needed = number;
        }
    }
    if let Some(path) = &arguments.trust {
        next.trust = String::from_utf8(read_whole(path, TRUST_BYTES)?)
            .map_err(|_| Failure::usage(format!("{}: this is not UTF-8", files::name(path))))?;
    }
    if next == *before {
        return show(before, &signers, streams);
    }
    next.version = before.version.saturating_add(1);
    let is_other_trust = next.trust != before.trust;
    let mut book = site.book()?;
    if is_other_trust {
        // New witnesses were told of nothing: a halt that is not in the log would be forgotten with the old ones.
        site.goes_on(book.state())?;
        if let Some(text) = site.told_elsewhere(book.state()) {
            return Err(Failure::findings(coded(&codes::OUT_OF_TURN, &text)));
        }
        site.asked_enough(book.state(), &arguments.lost)?;
        enough_stay(book.state(), &next.trust)?;
        if !arguments.lost.is_empty() {
            let lost = visible(&arguments.lost.join("`, `")).to_string();
            talk(
                streams,
                &format!(
                    "the witnesses `{lost}` are said to be lost for good: a halt that only they were told of is forgotten"
                ),
            );
        }
    }
    let entry = Entry::new(None, now.max(book.state().time()), Body::Keys(next));
    match site.submit(&mut book, entry, &signers, now, streams)? {
        Submitted::Waiting => Ok(Exit::Findings),
        Submitted::Logged(_) => {
            site.cosign(&mut book, now, streams)?;
            if is_other_trust {
                talk(
                    streams,
                    &format!(
                        "name these witnesses alone in {SETTINGS} now; devices learn of them with the next sensor build"
                    ),
                );
            }
            let now_held = book.state().keys().cloned();
            now_held.map_or(Ok(Exit::Fine), |keys| show(&keys, &signers, streams))
        }
    }
}

/// Refuses to replace so many witnesses that no new one could sign. Of a ring that was opened before it came a witness knows nothing, so it signs only
/// beside as many as must sign who saw it.
fn enough_stay(state: &State, next: &str) -> Result<(), Failure> {
    let is_open = state.rollouts().iter().any(|rollout| rollout.open_ring().is_some());
    // What is no policy is told by the log.
    let (Some(before), Ok(next), true) = (state.trust(), Trust::read(next), is_open) else { return Ok(()) };
    let stay = next.witnesses().filter(|(_, key)| before.witnesses().any(|(_, known)| known == *key)).count();
    if stay >= usize::from(next.quorum()) {
        return Ok(());
    }
    let message = format!(
        "{stay} of the witnesses of before would stay, and {} must: a new witness signs for rings that were opened before it came only beside as many \
         as must sign who saw them. Replace one at a time, and run `contentcheck rollout advance` before the next; where too many are lost for that, \
         begin a new log",
        next.quorum()
    );
    Err(Failure::findings(coded(&codes::OUT_OF_TURN, &message)))
}

/// The keys of a role. There are as many as roles.
fn held(keys: &mut Keys, role: Role) -> Option<&mut Roles> {
    Role::ALL.iter().zip(&mut keys.roles).find(|(one, _)| **one == role).map(|(_, roles)| roles)
}

/// A role, and what is said of it.
fn of_role<'t>(option: &str, text: &'t str) -> Result<(Role, &'t str), Failure> {
    let named = text.split_once('=').and_then(|(name, rest)| {
        let role = Role::ALL.into_iter().find(|role| role.name() == name)?;
        Some((role, rest))
    });
    named.ok_or_else(|| {
        let names: Vec<&str> = Role::ALL.iter().map(|role| role.name()).collect();
        Failure::usage(format!(
            "{option} {}: begins with a role and `=`; there are {}",
            visible(text),
            names.join(", ")
        ))
    })
}

/// A public key, as `rollout key` prints it or in hexadecimal.
fn public(text: &str) -> Result<[u8; 32], Failure> {
    if let Some(digest) = Digest::from_hex(text) {
        if is_of_nobody(digest.bytes()) {
            return Err(Failure::usage(format!("`{}` is a key with which anybody could sign", visible(text))));
        }
        return Ok(*digest.bytes());
    }
    let key = VerifierKey::read(text).map_err(|why| Failure::usage(format!("`{}`: {why}", visible(text))))?;
    if key.algorithm() == Algorithm::Note {
        Ok(*key.bytes())
    } else {
        Err(Failure::usage(format!("`{}` is the key of a witness, which has no role", visible(text))))
    }
}

fn show(keys: &Keys, here: &[SecretKey], streams: &mut Streams<'_>) -> Outcome {
    let names: BTreeMap<[u8; 32], &str> = here.iter().map(|key| (key.public(), key.name())).collect();
    written(writeln!(streams.out, "version {}", keys.version))?;
    for role in Role::ALL {
        let held = keys.role(role);
        let (needed, all) = (held.needed, held.keys.len());
        written(writeln!(streams.out, "{}: {needed} of {all} must sign", role.name()))?;
        for key in &held.keys {
            let name = names.get(key).map(|name| format!("  `{}`, in {KEYS}/ or named", visible(name)));
            written(writeln!(streams.out, "  {}{}", Hash(*key), name.unwrap_or_default()))?;
        }
    }
    for line in keys.trust.lines() {
        written(writeln!(streams.out, "{}", visible(line)))?;
    }
    Ok(Exit::Fine)
}
