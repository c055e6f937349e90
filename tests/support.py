"""The fixtures as values, and the engine run on them as ``cuport migrate`` runs it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from migrator import releases
from migrator.engine import Catalogue, migrate
from migrator.planned import Plan
from migrator.project import Project
from migrator.rewrite import Settings

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"


@dataclass(frozen=True)
class Fixture:
    """One case of one rewrite: ``before`` and ``after`` by name of file (alike for a no-op case), and the findings expected.

    ``<case>.before.cu`` + ``<case>.after.cu``; ``<case>.same.cu`` is a no-op; a folder ``project_<case>`` holds ``before/`` and ``after/``
    (or ``same/``). ``<case>.left`` lists the findings, ``<case>.args`` options of the command line.
    """

    group: str
    rule: str
    case: str
    folder: Path
    before: dict[str, bytes]
    after: dict[str, bytes]
    left: str
    settings: Settings
    is_noop: bool
    sources: dict[str, Path]  # name -> the real file of the before text
    results: dict[str, Path]  # name -> the real file of the after text
    left_path: Path

    @property
    def id(self) -> str:
        return f"{self.group}/{self.rule}/{self.case}"

    @property
    def is_project(self) -> bool:
        return self.case.startswith("project_")


def parse_settings(text: str) -> Settings:
    words = shlex.split(text)
    values: dict = {}
    while words:
        word = words.pop(0)
        if word == "--unsafe-fixes":
            values["unsafe"] = True
        elif word == "--only-broken":
            values["only_broken"] = True
        elif word == "--amp-compat":
            values["amp_compat"] = True
        elif word == "--write-setup":
            values["extra"] = frozenset({"write-setup", "write-setup-sources"})
        elif word == "--select":
            values["select"] = frozenset(words.pop(0).split(","))
        elif word in ("--target", "--min-torch"):
            values[word.strip("-").replace("-", "_")] = releases.parse(words.pop(0))
        else:
            raise ValueError(f"an .args file does not know {word}")
    if "target" in values:
        values.setdefault("min_torch", values["target"])
    return Settings(**values)


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


@cache
def fixtures() -> tuple[Fixture, ...]:
    found = []
    for folder in sorted(p for p in FIXTURES.glob("*/*") if p.is_dir() and p.parent.name != "projects"):  # those are whole repositories, with tests of their own
        group, rule = folder.parent.name, folder.name
        for path in sorted(folder.iterdir()):
            stem, _, rest = path.name.partition(".")
            kind, _, suffix = rest.partition(".")
            if path.is_dir() and path.name.startswith("project_"):
                case, noop = path.name, (path / "same").is_dir()
                first, second = path / ("same" if noop else "before"), path / ("same" if noop else "after")
                sources = {str(p.relative_to(first)): p for p in sorted(first.rglob("*")) if p.is_file()}
                results = {str(p.relative_to(second)): p for p in sorted(second.rglob("*")) if p.is_file()} or {name: second / name for name in sources}
                left, args = path / "left", path / "args"
            elif kind in ("before", "same"):
                case, noop = stem, kind == "same"
                name = f"{stem}.{suffix}"
                sources = {name: path}
                results = {name: path if noop else folder / f"{stem}.after.{suffix}"}
                left, args = folder / f"{stem}.left", folder / f"{stem}.args"
            else:
                continue
            before = {name: p.read_bytes() for name, p in sources.items()}
            after = {name: p.read_bytes() if p.exists() else b"" for name, p in results.items()}
            settings = parse_settings(_text(args))
            found.append(Fixture(group, rule, case, folder, before, after, _text(left), settings, noop, sources, results, left))
    return tuple(found)


def run(files: dict[str, bytes], root: Path, settings: Settings, catalogue: Catalogue | None = None) -> tuple[dict[str, bytes], Plan]:
    """Write files under ``root``, plan their migration, and return the new bytes by name, and the plan. ``root`` keeps the old ones."""
    if catalogue is None:
        from rewrites import catalogue as full

        catalogue = full()
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    plan = migrate(Project.load([root]), catalogue, settings)
    real = root.resolve()
    result = dict(files)
    for planned in plan.files:
        if planned.new_path is not None:
            del result[planned.real.relative_to(real).as_posix()]
        result[planned.destination.relative_to(real).as_posix()] = planned.after
    return result, plan


def findings(plan: Plan, root: Path) -> str:
    """One line a finding: ``file:line rule``, lines of the old file."""
    real = root.resolve()
    return "".join(f"{file.real.relative_to(real).as_posix()}:{item.line} {item.rule}\n" for file, item in plan.left)
