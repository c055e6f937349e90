"""Bind ``x.type()`` to ``auto``, not to ``at::Type``.

``at::Type`` left the interface with torch 1.1: ``type()`` returns ``DeprecatedTypeProperties`` since (pytorch/pytorch#17991).

Before:
    const at::Type& type = x.type();
After:
    const auto& type = x.type();
"""

import re

from migrator.rewrite import Change, Edit, Finding, Rewrite

ID = "type-class"
_SPELT = re.compile(rb"at\s*::\s*Type\b")


def fix(ctx):
    if not ctx.spells(_SPELT) or ctx.project.macros("Type"):
        return
    for name in ctx.names({"Type"}):
        node = name.parent
        if node is None or node.kind != "qualified_identifier" or "".join(node.text.split()) not in ("at::Type", "::at::Type"):
            continue
        owner = node.parent
        if owner is not None and owner.kind == "declaration" and node.field == "type" and any(c.kind == "init_declarator" for c in owner.children):
            yield Change(ID, (Edit(node.start, node.end, b"auto"),))
        elif owner is not None and owner.kind in ("parameter_declaration", "declaration") and node.field == "type":
            yield Change(ID, (Edit(node.start, node.end, b"at::DeprecatedTypeProperties"),))
        elif owner is not None and owner.kind in ("field_declaration", "function_definition", "type_descriptor") and node.field == "type":
            yield Finding(
                ID,
                node.start,
                "at::Type is another class since torch 1.1: one of TorchScript's types",
                "at::TensorOptions and x.options(), held by value; or at::DeprecatedTypeProperties *, which x.type() gives",
            )


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"Type"}), removed_in="1.1", link="https://github.com/pytorch/pytorch/pull/17991")
