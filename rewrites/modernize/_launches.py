"""Kernel launches, and the host functions around them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from migrator.calls import call_of, in_macro_definition
from migrator.syntax import Node

_LAUNCH = re.compile(rb"<<<")
_TORCH = ("ATen/", "c10/", "torch/")


@dataclass(frozen=True)
class Launch:
    """``kernel<<<grid, block, bytes, stream>>>(args)``: the call, the part in angles, its values, and the arguments."""

    node: Node
    angles: Node
    values: tuple[Node, ...]
    args: tuple[Node, ...]


def launches(tree) -> Iterator[Launch]:
    """The launches from host code of one file, without those in macros."""
    for m in _LAUNCH.finditer(tree.file.data):
        angles = tree.leaf_at(m.start()).parent
        if angles is None or angles.kind != "kernel_call_syntax" or tree.in_disabled(m.start()):
            continue
        call = angles.parent
        arguments = call.field_child("arguments") if call is not None else None
        function = function_of(call) if arguments is not None else None
        if function is not None and not is_device(function) and in_macro_definition(call) is None:
            yield Launch(call, angles, tuple(angles.named), tuple(arguments.named))


def function_of(node: Node) -> Node | None:
    """The function that a node stands in."""
    return next((p for p in node.ancestors() if p.kind == "function_definition" and p.field_child("type") is not None), None)


def is_device(function: Node) -> bool:
    """Whether a function runs on the GPU."""
    return any(c.text in ("__global__", "__device__") for c in function.children if c.field != "body")


def uses_torch(ctx) -> bool:
    """Whether a file includes torch's headers, itself or through the project's."""
    return any(name.startswith(_TORCH) for name in ctx.project.all_includes(ctx.path))


def names_in(node: Node) -> set[str]:
    """The names that are spelt below a node."""
    return {n.text for n in node.walk() if n.kind.endswith("identifier") and not n.children}


def callers(ctx, function: Node) -> Iterator[Node]:
    """The functions of the project that call a function."""
    declarator = function.field_child("declarator")
    name = declarator.field_child("declarator") if declarator is not None else None
    if name is None or not name.text.isidentifier():
        return
    for path in ctx.project.with_word(name.text):
        for leaf in ctx.project.tree(path).names({name.text}):
            outer = function_of(leaf)
            if outer is not None and outer is not function and call_of(leaf) is not None:
                yield outer
