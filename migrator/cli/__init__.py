"""The command line: one module a subcommand, imported when it is asked for."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from errno import EACCES, ELOOP, ENOENT, EPIPE
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from textwrap import wrap

import click

COMMANDS = {
    "migrate": "Port sources to current PyTorch",
    "undo": "Take a migration back",
    "rules": "List the rewrites, or explain one",
    "amp-shim": "Write a module that gives mixed precision on every torch from 1.6 on",
    "api": "Say which torch and CUDA releases have a name",
    "verify": "Prove a port: compile it against torch releases, compare kernels, build and run",
    "fleet": "Survey many repositories: what breaks, what is rewritten, what is left",
    "explain": "Say what made a build or an import fail, from its log",
    "doctor": "Check this machine for what breaks extensions",
    "toolchain": "Install, list or remove a compile-only CUDA toolkit",
    "headers": "Fetch, list or remove headers of torch releases",
}


EXAMPLE_WIDTH, EXAMPLE_COLUMN = 74, 40  # with what click puts in front no line is longer than 78


class UsageError(click.ClickException):
    """One clear line, exit status 2."""

    exit_code = 2


class GivenPath(click.Path):
    """A path that may be read, is no loop of links and not empty (`cuport migrate "$DIR"` with no DIR must not mean the current folder)."""

    def convert(self, value, param, ctx):
        if str(value) == "":
            raise UsageError("a PATH is empty; for the current folder write .")
        try:
            os.stat(value)
        except OSError as error:
            if error.errno == ELOOP:
                raise UsageError(f"{value}: a loop of symbolic links; name a file or a folder") from None
            if error.errno == EACCES or (error.errno == ENOENT and self.exists):
                raise UsageError(f"{value}: {error.strerror}") from None
        except ValueError:
            raise UsageError("a PATH holds a NUL byte") from None
        else:
            if not os.access(value, os.R_OK | (os.X_OK if os.path.isdir(value) else 0)):
                raise UsageError(f"{value}: it may not be read; change its permissions")
        return super().convert(value, param, ctx)


def examples(text: str, closing: str = "") -> str:
    """The end of a --help page: examples, each a command, two blanks or more and what it is for, and a paragraph.

    Nothing is wider than ``EXAMPLE_WIDTH``, since click does not fold what it is told to leave as it is.
    """
    pairs = [[part.strip() for part in line.strip().partition("  ")[::2]] for line in text.strip().splitlines()]
    column = min(max(len(command) for command, _ in pairs), EXAMPLE_COLUMN) + 2
    lines = []
    for command, purpose in pairs:
        fold = wrap(purpose, EXAMPLE_WIDTH - column) or [""]
        head = [f"{command:<{column}}{fold.pop(0)}"] if len(command) < column else [command]
        lines += [line.rstrip() for line in (*head, *(" " * column + rest for rest in fold))]
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines) + f"\n\n{closing}"


def complete_rule(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The names of rewrites that begin as a word of the command line does; of a comma-separated list the last counts."""
    from migrator.library import PlanError, configuration, with_own

    known = ctx.find_root().obj()
    try:
        known = with_own(known, configuration([Path.cwd()]))
    except PlanError:
        pass  # this is no place to speak of a configuration
    before, comma, last = incomplete.rpartition(",")
    return [before + comma + r.id for r in known.rewrites if r.id.startswith(last)]


class Lazy(click.Group):
    """Imports a subcommand's module only when it runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in COMMANDS if find_spec(_module(name)) is not None]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            from difflib import get_close_matches

            if near := get_close_matches(name, COMMANDS, 1):
                raise UsageError(f"no command is called {name}; did you mean {near[0]}?")
            return None
        return import_module(_module(name)).command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name]) for name in self.list_commands(ctx)])


def _module(name: str) -> str:
    return f"migrator.cli.{name.replace('-', '_')}"


def _version(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from migrator import __version__
        from migrator.releases import NEWEST

        click.echo(f"cuport {__version__} (knows torch up to {NEWEST})")
        ctx.exit()


@click.group(
    cls=Lazy,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=examples(
        """
        cuport migrate . --dry-run           read the diff; nothing is written
        cuport migrate .                     write it
        cuport verify . --torch 1.13,2.15    compile the result against those releases
        cuport explain build.log             what made a build fail
        """,
        "`cuport COMMAND --help` says more, with examples.",
    ),
)
@click.option("--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Show the version and exit.")
def main() -> None:
    """Port legacy PyTorch CUDA extensions to current PyTorch, and prove that the port is right."""


class Knowledge:
    """What the command line is handed: a function that makes the catalogue of rewrites, and one that gives their trigger words alone."""

    def __init__(self, catalogue: Callable, trigger_words: Callable) -> None:
        self.catalogue = catalogue
        self.trigger_words = trigger_words

    def __call__(self):
        return self.catalogue()


def run(catalogue: Callable, trigger_words: Callable) -> None:
    """Run the command line with the catalogue of rewrites and their trigger words (functions that make them)."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="surrogateescape" if not sys.stdout.isatty() else "replace")
    gc.set_threshold(50_000, 10, 10)  # syntax trees are many small objects: collecting less often saves a third of the time
    try:
        os.getcwd()
    except OSError as error:
        UsageError(f"the current folder: {error.strerror}; change to one that is there").show()
        sys.exit(UsageError.exit_code)
    try:
        try:
            sys.exit(main(prog_name="cuport", obj=Knowledge(catalogue, trigger_words), standalone_mode=False))
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except OSError as error:  # mostly a full disk that stdout goes to; what is written with care says itself what became of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # else the interpreter tries once more, and complains
        if error.errno == EPIPE:
            sys.exit(1)
        UsageError(f"{error.filename or 'cannot write the output'}: {error.strerror or error}").show()
        sys.exit(UsageError.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("cuport: interrupted; all files are as they were, or all are ported", err=True)
        sys.exit(130)
