"""Give ``istft`` a complex tensor.

``torch.istft`` takes no real tensor with pairs in its last dimension since torch 2.0 (pytorch/pytorch#86628; deprecated in 1.8). Where the
source says that it gets one (of ``stft(..., return_complex=False)``, or of two parts stacked behind each other) the pairs become complex
numbers; elsewhere it is reported, unless the file speaks of complex tensors already.

Before:
    import torch
    frames = torch.stack((real, imag), dim=-1)
    audio = torch.istft(frames, 512, window=w)
After:
    import torch
    frames = torch.stack((real, imag), dim=-1)
    audio = torch.istft(torch.view_as_complex(frames.contiguous()), 512, window=w)
"""

from __future__ import annotations

from migrator.python import Module, argument, boolean, cst, plain_arguments
from migrator.python_imports import spelled
from migrator.releases import parse
from migrator.rewrite import Change, Finding, Rewrite, settings_floor
from rewrites.python._tensor import Tensors

ID = "istft-real"
_COMPLEX = ("view_as_complex", "complex", "complex64", "complex128", "cfloat", "cdouble", "polar")


def fix(ctx):
    module = ctx.module if ctx.has("torch") and ctx.may_call("istft") else None
    if module is None:
        return
    tensors = Tensors(module)
    calls = [(call, argument(call, "input", 0)) for call, _ in module.names.calls({"torch.istft", "torch.functional.istft"})]
    calls += [(call, call.func.value) for call in module.names.method_calls("istft") if argument(call, "n_fft", 0) is not None]
    for call, signal in calls:
        if signal is None or plain_arguments(call) is None:
            continue
        known = _pairs(module, tensors, signal)
        view = spelled(module, call, "torch.view_as_complex") if known and settings_floor(ctx) >= parse("1.6") else None
        if view is not None:
            code = module.code(signal)
            made = isinstance(signal, cst.Call) or code.endswith(")")
            yield Change(ID, (module.replace(signal, f"{view[0]}({code if made else code + '.contiguous()'})"), *view[1]))
        elif known or (not ctx.has(*_COMPLEX) and not _asks_for_complex(module)):
            yield Finding(
                ID,
                module.start(call),
                "istft takes complex tensors only since torch 2.0",
                f"torch.view_as_complex({module.code(signal)}.contiguous()), if it has pairs in its last dimension",
            )


def _asks_for_complex(module: Module) -> bool:
    return any(boolean(argument(call, "return_complex")) for call in module.find(cst.Call))


def _pairs(module: Module, tensors: Tensors, node: cst.CSTNode) -> bool:
    """Whether a tensor has real and imaginary parts in its last dimension, by what the source says."""
    if isinstance(node, cst.Name):
        values = tensors.assigned(node)
        return bool(values) and all(place is None and not isinstance(v, cst.Name) and _pairs(module, tensors, v) for v, place in values)
    if not isinstance(node, cst.Call):
        return False
    name = module.qualified(node.func)
    if name == "torch.stft" or (name is None and isinstance(node.func, cst.Attribute) and node.func.attr.value == "stft"):
        return boolean(argument(node, "return_complex")) is False
    parts = argument(node, "tensors", 0)
    last = argument(node, "dim", 1)
    two = isinstance(parts, cst.Tuple | cst.List) and len(parts.elements) == 2 and all(isinstance(e, cst.Element) for e in parts.elements)
    return name == "torch.stack" and two and last is not None and module.code(last).replace(" ", "") == "-1"


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"istft"}), language="python", removed_in="2.0")
