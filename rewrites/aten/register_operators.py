"""Register operators in a ``TORCH_LIBRARY_FRAGMENT`` instead of ``torch::RegisterOperators``.

The class is the old interface (its header says so); the macro is there since torch 1.8. Only whole chains of names and functions of one
namespace, whose object nobody uses. A fragment, for each file may add to the namespace. Where options, lambdas or argument types stand
that the new interface refuses, the old form stays: it works.

Before:
    at::Tensor twice(at::Tensor x);
    static auto registry = torch::RegisterOperators("own::twice", &twice).op("own::scale(Tensor x) -> Tensor", &twice);
After:
    at::Tensor twice(at::Tensor x);
    TORCH_LIBRARY_FRAGMENT(own, m) {
      m.def("twice", &twice);
      m.def("scale(Tensor x) -> Tensor", &twice);
    }
"""

from migrator.rewrite import Change, Edit, Rewrite, settings_floor

ID = "register-operators"
_CLASSES = ("torch::RegisterOperators", "c10::RegisterOperators")
_REFUSED = ("unordered_map", "vector<bool>", "vector<at::Scalar>", "vector<c10::Scalar>", "vector<torch::Scalar>")
_OUTSIDE = ("translation_unit", "declaration_list", "preproc_if", "preproc_ifdef", "preproc_else", "preproc_elif")


def _chain(value) -> list | None:
    """The argument lists of ``RegisterOperators(...).op(...).op(...)``, first to last; None for anything else."""
    lists = []
    while value is not None and value.kind == "call_expression":
        function, arguments = value.field_child("function"), value.field_child("arguments")
        if function is None or arguments is None:
            return None
        if function.kind == "qualified_identifier":
            if "".join(function.text.split()).removeprefix("::") not in _CLASSES:
                return None
            return list(reversed([*lists, arguments] if arguments.named else lists))
        member = function.field_child("field") if function.kind == "field_expression" else None
        if member is None or member.text != "op":
            return None
        lists.append(arguments)
        value = function.field_child("argument")
    return None


def _operator(ctx, arguments) -> tuple[str, str, str] | None:
    """(namespace, name or schema without it, function) of one registration."""
    if len(arguments.named) != 2:
        return None
    name, function = arguments.named
    if name.kind != "string_literal" or not name.text.startswith('"'):
        return None
    space, separator, rest = name.text[1:-1].partition("::")
    target = function.named[0] if function.kind == "pointer_expression" and function.named else function
    if not separator or not space.isidentifier() or not rest or target.kind not in ("identifier", "qualified_identifier"):
        return None
    declared = ctx.project.functions(target.text.split("::")[-1].strip())
    texts = {"".join(d.parent.text.split("{")[0].split()) for d in declared if d.parent is not None}
    parameters = {"".join((d.field_child("parameters") or d).text.split()).count(",") for d in declared}
    if not texts or len(parameters) != 1 or any(word in text for text in texts for word in _REFUSED) or target.text == "m":
        return None
    return space, rest, function.text


def _declared(ctx, declaration):
    """The chain of a declaration that only registers: its operators, or None."""
    if declaration.parent is None or declaration.parent.kind not in _OUTSIDE:
        return None
    declarators = [c for c in declaration.children if c.field == "declarator"]
    if len(declarators) != 1 or declarators[0].kind != "init_declarator" or any(n.kind == "comment" for n in declaration.walk()):
        return None
    variable, value = declarators[0].field_child("declarator"), declarators[0].field_child("value")
    if variable is None or variable.kind != "identifier" or len(list(ctx.tree.names({variable.text}))) != 1:
        return None
    if value is not None and value.kind == "argument_list":
        type_node = declaration.field_child("type")
        chain = [value] if "".join(type_node.text.split()).removeprefix("::") in _CLASSES else None
    else:
        chain = _chain(value)
    operators = [_operator(ctx, arguments) for arguments in chain or ()]
    if not operators or None in operators or len({o[0] for o in operators}) != 1:
        return None
    return operators


def fix(ctx):
    if settings_floor(ctx) < (1, 8):
        return
    seen = set()
    for name in ctx.names({"RegisterOperators"}):
        declaration = name.enclosing("declaration")
        if declaration is None or declaration.start in seen:
            continue
        seen.add(declaration.start)
        operators = _declared(ctx, declaration)
        if operators is None:
            continue
        line, _ = ctx.file.line_span(declaration.start)
        indent = ctx.file.text(line, declaration.start)
        newline = ctx.file.newline.decode() + (indent if not indent.strip() else "")
        body = "".join(f'{newline}  m.def("{rest}", {function});' for _, rest, function in operators)
        text = f"TORCH_LIBRARY_FRAGMENT({operators[0][0]}, m) {{{body}{newline}}}"
        yield Change(ID, (Edit(declaration.start, declaration.end, text.encode("utf-8", "surrogateescape")),), ("torch/library.h",))


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"RegisterOperators"}), deprecated_in="1.8", cross_file=True)
