"""The many meanings of ``x.type()``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from migrator.calls import Call, call_of
from migrator.syntax.tree import Node

FACTORIES = frozenset("zeros ones empty full rand randn arange eye linspace from_blob tensor range scalar_tensor zeros_like ones_like empty_like sparse_coo_tensor empty_strided".split())


_SPELT = re.compile(rb"type\s*(?:/\*[^*]*\*/\s*)?\(\s*\)")


@dataclass(frozen=True)
class TypeCall:
    """One ``receiver.type()``: the whole call, its receiver, the token ``type``, and how it is used."""

    node: Node
    receiver: Node
    name: Node
    role: str  # dispatch, method:<name>, factory, compare, convert, other
    user: Node | None  # the method's field_expression, the macro call, the factory call ...


def type_calls(ctx) -> Iterator[TypeCall]:
    """Every ``.type()`` on what may be a tensor, with its role."""
    if not ctx.spells(_SPELT):
        return
    for name in ctx.names({"type"}):
        if name.kind != "field_identifier" or name.field != "field":
            continue
        member = name.parent
        call = call_of(name)
        if member is None or call is None or call.args or call.callee.start != member.start:
            continue
        receiver = member.field_child("argument")
        if receiver is None or not _may_be_tensor(ctx, receiver):
            continue
        role, user = _role(ctx, call)
        yield TypeCall(call.node, receiver, name, role, user)


def _may_be_tensor(ctx, receiver: Node) -> bool:
    node = receiver
    while node.kind == "parenthesized_expression" and node.named:
        node = node.named[0]
    if node.kind == "call_expression":
        function = node.field_child("function")
        if function is not None and function.text.split(".")[-1].split(">")[-1].split("::")[-1].strip() in ("device", "Device", "layout"):
            return False
    type = ctx.type_of(node)
    if type is None or type.template or type.base == "auto":
        return True
    return type.is_tensor


def _unwrap(node: Node) -> Node:
    """The node with the parentheses around it."""
    while node.parent is not None and node.parent.kind == "parenthesized_expression":
        node = node.parent
    return node


def is_dispatch(ctx, call: Node, index: int) -> bool:
    """Whether a call is a dispatch macro whose argument ``index`` is the type: torch's own, or the project's around one of those."""
    function = call.field_child("function")
    if function is None or function.kind != "identifier":
        return False
    name = function.text
    if name.startswith(("AT_DISPATCH_", "THO_DISPATCH_")):
        if ctx.project.macros(name):
            return index == _own_dispatch(ctx, name, set())
        count = 0
        for suffix, n in (("_AND2", 2), ("_AND3", 3), ("_AND4", 4), ("_AND5", 5), ("_AND6", 6), ("_AND7", 7)):
            count = n if name.endswith(suffix) else count
        if name.endswith("_AND"):
            count = 1
        return index == count
    if name in ctx.settings.dispatch_macros and not ctx.project.macros(name):
        return index == 0
    return index == _own_dispatch(ctx, name, set())


def _own_dispatch(ctx, name: str, seen: set[str]) -> int | None:
    """The position of the type among the parameters of a dispatch macro of the project's own, or None."""
    if name in seen or not ctx.project.macros(name):
        return None
    seen.add(name)
    for path, offset in ctx.project.macros(name):
        tree = ctx.project.tree(path)
        leaf = tree.leaf_at(tree.file.data.find(name.encode(), offset))
        define = leaf.enclosing("preproc_function_def")
        if define is None:
            continue
        parameters = [p.text for p in (define.field_child("parameters") or define).named if p.kind == "identifier"]
        body = define.field_child("value")
        if body is None:
            continue
        aliases: dict[str, int] = {p: i for i, p in enumerate(parameters)}
        for node in body.walk():
            if node.kind == "init_declarator":
                value, declared = node.field_child("value"), node.field_child("declarator")
                while declared is not None and declared.field_child("declarator") is not None:
                    declared = declared.field_child("declarator")
                if declared is not None and declared.named and declared.kind != "identifier":
                    declared = declared.named[-1]
                if value is not None and value.text in aliases and declared is not None:
                    aliases[declared.text] = aliases[value.text]
        for node in body.walk():
            if node.kind != "call_expression":
                continue
            function, arguments = node.field_child("function"), node.field_child("arguments")
            if function is None or arguments is None:
                continue
            callee = function.text
            for index, argument in enumerate(arguments.named):
                if argument.text not in aliases:
                    continue
                if callee.replace(" ", "").endswith("detail::scalar_type") and index == 0:
                    return aliases[argument.text]
                if callee.startswith("AT_DISPATCH_") and not ctx.project.macros(callee) and is_dispatch(ctx, node, index):
                    return aliases[argument.text]
                if ctx.project.macros(callee) and _own_dispatch(ctx, callee, seen) == index:
                    return aliases[argument.text]
        if "DISPATCH" in name:
            for node in body.walk():  # switch (TYPE)
                if node.kind in ("switch_statement", "condition_clause"):
                    condition = node.text if node.kind == "condition_clause" else (node.field_child("condition") or node).text
                    inner = condition.strip("() ")
                    if inner in aliases:
                        return aliases[inner]
    return None


def _role(ctx, call: Call) -> tuple[str, Node | None]:
    node = _unwrap(call.node)
    parent = node.parent
    if parent is None:
        return "other", None
    if parent.kind == "field_expression" and node.field == "argument":
        member = parent.field_child("field")
        return (f"method:{member.text}", parent) if member is not None and member.kind == "field_identifier" else ("other", None)
    if parent.kind == "argument_list" and parent.parent is not None:
        outer = parent.parent
        index = next((i for i, n in enumerate(parent.named) if n.start == node.start), -1)
        if outer.kind == "call_expression":
            if is_dispatch(ctx, outer, index):
                return "dispatch", outer
            function = outer.field_child("function")
            if function is not None:
                text = "".join(function.text.split())
                last = text.split("::")[-1].split(".")[-1].split("->")[-1]
                if text.startswith(("at::", "torch::", "::at::")) and last in FACTORIES:
                    return "factory", outer
                if function.kind == "field_expression" and last in ("toType", "to", "type"):
                    return f"convert:{last}", outer
                if text in ("::detail::scalar_type", "detail::scalar_type", "at::detail::scalar_type"):
                    return "scalar_type", outer
    if parent.kind == "binary_expression" and any(c.kind in ("==", "!=") for c in parent.children):
        return "compare", parent
    return "other", parent
