"""The Python interface: ``from migrator import plan, apply``. The command line is a user of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from migrator import releases
from migrator.config import Config, ConfigError, as_rewrite, find, load
from migrator.globs import matches
from migrator.planned import Plan, PlannedFile
from migrator.project import Problem
from migrator.rewrite import Settings

if TYPE_CHECKING:
    from migrator.engine import Catalogue, Progress


class PlanError(Exception):
    """What was asked for cannot be planned or written; the message is one line that says what to do."""


@dataclass(frozen=True)
class Written:
    """What ``apply`` did: the files written, and those that were not, each with the reason."""

    files: tuple[PlannedFile, ...]
    failed: tuple[tuple[PlannedFile, str], ...] = ()


def plan(
    paths: str | PathLike[str] | Iterable[str | PathLike[str]],
    *,
    target: str | None = None,
    min_torch: str | None = None,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    unsafe_fixes: bool = False,
    only_broken: bool = False,
    write_setup: bool = False,
    amp_compat: bool = False,
    annotate: bool = False,
    config: Config | str | PathLike[str] | None = None,
    catalogue: Catalogue | None = None,
    progress: Progress | None = None,
    third_party: bool = False,
    skipped: Iterable[tuple[Path, str, int]] = (),
    jobs: int = 1,
) -> Plan:
    """Plan the migration of files and folders; nothing is written and nothing of theirs is run.

    ``target`` and ``min_torch`` are releases such as ``"2.15"`` (left out: the newest known, and the target; ``"auto"`` as a target: what
    is installed or what the project asks for), ``select`` and ``ignore`` names or groups of rewrites. ``write_setup``: a setup.py and a
    pyproject.toml too, for extensions of the folders that have none. ``amp_compat``: mixed precision is imported from a module that is
    written into the project. ``annotate``: a comment at each place that is left to do by hand. ``config`` is a configuration or the path of one; None: the one nearest above the first path, ``Config()``:
    none at all. What is given here wins over the configuration; ``ignore`` adds to it. ``catalogue`` is cuport's own where it is left
    out. ``third_party`` also reads submodules and folders named third_party. ``skipped`` are changes not to make: real path, rule, line
    of the original. ``jobs`` is how many processes may plan together.

    Raises PlanError. Paths that cannot be read are the plan's ``problems``.
    """
    from migrator.engine import EngineError, migrate
    from migrator.project import Project

    given = [Path(paths)] if isinstance(paths, (str, PathLike)) else [Path(path) for path in paths]
    if write_setup and not any(path.is_dir() for path in given):
        raise PlanError("--write-setup takes the folder that setup.py goes into")
    chosen = configuration(given, config)
    known = with_own(catalogue if catalogue is not None else _catalogue(), chosen)
    settings = settings_for(
        known,
        target=target,
        min_torch=min_torch,
        select=select,
        ignore=ignore,
        unsafe_fixes=unsafe_fixes,
        only_broken=only_broken,
        write_setup=write_setup,
        amp_compat=amp_compat,
        config=chosen,
        paths=given,
    )
    settings = replace(settings, annotate=annotate, skipped=frozenset(skipped))
    project = Project.load(given, excluded=chosen.excludes, third_party=third_party)
    _refuse_half_written(project.records)
    project.problems += _idle_patterns(chosen, given, [file.path for file in (*project.files.values(), *project.scripts.values())])
    try:
        return migrate(project, known, settings, progress, jobs)
    except EngineError as error:
        raise PlanError(str(error)) from None


def apply(
    plan: Plan, *, out: str | PathLike[str] | None = None, source: str | PathLike[str] | None = None, command: str = "migrator.apply"
) -> Written:
    """Write a plan in place; or, with ``out``, a ported copy of the folder or file ``source`` there, which stays as it is.

    All of it is written or nothing: ``failed`` names the files that stood in the way. What was replaced is kept in an undo record, with
    ``command`` as what did it; whether git has it too is not asked. Raises PlanError when there can be no record, or no copy.
    """
    from migrator import write
    from migrator.journal import JournalError

    if out is None:
        try:
            written, failed = write.apply(plan, command)
        except JournalError as error:
            raise PlanError(str(error)) from None
        except OSError as error:
            raise PlanError(f"{error.filename or plan.given[0]}: {error.strerror or error}; nothing was changed") from None
        return Written(tuple(written), tuple(failed))
    if source is None:
        raise PlanError("a copy is made of one folder: give source as well as out")
    try:
        write.copy_tree(Path(source), Path(out), plan)
    except OSError as error:
        raise PlanError(f"{error.filename or out}: {error.strerror or error}; nothing under {source} was changed") from None
    return Written(tuple(plan.changed))


def _refuse_half_written(trees: Iterable[Path]) -> None:
    for tree in trees:
        from migrator.journal import JournalError, pending

        try:
            if pending(tree.resolve()):
                raise PlanError(f"an earlier run was interrupted, {tree} is half written: `cuport undo {tree}` puts its files back")
        except JournalError as error:
            raise PlanError(str(error)) from None


def configuration(paths: Sequence[Path], config: Config | str | PathLike[str] | None = None) -> Config:
    """The configuration that a run over ``paths`` obeys. Raises PlanError."""
    if isinstance(config, Config):
        return config
    path = Path(config) if config is not None else find(list(paths))
    try:
        return load(path) if path is not None else Config()
    except ConfigError as error:
        raise PlanError(str(error)) from None


def with_own(catalogue: Catalogue, config: Config) -> Catalogue:
    """A catalogue with the configuration's own rewrites added. Raises PlanError for a name that is taken."""
    if not config.rewrite:
        return catalogue
    for own in config.rewrite:
        if catalogue.by_id(own.name) is not None:
            raise PlanError(f"{config.path}: rewrite {own.name} is one of cuport's own names; give it another")
    own_ones = tuple(as_rewrite(own) for own in config.rewrite)
    return replace(catalogue, rewrites=tuple(sorted((*catalogue.rewrites, *own_ones), key=lambda r: r.id)))


def settings_for(
    catalogue: Catalogue,
    *,
    target: str | None = None,
    min_torch: str | None = None,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    unsafe_fixes: bool = False,
    only_broken: bool = False,
    write_setup: bool = False,
    amp_compat: bool = False,
    config: Config | None = None,
    paths: Sequence[Path] = (),
) -> Settings:
    """The engine's settings of what was asked for and a configuration. ``paths`` are where the target ``"auto"`` looks. Raises PlanError."""
    config = config or Config()
    target = target or config.target or releases.NEWEST
    goal, said_by = _auto(paths) if target == "auto" else (_known("--target", target), "")
    target = ".".join(map(str, goal))
    min_torch = min_torch or config.min_torch
    floor = _known("--min-torch", min_torch) if min_torch else goal
    if releases.minor(floor) > releases.minor(goal):
        raise PlanError(f"--min-torch {min_torch} is newer than --target {target}; give one that is not")
    if releases.minor(goal) > releases.parse(releases.NEWEST):
        raise PlanError(
            f"torch {target} is newer than what this cuport knows ({releases.NEWEST}); upgrade cuport or give an older --target"
        )
    return Settings(
        goal,
        floor,
        select=_names(tuple(select), catalogue) or _names(config.select, catalogue, config.path),
        ignore=_names(ignore, catalogue) | _names(config.ignore, catalogue, config.path),
        amp_compat=amp_compat,
        extra=frozenset(r.id for r in catalogue.rewrites if write_setup and r.option == "--write-setup"),
        unsafe=unsafe_fixes or config.unsafe_fixes,
        only_broken=only_broken or config.only_broken,
        per_file_ignores=tuple((pattern, _ids(names, catalogue, config.path)) for pattern, names in config.per_file_ignores.items()),
        root=config.root,
        dispatch_macros=frozenset(config.dispatch_macros),
        target_from=said_by,
    )


def _idle_patterns(config: Config, given: Sequence[Path], found: Sequence[Path]) -> Iterator[Problem]:
    """Patterns of per-file-ignores that match no file, where the run covers all that they are about."""
    if config.path is None or not any(config.root.is_relative_to(path.resolve()) for path in given):
        return
    for pattern in config.per_file_ignores:
        if not any(matches(pattern, path, config.root) for path in found):
            message = f"per-file-ignores: no file is {pattern!r}; take it away, or write the path from the folder of this file"
            yield Problem(config.path, message, is_error=False)


def _catalogue() -> Catalogue:
    """cuport's own knowledge. The one place where the engine names it, for people who call it from Python."""
    found: Catalogue = import_module("rewrites").catalogue()
    return found


def _names(values: Iterable[str], known: Catalogue, said_in: Path | None = None) -> frozenset[str]:
    """The names in lists of names. PlanError where one is unknown; it says the configuration file that has it."""
    names = frozenset(name.strip() for value in values for name in value.split(",") if name.strip())
    for name in sorted(names):
        if not any(r.is_named(frozenset({name})) for r in known.rewrites):
            raise PlanError((f"{said_in}: " if said_in else "") + known.unknown(name))
    return names


def _ids(values: Iterable[str], known: Catalogue, said_in: Path | None = None) -> frozenset[str]:
    """The ids of the rewrites that names and groups mean."""
    names = _names(values, known, said_in)
    return frozenset(r.id for r in known.rewrites if r.is_named(names))


def _auto(paths: Sequence[Path]) -> tuple[releases.Release, str]:
    """The release for the target ``"auto"``, and where it is said."""
    from migrator.target import detect

    found = detect(list(paths))
    if found is None:
        raise PlanError(
            "--target auto: no torch is installed here and the project's metadata names no release; say which, as in --target 2.15"
        )
    return found


def _known(option: str, text: str) -> releases.Release:
    """A release that a person named. Raises PlanError for one that is older than all that cuport knows."""
    release = _release(option, text)
    if releases.minor(release) < releases.parse(releases.OLDEST):
        raise PlanError(f"{option} {text}: cuport knows torch from {releases.OLDEST} on; name that, or a newer one")
    return release


def _release(option: str, text: str) -> releases.Release:
    try:
        return releases.parse(text)
    except ValueError as error:
        raise PlanError(f"{option}: {error}") from None
