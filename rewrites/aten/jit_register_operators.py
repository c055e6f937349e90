"""Register operators through ``torch::RegisterOperators``.

The class that takes names and functions left ``torch::jit`` in torch 1.4; what bears the name there takes a list of operators only.

Before:
    static auto registry = torch::jit::RegisterOperators("own::f", options);
After:
    static auto registry = torch::RegisterOperators("own::f", options);
"""

from migrator.rewrite import Change, Edit, Finding, Rewrite, settings_floor

ID = "jit-register-operators"


def _takes_names(owner) -> bool:
    """Whether an object of the class is made from a name and a function, or empty for ``.op(...)`` to follow."""
    value = owner.parent
    if value is None:
        return False
    if value.kind == "declaration":
        declarator = next((c for c in value.children if c.kind == "init_declarator"), None)
        value = declarator.field_child("value") if declarator is not None else None
        if value is not None and value.kind == "call_expression":
            made = next((n for n in value.walk() if n.kind == "qualified_identifier" and n.text.endswith("RegisterOperators")), None)
            return made is not None and _takes_names(made)
        arguments = value if value is not None and value.kind == "argument_list" else None
    else:
        arguments = value.field_child("arguments") if value.kind == "call_expression" else None
    if arguments is None:
        return False
    if arguments.named:
        return arguments.named[0].kind in ("string_literal", "concatenated_string", "raw_string_literal")
    member = value.parent
    return member is not None and member.kind == "field_expression" and member.field_child("field").text == "op"


def fix(ctx):
    for name in ctx.names({"RegisterOperators"}):
        inner = name.parent  # jit::RegisterOperators
        owner = inner.parent if inner is not None else None
        if owner is None or "".join(owner.text.split()).removeprefix("::") != "torch::jit::RegisterOperators":
            continue
        if not _takes_names(owner):
            continue
        if settings_floor(ctx) < (1, 2):
            message = "torch::jit::RegisterOperators takes no names since torch 1.4, and torch::RegisterOperators came with 1.2"
            yield Finding(ID, owner.start, message, "raise --min-torch to 1.2, and torch::RegisterOperators is written")
        else:
            through_extension = settings_floor(ctx) >= (1, 7)  # torch/extension.h includes the registry
            yield Change(ID, (Edit(inner.start, name.start, b""),), () if through_extension else ("torch/script.h",))


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"RegisterOperators"}), removed_in="1.4")
