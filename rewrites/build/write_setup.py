"""Write a setup.py and a pyproject.toml for extensions that have none.

Only on request: ``cuport migrate --write-setup``. The extensions are those that the project's ``build.py`` and ``load(...)`` calls build,
or else those that its sources define, with their import paths. What is there already is never overwritten.

``pip install --no-build-isolation .`` installs the result: an extension fits the torch it was compiled against, so pip has to compile it
where that torch is, not in the empty environment that it makes otherwise.

Before:
    from torch.utils.cpp_extension import load
    ops = load("ops", ["csrc/ops.cpp"])
After:
    from torch.utils.cpp_extension import load
    ops = load("ops", ["csrc/ops.cpp"])
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from migrator import releases
from migrator.rewrite import Change, Finding, NewFile, Rewrite
from rewrites.build._setup_text import HAS_CUDA, expression, into_setup, is_choice, literal, names_of
from rewrites.build._specification import Specification, specifications

ID = "write-setup"
SOURCES = "write-setup-sources"
_SOURCES_DOC = """Write a setup.py for sources that define a module and that no Python file builds.

Only on request: ``cuport migrate --write-setup``. Such a repository has a make file or nothing; the sources beside the one that defines the
module are taken for its sources.

Before:
    PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {}
    PYBIND11_MODULE(other, m) {}
After:
    PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {}
    PYBIND11_MODULE(other, m) {}
"""

_PYPROJECT = """\
# Install with
#     pip install --no-build-isolation .
# An extension fits the torch that it was compiled against, and no other. Without --no-build-isolation pip compiles in an environment of its
# own, which has no torch (so it stops there) or another one than yours. After an update of torch, install again.
# Where ninja is installed, the sources are compiled in parallel.

[build-system]
requires = ["setuptools>=70.1"]
build-backend = "setuptools.build_meta"

[project]
name = "{name}"
version = "0.1.0"
dependencies = ["torch>={torch}"]
"""


def fix(ctx, rule: str = ID):
    for root in ctx.project.roots:
        if not ctx.path.is_relative_to(root):
            continue
        specs = ctx.project.cached(("specifications", root), lambda root=root: specifications(ctx.project, root))
        for spec in specs:
            if spec.script == ctx.path:
                yield from _findings(ctx, root, spec, rule)
        usable = [s for s in specs if s.script.name != "setup.py" and (s.with_cuda is not None or s.without is not None)]
        setup = root / "setup.py"
        if setup in ctx.project.scripts or setup.exists():
            if ctx.path == setup:
                built = {s.name for s in specs if s.script == setup}
                yield from _existing(ctx, [s for s in usable if s.name not in built])
            continue
        if not usable:
            continue
        yield NewFile(rule, setup, _setup(root, usable, ctx.project).encode())
        if not (root / "pyproject.toml").exists():
            torch = ".".join(map(str, releases.minor(ctx.settings.min_torch)))
            yield NewFile(rule, root / "pyproject.toml", _PYPROJECT.format(name=_distribution(root), torch=torch).encode())


def _findings(ctx, root: Path, spec: Specification, rule: str):
    start = ctx.file.line_starts[spec.line - 1]
    for trouble in spec.trouble:
        yield Finding(rule, start, f"{spec.name or 'an extension'}: {trouble}", "add what is missing to the extensions in setup.py")
    if spec.call == "load" and (spec.with_cuda is not None or spec.without is not None):
        package, _, name = spec.name.rpartition(".")
        here = ".".join(ctx.path.parent.relative_to(root).parts)
        source = "." if package and package == here else package
        advice = f"from {source} import {name}" if source else f"import {name}"
        yield Finding(ID, start, f"load() compiles {name} again when this runs; setup.py builds it now", f"{advice}, in place of the call")


def _existing(ctx, specs: list[Specification]):
    """A setup.py that is there is given the extensions that it does not build."""
    edits = into_setup(ctx.module, specs) if specs and ctx.module is not None else []
    if edits:
        yield Change(ID, tuple(edits), note=f"it builds {', '.join(s.name for s in specs)} now")
    elif edits is None:
        names = ", ".join(s.name for s in specs)
        text = ", ".join(expression(s, "", HAS_CUDA) for s in specs)
        yield Finding(ID, 0, f"setup.py does not build {names}", f'ext_modules=[{text}], cmdclass={{"build_ext": BuildExtension}}')


def _distribution(root: Path) -> str:
    name = "".join(c if c.isalnum() or c in "-_." else "-" for c in root.name).strip("-_.")
    return name or "extension"


def _setup(root: Path, specs: list[Specification], project) -> str:
    names = ", ".join(names_of(specs))
    choice = any(map(is_choice, specs))
    lines = [
        '"""Builds the extensions here for the torch that is installed; pyproject.toml says how to install. Written by cuport."""',
        "",
        "from setuptools import setup",
        "",
        "try:",
        *(["    import torch"] if choice else []),
        f"    from torch.utils.cpp_extension import {names}",
        "except ImportError as error:",
        '    raise SystemExit(f"{error}; install torch, then: pip install --no-build-isolation .") from None',
        "",
        *([f"with_cuda = {HAS_CUDA}  # nvcc is needed, a GPU is not", ""] if choice else []),
        "setup(",
    ]
    if (root / "pyproject.toml").exists():  # which is not ours to change
        lines += [f'    name="{_distribution(root)}",', '    version="0.1.0",']
    lines += [f"    packages={literal(_packages(root, specs, project), '    ')},", "    ext_modules=["]
    lines += [f"        {expression(s, '        ', 'with_cuda')}," for s in specs]
    return "\n".join([*lines, "    ],", '    cmdclass={"build_ext": BuildExtension},', ")", ""])


def _packages(root: Path, specs: list[Specification], project) -> list[str]:
    """The packages that hold an extension, and what else lies in the topmost of them."""
    found = {p for s in specs for p in s.packages}
    top = {p.split(".")[0] for p in found}
    for path in {*project.scripts, *project.made}:
        if path.name == "__init__.py" and path.is_relative_to(root):
            parts = path.parent.relative_to(root).parts
            folders = [root.joinpath(*parts[: i + 1]) for i in range(len(parts))]
            if parts and parts[0] in top and all(f / "__init__.py" in project.scripts for f in folders):
                found.add(".".join(parts))
    return sorted(found)


_REQUESTED: dict = {"removed_in": "1.0", "default": False, "option": "--write-setup", "order": 8}
_PYTHON = frozenset({"CUDAExtension", "CppExtension", "load", "create_extension", "setup"})
_CPP = frozenset({"PYBIND11_MODULE", "TORCH_LIBRARY", "TORCH_LIBRARY_FRAGMENT"})
rewrites = [
    Rewrite(ID, __doc__, fix=fix, triggers=_PYTHON, language="python", **_REQUESTED),
    Rewrite(SOURCES, _SOURCES_DOC, fix=partial(fix, rule=SOURCES), triggers=_CPP, **_REQUESTED),
]
