"""Port the generic files of TH: sources that are included once for each element type.

``THGenerateFloatTypes.h``, ``THCGenerateFloatType.h`` and friends went with torch 1.11 (pytorch/pytorch#65492). They included the generic
file again for each type, with ``real`` and ``accreal`` defined; the including file does that itself now. Functions keep the names that
``TH_CONCAT`` makes for them. THC's headers made a half version too: it is made where the project speaks of half tensors.

Before:
    #define TH_GENERIC_FILE "generic/scale.c"
    static void scale_row(THTensor *x, real factor) {
      real *p = THTensor_(data)(x);
      for (long i = 0; i < THTensor_(size)(x, 0); i++) p[i] *= factor;
    }
After:
    #define TH_GENERIC_FILE "generic/scale.c"
    static void scale_row(at::Tensor x, real factor) {
      real *p = x.data_ptr<real>();
      for (long i = 0; i < x.size(0); i++) p[i] *= factor;
    }
"""

import re

from migrator.calls import Call, closing_parenthesis
from migrator.rewrite import Change, Edit, Finding, Rewrite
from migrator.syntax.tree import Node, parse_fragment
from rewrites.ffi import _th, tensor_call
from rewrites.ffi.tensor_type import _declaration

ID = "ffi-generic-file"
_PREFIXES = {"THTensor_": False, "THCTensor_": True}
_HEADER = re.compile(r"^(THC?)Generate(?:(All|Float|Int)Types|(Float|Double|Byte|Char|Short|Int|Long|Half)Type)\.h$")
_HEADERS = frozenset(
    f"{prefix}Generate{name}"
    for prefix in ("TH", "THC")
    for name in ("AllTypes", "FloatTypes", "IntTypes", *(f"{element}Type" for element in _th.ELEMENTS))
)
_GROUPS = {"All": "Byte Char Short Int Long Float Double", "Float": "Float Double", "Int": "Byte Char Short Int Long"}
_ACCREAL = {"TH": {"Float": "double", "Double": "double"}, "THC": {"Float": "float", "Double": "double", "Half": "float"}}
_CONCAT = """\
#ifndef TH_CONCAT_2
#define TH_CONCAT_2_EXPAND(x, y) x##y
#define TH_CONCAT_2(x, y) TH_CONCAT_2_EXPAND(x, y)
#define TH_CONCAT_3_EXPAND(x, y, z) x##y##z
#define TH_CONCAT_3(x, y, z) TH_CONCAT_3_EXPAND(x, y, z)
#define TH_CONCAT_4_EXPAND(x, y, z, w) x##y##z##w
#define TH_CONCAT_4(x, y, z, w) TH_CONCAT_4_EXPAND(x, y, z, w)
#endif"""


def fix(ctx):
    yield from _instantiations(ctx)
    for leaf in ctx.names(_th.GENERIC_TYPES):
        if ctx.project.macros(leaf.text):
            continue
        edits = _declaration(leaf)
        if edits is None:
            yield Finding(
                ID, leaf.start, f"{leaf.text} is used in a way that cuport does not know", "at::Tensor is a value: pass it as it is"
            )
        else:
            yield Change(ID, edits, ("ATen/ATen.h",) if b"TH_GENERIC_FILE" not in ctx.file.words else ())
    real = "real" if b"real" in ctx.file.words else "scalar_t"
    for name in ctx.names(_PREFIXES):
        if ctx.project.macros(name.text):
            continue
        cuda = _PREFIXES[name.text]
        call, function = _call(name)
        if call is None:
            continue
        args = list(call.args)
        if cuda and args and tensor_call._is_state(ctx, args[0]):
            args = args[1:]
        element = _th.Element(real, f"c10::CppTypeToScalarType<{real}>::value", real, cuda)
        result = tensor_call._port(ctx, call, element, function, args)
        if isinstance(result, tuple):
            yield Change(ID, result[0] if isinstance(result[0], tuple) else result)


def _call(name: Node) -> tuple[Call | None, str]:
    """``THTensor_(size)(x, 0)``: the outer call, and the name in the first parentheses."""
    data = name.tree.file.data
    first = closing_parenthesis(data, name.end)
    second = closing_parenthesis(data, first) if first is not None else None
    if second is None:
        return None, ""
    function = data[name.end : first].decode("utf-8", "surrogateescape").strip().strip("()").strip()
    inner = name.parent
    outer = inner.parent if inner is not None else None
    if inner is None or outer is None or inner.kind != "call_expression" or outer.kind != "call_expression" or inner.field != "function":
        outer = next((n for n in parse_fragment(name.tree, data[name.start : second], name.start, name.parent or name)), None)
        if outer is not None and outer.kind == "expression_statement":
            outer = outer.children[0]
        inner = outer.field_child("function") if outer is not None and outer.kind == "call_expression" else None
        if outer is None or inner is None or inner.kind != "call_expression":
            return None, function
    arguments = outer.field_child("arguments")
    if arguments is None or outer.start != name.start:
        return None, function
    return Call(outer, inner, name, arguments, tuple(arguments.named)), function


def _instantiations(ctx):
    """``#include "THGenerateFloatTypes.h"`` -> the generic file once more for each type."""
    for include in ctx.includes():
        match = _HEADER.match(include.name.split("/")[-1])
        if match is None:
            if re.match(r"^THC?Generate\w+\.h$", include.name.split("/")[-1]) and ctx.project.local_include(include, ctx.path) is None:
                yield Finding(
                    ID,
                    include.start,
                    f"{include.name} is gone",
                    "include the generic file once for each type, with real, accreal, Real and CReal defined",
                )
            continue
        if ctx.project.local_include(include, ctx.path) is not None:
            continue
        generic = [i for i in ctx.includes() if i.end <= include.start]
        path = ctx.project.local_include(generic[-1], ctx.path) if generic else None
        words = ctx.project.files[path].words if path is not None else frozenset()
        name = "scalar_t" if b"scalar_t" in words and b"real" not in words else "real"
        lines = [f"// once for each type, as {include.name} did"]
        if not any(_HEADER.match(i.name.split("/")[-1]) for i in ctx.includes() if i.start < include.start):
            lines.append(_CONCAT)
        library, group, single = match.groups()
        types = _GROUPS[group].split() if group else [single]
        if library == "THC" and group in ("All", "Float") and any(b"THCudaHalfTensor" in f.words for f in ctx.project.files.values()):
            types.append("Half")
        for type in types:
            macros = {name: _th.ELEMENTS[type][0], "accreal": _ACCREAL[library].get(type, "int64_t"), "Real": type}
            if library == "THC":
                macros["CReal"] = "Cuda" if type == "Float" else f"Cuda{type}"
            macros[f"{library}_REAL_IS_{type.upper()}"] = ""
            lines += [f"#define {key} {value}".rstrip() for key, value in macros.items()]
            lines += [f"#include {library}_GENERIC_FILE", *(f"#undef {key}" for key in reversed(macros))]
        lines.append(f"#undef {library}_GENERIC_FILE")
        text = ctx.file.newline.join(line.replace("\n", ctx.file.newline.decode()).encode() for line in lines)
        yield Change(ID, (Edit(include.start, include.end, text),), ("ATen/ATen.h",))


rewrite = Rewrite(
    ID,
    __doc__,
    fix=fix,
    triggers=_th.GENERIC_TYPES | frozenset(_PREFIXES) | _HEADERS,
    removed_in="1.11",
    link=_th.LINK,
)
