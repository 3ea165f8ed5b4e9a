"""Whether rules mean to contentcheck what they mean to pySigma, on the events that tell their parts apart: every difference.

    python3 -m venv venv
    venv/bin/pip install pysigma
    venv/bin/python witnesses.py CONTENTCHECK RULES...
    venv/bin/python witnesses.py CONTENTCHECK --made 1000 --seed 1

`contentcheck witness` makes events on which a rule fires, and for each part of it events that it just misses. `contentcheck eval` says on which of
them the rule fires, and so does the tree of conditions that pySigma reads the rule into, as it is evaluated here: strings without case, with
wildcards; an absent field passes no test but `null` and `exists: false`; keywords in any value. Recorded events fire few rules, and these all.

With --made rules are drawn: fields, modifiers, values and conditions, also ones that are no Sigma. A rule that pySigma refuses must have a warning or
an error of `contentcheck lint`. Nothing is written but in a temporary directory.
"""

import argparse
import collections
import ipaddress
import json
import pathlib
import random
import re
import subprocess
import tempfile

from sigma import conditions, types
from sigma.rule import SigmaRule

# Numbers that readers of YAML 1.1 take for others, or for strings, and what YAML 1.1 refuses: each is told as that.
OTHER_YAML = {"CC0121", "CC0148"}
# Findings about a rule beside another, or that it is not useful.
BESIDE = {"CC0606", "CC0607", "CC0608"}


class NotEvaluated(Exception):
    """What the evaluation here does not know."""


def fold(text):
    return "".join(sign.lower() if len(sign.lower()) == 1 else sign for sign in text)


def as_text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def is_string(wanted, text, within):
    is_cased = isinstance(wanted, types.SigmaCasedString)
    own = (lambda text: text) if is_cased else fold
    parts = []
    for part in wanted.s:
        if isinstance(part, str):
            parts.append(re.escape(own(part)))
        elif part == types.SpecialChars.WILDCARD_MULTI:
            parts.append(".*")
        elif part == types.SpecialChars.WILDCARD_SINGLE:
            parts.append(".")
        else:
            raise NotEvaluated("placeholder")
    pattern = re.compile("".join(parts), re.DOTALL)
    return bool((pattern.search if within else pattern.fullmatch)(own(text)))


def is_number(wanted, text, within):
    if within:
        return str(wanted.number) in text
    return bool(re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?", text)) and float(text) == float(wanted.number)


def passes(wanted, value, within=False):
    text = as_text(value)
    if type(wanted).__name__ == "SigmaTimestampPart":
        raise NotEvaluated("part of a time")
    if isinstance(wanted, types.SigmaExpansion):
        return any(passes(one, value, within) for one in wanted.values)
    if isinstance(wanted, types.SigmaString):
        return is_string(wanted, text, within)
    if isinstance(wanted, types.SigmaNumber):
        return is_number(wanted, text, within)
    if isinstance(wanted, types.SigmaBool):
        return text.lower() == as_text(wanted.boolean)
    if isinstance(wanted, types.SigmaRegularExpression):
        names = {"IGNORECASE": re.I, "MULTILINE": re.M, "DOTALL": re.S}
        flags = sum(names[flag.name] for flag in wanted.flags)
        return bool(re.search(str(wanted.regexp), text, flags))
    if isinstance(wanted, types.SigmaCIDRExpression):
        try:
            return ipaddress.ip_address(text) in ipaddress.ip_network(wanted.cidr, strict=False)
        except ValueError:
            return False
    if isinstance(wanted, types.SigmaCompareExpression):
        try:
            number = float(text)
        except ValueError:
            return False
        bound = float(wanted.number.number)
        return {"LT": number < bound, "LTE": number <= bound, "GT": number > bound, "GTE": number >= bound}[wanted.op.name]
    raise NotEvaluated(type(wanted).__name__)


def values(event, name):
    value = event.get(name)
    if value is None and "." in name:
        value = event
        for part in name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
    return value if isinstance(value, list) else [] if value is None else [value]


def all_values(value):
    if isinstance(value, dict):
        for one in value.values():
            yield from all_values(one)
    elif isinstance(value, list):
        for one in value:
            yield from all_values(one)
    elif value is not None:
        yield value


def refers(wanted, one, other):
    one, other = fold(as_text(one)), fold(as_text(other))
    if wanted.starts_with and wanted.ends_with:
        return other in one
    if wanted.starts_with:
        return one.startswith(other)
    return one.endswith(other) if wanted.ends_with else one == other


def holds(condition, event):
    if isinstance(condition, conditions.ConditionOR):
        return any(holds(part, event) for part in condition.args)
    if isinstance(condition, conditions.ConditionAND):
        return all(holds(part, event) for part in condition.args)
    if isinstance(condition, conditions.ConditionNOT):
        return not holds(condition.args[0], event)
    wanted = condition.value
    if isinstance(condition, conditions.ConditionValueExpression):
        return any(passes(wanted, value, within=True) for value in all_values(event))
    own = values(event, condition.field)
    if isinstance(wanted, types.SigmaNull):
        return not own
    if isinstance(wanted, types.SigmaExists):
        return bool(own) == bool(wanted.exists.boolean if hasattr(wanted.exists, "boolean") else wanted.exists)
    if isinstance(wanted, types.SigmaFieldReference):
        return any(refers(wanted, one, other) for one in own for other in values(event, wanted.field))
    return any(passes(wanted, value) for value in own)


def by_pysigma(path):
    """The conditions of a rule, or why pySigma refuses it."""
    try:
        rule = SigmaRule.from_yaml(path.read_text())
        return [condition.parsed for condition in rule.detection.parsed_condition], None
    except Exception as error:  # It has no class of its own for all of them.
        return None, str(error).split("\n")[0]


def compared(program, path, read, scratch):
    """What became of a rule, the events on which the two differ, and how many there are."""
    made = subprocess.run(
        [program, "witness", path, "--no-config", "--rule", path.name], capture_output=True, text=True
    )
    if made.returncode != 0:
        return "no event", [], 0
    templates = sorted(set(re.findall(r"--template (\S+)", made.stderr)))
    events = [json.loads(line) for line in made.stdout.splitlines()]
    recorded = scratch / "events.jsonl"
    # Events of a template type that does not say how they are recognised are evaluated as its own, one after the other.
    if templates and any("Channel" in event for event in events) or len(templates) > 1:
        return "of several template types that do not say how they are recognised", [], 0
    recorded.write_text(made.stdout)
    command = [program, "eval", "--no-config", "--rules", path, recorded, "--format", "ndjson"]
    said = subprocess.run(command + [f"--template={name}" for name in templates], capture_output=True, text=True)
    fired = {json.loads(line)["number"] for line in said.stdout.splitlines()}
    try:
        theirs = [any(holds(condition, event) for condition in read) for event in events]
    except NotEvaluated as error:
        return f"not evaluated here: {error}", [], 0
    differing = [event for at, event in enumerate(events) if theirs[at] != (at + 1 in fired)]
    return ("differs" if differing else "the same"), differing, len(events)


def findings(program, paths):
    """Warnings and errors, by the name of the file."""
    said = subprocess.run([program, "lint", "--no-config", "--format", "json", *paths], capture_output=True, text=True)
    report = json.loads(said.stdout)
    found = collections.defaultdict(list)
    for finding in report["findings"] if isinstance(report, dict) else report:
        if finding["severity"] in ("warning", "error") and finding["code"] not in BESIDE:
            found[re.search(r"[^/\"]+\.yml", json.dumps(finding)).group(0)].append(finding["code"])
    return found


FIELDS = (
    "Image CommandLine ParentImage User OriginalFileName Hashes IntegrityLevel ProcessId CurrentDirectory "
    "ParentCommandLine LogonId TerminalSessionId Company EventID Computer"
).split()
STRINGS = [
    "a", "C:\\a", "\\a.exe", "*", "*a", "a*", "a*b", "?", "a?", "\\*", "a\\*", "a\\\\*", "\\\\", "\\\\\\\\a", "a\\", "a\\\\", "", " ", "A", "é", "ﬁ",
    "%a%", "5", "1.5", "true", "null", "a b", "-a", " /c ", "–x", "a\tb", "\\?", "b\\?c", "*\\*", "**", "a**b", "K", "x" * 40, "10.0.0.1", ".", "a.b",
    "^a$", "(a|b)", "a,b", '"a"', "it's", "#a", "a: b", "0x10", "01", "-0", "~", "yes", "off",
]  # fmt: skip
MODIFIERS = (
    " | | |contains|startswith|endswith|contains:all|re|cased|contains:cased|endswith:cased|windash|contains:windash|base64|base64offset:contains|"
    "wide:base64offset:contains|utf16:base64|cidr|lt|gte|exists|fieldref|neq|contains:neq|startswith:all|re:i|re:i:m:s|all|contains:all:windash|"
    "startswith:windash|cased:contains|fieldref:startswith|fieldref:contains|neq:contains|re:neq|expand|contains:expand|cidr:neq|lt:neq|"
    "fieldref:neq|exists:neq|all:contains|hour"
).split("|")
REGEXES = r"a ^a a$ a.*b (?i)A [a-c]+ \d{2} \\a a|b \bx\b (a \w+\.exe$ a\.b .{3} (?:a|b)c é [^a] \s ^$ (?s)a.b a{2,3} \/ \- (?<!a)b a++".split()
NAMES = "selection selection_a selection_b filter filter_main _x sel keywords s1 Selection all_x 1_of".split()


class Maker:
    """Draws rules."""

    def __init__(self, seed):
        self.draw = random.Random(seed)
        self.seed = seed

    def one_of(self, several):
        return self.draw.choice(several)

    def quoted(self, text):
        return json.dumps(text, ensure_ascii=False) if self.draw.random() < 0.2 else "'" + text.replace("'", "''") + "'"

    def value(self):
        if self.draw.random() < 0.06:
            return self.one_of(["5", "0", "-1", "1.5", "true", "false", "null", "~"])
        return self.quoted(self.one_of(STRINGS) + (self.one_of(STRINGS) if self.draw.random() < 0.3 else ""))

    def item(self, indent):
        modifiers = self.one_of(MODIFIERS).strip().split(":")
        value = self.value
        for modifier, drawn in [
            ("re", lambda: "'" + self.one_of(REGEXES) + "'"),
            ("cidr", lambda: self.one_of(["'10.0.0.0/8'", "'10.0.0.1'", "'::1/128'", "fe80::/10", "'10.0.0.0/33'"])),
            ("lt", lambda: self.one_of(["5", "1.5", "'5'", "-1", "a"])),
            ("gte", lambda: self.one_of(["5", "1.5", "'5'", "-1", "a"])),
            ("hour", lambda: self.one_of(["5", "24", "'5'"])),
            ("exists", lambda: self.one_of(["true", "false", "'true'", "yes"])),
            ("fieldref", lambda: self.one_of(FIELDS)),
        ]:
            value = drawn if modifier in modifiers else value
        key = "|".join([self.one_of(FIELDS), *filter(None, modifiers)])
        if "all" not in modifiers and self.draw.random() < 0.65:
            return key, f"{indent}{key}: {value()}\n"
        lines = "".join(f"{indent}    - {value()}\n" for _ in range(self.draw.randint(1, 3)))
        return key, f"{indent}{key}:\n{lines}"

    def mapping(self, indent):
        return "".join(dict(self.item(indent) for _ in range(self.one_of([1, 1, 1, 2, 2, 3]))).values())

    def selection(self):
        kind = self.draw.random()
        if kind < 0.75:
            return self.mapping(" " * 8)
        count = self.draw.randint(1, 3)
        if kind < 0.87:
            return "".join("        - " + self.mapping(" " * 10)[10:] for _ in range(count))
        if kind < 0.97:
            return "".join(f"        - {self.value()}\n" for _ in range(count))
        return "        '|all':\n" + "".join(f"            - {self.value()}\n" for _ in range(count + 1))

    def condition(self, names, depth=0):
        kind = self.draw.random()
        if depth > 2 or kind < 0.4:
            return self.one_of(names)
        if kind < 0.5:
            return "not " + self.condition(names, depth + 1)
        if kind < 0.6:
            name = self.one_of(names)
            pattern = self.one_of(["them", name + "*", name[:3] + "*", "*", "*_*", "selection*", "filter*"])
            return self.one_of(["1 of ", "all of ", "any of "]) + pattern
        both = self.condition(names, depth + 1) + self.one_of([" and ", " or "]) + self.condition(names, depth + 1)
        return both if kind < 0.8 else f"({both})"

    def rule(self, number):
        names = self.draw.sample(NAMES, self.draw.randint(1, 3))
        selections = "".join(f"    {name}:\n{self.selection()}" for name in names)
        simple = self.one_of([" and ", " and not "]).join(names)
        condition = simple if self.draw.random() < 0.6 else self.condition(names)
        return (
            f"title: Rule {number} of {self.seed}\nid: {self.seed:08d}-0000-4000-8000-{number:012d}\n"
            "logsource:\n    category: process_creation\n    product: windows\n"
            f"detection:\n{selections}    condition: {condition}\nlevel: low\n"
        )


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("program", type=pathlib.Path)
    arguments.add_argument("rules", nargs="*", type=pathlib.Path)
    arguments.add_argument("--made", type=int, default=0)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    became, events = collections.Counter(), 0
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        paths = [file for path in given.rules for file in (sorted(path.rglob("*.yml")) if path.is_dir() else [path])]
        maker = Maker(given.seed)
        (scratch / "made").mkdir()
        for number in range(given.made):
            path = scratch / "made" / f"{number:06}.yml"
            path.write_text(maker.rule(number))
            paths.append(path)
        found = findings(given.program, [scratch / "made"]) if given.made else {}
        for path in paths:
            read, refused = by_pysigma(path)
            own = found.get(path.name, [])
            if refused is not None:
                what, differing = ("refused by both, or told" if own or not given.made else "refused by pySigma alone"), []
            else:
                what, differing, count = compared(given.program, path, read, scratch)
                events += count
            if what == "differs" and OTHER_YAML & set(own):
                what = "differs by the version of YAML, which is told"
            became[what] += 1
            if what in ("differs", "refused by pySigma alone"):
                print(what, path, refused or "")
                print(path.read_text() if given.made else "", end="")
                for event in differing[:3]:
                    print(" ", json.dumps(event, ensure_ascii=False)[:600])
    for what, count in became.most_common():
        print(f"{count:6} {what}")
    print(f"{events:6} events")


if __name__ == "__main__":
    main()
