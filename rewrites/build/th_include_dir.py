"""Report include folders of TH and THC.

``include/TH`` and ``include/THC`` hold nothing that an extension needs since torch 1.11; ``torch.utils.cpp_extension`` passes them no more
from 2.7 on. The folder ``lib/include`` became ``include`` in 1.2.

Before:
    import os, torch
    from torch.utils.cpp_extension import CppExtension
    CppExtension("op", ["op.cpp"], include_dirs=[os.path.dirname(torch.__file__) + "/lib/include/TH"])
After:
    import os, torch
    from torch.utils.cpp_extension import CppExtension
    CppExtension("op", ["op.cpp"], include_dirs=[os.path.dirname(torch.__file__) + "/lib/include/TH"])
"""

from __future__ import annotations

import re

from migrator.python import cst, string_value
from migrator.rewrite import Finding, Rewrite
from rewrites.build._flags import TORCH_WORDS

ID = "th-include-dir"
_PATH = re.compile(r"(?:^|/)include/THC?(?:/|$)|(?:^|/)lib/include(?:/|$)")


def fix(ctx):
    module = ctx.module if ctx.has(*TORCH_WORDS) else None
    for node in module.find(cst.SimpleString) if module is not None else ():
        value = string_value(node)
        if value is not None and _PATH.search(value) and "\n" not in value:
            yield Finding(
                ID,
                module.start(node),
                f"{value}: torch has no such folder",
                "remove it: CUDAExtension and CppExtension pass torch's include folders",
            )


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"include"}), language="python", removed_in="2.7")
