"""Take ``--local-rank`` as well as ``--local_rank``.

``python -m torch.distributed.launch`` passes the dashed form since torch 2.0 and the other one before; the attribute keeps its name.
Options of argparse, click and absl are known; fire takes both forms by itself. Code that looks through ``sys.argv`` is reported.

Before:
    import argparse
    parser = argparse.ArgumentParser()
    parser.add_argument("--local_rank", type=int, default=0)
After:
    import argparse
    parser = argparse.ArgumentParser()
    parser.add_argument("--local_rank", "--local-rank", type=int, default=0)
"""

from __future__ import annotations

from collections.abc import Iterator

from migrator.python import Module, argument, cst, plain_arguments, quote_like, string_value
from migrator.rewrite import Change, Finding, Rewrite

ID = "launch-local-rank"
_OLD, _NEW = "--local_rank", "--local-rank"
_ABSL = {f"absl.flags.DEFINE_{kind}" for kind in ("integer", "string", "float", "enum", "boolean")}


def fix(ctx) -> Iterator[Change | Finding]:
    spelt = _OLD.encode() in ctx.file.data and (ctx.may_call("add_argument") or ctx.has("option", "argv"))
    module = ctx.module if spelt or ctx.has("absl") else None
    if module is None:
        return
    options = [*module.names.method_calls("add_argument"), *(call for call, _ in module.names.calls({"click.option"}))]
    for call in options:
        flags = {string_value(a.value): a.value for a in plain_arguments(call) or ()}
        node = flags.get(_OLD)
        if node is not None and _NEW not in flags and hasattr(node, "quote"):
            yield Change(ID, (module.insert(module.outer_span(node)[1], ", " + quote_like(node, _NEW)),))
    aliases = {string_value(argument(call, "name", 0)) for call, _ in module.names.calls({"absl.flags.DEFINE_alias"})}
    for call, _ in module.names.calls(_ABSL):
        if string_value(argument(call, "name", 0)) == _OLD[2:] and _NEW[2:] not in aliases:
            yield _alias(module, call)
    for node in module.find(cst.SimpleString) if ctx.has("argv") else ():
        if (string_value(node) or "").rstrip("=") == _OLD and _is_compared(module, node):
            yield Finding(ID, module.start(node), f"torch.distributed.launch passes {_NEW} since torch 2.0", f"look for {_NEW} as well")


def _alias(module: Module, call: cst.Call) -> Change | Finding:
    """A second name of a flag of absl, on a line of its own."""
    line = module.parent(module.parent(call))
    start, end = module.span(call)
    indent = module.file.text(module.file.line_span(start)[0], start)
    alone = isinstance(line, cst.SimpleStatementLine) and not indent.strip() and module.span(line)[1] <= module.file.line_span(end)[1]
    alone = alone and not module.file.text(end, module.file.line_span(end)[1]).strip()  # a comment would end up behind the new line
    if not alone or not isinstance(call.func, cst.Attribute) or argument(call, "flag_values") is not None:
        advice = 'flags.DEFINE_alias("local-rank", "local_rank")'
        return Finding(ID, start, f"torch.distributed.launch passes {_NEW} since torch 2.0", advice)
    home = module.code(call.func.value)
    text = f'{module.file.newline.decode()}{indent}{home}.DEFINE_alias("{_NEW[2:]}", "{_OLD[2:]}")'
    return Change(ID, (module.insert(end, text),))


def _is_compared(module: Module, node: cst.SimpleString) -> bool:
    """Whether a string is compared with something, or asked for by ``startswith``."""
    above = module.parent(node)
    if isinstance(above, cst.Arg):
        call = module.parent(above)
        return isinstance(call.func, cst.Attribute) and call.func.attr.value in ("startswith", "index", "count")
    return isinstance(above, cst.Comparison | cst.ComparisonTarget)


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"local_rank"}), language="python", removed_in="2.0")
