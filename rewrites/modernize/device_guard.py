"""Guard the device of the tensors that an operator's kernels read.

A launch goes to the current device. With tensors on ``cuda:1`` and ``cuda:0`` current, the kernel reads memory of another GPU: an illegal
memory access, or silence and slowness. The guard stands below the checks that the function starts with.

Before:
    #include <ATen/ATen.h>
    void run(at::Tensor x) { scale<<<1, 256>>>(x.data_ptr<float>(), x.numel()); }
After:
    #include <ATen/ATen.h>
    #include <ATen/DeviceGuard.h>
    void run(at::Tensor x) { const at::OptionalDeviceGuard device_guard(at::device_of(x)); scale<<<1, 256>>>(x.data_ptr<float>(), x.numel()); }
"""

from migrator.calls import call_of
from migrator.rewrite import Change, Edit, Finding, Rewrite
from rewrites.modernize._launches import function_of, is_device, launches, names_in, uses_torch

ID = "missing-device-guard"
_POINTERS = {
    "data",
    "data_ptr",
    "mutable_data_ptr",
    "const_data_ptr",
    "packed_accessor",
    "packed_accessor32",
    "packed_accessor64",
    "generic_packed_accessor",
}


def fix(ctx):
    if not uses_torch(ctx):
        return
    entries = {}
    for launch in launches(ctx.tree):
        function = function_of(launch.node)
        entries.setdefault(function.start, (function, []))[1].extend(launch.args)
    for function, args in entries.values():
        if is_guarded(function) or not tensors(ctx, function):
            continue
        name = pointed(ctx, function, args)
        body = function.field_child("body")
        if name is None or body is None:
            yield Finding(
                ID, function.start, "launches without a device guard",
                "const at::OptionalDeviceGuard device_guard(at::device_of(x)); with a tensor x that the kernel reads",
            )  # fmt: skip
        else:
            yield _change(ctx, body, name)
    yield from _launchers(ctx)


def is_guarded(function) -> bool:
    """Whether a function sets the device itself."""
    return any(n.endswith("Guard") or n in ("cudaSetDevice", "set_device") for n in names_in(function))


def tensors(ctx, function) -> list[str]:
    """The parameters that are tensors."""
    declarator = function.field_child("declarator")
    while declarator is not None and declarator.kind != "function_declarator":
        declarator = declarator.field_child("declarator")
    parameters = declarator.field_child("parameters") if declarator is not None else None
    found = []
    for parameter in parameters.named if parameters is not None else ():
        leaf = next((n for n in reversed(list(parameter.walk())) if n.kind == "identifier"), None)
        type = ctx.type_of(leaf) if leaf is not None else None
        if type is not None and type.is_tensor and not type.pointers and "optional" not in type.base:
            found.append(leaf.text)
    return found


def pointed(ctx, function, args) -> str | None:
    """The first parameter whose memory the arguments of a launch point to."""
    known = tensors(ctx, function)
    for arg in args:
        for access in arg.walk():
            owner = access.field_child("argument") if access.kind == "field_expression" else None
            if owner is not None and owner.text in known and names_in(access.field_child("field")) & _POINTERS:
                declared = ctx.scopes.lookup(owner.text, owner)
                if declared is not None and declared.is_parameter:
                    return owner.text
    return None


def _change(ctx, body, name) -> Change:
    statements = body.named
    place = body.children[0].end
    for statement in statements:
        call = statement.children[0] if statement.kind == "expression_statement" else None
        if call is None or call.kind != "call_expression" or not call.field_child("function").text.isupper():
            break
        if b"<<<" in ctx.file.data[call.start : call.end]:
            break
        place = statement.end
    following = next((s for s in statements if s.start >= place), None)
    text = f"const at::OptionalDeviceGuard device_guard(at::device_of({name}));"
    line, end = ctx.file.line_span(place)
    if following is None or following.start < end:
        return Change(ID, (Edit(place, place, f" {text}".encode()),), ("ATen/DeviceGuard.h",))
    start, _ = ctx.file.line_span(following.start)
    indent = ctx.file.data[start : following.start]
    indent = indent[: len(indent) - len(indent.lstrip())]
    return Change(ID, (Edit(place, place, ctx.file.newline + indent + text.encode()),), ("ATen/DeviceGuard.h",))


def _launchers(ctx):
    """Functions that hand pointers of their tensors to a function of another file that launches and knows no device."""
    launching = ctx.project.cached("modernize.launchers", lambda: _raw_launchers(ctx))
    for name in ctx.names(launching):
        function, call = function_of(name), call_of(name)
        if function is None or call is None or is_device(function) or is_guarded(function):
            continue
        if launching[name.text] is function or (tensor := pointed(ctx, function, call.args)) is None:
            continue
        yield Finding(
            ID, name.start, f"{name.text} launches kernels, and nothing sets the device of {tensor}",
            f"const at::OptionalDeviceGuard device_guard(at::device_of({tensor})); above the call, with #include <ATen/DeviceGuard.h>",
        )  # fmt: skip


def _raw_launchers(ctx) -> dict:
    """Name -> definition, of the project's functions that launch kernels and have no tensor among their parameters."""
    found = {}
    for path, file in ctx.project.files.items():
        if b"<<<" not in file.data:
            continue
        own = type(ctx)(ctx.project, path, ctx.settings, ctx.catalogue)
        for launch in launches(ctx.project.tree(path)):
            function = function_of(launch.node)
            declarator = function.field_child("declarator")
            name = declarator.field_child("declarator") if declarator is not None else None
            if name is not None and name.text.isidentifier() and not tensors(own, function) and not is_guarded(function):
                found[name.text] = function
    return found


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset({"Tensor"}), default=False, cross_file=True,
    link="https://pytorch.org/docs/stable/notes/cuda.html#cuda-semantics",
)  # fmt: skip
