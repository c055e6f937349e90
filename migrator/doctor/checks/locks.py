"""No stale locks in the cache of extensions that torch builds on import."""

import shlex

from ..result import ok, warn

ID = "locks"
TITLE = "no stale locks of torch.utils.cpp_extension.load"
STALE = 600
"""Seconds without a change in the build folder."""


def stale(lock) -> bool:
    """Nobody here holds it, and nothing was written beside it for a while (a build on another machine may share the folder)."""
    return not lock["held"] and lock["age"] > STALE


def check(facts):
    for lock in facts["locks"]:
        if stale(lock):
            holder = ", held by no process" if lock["held"] == 0 else ""
            yield warn(
                f"{lock['path']}, nothing built there for {lock['age'] // 60} minutes{holder}",
                "torch waits for it without a word, for ever if no build runs",
                f"rm -f {shlex.quote(lock['path'])}   (if no build runs; or cuport doctor --fix)",
            )
        elif lock["held"]:
            yield ok(f"{lock['path']}: process {lock['held']} builds")
