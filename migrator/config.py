"""The project's own settings: ``[tool.cuport]`` in pyproject.toml, or cuport.toml.

Its published schema is docs/schemas/cuport-config.schema.json.
"""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migrator.globs import matches

if TYPE_CHECKING:
    from migrator.rewrite import Rewrite

OWN_FILE = "cuport.toml"


class ConfigError(Exception):
    """A configuration that cannot be used; the message is one line that names the file, the key and what to write."""


@dataclass(frozen=True)
class OwnRewrite:
    """A rewrite as data: ``pattern`` becomes ``to``, with ``include`` where it is not there yet."""

    name: str
    pattern: str
    to: str
    include: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class Config:
    """What a configuration file says. Patterns are relative to ``root``, the file's folder. None and empty: nothing said."""

    path: Path | None = None
    root: Path = Path()
    target: str | None = None
    min_torch: str | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    per_file_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    dispatch_macros: tuple[str, ...] = ()
    unsafe_fixes: bool = False
    only_broken: bool = False
    rewrite: tuple[OwnRewrite, ...] = ()

    def excludes(self, path: Path) -> bool:
        """Whether a path is left out of every run."""
        return any(matches(pattern, path, self.root) for pattern in self.exclude)


def find(paths: list[Path]) -> Path | None:
    """The configuration file nearest above the first path: cuport.toml, or a pyproject.toml that has ``[tool.cuport]``.

    The search ends at the top of a git repository.
    """
    if not paths:
        return None
    start = paths[0].resolve()
    for folder in [start, *start.parents] if start.is_dir() else start.parents:
        if (folder / OWN_FILE).is_file():
            return folder / OWN_FILE
        project = folder / "pyproject.toml"
        if project.is_file() and _has_table(project):
            return project
        if (folder / ".git").exists():
            return None
    return None


def _has_table(path: Path) -> bool:
    try:
        data = path.read_bytes()
    except OSError:
        return False
    if b"cuport" not in data:
        return False
    try:
        return "cuport" in _parse(path, data).get("tool", {})
    except ConfigError:
        return re.search(rb"^\s*\[+\s*tool\s*\.\s*cuport\b", data, re.M) is not None  # not TOML, but meant for us: say so when it is loaded


def load(path: Path) -> Config:
    """Read a configuration file. Raises ConfigError."""
    try:
        table = _parse(path, path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}; give --config a file that can be read") from None
    if path.name == "pyproject.toml":
        table = table.get("tool", {}).get("cuport", {})
        where = f"{path}: [tool.cuport]"
    else:
        where = f"{path}:"
    if not isinstance(table, dict):
        raise ConfigError(f"{where} has to be a table")
    values = _read(table, _KEYS, where)
    return Config(path, path.parent.resolve(), **values)


def _parse(path: Path, data: bytes) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8, which TOML has to be") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from None
    except RecursionError:
        raise ConfigError(f"{path}: nested too deeply") from None


Reader = Callable[[Any, str], Any]  # value, where it stands -> what Config keeps; raises ConfigError


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f'{where} has to be a text, such as "..."')
    return value


def _release(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise ConfigError(f'{where} has to be a release in quotes, such as "2.15"')
    return value


def _switch(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"{where} has to be true or false")
    return value


def _texts(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) and each.strip() for each in value):
        raise ConfigError(f'{where} has to be a list of texts, such as ["..."]')
    return tuple(value)


def _one_or_more(value: Any, where: str) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) and value else _texts(value, where)


def _macros(value: Any, where: str) -> tuple[str, ...]:
    names = _texts(value, where)
    for name in names:
        if not name.isidentifier() or not name.isascii():
            raise ConfigError(f"{where}: {name!r} is not the name of a macro")
    return names


def _per_file(value: Any, where: str) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise ConfigError(f'{where} has to be a table, such as {{ "csrc/old/*" = ["at-check"] }}')
    return {pattern: _one_or_more(rules, f"{where}.{pattern!r}") for pattern, rules in value.items()}


def _name(value: Any, where: str) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", value):
        raise ConfigError(f'{where} has to be lower-case words with hyphens, such as "our-check"')
    return value


def _rewrites(value: Any, where: str) -> tuple[OwnRewrite, ...]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise ConfigError(f"{where} has to be written as [[tool.cuport.rewrite]] (in cuport.toml: [[rewrite]])")
    found: list[OwnRewrite] = []
    for number, table in enumerate(value, 1):
        here = f"{where} {number}"
        for needed in ("name", "pattern", "to"):
            if needed not in table:
                raise ConfigError(f"{here} has no {needed}")
        rewrite = OwnRewrite(**_read(table, _REWRITE_KEYS, here))
        if any(rewrite.name == other.name for other in found):
            raise ConfigError(f"{here}: the name {rewrite.name} is there twice")
        as_rewrite(rewrite, here)
        found.append(rewrite)
    return tuple(found)


def _read(table: Mapping[str, Any], readers: Mapping[str, Reader], where: str) -> dict[str, Any]:
    values = {}
    for key, value in table.items():
        if key not in readers:
            near = difflib.get_close_matches(key.replace("_", "-"), readers, 1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(readers)}"
            raise ConfigError(f"{where} knows no key {key!r}; {hint}")
        values[key.replace("-", "_")] = readers[key](value, f"{where} {key}")
    return values


_KEYS: dict[str, Reader] = {
    "target": _release,
    "min-torch": _release,
    "select": _texts,
    "ignore": _texts,
    "per-file-ignores": _per_file,
    "exclude": _texts,
    "dispatch-macros": _macros,
    "unsafe-fixes": _switch,
    "only-broken": _switch,
    "rewrite": _rewrites,
}
_REWRITE_KEYS: dict[str, Reader] = {"name": _name, "pattern": _text, "to": _text, "include": _one_or_more, "why": _text}


def as_rewrite(own: OwnRewrite, where: str = "") -> Rewrite:
    """The engine's rewrite of one that was written as data. Raises ConfigError for a pattern that is no code or makes input for itself."""
    from migrator.pattern import compile_pattern, finds
    from migrator.releases import OLDEST
    from migrator.rewrite import OWN_GROUP, Case, Rewrite

    try:
        compile_pattern(own.pattern)
    except (ValueError, StopIteration, RecursionError):
        raise ConfigError(f"{where} pattern {own.pattern!r} is not one C++ expression that has a name in it") from None
    unbound = [name for name in re.findall(r"\$+\w+", own.to) if name not in re.findall(r"\$+\w+", own.pattern)]
    if unbound:
        raise ConfigError(f"{where} to: {unbound[0]} is not in the pattern")
    if finds(own.pattern, own.to):
        raise ConfigError(f"{where}: what `to` writes matches the pattern again, so it would never end; write another `to`")
    doc = f"``{own.pattern}`` becomes ``{own.to}``.\n\n{own.why or 'A rewrite of the project (its configuration).'}\n"
    return Rewrite(own.name, doc, cases=(Case(own.pattern, own.to, own.include),), removed_in=OLDEST, group=OWN_GROUP)
