"""Report texture and surface references: CUDA 12 removed them.

There is no rewriting them in place: a texture object is made on the host, bound to memory, and handed to the kernel as an argument.

Before:
    texture<float, 1> table;
After:
    texture<float, 1> table;
"""

from migrator.rewrite import Finding, Rewrite

ID = "texture-reference"
_BIND = {"cudaBindTexture", "cudaBindTextureToArray", "cudaBindTexture2D", "cudaUnbindTexture", "cudaBindSurfaceToArray"}


def fix(ctx):
    for name in ctx.names({"texture", "surface"} | _BIND):
        if name.text in _BIND:
            yield Finding(ID, name.start, f"{name.text} left with texture references", "cudaCreateTextureObject(...), and pass the object to the kernel")
        elif name.parent is not None and name.parent.kind == "template_type" and name.enclosing("declaration") is not None:
            yield Finding(
                ID, name.start, "a texture reference: CUDA 12 has texture objects only",
                "cudaTextureObject_t as a kernel argument, tex1Dfetch<T>(object, i) in the kernel; or read the memory directly",
            )  # fmt: skip


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset({"texture", "surface"} | _BIND), cuda_removed_in="12.0",
    link="https://docs.nvidia.com/cuda/cuda-c-programming-guide/#texture-object-api",
)  # fmt: skip
