"""``cuport migrate --interactive``: every hunk is shown and asked about, as ``git add -p`` does.

What is refused is left out of a second planning, so that headers, and edits of other places that belong to the same change, follow.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click

from migrator.cli import show
from migrator.cli.hunk_edit import Edited, NotAHunk, edit, old_lines, sides, with_edits
from migrator.planned import Plan, PlannedFile
from migrator.report.diff import unified
from migrator.report.lines import Positions
from migrator.report.paths import shown

HELP = """y - make this change        n - leave it        e - edit it
a - make the rest of this file's changes    d - leave the rest of this file's changes
r - make all changes of these rules         s - leave all changes of these rules
q - leave all that was not asked yet        ? - this help
A change with edits in several places is made as a whole or not at all; headers follow what is made."""
KEYS = "y,n,e,a,d,r,s,q,?"
FOLLOWS = {"cuport-compat"}  # made where another change needs it


@dataclass
class Choice:
    """What was refused: single changes (real path, rule, line of the original), and whole rules; and hunks that were edited."""

    changes: set[tuple[Path, str, int]] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)
    edited: list[Edited] = field(default_factory=list)


@dataclass(frozen=True)
class Hunk:
    """A piece of a file's diff: its lines, and the changes that it shows, as indices of the file's ``applied`` -> lines of the original."""

    text: tuple[str, ...]
    changes: dict[int, set[int]]

    @property
    def body(self) -> tuple[str, ...]:
        """The lines from the one with the numbers on; none where only a name changes."""
        return self.text[next((i for i, line in enumerate(self.text) if line.startswith("@@ ")), len(self.text)) :]

    def rules(self, file: PlannedFile) -> list[str]:
        """The rules that it is of. What no replacement shows made the file, or gave it its name."""
        shown_ones = {c for r in file.replacements for c in r.changes}
        hidden = [c for c in range(len(file.applied)) if c not in shown_ones]
        return list(dict.fromkeys(file.applied[c].rule for c in (self.changes or hidden)))


def decide(plan: Plan, replan: Callable[[Choice], Plan]) -> Plan:
    """The plan as a person wants it, who is asked about every hunk of one; ``replan`` makes it anew without what was refused.

    Raises click.Abort when the answers end early; nothing was written then.
    """
    choice = Choice()
    _choose(plan, choice)
    while True:
        plan = replan(choice)
        wanted, lost = with_edits(plan, choice.edited, lambda file: [hunk.body for hunk in hunks(file)])
        if not lost:
            return wanted
        choice.edited = [each for each in choice.edited if each not in lost]
        show.say("What was refused changes a hunk that was edited; the edit is lost, and its place is asked about once more:")
        _choose(plan, choice, lost)


def _choose(plan: Plan, choice: Choice, only: Sequence[Edited] = ()) -> None:
    """Ask about every hunk of a plan, or those at the place of some edits."""
    accepted: set[str] = set()
    everything = False  # q: leave all that is not asked yet
    for file in plan.changed:
        refused: set[int] = set()
        rest = ""  # a or d: the answer for the rest of the file
        for hunk in hunks(file):
            rules = hunk.rules(file)
            if set(rules) <= FOLLOWS or (only and not any(_meets(file, hunk, each) for each in only)):
                continue
            if hunk.changes and (set(hunk.changes) <= refused or set(rules) <= choice.rules):
                continue  # it goes with what was refused
            if set(rules) <= accepted and not everything:
                continue
            answer, new = ("n", None) if everything else (rest, None) if rest else _ask(file, hunk, rules)
            if new is not None:
                choice.edited.append(Edited(file.real, hunk.body, new))
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


def _meets(file: PlannedFile, hunk: Hunk, edited: Edited) -> bool:
    if file.real != edited.real or not hunk.body:
        return False
    here, there = old_lines(hunk.body), edited.lines
    return here.start < max(there.stop, there.start + 1) and there.start < max(here.stop, here.start + 1)


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


def _ask(file: PlannedFile, hunk: Hunk, rules: list[str]) -> tuple[str, bytes | None]:
    """The answer, and of "e" the new side of the hunk; what is edited to the old text is a "n"."""
    show.say(f"--- {shown(file.path)}" + (f" -> {shown(file.shown_destination)}" if file.new_path is not None else ""))
    coloured = show.colours(sys.stderr)
    for line in hunk.text:
        click.echo(show.painted(line) if coloured else line, nl=False, err=True, color=coloured)
    while True:
        answer = click.prompt(f"Make this change ({', '.join(rules)})? [{KEYS}]", prompt_suffix=" ", err=True).strip().lower()
        if answer == "e":
            done = _edited(file, hunk)
            if done is not None:
                return done
        elif answer in KEYS.replace(",", "").replace("?", "") and len(answer) == 1:
            return str(answer), None
        else:
            click.echo(HELP, err=True)


def _edited(file: PlannedFile, hunk: Hunk) -> tuple[str, bytes | None] | None:
    """What the editor makes of a hunk, as an answer; None: ask again."""
    if not hunk.body:
        show.say("Only the name of the file changes: there is nothing to edit.")
        return None
    while True:
        try:
            new = edit(file, hunk.body)
        except NotAHunk as error:
            show.say(f"The edited change cannot be made: {error}.")
            if not click.confirm("Edit again? (n: as it was)", default=True, err=True):
                return None
            continue
        if new is None:
            return None
        old, planned = sides("".join(hunk.body).encode("utf-8", "surrogateescape"))
        return ("n", None) if new == old and not file.created else ("y", None if new == planned else new)
