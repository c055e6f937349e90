"""Launch on torch's current stream.

A launch that names no stream, or stream 0, runs on CUDA's legacy default stream: inside ``torch.cuda.stream(...)`` it does not wait for
the work that made its inputs. Where the function, or one that calls it, also copies or calls libraries on the default stream, the order of
these would change, and the launch is reported.

Before:
    #include <ATen/ATen.h>
    void run(float *x, int n) { scale<<<n, 256>>>(x, n); }
After:
    #include <ATen/ATen.h>
    #include <ATen/cuda/CUDAContext.h>
    void run(float *x, int n) { scale<<<n, 256, 0, at::cuda::getCurrentCUDAStream()>>>(x, n); }
"""

from migrator.rewrite import Change, Edit, Finding, Rewrite
from rewrites.modernize._launches import callers, function_of, launches, names_in, uses_torch

ID = "legacy-stream"
_STREAM = "at::cuda::getCurrentCUDAStream()"
_DEFAULT_STREAM = {
    "cudaMemcpy", "cudaMemcpy2D", "cudaMemcpy3D", "cudaMemcpyToSymbol", "cudaMemcpyFromSymbol", "cudaMemset", "cudaMemset2D", "cudaMemcpyAsync",
    "cudaMemsetAsync", "thrust", "cub",
}  # fmt: skip
_LIBRARIES = ("cublas", "cusparse", "cusolver", "cufft", "curand", "cudnn")


def fix(ctx):
    if b"<<<" not in ctx.file.data or not uses_torch(ctx):
        return
    for launch in launches(ctx.tree):
        last = launch.values[-1] if launch.values else None
        if last is None or len(launch.values) > 4 or (len(launch.values) == 4 and last.text not in ("0", "NULL", "nullptr")):
            continue
        function = function_of(launch.node)
        others = sorted(set().union(*(_on_default_stream(f) for f in (function, *callers(ctx, function)))))
        if others:
            yield Finding(
                ID, launch.node.start, f"a launch on the legacy default stream, beside {', '.join(others)}",
                f"{_STREAM} as the fourth value between the angles, and the same stream for {', '.join(others)}",
            )  # fmt: skip
        elif len(launch.values) == 4:
            yield Change(ID, (Edit(last.start, last.end, _STREAM.encode()),), ("ATen/cuda/CUDAContext.h",))
        else:
            text = ", 0" * (3 - len(launch.values)) + f", {_STREAM}"
            yield Change(ID, (Edit(last.end, last.end, text.encode()),), ("ATen/cuda/CUDAContext.h",))


def _on_default_stream(function) -> set[str]:
    return {n for n in names_in(function) if n in _DEFAULT_STREAM or (n.startswith(_LIBRARIES) and n[-2:] != "_t" and "Handle" not in n)}


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset({"ATen", "torch", "c10", "__global__"}), default=False, cross_file=True,
    link="https://pytorch.org/docs/stable/notes/cuda.html#cuda-streams",
)  # fmt: skip
