"""Use the dispatch macros that are left.

``AT_DISPATCH_ALL_TYPES_AND_HALF`` was removed in torch 2.6.

Before:
    AT_DISPATCH_ALL_TYPES_AND_HALF(x.scalar_type(), "f", [&] { f<scalar_t>(x); });
After:
    AT_DISPATCH_ALL_TYPES_AND(at::ScalarType::Half, x.scalar_type(), "f", [&] { f<scalar_t>(x); });
"""

from migrator.calls import call_of
from migrator.rewrite import Change, Edit, Rewrite

ID = "dispatch-all-types-and-half"
_NEW = {
    "AT_DISPATCH_ALL_TYPES_AND_HALF": (b"AT_DISPATCH_ALL_TYPES_AND", b"at::ScalarType::Half, "),
    "AT_DISPATCH_ALL_TYPES_AND_COMPLEX_AND_HALF": (b"AT_DISPATCH_ALL_TYPES_AND_COMPLEX_AND", b"at::ScalarType::Half, "),
    "AT_DISPATCH_ALL_TYPES_AND_HALF_AND_COMPLEX": (b"AT_DISPATCH_ALL_TYPES_AND_COMPLEX_AND", b"at::ScalarType::Half, "),
}


def fix(ctx):
    for name in ctx.names(_NEW):
        if ctx.project.macros(name.text):
            continue  # the project's own copy
        call = call_of(name)
        if call is None:
            continue
        new, first = _NEW[name.text]
        after = call.list.start + 1
        if ctx.file.data[after : after + 1] in (b"\n", b"\r"):
            first = first.rstrip()
        yield Change(ID, (Edit(name.start, name.end, new), Edit(after, after, first)))


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset(_NEW), removed_in="2.6")
