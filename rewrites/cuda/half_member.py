"""Read and write the bits of a ``half`` by the intrinsics.

Since CUDA 9.0 ``x`` is no member of ``half`` that can be named (``half2`` has its ``x`` and ``y`` still).

Before:
    __device__ unsigned short bits(half h) { return h.x; }
    __device__ void one(half &h) { h.x = 0x3c00; }
After:
    #include <cuda_fp16.h>
    __device__ unsigned short bits(half h) { return __half_as_ushort(h); }
    __device__ void one(half &h) { h = __ushort_as_half(0x3c00); }
"""

import re

from migrator.rewrite import Change, Edit, Finding, Rewrite
from migrator.source import last_word

ID = "half-member"
_HALVES = ("half", "__half")


_MEMBER = re.compile(rb"(?:\.|->)\s*x\b")
_BUILT_IN = frozenset({b"threadIdx", b"blockIdx", b"blockDim", b"gridDim"})


def fix(ctx):
    data = ctx.file.data
    if all(last_word(data, m.start()) in _BUILT_IN for m in _MEMBER.finditer(data)):
        return
    for name in ctx.names({"x"}):
        access = name.parent
        if access is None or access.kind != "field_expression" or name.field != "field":
            continue
        owner = access.field_child("argument")
        type = ctx.type_of(owner) if owner is not None else None
        if type is None or type.base not in _HALVES or type.pointers > 1 or ctx.project.has_function("__half_as_ushort"):
            continue
        if _is_own(ctx, type.base):
            continue
        value = ("*" if type.pointers else "") + ctx.file.text(owner.start, owner.end)
        parent = access.parent
        if parent.kind == "assignment_expression" and access.field == "left":
            operator, bits = parent.field_child("operator"), parent.field_child("right")
            if operator is not None and operator.text == "=" and parent.parent.kind == "expression_statement":
                new = (
                    Edit(access.start, access.end, value.encode()),
                    Edit(bits.start, bits.start, b"__ushort_as_half("),
                    Edit(bits.end, bits.end, b")"),
                )
                yield Change(ID, new, ("cuda_fp16.h",))
                continue
        elif parent.kind not in ("update_expression", "pointer_expression"):
            yield Change(ID, (Edit(access.start, access.end, f"__half_as_ushort({value})".encode()),), ("cuda_fp16.h",))
            continue
        yield Finding(
            ID,
            name.start,
            "the bits of a half have no name since CUDA 9.0",
            "__half_as_ushort(h) to read them, h = __ushort_as_half(bits) to write them",
        )


def _is_own(ctx, base) -> bool:
    """Whether the project has a type of its own of this name."""
    return any(leaf.field == "name" for path in ctx.project.with_word(base) for leaf in ctx.project.tree(path).names({base}))


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset(_HALVES), cuda_removed_in="9.0",
    link="https://docs.nvidia.com/cuda/cuda-math-api/cuda_math_api/group__CUDA__MATH____HALF__MISC.html",
)  # fmt: skip
