"""Results of compiles, kept by what went into them, so that a second run compiles only what changed."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from migrator.toolchain.cache import cache_root

FORMAT = 1
LIMIT_BYTES = 2_000_000_000


class ResultCache:
    """One JSON file a result, and beside it the object or PTX that was asked for. Damaged entries are missing entries."""

    def __init__(self, folder: Path | None = None, enabled: bool = True) -> None:
        self.folder = folder or cache_root() / "verify"
        self.enabled = enabled

    def get(self, key: str) -> dict[str, Any] | None:
        if not self.enabled:
            return None
        try:
            path = self._path(key, ".json")
            found = json.loads(path.read_bytes())
            os.utime(path)
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) and found.get("key") == key else None

    def put(self, key: str, value: dict[str, Any]) -> None:
        self._write(self._path(key, ".json"), json.dumps({**value, "key": key}).encode())

    def get_file(self, key: str, suffix: str) -> bytes | None:
        if not self.enabled:
            return None
        try:
            return gzip.decompress(self._path(key, suffix + ".gz").read_bytes())
        except (OSError, EOFError, gzip.BadGzipFile):
            return None

    def put_file(self, key: str, suffix: str, data: bytes) -> None:
        self._write(self._path(key, suffix + ".gz"), gzip.compress(data, 1, mtime=0))

    def prune(self) -> None:
        """Drop what was used longest ago once the cache is over its limit."""
        entries = []
        for path in self.folder.glob("*/*"):
            try:
                stat = path.stat()
            except OSError:
                continue
            entries.append((stat.st_mtime, stat.st_size, path))
        total = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries, key=lambda entry: entry[0]):
            if total <= LIMIT_BYTES:
                return
            total -= size
            path.unlink(missing_ok=True)

    def _path(self, key: str, suffix: str) -> Path:
        return self.folder / key[:2] / (key + suffix)

    def _write(self, path: Path, data: bytes) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
            with os.fdopen(handle, "wb") as part:
                part.write(data)
            os.replace(name, path)
        except OSError:  # a full or read-only cache costs time, never a result
            pass


def digest(parts: Iterable[Any]) -> str:
    return hashlib.sha256(json.dumps([FORMAT, *parts], default=str).encode()).hexdigest()


_FILES: dict[tuple[str, int, int], str] = {}


def file_digest(path: Path) -> str:
    """The digest of a file's bytes; read once while the file stays the same."""
    try:
        stat = path.stat()
        known = (str(path), stat.st_mtime_ns, stat.st_size)
        if known not in _FILES:
            _FILES[known] = hashlib.sha256(path.read_bytes()).hexdigest()
        return _FILES[known]
    except OSError:
        return "missing"
