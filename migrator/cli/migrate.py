"""``cuport migrate``: plan, show, write."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from migrator.cli import UsageError


@click.command(
    "migrate",
    epilog="Exit status: 0 done (or nothing to do); 1 with --check: something would change; 2 an error: a path that cannot be read, or a file "
    "that could not be written. Examples: cuport migrate ./csrc --dry-run | cuport migrate . --out ../ported | cuport migrate . --select at-check,thc",
)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option("--dry-run", is_flag=True, help="Show the diff and write nothing.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if anything would change.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write the ported copy of PATH into this folder and leave PATH as it is.")
@click.option("--select", multiple=True, metavar="RULE", help="Only these rewrites (names or groups such as thc; comma-separated or repeated).")
@click.option("--ignore", multiple=True, metavar="RULE", help="Not these rewrites.")
@click.option("--target", metavar="RELEASE", help="The torch release to port to (default: the newest known).")
@click.option("--min-torch", metavar="RELEASE", help="The oldest torch release that the port must compile on (default: the target).")
@click.option("--unsafe-fixes", is_flag=True, help="Also make changes that may alter behaviour; each says why.")
@click.option("--only-broken", is_flag=True, help="Only what does not compile on the target: the smallest diff.")
@click.option("-v", "--verbose", count=True, help="Name every change with its line.")
@click.option("-q", "--quiet", is_flag=True, help="Only errors and what is left to do by hand.")
@click.pass_obj
def command(catalogue, paths, dry_run, check, out, select, ignore, target, min_torch, unsafe_fixes, only_broken, verbose, quiet) -> None:
    """Port the sources under PATH to current PyTorch, in place."""
    from migrator import releases
    from migrator.engine import EngineError, migrate
    from migrator.project import Project
    from migrator.report import diff, text
    from migrator.rewrite import Settings

    known = catalogue()
    chosen, ignored = _names(select, known), _names(ignore, known)
    goal = _release("--target", target or releases.NEWEST)
    floor = _release("--min-torch", min_torch) if min_torch else goal
    if releases.minor(floor) > releases.minor(goal):
        raise UsageError(f"--min-torch {min_torch} is newer than --target {target or releases.NEWEST}; give a release that is not")
    if releases.minor(goal) > releases.parse(releases.NEWEST):
        raise UsageError(f"torch {target} is newer than what this cuport knows ({releases.NEWEST}); upgrade cuport or give an older --target")
    settings = Settings(goal, floor, select=chosen, ignore=ignored, unsafe=unsafe_fixes, only_broken=only_broken)
    if out is not None and len(paths) != 1:
        raise UsageError("--out takes one PATH")

    project = Project.load(list(paths))
    try:
        plan = migrate(project, known, settings)
    except EngineError as error:
        raise UsageError(str(error)) from None

    failed = False
    for problem in plan.problems:
        click.echo(f"cuport: {text.shown(problem.path)}: {problem.message}", err=True)
        failed = failed or problem.is_error
    if not plan.files_read and not failed:
        click.echo("cuport: no sources found; give a folder that holds .cu, .cpp, .h or .py files", err=True)

    if (dry_run or check) and not quiet:
        colour = sys.stdout.isatty() and dry_run
        if dry_run:
            for file in plan.changed:
                for line in diff.unified(file):
                    click.echo(_coloured(line) if colour else line, nl=False)
    elif not (dry_run or check):
        failed = _write(plan, paths, out) or failed

    wrote = not (dry_run or check)
    if not quiet:
        say = lambda line: click.echo(line, err=True)  # noqa: E731  the diff alone goes to stdout
        if verbose:
            for file in plan.changed:
                for applied in file.applied:
                    say(f"{text.shown(file.path)}:{applied.line}: {applied.rule}")
        for line in text.summary(plan, "changed" if wrote else "would change"):
            say(line)
        for line in text.notes(plan):
            say(f"note: {line}")
    hand = text.by_hand(plan, new_lines=wrote)
    if hand:
        click.echo(f"left to do by hand ({len(hand)}):", err=True)
        for line in hand:
            click.echo("  " + line.replace("\n", "\n  "), err=True)
    if failed:
        sys.exit(2)
    if check and plan.changed:
        sys.exit(1)


def _names(values: tuple[str, ...], known) -> frozenset[str]:
    names = frozenset(n.strip() for value in values for n in value.split(",") if n.strip())
    ids = [r.id for r in known.rewrites]
    for name in names:
        if not any(i == name or i.startswith(name + "-") for i in ids):
            import difflib

            near = difflib.get_close_matches(name, ids, 1)
            raise UsageError(f"no rewrite is called {name}" + (f"; did you mean {near[0]}?" if near else "; `cuport rules` lists them"))
    return names


def _release(option: str, text: str):
    from migrator import releases

    try:
        return releases.parse(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from None


def _coloured(line: str) -> str:
    if line.startswith(("+++", "---")):
        return click.style(line, bold=True)
    if line.startswith("+"):
        return click.style(line, fg="green")
    if line.startswith("-"):
        return click.style(line, fg="red")
    if line.startswith("@@"):
        return click.style(line, fg="cyan")
    return line


def _write(plan, paths, out) -> bool:
    """Write the plan in place, or as a copy under ``out``. True if something failed."""
    from migrator.write import apply, copy_tree
    from migrator.report.text import shown

    if out is not None:
        try:
            copy_tree(paths[0], out, plan)
        except OSError as error:
            raise UsageError(f"{shown(Path(error.filename or out))}: {error.strerror or error}; nothing under {shown(paths[0])} was changed") from None
        return False
    _, failed = apply(plan.files)
    for file, reason in failed:
        click.echo(f"cuport: {shown(file.path)}: {reason}", err=True)
    return bool(failed)
