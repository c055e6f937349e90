"""Name the device for ``include_paths`` and ``library_paths``.

``torch.utils.cpp_extension.include_paths(cuda=True)`` became ``include_paths(device_type="cuda")`` in torch 2.6.

Before:
    from torch.utils import cpp_extension
    dirs = cpp_extension.include_paths(cuda=True)
After:
    from torch.utils import cpp_extension
    dirs = cpp_extension.include_paths(device_type="cuda")
"""

from __future__ import annotations

from migrator.python import cst
from migrator.releases import parse
from migrator.rewrite import Change, Finding, Rewrite, settings_floor

ID = "cuda-keyword"
_NAMES = frozenset({"include_paths", "library_paths"})


def fix(ctx):
    module = ctx.module if ctx.has("cpp_extension") else None
    for call in module.find(cst.Call) if module is not None else ():
        name = module.qualified(call.func) or ""
        if (
            not name.startswith("torch.utils.cpp_extension.")
            or name.split(".")[-1] not in _NAMES
            or len(call.args) != 1
            or call.args[0].star
        ):
            continue
        arg = call.args[0]
        if arg.keyword is not None and arg.keyword.value != "cuda":
            continue
        value = module.code(arg.value)
        if arg.keyword is None and value not in ("True", "False"):
            continue
        if settings_floor(ctx) < parse("2.6"):
            yield Finding(
                ID,
                module.start(call),
                "the argument cuda is called device_type from torch 2.6 on",
                "choose by torch.__version__, or raise --min-torch to 2.6",
            )
            continue
        text = {"True": 'device_type="cuda"', "False": 'device_type="cpu"'}.get(value, f'device_type="cuda" if {value} else "cpu"')
        yield Change(ID, (module.replace(arg, text),))


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=_NAMES, language="python", removed_in="2.6")
