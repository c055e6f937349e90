"""Puts a tree back as it was before a run: after a kill, after an error in the middle of a run, and when a person asks for it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from migrator import journal
from migrator.atomic import discard, flush_folders, stage
from migrator.journal import Entry, JournalError, Record, digest


@dataclass(frozen=True)
class Reverted:
    """What a revert did: the paths (in the tree) put back, and those left alone because they were edited or removed since."""

    put_back: tuple[str, ...]
    edited: tuple[str, ...] = ()


class Edited(Exception):
    """Files were edited or removed since the run; nothing was put back."""

    def __init__(self, paths: tuple[str, ...], others: int):
        super().__init__(", ".join(paths))
        self.paths = paths
        self.others = others  # files that could be put back


def temporary(root: Path, record: Record, entry: Entry) -> Path:
    """Where the new bytes of an entry lie until they are renamed into place: beside it, under a name that only this record uses."""
    return (root / entry.new_path).with_name(f".cuport-{record.name}-{_short(entry.new_path)}")


def state(root: Path, entry: Entry) -> str:
    """"new": as the run left it, or half-way there; "old": as before the run; "edited": neither."""
    new = _hash(root, entry.new_path)
    if entry.old_path == entry.new_path:
        return "new" if new == entry.new_hash else "old" if new == entry.old_hash else "edited"
    old = _hash(root, entry.old_path) if entry.old_path is not None else None
    if new == entry.new_hash:
        return "new" if old in (None, entry.old_hash) else "edited"
    return "old" if new is None and old == entry.old_hash else "edited"


def revert(record: Record, skip_edited: bool = False) -> Reverted:
    """Put back every file of a record; the record goes with the last of them. Whoever is killed in here is finished by the next run.

    A file that somebody edited or removed since is not touched: Edited is raised before anything is done, or, with ``skip_edited``, the
    others are put back and the record is kept for the originals of those. A run that was interrupted before its first file leaves nothing
    to put back, whatever was edited since. Raises OSError and JournalError; the record then stays pending.
    """
    root = record.root
    states = {entry: state(root, entry) for entry in record.entries}
    todo = [entry for entry in record.entries if states[entry] == "new"]
    edited = tuple(e.new_path for e in record.entries if states[e] == "edited") if todo or record.state != "pending" else ()
    if edited and not skip_edited:
        raise Edited(edited, len(todo))
    originals = record.originals(todo)
    if record.state != "pending":
        record = record.into("pending")
    for entry in record.entries:
        discard(temporary(root, record, entry))
        discard(_undoing(root, record, entry))
    for entry in reversed(todo):
        _put_back(root, record, entry, originals.get(entry))
    for folder in reversed(record.folders):
        try:
            (root / folder).rmdir()
        except OSError:
            pass  # something of the person's is in it
    flush_folders((root / path).parent for e in record.entries for path in (e.old_path, e.new_path) if path is not None)
    if edited:
        record.into("parted")
    else:
        record.delete()
    return Reverted(tuple(entry.old_path or entry.new_path for entry in todo), edited)


def _put_back(root: Path, record: Record, entry: Entry, original: bytes | None) -> None:
    new = root / entry.new_path
    if original is None or entry.old_path is None:
        os.unlink(new)
        return
    old = root / entry.old_path
    if old == new or not os.path.lexists(old):
        staged = _undoing(root, record, entry)
        stage(staged, original, new.stat())
        os.replace(staged, old)
    if old != new:
        os.unlink(new)


def _undoing(root: Path, record: Record, entry: Entry) -> Path:
    return (root / (entry.old_path or entry.new_path)).with_name(f".cuport-{record.name}-{_short(entry.new_path)}-undo")


def _short(name: str) -> str:
    return digest(os.fsencode(name))[:16]


def _hash(root: Path, name: str) -> str | None:
    """The hash of a file of the tree; None when it is not there; "" for what is not a plain file of the tree (never equal to any)."""
    path = root / name
    try:
        if not os.path.lexists(path):
            return None
        if path.parent.resolve() != path.parent or path.is_symlink() or not path.is_file():
            return ""
        return digest(path.read_bytes())
    except OSError as error:
        raise JournalError(f"{path}: {error.strerror or error}") from None


def write_originals(record: Record, out: Path) -> int:
    """Write the originals of a record into a folder that does not exist yet, under their paths in the tree. Returns how many there are.

    Raises OSError and JournalError.
    """
    out.mkdir(parents=True)
    originals = record.originals(record.entries)
    for entry, data in originals.items():
        target = out / (entry.old_path or entry.new_path)
        target.parent.mkdir(parents=True, exist_ok=True)
        stage(target, data, mode=entry.mode)
    return len(originals)


def before_all(path: Path) -> dict[Path, bytes | None]:
    """What lay under ``path`` before cuport's runs, where it differs from what lies there now: real path -> bytes, None for no file.

    A run counts for a file only when what it wrote there is what the next run found, so that records from before a `git checkout` or
    another hand's rewrite of the file say nothing. The newest run counts in any case: the file may have been finished by hand. Raises
    JournalError and OSError.
    """
    real = path.resolve()
    now: dict[Path, bytes | None] = {}
    seen: set[Path] = set()
    for record in reversed(journal.around(path)):
        originals = record.originals(record.entries)
        for entry in record.entries:
            new = record.root / entry.new_path
            if new in seen:
                if digest(now[new] or b"") != entry.new_hash:
                    continue
            elif state(record.root, entry) == "old":
                continue
            if entry.old_path is not None:
                now[record.root / entry.old_path] = originals[entry]
                seen.add(record.root / entry.old_path)
            if entry.old_path != entry.new_path:
                now[new] = None
                seen.add(new)
    return {each: data for each, data in now.items() if each.is_relative_to(real)}
