"""Report indices of 32 bits: wrong from 2^31 elements on.

Before:
    __global__ void scale(int n, float *x) { int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) x[i] *= 2; }
After:
    __global__ void scale(int n, float *x) { int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) x[i] *= 2; }
"""

from migrator.calls import call_of
from migrator.rewrite import Finding, Rewrite
from rewrites.modernize._launches import names_in

ID = "int-index"
_NARROW = {"int", "unsigned", "unsigned int", "uint32_t", "int32_t", "uint"}
_LOOPS = {"CUDA_KERNEL_LOOP", "CUDA_1D_KERNEL_LOOP"}


def fix(ctx):
    for name in ctx.names({"blockDim"}):
        declaration = name.enclosing("declaration")
        if declaration is None or declaration.field_child("type") is None or declaration.field_child("type").text not in _NARROW:
            continue
        value = next(
            (c.field_child("value") for c in declaration.children if c.field == "declarator" and c.start <= name.start < c.end), None
        )
        if value is not None and {"blockIdx", "blockDim", "threadIdx"} <= names_in(value) and names_in(value) & {"x"}:
            index = declaration.text.split("=")[0].split()[-1]
            yield Finding(
                ID, declaration.start, f"{index} has 32 bits: wrong from 2^31 elements on",
                f"int64_t {index} = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x, with sizes and strides of int64_t; or, on the host, "
                "TORCH_CHECK(x.numel() <= std::numeric_limits<int>::max())",
            )  # fmt: skip
    for name in ctx.names(_LOOPS):
        if name.parent is None or name.parent.kind in ("preproc_function_def", "preproc_ifdef", "preproc_def", "preproc_call"):
            continue
        call = call_of(name)
        parameters = name.parent.field_child("parameters") if name.parent.kind == "function_declarator" else None
        index = (
            call.args[0].text
            if call is not None and call.args
            else parameters.named[0].text
            if parameters is not None and parameters.named
            else "i"
        )
        yield Finding(
            ID, name.start, f"{index} has 32 bits: wrong from 2^31 elements on",
            f"CUDA_KERNEL_LOOP_TYPE({index}, n, int64_t) (ATen/cuda/detail/KernelUtils.h, since torch 1.7), with n, sizes and strides of int64_t",
        )  # fmt: skip


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset({"blockDim"} | _LOOPS), default=False,
    link="https://github.com/pytorch/pytorch/blob/main/c10/macros/Macros.h",
)  # fmt: skip
