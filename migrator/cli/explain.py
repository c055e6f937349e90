"""``cuport explain``: what a build or run-time log says, or a command that is run for it."""

from __future__ import annotations

import json as json_
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import click

from migrator.cli import UsageError, examples

_HOW = "name a log file, or pipe one in; `cuport explain -- COMMAND` runs a build and explains it"


@click.command(
    "explain",
    context_settings={"ignore_unknown_options": False},
    epilog=examples(
        """
        cuport explain build.log                    what a kept log says
        make 2>&1 | cuport explain                  what a build says, at its end
        cuport explain -- python setup.py build     run it, show its output, explain it
        """,
        "Exit status: 0 the failure is known, or there is none; 1 it is not known; 2 an error. With a command: the command's own.",
    ),
)
@click.option("--json", "json", is_flag=True, help="Print JSON.")
@click.option("--list", "list_", is_flag=True, help="List the failures that are known.")
@click.argument("log", nargs=-1, metavar="[LOG | -] | -- COMMAND...", type=click.UNPROCESSED)
@click.pass_obj
def command(catalogue, json: bool, list_: bool, log: tuple[str, ...]) -> None:
    """Find the first real failure in LOG (- or nothing: standard input) and say its cause and what to do.

    Reads what gcc, nvcc, clang, MSVC, ninja, pip, the loader and PyTorch print, in English or Chinese. After `--`, runs COMMAND instead,
    shows its output (with --json on standard error), and explains at the end.
    """
    from migrator.doctor.explain import lines, scan, signatures
    from migrator.doctor.explain.report import as_dict, text
    from migrator.doctor.explain.report import status as status_of

    if list_:
        width = max(len(each.id) for each in signatures())
        for each in signatures():
            click.echo(
                json_.dumps({"id": each.id, "symptom": each.symptom, "cause": each.cause, "fix": each.fix}, ensure_ascii=False)
                if json
                else f"{each.id:<{width}}  {each.symptom}"
            )
        return
    known = catalogue()
    status = None
    if _is_command(log):
        with tempfile.TemporaryFile() as kept:
            status = _run(log, kept, (sys.stderr if json else sys.stdout).buffer)
            kept.seek(0)
            report = scan(lines(kept))
    elif not log or log == ("-",):
        if sys.stdin is None or (not log and sys.stdin.isatty()):
            raise UsageError(_HOW)
        report = scan(lines(sys.stdin.buffer))
    else:
        try:
            with open(log[0], "rb") as stream:
                report = scan(lines(stream))
        except OSError as error:
            raise UsageError(f"{log[0]}: {error.strerror}; {_HOW}") from None
    if status is None and report.lines == 0:
        raise UsageError(f"the log is empty; {_HOW}")
    succeeded = status == 0
    if json:
        click.echo(
            json_.dumps(as_dict(report, known) | ({"exit_status": status} if status is not None else {}), ensure_ascii=False, indent=2)
        )
    elif not succeeded or report.status == "warnings":
        if status is not None:
            click.echo(f"\n--- cuport explain: {_ended_by(status)} ---", err=True)
        if report.status == "clean" and status:
            click.echo("the command failed, and nothing in its output looks like an error to cuport", err=True)
        else:
            click.echo(text(report, known), err=status is not None)
    sys.exit(status if status is not None else status_of(report, known) in ("unknown", "follow-on"))


def _is_command(log: tuple[str, ...]) -> bool:
    arguments = sys.argv[1:]
    return bool(log) and ("--" in arguments and arguments[arguments.index("--") + 1 :] == list(log)) or len(log) > 1


def _run(arguments: tuple[str, ...], kept: BinaryIO, shown: BinaryIO) -> int:
    """Runs it, passes its output through as it comes, keeps a copy; the shell's exit status. Who reads ``shown`` may go away."""
    try:
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError as error:
        raise UsageError(f"{arguments[0]}: {error.strerror}") from None
    assert process.stdout is not None
    with _signals_go_to(process):
        while data := os.read(process.stdout.fileno(), 65536):
            kept.write(data)
            try:
                shown.write(data)
                shown.flush()
            except BrokenPipeError:
                os.dup2(os.open(os.devnull, os.O_WRONLY), shown.fileno())
        code = process.wait()
    return code if code >= 0 else 128 - code


@contextmanager
def _signals_go_to(process: subprocess.Popen) -> Iterator[None]:
    """Ctrl-C and a request to end are the command's to answer; a terminal sends Ctrl-C to it as well, and it must not come twice."""

    def interrupt(number: int, frame: object) -> None:
        if number != signal.SIGINT or not _in_foreground():
            process.send_signal(number)

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _in_foreground() -> bool:
    if sys.platform == "win32":
        return True
    try:
        with open("/dev/tty") as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False


def _ended_by(status: int) -> str:
    """ "ended by SIGKILL (mostly: memory ran out)", for a shell's exit status above 128."""
    try:
        name = signal.Signals(status - 128).name
    except ValueError:
        return f"exit status {status}"
    return f"ended by {name}" + (" (mostly: memory ran out)" if name == "SIGKILL" else "")
