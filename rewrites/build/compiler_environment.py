"""Report a build script that sets the compiler for everybody.

``os.environ["CC"] = "g++"`` hides the compiler that the user chose, and an old one cannot compile torch's headers (C++20 from 2.14 on).

Before:
    import os
    from torch.utils.cpp_extension import CppExtension
    os.environ["CC"] = "g++"
After:
    import os
    from torch.utils.cpp_extension import CppExtension
    os.environ["CC"] = "g++"
"""

from __future__ import annotations

from migrator.python import cst, string_value
from migrator.rewrite import Finding, Rewrite
from rewrites.build._flags import TORCH_WORDS

ID = "compiler-environment"


def fix(ctx):
    module = ctx.module if ctx.has(*TORCH_WORDS) else None
    for node in module.find(cst.Assign) if module is not None else ():
        for target in node.targets:
            place = target.target
            if not isinstance(place, cst.Subscript) or module.qualified(place.value) != "os.environ" or len(place.slice) != 1:
                continue
            index = place.slice[0].slice
            name = string_value(index.value) if isinstance(index, cst.Index) else None
            if name in ("CC", "CXX"):
                yield Finding(
                    ID,
                    module.start(node),
                    f"{name} is set for everybody",
                    f"remove the line: the user's {name} and torch's default are right; the headers of 2.14 and newer need C++20",
                )


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"CC", "CXX"}), language="python", deprecated_in="1.0")
