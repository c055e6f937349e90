"""Report random number generators of one's own that lack what ``c10::GeneratorImpl`` asks for.

``set_state`` and ``get_state`` are pure since torch 1.8, ``set_offset`` and ``get_offset`` since 2.1: without them the class is abstract, and
the compiler says so in a header of torch.

Before:
    struct Mine : public c10::GeneratorImpl { Mine *clone_impl() const override; };
After:
    struct Mine : public c10::GeneratorImpl { Mine *clone_impl() const override; };
"""

from migrator.rewrite import Finding, Rewrite

ID = "generator-impl"
_PURE = {
    "set_state": "void set_state(const c10::TensorImpl &) override;",
    "get_state": "c10::intrusive_ptr<c10::TensorImpl> get_state() const override;",
    "set_offset": "void set_offset(uint64_t) override;",
    "get_offset": "uint64_t get_offset() const override;",
}


def fix(ctx):
    for name in ctx.names({"GeneratorImpl"}):
        clause = name.enclosing("base_class_clause")
        owner = clause.parent if clause is not None else None
        body = owner.field_child("body") if owner is not None else None
        if body is None or "clone_impl" not in (words := {n.text for n in body.walk() if n.kind in ("field_identifier", "identifier")}):
            continue  # no class that is made
        lacking = [word for word in _PURE if word not in words]
        if lacking:
            own = owner.field_child("name")
            what = own.text if own is not None else "a class"
            yield Finding(
                ID, name.start, f"{what} is abstract: c10::GeneratorImpl has {', '.join(lacking)} without a body",
                " ".join(_PURE[word] for word in lacking),
            )  # fmt: skip


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"GeneratorImpl"}), removed_in="2.1")
