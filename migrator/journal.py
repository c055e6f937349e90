"""Undo records: what a run is about to do to a tree, with every byte that it replaces, written down before the first file changes.

A record is one zip file, ``.cuport/undo/<time>.<state>``: ``record.json`` and the originals. Any unzip opens it. Its state is its suffix,
so that a state changes by one rename: ``pending`` (the run, or an undo, has not ended: to be reverted), ``done``, and ``parted`` (undone
but for files that were edited since; kept for their originals). A killed run leaves a pending record behind; the next run, or ``cuport
undo``, reverts it.

Records lie in the tree, not in the user's state folder, because they must be found where the tree is found: CUDA extensions are often
built in containers whose home goes away with them, and trees are moved, mounted and shared. ``.cuport`` holds a ``.gitignore`` of its own,
as the caches of ruff and pytest do; the originals lie inside a zip, so that a build that globs for ``*.cu`` does not pick them up; and once
nothing is left to undo the folder goes. It stands at the top of the git checkout, or where an earlier one stands, else in the folder given.

A tree comes from anywhere, so a record is hostile input: paths that leave the tree, links and huge members are refused.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path, PurePosixPath

from migrator.atomic import discard, flush_folders, stage

FOLDER = ".cuport"
FORMAT = 1
KEPT = 20  # records a tree
KEPT_BYTES = 64 << 20  # the newest is kept whatever its size
MAX_ORIGINAL = 64 << 20  # bytes; more than the engine reads in one file
_TIME = "%Y%m%dT%H%M%S%fZ"
_STATES = ("pending", "done", "parted")
_README = "# Undo records of cuport (https://pypi.org/project/cuport): `cuport undo` takes a migration back. Safe to delete.\n*\n"


class JournalError(Exception):
    """A record cannot be written or read; the message is one line that says what to do."""


@dataclass(frozen=True)
class Entry:
    """One file of a record. Paths are relative to the tree, with ``/``. A file that the run creates has no old path and no old hash."""

    old_path: str | None
    new_path: str
    old_hash: str | None
    new_hash: str
    mode: int


@dataclass(frozen=True)
class Record:
    """A record: its zip file, the tree it is of, when (UTC) and by which command it was made, what it holds.

    ``folders`` are those that the run makes, outermost first.
    """

    path: Path
    root: Path
    made: datetime
    command: str
    entries: tuple[Entry, ...]
    folders: tuple[str, ...]

    @property
    def state(self) -> str:
        return self.path.suffix[1:]

    @property
    def name(self) -> str:
        return self.path.stem

    def originals(self, entries: Iterable[Entry]) -> dict[Entry, bytes]:
        """The bytes of some files before the run (of created ones: none). Raises JournalError when they are not what was written down."""
        import zipfile

        wanted = set(entries)
        found: dict[Entry, bytes] = {}
        try:
            with zipfile.ZipFile(self.path) as archive:
                for index, entry in enumerate(self.entries):
                    if entry not in wanted or entry.old_path is None:
                        continue
                    info = archive.getinfo(_member(index))
                    found[entry] = archive.read(info) if info.file_size <= MAX_ORIGINAL else b""
                    if digest(found[entry]) != entry.old_hash:
                        raise zipfile.BadZipFile("not the bytes that were written down")
        except Exception as error:  # zipfile lets through whatever its decoders raise at nonsense
            message = f"{self.path} is damaged ({_said(error)}): nothing can be put back from it; restore the files from a copy of yours"
            raise JournalError(message) from None
        return found

    def into(self, state: str) -> Record:
        """The record in another state, on the disk too."""
        path = self.path.with_suffix(f".{state}")
        os.replace(self.path, path)
        flush_folders([path.parent])
        return Record(path, self.root, self.made, self.command, self.entries, self.folders)

    def delete(self) -> None:
        """Remove the record, and ``.cuport`` with it when it was the last thing in there."""
        os.unlink(self.path)
        flush_folders([self.path.parent])
        tidy(self.root)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def tree_of(paths: Sequence[Path]) -> Path:
    """The folder that the records of a run over some paths stand in. Raises JournalError for paths that have nothing in common."""
    folders = [real if real.is_dir() else real.parent for real in (path.resolve() for path in paths)]
    common = Path(os.path.commonpath(folders))
    for folder in (common, *common.parents):
        if _has_records(folder, FOLDER) or (folder / ".git").exists():
            return folder
    if common.parent == common:
        raise JournalError("these paths share no folder: run cuport once for each of them")
    return common


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Keep other runs of cuport out of a tree. Raises JournalError when one is in there. A killed process holds nothing."""
    try:
        import fcntl
    except ImportError:  # no POSIX
        yield
        return
    try:
        handle = os.open(root, os.O_RDONLY)
    except OSError as error:
        raise JournalError(f"{root}: {error.strerror}") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise JournalError(f"another cuport is writing in {root}: wait until it is done") from None
        except OSError:
            pass  # a file system without locks
        yield
    finally:
        os.close(handle)


def begin(root: Path, files: Iterable[tuple[Entry, bytes]], folders: Iterable[str], command: str) -> Record:
    """Write a pending record: each entry with the bytes that the run replaces (none for a created file). Raises JournalError."""
    import zipfile

    place = root / FOLDER / "undo"
    pairs = list(files)
    made = datetime.now(timezone.utc)
    temporary = place / "new.part"
    try:
        if (root / FOLDER).is_symlink() or place.is_symlink():
            raise JournalError(f"{root / FOLDER} is a link: remove it, undo records are kept in the tree itself")
        place.mkdir(parents=True, exist_ok=True)
        if not (root / FOLDER / ".gitignore").exists():
            stage(root / FOLDER / ".gitignore", _README.encode())
        newest = max((_time(path) for path in _zips(root)), default=made)
        if newest >= made:
            made = newest + timedelta(microseconds=1)
        record = Record(place / f"{made.strftime(_TIME)}.pending", root, made, command, tuple(e for e, _ in pairs), tuple(folders))
        discard(temporary)
        with open(temporary, "xb") as stream:
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                text = {"format": FORMAT, "command": command, "folders": record.folders, "entries": [asdict(e) for e in record.entries]}
                archive.writestr("record.json", json.dumps(text, indent=1))
                for index, (entry, data) in enumerate(pairs):
                    if entry.old_path is not None:
                        archive.writestr(_member(index), data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, record.path)
    except OSError as error:
        discard(temporary)
        tidy(root)
        raise JournalError(f"cannot write an undo record in {place}: {error.strerror or error}; nothing was changed: mend that, or give --out") from None
    flush_folders([place, root / FOLDER, root])
    return record


def read(path: Path) -> Record:
    """A record from its zip file. Raises JournalError when it is none, or one that leaves its tree."""
    import zipfile  # most runs meet no record, and importing it is felt in a hook

    root = path.parent.parent.parent
    try:
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo("record.json")
            if info.file_size > MAX_ORIGINAL:
                raise ValueError("too large")
            text = json.loads(archive.read(info))
        if text["format"] != FORMAT:
            raise JournalError(f"{path} was written by another release of cuport: undo with that one")
        entries = tuple(
            Entry(
                None if each["old_path"] is None else _inside(each["old_path"]),
                _inside(each["new_path"]),
                None if each["old_hash"] is None else str(each["old_hash"]),
                str(each["new_hash"]),
                int(each["mode"]) & 0o7777,
            )
            for each in text["entries"]
        )
        folders = tuple(_inside(each) for each in text["folders"])
        return Record(path, root, _time(path), str(text["command"]), entries, folders)
    except JournalError:
        raise
    except Exception as error:  # as above; and the JSON may hold anything
        raise JournalError(f"{path} is damaged ({_said(error)}); delete it, or restore it from a copy") from None


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__


def records(root: Path) -> list[Record]:
    """The records of a tree, oldest first. Raises JournalError."""
    return [read(path) for path in _zips(root)]


def pending(root: Path) -> list[Record]:
    """The records of runs that did not end, oldest first. Raises JournalError."""
    return [read(path) for path in _zips(root) if path.suffix == ".pending"]


def above(path: Path) -> list[Path]:
    """The trees with records that a path lies in, innermost first; itself counted."""
    real = path.resolve()
    name = f"{FOLDER}/undo"
    return [folder for folder in (real, *real.parents) if _has_records(folder, name) or folder == real and (folder / name).is_dir()]


def _has_records(folder: Path, name: str) -> bool:
    """Whether records lie in a folder, but for ``/tmp`` and its like (sticky): there they may be anybody's."""
    return (folder / name).is_dir() and not folder.stat().st_mode & stat.S_ISVTX


def around(path: Path) -> list[Record]:
    """The records that hold a file under ``path`` (or that file), in the trees above and below it, oldest first. Raises JournalError."""
    real = path.resolve()
    trees = dict.fromkeys(above(path))
    if real.is_dir():
        for folder, names, _ in os.walk(real):
            if FOLDER in names:
                trees.setdefault(Path(folder))
            names[:] = [name for name in names if name not in (FOLDER, ".git")]
    found = []
    for root in trees:
        for record in records(root):
            if any((root / p).is_relative_to(real) for e in record.entries for p in (e.old_path, e.new_path) if p is not None):
                found.append(record)
    return sorted(found, key=lambda record: (record.made, str(record.path)))


def prune(root: Path) -> None:
    """Remove the oldest records beyond ``KEPT`` and ``KEPT_BYTES``; never the newest, never a pending one."""
    size = 0
    for count, path in enumerate(reversed(_zips(root))):
        try:
            size += path.stat().st_size
        except OSError:
            continue  # somebody else removed it
        if count and path.suffix != ".pending" and (count >= KEPT or size > KEPT_BYTES):
            discard(path)


def tidy(root: Path) -> None:
    """Remove ``.cuport`` when it holds no record."""
    place = root / FOLDER / "undo"
    try:
        place.rmdir()
    except OSError:
        return
    if {path.name for path in (root / FOLDER).iterdir()} <= {".gitignore"}:
        discard(root / FOLDER / ".gitignore")
        (root / FOLDER).rmdir()


def _zips(root: Path) -> list[Path]:
    place = root / FOLDER / "undo"
    if not place.is_dir() or place.is_symlink() or (root / FOLDER).is_symlink():
        return []
    return sorted(path for path in place.iterdir() if path.suffix[1:] in _STATES and not path.is_symlink())


def _time(path: Path) -> datetime:
    return datetime.strptime(path.stem, _TIME).replace(tzinfo=timezone.utc)


def _member(index: int) -> str:
    return f"originals/{index}"


def _inside(text: object) -> str:
    """A path that stays in its tree, else ValueError."""
    if not isinstance(text, str) or not text or "\0" in text or PurePosixPath(text).is_absolute():
        raise ValueError("a path that is none")
    parts = text.split("/")
    if any(part in ("", ".", "..") for part in parts) or parts[0] in (FOLDER, ".git"):
        raise ValueError(f"a path that leaves the tree: {text!r}")
    return text
