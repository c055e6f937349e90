"""What the preprocessor sees: ``#include`` lines, ``#if`` arms, ``#define`` names. Line based, so that no parse error can hide them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter

# They begin with a plain byte, so that the search for it is quick; what stands before it on the line is looked at afterwards.
_DIRECTIVE = re.compile(rb"#[ \t]*(if|ifdef|ifndef|elif|else|endif)\b([^\n]*)")
_INCLUDE = re.compile(rb'#[ \t]*include[ \t]*(<([^>\n]+)>|"([^"\n]+)")')
_DEFINE = re.compile(rb"#[ \t]*(define|undef)[ \t]+([A-Za-z_]\w*)")
_first = itemgetter(0)
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


@lru_cache(maxsize=64)
def comment_spans(data: bytes) -> list[tuple[int, int]]:
    """Spans of the block comments, in order (line comments cannot hide a directive)."""
    return [m.span() for m in _BLOCK_COMMENT.finditer(data) if m.group().startswith(b"/*")]


def _visible(pattern: re.Pattern[bytes], data: bytes) -> Iterator[tuple[re.Match[bytes], int]]:
    """The matches that stand first on a line and do not start inside a block comment, each with the start of its line."""
    spans: list[tuple[int, int]] | None = None if b"/*" in data else []
    for m in pattern.finditer(data):
        line = data.rfind(b"\n", 0, m.start()) + 1
        if line == 0 and data.startswith(b"\xef\xbb\xbf"):
            line = 3  # a byte order mark may stand before the first line
        if data[line : m.start()].strip(b" \t"):
            continue
        if spans is None:
            spans = comment_spans(data)
        i = bisect_right(spans, line, key=_first) - 1
        if i < 0 or line >= spans[i][1]:
            yield m, line


def includes(data: bytes) -> list[Include]:
    """The ``#include`` lines outside comments, in order."""
    result = []
    for m, _ in _visible(_INCLUDE, data):
        name = (m.group(2) or m.group(3)).decode("utf-8", "surrogateescape").strip()
        result.append(Include(name, m.group(3) is not None, m.start(), m.end()))
    return result


def defined_macros(data: bytes) -> dict[str, list[int]]:
    """Names of the macros that the file defines, with the offsets of their ``#define`` lines."""
    result: dict[str, list[int]] = {}
    for m, line in _visible(_DEFINE, data):
        if m.group(1) == b"define":
            result.setdefault(m.group(2).decode(), []).append(line)
    return result


def undefined_macros(data: bytes) -> dict[str, list[int]]:
    """Names of the macros that the file undefines, with the offsets of their ``#undef`` lines."""
    result: dict[str, list[int]] = {}
    for m, line in _visible(_DEFINE, data):
        if m.group(1) == b"undef":
            result.setdefault(m.group(2).decode(), []).append(line)
    return result


def arms(data: bytes) -> list[Arm]:
    """Every conditional arm of the file, inner ones after the outer one that holds them."""
    stack: list[list] = []
    result: list[Arm] = []
    for m, line in _visible(_DIRECTIVE, data):
        kind = m.group(1).decode()
        rest = re.sub(r"/\*.*?\*/|//.*", "", m.group(2).decode("latin-1")).strip()
        if kind in ("if", "ifdef", "ifndef"):
            condition = {"if": rest, "ifdef": f"defined({rest})", "ifndef": f"!defined({rest})"}[kind]
            stack.append([m.end(), condition, [condition], line])
        elif stack:
            start, condition, seen, opened = stack[-1]
            result.append(Arm(start, line, condition, opened))
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


_CONDITION_TOKEN = re.compile(r"\s*(?:(\d+)[uUlL]*|([A-Za-z_]\w*)|(&&|\|\||==|!=|<=|>=|[!<>()+\-*/%]))")


_MAX_TOKENS = 200  # of a condition: nobody writes more, and the parser below recurses


def evaluate(condition: str, defined: dict[str, int | None]) -> bool | None:
    """The value of an ``#if`` condition, where ``defined`` says what is known of macros: a number, or None for "not defined".

    Returns None where the condition depends on a macro that is not in ``defined``. Three-valued: ``0 && X`` is False.
    """
    tokens: list[str] = []
    position = 0
    while position < len(condition.rstrip()):
        m = _CONDITION_TOKEN.match(condition, position)
        if m is None:
            return None
        token = m.group().strip()
        if len(tokens) > _MAX_TOKENS:
            return None
        tokens.append({"and": "&&", "or": "||", "not": "!"}.get(token, token))
        position = m.end()
    try:
        value, rest = _disjunction(tokens, defined)
    except (IndexError, ValueError):
        return None
    return None if rest or value is None else bool(value)


def _disjunction(tokens, defined):
    value, tokens = _conjunction(tokens, defined)
    while tokens and tokens[0] == "||":
        right, tokens = _conjunction(tokens[1:], defined)
        value = 1 if value or right else (None if value is None or right is None else 0)
    return value, tokens


def _conjunction(tokens, defined):
    value, tokens = _comparison(tokens, defined)
    while tokens and tokens[0] == "&&":
        right, tokens = _comparison(tokens[1:], defined)
        known_false = (value is not None and not value) or (right is not None and not right)
        value = 0 if known_false else (None if value is None or right is None else 1)
    return value, tokens


def _comparison(tokens, defined):
    value, tokens = _unary(tokens, defined)
    while tokens and tokens[0] in ("==", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/", "%"):
        operator = tokens[0]
        right, tokens = _unary(tokens[1:], defined)
        if value is None or right is None:
            value = None
        else:
            a, b = value, right
            if operator in "/%" and b == 0:
                raise ValueError
            value = {
                "==": a == b, "!=": a != b, "<": a < b, ">": a > b, "<=": a <= b, ">=": a >= b,
                "+": a + b, "-": a - b, "*": a * b, "/": a // b if b else 0, "%": a % b if b else 0,
            }[operator]  # fmt: skip
            value = int(value)
    return value, tokens


def _unary(tokens, defined):
    head, rest = tokens[0], tokens[1:]
    if head == "!":
        value, rest = _unary(rest, defined)
        return (None if value is None else int(not value)), rest
    if head == "-":
        value, rest = _unary(rest, defined)
        return (None if value is None else -value), rest
    if head == "(":
        value, rest = _disjunction(rest, defined)
        if rest[0] != ")":
            raise ValueError
        return value, rest[1:]
    if head == "defined":
        name, rest = (rest[1], rest[3:]) if rest[0] == "(" else (rest[0], rest[1:])
        return (int(defined[name] is not None) if name in defined else None), rest
    if head.rstrip("uUlL").isdigit():
        return int(head.rstrip("uUlL")), rest
    if head in ("true", "false"):
        return int(head == "true"), rest
    if rest and rest[0] == "(":
        raise ValueError  # a function-like macro
    if head in defined:
        return defined[head] or 0, rest
    return None, rest


def dead_spans(data: bytes, defined: dict[str, int | None]) -> list[tuple[int, int]]:
    """The arms whose condition is known to be false: ``#if 0`` and the arms for releases that are not the target."""
    return [(a.start, a.end) for a in arms(data) if evaluate(a.condition, defined) is False]
