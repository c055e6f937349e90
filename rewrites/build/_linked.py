"""Which kernels an extension has to be linked with: those that define what its sources call."""

from __future__ import annotations

from pathlib import Path

from migrator.scope import declarator_name


def linked_kernels(project, sources, folder: Path) -> list[Path]:
    """The ``.cu`` files under ``folder`` that define functions which ``sources`` name, or which such a file names in turn.

    Empty where two files define one of these functions: which of them was linked is not known.
    """
    defined: dict[str, list[Path]] = {}
    for path in sorted(project.files):
        if path.suffix == ".cu" and path.is_relative_to(folder) and not project.includers(path) - {path}:
            for name in _definitions(project.tree(path)):
                defined.setdefault(name, []).append(path)
    found: list[Path] = []
    todo = list(sources)
    while todo:
        file = project.files.get(todo.pop())
        for word in sorted(file.words) if file is not None else ():
            places = defined.get(word.decode("utf-8", "replace"), [])
            if len(places) > 1:
                return []
            for path in places:
                if path not in found:
                    found.append(path)
                    todo.append(path)
    return sorted(found)


def _definitions(tree) -> set[str]:
    names = set()
    for node in tree.root.walk():
        if node.kind != "function_definition" or any(c.text in ("static", "__global__") for c in node.children if c.field != "body"):
            continue
        declarator = node.field_child("declarator")
        name = declarator_name(declarator)[0] if declarator is not None else None
        if name is not None and (node.parent is None or node.parent.kind != "template_declaration"):
            names.add(name.text)
    return names
