#!/usr/bin/env python3
"""What surveying one repository costs, and by the formula of docs/scale.md what many would: from surveys of `cuport fleet`.

    cuport fleet repos.txt --out planned
    cuport fleet some.txt --out verified --verify              # both with one CUPORT_CACHE that is empty of results:
    cuport fleet some.txt --out proven --verify --prove        # what is verified is kept, and only the proof is done
    python benchmarks/fleet_cost.py planned/survey.json --verified verified/survey.json --proven proven/survey.json

Seconds are of processors, of a repository's process and all that it started; what was compiled through a launcher is not in them.
Units are counted in the folders of the first survey that are on this machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path
from statistics import mean, median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from migrator.verify.units import UnitsError, find_units  # noqa: E402

Record = dict[str, Any]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("planned", type=Path, help="survey.json of repositories that were only planned")
    parser.add_argument("--verified", type=Path, help="survey.json of some of them with --verify")
    parser.add_argument("--proven", type=Path, help="survey.json of the same with --verify --prove, after that")
    parser.add_argument("--without", metavar="PREFIX", default="\n", help="leave out repositories whose name starts with this")
    parser.add_argument("-n", type=int, default=100_000, help="how many repositories to reckon for (default: %(default)s)")
    parser.add_argument("--results", type=Path, metavar="FILE", help="write the figures to this JSON file")
    args = parser.parse_args()
    planned = [each for each in records(args.planned) if not each["name"].startswith(args.without)]
    figures: dict[str, Any] = {"machine": machine(), "repositories": len(planned), "measured": measured(planned)}
    figures["units"] = counted(planned)
    plan = {each["location"]: each["cost"]["cpu_seconds"] for each in planned}
    if args.verified:
        figures["verify"] = compiles(records(args.verified), plan)
    if args.proven:
        figures["prove"] = compiles(records(args.proven), plan)
    figures["sums"] = sums(figures, args.n)
    print(json.dumps(figures, indent=1))
    if args.results:
        args.results.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


def records(path: Path) -> list[Record]:
    return [each for each in json.loads(path.read_bytes())["repositories"] if each["error"] is None]


def machine() -> dict[str, Any]:
    cpu = next((line.partition(":")[2].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    return {"date": time.strftime("%Y-%m-%d"), "cpu": cpu, "cores": os.cpu_count(), "python": platform.python_version()}


def measured(found: list[Record]) -> dict[str, dict[str, float]]:
    """Of one repository that is planned: mean, median, what nine of ten are below, the largest."""
    values = {
        "cpu_seconds": [each["cost"]["cpu_seconds"] for each in found],
        "peak_mb": [each["cost"]["peak_bytes"] / 1e6 for each in found],
        "files_read": [each["files_read"] for each in found],
        "mb": [each["bytes"] / 1e6 for each in found],
        "record_kb": [len(json.dumps(each, indent=1)) / 1e3 for each in found],
    }
    return {name: spread(each) for name, each in values.items()}


def spread(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    parts = (mean(ordered), median(ordered), ordered[int(0.9 * len(ordered))], ordered[-1])
    return dict(zip(("mean", "median", "p90", "largest"), (round(part, 3) for part in parts), strict=True))


def counted(found: list[Record]) -> dict[str, float]:
    """Units of a repository, and those of them that nvcc compiles: means, those without any counted as none."""
    units = cuda = folders = 0
    for each in found:
        if Path(each["location"], ".git").exists():
            folders += 1
            try:
                these = find_units(Path(each["location"])).units
            except UnitsError:
                continue
            units, cuda = units + len(these), cuda + sum(unit.is_cuda for unit in these)
    return {"folders": folders, "units": round(units / max(folders, 1), 2), "cuda_units": round(cuda / max(folders, 1), 2)}


def compiles(found: list[Record], plan: dict[str, float]) -> dict[str, Any]:
    """What one compile costs, with all that goes with it: what a repository took beyond its plan, by the compiles that it made."""
    used = [each for each in found if each["verified"].get("compiles") and each["location"] in plan]
    seconds = sum(each["cost"]["cpu_seconds"] - plan[each["location"]] for each in used)
    number = sum(each["verified"]["compiles"] for each in used)
    cuda = sum(unit.is_cuda for each in used for unit in find_units(Path(each["location"])).units)
    return {
        "repositories": [each["name"] for each in used],
        "units": sum(each["verified"].get("units", 0) for each in used),
        "cuda_units": cuda,
        "compiles": number,
        "cpu_seconds": round(seconds, 1),
        "cpu_seconds_of_a_compile": round(seconds / max(number, 1), 2),
        "compiles_of_a_cuda_unit": round(number / max(cuda, 1), 2),
        "peak_mb": round(max((each["cost"]["peak_bytes"] / 1e6 for each in used), default=0)),
    }


def sums(figures: dict[str, Any], number: int) -> dict[str, float]:
    """The formula of docs/scale.md."""
    units, one = figures["units"], {"repositories": number, "plan_cpu_hours": number * figures["measured"]["cpu_seconds"]["mean"] / 3600}
    if "verify" in figures:
        one["verify_cpu_hours_a_release"] = number * units["units"] * figures["verify"]["cpu_seconds_of_a_compile"] / 3600
    if "prove" in figures:
        proof = figures["prove"]
        each = proof["compiles_of_a_cuda_unit"] * proof["cpu_seconds_of_a_compile"]
        one["prove_cpu_hours_an_architecture"] = number * units["cuda_units"] * each / 3600
    one["records_gb"] = number * figures["measured"]["record_kb"]["mean"] / 1e6
    one["files_gb"] = number * figures["measured"]["mb"]["mean"] / 1e3
    return {name: round(value, 2) for name, value in one.items()}


if __name__ == "__main__":
    raise SystemExit(main())
