"""The kinds of arguments that overloads of ATen are told apart by."""

from __future__ import annotations

import re

from rewrites.aten._elements import is_tensor
from rewrites.aten._overloads import NONE, NUMBER, NUMBERS, OPTIONS, TENSOR, TEXT, TYPE

_DTYPE = re.compile(r"(?:::)?(?:(?:at|torch|c10)::)?(?:ScalarType::\w+|k(?:Float|Double|Half|Int|Long|Short|Byte|Char|Bool|BFloat16)\d*)\Z")
_INTEGERS = r"(?:std::)?(?:u?int(?:8|16|32|64)_t|size_t)|(?:unsigned |signed )?(?:int|long|long long|short)|unsigned"
_BASES = (
    (re.compile(rf"(?:{_INTEGERS}|float|double|bool)\Z"), NUMBER),
    (re.compile(rf"(?:std::vector<(?:{_INTEGERS}|double|float)>|(?:(?:at|torch|c10)::)?(?:IntArrayRef|IntList))\Z"), NUMBERS),
    (re.compile(r"(?:std::)?string\Z"), TEXT),
    (re.compile(r"(?:(?:at|torch|c10)::)?ScalarType\Z"), TYPE),
    (re.compile(r"(?:(?:at|torch|c10)::)?TensorOptions\Z"), OPTIONS),
)
_LITERALS = {
    "number_literal": NUMBER, "true": NUMBER, "false": NUMBER, "string_literal": TEXT, "concatenated_string": TEXT, "raw_string_literal": TEXT,
}  # fmt: skip


def kind(ctx, node) -> str | None:
    """What an argument certainly is."""
    if node.kind == "parenthesized_expression" and len(node.named) == 1:
        return kind(ctx, node.named[0])
    if node.kind in _LITERALS:
        return _LITERALS[node.kind]
    if node.kind == "unary_expression":
        inner = node.field_child("argument")
        return NUMBER if inner is not None and inner.kind == "number_literal" else None
    if node.kind == "initializer_list":
        return NUMBERS if len(node.named) > 1 and all(kind(ctx, each) == NUMBER for each in node.named) else None
    text = "".join(node.text.split())
    if re.match(r"(?:::)?(?:(?:at|torch|c10|std)::)?nullopt\Z", text):
        return NONE
    if _DTYPE.match(text):
        return TYPE
    member = node.field_child("function") if node.kind == "call_expression" else None
    if member is not None and member.kind == "field_expression" and text.endswith((".scalar_type()", ".options()")):
        known = is_tensor(ctx, member.field_child("argument"))
        return (OPTIONS if text.endswith(".options()") else TYPE) if known else None
    type = ctx.type_of(node)
    if type is None or type.pointers or type.template or "optional" in type.base:
        return None
    if type.is_tensor:
        return TENSOR
    return next((known for expression, known in _BASES if expression.match(type.base)), None)
