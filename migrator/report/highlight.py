"""Source text as HTML, line by line, with syntax colours and marks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from pathlib import Path

from migrator.report.page import text
from migrator.source import language_of

MAX_CHARACTERS = 2_000_000  # of one file; colours of more would take longer than the migration


def lines(source: str, path: Path, marks: Sequence[tuple[int, int]] = ()) -> list[str]:
    """Each line of a source as HTML, without its end. ``marks`` are sorted spans of characters that stand out."""
    starts = [0]
    at = source.find("\n")
    while at >= 0:
        starts.append(at + 1)
        at = source.find("\n", at + 1)
    if starts[-1] == len(source):
        starts.pop()
    out: list[list[str]] = [[] for _ in starts]
    for start, end, kind, marked in _cut(_tokens(source, path), marks):
        line = bisect_right(starts, start) - 1
        while start < end:
            stop = min(end, starts[line + 1]) if line + 1 < len(starts) else end
            piece = source[start:stop].rstrip("\r\n")
            if piece:
                out[line].append(_piece(piece, kind, marked))
            start, line = stop, line + 1
    return ["".join(parts) for parts in out]


def _piece(piece: str, kind: str, marked: bool) -> str:
    html = text(piece)
    if kind:
        html = f'<span class="{kind}">{html}</span>'
    return f"<mark>{html}</mark>" if marked else html


def _cut(tokens: Iterable[tuple[int, int, str]], marks: Sequence[tuple[int, int]]) -> Iterable[tuple[int, int, str, bool]]:
    """The tokens, cut where a mark begins or ends."""
    which = 0
    for start, end, kind in tokens:
        while start < end:
            while which < len(marks) and marks[which][1] <= start:
                which += 1
            if which == len(marks) or marks[which][0] >= end:
                yield start, end, kind, False
                break
            begin, stop = marks[which]
            if start < begin:
                yield start, begin, kind, False
                start = begin
            yield start, min(end, stop), kind, True
            start = min(end, stop)


def _tokens(source: str, path: Path) -> Iterable[tuple[int, int, str]]:
    if len(source) > MAX_CHARACTERS:
        return [(0, len(source), "")]
    from pygments.lexers.c_cpp import CppLexer
    from pygments.lexers.python import PythonLexer
    from pygments.lexers.special import TextLexer
    from pygments.token import Comment, Keyword, Name, Number, String

    kinds = (
        (Comment.Preproc, "pp"),
        (Comment.PreprocFile, "st"),
        (Comment, "co"),
        (Keyword.Type, "ty"),
        (Keyword, "kw"),
        (String, "st"),
        (Number, "nu"),
        (Name.Function, "fn"),
        (Name.Class, "ty"),
    )
    lexer = {"c++": CppLexer, "python": PythonLexer}.get(language_of(path), TextLexer)()
    result = []
    for start, token, value in lexer.get_tokens_unprocessed(source):
        kind = next((name for parent, name in kinds if token in parent), "")
        result.append((start, start + len(value), kind))
    return result
