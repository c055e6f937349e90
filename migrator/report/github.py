"""The plan as workflow commands of GitHub Actions, which show at the lines of a pull request."""

from __future__ import annotations

import os
from pathlib import Path

from migrator.planned import Plan
from migrator.report.paths import relative
from migrator.report.plain import plain

_COMMANDS = {"broken": "error", "deprecated": "warning", "other": "notice"}


def render(plan: Plan) -> str:
    """One line for each rule on each line of a file, and for each thing left to do by hand. Lines are the original's."""
    out = []
    for file in plan.files:
        for line, rule in dict.fromkeys((a.line, a.rule) for a in file.applied):
            known = plan.rules[rule]
            out.append(
                _command(_COMMANDS[known.severity], file.path, line, rule, f"{plain(known.title).rstrip('.')} (`cuport migrate` writes it)")
            )
        for item in file.left:
            out.append(_command("warning", file.path, item.line, item.rule, item.message + (f"\n{item.advice}" if item.advice else "")))
    for problem in plan.problems:
        out.append(_command("error" if problem.is_error else "warning", problem.path, 1, "", problem.message))
    return "".join(out)


def _command(kind: str, path: Path, line: int, rule: str, message: str) -> str:
    name = os.fsencode(relative(path)).decode("utf-8", "replace")
    title = f"cuport: {rule}" if rule else "cuport"
    return f"::{kind} file={_property(name)},line={line},title={_property(title)}::{_data(message)}\n"


def _data(text: str) -> str:
    text = text.encode("utf-8", "replace").decode()
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
