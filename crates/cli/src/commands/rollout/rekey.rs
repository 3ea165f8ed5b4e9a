//! `rollout keys`: who holds which role, and how that changes.

use std::collections::BTreeMap;
use std::path::Path;

use contentcheck_log::floors::QUORUM;
use contentcheck_log::write::{SecretKey, is_key, is_of_nobody};
use contentcheck_log::{Algorithm, Hash, Trust, VerifierKey};
use contentcheck_model::diagnostic::{codes, visible};
use contentcheck_project::files;
use contentcheck_rollout::entry::{Keys, Role, Roles};
use contentcheck_rollout::{Body, Entry, State};
use contentcheck_sensor::Digest;

use super::keys::is_no_secret;
use super::site::{KEYS, SETTINGS, Site, Submitted, coded};
use crate::Streams;
use crate::args::RolloutKeys;
use crate::commands::{read_whole, written};
use crate::exit::{Exit, Failure, Outcome};
use crate::release::talk;

/// Bytes of the longest policy of witnesses.
const TRUST_BYTES: usize = 16 << 10;

pub(super) fn keys(directory: &Path, arguments: &RolloutKeys, now: u64, streams: &mut Streams<'_>) -> Outcome {
    for (option, said) in [
        ("--add", &arguments.add),
        ("--remove", &arguments.remove),
        ("--needed", &arguments.needed),
        ("--lost", &arguments.lost),
    ] {
        said.iter().try_for_each(|said| is_no_secret(option, said))?;
    }
    let site = Site::open(directory)?;
    let signers = site.keys(&arguments.keys, streams)?;
    let state = site.state()?;
    let before = state.keys().ok_or_else(|| Failure::internal("a log without keys"))?;
    let mut next = before.clone();
    for change in &arguments.add {
        let (role, key) = of_role("--add", change)?;
        let key = public(&format!("--add {}", role.name()), key)?;
        is_usable(&key).map_err(|why| Failure::usage(format!("--add {}: {why}", role.name())))?;
        let Some(roles) = held(&mut next, role) else { continue };
        match roles.keys.binary_search(&key) {
            Ok(_) => return Err(Failure::usage(format!("--add {}: it has this role already", visible(change)))),
            Err(at) => roles.keys.insert(at, key),
        }
    }
    for change in &arguments.remove {
        let (role, key) = of_role("--remove", change)?;
        let key = public(&format!("--remove {}", role.name()), key)?;
        let Some(roles) = held(&mut next, role) else { continue };
        match roles.keys.binary_search(&key) {
            Ok(at) => drop(roles.keys.remove(at)),
            Err(_) => return Err(Failure::usage(format!("--remove {}: it has no such role", visible(change)))),
        }
    }
    for change in &arguments.needed {
        let (role, number) = of_role("--needed", change)?;
        let number = number.parse().map_err(|_| {
            let role = role.name();
            Failure::usage(format!("--needed {role}: this is no number of keys; write `--needed {role}=2`"))
        })?;
        if let Some(roles) = held(&mut next, role) {
            roles.needed = number;
        }
    }
    if let Some(path) = &arguments.trust {
        next.trust = trust_of(path, &site)?;
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

/// The policy of the log and its witnesses in a file. What is wrong with it is said of its line: the log would only say that it is none.
fn trust_of(path: &Path, site: &Site) -> Result<String, Failure> {
    is_no_secret("--trust", &path.to_string_lossy())?;
    let name = files::name(path);
    let text = String::from_utf8(read_whole(path, TRUST_BYTES)?).map_err(|_| {
        Failure::usage(format!("{name}: this is not UTF-8; save it as that, without a byte order mark"))
    })?;
    let wrong = |why: &str| {
        Failure::usage(format!(
            "{name}: {why}\n  help: `contentcheck rollout keys` shows the policy of now, from its line `log` on: change a copy of that"
        ))
    };
    for (line, number) in text.lines().zip(1..) {
        is_no_secret(&format!("{name}: line {number}"), line)?;
    }
    let trust = Trust::read(&text).map_err(|why| wrong(&why.to_string()))?;
    if VerifierKey::read(site.log()) != Ok(trust.log_key()) {
        let line = line_of(&text, &["log"]);
        return Err(wrong(&format!("line {line}: this is not the key of this log; write `log {}`", site.log())));
    }
    for (witness, key) in trust.witnesses() {
        is_usable(key.bytes()).map_err(|why| {
            let line = line_of(&text, &[&format!("witness {witness}")]);
            wrong(&format!("line {line}: {why}"))
        })?;
    }
    if trust.quorum() < QUORUM {
        let line = line_of(&text, &["group", "quorum"]);
        return Err(wrong(&format!(
            "line {line}: one signature of a witness would be enough, and {QUORUM} at least must sign; write `group NAME {QUORUM} WITNESS WITNESS`, and \
             `quorum NAME` behind it"
        )));
    }
    Ok(text)
}

/// The number of the first line that begins with one of these, the first of them that there is.
fn line_of(text: &str, beginnings: &[&str]) -> usize {
    let begins = |line: &str, with: &str| {
        let mut words = line.split_whitespace();
        with.split(' ').all(|word| words.next() == Some(word))
    };
    let of = |with: &&str| text.lines().position(|line| begins(line, with));
    beginnings.iter().find_map(of).map_or(1, |at| at.saturating_add(1))
}

/// A role, and what is said of it. What is not begun with a role is not shown: it may be a key, whose base 64 has a `=` too.
fn of_role<'t>(option: &str, text: &'t str) -> Result<(Role, &'t str), Failure> {
    let named = text.split_once('=').and_then(|(name, rest)| {
        let role = Role::ALL.into_iter().find(|role| role.name() == name)?;
        Some((role, rest))
    });
    named.ok_or_else(|| {
        let names: Vec<&str> = Role::ALL.iter().map(|role| role.name()).collect();
        Failure::usage(format!(
            "{option}: this does not begin with a role and `=`, such as `{option} plan=...`; the roles are {}",
            names.join(", ")
        ))
    })
}

/// A public key, as `rollout key` prints it or in hexadecimal. Of what is none nothing is shown but the name: somebody may have cut the private half of
/// one so that it looks like this.
fn public(option: &str, text: &str) -> Result<[u8; 32], Failure> {
    if let Some(digest) = Digest::from_hex(text) {
        return Ok(*digest.bytes());
    }
    let wrong = |why: &str| match name_of(text) {
        Some(name) => Failure::usage(format!("{option}: the key of `{}`: {why}", visible(name))),
        None => Failure::usage(format!("{option}: {why}, or 64 digits")),
    };
    let key = VerifierKey::read(text).map_err(|why| wrong(&why.to_string()))?;
    if key.algorithm() == Algorithm::Note {
        Ok(*key.bytes())
    } else {
        Err(wrong(
            "it is that of a witness, which has no role; `contentcheck rollout key NAME -o FILE` makes one of a person",
        ))
    }
}

/// The name of what has a name, the digits of an id, and more.
fn name_of(text: &str) -> Option<&str> {
    let (name, rest) = text.split_once('+')?;
    let (id, _) = rest.split_once('+')?;
    (id.len() == 8 && id.bytes().all(|digit| digit.is_ascii_hexdigit())).then_some(name)
}

/// Whether the owner of a key can sign with it, and nobody else. One with which nobody can would be counted among those that are left.
fn is_usable(key: &[u8; 32]) -> Result<(), &'static str> {
    if is_of_nobody(key) {
        Err("with this key anybody could sign; write the line that `contentcheck rollout key NAME -o FILE` printed")
    } else if is_key(key) {
        Ok(())
    } else {
        Err(
            "this is no key of ed25519, so nobody could ever sign with it; write the line that `contentcheck rollout key NAME -o FILE` printed",
        )
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
