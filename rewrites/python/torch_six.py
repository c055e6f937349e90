"""Say in Python 3 what ``torch._six`` said for Python 2 and 3.

The module left with torch 2.0, ``PY3`` with 1.8 and ``PY37`` with 1.11 already. ``string_classes`` was ``(str, bytes)`` on Python 3 and
``int_classes`` was ``int``. Of a branch on ``PY3`` what Python 3 runs is kept.

Before:
    from torch._six import container_abcs, string_classes
    if isinstance(batch, string_classes) or isinstance(batch, container_abcs.Mapping):
        batch = list(batch)
After:
    import collections.abc as container_abcs
    if isinstance(batch, (str, bytes)) or isinstance(batch, container_abcs.Mapping):
        batch = list(batch)
"""

from __future__ import annotations

from migrator.python import cst
from migrator.python_branches import decided
from migrator.python_imports import module_edits, take_from_import
from migrator.python_names import source_module
from migrator.rewrite import Change, Finding, Rewrite
from rewrites.python._moved import Moved, moved, no_arm_works, renamable, unused_module

ID = "torch-six"
_TABLE = {
    "torch._six.inf": Moved("math.inf"),
    "torch._six.nan": Moved("math.nan"),
    "torch._six.StringIO": Moved("io.StringIO"),
    "torch._six.int_classes": Moved("int"),
    "torch._six.FileNotFoundError": Moved("FileNotFoundError"),
    "torch._six.imap": Moved("map"),
    "torch._six.exec_": Moved("exec"),
}
_MODULES = {"container_abcs": "collections.abc", "queue": "queue", "builtins": "builtins"}
_VALUES = {"string_classes": "(str, bytes)", "PY2": "False", "PY3": "True", "PY37": "True"}
_GONE = {
    "with_metaclass": "class C(Base, metaclass=Meta)",
    "raise_from": "raise error from cause",
    "istuple": "isinstance(x, tuple)",
    "bind_method": "types.MethodType(fn, obj)",
    "get_function_from_type": "getattr(cls, name, None)",
}
_ALL = {f"torch._six.{name}": Moved(name) for name in (*_MODULES, *_VALUES, *_GONE)} | _TABLE
_follow = moved(ID, _TABLE)


def fix(ctx):
    module = ctx.module
    if module is None:
        return
    yield from _follow(ctx)
    for node in module.find(cst.ImportFrom):
        if source_module(node) != "torch._six" or isinstance(node.names, cst.ImportStar):
            continue
        if module.names.guarded_import(node) and not no_arm_works(module, node, _ALL):
            continue
        for alias in node.names:
            yield from _imported(ctx, module, node, alias)
    yield from unused_module(module, ID, "torch._six")
    wanted = _ALL.keys() - _TABLE.keys()
    for node, name in module.names.references(wanted):
        if isinstance(node, cst.Attribute):
            yield from _used(module, node, name.rsplit(".", 1)[-1])


def _imported(ctx, module, node, alias):
    name = alias.name.value
    local = alias.asname.name.value if alias.asname is not None else name
    if name in _MODULES:
        home = _MODULES[name]
        edits = take_from_import(module, node, [alias], [f"import {home}" + (f" as {local}" if local != home else "")])
    elif name in _VALUES:
        uses = renamable(ctx, module, alias)
        if uses is None:
            edits = take_from_import(module, node, [alias], [f"{local} = {_VALUES[name]}"])
        else:
            edits = take_from_import(module, node, [alias], [])
            if edits is not None:
                edits += tuple(_value(module, use, name) for use in uses)
    elif name in _GONE:
        yield Finding(ID, module.start(alias), f"torch._six.{name} is gone", _GONE[name])
        return
    else:
        return
    if edits is None:
        yield Finding(
            ID, module.start(alias), f"torch._six.{name} is gone", f"{_MODULES.get(name) or _VALUES.get(name)} is what it stood for"
        )
    else:
        yield Change(ID, tuple(sorted(edits)))


def _used(module, node, name):
    if name in _GONE:
        yield Finding(ID, module.start(node), f"torch._six.{name} is gone", _GONE[name])
    elif name in _VALUES:
        yield Change(ID, (_value(module, node, name),))
    else:
        needed = module_edits(module, _MODULES[name])
        if needed is None:
            yield Finding(ID, module.start(node), f"torch._six.{name} is gone", f"import {_MODULES[name]} under a free name")
        else:
            yield Change(ID, (*needed, module.replace(node, _MODULES[name])))


def _value(module, node, name):
    value = _VALUES[name]
    return module.replace(node, value) if name == "string_classes" else decided(module, node, value == "True")


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"_six"}), language="python", removed_in="1.8")
