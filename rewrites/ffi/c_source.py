"""Compile as C++ what was written as C.

``torch.utils.ffi`` compiled ``.c`` files; a function on ``at::Tensor`` is C++. C++ wants a cast where C turned a ``void *`` into any
pointer, and a declaration where C took a function on trust; entry points need no ``extern "C"`` any more.

Before:
    void f(THFloatTensor *x, int n) { float *p = malloc(n * sizeof(float)); free(p); }
After:
    void f(THFloatTensor *x, int n) { float *p = (float *)malloc(n * sizeof(float)); free(p); }
"""

import re

from migrator.calls import call_of
from migrator.rewrite import Change, Edit, Finding, Rename, Rewrite
from migrator.scope import declarator_name
from migrator.syntax.tree import Node
from rewrites.ffi import _th
from rewrites.ffi._extension import extensions

ID = "ffi-c-source"
_ALLOCATORS = {"malloc", "calloc", "realloc", "alloca"}
_KEYWORDS = frozenset(
    "new delete class template this namespace operator private public protected virtual friend typename try catch throw using".split()
)
_OPEN = re.compile(
    rb'[ \t]*#[ \t]*ifdef[ \t]+__cplusplus[ \t]*\r?\n[ \t]*extern[ \t]*"C"[ \t\r\n]*\{[ \t]*\r?\n[ \t]*#[ \t]*endif[^\n]*(?:\n|\Z)'
)
_CLOSE = re.compile(rb"[ \t]*#[ \t]*ifdef[ \t]+__cplusplus[ \t]*\r?\n[ \t]*\}[^\n]*\n[ \t]*#[ \t]*endif[^\n]*(?:\n|\Z)")


def becomes_cpp(ctx) -> bool:
    """Whether a ``.c`` file worked on TH tensors when it was read, or goes into the same module as one that did."""
    return source_becomes_cpp(ctx.project, ctx.path)


def source_becomes_cpp(project, path) -> bool:
    """Whether a file of the project is such a one."""
    if path.suffix != ".c":
        return False
    known = project.__dict__.setdefault("_ffi_c_sources", {})
    if path not in known:
        known[path] = _on_tensors(project, path) or any(
            path in e.sources and any(_on_tensors(project, p) for p in (*e.headers, *e.sources)) for e in extensions(project)
        )
    return known[path]


def _on_tensors(project, path) -> bool:
    words = project.files[path].words
    return any(word.encode() in words for word in _th.TENSOR_TYPES) and next(project.tree(path).names(_th.TENSOR_TYPES), None) is not None


def fix(ctx):
    yield from _linkage(ctx)
    if not becomes_cpp(ctx):
        return
    yield Rename(ID, ctx.path, ctx.path.with_suffix(".cpp"))
    for name in ctx.names(_ALLOCATORS):
        call = call_of(name)
        if call is None or ctx.project.has_function(name.text):
            continue
        pointer = _assigned_pointer(ctx, call.node)
        if pointer:
            yield Change(ID, (Edit(call.node.start, call.node.start, f"({pointer})".encode("utf-8", "surrogateescape")),))
    yield from _on_trust(ctx)
    for m in re.finditer(rb"\brestrict\b", ctx.file.data) if b"restrict" in ctx.file.words else ():
        leaf = ctx.tree.leaf_at(m.start())
        if leaf.start == m.start() and leaf.end == m.end() and leaf.kind not in ("comment", "string_content"):
            yield Change(ID, (Edit(m.start(), m.end(), b"__restrict__"),))
    for name in ctx.names({"abs"}):
        call = call_of(name)
        if call is None or len(call.args) != 1:
            continue
        type = ctx.type_of(call.args[0])
        if type is not None and type.base in ("float", "double", "real") and not type.pointers:
            yield Finding(
                ID,
                name.start,
                "abs of a floating-point number: in C it cut off the fraction, in C++ it does not",
                "write fabs(x) where that was meant, abs((int)x) where the old numbers are wanted",
            )


def _on_trust(ctx):
    """Declare the functions that are called further up than the project defines them: C took such a call on trust."""
    top = [n for n in ctx.tree.root.walk() if n.kind == "function_definition" and n.enclosing("function_definition") is None]
    calls: dict[str, Node] = {}
    for definition in top:
        for node in definition.walk():
            function = node.field_child("function") if node.kind == "call_expression" else None
            if function is not None and function.kind == "identifier":
                calls.setdefault(function.text, node)
    wanted: dict[int, list[str]] = {}
    headers: dict[str, None] = {}
    included = {name.rpartition("/")[2] for name in ctx.project.all_includes(ctx.path)}
    for name, call in calls.items():
        known = list(ctx.project.functions(name))
        here = [d for d in known if d.tree.file is ctx.file]
        if any(d.start < call.start for d in here) or ctx.project.macros(name) or ctx.tree.in_disabled(call.start):
            continue
        elsewhere = {path for path, file in ctx.project.files.items() for d in known if d.tree.file is file and path != ctx.path}
        if any(path.name in included for path in elsewhere):
            continue
        own = [o for d in here if (o := d.enclosing("function_definition")) is not None and not ctx.tree.in_disabled(o.start)]
        definition = own[0] if own else None
        caller = next(d for d in top if d.start <= call.start < d.end)
        body = definition.field_child("body") if definition is not None else None
        if body is not None and definition.parent is not None and definition.parent.kind == "translation_unit":
            head = ctx.file.data[definition.start : body.start].decode("utf-8", "surrogateescape").rstrip()
            if "//" not in head:
                wanted.setdefault(caller.start, []).append(" ".join(head.split()))
        elif len(beside := sorted(path for path in elsewhere if path.suffix in (".h", ".hpp") and path.parent == ctx.path.parent)) == 1:
            headers[beside[0].name] = None
    newline = ctx.file.newline.decode()
    for place, heads in wanted.items():
        text = "".join(f"{head};{newline}" for head in heads) + newline
        yield Change(ID, (Edit(place, place, text.encode("utf-8", "surrogateescape")),))
    last = max((i for i in ctx.includes() if not ctx.tree.in_disabled(i.start)), key=lambda i: i.start, default=None)
    if headers and last is not None:
        end = ctx.file.line_span(last.start)[1]
        yield Change(ID, (Edit(end, end, "".join(f'#include "{name}"{newline}' for name in headers).encode()),))


def _assigned_pointer(ctx, call: Node) -> str | None:
    """``float *`` where a call initialises or is assigned to a ``float *``."""
    parent = call.parent
    if parent is None:
        return None
    if parent.kind == "init_declarator" and parent.parent is not None:
        type_node = parent.parent.field_child("type")
        declarator = parent.field_child("declarator")
        if type_node is None or declarator is None or parent.parent.kind != "declaration":
            return None
        name, pointers, _, _ = declarator_name(declarator)
        return f"{type_node.text} {'*' * pointers}" if pointers and name is not None and type_node.text != "void" else None
    if parent.kind == "assignment_expression" and call.field == "right":
        left = parent.field_child("left")
        type = ctx.type_of(left) if left is not None else None
        if type is not None and type.pointers and type.base != "void":
            return f"{type.base} {'*' * type.pointers}"
    return None


def _linkage(ctx):
    """Take ``extern "C"`` from functions on tensors."""
    data = ctx.file.data
    if b'"C"' not in data or not ctx.uses(*_th.TENSOR_TYPES):
        return
    opening = list(_OPEN.finditer(data))
    closing = list(_CLOSE.finditer(data))
    for start in opening:
        end = next((c for c in closing if c.start() >= start.end()), None)
        if end is None:
            continue
        inside = [leaf for leaf in ctx.names(_th.TENSOR_TYPES) if start.end() <= leaf.start < end.start()]
        if not inside:
            continue
        declared = [d for d in _declarators(ctx) if start.end() <= d.start < end.start()]
        if any(not _th.has_th_parameter(d) for d in declared):
            yield from _marked(declared)
        else:
            yield Change(ID, (Edit(start.start(), start.end(), b""), Edit(end.start(), end.end(), b"")))
    for node in ctx.tree.root.walk() if b"extern" in data else ():
        if node.kind != "linkage_specification" or _is_cpp(node) or any(o.start() <= node.start < o.end() for o in opening):
            continue
        body = node.field_child("body")
        declarators = [n for n in node.walk() if n.kind == "function_declarator"]
        if body is None or not any(_th.has_th_parameter(d) for d in declarators):
            continue
        if body.kind != "declaration_list":
            yield Change(ID, (Edit(node.start, body.start, b""),))
        elif all(_th.has_th_parameter(d) for d in declarators if d.enclosing("compound_statement") is None):
            brace = body.start + 1
            if data[brace : brace + 1] == b"\n":
                brace += 1
            yield Change(ID, (Edit(node.start, brace, b""), Edit(body.end - 1, body.end, b"")))
        else:
            yield from _marked(declarators)


def _marked(declarators):
    """``extern "C++"`` on the functions on tensors that share an ``extern "C"`` block with others."""
    for declarator in declarators:
        owner = declarator.parent
        while owner is not None and owner.kind not in ("declaration", "function_definition"):
            owner = owner.parent
        if owner is not None and not _is_cpp(owner.parent) and _th.has_th_parameter(declarator):
            yield Change(ID, (Edit(owner.start, owner.start, b'extern "C++" '),))


def _is_cpp(node: Node | None) -> bool:
    """Whether a node is ``extern "C++"``."""
    value = node.field_child("value") if node is not None and node.kind == "linkage_specification" else None
    return value is not None and value.text == '"C++"'


def _declarators(ctx):
    return [n for n in ctx.tree.root.walk() if n.kind == "function_declarator" and n.enclosing("compound_statement") is None]


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=_th.TENSOR_TYPES | _ALLOCATORS | {"include", "restrict", "abs"}, removed_in="1.0", remembers=True)
