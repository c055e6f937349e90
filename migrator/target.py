"""``--target auto``: the torch that is installed, or that the project's metadata asks for. Reads metadata; imports and runs nothing."""

from __future__ import annotations

import ast
import configparser
import os
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from migrator import releases

_REQUIREMENT = re.compile(r"[ \t'\"-]*(?:torch|pytorch)[ \t]*(?![\w.-])")
_UP = 3  # folders above a path in which its project may begin


def detect(paths: list[Path]) -> tuple[releases.Release, str] | None:
    """(release, where that is said) of the torch that a port is for; None where nothing says it.

    What is installed in the active environment (or in the one that cuport runs in) comes first, then the newest known release that the
    project's metadata allows.
    """
    for folder in environments():
        found = next(iter(metadata.distributions(name="torch", path=[folder])), None)
        if found is not None and found.version:
            try:
                return releases.parse(found.version), f"installed in {folder}"
            except ValueError:
                continue
    for path in paths:
        for text, file in _requirements(path):
            release = _newest(text)
            if release is not None:
                return release, f"{text} in {file}"
    return None


def environments() -> Iterator[str]:
    """The folders that packages are installed in: of the active environment, and of the one that cuport runs in."""
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        if prefix := os.environ.get(variable):
            yield from sorted(
                str(p) for p in [*Path(prefix).glob("lib/python3*/site-packages"), Path(prefix, "Lib", "site-packages")] if p.is_dir()
            )
    yield from (p for p in sys.path if p)


def _requirements(path: Path) -> Iterator[tuple[str, Path]]:
    """The requirements on torch of the project that a path lies in, with the files that have them; the nearest folder first."""
    folder = path.resolve() if path.is_dir() else path.resolve().parent
    for parent in [folder, *folder.parents][: _UP + 1]:
        for file in [parent / "pyproject.toml", parent / "setup.cfg", parent / "setup.py", *sorted(parent.glob("*requirements*.txt"))]:
            try:
                text = file.read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            for line in _strings(file, text):
                if _REQUIREMENT.match(line):
                    yield line.strip(" \t'\"-"), file
        if (parent / ".git").exists():
            return


def _strings(file: Path, text: str) -> list[str]:
    """The texts of a metadata file that may be requirements."""
    if file.suffix == ".py":
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError):
            return []
        return [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    if file.suffix == ".cfg":
        parser = configparser.ConfigParser(interpolation=None)
        try:
            parser.read_string(text)
        except configparser.Error:
            return []
        return parser.get("options", "install_requires", fallback="").splitlines()
    if file.suffix == ".toml":
        return _toml(text)
    return text.splitlines()


def _toml(text: str) -> list[str]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return []
    project, build = data.get("project", {}), data.get("build-system", {})
    listed = [*project.get("dependencies", []), *build.get("requires", [])]
    for extra in project.get("optional-dependencies", {}).values():
        listed += extra
    return [item for item in listed if isinstance(item, str)]


def _newest(requirement: str) -> releases.Release | None:
    """The newest known release that a requirement allows; None for one that names no version, or allows none."""
    from packaging.requirements import InvalidRequirement, Requirement

    from migrator.api.index import Index

    try:
        specifier = Requirement(re.sub(r"^pytorch", "torch", requirement.partition("#")[0].strip())).specifier
    except InvalidRequirement:
        return None
    if not specifier:
        return None
    for spec in specifier:
        if spec.operator in ("==", "==="):
            return releases.parse(spec.version.removesuffix(".*")) if spec.version.count(".") else None
    known = [releases.parse(r) for r in reversed(Index.load().torch.releases)]
    return next((releases.minor(r) for r in known if any(specifier.contains(f"{r[0]}.{r[1]}.{patch}") for patch in range(3))), None)
