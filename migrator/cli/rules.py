"""``cuport rules``: the rewrites, and what each does."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from textwrap import TextWrapper

import click

from migrator.cli import UsageError, complete_rule, examples
from migrator.config import Config
from migrator.library import PlanError, configuration, with_own
from migrator.report.plain import plain


@click.command(
    "rules",
    epilog=examples(
        """
        cuport rules                  all of them
        cuport rules modernize        those of a group
        cuport rules project          those of this project's configuration
        cuport rules thc-ceil-div     one: before, after and why
        """
    ),
)
@click.argument("rule", required=False, metavar="[RULE | GROUP]", shell_complete=complete_rule)
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="The configuration, if not that of the current folder.")
@click.option("--no-config", is_flag=True, help="Read no configuration: cuport's own rewrites only.")
@click.pass_obj
def command(catalogue, rule: str | None, config: Path | None, no_config: bool) -> None:
    """List the rewrites (or those of a group), or explain one: why, since when, before and after.

    Those of the project's configuration are among them, as the group `project`.
    """
    try:
        known = with_own(catalogue(), configuration([Path.cwd()], Config() if no_config else config))
    except PlanError as error:
        raise UsageError(f"{error} (--no-config leaves it out)") from None
    found = known.by_id(rule) if rule is not None else None
    if found is None:
        listed = [r for r in known.rewrites if rule is None or r.group == rule]
        if not listed:
            raise UsageError(known.unknown(rule))
        width, group, when = (max(map(len, column)) for column in zip(*((r.id, r.group, r.when) for r in listed), strict=True))
        lines = [f"{r.id:<{width}}  {r.group:<{group}}  {r.when:<{when}}  {r.tier:<6}  {plain(r.title)}{'  ' * bool(r.link)}{r.link}" for r in listed]
        columns = shutil.get_terminal_size().columns
        if sys.stdout.isatty() and max(map(len, lines)) > columns:
            folded = TextWrapper(columns, initial_indent="    ", subsequent_indent="    ")
            lines = [f"{r.id}  ({r.group}, {r.tier}, {r.when})\n{folded.fill(plain(r.title))}{chr(10) + '    ' if r.link else ''}{r.link}" for r in listed]
        click.echo("\n".join(lines))
        return
    click.echo(f"{found.id} ({found.group}, {found.tier}, {found.when})\n")
    click.echo(plain(found.doc.strip()))
    if found.link:
        click.echo(f"\n{found.link}")
