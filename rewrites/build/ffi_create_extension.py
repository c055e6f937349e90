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
            packages=[],
            ext_modules=[ffi],
            cmdclass={'build_ext': BuildExtension},
            script_args=sys.argv[1:] or ['build_ext', '--inplace'],
        )
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from migrator.python import argument_node, cst, dotted, inner_span, quote_like, remove_items, string_value
from migrator.rewrite import Change, Edit, Finding, NewFile, Rename, Rewrite
from rewrites.build._flags import _Flow, remove_statement
from rewrites.ffi._extension import extensions

ID = "ffi-create-extension"
_OLD = "torch.utils.ffi.create_extension"
_DROPPED = ("headers", "relative_to", "with_cuda", "verbose", "package")
_OBJECT = re.compile(r"(?:\.cu)?\.(?:o|so|obj)$")


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
    imports = [n for n in module.find(cst.ImportFrom) if not n.relative and dotted(n.module) == "torch.utils.ffi"]
    calls = [c for c in module.find(cst.Call) if module.qualified(c.func) == _OLD]
    if ctx.has("cffi_modules"):
        for arg in module.find(cst.Arg):
            if arg.keyword is not None and arg.keyword.value == "cffi_modules":
                yield Finding(
                    ID,
                    module.start(arg),
                    "cffi_modules ran a build.py of torch.utils.ffi",
                    "build.py holds an extension of setuptools now: list it in ext_modules under its full import path, with "
                    'cmdclass={"build_ext": BuildExtension}, or run python build.py before the install',
                )
    if not calls:
        for node in imports:
            names = [] if isinstance(node.names, cst.ImportStar) else [dotted(a.name) for a in node.names]
            if "create_extension" in names:
                yield Finding(ID, module.start(node), "torch.utils.ffi went with torch 1.0", "use torch.utils.cpp_extension.CUDAExtension")
        return
    try:
        results = _port(ctx, module, imports, calls)
    except _Stuck as stuck:
        yield Finding(ID, module.start(stuck.node), stuck.message, stuck.advice or "write CUDAExtension(...) and setup(...) by hand")
        return
    yield from results


def _port(ctx, module, imports, calls):
    if (
        len(imports) != 1
        or isinstance(imports[0].names, cst.ImportStar)
        or [dotted(a.name) for a in imports[0].names] != ["create_extension"]
    ):
        raise _Stuck(calls[0], "create_extension is imported in a way that is not understood")
    if imports[0].names[0].asname is not None or not isinstance(module.parent(module.parent(imports[0])), cst.Module):
        raise _Stuck(imports[0], "create_extension is imported in a way that is not understood")
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
        for build in module.find(cst.Call):
            if dotted(build.func) == f"{variable}.build":
                edits.append(_setup(module, build, variable, name.split(".")[-1]))
                builds += 1
    if builds:
        needed = [f"import {n}" for n in ("os", "sys") if n not in module.imports]
        needed.append("from setuptools import setup" if "setup" not in module.imports else "")
    else:
        needed = []
    made = ["BuildExtension"] * bool(builds) + sorted(classes, key=str.lower)
    needed.append(f"from torch.utils.cpp_extension import {', '.join(made)}")
    newline = ctx.file.newline.decode()
    edits.append(module.replace(imports[0], newline.join(n for n in needed if n)))
    note = f"python {ctx.path.name} builds it in place, python {ctx.path.name} install installs it" if builds else ""
    if notes:
        note += ("; " if note else "") + "; ".join(notes)
    return [Change(ID, tuple(dict.fromkeys(edits)), note=note, left=tuple(left)), *results]


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

    literals = _literals(ctx, module, sources.value)
    for literal in literals:
        edits += _source(ctx, module, literal, results)
    edits += _bindings(ctx, module, call, name, sources, literals, left)
    tail = ""
    defines: list[str] = []
    if objects is not None:
        stems = {os.path.splitext(string_value(n) or "")[0] for n in literals}
        tail, more = _objects(ctx, module, objects, value, defines, notes, stems, results)
        edits += more
        gone.add(id(objects))
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


def _literals(ctx, module, node) -> list[cst.SimpleString]:
    found: dict[Path, list] = {}
    _Flow(ctx.project, found).follow(ctx.path, module, node)
    return sorted((n for n in found.get(ctx.path, []) if isinstance(n, cst.SimpleString)), key=module.start)


def _file(ctx, text: str) -> Path | None:
    """The project's file that a path in a build script means."""
    beside = Path(os.path.normpath(ctx.path.parent / text))
    return beside if beside in ctx.project.files else None


def _source(ctx, module, literal, results) -> list[Edit]:
    value = string_value(literal) or ""
    if not value.endswith(".c"):
        return []
    path = _file(ctx, value)
    if path is None:
        return []
    if path.with_suffix(".cpp").exists():
        raise _Stuck(literal, f"{value} has to become a .cpp file, and there is one of that name", "rename one of them")
    results.append(Rename(ID, path, path.with_suffix(".cpp")))
    return [module.replace(literal, quote_like(literal, value + "pp"))]


def _bindings(ctx, module, call, name, sources, literals, left) -> list[Edit]:
    known = next((e for e in extensions(ctx.project) if e.script == ctx.path and e.name == name), None)
    if known is None:
        left.append(
            Finding(
                ID,
                module.start(call),
                f"no header of {name} was found: nothing registers its functions",
                'add a source with PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) { m.def("f", &f); }',
            )
        )
        return []
    text = os.path.relpath(known.bindings, ctx.path.parent).replace(os.sep, "/")
    if any(string_value(n) == text for n in literals):
        return []
    lists = [sources.value] if isinstance(sources.value, cst.List) else []
    if isinstance(sources.value, cst.Name):
        for assign in module.find(cst.Assign):
            target = assign.targets[0].target
            if isinstance(target, cst.Name) and target.value == sources.value.value and isinstance(assign.value, cst.List):
                lists.append(assign.value)
    if not lists:
        raise _Stuck(call, f"the list of sources is computed; {text} has to be one of them")
    chosen = lists[0]
    if not chosen.elements:
        return [Edit(*inner_span(module, chosen), repr(text).encode())]
    last = chosen.elements[-1]
    quoted = quote_like(last.value, text) if isinstance(last.value, cst.SimpleString) else repr(text)
    return [module.insert(module.outer_span(last.value)[1], f", {quoted}")]


def _objects(ctx, module, objects, with_cuda, defines, notes, stems, results):
    """The .cu sources of objects that a script built: what to add to the sources, the edits, and the macros that nvcc was given."""
    edits = []
    for literal in _literals(ctx, module, objects.value):
        value = string_value(literal) or ""
        if not _OBJECT.search(value):
            continue
        source = _kernel(ctx, value, defines)
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
        edits.append(module.replace(literal, quote_like(literal, source)))
        notes.append(f"{source} is compiled with the extension: the nvcc line that made {value} is not needed any more")
    if not isinstance(objects.value, cst.Name):
        return f" + {module.code(objects.value)}" if not edits else _inline(module, objects, edits), []
    variable = objects.value.value
    renamed = (
        "cuda_sources" if variable == "extra_objects" and not any(n.value == "cuda_sources" for n in module.find(cst.Name)) else variable
    )
    for node in module.find(cst.Name):
        above = module.parent(node)
        if (
            node.value == variable
            and not (isinstance(above, cst.Arg) and above.keyword is node)
            and not (isinstance(above, cst.Attribute) and above.attr is node)
        ):
            if above is not objects and renamed != variable:
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
    return (f" + ({renamed} if {with_cuda} else [])" if always and with_cuda != "True" else f" + {renamed}"), edits


def _inline(module, objects, edits) -> str:
    start, _ = module.outer_span(objects.value)
    text = module.file.data[slice(*module.outer_span(objects.value))]
    for edit in sorted(edits, reverse=True):
        text = text[: edit.start - start] + edit.text + text[edit.end - start :]
    return f" + {text.decode('utf-8', 'surrogateescape')}"


def _kernel(ctx, value: str, defines: list[str]) -> str | None:
    """The .cu file that an object is made of: beside it, or named in the nvcc line of a script."""
    base = os.path.basename(value)
    folder = os.path.dirname(value)
    line = None
    for script in ctx.project.scripts.values():
        if script.path.suffix == ".py" or b"nvcc" not in script.data:
            continue
        joined = re.sub(rb"\\\r?\n", b" ", script.data)
        for match in re.finditer(rb"(?m)^[^#\n]*nvcc[^\n]*$", joined):
            words = match.group().decode("utf-8", "replace").split()
            if "-o" in words and words[-1] != "-o" and os.path.basename(words[words.index("-o") + 1]) == base:
                line = words
                break
    named = next((os.path.basename(w) for w in line or () if w.endswith(".cu")), None)
    for candidate in (named, _OBJECT.sub("", base) + ".cu"):
        if candidate is not None:
            text = f"{folder}/{candidate}" if folder else candidate
            if _file(ctx, text) is not None:
                for i, word in enumerate(line or ()):
                    macro = line[i + 1] if word == "-D" and i + 1 < len(line) else word[2:] if word.startswith("-D") else ""
                    if macro and f"-D{macro}" not in defines:
                        defines.append(f"-D{macro}")
                return text
    return None


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


def _setup(module, build, variable: str, name: str) -> Edit:
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
        f"{step}name={name!r},",
        f"{step}packages=[],",
        f"{step}ext_modules=[{variable}],",
        f"{step}cmdclass={{'build_ext': BuildExtension}},",
        f"{step}script_args=sys.argv[1:] or ['build_ext', '--inplace'],",
        ")",
    ]
    if isinstance(module.parent(line), cst.Module):
        lines = ["if __name__ == '__main__':", *(step + text for text in lines)]
    return module.replace(build, (newline + indent).join(lines))


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
    ID, __doc__, fix=fix, triggers=frozenset({"create_extension", "_wrap_function", "cffi_modules"}), language="python", removed_in="1.0"
)
