"""``cuport fleet``: many repositories, one survey."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migrator.cli import UsageError, complete_rule, examples

if TYPE_CHECKING:
    from migrator.fleet.job import Job

EPILOG = examples(
    """
    cuport fleet repos.txt --out survey                    plan every repository of a list
    cuport fleet org.json --out survey -j 4                all of an organisation, as GitHub exports it
    cuport fleet repos.txt --out survey --verify --prove   compile the ports, compare the kernels
    cuport fleet repos.txt --out survey --apply            commit each port to cuport/port in survey/clones
    cuport fleet repos.txt --out survey --scheduler tcp://host:8786
    """,
    "The same command again goes on where it was stopped: what is finished and has not changed is kept. "
    "Exit status: 0 all are surveyed; 1 some could not be, the survey says why; 2 an error in what was asked.",
)


class _Bytes(click.ParamType):
    name = "size"

    def convert(self, value, param, ctx):
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT])i?B?", str(value).strip(), re.IGNORECASE)
        if found is None:
            self.fail(f"{value!r} is no size; write 500MB or 4GB", param, ctx)
        return int(float(found[1]) * 1000 ** ("KMGT".index(found[2].upper()) + 1))


@click.command("fleet", epilog=EPILOG)
@click.argument("listed", metavar="LIST", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="The folder of the survey, its records and its clones."
)
@click.option(
    "-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="Survey N repositories at once.  [default: processors; 1 to verify]"
)
@click.option("--scheduler", metavar="ADDRESS", help="Give the work to a Dask scheduler, tcp://host:port, instead of this machine.")
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="For one repository.  [default: 600; 7200 to verify]",
)
@click.option("--memory-limit", type=_Bytes(), metavar="SIZE", help="For each process of a repository.  [default: 4GB; 16GB to verify]")
@click.option("--target", metavar="RELEASE", help="The torch release to port to (default: the newest known).")
@click.option("--min-torch", metavar="RELEASE", help="The oldest torch release that the ports must compile on (default: the target).")
@click.option("--select", multiple=True, metavar="RULE", shell_complete=complete_rule, help="Only these rewrites, or groups of them.")
@click.option("--ignore", multiple=True, metavar="RULE", shell_complete=complete_rule, help="Not these rewrites.")
@click.option("--only-broken", is_flag=True, help="Only what does not compile on the target.")
@click.option("--third-party", is_flag=True, help="Also plan submodules and folders named third_party.")
@click.option("--verify", is_flag=True, help="Compile every unit of the ports.")
@click.option("--prove", is_flag=True, help="Compare every kernel of the ports with the original's.")
@click.option("--torch", default="2.15", show_default=True, metavar="RELEASES", help="What --verify compiles against, such as 1.13,2.15.")
@click.option("--arch", default="sm_80", show_default=True, metavar="ARCHS", help="What --verify and --prove compile for.")
@click.option("--offline", is_flag=True, help="Let --verify and --prove download nothing.")
@click.option(
    "--apply", "apply_it", is_flag=True, help="Commit each port to the branch cuport/port of a clone under --out; never to a checkout."
)
@click.option("-q", "--quiet", is_flag=True, help="No line for each repository.")
@click.pass_obj
def command(
    catalogue, listed, out, jobs, scheduler, time_limit, memory_limit, target, min_torch, select, ignore, only_broken, third_party, verify,
    prove, torch, arch, offline, apply_it, quiet,
) -> None:  # fmt: skip
    """Survey the repositories of LIST: what breaks, what is rewritten, what is left by hand. None is changed.

    LIST holds a path or a git URL a line, with ` @BRANCH` or ` @COMMIT` behind it if need be, and # comments; or it is the JSON of
    `gh repo list` or of GitHub's API.
    """
    from migrator.fleet import FleetError, listing
    from migrator.fleet.job import Job, Limits, Options
    from migrator.journal import JournalError, locked
    from migrator.library import PlanError, settings_for

    heavy = verify or prove
    side_by_side = jobs or (1 if heavy else _processors())
    compilers = _check_verify(torch, arch) // side_by_side if heavy else 1
    limits = Limits(time_limit or (7200 if heavy else 600), memory_limit or (16 if heavy else 4) * 10**9, max(1, compilers))
    options = Options(target, min_torch, select, ignore, only_broken, third_party, verify, prove, torch, arch, offline, apply_it)
    try:
        if target == "auto":
            raise UsageError("--target auto is for one repository; name the release that all are surveyed for, as in --target 2.15")
        settings = settings_for(catalogue(), target=target, min_torch=min_torch, select=select, ignore=ignore, only_broken=only_broken)
        repositories = listing.read(listed)
        out.mkdir(parents=True, exist_ok=True)
        folder = out.resolve()
        with locked(folder):
            todo = [Job(repository, options, limits, str(folder / "clones")) for repository in repositories]
            records = _survey(todo, folder, scheduler, side_by_side, quiet)
            failed = _write(records, folder, ".".join(map(str, settings.target[:2])), str(listed))
    except (FleetError, PlanError, JournalError) as error:
        raise UsageError(str(error)) from None
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        raise UsageError(f"{error.strerror or error}{where}; what is finished is kept") from None
    except KeyboardInterrupt:
        click.echo("cuport: stopped; what is finished is kept, the same command goes on from there", err=True)
        raise SystemExit(130) from None
    raise SystemExit(1 if failed else 0)


def _survey(jobs: list[Job], folder: Path, scheduler: str | None, side_by_side: int, quiet: bool) -> list[dict[str, Any]]:
    from migrator.fleet import child, cluster
    from migrator.fleet.store import Store

    store = Store(folder)
    done, todo = store.split(jobs)
    if done and not quiet:
        click.echo(f"cuport: {len(done)} of {len(jobs)} are kept from an earlier run", err=True)

    def on_record(job: Job, record: dict[str, Any]) -> None:
        known = store.get(job) if job.known and (record.get("kept") or record["error"] is not None) else None  # git may be out of reach
        if known is None:
            store.put(job, record)
        done[job.key] = known or record
        if not quiet:
            click.echo(f"cuport: [{len(done)}/{len(jobs)}] {_line(done[job.key], known is not None)}", err=True)

    if scheduler is not None:
        cluster.run_jobs(todo, scheduler, on_record)
    else:
        child.run_jobs(todo, side_by_side, on_record)
    return [{**done[job.key], "name": job.repository.name} for job in jobs]  # a name is only what this list calls it


def _line(record: dict[str, Any], kept: bool) -> str:
    """A repository in one line, whatever its name holds."""
    if record["error"] is not None:
        said = record["error"]["message"]
    else:
        said = f"{record['edits']} edits in {record['files_changed']} files, {record['by_hand']} by hand"
        found = record.get("verified") or {}
        said += f", {found['compiled']} of {found['units']} units compile" if "units" in found else ""
        said += f", {found['proven']} of {found['kernels']} kernels proven" if "kernels" in found else ""
        said += f"; {found['error']}" if found.get("error") else ""
    line = f"{record['name']}: {said} ({'kept' if kept else format(record['cost']['seconds'], '.1f') + ' s'})"
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in line)


def _write(records: list[dict[str, Any]], folder: Path, target: str, listed: str) -> int:
    """Write the survey and say what is in it. Returns how many repositories are not surveyed."""
    from migrator.atomic import write_atomically
    from migrator.fleet import html, survey

    made = survey.as_dict(records, target)
    write_atomically(folder / "survey.json", survey.to_json(made))
    write_atomically(folder / "survey.html", html.render(made, listed).encode())
    try:
        write_atomically(folder / "survey.parquet", survey.to_parquet(made))
        names = "survey.html, survey.json, survey.parquet"
    except ImportError:
        names = "survey.html, survey.json (survey.parquet needs pyarrow: `pip install 'cuport[fleet]'`)"
    sums = made["summary"]
    states = ", ".join(f"{count} {state}" for state, count in sums["states"].items() if count)
    count = sums["repositories"]
    click.echo(f"{count} {'repository' if count == 1 else 'repositories'}: {states}")
    click.echo(f"{sums['breaks']} places break on torch {target}; {sums['edits']} edits; {sums['by_hand']} places to do by hand")
    if sums["units"] or sums["kernels"]:
        click.echo(f"{sums['compiled']} of {sums['units']} units compile; {sums['proven']} of {sums['kernels']} kernels proven")
    click.echo(f"{folder}: {names}")
    return sums["states"]["failed"]


def _check_verify(torch: str, arch: str) -> int:
    """How many compilers this machine bears. Raises UsageError before any work where verify lacks something or was asked wrongly."""
    try:
        from migrator.toolchain import ToolchainError
        from migrator.verify.commands import arch_number
        from migrator.verify.launcher import find_launcher
        from migrator.verify.releases import wanted_releases
        from migrator.verify.verification import default_jobs
    except ImportError as error:
        raise UsageError(f"{error.name or error} is not installed, and verify needs it: run `pip install 'cuport[verify]'`") from None
    try:
        wanted_releases(torch)
        for each in arch.split(","):
            arch_number(each)
        find_launcher()
    except ToolchainError as error:
        raise UsageError(str(error)) from None
    return default_jobs()


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
