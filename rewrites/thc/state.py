"""Drop ``THCState``: the variable, the parameter, and every argument that passes it on.

Removed in torch 1.11 (pytorch/pytorch#65492). A declaration goes once nothing uses it; a parameter of the project's own function goes
together with the argument of every call. What something unknown still uses stays, and is reported.

Before:
    THCState *state = at::globalContext().lazyInitCUDA();
    launch(x);
After:
    launch(x);
"""

from bisect import bisect_left
from operator import attrgetter

from migrator.calls import call_of, remove_item, remove_statement
from migrator.rewrite import Change, Edit, Finding, Rewrite
from migrator.scope import declarations_in, declarator_name, normalise
from migrator.syntax.tree import Node

ID = "thc-state"
_GIVERS = frozenset({"lazyInitCUDA", "getTHCState"})
_start = attrgetter("start")


def _is_state(node: Node) -> bool:
    """Whether a declaration or parameter declares a ``THCState *``."""
    type_node = node.field_child("type")
    if type_node is None:
        return False
    return type_node.text.split()[-1].split("::")[-1] == "THCState"


def _owner(leaf: Node) -> Node | None:
    """The declaration, parameter, field or alias whose type a ``THCState`` is."""
    for node in leaf.ancestors():
        if node.kind in (
            "declaration", "parameter_declaration", "optional_parameter_declaration", "field_declaration", "type_definition",
            "alias_declaration", "struct_specifier", "class_specifier",
        ):
            if node.kind in ("struct_specifier", "class_specifier") and node.field_child("body") is None:
                continue
            return node
        if node.kind in ("compound_statement", "translation_unit"):
            break
    return None


def _parameter_index(parameter: Node) -> int:
    return next(i for i, n in enumerate(parameter.parent.named) if n.start == parameter.start)


def _function_name(parameter: Node) -> str | None:
    declarator = parameter.parent.parent if parameter.parent is not None else None
    if declarator is None or declarator.kind != "function_declarator":
        return None
    name, *_ = declarator_name(declarator)
    return name.text.split("::")[-1].strip() if name is not None else None


def _uses(ctx, name: str, tree, scope: Node, declaration: Node) -> list[Node]:
    """The places below ``scope`` that mean this ``name``, its declarations left out."""
    everywhere = ctx.project.cached((ID, tree.file.path, name), lambda: [leaf for leaf in tree.names({name}) if not _is_declared_by(leaf)])
    first = bisect_left(everywhere, scope.start, key=_start)
    last = bisect_left(everywhere, scope.end, key=_start)
    return [leaf for leaf in everywhere[first:last] if not declaration.start <= leaf.start < declaration.end]


def _is_declared_by(leaf: Node) -> bool:
    """Whether a name is the one that its parent declares, or a member."""
    return leaf.field in ("field", "declarator", "name") and leaf.parent is not None and leaf.parent.kind != "init_declarator"


def _own_state_parameters(project) -> dict[str, set[int]]:
    """The project's own functions that take a ``THCState *``: name -> positions."""
    result: dict[str, set[int]] = {}
    for path in project.with_word("THCState"):
        for leaf in project.tree(path).names({"THCState"}):
            owner = _owner(leaf)
            if owner is not None and owner.kind in ("parameter_declaration", "optional_parameter_declaration"):
                name = _function_name(owner)
                if name is not None:
                    result.setdefault(name, set()).add(_parameter_index(owner))
    return result


def _passed_on(leaf: Node, functions: dict[str, set[int]]) -> bool:
    """Whether a use is an argument in the state position of one of the project's own functions."""
    arguments = leaf.parent
    if arguments is None or arguments.kind != "argument_list" or arguments.parent is None:
        return False
    callee = arguments.parent.field_child("function")
    if callee is None:
        return False
    name = callee.text.split("<")[0].split("::")[-1].split(".")[-1].strip()
    index = next((i for i, n in enumerate(arguments.named) if n.start == leaf.start), -1)
    return index in functions.get(name, set())


def _removable(ctx) -> dict[str, set[int]]:
    """The own functions whose state parameter can go: it is only ever handed on to others that are as free of it."""
    project = ctx.project
    functions = {name: where for name, where in _own_state_parameters(project).items() if not _collides(project, name)}
    while functions:
        bad: set[str] = set()
        for name in functions:
            for declarator in project.functions(name):
                body = declarator.parent
                while body is not None and body.kind not in ("function_definition", "declaration", "field_declaration"):
                    body = body.parent
                block = body.field_child("body") if body is not None and body.kind == "function_definition" else None
                if block is None:
                    continue
                for parameter in (declarator.field_child("parameters") or declarator).named:
                    if not _is_state(parameter):
                        continue
                    variable, *_ = declarator_name(parameter.field_child("declarator")) if parameter.field_child("declarator") else (None,)
                    if variable is None:
                        continue
                    for leaf in _uses(ctx, variable.text, declarator.tree, block, parameter):
                        if not _passed_on(leaf, functions):
                            bad.add(name)
        if not bad:
            return functions
        functions = {k: v for k, v in functions.items() if k not in bad}
    return functions


def _collides(project, name: str) -> bool:
    """Whether a file has an overload that takes no state, and that a call without one could mean as well."""
    with_state, without = [], []
    for declarator in project.functions(name):
        parameters = declarator.field_child("parameters")
        listed = parameters.named if parameters is not None else []
        own = [p for p in listed if not _is_state(p)]
        required = sum(p.kind != "optional_parameter_declaration" for p in own)
        types = [_spelled(p) for p in own]
        (with_state if len(own) < len(listed) else without).append((declarator.tree.file.path, required, types))
    for path, required, types in with_state:
        for other, least, others in without:
            counts = range(max(required, least), min(len(types), len(others)) + 1)
            if other == path and any(types[:n] == others[:n] for n in counts):
                return True
    return False


def _spelled(parameter: Node) -> tuple[str, int]:
    """A parameter's type without qualifiers, and the number of its ``*``."""
    type_node, declarator = parameter.field_child("type"), parameter.field_child("declarator")
    pointers = declarator.text.count("*") if declarator is not None else 0
    return (normalise(type_node.text) if type_node is not None else "", pointers)


def _of_context(ctx, callee: Node) -> bool:
    """Whether it is torch's context that a function is called on."""
    if callee.kind != "field_expression":
        return False
    giver = callee.field_child("argument")
    type = ctx.type_of(giver)
    return "globalContext" in giver.text or (type is not None and type.base.split("::")[-1] == "Context")


def _deduced(ctx):
    """The declarations of variables that are ``auto`` and hold the state."""
    for leaf in ctx.names(_GIVERS):
        call = call_of(leaf)
        holder = call.node.parent if call is not None else None
        if call is None or not _of_context(ctx, call.callee):
            continue
        if holder is None or holder.kind != "init_declarator" or holder.parent is None or holder.parent.kind != "declaration":
            continue
        type_node = holder.parent.field_child("type")
        if type_node is not None and type_node.kind == "placeholder_type_specifier" and len(declarations_in(holder.parent)) == 1:
            yield holder.parent


def fix(ctx):
    removable = ctx.project.cached(ID, lambda: _removable(ctx))
    seen: set[int] = set()
    for owner in _deduced(ctx):
        yield from _declaration(ctx, owner, removable)
    for leaf in ctx.names({"THCState"}):
        owner = _owner(leaf)
        if owner is None:
            if leaf.parent is not None and leaf.parent.kind in ("struct_specifier", "class_specifier"):
                owner = leaf.parent  # struct THCState;
                if owner.parent is not None and owner.parent.kind in ("translation_unit", "declaration_list", "linkage_specification"):
                    end = ctx.file.data.find(b";", owner.end)
                    yield Change(ID, (_forward(ctx, owner, end),))
                    continue
            message = "THCState is used in a way that cuport does not know"
            yield Finding(ID, leaf.start, message, "remove it by hand: torch no longer has it")
            continue
        if owner.start in seen:
            continue
        seen.add(owner.start)
        if owner.kind == "declaration":
            yield from _declaration(ctx, owner, removable)
        elif owner.kind in ("parameter_declaration", "optional_parameter_declaration"):
            name = _function_name(owner)
            if name is not None and name in removable:
                yield Change(ID, (remove_item(owner),))
            elif name is not None and _collides(ctx.project, name):
                yield Finding(
                    ID,
                    owner.start,
                    f"without its THCState parameter {name} would be mistaken for the overload that takes none",
                    "give one of the two another name, then remove the parameter with the argument of every call",
                )
            else:
                variable = owner.field_child("declarator")
                yield Finding(
                    ID,
                    owner.start,
                    f"the THCState parameter{' of ' + name if name else ''} is still used",
                    "replace what uses it, then remove it with the argument of every call"
                    + (f" (it is named {variable.text.strip('* ')})" if variable is not None else ""),
                )
        elif owner.kind in ("type_definition", "alias_declaration"):
            yield Change(ID, (remove_statement(owner),))
        else:
            yield Finding(ID, owner.start, "a member of type THCState", "remove the member and what sets it: torch no longer has THCState")
    if removable:
        yield from _arguments(ctx, removable)


def _forward(ctx, owner: Node, end: int) -> Edit:
    """Remove ``struct THCState;`` with its semicolon."""
    data = ctx.file.data
    stop = end + 1 if end >= 0 and not data[owner.end : end].strip() else owner.end
    line_start, line_end = ctx.file.line_span(owner.start)
    if not data[line_start : owner.start].strip() and not data[stop:line_end].strip():
        return Edit(line_start, line_end, b"")
    return Edit(owner.start, stop, b"")


def _declaration(ctx, node: Node, removable):
    declared = declarations_in(node)
    if not declared:
        if "function_declarator" in {n.kind for n in node.walk()}:
            if any(_function_name(p) in removable for p in node.walk() if p.kind == "parameter_declaration" and _is_state(p)):
                return
            yield Finding(ID, node.start, "a function that returns THCState", "remove it: torch no longer has THCState")
            return
        yield Change(ID, (remove_statement(node),))
        return
    scope = node.enclosing("compound_statement", "function_definition", "translation_unit") or ctx.tree.root
    if scope.kind == "translation_unit":
        scope = ctx.tree.root
    used = []
    for declaration in declared:
        for leaf in _uses(ctx, declaration.name.text, ctx.tree, scope, node):
            meant = ctx.scopes.lookup(leaf.text, leaf)
            if meant is None or meant.node.start == node.start:
                if not _passed_on(leaf, removable):
                    used.append(leaf)
    if not used:
        # the arguments that still pass it on go in the same pass
        yield Change(ID, (remove_statement(node),))
        return
    leaf = used[0]
    around = leaf.enclosing("call_expression")
    what = around.field_child("function").text if around is not None and around.field_child("function") is not None else leaf.text
    yield Finding(
        ID,
        leaf.start,
        f"{leaf.text} (a THCState) is still used by {what}",
        f"replace the call of {what}, then remove the declaration at line {node.line}",
    )


def _arguments(ctx, removable: dict[str, set[int]]):
    """Take the state out of every call of the project's own functions."""
    for name in ctx.names(removable):
        call = call_of(name)
        if call is None:
            continue
        full, fewer = _arity(ctx, name.text)
        for index in sorted(removable[name.text], reverse=True):
            if index >= len(call.args):
                continue
            # with defaults left out, a call may be of an overload that takes no state
            if not full or len(call.args) in full or len(call.args) in fewer and _is_a_state(ctx, call.args[index]):
                yield Change(ID, (remove_item(call.args[index]),))


def _is_a_state(ctx, argument: Node) -> bool:
    """Whether an argument is a ``THCState *``: a variable of that type, or what torch gave."""
    type = ctx.type_of(argument)
    if type is not None and type.is_known:
        return type.base.split()[-1].split("::")[-1] == "THCState"
    return argument.text.replace(" ", "").rstrip("()").endswith(("lazyInitCUDA", "getTHCState"))


def _arity(ctx, name: str) -> tuple[set[int], set[int]]:
    """The numbers of arguments that the state-taking functions of this name take: all of them, and with defaults left out."""
    full, fewer = set(), set()
    for declarator in ctx.project.functions(name):
        parameters = declarator.field_child("parameters")
        if parameters is not None and any(_is_state(p) for p in parameters.named):
            full.add(len(parameters.named))
            required = sum(p.kind != "optional_parameter_declaration" for p in parameters.named)
            fewer |= set(range(required, len(parameters.named)))
    return full, fewer


rewrite = Rewrite(
    ID,
    __doc__,
    fix=fix,
    triggers=frozenset({"THCState"}) | _GIVERS,
    removed_in="1.11",
    order=1,
    cross_file=True,
    link="https://github.com/pytorch/pytorch/pull/65492",
)
