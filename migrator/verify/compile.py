"""Compiles units against releases, and keeps each result by what went into it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from migrator.toolchain import needs_pybind11, pybind11_include
from migrator.toolchain.cache import cache_root

from .cache import ResultCache, digest, file_digest
from .commands import SHIM, Request, Tools, command_for, flags_for
from .diagnose import Diagnostic, first_error
from .includes import SOURCE_SUFFIXES, reach
from .launcher import staged
from .process import Finished, Task, run_all
from .symbols import ObjectSymbols, object_symbols
from .units import SKIPPED_FOLDERS, Unit


@dataclass
class Outcome:
    """What came of one request."""

    request: Request
    ok: bool
    error: Diagnostic | None = None
    symbols: ObjectSymbols | None = None
    output: bytes = b""
    seconds: float = 0.0
    peak_bytes: int = 0
    cached: bool = False
    command: tuple[str, ...] = ()


@dataclass
class Bench:
    """Everything that a run of compiles needs, handed on as one value."""

    tools: Tools
    cache: ResultCache
    jobs: int = 1
    on_start: Callable[[Request], None] = lambda request: None
    on_done: Callable[[Outcome], None] = lambda outcome: None
    spent: list[Outcome] = field(default_factory=list)


def compile_all(requests: Sequence[Request], bench: Bench, keep_output: bool = False) -> list[Outcome]:
    """One outcome for each request, in their order. Requests that are equal are compiled once."""
    outcomes: dict[Request, Outcome] = {}
    keys: dict[Request, str] = {}
    waiting: list[Request] = []
    for request in dict.fromkeys(requests):
        keys[request] = key_of(request, bench.tools)
        found = _from_cache(request, keys[request], bench, keep_output)
        if found is None:
            waiting.append(request)
        else:
            outcomes[request] = found
            bench.on_done(found)
    waiting.sort(key=lambda r: (not r.unit.is_cuda, r.unit.name))  # the slow ones first
    if bench.tools.launcher:
        made_of = {keys[request]: (request.unit.root, project_files(request.unit)) for request in waiting}
        with staged(cache_root() / "staged", made_of) as folders:
            where = {request: folders[keys[request]] for request in waiting if keys[request] in folders}
            _compile(list(where), keys, bench, bench.tools, keep_output, outcomes, where)
        # what failed says nothing about the source: the compiler itself is asked again
        waiting = [request for request in waiting if request not in outcomes]
    _compile(waiting, keys, bench, replace(bench.tools, launcher=()), keep_output, outcomes)
    return [outcomes[request] for request in requests]


def _compile(
    waiting: Sequence[Request],
    keys: dict[Request, str],
    bench: Bench,
    tools: Tools,
    keep_output: bool,
    outcomes: dict[Request, Outcome],
    where: dict[Request, Path] | None = None,
) -> None:
    """Compile what waits, into `outcomes`; what fails through a launcher is left out. `where`: the folders to compile in."""
    if not waiting:
        return
    where = where or {}
    folder = Path(tempfile.mkdtemp(prefix="cuport-verify-"))
    try:
        names = [str(folder / f"{i}{request.suffix}") for i, request in enumerate(waiting)]
        commands = [command_for(request, tools, name) for request, name in zip(waiting, names, strict=True)]
        tasks = [
            Task(command, where.get(request, request.unit.root), _kind(request), keeps_temporary=bool(tools.launcher))
            for command, request in zip(commands, waiting, strict=True)
        ]

        def done(index: int, finished: Finished) -> None:
            request = waiting[index]
            outcome = _outcome(request, finished, Path(names[index]), commands[index])
            if tools.launcher and not outcome.ok:
                return
            _keep(outcome, keys[request], bench, keep_output)
            outcomes[request] = outcome
            bench.spent.append(outcome)
            bench.on_done(outcome)

        run_all(tasks, bench.jobs, done, on_started=lambda index: bench.on_start(waiting[index]))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _kind(request: Request) -> str:
    return "nvcc" if request.unit.is_cuda else "c++"


def key_of(request: Request, tools: Tools) -> str:
    """What decides the result: the compilers, the release, the flags, and every project file that the unit reaches."""
    unit = request.unit
    files = project_files(unit)
    root = unit.root.resolve()
    pybind11 = str(pybind11_include().parent.name) if needs_pybind11(request.headers) else ""
    shim = [file_digest(path) for path in sorted(SHIM.rglob("*.h"))] if request.shim else []
    return digest(
        [
            tools.identity,
            request.headers.release,
            request.headers.wheel,
            pybind11,
            flags_for(request, tools)[: None if not request.shim else -2],
            shim,
            request.suffix,
            unit.name,
            [str(folder) for folder in unit.include_dirs],
            [(str(path.relative_to(root)) if root in path.parents else str(path), file_digest(path)) for path in files],
        ]
    )


def project_files(unit: Unit) -> list[Path]:
    """The files of the project that a unit is made of, as real paths."""
    reached = reach(unit.path, [unit.root / folder for folder in unit.include_dirs])
    more = [path for path in _sources_below(unit) if path not in reached.files] if reached.computed else []
    return [*reached.files, *more]


def _sources_below(unit: Unit) -> list[Path]:
    return sorted(
        path.resolve()
        for path in unit.root.rglob("*")
        if path.suffix in SOURCE_SUFFIXES and path.is_file() and not SKIPPED_FOLDERS & set(path.relative_to(unit.root).parts)
    )


def _from_cache(request: Request, key: str, bench: Bench, keep_output: bool) -> Outcome | None:
    found = bench.cache.get(key)
    if found is None:
        return None
    output = b""
    if keep_output and found["ok"]:
        data = bench.cache.get_file(key, request.suffix)
        if data is None:
            return None
        output = data
    error = Diagnostic(**found["error"]) if found["error"] else None
    symbols = ObjectSymbols.from_dict(found["symbols"]) if found["symbols"] else None
    return Outcome(request, found["ok"], error, symbols, output, found["seconds"], found["peak_bytes"], True, tuple(found["command"]))


def _outcome(request: Request, finished: Finished, path: Path, command: list[str]) -> Outcome:
    ok = finished.returncode == 0 and path.is_file()
    outcome = Outcome(request, ok, None, None, b"", round(finished.seconds, 2), finished.peak_bytes, False, tuple(command))
    if not ok:
        outcome.error = first_error(finished.output)
        return outcome
    if request.ptx:
        outcome.output = path.read_bytes()
    else:
        outcome.symbols = object_symbols(path)
        outcome.output = path.read_bytes()
    return outcome


def _keep(outcome: Outcome, key: str, bench: Bench, keep_output: bool) -> None:
    killed = not outcome.ok and outcome.error is not None and "want of memory" in outcome.error.message
    if not killed:  # a compiler that was killed says nothing about the source
        if outcome.ok and keep_output:
            bench.cache.put_file(key, outcome.request.suffix, outcome.output)
        value: dict[str, Any] = {
            "ok": outcome.ok,
            "error": outcome.error.as_dict() if outcome.error else None,
            "symbols": outcome.symbols.as_dict() if outcome.symbols else None,
            "seconds": outcome.seconds,
            "peak_bytes": outcome.peak_bytes,
            "command": list(outcome.command),
        }
        bench.cache.put(key, value)
    if not keep_output:
        outcome.output = b""
