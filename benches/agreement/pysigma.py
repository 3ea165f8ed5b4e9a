"""Which rules match which recorded events, by pySigma's SQLite backend and by contentcheck: every difference.

    python3 -m venv venv
    venv/bin/pip install pysigma pysigma-backend-sqlite pysigma-pipeline-sysmon pysigma-pipeline-windows
    zstd -dc windows_otrf.jsonl.zst | awk 'NR % 20 == 0' > otrf.jsonl
    venv/bin/python pysigma.py CONTENTCHECK RULES... -- EVENTS.jsonl...

The figures in docs/semantics.md are of windows_sigma_regression.jsonl, windows_evtx_to_mitre.jsonl and that part of windows_otrf.jsonl.

pySigma turns each rule into one SQL condition. The events are rows of a table with a column for each field that a rule
reads, compared without case as Sigma asks, and regexes are those of Python. What each log source is comes from
pySigma's own pipelines for Windows and Sysmon. Rules that pySigma cannot turn into SQL are counted by reason.
"""

import collections
import json
import pathlib
import re
import sqlite3
import subprocess
import sys

from sigma.backends.sqlite import sqliteBackend
from sigma.collection import SigmaCollection
from sigma.pipelines.sysmon import sysmon_pipeline
from sigma.pipelines.windows import windows_logsource_pipeline

TABLE = "events"


def rules_of(paths):
    for path in paths:
        path = pathlib.Path(path)
        files = sorted(path.rglob("*.yml")) if path.is_dir() else [path]
        yield from files


def columns_of(condition):
    """Names that a condition reads: bare words and quoted names before an operator."""
    without_texts = re.sub(r"'(?:[^']|'')*'", "''", condition)
    names = set(re.findall(r"(`[^`]+`|\"[^\"]+\"|[A-Za-z_][\w.\-]*)\s*(?:=|<|>|LIKE|GLOB|IS|REGEXP|BETWEEN)", without_texts))
    return {name.strip("`\"") for name in names} - {"NOT", "AND", "OR", "ESCAPE", "NULL"}


def main():
    binary, *rest = sys.argv[1:]
    cut = rest.index("--")
    rule_paths, event_paths = rest[:cut], rest[cut + 1 :]

    backend = sqliteBackend(processing_pipeline=sysmon_pipeline() + windows_logsource_pipeline())
    conditions, refused = {}, collections.Counter()
    for file in rules_of(rule_paths):
        try:
            collection = SigmaCollection.from_yaml(file.read_text(encoding="utf-8"))
            for rule in collection.rules:
                for query in backend.convert(SigmaCollection([rule])):
                    conditions[str(rule.id)] = query.split(" WHERE ", 1)[1]
        except Exception as error:  # each backend has exceptions of its own
            refused[f"{type(error).__name__}: {str(error)[:90]}"] += 1

    # SQLite does not tell names apart that differ by case. Sigma does: of two spellings the more frequent one counts.
    used = collections.Counter(name for condition in conditions.values() for name in columns_of(condition))
    columns = {}
    for name, _ in used.most_common():
        columns.setdefault(name.lower(), name)
    columns = sorted(columns.values())
    for rule, condition in list(conditions.items()):
        if not columns_of(condition) <= set(columns):
            refused["reads a field that differs from another one by case alone"] += 1
            del conditions[rule]
    events = []
    for path in event_paths:
        with open(path, encoding="utf-8") as lines:
            events.extend(json.loads(line) for line in lines)
    database = sqlite3.connect(":memory:")
    database.create_function(
        "REGEXP", 2, lambda pattern, text: text is not None and re.search(pattern, str(text)) is not None
    )
    declared = ", ".join(f'"{name}" TEXT COLLATE NOCASE' for name in columns)
    database.execute(f"CREATE TABLE {TABLE} (number INTEGER, {declared})")

    def cell(value):
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, list):
            return "\n".join(str(element) for element in value)
        return str(value) if isinstance(value, (int, float)) else json.dumps(value)

    marks = ", ".join("?" for _ in range(len(columns) + 1))
    for number, event in enumerate(events):
        row = [number] + [cell(event.get(name)) for name in columns]
        database.execute(f"INSERT INTO {TABLE} VALUES ({marks})", row)

    theirs, failed = set(), collections.Counter()
    for rule, condition in conditions.items():
        try:
            found = database.execute(f"SELECT number FROM {TABLE} WHERE {condition}")
            theirs.update((rule, number) for (number,) in found)
        except sqlite3.Error as error:
            failed[str(error)[:90]] += 1

    lines = subprocess.run(
        [binary, "eval", "--skip-errors", "--no-config", "--format", "ndjson"]
        + [part for path in rule_paths for part in ("--rules", path)]
        + list(event_paths),
        capture_output=True,
        text=True,
        check=False,
    )
    ours, starts, current = set(), {}, 0
    for path in event_paths:
        starts[path] = current
        with open(path, encoding="utf-8") as file:
            current += sum(1 for _ in file)
    for line in lines.stdout.splitlines():
        match = json.loads(line)
        if match["outcome"] == "match":
            ours.add((match["rule"]["id"], starts[match["source"]] + match["number"] - 1))

    both = {pair for pair in ours | theirs if pair[0] in conditions}
    print(f"{len(conditions)} rules on {len(events)} events")
    for reason, count in refused.most_common():
        print(f"  not turned into SQL, {count}: {reason}")
    for reason, count in failed.most_common():
        print(f"  not run by SQLite, {count}: {reason}")
    same = len(ours & theirs)
    print(f"{same} matches of both")
    for title, one, other in (("contentcheck", ours, theirs), ("pySigma", theirs, ours)):
        alone = collections.defaultdict(list)
        for rule, number in sorted((one - other) & both):
            alone[rule].append(number)
        print(f"{sum(map(len, alone.values()))} matches of {title} alone, of {len(alone)} rules")
        for rule, numbers in sorted(alone.items(), key=lambda item: -len(item[1])):
            print(f"  {rule} {len(numbers)}: {numbers[:3]}\n    {conditions[rule][:400]}")


main()
