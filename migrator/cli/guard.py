"""What stands between a plan and somebody's files: runs that were interrupted, changes that git has not got, other people's folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from migrator import journal, undo
from migrator.cli import UsageError
from migrator.planned import Plan
from migrator.report.paths import shown


def settle(paths: Sequence[Path], in_place: bool) -> None:
    """Put back what an interrupted run left half written, and say so; UsageError where nothing may be written, or where that fails."""
    for root in dict.fromkeys(root for path in paths for root in journal.above(path)):
        try:
            if not journal.pending(root):
                continue
            if not in_place:
                name = shown(root)
                raise UsageError(f"an earlier run was interrupted, {name} is half written: `cuport undo {name}` puts its files back")
            with journal.locked(root):
                for record in reversed(journal.pending(root)):
                    count = len(undo.revert(record).put_back)
                    click.echo(f"cuport: `{record.command}` was interrupted: put {_files(count)} back as they were before it", err=True)
        except journal.JournalError as error:
            raise UsageError(str(error)) from None
        except undo.Edited as error:
            raise UsageError(
                f"an earlier run was interrupted, and since then {_some(error.paths)} edited; "
                f"`cuport undo --skip-edited {shown(root)}` puts the other {_files(error.others)} back"
            ) from None
        except OSError as error:
            where = shown(Path(error.filename or root))
            raise UsageError(f"{where}: {error.strerror or error}: an interrupted run could not be taken back") from None


def check(plan: Plan, allow_dirty: bool, allow_no_vcs: bool, only_git: bool = False) -> str:
    """What to say before a plan is written in place: "" or that git could not take it back. UsageError where it must not be written.

    Changes that git has not got would be mixed up with cuport's: that is refused. Files outside git are not: the undo record has them.
    ``only_git`` refuses these as well.
    """
    from migrator import vcs

    names = {file.real: file.path for file in plan.changed if not file.created}
    try:
        dirty, homeless = vcs.uncommitted(names)
    except vcs.GitError as error:
        if only_git:
            raise UsageError(f"{error}; nothing was written") from None
        return "" if allow_no_vcs else f"{error}; `cuport undo` takes this run back"
    if not allow_dirty:
        _refuse_dirty(plan, names, dirty)
    if not homeless:
        return ""
    others = f" (and {len(homeless) - 1} more)" if len(homeless) > 1 else ""
    what = f"{shown(names[homeless[0]])} is not in git{others}"
    if only_git:
        raise UsageError(f"{what}: commit first; nothing was written")
    return "" if allow_no_vcs else f"{what}; `cuport undo` takes this run back"


def _refuse_dirty(plan: Plan, names: Mapping[Path, Path], dirty: Mapping[Path, str]) -> None:
    ours = _written_by_cuport(plan)
    found = [(names[path], why) for path, why in dirty.items() if path not in ours]
    if not found:
        return
    path, why = found[0]
    others = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    raise UsageError(f"{shown(path)} {why}{others}: commit or stash first, or pass --allow-dirty; nothing was written")


def aside(plan: Plan) -> list[str]:
    """What was not read, in a line for each kind."""
    lines = []
    for is_repository, what in ((False, "under"), (True, "in the submodule")):
        members = [each for each in plan.aside if each.is_repository is is_repository]
        if members:
            names = ", ".join(shown(each.path) for each in members[:3]) + (", ..." if len(members) > 3 else "")
            count = sum(each.count for each in members)
            sources = f"{count} C++ and CUDA {'file' if count == 1 else 'files'}"
            lines.append(f"{sources} {what} {names} skipped: pass --third-party, or the folder itself, to port them")
    return lines


def _written_by_cuport(plan: Plan) -> set[Path]:
    """The files that are, byte for byte, as an earlier run left them: its record has what was there before."""
    present = {file.real: journal.digest(file.before) for file in plan.changed if not file.created}
    found: set[Path] = set()
    try:
        for root in dict.fromkeys(root for path in plan.given for root in journal.above(path)):
            for record in journal.records(root):
                if record.state == "done":
                    found |= {root / e.new_path for e in record.entries if present.get(root / e.new_path) == e.new_hash}
    except journal.JournalError:
        pass  # a damaged record vouches for nothing
    return found


def _files(count: int) -> str:
    return f"{count} file" if count == 1 else f"{count} files"


def _some(paths: Sequence[str]) -> str:
    return f"{paths[0]} was" if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more were"
