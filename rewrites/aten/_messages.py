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
    """``"a %d b", x`` -> ``"a ", x, " b"``; None where a conversion is not plain (``%.2f``, ``%x``)."""
    pieces = [message] if message.kind == "string_literal" else message.named
    result: list[str] = []
    left = [a.text for a in arguments]
    for piece in pieces:
        text = piece.text
        if piece.kind != "string_literal" or not text.startswith('"'):
            result.append(text)
            continue
        position, body = 0, text[1:-1]
        current = ""
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
                result.append(f'"{current}"')
            argument = left.pop(0)
            result.append(argument)
            current = ""
        current += body[position:]
        if current:
            result.append(f'"{current}"')
    return ", ".join(result + left)
