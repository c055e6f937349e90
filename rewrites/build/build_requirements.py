"""Report requirements that are fetched while setup.py runs.

``setup_requires`` and ``fetch_build_eggs`` went from pip's way of building, and ``pkg_resources`` from new releases of setuptools. What a
build needs stands in ``pyproject.toml``.

Before:
    from setuptools import setup
    setup(name="op", setup_requires=["numpy"])
After:
    from setuptools import setup
    setup(name="op", setup_requires=["numpy"])
"""

from __future__ import annotations

from migrator.python import cst, dotted
from migrator.rewrite import Finding, Rewrite

ID = "build-requirements"
_PYPROJECT = 'list them in pyproject.toml, [build-system] requires = ["setuptools", ...], and install with pip install --no-build-isolation'


def fix(ctx):
    module = ctx.module
    if module is None:
        return
    is_build = ctx.path.name in ("setup.py", "build.py")
    for call in module.find(cst.Call) if is_build else ():
        if (dotted(call.func) or "").split(".")[-1] == "fetch_build_eggs":
            yield Finding(ID, module.start(call), "fetch_build_eggs downloads while setup.py runs", _PYPROJECT)
        for arg in call.args:
            if arg.keyword is not None and arg.keyword.value == "setup_requires" and (dotted(call.func) or "").split(".")[-1] == "setup":
                yield Finding(ID, module.start(arg), "setup_requires is read by no current installer", _PYPROJECT)
    for node in module.find(cst.Import, cst.ImportFrom) if ctx.has("pkg_resources") else ():
        if module.enclosing(node, cst.Try) is not None:
            continue
        source = dotted(node.module) if isinstance(node, cst.ImportFrom) and node.module is not None else None
        names = [source] if source else [dotted(a.name) for a in node.names] if isinstance(node, cst.Import) else []
        if any(n and n.split(".")[0] == "pkg_resources" for n in names):
            yield Finding(
                ID,
                module.start(node),
                "pkg_resources: new releases of setuptools do not have it",
                "importlib.metadata for versions, importlib.resources for files, packaging.version for comparing",
            )


rewrite = Rewrite(
    ID,
    __doc__,
    fix=fix,
    triggers=frozenset({"pkg_resources", "setup_requires", "fetch_build_eggs"}),
    language="python",
    deprecated_in="1.0",
)
