"""Ask for attributes of a GPU that ``cudaDeviceProp`` does not hold any more.

CUDA 13.0 dropped ``clockRate``, ``memoryClockRate``, ``deviceOverlap``, ``kernelExecTimeoutEnabled``, ``computeMode``,
``maxTexture1DLinear``, ``singleToDoublePrecisionPerfRatio`` and ``cooperativeMultiDeviceLaunch``. All but the last are attributes with the
same values, asked for right below the call that filled the struct. Where that call is out of sight, it is reported.

Before:
    void show(int dev) {
      cudaDeviceProp prop;
      cudaGetDeviceProperties(&prop, dev);
      printf("%d kHz", prop.clockRate);
    }
After:
    void show(int dev) {
      cudaDeviceProp prop;
      cudaGetDeviceProperties(&prop, dev);
      int prop_clock_rate = 0;
      cudaDeviceGetAttribute(&prop_clock_rate, cudaDevAttrClockRate, dev);
      printf("%d kHz", prop_clock_rate);
    }
"""

import re

from migrator.calls import call_of, in_macro_definition
from migrator.rewrite import Change, Edit, Finding, Rewrite

ID = "cuda-device-prop"
ATTRIBUTES = {
    "clockRate": "cudaDevAttrClockRate",
    "memoryClockRate": "cudaDevAttrMemoryClockRate",
    "deviceOverlap": "cudaDevAttrGpuOverlap",
    "kernelExecTimeoutEnabled": "cudaDevAttrKernelExecTimeout",
    "computeMode": "cudaDevAttrComputeMode",
    "maxTexture1DLinear": "cudaDevAttrMaxTexture1DLinearWidth",
    "singleToDoublePrecisionPerfRatio": "cudaDevAttrSingleToDoublePrecisionPerfRatio",
}
_GONE = "cooperativeMultiDeviceLaunch"
_TORCH = ("getCurrentDeviceProperties", "getDeviceProperties")


def fix(ctx):
    by_struct = {}
    for name in ctx.names({*ATTRIBUTES, _GONE}):
        access = name.parent
        if access is None or access.kind != "field_expression" or name.field != "field":
            continue
        owner = access.field_child("argument")
        if owner is None or not _is_prop(ctx, owner):
            continue
        source = _filled_by(ctx, owner, access) if name.text != _GONE and not _is_written(access) else None
        if source is None:
            yield Finding(ID, name.start, f"cudaDeviceProp has no {name.text} since CUDA 13.0", _advice(name.text, owner))
        else:
            by_struct.setdefault((owner.text, source.node.start), (source, []))[1].append((name.text, access))
    for (variable, _), (source, uses) in by_struct.items():
        yield _change(ctx, variable, source, uses)


def _is_prop(ctx, owner) -> bool:
    type = ctx.type_of(owner)
    if type is not None:
        return type.base == "cudaDeviceProp"
    function = owner.field_child("function") if owner.kind == "call_expression" else None
    return function is not None and function.text.split("::")[-1] in _TORCH


def _advice(member, owner) -> str:
    if member == _GONE:
        return "nothing: cudaLaunchCooperativeKernelMultiDevice is gone as well"
    return f"int value = 0; cudaDeviceGetAttribute(&value, {ATTRIBUTES[member]}, device), with the number of the device that {owner.text} is of"


def _is_written(access) -> bool:
    parent = access.parent
    return parent is not None and (
        (parent.kind == "assignment_expression" and access.field == "left")
        or parent.kind == "update_expression"
        or (parent.kind == "pointer_expression" and parent.children[0].kind == "&")
    )


def _filled_by(ctx, owner, access):
    """The only call that fills the struct, where it is sure to have run before ``access`` and the device is still known there."""
    function = access.enclosing("function_definition")
    declared = ctx.scopes.lookup(owner.text, owner) if owner.kind == "identifier" else None
    if function is None or declared is None or declared.is_parameter or declared.type.pointers or in_macro_definition(access) is not None:
        return None
    if declared.name.enclosing("function_definition") is not function or access.enclosing("lambda_expression") is not None:
        return None
    found = None
    for leaf in ctx.names({owner.text}):
        if leaf.enclosing("function_definition") is not function or leaf.start == declared.name.start:
            continue
        if leaf.parent.kind == "field_expression" and leaf.field == "argument":
            continue
        call = _getter(leaf)
        if call is None or found is not None:
            return None
        found = call
    statement = _statement(found.node) if found is not None else None
    if statement is None or statement.end > access.start or not re.fullmatch(r"\w+", found.args[1].text):
        return None
    return found if any(parent is statement.parent for parent in access.ancestors()) else None


def _getter(leaf):
    """The call ``cudaGetDeviceProperties(&prop, device)`` that fills ``leaf``."""
    address = leaf.parent
    if address.kind != "pointer_expression" or address.children[0].kind != "&" or address.parent.kind != "argument_list":
        return None
    call = address.parent.parent
    function = call.field_child("function") if call.kind == "call_expression" else None
    if function is None or function.text != "cudaGetDeviceProperties":
        return None
    found = call_of(function)
    return found if found is not None and len(found.args) == 2 and found.args[0].start == address.start else None


def _statement(call):
    """The statement of a block that is the call, or a check that the call is the only argument of."""
    node = call
    if node.parent.kind == "argument_list" and len(node.parent.named) == 1:
        node = node.parent.parent
    statement = node.parent
    whole = statement is not None and statement.kind == "expression_statement" and statement.parent.kind == "compound_statement"
    return statement if whole else None


def _change(ctx, variable, source, uses):
    statement = _statement(source.node)
    data = ctx.file.data
    line = data.rfind(b"\n", 0, statement.start) + 1
    indent = re.match(rb"[ \t]*", data[line:]).group().decode()
    before = ctx.file.text(statement.start, source.node.start)
    after = ctx.file.text(source.node.end, statement.end)
    text, edits, names = "", [], {}
    for member, access in uses:
        if member not in names:
            name = f"{variable}_" + re.sub(r"(?<!^)(?<!\d)(?=[A-Z])", "_", member).lower()
            while name.encode() in ctx.file.words:
                name += "_"
            names[member] = name
            ask = f"cudaDeviceGetAttribute(&{name}, {ATTRIBUTES[member]}, {source.args[1].text})"
            newline = ctx.file.newline.decode() + indent
            text += f"{newline}int {name} = 0;{newline}{before}{ask}{after}"
        edits.append(Edit(access.start, access.end, names[member].encode()))
    return Change(ID, (Edit(statement.end, statement.end, text.encode("utf-8", "surrogateescape")), *edits))


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset({*ATTRIBUTES, _GONE}), cuda_removed_in="13.0",
    link="https://docs.nvidia.com/cuda/cuda-toolkit-release-notes/",
)  # fmt: skip
