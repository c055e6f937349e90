"""What stands between a plan and somebody's files: runs that were interrupted, what nobody has committed, other people's folders."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import click

from migrator import journal, undo
from migrator.cli import UsageError
from migrator.planned import Plan
from migrator.report.paths import shown

_NO_VCS = "pass --allow-no-vcs to write it (`cuport undo` takes that back), --out DIR to write a copy, or --dry-run; nothing was written"


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
                    click.echo(f"cuport: `{record.command}` was interrupted: put {_files(count)} back as before it", err=True)
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


def check(plan: Plan, allow_dirty: bool = False, allow_staged: bool = False, allow_no_vcs: bool = False, *, commits: bool = False) -> None:
    """UsageError where a plan must not be written in place, as `cargo fix` has it: over what nobody has committed, or outside of version
    control, unless that is allowed. The undo record is kept in any case.

    ``commits`` is for what is to be committed to git: there all of it has to be git's.
    """
    from migrator import vcs

    names = {file.real: file.path for file in plan.changed if not file.created}
    try:
        uncommitted, outside = vcs.uncommitted(names)
    except vcs.GitError as error:
        if commits:
            raise UsageError(f"{error}; nothing was written") from None
        if allow_no_vcs:
            return
        raise UsageError(f"{error}; {_NO_VCS}") from None
    if not allow_dirty:
        ours = _written_by_cuport(plan) if uncommitted and not commits else set()
        refused = {path: state for path, state in uncommitted.items() if path not in ours}
        if allow_staged:
            refused = {path: state for path, state in refused.items() if state is not vcs.State.STAGED}
        if refused:
            state = next(iter(refused.values()))
            remedy = "--allow-staged" if set(refused.values()) == {vcs.State.STAGED} else "--allow-dirty"
            instead = "commit it first" if commits else f"commit first, or pass {remedy} to write it"
            raise UsageError(f"{_first(names, refused)} {state.value}: {instead}; nothing was written")
    homeless = [path for path in outside if commits or not vcs.elsewhere(path)]
    if homeless and not allow_no_vcs:
        if commits:
            raise UsageError(f"{_first(names, homeless)} is not in git: commit it first; nothing was written")
        raise UsageError(f"{_first(names, homeless)} is in no version control: {_NO_VCS}")


def _first(names: Mapping[Path, Path], paths: Collection[Path]) -> str:
    """The first of some files, and how many more there are."""
    return shown(names[next(iter(paths))]) + (f" (and {len(paths) - 1} more)" if len(paths) > 1 else "")


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
