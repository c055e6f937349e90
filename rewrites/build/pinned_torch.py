"""Report requirements that keep the target's torch out.

Before:
    from setuptools import setup
    setup(name="op", install_requires=["torch==1.0.1.post2"])
After:
    from setuptools import setup
    setup(name="op", install_requires=["torch==1.0.1.post2"])
"""

from __future__ import annotations

import re

from migrator import releases
from migrator.python import cst, string_value
from migrator.rewrite import Finding, Rewrite

ID = "pinned-torch"
_PIN = re.compile(r"(?:torch|pytorch)(?:\[[\w,]*\])?[ \t]*(===?|=|<=?|~=)[ \t]*v?(\d+(?:\.\d+)*)[^\s,;#'\"]*")
_LINE = re.compile(rb"(?m)^[ \t]*(?:-[ \t]+)?['\"]?((?:torch|pytorch)(?:\[[\w,]*\])?[ \t]*(?:[<>=~!]=?=?)[^\n#]*)")


def _keeps_out(text: str, target) -> bool:
    for match in _PIN.finditer(text):
        operator, version = match.group(1), tuple(int(p) for p in match.group(2).split("."))
        width = min(len(version), 2)
        mine = target[:width]
        if operator in ("==", "===", "=") and version[:width] != mine:
            return True
        if operator == "~=" and (version[:1] != target[:1] or (len(version) > 2 and version[:2] != target[:2])):
            return True
        if operator == "<" and version <= target[: len(version)] and (len(version) > 1 or target >= version):
            return True
        if operator == "<=" and version[:width] < mine:
            return True
    return False


_FILE_DOC = """Report requirement files that keep the target's torch out.

Before:
    torch==1.0.1.post2
After:
    torch==1.0.1.post2
"""


def _finding(ctx, start, text, rule=ID):
    goal = ".".join(str(p) for p in releases.minor(ctx.settings.min_torch))
    return Finding(rule, start, f"{text.strip()} keeps the target's torch out", f"torch>={goal}")


def fix_python(ctx):
    if ctx.path.name not in ("setup.py", "build.py") and not ctx.has("install_requires"):
        return
    module = ctx.module
    for node in module.find(cst.SimpleString) if module is not None else ():
        value = string_value(node)
        if value is not None and re.match(r"(?:torch|pytorch)(?:\[|[ \t]*[<>=~!])", value) and _keeps_out(value, ctx.settings.target):
            yield _finding(ctx, module.start(node), value)


def fix_text(ctx):
    if ctx.path.suffix == ".sh" or ctx.path.name.startswith(("Makefile", "CMake")):
        return
    for match in _LINE.finditer(ctx.file.data):
        text = match.group(1).decode("utf-8", "replace").strip().rstrip("\"',")
        if _keeps_out(text, ctx.settings.target):
            yield _finding(ctx, match.start(1), text, ID + "-file")


_TRIGGERS = frozenset({"torch", "pytorch"})
rewrites = [
    Rewrite(ID, __doc__, fix=fix_python, triggers=_TRIGGERS, language="python", deprecated_in="1.0"),
    Rewrite(ID + "-file", _FILE_DOC, fix=fix_text, triggers=_TRIGGERS, language="build", deprecated_in="1.0"),
]
