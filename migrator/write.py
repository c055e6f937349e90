"""Writes a plan: every file by atomic replace, links kept, modes kept, nothing overwritten that changed meanwhile."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from migrator.planned import Plan, PlannedFile


class ApplyError(Exception):
    """A file could not be written; the message is one line that says which and why."""


def write_atomically(path: Path, data: bytes, mode: int | None = None) -> None:
    """Put ``data`` at ``path`` so that a reader sees the old bytes or the new ones, never a part. Raises OSError."""
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".cuport", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if mode is not None:
            os.chmod(temporary, mode & 0o7777)
        elif path.exists():
            shutil.copymode(path, temporary)
        os.replace(temporary, path)
    except BaseException:
        try:
            os.unlink(temporary)
        except OSError:
            pass
        raise


def apply(files: Iterable[PlannedFile]) -> tuple[list[PlannedFile], list[tuple[PlannedFile, str]]]:
    """Write the changed files in place. Returns those written, and those that were not, each with the reason."""
    written: list[PlannedFile] = []
    failed: list[tuple[PlannedFile, str]] = []
    for file in files:
        if not file.changed:
            continue
        try:
            if file.created or file.new_path is not None:
                if file.destination.exists():
                    failed.append((file, f"{file.shown_destination} exists already; nothing was written to it"))
                    continue
            if file.created:
                file.real.parent.mkdir(parents=True, exist_ok=True)
                write_atomically(file.real, file.after, 0o644)
                written.append(file)
                continue
            if file.real.read_bytes() != file.before:
                failed.append((file, "changed while it was being migrated; run cuport again"))
                continue
            if not os.access(file.real, os.W_OK):
                failed.append((file, "not writable; change its permissions and run cuport again"))
                continue
            if file.new_path is not None:
                write_atomically(file.new_path, file.after, file.real.stat().st_mode)
                file.real.unlink()
            else:
                write_atomically(file.real, file.after)
            written.append(file)
        except OSError as error:
            failed.append((file, f"{error.strerror or error}; nothing was written to it"))
    return written, failed


def copy_tree(source: Path, out: Path, plan: Plan) -> None:
    """Copy a folder (or a file) to ``out`` with the planned bytes in place of the old ones. ``out`` must be empty or absent.

    Raises OSError, with a reason, where that cannot be done.
    """
    if out.exists() and any(out.iterdir()):
        raise OSError(17, "not empty; give --out a folder that does not exist yet", str(out))
    if source.is_dir() and source.resolve() in (out.resolve(), *out.resolve().parents):
        raise OSError(22, "lies inside the folder that is to be ported; give --out another place", str(out))
    planned = {file.real: file for file in plan.files if file.changed}
    if source.is_dir():
        shutil.copytree(source, out, symlinks=True, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".git"))
        root = source.resolve()
        for real, file in planned.items():
            if not real.is_relative_to(root) or not file.destination.is_relative_to(root):
                continue
            target = out / file.destination.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(target, file.after, 0o644 if file.created else real.stat().st_mode)
            if file.new_path is not None:
                (out / real.relative_to(root)).unlink()
    else:
        out.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, out / source.name)
        for file in planned.values():
            write_atomically(out / file.destination.name, file.after, 0o644 if file.created else file.real.stat().st_mode)
            if file.new_path is not None:
                (out / source.name).unlink()
