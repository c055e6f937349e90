"""A source file as bytes: nothing is decoded, so nothing outside an edit can change."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from migrator.rewrite import Edit

CUDA_SUFFIXES = {".cu", ".cuh"}
HOST_SUFFIXES = {".cpp", ".cc", ".cxx", ".c", ".c++"}
HEADER_SUFFIXES = {".h", ".hpp", ".hh", ".hxx", ".inl", ".inc"}
CPP_SUFFIXES = CUDA_SUFFIXES | HOST_SUFFIXES | HEADER_SUFFIXES

PYTHON_SUFFIXES = {".py", ".ipynb"}
_BUILD_FILES = re.compile(
    r"(?:CMakeLists\.txt|.*\.cmake|(?:GNU)?[Mm]akefile.*|.*\.mk|.*\.sh|.*requirements.*\.txt|(?:environment|conda).*\.ya?ml|setup\.cfg|pyproject\.toml|.*\.pyx)"
)


def language_of(path: Path) -> str:
    """What a file is written in: "python", "build" (what is read as text: build files, lists of requirements, Cython), else "c++"."""
    if path.suffix in PYTHON_SUFFIXES:
        return "python"
    return "build" if _BUILD_FILES.fullmatch(path.name) else "c++"


def apply_edits(data: bytes, edits: Iterable[Edit], start: int = 0, end: int | None = None) -> bytes:
    """The bytes ``[start, end)`` after the edits, which lie in them and must not overlap."""
    pieces: list[bytes] = []
    position = start
    for edit in sorted(edits):
        if edit.start < position:
            raise ValueError("overlapping edits")
        pieces.append(data[position : edit.start])
        pieces.append(edit.text)
        position = edit.end
    pieces.append(data[position:end])
    return b"".join(pieces)


def last_word(data: bytes, end: int) -> bytes:
    """The word before an offset, with only white space between them; empty where there is none."""
    while end and data[end - 1 : end].isspace():
        end -= 1
    start = end
    while start and (data[start - 1 : start].isalnum() or data[start - 1 : start] == b"_"):
        start -= 1
    return data[start:end]


def find_word(data: bytes, word: bytes) -> list[int]:
    """The offsets of an identifier as a whole word. ``bytes.find`` is several times faster than an expression that starts with a word boundary."""
    found = []
    at = data.find(word)
    size = len(word)
    while at >= 0:
        if data[at - 1 : at] not in _WORD_BYTES and data[at + size : at + size + 1] not in _WORD_BYTES:
            found.append(at)
        at = data.find(word, at + size)
    return found


_WORD_BYTES = frozenset(bytes((c,)) for c in b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
# What --annotate writes. Its words are ours, and say nothing of the file.
TODO_MARK = b"TODO(cuport:"
TODO_COMMENT = re.compile(rb"(?:^|(?<=\A\xef\xbb\xbf))[ \t]*(//|#) TODO\(cuport: ([a-z0-9-]+)\):([^\n]*)(?:\n|\Z)", re.M)
BETWEEN_WORDS = bytes(c if bytes((c,)) in _WORD_BYTES else ord(" ") for c in range(256))  # a table for bytes.translate
_WHOLE_WORD = re.compile(rb"\b[A-Za-z_]\w*")
_MAX_SEARCHES = 256  # of a file for single words; an index of all of its words costs about as much
_DEVICE = re.compile(rb"__global__|__device__|<<<|__shared__")


class SourceFile:
    """One C++ or CUDA file.

    ``path`` is the path as the user knows it (for messages), ``data`` its bytes. Immutable: an edit makes a new one.
    """

    def __init__(self, path: Path, data: bytes, spelt: dict[bytes, bytes] | None = None):
        self.path = path
        self.data = data
        self._searches = 0
        self._spelt = {} if spelt is None else spelt  # words of other files: one that they share is held once

    @property
    def raw(self) -> bytes:
        """The bytes of the file as they are on the disk."""
        return self.data

    def can_edit(self, edits: Iterable[Edit]) -> bool:
        """Whether the edits can be made in the file."""
        return True

    def edited(self, edits: Iterable[Edit]) -> SourceFile:
        """The file after some edits, which must not overlap."""
        return SourceFile(self.path, apply_edits(self.data, edits), self._spelt)

    def with_raw(self, raw: bytes) -> SourceFile:
        """The same file with other bytes on the disk."""
        return SourceFile(self.path, raw, self._spelt)

    @cached_property
    def words(self) -> frozenset[bytes]:
        """Every identifier-like word of the file, strings and comments (but those of --annotate) included: a cheap test for triggers."""
        data = TODO_COMMENT.sub(b"", self.data) if TODO_MARK in self.data else self.data
        once = self._spelt.setdefault
        return frozenset([once(word, word) for word in set(data.translate(BETWEEN_WORDS).split())])

    def places(self, word: bytes) -> list[int]:
        """The offsets of a word, comments and strings included."""
        if word not in self.words:
            return []
        self._searches += 1
        if self._searches > _MAX_SEARCHES:
            return self._word_places.get(word, [])
        return find_word(self.data, word)

    @cached_property
    def _word_places(self) -> dict[bytes, list[int]]:
        """Where each identifier-like word stands: for a file that is asked for many of them, as each search reads all of it."""
        places: dict[bytes, list[int]] = {}
        for m in _WHOLE_WORD.finditer(self.data):
            places.setdefault(m.group(), []).append(m.start())
        return places

    @cached_property
    def is_cuda(self) -> bool:
        """Whether the CUDA grammar reads it: ``.cu``/``.cuh``, or a header or C file that holds device code."""
        if self.path.suffix.lower() in CUDA_SUFFIXES:
            return True
        return _DEVICE.search(self.data) is not None

    @property
    def compiled_by_nvcc(self) -> bool:
        """True for what is certainly device code; a plain header counts as host code (the host compiler may read it)."""
        return self.path.suffix.lower() in CUDA_SUFFIXES

    @cached_property
    def newline(self) -> bytes:
        """The file's own line ending: the one that most of its lines use."""
        crlf = self.data.count(b"\r\n")
        return b"\r\n" if crlf * 2 > self.data.count(b"\n") else b"\n"

    @cached_property
    def line_starts(self) -> list[int]:
        return [0, *(m.end() for m in re.finditer(rb"\n", self.data))]

    def line_of(self, offset: int) -> int:
        """1-based line of a byte offset."""
        return bisect_right(self.line_starts, offset)

    def shown_line(self, offset: int) -> int:
        """1-based line in the file on the disk."""
        return self.line_of(offset)

    def where(self, offset: int) -> str:
        """What a message should say of a place, besides its line."""
        return ""

    def line_span(self, offset: int) -> tuple[int, int]:
        """The bytes of the whole line that holds ``offset``, its newline included."""
        line = self.line_of(offset)
        start = self.line_starts[line - 1]
        end = self.line_starts[line] if line < len(self.line_starts) else len(self.data)
        return start, end

    def text(self, start: int, end: int) -> str:
        return self.data[start:end].decode("utf-8", "surrogateescape")
