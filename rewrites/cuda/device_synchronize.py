"""Report kernels that wait for the kernels that they launched.

``cudaDeviceSynchronize`` in device code went with CUDA 12.0; the launched kernels are waited for when the launching one ends.

Before:
    __global__ void parent() { child<<<1, 1>>>(); cudaDeviceSynchronize(); }
After:
    __global__ void parent() { child<<<1, 1>>>(); cudaDeviceSynchronize(); }
"""

from migrator.rewrite import Finding, Rewrite

ID = "device-side-synchronize"


def fix(ctx):
    for name in ctx.names({"cudaDeviceSynchronize"}):
        function = name.enclosing("function_definition")
        if function is None or name.enclosing("lambda_expression") is not None:
            continue
        words = {c.text for c in function.children if c.field != "body"}
        if words & {"__global__", "__device__"} and "__host__" not in words:
            yield Finding(
                ID, name.start, "device code cannot wait for a kernel since CUDA 12.0",
                "launch what follows as a kernel of its own in cudaStreamTailLaunch, or from the host",
            )  # fmt: skip


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset({"cudaDeviceSynchronize"}), cuda_removed_in="12.0",
    link="https://docs.nvidia.com/cuda/cuda-c-programming-guide/#cuda-dynamic-parallelism",
)  # fmt: skip
