"""Drop the GPU architectures that the target's nvcc does not know.

CUDA 13 compiles for 7.5 and newer, CUDA 12 for 5.0 and newer: ``nvcc fatal: Unsupported gpu architecture 'compute_35'``. Where none is left,
torch chooses: the GPUs of this machine, or those in ``TORCH_CUDA_ARCH_LIST``.

Before:
    from torch.utils.cpp_extension import CUDAExtension
    CUDAExtension("op", ["op.cu"], extra_compile_args={"nvcc": ["-O3", "-gencode", "arch=compute_35,code=sm_35", "-arch=sm_60"]})
After:
    from torch.utils.cpp_extension import CUDAExtension
    CUDAExtension("op", ["op.cu"], extra_compile_args={"nvcc": ["-O3"]})
"""

from migrator.rewrite import Finding, Rewrite
from rewrites.build import _arch
from rewrites.build._flags import ARGUMENTS, TORCH_WORDS, flags, prune

ID = "hardcoded-gpu-arch"


def fix(ctx):
    if not any(w in ctx.file.data for w in (b"sm_", b"compute_")):
        return
    if not ctx.has(*ARGUMENTS, *TORCH_WORDS) and ctx.path not in flags(ctx.project).involved:
        return
    module = ctx.module
    if module is None:
        return
    floor = _arch.oldest(ctx.settings.cuda)

    def note(tokens, gone):
        if _arch.named(tokens) - gone:
            return ""
        return 'no architecture is named any more: torch builds for the GPUs it sees; without one set TORCH_CUDA_ARCH_LIST, such as "7.5;8.0;9.0+PTX"'

    changes, stuck = prune(ctx, ID, lambda tokens: _arch.drop(tokens, floor), note)
    yield from changes
    for literal in stuck:
        yield Finding(ID, module.start(literal), "an architecture that the target's nvcc does not have", _ADVICE)
    import libcst as cst

    mine = set(map(id, flags(ctx.project).of(ctx.path)))
    for literal in module.find(cst.SimpleString, cst.FormattedString) if ctx.has(*TORCH_WORDS) or mine else ():
        text = module.code(literal)
        if ("arch=" in text or "gencode" in text) and literal not in stuck:
            start, end = module.span(literal)
            if any(e.start < end and start < e.end for change in changes for e in change.edits):
                continue
            computed = isinstance(literal, cst.FormattedString) or "{" in text or "%" in text
            if computed and id(literal) in mine:
                yield Finding(ID, start, f"a computed architecture flag; nvcc of the target knows {floor / 10:.1f} and newer", _ADVICE)
            elif not computed and id(literal) not in mine and _arch.too_old(text, floor):
                yield Finding(ID, start, f"an architecture that the target's nvcc does not have: it knows {floor / 10:.1f} and newer", _ADVICE)


_ADVICE = "remove the flag and let torch choose, or set TORCH_CUDA_ARCH_LIST"
rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset({"arch", "gencode", "generate"}), language="python", removed_in="1.0", cuda_removed_in="11.0"
)
