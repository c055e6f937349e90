"""Take the bytes of an array with ``tobytes``.

``numpy.ndarray.tostring`` is gone since NumPy 2.3 (deprecated since 1.19), ``array.array.tostring`` since Python 3.9; ``tobytes`` is the
same, and as old as NumPy 1.9 and Python 3.2. Other classes have a ``tostring`` too: it changes where the source says that it is an array,
and is reported where it may be one. ``canvas.tostring_rgb()`` is gone since matplotlib 3.10, and is reported.

Before:
    import numpy as np
    data = np.asarray(image, dtype=np.uint8).tostring()
After:
    import numpy as np
    data = np.asarray(image, dtype=np.uint8).tobytes()
"""

from __future__ import annotations

from migrator.python import Module, cst
from migrator.rewrite import Change, Finding, Rewrite

ID = "array-tostring"
_MADE = frozenset(  # functions of numpy that certainly give an array
    "array asarray ascontiguousarray zeros ones empty full arange linspace zeros_like ones_like concatenate stack hstack vstack fromfile "
    "frombuffer fromstring load transpose clip expand_dims".split()
)
_KEEP = frozenset("astype reshape transpose copy flatten ravel squeeze swapaxes clip".split())
_DEPTH = 6


def fix(ctx):
    module = ctx.module if ctx.has("tostring", "tostring_rgb") else None
    if module is None:
        return
    for call in module.names.method_calls("tostring_rgb"):
        advice = f"np.asarray({module.code(call.func.value)}.buffer_rgba())[..., :3], of height x width x 3"
        yield Finding(ID, module.start(call), "tostring_rgb is gone since matplotlib 3.10", advice)
    if any(isinstance(module.parent(n), cst.FunctionDef) for n in module.names.occurrences("tostring")):
        return  # a class of the file's own has one
    for call in module.names.method_calls("tostring"):
        owner = call.func.value
        if _is_array(module, owner):
            yield Change(ID, (module.replace(call.func.attr, "tobytes"),))
        elif not call.args and (_is_sized(module, owner) or _may_be_array(ctx, owner)):
            yield Finding(ID, module.start(call), "tostring of an array is gone since NumPy 2.3, and Python 3.9", f"{module.code(owner)}.tobytes(), if it is one")


def _is_sized(module: Module, owner: cst.CSTNode) -> bool:
    """Whether the source asks a name for what arrays have."""
    if not isinstance(owner, cst.Name):
        return False
    return any(
        isinstance(above := module.parent(n), cst.Attribute) and above.value is n and above.attr.value in ("shape", "dtype", "nbytes", "ndim")
        for n in module.names.occurrences(owner.value)
    )


def _may_be_array(ctx, owner: cst.CSTNode) -> bool:
    """Whether an element of something, or what a method of arrays gives, in a file that has to do with them."""
    if not ctx.has("numpy", "cv2"):
        return False
    if isinstance(owner, cst.Call) and isinstance(owner.func, cst.Attribute):
        return owner.func.attr.value in _KEEP
    return isinstance(owner, cst.Subscript)


def _is_array(module: Module, node: cst.CSTNode, depth: int = 0) -> bool:
    if depth > _DEPTH:
        return False
    if isinstance(node, cst.Call):
        name = module.names.qualified(node.func)
        if name is not None:
            return name == "array.array" or (name.startswith("numpy.") and name.removeprefix("numpy.") in _MADE)
        if not isinstance(node.func, cst.Attribute):
            return False
        method = node.func.attr.value
        if method == "numpy" and not node.args or method == "astype" and node.args:
            return True
        return method in _KEEP and _is_array(module, node.func.value, depth + 1)
    if isinstance(node, cst.Subscript):
        if module.code(node).endswith("[1]") and _is_encoded(module, node.value):
            return True
        return any(isinstance(e.slice, cst.Slice) for e in node.slice) and _is_array(module, node.value, depth + 1)
    if isinstance(node, cst.Name):
        _, bound = module.names.bindings_at(node.value, node)
        return bool(bound) and all(_bound_to_array(module, b.node, node.value, depth + 1) for b in bound)
    return False


def _is_encoded(module: Module, node: cst.CSTNode | None) -> bool:
    """Whether an expression is ``cv2.imencode(...)``: whether that went well, and the bytes."""
    return isinstance(node, cst.Call) and module.names.qualified(node.func) == "cv2.imencode"


def _bound_to_array(module: Module, target: cst.CSTNode, name: str, depth: int) -> bool:
    """Whether what a plain assignment binds a name to is an array."""
    above = module.parent(target)
    if not isinstance(target, cst.AssignTarget) or not isinstance(above, cst.Assign):
        return False
    if isinstance(target.target, cst.Name):
        return _is_array(module, above.value, depth)
    elements = target.target.elements if isinstance(target.target, cst.Tuple) else ()
    return len(elements) == 2 and module.code(elements[1].value) == name and _is_encoded(module, above.value)


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"tostring", "tostring_rgb"}), language="python", removed_in="2.8")
