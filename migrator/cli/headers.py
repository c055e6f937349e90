"""`cuport headers`: the C++ headers of torch releases, to compile against without installing torch."""
from __future__ import annotations

import time

import click


@click.group(help="Fetch, list and remove the headers of torch releases to compile against.")
def command() -> None:
    pass


@command.command()
@click.argument("releases", nargs=-1, required=True, metavar="RELEASE...")
def add(releases: tuple[str, ...]) -> None:
    """Fetch the headers of torch releases: 1.10, 1.10.2, 2.15.0, or `all`.

    Only the headers are taken out of each wheel, 1 to 12 MB a release, from the package index that pip is configured for.
    """
    from ..toolchain.console import megabytes, one_line_errors, progress_bar
    from ..toolchain.headers import header_set, list_header_sets
    from ..toolchain.releases import KNOWN_RELEASES, resolve_release

    with one_line_errors():
        wanted = KNOWN_RELEASES if releases == ("all",) else tuple(dict.fromkeys(map(resolve_release, releases)))
        present = {headers.release for headers in list_header_sets()}
        for release in wanted:
            start = time.monotonic()
            with progress_bar() as progress:
                headers = header_set(release, download=True, progress=progress)
            cost = ("already here" if release in present
                    else f"{megabytes(headers.downloaded)} downloaded in {time.monotonic() - start:.1f} s")
            click.echo(f"torch {release}: {headers.root} ({cost})")


@command.command("list")
@click.option("--check", is_flag=True, help="Read every file and compare it with what was stored.")
@click.pass_context
def list_(context: click.Context, check: bool) -> None:
    """Show the releases whose headers are here. With --check, exit status 1 if a file was changed."""
    from ..toolchain.console import megabytes, one_line_errors
    from ..toolchain.headers import list_header_sets
    from ..toolchain.store import damage

    with one_line_errors():
        found = list_header_sets()
        damages = {headers.release: damage(headers.root) for headers in found} if check else {}
    for headers in found:
        wrong = damages.get(headers.release)
        note = f": {wrong}; run `cuport headers remove {headers.release}` and add it again" if wrong else ""
        click.echo(f"torch {headers.release:7} {megabytes(headers.size):>8}  {headers.root}{note}")
    if not found:
        click.echo("no headers here; run `cuport headers add 1.10.2 2.15.0`")
    if any(damages.values()):
        context.exit(1)


@command.command()
@click.argument("releases", nargs=-1, required=True, metavar="RELEASE...")
def remove(releases: tuple[str, ...]) -> None:
    """Delete the headers of torch releases."""
    from ..toolchain.console import one_line_errors
    from ..toolchain.headers import remove_header_set
    from ..toolchain.releases import resolve_release

    with one_line_errors():
        for release in map(resolve_release, releases):
            remove_header_set(release)
            click.echo(f"torch {release} removed")
