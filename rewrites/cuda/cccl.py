"""Use what CCCL 3 kept of Thrust and CUB.

CUDA 13 ships CCCL 3, which dropped functors that the standard library or libcu++ has. Sources that take CUB from a copy beside them take
CUDA's, which has it since 11.0: a copy of that time does not compile with CUDA 13.

Before:
    cub::Sum op;
After:
    #include <cuda/std/functional>
    cuda::std::plus<> op;
"""

import re

from migrator.calls import call_of
from migrator.includes import removal, renaming
from migrator.rewrite import Change, Edit, Finding, Rewrite, settings_floor
from migrator.syntax import preproc
from migrator.vendored import is_cub
from rewrites.aten.renamed import qualified

ID = "cccl-removed"
_LINK = "https://nvidia.github.io/cccl/cccl/3.0_migration_guide.html"
_NEW = {
    "cub::Sum": ("cuda::std::plus<>", "cuda/std/functional"),
    "cub::Max": ("cuda::maximum<>", "cuda/functional"),
    "cub::Min": ("cuda::minimum<>", "cuda/functional"),
    "cub::Equality": ("cuda::std::equal_to<>", "cuda/std/functional"),
    "cub::Inequality": ("cuda::std::not_equal_to<>", "cuda/std/functional"),
    "cub::Difference": ("cuda::std::minus<>", "cuda/std/functional"),
    "cub::Division": ("cuda::std::divides<>", "cuda/std/functional"),
    "thrust::identity": ("cuda::std::identity", "cuda/std/functional"),
    "cub::CountingInputIterator": ("thrust::counting_iterator", "thrust/iterator/counting_iterator.h"),
    "cub::ConstantInputIterator": ("thrust::constant_iterator", "thrust/iterator/constant_iterator.h"),
    "cub::DiscardOutputIterator": ("thrust::discard_iterator", "thrust/iterator/discard_iterator.h"),
    "cub::TransformInputIterator": ("thrust::transform_iterator", "thrust/iterator/transform_iterator.h"),
    "cub::LaneId": ("cuda::ptx::get_sreg_laneid", "cuda/ptx"),
    "cub::WarpId": ("cuda::ptx::get_sreg_warpid", "cuda/ptx"),
    "thrust::not1": ("cuda::std::not_fn", "cuda/std/functional"),
    "thrust::not2": ("cuda::std::not_fn", "cuda/std/functional"),
}
# Templates whose arguments or members changed as well: the new spelling of the whole.
_TEMPLATES = {
    "cub::If": (3, "Type", "std::conditional_t<{0}, {1}, {2}>"),
    "cub::Equals": (2, "VALUE", "std::is_same<{0}, {1}>::value"),
    "cub::Int2Type": (1, "", "std::integral_constant<int, {0}>"),
}
_MACROS = {
    "CUB_MAX": "((({0}) > ({1})) ? ({0}) : ({1}))",
    "CUB_MIN": "((({0}) < ({1})) ? ({0}) : ({1}))",
    "CUB_QUOTIENT_CEILING": "((({0}) + ({1}) - 1) / ({1}))",
}
# Headers of one iterator each: what declares the one that is left.
_HEADERS = {
    "cub/iterator/counting_input_iterator.cuh": "cub::CountingInputIterator",
    "cub/iterator/constant_input_iterator.cuh": "cub::ConstantInputIterator",
    "cub/iterator/discard_output_iterator.cuh": "cub::DiscardOutputIterator",
    "cub/iterator/transform_input_iterator.cuh": "cub::TransformInputIterator",
}
_GUARDED = {"Sum", "Max", "Min", "Equality", "Inequality"}
_CUDA_13 = (2, 9)  # the first torch that is built for it (pytorch/pytorch#164471)
_BASES = ("thrust::unary_function", "thrust::binary_function", "std::unary_function", "std::binary_function")


def fix(ctx):
    if b"cub" in ctx.file.words or b"thrust" in ctx.file.words:
        yield from _renamed(ctx)
        yield from _templates(ctx)
        yield from _debug_flags(ctx)
    yield from _macros(ctx)
    yield from _namespace(ctx)
    yield from _bases(ctx)
    yield from _headers(ctx)
    yield from _copies(ctx)


def _renamed(ctx):
    using = "using namespace cub" in ctx.file.data.decode("latin-1") and any(n.enclosing("using_declaration") for n in ctx.names({"cub"}))
    for name in ctx.names({old.split("::")[-1] for old in _NEW}):
        full = qualified(name)
        if using and full == name.text and name.kind != "field_identifier" and f"cub::{full}" in _NEW and not _is_own(ctx, name):
            full = f"cub::{full}"
        if full not in _NEW:
            continue
        new, header = _NEW[full]
        compat: tuple[str, ...] = ()
        if settings_floor(ctx) < _CUDA_13 and new.startswith("cuda::"):
            if name.text not in _GUARDED:
                yield Finding(
                    ID,
                    name.start,
                    f"{full} went with CUDA 13.0, and {new} is not in every CUDA before it",
                    f"{new} under #if CUDART_VERSION >= 13000",
                )
                continue
            new, header, compat = f"cuport::{name.text}", "", ("cub-functors",)
        start = ctx.file.data.rfind(full.split("::")[0].encode(), 0, name.start) if qualified(name) == full else name.start
        template = name.parent is not None and name.parent.kind in ("template_type", "template_function")
        edits = (Edit(start, name.end, new.encode()),)
        if full == "thrust::identity" and template:
            edits = (Edit(start, name.parent.end, new.encode()),)
        elif template and full.endswith("Iterator"):
            listed = name.parent.field_child("arguments")
            arguments = listed.named if listed is not None else []
            if full == "cub::TransformInputIterator":
                if len(arguments) < 3:
                    continue
                value, *rest = (a.text for a in arguments[:3])
                edits += (Edit(arguments[0].start, listed.end - 1, ", ".join([*rest, value]).encode()),)
            elif full != "cub::DiscardOutputIterator" and len(arguments) > 1:
                edits += (Edit(arguments[0].end, listed.end - 1, b""),)
        yield Change(ID, edits, (header,) if header else (), compat=compat)


def _is_own(ctx, name) -> bool:
    """Whether the project declares a name itself."""
    if ctx.scopes.lookup(name.text, name) is not None or ctx.project.has_function(name.text) or ctx.project.macros(name.text):
        return True
    kinds = ("class_specifier", "struct_specifier", "enum_specifier", "alias_declaration", "enumerator")
    return any(
        leaf.field == "name" and leaf.parent.kind in kinds
        for path in ctx.project.with_word(name.text)
        for leaf in ctx.project.tree(path).names({name.text})
    )


def _templates(ctx):
    for name in ctx.names({old.split("::")[-1] for old in _TEMPLATES}):
        full = qualified(name)
        if full not in _TEMPLATES or name.parent.kind != "template_type":
            continue
        count, member, new = _TEMPLATES[full]
        arguments = name.parent.field_child("arguments")
        if arguments is None or len(arguments.named) != count:
            continue
        start, end = ctx.file.data.rfind(b"cub", 0, name.start), arguments.end
        if member:
            following = re.compile(rb"\s*::\s*" + member.encode() + rb"\b").match(ctx.file.data, end)
            if following is None:
                continue
            end = following.end()
            before = re.compile(rb"\btypename\s+\Z").search(ctx.file.data, max(0, start - 20), start)
            start = before.start() if before else start
        yield Change(ID, (Edit(start, end, new.format(*(a.text for a in arguments.named)).encode()),), ("type_traits",))


def _macros(ctx):
    for name in ctx.names(_MACROS):
        call = None if ctx.project.macros(name.text) else call_of(name)
        if call is not None and len(call.args) == 2:
            yield Change(ID, (Edit(call.node.start, call.node.end, _MACROS[name.text].format(*(a.text for a in call.args)).encode()),))


def _debug_flags(ctx):
    """The last argument of the calls for a whole device, which said whether to wait and print."""
    for name in ctx.names({"cub"}):
        node = name
        while node.parent is not None and node.parent.kind in ("qualified_identifier", "template_function"):
            node = node.parent
        call = node.parent
        if (
            call is None
            or call.kind != "call_expression"
            or node.field != "function"
            or not "".join(node.text.split()).startswith("cub::Device")
        ):
            continue
        arguments = call.field_child("arguments").named
        if len(arguments) < 6 or arguments[-1].text not in ("true", "false"):
            continue
        if arguments[-1].text == "false":
            yield Change(ID, (Edit(arguments[-2].end, arguments[-1].end, b""),))
        else:
            yield Finding(
                ID,
                arguments[-1].start,
                "CCCL 3 has no debug_synchronous argument",
                "drop it; cudaStreamSynchronize(stream) after the call waits",
            )


def _namespace(ctx):
    """Projects that wrap CUB in a namespace of theirs have to say how it is called from outside."""
    if ctx.project.macros("CUB_NS_QUALIFIER"):
        return
    for offset in preproc.defined_macros(ctx.file.data).get("CUB_NS_PREFIX", ()):
        if not ctx.tree.in_disabled(offset):
            end = ctx.file.line_span(offset + 1)[1]
            line = ctx.file.data[offset:end].decode("utf-8", "replace")
            spaces = re.findall(r"\bnamespace\s+(\w+)\s*\{", line)
            value = re.sub(r"/\*.*?\*/|//.*", "", line).partition("CUB_NS_PREFIX")[2]
            if spaces and re.fullmatch(r"(\s*namespace\s+\w+\s*\{)+\s*", value) and line.endswith("\n"):
                newline = ctx.file.newline.decode()
                indent = line[: len(line) - len(line.lstrip())].split("\n")[-1]
                edits = [Edit(end, end, f"{indent}#define CUB_NS_QUALIFIER ::{'::'.join(spaces)}::cub{newline}".encode())]
                for undefined in preproc.undefined_macros(ctx.file.data).get("CUB_NS_PREFIX", ()):
                    after = ctx.file.line_span(undefined + 1)[1]
                    if not ctx.tree.in_disabled(undefined) and ctx.file.data[:after].endswith(b"\n"):
                        edits.append(Edit(after, after, f"#undef CUB_NS_QUALIFIER{newline}".encode()))
                yield Change(ID, tuple(edits))
                continue
            start = offset + len(line) - len(line.lstrip())
            name = "::".join(spaces) or "name"
            yield Finding(
                ID, start, "CUB stops at CUB_NS_PREFIX without CUB_NS_QUALIFIER", f"#define CUB_NS_QUALIFIER ::{name}::cub below it"
            )


def _headers(ctx):
    """Includes of a header that went, once nothing in the file uses the old name."""
    for include in ctx.includes():
        old = _HEADERS.get(include.name)
        if old is None or ctx.tree.in_disabled(include.start) or ctx.project.local_include(include, ctx.path) is not None:
            continue
        if ctx.uses(old.split("::")[-1]):
            continue
        header = _NEW[old][1]
        present = any(other.name == header for other in ctx.includes())
        yield Change(ID, (removal(ctx.file, include) if present else renaming(ctx.file, include, header),))


def _copies(ctx):
    """Includes of a copy of CUB that lies beside the source."""
    if any(is_cub(folder) for folder in ctx.path.parents):
        return  # within the copy itself, which was asked for
    for include in ctx.includes():
        before, found, after = f"/{include.name}".partition("/cub/")
        if not (found and include.quoted) or ctx.tree.in_disabled(include.start):
            continue
        folder = f"{before}/cub"[1:]
        if any(is_cub(place / folder) for place in _places(ctx.path.parent, bool(before))):
            yield Change(ID, (renaming(ctx.file, include, f"cub/{after}"),), note=f"CUDA's own CUB instead of the copy in {folder}/")


def _places(folder, named):
    """A source's own folder and, for an include that names folders above the copy, those above it in the checkout."""
    yield folder
    while named and folder != folder.parent and not (folder / ".git").exists():
        folder = folder.parent
        yield folder


def _bases(ctx):
    for name in ctx.names({"unary_function", "binary_function"}):
        full = qualified(name)
        if full not in _BASES or not full.startswith("thrust"):
            continue
        clause = name.enclosing("base_class_clause")
        if clause is None:
            yield Finding(
                ID, name.start, f"{full} is gone from CCCL 3", "drop it; declare argument_type and result_type where they are used"
            )
            continue
        bases = [n for n in clause.named if n.kind not in ("access_specifier",)]
        if len(bases) == 1:
            start = clause.start
            while ctx.file.data[start - 1 : start] in (b" ", b"\t"):
                start -= 1
            owner = clause.parent
            words = {n.text for n in owner.walk() if n.kind == "type_identifier"} if owner is not None else set()
            if words & {"argument_type", "result_type", "first_argument_type", "second_argument_type"}:
                yield Finding(
                    ID,
                    name.start,
                    f"{full} is gone from CCCL 3, and its member types are used",
                    "declare those types yourself and drop the base",
                )
            else:
                yield Change(ID, (Edit(start, clause.end, b""),))
        else:
            yield Finding(ID, name.start, f"{full} is gone from CCCL 3", "take it out of the list of bases")


rewrite = Rewrite(
    ID, __doc__, fix=fix,
    triggers=frozenset(old.split("::")[-1] for old in (*_NEW, *_TEMPLATES, *_MACROS)) | {"unary_function", "binary_function", "cub", "CUB_NS_PREFIX"},
    cuda_removed_in="13.0", link=_LINK,
)  # fmt: skip
