//! Keys of everybody, made once, and what they sign.

use std::collections::BTreeMap;
use std::sync::{OnceLock, RwLock};

use contentcheck_log::write::SecretKey;
use contentcheck_log::{Algorithm, Hash};
use contentcheck_rollout::entry::{Keys, Role, Roles};
use contentcheck_rollout::{Body, Entry, Id};

use crate::common::{LOG, Outcome, key};
use crate::explore::digest;

/// Who signs an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum By {
    /// As many people as must.
    People,
    /// One stolen key of the role.
    Thief,
    /// As many people as must, for the log of another fleet.
    OtherLog,
    /// Nobody.
    Nobody,
}

/// A key that is stolen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stolen {
    Role(Role),
    Witness,
}

#[derive(Default)]
struct Everybody {
    roles: Vec<(Role, Vec<SecretKey>)>,
    log: Option<SecretKey>,
    witnesses: Vec<SecretKey>,
}

fn everybody() -> &'static Everybody {
    static EVERYBODY: OnceLock<Everybody> = OnceLock::new();
    EVERYBODY.get_or_init(|| make().unwrap_or_default())
}

fn make() -> Outcome<Everybody> {
    let mut roles = Vec::new();
    for role in Role::ALL {
        roles.push((role, crate::common::holders(role)?));
    }
    let witnesses = (1..=3).map(crate::common::witness).collect::<Outcome<_>>()?;
    Ok(Everybody { roles, log: Some(key(LOG, Algorithm::Note)?), witnesses })
}

fn holders(role: Role) -> &'static [SecretKey] {
    everybody().roles.iter().find(|(one, _)| *one == role).map_or(&[], |(_, keys)| keys)
}

/// The entry that somebody signed, and how many did.
pub(crate) fn signed(of: Option<(Id, Hash)>, time: u64, body: Body, by: By) -> (Vec<u8>, usize) {
    let role = body.role();
    let entry = Entry::new(of, time, body);
    let bytes = entry.to_bytes();
    let Some(role) = role else { return (bytes, 0) };
    // The same is signed in many worlds, and always in the same way.
    static SIGNED: Memory<(u128, By), (Vec<u8>, usize)> = RwLock::new(BTreeMap::new());
    let place = (digest(&bytes), by);
    remembered(&SIGNED, place, || sign(entry, role, by))
}

fn sign(mut entry: Entry, role: Role, by: By) -> (Vec<u8>, usize) {
    let people = usize::from(role.needed().0);
    let (log, range) = match by {
        By::People => (LOG, 0..people),
        // The last holder is the one who lost the key.
        By::Thief => (LOG, holders(role).len() - 1..holders(role).len()),
        By::OtherLog => ("example.org/staging", 0..people),
        By::Nobody => (LOG, 0..0),
    };
    for key in holders(role).get(range).unwrap_or(&[]) {
        entry.sign(log, key);
    }
    let signers = match by {
        By::People => people,
        By::Thief => 1,
        By::OtherLog | By::Nobody => 0,
    };
    (entry.to_bytes(), signers)
}

/// An entry with one more signature, of a stolen key.
pub(crate) fn signed_again(mut entry: Entry, role: Role) -> Vec<u8> {
    if let Some(key) = holders(role).last() {
        entry.sign(LOG, key);
    }
    entry.to_bytes()
}

/// Two of three witnesses, and three keys of each role.
pub(crate) fn keys(version: u32) -> Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    Keys { version, ..KEYS.get_or_init(first_keys).clone() }
}

fn first_keys() -> Keys {
    let of = |role: Role| {
        let mut keys: Vec<[u8; 32]> = holders(role).iter().map(SecretKey::public).collect();
        keys.sort_unstable();
        Roles { needed: role.needed().0, keys }
    };
    Keys { version: 1, roles: Role::ALL.map(of), trust: trust(LOG, 2) }
}

pub(crate) fn trust(name: &str, quorum: u8) -> String {
    static TRUST: Memory<(String, u8), String> = RwLock::new(BTreeMap::new());
    remembered(&TRUST, (name.to_owned(), quorum), || write_trust(name, quorum))
}

type Memory<K, V> = RwLock<BTreeMap<K, V>>;

/// What is made once is not made again.
fn remembered<K: Ord, V: Clone>(known: &Memory<K, V>, place: K, make: impl FnOnce() -> V) -> V {
    if let Some(there) = known.read().ok().and_then(|known| known.get(&place).cloned()) {
        return there;
    }
    let made = make();
    if let Ok(mut known) = known.write() {
        known.insert(place, made.clone());
    }
    made
}

fn write_trust(name: &str, quorum: u8) -> String {
    let log = key(name, Algorithm::Note).map(|key| key.verifier()).unwrap_or_default();
    let mut text = format!("log {log}\n");
    for (number, witness) in everybody().witnesses.iter().enumerate() {
        text += &format!("witness w{number} {}\n", witness.verifier());
    }
    text + &format!("group all {quorum} w0 w1 w2\nquorum all\n")
}

/// A checkpoint with the signatures of the log and some witnesses.
pub(crate) fn checkpoint(size: u64, root: Hash, witnesses: &[usize], time: u64) -> String {
    static NOTES: Memory<([u8; 32], Vec<usize>, u64), String> = RwLock::new(BTreeMap::new());
    remembered(&NOTES, (root.0, witnesses.to_vec(), time), || write_checkpoint(size, root, witnesses, time))
}

fn write_checkpoint(size: u64, root: Hash, witnesses: &[usize], time: u64) -> String {
    let text = format!("{LOG}\n{size}\n{}\n", crate::common::base64(&root.0));
    let log = everybody().log.as_ref().map(|log| log.line(&text, 0)).unwrap_or_default();
    let mut note = format!("{text}\n{log}");
    for witness in witnesses.iter().filter_map(|number| everybody().witnesses.get(*number)) {
        note += &witness.line(&text, time);
    }
    note
}
