"""Name a constructor by its class alone: ``A()``, not ``A<T>()``.

C++20, which torch 2.12 and newer compile with, forbids the template arguments in the declaration of a constructor or destructor
(CWG 2237).

Before:
    template <class T> struct A { A<T>() {} ~A<T>() {} };
After:
    template <class T> struct A { A() {} ~A() {} };
"""

import re

from migrator.rewrite import Change, Edit, Rewrite
from migrator.source import last_word

ID = "template-id-constructor"
_CLASS = re.compile(rb"\b(?:class|struct)\s+(\w+)\b")
_ARGUMENTS = re.compile(rb"<[^<>()]*>\s*\(")
_ACCESS = re.compile(rb"\b(?:public|protected|private)\s*:\Z")


def fix(ctx):
    data = ctx.file.data
    called = {last_word(data, m.start()) for m in _ARGUMENTS.finditer(data)}
    candidates = {m.group(1).decode() for m in _CLASS.finditer(data) if m.group(1) in called} if called else set()
    for name in ctx.names(candidates) if candidates else ():
        body = name.enclosing("field_declaration_list")
        owner = body.parent if body is not None else None
        if owner is None or owner.kind not in ("struct_specifier", "class_specifier") or owner.parent is None:
            continue
        own = owner.field_child("name")
        template = owner.enclosing("template_declaration")
        if own is None or own.text != name.text or template is None or name is own:
            continue
        parameters = template.field_child("parameters")
        names = [p.named[-1].text for p in parameters.named if p.named] if parameters is not None else []
        m = re.compile(rb"\s*<([^<>()]*)>(?=\s*\()").match(data, name.end)
        if m is None or [a.strip() for a in m.group(1).decode("latin-1").split(",")] != names:
            continue
        block = name.enclosing("compound_statement")
        if block is not None and block.start > body.start:
            continue  # an object that a method makes
        before = data[body.start : name.start].rstrip()
        if before[-1:] in (b"~", b"{", b"}", b";") or _ACCESS.search(before[-12:]) or before.endswith((b"explicit", b"__device__", b"__host__", b"inline", b"virtual", b"*/")):
            yield Change(ID, (Edit(m.start(), m.end(), b""),))


rewrite = Rewrite(ID, __doc__, fix=fix, triggers=frozenset({"template"}), removed_in="2.12", link="https://cplusplus.github.io/CWG/issues/2237.html")
