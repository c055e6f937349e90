"""Reads back what `cuport verify --format json` wrote, as far as a report shows it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..kernels import Verdict
from ..link import LinkResult
from ..matrix import Matrix, Row
from ..prove import Proof, UnitProof
from ..runner import RunResult
from ..verification import Verification


class LoadError(Exception):
    """Not the result of a verify run; the message is one line that says how to make one."""


def load(path: Path) -> Verification:
    """The verification that a file holds, without its units and links. Raises LoadError."""
    hint = "make it by `cuport verify --format json -o verify.json`"
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LoadError(f"{path}: {error.strerror or error}") from None
    except ValueError:
        raise LoadError(f"{path} is not JSON; {hint}") from None
    if not isinstance(value, dict) or value.get("version") != 1 or "archs" not in value:
        raise LoadError(f"{path} is not the result of a verify run; {hint}")
    try:
        return _verification(value)
    except (KeyError, TypeError, AttributeError, ValueError):
        raise LoadError(f"{path} was written by another release of cuport; {hint}") from None


def _verification(value: dict[str, Any]) -> Verification:
    run = value["run"]
    return Verification(
        Path(value["path"]),
        tuple(value["archs"]),
        value["cuda"],
        value["compiler"],
        before=_matrix(value["before"]),
        before_description=value["originals"],
        unchanged=value.get("unchanged", False),
        after=_matrix(value["after"]),
        proofs=[_proof(each) for each in value["proofs"]],
        advice=value.get("advice", ""),
        run=RunResult(**{**run, "libraries": [Path(p) for p in run["libraries"]]}) if run else None,
    )


def _matrix(value: dict[str, Any] | None) -> Matrix | None:
    if value is None:
        return None
    links = [LinkResult(link["release"], link["extension"], link["ok"], link["checked"]) for link in value["links"]]
    return Matrix(list(value["releases"]), [_row(row) for row in value["rows"]], links)


def _row(value: dict[str, Any]) -> Row:
    states = {"ok": "", "not checked": None}
    cells = {r: states.get(cell["status"], cell["error"]) for r, cell in value["releases"].items()}
    return Row(value["name"], value["kind"], cells)


def _proof(value: dict[str, Any]) -> Proof:
    return Proof(value["arch"], value["target"], [_unit(unit) for unit in value["units"]])


def _unit(value: dict[str, Any]) -> UnitProof:
    apart = [k for k in value["kernels"] if k["compared_with"] != value["target"]]
    verdicts = [
        Verdict(
            k["kernel"],
            k["signature"],
            k["status"],
            k["instructions"],
            k["library"],
            k["name_before"],
            tuple(k["diff"]),
            rules=tuple(k["rules"]),
            reason=k["reason"],
        )
        for k in value["kernels"]
    ]
    return UnitProof(
        value["unit"],
        value["arch"],
        value["before"],
        value["target"],
        value["shim"],
        apart[0]["compared_with"] if apart else "",
        verdicts,
        {k["signature"] for k in apart},
        value["not_compared"],
        masks=value["masks"],
    )
