"""Give Thrust ATen's allocator instead of THC's.

``THCThrustAllocator`` was removed in torch 1.11 (pytorch/pytorch#65492); ``at::cuda::ThrustAllocator`` takes no state.

Before:
    THCThrustAllocator allocator(state);
    auto policy = thrust::cuda::par(allocator).on(stream);
After:
    #include <ATen/cuda/ThrustAllocator.h>
    at::cuda::ThrustAllocator allocator;
    auto policy = thrust::cuda::par(allocator).on(stream);
"""

from migrator.calls import closing_parenthesis
from migrator.rewrite import Change, Edit, Rewrite, settings_floor

ID = "thc-thrust-allocator"
HEADER = "ATen/cuda/ThrustAllocator.h"


def fix(ctx):
    data = ctx.file.data
    has_new = settings_floor(ctx) >= (1, 11)
    new = b"at::cuda::ThrustAllocator" if has_new else b"cuport::ThrustAllocator"
    for name in ctx.names({"THCThrustAllocator"}):
        edits = [Edit(name.start, name.end, new)]
        parent = name.parent
        if parent is not None and parent.kind == "call_expression":
            end = closing_parenthesis(data, name.end)
            if end is not None:
                edits.append(Edit(name.end, end, b"()"))
        elif parent is not None and parent.kind == "declaration":
            variable = next((n for n in parent.walk() if n.kind == "identifier" and n.start > name.end), None)
            end = closing_parenthesis(data, variable.end) if variable is not None else None
            if variable is not None and end is not None and data[end : parent.end].strip() == b";":
                edits.append(Edit(variable.end, end, b""))
        yield Change(ID, tuple(edits), (HEADER,)) if has_new else Change(ID, tuple(edits), compat=("thrust-allocator",))


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"THCThrustAllocator"}), removed_in="1.11", link="https://github.com/pytorch/pytorch/pull/65492")
