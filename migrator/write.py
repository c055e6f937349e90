"""Writes a plan as one transaction: all of its files or none, links and modes kept, nothing overwritten that changed meanwhile.

What is replaced is written down first (``journal``), then every new file is written and flushed under a temporary name, and only then are
they renamed into place. So a full disk or a file that may not be written is met before the first file changes; an error after that is
reverted at once, and what a kill or a power cut leaves behind is reverted by the next run.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from migrator import journal, undo
from migrator.atomic import flush_folders, stage, write_atomically
from migrator.journal import Entry, JournalError, Record
from migrator.planned import Plan, PlannedFile

Failures = list[tuple[PlannedFile, str]]


def apply(plan: Plan, command: str = "") -> tuple[list[PlannedFile], Failures]:
    """Write the changed files in place. Returns those written, and those because of which none was, each with the reason.

    ``command`` is what the undo record says that did it. Raises JournalError when no record can be kept, or when an earlier run has to be
    undone first.
    """
    files = plan.changed
    if not files:
        return [], []
    root = journal.tree_of([*plan.given, *(file.real for file in files)])
    with journal.locked(root):
        if journal.pending(root):
            raise JournalError(f"an earlier run over {root} was interrupted: put its files back with `cuport undo {root}`")
        failed = [(file, reason) for file in files if (reason := _refusal(file, plan)) is not None]
        if failed:
            return [], failed
        record = journal.begin(root, [(_entry(file, root), file.before) for file in files], _missing_folders(files, root), command)
        at = files[0]
        try:
            with _reverting(record):
                for folder in record.folders:
                    (root / folder).mkdir()
                for at, entry in zip(files, record.entries, strict=True):
                    old = None if at.created else at.real.stat()
                    stage(undo.temporary(root, record, entry), at.after, old)
                for at, entry in zip(files, record.entries, strict=True):
                    if at.destination != at.real and os.path.lexists(at.destination):
                        raise FileExistsError(17, "another file took its new name meanwhile")
                    os.replace(undo.temporary(root, record, entry), at.destination)
                    if at.new_path is not None:
                        at.real.unlink()
                flush_folders({path.parent for file in files for path in (file.real, file.destination)})
                record.into("done")
        except OSError as error:
            return [], [(at, f"{error.strerror or error}; nothing was changed")]
        journal.prune(root)
    return files, []


@contextmanager
def _reverting(record: Record) -> Iterator[None]:
    """Put everything back when something goes wrong inside, Ctrl-C included."""
    try:
        yield
    except BaseException as error:
        try:
            undo.revert(record)
        except (OSError, undo.Edited) as second:
            root = record.root
            message = f"{error}, and then {second}: {root} is half written; run `cuport undo {root}` once that is mended"
            raise JournalError(message) from None
        raise


def _entry(file: PlannedFile, root: Path) -> Entry:
    new = file.destination.relative_to(root).as_posix()
    new_hash = journal.digest(file.after)
    if file.created:
        return Entry(None, new, None, new_hash, 0o644)
    return Entry(file.real.relative_to(root).as_posix(), new, journal.digest(file.before), new_hash, file.real.stat().st_mode & 0o7777)


def _missing_folders(files: list[PlannedFile], root: Path) -> list[str]:
    """The folders that new files need, outermost first."""
    missing: dict[str, None] = {}
    for file in files:
        for folder in reversed(file.destination.relative_to(root).parents[:-1]):
            if not (root / folder).is_dir():
                missing.setdefault(folder.as_posix())
    return list(missing)


def _refusal(file: PlannedFile, plan: Plan) -> str | None:
    """Why a file may not be written, or None."""
    try:
        if file.destination != file.real or file.created:
            if os.path.lexists(file.destination):
                return f"{file.shown_destination} exists already; nothing was changed"
        if plan.given and not _is_given(file.destination, plan.given):
            return "lies outside the given paths; give its folder as well; nothing was changed"
        if file.created:
            return None
        if file.real.read_bytes() != file.before:
            return "changed while it was being migrated; nothing was changed, run cuport again"
        if not os.access(file.real, os.W_OK):
            return "not writable; nothing was changed: change its permissions and run cuport again"
    except OSError as error:
        return f"{error.strerror or error}; nothing was changed"
    return None


def _is_given(path: Path, given: tuple[Path, ...]) -> bool:
    """Whether a path lies in a given folder, is a given file, or lies beside one (a port may need a new file there)."""
    reals = [each.resolve() for each in given]
    return any(path.is_relative_to(real if real.is_dir() else real.parent) for real in reals)


def copy_tree(source: Path, out: Path, plan: Plan) -> None:
    """Copy a folder (or a file) to ``out`` with the planned bytes in place of the old ones. ``out`` must be empty or absent; when the copy
    fails it is so again.

    Raises OSError, with a reason, where that cannot be done.
    """
    if out.exists() and any(out.iterdir()):
        raise OSError(17, "not empty; give --out a folder that does not exist yet", str(out))
    if source.is_dir() and source.resolve() in (out.resolve(), *out.resolve().parents):
        raise OSError(22, "lies inside the folder that is to be ported; give --out another place", str(out))
    there = out.exists()
    try:
        _copy(source, out, plan)
    except BaseException as error:
        shutil.rmtree(out, ignore_errors=True)
        if there:
            out.mkdir(exist_ok=True)
        if isinstance(error, shutil.Error):  # a list of (from, to, why)
            first = error.args[0][0]
            raise OSError(0, str(first[2]).partition("] ")[2].partition(":")[0] or str(first[2]), str(first[1])) from None
        raise


def _copy(source: Path, out: Path, plan: Plan) -> None:
    planned = {file.real: file for file in plan.files if file.changed}
    if source.is_dir():
        shutil.copytree(source, out, symlinks=True, dirs_exist_ok=True, ignore=_left_out)
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


def _left_out(folder: str, names: list[str]) -> set[str]:
    """What a copy does not take along: git's and cuport's own folders, and what is no file, such as a socket."""
    paths = {name: Path(folder, name) for name in names}
    odd = {name for name, path in paths.items() if not path.is_symlink() and not path.is_dir() and not path.is_file()}
    return odd | ({".git", journal.FOLDER} & set(names))
