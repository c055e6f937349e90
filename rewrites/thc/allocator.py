"""Allocate through the caching allocator instead of THC.

``THCudaMalloc`` and ``THCudaFree`` were removed in torch 1.11 (pytorch/pytorch#65492). Both use the current device and stream.

Before:
    auto *mask = (unsigned long long *)THCudaMalloc(state, n * sizeof(unsigned long long));
After:
    #include <c10/cuda/CUDACachingAllocator.h>
    auto *mask = (unsigned long long *)c10::cuda::CUDACachingAllocator::raw_alloc(n * sizeof(unsigned long long));
"""

from migrator.rewrite import Case, Rewrite

HEADER = "c10/cuda/CUDACachingAllocator.h"
ALLOCATOR = "c10::cuda::CUDACachingAllocator"


def _not_own(match, ctx):
    return not ctx.project.has_function(match.pattern.anchor)


def _alone(match, ctx):
    """Whether the call of the old form is a statement of its own; its error, where that is used, has no successor."""
    if not _not_own(match, ctx):
        return False
    if match.node.parent is not None and match.node.parent.kind == "expression_statement":
        return True
    return "THCudaMalloc gives no error any more, but the pointer: *address = c10::cuda::CUDACachingAllocator::raw_alloc(bytes), which throws"


def _pinned(match, ctx):
    return (
        f"{match.pattern.anchor} has no drop-in successor: pinned memory comes as a tensor or a DataPtr that frees itself. Keep "
        "at::empty({bytes}, at::TensorOptions().dtype(at::kByte).pinned_memory(true)) alive instead of the raw pointer"
    )


rewrite = Rewrite(
    "thc-allocator",
    __doc__,
    cases=(
        # until torch 0.4 both returned an error, and THCudaMalloc took the address of the pointer
        Case("THCudaCheck(THCudaMalloc($state, $address, $bytes))", f"*($address) = {ALLOCATOR}::raw_alloc($bytes)", HEADER, _not_own, since="1.1"),
        Case("THCudaCheck(THCudaFree($state, $pointer))", f"{ALLOCATOR}::raw_delete($pointer)", HEADER, _not_own, since="1.1"),
        Case("THCudaMalloc($state, $address, $bytes)", f"*($address) = {ALLOCATOR}::raw_alloc($bytes)", HEADER, _alone, since="1.1"),
        Case("THCudaMalloc($state, $bytes)", f"{ALLOCATOR}::raw_alloc($bytes)", HEADER, _not_own, since="1.1"),
        Case("THCudaFree($state, $pointer)", f"{ALLOCATOR}::raw_delete($pointer)", HEADER, _not_own, since="1.1"),
        Case("THCudaHostAlloc($$$args)", "", HEADER, _pinned),
        Case("THCudaHostFree($$$args)", "", HEADER, _pinned),
        Case("THCudaMemGetInfo($state, $free, $total)", "cudaMemGetInfo($free, $total)", (), _not_own),
    ),
    removed_in="1.11",
    link="https://github.com/pytorch/pytorch/pull/65492",
)
