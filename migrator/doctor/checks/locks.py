"""No stale locks in the cache of extensions that torch builds on import."""

import shlex

from ..result import warn

ID = "locks"
TITLE = "no stale locks of torch.utils.cpp_extension.load"
STALE = 600
"""Seconds."""


def check(facts):
    for lock in facts["locks"]:
        if lock["age"] > STALE:
            yield warn(
                f"{lock['path']}, {lock['age'] // 60} minutes old",
                "torch waits for it without a word, for ever if no build runs",
                f"rm -f {shlex.quote(lock['path'])}   (if no build runs)",
            )
