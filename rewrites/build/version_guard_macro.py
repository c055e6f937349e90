"""Report macros for new releases that setup.py does not define at the target.

``-DVERSION_GE_1_3`` says that torch is 1.3 or newer. A condition such as ``TORCH_MAJOR == 1 and TORCH_MINOR > 2`` no longer holds from
torch 2.0 on: the sources are then compiled as if for an older release than that.

Before:
    import torch
    from torch.utils.cpp_extension import CppExtension
    MAJOR, MINOR = [int(v) for v in torch.__version__.split(".")[:2]]
    flags = ["-DVERSION_GE_1_3"] if MAJOR == 1 and MINOR > 2 else []
    CppExtension("op", ["op.cpp"], extra_compile_args=flags)
After:
    import torch
    from torch.utils.cpp_extension import CppExtension
    MAJOR, MINOR = [int(v) for v in torch.__version__.split(".")[:2]]
    flags = ["-DVERSION_GE_1_3"] if MAJOR == 1 and MINOR > 2 else []
    CppExtension("op", ["op.cpp"], extra_compile_args=flags)
"""

from __future__ import annotations

import re

from migrator.python import cst, string_value
from migrator.rewrite import Finding, Rewrite
from rewrites.build._flags import TORCH_CALLS, TORCH_WORDS, evaluated_calls

ID = "version-guard-macro"
_GUARD = re.compile(r"(?:-D)?((?:TORCH_|PYTORCH_)?VERSION_GE_(\d+)_(\d+))(?:=1)?")


def fix(ctx):
    if not ctx.has(*TORCH_WORDS) or b"VERSION_GE_" not in ctx.file.data:
        return
    module = ctx.module
    literals = [(n, _GUARD.fullmatch(string_value(n) or "")) for n in module.find(cst.SimpleString)] if module is not None else []
    wanted = [(n, m) for n, m in literals if m is not None and (int(m.group(2)), int(m.group(3))) <= ctx.settings.target[:2]]
    if not wanted:
        return
    release = ".".join(map(str, ctx.settings.target[:2])) + ".0"
    calls = evaluated_calls(ctx, TORCH_CALLS | {"load"}, release)
    given = str([(c.args, c.kwargs) for c in calls])
    for node, match in wanted:
        if calls and match.group(1) not in given:
            yield Finding(
                ID,
                module.start(node),
                f"{match.group(1)} is not defined for torch {release[:-2]}: the condition for it does not hold there",
                f"compare (major, minor) >= ({match.group(2)}, {match.group(3)}), or define it always",
            )


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=TORCH_WORDS, language="python", removed_in="2.0")
