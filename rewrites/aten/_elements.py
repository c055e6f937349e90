"""What the elements of a tensor certainly are, by how it was made."""

from __future__ import annotations

from collections.abc import Callable

from migrator.syntax.tree import Node

_KEEP = frozenset(  # methods that keep the element type
    "contiguous view view_as reshape clone detach cpu cuda squeeze unsqueeze select narrow slice t transpose permute expand flatten".split()
)


def is_tensor(ctx, node: Node | None) -> bool:
    type = ctx.type_of(node) if node is not None else None
    return type is not None and type.is_tensor and not type.pointers


def _assigned(ctx, name: str, declaration) -> bool:
    """Whether a variable is given another value than its first, as far as this file shows."""
    scope = declaration.node.enclosing("compound_statement", "function_definition", "translation_unit")
    for leaf in ctx.names({name}):
        parent = leaf.parent
        if not scope.start <= leaf.start < scope.end or parent is None or leaf.start == declaration.name.start:
            continue
        if (parent.kind == "assignment_expression" and leaf.field == "left") or parent.kind == "pointer_expression":
            return True
        call = parent.parent if parent.kind == "argument_list" else None
        if call is not None and "tie" in call.text.split("(")[0]:
            return True
    return False


def comes_from(ctx, node: Node | None, made: Callable[..., bool], depth: int = 0) -> bool:
    """Whether an expression certainly has the elements of one that ``made(ctx, node)`` knows: it, a variable that holds it, a view."""
    if node is None or depth > 10:
        return False
    if node.kind == "parenthesized_expression":
        return bool(node.named) and comes_from(ctx, node.named[0], made, depth + 1)
    if node.kind == "identifier":
        declaration = ctx.scopes.lookup(node.text, node)
        if declaration is None or declaration.value is None or declaration.is_parameter:
            return False
        return comes_from(ctx, declaration.value, made, depth + 1) and not _assigned(ctx, node.text, declaration)
    if made(ctx, node):
        return True
    if node.kind == "call_expression":
        function = node.field_child("function")
        member = function.field_child("field") if function is not None and function.kind == "field_expression" else None
        return member is not None and member.text in _KEEP and comes_from(ctx, function.field_child("argument"), made, depth + 1)
    return False
