"""Ask a tensor for elements of a type that it can hold.

``data_ptr<T>()`` and ``item<T>()`` are declared for every ``T`` and defined for the element types only, so ``long long``, ``char`` or
``half`` compile and do not link (``undefined symbol`` at import). ``int64_t`` is ``long`` on Linux, and ``long long`` has the same 64 bits;
``half`` has the layout of ``at::Half``. The type of the expression stays what it was.

Before:
    void launch(at::Tensor x) { kernel(x.data_ptr<long long>(), x.data_ptr<const float>()); }
After:
    void launch(at::Tensor x) { kernel(reinterpret_cast<long long *>(x.data_ptr<int64_t>()), x.const_data_ptr<float>()); }
"""

import re

from migrator.calls import callee_of
from migrator.rewrite import Change, Edit, Finding, Rewrite, settings_floor

ID = "element-type"
_POINTERS = {"data", "data_ptr", "mutable_data_ptr"}
_SAME = {  # what has the size and the layout of an element type
    "long long": "int64_t",
    "long long int": "int64_t",
    "signed long long": "int64_t",
    "half": "at::Half",
    "__half": "at::Half",
    "__nv_bfloat16": "at::BFloat16",
    "nv_bfloat16": "at::BFloat16",
}
_NEVER = {  # what no tensor holds, and what may have been meant
    "unsigned long long": "int64_t",
    "unsigned long long int": "int64_t",
    "char": "int8_t",
    "float2": "float",
    "float3": "float",
    "float4": "float",
    "double2": "double",
    "int2": "int",
    "int4": "int",
    "__half2": "at::Half",
    "half2": "at::Half",
}


_ACCESSORS = frozenset({"accessor", "packed_accessor", "packed_accessor32", "packed_accessor64"})
_UNLINKED = "compiles and does not link"


def _is_tensor(ctx, receiver) -> bool | None:
    """Whether a receiver is a tensor; None where that is not known."""
    type = ctx.type_of(receiver)
    return None if type is None or type.base == "auto" else type.is_tensor


def _pointer(ctx, name, call, argument, known):
    element = " ".join(argument.text.split())
    plain = element.removeprefix("const ").removesuffix(" const")
    spelt = f"{name.text}<{element}>()"
    if plain in _SAME and plain == element:
        new = _SAME[plain]
        if not known:
            advice = f"if this is a tensor, reinterpret_cast<{element} *>(x.data_ptr<{new}>())"
            yield Finding(ID, argument.start, f"{spelt} {_UNLINKED}: it is defined for {new}", advice)
            return
        cast = f"static_cast<{element}>(" if name.text == "item" else f"reinterpret_cast<{element} *>("
        around = (Edit(call.start, call.start, cast.encode()), Edit(call.end, call.end, b")"))
        yield Change(ID, (around[0], Edit(argument.start, argument.end, new.encode()), around[1]))
    elif plain in _NEVER and name.text != "item":
        meant = _NEVER[plain]
        advice = f"reinterpret_cast<{element} *>(x.data_ptr<{meant}>()), if the tensor's elements are {meant}"
        yield Finding(ID, argument.start, f"{spelt} {_UNLINKED}: no tensor has elements of this type", advice)
    elif plain != element and name.text in ("data", "data_ptr") and known:
        if settings_floor(ctx) >= (2, 1):
            yield Change(ID, (Edit(name.start, name.end, b"const_data_ptr"), Edit(argument.start, argument.end, plain.encode())))
        else:
            yield Finding(ID, argument.start, f"{spelt} {_UNLINKED}", f"data_ptr<{plain}>()")


def _accessor(name, argument):
    element = " ".join(argument.text.split())
    meant = _SAME.get(element) or _NEVER.get(element)
    if meant is not None:
        advice = f"{name.text}<{meant}, ...>(), and {meant} in the parameter that takes it"
        yield Finding(ID, argument.start, f"{name.text}<{element}, ...>() {_UNLINKED}: no tensor has elements of this type", advice)


_ARGUMENT = re.compile(rb"\b(?:data|data_ptr|mutable_data_ptr|item|accessor|packed_accessor(?:32|64)?)\s*<\s*([\w\s:]*?)\s*[,>]")


def _is_of_interest(element: str) -> bool:
    return element in _SAME or element in _NEVER or element.startswith("const ") or element.endswith(" const")


def fix(ctx):
    if b"paddle" in ctx.file.words:
        return
    if not any(_is_of_interest(" ".join(m.group(1).decode("latin-1").split())) for m in _ARGUMENT.finditer(ctx.file.data)):
        return
    for name in ctx.names(_POINTERS | _ACCESSORS | {"item"}):
        method, call = name.parent, callee_of(name).parent
        if method is None or method.kind != "template_method" or call is None or call.kind != "call_expression":
            continue
        arguments, function = method.field_child("arguments"), call.field_child("function")
        if arguments is None or not arguments.named or function is None or function.kind != "field_expression":
            continue
        known = _is_tensor(ctx, function.field_child("argument"))
        if known is False:
            continue
        if name.text not in _ACCESSORS:
            yield from _pointer(ctx, name, call, arguments.named[0], known)
        elif known:
            yield from _accessor(name, arguments.named[0])


rewrite = Rewrite(
    ID,
    __doc__,
    fix=fix,
    triggers=frozenset(_POINTERS | _ACCESSORS | {"item"}),
    removed_in="1.0",
    link="https://github.com/pytorch/pytorch/issues/23013",
)
