"""The plan as SARIF 2.1.0, for code scanning: a result for each change, with its fix, and for each thing left to do by hand.

Results describe the original. A change's fix is the exact bytes that it replaces; changes that meet in one place share it. What GitHub's
code scanning would refuse (too many results, too large a file) is left out, and a notification of the run says so.
"""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

from migrator import __version__
from migrator.planned import Plan, PlannedFile, Rule
from migrator.report.fingerprint import Fingerprints
from migrator.report.lines import Positions
from migrator.report.paths import uri
from migrator.report.plain import plain

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MAX_RESULTS = 25_000  # these two: docs.github.com, "SARIF support for code scanning"; of more than 5,000 results it shows the gravest
MAX_COMPRESSED = 10_000_000  # bytes
_GRAVITY = {"error": 0, "warning": 1, "note": 2}
_LEVELS = {"broken": "error", "deprecated": "warning", "other": "note"}


def as_dict(plan: Plan) -> dict[str, Any]:
    """The report as a value."""
    index = {name: number for number, name in enumerate(plan.rules)}
    results = []
    for file in plan.files:
        results += _changes(file, plan, index)
        results += _left(file, index)
    notifications = [
        {
            "level": "error" if problem.is_error else "warning",
            "message": {"text": problem.message},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri(problem.path), "uriBaseId": "%SRCROOT%"}}}],
        }
        for problem in plan.problems
    ]
    if len(results) > MAX_RESULTS:
        text = f"{len(results) - MAX_RESULTS} of {len(results)} results, the least grave, are left out: GitHub takes {MAX_RESULTS} of a run"
        notifications.append({"level": "warning", "message": {"text": text}})
        results = sorted(results, key=lambda result: _GRAVITY[result["level"]])[:MAX_RESULTS]
    invocation: dict[str, Any] = {"executionSuccessful": not any(p.is_error for p in plan.problems)}
    if notifications:
        invocation["toolExecutionNotifications"] = notifications
    driver = {"name": "cuport", "semanticVersion": __version__, "version": __version__, "rules": [_rule(r) for r in plan.rules.values()]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [invocation],
        "results": results,
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def render(plan: Plan) -> str:
    value = as_dict(plan)
    text = json.dumps(value, indent=2) + "\n"
    if len(text) <= MAX_COMPRESSED or len(gzip.compress(text.encode())) <= MAX_COMPRESSED:
        return text
    run = value["runs"][0]
    for result in run["results"]:
        result.pop("fixes", None)
    said = {"level": "warning", "message": {"text": "no result has its fix: with fixes it is more than GitHub takes (10 MB compressed)"}}
    run["invocations"][0].setdefault("toolExecutionNotifications", []).append(said)
    return json.dumps(value, indent=2) + "\n"


def _rule(rule: Rule) -> dict[str, Any]:
    value: dict[str, Any] = {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.id.split("-")),  # a friendly name: Pascal case, and not the id
        "shortDescription": {"text": plain(rule.title)},
        "fullDescription": {"text": plain(rule.why or rule.title)},
        "help": {"text": plain(rule.why or rule.title), "markdown": _markdown(rule)},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": ["pytorch", "cuda", rule.severity]},
    }
    if rule.link:
        value["helpUri"] = rule.link
    return value


def _markdown(rule: Rule) -> str:
    lines = [f"**{rule.title}**" + (f" ({rule.when})" if rule.when else ""), ""]
    for line in rule.why.splitlines():
        lines.append(line if not line.startswith(("Before:", "After:")) else f"\n{line}\n")
    return "\n".join(lines)


def _changes(file: PlannedFile, plan: Plan, index: dict[str, int]) -> list[dict[str, Any]]:
    positions, prints = Positions(file.before), Fingerprints(file.before)
    parts: dict[int, list[dict[str, Any]]] = {}
    for r in file.replacements:
        replacement: dict[str, Any] = {"deletedRegion": _region(positions, r.start, r.end)}
        if r.text:
            replacement["insertedContent"] = _content(r.text)
        for change in r.changes:
            parts.setdefault(change, []).append(replacement)
    results = []
    for number, applied in enumerate(file.applied):
        rule = plan.rules[applied.rule]
        result: dict[str, Any] = {
            "ruleId": rule.id,
            "ruleIndex": index[rule.id],
            "level": _LEVELS[rule.severity],
            "message": {"text": applied.note or plain(rule.title)},
            "locations": [_location(file, applied.line)],
            **_fingerprint(prints, applied.line),
        }
        if number in parts:
            replaced = {"artifactLocation": _artifact(file), "replacements": parts[number]}
            result["fixes"] = [{"description": {"text": plain(rule.title)}, "artifactChanges": [replaced]}]
        results.append(result)
    return results


def _left(file: PlannedFile, index: dict[str, int]) -> list[dict[str, Any]]:
    prints = Fingerprints(file.before)
    return [
        {
            "ruleId": item.rule,
            "ruleIndex": index[item.rule],
            "level": "warning",
            "kind": "fail",
            "message": {"text": f"By hand: {item.message}" + (f". {item.advice}" if item.advice else "")},
            "locations": [_location(file, item.line)],
            **_fingerprint(prints, item.line),
        }
        for item in file.left
    ]


def _fingerprint(prints: Fingerprints, line: int) -> dict[str, Any]:
    found = prints.of(max(1, line))
    return {"partialFingerprints": {"primaryLocationLineHash": found}} if found is not None else {}


def _artifact(file: PlannedFile) -> dict[str, str]:
    return {"uri": uri(file.path), "uriBaseId": "%SRCROOT%"}


def _location(file: PlannedFile, line: int) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": _artifact(file), "region": {"startLine": max(1, line)}}}


def _region(positions: Positions, start: int, end: int) -> dict[str, int]:
    return {
        "startLine": positions.line(start),
        "startColumn": positions.column(start),
        "endLine": positions.line(end),
        "endColumn": positions.column(end),
    }


def _content(data: bytes) -> dict[str, str]:
    try:
        return {"text": data.decode("utf-8")}
    except UnicodeDecodeError:
        return {"binary": base64.b64encode(data).decode()}
