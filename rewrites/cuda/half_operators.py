"""Report arithmetic of CUDA's ``half``, which torch's builds turn off.

``CUDAExtension`` and ``load`` compile with ``-D__CUDA_NO_HALF_OPERATORS__`` and the like, in every release; kernels that a make file compiled
for ``torch.utils.ffi`` did not meet that. Nothing is said where the project takes the flag back, or has ``at::Half``, which has its own operators.

Before:
    __global__ void twice(half *p) { p[0] = p[0] + p[0]; }
After:
    __global__ void twice(half *p) { p[0] = p[0] + p[0]; }
"""

import re

from migrator.rewrite import Finding, Rewrite
from migrator.scope import declarator_name

ID = "half-operators"
_HALVES = frozenset({"half", "__half", "half2", "__half2"})
_METAL = frozenset({b"metal", b"metal_stdlib"})  # a language that has a half, with operators
_SCALARS = frozenset({"half", "__half"})
_NUMBERS = frozenset({"float", "double", "int", "unsigned", "unsigned int", "long", "int64_t", "size_t"})
_DECLARING = frozenset({"declaration", "parameter_declaration", "optional_parameter_declaration", "field_declaration", "function_definition", "for_range_loop"})
_LOOKED_AT = frozenset({"binary_expression", "assignment_expression", "unary_expression", "cast_expression", "call_expression", "init_declarator"})
_OPERATORS = frozenset("+ - * / < > <= >= == != += -= *= /=".split())
_BUILDS = frozenset({b"cpp_extension", b"CUDAExtension", b"create_extension"})
_FLAGS = frozenset(start + b"__CUDA_NO_HALF_" + what + b"__" for start in (b"", b"U") for what in (b"OPERATORS", b"CONVERSIONS"))


# What is asked of a file before the tree: a type of its own of this name.
_MAY_DECLARE = re.compile(rb"(?:class|struct|using)\s+(?:\w+\s+|__align__\s*\(\d+\)\s*)*(?:__)?half2?\b|typedef\b[^;]*\b(?:__)?half2?\s*;")


def fix(ctx):
    if _METAL & ctx.file.words or not _may_make(ctx.file) or not ctx.project.cached(ID, lambda: _is_concerned(ctx.project)):
        return
    uses = [node for node in _candidates(ctx) if _operates(ctx, node) or _converts(ctx, node)]
    if not uses:
        return
    lines = sorted({node.line for node in uses[1:]} - {uses[0].line})
    shown = f" (also in line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines[:8]))}{' ...' if len(lines) > 8 else ''})" if lines else ""
    yield Finding(
        ID,
        uses[0].start,
        f"half has no operators and conversions in an extension: torch compiles with -D__CUDA_NO_HALF_OPERATORS__{shown}",
        "__hadd(a, b), __hlt(a, b), __half2float(h), __float2half(f) and their like (cuda_fp16.h), or at::Half for half; or give nvcc "
        "-U__CUDA_NO_HALF_OPERATORS__ -U__CUDA_NO_HALF_CONVERSIONS__ -U__CUDA_NO_HALF2_OPERATORS__",
    )


# A value of the type is declared, made, cast or returned: ``half x``, ``half *p``, ``half(1)``, ``(half)x``, ``static_cast<half>(x)``, ``array<half, 2> a``.
_MAKES = re.compile(rb"\s*(?:[\w(*&/\\]|>\s*[\w(*&]|,\s*\d|\)\s*[\w(*&+-])")
_AUTO = re.compile(rb"auto[\s*&]+(?:const[\s*&]+)?(\w+)")


def _may_make(file) -> bool:
    """Whether values of the type may be made in a file, as its text goes. A specialisation ``Traits<__half>`` alone makes none."""
    return any(_MAKES.match(file.data, start + len(word)) for word in map(str.encode, _HALVES) for start in file.places(word))


def _candidates(ctx):
    """The expressions and declarations that may hold a value of the type, in the order of the file: those around its names, and around the
    names that are declared with one of them or with ``auto``."""
    tree = ctx.tree
    words = set(_HALVES) | {m.group(1).decode() for m in _AUTO.finditer(ctx.file.data)}
    for leaf in tree.names(_HALVES):
        for above in leaf.ancestors():
            if above.kind in _DECLARING:
                words.update(name.text for child in above.children if child.field == "declarator" and (name := declarator_name(child)[0]))
                break
            if above.kind in ("compound_statement", "field_declaration_list", "translation_unit"):
                break
    found = {}
    for leaf in tree.names(words):
        for above in leaf.ancestors():
            if above in found or above.kind in ("compound_statement", "field_declaration_list", "translation_unit"):
                break
            if above.kind in _LOOKED_AT:
                found[above] = (above.start, -above.end)
    return sorted(found, key=found.__getitem__)


def _is_concerned(project) -> bool:
    """Whether torch builds an extension here, with its flags as they are, and half is CUDA's."""
    if all(_BUILDS.isdisjoint(file.words) for file in project.scripts.values()):
        return False
    if not all(_FLAGS.isdisjoint(file.words) for file in [*project.files.values(), *project.scripts.values()]):
        return False
    holders = {path for word in _HALVES for path in project.with_word(word) if _MAY_DECLARE.search(project.files[path].data)}
    return not any(_declares(project.tree(path), word) for path in sorted(holders) for word in _HALVES)


def _declares(tree, word) -> bool:
    """Whether a file has a type of its own of this name."""
    return any(
        leaf.field == "name" and leaf.parent.kind in ("class_specifier", "struct_specifier", "alias_declaration")
        or leaf.kind == "type_identifier" and leaf.field == "declarator" and leaf.parent.kind == "type_definition"
        for leaf in tree.names({word})
    )


def _is_half(ctx, node, kinds=_HALVES) -> bool:
    type = ctx.type_of(node) if node is not None else None
    return type is not None and not type.pointers and not type.template and type.base in kinds


def _is_number(ctx, node) -> bool:
    if node.kind == "number_literal":
        return True
    type = ctx.type_of(node)
    return type is not None and not type.pointers and not type.template and type.base in _NUMBERS


def _operates(ctx, node) -> bool:
    if node.kind in ("binary_expression", "assignment_expression"):
        operator = node.field_child("operator")
        if operator is None or operator.text not in _OPERATORS:
            return False
        return _is_half(ctx, node.field_child("left")) or _is_half(ctx, node.field_child("right"))
    if node.kind == "unary_expression":
        operator = node.field_child("operator")
        return operator is not None and operator.text == "-" and _is_half(ctx, node.field_child("argument"))
    return False


def _converts(ctx, node) -> bool:
    """``(half)1.f``, ``half(0)``, ``static_cast<float>(h)``, ``half h = 0.f``, ``float f = h``, ``h = 0.f``."""
    if node.kind == "cast_expression":
        return _changes(ctx, node.field_child("type"), node.field_child("value"))
    if node.kind == "call_expression":
        function, arguments = node.field_child("function"), node.field_child("arguments")
        if function is None or arguments is None or len(arguments.named) != 1:
            return False
        if function.kind == "template_function" and function.field_child("name").text == "static_cast":
            kinds = function.field_child("arguments").named
            return len(kinds) == 1 and _changes(ctx, kinds[0], arguments.named[0])
        return function.text in _SCALARS and _is_number(ctx, arguments.named[0])
    if node.kind == "init_declarator" and node.parent.kind == "declaration" and node.field_child("declarator").kind == "identifier":
        value = node.field_child("value")
        return value is not None and _changes(ctx, node.parent.field_child("type"), value)
    if node.kind == "assignment_expression" and node.field_child("operator") is not None and node.field_child("operator").text == "=":
        left, right = node.field_child("left"), node.field_child("right")
        return (_is_half(ctx, left, _SCALARS) and _is_number(ctx, right)) or (_is_half(ctx, right, _SCALARS) and _is_number(ctx, left))
    return False


def _changes(ctx, kind, value) -> bool:
    """Whether a value becomes a half, or a half something else."""
    if kind is None or value is None:
        return False
    base = kind.text.replace("const", "").strip()
    return (base in _SCALARS and _is_number(ctx, value)) or (base in _NUMBERS and _is_half(ctx, value, _SCALARS))


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=_HALVES, removed_in="1.0", cross_file=True,
    link="https://docs.nvidia.com/cuda/cuda-math-api/cuda_math_api/group__CUDA__MATH__INTRINSIC__HALF.html",
)  # fmt: skip
