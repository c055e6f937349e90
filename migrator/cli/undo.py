"""``cuport undo``: put the files back as they were before a migration."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from migrator.cli import GivenPath, UsageError, examples


@click.command(
    "undo",
    epilog=examples(
        """
        cuport undo                            take the newest migration of this tree back
        cuport undo --list                     what could be taken back
        cuport undo --skip-edited              all but the files that were edited since
        cuport undo --out ../originals         leave the tree, write the original files elsewhere
        """,
        "Exit status: 0 done; 2 nothing was done, and why.",
    ),
)
@click.argument("path", default=".", type=GivenPath(path_type=Path, exists=True))
@click.option("--list", "list_them", is_flag=True, help="List the migrations under PATH that can be taken back; change nothing.")
@click.option("--skip-edited", is_flag=True, help="Leave files alone that were edited since, and put the others back.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Write the originals of the newest migration into this folder instead."
)
def command(path: Path, list_them: bool, skip_edited: bool, out: Path | None) -> None:
    """Take back the newest migration that wrote under PATH, as a whole: every file gets its old bytes and mode, new files go.

    A file that was edited since is never overwritten. What was put back has a new time stamp, so that a build sees it.
    """
    from migrator import journal, undo
    from migrator.report.paths import shown

    if list_them:
        try:
            lines = [_line(record, shown(record.root)) for record in journal.around(path)]
        except journal.JournalError as error:
            raise UsageError(str(error)) from None
        for line in lines:
            click.echo(line)
        if not lines:
            click.echo(f"nothing to take back under {shown(path)}", err=True)
        return
    try:
        found = journal.around(path)
        left = [record for record in found if record.state != "parted" or out is not None]
        if not left:
            raise UsageError(f"nothing to take back under {shown(path)}: no undo record of cuport's is there (cuport undo --list)")
        record = next((each for each in left if each.state == "pending"), left[-1])
        if out is not None:
            if out.exists():
                raise UsageError(f"{shown(out)}: is there already; give --out a folder that does not exist yet")
            count = undo.write_originals(record, out)
            click.echo(f"wrote {_files(count)} to {shown(out)} as {_they(count)} before {_run(record)}", err=True)
            return
        with journal.locked(record.root):
            done = undo.revert(record, skip_edited)
    except journal.JournalError as error:
        raise UsageError(str(error)) from None
    except undo.Edited as error:
        listed = ", ".join(error.paths[:3]) + (f" and {len(error.paths) - 3} more" if len(error.paths) > 3 else "")
        raise UsageError(
            f"edited or removed since {_run(record)}: {listed}; nothing was put back: pass --skip-edited to put the other "
            f"{_files(error.others)} back, or --out DIR for the originals"
        ) from None
    except OSError as error:
        at = Path(error.filename or path)
        where = shown(at.parent if at.name.startswith(".cuport-") else at)
        raise UsageError(f"{where}: {error.strerror or error}; mend that and run `cuport undo` again") from None
    interrupted = ", which was interrupted" if record.state == "pending" else ""
    if done.put_back:
        count = len(done.put_back)
        click.echo(f"put {_files(count)} back as {_they(count)} before {_run(record)}{interrupted}", err=True)
    else:
        click.echo(f"the files are as they were before {_run(record)}{interrupted}: nothing had to be put back", err=True)
    for name in done.edited:
        click.echo(f"left as it is: {shown(record.root / name)} (edited since; `cuport undo --out DIR` writes its original)", err=True)


def _run(record) -> str:
    return f"`{_plain(record.command)}` of {_when(record.made)}"


def _line(record, root: str) -> str:
    what = {"pending": "interrupted", "done": "", "parted": "undone but for what was edited"}[record.state]
    return f"{_when(record.made)}  {_files(len(record.entries))} under {root}  {_plain(record.command)}" + (f"  ({what})" if what else "")


def _when(made: datetime) -> str:
    return made.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def _they(count: int) -> str:
    return "it was" if count == 1 else "they were"


def _files(count: int) -> str:
    return f"{count} file" if count == 1 else f"{count} files"
