"""Make relative include folders of an extension absolute.

Since torch 1.5 ninja compiles extensions, and from the build folder: a folder such as ``csrc`` in ``include_dirs`` is not found from there
(``fatal error: cpu/vision.h: No such file or directory``). ``sources`` have to stay relative, setuptools wants them so.

Before:
    import os
    from torch.utils.cpp_extension import CppExtension
    csrc = os.path.join("pkg", "csrc")
    CppExtension("op", ["op.cpp"], include_dirs=[csrc])
After:
    import os
    from torch.utils.cpp_extension import CppExtension
    csrc = os.path.join("pkg", "csrc")
    CppExtension("op", ["op.cpp"], include_dirs=[os.path.abspath(csrc)])
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from migrator.python import Module, argument, cst, string_value
from migrator.python_imports import module_edits
from migrator.rewrite import Change, Finding, Rewrite

ID = "relative-include-dir"
_EXTENSIONS = frozenset(f"torch.utils.cpp_extension.{name}" for name in ("CppExtension", "CUDAExtension"))


def fix(ctx) -> Iterator[Change | Finding]:
    module = ctx.module
    for call in module.find(cst.Call) if module is not None else ():
        given = argument(call, "include_dirs")
        if given is None or not _makes_extension(module, call):
            continue
        relative = [item.value for part in _summands(given) for item in _items(part) if _is_relative(module, item.value)]
        whole = _holds_relative(module, given)
        if not relative and not whole:
            continue
        name, imported = _os(module), module_edits(module, "os")
        moves = [c for c, _ in module.names.calls({"os.chdir"})]
        if (name is None and imported is None) or any("__file__" not in module.code(c) for c in moves):
            advice = "write its absolute path: os.path.join(os.path.dirname(os.path.abspath(__file__)), ...)"
            yield Finding(ID, module.start(given), "ninja does not find a relative include folder", advice)
            continue
        missing = (imported or ()) if name is None else ()
        name = name or "os"
        if whole:
            text = f"[{_absolute(name, 'path', moves)} for path in {module.code(given)}]"
            yield Change(ID, (*missing, module.replace(given, text)))
        else:
            yield Change(ID, (*missing, *(module.replace(node, _absolute(name, module.code(node), moves)) for node in relative)))


def _summands(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The parts of ``a + b + c``."""
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Add):
        yield from _summands(node.left)
        yield from _summands(node.right)
    else:
        yield node


def _items(node: cst.CSTNode) -> Sequence[cst.BaseElement]:
    return node.elements if isinstance(node, (cst.List, cst.Tuple)) else ()


def _absolute(name: str, path: str, moves: list) -> str:
    """Code that makes a path absolute; where the file changes to its own folder later, by that folder."""
    if moves:
        return f"{name}.path.join({name}.path.dirname({name}.path.abspath(__file__)), {path})"
    return f"{name}.path.abspath({path})"


def _makes_extension(module: Module, call: cst.Call) -> bool:
    """Whether a call makes one of torch's extensions, by name or by a variable that holds one of the classes."""
    if module.qualified(call.func) in _EXTENSIONS:
        return True
    if not isinstance(call.func, cst.Name):
        return False
    values = _values(module, call.func)
    return bool(values) and all(module.qualified(value) in _EXTENSIONS for value in values)


def _values(module: Module, name: cst.Name) -> list[cst.CSTNode]:
    """What a variable is assigned, wherever that is; empty where something else binds it as well."""
    _, bound = module.names.bindings_at(name.value, name)
    assignments = [module.parent(b.node) for b in bound if isinstance(b.node, cst.AssignTarget)]
    return [a.value for a in assignments] if bound and len(assignments) == len(bound) else []


def _is_relative(module: Module, node: cst.CSTNode) -> bool:
    """Whether an expression is certainly a relative path."""
    text = string_value(node)
    if text is not None:
        return bool(text) and not os.path.isabs(text) and text[0] not in "~$"
    if isinstance(node, cst.Call):
        return module.qualified(node.func) == "os.path.join" and bool(node.args) and all(
            not arg.star and not arg.keyword and _is_relative(module, arg.value) for arg in node.args
        )
    if isinstance(node, cst.Name):
        values = _values(module, node)
        return len(values) == 1 and not isinstance(values[0], cst.Name) and _is_relative(module, values[0])
    return False


def _holds_relative(module: Module, node: cst.CSTNode) -> bool:
    """Whether an expression is a variable that starts as a list with a relative path in it."""
    if not isinstance(node, cst.Name):
        return False
    lists = _values(module, node)
    return bool(lists) and all(isinstance(v, (cst.List, cst.Tuple)) for v in lists) and any(
        _is_relative(module, item.value) for v in lists for item in v.elements
    )


def _os(module: Module) -> str | None:
    """The name of ``os`` in the file."""
    for local in sorted(module.names.imported("os")):
        if all(b.target == "os" and not b.guarded for found in module.names.bindings(local).values() for b in found):
            return local
    return None


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"include_dirs"}), language="python", removed_in="1.5")
