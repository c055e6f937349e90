"""Say ``int64_t``, not ``long``, for the elements of a long tensor.

``long`` has 64 bits on Linux and 32 on Windows, where ``data_ptr<long>()`` does not link (pytorch/pytorch#23013). The pointers that take
the address, in the project's own functions and kernels, change with it, and ``sizeof(long)`` where they are copied or cleared; on Linux
the two are one type.

Before:
    __global__ void count(const long *labels, int n);
    void launch(at::Tensor x) { count<<<1, 32>>>(x.data_ptr<long>(), 3); }
After:
    __global__ void count(const int64_t *labels, int n);
    void launch(at::Tensor x) { count<<<1, 32>>>(x.data_ptr<int64_t>(), 3); }
"""

import re

from migrator.calls import callee_of
from migrator.rewrite import Change, Edit, Rewrite
from migrator.scope import Scopes, declarator_name
from migrator.source import SourceFile
from migrator.syntax.tree import Node

ID = "long-storage"
_CLEARS = frozenset({"memset", "cudaMemset", "cudaMemsetAsync"})
_COPIES = frozenset({"memcpy", "memmove", "cudaMemcpy", "cudaMemcpyAsync"})
_METHODS = {"data", "data_ptr", "accessor", "packed_accessor", "packed_accessor32", "packed_accessor64"}


_SPELT = re.compile(rb"(?:data|accessor|data_ptr|packed_accessor\w*)\s*<\s*long\b")


def _storages(tree):
    """(the ``long`` node, the call) of every ``x.data<long>()`` and ``x.accessor<long, n>()`` in a file."""
    for name in tree.names(_METHODS):
        method = name.parent
        if method is None or method.kind != "template_method":
            continue
        arguments = method.field_child("arguments")
        first = arguments.named[0] if arguments is not None and arguments.named else None
        call = callee_of(name).parent
        if first is not None and first.text == "long" and call is not None and call.kind == "call_expression":
            yield first, call


def _passed_to(node):
    """(function, position) where an expression is an argument of a call or kernel launch."""
    while node.parent is not None and node.parent.kind in ("parenthesized_expression", "cast_expression"):
        node = node.parent
    arguments = node.parent
    if arguments is None or arguments.kind != "argument_list" or arguments.parent is None:
        return None
    callee = arguments.parent.field_child("function")
    index = next((i for i, n in enumerate(arguments.named) if n.start == node.start), None)
    if callee is None or index is None:
        return None
    return callee.text.split("<")[0].split("::")[-1].strip(), index


class _Pointers:
    """The pointers of a project that hold the storage of long tensors: from ``data<long>()`` through variables, calls and copies."""

    def __init__(self, project):
        self.project = project
        self.edits: dict[SourceFile, dict[int, Node]] = {}  # the places of ``long``
        self._pending: set[tuple[str, int]] = set()
        self._seen: set[tuple[SourceFile, int]] = set()
        self._scopes: dict[SourceFile, Scopes] = {}
        for path in list(project.with_word("long")):
            if _SPELT.search(project.files[path].data) is None:
                continue
            tree = project.tree(path)
            for _, call in _storages(tree):
                self._use(tree, call)
                holder = call.parent
                if holder is not None and holder.kind == "init_declarator" and holder.parent is not None:
                    self._declared(tree, holder.parent, *declarator_name(holder)[:2])
                elif holder is not None and holder.kind == "assignment_expression":
                    self._variable(tree, holder.field_child("left"))
        self._follow()

    def _follow(self):
        done: set[tuple[str, int]] = set()
        while self._pending:
            name, index = self._pending.pop()
            if (name, index) in done or not name.isidentifier():
                continue
            done.add((name, index))
            for function in self.project.functions(name):
                parameters = function.field_child("parameters")
                parameter = parameters.named[index] if parameters is not None and index < len(parameters.named) else None
                declarator = parameter.field_child("declarator") if parameter is not None else None
                if parameter is not None and declarator is not None:
                    self._declared(function.tree, parameter, *declarator_name(declarator)[:2])

    def _declared(self, tree, declaration, variable, pointers):
        """``long *p``, and what becomes of ``p``."""
        type_node = declaration.field_child("type")
        if variable is None or pointers != 1 or type_node is None or type_node.text.split() != ["long"]:
            return
        if (tree.file, variable.start) in self._seen:
            return
        self._seen.add((tree.file, variable.start))
        self._edit(tree, type_node)
        holder = variable.enclosing("init_declarator")
        value = holder.field_child("value") if holder is not None and holder.start >= declaration.start else None
        if value is not None and value.kind == "new_expression" and value.field_child("type").text.strip() == "long":
            self._edit(tree, value.field_child("type"))
        if declaration.kind == "parameter_declaration":
            definition = declaration.enclosing("function_definition")
            scope = definition.field_child("body") if definition is not None else None
            first = scope.start if scope is not None else 0
        else:
            scope = declaration.enclosing("compound_statement", "function_definition")
            first = variable.end
        for leaf in tree.names({variable.text}) if scope is not None else ():
            if first <= leaf.start < scope.end:
                self._use(tree, leaf)

    def _variable(self, tree, name) -> bool:
        """Follow a variable; whether it is a pointer of the kind."""
        if name is None or name.kind != "identifier":
            return False
        if tree.file not in self._scopes:
            self._scopes[tree.file] = Scopes(tree)
        found = self._scopes[tree.file].lookup(name.text, name)
        if found is None:
            return False
        self._declared(tree, found.node, found.name, found.type.pointers)
        return found.type.base in ("long", "int64_t") and found.type.pointers == 1

    def _use(self, tree, pointer):
        """A pointer as an argument: of a function of the project, or of one that copies or clears memory."""
        target = _passed_to(pointer)
        if target:
            self._pending.add(target)
        call = pointer.parent
        while call is not None and call.kind != "call_expression" and not call.kind.endswith("statement"):
            call = call.parent
        arguments = call.field_child("arguments") if call is not None and call.kind == "call_expression" else None
        callee = call.field_child("function").text.split("::")[-1] if arguments is not None else ""
        if callee not in _CLEARS | _COPIES:
            return
        if callee in _COPIES and not all([self._variable(tree, end) for end in arguments.named[:2]]):
            return  # what is copied to or from has elements of another size, or of one that is not known
        for node in arguments.walk():
            measured = node.field_child("type") if node.kind == "sizeof_expression" else None
            if measured is not None and measured.text.strip() == "long":
                self._edit(tree, measured)

    def _edit(self, tree, node):
        self.edits.setdefault(tree.file, {})[node.start] = node


def fix(ctx):
    if b"paddle" in ctx.file.words:
        return
    for long, _ in _storages(ctx.tree) if ctx.spells(_SPELT) else ():
        yield Change(ID, (Edit(long.start, long.end, b"int64_t"),))
    pointers = ctx.project.cached(ID, lambda: _Pointers(ctx.project))
    for node in pointers.edits.get(ctx.file, {}).values():
        yield Change(ID, (Edit(node.start, node.end, b"int64_t"),))


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset({"long"}), deprecated_in="1.3", cross_file=True, link="https://github.com/pytorch/pytorch/issues/23013"
)  # fmt: skip
