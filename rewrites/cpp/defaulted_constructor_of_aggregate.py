"""Leave out a defaulted constructor from what is made as an aggregate.

In C++20, with which torch 2.12 and newer compile, a class that declares any constructor is no aggregate, even ``A() = default;``, and
``A{1, 2}`` does not compile. Where it is the only one, the class has the same constructor without it.

Before:
    struct Size {
      Size() = default;
      int rows, columns;
    };
    Size size{1, 2};
After:
    struct Size {
      int rows, columns;
    };
    Size size{1, 2};
"""

import re

from migrator.calls import remove_statement
from migrator.rewrite import Change, Finding, Rewrite
from migrator.source import last_word

ID = "defaulted-constructor-of-aggregate"
_DEFAULTED = re.compile(rb"\)\s*(?:noexcept\s*)?=\s*default\s*;")


def _before_parentheses(data: bytes, close: int) -> bytes:
    """The word before the parentheses that close at an offset and hold no others; empty where there is none."""
    opening = data.rfind(b"(", 0, close)
    return last_word(data, opening) if opening >= 0 and data.rfind(b")", opening, close) < 0 else b""


def _constructors(body, name: str):
    """The declarations of constructors in a class body."""
    for member in body.named:
        declarator = member.field_child("declarator")
        while declarator is not None and declarator.kind != "function_declarator":
            declarator = declarator.field_child("declarator")
        own = declarator.field_child("declarator") if declarator is not None else None
        if own is not None and own.text == name and member.field_child("type") is None:
            yield member
        elif member.kind == "template_declaration" and re.search(rf"\b{re.escape(name)}\s*\(", member.text):
            yield member


def _is_aggregate(body) -> bool:
    """Whether nothing but constructors keeps a class from being one."""
    owner = body.parent
    if any(c.kind == "base_class_clause" for c in owner.children) or any(c.kind == "virtual" for n in body.named for c in n.children):
        return False
    return not any(c.kind == "access_specifier" and not c.text.startswith("public") for c in body.children)


def _where_it_may_be_made(ctx, name: str):
    """The files in which a brace stands behind the name before the statement ends."""
    braced = re.compile(re.escape(name).encode("utf-8", "surrogateescape") + rb"\b[^;(){}]*\{")
    return [path for path in ctx.project.with_word(name) if braced.search(ctx.project.files[path].data)]


def _made_with_values(ctx, name: str) -> bool:
    """Whether the project makes one from a list of values: ``A a{1, 2}``, ``A a = {1}``, ``A{1, 2}``."""
    for path in _where_it_may_be_made(ctx, name):
        for leaf in ctx.project.tree(path).names({name}):
            owner = leaf.parent
            if owner is None or leaf.field not in ("type", "name"):
                continue
            if owner.kind == "compound_literal_expression":
                lists = [owner.field_child("value")]
            elif owner.kind == "declaration":
                lists = [c.field_child("value") for c in owner.children if c.kind == "init_declarator"]
            else:
                continue
            if any(each is not None and each.kind == "initializer_list" and each.named for each in lists):
                return True
    return False


def fix(ctx):
    data = ctx.file.data
    names = {_before_parentheses(data, m.start()).decode("latin-1") for m in _DEFAULTED.finditer(data)} - {""}
    names = {name for name in names if re.search(rb"struct\s[^;{}()]*\b" + name.encode("latin-1") + rb"\b", data)}
    for leaf in ctx.names(names) if names else ():
        specifier = leaf.parent
        if specifier is None or specifier.kind not in ("struct_specifier", "class_specifier") or leaf.field != "name":
            continue
        body = specifier.field_child("body")
        if body is None or specifier.kind == "class_specifier" or not _is_aggregate(body):
            continue
        constructors = list(_constructors(body, leaf.text))
        defaulted = [c for c in constructors if any(n.kind == "default_method_clause" for n in c.children)]
        if not defaulted or len(defaulted) != len(constructors) or not _made_with_values(ctx, leaf.text):
            continue
        declarator = defaulted[0].field_child("declarator")
        parameters = declarator.field_child("parameters") if declarator.kind == "function_declarator" else None
        if len(defaulted) == 1 and parameters is not None and not parameters.named and "explicit" not in defaulted[0].text:
            yield Change(ID, (remove_statement(defaulted[0]),))
        else:
            message = f"{leaf.text} is no aggregate in C++20, with which torch 2.12 and newer compile: it declares constructors"
            yield Finding(ID, leaf.start, message, "leave out the defaulted constructors, or write one that takes the values")


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset({"default"}), removed_in="2.12", link="https://wg21.link/P1008R1", cross_file=True
)
