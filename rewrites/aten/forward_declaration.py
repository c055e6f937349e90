"""Include a header instead of declaring a class of torch's ahead.

Accessors became aliases of ``torch::headeronly`` in torch 2.10, ``c10::optional`` of ``std::optional`` in 2.2 and ``c10::string_view`` of
``std::string_view`` in 2.6: a declaration of one as a class conflicts with the alias.

Before:
    namespace at {
    template <typename T, size_t N, template <typename U> class P, typename I> class TensorAccessor;
    class Tensor;
    }
After:
    #include <ATen/core/TensorAccessor.h>
    namespace at {
    class Tensor;
    }
"""

import re

from migrator import releases
from migrator.calls import remove_statement
from migrator.rewrite import Change, Edit, Rewrite

ID = "forward-declaration"
_ACCESSORS = "ATen/core/TensorAccessor.h"
# class -> (namespaces, header, first release in which it is an alias)
_ALIASES = {
    "TensorAccessor": (("at",), _ACCESSORS, "2.10"),
    "TensorAccessorBase": (("at",), _ACCESSORS, "2.10"),
    "GenericPackedTensorAccessor": (("at",), _ACCESSORS, "2.10"),
    "GenericPackedTensorAccessorBase": (("at",), _ACCESSORS, "2.10"),
    "PackedTensorAccessor": (("at",), _ACCESSORS, "1.3"),
    "PackedTensorAccessor32": (("at",), _ACCESSORS, "1.3"),
    "PackedTensorAccessor64": (("at",), _ACCESSORS, "1.3"),
    "optional": (("c10", "at"), "c10/util/Optional.h", "2.2"),
    "string_view": (("c10",), "c10/util/string_view.h", "2.6"),
}


_DECLARED = re.compile(rb"(?:class|struct)\s+(?:\w+\s+)?(?:" + "|".join(_ALIASES).encode() + rb")\s*;")


def fix(ctx):
    if not ctx.spells(_DECLARED):
        return
    for name in ctx.names(_ALIASES):
        specifier = name.parent
        if specifier is None or specifier.kind not in ("class_specifier", "struct_specifier") or specifier.field_child("body") is not None:
            continue
        declaration = specifier.parent
        whole = specifier
        if declaration is not None and declaration.kind == "template_declaration":
            if name.field != "name":
                continue  # a specialisation
            whole = declaration
        outer = whole.parent
        inside = outer is not None and outer.kind == "declaration_list" and outer.parent is not None
        space = outer.parent.field_child("name") if inside else None
        spaces, header, since = _ALIASES[name.text]
        if space is None or space.text not in spaces or releases.parse(since) > ctx.settings.target:
            continue
        after = next((c for c in outer.children if c.start >= whole.end), None)
        end = after.end if whole is specifier and after is not None and after.kind == ";" else whole.end
        edit = remove_statement(whole)
        if end > edit.end:  # the semicolon of a class without a template stands behind it
            line_end = ctx.file.line_span(end - 1)[1]
            alone = not ctx.file.data[ctx.file.line_span(whole.start)[0] : whole.start].strip() and not ctx.file.data[end:line_end].strip()
            edit = Edit(ctx.file.line_span(whole.start)[0], line_end, b"") if alone else Edit(whole.start, end, b"")
        yield Change(ID, (edit,), (header,))


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset(_ALIASES), removed_in="1.3")
