//! 11xx: on the device. These are faults of the code around an interpreter; content brings none of them about.

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
}
