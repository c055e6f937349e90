"""Drop a hard-coded ``_GLIBCXX_USE_CXX11_ABI=0``.

The wheels of torch use the new string ABI from 2.7 on; an extension compiled for the old one does not link (``undefined symbol
_ZN3c106detail14torchCheckFailEPKcS2_jRKSs``). ``torch.utils.cpp_extension`` passes what fits.

Before:
    from torch.utils.cpp_extension import CppExtension
    CppExtension("op", ["op.cpp"], extra_compile_args=["-O2", "-D_GLIBCXX_USE_CXX11_ABI=0"])
After:
    from torch.utils.cpp_extension import CppExtension
    CppExtension("op", ["op.cpp"], extra_compile_args=["-O2"])
"""

from __future__ import annotations

from migrator.python import cst, inner_span, remove_items, string_value
from migrator.rewrite import Change, Finding, Rewrite
from rewrites.build._flags import TORCH_WORDS, flags, prune

ID = "glibcxx-abi"
_MACRO = "_GLIBCXX_USE_CXX11_ABI"


def _drop(tokens):
    gone = set()
    for i, token in enumerate(tokens):
        if token in (f"-D{_MACRO}=0", f"/D{_MACRO}=0"):
            gone.add(i)
            if i and tokens[i - 1] in ("-Xcompiler", "--compiler-options"):
                gone.add(i - 1)
        elif token == "-D" and i + 1 < len(tokens) and tokens[i + 1] == f"{_MACRO}=0":
            gone |= {i, i + 1}
    return gone


def fix(ctx):
    if not ctx.has(*TORCH_WORDS) and ctx.path not in flags(ctx.project).involved:
        return
    module = ctx.module
    if module is None:
        return
    changes, stuck = prune(ctx, ID, _drop)
    yield from changes
    for literal in stuck:
        yield Finding(ID, module.start(literal), "the old string ABI, which torch does not have since 2.7", f"remove -D{_MACRO}=0")
    for pair in module.find(cst.Tuple):  # define_macros=[("_GLIBCXX_USE_CXX11_ABI", "0")]
        element = module.parent(pair)
        values = [string_value(e.value) for e in pair.elements]
        zero = len(values) == 2 and (values[1] == "0" or module.code(pair.elements[1].value) == "0")
        if values and values[0] == _MACRO and zero and isinstance(element, cst.Element):
            container = module.parent(element)
            if isinstance(container, cst.List):
                items = list(container.elements)
                yield Change(ID, tuple(remove_items(module, items, [items.index(element)], inner_span(module, container))))


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({_MACRO, "D_GLIBCXX_USE_CXX11_ABI"}), language="python", removed_in="2.7")
