"""One whole run of `cuport verify`: what was asked, in order, and everything that was found, as one value."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from migrator.releases import NEWEST
from migrator.toolchain import HeaderSet, ToolchainError, install_toolkit
from migrator.toolchain.cache import cache_root

from .before import Originals, originals
from .cache import ResultCache, digest
from .commands import Tools, arch_number, find_tools
from .compile import Bench, Outcome
from .kernels import CHANGED
from .matrix import Matrix, build_matrix
from .memory import available_memory
from .prove import NEW_RELEASES, OLD_RELEASES, Proof, prove
from .releases import headers_of, number, wanted_releases
from .runner import RunResult, build_and_run
from .units import Project, find_units

DEFAULT_CUDA = "13.2"


@dataclass(frozen=True)
class Options:
    """What was asked for. `before` is a folder, a git revision, "auto" or "". `catalogue` makes the rewrites,
    to name those that touched the source of a changed kernel."""

    path: Path
    torch: str = NEWEST
    archs: tuple[str, ...] = ("sm_80",)
    jobs: int = 1
    before: str = ""
    matrix: bool = True
    prove: bool = False
    run: bool = False
    command: tuple[str, ...] = ()
    offline: bool = False
    use_cache: bool = True
    cuda: str | None = None
    catalogue: Callable[[], Any] | None = None


@dataclass
class Listener:
    """How a run tells what it is doing. The default says nothing."""

    say: Callable[[str], None] = lambda text: None
    downloads: Callable[[], AbstractContextManager[Any]] = nullcontext
    compiles: Callable[[str], AbstractContextManager[Any]] = lambda title: nullcontext()


@dataclass
class Verification:
    path: Path
    archs: tuple[str, ...]
    cuda: str = ""
    compiler: str = ""
    project: Project | None = None
    before: Matrix | None = None
    before_description: str = ""
    unchanged: bool = False
    after: Matrix | None = None
    proofs: list[Proof] = field(default_factory=list)
    run: RunResult | None = None
    downloaded: int = 0
    seconds: float = 0.0
    compiled: int = 0
    reused: int = 0
    peak_bytes: int = 0
    advice: str = ""  # what to do first, where the tree was not ported

    @property
    def ok(self) -> bool:
        """Whether everything that should hold does: the port compiles and links, every kernel is the same, the run passed."""
        return (
            (self.after is None or self.after.failures == 0)
            and all(proof.complete for proof in self.proofs)
            and (self.run is None or self.run.ok)
        )


def verify(options: Options, listener: Listener) -> Verification:
    """Do what was asked. ToolchainError, UnitsError and BeforeError each carry one line that says what to do."""
    started = time.monotonic()
    for arch in options.archs:
        arch_number(arch)
    result = Verification(options.path, options.archs)
    releases = wanted_releases(options.torch)
    after_of = _units_of(options.path)
    result.project = after_of(releases[-1])
    counted: dict[str, int] = {}
    tools = _tools(options, listener, counted)
    result.cuda, result.compiler = ".".join(map(str, tools.toolkit.version)), f"{tools.host.kind} {'.'.join(map(str, tools.host.version))}"
    bench = Bench(tools, ResultCache(enabled=options.use_cache), options.jobs)
    headers = functools.lru_cache(maxsize=None)(lambda release: _headers(release, options, listener, counted))

    wants_before = bool(options.before) or options.prove
    with originals(options.path, options.before or "auto") if wants_before else nullcontext() as original:
        if options.matrix:
            _matrices(result, original if options.before else None, after_of, [headers(r) for r in releases], bench, listener)
        if options.prove and original is not None:
            before_of = _units_of(original.path)
            for arch in options.archs:
                with _watching(bench, listener, f"kernels for sm_{arch_number(arch)}", result):
                    old, new = _neighbours(releases[-1])
                    result.proofs.append(prove(before_of, after_of, headers(releases[-1]), arch, headers, bench, old, new))
            _name_rules(result, original, before_of, options)
            result.before_description = original.description
    if options.run:
        listener.say("building with the installed torch")
        folder = cache_root() / "run" / f"{options.path.resolve().name}-{digest([options.path.resolve()])[:12]}"
        result.run = build_and_run(after_of(releases[-1]), tools.toolkit, options.archs, options.command, folder, options.jobs)
    if options.catalogue is not None:
        from .unported import advice

        at_hand = result.before if result.unchanged else result.after
        result.advice = advice(options.path, at_hand, result.proofs, options.catalogue)
    bench.cache.prune()
    result.downloaded = sum(counted.values())
    result.seconds = time.monotonic() - started
    return result


def default_jobs() -> int:
    import os

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, int(available_memory() / 1_600_000_000) or 1))


def _matrices(
    result: Verification,
    original: Originals | None,
    after_of: Callable[[str], Project],
    headers: list[HeaderSet],
    bench: Bench,
    listener: Listener,
) -> None:
    if original is not None:
        result.before_description = original.description
        with _watching(bench, listener, "originals", result):
            result.before = build_matrix(_units_of(original.path), headers, result.archs, bench)
        result.unchanged = not original.differs
    if not result.unchanged:
        with _watching(bench, listener, "compiling", result):
            result.after = build_matrix(after_of, headers, result.archs, bench)


def _name_rules(result: Verification, original: Originals, before_of: Callable[[str], Project], options: Options) -> None:
    if options.catalogue is None or not any(unit.count(CHANGED) for proof in result.proofs for unit in proof.units):
        return
    from .blame import Blame, name_rules

    blame = Blame(original.path, options.catalogue(), result.proofs[0].target)
    units = {unit.name: unit for unit in before_of(OLD_RELEASES[0]).units}
    for proof in result.proofs:
        name_rules(proof, blame, units)


def _units_of(path: Path) -> Callable[[str], Project]:
    return functools.lru_cache(maxsize=None)(lambda release: find_units(path, release))


def _neighbours(target: str) -> tuple[list[str], list[str]]:
    """The releases around the end of the old API that lie before the target."""
    old = [r for r in OLD_RELEASES if number(r) <= number(target)]
    return old, [r for r in NEW_RELEASES if number(r) < number(target)]


def _tools(options: Options, listener: Listener, counted: dict[str, int]) -> Tools:
    try:
        return find_tools(options.cuda)
    except ToolchainError:
        if options.offline or not _no_toolkit(options.cuda):
            raise
        version = options.cuda if options.cuda and "." in options.cuda else DEFAULT_CUDA
        listener.say(f"no usable CUDA toolkit here: putting a compile-only CUDA {version} into {cache_root()}")
        with listener.downloads() as show:
            install_toolkit(version, _counting(show, counted))
        return find_tools(options.cuda)


def _no_toolkit(cuda: str | None) -> bool:
    from migrator.toolchain import usable_toolkit

    try:
        usable_toolkit(cuda)
    except ToolchainError:
        return True
    return False


def _headers(release: str, options: Options, listener: Listener, counted: dict[str, int]) -> HeaderSet:
    try:
        return headers_of(release, download=False)
    except ToolchainError:
        if options.offline:
            raise
    with listener.downloads() as show:
        return headers_of(release, download=True, progress=_counting(show, counted))


def _counting(show: Callable[[str, int, int], None] | None, counted: dict[str, int]) -> Callable[[str, int, int], None]:
    def progress(what: str, done: int, total: int) -> None:
        counted[what] = done
        if show is not None:
            show(what, done, total)

    return progress


def _watching(bench: Bench, listener: Listener, title: str, result: Verification) -> AbstractContextManager[None]:
    @contextmanager
    def watch() -> Iterator[None]:
        with listener.compiles(title) as shown:
            started, done = shown if shown is not None else ((lambda request: None), (lambda outcome: None))

            def count(outcome: Outcome) -> None:
                if outcome.cached:
                    result.reused += 1
                else:
                    result.compiled += 1
                    result.peak_bytes = max(result.peak_bytes, outcome.peak_bytes)
                done(outcome)

            bench.on_start, bench.on_done = started, count
            yield

    return watch()
