"""Runs compilers side by side: inside a memory budget, each in a process group of its own, none left behind.

One thread, one loop. Whatever ends the loop (Ctrl-C, SIGTERM, an error) ends every process group that it started.
"""

from __future__ import annotations

import math
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .memory import available_memory

POLL_SECONDS = 0.02
GRACE_SECONDS = 2.0
FIRST_ESTIMATE = 1_600_000_000  # what one nvcc on torch headers takes, until the first one has shown it
RESERVE = 0.9
_OUTER = "CUPORT_TMPDIR"


@dataclass
class Task:
    """One command. `kind` groups tasks that take about the same memory; after `limit_seconds` it is ended. `keeps_temporary`: it may start
    a server that outlives it, and is not given a folder for temporary files that goes with it."""

    command: Sequence[str]
    cwd: Path
    kind: str = "compile"
    environment: dict[str, str] = field(default_factory=dict)
    limit_seconds: float = math.inf
    keeps_temporary: bool = False


@dataclass(frozen=True)
class Finished:
    """How a command ended. `cpu_seconds` and `peak_bytes` (of its largest process) count those that it started and waited for."""

    returncode: int
    output: str
    seconds: float
    peak_bytes: int
    cpu_seconds: float = 0.0
    timed_out: bool = False


@dataclass
class _Running:
    index: int
    task: Task
    process: subprocess.Popen
    folder: Path
    started: float
    usage: resource.struct_rusage | None = None


def run_all(
    tasks: Sequence[Task],
    jobs: int,
    on_finished: Callable[[int, Finished], None],
    memory: Callable[[], int] = available_memory,
    on_started: Callable[[int], None] = lambda index: None,
) -> None:
    """Run every task, at most `jobs` at once and no more than fit into memory; report each as it ends."""
    waiting = list(range(len(tasks)))[::-1]
    running: list[_Running] = []
    estimates: dict[str, int] = {}
    budget = int(memory() * RESERVE)

    def fits(task: Task) -> bool:
        wanted = sum(estimates.get(r.task.kind, FIRST_ESTIMATE) for r in running) + estimates.get(task.kind, FIRST_ESTIMATE)
        return not running or (wanted <= budget and memory() * RESERVE >= estimates.get(task.kind, FIRST_ESTIMATE))

    with _signals_raise():
        try:
            while waiting or running:
                while waiting and len(running) < jobs and fits(tasks[waiting[-1]]):
                    index = waiting.pop()
                    running.append(_start(index, tasks[index]))
                    on_started(index)
                for item in list(running):
                    finished = _poll(item)
                    if finished is not None:
                        running.remove(item)
                        estimates[item.task.kind] = max(estimates.get(item.task.kind, 0), int(finished.peak_bytes * 1.15))
                        on_finished(item.index, finished)
                if running:
                    time.sleep(POLL_SECONDS)
        finally:
            _end(running)


def run_one(command: Sequence[str], cwd: Path, environment: dict[str, str] | None = None) -> Finished:
    """Run one command to its end."""
    results: list[Finished] = []
    run_all([Task(command, cwd, environment=environment or {})], 1, lambda _, finished: results.append(finished))
    return results[0]


def _start(index: int, task: Task) -> _Running:
    # Temporary files of the compilers go into a folder of ours, so that a killed compiler leaves none.
    folder = Path(tempfile.mkdtemp(prefix="cuport-job-"))
    environment = {**os.environ, **task.environment, "TMPDIR": str(folder), "LC_ALL": "C"}
    outer = environment.setdefault(_OUTER, tempfile.gettempdir())  # of the first of us, where one starts another
    if task.keeps_temporary:
        environment["TMPDIR"] = outer
    for name in ("NVCC_PREPEND_FLAGS", "NVCC_APPEND_FLAGS"):
        environment.pop(name, None)
    try:
        with open(folder / "output", "wb") as output:
            process = subprocess.Popen(
                list(task.command),
                cwd=task.cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return _Running(index, task, process, folder, time.monotonic())


def _poll(item: _Running) -> Finished | None:
    timed_out = False
    if not _reap(item):
        if time.monotonic() - item.started < item.task.limit_seconds:
            return None
        timed_out = True
        _stop([item])
    assert item.usage is not None
    output = (item.folder / "output").read_bytes().decode("utf-8", "replace")
    shutil.rmtree(item.folder, ignore_errors=True)
    cpu_seconds = item.usage.ru_utime + item.usage.ru_stime
    seconds = time.monotonic() - item.started
    return Finished(item.process.returncode, output, seconds, item.usage.ru_maxrss * 1024, cpu_seconds, timed_out)


def _reap(item: _Running, flags: int = os.WNOHANG) -> bool:
    """Whether the process has ended; what it used is then known."""
    pid, status, usage = os.wait4(item.process.pid, flags)
    if pid:
        item.process.returncode, item.usage = os.waitstatus_to_exitcode(status), usage
    return bool(pid)


def _end(running: list[_Running]) -> None:
    _stop(running)
    for item in running:
        shutil.rmtree(item.folder, ignore_errors=True)


def _stop(running: list[_Running]) -> None:
    for item in running:
        _signal(item, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    for item in running:
        while item.process.returncode is None and not _reap(item) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        _signal(item, signal.SIGKILL)  # also what the compiler driver had started, should that outlive it
        if item.process.returncode is None:
            _reap(item, 0)


def _signal(item: _Running, number: int) -> None:
    try:
        os.killpg(item.process.pid, number)
    except (ProcessLookupError, PermissionError):
        pass


@contextmanager
def _signals_raise() -> Iterator[None]:
    """SIGTERM and SIGHUP end the run as Ctrl-C does: by an exception, so that `finally` runs."""

    def stop(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    old: dict[int, object] = {}
    for number in (signal.SIGTERM, signal.SIGHUP):
        try:
            old[number] = signal.signal(number, stop)
        except ValueError:  # not the main thread: the caller's signals are the caller's
            break
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
