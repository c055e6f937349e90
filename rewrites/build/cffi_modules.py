"""Give setup() the extensions that ``cffi_modules`` built through a ``build.py``.

``torch.utils.ffi`` went with torch 1.0, and what its ``build.py`` makes now is an extension of setuptools, which cffi does not know. The
extensions are written out in setup.py, with paths from there. The requirement of cffi goes with its argument.

Before:
    from setuptools import setup
    setup(name="op", cffi_modules=["op/build.py:ffi"])
After:
    from setuptools import setup
    setup(name="op", cffi_modules=["op/build.py:ffi"])
"""

from __future__ import annotations

import os
from pathlib import Path

from migrator.python import argument_node, cst, dotted, inner_span, remove_items, string_value
from migrator.rewrite import Change, Finding, Rewrite
from rewrites.build._flags import remove_statement
from rewrites.build._setup_text import HAS_CUDA, expression, into_setup
from rewrites.build._specification import specifications

ID = "cffi-modules"


def fix(ctx):
    module = ctx.module
    for call in module.find(cst.Call) if module is not None else ():
        old = argument_node(call, "cffi_modules")
        if old is None or (dotted(call.func) or "").split(".")[-1] != "setup":
            continue
        scripts = _scripts(ctx, module, old)
        if scripts and all(s in ctx.project.scripts and b"torch" not in ctx.project.scripts[s].words for s in scripts):
            continue  # cffi without torch: as good as ever
        specs = [s for s in specifications(ctx.project, ctx.path.parent) if s.script in scripts]
        ready = specs and all(s.with_cuda is not None or s.without is not None for s in specs)
        edits = into_setup(module, specs, old) if ready else None
        if edits is None:
            text = ", ".join(expression(s, "", HAS_CUDA) for s in specs if s.with_cuda or s.without) or 'CUDAExtension("...", [...])'
            yield Finding(
                ID,
                module.start(old),
                "cffi_modules ran a build.py of torch.utils.ffi, which went with torch 1.0",
                f'ext_modules=[{text}], cmdclass={{"build_ext": BuildExtension}}',
            )
            continue
        gone = []
        for i, arg in enumerate(call.args):
            name = arg.keyword.value if arg.keyword is not None else ""
            if name == "ext_package" and string_value(arg.value) == "":
                gone.append(i)
            elif name in ("install_requires", "setup_requires") and isinstance(arg.value, cst.List):
                items = list(arg.value.elements)
                cffi = [j for j, e in enumerate(items) if (string_value(e.value) or "").strip().startswith("cffi")]
                if cffi and len(cffi) == len(items):
                    gone.append(i)
                else:
                    edits += remove_items(module, items, cffi, inner_span(module, arg.value))
        edits += remove_items(module, list(call.args), gone, inner_span(module, call))
        edits += _unused_imports(module, ctx.path.parent, scripts, edits)
        yield Change(ID, tuple(edits), note="pip install --no-build-isolation . builds it")


def _scripts(ctx, module, arg) -> set[Path]:
    """The scripts that the argument names: ``op/build.py`` of ``os.path.join(here, "op/build.py:ffi")``."""
    found = set()
    for node in module.find(cst.SimpleString, under=arg):
        script, colon, _ = (string_value(node) or "").partition(":")
        if colon and script.endswith(".py"):
            found.add(Path(os.path.normpath(ctx.path.parent / script)))
    return found


def _unused_imports(module, folder: Path, scripts: set[Path], edits) -> list:
    """``import build``, where nothing uses it: under pip that is another module, or none."""
    found = []
    for node in module.find(cst.Import):
        names = {dotted(a.name) for a in node.names}
        used = any(n.value in names and not isinstance(module.parent(n), cst.ImportAlias) for n in module.find(cst.Name))
        if len(names) == 1 and names <= {s.stem for s in scripts if s.parent == folder} and not used:
            edit = remove_statement(module, node)
            if not any(e.start <= edit.end and edit.start <= e.end for e in edits):
                found.append(edit)
    return found


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"cffi_modules"}), language="python", removed_in="1.0", order=7)
