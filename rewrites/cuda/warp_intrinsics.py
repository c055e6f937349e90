"""Exchange values in a warp with the ``_sync`` intrinsics.

``__shfl*``, ``__ballot``, ``__any`` and ``__all`` without a mask are deprecated since CUDA 9.0, do not exist for sm_70 and newer, and
CUDA 13 has nothing older. The mask ``0xffffffff`` says that the whole warp takes part, which is certain where no condition that may differ
from thread to thread lies between the start of the kernel and the call, through all functions between the two; elsewhere the change is made
with ``--unsafe-fixes`` only.

Before:
    __device__ float sum(float x) { for (int i = 16; i > 0; i /= 2) x += __shfl_down(x, i); return x; }
    __global__ void add(float *to, const float *from) { to[blockIdx.x] = sum(from[threadIdx.x]); }
After:
    __device__ float sum(float x) { for (int i = 16; i > 0; i /= 2) x += __shfl_down_sync(0xffffffff, x, i); return x; }
    __global__ void add(float *to, const float *from) { to[blockIdx.x] = sum(from[threadIdx.x]); }
"""

from migrator.calls import call_of
from migrator.rewrite import Change, Edit, Finding, Rewrite
from rewrites.cuda._uniform import Warp

ID = "warp-intrinsics"
_OLD = {
    "__shfl": "__shfl_sync", "__shfl_up": "__shfl_up_sync", "__shfl_down": "__shfl_down_sync", "__shfl_xor": "__shfl_xor_sync",
    "__ballot": "__ballot_sync", "__any": "__any_sync", "__all": "__all_sync",
}  # fmt: skip


def fix(ctx):
    warp = Warp(ctx)
    for name in ctx.names(_OLD):
        if ctx.project.has_function(name.text) or ctx.project.macros(name.text):
            continue
        call = call_of(name)
        if call is None or not call.args:
            continue
        after = call.list.start + 1
        change = Change(ID, (Edit(name.start, name.end, _OLD[name.text].encode()), Edit(after, after, b"0xffffffff, ")))
        reason = warp.parted_at(call.node)
        if reason is None or ctx.settings.unsafe:
            yield change
        else:
            yield Finding(
                ID,
                name.start,
                f"{name.text} needs a mask of the threads that take part, and whether the whole warp does is not certain: {reason}",
                f"{_OLD[name.text]}(0xffffffff, ...) if all 32 threads of every warp get here (--unsafe-fixes writes that)",
            )


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset(_OLD), cuda_removed_in="13.0", cross_file=True,
    link="https://docs.nvidia.com/cuda/cuda-c-programming-guide/#warp-shuffle-functions",
)  # fmt: skip
