"""Name what the oldest release of the range does not have yet.

A port goes to newer releases, never to older ones: a header or name that came after ``--min-torch`` (or after an older ``--target``) is
reported, and nothing is changed. Lines under a guard that asks for a version are left out.

Before:
    #include <ATen/ceil_div.h>
    int blocks(int n) { return at::ceil_div(n, 256); }
After:
    #include <ATen/ceil_div.h>
    int blocks(int n) { return at::ceil_div(n, 256); }
"""

import re

from migrator import releases
from migrator.api.index import Index
from migrator.rewrite import Finding, Rewrite
from migrator.syntax import preproc
from rewrites.aten.renamed import qualified
from rewrites.audit.removed_api import in_directive, is_guard

ID = "too-new"
_ROOTS = ("at::", "c10::", "torch::")
_MACRO = re.compile(rb"(?:AT|C10|TORCH)_[A-Z0-9_]+\Z")
_ROOT_WORDS = {b"at", b"c10", b"torch"}


def fix(ctx):
    floor = ctx.settings.min_torch
    if releases.minor(floor) >= releases.parse(releases.NEWEST):
        return
    index = Index.load().torch
    had = 2 * index.bit(floor) - 1
    data = ctx.file.data
    guarded = [(a.start, a.end) for a in preproc.arms(data) if is_guard(a.condition)] if b"#" in data else []

    def since(mask):
        """The first release that has it, where that is newer than the floor."""
        return ".".join(map(str, index.minors[(mask & -mask).bit_length() - 1])) if mask and not mask & had else None

    def finding(start, what, first):
        option = "--min-torch" if releases.minor(floor) < releases.minor(ctx.settings.target) else "--target"
        asked = ".".join(map(str, releases.minor(floor)))
        return Finding(
            ID, start, f"{what} exists since torch {first}, and {asked} is to compile this; cuport does not port to older releases",
            f"raise {option} to {first}, or guard the line",
        )  # fmt: skip

    def skipped(offset):
        return ctx.tree.in_disabled(offset) or any(s <= offset < e for s, e in guarded)

    for include in ctx.includes():
        first = since(index.headers.get(include.name, 0))
        if first is not None and ctx.project.local_include(include, ctx.path) is None and not skipped(include.start):
            yield finding(include.start, include.name, first)
    seen = set()
    for name, leaf in _names(ctx):
        if name in seen:
            continue
        seen.add(name)
        first = since(index.mask(name))
        if first is not None and not skipped(leaf.start) and not _everywhere(index, name, had):
            yield finding(leaf.start, name, first)


def _names(ctx):
    """The names of torch in a file, with their first places: qualified ones, macros, members of tensors."""
    words = {w.decode() for w in ctx.file.words if not _ROOT_WORDS.isdisjoint(ctx.file.words) or _MACRO.match(w)}
    for leaf in ctx.names(words):
        if leaf.kind == "field_identifier":
            access = leaf.parent if leaf.parent.kind == "field_expression" else leaf.parent.parent
            owner = access.field_child("argument") if access is not None and access.kind == "field_expression" else None
            type = ctx.type_of(owner) if owner is not None else None
            if type is not None and type.is_tensor and not type.pointers and "optional" not in type.base:
                yield f"at::Tensor::{leaf.text}", leaf
        elif _MACRO.match(leaf.text.encode()):
            if not ctx.project.macros(leaf.text) and not in_directive(leaf):
                yield leaf.text, leaf
        else:
            full = qualified(leaf)
            if full.startswith(_ROOTS):
                yield full, leaf


def _everywhere(index, name, had) -> bool:
    """Whether an older release has the same name in another of torch's namespaces, or in a base class."""
    last = name.rpartition("::")[2]
    spaces = (
        "at::",
        "c10::",
        "torch::",
        "at::cuda::",
        "c10::cuda::",
        "at::native::",
        "torch::autograd::",
        "at::TensorBase::",
        "at::Tensor::",
    )
    return "::" in name and any(index.mask(space + last) & had for space in spaces)


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset({"include", "at", "c10", "torch"}), removed_in="1.0", order=9,
    link="https://github.com/pytorch/pytorch/releases",
)  # fmt: skip
