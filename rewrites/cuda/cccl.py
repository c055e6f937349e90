"""Use what CCCL 3 kept of Thrust and CUB.

CUDA 13 ships CCCL 3, which dropped functors that the standard library or libcu++ has.

Before:
    cub::Sum op;
After:
    #include <cuda/std/functional>
    cuda::std::plus<> op;
"""

from migrator.rewrite import Change, Edit, Finding, Rewrite
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
}
_BASES = ("thrust::unary_function", "thrust::binary_function", "std::unary_function", "std::binary_function")


def fix(ctx):
    for name in ctx.names({old.split("::")[-1] for old in _NEW}):
        full = qualified(name)
        if full not in _NEW:
            continue
        new, header = _NEW[full]
        start = ctx.file.data.rfind(full.split("::")[0].encode(), 0, name.start)
        template = name.parent is not None and name.parent.kind in ("template_type", "template_function")
        if full == "thrust::identity" and template:
            yield Change(ID, (Edit(start, name.parent.end, new.encode()),), (header,))
        elif template and full.endswith("Iterator"):
            arguments = name.parent.field_child("arguments")
            if full != "cub::DiscardOutputIterator" and arguments is not None and len(arguments.named) > 1:
                yield Change(ID, (Edit(start, name.end, new.encode()), Edit(arguments.named[0].end, arguments.end - 1, b"")), (header,))
            else:
                yield Change(ID, (Edit(start, name.end, new.encode()),), (header,))
        else:
            yield Change(ID, (Edit(start, name.end, new.encode()),), (header,))
    for name in ctx.names({"unary_function", "binary_function"}):
        full = qualified(name)
        if full not in _BASES or not full.startswith("thrust"):
            continue
        clause = name.enclosing("base_class_clause")
        if clause is None:
            yield Finding(ID, name.start, f"{full} is gone from CCCL 3", "drop it; declare argument_type and result_type where they are used")
            continue
        bases = [n for n in clause.named if n.kind not in ("access_specifier",)]
        if len(bases) == 1:
            start = clause.start
            while ctx.file.data[start - 1 : start] in (b" ", b"\t"):
                start -= 1
            owner = clause.parent
            words = {n.text for n in owner.walk() if n.kind == "type_identifier"} if owner is not None else set()
            if words & {"argument_type", "result_type", "first_argument_type", "second_argument_type"}:
                yield Finding(ID, name.start, f"{full} is gone from CCCL 3, and its member types are used", "declare those types yourself and drop the base")
            else:
                yield Change(ID, (Edit(start, clause.end, b""),))
        else:
            yield Finding(ID, name.start, f"{full} is gone from CCCL 3", "take it out of the list of bases")


rewrite = Rewrite(
    ID, __doc__, fix=fix,
    triggers=frozenset(old.split("::")[-1] for old in _NEW) | {"unary_function", "binary_function"}, cuda_removed_in="13.0", link=_LINK,
)  # fmt: skip
