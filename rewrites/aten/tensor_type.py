"""Ask the tensor, not its ``type()``.

``Tensor::type()`` is deprecated since torch 1.5 (pytorch/pytorch#17991); parts of what it returned are gone since 1.1. What it was used
for decides what takes its place: ``is_cuda()``, ``scalar_type()``, ``options()``.

Before:
    TORCH_CHECK(x.type().is_cuda());
    auto y = at::empty({n}, x.type());
After:
    TORCH_CHECK(x.is_cuda());
    auto y = at::empty({n}, x.options());
"""

from migrator.calls import call_of
from migrator.rewrite import Change, Edit, Rewrite, settings_floor
from rewrites.aten._type import type_calls

_LINK = "https://github.com/pytorch/pytorch/pull/17991"
_DIRECT = {"is_cuda": "is_cuda", "scalarType": "scalar_type", "is_sparse": "is_sparse", "elementSizeInBytes": "element_size", "scalar_type": "scalar_type"}
_TYPE_FIRST = frozenset("zeros ones empty full rand randn arange range eye linspace logspace randperm randint".split())  # in torch 0.4
_FACTORY_METHODS = {"tensor": "empty", "zeros": "zeros", "ones": "ones", "empty": "empty", "rand": "rand", "randn": "randn"}


def _methods(ctx):
    for call in type_calls(ctx):
        if not call.role.startswith("method:"):
            continue
        member = call.user.field_child("field")
        outer = call.user.parent
        is_call = outer is not None and outer.kind == "call_expression" and call.user.field == "function"
        args = outer.field_child("arguments").named if is_call else []
        new = _DIRECT.get(member.text)
        if new and is_call and not args:
            broken = member.text in ("elementSizeInBytes", "scalar_type")
            yield ("type-method-gone" if broken else "type-method"), (
                Edit(call.name.start, member.start, b""),
                Edit(member.start, member.end, new.encode()),
            ), ()
        elif member.text == "toScalarType" and is_call and len(args) == 1:
            after = outer.parent
            maker = after.field_child("field") if after is not None and after.kind == "field_expression" else None
            if maker is not None and maker.text in _FACTORY_METHODS:
                yield from _factory_method(call, outer, after, maker, f"options().dtype({args[0].text})")
            elif moved := _type_first(outer, f"{_asked(call)}options().dtype({args[0].text})"):
                yield "type-first-factory", moved, ()
            elif outer.parent is not None and outer.parent.kind in ("argument_list",):
                yield "type-to-scalar-type", (
                    Edit(call.name.start, call.name.end, b"options"),
                    Edit(member.start, member.end, b"dtype"),
                ), ()
        elif member.text == "tensorFromBlob" and is_call and args:
            yield "type-factory-method", (
                Edit(outer.start, outer.field_child("arguments").start, b"at::from_blob"),
                Edit(args[-1].end, args[-1].end, f", {_asked(call)}options()".encode("utf-8", "surrogateescape")),
            ), ()
        elif member.text in _FACTORY_METHODS and is_call:
            yield from _factory_method(call, call.node, call.user, member, "options()")


def _held(ctx):
    """Factories of a type that a variable holds: ``auto &type = x.type(); type.tensor({n})``."""
    held = {(c.node.start, c.node.end) for c in type_calls(ctx)}
    for maker in ctx.names({*_FACTORY_METHODS, "tensorFromBlob"}):
        call = call_of(maker)
        access = maker.parent
        if call is None or access is None or access.kind != "field_expression" or call.callee.start != access.start:
            continue
        owner = access.field_child("argument")
        declared = ctx.scopes.lookup(owner.text, owner) if owner is not None and owner.kind == "identifier" else None
        if declared is None or declared.type.pointers:
            continue
        value = declared.value
        known = declared.type.base.removeprefix("::") in ("at::Type", "at::DeprecatedTypeProperties")
        if not known and (declared.type.base != "auto" or value is None or (value.start, value.end) not in held):
            continue
        arguments = call.node.field_child("arguments")
        if maker.text == "tensorFromBlob":
            new = "from_blob"
        else:
            if len(call.args) > 1 or (not call.args and maker.text != "tensor"):
                continue
            new = _FACTORY_METHODS[maker.text]
        yield "type-factory-method", (
            Edit(call.node.start, arguments.start, f"at::{new}".encode()),
            Edit(arguments.end - 1, arguments.end - 1, f"{', ' if call.args else '{0}, '}{owner.text}.options()".encode()),
        ), ()


def _asked(call) -> str:
    """The tensor with the point or arrow that ``type`` stands behind: ``x.`` or ``p->``."""
    return call.node.tree.file.text(call.receiver.start, call.name.start)


def _factory_method(call, typed, access, maker, options):
    """``x.type().tensor({n})`` -> ``at::empty({n}, x.options())``."""
    outer = access.parent
    if outer is None or outer.kind != "call_expression":
        return
    arguments = outer.field_child("arguments")
    if arguments is None or len(arguments.named) > 1 or (not arguments.named and maker.text != "tensor"):
        return
    if not arguments.named:  # type().tensor() is one without elements
        yield "type-factory-method", (Edit(outer.start, outer.end, f"at::empty({{0}}, {_asked(call)}{options})".encode("utf-8", "surrogateescape")),), ()
        return
    yield "type-factory-method", (
        Edit(outer.start, arguments.start, f"at::{_FACTORY_METHODS[maker.text]}".encode()),
        Edit(arguments.end - 1, arguments.end - 1, f", {_asked(call)}{options}".encode("utf-8", "surrogateescape")),
    ), ()


def _type_first(node, options):
    """``at::zeros(type, {2, 3})``, which torch 0.4 had for every factory: the options go behind the other arguments. None for other calls."""
    arguments = node.parent
    factory = arguments.parent if arguments is not None and arguments.kind == "argument_list" else None
    function = factory.field_child("function") if factory is not None and factory.kind == "call_expression" else None
    if function is None or function.text.removeprefix("::") not in {f"{space}::{name}" for space in ("at", "torch") for name in _TYPE_FIRST}:
        return None
    named = [n for n in arguments.named if n.kind != "comment"]
    if len(named) < 2 or named[0].start != node.start or named[0].end != node.end:
        return None
    return Edit(named[0].start, named[1].start, b""), Edit(named[-1].end, named[-1].end, f", {options}".encode("utf-8", "surrogateescape"))


def _factories(ctx):
    for call in type_calls(ctx):
        if call.role == "factory":
            if moved := _type_first(call.node, f"{_asked(call)}options()"):
                yield "type-first-factory", moved, ()
            else:
                yield "factory-on-type", (Edit(call.name.start, call.name.end, b"options"),), ()
        elif call.role == "convert:toType":
            yield "to-type-of-type", (Edit(call.name.start, call.name.end, b"scalar_type"),), ()
        elif call.role == "convert:to":
            yield "to-of-type", (Edit(call.name.start, call.name.end, b"options"),), ()


def _comparisons(ctx):
    for call in type_calls(ctx):
        if call.role != "compare" or settings_floor(ctx) < (1, 5):  # type_equal came with 1.5
            continue
        other = call.user.field_child("right")
        left = call.user.field_child("left")
        if left is None or other is None or left.start != call.node.start:
            continue
        function = other.field_child("function") if other.kind == "call_expression" else None
        inner = function.field_child("argument") if function is not None and function.kind == "field_expression" else None
        member = function.field_child("field") if inner is not None else None
        if inner is None or member is None or member.text != "type":
            continue
        operator = next(c for c in call.user.children if c.kind in ("==", "!="))
        negated = b"!" if operator.kind == "!=" else b""
        yield "compare-types", (
            Edit(call.user.start, call.user.start, negated) if negated else None,
            Edit(call.name.start, call.name.end, b"options"),
            Edit(call.node.end, other.start, b".type_equal("),
            Edit(member.start, member.end, b"options"),
            Edit(other.end, other.end, b")"),
        ), ()


def _fixer(rules, *sources):
    def fix(ctx):
        for source in sources:
            for rule, edits, includes in source(ctx):
                if rule in rules:
                    yield Change(rule, tuple(e for e in edits if e is not None and (e.start != e.end or e.text)), includes)

    return fix


def _rewrite(id, title, detail, before, after, *sources, removed_in=None, deprecated_in="1.5"):
    doc = f"{title}\n\n{detail}\n\nBefore:\n    {before}\nAfter:\n    {after}\n"
    return Rewrite(id, doc, fix=_fixer({id}, *sources), triggers=frozenset({"type"}), removed_in=removed_in, deprecated_in=deprecated_in, cross_file=True, link=_LINK)


_D = "``Tensor::type()`` is deprecated since torch 1.5 (pytorch/pytorch#17991)."
rewrites = [
    _rewrite("type-method", "Ask the tensor itself for ``is_cuda()`` and ``scalar_type()``.", _D,
             'TORCH_CHECK(x.type().is_cuda(), "x");', 'TORCH_CHECK(x.is_cuda(), "x");', _methods),
    _rewrite("type-method-gone", "Ask the tensor for what ``type()`` no longer knows.", "Removed with ``at::Type`` in torch 1.1 (pytorch/pytorch#17785).",
             "int64_t size = x.type().elementSizeInBytes();", "int64_t size = x.element_size();", _methods, removed_in="1.1"),
    _rewrite("type-to-scalar-type", "Change the element type of the options, not of the type.", _D,
             "auto y = at::empty({n}, x.type().toScalarType(at::kByte));", "auto y = at::empty({n}, x.options().dtype(at::kByte));", _methods),
    _rewrite("type-factory-method", "Make tensors with the factories of ``at::``, not of a type.", "Removed in torch 1.0.",
             "auto y = x.type().tensor({n, m});", "auto y = at::empty({n, m}, x.options());", _methods, _held, removed_in="1.0"),
    _rewrite("factory-on-type", "Make tensors from ``options()``, not from ``type()``.", _D + " ``options()`` names the device index too, which ``type()`` left to the current device.",
             "auto y = at::zeros({n}, x.type());", "auto y = at::zeros({n}, x.options());", _factories),
    _rewrite("type-first-factory", "Sizes first, options second.", "The order of torch 0.4 was removed in 1.0.",
             "auto y = at::zeros(x.type(), {n, m});", "auto y = at::zeros({n, m}, x.options());", _factories, _methods, removed_in="1.0"),
    _rewrite("to-type-of-type", "Convert with ``toType(scalar_type)``.", "``toType`` of a type was removed in torch 1.3.",
             "auto z = y.toType(x.type());", "auto z = y.toType(x.scalar_type());", _factories, removed_in="1.3"),
    _rewrite("to-of-type", "Convert with ``to(options)``.", _D, "auto z = y.to(x.type());", "auto z = y.to(x.options());", _factories),
    _rewrite("compare-types", "Compare ``options()``, not ``type()``.", _D + " ``type_equal`` compares what ``==`` compared: element type, device type and layout.",
             "bool same = x.type() == y.type();", "bool same = x.options().type_equal(y.options());", _comparisons),
]
