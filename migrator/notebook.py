"""Jupyter notebooks: the code cells as one Python file, and edits of it as edits of the JSON, where every other byte stays.

Only format 4 is read (every notebook that was saved since 2015). Magics and shell lines become comments for the parser, but for what
``%time`` runs. A notebook with a cell that is not Python 3 all the same has no Python: what the other cells mean cannot be told.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from json.decoder import scanstring
from pathlib import Path
from typing import TYPE_CHECKING

from migrator.source import SourceFile

if TYPE_CHECKING:
    from migrator.rewrite import Edit

SUFFIX = ".ipynb"
_DECODER = json.JSONDecoder()
_BLANK = re.compile(r"[ \t\n\r]*")
_CHARACTER = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|.", re.S)
_PYTHON_CELLS = frozenset({"%%time", "%%timeit", "%%capture", "%%prun", "%%debug"})  # the rest of such a cell is Python
_RUNS_PYTHON = re.compile(r"\s*%(?:time|timeit|prun)[ \t]+(?!-)(?=\S)")
_MAGIC = re.compile(r"\s*(?:[!%?]|.*\?\s*$|[\w.,\[\]\s]+=\s*[!%])")


class NotANotebook(Exception):
    """The file is no notebook that this module reads; the message says why."""


@dataclass(frozen=True)
class _Piece:
    """One string of a cell's source: its text, and where it stands in the JSON, without its quotes."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class _Cell:
    """One code cell. ``between`` is what separates two of its strings, quotes included; None where the source is a single string."""

    number: int
    pieces: tuple[_Piece, ...]
    between: str | None

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)


@dataclass(frozen=True)
class _Segment:
    """Bytes of the Python text that stand in a cell: where, in which cell, from which character on."""

    start: int
    end: int
    cell: int
    character: int


class Notebook(SourceFile):
    """``data`` is the Python of its code cells, ``raw`` the bytes of the file. Raises NotANotebook."""

    def __init__(self, path: Path, raw: bytes):
        self._raw = raw
        self._spelt: dict[bytes, bytes] = {}
        self._searches = 0
        self._shift = 3 if raw.startswith(b"\xef\xbb\xbf") else 0
        try:
            self._text = raw[self._shift :].decode("utf-8")
            whole = json.loads(self._text)
        except (UnicodeDecodeError, ValueError, RecursionError) as error:
            raise NotANotebook(f"not JSON ({str(error).splitlines()[0]})") from None
        if not isinstance(whole, dict) or not isinstance(whole.get("cells"), list):
            raise NotANotebook("not a notebook of format 4")
        self._cells = list(_cells(self._text)) if _is_python(whole) else []
        self.unread: int | None = None  # number of the first cell that is not Python 3
        self.commands: list[tuple[int, str]] = []  # offset and text of each shell line or magic
        self._segments: list[_Segment] = []
        super().__init__(path, self._python())

    @property
    def raw(self) -> bytes:
        return self._raw

    def _python(self) -> bytes:
        out = bytearray()
        for index, cell in enumerate(self._cells):
            text = cell.text
            commands = _commands(text)
            if commands is None:
                self.unread = self.unread or cell.number
                continue
            character = 0
            lines = text.split("\n")
            for number, line in enumerate(lines):
                line += "\n"
                if number in commands:
                    kept = len(_indent(line)) if commands[number] and len(commands) < len(lines) else 0
                    self._add(out, index, character, line[:kept])
                    if commands[number]:
                        self.commands.append((len(out), commands[number]))
                    hidden = _RUNS_PYTHON.match(line)
                    if hidden is not None:
                        kept = hidden.end()
                    # a statement, since it may be all that a block holds
                    out += b"0;" if hidden is not None else b"0#" if commands[number] else b"#"
                    self._add(out, index, character + kept, line[kept:-1])
                    out += b"\n"
                elif character + len(line) > len(text):
                    self._add(out, index, character, line[:-1])
                    out += b"\n"
                else:
                    self._add(out, index, character, line)
                character += len(line)
        return bytes(out)

    def _add(self, out: bytearray, cell: int, character: int, text: str) -> None:
        start = len(out)
        out += text.encode("utf-8", "surrogatepass")
        last = self._segments[-1] if self._segments else None
        if last is not None and last.end == start and last.cell == cell:
            self._segments[-1] = _Segment(last.start, len(out), cell, last.character)
        else:
            self._segments.append(_Segment(start, len(out), cell, character))

    # --- places

    def shown_line(self, offset: int) -> int:
        place = self._place(offset)
        if place is None:
            return 1
        cell, character = place
        return self._text.count("\n", 0, self._raw_offset(self._cells[cell], character)) + 1

    def where(self, offset: int) -> str:
        place = self._place(offset)
        return "" if place is None else f"cell {self._cells[place[0]].number}: "

    def _place(self, offset: int, end: bool = False) -> tuple[int, int] | None:
        """Cell and character of an offset; as the ``end`` of a range it belongs to what stands before it."""
        starts = [s.start for s in self._segments]
        index = bisect_right(starts, offset - 1 if end and offset else offset) - 1
        if index < 0:
            return None
        segment = self._segments[index]
        inside = min(offset, segment.end) - segment.start
        text = self.data[segment.start : segment.start + inside].decode("utf-8", "surrogatepass")
        return segment.cell, segment.character + len(text)

    # --- edits

    def can_edit(self, edits: Iterable[Edit]) -> bool:
        """Whether each edit stays within one cell, and out of magics and shell lines."""
        return all(self._range(edit) is not None for edit in edits)

    def _range(self, edit: Edit) -> tuple[int, int, int, str] | None:
        """Cell, first character, last character, and new text."""
        text = edit.text.decode("utf-8", "surrogatepass")
        start = self._place(edit.start)
        end = self._place(edit.end, end=True) if edit.end > edit.start else start
        if start is None or end is None or start[0] != end[0]:
            return None
        cell, first, last = start[0], start[1], end[1]
        inside = self.data[edit.start : edit.end].decode("utf-8", "surrogatepass")
        if len(inside) == last - first + 1 and inside.endswith("\n"):  # the newline after the last line of a cell is not in the cell
            text = text.removesuffix("\n")
        elif len(inside) != last - first:
            return None
        return cell, first, last, text

    def with_raw(self, raw: bytes) -> Notebook:
        return Notebook(self.path, raw)

    def edited(self, edits: Iterable[Edit]) -> Notebook:
        changes = []
        for edit in edits:
            found = self._range(edit)
            assert found is not None, "can_edit was not asked"
            changes.append(self._json_edit(self._cells[found[0]], *found[1:]))
        pieces, position = [], 0
        for start, end, text in sorted(changes):
            pieces += [self._text[position:start], text]
            position = end
        pieces.append(self._text[position:])
        return Notebook(self.path, self._raw[: self._shift] + "".join(pieces).encode("utf-8"))

    def _json_edit(self, cell: _Cell, first: int, last: int, text: str) -> tuple[int, int, str]:
        """Start, end and new text in the JSON of an edit of a cell's characters."""
        total = len(cell.text)
        i, start = self._piece(cell, first)
        if last == first:
            raw_start = raw_end = self._raw_offset(cell, first)
            rest = first < total and raw_end < cell.pieces[i].end
        else:
            j, begin = self._piece(cell, last - 1)
            raw_start, raw_end = self._raw_offset(cell, first), self._offset_in(cell.pieces[j], last - begin)
            rest = raw_end < cell.pieces[j].end
            whole_lines = first == start and not rest and (not text or text.endswith("\n"))
            if whole_lines and j + 1 < len(cell.pieces):
                raw_end, rest = cell.pieces[j + 1].start, True
            elif whole_lines and not text and i:
                raw_start = cell.pieces[i - 1].end
        lines = text.split("\n")
        out = []
        for number, line in enumerate(lines):
            more = number + 1 < len(lines)
            out.append(json.dumps(line + "\n" * more, ensure_ascii=self._text.isascii())[1:-1])
            if more and cell.between is not None and (rest or any(lines[number + 1 :])):
                out.append(cell.between)
        return raw_start, raw_end, "".join(out)

    def _piece(self, cell: _Cell, character: int) -> tuple[int, int]:
        """The string that holds a character (the last one, for the end of the cell), and its first character."""
        start = 0
        for index, piece in enumerate(cell.pieces):
            if character < start + len(piece.text) or index + 1 == len(cell.pieces):
                return index, start
            start += len(piece.text)
        raise AssertionError("a cell without a string holds no character")

    def _raw_offset(self, cell: _Cell, character: int) -> int:
        index, start = self._piece(cell, character)
        return self._offset_in(cell.pieces[index], character - start)

    def _offset_in(self, piece: _Piece, character: int) -> int:
        offset = piece.start
        for _ in range(character):
            offset = _CHARACTER.match(self._text, offset).end()
        return offset

    # --- what SourceFile has

    @cached_property
    def newline(self) -> bytes:
        return b"\n"


def _is_python(whole: dict) -> bool:
    metadata = whole.get("metadata")
    for key, name in (("language_info", "name"), ("kernelspec", "language")):
        value = metadata.get(key) if isinstance(metadata, dict) else None
        if isinstance(value, dict) and isinstance(value.get(name), str):
            return value[name].lower() in ("python", "ipython")
    return True


def _cells(text: str) -> Iterator[_Cell]:
    """The code cells that hold something, of a notebook that is valid JSON."""
    start = next(start for key, start, _ in _members(text, _BLANK.match(text).end()) if key == "cells")
    for number, (cell, _) in enumerate(_items(text, start), 1):
        if text[cell] != "{":
            continue
        members = {key: (start, end) for key, start, end in _members(text, cell)}
        if "source" not in members or "cell_type" not in members or text[slice(*members["cell_type"])] != '"code"':
            continue
        source, end = members["source"]
        spans = list(_items(text, source)) if text[source] == "[" else [(source, end)]
        if not spans or any(text[start] != '"' for start, _ in spans):
            continue
        between = None
        if text[source] == "[":
            blank = text[source + 1 : spans[0][0]] or " "
            between = text[spans[0][1] - 1 : spans[1][0] + 1] if len(spans) > 1 else f'",{blank}"'
        yield _Cell(number, tuple(_Piece(scanstring(text, start + 1)[0], start + 1, end - 1) for start, end in spans), between)


def _members(text: str, start: int) -> Iterator[tuple[str, int, int]]:
    """Key, start and end of the value of each member of the object at ``start``."""
    at = _BLANK.match(text, start + 1).end()
    while text[at] != "}":
        key, at = scanstring(text, at + 1)
        at = _BLANK.match(text, _BLANK.match(text, at).end() + 1).end()  # over the colon
        end = _DECODER.raw_decode(text, at)[1]
        yield key, at, end
        at = _BLANK.match(text, end).end()
        if text[at] == ",":
            at = _BLANK.match(text, at + 1).end()


def _items(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Start and end of each item of the array at ``start``."""
    at = _BLANK.match(text, start + 1).end()
    while text[at] != "]":
        end = _DECODER.raw_decode(text, at)[1]
        yield at, end
        at = _BLANK.match(text, end).end()
        if text[at] == ",":
            at = _BLANK.match(text, at + 1).end()


def _commands(text: str) -> dict[int, str] | None:
    """Number of each line that is for IPython -> the command ("" for the lines that continue it); None when the rest is not Python 3."""
    lines = text.split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip()), None)
    found: dict[int, str] = {}
    if first is not None and lines[first].startswith("%%"):
        found[first] = lines[first]
        if lines[first].split()[0] not in _PYTHON_CELLS:
            return {i: line.strip() for i, line in enumerate(lines)}
    while True:
        # a try at a time: which lines are for IPython is known by where Python stops, as "%" and "!" may well begin a line of Python
        python = "\n".join(_masked(line, found[i]) if i in found else line for i, line in enumerate(lines))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                compile(python, "cell", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
            return found
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            at = (getattr(error, "lineno", None) or 0) - 1
        if not 0 <= at < len(lines) or at in found or not _MAGIC.match(lines[at]):
            return None
        command, end = lines[at].strip(), at
        while lines[end].endswith("\\") and end + 1 < len(lines):
            end += 1
            found[end] = ""
            command = command[:-1] + lines[end].strip()
        found[at] = command


def _masked(line: str, command: str) -> str:
    runs = _RUNS_PYTHON.match(line)
    return "#" if not command else _indent(line) + ("0" if runs is None else "0;" + line[runs.end() :])


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
