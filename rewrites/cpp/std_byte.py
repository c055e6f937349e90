"""Report a ``byte`` of one's own beside ``using namespace std``.

C++17, with which torch 2.0 and newer compile, has a ``std::byte``: the bare name is ambiguous then.

Before:
    using namespace std;
    typedef unsigned char byte;
    byte first(const byte *p) { return p[0]; }
After:
    using namespace std;
    typedef unsigned char byte;
    byte first(const byte *p) { return p[0]; }
"""

import re

from migrator.rewrite import Finding, Rewrite

ID = "std-byte"
_DIRECTIVE = re.compile(rb"^[ \t]*using\s+namespace\s+std\s*;", re.M)


def fix(ctx):
    directive = _DIRECTIVE.search(ctx.file.data)
    if directive is None:
        return
    leaves = [leaf for leaf in ctx.names({"byte"}) if leaf.kind == "type_identifier"]
    own = [leaf for leaf in leaves if _declares(leaf) and leaf.enclosing("namespace_definition", "class_specifier", "struct_specifier") is None]
    uses = [leaf for leaf in leaves if not _declares(leaf) and leaf.start > directive.end() and leaf.parent.kind != "qualified_identifier"]
    if own and uses:
        yield Finding(ID, uses[0].start, "byte is ambiguous with using namespace std: C++17 has a std::byte", "::byte, or another name; or no using directive")


def _declares(leaf) -> bool:
    """Whether a name is the one of a typedef, an alias or a class."""
    if leaf.parent.kind == "type_definition":
        return leaf.field == "declarator"
    return leaf.field == "name" and leaf.parent.kind in ("alias_declaration", "struct_specifier", "class_specifier", "enum_specifier")


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"byte"}), removed_in="2.0", link="https://wg21.link/P0298R3")
