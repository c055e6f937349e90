"""Ask the standard library and packaging for what ``pkg_resources`` told.

setuptools 82, of 2026, is without ``pkg_resources``, and a setup.py that imports it stops there. ``importlib.metadata`` knows the installed
distributions, and ``packaging.version`` compares versions; it comes with setuptools, and can be imported once setuptools was.
``get_distribution`` also took a requirement such as ``"numpy>=1.20"`` and told where a distribution lies: those uses are reported.

Before:
    from setuptools import setup
    from pkg_resources import get_distribution, parse_version
    import torch
    if parse_version(torch.__version__) < parse_version("1.5"):
        print(get_distribution("numpy").version)
After:
    from setuptools import setup
    from importlib.metadata import distribution
    from packaging.version import parse
    import torch
    if parse(torch.__version__) < parse("1.5"):
        print(distribution("numpy").version)
"""

from __future__ import annotations

import re
from dataclasses import replace

from migrator.python import cst, string_value
from migrator.python_names import import_pairs
from migrator.rewrite import Change, Edit, Rewrite
from rewrites.python._moved import Moved, moved, unused_imports
from rewrites.python._removed import Removed, removed

ID = "pkg-resources"
_GET = "pkg_resources.get_distribution"
_DISTRIBUTIONS = {
    _GET: Moved("importlib.metadata.distribution", by_name=True),
    "pkg_resources.DistributionNotFound": Moved("importlib.metadata.PackageNotFoundError", by_name=True),
}
_VERSIONS = {"pkg_resources.parse_version": Moved("packaging.version.parse", by_name=True)}
_BRING = frozenset({"setuptools", "packaging"})
_MESSAGE = "setuptools 82 has no pkg_resources"
_OTHERS = {
    "resource_filename": 'importlib.resources.files("package").joinpath("file")',
    "resource_string": 'importlib.resources.files("package").joinpath("file").read_bytes()',
    "resource_stream": 'importlib.resources.files("package").joinpath("file").open("rb")',
    "require": "importlib.metadata.distribution(name), and packaging.requirements.Requirement for what a requirement asks",
    "working_set": "importlib.metadata.distributions()",
    "iter_entry_points": "importlib.metadata.entry_points(group=...)",
    "parse_requirements": "packaging.requirements.Requirement(line) for each line",
    "get_distribution": "importlib.metadata.distribution(name), which takes a name alone and has no location",
    "DistributionNotFound": "importlib.metadata.PackageNotFoundError",
}
_GONE = {f"pkg_resources.{name}": Removed("2.11", _MESSAGE, advice) for name, advice in _OTHERS.items()}
_all, _versions = moved(ID, _DISTRIBUTIONS | _VERSIONS), moved(ID, _VERSIONS)
_report_all, _report = removed(ID, _GONE), removed(ID, {k: v for k, v in _GONE.items() if k not in _DISTRIBUTIONS})


def fix(ctx):
    module = ctx.module if ctx.has("pkg_resources") else None
    if module is None:
        return
    plain = _plain(module)
    for result in (_all if plain else _versions)(ctx):
        yield _after_setuptools(module, result)
    yield from (_report if plain else _report_all)(ctx)
    yield from unused_imports(module, ID, {"pkg_resources"})


def _after_setuptools(module, result):
    """The change with an import of setuptools above an import of packaging that nothing has made possible yet."""
    made = [e.start for e in result.edits if b"packaging" in e.text] if isinstance(result, Change) else []
    node = next((n for n in module.find(cst.Import, cst.ImportFrom) if made and module.span(n)[1] >= min(made)), None)
    if node is None or any(t.split(".")[0] in _BRING for n in _above(module, node) for _, t, _ in import_pairs(n)):
        return result
    line = module.start(node)
    indent = module.data[module.file.line_span(line)[0] : line]
    text = b"import setuptools" + (module.file.newline + indent if not indent.strip() else b"; ")
    if not any(e.start == line for e in result.edits):
        return replace(result, edits=(*result.edits, Edit(line, line, text)))
    return replace(result, edits=tuple(replace(e, text=text + e.text) if e.start == line else e for e in result.edits))


def _above(module, node):
    imports = module.find(cst.Import, cst.ImportFrom)
    return [n for n in imports if module.start(n) < module.start(node) and not isinstance(n.names, cst.ImportStar)]


def _plain(module) -> bool:
    """Whether every use of ``get_distribution`` asks for a distribution by its name, and for its version at most."""
    calls = {id(call.func): call for call, _ in module.names.calls({_GET})}
    for node, _ in module.names.references({_GET}):
        if module.enclosing(node, cst.Import, cst.ImportFrom) is not None:
            continue
        call = calls.get(id(node))
        if call is None or len(call.args) != 1 or call.args[0].star:
            return False
        name = string_value(call.args[0].value)
        if name is not None and not re.fullmatch(r"[\w.-]+", name):
            return False
        above = module.parent(call)
        if not (isinstance(above, cst.Expr) or isinstance(above, cst.Attribute) and above.attr.value == "version"):
            return False
    return True


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"pkg_resources"}), language="python", removed_in="2.11")
