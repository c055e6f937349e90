"""Drop the GPU architectures that the target's nvcc does not know.

CUDA 13 compiles for 7.5 and newer, CUDA 12 for 5.0 and newer: ``nvcc fatal: Unsupported gpu architecture 'compute_35'``. Where none is
left, torch chooses: the GPUs of this machine, or those in ``TORCH_CUDA_ARCH_LIST``. In a setup.py that calls nvcc itself
(``Extension(..., extra_compile_args={"nvcc": [...]})``) nvcc chooses: the oldest that it knows, as PTX for newer ones as well.

Before:
    from torch.utils.cpp_extension import CUDAExtension
    CUDAExtension("op", ["op.cu"], extra_compile_args={"nvcc": ["-O3", "-gencode", "arch=compute_35,code=sm_35", "-arch=sm_60"]})
After:
    from torch.utils.cpp_extension import CUDAExtension
    CUDAExtension("op", ["op.cu"], extra_compile_args={"nvcc": ["-O3"]})
"""

from __future__ import annotations

import re

from migrator.python import quote_like, string_value
from migrator.rewrite import Change, Finding, Rewrite
from rewrites.build import _arch
from rewrites.build._flags import ARGUMENTS, TORCH_WORDS, flags, prune
from rewrites.build._nvcc import RUNS_SHELL

ID = "hardcoded-gpu-arch"


def fix(ctx):
    yield from _list(ctx)
    if not any(w in ctx.file.data for w in (b"sm_", b"compute_")):
        return
    floor = _arch.oldest(ctx.settings.cuda)
    if not ctx.has(*ARGUMENTS, *TORCH_WORDS) and ctx.path not in flags(ctx.project).involved:
        yield from _commands(ctx, floor)
        return
    module = ctx.module
    if module is None:
        return

    def note(tokens, gone):
        if _arch.named(tokens) - gone:
            return ""
        return (
            "no architecture is named in this list any more: torch builds for the GPUs it sees; "
            'without one set TORCH_CUDA_ARCH_LIST, such as "7.5;8.0;9.0+PTX"'
        )

    def note_of_nvcc(tokens, gone):
        if _arch.named(tokens) - gone:
            return ""
        return f"no architecture is named in this list any more: nvcc makes code for {floor / 10:.1f}, and newer GPUs compile it"

    def drop(tokens):
        return _arch.drop(tokens, floor)

    changes, stuck = prune(ctx, ID, drop, note)
    more, stuck_too = prune(ctx, ID, drop, note_of_nvcc, flags(ctx.project).of_nvcc(ctx.path))
    changes, stuck = [*changes, *more], [*stuck, *stuck_too]
    yield from changes
    for literal in stuck:
        yield Finding(ID, module.start(literal), "an architecture that the target's nvcc does not have", _ADVICE)
    import libcst as cst

    mine = set(map(id, flags(ctx.project).of(ctx.path)))
    for literal in module.find(cst.SimpleString, cst.FormattedString) if ctx.has(*TORCH_WORDS) or mine else ():
        text = module.code(literal)
        if "\n" in text or isinstance(module.parent(literal), cst.Expr):
            continue
        if ("arch=" in text or "gencode" in text) and literal not in stuck:
            start, end = module.span(literal)
            if any(e.start < end and start < e.end for change in changes for e in change.edits):
                continue
            computed = isinstance(literal, cst.FormattedString) or "{" in text or "%" in text
            if computed and id(literal) in mine:
                yield Finding(ID, start, f"a computed architecture flag; nvcc of the target knows {floor / 10:.1f} and newer", _ADVICE)
            elif not computed and id(literal) not in mine and _arch.too_old(text, floor) and not _unused(ctx, literal):
                yield Finding(
                    ID, start, f"an architecture that the target's nvcc does not have: it knows {floor / 10:.1f} and newer", _ADVICE
                )


def _commands(ctx, floor):
    """``os.system("nvcc -arch=sm_52 ...")`` in a file that builds no extension by itself: a builder of cffi, or what ctypes loads."""
    module = ctx.module if ctx.has("nvcc") and ctx.has("system", "popen", "subprocess") else None
    if module is None:
        return
    import libcst as cst

    for literal in module.find(cst.SimpleString, cst.FormattedString):
        text = module.code(literal)
        if not ("arch" in text or "gencode" in text) or isinstance(module.parent(literal), cst.Expr) or not _arch.too_old(text, floor):
            continue
        call = module.enclosing(literal, cst.Call)
        while call is not None and module.qualified(call.func) not in RUNS_SHELL:
            call = module.enclosing(call, cst.Call)
        if _NVCC.search(text) or (call is not None and _NVCC.search(module.code(call))):
            yield Finding(
                ID, module.start(literal), f"an architecture that the target's nvcc does not have: it knows {floor / 10:.1f} and newer",
                "an architecture of the GPUs that there are, such as -arch=sm_80; or -arch=native",
            )  # fmt: skip


def _unused(ctx, literal) -> bool:
    """Whether the flag lies in a list at the top of the file that nothing reads: the maintainer gave it up."""
    import libcst as cst

    module = ctx.module
    assign = module.enclosing(literal, cst.Assign)
    target = assign.targets[0].target if assign is not None and len(assign.targets) == 1 else None
    if not isinstance(target, cst.Name) or not isinstance(assign.value, cst.List):
        return False
    name = target.value
    elsewhere = any(name.encode() in file.words for path, file in ctx.project.scripts.items() if path != ctx.path)
    top = isinstance(module.parent(module.parent(assign)), cst.Module)
    return top and not elsewhere and not any(n is not target and module.names.is_use(n) for n in module.names.occurrences(name))


def _list(ctx):
    """``os.environ["TORCH_CUDA_ARCH_LIST"] = "6.0;7.5"``"""
    if not ctx.has("TORCH_CUDA_ARCH_LIST"):
        return
    import libcst as cst

    module, floor = ctx.module, _arch.oldest(ctx.settings.cuda)
    for node in module.find(cst.Assign, cst.Call) if module is not None else ():
        value: cst.BaseExpression
        if isinstance(node, cst.Assign):
            target = node.targets[0].target
            if not isinstance(target, cst.Subscript) or module.qualified(target.value) != "os.environ" or len(target.slice) != 1:
                continue
            index = target.slice[0].slice
            key, value = string_value(index.value) if isinstance(index, cst.Index) else None, node.value
        else:
            if module.qualified(node.func) != "os.environ.setdefault" or len(node.args) != 2:
                continue
            key, value = string_value(node.args[0].value), node.args[1].value
        text = string_value(value)
        if key != "TORCH_CUDA_ARCH_LIST" or text is None or not isinstance(value, cst.SimpleString):
            continue
        separator = ";" if ";" in text else " "
        entries = [e for e in text.split(separator) if e.strip()]
        kept = [
            e for e in entries if not _LISTED.fullmatch(e.strip()) or int(e.strip().split("+")[0].rstrip("af").replace(".", "")) >= floor
        ]
        if len(kept) == len(entries):
            continue
        if kept:
            yield Change(ID, (module.replace(value, quote_like(value, separator.join(kept))),))
        else:
            yield Finding(
                ID,
                module.start(value),
                f"{text}: nvcc of the target knows {floor / 10:.1f} and newer",
                'name newer GPUs, such as "7.5;8.0;9.0+PTX"',
            )


_NVCC = re.compile(r"(?<![\w.-])nvcc(?![\w.])")
_LISTED = re.compile(r"\d+\.\d[af]?(?:\+PTX)?")
_ADVICE = "remove the flag and let torch choose, or set TORCH_CUDA_ARCH_LIST"
rewrite = Rewrite(
    ID,
    __doc__,
    fix=fix,
    triggers=frozenset({"arch", "gencode", "generate", "TORCH_CUDA_ARCH_LIST"}),
    language="python",
    removed_in="1.0",
    cuda_removed_in="11.0",
)
