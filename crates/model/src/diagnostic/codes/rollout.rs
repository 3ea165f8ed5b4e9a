//! 09xx: across the fleet. Why a policy or a plan is not taken, and why a ring does not open.

codes! {
    /// A policy of rollouts asks for what no device takes
    POLICY_REFUSED = "CC0901" "policy-refused" Error {
        cause: "Its first ring has more than one percent of the fleet, its rings grow more than tenfold, one of them adds more than half of the fleet or has room for two devices of a redundancy group, a ring is open for less than devices ask, a test has no numbers of its own, or a value is out of its range.",
        harm: "None: nothing is planned by it. Were it, no witness would sign, and no device would take the release.",
        cure: "Change what the message names in policy.toml; `contentcheck rollout init` writes a policy that is within all bounds, also for redundancy groups of two. With larger groups no ring, the last one included, adds more than one part of the fleet in as many as the largest group has devices.",
    }
    /// A ring would have too few devices to show anything
    RING_TOO_SMALL = "CC0902" "ring-too-small" Error {
        cause: "The fleet is smaller than the policy is made for, or most devices are held back.",
        harm: "The ring could never show what the policy asks for, so the rollout would stand still in it; or a ring that shows nothing would open the next.",
        cure: "Ask the ring for less in policy.toml: fewer devices that must be well, or a larger share. `contentcheck rollout init --small` writes a policy for 1,000 devices and more; a smaller fleet is rolled out together with others.",
    }
    /// An entry of the log has too few signatures
    SIGNATURES_MISSING = "CC0903" "signatures-missing" Error {
        cause: "A single key plans, ships or resumes nothing, so that a thief of one key, or one person in a hurry, does not either.",
        harm: "The entry is not in the log.",
        cure: "Hand the draft to another holder of the role: `contentcheck rollout sign DRAFT --key FILE`.",
    }
    /// A step of a rollout comes out of turn
    OUT_OF_TURN = "CC0904" "rollout-out-of-turn" Error {
        cause: "A rollout is planned, started, opened ring by ring, and may be halted and resumed. This step does not follow where it is now; or the log says something else than the command was told.",
        harm: "None: the log is as it was.",
        cure: "`contentcheck rollout status` shows where the rollout is and what can follow.",
    }
    /// A ring cannot open yet
    RING_NOT_READY = "CC0905" "ring-not-ready" Error {
        cause: "The ring before has not been open for long enough, its evidence is too old or does not show yet that the release is good, the policy has a blackout now, or other rings opened so shortly before that its rate limit leaves no room for one more.",
        harm: "None. Were the ring opened, more devices would have the release before anybody knows what it does.",
        cure: "Wait. `contentcheck rollout explain` shows what is missing, group by group; devices that report nothing hold a rollout back too.",
    }
    /// The evidence of a ring says that the release is bad
    RELEASE_REJECTED = "CC0906" "release-rejected" Error {
        cause: "Devices with the release failed or went silent, more than good content would explain by chance.",
        harm: "The devices of the rings that are open have it; each goes back to its last known good content by itself.",
        cure: "Nobody can let it go on. Find out what happened (`contentcheck rollout explain`, `contentcheck device why`), then plan a fix, or `contentcheck rollout revert`, under a higher sequence.",
    }
    /// A witness does not sign for the log
    WITNESS_REFUSES = "CC0907" "witness-refuses" Error {
        cause: "A witness is down, its clock or that of the writer is wrong, an entry breaks a rule, or the evidence is not what devices reported.",
        harm: "Without a quorum of witnesses no further ring opens. What runs goes on running, and devices of open rings take what they have a token for; `halt --tell-witnesses` stops the next ring without the log.",
        cure: "The message says which witness and why. Get it back, or set the clock that is wrong; if two witnesses say that an entry breaks a rule, whoever writes the log is wrong or lies.",
    }
    /// The log of rollouts cannot be read, or has an entry that breaks a rule
    LOG_BROKEN = "CC0908" "rollout-log-broken" Error {
        cause: "A file of the log is missing or damaged, the key is another one's, or somebody wrote an entry without asking whether it is allowed.",
        harm: "Nothing new opens by a log that nobody can read.",
        cure: "Take the files from a copy: the log is plain files, and each copy of them is whole. docs/operations.md says how to go on when it is lost.",
    }
}
