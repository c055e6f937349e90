"""What is fuzzed: functions of bytes that raise only where cuport has an error. Both hypothesis and atheris drive them."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

from migrator import journal
from migrator.doctor.explain import lines, scan
from migrator.doctor.explain.report import as_dict, text
from migrator.engine import migrate
from migrator.project import Project
from migrator.rewrite import Edit, Settings
from migrator.source import SourceFile, apply_edits, language_of
from rewrites import catalogue

SOURCES = ("op.cu", "op.cuh", "op.cpp", "op.h", "op.c")
SCRIPTS = ("setup.py", "build.py", "functions/op.py", "CMakeLists.txt", "Makefile", "make.sh", "requirements.txt", "environment.yml")


def project(files: dict[str, bytes]) -> Project:
    """A project that is only in memory."""
    made = Project()
    for name, data in files.items():
        path = Path("/nowhere") / name
        (made.files if language_of(path) == "c++" else made.scripts)[path] = SourceFile(path, data)
    return made


def port(files: dict[str, bytes]) -> dict[str, bytes]:
    """The files after a migration. Its replacements are exact."""
    made = project(files)
    plan = migrate(made, catalogue(), Settings())
    for file in plan.files:
        if not file.created:
            edits = [Edit(r.start, r.end, r.text) for r in file.replacements]
            assert apply_edits(file.before, edits) == file.after, file.path
    after = {name: made.source(Path("/nowhere") / name).data for name in files}
    return after


def settled(files: dict[str, bytes]) -> None:
    """A second migration changes nothing."""
    once = port(files)
    assert port(once) == once


def source(data: bytes) -> None:
    """One C++ or CUDA file; the first byte says which."""
    settled({SOURCES[data[0] % len(SOURCES)] if data else "op.cu": data[1:]})


def script(data: bytes) -> None:
    """One Python or build file; the first byte says which."""
    settled({SCRIPTS[data[0] % len(SCRIPTS)] if data else "setup.py": data[1:]})


def several(data: bytes) -> None:
    """A project: pieces between NUL bytes are a setup.py, a header, and sources that include it."""
    pieces = data.split(b"\0")[:4]
    names = ("setup.py", "common.h", "a.cu", "b.cpp")
    files = dict(zip(names, pieces, strict=False))
    settled({name: (b'#include "common.h"\n' if name in ("a.cu", "b.cpp") else b"") + piece for name, piece in files.items()})


def record(data: bytes) -> None:
    """A file that claims to be an undo record."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, journal.FOLDER, "undo")
        os.makedirs(place)
        path = place / "20260102T030405000006Z.done"
        path.write_bytes(data)
        try:
            found = journal.read(path)
            found.originals(found.entries)
        except journal.JournalError:
            return
        for entry in found.entries:
            for name in (entry.old_path, entry.new_path):
                assert name is None or Path(os.path.normpath(Path(folder, name))).is_relative_to(folder), name


def log(data: bytes) -> None:
    """A build log."""
    report = scan(lines(io.BytesIO(data)))
    known = catalogue()
    text(report, known)
    as_dict(report, known)


TARGETS = {"source": source, "script": script, "several": several, "record": record, "log": log}
