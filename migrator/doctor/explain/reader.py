"""Lines of a log as plain text, whatever wrote it; never more than a line in memory."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

LONGEST = 65536
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_QUOTES = str.maketrans({"‘": "'", "’": "'", "‚": "'", "`": "'", "´": "'", "“": '"', "”": '"', "„": '"', "\u00a0": " "})


def lines(stream: BinaryIO) -> Iterator[str]:
    """The normalised lines of a binary stream."""
    start = stream.readline(LONGEST)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # PowerShell's `>`
        yield from _utf16(stream, start)
        return
    if start.startswith(codecs.BOM_UTF8):
        start = start[3:]
    while start:
        yield from split(decode(start))
        start = stream.readline(LONGEST)


def _utf16(stream: BinaryIO, start: bytes) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-16")("replace")
    rest = ""
    chunk = start
    while chunk:
        *whole, rest = (rest + decoder.decode(chunk)).split("\n")
        for line in whole:
            yield from split(line)
        if len(rest) > LONGEST:
            yield from split(rest)
            rest = ""
        chunk = stream.read(LONGEST)
    if rest:
        yield from split(rest)


def decode(data: bytes) -> str:
    """UTF-8, else GBK (the code page 936 of a Chinese Windows), else Latin-1. Line by line: one log can hold several."""
    for encoding in ("utf-8", "gbk"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            pass
    return data.decode("latin-1")


def split(text: str) -> Iterator[str]:
    """Plain lines; what a progress bar draws over itself counts as lines of its own."""
    for line in text.rstrip("\r\n").split("\r"):
        yield plain(line)


def plain(line: str) -> str:
    if "\x1b" in line:
        line = _ANSI.sub("", line)
    return line if line.isascii() and "`" not in line else line.translate(_QUOTES)
