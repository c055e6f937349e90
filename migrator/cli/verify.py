"""``cuport verify``: does it compile, does it link, are the kernels the same, does it run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from migrator.cli import GivenPath, examples
from migrator.releases import NEWEST

EPILOG = examples(
    """
    cuport verify --torch 1.13,2.4,2.15             compile every source against these releases
    cuport verify csrc --before --torch all         and what git HEAD has, against all of them
    cuport verify --prove --before ../original      compare every kernel with the original's
    cuport verify --run -- pytest tests/ops         build with the installed torch, import, run the tests
    cuport verify --prove --format html -o p.html   the same as a page to hand on
    """,
    "CUPORT_LAUNCHER=sccache compiles through sccache, or whatever program it names. "
    "Exit status: 0 all holds; 1 something that should compile, link, be identical or run does not; 2 an error in what was asked or "
    "what is here.",
)


class _WithCommand(click.Command):
    """Takes what follows `--` as a command of the user's."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            at = args.index("--")
            ctx.meta["cuport.command"] = tuple(args[at + 1 :])
            args = args[:at]
        return super().parse_args(ctx, args)


@click.command("verify", cls=_WithCommand, epilog=EPILOG)
@click.argument("path", default=".", type=GivenPath(path_type=Path))
@click.option("--torch", "releases", metavar="RELEASES", help=f"2.15, or 1.13,2.4,2.15, or all, or installed.  [default: {NEWEST}]")
@click.option("--arch", default="sm_80", show_default=True, metavar="ARCHS", help="Architectures, such as sm_80,sm_90.")
@click.option(
    "-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="Compile N units at once (default: as processors and memory allow)."
)
@click.option(
    "--before",
    is_flag=False,
    flag_value="auto",
    default=None,
    metavar="[DIR|REVISION|undo]",
    help="Verify the originals too: a folder, a git revision, or `undo`, the undo record.  [default: the undo record, else git HEAD]",
)
@click.option("--prove", is_flag=True, help="Compare the PTX of every kernel with the original's.")
@click.option(
    "--run",
    "run_it",
    is_flag=True,
    help="Build with the installed torch, import, and run the command after `--`. This runs the project's code.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "junit", "html"]),
    default="text",
    show_default=True,
    help="The form of the report; html is one page that needs nothing else.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the report to a file instead of stdout.")
@click.option("--cuda", metavar="RELEASE", help="The CUDA toolkit to compile with, such as 13.2.")
@click.option("--offline", is_flag=True, help="Download nothing: use the headers and the toolkit that are here.")
@click.option("--no-cache", is_flag=True, help="Compile everything anew.")
@click.pass_context
def command(ctx: click.Context, path, releases, arch, jobs, before, prove, run_it, form, output, cuda, offline, no_cache) -> None:
    """Compile the extension at PATH against torch releases, and prove that its kernels did not change.

    The build files are read, never run; headers and a compile-only toolkit are downloaded where they are missing.
    """
    from migrator.toolchain import ToolchainError
    from migrator.verify.before import BeforeError
    from migrator.verify.units import UnitsError
    from migrator.verify.verification import Options, default_jobs, verify

    user_command = ctx.meta.get("cuport.command", ())
    if user_command and not run_it:
        raise _Failure("a command after `--` is run by --run: write `cuport verify --run -- COMMAND`")
    options = Options(
        path=path,
        torch=releases or ("installed" if run_it and not prove else NEWEST),
        archs=tuple(a.strip() for a in arch.split(",") if a.strip()),
        jobs=jobs or default_jobs(),
        before=before or "",
        matrix=bool(releases or not (prove or run_it)),
        prove=prove,
        run=run_it,
        command=user_command,
        offline=offline,
        use_cache=not no_cache,
        cuda=cuda,
        catalogue=ctx.obj if callable(ctx.obj) else None,
    )
    if not options.archs:
        raise _Failure(f"--arch {arch!r} names no architecture: write sm_80, or sm_80,sm_90")
    try:
        result = verify(options, _listener())
    except (ToolchainError, UnitsError, BeforeError) as error:
        raise _Failure(str(error)) from None
    except ImportError as error:
        raise _Failure(f"{error.name or error} is not installed, and verify needs it: run `pip install 'cuport[verify]'`") from None
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        raise _Failure(f"{error.strerror or error}{where}; look at the path, its permissions and the free space") from None
    except KeyboardInterrupt:
        click.echo("cuport: stopped; the compilers were ended too, what had finished is kept", err=True)
        ctx.exit(130)
    report = _rendered(result, form, to_terminal=output is None)
    if output is not None:
        try:
            output.write_text(report, encoding="utf-8")
        except OSError as error:
            raise _Failure(f"cannot write {output}: {error.strerror}") from None
    else:
        click.echo(report, nl=False)
    ctx.exit(0 if result.ok else 1)


class _Failure(click.ClickException):
    """One clear line, exit status 2."""

    exit_code = 2


def _rendered(result: Any, form: str, to_terminal: bool) -> str:
    if form == "json":
        from migrator.verify.report.json import render

        return render(result)
    if form == "junit":
        from migrator.verify.report.junit import render

        return render(result)
    if form == "html":
        from migrator.verify.report.html import render

        return render(result)
    from migrator.verify.report import text

    def paint(words: str, colour: str) -> str:
        return click.style(words, bold=True) if colour == "bold" else click.style(words, fg=colour) if colour else words

    return text.render(result, paint if to_terminal else text.plain)  # click.echo drops colours where there is no terminal


def _listener() -> Any:
    from migrator.toolchain.console import progress_bar
    from migrator.verify.verification import Listener

    return Listener(lambda text: click.echo(f"cuport: {text}", err=True), progress_bar, _compile_bar)


@contextmanager
def _compile_bar(title: str) -> Iterator[tuple[Callable[..., None], Callable[..., None]]]:
    """A line on stderr with what is compiling; nothing where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    counts = "{task.completed} done"
    if not title.startswith("kernels"):  # there originals are tried on one old release after the other: what fails is no failure
        counts += ", {task.fields[bad]} failed"
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn(counts),
        TimeElapsedColumn(),
        TextColumn("{task.fields[now]}"),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=None, now="", bad=0)
        active: dict[tuple[str, str], None] = {}
        failed = 0

        def show() -> None:
            bar.update(task, now=", ".join(f"{Path(name).name} ({release})" for release, name in list(active)[:4]), bad=failed)

        def started(request: Any) -> None:
            active[request.release, request.unit.name] = None
            show()

        def done(outcome: Any) -> None:
            nonlocal failed
            active.pop((outcome.request.release, outcome.request.unit.name), None)
            failed += not outcome.ok
            bar.advance(task)
            show()

        yield started, done
