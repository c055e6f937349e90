"""Exchange values in a warp with the ``_sync`` intrinsics.

``__shfl*``, ``__ballot``, ``__any`` and ``__all`` without a mask are deprecated since CUDA 9.0, do not exist for sm_70 and newer, and
CUDA 13 has nothing older. The mask ``0xffffffff`` says that the whole warp takes part, which is certain where no branch or early return
lies between the start of the function and the call; elsewhere the change is made with ``--unsafe-fixes`` only.

Before:
    template <typename T> __device__ T sum(T x) { for (int i = 16; i > 0; i /= 2) x += __shfl_down(x, i); return x; }
After:
    template <typename T> __device__ T sum(T x) { for (int i = 16; i > 0; i /= 2) x += __shfl_down_sync(0xffffffff, x, i); return x; }
"""

import re

from migrator.calls import call_of, in_macro_definition
from migrator.rewrite import Change, Edit, Finding, Rewrite

ID = "warp-intrinsics"
_OLD = {
    "__shfl": "__shfl_sync", "__shfl_up": "__shfl_up_sync", "__shfl_down": "__shfl_down_sync", "__shfl_xor": "__shfl_xor_sync",
    "__ballot": "__ballot_sync", "__any": "__any_sync", "__all": "__all_sync",
}  # fmt: skip
_THREAD = re.compile(r"\b(?:threadIdx|laneId|lane_id|lane|tid|thread_id)\b")


def divergent(call) -> str | None:
    """Why the whole warp may not reach a call, or None where it certainly does."""
    node = call.node
    for parent in node.ancestors():
        kind = parent.kind
        if kind in ("function_definition", "lambda_expression"):
            if kind == "lambda_expression":
                continue
            break
        if kind == "if_statement" and node.field != "condition":
            return "it stands in a branch"
        if kind in ("conditional_expression", "switch_statement", "while_statement", "do_statement") and node.field != "condition":
            return "it stands in a branch"
        if kind == "binary_expression" and node.field == "right" and any(c.kind in ("&&", "||") for c in parent.children):
            return "it stands behind && or ||"
        if kind == "for_statement":
            condition = parent.field_child("condition")
            start = parent.field_child("initializer")
            update = parent.field_child("update")
            if any(_THREAD.search(part.text) for part in (condition, start, update) if part is not None):
                return "it stands in a loop whose bounds depend on the thread"
        if kind == "compound_statement":
            for sibling in parent.children:
                if sibling.start >= node.start:
                    break
                if any(n.kind in ("return_statement", "break_statement", "continue_statement") for n in sibling.walk()):
                    return "a thread may have returned before"
        node = parent
    return None


def fix(ctx):
    for name in ctx.names(_OLD):
        if ctx.project.functions(name.text) or ctx.project.macros(name.text):
            continue
        call = call_of(name)
        if call is None or not call.args:
            continue
        after = call.list.start + 1
        change = Change(ID, (Edit(name.start, name.end, _OLD[name.text].encode()), Edit(after, after, b"0xffffffff, ")))
        reason = None if in_macro_definition(name) is None and name.enclosing("function_definition") is not None else "it stands in a macro"
        reason = reason or divergent(call)
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
    ID, __doc__, fix=fix, triggers=frozenset(_OLD), cuda_removed_in="13.0",
    link="https://docs.nvidia.com/cuda/cuda-c-programming-guide/#warp-shuffle-functions",
)  # fmt: skip
