"""Takes an ``if`` apart whose condition is known."""

from __future__ import annotations

import io
import tokenize
from typing import TYPE_CHECKING

from migrator.python import cst
from migrator.rewrite import Edit

if TYPE_CHECKING:
    from migrator.python import Module

_FOR_TOOLS = ("noqa", "type:", "pylint:", "pragma:", "fmt:", "yapf:", "isort:", "nosec", "pyright:", "mypy:")


def decided(module: Module, test: cst.CSTNode, truth: bool) -> Edit:
    """The edit for a condition that is always true (or false): the branch that it chooses, or ``True`` where that is not the whole test."""
    above = module.parent(test)
    if isinstance(above, cst.UnaryOperation) and isinstance(above.operator, cst.Not):
        return decided(module, above, not truth)
    if isinstance(above, cst.BooleanOperation):
        if truth is isinstance(above.operator, cst.Or):
            return decided(module, above, truth)
        return module.replace(above, module.code(above.right if above.left is test else above.left))
    if isinstance(above, cst.IfExp) and above.test is test:
        return module.replace(above, module.code(above.body if truth else above.orelse))
    if isinstance(above, cst.If) and above.test is test and not isinstance(module.parent(above), cst.If):
        try:
            edit = _branch(module, above, truth)
        except (tokenize.TokenError, SyntaxError):
            edit = None
        if edit is not None:
            return edit
    return module.replace(test, str(truth))


def _branch(module: Module, node: cst.If, truth: bool) -> Edit | None:
    """Replaces an ``if`` statement by one of its blocks, dedented, and by the comments of the others.

    None where a comment behind the colon or strings over several lines are in the way.
    """
    other = node.orelse
    start, end = module.span(node)
    if not truth and isinstance(other, cst.If):
        next_test = module.start(other)
        if module.data[next_test : next_test + 4] != b"elif":
            return None
        kept = _comments(module, start, next_test)
        indent = module.data[module.file.line_span(start)[0] : start]
        text = b"".join(comment + module.file.newline + indent for comment in kept)
        return Edit(start, next_test + len("el"), text) if not indent.strip() else None
    if_line = module.file.line_span(start)[0]
    indent = module.data[if_line:start]
    if indent.strip():
        return None
    end = module.file.line_span(max(start, end - 1))[1]
    if not truth and other is None:
        siblings = getattr(module.parent(node), "body", ())
        empty = b"" if len(siblings) > 1 else indent + b"pass" + module.file.newline
        return Edit(if_line, end, _lines(module, indent, start, end) + empty)
    block = node.body if truth else other.body
    if not isinstance(block, cst.IndentedBlock) or not block.body:
        return None
    first = module.file.line_span(module.start(block.body[0]))[0]
    header = module.data.find(b":", module.span(node.test)[1]) if truth else module.data.find(b":", module.start(other))
    region = module.file.line_span(header)[1]
    if module.data[header + 1 : region].strip() or first < region:
        return None  # a comment behind the colon would be lost
    stop = module.file.line_span(module.start(other))[0] if truth and other is not None else end
    if any(b"\n" in module.data[slice(*module.span(s))] for s in module.find(cst.SimpleString, cst.FormattedString, under=block)):
        return None
    deep = module.data[first : module.start(block.body[0])]
    if not deep.startswith(indent):
        return None
    lines = module.data[region:stop].splitlines(keepends=True)
    before = _lines(module, indent, start, region) if not truth else b""
    after = _lines(module, indent, stop, end)
    kept = b"".join(indent + line[len(deep) :] if line.startswith(deep) else line for line in lines)
    if after and not kept.endswith(b"\n"):
        return None
    return Edit(if_line, end, before + kept + after)


def _lines(module: Module, indent: bytes, start: int, end: int) -> bytes:
    """The comments between two offsets, each on a line of its own."""
    return b"".join(indent + comment + module.file.newline for comment in _comments(module, start, end))


def _comments(module: Module, start: int, end: int) -> list[bytes]:
    """The comments that stand between two offsets, but for what they tell a tool about a line that goes."""
    if b"#" not in module.data[start:end]:
        return []
    first = module.data[:start].count(b"\n") + 1
    last = module.data[:end].count(b"\n") + 1
    found = []
    text = module.file.text(0, len(module.data))
    for token in tokenize.generate_tokens(io.StringIO(text, newline="").readline):
        if token.type == tokenize.COMMENT and first <= token.start[0] < last and not token.string.lstrip("# ").startswith(_FOR_TOOLS):
            found.append(token.string.rstrip().encode("utf-8", "surrogateescape"))
    return found
