"""Take random number generators as values, not as pointers.

``at::Generator`` became a value in torch 1.6: functions take an optional one, and what a CUDA generator alone can do is reached with
``check_generator`` or ``get_generator_or_default``, which give the pointer to its implementation. ``mutex_`` and ``philox_engine_inputs``
are still there on it.

Before:
    uint64_t draw(at::Generator *gen_) {
      auto gen = at::check_generator<at::CUDAGenerator>(gen_, &at::globalContext().defaultGenerator(at::kCUDA));
      std::lock_guard<std::mutex> lock(gen->mutex_);
      return gen->philox_engine_inputs(4).second;
    }
After:
    uint64_t draw(std::optional<at::Generator> gen_) {
      auto gen = at::get_generator_or_default<at::CUDAGeneratorImpl>(gen_, at::globalContext().defaultGenerator(at::kCUDA));
      std::lock_guard<std::mutex> lock(gen->mutex_);
      return gen->philox_engine_inputs(4).second;
    }
"""

import re

from migrator.calls import call_of, callee_of
from migrator.rewrite import Change, Edit, Finding, Rewrite, settings_floor
from migrator.scope import Scopes, declarator_name, normalise

ID = "generator-pointer"
_GETTERS = frozenset({"getDefaultCUDAGenerator", "getDefaultCPUGenerator", "defaultGenerator"})
_CHECKS = frozenset({"check_generator", "get_generator_or_default"})
_IMPLEMENTATION = {"getDefaultCUDAGenerator": "CUDA", "getDefaultCPUGenerator": "CPU"}
_POINTERS = frozenset(f"{space}{kind}Generator{impl}" for space in ("", "at::") for kind in ("CUDA", "CPU") for impl in ("", "Impl"))
_NULL_ARGUMENT = re.compile(rb"(?:nullptr|NULL)\s*[,)]")
_NO_POINTER = re.compile(rb"(?:nullptr|NULL)\s*\)")
_POINTER = re.compile(rb"Generator(?:\s|const\b|/\*[^*]*\*/)*\*")
_RANDOM = frozenset(  # functions of ATen whose last argument is a generator
    "uniform_ normal_ random_ bernoulli bernoulli_ exponential_ cauchy_ log_normal_ geometric_ multinomial normal randperm poisson".split()
)
_KEPT = frozenset({"current_seed", "seed", "set_current_seed", "device"})  # members of the value that were members of the pointer's class


def _implementation(call) -> str | None:
    """The class behind a default generator: by the getter, or by the device that it is asked for."""
    kind = _IMPLEMENTATION.get(call.name.text)
    if kind is None and call.args:
        device = call.args[0].text.replace("DeviceType::", "k").split("::")[-1].removeprefix("k")
        kind = device if device in ("CUDA", "CPU") else None
    return None if kind is None else f"at::{kind}GeneratorImpl"


def _unwrapped(node):
    """The outermost ``&``, cast or parenthesis around a getter's call, up to the expression that has its value."""
    while (parent := node.parent) is not None:
        if parent.kind == "parenthesized_expression" or (parent.kind == "pointer_expression" and parent.children[0].kind == "&"):
            node = parent
        elif parent.kind == "cast_expression" and node.field == "value":
            node = parent
        elif parent.kind == "argument_list" and parent.parent is not None and parent.parent.kind == "call_expression":
            function = parent.parent.field_child("function")
            if function is None or not function.text.startswith(("static_cast", "dynamic_cast", "reinterpret_cast")):
                return node
            node = parent.parent
        else:
            return node
    return node


def _is_used_as_pointer(ctx, declaration, name) -> bool:
    """Whether the variable is a pointer. One that is a value as well has an ``#if`` for either generation: it is right as it is."""
    block = declaration.enclosing("compound_statement", "translation_unit", "declaration_list")
    pointer = False
    for leaf in ctx.names({name.text}):
        if leaf.start > name.end and block is not None and leaf.end <= block.end and leaf.parent is not None:
            if leaf.parent.kind == "field_expression" and leaf.field == "argument":
                if not any(c.kind == "->" for c in leaf.parent.children):
                    return False
                pointer = True
            elif leaf.parent.kind == "argument_list" and len(leaf.parent.named) == 1 and _is_check(leaf.parent.parent):
                return False
    return pointer


def _is_check(call) -> bool:
    function = call.field_child("function") if call is not None and call.kind == "call_expression" else None
    return function is not None and function.text.split("<")[0].split("::")[-1].strip() == "check_generator"


def _wants_pointer(ctx, value) -> bool | None:
    """Whether the context of a default generator is one that takes a pointer; None: it takes what functions of ATen take."""
    parent = value.parent
    if parent is None:
        return False
    if parent.kind == "field_expression":
        return any(c.kind == "->" for c in parent.children)
    if parent.kind == "argument_list":
        return None
    if parent.kind == "init_declarator" and parent.parent is not None:
        type_node = parent.parent.field_child("type")
        name, pointers, *_ = declarator_name(parent)
        if type_node is None or name is None:
            return False
        if type_node.text == "auto":
            return bool(pointers) or _is_used_as_pointer(ctx, parent.parent, name)
        return normalise(type_node.text).removeprefix("::") in _POINTERS and pointers == 1
    if parent.kind == "assignment_expression" and value.field == "right":
        left = parent.field_child("left")
        type = ctx.type_of(left) if left is not None else None
        return type is not None and type.base.removeprefix("::") in _POINTERS and type.pointers == 1
    return False


def _getters(ctx):
    for name in ctx.names(_GETTERS):
        call = call_of(name)
        if call is None or ctx.project.has_function(name.text) or call.node.tree.file is not ctx.file:
            continue
        value = _unwrapped(call.node)
        wanted = _wants_pointer(ctx, value)
        wrapped = value.start != call.node.start or value.end != call.node.end
        if wanted:
            implementation = _implementation(call)
            if implementation is None:
                yield Finding(
                    ID,
                    call.node.start,
                    "generators are values since torch 1.6, and the class of this one is not known here",
                    "at::check_generator<at::CUDAGeneratorImpl>(...) gives the pointer",
                )
                continue
            new = f"at::check_generator<{implementation}>({call.node.text})"
            header = "ATen/cuda/CUDAGeneratorImpl.h" if "CUDA" in implementation else "ATen/CPUGeneratorImpl.h"
            # up to 1.10 the header of the CUDA generator lay elsewhere: moved-headers speaks of it
            includes = (header,) if "CUDA" not in implementation or settings_floor(ctx) >= (1, 11) else ()
            yield Change(ID, (Edit(value.start, value.end, new.encode()),), includes)
        elif wanted is None and wrapped and value.kind == "pointer_expression":
            yield Change(ID, (Edit(value.start, call.node.start, b""), Edit(call.node.end, value.end, b"")))
        elif wanted is False and wrapped:
            yield Finding(
                ID,
                call.node.start,
                "generators are values since torch 1.6: there is no pointer to the default one",
                "keep an at::Generator (by value), or at::check_generator<at::CUDAGeneratorImpl>(...) for the implementation",
            )


def _checks(ctx):
    for name in ctx.names(_CHECKS):
        call = call_of(name)
        if call is None or ctx.project.has_function(name.text) or callee_of(name).text == name.text and not call.args:
            continue
        edits = []
        if name.text == "check_generator" and len(call.args) == 2:
            edits.append(Edit(name.start, name.end, b"get_generator_or_default"))
        if call.args and call.args[0].text in ("nullptr", "NULL"):
            edits.append(Edit(call.args[0].start, call.args[0].end, b"std::nullopt"))
        if edits:
            yield Change(ID, tuple(edits))


def _no_generator(ctx):
    """``x.uniform_(0, 1, nullptr)``."""
    if not ctx.spells(_NO_POINTER):
        return
    for name in ctx.names(_RANDOM):
        call = call_of(name)
        if call is None or not call.args or call.args[-1].text not in ("nullptr", "NULL"):
            continue
        if call.callee.kind == "field_expression":
            type = ctx.type_of(call.callee.field_child("argument"))
            if type is None or not type.is_tensor:
                continue
        elif not call.qualified.removeprefix("::").startswith(("at::", "torch::")):
            continue
        yield Change(ID, (Edit(call.args[-1].start, call.args[-1].end, b"std::nullopt"),))


# --- parameters


def _pointer_parameters(tree):
    """(the parameter, its name or None) of every ``at::Generator *`` among parameters."""
    for leaf in tree.names({"Generator"}):
        type_node = leaf if leaf.field == "type" else leaf.parent
        parameter = type_node.parent if type_node is not None else None
        if parameter is None or parameter.kind not in ("parameter_declaration", "optional_parameter_declaration"):
            continue
        if normalise(type_node.text).removeprefix("::") not in ("at::Generator", "Generator"):
            continue
        declarator = parameter.field_child("declarator")
        if declarator is None or not declarator.kind.endswith("pointer_declarator"):
            continue
        name, pointers, *_ = declarator_name(declarator)
        if pointers == 1:
            yield parameter, type_node, declarator, name


def _function_of(parameter):
    """(name, position) of the function that a parameter belongs to."""
    declarator = parameter.enclosing("function_declarator")
    name = declarator.field_child("declarator") if declarator is not None else None
    parameters = declarator.field_child("parameters") if declarator is not None else None
    if name is None or parameters is None:
        return None
    index = next((i for i, n in enumerate(parameters.named) if n.start == parameter.start), None)
    return (name.text.split("::")[-1].strip(), index) if index is not None else None


def _uses(parameter, name):
    """The leaves of the function's body that name a parameter."""
    definition = parameter.enclosing("function_definition")
    body = definition.field_child("body") if definition is not None else None
    if body is None or name is None:
        return
    scopes = Scopes(parameter.tree)
    for leaf in parameter.tree.names({name.text}):
        if body.start <= leaf.start < body.end and leaf.parent is not None and leaf.field != "field":
            declared = scopes.lookup(name.text, leaf)
            if declared is not None and declared.name.start == name.start:
                yield leaf


def _is_cast(call) -> bool:
    function = call.field_child("function") if call is not None else None
    return function is not None and function.text.startswith(("static_cast", "dynamic_cast", "reinterpret_cast", "const_cast"))


def _is_old_use(project, leaf) -> bool:
    """Whether a use shows that the pointer is what functions of ATen took: a pointer to a value is of no use to them."""
    parent = leaf.parent
    member = parent.field_child("field") if parent.kind == "field_expression" else None
    if member is not None:
        return member.text == "mutex_"
    if parent.kind != "argument_list" or parent.parent is None or _is_cast(parent.parent):
        return False
    function = parent.parent.field_child("function")
    called = "".join(function.text.split()).split("<")[0] if function is not None else ""
    last = called.split("::")[-1].split(".")[-1]
    own = project.functions(last) if last.isidentifier() else []
    if own:
        return any("optional<" in each.text and "Generator>" in each.text for each in own)  # ported already
    return last in _CHECKS | _RANDOM


def _bad_use(parameter, name):
    """A use of a generator parameter that has no form on an optional value, or None."""
    for leaf in _uses(parameter, name):
        parent = leaf.parent
        if parent.kind == "argument_list" and not _is_cast(parent.parent):
            continue
        if parent.kind in ("condition_clause", "unary_expression"):
            continue
        if parent.kind == "binary_expression" and any(c.kind in ("==", "!=") for c in parent.children):
            continue
        member = parent.field_child("field") if parent.kind == "field_expression" else None
        if member is not None and member.text in _KEPT | {"mutex_"}:
            continue
        return leaf
    return None


def _functions(project):
    """The project's functions with a generator pointer: (name, position) -> a use that stops the port, or None. Empty where none is old."""
    found: dict = {}
    old = False
    for path in list(project.with_word("Generator")):
        if _POINTER.search(project.files[path].data) is None:
            continue
        for parameter, _, _, name in _pointer_parameters(project.tree(path)):
            key = _function_of(parameter)
            if key is not None:
                found[key] = found.get(key) or _bad_use(parameter, name)
                old = old or any(_is_old_use(project, leaf) for leaf in _uses(parameter, name))
    return found if old else {}


def _in_body(parameter, name):
    """The edits of the body: comparisons with ``nullptr`` and the mutex."""
    for leaf in _uses(parameter, name):
        parent = leaf.parent
        if parent.kind == "binary_expression" and parent.named[-1].text in ("nullptr", "NULL"):
            sign = "" if any(c.kind == "!=" for c in parent.children) else "!"
            yield Edit(parent.start, parent.end, f"{sign}{name.text}.has_value()".encode())
        elif parent.kind == "field_expression" and leaf.field == "argument" and (member := parent.field_child("field")) is not None:
            if member.text == "mutex_":
                yield Edit(member.start, member.end, b"mutex()")


def _parameters(ctx):
    functions = ctx.project.cached(ID, lambda: _functions(ctx.project))
    optional = "std::optional" if settings_floor(ctx) >= (2, 2) else "c10::optional"
    for parameter, type_node, declarator, name in _pointer_parameters(ctx.tree) if functions and ctx.spells(_POINTER) else ():
        key = _function_of(parameter)
        if key not in functions:
            continue
        if functions[key] is not None:
            yield Finding(
                ID,
                parameter.start,
                "generators are values since torch 1.6, and this pointer is used in a way that cuport does not know",
                f"take {optional}<at::Generator>",
            )
            continue
        end = name.start if name is not None else declarator.end
        edits = [Edit(type_node.start, end, f"{optional}<{type_node.text}>{' ' if name is not None else ''}".encode())]
        default = parameter.field_child("default_value")
        if default is not None and default.text in ("nullptr", "NULL", "0"):
            edits.append(Edit(default.start, default.end, b"std::nullopt" if optional.startswith("std") else b"c10::nullopt"))
        yield Change(ID, (*edits, *_in_body(parameter, name)))
    for name, index in functions if ctx.spells(_NULL_ARGUMENT) else ():
        if functions[name, index] is not None:
            continue
        for leaf in ctx.names({name}) if name.isidentifier() else ():
            call = call_of(leaf)
            if call is not None and index < len(call.args) and call.args[index].text in ("nullptr", "NULL"):
                yield Change(ID, (Edit(call.args[index].start, call.args[index].end, optional.replace("optional", "nullopt").encode()),))


def _unqualified(ctx):
    """``CUDAGenerator`` in ``namespace at``."""
    for leaf in ctx.names({"CUDAGenerator", "CPUGenerator"}):
        if leaf.parent is not None and leaf.parent.kind not in ("qualified_identifier", "struct_specifier", "class_specifier"):
            spaces = [n.field_child("name") for n in leaf.ancestors() if n.kind == "namespace_definition"]
            if any(s is not None and s.text.split("::")[0] == "at" for s in spaces):
                yield Change(ID, (Edit(leaf.end, leaf.end, b"Impl"),))


def fix(ctx):
    if settings_floor(ctx) < (1, 6):
        if (name := next(ctx.names(_GETTERS | _CHECKS), None)) is not None:
            message = "generators are pointers up to torch 1.5 and values since: no spelling is right for both"
            yield Finding(ID, name.start, message, "raise --min-torch to 1.6")
        return
    yield from _unqualified(ctx)
    yield from _parameters(ctx)
    yield from _checks(ctx)
    yield from _no_generator(ctx)
    yield from _getters(ctx)


rewrite = Rewrite(
    ID,
    __doc__,
    fix=fix,
    triggers=_GETTERS | _CHECKS | _RANDOM | {"Generator", "CUDAGenerator", "CPUGenerator"},
    removed_in="1.6",
    cross_file=True,
)
