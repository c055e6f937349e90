"""Extensions as a setup.py writes them, and their way into a setup() call that is there."""

from __future__ import annotations

from typing import Any

from migrator.python import Module, argument_node, cst, dotted, inner_span, string_value
from migrator.rewrite import Edit
from rewrites.build._specification import Build, Specification

HAS_CUDA = "torch.version.cuda is not None and CUDA_HOME is not None"


def names_of(specs: list[Specification]) -> list[str]:
    """What these extensions need of ``torch.utils.cpp_extension``."""
    builds = [b for s in specs for b in (s.with_cuda, s.without) if b is not None]
    names = ["BuildExtension", *(["CUDA_HOME"] if any(is_choice(s) for s in specs) else [])]
    names += [n for n, wanted in (("CppExtension", False), ("CUDAExtension", True)) if any(b.cuda is wanted for b in builds)]
    return sorted(names, key=str.lower)


def is_choice(spec: Specification) -> bool:
    return spec.with_cuda is not None and spec.without is not None


def expression(spec: Specification, indent: str, condition: str) -> str:
    """The extension as Python source; its first line is not indented."""
    if spec.with_cuda is not None and spec.without is not None:
        first, second = _call(spec.with_cuda, spec.name, indent), _call(spec.without, spec.name, indent)
        return f"{first}\n{indent}if {condition}\n{indent}else {second}"
    return _call(spec.with_cuda or spec.without, spec.name, indent)


def _call(build: Build | None, name: str, indent: str) -> str:
    assert build is not None
    inner = indent + "    "
    lines = [f"{'CUDAExtension' if build.cuda else 'CppExtension'}(", f'{inner}"{name}",', f"{inner}{literal(build.sources, inner)},"]
    lines += [f"{inner}{key}={literal(value, inner)}," for key, value in build.arguments]
    return "\n".join([*lines, f"{indent})"])


def literal(value: Any, indent: str) -> str:
    """Python source for lists, tuples and dicts of strings: on one line where that is short."""
    line = _line(value)
    if len(line) + len(indent) < 100 or not isinstance(value, (list, dict)):
        return line
    inner = indent + "    "
    if isinstance(value, dict):
        return "\n".join(["{", *(f"{inner}{_line(k)}: {literal(v, inner)}," for k, v in value.items()), f"{indent}}}"])
    return "\n".join(["[", *(f"{inner}{_line(v)}," for v in value), f"{indent}]"])


def _line(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_line(k)}: {_line(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_line, value)) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_line, value)) + ("," if len(value) == 1 else "") + ")"
    text = repr(value)
    return text if not isinstance(value, str) or '"' in value or "\\" in value else f'"{value}"'


def into_setup(module: Module, specs: list[Specification], replaced: cst.Arg | None = None) -> list[Edit] | None:
    """Edits that give the file's one setup() call these extensions; None where it is written in a way that is not understood.

    ``replaced`` is an argument in whose place the new ones go.
    """
    calls = [c for c in module.find(cst.Call) if (dotted(c.func) or "").split(".")[-1] == "setup"]
    if len(calls) != 1 or not calls[0].args:
        return None
    call = calls[0]
    extensions, commands = argument_node(call, "ext_modules"), argument_node(call, "cmdclass")
    if extensions is not None and not isinstance(extensions.value, cst.List):
        return None
    if commands is not None and not _builds_with_torch(module, commands.value):
        return None
    start, _ = module.span(call.args[-1])
    line = module.data[module.data.rfind(b"\n", 0, start) + 1 : start].decode("utf-8", "surrogateescape")
    indent = line if not line.strip() else "    "
    inner = indent + "    "
    items = [f"{inner}{expression(s, inner, HAS_CUDA)}," for s in specs]
    arguments, edits = [], []
    if extensions is None:
        arguments.append("\n".join(["ext_modules=[", *items, f"{indent}]"]))
    elif not extensions.value.elements:
        edits.append(Edit(*inner_span(module, extensions.value), "\n".join(["", *items, indent]).encode()))
    else:
        end = module.outer_span(extensions.value.elements[-1].value)[1]
        edits.append(module.insert(end, ",\n" + "\n".join(items).rstrip(",")))
    if commands is None:
        arguments.append('cmdclass={"build_ext": BuildExtension}')
    between = f",\n{indent}" if not line.strip() else ", "
    last = module.outer_span(call.args[-1].value)[1]
    if replaced is not None:
        if not arguments:
            return None
        edits.append(Edit(module.start(replaced), module.outer_span(replaced.value)[1], between.join(arguments).encode()))
    elif arguments:
        edits.append(module.insert(last, "".join(between + a for a in arguments)))
    edits.append(_imports(module, specs))
    newline = module.file.newline
    return [Edit(e.start, e.end, e.text.replace(b"\n", newline)) for e in edits]


def _builds_with_torch(module: Module, value) -> bool:
    if not isinstance(value, cst.Dict):
        return False
    for element in value.elements:
        if isinstance(element, cst.DictElement) and string_value(element.key) == "build_ext":
            return "BuildExtension" in module.code(element.value)
    return False


def _imports(module: Module, specs: list[Specification]) -> Edit:
    """The names that are missing, after the last import at the top of the file."""
    missing = [n for n in names_of(specs) if module.imports.get(n) != f"torch.utils.cpp_extension.{n}"]
    lines = ["import torch"] if any(map(is_choice, specs)) and module.imports.get("torch") != "torch" else []
    lines += [f"from torch.utils.cpp_extension import {', '.join(missing)}"] if missing else []
    imports = [n for n in module.find(cst.Import, cst.ImportFrom) if isinstance(module.parent(module.parent(n)), cst.Module)]
    anchor = next((n for n in imports if "setup" in module.code(n)), imports[-1])
    return module.insert(module.span(anchor)[1], "".join("\n" + text for text in lines))
