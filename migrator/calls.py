"""Calls, argument lists and statements: what most rewrites by function need."""

from __future__ import annotations

from dataclasses import dataclass

from migrator.rewrite import Edit
from migrator.syntax.tree import Node, parse_fragment

_PARTS = {"qualified_identifier", "template_function", "template_method", "field_expression", "dependent_name"}


@dataclass(frozen=True)
class Call:
    """A call ``callee(args...)``. ``name`` is the last name of the callee, ``node`` the whole call."""

    node: Node
    callee: Node
    name: Node
    list: Node
    args: tuple[Node, ...]

    @property
    def qualified(self) -> str:
        """The callee as written, without blanks: ``at::cuda::ATenCeilDiv``."""
        return "".join(self.callee.text.split())


def callee_of(name: Node) -> Node:
    """The whole callee expression that a name ends: ``at::x``, ``f<T>``, ``a.b``."""
    node = name
    while node.parent is not None and node.parent.kind in _PARTS and (node.field in ("name", "field")):
        node = node.parent
    return node


def call_of(name: Node) -> Call | None:
    """The call whose callee ends in ``name``, or None. A call that the grammar took for something else is parsed again by itself."""
    callee = callee_of(name)
    parent = callee.parent
    if parent is not None and parent.kind == "call_expression" and callee.field == "function":
        arguments = parent.field_child("arguments")
        if arguments is not None and arguments.kind == "argument_list":
            return Call(parent, callee, name, arguments, tuple(arguments.named))
        return None
    if parent is not None and parent.kind in ("preproc_def", "preproc_function_def", "preproc_ifdef", "preproc_elifdef"):
        return None
    if parent is not None and parent.kind == "function_declarator" and _is_declaration(parent):
        return None
    return _reparse(name)


def _is_declaration(declarator: Node) -> bool:
    """Whether a function declarator really declares: it has a definition with a body or a typed declaration around it."""
    owner = declarator.parent
    while owner is not None and owner.kind in ("pointer_declarator", "reference_declarator", "init_declarator"):
        owner = owner.parent
    if owner is None:
        return False
    if owner.kind == "function_definition":
        return owner.field_child("type") is not None
    return owner.kind in ("declaration", "field_declaration") and owner.enclosing("compound_statement") is None


def _reparse(name: Node) -> Call | None:
    data = name.tree.file.data
    end = closing_parenthesis(data, name.end)
    if end is None:
        return None
    for node in parse_fragment(name.tree, data[name.start : end], name.start, name.parent or name):
        call = node.children[0] if node.kind == "expression_statement" and node.children else node
        if call.kind == "call_expression" and call.start == name.start:
            function, arguments = call.field_child("function"), call.field_child("arguments")
            if function is not None and arguments is not None and function.end == name.end:
                return Call(call, function, function, arguments, tuple(arguments.named))
        break
    return None


def closing_parenthesis(data: bytes, position: int) -> int | None:
    """The offset after the ``)`` that closes the ``(`` which follows ``position`` (blanks and comments between them allowed)."""
    from migrator.pattern import _tokens

    depth = 0
    for token in _tokens(data, position, min(len(data), position + 20000)):
        text = token.group()
        if text == b"(":
            depth += 1
        elif depth == 0:
            return None
        elif text == b")":
            depth -= 1
            if depth == 0:
                return token.end()
    return None


def remove_item(item: Node) -> Edit:
    """The edit that takes one item out of a comma-separated list, with the comma and blanks that go with it."""
    siblings = item.parent.children if item.parent is not None else []
    data = item.tree.file.data
    index = next(i for i, s in enumerate(siblings) if s.start == item.start and s.end == item.end)
    after = next((s for s in siblings[index + 1 :] if s.kind != "comment"), None)
    before = next((s for s in reversed(siblings[:index]) if s.kind != "comment"), None)
    if after is not None and after.kind == ",":
        end = after.end
        following = next((s for s in siblings if s.start >= end), None)
        if following is not None and not data[end : following.start].strip():
            end = following.start
        return Edit(item.start, end, b"")
    if before is not None and before.kind == ",":
        return Edit(before.start, item.end, b"")
    return Edit(item.start, item.end, b"")


def remove_statement(node: Node) -> Edit:
    """The edit that takes a statement away: its whole lines where nothing else stands on them."""
    if node.parent is not None and node.parent.kind == "linkage_specification":
        node = node.parent  # extern "C" int *p; else it would be that of what stands next
    data = node.tree.file.data
    line_start = data.rfind(b"\n", 0, node.start) + 1
    line_end = data.find(b"\n", node.end)
    line_end = len(data) if line_end < 0 else line_end + 1
    start, end = node.start, node.end
    if not data[line_start:start].strip() and not data[end:line_end].strip():
        return Edit(line_start, line_end, b"")
    if not data[line_start:start].strip() and data[end : end + 1] == b" ":
        return Edit(start, end + 1, b"")
    return Edit(start, end, b"")


def statement_of(node: Node) -> Node | None:
    """The expression statement that a call is the whole of."""
    parent = node.parent
    if parent is not None and parent.kind == "expression_statement":
        return parent
    return None


def in_macro_definition(node: Node) -> Node | None:
    """The ``#define`` that a node stands in."""
    return node.enclosing("preproc_def", "preproc_function_def")


def macro_name(definition: Node) -> str:
    name = definition.field_child("name")
    return name.text if name is not None else ""


_NO_BLOCK = {"if_statement", "else_clause", "for_statement", "for_range_loop", "while_statement", "labeled_statement"}


def needs_braces(statement: Node) -> bool:
    """Whether turning this statement into an ``if`` would catch an ``else`` that follows it: ``if (a) for (...) STATEMENT; else ...``."""
    node = statement
    while (parent := node.parent) is not None:
        if parent.kind == "if_statement" and node.field == "consequence" and parent.field_child("alternative") is not None:
            return True
        last = node.field in ("consequence", "alternative", "body") or parent.kind in ("else_clause", "labeled_statement")
        if not last or parent.kind not in _NO_BLOCK:
            return False
        node = parent
    return False


def text_arguments(data: bytes, position: int) -> tuple[list[tuple[int, int]], int] | None:
    """The spans of the arguments in the parentheses that follow ``position``, and the offset after them.

    By tokens, for macro calls whose arguments (types, operators) are no expressions to the grammar.
    """
    from migrator.pattern import _tokens

    depth = 0
    start = 0
    spans: list[tuple[int, int]] = []
    for token in _tokens(data, position, min(len(data), position + 20000)):
        text = token.group()
        if text in (b"(", b"[", b"{"):
            depth += 1
            if depth == 1:
                start = token.end()
        elif depth == 0:
            return None
        elif text in (b")", b"]", b"}"):
            depth -= 1
            if depth == 0:
                return [*spans, (start, token.start())], token.end()
        elif text == b"," and depth == 1:
            spans.append((start, token.start()))
            start = token.end()
    return None
