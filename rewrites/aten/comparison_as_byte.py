"""Read the result of a comparison as ``bool``, which it is.

Until torch 1.1 ``x > y`` gave a tensor of bytes; since 1.2 it gives one of ``bool``. ``data_ptr<uint8_t>()`` on it compiles and throws
("expected scalar type Byte but found Bool"): a bool has one byte, 0 or 1, so the pointer is cast. Arithmetic on it, as in ``1 - (x > y)``,
throws or means something else, and is reported.

Before:
    auto *mask = (x > y).contiguous().data_ptr<uint8_t>();
After:
    auto *mask = reinterpret_cast<uint8_t *>((x > y).contiguous().data_ptr<bool>());
"""

import re

from migrator.calls import callee_of
from migrator.rewrite import Change, Edit, Finding, Rewrite
from rewrites.aten._elements import comes_from, is_tensor

ID = "comparison-as-byte"
_OPERATORS = frozenset({"<", ">", "<=", ">=", "==", "!="})
_COMPARE = frozenset({"eq", "ne", "lt", "gt", "le", "ge"})
_FUNCTIONS = frozenset(f"{space}::{name}" for space in ("at", "torch") for name in _COMPARE)
_POINTERS = frozenset({"data", "data_ptr", "mutable_data_ptr", "const_data_ptr"})
_BYTES = frozenset({"uint8_t", "unsigned char", "std::uint8_t"})


# Where such an operator may stand: what it joins is parenthesised, or taken from 1. The tree decides.
_NEAR_PARENTHESIS = re.compile(rb"\)\s*[-+]|[-+]\s*\(|\b1\s*-\s*[A-Za-z_]")


_BYTE_ARGUMENT = re.compile(rb"<\s*(?:(?:std\s*::\s*)?uint8_t|unsigned\s+char)\s*[,>]")


def _is_made_by_comparing(ctx, node) -> bool:
    if node.kind == "binary_expression":
        operator = next((c.kind for c in node.children if not c.ts.is_named), "")
        return operator in _OPERATORS and (is_tensor(ctx, node.field_child("left")) or is_tensor(ctx, node.field_child("right")))
    function = node.field_child("function") if node.kind == "call_expression" else None
    if function is None:
        return False
    if function.kind == "field_expression":
        return function.field_child("field").text in _COMPARE and is_tensor(ctx, function.field_child("argument"))
    return "".join(function.text.split()).removeprefix("::") in _FUNCTIONS


def is_comparison(ctx, node) -> bool:
    """Whether an expression is certainly the result of comparing tensors."""
    return comes_from(ctx, node, _is_made_by_comparing)


def _pointers(ctx):
    if not ctx.spells(_BYTE_ARGUMENT):
        return
    for name in ctx.names(_POINTERS | {"accessor", "packed_accessor", "packed_accessor32", "packed_accessor64"}):
        method, call = name.parent, callee_of(name).parent
        if method is None or method.kind != "template_method" or call is None or call.kind != "call_expression":
            continue
        arguments, function = method.field_child("arguments"), call.field_child("function")
        if arguments is None or not arguments.named or function is None or " ".join(arguments.named[0].text.split()) not in _BYTES:
            continue
        if not is_comparison(ctx, function.field_child("argument")):
            continue
        element = arguments.named[0]
        if name.text not in _POINTERS:
            message = f"{name.text}<{element.text}, ...>() of a comparison throws: its elements are bool since torch 1.2"
            yield Finding(ID, name.start, message, f"{name.text}<bool, ...>(), and bool in what takes it; or .to(at::kByte) before it")
            continue
        const = "const " if name.text == "const_data_ptr" else ""
        yield Change(
            ID,
            (
                Edit(call.start, call.start, f"reinterpret_cast<{const}{element.text} *>(".encode()),
                Edit(element.start, element.end, b"bool"),
                Edit(call.end, call.end, b")"),
            ),
        )


_COMPARISON = re.compile(rb"(?<![-<>])[<>](?![<>])|[=!]=|\b(?:eq|ne|lt|gt|le|ge)\s*\(")
_END = re.compile(rb"[;{}]")
_OPERANDS = re.compile(rb"\(\s*(\w+)|(\w+)\s*\)|1\s*-\s*(\w+)")


_MADE = re.compile(rb"\s*[=({]([^;]*)")


def _may_compare(file, match: re.Match[bytes], known: dict[bytes, bool]) -> bool:
    """Whether a comparison stands in the statement around a match, or is what a name in it was made from. ``known``: names looked at."""
    data = file.data
    start = max(data.rfind(end, 0, match.start()) for end in (b";", b"{", b"}")) + 1
    end = _END.search(data, match.end())
    statement = data[start : end.start() if end else len(data)]
    if _COMPARISON.search(statement):
        return True
    names = {name for found in _OPERANDS.findall(statement) for name in found if name and not name.isdigit()}
    for name in names - known.keys():
        made = (_MADE.match(data, at + len(name)) for at in file.places(name))
        known[name] = any(m is not None and _COMPARISON.search(m.group(1)) for m in made)
    return any(known[name] for name in names)


def _arithmetic(ctx):
    """``1 - (x > y)`` and ``(x > 0) + (y > 0)``."""
    seen, known = set(), {}
    for m in _NEAR_PARENTHESIS.finditer(ctx.file.data):
        if not _may_compare(ctx.file, m, known):
            continue
        leaf = ctx.tree.leaf_at(m.start() + len(m.group()) - len(m.group().lstrip(b") \t\r\n1")))
        node = leaf.parent
        if node is None or node.kind != "binary_expression" or leaf.kind not in ("-", "+") or node.start in seen:
            continue
        if ctx.tree.in_disabled(node.start):
            continue
        seen.add(node.start)
        operator = next((c.kind for c in node.children if not c.ts.is_named), "")
        left, right = node.field_child("left"), node.field_child("right")
        if operator == "-" and (is_comparison(ctx, left) or is_comparison(ctx, right)):
            message = "subtraction with the result of a comparison throws: it is bool since torch 1.2"
            advice = "for the opposite of a mask .logical_not(); to count, .to(at::kByte) behind the comparison"
            yield Finding(ID, node.start, message, advice)
        elif operator == "+" and is_comparison(ctx, left) and is_comparison(ctx, right):
            message = "the sum of two comparisons is a logical or since torch 1.2: they are bool, no longer bytes that add up"
            yield Finding(ID, node.start, message, "to count, .to(at::kByte) behind each comparison; for a mask, |")


def fix(ctx):
    if b"paddle" in ctx.file.words or b"Tensor" not in ctx.file.words:
        return
    yield from _pointers(ctx)
    yield from _arithmetic(ctx)


rewrite = Rewrite(
    ID,
    __doc__,
    fix=fix,
    triggers=frozenset({"Tensor"}),
    removed_in="1.2",
)
