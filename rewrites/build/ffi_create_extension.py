"""Build with setuptools what ``torch.utils.ffi`` built.

``create_extension`` went with torch 1.0. The extension becomes a ``CUDAExtension`` (or ``CppExtension``) under the same import path:
``python build.py`` builds it in place, as before, and ``python build.py install`` and the like work as in any setup.py. The C sources
are C++ now and are renamed, a generated source registers their functions, and the kernels that a script compiled with nvcc become sources.

Before:
    from torch.utils.ffi import create_extension
    ffi = create_extension('_ext.scale', headers=['src/scale.h'], sources=['src/scale.cpp'], relative_to=__file__)
    if __name__ == '__main__':
        ffi.build()
After:
    import os
    import sys
    from setuptools import setup
    from torch.utils.cpp_extension import BuildExtension, CppExtension
    ffi = CppExtension('_ext.scale', sources=['src/scale.cpp'])
    if __name__ == '__main__':
        os.chdir(os.path.dirname(os.path.abspath(__file__)))
        setup(
            name='scale',
            packages=['_ext'],
            ext_modules=[ffi],
            cmdclass={'build_ext': BuildExtension},
            script_args=sys.argv[1:] or ['build_ext', '--inplace'],
        )
"""

from __future__ import annotations

import fnmatch
import os
import re
from pathlib import Path

from migrator.python import argument_node, cst, dotted, inner_span, quote_like, remove_items, string_value
from migrator.rewrite import Change, Edit, Finding, NewFile, Rename, Rewrite
from rewrites.build._deleted_package import packages
from rewrites.build._flags import _Flow, remove_statement
from rewrites.build._linked import linked_kernels
from rewrites.build._nvcc import compilations
from rewrites.build.nvcc_object import taken
from rewrites.ffi._extension import extensions
from rewrites.ffi.c_source import source_becomes_cpp

ID = "ffi-create-extension"
_OLD = "torch.utils.ffi.create_extension"
_DROPPED = ("headers", "relative_to", "with_cuda", "verbose", "package")
_OBJECT = re.compile(r"(?:\.cu)?\.(?:o|so|obj)$")
_TOOLKIT_ARCHIVES = re.compile(r"/[\w./-]*cuda[\w./-]*/lib(?:64)?/\*\.a")
_TOOLKIT_LIBRARY = re.compile(rb"\b(?:cublas|cusparse|cufft|curand|cusolver|cudnn|npp|nvml)\w*")


class _Stuck(Exception):
    """What could not be ported; says where and why."""

    def __init__(self, node, message: str, advice: str = ""):
        super().__init__(message)
        self.node, self.message, self.advice = node, message, advice


def fix(ctx):
    if not ctx.has("ffi"):
        return
    module = ctx.module
    if module is None:
        return
    if ctx.has("_wrap_function"):
        yield from _generated_module(ctx, module)
    imports = [n for n in module.find(cst.ImportFrom, cst.Import) if _brings_ffi(n)]
    calls = [c for c in module.find(cst.Call) if module.qualified(c.func) == _OLD]
    if not calls:
        for node in imports:
            if isinstance(node, cst.ImportFrom) and not isinstance(node.names, cst.ImportStar):
                if "create_extension" not in [dotted(a.name) for a in node.names]:
                    continue
                yield Finding(ID, module.start(node), "torch.utils.ffi went with torch 1.0", "use torch.utils.cpp_extension.CUDAExtension")
        return
    try:
        results = _port(ctx, module, imports, calls)
    except _Stuck as stuck:
        yield Finding(ID, module.start(stuck.node), stuck.message, stuck.advice or "write CUDAExtension(...) and setup(...) by hand")
        yield from _new_names(ctx, module, calls)
        return
    yield from results


def _new_names(ctx, module, calls):
    """In a list of sources that cannot be ported: the new names of the sources that ``ffi-c-source`` renames."""
    for call in calls:
        sources = argument_node(call, "sources", 2)
        for literal in _literals(ctx, module, sources.value) if sources is not None else ():
            value = string_value(literal) or ""
            path = _file(ctx, value)
            if path is not None and source_becomes_cpp(ctx.project, path) and not path.with_suffix(".cpp").exists():
                yield Change(ID, (module.replace(literal, quote_like(literal, value + "pp")),))


def _brings_ffi(node) -> bool:
    """``from torch.utils.ffi import ...``, ``import torch.utils.ffi``, ``from torch.utils import ffi``."""
    if isinstance(node, cst.Import):
        return any(dotted(a.name) == "torch.utils.ffi" for a in node.names)
    if node.relative or node.module is None:
        return False
    source = dotted(node.module)
    from_utils = source == "torch.utils" and not isinstance(node.names, cst.ImportStar) and "ffi" in [dotted(a.name) for a in node.names]
    return source == "torch.utils.ffi" or from_utils


def _port(ctx, module, imports, calls):
    for node in imports:
        alone = not isinstance(node.names, cst.ImportStar) and len(node.names) == 1
        if not alone or not isinstance(module.parent(module.parent(node)), cst.Module):
            raise _Stuck(node, "torch.utils.ffi is imported in a way that is not understood")
        if isinstance(node, cst.ImportFrom) and node.names[0].asname is not None:
            raise _Stuck(node, "create_extension is imported in a way that is not understood")
    if not imports:
        raise _Stuck(calls[0], "create_extension is imported in a way that is not understood")
    edits: list[Edit] = []
    results = []
    classes: set[str] = set()
    notes: list[str] = []
    left: list[Finding] = []
    builds = 0
    for call in calls:
        assign = module.parent(call)
        if not isinstance(assign, cst.Assign) or len(assign.targets) != 1 or not isinstance(assign.targets[0].target, cst.Name):
            raise _Stuck(call, "the result of create_extension is not kept in a variable")
        variable = assign.targets[0].target.value
        name = string_value(getattr(argument_node(call, "name", 0), "value", None))
        if name is None:
            raise _Stuck(call, "the name of the extension is computed")
        edits += _call(ctx, module, call, name, classes, results, notes, left)
        for use in module.find(cst.Call):
            if dotted(use.func) == f"{variable}.build":
                edits.append(_setup(ctx, module, use, variable, name))
                builds += 1
            elif dotted(use.func) == f"{variable}.distutils_extension":
                above = module.parent(use)
                itself = isinstance(above, cst.Assign) and len(above.targets) == 1 and _named(above.targets[0].target, variable)
                edits.append(remove_statement(module, above) if itself else module.replace(use, variable))
                edits += _build_class(module, classes, left)
    left += _scripts_run(module, notes)
    needed = []
    if any(isinstance(n, cst.Import) and n.names[0].asname is None for n in imports) and not _imports_torch(module, imports):
        needed.append("import torch")
    if builds:
        wanted = ("os",) if _reads_arguments(module) else ("os", "sys")
        needed += [f"import {n}" for n in wanted if n not in module.imports]
        needed += ["from setuptools import setup"] if "setup" not in module.imports else []
        classes.add("BuildExtension")
    needed.append(f"from torch.utils.cpp_extension import {', '.join(sorted(classes, key=str.lower))}")
    edits.append(module.replace(imports[0], ctx.file.newline.decode().join(needed)))
    edits += [remove_statement(module, node) for node in imports[1:]]
    note = f"python {ctx.path.name} builds it in place" if builds else ""
    if builds and not _reads_arguments(module):
        note += f", python {ctx.path.name} install installs it"
    if notes:
        note += ("; " if note else "") + "; ".join(notes)
    return [Change(ID, tuple(dict.fromkeys(edits)), note=note, left=tuple(left)), *results]


def _imports_torch(module, imports) -> bool:
    """Whether ``torch`` is still a name here once ``import torch.utils.ffi`` is gone, or is not needed as one."""
    others = [n for n in module.find(cst.Import) if not any(n is i for i in imports)]
    names = [dotted(a.asname.name) if a.asname is not None else (dotted(a.name) or "").split(".")[0] for n in others for a in n.names]
    if "torch" in names:
        return True
    used = [n for n in module.find(cst.Attribute) if isinstance(n.value, cst.Name) and n.value.value == "torch"]
    return all(any(isinstance(a, (cst.Import, cst.ImportFrom)) for a in module.ancestors(n)) or _is_ffi(module, n) for n in used)


def _is_ffi(module, node) -> bool:
    above = [node, *module.ancestors(node)]
    return any(isinstance(a, cst.Attribute) and module.qualified(a) == _OLD for a in above)


def _build_class(module, classes, left) -> list[Edit]:
    """``cmdclass`` for the setup() call that is given an extension of ``distutils_extension()``."""
    calls = [c for c in module.find(cst.Call) if isinstance(c.func, cst.Name) and c.func.value == "setup"]
    if len(calls) != 1 or not calls[0].args or argument_node(calls[0], "cmdclass") is not None:
        start = module.start(calls[0]) if calls else 0
        left.append(Finding(ID, start, "setup() has to build with torch's BuildExtension", "cmdclass={'build_ext': BuildExtension}"))
        return []
    classes.add("BuildExtension")
    last = calls[0].args[-1]
    start, end = module.span(last)
    line = module.data[module.data.rfind(b"\n", 0, start) + 1 : start].decode()
    between = f",{module.file.newline.decode()}{line}" if not line.strip() else ", "
    return [module.insert(module.outer_span(last.value)[1], f"{between}cmdclass={{'build_ext': BuildExtension}}")]


def _scripts_run(module, notes) -> list[Finding]:
    """Scripts that the build script runs to compile the kernels."""
    found = []
    for call in module.find(cst.Call):
        if (module.qualified(call.func) or "").split(".")[0] not in ("subprocess", "os") or not call.args:
            continue
        words = [string_value(n) or "" for n in module.find(cst.SimpleString, under=call.args[0])]
        if any(w.endswith(".sh") or w.split()[:1] in (["make"], ["nvcc"]) for w in words):
            found.append(
                Finding(
                    ID,
                    module.start(call),
                    f"{' '.join(words)} is run before the extension is built",
                    "remove the call if all it did was to compile kernels: they are sources of the extension now",
                )
            )
    return found


def _call(ctx, module, call, name, classes, results, notes, left) -> list[Edit]:
    edits: list[Edit] = []
    with_cuda = argument_node(call, "with_cuda", 4)
    value = module.code(with_cuda.value) if with_cuda is not None else "False"
    if value == "True":
        chosen = "CUDAExtension"
        classes.add(chosen)
    elif value == "False":
        chosen = "CppExtension"
        classes.add(chosen)
    else:
        chosen = f"(CUDAExtension if {value} else CppExtension)"
        classes |= {"CUDAExtension", "CppExtension"}
    edits.append(module.replace(call.func, chosen))

    positions = {"headers": 1, "sources": 2, "verbose": 3, "with_cuda": 4, "package": 5, "relative_to": 6}
    gone = {id(a) for n in _DROPPED if (a := argument_node(call, n, positions.get(n))) is not None}
    sources = argument_node(call, "sources", 2)
    headers = argument_node(call, "headers", 1)
    objects = argument_node(call, "extra_objects")
    flags = argument_node(call, "extra_compile_args")
    if sources is None:
        raise _Stuck(call, "create_extension without sources")

    known = next((e for e in extensions(ctx.project) if e.script == ctx.path and e.line == ctx.file.line_of(module.start(call))), None)
    literals = _literals(ctx, module, sources.value)
    renamed = len(results)
    for literal in literals:
        edits += _source(ctx, module, literal, known, results)
    found = {r.path for r in results[renamed:] if isinstance(r, Rename)}
    listed = {Path(os.path.normpath(ctx.path.parent / (string_value(n) or ""))) for n in literals}
    for path in known.sources if known is not None else ():
        if path.suffix == ".c" and path not in found and path.with_suffix(".cpp") not in listed:
            raise _Stuck(call, f"the list of sources is computed; {path.name} becomes {path.stem}.cpp")
    tail, more = _bindings(ctx, module, call, name, sources, literals, known, left)
    edits += more
    defines: list[str] = []
    built = [n for n in _literals(ctx, module, objects.value) if _OBJECT.search(string_value(n) or "")] if objects is not None else []
    if objects is not None and _is_empty(module, objects.value):
        gone.add(id(objects))
    elif built:
        stems = {os.path.splitext(string_value(n) or "")[0] for n in literals}
        added, more = _objects(ctx, module, objects, built, value, defines, notes, stems, results)
        tail += added
        edits += more
        gone.add(id(objects))
    elif objects is not None and chosen != "CppExtension":
        added = _objects_from_elsewhere(ctx, module, objects, value, known, notes, left)
        if added:
            tail += added
            gone.add(id(objects))
            if isinstance(objects.value, cst.Name):
                edits += _dead_variable(module, objects.value.value, [objects])
    if flags is not None and chosen != "CppExtension":
        start, end = module.outer_span(flags.value)
        if not isinstance(flags.value, cst.Dict):
            edits += [Edit(start, start, b"{'cxx': "), Edit(end, end, f", 'nvcc': {defines!r}}}".encode())]
    elif defines:
        start, end = module.span(sources)
        data = module.data
        indent = data[data.rfind(b"\n", 0, start) + 1 : start].decode()
        between = f",{module.file.newline.decode()}{indent}" if indent and not indent.strip() else ", "
        tail += f"{between}extra_compile_args={{'cxx': [], 'nvcc': {defines!r}}}"
    if tail:
        end = module.outer_span(sources.value)[1]
        edits.append(Edit(end, end, tail.encode()))
    edits += remove_items(module, list(call.args), [i for i, a in enumerate(call.args) if id(a) in gone], inner_span(module, call))
    if headers is not None and isinstance(headers.value, cst.Name):
        edits += _dead_variable(module, headers.value.value, [headers])

    if "." in name:
        packages(ctx.project).add(ctx.path.parent / name.split(".")[0])
    package = ctx.path.parent.joinpath(*name.split("."), "__init__.py")
    if package in ctx.project.scripts or package.exists():
        node = argument_node(call, "name", 0).value
        if not isinstance(node, cst.SimpleString):
            raise _Stuck(node, "the name of the extension is computed")
        edits.append(module.replace(node, quote_like(node, f"{name}._{name.split('.')[-1]}")))
    elif "." in name:
        parent = ctx.path.parent.joinpath(*name.split(".")[:-1], "__init__.py")
        results.append(NewFile(ID, parent, b"import torch  # noqa: F401  loads the libraries that the extension needs\n"))
    return edits


class _PathFlow(_Flow):
    """Follows paths: the arguments of ``os.path.join`` count, and the text that ``format`` fills."""

    def call(self, path, module, node) -> None:
        if isinstance(node.func, cst.Attribute) and (module.qualified(node.func) or "") in ("os.path.join", "os.path.abspath", "glob.glob"):
            for arg in node.args:
                self.follow(path, module, arg.value)
        else:
            super().call(path, module, node)


def _literals(ctx, module, node) -> list[cst.SimpleString]:
    found: dict[Path, list] = {}
    _PathFlow(ctx.project, found).follow(ctx.path, module, node)
    return sorted((n for n in found.get(ctx.path, []) if isinstance(n, cst.SimpleString)), key=module.start)


def _file(ctx, text: str) -> Path | None:
    """The project's file that a path in a build script means."""
    beside = Path(os.path.normpath(ctx.path.parent / text))
    return beside if beside in ctx.project.files else None


def _source(ctx, module, literal, known, results) -> list[Edit]:
    value = string_value(literal) or ""
    if not value.endswith(".c"):
        return []
    path = _file(ctx, value)
    if path is None and not any(c in value for c in "*{%"):
        return []
    meant = [path] if path is not None else [p for p in (known.sources if known is not None else ()) if p.suffix == ".c"]
    for source in meant:
        if source.with_suffix(".cpp").exists():
            shown = os.path.relpath(source, ctx.path.parent)
            raise _Stuck(literal, f"{shown} has to become a .cpp file, and there is one of that name", "rename one of them")
        results.append(Rename(ID, source, source.with_suffix(".cpp")))
    return [module.replace(literal, quote_like(literal, value + "pp"))] if meant else []


def _bindings(ctx, module, call, name, sources, literals, known, left) -> tuple[str, list[Edit]]:
    """The generated source among the others: what to add behind the sources, and the edits."""
    if known is None:
        left.append(
            Finding(
                ID,
                module.start(call),
                f"no header of {name} was found: nothing registers its functions",
                'add a source with PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) { m.def("f", &f); }',
            )
        )
        return "", []
    text = os.path.relpath(known.bindings, ctx.path.parent).replace(os.sep, "/")
    for literal in literals:
        value = string_value(literal) or ""
        pattern = value + "pp" if value.endswith(".c") else value  # as it will be
        if value == text or ("*" in value and fnmatch.fnmatch(text, os.path.normpath(pattern))):
            return "", []
    chosen = sources.value if isinstance(sources.value, cst.List) else None
    if isinstance(sources.value, cst.Name):
        for assign in module.find(cst.Assign):
            target = assign.targets[0].target
            if isinstance(target, cst.Name) and target.value == sources.value.value and isinstance(assign.value, cst.List):
                chosen = chosen or assign.value
    if chosen is None:
        if not isinstance(sources.value, (cst.Name, cst.BinaryOperation, cst.ListComp, cst.Call)):
            raise _Stuck(call, f"the list of sources is computed; {text} has to be one of them")
        return f" + [{text!r}]", []
    if not chosen.elements:
        return "", [Edit(*inner_span(module, chosen), repr(text).encode())]
    last = chosen.elements[-1]
    quoted = quote_like(last.value, text) if isinstance(last.value, cst.SimpleString) else repr(text)
    return "", [module.insert(module.outer_span(last.value)[1], f", {quoted}")]


def _is_empty(module, node) -> bool:
    """Whether a list is written out as empty, wherever it is made."""
    if isinstance(node, cst.Name):
        made = [a.value for a in module.find(cst.Assign) if any(_named(t.target, node.value) for t in a.targets)]
        added = [n for n in module.find(cst.AugAssign) if _named(n.target, node.value)]
        calls = [c for c in module.find(cst.Call) if isinstance(c.func, cst.Attribute) and _named(c.func.value, node.value)]
        return bool(made) and not added and not calls and all(isinstance(v, cst.List) and not v.elements for v in made)
    return isinstance(node, cst.List) and not node.elements


def _named(node, name: str) -> bool:
    return isinstance(node, cst.Name) and node.value == name


def _folder(module, literal) -> str:
    """``src`` for the second text of ``os.path.join(here, "src", "rows.o")``."""
    arg = module.parent(literal)
    call = module.parent(arg) if isinstance(arg, cst.Arg) else None
    if not isinstance(call, cst.Call) or module.qualified(call.func) != "os.path.join":
        return ""
    before = [string_value(a.value) for a in call.args[: next(i for i, a in enumerate(call.args) if a is arg)]]
    return "/".join(text for text in before if text)


def _objects(ctx, module, objects, built, with_cuda, defines, notes, stems, results):
    """The .cu sources of objects that a script built: what to add to the sources, the edits, and the macros that nvcc was given."""
    edits: list[Edit] = []
    dropped: list[Edit] = []
    for literal in _literals(ctx, module, objects.value):
        if literal in built or not (string_value(literal) or "").endswith((".a", ".lib", ".dylib")):
            continue
        edit = _toolkit_archives(ctx, module, literal)
        if edit is None:
            raise _Stuck(objects, "objects of nvcc and libraries in one list", "list the .cu files among the sources, and keep the libraries")
        dropped.append(edit)
        notes.append(f"{string_value(literal)} is not linked any more: CUDAExtension links the CUDA runtime, and the sources call no other library")
    for literal in built:
        value = string_value(literal) or ""
        folder = _folder(module, literal)
        value = os.path.join(folder, value)
        source = _kernel(ctx, value, defines, notes)
        if source is None:
            raise _Stuck(
                literal, f"no .cu file of the project is known to make {value}", "list the .cu file among the sources of CUDAExtension"
            )
        stem = os.path.splitext(source)[0]
        if stem in stems:  # op.cpp and op.cu would make the same op.o
            path, renamed = _file(ctx, source), _file(ctx, f"{stem}_kernel.cu")
            if path is None or renamed is not None:
                raise _Stuck(literal, f"{source} and a source of the same name make the same object", f"rename {source}")
            results.append(Rename(ID, path, path.with_name(f"{path.stem}_kernel.cu")))
            source = f"{stem}_kernel.cu"
        taken(ctx.project)[Path(os.path.normpath(ctx.path.parent / value))] = (ctx.path, source)
        edits.append(module.replace(literal, quote_like(literal, os.path.relpath(source, folder or "."))))
        notes.append(f"{source} is compiled with the extension: the nvcc line that made {value} is not needed any more")
    if not isinstance(objects.value, cst.Name):
        edits += dropped
        start, end = module.outer_span(objects.value)
        inside = [e for e in edits if start <= e.start and e.end <= end]
        return _inline(module, objects, inside), [e for e in edits if e not in inside]
    variable = objects.value.value
    free = not any(n.value == "cuda_sources" for n in module.find(cst.Name))
    renamed = "cuda_sources" if variable == "extra_objects" and free else variable
    for node in module.find(cst.Name):
        above = module.parent(node)
        if (
            node.value == variable
            and not (isinstance(above, cst.Arg) and above.keyword is node)
            and not (isinstance(above, cst.Attribute) and above.attr is node)
        ):
            gone = any(e.start <= module.start(node) < e.end for e in dropped)
            if above is not objects and renamed != variable and not gone:
                edits.append(module.replace(node, renamed))
    always = any(
        isinstance(a.targets[0].target, cst.Name)
        and a.targets[0].target.value == variable
        and isinstance(a.value, cst.List)
        and a.value.elements
        and isinstance(module.parent(module.parent(a)), cst.Module)
        for a in module.find(cst.Assign)
    )
    if with_cuda == "False":
        raise _Stuck(objects, "objects of nvcc in an extension without CUDA")
    return (f" + ({renamed} if {with_cuda} else [])" if always and with_cuda != "True" else f" + {renamed}"), edits + dropped


def _objects_from_elsewhere(ctx, module, objects, with_cuda, known, notes, left) -> str:
    """Sources for objects that a make file compiles and hands over: the kernels whose functions the other sources call."""
    folder = ctx.path.parent
    kernels = [p for p in sorted(ctx.project.files) if p.suffix == ".cu" and p.is_relative_to(folder)]
    if not kernels:
        return ""
    sources = known.sources if known is not None else ()
    linked = linked_kernels(ctx.project, sources, folder)
    given = [string_value(n) or "" for n in _literals(ctx, module, objects.value)]
    stems = {p.with_suffix("") for p in sources}
    if linked and all(_TOOLKIT_ARCHIVES.fullmatch(g) for g in given) and not any(p.with_suffix("") in stems for p in linked):
        names = [os.path.relpath(p, folder).replace(os.sep, "/") for p in linked]
        notes.append(f"{', '.join(names)} are compiled with the extension: objects from elsewhere are not linked any more")
        return f" + {names!r}" if with_cuda == "True" else f" + ({names!r} if {with_cuda} else [])"
    shown = ", ".join(os.path.relpath(p, folder) for p in kernels[:6])
    left.append(
        Finding(
            ID,
            module.start(objects),
            "extra_objects is kept; where it holds kernels that a make file compiles, nothing says that they fit this torch",
            f"list the .cu files among the sources in place of their objects: {shown}",
        )
    )
    return ""


def _toolkit_archives(ctx, module, literal) -> Edit | None:
    """Take ``+ glob.glob("/usr/local/cuda/lib64/*.a")`` away: every static library of the toolkit, of which the runtime alone is used.

    None where the archives are others, or a source calls a library of the toolkit.
    """
    if not _TOOLKIT_ARCHIVES.fullmatch(string_value(literal) or ""):
        return None
    folder = ctx.path.parent
    if any(_TOOLKIT_LIBRARY.search(f.data) for p, f in ctx.project.files.items() if p.is_relative_to(folder)):
        return None
    call = module.parent(module.parent(literal))
    if not isinstance(call, cst.Call) or module.qualified(call.func) != "glob.glob":
        return None
    above = module.parent(call)
    if isinstance(above, cst.AugAssign) and isinstance(above.operator, cst.AddAssign):
        return remove_statement(module, above)
    if isinstance(above, cst.BinaryOperation) and isinstance(above.operator, cst.Add) and above.right is call:
        return Edit(module.outer_span(above.left)[1], module.outer_span(call)[1], b"")
    return None


def _inline(module, objects, edits) -> str:
    start, _ = module.outer_span(objects.value)
    text = module.file.data[slice(*module.outer_span(objects.value))]
    for edit in sorted(edits, reverse=True):
        text = text[: edit.start - start] + edit.text + text[edit.end - start :]
    return f" + {text.decode('utf-8', 'surrogateescape')}"


def _kernel(ctx, value: str, defines: list[str], notes: list[str]) -> str | None:
    """The .cu file that an object is made of: named in an nvcc line, of the same name beside it, or the only one there."""
    path = Path(os.path.normpath(ctx.path.parent / value))
    lines = [c for c in compilations(ctx.project) if c.object == path]
    found = next((p for c in lines for p in (c.source, path.with_name(c.source.name)) if p in ctx.project.files), None)
    if found is None:  # its folder could not be followed
        lines = [c for c in compilations(ctx.project) if c.object.name == path.name and path.with_name(c.source.name) in ctx.project.files]
        found = path.with_name(lines[0].source.name) if lines else None
    if found is None:
        name = _OBJECT.sub("", path.name) + ".cu"
        kernels = [p for p in ctx.project.files if p.suffix == ".cu"]
        same = [p for p in kernels if p == path.with_name(name)] or [p for p in kernels if p.name == name]
        made = {c.source for c in compilations(ctx.project)}
        alone = [p for p in kernels if p.parent == path.parent] if path.suffix == ".o" else []
        found = same[0] if len(same) == 1 else alone[0] if len(alone) == 1 and alone[0] not in made and not same else None
        if found is not None and found != path.with_name(name):
            notes.append(f"{found.name} is taken for the source of {path.name}: no other .cu file can be")
    for flag in lines[0].flags if lines else ():
        if flag not in defines:
            defines.append(flag)
    return os.path.relpath(found, ctx.path.parent).replace(os.sep, "/") if found is not None else None


def _dead_variable(module, name: str, uses: list) -> list[Edit]:
    """Take the statements that only make a variable which nothing reads any more."""
    statements = []
    inside: set[int] = set()
    for node in module.find(cst.Assign, cst.AugAssign):
        target = node.target if isinstance(node, cst.AugAssign) else node.targets[0].target if len(node.targets) == 1 else None
        if isinstance(target, cst.Name) and target.value == name:
            statements.append(node)
            inside |= {id(n) for n in module.find(cst.Name, under=node)}
    for use in uses:
        inside |= {id(n) for n in module.find(cst.Name, under=use)}
    if any(n.value == name and id(n) not in inside for n in module.find(cst.Name)):
        return []
    blocks = [module.parent(module.parent(s)) for s in statements]
    if any(len(getattr(b, "body", ())) <= blocks.count(b) for b in blocks):
        return []
    return [remove_statement(module, s) for s in statements]


def _setup(ctx, module, build, variable: str, name: str) -> Edit:
    statement = module.parent(build)
    line = module.parent(statement)
    if not isinstance(statement, cst.Expr) or not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1:
        raise _Stuck(build, f"{variable}.build() is not a statement of its own")
    data = module.data
    start, _ = module.span(build)
    indent = data[data.rfind(b"\n", 0, start) + 1 : start].decode()
    if indent.strip():
        raise _Stuck(build, f"{variable}.build() is not a statement of its own")
    newline = module.file.newline.decode()
    step = "\t" if "\t" in indent else "    "
    lines = [
        "os.chdir(os.path.dirname(os.path.abspath(__file__)))",
        "setup(",
        f"{step}name={name.split('.')[-1]!r},",
        f"{step}packages={_packages(ctx, name)!r},",
        f"{step}ext_modules=[{variable}],",
        f"{step}cmdclass={{'build_ext': BuildExtension}},",
        f"{step}script_args={'' if _reads_arguments(module) else 'sys.argv[1:] or '}['build_ext', '--inplace'],",
        ")",
    ]
    if isinstance(module.parent(line), cst.Module):
        lines = ["if __name__ == '__main__':", *(step + text for text in lines)]
    return module.replace(build, (newline + indent).join(lines))


def _reads_arguments(module) -> bool:
    """Whether a script has command line arguments of its own, which setup() would not know."""
    readers = ("argparse.ArgumentParser", "optparse.OptionParser", "getopt.getopt", "sys.argv")
    return any(True for _ in module.names.references(readers))


def _packages(ctx, name: str) -> list[str]:
    """The packages that an extension lies in, from the folder of the build script on."""
    if (inside := ctx.path.parent.joinpath(*name.split("."), "__init__.py")) in ctx.project.scripts or inside.exists():
        name += "."
    parts = name.split(".")[:-1]
    return [".".join(parts[: i + 1]) for i in range(len(parts))]


def _generated_module(ctx, module):
    """``_ext/<name>/__init__.py`` as ``torch.utils.ffi`` wrote it."""
    statements = [s for line in module.root.body if isinstance(line, cst.SimpleStatementLine) for s in line.body]
    old = [s for s in statements if isinstance(s, cst.ImportFrom) and not s.relative and dotted(s.module) == "torch.utils.ffi"]
    local = [s for s in statements if isinstance(s, cst.ImportFrom) and len(s.relative) == 1 and s.module is not None]
    body = [s for s in module.root.body]
    if len(old) != 1 or len(local) != 1 or not any(isinstance(s, cst.FunctionDef) and s.name.value == "_import_symbols" for s in body):
        yield Finding(
            ID,
            module.start(old[0]) if old else 0,
            "a module that torch.utils.ffi generated",
            "import the functions from the built extension",
        )
        return
    start, end = module.span(old[0])[0], module.span(body[-1])[1]
    newline = ctx.file.newline.decode()
    text = f"import torch  # noqa: F401  loads the libraries that the extension needs{newline}"
    text += f"from .{dotted(local[0].module)} import *  # noqa: F401, F403"
    yield Change(ID, (Edit(start, end, text.encode()),))


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset({"create_extension", "_wrap_function"}), language="python", removed_in="1.0"
)
