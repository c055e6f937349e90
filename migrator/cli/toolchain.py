"""`cuport toolchain`: the CUDA compilers of this machine, and one of cuport's own."""
from __future__ import annotations

import time

import click


@click.group(help="Find, install and remove CUDA toolkits to compile with.")
def command() -> None:
    pass


@command.command()
@click.option("--cuda", default="13.2", show_default=True, metavar="RELEASE", help="The CUDA release, 13.0 or newer.")
def install(cuda: str) -> None:
    """Put a compile-only CUDA toolkit from PyPI into cuport's cache.

    Nothing else on the machine changes: no driver, no system package, no environment variable.
    """
    from ..toolchain.cache import toolkits_dir
    from ..toolchain.console import megabytes, one_line_errors, progress_bar
    from ..toolchain.install import install_toolkit
    from ..toolchain.store import read_manifest

    with one_line_errors():
        present = read_manifest(toolkits_dir() / cuda) is not None
        start = time.monotonic()
        with progress_bar() as progress:
            toolkit = install_toolkit(cuda, progress)
        manifest = read_manifest(toolkit.root)
    cost = "already here" if present else f"{megabytes(manifest['downloaded'])} downloaded in {time.monotonic() - start:.1f} s"
    click.echo(f"CUDA {cuda}: {toolkit.root} ({cost})")


@command.command("list")
def list_() -> None:
    """Show every CUDA toolkit and host compiler found here, and what is wrong with those that cannot be used."""
    from ..toolchain.console import one_line_errors
    from ..toolchain.find import find_toolkits
    from ..toolchain.host import accepts, host_compilers

    with one_line_errors():
        toolkits = find_toolkits()
        compilers = host_compilers()
    for toolkit in toolkits:
        version = ".".join(map(str, toolkit.version))
        click.echo(f"CUDA {version:5} {toolkit.root} ({toolkit.origin}): {'; '.join(toolkit.problems) or 'usable'}")
        for problem in toolkit.link_problems:
            click.echo(f"           links wrongly: {problem}")
    if not toolkits:
        click.echo("no CUDA toolkit here; run `cuport toolchain install`")
    for compiler in compilers:
        taken_by = [".".join(map(str, toolkit.version)) for toolkit in toolkits if not toolkit.problems and accepts(toolkit, compiler)]
        accepted = f"accepted by nvcc {', '.join(dict.fromkeys(taken_by))}" if taken_by else "accepted by no usable nvcc here"
        click.echo(f"{compiler.kind} {'.'.join(map(str, compiler.version))} {compiler.path}: {accepted}")
    if not compilers:
        click.echo("no C++ compiler here; install g++")


@command.command()
@click.argument("cuda", metavar="RELEASE")
def remove(cuda: str) -> None:
    """Delete a toolkit that cuport has installed."""
    from ..toolchain.console import one_line_errors
    from ..toolchain.install import remove_toolkit

    with one_line_errors():
        remove_toolkit(cuda)
    click.echo(f"CUDA {cuda} removed")
