"""Give nvcc's flags to nvcc only.

A list of ``extra_compile_args`` goes to the host compiler too, which rejects ``--expt-relaxed-constexpr`` and the like, and which
the macros of ``cuda_fp16.h`` are not meant for.

Before:
    from torch.utils.cpp_extension import CUDAExtension
    CUDAExtension("op", ["op.cpp", "op_kernel.cu"], extra_compile_args=["-O3", "-D__CUDA_NO_HALF_OPERATORS__"])
After:
    from torch.utils.cpp_extension import CUDAExtension
    CUDAExtension("op", ["op.cpp", "op_kernel.cu"], extra_compile_args={"cxx": ["-O3"], "nvcc": ["-O3", "-D__CUDA_NO_HALF_OPERATORS__"]})
"""

from __future__ import annotations

from migrator.python import argument, cst, dotted, string_value
from migrator.rewrite import Change, Edit, Finding, Rewrite
from rewrites.build._flags import _Flow, extension_calls

ID = "nvcc-flags-for-both"
_NVCC = tuple(
    """
    --expt- -expt- --use_fast_math -use_fast_math --ptxas-options -Xptxas -gencode --generate-code -lineinfo --extended-lambda -rdc=
    --relocatable-device-code --default-stream -maxrregcount --maxrregcount -Xcudafe -arch=sm_ --gpu-architecture -D__CUDA_NO_HALF
    -D__CUDA_NO_BFLOAT16 -DCUDA_HAS_FP16
    """.split()
)  # what flags for nvcc alone start with
_TAKES_NEXT = frozenset(
    """
    -gencode --generate-code -Xptxas --ptxas-options -Xcudafe -Xcompiler --compiler-options --default-stream --gpu-architecture
    -maxrregcount --maxrregcount
    """.split()
)


def fix(ctx):
    module = ctx.module
    for call in extension_calls(module, frozenset({"CUDAExtension"})) if module is not None else ():
        flags = argument(call, "extra_compile_args")
        if isinstance(flags, cst.Name):
            made = _only_list(module, flags)
            if made is None and _reaches(ctx, flags):
                yield Finding(
                    ID,
                    module.start(flags),
                    f"{flags.value} holds flags for nvcc, and goes to the host compiler too",
                    f'extra_compile_args={{"cxx": [...], "nvcc": {flags.value}}}, with the flags for nvcc in the second list only',
                )
            flags = made
        if not isinstance(flags, cst.List) or not flags.elements:
            continue
        values = [string_value(e.value) for e in flags.elements]
        if None in values or not any(v.startswith(_NVCC) for v in values):
            continue
        host: list[str] = []
        skip = False
        for element, value in zip(flags.elements, values, strict=True):
            code = module.code(element.value)
            if skip:
                skip = False
            elif value in _TAKES_NEXT:
                skip = True
            elif not value.startswith(_NVCC) and value != "-Xcompiler":
                host.append(code)
        for i, value in enumerate(values[:-1]):
            if value in ("-Xcompiler", "--compiler-options"):
                host.append(module.code(flags.elements[i + 1].value))
        start, end = module.outer_span(flags)
        yield Change(
            ID, (Edit(start, start, f'{{"cxx": [{", ".join(host)}], "nvcc": '.encode("utf-8", "surrogateescape")), Edit(end, end, b"}"))
        )


def _only_list(module, name: cst.Name) -> cst.List | None:
    """The list that a variable holds, where it is made once, at the top of the file, and used as these flags only."""
    uses = [n for n in module.find(cst.Name) if n.value == name.value and not _is_keyword(module, n)]
    made = [n for n in uses if isinstance(module.parent(n), cst.AssignTarget)]
    if len(made) != 1 or len(uses) != 2:
        return None
    assign = module.parent(module.parent(made[0]))
    return assign.value if len(assign.targets) == 1 and isinstance(assign.value, cst.List) else None


def _is_keyword(module, name: cst.Name) -> bool:
    above = module.parent(name)
    return isinstance(above, cst.Arg) and above.keyword is name or isinstance(above, cst.Attribute) and above.attr is name


def _reaches(ctx, node) -> bool:
    """Whether flags for nvcc alone reach an argument that is no dict."""
    found: dict = {}
    flow = _Flow(ctx.project, found)
    flow.follow(ctx.path, ctx.module, node)
    if any(isinstance(ctx.module.parent(literal), cst.DictElement) or _in_dict(ctx.module, literal) for literal in found.get(ctx.path, [])):
        return False
    if isinstance(node, cst.Name) and any(_is_dict(a.value) for a in ctx.module.find(cst.Assign, cst.AnnAssign) if _assigns(a, node.value)):
        return False
    values = [string_value(literal) or "" for literals in found.values() for literal in literals]
    return any(v.startswith(_NVCC) for v in values)


def _is_dict(value) -> bool:
    return isinstance(value, cst.Dict) or isinstance(value, cst.Call) and dotted(value.func) in ("dict", "defaultdict", "collections.defaultdict")


def _assigns(assign, name: str) -> bool:
    targets = [t.target for t in assign.targets] if isinstance(assign, cst.Assign) else [assign.target]
    return any(isinstance(t, cst.Name) and t.value == name for t in targets)


def _in_dict(module, node) -> bool:
    return module.enclosing(node, cst.Dict) is not None or any(
        isinstance(target.target, cst.Subscript) for a in [module.enclosing(node, cst.Assign)] if a is not None for target in a.targets
    )


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"extra_compile_args"}), language="python", deprecated_in="1.0")
