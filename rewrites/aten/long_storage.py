"""Say ``int64_t``, not ``long``, for the elements of a long tensor.

``long`` has 64 bits on Linux and 32 on Windows, where ``data_ptr<long>()`` does not link (pytorch/pytorch#23013). The pointers that take
the address, in the project's own functions and kernels, change with it; on Linux the two are one type.

Before:
    __global__ void count(const long *labels, int n);
    void launch(at::Tensor x) { count<<<1, 32>>>(x.data_ptr<long>(), 3); }
After:
    __global__ void count(const int64_t *labels, int n);
    void launch(at::Tensor x) { count<<<1, 32>>>(x.data_ptr<int64_t>(), 3); }
"""

from migrator.calls import callee_of
from migrator.rewrite import Change, Edit, Rewrite
from migrator.scope import declarator_name

ID = "long-storage"
_METHODS = {"data", "data_ptr", "accessor", "packed_accessor", "packed_accessor32", "packed_accessor64"}


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


def _long_pointer(declaration):
    """The ``long`` of ``const long *p``: its node, or None."""
    type_node = declaration.field_child("type")
    if type_node is None or type_node.text.split() != ["long"]:
        return None
    return type_node


def _uses(tree, declaration, variable):
    scope = declaration.enclosing("compound_statement", "function_definition")
    if scope is None:
        return
    for leaf in tree.names({variable.text}):
        if scope.start <= leaf.start < scope.end and leaf.start > variable.start:
            yield leaf


def _receivers(project) -> tuple[set[tuple[str, int]], dict]:
    """Positions of the project's functions that receive the storage of a long tensor, and the declarations to change by file."""
    pending: set[tuple[str, int]] = set()
    edits: dict = {}
    for path in list(project.with_word("long")):
        tree = project.tree(path)
        for _, call in _storages(tree):
            target = _passed_to(call)
            if target:
                pending.add(target)
            declarator = call.parent
            if declarator is not None and declarator.kind == "init_declarator" and declarator.parent is not None:
                _declared(tree, declarator.parent, declarator, edits, pending)
    done: set[tuple[str, int]] = set()
    while pending:
        name, index = pending.pop()
        if (name, index) in done or not name.isidentifier():
            continue
        done.add((name, index))
        for function in project.functions(name):
            parameters = function.field_child("parameters")
            if parameters is None or index >= len(parameters.named):
                continue
            parameter = parameters.named[index]
            _declared(function.tree, parameter, parameter.field_child("declarator"), edits, pending)
    return done, edits


def _declared(tree, declaration, declarator, edits, pending):
    type_node = _long_pointer(declaration)
    if type_node is None or declarator is None:
        return
    variable, pointers, *_ = declarator_name(declarator)
    if variable is None or pointers != 1:
        return
    edits.setdefault(id(tree), {})[type_node.start] = type_node
    owner = declaration
    if declaration.kind == "parameter_declaration":
        definition = declaration.enclosing("function_definition")
        owner = definition.field_child("body") if definition is not None else None
        if owner is None:
            return
        uses = [leaf for leaf in tree.names({variable.text}) if owner.start <= leaf.start < owner.end]
    else:
        uses = list(_uses(tree, declaration, variable))
    for leaf in uses:
        target = _passed_to(leaf)
        if target:
            pending.add(target)


def fix(ctx):
    if b"paddle" in ctx.file.words:
        return
    for long, _ in _storages(ctx.tree):
        yield Change(ID, (Edit(long.start, long.end, b"int64_t"),))
    _, edits = ctx.project.cached(ID, lambda: _receivers(ctx.project))
    for node in edits.get(id(ctx.tree), {}).values():
        yield Change(ID, (Edit(node.start, node.end, b"int64_t"),))


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset({"long"}), deprecated_in="1.3", cross_file=True, link="https://github.com/pytorch/pytorch/issues/23013"
)  # fmt: skip
