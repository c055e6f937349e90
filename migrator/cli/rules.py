"""``cuport rules``: the rewrites, and what each does."""

from __future__ import annotations

import click

from migrator.cli import UsageError, complete_rule, examples


@click.command(
    "rules", epilog=examples("cuport rules                  all of them\ncuport rules modernize        those of a group\ncuport rules thc-ceil-div     one: before, after and why")
)
@click.argument("rule", required=False, metavar="[RULE | GROUP]", shell_complete=complete_rule)
@click.pass_obj
def command(catalogue, rule: str | None) -> None:
    """List the rewrites (or those of a group), or explain one: why, since when, before and after."""
    known = catalogue()
    found = known.by_id(rule) if rule is not None else None
    if found is None:
        listed = [r for r in known.rewrites if rule is None or r.group == rule]
        if not listed:
            raise UsageError(known.unknown(rule))
        width, group, when = (max(map(len, column)) for column in zip(*((r.id, r.group, r.when) for r in listed), strict=True))
        for r in listed:
            click.echo(f"{r.id:<{width}}  {r.group:<{group}}  {r.when:<{when}}  {r.tier:<6}  {r.title}")
        return
    click.echo(f"{found.id} ({found.group}, {found.tier}, {found.when})\n")
    click.echo(found.doc.strip())
    if found.link:
        click.echo(f"\n{found.link}")
