//! Every maximum, on one page.

/// Bytes of the largest note. Sixteen signatures of algorithms to come fit into it.
pub const NOTE_BYTES: usize = 128 << 10;
/// Signatures of one note.
pub const SIGNATURES: usize = 32;
/// Bytes of the longest name of a key, and of the longest origin.
pub const NAME_BYTES: usize = 255;
/// Bytes of the longest text of a checkpoint: origin, size, root, and what a log adds.
pub const CHECKPOINT_BYTES: usize = 1_024;
/// Hashes of the longest proof: a tree of 2^63 entries has no longer one.
pub const PATH: usize = 63;
/// Bytes of the largest entry: its length is 16 bits in a bundle of entries.
pub const ENTRY_BYTES: usize = 65_535;
/// Bytes of the largest text of a proof, without its checkpoint: the entry in base 64, and a path.
pub const PROOF_BYTES: usize = ENTRY_BYTES / 3 * 4 + 4 + 64 * (PATH + 2) + NOTE_BYTES;
/// Bytes of the largest token: two proofs, each of a small entry.
pub const TOKEN_BYTES: usize = 2 * (NOTE_BYTES + 8 * 1_024);
/// Bytes of the largest policy.
pub const POLICY_BYTES: usize = 16 << 10;
/// Witnesses of one policy.
pub const WITNESSES: usize = 16;
/// Releases by which a device may stay behind the newest one.
pub const BEHIND: u8 = 2;
/// Devices of the largest redundancy group.
pub const GROUP: u8 = 8;
/// Bytes of the longest name of a redundancy group.
pub const GROUP_NAME_BYTES: usize = 128;
/// Rings of one rollout.
pub const RINGS: usize = 16;
