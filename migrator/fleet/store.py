"""One record a repository in the output folder, each written whole or not at all: what is finished is not done again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from migrator.atomic import write_atomically
from migrator.fleet.job import VERSION, Job, content


class Store:
    """The records under ``folder``. A damaged record is a missing one; one with an error is not finished, and is done again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "records"
        self.folder.mkdir(parents=True, exist_ok=True)

    def get(self, job: Job) -> dict[str, Any] | None:
        """The finished record of a job, of whatever revision."""
        try:
            found = json.loads((self.folder / f"{job.key}.json").read_bytes())
        except (OSError, ValueError):
            return None
        whole = isinstance(found, dict) and found.get("version") == VERSION and found.get("key") == job.key
        return found if whole and found.get("error", "") is None else None

    def put(self, job: Job, record: dict[str, Any]) -> None:
        """Keep a record. Raises OSError."""
        write_atomically(self.folder / f"{job.key}.json", (json.dumps(record, indent=1) + "\n").encode())

    def split(self, jobs: list[Job]) -> tuple[dict[str, dict[str, Any]], list[Job]]:
        """The records that hold, by key, and the jobs that are to be done. Whether a branch moved only git can say: those are asked."""
        kept: dict[str, dict[str, Any]] = {}
        todo: list[Job] = []
        for job in jobs:
            record = self.get(job)
            if record is None:
                todo.append(job)
            elif job.needs_clone and record["revision"] != job.repository.ref:
                todo.append(replace(job, known=record["revision"]))
            elif job.needs_clone or content(Path(job.repository.location))[0] == record["revision"]:
                kept[job.key] = record
            else:
                todo.append(job)
        return kept, todo
