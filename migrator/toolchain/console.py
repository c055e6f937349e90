"""What the subcommands `toolchain` and `headers` share: a progress bar, one-line errors, sizes in words."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from .errors import ToolchainError

if TYPE_CHECKING:
    from .remote import Progress


class Failure(click.ClickException):
    """One line on stderr and exit status 2."""

    exit_code = 2


@contextmanager
def one_line_errors() -> Iterator[None]:
    """What can go wrong while downloading and storing becomes a Failure."""
    try:
        yield
    except ToolchainError as error:
        raise Failure(str(error)) from error
    except OSError as error:
        what = f"{error.strerror or error} ({error.filename or 'cache'})"
        raise Failure(f"{what}; free some space or set CUPORT_CACHE to another folder") from error


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar on stderr, one line for each download; nothing where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        tasks: dict[str, int] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task("-".join(what.split("-")[:2]), total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield show


def megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
