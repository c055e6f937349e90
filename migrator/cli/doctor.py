"""``cuport doctor``: what on this machine breaks extensions."""

from __future__ import annotations

import json as json_
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migrator.cli import GivenPath, UsageError, examples

if TYPE_CHECKING:
    from migrator.doctor.mend import Step


@click.command(
    "doctor",
    epilog=examples(
        """
        cuport doctor                        this machine, and the project in the current folder
        cuport doctor --python .venv/bin/python
        cuport doctor --fix                  show what can be mended safely, ask, mend it
        """,
        "Exit status: 0 nothing fails; 1 something does; 2 an error.",
    ),
)
@click.option("--json", "json", is_flag=True, help="Print JSON: the facts that were read, and the results.")
@click.option(
    "--python",
    metavar="PATH",
    help="The interpreter whose torch is looked at (default: the active environment's, else the one that runs cuport).",
)
@click.option("--amp", is_flag=True, help="Check mixed precision instead: the interface, the scaler, and a step with it and without.")
@click.option("--list", "list_", is_flag=True, help="List what is checked.")
@click.option("--fix", "fix", is_flag=True, help="Offer what can be mended safely, show it, ask, and write it.")
@click.option("--yes", is_flag=True, help="With --fix: write it without asking.")
@click.argument("path", default=".", type=GivenPath(path_type=Path))
def command(json: bool, python: str | None, amp: bool, list_: bool, fix: bool, yes: bool, path: Path) -> None:
    """Check this machine, and the project in PATH, for what breaks builds and imports of extensions.

    Changes nothing. With --fix: stale locks are removed, and a pair of scripts is written that sets CUDA_HOME and the library path when the
    environment is activated and puts them back afterwards; never torch, drivers or system files.
    """
    from migrator.doctor.checks import checks, judge
    from migrator.doctor.facts import read_facts
    from migrator.doctor.probes.interpreter import default_python

    if list_:
        for module in checks():
            click.echo(f"{module.ID:<15} {module.TITLE}")
        return
    if not path.is_dir():
        raise UsageError(f"{path} is not a folder")
    if json and fix and not yes:
        raise UsageError("--json asks nothing; with --fix, add --yes")
    if yes and not fix:
        raise UsageError("--yes goes with --fix")
    if amp and fix:
        raise UsageError("--amp only looks: leave --fix out")
    if amp:
        from migrator.doctor import amp as mixed

        facts = mixed.read(python or default_python())
        results = list(mixed.judge(facts))
    else:
        facts = read_facts(path, python or default_python())
        results = list(judge(facts))
    if json:
        value = {"facts": facts, "results": [each.as_dict() for each in results]}
        if fix:
            value["fixed"] = _mend(facts, show=False, ask=False)
        click.echo(json_.dumps(value, ensure_ascii=False, indent=2))
    else:
        width = max((len(each.check) for each in results), default=0)
        for each in results:
            click.echo(f"{click.style(f'{each.status:<4}', fg=_COLOURS[each.status])}  {each.check:<{width}}  {each.found}")
            for title, text in (("so:", each.consequence), ("fix:", each.fix)):
                if text:
                    click.echo(f"{'':<{width + 8}}{title:<4} {text}")
        count = {status: sum(each.status == status for each in results) for status in _COLOURS}
        click.echo(f"\n{count['fail']} fail, {count['warn']} warn, {count['ok']} ok")
        if fix:
            _mend(facts, show=True, ask=not yes)
    sys.exit(any(each.status == "fail" for each in results))


def _mend(facts: dict[str, Any], show: bool, ask: bool) -> list[str]:
    """Does what --fix can, after showing it; the files that were written or removed."""
    from migrator.doctor.mend import do, notes, steps

    planned = list(steps(facts))
    if show:
        _show(planned, list(notes(facts)))
    if not planned:
        return []
    if ask:
        if not sys.stdin.isatty():
            click.echo("nothing was written: there is no terminal to ask on; add --yes")
            return []
        if not click.confirm("Do this?"):
            click.echo("nothing was written")
            return []
    done: list[str] = []
    for step in planned:
        try:
            do(step)
        except OSError as error:
            raise UsageError(f"{step.path}: {error.strerror}; done before it: {', '.join(done) or 'nothing'}") from None
        done.append(str(step.path))
    if show:
        click.echo(f"done: {len(done)} files")
    return done


def _show(planned: list[Step], notes: list[str]) -> None:
    click.echo("\n--fix:" if planned else "\n--fix: nothing here that it may mend; use the commands above")
    for step in planned:
        click.echo(f"{'remove' if step.text is None else 'write'} {step.path}   ({step.why})")
        for line in (step.text or "").splitlines():
            click.echo(f"    {line}")
    for note in notes:
        click.echo(note)


_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}
