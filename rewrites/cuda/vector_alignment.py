"""Report vector types whose alignment is to change.

CUDA 13.0 deprecated ``double4``, ``long4``, ``ulong4``, ``longlong4`` and ``ulonglong4``: they are aligned to 16 bytes, and there are
``double4_16a`` and ``double4_32a`` to say which is meant. Older toolkits have only the old names.

Before:
    __global__ void copy(double4 *to, const double4 *from) { to[threadIdx.x] = from[threadIdx.x]; }
After:
    __global__ void copy(double4 *to, const double4 *from) { to[threadIdx.x] = from[threadIdx.x]; }
"""

from migrator.rewrite import Finding, Rewrite

ID = "vector-alignment"
_TYPES = ("double4", "long4", "ulong4", "longlong4", "ulonglong4")


def fix(ctx):
    if b"metal" in ctx.file.words:
        return  # a shader of Metal, which has types of these names
    for word in _TYPES:
        first = next((n for n in ctx.names({word}) if n.kind == "type_identifier"), None)
        if first is not None and first.field != "name" and not _is_own(ctx, word):
            yield Finding(
                ID, first.start, f"{word} is deprecated since CUDA 13.0, and aligned to 16 bytes",
                f"{word}_16a, the same layout, where no toolkit before 13.0 has to compile it",
            )  # fmt: skip


def _is_own(ctx, word) -> bool:
    """Whether the project declares a type of this name itself."""
    for path in ctx.project.with_word(word):
        for leaf in ctx.project.tree(path).names({word}):
            if leaf.field == "name" or (leaf.field != "type" and leaf.enclosing("type_definition") is not None):
                return True
    return False


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset(_TYPES), cuda_deprecated_in="13.0",
    link="https://docs.nvidia.com/cuda/cuda-toolkit-release-notes/",
)  # fmt: skip
