"""Reads a log line by line and finds its first real failure."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice, takewhile

from . import classify
from .signature import Signature
from .signatures import signatures

AHEAD = 25
BEHIND = 40
QUOTED = 500
ALSO = 8
_CHAIN = re.compile(r"During handling of the above exception|The above exception was the direct cause")
_PLACES = (
    re.compile(r"^\s*(?P<file>(?:[A-Za-z]:)?[^\s:(][^:(]*)\((?P<line>\d+)(?:,\d+)?\)\s?: "),
    re.compile(r"^\s*(?P<file>(?:[A-Za-z]:)?[^\s:][^:]*):(?P<line>\d+)(?::\d+)?: "),
)


@dataclass(frozen=True)
class Event:
    """A line that says what went wrong. ``signature`` is None where cuport does not know the error."""

    text: str
    number: int
    kind: str
    signature: Signature | None = None
    command: str = ""
    python: bool = False

    @property
    def place(self) -> tuple[str, int] | None:
        """File and line of the source, where the message names them."""
        for pattern in _PLACES:
            match = pattern.match(self.text)
            if match:
                return match["file"].strip(), int(match["line"])
        return None


@dataclass
class Report:
    """``first`` is the failure to mend; ``also`` other known failures below it; ``warnings`` known ones, wherever they stand."""

    first: Event | None = None
    also: dict[str, Event] = field(default_factory=dict)
    warnings: dict[str, Event] = field(default_factory=dict)
    follow_on: Event | None = None
    lines: int = 0

    @property
    def status(self) -> str:
        if self.first is not None:
            return "explained" if self.first.signature else "unknown"
        if self.follow_on is not None:
            return "follow-on"
        return "warnings" if self.warnings else "clean"


def scan(lines: Iterable[str]) -> Report:
    report = Report()
    chained = False
    after_follow_on = False
    distance = 0
    for event in _events(lines, report):
        if isinstance(event, str):  # a line that joins two exceptions
            chained = report.first is not None and report.first.python and report.first.signature is None and distance == 0
            after_follow_on = report.first is None and report.follow_on is not None and report.follow_on.python
            continue
        if after_follow_on and event.python and event.signature is None:  # what Python says while it handles the follow-on
            continue
        if event.kind == "warning" and event.signature:
            report.warnings.setdefault(event.signature.id, event)
        elif event.kind == "follow-on":
            if report.follow_on is None or (event.signature and event.signature.id != "ninja-status" and _is_ninja(report.follow_on)):
                report.follow_on = event
        elif report.first is None:
            report.first = event
        elif chained and event.python:
            if event.signature:
                report.first = event
            chained = False
        else:
            distance += 1
            if event.signature and event.signature is not report.first.signature and len(report.also) < ALSO:
                report.also.setdefault(event.signature.id, event)
    return report


def _is_ninja(event: Event) -> bool:
    return event.signature is None or event.signature.id == "ninja-status"


def _events(lines: Iterable[str], report: Report) -> Iterator[Event | str]:
    source = iter(lines)
    ahead: deque[str] = deque(islice(source, AHEAD))
    behind: deque[str] = deque(maxlen=BEHIND)
    earlier: set[str] = set()
    early = [(each.id, each.patterns["earlier"]) for each in signatures() if each.earlier]
    command = ""
    while ahead:
        line = ahead.popleft()
        following = next(source, None)
        if following is not None:
            ahead.append(following)
        report.lines += 1
        if classify.UNIT.match(line):
            behind.clear()
        if classify.COMMAND.search(line):
            command = line
        elif classify.interesting(line):
            if _CHAIN.search(line):
                yield line
            else:
                event = _event(line, report.lines, behind, ahead, command, earlier)
                if event is not None:
                    yield event
        if early and len(line) < 2000:
            for id_, pattern in early:
                if id_ not in earlier and pattern.search(line):
                    earlier.add(id_)
        behind.append(line[:2000])


def _event(line: str, number: int, behind: deque[str], ahead: deque[str], command: str, earlier: set[str]) -> Event | None:
    text = line.strip()
    if classify.BARE_PYTHON.match(line):  # `RuntimeError: ` and the message on the next line
        message = next((each.strip() for each in islice(ahead, 3) if each.strip()), "")
        if message:
            text = f"{text} {message}"
    elif classify.CMAKE.match(line):  # the message stands, indented, below
        below = takewhile(lambda each: not each.strip() or each.startswith("  "), islice(ahead, 12))
        text = " ".join([text, *(each.strip() for each in below if each.strip())])
    warning = classify.is_warning(text)
    if warning and not classify.telling(text):
        return None
    signature = _match(text, behind, ahead, command, earlier)
    python = bool(classify.PYTHON.match(text))
    if signature is not None:
        kind = signature.kind
        if kind == "as-line" or (kind == "error" and not classify.RAISED_WARNING.match(text)):
            kind = "warning" if warning else "error"
        return Event(text[:QUOTED], number, kind, signature, command, python)
    if warning:
        return None
    if classify.is_follow_on(text):
        return Event(text[:QUOTED], number, "follow-on") if classify.is_error(text) else None
    if classify.is_error(text):
        return Event(text[:QUOTED], number, "error", None, command, python)
    return None


def _match(text: str, behind: deque[str], ahead: deque[str], command: str, earlier: set[str]) -> Signature | None:
    found = matches(text, behind, ahead, command, earlier)
    if len(found) > 1:
        most = max(each.weight for each in found)
        found = [each for each in found if each.weight == most]
    return found[0] if len(found) == 1 else None


def matches(text: str, behind: Iterable[str], ahead: Iterable[str], command: str, earlier: set[str]) -> list[Signature]:
    """Every signature that claims the line."""
    found, above, below = [], None, None
    for each in signatures():
        if not each.patterns["line"].search(text):
            continue
        if above is None or below is None:
            above, below = "\n".join([*behind, command]), _until_next_error(ahead)
        patterns = each.patterns
        if each.lone and any(line.strip() for line in ahead):
            continue
        if each.then and not patterns["then"].search(below):
            continue
        if each.before and not patterns["before"].search(above):
            continue
        if each.earlier and each.id not in earlier:
            continue
        if each.unless and (patterns["unless"].search(text) or patterns["unless"].search(below) or patterns["unless"].search(above)):
            continue
        found.append(each)
    return found


def _until_next_error(ahead: Iterable[str]) -> str:
    lines = []
    for line in ahead:
        if classify.is_error(line) and not classify.is_follow_on(line):
            break
        lines.append(line)
    return "\n".join(lines)
