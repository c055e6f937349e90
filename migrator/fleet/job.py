"""One repository with what was asked for: plain data, so that it can travel to another process or machine."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from migrator import __version__
from migrator.fleet.listing import Repository

VERSION = 1  # of the records and of the survey; docs/schemas/cuport-fleet-1.schema.json


@dataclass(frozen=True)
class Options:
    """What is done with every repository: the options of ``library.plan``, and those of ``verify``.

    ``verify`` compiles the port, ``prove`` compares its kernels, ``apply`` commits it to a branch of the clone.
    """

    target: str | None = None
    min_torch: str | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    only_broken: bool = False
    third_party: bool = False
    verify: bool = False
    prove: bool = False
    torch: str = "2.15"
    arch: str = "sm_80"
    offline: bool = False
    apply: bool = False


@dataclass(frozen=True)
class Limits:
    """For one repository: seconds by the clock, bytes of address space of each process; ``jobs`` compilers side by side."""

    seconds: float
    memory: int
    jobs: int = 1


@dataclass(frozen=True)
class Job:
    """``clones`` is the folder of bare clones; ``known`` the revision that a finished record has, "" for none."""

    repository: Repository
    options: Options
    limits: Limits
    clones: str
    known: str = ""
    cuport: str = __version__

    @property
    def key(self) -> str:
        """Names the record: the same for the same repository, options and cuport."""
        value = [VERSION, self.cuport, self.repository.location, self.repository.ref, asdict(self.options)]
        return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:32]

    @property
    def needs_clone(self) -> bool:
        """Whether git gives the files: a URL, one commit, a bare repository, a branch to make. A folder is else read where it is."""
        path = Path(self.repository.location)
        bare = (path / "HEAD").is_file() and (path / "objects").is_dir()
        return self.repository.is_url or bool(self.repository.ref) or self.options.apply or bare

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def from_json(text: str) -> Job:
    """The job of ``to_json``."""
    value: dict[str, Any] = json.loads(text)
    options: dict[str, Any] = {name: tuple(each) if isinstance(each, list) else each for name, each in value["options"].items()}
    parts = {"repository": Repository(**value["repository"]), "options": Options(**options), "limits": Limits(**value["limits"])}
    return Job(**{**value, **parts})


def content(folder: Path) -> tuple[str, int]:
    """What stands for the present content of a folder, and its bytes: names, sizes and times of all files but git's and cuport's own.

    Nothing is read: a folder of many gigabytes costs one look at each file.
    """
    digest, total = hashlib.sha256(), 0
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(set(folders) - {".git", ".cuport"})
        for name in sorted(files):
            path = os.path.join(where, name)
            try:
                stat = os.lstat(path)
            except OSError:
                continue
            total += stat.st_size
            digest.update(os.fsencode(f"{os.path.relpath(path, folder)}\0{stat.st_size}\0{stat.st_mtime_ns}\0"))
    return "content " + digest.hexdigest()[:32], total
