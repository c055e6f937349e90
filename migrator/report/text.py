"""The closing summary: what was done by which rewrite, and what is left to do by hand."""

from __future__ import annotations

from pathlib import Path

from migrator.planned import Plan
from migrator.report.diff import _name


def summary(plan: Plan, verb: str) -> list[str]:
    """Lines that say files read, changed, edits by rewrite, and what could not be read. ``verb``: "changed" or "would change"."""
    changed = plan.changed
    edits = plan.edits_by_rule
    lines = [f"{plan.files_read} {_plural(plan.files_read, 'file')} read, {len(changed)} {verb}, {sum(edits.values())} edits"]
    width = max((len(rule) for rule in edits), default=0)
    files = plan.files_by_rule
    for rule, count in sorted(edits.items(), key=lambda item: (-item[1], item[0])):
        lines.append(f"  {rule:<{width}}  {count:>4} {_plural(count, 'edit')} in {files[rule]} {_plural(files[rule], 'file')}")
    return lines


def _plural(count: int, word: str) -> str:
    return word if count == 1 else word + "s"


def notes(plan: Plan) -> list[str]:
    """What a person should know of the changes made, as ``file:line: [rule] note``; lines are the original's."""
    return [f"{_name(file.path)}:{applied.line}: [{applied.rule}] {applied.note}" for file, applied in plan.notes]


def by_hand(plan: Plan, new_lines: bool) -> list[str]:
    """Every finding as ``file:line: [rule] what is wrong; what to write``. Lines are the new file's if that was written."""
    result = []
    for file, item in plan.left:
        line = item.new_line if new_lines else item.line
        advice = f"\n    -> {item.advice}" if item.advice else ""
        result.append(f"{_name(file.path)}:{line}: [{item.rule}] {item.message}{advice}")
    return result


def shown(path: Path) -> str:
    """A path for messages: relative where it can be, control characters escaped."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in _name(path))
