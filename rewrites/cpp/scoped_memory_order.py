"""Name a memory order ``std::memory_order_seq_cst``, not as a member of ``std::memory_order``.

C++20, which torch 2.12 and newer compile with, makes ``std::memory_order`` a scoped enumeration whose members are ``seq_cst`` and so on
(P0439). The names beside it stay. GCC's ``__atomic_*`` take an ``int``, which such an enumeration does not become: there they are
``__ATOMIC_SEQ_CST`` and so on.

Before:
    int get(std::atomic<int> &count) { return count.load(std::memory_order::memory_order_acquire); }
After:
    int get(std::atomic<int> &count) { return count.load(std::memory_order_acquire); }
"""

import re

from migrator.rewrite import Change, Edit, Rewrite

ID = "scoped-memory-order"
_NAMES = frozenset(f"memory_order_{order}" for order in ("relaxed", "consume", "acquire", "release", "acq_rel", "seq_cst"))
_SPELT = re.compile(rb"\bmemory_order\s*::\s*memory_order_|\b__atomic_[a-z]\w*\s*\(")
_SCOPE = re.compile(rb"\bmemory_order\s*::\s*\Z")
_WHOLE = re.compile(rb"(?:\bstd\s*::\s*)?(?:\bmemory_order\s*::\s*)?\Z")


def fix(ctx):
    if not ctx.spells(_SPELT):
        return
    for name in ctx.names(_NAMES):
        before = max(0, name.start - 60)
        if _is_for_builtin(name):
            start = _WHOLE.search(ctx.file.data, before, name.start).start()
            macro = "__ATOMIC_" + name.text.removeprefix("memory_order_").upper()
            yield Change(ID, (Edit(start, name.end, macro.encode()),))
        elif (scope := _SCOPE.search(ctx.file.data, before, name.start)) is not None:
            yield Change(ID, (Edit(scope.start(), name.start, b""),))


def _is_for_builtin(name) -> bool:
    """Whether a name is the whole of an argument of ``__atomic_load_n`` or its kin."""
    node = name
    while node.parent is not None and node.parent.kind == "qualified_identifier":
        node = node.parent
    arguments = node.parent
    call = arguments.parent if arguments is not None and arguments.kind == "argument_list" else None
    callee = call.field_child("function") if call is not None else None
    return callee is not None and callee.text.startswith("__atomic_")


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=_NAMES, removed_in="2.12", link="https://wg21.link/P0439R0")
