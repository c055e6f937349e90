"""Tell the autograd profiler its device by ``use_device``.

``torch.autograd.profiler.profile`` takes no ``use_cuda`` since torch 2.14 (pytorch/pytorch#192543), and knows CUDA by ``use_device`` since
2.4 (pytorch/pytorch#123247).

Before:
    import torch
    with torch.autograd.profiler.profile(use_cuda=True) as prof:
        model(x)
After:
    import torch
    with torch.autograd.profiler.profile(use_device="cuda") as prof:
        model(x)
"""

from migrator.python import argument_node, boolean
from migrator.releases import parse
from migrator.rewrite import Change, Finding, Rewrite, settings_floor

ID = "profiler-use-cuda"
_NAME = "torch.autograd.profiler.profile"


def fix(ctx):
    module = ctx.module if ctx.may_give("use_cuda") and ctx.may_use({_NAME}) else None
    if module is None:
        return
    for call, _ in module.names.calls({_NAME}):
        given = argument_node(call, "use_cuda")
        if given is None:
            continue
        known = boolean(given.value)
        value = f'"cuda" if {module.code(given.value)} else None' if known is None else '"cuda"' if known else "None"
        if settings_floor(ctx) < parse("2.4"):
            advice = f"use_device={value}, which it takes since torch 2.4"
            yield Finding(ID, module.start(given), "the autograd profiler takes no use_cuda since torch 2.14", advice)
        else:
            yield Change(ID, (module.replace(given.keyword, "use_device"), module.replace(given.value, value)))


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"use_cuda"}), language="python", removed_in="2.14")
