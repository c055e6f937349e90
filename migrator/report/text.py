"""The closing summary: what was done by which rewrite, and what is left to do by hand."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

from migrator.planned import Plan, PlannedFile
from migrator.report.effort import effort, tasks
from migrator.report.paths import shown

Paint = Callable[[str, str], str]  # text, colour -> text
_EFFORT_COLOURS = {"low": "green", "medium": "yellow", "high": "red"}


def plain(text: str, colour: str) -> str:
    return text


def summary(plan: Plan, verb: str, paint: Paint = plain) -> list[str]:
    """Lines that say files read, changed, edits by rewrite. ``verb``: "changed" or "would change"."""
    changed = plan.changed
    edits = plan.edits_by_rule
    head = f"{_count(plan.files_read, 'file')} read, {len(changed)} {verb}, {_count(sum(edits.values()), 'edit')}"
    lines = [paint(head, "bold")]
    width = max((len(rule) for rule in edits), default=0)
    files = plan.files_by_rule
    for rule, count in sorted(edits.items(), key=lambda item: (-item[1], item[0])):
        lines.append(f"  {paint(f'{rule:<{width}}', 'cyan')}  {count:>4} {_plural(count, 'edit')} in {_count(files[rule], 'file')}")
    return lines


def _plural(count: int, word: str) -> str:
    return word if count == 1 else word + "s"


def _count(count: int, word: str) -> str:
    return f"{count} {_plural(count, word)}"


def notes(plan: Plan, width: int = 0) -> list[str]:
    """What a person should know of the changes made, and of comments that ignore in vain; lines are the original's. ``width`` as below."""
    result = [f"note: {shown(file.path)}:{applied.line}: [{applied.rule}] {applied.note}" for file, applied in plan.notes]
    for unused in plan.unused_ignores:
        what = ", ".join(unused.rules) or "anything"
        result.append(
            f"note: {shown(unused.path)}:{unused.line}: this comment ignores {what} here, and there is nothing to ignore; take it away"
        )
    return [line for note in result for line in _folded(note, "      ", width, ("note:", ""), plain)]


def by_hand(plan: Plan, written: Callable[[PlannedFile], Path] | None, width: int = 0, paint: Paint = plain) -> list[str]:
    """What is left, grouped by what to do: every place as ``file:line: [rule] what is wrong``, then once what to write.

    ``written`` says where a file was written, and lines are the new file's then; None: nothing was. Texts are folded to ``width`` columns;
    0: they are not.
    """
    result: list[str] = []
    if not plan.left:
        return result
    files = [file for file in plan.files if file.left]

    def place(file: PlannedFile) -> str:
        return shown(written(file) if written else file.path)

    result.append(paint(f"left to do by hand ({len(plan.left)} in {_count(len(files), 'file')}):", "bold"))
    for task in tasks(plan):
        for file, item in task.places:
            where = f"{place(file)}:{item.new_line if written else item.line}:"
            result += _folded(f"  {where} [{task.rule}] {item.message}", "      ", width, (where, "bold"), paint)
        if task.advice:
            result += _folded(f"    -> {task.advice}", "       ", width, ("->", "green"), paint)
    by_effort = {level: [place(file) for file in files if effort(file) == level] for level in _EFFORT_COLOURS}
    for level, names in by_effort.items():
        if names:
            head = f"effort by hand: {level}:"
            result += _folded(f"{head} {', '.join(names)}", "    ", width, (head, _EFFORT_COLOURS[level]), paint)
    return result


def _folded(text: str, indent: str, width: int, marked: tuple[str, str], paint: Paint) -> list[str]:
    """A text of one or more lines, folded, with one word of its first line in colour."""
    lines: list[str] = []
    for number, line in enumerate(text.split("\n")):
        start = indent if number else ""
        if width and len(start + line) > width:
            fold = textwrap.TextWrapper(width, start, indent, break_long_words=False, break_on_hyphens=False)
            lines += fold.wrap(line)
        else:
            lines.append(start + line)
    lines[0] = lines[0].replace(marked[0], paint(*marked), 1)
    return lines
