"""Scripts that delete the package of an extension: torch.utils.ffi wrote it anew at each build, and it is a source of the project since."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from migrator.rewrite import Change, Edit, Finding
from rewrites.build._nvcc import commands


def packages(project) -> set[Path]:
    """The folders of the packages that ``ffi-create-extension`` makes sources of the project."""
    return project.__dict__.setdefault("_extension_packages", set())


def deletions(ctx, rule: str) -> Iterator[Change | Finding]:
    """Lines of a shell script that hold nothing but such a deletion go; the others, and make files, are reported."""
    known = packages(ctx.project)
    for command in commands(ctx.path, ctx.file.data) if known else ():
        name, *words = command.words
        flags = "".join(w for w in words if w.startswith("-"))
        if os.path.basename(name.lstrip("@-")) != "rm" or not set(flags) & set("rR"):
            continue
        targets = [Path(os.path.normpath(command.folder / w.removesuffix("/*"))) for w in words if not w.startswith("-")]
        gone = next((t for t in targets if any(t == folder or folder in t.parents for folder in known)), None)
        if gone is None:
            continue
        if len(targets) == 1 and command.alone and ctx.path.suffix in (".sh", ".bash"):
            yield Change(rule, (Edit(command.start, command.end, b""),))
        else:
            shown = os.path.relpath(gone, ctx.path.parent)
            message = f"this deletes {shown}, and its __init__.py is a source of the project now"
            yield Finding(rule, command.start, message, f"rm -f {shown}/*.so")
