"""What the preprocessor sees: ``#include`` lines, ``#if`` arms, ``#define`` names. Line based, so that no parse error can hide them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_DIRECTIVE = re.compile(rb"^[ \t]*#[ \t]*(if|ifdef|ifndef|elif|else|endif)\b([^\n]*)", re.M)
_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*(<([^>\n]+)>|"([^"\n]+)")', re.M)
_DEFINE = re.compile(rb"^[ \t]*#[ \t]*(define|undef)[ \t]+([A-Za-z_]\w*)", re.M)
_BLOCK_COMMENT = re.compile(rb'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


@dataclass(frozen=True)
class Include:
    """One ``#include``: ``name`` without its quotes, the span of the directive (newline not included)."""

    name: str
    quoted: bool
    start: int
    end: int


@dataclass(frozen=True)
class Arm:
    """The lines between two conditional directives: ``[start, end)``, with the condition that selects them."""

    start: int
    end: int
    condition: str  # "0", "defined(X)", "!(defined(X))" for an #else ...
    opened_at: int  # offset of the #if line


def comment_spans(data: bytes) -> list[tuple[int, int]]:
    """Spans of the block comments, in order (line comments cannot hide a directive)."""
    return [m.span() for m in _BLOCK_COMMENT.finditer(data) if m.group().startswith(b"/*")]


def _visible(matches, data: bytes):
    spans = None
    for m in matches:
        if b"/*" in data:
            if spans is None:
                spans = comment_spans(data)
            if any(s < m.start() < e for s, e in spans):
                continue
        yield m


def includes(data: bytes) -> list[Include]:
    """The ``#include`` lines outside comments, in order."""
    result = []
    for m in _visible(_INCLUDE.finditer(data), data):
        name = (m.group(2) or m.group(3)).decode("utf-8", "surrogateescape").strip()
        start = m.start() + len(m.group()) - len(m.group().lstrip())
        result.append(Include(name, m.group(3) is not None, start, m.end()))
    return result


def defined_macros(data: bytes) -> dict[str, list[int]]:
    """Names of the macros that the file defines, with the offsets of their ``#define`` lines."""
    result: dict[str, list[int]] = {}
    for m in _visible(_DEFINE.finditer(data), data):
        if m.group(1) == b"define":
            result.setdefault(m.group(2).decode(), []).append(m.start())
    return result


def arms(data: bytes) -> list[Arm]:
    """Every conditional arm of the file, inner ones after the outer one that holds them."""
    stack: list[list] = []
    result: list[Arm] = []
    for m in _visible(_DIRECTIVE.finditer(data), data):
        kind = m.group(1).decode()
        rest = re.sub(r"/\*.*?\*/|//.*", "", m.group(2).decode("latin-1")).strip()
        if kind in ("if", "ifdef", "ifndef"):
            condition = {"if": rest, "ifdef": f"defined({rest})", "ifndef": f"!defined({rest})"}[kind]
            stack.append([m.end(), condition, [condition], m.start()])
        elif stack:
            start, condition, seen, opened = stack[-1]
            result.append(Arm(start, m.start(), condition, opened))
            if kind == "endif":
                stack.pop()
            else:
                negated = " && ".join(f"!({c})" for c in seen)
                condition = negated if kind == "else" else f"({rest}) && {negated}"
                stack[-1][0], stack[-1][1] = m.end(), condition
                seen.append(rest)
    for start, condition, _, opened in stack:
        result.append(Arm(start, len(data), condition, opened))
    return sorted(result, key=lambda arm: (arm.start, -arm.end))


def disabled_spans(data: bytes) -> list[tuple[int, int]]:
    """The arms that no compiler reads: ``#if 0`` and the ``#else`` of ``#if 1``."""
    return [(a.start, a.end) for a in arms(data) if a.condition in ("0", "(0)", "false", "!(1)", "!(true)")]
