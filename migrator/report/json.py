"""The plan as JSON, for programs. Its schema: docs/schemas/cuport-migrate-1.schema.json.

What is there stays as it is within a version; new keys may come.
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

from migrator import __version__
from migrator.planned import Plan, PlannedFile
from migrator.report.effort import effort, state
from migrator.report.lines import Positions
from migrator.report.paths import relative

VERSION = 1


def as_dict(plan: Plan, written: bool) -> dict[str, Any]:
    """The report as a value. ``written``: the plan was carried out, not only shown."""
    return {
        "version": VERSION,
        "tool": {"name": "cuport", "version": __version__},
        "target": _release(plan.settings.target),
        "min_torch": _release(plan.settings.min_torch),
        "written": written,
        "summary": {
            "files_read": plan.files_read,
            "files_changed": len(plan.changed),
            "files_untouched": len(plan.untouched),
            "changes": sum(plan.edits_by_rule.values()),
            "by_hand": len(plan.left),
        },
        "rules": {
            rule.id: {
                "title": rule.title,
                "why": rule.why,
                "when": rule.when,
                "severity": rule.severity,
                "tier": rule.tier,
                "link": rule.link,
                "changes": plan.edits_by_rule[rule.id],
                "files": plan.files_by_rule[rule.id],
            }
            for rule in plan.rules.values()
        },
        "files": [_file(file) for file in plan.files],
        "untouched": [_path(path) for path in plan.untouched],
        "problems": [{**_path(p.path), "message": p.message, "error": p.is_error} for p in plan.problems],
        "unused_ignores": [{**_path(u.path), "line": u.line, "rules": list(u.rules)} for u in plan.unused_ignores],
    }


def _release(release: tuple[int, ...]) -> str:
    return ".".join(map(str, release))


def _path(path: Path) -> dict[str, str]:
    """A path; one that is not UTF-8 has its bytes beside it."""
    name = relative(path)
    data = os.fsencode(name)
    text = data.decode("utf-8", "replace")
    return {"path": text} if text.encode() == data else {"path": text, "path_base64": base64.b64encode(data).decode()}


def _text(data: bytes) -> dict[str, str]:
    try:
        return {"text": data.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


def _file(file: PlannedFile) -> dict[str, Any]:
    positions = Positions(file.before)
    value: dict[str, Any] = {
        **_path(file.path),
        "state": state(file),
        "effort": effort(file),
        "changed": file.changed,
        "created": file.created,
        "new_path": _path(file.shown_destination)["path"] if file.new_path is not None else None,
        "changes": [{"rule": a.rule, "line": a.line, "note": a.note} for a in file.applied],
        "replacements": [
            {
                "start": r.start,
                "end": r.end,
                "start_line": positions.line(r.start),
                "end_line": positions.line(r.end),
                **_text(r.text),
                "changes": list(r.changes),
            }
            for r in file.replacements
        ],
        "left": [
            {"rule": item.rule, "line": item.line, "new_line": item.new_line, "message": item.message, "advice": item.advice}
            for item in file.left
        ],
    }
    if file.created:
        value["content"] = _text(file.after)
    return value


def render(plan: Plan, written: bool) -> str:
    return json.dumps(as_dict(plan, written), indent=2) + "\n"
