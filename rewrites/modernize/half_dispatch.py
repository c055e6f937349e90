"""Dispatch on bfloat16 where half is.

Only where nothing else in the file is about half: a kernel that has code of its own for ``at::Half`` would need the same for ``at::BFloat16``.

Before:
    #include <ATen/Dispatch.h>
    void run(at::Tensor x) { AT_DISPATCH_FLOATING_TYPES_AND_HALF(x.scalar_type(), "run", [&] { scale(x.data_ptr<scalar_t>()); }); }
After:
    #include <ATen/Dispatch.h>
    void run(at::Tensor x) { AT_DISPATCH_FLOATING_TYPES_AND2(at::ScalarType::Half, at::ScalarType::BFloat16, x.scalar_type(), "run", [&] { scale(x.data_ptr<scalar_t>()); }); }
"""

from migrator.calls import text_arguments
from migrator.rewrite import Change, Edit, Finding, Rewrite, settings_floor

ID = "half-dispatch"
_NEW = {
    "AT_DISPATCH_FLOATING_TYPES_AND_HALF": "AT_DISPATCH_FLOATING_TYPES_AND2",
    "AT_DISPATCH_FLOATING_TYPES_AND": "AT_DISPATCH_FLOATING_TYPES_AND2",
    "AT_DISPATCH_ALL_TYPES_AND": "AT_DISPATCH_ALL_TYPES_AND2",
}
_HALVES = {
    "at::ScalarType::Half",
    "at::kHalf",
    "torch::kHalf",
    "kHalf",
    "torch::kFloat16",
    "c10::ScalarType::Half",
    "torch::ScalarType::Half",
}
_WORDS = {"half", "__half", "half2", "__half2", "Half", "float16", "fp16"}


def fix(ctx):
    if settings_floor(ctx) < (1, 9):  # at::acc_type of bfloat16 came last
        return
    found = []
    for name in ctx.names(_NEW):
        arguments = text_arguments(ctx.file.data, name.end)
        if arguments is None or ctx.project.macros(name.text) or not arguments[0]:
            continue
        start, end = arguments[0][0]
        first = "".join(ctx.file.text(start, end).split())
        if name.text.endswith("_HALF"):
            found.append((name, start, b"at::ScalarType::Half, at::ScalarType::BFloat16, "))
        elif first in _HALVES:
            found.append((name, end, b", at::ScalarType::BFloat16"))
    words = {n.text for n in ctx.names(_WORDS) if not any(name.start < n.start < offset + 1 for name, offset, _ in found)}
    for name, offset, text in found:
        if words:
            yield Finding(
                ID, name.start, f"dispatches on half and not on bfloat16, in a file that speaks of {', '.join(sorted(words))} elsewhere",
                f"{_NEW[name.text]} with at::ScalarType::Half and at::ScalarType::BFloat16, and for bfloat16 what is done for half",
            )  # fmt: skip
        else:
            yield Change(ID, (Edit(name.start, name.end, _NEW[name.text].encode()), Edit(offset, offset, text)))


rewrite = Rewrite(
    ID, __doc__, fix=fix, triggers=frozenset(_NEW), default=False,
    link="https://github.com/pytorch/pytorch/blob/main/aten/src/ATen/Dispatch.h",
)  # fmt: skip
