"""Report old names in the C++ and CUDA that ``load_inline`` is given as text.

Text in a Python file is not ported: strings stay as they are. What is gone there is reported, with the line.

Before:
    from torch.utils.cpp_extension import load_inline
    ops = load_inline("ops", ['void f(torch::Tensor x) { AT_CHECK(x.is_cuda(), "x"); }'], functions=["f"])
After:
    from torch.utils.cpp_extension import load_inline
    ops = load_inline("ops", ['void f(torch::Tensor x) { AT_CHECK(x.is_cuda(), "x"); }'], functions=["f"])
"""

from __future__ import annotations

import re

from migrator.python import argument, cst, string_value
from migrator.rewrite import Finding, Rewrite
from rewrites.build._flags import _Flow

ID = "inline-sources"
_OLD = re.compile(r"\b(?:AT_CHECK|THC[A-Z]\w*|THCuda\w+|TH[A-Z][a-z]+Tensor\w*|THC?/\w+\.cuh?|THC?/\w+\.h)")


def fix(ctx):
    module = ctx.module if ctx.has("load_inline") else None
    for call in module.find(cst.Call) if module is not None else ():
        if module.qualified(call.func) != "torch.utils.cpp_extension.load_inline":
            continue
        found: dict = {}
        flow = _Flow(ctx.project, found)
        for name, position in (("cpp_sources", 1), ("cuda_sources", 2)):
            value = argument(call, name, position)
            if value is not None:
                flow.follow(ctx.path, module, value)
        for literal in found.get(ctx.path, []):
            text = string_value(literal) if not isinstance(literal, cst.FormattedString) else module.code(literal)
            names = list(dict.fromkeys(_OLD.findall(text or "")))
            if names:
                yield Finding(
                    ID,
                    module.start(literal),
                    f"{', '.join(names[:4])} in C++ that load_inline compiles: text is not ported",
                    "put it into a .cpp or .cu file for load(), migrate that, and copy the result back if it has to be text",
                )


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"load_inline"}), language="python", removed_in="1.5")
