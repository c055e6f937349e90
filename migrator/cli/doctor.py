"""``cuport doctor``: what on this machine breaks extensions."""

from __future__ import annotations

import json as json_
import sys
from pathlib import Path

import click

from migrator.cli import UsageError


@click.command("doctor", epilog="Exit status: 0 nothing fails; 1 something does; 2 an error.")
@click.option("--json", "json", is_flag=True, help="Print JSON: the facts that were read, and the results.")
@click.option(
    "--python",
    metavar="PATH",
    help="The interpreter whose torch is looked at (default: the active environment's, else the one that runs cuport).",
)
@click.argument("path", default=".", type=click.Path(path_type=Path))
def command(json: bool, python: str | None, path: Path) -> None:
    """Check this machine, and the project in PATH, for what breaks builds and imports of extensions. Changes nothing."""
    from migrator.doctor.checks import judge
    from migrator.doctor.facts import default_python, read_facts

    if not path.is_dir():
        raise UsageError(f"{path} is not a folder")
    facts = read_facts(path, python or default_python())
    results = list(judge(facts))
    if json:
        click.echo(json_.dumps({"facts": facts, "results": [each.as_dict() for each in results]}, ensure_ascii=False, indent=2))
    else:
        width = max((len(each.check) for each in results), default=0)
        for each in results:
            click.echo(f"{click.style(f'{each.status:<4}', fg=_COLOURS[each.status])}  {each.check:<{width}}  {each.found}")
            for title, text in (("so:", each.consequence), ("fix:", each.fix)):
                if text:
                    click.echo(f"{'':<{width + 8}}{title:<4} {text}")
        count = {status: sum(each.status == status for each in results) for status in _COLOURS}
        click.echo(f"\n{count['fail']} fail, {count['warn']} warn, {count['ok']} ok")
    sys.exit(any(each.status == "fail" for each in results))


_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}
