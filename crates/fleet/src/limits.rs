//! Every maximum, on one page.

use std::time::Duration;

use contentcheck_log::limits::{ENTRY_BYTES, NOTE_BYTES};
use contentcheck_rollout::report::REPORT;

/// For how long whoever decides by reports waits until those that are there are settled. A collector takes two seconds.
pub const SETTLES: Duration = Duration::from_secs(5);
/// Reports of one request.
pub const REPORTS: usize = 5_000;
/// Bytes of the largest body that the collector reads.
pub const BODY_BYTES: usize = REPORTS * REPORT;
/// Bytes of the largest body of a request that needs none.
pub const NO_BODY_BYTES: usize = 1_024;
/// Bytes of the largest halt that a witness is told of: a reason, and a signature of each key that may halt.
pub const HALT_BYTES: usize = 8 << 10;
/// Bytes of the entries that a witness is asked about before they are logged, and of those before them.
pub const REHEARSAL_BYTES: usize = 20 * (ENTRY_BYTES + 4);
/// Bytes of the head of a request.
pub const HEAD_BYTES: usize = 16 << 10;
/// Headers of a request.
pub const HEADERS: usize = 64;
/// Connections of one daemon at a time. Those beyond wait to be accepted.
pub const CONNECTIONS: usize = 1_024;
/// How long a connection may take to send the head of its next request.
pub const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long a body may take to arrive.
pub const BODY_TIME: Duration = Duration::from_secs(20);
/// How long a connection lives. Whoever has more to say opens another one.
pub const CONNECTION_TIME: Duration = Duration::from_secs(15 * 60);
/// Requests whose reports wait to be written. With more than that the collector says that it is busy.
pub const WAITING: usize = 256;
/// Reports that are written and synced in one go.
pub const GROUP: usize = 20_000;
/// Bytes of reports in one answer to a request for a range of them.
pub const RANGE_BYTES: u64 = 4 << 20;
/// How often the collector says until when its files have everything.
pub const SETTLE_EVERY: Duration = Duration::from_secs(2);
/// Seconds that two clocks may be apart before it is told.
pub const CLOCKS_APART: u64 = 300;
/// Seconds within which a collector has begun with a rollout that opened.
pub const COLLECTED_WITHIN: u64 = 60;
/// Strata that the name of a group lists.
pub const NAMED_STRATA: usize = 4;
/// How often a daemon looks at the log.
pub const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long a request to another server may take.
pub const CLIENT_TIME: Duration = Duration::from_secs(30);
/// How long an answer is waited for that is of use only where it comes soon.
pub const SOON: Duration = Duration::from_secs(3);
/// Bytes of the largest file of a log: 256 entries with their lengths.
pub const TILE_BYTES: u64 = 256 * (ENTRY_BYTES as u64 + 2) + NOTE_BYTES as u64;
/// Bytes of the largest answer to a request for a signature of a witness.
pub const ANSWER_BYTES: u64 = 16 << 10;
/// Bytes of the largest roll of devices.
pub const ROLL_BYTES: u64 = 2 << 30;
/// Collectors that share the reports of one fleet.
pub const SHARDS: u32 = 1_024;
/// Bytes of the file that says which reports were verified before: enough for 500 million.
pub const VERIFIED_BYTES: u64 = 16 << 20;
/// Evidence that a witness remembers to have vouched for.
pub const VOUCHED: usize = 4_096;
/// Addresses that are told when a rollout changes.
pub const HOOKS: usize = 8;
/// How often a daemon tries to tell one address of one change.
pub const HOOK_TRIES: u32 = 5;
/// Changes that wait to be told to one address. The oldest is dropped for a newer one.
pub const HOOK_QUEUE: usize = 64;
/// Rollouts before the newest one that a status lists.
pub const ROLLOUTS_BEFORE: usize = 8;
