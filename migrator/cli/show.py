"""How `cuport migrate` shows a plan: on the terminal, and in the formats that programs read."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from migrator.engine import Progress
from migrator.planned import Plan, PlannedFile
from migrator.report import text
from migrator.report.paths import shown as shown_path
from migrator.report.text import Paint

SLOW = 0.5  # seconds after which a run shows how far it is


def colours(stream: TextIO) -> bool:
    """Whether a stream gets colours: a terminal that did not ask for none (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint_for(stream: TextIO) -> Paint:
    if not colours(stream):
        return text.plain
    return lambda words, colour: click.style(words, bold=True) if colour == "bold" else click.style(words, fg=colour)


def say(line: str) -> None:
    """A line on stderr."""
    click.echo(line, err=True, color=colours(sys.stderr))


def diff(plan: Plan) -> None:
    """The diff on stdout: what `git apply` takes; coloured on a terminal."""
    from migrator.report.diff import unified

    coloured = colours(sys.stdout)
    for file in plan.changed:
        for line in unified(file):
            click.echo(painted(line) if coloured else line, nl=False, color=coloured)


def painted(line: str) -> str:
    if line.startswith(("+++", "---")):
        return click.style(line, bold=True)
    if line.startswith("+"):
        return click.style(line, fg="green")
    if line.startswith("-"):
        return click.style(line, fg="red")
    if line.startswith("@@"):
        place, _, rules = line.rstrip("\n").partition(" @@ ")
        return (
            click.style(line, fg="cyan") if not rules else click.style(f"{place} @@ ", fg="cyan") + click.style(f"{rules}\n", fg="magenta")
        )
    return line


def written_to(source: Path, out: Path | None) -> Callable[[PlannedFile], Path]:
    """Where the files of a plan are once it is written: in place, or in the copy ``out`` of ``source``."""
    root = source.resolve() if source.is_dir() else source.resolve().parent

    def place(file: PlannedFile) -> Path:
        if out is None or not file.destination.is_relative_to(root):
            return file.shown_destination
        return out / file.destination.relative_to(root)

    return place


def closing(plan: Plan, written: Callable[[PlannedFile], Path] | None, verbose: bool, quiet: bool) -> None:
    """What stderr says at the end: changes by rewrite, notes, and what is left to do by hand, where it was ``written``."""
    paint = paint_for(sys.stderr)
    width = shutil.get_terminal_size().columns if sys.stderr.isatty() else 0
    if not quiet:
        if verbose:
            for file in plan.changed:
                for applied in file.applied:
                    say(f"{shown_path(file.path)}:{applied.line}: {applied.rule}")
        for line in text.summary(plan, "changed" if written else "would change", paint):
            say(line)
        for line in text.notes(plan, width):
            say(line)
    for line in text.by_hand(plan, written, width, paint):
        say(line)


def what_next(paths: Sequence[Path]) -> None:
    """After a run that wrote ``paths`` in place, for a person at a terminal: how to check it, and how to take it back."""
    if sys.stderr.isatty():
        where = f" {shlex.quote(shown_path(paths[0]))}" if len(paths) == 1 and paths[0].is_dir() and paths[0] != Path(".") else ""
        say(f"next: `cuport verify{where}` compiles the result; `cuport undo{where}` takes this run back")


def rendered(plan: Plan, form: str, wrote: bool) -> str:
    """The plan in a form for programs."""
    if form == "json":
        from migrator.report.json import render as as_json

        return as_json(plan, wrote)
    if form == "sarif":
        from migrator.report.sarif import render as as_sarif

        return as_sarif(plan)
    from migrator.report.github import render as as_github

    return as_github(plan)


def write_report(path: Path, report: str, wrote: bool) -> None:
    """Put a report into a file; UsageError where that fails, which says whether the sources were written (``wrote``)."""
    from migrator.cli import UsageError

    try:
        path.write_text(report, encoding="utf-8")
    except OSError as error:
        sources = "the sources are ported all the same" if wrote else "no source was changed"
        raise UsageError(f"cannot write {shown_path(path)}: {error.strerror or error}; name another file ({sources})") from None


@contextmanager
def progress(quiet: bool) -> Iterator[Progress | None]:
    """A bar on stderr for long work; nothing where stderr is no terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    began = time.monotonic()
    shown = None  # the bar, and the task in it

    def advance(done: int, total: int) -> None:
        nonlocal shown
        if shown is not None:
            bar, task = shown
            bar.update(task, completed=done, total=total)
        elif time.monotonic() - began >= SLOW:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            bar = Progress(*columns, console=Console(stderr=True), transient=True)
            shown = bar, bar.add_task("reading and rewriting", total=total, completed=done)
            bar.start()

    try:
        yield advance
    finally:
        if shown is not None:
            shown[0].stop()
