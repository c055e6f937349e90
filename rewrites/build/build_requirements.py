"""Report requirements that are fetched while setup.py runs.

``pip install --no-build-isolation``, which an extension of torch needs, passes ``setup_requires`` over (what only tests want is no matter);
``fetch_build_eggs`` went from pip's way of building. What a build needs stands in ``pyproject.toml``.

Before:
    from setuptools import setup
    setup(name="op", setup_requires=["numpy"])
After:
    from setuptools import setup
    setup(name="op", setup_requires=["numpy"])
"""

from __future__ import annotations

import re

from migrator.python import cst, dotted, string_value
from migrator.rewrite import Finding, Rewrite

ID = "build-requirements"
_NO_MATTER = frozenset({"pytest", "pytest-runner", "nose", "setuptools", "wheel"})
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
                if not _is_for_tests(arg.value):
                    message = "pip install --no-build-isolation, which an extension of torch needs, passes setup_requires over"
                    yield Finding(ID, module.start(arg), message, _PYPROJECT)


def _is_for_tests(value) -> bool:
    """Whether a list of requirements names nothing that a build needs."""
    names = [string_value(e.value) or "?" for e in value.elements] if isinstance(value, (cst.List, cst.Tuple)) else ["?"]
    return all(re.match(r"[\w.-]*", name).group() in _NO_MATTER for name in names)


rewrite = Rewrite(
    ID,
    __doc__,
    fix=fix,
    triggers=frozenset({"setup_requires", "fetch_build_eggs"}),
    language="python",
    deprecated_in="1.0",
)
