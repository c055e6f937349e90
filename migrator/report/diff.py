"""A unified diff that ``git apply`` takes; each hunk's heading names the rules that made it."""

from __future__ import annotations

from collections.abc import Iterator

from migrator.planned import PlannedFile
from migrator.report.lines import Touched, git_lines, opcodes, rules_between, touched
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
    for line in _unified(file, before, after, old, quoted(f"b/{new_name}")):
        if line.startswith("@@"):
            line = _with_rules(line, spans)
        elif not line.endswith("\n"):
            line += "\n\\ No newline at end of file\n"
        result.append(line)
    return result


def _unified(file: PlannedFile, before: list[str], after: list[str], old: str, new: str) -> Iterator[str]:
    """As difflib's ``unified_diff`` writes it."""
    started = False
    for group in opcodes(file, before, after).get_grouped_opcodes(CONTEXT):
        if not started:
            started = True
            yield f"--- {old}\n"
            yield f"+++ {new}\n"
        (_, i1, _, j1, _), (_, _, i2, _, j2) = group[0], group[-1]
        yield f"@@ -{_range(i1, i2)} +{_range(j1, j2)} @@\n"
        for tag, a1, a2, b1, b2 in group:
            if tag == "equal":
                yield from (" " + line for line in before[a1:a2])
                continue
            yield from ("-" + line for line in before[a1:a2])
            yield from ("+" + line for line in after[b1:b2])


def _range(start: int, stop: int) -> str:
    count = stop - start
    if count == 1:
        return str(start + 1)
    return f"{start if not count else start + 1},{count}"


def _with_rules(heading: str, spans: list[Touched]) -> str:
    start, _, count = heading.split()[1].lstrip("-").partition(",")
    first = int(start)
    rules = ", ".join(rules_between(spans, first, first + max(int(count or 1), 1) - 1))
    return f"{heading.rstrip()} {rules}\n" if rules else heading
