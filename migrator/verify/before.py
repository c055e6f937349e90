"""Where the originals are: a folder, a git revision, or what cuport's undo record kept."""

from __future__ import annotations

import filecmp
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from migrator import vcs
from migrator.journal import JournalError, around
from migrator.project import MAX_BYTES
from migrator.undo import before_all

from .includes import SOURCE_SUFFIXES
from .units import BUILD_SCRIPTS, SKIPPED_FOLDERS


class BeforeError(Exception):
    """The originals cannot be had; the text says how to name them."""


@dataclass(frozen=True)
class Originals:
    """A tree with the originals, what to call it, and whether it differs from the tree at hand at all."""

    path: Path
    description: str
    differs: bool


@contextmanager
def originals(path: Path, named: str) -> Iterator[Originals]:
    """The originals of `path`. `named`: a folder, a git revision, "undo" for cuport's undo record, or "auto": the undo record where it has
    anything of `path`, else git HEAD."""
    path = path.resolve()
    if named != "auto" and Path(named).exists():
        other = Path(named).resolve()
        if path.is_dir() != other.is_dir():
            raise BeforeError(f"--before {named}: give a {'folder' if path.is_dir() else 'file'}, as {path.name} is one")
        yield Originals(other, str(named), not same_sources(other, path))
        return
    revision = "HEAD" if named == "auto" else named
    folder = Path(tempfile.mkdtemp(prefix="cuport-before-")).resolve()
    try:
        if named in ("auto", "undo"):
            target = undone(path, folder / path.name)
            if target is not None:
                yield Originals(target, "the undo record", not same_sources(target, path))
                return
            if named == "undo":
                raise BeforeError(f"no undo record of cuport's has anything of {path}: name the originals with --before DIR")
        top = path if path.is_dir() else _checkout(path)
        export(top, revision, folder)
        target = folder / path.relative_to(top)
        if not target.exists():
            raise BeforeError(f"{path.name} is not in {revision}: name its original with --before FILE")
        yield Originals(target, f"git {revision}", not same_sources(target, path))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def undone(path: Path, into: Path) -> Path | None:
    """A copy of `path` as it was before cuport ported it, at `into`, a file with the tree around it; None where no record has it."""
    try:
        before = before_all(path)
        if not before:
            return None
        if path.is_file():  # it includes what lies beside it, or one up
            if before.get(path) is None:
                return None
            root = min((record.root for record in around(path)), key=lambda each: len(each.parts))
            undone(root, into)
            return into / path.relative_to(root)
        shutil.copytree(path, into, symlinks=True, ignore=_not_needed)
        for changed, data in before.items():
            target = into / changed.relative_to(path)
            target.unlink(missing_ok=True)
            if data is not None:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
        return into
    except JournalError as error:
        raise BeforeError(f"{error}; or name the originals with --before DIR") from None


def _checkout(file: Path) -> Path:
    """The top of the git checkout that a file lies in; its folder where there is none."""
    try:
        return Path(os.fsdecode(vcs.git(file.parent, "rev-parse", "--show-toplevel").rstrip(b"\n"))).resolve()
    except vcs.GitError:
        return file.parent


def _not_needed(folder: str, names: list[str]) -> set[str]:
    """What a compiler never reads: build outputs, hidden folders, big data, what is no file."""
    left = set()
    for name in names:
        path = Path(folder, name)
        if path.is_dir() and not path.is_symlink():
            if name in SKIPPED_FOLDERS or name.startswith("."):
                left.add(name)
        elif not path.is_file() or path.stat().st_size > MAX_BYTES:
            left.add(name)
    return left


def export(folder: Path, revision: str, into: Path) -> None:
    """The files of `folder` as they are in a git revision."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), "archive", "--format=tar", revision],
            capture_output=True,
            stdin=subprocess.DEVNULL,
        )
    except OSError:
        raise BeforeError("git is not installed: name the originals' folder with --before DIR") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        reason = said.splitlines()
        raise BeforeError(
            vcs.distrust(said)
            or f"no originals at {revision!r} ({reason[-1] if reason else 'git archive failed'}): "
            "name their folder with --before DIR, or run where cuport ported it (its undo record), or in the git checkout"
        )
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        if hasattr(tarfile, "data_filter"):
            archive.extractall(into, filter="data")
        else:
            archive.extractall(into)


def same_sources(one: Path, other: Path) -> bool:
    """Whether two trees hold the same sources and build files."""
    if one.is_file():
        return filecmp.cmp(one, other, shallow=False)
    names = _sources(one)
    return names == _sources(other) and all(filecmp.cmp(one / name, other / name, shallow=False) for name in names)


def _sources(root: Path) -> set[str]:
    found: set[str] = set()
    for folder, folders, files in os.walk(root):
        folders[:] = [f for f in folders if f not in SKIPPED_FOLDERS and not f.startswith(".")]
        for name in files:
            path = Path(folder) / name
            if (path.suffix in SOURCE_SUFFIXES or name in BUILD_SCRIPTS) and path.is_file():
                found.add(str(path.relative_to(root)))
    return found
