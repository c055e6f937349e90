"""Register with pybind11 what ``torch.utils.ffi`` exported.

``create_extension`` read C headers and made a module of their functions; it went with torch 1.0. A new source beside the headers,
``<extension>_bindings.cpp``, registers the same functions under the same names. They run without autograd, as they did. Without a
build script that names the headers, each function that should be registered is reported.

Before:
    int scale_forward(THFloatTensor *input, float factor) { return 1; }
After:
    int scale_forward(THFloatTensor *input, float factor) { return 1; }
"""

import os

from migrator.rewrite import Finding, NewFile, Rewrite
from rewrites.ffi import _th
from rewrites.ffi._extension import extensions, is_entry_point

ID = "ffi-bindings"


def fix(ctx):
    for extension in extensions(ctx.project):
        if extension.headers[0] != ctx.path:
            continue
        made = _made(ctx, extension)
        if made is None:
            continue
        data, findings = made
        here = next(ctx.names({"Tensor"} | _th.TENSOR_TYPES), None)
        start = here.start if here is not None else 0
        for message in findings:
            yield Finding(ID, start, message, "write a C++ function with arguments that pybind11 knows, and register that")
        yield NewFile(ID, extension.bindings, data)
    if not extensions(ctx.project) and ctx.path.suffix in (".c", ".cpp", ".cc", ".cu"):
        yield from _unregistered(ctx)


def _unregistered(ctx):
    """Entry points that nothing registers, as they were when the file still named TH types."""
    cache = ctx.project.__dict__.setdefault("_ffi_unregistered", {})
    if ctx.path not in cache:
        cache[ctx.path] = list(dict.fromkeys(_entry_points(ctx)))
    for name in cache[ctx.path]:
        for declarator in ctx.project.functions(name):
            if declarator.tree.file is ctx.file and declarator.enclosing("function_definition") is not None:
                yield Finding(
                    ID,
                    declarator.start,
                    f"no build script with create_extension was found: nothing registers {name}",
                    "in a file with #include <torch/extension.h>: "
                    f'PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {{ m.def("{name}", &{name}); }}',
                )


def _made(ctx, extension) -> tuple[bytes, list[str]] | None:
    """The bindings of an extension, made while its headers still name TH types; None where they never did, or where the file is there."""
    cache = ctx.project.__dict__.setdefault("_ffi_bindings", {})
    if extension.bindings not in cache:
        old = any(ctx.project.files[h].words & {t.encode() for t in _th.TENSOR_TYPES} for h in extension.headers)
        cache[extension.bindings] = render(ctx.project, extension) if old and not extension.bindings.exists() else None
    return cache[extension.bindings]


def _entry_points(ctx):
    if any(word in file.words for file in ctx.project.files.values() for word in (b"PYBIND11_MODULE", b"TORCH_LIBRARY")):
        return
    for leaf in ctx.names(_th.TENSOR_TYPES):
        definition = leaf.enclosing("function_definition")
        if definition is None or leaf.enclosing("compound_statement") is not None:
            continue
        declarator = _th.function_declarator(definition)
        if declarator is not None and _th.has_th_parameter(declarator) and is_entry_point(ctx, definition, declarator):
            yield _th.name_of(declarator)


def render(project, extension) -> tuple[bytes, list[str]]:
    """The source that registers an extension's functions, and what could not be registered."""
    left: dict[str, str] = {}
    registered: list[str] = []
    plain: list[str] = []
    cuda: list[str] = []
    includes: list[tuple[str, bool]] = []
    for header in extension.headers:
        names: list[tuple[str, bool]] = []
        for declarator in [n for n in project.tree(header).root.walk() if n.kind == "function_declarator"]:
            if declarator.enclosing("compound_statement", "parameter_declaration") is not None or project.tree(header).in_disabled(
                declarator.start
            ):
                continue
            given = _th.parameters(declarator)
            name = _th.name_of(declarator)
            raw = [n for n, _, type in given if type is not None and type.pointers and not _th.is_th_tensor(type) and type.base != "char"]
            if raw:
                left[name] = (
                    f"{name} takes a raw pointer ({raw[0].text}), which Python cannot pass to a pybind11 function; it is not registered"
                )
                continue
            if name and name not in [n for n, _ in names]:
                names.append((name, _is_cuda(given)))
        guarded = extension.guarded and bool(names) and all(on_gpu for _, on_gpu in names)
        includes.append((os.path.relpath(header, extension.bindings.parent).replace(os.sep, "/"), guarded))
        for name, _ in names:
            registered.append(name)
            line = f'  m.def("{name}", &{name}, py::call_guard<torch::NoGradGuard>());'
            (cuda if guarded else plain).append(line)
    lines = [f"// Registers what torch.utils.ffi exported of {', '.join(name for name, _ in includes)}. Written by cuport."]
    lines += ["#include <torch/extension.h>", ""]
    lines += [f'#include "{name}"' for name, guarded in includes if not guarded]
    if cuda:
        lines += ["#ifdef WITH_CUDA", *[f'#include "{name}"' for name, guarded in includes if guarded], "#endif"]
    lines += ["", "PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {", *plain]
    if cuda:
        lines += ["#ifdef WITH_CUDA", *cuda, "#endif"]
    lines.append("}")
    spoken = {word for path, file in project.scripts.items() if path.suffix == ".py" for word in file.words}
    if any(name.encode() in spoken for name in registered):  # the Python that calls the extension is there: what it never names is C's own
        left = {name: message for name, message in left.items() if name.encode() in spoken}
    return ("\n".join(lines) + "\n").encode(), list(left.values())


def _is_cuda(given) -> bool:
    return any(
        _th.is_th_tensor(type) and type.base not in _th.GENERIC_TYPES and _th.split(type.base.removeprefix("struct "))[0].cuda
        for _, _, type in given
    )


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=_th.TENSOR_TYPES | {"Tensor"}, removed_in="1.0", remembers=True)
