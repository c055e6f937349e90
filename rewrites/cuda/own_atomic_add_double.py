"""Drop the project's own ``atomicAdd(double *, double)``.

CUDA 8 has it for sm_60 and newer, and CUDA 13 has nothing older: the well-known compare-and-swap fall-back is a redefinition, at least in
nvcc's host pass, where ``__CUDA_ARCH__`` is not defined. One whose guard holds in both passes is dead code and stays.

Before:
    #if __CUDA_ARCH__ < 600
    __device__ double atomicAdd(double* address, double val) { return val; }
    #endif
    __global__ void add(double *sum) { atomicAdd(sum, 1.0); }
After:
    __global__ void add(double *sum) { atomicAdd(sum, 1.0); }
"""

import re

from migrator.rewrite import Change, Edit, Rewrite
from migrator.syntax import preproc

ID = "own-atomic-add-double"
_FOR_DOUBLE = re.compile(rb"atomicAdd\s*\(\s*double\s*\*")


def fix(ctx):
    if not ctx.spells(_FOR_DOUBLE):
        return
    data = ctx.file.data
    arms = preproc.arms(data)
    for declarator in ctx.project.functions("atomicAdd"):
        if declarator.tree.file is not ctx.file:
            continue
        definition = declarator.parent
        while definition is not None and definition.kind not in ("function_definition", "declaration"):
            definition = definition.parent
        if definition is None or not _for_double(declarator):
            continue
        if definition.parent is not None and definition.parent.kind == "template_declaration":
            continue
        space = definition.enclosing("namespace_definition")
        if space is not None and space.field_child("name") is not None:
            continue  # another function than CUDA's
        start = ctx.file.line_span(definition.start)[0]
        end = ctx.file.line_span(definition.end - 1)[1]
        if data[definition.end : end].strip():
            end = definition.end
        arm = next((a for a in reversed(arms) if a.start <= definition.start < a.end), None)
        if any(_dead(a.condition) for a in arms if a.start <= definition.start < a.end):
            continue
        if arm is not None and "__CUDA_ARCH__" in arm.condition:
            siblings = [a for a in arms if a.opened_at == arm.opened_at]
            others = [a for a in siblings if a is not arm and a != arm]
            inside = data[arm.start : start] + data[end : arm.end]
            if not inside.strip() and not any(data[o.start : o.end].strip() for o in others):
                closing = max(siblings, key=lambda a: a.end)
                start = ctx.file.line_span(arm.opened_at)[0]
                end = ctx.file.line_span(closing.end + 1)[1] if closing.end < len(data) else len(data)
                end = _end_of_endif(data, closing.end)
        if data[start : definition.start].strip() and not data[start : definition.start].lstrip().startswith(b"#"):
            start = definition.start
        yield Change(ID, (Edit(start, end, b""),))


def _dead(condition: str) -> bool:
    """Whether an arm is compiled neither for the host nor for any GPU that CUDA 13 knows."""
    return all(preproc.evaluate(condition, {"__CUDA_ARCH__": arch, "CUDA_VERSION": 13000, "CUDART_VERSION": 13000}) is False for arch in (None, 750))


def _end_of_endif(data: bytes, position: int) -> int:
    m = re.compile(rb"[ \t]*#[ \t]*endif[^\n]*(?:\n|\Z)").search(data, data.rfind(b"\n", 0, position) + 1)
    return m.end() if m else position


def _for_double(declarator) -> bool:
    parameters = declarator.field_child("parameters")
    if parameters is None or len(parameters.named) != 2:
        return False
    first, second = parameters.named
    return re.sub(r"\s+", "", first.text).startswith("double*") and re.match(r"(?:const\s+)?double\b", second.text) is not None


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset({"atomicAdd"}), cuda_removed_in="13.0",
    link="https://docs.nvidia.com/cuda/cuda-c-programming-guide/#atomicadd",
)  # fmt: skip
