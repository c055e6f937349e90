"""Tell ``stft`` which kind of tensor to return.

For a real signal ``torch.stft`` must be given ``return_complex`` since torch 2.0. ``return_complex=False`` returns what it returned before,
and still works on 2.15, with a warning. Where the source does not say that the signal is real that is unsafe: a call with a complex signal
returns complex numbers without it.

Before:
    import torch
    frames = torch.stft(audio, 512, window=w)
After:
    import torch
    frames = torch.stft(audio, 512, window=w)
"""

from __future__ import annotations

from migrator.python import add_argument, argument, plain_arguments
from migrator.releases import parse
from migrator.rewrite import Change, Finding, Rewrite, settings_floor
from rewrites.python._tensor import Tensors

ID = "stft-return-complex"


def fix(ctx):
    module = ctx.module if ctx.has("torch") and ctx.may_call("stft") else None
    if module is None:
        return
    tensors = Tensors(module)
    calls = [(call, argument(call, "input", 0)) for call, _ in module.names.calls({"torch.stft", "torch.functional.stft"})]
    calls += [(call, call.func.value) for call in module.names.method_calls("stft") if argument(call, "n_fft") is not None]
    for call, signal in calls:
        if argument(call, "return_complex") is not None or plain_arguments(call) is None:
            continue
        kind = tensors.kind(signal)
        real = kind is not None and kind.dtype == "float"
        edit = add_argument(module, call, "return_complex=False")
        if (real or ctx.settings.unsafe) and edit is not None and settings_floor(ctx) >= parse("1.7"):
            yield Change(ID, (edit,), note="" if real else "for a real signal; a complex one returned complex numbers")
        else:
            yield Finding(
                ID,
                module.start(call),
                "stft must be told what to return since torch 2.0, if the signal is real",
                "return_complex=False returns what it did (--unsafe-fixes writes that); or return_complex=True with view_as_real",
            )


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"stft"}), language="python", removed_in="2.0")
