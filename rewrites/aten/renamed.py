"""Names that only changed: one table row a name.

Each row is a rewrite of its own. A name of the project's own with the same spelling is left alone.
"""

import re
from dataclasses import dataclass

from migrator import releases
from migrator.calls import callee_of
from migrator.rewrite import Change, Edit, Finding, Rewrite, settings_floor
from rewrites.aten.moved_headers import GENERATOR


@dataclass(frozen=True)
class Row:
    """``old`` (as qualified as it is written in sources) became ``new``; ``since``: first release with the new name."""

    id: str
    old: tuple[str, ...]
    new: str
    removed_in: str
    since: str = "1.0"
    include: str = ""
    link: str = ""
    usage: str = "{}()"  # how the documentation shows it
    compat: str = ""  # the guard that has the last part of the name in namespace cuport, for ranges that begin before ``since``


ROWS = (
    Row("at-warn", ("AT_WARN",), "TORCH_WARN", "1.5", "1.2", "", "", '{}("slow");'),
    Row("make-unique", ("c10::guts::make_unique", "torch::make_unique"), "std::make_unique", "1.5", "1.0", "memory", "", "auto p = {}<int>(3);"),
    Row("c10-enable-if", ("c10::guts::enable_if_t",), "std::enable_if_t", "1.5", "1.0", "type_traits", "", "using T = {}<true, int>;"),
    Row("c10-variant", ("c10::variant",), "std::variant", "2.2", "2.0", "variant", "", "{}<int, float> v;", "std17"),
    Row("c10-get-if", ("c10::get_if",), "std::get_if", "2.2", "2.0", "variant", "", "auto p = {}<int>(&v);", "std17"),
    Row("c10-visit", ("c10::visit",), "std::visit", "2.2", "2.0", "variant", "", "{}(f, v);", "std17"),
    Row("c10-get", ("c10::get",), "std::get", "2.2", "2.0", "variant", "", "auto i = {}<int>(v);", "std17"),
    Row("c10-holds-alternative", ("c10::holds_alternative",), "std::holds_alternative", "2.2", "2.0", "variant", "", "f({}<int>(v));", "std17"),
    Row("c10-monostate", ("c10::monostate",), "std::monostate", "2.2", "2.0", "variant", "", "{} none;", "std17"),
    Row("c10-in-place-t", ("c10::in_place_t",), "std::in_place_t", "2.3", "2.0", "utility", "", "f({}());"),
    Row("c10-is-pod", ("c10::is_pod",), "std::is_pod", "2.10", "1.0", "type_traits", "", "bool b = {}<A>::value;"),
    Row("c10-in-place", ("c10::in_place",), "std::in_place", "2.3", "2.0", "utility", "", "f({});", "std17"),
    Row("c10-fallthrough", ("C10_FALLTHROUGH",), "[[fallthrough]]", "2.3", "1.0", "", "", "{};"),
    Row("c10-conjunction", ("c10::guts::conjunction",), "std::conjunction", "2.4", "2.0", "type_traits", "", "{}<A, B> c;", "std17"),
    Row("c10-disjunction", ("c10::guts::disjunction",), "std::disjunction", "2.4", "2.0", "type_traits", "", "{}<A, B> c;", "std17"),
    Row("c10-void-t", ("c10::guts::void_t",), "std::void_t", "2.4", "2.0", "type_traits", "", "using T = {}<A>;", "std17"),
    Row("c10-to-string", ("c10::guts::to_string",), "std::to_string", "2.2", "1.0", "string", "", "auto s = {}(3);"),
    Row("c10-apply", ("c10::guts::apply",), "std::apply", "2.10", "2.0", "tuple", "", "{}(f, t);"),
    Row("caffe2-api", ("CAFFE2_API",), "TORCH_API", "1.8", "1.0", "", "", "struct {} S {{}};"),
    Row("torch-cuda-api", ("TORCH_CUDA_API", "THC_API", "THC_CLASS", "AT_CUDA_API"), "TORCH_CUDA_CU_API", "1.8", "1.8", "", "", "struct {} S {{}};"),
    Row("at-api", ("AT_API",), "TORCH_API", "1.0", "1.0", "", "", "{} int f();"),
    Row("at-host-device", ("AT_HOST_DEVICE",), "C10_HOST_DEVICE", "1.0", "1.0", "c10/macros/Macros.h", "", "{} int f();"),
    Row("auto-no-gil", ("AutoNoGIL", "torch::AutoNoGIL"), "pybind11::gil_scoped_release", "2.2", "1.0", "pybind11/gil.h", "", "{} guard;"),
    Row("auto-gil", ("AutoGIL", "torch::AutoGIL"), "pybind11::gil_scoped_acquire", "2.2", "1.0", "pybind11/gil.h", "", "{} guard;"),
    Row("jit-assert", ("JIT_ASSERT",), "TORCH_INTERNAL_ASSERT", "1.1", "1.2", "", "", "{}(x);"),
    Row("jit-assertm", ("JIT_ASSERTM",), "TORCH_INTERNAL_ASSERT", "1.1", "1.2", "", "", '{}(x, "m");'),
    Row("cuda-generator", ("at::CUDAGenerator",), "at::CUDAGeneratorImpl", "1.6", "1.6", "", "", "{} *g;"),
    Row("cpu-generator", ("at::CPUGenerator",), "at::CPUGeneratorImpl", "1.6", "1.6", "ATen/CPUGeneratorImpl.h", "", "{} *g;"),
    Row("py-int", ("PyInt_Check",), "PyLong_Check", "2.10", "1.0", "", "https://docs.python.org/3/c-api/long.html", "bool b = {}(o);"),
    Row("py-int-as-long", ("PyInt_AsLong",), "PyLong_AsLong", "2.10", "1.0", "", "https://docs.python.org/3/c-api/long.html", "long n = {}(o);"),
    Row("py-int-from-long", ("PyInt_FromLong",), "PyLong_FromLong", "2.10", "1.0", "", "https://docs.python.org/3/c-api/long.html", "auto o = {}(3);"),
    Row("create-cuda-stream", ("at::cuda::createCUDAStream",), "at::cuda::getStreamFromPool", "1.0", "1.0", "c10/cuda/CUDAStream.h", "", "auto s = {}();"),
)  # fmt: skip


def qualified(name) -> str:
    """The qualified name that a name node ends, whether the whole of what is written or the scope of more: ``a::b`` also in ``a::b<T>::c``."""
    parts = [name.text]
    node = name
    while node.parent is not None and node.parent.kind in ("template_function", "template_type") and node.field == "name":
        node = node.parent
    if node.parent is not None and node.parent.kind == "qualified_identifier" and node.field == "scope":
        node = node.parent
    while node.parent is not None and node.parent.kind == "qualified_identifier" and node.field == "name":
        node = node.parent
        scope = node.field_child("scope")
        parts.insert(0, "".join(scope.text.split()) if scope is not None else "")
    return "::".join(parts).removeprefix("::")


def _fixer(row: Row):
    spelt = [(old.split("::")[-1], re.compile(r"\s*::\s*".join(old.split("::")[-2:]).encode())) for old in row.old]

    def fix(ctx):
        for name in ctx.names({last for last, both in spelt if ctx.spells(both)}):
            full = qualified(name)
            if full not in row.old or ctx.project.macros(name.text) or ctx.project.has_function(name.text):
                continue
            if name.parent is not None and name.parent.kind in ("preproc_def", "preproc_function_def", "preproc_ifdef") and name.field == "name":
                continue
            new, include, compat = row.new, row.include, ""
            if releases.parse(row.since) > settings_floor(ctx) and row.compat:
                new, include, compat = f"cuport::{row.new.split('::')[-1]}", "", row.compat
            elif releases.parse(row.since) > settings_floor(ctx):
                yield Finding(row.id, name.start, f"{full} became {row.new}, which exists since torch {row.since}", f"raise --min-torch to {row.since}")
                continue
            start = ctx.file.data.rfind(full.split("::")[0].encode(), 0, name.start + 1) if "::" in full else name.start
            if include == GENERATOR and settings_floor(ctx) < (1, 11):
                include, compat = "", "cuda-generator"
            edits = [Edit(start, name.end, new.encode())]
            if row.id == "c10-fallthrough":
                callee = callee_of(name)
                edits = [Edit(callee.start, callee.end, row.new.encode())]
            yield Change(row.id, tuple(edits), (include,) if include else (), compat=(compat,) if compat else ())

    return fix


def _rewrite(row: Row) -> Rewrite:
    doc = (
        f"Write ``{row.new}`` instead of ``{row.old[0]}``.\n\nGone in torch {row.removed_in}.\n\n"
        f"Before:\n    {row.usage.format(row.old[0])}\nAfter:\n    {row.usage.format(row.new)}\n"
    )
    return Rewrite(row.id, doc, fix=_fixer(row), triggers=frozenset(o.split("::")[-1] for o in row.old), removed_in=row.removed_in, link=row.link)



rewrites = [_rewrite(row) for row in ROWS]
