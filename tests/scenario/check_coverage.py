#!/usr/bin/env python3
"""Holds README.md against the folder: what it names exists, what the folder holds is registered,
what a scenario's comment claims stands in the table, and no state is without an owner.

    check_coverage.py FOLDER"""

import re
import sys
from pathlib import Path

ID = re.compile(r"\b[XTSDR]\d\d\b")
NAME = re.compile(r"`([a-z][a-z0-9.-]*)`")
EVENTS = 4  # timeout, close, unexpected element, transport ends


def tables(page):
    """The rows of each table, by the heading above it."""
    found, heading = {}, ""
    for line in page.splitlines():
        if line.startswith("## "):
            heading = line[3:]
        elif line.startswith("|") and not line.startswith("|-"):
            found.setdefault(heading, []).append([c.strip() for c in line.strip("|").split("|")])
    return {heading: rows[1:] for heading, rows in found.items()}


def check_names(all_tables, scenarios):
    for heading, rows in all_tables.items():
        for row in rows:
            for name in NAME.findall(" ".join(row[1:])):
                if name not in scenarios:
                    yield f"{heading}: {row[0]}: there is no {name}.scn"


def check_catalogue(rows, scenarios):
    listed = {row[0]: set(NAME.findall(row[1])) for row in rows}
    for row in rows:
        if not listed[row[0]] and "not about one stream: " not in row[1]:
            yield f"{row[0]}: neither scenarios nor a reason"
    for group in "XTSDR":
        if not any(i.startswith(group) for i in listed):
            yield f"group {group} is missing"
    for name, text in scenarios.items():
        comment = " ".join(line for line in text.splitlines() if line.startswith("#"))
        for i in ID.findall(comment):
            if name not in listed.get(i, set()):
                yield f"{name}.scn says {i}, and the table does not"


def check_states(rows):
    for row in rows:
        if len(row) != 1 + EVENTS or not all(NAME.findall(cell) for cell in row[1:]):
            yield f"state {row[0]}: an event without a scenario"


def check_registered(folder, scenarios):
    registered = set(re.findall(r"'([a-z][a-z0-9.-]*)'", (folder / "meson.build").read_text()))
    for name in sorted(set(scenarios) - registered):
        yield f"{name}.scn is not in meson.build"


def main(folder):
    scenarios = {f.stem: f.read_text() for f in sorted(folder.glob("*.scn"))}
    all_tables = tables((folder / "README.md").read_text())
    faults = [
        *check_names(all_tables, scenarios),
        *check_catalogue(all_tables["Catalogue of bad input, groups X, T, S, D and R"], scenarios),
        *check_states(all_tables["Who owns the end: state by event"]),
        *check_registered(folder, scenarios),
    ]
    print("\n".join(faults) or f"{len(scenarios)} scenarios, all accounted for")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
