"""Write plain string literals where ``u8`` changes nothing.

In C++20, with which torch 2.12 and newer compile, ``u8"..."`` has elements of type ``char8_t`` and is no ``const char *`` any more. A
literal of ASCII characters is the same without the prefix; one with others is reported.

Before:
    const char *unit = u8"mm";
After:
    const char *unit = "mm";
"""

from migrator.rewrite import Change, Edit, Finding, Rewrite

ID = "utf8-literal"


def _literals(ctx):
    position = 0
    while (position := ctx.file.data.find(b'u8"', position)) >= 0:
        leaf = ctx.tree.leaf_at(position)
        position += 3
        literal = leaf.parent
        if ctx.tree.in_disabled(leaf.start) or literal is None:
            continue
        if literal.kind == "string_literal" and literal.start == leaf.start:
            yield literal


def _is_cast(literal) -> bool:
    """Whether the literal is cast already: who wrote it knows."""
    node = literal
    while node.parent is not None and node.parent.kind in ("concatenated_string", "parenthesized_expression", "argument_list"):
        node = node.parent
    if node.parent is None or node.parent.kind == "cast_expression":
        return True
    function = node.parent.field_child("function") if node.parent.kind == "call_expression" else None
    return function is not None and function.text.startswith(("reinterpret_cast", "static_cast"))


def fix(ctx):
    if {b"char8_t", b"u8string", b"u8string_view"} & set(ctx.file.words):
        return
    for literal in _literals(ctx):
        if _is_cast(literal):
            continue
        text = literal.text[3:-1]
        if text.isascii() and not any(escape in text for escape in ("\\u", "\\U", "\\x", "\\0", "\\N")):
            yield Change(ID, (Edit(literal.start, literal.start + 2, b""),))
        else:
            message = 'u8"..." is no const char * in C++20, with which torch 2.12 and newer compile'
            advice = 'reinterpret_cast<const char *>(u8"..."), or leave out u8 where the compiler writes UTF-8'
            yield Finding(ID, literal.start, message, advice)


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"u8"}), removed_in="2.12")
