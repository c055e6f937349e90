"""Hand kernels packed accessors instead of ``THCDeviceTensor``.

Removed in torch 1.11 with the rest of THC. Both are indexed by ``[]``; ``getSize`` is ``size`` and ``getStride`` is ``stride``. Its index was
an ``int`` by default, as in ``PackedTensorAccessor32``. Where a pointer type of its own is named it is reported.

Before:
    __global__ void twice(THCDeviceTensor<float, 2> x) { if (threadIdx.x < x.getSize(0)) x[threadIdx.x][0] *= 2; }
    void launch(at::Tensor x) { twice<<<1, 32>>>(toDeviceTensor<float, 2>(state, x)); }
After:
    __global__ void twice(at::PackedTensorAccessor32<float, 2> x) { if (threadIdx.x < x.size(0)) x[threadIdx.x][0] *= 2; }
    void launch(at::Tensor x) { twice<<<1, 32>>>(x.packed_accessor32<float, 2>()); }
"""

from migrator.calls import call_of
from migrator.rewrite import Change, Edit, Finding, Rewrite, settings_floor

ID = "thc-device-tensor"
_MEMBERS = {"getSize": "size", "getStride": "stride", "data": "data"}
_INDEX = {"int": "32", "int32_t": "32", "int64_t": "64", "long": "64"}


def _width(arguments) -> str | None:
    """``32`` or ``64`` for the template arguments of a THCDeviceTensor: element, dimensions, index."""
    if len(arguments) == 2:
        return "32"
    return _INDEX.get(arguments[2].text) if len(arguments) == 3 else None


def _type(leaf):
    """(the whole type, its template arguments) of a ``THCDeviceTensor<...>``."""
    holder = leaf.parent
    arguments = holder.field_child("arguments") if holder is not None and holder.kind == "template_type" else None
    return (holder, arguments.named) if arguments is not None and len(arguments.named) >= 2 else None


def _members(ctx, name):
    """The member accesses of variables whose type is a THCDeviceTensor."""
    for leaf in ctx.names(name):
        access = leaf.parent
        if access is None or access.kind != "field_expression" or leaf.field != "field":
            continue
        type = ctx.type_of(access.field_child("argument"))
        if type is not None and type.base.startswith(("THCDeviceTensor<", "at::PackedTensorAccessor")) and not type.pointers:
            yield leaf, access


def fix(ctx):
    project = ctx.project
    if project.macros("THCDeviceTensor") or project.cached(ID, lambda: _is_own(project)):
        return
    if settings_floor(ctx) < (1, 3):
        return
    for leaf in ctx.names({"THCDeviceTensor"}):
        found = _type(leaf)
        if found is None:
            continue
        holder, arguments = found
        width = _width(arguments)
        if width is None:
            message = "THCDeviceTensor is gone, and this one has an index or a pointer of its own"
            advice = "at::PackedTensorAccessor32 or 64, with at::RestrictPtrTraits where the pointer was restrict"
            yield Finding(ID, leaf.start, message, advice)
            continue
        edits = [Edit(leaf.start, leaf.end, f"at::PackedTensorAccessor{width}".encode())]
        if len(arguments) == 3:
            edits.append(Edit(arguments[1].end, arguments[2].end, b""))
        yield Change(ID, tuple(edits), ("ATen/core/TensorAccessor.h",))
    for leaf, _ in _members(ctx, _MEMBERS):
        if _MEMBERS[leaf.text] != leaf.text:
            yield Change(ID, (Edit(leaf.start, leaf.end, _MEMBERS[leaf.text].encode()),))
    for leaf in ctx.names({"toDeviceTensor"}):
        call = call_of(leaf)
        holder = leaf.parent
        arguments = holder.field_child("arguments") if holder is not None and holder.kind == "template_function" else None
        if call is None or arguments is None or len(call.args) != 2:
            continue
        tensor = call.args[1]
        type = ctx.type_of(tensor)
        width = _width(arguments.named)
        if type is None or not type.is_tensor or type.pointers or width is None or tensor.kind not in ("identifier", "call_expression"):
            continue
        if tensor.kind == "call_expression":
            message = "an accessor is taken from a tensor that has a name, and this one is a temporary"
            yield Finding(ID, call.node.start, message, f"auto t = {tensor.text}; and t.packed_accessor{width}<...>()")
            continue
        elements = ", ".join(a.text for a in arguments.named[:2])
        new = f"{tensor.text}.packed_accessor{width}<{elements}>()"
        yield Change(ID, (Edit(call.node.start, call.node.end, new.encode("utf-8", "surrogateescape")),))


def _is_own(project) -> bool:
    """Whether the project carries a copy of the class."""
    for path in project.with_word("THCDeviceTensor"):
        for leaf in project.tree(path).names({"THCDeviceTensor"}):
            parent = leaf.parent
            if parent is not None and parent.kind in ("class_specifier", "struct_specifier") and parent.field_child("body") is not None:
                return True
    return False


rewrite = Rewrite(
    ID,
    __doc__,
    fix=fix,
    triggers=frozenset({"THCDeviceTensor", "toDeviceTensor", "getSize", "getStride"}),
    removed_in="1.11",
    cross_file=True,
    link="https://github.com/pytorch/pytorch/pull/65492",
)
