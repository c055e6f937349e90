"""Add atomically with ``gpuAtomicAdd`` where the address is a dispatched or half type.

The overloads of ``atomicAdd`` for ``at::Half`` and the other element types live in ``ATen/cuda/Atomic.cuh`` (until torch 1.10 in
``THC/THCAtomics.cuh``) under the name ``gpuAtomicAdd`` since 1.5. ``unsigned``, ``unsigned long long`` and
``__half`` have no such overload and stay with CUDA's own ``atomicAdd``, as do ``float``, ``double`` and ``int``.

Before:
    #include <THC/THCAtomics.cuh>
    template <typename scalar_t> __global__ void add(scalar_t *sum, scalar_t value) { atomicAdd(sum, value); }
After:
    #include <ATen/cuda/Atomic.cuh>
    template <typename scalar_t> __global__ void add(scalar_t *sum, scalar_t value) { gpuAtomicAdd(sum, value); }
"""

from migrator.calls import call_of
from migrator.rewrite import Change, Edit, Rewrite, settings_floor

ID = "atomic-add"
HEADER = "ATen/cuda/Atomic.cuh"
_TORCH = {"ATen/cuda/Atomic.cuh", "THC/THCAtomics.cuh", "THCAtomics.cuh"}
_HALVES = {"at::Half", "c10::Half", "Half", "at::BFloat16", "c10::BFloat16", "torch::Half"}


def fix(ctx):
    if settings_floor(ctx) < (1, 5):
        return
    from_torch = ctx.includes_header(*_TORCH)
    if not from_torch or ctx.project.macros("atomicAdd"):
        return
    own = [d for d in ctx.project.functions("atomicAdd") if _is_generic(d)]
    if own:
        return  # the project's own overloads for half and friends are what is called
    for name in ctx.names({"atomicAdd"}):
        call = call_of(name)
        if call is None or len(call.args) != 2 or call.callee is not name:
            continue
        type = ctx.type_of(call.args[0])
        if type is None or type.pointers != 1:
            continue
        if type.template or type.base in _HALVES or type.base == "scalar_t":
            yield Change(ID, (Edit(name.start, name.end, b"gpuAtomicAdd"),), (HEADER if settings_floor(ctx) >= (1, 11) else "THC/THCAtomics.cuh",))


def _is_generic(declarator) -> bool:
    """An own overload for a half or template type (those for double only serve old GPUs)."""
    parameters = declarator.field_child("parameters")
    first = parameters.named[0] if parameters is not None and parameters.named else None
    type_node = first.field_child("type") if first is not None else None
    return type_node is not None and type_node.text not in ("double", "float", "int")


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"atomicAdd"}), deprecated_in="1.5")
