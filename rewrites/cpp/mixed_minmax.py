"""Give ``std::min`` and ``std::max`` values of one type.

Both are templates of one type, so an ``int`` and an ``int64_t`` match nothing; of CUDA's own ``min`` and ``max`` more than one overload
matches. It comes with a port: dimensions and sizes are ``int`` in TH and ``int64_t`` in a tensor, devices ``int64_t`` and since torch 2.3
a ``c10::DeviceIndex``. The wider type holds both values.

Before:
    int64_t last = std::min(x.dim(), n);
After:
    int64_t last = std::min<int64_t>(x.dim(), n);
"""

import re

from migrator.calls import call_of
from migrator.rewrite import Change, Edit, Rewrite
from migrator.scope import parse_type

ID = "mixed-minmax"
_RANK = {"c10::DeviceIndex": 1, "int8_t": 1, "signed char": 1, "short": 2, "int16_t": 2, "int": 3, "int64_t": 4, "long long": 5}
_ALIKE = {
    "int32_t": "int", "signed": "int", "signed int": "int", "long": "int64_t", "long int": "int64_t", "ptrdiff_t": "int64_t", "std::ptrdiff_t": "int64_t",
    "std::int64_t": "int64_t", "ssize_t": "int64_t", "long long int": "long long", "std::int32_t": "int", "at::DeviceIndex": "c10::DeviceIndex",
}  # fmt: skip
_INT64 = frozenset({"size", "stride", "dim", "numel", "ndimension", "element_size", "storage_offset", "itemsize"})
_DEVICES = frozenset({"at::cuda::device_count", "c10::cuda::device_count", "at::cuda::current_device", "c10::cuda::current_device"})
_WIDE = frozenset(word.encode() for word in (*_INT64, "long", "int64_t", "ptrdiff_t", "ssize_t", "get_device", "device_count", "current_device"))
_CALL = re.compile(rb"\b(?:min|max)\s*\(")


def fix(ctx):
    if _WIDE.isdisjoint(ctx.file.words) or _CALL.search(ctx.file.data) is None:
        return  # nothing to parse the file for
    for name in ctx.names({"min", "max"}):
        call = call_of(name)
        if call is None or len(call.args) != 2:
            continue
        qualified = call.qualified.replace(" ", "").removeprefix("::")
        kinds = [_kind(ctx, arg) for arg in call.args]
        if None in kinds or kinds[0] == kinds[1]:
            continue
        wide = max(kinds, key=_RANK.__getitem__)
        if qualified in ("std::min", "std::max") and call.callee.kind == "qualified_identifier":
            yield Change(ID, (Edit(call.callee.end, call.callee.end, f"<{wide}>".encode()),))
        elif call.callee.kind == "identifier" and _is_cudas(ctx, name.text) and _RANK[wide] > _RANK["int"]:
            narrow = call.args[kinds[0] == wide]
            yield Change(ID, (Edit(narrow.start, narrow.start, f"static_cast<{wide}>(".encode()), Edit(narrow.end, narrow.end, b")")))


def _is_cudas(ctx, word) -> bool:
    """Whether ``min`` without a namespace is CUDA's, as it is in device code where nobody else's is in sight."""
    if ctx.path.suffix.lower() not in (".cu", ".cuh") or b"using" in ctx.file.words or ctx.project.macros(word):
        return False
    return not ctx.project.functions(word)


def _kind(ctx, node, depth=0) -> str | None:
    """The signed integer type of an expression, where that is certain."""
    if node is None or depth > 8:
        return None
    if node.kind == "parenthesized_expression":
        return _kind(ctx, node.named[0], depth + 1) if len(node.named) == 1 else None
    if node.kind == "number_literal":
        text = node.text.lower()
        digits = text.rstrip("l")
        if not digits.isdigit() or len(digits) > 9:
            return None
        return ("int", "int64_t", "long long")[min(len(text) - len(digits), 2)]
    if node.kind in ("subscript_expression", "pointer_expression"):
        type = ctx.type_of(node)
        return None if type is None or type.pointers or type.template else _canonical(type.base)
    if node.kind == "cast_expression":
        return _canonical(node.field_child("type").text)
    if node.kind == "identifier":
        declared = ctx.scopes.lookup(node.text, node)
        if declared is None or declared.type.pointers or declared.type.template:
            return None
        if declared.type.base == "auto" and declared.value is not None:
            return _kind(ctx, declared.value, depth + 1)
        return _canonical(declared.type.base)
    if node.kind == "binary_expression":
        operator = node.field_child("operator")
        if operator is None or operator.text not in ("+", "-", "*", "/", "%"):
            return None
        sides = [_kind(ctx, node.field_child(side), depth + 1) for side in ("left", "right")]
        return None if None in sides else max((*sides, "int"), key=_RANK.__getitem__)
    if node.kind == "call_expression":
        return _called(ctx, node)
    return None


def _called(ctx, node) -> str | None:
    function = node.field_child("function")
    if function.kind == "template_function" and function.field_child("name").text == "static_cast":
        kinds = function.field_child("arguments").named
        return _canonical(kinds[0].text) if len(kinds) == 1 else None
    if function.kind == "field_expression":
        member = function.field_child("field")
        owner = ctx.type_of(function.field_child("argument"))
        if owner is None or not owner.is_tensor or owner.pointers or "optional" in owner.base:
            return None
        if member.text == "get_device":
            return "c10::DeviceIndex" if ctx.settings.min_torch >= (2, 3) else None
        return "int64_t" if member.text in _INT64 else None
    return "c10::DeviceIndex" if "".join(function.text.split()).removeprefix("::") in _DEVICES else None


def _canonical(text: str) -> str | None:
    type = parse_type(text)
    base = _ALIKE.get(type.base, type.base)
    return base if base in _RANK and not type.pointers else None


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset({"min", "max"}), removed_in="1.0", order=2,
    link="https://en.cppreference.com/w/cpp/algorithm/min",
)  # fmt: skip
