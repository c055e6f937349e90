"""Which file of a project defines what an import brings: followed from file to file, through ``__init__.py`` and ``import *``."""

from __future__ import annotations

from pathlib import Path


def origin(project, path: Path, source: str, name: str) -> Path | None:
    """The file whose own code binds ``name``, for ``from source import name`` in ``path``; None where that is not certain."""
    found = _origins(project, path, source, name, set())
    return found.pop() if found is not None and len(found) == 1 else None


def _origins(project, path: Path, source: str, name: str, seen: set[tuple[Path, str]]) -> set[Path] | None:
    files = leads_to(project, path, source)
    if not files:
        return None
    found: set[Path] = set()
    for file in files:
        more = _bound(project, file, name, seen)
        if more is None:
            return None
        found |= more
    return found


def _bound(project, file: Path, name: str, seen: set[tuple[Path, str]]) -> set[Path] | None:
    """Where the name that a file has at its top level comes from. Empty where the file has no such name; None where that is not known."""
    if (file, name) in seen:
        return set()
    seen.add((file, name))
    module = project.module(file)
    if module is None:
        return None
    found: set[Path] = set()
    bindings = module.names.bindings(name).get(id(module.root), ())
    for binding in bindings:
        if binding.target is None:
            found.add(file)
            continue
        original = binding.target.rpartition(".")[2]
        source = binding.target[: -len(original)]
        more = _origins(project, file, source.rstrip(".") or source, original, seen)
        if not more:
            return None  # a module of that name, or something from outside
        found |= more
    for source in module.star_imports() if not bindings else ():
        more = _origins(project, file, source, name, seen)
        if more is None and (source.startswith(".") or leads_to(project, file, source)):
            return None
        found |= more or set()
    return found


def leads_to(project, path: Path, source: str) -> list[Path]:
    """The files that a module's name may stand for: below the folder that its dots name, or below any folder above the file."""
    parts = [part for part in source.split(".") if part]
    dots = len(source) - len(source.lstrip("."))
    above = list(path.parents)
    folders = above[dots - 1 : dots] if dots else above
    places = [folder.joinpath(*parts) for folder in folders] if parts or dots else []
    found = [place / "__init__.py" for place in places]
    found += [place.with_name(f"{place.name}.py") for place in places if parts]
    return [file for file in found if file in project.scripts]
