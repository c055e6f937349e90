"""Units by releases: what compiles, what links, and the first error where something does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from migrator.toolchain import HeaderSet

from .buildflags import flag_problem
from .commands import Request
from .compile import Bench, Outcome, compile_all
from .link import LinkResult, check_link
from .releases import installed_release, installed_torch
from .units import Project


@dataclass
class Row:
    """One unit, one extension's link or one extension's build flags, over the releases. A cell is '' when green, the
    first error when red, None when it was not checked."""

    name: str
    kind: str
    cells: dict[str, str | None] = field(default_factory=dict)

    def green(self, release: str) -> bool:
        return self.cells.get(release) == ""

    def red(self, release: str) -> bool:
        return bool(self.cells.get(release))

    def as_dict(self) -> dict[str, Any]:
        state = {None: "not checked", "": "ok"}
        return {
            "name": self.name,
            "kind": self.kind,
            "releases": {r: {"status": state.get(error, "failed"), "error": error or ""} for r, error in self.cells.items()},
        }


@dataclass
class Matrix:
    releases: list[str]
    rows: list[Row] = field(default_factory=list)
    links: list[LinkResult] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def failures(self) -> int:
        return sum(row.red(release) for row in self.rows for release in self.releases)

    @property
    def units(self) -> list[Row]:
        return [row for row in self.rows if row.kind == "unit"]

    def as_dict(self) -> dict[str, Any]:
        return {"releases": self.releases, "rows": [row.as_dict() for row in self.rows], "links": [link.as_dict() for link in self.links]}


def matrix_requests(project_of: Callable[[str], Project], headers: Sequence[HeaderSet], archs: tuple[str, ...]) -> dict[str, list[Request]]:
    """The compiles of a matrix, by release: a build file may choose defines by release."""
    return {h.release: [Request(unit, h, archs) for unit in project_of(h.release).units] for h in headers}


def build_matrix(project_of: Callable[[str], Project], headers: Sequence[HeaderSet], archs: tuple[str, ...], bench: Bench) -> Matrix:
    """Compile every unit against every release, then check each extension's link."""
    wanted = matrix_requests(project_of, headers, archs)
    here = installed_release() if installed_torch() is not None else ""
    results: dict[str, list[Outcome]] = {}
    for release, requests in wanted.items():  # objects are kept only where they can be linked
        if release == here:
            results[release] = compile_all(requests, bench, keep_output=True)
    rest = [request for release, requests in wanted.items() if release != here for request in requests]
    for outcome in compile_all(rest, bench):
        results.setdefault(outcome.request.release, []).append(outcome)

    matrix = Matrix([h.release for h in headers])
    rows: dict[tuple[str, str], Row] = {}

    def row(kind: str, name: str) -> Row:
        return rows.setdefault((kind, name), Row(name, kind))

    for release in matrix.releases:
        project = project_of(release)
        outcomes = results.get(release, [])
        matrix.outcomes += outcomes
        for outcome in outcomes:
            row("unit", outcome.request.unit.name).cells[release] = "" if outcome.ok else str(outcome.error)
        for extension in dict.fromkeys(o.request.unit.extension for o in outcomes):
            of_extension = [o for o in outcomes if o.request.unit.extension == extension]
            link = check_link(release, extension, of_extension, project.libraries, bench.tools)
            matrix.links.append(link)
            row("link", extension).cells[release] = None if link.ok is None else link.error
            if any(o.request.unit.other_flags or o.request.unit.defines for o in of_extension):
                units = [o.request.unit for o in of_extension]
                row("build flags", extension).cells[release] = flag_problem(units, release, bench.tools.toolkit.version)
            for outcome in of_extension:
                outcome.output = b""
    order = {"unit": 0, "link": 1, "build flags": 2}
    matrix.rows = sorted(rows.values(), key=lambda r: (order[r.kind], r.name))
    matrix.rows = [r for r in matrix.rows if r.kind != "build flags" or any(r.cells.values())]
    return matrix
