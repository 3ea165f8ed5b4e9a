//! 10xx: what the release gate finds by running the content.

codes! {
    /// The gate accepted a release with a seeded defect
    GATE_BLIND = "CC1001" "gate-blind" Error {
        cause: "A check of the gate is broken, or was switched off: it passed a release that was made to be rejected.",
        harm: "A gate that passes what is known to be bad proves nothing about what it passes. In July 2024 a validator with an error of logic passed the file that stopped 8.5 million machines.",
        cure: "This is a fault of contentcheck or of how it was built. Do not ship; report it with the class that the finding names.",
    }
    /// Two compilations of the same content differ
    NOT_CANONICAL = "CC1002" "not-canonical" Error {
        cause: "A fault of the compiler: the order of files or the number of threads shows in the image.",
        harm: "Nobody can rebuild the image and show that it is what was reviewed.",
        cure: "Do not ship; report it with the release.",
    }
    /// A sensor of the fleet refuses the image
    IMAGE_REFUSED = "CC1003" "image-refused" Error {
        cause: "The image reads what this sensor does not supply, or is beyond what it can hold.",
        harm: "A sensor that verifies its content stays on the previous one; a sensor that does not reads past its inputs.",
        cure: "The code in the message has a page of its own. Fix the rule, or state `sensors` for it.",
    }
    /// A test of a rule fails
    TEST_FAILED = "CC1004" "test-failed" Error {
        cause: "The rule does not do what its own tests say that it does.",
        harm: "Either the rule misses what it is for, or it fires on what it must not.",
        cure: "`contentcheck test` shows predicate by predicate why. Fix the rule or its test.",
    }
    /// A rule was never seen firing
    NEVER_SEEN_FIRING = "CC1005" "never-seen-firing" Error {
        cause: "The rule has no test that fires, and analysis either proved that no event can make it fire or found none. Or it looks for keywords, and a sensor that loads it supplies no input in which they can be.",
        harm: "A rule that was never seen firing is one of which nobody knows that it can. Tests with wildcards only were what hid the 21st input of channel file 291.",
        cure: "`contentcheck prove` says why. Fix the condition, or give the rule a test that fires.",
    }
    /// A predicate was not seen both true and false
    PREDICATE_UNCOVERED = "CC1006" "predicate-uncovered" Warning {
        cause: "No test exercises the predicate, and analysis could not make events that do, nor prove that there are none.",
        harm: "Whether the predicate works is not known.",
        cure: "Give the rule a test in which the predicate holds, and one in which it does not.",
    }
    /// Interpreter and reference evaluator disagree
    EVALUATORS_DISAGREE = "CC1007" "evaluators-disagree" Error {
        cause: "A fault of the compiler, the interpreter or the reference evaluator, brought to light by this content.",
        harm: "What sensors do with the rule is not what it says.",
        cure: "Do not ship the rule; report it with the event that the finding shows.",
    }
    /// A hostile event, kill switch or damaged image had a wrong outcome
    HOSTILE_EVENT = "CC1008" "hostile-event" Error {
        cause: "A fault of the interpreter or of the compiler, brought to light by this content, or an image that is not of this content.",
        harm: "On a sensor the event would be lost, the kill switch would not hold, or what storage or transport altered would be evaluated.",
        cure: "Do not ship; report it with the event that the finding shows.",
    }
    /// A rule matches recorded events more often than it may
    CEILING_EXCEEDED = "CC1010" "ceiling-exceeded" Error {
        cause: "The rule is wider than its author thinks, or the recording has more of what it finds than expected.",
        harm: "The same happens on the fleet, multiplied by its size.",
        cure: "`contentcheck eval` shows the events. Narrow the rule, or raise its ceiling under `[gate.ceilings]`.",
    }
    /// A rule matches an event that nothing may ever match
    NEVER_MATCH = "CC1011" "never-match" Error {
        cause: "The rule finds the operating system, signed software or the sensor itself.",
        harm: "In April 2010 a signature matched svchost.exe and machines by the hundred thousand no longer started.",
        cure: "Narrow the rule. The never-match corpus is an invariant: no rule is excepted from it.",
    }
    /// Recorded events could not be read
    RECORDING_UNREAD = "CC1012" "recording-unread" Error {
        cause: "A file is damaged, or is none of recorded events.",
        harm: "What was not replayed proves nothing, and a gate that goes on would look as if it had.",
        cure: "Fix or replace the recording, or take it out of the configuration.",
    }
    /// A sensor of the fleet runs no rule of the release
    SENSOR_BLIND = "CC1013" "sensor-blind" Error {
        cause: "Every rule is restricted to other sensors by `sensors`, or reads what this sensor does not supply while the release says that it may skip such rules.",
        harm: "The sensor takes the release, reports that all is well, and detects nothing.",
        cure: "Widen `sensors` of the rules, add rules that the sensor can feed, or take it out of the fleet.",
    }
    /// Nothing in a file of recorded events is recognised
    RECORDING_UNRECOGNISED = "CC1015" "recording-unrecognised" Error {
        cause: "The file has no event, or none that belongs to a template type: it was cut off, exported in another shape, or a name that events are recognised by is misspelt.",
        harm: "No rule looks at any of it, so that no rule can match too often or wrongly in it; the check would seem to have passed.",
        cure: "`contentcheck replay FILE` says what the events lack. Record the file again, or take it out of the configuration.",
    }
    /// A run has less to look at than the one before
    CORPUS_SHRUNK = "CC1016" "corpus-shrunk" Error {
        cause: "The gate has less to look at than it had for the previous release. There are fewer recorded events, never-match events or tests than its evidence says: a file was removed, renamed, cut off or is no longer named. Or a sensor left the fleet, or its manifest differs while its version is the same, or a ceiling is gone or higher for all rules, or `deny-warnings` or `require-all` is off and was on.",
        harm: "What is no longer looked at is no longer found, and every check passes as before.",
        cure: "Bring back what is missing. Where it is meant to go, run the gate once with `--allow-shrink`: the next release is compared with this one.",
    }
    /// Recorded events lack what every event of their template type has
    RECORDING_FOREIGN = "CC1017" "recording-foreign" Error {
        cause: "What the log says of the events (`Channel`, `EventID`) is recognised, but their own fields have other names: an exporter renamed them, as Elastic Agent writes `process.executable` instead of `Image`.",
        harm: "Rules look at these events and every field that they ask for is absent: nothing can match, whatever the rules are, and the check would seem to have passed.",
        cure: "Record the events under the names of the log, or rename the fields. `contentcheck replay FILE` lists what the events lack. Take the file out of the configuration if it cannot be changed.",
    }
    /// No recorded event has an input that rules read
    INPUT_UNSEEN = "CC1018" "input-unseen" Warning {
        cause: "The recording is of an older version of the sensor, or of a system that does not fill the field, or an exporter left it out or renamed it.",
        harm: "A rule that needs the field cannot match anything in this recording, so that the recording shows neither that it finds too much nor that it finds anything.",
        cure: "Add a recording that has the field; if an exporter renamed it, rename it back.",
    }
    /// Recorded events tell of what rules are about in a log that these do not look at
    OTHER_LOG = "CC1019" "other-log" Warning {
        cause: "Windows audits some of what Sysmon records, under other names: event 4688 of the Security log is the creation of a process, as is event 1 of Sysmon. Rules on the category `process_creation` read Sysmon's event.",
        harm: "The events look like those that the rules are for, and no rule is ever evaluated on them.",
        cure: "Record Sysmon's events, or write rules on `service: security` with the fields of event 4688, such as `NewProcessName`.",
    }
    /// A test beside a rule looks as if it had a slip
    TEST_SLIP = "CC1020" "test-slip" Warning {
        cause: "The event of the test has a name that no template type of the rule has, or a value that is not of the type of its field and counts as absent.",
        harm: "The rule is shown another event than the test says. Where it must be silent, it is silent for another reason, and the test proves nothing.",
        cure: "Fix the name or the value in the event; `contentcheck test` shows the same note.",
    }
    /// Recorded events of the previous release are no longer replayed
    RECORDING_REPLACED = "CC1021" "recording-replaced" Warning {
        cause: "A file of recorded or never-match events that the previous release was shown is gone or has other contents, and no file under the same setting has or begins with its bytes. A file to which events were added is none of these.",
        harm: "Both releases are shown the events that are there now. A rule that no longer matches what it was meant for shows no loss where the events that it matched were replaced in the same change.",
        cure: "Review rules and recordings apart: gate the rules with the recordings of before, then replace these. Where they are meant to be replaced, run the gate once with `--allow-shrink`.",
    }
}
