"""``cuport explain``: what a build or run-time log says, or a command that is run for it."""

from __future__ import annotations

import json as json_
import os
import signal
import subprocess
import sys
import tempfile

import click

from migrator.cli import UsageError


@click.command(
    "explain",
    context_settings={"ignore_unknown_options": False},
    epilog="Exit status: 0 the failure is known, or there is none; 1 it is not known; 2 an error. With a command: the command's own.",
)
@click.option("--json", "json", is_flag=True, help="Print JSON.")
@click.option("--list", "list_", is_flag=True, help="List the failures that are known.")
@click.argument("log", nargs=-1, metavar="[LOG | -] | -- COMMAND...", type=click.UNPROCESSED)
@click.pass_obj
def command(catalogue, json: bool, list_: bool, log: tuple[str, ...]) -> None:
    """Find the first real failure in LOG (- or nothing: standard input) and say its cause and what to do.

    Reads what gcc, nvcc, clang, MSVC, ninja, pip, the loader and PyTorch print, in English or Chinese. After `--`, runs COMMAND instead,
    shows its output, and explains at the end.
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
            status = _run(log, kept)
            kept.seek(0)
            report = scan(lines(kept))
    elif not log or log == ("-",):
        if not log and sys.stdin.isatty():
            raise UsageError("name a log file, or pipe one in; `cuport explain -- COMMAND` runs a build and explains it")
        report = scan(lines(sys.stdin.buffer))
    else:
        try:
            with open(log[0], "rb") as stream:
                report = scan(lines(stream))
        except OSError as error:
            raise UsageError(f"{log[0]}: {error.strerror}") from None
    succeeded = status == 0
    if json:
        click.echo(
            json_.dumps(as_dict(report, known) | ({"exit_status": status} if status is not None else {}), ensure_ascii=False, indent=2)
        )
    elif not succeeded or report.status == "warnings":
        if status is not None:
            click.echo(f"\n--- cuport explain: exit status {status} ---", err=True)
        if report.status == "clean" and status:
            click.echo("the command failed, and nothing in its output looks like an error to cuport", err=True)
        else:
            click.echo(text(report, known), err=status is not None)
    sys.exit(status if status is not None else status_of(report, known) in ("unknown", "follow-on"))


def _is_command(log: tuple[str, ...]) -> bool:
    arguments = sys.argv[1:]
    return bool(log) and ("--" in arguments and arguments[arguments.index("--") + 1 :] == list(log)) or len(log) > 1


def _run(arguments: tuple[str, ...], kept) -> int:
    """Runs it, passes its output through as it comes, keeps a copy; the shell's exit status."""
    try:
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError as error:
        raise UsageError(f"{arguments[0]}: {error.strerror}") from None
    while True:
        try:
            data = os.read(process.stdout.fileno(), 65536)
            if not data:
                break
            kept.write(data)
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)
    code = process.wait()
    return code if code >= 0 else 128 - code
