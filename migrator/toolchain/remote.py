"""Takes some files out of a wheel without fetching the wheel.

A wheel is a zip archive. remotezip reads its directory through two range requests; the members that are wanted lie in a few
runs of the archive, and each run is fetched in one request (remotezip alone would make one for every member). Servers
without range requests are met by downloading the whole file. Every member's CRC-32 is checked as it is unpacked (zipfile),
a whole download's sha256 as well.
"""
from __future__ import annotations

import hashlib
import io
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import requests
import urllib3
from remotezip import PartialBuffer, RangeNotSupported, RemoteFetcher, RemoteIOError, RemoteZip, RemoteZipError

from .errors import ToolchainError, in_a_line
from .index import Index, Wheel

Progress = Callable[[str, int, int], None]
"""progress(what, bytes so far, bytes in all): called often while something is downloaded."""

GAP = 256 * 1024
"""Two runs of members nearer than this are fetched as one: the bytes between cost less than another request."""

CHUNK = 256 * 1024
TRIES = 4
BROKEN = (urllib3.exceptions.HTTPError, ConnectionError, TimeoutError)  # in the middle of an answer
NETWORK_ERRORS = (requests.RequestException, RemoteZipError, *BROKEN)


@dataclass(frozen=True)
class Member:
    """A file as it was unpacked: its path below the destination, size and CRC-32."""

    path: str
    size: int
    crc: int


@dataclass(frozen=True)
class Extract:
    """What `extract` did: the files, the bytes that came over the network, and the archive's directory for later readers."""

    members: tuple[Member, ...]
    downloaded: int
    directory: tuple[tuple[str, int, int, int, int], ...]  # name, offset of the local header, bytes to the next, size, CRC-32


def extract(index: Index, wheel: Wheel, place: Callable[[str], str | None], destination: Path, progress: Progress | None = None) -> Extract:
    """Unpacks the members that `place` names below `destination`.

    `place(name)` gives a member's path below the destination, or None to leave it out. Executable bits are kept.
    ToolchainError if the wheel cannot be read or a checksum is wrong; the destination is then to be thrown away.
    """
    try:
        with _opened(index, wheel, progress) as (archive, source):
            lengths = _lengths(archive)
            wanted = [(info, path) for info in archive.infolist() if not info.is_dir() and (path := place(info.filename)) is not None]
            if source.prefetch:
                source.prefetch([(info.header_offset, info.header_offset + lengths[info.header_offset]) for info, _ in wanted])
            members = tuple(_unpack(archive, info, path, destination) for info, path in wanted)
            directory = tuple(
                (info.filename, info.header_offset, lengths[info.header_offset], info.file_size, info.CRC) for info in archive.infolist())
            return Extract(members, source.downloaded, directory)
    except zipfile.BadZipFile as error:
        raise ToolchainError(f"{wheel.filename} came damaged ({error}); run the same command again") from error
    except NETWORK_ERRORS as error:
        reason = in_a_line(error)
        raise ToolchainError(f"cannot download from {wheel.filename} ({reason}); run the same command again when online") from error


class _Source:
    """Where an archive's bytes come from, and how many came over the network."""

    downloaded = 0
    prefetch: Callable[[list[tuple[int, int]]], None] | None = None


@contextmanager
def _opened(index: Index, wheel: Wheel, progress: Progress | None) -> Iterator[tuple[zipfile.ZipFile, _Source]]:
    """The wheel as an open archive: the local file, or the remote one by ranges, or else the whole file downloaded."""
    if wheel.local_path is not None:
        with zipfile.ZipFile(wheel.local_path) as archive:
            yield archive, _Source()
        return
    opened = _open_remote(index, wheel, progress)
    if opened is not None:
        with opened[0]:
            yield opened
        return
    with tempfile.TemporaryFile() as file:
        source = _Source()
        source.downloaded = _download(index, wheel, file, progress)
        with zipfile.ZipFile(file) as archive:
            yield archive, source


def _open_remote(index: Index, wheel: Wheel, progress: Progress | None) -> tuple[zipfile.ZipFile, _Source] | None:
    """The archive by range requests; None where the server has none. Some know only ranges with a start: tried second."""
    for suffix_ranges in (True, False):
        source = _Runs(wheel.filename, progress)
        try:
            return RemoteZip(wheel.url, session=index.session, fetcher=source.fetcher, support_suffix_range=suffix_ranges), source
        except RangeNotSupported:
            continue
        except (RemoteZipError, zipfile.BadZipFile):
            if not suffix_ranges:
                raise
    return None


class _Runs(_Source):
    """The remote archive's bytes: those of `prefetch` from a temporary file, all others by one request each."""

    def __init__(self, label: str, progress: Progress | None):
        self.label, self.progress = label, progress
        self.file = tempfile.TemporaryFile()
        self.runs: list[tuple[int, int, int]] = []  # first byte, end, position in the temporary file
        self.remote: _Fetcher | None = None

    def fetcher(self, url: str, session: requests.Session, **options) -> _Fetcher:
        """What RemoteZip calls to make its fetcher."""
        self.remote = _Fetcher(self, url, session, **options)
        return self.remote

    def prefetch(self, spans: list[tuple[int, int]]) -> None:
        """Brings the bytes of all spans here, in as few requests as makes sense."""
        runs = _coalesce(spans)
        total = sum(end - start for start, end in runs)
        done = 0
        for start, end in runs:
            position = self.file.seek(0, io.SEEK_END)
            for got in self.remote.read_run(start, end, self.file):
                if self.progress:
                    self.progress(self.label, done + got, total)
            done += end - start
            self.runs.append((start, end, position))

    def cached(self, start: int, end: int) -> bytes | None:
        """Bytes start to end (exclusive), if they were prefetched."""
        for first, last, position in self.runs:
            if first <= start and end <= last:
                self.file.seek(position + start - first)
                return self.file.read(end - start)
        return None


class _Fetcher(RemoteFetcher):
    """Remotezip's fetcher, with the prefetched runs before the network."""

    def __init__(self, runs: _Runs, url: str, session: requests.Session, **options):
        super().__init__(url, session, **options)
        self._runs = runs

    def fetch(self, data_range, stream=False):
        first, last = data_range
        if first >= 0 and last is not None:
            content = self._runs.cached(first, last + 1)
            if content is not None:
                return PartialBuffer(io.BytesIO(content), first, len(content), stream)
        for left in reversed(range(TRIES)):
            try:
                buffer = super().fetch(data_range, stream)
                self._runs.downloaded += len(buffer)
                return buffer
            except BROKEN:
                if not left:
                    raise
        raise AssertionError

    def read_run(self, start: int, end: int, out) -> Iterator[int]:
        """Appends bytes start to end (exclusive) to `out`; yields how many are there so far. Goes on where a connection broke."""
        got = failures = 0
        while got < end - start:
            try:
                buffer = super().fetch((start + got, end - 1), stream=True)
                while got < end - start and (chunk := buffer.buffer.read(min(CHUNK, end - start - got))):
                    out.write(chunk)
                    got += len(chunk)
                    self._runs.downloaded += len(chunk)
                    yield got
                buffer.close()
                if got < end - start:
                    raise RemoteIOError("the connection ended early")
            except NETWORK_ERRORS:
                failures += 1
                if failures == TRIES:
                    raise


def _coalesce(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order, those that touch or nearly touch made one."""
    runs: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if runs and start - runs[-1][1] <= GAP:
            runs[-1] = (runs[-1][0], max(end, runs[-1][1]))
        else:
            runs.append((start, end))
    return runs


def _lengths(archive: zipfile.ZipFile) -> dict[int, int]:
    """Offset of each member's local header -> bytes up to the next member."""
    starts = sorted({info.header_offset for info in archive.infolist()})
    return {start: end - start for start, end in zip(starts, [*starts[1:], archive.start_dir], strict=False)}


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: str, destination: Path) -> Member:
    """Writes one member; zipfile raises BadZipFile at its end if the CRC-32 is another."""
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts:
        raise ToolchainError(f"the wheel holds a file outside of itself: {info.filename}; not unpacked")
    target = destination.joinpath(*parts.parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(info) as source, open(target, "wb") as out:
        shutil.copyfileobj(source, out, CHUNK)
    if info.external_attr >> 16 & 0o111:
        target.chmod(target.stat().st_mode | 0o111)
    return Member(path, info.file_size, info.CRC)


def _download(index: Index, wheel: Wheel, file, progress: Progress | None) -> int:
    """The whole wheel into `file`; its size. Raises BadZipFile if the index's sha256 is another."""
    digest = hashlib.sha256()
    got = 0
    with index.session.get(wheel.url, stream=True) as response:
        response.raise_for_status()
        total = int(response.headers.get("Content-Length", 0))
        for chunk in response.iter_content(CHUNK):
            file.write(chunk)
            digest.update(chunk)
            got += len(chunk)
            if progress:
                progress(wheel.filename, got, total)
    if wheel.sha256 and digest.hexdigest() != wheel.sha256:
        raise zipfile.BadZipFile("its sha256 is not the index's")
    return got
