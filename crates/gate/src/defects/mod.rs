//! Seeded defects: releases that must be rejected, made from the release under test.

mod sensors;
mod text;

use contentcheck_model::diagnostic::{Code, Severity, codes};
use contentcheck_model::rule::{CheckedRule, Target};
use contentcheck_model::sensor::Fleet;
use contentcheck_parser::release::{Gathered, Policy};
use contentcheck_run::Recording;

use self::sensors::{
    arity_accepted, arity_in_baseline, flipped, loads_less, over_capacity, runs_nothing, shifted, short_arity,
    truncated, type_swapped,
};
use self::text::{
    UNREADABLE, blank_cell, correlation, doubled_rows, emptied, explodes, filter, id_reused, kills_itself,
    matches_everything, moved_in_place, negated, negated_with_tests, never_matched, over_budget, reordered, stale,
    swapped, table_grown, too_many, unrecognised, unserved, wrong_value,
};
use crate::checks::change::ChangeGuard;
use crate::checks::compile::Canonical;
use crate::checks::coverage::Coverage;
use crate::checks::differential::Differential;
use crate::checks::lint::Lint;
use crate::checks::replay::Replay;
use crate::checks::tests::OwnTests;
use crate::checks::verify::Verify;
use crate::run::Check;
use crate::subject::Built;

/// A class of defects.
pub struct Defect {
    /// Its name, in kebab case.
    pub class: &'static str,
    /// What is done, one line.
    pub what: &'static str,
    /// The check that must reject it.
    pub check: &'static dyn Check,
    /// The codes of findings that are about the defect: others are no proof that it was seen.
    pub codes: &'static [&'static Code],
    /// Makes it of a release and one of its rules. Nothing where the rule has nothing that this applies to.
    pub seed: fn(&Victim<'_>) -> Option<Seeded>,
}

/// A release and one of its rules, of which defects are made.
pub struct Victim<'v> {
    /// The release, in order.
    pub built: &'v Built,
    /// The rule.
    pub rule: &'v CheckedRule,
    /// The target of it that is used.
    pub target: &'v Target,
}

/// A release with a defect, and what the gate is told of it.
pub struct Seeded {
    /// The release.
    pub release: Gathered,
    /// Whether the release in order is the previous one.
    pub against: bool,
    /// What becomes of the image behind the compiler.
    pub tamper: Tamper,
    /// Events that are replayed, and how often each rule may match them.
    pub recording: Option<(Recording, u64)>,
    /// Events that no rule may match.
    pub never_match: Option<Recording>,
    /// The sensors that the image meets, where lint did not know of them.
    pub devices: Option<Fleet>,
    /// The previous release, where it is not the release in order.
    pub before: Option<Gathered>,
}

impl Seeded {
    /// The sensors are met by the image alone: lint does not know of them.
    fn on_devices(mut self) -> Self {
        self.devices = self.release.fleet.take();
        self
    }
}

/// What becomes of an image between compiler and sensor.
pub enum Tamper {
    /// Nothing.
    None,
    /// It is cut off in the middle.
    Truncated,
    /// One bit of it is turned.
    Flipped,
    /// It is the image of this other release.
    Swapped(Vec<u8>),
}

/// What a rule is told that reads an input which is gone: by name, by a position that is gone too, or by one where another input has
/// moved up.
const SHORT_ARITY: &[&Code] = &[&codes::UNSUPPLIED_INPUT, &codes::POSITION_BEYOND_ARITY, &codes::POSITION_SHIFTED];

/// All classes.
pub static ALL: &[Defect] = &[
    Defect {
        class: "arity-by-one",
        what: "the sensor supplies one input fewer than the rule reads",
        check: &Lint,
        codes: SHORT_ARITY,
        seed: short_arity,
    },
    Defect {
        class: "arity-on-device",
        what: "the same, met by the sensor's own verification",
        check: &Verify,
        codes: &[&codes::IMAGE_REFUSED],
        seed: |victim| short_arity(victim).map(Seeded::on_devices),
    },
    Defect {
        class: "type-swapped",
        what: "the sensor supplies an input as another type",
        check: &Verify,
        codes: &[&codes::IMAGE_REFUSED],
        seed: |victim| type_swapped(victim).map(Seeded::on_devices),
    },
    Defect {
        class: "position-shifted",
        what: "an input was inserted before the one that a rule reads by number",
        check: &Verify,
        codes: &[&codes::IMAGE_REFUSED],
        seed: shifted,
    },
    Defect {
        class: "over-capacity",
        what: "the sensor can hold fewer rules than the release has",
        check: &Verify,
        codes: &[&codes::IMAGE_REFUSED],
        seed: |victim| over_capacity(victim).map(Seeded::on_devices),
    },
    Defect {
        class: "blank-required-cell",
        what: "a table has an empty cell where a value is required",
        check: &Lint,
        codes: &[&codes::TABLE_ROW],
        seed: blank_cell,
    },
    Defect {
        class: "duplicate-key",
        what: "a table has all of its rows twice",
        check: &Lint,
        codes: &[&codes::TABLE_DUPLICATE_KEY],
        seed: doubled_rows,
    },
    Defect {
        class: "list-over-budget",
        what: "a table has more rows than its declared capacity",
        check: &Lint,
        codes: &[&codes::TABLE_OVER_CAPACITY],
        seed: over_budget,
    },
    Defect {
        class: "id-reused",
        what: "two rules have one id",
        check: &Lint,
        codes: &[&codes::DUPLICATE_ID],
        seed: id_reused,
    },
    Defect {
        class: "fields-reordered",
        what: "a later version of the template type has two fields in another order",
        check: &Lint,
        codes: &[&codes::TEMPLATE_CHANGED],
        seed: reordered,
    },
    Defect {
        class: "regex-explodes",
        what: "a regex backtracks without bound in other engines",
        check: &Lint,
        codes: &[&codes::REGEX_BACKTRACKS],
        seed: explodes,
    },
    Defect {
        class: "value-of-wrong-type",
        what: "a field is compared with a value of another type",
        check: &Lint,
        codes: &[&codes::VALUE_TYPE],
        seed: wrong_value,
    },
    Defect {
        class: "image-truncated",
        what: "the image is cut off",
        check: &Verify,
        codes: &[&codes::IMAGE_REFUSED],
        seed: truncated,
    },
    Defect {
        class: "image-bit-flipped",
        what: "one bit of the image is turned",
        check: &Verify,
        codes: &[&codes::IMAGE_REFUSED],
        seed: flipped,
    },
    Defect {
        class: "image-not-of-this-content",
        what: "the image is that of other content",
        check: &Canonical,
        codes: &[&codes::NOT_CANONICAL],
        seed: swapped,
    },
    Defect {
        class: "image-means-something-else",
        what: "the image says the contrary of the rule",
        check: &Differential,
        codes: &[&codes::EVALUATORS_DISAGREE],
        seed: swapped,
    },
    Defect {
        class: "rule-kills-itself",
        what: "a filter excludes all that the rule selects",
        check: &Coverage,
        codes: &[&codes::NEVER_SEEN_FIRING],
        seed: kills_itself,
    },
    Defect {
        class: "rule-emptied",
        what: "a rule that fired before can no longer fire",
        check: &ChangeGuard,
        codes: &[&codes::RULE_EMPTIED],
        seed: kills_itself,
    },
    Defect {
        class: "condition-negated",
        what: "the condition of a rule is negated",
        check: &ChangeGuard,
        // It floods, or it finds nothing of what it found, or it is just the opposite.
        codes: &[&codes::MATCH_VOLUME, &codes::RULE_EMPTIED, &codes::RULE_INVERTED],
        seed: negated,
    },
    Defect {
        class: "negated-against-tests",
        what: "the condition of a rule with tests is negated",
        check: &OwnTests,
        codes: &[&codes::TEST_FAILED],
        seed: negated_with_tests,
    },
    Defect {
        class: "matches-everything",
        what: "a rule is added that matches every event",
        check: &ChangeGuard,
        codes: &[&codes::MATCH_VOLUME],
        seed: matches_everything,
    },
    Defect {
        class: "matches-everything-below-a-ceiling",
        what: "the same, and it stays below the ceiling of all rules",
        check: &ChangeGuard,
        codes: &[&codes::MATCH_VOLUME],
        seed: |victim| {
            let mut seeded = matches_everything(victim)?;
            seeded.recording = Some((Recording::lines("seeded", b"{}\n".to_vec()), u64::MAX));
            Some(seeded)
        },
    },
    Defect {
        class: "table-doubled",
        what: "a table has three times the rows of before",
        check: &ChangeGuard,
        codes: &[&codes::SIZE_JUMP],
        seed: table_grown,
    },
    Defect {
        class: "release-emptied",
        what: "the release no longer has rules",
        check: &ChangeGuard,
        codes: &[&codes::RELEASE_SHRUNK],
        seed: emptied,
    },
    Defect {
        class: "sequence-stale",
        what: "the sequence number is not higher than before",
        check: &ChangeGuard,
        codes: &[&codes::STALE_SEQUENCE],
        seed: stale,
    },
    Defect {
        class: "ceiling-exceeded",
        what: "a rule matches more recorded events than it may",
        check: &Replay,
        codes: &[&codes::CEILING_EXCEEDED],
        seed: too_many,
    },
    Defect {
        class: "never-match-hit",
        what: "a rule matches an event that nothing may match",
        check: &Replay,
        codes: &[&codes::NEVER_MATCH],
        seed: never_matched,
    },
    Defect {
        class: "unreadable-part",
        what: "a rule has a part that cannot be read",
        check: &Lint,
        codes: &[&codes::UNKNOWN_MODIFIER],
        seed: |victim| Some(victim.with_sigma(UNREADABLE.to_owned())),
    },
    Defect {
        class: "unreadable-part-accepted",
        what: "the same, and a comment accepts what is wrong with it",
        check: &Lint,
        codes: &[&codes::RULE_LEFT_OUT],
        seed: |victim| {
            Some(victim.with_sigma(format!("# contentcheck: allow-file CC0117 -- it is meant\n{UNREADABLE}")))
        },
    },
    Defect {
        class: "log-source-unknown",
        what: "a rule is for a log source that no template type serves: nobody would ever ask it",
        check: &Lint,
        codes: &[&codes::UNKNOWN_LOG_SOURCE],
        seed: |victim| Some(victim.with_sigma(unserved())),
    },
    Defect {
        class: "arity-accepted",
        what: "the sensor supplies one input fewer than the rule reads, and the words that accept it stand in the file",
        check: &Lint,
        codes: SHORT_ARITY,
        seed: arity_accepted,
    },
    Defect {
        class: "filter-not-run",
        what: "a filter document takes matches away from the rule, and nothing carries it out",
        check: &Lint,
        codes: &[&codes::NOT_RUNNABLE],
        seed: filter,
    },
    Defect {
        class: "sensor-runs-nothing",
        what: "a sensor takes the image and runs none of its rules",
        check: &Verify,
        codes: &[&codes::SENSOR_BLIND],
        seed: runs_nothing,
    },
    Defect {
        class: "fields-moved-in-place",
        what: "two fields of a template type change places, and its version stays the same",
        check: &ChangeGuard,
        codes: &[&codes::TEMPLATE_CHANGED],
        seed: moved_in_place,
    },
    Defect {
        class: "arity-in-baseline",
        what: "the same, and the baseline has the finding",
        check: &Lint,
        codes: SHORT_ARITY,
        seed: arity_in_baseline,
    },
    Defect {
        class: "correlation-not-run",
        what: "a correlation document counts matches of the rule, and nothing carries it out",
        check: &Lint,
        codes: &[&codes::NOT_RUNNABLE],
        seed: correlation,
    },
    Defect {
        class: "sensor-loads-less",
        what: "rules that a sensor ran are now for other sensors",
        check: &ChangeGuard,
        codes: &[&codes::SENSOR_RUNS_LESS],
        seed: loads_less,
    },
    Defect {
        class: "recording-unrecognised",
        what: "nothing in a file of recorded events is recognised",
        check: &Replay,
        codes: &[&codes::RECORDING_UNRECOGNISED],
        seed: unrecognised,
    },
];

/// Classes of defects that lint would not reject under a policy, each with the first code that is lowered.
#[must_use]
pub fn blinded(policy: &Policy) -> Vec<(&'static Defect, &'static Code)> {
    let least = policy.least();
    // What is no error by itself and is one for whoever ships is so whatever the policy says of its code.
    let is_blind = |code: &&'static Code| {
        let is_lowered = || policy.severity(code).is_none_or(|severity| severity < least);
        code.severity == Severity::Error && (is_lowered() || policy.per_file().iter().any(|files| files.ignores(code)))
    };
    let by_lint = ALL.iter().filter(|defect| defect.check.name() == Lint.name());
    by_lint
        .filter(|defect| defect.codes.iter().all(is_blind))
        .filter_map(|defect| defect.codes.iter().copied().find(is_blind).map(|code| (defect, code)))
        .collect()
}
