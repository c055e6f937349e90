"""``cuport migrate``: plan, show, write."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from migrator.cli import GivenPath, UsageError, complete_rule, examples
from migrator.report import FORMATS


@click.command(
    "migrate",
    epilog=examples(
        """
        cuport migrate ./csrc --dry-run                    read the diff; nothing is written
        cuport migrate .                                   write it (in git; elsewhere with --allow-no-vcs)
        cuport migrate . --out ../ported                   write a ported copy instead
        cuport migrate . --select at-check,thc             only these rewrites, or groups of them
        cuport migrate . --interactive                     decide change by change
        cuport migrate . --annotate                        and a TODO comment at what is left to do by hand
        cuport migrate . --check --format github           annotate a pull request
        cuport migrate . --dry-run --report report.html    a page to read and to hand on
        """,
        "Exit status: 0 done, or nothing to do; 1 with --check: something would change; 2 an error: a path that cannot be read, or a file "
        "that could not be written.",
    ),
)
@click.argument("paths", nargs=-1, required=True, type=GivenPath(path_type=Path), metavar="PATH...")
@click.option("--dry-run", is_flag=True, help="Show the diff and write nothing.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if anything would change.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write the ported copy of PATH into this folder and leave PATH as it is.")
@click.option(
    "--select",
    multiple=True,
    metavar="RULE",
    shell_complete=complete_rule,
    help="Only these rewrites (names, or groups such as thc; comma-separated or repeated). `default` is all that run by default: "
    "--select default,modernize.",
)
@click.option("--ignore", multiple=True, metavar="RULE", shell_complete=complete_rule, help="Not these rewrites.")
@click.option(
    "--target",
    metavar="RELEASE",
    help="The torch release to port to (default: the newest known; auto: what is installed, or what the project asks for).",
)
@click.option("--min-torch", metavar="RELEASE", help="The oldest torch release that the port must compile on (default: the target).")
@click.option("--unsafe-fixes", is_flag=True, help="Also make changes that may alter behaviour; each says why.")
@click.option("--only-broken", is_flag=True, help="Only what does not compile on the target: the smallest diff.")
@click.option("--write-setup", is_flag=True, help="Also write a setup.py and a pyproject.toml for extensions of PATH that have none.")
@click.option("--amp-compat", is_flag=True, help="Take mixed precision from a module that is written into the project (see amp-shim).")
@click.option(
    "--annotate",
    is_flag=True,
    help="Also write a `TODO(cuport: RULE)` comment above each line that is left to do by hand, and take away those that are done.",
)
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="The form of the report on stdout.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the report (not the text) into a file.")
@click.option("--report", "page", type=click.Path(path_type=Path, dir_okay=False), help="Write one HTML page with every diff and why.")
@click.option(
    "--verified",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Put the result of `cuport verify --format json` into that page.",
)
@click.option("-i", "--interactive", is_flag=True, help="Show each change and ask whether to make it.")
@click.option("--commit-per-rule", is_flag=True, help="Make one git commit for each rule, with the reason for it.")
@click.option("--allow-dirty", is_flag=True, help="Write files with uncommitted changes, and such as git does not track, as well.")
@click.option("--allow-staged", is_flag=True, help="Write files whose changes are all staged as well.")
@click.option("--allow-no-vcs", is_flag=True, help="Write files in no version control as well.")
@click.option("--third-party", is_flag=True, help="Also port submodules and folders named third_party.")
@click.option("-j", "--jobs", type=click.IntRange(1), default=1, show_default=True, help="How many processes plan; the plan is the same.")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="The configuration, if not the nearest one.")
@click.option("--no-config", is_flag=True, help="Read no configuration.")
@click.option("-v", "--verbose", count=True, help="Name every change with its line.")
@click.option("-q", "--quiet", is_flag=True, help="Only errors and what is left to do by hand.")
@click.pass_obj
def command(
    catalogue, paths, dry_run, check, out, select, ignore, target, min_torch, unsafe_fixes, only_broken, write_setup, amp_compat, annotate, form, output,
    page, verified, interactive, commit_per_rule, allow_dirty, allow_staged, allow_no_vcs, third_party, jobs, config, no_config, verbose, quiet,
) -> None:  # fmt: skip
    """Port the sources under PATH to current PyTorch, in place."""
    words = getattr(catalogue, "trigger_words", None)
    plain = words is not None and not sys.stderr.isatty() and (out, target, min_torch, output, page, verified, config) == (None,) * 7 and form == "text"
    if plain and not (select or ignore or write_setup or amp_compat or annotate or interactive or commit_per_rule):
        from migrator.cli.quick import nothing_to_do

        count = nothing_to_do(paths, words(), is_configured=not no_config)
        if count is not None:
            if not quiet:
                changed = "would change" if dry_run or check else "changed"
                click.echo(f"{count} file{'s' if count > 1 else ''} read, 0 {changed}, 0 edits", err=True)
            return
    from migrator.cli import guard, show
    from migrator.config import Config
    from migrator.library import PlanError
    from migrator.library import plan as make_plan
    from migrator.report.paths import shown

    if out is not None and len(paths) != 1:
        raise UsageError("--out takes one PATH")
    if output is not None and form == "text":
        raise UsageError("-o takes the report of --format json, sarif or github; the diff goes into a file by `--dry-run > FILE`")
    if verified is not None and page is None:
        raise UsageError("--verified is shown in the page of --report FILE; give that too")
    if interactive and sys.stdin is None:
        raise UsageError("--interactive asks, and standard input is closed: nobody can answer")
    in_place = not (dry_run or check or out is not None)
    allowed = {"allow_dirty": allow_dirty, "allow_staged": allow_staged, "allow_no_vcs": allow_no_vcs}
    if commit_per_rule and (not in_place or any(allowed.values()) or interactive):
        raise UsageError("--commit-per-rule writes in place, in a git checkout, over files that are committed; give it without such options")
    guard.settle(paths, in_place)
    options = {
        "target": target,
        "min_torch": min_torch,
        "select": select,
        "unsafe_fixes": unsafe_fixes,
        "only_broken": only_broken,
        "write_setup": write_setup,
        "amp_compat": amp_compat,
        "annotate": annotate,
        "config": Config() if no_config else config,
        "catalogue": catalogue(),
        "third_party": third_party,
        "jobs": jobs,
    }
    try:
        with show.progress(quiet) as progress:
            plan = make_plan(paths, ignore=ignore, progress=progress, **options)
        if in_place:
            guard.check(plan, **allowed, commits=commit_per_rule)
        if interactive:
            from migrator.annotate import ID as ANNOTATE
            from migrator.cli.interactive import decide

            def replan(choice):
                refused = {"ignore": (*ignore, *choice.rules - {ANNOTATE}), "skipped": choice.changes}
                return make_plan(paths, **{**options, **refused, "annotate": annotate and ANNOTATE not in choice.rules})

            plan = decide(plan, replan)
            if in_place:
                guard.check(plan, **allowed)  # the answers took their time
    except PlanError as error:
        raise UsageError(str(error)) from None

    if plan.settings.target_from and not quiet:
        click.echo(f"target: torch {'.'.join(map(str, plan.settings.target[:2]))} ({plan.settings.target_from})", err=True)
    failed = False
    for problem in plan.problems:
        click.echo(f"cuport: {shown(problem.path)}: {problem.message}", err=True)
        failed = failed or problem.is_error
    if not plan.files_read and not failed:
        click.echo("cuport: no sources found; give a folder that holds .cu, .cpp, .h or .py files", err=True)

    if write_setup and not any(item.rule.startswith("write-setup") for file in plan.files for item in (*file.applied, *file.left)):
        why = "a setup.py is there already, or nothing that builds an extension was found"
        click.echo(f"cuport: --write-setup: {why}; none was written", err=True)

    wrote = not (dry_run or check)
    if commit_per_rule:
        from migrator.cli.commits import commit_each

        commit_each(plan, lambda **chosen: make_plan(paths, **{**options, "ignore": ignore, **chosen}), _write)
    elif wrote:
        if _write(plan, paths, out):
            failed, wrote = True, False
    if form != "text":
        report = show.rendered(plan, form, wrote)
        if output is not None:
            show.write_report(output, report, wrote)
        else:
            click.echo(report, nl=False)
    if page is not None:
        show.write_report(page, _page(plan, paths, verified, wrote), wrote)
    if dry_run and form == "text" and not quiet:
        show.diff(plan)  # after the files: who reads it through a pager may leave early
    if not quiet:
        for line in guard.aside(plan):
            show.say(line)
    if plan.files_read or not failed:
        show.closing(plan, show.written_to(paths[0], out) if wrote else None, bool(verbose), quiet)
    if in_place and wrote and plan.changed and not (quiet or commit_per_rule):
        show.what_next(paths)
    if failed:
        sys.exit(2)
    if check and plan.changed:
        sys.exit(1)


def _page(plan, paths, verified, wrote: bool) -> str:
    from migrator.report.html import render
    from migrator.report.paths import shown

    names = (Path.cwd().name or "/" if path == Path(".") else shown(path) for path in paths)
    return render(plan, ", ".join(names), wrote, _verification(verified) if verified is not None else None)


def _verification(path: Path):
    """The result of a verify run, read from its JSON."""
    try:
        from migrator.verify.report.load import LoadError, load
    except ImportError as error:
        raise UsageError(f"{error.name or error} is not installed, and --verified needs it: run `pip install 'cuport[verify]'`") from None
    try:
        return load(path)
    except LoadError as error:
        raise UsageError(str(error)) from None


def _write(plan, paths=(), out=None) -> bool:
    """Write the plan in place, or as a copy under ``out``. True if something stood in the way, and so nothing was written."""
    from migrator.library import PlanError, apply
    from migrator.report.paths import shown

    try:
        command = shlex.join(["cuport", *sys.argv[1:]])
        written = apply(plan, command=command) if out is None else apply(plan, out=out, source=paths[0])
    except PlanError as error:
        raise UsageError(str(error)) from None
    by_reason: dict[str, list[str]] = {}
    for file, reason in written.failed:
        by_reason.setdefault(reason, []).append(shown(file.path))
    for reason, names in by_reason.items():
        others = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
        click.echo(f"cuport: {names[0]}{others}: {reason}", err=True)
    return bool(written.failed)
