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

from migrator.python import argument, cst, string_value
from migrator.rewrite import Change, Edit, Rewrite
from rewrites.build._flags import extension_calls

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


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"extra_compile_args"}), language="python", deprecated_in="1.0")
