"""Report prefetches and advice that name a device by its number.

Since CUDA 13.0 ``cudaMemPrefetchAsync`` and ``cudaMemAdvise`` take a ``cudaMemLocation``. CUDA 12 has that form under other names, so there
is no line that both compile.

Before:
    cudaMemPrefetchAsync(p, n, device, stream);
After:
    cudaMemPrefetchAsync(p, n, device, stream);
"""

from migrator.calls import call_of
from migrator.rewrite import Finding, Rewrite

ID = "cuda-memory-location"


def fix(ctx):
    for name in ctx.names({"cudaMemPrefetchAsync", "cudaMemAdvise"}):
        call = call_of(name)
        if call is None or len(call.args) not in (3, 4) or ctx.project.has_function(name.text):
            continue
        device = call.args[2 if name.text == "cudaMemPrefetchAsync" else -1]
        if name.text == "cudaMemAdvise" and len(call.args) != 4 or device.kind in ("compound_literal_expression", "initializer_list"):
            continue
        type = ctx.type_of(device)
        if type is not None and type.base == "cudaMemLocation":
            continue
        where = "{cudaMemLocationTypeHost, 0}" if device.text == "cudaCpuDeviceId" else f"{{cudaMemLocationTypeDevice, {device.text}}}"
        texts = [a.text for a in call.args]
        if name.text == "cudaMemAdvise":
            texts[-1] = where
        else:
            texts[2:] = [where, "0", *texts[3:]]
        yield Finding(
            ID,
            name.start,
            f"{name.text} takes a cudaMemLocation since CUDA 13.0",
            f"{name.text}({', '.join(texts)}), under #if CUDART_VERSION >= 13000",
        )


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset({"cudaMemPrefetchAsync", "cudaMemAdvise"}), cuda_removed_in="13.0",
    link="https://docs.nvidia.com/cuda/cuda-toolkit-release-notes/",
)  # fmt: skip
