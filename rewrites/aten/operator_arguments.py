"""Operators that live on and take other arguments than they did, where what to give them is certain.

Found by comparing ``ATen/Functions.h`` of 1.0 to 2.4 with 2.15's, overload by overload; the releases are those whose headers first differ.
"""

import re

from migrator.calls import call_of
from migrator.rewrite import Case, Change, Edit, Rewrite
from rewrites.aten._elements import is_tensor
from rewrites.aten._kinds import kind
from rewrites.aten._overloads import TYPE

_USING = re.compile(rb"\b(?:using\s+namespace|namespace)\s+(?:::)?(?:at|torch)\b")
_TYPE = re.compile(r"(?:::)?(?:(?:at|torch|c10)::)?k(?:Float|Double|Half|Int|Long|Short|Byte|Char|Bool|BFloat16|Float(?:16|32|64)|Int(?:8|16|32|64))\Z")


def _in_sight(match, ctx) -> bool:
    """Whether an operator without a namespace is torch's: a namespace of torch's is open, and nobody else has a function of that name."""
    name = match.pattern.anchor
    return ctx.spells(_USING) and not ctx.project.functions(name) and not ctx.project.macros(name)


def _names(ctx, node) -> bool:
    """Whether an argument is an element type."""
    type = ctx.type_of(node)
    return _TYPE.match("".join(node.text.split())) is not None or (type is not None and type.base.split("::")[-1] == "ScalarType")


def _cases(names, old, new, since, where=None):
    """The case of each spelling: ``old`` and ``new`` are lists of arguments."""

    def unqualified(match, ctx):
        return _in_sight(match, ctx) and (where is None or where(match, ctx))

    for name in names.split():
        for space, allowed in (("at::", where), ("torch::", where), ("", unqualified)):
            yield Case(f"{space}{name}({old})", f"{space}{name}({new})", where=allowed, since=since)


def _rewrite(id, title, detail, before, after, *cases, **releases):
    doc = f"{title}\n\n{detail}\n\nBefore:\n    {before}\nAfter:\n    {after}\n"
    return Rewrite(id, doc, cases=tuple(case for some in cases for case in some), **releases)


def _source_is_tensor(match, ctx):
    """Whether the last argument is the tensor whose element type is asked for since; a finding where it may be."""
    type = ctx.type_of(match["$x"])
    if type is not None and type.is_tensor:
        return not type.pointers and "optional" not in type.base
    if type is not None or re.search(r"type|\bk[A-Z]", match.text("$x"), re.I):
        return False
    return f"{match.pattern.anchor} takes the element type of the input since torch 1.11: write {match.text('$x')}.scalar_type() if that is a tensor"


def _of_all(match, ctx):
    """Whether what is given besides the tensor is an element type."""
    return kind(ctx, match["$type"]) == TYPE


def _of_all_of_tensor(match, ctx):
    return is_tensor(ctx, match["$x"]) and _of_all(match, ctx)


def _no_steps(match, ctx) -> bool:
    """Whether the third argument are options: no number, and nothing that may hold one."""
    node = match["$options"]
    type = ctx.type_of(node)
    text = "".join(node.text.split())
    if type is not None and type.base.split("::")[-1] == "TensorOptions":
        return True
    return _names(ctx, node) or re.match(r"(?:::)?(?:(?:at|torch)::)?(?:TensorOptions|dtype|device|requires_grad)\(|.*\.options\(\)\Z", text) is not None


REDUCTION = "reduction-to-type"
_REDUCTION = """Say ``keepdim`` where a reduction is told the element type of its result.

``sum``, ``mean`` and ``prod`` took the type right behind the dimensions until torch 1.1.

Before:
    auto z = at::sum(x, 0, at::kDouble);
After:
    auto z = at::sum(x, 0, /*keepdim=*/false, at::kDouble);
"""
_SPELT = re.compile(rb"\b(?:sum|mean|prod)\s*\([^;]*,[^;,()]*\bk[A-Z]\w+\s*\)|\bScalarType\b")


def _reductions(ctx):
    if not ctx.spells(_SPELT):
        return
    for name in ctx.names({"sum", "mean", "prod"}):
        call = call_of(name)
        if call is None or not call.args or not _names(ctx, call.args[-1]):
            continue
        if call.callee.kind == "field_expression":
            mine = len(call.args) == 2 and is_tensor(ctx, call.callee.field_child("argument"))
        else:
            mine = len(call.args) == 3 and call.qualified.removeprefix("::") in (f"at::{name.text}", f"torch::{name.text}")
        if mine:
            yield Change(REDUCTION, (Edit(call.args[-1].start, call.args[-1].start, b"/*keepdim=*/false, "),))


_GRID = "$grad, $input, $grid, $mode, $padding, $corners"
rewrites = [
    _rewrite(
        "grid-sampler-backward-mask",
        "Ask the gradient of ``grid_sampler`` for both of its parts.",
        "``output_mask`` is an argument of ``grid_sampler_2d_backward`` since torch 1.11 (pytorch/pytorch#65986), of the 3d one since 1.12; until\n"
        "then both gradients were computed.",
        "auto z = at::grid_sampler_2d_backward(g, x, y, 0, 0, false);",
        "auto z = at::grid_sampler_2d_backward(g, x, y, 0, 0, false, {true, true});",
        _cases("grid_sampler_2d_backward", _GRID, f"{_GRID}, {{true, true}}", "1.11"),
        _cases("grid_sampler_3d_backward", _GRID, f"{_GRID}, {{true, true}}", "1.12", lambda match, ctx: ctx.settings.target >= (1, 12)),
        removed_in="1.11",
        link="https://github.com/pytorch/pytorch/pull/65986",
    ),
    _rewrite(
        "softmax-backward-type",
        "Give the gradient of softmax the element type of its input, not the input.",
        "``_softmax_backward_data`` and ``_log_softmax_backward_data`` take an ``at::ScalarType`` in the place of the tensor since torch 1.11.",
        "at::Tensor f(at::Tensor g, at::Tensor y, at::Tensor x) { return at::_softmax_backward_data(g, y, -1, x); }",
        "at::Tensor f(at::Tensor g, at::Tensor y, at::Tensor x) { return at::_softmax_backward_data(g, y, -1, x.scalar_type()); }",
        _cases(
            "_softmax_backward_data _log_softmax_backward_data", "$grad, $output, $dim, $x", "$grad, $output, $dim, $x.scalar_type()", "1.11",
            _source_is_tensor,
        ),
        removed_in="1.11",
    ),
    _rewrite(
        "leaky-relu-backward-result",
        "Say that the gradient of a leaky ReLU is given its input.",
        "``leaky_relu_backward`` and ``rrelu_with_noise_backward`` take ``self_is_result`` since torch 1.5; until then it was the input that they\n"
        "were given.",
        "auto z = at::leaky_relu_backward(g, x, 0.1);",
        "auto z = at::leaky_relu_backward(g, x, 0.1, /*self_is_result=*/false);",
        _cases("leaky_relu_backward", "$grad, $x, $slope", "$grad, $x, $slope, /*self_is_result=*/false", "1.5"),
        _cases("leaky_relu_backward_out", "$out, $grad, $x, $slope", "$out, $grad, $x, $slope, /*self_is_result=*/false", "1.10"),
        _cases(
            "rrelu_with_noise_backward",
            "$grad, $x, $noise, $lower, $upper, $training",
            "$grad, $x, $noise, $lower, $upper, $training, /*self_is_result=*/false",
            "1.5",
        ),
        removed_in="1.5",
    ),
    _rewrite(
        "elu-backward-result",
        "Say that the gradient of an ELU is given its output.",
        "``elu_backward`` takes ``is_result`` before the tensor since torch 1.8; until then the tensor was the output.",
        "auto z = at::elu_backward(g, 1., 1., 1., y);",
        "auto z = at::elu_backward(g, 1., 1., 1., /*is_result=*/true, y);",
        _cases("elu_backward", "$grad, $alpha, $scale, $input_scale, $y", "$grad, $alpha, $scale, $input_scale, /*is_result=*/true, $y", "1.8"),
        _cases("elu_backward_out", "$out, $grad, $alpha, $scale, $input_scale, $y", "$out, $grad, $alpha, $scale, $input_scale, /*is_result=*/true, $y", "1.10"),
        removed_in="1.8",
    ),
    _rewrite(
        "smooth-l1-backward-beta",
        "Give the gradient of the smooth L1 loss its ``beta``.",
        "``smooth_l1_loss_backward`` takes it since torch 1.7; it was 1 until then.",
        "auto z = at::smooth_l1_loss_backward(g, x, y, at::Reduction::Mean);",
        "auto z = at::smooth_l1_loss_backward(g, x, y, at::Reduction::Mean, /*beta=*/1.0);",
        _cases("smooth_l1_loss_backward", "$grad, $x, $target, $reduction", "$grad, $x, $target, $reduction, /*beta=*/1.0", "1.7"),
        _cases("smooth_l1_loss_backward_out", "$out, $grad, $x, $target, $reduction", "$out, $grad, $x, $target, $reduction, /*beta=*/1.0", "1.7"),
        removed_in="1.7",
    ),
    _rewrite(
        "softplus-backward-output",
        "Do not give the gradient of softplus its output.",
        "``softplus_backward`` does without since torch 1.11.",
        "auto z = at::softplus_backward(g, x, 1., 20., y);",
        "auto z = at::softplus_backward(g, x, 1., 20.);",
        _cases("softplus_backward", "$grad, $x, $beta, $threshold, $output", "$grad, $x, $beta, $threshold", "1.0"),
        _cases("softplus_backward_out", "$out, $grad, $x, $beta, $threshold, $output", "$out, $grad, $x, $beta, $threshold", "1.0"),
        removed_in="1.11",
    ),
    _rewrite(
        "linspace-without-steps",
        "Say how many steps ``linspace`` and ``logspace`` make.",
        "They made 100 where nothing was said, until torch 1.10; options could stand in the place of the number until 1.0.",
        "auto z = at::linspace(0., 1.);",
        "auto z = at::linspace(0., 1., 100);",
        _cases("linspace logspace", "$start, $end", "$start, $end, 100", "1.0"),
        _cases("linspace logspace", "$start, $end, $options", "$start, $end, 100, $options", "1.0", _no_steps),
        removed_in="1.11",
    ),
    _rewrite(
        "affine-grid-corners",
        "Say that the grid's ends are the corners' centres.",
        "Up to torch 1.2 they always were; ``affine_grid_generator`` and its gradient take ``align_corners`` since 1.3.",
        "auto z = at::affine_grid_generator(theta, size);",
        "auto z = at::affine_grid_generator(theta, size, /*align_corners=*/true);",
        _cases("affine_grid_generator affine_grid_generator_backward", "$theta, $size", "$theta, $size, /*align_corners=*/true", "1.3"),
        removed_in="1.3",
    ),
    _rewrite(
        "avg-pool-backward-divisor",
        "Give the gradient of average pooling no other divisor.",
        "``avg_pool2d_backward`` and ``avg_pool3d_backward`` take ``divisor_override`` since torch 1.2.",
        "auto z = at::avg_pool2d_backward(g, x, {2, 2}, {2, 2}, {0, 0}, false, true);",
        "auto z = at::avg_pool2d_backward(g, x, {2, 2}, {2, 2}, {0, 0}, false, true, /*divisor_override=*/c10::nullopt);",
        _cases(
            "avg_pool2d_backward avg_pool3d_backward",
            "$grad, $x, $kernel, $stride, $padding, $ceil, $count",
            "$grad, $x, $kernel, $stride, $padding, $ceil, $count, /*divisor_override=*/c10::nullopt",
            "1.2",
        ),
        removed_in="1.2",
    ),
    _rewrite(
        "frobenius-norm-of-all",
        "Take the norm of all elements with ``norm``.",
        "``frobenius_norm`` of a tensor alone is gone since torch 2.0.",
        "auto z = at::frobenius_norm(x);",
        "auto z = at::norm(x);",
        (
            *(Case(f"{space}frobenius_norm($x)", f"{space}norm($x)") for space in ("at::", "torch::")),
            Case("frobenius_norm($x)", "norm($x)", where=_in_sight),
        ),
        removed_in="2.0",
    ),
    _rewrite(
        "arange-out-step",
        "Say how far apart the numbers of ``arange_out`` are.",
        "It was 1 where nothing was said, until torch 1.12; ``arange`` still takes it so.",
        "void f(at::Tensor x) { at::arange_out(x, 2, 5); }",
        "void f(at::Tensor x) { at::arange_out(x, 2, 5, 1); }",
        _cases("arange_out", "$out, $start, $end", "$out, $start, $end, 1", "1.0"),
        removed_in="1.13",
    ),
    _rewrite(
        "nansum-of-all",
        "Say that ``nansum`` goes over all dimensions where it is told the element type of its result.",
        "A type could be all that it was told until torch 1.11; since 1.12 dimensions come first, and ``nullopt`` are all of them.",
        "auto z = at::nansum(x, at::kFloat);",
        "auto z = at::nansum(x, /*dim=*/c10::nullopt, /*keepdim=*/false, at::kFloat);",
        _cases("nansum", "$x, $type", "$x, /*dim=*/c10::nullopt, /*keepdim=*/false, $type", "1.12", _of_all),
        (Case("$x.nansum($type)", "$x.nansum(/*dim=*/c10::nullopt, /*keepdim=*/false, $type)", where=_of_all_of_tensor, since="1.12"),),
        removed_in="1.12",
    ),
    Rewrite(REDUCTION, _REDUCTION, fix=_reductions, triggers=frozenset({"sum", "mean", "prod"}), removed_in="1.2"),
]
