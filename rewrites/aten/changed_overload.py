"""Report calls of operators that no overload of the release takes, though one of an older release did.

By the number of arguments and by their kinds, as far as those are known; all overloads since torch 1.0 were compared.

Before:
    auto z = at::gelu_outf(x, y);
After:
    auto z = at::gelu_outf(x, y);
"""

import re
from functools import cache
from pathlib import Path

from migrator.calls import call_of
from migrator.releases import parse
from migrator.rewrite import Finding, Rewrite
from rewrites.aten._elements import is_tensor
from rewrites.aten._kinds import kind
from rewrites.aten._overloads import Signature, takes

ID = "changed-overload"
_TEXT = Path(__file__).with_name("signatures.txt").read_text()  # tools/aten_signatures.py writes it
_NAMES = frozenset(re.findall(r"^\.?(\w+)$", _TEXT, re.M))
_CALLED = re.compile(rb"(?:\b(?:at|torch)\s*::|\.)\s*(\w+)\s*\(")


@cache
def _table() -> dict[str, tuple[list[Signature], list[tuple[str, Signature]]]]:
    """Name, with a dot before that of a method -> what the newest release takes; what older ones took, with the release that does not."""
    table: dict[str, tuple[list[Signature], list[tuple[str, Signature]]]] = {}
    for line in _TEXT.splitlines():
        release, _, signature = line.partition(" ")
        if not signature:
            now, before = table[line] = ([], [])
        elif release == "=":
            now.append(Signature(signature))
        else:
            before.append((release, Signature(signature)))
    return table


def _many(ctx, node) -> bool:
    """Whether an argument may stand for several, or for none: a pack, a macro, an arm of ``#if``."""
    if node.kind == "identifier":
        return bool(ctx.project.macros(node.text)) or (node.text.isupper() and ctx.type_of(node) is None)
    return node.kind.startswith(("preproc", "parameter_pack")) or node.kind == "ERROR"


def _own(ctx, name: str) -> bool:
    """Whether the project puts a function of this name into a namespace of torch's."""
    spaces = (each.enclosing("namespace_definition") for each in ctx.project.functions(name))
    return any(re.match(r"namespace\s+(?:at|torch)\s*\{", space.text) for space in spaces if space is not None)


def _written(name: str, signatures: list[Signature]) -> str:
    shown = [each for each in signatures if "Layout?" not in each.text] or signatures
    start = "x" if name.startswith(".") else "at::"
    return ", or ".join(f"{start}{name}({each.written})" for each in shown[:3])


def _look(ctx, name):
    call = call_of(name)
    if call is None:
        return None
    key = name.text
    if call.callee.kind == "field_expression":
        key = f".{name.text}"
        if key not in _table() or "->" in [each.kind for each in call.callee.children] or not is_tensor(ctx, call.callee.field_child("argument")):
            return None
    elif call.qualified.removeprefix("::") not in (f"at::{name.text}", f"torch::{name.text}") or key not in _table():
        return None
    args = [each for each in call.args if each.kind != "comment"]
    if any(_many(ctx, each) for each in args):
        return None
    kinds = [kind(ctx, each) for each in args]
    now, before = _table()[key]
    if any(takes(each, kinds) for each in now):
        return None
    ends = [parse(release) for release, each in before if takes(each, kinds)]
    if not ends or max(ends) > ctx.settings.target or _own(ctx, name.text):
        return None
    since = ".".join(map(str, max(ends)[:2]))
    shown = f"Tensor::{name.text}" if key != name.text else f"at::{name.text}"
    return Finding(ID, name.start, f"{shown} takes other arguments than these since torch {since}", _written(key, now))


def fix(ctx):
    known = ctx.file.words & rewrite.trigger_bytes
    called = {match[1] for match in _CALLED.finditer(ctx.file.data)} if known else set()
    for name in ctx.names([word.decode() for word in sorted(known & called)]):
        found = _look(ctx, name)
        if found is not None:
            yield found


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=_NAMES, removed_in="1.1")
