"""Apply a function to the elements of tensors with what is left of ``CUDA_tensor_apply``.

``CUDA_tensor_apply1`` went with torch 1.4, ``3`` with 1.5, ``4`` with 1.6; ``CUDA_tensor_apply2`` is in all releases. One tensor is two
times the same to it. Three and four are reported, with the call of ``gpu_kernel`` that does the same: it broadcasts and resizes, where the
old function wanted as many elements in each.

Before:
    at::cuda::CUDA_tensor_apply1<float>(x, [] __device__ (float &v) { v += 1; });
After:
    at::cuda::CUDA_tensor_apply2<float, float>(x, x, [] __device__ (float &v, const float &) { v += 1; });
"""

from migrator.calls import call_of
from migrator.rewrite import Change, Edit, Finding, Rewrite
from migrator.scope import declarator_name

ID = "cuda-tensor-apply"
_NAMES = {"CUDA_tensor_apply1": 1, "CUDA_tensor_apply3": 3, "CUDA_tensor_apply4": 4}


def _function(call, count):
    """The lambda that a call applies, with its parameters; None where it is no lambda of one parameter for each tensor."""
    if len(call.args) <= count or call.args[count].kind != "lambda_expression":
        return None
    declarator = call.args[count].field_child("declarator")
    parameters = declarator.field_child("parameters") if declarator is not None else None
    if parameters is None or len(parameters.named) != count:
        return None
    return call.args[count], parameters.named


def _element(parameter) -> str:
    type_node = parameter.field_child("type")
    return type_node.text if type_node is not None else "scalar_t"


def _parameter_name(parameter) -> str:
    declarator = parameter.field_child("declarator")
    name = declarator_name(declarator)[0] if declarator is not None else None
    return name.text if name is not None else "value"


def _example(call, count) -> str:
    """The same with ``gpu_kernel``, in the names of the call."""
    tensors = [a.text for a in call.args[:count]]
    chain = "".join(f".add_{'output' if i == 0 else 'input'}({t})" for i, t in enumerate(tensors))
    found = _function(call, count)
    if found is None:
        operation = "op"
    else:
        function, parameters = found
        takes = ", ".join(f"{_element(p)} {_parameter_name(p)}" for p in parameters[1:])
        body = function.field_child("body")
        statements = body.named if body is not None else []
        value = None
        if len(statements) == 1 and statements[0].kind == "expression_statement" and statements[0].named[0].kind == "assignment_expression":
            assignment = statements[0].named[0]
            if assignment.field_child("left").text == _parameter_name(parameters[0]) and any(c.kind == "=" for c in assignment.children):
                value = assignment.field_child("right").text
        operation = f"[=] GPU_LAMBDA ({takes}) -> {_element(parameters[0])} {{ return {value or '...'}; }}"
    return (
        f"auto iter = at::TensorIteratorConfig(){chain}.build(); at::native::gpu_kernel(iter, {operation}); "
        "with <ATen/native/TensorIterator.h> and <ATen/native/cuda/Loops.cuh>"
    )


def fix(ctx):
    for name in ctx.names(_NAMES):
        call = call_of(name)
        if call is None or ctx.project.has_function(name.text):
            continue
        count = _NAMES[name.text]
        if count > 1:
            yield Finding(ID, name.start, f"{name.text} is gone: only CUDA_tensor_apply2 is left", _example(call, count))
            continue
        found = _function(call, 1)
        elements = name.parent.field_child("arguments") if name.parent is not None and name.parent.kind == "template_function" else None
        if found is None or len(call.args) != 2 or call.args[0].kind != "identifier" or elements is None or len(elements.named) != 1:
            message = "CUDA_tensor_apply1 is gone: CUDA_tensor_apply2 with the same tensor twice does the same"
            yield Finding(ID, name.start, message, "give its function a second parameter, const scalar_t &, that it does not use")
            continue
        tensor, element, parameter = call.args[0], elements.named[0], found[1][0]
        yield Change(
            ID,
            (
                Edit(name.start, name.end, b"CUDA_tensor_apply2"),
                Edit(element.end, element.end, f", {element.text}".encode()),
                Edit(tensor.end, tensor.end, f", {tensor.text}".encode()),
                Edit(parameter.end, parameter.end, f", const {_element(parameter)} &".encode()),
            ),
        )


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset(_NAMES), removed_in="1.4")
