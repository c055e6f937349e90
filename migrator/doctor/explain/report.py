"""A report as text, and as a value for JSON."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import TextWrapper
from typing import Any

from migrator.report.plain import plain

from .legacy import name_in, rewrites_for
from .scan import Event, Report

WIDTH = 100
_WRAP = TextWrapper(width=WIDTH, subsequent_indent=" " * 9, break_long_words=False, break_on_hyphens=False)


def as_dict(report: Report, catalogue: Any) -> dict[str, Any]:
    return {
        "status": status(report, catalogue),
        "lines": report.lines,
        "first": _event(report.first or report.follow_on, catalogue),
        "also": [_event(event, catalogue) for event in report.also.values()],
        "warnings": [_event(event, catalogue) for event in report.warnings.values()],
    }


def status(report: Report, catalogue: Any) -> str:
    """ "explained", "legacy" (a rewrite knows the name), "unknown", "follow-on", "warnings" or "clean"."""
    legacy = report.first is not None and report.first.signature is None and rewrites_for(report.first, catalogue)
    return "legacy" if legacy else report.status


def _event(event: Event | None, catalogue: Any) -> dict[str, Any] | None:
    if event is None:
        return None
    place = event.place
    value: dict[str, Any] = {
        "log_line": event.number,
        "text": event.text,
        "file": place[0] if place else None,
        "line": place[1] if place else None,
    }
    signature = event.signature
    value["id"] = signature.id if signature else None
    if signature:
        value |= {name: getattr(signature, name) or None for name in ("cause", "fix", "command", "beware", "source")}
    value["rewrites"] = [each.id for each in rewrites_for(event, catalogue)]
    return value


def text(report: Report, catalogue: Any) -> str:
    return "\n".join(_lines(report, catalogue))


def _lines(report: Report, catalogue: Any) -> Iterator[str]:
    if report.first is not None:
        yield from _failure(report.first, catalogue, "first failure")
    elif report.follow_on is not None:
        if report.follow_on.signature is not None:
            yield from _failure(report.follow_on, catalogue, "only a follow-on")
        else:
            yield _paragraph("follow-on", f"line {report.follow_on.number}: {report.follow_on.text}")
            yield _paragraph(
                "note", "This line says only that something failed; what failed is not in this log. Build again and keep all of the output."
            )
    elif report.warnings:
        first, *_ = report.warnings.values()
        yield "No failure found; a warning is known:"
        yield ""
        yield from _failure(first, catalogue, "warning")
    else:
        yield f"No failure found in {report.lines} lines."
    shown = report.first or report.follow_on
    others = [("also failed", event) for event in report.also.values()]
    others += [("warning", event) for event in list(report.warnings.values())[0 if shown else 1 :]]
    if others:
        yield ""
        for title, event in others:
            if (known := event.signature) is not None:
                yield _paragraph(title, f"{known.id} (line {event.number}): {known.symptom}. {known.fix}")


def _failure(event: Event, catalogue: Any, title: str) -> Iterator[str]:
    yield f"{title} (line {event.number}):"
    yield f"    {event.text}"
    yield ""
    known = rewrites_for(event, catalogue)
    signature = event.signature
    if signature is None:
        if known:
            yield _paragraph("legacy", f"{name_in(event.text)} is of an API that went away, and a rewrite knows it.")
            yield "command: cuport migrate ."
            for each in known:
                yield _paragraph("rewrite", f"{each.id}: {plain(each.title)} `cuport rules {each.id}` explains.")
            return
        yield _paragraph(
            "unknown", "cuport does not know this error; the line above is the first one of the log that is not a consequence of another."
        )
        return
    yield _paragraph("id", signature.id)
    yield _paragraph("cause", signature.cause)
    yield _paragraph("fix", signature.fix)
    if signature.command:
        yield f"command: {signature.command}"
    if signature.beware:
        yield _paragraph("beware", signature.beware)
    for each in known:
        yield _paragraph("rewrite", f"{each.id}: {plain(each.title)} `cuport migrate` looks at this line; `cuport rules {each.id}` explains.")
    if signature.source:
        yield _paragraph("seen in", _link(signature.source))


def _link(source: str) -> str:
    repository, _, number = source.partition("#")
    return f"https://github.com/{repository}/issues/{number}"


def _paragraph(title: str, text_: str) -> str:
    return _WRAP.fill(f"{title + ':':<9}{text_}")
