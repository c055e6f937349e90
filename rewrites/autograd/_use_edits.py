"""The edits of one use of an autograd function: ``F(a, b)(x)`` becomes ``F.apply(x, a, b)``."""

from __future__ import annotations

from migrator.python import Module, cst, dotted, inner_span
from migrator.rewrite import Edit
from rewrites.autograd._classes import FunctionClass, Signature, Stuck, Use


def use_edits(project, cls: FunctionClass, wanted: Signature, use: Use, ported: bool) -> list[Edit]:
    module, node = use.module, use.node
    parent = module.parent(node)
    if isinstance(parent, cst.Arg) and isinstance(module.parent(parent), cst.ClassDef):
        if cls.legacy:
            raise Stuck(module, node, f"a class derives from {cls.name}")
        return []
    if isinstance(parent, cst.Call) and parent.func is node:
        return _made(project, cls, wanted, module, node, parent)
    if not ported:
        return []
    if isinstance(parent, cst.Attribute) and parent.value is node:
        if parent.attr.value in ("forward", "backward", "__init__") and module.enclosing(node, cst.ClassDef) is not cls.node:
            raise Stuck(module, node, f"{cls.name}.{parent.attr.value} is called by itself")
        return []
    if isinstance(parent, cst.Arg) and isinstance(module.parent(parent), cst.Call) and dotted(module.parent(parent).func) == "super":
        return []
    if isinstance(parent, cst.Assign) and isinstance(module.parent(module.parent(parent)), cst.Module):
        return []  # another name, followed by itself
    if isinstance(parent, cst.Assign) and len(parent.targets) == 1 and isinstance(target := parent.targets[0].target, cst.Attribute):
        if dotted(target.value) == "self":
            return _class_in_attribute(cls, wanted, module, node, target)
    if isinstance(parent, (cst.Del, cst.Annotation)) or isinstance(parent, cst.Element) and isinstance(module.parent(parent), cst.List):
        return []
    raise Stuck(module, node, f"{cls.name} is passed on, and what calls it is not known")


def _made(project, cls, wanted: Signature, module: Module, node, made: cst.Call) -> list[Edit]:
    """``F(a, b)``: what is done with the instance."""
    above = module.parent(made)
    name = module.code(node)
    if isinstance(above, cst.Call) and above.func is made:
        return _call(cls, wanted, module, node, made, above)
    if not made.args and all(p.default is not None for p in wanted.made):
        if isinstance(above, cst.Attribute) and above.value is made:
            if above.attr.value == "apply":
                return [Edit(module.outer_span(node)[1], module.span(made)[1], b"")]
            raise Stuck(module, made, f"{name}().{above.attr.value}")
        variable = above.targets[0].target if isinstance(above, cst.Assign) and len(above.targets) == 1 else None
        if isinstance(variable, cst.Name):
            by_hand = _methods_by_hand(cls, module, above, variable.value)
            if by_hand is not None:
                return by_hand
            _only_called(module, above, variable.value)
        elif isinstance(variable, cst.Attribute) and dotted(variable.value) == "self" and _attribute_calls(module, made, variable) is None:
            return []
        return [Edit(module.outer_span(node)[1], module.span(made)[1], b".apply")]
    target = above.targets[0].target if isinstance(above, cst.Assign) and len(above.targets) == 1 else None
    if isinstance(target, cst.Name):
        return _kept_in_variable(project, cls, wanted, module, node, made, above, target.value)
    if isinstance(target, cst.Attribute) and dotted(target.value) == "self":
        return _kept_in_attribute(cls, wanted, module, node, made, target)
    if isinstance(above, (cst.Arg, cst.Return)) and not any(p.default is not None for p in wanted.called):
        return [module.replace(made, f"lambda *tensors: {name}.apply(*tensors, {', '.join(_given(cls, wanted, module, node, made))})")]
    raise Stuck(module, made, f"an instance of {name} is kept", f"lambda *tensors: {name}.apply(*tensors, arguments...)")


def _methods_by_hand(cls, module, assign: cst.Assign, variable: str) -> list[Edit] | None:
    """``f = F()``, ``f.forward(x)``, ``f.backward(g)`` and nothing else: the instance that was ``self`` is given as ``ctx``."""
    if "__init__" in cls.methods:
        return None
    edits: list[Edit] = []
    calls = []
    for node in module.find(cst.Name, under=module.enclosing(assign, cst.FunctionDef) or module.root):
        parent = module.parent(node)
        if node.value != variable or isinstance(parent, cst.AssignTarget) and module.parent(parent) is assign:
            continue
        call = module.parent(parent)
        if not isinstance(call, cst.Call) or dotted(call.func) not in (f"{variable}.forward", f"{variable}.backward"):
            return None
        given = bool(call.args) and dotted(call.args[0].value) == variable
        if given is cls.legacy or parent is not call.func and parent is not call.args[0]:
            return None
        calls.append(call)
        if cls.legacy:
            edits.append(module.insert(inner_span(module, call)[0], f"{variable}, " if call.args else variable))
    return edits if calls else None


def _kept_in_variable(project, cls, wanted, module, node, made, assign, variable) -> list[Edit]:
    """``f = F(a, b)`` ... ``f(x)``: the one call says it all, or the arguments are kept."""
    name = module.code(node)
    function = module.enclosing(assign, cst.FunctionDef)
    line = module.parent(assign)
    if _is_passed(module, assign, variable):
        _only_called(module, assign, variable, may_pass=True)
        if any(p.default is not None for p in wanted.called) or _changes_later(module, assign, made):
            raise Stuck(module, made, f"an instance of {name} is kept", f"lambda *tensors: {name}.apply(*tensors, arguments...)")
        return [module.replace(made, f"lambda *tensors: {name}.apply(*tensors, {', '.join(_given(cls, wanted, module, node, made))})")]
    calls = _only_called(module, assign, variable)
    here = function is not None or module.enclosing(assign, cst.ClassDef) is None and not _is_known_elsewhere(project, module, variable)
    if not here or not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1 or not calls:
        raise Stuck(module, made, f"an instance of {name} is kept", f"keep the arguments and call {name}.apply(tensors..., *arguments)")
    deleted = [d.target for d in module.find(cst.Del, under=function) if dotted(d.target) == variable]
    once = len(calls) == 1 and not deleted and module.enclosing(calls[0], cst.FunctionDef) is function
    if once and module.enclosing(calls[0], cst.For, cst.While, cst.ListComp, cst.Lambda) is None and len(module.parent(line).body) > 1:
        between = range(module.span(assign)[1], module.span(calls[0])[0])
        read = {n.value for a in made.args for n in module.find(cst.Name, under=a.value)}
        targets = [t for t in module.find(cst.AssignTarget, cst.AugAssign, under=function) if module.start(t) in between]
        if not any(read & {n.value for n in module.find(cst.Name, under=t.target)} for t in targets):
            data = module.data
            start, end = module.span(assign)
            newline = data.find(b"\n", end)
            gone = Edit(data.rfind(b"\n", 0, start) + 1, len(data) if newline < 0 else newline + 1, b"")
            return [gone, *_call(cls, wanted, module, node, made, calls[0])]
    kept = f"{variable}_arguments"
    if any(n.value == kept for n in module.find(cst.Name)):
        raise Stuck(module, made, f"an instance of {name} is kept, and {kept} is taken")
    given = _given(cls, wanted, module, node, made)
    edits = [module.replace(assign.targets[0].target, kept), module.replace(made, _tuple(given))]
    edits += [module.replace(target, kept) for target in deleted]
    for call in calls:
        edits += _call(cls, wanted, module, node, None, call, f"*{kept}")
    return edits


def _kept_in_attribute(cls, wanted, module, node, made, target) -> list[Edit]:
    """``self.f = F(a, b)`` ... ``self.f(x)``: the arguments are kept."""
    name, attribute = module.code(node), target.attr.value
    calls = _attribute_calls(module, made, target)
    if calls is None:
        return []
    given = _given(cls, wanted, module, node, made)
    kept = f"{attribute}_arguments"
    if not calls or any(n.attr.value == kept for n in module.find(cst.Attribute)):
        raise Stuck(
            module,
            made,
            f"an instance of {name} is kept in self.{attribute}",
            f"keep the arguments and call {name}.apply(tensors..., *arguments)",
        )
    edits = [module.replace(target.attr, kept), module.replace(made, _tuple(given))]
    for call in calls:
        edits += _call(cls, wanted, module, node, None, call, f"*self.{kept}")
    return edits


def _class_in_attribute(cls, wanted, module, node, target) -> list[Edit]:
    """``self.f = F`` ... ``self.f(a, b)(x)``: the attribute is the class under another name."""
    calls = _attribute_calls(module, node, target)
    if calls == []:
        raise Stuck(module, node, f"{cls.name} is passed on, and what calls it is not known")
    edits: list[Edit] = []
    for made in calls or ():
        above = module.parent(made)
        if not isinstance(above, cst.Call) or above.func is not made:
            raise Stuck(
                module, made, f"an instance of {cls.name} is kept", f"call self.{target.attr.value}.apply(tensors..., arguments...)"
            )
        edits += _call(cls, wanted, module, made.func, made, above)
    return edits


def _attribute_calls(module: Module, made: cst.CSTNode, target: cst.Attribute) -> list[cst.Call] | None:
    """The calls of ``self.f`` in the file; None when only ``self.f.apply`` is used; Stuck when anything else is done with it."""
    calls, applied = [], 0
    attribute = target.attr.value
    assigned = 0
    related = _related(module, module.enclosing(target, cst.ClassDef))
    for other in module.find(cst.Attribute):
        if (
            other.attr.value != attribute
            or dotted(other.value) != "self"
            or getattr(module.enclosing(other, cst.ClassDef), "name", None) is None
        ):
            continue
        if module.enclosing(other, cst.ClassDef).name.value not in related:
            continue
        parent = module.parent(other)
        if isinstance(parent, cst.Call) and parent.func is other:
            calls.append(parent)
        elif isinstance(parent, cst.Attribute) and parent.attr.value == "apply":
            applied += 1
        elif isinstance(parent, cst.AssignTarget):
            assigned += 1
        else:
            raise Stuck(module, made, f"self.{attribute} holds an autograd function and is not only called")
    if applied and not calls:
        return None
    if applied or calls and assigned > 1:
        raise Stuck(module, made, f"self.{attribute} holds an autograd function in more than one way")
    return calls


def _related(module: Module, node: cst.ClassDef | None) -> set[str]:
    """The names of a class, of those it derives from and of those that derive from it, in one file."""
    names = {node.name.value} if node is not None else set()
    bases = {c.name.value: {dotted(b.value) for b in c.bases} for c in module.find(cst.ClassDef)}
    while True:
        more = {n for n, b in bases.items() if b & names} | {b for n in names for b in bases.get(n, ()) if b in bases}
        if more <= names:
            return names
        names |= more


def _tuple(given: list[str]) -> str:
    return f"({given[0]},)" if len(given) == 1 else f"({', '.join(given)})"


def _is_known_elsewhere(project, module: Module, variable: str) -> bool:
    """Whether another file of the project may import a variable: it has the name of the variable and that of its module."""
    own = next((path for path in project.scripts if project.scripts[path] is module.file), None)
    if own is None:
        return True
    wanted = {variable.encode(), (own.parent.name if own.stem == "__init__" else own.stem).encode()}
    return any(wanted <= file.words for path, file in project.scripts.items() if path != own)


def _is_passed(module: Module, assign: cst.Assign, variable: str) -> bool:
    """Whether an instance goes on as an argument: ``f = F(a)`` ... ``gradcheck(f, inputs)``."""
    scope = module.enclosing(assign, cst.FunctionDef) or module.root
    names = [n for n in module.find(cst.Name, under=scope) if n.value == variable]
    return any(isinstance(above := module.parent(n), cst.Arg) and above.value is n for n in names)


def _changes_later(module: Module, assign: cst.Assign, made: cst.Call) -> bool:
    """Whether a name in the constructor's arguments is given another value before the instance may be called."""
    scope = module.enclosing(assign, cst.FunctionDef) or module.root
    loop = module.enclosing(assign, cst.For, cst.While)
    read = {n.value for a in made.args for n in module.find(cst.Name, under=a.value)}
    start = module.start(loop) if loop is not None else module.start(assign)
    assigning = module.find(cst.AssignTarget, cst.AugAssign, cst.For, cst.NamedExpr, under=scope)
    return any(read & {n.value for n in module.find(cst.Name, under=t.target)} for t in assigning if module.start(t) >= start)


def _only_called(module: Module, assign: cst.Assign, variable: str, may_pass: bool = False) -> list[cst.Call]:
    """The calls of a variable that holds an instance; Stuck when it is used in any other way (``may_pass``: but as an argument)."""
    scope = module.enclosing(assign, cst.FunctionDef) or module.root
    calls = []
    bare = isinstance(assign.value, cst.Call) and not assign.value.args
    for node in module.find(cst.Name, under=scope):
        parent = module.parent(node)
        if (
            node.value != variable
            or isinstance(parent, cst.Attribute)
            and parent.attr is node
            or isinstance(parent, cst.Arg)
            and parent.keyword is node
        ):
            continue
        if isinstance(parent, cst.Del):
            continue
        if isinstance(parent, cst.AssignTarget):
            if module.parent(parent) is not assign and not bare:
                raise Stuck(module, node, f"{variable} is assigned more than once")
        elif isinstance(parent, cst.Call) and parent.func is node:
            calls.append(parent)
        elif isinstance(parent, cst.Attribute) and parent.attr.value == "apply":
            raise Stuck(module, node, f"{variable} holds an instance of an autograd function", "keep the class itself, without ()")
        elif not (bare and isinstance(parent, (cst.Return, cst.Arg, cst.Assign)) or may_pass and isinstance(parent, cst.Arg)):
            raise Stuck(module, node, f"{variable} holds an autograd function and is not only called")
    return calls


def _given(cls, wanted: Signature, module: Module, node, made: cst.Call) -> list[str]:
    """What the constructor is given, in the order of its parameters."""
    name = module.code(node)
    given: list[str | None] = [None] * len(wanted.made)
    names = [p.name for p in wanted.made]
    for i, arg in enumerate(made.args):
        if arg.star:
            raise Stuck(module, arg, f"{name} is given *arguments")
        where = (
            names.index(arg.keyword.value)
            if arg.keyword is not None and arg.keyword.value in names
            else None
            if arg.keyword is not None
            else i
        )
        if where is None or where >= len(given):
            raise Stuck(module, arg, f"{name} does not take this argument")
        code = module.code(arg.value)
        given[where] = f"({code})" if isinstance(arg.value, (cst.GeneratorExp, cst.NamedExpr)) and not code.startswith("(") else code
    last = max((i for i, g in enumerate(given) if g is not None), default=-1)
    for i, p in enumerate(wanted.made):
        if given[i] is None:
            if p.default is None:
                raise Stuck(module, made, f"{name} is not given {p.name}")
            if i < last:
                given[i] = p.default
    return [g for g in given if g is not None]


def _call(cls, wanted: Signature, module: Module, node, made: cst.Call | None, call: cst.Call, kept: str = "") -> list[Edit]:
    """``F(a, b)(x)`` (or ``f(x)``) becomes ``F.apply(x, a, b)``; ``kept`` holds the arguments where ``made`` is not at hand."""
    name = module.code(node)
    tail = [kept] if made is None else _given(cls, wanted, module, node, made)

    edits: list[Edit] = []
    fill: list[str] = []
    starred = any(a.star for a in call.args)
    if any(a.star == "**" for a in call.args):
        raise Stuck(module, call, f"{name} is called with keywords")
    if not wanted.open:
        order = [p.name for p in wanted.called]
        for i, arg in enumerate(call.args):
            if arg.keyword is not None:
                if arg.keyword.value not in order or order.index(arg.keyword.value) != i:
                    raise Stuck(module, arg, f"{name} is called with keywords, and apply takes none")
                edits.append(Edit(module.span(arg)[0], module.outer_span(arg.value)[0], b""))
        if not starred and tail:
            for p in wanted.called[len(call.args) :]:
                if p.default is None:
                    raise Stuck(module, call, f"{name} is called without {p.name}")
                fill.append(p.default)
        elif starred and tail and any(p.default is not None for p in wanted.called):
            raise Stuck(module, call, f"how many tensors {name} is called with is not known")
        if not tail and any(p.default is None for p in wanted.made) and not starred and len(call.args) < len(wanted.called):
            fill = [p.default or "None" for p in wanted.called[len(call.args) :]]
    elif any(a.keyword is not None for a in call.args):
        raise Stuck(module, call, f"{name} is called with keywords, and apply takes none")
    inner = inner_span(module, call)
    edits.append(Edit(module.outer_span(call.func)[0], inner[0], f"{name}.apply(".encode("utf-8", "surrogateescape")))
    more = [*fill, *tail]
    if more:
        if call.args:
            end = module.outer_span(call.args[-1].value)[1]
            edits.append(module.insert(end, "".join(f", {m}" for m in more)))
        else:
            edits.append(module.insert(inner[0], ", ".join(more)))
    return edits
