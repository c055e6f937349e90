"""Skip autograd in a kernel by ``AutoDispatchBelowADInplaceOrView``.

``AutoNonVariableTypeMode`` is deprecated since torch 1.9 and warns when it runs. For kernels the migration guide of that release
(docs/cpp/source/notes/inference_mode.rst) names the guard that does what the old one did; for code that only runs inference it
recommends ``c10::InferenceMode``, which also forbids what gives wrong gradients.

Before:
    at::AutoNonVariableTypeMode guard(true);
    at::AutoNonVariableTypeMode other;
After:
    at::AutoDispatchBelowADInplaceOrView guard;
    at::AutoDispatchBelowADInplaceOrView other;
"""

from migrator.rewrite import Change, Edit, Rewrite, settings_floor
from rewrites.aten.renamed import qualified

ID = "non-variable-mode"
_NOTE = (
    "AutoNonVariableTypeMode became AutoDispatchBelowADInplaceOrView; "
    "where a program only runs inference, c10::InferenceMode is the safer guard"
)


def fix(ctx):
    if settings_floor(ctx) < (1, 9):
        return
    for name in ctx.names({"AutoNonVariableTypeMode"}):
        if qualified(name) not in ("at::AutoNonVariableTypeMode", "torch::AutoNonVariableTypeMode"):
            continue
        declaration = name.enclosing("declaration")
        declarators = [c for c in declaration.children if c.field == "declarator"] if declaration is not None else []
        if len(declarators) != 1:
            continue
        edits = [Edit(name.start, name.end, b"AutoDispatchBelowADInplaceOrView")]
        if declarators[0].kind == "init_declarator":
            value = declarators[0].field_child("value")
            if value is None or value.kind not in ("argument_list", "initializer_list"):
                continue
            if [n.text for n in value.named] not in ([], ["true"]):
                continue
            edits.append(Edit(value.start, value.end, b""))
        elif declarators[0].kind != "identifier":
            continue
        yield Change(ID, tuple(edits), note=_NOTE)


rewrite = Rewrite(
    ID,
    __doc__,
    fix=fix,
    triggers=frozenset({"AutoNonVariableTypeMode"}),
    deprecated_in="1.9",
    link="https://github.com/pytorch/pytorch/pull/56423",
)
