"""Drop the arms of ``#if`` that are for other releases of torch.

What asks for ``TORCH_VERSION_MAJOR``, ``VERSION_GE_1_3`` or whether ``TORCH_CHECK`` is there has one answer on the whole range of releases
from ``--min-torch`` to ``--target``. The arm that is compiled stays, without its conditions. Unsafe: the port does not compile on the other releases any more.

Before:
    #if TORCH_VERSION_MAJOR == 1 && TORCH_VERSION_MINOR < 5
    #define DATA_PTR data
    #else
    #define DATA_PTR data_ptr
    #endif
After:
    #define DATA_PTR data_ptr
"""

import re
from itertools import groupby

from migrator.rewrite import Change, Edit, Rewrite
from migrator.syntax import preproc

ID = "version-arms"
_WORD = re.compile(r"[A-Za-z_]\w*")
_GUARDS = frozenset(
    f"{head}VERSION_GE_{major}_{minor}" for head in ("", "TORCH_", "PYTORCH_") for major, last in ((1, 13), (2, 20)) for minor in range(last + 1)
)
_ASKED = re.compile(r"defined|and|or|not|TORCH_VERSION_(?:MAJOR|MINOR)|(?:TORCH_|PYTORCH_)?VERSION_GE_\d+_\d+|TORCH_CHECK|AT_CHECK|THCudaCheck")


def fix(ctx):
    data = ctx.file.data
    arms = sorted(preproc.arms(data), key=lambda arm: (arm.opened_at, arm.start))
    for opened, group in groupby(arms, key=lambda arm: arm.opened_at):
        found = list(group)
        words = {word for arm in found for word in _WORD.findall(arm.condition)}
        if ctx.tree.in_disabled(opened) or words <= {"defined"} or not all(_ASKED.fullmatch(word) for word in words):
            continue
        live = [preproc.evaluate(arm.condition, ctx.tree.known_macros) for arm in found]
        closed = found[-1].end
        if None in live or sum(live) > 1 or not data[closed:].lstrip().startswith(b"#"):
            continue
        last = data.find(b"\n", closed)
        end = len(data) if last < 0 else last + 1
        kept = found[live.index(True)] if True in live else None
        if kept is None:
            if not _comments(data[opened:end]):
                yield Change(ID, (Edit(opened, end, b""),))
            continue
        start = data.find(b"\n", kept.start, kept.end) + 1
        if start == 0 or any(name in words for name in preproc.defined_macros(data[start : kept.end])):
            continue  # a shim for what it asks for
        if _comments(data[opened:start]) or _comments(data[kept.end : end]):
            continue  # nobody's words are taken away
        yield Change(ID, (Edit(opened, start, b""), Edit(kept.end, end, b"")))


def _comments(text: bytes) -> bool:
    return b"//" in text or b"/*" in text


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=_GUARDS | {"TORCH_VERSION_MAJOR", "TORCH_VERSION_MINOR", "TORCH_CHECK", "AT_CHECK", "THCudaCheck"}, deprecated_in="1.5", tier="unsafe",
    link="https://pytorch.org/docs/stable/cpp_index.html",
)  # fmt: skip
