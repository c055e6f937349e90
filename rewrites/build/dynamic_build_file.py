"""Report build files whose sources or flags only running them could tell.

Nothing of a project is ever run. Sources that are made at run time are ported all the same where they lie under the folder that was given;
flags for old compilers that a build file fetches from elsewhere stay unseen.

Before:
    import json
    from torch.utils.cpp_extension import CUDAExtension
    CUDAExtension("op", json.load(open("sources.json")))
After:
    import json
    from torch.utils.cpp_extension import CUDAExtension
    CUDAExtension("op", json.load(open("sources.json")))
"""

from __future__ import annotations

from migrator.rewrite import Finding, Rewrite
from migrator.verify.static_python import Unknown
from rewrites.build._flags import ARGUMENTS, evaluated_calls

ID = "dynamic-build-file"
_CALLS = frozenset({"CUDAExtension", "CppExtension", "load"})


def fix(ctx):
    if not ctx.has("cpp_extension") or ctx.module is None:
        return
    seen: set[int] = set()
    for call in evaluated_calls(ctx, _CALLS):
        if call.line in seen:
            continue
        seen.add(call.line)
        start = ctx.file.line_starts[call.line - 1]
        given = {**dict(zip(("name", "sources"), call.args, strict=False)), **call.kwargs}
        sources = given.get("sources")
        if isinstance(sources, Unknown) or isinstance(sources, list) and any(isinstance(s, Unknown) for s in sources):
            yield Finding(
                ID,
                start,
                f"the sources given to {call.name} are made at run time; cuport does not run build files",
                "see that they lie under the folder that is migrated, and that none of them is a .c file that holds C++",
            )
        if any(isinstance(given.get(name), Unknown) for name in ARGUMENTS):
            yield Finding(
                ID,
                start,
                f"the flags given to {call.name} are made at run time; cuport does not run build files",
                "see that they name no C++ standard (-std=) and no GPU that the target's nvcc does not have (-gencode, -arch)",
            )


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=_CALLS, language="python", deprecated_in="1.0", order=6)
