"""Make autograd functions static, and call them through ``apply``.

Functions whose ``forward`` and ``backward`` are methods of an instance raise since torch 1.5 (``Legacy autograd function with
non-static forward method is deprecated``), and so does calling an instance of a static one. What the constructor took
moves behind the arguments of ``forward``; ``backward`` returns None for it; every call in the project follows. A use that is not
understood is reported; with a ``--min-torch`` below 1.5 it keeps its class as it is, which works there.

Before:
    from torch.autograd import Function
    class Scale(Function):
        def __init__(self, factor):
            super(Scale, self).__init__()
            self.factor = factor

        def forward(self, x):
            return x * self.factor

        def backward(self, grad):
            return grad * self.factor

    def scale(x):
        return Scale(2.0)(x)
After:
    from torch.autograd import Function
    class Scale(Function):
        @staticmethod
        def forward(ctx, x, factor):
            ctx.factor = factor
            return x * ctx.factor

        @staticmethod
        def backward(ctx, grad):
            return grad * ctx.factor, None

    def scale(x):
        return Scale.apply(x, 2.0)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from migrator import releases
from migrator.engine import ignored_lines
from migrator.python import Module, cst, dotted, inner_span
from migrator.rewrite import Change, Edit, Finding, Rewrite
from rewrites.autograd._classes import FunctionClass, Signature, Stuck, Use, classes, is_static, parameters, signature, uses

ID = "autograd-instance"
_TAKEN = frozenset(
    {
        "saved_tensors",
        "next_functions",
        "metadata",
        "requires_grad",
        "to_save",
        "non_differentiable",
        "dirty_tensors",
        "materialize_grads",
        "needs_input_grad",
    }
)
_RAISES = releases.parse("1.5")
_APPLY = "write it with @staticmethod and ctx, and call it through apply"


@dataclass
class _Analysis:
    key: tuple
    alive: list
    results: dict[Path, list] = field(default_factory=dict)


def fix(ctx):
    yield from _analysis(ctx.project, ctx.settings.min_torch >= _RAISES).results.get(ctx.path, ())


def _analysis(project, partly: bool) -> _Analysis:
    """All changes of the project, made once for the present state of its files. ``partly``: a class is ported when some uses cannot be."""
    key = (partly, *(id(f) for f in project.scripts.values()))
    known: _Analysis | None = project.__dict__.get("_autograd_analysis")
    if known is not None and known.key == key:
        return known
    made = _Analysis(key, list(project.scripts.values()))
    signatures: dict[tuple[Path, str], Signature] = project.__dict__.setdefault("_autograd_signatures", {})
    found = list(classes(project))
    for cls in found:
        rivals = [c for c in found if c.name == cls.name and c is not cls]
        _one_class(project, cls, rivals, signatures, made.results, partly)
    project.__dict__["_autograd_analysis"] = made
    return made


def _one_class(project, cls: FunctionClass, rivals, signatures, results, partly: bool) -> None:
    key = (cls.path, cls.name)
    left: list[tuple[Path, Finding]] = []
    edits: dict[Path, list[Edit]] = {}
    try:
        if cls.legacy:
            wanted = signature(cls)
            edits[cls.path] = _Class(cls, wanted).edits()
        else:
            wanted = signatures.get(key) or Signature((), (), True)
            if "__init__" in cls.methods and key not in signatures:
                _instances_of_static(project, cls, rivals, results)
                return
        ported = cls.legacy or key in signatures
        seen: set[int] = set()
        first: Stuck | None = None
        understood = False
        for use in uses(project, cls, rivals):
            if id(use.node) in seen:
                continue
            seen.add(id(use.node))
            try:
                made = _use(project, cls, wanted, use, ported)
                edits.setdefault(use.path, []).extend(made)
                understood = understood or bool(made)
            except Stuck as stuck:
                if cls.legacy and not (partly and _stands_alone(cls, use)):
                    raise
                advice = stuck.advice or (_applied(cls, wanted) if ported else "call apply of the class itself")
                first = first or stuck
                left.append((use.path, Finding(ID, stuck.module.start(stuck.node), stuck.message, advice)))
        if cls.legacy and first is not None and not understood:
            raise first  # F(a).forward(x) alone works with the old form: nothing shows that it is broken
    except Stuck as stuck:
        where = next((p for p in project.scripts if project.scripts[p] is stuck.module.file), cls.path)
        results.setdefault(where, []).append(
            Finding(ID, stuck.module.start(stuck.node), f"not ported: {stuck.message}", stuck.advice or _APPLY)
        )
        if cls.legacy and cls.module.enclosing(stuck.node, cst.ClassDef) is not cls.node:
            message = f"{cls.name}: its forward is not static, which raises since torch 1.5; a use of it is not understood"
            results.setdefault(cls.path, []).append(Finding(ID, cls.module.start(cls.node), message, _APPLY))
        return
    for path, made in edits.items():
        file = project.scripts[path]
        ignored = ignored_lines(file)
        if (
            any(file.line_of(e.start) in ignored and (not (rules := ignored[file.line_of(e.start)]) or ID in rules) for e in made)
            and cls.legacy
        ):
            return  # all of it or nothing
    for path, finding in left:
        results.setdefault(path, []).append(finding)
    if cls.legacy:
        signatures[key] = wanted
    for path, made in edits.items():
        if made:
            results.setdefault(path, []).append(Change(ID, tuple(dict.fromkeys(sorted(made)))))


def _instances_of_static(project, cls: FunctionClass, rivals, results) -> None:
    """Reports where an instance is made of a class that is static and has a constructor all the same: calling it raises."""
    for use in uses(project, cls, rivals):
        made = use.module.parent(use.node)
        if not isinstance(made, cst.Call) or made.func is not use.node:
            continue
        above = use.module.parent(made)
        if isinstance(above, cst.Attribute) and above.attr.value == "apply":
            continue
        forward = cls.methods["forward"]
        star = ["*tensors"] if isinstance(forward.params.star_arg, cst.Param) else []
        arguments = [p.name for p in parameters(cls.module, forward)] + star
        message = f"an instance of {cls.name} is made, and calling it raises since torch 1.5: its forward is static"
        advice = f"{cls.name}.apply({', '.join(arguments)})"
        results.setdefault(use.path, []).append(Finding(ID, use.module.start(made), message, advice))


def _stands_alone(cls: FunctionClass, use: Use) -> bool:
    """Whether a use may stay as it is while its class is ported: it is no part of the class, and no class derives from it there."""
    above = use.module.parent(use.node)
    if isinstance(above, cst.Arg) and isinstance(use.module.parent(above), cst.ClassDef):
        return False
    return cls.node is not use.node and not any(a is cls.node for a in use.module.ancestors(use.node))


def _applied(cls: FunctionClass, wanted: Signature) -> str:
    tensors = ["*tensors"] if wanted.open else [p.name for p in wanted.called]
    return f"{cls.name}.apply({', '.join([*tensors, *(p.name for p in wanted.made)])})"


# --- the class --------------------------------------------------------------------------------------------------------------------------


class _Class:
    """The edits that make one class static."""

    def __init__(self, cls: FunctionClass, wanted: Signature):
        self.cls, self.module, self.wanted = cls, cls.module, wanted
        self.statics = {name for name, m in cls.methods.items() if is_static(m)}
        self.attributes = {
            t.target.value
            for line in cls.node.body.body
            if isinstance(line, cst.SimpleStatementLine)
            for s in line.body
            if isinstance(s, cst.Assign)
            for t in s.targets
            if isinstance(t.target, cst.Name)
        }

    def stuck(self, node, message: str) -> Stuck:
        return Stuck(self.module, node, f"{self.cls.name}: {message}")

    def edits(self) -> list[Edit]:
        edits: list[Edit] = []
        init = self.cls.methods.get("__init__")
        names = [s.name.value for s in self.cls.node.body.body if isinstance(s, cst.FunctionDef)]
        if len(names) != len(set(names)):
            raise self.stuck(self.cls.node, "a method is defined twice")
        for name, method in self.cls.methods.items():
            if method is init or is_static(method):
                continue
            if name.startswith("__") or any(dotted(d.decorator) in ("property", "cached_property") for d in method.decorators):
                raise self.stuck(method, f"{name} needs an instance")
            edits += self.method(method)
        forward = self.cls.methods["forward"]
        if init is not None:
            edits += self.constructor(init, forward)
        if self.wanted.made:
            edits += self.more_parameters(forward)
            if "backward" in self.cls.methods:
                edits += self.more_gradients(self.cls.methods["backward"])
        return edits

    def method(self, method: cst.FunctionDef) -> list[Edit]:
        module = self.module
        if not method.params.params:
            raise self.stuck(method, f"{method.name.value} takes no self")
        start = module.span(method)[0]
        first = module.span(method.decorators[0])[0] if method.decorators else start
        indent = self.indent(first)
        newline = module.file.newline.decode()
        edits = [module.insert(first, f"@staticmethod{newline}{indent}")]
        me = method.params.params[0].name
        edits += self.renamed(method, me.value)
        return edits

    def indent(self, offset: int) -> str:
        data = self.module.data
        return data[data.rfind(b"\n", 0, offset) + 1 : offset].decode()

    def renamed(self, under: cst.CSTNode, me: str) -> list[Edit]:
        """``self`` becomes ``ctx``; its methods and class attributes are asked of the class."""
        module = self.module
        edits = []
        if me != "ctx" and any(n.value == "ctx" for n in module.find(cst.Name, under=under)):
            raise self.stuck(under, "ctx means something else here")
        for node in module.find(cst.Name, under=under):
            parent = module.parent(node)
            if (
                node.value != me
                or (isinstance(parent, cst.Attribute) and parent.attr is node)
                or (isinstance(parent, cst.Arg) and parent.keyword is node)
            ):
                continue
            if isinstance(parent, cst.Param):
                if me != "ctx":
                    edits.append(module.replace(node, "ctx"))
                continue
            if isinstance(parent, cst.Attribute):
                name = parent.attr.value
                call = module.parent(parent)
                above = call
                while isinstance(above, (cst.Tuple, cst.Element)):
                    above = module.parent(above)
                if isinstance(above, (cst.AssignTarget, cst.AugAssign, cst.Del)) and name in _TAKEN:
                    raise self.stuck(node, f"ctx.{name} belongs to torch")
                if name in self.cls.methods:
                    if not isinstance(call, cst.Call) or call.func is not parent:
                        raise self.stuck(node, f"the method {name} is passed on")
                    if name in ("forward", "backward", "__init__"):
                        raise self.stuck(node, f"it calls {name} itself")
                    edits.append(module.replace(node, self.cls.name))
                    if name not in self.statics:
                        at = inner_span(module, call)[0]
                        edits.append(module.insert(at, "ctx, " if call.args else "ctx"))
                    continue
                if name in self.attributes:
                    edits.append(module.replace(node, self.cls.name))
                    continue
                if name == "saved_variables":
                    edits.append(module.replace(parent.attr, "saved_tensors"))
                if (
                    name == "__class__"
                    or isinstance(call, cst.Call)
                    and call.func is parent
                    and name
                    not in ("save_for_backward", "mark_dirty", "mark_non_differentiable", "mark_shared_storage", "set_materialize_grads")
                    and not self.assigned(name)
                ):
                    raise self.stuck(node, f"{name} of the instance is not known")
            elif (
                isinstance(parent, cst.Arg)
                and isinstance(module.parent(parent), cst.Call)
                and dotted(module.parent(parent).func) == "super"
            ):
                raise self.stuck(node, "it calls its base class")
            if me != "ctx":
                edits.append(module.replace(node, "ctx"))
        return edits

    def assigned(self, name: str) -> bool:
        """Whether some method stores ``self.<name>``."""
        for target in self.module.find(cst.Attribute, under=self.cls.node):
            above = self.module.parent(target)
            while isinstance(above, (cst.Tuple, cst.List, cst.Element)):
                above = self.module.parent(above)
            if target.attr.value == name and isinstance(above, cst.AssignTarget):
                return True
        return False

    def constructor(self, init: cst.FunctionDef, forward: cst.FunctionDef) -> list[Edit]:
        """Move the body of ``__init__`` to the head of ``forward``."""
        module, data = self.module, self.module.data
        me = init.params.params[0].name.value
        if not isinstance(init.body, cst.IndentedBlock) or not isinstance(forward.body, cst.IndentedBlock):
            raise self.stuck(init, "methods of one line")
        if module.find(cst.Return, cst.Yield, under=init):
            raise self.stuck(init, "the constructor returns early")
        if me != "ctx" and "ctx" in [p.name for p in self.wanted.made]:
            raise self.stuck(init, "ctx means something else here")
        theirs = {p.name.value for p in forward.params.params} | (
            {forward.params.star_arg.name.value} if isinstance(forward.params.star_arg, cst.Param) else set()
        )
        mine = {p.name for p in self.wanted.made}
        local = {
            n.value
            for t in module.find(cst.AssignTarget, under=init)
            for n in module.find(cst.Name, under=t.target)
            if isinstance(module.parent(n), (cst.AssignTarget, cst.Element))
        }
        if (mine | local) & theirs:
            raise self.stuck(init, f"constructor and forward share the name {sorted((mine | local) & theirs)[0]}")
        stored = {
            n.value
            for t in module.find(cst.AssignTarget, under=forward)
            for n in module.find(cst.Name, under=t.target)
            if isinstance(module.parent(n), (cst.AssignTarget, cst.Element))
        }
        for node in module.find(cst.Name, under=forward):
            parent = module.parent(node)
            attribute = isinstance(parent, cst.Attribute) and parent.attr is node or isinstance(parent, cst.Arg) and parent.keyword is node
            if node.value in mine | local and not attribute and node.value not in stored:
                raise self.stuck(node, f"{node.value} means something else in forward")
        kept = []
        for i, line in enumerate(init.body.body):
            if isinstance(line, cst.SimpleStatementLine) and (
                self.is_base_call(line, me) or i == 0 and _is_docstring(line) or _is_pass(line)
            ):
                continue
            kept.append(line)
        if any("super" in [n.value for n in module.find(cst.Name, under=line)] for line in kept):
            raise self.stuck(init, "the constructor calls its base class in a way that is not understood")
        edits = []
        end = self.block_end(init)
        start = module.span(init.decorators[0] if init.decorators else init)[0]
        line_start = data.rfind(b"\n", 0, start) + 1
        body = list(self.cls.node.body.body)
        while data[end : end + 1] in (b"\n", b"\r", b" ", b"\t"):
            newline = data.find(b"\n", end)
            if newline < 0 or data[end : newline + 1].strip():
                break
            end = newline + 1
        if body[-1] is init:
            while line_start > 0 and not data[data.rfind(b"\n", 0, line_start - 1) + 1 : line_start].strip():
                line_start = data.rfind(b"\n", 0, line_start - 1) + 1
        edits.append(Edit(line_start, end, b""))
        if not kept:
            return edits
        first = next(
            (s for i, s in enumerate(forward.body.body) if not (i == 0 and isinstance(s, cst.SimpleStatementLine) and _is_docstring(s))),
            None,
        )
        if first is None:
            raise self.stuck(forward, "forward does nothing")
        at = data.rfind(b"\n", 0, module.span(first)[0]) + 1
        if self.indent(module.span(first)[0]) != self.indent(module.span(kept[0])[0]):
            raise self.stuck(init, "constructor and forward are indented differently")
        inner = [edit for line in kept for edit in self.renamed(line, me)]
        pieces = b""
        for line in kept:
            begin = data.rfind(b"\n", 0, module.span(line)[0]) + 1
            leading = getattr(line, "leading_lines", ())
            for empty in leading:
                if empty.comment is not None:
                    begin = min(begin, data.rfind(b"\n", 0, module.span(empty.comment)[0]) + 1)
            stop = self.block_end(init if line is init.body.body[-1] else line)
            text, position = b"", begin
            for edit in sorted(e for e in inner if begin <= e.start and e.end <= stop):
                text += data[position : edit.start] + edit.text
                position = edit.end
            pieces += text + data[position:stop]
        if not pieces.endswith(b"\n"):
            pieces += module.file.newline
        edits.append(Edit(at, at, pieces))
        return edits

    def block_end(self, node) -> int:
        """The end of the last line of a statement."""
        data = self.module.data
        end = self.module.span(node)[1]
        last = node
        while isinstance(getattr(last, "body", None), cst.IndentedBlock):
            comments = [line.comment for line in last.body.footer if line.comment is not None]
            last = last.body.body[-1]
            end = max([end, self.module.span(last)[1], *(self.module.span(c)[1] for c in comments)])
        newline = data.find(b"\n", end)
        return len(data) if newline < 0 else newline + 1

    def is_base_call(self, line: cst.SimpleStatementLine, me: str) -> bool:
        """``super(...).__init__()`` or ``Function.__init__(self)``."""
        if len(line.body) != 1 or not isinstance(line.body[0], cst.Expr) or not isinstance(line.body[0].value, cst.Call):
            return False
        func = line.body[0].value.func
        if not isinstance(func, cst.Attribute) or func.attr.value != "__init__":
            return False
        if isinstance(func.value, cst.Call):
            return dotted(func.value.func) == "super" and not line.body[0].value.args
        return any(self.module.code(b.value) == self.module.code(func.value) for b in self.cls.node.bases)

    def more_parameters(self, forward: cst.FunctionDef) -> list[Edit]:
        module = self.module
        last = forward.params.params[-1]
        needed = any(p.default is None for p in self.wanted.made)
        edits = []
        if needed:
            for p in forward.params.params:
                if p.default is not None:
                    edits.append(
                        Edit(
                            module.outer_span(p.annotation.annotation if p.annotation else p.name)[1], module.outer_span(p.default)[1], b""
                        )
                    )
        at = (
            module.outer_span(last.default)[1]
            if last.default is not None
            else module.outer_span(last.annotation.annotation if last.annotation else last.name)[1]
        )
        made = "".join(f", {p.code}" for p in self.wanted.made)
        gone = next((e for e in edits if e.end == at), None)
        if gone is not None:
            edits[edits.index(gone)] = Edit(gone.start, gone.end, made.encode("utf-8", "surrogateescape"))
        elif last is forward.params.params[0] and forward.params.params[0].name.value != "ctx":
            edits.append(module.insert(at, made))
        else:
            edits.append(module.insert(at, made))
        return edits

    def more_gradients(self, backward: cst.FunctionDef) -> list[Edit]:
        module = self.module
        edits = []
        more = len(self.wanted.made)
        tensors = len(self.wanted.called)
        for node in module.find(cst.Return, under=backward):
            if module.enclosing(node, cst.FunctionDef) is not backward:
                continue
            value = node.value
            if isinstance(value, cst.Tuple):
                if any(isinstance(e, cst.StarredElement) for e in value.elements):
                    missing = more
                else:
                    extra = value.elements[tensors:]
                    if len(value.elements) < tensors or any(module.code(e.value) != "None" for e in extra):
                        raise self.stuck(node, f"backward returns {len(value.elements)} gradients for {tensors} tensors")
                    missing = tensors + more - len(value.elements)
                if missing > 0:
                    last = value.elements[-1]
                    end = module.outer_span(last.value)[1]
                    edits.append(module.insert(end, ", None" * missing))
            elif value is None or module.code(value) == "None":
                continue
            elif tensors == 1 and not isinstance(value, (cst.IfExp, cst.BooleanOperation)):
                if isinstance(value, cst.Call) and dotted(value.func) in ("tuple", "list"):
                    edits += self.starred(value, more)
                else:
                    edits.append(module.insert(module.outer_span(value)[1], ", None" * more))
            elif isinstance(value, (cst.Name, cst.Call)) and tensors > 1:
                edits += self.starred(value, more)
            else:
                raise self.stuck(node, "how many gradients backward returns is not known")
        return edits

    def starred(self, value, more: int) -> list[Edit]:
        start, end = self.module.outer_span(value)
        return [self.module.insert(start, "(*"), self.module.insert(end, ", None" * more + ")")]


def _is_docstring(line: cst.SimpleStatementLine) -> bool:
    return (
        len(line.body) == 1
        and isinstance(line.body[0], cst.Expr)
        and isinstance(line.body[0].value, (cst.SimpleString, cst.ConcatenatedString))
    )


def _is_pass(line: cst.SimpleStatementLine) -> bool:
    return len(line.body) == 1 and isinstance(line.body[0], cst.Pass)


# --- the calls --------------------------------------------------------------------------------------------------------------------------


def _use(project, cls: FunctionClass, wanted: Signature, use: Use, ported: bool) -> list[Edit]:
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


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"import"}), language="python", removed_in="1.5", cross_file=True)
