"""Check that a kernel was launched.

A launch that fails (too many threads, no code for this GPU) says nothing: the outputs are what was in memory before, and the error shows up at
some later call.

Before:
    #include <ATen/ATen.h>
    void run(float *x, int n) {
      scale<<<n, 256>>>(x, n);
    }
After:
    #include <ATen/ATen.h>
    #include <c10/cuda/CUDAException.h>
    void run(float *x, int n) {
      scale<<<n, 256>>>(x, n);
      C10_CUDA_KERNEL_LAUNCH_CHECK();
    }
"""

from migrator.rewrite import Change, Edit, Finding, Rewrite, settings_floor
from rewrites.modernize._launches import function_of, launches, names_in, uses_torch

ID = "missing-launch-check"
_CHECKS = {"cudaGetLastError", "cudaPeekAtLastError", "cudaDeviceSynchronize", "cudaStreamSynchronize"}
_OF_VALUES = ("TORCH_CHECK", "AT_CHECK", "AT_ERROR", "AT_ASSERT")


def fix(ctx):
    if b"<<<" not in ctx.file.data or not uses_torch(ctx):
        return
    check, header = "C10_CUDA_KERNEL_LAUNCH_CHECK();", "c10/cuda/CUDAException.h"
    if settings_floor(ctx) < (1, 8):
        check, header = "AT_CUDA_CHECK(cudaGetLastError());", "ATen/cuda/Exceptions.h"
    for launch in launches(ctx.tree):
        statement = launch.node.parent
        if _is_checked(launch.node):
            continue
        if statement.kind != "expression_statement" or statement.parent.kind != "compound_statement":
            yield Finding(
                ID, launch.node.start, "nothing checks that this kernel was launched", f"{check} below it, in braces with the launch"
            )
            continue
        line, _ = ctx.file.line_span(statement.start)
        indent = ctx.file.data[line : statement.start]
        text = ctx.file.newline + indent + check.encode() if not indent.strip() else b" " + check.encode()
        yield Change(ID, (Edit(statement.end, statement.end, text),), (header,))


def _is_checked(call) -> bool:
    """Whether a check follows, in this block or in one around it."""
    function = function_of(call)
    node = call
    while node is not function:
        parent = node.parent
        if parent.kind == "compound_statement" and any(_checks(s) for s in parent.children if s.start >= node.end):
            return True
        node = parent
    return False


def _checks(statement) -> bool:
    return any(
        n in _CHECKS or (n.isupper() and ("CHECK" in n or "ERROR" in n) and not n.startswith(_OF_VALUES)) for n in names_in(statement)
    )


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset({"ATen", "torch", "c10", "__global__"}), default=False,
    link="https://github.com/pytorch/pytorch/blob/main/c10/cuda/CUDAException.h",
)  # fmt: skip
