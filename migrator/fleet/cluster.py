"""The same jobs on a Dask scheduler. A worker returns the record itself, so that it needs no disk of ours.

A job that a dying worker had is given to another by the scheduler. Jobs are named by their keys: the scheduler does each once, and the
first record of a key counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from migrator.fleet import FleetError
from migrator.fleet.child import Record, failed, run_job
from migrator.fleet.job import Job


def run_jobs(jobs: Sequence[Job], address: str, on_record: Callable[[Job, Record], None]) -> None:
    """Do jobs on the workers of a scheduler (``tcp://host:port``) and hand over the record of each as it ends. Raises FleetError."""
    try:
        from distributed import Client, as_completed
    except ImportError:
        raise FleetError("--scheduler needs Dask: run `pip install 'cuport[fleet]'`, here and where the workers are") from None
    try:
        client = Client(address)
    except (OSError, TimeoutError, ValueError) as error:
        said = " ".join(str(error).split())
        raise FleetError(f"no Dask scheduler answers at {address} ({said}): start one with `dask scheduler`") from None
    with client:
        by_key = {job.key: job for job in jobs}
        futures = [client.submit(run_job, job, key=f"cuport-{key}") for key, job in by_key.items()]
        for future in as_completed(futures):
            job = by_key[future.key.removeprefix("cuport-")]
            if future.status == "finished":
                on_record(job, future.result())
            else:
                on_record(job, failed(job, "crash", f"no worker finished it: {_reason(future)}"))
            future.release()


def _reason(future: Any) -> str:
    error = future.exception() if future.status == "error" else None
    return " ".join(f"{type(error).__name__}: {error}".split())[:300] if error is not None else future.status
