"""printf-style messages turned into what TORCH_CHECK concatenates."""

from __future__ import annotations

import re

from migrator.syntax.tree import Node

_CONVERSION = re.compile(r"%(%|(?:hh|h|ll|l|z|j|t)?[diu]|s|[fgG]|l[fg])|%[-+ #0]*\d*(?:\.\d+)?(?:\.\*)?[a-zA-Z*]")
_PLAIN = re.compile(r"%(%|(?:hh|h|ll|l|z|j|t)?[diu]|s|[fgG]|l[fg])$")


def conversions(text: str) -> list[str]:
    """The printf conversions of a literal's text, ``%%`` left out."""
    return [m.group() for m in _CONVERSION.finditer(text) if m.group() != "%%"]


def is_printf(message: Node, arguments: list[Node]) -> bool:
    """Whether a message is printf-style: its conversions are as many as the arguments that follow (at least one)."""
    if message.kind not in ("string_literal", "concatenated_string"):
        return False
    found = conversions(_literal_text(message))
    return bool(found) and len(found) == len(arguments)


def _literal_text(message: Node) -> str:
    parts = [message] if message.kind == "string_literal" else [n for n in message.named if n.kind == "string_literal"]
    return "".join(p.text[1:-1] if p.text.startswith('"') else "" for p in parts)


def concatenation(message: Node, arguments: list[Node]) -> str | None:
    """``"a %d b", x`` -> ``"a ", x, " b"``; None where a conversion is not plain (``%.2f``, ``%x``). Lines break where they broke."""
    pieces = [message] if message.kind == "string_literal" else message.named
    left = [a.text for a in arguments]
    result = ""
    end: int | None = None
    for piece in pieces:
        parts = _split(piece, left)
        if parts is None:
            return None
        between = message.tree.file.text(end, piece.start) if end is not None else ""
        for i, part in enumerate(parts):
            separator = "," + (between if i == 0 and not between.strip() and "\n" in between else " ") if result else ""
            result += separator + part
        end = piece.end
    return ", ".join([result, *left])


def _split(piece: Node, left: list[str]) -> list[str] | None:
    """One literal as the literals and arguments that stand for it; takes the arguments from ``left``."""
    text = piece.text
    if piece.kind != "string_literal" or not text.startswith('"'):
        return [text]
    parts: list[str] = []
    position, body, current = 0, text[1:-1], ""
    for m in _CONVERSION.finditer(body):
        if not _PLAIN.match(m.group()):
            return None
        current += body[position : m.start()]
        position = m.end()
        if m.group() == "%%":
            current += "%"
            continue
        if not left:
            return None
        if current:
            parts.append(f'"{current}"')
        parts.append(left.pop(0))
        current = ""
    current += body[position:]
    if current:
        parts.append(f'"{current}"')
    return parts
