"""Read ``type`` of ``cudaPointerAttributes`` instead of ``memoryType`` and ``isManaged``.

The two members are not in the headers of CUDA 11.8 and newer. ``memoryType`` was that of device memory for managed memory as well;
``type`` tells them apart.

Before:
    bool managed(cudaPointerAttributes a) { return a.isManaged; }
    bool on_gpu(cudaPointerAttributes a) { return a.memoryType == cudaMemoryTypeDevice; }
After:
    bool managed(cudaPointerAttributes a) { return (a.type == cudaMemoryTypeManaged); }
    bool on_gpu(cudaPointerAttributes a) { return (a.type == cudaMemoryTypeDevice || a.type == cudaMemoryTypeManaged); }
"""

from migrator.rewrite import Change, Edit, Finding, Rewrite

ID = "cuda-pointer-attributes"


def fix(ctx):
    for name in ctx.names({"memoryType", "isManaged"}):
        access = name.parent
        owner = (
            access.field_child("argument") if access is not None and access.kind == "field_expression" and name.field == "field" else None
        )
        type = ctx.type_of(owner) if owner is not None else None
        if type is None or type.base != "cudaPointerAttributes":
            continue
        value = ctx.file.text(access.start, name.start) + "type"
        parent = access.parent
        is_read = parent.kind not in ("assignment_expression", "pointer_expression", "update_expression") or access.field == "right"
        if name.text == "isManaged" and is_read:
            yield Change(ID, (Edit(access.start, access.end, f"({value} == cudaMemoryTypeManaged)".encode()),))
            continue
        other = parent.field_child("right") if parent.kind == "binary_expression" and access.field == "left" else None
        sign = parent.field_child("operator").text if other is not None and parent.field_child("operator") is not None else ""
        if owner.kind == "identifier" and sign in ("==", "!=") and other.text == "cudaMemoryTypeHost":
            yield Change(ID, (Edit(name.start, name.end, b"type"),))
        elif owner.kind == "identifier" and sign in ("==", "!=") and other.text == "cudaMemoryTypeDevice":
            joint = "||" if sign == "==" else "&&"
            text = f"({value} {sign} cudaMemoryTypeDevice {joint} {value} {sign} cudaMemoryTypeManaged)"
            yield Change(ID, (Edit(parent.start, parent.end, text.encode()),))
        else:
            yield Finding(
                ID, name.start, f"cudaPointerAttributes has no {name.text} any more",
                f"{value}, which is cudaMemoryTypeManaged for managed memory and cudaMemoryTypeUnregistered for plain host memory",
            )  # fmt: skip


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset({"memoryType", "isManaged"}), cuda_removed_in="11.8",
    link="https://docs.nvidia.com/cuda/cuda-runtime-api/structcudaPointerAttributes.html",
)  # fmt: skip
