"""Mixed precision in a form that releases before torch 2.4 have as well: names from wherever they are, arguments by name."""

from __future__ import annotations

from collections.abc import Iterator

from migrator import releases
from migrator.python import Module, cst
from migrator.rewrite import Change, Edit, settings_floor
from rewrites.amp._forms import by_keyword, device_first, float16, has_bfloat16, needs_dtype, other_dtype
from rewrites.amp._uses import Binding, Stuck, Use


def fix(ctx, rule: str, bound: list[Binding], found: list[Use], loose: list[Use]) -> Iterator[Change]:
    """The changes of a file: of its imports with the uses of what they bind, and of the uses that start at ``torch``. Raises Stuck."""
    module = ctx.module
    top = [b for b in bound if module.parent(module.parent(b.node)) is module.root]
    names = {local: name for b in top for local, name in b.names.items() if name}  # what the file has to bind at its head
    edits: list[Edit] = []

    def local(use: Use, known: dict[str, str]) -> str:
        same = next((local for local, name in known.items() if name == use.name), None)
        if same is None and module.names.is_bound(use.name):
            advice = f"import torch.amp's {use.name} by hand, under another name"
            raise Stuck(use.node, f"{use.name} means something else in this file", advice)
        if same is None:
            known[use.name] = use.name
        return same or use.name

    for binding in bound:
        mine = names if binding in top else {local: name for local, name in binding.names.items() if name}
        for use in (u for u in found if binding.names.get(u.root.value) == ""):
            edits.append(module.replace(use.node, local(use, mine)))
        if binding not in top:
            edits.append(_statement(ctx, binding.node, mine))
    for use in found:
        edits += _call(ctx, use)
    for use in loose:
        if use.name == "autocast" and _has_torch_autocast(ctx):
            yield Change(rule, tuple(sorted([_to_torch(module, use), *_call(ctx, use)])))
        else:
            edits += [module.replace(use.node, local(use, names)), *_call(ctx, use)]
    if top:
        edits.append(_statement(ctx, top[0].node, names))
        edits += [_gone(module, binding.node) for binding in top[1:]]
    elif names:
        text = "".join(line + ctx.file.newline.decode() for line in _lines(ctx, names))
        edits.append(module.insert(import_line(module, loose[0]), text))
    if edits:
        yield Change(rule, tuple(sorted(edits)))


def import_line(module: Module, use: Use) -> int:
    """Where a new import goes: after the last import at the head of the file. Raises Stuck where that cannot be told."""
    place = None
    for statement in module.root.body:
        small = statement.body if isinstance(statement, cst.SimpleStatementLine) else ()
        if small and all(isinstance(s, (cst.Import, cst.ImportFrom)) for s in small):
            place = statement
        elif place is not None or not (small and isinstance(small[0], cst.Expr)):
            break
    if place is None or module.start(place) > module.start(use.node):
        raise Stuck(use.node, "torch.cuda.amp is deprecated since torch 2.4", "import torch at the head of the file and run cuport again")
    return module.file.line_span(module.span(place.body[-1])[1])[1]


def _has_torch_autocast(ctx) -> bool:
    return settings_floor(ctx) >= releases.parse("1.10")


def _call(ctx, use: Use) -> list[Edit]:
    if use.name == "autocast" and _has_torch_autocast(ctx):
        return device_first(ctx.module, use, float16(ctx, use))
    if needs_dtype(use) and has_bfloat16(ctx.project):
        raise other_dtype(use, "raise --min-torch to 1.10, which brought bfloat16, or port with --amp-compat")
    return by_keyword(ctx.module, use)


def _to_torch(module: Module, use: Use) -> Edit:
    """``torch.cuda.amp.autocast`` -> ``torch.autocast``."""
    node = use.node
    while isinstance(node, cst.Attribute) and module.qualified(node) != "torch":
        node = node.value
    if module.qualified(node) != "torch":
        raise Stuck(use.node, "torch.cuda.amp is deprecated since torch 2.4", 'write torch.autocast("cuda", ...)')
    whole = use.node
    assert isinstance(whole, cst.Attribute)
    return Edit(module.outer_span(node)[1], module.span(whole)[1], b"." + whole.attr.value.encode())


def _statement(ctx, node: cst.Import | cst.ImportFrom, names: dict[str, str]) -> Edit:
    """The import statement, replaced by the lines that bind its names on every release."""
    module = ctx.module
    _alone(module, node)
    start, end = module.span(node)
    indent = module.file.text(module.file.line_span(start)[0], start)
    return Edit(start, end, (ctx.file.newline.decode() + indent).join(_lines(ctx, names)).encode())


def _gone(module: Module, node: cst.Import | cst.ImportFrom) -> Edit:
    """The import statement, taken out with its line."""
    _alone(module, node)
    start, end = module.span(node)
    first, last = module.file.line_span(start)[0], module.file.line_span(end)[1]
    rest = module.data[end:last].strip()
    return Edit(first, last, b"") if not rest else Edit(start, end + module.data[end:last].index(rest), b"")


def _alone(module: Module, node: cst.Import | cst.ImportFrom) -> None:
    """Raises Stuck where a statement shares its line with others."""
    line = module.parent(node)
    if not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1:
        raise Stuck(node, "torch.cuda.amp is deprecated since torch 2.4", "put this import on a line of its own and run cuport again")


def _lines(ctx, names: dict[str, str]) -> list[str]:
    """Statements that bind local names to names of mixed precision."""
    lines = []
    rest = dict(names)
    if _has_torch_autocast(ctx):
        plain = [local for local, name in rest.items() if name == "autocast"]
        lines += [f"from torch import {_as('autocast', local)}" for local in plain]
        rest = {local: name for local, name in rest.items() if name != "autocast"}
    if set(rest.values()) == {"GradScaler"} and settings_floor(ctx) >= releases.parse("2.3"):
        return [*lines, *(f"from torch.amp import {_as('GradScaler', local)}" for local in rest)]
    if not rest:
        return lines
    what = ", ".join(_as(name, local) for local, name in sorted(rest.items(), key=lambda item: item[1]))
    with_device = {local: name for local, name in rest.items() if name != "GradScaler"}
    last = "2.4" if any(name.startswith("custom_") for name in rest.values()) else "2.3" if "GradScaler" in rest.values() else "1.12"
    if with_device and not ctx.module.names.imported("functools"):
        lines.append("import functools")
    lines += ["try:", f"    from torch.amp import {what}"]
    lines += [f"except ImportError:  # torch before {last}", f"    from torch.cuda.amp import {what}"]
    if with_device:
        lines.append("else:")
        for local, name in sorted(with_device.items()):
            device = '"cuda"' if name == "autocast" else 'device_type="cuda"'
            lines.append(f"    {local} = functools.partial({local}, {device})")
    return lines


def _as(name: str, local: str) -> str:
    return name if name == local else f"{name} as {local}"
