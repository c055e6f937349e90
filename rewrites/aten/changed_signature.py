"""Report calls whose function is still there and takes or gives something else.

A compiler names them, far from the reason; the index of names cannot.

Before:
    auto z = at::cudnn_convolution(x, y, {1}, {1}, {1}, 1, true, true);
After:
    auto z = at::cudnn_convolution(x, y, {1}, {1}, {1}, 1, true, true);
"""

import re

from migrator.calls import call_of
from migrator.releases import parse
from migrator.rewrite import Finding, Rewrite
from migrator.scope import normalise
from rewrites.aten._elements import is_tensor

ID = "changed-signature"
_SPACES = ("at::", "torch::")


def _is_torch(call) -> bool:
    return call.qualified.removeprefix("::").startswith(_SPACES)


def _cudnn(ctx, name):
    call = call_of(name)
    if call is not None and _is_torch(call) and len(call.args) == 8:
        return "at::cudnn_convolution takes allow_tf32 behind deterministic since torch 1.7", (
            "at::globalContext().allowTF32CuDNN() as the last argument, or false for full precision"
        )
    return None


def _cudnn_with_bias(ctx, name):
    call = call_of(name)
    if call is not None and _is_torch(call) and len(call.args) >= 9 and is_tensor(ctx, call.args[2]):
        return "at::cudnn_convolution takes no bias", (
            "at::cudnn_convolution(input, weight, padding, stride, dilation, groups, benchmark, deterministic, allow_tf32), and add the bias; "
            "or at::convolution, which takes one"
        )
    return _cudnn(ctx, name)


_RNN = "proj_size, 0 for none, behind hidden_size"
# name: (numbers of arguments that it took, since when it does not, what it takes, what to write)
_ARGUMENTS = {
    "cudnn_convolution_transpose": (
        (9, 10), "1.7", "no bias, and allow_tf32 behind deterministic",
        "at::globalContext().allowTF32CuDNN() as the last argument, or false; add the bias; or at::convolution with transposed",
    ),
    "native_layer_norm": ((6,), "1.8", "the normalized shape in the place of M and N", "at::native_layer_norm(input, normalized_shape, weight, bias, eps)"),
    "batch_norm_backward_elemt": (
        (7,), "1.9", "sums in the place of means, and how many were summed",
        "at::batch_norm_backward_elemt(grad, input, mean, invstd, weight, sum_dy, sum_dy_xmu, count), with count an int tensor",
    ),
    "batch_norm_backward_reduce": ((7,), "1.3", "the weight behind invstd", "the weight, or at::Tensor() for none, as the fifth argument"),
    "cudnn_batch_norm_backward": ((8,), "1.4", "the reserved space", "the fourth result of at::cudnn_batch_norm as the last argument"),
    "_cudnn_rnn": ((15,), "1.8", "proj_size", _RNN),
    "_cudnn_rnn_backward": ((21,), "1.8", "proj_size", _RNN),
    "_cudnn_rnn_flatten_weight": ((8,), "1.8", "proj_size", _RNN),
    "_cudnn_ctc_loss": ((6,), "1.1", "zero_infinity", "false as the last argument"),
    "_convolution_double_backward": ((16, 17), "1.11", "no benchmark, deterministic, cudnn_enabled, allow_tf32", "output_mask right behind groups"),
    "cumprod_backward": ((3,), "1.9", "the output", "at::cumprod_backward(grad, input, dim, output)"),
    "slow_conv3d_forward_out": ((9,), "1.11", "no finput and fgrad_input", "at::slow_conv3d_forward_out(output, self, weight, kernel_size, bias, stride, padding)"),
}  # fmt: skip


def _arguments(ctx, name):
    """An operator of another number of arguments than it takes."""
    call = call_of(name)
    counts, since, takes, advice = _ARGUMENTS[name.text]
    if call is None or call.qualified.removeprefix("::") not in (f"at::{name.text}", f"torch::{name.text}") or len(call.args) not in counts:
        return None
    if name.text == "cudnn_convolution_transpose" and len(call.args) == 10 and not is_tensor(ctx, call.args[2]):
        return None  # no bias, and allow_tf32
    return (f"at::{name.text} takes {takes} since torch {since}", advice) if ctx.settings.target >= parse(since) else None


def _layer_norm_backward(ctx, name):
    """``at::native_layer_norm_backward(grad, input, mean, rstd, weight, M, N, mask)``: as many arguments as today, in other places."""
    call = call_of(name)
    if call is None or not _is_torch(call) or len(call.args) != 8 or not is_tensor(ctx, call.args[2]) or ctx.settings.target < (1, 8):
        return None
    return "at::native_layer_norm_backward takes the normalized shape and the bias, no M and N, since torch 1.8", (
        "at::native_layer_norm_backward(grad, input, normalized_shape, mean, rstd, weight, bias, mask)"
    )


def _offsets(ctx, name):
    """``at::_embedding_bag_dense_backward(grad, indices, offsets, offset2bag, ...)``."""
    call = call_of(name)
    if call is None or not _is_torch(call) or len(call.args) < 9 or not is_tensor(ctx, call.args[5]) or ctx.settings.target < (1, 9):
        return None
    return "at::_embedding_bag_dense_backward takes no offsets since torch 1.9", "the call without its third argument, and padding_idx, -1 for none, last"


def _class(ctx, name):
    call = call_of(name)
    if call is None or len(call.args) != 1 or "".join(call.qualified.split()).removeprefix("::").split("<")[0] != "torch::jit::class_":
        return None
    return "torch::jit::class_ takes a namespace before the name since torch 1.5", 'torch::class_<A>("my_classes", "A"), in Python torch.classes.my_classes.A'


def _empty_cuda(ctx, name):
    call = call_of(name)
    if call is None or not call.qualified.removeprefix("::").endswith("native::empty_cuda") or len(call.args) != 2:
        return None
    message = "at::native::empty_cuda takes dtype, layout, device and pin_memory one by one, no options"
    return message, "at::empty(sizes, options.device(at::kCUDA))"


def _blas(ctx, name):
    """``at::cuda::blas::gemm<float>(...)``."""
    call = call_of(name)
    if call is None or not "".join(call.qualified.split()).removeprefix("::").startswith("at::cuda::blas::"):
        return None
    last = "".join(call.qualified.split()).split("::")[-1].split("<")[0]
    return f"at::cuda::blas::{last} is declared, but no torch exports it: it compiles, and does not link", (
        "tensors in at::mm_out, at::addmm_out or at::addmv_out; or cublasSgemm and its like on at::cuda::getCurrentCUDABlasHandle()"
    )


def _solver(ctx, name):
    call = call_of(name)
    if call is None or not _is_torch(call):
        return None
    return "at::cuda::getCurrentCUDASolverDnHandle is exported by libtorch_cuda_linalg alone since torch 1.12: it compiles, and does not link", (
        "libraries=[\"torch_cuda_linalg\"] in the extension, or a handle of cusolverDnCreate on at::cuda::getCurrentCUDAStream()"
    )


def _generator(ctx, name):
    """``at::Generator *gen = at::detail::getDefaultCPUGenerator()``, ``at::Generator &gen = at::globalContext().defaultGenerator(...)``."""
    call = call_of(name)
    holder = call.node.enclosing("declaration") if call is not None else None
    type_node = holder.field_child("type") if holder is not None else None
    if type_node is None or normalise(type_node.text) not in ("at::Generator", "torch::Generator", "Generator"):
        return None
    declared = next((n for n in holder.walk() if n.kind in ("pointer_declarator", "reference_declarator")), None)
    if declared is None or (declared.kind == "reference_declarator" and "const" in holder.text.split("&")[0]):
        return None
    return f"{name.text} gives a constant generator, no pointer, since torch 1.6", "at::Generator generator = ..., a handle that shares its state"


def _load(ctx, name):
    """``std::shared_ptr<torch::jit::script::Module> module = torch::jit::load(...)``."""
    call = call_of(name)
    if call is None or call.qualified.removeprefix("::") not in ("torch::jit::load", "jit::load"):
        return None
    holder = call.node.enclosing("declaration")
    type_node = holder.field_child("type") if holder is not None else None
    if type_node is None or not normalise(type_node.text).startswith("std::shared_ptr<"):
        return None
    return "torch::jit::load gives a module, no pointer to one, since torch 1.2", (
        "torch::jit::Module module = torch::jit::load(...); and module.forward(...) for module->forward(...)"
    )


def _layer(ctx, name):
    node = name.parent
    if node is None or node.kind != "qualified_identifier":
        return None
    whole = node
    while whole.parent is not None and whole.parent.kind == "qualified_identifier":
        whole = whole.parent
    if "".join(whole.text.split()).removeprefix("::") != f"torch::nn::{name.text}":
        return None
    if name.text == "BatchNorm":
        return "torch::nn::BatchNorm is gone since torch 1.5", "torch::nn::BatchNorm1d, 2d or 3d, by the input's dimensions"
    return "torch::nn::FeatureDropout is gone since torch 1.5", "torch::nn::Dropout2d or Dropout3d, by the input's dimensions"


def _value_or_else(ctx, name):
    call = call_of(name)
    if call is None or call.qualified.removeprefix("::") not in ("c10::value_or_else", "at::value_or_else"):
        return None
    return "c10::value_or_else is deprecated since torch 2.6, and does not compile on a temporary", "value ? *value : f()"


def _tensor_member(ctx, name):
    """The member access of a tensor that a name ends, or None."""
    access = name.parent
    if access is None or access.kind != "field_expression" or name.field != "field":
        return None
    return access if is_tensor(ctx, access.field_child("argument")) else None


def _constant(ctx, name):
    """``at::Tensor &y = x.resize_(...)``, and the same as what a function gives."""
    call = call_of(name)
    if call is None or _tensor_member(ctx, name) is None:
        return None
    outer, text = call.node.parent, ""
    if outer is not None and outer.kind == "init_declarator" and outer.field_child("declarator").kind == "reference_declarator":
        text, start = outer.parent.text, outer.parent.field_child("type").text
    elif outer is not None and outer.kind == "return_statement" and (function := outer.enclosing("function_definition", "lambda_expression")) is not None:
        declarator = function.field_child("declarator") if function.kind == "function_definition" else None
        if declarator is None or declarator.kind != "reference_declarator":
            return None
        text, start = function.text.split("{")[0], function.field_child("type").text
    if not text or "const" in text.split("&")[0] or normalise(start) not in ("at::Tensor", "torch::Tensor", "Tensor"):
        return None
    return f"Tensor::{name.text} gives a constant reference since torch 1.9", "at::Tensor y = x, which is a handle; or a line of its own, and x behind it"


def _th(ctx, name):
    return ("unsafeGetTH is gone since torch 1.0", "unsafeGetTensorImpl(), or the tensor itself") if _tensor_member(ctx, name) else None


def _impl(ctx, name):
    return ("Tensor::pImpl is gone since torch 1.0", "unsafeGetTensorImpl()") if _tensor_member(ctx, name) else None


def _converted(ctx, name):
    """``x.type(y.type())``."""
    call = call_of(name)
    if call is None or len(call.args) != 1 or _tensor_member(ctx, name) is None:
        return None
    return "Tensor::type takes no argument since torch 1.0", "x.to(y.options()), or x.to(y.scalar_type()) to stay on the device"


_LOOK = {
    "unsafeGetTH": _th,
    "pImpl": _impl,
    **{name: _constant for name in ("resize_", "resize_as_", "as_strided_", "requires_grad_", "set_requires_grad")},
    "type": _converted,
    "cudnn_convolution": _cudnn_with_bias,
    **{name: _arguments for name in _ARGUMENTS},
    "native_layer_norm_backward": _layer_norm_backward,
    "_embedding_bag_dense_backward": _offsets,
    "class_": _class,
    "empty_cuda": _empty_cuda,
    "getCurrentCUDASolverDnHandle": _solver,
    "getDefaultCPUGenerator": _generator,
    "defaultGenerator": _generator,
    "gemm": _blas,
    "gemv": _blas,
    "load": _load,
    "BatchNorm": _layer,
    "FeatureDropout": _layer,
    "value_or_else": _value_or_else,
}


_REFERENCE = re.compile(rb"Tensor\s*&\s*\w+\s*[=(]")
_SPELT = {
    **{name: _REFERENCE for name in ("resize_", "resize_as_", "as_strided_", "requires_grad_", "set_requires_grad")},
    "type": re.compile(rb"type\s*\(\s*[^)\s]"),
    "load": re.compile(rb"jit\s*::\s*load"),
    "BatchNorm": re.compile(rb"nn\s*::\s*BatchNorm"),
}


def fix(ctx):
    for name in ctx.names([word for word in _LOOK if word not in _SPELT or ctx.spells(_SPELT[word])]):
        found = _LOOK[name.text](ctx, name)
        if found is not None:
            yield Finding(ID, name.start, *found)


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset(_LOOK), removed_in="1.0")
