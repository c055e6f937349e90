"""Rename C files that hold C++.

Setuptools hands ``.c`` files to the C compiler, without the flags of C++. What includes torch is C++, whatever its name says. (``load``
gives every source that is not CUDA to the C++ compiler.)

Before:
    from torch.utils.cpp_extension import CppExtension
    CppExtension("op", ["src/op.c"])
After:
    from torch.utils.cpp_extension import CppExtension
    CppExtension("op", ["src/op.c"])
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from migrator.python import argument, cst, quote_like, string_value
from migrator.rewrite import Change, Finding, Rename, Rewrite
from rewrites.build._flags import TORCH_CALLS, _Flow, extension_calls

ID = "c-source-holding-cpp"
_CALLS = TORCH_CALLS - {"create_extension"}
_CPP = re.compile(rb'#[ \t]*include[ \t]*[<"](?:torch/(?:extension|torch|types)\.h|ATen/|c10/|pybind11/)')


def fix(ctx):
    module = ctx.module if ctx.has("cpp_extension") and b".c" in ctx.file.data else None
    for call in extension_calls(module, _CALLS) if module is not None else ():
        sources = argument(call, "sources", 1)
        if sources is None:
            continue
        found: dict = {}
        _Flow(ctx.project, found).follow(ctx.path, module, sources)
        for literal in found.get(ctx.path, []):
            value = string_value(literal) or ""
            path = Path(os.path.normpath(ctx.path.parent / value))
            file = ctx.project.files.get(path)
            if not value.endswith(".c") or not isinstance(literal, cst.SimpleString):
                continue
            if file is None and not path.exists():
                yield Finding(
                    ID,
                    module.start(literal),
                    f"{value} is not among the files that were read",
                    "name it .cpp if it includes torch: .c is compiled as C",
                )
                continue
            if file is None or _CPP.search(file.data) is None:
                continue
            if (
                any(ctx.project.local_include(i, p) == path for p in ctx.project.files for i in ctx.project.includes(p))
                or path.with_suffix(".cpp").exists()
            ):
                yield Finding(ID, module.start(literal), f"{value} holds C++", "rename it to .cpp, here and where it is included")
                continue
            yield Change(ID, (module.replace(literal, quote_like(literal, value + "pp")),))
            yield Rename(ID, path, path.with_suffix(".cpp"))


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=_CALLS, language="python", removed_in="1.0")
