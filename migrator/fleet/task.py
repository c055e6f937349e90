"""What the process of a job does: one repository in, its record out. Only this process reads what the repository holds."""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from migrator import vcs
from migrator.fleet import FleetError, mirror
from migrator.fleet.job import Job, Options, content, from_json
from migrator.library import PlanError, apply, plan
from migrator.planned import Plan
from migrator.report.effort import LEVELS, effort, tasks

JOB = "CUPORT_FLEET_JOB"
PLACES = 5  # named of one task by hand; all are counted
FAILURES = 20  # named of the units that do not compile
UNREAD = 20  # named of the files that were not read; all are counted
_GIT = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_NAMESPACE")


def main() -> None:
    """Do the job of the environment and print its record as the last line."""
    text = os.environ.pop(JOB)
    for name in _GIT:  # a survey is never about the checkout that it was started in
        os.environ.pop(name, None)
    _end_with_parent()
    job = from_json(text)
    _limit_memory(job.limits.memory)
    gc.set_threshold(50_000, 10, 10)  # as the command line does: syntax trees are many small objects
    try:
        record = survey_one(job)
    except MemoryError:
        record = {"error": {"kind": "memory", "message": ""}}
    except (FleetError, PlanError, vcs.GitError) as error:
        record = {"error": {"kind": "input", "message": str(error)}}
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        record = {"error": {"kind": "input", "message": f"{where}{error.strerror or error}"}}
    except Exception as error:  # one bad repository never stops the rest
        record = {"error": {"kind": "internal", "message": f"{type(error).__name__}: {error}"}}
    print("\n" + json.dumps(record), flush=True)


def survey_one(job: Job) -> dict[str, Any]:
    """The record of a repository; ``{"kept": true}`` where the revision that is known is still the present one. Raises what it meets."""
    with _files(job) as (folder, revision, clone):
        if folder is None:
            return {"kept": True}
        asked = job.options
        made = plan(
            folder,
            target=asked.target,
            min_torch=asked.min_torch,
            select=asked.select,
            ignore=asked.ignore,
            only_broken=asked.only_broken,
            third_party=asked.third_party,
        )
        record = {"revision": revision, "bytes": content(folder)[1], **facts(made, folder)}
        if asked.verify or asked.prove:
            record["verified"] = _verified(made, folder, job)
        if clone is not None and asked.apply:
            record["applied"] = _applied(made, clone, folder)
        return record


@contextmanager
def _files(job: Job) -> Iterator[tuple[Path | None, str, Path | None]]:
    """The folder to read, its revision and the bare clone that it is of; no folder where the revision is known."""
    if not job.needs_clone:
        folder = Path(job.repository.location)
        if not folder.is_dir():
            raise FleetError(f"{folder} is {'not a folder' if folder.exists() else 'not there'}: correct the list")
        yield folder, content(folder)[0], None
        return
    clone, commit = mirror.fetched(job.repository, Path(job.clones))
    if commit == job.known:
        yield None, commit, clone
        return
    if job.options.apply:
        mirror.check_branch(clone)
    with mirror.worktree(clone, commit) as folder:
        yield folder, commit, clone


def facts(made: Plan, folder: Path) -> dict[str, Any]:
    """What a plan says of a repository, for its record."""
    places = Counter(item.rule for _, item in made.left)
    levels = Counter(effort(file) for file in made.files if file.left)
    unread = list(dict.fromkeys(f"{_relative(each.path, folder)}: {each.message}" for each in made.problems))
    return {
        "files_read": made.files_read,
        "files_changed": len(made.changed),
        "edits": sum(made.edits_by_rule.values()),
        "by_hand": len(made.left),
        "effort": {
            "level": max(levels, key=LEVELS.index, default=LEVELS[0]),
            **{level: levels[level] for level in LEVELS[1:]},
        },
        "rules": {
            rule.id: {
                "title": rule.title,
                "severity": rule.severity,
                "edits": made.edits_by_rule[rule.id],
                "files": made.files_by_rule[rule.id],
                "by_hand": places[rule.id],
            }
            for rule in sorted(made.rules.values(), key=lambda rule: rule.id)
        },
        "left": [
            {
                "rule": task.rule,
                "advice": task.advice,
                "message": task.places[0][1].message,
                "count": len(task.places),
                "places": [f"{_relative(file.path, folder)}:{item.line}" for file, item in task.places[:PLACES]],
            }
            for task in tasks(made)
        ],
        "not_read": len(unread),
        "unread": unread[:UNREAD],
    }


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)


def _verified(made: Plan, folder: Path, job: Job) -> dict[str, Any]:
    """The port, written to a folder that goes again, compiled and its kernels compared. What keeps it from that is its ``error``."""
    from migrator.toolchain import ToolchainError
    from migrator.verify.before import BeforeError
    from migrator.verify.units import UnitsError

    asked = job.options
    result: dict[str, Any] = {"torch": asked.torch, "error": ""}
    with tempfile.TemporaryDirectory(prefix="cuport-fleet-") as temporary:
        port = Path(temporary) / "port"
        apply(made, out=port, source=folder)
        try:
            if asked.verify:
                result |= _compiled(port, asked, job.limits.jobs)
            if asked.prove:
                before = result.get("compiles", 0)
                result |= _proven(port, folder, asked, job.limits.jobs)
                result["compiles"] += before
        except (ToolchainError, UnitsError, BeforeError) as error:
            result["error"] = " ".join(str(error).replace(str(port), str(folder)).split())
        except ImportError as error:
            result["error"] = f"{error.name or error} is not installed: run `pip install 'cuport[verify]'`"
    return result


def _compiled(port: Path, asked: Options, jobs: int) -> dict[str, Any]:
    from migrator.verify.verification import Listener, verify
    from migrator.verify.verification import Options as Wanted

    wanted = Wanted(port, asked.torch, _archs(asked), jobs, offline=asked.offline)
    done = verify(wanted, Listener())
    matrix = done.after
    assert matrix is not None
    failed = [
        {"unit": row.name, "kind": row.kind, "torch": release, "error": str(row.cells[release]).partition("\n")[0]}
        for row in matrix.rows
        for release in matrix.releases
        if row.red(release)
    ]
    good = sum(not any(row.red(release) for release in matrix.releases) for row in matrix.units)
    counts = {"units": len(matrix.units), "compiled": good, "compiles": done.compiled}
    return {"releases": matrix.releases, **counts, "failed": failed[:FAILURES]}


def _proven(port: Path, folder: Path, asked: Options, jobs: int) -> dict[str, Any]:
    from migrator.verify.verification import Listener, verify
    from migrator.verify.verification import Options as Wanted

    wanted = Wanted(port, asked.torch, _archs(asked), jobs, before=str(folder), matrix=False, prove=True, offline=asked.offline)
    done = verify(wanted, Listener())
    proofs = done.proofs
    units = [unit for proof in proofs for unit in proof.units]
    return {
        "compiles": done.compiled,
        "kernels": sum(proof.total for proof in proofs),
        "proven": sum(proof.identical + proof.expected for proof in proofs),
        "not_compared": [f"{unit.unit}: {unit.not_compared.partition(chr(10))[0]}" for unit in units if unit.not_compared][:FAILURES],
    }


def _archs(asked: Options) -> tuple[str, ...]:
    return tuple(arch.strip() for arch in asked.arch.split(",") if arch.strip())


def _applied(made: Plan, clone: Path, tree: Path) -> dict[str, str] | None:
    """Commit the port to the branch of the bare clone; None where nothing changes."""
    from migrator.cli.commits import message

    if not made.changed:
        return None
    os.environ.update(mirror.identity(tree))
    written = apply(made, command="cuport fleet --apply")
    if written.failed:
        file, reason = written.failed[0]
        raise FleetError(f"{_relative(file.path, tree)}: {reason}")
    vcs.commit(dict.fromkeys(path for file in made.changed for path in (file.real, file.destination)), message(made))
    return {"branch": mirror.BRANCH, "commit": mirror.set_branch(clone, tree), "repository": str(clone)}


def _limit_memory(most: int) -> None:
    import resource

    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _end_with_parent() -> None:
    """Have Linux end this process when the one that started it is killed: nobody would read its record."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    set_parent_death_signal = 1  # PR_SET_PDEATHSIG, linux/prctl.h
    ctypes.CDLL(None).prctl(set_parent_death_signal, int(signal.SIGTERM), 0, 0, 0)
