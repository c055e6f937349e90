"""Files that are written whole or not at all: a temporary file beside the target, flushed to the disk, and one rename."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def stage(temporary: Path, data: bytes, like: os.stat_result | None = None, mode: int = 0o644) -> None:
    """Write ``data`` to a new file and flush it. It gets the mode and, where we may give it, the owner of ``like``; else ``mode``.

    Raises OSError; what was written is then removed. A file or link that is there already is never followed or overwritten.
    """
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            if like is not None and (like.st_uid, like.st_gid) != (os.geteuid(), os.getegid()):
                try:
                    os.fchown(handle, like.st_uid, like.st_gid)  # root in a container must not take a person's files away
                except OSError:
                    pass
            os.fchmod(handle, (like.st_mode if like is not None else mode) & 0o7777)
            os.fsync(handle)
    except BaseException:
        discard(temporary)
        raise


def write_atomically(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Put ``data`` at ``path`` so that a reader sees the old bytes or the new ones, never a part. A file that is there keeps its mode.

    Raises OSError.
    """
    temporary = path.with_name(f".cuport-{os.getpid()}.tmp")
    discard(temporary)  # of a process of the same number that was killed
    stage(temporary, data, path.stat() if path.exists() else None, mode)
    try:
        os.replace(temporary, path)
    except BaseException:
        discard(temporary)
        raise
    flush_folders([path.parent])


def discard(path: Path) -> None:
    """Remove a file, if it is there and can be."""
    try:
        os.unlink(path)
    except OSError:
        pass


def flush_folders(folders: Iterable[Path]) -> None:
    """Make the renames in some folders survive a power cut. File systems that cannot are left as they are."""
    for folder in set(folders):
        try:
            handle = os.open(folder, os.O_RDONLY)
        except OSError:
            continue
        try:
            os.fsync(handle)
        except OSError:
            pass
        finally:
            os.close(handle)
