"""Folders that are either complete or not there.

An entry of the store is a folder with a manifest. It is filled under a temporary name, its manifest is written last, and
one rename puts it in place; so a process killed at any point leaves at most a `<name>.part`, which nothing trusts and
which the next writer removes. A lock file for each entry makes a second process wait and then find the work done.

    with adding(folder) as part:          # part is None when another process has just completed it
        if part: ...write files below part.root...; part.record(path, size, crc); part.facts["url"] = ...

The manifest holds the number of files, their bytes, and a hash over every (path, size, CRC-32), so that an entry can be
checked in two depths: `read_manifest` (on every use: manifest whole, count and bytes as written) and `damage` (reads every file).
The manifest and the folder are flushed to the disk, the ten thousand headers are not, as that takes minutes: a power cut can
lose what they hold, which then shows in the bytes.
"""
from __future__ import annotations

import hashlib
import json
import os
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .errors import verify_extra

MANIFEST = "cuport-manifest.json"
FORMAT = 1
PART = ".part"
"""Ends the name of a folder that is being written or deleted. It is never an entry, even with a manifest in it."""


@dataclass
class Part:
    """An entry being written: files go below `root`; `facts` (JSON values) are kept in the manifest."""

    root: Path
    facts: dict = field(default_factory=dict)
    files: list[tuple[str, int, int]] = field(default_factory=list)

    def record(self, path: str, size: int, crc: int) -> None:
        """Notes a file that was written: its path below root ('/' between parts), its size and CRC-32."""
        self.files.append((path, size, crc))


@contextmanager
def adding(folder: Path) -> Iterator[Part | None]:
    """Fills `folder`, all or nothing. Yields None if it is complete already, also when another process has just made it so.

    Whatever is raised inside leaves the store as it was. OSError where the disk is full or read-only.
    """
    part_root = _part_root(folder)
    with _lock(folder):
        if read_manifest(folder) is not None:
            yield None
            return
        _delete(part_root)
        part_root.mkdir()
        try:
            part = Part(part_root)
            yield part
            _write_manifest(part)
            _delete(folder)  # an entry that is not trusted: half deleted by hand, or of an older format
            os.replace(part_root, folder)
            _flush_folder(folder.parent)
        except BaseException:
            _delete(part_root)
            raise


def remove(folder: Path) -> bool:
    """Takes an entry out of the store; False if there was none. Killed half-way, it leaves no entry, only a `.part`."""
    with _lock(folder):
        part_root = _part_root(folder)
        _delete(part_root)
        if not folder.exists():
            return False
        os.replace(folder, part_root)
        _delete(part_root)
        return True


def entries(store: Path) -> list[Path]:
    """The complete entries of a store folder, by name; an empty list where there is no such folder."""
    if not store.is_dir():
        return []
    return [child for child in sorted(store.iterdir()) if child.suffix != PART and read_manifest(child) is not None]


def read_manifest(folder: Path) -> dict | None:
    """The manifest of a complete entry, else None: no manifest, another format, or files missing, added or of another size."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        return None
    count = size = 0
    for path in _files(folder):
        count += 1
        size += path.stat().st_size
    return manifest if (count, size) == (manifest["count"], manifest["bytes"]) else None


def damage(folder: Path) -> str | None:
    """Reads every file of an entry. None if all is as it was written, else one line on what is wrong."""
    manifest = read_manifest(folder)
    if manifest is None:
        return "incomplete"
    found = [(path.relative_to(folder).as_posix(), path.stat().st_size, zlib.crc32(path.read_bytes())) for path in _files(folder)]
    return None if _digest(found) == manifest["hash"] else "the content of a file has changed"


def _part_root(folder: Path) -> Path:
    return folder.with_name(folder.name + PART)


def _files(folder: Path) -> Iterator[Path]:
    """The regular files of an entry, without its manifest; symbolic links are not followed and not counted."""
    for base, _, names in os.walk(folder):
        for name in names:
            path = Path(base, name)
            if name != MANIFEST and not path.is_symlink():
                yield path


def _digest(files: list[tuple[str, int, int]]) -> str:
    lines = "".join(f"{path}\0{size}\0{crc}\n" for path, size, crc in sorted(files))
    return hashlib.sha256(lines.encode()).hexdigest()


def _write_manifest(part: Part) -> None:
    manifest = {
        **part.facts,
        "format": FORMAT,
        "count": len(part.files),
        "bytes": sum(size for _, size, _ in part.files),
        "hash": _digest(part.files),
    }
    with open(part.root / MANIFEST, "w", encoding="utf-8") as out:
        json.dump(manifest, out)
        out.flush()
        os.fsync(out.fileno())


def _flush_folder(folder: Path) -> None:
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _delete(folder: Path) -> None:
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    with verify_extra():
        from filelock import FileLock

    locks = folder.parent / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    with FileLock(locks / f"{folder.name}.lock"):
        yield
