"""The same use of mixed precision in torch's new form, and in one that older releases have as well."""

from __future__ import annotations

from migrator.python import Module, cst, dotted, inner_span
from migrator.rewrite import Edit
from rewrites.amp._uses import Stuck, Use, is_type

_AUTOCAST = ("enabled", "dtype", "cache_enabled")  # arguments of torch.cuda.amp.autocast; torch.autocast has another order
_SCALER = ("init_scale", "growth_factor", "backoff_factor", "growth_interval", "enabled")


def device_first(module: Module, use: Use, float16: str | None) -> list[Edit]:
    """The edits that give a use its device: ``autocast("cuda", ...)``. Raises Stuck.

    ``float16`` is what is written as the dtype where the call gives none; None: nothing is.
    """
    if use.name.startswith("custom_"):
        return _decorator(module, use)
    if use.call is None:
        if use.name == "GradScaler" and is_type(module, use.node):
            return []
        raise _not_called(use)
    keywords = _keywords(use, _AUTOCAST) if use.name == "autocast" else {}
    edits = _first(module, use.call, '"cuda"', keywords)
    if float16 is not None and use.name == "autocast" and not _has_dtype(use.call):
        edits = _last(module, use.call, edits, f"dtype={float16}")
    return edits


def by_keyword(module: Module, use: Use) -> list[Edit]:
    """The edits that name the arguments, so that old and new releases take the same call. Raises Stuck."""
    if use.name.startswith("custom_"):
        return []
    if use.call is None:
        if use.name == "GradScaler" and is_type(module, use.node):
            return []
        raise _not_called(use)
    names = _keywords(use, _AUTOCAST if use.name == "autocast" else _SCALER)
    return [module.insert(module.start(use.call.args[i]), f"{name}=") for i, name in names.items()]


def needs_dtype(use: Use) -> bool:
    """Whether a call takes the dtype that autocast has by itself: float16 in the old form, the one of the region around it in the new."""
    return use.name == "autocast" and use.call is not None and not _has_dtype(use.call)


def float16(ctx, use: Use) -> str | None:
    """What to write as the dtype, where the project has regions of another one. Raises Stuck where torch has no name in the file."""
    if not needs_dtype(use) or not has_bfloat16(ctx.project):
        return None
    names = ctx.module.names
    for local in sorted(names.imported("torch")):
        if all(b.target == "torch" and not b.guarded for found in names.bindings(local).values() for b in found):
            return f"{local}.float16"
    raise other_dtype(use, 'import torch, and write torch.amp.autocast("cuda", dtype=torch.float16)')


def has_bfloat16(project) -> bool:
    """Whether a project speaks of bfloat16, so that a region of autocast may stand in one of another dtype."""
    return project.cached("amp: bfloat16", lambda: any(b"bfloat16" in f.words for f in project.scripts.values()))


def other_dtype(use: Use, advice: str) -> Stuck:
    """Why a use cannot change where the dtype cannot be written."""
    message = "torch.cuda.amp.autocast means float16, torch.amp.autocast the dtype of the region around it, and this project uses bfloat16"
    return Stuck(use.node, message, advice)


def _not_called(use: Use) -> Stuck:
    return Stuck(
        use.node,
        f"torch.cuda.amp.{use.name} is deprecated since torch 2.4, and here it is handed on instead of called",
        f"torch.amp.{use.name} takes the device as its first argument, \"cuda\": change this place and the calls together, "
        "or port with --amp-compat, whose module takes both",
    )


def _keywords(use: Use, names: tuple[str, ...]) -> dict[int, str]:
    """Index of each positional argument -> its name."""
    found = {}
    for i, arg in enumerate(use.call.args):
        if arg.star == "*" or (arg.keyword is None and not arg.star and i >= len(names)):
            raise Stuck(use.node, f"the arguments of {use.name} cannot be told", f'torch.amp.{use.name} takes the device first: "cuda"')
        if arg.keyword is None and not arg.star:
            found[i] = names[i]
    return found


def _has_dtype(call: cst.Call) -> bool:
    off = any(a.keyword is not None and a.keyword.value == "enabled" and dotted(a.value) == "False" for a in call.args)
    positional = [a for a in call.args if a.keyword is None and not a.star]
    off = off or bool(positional) and dotted(positional[0].value) == "False"
    return off or len(positional) > 1 or any(a.star or (a.keyword is not None and a.keyword.value == "dtype") for a in call.args)


def _first(module: Module, call: cst.Call, text: str, keywords: dict[int, str] | None = None) -> list[Edit]:
    keywords = keywords or {}
    if not call.args:
        return [module.insert(inner_span(module, call)[0], text)]
    edits = [module.insert(module.start(call.args[i]), f"{name}=") for i, name in keywords.items() if i]
    return [module.insert(module.start(call.args[0]), f"{text}, " + (f"{keywords[0]}=" if 0 in keywords else "")), *edits]


def _last(module: Module, call: cst.Call, edits: list[Edit], text: str) -> list[Edit]:
    if not call.args:
        return [Edit(edits[0].start, edits[0].end, edits[0].text + f", {text}".encode())]
    return [*edits, module.insert(module.outer_span(call.args[-1].value)[1], f", {text}")]


def _decorator(module: Module, use: Use) -> list[Edit]:
    device = 'device_type="cuda"'
    if use.call is None:
        if not isinstance(module.parent(use.node), cst.Decorator):
            raise _not_called(use)
        return [module.insert(module.outer_span(use.node)[1], f"({device})")]
    if use.call.args and use.call.args[0].keyword is None:
        return [module.insert(module.outer_span(use.call.args[0].value)[1], f", {device}")]
    return _first(module, use.call, device)
