"""The edits that make one autograd function static."""

from __future__ import annotations

from migrator.python import cst, dotted, inner_span
from migrator.rewrite import Edit
from rewrites.autograd._classes import FunctionClass, Signature, Stuck, is_static

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


class ClassEdits:
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
        if not method.params.params and not self.takes_all(method):
            raise self.stuck(method, f"{method.name.value} takes no self")
        start = module.span(method)[0]
        first = module.span(method.decorators[0])[0] if method.decorators else start
        indent = self.indent(first)
        newline = module.file.newline.decode()
        edits = [module.insert(first, f"@staticmethod{newline}{indent}")]
        if method.params.params:
            edits += self.renamed(method, method.params.params[0].name.value)
        return edits

    def takes_all(self, method: cst.FunctionDef) -> bool:
        """Whether a method is ``def backward(*args)`` and looks at none of them, as one that only raises."""
        star = method.params.star_arg
        if not isinstance(star, cst.Param) or (self.wanted.made and method.name.value == "forward"):
            return False
        return sum(n.value == star.name.value for n in self.module.find(cst.Name, under=method)) == 1

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
