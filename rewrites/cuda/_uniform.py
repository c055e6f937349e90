"""Whether every thread of a warp gets to a place in a kernel, as far as the sources prove it.

A condition that is the same for all threads of a block (made of constants, kernel parameters, ``blockIdx``, ``blockDim``, and variables made
of these) parts no warp; any other may.
"""

from migrator.calls import call_of, in_macro_definition
from migrator.scope import declarator_name

_SAME = {"blockIdx", "blockDim", "gridDim", "warpSize"}
_FUNCTIONS = {"min", "max", "sizeof"}
_LOOPS = ("for_statement", "while_statement", "do_statement", "for_range_loop")
_LEAVES = ("return_statement", "break_statement", "continue_statement", "goto_statement")


class Warp:
    """Answers for one file; ``ctx`` is its FileContext."""

    def __init__(self, ctx):
        self.ctx = ctx
        self._assumed: set = set()  # variables and functions that are being looked at: what hinges on itself alone is uniform

    def parted_at(self, node) -> str | None:
        """Why some threads of a warp may not get to a node, or None where all do."""
        function = function_of(node)
        if function is None or in_macro_definition(node) is not None:
            return "it stands in a macro"
        return self._parted(node, function) or self._callers(function)

    def _parted(self, node, function) -> str | None:
        """The same within the function that the node stands in."""
        reason = self._branch(node, function)
        current = node
        while reason is None and current is not function:
            parent = current.parent
            if parent.kind == "compound_statement":
                for sibling in parent.children:
                    if sibling.start >= current.start:
                        break
                    if self._leaves(sibling, function, current):
                        return "a thread may have left before"
            elif parent.kind in _LOOPS and self._leaves(current, function, current):
                return "a thread may leave the loop before"
            current = parent
        return reason

    def _branch(self, node, function) -> str | None:
        """Why a condition above the node may part the warp."""
        current = node
        while current is not function:
            parent, field = current.parent, current.field
            kind = parent.kind
            if kind == "function_definition" and parent is not function:
                return "it stands in a macro's block, which may be a loop over threads"
            if kind == "lambda_expression":
                return "it stands in a lambda"
            if (
                kind in ("if_statement", "while_statement", "do_statement", "switch_statement", "conditional_expression")
                and field != "condition"
            ):
                if not self.is_uniform(parent.field_child("condition"), function):
                    return "it stands in a branch"
            elif kind == "for_statement" and field != "initializer":
                condition = parent.field_child("condition")
                if condition is not None and not self.is_uniform(condition, function):
                    return "it stands in a loop whose bounds may depend on the thread"
            elif kind == "for_range_loop" or kind == "while_statement" and not self.is_uniform(parent.field_child("condition"), function):
                return "it stands in a loop whose bounds may depend on the thread"
            elif kind == "binary_expression" and field == "right" and any(c.kind in ("&&", "||") for c in parent.children):
                if not self.is_uniform(parent.field_child("left"), function):
                    return "it stands behind && or ||"
            current = parent
        return None

    def _leaves(self, part, function, place) -> bool:
        """Whether some threads may leave by a statement in ``part``: the function, or a loop that ``place`` stands in."""
        for n in part.walk():
            if n.kind not in _LEAVES or n.enclosing("lambda_expression", "function_definition") is not function:
                continue
            if n.kind in ("break_statement", "continue_statement"):
                kinds = _LOOPS if n.kind == "continue_statement" else (*_LOOPS, "switch_statement")
                left = n.enclosing(*kinds)
                if left is None or not left.start <= place.start < left.end:
                    continue
            if self._branch(n, function) is not None:
                return True
        return False

    def is_uniform(self, expression, function) -> bool:
        """Whether an expression has one value in all threads of a block."""
        if expression is None:
            return False
        for n in expression.walk():
            if n.kind in ("subscript_expression", "pointer_expression", "lambda_expression", "field_identifier") and not _is_index(n):
                return False
            if n.kind == "call_expression" and n.field_child("function").text.removeprefix("std::").removeprefix("::") not in _FUNCTIONS:
                return False
            if n.kind == "identifier" and not (n.text in _SAME or n.text in _FUNCTIONS or self._is_uniform_name(n, function)):
                return False
        return True

    def _is_uniform_name(self, name, function) -> bool:
        declared = self.ctx.scopes.lookup(name.text, name)
        if declared is None:
            return self._is_constant_macro(name.text)
        key = (function.start, declared.name.start)
        if key in self._assumed:
            return True
        if declared.type.pointers or "volatile" in declared.node.text.split():
            return False
        if declared.node.parent is not None and declared.node.parent.kind == "template_parameter_list":
            return True
        if declared.name.enclosing("function_definition") is not function:
            return (
                "constexpr" in declared.node.text.split()
                or "__constant__" in declared.node.text.split()
                or self._is_constant(declared, function)
            )
        words = declared.node.text.split()
        if "&" in declared.node.text and declared.is_parameter or "__shared__" in words:
            return False
        if declared.is_parameter and not is_kernel(function):
            return False
        self._assumed.add(key)
        try:
            if not declared.is_parameter and declared.value is not None and not self.is_uniform(declared.value, function):
                return False
            return all(self._keeps(leaf, function) for leaf in self.ctx.names({name.text}) if self._means(leaf, declared))
        finally:
            self._assumed.discard(key)

    def _is_constant(self, declared, function) -> bool:
        return "const" in declared.node.text.split() and declared.value is not None and self.is_uniform(declared.value, function)

    def _means(self, leaf, declared) -> bool:
        found = self.ctx.scopes.lookup(leaf.text, leaf)
        return found is not None and found.name.start == declared.name.start and leaf.start != declared.name.start

    def _keeps(self, leaf, function) -> bool:
        """Whether this use of a variable leaves it uniform."""
        parent = leaf.parent
        if parent.kind == "assignment_expression" and leaf.field == "left":
            return self.is_uniform(parent.field_child("right"), function) and self._branch(parent, function) is None
        if parent.kind == "update_expression":
            return self._branch(parent, function) is None
        if parent.kind == "pointer_expression":
            return False
        return parent.kind != "argument_list" or not self._is_taken(parent)

    def _is_taken(self, arguments) -> bool:
        """Whether a call may write to its arguments: one of a function of the project that takes references."""
        function = arguments.parent.field_child("function")
        declared = (
            self.ctx.project.functions(function.text.split("::")[-1]) if function is not None and function.text.isidentifier() else []
        )
        return any("&" in d.field_child("parameters").text for d in declared if d.field_child("parameters") is not None)

    def _is_constant_macro(self, name) -> bool:
        if not name.isupper():
            return False
        for path, offset in self.ctx.project.macros(name):
            file = self.ctx.project.files[path]
            line = file.data[offset : file.line_span(offset + 1)[1]]
            if b"hreadIdx" in line or b"lane" in line.lower() or line.rstrip().endswith(b"\\"):
                return False
        return True

    def _callers(self, function) -> str | None:
        """Why a call of the function may be where a warp is parted."""
        if is_kernel(function):
            return None
        name, _, _, _ = declarator_name(function.field_child("declarator"))
        if name is None or not name.text.isidentifier():
            return "who calls this function is not in sight"
        key = (self.ctx.path, function.start)
        if key in self._assumed:
            return None
        self._assumed.add(key)
        try:
            calls = 0
            for path in self.ctx.project.with_word(name.text):
                tree = self.ctx.project.tree(path)
                for leaf in tree.names({name.text}):
                    if leaf.parent.kind == "function_declarator" and leaf.field == "declarator":
                        continue
                    call = call_of(leaf)
                    if call is None:
                        return f"{name.text} is used other than by calling it"
                    calls += 1
                    if (reason := _of_file(self, path).parted_at(call.node)) is not None:
                        return f"{name.text} is called where a warp may be parted: {reason}" if "is called where" not in reason else reason
            return None if calls else f"no call of {name.text} is in sight"
        finally:
            self._assumed.discard(key)


def _of_file(warp, path) -> Warp:
    if path == warp.ctx.path:
        return warp
    ctx = type(warp.ctx)(warp.ctx.project, path, warp.ctx.settings, warp.ctx.catalogue)
    other = Warp(ctx)
    other._assumed = warp._assumed
    return other


def function_of(node):
    """The function definition that a node stands in; a macro's block, which the grammar takes for one, is not meant."""
    found = None
    for parent in node.ancestors():
        if parent.kind == "function_definition":
            found = parent
            if parent.field_child("type") is not None:
                break
    return found


def is_kernel(function) -> bool:
    """Whether a function is a ``__global__`` one."""
    return any(c.text == "__global__" for c in function.children if c.field != "body")


def _is_index(node) -> bool:
    """``blockIdx.x`` and its like."""
    if node.kind != "field_identifier":
        return False
    owner = node.parent.field_child("argument")
    return owner is not None and owner.text in _SAME
