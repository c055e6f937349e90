"""Report extension names that torch cannot use.

The last part of the name becomes ``TORCH_EXTENSION_NAME``, an identifier of C++ and of Python; ``load`` and ``load_inline`` take no dots.

Before:
    from torch.utils.cpp_extension import CUDAExtension
    CUDAExtension("my-op", ["op.cu"])
After:
    from torch.utils.cpp_extension import CUDAExtension
    CUDAExtension("my-op", ["op.cu"])
"""

from migrator.python import argument, string_value
from migrator.rewrite import Finding, Rewrite
from rewrites.build._flags import extension_calls

ID = "extension-name"
_SETUP = frozenset({"CUDAExtension", "CppExtension", "SyclExtension"})


def fix(ctx):
    module = ctx.module if ctx.has(*_SETUP) else None
    for call in extension_calls(module, _SETUP) if module is not None else ():
        node = argument(call, "name", 0)
        name = string_value(node)
        if name is not None and not all(part.isidentifier() for part in name.split(".")):
            good = ".".join(p for p in name.replace("-", "_").split(".") if p)
            yield Finding(ID, module.start(node), f"{name!r} is no name of a Python module", f"name it {good!r}, and import it as that")


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=_SETUP, language="python", removed_in="1.0")
