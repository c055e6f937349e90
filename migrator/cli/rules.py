"""``cuport rules``: the rewrites, and what each does."""

from __future__ import annotations

import click

from migrator.cli import UsageError, complete_rule, examples


@click.command(
    "rules", epilog=examples("cuport rules                  all of them\ncuport rules thc-ceil-div     one: before, after and why")
)
@click.argument("rule", required=False, shell_complete=complete_rule)
@click.pass_obj
def command(catalogue, rule: str | None) -> None:
    """List the rewrites, or explain one: why, since when, before and after."""
    known = catalogue()
    if rule is None:
        width = max(len(r.id) for r in known.rewrites)
        for r in known.rewrites:
            click.echo(f"{r.id:<{width}}  {_when(r):<22}  {r.tier:<6}  {r.title}")
        return
    found = known.by_id(rule)
    if found is None:
        import difflib

        near = difflib.get_close_matches(rule, [r.id for r in known.rewrites], 1)
        raise UsageError(f"no rewrite is called {rule}" + (f"; did you mean {near[0]}?" if near else "; `cuport rules` lists them"))
    click.echo(f"{found.id} ({found.tier}, {_when(found)})\n")
    click.echo(found.doc.strip())
    if found.link:
        click.echo(f"\n{found.link}")


def _when(rewrite) -> str:
    parts = []
    if rewrite.removed_in:
        parts.append(f"removed in {rewrite.removed_in}")
    if rewrite.cuda_removed_in:
        parts.append(f"removed in CUDA {rewrite.cuda_removed_in}")
    if not parts and rewrite.deprecated_in:
        parts.append(f"deprecated in {rewrite.deprecated_in}")
    return ", ".join(parts) or "always"
