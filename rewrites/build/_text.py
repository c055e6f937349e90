"""Words of make files, CMake files and shell scripts, with their places; comments are left out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrator.rewrite import Edit

_TOKEN = re.compile(rb"""\\\r?\n|\r?\n|\#[^\n]*|[();"']|[^\s"'#();\\]+|\\""")


def lines_of_words(data: bytes) -> Iterator[list[tuple[int, int]]]:
    """The words of each line, as spans; a line that ends in a backslash goes on. Quotes only part words."""
    line: list[tuple[int, int]] = []
    for match in _TOKEN.finditer(data):
        text = match.group()
        if text in (b"\n", b"\r\n"):
            if line:
                yield line
            line = []
        elif not text.startswith((b"#", b"\\")) and text not in (b'"', b"'"):
            line.append(match.span())
    if line:
        yield line


def without(data: bytes, spans: list[tuple[int, int]]) -> tuple[Edit, ...]:
    """Edits that take words away, the blanks beside them, and lines that then hold nothing but a continuation."""
    edits: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        line_start = data.rfind(b"\n", 0, start) + 1
        left = start
        while left > line_start and data[left - 1 : left] in (b" ", b"\t"):
            left -= 1
        if left > line_start and data[left - 1 : left] not in (b'"', b"'", b"("):
            start = left
        else:
            while data[end : end + 1] in (b" ", b"\t"):
                end += 1
        if edits and start <= edits[-1][1]:
            edits[-1] = (edits[-1][0], max(end, edits[-1][1]))
        else:
            edits.append((start, end))
    result: list[tuple[int, int]] = []
    for start, end in edits:
        if data[end : end + 1] == b";" and data[start - 1 : start] in (b'"', b"(", b";"):
            end += 1
        line_start = data.rfind(b"\n", 0, start) + 1
        line_end = data.find(b"\n", end)
        line_end = len(data) if line_end < 0 else line_end + 1
        rest = data[line_start:start] + data[end:line_end]
        if rest.strip() == b"\\" and b"\n" not in data[start:end]:
            start, end = line_start, line_end
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return tuple(Edit(a, b, b"") for a, b in result)
