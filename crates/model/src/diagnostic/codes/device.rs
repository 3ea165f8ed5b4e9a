//! 11xx: on the device. Up to CC1106 these are faults of the code around an interpreter, and content brings none of them about. From
//! CC1110 on they are why a device does not take what it is offered; what runs there goes on running.

codes! {
    /// The sensor supplies nothing for the template type of an event
    EVENT_TEMPLATE = "CC1101" "event-template" Error {
        cause: "An event was bound to a template type that the manifest does not list, or that the image does not have.",
        harm: "The event is not evaluated; had it been, its values would have been taken for those of other fields.",
        cure: "Bind events to the template types of the manifest that the image was verified for; look the number up again after each new image.",
    }
    /// An event has another number of inputs than the manifest states
    EVENT_ARITY = "CC1102" "event-arity" Error {
        cause: "The code that fills events and the manifest differ: one of them has a field more.",
        harm: "The event is not evaluated: which value is which input can no longer be told.",
        cure: "Make the manifest from the code that fills events, or hold them together by a test.",
    }
    /// An event has another number of header fields than the manifest states
    EVENT_HEADER = "CC1103" "event-header" Error {
        cause: "The code that fills headers and the manifest differ.",
        harm: "The event is not evaluated.",
        cure: "Make the manifest from the code that fills headers, or hold them together by a test.",
    }
    /// The scratch memory lent is too small
    EVENT_SCRATCH = "CC1104" "event-scratch" Error {
        cause: "The thread lends scratch memory of another image, or of a fixed size that the new image passes.",
        harm: "The event is not evaluated.",
        cure: "Ask each image for `scratch_words` when it is loaded, and state `scratch_bytes` in the manifest so that a larger image is refused before it is used.",
    }
    /// A kill list was made for another image
    EVENT_KILL = "CC1105" "event-kill-list" Error {
        cause: "The image was replaced, and the kill list was not made again for the new one.",
        harm: "The event is not evaluated: the list would switch off other rules than it names.",
        cure: "Keep the list as names of rules, and resolve it with `kill` for each image that is loaded.",
    }
    /// The image holds what verification does not let pass
    EVENT_CORRUPT = "CC1106" "event-corrupt" Error {
        cause: "The bytes of the image changed after it was verified: the memory is shared with something that writes, or a file that is mapped was altered.",
        harm: "The event is not evaluated; the interpreter reads nothing outside of the image all the same.",
        cure: "Read images into memory that nothing else writes, and verify again.",
    }
    /// An offer is larger than the sensor reads
    OFFER_LARGE = "CC1110" "offer-too-large" Error {
        cause: "The image, or the envelope that is signed, has more bytes than this build of the sensor reads.",
        harm: "The device does not take the release; what runs there goes on running.",
        cure: "State `image_bytes` in the manifest, so that the gate refuses such a release; split it, or update the sensor.",
    }
    /// An offer is not signed as this device asks
    OFFER_DISTRUSTED = "CC1111" "offer-distrusted" Error {
        cause: "Too few keys that count signed it, the gate did not pass what is signed or some of its checks did not run, or it is not for this sensor and version.",
        harm: "The device does not take the release.",
        cure: "Have it signed by as many keys as the root of the device asks, and gate it with the manifest of this sensor in the fleet. The first release of a fleet has no previous one to be compared with, so that its gate is incomplete: build it into the sensor as factory content, and name it as `previous` of the next.",
    }
    /// The device has what it is offered, or something newer
    OFFER_KNOWN = "CC1112" "offer-known" Error {
        cause: "The same content was offered before and its image is whole on the device, or its sequence number is not above every one that the device has known.",
        harm: "None. Were an older sequence taken, whoever replays an old release could bring its holes back.",
        cure: "Nothing. To go back to older content, ship it as a release under a higher sequence number. An image that is missing or damaged on the device is not refused: the same offer writes it again.",
    }
    /// The device has given up the content that it is offered
    OFFER_GIVEN_UP = "CC1113" "offer-given-up" Error {
        cause: "It crashed the sensor, or cost or matched too much, and the device went back to older content.",
        harm: "The device stays on older content.",
        cure: "Ship a fix under a higher sequence number.",
    }
    /// The sequence number of an offer is too far ahead
    OFFER_AHEAD = "CC1114" "offer-far-ahead" Error {
        cause: "A slip, or someone who would use up all sequence numbers, so that no release could follow.",
        harm: "The device does not take the release.",
        cure: "Find out who signed it, and ship under the next sequence number.",
    }
    /// An offer may no longer be installed
    OFFER_EXPIRED = "CC1115" "offer-expired" Error {
        cause: "What is signed says until when it may be installed, and that has passed by the clock of the device, the date of the sensor build, or the latest time that the device has known.",
        harm: "The device does not take the release.",
        cure: "Sign it again. If its clock is wrong, set the clock of the device.",
    }
    /// The bytes of an offer are not those that were signed
    OFFER_DIGEST = "CC1116" "offer-digest" Error {
        cause: "The image was cut off or altered on its way, or is another one than the envelope is about.",
        harm: "The device does not take the release.",
        cure: "Fetch it again.",
    }
    /// Image and envelope are of different releases
    OFFER_MIXED = "CC1117" "offer-mixed" Error {
        cause: "The image states another sequence number than what was signed.",
        harm: "The device does not take the release: its evidence would be about other content.",
        cure: "Build and sign the release again, in one run.",
    }
    /// Not every rule of an offer can be switched off
    OFFER_KILL = "CC1118" "offer-kill-switch" Error {
        cause: "The sensor tried to switch every rule off before the content runs, and one still matched.",
        harm: "The device does not take the release: nobody could stop a rule that floods.",
        cure: "Report it; no compiler makes such an image.",
    }
    /// A thread has not let go of older content
    OFFER_MEMORY = "CC1119" "offer-memory" Error {
        cause: "Two images are in memory already, since a thread still holds a view of the older one.",
        harm: "The device does not take the release now.",
        cure: "Offer it again. If it stays, look for a thread that waits with a view in its hand.",
    }
    /// The disk has too little room for an offer
    OFFER_SPACE = "CC1120" "offer-space" Error {
        cause: "The image and a margin do not fit beside what is kept.",
        harm: "The device does not take the release. Nothing is deleted to make room.",
        cure: "Make room on the disk.",
    }
    /// The disk cannot be written to
    OFFER_READ_ONLY = "CC1121" "offer-read-only" Error {
        cause: "The directory of the store is on a disk that is mounted for reading, or that fails.",
        harm: "The device takes no new content: a crash could not be counted.",
        cure: "Mount the disk for writing, or replace it.",
    }
    /// Another sensor has the directory
    OFFER_TAKEN = "CC1122" "offer-taken" Error {
        cause: "A second sensor was started on the same directory; it reads, and decides nothing.",
        harm: "The device takes the release only from the sensor that has the directory.",
        cure: "Offer it to that sensor, or stop one of the two.",
    }
    /// The log does not show that a ring was opened for an offer
    OFFER_UNPROVEN = "CC1123" "offer-unproven" Error {
        cause: "The sensor asks for the log, and no token came with the offer; or the token is damaged, of another image or sequence, not in the log, or signed by too few witnesses.",
        harm: "The device does not take the release: nobody has shown that it was opened for anybody.",
        cure: "Offer it with the token of its rollout. If that is there, look at what the message names: the proof, the log's signature, or how many witnesses signed.",
    }
    /// A token is of an older log than the device has seen
    OFFER_LOG_BACK = "CC1124" "offer-log-back" Error {
        cause: "The checkpoint of the token has fewer entries than one that the device has seen: it was kept somewhere, or a halt was cut off with the end of the log.",
        harm: "The device does not take the release by it.",
        cure: "Make the token again, by the newest checkpoint of the log.",
    }
    /// A log differs from the one that the device has seen
    OFFER_LOG_FORK = "CC1125" "offer-log-fork" Error {
        cause: "Two checkpoints of the same size have different roots, and enough witnesses signed both: somebody shows different logs to different devices.",
        harm: "The device takes nothing by that log. Whoever holds these keys can show each device what they like.",
        cure: "Treat it as an attack: keep the token and the evidence, stop the rollout, and find out who holds the keys of the log and its witnesses.",
    }
    /// A plan opens rings faster than any device takes
    OFFER_UNSAFE = "CC1126" "offer-unsafe" Error {
        cause: "The first ring of the plan has more than 1 % of the fleet, what is open grows more than tenfold at once, or a ring adds more than half of the fleet.",
        harm: "No device takes the release: the next mistake would reach too many machines at once.",
        cure: "Plan the rollout with smaller rings. These floors are built into sensors, and nothing switches them off.",
    }
    /// The device does not know who it is
    OFFER_NO_IDENTITY = "CC1127" "offer-no-identity" Error {
        cause: "The system gave the sensor no randomness to make an id from, so that the ring of the device is unknown.",
        harm: "The device takes nothing that is rolled out by rings.",
        cure: "Give `Platform::nonce` a source of randomness, and start the sensor again.",
    }
    /// The ring of the device is not open yet
    OFFER_RING = "CC1128" "offer-ring" Error {
        cause: "The token opens an earlier ring than the one that this device is in for this release.",
        harm: "The device does not take the release yet; others do.",
        cure: "Wait, and offer it again when a later ring is open.",
    }
    /// The ring before was opened too short a time ago
    OFFER_SOON = "CC1129" "offer-soon" Error {
        cause: "By the clocks of witnesses, the ring before has been open for less than 4 hours, or 30 minutes in an urgent rollout.",
        harm: "The device does not take the release by this token.",
        cure: "Wait, and make the token again by a later checkpoint.",
    }
    /// What is known of the log is too old
    OFFER_STALE = "CC1130" "offer-stale" Error {
        cause: "Witnesses saw the checkpoint of the token more than 24 hours ago; or the clock of the device is ahead. A halt may have come since.",
        harm: "The device begins no trial by it. What runs goes on running.",
        cure: "Make the token again by the newest checkpoint; where the witnesses are down, get them up; where the clock is wrong, set it.",
    }
    /// A sensor would load no rule of an offer
    OFFER_IDLE = "CC1131" "offer-idle" Error {
        cause: "The image is sound, and this sensor supplies what none of its rules need: it was made for another sensor or another version.",
        harm: "The device does not take the release: it would evaluate nothing.",
        cure: "Add the sensor's manifest to the fleet of the release, build and sign it again.",
    }
    /// A device that stays behind is offered a release too early
    OFFER_BEHIND = "CC1132" "offer-behind" Error {
        cause: "The device stays one or two releases behind the newest one, on purpose, and what came with the offer does not show that as many newer releases are open everywhere.",
        harm: "None. Were it taken, the devices that are kept on an older release for the day on which the newest one is bad would have it too.",
        cure: "Nothing: it is offered again when a newer release is everywhere. Bring it the file `tokens/SEQUENCE/behind-1.token`, or `behind-2.token`, and not the token of a ring.",
    }
}
