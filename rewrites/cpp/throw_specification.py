"""Write ``noexcept(false)`` for an exception specification that names types.

C++17, with which torch 2.0 and newer compile, has no ``throw(X)``; ``throw()`` is left. What a specification promised was checked at run
time only, when another exception came.

Before:
    void load(const char *path) throw(std::runtime_error);
After:
    void load(const char *path) noexcept(false);
"""

import re

from migrator.rewrite import Change, Edit, Rewrite

ID = "throw-specification"
_SPECIFICATION = re.compile(rb"\)\s*(?:const\s*)?throw\s*\(\s*[^)\s]")


def fix(ctx):
    if _SPECIFICATION.search(ctx.file.data) is None:
        return  # nothing to parse the file for: `throw` is mostly a statement
    for node in ctx.tree.root.walk():
        if node.kind == "throw_specifier" and node.named and not ctx.tree.in_disabled(node.start):
            yield Change(ID, (Edit(node.start, node.end, b"noexcept(false)"),))


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"throw"}), removed_in="2.0", link="https://wg21.link/P0003R5")
