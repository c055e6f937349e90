"""Starts the process of a job inside its limits, and makes its record whole: what it cost, and why it ended where it did not finish."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from migrator.fleet.job import VERSION, Job
from migrator.fleet.task import JOB
from migrator.verify.process import Finished, Task, run_all

_PATH = "CUPORT_FLEET_PATH"
# Isolated (-I): neither the current folder nor PYTHONPATH may bring in a module of somebody else's; it gets this process's own path.
_MAIN = f"import json, os, sys; sys.path[:] = json.loads(os.environ.pop({_PATH!r})); from migrator.fleet.task import main; main()"
_NO_MEMORY = ("MemoryError", "memory allocation of", "failed to allocate", "bad_alloc", "Out of memory", "out of memory")
_BUDGET = 1 << 62  # bytes: how many run side by side is said by -j, and what each may take by its limit

Record = dict[str, Any]


def run_jobs(jobs: Sequence[Job], side_by_side: int, on_record: Callable[[Job, Record], None]) -> None:
    """Do jobs on this machine, each in a process group of its own, and hand over the record of each as it ends.

    Whatever ends this (Ctrl-C, SIGTERM, an error) ends them; where this process is killed, Linux does.
    """
    if any(job.options.verify or job.options.prove for job in jobs):
        _start_server()
    path = _path()
    tasks = [_task(job, path) for job in jobs]
    run_all(tasks, side_by_side, lambda index, finished: on_record(jobs[index], _record(jobs[index], finished)), lambda: _BUDGET)


def run_job(job: Job) -> Record:
    """Do one job and return its record. This is what a worker on another machine runs."""
    from migrator import __version__

    if job.cuport != __version__:
        return _failed(job, "input", f"the worker has cuport {__version__}: install {job.cuport} there")
    records: list[Record] = []
    run_jobs([job], 1, lambda _, record: records.append(record))
    return records[0]


def _start_server() -> None:
    from migrator.toolchain import ToolchainError
    from migrator.verify.launcher import start_server

    try:
        start_server()
    except ToolchainError:  # each record says it
        pass


def _path() -> str:
    """Where this process finds its modules, for the processes of the jobs."""
    root = str(Path(__file__).resolve().parents[2])  # where an import hook, as of an editable installation, found it
    return json.dumps(list(dict.fromkeys([*map(os.path.abspath, sys.path), root])))


def _task(job: Job, path: str) -> Task:
    command = [sys.executable, "-I", "-X", "utf8", "-c", _MAIN]
    return Task(command, Path("/"), "survey", {JOB: job.to_json(), _PATH: path}, job.limits.seconds)


def _record(job: Job, finished: Finished) -> Record:
    said = _last(finished.output)
    if finished.timed_out:
        record = _failed(job, "time", f"stopped after {job.limits.seconds:g} s: raise --time-limit, or look at what takes so long")
    elif said is None or said.get("error", {}).get("kind") == "memory":
        record = _failed(job, *_why_ended(job, finished))
    elif "error" in said:
        record = _failed(job, said["error"]["kind"], " ".join(said["error"]["message"].split()))
    else:
        record = {**_head(job), "error": None, **said}
    cost = {"seconds": finished.seconds, "cpu_seconds": finished.cpu_seconds, "peak_bytes": finished.peak_bytes}
    return {**record, "cost": {name: round(value, 3) for name, value in cost.items()}}


def failed(job: Job, kind: str, message: str) -> Record:
    """The record of a job that no process could be started for."""
    return {**_failed(job, kind, message), "cost": {"seconds": 0, "cpu_seconds": 0, "peak_bytes": 0}}


def _failed(job: Job, kind: str, message: str) -> Record:
    return {**_head(job), "error": {"kind": kind, "message": message}}


def _head(job: Job) -> Record:
    repository = job.repository
    return {"version": VERSION, "key": job.key, "name": repository.name, "location": repository.shown, "ref": repository.ref}


def _last(output: str) -> Record | None:
    for line in reversed(output.splitlines()):
        if line.startswith("{"):
            try:
                found = json.loads(line)
            except ValueError:
                continue
            return found if isinstance(found, dict) else None
    return None


def _why_ended(job: Job, finished: Finished) -> tuple[str, str]:
    """The kind of the error and what to say of a process that handed no record over."""
    limit = f"the memory limit of {job.limits.memory / 1e9:g} GB"
    near = finished.peak_bytes > job.limits.memory / 2  # parsers fall over where they get no memory
    if finished.returncode == 0 or near or any(words in finished.output for words in _NO_MEMORY):
        return "memory", f"reached {limit}: raise --memory-limit"
    if finished.returncode == -signal.SIGKILL:
        return "memory", "killed from outside, by the machine for want of memory perhaps: give a smaller -j"
    lines = [line for line in finished.output.splitlines() if line.strip()]
    if finished.returncode < 0:
        name = signal.Signals(-finished.returncode).name
        return "crash", f"ended by {name}: a fault in a parser, or {limit}; please report the repository"
    return "crash", f"ended with status {finished.returncode}: {lines[-1] if lines else 'it said nothing'}"
