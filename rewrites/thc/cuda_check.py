"""Check CUDA calls with torch's own macro instead of ``THCudaCheck``.

Removed in torch 1.11 with the rest of THC (pytorch/pytorch#65492). ``THCudaCheck`` was an expression, ``AT_CUDA_CHECK`` is a statement:
a comma chain becomes statements, a ``return THCudaCheck(...)`` is split.

Before:
    THCudaCheck(cudaGetLastError());
After:
    AT_CUDA_CHECK(cudaGetLastError());
"""

from migrator.calls import call_of, needs_braces, statement_of
from migrator.rewrite import Change, Edit, Finding, Rewrite

ID = "thc-cuda-check"
HEADER = "ATen/cuda/Exceptions.h"
_NEW = {"THCudaCheck": "AT_CUDA_CHECK", "THCudaCheckWarn": "C10_CUDA_CHECK_WARN", "THCublasCheck": "TORCH_CUDABLAS_CHECK"}
_HEADERS = {"THCudaCheck": HEADER, "THCudaCheckWarn": "c10/cuda/CUDAException.h", "THCublasCheck": HEADER}


def fix(ctx):
    for name in ctx.names(_NEW):
        old = name.text
        if ctx.project.macros(old) or ctx.project.has_function(old):
            continue  # the project's own
        rename = Edit(name.start, name.end, _NEW[old].encode())
        call = call_of(name)
        if call is None:
            if name.parent is not None and name.parent.kind in ("preproc_def", "preproc_ifdef"):
                continue
            yield Change(ID, (rename,), (_HEADERS[old],))  # the body of an alias macro
            continue
        if any(n.text == "__err" for n in call.node.walk() if n.kind == "identifier"):
            yield Finding(ID, name.start, "the argument is named __err, which AT_CUDA_CHECK declares itself", "rename the variable, then AT_CUDA_CHECK(...)")
            continue
        parent = call.node.parent
        kind = parent.kind if parent is not None else ""
        if kind == "comma_expression":
            yield from _comma(call, rename, _HEADERS[old])
        elif kind == "return_statement":
            yield Change(
                ID,
                (
                    Edit(parent.start, call.node.start, b"{ "),
                    rename,
                    Edit(call.node.end, parent.end, b"; return; }"),
                ),
                (_HEADERS[old],),
            )
        elif kind in ("conditional_expression", "binary_expression", "assignment_expression", "init_declarator"):
            yield Finding(
                ID,
                name.start,
                f"{old} stands inside an expression, and {_NEW[old]} is a statement",
                f"give {_NEW[old]}(...); a line of its own",
            )
        else:
            yield Change(ID, (rename,), (_HEADERS[old],))


def _comma(call, rename, header):
    chain = call.node.parent
    top = chain
    while top.parent is not None and top.parent.kind == "comma_expression":
        top = top.parent
    statement = statement_of(top)
    if statement is None:
        yield Finding(ID, call.node.start, "THCudaCheck stands in a comma expression", "give each AT_CUDA_CHECK(...); a line of its own")
        return
    edits = [rename]
    commas = []
    node = top
    while node.kind == "comma_expression":
        commas.append(next(c for c in node.children if c.kind == ","))
        node = node.field_child("left") if node.field_child("left").kind == "comma_expression" else node.field_child("right")
    edits += [Edit(c.start, c.end, b";") for c in commas]
    block = statement.parent is not None and statement.parent.kind in ("compound_statement", "translation_unit", "case_statement")
    if not block or needs_braces(statement):
        edits += [Edit(statement.start, statement.start, b"{ "), Edit(statement.end, statement.end, b" }")]
    yield Change(ID, tuple(edits), (header,))


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset(_NEW), removed_in="1.11", link="https://github.com/pytorch/pytorch/pull/65492")
