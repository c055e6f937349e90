"""Let torch choose the C++ standard.

``torch.utils.cpp_extension`` passes the right ``-std`` of every release, and only if the caller gives none. Its headers reject C++11 from
torch 1.5 on, C++14 from 2.1 on and C++17 from 2.14 on.

Before:
    from torch.utils.cpp_extension import CUDAExtension
    CUDAExtension("op", ["op.cpp", "op.cu"], extra_compile_args={"cxx": ["-O3", "-std=c++14"], "nvcc": ["-std=c++14"]})
After:
    from torch.utils.cpp_extension import CUDAExtension
    CUDAExtension("op", ["op.cpp", "op.cu"], extra_compile_args={"cxx": ["-O3"], "nvcc": []})
"""

from __future__ import annotations

from migrator.python import string_value
from migrator.rewrite import Finding, Rewrite, settings_floor
from rewrites.build import _standard
from rewrites.build._flags import ARGUMENTS, TORCH_WORDS, flags, prune

ID = "hardcoded-cxx-standard"


def fix(ctx):
    if b"std" not in ctx.file.words or b"std" not in ctx.file.data:
        return
    if not ctx.has(*ARGUMENTS, *TORCH_WORDS) and ctx.path not in flags(ctx.project).involved:
        return
    module = ctx.module
    if module is None:
        return
    old = lambda standard: standard < _standard.passed(ctx.settings.target)  # noqa: E731
    floor = _standard.passed(settings_floor(ctx))
    newer = lambda standard: old(standard) and standard > floor  # noqa: E731
    changes, stuck = prune(ctx, ID, lambda tokens: _standard.drop(tokens, lambda s: old(s) and s <= floor))
    yield from changes
    for literal in stuck:
        yield Finding(
            ID, module.start(literal), "a C++ standard that this torch does not compile with", "remove the -std flag: torch passes its own"
        )
    touched = {(e.start, e.end) for change in changes for e in change.edits}
    known = flags(ctx.project)
    mine = set(map(id, known.of(ctx.path)))
    elsewhere = set(map(id, known.elsewhere(ctx.path)))
    import libcst as cst

    for literal in module.find(cst.SimpleString, cst.FormattedString) if ctx.has(*TORCH_WORDS) or mine else ():
        start, end = module.span(literal)
        if literal in stuck or any(a <= start and end <= b for a, b in touched) or any(start <= a and b <= end for a, b in touched):
            continue
        value = string_value(literal)
        if isinstance(literal, cst.SimpleString):
            if value is None or isinstance(module.parent(literal), cst.Expr) or id(literal) in elsewhere and id(literal) not in mine:
                continue
            matches = [m for m in map(_standard.FLAG.fullmatch, value.split()) if m is not None]
            if not matches or not any(old(_standard.number(m.group(1))) for m in matches):
                continue
            if id(literal) in mine and any(newer(_standard.number(m.group(1))) for m in matches):
                yield Finding(
                    ID,
                    start,
                    f"{value}: the newest release of the range rejects it, and the oldest passes an older standard by itself",
                    f"raise --min-torch, or pass it where torch does not pass C++{_standard.passed(ctx.settings.target)} by itself",
                )
            elif not any(id(a) in mine for a in [literal, *module.ancestors(literal)]):
                yield Finding(
                    ID,
                    start,
                    f"{value}: it could not be told whether this reaches a torch extension",
                    "if so, remove it: torch passes its own",
                )
        elif id(literal) in mine and "std=" in module.code(literal) and "c++" in module.code(literal):
            yield Finding(ID, start, "a computed C++ standard", "remove it: torch passes the right one")


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"std"}), language="python", removed_in="1.5")
