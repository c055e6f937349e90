"""Report texture and surface references: CUDA 12 removed them.

There is no rewriting them in place: a texture object is made on the host, bound to memory, and handed to the kernel as an argument. The
finding says what to write at each line.

Before:
    texture<float, 1> table;
After:
    texture<float, 1> table;
"""

from migrator.calls import call_of
from migrator.rewrite import Finding, Rewrite

ID = "texture-reference"
_LINEAR = (
    "resource.resType = cudaResourceTypeLinear; resource.res.linear.devPtr = {pointer}; resource.res.linear.desc = cudaCreateChannelDesc<{type}>(); "
    "resource.res.linear.sizeInBytes = {size};"
)
_PITCHED = (
    "resource.resType = cudaResourceTypePitch2D; resource.res.pitch2D.devPtr = {pointer}; resource.res.pitch2D.desc = cudaCreateChannelDesc<{type}>(); "
    "resource.res.pitch2D.width = {width}; resource.res.pitch2D.height = {height}; resource.res.pitch2D.pitchInBytes = {size};"
)
_ARRAY = "resource.resType = cudaResourceTypeArray; resource.res.array.array = {pointer};"
_MIPMAPPED = "resource.resType = cudaResourceTypeMipmappedArray; resource.res.mipmap.mipmap = {pointer};"
# Function -> (which argument is the texture, which the memory, how the memory is described)
_BIND = {
    "cudaBindTexture": (1, 2, _LINEAR),
    "cudaBindTexture2D": (1, 2, _PITCHED),
    "cudaBindTextureToArray": (0, 1, _ARRAY),
    "cudaBindTextureToMipmappedArray": (0, 1, _MIPMAPPED),
    "cudaBindSurfaceToArray": (0, 1, _ARRAY),
}
_OTHER = {
    "cudaUnbindTexture": "cudaDestroyTextureObject(object), once no kernel that reads it is running",
    "cudaGetTextureReference": "drop it: a texture object is a value of its own",
    "cudaGetTextureAlignmentOffset": "drop it: a texture object starts where its memory starts",
    "cudaGetSurfaceReference": "drop it: a surface object is a value of its own",
}


def fix(ctx):
    for name in ctx.names({"texture", "surface"} | _BIND.keys() | _OTHER.keys()):
        if name.text in _OTHER:
            yield Finding(ID, name.start, f"{name.text} left with texture references", _OTHER[name.text])
        elif name.text in _BIND:
            yield Finding(ID, name.start, f"{name.text} left with texture references", _binding(ctx, name))
        elif (
            name.parent is not None
            and name.parent.kind == "template_type"
            and (name.enclosing("declaration") is not None or name.enclosing("type_definition", "parameter_declaration") is not None)
        ):
            kind = name.text.capitalize()
            fetch = "tex1Dfetch<T>(object, i), tex2D<T>(object, x, y)" if name.text == "texture" else "surf2Dread(&value, object, x, y)"
            yield Finding(
                ID, name.start, f"a {name.text} reference: CUDA 12 has {name.text} objects only",
                f"cuda{kind}Object_t as an argument of each kernel that reads it, and {fetch} there; the finding at the line that binds it says how to make one",
            )  # fmt: skip


def _binding(ctx, name) -> str:
    call = call_of(name)
    which, memory, text = _BIND[name.text]
    if call is None or len(call.args) <= memory:
        return "cudaCreateTextureObject(...), and pass the object to the kernel"
    texture, args = call.args[which].text.lstrip("&"), [a.text for a in call.args]
    described = text.format(
        pointer=args[memory], type=_element(ctx, call.args[which]), size=args[-1] if len(args) > memory + 1 else "the size in bytes",
        width=args[-3] if len(args) > 5 else "width", height=args[-2] if len(args) > 5 else "height",
    )  # fmt: skip
    surface = name.text == "cudaBindSurfaceToArray"
    kind = "Surface" if surface else "Texture"
    how = (
        ""
        if surface
        else f" cudaTextureDesc how = {{}}; how.readMode = cudaReadModeElementType; // and what {texture}'s fields were set to"
    )
    made = "cudaCreateSurfaceObject(&object, &resource);" if surface else "cudaCreateTextureObject(&object, &resource, &how, nullptr);"
    return f"cudaResourceDesc resource = {{}}; {described}{how}\n    -> cuda{kind}Object_t object; {made} and pass object to the kernel instead of {texture}"


def _element(ctx, texture) -> str:
    """The type of a texture's elements, as its declaration says."""
    declared = ctx.scopes.lookup(texture.text.lstrip("&"), texture) if texture.kind == "identifier" else None
    base = declared.type.base if declared is not None else ""
    return base.removeprefix("texture<").removesuffix(">").split(",")[0] if base.startswith("texture<") else "T"


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset({"texture", "surface"} | _BIND.keys() | _OTHER.keys()), cuda_removed_in="12.0",
    link="https://docs.nvidia.com/cuda/cuda-c-programming-guide/#texture-object-api",
)  # fmt: skip
