"""Members and functions of ATen that went, where the successor is certain.

One rewrite each; the releases are read from the headers (``cuport api NAME``).
"""

import re

from migrator.rewrite import Case, Change, Edit, Rewrite
from rewrites.aten._elements import is_tensor

_OPENED = re.compile(rb"\b(?:using\s+namespace|namespace)\s+(?:::)?(?:at|torch)\b")
_C_TYPES = {"Float": "float", "Double": "double", "Int": "int", "Long": "int64_t", "Byte": "uint8_t"}


def _tensor(match, ctx):
    """Whether ``$x`` is a tensor, as far as that can be known: a name of another type is left alone."""
    type = ctx.type_of(match["$x"])
    return type is not None and type.is_tensor


def _opened_tensor(match, ctx):
    """Whether ``$x`` is a tensor, and a namespace of torch's is open."""
    return _tensor(match, ctx) and ctx.spells(_OPENED)


def _storage(match, ctx):
    type = ctx.type_of(match["$storage"])
    return type is not None and type.base.removeprefix("::") in ("at::Storage", "c10::Storage", "torch::Storage") and not type.pointers


def _options(match, ctx):
    """Whether ``$options`` are those of a layer, by their spelling or by their declaration."""
    type = ctx.type_of(match["$options"])
    return "Options" in match.text("$options") or (type is not None and type.base.endswith("Options"))


def _error(match, ctx):
    """Whether what is asked may be torch's error: nobody else's member of this name is in the project."""
    type = ctx.type_of(match["$error"])
    return not ctx.project.functions("msg_without_backtrace") and (type is None or type.base.split("::")[-1] in ("auto", "Error", "IndexError"))


def _text_wanted(match, ctx):
    """Whether the text of an error is not asked for its pointer at once, which is the case above."""
    around = match.node.parent
    member = around.field_child("field") if around is not None and around.kind == "field_expression" else None
    return _error(match, ctx) and (member is None or member.text != "c_str")


def _bare_pointer(match, ctx):
    """A finding where the first argument certainly is a pointer."""
    type = ctx.type_of(match["$pointer"])
    if type is None or not type.pointers:
        return False
    return "recordStream takes the DataPtr of a storage since torch 1.5, no pointer: write x.storage().data_ptr()"


def _plain_tensor(match, ctx):
    """Whether ``$x`` is a tensor that can be named twice, and no pointer or optional, whose second name would want an arrow."""
    type = ctx.type_of(match["$x"])
    return match["$x"].kind == "identifier" and _tensor(match, ctx) and not type.pointers and "optional" not in type.base


_SCALAR = re.compile(r"(?:::)?(?:at|c10|torch)::Scalar\Z")
_DECLARED = re.compile(rb"\bScalar\s+\w+\s*[({]|\bScalar\s[^;]*,\s*\w+\s*[({]")
_PLAIN = frozenset({"identifier", "call_expression", "field_expression", "subscript_expression", "parenthesized_expression"})


def _scalars(ctx):
    """``at::Scalar s(x);``, which the grammar may take for the declaration of a function."""
    for name in ctx.names({"Scalar"}) if ctx.spells(_DECLARED) else ():
        holder = name.enclosing("declaration")
        type = holder.field_child("type") if holder is not None else None
        if type is None or not type.start <= name.start < type.end or holder.enclosing("compound_statement") is None:
            continue
        text = "".join(type.text.split())
        if not _SCALAR.match(text) and (text != "Scalar" or not ctx.spells(_OPENED)):
            continue
        for each in holder.named:
            edits = _of_tensor(ctx, each)
            if edits:
                yield Change("scalar-of-tensor", edits)


def _of_tensor(ctx, declarator) -> tuple[Edit, ...]:
    """The edits that take the number out of the tensor that a scalar is made of."""
    if declarator.kind == "init_declarator":
        value = declarator.field_child("value")
        if value is None or value.kind not in ("argument_list", "initializer_list") or len(value.named) != 1 or not is_tensor(ctx, value.named[0]):
            return ()
        made = value.named[0]
        if "optional" in ctx.type_of(made).base:
            return ()
        opened = () if made.kind in _PLAIN else (Edit(made.start, made.start, b"("),)
        return (*opened, Edit(made.end, made.end, b").item()" if opened else b".item()"))
    if declarator.kind != "function_declarator":
        return ()
    parameters = declarator.field_child("parameters").named
    if len(parameters) != 1 or parameters[0].kind != "parameter_declaration":
        return ()
    of = parameters[0]
    tensor = re.fullmatch(r"(\w+)(?:\s*\[[^\]]*\])?", of.text)
    declared = ctx.scopes.lookup(tensor[1], of) if tensor is not None else None
    if declared is None or not declared.type.is_tensor or declared.type.pointers or "optional" in declared.type.base:
        return ()
    return (Edit(of.end, of.end, b".item()"),)


def _rewrite(id, title, detail, before, after, *cases, **releases):
    doc = f"{title}\n\n{detail}\n\nBefore:\n    {before}\nAfter:\n    {after}\n"
    return Rewrite(id, doc, cases=cases, **releases)


rewrites = [
    _rewrite(
        "is-variable",
        "Do not ask whether a tensor is a variable.",
        "Every tensor is one since torch 1.4; ``is_variable()`` was removed in 2.14.",
        "bool f(at::Tensor x) { return x.is_variable(); }",
        "bool f(at::Tensor x) { return true; }",
        Case("$x.is_variable()", "true", where=_tensor),
        removed_in="2.14",
    ),
    _rewrite(
        "grad-assignment",
        "Assign to ``mutable_grad()``.",
        "``grad()`` returns a constant reference since torch 1.7.",
        "void f(at::Tensor x, at::Tensor g) { x.grad() = g; }",
        "void f(at::Tensor x, at::Tensor g) { x.mutable_grad() = g; }",
        Case("$x.grad() = $g", "$x.mutable_grad() = $g", where=_tensor, since="1.7"),
        Case("$x.grad() = $g", "cuport::mutable_grad($x) = $g", where=_tensor, compat="mutable-grad"),
        removed_in="1.7",
    ),
    _rewrite(
        "storage-data",
        "Take the pointer from the storage's bytes.",
        "``Storage::data<T>()`` was removed in torch 2.1.",
        "float *f(at::Tensor x) { return x.storage().data<float>(); }",
        "float *f(at::Tensor x) { return static_cast<float *>(x.storage().mutable_data()); }",
        Case("$x.storage().data<$T>()", "static_cast<$T *>($x.storage().mutable_data())", where=_tensor, since="2.1"),
        Case("$storage.data<$T>()", "static_cast<$T *>($storage.mutable_data())", where=_storage, since="2.1"),
        Case("$x.storage().data<$T>()", "($x.data_ptr<$T>() - $x.storage_offset())", where=_plain_tensor, since="1.3"),
        removed_in="2.1",
    ),
    _rewrite(
        "storage-size",
        "Count the elements of a storage by its bytes.",
        "``Storage::size()`` was removed in torch 1.6, when storages lost their element type.",
        "int64_t f(at::Tensor x) { return x.storage().size(); }",
        "int64_t f(at::Tensor x) { return static_cast<int64_t>(x.storage().nbytes() / x.element_size()); }",
        Case(
            "$x.storage().size()",
            "static_cast<int64_t>($x.storage().nbytes() / $x.element_size())",
            where=_plain_tensor,
            since="1.6",
        ),
        removed_in="1.6",
    ),
    _rewrite(
        "options-is-variable",
        "Make options without ``is_variable``.",
        "Every tensor is a variable since torch 1.4, and ``TensorOptions::is_variable(bool)`` went with that release.",
        "auto y = at::zeros({1}, x.options().is_variable(true));",
        "auto y = at::zeros({1}, x.options());",
        Case("$options.is_variable($yes)", "$options"),
        removed_in="1.4",
    ),
    _rewrite(
        "scalar-of-tensor",
        "Take the number out of a tensor with ``item()``.",
        "``toCFloat()`` and its like, ``localScalar()`` and the conversion to ``at::Scalar`` went before torch 1.0 was out or with it.",
        "float f(at::Tensor x) { return x.toCFloat(); }",
        "float f(at::Tensor x) { return x.item<float>(); }",
        *(Case(f"$x.toC{name}()", f"$x.item<{type}>()", where=_tensor) for name, type in _C_TYPES.items()),
        Case("$x.localScalar()", "$x.item()", where=_tensor),
        *(Case(f"{space}Scalar($x)", "$x.item()", where=_tensor) for space in ("at::", "c10::", "torch::")),
        Case("Scalar($x)", "$x.item()", where=_opened_tensor),
        fix=_scalars,
        triggers=frozenset({"Scalar"}),
        removed_in="1.0",
    ),
    _rewrite(
        "options-of-tensor",
        "Take the options of a tensor from it.",
        "A tensor does not turn into ``TensorOptions`` by itself since torch 1.0.",
        "at::Tensor f(at::Tensor x) { return at::zeros({3}, at::TensorOptions(x)); }",
        "at::Tensor f(at::Tensor x) { return at::zeros({3}, x.options()); }",
        *(Case(f"{space}TensorOptions($x)", "$x.options()", where=_tensor) for space in ("at::", "c10::", "torch::")),
        Case("TensorOptions($x)", "$x.options()", where=_opened_tensor),
        removed_in="1.0",
    ),
    _rewrite(
        "c-type-to-scalar-type",
        "Name the scalar type of a C++ type with ``CppTypeToScalarType``.",
        "``CTypeToScalarType`` went with torch 1.1.",
        "auto k = at::CTypeToScalarType<float>::to();",
        "auto k = c10::CppTypeToScalarType<float>::value;",
        *(Case(f"{space}::CTypeToScalarType<$T>::to()", "c10::CppTypeToScalarType<$T>::value") for space in ("at", "c10", "torch")),
        removed_in="1.1",
    ),
    _rewrite(
        "error-without-backtrace",
        "Ask an error for its text with ``what_without_backtrace``.",
        "``msg_without_backtrace`` was renamed in torch 1.6, and gives a bare pointer since.",
        "std::string f(const c10::Error &error) { return error.msg_without_backtrace(); }",
        "std::string f(const c10::Error &error) { return std::string(error.what_without_backtrace()); }",
        Case("$error.msg_without_backtrace().c_str()", "$error.what_without_backtrace()", where=_error, since="1.6"),
        Case("$error.msg_without_backtrace()", "std::string($error.what_without_backtrace())", where=_text_wanted, since="1.6"),
        removed_in="1.6",
    ),
    _rewrite(
        "s-copy",
        "Copy with ``copy_``.",
        "``s_copy_`` was the same without broadcasting, and is gone since torch 1.0.",
        "void f(at::Tensor x, at::Tensor y) { x.s_copy_(y); }",
        "void f(at::Tensor x, at::Tensor y) { x.copy_(y); }",
        Case("$x.s_copy_($$$args)", "$x.copy_($$$args)", where=_tensor),
        removed_in="1.0",
    ),
    _rewrite(
        "device-as-backend",
        "Move a tensor to a device with ``to``.",
        "``at::kCUDA`` and ``at::kCPU`` are devices since torch 1.0, and ``toBackend`` takes a backend.",
        "at::Tensor f(at::Tensor x) { return x.toBackend(at::kCUDA); }",
        "at::Tensor f(at::Tensor x) { return x.to(at::kCUDA); }",
        *(
            Case(f"$x.toBackend({space}::k{device})", f"$x.to({space}::k{device})", where=_tensor)
            for space in ("at", "torch", "c10")
            for device in ("CUDA", "CPU")
        ),
        removed_in="1.0",
    ),
    _rewrite(
        "grid-sampler-corners",
        "Say that the grid's ends are the corners' centres.",
        "Up to torch 1.2 they always were; since 1.3 ``align_corners`` has to be given.",
        "auto z = at::grid_sampler(x, y, 0, 0);",
        "auto z = at::grid_sampler(x, y, 0, 0, /*align_corners=*/true);",
        *(
            Case(f"{space}::{name}($x, $grid, $mode, $padding)", f"{space}::{name}($x, $grid, $mode, $padding, /*align_corners=*/true)")
            for space in ("at", "torch")
            for name in ("grid_sampler", "grid_sampler_2d", "grid_sampler_3d")
        ),
        *(
            Case(f"{space}::{name}($g, $x, $grid, $mode, $padding)", f"{space}::{name}($g, $x, $grid, $mode, $padding, /*align_corners=*/true)")
            for space in ("at", "torch")
            for name in ("grid_sampler_2d_backward", "grid_sampler_3d_backward")
        ),
        removed_in="1.3",
    ),
    _rewrite(
        "options-with-bias",
        "Set ``bias`` of a layer's options.",
        "``with_bias`` was renamed in torch 1.5.",
        "auto options = torch::nn::LinearOptions(3, 4).with_bias(false);",
        "auto options = torch::nn::LinearOptions(3, 4).bias(false);",
        Case("$options.with_bias($yes)", "$options.bias($yes)", where=_options, since="1.5"),
        removed_in="1.5",
    ),
    _rewrite(
        "record-stream-pointer",
        "Record a stream on a tensor's storage, not on a bare pointer.",
        "``recordStream`` takes the ``DataPtr`` since torch 1.5.",
        "c10::cuda::CUDACachingAllocator::recordStream(x.data_ptr(), stream);",
        "c10::cuda::CUDACachingAllocator::recordStream(x.storage().data_ptr(), stream);",
        *(
            Case(
                f"{space}::CUDACachingAllocator::recordStream($x.{old}, $stream)",
                f"{space}::CUDACachingAllocator::recordStream($x.storage().data_ptr(), $stream)",
                where=_tensor,
                since="1.5",
            )
            for space in ("c10::cuda", "at::cuda")
            for old in ("data_ptr()", "storage().data()", "storage().data_ptr().get()")
        ),
        *(
            Case(f"{space}::CUDACachingAllocator::recordStream($pointer, $stream)", "", where=_bare_pointer)
            for space in ("c10::cuda", "at::cuda")
        ),
        removed_in="1.5",
    ),
    _rewrite(
        "backward-without-gradient",
        "Run ``backward`` with no gradient as an undefined tensor.",
        "``Tensor::backward`` took an optional tensor until torch 1.1.",
        "void f(at::Tensor loss) { loss.backward(c10::nullopt, /*keep_graph=*/true); }",
        "void f(at::Tensor loss) { loss.backward({}, /*keep_graph=*/true); }",
        *(
            case
            for space in ("c10", "at", "torch", "std")
            for case in (
                Case(f"$x.backward({space}::nullopt)", "$x.backward()", where=_tensor),
                Case(f"$x.backward({space}::nullopt, $$$rest)", "$x.backward({}, $$$rest)", where=_tensor),
            )
        ),
        removed_in="1.2",
    ),
]
