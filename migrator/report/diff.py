"""A unified diff that ``git apply`` takes; each hunk's heading names the rules that made it."""

from __future__ import annotations

import difflib

from migrator.planned import PlannedFile
from migrator.report.lines import Touched, git_lines, rules_between, touched
from migrator.report.paths import quoted, relative

CONTEXT = 3


def unified(file: PlannedFile) -> list[str]:
    """The diff of one file as lines, each with its newline."""
    before, after = git_lines(file.before), git_lines(file.after)
    name, new_name = relative(file.path), relative(file.shown_destination)
    result = []
    if file.created:
        result = [f"diff --git {quoted(f'a/{name}')} {quoted(f'b/{name}')}\n", "new file mode 100644\n"]
    elif new_name != name:
        names = f"{quoted(f'a/{name}')} {quoted(f'b/{new_name}')}"
        result = [f"diff --git {names}\n", f"rename from {quoted(name)}\n", f"rename to {quoted(new_name)}\n"]
    old = "/dev/null" if file.created else quoted(f"a/{name}")
    spans = [Touched(0, 1, tuple(a.rule for a in file.applied))] if file.created else touched(file)
    for line in difflib.unified_diff(before, after, old, quoted(f"b/{new_name}"), n=CONTEXT):
        if line.startswith("@@"):
            line = _with_rules(line, spans)
        elif not line.endswith("\n"):
            line += "\n\\ No newline at end of file\n"
        result.append(line)
    return result


def _with_rules(heading: str, spans: list[Touched]) -> str:
    start, _, count = heading.split()[1].lstrip("-").partition(",")
    first = int(start)
    rules = ", ".join(rules_between(spans, first, first + max(int(count or 1), 1) - 1))
    return f"{heading.rstrip()} {rules}\n" if rules else heading
