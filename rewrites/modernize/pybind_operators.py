"""Offer operators bound with pybind11 as operators of torch, with schemas.

What ``TORCH_LIBRARY`` registers can be traced, scripted, compiled and exported, and is called as ``torch.ops.<namespace>.<name>``. The finding
has the text to write.

Before:
    #include <torch/extension.h>
    at::Tensor scale(const at::Tensor &x, double by);
    PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) { m.def("scale", &scale); }
After:
    #include <torch/extension.h>
    at::Tensor scale(const at::Tensor &x, double by);
    PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) { m.def("scale", &scale); }
"""

import re

from migrator.calls import call_of
from migrator.rewrite import Finding, Rewrite, settings_floor
from migrator.scope import TENSOR_TYPES, normalise

ID = "pybind-operators"
_SCALARS = {
    "int64_t": "int", "int": "int", "long": "int", "size_t": "int", "unsigned": "int", "unsigned int": "int", "int32_t": "int", "short": "int",
    "double": "float", "float": "float", "bool": "bool", "std::string": "str", "at::Scalar": "Scalar", "torch::Scalar": "Scalar", "c10::Scalar": "Scalar",
    "at::ScalarType": "ScalarType", "at::Device": "Device", "c10::Device": "Device", "torch::Device": "Device", "at::IntArrayRef": "int[]",
    "at::IntList": "int[]", "c10::IntArrayRef": "int[]", "torch::IntArrayRef": "int[]", "at::TensorList": "Tensor[]", "torch::TensorList": "Tensor[]",
    "c10::string_view": "str", "std::string_view": "str",
}  # fmt: skip
_WIDE = {"int": "int64_t", "long": "int64_t", "size_t": "int64_t", "unsigned": "int64_t", "unsigned int": "int64_t", "int32_t": "int64_t",
         "short": "int64_t", "float": "double"}  # fmt: skip


def fix(ctx):
    if settings_floor(ctx) < (1, 6):
        return
    for name in ctx.names({"PYBIND11_MODULE"}):
        module = name.enclosing("function_definition")
        body = module.field_child("body") if module is not None else None
        if body is None:
            continue
        schemas, impls, wide = [], [], set()
        for leaf in (n for n in body.walk() if n.text == "def" and not n.children):
            call = call_of(leaf)
            if call is None or len(call.args) < 2 or call.args[0].kind != "string_literal":
                continue
            function = call.args[1].text.lstrip("&")
            schema = _schema(ctx, call.args[0].text.strip('"'), function, wide)
            if schema is not None:
                schemas.append(f'  m.def("{schema}");')
                impls.append(f'  m.impl("{call.args[0].text.strip(chr(34))}", &{function});')
        if not schemas:
            continue
        advice = "\n    ".join(["TORCH_LIBRARY(my_ops, m) {", *schemas, "}", "TORCH_LIBRARY_IMPL(my_ops, CUDA, m) {", *impls, "}"])
        if wide:
            advice += "\n    with these parameters widened in the functions: " + ", ".join(f"{old} -> {_WIDE[old]}" for old in sorted(wide))
        yield Finding(ID, name.start, "operators that torch.compile and torch.export cannot see through", advice)


def _schema(ctx, name, function, wide) -> str | None:
    """``scale(Tensor x, float by) -> Tensor`` of a function of the project, or None where a type has no counterpart."""
    declarators = ctx.project.functions(function.split("::")[-1]) if function.replace("::", "").isidentifier() else []
    if not declarators:
        return None
    declarator = declarators[0]
    parts, alias = [], iter("abcdefghijklmnopqrstuvwxyz")
    for number, parameter in enumerate(declarator.field_child("parameters").named):
        type_node = parameter.field_child("type")
        inner = parameter.field_child("declarator")
        if type_node is None or (inner is not None and "*" in inner.text):
            return None
        of = _type(normalise(type_node.text), wide)
        if of is None:
            return None
        words = re.findall(r"\w+", inner.text) if inner is not None else []
        written = of == "Tensor" and inner is not None and "&" in inner.text and "const" not in parameter.text.split()
        if written and (letter := next(alias, None)):
            of = f"Tensor({letter}!)"
        parts.append(f"{of} {words[-1] if words else f'arg{number}'}")
    owner = declarator.parent
    while owner is not None and owner.kind in ("pointer_declarator", "reference_declarator"):
        owner = owner.parent
    returned = owner.field_child("type") if owner is not None else None
    result = _result(normalise(returned.text) if returned is not None else "void", wide)
    return None if result is None else f"{name}({', '.join(parts)}) -> {result}"


def _type(text, wide) -> str | None:
    if text in TENSOR_TYPES:
        return "Tensor"
    if text in _SCALARS:
        if text in _WIDE:
            wide.add(text)
        return _SCALARS[text]
    m = re.fullmatch(r"(?:(?:std|at|c10|torch)::)?(optional|vector|ArrayRef)<(.*)>", text)
    inner = _type(m.group(2).strip(), wide) if m else None
    return None if inner is None else inner + ("?" if m.group(1) == "optional" else "[]")


def _result(text, wide) -> str | None:
    if text == "void":
        return "()"
    m = re.fullmatch(r"(?:std::)?tuple<(.*)>", text)
    if m:
        parts = [_type(part.strip(), wide) for part in m.group(1).split(",")]
        return None if None in parts else f"({', '.join(parts)})"
    return _type(text, wide)


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset({"PYBIND11_MODULE"}), default=False, cross_file=True,
    link="https://pytorch.org/tutorials/advanced/cpp_custom_ops.html",
)  # fmt: skip
