//! 08xx: change against the previous release.

codes! {
    /// The release has no rules, or lacks several of the previous one: more than a tenth
    RELEASE_SHRUNK = "CC0801" "release-shrunk" Error {
        cause: "A directory was not checked out, a generator gave nothing, a filter took away too much: what is left still is valid content, only much less of it.",
        harm: "Every sensor that takes the release is blind to what the rules found, and says nothing. In May 2025 an empty route table, valid as a file, took a vendor's platform down worldwide.",
        cure: "Restore what is missing. Where the rules are meant to go, say so with `--allow-shrink`, for this one release.",
    }
    /// A rule of the previous release is gone
    RULE_REMOVED = "CC0802" "rule-removed" Warning {
        cause: "The rule was deleted, moved out of the release, or has an error and was left out.",
        harm: "What it found is no longer found.",
        cure: "Nothing, where it was meant. Otherwise bring the rule back; a rule that is no longer wanted is better set to `status: deprecated` first.",
    }
    /// A rule that could fire before can no longer fire
    RULE_EMPTIED = "CC0803" "rule-emptied" Error {
        cause: "The change made the condition contradict itself: a list lost its values, a filter grew wider than what it filters, a value was misspelt.",
        harm: "The rule is in the release and finds nothing. Nobody notices, since silence is what a rule does most of the time.",
        cure: "Look at the difference that the gate prints, and fix the condition.",
    }
    /// A part of the release is more than twice as large as before
    SIZE_JUMP = "CC0804" "size-jump" Error {
        cause: "A query gave rows twice, a generator ran on more than it should, a list was pasted once more.",
        harm: "What reads the content holds it to limits that were set for its usual size. In November 2025 a feature file of twice its size stopped a large part of the web.",
        cure: "Find out why it grew. Where it is meant, say so with `--allow-growth`, for this one release.",
    }
    /// A rule matches far more events than its version in the previous release
    MATCH_VOLUME = "CC0805" "match-volume" Error {
        cause: "A condition was negated, a filter dropped, a pattern widened to what is in most events.",
        harm: "Alerts by the million, or, where a match blocks, machines and programs that stop.",
        cure: "Look at the event that only the new version matches. Where the volume is meant, raise the ceiling of the rule under `[gate.ceilings]`.",
    }
    /// The release has no higher sequence number than the previous one
    STALE_SEQUENCE = "CC0806" "stale-sequence" Error {
        cause: "An older checkout was built, or a process that was delayed publishes what it planned long ago.",
        harm: "A newer release is overwritten by an older one. In October 2025 an old plan that was applied late emptied the name service of a cloud.",
        cure: "Give the release a higher `sequence` under `[release]`; a revert is a new release with a higher number as well.",
    }
    /// Two versions of a rule differ, and analysis cannot tell in what
    CHANGE_UNKNOWN = "CC0807" "change-unknown" Warning {
        cause: "The condition has parts beyond exact analysis, such as a comparison of two fields, or it is larger than the budget.",
        harm: "Nobody has proven what the change does. The check ran only in part then, so the release is no pass, unless it is the template type that changed.",
        cure: "Make the condition simpler, or the change smaller: rules of a few dozen parts are judged. What generated events show of it is part of the message.",
    }
    /// A rule is left out of the content, and the finding that says why is accepted or off
    RULE_LEFT_OUT = "CC0808" "rule-left-out" Error {
        cause: "The rule has an error, so it is not compiled: the release ships without it. The error itself does not fail the run, because a comment or a baseline accepts it, because its code is lowered or off under `[severity]`, or because lint was left out of the run. This finding says that the rule is missing all the same.",
        harm: "The release lacks a rule that everybody believes to be in it; what it finds is no longer found, and nothing says so.",
        cure: "`contentcheck lint` on the file shows the error: fix it, and the rule ships. If the rule is not meant to ship, take its file out of the release with `exclude`; accepting the error does not do that.",
    }
    /// A rule says the contrary of what it said before
    RULE_INVERTED = "CC0809" "rule-inverted" Error {
        cause: "A `not` was added to the condition or taken away from it. Where a condition is too large to be analysed, nine of ten generated events show it.",
        harm: "What the rule found is no longer found, and what it left alone raises an alert, or is blocked. Where its filters are all that the new condition matches, the volume may be small and show nothing.",
        cure: "Put the condition right. Nobody needs a rule's opposite under the same id; if it is meant, give it an id of its own.",
    }
    /// A sensor of the fleet runs fewer rules than before
    SENSOR_RUNS_LESS = "CC0810" "sensor-runs-less" Error {
        cause: "Rules are now restricted to other sensors by `sensors`, read what this sensor does not supply while the release says that it may skip such rules, or are gone. Or they run on it and see less: it no longer supplies one of their template types, a field that its template type does not declare, or an input in which their keywords could be. Or they now ask, on an open template type, for what it does not supply.",
        harm: "The release as a whole looks as large as before, and one sensor of the fleet detects less with it, without a word.",
        cure: "Widen `sensors` of the rules, have the manifest corrected, or say that it is meant: `--allow-shrink`, for this one release.",
    }
    /// A rule that is new runs on no sensor of the fleet
    NEW_RULE_RUNS_NOWHERE = "CC0811" "new-rule-on-no-sensor" Error {
        cause: "No sensor of the fleet supplies a template type that the rule is on: a typo in its name, a sensor that is missing from the fleet, or content for another product.",
        harm: "Somebody wrote the rule to find something. It is in the release, passes every check, and finds nothing on any machine.",
        cure: "Add the sensor that supplies it to the fleet, put the rule on a template type that is supplied, or take it out of the release. Where it is meant to wait for a sensor, say so: `sensors` that no sensor of the fleet has yet, or a comment that accepts CC0405 with the reason.",
    }
    /// A rule that means what it did matches other recorded events
    MATCHES_OTHERWISE = "CC0812" "matches-otherwise" Warning {
        cause: "The condition is the same, or was proven to mean the same, and what it is about changed: the template type declares a field that the events have, or recognises other events.",
        harm: "The rule finds more or less than it did, and nothing about the rule itself shows it.",
        cure: "Compare `contentcheck eval` of the recorded events on both releases, and look at what changed on the template types of the rule.",
    }
}
