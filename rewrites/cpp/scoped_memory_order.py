"""Name a memory order ``std::memory_order_seq_cst``, not as a member of ``std::memory_order``.

C++20, which torch 2.12 and newer compile with, makes ``std::memory_order`` a scoped enumeration whose members are ``seq_cst`` and so on
(P0439). The names beside it stay.

Before:
    int get(std::atomic<int> &count) { return count.load(std::memory_order::memory_order_acquire); }
After:
    int get(std::atomic<int> &count) { return count.load(std::memory_order_acquire); }
"""

import re

from migrator.rewrite import Change, Edit, Rewrite

ID = "scoped-memory-order"
_NAMES = frozenset(f"memory_order_{order}" for order in ("relaxed", "consume", "acquire", "release", "acq_rel", "seq_cst"))
_SCOPED = re.compile(rb"\bmemory_order\s*::\s*memory_order_")
_SCOPE = re.compile(rb"\bmemory_order\s*::\s*\Z")


def fix(ctx):
    if not ctx.spells(_SCOPED):
        return
    for name in ctx.names(_NAMES):
        before = _SCOPE.search(ctx.file.data, max(0, name.start - 60), name.start)
        if before is not None:
            yield Change(ID, (Edit(before.start(), name.start, b""),))


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=_NAMES, removed_in="2.12", link="https://wg21.link/P0439R0")
