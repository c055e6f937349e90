"""Report TORCH_STABLE_ONLY and TORCH_TARGET_VERSION among the flags of an ordinary extension.

With ``TORCH_STABLE_ONLY`` the headers of ATen refuse to compile; ``TORCH_TARGET_VERSION`` hides what is newer than that release.

Before:
    from torch.utils.cpp_extension import CUDAExtension
    CUDAExtension("op", ["op.cu"], extra_compile_args=["-DTORCH_STABLE_ONLY"])
After:
    from torch.utils.cpp_extension import CUDAExtension
    CUDAExtension("op", ["op.cu"], extra_compile_args=["-DTORCH_STABLE_ONLY"])
"""

from __future__ import annotations

from migrator.python import cst, string_value
from migrator.rewrite import Finding, Rewrite
from rewrites.build._flags import TORCH_WORDS

ID = "stable-abi-macro"
_NAMES = ("TORCH_STABLE_ONLY", "TORCH_TARGET_VERSION")
_STABLE = (b"torch/csrc/stable", b"torch/headeronly")


def fix(ctx):
    module = ctx.module if ctx.has(*TORCH_WORDS) else None
    if module is None or any(s in f.data for f in ctx.project.files.values() for s in _STABLE):
        return
    for node in module.find(cst.SimpleString):
        value = string_value(node) or ""
        if value.removeprefix("-D").split("=")[0] in _NAMES:
            yield Finding(
                ID,
                module.start(node),
                f"{value}: only for extensions written against the stable ABI",
                "remove it: this extension includes ATen",
            )


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset({n for name in _NAMES for n in (name, "D" + name)}), language="python", removed_in="2.9"
)
