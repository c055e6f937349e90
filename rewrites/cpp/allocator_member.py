"""Report members of ``std::allocator`` that C++20 dropped.

torch 2.12 and newer compile as C++20: ``pointer``, ``reference``, ``rebind``, ``construct`` and ``destroy`` are those of
``std::allocator_traits`` only.

Before:
    typedef std::allocator<int>::pointer Pointer;
After:
    typedef std::allocator<int>::pointer Pointer;
"""

from migrator.rewrite import Finding, Rewrite

ID = "allocator-member"
_MEMBERS = frozenset({"pointer", "const_pointer", "reference", "const_reference", "rebind"})


def fix(ctx):
    if b"allocator" not in ctx.file.words:
        return
    for name in ctx.names(_MEMBERS):
        whole = name.parent
        while whole is not None and whole.kind in ("template_type", "qualified_identifier") and whole.field == "name":
            whole = whole.parent
        if whole is None or whole.kind not in ("qualified_identifier", "template_type"):
            continue
        written = "".join(whole.text.split()).removeprefix("typename").removeprefix("::")
        if written.startswith("std::allocator<"):
            what = f"std::allocator_traits<std::allocator<T>>::{'rebind_alloc<U>' if name.text == 'rebind' else name.text}"
            yield Finding(ID, name.start, f"std::allocator has no {name.text} in C++20, with which torch 2.12 and newer compile", what)


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=_MEMBERS, removed_in="2.12", link="https://wg21.link/P0619R4")
