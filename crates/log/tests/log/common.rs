//! A log to test with: the tree as RFC 6962 defines it, and keys that sign as C2SP says. Nothing of the crate's own arithmetic
//! is used.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contentcheck_log::Hash;
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest as _, Sha256};

pub(crate) fn hex(text: &str) -> Hash {
    let bytes: Vec<u8> = (0..32).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect();
    Hash(bytes.try_into().unwrap())
}

fn sha(parts: &[&[u8]]) -> [u8; 32] {
    Sha256::digest(parts.concat()).into()
}

/// The root of a tree of entries (RFC 6962, 2.1).
pub(crate) fn root(entries: &[Vec<u8>]) -> [u8; 32] {
    match entries {
        [] => sha(&[]),
        [entry] => sha(&[&[0], entry]),
        _ => {
            let (left, right) = entries.split_at(entries.len().next_power_of_two() / 2);
            sha(&[&[1], &root(left), &root(right)])
        }
    }
}

/// The path of an entry (2.1.1).
pub(crate) fn path(at: usize, entries: &[Vec<u8>]) -> Vec<[u8; 32]> {
    if entries.len() <= 1 {
        return Vec::new();
    }
    let half = entries.len().next_power_of_two() / 2;
    let (left, right) = entries.split_at(half);
    let (mut path, beside) =
        if at < half { (path(at, left), root(right)) } else { (path(at - half, right), root(left)) };
    path.push(beside);
    path
}

/// The proof that a tree began as the one of `old` entries (2.1.2).
pub(crate) fn consistency(old: usize, entries: &[Vec<u8>]) -> Vec<[u8; 32]> {
    fn part(old: usize, entries: &[Vec<u8>], is_whole: bool) -> Vec<[u8; 32]> {
        if old == entries.len() {
            return if is_whole { Vec::new() } else { vec![root(entries)] };
        }
        let half = entries.len().next_power_of_two() / 2;
        let (left, right) = entries.split_at(half);
        let (mut proof, beside) = if old <= half {
            (part(old, left, is_whole), root(right))
        } else {
            (part(old - half, right, false), root(left))
        };
        proof.push(beside);
        proof
    }
    if old == 0 || old == entries.len() { Vec::new() } else { part(old, entries, true) }
}

pub(crate) fn entries(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|at| format!("entry {at}").into_bytes()).collect()
}

/// Somebody who signs.
pub(crate) struct Signer {
    pub(crate) name: &'static str,
    kind: u8,
    key: SigningKey,
}

impl Signer {
    pub(crate) fn log(name: &'static str) -> Self {
        Self { name, kind: 1, key: SigningKey::from_bytes(&sha(&[name.as_bytes()])) }
    }

    pub(crate) fn witness(name: &'static str) -> Self {
        Self { kind: 4, ..Self::log(name) }
    }

    fn id(&self) -> [u8; 4] {
        let hash = sha(&[self.name.as_bytes(), &[b'\n', self.kind], self.key.verifying_key().as_bytes()]);
        hash[..4].try_into().unwrap()
    }

    pub(crate) fn vkey(&self) -> String {
        let id = u32::from_be_bytes(self.id());
        let key = [&[self.kind], self.key.verifying_key().as_bytes().as_slice()].concat();
        format!("{}+{id:08x}+{}", self.name, STANDARD.encode(key))
    }

    fn line(&self, signature: &[u8]) -> String {
        format!("\u{2014} {} {}\n", self.name, STANDARD.encode([&self.id(), signature].concat()))
    }

    pub(crate) fn sign(&self, text: &str) -> String {
        self.line(&self.key.sign(text.as_bytes()).to_bytes())
    }

    pub(crate) fn cosign(&self, text: &str, time: u64) -> String {
        let signature = self.key.sign(format!("cosignature/v1\ntime {time}\n{text}").as_bytes());
        self.line(&[&time.to_be_bytes()[..], &signature.to_bytes()].concat())
    }
}

pub(crate) fn checkpoint(origin: &str, entries: &[Vec<u8>]) -> String {
    format!("{origin}\n{}\n{}\n", entries.len(), STANDARD.encode(root(entries)))
}

/// A log with three witnesses, of which two must sign.
pub(crate) struct World {
    pub(crate) log: Signer,
    pub(crate) witnesses: [Signer; 3],
}

pub(crate) const LOG: &str = "example.com/content";

impl World {
    pub(crate) fn new() -> Self {
        let witnesses = ["w1.example/a", "w2.example/b", "w3.example/c"].map(Signer::witness);
        Self { log: Signer::log(LOG), witnesses }
    }

    pub(crate) fn policy(&self) -> String {
        let [a, b, c] = self.witnesses.each_ref().map(Signer::vkey);
        format!("log {}\nwitness a {a}\nwitness b {b}\nwitness c {c}\ngroup g 2 a b c\nquorum g\n", self.log.vkey())
    }

    /// A checkpoint, signed by the log and by those witnesses that have a time.
    pub(crate) fn note(&self, entries: &[Vec<u8>], times: [Option<u64>; 3]) -> String {
        let text = checkpoint(LOG, entries);
        let cosigned = self.witnesses.iter().zip(times).filter_map(|(one, time)| Some(one.cosign(&text, time?)));
        format!("{text}\n{}{}", self.log.sign(&text), cosigned.collect::<String>())
    }

    pub(crate) fn proof(&self, at: usize, entries: &[Vec<u8>], times: [Option<u64>; 3]) -> String {
        let path: String = path(at, entries).iter().map(|hash| STANDARD.encode(hash) + "\n").collect();
        let extra = STANDARD.encode(&entries[at]);
        format!("c2sp.org/tlog-proof@v1\nextra {extra}\nindex {at}\n{path}\n{}", self.note(entries, times))
    }
}
