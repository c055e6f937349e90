"""Ask for nvcc's version by ``__CUDACC_VER_MAJOR__`` and its like.

Since CUDA 9.0 ``__CUDACC_VER__`` is a text that says so, which no ``#if`` can compare.

Before:
    #if __CUDACC_VER__ >= 80000
    int before_nine;
    #endif
After:
    #if (__CUDACC_VER_MAJOR__ * 10000 + __CUDACC_VER_MINOR__ * 100 + __CUDACC_VER_BUILD__) >= 80000
    int before_nine;
    #endif
"""

from migrator.rewrite import Change, Edit, Rewrite

ID = "cudacc-ver"
_NEW = b"(__CUDACC_VER_MAJOR__ * 10000 + __CUDACC_VER_MINOR__ * 100 + __CUDACC_VER_BUILD__)"


def fix(ctx):
    if ctx.project.macros("__CUDACC_VER__"):
        return
    for name in ctx.names({"__CUDACC_VER__"}):
        if name.parent is not None and name.parent.kind in ("preproc_defined", "preproc_ifdef", "preproc_elifdef"):
            continue  # it is defined still
        yield Change(ID, (Edit(name.start, name.end, _NEW),))


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset({"__CUDACC_VER__"}), cuda_removed_in="9.0",
    link="https://docs.nvidia.com/cuda/cuda-compiler-driver-nvcc/#nvcc-identification-macro",
)  # fmt: skip
