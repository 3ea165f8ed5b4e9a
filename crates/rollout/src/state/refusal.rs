//! The rules that entries are held to, and what is said of one that breaks a rule.

use core::fmt;

use contentcheck_log::Unwitnessed;

use crate::entry::Role;
use crate::judge::TooSmall;

/// A rule that entries are held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Check {
    /// The first entry says who holds which role.
    KeysFirst,
    /// Keys follow each other without a gap.
    KeysVersion,
    /// As many keys of each role must sign as no entry can change.
    KeysFloor,
    /// The policy of witnesses is of this log, and asks for two at least.
    Witnesses,
    /// Enough keys of the role signed.
    Signatures,
    /// Time does not go back, by more than people take to sign.
    Time,
    /// Sequences of releases rise.
    Sequence,
    /// A plan is of the newest release.
    Newest,
    /// A release is planned once.
    PlannedOnce,
    /// A plan waits until the rollout before is over, or halted.
    OneAtATime,
    /// No ring of a plan has room for two devices of a redundancy group.
    Apart,
    /// What takes a rollout back was on the whole fleet before, and good there.
    Reverts,
    /// An entry names the one before it in its rollout.
    Chain,
    /// Only what is planned starts.
    Starts,
    /// A rollout starts by the checkpoint that has its plan as the last entry.
    Salt,
    /// What is halted, rejected or superseded goes no further.
    Live,
    /// Only what was halted goes on.
    Resumes,
    /// Evidence is of a ring that is open.
    EvidenceOfOpenRing,
    /// Evidence is not of the future.
    EvidenceTime,
    /// Evidence has no more devices than the census.
    EvidenceOfCensus,
    /// Counts of evidence only rise.
    EvidenceGrows,
    /// A verdict is the one that the evidence of the newest ring gives.
    VerdictComputed,
    /// A verdict that opens a ring accepts.
    VerdictAccepts,
    /// A ring was open for as long as the policy says, and there is evidence of all that time.
    Bake,
    /// The newest evidence of each open ring is no older than devices may take to report.
    EvidenceFresh,
    /// No ring opens in a blackout.
    Blackout,
    /// Rings that open within a time hold no more of the fleet than the policy says, over all rollouts.
    Rate,
    /// Rings open in their order, up to the last one.
    NextRing,
    /// A ring opens right after the verdict of the ring before.
    Cleared,
    /// No ring opens for content that has failed, since that was planned, on devices that have it from an earlier rollout.
    ContentHolds,
    /// An opening says what the plan says. So it is within the floors: a policy that is not cannot be read.
    OpeningOfPlan,
}

/// Why an entry is refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Refusal {
    /// The bytes are no entry.
    Form,
    /// It is of a rollout, a release or a census that is not in the log.
    Unknown,
    /// It breaks a rule.
    Broken(Check),
    /// Too few keys of the role signed it.
    Signatures {
        /// The role.
        role: Role,
        /// Keys of it that signed.
        found: usize,
        /// Keys that must.
        needed: u8,
    },
    /// The checkpoint of a start is not believed.
    Checkpoint(Unwitnessed),
    /// A ring would be too small to show anything.
    TooSmall(TooSmall),
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeysFirst => "the first entry of a log says who holds which role, and this log has none yet",
            Self::KeysVersion => "the version of the keys is not the one that follows",
            Self::KeysFloor => {
                "root, release, plan and resume need two signatures at least, halt needs just one, and each role has as many keys as it needs"
            }
            Self::Witnesses => "the policy of witnesses is none of this log, or asks for fewer than two of them",
            Self::Signatures => "too few keys of the role signed it",
            Self::Time => "its time is before that of an entry that is in the log; what people sign may be a day older",
            Self::Sequence => "the sequence of a release must be above that of every release before",
            Self::Newest => "only the newest release can be planned",
            Self::PlannedOnce => {
                "the release was planned before; a release is planned once, so that nobody draws again until the devices that go first suit them"
            }
            Self::OneAtATime => "another rollout is under way; halt it, or wait until its last ring is open for its time",
            Self::Apart => {
                "two devices of a redundancy group would be in one ring: where groups have n devices, no ring may add more than 1/n of the fleet, the last one with them"
            }
            Self::Reverts => "what takes a rollout back must have the content of a release that was on the whole fleet, and was neither rejected nor taken back",
            Self::Chain => "it does not name the entry before it in its rollout; something was written meanwhile",
            Self::Starts => "the rollout was started before",
            Self::Salt => "a rollout starts by the checkpoint that has its plan as the last entry, and no entry between",
            Self::Live => "the rollout is halted, rejected, superseded or not started",
            Self::Resumes => "only a rollout that a person halted goes on; what evidence rejected does not",
            Self::EvidenceOfOpenRing => "the ring is not open",
            Self::EvidenceTime => "the evidence is of a time that has not come",
            Self::EvidenceOfCensus => "the evidence has more devices than the census, or of a stratum that is not there",
            Self::EvidenceGrows => {
                "counts of evidence only rise, and these do not: reports that were counted are gone, or a file `*.settled` beside them is \
                 damaged, which `contentcheck rollout collect` makes again when it starts; where reports are gone, take their directory from a \
                 copy that has them"
            }
            Self::VerdictComputed => "the verdict is not what the evidence of the newest ring gives",
            Self::VerdictAccepts => "the evidence does not show yet that the release is good",
            Self::Bake => "the ring has not been open for as long as the policy says, with evidence of all that time",
            Self::EvidenceFresh => "the newest evidence of a ring that is open is older than devices may take to report",
            Self::Blackout => "the policy has a blackout at this time",
            Self::Rate => "the rings that opened before it, of all rollouts, leave too little of the rate limit of the policy",
            Self::NextRing => "it is not the next ring, or no ring is left",
            Self::Cleared => "a ring opens right after the verdict on the ring before, and the first one right after the start",
            Self::ContentHolds => "devices that have this content from an earlier release have said since the plan that it failed",
            Self::OpeningOfPlan => "the opening does not say what the plan says",
        })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form => f.write_str("the bytes are no entry of a log of rollouts"),
            Self::Unknown => f.write_str("it is of a rollout, a release or a census that is not in the log"),
            Self::Broken(check) => check.fmt(f),
            Self::Signatures { role, found, needed } => {
                write!(f, "{found} of the keys of the role `{}` signed it, and {needed} must", role.name())
            }
            Self::Checkpoint(why) => why.fmt(f),
            Self::TooSmall(why) => why.fmt(f),
        }
    }
}

impl core::error::Error for Refusal {}
