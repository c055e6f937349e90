#!/usr/bin/env python3
"""What `cuport verify` costs beside compiling the same units with plain ninja: same commands, same flags, same -j.

    python benchmarks/verify_overhead.py                       # the whole example against 1.13, 2.4 and 2.15
    python benchmarks/verify_overhead.py --units 3 --torch 2.15 --runs 3
    python benchmarks/verify_overhead.py --downloads           # once more from an empty cache: seconds and MB

The bundled example is migrated first. "cold" has the toolkit and the headers at hand and no result, "warm" is the same
run again. On a busy machine neither wall time nor the compilers' processor time repeats well; "own cpu" is the processor
time of cuport's (or ninja's) own process, without the compilers, and hardly depends on the load.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPO))

from migrator.toolchain.cache import cache_root  # noqa: E402
from migrator.verify.commands import Request, Tools, command_for, find_tools  # noqa: E402
from migrator.verify.matrix import matrix_requests  # noqa: E402
from migrator.verify.releases import headers_of, wanted_releases  # noqa: E402
from migrator.verify.units import find_units  # noqa: E402

GOAL = 0.03
SHARED = ("headers", "cuda-headers", "toolkits", "pybind11")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, metavar="N", help="only the first N units of the example")
    parser.add_argument("--torch", default="1.13,2.4,2.15", help="releases of the matrix (default: %(default)s)")
    parser.add_argument("-j", "--jobs", type=int, default=max(1, (os.cpu_count() or 1) // 2), help="compiles at once")
    parser.add_argument("--runs", type=int, default=3, help="the figures are medians of so many (default: %(default)s)")
    parser.add_argument("--downloads", action="store_true", help="also one run from an empty cache, downloads included")
    parser.add_argument("--results", type=Path, metavar="FILE", help="write the figures to this JSON file")
    args = parser.parse_args()
    ninja = shutil.which("ninja")
    if ninja is None:
        parser.error("ninja is not on PATH: run `pip install ninja`")

    with tempfile.TemporaryDirectory(prefix="cuport-bench-") as name:
        work = Path(name)
        releases = wanted_releases(args.torch)
        tree = ported(work, releases[0])
        count = keep_units(tree, args.units)
        tools = replace(find_tools(), launcher=())
        requests = [r for of_release in requests_for(tree, releases).values() for r in of_release]
        facts = {**machine(tools, ninja), "torch": releases, "units": count, "compiles": len(requests)}
        facts |= {"jobs": args.jobs, "runs": args.runs}
        facts["load_before"] = os.getloadavg()
        measured: dict[str, list[dict]] = {"ninja": [], "cold": [], "warm": []}
        for run in range(args.runs):
            cache = fresh_cache(work / f"cache{run}")
            steps = {
                "ninja": lambda run=run: with_ninja(ninja, requests, tools, work / f"ninja{run}", args.jobs),
                "cold": lambda cache=cache: with_cuport(tree, args, cache),
            }
            for step in sorted(steps, reverse=bool(run % 2)):  # neither always has the warmer page cache
                measured[step].append(steps[step]())
                say(step, measured[step][-1])
            measured["warm"].append(with_cuport(tree, args, cache))
            say("warm", measured["warm"][-1])
            if args.results:  # after every run, so that an interrupted benchmark leaves what it measured
                write(args.results, facts, measured)
        if args.downloads:
            measured["empty cache"] = [with_cuport(tree, args, work / "empty", offline=False)]
            say("empty cache", measured["empty cache"][-1])
        facts["load_after"] = os.getloadavg()

    report(facts, medians(measured))
    if args.results:
        write(args.results, facts, measured)
    return 0


def medians(measured: dict[str, list[dict]]) -> dict:
    figures = {step: {key: median(runs, key) for key in runs[0]} for step, runs in measured.items() if runs}
    figures["overhead"] = {key: round(figures["cold"][key] / figures["ninja"][key] - 1, 4) for key in ("wall_s", "cpu_s")}
    own = figures["cold"]["own_cpu_s"] - figures["ninja"]["own_cpu_s"]
    figures["overhead"]["own_cpu"] = round(own / figures["ninja"]["cpu_s"], 4)
    return figures


def write(path: Path, facts: dict, measured: dict[str, list[dict]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"machine": facts, "medians": medians(measured), "all": measured}, indent=1) + "\n")


def ported(work: Path, oldest: str) -> Path:
    """The example, migrated so that it compiles on every release of the matrix."""
    tree = work / "ported"
    command = [sys.executable, "-m", "rewrites", "migrate", str(REPO / "examples/fcos_ops/legacy"), "--out", str(tree), "--quiet"]
    subprocess.run([*command, "--min-torch", ".".join(oldest.split(".")[:2])], cwd=REPO, check=True)
    return tree


def keep_units(tree: Path, wanted: int | None) -> int:
    """Delete the sources of the units behind the first `wanted`: the build file finds its sources by globbing."""
    units = find_units(tree).units
    for unit in units[wanted:] if wanted else []:
        unit.path.unlink()
    return len(units[:wanted] if wanted else units)


def requests_for(tree: Path, releases: list[str]) -> dict[str, list[Request]]:
    headers = [headers_of(release, download=True) for release in releases]
    return matrix_requests(lambda release: find_units(tree, release), headers, ("sm_80",))


def fresh_cache(folder: Path) -> Path:
    """A cache with today's toolkit and headers and without any result."""
    folder.mkdir()
    for name in SHARED:
        if (cache_root() / name).exists():
            (folder / name).symlink_to(cache_root() / name)
    return folder


def with_ninja(ninja: str, requests: list[Request], tools: Tools, folder: Path, jobs: int) -> dict:
    folder.mkdir()
    lines = ["rule compile", "  command = $command", ""]
    for number, request in enumerate(requests):
        output = str(folder / f"{number}.o")
        command = f"cd {shlex.quote(str(request.unit.root))} && exec {shlex.join(command_for(request, tools, output))}"
        lines += [f"build {number}.o: compile", f"  command = {command.replace('$', '$$')}", ""]
    (folder / "build.ninja").write_text("\n".join(lines))
    figures, code, _ = measure([ninja, "-C", str(folder), "-j", str(jobs)], dict(os.environ))
    if code:
        raise SystemExit(f"ninja ended with {code}: not every unit compiles, so there is nothing to compare")
    shutil.rmtree(folder)
    return figures


def with_cuport(tree: Path, args: argparse.Namespace, cache: Path, offline: bool = True) -> dict:
    command = [sys.executable, "-m", "rewrites", "verify", str(tree), "--torch", args.torch, "-j", str(args.jobs), "--format", "json"]
    environment = {**os.environ, "CUPORT_CACHE": str(cache), "PYTHONPATH": str(REPO)}
    figures, code, output = measure(command + ["--offline"] * offline, environment)
    try:
        data = json.loads(output)
    except ValueError:
        raise SystemExit(f"cuport verify ended with {code}") from None
    # with --units the extension is not whole, so that its link row is red; every unit must be green
    red = [row["name"] for row in data["after"]["rows"] if row["kind"] == "unit" for c in row["releases"].values() if c["status"] != "ok"]
    if red:
        raise SystemExit(f"does not compile, so there is nothing to compare: {', '.join(red)}")
    cost = data["cost"]
    return {**figures, "compiled": cost["compiled"], "reused": cost["reused"], "downloaded_mb": round(cost["downloaded_bytes"] / 1e6, 1)}


def measure(command: list[str], environment: dict[str, str]) -> tuple[dict, int, bytes]:
    """Wall and processor seconds of a command and all that it starts, and the most memory that they held together."""
    started = time.monotonic()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output, env=environment, cwd=REPO)
        peak = {"all": 0, "own": 0, "ticks": 0}
        over = threading.Event()
        watcher = threading.Thread(target=watch, args=(process.pid, peak, over))
        watcher.start()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - started
        over.set()
        watcher.join()
        output.seek(0)
        text = output.read()
    figures = {
        "wall_s": round(wall, 2),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 2),
        "own_cpu_s": round(peak["ticks"] / os.sysconf("SC_CLK_TCK"), 2),
        "peak_mb": round(peak["all"] / 1e6),
        "own_peak_mb": round(peak["own"] / 1e6),
    }
    return figures, process.returncode, text


def watch(root: int, peak: dict[str, int], over: threading.Event) -> None:
    while not over.wait(0.1):
        sizes, parents = {}, {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    fields = (entry / "stat").read_text().rpartition(")")[2].split()
                except OSError:
                    continue
                if int(entry.name) == root:
                    peak["ticks"] = int(fields[11]) + int(fields[12])
                parents[int(entry.name)], sizes[int(entry.name)] = int(fields[1]), int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
        total = sum(size for pid, size in sizes.items() if descends(pid, root, parents))
        peak["all"], peak["own"] = max(peak["all"], total), max(peak["own"], sizes.get(root, 0))


def descends(pid: int, root: int, parents: dict[int, int]) -> bool:
    while pid and pid != root:
        pid = parents.get(pid, 0)
    return pid == root


def machine(tools: Tools, ninja: str) -> dict:
    model = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "?")
    commit = subprocess.run(["git", "-C", str(REPO), "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    return {
        "date": time.strftime("%Y-%m-%d"),
        "cpu": model,
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "python": platform.python_version(),
        "nvcc": ".".join(map(str, tools.toolkit.version)),
        "host_compiler": f"{tools.host.kind} {'.'.join(map(str, tools.host.version))}",
        "ninja": subprocess.run([ninja, "--version"], capture_output=True, text=True).stdout.strip(),
        "cuport": commit,
    }


def median(runs: list[dict], key: str) -> float:
    return round(statistics.median(run[key] for run in runs), 2)


def say(step: str, figures: dict) -> None:
    print(f"  {step}: {figures}", file=sys.stderr, flush=True)


def report(facts: dict, figures: dict) -> None:
    load = " -> ".join(f"{load[0]:.1f}" for load in (facts["load_before"], facts["load_after"]))
    print(f"{facts['cpu']}, {facts['cores']} cores, load {load}; nvcc {facts['nvcc']}, {facts['host_compiler']}, -j {facts['jobs']}")
    print(f"{facts['units']} units x {len(facts['torch'])} releases = {facts['compiles']} compiles, medians of {facts['runs']}\n")
    print(f"{'':<14}{'seconds':>9}{'cpu s':>9}{'own cpu':>9}{'peak MB':>9}{'own MB':>9}{'MB loaded':>11}")
    for step in ("ninja", "cold", "warm", "empty cache"):
        if step in figures:
            row = figures[step]
            loaded = f"{row['downloaded_mb']:.1f}" if "downloaded_mb" in row else "-"
            print(f"{step:<14}{row['wall_s']:>9.2f}{row['cpu_s']:>9.2f}{row['own_cpu_s']:>9.2f}{row['peak_mb']:>9.0f}{row['own_peak_mb']:>9.0f}{loaded:>11}")
    over = figures["overhead"]
    print(f"\noverhead of a cold run: {over['wall_s']:+.1%} wall, {over['cpu_s']:+.1%} processor time (goal: below {GOAL:.0%})")
    print(f"cuport's own processor time is {over['own_cpu']:.1%} of the compilers'")


if __name__ == "__main__":
    sys.exit(main())
