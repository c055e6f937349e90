"""A tree of many files, its migration as a plan, and what a tree is, byte for byte."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from migrator.planned import Plan, PlannedFile

FILES = 500


def make(root: Path, count: int = FILES) -> None:
    """A tree with ``count`` files to change, two of them to rename, and links, modes and bytes that must survive."""
    for index in range(count):
        folder = root / f"d{index % 10}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"op{index}.{'c' if index < 2 else 'cu'}"
        path.write_bytes(b"old %d\r\n\xff\n" % index + b"THC\n" * (index % 7))
        path.chmod((0o644, 0o755, 0o600)[index % 3])
    (root / "link.cu").symlink_to("d3/op3.cu")
    (root / "folder").symlink_to("d1")
    (root / "notes.txt").write_text("not touched\n")


def plan_of(root: Path) -> Plan:
    """Every source is changed, those of C are renamed too, and two files are created, one in folders that are not there yet."""
    root = root.resolve()
    files = []
    for path in sorted(root.glob("d*/op*")):
        before = path.read_bytes()
        new_path = path.with_suffix(".cpp") if path.suffix == ".c" else None
        files.append(PlannedFile(path, path, before, before.replace(b"old", b"ported"), new_path=new_path))
    for name in ("d0/new.cpp", "made/deep/__init__.py"):
        files.append(PlannedFile(root / name, root / name, b"", b"created\n", created=True))
    return Plan(tuple(files), len(files), given=(root,))


def fingerprint(root: Path, without: tuple[str, ...] = ()) -> str:
    """A hash over every name, kind, mode, link and byte below a folder."""
    total = hashlib.sha256()
    for folder, names, files in os.walk(root):
        names[:] = sorted(n for n in names if n not in without)
        for name in sorted([*names, *files]):
            path = Path(folder, name)
            info = path.lstat()
            what = os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes() if path.is_file() else b"folder"
            total.update(os.fsencode(path.relative_to(root)) + b"\0%o\0" % info.st_mode + hashlib.sha256(what).digest())
    return total.hexdigest()


def new_fingerprint(root: Path) -> str:
    """The same of a migrated tree, without the record that takes it back."""
    return fingerprint(root, without=(".cuport",))
