"""``cuport migrate --interactive``: every hunk is shown and asked about, as ``git add -p`` does.

What is refused is left out of a second planning, so that headers, and edits of other places that belong to the same change, follow.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

import click

from migrator.cli import show
from migrator.planned import Plan, PlannedFile
from migrator.report.diff import unified
from migrator.report.lines import Positions
from migrator.report.paths import shown

HELP = """y - make this change        n - leave it
a - make the rest of this file's changes    d - leave the rest of this file's changes
r - make all changes of these rules         s - leave all changes of these rules
q - leave all that was not asked yet        ? - this help
A change with edits in several places is made as a whole or not at all; headers follow what is made."""
KEYS = "y,n,a,d,r,s,q,?"


@dataclass
class Choice:
    """What was refused: single changes (real path, rule, line of the original), and whole rules."""

    changes: set[tuple[Path, str, int]] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Hunk:
    """A piece of a file's diff: its lines, and the changes that it shows, as indices of the file's ``applied`` -> lines of the original."""

    text: tuple[str, ...]
    changes: dict[int, set[int]]

    def rules(self, file: PlannedFile) -> list[str]:
        """The rules that it is of. What no replacement shows made the file, or gave it its name."""
        shown_ones = {c for r in file.replacements for c in r.changes}
        hidden = [c for c in range(len(file.applied)) if c not in shown_ones]
        return list(dict.fromkeys(file.applied[c].rule for c in (self.changes or hidden)))


def choose(plan: Plan) -> Choice:
    """Ask about every hunk of a plan. Raises click.Abort when the answers end early; nothing was written then."""
    choice = Choice()
    accepted: set[str] = set()
    everything = False  # q: leave all that is not asked yet
    for file in plan.changed:
        refused: set[int] = set()
        rest = ""  # a or d: the answer for the rest of the file
        for hunk in hunks(file):
            rules = hunk.rules(file)
            if hunk.changes and (set(hunk.changes) <= refused or set(rules) <= choice.rules):
                continue  # it goes with what was refused
            if set(rules) <= accepted and not everything:
                continue
            answer = "n" if everything else rest or _ask(file, hunk, rules)
            if answer == "q":
                everything = True
            elif answer in "ad":
                rest = "y" if answer == "a" else "n"
            elif answer == "r":
                accepted |= set(rules)
            elif answer == "s":
                choice.rules |= set(rules)
            if answer in ("n", "d", "q"):
                if not hunk.changes:
                    choice.rules |= set(rules)
                refused |= set(hunk.changes)
                choice.changes |= {(file.real, file.applied[c].rule, line) for c, lines in hunk.changes.items() for line in lines}
    return choice


def hunks(file: PlannedFile) -> list[Hunk]:
    """The pieces that a file's diff falls into. A new file is one piece without changes, a new name is one before the others."""
    lines = unified(file)
    starts = [i for i, line in enumerate(lines) if line.startswith("@@ ")]
    if file.created or not starts:
        return [Hunk(tuple(lines), {})]
    positions = Positions(file.before)
    found = [Hunk(tuple(lines[: starts[0]]), {})] if file.new_path is not None else []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        first, _, count = lines[start].split()[1].lstrip("-").partition(",")
        low, high = int(first), int(first) + max(int(count or 1), 1) - 1
        changes: dict[int, set[int]] = {}
        for r in file.replacements:
            touched = range(positions.line(r.start), positions.line(max(r.start, r.end - 1)) + 1)
            if touched[0] <= high + 1 and low <= touched[-1]:
                for change in r.changes:
                    changes.setdefault(change, set()).update(touched)
        found.append(Hunk(tuple(lines[start:end]), changes))
    return found


def _ask(file: PlannedFile, hunk: Hunk, rules: list[str]) -> str:
    show.say(f"--- {shown(file.path)}" + (f" -> {shown(file.shown_destination)}" if file.new_path is not None else ""))
    coloured = show.colours(sys.stderr)
    for line in hunk.text:
        click.echo(show.painted(line) if coloured else line, nl=False, err=True, color=coloured)
    while True:
        answer = click.prompt(f"Make this change ({', '.join(rules)})? [{KEYS}]", prompt_suffix=" ", err=True).strip().lower()
        if answer in KEYS.replace(",", "").replace("?", "") and len(answer) == 1:
            return str(answer)
        click.echo(HELP, err=True)
