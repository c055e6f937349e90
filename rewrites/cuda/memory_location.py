"""Name the place of a prefetch or an advice as CUDA 13 does, with a ``cudaMemLocation``.

Since CUDA 13.0 ``cudaMemPrefetchAsync`` and ``cudaMemAdvise`` do not take the number of a device; CUDA 12.2 and newer take either. The host
is ``cudaCpuDeviceId`` no more, but a type of its own: where a variable may hold that number, it is asked.

Before:
    cudaMemPrefetchAsync(p, n, 0, stream);
    cudaMemAdvise(p, n, cudaMemAdviseSetPreferredLocation, cudaCpuDeviceId);
After:
    cudaMemPrefetchAsync(p, n, {cudaMemLocationTypeDevice, 0}, 0, stream);
    cudaMemAdvise(p, n, cudaMemAdviseSetPreferredLocation, {cudaMemLocationTypeHost, 0});
"""

import re

from migrator.calls import call_of, in_macro_definition
from migrator.rewrite import Change, Edit, Finding, Rewrite, settings_floor
from rewrites.cuda.changed_call import is_cpp

ID = "cuda-memory-location"
_TORCH_WITH_LOCATIONS = (2, 9)  # CUDA 12.6 is the oldest that it is built for; the one before is built for 11.8
_GUARDED = {"cudaMemPrefetchAsync": b"cuport::mem_prefetch", "cudaMemAdvise": b"cuport::mem_advise"}
_INTS = frozenset({"int", "c10::DeviceIndex", "at::DeviceIndex", "int8_t", "int16_t", "short", "int32_t"})


def fix(ctx):
    for name in ctx.names(_GUARDED):
        call = call_of(name)
        if call is None or call.qualified.removeprefix("::") != name.text or len(call.args) not in (3, 4) or ctx.project.has_function(name.text):
            continue
        device = call.args[2 if name.text == "cudaMemPrefetchAsync" else -1]
        if name.text == "cudaMemAdvise" and len(call.args) != 4 or device.kind in ("compound_literal_expression", "initializer_list"):
            continue
        type = ctx.type_of(device)
        if type is not None and type.base == "cudaMemLocation":
            continue
        where = _location(ctx, device, type)
        in_cpp = is_cpp(ctx)
        if settings_floor(ctx) < _TORCH_WITH_LOCATIONS or where is None:
            if in_cpp and call.callee.start == name.start:
                yield Change(ID, (Edit(name.start, name.end, _GUARDED[name.text]),), compat=("memory-location",))
                continue
        elif in_cpp and in_macro_definition(name) is None:
            flags = ", 0" if name.text == "cudaMemPrefetchAsync" else ""
            yield Change(ID, (Edit(device.start, device.end, (where + flags).encode()),))
            continue
        texts = [a.text for a in call.args]
        texts[2 if name.text == "cudaMemPrefetchAsync" else -1] = (where or "{cudaMemLocationTypeDevice, device}") + (", 0" if name.text == "cudaMemPrefetchAsync" else "")
        yield Finding(
            ID, name.start, f"{name.text} takes a cudaMemLocation since CUDA 13.0", f"{name.text}({', '.join(texts)}), under #if CUDART_VERSION >= 13000"
        )


def _location(ctx, device, type) -> str | None:
    """The location that a number of a device stands for; None where it is no simple expression."""
    text = device.text
    if text == "cudaCpuDeviceId":
        return "{cudaMemLocationTypeHost, 0}"
    if device.kind == "number_literal":
        return f"{{cudaMemLocationTypeDevice, {text}}}" if text.isdigit() else None
    if device.kind != "identifier":
        return None
    number = text if type is not None and type.base in _INTS and not type.pointers else f"static_cast<int>({text})"
    if re.search(rb"cudaGetDevice\s*\(\s*&\s*" + re.escape(text.encode()) + rb"\s*\)", ctx.file.data):
        return f"{{cudaMemLocationTypeDevice, {number}}}"
    return f"{{{text} == cudaCpuDeviceId ? cudaMemLocationTypeHost : cudaMemLocationTypeDevice, {number}}}"


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset(_GUARDED), cuda_removed_in="13.0",
    link="https://docs.nvidia.com/cuda/cuda-runtime-api/group__CUDART__MEMORY.html",
)  # fmt: skip
