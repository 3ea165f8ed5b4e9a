"""A second reader of content images.

It was written from docs/image-format.md, docs/semantics.md and docs/sensors.md alone, without a look at the interpreter, to find out
whether these pages are enough. It needs Python 3.9 and nothing else. It is slow and says what it means: where the interpreter finds
literals by filters, this reader compares each literal with each value, and only checks that the filters would find it.

    python3 reader.py DIRECTORY...

checks directories of corpus/images: that each event of `events.jsonl` has the answers that stand beside it, and that each damaged image
of `refused.jsonl` is refused with its code.

The parts of this file follow the sections of the page:

    Header, Sections        `Image`: header, identity, features, checksum, directory, records
    Verification            `Verifier`; with it Partition, Filters (keys) and Witnesses
    Rules and sensors       `loads`, `compare_versions`
    Binding                 `Manifest`, `Sensor`
    Values, Text            `Value`, `characters`, `text_of`
    Programs                `Event`
    Patterns, Expressions   `Texts`
"""

from __future__ import annotations

import datetime
import ipaddress
import json
import operator as ops
import re
import struct
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, NoReturn, Optional, Sequence, Set, Tuple, Union


class Refused(Exception):
    """The image, or the manifest, is refused: a code of docs/errors.md and why."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code = code


def refuse(section: str, record: int, why: str) -> NoReturn:
    raise Refused("CC0524", f"record {record} of section {section}: {why}")


# --- Header, sections and records ------------------------------------------------------------------------------------------------

HEADER = 336
KEYWORD = 0xFFFF
YES, NO = 0xFFFF, 0xFFFE
STRING, INT, FLOAT, BOOL, IP, BYTES = range(6)
SCALARS = ["string", "int", "float", "bool", "ip", "bytes"]
NUMBERED, HEADER_FIELD, FIXED, OPEN = range(4)
LIST, OPTIONAL, BY_NUMBER = 1, 2, 4
(ATOM, EXISTS, NULL, ANY_TEXT, ALL_TEXTS, INT_RANGES, FLOAT_ORDER, BOOLEAN, IN_SET, CIDR, MASK, TIME, FIELD) = range(13)
EQUALS, STARTS, ENDS, CONTAINS, LIKE, MATCHES = range(6)
L_EQUALS, L_PREFIX, L_SUFFIX, L_CONTAINS, L_INT = range(5)
ANCHORS, GRAMS, WIDE_GRAMS = range(3)
FEATURES = ["nondeterministic", "time", "field", "mask"]
MAX_STRIDE, MAX_NEEDLES, MAX_BUCKET, MAX_PARTS, MAX_CODE, MAX_INPUTS, MAX_NFA, MAX_PLACES = 8, 4, 64, 256, 65533, 32767, 262144, 65535
NO_KEYWORDS, FOLDS, CLOSE = 0xFFFFFFFF, 1, 2
MAX_VERSION, MAX_TEMPLATE_NAME = 128, 1024

Rule = NamedTuple("Rule", [(n, int) for n in (
    "name name_len title title_len comparators comparator_count word word_len tags tags_len revision revision_len level".split())])
Comparator = NamedTuple("Comparator", [(n, int) for n in "sensor sensor_len version version_len operator".split()])
Template = NamedTuple("Template", [(n, int) for n in (
    "name name_len version inputs input_count programs program_count predicates predicate_count atoms atom_count filters"
    " literals literal_count always always_count keywords".split())])
Keywords = NamedTuple("Keywords", [(n, int) for n in "filters literals literal_count atom_count look".split()])
Input = NamedTuple("Input", [(n, int) for n in "name name_len kind scalar flags position look".split()])
Look = NamedTuple("Look", [(n, int) for n in (
    "probes probe_count stride close_stride needle_count needle_firsts needle_seconds".split())])
Probe = NamedTuple("Probe", [(n, int) for n in "kind bytes".split()])
Program = NamedTuple("Program", [(n, int) for n in "rule code code_len mentions mention_count".split()])
Instruction = NamedTuple("Instruction", [(n, int) for n in "predicate yes no".split()])
Predicate = NamedTuple("Predicate", [(n, int) for n in "opcode flags input a b c".split()])
Pattern = NamedTuple("Pattern", [(n, int) for n in "kind flags at a b c".split()])
Part = NamedTuple("Part", [(n, int) for n in "kind text len".split()])
Network = NamedTuple("Network", [(n, int) for n in "family prefix w0 w1 w2 w3".split()])
KeySet = NamedTuple("KeySet", [(n, int) for n in "keys count scalar flags".split()])
Key = NamedTuple("Key", [(n, int) for n in "text len".split()])
Regex = NamedTuple("Regex", [(n, int) for n in "kind classes states start table len".split()])
Filter = NamedTuple("Filter", [(n, int) for n in "bitmap buckets entries entry_count bitmap_log2 bucket_log2".split()])
Entry = NamedTuple("Entry", [(n, int) for n in "check near literal".split()])
Literal = NamedTuple("Literal", [(n, int) for n in "text len actions action_count input at needle kind flags".split()])
Atom = NamedTuple("Atom", [(n, int) for n in "witnesses count input".split()])
State = NamedTuple("State", [(n, int) for n in "kind next low high".split()])

# Name of the section, layout of a record, and what a record becomes: None for bytes and `int` for a number.
SECTIONS: List[Tuple[str, str, Any]] = [
    ("names", "<B", None), ("rules", "<12IB3x", Rule), ("comparators", "<4IB3x", Comparator), ("templates", "<17I", Template),
    ("keywords", "<5I", Keywords), ("inputs", "<2I3BxH2xI", Input), ("looks", "<I4B2I", Look), ("probes", "<2B", Probe), ("programs", "<5I", Program), ("mentions", "<H", int),
    ("code", "<I2H", Instruction), ("predicates", "<2BH3I", Predicate), ("patterns", "<2BH3I", Pattern), ("parts", "<B3x2I", Part),
    ("numbers", "<q", int), ("networks", "<2B2x4I", Network), ("sets", "<2I2B2x", KeySet), ("keys", "<2I", Key),
    ("regexes", "<BxH4I", Regex), ("automata", "<B", None), ("filters", "<4I2B2x", Filter), ("bitmaps", "<Q", int),
    ("buckets", "<I", int), ("entries", "<2HI", Entry), ("literals", "<4I3H2B", Literal), ("actions", "<I", int),
    ("atoms", "<2IH2x", Atom), ("witnesses", "<I", int), ("text", "<B", None)]

MASK64 = (1 << 64) - 1
K = 0x9E3779B97F4A7C15


def mix(state: int, word: int) -> int:
    x = (state ^ word) * K & MASK64
    return x ^ (x >> 29 | x << 35 & MASK64)


def checksum(image: bytes) -> int:
    head, body = image[:24], image[32:]
    lanes = [1, 2, 3, 4]
    whole = len(body) // 32 * 32
    for block in struct.iter_unpack("<4Q", body[:whole]):
        lanes = [mix(lane, word) for lane, word in zip(lanes, block)]
    state = len(image)
    for word in [*lanes, *head, *body[whole:]]:
        state = mix(state, word)
    return state


def sealed(image: bytes) -> bytes:
    """The image with the length and the checksum that its bytes have."""
    image = image[:16] + struct.pack("<Q", len(image)) + image[24:]
    return image[:24] + struct.pack("<Q", checksum(image)) + image[32:]


class Image:
    """The bytes of an image as records. Only the header and the directory are checked here."""

    def __init__(self, data: bytes) -> None:
        if data[:8] != b"CCIMAGE\n" or len(data) < 12:
            raise Refused("CC0520", "no image")
        self.version = struct.unpack_from("<I", data, 8)[0]
        if self.version != 2:
            raise Refused("CC0521", f"format version {self.version}")
        if len(data) < 40:
            raise Refused("CC0520", "no image")
        self.features = struct.unpack_from("<Q", data, 32)[0]
        if self.features >> len(FEATURES):
            raise Refused("CC0527", f"features {self.features:#x}")
        if len(data) < HEADER or struct.unpack_from("<Q", data, 16)[0] != len(data):
            raise Refused("CC0522", "length")
        self.flags, _, stored = struct.unpack_from("<IQQ", data, 12)
        if self.flags & ~3:
            raise Refused("CC0524", "flags")
        self.data = data
        self.bytes: Dict[str, bytes] = {}
        self.records: Dict[str, List[Any]] = {}
        place = HEADER
        for number, (section, layout, becomes) in enumerate(SECTIONS):
            offset, size = struct.unpack_from("<II", data, 104 + 8 * number)
            start = (place + 7) // 8 * 8
            record = struct.calcsize(layout)
            if offset != start or offset + size > len(data) or size % record or any(data[place:start]):
                refuse(section, 0, "the section is not where it must be")
            place = offset + size
            part = data[offset:place]
            self.bytes[section] = part
            if becomes is int:
                self.records[section] = [n for (n,) in struct.iter_unpack(layout, part)]
            elif becomes is not None:
                self.records[section] = [becomes(*r) for r in struct.iter_unpack(layout, part)]
        if place != len(data):
            raise Refused("CC0524", "the last section does not end with the image")
        try:
            self.bytes["names"].decode("utf-8")
        except UnicodeDecodeError:
            refuse("names", 0, "it is no UTF-8")
        self.release, self.compiler, self.feature_names = (
            self.name(*struct.unpack_from("<II", data, at)) for at in (80, 88, 96))
        if stored != checksum(data):
            raise Refused("CC0523", "checksum")
        self.sequence = struct.unpack_from("<Q", data, 40)[0]
        self.content = data[48:80].hex()

    def name(self, offset: int, size: int) -> str:
        names = self.bytes["names"]
        if offset + size > len(names):
            refuse("names", offset, "a name lies beyond the section")
        if any(byte & 0xC0 == 0x80 for at in (offset, offset + size) for byte in names[at:at + 1]):
            refuse("names", offset, "a name begins or ends within a character")
        return names[offset:offset + size].decode("utf-8")

    def text(self, offset: int, size: int) -> bytes:
        text = self.bytes["text"]
        if offset + size > len(text):
            refuse("text", offset, "a literal lies beyond the section")
        return text[offset:offset + size]

    def some(self, section: str, first: int, count: int) -> List[Any]:
        return self.records[section][first:first + count]


# --- Verification ----------------------------------------------------------------------------------------------------------------

OPERANDS = {ATOM: "a", EXISTS: "", NULL: "", ANY_TEXT: "ab", ALL_TEXTS: "ab", INT_RANGES: "ab", FLOAT_ORDER: "a", BOOLEAN: "",
            IN_SET: "a", CIDR: "ab", MASK: "a", TIME: "ab", FIELD: "a"}
EVERY = {STRING, INT, FLOAT, BOOL, IP, BYTES}
INPUTS = {ATOM: EVERY, EXISTS: EVERY, NULL: EVERY, ANY_TEXT: {STRING, INT, BOOL, IP}, ALL_TEXTS: {STRING, INT, BOOL, IP},
          INT_RANGES: {STRING, INT, FLOAT}, FLOAT_ORDER: {STRING, INT, FLOAT}, BOOLEAN: {STRING, BOOL},
          IN_SET: {STRING, INT, BOOL, IP, BYTES}, CIDR: {STRING, IP}, MASK: {INT}, TIME: {STRING, INT}, FIELD: EVERY}
VARIANTS = {FLOAT_ORDER: 6, MASK: 6, BOOLEAN: 2, TIME: 6, FIELD: 9}


def rises(values: Sequence[Any]) -> bool:
    return all(a < b for a, b in zip(values, values[1:]))


def capital(text: bytes) -> bool:
    return text != text.lower()


def ascii_only(text: bytes) -> bool:
    return all(b < 0x80 for b in text)


def blurred(text: bytes) -> bytes:
    return bytes(b | 0x20 for b in text)


def gram_key(gram: bytes, number: int) -> int:
    return (int.from_bytes(blurred(gram), "little") | (number + 1) << 32) * K & MASK64


def near_of(text: bytes, start: int, end: int) -> Tuple[int, int]:
    """Two bytes near those from start to end, and where they stand: 1 before, 2 behind, 0 nowhere."""
    for near, where in ((text[max(start - 2, 0):start], 1), (text[end:end + 2], 2)):
        if len(near) == 2:
            return int.from_bytes(blurred(near), "little"), where
    return 0, 0


def anchor_key(kind: int, size: int, number: int, word: bytes, whole: int) -> int:
    salt = kind << 40 | size << 32 | number
    return mix(int.from_bytes(word, "little"), (salt ^ whole << 44) & MASK64) * K & MASK64


class Verifier:
    """Holds an image against the section Verification. Each method takes a part of it."""

    def __init__(self, image: Image) -> None:
        self.image = image
        self.at: Dict[str, int] = {section: 0 for section, _, _ in SECTIONS}
        self.capitals_end = max((n + 1 for n, b in enumerate(image.bytes["text"]) if 65 <= b <= 90), default=0)

    def take(self, section: str, first: int, count: int, owner: str, number: int) -> List[Any]:
        """The range of the partition that comes next in a section."""
        size = len(self.image.bytes[section]) if section == "automata" else len(self.image.records[section])
        if first != self.at[section] or first + count > size:
            refuse(owner, number, f"its range of {section} is {first} + {count}, and must begin at {self.at[section]}")
        self.at[section] = first + count
        return self.image.some(section, first, count) if section != "automata" else []

    def run(self) -> None:
        image = self.image
        if not image.records["rules"] and not image.flags & 2:
            raise Refused("CC0528", "no rule")
        self.keys_and_sets()
        self.regexes()
        self.rules()
        self.patterns()
        templates: List[Template] = image.records["templates"]
        names = []
        for number, template in enumerate(templates):
            name = image.name(template.name, template.name_len)
            if not 0 < len(name.encode()) <= MAX_TEMPLATE_NAME:
                refuse("templates", number, "it has no name, or one that is too long")
            names.append((name.encode(), template.version))
            self.template(number, template)
        if not rises(names):
            refuse("templates", 0, "template types do not rise")
        for section, _, becomes in SECTIONS:
            if section in ("names", "text", "rules", "sets", "regexes", "templates"):
                continue
            if self.at[section] != len(image.bytes["automata"] if section == "automata" else image.records[section]):
                refuse(section, self.at[section], "records that belong to nobody")
        fed = {p.rule for p in image.records["programs"]}
        for number in range(len(image.records["rules"])):
            if number not in fed:
                refuse("rules", number, "no program")
        used = {p.opcode for p in image.records["predicates"]}
        there = [any(r.kind == 1 for r in image.records["regexes"]), TIME in used, FIELD in used, MASK in used]
        if image.features != sum(1 << bit for bit, is_there in enumerate(there) if is_there):
            raise Refused("CC0524", "features")

    # Rules, sets, expressions, patterns

    def rules(self) -> None:
        image = self.image
        for number, rule in enumerate(image.records["rules"]):
            for at, size in zip(rule[0:4:2] + rule[6:12:2], rule[1:5:2] + rule[7:12:2]):
                image.name(at, size)
            if rule.level > 5:
                refuse("rules", number, "level")
            for c in self.take("comparators", rule.comparators, rule.comparator_count, "rules", number):
                sensor, version = image.name(c.sensor, c.sensor_len), image.name(c.version, c.version_len)
                if c.operator > 6 or max(c.sensor_len, c.version_len) > MAX_VERSION:
                    refuse("comparators", number, f"{sensor} {version}")

    def keys_and_sets(self) -> None:
        image = self.image
        end = 0
        for number, s in enumerate(image.records["sets"]):
            keys = []
            for key in self.take("keys", s.keys, s.count, "sets", number):
                if key.text != end:
                    refuse("keys", number, "keys do not follow each other")
                end += key.len
                keys.append(image.text(key.text, key.len))
            if s.flags & ~3 or s.scalar > BYTES or s.scalar == FLOAT or (s.flags & 1 and s.scalar != STRING):
                refuse("sets", number, "scalar or flags")
            if not rises(keys):
                refuse("sets", number, "keys do not rise")
            for key in keys:
                if not self.encoded(key, s):
                    refuse("sets", number, f"a key that encodes nothing: {key!r}")

    @staticmethod
    def encoded(key: bytes, s: KeySet) -> bool:
        if s.scalar == STRING:
            try:
                key.decode("utf-8")
            except UnicodeDecodeError:
                return False
            return not (s.flags & 1 and capital(key))
        if s.scalar == INT:
            return len(key) == 8
        if s.scalar == BOOL:
            return key in (b"\0", b"\1")
        if s.scalar == IP:
            return (len(key), key[:1]) in ((5, b"\4"), (17, b"\6"))
        return True

    def regexes(self) -> None:
        image = self.image
        for number, r in enumerate(image.records["regexes"]):
            self.take("automata", r.table, r.len, "regexes", number)
            table = image.bytes["automata"][r.table:r.table + r.len]
            if r.kind == 0:
                rows, width = r.states - 2, r.classes + 1
                if rows < 0 or not 0 < r.classes <= 256 or r.len != 256 + 2 * rows * width or 2 + rows * width > MAX_PLACES:
                    refuse("regexes", number, "size of the table")
                places = {0, 1} | {2 + row * width for row in range(rows)}
                moves = [m for (m,) in struct.iter_unpack("<H", table[256:])]
                if r.start not in places or any(c >= r.classes for c in table[:256]) or any(m not in places for m in moves):
                    refuse("regexes", number, "a class or a move")
                if any(m > 1 for m in moves[r.classes::width]):
                    refuse("regexes", number, "the end moves to a state that goes on")
            elif r.kind == 1:
                if r.classes or r.len != 16 * r.states or r.start >= r.states or r.states > MAX_NFA:
                    refuse("regexes", number, "size of the table")
                for s in map(State._make, struct.iter_unpack("<B3x3I", table)):
                    if s.kind > 3 or s.kind != 3 and s.next >= r.states or s.kind == 1 and s.low >= r.states or s.kind == 2 and s.low > 5:
                        refuse("regexes", number, "a state")
                    if s.kind == 0 and s.low > s.high or s.kind and s.high or s.kind == 3 and (s.next or s.low):
                        refuse("regexes", number, "a state")
            else:
                refuse("regexes", number, "kind")

    def literal(self, text: int, size: int, folds: bool, owner: str, number: int) -> bytes:
        """A literal of section text. One that ignores case stands behind all capital letters."""
        literal = self.image.text(text, size)
        if folds and text < self.capitals_end:
            refuse(owner, number, "a literal that ignores case stands among those with capital letters")
        return literal

    def patterns(self) -> None:
        image = self.image
        for number, p in enumerate(image.records["patterns"]):
            if p.kind > MATCHES or p.flags > 1 or p.kind != MATCHES and p.c:
                refuse("patterns", number, "kind or flags")
            if p.kind in (LIKE, MATCHES):
                first, count = (p.a, p.b) if p.kind == LIKE else (p.c, p.b)
                if count > MAX_PARTS or p.kind == LIKE and not count or p.at or p.kind == MATCHES and (p.flags or p.a >= len(image.records["regexes"])):
                    refuse("patterns", number, "parts, flags or the expression")
                for part in self.take("parts", first, count, "patterns", number):
                    if part.kind > 2 or (part.kind == 0) != (part.len > 0) or part.kind and part.text or p.kind == MATCHES and part.kind:
                        refuse("patterns", number, "a part")
                    if part.kind == 0:
                        self.literal(part.text, part.len, p.kind == MATCHES or p.flags == 1, "patterns", number)
            else:
                self.literal(p.a, p.b, p.flags == 1, "patterns", number)
                if p.at and (p.kind != CONTAINS or p.at + 4 > p.b):
                    refuse("patterns", number, "place of the gram")

    # Template types

    def template(self, number: int, t: Template) -> None:
        image = self.image
        inputs: List[Input] = self.take("inputs", t.inputs, t.input_count, "templates", number)
        if t.input_count > MAX_INPUTS:
            refuse("templates", number, "too many inputs")
        for n, i in enumerate(inputs, t.inputs):
            image.name(i.name, i.name_len)
            if i.kind > OPEN or i.scalar > BYTES or i.flags & ~7:
                refuse("inputs", n, "kind, scalar or flags")
            if (i.kind == NUMBERED) != (i.position > 0) or i.flags & BY_NUMBER and i.kind != NUMBERED:
                refuse("inputs", n, "position")
            self.look(i.look, "inputs", n)
        programs: List[Program] = self.take("programs", t.programs, t.program_count, "templates", number)
        if not rises([p.rule for p in programs]):
            refuse("templates", number, "programs do not rise by rule")
        mentioned, code = [], []
        for n, p in enumerate(programs, t.programs):
            mentioned.append(self.take("mentions", p.mentions, p.mention_count, "programs", n))
            code.append(self.take("code", p.code, p.code_len, "programs", n))
        predicates = self.take("predicates", t.predicates, t.predicate_count, "templates", number)
        for n, predicate in enumerate(predicates, t.predicates):
            self.predicate(n, predicate, t, inputs)
        for n, p in enumerate(programs):
            self.program(t.programs + n, p, mentioned[n], code[n], predicates, t)
        always = self.witnesses(t.always, t.always_count, t, "templates", number)
        atoms = self.take("atoms", t.atoms, t.atom_count, "templates", number)
        own = t.atom_count - self.keywords(number, t)
        listed: List[Set[int]] = [set() for _ in programs]  # for each program the atoms that are listed for it
        for n, atom in enumerate(atoms):
            if (atom.input == KEYWORD) != (n >= own):
                refuse("atoms", t.atoms + n, "its input")
            for program in self.witnesses(atom.witnesses, atom.count, t, "atoms", t.atoms + n):
                listed[program].add(n)
        for n in set(range(len(programs))) - set(always):
            self.asleep(t.programs + n, code[n], predicates, listed[n])
        looks = {n: image.records["looks"][i.look] for n, i in enumerate(inputs)}
        self.index(t.filters, t.literals, t.literal_count, looks, [atom.input for atom in atoms[:own]])

    def keywords(self, number: int, t: Template) -> int:
        """The number of atoms of a template type's keywords, which are checked where they come first."""
        if t.keywords == NO_KEYWORDS:
            return 0
        if t.keywords > self.at["keywords"] or t.keywords >= len(self.image.records["keywords"]):
            refuse("templates", number, "keywords")
        k: Keywords = self.image.records["keywords"][t.keywords]
        if k.atom_count > t.atom_count:
            refuse("templates", number, "keywords with more atoms than it has")
        if t.keywords == self.at["keywords"]:
            self.at["keywords"] += 1
            look = self.look(k.look, "keywords", t.keywords)
            self.index(k.filters, k.literals, k.literal_count, {KEYWORD: look}, [KEYWORD] * k.atom_count)
        return k.atom_count

    def look(self, at: int, owner: str, number: int) -> Look:
        look: Look = self.take("looks", at, 1, owner, number)[0]
        if max(look.stride, look.close_stride) > MAX_STRIDE or look.needle_count > MAX_NEEDLES:
            refuse("looks", at, "stride or number of needles")
        if (look.close_stride > 0) != (look.needle_count > 0) or look.needle_count and 0 < look.stride <= look.close_stride:
            refuse("looks", at, "close stride")
        for word in (look.needle_firsts, look.needle_seconds):
            needles = word.to_bytes(4, "little")
            if any(needles[look.needle_count:]) or any(not b & 0x20 for b in needles[:look.needle_count]):
                refuse("looks", at, "needles")
        self.probes(look.probes, look.probe_count, "looks", at)
        return look

    def probes(self, first: int, count: int, owner: str, number: int) -> None:
        probes = self.take("probes", first, count, owner, number)
        if not rises(probes):
            refuse(owner, number, "probes do not rise")
        for p in probes:
            if p.kind > L_INT or p.kind == L_CONTAINS or not 1 <= p.bytes <= 8:
                refuse(owner, number, "a probe")

    def witnesses(self, first: int, count: int, t: Template, owner: str, number: int) -> List[int]:
        programs: List[int] = self.take("witnesses", first, count, owner, number)
        if not rises(programs) or programs and programs[-1] >= t.program_count:
            refuse(owner, number, "witnesses")
        return programs

    def predicate(self, number: int, p: Predicate, t: Template, inputs: List[Input]) -> None:
        image = self.image
        if p.opcode > FIELD:
            refuse("predicates", number, "opcode")
        mode, variant = p.flags & 3, p.flags >> 4
        if mode == 3 or p.flags & 8 or variant >= VARIANTS.get(p.opcode, 1):
            refuse("predicates", number, "flags")
        for name in "abc":
            if name not in OPERANDS[p.opcode] and getattr(p, name):
                refuse("predicates", number, f"operand {name}")
        if "b" in OPERANDS[p.opcode] and not p.b or p.opcode in (EXISTS, NULL) and mode:
            refuse("predicates", number, "a test of nothing, or elements that are there")
        if p.input == KEYWORD:
            if mode or p.opcode == FIELD:
                refuse("predicates", number, "no such test on the keyword")
        else:
            if p.input >= t.input_count or inputs[p.input].scalar not in INPUTS[p.opcode]:
                refuse("predicates", number, "input")
            if mode and not inputs[p.input].flags & LIST:
                refuse("predicates", number, "elements of what is no list")
        scalar = None if p.input == KEYWORD else inputs[p.input].scalar
        if p.opcode == ATOM and [a.input for a in image.some("atoms", t.atoms + p.a, int(p.a < t.atom_count))] != [p.input]:
            refuse("predicates", number, "atom")
        elif p.opcode in (ANY_TEXT, ALL_TEXTS):
            self.take("patterns", p.a, p.b, "predicates", number)
        elif p.opcode in (INT_RANGES, TIME):
            bounds = self.take("numbers", p.a, 2 * p.b, "predicates", number)
            if any(a > b for a, b in zip(bounds[::2], bounds[1::2])) or any(a >= b for a, b in zip(bounds[1::2], bounds[2::2])):
                refuse("predicates", number, "ranges do not rise")
        elif p.opcode == FLOAT_ORDER:
            self.take("numbers", p.a, 1, "predicates", number)
        elif p.opcode == MASK:
            self.take("numbers", p.a, 2, "predicates", number)
        elif p.opcode == CIDR:
            for n in self.take("networks", p.a, p.b, "predicates", number):
                if n.family not in (4, 6) or n.prefix > (32 if n.family == 4 else 128) or n.family == 4 and any(n[3:]):
                    refuse("predicates", number, "network")
        elif p.opcode == IN_SET:
            sets = image.records["sets"][p.a:p.a + 1]
            if not sets or scalar not in (None, sets[0].scalar) and (sets[0].count or mode != 2):
                refuse("predicates", number, "set")
        elif p.opcode == FIELD:
            if p.a >= t.input_count or (inputs[p.a].scalar == BYTES) != (scalar == BYTES):
                refuse("predicates", number, "the other input")

    def program(self, number: int, p: Program, mentions: List[int], code: List[Instruction], predicates: List[Predicate],
                t: Template) -> None:
        if p.rule >= len(self.image.records["rules"]) or not 1 <= p.code_len <= MAX_CODE:
            refuse("programs", number, "rule or length")
        if not rises(mentions) or mentions and mentions[-1] >= t.input_count:
            refuse("programs", number, "mentions")
        for place, i in enumerate(code):
            if i.predicate >= t.predicate_count or any(j < NO and not place < j < p.code_len for j in (i.yes, i.no)):
                refuse("programs", number, "a jump or a predicate")
            read = predicates[i.predicate]
            if any(n != KEYWORD and n not in mentions for n in [read.input] + [read.a] * (read.opcode == FIELD)):
                refuse("programs", number, "it reads what it does not mention")

    def asleep(self, number: int, code: List[Instruction], predicates: List[Predicate], listed: Set[int]) -> None:
        """A program that does not always run cannot accept while all of its witnesses are false."""
        reached = {0}
        for place, i in enumerate(code):
            if place in reached:
                p = predicates[i.predicate]
                reached.add(i.no)
                if not (p.opcode == ATOM and p.a in listed):
                    reached.add(i.yes)
        if YES in reached:
            refuse("programs", number, "it can accept without a witness")

    # Filters

    def index(self, first_filter: int, first: int, count: int, looks: Dict[int, Look], atoms: List[int]) -> None:
        """Literals, and the three filters that find them. `looks` are by input, `atoms` the inputs of the atoms."""
        image = self.image
        literals: List[Literal] = self.take("literals", first, count, "filters", first_filter)
        # For each filter what each literal's grams have: the key, and what stands near it and where.
        needed: List[Dict[Tuple[int, int], Tuple[int, int, int]]] = [{}, {}, {}]
        made: Set[int] = set()
        for n, literal in enumerate(literals):
            record = first + n
            actions = self.take("actions", literal.actions, literal.action_count, "literals", record)
            if literal.input not in looks or literal.flags > (FOLDS | CLOSE) or literal.kind > L_INT:
                refuse("literals", record, "input, flags or kind")
            if any(a >= len(atoms) or atoms[a] != literal.input for a in actions):
                refuse("literals", record, "actions")
            made.update(actions)
            text = self.literal(literal.text, literal.len, bool(literal.flags & FOLDS), "literals", record)
            kind, keys = self.keys_of(record, literal, text, looks[literal.input])
            needed[kind].update({(n, gram): key for gram, key in enumerate(keys)})
        if len(made) < len(atoms):
            refuse("atoms", 0, f"{len(atoms) - len(made)} have no literal")
        for kind, f in enumerate(self.take("filters", first_filter, 3, "filters", first_filter)):
            self.filter(first_filter + kind, f, needed[kind])

    def filter(self, number: int, f: Filter, needed: Dict[Tuple[int, int], Tuple[int, int, int]]) -> None:
        """A filter has what is needed, each once, at the place that the page says, and nothing else."""
        if not f.entry_count:
            if f.bitmap_log2 or f.bucket_log2 or needed:
                refuse("filters", number, "a filter without entries")
            for section, first in (("bitmaps", f.bitmap), ("buckets", f.buckets), ("entries", f.entries)):
                self.take(section, first, 0, "filters", number)
            return
        if not 6 <= f.bitmap_log2 <= 30 or f.bucket_log2 > 24:
            refuse("filters", number, "size")
        words = self.take("bitmaps", f.bitmap, 1 << f.bitmap_log2 - 6, "filters", number)
        bounds = self.take("buckets", f.buckets, (1 << f.bucket_log2) + 1, "filters", number)
        entries = self.take("entries", f.entries, f.entry_count, "filters", number)
        if bounds[0] != 0 or bounds[-1] != f.entry_count or any(not 0 <= b - a <= MAX_BUCKET for a, b in zip(bounds, bounds[1:])):
            refuse("filters", number, "bounds")
        for a, b in zip(bounds, bounds[1:]):
            if not rises([(entry.check, entry.literal) for entry in entries[a:b]]):
                refuse("filters", number, "entries of a bucket do not rise")
        if sorted(needed) != sorted((entry.literal >> 5, entry.literal & 7) for entry in entries):
            refuse("filters", number, "some literal is not found wherever it stands")
        for n, entry in enumerate(entries):
            key, near, where = needed[entry.literal >> 5, entry.literal & 7]
            bucket = key >> 64 - f.bucket_log2
            if not words[key >> 32 & len(words) - 1] >> (key >> 58) & 1:
                refuse("entries", f.entries + n, "its bit is not set")
            if (entry.near, entry.literal >> 3 & 3) != (near, where):
                refuse("entries", f.entries + n, "what is near it")
            if entry.check != key >> 16 & 0xFFFF or not bounds[bucket] <= n < bounds[bucket + 1]:
                refuse("entries", f.entries + n, "its check or its bucket is another")

    def keys_of(self, record: int, literal: Literal, text: bytes, look: Look) -> Tuple[int, List[Tuple[int, int, int]]]:
        """The filter of a literal, and for each of its entries the key, and what stands near."""
        if literal.kind == L_CONTAINS:
            needles = list(zip(look.needle_firsts.to_bytes(4, "little"), look.needle_seconds.to_bytes(4, "little")))
            pair = tuple(blurred(text[literal.needle:literal.needle + 2]))
            if literal.flags & CLOSE and pair not in needles[:look.needle_count] or not literal.flags & CLOSE and literal.needle:
                refuse("literals", record, "its needle")
            stride = look.close_stride if literal.flags & CLOSE else look.stride
            wide = text[literal.at:literal.at + 3]
            if len(wide) == 3 and not ascii_only(wide):
                if stride != 1:
                    refuse("literals", record, "a wide gram where not every byte is looked at")
                return WIDE_GRAMS, [(gram_key(wide, literal.input), *near_of(text, literal.at, literal.at + 3))]
            grams = [text[at:at + 4] for at in range(literal.at, literal.at + stride)]
            if not grams or any(len(gram) != 4 or not ascii_only(gram) for gram in grams):
                refuse("literals", record, "no grams, or not as many as the stride")
            return GRAMS, [(gram_key(gram, literal.input), *near_of(text, at, at + 4)) for at, gram in enumerate(grams, literal.at)]
        size = literal.at
        if literal.flags & CLOSE or literal.needle or (literal.kind, size) not in self.image.some("probes", look.probes, look.probe_count):
            refuse("literals", record, "no anchor, or the input has no such probe")
        if literal.kind in (L_EQUALS, L_INT) and size != 8 or literal.kind == L_INT and len(text) != 8 or literal.kind in (L_PREFIX, L_SUFFIX) and len(text) < size:
            refuse("literals", record, "its length")
        part = {L_EQUALS: text[-8:], L_PREFIX: text[:size], L_SUFFIX: text[len(text) - size:], L_INT: text}[literal.kind]
        word = part if literal.kind == L_INT else blurred(part.ljust(8, b"\0"))
        key = anchor_key(literal.kind, size, literal.input, word, len(text) if literal.kind == L_EQUALS else 0)
        start = 0 if literal.kind == L_PREFIX else max(len(text) - size, 0)
        return ANCHORS, [(key, *near_of(text, start, start + len(part)))]


# --- Rules and sensors -----------------------------------------------------------------------------------------------------------

def version_part(part: str) -> Tuple[int, Tuple[int, bytes]]:
    digits = re.match("[0-9]*", part).group()  # type: ignore[union-attr]
    rest = part[len(digits):]
    return int(digits or "0"), (0 if rest.startswith("-") else 2 if rest else 1, rest.encode())


def compare_versions(one: str, other: str, decimal: bool) -> int:
    """-1, 0 or 1."""
    parts = [v.split(".") for v in (one, other)]
    for n in range(max(map(len, parts))):
        (a, a_rest), (b, b_rest) = left, right = [version_part(p[n] if n < len(p) else "0") for p in parts]
        if decimal and n == 1:
            texts = [re.match("[0-9]*", p[n] if n < len(p) else "0").group().rstrip("0") for p in parts]  # type: ignore[union-attr]
            left, right = (texts[0], a_rest), (texts[1], b_rest)  # type: ignore[assignment]
        if left != right:
            return -1 if left < right else 1
    return 0


def order(a: Any, operator: int, b: Any) -> bool:
    """The variants of numbers, which are the operators of comparators as well. NaN differs from all and has no order."""
    return bool([ops.eq, ops.ne, ops.lt, ops.le, ops.gt, ops.ge][operator](a, b))


@dataclass
class Supplied:
    """An input or a header field of a manifest."""
    name: str
    scalar: int
    is_list: bool
    optional: bool


def members(value: Any, allowed: str, required: str) -> Dict[str, Any]:
    if not isinstance(value, dict) or set(value) - set(allowed.split()) or set(required.split()) - set(value):
        raise Refused("CC0407", f"members of {value}")
    return value


def no_repeats(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise Refused("CC0407", "a member is given twice")
    return dict(pairs)


class Manifest:
    """docs/sensors.md."""

    def __init__(self, text: str) -> None:
        try:
            m = json.loads(text, object_pairs_hook=no_repeats)
        except ValueError as e:
            raise Refused("CC0407", str(e))
        members(m, "format sensor version versioning origin capacity header templates", "format sensor version templates")
        self.sensor: str = m["sensor"]
        self.sensor_version: str = m["version"]
        if m["format"] != 1 or not re.fullmatch("[a-z][a-z0-9_-]*", self.sensor) or not m["templates"]:
            raise Refused("CC0407", "format, sensor or no template type")
        if not re.fullmatch("[0-9][A-Za-z0-9._+-]*", self.sensor_version) or m.get("versioning", "parts") not in ("parts", "decimal"):
            raise Refused("CC0407", "version")
        self.decimal = m.get("versioning") == "decimal"
        self.capacity: Dict[str, Any] = members(m.get("capacity", {}), (
            "interpreter image_bytes rules table_rows automaton_states features steps steps_per_byte scratch_bytes"), "")
        self.header = self.inputs(m.get("header", []))
        self.templates = {name: self.inputs(members(t, "inputs", "inputs")["inputs"]) for name, t in m["templates"].items()}

    @staticmethod
    def inputs(values: List[Any]) -> List[Supplied]:
        found = []
        for value in values:
            members(value, "name type", "name type")
            m = re.fullmatch(r"(?:(\w+)|list<(\w+)>)(\??)", value["type"])
            if not m or (m[1] or m[2]) not in SCALARS:
                raise Refused("CC0407", f"type {value['type']}")
            found.append(Supplied(value["name"], SCALARS.index(m[1] or m[2]), m[2] is not None, m[3] == "?"))
        if len({i.name for i in found}) != len(found):
            raise Refused("CC0407", "two inputs of one name")
        return found


def loads(image: Image, rule: Rule, manifest: Manifest) -> bool:
    """Whether the comparators of a rule let a sensor load it."""
    comparators = [(image.name(c.sensor, c.sensor_len), image.name(c.version, c.version_len), c.operator)
                   for c in image.some("comparators", rule.comparators, rule.comparator_count)]
    named = {sensor for sensor, _, _ in comparators if sensor}
    if named and manifest.sensor not in named:
        return False
    return all(operator == 6 or order(compare_versions(manifest.sensor_version, version, manifest.decimal), operator, 0)
               for sensor, version, operator in comparators if sensor in ("", manifest.sensor))


# --- Values and text -------------------------------------------------------------------------------------------------------------

class Value(NamedTuple):
    """A value of an event; an absent one is None. An integer is any from -2^63 to 2^64 - 1."""
    kind: str  # text, bytes, int, float, bool, ip, list
    is_: Any


Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]
KINDS = {"text": STRING, "int": INT, "float": FLOAT, "bool": BOOL, "ip": IP, "bytes": BYTES}


def value_of(v: Any) -> Optional[Value]:
    """A value as events.jsonl writes it."""
    if v is None:
        return None
    (kind, x), = v.items()
    make: Dict[str, Callable[[], Value]] = {
        "text": lambda: Value("text", x.encode()), "text_hex": lambda: Value("text", bytes.fromhex(x)),
        "bytes": lambda: Value("bytes", bytes.fromhex(x)), "int": lambda: Value("int", x), "uint": lambda: Value("int", x),
        "float": lambda: Value("float", struct.unpack(">d", bytes.fromhex(x))[0]), "bool": lambda: Value("bool", x),
        "ip": lambda: Value("ip", ipaddress.ip_address(x)), "list": lambda: Value("list", [value_of(e) for e in x])}
    return make[kind]()


def text_of(v: Optional[Value]) -> Optional[bytes]:
    """The text that a test on strings sees (TXT, CONV)."""
    if v is None or v.kind in ("float", "bytes", "list"):
        return None
    if v.kind == "text":
        return bytes(v.is_)
    if v.kind == "bool":
        return b"true" if v.is_ else b"false"
    if v.kind == "ip" and v.is_.version == 6 and v.is_.ipv4_mapped is not None:
        return f"::ffff:{v.is_.ipv4_mapped}".encode()
    return str(v.is_).encode()


def address_of(v: Value) -> Optional[Address]:
    if v.kind == "text":
        try:
            text = v.is_.decode("ascii")
            return None if "%" in text else ipaddress.ip_address(text)
        except ValueError:
            return None
    return v.is_ if v.kind == "ip" else None  # type: ignore[no-any-return]


# Bytes of a string that may spell a number (INT-2, FLT-3).
SPELLED = 64


def number_of(v: Value) -> Union[int, float, None]:
    """A number as the opcode `float` takes it (FLT)."""
    if v.kind in ("int", "float"):
        return v.is_  # type: ignore[no-any-return]
    m = re.fullmatch(rb"([+-]?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?", v.is_) if v.kind == "text" else None
    if not m or len(v.is_) > SPELLED:
        return None
    digits = (m[2] + (m[3] or b"")).lstrip(b"0")
    power = int(m[4] or b"0") - len(m[3] or b"")
    if len(digits) > 15 or not -22 <= power <= 22:
        return None
    number = float(int(digits or b"0"))
    number = number * 10.0 ** power if power >= 0 else number / 10.0 ** -power
    return -number if m[1] == b"-" else number


def integer_of(v: Value) -> Union[int, float, None]:
    """A number as the opcode `int` takes it (INT)."""
    if v.kind == "text":
        if len(v.is_) > SPELLED or not re.fullmatch(rb"[+-]?[0-9]+", v.is_):
            return None
        return int(v.is_) if -1 << 63 <= int(v.is_) < 1 << 63 else None
    return v.is_ if v.kind in ("int", "float") else None  # type: ignore[no-any-return]


def part_of_time(v: Value, part: int) -> Optional[int]:
    """Minute, hour, day, week, month or year (TIME)."""
    hour = minute = None
    try:
        if v.kind == "int":
            day = datetime.date.fromordinal(v.is_ // 86400 + 719163)
            hour, minute = v.is_ // 3600 % 24, v.is_ // 60 % 60
        else:
            m = re.match(rb"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[Tt ]([0-9]{2}):([0-9]{2}))?", v.is_) if v.kind == "text" else None
            if not m:
                return None
            day = datetime.date(int(m[1]), int(m[2]), int(m[3]))
            if m[4] and int(m[4]) < 24 and int(m[5]) < 60:
                hour, minute = int(m[4]), int(m[5])
    except (ValueError, OverflowError):
        return None
    return [minute, hour, day.day, day.isocalendar()[1], day.month, day.year][part]


def characters(text: bytes) -> Iterator[bytes]:
    """The characters of a text: well-formed sequences of UTF-8, and other bytes alone."""
    at = 0
    while at < len(text):
        size = 1 if text[at] < 0xC2 else 2 if text[at] < 0xE0 else 3 if text[at] < 0xF0 else 4
        try:
            text[at:at + size].decode("utf-8")
        except UnicodeDecodeError:
            size = 1
        yield text[at:at + size]
        at += size


def code_point(character: bytes) -> int:
    return 0x10FF00 + character[0] if len(character) == 1 and character[0] >= 0x80 else ord(character.decode("utf-8"))


class Texts:
    """Patterns and expressions against texts."""

    def __init__(self, image: Image) -> None:
        self.image = image

    def passes(self, p: Pattern, text: bytes) -> bool:
        if p.kind == MATCHES:
            r: Regex = self.image.records["regexes"][p.a]
            found = (self.nondeterministic if r.kind else self.deterministic)(r, text)
            gates = [self.image.text(g.text, g.len) for g in self.image.some("parts", p.c, p.b)]
            if found and gates and not any(gate in text.lower() for gate in gates):
                raise AssertionError(f"expression {p.a} matches {text!r} without a gate")
            return found
        if p.flags:
            text = text.lower()
        if p.kind == LIKE:
            return self.like(self.image.some("parts", p.a, p.b), text)
        literal = self.image.text(p.a, p.b)
        return [text == literal, text.startswith(literal), text.endswith(literal), literal in text][p.kind]

    def like(self, parts: List[Part], text: bytes) -> bool:
        starts = [0]  # where characters begin, and the end
        for character in characters(text):
            starts.append(starts[-1] + len(character))
        places = {0}  # numbers of characters that the parts so far can reach
        number = {start: n for n, start in enumerate(starts)}
        for part in parts:
            if part.kind == 0:
                literal = self.image.text(part.text, part.len)
                places = {number[starts[n] + part.len] for n in places
                          if text.startswith(literal, starts[n]) and starts[n] + part.len in number}
            elif part.kind == 1:
                places = set(range(min(places), len(starts))) if places else set()
            else:
                places = {n + 1 for n in places if n + 1 < len(starts)}
        return len(starts) - 1 in places

    def deterministic(self, r: Regex, text: bytes) -> bool:
        table = self.image.bytes["automata"][r.table:r.table + r.len]

        def move(state: int, of_class: int) -> int:
            return int(struct.unpack_from("<H", table, 256 + 2 * (state + of_class - 2))[0])

        state = r.start
        for character in characters(text):
            for byte in chr(code_point(character)).encode("utf-8"):
                if state > 1:
                    state = move(state, table[byte])
        return (move(state, r.classes) if state > 1 else state) == 1

    def nondeterministic(self, r: Regex, text: bytes) -> bool:
        table = self.image.bytes["automata"][r.table:r.table + r.len]
        states = [State(*s) for s in struct.iter_unpack("<B3x3I", table)]
        points = [code_point(c) for c in characters(text)]

        def word(at: int) -> bool:
            return 0 <= at < len(points) and points[at] < 0x80 and (chr(points[at]).isalnum() or points[at] == ord("_"))

        now: Set[int] = set()
        for at in range(len(points) + 1):
            holds = [at == 0, at == len(points), at == 0 or points[at - 1] == 10, at == len(points) or points[at] == 10]
            holds += [word(at - 1) != word(at), word(at - 1) == word(at)]
            todo, entered = [*now, r.start], set()
            while todo:
                n = todo.pop()
                if n in entered:
                    continue
                entered.add(n)
                s = states[n]
                if s.kind == 3:
                    return True
                if s.kind == 1:
                    todo += [s.next, s.low]
                elif s.kind == 2 and holds[s.low]:
                    todo.append(s.next)
            if at < len(points):
                now = {states[n].next for n in entered if states[n].kind == 0 and states[n].low <= points[at] <= states[n].high}
        return False


# --- Binding and evaluation ------------------------------------------------------------------------------------------------------

Place = Tuple[str, int]  # "inputs" or "header", and the number there


@dataclass
class Bound:
    """A template type of the image, bound to a manifest."""
    template: Template
    inputs: List[Input]
    places: Dict[int, Place] = field(default_factory=dict)  # of inputs that loaded programs mention
    programs: List[int] = field(default_factory=list)  # that are loaded, counted from the template type's first
    literals: List[Tuple[int, Literal]] = field(default_factory=list)  # with the atom that is the first


class Sensor:
    """An image that a sensor has loaded."""

    def __init__(self, data: bytes, manifest: Manifest) -> None:
        self.image = image = Image(data)
        self.manifest = manifest
        self.within("image_bytes", len(data))
        Verifier(image).run()
        self.texts = Texts(image)
        self.rule_names = [image.name(r.name, r.name_len) for r in image.records["rules"]]
        self.loaded = [loads(image, rule, manifest) for rule in image.records["rules"]]
        self.bound: Dict[str, List[Bound]] = {}
        for t in image.records["templates"]:
            self.bind(t)
        self.capacities()

    def bind(self, t: Template) -> None:
        image = self.image
        name = image.name(t.name, t.name_len)
        supplied = self.manifest.templates.get(name)
        if supplied is None:
            return
        bound = Bound(t, image.some("inputs", t.inputs, t.input_count))
        for n, program in enumerate(image.some("programs", t.programs, t.program_count)):
            if not self.loaded[program.rule]:
                continue
            places: Dict[int, Place] = {}
            try:
                for number in image.some("mentions", program.mentions, program.mention_count):
                    place = self.place(bound.inputs[number], supplied)
                    if place is not None:
                        places[number] = place
            except Refused:
                if image.flags & 1:
                    continue
                raise
            bound.programs.append(n)
            bound.places.update(places)
        bound.literals = [(0, literal) for literal in image.some("literals", t.literals, t.literal_count)]
        if t.keywords != NO_KEYWORDS:
            k: Keywords = image.records["keywords"][t.keywords]
            first = t.atom_count - k.atom_count
            bound.literals += [(first, literal) for literal in image.some("literals", k.literals, k.literal_count)]
        self.bound.setdefault(name, []).append(bound)

    def place(self, i: Input, supplied: List[Supplied]) -> Optional[Place]:
        name = self.image.name(i.name, i.name_len)
        for which, candidates in (("inputs", supplied), ("header", self.manifest.header)):
            for n, s in enumerate(candidates):
                if s.name != name:
                    continue
                if i.flags & BY_NUMBER and (which, n + 1) != ("inputs", i.position):
                    raise Refused("CC0403", f"input {name}")
                if s.scalar != i.scalar or s.is_list != bool(i.flags & LIST) or s.optional and not i.flags & OPTIONAL:
                    raise Refused("CC0404", f"input {name}")
                return which, n
        if i.kind != OPEN:
            raise Refused("CC0401", f"input {name}")
        return None

    def capacities(self) -> None:
        """Those that follow from the image; the steps and the scratch memory are the interpreter's."""
        image, known = self.image, self.manifest.capacity.get("features")
        for bit, name in enumerate(FEATURES):
            if image.features >> bit & 1 and known is not None and name not in known:
                raise Refused("CC0527", f"feature {name}")
        self.within("interpreter", image.version)
        self.within("rules", len({image.records["programs"][bound.template.programs + n].rule
                                  for bounds in self.bound.values() for bound in bounds for n in bound.programs}))
        self.within("table_rows", sum(s.count for s in image.records["sets"] if s.flags & 2))
        self.within("automaton_states", sum(r.states for r in image.records["regexes"]))

    def within(self, name: str, need: int) -> None:
        most = self.manifest.capacity.get(name)
        if most is not None and need > most:
            raise Refused("CC0408", f"{name}: {need}")

    def answers(self, event: Dict[str, Any]) -> Tuple[List[str], List[str]]:
        """Names of the rules that match, and of the inputs whose values have another type."""
        for bound in self.bound.get(event["template"], []):
            if bound.template.version == event["version"]:
                e = Event(self, bound, event)
                return [self.rule_names[n] for n in sorted(e.matches())], e.mistyped
        raise AssertionError(f"no template type {event['template']} @ {event['version']}")


class Event:
    """An event, as an event of one template type of the image."""

    def __init__(self, sensor: Sensor, bound: Bound, event: Dict[str, Any]) -> None:
        self.sensor, self.image, self.bound = sensor, sensor.image, bound
        values = {which: [value_of(v) for v in event.get(which, [])] for which in ("inputs", "header", "others")}
        self.mistyped: List[str] = []
        self.values: Dict[int, Optional[Value]] = {}
        for number, (which, n) in sorted(bound.places.items()):
            self.values[number] = self.typed(bound.inputs[number], values[which][n])
        self.everything: List[Value] = []  # what keywords see
        for value in values["inputs"] + values["header"] + values["others"]:
            elements = value.is_ if value and value.kind == "list" else [value]
            self.everything += [v for v in elements if v is not None and v.kind != "list"]  # of lists in lists nothing
        self.atoms = {first + a for first, literal in bound.literals if self.found(literal) for a in self.actions(literal)}

    def typed(self, i: Input, value: Optional[Value]) -> Optional[Value]:
        """The value if it is of the input's type; else it is absent, and counted."""
        def fits(v: Optional[Value]) -> bool:
            return v is not None and KINDS.get(v.kind) == i.scalar

        if value is None:
            return None
        if i.flags & LIST and value.kind == "list":
            elements = [e if fits(e) else None for e in value.is_]
            if elements != value.is_:
                self.mistyped.append(self.image.name(i.name, i.name_len))
            return Value("list", elements)
        if not i.flags & LIST and fits(value):
            return value
        self.mistyped.append(self.image.name(i.name, i.name_len))
        return None

    def elements(self, number: int) -> Sequence[Optional[Value]]:
        """The values that a literal is looked for in."""
        if number == KEYWORD:
            return self.everything
        value = self.values.get(number)
        return value.is_ if value and value.kind == "list" else [value]  # type: ignore[no-any-return]

    def actions(self, literal: Literal) -> List[int]:
        return self.image.some("actions", literal.actions, literal.action_count)

    def found(self, literal: Literal) -> bool:
        wanted = self.image.text(literal.text, literal.len)
        for value in self.elements(literal.input):
            if literal.kind == L_INT:
                if value and value.kind in ("int", "bool") and int(value.is_) == int.from_bytes(wanted, "little", signed=True):
                    return True
                continue
            text = text_of(value)
            if text is None:
                continue
            if literal.flags & FOLDS:
                text = text.lower()
            if [text == wanted, text.startswith(wanted), text.endswith(wanted), wanted in text][literal.kind]:
                return True
        return False

    def matches(self) -> Iterator[int]:
        image, t = self.image, self.bound.template
        woken = set(image.some("witnesses", t.always, t.always_count))
        for atom in self.atoms:
            a: Atom = image.records["atoms"][t.atoms + atom]
            woken.update(image.some("witnesses", a.witnesses, a.count))
        for n in self.bound.programs:
            program: Program = image.records["programs"][t.programs + n]
            at = 0
            while at < NO:
                i: Instruction = image.records["code"][program.code + at]
                at = i.yes if self.holds(image.records["predicates"][t.predicates + i.predicate]) else i.no
            if at == YES:
                if n not in woken:
                    raise AssertionError(f"program {n} accepts and has no witness")
                yield program.rule

    def holds(self, p: Predicate) -> bool:
        if p.opcode == ATOM:
            return p.a in self.atoms
        if p.input == KEYWORD:
            if p.opcode in (EXISTS, NULL):
                return bool(self.everything) == (p.opcode == EXISTS)
            return any(self.passes(p, v) for v in self.everything)
        value = self.values.get(p.input)
        if p.opcode in (EXISTS, NULL):
            return (value is not None) == (p.opcode == EXISTS)
        mode = p.flags & 3
        if value is None or mode == 0 and value.kind == "list":
            return False
        elements = value.is_ if value.kind == "list" else [value]
        passed = [self.passes(p, v) for v in elements if v is not None]
        return all(passed) if mode == 2 else any(passed)

    def passes(self, p: Predicate, v: Value) -> bool:
        """Whether one value, which is no list, passes."""
        image, variant = self.image, p.flags >> 4
        if p.opcode in (ANY_TEXT, ALL_TEXTS):
            text = text_of(v)
            passes = (text is not None and self.sensor.texts.passes(pattern, text) for pattern in image.some("patterns", p.a, p.b))
            return text is not None and (any(passes) if p.opcode == ANY_TEXT else all(passes))
        if p.opcode in (INT_RANGES, TIME, MASK):
            number = integer_of(v) if p.opcode == INT_RANGES else part_of_time(v, variant) if p.opcode == TIME else None
            if p.opcode == MASK:
                if v.kind != "int":
                    return False
                mask, wanted = image.some("numbers", p.a, 2)
                bits = v.is_ & mask & MASK64
                return order(bits - (bits >> 63 << 64), variant, wanted)
            if number is None:
                return False
            bounds = image.some("numbers", p.a, 2 * p.b)
            return any(self.lies(number, low, high) for low, high in zip(bounds[::2], bounds[1::2]))
        if p.opcode == FLOAT_ORDER:
            operand = struct.unpack("<d", struct.pack("<q", image.records["numbers"][p.a]))[0]
            number = number_of(v)
            return number is not None and order(number, variant, operand)
        if p.opcode == BOOLEAN:
            text = v.is_.lower() if v.kind == "text" else text_of(v) if v.kind == "bool" else None
            return text == (b"true" if variant else b"false")
        if p.opcode == IN_SET:
            return self.in_set(image.records["sets"][p.a], v)
        if p.opcode == CIDR:
            address = address_of(v)
            return address is not None and any(self.lies_in(address, n) for n in image.some("networks", p.a, p.b))
        assert p.opcode == FIELD
        other = self.values.get(p.a)
        return other is not None and self.compares(v, variant, other, bool(p.flags & 4))

    @staticmethod
    def lies(number: Union[int, float], low: int, high: int) -> bool:
        top = (1 << 63) - 1
        if isinstance(number, int) and number > top:  # it lies in every range that ends with the top and begins before it
            return low < top == high
        return low <= number <= high

    def in_set(self, s: KeySet, v: Value) -> bool:
        if KINDS.get(v.kind) != s.scalar or v.kind == "int" and v.is_ >= 1 << 63:
            return False
        key = {"text": lambda: v.is_.lower() if s.flags & 1 else v.is_, "bytes": lambda: v.is_, "bool": lambda: bytes([v.is_]),
               "int": lambda: ((v.is_ + (1 << 63)) & MASK64).to_bytes(8, "big"),
               "ip": lambda: bytes([v.is_.version]) + v.is_.packed}[v.kind]()
        return any(self.image.text(k.text, k.len) == key for k in self.image.some("keys", s.keys, s.count))

    @staticmethod
    def lies_in(address: Address, n: Network) -> bool:
        if address.version != n.family:
            return False
        bits = 32 if n.family == 4 else 128
        network = n.w0 if n.family == 4 else n.w0 << 96 | n.w1 << 64 | n.w2 << 32 | n.w3
        return int(address) >> bits - n.prefix == network >> bits - n.prefix

    @staticmethod
    def compares(one: Value, variant: int, other: Value, folds: bool) -> bool:
        """One field against another (FLD)."""
        if other.kind == "list":
            return False
        kinds = {one.kind, other.kind}
        if variant < 6 and kinds <= {"int", "float"}:
            return order(one.is_, variant, other.is_)
        if variant < 2 and one.kind == other.kind != "text":
            return order(one.is_, variant, other.is_)
        if variant < 6 and "text" not in kinds:
            return False
        a, b = text_of(one), text_of(other)
        if a is None or b is None or 2 <= variant < 6:
            return False
        if folds:
            a, b = a.lower(), b.lower()
        if variant < 2:
            return (a == b) == (variant == 0)
        # By characters: a byte that is none of its own in one text is no part of it.
        text, part = list(characters(a)), list(characters(b))
        last = len(text) - len(part)
        places = {6: range(last + 1), 7: range(min(last, 0), 1), 8: range(last, last + 1)}[variant]
        return any(at >= 0 and text[at:at + len(part)] == part for at in places)


# --- Directories -----------------------------------------------------------------------------------------------------------------

def damaged(image: bytes, how: Dict[str, Any]) -> bytes:
    """The image as a line of refused.jsonl damages it."""
    data = bytearray(image)
    for offset, patch in how.get("patch", []):
        patch = bytes.fromhex(patch)
        data[offset:offset + len(patch)] = patch
    if how.get("truncate") is not None:
        del data[how["truncate"]:]
    return sealed(bytes(data)) if how.get("seal") else bytes(data)


def lines(path: Path) -> Iterator[Tuple[int, Any]]:
    for number, line in enumerate(path.read_text("utf-8").splitlines() if path.exists() else [], 1):
        if line.strip():
            yield number, json.loads(line)


def check(directory: Path) -> bool:
    """Checks a directory and prints a line about it, and one for each difference."""
    missing = [name for name in ("image.ccimage", "manifest.json") if not (directory / name).is_file()]
    if missing:
        print(f"{directory}: cannot be checked: it has no {' and no '.join(missing)}")
        return False
    data = (directory / "image.ccimage").read_bytes()
    manifest = Manifest((directory / "manifest.json").read_text("utf-8"))
    differences: List[str] = []
    events = matches = refused = 0
    try:
        sensor = Sensor(data, manifest)
        for number, event in lines(directory / "events.jsonl"):
            events += 1
            answers = sensor.answers(event)
            matches += len(answers[0])
            for what, got, wanted in zip(("matches", "mistyped"), answers, (event["matches"], event.get("mistyped", []))):
                if got != wanted:
                    differences.append(f"events.jsonl:{number}: {what} are {got}, not {wanted}")
    except Refused as e:
        differences.append(f"image.ccimage is refused: {e}")
    for number, how in lines(directory / "refused.jsonl"):
        refused += 1
        try:
            Sensor(damaged(data, how), manifest)
            answer = "accepted"
        except Refused as e:
            answer = str(e)
        if not answer.startswith(how["code"]):
            differences.append(f"refused.jsonl:{number}: {how['why']}: {answer}, not {how['code']}")
    print(f"{directory.name}: {events} events, {matches} matches, {refused} damaged images, {len(differences)} differences")
    for difference in differences:
        print(f"  {difference}")
    return not differences


def main() -> int:
    directories = [Path(a) for a in sys.argv[1:]]
    if not directories:
        print(__doc__)
        return 2
    return 0 if all([check(d) for d in directories]) else 1


if __name__ == "__main__":
    sys.exit(main())
