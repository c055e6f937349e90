"""Take ``at::Tensor`` by value instead of ``THCudaTensor *`` and ``TH<Type>Tensor *``.

The types went with torch 1.11 (pytorch/pytorch#65492). They said where a tensor lives and what it holds: the functions that Python calls
check that now, in their first lines. A null pointer becomes an undefined tensor.

Before:
    int scale_forward(THFloatTensor *input, float factor, THFloatTensor *output)
    {
        run(input, output);
        return 1;
    }
After:
    #include <ATen/ATen.h>
    int scale_forward(at::Tensor input, float factor, at::Tensor output)
    {
        TORCH_CHECK(input.device().is_cpu() && input.scalar_type() == at::kFloat, "input must be a CPU float tensor");
        TORCH_CHECK(output.device().is_cpu() && output.scalar_type() == at::kFloat, "output must be a CPU float tensor");
        run(input, output);
        return 1;
    }
"""

import re

from migrator.rewrite import Change, Edit, Finding, Rewrite
from migrator.scope import declarator_name
from migrator.syntax.tree import Node
from rewrites.ffi import _th
from rewrites.ffi._extension import is_entry_point

ID = "ffi-tensor-type"
ATEN = "ATen/ATen.h"
# What TH/TH.h brought along and ATen/ATen.h does not.
_CAME_THROUGH = (
    (re.compile(rb"\b(?:FLT|DBL)_[A-Z]"), "cfloat", {"float.h", "cfloat"}),
    (re.compile(rb"(?<![:.>\w])is(?:nan|inf|finite|normal)[ \t]*\("), "math.h", {"math.h"}),
)


def fix(ctx):
    checked: set[int] = set()
    for leaf in ctx.names(_th.TENSOR_TYPES):
        if ctx.project.macros(leaf.text):
            continue
        edits = _cast(ctx, leaf) or _declaration(leaf)
        if edits is None:
            yield Finding(
                ID,
                leaf.start,
                f"{leaf.text} is used in a way that cuport does not know",
                "at::Tensor is a value: pass it as it is, or as at::Tensor & where it is replaced",
            )
            continue
        yield Change(ID, edits, (ATEN, *_came_through(ctx)))
        definition = leaf.enclosing("function_definition")
        if definition is not None and definition.start not in checked and leaf.enclosing("compound_statement") is None:
            checked.add(definition.start)
            edit = _checks(ctx, definition)
            if edit is not None:
                yield Change(ID, (edit,), ("c10/util/Exception.h",))
    yield from _nulls(ctx)


def _came_through(ctx) -> list[str]:
    """Headers of C that the file got through TH/TH.h."""
    if not any(i.name in ("TH/TH.h", "TH.h", "THC/THC.h", "THC.h") for i in ctx.includes()):
        return []
    have = ctx.project.all_includes(ctx.path)
    return [header for pattern, header, same in _CAME_THROUGH if pattern.search(ctx.file.data) and not have & same]


def _declaration(leaf: Node) -> tuple[Edit, ...] | None:
    """``THCudaTensor *x, *y`` -> ``at::Tensor x, y``; None where that is not the form."""
    node: Node = leaf
    start = leaf.start
    if leaf.parent is not None and leaf.parent.kind == "struct_specifier" and leaf.parent.field_child("body") is None:
        node = leaf.parent
        start = node.start
    owner = node.parent
    if owner is None or node.field != "type":
        return None
    if owner.kind not in (
        "parameter_declaration",
        "optional_parameter_declaration",
        "declaration",
        "field_declaration",
        "function_definition",
        "type_descriptor",
    ):
        return None
    if owner.kind == "type_descriptor" and owner.parent is not None:
        function = owner.parent.parent
        name = function.field_child("name") if function is not None and function.kind == "template_function" else None
        if owner.parent.kind == "cast_expression" or (name is not None and name.text.endswith("_cast")):
            return None
    declarators = [c for c in owner.children if c.field == "declarator"]
    if not declarators:
        return None
    edits = [Edit(start, node.end, b"at::Tensor")]
    data = leaf.tree.file.data
    for i, declarator in enumerate(declarators):
        star = _star(declarator)
        if star is None:
            return None
        after = star.end
        while data[after : after + 1] in (b" ", b"\t"):
            after += 1
        before = star.start
        while data[before - 1 : before] in (b" ", b"\t"):
            before -= 1
        if data[after : after + 1] in (b",", b")", b">"):
            edits.append(Edit(before, star.end, b""))  # no name
        elif i == 0 and before == node.end and before == star.start:
            edits.append(Edit(star.start, star.end, b"" if after > star.end else b" "))
        else:
            edits.append(Edit(star.start, after, b""))
        if declarator.kind == "init_declarator":
            value, inner = declarator.field_child("value"), declarator.field_child("declarator")
            if value is not None and inner is not None and _th.is_null(value):
                edits.append(Edit(inner.end, declarator.end, b""))
    return tuple(edits)


def _cast(ctx, leaf: Node) -> tuple[Edit, ...]:
    """``const_cast<THCudaTensor *>(x)`` and ``(THCudaTensor *)x`` of a tensor -> ``(x)``, ``x``."""
    descriptor = leaf.enclosing("type_descriptor")
    parent = descriptor.parent if descriptor is not None else None
    if descriptor is None or parent is None:
        return ()
    if parent.kind == "cast_expression":
        value = parent.field_child("value")
        return (Edit(parent.start, value.start, b""),) if value is not None and _is_tensor(ctx, value) else ()
    function = parent.parent
    if parent.kind != "template_argument_list" or function is None or function.kind != "template_function" or function.parent is None:
        return ()
    name, arguments = function.field_child("name"), function.parent.field_child("arguments")
    if name is None or name.text not in ("const_cast", "static_cast", "reinterpret_cast") or arguments is None or len(arguments.named) != 1:
        return ()
    return (Edit(function.start, function.end, b""),) if _is_tensor(ctx, arguments.named[0]) else ()


def _is_tensor(ctx, value: Node) -> bool:
    """Whether an expression names a tensor, rather than an address worked out from one."""
    value = _th.bare(value)
    return value.kind in ("identifier", "field_expression", "call_expression") and _th.is_tensor(ctx.type_of(value))


def _star(declarator: Node) -> Node | None:
    """The ``*`` next to the type."""
    current: Node | None = declarator
    while current is not None:
        if current.kind in ("pointer_declarator", "abstract_pointer_declarator"):
            return next((c for c in current.children if c.kind == "*"), None)
        if current.kind == "identifier":
            return None
        current = current.field_child("declarator")
    return None


def nullable_names(ctx, function: Node) -> set[str]:
    """The tensor parameters that a function compares with NULL, or asks for as a truth value."""
    declarator = _th.function_declarator(function)
    if declarator is None:
        return set()
    names = {name.text for _, name, type in _th.parameters(declarator) if name is not None and _th.is_tensor(type)}
    found = set()
    body = function.field_child("body")
    for leaf in ctx.tree.names(names) if names and body is not None else ():
        if body.start <= leaf.start < body.end and (_null_test(leaf) is not None):
            found.add(leaf.text)
    return found


def _null_test(leaf: Node) -> Edit | None:
    """The edit that turns a test of a pointer (``x != NULL``, ``!x``, ``x ? a : b``) into one of a tensor."""
    node = leaf
    while node.parent is not None and node.parent.kind == "parenthesized_expression":
        node = node.parent
    parent = node.parent
    if parent is None or leaf.field in ("field", "declarator"):
        return None
    defined = leaf.text.encode("utf-8", "surrogateescape") + b".defined()"
    if parent.kind == "binary_expression":
        operator = next((c for c in parent.children if not c.ts.is_named), None)
        other = parent.field_child("right" if node.field == "left" else "left")
        if operator is not None and operator.kind in ("==", "!=") and other is not None and _th.is_null(other):
            return Edit(parent.start, parent.end, (b"!" if operator.kind == "==" else b"") + defined)
        if operator is not None and operator.kind in ("&&", "||"):
            return Edit(leaf.end, leaf.end, b".defined()")
        return None
    if parent.kind == "unary_expression" and parent.children[0].kind == "!":
        return Edit(leaf.end, leaf.end, b".defined()")
    if parent.kind == "conditional_expression" and node.field == "condition":
        return Edit(leaf.end, leaf.end, b".defined()")
    if parent.kind in ("condition_clause", "if_statement", "while_statement") or (
        node.kind == "condition_clause" or (parent.kind == "condition_clause" and node.field == "value")
    ):
        return Edit(leaf.end, leaf.end, b".defined()")
    if node is not leaf and parent.kind in ("if_statement", "while_statement") and node.field == "condition":
        return Edit(leaf.end, leaf.end, b".defined()")
    return None


def _nulls(ctx):
    """Null pointers: tests of them, assignments, and arguments of the project's own functions."""
    words: set[str] = set()
    for leaf in ctx.names(_th.TENSOR_TYPES):
        owner = leaf.parent if leaf.parent is None or leaf.parent.kind != "struct_specifier" else leaf.parent.parent
        for child in owner.children if owner is not None else ():
            if child.field == "declarator":
                name, *_ = declarator_name(child)
                if name is not None:
                    words.add(name.text)
    for leaf in ctx.names(words):
        if leaf.kind != "identifier" or not _th.is_th_tensor(ctx.type_of(leaf)):
            continue
        edit = _null_test(leaf)
        if edit is not None:
            yield Change(ID, (edit,))
            continue
        parent = leaf.parent
        if parent is not None and parent.kind == "assignment_expression" and leaf.field == "left":
            right = parent.field_child("right")
            if right is not None and _th.is_null(right):
                yield Change(ID, (Edit(right.start, right.end, b"at::Tensor()"),))
    for leaf in [n for word in ("NULL", "nullptr") for n in _leaves(ctx, word)]:
        arguments = leaf.parent
        if arguments is not None and arguments.kind == "conditional_expression" and leaf.field in ("consequence", "alternative"):
            other = arguments.field_child("alternative" if leaf.field == "consequence" else "consequence")
            if other is not None and _th.is_th_tensor(ctx.type_of(other)):
                yield Change(ID, (Edit(leaf.start, leaf.end, b"at::Tensor()"),))
            continue
        if arguments is not None and arguments.kind == "binary_expression":
            other = arguments.field_child("right" if leaf.field == "left" else "left")
            operator = next((c.kind for c in arguments.children if not c.ts.is_named), "")
            if other is not None and other.kind == "call_expression" and operator in ("==", "!=") and _th.is_th_tensor(ctx.type_of(other)):
                edits = [
                    Edit(arguments.start, other.start, b"!" if operator == "==" else b""),
                    Edit(other.end, arguments.end, b".defined()"),
                ]
                yield Change(ID, tuple(e for e in edits if e.start != e.end or e.text))
            continue
        if arguments is None or arguments.kind != "argument_list" or arguments.parent is None:
            continue
        function = arguments.parent.field_child("function")
        if function is None or function.kind != "identifier":
            continue
        index = next(i for i, a in enumerate(arguments.named) if a.start == leaf.start)
        for declarator in ctx.project.functions(function.text):
            given = _th.parameters(declarator)
            if len(given) == len(arguments.named) and _th.is_th_tensor(given[index][2]):
                yield Change(ID, (Edit(leaf.start, leaf.end, b"at::Tensor()"),))
                break


def _leaves(ctx, word: str):
    if word.encode() not in ctx.file.words:
        return
    for m in re.finditer(rb"\b" + word.encode() + rb"\b", ctx.file.data):
        leaf = ctx.tree.leaf_at(m.start())
        while (
            leaf.parent is not None
            and leaf.parent.start == leaf.start
            and leaf.parent.end == leaf.end
            and leaf.parent.kind != "argument_list"
        ):
            leaf = leaf.parent
        if leaf.text == word and not ctx.tree.in_disabled(m.start()):
            yield leaf


def _checks(ctx, definition: Node) -> Edit | None:
    """What the parameter types promised, as checks after the opening brace of a function that Python calls."""
    declarator = _th.function_declarator(definition)
    body = definition.field_child("body")
    if declarator is None or body is None or body.kind != "compound_statement" or not is_entry_point(ctx, definition, declarator):
        return None
    nullable = nullable_names(ctx, definition)
    lines = []
    for _, name, type in _th.parameters(declarator):
        if name is None or not _th.is_th_tensor(type) or type.base in _th.GENERIC_TYPES:
            continue
        element, _, _ = _th.split(type.base.removeprefix("struct "))
        where = f"{name.text}.is_cuda()" if element.cuda else f"{name.text}.device().is_cpu()"
        test = f"{where} && {name.text}.scalar_type() == {element.scalar}"
        if name.text in nullable:
            test = f"!{name.text}.defined() || ({test})"
        lines.append(f'TORCH_CHECK({test}, "{name.text} must be a {element.spoken} tensor");')
    if not lines:
        return None
    data, newline = ctx.file.data, ctx.file.newline
    first = next((c for c in body.children if c.kind not in "{}" and c.kind != "comment"), None)
    start, _ = ctx.file.line_span(definition.start)
    outer = data[start : definition.start] if not data[start : definition.start].strip() else b""
    indent = outer + (b"\t" if b"\n\t" in data else b"    ")
    if first is not None:
        line, _ = ctx.file.line_span(first.start)
        if line > body.start and not data[line : first.start].strip():
            indent = data[line : first.start]
    brace = body.start + 1
    text = b"".join(newline + indent + line.encode("utf-8", "surrogateescape") for line in lines)
    end = data.find(b"\n", brace)
    if first is not None and (end < 0 or first.start < end):
        text += newline + indent  # code on the line of the brace
        end = brace
        while data[end : end + 1] in (b" ", b"\t"):
            end += 1
        return Edit(brace, end, text)
    while data[brace : brace + 1] in (b" ", b"\t"):
        brace += 1
    return Edit(brace, brace, text)


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=_th.TENSOR_TYPES, removed_in="1.11", link=_th.LINK)
