"""Take away the nvcc lines whose objects the extension compiles by itself.

A ``make.sh`` of the ``torch.utils.ffi`` era compiled the kernels, and ``build.py`` linked the objects. Once the kernels are sources of the
extension, that line compiles them a second time, for nobody, and fails where they include headers of torch: it is removed. An object for a
Python module that no build script is known to link is reported. ``rm -r _ext`` goes as well: ``torch.utils.ffi`` wrote that package anew at
each build, and its ``__init__.py`` is a source of the project since.

Before:
    nvcc -c -o scale_kernel.cu.o scale_kernel.cu -x cu -Xcompiler -fPIC
    g++ -shared -o scale.so scale.o scale_kernel.cu.o
After:
    nvcc -c -o scale_kernel.cu.o scale_kernel.cu -x cu -Xcompiler -fPIC
    g++ -shared -o scale.so scale.o scale_kernel.cu.o
"""

from __future__ import annotations

from pathlib import Path

from migrator.rewrite import Change, Edit, Finding, Rewrite
from rewrites.build._deleted_package import deletions
from rewrites.build._nvcc import read

ID = "nvcc-object"


def taken(project) -> dict[Path, tuple[Path, str]]:
    """Object -> (build script, source as it names it): what ``ffi-create-extension`` makes a source of."""
    return project.__dict__.setdefault("_objects_taken", {})


def fix(ctx):
    if ctx.path.name == "CMakeLists.txt" or ctx.path.suffix in (".txt", ".cmake"):
        return
    yield from deletions(ctx, ID)
    known = taken(ctx.project)
    for made in read(ctx.path, ctx.file.data):
        script, source = known.get(made.object, (None, ""))
        if script is not None and source.encode() not in ctx.project.scripts[script].data:
            continue  # a comment there says to leave it
        if script is not None and made.alone:
            yield Change(ID, (Edit(made.start, made.end, b""),))
        elif script is not None:
            yield Finding(ID, made.start, f"python {script.name} compiles {source} now", "remove the nvcc command from this line")
        elif made.for_module:
            advice = f"list {made.source.name} among the sources of a CUDAExtension, and remove this line"
            advice += "" if "write-setup" in ctx.settings.extra else "; cuport migrate --write-setup writes a setup.py"
            yield Finding(ID, made.start, f"nvcc makes {made.object.name} for a module that no build script is known to link", advice)


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset({"nvcc", "NVCC", "rm"}), language="build", removed_in="1.0", order=1, cross_file=True
)
