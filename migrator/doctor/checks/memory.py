"""Enough memory for as many compilers as run at once."""

from ..result import ok, warn
from . import assign

ID = "memory"
TITLE = "memory for the compilers that run at once"
PER_JOB = 3_000_000_000
"""What nvcc needs for a file that includes torch/extension.h, for two architectures."""


def check(facts):
    jobs_set = facts["environ"].get("MAX_JOBS", "")
    jobs = int(jobs_set) if jobs_set.isdigit() and int(jobs_set) else facts["cpus"] + 2
    most = max(1, facts["memory"] // PER_JOB)
    free = f"{facts['memory'] / 1e9:.0f} GB free"
    if jobs > most and most < facts["cpus"]:
        yield warn(
            f"{free}, up to {jobs} compilers at once",
            "the system kills a compiler: `Killed signal terminated program cc1plus`",
            assign(facts, "MAX_JOBS", str(most)),
        )
    else:
        yield ok(f"{free}, up to {jobs} compilers at once")
